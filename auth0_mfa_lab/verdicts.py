"""Which endpoint takes which kind of token: the reference's table, section 2, cell by cell.

With it stand the rows for bearers of sections 3.3 and 4, and those for `mfa_token` of sections 5 and 6.4; each cell has
the mark of how well it is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "mfa_token",
    "spent mfa_token",
    "expired mfa_token",
    "foreign mfa_token",
    "mfa_token of another application",
    "mfa access token",
    "expired mfa access token",
    "api access token",
    "opaque access token",
    "refresh token",
    "id_token",
    "oob_code",
    "unknown",
]

SCOPES = {
    "GET /mfa/authenticators": "read:authenticators",
    "POST /mfa/associate": "enroll",
    "mfa-otp": "enroll",
    "mfa-oob": "enroll",
    "DELETE /mfa/authenticators/{id}": "remove:authenticators",
}
"""The scope that an MFA access token needs at an endpoint that takes one."""

BEARER = ("GET /mfa/authenticators", "POST /mfa/associate", "DELETE /mfa/authenticators/{id}")
IN_BODY = ("POST /mfa/challenge", "mfa-otp", "mfa-oob", "mfa-recovery-code")
ENDPOINTS = (BEARER[0], BEARER[1], *IN_BODY, BEARER[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one endpoint says to the token: it takes it (`status` is None), or refuses it with an error.

    `evidence` is the mark of the row: rec, doc, test, forum or guess. `when` is the condition of a token that is taken.
    """

    endpoint: str
    status: int | None
    error: str | None
    error_description: str | None
    evidence: str
    when: str = ""

    @property
    def takes(self) -> bool:
        """Whether the endpoint takes the token."""
        return self.status is None

    def __str__(self) -> str:
        said = "takes it" if self.takes else f"{self.status} {self.error} · {self.error_description}"
        return f"{said}{f' ({self.when})' if self.when else ''}"


_INVALID = (401, "invalid_grant", "The mfa_token provided is invalid. Try getting a new token.")
_EXPIRED = (401, "expired_token", "mfa_token is expired")
_MALFORMED = (403, "invalid_grant", "Malformed mfa_token")
_ENROLLED = (403, "access_denied", "User is already enrolled.")
_OTHER_CLIENT = (400, "invalid_request", "mfa_token not issued to this client")


def verdict_on(endpoint: str, kind: Kind, scopes: tuple[str, ...]) -> Verdict:
    """Return what an endpoint says to a token of this kind, with these scopes."""
    delete = endpoint == BEARER[2]
    if kind == "mfa access token":
        return _of_access_token(endpoint, scopes)
    if kind == "mfa_token" and not delete:
        first = "while the user has no active authenticator" if endpoint == "POST /mfa/associate" else ""
        return _takes(endpoint, "doc", first)
    if kind == "mfa_token of another application" and not delete:
        return _refuses(endpoint, _OTHER_CLIENT, "forum") if endpoint in IN_BODY else _takes(endpoint, "guess")
    if kind == "spent mfa_token" and not delete:
        return _of_spent(endpoint)
    if kind == "expired mfa_token" and not delete:
        return _refuses(endpoint, _EXPIRED, "test")
    if kind == "expired mfa access token" and endpoint in ("mfa-otp", "mfa-oob"):
        return _refuses(endpoint, _EXPIRED, "guess")
    refusal = _INVALID if endpoint in BEARER else _MALFORMED
    return _refuses(endpoint, refusal, "doc" if delete else "test")


def _of_spent(endpoint: str) -> Verdict:
    if endpoint == "GET /mfa/authenticators":
        return _takes(endpoint, "guess")
    if endpoint == "POST /mfa/associate":
        return _refuses(endpoint, _ENROLLED, "test")
    return _refuses(endpoint, (403, *_INVALID[1:]), "guess")


def _of_access_token(endpoint: str, scopes: tuple[str, ...]) -> Verdict:
    if endpoint not in SCOPES:
        return _refuses(endpoint, _MALFORMED, "forum" if endpoint == "POST /mfa/challenge" else "guess")
    scope = SCOPES[endpoint]
    if scope not in scopes:
        said = f"Insufficient scope, expected any of: {scope}"
        return _refuses(endpoint, (403, "insufficient_scope", said), "guess")
    if endpoint in IN_BODY:
        return _takes(endpoint, "forum", "to confirm an enrollment that was made with it")
    return _takes(endpoint, "doc")


def _takes(endpoint: str, evidence: str, when: str = "") -> Verdict:
    return Verdict(endpoint=endpoint, status=None, error=None, error_description=None, evidence=evidence, when=when)


def _refuses(endpoint: str, refusal: tuple[int, str, str], evidence: str) -> Verdict:
    status, error, said = refusal
    return Verdict(endpoint=endpoint, status=status, error=error, error_description=said, evidence=evidence)
