"""What stands for each value of a journal in another run: a variable, a stand-in, or the value itself.

Each value is looked up once, where it stands; no export searches its own text for values.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from auth0_mfa_lab.secrets.aliases import Alias
from auth0_mfa_lab.wire.exchange import Exchange, Request, plain_data
from auth0_mfa_lab.wire.journal import Journal

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
    pieces = [piece for piece in text if isinstance(piece, str)]
    return "".join(pieces) if len(pieces) == len(text) else None


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

_WIRE = frozenset(
    re.findall(
        r"\w+",
        """
    get post put patch delete http https com auth0 api v2 well known jwks json openid configuration
    oauth token revoke userinfo mfa associate authenticators challenge passwordless start verify_redirect
    application x www form urlencoded charset utf 8 urn ietf params client assertion jwt bearer basic grant type
    grant_type client_id client_secret client_assertion client_assertion_type username password audience scope realm
    refresh_token client_credentials access_token id_token mfa_token oob_code binding_code binding_method otp
    recovery recovery_code recovery_codes code link send connection email sms voice phone phone_number push oob
    notification totp webauthn roaming platform
    challenge_type authenticator_type authenticator_types authenticator_id oob_channel oob_channels barcode_uri
    secret id name active state error error_description profile offline_access enroll read remove
    token_type expires_in users by guardian enrollments authentication methods user user_id sub null true false
    """,
    )
)
"""Words of the protocol: a name or a constant of them is itself, whatever secret is like it."""


def _is_wire(text: str) -> bool:
    return bool(re.fullmatch(r"[\w ./:-]+", text)) and _WIRE.issuperset(re.findall(r"[a-z0-9_]+", text.lower()))


# -- where a value stands in JSON


class Pick(NamedTuple):
    """One object of a list: the `nth` (from 0) of those that have these fields."""

    fields: tuple[tuple[str, str | bool], ...]
    nth: int


Path = tuple[str | int | Pick, ...]
"""The keys, the indexes and the choices that lead to a value."""
# What says most comes last: the others are left out where it is enough.
_TELLING = ("active", "type", "authenticator_type", "oob_channel")


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
        telling = [_telling(each) for each in value]
        for index, each in enumerate(value):
            yield from leaves(each, (*path, _choice(telling, index)), field)
    elif isinstance(value, str):
        yield Leaf(path, field, value)


def _telling(item: Json) -> Mapping[str, str | bool]:
    found = {name: item[name] for name in _TELLING if name in item} if isinstance(item, dict) else {}
    return {name: each for name, each in found.items() if isinstance(each, bool) or _is_wire(str(each))}


def _choice(items: Sequence[Mapping[str, str | bool]], index: int) -> int | Pick:
    """Return what tells one item of a list from the others; its index where nothing does."""
    chosen = dict(items[index])
    for name in list(chosen)[:-1]:
        fewer = {key: value for key, value in chosen.items() if key != name}
        if sum(fewer.items() <= each.items() for each in items) == 1:
            chosen = fewer
    before = sum(chosen.items() <= each.items() for each in items[:index])
    return Pick(tuple(chosen.items()), before) if chosen else index


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


# -- what a journal knows beside its exchanges

_OF_A_PERSON = ("username", "password", "phone_number", "email")
_OF_SETTINGS = (
    *("client_id", "client_secret", "public_client_id", "mgmt_client_id", "mgmt_client_secret", "audience"),
    *_OF_A_PERSON,
)
"""The fields of the settings that a script can bring; each is a variable of `auth0-mfa-lab serve --env-file`."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Person:
    """A user that `lab.user(...)` made when `after` exchanges were there, with the raw values of the fields."""

    number: int
    after: int
    factors: tuple[str, ...]
    values: Mapping[str, str]

    def variables(self) -> dict[str, str]:
        """Return the variables of this person, each with its field: the first has those of the settings' own user."""
        suffix = "" if self.number == 1 else f"_{self.number}"
        return {f"AUTH0_{name.upper()}{suffix}": name for name in _OF_A_PERSON if name in self.values}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Known:
    """The facts of the tenant, the people made, and the purpose and the address of each code that was read: raw."""

    tenant: Mapping[str, str]
    people: tuple[Person, ...]
    messages: Mapping[str, tuple[str, str]]


def known_of(journal: Journal) -> Known:
    """Return what the lab noted beside the exchanges of a journal."""
    calls = [call for call in journal.operations if call.refused is None]
    users = [call for call in calls if call.operation == "add_user"]
    people = [
        Person(number=number, after=call.after, factors=tuple(call.result["factors"]), values=_texts(call.result))
        for number, call in enumerate(users, 1)
    ]
    read = [each for call in calls if call.operation == "messages" for each in call.result["messages"]]
    messages = {str(each["code"]): (str(each["purpose"]), str(each["address"])) for each in read if each["code"]}
    return Known(tenant=_texts(journal.operations.tenant), people=tuple(people), messages=messages)


def _texts(fields: Mapping[str, Json]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if isinstance(value, str)}


# -- what stands for a value

