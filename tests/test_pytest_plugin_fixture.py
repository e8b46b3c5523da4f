"""The fixture `auth0_mfa`: each of its verbs, and what of one test is gone in the next."""

from __future__ import annotations

import base64
import json
import os
import re
import ssl
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from dotenv import dotenv_values

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.pytest_plugin import Auth0Mfa, User

OOB = "http://auth0.com/oauth/grant-type/mfa-oob"


class App:
    """An application with a login by push, or by whichever factor the user has."""

    def __init__(self, tenant: Auth0Mfa, http: httpx.Client) -> None:
        self.http = http
        self._own = {
            "client_id": tenant.env["AUTH0_CLIENT_ID"],
            "client_secret": tenant.env["AUTH0_CLIENT_SECRET"],
        }

    def password(self, user: User) -> httpx.Response:
        form = {"grant_type": "password", "username": user.username, "password": user.password, "scope": "openid"}
        return self.http.post("/oauth/token", data={**form, **self._own})

    def challenge(self, user: User) -> dict[str, str]:
        """Send the password and challenge; return what a poll needs."""
        proof = {"mfa_token": self.password(user).json()["mfa_token"], **self._own}
        sent = self.http.post("/mfa/challenge", json={**proof, "challenge_type": "oob"})
        return {"grant_type": OOB, "oob_code": sent.json()["oob_code"], **proof}

    def poll(self, proof: dict[str, str], **more: str) -> Any:
        return self.http.post("/oauth/token", data={**proof, **more}).json()


@pytest.fixture
def app(auth0_mfa: Auth0Mfa) -> Iterator[App]:
    trusted = ssl.create_default_context(cafile=auth0_mfa.ca_file)
    with httpx.Client(base_url=f"https://{auth0_mfa.domain}", verify=trusted) as http:
        yield App(auth0_mfa, http)


# -- each verb


def test_the_variables_are_those_of_the_file_but_for_the_user(auth0_mfa: Auth0Mfa) -> None:
    written = dotenv_values(auth0_mfa.env_file)
    assert written.keys() == auth0_mfa.env.keys()
    different = {name for name, value in auth0_mfa.env.items() if written[name] != value}
    assert different == {"AUTH0_USERNAME", "AUTH0_PASSWORD", "AUTH0_PHONE_NUMBER", "AUTH0_EMAIL"}
    assert not {name for name, value in os.environ.items() if auth0_mfa.env.get(name) == value}


def test_the_variables_name_the_newest_user(auth0_mfa: Auth0Mfa) -> None:
    first = auth0_mfa.env
    assert auth0_mfa.env == first
    user = auth0_mfa.user(factors=["sms"])
    assert auth0_mfa.env["AUTH0_USERNAME"] == user.username != first["AUTH0_USERNAME"]
    assert auth0_mfa.env["AUTH0_PASSWORD"] == user.password


@pytest.mark.parametrize("factors", [[], ["push"], ["otp"], ["sms", "voice"], ["email"]])
def test_a_user_has_just_the_factors_that_were_asked_for(auth0_mfa: Auth0Mfa, app: App, factors: list[str]) -> None:
    user = auth0_mfa.user(factors=factors)
    token = app.password(user).json()["mfa_token"]
    listed = app.http.get("/mfa/authenticators", headers={"authorization": f"Bearer {token}"}).json()
    channels = {each.get("oob_channel", each["authenticator_type"]) for each in listed}
    # A push brings its codes along, and a verified address is listed by itself.
    wanted = {"auth0" if name == "push" else name for name in factors} | ({"otp"} if "push" in factors else set())
    assert channels - {"recovery-code"} - ({"email"} - wanted) == wanted
    assert (user.recovery_code is not None) == bool(factors)
    with pytest.raises(LabError, match="factors"):
        auth0_mfa.user(factors=["pigeon"])


def test_a_user_shows_no_secret(auth0_mfa: Auth0Mfa) -> None:
    user = auth0_mfa.user(factors=["push"])
    assert user.recovery_code
    assert user.password not in repr(user)
    assert user.recovery_code not in repr(user)


def test_the_phone_allows(auth0_mfa: Auth0Mfa, app: App) -> None:
    proof = app.challenge(auth0_mfa.user(factors=["push"]))
    assert auth0_mfa.phone.pushes[0].place
    auth0_mfa.phone.allow()
    assert auth0_mfa.phone.pushes == ()
    assert "access_token" in app.poll(proof)


