"""What the doctor looks at: one row for each setting of a tenant, in the order in which the findings are shown.

A row says what is asked of the token endpoint and what is read by the Management API, what one meets while the setting
is missing, and where it is mended. Source: the reference, sections 9 and 10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from auth0_mfa_lab.live.doctor.change import CLIENT, REALM, Change
from auth0_mfa_lab.live.doctor.findings import Finding, State
from auth0_mfa_lab.wire.exchange import Exchange, Json

if TYPE_CHECKING:
    from auth0_mfa_lab.lab import Lab

FEATURES = ("push", "otp", "sms", "voice", "email", "recovery", "passwordless")
"""What one may want of a tenant beside the password and the policy."""

_LEGACY = "http://auth0.com/oauth/grant-type/"
_PASSWORD = ("password", f"{_LEGACY}password-realm")
_MFA = tuple(f"{_LEGACY}mfa-{each}" for each in ("oob", "otp", "recovery-code"))
_PASSWORDLESS = (f"{_LEGACY}passwordless/otp",)
_ALL_OF = {1: "it", 2: "both grants", 3: "all 3 grants"}
_LOOKED_AT = frozenset({"invalid_grant", "invalid_request", "unsupported_challenge_type"})
_MULTI = "Security > Multi-factor Auth"
_SETTINGS = "Applications > Applications > the application > Settings"
_MACHINE = "Applications > APIs > Auth0 Management API > Machine to Machine Applications"
_NOT_ALLOWED = "403 unauthorized_client: Grant type '...' not allowed for the client."
_FACTORS = "/guardian/factors"
_CONNECTIONS = "/connections?fields=name%2Cstrategy%2Cenabled_clients"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The tenant of a lab as the doctor looks at it: what is `wanted` there, and its Management token, if known."""

    lab: Lab
    wanted: tuple[str, ...]
    token: str | None

    @property
    def client_id(self) -> str:
        """The application that is looked at."""
        return self.lab.client.client_id

    @property
    def has_secret(self) -> bool:
        """Whether the settings have a secret of the application."""
        return bool(self.lab.client._client_secret)


Verdict = tuple[State, str]
"""How a setting stands, and what is said of it."""
Heard = Callable[[Subject, "Check", Sequence[Exchange]], Verdict]
"""Judges the token endpoint's answers to all that a row `asks`."""
Read = Callable[[Subject, "Check", Json], Verdict | None]
"""Judges the Management API's answer to what a row reads; None where it does not tell."""


@dataclass(frozen=True, slots=True)
class Check:
    """One setting: how the doctor finds out about it, what one meets while it is missing, and where it is mended.

    `asks` are grants that the token endpoint is asked for, and `heard` judges its answers; `read` is a path of the
    Management API (where there is a `change`, what that reads), and `is_so` judges its answer.
    """

    name: str
    symptom: str = ""
    dashboard: str = ""
    wanted_by: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    heard: Heard | None = None
    read: str = ""
    is_so: Read | None = None
    change: Change | None = None

    def is_wanted(self, subject: Subject) -> bool:
        """Tell whether this is looked at: it belongs to a wanted feature, or to none."""
        return not self.wanted_by or not set(self.wanted_by).isdisjoint(subject.wanted)

    def change_of(self, subject: Subject) -> Change | None:
        """Return the call that mends it on this tenant; None where there is none."""
        return self.change.of(subject.client_id, subject.lab.settings.realm) if self.change else None

    def path(self, subject: Subject) -> str:
        """Return what is read by the Management API, as it stands behind `/api/v2`."""
        change = self.change_of(subject)
        return change.read if change else self.read


def missing(subject: Subject, name: str, said: str) -> Finding:
    """Return the finding that a setting is missing, with all that is known about mending it."""
    check = CHECKS[name]
    finding = Finding(name=name, state="missing", said=said, symptom=check.symptom, dashboard=check.dashboard)
    change = check.change_of(subject)
    if change is None:
        return finding
    host = subject.lab.management_audience.partition("://")[2].partition("/")[0]
    return replace(finding, curl=change.curl(host), cli=change.cli(), call=change.call)


# -- what the token endpoint says


