"""A run as a HAR: valid, without a secret or a person, and answered again from its file with the same text."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # nbformat brings it, without types

from auth0_mfa_lab import Lab, LabError, NoAnswer, State
from auth0_mfa_lab.errors import ControlRefused
from auth0_mfa_lab.live.drift.drift import drift_of
from auth0_mfa_lab.sandbox import Sandbox, WallClock
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.secrets.scan import scan
from auth0_mfa_lab.wire.exchange import Failure
from auth0_mfa_lab.wire.har import har, read_har
from auth0_mfa_lab.wire.journal import Journal
from tests.flows.flows import Flow, challenged, log_in, otp_enrolled
from tests.mothers import (
    MFA_TOKEN,
    NOW,
    Scripted,
    a_journal,
    a_live_lab,
    a_phone_of,
    a_real_clock,
    a_request,
    an_exchange,
    live_settings,
    rows,
)
from tests.promise import spellings
from tests.serve.test_served_lab import WALKS, settings_of, shown, told
from tests.test_lab import run_cells

# -- what HAR 1.2 asks for

KINDS: Mapping[str, Mapping[str, Any]] = {
    "text": {"type": "string"},
    "number": {"type": "number", "minimum": -1},
    "size": {"type": "integer", "minimum": -1},
    "flag": {"type": "boolean"},
    "date": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"},
    "absolute": {"type": "string", "pattern": r"^\w+://[^/]+"},
    "version": {"const": "1.2"},
    "protocol": {"enum": ["HTTP/1.1", ""]},
}
# The fields of each object: one with `?` may be absent (a comment always may), one with [] is a list of what it names.
FIELDS: Mapping[str, str] = {
    "har": "log:log",
    "log": "version:version creator:creator entries:entry[]",
    "creator": "name:text version:text",
    "entry": "pageref?:text startedDateTime:date time:number request:request response:response cache:cache "
    "timings:timings serverIPAddress?:text connection?:text",
    "request": "method:text url:absolute httpVersion:protocol cookies:cookie[] headers:pair[] queryString:pair[] "
    "postData?:postData headersSize:size bodySize:size",
    "response": "status:size statusText:text httpVersion:protocol cookies:cookie[] headers:pair[] content:content "
    "redirectURL:text headersSize:size bodySize:size",
    "cookie": "name:text value:text path?:text domain?:text expires?:date httpOnly?:flag secure?:flag",
    "pair": "name:text value:text",
    "postData": "mimeType:text params:param[] text:text",
    "param": "name:text value?:text fileName?:text contentType?:text",
    "content": "size:size compression?:size mimeType:text text?:text encoding?:text",
    "cache": "",
    "timings": "blocked?:number dns?:number connect?:number send:number wait:number receive:number ssl?:number",
}


def schema(kind: str) -> Mapping[str, Any]:
    """Return the JSON schema of one kind; a field of our own begins with an underscore."""
    if kind.endswith("[]"):
        return {"type": "array", "items": schema(kind.removesuffix("[]"))}
    if kind in KINDS:
        return KINDS[kind]
    fields = dict(each.split(":") for each in f"{FIELDS[kind]} comment?:text".split())
    return {
        "type": "object",
        "properties": {name.removesuffix("?"): schema(each) for name, each in fields.items()},
        "required": [name for name in fields if not name.endswith("?")],
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


VALIDATOR = Draft202012Validator(schema("har"))


def entries(journal: Journal) -> list[Any]:
    """Return the entries of a journal's HAR, which is valid, and whose fields agree with each other."""
    log = json.loads(har(journal))
    assert [f"{each.json_path}: {each.message}" for each in VALIDATOR.iter_errors(log)] == []
    for entry in log["log"]["entries"]:
        request, response = entry["request"], entry["response"]
        assert request["bodySize"] == len(request.get("postData", {}).get("text", "").encode())
        assert response["content"]["size"] == len(response["content"].get("text", "").encode())
        assert bool(urlsplit(request["url"]).query) == bool(request["queryString"])
        lengths = {each["value"] for each in request["headers"] if each["name"] == "content-length"}
        assert lengths <= {str(request["bodySize"])}
        assert entry["time"] == sum(entry["timings"].values())
    return list(log["log"]["entries"])


