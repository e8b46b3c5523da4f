"""What the doctor found about each setting, and how it is shown: as text, as HTML and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from html import escape
from typing import Literal

from auth0_mfa_lab.show.cards import details
from auth0_mfa_lab.show.table import WIDTH, Column, html_table, wrap

State = Literal["ok", "missing", "not known"]

_RANK: dict[State, int] = {"missing": 0, "ok": 1, "not known": 2}
_MOST_CHARACTERS = 300
_COLUMNS = (
    *(Column(title="", width=9), Column(title="setting", width=24), Column(title="found")),
    *(Column(title="what one meets"), Column(title="dashboard")),
)
_LABELS = {"symptom": "meets", "dashboard": "dashboard", "curl": "curl", "cli": "auth0"}
_NAME = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One setting, or one thing on the way to the tenant, and how it stands.

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

    def masked(self, mask: Callable[[str], str]) -> Finding:
        """Return it with its texts masked, and what was found on one line that no terminal obeys."""
        said = one_line(mask(self.said))
        return replace(self, name=mask(self.name), said=said, curl=mask(self.curl), cli=mask(self.cli))


def fine(name: str, said: str) -> Finding:
    """Return the finding that nothing is wrong."""
    return Finding(name=name, state="ok", said=said)


def unknown(name: str, said: str) -> Finding:
    """Return the finding that it cannot be told, which is no fault."""
    return Finding(name=name, state="not known", said=said)


def unasked(name: str, said: str, *, symptom: str = "", dashboard: str = "") -> Finding:
    """Return the finding that the tenant could not be asked, so that nothing more can be told."""
    return Finding(name=name, state="missing", said=said, symptom=symptom, dashboard=dashboard, stops=True)


def one_line(text: str) -> str:
    """Return a text, which a tenant may have written, as one line of printable characters, and not without end."""
    line = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in " ".join(text.split()))
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 4]} ..."


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Return one finding for each name: what is missing before what is fine, and both before what is not known."""
    best: dict[str, Finding] = {}
    for each in findings:
        if each.name not in best or _RANK[each.state] < _RANK[best[each.name].state]:
            best[each.name] = each
    return list(best.values())


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
        fine = [line for each in self._in("ok") for line in _hanging(f"ok         {each.name:{_NAME}} ", each.said)]
        blocks = [[self._title()], *map(_block, self.missing), self._unknown(), fine]
        return "\n\n".join("\n".join(block) for block in blocks if block)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        rows = [
            (each.state, each.name, each.said, each.symptom, each.dashboard)
            for state in ("missing", "not known", "ok")
            for each in self._in(state)
        ]
        commands = "".join(_commands(each) for each in self.missing)
        title = f"<p><b>{escape(self._title())}</b></p>"
        return {"text/plain": repr(self), "text/html": f"{title}{html_table(_COLUMNS, rows)}{commands}"}

    def _in(self, state: str) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.state == state)

    def _title(self) -> str:
        counts = {"missing": self.missing, "not known": self._in("not known"), "fine": self._in("ok")}
        counted = ", ".join(f"{len(each)} {name}" for name, each in counts.items() if each)
        begins = "could not be asked" if self.status == 2 else "is ready" if self.ok else "is not ready"
        return f"Doctor · {self.tenant} {begins}: {counted or 'nothing was looked at'}"

    def _unknown(self) -> list[str]:
        """Return what is not known; settings for one and the same reason stand together."""
        by_reason: dict[str, list[str]] = {}
        for each in self._in("not known"):
            by_reason.setdefault(each.said, []).append(each.name)
        return [
            line
            for said, names in by_reason.items()
            for line in _hanging("not known  ", f"{', '.join(names)}: {said.removeprefix('not known: ')}")
        ]


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


def _commands(finding: Finding) -> str:
    written = [f"# {label}\n{text}" for label, text in (("curl", finding.curl), ("auth0", finding.cli)) if text]
    if not written:
        return ""
    body = "\n".join(written)
    return details(escape(f"{finding.name}: {finding.call}"), f"<pre>{escape(body)}</pre>")
