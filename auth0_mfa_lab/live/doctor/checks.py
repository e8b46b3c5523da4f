"""What the doctor looks at: one row for each setting of a tenant, in the order in which the findings are shown.

A row says what is asked of the token endpoint and what is read by the Management API, what one meets while the setting
is missing, where it is mended, and by which call. Source: the reference, sections 9 and 10.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from auth0_mfa_lab.wire.exchange import Exchange, Json

if TYPE_CHECKING:
    from auth0_mfa_lab.lab import Lab

FEATURES = ("push", "otp", "sms", "voice", "email", "recovery", "passwordless")
"""What one may want of a tenant beside the password and the policy."""

_LEGACY = "http://auth0.com/oauth/grant-type/"
_PASSWORD = ("password", f"{_LEGACY}password-realm")
_MFA = tuple(f"{_LEGACY}mfa-{each}" for each in ("oob", "otp", "recovery-code"))
_PASSWORDLESS = (f"{_LEGACY}passwordless/otp",)
_BEARER = '-H "Authorization: Bearer $AUTH0_MGMT_TOKEN"'

State = Literal["ok", "missing", "not known"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One setting, or one thing on the way to the tenant, and how it stands; `not known` is no fault.

    `said` is what was found; `symptom` is what an application meets while it is missing. `curl` and `cli` (Auth0's
    command line) are commands that mend it, `call` is the Management API's call in them, None where there is none.
    A finding that `stops` makes all that follows meaningless: the tenant could not be asked.
    """

    name: str
    state: State
    said: str
    symptom: str = ""
    dashboard: str = ""
    curl: str = ""
    cli: str = ""
    call: str | None = None
    stops: bool = False

    @property
    def line(self) -> str:
        """The finding as one line: its state, its name, what was found."""
        return f"{self.state:9}  {self.name}: {self.said}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The tenant of a lab as the doctor looks at it: what is `wanted` there, and its Management token, if known.

    `checks` are all rows, with its application and its connection.
    """

    lab: Lab
    wanted: tuple[str, ...]
    token: str | None
    checks: Mapping[str, Check]


Verdict = tuple[State, str]
"""How a setting stands, and what is said of it."""
Heard = tuple[tuple[State, str, str], ...]
"""A state, a pattern of what `told` gives of an answer, and what is found then."""


@dataclass(frozen=True, slots=True)
class Check:
    """One setting: how the doctor finds out about it, what one meets while it is missing, and where it is mended.

    `asks` are grants that the token endpoint is asked for, and `heard` what its answers say: the first row that fits
    counts, that something is missing where one answer fits, any other where all do. `read` is a
    path behind `/api/v2`: the setting is the member `key` of its answer (None: the whole answer), in a list that of the
    item named `item`, and `judge` says how it stands. The call `change` mends it: a tuple in `value` is added to the
    list that is there, any other takes its place. `is_set` and `is_not` say whether it is so already.
    """

    name: str
    symptom: str = ""
    dashboard: str = ""
    wanted_by: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    heard: Heard = ()
    read: str = ""
    judge: Callable[[Subject, Any], Verdict | None] | None = None
    key: str | None = None
    item: str = ""
    change: str = ""
    value: Json = None
    is_set: str = ""
    is_not: str = ""

    def hears(self, answers: Mapping[str, Exchange], how: str) -> Verdict:
        """Return how the setting stands, by the token endpoint's answers; `how` the application shows who it is."""
        fits: list[str] = []
        for state, pattern, said in self.heard:
            fits = [each for each in self.asks if re.match(pattern, told(answers[each]), re.DOTALL | re.IGNORECASE)]
            if len(fits) == len(self.asks) or (fits and state == "missing"):
                answer, grants = answers[fits[0]], ", ".join(fits)
                known = {"outcome": answer.outcome, "description": answer.error_description}
                return state, said.format(grants=grants, how=how, **known)
        return "not known", f"not known: {next(answers[each] for each in self.asks if each not in fits).outcome}"

    @property
    def call(self) -> str:
        """The call that mends it in words, `PUT /api/v2/guardian/policies`; "" where there is none."""
        return self.change.replace(" ", " /api/v2")

    def now(self, answer: Json) -> list[Json]:
        """Return the setting as an answer to `read` tells it, or nothing where what is written might lose something."""
        found = [answer]
        if self.key is not None:
            items = objects(answer if self.item else [answer])
            found = [each.get(self.key) for each in items if self.item in ("", each.get("name"))]
        is_list = self.key is None or isinstance(self.value, tuple)
        return [each for each in found[:1] if isinstance(each, list) or not is_list]

    def then(self, now: Json) -> Json:
        """Return the setting as it is to be, by what it is now: a list keeps what it has."""
        if isinstance(self.value, tuple):
            return [*now, *(each for each in self.value if each not in now)]
        return self.value

    def verdict(self, subject: Subject, now: Json) -> Verdict | None:
        """Return how the setting stands, by what it is now; None where that does not tell."""
        if self.judge:
            return self.judge(subject, now)
        if now is None:
            return None
        then = self.then(now)
        lacking = in_words(then[len(now) :]) if isinstance(then, list) else ""
        return (
            ("ok", self.is_set) if then == now else ("missing", self.is_not.format(lacking=lacking, now=in_words(now)))
        )

    def body(self, then: Json) -> Json:
        """Return the body that sets it."""
        return then if self.key is None else {self.key: then}

    def commands(self, domain: str) -> tuple[str, str]:
        """Return what mends it with curl (and jq, where a list is added to), and with Auth0's command line."""
        api, key, (method, path) = f"https://{domain}/api/v2", self.key, self.change.split()
        curl = f'curl -sS -X {method} "{api}{path}" {_BEARER} -H "content-type: application/json"'
        cli = f'auth0 api {method.lower()} "{path.lstrip("/")}"'
        if not isinstance(self.value, tuple):
            written = shlex.quote(json.dumps(self.body(self.value)))
            return f"{curl} -d {written}", f"{cli} --data {written}"
        merging = shlex.quote(f"{{{key}: (.{key} + ({json.dumps(self.value)} - .{key}))}}")
        return (
            f'curl -sS "{api}{self.read}" {_BEARER} |\n  jq -c {merging} |\n  {curl} -d @-',
            f'auth0 api get "{self.read.lstrip("/")}" | jq -c {merging} | {cli}',
        )


