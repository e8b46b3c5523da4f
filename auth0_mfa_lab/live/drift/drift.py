"""How a live tenant answers otherwise than the sandbox: one recorded run, compared step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from auth0_mfa_lab.live.drift.allowed import Allowed, read_allowed
from auth0_mfa_lab.live.drift.settles import Place, Played, mark_of, played, row_of, said
from auth0_mfa_lab.live.drift.stage import Theatre
from auth0_mfa_lab.live.drift.story import story_of
from auth0_mfa_lab.live.drift.walk import Step
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.messages import secrets_of_path
from auth0_mfa_lab.show.drift import Drifted, NotCompared
from auth0_mfa_lab.wire.har import Recording, read_har
from auth0_mfa_lab.wire.matching import secrets_by_kind
from auth0_mfa_lab.wire.operations import Json

_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference, masked: in which `steps` of the recording, of which call, what of which field.

    `kind` is status, error, text, value, added, removed, renamed, type or header. `settles` is what it tells of the
    evidence: `row` is the case of the sandbox's answer, `mark` how well the differing part of it is known, and
    `setting` what makes the sandbox answer like the tenant; "" where there is none.
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
    is_allowed: bool

    @property
    def line(self) -> str:
        """The line of an allow-list that accepts it."""
        return Allowed(call=self.call, field=self.field, kind=self.kind).line

    def data(self) -> dict[str, Json]:
        """Return it as JSON."""
        names = ("call", "field", "kind", "live", "sandbox", "settles", "row", "mark", "setting")
        return {
            "steps": list(self.steps),
            **{name: getattr(self, name) for name in names},
            "allowed": self.is_allowed,
        }


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Drift(Drifted):
    """What a comparison found; it shows itself as a table, and holds no secret."""

    recording: str
    tenant: str
    steps: int
    differences: tuple[Difference, ...]
    not_compared: tuple[NotCompared, ...]
    unused: tuple[str, ...] = field(default=())
    """The lines of the allow-list that nothing needs."""

    @property
    def is_found(self) -> bool:
        """Whether there is a difference that nobody has allowed."""
        return not all(each.is_allowed for each in self.differences)

    def data(self) -> dict[str, Json]:
        """Return all of it as JSON, with the names of the fields here."""
        return {
            "recording": self.recording,
            "tenant": self.tenant,
            "steps": self.steps,
            "compared": self.steps - len(self.not_compared),
            "differences": [each.data() for each in self.differences],
            "not_compared": [{"step": each.step, "call": each.call, "why": each.why} for each in self.not_compared],
            "unused_allowances": list(self.unused),
        }


def drift_of(path: str | Path, theatre: Theatre, *, allow: str | Path | None = None) -> Drift:
    """Compare a recorded run with what the sandboxes of `theatre` answer to the same steps.

    `allow` is a file of accepted differences; without it the drift-allow.toml beside the recording counts, if there is
    one. Raises LabError for a file that cannot be read.
    """
    file = Path(path)
    recording = read_har(file)
    allowed = read_allowed(file, Path(allow) if allow is not None else None)
    aliases = _aliases_of(recording)
    story = story_of(recording)
    found = played(story, theatre, aliases)
    differences = _differences(found, theatre, aliases, allowed)
    used = {line for each in differences for line in allowed if _allows(line, each)}
    skipped = (each for each in found.steps if each.skipped)
    return Drift(
        recording=recording.name,
        tenant=aliases.mask(story.domain),
        steps=len(found.steps),
        differences=tuple(differences),
        not_compared=tuple(NotCompared(step=each.number, call=each.call, why=each.skipped) for each in skipped),
        unused=tuple(line.line for line in allowed if line not in used),
    )


def _allows(line: Allowed, each: Difference) -> bool:
    return line.allows(each.call, each.field, each.kind, each.live)


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


def _differences(found: Played, theatre: Theatre, aliases: Aliases, allowed: Sequence[Allowed]) -> list[Difference]:
    """Return the differences in the order of their steps, those that are the same in several steps as one."""
    steps: dict[Difference, list[int]] = {}
    for place, step in sorted(found.differing.items(), key=lambda each: each[0][0]):
        one = _difference(place, step, found, theatre, aliases)
        steps.setdefault(one, []).append(place[0])
    return [_placed(one, numbers, allowed) for one, numbers in steps.items()]


def _difference(place: Place, step: Step, found: Played, theatre: Theatre, aliases: Aliases) -> Difference:
    _, one = place
    setting, row = found.explained.get(place), row_of(theatre.evidence, step)
    mark = mark_of(row, one) if row else ""
    live, sandbox = _shown(one.live, aliases), _shown(one.sandbox, aliases)
    return Difference(
        steps=(),
        call=step.call,
        field=aliases.mask(one.place),
        kind=one.kind,
        live=live,
        sandbox=sandbox,
        settles=said(one, live, setting, row),
        row=row.case if row and mark else "",
        mark=mark,
        setting=setting.said if setting else "",
        is_allowed=False,
    )


def _placed(one: Difference, steps: list[int], allowed: Sequence[Allowed]) -> Difference:
    fields: Mapping[str, Json] = {name: getattr(one, name) for name in Difference.__dataclass_fields__}
    is_allowed = any(_allows(line, one) for line in allowed)
    return Difference(**{**fields, "steps": tuple(steps), "is_allowed": is_allowed})


def _shown(text: str, aliases: Aliases) -> str:
    """Return what a side says on one line, masked, and not at endless length."""
    masked = " ".join(aliases.mask(text).split())
    return masked if len(masked) <= _LONGEST else f"{masked[:_LONGEST]}…"
