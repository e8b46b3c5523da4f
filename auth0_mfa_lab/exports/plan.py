"""The plan of a journal that is to be run again: its steps, and what stands for each value in another run.

Each value is looked up once, where it stands: it is a variable, a stand-in, or itself. No export searches its own text
for values.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeVar
from urllib.parse import parse_qsl, unquote

from auth0_mfa_lab.polling import Answer, State, read
from auth0_mfa_lab.secrets.aliases import SHOWN, Alias
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.wire.exchange import Exchange, plain_data
from auth0_mfa_lab.wire.journal import Journal, OperationCall

Json = Any


@dataclass(frozen=True, slots=True)
class Ref:
    """A variable, such as `MFA_TOKEN_1`; `encoded` where its value is percent-encoded, as a part of a path."""

    name: str
    encoded: bool = False


Text = tuple[str | Ref, ...]
"""A text in pieces: what it says itself, and variables."""
DOMAIN = Ref("AUTH0_DOMAIN")


def joined(*texts: Text) -> Text:
    """Return texts as one, with neighbouring strings in one piece."""
    pieces: list[str | Ref] = []
    for piece in (piece for text in texts for piece in text):
        if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
            pieces[-1] += piece
        elif piece != "":
            pieces.append(piece)
    return tuple(pieces)


def plain(text: Text) -> str | None:
    """Return a text that has no variable as a string, or None."""
    return None if any(isinstance(piece, Ref) for piece in text) else "".join(map(str, text))


def refs(value: Json) -> Iterator[Ref]:
    """Yield the variables in a text, or in JSON whose strings are texts."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from refs(each)


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


def _is_wire(text: str) -> bool:
    return bool(re.fullmatch(r"[\w ./:-]+", text)) and _WIRE.issuperset(re.findall(r"[a-z0-9_]+", text.lower()))


# -- where a value stands in JSON


class Pick(NamedTuple):
    """One object of a list: the `nth` (from 0) of those whose `field` has this value."""

    field: str
    value: str
    nth: int


Path = tuple[str | int | Pick, ...]
"""The keys, the indexes and the choices that lead to a value."""


class Leaf(NamedTuple):
    """A string in JSON, the field that it stands in, and the way to it."""

    path: Path
    field: str
    value: str


def leaves(value: Json, path: Path = (), field: str = "") -> Iterator[Leaf]:
    """Yield the strings of JSON, in their order."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, (*path, key), key)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from leaves(each, (*path, _choice(value, index)), field)
    elif isinstance(value, str):
        yield Leaf(path, field, value)


def _choice(items: Sequence[Json], index: int) -> int | Pick:
    """Return what tells one item of a list from the others; its index where nothing does."""
    for field in ("oob_channel", "authenticator_type", "type"):
        kinds = [each.get(field) if isinstance(each, dict) else None for each in items]
        if isinstance(kind := kinds[index], str) and _is_wire(kind):
            return Pick(field, kind, kinds[:index].count(kind))
    return index


def said(exchange: Exchange) -> str:
    """Return all that a request says in which a secret may stand, as one text."""
    request = exchange.request
    headers = [str(value) for name, value in request.headers if name in ("authorization", "cookie")]
    return "\n".join([str(request.target), *headers, bytes(request.body).decode("utf-8", "replace")])


def fields_of(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield the strings of a request, each with the field that it stands in; one of a path has its noun's."""
    before = ""
    for part in exchange.request.target.partition("?")[0].split("/"):
        yield f"{re.sub(r'[^a-z]+', '_', before.lower()).removesuffix('s')}_id", unquote(part)
        before = part
    for leaf in leaves(plain_data(exchange.request)):
        yield leaf.field, leaf.value


# -- what stands for a value

