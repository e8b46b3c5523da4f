"""The evidence marks, typed from the reference's tables: status, code and text of each error."""

import pytest

from auth0_mfa_lab.sandbox import Sandbox

# The text of an error (its start), then the marks that the reference's rows give it.
MARKS = {
    ("access_denied", "Unauthorized"): ("forum", "forum", "forum"),
    ("mfa_required", "Multifactor"): ("doc", "doc", "doc"),
    ("invalid_grant", "Wrong email or password."): ("rec", "rec", "rec"),
    ("invalid_request", "invalid audience"): ("rec", "rec", "rec"),
    ("invalid_request", "invalid connection"): ("guess", "guess", "forum"),
    ("server_error", "Authorization server"): ("forum", "forum", "forum"),
    ("unauthorized_client", "Grant type '"): ("forum", "forum", "doc"),
    ("unsupported_grant_type", "Unsupported"): ("guess", "doc", "guess"),
    ("access_denied", "User is already enrolled."): ("test", "test", "doc"),
    ("expired_token", "mfa_token is expired"): ("test", "test", "test"),
    ("expired_token", "oob_code is expired"): ("guess", "forum", "forum"),
    ("unsupported_challenge_type", "User does not have any"): ("forum", "forum", "forum"),
    ("unsupported_challenge_type", "User is not enrolled."): ("test", "test", "test"),
    ("invalid_grant", "Malformed mfa_token"): ("test", "test", "test"),
    ("invalid_grant", "Malformed oob_code"): ("test", "test", "test"),
    ("invalid_grant", "Invalid oob_code."): ("guess", "guess", "guess"),
    ("invalid_request", "mfa_token not issued"): ("guess", "forum", "forum"),
    ("invalid_request", "The oob_code doesn't match"): ("forum", "forum", "forum"),
    ("invalid_authenticator", "Authenticator"): ("guess", "guess", "guess"),
    ("authorization_pending", "Authorization pending"): ("rec", "rec", "rec"),
    ("slow_down", "You are polling"): ("guess", "doc", "guess"),
    ("access_denied", "MFA Authorization rejected."): ("rec", "rec", "rec"),
    ("invalid_grant", "MFA Authorization rejected."): ("guess", "doc", "rec"),
    ("enrollment_transaction_not_found", ""): ("test", "doc", "guess"),
    ("login_transaction_not_found", ""): ("guess", "doc", "guess"),
    ("enrollment_not_found", ""): ("test", "test", "guess"),
    ("invalid_body", ""): ("doc", "doc", "guess"),
}


@pytest.mark.parametrize(("error", "start"), MARKS)
def test_an_error_carries_the_marks_of_the_reference(error: str, start: str) -> None:
    (row,) = [row for row in Sandbox().evidence() if row.error == error and row.text.startswith(start)]
    assert (row.status_mark, row.error_mark, row.text_mark) == MARKS[error, start]


def test_the_statuses_of_enroll_and_resolve_are_marked_as_guesses() -> None:
    marked = {(row.status, row.status_mark) for row in Sandbox().evidence() if row.endpoint.startswith("POST /app")}
    assert {(201, "guess"), (204, "guess")} <= marked
