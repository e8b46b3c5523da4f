"""Keeps secrets out of pytest's reports: a failed comparison shows aliases, never raw values.

pytest explains `assert a == b` from the strings themselves and would print both, in a build's log too.
"""

from __future__ import annotations

from auth0_mfa_lab.secret import Secret


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a failed comparison that a Secret takes part in by the reprs of both sides alone."""
    if isinstance(left, Secret) or isinstance(right, Secret):
        return [f"{_shown(left, right)} {op} {_shown(right, left)}"]
    return None


def _shown(value: object, other: object) -> str:
    """Return the repr of a value; a plain text that holds the other side's secret shows that one's alias."""
    if isinstance(value, str) and not isinstance(value, Secret) and isinstance(other, Secret):
        value = str.replace(value, str(other), other.shown)
    return repr(value)
