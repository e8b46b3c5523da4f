"""What the doctor looks at: one row for each setting of a tenant, in the order in which the findings are shown.

A row says what is asked of the token endpoint and what is read by the Management API, what one meets while the setting
is missing, where it is mended, and by which call. Source: the reference, sections 9 and 10.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from auth0_mfa_lab.live.doctor.findings import Finding, State
from auth0_mfa_lab.wire.exchange import Exchange, Json

if TYPE_CHECKING:
    from auth0_mfa_lab.lab import Lab

FEATURES = ("push", "otp", "sms", "voice", "email", "recovery", "passwordless")
"""What one may want of a tenant beside the password and the policy."""

_CLIENT, _REALM = "{client_id}", "{realm}"
"""What stands in a row for the application and the connection of the settings."""
_LEGACY = "http://auth0.com/oauth/grant-type/"
_PASSWORD = ("password", f"{_LEGACY}password-realm")
_MFA = tuple(f"{_LEGACY}mfa-{each}" for each in ("oob", "otp", "recovery-code"))
_PASSWORDLESS = (f"{_LEGACY}passwordless/otp",)
_ALL_OF = {1: "it", 2: "both grants", 3: "all 3 grants"}
_BEARER = '-H "Authorization: Bearer $AUTH0_MGMT_TOKEN"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The tenant of a lab as the doctor looks at it: what is `wanted` there, and its Management token, if known."""

    lab: Lab
    wanted: tuple[str, ...]
    token: str | None

    @property
    def has_secret(self) -> bool:
        """Whether the settings have a secret of the application."""
        return bool(self.lab.client._client_secret)


Verdict = tuple[State, str]
"""How a setting stands, and what is said of it."""
Judge = Callable[[Subject, "Check", Any], Verdict | None]
"""Judges the token endpoint's answers to all that a row asks, or a setting that was read; None: it does not tell."""


@dataclass(frozen=True, slots=True)
class Check:
    """One setting: how the doctor finds out about it, what one meets while it is missing, and where it is mended.

    `asks` are grants that the token endpoint is asked for, and `heard` judges its answers. `read` is a path behind
    `/api/v2`: the setting is the member `key` of its answer (None: the whole answer), in a list that of the item named
    `item`; `is_so` judges it. A call of `method` at `path` mends it: `adds` are put to the list that is there,
    otherwise `value` takes the place of what is there. `is_set` and `is_not` say whether that is so already.
    """

    name: str
    symptom: str = ""
    dashboard: str = ""
    wanted_by: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    heard: Judge | None = None
    read: str = ""
    is_so: Judge | None = None
    key: str | None = None
    item: str | None = None
    method: str = ""
    path: str = ""
    adds: tuple[str, ...] = ()
    value: Json = None
    is_set: str = ""
    is_not: str = ""

    def of(self, subject: Subject) -> Check:
        """Return the row of this tenant: with its application and its connection."""
        client_id, realm = quote(subject.lab.client.client_id, safe=""), subject.lab.settings.realm
        read, path = (each.replace(_CLIENT, client_id) for each in (self.read, self.path))
        return replace(self, read=read, path=path, value=realm if self.value == _REALM else self.value)

    @property
    def call(self) -> str:
        """The call that mends it in words, `PUT /api/v2/guardian/policies`; "" where there is none."""
        return self.method and f"{self.method} /api/v2{self.path}"

    def now(self, answer: Json) -> Json:
        """Return the setting as an answer to `read` tells it; None where it tells nothing."""
        if self.item is not None:
            items = [each for each in answer if isinstance(each, Mapping)] if isinstance(answer, list) else []
            answer = next((each for each in items if each.get("name") == self.item), None)
        if self.key is None:
            return answer
        return answer.get(self.key) if isinstance(answer, Mapping) else None

    def is_told(self, answer: Json) -> bool:
        """Tell whether an answer to `read` is such that nothing is lost by what is written after it."""
        if self.adds or self.key is None:
            return isinstance(self.now(answer), list)
        return isinstance(answer, Mapping) if self.item is None else self.now(answer) is not None

    def then(self, now: Json) -> Json:
        """Return the setting as it is to be, by what it is now: a list keeps what it has."""
        return [*now, *(each for each in self.adds if each not in now)] if self.adds else self.value

    def body(self, then: Json) -> Json:
        """Return the body that sets it."""
        return then if self.key is None else {self.key: then}

    def commands(self, domain: str) -> tuple[str, str]:
        """Return what mends it with curl (and jq, where a list is added to), and with Auth0's command line."""
        api, key = f"https://{domain}/api/v2", self.key
        curl = f'curl -sS -X {self.method} "{api}{self.path}" {_BEARER} -H "content-type: application/json"'
        cli = f'auth0 api {self.method.lower()} "{self.path.lstrip("/")}"'
        if not self.adds:
            written = shlex.quote(json.dumps(self.body(self.value)))
            return f"{curl} -d {written}", f"{cli} --data {written}"
        merging = shlex.quote(f"{{{key}: (.{key} + ({json.dumps(list(self.adds))} - .{key}))}}")
        return (
            f'curl -sS "{api}{self.read}" {_BEARER} |\n  jq -c {merging} |\n  {curl} -d @-',
            f'auth0 api get "{self.read.lstrip("/")}" | jq -c {merging} | {cli}',
        )


