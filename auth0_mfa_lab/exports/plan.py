"""The plan of a journal that is to be run again: its steps, and what stands for each value in another run.

A text of the plan is a string with a mark where a variable stands. A value is looked up once, where it stands: it is a
variable, a stand-in, or itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import unquote

from auth0_mfa_lab.polling import Answer, State
from auth0_mfa_lab.secrets.aliases import SHOWN, Alias
from auth0_mfa_lab.secrets.claims import claims_of, from_base64
from auth0_mfa_lab.wire.exchange import Exchange, leaves, plain_data
from auth0_mfa_lab.wire.journal import Journal

Json = Any

# -- a text and its variables

# Unicode keeps these two characters for a program's own use. `%` says that the value is percent-encoded here.
_MARK = re.compile("\ufdd0(%?)([A-Z][A-Z0-9_]*)\ufdd1")


class Ref(NamedTuple):
    """A variable in a text; `encoded` where its value is percent-encoded, as in a path."""

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
    """Return a text for a comment: each end of a line, in any of the languages, is a blank."""
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
_WIRE = frozenset(_WORDS.split())  # a name or a constant of them is itself, though a secret may equal it
# The fields that a script can bring; each is a variable of `auth0-mfa-lab serve --env-file`.
_OF_A_PERSON = ("username", "password", "phone_number", "email")
_OF_SETTINGS = ("client_id", "client_secret", "public_client_id", "mgmt_client_id", "mgmt_client_secret", "audience")
_ID = re.compile(r"(?:[a-z][a-z0-9_]*_)?id|sub")
# The fields of constants and ids; a header is in none.
_CONSTANT = re.compile(
    "|grant_type|challenge_type|authenticator_types|oob_channels|client_assertion_type|connection|realm|send|scope"
    f"|audience|{_ID.pattern}"
)
HEADERS = ("authorization", "content-type", "x-request-language")
_KINDS = {"application/x-www-form-urlencoded": "form", "application/json": "json"}
_CODES = ("BINDING_CODE", "OTP", "CODE")  # the variables of what a person reads somewhere and types
_LONGER_THAN_A_POLL = 30  # seconds


def _is_wire(text: str) -> bool:
    return bool(re.fullmatch(r"[\w ./:-]+", text)) and _WIRE.issuperset(re.findall(r"[a-z0-9_]+", text.lower()))


# -- one request


class Call(NamedTuple):
    """A request, in the forms that the languages need; every string is a text.

    `body` has the fields of a `form`, the data of `json`, or `raw` text, as its `kind` says; `basic` the two halves of
    HTTP Basic, which are in no header then; `outcome` the error of its answer, or the reason.
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
        """The fields of its body, if it has any."""
        return self.body if isinstance(self.body, dict) else {}

    def headers_but_type(self, *kinds: str) -> dict[str, str]:
        """Return the headers without the type of a body that is of one of these kinds."""
        return {name: text for name, text in self.headers.items() if name != "content-type" or self.kind not in kinds}

    @property
    def line(self) -> str:
        """What it asks for, in a word to a reader; a variable is named in braces."""
        return one_line(f"{self.method} {_MARK.sub(lambda match: f'{{{match[2].lower()}}}', self.target)}")


# -- the steps

QUESTIONS = {  # what a person is asked, where no served sandbox's phone and inbox are
    "scan": "Scan this as a QR with your phone, then press Enter",
    "allow": "Allow the push on your phone, then press Enter",
    "reject": "Reject the push on your phone, then press Enter",
    "otp": "The 6-digit code of the authenticator app",
    "recovery_code": "The recovery code of the user",
    "mfa": "The code that was sent for the second factor",
    "passwordless": "The code that was sent for the login",
}


class Pick(NamedTuple):
    """One object of a list: the `nth` (from 0) of those whose `field` has this value."""

    field: str
    value: str
    nth: int


Way = tuple[str | int | Pick, ...]  # the keys, the indexes and the choices that lead to a value in JSON


