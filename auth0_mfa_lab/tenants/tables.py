"""How a sandbox tenant is set, and its tables: how well each answer is known, the switches, the limits of a user."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.show.sentences import Lines
from auth0_mfa_lab.show.table import Column, Table
from auth0_mfa_lab.tenants.operations import Ask
from auth0_mfa_lab.tenants.users import User

MARKS = {
    "rec": "recorded from a real tenant",
    "doc": "documented by Auth0",
    "test": "seen in a test of one of Auth0's SDKs",
    "forum": "seen in a forum post or at a third party's",
    "guess": "our own guess",
}
"""How a fact may be known, the surest first."""
# fmt: off
_EVIDENCE = {
    "endpoint": 19, "case": 27, "status": 6, "status_mark": 5, "error": 17, "error_mark": 5, "text": 22, "text_mark": 5,
}
# fmt: on
"""What a row of the evidence has, and how wide its column is; a mark stands beside what it marks."""
_SWITCHES = (Column("switch", 34), Column("now", 23), Column("may also be", 22), Column("what it decides", 35))
_NOTE = (
    "This is what Auth0 documents for its paid plans; the free plan's page lists none of these. What is left, only the "
    "x-ratelimit-* headers of its answers tell."
)


class SandboxInfo(Lines):
    """How a sandbox tenant is set, and how well each of its answers is known. It holds no secret."""

    def __init__(self, domain: str, ask: Ask) -> None:
        self._domain = domain
        self._ask = ask

    @property
    def profile(self) -> str:
        """The profile: `docs` answers a rejected push as the documentation says, `recorded` as it was recorded."""
        return str(self._ask("settings")["profile"])

    @property
    def policy(self) -> str:
        """When a second factor is asked for, as it is set now: `never`, `all-applications` or `confidence-score`."""
        return str(self._ask("settings")["policy"])

    @property
    def switches(self) -> Table:
        """The answers where sources differ: `switches["pending_status"]` is what one is now, `dict(switches)` all."""
        from auth0_mfa_lab.sandbox.settings import SWITCHES

        now = dict(self._ask("settings")["switches"])
        cells, moved = [], 0
        for name, value in now.items():
            switch = SWITCHES[name]
            shown = {each: f"{each} (default)" if each == switch.values[0] else each for each in switch.values}
            moved += value != switch.values[0]
            others = " or ".join(said for each, said in shown.items() if each != value)
            cells.append((name, shown[value], others, switch.decides))
        title = f"Switches · {len(now)}, {f'{moved} changed' if moved else 'all at their defaults'}"
        return Table(title=title, columns=_SWITCHES, cells=cells, rows=tuple(now), named=now)

    def evidence(
        self,
        endpoint: str | None = None,
        mark: str | None = None,
        error: str | None = None,
        status: int | str | None = None,
    ) -> Table:
        """Return a table of every answer that is no plain success, with how well its parts are known.

        `endpoint` is a part of the endpoint's name (`/mfa/challenge`), or a URL; its own answers come first, then those
        of its kind. `mark` is `rec`, `doc`, `test`, `forum` or `guess`, `error` the code as on the wire, `status` the
        HTTP status. LabError names the values that there are.
        """
        from auth0_mfa_lab.sandbox.errors import ROWS

        rows: Sequence[Any] = ROWS if endpoint is None else _rows_at(str(endpoint))
        for name, value in {"error": error, "status": status, "mark": mark}.items():
            if value is not None:
                parts = ("status_mark", "error_mark", "text_mark") if name == "mark" else (name,)
                known = {str(getattr(row, part)) for row in ROWS for part in parts} - {""}
                wanted = str(value).strip().lower()
                if wanted not in known:
                    there = ", ".join(MARKS if name == "mark" else sorted(known))
                    raise LabError(f"No answer of the sandbox has the {name} {value!r}. There are: {there}.")
                rows = [row for row in rows if wanted in {str(getattr(row, part)) for part in parts}]
        counts = {part: " · ".join(f"{c[m]} {m}" for m in MARKS if c[m]) for part, c in counted(rows).items()}
        answers = f"{len(rows)} answer{'' if len(rows) == 1 else 's'}"
        return Table(
            title=f"Evidence · {answers if rows else 'no answer of the sandbox fits all of this'}",
            columns=[Column(name.rpartition("_")[2], width) for name, width in _EVIDENCE.items()],
            cells=[[str(getattr(row, name)) for name in _EVIDENCE] for row in rows],
            rows=tuple(rows),
            under=[f"{part:6}  {said}" for part, said in counts.items() if said],
        )

    def _lines(self) -> list[str]:
        shown = self._ask("settings")
        return [
            f"Sandbox tenant {self._domain} · profile {shown['profile']} · policy {shown['policy']}",
            "  .evidence() says how well each answer is known, .switches what is answered where sources differ",
        ]


def counted(rows: Sequence[Any] | Table) -> dict[str, Counter[str]]:
    """Return how many answers have each mark, for the `status`, the `error` and the `text`."""
    return {part: Counter(getattr(row, f"{part}_mark") for row in rows) for part in ("status", "error", "text")}


def _rows_at(endpoint: str) -> list[Any]:
    """Return the rows that speak of an endpoint itself, then those of every endpoint of its kind."""
    from auth0_mfa_lab.sandbox.app import GENERAL, PATHS, covered, endpoints_of
    from auth0_mfa_lab.sandbox.errors import ROWS

    wanted, meant = endpoints_of(endpoint)
    fitting = [row for row in ROWS if wanted in row.endpoint.lower() or meant & covered(row.endpoint)]
    own = [row for row in fitting if wanted in row.endpoint.lower() or row.endpoint not in GENERAL]
    if not own and not meant:
        raise LabError("\n  ".join([f"The sandbox has no endpoint {endpoint!r}. There are:", *PATHS]))
    return [*own, *(row for row in fitting if row not in own)]


class Limit(NamedTuple):
    """One limit: `burst` at once, then more at the pace of `per`, for each `owner`; seconds until it is full again."""

    name: str
    burst: int
    per: str
    owner: str
    mark: str
    left: int | None = None
    full_again_in: float | None = None


def limits(ask: Ask | None, user: User) -> Table:
    """Return what is left of each limit of a user of the sandbox's; without `ask`, what Auth0 documents.

    Raises LabError for what is no user, or none of this sandbox's. Source: the reference, section 11.
    """
    if not isinstance(user, User):
        raise LabError("lab.limits wants a user: pass what lab.user(...) returned.")
    cells: list[tuple[str, ...]] = []
    if ask is None:
        from auth0_mfa_lab.sandbox.clock import Clock
        from auth0_mfa_lab.sandbox.limits import Limits

        rows = [Limit(**{**each, "left": None, "full_again_in": None}) for each in Limits(Clock()).rows("", "", None)]
        title, note = "Limits, as Auth0 documents them", _NOTE
        titles = "limit, at once, comes back, one for each, mark"
        cells = [(row.name, str(row.burst), row.per, row.owner, row.mark) for row in rows]
    else:
        rows = [Limit(**each) for each in ask("limits", user=str(user.username))["limits"]]
        title, note = f"Limits of {user.username}, now", ""
        titles = "limit, left, of, comes back, full again in, one for each, mark"
        for row in rows:
            # Of all the oob_codes of a user only one can be counted in one row.
            owner = "oob_code (the newest)" if row.owner == "oob_code" else row.owner
            again = _duration(row.full_again_in or 0)
            cells.append((row.name, str(row.left), str(row.burst), row.per, again, owner, row.mark))
    columns, named = [Column(each) for each in titles.split(", ")], {row.name: row for row in rows}
    return Table(title=title, columns=columns, cells=cells, rows=rows, named=named, note=note)


def _duration(seconds: float) -> str:
    """Return seconds in words: `48 s`, `6 min`, `1 h 30 min`."""
    whole = -int(-seconds // 1)  # a bucket is full when its last token is whole, not before
    parts = [(whole // 3600, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "full"
