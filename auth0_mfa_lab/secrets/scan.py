"""Finds secrets in notebooks, HAR recordings and env files: by name and by shape, encoded, and in pictures of QRs."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import PurePath
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

from auth0_mfa_lab.secrets.aliases import ESCAPES, character
from auth0_mfa_lab.secrets.claims import claims_of, from_base64
from auth0_mfa_lab.secrets.kinds import is_jwt, is_stand_in

MOST_BYTES = 20 * 1024 * 1024
NESTINGS = 4
_CODES = ("binding code", "one-time code", "passwordless code")
_SEALED = "sealed string (mfa_token or oob_code)"
_TOKEN = r"(?![a-z]+(?:[._-][a-z]+)*$|[A-Z]+(?:_[A-Z0-9]+)*$)[\w.~+/*=-]{16,}"  # no words, and no constant
_TICKET = r"(?=.*[A-Za-z])(?=.*\d|.*[a-z].*[A-Z]|.*[A-Z].*[a-z])[\w-]{12,}"
_DRAWN = r"(?!(\d)\1*$)"  # 000000 is no code that was sent
# fmt: off
_KINDS = (  # what a find is called, the names of its fields, and what a value looks like where a program wrote it
    ("mfa_token",         "mfa_token",                        _TOKEN),
    ("oob_code",          "oob_code",                         _TOKEN),
    ("binding code",      "binding_code",                     _DRAWN + r"\d{4,10}"),
    ("one-time code",     "otp one_time_code",                _DRAWN + r"\d{4,10}"),
    ("passwordless code", "code",                             _DRAWN + r"\d{6}"),
    ("recovery code",     "recovery_code recovery_codes",     r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9-]{12,40}"),
    ("enrollment ticket", "enrollment_tx_id ticket_id ticket", _TICKET),
    ("TOTP secret",       "secret",                           r"[A-Z2-7]{16,}=*"),
    ("password",          "password",                         r".{4,}"),
    ("client secret",     "client_secret",                    r".{8,}"),
    ("refresh token",     "refresh_token",                    _TOKEN),
    ("access token",      "access_token",                     _TOKEN),
    ("ID token",          "id_token",                         _TOKEN),
    ("control token",     "lab_token",                        _TOKEN),
)
# fmt: on
_TITLES = {name.replace("_", ""): title for title, names, _ in _KINDS for name in names.split()}
_LOOKS = {title: looks for title, _, looks in _KINDS}
# In any writing (`mfa_token`, `mfaToken`, `MFA token`), and as a part of a longer name (AUTH0_CLIENT_SECRET); but
# `code` is the end of too many.
_WRITTEN = "|".join(name.replace("_", "[_ -]?") for _, names, _ in _KINDS for name in names.split() if name != "code")
_NAME = (
    r"(?:(?<![A-Za-z0-9])|(?-i:(?<=[a-z0-9])(?=[A-Z])))"
    rf"(?P<name>{_WRITTEN}|(?<![\w-])code)(?:_\d{{1,4}})?(?!\w)"
)
_TAG = r"</?(?:span|td|th|tr|code|pre|b|i|em|strong|div|p|dt|dd|li|a|font|mark|kbd|var)\b[^<>]{0,300}>"
_GAP = rf"(?:\s|{_TAG}){{0,20}}+"
_PAIR = (
    rf"(?i)(?P<flag>--)?{_NAME}(?P<after>[\"'`\])*]{{0,3}}){_GAP}"
    rf"(?P<sign>:=|=>|={{1,3}}|:|\||(?<=>)|(?(flag)(?<=[ =])|(?!)))"
    rf"{_GAP}[\[(]{{0,2}}{_GAP}(?:[frb]{{1,2}}(?=[\"']))?"
)
_VALUE = (
    r"\"(?P<double>[^\"\n]{1,9000})\"|'(?P<single>[^'\n]{1,9000})'|`(?P<back>[^`\n]{1,9000})`"
    r"|(?P<bare>[^\s\"'`<>&,;|(){}\[\]\\=]{4,9000}+={0,2})(?![(\[{])"
)
_ALLOW = r"auth0-mfa-lab:\s*allow\b"
_A_COMMENT = rf"\s*(?:#|//|/?\*|<!--|--|;|%).*{_ALLOW}"
# A password may be a phrase: it goes on to the end of the line.
_PHRASE = r"(?im)^([ \t]*(?:export[ \t]+)?\w{0,80}password[ \t]*=[ \t]*)([^\s\"'][^\n\"]* [^\n\"]*?)[ \t]*$"
_TICKET_URI = r"otpauth://[^\s\"'<>`\\]+|https?://[^\s\"'<>`\\]{1,300}(?:ticket|ticket_id|enrollment_tx_id)=[\w-]+"
_PLACEHOLDER = (
    # An alias, a variable, a template; what is cut short or blotted out; words that say so.
    r"(?i)^[<\[{]|^\$[A-Za-z_{(]|\$\{|\{\w*\}|%\(|<[\w ]+>|\.\.\.|…|[*•]{3}|(?<![A-Za-z0-9])x{3,}(?![A-Za-z0-9])|x{6}"
    r"|\b(?:your|redacted|masked|hidden|placeholder|change_?me|replace_?me)\b|your_|_here$"
    r"|^(?:none|null|nil|undefined|true|false|str|string|text|bytes|secret|password|passwd|token|code|required|optional"
    r"|[a-z]+(?:_(?:token|code|secret|password)))$"
)
# A password has a letter and a digit, and is none of these.
_NO_PASSWORD = (
    r"(?i)\s|pass|secret|your|example|sample|test|wrong|not|dummy|fake|foo|placeholder|0123456|1234567|://"
    r"|^\D*$|^[^A-Za-z]*$"
)
_REFERENCE = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
# fmt: off
_RECOVERY = r"(?![0-9A-F]{24}|[A-Z]{24})[A-Z0-9]{24}"  # a number in hex, and a word, is none
_SHAPES = (  # what is secret by its shape alone, and beside no name
    ("mfa_token",         r"(?i:\bbearer)\s{1,8}(Fe26\.2\*[\w.*~-]{16,})"),
    (_SEALED,             r"Fe26\.2\*[\w.*~-]{16,}"),
    ("JWT",               r"eyJ[\w-]{8,2000}\.[\w-]{5,20000}\.[\w-]+"),
    ("Basic header",      r"(?i)\bBasic\s+([\w.~+/*-]{8,}={0,2})"),
    ("Bearer header",     r"(?i)\bBearer\s+([\w.~+/*-]{8,}={0,2})"),
    ("enrollment ticket", r"(?i)\bTicket\s+(?:id\s*=\s*[\"']?)?([\w.~+/*-]{8,}={0,2})"),
    ("recovery code",     rf"(?<![\w+/=-]){_RECOVERY}(?![\w+/=-])"),
    ("refresh token",     r"(?<![\w.-])v1\.[\w-]{40,}"),
)
# fmt: on
_ROW = r"M0 (\d{1,3})\.5((?:m\d{1,3} 0h\d{1,3})+)"  # of a QR's drawing: the lab draws a stroke for each row of modules
_CONTROL = "[\\x00-\\x1f\x85\u2028\u2029]"
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")  # as they begin


class Find(NamedTuple):
    """A secret in a document: what it is, how long, and where; never the secret itself.

    `cell` counts from 1, in a notebook; `line` counts from 1, in the file or in a cell's source.
    """

    kind: str
    length: int
    where: str = ""
    cell: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        place = (f"cell {self.cell}", self.where, line) if self.cell else (line, self.where)
        return ": ".join(filter(None, (", ".join(filter(None, place)), f"{self.kind}, {self.length} characters")))


class Scanned(NamedTuple):
    """What was found in one file, whether all of it was read, and how, if otherwise than as what it is."""

    finds: tuple[Find, ...] = ()
    whole: bool = True
    note: str | None = None


class _Leak(NamedTuple):
    """A secret in a text: its kind, the line it begins in (from 1), and what in the text hid it."""

    kind: str
    value: str
    line: int | None = None
    hidden: str = ""


# A part of a document: the number of the cell, what of it or of the document, and the secrets there.
_Part = tuple[int | None, str, Iterator[_Leak]]


def file_kind(name: str) -> Literal["notebook", "HAR", "env file"] | None:
    """Return what a file of this name is: a notebook, a HAR, an env file (`.env*`, `*.env`), or None for others."""
    lower = PurePath(name).name.lower()
    if lower.startswith(".env") or lower.endswith(".env"):
        return "env file"
    return "notebook" if lower.endswith(".ipynb") else "HAR" if lower.endswith(".har") else None


def scan(name: str, content: bytes) -> Scanned:
    """Find the secrets in a notebook, a HAR or an env file; its `name` says which of them it is.

    `content` is all of it, or its first `MOST_BYTES + 1` bytes. What should be a notebook or a HAR and cannot be read
    as one is read line by line.
    """
    notes = [f"only the first {MOST_BYTES // 1024 // 1024} MiB were read"] if len(content) > MOST_BYTES else []
    text = content[:MOST_BYTES].decode(json.detect_encoding(content), "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    notes += ["it is in no encoding that is known here"] if "\0" in text else []
    whole, kind, document, ours = not notes, file_kind(name), None, False
    with suppress(ValueError, RecursionError):
        document = json.loads(text) if kind != "env file" else None
    if kind == "notebook" and isinstance(document, dict) and isinstance(document.get("cells"), list):
        parts = _of_notebook(document)
    elif kind == "HAR" and isinstance(document, dict) and isinstance(document.get("log"), dict):
        parts, ours = _of_har(document), isinstance(document["log"].get("_auth0_mfa_lab"), dict)
    else:
        notes += [f"it is no {kind} that can be read as one: its lines were"] if kind != "env file" else []
        is_data = not re.search("example|sample|template", PurePath(name).name.lower())
        parts = iter([(None, "", _in_lines(text, data=is_data))])
    finds: list[Find] = []
    for cell, where, leaks in parts:
        kinds: dict[_Leak, str] = {}  # each value of a line once, under the kind that says most
        for leak in leaks:
            spot = leak._replace(kind="")
            kinds[spot] = leak.kind if kinds.get(spot, _SEALED) == _SEALED else kinds[spot]
        for (_, value, line, hidden), title in sorted(kinds.items(), key=lambda each: each[0].line or 0):
            # What the lab recorded has stand-ins. They say so of themselves; codes are too short for that.
            if not (ours and title in _CODES):
                finds.append(Find(title, len(value), ", ".join(filter(None, (where, hidden))), cell, line))
    return Scanned(tuple(finds), whole, "; ".join(notes) or None)


def _in_lines(text: str, *, data: bool) -> Iterator[_Leak]:
    """Yield the secrets in a text file; a comment `auth0-mfa-lab: allow` allows its line, or the one below it."""
    lines = ["", *text.split("\n")]
    for leak in _leaks(re.sub(_PHRASE, r'\1"\2"', text) if data else text, data=data):
        line = leak.line or 1
        if not re.search(_ALLOW, lines[line]) and not re.match(_A_COMMENT, lines[line - 1]):
            yield leak


def _of_notebook(notebook: dict[str, Any]) -> Iterator[_Part]:
    """Yield the parts of a notebook; a comment `auth0-mfa-lab: allow` in a cell's source allows that cell."""
    for number, cell in enumerate(notebook.pop("cells"), 1):
        parts = cell if isinstance(cell, dict) else {"": cell}
        source, outputs = _joined(parts.pop("source", "")), parts.pop("outputs", [])
        if isinstance(source, str) and re.search(_ALLOW, source):
            continue
        yield number, "source", _leaks(source, data=False) if isinstance(source, str) else _walked(source)
        for count, output in enumerate(outputs if isinstance(outputs, list) else [outputs], 1):
            data = output.pop("data", {}) if isinstance(output, dict) else {}
            for mime, value in data.items() if isinstance(data, dict) else [("", data)]:
                kind = mime if re.fullmatch(r"[a-z]+/[a-z0-9.+-]{1,60}", mime) else "data"
                yield number, f"output {count} ({kind})", _walked({mime: value})
            yield number, f"output {count}", _walked(output)
        for name, part in parts.items():
            yield number, name if name in ("metadata", "attachments") else "fields", _walked({name: part})
    if isinstance(notebook.get("metadata"), dict):
        yield None, "widget state", _walked(notebook["metadata"].pop("widgets", None))
    yield None, "notebook metadata", _walked(notebook)


