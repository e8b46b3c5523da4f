"""What a lab has of its own sandbox tenant: the inside that one may look at, fresh users, and what is left to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.limits import DOCUMENTED, NOTE
from auth0_mfa_lab.people import User, checked_factors
from auth0_mfa_lab.show.evidence import Evidence
from auth0_mfa_lab.show.limits import Limits
from auth0_mfa_lab.show.switches import Switches
from auth0_mfa_lab.show.told import Lines
from auth0_mfa_lab.wire.aliases import Aliases

if TYPE_CHECKING:
    from auth0_mfa_lab.sandbox import Phone, Sandbox


def open_box(**options: Any) -> Sandbox:
    """Return a new sandbox; LabError names what there is in place of an unknown profile, policy or switch."""
    from auth0_mfa_lab.sandbox import Sandbox

    try:
        return Sandbox(**options)
    except ValueError as problem:
        raise LabError(str(problem)) from None


class Inside(Lines):
    """The inside of a sandbox tenant: how it is set, and how well each of its answers is known. It holds no secret."""

    def __init__(self, box: Sandbox) -> None:
        """Show what is inside of `box`, as it is at each look."""
        self._box = box

    @property
    def profile(self) -> str:
        """The profile: `docs` answers a rejected push as the documentation says, `recorded` as it was recorded."""
        return self._box.profile

    @property
    def policy(self) -> str:
        """When a second factor is asked for, as it is set now: `never`, `all-applications` or `confidence-score`."""
        return self._box.tenant.settings.policy

    @property
    def switches(self) -> Switches:
        """The answers where sources differ: what each switch is now, and what it may be."""
        from auth0_mfa_lab.sandbox import SWITCHES

        return Switches(self._box.tenant.settings.switches, SWITCHES)

    def evidence(
        self,
        endpoint: str | None = None,
        mark: str | None = None,
        error: str | None = None,
        status: int | None = None,
    ) -> Evidence:
        """Return a table of every answer that is no plain success, with how well its parts are known.

        `endpoint` is a part of the endpoint's name (`/mfa/challenge`); `mark` is `rec`, `doc`, `test`, `forum` or
        `guess`, of the status, the error or the text; `error` is the code as on the wire, `status` the HTTP status.
        Raises LabError for a value that no answer has, naming those that there are. Source: the reference's marks.
        """
        return Evidence(self._box.evidence()).narrowed(endpoint=endpoint, mark=mark, error=error, status=status)

    def _lines(self) -> list[str]:
        return [
            f"Sandbox tenant {self._box.domain} · profile {self.profile} · policy {self.policy}",
            "  .evidence() says how well each answer is known, .switches what is answered where sources differ",
        ]


def fresh_user(box: Sandbox, phone: Phone | None, aliases: Aliases, factors: Sequence[str]) -> User:
    """Return a fresh user of the sandbox's with just these factors, confirmed; its secrets are learned."""
    account = box.add_user(factors=checked_factors(factors), phone=phone)
    code = account.recovery_code
    return User(
        username=account.username,
        password=aliases.learn("password", account.password),
        phone_number=account.phone_number,
        email=account.email,
        factors=tuple(factors),
        recovery_code=code and aliases.learn("recovery_code", code),
    )


def inside_of(box: Sandbox | None, domain: str) -> Inside:
    """Return the inside of a lab's sandbox; LabError for the lab on a live tenant (None) of this domain."""
    if box is None:
        raise LabError(
            f"{domain} is a live tenant, and has no sandbox inside. Take Lab.sandbox().sandbox: it has .evidence() and "
            ".switches."
        )
    return Inside(box)


def limits_of(box: Sandbox | None, user: User) -> Limits:
    """Return what is left of each limit of a user of the sandbox's; without one (None), what Auth0 documents.

    Raises LabError for what is no user, or none of this sandbox's.
    """
    if not isinstance(user, User):
        raise LabError("lab.limits wants a user: pass what lab.user(...) returned.")
    if box is None:
        return Limits("Limits, as Auth0 documents them", DOCUMENTED, note=NOTE)
    accounts = [each for each in box.tenant.users.values() if each.username == user.username]
    if not accounts:
        raise LabError(f"This sandbox has no user {user.username!r}: pass one that lab.user(...) of this lab returned.")
    # A passwordless user may have the same address, and has no password.
    account = max(accounts, key=lambda each: bool(each.password))
    return Limits(f"Limits of {account.username}, now", box.limits(account.user_id))