@pytest.mark.auth0_both_profiles
def test_the_phone_rejects(auth0_mfa: Auth0Mfa, app: App, auth0_mfa_profile: str) -> None:
    proof = app.challenge(auth0_mfa.user(factors=["push"]))
    auth0_mfa.phone.reject("It was not me")
    assert app.poll(proof)["error"] == {"docs": "invalid_grant", "recorded": "access_denied"}[auth0_mfa_profile]


@pytest.mark.parametrize("is_sent_before", [True, False])
def test_the_phone_allows_after_some_polls(auth0_mfa: Auth0Mfa, app: App, is_sent_before: bool) -> None:
    user = auth0_mfa.user(factors=["push"])
    proof = app.challenge(user) if is_sent_before else {}
    auth0_mfa.phone.allow_after(polls=2)
    proof = proof or app.challenge(user)
    answers = []
    for _ in range(3):
        answers.append(app.poll(proof))
        auth0_mfa.clock.advance(5)
    assert [each.get("error") for each in answers] == ["authorization_pending", "authorization_pending", None]


def test_of_two_logins_the_phone_answers_the_one_that_is_meant(auth0_mfa: Auth0Mfa, app: App) -> None:
    first, second, third = (auth0_mfa.user(factors=["push"]) for _ in range(3))
    proofs = [app.challenge(user) for user in (first, second, third)]
    auth0_mfa.phone.allow(user=first)
    auth0_mfa.phone.reject(user=second)
    assert [app.poll(proof).get("error") for proof in proofs] == [None, "invalid_grant", "authorization_pending"]
    auth0_mfa.phone.allow_after(polls=1, user=third)
    assert [app.poll(proofs[2]).get("error") for _ in range(2)] == ["authorization_pending", None]
    assert auth0_mfa.phone.code(user=third) == auth0_mfa.phone.code() != auth0_mfa.phone.code(user=first)
    with pytest.raises(LabError, match="No push waits"):
        auth0_mfa.phone.allow(user=first, within=0)
    with pytest.raises(LabError, match="no codes"):
        auth0_mfa.phone.code(user=auth0_mfa.user())


def test_the_phone_waits_for_a_push_of_an_application_that_takes_its_time(auth0_mfa: Auth0Mfa, app: App) -> None:
    user = auth0_mfa.user(factors=["push"])
    auth0_mfa.fail_next("slow", route="/mfa/challenge", seconds=0.2)
    with ThreadPoolExecutor() as threads:
        challenged = threads.submit(app.challenge, user)
        auth0_mfa.phone.allow()
    assert "access_token" in app.poll(challenged.result())


def test_the_phone_scans_and_shows_codes(auth0_mfa: Auth0Mfa, app: App) -> None:
    token = app.password(auth0_mfa.user()).json()["mfa_token"]
    enrolled = app.http.post(
        "/mfa/associate", headers={"authorization": f"Bearer {token}"}, json={"authenticator_types": ["otp"]}
    ).json()
    auth0_mfa.phone.scan(enrolled["barcode_uri"])
    otp = {"grant_type": "http://auth0.com/oauth/grant-type/mfa-otp", "mfa_token": token}
    own = {name: auth0_mfa.env[f"AUTH0_{name.upper()}"] for name in ("client_id", "client_secret")}
    assert "access_token" in app.poll({**otp, **own}, otp=auth0_mfa.phone.code())


def test_what_nobody_sent_is_an_error_that_says_so(auth0_mfa: Auth0Mfa) -> None:
    with pytest.raises(LabError, match="No push waits"):
        auth0_mfa.phone.allow(within=0)
    with pytest.raises(LabError, match="No push waits"):
        auth0_mfa.phone.reject(within=0.05)
    with pytest.raises(LabError, match="was sent to"):
        auth0_mfa.inbox.code("+15550199", within=0)


def test_the_inbox_has_the_newest_code(auth0_mfa: Auth0Mfa, app: App) -> None:
    user = auth0_mfa.user(factors=["sms"])
    proof = app.challenge(user)
    code = auth0_mfa.inbox.code(user.phone_number)
    assert auth0_mfa.inbox.code(user.phone_number, purpose="mfa") == code
    with pytest.raises(LabError, match="passwordless"):
        auth0_mfa.inbox.code(user.phone_number, purpose="passwordless", within=0)
    [message] = auth0_mfa.inbox.messages(user.phone_number)
    assert (message.channel, message.purpose, message.code) == ("sms", "mfa", code)
    assert code not in repr(message)
    assert "access_token" in app.poll(proof, binding_code=code)


