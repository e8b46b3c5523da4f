"""The plugin for pytest: the fixture `auth0_mfa`, and no secret in a report of a failed comparison.

pytest explains `assert a == b` from the strings themselves and would print both, in a build's log too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from auth0_mfa_lab.plugin_tenant import Auth0Mfa, Message, Push, User
from auth0_mfa_lab.secrets.secret import Secret

if TYPE_CHECKING:
    from auth0_mfa_lab.plugin_server import Running

__all__ = ["Auth0Mfa", "Message", "Push", "User"]

MARKER = "auth0_both_profiles"
PROFILES = ("docs", "recorded")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}: run a test that uses `auth0_mfa` under each profile of the sandbox: where a rejected push is 403 "
        "invalid_grant (docs), and where it is 400 access_denied (recorded).",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a marked test once for each profile."""
    if metafunc.definition.get_closest_marker(MARKER) and "auth0_mfa_profile" in metafunc.fixturenames:
        metafunc.parametrize("auth0_mfa_profile", PROFILES)


@pytest.fixture(scope="session")
def auth0_mfa_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The server behind `auth0_mfa`: one a session, and under pytest-xdist one a worker."""
    # Here, for whoever uses no fixture of ours: the sandbox takes a while to load.
    from auth0_mfa_lab.plugin_server import running

    # Equal ids in equal runs, and others in each worker of pytest-xdist.
    worker_id = getattr(request.config, "workerinput", {}).get("workerid", "alone")
    with running(tmp_path_factory.mktemp("auth0_mfa"), seed=f"pytest {worker_id}") as server:
        yield server


@pytest.fixture
def auth0_mfa_profile() -> str:
    """The profile that `auth0_mfa` begins with: `docs`, or each one in turn by `@pytest.mark.auth0_both_profiles`."""
    return PROFILES[0]


@pytest.fixture
def auth0_mfa(auth0_mfa_server: Running, auth0_mfa_profile: str) -> Iterator[Auth0Mfa]:
    """An Auth0 tenant for this test, with a phone and an inbox: on a port of this machine, over TLS.
    .domain, .ca_file           where it is (host:port), and the CA to trust
    .env                        the variables for an application: AUTH0_DOMAIN, AUTH0_CLIENT_ID, SSL_CERT_FILE ...
    .env_file                   the same as a file, for `auth0-mfa-lab phone allow --env-file` and its like
    .user(factors=["push"])     a fresh user with just these factors (push, otp, sms, voice, email)
    .phone                      .allow()  .reject("reason")  .allow_after(polls=2)  .code()  .scan(barcode_uri)  .pushes
                                (of the newest login, or of one: .allow(user=user))
    .inbox                      .code("+15550101")  .messages("jane@example.com")
    .clock.advance(seconds)     what expires does so; good as the `sleep` of an application that polls
    .fail_next("429", route="/oauth/token", times=2, retry_after=3)
                                or "5xx", "html", "slow", "drop", "late_approval", "lost_push"
    .settings(policy="never")   also profile, factors, message_types, push_provider, switches ...
    .received()                 what the tenant was asked, with the names of the fields
    .page                       the address of a page that shows phone and inbox, for a person
    The server is one a session. After each test its tenant begins again: users, settings, faults, limits and the
    clock are as they were. No user comes twice in a session; the applications and the signing key stay.
    """
    tenant = Auth0Mfa(auth0_mfa_server)
    tenant.settings(profile=auth0_mfa_profile)
    yield tenant
    auth0_mfa_server.renew()


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a failed comparison that a Secret takes part in by the reprs of both sides alone."""
    if isinstance(left, Secret) or isinstance(right, Secret):
        return [f"{_shown(left, right)} {op} {_shown(right, left)}"]
    return None


def _shown(value: object, other: object) -> str:
    """Return the repr of a value; a plain text that holds the other side's secret shows that one's alias."""
    if isinstance(value, str) and not isinstance(value, Secret) and isinstance(other, Secret):
        value = str.replace(value, str(other), other.shown)
    return repr(value)
