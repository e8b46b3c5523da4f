"""A lab on one tenant: its clients, the journal, the phone, the inbox and the clock, behind the verbs of a notebook."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import httpx

from auth0_mfa_lab.client import Client, checked_text, http_client, network
from auth0_mfa_lab.clock import LabClock, RealClock, SandboxClock
from auth0_mfa_lab.errors import ClaimFailed, LabError, SettingsError
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.settings import Settings, is_loopback
from auth0_mfa_lab.show.sentences import Lines, Sentence
from auth0_mfa_lab.wire.journal import Journal

if TYPE_CHECKING:
    from auth0_mfa_lab.exports.export import Exported
    from auth0_mfa_lab.live.doctor.findings import Diagnosis
    from auth0_mfa_lab.live.drift.drift import Drift
    from auth0_mfa_lab.live.guard import Guard
    from auth0_mfa_lab.live.leftovers import Leftovers
    from auth0_mfa_lab.live.record import Record
    from auth0_mfa_lab.management import Management
    from auth0_mfa_lab.polling import PollRun
    from auth0_mfa_lab.sandbox import Phone, Sandbox
    from auth0_mfa_lab.sandbox.guardian.phone import Time
    from auth0_mfa_lab.show.panels.phone import OwnPhonePanel, PhonePanel
    from auth0_mfa_lab.show.panels.poll import PollPanel
    from auth0_mfa_lab.show.panels.qr import QrPanel
    from auth0_mfa_lab.show.panels.raw import CopyPanel, RevealPanel
    from auth0_mfa_lab.show.qr import QrPicture
    from auth0_mfa_lab.show.table import Table
    from auth0_mfa_lab.tenants.operations import Ask
    from auth0_mfa_lab.tenants.phone import LabPhone
    from auth0_mfa_lab.tenants.sandbox import PhoneScreen
    from auth0_mfa_lab.tenants.tables import SandboxInfo
    from auth0_mfa_lab.tenants.users import User
    from auth0_mfa_lab.tokens import Inspection
    from auth0_mfa_lab.wire.exchange import Exchange, Speaker
    from auth0_mfa_lab.wire.har import Recording

Profile = Literal["docs", "recorded"]
Policy = Literal["all-applications", "never", "confidence-score"]


class Lab(Lines):
    """A lab on one tenant. Make it with `Lab.from_env()`, `Lab.sandbox()`, `Lab.live(...)` or `Lab.replay(...)`.

    A name that begins with an underscore is for the package alone.
    """

    def __init__(self, settings: Settings, transport: httpx.BaseTransport, clock: LabClock) -> None:
        """Compose what every kind of tenant shares; the named constructors do the rest."""
        # Here, as further below: an import of the class alone stays light.
        from auth0_mfa_lab.show.exchange import show, show_all
        from auth0_mfa_lab.tenants.operations import Recorder, person_alone
        from auth0_mfa_lab.tenants.phone import Inbox, OwnPhone, messages_of_a_person
        from auth0_mfa_lab.tenants.replay import facts_of
        from auth0_mfa_lab.tenants.users import learn_settings

        self.settings = settings
        self.domain = settings.domain or ""
        self.clock = clock
        self.aliases = Aliases(people=settings.tenant == "live" and not settings.show_people)
        self.journal = Journal(aliases=self.aliases, now=clock.now, show=show, show_all=show_all)
        learn_settings(settings, self.aliases)
        self._transport = transport
        self._operations = Recorder(person_alone, self.journal)
        self._is_sandbox = False
        self._sandbox: Sandbox | None = None
        self._virtual: Phone | None = None
        self._screen: PhoneScreen | None = None
        self._record: Record | None = None
        self._recording: Recording | None = None
        self._guard: Guard | None = None
        self._administrator: tuple[Management, float] | None = None
        self._totp_secret: str | None = None
        self._panel: dict[str, Any] = {"mask": self.aliases.mask, "raise_failures": settings.raise_failures}
        self.phone: LabPhone = OwnPhone(self.aliases, self._prompt)
        self.inbox = Inbox(messages_of_a_person(self._prompt), self.aliases)
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
        )
        self.journal.operations.tenant = facts_of(self)

    # -- the kinds of tenant

    @classmethod
    def from_env(cls, start: Path | None = None, *, record: str | Path | None = None) -> Self:
        """Open the tenant that `AUTH0_LAB_TENANT` names: the sandbox, unless it says `served` or `live`.

        `.env` is looked for from `start` (default: the working directory) up to the project's root; `record` as with
        `Lab.live`, on any tenant. Raises SettingsError, which names the variable and the line to add.
        """
        settings = Settings.from_env(start)
        if settings.tenant == "live":
            return cls.live(settings, record=record)
        return (cls.served(settings) if settings.tenant == "served" else cls._boxed(settings))._recorded_in(record)

    @classmethod
    def sandbox(
        cls,
        *,
        profile: Profile = "docs",
        policy: Policy = "all-applications",
        switches: Mapping[str, str | int | bool] | None = None,
        seed: int = 1,
    ) -> Self:
        """Open a sandbox tenant of one's own, whatever the environment says.

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
            box = Sandbox(**{name: value for name, value in options.items() if value is not None})
        except ValueError as problem:
            raise LabError(str(problem)) from None
        known = box.defaults
        named = {name: getattr(known, name) for name in ("client_id", "mgmt_client_id", "audience")}
        for name in ("client_secret", "mgmt_client_secret"):
            named[name] = Secret(getattr(known, name), f"<{name}>")
        lab = cls(replace(settings, domain=box.domain, **named), box.transport, SandboxClock(box.clock))
        lab._sandbox = box
        lab._furnish(in_process(box), box.clock)
        return lab

    @classmethod
    def served(cls, settings: Settings) -> Self:
        """Open the sandbox that `auth0-mfa-lab serve` runs; one whose clock is frozen begins again with each lab.

        Raises SettingsError unless `settings.tenant` is `served`, NoServer when nothing answers there.
        """
        from auth0_mfa_lab.tenants.remote import ServedClock, ServedTransport, open_served

        ask = open_served(settings)
        try:
            time = ServedClock(ask)
            if not time.runs_by_itself:
                ask("reset")
        except LabError:
            ask.close()
            raise
        transport = ServedTransport(network(settings))
        clock = SandboxClock(time, runs_by_itself=time.runs_by_itself)
        # It is the default user's password: this lab makes users of its own.
        lab = cls(replace(settings, password=None), transport, clock)
        # Nobody has to close a lab: its connections end with it.
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

        Without `settings` they are read as `from_env` does. With `record` every exchange is kept in that file as it
        passes, as the HAR of `lab.export("har")`. Raises SettingsError unless they are those of a live tenant, so that
        none is reached by accident, and LabError for a file that cannot be written: nothing was sent then.
        """
        from auth0_mfa_lab.live.leftovers import stand_guard

        settings = settings or Settings.from_env()
        if transport is None:
            settings.must_be_allowed()
        settings.must_be_live()
        reached = transport or network(settings)
        lab = cls(settings, reached, RealClock())
        if transport is None:
            weakref.finalize(lab, reached.close)
        lab._guard = stand_guard(lab)
        lab._take_virtual_phone()
        return lab._recorded_in(record)

    @classmethod
    def replay(cls, path: str | Path) -> Self:
        """Open a recorded run, which `lab.export("har").save(path)` wrote: nothing is sent anywhere.

        Each request must be the one that was recorded in its place; LabError says which part of it is not. A HAR that
        another tool wrote has the application's calls alone: no messages, no phone, no time but that of the answers.
        """
        from auth0_mfa_lab.tenants import replay as recorded
        from auth0_mfa_lab.wire.har import read_har
        from auth0_mfa_lab.wire.replay import RecordedTransport, Replay

        recording = read_har(path)
        facts = recording.tenant or recorded.facts_in(recording)
        is_live, time = facts["kind"] == "live", recorded.RecordedClock(float(facts["begins"]))
        transport = RecordedTransport(time.reach)
        lab = cls(recorded.settings_of(facts), transport, recorded.lab_clock(time, is_live=is_live))
        lab._recording = recording
        lab.journal.operations.tenant, lab.journal.operations.is_replayed = recording.tenant, True
        transport.replay = replay = Replay(recording, lab.aliases, people=lab.aliases.people)
        ask = recorded.of_recording(replay)
        if recording.is_ours and not is_live:
            lab._furnish(ask, time, bars=recorded.BARS)
        else:
            lab._operations.quiet = ask
            lab._take_virtual_phone(bars=recorded.BARS)
            # Another tool's recording has nothing but who logged in.
            lab._is_sandbox = not recording.is_ours
        return lab

    def _furnish(self, ask: Ask, time: Time, *, bars: str = "") -> None:
        """Take a sandbox's phone, which keeps this time, its inbox and its users."""
        from auth0_mfa_lab.tenants.phone import Inbox, SandboxPhone
        from auth0_mfa_lab.tenants.sandbox import new_phone

        operations, self._is_sandbox = self._operations, True
        operations.quiet = ask
        self._virtual = new_phone(operations, self._http("phone"), time)
        self.phone = SandboxPhone(self._virtual, self.aliases)
        self.inbox = Inbox(lambda address, _: operations("messages", address=address)["messages"], self.aliases)
        self._show_phone(self._virtual, bars=bars)

    def _take_virtual_phone(self, *, bars: str = "") -> None:
        """Take the virtual phone in the place of the person's own, where the settings say so."""
        if self.settings.virtual_phone:
            from auth0_mfa_lab.tenants.virtual_phone import ALONE, EnrolledPhone, virtual_phone

            phone = virtual_phone(self.settings.origin, self._transport, self.journal, self._operations)
            self.phone = EnrolledPhone(phone, self.aliases, self.clock)
            self.settings = replace(self.settings, notice=repr(self.phone).partition("\n")[0])
            self._show_phone(phone, bars=bars, alone=ALONE)

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
        origin = origin or self.settings.origin
        return http_client(origin, self._transport, self.journal, speaker, lambda: self._guard)

    def _prompt(self, question: str) -> str:
        """Ask the person, unless the lab knows the secret of the codes; a recording has the answer."""
        from auth0_mfa_lab.live.test_user import totp_of
        from auth0_mfa_lab.tenants.phone import OTP_QUESTION, ask_hidden

        secret = self._totp_secret if question == OTP_QUESTION else None
        answer = (lambda: totp_of(secret, self.clock.now())) if secret else (lambda: str(ask_hidden(question)))
        return str(self._operations("prompt", answer, question=question))

    def _draw(self, what: str) -> str:
        """Draw what is not to be foretold; a recording has it."""
        from auth0_mfa_lab.live.test_user import drawn

        return str(self._operations("prompt", lambda: str(drawn(what)), question=what))

    # -- the tenant, and who logs in there

    @property
    def tenant(self) -> SandboxInfo:
        """How the sandbox tenant is set, and how well each of its answers is known. LabError on a live tenant."""
        from auth0_mfa_lab.tenants.tables import SandboxInfo

        if self._is_sandbox:
            return SandboxInfo(self.domain, self._operations)
        raise LabError(
            f"{self.domain} is a live tenant, and has no sandbox inside. Take Lab.sandbox().tenant: it has .evidence() "
            "and .switches."
        )

    @cached_property
    def management_application(self) -> Client:
        """The machine-to-machine application that gets tokens for the Management API.

        Its `client_credentials_grant(audience=lab.management_audience)` brings one. On a live tenant it is that of
        AUTH0_MGMT_CLIENT_ID; SettingsError names both variables when one is missing.
        """
        client_id, client_secret = self.settings.mgmt_client_id, self.settings.mgmt_client_secret
        if client_id is None or client_secret is None:
            raise SettingsError(
                "The Management API needs an application of its own, and AUTH0_MGMT_CLIENT_ID and "
                "AUTH0_MGMT_CLIENT_SECRET are not both set. Make one: Dashboard > Applications > Create Application > "
                "Machine to Machine, authorized for the Auth0 Management API. Then add both lines to .env."
            )
        return Client(self._http("app"), client_id=client_id, client_secret=client_secret)

    def management(self, access_token: str) -> Management:
        """Return the Management API, one method per path, opened by an access token for it."""
        from auth0_mfa_lab.management import Management

        return Management(self._http("app", self.management_audience.partition("/api/v2")[0]), access_token)

    def user(self, *, factors: Sequence[str] = ()) -> User:
        """Return the person who logs in, with just these factors, confirmed.

        In the sandbox it is a fresh user. On a live tenant with AUTH0_MGMT_CLIENT_ID it is a throw-away one, whom
        `lab.cleanup()` removes; without, the configured one, whose authenticators are listed, and UserDoesNotFit says
        what to remove. Nothing is sent to anybody.
        """
        from auth0_mfa_lab.live.test_user import own_user
        from auth0_mfa_lab.tenants.sandbox import fresh_user

        if not self._is_sandbox:
            return own_user(self, factors)
        phone, transport = self._virtual, self._transport
        return fresh_user(self._operations, factors, aliases=self.aliases, phone=phone, transport=transport)

    def limits(self, user: User) -> Table:
        """Return a table of what is left to a user of each limit; on a live tenant, of what Auth0 documents.

        Raises LabError for what is no user of this sandbox. Source: the reference, section 11.
        """
        from auth0_mfa_lab.tenants.tables import limits

        return limits(self._operations if self._is_sandbox else None, user)

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

        It shows what it will remove and asks first (`yes`: it does not), and with `dry_run` removes nothing. It
        names what only a phone or the dashboard can remove. A sandbox keeps nothing. Raises NotConfirmed where there is
        no prompt, LabError when the tenant does not let itself be read.
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

    # -- what was said, and what one makes of it

    def step(self, title: str) -> None:
        """Put the exchanges that follow under this title in the journal."""
        self.journal.step(title)

    def claim(self, sentence: str, holds: bool) -> Sentence:
        """Say that a claim holds, or raise ClaimFailed; on a live tenant skip it by name while time has not passed."""
        if self.clock.owes() > 0:
            return Sentence(f"skipped: {sentence} (the time for it has not passed)")
        if not holds:
            raise ClaimFailed(f"This does not hold: {sentence}")
        return Sentence(f"✓ {sentence}")

    def inspect(self, token: str) -> Inspection:
        """Say what a token is, and which MFA endpoint takes it or refuses it with which error, without showing it."""
        from auth0_mfa_lab.tokens import inspect

        token, issuer = checked_text("token", token).strip(), self.mfa_audience.removesuffix("mfa/")
        return inspect(
            token, journal=self.journal, client_id=self.client.client_id, issuer=issuer, now=self.clock.now()
        )

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
        from auth0_mfa_lab.exports.export import Exported, exported

        return Exported(exported(kind, self.journal, exchange), kind)

    def curl(self, exchange: Exchange) -> Exported:
        """Return an exchange's request as a curl command; a secret in it is a shell variable."""
        return self.export("curl", exchange)

    # -- polls and panels

    def poll(self, *, mfa_token: str, oob_code: str) -> PollRun:
        """Poll until the phone answers or the challenge expires; *Interrupt* stops it and loses nothing.

        In the sandbox the seconds between two polls pass at once, on a live tenant in real time. Both lifetimes count
        from the exchange that brought each value. LabError for the oob_code of an SMS, a call or an email: a
        poll gets no answer to that.
        """
        return self._run(mfa_token, oob_code).until_done(self.clock.wait)

    def poll_panel(self, *, mfa_token: str, oob_code: str) -> PollPanel:
        """Return a panel with the buttons *Poll once*, *Poll until done* and *Stop*, and a method behind each."""
        from auth0_mfa_lab.show.panels.poll import PollPanel

        return PollPanel(self._run(mfa_token, oob_code), clock=self.clock, **self._panel)

    def qr(self, barcode_uri: str) -> QrPicture | QrPanel:
        """Draw an enrollment QR: a picture in the sandbox, on a live tenant a panel that shows it only on demand."""
        from auth0_mfa_lab.show.qr import QrPicture

        if not self._may_save_a_qr():
            return self.qr_panel(barcode_uri)
        uri = self._learned(barcode_uri)
        return QrPicture(uri, shown=self.aliases.mask(uri))

    def qr_panel(self, barcode_uri: str) -> QrPanel:
        """Return a panel with an enrollment QR, its time, what it holds, and a button by which the lab's phone scans.

        On a live tenant the QR is drawn after *Show* and is in no saved file. LabError for a URI that enrolls nothing.
        """
        from auth0_mfa_lab.show.panels.qr import QrPanel
        from auth0_mfa_lab.show.qr import Barcode

        uri, is_live = self._learned(barcode_uri), self.settings.tenant == "live"
        own_phone = "the virtual phone (unproven)" if self.settings.virtual_phone else None
        return QrPanel(
            uri,
            barcode=Barcode.of(uri, self.aliases.mask, is_live=is_live),
            received_at=self._received(uri),
            now=self.clock.now,
            scan=lambda: self.phone.scan(uri),
            phone=own_phone if is_live else "the sandbox's phone",
            journal=self.journal,
            may_be_saved=self._may_save_a_qr(),
            **self._panel,
        )

    def phone_panel(self) -> PhonePanel | OwnPhonePanel:
        """Return the sandbox's phone as a panel: accounts, pushes with *Allow* and *Reject*, codes and messages.

        It has a method for each button, and shows no code but on the page of whoever presses *Show code*. On a live
        tenant it is a list of what to do on one's own phone now, and with AUTH0_LAB_VIRTUAL_PHONE=1 the virtual phone.
        """
        from auth0_mfa_lab.show.panels.phone import OwnPhonePanel, PhonePanel

        if self._screen is None:
            return OwnPhonePanel(self.journal, now=self.clock.now, **self._panel)
        return PhonePanel(self._screen.look, self.phone, bars=self._screen.bars, **self._panel)

    def reveal(self, alias: str) -> RevealPanel:
        """Show one raw value, that of `<access_token 1>` or its like, in a panel that leaves nothing in the file."""
        from auth0_mfa_lab.show.panels.raw import RevealPanel

        return RevealPanel(self.aliases.value_of(alias), **self._panel)

    def copy_runnable(self, exchange: Exchange) -> CopyPanel:
        """Show `lab.curl(exchange)` in a panel whose button copies it with its raw values, which no file has."""
        from auth0_mfa_lab.exports.curl import runnable
        from auth0_mfa_lab.show.panels.raw import CopyPanel

        masked, request = self.curl(exchange).text, exchange.request
        name = exchange.masked(f"exchange {exchange.number}, {request.method} {request.target}")
        command = runnable(exchange, self.settings.ca_file)
        return CopyPanel(command, masked=masked, name=name, tenant=self.settings.tenant, **self._panel)

    def _show_phone(self, phone: Phone, **how: Any) -> None:
        """Let the phone's panel show this phone."""
        from auth0_mfa_lab.tenants.sandbox import PhoneScreen

        ask, aliases, clock = self._operations, self.aliases, self.clock
        self._screen = PhoneScreen(phone=phone, ask=ask, aliases=aliases, clock=clock, since=clock.now(), **how)

    def _learned(self, barcode_uri: str) -> str:
        """Return an enrollment's URI once its secrets have aliases, also where it came from elsewhere."""
        from auth0_mfa_lab.secrets.messages import secrets_of_barcode
        from auth0_mfa_lab.show.qr import checked_uri

        uri = str(checked_uri(barcode_uri))
        for kind, value in secrets_of_barcode(uri, people=self.aliases.people):
            self.aliases.learn(kind, value)
        return uri

    def _may_save_a_qr(self) -> bool:
        """Tell whether a QR of this tenant is worth nothing to whoever finds it in a file.

        A ticket of the sandbox in the kernel enrolls nowhere. One of a served sandbox needs no control token, but a
        server that is this machine's alone is out of a finder's reach; another machine's is not.
        """
        host = self.domain.partition(":")[0]
        return self.settings.tenant != "live" and (host.endswith(".example") or is_loopback(self.domain))

    def _run(self, mfa_token: str, oob_code: str) -> PollRun:
        from auth0_mfa_lab.polling import Poll, PollRun
        from auth0_mfa_lab.show.poll import show_poll

        for name, value in (("mfa_token", mfa_token), ("oob_code", oob_code)):
            if not checked_text(name, value):
                raise LabError(f"{name} is empty: pass the one that an answer gave.")
        brought = self._brought(oob_code)
        if brought is not None and "binding_method" in brought:
            raise LabError(
                "This oob_code waits for a code that was sent to somebody (binding_method), and no poll answers it: "
                "client.mfa_oob_grant(mfa_token=..., oob_code=..., binding_code=...) takes it, with the code that "
                "lab.inbox.latest(address) has."
            )
        lives = {"oob_code_at": self._received(oob_code), "mfa_token_at": self._received(mfa_token)}
        begun = Poll.begin(self.clock.now(), **lives)
        ask = partial(self.client.mfa_oob_grant, mfa_token=mfa_token, oob_code=oob_code)
        begun_by = "mfa_associate" if brought and brought.request.target == "/mfa/associate" else "mfa_challenge"
        return PollRun(begun, ask=ask, now=self.clock.now, show=show_poll, begun_by=begun_by)

    def _brought(self, value: str) -> Exchange | None:
        """Return the exchange that brought a value; None for one that came from elsewhere."""
        born = self.aliases.born(value)
        return self.journal[born - 1] if born else None

    def _received(self, value: str) -> float:
        """Return when a value was received, in the lab's time; now, for one that no exchange brought."""
        brought = self._brought(value)
        return brought.at if brought else self.clock.now()

    def _lines(self) -> list[str]:
        from auth0_mfa_lab.tenants import replay as recorded

        notice, record = self.settings.notice, self._record
        line = f"Lab on the live tenant {self.domain}: every request of yours is sent there."
        if self._recording is not None:
            # A recording is no tenant, and says whose it is.
            line = recorded.first_line(self._recording, self.tenant if self._is_sandbox else None, self.domain)
        elif self._is_sandbox:
            profile = self.tenant.profile
            line = f"Lab on the sandbox tenant {self.domain} (profile {profile}): nothing is sent to Auth0."
        return [*([notice] if notice else []), line, *([record.line()] if record else [])]
