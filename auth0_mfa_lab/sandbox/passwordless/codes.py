"""The codes of passwordless logins: the newest of each address, for three minutes and three tries; pure state."""

from dataclasses import dataclass, field
from hmac import compare_digest

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.clock import Chance, Clock
from auth0_mfa_lab.sandbox.limits import Bounded
from auth0_mfa_lab.sandbox.settings import PasswordlessConnection

CODE_LIFETIME = 180
"""Seconds (reference, section 7.3)."""


@dataclass(slots=True, kw_only=True)
class PasswordlessCode:
    """One code that was sent, and how often another one came back."""

    code: str = field(repr=False)
    expires: float
    failures: int = 0


class PasswordlessCodes:
    """The newest code of each address of each connection; an email address is the same in any case."""

    def __init__(self, *, clock: Clock, chance: Chance) -> None:
        self._clock, self._chance = clock, chance
        self._codes: Bounded[PasswordlessCode] = Bounded()

    def identity(self, connection: PasswordlessConnection, address: str) -> str:
        """Return the 24 hex digits that stand for an address, the same each time."""
        return self._chance.fork(_key(connection, address)).hex(24)

    def issue(self, connection: PasswordlessConnection, address: str) -> str:
        """Draw a code for an address; the one before it is dead."""
        code = self._chance.digits(6)
        self._codes[_key(connection, address)] = PasswordlessCode(code=code, expires=self._clock.now() + CODE_LIFETIME)
        return code

    def forget(self, connection: PasswordlessConnection, address: str) -> None:
        """Let the code of an address be as if it had never been sent."""
        self._codes.pop(_key(connection, address), None)

    def use(self, connection: PasswordlessConnection, address: str, code: str, *, tries: int) -> None:
        """Use a code up; after `tries` wrong ones even the right one is refused.

        Raises WRONG_EMAIL_CODE, WRONG_PHONE_CODE, TOO_MANY_TRIES.
        """
        newest = self._codes.get(_key(connection, address))
        wrong = errors.WRONG_EMAIL_CODE if connection == "email" else errors.WRONG_PHONE_CODE
        if newest is None or self._clock.now() >= newest.expires:
            raise wrong()
        if newest.failures >= tries:
            raise errors.TOO_MANY_TRIES()
        if not compare_digest(newest.code.encode(), code.encode()):
            newest.failures += 1
            raise wrong()
        self.forget(connection, address)


def _key(connection: PasswordlessConnection, address: str) -> str:
    return f"{connection}|{address.lower()}"
