"""The codes of passwordless logins: the newest of each address, for three minutes and three tries; pure state."""

from hmac import compare_digest

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.clock import Chance, Clock
from auth0_mfa_lab.sandbox.limits import Bounded

CODE_LIFETIME = 180
"""Seconds (reference, section 7.3)."""


class PasswordlessCodes:
    """The newest code of each address of each connection; an email address is the same in any case."""

    def __init__(self, *, clock: Clock, chance: Chance) -> None:
        self._clock, self._chance = clock, chance
        self._codes: Bounded[tuple[str, float, int]] = Bounded()
        """The code, when it expires, and how many tries were wrong."""

    def identity(self, connection: str, address: str) -> str:
        """Return the 24 hex digits that stand for an address, the same each time."""
        return self._chance.fork(_key(connection, address)).hex(24)

    def issue(self, connection: str, address: str) -> str:
        """Draw a code for an address; the one before it is dead."""
        code = self._chance.digits(6)
        self._codes[_key(connection, address)] = (code, self._clock.now() + CODE_LIFETIME, 0)
        return code

    def forget(self, connection: str, address: str) -> None:
        """Let the code of an address be as if it had never been sent."""
        self._codes.pop(_key(connection, address), None)

    def use(self, connection: str, address: str, code: str, *, tries: int) -> None:
        """Use a code up; after `tries` wrong ones even the right one is refused.

        Raises WRONG_EMAIL_CODE, WRONG_PHONE_CODE, TOO_MANY_TRIES.
        """
        key = _key(connection, address)
        newest, expires, failures = self._codes.get(key, ("", 0.0, 0))
        wrong = errors.WRONG_EMAIL_CODE if connection == "email" else errors.WRONG_PHONE_CODE
        if self._clock.now() >= expires:
            raise wrong()
        if failures >= tries:
            raise errors.TOO_MANY_TRIES()
        if not compare_digest(newest.encode(), code.encode()):
            self._codes[key] = (newest, expires, failures + 1)
            raise wrong()
        del self._codes[key]


def _key(connection: str, address: str) -> str:
    return f"{connection}|{address.lower()}"
