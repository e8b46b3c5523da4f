"""Marked secrets, everywhere that one can stand and in every spelling; and everything that the lab shows of them."""

from __future__ import annotations

import base64
import html
import json
import logging
import pickle
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import httpx
from IPython.core.ultratb import VerboseTB

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.exports.export import KINDS, exported
from auth0_mfa_lab.wire.exchange import Exchange, NoAnswer
from auth0_mfa_lab.wire.journal import EXCHANGE, Journal, RecordingTransport
from tests.mothers import a_journal

HOST = "https://tenant.example"


def lower_hex(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda hexes: hexes[0].lower(), text)


PLAIN: Mapping[str, Callable[[str], str]] = {
    "as it is": lambda value: value,
    "percent": lambda value: quote(value, safe=""),
    "percent, lower": lambda value: lower_hex(quote(value, safe="")),
    "plus": quote_plus,
    "plus, lower": lambda value: lower_hex(quote_plus(value)),
    "JSON": lambda value: json.dumps(value)[1:-1],
    "JSON, letters kept": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "HTML": html.escape,
}


BASE64: Mapping[str, Callable[[str], str]] = {
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64url": lambda value: base64.urlsafe_b64encode(value.encode()).decode().rstrip("="),
    # At each of the three places of a byte in base64.
    "base64 of a pair": lambda value: base64.b64encode(f"id:{value}".encode()).decode(),
    "base64 of another pair": lambda value: base64.b64encode(f"an-app:{value}".encode()).decode(),
    "base64 of a third pair": lambda value: base64.b64encode(f"the-app:{value}".encode()).decode(),
}
ENCODINGS: Mapping[str, Callable[[str], str]] = {**PLAIN, "repr": lambda value: repr(value)[1:-1], **BASE64}


def encoded(value: str, encodings: Iterable[str]) -> str:
    """Return a value in some encodings, the first of them the innermost."""
    for name in encodings:
        value = ENCODINGS[name](value)
    return value


def spellings(value: str) -> set[str]:
    """Return a value as it is, encoded once, and encoded twice other than in base64."""
    return {
        *(encoded(value, [inner, outer]) for inner in PLAIN for outer in PLAIN),
        *(BASE64[each](value) for each in BASE64),
    }


