"""Composes everything: a tenant, its client, the journal, the phone and the clock, behind the verbs of a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from auth0_mfa_lab.boxed import Boxed, Host, Inside, inside_of, limits_of, open_box
from auth0_mfa_lab.client import Client
from auth0_mfa_lab.clock import LabClock, RealClock, SandboxClock
from auth0_mfa_lab.connection import Connection, live_domain
from auth0_mfa_lab.door import Policy, Profile, SandboxDoor
from auth0_mfa_lab.errors import ClaimFailed
from auth0_mfa_lab.exporting import Exports
from auth0_mfa_lab.inbox import LabInbox, OwnInbox
from auth0_mfa_lab.noted import furnished, noted_answers, remember_tenant
from auth0_mfa_lab.people import User, configured_user, learn_settings
from auth0_mfa_lab.phone import LabPhone, OwnPhone, ask_hidden
from auth0_mfa_lab.polling import OOB_CODE_SECONDS, Poll, PollRun
from auth0_mfa_lab.replayed import Replays
from auth0_mfa_lab.sender import checked_text, network
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.show.limits import Limits
from auth0_mfa_lab.show.page import show, show_all
from auth0_mfa_lab.show.poll import show_poll
from auth0_mfa_lab.show.sequence import Sequence as Diagram
from auth0_mfa_lab.show.told import Lines, Told
from auth0_mfa_lab.tokens import Inspection, inspect
from auth0_mfa_lab.wire.aliases import Aliases
from auth0_mfa_lab.wire.journal import Journal

if TYPE_CHECKING:
    from auth0_mfa_lab.management import Management
    from auth0_mfa_lab.sandbox import Phone, Sandbox
    from auth0_mfa_lab.show.panels import PollPanel
    from auth0_mfa_lab.show.panels_qr import QrPanel
    from auth0_mfa_lab.show.panels_reveal import RevealPanel
    from auth0_mfa_lab.show.qr import QrPicture


class Lab(Replays, Exports, Lines):
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
        ask = noted_answers(ask_hidden, self.journal)
        self.phone: LabPhone = OwnPhone(self.aliases, ask)
        self.inbox: LabInbox = OwnInbox(self.aliases, ask)
        self.audience: str | None = settings.audience
        self.mfa_audience = f"{origin}/mfa/"
        self.client = self._client(settings.client_id or "", settings.client_secret)
        self.management_audience = f"{origin}/api/v2/"
        self._machine = (settings.mgmt_client_id, settings.mgmt_client_secret)

    @classmethod
    def from_env(cls, start: Path | None = None) -> Lab:
        """Open the tenant that `AUTH0_LAB_TENANT` names: the sandbox, unless it says `served` or `live`.

        `.env` is looked for from `start` (default: the working directory) up to the project's root. Raises
        SettingsError, which names the variable and the line to add.
        """
        settings = Settings.from_env(start)
        if settings.tenant == "served":
            return cls.served(settings)
        return cls.live(settings) if settings.tenant == "live" else cls._boxed(settings)

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
    def live(cls, settings: Settings, *, transport: httpx.BaseTransport | None = None) -> Lab:
        """Open one's own tenant; `transport` stands in for the network.

        Raises SettingsError unless `settings.tenant` is `live`, so that no tenant is reached by accident.
        """
        lab = cls(settings, transport or network(settings), RealClock(), live_domain(settings))
        learn_settings(settings, lab.aliases)
        remember_tenant(lab)
        return lab

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

        In the sandbox it is a fresh user. On a live tenant it is the configured one, whose authenticators are listed;
        UserDoesNotFit says what to remove, and nothing is sent to anybody.
        """
        if self._box is None:
            return configured_user(self.settings, self.client, self.aliases, factors)
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
        return self._connection.management(checked_text("access_token", access_token))

    def step(self, title: str) -> None:
        """Put the exchanges that follow under this title in the journal."""
        self.journal.step(title)

    def poll(self, *, mfa_token: str, oob_code: str) -> PollRun:
        """Poll until the phone answers, or nobody can any more; *Interrupt* stops it and loses nothing.

        In the sandbox the seconds between two polls pass at once, on a live tenant in real time. Both lifetimes count
        from the exchange that brought each value.
        """
        return self._run(mfa_token, oob_code).until_done(self.clock.wait)

    def poll_panel(self, *, mfa_token: str, oob_code: str) -> PollPanel:
        """Return a panel with the buttons *Poll once*, *Poll until done* and *Stop*, and a method behind each."""
        from auth0_mfa_lab.show.panels import PollPanel

        run = self._run(mfa_token, oob_code)
        return PollPanel(run, clock=self.clock, mask=self.aliases.mask, raise_failures=self.settings.raise_failures)

    def qr(self, barcode_uri: str) -> QrPicture | QrPanel:
        """Draw an enrollment QR: a picture in the sandbox, on a live tenant a panel that shows it only on demand."""
        from auth0_mfa_lab.show.qr import QrPicture, checked_uri

        shown = self.aliases.mask(checked_uri(barcode_uri))
        if self.settings.tenant != "live":
            return QrPicture(barcode_uri, shown=shown)
        from auth0_mfa_lab.show.panels_qr import QrPanel

        ends_at, mask = self._received(barcode_uri) + OOB_CODE_SECONDS, self.aliases.mask
        raises, now = self.settings.raise_failures, self.clock.now
        return QrPanel(barcode_uri, shown=shown, ends_at=ends_at, now=now, mask=mask, raise_failures=raises)

    def reveal(self, alias: str) -> RevealPanel:
        """Show one raw value, that of `<access_token 1>` or its like, in a panel that leaves nothing in the file."""
        from auth0_mfa_lab.show.panels_reveal import RevealPanel

        return RevealPanel.of(alias, self.aliases, raise_failures=self.settings.raise_failures)

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
        return [*filter(None, [self.settings.notice]), self._first_line()]

    def _inside(self) -> Inside:
        return inside_of(self._box, self.domain)

    def _run(self, mfa_token: str, oob_code: str) -> PollRun:
        checked_text("mfa_token", mfa_token), checked_text("oob_code", oob_code)
        poll = Poll.begin(
            self.clock.now(), oob_code_at=self._received(oob_code), mfa_token_at=self._received(mfa_token)
        )
        ask = partial(self.client.mfa_oob_grant, mfa_token=mfa_token, oob_code=oob_code)
        return PollRun(poll, ask=ask, now=self.clock.now, show=show_poll)

    def _received(self, value: str) -> float:
        """Return when a value was received, in the lab's time; now, for one that no exchange brought."""
        born = self.aliases.born(value)
        return self.journal[born - 1].at if born else self.clock.now()

    def _client(self, client_id: str, client_secret: str | None) -> Client:
        # The phone is asked for at each poll: a boxed lab gets its own only after this.
        return self._connection.application(client_id, client_secret, lambda: self.phone.after_poll())
