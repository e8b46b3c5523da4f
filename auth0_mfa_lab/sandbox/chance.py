"""Every identifier, code and opaque string of the sandbox, drawn from one seed."""

import random
from functools import partialmethod
from string import ascii_letters, ascii_uppercase, digits


class Chance:
    """A seeded source of strings in the alphabets that Auth0 uses; the same seed gives the same sequence.

    It is made for repeatable runs, not for secrecy: nothing real may be protected by what it draws.
    """

    def __init__(self, seed: int | str) -> None:
        self.seed = seed
        self._random = random.Random(str(seed))

    def fork(self, name: str) -> "Chance":
        """Return a source of its own for `name`: what it draws does not depend on what others drew."""
        return Chance(f"{self.seed}/{name}")

    def draw(self, alphabet: str, length: int) -> str:
        """Return `length` characters out of `alphabet`."""
        return "".join(self._random.choices(alphabet, k=length))

    alnum = partialmethod(draw, ascii_letters + digits)
    base64url = partialmethod(draw, ascii_letters + digits + "-_")
    base32 = partialmethod(draw, ascii_uppercase + "234567")
    hex = partialmethod(draw, "0123456789abcdef")
    digits = partialmethod(draw, digits)

    def device_id(self) -> str:
        """Return a Guardian enrollment id, bare, as the device API writes it (reference, section 1e)."""
        return f"dev_{self.alnum(16)}"

    def user_id(self) -> str:
        """Return the id of a database user."""
        return f"auth0|{self.hex(24)}"

    def recovery_code(self) -> str:
        """Return 24 characters A-Z and 0-9 (reference, section 3.2)."""
        return self.draw(ascii_uppercase + digits, 24)
