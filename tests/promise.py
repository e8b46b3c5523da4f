"""Marked secrets: where one can stand in an exchange, in which spellings, and the search for one in what is shown."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import httpx

HOST = "https://tenant.example"
MARK = "mArK"


def _lower_hex(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda hexes: hexes[0].lower(), text)


def _pair(name: str) -> Callable[[str], str]:
    return lambda value: base64.b64encode(f"{name}{value}".encode()).decode()


PLAIN: Mapping[str, Callable[[str], str]] = {
    "as it is": str,
    "percent": lambda value: quote(value, safe=""),
    "percent, lower": lambda value: _lower_hex(quote(value, safe="")),
    "plus": quote_plus,
    "plus, lower": lambda value: _lower_hex(quote_plus(value)),
    "JSON": lambda value: json.dumps(value)[1:-1],
    "JSON, letters kept": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "HTML": html.escape,
}
BASE64: Mapping[str, Callable[[str], str]] = {
    "base64": _pair(""),
    "base64url": lambda value: base64.urlsafe_b64encode(value.encode()).decode().rstrip("="),
    # At each of the three places of a byte in base64.
    **{f"base64 behind {name}": _pair(name) for name in ("id:", "an-app:", "the-app:")},
}
ENCODINGS: Mapping[str, Callable[[str], str]] = {**PLAIN, "repr": lambda value: repr(value)[1:-1], **BASE64}


def encoded(value: str, encodings: Iterable[str]) -> str:
    """Return a value in some encodings, the first of them the innermost."""
    for name in encodings:
        value = ENCODINGS[name](value)
    return value


def spellings(value: str) -> set[str]:
    """Return a value as it is, encoded once, and encoded twice other than in base64."""
    twice = (encoded(value, [inner, outer]) for inner in PLAIN for outer in PLAIN)
    return {*twice, *(BASE64[each](value) for each in BASE64)}


# -- where a secret stands

SECRET_FIELDS = (
    *("mfa_token", "oob_code", "recovery_code", "secret", "access_token", "id_token", "refresh_token", "password"),
    *("client_secret", "client_assertion", "transaction_token", "device_account_token", "challenge", "totp_secret"),
    *("auth_token", "aws_secret_access_key", "twilio_auth_token", "signing_key", "device_code", "apiKey"),
)
Planted = Mapping[str, Any]
"""One exchange as it will be said: `url`, `headers`, `body`; `answer`, `answered` (headers); or why it `fails`."""


def _json(value: Any, **how: Any) -> bytes:
    return json.dumps(value, **how).encode()


def _deep(name: str, value: Any, depth: int) -> Any:
    nested: Any = {name: value}
    for level in range(depth):
        nested = {"items": [nested]} if level % 2 else [{"more": nested}]
    return nested


def _basic(value: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'app:{quote(value)}'.encode()).decode()}"}


# fmt: off
# Where a secret stands so that it is learned, by its name or its place: from the name, the value and a depth.
BIRTHS: Mapping[str, Callable[[str, str, int], Planted]] = {
    "a form":                     lambda n, v, _: {"body": urlencode({"x": "1", n: v})},
    "JSON that is sent":          lambda n, v, d: {"body": _json(_deep(n, v, d))},
    "JSON that is answered":      lambda n, v, d: {"answer": _json(_deep(n, v, d))},
    "JSON with its letters kept": lambda n, v, d: {"answer": _json(_deep(n, v, d), ensure_ascii=False)},
    "the first of two members":   lambda n, v, _: {"answer": b"{%s, %s" % (_json({n: v})[1:-1], _json({n: 1})[1:])},
    "JSON in a text of JSON":     lambda n, v, _: {"answer": _json({"said": json.dumps({n: v})})},
    "a query":                    lambda n, v, _: {"url": f"/x?a=b&{urlencode({n: v})}"},
    "Location":                   lambda n, v, _: {"answered": {"location": f"https://a.example/?{urlencode({n: v})}"}},
    "the fragment of Location":   lambda n, v, _: {"answered": {"location": f"/#{urlencode({n: v}, quote_via=quote)}"}},
    "a Basic header":             lambda _, v, __: {"headers": _basic(v)},
}
# Only what a header, or a text, can hold as it is.
BARE_BIRTHS: Mapping[str, Callable[[str, str, int], Planted]] = {
    "a Bearer header":            lambda _, v, __: {"headers": {"authorization": f"Bearer {v}"}},
    "a ticket":                   lambda _, v, __: {"headers": {"authorization": f'Ticket id="{v}"'}},
    "a cookie":                   lambda _, v, __: {"answered": {"set-cookie": f"did={v}; Path=/"}},
    "a header of one's own":      lambda _, v, __: {"headers": {"x-api-key": v}},
    "an error's text":            lambda n, v, _: {"answer": f"Bad request: {n}={v} is wrong".encode()},
    "what a lost connection said":lambda n, v, _: {"fails": f"cannot reach {HOST}/x?{n}={v}"},
    "a barcode":                  lambda _, v, __: {"answer": _json({"x": f"otpauth://totp/t?enrollment_tx_id={v}&x=1"})},
}
# Where a secret that is known stands again, spelled in any way.
ECHOES: Mapping[str, Callable[[str], Planted]] = {
    "a header":                   lambda text: {"headers": {"x-note": f"see {text} there"}},
    "an error's text":            lambda text: {"answer": f"<p>Invalid value '{text}' given</p>".encode()},
    "what a lost connection said":lambda text: {"fails": f"[Errno 1] {text}"},
    "a body of any kind":         lambda text: {"body": f"see {text} there".encode()},
}
# These encode what they hold: the last of the encodings is theirs.
ENCODING_ECHOES: Mapping[str, Callable[[str], Planted]] = {
    "the path":                   lambda text: {"url": f"/v/{quote(text, safe=_PATH)}/w"},
    "a query":                    lambda text: {"url": f"/v?state={quote(text, safe='')}"},
    "an error":                   lambda text: {"answer": _json({"error": text, "error_description": f"no {text}."})},
    "a name":                     lambda text: {"answer": _json({text: [text]})},
    "a form":                     lambda text: {"body": urlencode({"note": text})},
    "Location":                   lambda text: {"answered": {"location": f"/login?hint={quote(text, safe='/')}"}},
}
# fmt: on
_PATH = "!$&'()*+,;=:@"  # what httpx leaves as it is


class Saying(httpx.BaseTransport):
    """Answers, or fails, as it was planted."""

    def __init__(self) -> None:
        self.planted: Planted = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if "fails" in self.planted:
            raise httpx.ConnectError(self.planted["fails"])
        answer = self.planted.get("answer", b"")
        kind = "application/json" if answer[:1] in (b"{", b"[") else "text/html"
        headers = {"content-type": kind, **self.planted.get("answered", {})}
        return httpx.Response(400, headers=headers, content=answer)


# -- the search


def _in_base64(mark: str) -> set[str]:
    """Return what of a mark's base64 is the same whatever stands around it."""
    return {
        base64.b64encode(bytes(before) + mark.encode()).decode()[-(-before * 4 // 3) : (before + len(mark)) * 4 // 3]
        for before in range(3)
    }


_ONCE = _in_base64(MARK)
_TWICE = {each for once in _ONCE for each in _in_base64(once)}
_HIDDEN = {*_ONCE, *_TWICE, *(each for twice in _TWICE for each in _in_base64(twice))}
"""By these a mark is seen that base64 hides: decoding all that looks like base64 takes long."""


def marks(text: str) -> list[str]:
    """Return what of a mark stands in a text, in any case, or in what base64 hides in it, three times at the most."""
    found = re.findall(rf"(?i){MARK}[aZ09]{{5,10}}", text)
    for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", text):
        standard = run.translate(str.maketrans("-_", "+/"))
        if not any(each in standard for each in _HIDDEN):
            continue
        for start in range(4) if len(run) < 400 else (0,):
            piece = standard[start:]
            try:
                found += marks(base64.b64decode(piece[: len(piece) // 4 * 4]).decode("latin-1"))
            except binascii.Error:
                continue
    return found
