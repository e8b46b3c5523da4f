"""The journal of a served tenant: each exchange of an application, masked when it is read, within bounds."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from auth0_mfa_lab import Lab, NoAnswer, Settings
from auth0_mfa_lab.cli import main
from auth0_mfa_lab.cli.serve import write_env_file
from auth0_mfa_lab.errors import ControlRefused, LabError
from auth0_mfa_lab.sandbox import Sandbox, WallClock
from auth0_mfa_lab.sandbox.app import KINDS, Fault
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.served import journal as served_journal
from auth0_mfa_lab.served import routes
from auth0_mfa_lab.served.journal import ServedJournal
from auth0_mfa_lab.served.routes import ROUTES, observed
from auth0_mfa_lab.tenants.operations import Remote
from tests.keys import next_key
from tests.serve.serving import MAIN


@pytest.fixture
def server() -> Iterator[Server]:
    box = Sandbox(seed=1, clock=WallClock(), new_key=next_key)
    with Server(box, tls=False, **observed(box)) as server:
        yield server
    assert not box.failures


@pytest.fixture
def env_file(server: Server, tmp_path: Path) -> Path:
    write_env_file(tmp_path / "served.env", server)
    return tmp_path / "served.env"


@pytest.fixture
def ask(env_file: Path) -> Iterator[Remote]:
    remote = Remote(Settings.of_server(env_file), routes=ROUTES)
    yield remote
    remote.close()


@pytest.fixture
def app(env_file: Path) -> Lab:
    return Lab.served(Settings.of_server(env_file))


def log_in(app: Lab, ask: Remote, polls: int = 2) -> tuple[dict[str, Any], list[str]]:
    """Log a fresh user in by a push that the server's phone allows; return the user, and what must not be shown."""
    ask("state")  # the server has its phone before the user is made
    user = ask("add_user", factors=["push"])
    login = app.client.password_grant(username=user["username"], password=user["password"], scope="openid")
    sent = app.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    proof = {"mfa_token": login["mfa_token"], "oob_code": sent["oob_code"]}
    for _ in range(polls):
        app.client.mfa_oob_grant(**proof)
    ask("allow")
    tokens = app.client.mfa_oob_grant(**proof)
    secrets = [user["password"], *proof.values(), tokens["access_token"], tokens["id_token"]]
    return user, [*map(str, secrets), str(app.settings.client_secret)]


def test_each_exchange_is_told_as_a_notebook_shows_it_with_how_it_went_over_the_port(app: Lab, ask: Remote) -> None:
    user, secrets = log_in(app, ask)
    told = ask("exchanges")
    exchanges = told["exchanges"]
    assert [(each["number"], each["speaker"], each["outcome"]) for each in exchanges] == [
        (1, "app", "403 mfa_required"),
        (2, "app", "200 OK"),
        (3, "app", "400 authorization_pending"),
        (4, "app", "400 authorization_pending"),
        (5, "phone", "204 No Content"),
        (6, "app", "200 OK"),
    ]
    assert (told["first"], told["newest"]) == (1, 6)
    assert [each["login"] for each in exchanges] == [1] * 6
    assert [each["run"] for each in exchanges] == [None, None, 3, 3, None, 6]
    assert {each["user"] for each in exchanges} == {user["username"]}
    poll = exchanges[2]
    assert "mfa_token=<mfa_token 1>                                  (from 1)" in poll["text"]
    assert "lab: no answer from the phone yet" in poll["text"]
    assert "<b" in poll["html"]
    assert [poll[each] for each in ("method", "path", "status")] == ["POST", "/oauth/token", 400]
    assert (poll["agent"], poll["delivered"], poll["fault"], poll["reset"]) == ("auth0-mfa-lab", True, None, 0)
    assert 0 <= poll["written"] - poll["arrived"] < 60
    assert poll["connection"].startswith("127.0.0.1:")
    assert [each for each in secrets if each in json.dumps(told)] == []
    assert [each["number"] for each in ask("exchanges", user=user["username"])["exchanges"]] == [*range(1, 7)]
    assert ask("exchanges", user="no one")["exchanges"] == []


