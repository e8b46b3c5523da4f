"""What a lab has of its own sandbox tenant: the inside that one may look at, fresh users, and what is left to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.inbox import Sent
from auth0_mfa_lab.people import User, checked_factors
from auth0_mfa_lab.show.evidence import Evidence
from auth0_mfa_lab.show.limits import DOCUMENTED, NOTE, Limits
from auth0_mfa_lab.show.phone_sight import Sight, sight_of
from auth0_mfa_lab.show.switches import Switches
from auth0_mfa_lab.show.told import Lines
from auth0_mfa_lab.wire.aliases import Aliases

if TYPE_CHECKING:
    from auth0_mfa_lab.sandbox import EvidenceRow, Phone, Sandbox


def open_box(**options: Any) -> Sandbox:
    """Return a new sandbox; LabError names what there is in place of an unknown profile, policy or switch."""
    from auth0_mfa_lab.sandbox import Sandbox

    try:
        return Sandbox(**{name: value for name, value in options.items() if value is not None})
    except ValueError as problem:
        raise LabError(str(problem)) from None


RECENT = 50
"""So many messages are looked through for the newest."""


class HowItIsSet(Protocol):
    """What the lab shows of a sandbox's settings."""

    @property
    def profile(self) -> str: ...
    @property
    def policy(self) -> str: ...
    @property
    def switches(self) -> Mapping[str, str]: ...


class Inside(Lines):
    """The inside of a sandbox tenant: how it is set, and how well each of its answers is known. It holds no secret."""

    def __init__(
        self, domain: str, settings: Callable[[], HowItIsSet], evidence: Callable[[], Iterable[EvidenceRow]]
    ) -> None:
        """Show what is inside of the sandbox with this domain, as it is at each look."""
        self._domain = domain
        self._settings = settings
        self._evidence = evidence

    @property
    def profile(self) -> str:
        """The profile: `docs` answers a rejected push as the documentation says, `recorded` as it was recorded."""
        return self._settings().profile

    @property
    def policy(self) -> str:
        """When a second factor is asked for, as it is set now: `never`, `all-applications` or `confidence-score`."""
        return self._settings().policy

    @property
    def switches(self) -> Switches:
        """The answers where sources differ: what each switch is now, and what it may be."""
        from auth0_mfa_lab.sandbox import SWITCHES

        return Switches(self._settings().switches, SWITCHES)

    def evidence(
        self,
        endpoint: str | None = None,
        mark: str | None = None,
        error: str | None = None,
        status: int | str | None = None,
    ) -> Evidence:
        """Return a table of every answer that is no plain success, with how well its parts are known.

        `endpoint` is a part of the endpoint's name (`/mfa/challenge`), or a URL; its own answers come first, then those
        of every endpoint of its kind. `mark` is `rec`, `doc`, `test`, `forum` or `guess`, of the status, the error or
        the text; `error` is the code as on the wire, `status` the HTTP status.
        Raises LabError for a value that no answer has, naming those that there are. Source: the reference's marks.
        """
        return Evidence(self._evidence()).narrowed(endpoint=endpoint, mark=mark, error=error, status=status)

    def watched(self, watch: Callable[[HowItIsSet], None]) -> Inside:
        """Return the same inside, which tells `watch` at each look how it is set."""

        def settings() -> HowItIsSet:
            found = self._settings()
            watch(found)
            return found

        return Inside(self._domain, settings, self._evidence)

    def _lines(self) -> list[str]:
        return [
            f"Sandbox tenant {self._domain} · profile {self.profile} · policy {self.policy}",
            "  .evidence() says how well each answer is known, .switches what is answered where sources differ",
        ]


class Host(Protocol):
    """What the verbs of a lab ask of a tenant that has an inside."""

    def user(self, aliases: Aliases, factors: Sequence[str]) -> User: ...
    def limits(self, user: User) -> Limits: ...
    def inside(self) -> Inside: ...


