"""auth0-server-python against the sandbox: passwordless logins, and each factor through its MFA client."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock

import pyotp
import pytest
from auth0_server_python.auth_server import ServerClient
from auth0_server_python.auth_types import (
    StartPasswordlessEmailOptions,
    StartPasswordlessSmsOptions,
    VerifyPasswordlessOtpOptions,
)
from auth0_server_python.error import MfaEnrollmentError, MfaRequiredError, MfaVerifyError, PasswordlessVerifyError

from tests.official.conftest import Served
from tests.sandbox.sandbox_mothers import set_up, switch_on

NUMBER, EMAIL = "+15550148", "ada@example.com"


class Sdk:
    """The SDK's calls, each run to its end."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.client = ServerClient(
            domain=served.domain,
            **served.credentials,
            secret="a secret of 32 characters or more",
            redirect_uri="https://app.example.com/callback",
            transaction_store=AsyncMock(),
            state_store=AsyncMock(),
        )

    def log_in(self, **options: Any) -> dict[str, Any]:
        """Log a phone number in by the code that is sent to it."""
        asyncio.run(self.client.passwordless.start(StartPasswordlessSmsOptions(phone_number=NUMBER)))
        options = {"verification_code": self.served.newest_code(NUMBER), **options}
        asked = VerifyPasswordlessOtpOptions(connection="sms", phone_number=NUMBER, **options)
        found: dict[str, Any] = asyncio.run(self.client.passwordless.verify(asked))
        return found

    def mfa_token(self, **options: Any) -> str:
        """Return the SDK's sealed mfa_token of a login that needs a second factor."""
        with pytest.raises(MfaRequiredError) as asked:
            self.log_in(**options)
        return str(asked.value.mfa_token)

    def mfa(self, verb: str, token: str, **fields: str) -> Any:
        """Call a method of the MFA client."""
        return asyncio.run(getattr(self.client.mfa, verb)({"mfa_token": token, **fields}))

    def verify(self, token: str, **proof: str) -> Any:
        return self.mfa("verify", token, **proof)

    def otp(self, secret: str) -> str:
        return pyotp.TOTP(secret).at(int(self.served.sandbox.clock.now()))

    def listed(self, token: str) -> set[str]:
        """Return the types of the active authenticators."""
        return {one.authenticator_type for one in self.mfa("list_authenticators", token) if one.active}


@pytest.fixture
def sdk(served: Served) -> Sdk:
    return Sdk(served)


def test_a_number_and_an_email_address_log_in_by_their_codes_alone(served: Served, sdk: Sdk) -> None:
    set_up(served.sandbox, policy="never")
    state = sdk.log_in()["state_data"]
    assert state["user"]["sub"].startswith("sms|")
    assert state["id_token"]
    assert asyncio.run(sdk.client.passwordless.start(StartPasswordlessEmailOptions(email=EMAIL))).id
    options = {"connection": "email", "email": EMAIL, "verification_code": served.newest_code(EMAIL)}
    state = asyncio.run(sdk.client.passwordless.verify(VerifyPasswordlessOtpOptions(**options)))["state_data"]
    assert state["user"]["sub"].startswith("email|")
    with pytest.raises(PasswordlessVerifyError) as refused:
        sdk.log_in(verification_code="000000")
    assert refused.value.code == "invalid_grant"


def test_otp_is_enrolled_listed_challenged_verified_recovered_and_deleted(served: Served, sdk: Sdk) -> None:
    token = sdk.mfa_token()
    assert sdk.listed(token) == set()
    enrollment = sdk.mfa("enroll_authenticator", token, factor_type="otp")
    assert enrollment.barcode_uri.startswith("otpauth://totp/")
    (recovery_code,) = enrollment.recovery_codes
    tokens = sdk.verify(token, otp=sdk.otp(enrollment.secret))
    assert tokens.access_token
    assert tokens.id_token
    token = sdk.mfa_token(audience=f"{served.issuer}mfa/", scope="openid remove:authenticators")
    assert sdk.listed(token) == {"otp", "recovery-code"}
    (mine,) = [one.id for one in sdk.mfa("list_authenticators", token) if one.authenticator_type == "otp"]
    assert sdk.mfa("challenge_authenticator", token, factor_type="otp").challenge_type == "otp"
    served.sandbox.clock.advance(30)  # a code is good once
    tokens = sdk.verify(token, otp=sdk.otp(enrollment.secret))
    assert tokens.expires_in > 0
    assert sdk.verify(sdk.mfa_token(), recovery_code=recovery_code).recovery_code not in (None, recovery_code)
    with pytest.raises(MfaEnrollmentError, match="User is already enrolled"):
        sdk.mfa("enroll_authenticator", sdk.mfa_token(), factor_type="sms", phone_number=NUMBER)
    # This version of the SDK has no call for it, so its token is shown to the endpoint by hand.
    assert not hasattr(sdk.client.mfa, "delete_authenticator")
    answer = served.delete(tokens.access_token, mine)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "otp" not in sdk.listed(sdk.mfa_token())


@pytest.mark.parametrize(
    ("factor", "address"),
    [("sms", {"phone_number": NUMBER}), ("voice", {"phone_number": NUMBER}), ("email", {"email": EMAIL})],
)
def test_a_code_by_each_channel_is_verified(served: Served, sdk: Sdk, factor: str, address: dict[str, str]) -> None:
    switch_on(served.sandbox, "email")
    set_up(served.sandbox, message_types=("sms", "voice"))
    token, (to,) = sdk.mfa_token(), address.values()
    sent = sdk.mfa("enroll_authenticator", token, factor_type=factor, **address)
    assert sent.oob_channel == factor
    for is_first in (True, False):
        assert sent.binding_method == "prompt"
        code = served.newest_code(to)
        assert sdk.verify(token, oob_code=sent.oob_code, binding_code=code).access_token
        if is_first:
            token = sdk.mfa_token()
            (mine,) = [one for one in sdk.mfa("list_authenticators", token) if one.oob_channel == factor]
            sent = sdk.mfa("challenge_authenticator", token, factor_type=factor, authenticator_id=mine.id)


def test_push_is_enrolled_by_a_scan_and_then_allowed_or_rejected(served: Served, sdk: Sdk) -> None:
    phone, token = served.phone(), sdk.mfa_token()
    sent = sdk.mfa("enroll_authenticator", token, factor_type="auth0")
    assert (sent.oob_channel, sent.binding_method) == ("auth0", None)
    with pytest.raises(MfaVerifyError, match=r"^Authorization pending: please repeat the request in a few") as pending:
        sdk.verify(token, oob_code=sent.oob_code)
    # The SDK's guide polls on while the text of the error has this word. Auth0's text, as recorded, has it not, and the
    # error's `cause` alone has it: a sandbox on which that loop polls on would promise what Auth0 does not keep.
    assert "authorization_pending" not in str(pending.value)
    assert pending.value.cause["error"] == "authorization_pending"
    phone.scan(sent.barcode_uri)
    assert sdk.verify(token, oob_code=sent.oob_code).access_token
    for answer in (phone.allow, phone.reject):
        token = sdk.mfa_token()
        sent = sdk.mfa("challenge_authenticator", token, factor_type="auth0")
        answer()
        if answer == phone.allow:
            assert sdk.verify(token, oob_code=sent.oob_code).id_token
    with pytest.raises(MfaVerifyError, match="MFA Authorization rejected") as refused:
        sdk.verify(token, oob_code=sent.oob_code)
    assert refused.value.cause["error"] == "invalid_grant"
