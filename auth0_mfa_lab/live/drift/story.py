"""What a recording tells before it is played again: its applications, its people, and how the tenant was set."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from auth0_mfa_lab.live.drift.calls import (
    DATABASE,
    MANAGEMENT,
    PASSWORDLESS,
    bearer_of,
    fields_of,
    is_granted,
    is_refused_application,
    is_wrong_password,
    path_of,
    text_field,
    was_right,
)
from auth0_mfa_lab.live.drift.start import Start, start_of
from auth0_mfa_lab.wire.exchange import Json, Recorded, Request, plain_data
from auth0_mfa_lab.wire.har import Recording
from auth0_mfa_lab.wire.replay import secrets_by_kind

Person = tuple[str, str]
"""Who logs in: the passwordless connection ("" for a database), and the name."""
_OIDC = frozenset({"openid", "profile", "email", "offline_access", "address", "phone"})
_TOKENS = ("mfa_token", "access_token", "refresh_token")


@dataclass(slots=True)
class Story:
    """What is known of a recording as a whole."""

    recording: Recording
    domain: str
    begins: float
    roles: dict[str, str] = field(default_factory=dict, repr=False)
    """Of each application's id that was accepted, which one it is: `app`, `public` or `machine`."""
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    starts: dict[Person, Start] = field(default_factory=dict, repr=False)
    apis: dict[str, set[str]] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)
    _kinds: dict[int, dict[str, str]] = field(default_factory=dict, repr=False)

    def kinds_of(self, each: Recorded) -> dict[str, str]:
        """Return what is somebody's or secret in an exchange's answer, with its kind; looked for once."""
        if each.number not in self._kinds and each.response is not None:
            self._kinds[each.number] = secrets_by_kind(each.response, people=True)
        return self._kinds.get(each.number, {})


def story_of(recording: Recording) -> Story:
    """Read a recording from its beginning to its end, once."""
    first = recording.exchanges[0] if recording.exchanges else None
    tenant = recording.tenant
    domain = str(tenant.get("domain") or (first.request.host if first else "tenant.example"))
    story = Story(recording, domain, float(tenant.get("begins") or (first.at if first else 0.0)))
    said = [each for each in recording.exchanges if each.speaker == "app" and each.response is not None]
    for each in said:
        _note_application(story, each)
        _note_login(story, each)
    owned = list(_owned(said))
    made = {name for each in said for name in _names_made(each)}
    for person in dict.fromkeys(person for person, _ in owned if person):
        if person[1] not in made:
            known = _happening(recording, person[1])
            story.starts[person] = start_of([each for owner, each in owned if owner == person], known)
    story.settings = dict(_settings(said))
    return story


def credentials_of(request: Request) -> tuple[str, str | None]:
    """Return the id and the secret with which an application spoke, in the body or by Basic; "" for none."""
    fields = fields_of(request)
    scheme, _, rest = str(request.header("authorization") or "").partition(" ")
    if scheme.lower() == "basic":
        try:
            one, _, other = base64.b64decode(rest + "=" * (-len(rest) % 4)).decode().partition(":")
        except (ValueError, binascii.Error):
            return "", None
        return unquote(one), unquote(other)
    return text_field(fields, "client_id"), text_field(fields, "client_secret") or None


def _note_application(story: Story, each: Recorded) -> None:
    client_id, secret = credentials_of(each.request)
    if not client_id or is_refused_application(each.response):
        return
    tenant, fields = story.recording.tenant, fields_of(each.request)
    is_machine = fields.get("grant_type") == "client_credentials" and client_id != tenant.get("client_id")
    proves = secret is not None or "client_assertion" in fields
    is_public = client_id == tenant.get("public_client_id") or not proves
    if client_id == tenant.get("mgmt_client_id") or is_machine:
        role = "machine"
    elif path_of(each.request) == "/mfa/associate":
        return  # it needs no application there, and whatever is named is not looked at
    else:
        role = "public" if is_public else "app"
    story.roles.setdefault(client_id, role)
    if secret is not None:
        story.secrets.setdefault(client_id, secret)


