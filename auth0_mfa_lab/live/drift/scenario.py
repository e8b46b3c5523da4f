"""What a recording tells before it is played: its applications, who logs in with which factors, and the settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from auth0_mfa_lab.live.drift.calls import ASSOCIATE, CHALLENGE, LIST, LOGINS, MANAGEMENT, Call, member
from auth0_mfa_lab.sandbox import FACTORS
from auth0_mfa_lab.wire.exchange import Json
from auth0_mfa_lab.wire.har import Recording

Role = Literal["app", "public", "machine"]
_PREFIXES = {"auth0": "push", "totp": "otp", **{each: each for each in FACTORS}}
"""The factor of an authenticator, by the prefix of its id, or by its channel."""
_OIDC = frozenset({"openid", "profile", "email", "offline_access", "address", "phone"})
_TOKENS = ("mfa_token", "access_token", "refresh_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who logs in: the passwordless connection ("" for a database), and the name."""

    realm: str
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The confirmed factors with which a person begins; number and address, where the lab noted them."""

    factors: tuple[str, ...]
    phone_number: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A recording as a whole.

    `applications` has the role and the right secret of each application that was let in, by its id; `apis` the scopes
    of each API; `settings` are fields of a sandbox's settings.
    """

    domain: str
    begins: float
    calls: tuple[Call, ...]
    applications: Mapping[str, tuple[Role, str | None]] = field(repr=False)
    people: Mapping[Person, Start] = field(repr=False)
    apis: Mapping[str, set[str]]
    settings: Mapping[str, Json]


def scenario_of(recording: Recording) -> Scenario:
    """Read a recording from its beginning to its end."""
    tenant, calls = recording.tenant, tuple(map(Call, recording.exchanges))
    said = [each for each in calls if not each.is_phone and each.response is not None]
    applications: dict[str, tuple[Role, str | None]] = {}
    apis: dict[str, set[str]] = {}
    for each in said:
        if role := _role(each, tenant):
            known = applications.get(each.client_id, (role, None))
            applications[each.client_id] = (known[0], known[1] or each.client_secret)
        audience = member(each.sent, "audience")
        if audience and each.was_right and not audience.endswith((MANAGEMENT, "/mfa/")):
            apis.setdefault(audience, set()).update(set(member(each.sent, "scope").split()) - _OIDC)
    first = calls[0] if calls else None
    return Scenario(
        domain=str(tenant.get("domain") or (first.request.host if first else "tenant.example")),
        begins=float(tenant.get("begins") or (first.at if first else 0.0)),
        calls=calls,
        applications=applications,
        people=_people(recording, said),
        apis=apis,
        settings=_settings(said),
    )


def _role(call: Call, tenant: Mapping[str, Json]) -> Role | None:
    """Return which application of the tenant's has spoken; None where none was let in."""
    if not call.client_id or (call.status == 401 and call.error in ("access_denied", "invalid_client")):
        return None
    is_machine = call.grant == "client_credentials" and call.client_id != tenant.get("client_id")
    if is_machine or call.client_id == tenant.get("mgmt_client_id"):
        return "machine"
    if call.path == ASSOCIATE:
        return None  # it needs no application there, and whatever is named is not looked at
    proves = call.client_secret is not None or "client_assertion" in call.sent
    return "app" if proves and call.client_id != tenant.get("public_client_id") else "public"


# -- who logs in, with which factors


def _people(recording: Recording, said: list[Call]) -> dict[Person, Start]:
    """Return each person who was there before the run, with what they began with."""
    theirs: dict[Person, list[Call]] = {}
    for person, call in _owned(said):
        theirs.setdefault(person, []).append(call)
    added = [each.result for each in recording.operations if each.operation == "add_user" and each.result]
    noted = {member(each, "username"): each for each in added}
    creations = [each for each in said if each.granted and (each.method, each.path) == ("POST", f"{MANAGEMENT}users")]
    made = {member(each.sent, name) for each in creations for name in ("username", "email")}
    return {
        person: _start(calls, noted.get(person.name)) for person, calls in theirs.items() if person.name not in made
    }