def _of_har(har: dict[str, Any]) -> Iterator[_Part]:
    """Yield the parts of a recording of a browser's or of the lab's."""
    entries = har["log"].pop("entries", [])
    for number, entry in enumerate(entries if isinstance(entries, list) else [entries], 1):
        for side in ("request", "response") if isinstance(entry, dict) else ():
            yield None, f"entry {number}, {side}", _walked(entry.pop(side, None))
        yield None, f"entry {number}", _walked(entry)
    yield None, "log", _walked(har)


def _walked(value: Any) -> Iterator[_Leak]:
    """Yield the secrets in every text of a JSON value: its names, and what is JSON within a text too."""
    todo: list[tuple[str, Any]] = [("", value)]
    for name, each in todo:  # it grows
        if isinstance(each, dict):
            todo += [pair for key, inner in each.items() for pair in ((key, inner), ("", key))]
            # Named beside it: a header, a field, a widget with its label.
            labels = [each.get(label) for label in ("name", "description", "placeholder")]
            labels += ["password"] if each.get("_model_name") == "PasswordModel" else []
            todo += [(label, each.get("value")) for label in labels if isinstance(label, str)]
        elif isinstance(each, list):
            todo += [(name, inner) for inner in (_joined(each), *each) if inner is not each]
        title, is_text = _title_of(name) if isinstance(each, str | int) else "", isinstance(each, str)
        if title and (is_text or title in _CODES[:2]) and (kind := _judged(title, str(each), data=True)):
            yield _Leak(kind, str(each))
        if is_text:
            yield from (leak._replace(line=None) for leak in _leaks(each, data=True))
            with suppress(ValueError, RecursionError):
                todo += [("", json.loads(each))] if each.lstrip()[:1] in ("{", "[") else []


