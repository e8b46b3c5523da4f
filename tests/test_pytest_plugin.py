"""The plugin for pytest: each verb of `auth0_mfa`, what of one test is gone in the next, and no secret in a report."""

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dotenv import dotenv_values

from auth0_mfa_lab import Client, Exchange, Lab, NoAnswer, Settings
from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.pytest_plugin import Auth0Mfa, User

SECONDS = 300
"""A bound on a session that never ends, and no guess at how fast a machine is."""


class App:
    """An application with a login by push, or by whichever factor the user has."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def password(self, user: User) -> Exchange:
        return self.client.password_grant(username=user.username, password=user.password, scope="openid")

    def challenge(self, user: User) -> dict[str, str]:
        """Send the password and challenge; return what a poll needs."""
        token = self.password(user)["mfa_token"]
        sent = self.client.mfa_challenge(mfa_token=token, challenge_type="oob")
        return {"mfa_token": token, "oob_code": sent["oob_code"]}

    def errors(self, *proofs: dict[str, str]) -> list[str | None]:
        """Poll each of these, and return the errors that came."""
        return [self.client.mfa_oob_grant(**proof).error for proof in proofs]


@pytest.fixture
def app(auth0_mfa: Auth0Mfa) -> App:
    return App(Lab.served(Settings.of_server(Path(auth0_mfa.env_file))).client)


# -- each verb


def test_the_variables_are_those_of_the_file_but_for_the_newest_user(auth0_mfa: Auth0Mfa) -> None:
    first, written = auth0_mfa.env, dotenv_values(auth0_mfa.env_file)
    of_a_user = {f"AUTH0_{name.upper()}": name for name in ("username", "password", "phone_number", "email")}
    assert {name for name, _ in first.items() ^ written.items()} == {*of_a_user}
    assert not {*os.environ.items()} & {*first.items()}
    assert auth0_mfa.env == first
    user = auth0_mfa.user(factors=["push"])
    for variable, name in of_a_user.items():
        assert auth0_mfa.env[variable] == getattr(user, name) != first[variable]
    assert auth0_mfa.page == f"https://{auth0_mfa.domain}/_lab/#token={first['AUTH0_LAB_TOKEN']}"
    assert user.recovery_code
    assert (user.factors, user.off, auth0_mfa.user().recovery_code) == (("push",), (), None)
    assert auth0_mfa.user(factors=["sms", "email"]).off == ("email",)
    assert not [secret for secret in (user.password, user.recovery_code) if secret in repr(user)]


def test_the_phone_answers_the_login_that_is_meant_now_or_later(auth0_mfa: Auth0Mfa, app: App) -> None:
    phone = auth0_mfa.phone
    first, second, third = (auth0_mfa.user(factors=["push"]) for _ in range(3))
    phone.allow_after(polls=2)  # of the first push that comes
    early = app.challenge(first)
    assert app.errors(early, early) == ["authorization_pending"] * 2
    proofs = [app.challenge(user) for user in (first, second, third)]
    assert app.errors(early) == [None]
    assert [bool(push.place and push.browser and push.at) for push in phone.pushes] == [True] * 3
    phone.allow(user=first)
    phone.reject(user=second)
    assert app.errors(*proofs) == [None, "invalid_grant", "authorization_pending"]
    phone.reject_after("not me", polls=1, user=third)
    auth0_mfa.clock.advance(5)
    assert app.errors(proofs[2], proofs[2]) == ["authorization_pending", "invalid_grant"]
    assert phone.code(user=third) == phone.code() != phone.code(user=first)
    auth0_mfa.fail_next("slow", route="/mfa/challenge", seconds=0.2)
    with ThreadPoolExecutor() as threads:
        challenged = threads.submit(app.challenge, second)
        phone.allow()
    assert app.errors(challenged.result()) == [None]
    assert phone.pushes == ()
    for act, said in (
        ("phone.allow(user=first, within=0)", "No push waits"),
        ("phone.reject(within=0.05)", "No push waits"),
        ("phone.code(user=mfa.user())", "no codes"),
        ("mfa.inbox.code('+15550199', within=0)", "was sent to"),
        ("mfa.user(factors=['pigeon'])", "factors"),
        ("mfa.fail_next('flood')", "kind must be one of 429"),
        ("mfa.settings(policy='sometimes')", "policy must be one of"),
    ):
        with pytest.raises(LabError, match=said):
            eval(act, {"mfa": auth0_mfa, "phone": phone, "first": first})


@pytest.mark.auth0_both_profiles
def test_a_rejection_is_what_the_profile_says(auth0_mfa: Auth0Mfa, app: App, auth0_mfa_profile: str) -> None:
    proof = app.challenge(auth0_mfa.user(factors=["push"]))
    auth0_mfa.phone.reject("It was not me")
    assert app.errors(proof) == [{"docs": "invalid_grant", "recorded": "access_denied"}[auth0_mfa_profile]]


def test_the_phone_scans_and_shows_codes_and_the_inbox_has_the_newest(auth0_mfa: Auth0Mfa, app: App) -> None:
    token = app.password(auth0_mfa.user())["mfa_token"]
    enrolled = app.client.mfa_associate(token, authenticator_types=["otp"])
    auth0_mfa.phone.scan(enrolled["barcode_uri"])
    assert app.client.mfa_otp_grant(mfa_token=token, otp=auth0_mfa.phone.code()).status == 200
    user = auth0_mfa.user(factors=["sms"])
    proof, inbox = app.challenge(user), auth0_mfa.inbox
    code = inbox.code(user.phone_number, purpose="mfa")
    with pytest.raises(LabError, match="passwordless"):
        inbox.code(user.phone_number, purpose="passwordless", within=0)
    [message] = inbox.messages(user.phone_number)
    assert (message.channel, message.purpose, message.code) == ("sms", "mfa", code)
    assert code not in repr(message)
    assert app.errors({**proof, "binding_code": code}) == [None]


def test_what_expires_goes_by_the_clock_and_tokens_by_the_wall(auth0_mfa: Auth0Mfa, app: App) -> None:
    user = auth0_mfa.user(factors=["push"])
    proof = app.challenge(user)
    auth0_mfa.clock.advance(3_600)
    assert auth0_mfa.clock.now() == pytest.approx(time.time() + 3_600, abs=30)
    assert app.errors(proof) != ["authorization_pending"]
    proof = app.challenge(user)
    auth0_mfa.phone.allow()
    assert app.client.mfa_oob_grant(**proof).claims("id_token")["iat"] == pytest.approx(time.time(), abs=30)


def test_faults_and_settings_are_made_and_what_was_received_is_told(auth0_mfa: Auth0Mfa, app: App) -> None:
    user = auth0_mfa.user(factors=["push"])
    app.password(user)
    [entry] = auth0_mfa.received()
    assert entry.items() >= {"method": "POST", "path": "/oauth/token", "status": 403, "error": "mfa_required"}.items()
    assert ("password" in entry["fields"], user.password in repr(entry)) == (True, False)
    auth0_mfa.fail_next("429", route="/oauth/token", times=2, retry_after=7)
    first, *others = [app.password(user) for _ in range(3)]
    assert [each.status for each in (first, *others)] == [429, 429, 403]
    assert "retry-after: 7" in repr(first)
    auth0_mfa.fail_next("drop")
    with pytest.raises(NoAnswer):
        app.password(user)
    before = auth0_mfa.settings()
    assert dict(auth0_mfa.settings(policy="never")) == {**before, "policy": "never"}
    assert app.password(auth0_mfa.user()).status == 200


def test_the_rules_judge_what_the_application_did_in_this_test_but_for_what_was_on_purpose(
    auth0_mfa: Auth0Mfa, app: App
) -> None:
    proof = app.challenge(auth0_mfa.user(factors=["push"]))
    auth0_mfa.phone.reject()
    app.errors(proof)
    assert auth0_mfa.conduct().broken == []
    with auth0_mfa.on_purpose():
        app.errors(proof)
    assert auth0_mfa.conduct().broken == []
    app.errors(proof)
    [verdict] = auth0_mfa.conduct().broken
    assert (verdict.rule.id, verdict.level) == ("final-answer-ends", "must")
    assert auth0_mfa.conduct(allow={"final-answer-ends": "once more"}).broken == []


# -- suites of others


# Plugins of others, whose imports cost seconds.
NOT_THESE = [f"-pno:{name}" for name in ("nbval", "hypothesispytest", "anyio", "pytest_cov", "cacheprovider")]


def suite(folder: Path, *arguments: str, status: int = 0, **files: str) -> str:
    """Run pytest on these files, whose warnings are errors, and return what it said."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-W", "error", "-m", "pytest", "-vv", *NOT_THESE, "-pno:randomly", "--strict-markers"]
    command += ["--rootdir", str(folder), *arguments, "."]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert run.returncode == status, run.stdout + run.stderr
    assert not re.search(r"\d warnings?\b", run.stdout)
    assert run.stderr == ""
    return run.stdout


