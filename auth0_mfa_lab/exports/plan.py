"""The plan of a journal that is to be run again: its steps, and what stands for each value in another run.

A text of the plan is a string with a mark where a variable stands. A value is looked up once, where it stands: it is a
variable, a stand-in, or itself. No export searches its own text for values.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote

from auth0_mfa_lab.polling import Answer, State
from auth0_mfa_lab.secrets.aliases import SHOWN, Alias
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.wire.exchange import Exchange, leaves, plain_data
from auth0_mfa_lab.wire.journal import Journal, OperationCall

Json = Any

# -- a text and its variables

DOMAIN = "AUTH0_DOMAIN"
# Unicode keeps these two characters for a program's own use. `%` says that the value is percent-encoded here.
_MARK = re.compile("\ufdd0(%?)([A-Z][A-Z0-9_]*)\ufdd1")


class Ref(NamedTuple):
    """A variable in a text, such as `MFA_TOKEN_1`; `encoded` where its value is percent-encoded, as in a path."""

    name: str
    encoded: bool = False


def mark(variable: str) -> str:
    """Return what stands for a variable in a text."""
    return f"\ufdd0{variable}\ufdd1"


def pieces(text: str) -> list[str | Ref]:
    """Return what a text says itself, and its variables, in their order."""
    said, *others = _MARK.split(text)
    found: list[str | Ref] = [said]
    for encoded, name, after in zip(others[::3], others[1::3], others[2::3], strict=True):
        found += [Ref(name, bool(encoded)), after]
    return [piece for piece in found if piece]


def refs(value: Json) -> list[Ref]:
    """Return the variables in JSON whose strings are texts."""
    return [each for each in pieces(json.dumps(value, ensure_ascii=False)) if isinstance(each, Ref)]


def one_line(text: str) -> str:
    """Return a text for a comment: each end of a line, of whatever language, is a blank."""
    return " ".join(text.split())


# -- the protocol's own words

_WORDS = """
    get post put patch delete http https com auth0 api v2 well known jwks json openid configuration oauth token revoke
    userinfo mfa associate authenticators challenge passwordless start verify_redirect application x www form urlencoded
    charset utf 8 urn ietf params client assertion jwt bearer basic grant type grant_type client_id client_secret
    client_assertion client_assertion_type username password audience scope realm refresh_token client_credentials
    access_token id_token mfa_token oob_code binding_code binding_method otp recovery recovery_code recovery_codes code
    link send connection email sms voice phone phone_number push oob notification totp webauthn roaming platform
    challenge_type authenticator_type authenticator_types authenticator_id oob_channel oob_channels barcode_uri secret
    id name active state error error_description profile offline_access enroll read remove token_type expires_in users
    by guardian enrollments authentication methods user user_id sub null true false
