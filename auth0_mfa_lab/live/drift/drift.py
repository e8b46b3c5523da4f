"""How a live tenant answers otherwise than the sandbox: one recorded run, compared step by step, once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from html import escape
from pathlib import Path

from auth0_mfa_lab.live.drift.allowed import Allowed, read_allowed
from auth0_mfa_lab.live.drift.calls import Call, member
from auth0_mfa_lab.live.drift.compare import Found
from auth0_mfa_lab.live.drift.player import Player, Step
from auth0_mfa_lab.live.drift.scenario import scenario_of
from auth0_mfa_lab.sandbox.app import covered
from auth0_mfa_lab.sandbox.errors import ROWS, EvidenceRow
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.messages import secrets_of_path
from auth0_mfa_lab.show.table import WIDTH, Column, html_table, text_table, wrap
from auth0_mfa_lab.wire.exchange import Json, plain_data
from auth0_mfa_lab.wire.har import Recording, read_har
from auth0_mfa_lab.wire.replay import secrets_by_kind

_LONGEST = 200
_MARKED_AS = {"doc": "documented", "test": "seen in an SDK's test", "forum": "seen in a forum", "guess": "a guess"}
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
    def line(self) -> str:
        """The line of an allow-list that accepts it."""
        return Allowed(call=self.call, field=self.field, kind=self.kind).line


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
        parts = [[self._title()], *(text_table(columns, rows) for columns, rows in self._tables())]
        parts += [[line for text in note for line in wrap(text, WIDTH)] for note in self._notes()]
        return "\n\n".join("\n".join(lines) for lines in parts)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        parts = [f"<p><b>{escape(self._title())}</b></p>"]
        parts += [html_table(columns, rows) for columns, rows in self._tables()]
        parts += [f"<p>{escape(note[0])}</p><pre>{escape(chr(10).join(note[1:]))}</pre>" for note in self._notes()]
        return {"text/plain": repr(self), "text/html": "".join(parts)}

    def _tables(self) -> Iterator[tuple[Sequence[Column], list[tuple[str, ...]]]]:
        if self.differences:
            yield _COLUMNS, [_cells(each) for each in self.differences]
        if self.not_compared:
            yield _SKIPPED, [(str(each.step), each.call, each.why) for each in self.not_compared]

    def _title(self) -> str:
        found, allowed = len(self.differences), sum(each.allowed for each in self.differences)
        said = f"{found} difference{'' if found == 1 else 's'}" if found else "no difference"
        known = f", {allowed} of them allowed" if allowed else ""
        steps = f"{self.compared} of {self.steps} steps compared"
        return f"Drift of {self.tenant} from the sandbox · {self.recording} · {steps} · {said}{known}"

    def _notes(self) -> Iterator[list[str]]:
        """Yield what is said below the tables: a sentence each, and its lines."""
        if new := list(dict.fromkeys(each.line for each in self.differences if not each.allowed)):
            yield ["To accept a difference, put its line into the list `allow` of drift-allow.toml:", *new]
        if self.unused_allowances:
            yield ["Allowed, and not there any more:", *self.unused_allowances]


def drift_of(path: str | Path, *, allow: str | Path | None = None) -> Drift:
    """Compare a recorded run with what a fresh sandbox answers to the same steps.

    `allow` is a file of accepted differences; without it the drift-allow.toml beside the recording counts, if there is
    one. Raises LabError for a file that cannot be read.
    """
    file = Path(path)
    recording = read_har(file)
    lines = read_allowed(file, Path(allow) if allow is not None else None)
    aliases, scenario = _aliases_of(recording), scenario_of(recording)
    steps = list(Player(scenario, aliases).steps())
    numbers_of: dict[Difference, list[int]] = {}
    for step in steps:
        for found in step.found:
            numbers_of.setdefault(_difference(step, found, aliases), []).append(step.call.number)
    used: set[Allowed] = set()
    differences: list[Difference] = []
    for each, numbers_ in numbers_of.items():
        allowing = {line for line in lines if line.allows(each.call, each.field, each.kind, each.live)}
        used |= allowing
        differences.append(replace(each, steps=tuple(numbers_), allowed=bool(allowing)))
    skipped = tuple(
        NotCompared(step=each.call.number, call=each.call.name, why=each.skipped) for each in steps if each.skipped
    )
    return Drift(
        recording=recording.name,
        tenant=aliases.mask(scenario.domain),
        steps=len(steps),
        compared=len(steps) - len(skipped),
        differences=tuple(differences),
        not_compared=skipped,
        unused_allowances=tuple(line.line for line in lines if line not in used),
    )


def _aliases_of(recording: Recording) -> Aliases:
    """Return the aliases of whatever is somebody's or secret in a recording: stand-ins too, where it is the lab's."""
    aliases = Aliases(people=True)
    for each in recording.exchanges:
        found = dict(secrets_by_kind(each.request, str(each.request.url), people=True))
        found |= secrets_by_kind(each.response, people=True) if each.response else {}
        found |= {value: kind for kind, value in secrets_of_path(str(each.request.url), people=True)}
        for value, kind in found.items():
            aliases.learn(kind, value, born=each.number)
    return aliases


def _difference(step: Step, found: Found, aliases: Aliases) -> Difference:
    row = _row_of(step)
    mark = _mark_of(row, found) if row else ""
    setting = _setting_of(step, row) or next(
        (said for name, kind, said in _MEMBERS if kind == found.kind and re.fullmatch(name, found.place)), ""
    )
    # What a side says stands on one line, masked, and not at endless length.
    live, sandbox = (" ".join(aliases.mask(each).split()) for each in (found.live, found.sandbox))
    live, sandbox = (each if len(each) <= _LONGEST else f"{each[:_LONGEST]}…" for each in (live, sandbox))
    told = f"your tenant {_TOLD.get(found.kind, 'says {}').format(live)}"
    if setting:
        settles = f"{told}: {setting}"
    elif row is None or not mark:
        settles = ""
    elif mark == "rec":
        settles = f"{told}, another one was recorded otherwise: {row.case}"
    else:
        settles = f"{told}: that settles what was {_MARKED_AS[mark]}: {row.case}"
    return Difference(
        steps=(),
        call=step.call.name,
        field=aliases.mask(found.place),
        kind=found.kind,
        live=live,
        sandbox=sandbox,
        settles=settles,
        row=row.case if row and mark else "",
        mark=mark,
        setting=setting,
    )


# -- what the table of the sandbox's answers tells


def _row_of(step: Step) -> EvidenceRow | None:
    """Return the row of the sandbox's answer, or None for a plain success."""
    if step.sandbox is None:
        return None
    rows = _fitting(step.call, step.sandbox.status, plain_data(step.sandbox))
    fitting = [row for row in rows if row.switch is None]
    # A rejected push and a wrong recovery code are answered alike.
    return min(fitting, key=lambda row: ("recovery" in row.case) != ("recovery" in step.call.name), default=None)