UNUSED = """
import sys

def test_nothing_of_it():
    heavy = ["auth0_mfa_lab.sandbox", "auth0_mfa_lab.tenants", "starlette", "uvicorn", "trustme", "ipywidgets"]
    assert [name for name in heavy if name in sys.modules] == []
"""
STORY = """
from auth0_mfa_lab import Lab

lab = Lab.sandbox()
user = lab.user(factors=[])
login = lab.client.password_grant(username=user.username, password=user.password)
token = login["mfa_token"]
"""
CLAIMS = (
    'token == "x"',
    '"Fe26" not in token',
    'login["mfa_token"] == user.password',
    'token in ["x"]',
    "token != str(token)",
    "token[:20] == 'x'",
    "token + '…' == 'x'",
    "token.split('*')[3] == 'x'",
)


TWICE = """
import time
from pathlib import Path

import pytest
from auth0_mfa_lab import Lab, Settings

@pytest.mark.parametrize("time_", [1, 2])
def test_each(auth0_mfa, time_, seen={}):
    assert auth0_mfa.received() == []
    user = auth0_mfa.user(factors=["push", "sms"])
    for name in ("user_id", "username", "password", "phone_number", "recovery_code"):
        assert getattr(user, name) not in seen.setdefault(name, set()), name
        seen[name].add(getattr(user, name))
    assert abs(auth0_mfa.clock.now() - time.time()) < 60
    client = Lab.served(Settings.of_server(Path(auth0_mfa.env_file))).client
    # Fifty an hour are all that one address may start: each test has its own fifty.
    for number in range(27):
        started = client.passwordless_start(connection="sms", phone_number=f"+1555010{number:04d}", send="code")
        assert started.status == 200
    lasting = [auth0_mfa.settings(), auth0_mfa.domain, auth0_mfa.ca_file, client.client_id, client.jwks().json]
    assert lasting == seen.setdefault("lasting", lasting)
    assert auth0_mfa.phone.pushes == ()
    assert [auth0_mfa.inbox.messages(address) for address in seen["phone_number"]] == [()] * time_
    client.passwordless_start(connection="sms", phone_number=user.phone_number, send="code")
    auth0_mfa.clock.advance(5_000)
    auth0_mfa.settings(policy="never", profile="recorded", switches={"gateway_failure_every": "3"})
    auth0_mfa.fail_next("5xx", times=1_000)
    auth0_mfa.fail_next("lost_push", times=1_000)
"""
BOTH = """
import pytest

@pytest.mark.auth0_both_profiles
class TestAll:
    def test_profile(self, auth0_mfa, auth0_mfa_profile):
        assert auth0_mfa.settings()["profile"] == auth0_mfa_profile

    def test_without(self):
        pass

def test_one(auth0_mfa):
    assert auth0_mfa.settings()["profile"] == "docs"
"""
WORKERS = """
import os
import pathlib
import pytest

@pytest.mark.parametrize("number", range(4))
def test_one_of_many(auth0_mfa, number):
    assert auth0_mfa.user(factors=["sms"]).username
    worker = os.environ["PYTEST_XDIST_WORKER"]
    with pathlib.Path("seen").open("a") as seen:
        seen.write(f"{worker} {auth0_mfa.domain} {auth0_mfa.env['AUTH0_CLIENT_ID']}\\n")
"""
LOGIN = """
import asyncio
import datetime
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from auth0_mfa_lab import Lab, LabError, Settings


def check_login(auth0_mfa, day):
    '''Log a user in by push, and check the id_token as an application does: by its own clock.'''
    user = auth0_mfa.user(factors=["push"])
    client = Lab.served(Settings.of_server(Path(auth0_mfa.env_file))).client
    login = client.password_grant(username=user.username, password=user.password, scope="openid")
    challenge = client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    auth0_mfa.phone.allow()
    id_token = client.mfa_oob_grant(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"])["id_token"]
    claims = jwt.decode(str(id_token), KeySet.import_key_set(client.jwks().json), algorithms=["RS256"]).claims
    jwt.JWTClaimsRegistry(iat={"essential": True}, exp={"essential": True}).validate(claims)
    assert str(datetime.datetime.fromtimestamp(claims["iat"], datetime.UTC).date()) == day
"""
FREEZEGUN = """
from freezegun import freeze_time

def test_a_context(auth0_mfa):
    with freeze_time("2035-01-02", tick=True):
        check_login(auth0_mfa, "2035-01-02")

@freeze_time("2026-07-14", real_asyncio=True)
def test_the_real_time_for_asyncio(auth0_mfa):
    async def app():
        await asyncio.sleep(0.01)
        check_login(auth0_mfa, "2026-07-14")

    asyncio.run(app())

@freeze_time("2026-07-14")
def test_a_clock_that_stands_still(auth0_mfa):
    check_login(auth0_mfa, "2026-07-14")
    with pytest.raises(LabError, match="No push waits"):
        auth0_mfa.phone.allow(within=0.1)

def test_the_time_of_the_machine_again(auth0_mfa):
    check_login(auth0_mfa, str(datetime.datetime.now(datetime.UTC).date()))
"""
STARTED_FROZEN = """
from freezegun import freeze_time

def test_a_server_that_starts_under_a_frozen_clock(request):
    with freeze_time("2026-07-14", tick=True):
        check_login(request.getfixturevalue("auth0_mfa"), "2026-07-14")
"""
TIME_MACHINE = """
import time_machine

@time_machine.travel("2035-01-02T00:00Z", tick=False)
def test_a_time_machine(auth0_mfa):
    check_login(auth0_mfa, "2035-01-02")
"""