def test_what_expires_goes_by_the_clock_and_tokens_by_the_wall(auth0_mfa: Auth0Mfa, app: App) -> None:
    user = auth0_mfa.user(factors=["push"])
    proof = app.challenge(user)
    auth0_mfa.clock.advance(3_600)
    assert auth0_mfa.clock.now() == pytest.approx(time.time() + 3_600, abs=30)
    assert app.poll(proof)["error"] != "authorization_pending"
    proof = app.challenge(user)
    auth0_mfa.phone.allow()
    claims = app.poll(proof)["id_token"].split(".")[1]
    issued = json.loads(base64.urlsafe_b64decode(f"{claims}=="))["iat"]
    assert issued == pytest.approx(time.time(), abs=30)


@pytest.mark.parametrize(
    ("kind", "status", "options"), [("429", 429, {"retry_after": 7}), ("5xx", 503, {}), ("html", 502, {})]
)
def test_the_next_calls_fail_as_asked(
    auth0_mfa: Auth0Mfa, app: App, kind: Any, status: int, options: dict[str, Any]
) -> None:
    user = auth0_mfa.user()
    auth0_mfa.fail_next(kind, route="/oauth/token", times=2, **options)
    answers = [app.password(user) for _ in range(3)]
    assert [each.status_code for each in answers] == [status, status, 403]
    assert answers[0].headers.get("retry-after") == ("7" if kind == "429" else None)
    assert answers[0].headers["content-type"].startswith("text/html") == (kind == "html")


def test_a_connection_is_dropped_and_a_push_is_lost(auth0_mfa: Auth0Mfa, app: App) -> None:
    user = auth0_mfa.user(factors=["push"])
    auth0_mfa.fail_next("drop")
    with pytest.raises(httpx.TransportError):
        app.password(user)
    auth0_mfa.fail_next("lost_push")
    app.challenge(user)
    assert auth0_mfa.phone.pushes == ()


def test_a_fault_that_there_is_not_is_refused(auth0_mfa: Auth0Mfa) -> None:
    with pytest.raises(LabError, match="kind must be one of 429"):
        auth0_mfa.fail_next("flood")  # type: ignore[arg-type]  # what a type checker would have said


def test_the_tenant_is_set_differently(auth0_mfa: Auth0Mfa, app: App) -> None:
    before = auth0_mfa.settings()
    after = auth0_mfa.settings(policy="never")
    assert dict(after) == {**before, "policy": "never"}
    assert app.password(auth0_mfa.user()).is_success
    with pytest.raises(LabError, match="policy must be one of"):
        auth0_mfa.settings(policy="sometimes")


def test_what_was_received_is_told_without_values(auth0_mfa: Auth0Mfa, app: App) -> None:
    user = auth0_mfa.user()
    app.password(user)
    [entry] = auth0_mfa.received()
    assert (entry["method"], entry["path"], entry["status"], entry["error"]) == (
        *("POST", "/oauth/token"),
        *(403, "mfa_required"),
    )
    assert "password" in entry["fields"]
    assert user.password not in repr(entry)


# -- suites of others


