"""What `lab.inspect` predicts of a token is what the reference says and what the sandbox answers, cell by cell."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auth0_mfa_lab import Exchange, Lab
from auth0_mfa_lab.tokens import ENDPOINTS
from tests.sandbox.token_table import ROWS, Row

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
    if kind == "mfa_token":
        return an_mfa_token(lab)
    if kind == "expired mfa_token":
        token = an_mfa_token(lab)
        lab.clock.advance(600)
        return token
    if kind == "foreign mfa_token":
        return an_mfa_token(Lab.sandbox(seed=99))
    if kind.startswith("mfa access token"):
        wanted = {"GET": "read:authenticators", "DEL": "remove:authenticators"}.get(endpoint[:3], "enroll")
        scope = SCOPE.replace(wanted, "").strip() if kind.endswith("without scope") else SCOPE
        return str(granted(lab, audience=lab.mfa_audience, scope=scope)["access_token"])
    if kind == "api access token":
        return str(granted(lab, audience=str(lab.audience))["access_token"])
    field = {"opaque access token": "access_token", "refresh token": "refresh_token"}[kind]
    return str(granted(lab, scope="openid offline_access")[field])


def ask(lab: Lab, endpoint: str, token: str) -> Exchange:
    """Send the token to an endpoint, with nothing else of use beside it."""
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
    return calls[endpoint]()


def test_the_table_has_every_cell_once() -> None:
    cells = [(row.endpoint, row.kind) for row in ROWS]
    assert sorted(cells) == sorted((endpoint, kind) for endpoint in ENDPOINTS for kind in KINDS)
    assert len(KINDS) == 8


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.kind} at {row.endpoint}")
def test_what_is_predicted_is_what_is_answered(row: Row) -> None:
    lab = Lab.sandbox()
    token = token_of(row.kind, row.endpoint, lab)
    inspection = lab.inspect(token)
    verdict = inspection[row.endpoint]
    predicted = "takes" if verdict.takes else (verdict.status, verdict.error, verdict.error_description)
    assert (predicted, verdict.evidence) == (row.expected, row.evidence)
    assert row.kind.startswith(inspection.kind)
    answer = ask(lab, row.endpoint, token)
    answered = (answer.status, answer.error, answer.error_description)
    assert ("takes" if answered not in REFUSED else answered) == row.expected


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_is_said_of_a_token_holds_it(kind: str) -> None:
    lab = Lab.sandbox()
    token = token_of(kind, "POST /mfa/associate", lab)
    inspection = lab.inspect(token)
    for said in (repr(inspection), *inspection._repr_mimebundle_().values()):
        assert token not in said
        assert inspection.kind in said


def test_an_access_token_of_the_mfa_api_is_taken_apart() -> None:
    lab = Lab.sandbox()
    inspection = lab.inspect(token_of("mfa access token", "POST /mfa/associate", lab))
    assert inspection.audience == lab.mfa_audience
    assert inspection.scopes == tuple(SCOPE.split())
    assert inspection.seconds_left == 600
    assert inspection.client_id == lab.client.client_id
    lab.clock.advance(1)
    assert lab.inspect(str(lab.journal[-1]["access_token"])).seconds_left == 599


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_mfa_access_token_that_has_expired_opens_nothing(endpoint: str) -> None:
    lab = Lab.sandbox()
    token = token_of("mfa access token", endpoint, lab)
    lab.clock.advance(600)
    verdict, answer = lab.inspect(token)[endpoint], ask(lab, endpoint, token)
    predicted = (verdict.status, verdict.error, verdict.error_description)
    assert predicted == (answer.status, answer.error, answer.error_description)
    assert predicted in REFUSED


def test_an_mfa_token_counts_down_from_ten_minutes() -> None:
    lab = Lab.sandbox()
    token = an_mfa_token(lab)
    lab.clock.advance(599)
    assert (lab.inspect(token).kind, lab.inspect(token).seconds_left) == ("mfa_token", 1)
    lab.clock.advance(1)
    assert lab.inspect(token).kind == "expired mfa_token"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_mfa_token_that_brought_its_tokens_is_spent(endpoint: str) -> None:
    lab = Lab.sandbox()
    user = lab.user(factors=["otp"])
    token = str(lab.client.password_grant(username=user.username, password=user.password)["mfa_token"])
    lab.client.mfa_otp_grant(mfa_token=token, otp=lab.phone.code())
    inspection = lab.inspect(token)
    assert inspection.kind == "spent mfa_token"
    verdict, answer = inspection[endpoint], ask(lab, endpoint, token)
    if endpoint == "mfa-oob":
        # Its oob_code is looked at before the login's end; a real one of this login would meet that.
        assert answer.error_description == "Malformed oob_code"
    elif verdict.takes:
        assert answer.status == 200
    else:
        assert (verdict.status, verdict.error, verdict.error_description) == (
            answer.status,
            answer.error,
            answer.error_description,
        )


def test_a_token_that_was_pasted_with_blanks_is_the_same() -> None:
    lab = Lab.sandbox()
    assert lab.inspect(f" {an_mfa_token(lab)}\n").kind == "mfa_token"


def test_an_endpoint_that_is_none_is_refused_by_name() -> None:
    lab = Lab.sandbox()
    with pytest.raises(KeyError, match="There is no endpoint 'POST /mfa'"):
        lab.inspect(an_mfa_token(lab))["POST /mfa"]
