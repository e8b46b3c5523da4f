"""An exchange as it is shown: laid out and masked, as text and as HTML.

The HTML has inline styles only, so that an untrusted notebook keeps them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

from auth0_mfa_lab.secrets.aliases import SHOWN, Aliases
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.show.colours import coloured
from auth0_mfa_lab.show.html import details
from auth0_mfa_lab.show.meanings import meaning_of
from auth0_mfa_lab.wire.exchange import Exchange, Json, Message, Response, Speaker, plain_data

_MATTERS = re.compile(r"authorization|content-type|retry-after|www-authenticate|x-ratelimit-.*")
# A length would tell that of a signature or a name; the rest of these are the transport's, not the API's.
_LEFT_OUT = ("content-length", "connection", "host", "date", "transfer-encoding")
_LIST_OF_ONE = re.compile(r"\[\n\s+([^\[\]{}\n]+)\n\s+\]")
_ONE_LINE = 88
_FROM_COLUMN = 56
_TIMES = ("iat", "exp", "nbf", "auth_time")
_DAY = 86400
_UNITS = ((_DAY, "d"), (3600, "h"), (60, "min"), (1, "s"))

# Half-transparent greys and the page's own text colour: they read in light and in dark.
_BESIDE = "flex:1 1 340px;"
_PRE = (
    "{place}margin:0;padding:8px 10px;border-left:3px solid {colour};"
    "background:rgba(127,127,127,0.12);white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;"
    "font-size:12px;line-height:1.45"
)
_ROW = '<div style="display:flex;flex-wrap:wrap;gap:8px;margin:4px 0">{}</div>'
_SMALL = "opacity:0.75;font-size:12px"
_SPEAKER = {"app": "#1976d2", "phone": "#8e44ad"}
_ANSWER = "#7f8c8d"
_MOST_LINES = 40
"""So many lines of a message are shown; one that is a few longer is shown whole, for a fold of three hides nothing."""
_FEW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeView:
    """An exchange laid out and masked.

    `claims` is what the JWTs say that are born here, `meaning` what an error means, `as_sent` the other headers and the
    body of the request and of the answer; each is "" where there is none.
    """

    title: str
    speaker: Speaker
    call: str
    outcome: str
    request: str
    answer: str
    claims: str
    meaning: str
    notes: tuple[str, ...]
    as_sent: tuple[str, str]
    aliases: Aliases = field(repr=False)

    def text(self) -> str:
        """Return it as plain text, without what the HTML folds."""
        remarks = "\n".join(filter(None, (self.meaning, *self.notes)))
        body = "\n\n".join(filter(None, (self.request, self.answer, self.claims, remarks)))
        return "\n".join([self.title, *(f"  {line}".rstrip() for line in body.split("\n"))])

    def html(self) -> str:
        """Return it as HTML, each alias in its colour."""
        colour, aliases = _SPEAKER[self.speaker], self.aliases
        call, outcome, sent, received = (coloured(each, aliases) for each in (self.call, self.outcome, *self.as_sent))
        # The text has its origins in a column of their own; a narrow page has no room for one.
        asked = re.sub(r" {2,}(\(from [\d, ]+\))$", r"  \1", self.request, flags=re.MULTILINE)
        parts = [_ROW.format(self._message(asked, colour) + self._message(self.answer, _ANSWER))]
        if self.claims:
            parts.append(_ROW.format(pre(coloured(self.claims, aliases))))
        if self.meaning:
            parts.append(f'<div style="font-size:12px">{coloured(self.meaning, aliases)}</div>')
        parts += [f'<div style="{_SMALL}">{coloured(note, aliases)}</div>' for note in self.notes]
        as_sent = _ROW.format(pre(sent, colour) + pre(received))
        fold = details("other headers, and the bodies as sent", as_sent, style=_SMALL)
        summary = f"{escape(self.title)} · <code>{call}</code> → <b>{outcome}</b>"
        return details(summary, "".join([*parts, fold]), is_open=True)

    def _message(self, text: str, colour: str) -> str:
        """Return a message as a block; the rest of a long one is folded below its beginning."""
        lines = text.split("\n")
        if len(lines) <= _MOST_LINES + _FEW:
            return pre(coloured(text, self.aliases), colour)
        begin, rest = (
            pre(coloured("\n".join(part), self.aliases), colour, place="")
            for part in (lines[:_MOST_LINES], lines[_MOST_LINES:])
        )
        fold = details(f"{len(lines) - _MOST_LINES} more lines", rest, style=_SMALL)
        return f'<div style="{_BESIDE}">{begin}{fold}</div>'


def pre(html: str, colour: str = _ANSWER, place: str = _BESIDE) -> str:
    """Return HTML as a block of fixed width in the lab's own look."""
    return f'<pre style="{_PRE.format(colour=colour, place=place)}">{html}</pre>'


