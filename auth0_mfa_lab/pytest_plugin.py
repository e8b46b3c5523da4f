"""The plugin for pytest: the fixture `auth0_mfa`, and no secret in a report of a failed comparison.

pytest explains `assert a == b` from the strings themselves and would print both, in a build's log too.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from auth0_mfa_lab.errors import LabError, NothingWasSent, PhoneError
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.settings import variation

if TYPE_CHECKING:
    from auth0_mfa_lab.conduct.report import Conduct
    from auth0_mfa_lab.sandbox.server import Server
    from auth0_mfa_lab.served.journal import ServedJournal
    from auth0_mfa_lab.tenants.operations import Remote

__all__ = ["Auth0Mfa", "Message", "Push", "User"]

Fault = Literal["429", "5xx", "html", "slow", "drop", "late_approval", "lost_push"]
PATIENCE_SECONDS, LOOK_EVERY_SECONDS = 5.0, 0.02
SHOWN = 20
"""How many exchanges the report of a failed test shows, the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A fresh user of the test's own; `recovery_code` came with the first factor. `off`: see `Auth0Mfa.user`."""

    user_id: str
    username: str
    password: str = field(repr=False)
    phone_number: str
    email: str
    factors: tuple[str, ...]
    recovery_code: str | None = field(default=None, repr=False)
    off: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A push that waits on the phone: where the login came from, and when (epoch seconds)."""

    place: str
    browser: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An SMS, a call or an email; `purpose` is `mfa` or `passwordless`."""

    address: str
    channel: str
    purpose: str
    code: str | None = field(repr=False)
    link: str | None = field(repr=False)
    text: str = field(repr=False)


class _Asking:
    def __init__(self, ask: Remote) -> None:
        self._ask = ask

    def _patient(self, within: float, absent: type[LabError], operation: str, **arguments: Any) -> Any:
        """Do something as soon as it can be done; it is the application that brings about what it waits for."""
        # Counted, and not read off a clock: the test may have frozen it.
        for _ in range(math.ceil(within / LOOK_EVERY_SECONDS)):
            with suppress(absent):
                return self._ask(operation, **arguments)
            time.sleep(LOOK_EVERY_SECONDS)
        return self._ask(operation, **arguments)


class Phone(_Asking):
    """The phone with the Guardian app; without a `user` the newest push of any user is meant.

    What cannot be done raises LabError. In a test that is a coroutine, call what waits by `asyncio.to_thread`.
    """

    @property
    def pushes(self) -> tuple[Push, ...]:
        """The pushes that wait now."""
        return tuple(_read(Push, each) for each in self._ask("accounts_and_pushes")["pushes"])

    def scan(self, barcode: str | bytes) -> None:
        """Scan the `barcode_uri` of an enrollment, or a picture (PNG) of its QR."""
        self._ask("scan", barcode=barcode)

    def allow(self, *, user: User | None = None, within: float = PATIENCE_SECONDS) -> None:
        """Allow the push, waiting for one up to `within` real seconds."""
        self._patient(within, PhoneError, "allow", user=user and user.user_id)

    def reject(self, reason: str | None = None, *, user: User | None = None, within: float = PATIENCE_SECONDS) -> None:
        """Reject the push, waiting for one up to `within` real seconds."""
        self._patient(within, PhoneError, "reject", user=user and user.user_id, reason=reason)

    def allow_after(self, *, polls: int, user: User | None = None) -> None:
        """Allow the push that waits (a `user`'s must), or else the next one, after this many polls of the app."""
        self._ask("allow_after", user=user and user.user_id, polls=polls)

    def reject_after(self, reason: str | None = None, *, polls: int, user: User | None = None) -> None:
        """Reject the push that waits, or else the next one, like that, with a reason if one is given."""
        self._ask("reject_after", user=user and user.user_id, polls=polls, reason=reason)

    def code(self, *, user: User | None = None) -> str:
        """Return the six digits that the newest account shows now, or a user's."""
        return str(self._ask("shown_code", user=user and user.user_id)["code"])


