"""The verbs of a lab that are for one's own tenant."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx

from auth0_mfa_lab.bench import Bench
from auth0_mfa_lab.client import network
from auth0_mfa_lab.clock import RealClock
from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.live.record import Record
from auth0_mfa_lab.people import learn_settings
from auth0_mfa_lab.settings import Settings

if TYPE_CHECKING:
    from auth0_mfa_lab.live.doctor.findings import Diagnosis
    from auth0_mfa_lab.live.drift.drift import Drift
    from auth0_mfa_lab.live.leftovers import Leftovers
    from auth0_mfa_lab.people import User

B = TypeVar("B", bound=Bench)


class OwnTenant(Bench):
    """A lab's part that opens one's own tenant."""

    @classmethod
    def live(
        cls,
        settings: Settings | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        record: str | Path | None = None,
    ) -> Self:
        """Open one's own tenant; `transport` stands in for the network.

        Without `settings` they are read as `from_env` does. With `record` every exchange is kept in that file as it
        passes, as the HAR of `lab.export("har")`. Raises SettingsError unless they are those of a live tenant, so that
        none is reached by accident, and LabError for a file that cannot be written: nothing was sent then.
        """
        settings = settings or Settings.from_env()
        if transport is None:
            settings.must_be_allowed()
        domain, reached = settings.live_domain(), transport or network(settings)
        lab = cls(settings, reached, RealClock(), domain)
        if transport is None:
            # Nobody has to close a lab: its connections end with it.
            weakref.finalize(lab, reached.close)
        learn_settings(settings, lab.aliases)
        remember_tenant(lab)
        from auth0_mfa_lab.live.leftovers import stand_guard

        lab._guard = stand_guard(lab)
        if settings.virtual_phone:
            from auth0_mfa_lab.virtual_phone import give_virtual_phone

            give_virtual_phone(lab)
        return recorded_in(lab, record)

    def doctor(self, *, wanted: Sequence[str] | None = None, management_token: str | None = None) -> Diagnosis:
        """Say whether the tenant is ready: what is missing, first things first, and where it is mended.

        `wanted` is some of push, otp, sms, voice, email, recovery and passwordless (default: all). Without a Management
        token, or AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET, much is not known, which is no fault. Nothing is
        sent to anybody and nothing is changed: `auth0-mfa-lab doctor --fix` does that. Raises LabError for a wish that
        is not known.
        """
        from auth0_mfa_lab.live.doctor.doctor import examine

        return examine(self, wanted=wanted, management_token=management_token)

    def cleanup(self, *, yes: bool = False, dry_run: bool = False) -> Leftovers:
        """Remove what labs left on this tenant, in earlier kernels too: users, and authenticators, and nothing else.

        It shows what it will remove and asks first (`yes`: it does not), and with `dry_run` removes nothing. What only
        a phone or the dashboard can remove it says. A sandbox keeps nothing. Raises NotConfirmed where nobody can be
        asked, LabError when the tenant does not let itself be read.
        """
        from auth0_mfa_lab.live.leftovers import cleaned

        return cleaned(self, yes=yes, dry_run=dry_run)

    def drift(self, path: str | Path | None = None, *, allow: str | Path | None = None) -> Drift:
        """Compare a recorded live run with what the sandbox answers to the same steps; nothing is sent anywhere.

        Without a `path` it is the run that this lab records, as far as it is. `allow` is a TOML file of accepted
        differences (default: the drift-allow.toml beside the recording). Raises LabError for a file that cannot be
        read, and without a path where nothing is recorded.
        """
        from auth0_mfa_lab.live.drift.drift import drift_of

        if self._record is not None:
            self._record.save()
            path = self._record.path if path is None else path
        if path is None:
            raise LabError("This lab records nothing: open it with record=..., or pass the file of a recorded run.")
        return drift_of(path, allow=allow)

    def _own_user(self, factors: Sequence[str]) -> User:
        from auth0_mfa_lab.live.test_user import own_user

        return own_user(self, factors)

    def _where_recorded(self) -> list[str]:
        return [self._record.line()] if self._record else []


def recorded_in(lab: B, path: str | Path | None) -> B:
    """Return a lab whose exchanges are kept in a file from now on, and at its end; without a path just as it is."""
    if path is not None:
        record = lab._record = Record(lab.journal, path)
        lab.journal.passed = record.passed
        weakref.finalize(lab, record.save)
    return lab


def remember_tenant(lab: Bench) -> None:
    """Note whose tenant a lab is on, and who its applications are: all that a replay needs to begin."""
    settings, secret = lab.settings, lab.client._client_secret
    facts = {
        "kind": settings.tenant,
        "domain": lab.domain,
        "origin": lab.mfa_audience.removesuffix("/mfa/"),
        "people": lab.aliases.people,
        "client_id": lab.client.client_id,
        "client_secret": secret,
        "mgmt_client_id": lab._machine[0],
        "mgmt_client_secret": lab._machine[1],
        "mgmt_domain": settings.mgmt_domain,
        "audience": lab.audience,
        "public_client_id": settings.public_client_id,
        "begins": lab.clock.now(),
        "virtual_phone": settings.virtual_phone or None,
    }
    if settings.tenant == "live":
        names = ("username", "password", "phone_number", "email", "realm", "scope")
        facts |= {name: getattr(settings, name) for name in names}
    lab.journal.operations.tenant = {name: _plain(value) for name, value in facts.items() if value is not None}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: a secret as its text, a tuple as a list."""
    if isinstance(value, str):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
