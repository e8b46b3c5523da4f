"""An exchange as lines: the one source of its text and of its HTML."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.show.meanings import meaning_of
from auth0_mfa_lab.show.opened import opened
from auth0_mfa_lab.wire.exchange import Exchange, Json, Message, Request, Response

_MATTERS = re.compile(r"authorization|content-type|retry-after|www-authenticate|x-ratelimit-.*")
# A length would tell that of a signature or a name; the rest of these are the transport's, not the API's.
_LEFT_OUT = ("content-length", "connection", "host", "date", "transfer-encoding")
_ALIAS = re.compile(r"<[a-z][a-z0-9_]* \d+")
_LIST_OF_ONE = re.compile(r"\[\n\s+([^\[\]{}\n]+)\n\s+\]")
_ONE_LINE = 88
_FROM_COLUMN = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """An exchange laid out and masked: what is shown, what is folded, and the lab's own remarks.

    `meaning` says of an error what it means, and is "" elsewhere; `claims` is what the JWTs say that are born here.
    """

    title: str
    call: str
    outcome: str
    request: tuple[str, ...]
    answer: tuple[str, ...]
    meaning: str
    notes: tuple[str, ...]
    request_headers: tuple[str, ...]
    answer_headers: tuple[str, ...]
    request_sent: str
    answer_sent: str
    claims: tuple[str, ...]

    def text(self) -> str:
        """Return what is shown, as plain text; what is folded is left out."""
        body = [*self.request, "", *self.answer]
        claims = ["", *self.claims] if self.claims else []
        remarks = [*([self.meaning] if self.meaning else []), *self.notes]
        lines = [*body, *claims, *([""] if remarks else []), *remarks]
        return "\n".join([self.title, *(f"  {line}".rstrip() for line in lines)])


def lines_of(exchange: Exchange, aliases: Aliases) -> Lines:
    """Lay an exchange out as masked lines.

    A secret that is born in it is introduced with its shape; a request's line names the exchange that an alias came
    from.
    """
    request, response = exchange.request, exchange.response
    raw = [
        _blocks(f"{request.method} {request.target}", request),
        _answer(exchange),
        _block(_folded_headers(request)),
        _block(_folded_headers(response)) if response else "",
        request.text,
        response.text if response else "",
        _block(opened(exchange, aliases)),
        f"{request.method} {request.target}",
        exchange.outcome,
    ]
    # One after the other, so that each secret is introduced once, where it stands first.
    masked = aliases.mask_each(raw, introducing=exchange.number)
    shown = Lines(
        title=f"{exchange.number} · {exchange.speaker} → {aliases.mask(request.host)}",
        call=masked[7],
        outcome=masked[8],
        request=tuple(masked[0].split("\n")),
        answer=tuple(masked[1].split("\n")),
        meaning=meaning_of(exchange) or "",
        notes=tuple(map(aliases.mask, exchange.notes)),
        request_headers=tuple(masked[2].split("\n")),
        answer_headers=tuple(masked[3].split("\n")),
        request_sent=masked[4],
        answer_sent=masked[5],
        claims=tuple(masked[6].split("\n")) if masked[6] else (),
    )
    origin = [_with_origin(line, exchange.number, aliases) for line in shown.request]
    return replace(shown, request=tuple(line.rstrip() for line in origin))


def _answer(exchange: Exchange) -> str:
    if exchange.response is None:
        failure = exchange.failure
        return f"no answer: {failure.kind}: {failure.said}" if failure else "no answer"
    status = f"{exchange.status} {exchange.response.reason}".rstrip()
    return _blocks(status, exchange.response)


def _block(lines: list[str]) -> str:
    return "\n".join(lines)


def _blocks(first: str, message: Request | Response) -> str:
    """Lay a message out: its first line with the headers that matter, then its body."""
    body = _laid_out(message)
    return _block([first, *_shown_headers(message), *(["", *body] if body else [])])


def _shown_headers(message: Message) -> list[str]:
    return [f"{name}: {value}" for name, value in message.headers if _MATTERS.fullmatch(name)]


def _folded_headers(message: Message) -> list[str]:
    hidden = [(name, value) for name, value in message.headers if not _MATTERS.fullmatch(name)]
    return [f"{name}: {value}" for name, value in hidden if name not in _LEFT_OUT]


def _laid_out(message: Request | Response) -> list[str]:
    data = message.raw_data()
    if message.media_type == "application/x-www-form-urlencoded":
        return [f"{name}={value}" for name, value in data.items()]
    if data is None:
        # Not `splitlines`: a secret may hold what it takes for the end of a line.
        return str(message.text).removesuffix("\n").split("\n") if message.body else []
    return _json(data, one_line=isinstance(message, Request))


def _json(data: Json, *, one_line: bool) -> list[str]:
    flat = json.dumps(data, ensure_ascii=False)
    if (one_line and len(flat) <= _ONE_LINE) or data in ([], {}):
        return [flat]
    laid_out = json.dumps(data, ensure_ascii=False, indent=2)
    return _LIST_OF_ONE.sub(r"[\1]", laid_out).split("\n")


def _with_origin(line: str, number: int, aliases: Aliases) -> str:
    """Add to a line of a request where its secrets came from: `(from 1)`."""
    known = (aliases.named(f"{shown}>") for shown in _ALIAS.findall(line))
    born = dict.fromkeys(alias.born for alias in known if alias and alias.answered and (alias.born or 0) < number)
    if not born:
        return line
    return f"{line:{_FROM_COLUMN}} (from {', '.join(map(str, born))})"
