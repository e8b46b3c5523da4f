"""A lab on one tenant: its clients, the journal, the phone, the inbox and the clock, behind the verbs of a notebook."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx

from auth0_mfa_lab.client import Client, checked_text, http_client, network
from auth0_mfa_lab.clock import LabClock, RealClock, SandboxClock
from auth0_mfa_lab.errors import ClaimFailed, LabError, SettingsError
from auth0_mfa_lab.interrupts import whole
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.settings import Settings, is_loopback
from auth0_mfa_lab.show.sentences import Lines, Sentence
from auth0_mfa_lab.wire.journal import Journal

if TYPE_CHECKING:
    from auth0_mfa_lab.conduct.report import Conduct
    from auth0_mfa_lab.exports.export import Exported
    from auth0_mfa_lab.live import guard, leftovers, record
    from auth0_mfa_lab.live.doctor.doctor import Diagnosis
    from auth0_mfa_lab.live.drift.drift import Drift
    from auth0_mfa_lab.management import Management
    from auth0_mfa_lab.polling import PollRun
    from auth0_mfa_lab.sandbox import Phone, Sandbox
    from auth0_mfa_lab.sandbox.guardian.phone import Time
    from auth0_mfa_lab.sandbox.settings import Policy, Profile
    from auth0_mfa_lab.show.panels.panel import CopyPanel, RevealPanel
    from auth0_mfa_lab.show.panels.phone import OwnPhonePanel, PhonePanel
    from auth0_mfa_lab.show.panels.poll import PollPanel
    from auth0_mfa_lab.show.panels.push import PushPanel
    from auth0_mfa_lab.show.panels.qr import QrPanel
    from auth0_mfa_lab.show.qr import QrPicture
    from auth0_mfa_lab.show.table import Table
    from auth0_mfa_lab.tenants.operations import Ask
    from auth0_mfa_lab.tenants.phone import LabPhone, PhoneScreen
    from auth0_mfa_lab.tenants.tables import SandboxInfo
    from auth0_mfa_lab.tenants.users import User
    from auth0_mfa_lab.tokens import Inspection
    from auth0_mfa_lab.wire.exchange import Exchange, Speaker
    from auth0_mfa_lab.wire.har import Recording


class Lab(Lines):
    """A lab on one tenant. Make it with `Lab.from_env()`, `Lab.sandbox()`, `Lab.live(...)` or `Lab.replay(...)`."""

    def __init__(self, settings: Settings, transport: httpx.BaseTransport, clock: LabClock) -> None:
        # Imported here, as further below: an import of the class alone stays light.
        from auth0_mfa_lab.show.exchange import show, show_all
        from auth0_mfa_lab.tenants import operations, phone, replay, users

        self.settings, self.domain, self.clock, self._transport = settings, settings.domain or "", clock, transport
        self.aliases = Aliases(people=settings.tenant == "live" and not settings.show_people)
        self.journal = Journal(aliases=self.aliases, now=clock.now, show=show, show_all=show_all)
        users.learn_settings(settings, self.aliases)
        self._operations = operations.Recorder(operations.person_alone, self.journal)
        self._is_sandbox = False
        self._sandbox: Sandbox | None = None
        self._screen: PhoneScreen | None = None
        self._receive: Callable[[], None] = lambda: None
        self._record: record.Record | None = None
        self._recording: Recording | None = None
        self._guard: guard.Guard | None = None
        self._administrator: tuple[Management, float] | None = None
        self._totp_secret: str | None = None
        self._polled: tuple[str, PollRun] | None = None
        self._panel: dict[str, Any] = {"mask": self.aliases.mask, "raise_failures": settings.raise_failures}
        self.phone: LabPhone = phone.OwnPhone(self.aliases, self._prompt)
        self.inbox = phone.Inbox(phone.messages_of_a_person(self._prompt), self.aliases)
        self.audience: str | None = settings.audience
        self.mfa_audience = f"{settings.origin}/mfa/"
        # Behind a custom domain the Management API has the canonical one.
        managed = f"https://{settings.mgmt_domain}" if settings.mgmt_domain else settings.origin
        self.management_audience = f"{managed}/api/v2/"
        self.client = Client(
            self._http("app"),
            client_id=settings.client_id or "",
            client_secret=settings.client_secret,
            after_poll=lambda: self.phone.after_poll(),
            after_challenge=lambda: self._receive(),
        )
        self.journal.operations.tenant = replay.facts_of(self)

    @classmethod
    def from_env(cls, start: Path | None = None, *, record: str | Path | None = None) -> Self:
        """Open the tenant that `AUTH0_LAB_TENANT` names: the sandbox, unless it says `served` or `live`.

        `.env` is looked for from `start` (the working directory) up to the project's root; `record` is Lab.live's.
        """
        settings = Settings.from_env(start)
        open_lab = {"live": cls.live, "served": cls.served, "sandbox": cls._boxed}[settings.tenant]
        return open_lab(settings)._recorded_in(record)

    @classmethod
    def sandbox(
        cls,
        *,
        profile: Profile = "docs",
        policy: Policy = "all-applications",
        switches: Mapping[str, str | int | bool] | None = None,
        seed: int = 1,
    ) -> Self:
        """Open a new sandbox tenant; the environment is not read.

        `profile` is `docs` (a rejected push is 403 `invalid_grant`) or `recorded` (400 `access_denied`); `policy` is
        `all-applications`, `never` or `confidence-score`; `switches` names the answers where sources differ. Equal
        seeds give equal ids, codes and tokens. `lab.tenant` tells how it is set, and how well its answers are known.
        """
        return cls._boxed(Settings(), profile=profile, policy=policy, switches=switches, seed=seed)

    @classmethod
    def _boxed(cls, settings: Settings, **options: Any) -> Self:
        from auth0_mfa_lab.sandbox import Sandbox
        from auth0_mfa_lab.tenants.operations import in_process

        try:
            box = Sandbox(**options)
        except ValueError as problem:
            raise LabError(str(problem)) from None
        named = {name: getattr(box.defaults, name) for name in ("client_id", "mgmt_client_id", "audience")}
        for name in ("client_secret", "mgmt_client_secret"):
            named[name] = Secret(getattr(box.defaults, name), f"<{name}>")
        lab = cls(replace(settings, domain=box.domain, **named), box.transport, SandboxClock(box.clock))
        lab._sandbox = box
        lab._furnish(in_process(box), box.clock)
        return lab

    @classmethod
    def served(cls, settings: Settings) -> Self:
        """Open the sandbox that `auth0-mfa-lab serve` runs; with a frozen clock each lab resets it."""
        from auth0_mfa_lab.tenants.operations import Remote, ServedClock, ServedTransport

        ask = Remote(settings)
        try:
            time = ServedClock(ask)
            if not time.runs_by_itself:
                ask("reset")
        except LabError:
            ask.close()
            raise
        transport, clock = ServedTransport(network(settings)), SandboxClock(time, runs_by_itself=time.runs_by_itself)
        # It is the default user's password: this lab makes users of its own.
        lab = cls(replace(settings, password=None), transport, clock)
        # A lab needs no close(): its connections end with it.
        for close in (transport.close, ask.close):
            weakref.finalize(lab, close)
        lab._furnish(ask, time)
        return lab

    @classmethod
    def live(
        cls,
        settings: Settings | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        record: str | Path | None = None,
    ) -> Self:
        """Open one's own tenant; `transport` stands in for the network.

        Without `settings` they are read as `from_env` does; SettingsError unless they are those of a live tenant, so
        that none is reached by accident. With `record` every exchange is kept in that file as it passes, as a HAR.
        """
        from auth0_mfa_lab.live.guard import Guard

        settings = settings or Settings.from_env()
        if transport is None:
            settings.must_be_allowed()
        if settings.tenant != "live" or settings.domain is None:
            raise SettingsError("Lab.live needs AUTH0_LAB_TENANT=live, and the AUTH0_ variables of .env.example.")
        reached = transport or network(settings)
        lab = cls(settings, reached, RealClock())
        if transport is None:
            weakref.finalize(lab, reached.close)
        lab._guard = Guard(lab)
        lab._take_virtual_phone()
        return lab._recorded_in(record)

    @classmethod
    @whole()
    def replay(cls, path: str | Path) -> Self:
        """Open a recorded run, which `lab.export("har").save(path)` wrote: nothing is sent anywhere.

        Each request must be the one that was recorded in its place; LabError says which part of it is not. A HAR that
        another tool wrote has the application's calls alone: no messages, no phone, no time but that of the answers.
        """
        from auth0_mfa_lab.tenants import replay as recorded
        from auth0_mfa_lab.wire.har import read_har

        replay = recorded.Replay(recording := read_har(path))
        lab = cls(recorded.settings_of(replay.facts), replay, replay.clock)
        lab._recording, replay.aliases = recording, lab.aliases
        lab.journal.operations.tenant, lab.journal.operations.is_replayed = recording.tenant, True
        if recording.is_ours and replay.facts["kind"] != "live":
            lab._furnish(replay.ask, replay)
        else:
            lab._operations.quiet = replay.ask
            lab._take_virtual_phone()
            # Another tool's recording says only which user logged in.
            lab._is_sandbox = not recording.is_ours
        return lab

    def _furnish(self, ask: Ask, time: Time) -> None:
        """Take a sandbox's phone, which keeps this time, its inbox and its users."""
        from auth0_mfa_lab.tenants.phone import Inbox, SandboxPhone, new_phone

        operations, self._is_sandbox = self._operations, True
        operations.quiet = ask
        phone = new_phone(operations, self._http("phone"), time)
        self.phone = SandboxPhone(phone, self.aliases, self.journal)
        self._receive = lambda: operations.receive(phone.push_token)
        self.inbox = Inbox(lambda address, _: operations("messages", address=address)["messages"], self.aliases)
        self._show_phone(phone)

    def _take_virtual_phone(self) -> None:
        """Take the virtual phone in the place of the person's own, where the settings say so."""
        if self.settings.virtual_phone:
            from auth0_mfa_lab.tenants.phone import ALONE, EnrolledPhone, virtual_phone

            phone = virtual_phone(self.settings.origin, self._transport, self.journal, self._operations)
            self.phone = EnrolledPhone(phone, self.aliases, self.journal, self.clock)
            self.settings = replace(self.settings, notice=repr(self.phone).partition("\n")[0])
            self._show_phone(phone, alone=ALONE)

    def _recorded_in(self, path: str | Path | None) -> Self:
        """Keep the exchanges in a file from now on, and at the end; without a path do nothing."""
        if path is not None:
            from auth0_mfa_lab.live.record import Record

            record = self._record = Record(self.journal, path)
            self.journal.passed = record.passed
            weakref.finalize(self, record.save)
        return self

    def _http(self, speaker: Speaker, origin: str = "") -> httpx.Client:
        """Return a recorded way to the tenant, past the guard of a live one."""
        return http_client(origin or self.settings.origin, self._transport, self.journal, speaker, lambda: self._guard)

    def _prompt(self, question: str) -> str:
        """Ask the person, unless the lab knows the secret of the codes; a recording has the answer."""
        from auth0_mfa_lab.live.administrator import totp_of
        from auth0_mfa_lab.tenants.phone import OTP_QUESTION, ask_hidden

        def answer() -> str:
            if self._totp_secret and question == OTP_QUESTION:
                return totp_of(self._totp_secret, self.clock.now())
            return str(ask_hidden(question))

        return str(self._operations("prompt", answer, question=question))

    def _draw(self, what: str) -> str:
        """Draw a random value; a recording has it."""
        from auth0_mfa_lab.live.administrator import drawn

        return str(self._operations("prompt", lambda: str(drawn(what)), question=what))

    @property
    def tenant(self) -> SandboxInfo:
        """How the sandbox tenant is set, and how well each of its answers is known; LabError on a live tenant."""
        from auth0_mfa_lab.tenants.tables import SandboxInfo

        if self._is_sandbox:
            return SandboxInfo(self.domain, self._operations)
        raise LabError(f"{self.domain} is a live tenant. Take Lab.sandbox().tenant: it has .evidence() and .switches.")

    @cached_property
    def management_application(self) -> Client:
        """The machine-to-machine application, whose `client_credentials_grant` gets tokens for the Management API."""
        client_id, client_secret = self.settings.mgmt_client_id, self.settings.mgmt_client_secret
        if client_id is None or client_secret is None:
            raise SettingsError(
                "AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET are not both set. Make an application for them: "
                "Dashboard > Applications > Create Application > Machine to Machine, for the Auth0 Management API."
            )
        return Client(self._http("app"), client_id=client_id, client_secret=client_secret)

    def management(self, access_token: str) -> Management:
        """Return the Management API, one method per path, opened by an access token for it."""
        from auth0_mfa_lab.management import Management

        return Management(self._http("app", self.management_audience.partition("/api/v2")[0]), access_token)

    def user(self, *, factors: Sequence[str] = ()) -> User:
        """Return a user with just these factors, confirmed; no message is sent.

        In the sandbox it is a new user. On a live tenant with AUTH0_MGMT_CLIENT_ID it is a throw-away user, and
        `lab.cleanup()` removes it. Without, it is the configured user; UserDoesNotFit names authenticators to remove.
        """
        from auth0_mfa_lab.live.administrator import own_user
        from auth0_mfa_lab.tenants.users import fresh_user

        if not self._is_sandbox:
            return own_user(self, factors)
        phone = self._screen.phone if self._screen else None
        return fresh_user(self._operations, factors, aliases=self.aliases, phone=phone, transport=self._transport)

    def limits(self, user: User) -> Table:
        """Return a table of what is left to a user of each limit; on a live tenant, of what Auth0 documents."""
        from auth0_mfa_lab.tenants.tables import limits

        return limits(self._operations if self._is_sandbox else None, user)

    def doctor(self, *, wanted: Sequence[str] | None = None, management_token: str | None = None) -> Diagnosis:
        """Say whether the tenant is ready: what is missing, first things first, and where it is mended.

        `wanted` is some of push, otp, sms, voice, email, recovery and passwordless (default: all). No message
        is sent and nothing is changed: `auth0-mfa-lab doctor --fix` mends.
        """
        from auth0_mfa_lab.live.doctor.doctor import examine

        return examine(self, wanted=wanted, management_token=management_token)

    def cleanup(self, *, yes: bool = False, dry_run: bool = False) -> leftovers.Leftovers:
        """Remove what labs left on this tenant, in earlier kernels too: users, and authenticators, and nothing else.

        It shows what it will remove and asks first (`yes`: it does not); `dry_run` removes nothing.
        """
        from auth0_mfa_lab.live.leftovers import cleaned

        return cleaned(self, yes=yes, dry_run=dry_run)

    @whole()
    def drift(self, path: str | Path | None = None, *, allow: str | Path | None = None) -> Drift:
        """Compare a recorded live run (default: this lab's) with what the sandbox answers to the same steps.

        `allow` is a TOML file of accepted differences (default: the drift-allow.toml beside the recording).
        """
        from auth0_mfa_lab.live.drift.drift import drift_of

        if self._record is not None:
            self._record.save()
            path = self._record.path if path is None else path
        if path is None:
            raise LabError("This lab records nothing: open it with record=..., or pass the file of a recorded run.")
        return drift_of(path, allow=allow)

    @whole()
    def conduct(self, *, allow: Mapping[str, str] = {}, on_purpose: Collection[int] = ()) -> Conduct:
        """Say whether the journal's application uses the MFA API rightly: the rules that it broke, kept, never met.

        `allow` are ids of rules that may be broken, each with its reason; `on_purpose` are numbers of exchanges that
        are left out, such as a wrong code that a test sends.
        """
        from auth0_mfa_lab.conduct.report import conduct

        return conduct(self.journal, allow=allow, on_purpose=on_purpose)

    def step(self, title: str) -> None:
        """Put the exchanges that follow under this title in the journal."""
        self.journal.step(title)

    def claim(self, sentence: str, holds: bool) -> Sentence:
        """Say that a claim holds, or raise ClaimFailed; on a live tenant it is skipped until the time has passed."""
        sentence = self.aliases.mask(sentence)
        if self.clock.owes() > 0:
            return Sentence(f"skipped: {sentence} (the time for it has not passed)")
        if not holds:
            raise ClaimFailed(f"This does not hold: {sentence}")
        return Sentence(f"✓ {sentence}")

    @whole()
    def inspect(self, token: str) -> Inspection:
        """Say what a token is, and which MFA endpoint takes it or refuses it with which error, without showing it."""
        from auth0_mfa_lab.tokens import inspect

        token, issuer = checked_text("token", token).strip(), self.mfa_audience.removesuffix("mfa/")
        return inspect(token, self.journal, self.client.client_id, issuer, self.clock.now())

    def diagram(self) -> Exported:
        """Return the journal as a sequence diagram of app, Auth0 and phone."""
        return self.export("mermaid")

    @whole()
    def export(self, kind: str, exchange: Exchange | None = None) -> Exported:
        """Return the journal as something to take away, with no secret in it; `.save(path)` writes it.

        `bash`, `httpx` and `node` are scripts that say the same again, `pytest` a test on this package's plugin, `har`
        what `Lab.replay` answers from, `mermaid` a diagram; `curl` is a command of one `exchange`. What an answer
        brings is a variable there, and what the settings bring one of theirs, such as `$AUTH0_CLIENT_ID`.
        """
        from auth0_mfa_lab.exports.export import Exported, exported

        return Exported(exported(kind, self.journal, exchange), kind)

    def curl(self, exchange: Exchange) -> Exported:
        """Return an exchange's request as a curl command; a secret in it is a shell variable."""
        return self.export("curl", exchange)

    def poll(self, mfa_token: str, *, oob_code: str) -> PollRun:
        """Poll until the phone answers or the challenge expires; *Interrupt* stops it and loses nothing.

        In the sandbox the seconds between two polls pass at once, on a live tenant in real time. LabError for an
        oob_code that waits for a code.
        """
        before, run = self._polled or ("", None)
        if run is None or before != f"{mfa_token!s} {oob_code!s}":
            run = self._run(mfa_token, oob_code)
            # Kept, for an interrupt may come before the cell has it: a poll that is done has taken the only answer.
            self._polled = Secret(f"{mfa_token!s} {oob_code!s}", "<polled>"), run
        return run.until_done(self.clock.wait)

    def poll_panel(self, mfa_token: str, *, oob_code: str) -> PollPanel:
        """Return a panel with the buttons *Poll once*, *Poll until done* and *Stop*, and a method behind each."""
        from auth0_mfa_lab.show.panels.poll import PollPanel

        return PollPanel(self._run(mfa_token, oob_code), clock=self.clock, **self._panel)

    def push_panel(self, mfa_token: str, *, oob_code: str) -> PushPanel:
        """Return the poll's panel with the phone's beside it: *Poll until done* here, *Allow* or *Reject* there.

        On a live tenant the phone's side says what to do on one's own phone. LabError for an oob_code that waits for a
        code.
        """
        from auth0_mfa_lab.show.panels.push import PushPanel

        run = self._run(mfa_token, oob_code)
        return PushPanel(run, phone=self.phone_panel(), clock=self.clock, **self._panel)

    @whole()
    def qr(self, barcode_uri: str) -> QrPicture | QrPanel:
        """Draw an enrollment QR: a picture in the sandbox, on a live tenant a panel that shows it only on demand."""
        from auth0_mfa_lab.show.qr import QrPicture

        if not self._may_save_a_qr():
            return self.qr_panel(barcode_uri)
        uri = self._learned(barcode_uri)
        return QrPicture(uri, self.aliases.mask)

    @whole()
    def qr_panel(self, barcode_uri: str) -> QrPanel:
        """Return a panel with an enrollment QR (live: only after *Show*), its time, what it holds, and *Scan*."""
        from auth0_mfa_lab.show.panels.qr import QrPanel
        from auth0_mfa_lab.show.qr import Barcode

        uri, is_live = self._learned(barcode_uri), self.settings.tenant == "live"
        brought = self._brought(uri)
        own_phone = "the virtual phone (unproven)" if self.settings.virtual_phone else None
        return QrPanel(
            uri,
            barcode=Barcode.of(uri, self.aliases.mask, is_live=is_live),
            received_at=brought.at if brought else self.clock.now(),
            now=self.clock.now,
            scan=lambda: self.phone.scan(uri),
            phone=own_phone if is_live else "the sandbox's phone",
            journal=self.journal,
            may_be_saved=self._may_save_a_qr(),
            **self._panel,
        )

    def phone_panel(self) -> PhonePanel | OwnPhonePanel:
        """Return the phone as a panel; for a phone of one's own it says what to do on it now."""
        from auth0_mfa_lab.show.panels.phone import OwnPhonePanel, PhonePanel

        if self._screen is None:
            return OwnPhonePanel(self.journal, **self._panel)
        return PhonePanel(self._screen.look, self.phone, bars=self._screen.bars, **self._panel)

    def reveal(self, alias: str) -> RevealPanel:
        """Show the raw value of an alias such as `<access_token 1>`, in a panel that leaves nothing in the file."""
        from auth0_mfa_lab.show.panels.panel import RevealPanel

        return RevealPanel(self.aliases.alias_of(alias).value, **self._panel)

    @whole()
    def copy_runnable(self, exchange: Exchange) -> CopyPanel:
        """Show `lab.curl(exchange)` with a button that copies it with its raw values; no file holds them."""
        from auth0_mfa_lab.exports.export import runnable
        from auth0_mfa_lab.show.panels.panel import CopyPanel

        masked, request = self.curl(exchange).text, exchange.request
        name = exchange.masked(f"exchange {exchange.number}, {request.method} {request.target}")
        command = runnable(exchange, self.settings.ca_file)
        return CopyPanel(command, masked=masked, name=name, tenant=self.settings.tenant, **self._panel)

    def _show_phone(self, phone: Phone, **how: Any) -> None:
        """Let the phone's panel show this phone."""
        from auth0_mfa_lab.tenants.phone import PhoneScreen
        from auth0_mfa_lab.tenants.replay import BARS

        how |= {"ask": self._operations, "aliases": self.aliases, "clock": self.clock, "since": self.clock.now()}
        self._screen = PhoneScreen(phone=phone, bars=BARS if self._recording else "", **how)

    def _learned(self, barcode_uri: str) -> str:
        """Return an enrollment's URI once its secrets have aliases, also where it came from elsewhere."""
        from auth0_mfa_lab.secrets.kinds import secrets_of_barcode

        uri = str(barcode_uri)
        if not uri.startswith("otpauth://"):
            raise LabError("This is no barcode_uri: pass enrollment['barcode_uri'], which begins with otpauth://.")
        for kind, value in secrets_of_barcode(uri, people=self.aliases.people):
            self.aliases.learn(kind, value)
        return uri

    def _may_save_a_qr(self) -> bool:
        # A ticket of the sandbox in the kernel, or of a server of this machine, is worth nothing to a file's finder.
        is_here = self.domain.partition(":")[0].endswith(".example") or is_loopback(self.domain)
        return is_here and self.settings.tenant != "live"

    @whole()
    def _run(self, mfa_token: str, oob_code: str) -> PollRun:
        from auth0_mfa_lab.polling import Poll, PollRun
        from auth0_mfa_lab.show.poll import show_poll

        for name, value in (("mfa_token", mfa_token), ("oob_code", oob_code)):
            if not checked_text(name, value):
                raise LabError(f"{name} is empty: pass the one that an answer gave.")
        login, challenge = self._brought(mfa_token), self._brought(oob_code)
        if challenge is not None and "binding_method" in challenge:
            raise LabError(
                "This oob_code waits for a code (binding_method), and no poll answers it: client.mfa_oob_grant takes "
                "it with the binding_code=... that lab.inbox.latest(address) has."
            )
        # Both lifetimes count from the exchange that brought each value.
        lives = {"oob_code_at": challenge.at if challenge else None, "mfa_token_at": login.at if login else None}
        ask = partial(self.client.mfa_oob_grant, mfa_token=mfa_token, oob_code=oob_code)
        begun_by = "mfa_associate" if challenge and challenge.request.target == "/mfa/associate" else "mfa_challenge"
        now = self.clock.now
        return PollRun(Poll.begin(now(), **lives), ask=ask, now=now, show=show_poll, begun_by=begun_by)

    def _brought(self, value: str) -> Exchange | None:
        """Return the exchange that brought a value; None for one that came from elsewhere."""
        born = self.aliases.born(value)
        return self.journal[born - 1] if born else None

    def _lines(self) -> list[str]:
        from auth0_mfa_lab.tenants import replay as recorded

        notice, record = self.settings.notice, self._record
        line = f"Lab on the live tenant {self.domain}: every request of yours is sent there."
        if self._recording is not None:
            line = recorded.first_line(self._recording, self.tenant if self._is_sandbox else None, self.domain)
        elif self._is_sandbox:
            profile = self.tenant.profile
            line = f"Lab on the sandbox tenant {self.domain} (profile {profile}): nothing is sent to Auth0."
        return [*([notice] if notice else []), line, *([record.line()] if record else [])]
