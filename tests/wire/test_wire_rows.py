"""The rows of the reference's error tables, sections 0 to 8, that the sandbox does not answer, each with its reason.

Every other row stands in test_wire_sandbox_errors.py or tests/sandbox/test_answers_*.py, named by its section.
"""

from tests.sandbox.test_answers_passwordless import PASSWORDLESS
from tests.sandbox.test_answers_settings import SETTINGS
from tests.wire import test_wire_sandbox_errors as earlier

NAMES = [row[0] for row in earlier.ROWS] + [row.given for row in (*PASSWORDLESS, *SETTINGS)]

NOT_EMULATED = {
    "0.6 invalid_client": "the switch bad_client_secret",
    "1.4 too_many_attempts": "brute-force protection is not emulated yet",
    "1.4 access_denied of an Action": "there are no Actions",
    "1.4 user is blocked": "nobody is blocked: the sandbox has no such state",
    "1.4 password_leaked, requires_verification": "attack protection is not emulated",
    "1.4 too_many_requests": "the rate limits of whole endpoints are not emulated yet",
    "1.4 endpoint_disabled, method_not_allowed": "texts unknown; another method is a 405 in the general shape [guess]",
    "5 association_required": "text and status unknown; unsupported_challenge_type is what was seen",
    "5 The user does not support the requested challenge type": "older wordings of a text that is emulated",
    "6.4 user is blocked": "nobody is blocked: the sandbox has no such state",
    "6.4 mfa_required (chained)": "the switch second_factor_chained",
    "7.1 bad.tenant": "one sandbox is one tenant, and its domain is right by construction",
    "7.1 sms_provider_error": "no provider: the inbox takes everything",
    "7.2 invalid_user_password": "only on the legacy /oauth/ro",
    "7.4 all rows": "the early-access sibling /otp/challenge is not emulated",
    "8.2 429": "the rate limits of whole endpoints are not emulated yet",
}
SECTIONS = ("0.6", "1.3", "1.4", "3.3", "4.1", "4.2", "5", "6.3", "6.4", "7.1", "7.2", "8.6")


def test_every_section_with_a_table_of_errors_has_rows() -> None:
    for section in SECTIONS:
        assert [name for name in NAMES if name.split()[0] == section], section


def test_no_row_is_both_asserted_and_left_out_and_each_reason_is_a_sentence() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert not set(NAMES) & set(NOT_EMULATED)
    assert all(len(reason) > 10 for reason in NOT_EMULATED.values())
