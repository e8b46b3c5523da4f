"""The differences that somebody knows and accepts: a small TOML file, one line for each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.wire.exchange import Json

NAME = "drift-allow.toml"
"""The file beside a recording that is read where no other is named."""
_NEEDED = ("call", "field", "kind")
_KNOWN = (*_NEEDED, "live")
_LINE = '{ call = "POST /mfa/associate", field = "recovery_codes", kind = "removed" }'


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """One line: which call, which field, and what of it may differ; `*` stands for anything.

    With `live` only this answer of the tenant's is accepted, and any other is a difference again.
    """

    call: str
    field: str
    kind: str
    live: str | None = None

    def allows(self, call: str, field: str, kind: str, live: str) -> bool:
        """Say whether a difference is this one."""
        is_named = _fits(call, self.call) and _fits(field, self.field) and _fits(kind, self.kind)
        return is_named and self.live in (None, live)

    @property
    def line(self) -> str:
        """The line of the file."""
        named = [(name, getattr(self, name)) for name in _KNOWN if getattr(self, name) is not None]
        return "{ " + ", ".join(f"{name} = {_quoted(value)}" for name, value in named) + " }"


def read_allowed(recording: Path, file: Path | None) -> tuple[Allowed, ...]:
    """Return what `file` allows, or the drift-allow.toml beside a recording, which need not be there.

    Raises LabError for a file that is not there although it was named, or that is not as it must be.
    """
    wanted = file or recording.with_name(NAME)
    if file is None and not wanted.exists():
        return ()
    try:
        content = tomllib.loads(wanted.read_text(encoding="utf-8"))
    except OSError as problem:
        raise LabError(f"{wanted} cannot be read ({(problem.strerror or '').lower()}).") from None
    except (ValueError, RecursionError) as problem:
        where = f": {problem}" if isinstance(problem, tomllib.TOMLDecodeError) else ""
        raise LabError(f"{wanted} is no TOML{where}. A line of its list `allow` is {_LINE}.") from None
    lines = content.get("allow", [])
    if unknown := [name for name in content if name != "allow"]:
        raise LabError(f"{wanted} has {unknown[0]!r}: it has one list, `allow = [ ... ]`, of lines such as {_LINE}.")
    if not isinstance(lines, list):
        raise LabError(f"{wanted}: `allow` is no list. A line of it is {_LINE}.")
    return tuple(_allowed(wanted, number, line) for number, line in enumerate(lines, 1))


def _allowed(file: Path, number: int, line: Json) -> Allowed:
    if not isinstance(line, dict) or not all(isinstance(each, str) for each in line.values()):
        raise LabError(f"{file}: entry {number} of `allow` is not as it must be. Write it like this: {_LINE}.")
    for name in _NEEDED:
        if name not in line:
            raise LabError(f"{file}: entry {number} of `allow` has no {name}. Write it like this: {_LINE}.")
    if unknown := [name for name in line if name not in _KNOWN]:
        raise LabError(f"{file}: entry {number} of `allow` has {unknown[0]!r}; it may have {', '.join(_KNOWN)}.")
    return Allowed(**line)


def _fits(text: str, pattern: str) -> bool:
    # Entries of lists stand in brackets, which fnmatch would take for its own.
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _quoted(text: str) -> str:
    escaped = "".join(f"\\u{ord(each):04x}" if ord(each) < 32 or ord(each) == 127 else each for each in text)
    return '"' + escaped.replace("\\", "\\\\").replace("\\\\u00", "\\u00").replace('"', '\\"') + '"'
