"""An exchange and the journal as they are shown: laid out and masked, each alias in a colour of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from html import escape
from zlib import crc32

from auth0_mfa_lab.exports.mermaid import fenced, mermaid, said
from auth0_mfa_lab.secrets.aliases import SHOWN, Alias, Aliases
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.show.html import details
from auth0_mfa_lab.show.meanings import meaning_of
from auth0_mfa_lab.wire.exchange import Exchange, Json, Message, Response, plain_data
from auth0_mfa_lab.wire.journal import Journal

_MATTERS = re.compile(r"authorization|content-type|retry-after|www-authenticate|x-ratelimit-.*")
# A length would tell that of a signature or a name; the rest of these are the transport's, not the API's.
_LEFT_OUT = ("content-length", "connection", "host", "date", "transfer-encoding")
_LIST_OF_ONE = re.compile(r"\[\n\s+([^\[\]{}\n]+)\n\s+\]")
_ONE_LINE = 88
_FROM_COLUMN = 56
# A fold of three lines would hide nothing: a message that is hardly longer is shown whole.
_MOST_LINES, _FEW = 40, 5
_TIMES = ("iat", "exp", "nbf", "auth_time")
_DAY = 86400
_UNITS = ((_DAY, "d"), (3600, "h"), (60, "min"), (1, "s"))
# What markdown, or a page's mathematics, would read as its own. An `_` inside a word is none.
_OWN = re.compile(r"[&<>\"|`*\[\]\\~$!#@]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=//)|(?<=www)\.")

_BESIDE = "flex:1 1 340px;min-width:0"
_PRE = (
    "margin:0;padding:8px 10px;border-left:3px solid {colour};background:rgba(127,127,127,0.12);"
    "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;font-family:monospace;font-size:12px;line-height:1.45"
)
_ROW = '<div style="display:flex;flex-wrap:wrap;gap:8px;margin:4px 0">{}</div>'
_SMALL = "opacity:0.75;font-size:12px"
_SPEAKER = {"app": "#1976d2", "phone": "#8e44ad", "Auth0": "#7f8c8d"}
_ANSWER = "#7f8c8d"
# Each has a contrast of 3 and more with white and with the dark theme's black, as an underline and a tint.
# fmt: off
PALETTE = (
    (30, 136, 229), (217, 115, 13), (46, 158, 79), (214, 64, 159), (15, 150, 140), (229, 72, 77),
    (124, 108, 230), (150, 130, 20), (176, 110, 70), (90, 120, 150), (168, 85, 214), (100, 145, 60),
)
_KINDS = (
    "mfa_token", "oob_code", "access_token", "recovery_code", "id_token", "password",
    "refresh_token", "enrollment_tx_id", "secret", "client_secret", "device_token", "otp",
)
# fmt: on


def style_of(alias: Alias) -> str:
    """Return the inline style of an alias; kind and number alone decide, so that two runs look alike."""
    first = _KINDS.index(alias.kind) if alias.kind in _KINDS else crc32(alias.kind.encode())
    # Five goes round all twelve before a colour comes back.
    red, green, blue = PALETTE[(first + 5 * (alias.number - 1)) % len(PALETTE)]
    colour = f"{red},{green},{blue}"
    return f"background:rgba({colour},0.2);border-bottom:2px solid rgb({colour});white-space:nowrap"


def coloured(text: str, aliases: Aliases, safe: Callable[[str], str] = escape) -> str:
    """Return masked text as HTML, made `safe` for its surroundings; what only looks like an alias has no colour."""
    parts: list[str] = []
    end = 0
    for match in SHOWN.finditer(text):
        if alias := aliases.named(match[0]):
            mark = f'<span style="{style_of(alias)}">{safe(match[0])}</span>'
            parts += [safe(text[end : match.start()]), mark]
            end = match.end()
    return "".join([*parts, safe(text[end:])])


def pre(html: str, colour: str = _ANSWER) -> str:
    """Return HTML as a block of fixed width in the lab's own look."""
    return f'<pre style="{_PRE.format(colour=colour)}">{html}</pre>'


