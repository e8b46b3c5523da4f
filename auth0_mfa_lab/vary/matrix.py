"""What the runs tell: passed, failed, not met; and at a failure where the application first went another way."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any, Literal, NamedTuple
from xml.etree import ElementTree

from auth0_mfa_lab.sandbox.variations import VARIATIONS
from auth0_mfa_lab.vary.met import Asked, Met
from auth0_mfa_lab.vary.suite import Run

Verdict = Literal["passed", "failed", "not met", "may stop"]
TOGETHER = "together"
WAITS = ("authorization_pending", "slow_down")


class Difference(NamedTuple):
    """The exchange that was varied, what it was in the unchanged run, and how the application went on otherwise."""

    varied: Asked | None
    was: str
    then: str


@dataclass(frozen=True)
class Row:
    """One variation's run, or that of all together, beside the unchanged one."""

    run: Run
    unchanged: Met
    command: Sequence[str]

    @property
    def times(self) -> int:
        """How often its variations were met."""
        return sum(self.run.met.counts[name] for name in self.run.ids)

    @property
    def verdict(self) -> Verdict:
        """A run that never met the variation is no pass; where a right client may stop, a failure tells nothing."""
        if self.run.passed:
            return "passed" if self.times else "not met"
        return "may stop" if any(VARIATIONS[name].may_stop for name in self.run.ids) else "failed"

    @property
    def again(self) -> str:
        """The command that runs it again."""
        return shlex.join(["auth0-mfa-lab", "vary", *(f"--only={name}" for name in self.run.ids), "--", *self.command])

    def json(self) -> dict[str, Any]:
        """Return it as JSON."""
        row, run = VARIATIONS.get(self.run.name), self.run
        told: dict[str, Any] = {"id": run.name, "verdict": self.verdict, "met": self.times}
        told |= {"seconds": round(run.seconds, 2), "status": run.status, "varied": list(run.ids)}
        told |= {"changes": row.changes, "evidence": row.evidence, "finds": row.finds} if row else {}
        if self.verdict in ("failed", "may stop"):
            found = differs(self.unchanged.asked, run.met.asked)
            told |= {"first": found.varied and str(found.varied), "was": found.was, "then": found.then}
            told |= {"text": found.varied.text if found.varied else "", "output": str(run.output), "again": self.again}
        return told

    def lines(self) -> Iterable[str]:
        """Yield it as text: a line, and for a failure what one has to know."""
        told, run = self.json(), self.run
        went = f"met {self.times} times" if self.times else "never asked for what is varied"
        name = self.verdict.upper() if self.verdict == "failed" else self.verdict
        yield f"{name:8}  {run.name:26}{run.seconds:6.1f} s  {went}"
        if "output" not in told:
            return
        if self.verdict == "may stop":
            yield "    A right client may tell the user and stop here: `auth0-mfa-lab conduct` judges what it did."
        ended = "not in time" if run.status is None else f"with status {run.status}"
        was = told["was"] and f"; unchanged: {told['was']}"
        for title, text in (
            ("changes", told.get("changes")),
            ("evidence", told.get("evidence")),
            ("finds", told.get("finds")),
            ("ended", ended),
            ("first", told["first"] and told["first"] + was),
            ("", told["text"].rstrip().replace("\n", f"\n{'':16}")),
            ("then", told["then"]),
            ("output", told["output"]),
            ("again", told["again"]),
        ):
            if text:
                yield f"    {title:12}{text}"


def alike(one: Run, other: Run) -> bool:
    """Tell whether two unchanged runs ended alike, and asked for the same; how often they waited does not count."""
    first, second = ({str(each) for each in run.met.asked if not str(each).endswith(WAITS)} for run in (one, other))
    return (one.status, first) == (other.status, second)


def differs(unchanged: Sequence[Asked], varied: Sequence[Asked]) -> Difference:
    """Return where an application first went another way than in the unchanged run, and what had been varied there.

    A run of equal exchanges counts as one.
    """
    was, now = ([next(group) for _, group in groupby(asked, str)] for asked in (unchanged, varied))
    match = SequenceMatcher(None, [*map(str, was)], [*map(str, now)], autojunk=False)
    first, replaced, then = next((each for each in varied if each.varied), None), "", ""
    for _, i, i_end, j, j_end in (code for code in match.get_opcodes() if code[0] != "equal"):
        changed = [each for each in now[j:j_end] if each.varied]
        others, left = [each for each in now[j:j_end] if not each.varied], was[i:i_end][len(changed) :]
        if others or left or (changed and not replaced):
            before = [each for each in now[:j] if each.varied]
            first = changed[0] if changed else before[-1] if before else first
            replaced = str(was[i]) if changed and i < i_end else ""
        if others or left:
            then = f"{others[0] if others else 'nothing more'}, unchanged: {left[0] if left else 'nothing more'}"
            break
    return Difference(first, replaced, then)


def junit(rows: Sequence[Row]) -> bytes:
    """Return the rows as JUnit's XML: what is not met, and what tells nothing, is skipped."""
    suite = ElementTree.Element("testsuite", name="auth0-mfa-lab vary", tests=str(len(rows)))
    suite.set("failures", str(sum(row.verdict == "failed" for row in rows)))
    for row in rows:
        case = ElementTree.SubElement(
            suite, "testcase", classname="vary", name=row.run.name, time=f"{row.run.seconds:.2f}"
        )
        if row.verdict != "passed":
            text = "\n".join(row.lines())
            tag = "failure" if row.verdict == "failed" else "skipped"
            ElementTree.SubElement(case, tag, message=row.verdict).text = text
    return bytes(ElementTree.tostring(suite, "utf-8", xml_declaration=True))