RED = """
from pathlib import Path

import pytest
from auth0_mfa_lab import Lab, Settings

def test_green(auth0_mfa):
    Lab.served(Settings.of_server(Path(auth0_mfa.env_file))).client.jwks()

@pytest.mark.parametrize("polls", [1, 25])
def test_red(auth0_mfa, polls):
    user = auth0_mfa.user(factors=["push"])
    client = Lab.served(Settings.of_server(Path(auth0_mfa.env_file))).client
    token = client.password_grant(username=user.username, password=user.password)["mfa_token"]
    for _ in range(polls):
        client.mfa_challenge(mfa_token=token, challenge_type="oob")
    assert polls == 0

def test_red_before_it_asks(auth0_mfa):
    assert auth0_mfa is None
"""
CLAIM = "def test_claim_{}():\n    from story import login, token, user\n    assert {}\n"
SUITE = {
    "test_0_unused": UNUSED,
    "test_1_started": LOGIN + STARTED_FROZEN,
    "story": STORY,
    **{f"test_story_{number}": CLAIM.format(number, each) for number, each in enumerate(CLAIMS)},
    "test_twice": TWICE,
    "test_two_profiles": BOTH,
    "test_under_freezegun": LOGIN + FREEZEGUN,
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What one session says of all these files, in their order."""
    return suite(tmp_path_factory.mktemp("suite"), status=1, **SUITE)


def test_what_uses_nothing_loads_no_sandbox_and_a_server_may_start_and_serve_under_a_frozen_clock(said: str) -> None:
    assert re.findall(r"::test_profile\[(\w+)\]", said) == ["docs", "recorded"]
    assert f"{len(CLAIMS)} failed, 12 passed" in said


def test_a_failed_claim_shows_no_secret(said: str) -> None:
    assert not re.search(r"Fe26\.2\*SERVER|[0-9a-f]{40}|\b[A-Za-z0-9]{14}!7", said)
    parts = re.split(r"^_+ test_claim_\d+ _+$", said, flags=re.MULTILINE)[1:]
    for part, each in zip(parts, CLAIMS, strict=True):
        assert f"assert {each}" in part
        assert "mfa_token 1>" in part


def test_each_worker_of_xdist_has_one_server_of_its_own_and_time_machine_may_travel(tmp_path: Path) -> None:
    files = {"test_many": WORKERS, "test_time_machine": LOGIN + TIME_MACHINE, "test_red": RED}
    said = suite(tmp_path, "-n", "2", status=1, **files)
    assert "3 failed, 6 passed" in said
    parts = re.findall(r"(?ms)^_+ (test_red\S*) _+$(.*?)(?=^_+ test|^=)", said)
    asked = {name: part.partition(" Auth0 was asked ")[2].partition("\n")[2] for name, part in parts}
    one, many, none = asked["test_red[1]"], asked["test_red[25]"], asked["test_red_before_it_asks"]
    assert none.startswith("nothing\n")
    assert re.findall(r"(?m)^\d+ · app → .*\n  (.*)$", one) == ["POST /oauth/token", "POST /mfa/challenge"]
    assert many.startswith("(6 earlier exchanges are left out)\n")
    assert many.count("POST /mfa/challenge") == 20
    assert "<mfa_token " in one
    assert not re.search(r"Fe26|!7", said)
    seen = {tuple(line.split()) for line in (tmp_path / "seen").read_text().splitlines()}
    assert [len({*column}) for column in zip(*seen, strict=True)] == [2, 2, 2]
