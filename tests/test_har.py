"""A journal as a HAR: valid by the fields of HAR 1.2, the same for the same run, and without a secret."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from auth0_mfa_lab import Lab, NoAnswer
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.secrets.scan import scan
from auth0_mfa_lab.wire.har import har
from auth0_mfa_lab.wire.journal import Journal, OperationCall
from tests.har_fields import faults
from tests.mothers import MFA_TOKEN, Scripted, a_journal, a_live_lab, a_request, an_exchange, live_settings
from tests.promise import spellings
from tests.serve.test_served_lab import WALKS, codes, management, push

Walk = Callable[[Lab], Iterator[object]]


def walked(walk: Walk, lab: Lab | None = None) -> Lab:
    """Return a lab after a walk."""
    lab = lab or Lab.sandbox(seed=1)
    for _ in walk(lab):
        pass
    return lab


def har_log(journal: Journal) -> Any:
    return json.loads(har(journal))


def entries(lab: Lab) -> list[Any]:
    return list(har_log(lab.journal)["log"]["entries"])


def leaked(lab: Lab, text: str) -> list[str]:
    """Return the aliases of a lab's secrets that stand in a text, in whichever spelling."""
    secrets = {each.shown: str(each.value) for each in lab.aliases.all() if each.value.strip()}
    return [shown for shown, value in secrets.items() if any(each in text for each in spellings(value))]


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__)
def test_a_walk_is_a_valid_har_without_a_secret(walk: Walk) -> None:
    lab = walked(walk)
    text = har(lab.journal)
    assert faults(json.loads(text)) == []
    assert len(lab.aliases.all()) >= 3
    assert leaked(lab, text) == []
    assert lab.aliases.mask(text) == text


def test_the_search_for_secrets_can_fail() -> None:
    lab = walked(codes)
    assert leaked(lab, str(lab.journal[0].request.text))


def test_the_door_of_the_lab_gives_the_same_text_and_saves_it(tmp_path: Path) -> None:
    lab = walked(codes)
    lab.export("har").save(tmp_path / "run.har")
    assert (tmp_path / "run.har").read_text("utf-8") == har(lab.journal)


def test_two_runs_of_one_seed_give_one_text() -> None:
    assert har(walked(push).journal) == har(walked(push).journal)


def test_an_empty_journal_is_a_valid_har() -> None:
    assert faults(har_log(a_journal())) == []


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("version",), "1.1", "log.version is no version"),
        (("creator", "version"), None, "log.creator.version is missing"),
        (("entries", 0, "startedDateTime"), "yesterday", "startedDateTime is no date"),
        (("entries", 0, "time"), 7, "time is not the sum"),
        (("entries", 0, "cache"), None, "entries[0].cache is missing"),
        (("entries", 0, "timings", "wait"), None, "timings.wait is missing"),
        (("entries", 0, "request", "url"), "/oauth/token", "url is no absolute"),
        (("entries", 0, "request", "headers"), {}, "headers is no list"),
        (("entries", 0, "request", "bodySize"), 1, "bodySize is 1"),
        (("entries", 0, "request", "queryString"), [{"name": "a", "value": ""}], "queryString is not that of its url"),
        (("entries", 0, "request", "postData", "mimeType"), None, "mimeType is missing"),
        (("entries", 0, "response", "status"), "403", "status is no size"),
        (("entries", 0, "response", "content", "size"), 1, "size is not"),
        (("entries", 0, "response", "redirectURL"), None, "redirectURL is missing"),
        (("entries", 0, "speaker"), "app", "speaker is no field of HAR 1.2"),
    ],
)
def test_the_validator_can_fail(place: tuple[str | int, ...], value: Any, said: str) -> None:
    found = deepcopy(json.loads(har(walked(codes).journal)))
    inner = found["log"]
    for step in place[:-1]:
        inner = inner[step]
    if value is None:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    assert [each for each in faults(found) if said in each]