_CONSTANT = (
    *("", "grant_type", "challenge_type", "authenticator_types", "oob_channels", "client_assertion_type"),
    *("connection", "realm", "send", "scope", "audience"),
)
"""The fields of constants; a part of a path, and a header, is in none."""
_ALIAS = re.compile(r"<[a-z][a-z0-9_]* \d+(?:: \w+)?>")
# A string of JSON, or a number where a secret may stand.
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*', re.DOTALL)
_ID = re.compile(r"(?:[a-z][a-z0-9_]*_)?id|sub")


class Values:
    """What stands for each value of a journal in another run."""

    def __init__(self, journal: Journal) -> None:
        """Look through a journal: for settings, people and ids, and for what was wrong by intention."""
        self.aliases = journal.aliases
        self.known = known_of(journal)
        self._domain = self.known.tenant.get("domain") or ""
        self._brought: dict[str, list[str]] = {}
        self._ids: dict[str, str] = {}
        self._stand_ins: dict[str, str] = {}
        self._bring()
        self._name_ids(journal)
        self._stand_in(journal)

    def name(self, name: str) -> str:
        """Return the name of a field, or another constant, with each secret in it under its alias."""
        return name if _is_wire(name) else self.aliases.mask(name)

    def variable(self, alias: Alias, field: str = "") -> str:
        """Return the variable of an alias, which may be one of the settings': `<mfa_token 1>` is `MFA_TOKEN_1`."""
        fitting, others = self._variables(alias.shown, field)
        return next(iter([*fitting, *others]), f"{alias.kind.upper()}_{alias.number}")

    def text(self, value: str, field: str = "") -> Text:
        """Return a value of a field of this name; what stands in no field is a part of a path."""
        fitting, others = self._variables(value, field)
        if not fitting and field in _CONSTANT and _is_wire(value.replace(self._domain, "")):
            return self._domains(value)
        name = next(iter([*fitting, *others]), self._ids.get(value))
        return (Ref(name),) if name else self.masked(value, field)

    def masked(self, value: str, field: str = "") -> Text:
        """Return a text with a variable for each secret in it, and for the tenant's domain."""
        text = self.aliases.mask(value)
        pieces: list[Text] = []
        end = 0
        for match in _ALIAS.finditer(text):
            if alias := self.aliases.named(match[0]):
                instead = self._stand_ins.get(alias.shown, Ref(self.variable(alias, field)))
                pieces += [self._domains(text[end : match.start()]), (instead,)]
                end = match.end()
        return joined(*pieces, self._domains(text[end:]))

    def target(self, target: str) -> Text:
        """Return a path with its query; a variable is percent-encoded there if its value was."""
        pieces: list[Text] = []
        found: set[Alias] = set()
        parts = re.split(r"([/?&=])", target)
        for part, sign, field in zip(parts, ("", *parts), ("", "", *parts), strict=False):
            if part in ("/", "?", "&", "="):
                pieces.append((part,))
                continue
            value = unquote(part)
            found.update(self.aliases.in_text(part), self.aliases.in_text(value))
            text = self.text(value, field if sign == "=" else "")
            if value != part:
                text = tuple(Ref(each.name, encoded=True) if isinstance(each, Ref) else each for each in text)
            pieces.append(text if value == part or any(refs(text)) else self.masked(part))
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

    def _variables(self, value: str, field: str) -> tuple[list[str], list[str]]:
        """Return the variables that bring a value: those of this field, and the others."""
        found = self._brought.get(value, [])
        fitting = [each for each in found if field and each.startswith(f"AUTH0_{field.upper()}")]
        return fitting, [each for each in found if each not in fitting]

    def _domains(self, text: str) -> Text:
        """Return a text in which the tenant's domain is a variable, where it stands as a URL's."""
        if not self._domain or f"//{self._domain}" not in text:
            return (text,)
        first, *others = re.split(rf"(?<=//){re.escape(self._domain)}(?![\w.:-])", text)
        return joined((first,), *((DOMAIN, other) for other in others))

    def _bring(self) -> None:
        """Note the variables of people and settings, by their values and by the aliases that these are shown under."""
        people, tenant = self.known.people, self.known.tenant
        found = [(each.values[name], variable) for each in people for variable, name in each.variables().items()]
        of_settings = [name for name in _OF_SETTINGS if tenant.get(name) and not (people and name in _OF_A_PERSON)]
        for value, variable in [*found, *((tenant[name], f"AUTH0_{name.upper()}") for name in of_settings)]:
            alias = self.aliases.known(value)
            for key in {value, alias.shown if alias else value}:
                self._brought.setdefault(key, []).append(variable)

    def _name_ids(self, journal: Iterable[Exchange]) -> None:
        """Name the ids that an answer brought and a later request of the app's said: another run has others."""
        brought: dict[str, str] = {}
        for exchange in (each for each in journal if each.speaker == "app"):
            for field, value in fields_of(exchange):
                if value in brought and value not in self._ids:
                    name = (field if _ID.fullmatch(field) and field != "id" else brought[value]).upper()
                    count = sum(each.startswith(f"{name}_") for each in self._ids.values()) + 1
                    is_taken = self.aliases.named(f"<{name.lower()} {count}>")
                    self._ids[value] = f"{'THE_' if is_taken else ''}{name}_{count}"
            for leaf in self.answered(exchange):
                is_plain = self.aliases.mask(leaf.value) == leaf.value and leaf.value not in self._brought
                if _ID.fullmatch(leaf.field) and is_plain and len(leaf.value) > 3:
                    brought.setdefault(leaf.value, leaf.field)

    def _stand_in(self, journal: Iterable[Exchange]) -> None:
        """Find another value for what was typed and refused: it was wrong by intention.

        No answer brought it, and neither the phone, the inbox nor the settings.
        """
        for exchange in (each for each in journal if each.speaker == "app"):
            went_on = exchange.status is None or exchange.status < 400 or exchange.error == "mfa_required"
            whole = [self.aliases.known(value) for _, value in fields_of(exchange)]
            for alias in [] if went_on else filter(None, [*self.aliases.in_text(said(exchange)), *whole]):
                is_typed = alias.born == exchange.number and not alias.answered
                if is_typed and alias.shown not in self._brought:
                    self._stand_ins[alias.shown] = self._of_the_shape(alias, exchange)

    def _of_the_shape(self, alias: Alias, exchange: Exchange) -> str:
        """Return a value like the one that was typed, which is none that the journal knows."""
        typed = [value for _, value in fields_of(exchange) if self.aliases.known(value) == alias]
        digits = "0123456789" if alias.kind != "password" else ""
        others = (_blanked(value, digit) for value in typed for digit in digits)
        fallback = f"a wrong {alias.kind.replace('_', ' ')} {alias.number}"
        return next((other for other in others if self.aliases.known(other) is None), fallback)


