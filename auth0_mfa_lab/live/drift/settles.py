"""What a difference settles: the setting under which the sandbox answers as the tenant does, and the evidence's row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from auth0_mfa_lab.live.drift.calls import endpoint_of, fields_of, text_field
from auth0_mfa_lab.live.drift.compare import Found
from auth0_mfa_lab.live.drift.stage import Setting, Theatre
from auth0_mfa_lab.live.drift.story import Story
from auth0_mfa_lab.live.drift.walk import Step, Walk
from auth0_mfa_lab.sandbox.endpoints import covered
from auth0_mfa_lab.sandbox.errors import EvidenceRow
from auth0_mfa_lab.secrets.aliases import Aliases

Place = tuple[int, Found]
"""One difference: the number of its exchange, and what it is."""
_MARKED_AS = {
    "doc": "documented",
    "test": "seen in an SDK's test",
    "forum": "seen in a forum",
    "guess": "a guess",
}
_TOLD = {"added": "has it", "removed": "has it not", "type": "has it as {}", "header": "sends {}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A recording, played on the sandbox as it is by itself, and what each setting explains of the differences.

    `differing` has each difference with the step that shows it: one that comes to light only under a setting too.
    """

    steps: tuple[Step, ...] = field(repr=False)
    differing: Mapping[Place, Step] = field(repr=False)
    explained: Mapping[Place, Setting] = field(repr=False)


def played(story: Story, theatre: Theatre, aliases: Aliases) -> Played:
    """Play a recording, and where it differs play it again with each setting, to see which one makes that go away.

    One setting after the other is kept, the one that explains most first; one that brings other differences instead
    explains nothing, unless those are of steps that could not be compared before.
    """
    steps = now = _steps(story, theatre, aliases, ())
    differing, explained = _places(steps), dict[Place, Setting]()
    left, kept = differing, list[Setting]()
    tried = theatre.alternatives if left else ()
    while left and tried:
        unseen = {step.number for step in now if step.skipped}
        gains: list[tuple[int, Setting, tuple[Step, ...]]] = []
        moving: list[Setting] = []
        for setting in tried:
            again = _steps(story, theatre, aliases, (*kept, setting))
            found = _places(again)
            gain, brought = len(left.keys() - found.keys()), found.keys() - left.keys()
            if gain or brought:
                moving.append(setting)
            if gain and all(number in unseen for number, _ in brought):
                gains.append((gain, setting, again))
        if not gains:
            break
        _, best, now = max(gains, key=lambda each: each[0])
        found = _places(now)
        explained |= dict.fromkeys(left.keys() - found.keys(), best)
        # What moved nothing moves nothing now, unless more is seen; what made something worse may help now.
        tried = theatre.alternatives if found.keys() - left.keys() else moving
        left, kept, differing = found, [*kept, best], {**found, **differing}
        tried = [setting for setting in tried if setting.name not in {each.name for each in kept}]
    return Played(steps=steps, differing=differing, explained=explained)


def row_of(evidence: Sequence[EvidenceRow], step: Step) -> EvidenceRow | None:
    """Return the row of the evidence that the sandbox's answer is of, or None for a plain success."""
    endpoint, answer = endpoint_of(step.recorded.request), step.sandbox
    if answer is None or endpoint is None:
        return None
    fields = fields_of(answer)
    code = text_field(fields, "errorCode") or text_field(fields, "error")
    text = text_field(fields, "error_description") or text_field(fields, "message")
    fitting = [
        row
        for row in evidence
        if row.status == answer.status
        and (row.error == code or (not row.error and "statusCode" in fields))
        and _says(row, text)
        and endpoint in covered(row.endpoint)
    ]
    # A rejected push and a wrong recovery code are answered alike.
    is_recovery = "recovery" in step.call
    return min(fitting, key=lambda row: ("recovery" in row.case) != is_recovery, default=None)


def mark_of(row: EvidenceRow, found: Found) -> str:
    """Return how well the part of a row is known that a difference speaks of; "" where it speaks of none."""
    if found.kind == "status":
        return str(row.status_mark)
    if found.kind == "error":
        return str(row.error_mark)
    # The members of a success are marked where an error's text would be.
    return row.text_mark if found.kind == "text" or (row.status < 400 and found.kind != "header") else ""


def said(found: Found, live: str, setting: Setting | None, row: EvidenceRow | None) -> str:
    """Return in one sentence what a difference settles, with the masked word of the tenant; "" for nothing."""
    told = f"your tenant {_TOLD.get(found.kind, 'says {}').format(live)}"
    mark = mark_of(row, found) if row else ""
    if setting is not None:
        return f"{told}: {setting.said}"
    if row is None or not mark:
        return ""
    if mark == "rec":
        return f"{told}, another one was recorded otherwise: {row.case}"
    return f"{told}: that settles what was {_MARKED_AS[mark]}: {row.case}"


def _says(row: EvidenceRow, text: str) -> bool:
    pattern = re.sub(r"\\\{\w+\\\}", ".*", re.escape(row.text))
    return re.fullmatch(pattern, text, re.DOTALL) is not None


def _steps(story: Story, theatre: Theatre, aliases: Aliases, set_to: Sequence[Setting]) -> tuple[Step, ...]:
    stage = theatre.open(domain=story.domain, begins=story.begins, set_to=set_to, settings=story.settings)
    return tuple(Walk(story, stage, aliases).steps())


def _places(steps: Sequence[Step]) -> dict[Place, Step]:
    return {(step.number, found): step for step in steps for found in step.found}