def test_the_validator_can_fail() -> None:
    log = {"version": "1.1", "creator": {"name": "x"}, "entries": {}, "speaker": "app"}
    assert len(list(VALIDATOR.iter_errors({"log": log}))) == 4


# -- what is in the file


def leaked(lab: Lab, text: str) -> list[str]:
    """Return the aliases of a lab's secrets that stand in a text, in whichever spelling."""
    secrets = {each.shown: str(each.value) for each in lab.aliases.all() if len(each.value) > 4}
    return [name for name, value in secrets.items() if any(each in text for each in spellings(value))]


def recorded(lab: Lab, folder: Path) -> Path:
    """Save what a lab has recorded."""
    file = folder / "run.har"
    lab.export("har").save(file)
    return file


def _written(file: Path, content: Any) -> Path:
    file.write_text(json.dumps(content), "utf-8")
    return file


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__)
def test_a_run_is_a_valid_har_without_a_secret_and_its_replay_prints_and_exports_the_same(
    walk: Flow, tmp_path: Path
) -> None:
    lab = Lab.sandbox(seed=1)
    printed = told(lab, walk)
    assert entries(lab.journal)
    file = recorded(lab, tmp_path)
    text = file.read_text("utf-8")
    assert leaked(lab, str(lab.journal[0].request.text)), "this search would see nothing"
    assert (leaked(lab, text), scan("run.har", text.encode()).finds) == ([], ())
    assert lab.aliases.mask(text) == text
    replay = Lab.replay(file)
    again = told(replay, walk)
    # The first is the lab itself: it says that it is no tenant.
    assert again[1:] == printed[1:]
    assert again[0].startswith("Lab on the recording run.har of the sandbox tenant sandbox.example (profile docs)")
    assert har(replay.journal) == text
    # An earlier version looked at the phone when it answered, and not before.
    old = json.loads(text)
    beside = old["log"]["_auth0_mfa_lab"]
    beside["operations"] = [each for each in beside["operations"] if "after" not in each["arguments"]]
    old_text = json.dumps(old, ensure_ascii=False, indent=2) + "\n"
    file.write_text(old_text, "utf-8")
    replay = Lab.replay(file)
    told(replay, walk)
    assert har(replay.journal) == old_text
    if walk is otp_enrolled:
        file.write_text(text.replace("403", "402"), "utf-8")
        assert told(Lab.replay(file), walk)[1:] != printed[1:]


def test_an_entry_says_who_spoke_when_and_in_which_step_with_one_stand_in_for_each_secret() -> None:
    lab = Lab.sandbox(seed=1)
    lab.step("1. log in")
    user = lab.user(factors=["push"])
    login = log_in(lab, user, scope="openid")
    lab.clock.advance(30)
    lab.client.mfa_authenticators(login["mfa_token"])
    asked = challenged(lab, login)
    lab.phone.allow()
    granted = lab.client.mfa_oob_grant(**asked)
    lab.client.send("POST", "/mfa/associate", bearer="none", json={"authentication_types": ["otp"]})
    log = json.loads(har(lab.journal))["log"]
    assert log["comment"] == "Every secret is a stand-in of the same shape; the tokens' signatures sign nothing."
    first, second, _, fourth, fifth, last = entries(lab.journal)
    assert [first[name] for name in ("_number", "_speaker", "_step")] == [1, "app", "1. log in"]
    assert fourth["_speaker"] == "phone"
    assert first["startedDateTime"] == "2027-01-15T08:00:00.000Z"
    assert (second["startedDateTime"], second["_at"]) == ("2027-01-15T08:00:30.000Z", lab.journal[1].at)
    assert last["_notes"] == list(map(str, lab.journal[-1].notes)) != []
    # A secret has one stand-in everywhere; an id_token keeps what it says, and nobody has signed it.
    token, id_token = (
        json.loads(each["response"]["content"]["text"])[name]
        for each, name in ((first, "mfa_token"), (fifth, "id_token"))
    )
    assert token.startswith("Fe26.2*")
    assert {"name": "authorization", "value": f"Bearer {token}"} in second["request"]["headers"]
    assert id_token.split(".") == [*str(granted["id_token"]).split(".")[:2], "standin-id-token-1"]


