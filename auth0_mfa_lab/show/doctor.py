"""What the doctor found, as text, as HTML and as JSON: what is missing first, then what is not known, then the rest."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Protocol

from auth0_mfa_lab.show.cards import details
from auth0_mfa_lab.show.table import WIDTH, Column, html_table, wrap

_FIELDS = ("name", "state", "said", "symptom", "dashboard", "curl", "cli", "call")
_COLUMNS = (
    *(Column(title="", width=9), Column(title="setting", width=24), Column(title="found")),
    *(Column(title="what one meets"), Column(title="dashboard")),
)
_LABELS = {"symptom": "meets", "dashboard": "dashboard", "curl": "curl", "cli": "auth0"}
_NAME = 28


class Row(Protocol):
    """What is shown of one finding."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def said(self) -> str: ...
    @property
    def symptom(self) -> str: ...
    @property
    def dashboard(self) -> str: ...
    @property
    def curl(self) -> str: ...
    @property
    def cli(self) -> str: ...
    @property
    def call(self) -> str | None: ...
    @property
    def stops(self) -> bool: ...


class Diagnosis:
    """The findings about one tenant, first things first; it holds no secret."""

    def __init__(self, tenant: str, findings: Iterable[Row]) -> None:
        """Show the findings about `tenant`, its name in words."""
        self.tenant = tenant
        self.findings = tuple(findings)

    @property
    def missing(self) -> tuple[Row, ...]:
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
        findings = [{field: getattr(each, field) for field in _FIELDS} for each in self.findings]
        return {"tenant": self.tenant, "ok": self.ok, "status": self.status, "findings": findings}

    def __repr__(self) -> str:
        blocks = [[self._title()], *map(_block, self.missing), self._unknown(), self._fine()]
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

    def _in(self, state: str) -> tuple[Row, ...]:
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

    def _fine(self) -> list[str]:
        return [line for each in self._in("ok") for line in _hanging(f"ok         {each.name:{_NAME}} ", each.said)]


def line_of(row: Row) -> str:
    """Return a finding as one line: its state, its name, what was found."""
    return f"{row.state:9}  {row.name}: {row.said}"


def _block(row: Row) -> list[str]:
    lines = _hanging("missing    ", f"{row.name}: {row.said}")
    for field, label in _LABELS.items():
        text = getattr(row, field)
        if field in ("curl", "cli"):
            # A command is copied as it is: no line of it is broken.
            lines += [f"  {label if not place else '':10} {line}" for place, line in enumerate(text.splitlines())]
        elif text:
            lines += _hanging(f"  {label:10} ", text)
    return lines


def _hanging(begin: str, text: str) -> list[str]:
    first, *rest = wrap(text, WIDTH - len(begin))
    return [f"{begin}{first}", *(f"{' ' * len(begin)}{line}" for line in rest)]


def _commands(row: Row) -> str:
    written = [f"# {label}\n{text}" for label, text in (("curl", row.curl), ("auth0", row.cli)) if text]
    if not written:
        return ""
    title = f"{row.name}: {row.call}"
    body = "\n".join(written)
    return details(escape(title), f"<pre>{escape(body)}</pre>")
