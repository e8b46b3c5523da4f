"""What the doctor found about each setting, and how it is shown: as text, as HTML and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from html import escape
from typing import Literal

from auth0_mfa_lab.show.html import details
from auth0_mfa_lab.show.table import WIDTH, Column, html_table, wrap

State = Literal["ok", "missing", "not known"]

_MOST_CHARACTERS = 300
_COLUMNS = (
    *(Column(title="", width=9), Column(title="setting", width=24), Column(title="found")),
    *(Column(title="what one meets"), Column(title="dashboard")),
)
_LABELS = {"symptom": "meets", "dashboard": "dashboard", "curl": "curl", "cli": "auth0"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One setting, or one thing on the way to the tenant, and how it stands; `not known` is no fault.

    `said` is what was found; `symptom` is what an application meets while it is missing. `curl` and `cli` (Auth0's
    command line) are commands that mend it, `call` is the Management API's call in them, None where there is none.
    A finding that `stops` makes all that follows meaningless: the tenant could not be asked.
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

    @property
    def line(self) -> str:
        """The finding as one line: its state, its name, what was found."""
        return f"{self.state:9}  {self.name}: {self.said}"


def one_line(text: str) -> str:
    """Return a text, which a tenant may have written, as one line of printable characters, and not without end."""
    line = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in " ".join(text.split()))
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 4]} ..."


class Diagnosis:
    """The findings about one tenant, first things first; it holds no secret."""

    def __init__(self, tenant: str, findings: Iterable[Finding]) -> None:
        """Show the findings about `tenant`, its name in words."""
        self.tenant = tenant
        self.findings = tuple(findings)

    @property
    def missing(self) -> tuple[Finding, ...]:
        """The findings that name something missing, first things first."""
        return self._in("missing")

    @property
    def ok(self) -> bool:
        """Whether nothing is missing; what is not known is no fault."""
        return not self.missing

    @property
    def status(self) -> int:
        """The exit status of the command: 0 content, 1 something is missing, 2 the tenant could not be asked."""
        return 2 if any(each.stops for each in self.findings) else 0 if self.ok else 1

    def data(self) -> dict[str, object]:
        """Return it for JSON: tenant, ok, status, and the findings with name, state, said, symptom, and commands."""
        findings = [{key: value for key, value in asdict(each).items() if key != "stops"} for each in self.findings]
        return {"tenant": self.tenant, "ok": self.ok, "status": self.status, "findings": findings}

    def __repr__(self) -> str:
        by_reason: dict[str, list[str]] = {}
        for each in self._in("not known"):
            by_reason.setdefault(each.said.removeprefix("not known: "), []).append(each.name)
        unknown = [f"{', '.join(names)}: {said}" for said, names in by_reason.items()]
        blocks = [
            [self._title()],
            *map(_block, self.missing),
            [line for each in unknown for line in _hanging("not known  ", each)],
            [line for each in self._in("ok") for line in _hanging(f"ok         {each.name:28} ", each.said)],
        ]
        return "\n\n".join("\n".join(block) for block in blocks if block)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        ordered = (each for state in ("missing", "not known", "ok") for each in self._in(state))
        rows = [(each.state, each.name, each.said, each.symptom, each.dashboard) for each in ordered]
        html = f"<p><b>{escape(self._title())}</b></p>{html_table(_COLUMNS, rows)}"
        for each in self.missing:
            written = [f"# {label}\n{text}" for label, text in (("curl", each.curl), ("auth0", each.cli)) if text]
            commands = f"<pre>{escape(chr(10).join(written))}</pre>"
            html += details(escape(f"{each.name}: {each.call}"), commands) if written else ""
        return {"text/plain": repr(self), "text/html": html}

    def _in(self, state: str) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.state == state)

    def _title(self) -> str:
        counts = {"missing": self.missing, "not known": self._in("not known"), "fine": self._in("ok")}
        counted = ", ".join(f"{len(each)} {name}" for name, each in counts.items() if each)
        begins = "could not be asked" if self.status == 2 else "is ready" if self.ok else "is not ready"
        return f"Doctor · {self.tenant} {begins}: {counted or 'nothing was looked at'}"


def _block(finding: Finding) -> list[str]:
    lines = _hanging("missing    ", f"{finding.name}: {finding.said}")
    for field, label in _LABELS.items():
        text = getattr(finding, field)
        if field in ("curl", "cli"):
            # A command is copied as it is: no line of it is broken.
            lines += [f"  {label if not place else '':10} {line}" for place, line in enumerate(text.splitlines())]
        elif text:
            lines += _hanging(f"  {label:10} ", text)
    return lines


def _hanging(begin: str, text: str) -> list[str]:
    first, *rest = wrap(text, WIDTH - len(begin))
    return [f"{begin}{first}", *(f"{' ' * len(begin)}{line}" for line in rest)]