_OF_A_PERSON = ("username", "password", "phone_number", "email")
_OF_SETTINGS = ("client_id", "client_secret", "public_client_id", "mgmt_client_id", "mgmt_client_secret", "audience")
"""The fields that a script can bring; each is a variable of `auth0-mfa-lab serve --env-file`."""
_CONSTANT = (
    *("", "grant_type", "challenge_type", "authenticator_types", "oob_channels", "client_assertion_type"),
    *("connection", "realm", "send", "scope", "audience"),
)
"""The fields of constants; a part of a path, and a header, is in none."""
# A string of JSON, or a number where a secret may stand.
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*', re.DOTALL)
_ID = re.compile(r"(?:[a-z][a-z0-9_]*_)?id|sub")


class Values:
    """What stands for each value of a journal in another run."""

    def __init__(self, journal: Journal) -> None:
        """Look through a journal: for settings, people and ids, and for what was wrong by intention."""
        self.aliases = journal.aliases
        self.tenant = {name: each for name, each in journal.operations.tenant.items() if isinstance(each, str)}
        self.people: list[tuple[OperationCall, dict[str, str]]] = []
        """The users that `lab.user(...)` made, with the variables of each and their fields."""
        self.messages: dict[str, tuple[str, str]] = {}
        """The purpose and the address of each code that was read in the inbox."""
        self._domain = self.tenant.get("domain") or ""
        self._variables = re.compile(rf"{SHOWN.pattern}|(?<=//){re.escape(self._domain)}(?![\w.:-])")
        self._brought: dict[str, list[str]] = {}
        self._look_beside(journal)
        said = [each for each in journal if each.speaker == "app"]
        self._ids = self._ids_of(said)
        self._stand_ins = self._stand_ins_of(said)

    def name(self, name: str) -> str:
        """Return the name of a field, or another constant, with each secret in it under its alias."""
        return name if _is_wire(name) else self.aliases.mask(name)

    def variable(self, alias: Alias, field: str = "") -> str:
        """Return the variable of an alias, which may be one of the settings': `<mfa_token 1>` is `MFA_TOKEN_1`."""
        return self._bringing(alias.shown, field)[0] or f"{alias.kind.upper()}_{alias.number}"

    def text(self, value: str, field: str = "") -> Text:
        """Return a value of a field of this name; what stands in no field is a part of a path."""
        variable, fits = self._bringing(value, field)
        if not fits and field in _CONSTANT and _is_wire(value.replace(self._domain, "")):
            return self._cut(value, field)
        variable = variable or self._ids.get(value)
        return (Ref(variable),) if variable else self.masked(value, field)

    def masked(self, value: str, field: str = "") -> Text:
        """Return a text with a variable for each secret in it, and for the tenant's domain where it is a URL's."""
        return self._cut(self.aliases.mask(value), field)

    def _cut(self, masked: str, field: str) -> Text:
        pieces: list[str | Ref] = []
        end = 0
        for match in self._variables.finditer(masked):
            alias = self.aliases.named(match[0])
            if alias or match[0] == self._domain != "":
                instead = self._stand_ins.get(alias.shown, Ref(self.variable(alias, field))) if alias else DOMAIN
                pieces += [masked[end : match.start()], instead]
                end = match.end()
        return joined(tuple(pieces), (masked[end:],))

    def target(self, target: str) -> Text:
        """Return a path with its query; a variable is percent-encoded there if its value was."""
        pieces: list[Text] = []
        found: set[Alias] = set()
        before = ""
        for sign, part in re.findall(r"([/?&=]?)([^/?&=]*)", target):
            value = unquote(part)
            found.update(self.aliases.in_text(part), self.aliases.in_text(value))
            text = self.text(value, before if sign == "=" else "")
            if value != part:
                text = tuple(Ref(each.name, encoded=True) if isinstance(each, Ref) else each for each in text)
                text = text if any(refs(text)) else self.masked(part)
            pieces += [(sign,), text]
            before = part
        # A secret that has one of the separators in it is found in the whole alone.
        return joined(*pieces) if found.issuperset(self.aliases.in_text(target)) else self.masked(target)

    def data(self, value: Json, field: str = "") -> Json:
        """Return JSON whose strings are texts; a number that is a secret becomes one."""
        if isinstance(value, dict):
            return {self.name(key): self.data(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self.data(each, field) for each in value]
        if isinstance(value, str | int) and not isinstance(value, bool):
            text = self.text(str(value), field)
            return value if isinstance(value, int) and text == (str(value),) else text
        return value

    def json_text(self, body: str) -> Text:
        """Return a JSON body in UTF-8 as it was sent, with what stands for each string and each number."""
        pieces: list[Text] = []
        end, field = 0, ""
        for match in _TOKEN.finditer(body):
            value = json.loads(match[1], strict=False) if match[1] else match[0]
            text = (self.name(value),) if match[2] else self.text(value, field)
            field = value if match[2] else field
            if text != (value,):
                inside = tuple(json.dumps(each)[1:-1] if isinstance(each, str) else each for each in text)
                quote = '"' if match[1] else ""
                pieces += [(body[end : match.start()], quote), inside, (quote, match[2] or "")]
                end = match.end()
        return joined(*pieces, (body[end:],))

    def answered(self, exchange: Exchange) -> Iterator[Leaf]:
        """Yield the strings of an answer's JSON, but those whose way leads over a name that holds a secret."""
        for leaf in leaves(plain_data(exchange.response)) if exchange.response else ():
            if all(self.name(each) == each for each in leaf.path if isinstance(each, str)):
                yield leaf

    def _bringing(self, value: str, field: str) -> tuple[str | None, bool]:
        """Return the variable that brings a value, and whether it is one of this field: that goes first."""
        found = self._brought.get(value, [])
        fitting = [each for each in found if field and each.startswith(f"AUTH0_{field.upper()}")]
        return next(iter([*fitting, *found]), None), bool(fitting)

    def _look_beside(self, journal: Journal) -> None:
        """Note people, messages, and the variables of people and settings, by their values and by their aliases."""
        brought: list[tuple[str, str]] = []
        for call in journal.operations:
            if call.operation == "add_user" and call.refused is None:
                suffix = f"_{len(self.people) + 1}" if self.people else ""
                fields = {f"AUTH0_{name.upper()}{suffix}": name for name in _OF_A_PERSON if call.result.get(name)}
                self.people.append((call, fields))
                brought += [(call.result[name], variable) for variable, name in fields.items()]
            elif call.operation == "messages" and call.refused is None:
                for each in call.result["messages"]:
                    self.messages[str(each["code"])] = (str(each["purpose"]), str(each["address"]))
        of_settings = (*_OF_SETTINGS, *(() if self.people else _OF_A_PERSON))
        brought += [(self.tenant[name], f"AUTH0_{name.upper()}") for name in of_settings if self.tenant.get(name)]
        for value, variable in brought:
            alias = self.aliases.known(value)
            for key in {value, alias.shown if alias else value}:
                self._brought.setdefault(key, []).append(variable)

    def _ids_of(self, exchanges: Sequence[Exchange]) -> dict[str, str]:
        """Return the ids that an answer brought and a later request said, named: another run has others."""
        found: dict[str, str] = {}
        brought: dict[str, str] = {}
        for exchange in exchanges:
            for field, value in fields_of(exchange):
                if value in brought and value not in found:
                    name = (field if _ID.fullmatch(field) and field != "id" else brought[value]).upper()
                    count = sum(each.startswith(f"{name}_") for each in found.values()) + 1
                    is_taken = self.aliases.named(f"<{name.lower()} {count}>")
                    found[value] = f"{'THE_' if is_taken else ''}{name}_{count}"
            for leaf in self.answered(exchange):
                is_plain = self.aliases.mask(leaf.value) == leaf.value and leaf.value not in self._brought
                if _ID.fullmatch(leaf.field) and is_plain and len(leaf.value) > 3:
                    brought.setdefault(leaf.value, leaf.field)
        return found

    def _stand_ins_of(self, exchanges: Sequence[Exchange]) -> dict[str, str]:
        """Return another value, by its alias, for what was typed and refused: it was wrong by intention.

        No answer brought it, and neither the phone, the inbox nor the settings.
        """
        found: dict[str, str] = {}
        for exchange in exchanges:
            if exchange.status is None or exchange.status < 400 or exchange.error == "mfa_required":
                continue
            typed = [(self.aliases.known(value), value) for _, value in fields_of(exchange)]
            for alias in [*self.aliases.in_text(said(exchange)), *(alias for alias, _ in typed if alias)]:
                if alias.born == exchange.number and not alias.answered and alias.shown not in self._brought:
                    found[alias.shown] = self._like(alias, [value for known, value in typed if known == alias])
        return found

    def _like(self, alias: Alias, values: list[str]) -> str:
        """Return a value of the shape of these, with one digit for all and one letter, which no secret has."""
        for value in values if alias.kind != "password" else ():
            for digit, letter in zip("0123456789", "ABCDEFGHIJ", strict=True):
                other = re.sub(r"\d", digit, re.sub("[^\\W\\d_]", letter, value))
                if self.aliases.known(other) is None:
                    return other
        return f"a wrong {alias.kind.replace('_', ' ')} {alias.number}"


# -- one request

HEADERS = ("authorization", "content-type", "x-request-language")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request, in the forms that the languages need; `raw` is the body as it was sent.

    `body` is the body as its `kind` wants it: the fields of a `form`, the data of `json`, or `raw`; there may be none.
    `basic` has the two halves of HTTP Basic, which are in no header then. `outcome` is the error of its answer, or the
    reason.
    """

    number: int
    method: str
    target: Text
    headers: dict[str, Text]
    basic: tuple[Text, Text] | None
    kind: str
    body: Json
    raw: Text
    outcome: str

    @property
    def refs(self) -> list[str]:
        """The names of its variables, in the order in which a reader meets them."""
        return [each.name for each in refs((self.target, self.headers, self.basic or (), self.body))]

    def headers_but_type(self, *kinds: str) -> dict[str, Text]:
        """Return the headers without the type of a body that is of one of these kinds."""
        return {name: text for name, text in self.headers.items() if name != "content-type" or self.kind not in kinds}

    @property
    def line(self) -> str:
        """What it asks for, in a word to a reader; a variable is named in braces."""
        path = "".join(each if isinstance(each, str) else f"{{{each.name.lower()}}}" for each in self.target)
        return one_line(f"{self.method} {path}")


def call_of(exchange: Exchange, values: Values) -> Call:
    """Return an exchange's request with what stands for its values in another run."""
    request = exchange.request
    text = bytes(request.body).decode("utf-8", "replace")
    kind: str = "raw" if text else ""
    body: Json = values.masked(text)
    raw: Text = body
    if request.media_type == "application/x-www-form-urlencoded":
        pairs = parse_qsl(text, keep_blank_values=True)
        form = {values.name(name): values.text(value, name) for name, value in pairs}
        # Two fields of one name, which the lab never sends, are a body as any other.
        kind, body = ("form", form) if len(form) == len(pairs) else (kind, body)
    elif request.media_type == "application/json" and (data := plain_data(request)) is not None:
        kind, body = "json", values.data(data)
        raw = values.json_text(text) if text.encode() == request.body else raw
    headers = {name: _header(str(value), values) for name in HEADERS if (value := request.header(name))}
    if basic := _basic(str(request.header("authorization") or ""), values):
        del headers["authorization"]
    return Call(
        number=exchange.number,
        method=values.name(request.method),
        target=values.target(str(request.target)),
        headers=headers,
        basic=basic,
        kind=kind,
        body=body,
        raw=raw,
        outcome=one_line(exchange.outcome).partition(" ")[2],
    )


def _header(value: str, values: Values) -> Text:
    scheme, blank, rest = value.partition(" ")
    return joined((values.name(scheme), blank), values.text(rest, "token")) if rest else values.text(scheme)


def _basic(authorization: str, values: Values) -> tuple[Text, Text] | None:
    """Return the two halves of HTTP Basic, or None."""
    scheme, _, rest = authorization.partition(" ")
    try:
        user, colon, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except ValueError:
        return None
    # Each half was percent-encoded before it was encoded: what needs no such thing is the same with and without.
    halves = values.text(unquote(user), "client_id"), values.text(unquote(password), "client_secret")
    return halves if colon and scheme.lower() == "basic" else None


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


@dataclass(frozen=True, slots=True)
class Title:
    """What follows stands under this title; or a remark."""

    text: str


@dataclass(frozen=True, slots=True)
class Make:
    """A fresh user with these factors; `fields` has the variables that it brings, each with its field."""

    number: int
    factors: tuple[str, ...]
    fields: dict[str, str]
    question: ClassVar[Text] = (QUESTIONS["recovery_code"],)

    @property
    def user(self) -> str:
        """What a script calls the user."""
        return "user" if self.number == 1 else f"user_{self.number}"

    @property
    def what(self) -> str:
        """What is made, for a comment."""
        return f"A fresh user{' with ' if self.factors else ''}{', '.join(self.factors)}, or one of your own."


@dataclass(frozen=True, slots=True)
class Send:
    """A request, whose answer has this status again and brings these variables. A poll is sent until it is answered."""

    call: Call
    status: int
    captures: dict[str, Path]
    is_poll: bool


@dataclass(frozen=True, slots=True)
class Act:
    """The phone does something, or somebody reads a code into `variable`.

    `given` is the barcode, the reason of a rejection, or the address of a message. `refused` says that the tenant
    refused what the phone said.
    """

    verb: str
    given: Text | None = None
    purpose: str = ""
    variable: str = ""
    refused: bool = False

    @property
    def question(self) -> Text:
        """What a person is asked."""
        asked = QUESTIONS[self.purpose or self.verb]
        return (f"{asked}: ", *(self.given or ())) if self.verb == "scan" else (asked,)

    @property
    def words(self) -> tuple[Text, ...]:
        """The words of the command `auth0-mfa-lab` that do this on a served sandbox."""
        given = () if self.given is None else (self.given,)
        if self.verb == "message":
            return (("code",), *given, ("--purpose",), (self.purpose,), ("--wait",), ("5",))
        return (("phone",), (self.verb,), *given)


@dataclass(frozen=True, slots=True)
class Wait:
    """So many seconds pass: what expires by then has expired."""

    seconds: int


Step = Title | Make | Send | Act | Wait
S = TypeVar("S", bound=Step)


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps in their order, and the variables that a script is given: those that nothing of it brings."""

    steps: tuple[Step, ...]
    given: tuple[str, ...]

    def of(self, kind: type[S]) -> list[S]:
        """Return the steps of one kind."""
        return [step for step in self.steps if isinstance(step, kind)]


def plan_of(journal: Journal) -> Plan:
    """Return the plan of a journal."""
    planner = _Planner(journal)
    steps = tuple(planner.steps())
    for made in (step for step in steps if isinstance(step, Make)):
        # Which of what a user brings is read by some step is known at the end.
        for name in made.fields.keys() - planner.used:
            del made.fields[name]
    return Plan(steps, tuple(planner.given))


_CODES = ("binding_code", "otp", "code")
"""The kinds of what a person reads somewhere and types."""
_LONGER_THAN_A_POLL = 30
"""In seconds: what lies between two polls is less."""


class _Planner:
    """Goes through a journal once, and knows at each exchange which variables there are by then."""

    def __init__(self, journal: Journal) -> None:
        self._exchanges = tuple(journal)
        self._values = values = Values(journal)
        self._calls = {each.number: call_of(each, values) for each in journal}
        self._barcodes: dict[str, str] = {}
        self._scanned = dict(self._scans())
        said = [self._calls[each.number] for each in journal if each.speaker == "app"]
        self.used = {name for call in said for name in call.refs} | {*self._scanned.values()}
        self.given: dict[str, None] = {}
        self._there: set[str] = set()
        self._has_own_time = values.tenant.get("kind") == "sandbox"

    def steps(self) -> Iterator[Step]:
        """Yield the steps in their order."""
        people = list(enumerate(self._values.people, 1))
        title, before = None, None
        for run in _runs(self._exchanges):
            first = run[0]
            while people and people[0][1][0].after < first.number:
                number, made = people.pop(0)
                yield from self._made(number, *made)
            if first.step and first.step != title:
                yield Title(one_line(self._values.aliases.mask(first.step)))
            title = first.step
            # What lies between two polls passes by itself.
            seconds = int(first.at - before.at) if before and self._has_own_time else 0
            passed = [Wait(seconds)] if seconds >= (_LONGER_THAN_A_POLL if _is_poll(first) else 1) else []
            yield from self._of_the_phone(first, passed) if first.speaker == "phone" else self._sent(run, passed)
            before = run[-1]

    def _made(self, number: int, call: OperationCall, fields: dict[str, str]) -> Iterator[Step]:
        """Yield the step that makes a user, if anything of theirs is said."""
        if alias := self._values.aliases.known(call.result.get("recovery_code") or ""):
            fields = {**fields, self._values.variable(alias): "recovery_code"}
        if not self.used.isdisjoint(fields):
            self._there.update(fields)
            yield Make(number, tuple(call.result["factors"]), fields)

    def _of_the_phone(self, exchange: Exchange, passed: list[Wait]) -> Iterator[Step]:
        yield from passed
        refused = exchange.status is not None and exchange.status >= 400
        path = exchange.request.target.partition("?")[0]
        body = plain_data(exchange.request)
        if path.endswith("/enroll") and (variable := self._scanned.get(exchange.number)):
            yield Act("scan", (Ref(variable),), refused=refused)
        elif path.endswith("/resolve-transaction") and isinstance(body, dict):
            claims = claims_of(str(body.get("challenge_response"))) or {}
            verb = "allow" if claims.get("auth0_guardian_accepted") is True else "reject"
            reason = claims.get("auth0_guardian_reason")
            given = self._values.text(reason, "reason") if isinstance(reason, str) else None
            # A secret in a reason has no variable by then.
            given = None if given is None or plain(given) is None else given
            yield Act(verb, given, refused=refused)
        else:
            yield Title(f"The phone said {self._calls[exchange.number].line}: there is no command for it")

    def _sent(self, run: list[Exchange], passed: list[Wait]) -> Iterator[Step]:
        first = next((each for each in run if each.status is not None), None)
        last = run[-1]
        if first is None:
            yield Title(f"{self._calls[last.number].line}: it got no answer, and is left out")
            return
        needed = list(self._needed(first))
        # A code that was refused may have grown old meanwhile.
        yield from [*needed, *passed] if last.error not in (None, "mfa_required") else [*passed, *needed]
        waits = _is_poll(last) and _is_waiting(last)
        seconds = int(last.at - run[0].at) if self._has_own_time else 0
        if waits and len(run) > 1:
            yield Title(f"It was asked {len(run)} times; once is enough while nobody answers")
        if waits or seconds >= _LONGER_THAN_A_POLL:
            yield self._send(first)
        if seconds >= _LONGER_THAN_A_POLL:
            yield Wait(seconds)
        if not waits:
            yield self._send(last)

    def _send(self, exchange: Exchange) -> Send:
        """Return the sending of a request, with what its answer brings for the first time and a later step says."""
        captures: dict[str, Path] = {}
        for leaf in self._values.answered(exchange):
            text = self._values.text(leaf.value, leaf.field)
            name = text[0].name if len(text) == 1 and isinstance(text[0], Ref) else ""
            variable = self._barcodes.get(leaf.value, name)
            is_new = variable in self.used and variable not in self._there and variable not in self.given
            if is_new and not variable.startswith("AUTH0_"):
                self._there.add(variable)
                captures[variable] = leaf.path
        is_poll = _is_poll(exchange) and not _is_waiting(exchange)
        return Send(self._calls[exchange.number], exchange.status or 0, captures, is_poll)

    def _needed(self, exchange: Exchange) -> Iterator[Step]:
        """Yield what has to be read before a request can be sent, and note what a script must be given."""
        values = self._values
        aliases = {values.variable(each): each for each in values.aliases.in_text(said(exchange))}
        for variable in dict.fromkeys(self._calls[exchange.number].refs):
            alias = aliases.get(variable)
            if variable in self._there or alias is None or alias.kind not in _CODES:
                self._need(variable)
                continue
            if barcode := self._scanned.get(exchange.number):
                yield Act("scan", (Ref(barcode),))
            purpose, address = self._source(exchange, str(values.aliases.value_of(alias.shown)))
            for each in refs(address or ()):
                self.used.add(each.name)
                self._need(each.name)
            self._there.add(variable)
            yield Act("code" if address is None else "message", address, purpose, variable)

    def _need(self, variable: str) -> None:
        if variable not in self._there:
            self.given[variable] = None

    def _source(self, exchange: Exchange, code: str) -> tuple[str, Text | None]:
        """Return what a code is for, and the address that it was sent to; `otp` has none: the phone shows it."""
        fields = dict(fields_of(exchange))
        if code in self._values.messages:
            purpose, address = self._values.messages[code]
        elif fields.get("grant_type", "").endswith("/passwordless/otp"):
            purpose, address = "passwordless", fields.get("username", "")
        elif "oob_code" not in fields:
            return "otp", None
        else:
            # The lab did not read it: it went to what was enrolled last, or else to the user's own number.
            earlier = [dict(fields_of(each)) for each in self._exchanges if each.number < exchange.number]
            sent = [each.get("phone_number") or each.get("email") for each in earlier]
            purpose, address = "mfa", next(filter(None, reversed(sent)), "")
        if not address:
            return purpose, (Ref("AUTH0_PHONE_NUMBER"),)
        return purpose, self._values.text(address, "email" if "@" in address else "phone_number")

    def _scans(self) -> Iterator[tuple[int, str]]:
        """Yield each exchange before which a barcode is scanned, with its variable.

        The scan of a ticket is an exchange of the phone's. That of a one-time code's secret is none: it comes before
        the first code that the phone shows.
        """
        newest: str | None = None
        for exchange in self._exchanges:
            if exchange.speaker == "phone":
                shown = unquote(str(exchange.request.header("authorization") or ""))
                ticket = shown.partition("id=")[2].strip("\"' ")
                found = [name for uri, name in self._barcodes.items() if ticket and ticket in unquote(uri)]
                if found:
                    yield exchange.number, found[-1]
            elif newest and any(name.startswith("OTP_") for name in self._calls[exchange.number].refs):
                yield exchange.number, newest
                newest = None
            for leaf in self._values.answered(exchange):
                if leaf.field == "barcode_uri":
                    variable = self._barcodes.setdefault(leaf.value, f"BARCODE_URI_{len(self._barcodes) + 1}")
                    newest = newest if "enrollment_tx_id=" in leaf.value else variable


def _runs(exchanges: tuple[Exchange, ...]) -> Iterator[list[Exchange]]:
    """Yield the exchanges of each poll together, and every other one by itself."""
    run: list[Exchange] = []
    for each in exchanges:
        is_same = bool(run) and _is_poll(each) and each.request.body == run[0].request.body
        if run and not (is_same and _is_poll(run[0]) and _is_waiting(run[-1])):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _is_poll(exchange: Exchange) -> bool:
    """Say whether a request asks if the phone has answered: the grant of an oob_code without a binding_code."""
    fields = plain_data(exchange.request) if exchange.request.target == "/oauth/token" else None
    if not isinstance(fields, dict) or exchange.speaker != "app":
        return False
    return str(fields.get("grant_type")).endswith("/mfa-oob") and not fields.get("binding_code")


def _is_waiting(exchange: Exchange) -> bool:
    """Say whether an answer to a poll is not the last one: pending, too fast, or lost."""
    return read(Answer.of(exchange)).state is State.PENDING
