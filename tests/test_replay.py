"""A recorded run is answered again from its file: with the same text, step by step, and with a reason when not."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from auth0_mfa_lab import Exchange, Lab, LabError, NoAnswer, State
from auth0_mfa_lab.sandbox import Clock, Sandbox, WallClock
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.wire.har import har
from tests.flows.flows import otp_enrolled, push_enrolled
from tests.har_fields import faults
from tests.mothers import Scripted, a_live_lab, a_phone_of, a_real_clock, live_settings
from tests.serve.test_served_lab import WALKS, settings_of, shown, told
from tests.test_lab import run_cells

Walk = Callable[[Lab], Iterator[object]]
NAMES_OF_OURS = ("_number", "_speaker", "_step", "_at", "_notes", "_failure", "_auth0_mfa_lab")


def recorded(lab: Lab, folder: Path) -> Path:
    """Save what a lab has recorded."""
    file = folder / "run.har"
    lab.export("har").save(file)
    return file


def by_another_tool(file: Path) -> Path:
    """Return the recording as a tool writes it that knows nothing of the lab: without a field of ours."""
    log = json.loads(file.read_text("utf-8"))["log"]
    log["creator"] = {"name": "Some Proxy", "version": "1"}
    del log["comment"], log["_auth0_mfa_lab"]
    for entry in log["entries"]:
        for name in NAMES_OF_OURS:
            entry.pop(name, None)
    assert faults({"log": log}) == []
    return _written(file.with_name("proxy.har"), {"log": log})


def _written(file: Path, content: Any) -> Path:
    file.write_text(json.dumps(content), "utf-8")
    return file


# -- the same text


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__)
def test_a_replay_prints_what_the_run_printed_and_is_exported_as_it_was(tmp_path: Path, walk: Walk) -> None:
    lab = Lab.sandbox(seed=1)
    printed = told(lab, walk)
    file = recorded(lab, tmp_path)
    replay = Lab.replay(file)
    again = told(replay, walk)
    # The first is the lab itself: it says that it is no tenant.
    assert again[1:] == printed[1:]
    assert again[0].startswith("Lab on the recording run.har of the sandbox tenant sandbox.example (profile docs)")
    assert har(replay.journal) == file.read_text("utf-8")
    if walk is otp_enrolled:
        file.write_text(file.read_text("utf-8").replace("403", "402"), "utf-8")
        assert told(Lab.replay(file), walk)[1:] != printed[1:]


@pytest.mark.parametrize(
    ("walk", "clock", "tls"),
    [(otp_enrolled, Clock(), True), (push_enrolled, WallClock(), False)],
    ids=["frozen", "by the wall, plain"],
)
def test_a_served_run_is_replayed_when_the_server_has_gone(tmp_path: Path, walk: Walk, clock: Clock, tls: bool) -> None:
    with Server(Sandbox(seed=1, clock=clock), tls=tls) as server:
        lab = Lab.served(settings_of(server, tmp_path))
        lab.clock.advance(12.5)
        printed = told(lab, walk)
        file = recorded(lab, tmp_path)
    assert server.token not in file.read_text("utf-8")
    replay = Lab.replay(file)
    assert repr(replay.clock.advance(12.5)) == "The sandbox's clock moved 12.5 s forward."
    assert told(replay, walk)[1:] == printed[1:]
    assert [each.at for each in replay.journal] == [each.at for each in lab.journal]
    if tls:  # by the wall's clock the phone signs at another second
        assert har(replay.journal) == file.read_text("utf-8")


def test_people_messages_and_errors_are_those_of_the_recording_in_any_order(tmp_path: Path) -> None:
    def walk(lab: Lab, *purposes: str) -> list[str]:
        said, number = [], "+15550101"
        for act in (
            lab.phone.code,
            lambda: lab.phone.scan("nothing"),
            lambda: lab.inbox.latest(number, purpose="passwordless"),
            lambda: [lab.user(factors=["push"]), lab.phone.allow()],
        ):
            with pytest.raises(LabError) as raised:
                act()
            said.append(f"{raised.type.__name__}: {raised.value}")
        user = lab.user(factors=["sms"])
        login = lab.client.password_grant(username=user.username, password=user.password)
        lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
        lab.client.passwordless_start(connection="sms", phone_number=str(user.phone_number), send="code")
        return said + sorted(repr(lab.inbox.latest(str(user.phone_number), purpose=each)) for each in purposes)

    lab = Lab.sandbox(seed=1)
    printed = walk(lab, "mfa", "passwordless")
    assert [each.partition(":")[0] for each in printed[:3]] == ["NotEnrolled", "NotABarcode", "NothingWasSent"]
    replay = Lab.replay(recorded(lab, tmp_path))
    assert walk(replay, "passwordless", "mfa") == printed
    assert replay.journal[0].request.raw_data()["password"].startswith("standin-")
    assert "standin" not in repr([vars(replay), replay.journal.operations, list(replay.journal.operations)])


def test_a_lost_connection_is_lost_again_and_a_packed_answer_is_replayed_unpacked(tmp_path: Path) -> None:
    keys = httpx.Response(200, json={"keys": []})
    lab = Lab.live(live_settings(Sandbox()), transport=Scripted(keys, httpx.ReadTimeout("too late")))
    lab.client.jwks()
    with pytest.raises(NoAnswer):
        lab.client.jwks()
    file = recorded(lab, tmp_path)
    found = json.loads(file.read_text("utf-8"))
    found["log"]["entries"][0]["response"]["headers"].append({"name": "content-encoding", "value": "gzip"})
    replay = Lab.replay(_written(file, found))
    answer = replay.client.jwks()
    assert answer.json == {"keys": []}
    assert answer.response is not None
    assert answer.response.header("content-encoding") == "gzip"
    with pytest.raises(NoAnswer, match="ReadTimeout"):
        replay.client.jwks()
    assert repr(replay.journal[1]) == repr(lab.journal[1])


# -- a live tenant


def test_a_live_run_is_replayed_without_the_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Sandbox(domain="tenant.example", seed=4)
    typed = iter(["493127", "718234"])
    monkeypatch.setattr("auth0_mfa_lab.lab.RealClock", lambda: a_real_clock(box))
    monkeypatch.setattr("auth0_mfa_lab.tenants.phone.ask_hidden", lambda _: next(typed))

    def walk(lab: Lab, on_the_phone: Callable[[str], object]) -> Iterator[object]:
        user = lab.user()
        login = lab.client.password_grant(username=user.username, password=user.password, scope="openid email")
        begun = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
        on_the_phone(str(begun["barcode_uri"]))
        run = lab.poll(mfa_token=login["mfa_token"], oob_code=begun["oob_code"])
        assert run.exchange is not None
        yield from (user, run, lab.client.userinfo(run.exchange["access_token"]))
        yield lab.client.mfa_otp_grant(mfa_token="no-such-mfa-token", otp=lab.phone.code())
        yield lab.inbox.latest("+15550100", purpose="mfa")
        yield from (lab.phone.scan(begun["barcode_uri"]), lab.clock.advance(30), lab.claim("it holds", True))
        yield from (lab.journal, lab.diagram())

    lab, phone = a_live_lab(box), a_phone_of(box)
    printed = list(map(shown, walk(lab, phone.scan)))
    file = recorded(lab, tmp_path)
    assert [each for each in (box.defaults.username, "493127", "718234") if each in file.read_text("utf-8")] == []
    replay = Lab.replay(file)
    assert repr(replay) == "Lab on the recording run.har of the live tenant tenant.example: nothing is sent anywhere."
    assert list(map(shown, walk(replay, lambda _: None))) == printed
    assert har(replay.journal) == file.read_text("utf-8")
    assert str(replay.settings.username).startswith("standin-")
    assert repr(replay.settings.username) in ("<username>", "<username 1>")


# -- a request that is another one


NEXT = "POST /mfa/challenge is not exchange 2 of run.har (POST /mfa/challenge), which comes next: "
LATER = "POST /mfa/challenge was sent, and exchange 1 of run.har, which comes next, is POST /oauth/token. Nearest to it"
PHONE = "exchange 3 of run.har is the phone's (POST /appliance-mfa/api/resolve-transaction): let lab.phone do what"
# fmt: off
CELLS = (
    # A notebook's cells on the recording of one login by push, and what is said where one is refused
    ("challenge(mfa_token='of-nobody', challenge_type='otp')", f"{LATER} is exchange 2, which comes later: "),
    ("lab.user(factors=['otp'])", "run.har has no further user with these factors: record the run again"),
    ("user = lab.user(factors=['push'])", ""),
    ("lab.user(factors=['push'])", "run.har has no further user with these factors"),
    ("lab.inbox.latest('+15550100')", "run.har has no message to this address here"),
    ("lab.limits(user)", "run.har has no limits of this user here"),
    ("lab.tenant.profile", "run.har has no settings of the tenant"),
    ("client.password_grant(username=user.username, password='wrong-one')", "<another password>, and was <password 1>"),
    ("login = client.password_grant(username=user.username, password=user.password); token = login['mfa_token']", ""),
    ("lab.phone.allow()", "No push waits on this phone"),
    ("challenge(mfa_token=token, challenge_type='otp')", f"{NEXT}challenge_type is otp, and was oob."),
    ("challenge(mfa_token=token, challenge_type='oob', authenticator_id='push|dev_1')",
        "authenticator_id is push|dev_1, and was not sent when it was recorded"),
    ("challenge(mfa_token=token)", "challenge_type is missing, and was oob"),
    ("challenge(mfa_token='wrong-one' * 99)", "mfa_token is <another mfa_token>, and was <mfa_token 1>"),
    ("asked = challenge(mfa_token=token, challenge_type='oob'); code = asked['oob_code']", ""),
    ("client.mfa_oob_grant(mfa_token=token, oob_code=code)", PHONE),
    ("lab.phone.reject()", "accepted is false, and was true"),
    ("lab.phone.allow()", ""),
    ("lab.phone.allow()", "No push waits on this phone"),
    ("challenge(mfa_token=token, challenge_type='oob')", "exchange 2, which has been answered already: they are equal"),
    ("client.mfa_oob_grant(mfa_token=code, oob_code=code)", "mfa_token is <oob_code 1>, and was <mfa_token 1>"),
    ("client.mfa_oob_grant(mfa_token=token, oob_code='wrong-one')", "is <another oob_code>, and was <oob_code 1>"),
    ("run = lab.poll(mfa_token=token, oob_code=code)", ""),
    ("client.jwks()", "run.har ends after exchange 4, and GET /.well-known/jwks.json was sent after that"),
)
# fmt: on


def test_what_is_not_the_recorded_step_is_refused_with_what_differs_and_the_run_goes_on(tmp_path: Path) -> None:
    lab = Lab.sandbox(seed=1)
    user = lab.user(factors=["push"])
    login = lab.client.password_grant(username=user.username, password=user.password)
    asked = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    lab.phone.allow()
    lab.poll(mfa_token=login["mfa_token"], oob_code=asked["oob_code"])
    lab = Lab.replay(recorded(lab, tmp_path))
    names = run_cells(CELLS, lab=lab, client=lab.client, challenge=lab.client.mfa_challenge)
    assert names["run"].state is State.GRANTED
    assert [each.speaker for each in lab.journal] == ["app", "app", "phone", "app"]
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


def login_of(lab: Lab) -> Exchange:
    user = lab.user(factors=["otp"])
    return lab.client.password_grant(username=user.username, password=user.password)


def test_a_recording_of_another_tool_has_the_steps_of_the_application(tmp_path: Path) -> None:
    lab = Lab.sandbox(seed=1)
    login = login_of(lab)
    granted = lab.client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=lab.phone.code())
    file = by_another_tool(recorded(lab, tmp_path))
    found = json.loads(file.read_text("utf-8"))
    entries = found["log"]["entries"]
    entries[0]["request"]["headers"].append({"name": ":authority", "value": "sandbox.example"})
    # The rest of a browser's traffic is left out.
    others = ({"url": "https://app.example/x.html"}, {"method": "OPTIONS"}, {"url": "https://b.example/oauth/token"})
    entries[:0] = [entries[0] | {"request": entries[0]["request"] | other} for other in others[:2]]
    entries.append(entries[-1] | {"request": entries[-1]["request"] | others[2]})
    content = entries[3]["response"]["content"]
    content |= {"text": b64encode(content["text"].encode()).decode(), "encoding": "base64"}
    replay = Lab.replay(_written(file, found))
    assert repr(replay) == (
        "Lab on the recording proxy.har of sandbox.example: nothing is sent anywhere. Some Proxy wrote it, so it has "
        "the application's 2 calls alone: the messages, the codes and the users beside them, and what was done on the "
        "phone, are not in it."
    )
    assert replay.client.client_id == lab.client.client_id
    again = login_of(replay)
    # The code is the one that the application sent.
    tokens = replay.client.mfa_otp_grant(mfa_token=again["mfa_token"], otp=replay.phone.code())
    assert (again.outcome, tokens.outcome) == (login.outcome, granted.outcome)
    assert [each.at for each in replay.journal] == [each.at for each in lab.journal]
    with pytest.raises(LabError, match=r"code that was typed here \(it was written by Some Proxy, which"):
        replay.phone.code()
    assert "On your phone" in repr(replay.phone.allow())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "it is no HAR file"),
        ('{"log": {"version": "1.2"}}', "it is no HAR file"),
        ('{"log": {"entries": []}}', "it has no call of Auth0's API"),
        ('{"log": {"entries": [{}]}}', r"an entry of it is not as HAR 1.2 wants it \(KeyError\)"),
        ('{"log": {"entries": [], "_auth0_mfa_lab": {"format": 99}}}', "another version of the lab wrote it"),
        ('{"log": {"entries": [], "_auth0_mfa_lab": []}}', "another version of the lab wrote it"),
        ('{"log": {"entries": [], "_auth0_mfa_lab": {"format": 2}}}', "KeyError"),
        (None, r"There is no file .*bad\.har: lab\.export\(\"har\"\)\.save"),
    ],
)
def test_what_is_no_recording_is_refused_in_a_sentence(tmp_path: Path, content: str | None, said: str) -> None:
    file = tmp_path / "bad.har"
    if content is not None:
        file.write_text(content, "utf-8")
    with pytest.raises(LabError, match=said):
        Lab.replay(file)
    with pytest.raises(LabError, match="cannot be read"):
        Lab.replay(tmp_path)