def test_a_stand_in_has_the_form_of_its_secret_wherever_it_stands() -> None:
    journal = a_journal(people=True)
    an_exchange(journal=journal, request=a_request(json={"otp": 493127, "mfa_token": MFA_TOKEN}))
    an_exchange(journal=journal, request=a_request(form={"username": "+15550134", "password": "correct horse"}))
    url = f"https://tenant.example/users/auth0%7C65f1c0ffee65f1c0?mfa_token={MFA_TOKEN}&b="
    an_exchange(
        302,
        journal=journal,
        request=a_request("GET", url, headers=[("cookie", "one=abcdefghijkl; two=2")]),
        headers=[("location", f"https://a.example/?oob_code={MFA_TOKEN}"), ("set-cookie", "did=0123456789ab; Path=/")],
    )
    text = har(journal)
    raw = ("493127", MFA_TOKEN, "15550134", "correct horse", "65f1c0ffee65f1c0", "abcdefghijkl", "0123456789ab")
    assert not [each for each in raw if each in text]
    last = entries(journal)[-1]
    assert re.search(r"/users/auth0%7Cstandin-user-id-1\?mfa_token=Fe26\.2%2A[^&]+&b=$", last["request"]["url"])
    assert [each["name"] for each in last["request"]["queryString"]] == ["mfa_token", "b"]
    cookies = [[each["name"] for each in last[side]["cookies"]] for side in ("request", "response")]
    assert cookies == [["one", "two"], ["did"]]
    assert last["response"]["redirectURL"].startswith("https://a.example/?oob_code=Fe26.2")


def test_what_an_operation_brought_is_a_stand_in_of_its_kind() -> None:
    lab = Lab.sandbox(seed=1)
    user = lab.user(factors=["push"])
    lab.client.passwordless_start(connection="email", email=user.email, send="link")
    lab.inbox.latest(str(user.email), purpose="passwordless")
    beside = json.dumps(json.loads(har(lab.journal))["log"]["_auth0_mfa_lab"]["operations"])
    assert " ".join(re.findall(r"standin-([a-z-]+)-1(?!.*standin-\1-1)", beside)) == (
        "identifier push-token password recovery-code enrollment-tx-id device-account-token link"
    )
    assert re.search(r'"secret": "STANDIN[A-Z2-7]{25}"', beside)


# -- the same text again


def test_a_served_run_is_replayed_when_the_server_has_gone_and_its_messages_in_any_order(tmp_path: Path) -> None:
    def walk(lab: Lab, *purposes: str) -> list[str]:
        user = lab.user(factors=["sms"])
        number = str(user.phone_number)
        challenged(lab, log_in(lab, user))
        lab.client.passwordless_start(connection="sms", phone_number=number, send="code")
        return sorted(repr(lab.inbox.latest(number, purpose=each)) for each in purposes)

    with Server(Sandbox(seed=1, clock=WallClock()), tls=False) as server:
        lab = Lab.served(settings_of(server, tmp_path))
        lab.clock.advance(12.5)
        printed, file = walk(lab, "mfa", "passwordless"), recorded(lab, tmp_path)
    replay = Lab.replay(file)
    assert repr(replay.clock.advance(12.5)) == "The sandbox's clock moved 12.5 s forward."
    assert (walk(replay, "passwordless", "mfa"), server.token in file.read_text("utf-8")) == (printed, False)
    assert "standin" not in repr([vars(replay), replay.journal.operations, list(replay.journal.operations)])


