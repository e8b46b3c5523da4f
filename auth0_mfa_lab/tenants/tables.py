"""How a sandbox tenant is set, and its tables: how well each answer is known, the switches, the limits of a user."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from auth0_mfa_lab.errors import ControlRefused, LabError
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


class SandboxInfo(Lines):
    """How a sandbox tenant is set, and how well each of its answers is known. It holds no secret."""

    def __init__(self, domain: str, ask: Ask) -> None:
        """Tell of the sandbox with this domain, as it is at each look."""
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
        return switches(dict(self._ask("settings")["switches"]))

    def evidence(
        self,
        endpoint: str | None = None,
        mark: str | None = None,
        error: str | None = None,
        status: int | str | None = None,
    ) -> Table:
        """Return a table of every answer that is no plain success, with how well its parts are known.

        `endpoint` is a part of the endpoint's name (`/mfa/challenge`), or a URL; its own answers come first, then those
        of every endpoint of its kind. `mark` is `rec`, `doc`, `test`, `forum` or `guess`, of the status, the error or
        the text; `error` is the code as on the wire, `status` the HTTP status.
        Raises LabError for a value that no answer has, naming those that there are. Source: the reference's marks.
        """
        from auth0_mfa_lab.sandbox.errors import ROWS

        rows: Sequence[Any] = ROWS if endpoint is None else _rows_at(str(endpoint))
        for name, value in {"error": error, "status": status, "mark": mark}.items():
            if value is not None:
                parts = ("status_mark", "error_mark", "text_mark") if name == "mark" else (name,)
                known = MARKS if name == "mark" else sorted({str(getattr(row, name)) for row in ROWS} - {""})
                wanted = str(value).strip().lower()
                if wanted not in known:
                    meant = _closest(wanted, known) if isinstance(value, str) else ""
                    said = f"No answer of the sandbox has the {name} {value!r}.{meant}"
                    raise LabError(f"{said} There are: {', '.join(known)}.")
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


def counted(rows: Iterable[Any]) -> dict[str, Counter[str]]:
    """Return how many answers have each mark, for the `status`, the `error` and the `text`."""
    kept = tuple(rows)
    return {part: Counter(getattr(row, f"{part}_mark") for row in kept) for part in ("status", "error", "text")}


def _rows_at(endpoint: str) -> list[Any]:
    """Return the rows that speak of an endpoint itself, then those of every endpoint of its kind."""
    from auth0_mfa_lab.sandbox.app import GENERAL, PATHS, covered, endpoints_of
    from auth0_mfa_lab.sandbox.errors import ROWS

    wanted, meant = endpoints_of(endpoint)
    fitting = [row for row in ROWS if wanted in row.endpoint.lower() or meant & covered(row.endpoint)]
    own = [row for row in fitting if wanted in row.endpoint.lower() or row.endpoint not in GENERAL]
    if not own and not meant:
        known = "\n  ".join(PATHS)
        raise LabError(f"The sandbox has no endpoint {endpoint!r}.{_closest(wanted, PATHS)} There are:\n  {known}")
    return [*own, *(row for row in fitting if row not in own)]


def _closest(value: str, known: Iterable[str]) -> str:
    close = get_close_matches(value, known, n=1)
    return f" Did you mean {close[0]}?" if close else ""


# -- the switches

_SWITCHES = (Column("switch", 34), Column("now", 23), Column("may also be", 22), Column("what it decides", 35))
DECIDES: Mapping[str, str] = {
    "mfa_audience_without_factor": "the MFA audience, asked for by a user without a factor while the policy is never",
    "bad_client_secret": "the error code of a wrong client secret",
    "expired_token_status": "the status of an expired mfa_token or oob_code",
    "pending_status": "the status of a push that nobody has answered",
    "slow_down_status": "the status of a poll that comes too fast",
    "unsupported_challenge_type_status": "the status when no factor fits the challenge types",
    "oob_channel_key": "the key of the channel in a list of authenticators",
    "passwordless_tries": "how often the code of a passwordless login may be tried",
    "refresh": "whether the refresh grant asks for a second factor",
    "too_many_failed_codes_status": "the status after too many wrong codes",
    "disabled_factor_status": "the status of an enrollment whose factor is off",
    "customizable_mfa": "whether mfa_requirements and the authenticators' type are there",
    "mfa_required_without_mfa_token": "whether mfa_required may come without its mfa_token",
    "second_factor_chained": "whether one second factor is followed by another",
    "recovery_code_factor": "whether the tenant begins with recovery codes on; a new tenant has them off",
    "confidence": "how the policy confidence-score judges each login",
    "gateway_failure_every": "how often a gateway answers 502 with HTML",
}
"""What each switch decides, in a few words."""


def switches(now: Mapping[str, str]) -> Table:
    """Return each switch with what it is now and what it may be; `table["pending_status"]` is what it is now."""
    from auth0_mfa_lab.sandbox.settings import SWITCHES

    cells, moved = [], 0
    for name, value in now.items():
        shown = {each: f"{each} (default)" if each == SWITCHES[name][0] else each for each in SWITCHES[name]}
        moved += value != SWITCHES[name][0]
        others = " or ".join(said for each, said in shown.items() if each != value)
        cells.append((name, shown[value], others, DECIDES.get(name, "")))
    title = f"Switches · {len(now)}, {f'{moved} changed' if moved else 'all at their defaults'}"
    return Table(title=title, columns=_SWITCHES, cells=cells, rows=tuple(now), named=now)


# -- the limits

_NOTE = (
    "This is what Auth0 documents for its paid plans; the free plan's page lists none of these. What is left, only the "
    "x-ratelimit-* headers of its answers tell."
)


class Limit(NamedTuple):
    """One limit: `burst` at once, then more at the pace of `per`, for each `owner`.

    `left` and `full_again_in` (seconds) are None where they are not known.
    """

    name: str
    burst: int
    per: str
    owner: str
    mark: str
    left: int | None = None
    full_again_in: float | None = None


def limits(ask: Ask | None, user: User) -> Table:
    """Return what is left of each limit of a user of the sandbox's, and when all of it is back.

    Without a sandbox (`ask` is None) it is what Auth0 documents for its paid plans: the sandbox's own numbers (the
    reference, section 11). Raises LabError for what is no user, or none of this sandbox's.
    """
    if not isinstance(user, User):
        raise LabError("lab.limits wants a user: pass what lab.user(...) returned.")
    if ask is None:
        from auth0_mfa_lab.sandbox.clock import Clock
        from auth0_mfa_lab.sandbox.limits import Limits

        rows = [Limit(**{**each, "left": None, "full_again_in": None}) for each in Limits(Clock()).rows("", "", None)]
        title, note, where = "Limits, as Auth0 documents them", _NOTE, "documented"
    else:
        try:
            rows = [Limit(**each) for each in ask("limits", user=str(user.username))["limits"]]
        except ControlRefused as refusal:
            if refusal.status != 404:
                raise
            said = f"This sandbox has no user {user.username!r}: pass one that lab.user(...) of this lab returned."
            raise LabError(said) from None
        title, note, where = f"Limits of {user.username}, now", "", "counted"
    shown = [each for each in _COLUMNS if each[1] in ("both", where)]
    cells = [[cell(row) for _, _, cell in shown] for row in rows]
    columns, named = [Column(title) for title, _, _ in shown], {row.name: row for row in rows}
    return Table(title=title, columns=columns, cells=cells, rows=rows, named=named, note=note)


def _duration(seconds: float) -> str:
    """Return seconds in words: `48 s`, `6 min`, `1 h 30 min`."""
    whole = -int(-seconds // 1)  # a bucket is full when its last token is whole, not before
    parts = [(whole // 3600, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "full"


def _owner(row: Limit) -> str:
    # Of all the oob_codes of a user only one can be counted in one row.
    return f"{row.owner} (the newest)" if row.owner == "oob_code" and row.left is not None else row.owner


# fmt: off
_COLUMNS: Sequence[tuple[str, str, Callable[[Limit], str]]] = (
    ("limit",         "both",       lambda row: row.name),
    ("at once",       "documented", lambda row: str(row.burst)),
    ("left",          "counted",    lambda row: str(row.left)),
    ("of",            "counted",    lambda row: str(row.burst)),
    ("comes back",    "both",       lambda row: row.per),
    ("full again in", "counted",    lambda row: _duration(row.full_again_in or 0)),
    ("one for each",  "both",       _owner),
    ("mark",          "both",       lambda row: row.mark),
)
# fmt: on
"""What stands in each column, and where it stands: in a table of what is counted, of what is documented, or in both."""
