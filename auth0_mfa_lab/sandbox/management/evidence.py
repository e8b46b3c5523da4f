"""The successes of the Management API whose status, members or effect are a guess (reference, sections 9.2 to 9.4)."""

from auth0_mfa_lab.sandbox.evidence_row import EvidenceRow

CLIENT = EvidenceRow(
    endpoint="GET, PATCH /api/v2/clients/{id}",
    case="The application; which of its many members there are.",
    status=200,
    status_mark="doc",
    text_mark="guess",
)
CLIENTS = EvidenceRow(
    endpoint="GET /api/v2/clients",
    case="The applications, in the order in which they were made.",
    status=200,
    status_mark="doc",
    text_mark="guess",
)
CREDENTIALS = EvidenceRow(
    endpoint="GET /api/v2/clients/{id}/credentials",
    case="The public keys that are kept; the members of each.",
    status=200,
    status_mark="doc",
    text_mark="guess",
)
CREDENTIAL_MADE = EvidenceRow(
    endpoint="POST /api/v2/clients/{id}/credentials",
    case="A public key is kept; the members of the answer.",
    status=201,
    status_mark="doc",
    text_mark="guess",
)
CONNECTIONS = EvidenceRow(
    endpoint="GET /api/v2/connections",
    case="The connections; their order, and that every application may use each.",
    status=200,
    status_mark="doc",
    text_mark="guess",
)
SETTINGS = EvidenceRow(
    endpoint="GET, PATCH /api/v2/tenants/settings",
    case="The settings; which of their many members there are.",
    status=200,
    status_mark="guess",
    text_mark="guess",
)
LOGS = EvidenceRow(
    endpoint="GET /api/v2/logs",
    case="The newest entries first; their descriptions, and which parameters are read.",
    status=200,
    status_mark="doc",
    text_mark="guess",
)
USER = EvidenceRow(
    endpoint="GET, PATCH /api/v2/users/{id}, GET /api/v2/users-by-email",
    case="The user; which of the many members there are.",
    status=200,
    status_mark="doc",
    text_mark="guess",
)
USER_MADE = EvidenceRow(
    endpoint="POST /api/v2/users",
    case="The user is made; which of the many members there are.",
    status=201,
    status_mark="rec",
    text_mark="guess",
)
USER_GONE = EvidenceRow(
    endpoint="DELETE /api/v2/users/{id}",
    case="The user is gone; that one who was never there is answered alike.",
    status=204,
    status_mark="rec",
    text_mark="guess",
)
ENROLLMENT = EvidenceRow(
    endpoint="GET /api/v2/guardian/enrollments/{id}, GET /api/v2/users/{id}/enrollments",
    case="An enrollment; what `type` and `identifier` say, and that a push and its codes are one.",
    status=200,
    status_mark="doc",
    text_mark="guess",
)
METHOD = EvidenceRow(
    endpoint="PATCH /api/v2/users/{id}/authentication-methods/{id}",
    case="The method is changed; that the answer is masked.",
    status=200,
    status_mark="rec",
    text_mark="guess",
)
METHOD_MADE = EvidenceRow(
    endpoint="POST /api/v2/users/{id}/authentication-methods",
    case="The method is made, and confirmed; that a number is masked as an email is.",
    status=201,
    status_mark="rec",
    text_mark="guess",
)
MULTIFACTOR = EvidenceRow(
    endpoint="DELETE /api/v2/users/{id}/multifactor/{provider}",
    case="A legacy provider is removed: google-authenticator takes the authenticator apps along, duo nothing.",
    status=204,
    status_mark="doc",
    text_mark="guess",
)
ROWS = (
    *(CLIENT, CLIENTS, CREDENTIALS, CREDENTIAL_MADE, CONNECTIONS, SETTINGS, LOGS),
    *(USER, USER_MADE, USER_GONE, ENROLLMENT, METHOD, METHOD_MADE, MULTIFACTOR),
)


def note_of(row: EvidenceRow) -> str:
    """Return the line for the person under such an answer."""
    return f"sandbox: status {row.status_mark} · members {row.text_mark}"
