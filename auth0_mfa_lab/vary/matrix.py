"""What the runs tell: passed, failed, not met; and at a failure where the application first went another way."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any, Literal
from xml.etree import ElementTree

from auth0_mfa_lab.sandbox.variations import VARIATIONS
from auth0_mfa_lab.vary.met import Asked, Met
from auth0_mfa_lab.vary.suite import Run

WAITS = ("authorization_pending", "slow_down")
MAY_STOP = "a right client may tell the user and stop here: `auth0-mfa-lab conduct` judges what it did"


@dataclass(frozen=True)
class Row:
    """One variation's run, or that of all together, beside the unchanged one."""

    run: Run
    unchanged: Met
    command: Sequence[str]

    @property
    def verdict(self) -> Literal["passed", "failed", "not met", "may stop"]:
        """A run that never met the variation is no pass; where a right client may stop, a failure tells nothing."""
        if self.run.status == 0:
            return "passed" if self.run.times else "not met"
        return "may stop" if any(VARIATIONS[name].may_stop for name in self.run.ids) else "failed"

    def json(self) -> dict[str, Any]:
        """Return it as JSON; of a failure also what one has to know, in the order in which one reads it."""
        run, verdict, row = self.run, self.verdict, VARIATIONS.get(self.run.name)
        told = {"id": run.name, "verdict": verdict, "met": run.times, "seconds": round(run.seconds, 2)}
        if verdict in ("failed", "may stop"):
            told |= {"changes": row.changes, "evidence": row.evidence, "finds": row.finds} if row else {}
            told |= {"but": MAY_STOP} if verdict == "may stop" else {}
            told["ended"] = "not in time" if run.status is None else f"with status {run.status}"
            told |= differs(self.unchanged.asked, run.met.asked)
            told["output"], only = str(run.output), [f"--only={name}" for name in run.ids]
            told["again"] = shlex.join(["auth0-mfa-lab", "vary", *only, "--", *self.command])
        return told

    def lines(self) -> Iterable[str]:
        """Yield it as text."""
        told, name = self.json(), self.verdict.upper() if self.verdict == "failed" else self.verdict
        went = f"met {self.run.times} times" if self.run.times else "never asked for what is varied"
        yield f"{name:8}  {told['id']:26}{self.run.seconds:6.1f} s  {went}"
        for title, text in [*told.items()][4:]:
            lines = ("".join(c if c.isprintable() else "?" for c in line) for line in text.rstrip().split("\n"))
            yield f"    {title:10}" + f"\n{'':14}".join(lines)


def alike(one: Run, other: Run) -> bool:
    """Tell whether two unchanged runs ended alike, and asked for the same; how often they waited does not count."""
    first, second = ({str(each) for each in run.met.asked if not str(each).endswith(WAITS)} for run in (one, other))
    return (one.status, first) == (other.status, second)


def differs(unchanged: Sequence[Asked], varied: Sequence[Asked]) -> Mapping[str, str]:
    """Return where an application first went another way than in the unchanged run, and what had been varied there.

    `first` is the exchange that was varied, `unchanged` what it was, `text` all of it, `then` how it went on; where it
    went on as ever, `varied` are all that were. A run of equal exchanges counts as one.
    """
    was, now = ([next(group) for _, group in groupby(asked, str)] for asked in (unchanged, varied))
    first, before, then = next((each for each in varied if each.varied), None), "", ""
    match = SequenceMatcher(None, [*map(str, was)], [*map(str, now)], autojunk=False)
    for _, i, i_end, j, j_end in (code for code in match.get_opcodes() if code[0] != "equal"):
        changed = [each for each in now[j:j_end] if each.varied]
        others, left = [each for each in now[j:j_end] if not each.varied], was[i:i_end][len(changed) :]
        if others or left or (changed and not before):
            first = [first, *(each for each in now[:j] if each.varied), *changed[:1]][-1]
            before = next((str(each) for each in was[i:i_end] if changed and each.call == changed[0].call), "")
        if others or left:
            then = "; unchanged: ".join(str(each[0]) if each else "nothing more" for each in (others, left))
            break
    found = {"first": str(first or ""), "unchanged": before, "text": first.text if first else "", "then": then}
    if not then:  # it read something else, and asked for the same
        found["varied"] = ", ".join(dict.fromkeys(str(each) for each in now if each.varied))
    return {title: text for title, text in found.items() if text}


def junit(rows: Sequence[Row]) -> bytes:
    """Return the rows as JUnit's XML: what is not met, and what tells nothing, is skipped."""
    suite = ElementTree.Element("testsuite", name="auth0-mfa-lab vary", tests=str(len(rows)))
    suite.set("failures", str(sum(row.verdict == "failed" for row in rows)))
    for row in rows:
        case = ElementTree.SubElement(suite, "testcase", classname="vary", name=row.run.name)
        case.set("time", f"{row.run.seconds:.2f}")
        if row.verdict != "passed":
            tag = "failure" if row.verdict == "failed" else "skipped"
            ElementTree.SubElement(case, tag, message=row.verdict).text = "\n".join(row.lines())
    return bytes(ElementTree.tostring(suite, "utf-8", xml_declaration=True))
