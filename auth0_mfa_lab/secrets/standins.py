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
from auth0_mfa_lab.secrets.kinds import MARK, NAMES, is_stand_in, personal_kind, secret_kind, secrets_of_barcode

if TYPE_CHECKING:
    from auth0_mfa_lab.wire.journal import Journal

_IN_A_URL = r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^\s\"'<>]|<\w+ \d+>)*$"
# The kinds of the secrets in an operation's result, by their names; a code's is told by its purpose.
_OF_OPERATIONS = NAMES | {each: each for each in ("link", "push_token")}
_OF_OPERATIONS |= {"token": "device_account_token", "secret": "totp_secret"}


def stand_in(kind: str, name: str, value: str, inside: Callable[[str], str] = str) -> str:
    """Return what stands for a secret of this kind: `standin-mfa-token-1`, where `name` is `mfa_token-1`.

    What is read by its form keeps it: a JWT, a TOTP secret, the number of a code's digits, and of a person's data the
    form of an email, a number or an id. `inside` replaces what is secret in a text that the value carries: a JWT's
    claims, Basic.
    """
    plain = f"{MARK}-{name.replace('_', '-')}"
    drawn = hashlib.sha256(name.encode()).digest()
    header, _, rest = value.partition(".")
    try:
        if value.startswith("eyJ") and rest.count(".") == 1:
            said = from_base64(rest.partition(".")[0]).decode()
            json.loads(said)
            return f"{header}.{base64.urlsafe_b64encode(inside(said).encode()).decode().rstrip('=')}.{plain}"
        if kind == "basic_credentials":
            return base64.b64encode(inside(from_base64(value).decode()).encode()).decode()
    except (ValueError, RecursionError):
        pass  # it only looks like one
    is_persons = personal_kind(kind) is not None or secret_kind(kind) is None
    if value.isascii() and value.isdigit() and (is_persons or kind == "otp" or kind.endswith("code")):
        return (str(int.from_bytes(drawn)) * len(value))[: len(value)]
    if is_persons and re.fullmatch(r"\+[0-9]{6,}", value):
        return f"+1555{int.from_bytes(drawn) % 10**7:07}"
    if kind in ("secret", "totp_secret") and re.fullmatch("[A-Z2-7]{8,}=*", value):
        return f"{MARK.upper()}{base64.b32encode(drawn).decode()[:25]}"
    if value.startswith("Fe26."):  # known by its length, too, where no name tells
        return f"Fe26.2*{plain}*{drawn.hex()[:20]}"
    begins = re.match(r"[a-z][a-z0-9-]*\|", value) if is_persons else None
    is_email = is_persons and re.fullmatch(r"[^@\s|/]+@[^@\s|/]+", value)
    return f"{begins[0] if begins else ''}{plain}{'@example.com' if is_email else ''}"


class StandIns:
    """Every secret in some texts, and what stands for it; a text is masked first, then its aliases are filled in."""

    def __init__(self, aliases: Aliases, texts: Iterable[str], *, again: bool = False) -> None:
        """Stand in for the secrets of `texts`, in their order; with `again`, stand-ins of a recording stay."""
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

        def filled(match: re.Match[str]) -> str:
            if (alias := self._aliases.named(match[0])) is None:
                return match[0]
            before = match.string[max(0, match.start() - 2_000) : match.start()]
            return quote(self._of(alias), safe="") if encoded or re.search(_IN_A_URL, before) else self._of(alias)

        return SHOWN.sub(filled, self._aliases.mask(text))

    def data(self, value: Any) -> Any:
        """Return JSON with a stand-in for each secret in each of its strings."""
        return mapped(value, self.text)

    def _of(self, alias: Alias) -> str:
        """Return the stand-in of an alias."""
        shown, raw = alias.shown, str(alias.value)
        if shown in self._drawn:
            return self._drawn[shown]
        # A token that carries itself would go round for ever.
        self._drawn[shown] = shown
        name, drawn = f"{alias.kind}-{alias.number}", raw
        for attempt in () if self._again and is_stand_in(raw) else range(1, 1_000):
            drawn = stand_in(alias.kind, name if attempt == 1 else f"{name}-{attempt}", raw, self.text)
            # One that is another's, or stands in a text anyway, would be taken for what it is not.
            if (self._again and drawn == raw) or not (drawn in self._taken or drawn in self._written):
                break
        self._drawn[shown] = drawn
        self._taken.add(drawn)
        return drawn


def stand_ins_of(journal: Journal) -> StandIns:
    """Return the stand-ins for all that is secret in a journal, and in what happened beside it.

    An operation's secrets are learned here, and not when they pass: most are in no exchange, and the numbers of the
    aliases would depend on what a panel looked at.
    """
    texts = [text for _, text in texts_in(journal.operations.tenant)]
    for call in journal.operations:
        code = "code"
        for name, text in texts_in(call.result):
            if name == "purpose":  # a message says it before its code
                code = "code" if text == "passwordless" else "binding_code"
            kind = code if name == "code" else _OF_OPERATIONS.get(name)
            found = secrets_of_barcode(text) if name == "barcodes" else [(kind, text)] if kind and text else []
            for kind, value in found:
                journal.aliases.learn(kind, value)
        texts += [text for _, text in texts_in([call.arguments, call.result, call.refused])]
    for exchange in journal.http:
        texts.append(exchange.request.url)
        for message in filter(None, (exchange.request, exchange.response)):
            texts += [*(value for _, value in message.headers), message.text]
    return StandIns(journal.aliases, texts, again=journal.operations.is_replayed)


def texts_in(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text that stands in JSON, with the name of its member, in their order."""
    if isinstance(value, str):
        yield name, str(value)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from texts_in(each, key)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts_in(each, name)