def suite(folder: Path, text: str, *arguments: str) -> str:
    """Run pytest on a suite, whose warnings are errors, and return what it said; it must have passed."""
    (folder / "test_suite.py").write_text(textwrap.dedent(text), encoding="utf-8")
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers"]
    run = subprocess.run(
        [*command, "--rootdir", str(folder), *arguments, "."],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert not re.search(r"\d warnings?\b", run.stdout)
    assert run.stderr == ""
    return run.stdout


TWICE = """
import time
import httpx
import pytest

@pytest.mark.parametrize("time_", [1, 2])
def test_each(auth0_mfa, time_, seen={}):
    assert auth0_mfa.received() == []
    user = auth0_mfa.user(factors=["push", "sms"])
    for name in ("user_id", "username", "password", "phone_number", "recovery_code"):
        assert getattr(user, name) not in seen.setdefault(name, set()), name
        seen[name].add(getattr(user, name))
    assert abs(auth0_mfa.clock.now() - time.time()) < 60
    settings = auth0_mfa.settings()
    assert settings == seen.setdefault("settings", settings)
    assert auth0_mfa.phone.pushes == ()
    for address in seen["phone_number"]:
        assert auth0_mfa.inbox.messages(address) == ()
    lasting = [auth0_mfa.domain, auth0_mfa.ca_file, auth0_mfa.env["AUTH0_CLIENT_ID"]]
    assert lasting == seen.setdefault("lasting", lasting)
    start = {"client_id": auth0_mfa.env["AUTH0_CLIENT_ID"], "client_secret": auth0_mfa.env["AUTH0_CLIENT_SECRET"],
             "connection": "sms", "phone_number": user.phone_number}
    # Fifty an hour are all that one address may start: each test has its own fifty.
    import ssl
    with httpx.Client(verify=ssl.create_default_context(cafile=auth0_mfa.ca_file)) as http:
        for _ in range(40):
            start["phone_number"] = f"+1555010{_:04d}"
            assert http.post(f"https://{auth0_mfa.domain}/passwordless/start", json=start).status_code == 200
        jwks = http.get(f"https://{auth0_mfa.domain}/.well-known/jwks.json").json()
        assert jwks == seen.setdefault("jwks", jwks)
        start["phone_number"] = user.phone_number
        assert http.post(f"https://{auth0_mfa.domain}/passwordless/start", json=start).status_code == 200
    auth0_mfa.clock.advance(5_000)
    auth0_mfa.settings(policy="never", profile="recorded", switches={"gateway_failure_every": "3"})
    auth0_mfa.fail_next("5xx", times=1_000)
    auth0_mfa.fail_next("lost_push", times=1_000)
"""


def test_nothing_of_one_test_is_left_in_the_next(tmp_path: Path) -> None:
    assert "2 passed" in suite(tmp_path, TWICE)


BOTH = """
import pytest

@pytest.mark.auth0_both_profiles
def test_it(auth0_mfa):
    assert auth0_mfa.settings()["profile"] in {"docs", "recorded"}

@pytest.mark.auth0_both_profiles
class TestAll:
    def test_profile(self, auth0_mfa, auth0_mfa_profile):
        assert auth0_mfa.settings()["profile"] == auth0_mfa_profile

    def test_without(self):
        pass

def test_one(auth0_mfa):
    assert auth0_mfa.settings()["profile"] == "docs"
"""


def test_a_marked_test_runs_under_both_profiles(tmp_path: Path) -> None:
    said = suite(tmp_path, BOTH, "-vv")
    assert "6 passed" in said
    assert re.findall(r"test_it\[(\w+)\]", said) == ["docs", "recorded"]


WORKERS = """
import os
import pathlib
import pytest

@pytest.mark.parametrize("number", range(6))
def test_one_of_many(auth0_mfa, number):
    assert auth0_mfa.user(factors=["sms"]).username
    worker = os.environ["PYTEST_XDIST_WORKER"]
    with pathlib.Path("seen").open("a") as seen:
        seen.write(f"{worker} {auth0_mfa.domain} {auth0_mfa.env['AUTH0_CLIENT_ID']}\\n")
"""


def test_each_worker_of_xdist_has_one_server_of_its_own(tmp_path: Path) -> None:
    assert "6 passed" in suite(tmp_path, WORKERS, "-n", "2")
    seen = {tuple(line.split()) for line in (tmp_path / "seen").read_text().splitlines()}
    assert {worker for worker, _, _ in seen} == {"gw0", "gw1"}
    assert len({domain for _, domain, _ in seen}) == len({client for _, _, client in seen}) == len(seen) == 2


UNUSED = """
import sys

def test_nothing_of_it():
    heavy = ["auth0_mfa_lab.sandbox", "auth0_mfa_lab.tenants", "starlette", "uvicorn", "trustme", "ipywidgets"]
    assert [name for name in heavy if name in sys.modules] == []
"""


def test_a_suite_that_does_not_use_it_loads_no_sandbox(tmp_path: Path) -> None:
    suite(tmp_path, UNUSED)


def test_fixtures_and_marker_explain_themselves(tmp_path: Path) -> None:
    said = suite(tmp_path, "", "--fixtures")
    for verb in (".user(", ".phone", ".inbox", ".clock.advance(", ".fail_next(", ".settings(", ".env"):
        assert verb in said, verb
    assert "auth0_both_profiles" in suite(tmp_path, "", "--markers")