def _joined(value: Any) -> Any:
    """Return a text that nbformat split into lines whole; anything else as it is."""
    is_text = isinstance(value, list) and value and all(isinstance(each, str) for each in value)
    return "".join(value) if is_text else value


# -- one text


def _leaks(text: str, *, data: bool, depth: int = 0) -> Iterator[_Leak]:
    """Yield the secrets in a text, each with its line; `data` says that a program wrote or reads it: see `_judged`."""
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)  # the colours of a terminal
    for _ in range(NESTINGS):
        for sign in ("\\", "&", "%"):
            if sign in plain:
                plain = re.sub(ESCAPES[sign], lambda escape: re.sub(_CONTROL, " ", character(escape[0])), plain)
    plain = re.sub(_TICKET_URI, lambda uri: "" if is_an_examples(uri[0]) else uri[0], plain)
    taken = bytearray(len(plain))
    for title, start, end, certain, quoted in (*_named(plain, data), *_shaped(plain)):
        kind = None if any(taken[start:end]) else _judged(title, plain[start:end], data=certain, quoted=quoted)
        if kind:
            taken[start:end] = b"\1" * (end - start)
            yield _Leak(kind, plain[start:end], plain.count("\n", 0, start) + 1)
    for start, content, hidden in _inside(plain, taken) if depth < NESTINGS else ():
        for leak in _leaks(content, data=data or hidden == "QR picture", depth=depth + 1):
            yield leak._replace(line=plain.count("\n", 0, start) + 1, hidden=leak.hidden or hidden)