"""
_WIRE = frozenset(_WORDS.split())
"""Words of the protocol: a name or a constant of them is itself, whatever secret is like it."""
_OF_A_PERSON = ("username", "password", "phone_number", "email")
_OF_SETTINGS = ("client_id", "client_secret", "public_client_id", "mgmt_client_id", "mgmt_client_secret", "audience")
"""The fields that a script can bring; each is a variable of `auth0-mfa-lab serve --env-file`."""
_CONSTANT = frozenset(
    {
        *("", "grant_type", "challenge_type", "authenticator_types", "oob_channels", "client_assertion_type"),
        *("connection", "realm", "send", "scope", "audience"),
    }
)
"""The fields of constants, beside those of ids; a header is in none."""
_ID = re.compile(r"(?:[a-z][a-z0-9_]*_)?id|sub")
HEADERS = ("authorization", "content-type", "x-request-language")
_KINDS = {"application/x-www-form-urlencoded": "form", "application/json": "json"}


def _is_wire(text: str) -> bool:
    return bool(re.fullmatch(r"[\w ./:-]+", text)) and _WIRE.issuperset(re.findall(r"[a-z0-9_]+", text.lower()))


# -- one request


class Call(NamedTuple):
    """A request, in the forms that the languages need; every string is a text.

    `body` is the body as its `kind` wants it: the fields of a `form`, the data of `json`, or `raw` text; there may be
    none. `basic` has the two halves of HTTP Basic, which are in no header then. `outcome` is the error of its answer,
    or the reason.
    """

    number: int
    method: str
    target: str
    headers: dict[str, str]
    basic: tuple[str, str] | None
    kind: str
    body: Json
    outcome: str

    @property
    def fields(self) -> dict[str, Json]:
        """The fields of its body; none where that is no object."""
        return self.body if isinstance(self.body, dict) else {}

    def headers_but_type(self, *kinds: str) -> dict[str, str]:
        """Return the headers without the type of a body that is of one of these kinds."""
        return {name: text for name, text in self.headers.items() if name != "content-type" or self.kind not in kinds}

    @property
    def line(self) -> str:
        """What it asks for, in a word to a reader; a variable is named in braces."""
        return one_line(f"{self.method} {_MARK.sub(lambda match: f'{{{match[2].lower()}}}', self.target)}")


# -- the steps

QUESTIONS = {
    "scan": "Scan this as a QR with your phone, then press Enter",
    "allow": "Allow the push on your phone, then press Enter",
    "reject": "Reject the push on your phone, then press Enter",
    "otp": "The 6-digit code of the authenticator app",
    "recovery_code": "The recovery code of the user",
    "mfa": "The code that was sent for the second factor",
    "passwordless": "The code that was sent for the login",
}
"""What a person is asked, where no served sandbox's phone and inbox are."""


class Pick(NamedTuple):
    """One object of a list: the `nth` (from 0) of those whose `field` has this value."""

    field: str
    value: str
    nth: int


Path = tuple[str | int | Pick, ...]
"""The keys, the indexes and the choices that lead to a value in JSON."""


class Title(NamedTuple):
    """What follows stands under this title; or a remark."""

    text: str


class Make(NamedTuple):
    """A fresh user with these factors, made after so many exchanges; `fields` has the variables that it brings."""

    user: str
    after: int
    factors: tuple[str, ...]
    fields: dict[str, str]

    @property
    def question(self) -> str:
        """What a person is asked for the recovery code."""
        return QUESTIONS["recovery_code"]


class Send(NamedTuple):
    """A request, whose answer has this status again and brings these variables. A poll is sent until it is answered."""

    call: Call
    status: int
    captures: dict[str, Path]
    is_poll: bool


