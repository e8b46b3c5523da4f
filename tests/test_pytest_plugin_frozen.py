"""The fixture `auth0_mfa` under a frozen clock: the session ends, and an application accepts the tokens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 300
"""A bound on a session that never ends, and no guess at how fast a machine is."""

LOGIN = """
import asyncio
import datetime
import ssl

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

MFA_OOB = "http://auth0.com/oauth/grant-type/mfa-oob"


def check_login(auth0_mfa, day):
    '''Log a user in by push, and check the id_token as an application does: by its own clock.'''
    user = auth0_mfa.user(factors=["push"])
    own = {name: auth0_mfa.env[f"AUTH0_{name.upper()}"] for name in ("client_id", "client_secret")}
    password = {"grant_type": "password", "username": user.username, "password": user.password, "scope": "openid"}
    trusted = ssl.create_default_context(cafile=auth0_mfa.ca_file)
    with httpx.Client(base_url=f"https://{auth0_mfa.domain}", verify=trusted) as http:
        login = {"mfa_token": http.post("/oauth/token", data={**own, **password}).json()["mfa_token"], **own}
        challenge = http.post("/mfa/challenge", json={**login, "challenge_type": "oob"}).json()
        auth0_mfa.phone.allow()
        poll = {"grant_type": MFA_OOB, "oob_code": challenge["oob_code"], **login}
        id_token = http.post("/oauth/token", data=poll).json()["id_token"]
        keys = KeySet.import_key_set(http.get("/.well-known/jwks.json").json())
    claims = jwt.decode(id_token, keys, algorithms=["RS256"]).claims
    jwt.JWTClaimsRegistry(iat={"essential": True}, exp={"essential": True}).validate(claims)
    assert str(datetime.datetime.fromtimestamp(claims["iat"], datetime.UTC).date()) == day
"""

FREEZEGUN = """
from freezegun import freeze_time
from auth0_mfa_lab import LabError


@freeze_time("2026-07-14", tick=True)
def test_a_decorator(auth0_mfa):
    check_login(auth0_mfa, "2026-07-14")


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


@time_machine.travel("2026-07-14T00:00Z", tick=False)
def test_a_decorator(auth0_mfa):
    check_login(auth0_mfa, "2026-07-14")


def test_a_context(auth0_mfa):
    with time_machine.travel("2035-01-02T00:00Z"):
        check_login(auth0_mfa, "2035-01-02")
"""


@pytest.mark.parametrize(
    ("tests", "passed"),
    [(FREEZEGUN, 5), (STARTED_FROZEN, 1), (TIME_MACHINE, 2)],
    ids=["freezegun", "started frozen", "time-machine"],
)
def test_a_session_with_a_frozen_clock_passes_and_ends(tmp_path: Path, tests: str, passed: int) -> None:
    (tmp_path / "test_suite.py").write_text(LOGIN + tests, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "."]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{passed} passed" in run.stdout