# What a secret would be called, where it begins and ends, and how `_judged` is to look at it: `data` and `quoted`.
_Candidate = tuple[str, int, int, bool, bool]


def _named(text: str, data: bool) -> Iterator[_Candidate]:
    """Yield what stands beside the name of a secret."""
    for name in re.finditer(_PAIR, text):
        value, title = re.compile(_VALUE).match(text, name.end()), _title_of(name["name"])
        if not value:
            continue
        start, end = value.span(value.lastgroup or 0)
        bare, sets = value.lastgroup == "bare", data and name["sign"].startswith("=")
        end = start + len(text[start:end].rstrip(".:!?")) if bare else end
        # Of `code`s there are many: exit codes, error codes, arguments; after `password:` comes prose, too.
        if title == "passwordless code" and not (sets if bare else data or name["after"]):
            continue
        is_password = title == "password" and bare
        if not (is_password and re.match("[a-z]+ [a-z]", text[start : start + 100])):
            yield title, start, end, sets if is_password else data, not bare


def _shaped(text: str) -> Iterator[_Candidate]:
    """Yield what may be secret by its shape alone."""
    for title, pattern in _SHAPES:
        for match in re.finditer(pattern, text):
            start, end = match.span(match.lastindex or 0)
            # In a tag it is a drawing's path, a style or an id.
            if title != "recovery code" or not re.search(r"<[A-Za-z][^<>]*\Z", text[max(0, start - 5000) : start]):
                yield title, start, end, False, True


