"""How a live tenant answers otherwise than the sandbox: one recorded run, compared step by step, once."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from html import escape
from itertools import count, groupby
from pathlib import Path

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.live.drift.compare import Found, compare
from auth0_mfa_lab.live.drift.player import Player
from auth0_mfa_lab.live.drift.scenario import Call, member
from auth0_mfa_lab.sandbox.app import covered
from auth0_mfa_lab.sandbox.errors import ROWS, EvidenceRow
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.kinds import secrets_of, secrets_of_path
from auth0_mfa_lab.show.table import WIDTH, Column, html_table, text_table, wrap
from auth0_mfa_lab.wire.exchange import Json, Response, plain_data
from auth0_mfa_lab.wire.har import read_har

NAME = "drift-allow.toml"
"""The file beside a recording that is read where no other is named."""
_LINE = '{ call = "POST /mfa/associate", field = "recovery_codes", kind = "removed" }'
_LONGEST = 200
_SETTLES = {
    "rec": ", another one was recorded otherwise",
    "doc": ": that settles what was documented",
    "test": ": that settles what was seen in an SDK's test",
    "forum": ": that settles what was seen in a forum",
    "guess": ": that settles what was a guess",
}
_TOLD = {"added": "has it", "removed": "has it not", "type": "has it as {}", "header": "sends {}"}
# fmt: off
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
    *(Column(title="step", width=8), Column(title="call", width=19), Column(title="field", width=19)),
    *(Column(title="kind", width=7), Column(title="your tenant", width=17), Column(title="the sandbox", width=17)),
    Column(title="what it settles", width=20),
)
_SKIPPED = (Column(title="step", width=8), Column(title="call", width=40), Column(title="not compared", width=60))


@dataclass(frozen=True, slots=True)
class Allowed:
    """One line of an allow-list: which call, which field, and what of it may differ; `*` stands for anything.

    With `live` only this answer of the tenant's is accepted, and any other is a difference again.
    """

    call: str
    field: str
    kind: str
    live: str | None = None

    def allows(self, *said: str) -> bool:
        """Say whether a difference is this one, by its call, its field, its kind and the tenant's answer."""
        patterns = (self.call, self.field, self.kind, self.live or "*")
        # Entries of lists stand in brackets, which fnmatch would take for its own.
        return all(fnmatchcase(one, each.replace("[", "[[]")) for one, each in zip(said, patterns, strict=True))

    @property
    def line(self) -> str:
        """The line of the file."""
        named = ((name, value) for name, value in asdict(self).items() if value is not None)
        return f"{{ {', '.join(f'{name} = {json.dumps(value, ensure_ascii=False)}' for name, value in named)} }}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference, masked: in which `steps` of the recording, of which call, what of which field.

    `kind` is status, error, text, value, added, removed, type or header. `settles` is what it tells of the evidence:
    `row` is the case of the sandbox's answer, `mark` how well the differing part of it is known, and `setting` what
    makes the sandbox answer like the tenant; "" where there is none.
    """

    steps: tuple[int, ...]
    call: str
    field: str
    kind: str
    live: str
    sandbox: str
    settles: str
    row: str
    mark: str
    setting: str
    allowed: bool = False

    @property
    def said(self) -> str:
        """What is said of it in a table."""
        return f"allowed. {self.settles}".rstrip() if self.allowed else self.settles


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

    def data(self) -> dict[str, Json]:
        """Return all of it as JSON, with the names of the fields here."""
        return asdict(self)

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
        rows = [
            (numbers(each.steps), each.call, each.field, each.kind, each.live, each.sandbox, each.said)
            for each in self.differences
        ]
        skipped = [(str(each.step), each.call, each.why) for each in self.not_compared]
        for columns, cells in ((_COLUMNS, rows), (_SKIPPED, skipped)):
            if cells:
                yield text_table(columns, cells), html_table(columns, cells)
        new = (Allowed(each.call, each.field, each.kind).line for each in self.differences if not each.allowed)
        accept = "To accept a difference, put its line into the list `allow` of drift-allow.toml:"
        for head, lines in (
            (accept, [*dict.fromkeys(new)]),
            ("Allowed, and not there any more:", self.unused_allowances),
        ):
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
            aliases.learn(kind, str(value), born=each.number)
    player = Player(recording, aliases)
    steps_of: dict[Difference, list[int]] = {}
    skipped: list[NotCompared] = []
    for call, answer in player.steps():
        if isinstance(answer, str):
            skipped.append(NotCompared(step=call.number, call=call.name, why=answer))
        elif call.response:
            for found in compare(call.response, answer, player.translated):
                steps_of.setdefault(_difference(call, answer, found, aliases), []).append(call.number)
    used: set[Allowed] = set()
    differences = []
    for difference, steps in steps_of.items():
        names = (difference.call, difference.field, difference.kind, difference.live)
        used |= (allowing := {line for line in lines if line.allows(*names)})
        differences.append(replace(difference, steps=tuple(steps), allowed=bool(allowing)))
    return Drift(
        recording=recording.name,
        tenant=aliases.mask(player.domain),
        steps=len(recording.exchanges),
        compared=len(recording.exchanges) - len(skipped),
        differences=tuple(differences),
        not_compared=tuple(skipped),
        unused_allowances=tuple(line.line for line in lines if line not in used),
    )


def read_allowed(recording: Path, file: str | Path | None) -> tuple[Allowed, ...]:
    """Return what `file` allows, or the drift-allow.toml beside a recording, which need not be there.

    Raises LabError for a file that is not there although it was named, or that is not as it must be.
    """
    wanted = Path(file or recording.with_name(NAME))
    if file is None and not wanted.exists():
        return ()
    number, lines = 0, []
    try:
        content = tomllib.loads(wanted.read_text(encoding="utf-8"))
        if not isinstance(listed := content.pop("allow", []), list):
            raise TypeError
        for line in listed:
            number += 1
            lines.append(Allowed(**line))
            if not all(isinstance(each, str) for each in line.values()):
                raise TypeError
    except OSError as problem:
        raise LabError(f"{wanted} cannot be read ({(problem.strerror or '').lower()}).") from None
    except (ValueError, RecursionError) as problem:
        where = f": {problem}" if isinstance(problem, tomllib.TOMLDecodeError) else ""
        raise LabError(f"{wanted} is no TOML{where}. A line of its list `allow` is {_LINE}.") from None
    except TypeError:
        where = f"entry {number} of `allow` is not as it must be" if number else "`allow` is no list"
        raise LabError(f"{wanted}: {where}. Write a line like this: {_LINE}.") from None
    if content:
        raise LabError(
            f"{wanted} has {next(iter(content))!r}: it has one list, `allow = [ ... ]`, of lines like {_LINE}."
        )
    return tuple(lines)


# -- what a difference settles: what the table of the sandbox's answers tells


def _difference(call: Call, sandbox: Response, found: Found, aliases: Aliases) -> Difference:
    rows = [row for row in _fitting(call, sandbox.status, plain_data(sandbox)) if row.switch is None]
    # A rejected push and a wrong recovery code are answered alike.
    row = min(rows, key=lambda each: ("recovery" in each.case) != ("recovery" in call.name), default=None)
    mark = ""
    if row:
        marks = {"status": row.status_mark, "error": row.error_mark, "text": row.text_mark, "header": ""}
        # The members of a success are marked where an error's text would be.
        mark = marks.get(found.kind, row.text_mark if row.status < 400 else "")
    members = (said for name, kind, said in _MEMBERS if kind == found.kind and re.fullmatch(name, found.place))
    setting = _setting(call, row) or next(members, "")
    # What a side says stands on one line, masked, and not at endless length.
    live, ours = (" ".join(aliases.mask(each).split()) for each in (found.live, found.sandbox))
    live, ours = (each if len(each) <= _LONGEST else f"{each[:_LONGEST]}…" for each in (live, ours))
    settles = ""
    if setting or (row and mark):
        told = f"your tenant {_TOLD.get(found.kind, 'says {}').format(live)}"
        settles = f"{told}: {setting}" if setting or not row else f"{told}{_SETTLES[mark]}: {row.case}"
    return Difference(
        steps=(),
        call=call.name,
        field=aliases.mask(found.place),
        kind=found.kind,
        live=live,
        sandbox=ours,
        settles=settles,
        row=row.case if row and mark else "",
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


def numbers(steps: Sequence[int]) -> str:
    """Return numbers as a person would write them: `3, 5-8`."""
    place = count()
    runs = [list(run) for _, run in groupby(steps, lambda each: each - next(place))]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
