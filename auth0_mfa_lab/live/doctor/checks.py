"""What the doctor looks at: each variable, and each setting of a tenant in the order in which the findings are shown.

Of a setting a row says what is asked of the token endpoint and what is read by the Management API, what one meets while
it is missing, where it is mended, and by which call. Source: the reference, sections 9 and 10. Of a variable no value
is quoted: what was pasted into the wrong line may be a secret.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from itertools import compress
from typing import Literal
from urllib.parse import quote

from auth0_mfa_lab.settings import Settings, malformed
from auth0_mfa_lab.wire.exchange import Exchange, Json

FEATURES = ("push", "otp", "sms", "voice", "email", "recovery", "passwordless")
"""What one may want of a tenant beside the password and the policy."""
State = Literal["ok", "missing", "not known"]
Verdict = tuple[State, str]
"""How a setting stands, and what is said of it."""
Rows = tuple[tuple[State, str, str], ...]
"""A state, a pattern of what an answer says, and what is said then; the first row that fits counts."""

_MOST_CHARACTERS = 300
_LEGACY = "http://auth0.com/oauth/grant-type/"
_PASSWORD = ("password", f"{_LEGACY}password-realm")
_MFA = tuple(f"{_LEGACY}mfa-{each}" for each in ("oob", "otp", "recovery-code"))
_PASSWORDLESS = (f"{_LEGACY}passwordless/otp",)
_BEARER = '-H "Authorization: Bearer $AUTH0_MGMT_TOKEN"'


@dataclass(frozen=True, slots=True)
class Finding:
    """One setting, or one thing on the way to the tenant, and how it stands; `not known` is no fault.

    `symptom` is what an application meets while it is missing; `call` is the Management API's call in `curl` and `cli`
    (Auth0's command line), which mend it. One that `stops` makes all that follows meaningless.
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


@dataclass(frozen=True, slots=True)
class Check:
    """One setting: how the doctor finds out about it, what one meets while it is missing, and where it is mended.

    `asks` are grants that the token endpoint is asked for, `heard` the rows of what it answers: that something is missing
    where one answer fits, any other where all do. `read` is a path behind `/api/v2`: the setting is the member `key` of
    its answer (None: the whole), in a list that of the item named `item`, or those of all connections that are on for
    `client_id`; `shown` are its rows. The call `change` mends it: a tuple in `value` is added to a list.
    """

    name: str
    symptom: str = ""
    dashboard: str = ""
    wanted_by: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    heard: Rows = ()
    read: str = ""
    shown: Rows = ()
    key: str | None = None
    item: str = ""
    client_id: str = ""
    change: str = ""
    value: Json = None

    def hears(self, answers: Mapping[str, Exchange], how: str) -> Verdict:
        """Return how the setting stands, by the token endpoint's answers; `how` the application authenticates."""
        fits = list[str]()
        for state, pattern, said in self.heard:
            fits = [each for each in self.asks if re.match(pattern, told(answers[each]), re.DOTALL | re.IGNORECASE)]
            if len(fits) == len(self.asks) or (fits and state == "missing"):
                outcome, description = answers[fits[0]].outcome, answers[fits[0]].error_description
                return state, said.format(grants=", ".join(fits), how=how, outcome=outcome, description=description)
        return "not known", f"not known: {next(answers[each] for each in self.asks if each not in fits).outcome}"

    def sees(self, now: Json) -> Verdict | None:
        """Return how the setting stands, by what it is now (of a list by what it lacks); None where no row fits."""
        lacking = words(self.then(now)[len(now) :] if self.adds else now)
        for state, pattern, said in self.shown:
            if re.match(pattern, lacking):
                return state, said.format(now=words(now), lacking=lacking)
        return None

    @property
    def adds(self) -> bool:
        """Whether it is a list to which the values are added."""
        return isinstance(self.value, tuple)

    @property
    def call(self) -> str:
        """The call that mends it in words, `PUT /api/v2/guardian/policies`; "" where there is none."""
        return self.change.replace(" ", " /api/v2")

    def now(self, answer: Json) -> list[Json]:
        """Return the setting as an answer to `read` tells it, or nothing where what is written might lose something."""
        every = answer if self.item or self.client_id else [answer]
        items = [each for each in every if isinstance(each, dict)] if isinstance(every, list) else []
        found = [each.get(self.key) for each in items if self.item in ("", each.get("name"))]
        if self.key is None:
            found = [answer]
        elif self.client_id and isinstance(answer, list):
            enabled = [each.get("enabled_clients") for each in items]
            on = [not isinstance(clients, list) or self.client_id in clients for clients in enabled]
            found = [list(compress(found, on))]
        return [each for each in found[:1] if isinstance(each, list) or not (self.key is None or self.adds)]

    def then(self, now: Json) -> Json:
        """Return the setting as it is to be, by what it is now: a list keeps what it has."""
        return [*now, *(each for each in self.value if each not in now)] if self.adds else self.value

    def body(self, then: Json) -> Json:
        """Return the body that sets it."""
        return then if self.key is None else {self.key: then}

    def commands(self, domain: str) -> tuple[str, str]:
        """Return what mends it with curl (and jq, where a list is added to), and with Auth0's command line."""
        if not self.change:
            return "", ""
        api, key, (method, path) = f"https://{domain}/api/v2", self.key, self.change.split()
        curl = f'curl -sS -X {method} "{api}{path}" {_BEARER} -H "content-type: application/json"'
        cli = f'auth0 api {method.lower()} "{path.lstrip("/")}"'
        if not self.adds:
            written = shlex.quote(json.dumps(self.body(self.value)))
            return f"{curl} -d {written}", f"{cli} --data {written}"
        merging = shlex.quote(f"{{{key}: (.{key} + ({json.dumps(self.value)} - .{key}))}}")
        return (
            f'curl -sS "{api}{self.read}" {_BEARER} |\n  jq -c {merging} |\n  {curl} -d @-',
            f'auth0 api get "{self.read.lstrip("/")}" | jq -c {merging} | {cli}',
        )


def told(answer: Exchange) -> str:
    """Return what an answer of the token endpoint says: `403 invalid_grant Wrong email or password.`."""
    return f"{answer.status} {answer.error} {answer.error_description}"


def words(value: Json) -> str:
    """Return a setting in a few words."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return (", ".join(map(str, value)) if isinstance(value, list) else str(value or "")) or "none"


def one_line(text: str) -> str:
    """Return a text, which a tenant may have written, as one line of printable characters, and not without end."""
    line = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in " ".join(text.split()))
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 4]} ..."


# -- the settings of the tenant

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
    heard: Rows = (
        ("missing", _REFUSED, "{outcome}: not allowed: {grants}"),
        ("ok", _LOOKED_AT, f"The application may use {all_of}"),
    )
    return Check(
        name, symptom, f"{_APPLICATION} > Advanced Settings > Grant Types > {box}", wanted_by, grants, heard,
        f"{client}?fields=grant_types", (("ok", "none$", f"The application has {all_of}"), ("missing", "", "The application lacks {lacking}")),
        key="grant_types", change=f"PATCH {client}", value=grants,
    )  # fmt: skip


def _factor(name: str, factor: str, place: str, wanted_by: tuple[str, ...], symptom: str = _OFF) -> Check:
    return Check(
        name, symptom, f"{_MULTI} > {place}", wanted_by, read=_FACTORS, key="enabled", item=factor,
        shown=(("ok", "on$", "The factor is on"), ("missing", "off$", f"The factor {factor} is off")),
        change=f"PUT {_FACTORS}/{factor}", value=True,
    )  # fmt: skip


def _message_type(name: str, feature: str) -> Check:
    path = f"{_FACTORS}/phone/message-types"
    symptom = f"POST /mfa/associate with {feature} answers unsupported_challenge_type, as for a factor that is off"
    return Check(
        name, symptom, f"{_MULTI} > Phone Message > Delivery method", (feature,),
        read=path, shown=(("ok", "none$", f"{feature} is ticked"), ("missing", "", "The phone factor may use {now}")),
        key="message_types", change=f"PUT {path}", value=(feature,),
    )  # fmt: skip


def _taken(word: str, variable: str) -> Rows:
    refused = f"{variable} is refused: {{outcome}}: {{description}}"
    return ("missing", rf"\d+ invalid_request .*{word}", refused), ("ok", r"\d+ invalid_grant ", f"{variable} is taken")


# fmt: off
def checks_of(client_id: str, realm: str) -> dict[str, Check]:
    """Return every row by its name, first things first, for an application and a connection."""
    client = f"/clients/{quote(client_id, safe='')}"
    rows = (
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
              shown=(("missing", "none$", "The tenant has none"), ("ok", "", "{now}")), read="/tenants/settings", change="PATCH /tenants/settings", key="default_directory", value=realm),
        Check("connection", "The password-realm grant answers 400 invalid_request or 403 invalid_grant: Wrong email or password.",
              "Authentication > Database > the connection > Applications; its name is AUTH0_REALM",
              asks=_PASSWORD[1:], heard=_taken("connection", "AUTH0_REALM"), read=_CONNECTIONS, key="name", client_id=client_id, value=(realm,),
              shown=(("ok", "none$", f"{realm} is there"),
                     ("missing", "", "The connection of AUTH0_REALM is not there, or is not enabled for the application"))),
        Check("audience", "A grant that names AUTH0_AUDIENCE answers 400 invalid_request or 403 access_denied",
              "Applications > APIs > the API > Settings > Identifier; it is AUTH0_AUDIENCE, with its last slash",
              ("audience",), asks=_PASSWORD[1:], heard=_taken("audience", "AUTH0_AUDIENCE")),
        _grant(client, "MFA grant", _MFA, f"The login answers mfa_required, and the step after it {_NOT_ALLOWED}", "MFA"),
        Check("policy",
              "No error at all: the login answers 200 with tokens for the password alone, and no mfa_token, unless an Action asks for the second factor",
              f"{_MULTI} > Define policies > Require Multi-factor Auth > Always",
              shown=(("ok", ".*all-applications", "A second factor is always asked for"),
                     ("missing", "none$", "No policy: no login is asked for a second factor"),
                     ("not known", "", "{now}: Auth0 decides at each login whether it asks")), read="/guardian/policies", change="PUT /guardian/policies", value=["all-applications"]),
        _factor("push", "push-notification", "Push Notification using Auth0 Guardian", ("push",)),
        Check("push provider",
              "The challenge answers 200, no push reaches the Guardian app, and the poll stays pending until it expires; the tenant's log has gd_send_pn_failure",
              f"{_MULTI} > Push Notification using Auth0 Guardian > Guardian, in the place of Custom", ("push",),
              shown=(("ok", "guardian$", "The Guardian app gets the pushes"),
                     ("missing", "(?!none$)", "{now}: pushes go to an app of one's own, not to the Guardian app")),
              read=_PROVIDER, change=f"PUT {_PROVIDER}", key="provider", value="guardian"),
        _factor("otp", "otp", "One-time Password", ("otp",)),
        _factor("sms", "sms", "Phone Message", ("sms", "voice"), f"{_OFF}: for SMS and for calls"),
        _message_type("SMS message type", "sms"),
        _message_type("voice message type", "voice"),
        Check("phone provider", wanted_by=("voice",), read=f"{_FACTORS}/phone/selected-provider", key="provider",
              shown=(("not known", "auth0$", "auth0: Auth0's own provider sends SMS only. A call needs one of your own"), ("ok", "(?!none$)", "{now}"))),
        _factor("email", "email", "Email", ("email",), f"{_OFF}; no verified address is listed"),
        _factor("recovery code", "recovery-code", "Recovery Code", ("recovery",),
                "No association brings recovery_codes, and the grant answers 403 unsupported_challenge_type: User does not have a recovery-code."),
        _grant(client, "passwordless grant", _PASSWORDLESS, f"POST /passwordless/start and the grant of its code answer {_NOT_ALLOWED}",
               "Passwordless OTP", "passwordless"),
        Check("passwordless connections", "POST /passwordless/start answers 400 bad.connection",
              "Authentication > Passwordless > the connection, and its Applications", ("passwordless",),
              read=_CONNECTIONS, key="strategy", client_id=client_id, value=("email", "sms"),
              shown=(("ok", "none$", "email and sms are there"), ("missing", "", "Not there, or off for the application: {lacking}"))),
    )
    return {each.name: each for each in rows}
# fmt: on


# -- the variables

_OF_THE_LAB = ("tenant", "show_people", "raise", "confirm", "virtual_phone", "allow_live")
_OTHERS = {each.name for each in fields(Settings)} - {*_OF_THE_LAB, "notice", "raise_failures"}
KNOWN = frozenset(f"AUTH0_{each.upper()}" for each in (*_OTHERS, *(f"lab_{each}" for each in _OF_THE_LAB)))
"""The names of all variables that the lab reads."""
_NEEDED = ("AUTH0_DOMAIN", "AUTH0_CLIENT_ID")  # without these nothing can be asked
_USER = ("AUTH0_USERNAME", "AUTH0_PASSWORD")
_MGMT = ("AUTH0_MGMT_CLIENT_ID", "AUTH0_MGMT_CLIENT_SECRET")
_ONE_WORD = (*_MGMT, "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET", "AUTH0_MGMT_TOKEN", "AUTH0_AUDIENCE")
_CLOSE = 0.84
_SYMPTOM = "Lab.from_env() raises SettingsError, or a call fails in a way that names something else"
_DOTENV = "None: it is a line of .env, or a variable of the environment"
# fmt: off
# The variables, a pattern that is found in a wrong value of theirs, and what is wrong with it; the last row counts. What
# Lab.from_env() refuses as well stands in the settings' own table.
_SHAPES = (
    (("AUTH0_DOMAIN", "AUTH0_MGMT_DOMAIN"), r"^[a-zA-Z0-9-]+\Z", "is a single label: it lacks its region, as in tenant.eu.auth0.com"),
    (("AUTH0_AUDIENCE",), r"://.*/(mfa|api/v2)\Z", "has no slash at its end, as the identifiers of .../mfa/ and .../api/v2/ have"),
    (("AUTH0_LAB_CONFIRM",), r"^(?!(each|once|never)\Z)", "is neither each nor once nor never"),
    (_ONE_WORD, r"\s", "has a blank in it, or at an end"),
    (tuple(KNOWN), r"^(['\"]).*\1\Z", "has quotes that are a part of its value: take them away"),
)
# fmt: on


def faults(values: Mapping[str, str]) -> list[Finding]:
    """Return a finding for each of the `AUTH0_` variables that is wrong; where none is, one that all is well.

    One without which nothing can be asked stops. `values` have no blanks around them.
    """
    said = {
        f"AUTH0_{field.upper()}": f"is not {wanted}"
        for field, wanted in malformed(lambda field: values.get(f"AUTH0_{field.upper()}"))
    }
    for names, pattern, wrong in _SHAPES:
        said |= {name: wrong for name in names if name in values and re.search(pattern, values[name], re.DOTALL)}
    said |= {name: "is missing" for name in _NEEDED if name not in values}
    said |= {name: "is missing: the notebooks log in with it" for name in _USER if name not in values}
    for name, other in (_MGMT, _MGMT[::-1]):
        if name in values and other not in values:
            said[other] = f"is missing, and {name} is set: set both, or neither"
    named = [fault(name, f"{name} {wrong}", stops=name in _NEEDED) for name, wrong in said.items()]
    found = [*misspelled(values), *named]
    return found or [Finding("settings", "ok", f"{len(KNOWN & values.keys())} variables are set, and well formed")]


def misspelled(values: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding for each variable that is not read, and whose name is nearly that of one that is not set."""
    for name in sorted(values.keys() - KNOWN):
        if close := get_close_matches(name.upper(), sorted(KNOWN - values.keys()), n=1, cutoff=_CLOSE):
            yield fault(name, f"{name} is not read. Did you mean {close[0]}?")


def fault(name: str, said: str, *, stops: bool = False) -> Finding:
    """Return the finding about a variable that is wrong, or about settings that no lab can be opened with."""
    return Finding(name, "missing", said, _SYMPTOM, _DOTENV, stops=stops)
