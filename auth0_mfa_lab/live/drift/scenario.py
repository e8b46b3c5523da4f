"""What a recording tells of its tenant: its calls, its applications, who logs in with which factors, its settings."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qsl, unquote, urlsplit

from auth0_mfa_lab.sandbox import FACTORS, REALM
from auth0_mfa_lab.sandbox.app import ENDPOINTS, endpoints_of
from auth0_mfa_lab.sandbox.management import MANAGEMENT_SCOPES
from auth0_mfa_lab.sandbox.operations import GRANTS
from auth0_mfa_lab.sandbox.records import Client
from auth0_mfa_lab.secrets.claims import from_base64
from auth0_mfa_lab.wire.exchange import Json, Recorded, plain_data
from auth0_mfa_lab.wire.har import Recording

MANAGEMENT, LIST, ASSOCIATE, CHALLENGE = "/api/v2/", "/mfa/authenticators", "/mfa/associate", "/mfa/challenge"
PASSWORDS, PASSWORDLESS = ("password", "password-realm"), "passwordless/otp"
"""The grants of a first factor, without their prefix."""
_GRANT = "http://auth0.com/oauth/grant-type/"


def member(data: Json, name: str) -> str:
    """Return a member of an object that is a text or a number; "" for any other."""
    value = data.get(name) if isinstance(data, dict) else None
    return str(value) if isinstance(value, str | int) else ""


def _factor(name: str) -> str:
    """Return the factor of an authenticator's id, or of a channel."""
    name = name.partition("|")[0]
    return {"auth0": "push", "totp": "otp"}.get(name, name)


class Call:
    """One exchange: `sent` and `said` are its two bodies as objects ({} for any other), `data` is the whole answer."""

    def __init__(self, recorded: Recorded) -> None:
        """Take an exchange apart."""
        self.number, self.at, self.is_phone = recorded.number, recorded.at, recorded.speaker == "phone"
        self.request, self.response, self.failure = recorded.request, recorded.response, recorded.failure
        url, sent = urlsplit(str(self.request.url)), plain_data(self.request)
        self.method, self.path, self.query = self.request.method, url.path, parse_qsl(url.query, keep_blank_values=True)
        self.data: Json = plain_data(self.response) if self.response else None
        self.sent: dict[str, Json] = sent if isinstance(sent, dict) else {}
        self.said: dict[str, Json] = self.data if isinstance(self.data, dict) else {}
        self.status = self.response.status if self.response else 0
        self.error, self.grant = member(self.said, "error"), member(self.sent, "grant_type").removeprefix(_GRANT)
        self.granted = "error" not in self.said and (0 < self.status < 300 or "access_token" in self.said)
        self.was_right = self.granted or self.error == "mfa_required"  # its password, or its code
        scheme, _, rest = str(self.request.header("authorization") or "").partition(" ")
        self.bearer = rest.strip() if scheme.lower() == "bearer" else ""
        self.client_id, self.client_secret = member(self.sent, "client_id"), member(self.sent, "client_secret")
        if scheme.lower() == "basic":
            with suppress(ValueError):
                pair = from_base64(rest).decode().partition(":")
                self.client_id, self.client_secret = unquote(pair[0]), unquote(pair[2])

    @property
    def listed(self) -> list[str]:
        """The factors of the confirmed authenticators that an answer lists."""
        entries = self.data if self.path == LIST and isinstance(self.data, list) else []
        return [_factor(member(each, "id")) for each in entries if member(each, "active") == "True"]

    @property
    def factor(self) -> str:
        """The factor that an association begins to enroll, or that a code or a challenge is of; "" for another call."""
        if self.path == ASSOCIATE:
            channels = self.sent.get("oob_channels") or self.sent.get("authenticator_types")
            return _factor(str(channels[0] if isinstance(channels, list) and channels else channels))
        if self.grant == "mfa-otp" or (self.path == CHALLENGE and self.said.get("challenge_type") != "oob"):
            return "otp"
        guessed = "sms" if "binding_method" in self.said else "push"
        asked = member(self.sent, "authenticator_id") or member(self.sent, "oob_channel") or guessed
        return _factor(asked) if self.path == CHALLENGE else ""

    @cached_property
    def endpoint(self) -> str | None:
        """The sandbox's endpoint of this call, such as `DELETE /mfa/authenticators/{id}`, or None."""
        called = f"{self.method} {unquote(self.path)}"
        # An id has a `|`, and may have a slash: each part of the path is looked at alone.
        _, shaped = endpoints_of(f"{self.method} {self.path}")
        return next((each for each in ENDPOINTS if each == called or (each in shaped and "{" in each)), None)

    @property
    def name(self) -> str:
        """The name in a report: the endpoint, with the grant where that is one of several; no id is in it."""
        if self.endpoint is None:
            return f"{self.method} {re.sub(r'/(?!v[0-9]/)[^/]*(?:[0-9]|%|[|]|@)[^/]*', '/{id}', self.path)}"
        if self.path != "/oauth/token" or not self.grant:
            return self.endpoint
        return f"{self.endpoint} ({self.grant if re.fullmatch('[a-z/_-]{1,40}', self.grant) else 'another grant'})"

    @property
    def why_not_comparable(self) -> str:
        """Why the answer is not the tenant's own word on the call, or ""."""
        if self.response is None:
            return f"there was no answer ({self.failure.kind if self.failure else 'none recorded'})"
        if self.status >= 500:
            return f"a gateway failed ({self.status})"
        is_limited = self.status == 429 and "too_many_requests" in (self.error, self.said.get("errorCode"))
        return "the tenant's own rate limit answered (429 too_many_requests)" if is_limited else ""


