"""A journal as a HAR: valid by the fields of HAR 1.2, the same for the same run, and without a secret or a person."""

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
from auth0_mfa_lab.exports.export import KINDS
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.secrets.scan import scan
from auth0_mfa_lab.wire.har import har
from auth0_mfa_lab.wire.journal import Journal, OperationCall
from tests.flows.flows import otp_enrolled, push_allowed
from tests.har_fields import faults
from tests.mothers import MFA_TOKEN, Scripted, a_journal, a_live_lab, a_request, an_exchange, live_settings
from tests.promise import spellings
from tests.serve.test_served_lab import WALKS

Walk = Callable[[Lab], Iterator[object]]


def walked(walk: Walk) -> Lab:
    """Return a lab after a walk."""
    lab = Lab.sandbox(seed=1)
    for _ in walk(lab):
        pass
    return lab


def entries(journal: Journal) -> list[Any]:
    """Return the entries of a HAR that is valid."""
    log = json.loads(har(journal))
    assert faults(log) == []
    return list(log["log"]["entries"])


def leaked(lab: Lab, text: str) -> list[str]:
    """Return the aliases of a lab's secrets that stand in a text, in whichever spelling."""
    secrets = {each.shown: str(each.value) for each in lab.aliases.all() if len(each.value) > 4}
    return [shown for shown, value in secrets.items() if any(each in text for each in spellings(value))]


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__)
def test_a_walk_is_a_valid_har_without_a_secret_and_the_same_each_time(walk: Walk, tmp_path: Path) -> None:
    lab = walked(walk)
    text = har(lab.journal)
    assert faults(json.loads(text)) == []
    assert len(lab.aliases.all()) >= 3
    assert leaked(lab, str(lab.journal[0].request.text)), "this search would see nothing"
    exports = [lab.export(kind).text for kind in KINDS[1:]] + [lab.curl(each).text for each in lab.journal[:3]]
    assert [leaked(lab, each) for each in exports] == [[]] * len(exports)
    assert lab.aliases.mask(text) == text
    assert scan("run.har", text.encode()).finds == ()
    lab.export("har").save(tmp_path / "run.har")
    assert (tmp_path / "run.har").read_text("utf-8") == text == har(walked(walk).journal)


# fmt: off
FAULTS: list[tuple[str, Any, str]] = [
    ("version",                        "1.1",        "log.version is no version"),
    ("entries 0 startedDateTime",      "yesterday",  "startedDateTime is no date"),
    ("entries 0 time",                 7,            "time is not the sum"),
    ("entries 0 request headers",      {},           "headers is no list"),
    ("entries 0 request queryString",  [{"name": "a", "value": ""}], "queryString is not that of its url"),
    ("entries 0 response content size", 1,           "size is not"),
    ("entries 0 speaker",              "app",        "speaker is no field of HAR 1.2"),
]
# fmt: on


@pytest.mark.parametrize(("place", "value", "said"), FAULTS)
def test_the_validator_can_fail(place: str, value: Any, said: str, pushed: Lab) -> None:
    found = deepcopy(json.loads(har(pushed.journal)))
    *way, last = place.split()
    inner = found["log"]
    for step in way:
        inner = inner[int(step) if step.isdigit() else step]
    inner[last] = value
    assert [each for each in faults(found) if said in each]


@pytest.fixture(scope="module")
def pushed() -> Lab:
    """A lab after the walk of a push."""
    return walked(push_allowed)


def test_an_entry_has_who_spoke_in_which_step_and_when_by_the_labs_clock_and_the_remarks() -> None:
    lab = Lab.sandbox(seed=1)
    lab.step("1. log in")
    user = lab.user(factors=["push"])
    login = lab.client.password_grant(username=user.username, password=user.password)
    lab.clock.advance(30)
    lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    lab.phone.allow()
    lab.client.send("POST", "/mfa/associate", bearer="none", json={"authentication_types": ["otp"]})
    first, second, third, last = entries(lab.journal)
    assert [first[name] for name in ("_number", "_speaker", "_step")] == [1, "app", "1. log in"]
    assert third["_speaker"] == "phone"
    assert first["startedDateTime"] == "2027-01-15T08:00:00.000Z"
    assert (second["startedDateTime"], second["_at"]) == ("2027-01-15T08:00:30.000Z", lab.journal[1].at)
    assert last["_notes"] == list(map(str, lab.journal[-1].notes)) != []
    assert entries(a_journal()) == []


