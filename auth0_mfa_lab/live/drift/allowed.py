"""The differences that somebody knows and accepts: a small TOML file, one line for each."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from auth0_mfa_lab.errors import LabError

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
        pairs = ((call, self.call), (field, self.field), (kind, self.kind))
        # Entries of lists stand in brackets, which fnmatch would take for its own.
        is_named = all(fnmatchcase(text, pattern.replace("[", "[[]")) for text, pattern in pairs)
        return is_named and self.live in (None, live)

    @property
    def line(self) -> str:
        """The line of the file."""
        named = ((name, value) for name, value in asdict(self).items() if value is not None)
        said = ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in named)
        return f"{{ {said} }}".replace("\x7f", "\\u007f")


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
    for number, line in enumerate(lines, 1):
        if wrong := _wrong(line):
            raise LabError(f"{wanted}: entry {number} of `allow` {wrong}")
    return tuple(Allowed(**line) for line in lines)


def _wrong(line: object) -> str:
    """Return what is wrong with a line, "" where nothing is."""
    if not isinstance(line, dict) or not all(isinstance(each, str) for each in line.values()):
        return f"is not as it must be. Write it like this: {_LINE}."
    if lacking := [name for name in _NEEDED if name not in line]:
        return f"has no {lacking[0]}. Write it like this: {_LINE}."
    unknown = [name for name in line if name not in _KNOWN]
    return f"has {unknown[0]!r}; it may have {', '.join(_KNOWN)}." if unknown else ""