def test_a_lost_connection_is_lost_again_and_a_packed_answer_is_replayed_unpacked(tmp_path: Path) -> None:
    keys = httpx.Response(200, json={"keys": []})
    lab = Lab.live(live_settings(Sandbox()), transport=Scripted(keys, httpx.ReadTimeout("too late")))
    lab.client.jwks()
    with pytest.raises(NoAnswer):
        lab.client.jwks()
    made = entries(lab.journal)
    assert (made[1]["_failure"], made[1]["response"]["status"]) == ({"kind": "ReadTimeout", "said": "too late"}, 0)
    found = json.loads(har(lab.journal))
    found["log"]["entries"][0]["response"]["headers"].append({"name": "content-encoding", "value": "gzip"})
    replay = Lab.replay(_written(tmp_path / "run.har", found))
    answer = replay.client.jwks()
    assert answer.json == {"keys": []}
    assert answer.response
    assert answer.response.header("content-encoding") == "gzip"
    with pytest.raises(NoAnswer, match="ReadTimeout"):
        replay.client.jwks()
    assert repr(replay.journal[1]) == repr(lab.journal[1])


def test_a_live_run_is_replayed_without_the_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Sandbox(domain="tenant.example", seed=4)
    typed = iter(["493127", "718234"])
    monkeypatch.setattr("auth0_mfa_lab.lab.RealClock", lambda: a_real_clock(box))
    monkeypatch.setattr("auth0_mfa_lab.tenants.phone.ask_hidden", lambda _: next(typed))

    def walk(lab: Lab, on_the_phone: Callable[[str], object]) -> Iterator[object]:
        user = lab.user()
        login = log_in(lab, user, scope="openid email")
        begun = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
        on_the_phone(str(begun["barcode_uri"]))
        run = lab.poll(mfa_token=login["mfa_token"], oob_code=begun["oob_code"])
        assert run.exchange is not None
        yield from (user, run, lab.client.userinfo(run.exchange["access_token"]))
        yield lab.client.mfa_otp_grant(mfa_token="no-such-mfa-token", otp=lab.phone.code())
        yield lab.inbox.latest("+15550100", purpose="mfa")
        yield from (lab.phone.scan(begun["barcode_uri"]), lab.clock.advance(30), lab.claim("it holds", True))
        yield from (lab.journal, lab.diagram())

    lab = a_live_lab(box)
    printed = list(map(shown, walk(lab, a_phone_of(box).scan)))
    text, who = (file := recorded(lab, tmp_path)).read_text("utf-8"), box.defaults
    person = [each for value in (who.username, who.phone_number, who.email, who.user_id) for each in spellings(value)]
    assert [each for each in (*person, "493127", "718234") if each in text] == leaked(lab, text) == []
    replay = Lab.replay(file)
    assert repr(replay) == "Lab on the recording run.har of the live tenant tenant.example: nothing is sent anywhere."
    assert list(map(shown, walk(replay, lambda _: None))) == printed
    assert har(replay.journal) == text
    assert str(replay.settings.username).startswith("standin-")


def test_what_the_tenant_refused_is_refused_again(tmp_path: Path) -> None:
    def play(lab: Lab) -> Lab:
        user = lab.user()
        lab.client.password_grant(username=user.username, password=user.password)
        with pytest.raises(ControlRefused, match=r"^There is no user someone@example\.com\.$"):
            lab.limits(replace(user, username="someone@example.com"))
        return lab

    play(Lab.replay(recorded(play(Lab.sandbox()), tmp_path)))


# -- a request that is another one


