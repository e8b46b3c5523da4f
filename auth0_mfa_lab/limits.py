"""What Auth0 documents about its limits, for a tenant that does not tell how much of them is left."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit: `burst` at once, then more at the pace of `per`, for each `owner`; what is left is never known."""

    name: str
    burst: int
    per: str
    owner: str = "user"
    mark: str = "doc"
    left: int | None = None
    full_again_in: float | None = None


DOCUMENTED = (
    Limit(name="polls", burst=12, per="12 a minute", owner="oob_code"),
    Limit(name="pushes", burst=5, per="5 a minute"),
    Limit(name="sms", burst=10, per="1 an hour"),
    Limit(name="voice", burst=10, per="1 an hour", mark="guess"),
    Limit(name="emails", burst=20, per="1 a minute"),
    Limit(name="failed_otp_codes", burst=10, per="10 an hour"),
    Limit(name="failed_recovery_codes", burst=10, per="10 an hour"),
    Limit(name="passwordless_starts", burst=50, per="50 an hour", owner="IP"),
)
"""The limits around MFA of the paid plans (the reference, section 11); the free plan's page lists none of these."""
NOTE = (
    "This is what Auth0 documents for its paid plans; the free plan's page lists none of these. What is left, only the "
    "x-ratelimit-* headers of its answers tell."
)
"""What stands under the table on a live tenant."""