def show(exchange: Exchange, aliases: Aliases) -> tuple[str, str]:
    """Return the text and the HTML of an exchange, masked.

    A secret that is born in it is introduced with its shape; a request's line names the exchange that an alias came
    from.
    """
    request, response, failure = exchange.request, exchange.response, exchange.failure
    number, call, sent = exchange.number, f"{request.method} {request.target}", plain_data(request)
    outcome = "no answer"
    answer = f"no answer: {failure.kind}: {failure.said}" if failure else outcome
    if response is not None:
        answer = _laid_out(f"{response.status} {response.reason}".rstrip(), response, exchange.json)
        outcome = f"{response.status} {exchange.error or response.reason}".rstrip()
    raw = [
        _laid_out(call, request, sent),
        answer,
        _as_sent(request),
        _as_sent(response),
        "\n".join(_opened(number, aliases, sent, exchange.json)),
        *(call, outcome, request.host, *exchange.notes),
    ]
    # One after the other, so that each secret is introduced once, where it stands first.
    asked, answer, *rest = (text.removesuffix("\n") for text in aliases.mask_each(raw, introducing=number))
    request_sent, answer_sent, claims, call, outcome, host, *notes = rest
    lines = []
    for line in asked.split("\n"):
        known = (aliases.named(match[0]) for match in SHOWN.finditer(line))
        born = dict.fromkeys(alias.born for alias in known if alias and alias.answered and (alias.born or 0) < number)
        origin = f"{line:{_FROM_COLUMN}} (from {', '.join(map(str, born))})"
        lines.append(origin if born else line.rstrip())
    view = ExchangeView(
        title=f"{number} · {exchange.speaker} → {host}",
        speaker=exchange.speaker,
        call=call,
        outcome=outcome,
        request="\n".join(lines),
        answer=answer,
        claims=claims,
        meaning=meaning_of(exchange) or "",
        notes=tuple(notes),
        as_sent=(request_sent.strip("\n"), answer_sent.strip("\n")),
        aliases=aliases,
    )
    return view.text(), view.html()


def _laid_out(first: str, message: Message, data: Json) -> str:
    """Return a message as lines: its first, the headers that matter, then its body taken apart, which is `data`."""
    headers = [f"{name}: {value}" for name, value in message.headers if _MATTERS.fullmatch(name)]
    if data is None:
        body = bytes(message.body).decode("utf-8", "replace")
    elif message.media_type == "application/x-www-form-urlencoded":
        body = "\n".join(f"{name}={value}" for name, value in data.items())
    else:
        body = json.dumps(data, ensure_ascii=False)
        if data not in ([], {}) and (isinstance(message, Response) or len(body) > _ONE_LINE):
            body = _LIST_OF_ONE.sub(r"[\1]", json.dumps(data, ensure_ascii=False, indent=2))
    return "\n".join([first, *headers, *(["", body] if body else [])])


def _as_sent(message: Message | None) -> str:
    """Return the headers that matter less, and the body as it was sent."""
    if message is None:
        return "(no body)"
    hidden = [each for each in message.headers if not _MATTERS.fullmatch(each[0]) and each[0] not in _LEFT_OUT]
    body = bytes(message.body).decode("utf-8", "replace")
    return "\n".join([*(f"{name}: {value}" for name, value in hidden), "", body or "(no body)"])


# -- JWTs, opened beside their tokens


def _opened(number: int, aliases: Aliases, *bodies: Json) -> Iterator[str]:
    """Yield the lines of what the JWTs that are born in this exchange say; raw."""
    for value in (value for data in bodies if isinstance(data, dict) for value in data.values()):
        alias = aliases.known(value) if isinstance(value, str) else None
        claims = claims_of(str(value)) if alias and alias.born == number else None
        if alias and claims is not None:
            yield f"{alias.shown} says"
            yield from _fields("header", claims_of(str(value), part=0) or {})
            yield from _fields("claims", claims)


def _fields(title: str, fields: dict[str, Any]) -> Iterator[str]:
    """Yield one line for each field; a claim that is a time is told from `iat`, where there is one."""
    yield f"  {title}"
    issued: Any = fields.get("iat")
    # A name stands in one line, whatever the token put into it.
    names = {name: json.dumps(name, ensure_ascii=False)[1:-1] for name in fields}
    width = max(map(len, names.values()), default=0)
    for name, value in fields.items():
        said = json.dumps(value, ensure_ascii=False)
        if name in _TIMES and all(type(each) in (int, float) and abs(each) < 1e12 for each in (value, issued)):
            said = _since(round(value - issued))
        yield f"    {names[name]:{width}}  {said}"


def _since(seconds: int) -> str:
    """Return a moment as told from the issue of its token: `issued + 10 min`."""
    if seconds == 0:
        return "issued"
    # Days are said from the third on: an access token lives for 24 h.
    units = _UNITS if abs(seconds) > 2 * _DAY else _UNITS[1:]
    size, unit = next((size, unit) for size, unit in units if seconds % size == 0)
    return f"issued {'+' if seconds > 0 else '-'} {abs(seconds) // size} {unit}"
