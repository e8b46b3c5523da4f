"""What a lab has of a sandbox, in process, served or recorded: users, limits, its settings, its phone and messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import httpx

from auth0_mfa_lab.errors import LabError, NoServer
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.show.phone import PhoneView, look_at
from auth0_mfa_lab.show.sentences import Lines
from auth0_mfa_lab.show.table import Table
from auth0_mfa_lab.tenants.operations import Ask, Json, Recorder
from auth0_mfa_lab.tenants.tables import evidence, switches
from auth0_mfa_lab.tenants.users import User, checked_factors

if TYPE_CHECKING:
    from auth0_mfa_lab.clock import LabClock
    from auth0_mfa_lab.sandbox import Phone
    from auth0_mfa_lab.sandbox.guardian.phone import Time


class SandboxInfo(Lines):
    """How a sandbox tenant is set, and how well each of its answers is known. It holds no secret."""

    def __init__(self, domain: str, ask: Ask) -> None:
        """Tell of the sandbox with this domain, as it is at each look."""
        self._domain = domain
        self._ask = ask

    @property
    def profile(self) -> str:
        """The profile: `docs` answers a rejected push as the documentation says, `recorded` as it was recorded."""
        return str(self._ask("settings")["profile"])

    @property
    def policy(self) -> str:
        """When a second factor is asked for, as it is set now: `never`, `all-applications` or `confidence-score`."""
        return str(self._ask("settings")["policy"])

    @property
    def switches(self) -> Table:
        """The answers where sources differ: `switches["pending_status"]` is what one is now, `dict(switches)` all."""
        return switches(dict(self._ask("settings")["switches"]))

    evidence = staticmethod(evidence)

    def _lines(self) -> list[str]:
        shown = self._ask("settings")
        return [
            f"Sandbox tenant {self._domain} · profile {shown['profile']} · policy {shown['policy']}",
            "  .evidence() says how well each answer is known, .switches what is answered where sources differ",
        ]


def fresh_user(
    ask: Recorder, factors: Sequence[str], *, aliases: Aliases, phone: Phone | None, transport: httpx.BaseTransport
) -> User:
    """Return a fresh user with just these factors, confirmed; its secrets are learned.

    `phone` scans what there is to scan, over `transport`: each enrollment is an operation, and no exchange.
    """
    wanted = checked_factors(factors)
    made = ask("add_user", factors=list(wanted), phone="own")

    def enroll(request: httpx.Request) -> httpx.Response:
        def sent() -> Mapping[str, Json]:
            answer = transport.handle_request(request)
            answer.read()
            return {"status": answer.status_code, "body": answer.json()}

        kept = ask.keep("enroll", {}, sent)
        return httpx.Response(kept["status"], json=kept["body"])

    for barcode in made["barcodes"]:
        if phone is None:  # on another tool's recording
            break
        try:
            answer = phone.scan(barcode, http=httpx.Client(transport=httpx.MockTransport(enroll)))
        except httpx.TransportError as failure:
            raise NoServer(f"The phone could not enroll: no answer ({type(failure).__name__}).") from None
        if answer is not None and not answer.is_success:
            raise LabError(f"The phone could not enroll (HTTP {answer.status_code}): ask for the user again.")
    code = made["recovery_code"]
    return User(
        username=made["username"],
        password=aliases.learn("password", made["password"]),
        phone_number=made["phone_number"],
        email=made["email"],
        factors=wanted,
        recovery_code=code and aliases.learn("recovery_code", code),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivered:
    """A push as an operation tells of it: a recording's payload has stand-ins, and its id is that of the run."""

    id: str
    service: str
    payload: Mapping[str, Json] = field(repr=False)


def pushes(ask: Ask, token: str) -> tuple[_Delivered, ...]:
    """Return what the tenant delivered to a push token, oldest first."""
    return tuple(_Delivered(**each) for each in ask("pushes", token=token)["pushes"])


def new_phone(ask: Ask, http: httpx.Client, clock: Time) -> Phone:
    """Return a phone of the lab's own that speaks over `http`, with nothing on it yet; the tenant names it."""
    from auth0_mfa_lab.sandbox import Chance, Phone

    named = ask("add_phone")
    phone = Phone(http, partial(pushes, ask), clock, Chance(0), fallback_url=str(http.base_url).rstrip("/"))
    phone.identifier, phone.push_token = str(named["identifier"]), str(named["push_token"])
    return phone


class PhoneScreen:
    """What a phone's panel looks at: the lab's phone, and the newest messages since the lab was opened.

    `bars` says why nothing on it can be pressed; a recording's screen does not change between two looks. `alone` is
    what stands there of a phone that no push and no message can reach.
    """

    def __init__(
        self,
        phone: Phone,
        ask: Recorder,
        *,
        aliases: Aliases,
        clock: LabClock,
        bars: str = "",
        alone: Mapping[str, Json] | None = None,
    ) -> None:
        """Look at `phone`, at the time of `clock`."""
        self.bars = bars
        self._alone = alone
        self._phone = phone
        self._ask = ask
        self._aliases = aliases
        self._clock = clock
        self._begun = clock.now()
        self._last: PhoneView | None = None

    def look(self) -> PhoneView:
        """Return what is on the screen; its codes have aliases from now on, and a recording has it."""
        self._last = self._seen(self._ask, learns=True)
        return self._last

    def glance(self) -> PhoneView:
        """Return what is on the screen; nothing is learned and nothing kept."""
        return self._last if self.bars and self._last else self._seen(self._ask.quiet, learns=False)

    def _seen(self, ask: Ask, *, learns: bool) -> PhoneView:
        if self._alone is not None:
            view = look_at(self._phone, None, (), self._clock.now(), self._aliases, learns=learns)
            return replace(view, **self._alone)
        sent = [each for each in ask("messages")["messages"] if each["sent_at"] >= self._begun]
        delivered, now = pushes(ask, self._phone.push_token), self._clock.now()
        return look_at(self._phone, self._phone.waiting(now, delivered), sent, now, self._aliases, learns=learns)
