"""A recorded run is answered again from its file: with the same text, step by step, and with a reason when not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from auth0_mfa_lab import Lab, LabError, NoAnswer, State
from auth0_mfa_lab.errors import NotABarcode, NothingToAnswer, NothingWasSent
from auth0_mfa_lab.sandbox import Sandbox, WallClock
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.wire.har import har
from tests.har_fields import faults
from tests.mothers import Scripted, a_live_lab, a_phone_of, a_real_clock, live_settings
from tests.serve.test_served_lab import WALKS, codes, enrolled_by_hand, push, settings_of, shown, told

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


def login_of(lab: Lab, *factors: str) -> Any:
    user = lab.user(factors=list(factors))
    return lab.client.password_grant(username=user.username, password=user.password)


# -- the same text


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__)
def test_a_replay_prints_what_the_run_printed(tmp_path: Path, walk: Walk) -> None:
    lab = Lab.sandbox(seed=1)
    printed = told(lab, walk)
    replay = Lab.replay(recorded(lab, tmp_path))
    again = told(replay, walk)
    # The first is the lab itself: it says that it is no tenant.
    assert again[1:] == printed[1:]
    assert again[0].startswith("Lab on the recording run.har of the sandbox tenant sandbox.example (profile docs)")


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__)
def test_a_replay_is_exported_as_what_it_was_read_from(tmp_path: Path, walk: Walk) -> None:
    lab = Lab.sandbox(seed=1)
    told(lab, walk)
    file = recorded(lab, tmp_path)
    replay = Lab.replay(file)
    told(replay, walk)
    assert har(replay.journal) == file.read_text("utf-8")


def test_the_comparison_can_fail(tmp_path: Path) -> None:
    lab = Lab.sandbox(seed=1)
    printed = told(lab, push)
    file = recorded(lab, tmp_path)
    file.write_text(file.read_text("utf-8").replace("403", "402"), "utf-8")
    assert told(Lab.replay(file), push)[1:] != printed[1:]


@pytest.mark.parametrize(
    ("walk", "is_frozen", "tls"),
    [(push, True, True), (push, False, True), (enrolled_by_hand, False, False), (codes, True, False)],
    ids=["push, frozen", "push, by the wall", "enrollment, by the wall, plain", "codes, plain"],
)
def test_a_served_run_is_replayed_when_the_server_has_gone(
    tmp_path: Path, walk: Walk, is_frozen: bool, tls: bool
) -> None:
    sandbox = Sandbox(seed=1) if is_frozen else Sandbox(seed=1, clock=WallClock())
    with Server(sandbox, tls=tls) as server:
        lab = Lab.served(settings_of(server, tmp_path))
        printed = told(lab, walk)
        file = recorded(lab, tmp_path)
        token = server.token
    assert token not in file.read_text("utf-8")
    replay = Lab.replay(file)
    assert told(replay, walk)[1:] == printed[1:]
    assert [each.at for each in replay.journal] == [each.at for each in lab.journal]
    if is_frozen:  # by the wall's clock the phone signs at another second
        assert har(replay.journal) == file.read_text("utf-8")


def test_the_clock_moves_as_it_was_told_and_to_each_answer(tmp_path: Path) -> None:
    lab = Lab.sandbox(seed=1)
    lab.clock.advance(12.5)
    begun = lab.clock.now()
    lab.client.jwks()
    lab.clock.advance(100)
    lab.client.jwks()
    replay = Lab.replay(recorded(lab, tmp_path))
    assert replay.clock.now() == begun - 12.5
    replay.client.jwks()
    assert replay.clock.now() == begun
    assert repr(replay.clock.advance(60)) == "The sandbox's clock moved 1 min forward."
    replay.client.jwks()
    assert replay.clock.now() == begun + 100
    with pytest.raises(ValueError, match="only moves forward"):
        replay.clock.advance(-1)


def test_a_person_a_message_and_a_code_are_those_of_the_recording(tmp_path: Path) -> None:
    lab = Lab.sandbox(seed=1)
    list(codes(lab))
    replay = Lab.replay(recorded(lab, tmp_path))
    walk = codes(replay)
    user: Any = next(walk)
    assert user.username == "user1@example.com"
    assert str(user.password).startswith("standin-")
    assert repr(user.password) == "<password 1>"
    list(walk)
    sent = [each.request.raw_data() for each in replay.journal]
    codes_sent = [str(each["otp"]) for each in sent if isinstance(each, dict) and "otp" in each]
    assert len(codes_sent[0]) == 6
    assert codes_sent[0].isdigit()


def test_a_message_is_found_by_its_address_and_purpose_in_any_order(tmp_path: Path) -> None:
    lab = Lab.sandbox(seed=1)
    user = lab.user(factors=["sms"])
    number = str(user.phone_number)
    login = lab.client.password_grant(username=user.username, password=user.password)
    lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    lab.client.passwordless_start(connection="sms", phone_number=number, send="code")
    read = {purpose: repr(lab.inbox.latest(number, purpose=purpose)) for purpose in ("mfa", "passwordless")}
    replay = Lab.replay(recorded(lab, tmp_path))
    again = replay.user(factors=["sms"])
    login = replay.client.password_grant(username=again.username, password=again.password)
    replay.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    with pytest.raises(NothingWasSent, match="no message to this address here"):
        replay.inbox.latest(number, purpose="passwordless")
    replay.client.passwordless_start(connection="sms", phone_number=number, send="code")
    for purpose in ("passwordless", "mfa", "mfa"):
        assert repr(replay.inbox.latest(number, purpose=purpose)) == read[purpose]


def test_an_error_of_the_phone_and_an_empty_inbox_are_replayed(tmp_path: Path) -> None:
    def walk(lab: Lab) -> list[str]:
        said = []
        tries: list[tuple[type[LabError], Callable[[], object]]] = [
            (LabError, lab.phone.code),
            (NothingWasSent, lambda: lab.inbox.latest("+15550199", purpose="mfa")),
            (NotABarcode, lambda: lab.phone.scan("nothing")),
        ]
        for error, act in tries:
            with pytest.raises(error) as raised:
                act()
            said.append(f"{type(raised.value).__name__}: {raised.value}")
        lab.user(factors=["push"])
        with pytest.raises(NothingToAnswer) as none:
            lab.phone.allow()
        return [*said, str(none.value)]

    lab = Lab.sandbox(seed=1)
    said = walk(lab)
    assert walk(Lab.replay(recorded(lab, tmp_path))) == said


def test_a_lost_connection_is_lost_again(tmp_path: Path) -> None:
    lab = Lab.live(live_settings(Sandbox()), transport=Scripted(httpx.ReadTimeout("too late")))
    replay = Lab.replay(_lost(lab, tmp_path))
    with pytest.raises(NoAnswer, match="ReadTimeout"):
        replay.client.jwks()
    assert repr(replay.journal[0]) == repr(lab.journal[0])


def _lost(lab: Lab, folder: Path) -> Path:
    with pytest.raises(NoAnswer):
        lab.client.jwks()
    return recorded(lab, folder)


def test_an_answer_that_was_packed_on_its_way_is_replayed_unpacked(tmp_path: Path) -> None:
    lab = Lab.sandbox(seed=1)
    lab.client.jwks()
    file = recorded(lab, tmp_path)
    found = json.loads(file.read_text("utf-8"))
    found["log"]["entries"][0]["response"]["headers"].append({"name": "content-encoding", "value": "gzip"})
    answer = Lab.replay(_written(file, found)).client.jwks()
    assert list(answer.json) == ["keys"]
    assert answer.response is not None
    assert answer.response.header("content-encoding") == "gzip"


# -- a live tenant


def live_walk(lab: Lab, on_the_phone: Callable[[str], object]) -> list[object]:
    user = lab.user()
    login = lab.client.password_grant(username=user.username, password=user.password, scope="openid email")
    begun = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    on_the_phone(begun["barcode_uri"])
    run = lab.poll(mfa_token=login["mfa_token"], oob_code=begun["oob_code"])
    again = lab.client.password_grant(username=user.username, password=user.password, scope="openid email")
    lab.client.mfa_authenticators(again["mfa_token"])
    tokens = run.exchange
    assert tokens is not None
    profile = lab.client.userinfo(tokens["access_token"])
    told_of_it = [lab.phone.scan(begun["barcode_uri"]), lab.clock.advance(30), lab.claim("it holds", True)]
    return [user, login, begun, run, again, profile, *told_of_it, lab.journal, lab.diagram()]


def test_a_live_run_is_replayed_without_the_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Sandbox(domain="tenant.example", seed=4)
    monkeypatch.setattr("auth0_mfa_lab.lab.RealClock", lambda: a_real_clock(box))
    lab = a_live_lab(box)
    phone = a_phone_of(box)
    printed = list(map(shown, live_walk(lab, lambda uri: phone.scan(str(uri)))))
    file = recorded(lab, tmp_path)
    assert box.defaults.username not in file.read_text("utf-8")
    replay = Lab.replay(file)
    assert repr(replay) == "Lab on the recording run.har of the live tenant tenant.example: nothing is sent anywhere."
    assert list(map(shown, live_walk(replay, lambda _: None))) == printed
    assert har(replay.journal) == file.read_text("utf-8")
    user: Any = replay.settings.username
    assert str(user).startswith("standin-")
    assert repr(user) in ("<username>", "<username 1>")


def test_a_code_that_the_person_typed_is_not_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["493127", "718234"])
    monkeypatch.setattr("auth0_mfa_lab.tenants.phone.ask_hidden", lambda _: next(answers))

    def walk(lab: Lab) -> list[str]:
        typed = lab.phone.code()
        lab.client.mfa_otp_grant(mfa_token="no-such-mfa-token", otp=typed)
        return [repr(typed), repr(lab.inbox.latest("+15550100", purpose="mfa")), repr(lab.journal[-1])]

    lab = a_live_lab(Sandbox(domain="tenant.example"))
    printed = walk(lab)
    file = recorded(lab, tmp_path)
    assert not any(code in file.read_text("utf-8") for code in ("493127", "718234"))
    assert walk(Lab.replay(file)) == printed


# -- a request that is another one


@pytest.fixture
def challenged(tmp_path: Path) -> Path:
    """Two logins, each with its push challenge; the phone allows the first."""
    lab = Lab.sandbox(seed=1)
    user = lab.user(factors=["push"])
    for _ in range(2):
        login = lab.client.password_grant(username=user.username, password=user.password)
        challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
        if len(lab.journal) == 2:
            lab.phone.allow()
            lab.poll(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"])
    return recorded(lab, tmp_path)


def test_a_field_that_differs_is_named_with_both_values(challenged: Path) -> None:
    lab = Lab.replay(challenged)
    login = login_of(lab, "push")
    with pytest.raises(LabError) as error:
        lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="otp")
    assert str(error.value) == (
        "POST /mfa/challenge is not exchange 2 of run.har (POST /mfa/challenge), which comes next: "
        "challenge_type is otp, and was oob."
    )
    assert len(lab.journal) == 1


def test_a_field_too_many_and_one_too_few_are_named(challenged: Path) -> None:
    lab = Lab.replay(challenged)
    login = login_of(lab, "push")
    with pytest.raises(LabError, match="authenticator_id is push\\|dev_1, and was not sent when it was recorded"):
        lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob", authenticator_id="push|dev_1")
    with pytest.raises(LabError, match="challenge_type is missing, and was oob"):
        lab.client.mfa_challenge(mfa_token=login["mfa_token"])


def test_another_secret_than_the_recorded_one_is_named_by_its_alias(challenged: Path) -> None:
    lab = Lab.replay(challenged)
    login = login_of(lab, "push")
    challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    lab.phone.allow()
    with pytest.raises(LabError, match="mfa_token is <oob_code 1>, and was <mfa_token 1>"):
        lab.client.mfa_oob_grant(mfa_token=challenge["oob_code"], oob_code=challenge["oob_code"])
    with pytest.raises(LabError, match="oob_code is <another oob_code>, and was <oob_code 1>") as error:
        lab.client.mfa_oob_grant(mfa_token=login["mfa_token"], oob_code="an-oob-code-of-elsewhere")
    assert "elsewhere" not in str(error.value)


def test_a_wrong_password_is_not_the_right_one(challenged: Path) -> None:
    lab = Lab.replay(challenged)
    user = lab.user(factors=["push"])
    with pytest.raises(LabError, match="password is <another password>, and was <password 1>"):
        lab.client.password_grant(username=user.username, password="wrong-password")


def test_the_nearest_recorded_request_is_named_wherever_it_is(challenged: Path) -> None:
    lab = Lab.replay(challenged)
    with pytest.raises(LabError) as later:
        lab.client.mfa_challenge(mfa_token="of-nobody", challenge_type="otp")
    assert str(later.value).startswith(
        "POST /mfa/challenge was sent, and exchange 1 of run.har, which comes next, is POST /oauth/token. "
        "Nearest to it is exchange 2, which comes later: "
    )
    assert "challenge_type is otp, and was oob" in str(later.value)
    login = login_of(lab, "push")
    lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    lab.phone.allow()
    with pytest.raises(LabError, match="exchange 2, which has been answered already: they are equal"):
        lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")


def test_the_turn_of_the_phone_is_said_on_both_sides(challenged: Path) -> None:
    lab = Lab.replay(challenged)
    login = login_of(lab, "push")
    with pytest.raises(NothingToAnswer, match="No push waits on this phone"):
        lab.phone.allow()
    challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    with pytest.raises(LabError, match=r"exchange 3 of run\.har is the phone's"):
        lab.client.mfa_oob_grant(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"])
    with pytest.raises(LabError, match=r"is not exchange 3 of run\.har .* accepted is false, and was true"):
        lab.phone.reject()
    assert shown(lab.phone.allow()).startswith("3 · phone →")
    with pytest.raises(NothingToAnswer):
        lab.phone.allow()
    assert lab.poll(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"]).state is State.GRANTED


def test_the_end_of_the_recording_is_said(tmp_path: Path) -> None:
    lab = Lab.sandbox(seed=1)
    lab.client.jwks()
    replay = Lab.replay(recorded(lab, tmp_path))
    replay.client.jwks()
    with pytest.raises(LabError, match=r"run\.har ends after exchange 1, and GET /\.well-known/jwks\.json was sent"):
        replay.client.jwks()
    empty = Lab.replay(recorded(Lab.sandbox(), tmp_path))
    with pytest.raises(LabError, match="ends after no exchange at all"):
        empty.client.jwks()


def test_what_was_not_recorded_beside_the_exchanges_is_said(challenged: Path) -> None:
    lab = Lab.replay(challenged)
    with pytest.raises(LabError, match=r"run\.har has no further user with these factors: record the run again"):
        lab.user(factors=["otp"])
    user = lab.user(factors=["push"])
    with pytest.raises(LabError, match=r"run\.har has no further user with these factors"):
        lab.user(factors=["push"])
    with pytest.raises(NothingWasSent, match=r"run\.har has no message to this address here"):
        lab.inbox.latest("+15550100")
    with pytest.raises(LabError, match="no limits of this user here"):
        lab.limits(user)
    with pytest.raises(LabError, match="no settings of the tenant"):
        assert lab.tenant.profile
    assert len(lab.tenant.evidence("/mfa/challenge"))
    assert lab.phone.notifications == ()


def test_what_the_application_brings_itself_may_be_another(tmp_path: Path) -> None:
    def walk(lab: Lab, code: str) -> list[str]:
        lab.client.mfa_otp_grant(mfa_token="of-nobody-at-all", otp=code)
        lab.client.mfa_otp_grant(mfa_token="of-nobody-at-all", otp=code)
        return [repr(each) for each in lab.journal]

    lab = Lab.sandbox(seed=1)
    printed = walk(lab, "493127")
    file = recorded(lab, tmp_path)
    assert walk(Lab.replay(file), "718234") == printed
    replay = Lab.replay(file)
    replay.client.mfa_otp_grant(mfa_token="of-nobody-at-all", otp="493127")  # auth0-mfa-lab: allow
    with pytest.raises(LabError, match="otp is <another otp>, and was <otp 1>"):
        replay.client.mfa_otp_grant(mfa_token="of-nobody-at-all", otp="718234")  # auth0-mfa-lab: allow


def test_what_the_application_brought_stands_in_the_answers_too(tmp_path: Path) -> None:
    body = {"error": "invalid_request", "error_description": "no such token: a-token-of-my-own"}
    live = Lab.live(live_settings(Sandbox()), transport=Scripted(httpx.Response(400, json=body)))
    printed = repr(live.client.revoke("a-token-of-my-own"))
    replay = Lab.replay(recorded(live, tmp_path))
    assert repr(replay.client.revoke("a-token-of-another")) == printed


# -- files


def test_a_recording_of_another_tool_has_the_steps_of_the_application(tmp_path: Path) -> None:
    lab = Lab.sandbox(seed=1)
    user = lab.user(factors=["otp"])
    login = lab.client.password_grant(username=user.username, password=user.password)
    granted = lab.client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=lab.phone.code())
    replay = Lab.replay(by_another_tool(recorded(lab, tmp_path)))
    assert repr(replay) == (
        "Lab on the recording proxy.har of sandbox.example: nothing is sent anywhere. Some Proxy wrote it, so it has "
        "the application's 2 calls alone: the messages, the codes and the users beside them, and what was done on the "
        "phone, are not in it."
    )
    assert replay.client.client_id == lab.client.client_id
    person = replay.user(factors=["otp"])
    again = replay.client.password_grant(username=person.username, password=person.password)
    assert again.outcome == login.outcome
    # The code is the one that the application sent.
    tokens = replay.client.mfa_otp_grant(mfa_token=again["mfa_token"], otp=replay.phone.code())
    assert tokens.outcome == granted.outcome
    assert [each.at for each in replay.journal] == [each.at for each in lab.journal]
    with pytest.raises(LabError, match=r"code that was typed here \(it was written by Some Proxy, which"):
        replay.phone.code()
    assert "On your phone" in repr(replay.phone.allow())


def test_the_rest_of_a_browsers_traffic_is_left_out(tmp_path: Path) -> None:
    lab = Lab.sandbox(seed=1)
    lab.client.jwks()
    found = json.loads(by_another_tool(recorded(lab, tmp_path)).read_text("utf-8"))
    (entry,) = found["log"]["entries"]
    others = [json.loads(json.dumps(entry)) for _ in range(3)]
    others[0]["request"]["url"] = "https://app.example/index.html"
    others[1]["request"]["method"] = "OPTIONS"
    others[2]["request"]["url"] = "https://another.example/oauth/token"
    entry["request"]["headers"].append({"name": ":authority", "value": "sandbox.example"})
    content = entry["response"]["content"]
    content["text"], content["encoding"] = "eyJrZXlzIjpbXX0=", "base64"
    found["log"]["entries"] = [*others[:2], entry, others[2]]
    replay = Lab.replay(_written(tmp_path / "browser.har", found))
    assert replay.domain == "sandbox.example"
    assert replay.client.jwks().json == {"keys": []}
    with pytest.raises(LabError, match="ends after exchange 1"):
        replay.client.jwks()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "it is no HAR file"),
        ("[]", "it is no HAR file"),
        ('{"log": {"version": "1.2"}}', "it is no HAR file"),
        ('{"log": {"entries": []}}', "it has no call of Auth0's API"),
        ('{"log": {"entries": [{}]}}', r"an entry of it is not as HAR 1.2 wants it \(KeyError\)"),
        ('{"log": {"entries": [], "_auth0_mfa_lab": {"format": 99}}}', "another version of the lab wrote it"),
        ('{"log": {"entries": [], "_auth0_mfa_lab": []}}', "another version of the lab wrote it"),
        ('{"log": {"entries": [], "_auth0_mfa_lab": {"format": 2}}}', "KeyError"),
    ],
)
def test_what_is_no_recording_is_refused_in_a_sentence(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "bad.har"
    file.write_text(content, "utf-8")
    with pytest.raises(LabError, match=said):
        Lab.replay(file)


def test_a_file_that_is_not_there_is_named_with_what_writes_one(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"There is no file .*none\.har: lab\.export\(\"har\"\)\.save"):
        Lab.replay(tmp_path / "none.har")
    with pytest.raises(LabError, match="cannot be read"):
        Lab.replay(tmp_path)


def test_nothing_of_a_recording_is_shown_by_its_parts(challenged: Path) -> None:
    lab = Lab.replay(challenged)
    login = login_of(lab, "push")
    texts = repr(vars(lab)) + repr(lab.journal.operations) + repr(list(lab.journal.operations)) + repr(lab.client)
    assert str(login["mfa_token"]) not in texts
    assert "standin" not in texts