class Box(Host, Protocol):
    """What a lab needs of a sandbox, wherever that runs; `failures` is what its phone raises."""

    @property
    def failures(self) -> type[Exception]: ...

    def new_phone(self, http: httpx.Client) -> Phone: ...
    def messages(self, address: str) -> Sequence[Sent]: ...
    def sight(self) -> Sight: ...


class Boxed:
    """A sandbox in this process."""

    def __init__(self, box: Sandbox) -> None:
        """Take over `box`."""
        self._box = box
        self._phone: Phone | None = None

    @property
    def failures(self) -> type[Exception]:
        """The class of what the phone raises."""
        from auth0_mfa_lab.sandbox import PhoneError

        return PhoneError

    def new_phone(self, http: httpx.Client) -> Phone:
        """Return a phone that speaks over `http`, with nothing on it yet; it is the one of the users to come."""
        self._phone = self._box.new_phone(http)
        return self._phone

    def messages(self, address: str) -> Sequence[Sent]:
        """Return what was sent to a number or an email address, oldest first."""
        return self._box.delivery.messages(address)

    def sight(self) -> Sight:
        """Return what lies on the lab's phone, with the newest messages to anybody; nothing is asked of the tenant."""
        assert self._phone is not None
        return sight_of(self._phone, self._box.delivery.newest(RECENT), self._box.clock.now())

    def user(self, aliases: Aliases, factors: Sequence[str]) -> User:
        """Return a fresh user with just these factors, confirmed; its secrets are learned."""
        account = self._box.add_user(factors=checked_factors(factors), phone=self._phone)
        code = account.recovery_code
        return User(
            username=account.username,
            password=aliases.learn("password", account.password),
            phone_number=account.phone_number,
            email=account.email,
            factors=tuple(factors),
            recovery_code=code and aliases.learn("recovery_code", code),
        )

    def limits(self, user: User) -> Limits:
        """Return what is left of each limit of a user; LabError for one whom this sandbox does not know."""
        accounts = [each for each in self._box.tenant.users.values() if each.username == user.username]
        if not accounts:
            raise unknown_user(user)
        # A passwordless user may have the same address, and has no password.
        account = max(accounts, key=lambda each: bool(each.password))
        return Limits(f"Limits of {account.username}, now", self._box.limits(account.user_id))

    def inside(self) -> Inside:
        """Return how the sandbox is set, and how well each of its answers is known."""
        return Inside(self._box.domain, lambda: self._box.tenant.settings, self._box.evidence)


def unknown_user(user: User) -> LabError:
    """Return the error for a user whom a sandbox does not know."""
    return LabError(f"This sandbox has no user {user.username!r}: pass one that lab.user(...) of this lab returned.")


def inside_of(box: Host | None, domain: str) -> Inside:
    """Return the inside of a lab's sandbox; LabError for the lab on a live tenant (None) of this domain."""
    if box is None:
        raise LabError(
            f"{domain} is a live tenant, and has no sandbox inside. Take Lab.sandbox().sandbox: it has .evidence() and "
            ".switches."
        )
    return box.inside()


def limits_of(box: Host | None, user: User) -> Limits:
    """Return what is left of each limit of a user of the sandbox's; without one (None), what Auth0 documents.

    Raises LabError for what is no user, or none of this sandbox's.
    """
    if not isinstance(user, User):
        raise LabError("lab.limits wants a user: pass what lab.user(...) returned.")
    return Limits("Limits, as Auth0 documents them", DOCUMENTED, note=NOTE) if box is None else box.limits(user)


def headline(box: Host | None, domain: str) -> str:
    """Return the line by which a lab names its tenant; a live one is no box (None)."""
    if box is None:
        return f"Lab on the live tenant {domain}: every request of yours is sent there."
    return f"Lab on the sandbox tenant {domain} (profile {box.inside().profile}): nothing is sent to Auth0."
