"""An exchange gives its fields, says what it lacks, and shows no secret."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest

from auth0_mfa_lab import Exchange, Secret
from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.wire.exchange import MissingField, NoAnswer
from tests.mothers import MFA_TOKEN, a_journal, a_request, an_exchange

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


# -- what is cut from an exchange


def a_leaky_exchange() -> Exchange:
    url = f"https://tenant.example/a/{MFA_TOKEN}?mfa_token={MFA_TOKEN}&x=1"
    request = a_request(url=url, json={"mfa_token": MFA_TOKEN, MFA_TOKEN: [MFA_TOKEN]})
    return an_exchange(403, json={**REQUIRED, MFA_TOKEN: {"deep": MFA_TOKEN}}, request=request)


@pytest.mark.parametrize(
    "cut",
    [
        lambda each: each.request.target,
        lambda each: each.request.target.split("/"),
        lambda each: each.request.url.partition("?"),
        lambda each: list(each.request.url),
        lambda each: each.request.raw_data(),
        lambda each: each.response.raw_data(),
        lambda each: each.response.raw_data().keys(),
        lambda each: each.response.body.decode(),
        lambda each: each.response.body[40:],
        lambda each: each.response.text.splitlines(),
        lambda each: each.json,
        lambda each: list(each.json),
        lambda each: vars(each),
    ],
)
def test_what_is_cut_from_an_exchange_hides_its_secrets(cut: Callable[[Exchange], object]) -> None:
    assert "Fe26" not in repr(cut(a_leaky_exchange()))
    assert "sealed" not in repr(cut(a_leaky_exchange()))
    assert "c2VhbGVk" not in repr(cut(a_leaky_exchange()))


def test_a_target_without_a_secret_is_a_plain_text() -> None:
    request = an_exchange(request=a_request("GET", "https://tenant.example/a?b=c#d")).request
    assert (type(request.target), request.target) == (str, "/a?b=c")


def test_a_secret_in_the_host_is_shown_nowhere() -> None:
    journal = a_journal()
    journal.aliases.learn("password", "hunter-number-two")
    lost = an_exchange(failure="ConnectError", request=a_request(url="https://hunter-number-two/x"), journal=journal)
    said = f"{lost!r} {lost.request.host!r} {NoAnswer(lost)} {lost._repr_mimebundle_()}"
    assert "hunter" not in said
    assert "app → <password 1>" in said


def test_a_message_is_not_carried_away() -> None:
    exchange = an_exchange(403, json={"ok": True})
    for carry in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            carry(exchange.response)


def test_a_title_a_note_and_a_reason_that_hold_a_secret_hide_it() -> None:
    journal = a_journal()
    journal.step(f"with {MFA_TOKEN}")
    exchange = an_exchange(json={"mfa_token": MFA_TOKEN}, notes=(f"not {MFA_TOKEN}",), journal=journal)
    journal.step(f"again {MFA_TOKEN}")
    said = f"{exchange.step!r} {exchange.notes!r} {journal.title!r} {exchange!r} {exchange._repr_mimebundle_()}"
    assert "Fe26" not in said
    assert "not <mfa_token 1>" in said


@pytest.mark.parametrize("depth", [59, 61, 700])
def test_a_deep_answer_is_kept_and_shown(depth: int) -> None:
    text = "[" * depth + '{"password": "hunter-number-two"}' + "]" * depth
    exchange = an_exchange(text=text, headers=[("content-type", "application/json")])
    assert "hunter" not in f"{exchange!r} {exchange.json!r} {exchange._repr_mimebundle_()}"


def test_the_first_of_two_members_of_one_name_is_hidden_in_the_body_as_sent() -> None:
    exchange = an_exchange(text='{"password": "hunter-number-two", "password": "x-number-three"}')
    assert "hunter" not in exchange._repr_mimebundle_()["text/html"]