def _setting_of(step: Step, row: EvidenceRow | None) -> str:
    """Return the setting under which the sandbox gives the live tenant's answer; "" where the table knows none."""
    if row is not None and row.error == "mfa_required" and step.call.granted:
        return "policy never"
    for other in _fitting(step.call, step.call.status, step.call.said):
        name, value = other.switch or ("", "")
        # A row in the place of no other is that of one grant: a refresh token, or a login that another factor ends.
        is_of_grant = row is None and (name == "refresh") == ("refresh" in step.call.name)
        if name and (other.instead_of is row if other.instead_of else is_of_grant):
            return f"profile {value}" if name == "profile" else f"switch {name}={value}"
    return ""


def _fitting(call: Call, status: int, said: Json) -> Iterator[EvidenceRow]:
    """Yield the rows of the table that an answer to a call may be of."""
    code = member(said, "errorCode") or member(said, "error")
    text = member(said, "error_description") or member(said, "message")
    for row in ROWS if call.endpoint is not None else ():
        has_code = row.error == code or (not row.error and "statusCode" in (said or ()))
        pattern = re.sub(r"\\\{\w+\\\}", ".*", re.escape(row.text))
        says = row.status == status and has_code and re.fullmatch(pattern, text, re.DOTALL)
        if says and call.endpoint in covered(row.endpoint):
            yield row


def _mark_of(row: EvidenceRow, found: Found) -> str:
    """Return how well the part of a row is known that a difference speaks of; "" where it speaks of none."""
    if found.kind in ("status", "error"):
        return row.status_mark if found.kind == "status" else row.error_mark
    # The members of a success are marked where an error's text would be.
    return row.text_mark if found.kind == "text" or (row.status < 400 and found.kind != "header") else ""


def _cells(row: Difference) -> tuple[str, ...]:
    settles = f"allowed. {row.settles}".rstrip() if row.allowed else row.settles
    return (numbers(row.steps), row.call, row.field, row.kind, row.live, row.sandbox, settles)


def numbers(steps: Sequence[int]) -> str:
    """Return numbers as a person would write them: `3, 5-8`."""
    runs: list[list[int]] = []
    for each in steps:
        if runs and each == runs[-1][-1] + 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
