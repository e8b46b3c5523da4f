"""Texts with a stand-in for each secret: what `mask` has hidden is filled in again with something harmless."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.messages import secrets_of_barcode
from auth0_mfa_lab.wire.journal import Journal
from auth0_mfa_lab.wire.operations import Json, OperationCall
from auth0_mfa_lab.wire.shapes import TOO_OFTEN, is_alike, stand_in

_ALIAS = re.compile(r"<([a-z][a-z0-9_]*) (\d+)(?:: \w+)?>")
_IN_A_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"'<>]*$", re.IGNORECASE)
_BACK = 2_000
_MOST_ATTEMPTS = 1_000


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
        masked = aliases.mask_each(texts)
        self._written = "\n".join(masked)
        found = dict.fromkeys(f"<{match[1]} {match[2]}>" for match in _ALIAS.finditer(self._written))
        self._taken = {str(aliases.value_of(shown)) for shown in found if aliases.named(shown)}
        for shown in found:
            self._of(shown)

    def text(self, text: str, *, encoded: bool = False) -> str:
        """Return a text with its stand-ins; `encoded` says that it is a URL or a form, whose values are escaped."""
        masked = self._aliases.mask(str(text))
        filled = ""
        end = 0
        for match in _ALIAS.finditer(masked):
            filled += masked[end : match.start()]
            value = self._of(f"<{match[1]} {match[2]}>")
            if value is None:
                filled += match[0]
            else:
                filled += quote(value, safe="") if encoded or _IN_A_URL.search(filled[-_BACK:]) else value
            end = match.end()
        return filled + masked[end:]

    def data(self, value: Json) -> Json:
        """Return JSON with its stand-ins, whatever secret stands in whichever string."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(name): self.data(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(each) for each in value]
        return value

    def _of(self, shown: str) -> str | None:
        """Return the stand-in of an alias; None for what only looks like one."""
        if shown in self._drawn:
            return self._drawn[shown]
        alias = self._aliases.named(shown)
        if alias is None:
            return None
        # A token that carries itself would go round for ever.
        self._drawn[shown] = shown
        drawn = self._drawn[shown] = self._draw(alias.kind, shown, str(self._aliases.value_of(shown)))
        self._taken.add(drawn)
        return drawn

    def _draw(self, kind: str, shown: str, raw: str) -> str:
        drawn = ""
        for attempt in range(_MOST_ATTEMPTS):
            drawn = stand_in(kind, shown, raw, attempt=attempt, inside=self.text)
            # One that is another's, or stands in a text anyway, would be taken for what it is not. One of another shape
            # (a word without a digit, for one that had some) would not be drawn again for itself.
            is_free = drawn not in self._taken or (self._again and drawn == raw)
            if is_free and drawn not in self._written and (attempt >= TOO_OFTEN or is_alike(kind, raw, drawn)):
                break
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
                payload = push["payload"]
                yield from (("transaction_token", payload["txtkn"]), ("challenge", payload["c"]))
        case "messages":
            for message in result["messages"]:
                kind = "code" if message["purpose"] == "passwordless" else "binding_code"
                yield from [(kind, message["code"])] if message["code"] else []
                yield from [("link", message["link"])] if message["link"] else []


def strings_in(value: Json) -> Iterator[str]:
    """Yield every string that stands in JSON, in their order."""
    if isinstance(value, str):
        yield str(value)
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    for each in inner:
        yield from strings_in(each)


def _texts_of(journal: Journal) -> Iterator[str]:
    yield from strings_in(journal.operations.tenant)
    for each in journal.operations:
        yield from strings_in([each.arguments, each.result, each.refused])
    for exchange in journal:
        yield str(exchange.request.url)
        for message in (exchange.request, exchange.response):
            if message is not None:
                yield from (str(value) for _, value in message.headers)
                yield str(message.text)
