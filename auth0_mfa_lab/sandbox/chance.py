"""Every identifier, code and opaque string of the sandbox, drawn from one seed."""

import random
import string
import threading

ALNUM = string.ascii_letters + string.digits
BASE64URL = string.ascii_letters + string.digits + "-_"
BASE32 = string.ascii_uppercase + "234567"
HEX = "0123456789abcdef"
RECOVERY = string.ascii_uppercase + string.digits


class Chance:
    """A seeded source of strings in the alphabets that Auth0 uses; the same seed gives the same sequence.

    It is made for repeatable runs, not for secrecy: nothing real may be protected by what it draws.
    """

    def __init__(self, seed: int | str) -> None:
        self.seed = seed
        self._random = random.Random(str(seed))
        self._lock = threading.Lock()

    def fork(self, name: str) -> "Chance":
        """Return a source of its own for `name`: what it draws does not depend on what others drew."""
        return Chance(f"{self.seed}/{name}")

    def draw(self, alphabet: str, length: int) -> str:
        """Return `length` characters out of `alphabet`."""
        with self._lock:
            return "".join(self._random.choices(alphabet, k=length))

    def alnum(self, length: int) -> str:
        return self.draw(ALNUM, length)

    def base64url(self, length: int) -> str:
        return self.draw(BASE64URL, length)

    def base32(self, length: int) -> str:
        return self.draw(BASE32, length)

    def hex(self, length: int) -> str:
        return self.draw(HEX, length)

    def digits(self, length: int) -> str:
        """Return a code as people type it; it may begin with a zero."""
        return self.draw(string.digits, length)

    def device_id(self) -> str:
        """Return a Guardian enrollment id, bare, as the device API writes it (reference, section 1e)."""
        return f"dev_{self.alnum(16)}"

    def user_id(self) -> str:
        """Return the id of a database user."""
        return f"auth0|{self.hex(24)}"

    def recovery_code(self) -> str:
        """Return 24 characters A-Z and 0-9 (reference, section 3.2)."""
        return self.draw(RECOVERY, 24)

    def __repr__(self) -> str:
        return f"Chance(seed={self.seed!r})"