def test_an_entry_has_who_spoke_in_which_step_and_when_by_the_labs_clock() -> None:
    lab = Lab.sandbox(seed=1)
    lab.step("1. log in")
    user = lab.user(factors=["push"])
    login = lab.client.password_grant(username=user.username, password=user.password)
    lab.clock.advance(30)
    lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    lab.phone.allow()
    first, second, third = entries(lab)
    assert (first["_number"], first["_speaker"], first["_step"]) == (1, "app", "1. log in")
    assert third["_speaker"] == "phone"
    assert first["startedDateTime"] == "2027-01-15T08:00:00.000Z"
    assert second["startedDateTime"] == "2027-01-15T08:00:30.000Z"
    assert second["_at"] == lab.journal[1].at


def test_the_remarks_of_the_sandbox_are_kept_beside_the_message() -> None:
    lab = Lab.sandbox(seed=1)
    lab.client.send("POST", "/mfa/associate", bearer="none", json={"authentication_types": ["otp"]})
    (entry,) = entries(lab)
    assert entry["_notes"] == list(map(str, lab.journal[0].notes)) != []
    assert faults(har_log(lab.journal)) == []


def test_the_same_secret_has_the_same_stand_in_wherever_it_stands() -> None:
    first, second = entries(walked(codes))[:2]
    token = json.loads(first["response"]["content"]["text"])["mfa_token"]
    bearer = next(each["value"] for each in second["request"]["headers"] if each["name"] == "authorization")
    assert bearer == f"Bearer {token}"
    assert token.startswith("Fe26.2*")


def test_what_is_no_secret_is_as_it_was() -> None:
    lab = walked(codes)
    for entry, exchange in zip(entries(lab), lab.journal, strict=True):
        assert entry["response"]["status"] == exchange.status
        assert entry["request"]["method"] == exchange.request.method
        body = json.loads(entry["response"]["content"]["text"])
        assert isinstance(exchange.json, dict | list)
        assert list(body) == list(exchange.json) or isinstance(body, list)
    form = entries(lab)[0]["request"]["postData"]["text"]
    assert "grant_type=password&" in form
    assert f"client_id={lab.client.client_id}" in form


def test_an_id_token_keeps_what_it_says_and_is_signed_by_nobody() -> None:
    lab = walked(push)
    keys = lab.client.jwks().json
    granted = next(each for each in lab.journal if "id_token" in each)
    recorded = json.loads(entries(lab)[granted.number - 1]["response"]["content"]["text"])["id_token"]
    assert recorded.split(".")[:2] == str(granted["id_token"]).split(".")[:2]
    assert jwt.decode(str(granted["id_token"]), KeySet.import_key_set(keys)).claims["iss"] == "https://sandbox.example/"
    with pytest.raises(BadSignatureError):
        jwt.decode(recorded, KeySet.import_key_set(keys))


def test_the_secret_of_an_application_that_was_added_has_a_stand_in() -> None:
    journal, secret = a_journal(), "s" + "0aB9" * 15
    made = {"client_id": "an-app", "client_secret": secret}
    journal.operations.append(OperationCall(after=0, operation="add_client", arguments={}, result=made))
    text = har(journal)
    assert secret not in text
    assert "standin-client-secret-1" in text


def test_a_content_length_is_that_of_the_body_with_its_stand_ins() -> None:
    for entry in entries(walked(codes)):
        lengths = {each["value"] for each in entry["request"]["headers"] if each["name"] == "content-length"}
        assert lengths <= {str(len(entry["request"].get("postData", {}).get("text", "").encode()))}


def test_a_number_that_is_a_code_stays_a_number() -> None:
    journal = a_journal()
    # auth0-mfa-lab: allow
    an_exchange(journal=journal, request=a_request(json={"otp": 493127, "mfa_token": MFA_TOKEN}))
    body = json.loads(har_log(journal)["log"]["entries"][0]["request"]["postData"]["text"])
    assert isinstance(body["otp"], int)
    assert 100_000 <= body["otp"] < 1_000_000
    assert body["otp"] != 493127