def _blanked(value: str, digit: str) -> str:
    """Return a value with one digit in the place of all, and one letter."""
    letter = chr(ord("A") + int(digit))
    return "".join(digit if each.isdigit() else letter if each.isalpha() else each for each in value)


# -- one request

_FORM = "application/x-www-form-urlencoded"
HEADERS = ("authorization", "content-type", "x-request-language")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request, in the forms that the languages need; `raw` is the body as it was sent.

    `form` or `data` is the body taken apart, where it is a form or JSON. `basic` has the two halves of HTTP Basic,
    which are in no header then. `outcome` is the error of its answer, or the reason.
    """

    number: int
    method: str
    target: Text
    headers: dict[str, Text]
    basic: tuple[Text, Text] | None
    form: dict[str, Text] | None
    data: Json | None
    raw: Text
    outcome: str

    @property
    def refs(self) -> list[str]:
        """The names of its variables, in the order in which a reader meets them."""
        body = self.form or self.data or self.raw
        return [each.name for each in refs((self.target, self.headers, self.basic or (), body))]

    @property
    def line(self) -> str:
        """What it asks for, in a word to a reader; a variable is named in braces."""
        path = "".join(each if isinstance(each, str) else f"{{{each.name.lower()}}}" for each in self.target)
        return one_line(f"{self.method} {path}")


def call_of(exchange: Exchange, values: Values) -> Call:
    """Return an exchange's request with what stands for its values in another run."""
    request = exchange.request
    body = bytes(request.body).decode("utf-8", "replace")
    basic = _basic(request, values)
    form = data = None
    raw = values.masked(body)
    if request.media_type == _FORM:
        pairs = parse_qsl(body, keep_blank_values=True)
        # Two fields of one name, which the lab never sends, are a body as any other.
        form = {values.name(name): values.text(value, name) for name, value in pairs}
        form = form if len(form) == len(pairs) else None
    elif request.media_type == "application/json" and (sent := plain_data(request)) is not None:
        data = values.data(sent)
        raw = values.json_text(body) if body.encode() == request.body else raw
    return Call(
        number=exchange.number,
        method=values.name(request.method),
        target=values.target(str(request.target)),
        headers=dict(_headers(request, values, basic is not None)),
        basic=basic,
        form=form,
        data=data,
        raw=raw,
        outcome=one_line(exchange.outcome).partition(" ")[2],
    )


def _headers(request: Request, values: Values, has_basic: bool) -> Iterator[tuple[str, Text]]:
    for name in HEADERS:
        value = request.header(name)
        if value and not (name == "authorization" and has_basic):
            scheme, blank, rest = str(value).partition(" ")
            yield (
                name,
                joined((values.name(scheme), blank), values.text(rest, "token")) if rest else values.text(scheme),
            )


def _basic(request: Request, values: Values) -> tuple[Text, Text] | None:
    scheme, _, rest = str(request.header("authorization") or "").partition(" ")
    try:
        user, colon, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return None
    # Each half was percent-encoded before it was encoded: what needs no such thing is the same with and without.
    halves = values.text(unquote(user), "client_id"), values.text(unquote(password), "client_secret")
    return halves if colon and scheme.lower() == "basic" else None
