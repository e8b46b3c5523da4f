"""The switches of the sandbox as a table: what each decides, what it is now, what it may be."""

from __future__ import annotations

from collections.abc import Iterator, KeysView, Mapping
from typing import NoReturn

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.show.table import Column, Table, Tabular

_COLUMNS = (
    Column(title="switch", width=34),
    Column(title="now", width=23),
    Column(title="may also be", width=22),
    Column(title="what it decides", width=35),
)
MEANINGS: Mapping[str, str] = {
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


class Switches(Tabular):
    """Each switch by its name: `switches["pending_status"]` is what it is now, `dict(switches)` all of them."""

    def __init__(self, now: Mapping[str, str], may_be: Mapping[str, tuple[str, ...]]) -> None:
        """Show these values, and for each name the values that it may have, the trusted one first."""
        self._now = dict(now)
        self._may_be = dict(may_be)

    def __getitem__(self, name: str) -> str:
        if name in self._now:
            return self._now[name]
        raise LabError(f"The sandbox has no switch {name!r}. There are: {', '.join(self._now)}.")

    def __setitem__(self, name: str, value: object) -> NoReturn:
        """Refuse: a switch is chosen when the sandbox is made. Raises LabError, which says how."""
        known = name if name in self._now else next(iter(self._now))
        raise LabError(
            f"A switch is chosen when the sandbox is made: Lab.sandbox(switches={{{known!r}: {self._other(known)!r}}})."
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._now)

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self._now.keys()

    def __len__(self) -> int:
        return len(self._now)

    def __contains__(self, name: object) -> bool:
        return name in self._now

    def table(self) -> Table:
        """Return what is shown: each switch, what it is now, and what it may be."""
        moved = sum(value != self._may_be[name][0] for name, value in self._now.items())
        title = f"Switches · {len(self)}, {f'{moved} changed' if moved else 'all at their defaults'}"
        rows = [
            (name, self._marked(name, now), self._others(name), MEANINGS.get(name, ""))
            for name, now in self._now.items()
        ]
        return Table(title=title, columns=_COLUMNS, rows=rows)

    def _marked(self, name: str, value: str) -> str:
        return f"{value} (default)" if value == self._may_be[name][0] else value

    def _others(self, name: str) -> str:
        others = (each for each in self._may_be[name] if each != self._now[name])
        return " or ".join(self._marked(name, each) for each in others)

    def _other(self, name: str) -> str:
        return next(each for each in self._may_be[name] if each != self._now[name])