def meaning(answer: Exchange) -> Literal["stranger", "not allowed", "too often", "looked at", "unclear", "broken"]:
    """Return what an answer of the token endpoint says about the application and the grant."""
    if answer.status == 429 or (answer.error or "").startswith("too_many"):
        return "too often"
    if answer.status == 401 and answer.error in ("access_denied", "invalid_client"):
        return "stranger"
    if answer.error == "unauthorized_client":
        return "not allowed"
    if answer.error in _LOOKED_AT or _has_no_directory(answer):
        return "looked at"
    # Such as what bot detection answers: an error of Auth0's, which says nothing about the grant.
    return "unclear" if answer.error and answer.status is not None and 400 <= answer.status < 500 else "broken"


def _has_no_directory(answer: Exchange) -> bool:
    """Tell the one 500 that is a setting from all others."""
    return answer.error == "server_error" and "default connection" in (answer.error_description or "")


def _lets_in(subject: Subject, _: Check, answers: Sequence[Exchange]) -> Verdict:
    if meaning(answers[0]) == "unclear":
        return "not known", f"not known: {answers[0].outcome}"
    return "ok", f"The application is let in, by its {'secret' if subject.has_secret else 'id alone'}"


def _allows(_: Subject, check: Check, answers: Sequence[Exchange]) -> Verdict:
    asked = dict(zip(check.asks, answers, strict=True))
    if refused := {grant: each for grant, each in asked.items() if meaning(each) == "not allowed"}:
        return "missing", f"{next(iter(refused.values())).outcome}: not allowed: {', '.join(refused)}"
    if unclear := [each for each in answers if meaning(each) != "looked at"]:
        return "not known", f"not known: {unclear[0].outcome}"
    return "ok", f"The application may use {_ALL_OF[len(asked)]}"


def _looks_up(_: Subject, __: Check, answers: Sequence[Exchange]) -> Verdict:
    (plain,) = answers
    if meaning(plain) == "not allowed":
        return "not known", "not known while the password grant is missing"
    if _has_no_directory(plain):
        return "missing", f"{plain.outcome}: {plain.error_description}"
    if plain.error == "invalid_grant":
        return "ok", "Plain password is looked up in a directory"
    return "not known", f"not known: {plain.outcome}"


def _takes(_: Subject, check: Check, answers: Sequence[Exchange]) -> Verdict:
    """Tell whether the connection or the audience that the settings name is there."""
    (named,), variable = answers, {"connection": "AUTH0_REALM", "audience": "AUTH0_AUDIENCE"}[check.name]
    if named.error == "invalid_grant":
        return "ok", f"{variable} is taken"
    if named.error == "invalid_request" and check.name in (named.error_description or "").lower():
        return "missing", f"{variable} is refused: {named.outcome}: {named.error_description}"
    return "not known", f"not known: {named.outcome}"


# -- what the Management API says


def _field(answer: Json, name: str) -> Json:
    return answer.get(name) if isinstance(answer, Mapping) else None


def _has_grants(_: Subject, check: Check, answer: Json) -> Verdict | None:
    there = _field(answer, "grant_types")
    if not isinstance(there, list):
        return None
    if lacking := [each for each in check.asks if each not in there]:
        return "missing", f"The application lacks {', '.join(lacking)}"
    return "ok", f"The application has {_ALL_OF[len(check.asks)]}"


def _has_directory(subject: Subject, _: Check, answer: Json) -> Verdict | None:
    if not isinstance(answer, Mapping):
        return None
    directory = answer.get("default_directory")
    if not directory:
        return "missing", "The tenant has none"
    is_ours = directory == subject.lab.settings.realm
    return "ok", str(directory) if is_ours else f"{directory}; AUTH0_REALM is another connection"


def _has_connection(subject: Subject, _: Check, answer: Json) -> Verdict | None:
    if not isinstance(answer, list):
        return None
    realm = subject.lab.settings.realm
    database = next((each for each in answer if _field(each, "name") == realm), None)
    if database is None:
        return "missing", "The tenant has no connection of the name in AUTH0_REALM"
    if _is_off(database, subject):
        return "missing", "The connection of AUTH0_REALM is not enabled for the application"
    return "ok", f"{realm} is there"


def _has_passwordless(subject: Subject, _: Check, answer: Json) -> Verdict | None:
    if not isinstance(answer, list):
        return None
    on = {_field(each, "strategy") for each in answer if not _is_off(each, subject)}
    if lacking := [each for each in ("email", "sms") if each not in on]:
        return "missing", f"Not there, or off for the application: {', '.join(lacking)}"
    return "ok", "email and sms are there"