def _owned(said: list[Call]) -> Iterator[tuple[Person, Call]]:
    """Yield each exchange with the person whose login it belongs to, as far as its tokens tell."""
    owners: dict[str, Person] = {}
    for each in said:
        brought = (each.bearer, *(member(each.sent, name) for name in _TOKENS))
        person = next((owners[token] for token in brought if token in owners), None)
        if each.grant in LOGINS:
            is_known = each.was_right if each.grant == LOGINS[-1] else each.error != "invalid_grant"
            realm = member(each.sent, "realm") if each.grant == LOGINS[-1] else ""
            person = Person(realm=realm, name=member(each.sent, "username")) if is_known else None
        if person:
            owners |= {token: person for name in _TOKENS if (token := member(each.said, name))}
            yield person, each


def _start(calls: list[Call], noted: Mapping[str, Json] | None) -> Start:
    """Return what a person began with: as the lab noted it, as their first list says it, or as what worked tells."""
    if noted is not None:
        number, email = noted.get("phone_number"), noted.get("email")
        return Start(factors=tuple(noted["factors"]), phone_number=number, email=email)
    lists = [place for place, each in enumerate(calls) if (each.method, each.path) == ("GET", LIST) and each.granted]
    if not lists:
        return Start(factors=tuple(dict.fromkeys(_used(calls))))
    there = Counter(_factor(each) for each in calls[lists[0]].entries if each.get("active"))
    # A push brings codes, a number may be called where SMS is on, and the profile's own address is listed by itself.
    there -= Counter({"otp": there["push"], "voice": there["sms"], "email": 1})
    there -= Counter(filter(None, map(_enrolled, calls[: lists[0]])))  # what this run enrolled before it looked
    return Start(factors=tuple(each for each in FACTORS for _ in range(there[each])))


def _factor(entry: Mapping[str, Json]) -> str:
    prefix, channel = member(entry, "id").partition("|")[0], entry.get("oob_channel") or entry.get("oob_channels")
    return _PREFIXES.get(prefix) or _PREFIXES.get(str(channel)) or member(entry, "authenticator_type")


def _enrolled(call: Call) -> str | None:
    """Return the factor whose enrollment an exchange has begun."""
    if call.path != ASSOCIATE or not call.granted:
        return None
    return "otp" if call.sent.get("authenticator_types") == ["otp"] else _PREFIXES.get("".join(call.channels[:1]))


def _used(calls: list[Call]) -> Iterator[str]:
    """Yield the factors that worked without having been enrolled before, in a run that lists none."""
    enrolled: set[str | None] = set()
    for call in calls:
        enrolled.add(_enrolled(call))
        used = "otp" if call.grant == "mfa-otp" else None
        if call.path == CHALLENGE and call.said.get("challenge_type") != "oob":
            used = "otp"
        elif call.path == CHALLENGE:
            prefix = member(call.sent, "authenticator_id").partition("|")[0]
            guessed = "sms" if "binding_method" in call.said else "auth0"
            used = _PREFIXES.get(prefix) or _PREFIXES.get(member(call.sent, "oob_channel") or guessed)
        # A push brings codes.
        if used and call.granted and used not in enrolled and not (used == "otp" and "push" in enrolled):
            yield used


# -- how the tenant is set


def _settings(said: list[Call]) -> dict[str, Json]:
    """Return the tenant's settings: as they were read before they were changed, or else as what worked tells."""
    read: dict[str, Json] = {}
    worked: set[str] = set()
    for each in said:
        told = each.data if each.method == "GET" and each.granted else None
        read.setdefault(each.path.removeprefix(MANAGEMENT), told)
        if each.granted and each.path in (ASSOCIATE, LIST):
            active = (entry for entry in each.entries if entry.get("active"))
            worked.update(each.channels, (str(one.get("oob_channel") or one.get("oob_channels")) for one in active))
    factors = {"sms", "push-notification", "otp", "recovery-code"} | ({"email"} & worked)
    if isinstance(listed := read.get("guardian/factors"), list) and listed:
        factors = {member(each, "name") for each in listed if each.get("enabled")}
    ticked = (read.get("guardian/factors/phone/message-types") or {}).get("message_types")
    types = ticked if isinstance(ticked, list) else {"sms", *({"voice"} & worked)}
    settings: dict[str, Json] = {
        "factors": frozenset(factors),
        "message_types": tuple(each for each in ("sms", "voice") if each in types),
    }
    provider = member(read.get("guardian/factors/push-notification/selected-provider"), "provider")
    if provider in ("guardian", "sns", "direct"):
        settings["push_provider"] = provider
    policies = read.get("guardian/policies")
    if isinstance(policies, list) and (not policies or policies[0] in ("all-applications", "confidence-score")):
        settings["policy"] = policies[0] if policies else "never"
    return settings
