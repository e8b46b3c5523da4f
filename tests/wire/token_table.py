"""Which token opens what: eight kinds of token at the seven endpoints, typed from the reference's section 2.

Read with section 2's second table the rows for bearers in 3.3 and 4, and those for `mfa_token` in 5 and 6.4. An
mfa_token is meant whose user has no active authenticator where `/mfa/associate` is asked, and that has been used for
nothing yet; an MFA access token at a grant confirms an enrollment that was made with the same token. "Foreign" means
another tenant's: nobody here can unseal it. "Without scope" means without the one that the endpoint needs.
"""

from typing import Literal, NamedTuple

Mark = Literal["rec", "doc", "test", "forum", "guess"]
Kind = Literal[
    "mfa_token",
    "expired mfa_token",
    "foreign mfa_token",
    "mfa access token",
    "mfa access token without scope",
    "api access token",
    "opaque access token",
    "refresh token",
]
Endpoint = Literal[
    "GET /mfa/authenticators",
    "POST /mfa/associate",
    "POST /mfa/challenge",
    "mfa-otp",
    "mfa-oob",
    "mfa-recovery-code",
    "DELETE /mfa/authenticators/{id}",
]
Refusal = tuple[int, str, str]
"""Status, error, error_description."""


class Row(NamedTuple):
    """One cell: `evidence` says how well it is known that this endpoint answers this kind of token so."""

    endpoint: Endpoint
    kind: Kind
    expected: Literal["takes"] | Refusal
    evidence: Mark


INVALID: Refusal = (401, "invalid_grant", "The mfa_token provided is invalid. Try getting a new token.")
EXPIRED: Refusal = (401, "expired_token", "mfa_token is expired")
MALFORMED: Refusal = (403, "invalid_grant", "Malformed mfa_token")
ENROLLED: Refusal = (403, "access_denied", "User is already enrolled.")
"""What `/mfa/associate` says to an mfa_token once the user has an active authenticator [test]: not a cell."""


def lacks(scope: str) -> Refusal:
    return 403, "insufficient_scope", f"Insufficient scope, expected any of: {scope}"


ROWS: tuple[Row, ...] = (
    Row("GET /mfa/authenticators", "mfa_token", "takes", "doc"),
    Row("GET /mfa/authenticators", "expired mfa_token", EXPIRED, "test"),
    Row("GET /mfa/authenticators", "foreign mfa_token", INVALID, "test"),
    Row("GET /mfa/authenticators", "mfa access token", "takes", "doc"),
    Row("GET /mfa/authenticators", "mfa access token without scope", lacks("read:authenticators"), "guess"),
    Row("GET /mfa/authenticators", "api access token", INVALID, "test"),
    Row("GET /mfa/authenticators", "opaque access token", INVALID, "test"),
    Row("GET /mfa/authenticators", "refresh token", INVALID, "test"),
    Row("POST /mfa/associate", "mfa_token", "takes", "doc"),
    Row("POST /mfa/associate", "expired mfa_token", EXPIRED, "test"),
    Row("POST /mfa/associate", "foreign mfa_token", INVALID, "test"),
    Row("POST /mfa/associate", "mfa access token", "takes", "doc"),
    Row("POST /mfa/associate", "mfa access token without scope", lacks("enroll"), "guess"),
    Row("POST /mfa/associate", "api access token", INVALID, "test"),
    Row("POST /mfa/associate", "opaque access token", INVALID, "test"),
    Row("POST /mfa/associate", "refresh token", INVALID, "test"),
    Row("POST /mfa/challenge", "mfa_token", "takes", "doc"),
    Row("POST /mfa/challenge", "expired mfa_token", EXPIRED, "test"),
    Row("POST /mfa/challenge", "foreign mfa_token", MALFORMED, "test"),
    Row("POST /mfa/challenge", "mfa access token", MALFORMED, "forum"),
    Row("POST /mfa/challenge", "mfa access token without scope", MALFORMED, "forum"),
    Row("POST /mfa/challenge", "api access token", MALFORMED, "test"),
    Row("POST /mfa/challenge", "opaque access token", MALFORMED, "test"),
    Row("POST /mfa/challenge", "refresh token", MALFORMED, "test"),
    Row("mfa-otp", "mfa_token", "takes", "doc"),
    Row("mfa-otp", "expired mfa_token", EXPIRED, "test"),
    Row("mfa-otp", "foreign mfa_token", MALFORMED, "test"),
    Row("mfa-otp", "mfa access token", "takes", "forum"),
    Row("mfa-otp", "mfa access token without scope", lacks("enroll"), "guess"),
    Row("mfa-otp", "api access token", MALFORMED, "test"),
    Row("mfa-otp", "opaque access token", MALFORMED, "test"),
    Row("mfa-otp", "refresh token", MALFORMED, "test"),
    Row("mfa-oob", "mfa_token", "takes", "doc"),
    Row("mfa-oob", "expired mfa_token", EXPIRED, "test"),
    Row("mfa-oob", "foreign mfa_token", MALFORMED, "test"),
    Row("mfa-oob", "mfa access token", "takes", "forum"),
    Row("mfa-oob", "mfa access token without scope", lacks("enroll"), "guess"),
    Row("mfa-oob", "api access token", MALFORMED, "test"),
    Row("mfa-oob", "opaque access token", MALFORMED, "test"),
    Row("mfa-oob", "refresh token", MALFORMED, "test"),
    Row("mfa-recovery-code", "mfa_token", "takes", "doc"),
    Row("mfa-recovery-code", "expired mfa_token", EXPIRED, "test"),
    Row("mfa-recovery-code", "foreign mfa_token", MALFORMED, "test"),
    Row("mfa-recovery-code", "mfa access token", MALFORMED, "guess"),
    Row("mfa-recovery-code", "mfa access token without scope", MALFORMED, "guess"),
    Row("mfa-recovery-code", "api access token", MALFORMED, "test"),
    Row("mfa-recovery-code", "opaque access token", MALFORMED, "test"),
    Row("mfa-recovery-code", "refresh token", MALFORMED, "test"),
    Row("DELETE /mfa/authenticators/{id}", "mfa_token", INVALID, "doc"),
    Row("DELETE /mfa/authenticators/{id}", "expired mfa_token", INVALID, "doc"),
    Row("DELETE /mfa/authenticators/{id}", "foreign mfa_token", INVALID, "doc"),
    Row("DELETE /mfa/authenticators/{id}", "mfa access token", "takes", "doc"),
    Row("DELETE /mfa/authenticators/{id}", "mfa access token without scope", lacks("remove:authenticators"), "guess"),
    Row("DELETE /mfa/authenticators/{id}", "api access token", INVALID, "doc"),
    Row("DELETE /mfa/authenticators/{id}", "opaque access token", INVALID, "doc"),
    Row("DELETE /mfa/authenticators/{id}", "refresh token", INVALID, "doc"),
)