SECRET_FIELDS = (
    *("mfa_token", "oob_code", "recovery_code", "secret", "access_token", "id_token", "refresh_token", "password"),
    *("client_secret", "client_assertion", "transaction_token", "device_account_token", "challenge", "totp_secret"),
    *("auth_token", "aws_secret_access_key", "twilio_auth_token", "signing_key", "device_code", "apiKey"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One exchange as it will be said: what is sent, and what is answered."""

    url: str = f"{HOST}/oauth/token"
    headers: Mapping[str, str] | None = None
    content: bytes = b""
    form: bool = False
    answer: bytes = b""
    answer_headers: Mapping[str, str] | None = None
    reason: str = ""
    fails: str | None = None


def _deep(value: Any, depth: int) -> Any:
    for level in range(depth):
        value = {"items": [value]} if level % 2 else [{"more": value}]
    return value


# Where a secret stands so that it is learned: by its name, or by where it is.
BIRTHS: Mapping[str, Callable[[str, str, int], Planted]] = {
    "a form": lambda name, value, _: Planted(content=urlencode({"x": "1", name: value}).encode(), form=True),
    "JSON that is sent": lambda name, value, depth: Planted(content=json.dumps(_deep({name: value}, depth)).encode()),
    "JSON that is answered": lambda name, value, depth: Planted(
        answer=json.dumps(_deep({name: value}, depth)).encode()
    ),
    "JSON with its letters kept": lambda name, value, depth: Planted(
        answer=json.dumps(_deep({name: value}, depth), ensure_ascii=False).encode()
    ),
    "the first of two members": lambda name, value, _: Planted(
        answer=f"{{{json.dumps(name)}: {json.dumps(value)}, {json.dumps(name)}: 1}}".encode()
    ),
    "JSON in a text of JSON": lambda name, value, _: Planted(
        answer=json.dumps({"said": json.dumps({name: value})}).encode()
    ),
    "a query": lambda name, value, _: Planted(url=f"{HOST}/x?a=b&{urlencode({name: value})}"),
    "Location": lambda name, value, _: Planted(
        answer_headers={"location": f"https://app.example/cb?{urlencode({name: value})}"}
    ),
    "the fragment of Location": lambda name, value, _: Planted(
        answer_headers={"location": f"https://app.example/cb#{urlencode({name: value}, quote_via=quote)}"}
    ),
    "a Basic header": lambda _, value, __: Planted(
        headers={"authorization": f"Basic {base64.b64encode(f'app:{quote(value)}'.encode()).decode()}"}
    ),
}
# Only what a header, or a text, can hold as it is.
BARE_BIRTHS: Mapping[str, Callable[[str, str, int], Planted]] = {
    "a Bearer header": lambda _, value, __: Planted(headers={"authorization": f"Bearer {value}"}),
    "a ticket": lambda _, value, __: Planted(headers={"authorization": f'Ticket id="{value}"'}),
    "a cookie": lambda _, value, __: Planted(answer_headers={"set-cookie": f"did={value}; Path=/"}),
    "a header of one's own": lambda _, value, __: Planted(headers={"x-api-key": value}),
    "an error's text": lambda name, value, _: Planted(answer=f"Bad request: {name}={value} is wrong".encode()),
    "what a lost connection said": lambda name, value, _: Planted(fails=f"cannot reach {HOST}/x?{name}={value}"),
    "a barcode": lambda _, value, __: Planted(
        answer=json.dumps({"barcode_uri": f"otpauth://totp/t:a%40b.example?enrollment_tx_id={value}&x=1"}).encode()
    ),
}

_PATH = "!$&'()*+,;=:@"  # what httpx leaves as it is

# Where a secret that is known stands again, spelled in any way.
ECHOES: Mapping[str, Callable[[str], Planted]] = {
    "a header": lambda text: Planted(headers={"x-note": f"see {text} there"}),
    "an error's text": lambda text: Planted(answer=f"<p>Invalid value '{text}' given</p>".encode()),
    "what a lost connection said": lambda text: Planted(fails=f"[Errno 1] {text}"),
    "a body of any kind": lambda text: Planted(content=f"see {text} there".encode()),
}
# These encode what they hold: the second of two encodings is theirs.
ENCODING_ECHOES: Mapping[str, Callable[[str], Planted]] = {
    "the path": lambda text: Planted(url=f"{HOST}/v/{quote(text, safe=_PATH)}/w"),
    "a query": lambda text: Planted(url=f"{HOST}/v?state={quote(text, safe='')}"),
    "an error": lambda text: Planted(answer=json.dumps({"error": text, "error_description": f"no {text}."}).encode()),
    "a name": lambda text: Planted(answer=json.dumps({text: [text]}).encode()),
    "a form": lambda text: Planted(content=urlencode({"note": text}).encode(), form=True),
    "Location": lambda text: Planted(answer_headers={"location": f"/login?hint={quote(text, safe='/')}"}),
}


class Saying(httpx.BaseTransport):
    """Answers, or fails, as it was planted."""

    def __init__(self) -> None:
        self.planted = Planted()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        planted = self.planted
        if planted.fails is not None:
            raise httpx.ConnectError(planted.fails)
        kind = "application/json" if planted.answer[:1] in (b"{", b"[") else "text/html"
        headers = {"content-type": kind, **(planted.answer_headers or {})}
        return httpx.Response(400, headers=headers, content=planted.answer)


class Scene:
    """A journal that is written through a real client, and everything that can be seen of it."""

    def __init__(self, *, people: bool = False) -> None:
        self.journal: Journal = a_journal(people=people)
        self._saying = Saying()
        self._http = httpx.Client(transport=RecordingTransport(self._saying, self.journal, speaker="app"))
        self.lines: list[str] = []

    def say(self, planted: Planted) -> None:
        """Let one exchange happen."""
        self._saying.planted = planted
        kind = "application/x-www-form-urlencoded" if planted.form else "application/json"
        headers = {"content-type": kind} if planted.content else {}
        request = self._http.build_request(
            "POST", planted.url, headers={**headers, **(planted.headers or {})}, content=planted.content
        )
        with _listening(self.lines):
            try:
                exchange = self._http.send(request).extensions[EXCHANGE]
            except NoAnswer as failure:
                exchange = failure.exchange
        assert exchange is self.journal[-1]

    def sights(self) -> Iterator[tuple[str, str]]:
        """Yield everything that is shown, exported, logged or raised, each with its name."""
        journal = self.journal
        yield "the log", "\n".join(self.lines)
        yield "the journal", f"{journal!r} {journal._repr_mimebundle_()} {journal.runs()!r} {vars(journal)!r}"
        yield "the aliases", f"{journal.aliases!r} {vars(journal.aliases)!r}"
        for shown in [each.shown for each in journal.aliases.all()]:
            uses = journal.where(shown)
            yield f"where {shown} is", f"{uses!r} {uses._repr_mimebundle_()} {tuple(uses)!r}"
        for kind in KINDS[1:]:
            yield f"export {kind}", exported(kind, journal)
        for exchange in journal:
            yield from _of_exchange(exchange, journal)

    def close(self) -> None:
        """Close the client."""
        self._http.close()


def _of_exchange(exchange: Exchange, journal: Journal) -> Iterator[tuple[str, str]]:
    name = f"exchange {exchange.number}"
    yield name, f"{exchange!r} {exchange._repr_mimebundle_()} {exchange.outcome} {exchange.notes!r} {vars(exchange)!r}"
    yield f"{name}: curl", exported("curl", journal, exchange)
    yield f"{name}: values", repr([exchange.json, exchange.error, exchange.error_description, exchange.failure])
    request, response = exchange.request, exchange.response
    yield f"{name}: URL", repr([request.url, request.host, request.target, request.method, [*request.url]])
    for message in filter(None, (request, response)):
        parts = [message.headers, message.body, message.body.decode("utf-8", "replace"), message.body[3:], message.text]
        parts += [message.raw_data(), message.text.split("="), message.text.upper(), message.text.encode()]
        yield f"{name}: {type(message).__name__}", repr([message, *parts])
        for carry in (pickle.dumps, pickle._dumps):  # type: ignore[attr-defined]  # the one in Python
            try:
                yield f"{name}: pickle", carry(message).decode("latin-1")
            except TypeError as refusal:
                yield f"{name}: refused", str(refusal)


def failures_of(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield the errors about an exchange as Python and as IPython show them, with all locals."""
    acts: Mapping[str, Callable[[], object]] = {
        "missing": lambda: exchange["no_such_field"],
        "lost": lambda: _raise(NoAnswer(exchange)),
    }
    for name, act in acts.items():
        try:
            act()
        except LabError as failure:
            yield f"{name}: message", f"{failure} {failure!r}"
            yield f"{name}: traceback", "".join(traceback.format_exception(failure))
            yield f"{name}: verbose", VerboseTB(include_vars=True).text(type(failure), failure, failure.__traceback__)


def _raise(error: Exception) -> None:
    raise error


class _listening:  # noqa: N801  # it is used as a verb
    """Keeps what httpx and httpcore log at DEBUG in a block."""

    def __init__(self, lines: list[str]) -> None:
        self._logger = logging.getLogger("httpx")
        self._handler = logging.Handler()
        self._handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]

    def __enter__(self) -> None:
        self._level, self._logger.propagate = self._logger.level, False
        self._logger.setLevel(logging.DEBUG)
        self._logger.addHandler(self._handler)

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self._handler)
        self._logger.propagate = True
        self._logger.setLevel(self._level)