class Act(NamedTuple):
    """The phone does something, or somebody reads a code into `variable`.

    `given` is the barcode, the reason of a rejection, or the address of a message. `refused` says that the tenant
    refused what the phone said.
    """

    verb: str
    given: str = ""
    purpose: str = ""
    variable: str = ""
    refused: bool = False

    @property
    def question(self) -> str:
        """What a person is asked."""
        asked = QUESTIONS[self.purpose or self.verb]
        return f"{asked}: {self.given}" if self.verb == "scan" else asked

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the command `auth0-mfa-lab` that do this on a served sandbox."""
        if self.verb == "message":
            return ("code", self.given, "--purpose", self.purpose, "--wait", "5")
        return ("phone", self.verb, self.given) if self.given else ("phone", self.verb)


class Wait(NamedTuple):
    """So many seconds pass: what expires by then has expired."""

    seconds: int


Step = Title | Make | Send | Act | Wait
S = TypeVar("S", bound=Step)


class Plan(NamedTuple):
    """All steps in their order, and the variables that a script is given: those that nothing of it brings."""

    steps: tuple[Step, ...]
    given: tuple[str, ...]

    def of(self, kind: type[S]) -> list[S]:
        """Return the steps of one kind."""
        return [step for step in self.steps if isinstance(step, kind)]


# -- what stands for a value


class Values:
    """What stands for each value of a journal in another run, and so each of its requests."""

    def __init__(self, journal: Journal) -> None:
        """Go through a journal once: a later request says what an earlier answer brought."""
        self.aliases = journal.aliases
        self.users: list[Make] = []
        """The users that `lab.user(...)` made."""
        self.variable_of: dict[str, str] = {}
        """The variable of each secret that is said, and of each id that an answer brought and a request says."""
        self._bringing: dict[str, list[str]] = {}
        self._ids: dict[str, str] = {}
        self._stand_ins: dict[str, str] = {}
        self._wrong = 0  # the number of the exchange at hand, if it was refused: what is new in it was wrong
        tenant = {name: each for name, each in journal.operations.tenant.items() if isinstance(each, str)}
        self._domain = tenant.get("domain") or "no domain"
        self._marked = re.compile(rf"{SHOWN.pattern}|(?<=//){re.escape(self._domain)}(?![\w.:-])")
        done = [each for each in journal.operations if each.refused is None]
        for call in done:
            if call.operation == "add_user":
                self._learn_user(call)
        for name in (*_OF_SETTINGS, *(() if self.users else _OF_A_PERSON)):
            if value := tenant.get(name):
                self._bringing.setdefault(value, []).append(f"AUTH0_{name.upper()}")
        self.calls = {each.number: self._call(each) for each in journal}
        read = [each for call in done if call.operation == "messages" for each in call.result["messages"]]
        self.messages = {self.variable_of.get(each["code"], ""): (each["purpose"], each["address"]) for each in read}
        """The purpose and the address of each code that was read in the inbox, by its variable."""

    def name(self, name: str) -> str:
        """Return the name of a field, or another constant, with each secret in it under its alias."""
        return name if _is_wire(name) else self.aliases.mask(name)

    def text(self, value: str, field: str = "") -> str:
        """Return a value of a field of this name as a text; a part of a path has the field of its noun's id."""
        variable = self._variable(value, field)
        if field in _CONSTANT or _ID.fullmatch(field):
            fits = field and variable.startswith(f"AUTH0_{field.upper()}")
            if not fits and _is_wire(value.replace(self._domain, "")):
                return self._marks(value, field)
        if not variable and value in self._ids and not (variable := self.variable_of.get(value, "")):
            name = (field if field != "id" and _ID.fullmatch(field) else self._ids[value]).upper()
            number = 1
            while f"{name}_{number}" in self.variable_of.values() or self.aliases.named(f"<{name.lower()} {number}>"):
                number += 1
            variable = self.variable_of[value] = f"{name}_{number}"
        return mark(variable) if variable else self.masked(value, field)

    def masked(self, value: str, field: str = "") -> str:
        """Return a text with a variable for each secret in it, and for the tenant's domain where it is a URL's."""
        return self._marks(self.aliases.mask(value), field)

    def answered(self, exchange: Exchange) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield the strings of an answer's JSON, but those whose way leads over a name that holds a secret."""
        for path, value in leaves(plain_data(exchange.response)) if exchange.response else ():
            if isinstance(value, str) and all(self.name(each) == each for each in path if isinstance(each, str)):
                yield path, value

    def _learn_user(self, call: OperationCall) -> None:
        suffix = f"_{len(self.users) + 1}" if self.users else ""
        fields = {f"AUTH0_{name.upper()}{suffix}": name for name in _OF_A_PERSON if call.result.get(name)}
        if alias := self.aliases.known(call.result.get("recovery_code") or ""):
            fields[f"RECOVERY_CODE_{alias.number}"] = "recovery_code"
        for variable, name in fields.items():
            self._bringing.setdefault(call.result[name], []).append(variable)
        self.users.append(Make(f"user{suffix}", call.after, tuple(call.result["factors"]), fields))

    def _variable(self, value: str, field: str) -> str:
        """Return the variable of a user or of the settings that brings a value, one of this field before others."""
        found = self._bringing.get(value, [])
        return min(found, key=lambda each: not (field and each.startswith(f"AUTH0_{field.upper()}")), default="")

    def _marks(self, masked: str, field: str) -> str:
        def instead(match: re.Match[str]) -> str:
            alias = self.aliases.named(match[0])
            if alias is None:
                return mark(DOMAIN) if match[0] == self._domain else match[0]
            if variable := self._variable(alias.value, field):
                return mark(variable)
            if alias.born == self._wrong and not alias.answered:
                self._stand_ins[alias.shown] = self._like(alias)
            if alias.shown in self._stand_ins:
                return self._stand_ins[alias.shown]
            return mark(self.variable_of.setdefault(alias.value, f"{alias.kind.upper()}_{alias.number}"))

        return self._marked.sub(instead, masked)

    def _like(self, alias: Alias) -> str:
        """Return a value of a secret's shape, with one digit for all and one letter, which no secret has."""
        signs = zip("0123456789", "ABCDEFGHIJ", strict=True) if alias.kind != "password" else ()
        others = (re.sub(r"\d", digit, re.sub("[^\\W\\d_]", letter, alias.value)) for digit, letter in signs)
        wrong = f"a wrong {alias.kind.replace('_', ' ')} {alias.number}"
        return next((str(each) for each in others if self.aliases.known(each) is None), wrong)

    def _call(self, exchange: Exchange) -> Call:
        request, is_app = exchange.request, exchange.speaker == "app"
        is_wrong = is_app and (exchange.status or 0) >= 400 and exchange.error != "mfa_required"
        self._wrong = exchange.number if is_wrong else 0
        data, kind = plain_data(request), _KINDS.get(request.media_type, "raw")
        raw = str(request.text)
        target = self._target(str(request.target))
        headers = {name: self._header(str(value)) for name in HEADERS if (value := request.header(name))}
        if basic := self._basic(str(request.header("authorization") or "")):
            del headers["authorization"]
        is_taken_apart = kind != "raw" and data is not None
        call = Call(
            number=exchange.number,
            method=self.name(request.method),
            target=target,
            headers=headers,
            basic=basic,
            kind=kind if is_taken_apart else "raw" if raw else "",
            body=self._data(data) if is_taken_apart else self.masked(raw),
            outcome=one_line(exchange.outcome).partition(" ")[2],
        )
        for path, value in self.answered(exchange) if is_app else ():
            named = _field(path)
            is_plain = value not in self._bringing and self.aliases.mask(value) == value
            if _ID.fullmatch(named) and is_plain and len(value) > 3:
                self._ids.setdefault(value, named)
        return call

    def _target(self, target: str) -> str:
        """Return a path with its query; a variable is percent-encoded there if its value was."""
        written, before = "", ""
        found: set[Alias] = set()
        for sign, part in re.findall(r"([/?&=]?)([^/?&=]*)", target):
            value = unquote(part)
            found.update(self.aliases.in_text(part), self.aliases.in_text(value))
            noun = re.sub(r"[^a-z]+", "_", before.lower()).removesuffix("s")
            text = self.text(value, before if sign == "=" else f"{noun}_id".lstrip("_"))
            if value != part:
                text = _MARK.sub("\ufdd0%\\2\ufdd1", text) if _MARK.search(text) else self.masked(part)
            written, before = f"{written}{sign}{text}", part
        # A secret that has one of the separators in it is found in the whole alone.
        return written if found.issuperset(self.aliases.in_text(target)) else self.masked(target)

    def _header(self, value: str) -> str:
        scheme, _, rest = value.partition(" ")
        return f"{self.name(scheme)} {self.text(rest, 'token')}" if rest else self.text(scheme)

    def _basic(self, authorization: str) -> tuple[str, str] | None:
        """Return the two halves of HTTP Basic, or None."""
        scheme, _, rest = authorization.partition(" ")
        try:
            user, colon, password = base64.b64decode(rest, validate=True).decode().partition(":")
        except ValueError:
            return None
        # Each half was percent-encoded before it was encoded: what needs no such thing is the same with and without.
        halves = self.text(unquote(user), "client_id"), self.text(unquote(password), "client_secret")
        return halves if colon and scheme.lower() == "basic" else None

    def _data(self, value: Json, field: str = "") -> Json:
        """Return JSON whose strings are texts; a number that is a secret becomes one."""
        if isinstance(value, dict):
            return {self.name(key): self._data(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self._data(each, field) for each in value]
        if isinstance(value, str | int) and not isinstance(value, bool):
            text = self.text(str(value), field)
            return value if text == str(value) else text
        return value


def _field(path: Sequence[str | int]) -> str:
    return next((each for each in reversed(path) if isinstance(each, str)), "")


# -- from exchanges to steps

_CODES = ("BINDING_CODE", "OTP", "CODE")
"""The variables of what a person reads somewhere and types, without their numbers."""
_LONGER_THAN_A_POLL = 30
"""In seconds: what lies between two polls is less."""


def plan_of(journal: Journal) -> Plan:
    """Return the plan of a journal."""
    return _Planner(journal).plan(journal)


class _Planner:
    """Goes through the runs of a journal, and knows at each which codes have been read by then."""

    def __init__(self, journal: Journal) -> None:
        self._values = Values(journal)
        self._has_own_time = journal.operations.tenant.get("kind") == "sandbox"
        self._steps: list[Step] = []
        self._there: set[str] = set()  # what an answer has brought, and what somebody has read
        self._barcodes: dict[str, str] = {}  # the variable of each, by its URI
        self._unscanned = ""  # the variable of the newest secret of one-time codes, until a code of it is read
        self._address = mark("AUTH0_PHONE_NUMBER")  # where the last code was sent, as far as the application said it

    def plan(self, journal: Journal) -> Plan:
        users, title, before = [*self._values.users], None, None
        for run in self._runs(journal):
            first = run[0]
            while users and users[0].after < first.number:
                self._steps.append(users.pop(0))
            if first.step and first.step != title:
                self._steps.append(Title(one_line(self._values.aliases.mask(first.step))))
            # What lies between two polls passes by itself.
            seconds = int(first.at - before.at) if before and self._has_own_time else 0
            is_long = seconds >= (_LONGER_THAN_A_POLL if self._is_poll(first) else 1)
            waited: list[Step] = [Wait(seconds)] if is_long else []
            if first.speaker == "phone":
                self._steps += [*waited, self._of_the_phone(first)]
            else:
                self._sent(run, waited)
            title, before = first.step, run[-1]
        return _pruned(self._steps)

    def _runs(self, journal: Journal) -> Iterator[list[Exchange]]:
        """Yield the exchanges of each poll together, and every other one by itself."""
        run: list[Exchange] = []
        for each in journal:
            is_same = bool(run) and self._is_poll(each) and each.request.body == run[0].request.body
            if run and not (is_same and _is_waiting(run[-1])):
                yield run
                run = []
            run.append(each)
        if run:
            yield run

    def _is_poll(self, exchange: Exchange) -> bool:
        """Say whether a request asks if the phone has answered: the grant of an oob_code without a binding_code."""
        fields = self._values.calls[exchange.number].fields
        return str(fields.get("grant_type")).endswith("/mfa-oob") and not fields.get("binding_code")

    def _of_the_phone(self, exchange: Exchange) -> Step:
        refused, data = (exchange.status or 0) >= 400, plain_data(exchange.request)
        path, in_text = exchange.request.target.partition("?")[0], self._values.aliases.in_text
        if path.endswith("/enroll"):
            ticket = in_text(str(exchange.request.header("authorization")))
            for uri, variable in reversed(self._barcodes.items()):
                if not set(ticket).isdisjoint(in_text(uri)):
                    return Act("scan", mark(variable), refused=refused)
        elif path.endswith("/resolve-transaction") and isinstance(data, dict):
            claims = claims_of(str(data.get("challenge_response"))) or {}
            verb = "allow" if claims.get("auth0_guardian_accepted") is True else "reject"
            reason = self._values.text(str(claims.get("auth0_guardian_reason") or ""), "reason")
            # A secret in a reason has no variable by then.
            return Act(verb, "" if refs(reason) else reason, refused=refused)
        return Title(f"The phone said {self._values.calls[exchange.number].line}: there is no command for it")

    def _sent(self, run: list[Exchange], waited: list[Step]) -> None:
        first, last = next((each for each in run if each.status is not None), None), run[-1]
        if first is None:
            line = self._values.calls[last.number].line
            self._steps.append(Title(f"{line}: it got no answer, and is left out"))
            return
        # A code that was refused may have grown old meanwhile.
        is_old = last.error not in (None, "mfa_required")
        read = [*self._read(self._values.calls[first.number])]
        self._steps += [*read, *waited] if is_old else [*waited, *read]
        is_unanswered = self._is_poll(last) and _is_waiting(last)
        seconds = int(last.at - run[0].at) if self._has_own_time else 0
        if is_unanswered and len(run) > 1:
            self._steps.append(Title(f"Polled {len(run)} times; one poll shows that the answer is pending"))
        if is_unanswered or seconds >= _LONGER_THAN_A_POLL:
            self._send(first)
        if seconds >= _LONGER_THAN_A_POLL:
            self._steps.append(Wait(seconds))
        if not is_unanswered:
            self._send(last)

    def _send(self, exchange: Exchange) -> None:
        """Add the sending of a request, with each value of its answer that has a variable."""
        call, data = self._values.calls[exchange.number], plain_data(exchange.response) if exchange.response else None
        captures: dict[str, Path] = {}
        for path, value in self._values.answered(exchange):
            variable = self._values.variable_of.get(value, "")
            if _field(path) == "barcode_uri":
                variable = self._barcodes.setdefault(value, f"BARCODE_URI_{len(self._barcodes) + 1}")
                self._unscanned = self._unscanned if "enrollment_tx_id=" in value else variable
            if variable:
                captures.setdefault(variable, _way(data, path))
        self._there.update(captures)
        self._address = call.fields.get("phone_number") or call.fields.get("email") or self._address
        is_poll = self._is_poll(exchange) and not _is_waiting(exchange)
        self._steps.append(Send(call, exchange.status or 0, captures, is_poll))

    def _read(self, call: Call) -> Iterator[Step]:
        """Yield what has to be read before a request can be sent."""
        for variable in dict.fromkeys(each.name for each in refs(call)):
            if variable.rpartition("_")[0] not in _CODES or variable in self._there:
                continue
            self._there.add(variable)
            purpose, address = self._values.messages.get(variable, ("mfa", ""))
            if address:
                address = self._values.text(address, "email" if "@" in address else "phone_number")
            elif str(call.fields.get("grant_type")).endswith("/passwordless/otp"):
                purpose, address = "passwordless", self._address
            elif "oob_code" in call.fields:
                address = self._address
            elif self._unscanned:
                yield Act("scan", mark(self._unscanned))
                self._unscanned = ""
            yield Act("message", address, purpose, variable) if address else Act("code", "", "otp", variable)


def _pruned(steps: Sequence[Step]) -> Plan:
    """Return the plan of these steps: what no step says is not brought, and what nothing has brought is given."""
    said = {each.name for each in refs(steps)}
    kept: list[Step] = []
    there: set[str] = set()
    given: dict[str, None] = {}
    for step in steps:
        for each in refs(step):
            if each.name not in there:
                given[each.name] = None
                there.add(each.name)
        if isinstance(step, Make):
            step = step._replace(fields={name: field for name, field in step.fields.items() if name in said})
            there.update(step.fields)
        elif isinstance(step, Send):
            new = said - there
            step = step._replace(captures={name: path for name, path in step.captures.items() if name in new})
            there.update(step.captures)
        elif isinstance(step, Act):
            there.add(step.variable)
        if not isinstance(step, Make) or step.fields:
            kept.append(step)
    return Plan(tuple(kept), tuple(given))


def _way(data: Json, path: Sequence[str | int]) -> Path:
    """Return the way to a value; one object of a list is chosen by what tells it from the others, if anything does."""
    way: list[str | int | Pick] = []
    for step in path:
        way.append(_choice(data, step) if isinstance(step, int) else step)
        data = data[step]
    return tuple(way)


def _choice(items: Sequence[Json], index: int) -> int | Pick:
    for field in ("oob_channel", "authenticator_type", "type"):
        kinds = [each.get(field) if isinstance(each, dict) else None for each in items]
        if isinstance(kind := kinds[index], str) and _is_wire(kind):
            return Pick(field, kind, kinds[:index].count(kind))
    return index


def _is_waiting(exchange: Exchange) -> bool:
    """Say whether an answer to a poll is not the last one: pending, too fast, or lost."""
    return Answer.of(exchange).state is State.PENDING