CELLS = """
challenge(mfa_token='of-another', challenge_type='otp') | POST /mfa/challenge was sent, and exchange 1 of run.har, \
which comes next, is POST /oauth/token. Nearest to it is exchange 2, which comes later: challenge_type is otp, and was \
oob.
lab.user(factors=['otp']) | run.har has no further user with these factors: record the run again with this step in it.
user = lab.user(factors=['push']) |
lab.user(factors=['push']) | run.har has no further user with these factors: record the run again with this \
step in it.
lab.inbox.latest('+15550100') | run.har has no message to this address here: it has those that the recorded run read \
with lab.inbox.latest(...).
lab.limits(user) | run.har has no limits of this user here: record the run again with this step in it.
lab.tenant.profile | run.har has no settings of the tenant: record the run again with this step in it.
client.password_grant(username=user.username, password='wrong-one') | POST /oauth/token is not exchange 1 of run.har \
(POST /oauth/token), which comes next: password is <another password>, and was <password 1>.
login = log_in(lab, user); token = login['mfa_token'] |
log_in(lab, user) | POST /oauth/token was sent, and exchange 2 of run.har, which comes next, is POST /mfa/challenge. \
Nearest to it is exchange 1, which has been answered already: they are equal, but it is not its turn.
lab.phone.allow() | No push waits on this phone. Send one with /mfa/challenge; it can be answered for 5 minutes.
challenge(mfa_token=token, challenge_type='otp') | POST /mfa/challenge is not exchange 2 of run.har (POST \
/mfa/challenge), which comes next: challenge_type is otp, and was oob.
challenge(mfa_token=token, challenge_type='oob', authenticator_id='dev_1') | POST /mfa/challenge is not exchange 2 of \
run.har (POST /mfa/challenge), which comes next: authenticator_id is dev_1, and was not sent when it was recorded.
challenge(mfa_token=token) | POST /mfa/challenge is not exchange 2 of run.har (POST /mfa/challenge), which comes next: \
challenge_type is missing, and was oob.
challenge(mfa_token='wrong-one' * 99) | POST /mfa/challenge is not exchange 2 of run.har (POST /mfa/challenge), which \
comes next: mfa_token is <another mfa_token>, and was <mfa_token 1>; challenge_type is missing, and was oob.
asked = challenge(mfa_token=token, challenge_type='oob'); code = asked['oob_code'] |
client.mfa_oob_grant(mfa_token=token, oob_code=code) | POST /oauth/token was sent, and exchange 3 of run.har is the \
phone's (POST /appliance-mfa/api/resolve-transaction): let lab.phone do what it did there first.
lab.phone.reject() | POST /appliance-mfa/api/resolve-transaction is not exchange 3 of run.har (POST \
/appliance-mfa/api/resolve-transaction), which comes next: accepted is false, and was true.
lab.phone.allow() |
lab.phone.allow() | No push waits on this phone. Send one with /mfa/challenge; it can be answered for 5 minutes.
challenge(mfa_token=token, challenge_type='oob') | POST /mfa/challenge was sent, and exchange 4 of run.har, which \
comes next, is POST /oauth/token. Nearest to it is exchange 2, which has been answered already: they are equal, but it \
is not its turn.
client.mfa_oob_grant(mfa_token=code, oob_code=code) | POST /oauth/token is not exchange 4 of run.har (POST \
/oauth/token), which comes next: mfa_token is <oob_code 1>, and was <mfa_token 1>.
client.mfa_oob_grant(mfa_token=token, oob_code='wrong-one') | POST /oauth/token is not exchange 4 of run.har (POST \
/oauth/token), which comes next: oob_code is <another oob_code>, and was <oob_code 1>.
run = lab.poll(mfa_token=token, oob_code=code) |
client.jwks() | run.har ends after exchange 4, and GET /.well-known/jwks.json was sent after that: record the run \
again with it, and save it with lab.export("har").
"""
"""A notebook's cells on the recording of one login by push, and what is said where one is refused."""