def test_a_reader_waits_for_news_and_hears_of_it_at_once(app: Lab, ask: Remote) -> None:
    log_in(app, ask)
    told: list[Any] = []
    reader = threading.Thread(target=lambda: told.append(ask("exchanges", after=6)))
    reader.start()
    time.sleep(0.1)
    assert told == []
    begun = time.monotonic()
    app.client.jwks()
    reader.join(60)
    [heard] = told
    assert [each["number"] for each in heard["exchanges"]] == [7]
    assert ask("exchanges", after=99) == {"exchanges": [], "first": 1, "newest": 7}  # another server's number
    assert time.monotonic() - begun < served_journal.WAIT_SECONDS / 2


def test_the_newest_are_kept_by_count_by_size_and_by_secrets(
    server: Server, app: Lab, ask: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served_journal, "KEPT", 5)
    log_in(app, ask)
    told = ask("exchanges")
    assert (told["first"], told["newest"], len(told["exchanges"])) == (2, 6, 5)
    assert "<mfa_token 1: sealed>" in told["exchanges"][0]["text"]  # its birth is gone
    log_in(app, ask)
    assert isinstance(server.sandbox.received, ServedJournal)
    assert [len(each.journal) for each in server.sandbox.received.read()] == [5] * 5
    monkeypatch.setattr(served_journal, "MOST_ALIASES", 1)
    app.client.password_grant(username="jane.roe@example.com", password="wrong-password-1")
    [heard] = ask("exchanges", after=12)["exchanges"]
    assert "password=<password 1>" in heard["text"]  # the first password that was read; client_secret counts on
    assert "<client_secret 2>" in heard["text"]
    monkeypatch.setattr(served_journal, "LARGEST", 3_000)
    app.client.jwks()
    assert [each["number"] for each in ask("exchanges")["exchanges"]] in ([14], [13, 14])


def test_when_the_tenant_begins_again_its_ids_come_again_under_new_aliases(app: Lab, ask: Remote) -> None:
    log_in(app, ask, polls=0)
    before = {each["number"]: each["text"] for each in ask("exchanges")["exchanges"]}
    assert len(ask("received")["entries"]) == 4
    ask("reset")
    assert ask("received")["entries"] == []
    log_in(app, ask, polls=0)
    told = ask("exchanges")["exchanges"]
    assert {each["number"]: each["text"] for each in told if each["reset"] == 0} == before
    after = [each for each in told if each["reset"] == 1]
    assert "<mfa_token 2: sealed>" in after[0]["text"]
    assert "<mfa_token 1" not in str(after)
    assert [each["path"] for each in ask("received")["entries"]] == [each["path"] for each in after]
    assert "mfa_token" in ask("received")["entries"][-1]["fields"]


def test_what_is_known_of_large_secrets_is_bounded_too(
    server: Server, ask: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served_journal, "LARGEST", 25_000)
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        for number in range(9):
            http.post("/oauth/token", data={"password": f"{number}" * 10_000})
            assert f"<password {number + 1}>" in ask("exchanges")["exchanges"][-1]["text"]
    journal = server.sandbox.received
    assert isinstance(journal, ServedJournal)
    assert journal._newest
    assert len(journal._newest.aliases) < 4
    monkeypatch.setattr(served_journal, "LARGEST", 2**30)
    monkeypatch.setattr(served_journal, "MOST_ALIASES", 10)
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        for _ in range(20):
            ask("add_user")
            http.get("/x")
            ask("exchanges")
    assert journal._held is not None
    assert 5 <= len(journal._held) <= 15


