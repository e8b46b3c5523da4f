"""The errors of the Management API and of its token, typed from the reference's sections 0.6 and 9.5; their marks."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from auth0_mfa_lab.sandbox import errors
from tests.sandbox.management_mothers import admin_of, machine_token
from tests.sandbox.sandbox_mothers import App, bearer
from tests.wire.wire_scene import ErrorRow, Scene, assert_is

API = "https://sandbox.example/api/v2/"
GRANT_TEXT = (
    'Client is not authorized to access "{}". You might probably want to create a "client-grant" associated to this '
    "API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants"
)

ROWS: list[ErrorRow] = [
    (
        "0.6 an M2M client without a client grant for the Management API",
        lambda scene: scene.app.token(grant_type="client_credentials", audience=API),
        403,
        "access_denied",
        GRANT_TEXT.format(API),
    ),
    (
        "9.1 no audience [guess]",
        lambda scene: scene.app.token(grant_type="client_credentials"),
        403,
        "access_denied",
        "No audience parameter was provided, and no default audience has been configured",
    ),
    (
        "9.1 an audience that is no API [guess]",
        lambda scene: scene.app.token(grant_type="client_credentials", audience="https://tea.example/"),
        403,
        "access_denied",
        "Service not found: https://tea.example/",
    ),
]
"""The rows of `/oauth/token`, in the shape of the other error tables."""


@pytest.mark.parametrize(("happening", "status", "error", "text"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_an_error_of_the_token_is_what_the_reference_says(
    scene: Scene, happening: Callable[[Scene], httpx.Response], status: int, error: str, text: str
) -> None:
    assert_is(happening(scene), status, error, text)


MANAGEMENT_ROWS: list[tuple[str, Callable[[App], httpx.Response], dict[str, Any]]] = [
    (
        "9.5 400",
        lambda app: admin_of(app)("PUT", "/guardian/factors/otp", {"enabled": 1}),
        {
            "statusCode": 400,
            "error": "Bad Request",
            "message": "Payload validation error: 'Expected type boolean but found type integer on property enabled'",
            "errorCode": "invalid_body",
        },
    ),
    (
        "9.5 401",
        lambda app: app.http.get("/api/v2/clients", headers=bearer("x.y.z")),
        {"statusCode": 401, "error": "Unauthorized", "message": "Invalid token."},
    ),
    (
        "9.5 403",
        lambda app: admin_of(app, "read:users")("GET", "/clients"),
        {
            "statusCode": 403,
            "error": "Forbidden",
            "message": "Insufficient scope, expected any of: read:clients",
            "errorCode": "insufficient_scope",
        },
    ),
    (
        "9.5 404",
        lambda app: admin_of(app)("GET", "/guardian/enrollments/dev_0000000000000000"),
        {
            "statusCode": 404,
            "error": "Not Found",
            "message": "Enrollment not found",
            "errorCode": "enrollment_not_found",
        },
    ),
    (
        "9.5 404, at the deletion",
        lambda app: admin_of(app)("DELETE", "/guardian/enrollments/dev_0000000000000000"),
        {
            "statusCode": 404,
            "error": "Not Found",
            "message": "Enrollment not found",
            "errorCode": "enrollment_not_found",
        },
    ),
]


@pytest.mark.parametrize(
    ("happening", "body"), [row[1:] for row in MANAGEMENT_ROWS], ids=[r[0] for r in MANAGEMENT_ROWS]
)
def test_an_error_of_the_management_api_is_what_the_reference_says(
    app: App, happening: Callable[[App], httpx.Response], body: dict[str, Any]
) -> None:
    answer = happening(app)
    assert answer.json() == body
    assert list(answer.json()) == list(body)
    assert answer.status_code == body["statusCode"]
    assert answer.headers["content-type"].startswith("application/json")


NOT_EMULATED = {"9.5 429": "the rate limits of whole APIs are not emulated"}


def test_every_row_of_the_table_is_asserted_or_left_out_with_a_reason() -> None:
    asserted = {row[0].partition(",")[0] for row in MANAGEMENT_ROWS}
    assert asserted | set(NOT_EMULATED) == {f"9.5 {status}" for status in (400, 401, 403, 404, 429)}
    assert not asserted & set(NOT_EMULATED)


# The code of an error, the start of its text; then the marks that the reference's rows give it.
MARKS = {
    ("access_denied", "Client is not authorized"): ("forum", "forum", "forum"),
    ("access_denied", "No audience"): ("guess", "guess", "guess"),
    ("access_denied", "Service not found"): ("guess", "guess", "guess"),
    ("invalid_body", "Payload validation error"): ("forum", "forum", "guess"),
    ("invalid_body", "Invalid request payload"): ("guess", "guess", "guess"),
    ("invalid_body", "Unknown default_directory"): ("guess", "guess", "guess"),
    ("invalid_body", "The user has too many"): ("guess", "guess", "guess"),
    ("invalid_body", "The application has as many"): ("guess", "guess", "guess"),
    ("", "Invalid token."): ("forum", "forum", "forum"),
    ("", "Missing authentication"): ("guess", "guess", "guess"),
    ("insufficient_scope", "Insufficient scope, expected"): ("test", "test", "test"),
    ("enrollment_not_found", "Enrollment not found"): ("rec", "rec", "rec"),
    ("inexistent_user", ""): ("guess", "guess", "guess"),
    ("inexistent_client", ""): ("guess", "guess", "guess"),
    ("client_credential_not_found", ""): ("guess", "guess", "guess"),
    ("authentication_method_not_found", ""): ("guess", "guess", "guess"),
    ("invalid_uri", "Path validation error"): ("guess", "guess", "guess"),
    ("invalid_uri", "Object didn't pass"): ("forum", "forum", "forum"),
    ("auth0_idp_error", ""): ("doc", "forum", "forum"),
    ("inexistent_connection", ""): ("forum", "forum", "forum"),
    ("", "PasswordStrengthError"): ("forum", "guess", "forum"),
    ("invalid_query_string", ""): ("guess", "guess", "guess"),
}


def management_rows() -> list[Any]:
    return [row for row in errors.ROWS if "/api/v2" in row.endpoint and row.status >= 400]


@pytest.mark.parametrize("key", MARKS)
def test_an_error_carries_the_marks_of_the_reference(key: tuple[str, str]) -> None:
    error, start = key
    every = [row for row in errors.ROWS if "/api/v2" in row.endpoint or row.endpoint == "POST /oauth/token"]
    (row,) = [row for row in every if row.error == error and row.status >= 400 and row.text.startswith(start)]
    assert (row.status_mark, row.error_mark, row.text_mark) == MARKS[key]


def test_every_error_of_the_management_api_has_its_marks_here() -> None:
    rows = management_rows()
    assert len(rows) > 10
    for row in rows:
        assert [key for key in MARKS if key[0] == row.error and row.text.startswith(key[1])], row


def test_the_successes_that_are_a_guess_are_in_the_table() -> None:
    rows = [row for row in errors.ROWS if "/api/v2" in row.endpoint and row.status < 400]
    assert len(rows) >= 9
    assert all("guess" in (row.status_mark, row.text_mark) for row in rows)


def test_a_token_of_the_management_api_is_what_the_reference_says(app: App) -> None:
    body = machine_token(app).json()
    assert (body["expires_in"], body["token_type"]) == (86_400, "Bearer")
    assert "refresh_token" not in body
