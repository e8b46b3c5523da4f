"""The sandbox on a socket, with TLS of a private CA that the official clients trust as one tells them to."""

import ssl
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import certifi
import httpx
import pytest

from auth0_mfa_lab.sandbox import Phone, User, WallClock
from auth0_mfa_lab.sandbox.server import Server
from tests.sandbox.sandbox_mothers import App, new_sandbox

with warnings.catch_warnings():
    # At its import Authlib, which auth0-server-python brings, has its warnings shown whatever a project's filters say.
    import authlib.deprecate  # noqa: F401  (imported for this alone)


@dataclass(frozen=True)
class Served(App):
    """An application at a served sandbox, and the file of its CA."""

    ca_file: Path

    @property
    def domain(self) -> str:
        return self.sandbox.domains.current

    @property
    def issuer(self) -> str:
        return f"https://{self.domain}/"

    @property
    def pair(self) -> tuple[str, str]:
        return self.sandbox.defaults.client_id, self.sandbox.defaults.client_secret

    def phone(self) -> Phone:
        return self.sandbox.new_phone(self.http)

    def user(self, *factors: str, phone: Phone | None = None) -> User:
        """Return a fresh user with these factors; a phone for push scans over the network."""
        return self.sandbox.add_user(factors=factors, phone=phone)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    began = time.time()  # the clients check tokens by the wall's time; no limit refills while a slow machine is at work
    with Server(new_sandbox(clock=WallClock(lambda: began))) as server:
        yield server


@pytest.fixture
def served(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A tenant begun again at https://localhost:<port>; requests and httpx know its CA as the env file tells them."""
    server.sandbox.reset()
    (ca_file := tmp_path / "ca.pem").write_bytes(ca_pem := server.ca_pem or b"")
    (bundle := tmp_path / "bundle.pem").write_bytes(ca_pem + b"\n" + Path(certifi.where()).read_bytes())
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(bundle))
    with httpx.Client(verify=ssl.create_default_context(cafile=ca_file), base_url=server.url) as http:
        yield Served(server.sandbox, http, ca_file)
