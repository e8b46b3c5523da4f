"""What the doctor found about a tenant, and how it is shown: as text, as HTML and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from html import escape

from auth0_mfa_lab.live.doctor.checks import Finding, State, checks_of
from auth0_mfa_lab.show.html import details
from auth0_mfa_lab.show.table import WIDTH, Column, html_table, wrap

_MOST_CHARACTERS = 300
_RANK: tuple[State, ...] = ("missing", "ok", "not known")
_ORDER = {name: place for place, name in enumerate(checks_of("", ""))}
_COLUMNS = (Column("", 9), Column("setting", 24), Column("found"), Column("what one meets"), Column("dashboard"))


def one_line(text: str) -> str:
    """Return a text, which a tenant may have written, as one line of printable characters, and not without end."""
    line = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in " ".join(text.split()))
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 4]} ..."


class Diagnosis:
    """The findings about one tenant, first things first; it holds no secret.

    Of several about one setting the first that says something counts: that it is missing before that it is fine.
    """

    def __init__(self, tenant: str, findings: Iterable[Finding]) -> None:
        """Show the findings about `tenant`, its name in words."""
        self.tenant = tenant
        best: dict[str, Finding] = {}
        for each in findings:
            best[each.name] = min(best.get(each.name, each), each, key=lambda finding: _RANK.index(finding.state))
        # A variable's own name comes before all others.
        self.findings = tuple(sorted(best.values(), key=lambda each: _ORDER.get(each.name, -1)))

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
        blocks, unknown = [[self._title()]], dict[str, list[str]]()
        for each in self.missing:
            lines = _hanging("missing    ", f"{each.name}: {each.said}")
            for label, text in (("meets", each.symptom), ("dashboard", each.dashboard)):
                lines += _hanging(f"  {label:10} ", text) if text else []
            for label, command in (("curl", each.curl), ("auth0", each.cli)):
                # A command is copied as it is: no line of it is broken.
                lines += [f"  {'' if place else label:10} {line}" for place, line in enumerate(command.splitlines())]
            blocks.append(lines)
        for each in self._in("not known"):
            unknown.setdefault(each.said.removeprefix("not known: "), []).append(each.name)
        said = [f"{', '.join(names)}: {said}" for said, names in unknown.items()]
        blocks.append([line for each in said for line in _hanging("not known  ", each)])
        blocks.append([line for each in self._in("ok") for line in _hanging(f"ok         {each.name:28} ", each.said)])
        return "\n\n".join("\n".join(block) for block in blocks if block)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        ordered = [*self.missing, *self._in("not known"), *self._in("ok")]
        rows = [(each.state, each.name, each.said, each.symptom, each.dashboard) for each in ordered]
        html = f"<p><b>{escape(self._title())}</b></p>{html_table(_COLUMNS, rows)}"
        for each in self.missing:
            commands = escape(f"# curl\n{each.curl}\n# auth0\n{each.cli}")
            html += details(escape(f"{each.name}: {each.call}"), f"<pre>{commands}</pre>") if each.curl else ""
        return {"text/plain": repr(self), "text/html": html}

    def _in(self, state: State) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.state == state)

    def _title(self) -> str:
        counts = {"missing": self.missing, "not known": self._in("not known"), "fine": self._in("ok")}
        counted = ", ".join(f"{len(each)} {name}" for name, each in counts.items() if each)
        begins = "could not be asked" if self.status == 2 else "is ready" if self.ok else "is not ready"
        return f"Doctor · {self.tenant} {begins}: {counted or 'nothing was looked at'}"


def _hanging(begin: str, text: str) -> list[str]:
    first, *rest = wrap(text, WIDTH - len(begin))
    return [f"{begin}{first}", *(f"{' ' * len(begin)}{line}" for line in rest)]