def test_what_is_not_the_recorded_step_is_refused_with_what_differs_and_the_run_goes_on(tmp_path: Path) -> None:
    lab = Lab.sandbox(seed=1)
    asked = challenged(lab, log_in(lab, lab.user(factors=["push"])))
    lab.phone.allow()
    lab.poll(**asked)
    lab = Lab.replay(recorded(lab, tmp_path))
    names = run_cells(rows(CELLS), lab=lab, log_in=log_in, client=lab.client, challenge=lab.client.mfa_challenge)
    assert names["run"].state is State.GRANTED
    assert [each.speaker for each in lab.journal] == ["app", "app", "Auth0", "phone", "app"]
    assert len(lab.tenant.evidence("/mfa/challenge"))
    assert lab.phone.notifications == ()


def test_what_the_application_brings_itself_may_be_another_if_it_is_the_same_each_time(tmp_path: Path) -> None:
    body = {"error": "invalid_request", "error_description": "no such token: a-token-of-my-own"}
    lab = Lab.live(live_settings(Sandbox()), transport=Scripted(httpx.Response(400, json=body)))
    printed = [repr(lab.client.revoke("a-token-of-my-own")) for _ in range(2)]
    replay = Lab.replay(file := recorded(lab, tmp_path))
    assert [repr(replay.client.revoke("a-token-of-another")) for _ in range(2)] == printed
    replay = Lab.replay(file)
    replay.client.revoke("a-token-of-my-own")
    with pytest.raises(LabError, match="token is <another device_token>, and was <device_token 1>"):
        replay.client.revoke("a-token-of-another")


# -- files


def by_another_tool(file: Path) -> Path:
    """Return the recording as a tool writes it that knows nothing of the lab: without a field of ours."""
    log = json.loads(re.sub(r'"comment": ".*",', "", file.read_text("utf-8")))["log"]
    entries = [{name: each for name, each in entry.items() if name[0] != "_"} for entry in log["entries"]]
    log = {"version": "1.2", "creator": {"name": "Some Proxy", "version": "1"}, "entries": entries}
    return _written(file.with_name("proxy.har"), {"log": log})


def test_a_recording_of_another_tool_has_the_steps_of_the_application(tmp_path: Path) -> None:
    lab = Lab.sandbox(seed=1)
    login = log_in(lab, lab.user(factors=["otp"]))
    granted = lab.client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=lab.phone.code())
    file = by_another_tool(recorded(lab, tmp_path))
    found = json.loads(file.read_text("utf-8"))
    first, second = found["log"]["entries"]
    first["response"]["headers"].append({"name": ":status", "value": "403"})
    second |= {"startedDateTime": "2027-01-15T08:00:07.000Z", "time": 500}
    content = second["response"]["content"]
    content |= {"text": b64encode(content["text"].encode()).decode(), "encoding": "base64"}
    # The rest of a browser's traffic is left out.
    others = ({"url": "https://app.example/x.html"}, {"method": "OPTIONS"}, {"url": "https://b.example/oauth/token"})
    page, preflight, elsewhere = (first | {"request": first["request"] | other} for other in others)
    found["log"]["entries"] = [page, preflight, first, second, elsewhere]
    replay = Lab.replay(_written(file, found))
    assert repr(replay) == (
        "Lab on the recording proxy.har of sandbox.example: nothing is sent anywhere. Some Proxy wrote it, so it has "
        "the application's 2 calls alone: the messages, the codes and the users beside them, and what was done on the "
        "phone, are not in it."
    )
    assert replay.client.client_id == lab.client.client_id
    again = log_in(replay, replay.user(factors=["otp"]))
    # The code is the one that the application sent.
    tokens = replay.client.mfa_otp_grant(mfa_token=again["mfa_token"], otp=replay.phone.code())
    assert (again.outcome, tokens.outcome) == (login.outcome, granted.outcome)
    assert [each.at for each in replay.journal] == [NOW, NOW + 7.5]
    assert again.response
    assert again.response.header(":status") is None
    said = (
        "proxy.har has no code that was typed here (it was written by Some Proxy, which does not record such things): "
    )
    with pytest.raises(LabError, match=re.escape(f"{said}leave this step out.")):
        replay.phone.code()
    assert "On your phone" in repr(replay.phone.allow())