def finding(subject: Subject, name: str, state: State, said: str) -> Finding:
    """Return the finding about a setting; that one is missing says all that is known about mending it."""
    if state != "missing":
        return Finding(name, state, said)
    check = subject.checks[name]
    host = subject.lab.management_audience.partition("://")[2].partition("/")[0]
    curl, cli = check.commands(host) if check.call else ("", "")
    return Finding(name, state, said, check.symptom, check.dashboard, curl, cli, check.call or None)


def told(answer: Exchange) -> str:
    """Return what an answer of the token endpoint says: `403 invalid_grant Wrong email or password.`."""
    return f"{answer.status} {answer.error} {answer.error_description}"


def in_words(value: Json) -> str:
    """Return a setting in a few words."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return value or "none" if isinstance(value, str) else json.dumps(value)


# -- what the Management API says


def objects(answer: Json) -> list[Mapping[str, Json]]:
    """Return the objects of an answer that is a list of such."""
    return [each for each in answer if isinstance(each, Mapping)] if isinstance(answer, list) else []


def _enabled(subject: Subject, connections: Json, member: str) -> list[Json]:
    """Return a member of each connection that is not off for the application."""
    clients = ((each.get("enabled_clients"), each.get(member)) for each in objects(connections))
    return [name for on, name in clients if not isinstance(on, list) or subject.lab.client.client_id in on]


def _has_directory(_: Subject, directory: Json) -> Verdict:
    return ("ok", str(directory)) if directory else ("missing", "The tenant has none")


def _has_connection(subject: Subject, connections: Json) -> Verdict:
    realm = subject.lab.settings.realm
    if realm in _enabled(subject, connections, "name"):
        return "ok", f"{realm} is there"
    return "missing", "The connection of AUTH0_REALM is not there, or is not enabled for the application"


def _has_passwordless(subject: Subject, connections: Json) -> Verdict:
    on = _enabled(subject, connections, "strategy")
    if lacking := [each for each in ("email", "sms") if each not in on]:
        return "missing", f"Not there, or off for the application: {', '.join(lacking)}"
    return "ok", "email and sms are there"


def _asks_always(_: Subject, policies: Json) -> Verdict:
    if "all-applications" in policies:
        return "ok", "A second factor is always asked for"
    if policies:
        return "not known", f"{in_words(policies)}: Auth0 decides at each login whether it asks"
    return "missing", "No policy: no login is asked for a second factor"


def _sends_messages(subject: Subject, provider: Json) -> Verdict | None:
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
_PROVIDER = f"{_FACTORS}/push-notification/selected-provider"
_CONNECTIONS = "/connections?fields=name%2Cstrategy%2Cenabled_clients"


_REFUSED = r"\d+ unauthorized_client "
_NO_DIRECTORY = "500 server_error .*default connection"
_LOOKED_AT = rf"\d+ (invalid_grant|invalid_request|unsupported_challenge_type) |{_NO_DIRECTORY}"


def _grant(client: str, name: str, grants: tuple[str, ...], symptom: str, box: str, *wanted_by: str) -> Check:
    all_of = {1: "it", 2: "both grants", 3: "all 3 grants"}[len(grants)]
    ok: Heard = (("ok", _LOOKED_AT, f"The application may use {all_of}"),)
    return Check(
        name, symptom, f"{_APPLICATION} > Advanced Settings > Grant Types > {box}", wanted_by, grants,
        (("missing", _REFUSED, "{outcome}: not allowed: {grants}"), *ok),
        f"{client}?fields=grant_types", key="grant_types", change=f"PATCH {client}", value=grants,
        is_set=f"The application has {all_of}", is_not="The application lacks {lacking}",
    )  # fmt: skip


def _factor(name: str, factor: str, place: str, wanted_by: tuple[str, ...], symptom: str = _OFF) -> Check:
    return Check(
        name, symptom, f"{_MULTI} > {place}", wanted_by, read=_FACTORS, key="enabled", item=factor,
        change=f"PUT {_FACTORS}/{factor}", value=True, is_set="The factor is on", is_not=f"The factor {factor} is off",
    )  # fmt: skip


def _message_type(name: str, feature: str) -> Check:
    path = f"{_FACTORS}/phone/message-types"
    symptom = f"POST /mfa/associate with {feature} answers unsupported_challenge_type, as for a factor that is off"
    return Check(
        name, symptom, f"{_MULTI} > Phone Message > Delivery method", (feature,),
        read=path, key="message_types", change=f"PUT {path}", value=(feature,),
        is_set=f"{feature} is ticked", is_not="The phone factor may use {now}",
    )  # fmt: skip


def _taken(word: str, variable: str) -> Heard:
    refused = f"{variable} is refused: {{outcome}}: {{description}}"
    return ("missing", rf"\d+ invalid_request .*{word}", refused), ("ok", r"\d+ invalid_grant ", f"{variable} is taken")


# fmt: off
def checks_of(client_id: str, realm: str) -> dict[str, Check]:
    """Return every row by its name, first things first, for an application and a connection."""
    client = f"/clients/{quote(client_id, safe='')}"
    rows = (
        Check("settings"), Check("reach"), Check("TLS"), Check("discovery"),
        Check("issuer", "Tokens have another iss, and the MFA audience is another one",
              "Settings > Custom Domains, and Applications > the application > Settings > Domain"),
        Check("clock", "Right codes answer 403 invalid_grant: Invalid otp_code., signed assertions 401",
              "None: let this machine take its time from the network"),
        Check("token endpoint"),
        Check("client secret",
              "Every call with the application's credentials answers 401 access_denied: Unauthorized; only the calls with a Bearer go on working",
              f"{_APPLICATION} > Basic Information > Client ID, Client Secret; Credentials > Authentication Method",
              asks=_PASSWORD[:1], heard=(("missing", r"401 (access_denied|invalid_client) ", "{outcome}: the application is not let in, by its {how}"),
                                         ("ok", f"{_REFUSED}|{_LOOKED_AT}", "The application is let in, by its {how}"))),
        Check("Management credentials", "No token for the Management API: its settings can be neither read nor mended",
              "Applications > Applications > the machine to machine application > Settings > Basic Information"),
        Check("Management domain", "The client_credentials grant answers 403 access_denied, and a Management token 401",
              "Settings > Custom Domains names the custom one; the canonical one stands in Applications > APIs > Auth0 Management API > Identifier"),
        Check("Management grant", "The client_credentials grant answers 403 access_denied: Client is not authorized to access ...",
              f"{_MACHINE} > the application"),
        Check("Management scopes", "A call answers 403 insufficient_scope", f"{_MACHINE} > the application > Permissions"),
        _grant(client, "password grant", _PASSWORD, f"The login answers {_NOT_ALLOWED}", "Password"),
        Check("default directory",
              "Plain password answers 500 server_error: Authorization server not configured with default connection. Trying again does not help",
              "Settings > General > API Authorization Settings > Default Directory", asks=_PASSWORD[:1],
              heard=(("missing", _NO_DIRECTORY, "{outcome}: {description}"), ("not known", _REFUSED, "not known while the password grant is missing"),
                     ("ok", r"\d+ invalid_grant ", "Plain password is looked up in a directory")),
              judge=_has_directory, read="/tenants/settings", change="PATCH /tenants/settings", key="default_directory", value=realm),
        Check("connection", "The password-realm grant answers 400 invalid_request or 403 invalid_grant: Wrong email or password.",
              "Authentication > Database > the connection > Applications; its name is AUTH0_REALM",
              asks=_PASSWORD[1:], heard=_taken("connection", "AUTH0_REALM"), read=_CONNECTIONS, judge=_has_connection),
        Check("audience", "A grant that names AUTH0_AUDIENCE answers 400 invalid_request or 403 access_denied",
              "Applications > APIs > the API > Settings > Identifier; it is AUTH0_AUDIENCE, with its last slash",
              ("audience",), asks=_PASSWORD[1:], heard=_taken("audience", "AUTH0_AUDIENCE")),
        _grant(client, "MFA grant", _MFA, f"The login answers mfa_required, and the step after it {_NOT_ALLOWED}", "MFA"),
        Check("policy",
              "No error at all: the login answers 200 with tokens for the password alone, and no mfa_token, unless an Action asks for the second factor",
              f"{_MULTI} > Define policies > Require Multi-factor Auth > Always",
              judge=_asks_always, read="/guardian/policies", change="PUT /guardian/policies", value=["all-applications"]),
        _factor("push", "push-notification", "Push Notification using Auth0 Guardian", ("push",)),
        Check("push provider",
              "The challenge answers 200, no push reaches the Guardian app, and the poll stays pending until it expires; the tenant's log has gd_send_pn_failure",
              f"{_MULTI} > Push Notification using Auth0 Guardian > Guardian, in the place of Custom", ("push",),
              is_set="The Guardian app gets the pushes", is_not="{now}: pushes go to an app of one's own, not to the Guardian app",
              read=_PROVIDER, change=f"PUT {_PROVIDER}", key="provider", value="guardian"),
        _factor("otp", "otp", "One-time Password", ("otp",)),
        _factor("sms", "sms", "Phone Message", ("sms", "voice"), f"{_OFF}: for SMS and for calls"),
        _message_type("SMS message type", "sms"),
        _message_type("voice message type", "voice"),
        Check("phone provider", wanted_by=("sms", "voice"), read=f"{_FACTORS}/phone/selected-provider", key="provider", judge=_sends_messages),
        _factor("email", "email", "Email", ("email",), f"{_OFF}; no verified address is listed"),
        _factor("recovery code", "recovery-code", "Recovery Code", ("recovery",),
                "No association brings recovery_codes, and the grant answers 403 unsupported_challenge_type: User does not have a recovery-code."),
        _grant(client, "passwordless grant", _PASSWORDLESS, f"POST /passwordless/start and the grant of its code answer {_NOT_ALLOWED}",
               "Passwordless OTP", "passwordless"),
        Check("passwordless connections", "POST /passwordless/start answers 400 bad.connection",
              "Authentication > Passwordless > the connection, and its Applications", ("passwordless",),
              read=_CONNECTIONS, judge=_has_passwordless),
    )
    return {each.name: each for each in rows}
# fmt: on
