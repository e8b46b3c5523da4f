"""How a live tenant answers otherwise than the sandbox: one recorded run, compared step by step, once."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from html import escape
from itertools import count, groupby
from pathlib import Path
from typing import Literal

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.files import regular
from auth0_mfa_lab.live.drift.player import ABSENT, Call, Player, member, paired
from auth0_mfa_lab.sandbox.app import covered
from auth0_mfa_lab.sandbox.errors import ROWS, EvidenceRow
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.kinds import secrets_of, secrets_of_path
from auth0_mfa_lab.show.table import WIDTH, Column, html_table, text_table, wrap
from auth0_mfa_lab.wire.exchange import Json, Response, plain_data
from auth0_mfa_lab.wire.har import read_har

Kind = Literal["status", "error", "text", "value", "added", "removed", "type", "header"]
"""What differs: `added` is what the live tenant has and the sandbox has not, `removed` the other way round."""
Found = tuple[str, Kind, str, str]
"""One difference: the path of the field, its kind, and what the live tenant and the sandbox say there; raw."""
NAME = "drift-allow.toml"
"""The file beside a recording that is read where no other is named."""
NONE, _LONGEST = "—", 200
_LINE = '{ call = "POST /mfa/associate", field = "recovery_codes", kind = "removed" }'
_TYPES = {bool: "boolean", dict: "object", list: "array", str: "string", int: "number", float: "number"}
# fmt: off
_COUNT: Mapping[str, Kind] = {
    **dict.fromkeys(("error", "errorCode"), "error"),
    **dict.fromkeys(("error_description", "message", "error_uri", "body"), "text"),
    **dict.fromkeys(("token_type", "authenticator_type", "oob_channel", "oob_channels", "challenge_type"), "value"),
    **dict.fromkeys(("binding_method", "type", "active", "enabled"), "value"),
}
"""Fields of which every value means something; of any other only its type does."""
_HEADERS = {
    **dict.fromkeys(("content-type", "cache-control", "www-authenticate"), True),
    **dict.fromkeys(("retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"), False),
}
"""The headers that matter, and whether their value counts, or only whether there is one."""
_SETTLES = {
    "rec": ", another one was recorded otherwise",
    "doc": ": that settles what was documented",
    "test": ": that settles what was seen in an SDK's test",
    "forum": ": that settles what was seen in a forum",
    "guess": ": that settles what was a guess",
}
_TOLD = {"added": "has it", "removed": "has it not", "type": "has it as {}", "header": "sends {}"}
_MEMBERS = (
    # a field's path, how it differs, and the setting under which the sandbox has it, or has it not, as well
    (r"(.*\.)?oob_channels", "added", "switch oob_channel_key=oob_channels"),
    (r"(.*\.)?oob_channel", "removed", "switch oob_channel_key=oob_channels"),
    (r"recovery_codes|\[recovery-code\]", "removed", "switch recovery_code_factor=off"),
    (r"mfa_requirements|\[[\w-]+\]\.type", "added", "switch customizable_mfa=on"),
    (r"mfa_token", "removed", "switch mfa_required_without_mfa_token=on"),
)
# fmt: on
_COLUMNS = (
    *(Column("step", 8), Column("call", 19), Column("field", 19), Column("kind", 7), Column("your tenant", 17)),
    *(Column("the sandbox", 17), Column("what it settles", 20)),
)
_SKIPPED = (Column("step", 8), Column("call", 40), Column("not compared", 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference, masked: in which `steps` of the recording, of which call, what of which field.

    `settles` is what it tells of the evidence: `row` is the case of the sandbox's answer, `mark` how well the differing
    part of it is known, and `setting` what makes the sandbox answer like the tenant; "" where there is none.
    """

    steps: tuple[int, ...]
    call: str
    field: str
    kind: Kind
    live: str
    sandbox: str
    settles: str
    row: str
    mark: str
    setting: str
    allowed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCompared:
    """A step that was not compared, and why; masked."""

    step: int
    call: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Drift:
    """What a comparison found; it shows itself as a table, and holds no secret.

    `unused_allowances` are the lines of the allow-list that no difference needs.
    """

    recording: str
    tenant: str
    steps: int
    compared: int
    differences: tuple[Difference, ...]
    not_compared: tuple[NotCompared, ...]
    unused_allowances: tuple[str, ...] = ()

    @property
    def is_found(self) -> bool:
        """Whether there is a difference that is not allowed."""
        return not all(each.allowed for each in self.differences)

    def __repr__(self) -> str:
        return "\n\n".join("\n".join(lines) for lines, _ in self._parts())

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": "".join(html for _, html in self._parts())}

    def _parts(self) -> Iterator[tuple[list[str], str]]:
        """Yield the title, the tables and the notes below them, each as its lines and as HTML."""
        found, allowed = len(self.differences), sum(each.allowed for each in self.differences)
        said = f"{found} difference{'' if found == 1 else 's'}" if found else "no difference"
        known = f", {allowed} of them allowed" if allowed else ""
        steps = f"{self.compared} of {self.steps} steps compared"
        title = f"Drift of {self.tenant} from the sandbox · {self.recording} · {steps} · {said}{known}"
        yield [title], f"<p><b>{escape(title)}</b></p>"
        rows, new = [], dict[str, None]()
        for each in self.differences:
            settles = f"allowed. {each.settles}".rstrip() if each.allowed else each.settles
            shown = each.call, each.field, each.kind, each.live, each.sandbox, settles
            rows.append((numbers(each.steps), *shown))
            if not each.allowed:
                new[_line({"call": each.call, "field": each.field, "kind": each.kind})] = None
        skipped = [(str(each.step), each.call, each.why) for each in self.not_compared]
        for columns, cells in ((_COLUMNS, rows), (_SKIPPED, skipped)):
            if cells:
                yield text_table(columns, cells), html_table(columns, cells)
        accept = "To accept a difference, put its line into the list `allow` of drift-allow.toml:"
        for head, lines in ((accept, new), ("Allowed, and not there any more:", self.unused_allowances)):
            if lines:
                text = [part for line in (head, *lines) for part in wrap(line, WIDTH)]
                yield text, f"<p>{escape(head)}</p><pre>{escape(chr(10).join(lines))}</pre>"