def test_a_server_that_stops_waits_for_no_reader(server: Server, ask: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        for _ in range(40):
            http.get("/x")
    said, begun = routes._said, threading.Event()

    def slowly(told: served_journal.Told) -> Any:
        begun.set()
        time.sleep(0.2)
        return said(told)

    def read(**what: int) -> None:
        with suppress(LabError):
            ask("exchanges", **what)

    monkeypatch.setattr(routes, "_said", slowly)
    readers = [threading.Thread(target=read, kwargs=what) for what in ({}, {"after": 40})]
    for each in readers:
        each.start()
    assert begun.wait(60)
    stopped = time.monotonic()
    server.stop()
    assert time.monotonic() - stopped < 4
    for each in readers:
        each.join(60)


@pytest.mark.parametrize("bound", [served_journal.MOST_ALIASES, 1])
def test_a_secret_of_before_is_masked_wherever_it_stands_under_new_aliases(
    server: Server, ask: Remote, monkeypatch: pytest.MonkeyPatch, bound: int
) -> None:
    monkeypatch.setattr(served_journal, "MOST_ALIASES", bound)
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        for fields in ({"password": "hunter-two", "grant_type": "password", "username": "jane"}, {"x": "hunter-two"}):
            http.post("/x/hunter-two", data={**fields, "client_secret": "other-7"}, headers={"x-note": "hunter-two"})
            first, *others = ask("exchanges")["exchanges"]
            if bound > 1:
                ask("reset")
    told = [*others, ask("export", form="har"), ask("curl", number=2), ask("conduct")]
    assert "hunter-two" not in str(told)
    assert ("/x/<password 1>" in first["text"], "x=<password 1>" in others[0]["text"]) == (True, True)
    assert "client_secret=<client_secret 2>" in others[0]["text"]


def test_what_the_tenant_holds_is_masked_though_no_exchange_brought_it(server: Server, app: Lab, ask: Remote) -> None:
    user = ask("add_user", factors=["otp"])
    held = dict(server.sandbox.secrets())
    assert held["password"] == user["password"]
    assert [*held] == ["client_secret", "password", "secret", "recovery_code"]
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        http.post(f"/x/{user['password']}", content="; ".join(held.values()), headers={"x-note": held["secret"]})
    told = [ask("exchanges"), ask("export", form="har"), ask("curl", number=1), ask("conduct")]
    assert [kind for kind, value in held.items() if value in str(told)] == []
    assert "/x/<password_of_tenant 2>" in told[0]["exchanges"][0]["text"]
    app.client.password_grant(username=user["username"], password=user["password"])
    assert "password=<password 1>" in ask("exchanges")["exchanges"][1]["text"]


def test_faults_moves_of_the_clock_and_a_client_that_left_are_told(server: Server, app: Lab, ask: Remote) -> None:
    server.sandbox.faults.append(Fault(kind="drop", route="/oauth/token"))
    with pytest.raises(NoAnswer):
        app.client.password_grant(username="jane.roe@example.com", password="wrong-password-1")
    ask("advance", advance=300)
    ask("on_purpose", on=True)
    server.sandbox.faults.append(Fault(kind="slow", seconds=0.5))
    with pytest.raises(httpx.ReadTimeout), httpx.Client(trust_env=False) as http:
        http.get(f"{server.url}/.well-known/jwks.json", timeout=0.1)
    ask("on_purpose", on=False)
    deadline = time.monotonic() + 60
    while (told := ask("exchanges")["exchanges"])[-1]["written"] is None and time.monotonic() < deadline:
        time.sleep(0.05)
    dropped, left = told
    assert (dropped["fault"], dropped["status"], dropped["outcome"], dropped["delivered"]) == (
        "drop",
        None,
        "no answer",
        False,
    )
    assert "no answer: dropped: the connection was ended without an answer" in dropped["text"]
    assert "wrong-password-1" not in str(told)
    assert (left["fault"], left["status"], left["delivered"], left["moved"]) == ("slow", 200, False, 300)
    assert (dropped["on_purpose"], left["on_purpose"]) == (False, True)


def test_it_is_exported_whole_or_by_login_and_a_har_can_be_replayed(app: Lab, ask: Remote, tmp_path: Path) -> None:
    _, secrets = log_in(app, ask)
    user, more = log_in(app, ask, polls=0)
    told = {form: ask("export", form=form, login=7) for form in ("har", "mermaid", "bash")}
    assert [each["name"] for each in told.values()] == ["exchanges.har", "exchanges.mmd", "exchanges.sh"]
    texts = {form: each["text"] for form, each in told.items()}
    assert user["username"] in texts["bash"] or "AUTH0_USERNAME" in texts["bash"]
    assert [len(json.loads(each)["log"]["entries"]) for each in (texts["har"], ask("export", form="har")["text"])] == [
        4,
        10,
    ]
    curl = ask("curl", number=4)["text"]
    assert '--data-urlencode "mfa_token=$MFA_TOKEN_1"' in curl
    assert [each for each in secrets + more if each in str([texts, curl])] == []
    (tmp_path / "served.har").write_text(texts["har"], encoding="utf-8")
    assert "served.har" in repr(Lab.replay(tmp_path / "served.har"))
    with pytest.raises(ControlRefused, match=r"^There is no such exchange: the newest 1000 are kept\.$"):
        ask("curl", number=99)


FORM, JSON = "application/x-www-form-urlencoded", "application/json"
SAID: list[tuple[str, bytes, str]] = [  # the type of a body with a secret in it, the body, and what is not shown of it
    (JSON, b'{"half of a pair": "\\ud800", "password": "hunter-\\udfff-two"}', "hunter-"),
    (JSON, '{"password": "hunter-two"}'.encode("utf-16"), "hunter-two"),
    (JSON, b'\xef\xbb\xbf{"password":"hunter-two"}', "hunter-two"),
    (FORM, "x=1&password=hunter-two".encode("utf-16-le"), "h\\u0000u"),
    (FORM, b"password=hunt%E9r-two", "r-two"),
    (
        "multipart/form-data; boundary=b",
        b'--b\r\nx: form-data; name="password"\r\n\r\nhunter-two\r\n--b--',
        "hunter-two",
    ),
    ("text/plain", b"HUNTER-TWO", "HUNTER-TWO"),
]


@pytest.mark.parametrize(("kind", "body", "secret"), SAID)
def test_whatever_an_application_says_can_be_read_and_its_secret_is_not_shown(
    ask: Remote, server: Server, kind: str, body: bytes, secret: str
) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        http.request("HUNTER-TWO", "/oauth/token", headers={"content-type": kind, "other-7": "1"}, content=body)
        http.post("/oauth/token", data={"client_secret": "HUNTER-TWO", "password": "other-7"})
    told = [ask("exchanges"), ask("curl", number=1), ask("conduct"), ask("received")["entries"][0]["fields"]]
    told += [ask("export", form=form) for form in ("har", "mermaid", "bash")]
    shown = json.dumps(told, ensure_ascii=False)
    assert [each for each in (secret, "HUNTER-TWO", "other-7") if each in shown] == []
    assert json.loads(shown.encode()) == told


# -- the commands


def run(*words: str, env_file: Path) -> str:
    result = CliRunner().invoke(main, [*words, "--env-file", str(env_file)], catch_exceptions=False)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_the_commands_show_it_and_set_a_fault(
    app: Lab, ask: Remote, env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secrets = log_in(app, ask)
    text = run("journal", env_file=env_file)
    assert "3 · app → " in text
    assert "\n4 · app · 400 authorization_pending, as 3\n" in text
    lines = [json.loads(line) for line in run("journal", "--json", env_file=env_file).splitlines()]
    told = ask("exchanges")["exchanges"]
    assert lines == [{name: value for name, value in each.items() if name not in ("text", "html")} for each in told]
    assert [each for each in secrets if each in text + str(lines)] == []
    assert run("journal", "--user", "no one", env_file=env_file) == ""
    with pytest.raises(LabError, match="what is no text"):
        ask("exchanges", user="\udcff")
    command, plain = (
        [sys.executable, "-c", MAIN, "journal", "--env-file", str(env_file)],
        {"PYTHONIOENCODING": "cp1252"},
    )
    narrow = subprocess.run(command, env={**os.environ, **plain}, capture_output=True, check=True)
    assert narrow.stdout.decode("cp1252").splitlines()[0] == text.splitlines()[0].replace("→", "?")
    asked = Remote.__call__

    def follow(remote: Remote, operation: str, /, **arguments: Any) -> Any:
        if (after := arguments.get("after")) == 7:
            raise KeyboardInterrupt
        told = asked(remote, operation, **arguments)
        if operation == "exchanges" and after is None:
            app.client.jwks()  # while the first are printed
        return told

    with monkeypatch.context() as patch:
        patch.setattr(Remote, "__call__", follow)
        followed = run("journal", "--follow", env_file=env_file)
    assert followed.startswith(text)
    app.client.password_grant(username="\x1b]0;a title\x07", password="wrong-password-1")
    assert "username=?]0;a title?\n" in run("journal", env_file=env_file)
    assert "7 · app → " in followed
    assert [kind for kind in KINDS if kind not in run("fail", "--help", env_file=env_file)] == []
    assert run("fail", "429", "--route", "/mfa/challenge", "--times", "2", env_file=env_file) == "429: 2 to come\n"
    assert ask("faults")["faults"] == [{"kind": "429", "times": 2, "route": "/mfa/challenge", "retry_after": 1}]
    run("fail", "5xx", env_file=env_file)
    app.client.jwks()
    coloured = CliRunner().invoke(main, ["journal", "--env-file", str(env_file)], color=True).stdout
    assert {*re.findall(r"\x1b\[(\d+)m  (\d)\d\d", coloured)} == {("32", "2"), ("33", "4"), ("31", "5")}
    assert re.match(r"\x1b\[1m1 · app.*\x1b\[36m<mfa_token 1>\x1b\[0m", coloured, re.DOTALL)
    opened: list[str] = []

    def open_first(address: str) -> bool:
        opened.append(address)
        return len(opened) == 1

    monkeypatch.setattr("webbrowser.open", open_first)
    assert run("page", env_file=env_file) == ""
    assert run("page", env_file=env_file) == f"No browser could be opened. The page is {opened[0]}\n"
    assert httpx.get(opened[0].partition("#")[0], trust_env=False).status_code == 200


def test_the_command_says_which_rules_are_broken(app: Lab, ask: Remote, env_file: Path) -> None:
    def judged(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["conduct", *words, "--env-file", str(env_file)], catch_exceptions=False)
        return done.exit_code, done.stdout + done.stderr

    log_in(app, ask, polls=4)  # without a pause: a should
    code, text = judged()
    assert (code, "✗ should · poll-interval" in text, "1 should broken" in text) == (0, True, True)
    assert judged("--strict")[0] == 1
    allowed = judged("--strict", "--allow", "poll-interval=the test takes no time")
    assert (allowed[0], "poll-interval: the test takes no time" in allowed[1]) == (0, True)
    assert judged("--allow", "poll-interval")[0] == judged("--allow", "no-such-rule=x")[0] + 1 == 2
    with pytest.raises(ControlRefused, match=r"an array of texts, each ID=REASON") as refusal:
        ask("conduct_but", allow=["poll-interval"])
    assert refusal.value.status == 400
    said = json.loads(judged("--json")[1])
    assert [each["id"] for each in said["verdicts"] if each["verdict"] == "broken"] == ["poll-interval"]
    assert ask("conduct")["verdicts"] == said["verdicts"]
    ask("on_purpose", on=True)
    app.client.mfa_authenticators("wrong-mfa-token-1")
    ask("on_purpose", on=False)
    assert ask("conduct")["left_out"] == 1