def missing(subject: Subject, name: str, said: str, *, stops: bool = False) -> Finding:
    """Return the finding that a setting is missing, with all that is known about mending it."""
    check = CHECKS[name].of(subject)
    host = subject.lab.management_audience.partition("://")[2].partition("/")[0]
    curl, cli = check.commands(host) if check.call else ("", "")
    return Finding(name, "missing", said, check.symptom, check.dashboard, curl, cli, check.call or None, stops)


def in_words(value: Json) -> str:
    """Return a setting in a few words."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return value or "none" if isinstance(value, str) else json.dumps(value)


# -- what the token endpoint says


def meaning(answer: Exchange) -> str:
    """Return what an answer of the token endpoint says about the application and the grant.

    It is `stranger`, `not allowed`, `too often`, `looked at`, `unclear` (such as what bot detection answers: an error
    of Auth0's that says nothing about the grant), or `broken`.
    """
    if answer.status == 429 or (answer.error or "").startswith("too_many"):
        return "too often"
    if answer.status == 401 and answer.error in ("access_denied", "invalid_client"):
        return "stranger"
    if answer.error == "unauthorized_client":
        return "not allowed"
    is_usual = answer.error in ("invalid_grant", "invalid_request", "unsupported_challenge_type")
    if is_usual or _has_no_directory(answer):
        return "looked at"
    return "unclear" if answer.error and answer.status is not None and 400 <= answer.status < 500 else "broken"


def _has_no_directory(answer: Exchange) -> bool:
    """Tell the one 500 that is a setting from all others."""
    return answer.error == "server_error" and "default connection" in (answer.error_description or "")


def _lets_in(subject: Subject, _: Check, answers: list[Exchange]) -> Verdict | None:
    said = f"The application is let in, by its {'secret' if subject.has_secret else 'id alone'}"
    return None if meaning(answers[0]) == "unclear" else ("ok", said)


def _allows(_: Subject, check: Check, answers: list[Exchange]) -> Verdict | None:
    asked = dict(zip(check.asks, answers, strict=True))
    if refused := {grant: each for grant, each in asked.items() if meaning(each) == "not allowed"}:
        return "missing", f"{next(iter(refused.values())).outcome}: not allowed: {', '.join(refused)}"
    if unclear := [each for each in answers if meaning(each) != "looked at"]:
        return "not known", f"not known: {unclear[0].outcome}"
    return "ok", f"The application may use {_ALL_OF[len(asked)]}"


def _looks_up(_: Subject, __: Check, answers: list[Exchange]) -> Verdict | None:
    (plain,) = answers
    if meaning(plain) == "not allowed":
        return "not known", "not known while the password grant is missing"
    if _has_no_directory(plain):
        return "missing", f"{plain.outcome}: {plain.error_description}"
    return ("ok", "Plain password is looked up in a directory") if plain.error == "invalid_grant" else None


def _takes(_: Subject, check: Check, answers: list[Exchange]) -> Verdict | None:
    """Tell whether the connection or the audience that the settings name is there."""
    (named,), variable = answers, {"connection": "AUTH0_REALM", "audience": "AUTH0_AUDIENCE"}[check.name]
    if named.error == "invalid_request" and check.name in (named.error_description or "").lower():
        return "missing", f"{variable} is refused: {named.outcome}: {named.error_description}"
    return ("ok", f"{variable} is taken") if named.error == "invalid_grant" else None


# -- what the Management API says


def _is_set(_: Subject, check: Check, now: Json) -> Verdict | None:
    """Tell whether a setting is as the call of its row would leave it."""
    if now is None:
        return None
    if check.then(now) == now:
        return "ok", check.is_set
    lacking = ", ".join(each for each in check.adds if each not in now)
    return "missing", check.is_not.format(lacking=lacking, now=in_words(now))


def _has_directory(subject: Subject, _: Check, directory: Json) -> Verdict:
    if not directory:
        return "missing", "The tenant has none"
    is_ours = directory == subject.lab.settings.realm
    return "ok", str(directory) if is_ours else f"{directory}; AUTH0_REALM is another connection"


def _has_connection(subject: Subject, _: Check, connections: list[Json]) -> Verdict:
    realm = subject.lab.settings.realm
    named = [each for each in connections if isinstance(each, Mapping) and each.get("name") == realm]
    if not named:
        return "missing", "The tenant has no connection of the name in AUTH0_REALM"
    if _is_off(named[0], subject):
        return "missing", "The connection of AUTH0_REALM is not enabled for the application"
    return "ok", f"{realm} is there"


def _has_passwordless(subject: Subject, _: Check, connections: list[Json]) -> Verdict:
    known = [each for each in connections if isinstance(each, Mapping)]
    on = {each.get("strategy") for each in known if not _is_off(each, subject)}
    if lacking := [each for each in ("email", "sms") if each not in on]:
        return "missing", f"Not there, or off for the application: {', '.join(lacking)}"
    return "ok", "email and sms are there"


def _is_off(connection: Mapping[str, Json], subject: Subject) -> bool:
    enabled = connection.get("enabled_clients")
    return isinstance(enabled, list) and subject.lab.client.client_id not in enabled


def _asks_always(_: Subject, __: Check, policies: list[Json]) -> Verdict:
    if "all-applications" in policies:
        return "ok", "A second factor is always asked for"
    if policies:
        return "not known", f"{', '.join(map(str, policies))}: Auth0 decides at each login whether it asks"
    return "missing", "No policy: no login is asked for a second factor"


def _sends_messages(subject: Subject, _: Check, provider: Json) -> Verdict | None:
    if provider == "auth0" and "voice" in subject.wanted:
        return "not known", "auth0: Auth0's own provider sends SMS only. A call needs one of your own"
    return None if provider is None else ("ok", str(provider))


# -- the rows

_MULTI = "Security > Multi-factor Auth"
_APPLICATION = "Applications > Applications > the application > Settings"
_MACHINE = "Applications > APIs > Auth0 Management API > Machine to Machine Applications"
_NOT_ALLOWED = "403 unauthorized_client: Grant type '...' not allowed for the client."
_OFF = "POST /mfa/associate answers unsupported_challenge_type, and a challenge 401 unsupported_challenge_type"
_FACTORS = "/guardian/factors"
_CONNECTIONS = "/connections?fields=name%2Cstrategy%2Cenabled_clients"


def _grant(name: str, grants: tuple[str, ...], symptom: str, box: str, wanted_by: tuple[str, ...] = ()) -> Check:
    path, dashboard = f"/clients/{_CLIENT}", f"{_APPLICATION} > Advanced Settings > Grant Types > {box}"
    return Check(
        name, symptom, dashboard, wanted_by, grants, _allows, f"{path}?fields=grant_types", _is_set,
        key="grant_types", method="PATCH", path=path, adds=grants,
        is_set=f"The application has {_ALL_OF[len(grants)]}", is_not="The application lacks {lacking}",
    )  # fmt: skip


def _factor(name: str, factor: str, place: str, wanted_by: tuple[str, ...], symptom: str = _OFF) -> Check:
    return Check(
        name, symptom, f"{_MULTI} > {place}", wanted_by, read=_FACTORS, is_so=_is_set,
        key="enabled", item=factor, method="PUT", path=f"{_FACTORS}/{factor}", value=True,
        is_set="The factor is on", is_not=f"The factor {factor} is off",
    )  # fmt: skip


def _message_type(name: str, feature: str) -> Check:
    path = f"{_FACTORS}/phone/message-types"
    symptom = f"POST /mfa/associate with {feature} answers unsupported_challenge_type, as for a factor that is off"
    return Check(
        name, symptom, f"{_MULTI} > Phone Message > Delivery method", (feature,), read=path, is_so=_is_set,
        key="message_types", method="PUT", path=path, adds=(feature,),
        is_set=f"{feature} is ticked", is_not="The phone factor may use {now}",
    )  # fmt: skip


def _setting(path: str, method: str, key: str | None, value: Json) -> dict[str, Any]:
    return {"read": path, "method": method, "path": path, "key": key, "value": value}


# fmt: off
_ROWS = (
    Check("settings"), Check("reach"), Check("TLS"), Check("discovery"),
    Check("issuer", "Tokens have another iss, and the MFA audience is another one",
          "Settings > Custom Domains, and Applications > the application > Settings > Domain"),
    Check("clock", "Right codes answer 403 invalid_grant: Invalid otp_code., signed assertions 401",
          "None: let this machine take its time from the network"),
    Check("token endpoint"),
    Check("client secret",
          "Every call with the application's credentials answers 401 access_denied: Unauthorized; only the calls with a Bearer go on working",
          f"{_APPLICATION} > Basic Information > Client ID, Client Secret; Credentials > Authentication Method",
          asks=_PASSWORD[:1], heard=_lets_in),
    Check("Management credentials", "No token for the Management API: its settings can be neither read nor mended",
          "Applications > Applications > the machine to machine application > Settings > Basic Information"),
    Check("Management domain", "The client_credentials grant answers 403 access_denied, and a Management token 401",
          "Settings > Custom Domains names the custom one; the canonical one stands in Applications > APIs > Auth0 Management API > Identifier"),
    Check("Management grant", "The client_credentials grant answers 403 access_denied: Client is not authorized to access ...",
          f"{_MACHINE} > the application"),
    Check("Management scopes", "A call answers 403 insufficient_scope", f"{_MACHINE} > the application > Permissions"),
    _grant("password grant", _PASSWORD, f"The login answers {_NOT_ALLOWED}", "Password"),
    Check("default directory",
          "Plain password answers 500 server_error: Authorization server not configured with default connection. Trying again does not help",
          "Settings > General > API Authorization Settings > Default Directory", asks=_PASSWORD[:1], heard=_looks_up,
          is_so=_has_directory, **_setting("/tenants/settings", "PATCH", "default_directory", _REALM)),
    Check("connection", "The password-realm grant answers 400 invalid_request or 403 invalid_grant: Wrong email or password.",
          "Authentication > Database > the connection > Applications; its name is AUTH0_REALM",
          asks=_PASSWORD[1:], heard=_takes, read=_CONNECTIONS, is_so=_has_connection),
    Check("audience", "A grant that names AUTH0_AUDIENCE answers 400 invalid_request or 403 access_denied",
          "Applications > APIs > the API > Settings > Identifier; it is AUTH0_AUDIENCE, with its last slash",
          ("audience",), asks=_PASSWORD[1:], heard=_takes),
    _grant("MFA grant", _MFA, f"The login answers mfa_required, and the step after it {_NOT_ALLOWED}", "MFA"),
    Check("policy",
          "No error at all: the login answers 200 with tokens for the password alone, and no mfa_token, unless an Action asks for the second factor",
          f"{_MULTI} > Define policies > Require Multi-factor Auth > Always",
          is_so=_asks_always, **_setting("/guardian/policies", "PUT", None, ["all-applications"])),
    _factor("push", "push-notification", "Push Notification using Auth0 Guardian", ("push",)),
    Check("push provider",
          "The challenge answers 200, no push reaches the Guardian app, and the poll stays pending until it expires; the tenant's log has gd_send_pn_failure",
          f"{_MULTI} > Push Notification using Auth0 Guardian > Guardian, in the place of Custom", ("push",),
          is_so=_is_set, is_set="The Guardian app gets the pushes", is_not="{now}: pushes go to an app of one's own, not to the Guardian app",
          **_setting(f"{_FACTORS}/push-notification/selected-provider", "PUT", "provider", "guardian")),
    _factor("otp", "otp", "One-time Password", ("otp",)),
    _factor("sms", "sms", "Phone Message", ("sms", "voice"), f"{_OFF}: for SMS and for calls"),
    _message_type("SMS message type", "sms"),
    _message_type("voice message type", "voice"),
    Check("phone provider", wanted_by=("sms", "voice"), read=f"{_FACTORS}/phone/selected-provider", key="provider", is_so=_sends_messages),
    _factor("email", "email", "Email", ("email",), f"{_OFF}; no verified address is listed"),
    _factor("recovery code", "recovery-code", "Recovery Code", ("recovery",),
            "No association brings recovery_codes, and the grant answers 403 unsupported_challenge_type: User does not have a recovery-code."),
    _grant("passwordless grant", _PASSWORDLESS, f"POST /passwordless/start and the grant of its code answer {_NOT_ALLOWED}",
           "Passwordless OTP", ("passwordless",)),
    Check("passwordless connections", "POST /passwordless/start answers 400 bad.connection",
          "Authentication > Passwordless > the connection, and its Applications", ("passwordless",),
          read=_CONNECTIONS, is_so=_has_passwordless),
)
# fmt: on
CHECKS = {each.name: each for each in _ROWS}
"""Every row by its name, first things first; a variable's own name comes before all of them."""