def test_a_stand_in_in_a_form_or_a_url_is_escaped_as_the_secret_was() -> None:
    journal = a_journal(people=True)
    form = {"username": "+15550134", "password": "correct horse"}
    an_exchange(journal=journal, request=a_request(form=form))
    request = har_log(journal)["log"]["entries"][0]["request"]
    assert re.fullmatch(r"username=%2B1555\d{7}&password=standin-password-1", request["postData"]["text"])
    an_exchange(
        journal=journal,
        request=a_request("GET", "https://tenant.example/api/v2/users/auth0%7C65f1c0ffee65f1c0ffee65f1"),
    )
    assert re.search(r"/users/auth0%7Cstandin-user-id-1$", har_log(journal)["log"]["entries"][1]["request"]["url"])


def test_a_query_and_a_cookie_and_a_location_are_taken_apart() -> None:
    journal = a_journal()
    an_exchange(
        302,
        journal=journal,
        request=a_request(
            "GET", f"https://tenant.example/a?mfa_token={MFA_TOKEN}&b=", headers=[("cookie", "one=abcdefghijkl; two=2")]
        ),
        headers=[
            ("location", f"https://app.example/?oob_code={MFA_TOKEN}"),
            ("set-cookie", "did=0123456789ab; Path=/"),
        ],
    )
    found = har_log(journal)
    assert faults(found) == []
    entry = found["log"]["entries"][0]
    assert [each["name"] for each in entry["request"]["queryString"]] == ["mfa_token", "b"]
    assert entry["request"]["queryString"][0]["value"].startswith("Fe26.2*")
    assert [each["name"] for each in entry["request"]["cookies"]] == ["one", "two"]
    assert [each["name"] for each in entry["response"]["cookies"]] == ["did"]
    assert entry["response"]["redirectURL"].startswith("https://app.example/?oob_code=Fe26.2")
    assert not any(secret in json.dumps(found) for secret in (MFA_TOKEN, "abcdefghijkl", "0123456789ab"))


def test_a_request_without_an_answer_is_kept_with_its_failure() -> None:
    lab = Lab.live(live_settings(Sandbox()), transport=Scripted(httpx.ConnectError("no route")))
    with pytest.raises(NoAnswer):
        lab.client.openid_configuration()
    found = json.loads(har(lab.journal))
    assert faults(found) == []
    assert found["log"]["entries"][0]["_failure"] == {"kind": "ConnectError", "said": "no route"}
    assert found["log"]["entries"][0]["response"]["status"] == 0


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__)
def test_the_scanner_finds_nothing_in_it(walk: Walk) -> None:
    assert scan("run.har", har(walked(walk).journal).encode()).finds == ()


# -- people


def test_nobody_is_named_in_the_har_of_a_live_tenant() -> None:
    box = Sandbox(domain="tenant.example", seed=4)
    lab = a_live_lab(box)
    user = lab.user()
    login = lab.client.password_grant(username=user.username, password=user.password, scope="openid profile email")
    lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    text = har(lab.journal)
    who = box.defaults
    person = [who.username, who.phone_number, who.email, who.password, *(user for user in box.tenant.users)]
    spelled = {each for value in person for each in spellings(str(value))}
    assert not [each for each in spelled if each in text]
    assert leaked(lab, text) == []
    claims = [base64.urlsafe_b64decode(each + "===") for each in re.findall(r"eyJ[\w-]+\.(eyJ[\w-]+)\.", text)]
    assert not [each for each in claims if any(value.encode() in each for value in spelled)]
    assert faults(json.loads(text)) == []


def test_the_management_api_shows_no_secret_of_an_application() -> None:
    lab = walked(management)
    defaults = Sandbox(seed=1).defaults
    text = har(lab.journal)
    assert defaults.mgmt_client_secret not in text
    assert defaults.client_secret not in text
