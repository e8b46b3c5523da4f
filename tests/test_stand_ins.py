"""A stand-in has the form by which its secret is read, and nothing of its value."""

import base64
import json
import re
from itertools import product
from typing import Any

import pyotp
import pytest

from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.kinds import is_stand_in
from auth0_mfa_lab.secrets.standins import StandIns, stand_in
from tests.mothers import MFA_TOKEN
from tests.sandbox.sandbox_mothers import segment

TOTP_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
USER_ID, EMAIL = "auth0|65f1c0ffee65f1c0ffee65f1", "jane.doe@corp.example"
JWT = f"{segment({'alg': 'RS256'})}.{segment({'sub': USER_ID, 'email': EMAIL, 'exp': 1})}.c2lnbmF0dXJlLXNpZ25hdHVyZQ"


def stood(kind: str, value: str) -> str:
    return stand_in(kind, f"{kind}-1", value)


def known(*secrets: tuple[str, str]) -> Aliases:
    aliases = Aliases(people=True)
    for kind, value in secrets:
        aliases.learn(kind, value)
    return aliases


# fmt: off
FORMS = {
    "a code of six digits": ("otp", "493127", r"[1-9]\d{5}"),
    "a code that begins with 0": ("otp", "093127", r"[1-9]\d{5}"),
    "a TOTP secret": ("secret", TOTP_SECRET, r"STANDIN[A-Z2-7]{25}"),
    "a secret of other characters": ("secret", "not base32!", "standin-secret-1"),
    "a sealed string": ("mfa_token", MFA_TOKEN, r"Fe26\.2\*standin-mfa-token-1\*[0-9a-f]{20}"),
    "a user's id": ("user_id", USER_ID, r"auth0\|standin-user-id-1"),
    "an email address": ("email", EMAIL, r"standin-email-1@example\.com"),
    "a number": ("phone_number", "+15550134", r"\+1555\d{7}"),
    "a recovery code": ("recovery_code", "V8BEY3QHK1RRNT4XWZ20PLMD", "standin-recovery-code-1"),  # auth0-mfa-lab: allow
    "a password": ("password", "Hunter2!", "standin-password-1"),
    "a password of digits": ("password", "493127", "standin-password-1"),
    "a password like an id": ("password", "hunter2|abc", "standin-password-1"),
    "a secret like an email": ("client_secret", "Hunter2@corp", "standin-client-secret-1"),
    "a password like a number": ("password", "+15550134", "standin-password-1"),
    "a code that is none": ("otp", "!@#$%^&*()_+1o", "standin-otp-1"),
    "a JWT": ("access_token", JWT, re.escape(JWT.rpartition(".")[0]) + r"\.standin-access-token-1"),
}
# fmt: on
NASTY = [
    "https://[/x",
    "eyJ.eyJ.",
    "0²{¹",
    "<b>'\"&\\",
    "a b\nc",
    "é漢😀",
    "Fe26.",
    "+0",
    "a|b@c",
    "A" * 16,
    MFA_TOKEN,
    JWT,
]


@pytest.mark.parametrize("name", FORMS)
def test_a_stand_in_has_the_form_of(name: str) -> None:
    kind, value, pattern = FORMS[name]
    drawn = stood(kind, value)
    assert re.fullmatch(pattern, drawn), drawn
    assert (drawn != value, is_stand_in(value)) == (True, False)
    assert is_stand_in(drawn) or value[-1].isdigit() or kind in ("email", "user_id")
    if "TOTP" in name:
        assert re.fullmatch(r"\d{6}", pyotp.TOTP(drawn).at(0)), "it makes codes"


def test_whatever_the_secret_its_stand_in_has_nothing_of_it_needs_no_escape_and_has_itself_for_its_own() -> None:
    assert (stood("otp", "493127"), stood("a", MFA_TOKEN)) == (stood("otp", "718234"), stood("a", f"{MFA_TOKEN}x"))
    for value, kind in product(NASTY, ("secret", "basic_credentials", "otp")):
        drawn = stood(kind, value)
        assert (json.dumps(drawn), {*drawn} & {*"<>&'\"\\ \n"}, stood(kind, drawn)) == (f'"{drawn}"', set(), drawn)


def test_what_is_secret_within_a_secret_is_replaced_there() -> None:
    secret = "aB3dE5gH7jK9mN1pQ3sT5vW7"
    basic = base64.b64encode(f"client:{secret}".encode()).decode()
    inside = (("client_secret", secret), ("basic_credentials", basic))
    texts = StandIns(known(("id_token", JWT), ("sub", USER_ID), ("email", EMAIL), *inside), [JWT, basic, secret])
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(texts.text(JWT).split(".")[1] + "=="))
    assert claims == {"sub": "auth0|standin-sub-1", "email": "standin-email-1@example.com", "exp": 1}
    drawn = base64.b64decode(texts.text(f"Basic {basic}").removeprefix("Basic ")).decode()
    assert drawn == f"client:{texts.text(secret)}" == "client:standin-client-secret-1"


def test_the_same_secret_has_one_stand_in_however_it_is_spelled() -> None:
    texts = StandIns(known(("phone_number", "+15550134")), ["+15550134"])
    number = texts.text("+15550134")
    assert texts.text("username=%2B15550134", encoded=True) == f"username=%2B{number[1:]}"
    assert texts.text("see https://tenant.example/?n=%2B15550134") == f"see https://tenant.example/?n=%2B{number[1:]}"
    assert texts.data({"to": ["+15550134"]}) == {"to": [number]}


def test_two_secrets_never_share_one_and_none_is_taken_for_what_stands_in_a_text_anyway() -> None:
    codes = [f"{number}" for number in range(100, 300)]
    texts = StandIns(known(*(("otp", code) for code in codes)), codes)
    drawn = {texts.text(code) for code in codes}
    assert (len(drawn), drawn & set(codes)) == (len(codes), set())
    aliases = known(("otp", "493127"), ("password", "another-password"), ("password", "standin-password-1"))
    first = StandIns(aliases, ["493127"]).text("493127")
    assert StandIns(aliases, ["493127", f"at {first}"]).text("493127") != first
    assert StandIns(aliases, ["<otp 7>"]).text("<otp 7> and <b>") == "<otp 7> and <b>", "it only looks like an alias"
    # A recording of a replay keeps its stand-ins.
    for again, kept in ((True, "standin-password-1"), (False, "standin-password-2")):
        assert StandIns(aliases, ["standin-password-1"], again=again).text("standin-password-1") == kept
