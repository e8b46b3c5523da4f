"""The application's way to the tenant: on a real one the same three things come from the environment."""

import ssl
from collections.abc import Iterator

import httpx
import pytest

from auth0_mfa_lab.pytest_plugin import Auth0Mfa


@pytest.fixture
def http(auth0_mfa: Auth0Mfa, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    for name in ("NO_PROXY", "no_proxy"):  # no proxy of this machine's reaches it
        monkeypatch.setenv(name, auth0_mfa.env[name])
    trusted = ssl.create_default_context(cafile=auth0_mfa.ca_file)
    with httpx.Client(base_url=f"https://{auth0_mfa.domain}", verify=trusted) as client:
        yield client


@pytest.fixture
def app(auth0_mfa: Auth0Mfa) -> dict[str, str]:
    return {"client_id": auth0_mfa.env["AUTH0_CLIENT_ID"], "client_secret": auth0_mfa.env["AUTH0_CLIENT_SECRET"]}
