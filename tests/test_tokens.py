"""What `lab.inspect` predicts of a token is what the reference says and what the sandbox answers, cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from auth0_mfa_lab import Exchange, Lab
from auth0_mfa_lab.tokens import ENDPOINTS, Verdict
from tests.sandbox.token_table import ROWS

KINDS = sorted({row.kind for row in ROWS})
SCOPE = "enroll read:authenticators remove:authenticators"
REFUSED = {row.expected for row in ROWS if row.expected != "takes"}


def an_mfa_token(lab: Lab) -> str:
    user = lab.user(factors=[])
    return str(lab.client.password_grant(username=user.username, password=user.password)["mfa_token"])


def granted(lab: Lab, **request: str) -> Exchange:
    """Return the tokens of a user with a one-time code, whose MFA is done."""
    user = lab.user(factors=["otp"])
    first = lab.client.password_grant(username=user.username, password=user.password, **request)
    return lab.client.mfa_otp_grant(mfa_token=first["mfa_token"], otp=lab.phone.code())


def token_of(kind: str, endpoint: str, lab: Lab) -> str:
    """Return a token of one kind, made in this lab; the scope that is missing is the endpoint's own."""
    if kind == "foreign mfa_token":
        return an_mfa_token(Lab.sandbox(seed=99))
    if kind.endswith("mfa_token"):
        token = an_mfa_token(lab)
        if kind.startswith("expired"):
            lab.clock.advance(600)
        return token
    if kind.startswith("mfa access token"):
        wanted = {"GET": "read:authenticators", "DEL": "remove:authenticators"}.get(endpoint[:3], "enroll")
        scope = SCOPE.replace(wanted, "").strip() if kind.endswith("without scope") else SCOPE
        return str(granted(lab, audience=lab.mfa_audience, scope=scope)["access_token"])
    if kind == "api access token":
        return str(granted(lab, audience=str(lab.audience))["access_token"])
    field = {"opaque access token": "access_token", "refresh token": "refresh_token"}[kind]
    return str(granted(lab, scope="openid offline_access")[field])


def predicted(verdict: Verdict) -> Any:
    return "takes" if verdict.takes else (verdict.status, verdict.error, verdict.error_description)


def answered(lab: Lab, endpoint: str, token: str) -> Any:
    """Send the token to an endpoint, with nothing else of use beside it, and return how it was refused, if so."""
    client = lab.client
    calls: dict[str, Callable[[], Exchange]] = {
        "GET /mfa/authenticators": lambda: client.mfa_authenticators(token),
        "POST /mfa/associate": lambda: client.mfa_associate(token, authenticator_types=["otp"]),
        "POST /mfa/challenge": lambda: client.mfa_challenge(mfa_token=token, challenge_type="otp"),
        "mfa-otp": lambda: client.mfa_otp_grant(mfa_token=token, otp="000000"),
        "mfa-oob": lambda: client.mfa_oob_grant(mfa_token=token, oob_code="Fe26.2*no-such-code"),
        "mfa-recovery-code": lambda: client.mfa_recovery_code_grant(mfa_token=token, recovery_code="A" * 24),
        "DELETE /mfa/authenticators/{id}": lambda: client.mfa_delete_authenticator(token, "push|dev_none"),
    }
    answer = calls[endpoint]()
    return answer.status, answer.error, answer.error_description


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_predicted_is_what_the_reference_says_and_the_sandbox_answers(kind: str) -> None:
    rows = [row for row in ROWS if row.kind == kind]
    assert sorted(row.endpoint for row in rows) == sorted(ENDPOINTS)
    lab = Lab.sandbox()
    for row in rows:
        token = token_of(kind, row.endpoint, lab)
        inspection = lab.inspect(f" {token}\n")
        verdict = inspection[row.endpoint]
        assert (predicted(verdict), verdict.evidence) == (row.expected, row.evidence), row
        assert kind.startswith(inspection.kind)
        answer = answered(lab, row.endpoint, token)
        assert ("takes" if answer not in REFUSED else answer) == row.expected, row
    for said in (repr(inspection), *inspection._repr_mimebundle_().values()):
        assert token not in said
        assert inspection.kind in said


def test_an_mfa_access_token_is_taken_apart_and_when_it_has_expired_opens_nothing() -> None:
    lab = Lab.sandbox()
    token = token_of("mfa access token", "POST /mfa/associate", lab)
    inspection = lab.inspect(token)
    assert (inspection.audience, inspection.scopes) == (lab.mfa_audience, tuple(SCOPE.split()))
    assert (inspection.seconds_left, inspection.client_id) == (600, lab.client.client_id)
    lab.clock.advance(599)
    assert (lab.inspect(token).kind, lab.inspect(token).seconds_left) == ("mfa access token", 1)
    lab.clock.advance(1)
    for endpoint in ENDPOINTS:
        assert predicted(lab.inspect(token)[endpoint]) == answered(lab, endpoint, token)
        assert predicted(lab.inspect(token)[endpoint]) in REFUSED
    with pytest.raises(KeyError, match="There is no endpoint 'POST /mfa'"):
        lab.inspect(token)["POST /mfa"]


def test_an_mfa_token_counts_down_from_ten_minutes_and_is_spent_once_it_brought_its_tokens() -> None:
    lab = Lab.sandbox()
    old = an_mfa_token(lab)
    lab.clock.advance(599)
    assert (lab.inspect(old).kind, lab.inspect(old).seconds_left) == ("mfa_token", 1)
    lab.clock.advance(1)
    assert lab.inspect(old).kind == "expired mfa_token"
    granted(lab)
    token = str(next(each for each in reversed(lab.journal) if "mfa_token" in each)["mfa_token"])
    inspection = lab.inspect(token)
    assert inspection.kind == "spent mfa_token"
    for endpoint in ENDPOINTS:
        answer = answered(lab, endpoint, token)
        if endpoint == "mfa-oob":  # its oob_code is looked at before the login's end
            assert answer[2] == "Malformed oob_code"
        elif inspection[endpoint].takes:
            assert answer[0] == 200
        else:
            assert predicted(inspection[endpoint]) == answer
