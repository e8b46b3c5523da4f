"""What every script says to a person, in the same words: what it is, what it needs, what to do and to type."""

from __future__ import annotations

from auth0_mfa_lab.wire.exports.plan import Pass, Plan

SCAN = "Scan this as a QR with your phone, then press Enter"
ALLOW = "Allow the push on your phone, then press Enter"
REJECT = "Reject the push on your phone, then press Enter"

_ASKED = {
    "otp": "The 6-digit code of the authenticator app",
    "recovery_code": "The recovery code of the user",
    "mfa": "The code that was sent for the second factor",
    "passwordless": "The code that was sent for the login",
}


def asked_for(purpose: str) -> str:
    """Return the question for a code."""
    return _ASKED[purpose]


def what_it_is(plan: Plan) -> str:
    """Return the first sentence of a script."""
    count = len(list(plan.sends()))
    return f"{count} request{'' if count == 1 else 's'} to Auth0, recorded by auth0-mfa-lab and said again."


def serving(plan: Plan) -> str:
    """Return the command that starts a sandbox for a script; time passes by the second where it is said to pass."""
    return f"auth0-mfa-lab serve {'--clock frozen ' if plan.has(Pass) else ''}--env-file lab.env"


def needs(plan: Plan) -> list[str]:
    """Return the variables that a script cannot do without; what a fresh user brings is not among them."""
    return ["AUTH0_DOMAIN", *(name for name in plan.given if name != "AUTH0_DOMAIN")]
