"""The table that says how well each answer of the sandbox is known: nobody may take a green run for Auth0's word."""

import re
from collections.abc import Iterator

from auth0_mfa_lab.sandbox import alternatives, errors
from auth0_mfa_lab.sandbox.errors import WireError
from auth0_mfa_lab.sandbox.evidence_row import EvidenceRow as EvidenceRow
from auth0_mfa_lab.sandbox.guardian import errors as guardian_errors
from auth0_mfa_lab.sandbox.management import errors as management_errors
from auth0_mfa_lab.sandbox.management import evidence as management_evidence
from auth0_mfa_lab.sandbox.mfa import errors as mfa_errors
from auth0_mfa_lab.sandbox.oauth import client_credentials_errors, grant_errors, session_errors
from auth0_mfa_lab.sandbox.passwordless import errors as passwordless_errors

SECTION = re.compile(r" \((?:sections? [\d., and]+)\)")
NO_CACHE = "private, no-store, no-cache, must-revalidate, post-check=0, pre-check=0, no-transform"
"""What Auth0 sends with every 4xx of `/oauth/token`, and with all of `/userinfo` (reference, section 0.5) [rec]."""
MODULES = (
    *(errors, mfa_errors, grant_errors, passwordless_errors, session_errors),
    *(alternatives, guardian_errors, client_credentials_errors, management_errors),
)


ENROLLED = EvidenceRow(endpoint=guardian_errors.ENROLL, case="The phone is enrolled.", status=201, status_mark="guess")
RESOLVED = EvidenceRow(
    endpoint=guardian_errors.RESOLVE, case="The answer is taken, be it yes or no.", status=204, status_mark="guess"
)
NOT_THE_USER = EvidenceRow(
    endpoint="GET, POST /userinfo",
    case="No living access token with the scope openid; the body is plain text.",
    status=401,
    text="Unauthorized",
    status_mark="rec",
    text_mark="rec",
)
NO_ROUTE = EvidenceRow(
    endpoint="any other path", case="No such route.", status=404, status_mark="guess", text_mark="guess"
)
NO_METHOD = EvidenceRow(
    endpoint="any path", case="A method it does not have.", status=405, status_mark="guess", text_mark="guess"
)


def note_of(row: EvidenceRow) -> str:
    """Return the line for the person under an answer that is no WireError."""
    return f"sandbox: status {row.status_mark}"


def evidence() -> tuple[EvidenceRow, ...]:
    """Return the row of every error class, then those of the other answers whose status is a guess."""
    errors_of_all = tuple(_row(error) for error in _error_classes())
    return (*errors_of_all, *management_evidence.ROWS, ENROLLED, RESOLVED, NOT_THE_USER, NO_ROUTE, NO_METHOD)


def _error_classes() -> Iterator[type[WireError]]:
    for module in MODULES:
        for value in vars(module).values():
            is_error = isinstance(value, type) and issubclass(value, WireError)
            # The shapes (OAuthError, GuardianError) have no marks: they are no answer.
            if is_error and value.__module__ == module.__name__ and hasattr(value, "marks"):
                yield value


def _row(error: type[WireError]) -> EvidenceRow:
    return EvidenceRow(
        endpoint=error.where,
        # The sections are for whoever has the reference open beside the code.
        case=SECTION.sub("", (error.__doc__ or error.__name__).splitlines()[0]),
        status=error.status,
        error=error.code,
        text=error.text,
        status_mark=error.marks.status,
        error_mark=error.marks.code,
        text_mark=error.marks.text,
    )
