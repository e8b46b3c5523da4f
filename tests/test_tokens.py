"""What `lab.inspect` predicts of a token is what the reference says and what the sandbox answers, cell by cell."""

from typing import Any

import pytest

from auth0_mfa_lab import Exchange, Lab
from auth0_mfa_lab.tokens import ENDPOINTS, Verdict
from tests.flows.flows import log_in
from tests.sandbox.token_table import ROWS

KINDS = sorted({row.kind for row in ROWS})
SCOPE = "enroll read:authenticators remove:authenticators"
REFUSED = {row.expected for row in ROWS if row.expected != "takes"}


def an_mfa_token(lab: Lab) -> str:
    return str(log_in(lab, lab.user(factors=[]))["mfa_token"])


def granted(lab: Lab, **request: str) -> Exchange:
    """Return the tokens of a user with a one-time code, whose MFA is done."""
    first = log_in(lab, lab.user(factors=["otp"]), **request)
    return lab.client.mfa_otp_grant(mfa_token=first["mfa_token"], otp=lab.phone.code())


def token_of(kind: str, endpoint: str, lab: Lab) -> str:
    """Return a token of one kind, made in this lab; the scope that is missing is the endpoint's own."""
    if kind.endswith("mfa_token"):
        token = an_mfa_token(Lab.sandbox(seed=99) if kind.startswith("foreign") else lab)
        lab.clock.advance(600 if kind.startswith("expired") else 0)
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
    answer = {
        "GET /mfa/authenticators": lambda: client.mfa_authenticators(token),
        "POST /mfa/associate": lambda: client.mfa_associate(token, authenticator_types=["otp"]),
        "POST /mfa/challenge": lambda: client.mfa_challenge(mfa_token=token, challenge_type="otp"),
        "mfa-otp": lambda: client.mfa_otp_grant(mfa_token=token, otp="000000"),
        "mfa-oob": lambda: client.mfa_oob_grant(mfa_token=token, oob_code="Fe26.2*no-such-code"),
        "mfa-recovery-code": lambda: client.mfa_recovery_code_grant(mfa_token=token, recovery_code="A" * 24),
        "DELETE /mfa/authenticators/{id}": lambda: client.mfa_delete_authenticator(token, "push|dev_none"),
    }[endpoint]()
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
    assert [
        each for each in inspection._repr_mimebundle_().values() if token in each or inspection.kind not in each
    ] == []


def test_a_token_is_taken_apart_counts_down_from_ten_minutes_and_is_spent_once_it_brought_its_tokens() -> None:
    lab = Lab.sandbox()
    token, old = token_of("mfa access token", "POST /mfa/associate", lab), an_mfa_token(lab)
    inspection = lab.inspect(token)
    assert (inspection.audience, inspection.scopes) == (lab.mfa_audience, tuple(SCOPE.split()))
    assert (inspection.seconds_left, inspection.client_id) == (600, lab.client.client_id)
    for seconds, is_over in ((599, ""), (1, "expired ")):
        lab.clock.advance(seconds)
        kinds = [(each.kind, each.seconds_left) for each in map(lab.inspect, (token, old))]
        assert kinds == [(f"{is_over}{kind}", not is_over) for kind in ("mfa access token", "mfa_token")]
    for endpoint in ENDPOINTS:
        assert predicted(lab.inspect(token)[endpoint]) == answered(lab, endpoint, token)
    granted(lab)
    spent = str(next(each for each in reversed(lab.journal) if "mfa_token" in each)["mfa_token"])
    inspection = lab.inspect(spent)
    assert inspection.kind == "spent mfa_token"
    for endpoint in ENDPOINTS:
        answer, said = answered(lab, endpoint, spent), predicted(inspection[endpoint])
        # Of mfa-oob the oob_code is looked at before the login's end.
        assert answer[2] == "Malformed oob_code" if endpoint == "mfa-oob" else said in (answer, "takes")
        assert said != "takes" or answer[0] == 200
    with pytest.raises(KeyError, match="There is no endpoint 'POST /mfa'"):
        inspection["POST /mfa"]
