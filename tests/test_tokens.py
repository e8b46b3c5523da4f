"""What `lab.inspect` predicts of a token is what the reference says and what the sandbox answers, cell by cell."""

from typing import Any

import pytest

from auth0_mfa_lab import Client, Exchange, Lab
from auth0_mfa_lab.tokens import ENDPOINTS, Verdict
from tests.flows.flows import log_in
from tests.mothers import enrolling
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


def told(lab: Lab, token: str) -> tuple[str, str]:
    """Return what a token is, and how well that is known of each endpoint, which answers as it says."""
    inspection = lab.inspect(token)
    for each in inspection.verdicts:
        answer, said = answered(lab, each.endpoint, token), predicted(each)
        # The oob_code is looked at before the login's end.
        is_elsewhere = each.endpoint == "mfa-oob" and answer[2] == "Malformed oob_code"
        assert said == answer or (said, answer[0]) == ("takes", 200) or is_elsewhere
    return inspection.kind, " ".join(each.evidence for each in inspection.verdicts)


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
    assert told(lab, token) == ("expired mfa access token", "test test test guess guess test doc")
    lab.clock.advance(9)
    assert "\n  life left  0 s\n" in repr(lab.inspect(token))
    granted(lab)
    spent = str(next(each for each in reversed(lab.journal) if "mfa_token" in each)["mfa_token"])
    assert told(lab, spent) == ("spent mfa_token", "guess test guess guess guess guess doc")
    with pytest.raises(KeyError, match=r"no endpoint 'POST /mfa' here\. There are: GET /mfa/authenticators, POST"):
        inspection["POST /mfa"]


def test_a_token_of_another_application_is_told_by_who_asked_for_it() -> None:
    lab = Lab.sandbox()
    known, http = lab._sandbox.defaults, lab._http("app")  # type: ignore[union-attr]  # it is a sandbox's
    lab.client = Client(
        http, authentication="client_secret_basic", client_id=known.client_id, client_secret=known.client_secret
    )
    token = an_mfa_token(lab)
    assert lab.inspect(token).kind == "mfa_token"
    lab.client = Client(http, client_id=known.public_client_id)
    assert told(lab, token) == ("mfa_token of another application", "guess guess forum forum forum forum doc")


def test_what_the_mfa_api_takes_nowhere_is_named_by_its_shape() -> None:
    lab = Lab.sandbox()
    _, begun = enrolling(lab)
    tokens = str(begun["oob_code"]), str(granted(lab, scope="openid")["id_token"]), "v1.of-elsewhere", "of-elsewhere"
    assert [f"{each.kind}, {each.shape}: {each.shown}" for each in map(lab.inspect, tokens)] == [
        "oob_code, sealed: <oob_code 1>",
        "id_token, JWT: <id_token 1>",
        "refresh token, opaque: this token",
        "unknown, opaque: this token",
    ]