def drift_of(path: str | Path, *, allow: str | Path | None = None) -> Drift:
    """Compare a recorded run with what a fresh sandbox answers to the same steps.

    `allow` is a file of accepted differences; without it the drift-allow.toml beside the recording counts, if there is
    one. Raises LabError for a file that cannot be read.
    """
    recording = read_har(path)
    lines = read_allowed(Path(path), allow)
    aliases = Aliases(people=True)
    for each in recording.exchanges:
        url = str(each.request.url)
        said = secrets_of(each.response, people=True) if each.response else ()
        sent = secrets_of(each.request, url=url, people=True)
        for kind, value in (*sent, *said, *secrets_of_path(url, people=True)):
            aliases.learn(kind, value, born=each.number)
    player = Player(recording, aliases)
    steps_of: dict[Difference, dict[int, None]] = {}
    skipped: list[NotCompared] = []
    for call, answer in player.steps():
        if isinstance(answer, str):
            skipped.append(NotCompared(step=call.number, call=call.name, why=answer))
        elif call.response:
            for found in compare(call.response, answer, player.translated):
                steps_of.setdefault(_difference(call, answer, found, aliases), {})[call.number] = None
    return Drift(
        recording=recording.name,
        tenant=aliases.mask(player.domain),
        steps=len(recording.exchanges),
        compared=len(recording.exchanges) - len(skipped),
        differences=tuple(
            replace(each, steps=tuple(steps), allowed=any(is_allowed(each, line) for line in lines))
            for each, steps in steps_of.items()
        ),
        not_compared=tuple(skipped),
        unused_allowances=tuple(_line(line) for line in lines if not any(is_allowed(each, line) for each in steps_of)),
    )


def numbers(steps: Sequence[int]) -> str:
    """Return numbers as a person would write them: `3, 5-8`."""
    place = count()
    runs = [list(run) for _, run in groupby(steps, lambda each: each - next(place))]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


# -- the list of what is allowed


def read_allowed(recording: Path, file: str | Path | None) -> list[dict[str, str]]:
    """Return the lines of `file`, or of the drift-allow.toml beside a recording, which need not be there.

    Raises LabError for a file that is not there although it was named, or that is not as it must be.
    """
    wanted = Path(file or recording.with_name(NAME))
    if file is None and not wanted.exists():
        return []
    try:
        content = tomllib.loads(regular(wanted).read_text(encoding="utf-8"))
    except OSError as problem:
        raise LabError(f"{wanted} cannot be read ({(problem.strerror or '').lower()}).") from None
    except (ValueError, RecursionError) as problem:
        raise LabError(f"{wanted} is no TOML: {problem}. A line of its list `allow` is {_LINE}.") from None
    lines = content.get("allow", [])
    if content.keys() - {"allow"} or not isinstance(lines, list):
        raise LabError(f"{wanted} is not as it must be: it has one list, `allow = [ ... ]`, of lines like {_LINE}.")
    for number, line in enumerate(lines, 1):
        names = (
            line.keys() if isinstance(line, dict) and all(isinstance(each, str) for each in line.values()) else set()
        )
        if not {"call", "field", "kind"} <= names <= {"call", "field", "kind", "live"}:
            raise LabError(
                f"{wanted}: entry {number} of `allow` is not as it must be. Write a line like this: {_LINE}."
            )
    return lines


def is_allowed(difference: Difference, line: Mapping[str, str]) -> bool:
    """Say whether a difference is that of a line: its call, field and kind, and what the tenant says if it is named.

    `*` stands for anything.
    """
    # Entries of lists stand in brackets, which fnmatch would take for its own.
    patterns = {name: pattern.replace("[", "[[]") for name, pattern in line.items()}
    return all(fnmatchcase(getattr(difference, name), pattern) for name, pattern in patterns.items())