def show(exchange: Exchange, aliases: Aliases) -> tuple[str, str]:
    """Return the text and the HTML of an exchange, masked; the HTML has inline styles alone, and all as it was sent.

    A secret that is born in it is introduced with its shape; a request's line tells which exchange an alias is from.
    """
    request, response, failure = exchange.request, exchange.response, exchange.failure
    number, call, sent = exchange.number, f"{request.method} {request.target}".rstrip(), plain_data(request)
    outcome = "no answer"
    answer = f"no answer: {failure.kind}: {failure.said}" if failure else outcome
    if response is not None:
        first = f"{response.status} {response.reason}".rstrip()
        answer = _laid_out("push, no HTTP request" if exchange.is_push else first, response, exchange.json)
        outcome = f"{response.status} {exchange.error or response.reason}".rstrip()
    claims = "\n".join(_opened(number, aliases, sent, exchange.json))
    spoken = ("", "") if exchange.is_push else (_laid_out(call, request, sent), _as_sent(request))
    raw = [spoken[0], answer, spoken[1], _as_sent(response), claims]
    raw += [call, "delivered" if exchange.is_push else outcome, request.host, *exchange.notes]
    # One after the other, so that each secret is introduced once, where it stands first.
    masked = (text.removesuffix("\n") for text in aliases.mask_each(raw, introducing=number))
    asked, answer, asked_as_sent, answered_as_sent, claims, call, outcome, host, *notes = masked
    title, meaning, lines = f"{number} · {exchange.speaker} → {host}", meaning_of(exchange) or "", []
    for line in asked.split("\n"):
        known = (aliases.named(match[0]) for match in SHOWN.finditer(line))
        born = dict.fromkeys(alias.born for alias in known if alias and alias.answered and (alias.born or 0) < number)
        origin = f"{line:{_FROM_COLUMN}} (from {', '.join(map(str, born))})"
        lines.append(origin if born else line.rstrip())
    asked, remarks = "\n".join(lines), "\n".join(filter(None, (meaning, *notes)))
    body = "\n\n".join(filter(None, (asked, answer, claims, remarks)))
    text = "\n".join([title, *(f"  {line}".rstrip() for line in body.split("\n"))])

    def html(text: str) -> str:
        return coloured(text.strip("\n"), aliases)

    sides = {"Request": _SPEAKER[exchange.speaker], "Push" if exchange.is_push else "Answer": _ANSWER}

    def row(*texts: str) -> str:
        beside = zip(sides.items(), texts, strict=True)
        return _ROW.format("".join(_message(*side, text.strip("\n"), aliases) for side, text in beside if text))

    # The text has its origins in a column of their own; a narrow page has no room for one.
    asked = re.sub(r" {2,}(\(from [\d, ]+\))$", r"  \1", asked, flags=re.MULTILINE)
    parts = [row(asked, answer)]
    parts += [pre(html(claims))] if claims else []
    parts += [f'<div style="font-size:12px">{html(meaning)}</div>'] if meaning else []
    parts += [f'<div style="{_SMALL}">{html(note)}</div>' for note in notes]
    as_sent = row(asked_as_sent, answered_as_sent)
    fold = details("other headers, and the bodies as sent", as_sent, style=_SMALL)
    summary = f"{escape(title)} · <code>{html(call)}</code> → <b>{html(outcome)}</b>"
    return text, details(summary, "".join([*parts, fold]), is_open=True)


def _message(word: str, colour: str, text: str, aliases: Aliases) -> str:
    """Return a message as a block below the word for it; the rest of a long one is folded below its beginning."""
    lines = text.split("\n")
    most = _MOST_LINES if len(lines) > _MOST_LINES + _FEW else len(lines)
    begin, rest = (pre(coloured("\n".join(part), aliases), colour) for part in (lines[:most], lines[most:]))
    fold = details(f"{len(lines) - most} more lines", rest, style=_SMALL) if lines[most:] else ""
    return f'<div style="{_BESIDE}"><b style="font-size:12px">{word}</b>{begin}{fold}</div>'


def _laid_out(first: str, message: Message, data: Json) -> str:
    """Return a message as lines: its first, the headers that matter, then its body taken apart, which is `data`."""
    headers = [f"{name}: {value}" for name, value in message.headers if _MATTERS.fullmatch(name)]
    if data is None:
        body = str(message.text)
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
    return "\n".join([*(f"{name}: {value}" for name, value in hidden), "", str(message.text) or "(no body)"])