# -- who logs in, with which factors


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who was there before the run: the confirmed factors then; number and address, where the lab noted them."""

    factors: tuple[str, ...]
    password: str = field(repr=False)
    phone_number: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)


def people_of(recording: Recording, calls: Sequence[Call]) -> dict[tuple[str, str], Person]:
    """Return each person who logs in and was there before the run, by their connection and their name."""
    theirs: defaultdict[tuple[str, str], list[Call]] = defaultdict(list)
    made: set[str] = set()
    person = None
    for call in calls:
        name = member(call.sent, "username")
        if call.granted and (call.method, call.path) == ("POST", f"{MANAGEMENT}users"):
            made |= {name, member(call.sent, "email")}
        if call.grant in PASSWORDS:
            person = (REALM, name) if call.error != "invalid_grant" else None
        elif call.grant == PASSWORDLESS:
            person = (member(call.sent, "realm"), name) if call.was_right else None
        if person and person[1] not in made:  # what follows a login is of who logged in
            theirs[person].append(call)
    people = {}
    added = [each.result for each in recording.operations if each.operation == "add_user" and each.result]
    noted = {each["username"]: each for each in added}
    for person, own in theirs.items():
        known = noted.get(person[1], {})
        people[person] = Person(
            factors=tuple(known["factors"]) if known else factors_at_first(own),
            password=member(own[0].sent, "password"),
            phone_number=known.get("phone_number"),
            email=known.get("email"),
        )
    return people


def factors_at_first(calls: Sequence[Call]) -> tuple[str, ...]:
    """Return the factors that a person had before the run, as their first list says, or else as what worked tells."""
    enrolled: Counter[str] = Counter()
    used: dict[str, None] = {}
    for call in (each for each in calls if each.granted):
        if (call.method, call.path) == ("GET", LIST):
            there = Counter(call.listed)
            # A push brings codes, a number may be called where SMS is on, and the profile's own address lists itself.
            there -= Counter({"otp": there["push"], "voice": there["sms"], "email": 1})
            there -= enrolled
            return tuple(each for each in FACTORS for _ in range(there[each]))
        if call.path == ASSOCIATE:
            enrolled[call.factor] += 1
        elif call.factor and not (enrolled[call.factor] or (call.factor == "otp" and enrolled["push"])):
            used[call.factor] = None
    return tuple(used)


# -- how the tenant is set


def clients_of(calls: Sequence[Call], proof: str) -> dict[str, Client]:
    """Return the applications that were let in; one that signed an assertion has `proof` as its secret."""
    secrets: dict[str, str] = {}
    apis: defaultdict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for call in calls:
        is_shut_out = call.status == 401 and call.error in ("access_denied", "invalid_client")
        # An association needs no application: what it names is not looked at.
        if call.client_id and call.path != ASSOCIATE and not is_shut_out:
            shown = proof if "client_assertion" in call.sent else call.client_secret
            secrets[call.client_id] = secrets.get(call.client_id) or shown
        if call.grant == "client_credentials" and call.granted:
            scopes = member(call.said, "scope").split() or MANAGEMENT_SCOPES
            apis[call.client_id][member(call.sent, "audience")] = tuple(scopes)
    return {
        each: Client(
            client_id=each, client_secret=secret or None, name="Application", grants=frozenset(GRANTS), apis=apis[each]
        )
        for each, secret in secrets.items()
    }


def settings_of(calls: Sequence[Call]) -> dict[str, Json]:
    """Return a sandbox's settings: as they were read before they were changed, or else as what worked tells."""
    first: dict[str, Json] = {}
    worked: set[str] = set()
    for call in calls:
        name = call.path.removeprefix(f"{MANAGEMENT}guardian/")
        first.setdefault(name, call.data if call.method == "GET" and call.granted else None)
        worked.update(call.listed, [call.factor] if call.granted else ())
    factors = {"sms", "push-notification", "otp", "recovery-code", *worked.intersection({"email"})}
    if isinstance(listed := first.get("factors"), list):
        factors = {member(each, "name") for each in listed if member(each, "enabled") == "True"}
    read = first.get("factors/phone/message-types")
    types = read.get("message_types") if isinstance(read, dict) else None
    if not isinstance(types, list):
        types = ["sms", *worked.intersection({"voice"})]
    settings: dict[str, Json] = {"factors": frozenset(factors)}
    settings["message_types"] = tuple(each for each in ("sms", "voice") if each in types)
    if isinstance(policies := first.get("policies"), list):
        settings["policy"] = policies[0] if policies else "never"
    return settings