def test_a_secret_has_one_stand_in_everywhere_and_what_is_none_is_as_it_was() -> None:
    lab = walked(otp_enrolled)
    made = entries(lab.journal)
    token = json.loads(made[0]["response"]["content"]["text"])["mfa_token"]
    assert token.startswith("Fe26.2*")
    assert {"name": "authorization", "value": f"Bearer {token}"} in made[1]["request"]["headers"]
    for entry, exchange in zip(made, lab.journal, strict=True):
        assert (entry["response"]["status"], entry["request"]["method"]) == (exchange.status, exchange.request.method)
        said = json.loads(entry["response"]["content"]["text"])
        assert isinstance(said, list) or list(said) == list(exchange.json)
        lengths = {each["value"] for each in entry["request"]["headers"] if each["name"] == "content-length"}
        assert lengths <= {str(len(entry["request"].get("postData", {}).get("text", "").encode()))}
    form = made[0]["request"]["postData"]["text"]
    assert not [each for each in ("grant_type=password&", f"client_id={lab.client.client_id}") if each not in form]


def test_an_id_token_keeps_what_it_says_and_is_signed_by_nobody(pushed: Lab) -> None:
    granted = next(each for each in pushed.journal if "id_token" in each)
    recorded = json.loads(entries(pushed.journal)[granted.number - 1]["response"]["content"]["text"])["id_token"]
    assert recorded.split(".")[:2] == str(granted["id_token"]).split(".")[:2]
    keys = KeySet.import_key_set(pushed.client.jwks().json)
    assert jwt.decode(str(granted["id_token"]), keys).claims["iss"] == "https://sandbox.example/"
    with pytest.raises(BadSignatureError):
        jwt.decode(recorded, keys)


def test_a_stand_in_has_the_form_of_its_secret_wherever_it_stands() -> None:
    journal, secret = a_journal(people=True), "s" + "0aB9" * 15
    made = {"client_id": "an-app", "client_secret": secret}
    journal.operations.append(OperationCall(after=0, operation="add_client", arguments={}, result=made))
    an_exchange(journal=journal, request=a_request(json={"otp": 493127, "mfa_token": MFA_TOKEN}))
    an_exchange(journal=journal, request=a_request(form={"username": "+15550134", "password": "correct horse"}))
    an_exchange(
        302,
        journal=journal,
        request=a_request(
            "GET",
            f"https://tenant.example/users/auth0%7C65f1c0ffee65f1c0?mfa_token={MFA_TOKEN}&b=",
            headers=[("cookie", "one=abcdefghijkl; two=2")],
        ),
        headers=[("location", f"https://a.example/?oob_code={MFA_TOKEN}"), ("set-cookie", "did=0123456789ab; Path=/")],
    )
    text = har(journal)
    raw = (secret, "493127", MFA_TOKEN, "15550134", "correct horse", "65f1c0ffee65f1c0", "abcdefghijkl", "0123456789ab")
    assert not [each for each in raw if each in text]
    assert "standin-client-secret-1" in text
    numbered, form, last = entries(journal)
    otp = json.loads(numbered["request"]["postData"]["text"])["otp"]
    assert isinstance(otp, int)
    assert len(str(otp)) == 6
    assert re.fullmatch(r"username=%2B1555\d{7}&password=standin-password-1", form["request"]["postData"]["text"])
    assert re.search(r"/users/auth0%7Cstandin-user-id-1\?", last["request"]["url"])
    query = last["request"]["queryString"]
    assert [each["name"] for each in query] == ["mfa_token", "b"]
    assert query[0]["value"].startswith("Fe26.2*")
    assert [each["name"] for each in last["request"]["cookies"]] == ["one", "two"]
    assert [each["name"] for each in last["response"]["cookies"]] == ["did"]
    assert last["response"]["redirectURL"].startswith("https://a.example/?oob_code=Fe26.2")


def test_a_request_without_an_answer_is_kept_with_its_failure() -> None:
    lab = Lab.live(live_settings(Sandbox()), transport=Scripted(httpx.ConnectError("no route")))
    with pytest.raises(NoAnswer):
        lab.client.openid_configuration()
    (entry,) = entries(lab.journal)
    assert (entry["_failure"], entry["response"]["status"]) == ({"kind": "ConnectError", "said": "no route"}, 0)


@pytest.mark.parametrize("show_people", [False, True])
def test_a_person_is_in_the_har_of_a_live_tenant_only_where_people_may_be_seen(show_people: bool) -> None:
    box = Sandbox(domain="tenant.example", seed=4)
    lab = a_live_lab(box, show_people=show_people)
    user, who = lab.user(), box.defaults
    login = lab.client.password_grant(username=user.username, password=user.password, scope="openid profile email")
    lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    text = har(lab.journal)
    person = [who.username, who.phone_number, who.email, *box.tenant.users]
    spelled = {each for value in person for each in spellings(str(value))}
    claims = [base64.urlsafe_b64decode(each + "===") for each in re.findall(r"eyJ[\w-]+\.(eyJ[\w-]+)\.", text)]
    there = [each for each in spelled if each in text or any(each.encode() in claim for claim in claims)]
    assert bool(there) is show_people
    assert (leaked(lab, text), faults(json.loads(text))) == ([], [])
    assert who.password not in text