def _opened(number: int, aliases: Aliases, *bodies: Json) -> Iterator[str]:
    """Yield the lines of what the JWTs that are born in this exchange say; raw. A time is told from the issue."""
    for token in (value for data in bodies if isinstance(data, dict) for value in data.values()):
        alias = aliases.known(token) if isinstance(token, str) else None
        claims = claims_of(str(token)) if alias and alias.born == number else None
        if alias is None or claims is None:
            continue
        yield f"{alias.shown} says"
        for title, fields in (("header", claims_of(str(token), part=0) or {}), ("claims", claims)):
            yield f"  {title}"
            # A name stands in one line, though a token may put line ends into it.
            names = {name: json.dumps(name, ensure_ascii=False)[1:-1] for name in fields}
            width = max(map(len, names.values()), default=0)
            for name, value in fields.items():
                said = json.dumps(value, ensure_ascii=False)
                if name in _TIMES and type(value) is int and type(fields.get("iat")) is int:
                    said = _since(value - fields["iat"])
                yield f"    {names[name]:{width}}  {said}"


def _since(seconds: int) -> str:
    """Return a moment as told from the issue of its token: `issued + 10 min`."""
    if seconds == 0:
        return "issued"
    # Days are said from the third on: an access token lives for 24 h.
    units = _UNITS if abs(seconds) > 2 * _DAY else _UNITS[1:]
    size, unit = next((size, unit) for size, unit in units if seconds % size == 0)
    return f"issued {'+' if seconds > 0 else '-'} {abs(seconds) // size} {unit}"


# -- the journal


def show_all(journal: Journal) -> dict[str, str]:
    """Return the mimebundle of a journal, masked: its runs under their steps; as markdown with diagram and legend."""
    counts = {"exchange": len(journal.http), "push": len(journal.pushed)}
    exchanges, pushes = (f"{n} {what}{'' if n == 1 else 'es' if what == 'push' else 's'}" for what, n in counts.items())
    heading, aliases = f"Journal · {exchanges}{f', {pushes}' if journal.pushed else ''}", journal.aliases
    lines, cells, last = [heading], list[tuple[str, ...]](), None
    for run in journal.runs():
        first = run.exchanges[0]
        raw = (first.step or "", f"{first.request.method} {first.request.target}".rstrip(), run.outcome)
        step, call, answer = map(aliases.mask, raw)
        step, last = "" if first.step == last else step, first.step
        lines += [step] if step else []
        lines.append(f"  {run.numbers:>5}  {first.speaker:5}  {call:44}  {answer}".rstrip())
        title, asked, answered = (coloured(each, aliases, escaped) for each in (step, call, answer))
        cells.append((run.numbers, title, first.speaker, f"<code>{asked}</code>", f"<code>{answered}</code>"))
    parts = [f"**{heading}**"]
    if cells:
        parts.append(fenced(mermaid(journal)))
        parts.append(_markdown_table(("number", "step", "who", "call", "answer"), cells))
    brought = dict[int, list[str]]()
    sent = {alias for exchange in journal for alias in aliases.in_text(said(exchange))}
    for alias in aliases.all():
        number = alias.born if alias.born and alias.answered else 0
        if number or alias in sent:
            named = f"<code>{coloured(alias.introduced, aliases, escaped)}</code>"
            brought.setdefault(number, []).append(named)
    own = " ".join(brought.pop(0, []))
    said_in = {number: "push" if journal[number - 1].is_push else "answer" for number in brought}
    legend = [(f"{said_in[number]} {number}", " ".join(brought[number])) for number in sorted(brought)]
    legend += [("no answer: you, the settings or the phone", own)] if own else []
    parts += [_markdown_table(("where it came from", "alias"), legend)] if legend else []
    return {"text/plain": "\n".join(lines), "text/markdown": "\n\n".join(parts)}


def escaped(text: str) -> str:
    """Return text in which nothing is markdown's own, in one line."""
    return _OWN.sub(lambda match: f"&#{ord(match[0])};", " ".join(text.splitlines()))


def _markdown_table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, tuple(":--" for _ in columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