class Inbox(_Asking):
    """The messages of the tenant, to all numbers and addresses."""

    def code(self, address: str, *, purpose: str | None = None, within: float = PATIENCE_SECONDS) -> str:
        """Return the newest code (`purpose`: of `mfa`, or of `passwordless`), waiting up to `within` real seconds."""
        return str(self._patient(within, NothingWasSent, "code", address=address, purpose=purpose)["code"])

    def messages(self, address: str) -> tuple[Message, ...]:
        """Return what was sent to a number or an email address, newest first."""
        return tuple(_read(Message, each) for each in self._ask("messages", address=address)["messages"])


class Clock(_Asking):
    """The tenant's time: codes, tokens and limits expire by it; it follows the wall's.

    What a token says (`iat`, `exp`) always is the wall's time. After the test every advance is taken back.
    """

    def now(self) -> float:
        """Return the tenant's time, in epoch seconds."""
        return float(self._ask("clock")["now"])

    def advance(self, seconds: float) -> None:
        """Move the tenant's time forward; it can stand in for `time.sleep` in the application's polling."""
        self._ask("advance", advance=seconds)


class Auth0Mfa:
    """One test's tenant, on a real port with TLS; every change of a test is undone after it."""

    def __init__(self, server: Running) -> None:
        self._server, self._ask, self.env_file = server, server.ask, str(server.env_file)
        self.domain, self.ca_file = server.env["AUTH0_DOMAIN"], server.env["AUTH0_CA_FILE"]
        self.page = f"https://{self.domain}/_lab/#token={server.env['AUTH0_LAB_TOKEN']}"
        self._varied = server.sandbox.varied
        self.phone, self.inbox, self.clock = Phone(server.ask), Inbox(server.ask), Clock(server.ask)
        self._newest: User | None = None

    @property
    def env(self) -> dict[str, str]:
        """The variables of `auth0-mfa-lab serve --env-file`; nothing is put into `os.environ`.

        AUTH0_USERNAME, AUTH0_PASSWORD, AUTH0_PHONE_NUMBER and AUTH0_EMAIL are those of the newest user of this test,
        who is made when there is none yet.
        """
        user = self._newest or self.user()
        own = {name: getattr(user, name) for name in ("username", "password", "phone_number", "email")}
        return {**self._server.env, **{f"AUTH0_{name.upper()}": value for name, value in own.items()}}

    def user(self, factors: Sequence[str] = ()) -> User:
        """Return a fresh user with just these factors, confirmed: `push`, `otp`, `sms`, `voice`, `email`.

        Those that the tenant has off are in its `off` too: they cannot be challenged until `settings` turns them on.
        """
        from auth0_mfa_lab.sandbox import fictional_number

        # One whom no test before has had: applications may know people by their address, or by their number.
        number = next(self._server.users)
        named = {"username": f"user{number}@example.com", "phone_number": fictional_number(number)}
        made = self._ask("add_user", factors=list(factors), **named)
        user: User = _read(User, {**made, "factors": tuple(factors), "off": tuple(made["off"])})
        self._newest = user
        return user

    def fail_next(self, kind: Fault, *, route: str | None = None, times: int = 1, **how: float) -> None:
        """Let the next `times` calls of a route fail (without a route: of any).

        `429` (`retry_after`), `5xx` and `html` (`status`), `slow` (`seconds`), `drop` the connection; `late_approval`
        (an allowed push stays pending for `polls` more), `lost_push`. Raises LabError for what the server refuses.
        """
        self._ask("add_fault", kind=kind, times=times, route=route, **how)

    def settings(self, **changes: Any) -> Mapping[str, Any]:
        """Set the tenant differently for this test, and return how it is set; LabError for what there is not.

        `profile`, `policy`, `default_directory`, `factors`, `message_types`, `push_provider`, `switches` (a dict).
        """
        return dict(self._ask("change_settings" if changes else "settings", **changes))

    def received(self) -> Sequence[Mapping[str, Any]]:
        """Return what the tenant received in this test, oldest first: method, path, names of fields, status, error."""
        return list(self._ask("received")["entries"])

    def conduct(self, *, allow: Mapping[str, str] = {}) -> Conduct:
        """Judge what the application said in this test by the rules: `assert not auth0_mfa.conduct().broken`.

        `allow` are ids of rules that may be broken, each with its reason.
        """
        from auth0_mfa_lab.conduct.report import conduct

        asked = self._server.journal.read(since_it_began=True)
        return conduct([each.exchange for each in asked], allow=allow)

    @contextmanager
    def on_purpose(self) -> Iterator[None]:
        """Mark what the application does in this block: `conduct` leaves it out."""
        self._ask("on_purpose", on=True)
        try:
            yield
        finally:
            self._ask("on_purpose", on=False)


