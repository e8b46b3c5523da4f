"""The lab's own line under an error: each error of the sandbox has one, and no success does."""

from __future__ import annotations

import re

import pytest

from auth0_mfa_lab.sandbox.errors import ROWS
from auth0_mfa_lab.show.meanings import MEANINGS, meaning_of
from tests.mothers import LOST, MFA_TOKEN, an_exchange

# What is wrong stands in these texts themselves, and nothing else is known of them.
SAY_IT_THEMSELVES = re.compile(r"\{problem\}")
ERRORS = [row for row in ROWS if row.error]
MOST_CHARACTERS = 130


@pytest.mark.parametrize("row", ERRORS, ids=lambda row: f"{row.error} {row.case}")
def test_each_error_of_the_sandbox_says_what_it_means(row: object) -> None:
    status, error, text = (getattr(row, name) for name in ("status", "error", "text"))
    shapes = (
        {"error": error, "error_description": text},
        {"statusCode": status, "error": "Some Phrase", "message": text, "errorCode": error},
    )
    for body in shapes:
        meaning = meaning_of(an_exchange(status, json=body))
        assert meaning is None if SAY_IT_THEMSELVES.match(text) and error == "invalid_request" else meaning


@pytest.mark.parametrize(
    ("status", "body", "begin"),
    [
        (403, {"error": "mfa_required"}, "lab: the first factor was right"),
        (200, {"error": "authorization_pending"}, "lab: nobody has answered yet"),
        (403, {"error": "invalid_grant", "error_description": "Invalid otp_code."}, "lab: the code is wrong, too old"),
        (
            403,
            {"error": "invalid_grant", "error_description": "MFA Authorization rejected."},
            "lab: the person said no",
        ),
        (
            400,
            {"error": "access_denied", "error_description": "MFA Authorization rejected."},
            "lab: the person said no",
        ),
        (401, {"error": "access_denied", "error_description": "Unauthorized"}, "lab: Auth0 does not know this app"),
        (403, {"error": "access_denied", "error_description": "not today"}, "lab: an Action or a Rule"),
        (
            403,
            {"error": "access_denied", "error_description": "User is already enrolled."},
            "lab: the user has a factor",
        ),
        (401, {"error": "expired_token", "error_description": "oob_code is expired"}, "lab: the oob_code lives for 5"),
        (
            401,
            {"error": "expired_token", "error_description": "mfa_token is expired"},
            "lab: the mfa_token lives for 10",
        ),
        (401, {"statusCode": 401, "error": "Unauthorized", "message": "Invalid token."}, "lab: no token, or one that"),
    ],
)
def test_an_error_says_what_it_means(status: int, body: dict[str, object], begin: str) -> None:
    assert (meaning_of(an_exchange(status, json=body)) or "").startswith(begin)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"access_token": MFA_TOKEN}),
        (204, None),
        (403, {"error": "invalid_grant", "error_description": "never heard of"}),
        (401, {"error": "never_heard_of", "error_description": "x"}),
        (400, {"error": ["a", "list"]}),
        (400, {"error": "invalid_grant", "error_description": {"an": "object"}}),
        (418, ["x"]),
    ],
)
def test_what_the_table_does_not_know_is_left_alone(status: int, body: object) -> None:
    assert meaning_of(an_exchange(status, json=body)) is None


def test_a_gateways_page_is_told_from_an_answer_of_auth0() -> None:
    assert "a gateway before Auth0" in (meaning_of(an_exchange(502, text="<html>bad gateway</html>")) or "")


def test_a_lost_request_has_no_meaning_of_an_answers() -> None:
    assert meaning_of(an_exchange(**LOST)) is None


@pytest.mark.parametrize("said", [said for _, said in MEANINGS])
def test_a_meaning_is_one_plain_line(said: str) -> None:
    assert "\n" not in said
    assert said.endswith(".")
    assert len(f"lab: {said}") <= MOST_CHARACTERS


def test_no_row_hides_behind_an_earlier_one() -> None:
    begins: list[str] = []
    for pattern, _ in MEANINGS:
        parts = re.fullmatch(r"([^(]*)(?:\(([^)]*)\))?(.*)", pattern)
        assert parts
        before, choices, after = parts.groups()
        texts = [f"{before}{choice}{after}" for choice in (choices or "").split("|")]
        assert [(text, each) for text in texts for each in begins if re.match(each, text)] == []
        begins.append(pattern)
