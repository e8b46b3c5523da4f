"""Stand-ins: what stands for a secret in a recording, made of the secret's alias and never of its value."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from auth0_mfa_lab.secrets.aliases import SHOWN, Alias, Aliases
from auth0_mfa_lab.secrets.claims import from_base64, mapped
from auth0_mfa_lab.secrets.kinds import MARK, is_stand_in
from auth0_mfa_lab.secrets.messages import secrets_of_barcode

if TYPE_CHECKING:
    from auth0_mfa_lab.wire.journal import Journal, OperationCall

_NUMBER = re.compile(r"\+[0-9]{6,}")
_BASE32 = re.compile(r"[A-Z2-7]{8,}=*")
_BEGINS = re.compile(r"[a-z][a-z0-9-]*\|")
_EMAIL = re.compile(r"[^@\s|/]+@[^@\s|/]+")
_IN_A_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"'<>]*$", re.IGNORECASE)
_BACK = 2_000
_MOST_ATTEMPTS = 1_000


def stand_in(kind: str, name: str, value: str, inside: Callable[[str], str] = str) -> str:
    """Return what stands for a secret of this kind: `standin-mfa-token-1`, where `name` is `mfa_token-1`.

    What is read by its form keeps it: a JWT, a code, a number, the secret of a TOTP, Basic, an email, and how an id or
    a sealed string begins. `inside` replaces what is secret in a text that the value carries: a JWT's claims, Basic.
    """
    plain = f"{MARK}-{name.replace('_', '-')}"
    drawn = hashlib.sha256(name.encode()).digest()
    header, _, rest = value.partition(".")
    if value.startswith("eyJ") and rest.count(".") == 1 and (said := _text_in(rest.partition(".")[0], is_json=True)):
        return f"{header}.{base64.urlsafe_b64encode(inside(said).encode()).decode().rstrip('=')}.{plain}"
    if kind == "basic_credentials" and ":" in (pair := _text_in(value)):
        return base64.b64encode(inside(pair).encode()).decode()
    if value.isascii() and value.isdigit() and kind != "password":
        return (str(int.from_bytes(drawn)) * len(value))[: len(value)]
    if _NUMBER.fullmatch(value):
        return f"+1555{int.from_bytes(drawn) % 10**7:07}"
    if kind in ("secret", "totp_secret") and _BASE32.fullmatch(value):
        return f"{MARK.upper()}{base64.b32encode(drawn).decode()[:25]}"
    if value.startswith("Fe26."):  # known by its length, too, where no name tells
        return f"Fe26.2*{plain}*{drawn.hex()[:20]}"
    begins = _BEGINS.match(value)
    return f"{begins[0] if begins else ''}{plain}{'@example.com' if _EMAIL.fullmatch(value) else ''}"


def _text_in(encoded: str, *, is_json: bool = False) -> str:
    """Return the text in base64, if so wanted only if it is JSON; "" where there is none."""
    try:
        text = from_base64(encoded).decode()
        return text if not is_json or json.loads(text) is not None else ""
    except (ValueError, RecursionError):
        return ""


class StandIns:
    """Every secret in some texts, and the one value that stands for it; the map stays here.

    Nothing raw gets through: a text is masked first, and then its aliases are filled in.
    """

    def __init__(self, aliases: Aliases, texts: Iterable[str], *, again: bool = False) -> None:
        """Stand in for the secrets of `texts`, in their order there.

        With `again` they may be stand-ins of a recording, which stay what they are.
        """
        self._aliases = aliases
        self._again = again
        self._drawn: dict[str, str] = {}
        self._written = "\n".join(aliases.mask_each(texts))
        found = dict.fromkeys(filter(None, (aliases.named(match[0]) for match in SHOWN.finditer(self._written))))
        self._taken = {str(alias.value) for alias in found}
        for alias in found:
            self._of(alias)

    def text(self, text: str, *, encoded: bool = False) -> str:
        """Return a text with its stand-ins; `encoded` says that it is a URL or a form, whose values are escaped."""
        masked = self._aliases.mask(str(text))
        filled = ""
        end = 0
        for match in SHOWN.finditer(masked):
            filled += masked[end : match.start()]
            alias = self._aliases.named(match[0])
            is_url = encoded or _IN_A_URL.search(filled[-_BACK:])
            value = self._of(alias) if alias else ""
            filled += (quote(value, safe="") if is_url else value) if alias else match[0]
            end = match.end()
        return filled + masked[end:]

    def data(self, value: Any) -> Any:
        """Return JSON with its stand-ins, whatever secret stands in whichever string."""
        return mapped(value, self.text)

    def _of(self, alias: Alias) -> str:
        """Return the stand-in of an alias."""
        shown, raw = alias.shown, str(alias.value)
        if shown in self._drawn:
            return self._drawn[shown]
        # A token that carries itself would go round for ever.
        self._drawn[shown] = shown
        name, drawn = f"{alias.kind}-{alias.number}", raw
        for attempt in range(1, _MOST_ATTEMPTS) if not (self._again and is_stand_in(raw)) else ():
            drawn = stand_in(alias.kind, name if attempt == 1 else f"{name}-{attempt}", raw, self.text)
            # One that is another's, or stands in a text anyway, would be taken for what it is not.
            if (drawn not in self._taken or (self._again and drawn == raw)) and drawn not in self._written:
                break
        self._drawn[shown] = drawn
        self._taken.add(drawn)
        return drawn


def stand_ins_of(journal: Journal) -> StandIns:
    """Return the stand-ins for all that is secret in a journal, and in what happened beside it."""
    for call in journal.operations:
        for kind, value in secrets_of_operation(call):
            journal.aliases.learn(kind, value)
    return StandIns(journal.aliases, list(_texts_of(journal)), again=journal.operations.is_replayed)


def secrets_of_operation(call: OperationCall) -> Iterator[tuple[str, str]]:
    """Yield the secrets in the result of an operation: in these fields, and in no other.

    They are learned when an export needs it, and not when they pass: most are in no exchange, and the numbers of the
    aliases would depend on what a panel looked at.
    """
    result = call.result
    match call.operation if call.refused is None else "":
        case "add_user":
            yield "password", result["password"]
            yield from [("recovery_code", result["recovery_code"])] if result["recovery_code"] else []
            for uri in result["barcodes"]:
                yield from secrets_of_barcode(uri)
        case "add_phone":
            yield from (("identifier", result["identifier"]), ("push_token", result["push_token"]))
        case "enroll":
            body = result["body"]
            yield from [("device_account_token", body["token"])] if "token" in body else []
            yield from [("totp_secret", body["totp"]["secret"])] if body.get("totp") else []
        case "pushes":
            for push in result["pushes"]:
                yield from (("transaction_token", push["payload"]["txtkn"]), ("challenge", push["payload"]["c"]))
        case "messages":
            for message in result["messages"]:
                kind = "code" if message["purpose"] == "passwordless" else "binding_code"
                yield from [(kind, message["code"])] if message["code"] else []
                yield from [("link", message["link"])] if message["link"] else []


def strings_in(value: Any) -> Iterator[str]:
    """Yield every string that stands in JSON, in their order."""
    if isinstance(value, str):
        yield str(value)
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    for each in inner:
        yield from strings_in(each)


def _texts_of(journal: Journal) -> Iterator[str]:
    yield from strings_in(journal.operations.tenant)
    for call in journal.operations:
        yield from strings_in([call.arguments, call.result, call.refused])
    for exchange in journal:
        yield str(exchange.request.url)
        for message in (exchange.request, exchange.response):
            if message is not None:
                yield from (str(value) for _, value in message.headers)
                yield str(message.text)