def _read(kind: Any, data: Mapping[str, Any]) -> Any:
    """Return what an operation told, as a value of this dataclass."""
    return kind(**{each.name: data.get(each.name) for each in fields(kind)})


class Running:
    """A server that answers, and the variables that lead to it: what `serve --env-file` writes, into `folder`."""

    def __init__(self, server: Server, journal: ServedJournal, folder: Path, seed: str) -> None:
        from auth0_mfa_lab.cli.serve import environment, write_env_file
        from auth0_mfa_lab.served.routes import ROUTES
        from auth0_mfa_lab.settings import Settings
        from auth0_mfa_lab.tenants.operations import Remote

        self.env_file = folder / "auth0.env"
        write_env_file(self.env_file, server)
        self.env: Mapping[str, str] = environment(server, self.env_file)
        self.ask = Remote(Settings.of_server(self.env_file), routes=ROUTES)
        self.sandbox, self.journal, self.seed = server.sandbox, journal, seed
        self.users, self.tests = itertools.count(1), itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers; UsageError for an AUTH0_LAB_VARIATION that there is not."""
    for marker in (
        "auth0_variations(*ids): run a test that uses `auth0_mfa` once under each of these variations, or each of the "
        "twelve that find most; it is skipped where it never asks for what is varied.",
        "auth0_both_profiles: run it under each profile of the sandbox: where a rejected push is 403 invalid_grant "
        "(docs), and where it is 400 access_denied (recorded). auth0_variations takes its place.",
    ):
        config.addinivalue_line("markers", marker)
    _named(variation()[0])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a marked test once for each variation, or each profile."""
    marked = metafunc.definition.get_closest_marker("auth0_both_profiles")
    if marked and "auth0_mfa_profile" in metafunc.fixturenames:
        metafunc.parametrize("auth0_mfa_profile", ("docs", "recorded"))
    marked = metafunc.definition.get_closest_marker("auth0_variations")
    if marked and "auth0_mfa_variation" in metafunc.fixturenames:
        from auth0_mfa_lab.sandbox.variations import THE_TWELVE

        ids = [each for text in marked.args for each in _named(text)] or THE_TWELVE
        if "other-domain" in ids:
            raise pytest.UsageError("other-domain needs a server of its own: AUTH0_LAB_VARIATION=other-domain pytest")
        metafunc.parametrize("auth0_mfa_variation", ids)


def _named(text: str) -> tuple[str, ...]:
    """Return the ids of variations in a text. Raises UsageError for one that there is not."""
    if not text:
        return ()
    from auth0_mfa_lab.sandbox.variations import named

    try:
        return named(text)
    except ValueError as problem:
        raise pytest.UsageError(str(problem)) from None