def _inside(text: str, taken: bytearray) -> Iterator[tuple[int, str, str]]:
    """Yield what is inside of base64 and of drawings: where it stands, the text, and what hid it."""
    for drawing in re.finditer(rf"(?:{_ROW})+", text):
        yield from ((drawing.start(), code, "QR picture") for code in codes_in(pixels_of_svg(drawing[0])))
    matches = re.finditer(r"[A-Za-z0-9+/_-]{16,}={0,2}", text)
    runs = [(match.start(), match[0]) for match in matches if not any(taken[match.start() : match.end()])]
    if re.fullmatch(r"[\w+/=\s-]+", text) and text != (unbroken := "".join(text.split())):
        runs = [(0, unbroken), *runs]
    for start, run in runs:
        try:
            content = from_base64(run)
        except ValueError:
            continue
        if content.startswith(_PICTURES):
            yield from ((start, code, "QR picture") for code in codes_in(content))
        hidden = content.decode("utf-8", "replace")
        if len(hidden) >= 8 and "".join(hidden.split()).isprintable() and "\ufffd" not in hidden:
            yield start, hidden, "base64"


# -- one value


@lru_cache(maxsize=4096)
def _title_of(name: str) -> str:
    """Return what the secret beside a name such as `mfa_token` or `AUTH0_PASSWORD` is called, or ""."""
    match = re.fullmatch(rf"(?i)[^\n]{{0,80}}?{_NAME}", name[-100:].strip(" :*"))
    return _TITLES[re.sub("[_ -]", "", match["name"].lower())] if match else ""