class Make(NamedTuple):
    """A fresh user with these factors, made after so many exchanges; `fields` has the variables that it brings."""

    user: str
    after: int
    factors: tuple[str, ...]
    fields: dict[str, str]
    question: str = QUESTIONS["recovery_code"]


class Send(NamedTuple):
    """A request, whose answer has this status again and brings these variables. A poll is sent until it is answered."""

    call: Call
    status: int
    captures: dict[str, Way]
    is_poll: bool


class Act(NamedTuple):
    """The phone does something, or a code is read into `variable`; `refused` if the tenant refused it.

    `given` is the barcode, the reason of a rejection, or the address of a message.
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


Step = str | int | Make | Send | Act
"""A title or a remark; so many seconds that pass; or what happens."""


class Plan(NamedTuple):
    """All steps in their order, and the variables that none of them brings: a script is given these."""

    steps: tuple[Step, ...]
    given: tuple[str, ...]


# -- from exchanges to steps


class Planner:
    """Goes through a journal once: a later request says what an earlier answer, a user or the settings brought."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self._aliases = journal, journal.aliases
        # The variables that bring a value of a user or of the settings; the variable of each secret that is said, and
        # of each id that an answer brought and a request says.
        self._bringing: dict[str, list[str]] = {}
        self._variable_of: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._stand_ins: dict[str, str] = {}
        self._wrong = 0  # the number of the exchange at hand, if it was refused: what is new in it was wrong
        self._there: set[str] = set()  # what an answer has brought, and what was read
        self._barcodes: dict[str, str] = {}  # the variable of each, by its URI
        self._unscanned = ""  # the variable of the newest secret of one-time codes, until a code of it is read
        self._address = mark("AUTH0_PHONE_NUMBER")  # where the last code was sent, as far as the application said it
        tenant = {name: each for name, each in journal.operations.tenant.items() if isinstance(each, str)}
        self._has_own_time = tenant.get("kind") == "sandbox"
        self._domain = tenant.get("domain") or "no domain"
        self._marked = re.compile(rf"{SHOWN.pattern}|(?<=//){re.escape(self._domain)}(?![\w.:-])")
        self._users: list[Make] = []
        for made in (call for call in journal.operations if call.operation == "add_user" and call.result):
            suffix = f"_{len(self._users) + 1}" if self._users else ""
            fields = {f"AUTH0_{name.upper()}{suffix}": name for name in _OF_A_PERSON if made.result.get(name)}
            if alias := self._aliases.known(made.result.get("recovery_code") or ""):
                fields[f"RECOVERY_CODE_{alias.number}"] = "recovery_code"
            for variable, name in fields.items():
                self._bringing.setdefault(made.result[name], []).append(variable)
            self._users.append(Make(f"user{suffix}", made.after, tuple(made.result["factors"]), fields))
        for name in (*_OF_SETTINGS, *(() if self._users else _OF_A_PERSON)):
            self._bringing.setdefault(tenant.get(name, ""), []).append(f"AUTH0_{name.upper()}")
        self._bringing.pop("", None)
        self.calls = {each.number: self._call(each) for each in journal.http}
        # The purpose and the address of each code that was read in the inbox, by its variable.
        calls = [call for call in journal.operations if call.operation == "messages" and call.result]
        read = [each for call in calls for each in call.result["messages"]]
        self._messages = {self._variable_of.get(each["code"], ""): (each["purpose"], each["address"]) for each in read}

    def plan(self) -> Plan:
        """Return the plan: what no step says is not brought, and what nothing has brought is given."""
        steps = [*self._steps()]
        said = {each.name for each in refs(steps)}
        kept: list[Step] = []
        there: set[str] = set()
        given: dict[str, None] = {}
        for step in steps:
            given |= dict.fromkeys(each.name for each in refs(step) if each.name not in there)
            there.update(given)
            if isinstance(step, Make):
                step = step._replace(fields={name: field for name, field in step.fields.items() if name in said})
                there.update(step.fields)
            elif isinstance(step, Send):
                new = said - there
                step = step._replace(captures={name: path for name, path in step.captures.items() if name in new})
                there.update(step.captures)
            elif isinstance(step, Act):
                there.add(step.variable)
            kept += [step] if not isinstance(step, Make) or step.fields else []
        return Plan(tuple(kept), tuple(given))

    # -- what stands for a value

    def _name(self, name: str) -> str:
        """Return the name of a field, or another constant, with each secret in it under its alias."""
        return str(name) if _is_wire(name) else self._aliases.mask(name)

    def _text(self, value: str, field: str = "") -> str:
        """Return a value of a field of this name as a text; a part of a path has the field of its noun's id."""
        variable = self._brought(value, field)
        if _CONSTANT.fullmatch(field):
            fits = field and variable.startswith(f"AUTH0_{field.upper()}")
            if not fits and _is_wire(value.replace(self._domain, "")):
                return self._marks(value, field)
        if not variable and value in self._ids and not (variable := self._variable_of.get(value, "")):
            name = (field if field != "id" and _ID.fullmatch(field) else self._ids[value]).upper()
            taken = {
                *self._variable_of.values(),
                *(f"{each.kind.upper()}_{each.number}" for each in self._aliases.all()),
            }
            variable = next(each for number in count(1) if (each := f"{name}_{number}") not in taken)
            self._variable_of[value] = variable
        return mark(variable) if variable else self._masked(value, field)

    def _masked(self, value: str, field: str = "") -> str:
        """Return a text with a variable for each secret in it, and for the tenant's domain where it is a URL's."""
        return self._marks(self._aliases.mask(value), field)

    def _marks(self, masked: str, field: str) -> str:
        def instead(match: re.Match[str]) -> str:
            alias = self._aliases.named(match[0])
            if alias is None:
                return mark("AUTH0_DOMAIN") if match[0] == self._domain else match[0]
            if variable := self._brought(alias.value, field):
                return mark(variable)
            if alias.born == self._wrong and not alias.answered:
                self._stand_ins[alias.shown] = self._like(alias)
            if alias.shown in self._stand_ins:
                return self._stand_ins[alias.shown]
            return mark(self._variable_of.setdefault(alias.value, f"{alias.kind.upper()}_{alias.number}"))

        return self._marked.sub(instead, masked)

    def _brought(self, value: str, field: str) -> str:
        """Return the variable of a user or of the settings that brings a value, one of this field before others."""
        found = self._bringing.get(value, [])
        return min(found, key=lambda each: not (field and each.startswith(f"AUTH0_{field.upper()}")), default="")

    def _like(self, alias: Alias) -> str:
        """Return a value that is wrong: of a secret it has the kind alone, of a code also how many digits it has."""
        is_code = alias.kind.upper() in _CODES and str(alias.value).isdigit()
        others = [digit * len(alias.value) for digit in "0123456789"] if is_code else []
        named = f"wrong-{alias.kind.replace('_', '-')}-{alias.number}"
        return next((each for each in others if self._aliases.known(each) is None), named)

    def _answered(self, exchange: Exchange) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
        """Yield the strings of an answer's JSON with their names, but those whose way leads over a secret name."""
        for path, value in leaves(plain_data(exchange.response)) if exchange.response else ():
            names = [each for each in path if isinstance(each, str)]
            if isinstance(value, str) and all(self._name(each) == each for each in names):
                yield path, value, names[-1] if names else ""

    # -- one request

    def _call(self, exchange: Exchange) -> Call:
        request, is_app = exchange.request, exchange.speaker == "app"
        is_wrong = is_app and (exchange.status or 0) >= 400 and exchange.error != "mfa_required"
        self._wrong = exchange.number if is_wrong else 0
        target, raw, headers = self._target(str(request.target)), str(request.text), dict[str, str]()
        for name in HEADERS:
            scheme, _, rest = str(request.header(name) or "").partition(" ")
            if scheme:
                headers[name] = f"{self._name(scheme)} {self._text(rest, 'token')}" if rest else self._text(scheme)
        if basic := self._basic(str(request.header("authorization") or "")):
            del headers["authorization"]
        data, kind = plain_data(request), _KINDS.get(request.media_type, "")
        body = self._data(data) if kind and data is not None else self._masked(raw)
        kind = kind if kind and data is not None else "raw" if raw else ""
        outcome = one_line(exchange.outcome).partition(" ")[2]
        for _, value, name in self._answered(exchange) if is_app else ():
            is_plain = value not in self._bringing and self._aliases.mask(value) == value
            if _ID.fullmatch(name) and is_plain and len(value) > 3:
                self._ids.setdefault(value, name)
        return Call(exchange.number, self._name(request.method), target, headers, basic, kind, body, outcome)

    def _target(self, target: str) -> str:
        """Return a path with its query; a variable is percent-encoded there if its value was."""
        written, before = "", ""
        found: set[Alias] = set()
        for sign, part in re.findall(r"([/?&=]?)([^/?&=]*)", target):
            value = unquote(part)
            found.update(self._aliases.in_text(part), self._aliases.in_text(value))
            noun = re.sub(r"[^a-z]+", "_", before.lower()).removesuffix("s")
            text = self._text(value, before if sign == "=" else f"{noun}_id".lstrip("_"))
            if value != part:
                text = _MARK.sub("\ufdd0%\\2\ufdd1", text) if _MARK.search(text) else self._masked(part)
            written, before = f"{written}{sign}{text}", part
        # A secret that has one of the separators in it is found in the whole alone.
        is_whole = _is_wire(target) or found.issuperset(self._aliases.in_text(target))
        return written if is_whole else self._masked(target)

    def _basic(self, authorization: str) -> tuple[str, str] | None:
        """Return the two halves of HTTP Basic, or None."""
        scheme, _, rest = authorization.partition(" ")
        try:
            user, colon, password = from_base64(rest).decode().partition(":")
        except ValueError:
            return None
        # Each half was percent-encoded before it was encoded: what needs no such thing is the same with and without.
        halves = self._text(unquote(user), "client_id"), self._text(unquote(password), "client_secret")
        return halves if colon and scheme.lower() == "basic" else None

    def _data(self, value: Json, field: str = "") -> Json:
        """Return JSON whose strings are texts; a number that is a secret becomes one."""
        if isinstance(value, dict):
            return {self._name(key): self._data(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self._data(each, field) for each in value]
        if isinstance(value, str | int) and not isinstance(value, bool):
            text = self._text(str(value), field)
            return value if text == str(value) else text
        return value

    # -- the steps

    def _steps(self) -> Iterator[Step]:
        runs: list[list[Exchange]] = []  # the exchanges of each poll together, and every other one by itself
        for each in self._journal.http:
            is_same = bool(runs) and self._is_poll(each) and each.request.body == runs[-1][0].request.body
            if not (is_same and _is_waiting(runs[-1][-1])):
                runs.append([])
            runs[-1].append(each)
        title, before = None, None
        for run in runs:
            first = run[0]
            while self._users and self._users[0].after < first.number:
                yield self._users.pop(0)
            if first.step and first.step != title:
                yield one_line(self._aliases.mask(first.step))
            # What lies between two polls passes by itself.
            seconds = int(first.at - before.at) if before and self._has_own_time else 0
            is_long = seconds >= (_LONGER_THAN_A_POLL if self._is_poll(first) else 1)
            waited: list[Step] = [seconds] if is_long else []
            if first.speaker == "phone":
                yield from (*waited, self._of_the_phone(first))
            else:
                yield from self._sent(run, waited)
            title, before = first.step, run[-1]

    def _is_poll(self, exchange: Exchange) -> bool:
        """Say whether a request asks if the phone has answered: the grant of an oob_code without a binding_code."""
        fields = self.calls[exchange.number].fields
        return str(fields.get("grant_type")).endswith("/mfa-oob") and not fields.get("binding_code")

    def _of_the_phone(self, exchange: Exchange) -> Step:
        refused, data = (exchange.status or 0) >= 400, plain_data(exchange.request)
        path, in_text = exchange.request.target, self._aliases.in_text
        if path.endswith("/enroll"):
            ticket = in_text(str(exchange.request.header("authorization")))
            for uri, variable in reversed(self._barcodes.items()):
                if not set(ticket).isdisjoint(in_text(uri)):
                    return Act("scan", mark(variable), refused=refused)
        elif path.endswith("/resolve-transaction") and isinstance(data, dict):
            claims = claims_of(str(data.get("challenge_response"))) or {}
            verb = "allow" if claims.get("auth0_guardian_accepted") is True else "reject"
            reason = self._text(str(claims.get("auth0_guardian_reason") or ""), "reason")
            # A secret in a reason has no variable by then.
            return Act(verb, "" if refs(reason) else reason, refused=refused)
        return f"The phone said {self.calls[exchange.number].line}: there is no command for it"

    def _sent(self, run: list[Exchange], waited: list[Step]) -> Iterator[Step]:
        first, last = next((each for each in run if each.status is not None), None), run[-1]
        if first is None:
            yield f"{self.calls[last.number].line}: it got no answer, and is left out"
            return
        # A code that was refused may have grown old meanwhile.
        is_old = last.error not in (None, "mfa_required")
        read = [*self._read(self.calls[first.number])]
        yield from (*read, *waited) if is_old else (*waited, *read)
        is_unanswered = self._is_poll(last) and _is_waiting(last)
        seconds = int(last.at - run[0].at) if self._has_own_time else 0
        if is_unanswered and len(run) > 1:
            yield f"Polled {len(run)} times; one poll shows that the answer is pending"
        if is_unanswered or seconds >= _LONGER_THAN_A_POLL:
            yield self._send(first)
        if seconds >= _LONGER_THAN_A_POLL:
            yield seconds
        if not is_unanswered:
            yield self._send(last)

    def _send(self, exchange: Exchange) -> Send:
        """Return the sending of a request, with each value of its answer that has a variable."""
        call, data = self.calls[exchange.number], plain_data(exchange.response) if exchange.response else None
        captures: dict[str, Way] = {}
        for path, value, name in self._answered(exchange):
            variable = self._variable_of.get(value, "")
            if name == "barcode_uri":
                variable = self._barcodes.setdefault(value, f"BARCODE_URI_{len(self._barcodes) + 1}")
                self._unscanned = self._unscanned if "enrollment_tx_id=" in value else variable
            if variable:
                captures.setdefault(variable, _way(data, path))
        self._there.update(captures)
        self._address = call.fields.get("phone_number") or call.fields.get("email") or self._address
        return Send(call, exchange.status or 0, captures, self._is_poll(exchange) and not _is_waiting(exchange))

    def _read(self, call: Call) -> Iterator[Step]:
        """Yield what has to be read before a request can be sent."""
        for variable in dict.fromkeys(each.name for each in refs(call)):
            if variable.rpartition("_")[0] not in _CODES or variable in self._there:
                continue
            self._there.add(variable)
            purpose, address = self._messages.get(variable, ("mfa", ""))
            if address:
                address = self._text(address, "email" if "@" in address else "phone_number")
            elif str(call.fields.get("grant_type")).endswith("/passwordless/otp"):
                purpose, address = "passwordless", self._address
            elif "oob_code" in call.fields:
                address = self._address
            elif self._unscanned:
                yield Act("scan", mark(self._unscanned))
                self._unscanned = ""
            yield Act("message", address, purpose, variable) if address else Act("code", "", "otp", variable)


def _way(data: Json, path: Sequence[str | int]) -> Way:
    """Return the way to a value; one object of a list is chosen by what tells it from the others, if anything does."""
    way: list[str | int | Pick] = []
    for step in path:
        chosen: str | int | Pick = step
        for field in ("type", "authenticator_type", "oob_channel") if isinstance(step, int) else ():
            kinds = [each.get(field) if isinstance(each, dict) else None for each in data]
            if isinstance(kind := kinds[int(step)], str) and _is_wire(kind):
                chosen = Pick(field, kind, kinds[: int(step)].count(kind))
        way.append(chosen)
        data = data[step]
    return tuple(way)


def _is_waiting(exchange: Exchange) -> bool:
    """Say whether an answer to a poll is not the last one: pending, too fast, or lost."""
    return Answer.of(exchange).state is State.PENDING