@pytest.fixture(scope="session")
def auth0_mfa_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The server behind `auth0_mfa`: one a session, and under pytest-xdist one a worker."""
    # Here, for a suite that uses no fixture of ours: the sandbox takes a while to load.
    from auth0_mfa_lab.sandbox import Sandbox, WallClock
    from auth0_mfa_lab.sandbox.server import Server
    from auth0_mfa_lab.served.routes import observed

    # Equal ids in equal runs, and others in each worker of pytest-xdist.
    seed = f"pytest {getattr(request.config, 'workerinput', {}).get('workerid', 'alone')}"
    varied, report = variation()
    sandbox = Sandbox(seed=seed, clock=WallClock(), variation=varied)
    with Server(sandbox, **(told := observed(sandbox))) as server:
        running = Running(server, told["observer"], tmp_path_factory.mktemp("auth0_mfa"), seed)
        yield running
        running.ask.close()
        if report is not None:
            from auth0_mfa_lab.vary.met import Met

            Met.of(server).append_to(report)


@pytest.fixture
def auth0_mfa_profile() -> str:
    """The profile that `auth0_mfa` begins with: `docs`, or each one in turn by `@pytest.mark.auth0_both_profiles`."""
    return "docs"


@pytest.fixture
def auth0_mfa_variation() -> str | None:
    """The variation of `auth0_mfa`, by `@pytest.mark.auth0_variations`; None for that of the session."""
    return None


@pytest.fixture
def auth0_mfa(auth0_mfa_server: Running, auth0_mfa_profile: str, auth0_mfa_variation: str | None) -> Iterator[Auth0Mfa]:
    """An Auth0 tenant for this test, with a phone and an inbox: on a port of this machine, over TLS.
    .domain, .ca_file           where it is (host:port), and the CA to trust
    .env                        the variables for an application: AUTH0_DOMAIN, AUTH0_CLIENT_ID, SSL_CERT_FILE ...
    .env_file                   the same as a file, for `auth0-mfa-lab phone allow --env-file` and its like
    .user(factors=["push"])     a fresh user with just these factors (push, otp, sms, voice, email)
    .phone                      .allow()  .reject("reason")  .code()  .scan(barcode_uri)  .pushes
                                .allow_after(polls=2)  .reject_after("reason", polls=2)
                                (of the newest login, or of one: .allow(user=user))
    .inbox                      .code("+15550101")  .messages("jane@example.com")
    .clock.advance(seconds)     what expires does so; good as the `sleep` of an application that polls
    .fail_next("429", route="/oauth/token", times=2, retry_after=3)
                                or "5xx", "html", "slow", "drop", "late_approval", "lost_push"
    .settings(policy="never")   also profile, factors, message_types, push_provider, switches ...
    .received()                 what the tenant was asked, with the names of the fields
    .conduct()                  whether the application kept the rules: .broken, and its text
    .on_purpose()               with this around it, a breach is none
    .page                       the address of a page that shows phone and inbox, for a person
    The server is one a session. After each test its tenant begins again: users, settings, faults, limits and the
    clock are as they were. No user comes twice in a session; the applications and the signing key stay.
    """
    from auth0_mfa_lab.sandbox import Chance

    server = auth0_mfa_server
    varied = server.sandbox.varied
    if auth0_mfa_variation is not None:
        server.sandbox.varied = type(varied)(auth0_mfa_variation)
        server.ask("reset")
    tenant = Auth0Mfa(server)
    tenant.settings(profile=auth0_mfa_profile)
    yield tenant
    server.sandbox.varied = varied
    # Ids that no test before has seen; applications and signing key stay.
    server.sandbox.chance = Chance(f"{server.seed}, test {next(server.tests)}")
    server.ask("reset")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the newest exchanges, masked, to the report of a test that failed; no pass for a variation not met."""
    report = yield
    tenant = getattr(item, "funcargs", {}).get("auth0_mfa") if item.get_closest_marker("auth0_variations") else None
    missed = [name for name in tenant._varied.ids if not tenant._varied.met[name]] if tenant else []
    if missed and report.when == "call" and report.passed:
        said = f"not met: the test never asked for what {missed[0]} varies"
        report.outcome, report.longrepr = "skipped", (str(item.path), item.location[1] or 0, said)
    server: Running | None = getattr(item, "funcargs", {}).get("auth0_mfa_server")
    if report.failed and report.when != "teardown" and server is not None:
        asked = [each.exchange for each in server.journal.read(since_it_began=True)]
        head = [f"({len(asked) - SHOWN} earlier exchanges are left out)"] if len(asked) > SHOWN else []
        texts = [*head, *(each.show(each)[0] for each in asked[-SHOWN:])]
        report.sections.append(("Auth0 was asked", "\n\n".join(texts) or "nothing"))
    return report


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a failed comparison that a Secret takes part in by the reprs of both sides alone."""
    if not isinstance(left, Secret) and not isinstance(right, Secret):
        return None
    shown = []
    for value, other in ((left, right), (right, left)):
        # A plain text that holds the other side's secret shows that one's alias.
        if isinstance(value, str) and isinstance(other, Secret) and not isinstance(value, Secret):
            value = str.replace(value, str(other), other.shown)
        shown.append(repr(value))
    return [f" {op} ".join(shown)]
