"""The doctor and a tenant that cannot be asked: one clear line, the exit status, no traceback, and no secret.

Credentials are sent to nobody who does not answer as Auth0 does.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import pytest
from click.testing import Result

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.server import Server
from tests.live.doctor_mothers import names, run, told
from tests.live.live_world import LiveTenant, other_ca

DISCOVERY, TOKEN = "GET /.well-known", "POST /oauth/token"


def is_safe(result: Result, tenant: LiveTenant) -> None:
    """Fail for a traceback, for a secret, for a person, and for an answer that is passed on as it came."""
    known = tenant.sandbox.defaults
    for text in (result.stdout, result.stderr):
        assert "Traceback" not in text
        for secret in (known.client_secret, known.password, known.mgmt_client_secret, known.username):
            assert secret not in text
        assert "<html" not in text.lower()
        assert "\x00" not in text


def only_line(result: Result) -> str:
    """Return what is missing, which is one thing, on one line of stderr."""
    lines = [line for line in result.stderr.splitlines() if line.startswith("missing")]
    assert len(lines) == 1
    return lines[0]


BAD = {
    "garbage": ("garbage", "discovery: 200 OK: the answer is not what Auth0 sends"),
    "html": (
        "html",
        "discovery: 503 Service Unavailable: something before the tenant answers in its place (text/html)",
    ),
    "429": ("429", "discovery: 429 "),
    "5xx": ("5xx", "discovery: 503 server_error: something before"),
    "drop": ("drop", "reach: The tenant gives no answer (RemoteProtocolError)"),
}


@pytest.mark.parametrize(("kind", "said"), BAD.values(), ids=BAD)
def test_a_tenant_that_answers_badly_is_one_line_and_gets_no_credentials(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch, kind: str, said: str
) -> None:
    live_tenant.bad(kind)
    result = run(monkeypatch, live_tenant.environ | live_tenant.management)
    assert result.exit_code == 2
    assert said in only_line(result)
    assert "could not be asked" in result.stdout.splitlines()[0]
    assert [path for _, path in live_tenant.journal] == ["/.well-known/openid-configuration"]
    is_safe(result, live_tenant)


@pytest.mark.parametrize("kind", BAD)
def test_a_token_endpoint_that_answers_badly_is_one_line_and_is_asked_once(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    live_tenant.bad(kind, "/oauth/token")
    result = run(monkeypatch, live_tenant.environ | live_tenant.management)
    assert result.exit_code == 2
    assert only_line(result).startswith("missing    token endpoint: ")
    assert [path for _, path in live_tenant.journal].count("/oauth/token") == 1
    is_safe(result, live_tenant)


def test_too_many_requests_says_when_to_come_back(live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    live_tenant.bad("429", retry_after=17)
    assert "Run the doctor again in 17 seconds" in only_line(run(monkeypatch, live_tenant.environ))


@contextmanager
def silent(tenant: LiveTenant) -> Iterator[dict[str, str]]:
    """Listen, take connections, and say nothing."""
    with pytest.MonkeyPatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as listening:
        patch.setattr("auth0_mfa_lab.client._TIMEOUT_SECONDS", 0.2)
        yield tenant.environ | {"AUTH0_DOMAIN": f"127.0.0.1:{listening.getsockname()[1]}"}


@contextmanager
def without_tls(tenant: LiveTenant) -> Iterator[dict[str, str]]:
    with Server(Sandbox(), tls=False) as plain:
        yield tenant.environ | {"AUTH0_DOMAIN": plain.domain}


@contextmanager
def signed_by_another(tenant: LiveTenant) -> Iterator[dict[str, str]]:
    yield tenant.environ | {"AUTH0_CA_FILE": str(other_ca(tenant.folder))}


WAYS: dict[str, tuple[Callable[[LiveTenant], AbstractContextManager[dict[str, str]]], str]] = {
    "another certificate": (LiveTenant.wrong_certificate, "TLS: The certificate is refused: "),
    "another CA": (signed_by_another, "For a private CA set AUTH0_CA_FILE"),
    "a closed port": (
        LiveTenant.nothing_there,
        "reach: The tenant gives no answer (ConnectError): the connection is refused",
    ),
    "silence": (silent, "no answer in time"),
    "no TLS": (without_tls, "TLS: TLS fails: that port may not speak TLS"),
}


@pytest.mark.parametrize(("way", "said"), WAYS.values(), ids=WAYS)
def test_a_tenant_that_cannot_be_reached_is_one_line(
    live_tenant: LiveTenant,
    monkeypatch: pytest.MonkeyPatch,
    way: Callable[[LiveTenant], AbstractContextManager[dict[str, str]]],
    said: str,
) -> None:
    with way(live_tenant) as environ:
        result = run(monkeypatch, environ)
    assert (result.exit_code, said in only_line(result), live_tenant.journal) == (2, True, ())
    is_safe(result, live_tenant)


@pytest.mark.parametrize(
    ("status", "fields", "said"),
    [
        (404, {}, "no tenant of Auth0 is at this domain"),
        (301, {}, "the domain sends elsewhere, and nothing is sent after it"),
        (200, {"token_endpoint": None}, "the answer is not what Auth0 sends"),
        (200, {"token_endpoint": "https://id.example/token"}, "is not of Auth0: it has no /oauth/token"),
        (200, {"issuer": None}, "the answer is not what Auth0 sends"),
    ],
)
def test_who_is_no_tenant_of_auth0_gets_no_credentials(
    live_tenant: LiveTenant, status: int, fields: dict[str, str | None], said: str
) -> None:
    live_tenant.alter(DISCOVERY, lambda answer: replace(answer.with_fields(**fields), status=status))
    diagnosis = live_tenant.lab(management=True).doctor()
    (finding,) = diagnosis.missing
    assert (diagnosis.status, finding.name) == (2, "discovery")
    assert said in finding.said
    assert TOKEN.split()[1] not in [path for _, path in live_tenant.journal]


# -- the clock, and who the tenant says it is


@pytest.mark.parametrize(("skew", "way"), [(-300, "ahead"), (300, "behind")])
def test_a_clock_that_is_wrong_is_found_by_the_date_of_an_answer(live_tenant: LiveTenant, skew: int, way: str) -> None:
    live_tenant.skew = skew
    diagnosis = live_tenant.lab().doctor()
    (finding,) = diagnosis.missing
    assert finding.name == "clock"
    assert finding.said.endswith(f" seconds {way}")
    assert 290 < int(finding.said.split()[4]) < 310


@pytest.mark.parametrize("skew", [0, 15, -15])
def test_clocks_that_are_nearly_alike_agree(live_tenant: LiveTenant, skew: int) -> None:
    live_tenant.skew = skew
    assert "clock" in names(live_tenant.lab().doctor(), "ok")


@pytest.mark.parametrize("date", [None, "yesterday"])
def test_without_a_date_the_clock_is_not_known_which_is_no_fault(live_tenant: LiveTenant, date: str | None) -> None:
    live_tenant.skew = None
    live_tenant.alter(DISCOVERY, lambda answer: answer.with_header("date", date))
    diagnosis = live_tenant.lab().doctor()
    assert "clock" in names(diagnosis, "not known")
    assert diagnosis.status == 0


def test_another_issuer_is_found_and_does_not_stop_the_rest(live_tenant: LiveTenant) -> None:
    live_tenant.alter(DISCOVERY, lambda answer: answer.with_fields(issuer="https://tenant.eu.auth0.com/"))
    diagnosis = live_tenant.lab().doctor()
    (finding,) = diagnosis.missing
    assert finding.said == f"The tenant names itself tenant.eu.auth0.com, and AUTH0_DOMAIN is {live_tenant.domain}"
    assert (diagnosis.status, "MFA grant" in names(diagnosis, "ok")) == (1, True)


def test_a_domain_that_is_not_canonical_says_what_the_management_api_needs(live_tenant: LiveTenant) -> None:
    (issuer,) = [each for each in live_tenant.lab().doctor().findings if each.name == "issuer"]
    assert "a custom domain" in issuer.said
    assert "AUTH0_MGMT_DOMAIN" in issuer.said


def test_a_management_api_that_gives_no_answer_leaves_the_rest_as_it_is(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_tenant.bad("drop", "/api/v2")
    result = run(monkeypatch, live_tenant.environ | live_tenant.management, "--json")
    states = {each["name"]: (each["state"], each["said"]) for each in told(result)["findings"]}
    assert (result.exit_code, states["MFA grant"][0]) == (0, "ok")
    assert states["policy"] == ("not known", "not known: no answer (RemoteProtocolError)")


@pytest.mark.parametrize("kind", ["html", "garbage", "429"])
def test_a_management_api_that_answers_badly_leaves_the_rest_as_it_is(live_tenant: LiveTenant, kind: str) -> None:
    live_tenant.bad(kind, "/api/v2")
    diagnosis = live_tenant.lab(management=True).doctor()
    assert (diagnosis.status, diagnosis.missing) == (0, ())
    assert {"policy", "push", "recovery code"} <= set(names(diagnosis, "not known"))
    assert {"MFA grant", "default directory"} <= set(names(diagnosis, "ok"))