ENTRY = """{"startedDateTime": "2027-01-15T08:00:00Z", "request": {"method": "GET",
"url": "https://tenant.example/oauth/token", "headers": []}, "response": {"status": 200, "headers": []}}"""
BROKEN = """
[]                                                          | it is no HAR file
{"log": {"version": "1.2"}}                                 | it is no HAR file
{"log": {"entries": []}}                                    | it has no call of Auth0's API: record one that has.
{"log": {"entries": [], "_auth0_mfa_lab": {"format": 99}}}  | another version of the lab wrote it
{"log": {"entries": [], "_auth0_mfa_lab": []}}              | another version of the lab wrote it: record the run again.
{"log": {"entries": [], "_auth0_mfa_lab": {"format": 2}}}   | its _auth0_mfa_lab is not as the lab wrote it
"""
"""A file, and what is said of it."""
CHANGED = """
"url":    | "other":                                                 | request.url
https://  | https://[                                                | request.url
"GET"     | 7                                                        | request.method
2027-01   | January                                                  | startedDateTime
200       | "error"                                                  | response.status
200,      | 200, "content": {"text": 1},                             | response.content
200,      | 200, "content": {"text": "x", "encoding": "base64"},     | response.content
[]}, "r   | [{"name": "x"}]}, "r                                     | request.headers
[]}, "r   | [], "postData": {"params": [{}]}}, "r                    | request.postData
"""
"""What of an entry is changed, to what, and the field that is named."""


def test_what_is_no_recording_is_refused_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "bad.har"
    with pytest.raises(LabError, match=r'There is no file .*bad\.har: lab\.export\("har"\)\.save'):
        Lab.replay(file)
    with pytest.raises(LabError, match="cannot be read"):
        Lab.replay(tmp_path)
    broken = rows(BROKEN)
    for old, new, field in rows(CHANGED):
        of_two = f'{{"log": {{"entries": [{ENTRY}, {ENTRY.replace(old, new)}]}}}}'
        broken.append([of_two, f"{field} of entry 2 is missing, or is not as HAR 1.2 wants it"])
    for content, said in broken:
        file.write_text(content, "utf-8")
        with pytest.raises(LabError, match=re.escape(said)):
            Lab.replay(file)


def test_a_body_that_a_browser_has_left_out_is_said_where_it_is_missed_and_not_compared(tmp_path: Path) -> None:
    entry = ENTRY.replace("200,", '200, "content": {"size": 90},')
    file = _written(tmp_path / "cut.har", {"log": {"entries": [json.loads(entry)]}})
    left_out = "this recording has no body of the answer: browsers leave it out"
    with pytest.raises(LabError, match=rf"has no access_token\. It has: no body; {left_out}"):
        Lab.replay(file).client.send("GET", "/oauth/token")["access_token"]
    assert [each.why for each in drift_of(file).not_compared] == [left_out]


def test_what_another_tool_leaves_out_is_empty_and_an_answer_without_a_status_is_none(tmp_path: Path) -> None:
    sent, lost = json.loads(ENTRY), json.loads(ENTRY.replace("200", "0"))
    sent["request"] |= {"method": "post", "postData": {"params": [{"name": "token"}, {"name": "a", "value": "b"}]}}
    recording = read_har(_written(tmp_path / "bare.har", {"log": {"entries": [sent, lost]}}))
    first, second = recording.exchanges
    assert (recording.by, first.at) == ("another tool", NOW)
    assert (first.request.method, first.request.body) == ("POST", b"token=&a=b")
    assert first.response is not None
    assert (first.response.status, first.response.reason, first.response.body) == (200, "", b"")
    assert (second.failure, second.response) == (Failure("ConnectError", ""), None)
