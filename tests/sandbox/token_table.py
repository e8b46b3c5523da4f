"""Which token opens what: eight kinds of token at the seven endpoints, typed from the reference's section 2.

Read with section 2's second table the rows for bearers in 3.3 and 4, and those for `mfa_token` in 5 and 6.4. An
mfa_token is meant whose user has no active authenticator where `/mfa/associate` is asked, and that has been used for
nothing yet; an MFA access token at a grant confirms an enrollment that was made with the same token. "Foreign" means
another tenant's: nobody here can unseal it. "Without scope" means without the one that the endpoint needs.
"""

from typing import Literal, NamedTuple

Refusal = tuple[int, str, str]
"""Status, error, error_description."""
Answer = Literal["takes"] | Refusal


class Row(NamedTuple):
    """One cell: `evidence` says how well it is known that this endpoint answers this kind of token so."""

    endpoint: str
    kind: str
    expected: Answer
    evidence: str


TAKES: Literal["takes"] = "takes"
INVALID: Refusal = 401, "invalid_grant", "The mfa_token provided is invalid. Try getting a new token."
EXPIRED: Refusal = 401, "expired_token", "mfa_token is expired"
MALFORMED: Refusal = 403, "invalid_grant", "Malformed mfa_token"


def lacks(scope: str) -> Refusal:
    return 403, "insufficient_scope", f"Insufficient scope, expected any of: {scope}"


OTHERS = ("foreign mfa_token", "api access token", "opaque access token", "refresh token")
KINDS = (("mfa_token",), ("expired mfa_token",), OTHERS, ("mfa access token",), ("mfa access token without scope",))
READS, REMOVES, ENROLLS = map(lacks, ("read:authenticators", "remove:authenticators", "enroll"))
# fmt: off
CELLS: tuple[tuple[str, str, tuple[Answer, ...]], ...] = (
    ("GET /mfa/authenticators",         "doc test test doc guess",   (TAKES, EXPIRED, INVALID, TAKES, READS)),
    ("POST /mfa/associate",             "doc test test doc guess",   (TAKES, EXPIRED, INVALID, TAKES, ENROLLS)),
    ("POST /mfa/challenge",             "doc test test forum forum", (TAKES, EXPIRED, MALFORMED, MALFORMED, MALFORMED)),
    ("mfa-otp",                         "doc test test forum guess", (TAKES, EXPIRED, MALFORMED, TAKES, ENROLLS)),
    ("mfa-oob",                         "doc test test forum guess", (TAKES, EXPIRED, MALFORMED, TAKES, ENROLLS)),
    ("mfa-recovery-code",               "doc test test guess guess", (TAKES, EXPIRED, MALFORMED, MALFORMED, MALFORMED)),
    ("DELETE /mfa/authenticators/{id}", "doc doc doc doc guess",     (INVALID, INVALID, INVALID, TAKES, REMOVES)),
)
# fmt: on
ROWS = tuple(
    Row(endpoint, kind, answer, mark)
    for endpoint, marks, answers in CELLS
    for kinds, answer, mark in zip(KINDS, answers, marks.split(), strict=True)
    for kind in kinds
)