def _is_off(connection: Json, subject: Subject) -> bool:
    enabled = _field(connection, "enabled_clients")
    return isinstance(enabled, list) and subject.client_id not in enabled


def _asks_always(_: Subject, __: Check, answer: Json) -> Verdict | None:
    if not isinstance(answer, list):
        return None
    if "all-applications" in answer:
        return "ok", "A second factor is always asked for"
    if answer:
        return "not known", f"{', '.join(map(str, answer))}: Auth0 decides at each login whether it asks"
    return "missing", "No policy: no login is asked for a second factor"


def _is_on(_: Subject, check: Check, answer: Json) -> Verdict | None:
    if not isinstance(answer, list) or check.change is None:
        return None
    is_on = check.change.now(answer) is True
    return ("ok", "The factor is on") if is_on else ("missing", f"The factor {check.change.item} is off")


def _sends_to_guardian(_: Subject, __: Check, answer: Json) -> Verdict | None:
    provider = _field(answer, "provider")
    if provider is None or provider == "guardian":
        return ("ok", "The Guardian app gets the pushes") if provider else None
    return "missing", f"{provider}: pushes go to an app of one's own, not to the Guardian app"


def _is_ticked(_: Subject, check: Check, answer: Json) -> Verdict | None:
    types, (feature,) = _field(answer, "message_types"), check.wanted_by
    if not isinstance(types, list):
        return None
    if feature in types:
        return "ok", f"{feature} is ticked"
    return "missing", f"The phone factor may use {', '.join(map(str, types)) or 'none'}"


def _sends_messages(subject: Subject, _: Check, answer: Json) -> Verdict | None:
    provider = _field(answer, "provider")
    if provider == "auth0" and "voice" in subject.wanted:
        return "not known", "auth0: Auth0's own provider sends SMS only. A call needs one of your own"
    return None if provider is None else ("ok", str(provider))


# -- the rows


def _grant(name: str, grants: tuple[str, ...], symptom: str, box: str, *, wanted_by: tuple[str, ...] = ()) -> Check:
    application = f"/clients/{CLIENT}"
    read = f"{application}?fields=grant_types"
    change = Change(read=read, method="PATCH", path=application, key="grant_types", adds=grants)
    dashboard = f"{_SETTINGS} > Advanced Settings > Grant Types > {box}"
    return Check(name, symptom, dashboard, wanted_by, asks=grants, heard=_allows, is_so=_has_grants, change=change)


def _factor(name: str, factor: str, place: str, *, wanted_by: tuple[str, ...], symptom: str = "") -> Check:
    off = "POST /mfa/associate answers unsupported_challenge_type, and a challenge 401 unsupported_challenge_type"
    path = f"{_FACTORS}/{factor}"
    change = Change(read=_FACTORS, method="PUT", path=path, key="enabled", item=factor, value=True)
    symptom = symptom if symptom and not symptom.startswith((":", ";")) else f"{off}{symptom}"
    return Check(name, symptom, f"{_MULTI} > {place}", wanted_by, is_so=_is_on, change=change)


def _message_type(name: str, feature: str) -> Check:
    path = f"{_FACTORS}/phone/message-types"
    symptom = f"POST /mfa/associate with {feature} answers unsupported_challenge_type, as for a factor that is off"
    change = Change(read=path, method="PUT", path=path, key="message_types", adds=(feature,))
    return Check(
        name, symptom, f"{_MULTI} > Phone Message > Delivery method", (feature,), is_so=_is_ticked, change=change
    )


def _setting(path: str, method: str, key: str | None, value: Json) -> Change:
    return Change(read=path, method=method, path=path, key=key, value=value)


