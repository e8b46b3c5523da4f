"""Where the codes of a live run come from: from a secret that the lab made itself, or from the person."""

from __future__ import annotations

from collections.abc import Callable

from auth0_mfa_lab.tenants.phone import OTP_QUESTION


class Codes:
    """Answers the prompts of one lab: with codes of the secret that it knows, or else as the person does."""

    def __init__(self, ask: Callable[[str], str], *, now: Callable[[], float]) -> None:
        """Ask the person with `ask`; `now` gives epoch seconds."""
        self._ask = ask
        self._now = now
        self._secret: str | None = None

    def know(self, secret: str) -> None:
        """Make the codes of this TOTP secret (base32; 6 digits, 30 s) from now on."""
        self._secret = secret

    def __call__(self, question: str) -> str:
        """Return the answer to a question; NeedsAPerson when only a person knows it, and none is there."""
        if question != OTP_QUESTION or self._secret is None:
            return self._ask(question)
        import pyotp

        return pyotp.TOTP(str(self._secret)).at(int(self._now()))