def _line(line: Mapping[str, str]) -> str:
    """Return a line as the file has it."""
    return f"{{ {', '.join(f'{name} = {json.dumps(value, ensure_ascii=False)}' for name, value in line.items())} }}"


# -- where two answers differ: in what an integrator's code reads, and not in what is drawn anew


def compare(live: Response, sandbox: Response, translated: Callable[[str], str]) -> Iterator[Found]:
    """Yield where the live tenant's answer differs from the sandbox's.

    `translated` puts the sandbox's values into a text of the live tenant's. Compared are the status, the headers that
    matter, the fields with their types (those of a list by the kinds of its entries), codes, texts, and words.
    """
    if live.status != sandbox.status:
        yield "status", "status", str(live.status), str(sandbox.status)
    for name, counts in _HEADERS.items():
        ours, theirs = live.header(name), sandbox.header(name)
        is_said = counts and _parts(translated(ours or "")) != _parts(theirs or "")
        if (ours is None) != (theirs is None) or is_said:
            yield f"header {name}", "header", NONE if ours is None else ours, NONE if theirs is None else theirs
    contents = (str(each.text) if (data := plain_data(each)) is None else data for each in (live, sandbox))
    for place, one, other in paired(*contents):
        kind = _COUNT.get(re.sub(r"\[.*", "", place.rpartition(".")[2]))
        ours, theirs = (NONE if each is ABSENT else _TYPES.get(type(each), "null") for each in (one, other))
        if ours != theirs:
            kind = "added" if other is ABSENT else "removed" if one is ABSENT else "type"
            if place.endswith("]") and kind != "type":
                ours, theirs = (NONE if each is ABSENT else "an entry" for each in (one, other))
            yield place, kind, ours, theirs
        elif kind and one != other and not (isinstance(one, str) and translated(one) == other):
            ours, theirs = (each if isinstance(each, str) else str(each).lower() for each in (one, other))
            yield place, kind, ours, theirs


def _parts(header: str) -> set[str]:
    """Return the parts of a header: neither blanks, nor capitals, nor their order count."""
    return {"".join(part.split()).lower() for part in re.split("[;,]", header) if part.strip()}


# -- what a difference settles: what the table of the sandbox's answers tells


def _difference(call: Call, sandbox: Response, found: Found, aliases: Aliases) -> Difference:
    place, kind, *values = found
    rows = [row for row in _fitting(call, sandbox.status, plain_data(sandbox)) if row.switch is None]
    # A rejected push and a wrong recovery code are answered alike.
    row = min(rows, key=lambda each: ("recovery" in each.case) != ("recovery" in call.name), default=None)
    mark = ""
    if row:
        marks = {"status": row.status_mark, "error": row.error_mark, "text": row.text_mark, "header": ""}
        # The members of a success are marked where an error's text would be.
        mark = marks.get(kind, row.text_mark if row.status < 400 else "")
    members = (setting for name, way, setting in _MEMBERS if way == kind and re.fullmatch(name, place))
    setting = _setting(call, row) or next(members, "")
    # What a side says stands on one line, masked, and not at endless length.
    live, ours = (" ".join(aliases.mask(each).split()) for each in values)
    live, ours = (each if len(each) <= _LONGEST else f"{each[:_LONGEST]}…" for each in (live, ours))
    case, settles = row.case if row and mark else "", ""
    if setting or case:
        settles = f"your tenant {_TOLD.get(kind, 'says {}').format(live)}"
        settles += f": {setting}" if setting else f"{_SETTLES[mark]}: {case}"
    return Difference(
        steps=(),
        call=call.name,
        field=aliases.mask(place),
        kind=kind,
        live=live,
        sandbox=ours,
        settles=settles,
        row=case,
        mark=mark,
        setting=setting,
    )


def _setting(call: Call, row: EvidenceRow | None) -> str:
    """Return the setting under which the sandbox gives the live tenant's answer; "" where the table knows none."""
    if row and row.error == "mfa_required" and call.granted:
        return "policy never"
    for other in _fitting(call, call.status, call.said):
        name, value = other.switch or ("", "")
        # A row in the place of no other is that of one grant: a refresh token, or a login that another factor ends.
        is_of_grant = row is None and (name == "refresh") == ("refresh" in call.name)
        if name and (other.instead_of is row if other.instead_of else is_of_grant):
            return f"profile {value}" if name == "profile" else f"switch {name}={value}"
    return ""


def _fitting(call: Call, status: int, said: Json) -> Iterator[EvidenceRow]:
    """Yield the rows of the table that an answer to a call may be of."""
    code = member(said, "errorCode") or member(said, "error")
    text = member(said, "error_description") or member(said, "message")
    for row in ROWS if call.endpoint else ():
        has_code = row.error == code or (not row.error and "statusCode" in (said or ()))
        pattern = re.sub(r"\\\{\w+\\\}", ".*", re.escape(row.text))
        says = row.status == status and has_code and re.fullmatch(pattern, text, re.DOTALL)
        if says and call.endpoint in covered(row.endpoint):
            yield row
