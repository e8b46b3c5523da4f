"""What the doctor finds out about one setting: how it stands, what one would meet, and where it is mended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

State = Literal["ok", "missing", "not known"]
MOST_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One setting, or one thing on the way to the tenant, and how it stands.

    `said` is what was found; `symptom` is what an application meets while it is missing. `curl` and `cli` (Auth0's
    command line) are commands that mend it, `call` is the Management API's call in them, None where there is none.
    One that `stops` makes all that follows meaningless, and the tenant could not be asked.
    """

    name: str
    state: State
    said: str
    symptom: str = ""
    dashboard: str = ""
    curl: str = ""
    cli: str = ""
    call: str | None = None
    stops: bool = False

    def masked(self, mask: Callable[[str], str]) -> Finding:
        """Return it with its texts masked, and what was found on one line that no terminal obeys."""
        said = one_line(mask(self.said))
        return replace(self, name=mask(self.name), said=said, curl=mask(self.curl), cli=mask(self.cli))


def one_line(text: str) -> str:
    """Return a text, which a tenant may have written, as one line of printable characters, and not without end."""
    line = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in " ".join(text.split()))
    return line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 4]} ..."


def spoken(count: int) -> str:
    """Return how many grants these are, all of them: it, both, all 3."""
    return {1: "it", 2: "both grants"}.get(count, f"all {count} grants")


def fine(name: str, said: str) -> Finding:
    """Return the finding that nothing is wrong."""
    return Finding(name=name, state="ok", said=said)


def unknown(name: str, said: str) -> Finding:
    """Return the finding that it cannot be told, which is no fault."""
    return Finding(name=name, state="not known", said=said)


def unasked(name: str, said: str, *, symptom: str = "", dashboard: str = "") -> Finding:
    """Return the finding that the tenant could not be asked, so that nothing more can be told."""
    return Finding(name=name, state="missing", said=said, symptom=symptom, dashboard=dashboard, stops=True)


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Return one finding for each name: what is missing before what is fine, and both before what is not known."""
    rank: dict[State, int] = {"missing": 0, "ok": 1, "not known": 2}
    best: dict[str, Finding] = {}
    for each in findings:
        if each.name not in best or rank[each.state] < rank[best[each.name].state]:
            best[each.name] = each
    return list(best.values())