_ROWS = (
    Check("settings"),
    Check("reach"),
    Check("TLS"),
    Check("discovery"),
    Check(
        "issuer",
        "Tokens have another iss, and the MFA audience is another one",
        "Settings > Custom Domains, and Applications > the application > Settings > Domain",
    ),
    Check(
        "clock",
        "Right codes answer 403 invalid_grant: Invalid otp_code., signed assertions 401",
        "None: let this machine take its time from the network",
    ),
    Check("token endpoint"),
    Check(
        "client secret",
        "Every call with the application's credentials answers 401 access_denied: Unauthorized; only the calls with a "
        "Bearer go on working",
        f"{_SETTINGS} > Basic Information > Client ID, Client Secret; Credentials > Authentication Method",
        asks=_PASSWORD[:1],
        heard=_lets_in,
    ),
    Check(
        "Management credentials",
        "No token for the Management API: its settings can be neither read nor mended",
        "Applications > Applications > the machine to machine application > Settings > Basic Information",
    ),
    Check(
        "Management domain",
        "The client_credentials grant answers 403 access_denied, and a Management token 401",
        "Settings > Custom Domains names the custom one; the canonical one stands in Applications > APIs > Auth0 "
        "Management API > Identifier",
    ),
    Check(
        "Management grant",
        "The client_credentials grant answers 403 access_denied: Client is not authorized to access ...",
        f"{_MACHINE} > the application",
    ),
    Check("Management scopes", "A call answers 403 insufficient_scope", f"{_MACHINE} > the application > Permissions"),
    _grant("password grant", _PASSWORD, f"The login answers {_NOT_ALLOWED}", "Password"),
    Check(
        "default directory",
        "Plain password answers 500 server_error: Authorization server not configured with default connection. Trying "
        "again does not help",
        "Settings > General > API Authorization Settings > Default Directory",
        asks=_PASSWORD[:1],
        heard=_looks_up,
        is_so=_has_directory,
        change=_setting("/tenants/settings", "PATCH", "default_directory", REALM),
    ),
    Check(
        "connection",
        "The password-realm grant answers 400 invalid_request or 403 invalid_grant: Wrong email or password.",
        "Authentication > Database > the connection > Applications; its name is AUTH0_REALM",
        asks=_PASSWORD[1:],
        heard=_takes,
        read=_CONNECTIONS,
        is_so=_has_connection,
    ),
    Check(
        "audience",
        "A grant that names AUTH0_AUDIENCE answers 400 invalid_request or 403 access_denied",
        "Applications > APIs > the API > Settings > Identifier; it is AUTH0_AUDIENCE, with its last slash",
        wanted_by=("audience",),
        asks=_PASSWORD[1:],
        heard=_takes,
    ),
    _grant("MFA grant", _MFA, f"The login answers mfa_required, and the step after it {_NOT_ALLOWED}", "MFA"),
    Check(
        "policy",
        "No error at all: the login answers 200 with tokens for the password alone, and no mfa_token, unless an Action "
        "asks for the second factor",
        f"{_MULTI} > Define policies > Require Multi-factor Auth > Always",
        is_so=_asks_always,
        change=_setting("/guardian/policies", "PUT", None, ["all-applications"]),
    ),
    _factor("push", "push-notification", "Push Notification using Auth0 Guardian", wanted_by=("push",)),
    Check(
        "push provider",
        "The challenge answers 200, no push reaches the Guardian app, and the poll stays pending until it expires; the "
        "tenant's log has gd_send_pn_failure",
        f"{_MULTI} > Push Notification using Auth0 Guardian > Guardian, in the place of Custom",
        wanted_by=("push",),
        is_so=_sends_to_guardian,
        change=_setting(f"{_FACTORS}/push-notification/selected-provider", "PUT", "provider", "guardian"),
    ),
    _factor("otp", "otp", "One-time Password", wanted_by=("otp",)),
    _factor("sms", "sms", "Phone Message", wanted_by=("sms", "voice"), symptom=": for SMS and for calls"),
    _message_type("SMS message type", "sms"),
    _message_type("voice message type", "voice"),
    Check(
        "phone provider",
        wanted_by=("sms", "voice"),
        read=f"{_FACTORS}/phone/selected-provider",
        is_so=_sends_messages,
    ),
    _factor("email", "email", "Email", wanted_by=("email",), symptom="; no verified address is listed"),
    _factor(
        "recovery code",
        "recovery-code",
        "Recovery Code",
        wanted_by=("recovery",),
        symptom="No association brings recovery_codes, and the grant answers 403 unsupported_challenge_type: User does "
        "not have a recovery-code.",
    ),
    _grant(
        "passwordless grant",
        _PASSWORDLESS,
        f"POST /passwordless/start and the grant of its code answer {_NOT_ALLOWED}",
        "Passwordless OTP",
        wanted_by=("passwordless",),
    ),
    Check(
        "passwordless connections",
        "POST /passwordless/start answers 400 bad.connection",
        "Authentication > Passwordless > the connection, and its Applications",
        wanted_by=("passwordless",),
        read=_CONNECTIONS,
        is_so=_has_passwordless,
    ),
)
CHECKS = {each.name: each for each in _ROWS}
"""Every row by its name, first things first; a variable's own name comes before all of them."""
