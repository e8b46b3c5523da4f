"""Composes everything: a tenant, its client, the journal, the phone and the clock, behind the verbs of a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from auth0_mfa_lab.boxed import Boxed, Host, Inside, inside_of, limits_of, open_box
from auth0_mfa_lab.client import Client
from auth0_mfa_lab.clock import LabClock, SandboxClock
from auth0_mfa_lab.connection import Connection
from auth0_mfa_lab.door import Policy, Profile, SandboxDoor
from auth0_mfa_lab.errors import ClaimFailed
from auth0_mfa_lab.exporting import Exports
from auth0_mfa_lab.inbox import LabInbox, OwnInbox
from auth0_mfa_lab.live.codes import Codes
from auth0_mfa_lab.live.made import drawn
from auth0_mfa_lab.noted import furnished, noted_answers
from auth0_mfa_lab.owned import OwnTenant, recorded_in
from auth0_mfa_lab.paneled import Panels
from auth0_mfa_lab.people import User, learn_settings
from auth0_mfa_lab.phone import LabPhone, OwnPhone, ask_hidden
from auth0_mfa_lab.replayed import Replays
from auth0_mfa_lab.sender import checked_text
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.show.limits import Limits
from auth0_mfa_lab.show.page import show, show_all
from auth0_mfa_lab.show.sequence import Sequence as Diagram
from auth0_mfa_lab.show.told import Lines, Told
from auth0_mfa_lab.tokens import Inspection, inspect
from auth0_mfa_lab.wire.aliases import Aliases
from auth0_mfa_lab.wire.journal import Journal

if TYPE_CHECKING:
    from auth0_mfa_lab.management import Management
    from auth0_mfa_lab.sandbox import Phone, Sandbox


class Lab(Replays, OwnTenant, Panels, Exports, Lines):
    """A lab on one tenant. Make it with `Lab.from_env()`, `Lab.sandbox()`, `Lab.live(...)` or `Lab.replay(...)`."""

    sandbox = SandboxDoor()

    def __init__(self, settings: Settings, transport: httpx.BaseTransport, clock: LabClock, domain: str) -> None:
        """Compose what every kind of tenant shares; the named constructors do the rest."""
        self.settings = settings
        self.domain = domain
        self.clock = clock
        self.aliases = Aliases(people=settings.tenant == "live" and not settings.show_people)
        self.journal = Journal(aliases=self.aliases, now=clock.now, show=show, show_all=show_all)
        self._transport = transport
        origin = settings.origin if settings.domain else f"https://{domain}"
        self._connection = Connection(origin, transport, self.journal)
        self._sandbox: Sandbox | None = None
        self._box: Host | None = None
        self._virtual: Phone | None = None
        self._codes = Codes(ask_hidden, now=clock.now)
        ask = noted_answers(self._codes, self.journal)
        self._draw = noted_answers(drawn, self.journal)
        self.phone: LabPhone = OwnPhone(self.aliases, ask)
        self.inbox: LabInbox = OwnInbox(self.aliases, ask)
        self.audience: str | None = settings.audience
        self.mfa_audience = f"{origin}/mfa/"
        self.client = self._client(settings.client_id or "", settings.client_secret)
        # Behind a custom domain the Management API has the canonical one.
        managed = f"https://{settings.mgmt_domain}" if settings.mgmt_domain else origin
        self.management_audience = f"{managed}/api/v2/"
        self._machine = (settings.mgmt_client_id, settings.mgmt_client_secret)

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
    def _open_sandbox(
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
        seeds give equal ids, codes and tokens. On a lab, `lab.sandbox` is the inside of its sandbox.
        """
        return cls._boxed(Settings(), profile=profile, policy=policy, switches=switches, seed=seed)

    @classmethod
    def served(cls, settings: Settings) -> Lab:
        """Open the sandbox that `auth0-mfa-lab serve` runs; one whose clock is frozen begins again with each lab.

        Raises SettingsError unless `settings.tenant` is `served`, NoServer when nothing answers there.
        """
        from auth0_mfa_lab.served import open_served

        served = open_served(settings)
        clock = SandboxClock(served.clock, runs_by_itself=served.clock.runs_by_itself)
        lab = cls(settings, served.transport, clock, served.domain)
        learn_settings(replace(settings, password=None), lab.aliases)  # that of nobody whom this lab makes
        return furnished(lab, served)

    @classmethod
    def _boxed(cls, settings: Settings, **options: Any) -> Lab:
        box = open_box(**options)
        lab = cls(settings, box.transport, SandboxClock(box.clock), box.domain)
        lab._sandbox = box
        lab.audience = box.defaults.audience
        lab.client = lab._client(box.defaults.client_id, lab.aliases.learn("client_secret", box.defaults.client_secret))
        machine_secret = lab.aliases.learn("mgmt_client_secret", box.defaults.mgmt_client_secret)
        lab._machine = (box.defaults.mgmt_client_id, machine_secret)
        return furnished(lab, Boxed(box))

    def user(self, *, factors: Sequence[str] = ()) -> User:
        """Return the person who logs in, with just these factors, confirmed.

        In the sandbox it is a fresh user. On a live tenant with AUTH0_MGMT_CLIENT_ID it is a throw-away one, whom
        `lab.cleanup()` removes; without, the configured one, whose authenticators are listed, and UserDoesNotFit says
        what to remove. Nothing is sent to anybody.
        """
        if self._box is None:
            return self._own_user(factors)
        return self._box.user(self.aliases, factors)

    def limits(self, user: User) -> Limits:
        """Return a table of what is left to a user of each limit; on a live tenant, of what Auth0 documents.

        Raises LabError for what is no user of this sandbox. Source: the reference, section 11.
        """
        return limits_of(self._box, user)

    @cached_property
    def management_application(self) -> Client:
        """The machine-to-machine application that gets tokens for the Management API.

        Its `client_credentials_grant(audience=lab.management_audience)` brings one. On a live tenant it is that of
        AUTH0_MGMT_CLIENT_ID; SettingsError names both variables when one is missing.
        """
        return self._connection.machine(*self._machine)

    def management(self, access_token: str) -> Management:
        """Return the Management API, one method per path, opened by an access token for it."""
        return self._connection.management(checked_text("access_token", access_token), self.management_audience)

    def step(self, title: str) -> None:
        """Put the exchanges that follow under this title in the journal."""
        self.journal.step(title)

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

    def diagram(self) -> Diagram:
        """Return the journal as a sequence diagram: who said what to whom."""
        return Diagram(self.journal)

    def _lines(self) -> list[str]:
        return [*filter(None, [self.settings.notice]), self._first_line(), *self._where_recorded()]

    def _inside(self) -> Inside:
        return inside_of(self._box, self.domain)

    def _client(self, client_id: str, client_secret: str | None) -> Client:
        # The phone is asked for at each poll: a boxed lab gets its own only after this.
        return self._connection.application(client_id, client_secret, lambda: self.phone.after_poll())