def _note_login(story: Story, each: Recorded) -> None:
    fields = fields_of(each.request)
    grant, audience = text_field(fields, "grant_type"), text_field(fields, "audience")
    if grant in DATABASE and not is_wrong_password(each.response):
        story.passwords.setdefault(text_field(fields, "username"), text_field(fields, "password"))
    if audience and was_right(each.response) and not audience.endswith((MANAGEMENT, "/mfa/")):
        scopes = set(text_field(fields, "scope").split()) - _OIDC
        story.apis.setdefault(audience, set()).update(scopes)


def _owned(said: list[Recorded]) -> Iterator[tuple[Person | None, Recorded]]:
    """Yield each exchange with the person whose login it belongs to, as far as its tokens tell."""
    owners: dict[str, Person] = {}
    for each in said:
        fields = fields_of(each.request)
        grant, name = text_field(fields, "grant_type"), text_field(fields, "username")
        person: Person | None = None
        if grant in DATABASE and not is_wrong_password(each.response):
            person = ("", name)
        elif grant == PASSWORDLESS and was_right(each.response):
            person = (text_field(fields, "realm"), name)
        else:
            brought = (bearer_of(each.request), *(text_field(fields, token) for token in _TOKENS))
            person = next((owners[token] for token in brought if token in owners), None)
        if person is not None:
            answer = fields_of(each.response)
            owners |= {value: person for token in _TOKENS if (value := text_field(answer, token))}
        yield person, each


def _names_made(each: Recorded) -> Iterator[str]:
    """Yield the names of a user whom the recorded run itself has made."""
    if each.request.method == "POST" and path_of(each.request) == f"{MANAGEMENT}users" and is_granted(each.response):
        fields = fields_of(each.request)
        yield from (text_field(fields, name) for name in ("username", "email") if name in fields)


def _happening(recording: Recording, name: str) -> Mapping[str, Json] | None:
    """Return what the lab noted of a user, where it has one."""
    made = (each.result for each in recording.operations if each.operation == "add_user")
    return next((data for data in made if data.get("username") == name), None)


def _settings(said: list[Recorded]) -> Iterator[tuple[str, object]]:
    """Yield what the recording shows of the tenant's settings: what was read before it was changed, and what worked."""
    factors, types = {"sms", "push-notification", "otp", "recovery-code"}, {"sms"}
    read: dict[str, Json] = {}
    for each in said:
        path = path_of(each.request)
        if path.startswith(f"{MANAGEMENT}guardian/") or path == f"{MANAGEMENT}tenants/settings":
            value = plain_data(each.response) if each.request.method == "GET" and each.response else None
            read.setdefault(path.removeprefix(MANAGEMENT), value if is_granted(each.response) else None)
        if path == "/mfa/associate" and is_granted(each.response):
            channels = fields_of(each.request).get("oob_channels") or []
            factors |= {"email"} & set(channels)
            types |= {"voice"} & set(channels)
        if path == "/mfa/authenticators" and is_granted(each.response):
            prefixes = {_channel(entry) for entry in _entries(plain_data(each.response) if each.response else None)}
            factors |= {"email"} & prefixes
            types |= {"voice"} & prefixes
    # A factor's name is told one by one as well, by a PUT: then nobody knows how it was before.
    listed = _entries(read.get("guardian/factors"))
    if listed:
        factors = {str(each.get("name")) for each in listed if each.get("enabled")}
    yield "factors", frozenset(factors)
    message_types = _member(read.get("guardian/factors/phone/message-types"), "message_types", list)
    ordered = [each for each in ("sms", "voice") if each in (types if message_types is None else message_types)]
    yield "message_types", tuple(ordered)
    provider = _member(read.get("guardian/factors/push-notification/selected-provider"), "provider", str)
    if provider in ("guardian", "sns", "direct"):
        yield "push_provider", provider
    policies = read.get("guardian/policies")
    if isinstance(policies, list) and (not policies or policies[0] in ("all-applications", "confidence-score")):
        yield "policy", policies[0] if policies else "never"


def _entries(value: Json) -> list[Mapping[str, Json]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _channel(entry: Mapping[str, Json]) -> str:
    return str(entry.get("oob_channel") or entry.get("oob_channels") or "") if entry.get("active") else ""


def _member(value: Json, name: str, kind: type) -> Json:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, kind) else None
