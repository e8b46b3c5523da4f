"""The switches of the sandbox as a table: what each decides, what it is now, what it may be."""

from __future__ import annotations

from collections.abc import Iterator, KeysView, Mapping

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.show.table import Column, html_table, text_table

_COLUMNS = (
    Column(title="switch", width=34),
    Column(title="now", width=14),
    Column(title="may be", width=36),
    Column(title="what it decides", width=30),
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


class Switches:
    """Each switch by its name: `switches["pending_status"]` is what it is now, `dict(switches)` all of them."""

    def __init__(self, now: Mapping[str, str], may_be: Mapping[str, tuple[str, ...]]) -> None:
        """Show these values, and for each name the values that it may have, the trusted one first."""
        self._now = dict(now)
        self._may_be = dict(may_be)

    def __getitem__(self, name: str) -> str:
        if name in self._now:
            return self._now[name]
        raise LabError(f"The sandbox has no switch {name!r}. There are: {', '.join(self._now)}.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._now)

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self._now.keys()

    def __len__(self) -> int:
        return len(self._now)

    def __contains__(self, name: object) -> bool:
        return name in self._now

    def __repr__(self) -> str:
        return "\n".join([self._title(), "", *text_table(_COLUMNS, self._rows())])

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        html = f"<p><b>{self._title()}</b></p>{html_table(_COLUMNS, self._rows())}"
        return {"text/plain": repr(self), "text/html": html}

    def _title(self) -> str:
        moved = sum(value != self._may_be[name][0] for name, value in self._now.items())
        return f"Switches · {len(self)}, {moved or 'none'} of them not at its default"

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (name, value, " or ".join(self._may_be[name]), MEANINGS.get(name, "")) for name, value in self._now.items()
        ]
