"""An exchange gives its fields, says what it lacks, and shows no secret."""

from __future__ import annotations

import pytest

from auth0_mfa_lab import Secret
from auth0_mfa_lab.errors import LabError, MissingField
from tests.mothers import MFA_TOKEN, a_request, an_exchange

REQUIRED = {"error": "mfa_required", "error_description": "Multifactor authentication required", "mfa_token": MFA_TOKEN}


def test_a_403_is_an_exchange_like_any_other() -> None:
    login = an_exchange(403, json=REQUIRED)
    assert login.status == 403
    assert login.error == "mfa_required"
    assert login.error_description == "Multifactor authentication required"
    assert login.outcome == "403 mfa_required"
    assert login["mfa_token"] == MFA_TOKEN
    assert "mfa_token" in login
    assert "access_token" not in login


def test_its_secrets_are_secrets_and_its_other_values_are_not() -> None:
    login = an_exchange(403, json=REQUIRED)
    assert isinstance(login["mfa_token"], Secret)
    assert type(login["error"]) is str
    assert MFA_TOKEN not in repr(login.json)


def test_a_secret_inside_a_longer_value_is_shown_masked() -> None:
    exchange = an_exchange(json={"mfa_token": MFA_TOKEN, "list": [{"note": f"token {MFA_TOKEN}"}]})
    assert repr(exchange["list"]) == "[{'note': token <mfa_token 1>}]"


def test_a_missing_field_says_what_the_answer_has() -> None:
    login = an_exchange(403, json=REQUIRED)
    with pytest.raises(MissingField) as missing:
        login["access_token"]
    assert str(missing.value) == (
        "The answer of exchange 1 (403 mfa_required) has no access_token. It has: error, error_description, mfa_token."
    )
    assert missing.value.exchange is login
    assert isinstance(missing.value, KeyError)
    assert isinstance(missing.value, LabError)


@pytest.mark.parametrize("text", ["", "<html>", "[1]", '"text"', "3", "null"])
def test_an_answer_that_is_no_object_lacks_every_field(text: str) -> None:
    exchange = an_exchange(502, text=text)
    assert exchange.error is None
    assert exchange.outcome == "502 Bad Gateway"
    assert "x" not in exchange
    with pytest.raises(MissingField, match="has no x"):
        exchange["x"]


def test_an_exchange_without_an_answer_says_so() -> None:
    lost = an_exchange(failure="ConnectError")
    assert (lost.status, lost.json, lost.error, lost.outcome) == (None, None, None, "no answer")
    with pytest.raises(MissingField, match="Exchange 1 has no answer, and so no mfa_token: ConnectError"):
        lost["mfa_token"]


@pytest.mark.parametrize("error", [7, None, ["x"], {"a": 1}, ""])
def test_an_error_that_is_no_text_is_none_to_speak_of(error: object) -> None:
    exchange = an_exchange(400, json={"error": error})
    assert exchange.outcome == "400 Bad Request"


def test_a_secret_that_an_error_echoes_is_masked_in_every_sentence_of_the_exchange() -> None:
    exchange = an_exchange(400, json={"error": f"bad {MFA_TOKEN}", "error_description": f"no such {MFA_TOKEN}"})
    assert MFA_TOKEN not in exchange.outcome
    with pytest.raises(MissingField) as missing:
        exchange["access_token"]
    assert MFA_TOKEN not in str(missing.value)


def test_a_key_that_is_a_secret_is_masked_in_the_sentence_about_a_missing_field() -> None:
    exchange = an_exchange(400, json={"mfa_token": MFA_TOKEN, MFA_TOKEN: 1})
    with pytest.raises(MissingField) as missing:
        exchange["access_token"]
    assert MFA_TOKEN not in str(missing.value)


def test_it_is_no_sequence() -> None:
    with pytest.raises(TypeError):
        list(an_exchange(json={"a": 1}))  # type: ignore[call-overload]  # what must fail


def test_the_claims_of_a_jwt_are_read_and_an_opaque_token_has_none() -> None:
    body = {
        "id_token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhdXRoMHwxIn0.c2ln",  # auth0-mfa-lab: allow
        "access_token": "opaque-token-000000000001",
    }
    exchange = an_exchange(json=body)
    assert exchange.claims("id_token") == {"sub": "auth0|1"}
    assert exchange.claims("access_token") is None


def test_a_form_and_a_json_body_are_taken_apart_and_nothing_else_is() -> None:
    assert a_request(form={"a": "1", "b": ""}).raw_data() == {"a": "1", "b": ""}
    assert a_request(json={"a": [1]}).raw_data() == {"a": [1]}
    assert a_request(body=b"\xff").raw_data() is None
    assert a_request(body=b"\xff").text == "\ufffd"


def test_a_request_knows_its_host_and_its_target() -> None:
    request = a_request("GET", "https://localhost:8443/a/b?c=d")
    assert (request.host, request.target) == ("localhost:8443", "/a/b?c=d")


def test_a_message_shows_nothing_of_itself() -> None:
    exchange = an_exchange(403, json=REQUIRED, request=a_request(form={"password": "hunter-number-two"}))
    for message in (exchange.request, exchange.response):
        assert "hunter" not in repr(message)
        assert MFA_TOKEN not in repr(message)


def test_headers_are_found_in_any_case() -> None:
    exchange = an_exchange(headers=[("retry-after", "5")], json={})
    assert exchange.response is not None
    assert exchange.response.header("Retry-After") == "5"
    assert exchange.response.header("missing") is None
