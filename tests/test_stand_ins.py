"""A stand-in has the form by which its secret is read, and nothing of its value."""

from __future__ import annotations

import base64
import json
import re

import pyotp
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.kinds import is_stand_in
from auth0_mfa_lab.secrets.standins import StandIns, stand_in
from tests.mothers import MFA_TOKEN


def stood(kind: str, value: str) -> str:
    return stand_in(kind, f"{kind}-1", value)


def a_jwt(claims: object, signature: str = "c2lnbmF0dXJlLXNpZ25hdHVyZQ") -> str:
    header, body = ({"alg": "RS256", "typ": "JWT"}, claims)
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in (header, body)]
    return ".".join([*parts, signature])


FORMS = {
    "a code of six digits": ("otp", "493127", r"[1-9]\d{5}"),
    "a code that begins with 0": ("otp", "093127", r"[1-9]\d{5}"),
    "a TOTP secret": ("secret", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", r"STANDIN[A-Z2-7]{25}"),
    "a sealed string": ("mfa_token", MFA_TOKEN, r"Fe26\.2\*standin-mfa-token-1\*[0-9a-f]{20}"),
    "a user's id": ("user_id", "auth0|65f1c0ffee65f1c0ffee65f1", r"auth0\|standin-user-id-1"),
    "an email address": ("email", "jane.doe@corp.example", r"standin-email-1@example\.com"),
    "a number": ("phone_number", "+15550134", r"\+1555\d{7}"),
    "a recovery code": ("recovery_code", "V8BEY3QHK1RRNT4XWZ20PLMD", "standin-recovery-code-1"),  # auth0-mfa-lab: allow
    "a refresh token": ("refresh_token", "v1.MjAyNi1iYWJlbC1maXNoLWFuZC1jaGlwcw", "standin-refresh-token-1"),
    "hexadecimal": ("identifier", "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "standin-identifier-1"),
    "a password": ("password", "Hunter2!", "standin-password-1"),
    "a password of digits": ("password", "493127", "standin-password-1"),
    "an IP address": ("ip", "203.0.113.7", "standin-ip-1"),
    "a name": ("name", "Jane Doe", "standin-name-1"),
    "a link": ("link", "https://tenant.example/verify?code=123456&state=aB3aB3aB3aB3aB3a", "standin-link-1"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_stand_in_has_the_form_of(name: str) -> None:
    kind, value, pattern = FORMS[name]
    drawn = stood(kind, value)
    assert re.fullmatch(pattern, drawn), drawn
    assert drawn != value


def test_a_stand_in_for_a_totp_secret_is_one_that_makes_codes() -> None:
    # auth0-mfa-lab: allow
    assert re.fullmatch(r"\d{6}", pyotp.TOTP(stood("secret", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")).at(0))


def test_a_jwt_keeps_its_header_and_claims_and_its_signature_is_dead() -> None:
    token = a_jwt({"sub": "auth0|1", "iat": 1})
    header, claims, signature = stood("access_token", token).split(".")
    assert [header, claims] == token.split(".")[:2]
    assert signature == "standin-access-token-1"


def test_what_is_secret_within_a_jwt_is_replaced_there() -> None:
    token = a_jwt({"sub": "auth0|65f1c0ffee65f1c0ffee65f1", "email": "jane@corp.example", "exp": 1_800_000_000})
    aliases = Aliases(people=True)
    for kind, value in (("id_token", token), ("sub", "auth0|65f1c0ffee65f1c0ffee65f1"), ("email", "jane@corp.example")):
        aliases.learn(kind, value)
    drawn = StandIns(aliases, [token]).text(token)
    claims = json.loads(base64.urlsafe_b64decode(drawn.split(".")[1] + "=="))
    assert claims["exp"] == 1_800_000_000
    assert claims["email"] == "standin-email-1@example.com"
    assert claims["sub"] == "auth0|standin-sub-1"


def test_basic_credentials_are_those_of_the_stand_in() -> None:
    aliases = Aliases()
    secret = "aB3dE5gH7jK9mN1pQ3sT5vW7"
    basic = base64.b64encode(f"client:{secret}".encode()).decode()
    aliases.learn("client_secret", secret)
    aliases.learn("basic_credentials", basic)
    texts = StandIns(aliases, [f"Basic {basic}", secret])
    assert (
        base64.b64decode(texts.text(f"Basic {basic}").removeprefix("Basic ")).decode() == f"client:{texts.text(secret)}"
    )


def test_nothing_of_the_value_goes_into_its_stand_in() -> None:
    for one, other in (
        ("493127", "718234"),
        (MFA_TOKEN, MFA_TOKEN.replace("aGVsbG8g", "Z29vZGJ5")),
        ("Ab1!", "zz9?xy"),
    ):
        kind = "password" if len(one) == 4 else "otp"
        assert stood(kind, one) == stood(kind, other)


def test_a_stand_in_says_that_it_is_one() -> None:
    assert is_stand_in(stood("mfa_token", MFA_TOKEN))
    assert is_stand_in(stood("secret", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"))  # auth0-mfa-lab: allow
    assert is_stand_in(stood("access_token", a_jwt({})))
    assert not is_stand_in(MFA_TOKEN)
    assert not is_stand_in(a_jwt({"standin": True}))


def test_the_same_secret_has_one_stand_in_however_it_is_spelled() -> None:
    aliases = Aliases(people=True)
    aliases.learn("phone_number", "+15550134")
    texts = StandIns(aliases, ["+15550134"])
    number = texts.text("+15550134")
    assert texts.text("username=%2B15550134", encoded=True) == f"username=%2B{number[1:]}"
    assert texts.text('{"to": "+15550134"}') == f'{{"to": "{number}"}}'
    assert texts.text("see https://tenant.example/?n=%2B15550134") == f"see https://tenant.example/?n=%2B{number[1:]}"


def test_two_secrets_never_share_one() -> None:
    aliases = Aliases()
    codes = [f"{number}" for number in range(100, 400)]
    for code in codes:
        aliases.learn("otp", code)
    texts = StandIns(aliases, codes)
    drawn = [texts.text(code) for code in codes]
    assert len(set(drawn)) == len(codes)
    assert not set(drawn) & set(codes)


def test_a_stand_in_is_nothing_that_stands_in_the_text_anyway() -> None:
    aliases = Aliases()
    aliases.learn("otp", "493127")  # auth0-mfa-lab: allow
    first = StandIns(aliases, ["493127"]).text("493127")
    assert StandIns(aliases, ["493127", f"at {first}"]).text("493127") != first


def test_what_only_looks_like_an_alias_stays() -> None:
    assert StandIns(Aliases(), ["<otp 7>"]).text("<otp 7> and <b>") == "<otp 7> and <b>"


SECRETS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=4, max_size=60),
    st.from_regex(r"[A-Z2-7]{16,32}|[A-Za-z0-9_-]{16,64}|Fe26\.2\*[a-zA-Z0-9_*-]{20,60}|\+\d{7,14}", fullmatch=True),
    st.from_regex(r"[a-z.]{1,12}@[a-z]{2,8}\.[a-z]{2,3}|auth0\|[0-9a-f]{24}|\d{4,10}", fullmatch=True),
)


@settings(max_examples=300)
@given(value=SECRETS)
@example("https://[/x")
@example("eyJ.eyJ.")
@example("0²{¹")
def test_whatever_the_secret_its_stand_in_is_safe_and_drawn_again_for_itself(value: str) -> None:
    """What is drawn needs no escape in JSON or HTML, and has itself for its own stand-in."""
    drawn = stood("secret", value)
    assert json.dumps(drawn) == f'"{drawn}"'
    assert not set(drawn) & set("<>&'\"\\ \n") - set(value)
    assert stood("secret", drawn) == drawn


def test_a_recording_of_a_replay_keeps_its_stand_ins() -> None:
    aliases = Aliases()
    for value in ("another-password", "standin-password-1"):
        aliases.learn("password", value)
    assert StandIns(aliases, ["standin-password-1"], again=True).text("standin-password-1") == "standin-password-1"
    assert StandIns(aliases, ["standin-password-1"]).text("standin-password-1") == "standin-password-2"