def _judged(title: str, value: str, *, data: bool, quoted: bool = True) -> str | None:
    """Return the kind of a value beside a name of this kind; None for a stand-in, a word, or a reference to one.

    With `data` it stands in an output, a recording or an env file, where a value is a value; in code and prose it must
    look like one, more so if it is not `quoted`.
    """
    if re.search(_PLACEHOLDER, value[:200] + value[200:][-20:]) or is_stand_in(value):
        return None
    if value.startswith("Fe26."):  # what is sealed has more parts, or one that was drawn
        return title if value.count("*") > 2 or _looks_random(value.partition("*")[2]) else None
    if is_jwt(value):
        return "JWT" if claims_of(value, part=0) else None
    if title == "Basic header":  # a name and a password, and no stand-in for them
        try:
            name, _, password = unquote(from_base64(value).decode()).partition(":")
        except ValueError:
            return None
        is_pair = name and f"{name}{password}".isprintable()
        return title if is_pair and _judged("client secret", password, data=True) else None
    certain = data or _looks_random(value) or re.fullmatch(_RECOVERY, value) is not None
    if title == "password" and not certain:
        is_text = quoted or not re.fullmatch(_REFERENCE, value)
        certain = is_text and len(value) >= 8 and not re.search(_NO_PASSWORD, value)
    elif title == "TOTP secret":
        certain = len(set(value)) > 4 and (data or re.search("[2-7]", value) is not None)
    elif title in _CODES:
        certain = data or value not in "01234567890123456789 98765432109876543210"
    return title if certain and re.fullmatch(_LOOKS.get(title, ".*"), value) else None


def _looks_random(value: str) -> bool:
    """Say whether a text was drawn and not written: letters and digits that change places all the time."""
    value = value[:400]
    if not re.fullmatch(r"(?=.*\d)(?!\d+$)[\w.~+/*=-]{16,}", value):
        return False
    runs = re.findall(r"[a-z]+|[A-Z]+|\d+", value)
    words = sum(len(run) for run in runs if len(run) > 3 and run.isalpha())
    return len(set(value)) > 8 and len(runs) > 0.3 * sum(map(len, runs)) and words <= 0.35 * len(value)


def is_an_examples(uri: str) -> bool:
    """Say whether a ticket is no secret: each host that its URI names is an example's, or it is the sandbox's own."""
    text = unquote(uri)
    hosts = re.findall(r"https?://(?:[^\s&/@]*@)?([^\s&/?#:]*)", text)
    hosts += re.findall(r"^otpauth://totp/([^:?]*\.[^:?]*):", text)  # a tenant's domain of its own
    is_sandboxes = re.match(r"otpauth://totp/sandbox:\w+@example\.com\?", text)
    return bool(hosts or is_sandboxes) and all(each.endswith(".example") for each in hosts)


# -- pictures


@lru_cache(maxsize=64)
def codes_in(picture: bytes) -> tuple[str, ...]:
    """Return the texts of the QR codes in a picture; none for what is no picture."""
    # Only here: most of what is scanned has no pictures.
    import zxingcpp
    from PIL import Image

    try:
        read = Image.open(io.BytesIO(picture)).convert("RGBA")
    except Exception:  # whatever a broken file makes of Pillow's readers
        return ()
    found: list[str] = []
    for ground in ("white", "black"):  # what is transparent is white on most pages, and black in a dark theme
        page = Image.new("RGBA", read.size, ground)
        page.alpha_composite(read)
        found += [str(code.text) for code in zxingcpp.read_barcodes(page.convert("L"))]
    return tuple(dict.fromkeys(found))


def pixels_of_svg(svg: str) -> bytes:
    """Return the PNG of a QR that the lab drew; empty for others."""
    rows = re.findall(_ROW, svg)
    if not rows:
        return b""
    from PIL import Image

    side, buffer = int(rows[-1][0]) + 5, io.BytesIO()  # with the quiet zone below it
    page = Image.new("L", (side, side), 255)
    for row, strokes in rows:
        x = 0
        for gap, wide in re.findall(r"m(\d+) 0h(\d+)", strokes):
            page.paste(0, (x + int(gap), int(row), x + int(gap) + int(wide), int(row) + 1))
            x += int(gap) + int(wide)
    page.resize((4 * side, 4 * side), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()
