"""The chain of notebook 10 in plain httpx: what one reads there is enough to write it."""

from __future__ import annotations

import httpx
import pytest

from auth0_mfa_lab.sandbox import Sandbox

NUMBER = "+15550142"
GRANT = "http://auth0.com/oauth/grant-type/"


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


def test_four_calls_lead_from_a_phone_number_to_a_token_of_the_mfa_api(sandbox: Sandbox) -> None:
    http = httpx.Client(transport=sandbox.transport, base_url=f"https://{sandbox.domain}")
    application = {"client_id": sandbox.defaults.client_id, "client_secret": sandbox.defaults.client_secret}

    started = http.post(
        "/passwordless/start", json={"connection": "sms", "phone_number": NUMBER, "send": "code", **application}
    )
    first = sandbox.delivery.messages(NUMBER)[-1].code

    exchanged = http.post(
        "/oauth/token",
        data={
            "grant_type": f"{GRANT}passwordless/otp",
            "realm": "sms",
            "username": NUMBER,
            "otp": first,
            "audience": f"https://{sandbox.domain}/mfa/",
            "scope": "enroll",
            **application,
        },
    )
    mfa_token = exchanged.json()["mfa_token"]

    associated = http.post(
        "/mfa/associate",
        headers={"authorization": f"Bearer {mfa_token}"},
        json={"authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": NUMBER},
    )
    second = sandbox.delivery.messages(NUMBER)[-1].code

    granted = http.post(
        "/oauth/token",
        data={
            "grant_type": f"{GRANT}mfa-oob",
            "mfa_token": mfa_token,
            "oob_code": associated.json()["oob_code"],
            "binding_code": second,
            **application,
        },
    )
    assert [each.status_code for each in (started, exchanged, associated, granted)] == [200, 403, 200, 200]
    assert exchanged.json()["error"] == "mfa_required"
    assert granted.json()["expires_in"] == 600
    assert granted.json()["scope"] == "enroll"
