"""Composes everything: a tenant, its client, the journal, the phone and the clock, behind the verbs of a notebook."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from auth0_mfa_lab.client import checked_text
from auth0_mfa_lab.clock import SandboxClock
from auth0_mfa_lab.errors import ClaimFailed, LabError
from auth0_mfa_lab.exports.curl import runnable
from auth0_mfa_lab.exports.export import Exported, exported
from auth0_mfa_lab.owned import OwnTenant, recorded_in, remember_tenant
from auth0_mfa_lab.paneled import Panels
from auth0_mfa_lab.people import User, learn_settings
from auth0_mfa_lab.replayed import Replays
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.show.sentences import Told
from auth0_mfa_lab.show.table import Table
from auth0_mfa_lab.tenants.operations import Recorder, in_process
from auth0_mfa_lab.tenants.sandbox import SandboxInfo, fresh_user, furnish, open_box
from auth0_mfa_lab.tenants.tables import limits
from auth0_mfa_lab.tokens import Inspection, inspect
from auth0_mfa_lab.wire.exchange import Exchange

if TYPE_CHECKING:
    from auth0_mfa_lab.show.panels.raw import CopyPanel

Profile = Literal["docs", "recorded"]
Policy = Literal["all-applications", "never", "confidence-score"]


class Lab(Replays, OwnTenant, Panels):
    """A lab on one tenant. Make it with `Lab.from_env()`, `Lab.sandbox()`, `Lab.live(...)` or `Lab.replay(...)`."""

    @classmethod
    def from_env(cls, start: Path | None = None, *, record: str | Path | None = None) -> Lab:
        """Open the tenant that `AUTH0_LAB_TENANT` names: the sandbox, unless it says `served` or `live`.

        `.env` is looked for from `start` (default: the working directory) up to the project's root; `record` as with
        `Lab.live`, on any tenant. Raises SettingsError, which names the variable and the line to add.
        """
        settings = Settings.from_env(start)
        if settings.tenant == "live":
            return cls.live(settings, record=record)
        lab = cls.served(settings) if settings.tenant == "served" else cls._boxed(settings)
        return recorded_in(lab, record)

    @classmethod
    def sandbox(
        cls,
        *,
        profile: Profile = "docs",
        policy: Policy = "all-applications",
        switches: Mapping[str, str | int | bool] | None = None,
        seed: int = 1,
    ) -> Lab:
        """Open a sandbox tenant of one's own, whatever the environment says.

        `profile` is `docs` (a rejected push is 403 `invalid_grant`) or `recorded` (400 `access_denied`); `policy` is
        `all-applications`, `never` or `confidence-score`; `switches` names the answers where sources differ. Equal
        seeds give equal ids, codes and tokens. `lab.tenant` tells how it is set, and how well its answers are known.
        """
        return cls._boxed(Settings(), profile=profile, policy=policy, switches=switches, seed=seed)

    @classmethod
    def served(cls, settings: Settings) -> Lab:
        """Open the sandbox that `auth0-mfa-lab serve` runs; one whose clock is frozen begins again with each lab.

        Raises SettingsError unless `settings.tenant` is `served`, NoServer when nothing answers there.
        """
        from auth0_mfa_lab.tenants.remote import ServedClock, ServedTransport, open_served, server_transport

        ask = open_served(settings)
        time = ServedClock(ask)
        if not time.runs_by_itself:
            ask("reset")
        transport = ServedTransport(server_transport(settings))
        clock = SandboxClock(time, runs_by_itself=time.runs_by_itself)
        lab = cls(settings, transport, clock, settings.domain or "")
        # Nobody has to close a lab: its connections end with it.
        for close in (transport.close, ask.close):
            weakref.finalize(lab, close)
        learn_settings(replace(settings, password=None), lab.aliases)  # that of nobody whom this lab makes
        furnish(lab, Recorder(ask, lab.journal), time)
        remember_tenant(lab)
        return lab

    @classmethod
    def _boxed(cls, settings: Settings, **options: Any) -> Lab:
        box = open_box(**options)
        lab = cls(settings, box.transport, SandboxClock(box.clock), box.domain)
        lab._sandbox = box
        lab.audience = box.defaults.audience
        lab.client = lab._client(box.defaults.client_id, lab.aliases.learn("client_secret", box.defaults.client_secret))
        machine_secret = lab.aliases.learn("mgmt_client_secret", box.defaults.mgmt_client_secret)
        lab._machine = (box.defaults.mgmt_client_id, machine_secret)
        furnish(lab, Recorder(in_process(box), lab.journal), box.clock)
        remember_tenant(lab)
        return lab

    @property
    def tenant(self) -> SandboxInfo:
        """How the sandbox tenant is set, and how well each of its answers is known. LabError on a live tenant."""
        if self._is_sandbox:
            return SandboxInfo(self.domain, self._operations)
        raise LabError(
            f"{self.domain} is a live tenant, and has no sandbox inside. Take Lab.sandbox().tenant: it has .evidence() "
            "and .switches."
        )

    def user(self, *, factors: Sequence[str] = ()) -> User:
        """Return the person who logs in, with just these factors, confirmed.

        In the sandbox it is a fresh user. On a live tenant with AUTH0_MGMT_CLIENT_ID it is a throw-away one, whom
        `lab.cleanup()` removes; without, the configured one, whose authenticators are listed, and UserDoesNotFit says
        what to remove. Nothing is sent to anybody.
        """
        if not self._is_sandbox:
            return self._own_user(factors)
        phone, transport = self._virtual, self._transport
        return fresh_user(self._operations, factors, aliases=self.aliases, phone=phone, transport=transport)

    def limits(self, user: User) -> Table:
        """Return a table of what is left to a user of each limit; on a live tenant, of what Auth0 documents.

        Raises LabError for what is no user of this sandbox. Source: the reference, section 11.
        """
        return limits(self._operations if self._is_sandbox else None, user)

    def inspect(self, token: str) -> Inspection:
        """Say what a token is, and which MFA endpoint takes it or refuses it with which error, without showing it."""
        return inspect(
            checked_text("token", token).strip(),
            aliases=self.aliases,
            journal=self.journal,
            client_id=self.client.client_id,
            domain=self.domain,
            now=self.clock.now(),
        )

    def claim(self, sentence: str, holds: bool) -> Told:
        """Say that a claim holds, or raise ClaimFailed; on a live tenant skip it by name while time has not passed."""
        if self.clock.owes() > 0:
            return Told(f"skipped: {sentence} (the time for it has not passed)")
        if not holds:
            raise ClaimFailed(f"This does not hold: {sentence}")
        return Told(f"✓ {sentence}")

    def diagram(self) -> Exported:
        """Return the journal as a sequence diagram: who said what to whom."""
        return self.export("mermaid")

    def export(self, kind: str, exchange: Exchange | None = None) -> Exported:
        """Return the journal as something to take away, with no secret in it; `.save(path)` writes it.

        `bash`, `httpx` and `node` are scripts that say the same again, `pytest` a test on this package's plugin, `har`
        what `Lab.replay` answers from, `mermaid` a diagram; `curl` is a command of one `exchange`. What an answer
        brings is a variable there, and what the settings bring one of theirs, such as `$AUTH0_CLIENT_ID`. Raises
        LabError, with the list, for a kind that there is not.
        """
        return Exported(exported(kind, self.journal, exchange), kind)

    def curl(self, exchange: Exchange) -> Exported:
        """Return an exchange's request as a curl command; a secret in it is a shell variable."""
        return self.export("curl", exchange)

    def copy_runnable(self, exchange: Exchange) -> CopyPanel:
        """Show `lab.curl(exchange)` in a panel whose button copies it with its raw values, which no file has."""
        from auth0_mfa_lab.show.panels.raw import CopyPanel

        masked, request = self.curl(exchange).text, exchange.request
        return CopyPanel(
            runnable(exchange, self.settings.ca_file),
            masked=masked,
            name=exchange.masked(f"exchange {exchange.number}, {request.method} {request.target}"),
            tenant=self.settings.tenant,
            mask=self.journal.aliases.mask,
            raise_failures=self.settings.raise_failures,
        )

    def _lines(self) -> list[str]:
        return [*filter(None, [self.settings.notice]), self._first_line(), *self._where_recorded()]
