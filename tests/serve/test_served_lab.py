"""A lab on a served sandbox: the verbs, the answers and the text of the one in process, over the network."""

import re
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from auth0_mfa_lab import Lab, LabError, NoAnswer, Settings, SettingsError, State
from auth0_mfa_lab.cli.serve import write_env_file
from auth0_mfa_lab.client import network
from auth0_mfa_lab.clock import SandboxClock
from auth0_mfa_lab.errors import ControlRefused, NoServer, NothingToAnswer, NothingWasSent, PhoneError
from auth0_mfa_lab.sandbox import Sandbox, WallClock
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.show.panels.phone import PhonePanel
from auth0_mfa_lab.tenants.operations import Remote
from auth0_mfa_lab.tenants.users import User
from tests.flows.flows import FLOWS, Flow, challenged, log_in, push_allowed
from tests.serve.served_notebooks import as_served


@pytest.fixture
def frozen() -> Iterator[Server]:
    """A server of seed 1 whose clock stands still."""
    with Server(Sandbox(seed=1)) as server:
        yield server


@pytest.fixture
def lab(frozen: Server, tmp_path: Path) -> Lab:
    """A lab on the frozen server."""
    return Lab.served(settings_of(frozen, tmp_path))


def settings_of(server: Server, folder: Path) -> Settings:
    """Return what the server's env file says."""
    write_env_file(folder / ".env", server)
    return Settings.from_env(folder, environ={})


def phone_panel(lab: Lab) -> Iterator[object]:
    for _ in range(2):
        challenged(lab, log_in(lab, lab.user(factors=["push"])))
    lab.client.passwordless_start(connection="sms", phone_number="+15550177", send="code")
    panel = lab.phone_panel()
    assert isinstance(panel, PhonePanel)
    yield panel.static_html()
    yield panel.reject("not me", panel.card.pushes[0])
    lab.clock.advance(45)
    yield panel.allow()
    yield panel.static_html()
    yield panel.card


def management(lab: Lab) -> Iterator[object]:
    grant = lab.management_application.client_credentials_grant(audience=lab.management_audience)
    api = lab.management(grant["access_token"])
    yield api.guardian_factors()
    yield api.update_guardian_policies([])
    yield lab.tenant
    yield lab.tenant.switches
    yield lab.tenant.evidence("/mfa/challenge")


def qr_panel(lab: Lab) -> Iterator[object]:
    login = log_in(lab, lab.user(factors=[]))
    begun = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    panel = lab.qr_panel(begun["barcode_uri"])
    yield panel.static_html()
    lab.clock.advance(60)
    panel.refresh()
    yield panel.static_html()
    panel.scan_button.click()
    yield [panel, panel.static_html()]


def wrong(lab: Lab) -> Iterator[object]:
    yield lab.client.send("POST", "/oauth/token", form={"grant_type": "urn:example:none"}, as_application=True)
    yield lab.client.send("POST", "/mfa/associate", bearer="none", json={"authentication_types": ["otp"]})
    yield lab.client.userinfo("none")
    yield lab.client.openid_configuration()


def shown(value: object) -> str:
    """Return all that a notebook would save of a value."""
    bundle = getattr(value, "_repr_mimebundle_", None)
    return "\n".join([repr(value), *(str(text) for text in (bundle() if bundle else {}).values() if bundle)])


def told(lab: Lab, walk: Flow) -> list[str]:
    return [shown(each) for each in (lab, *walk(lab), lab.journal, lab.diagram(), lab.curl(lab.journal[-1]))]


WALKS = [FLOWS[name] for name in ("push enroll", "push allowed", "push rejected", "OTP enroll", "passwordless")]
WALKS += [phone_panel, management, wrong]


@pytest.mark.parametrize("walk", [*WALKS, qr_panel], ids=lambda walk: walk.__name__)
def test_a_walk_prints_what_it_prints_in_process_but_for_the_domain(frozen: Server, tmp_path: Path, walk: Flow) -> None:
    in_process = [as_served(text, frozen.domain) for text in told(Lab.sandbox(seed=1), walk)]
    assert told(Lab.served(settings_of(frozen, tmp_path)), walk) == in_process
    if walk in (phone_panel, qr_panel):  # a second lab finds what the first one found
        assert told(Lab.served(settings_of(frozen, tmp_path)), walk) == in_process


def test_labs_share_a_server_that_follows_the_wall_and_move_its_clock_by_waiting_alone(tmp_path: Path) -> None:
    with Server(Sandbox(clock=WallClock(lambda: 1_800_000_000.0)), tls=False) as server:
        somebody, lab = (Lab.served(settings_of(server, tmp_path)) for _ in range(2))
        other, user = somebody.user(factors=["otp"]), lab.user(factors=["push"])
        assert {user.username, other.username} < {each.username for each in server.sandbox.tenant.users.values()}
        with lab.clock.running():
            lab.clock.sync()
        assert lab.clock.now() == 1_800_000_000.0, "a button does not move a clock that moves by itself"
        codes = challenged(lab, log_in(lab, user))
        lab.phone.allow_after(polls=1)
        assert lab.poll(**codes).state is State.GRANTED
        assert server.sandbox.clock.now() == 1_800_000_005.0
        assert (lab.mfa_audience, lab.journal[0].request.url) == (f"{server.url}/mfa/", f"{server.url}/oauth/token")


def test_nothing_shows_a_secret_of_the_settings_and_only_the_lab_is_told_notes(lab: Lab, frozen: Server) -> None:
    texts = "\n".join(told(lab, push_allowed)) + repr(vars(lab)) + repr(lab.settings)
    defaults = frozen.sandbox.defaults
    for secret in (frozen.token, defaults.client_secret, defaults.mgmt_client_secret, defaults.password):
        assert secret not in texts
    assert lab.aliases.mask(f"the token {frozen.token}") == "the token <lab_token 1>"
    assert isinstance(lab.user(factors=[]).password, Secret)
    assert [each.request.target for each in lab.journal if each.speaker == "phone"] == [
        "/appliance-mfa/api/resolve-transaction"
    ]
    answer = lab.client.send("POST", "/mfa/associate", bearer="none", json={})
    assert answer.notes
    assert answer.response is not None
    assert not [name for name, _ in (*answer.request.headers, *answer.response.headers) if "notes" in name]
    trust = ssl.create_default_context(cadata=(frozen.ca_pem or b"").decode())
    plain = httpx.post(f"{frozen.url}/mfa/associate", json={}, verify=trust, trust_env=False)
    assert "x-auth0-lab-notes" not in plain.headers


# -- what the lab cannot do


def test_without_its_ca_file_no_certificate_of_ones_own_is_trusted(frozen: Server, tmp_path: Path) -> None:
    http = httpx.Client(transport=network(replace(settings_of(frozen, tmp_path), ca_file=None)))
    with http, pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        http.get(frozen.url)


def test_a_server_that_has_gone_is_named_and_the_clock_stays(lab: Lab, frozen: Server, tmp_path: Path) -> None:
    user, settings = lab.user(factors=["push"]), settings_of(frozen, tmp_path)
    running = lab.clock.running()
    running.__enter__()
    frozen.stop()
    with pytest.raises(NoAnswer) as failure:
        log_in(lab, user)
    assert lab.journal[-1] is failure.value.exchange
    start = "Start one: auth0-mfa-lab serve --env-file FILE; then name that file here."
    for verb in (
        lambda: lab.user(),
        lambda: lab.inbox.latest("+15550100"),
        lambda: lab.phone.allow(),
        lambda: running.__exit__(None, None, None),
        lambda: Lab.served(settings),
    ):
        with pytest.raises(NoServer) as none:
            verb()
        assert str(none.value) == f"No served sandbox answers at {frozen.domain} (ConnectError). {start}"
    assert isinstance(lab.clock, SandboxClock)
    assert lab.clock._runners == 0


NEEDED = (
    "Lab.served needs the settings of a served sandbox. Set AUTH0_LAB_TENANT=served and the AUTH0_ variables of the "
    "file that `auth0-mfa-lab serve --env-file FILE` wrote, and open it with Lab.from_env()."
)


def test_what_the_server_does_not_have_is_said_in_the_labs_words(lab: Lab) -> None:
    stranger = User(username="x", password="x", phone_number=None, email=None, factors=())
    lab.user(factors=["push"])
    for wrong, error, said in (
        (lambda: lab.limits(stranger), LabError, "no user x"),
        (lambda: lab.inbox.latest("+15550199"), NothingWasSent, "Nothing was sent"),
        (lambda: lab.phone.allow(), NothingToAnswer, "No push waits"),
        (lambda: Lab.served(Settings()), SettingsError, re.escape(NEEDED)),
    ):
        with pytest.raises(error, match=said):
            wrong()


@pytest.mark.parametrize("answer", [httpx.Response(200, html="<p>ok</p>"), httpx.Response(201, json={"id": "dev_1"})])
def test_a_device_api_that_brings_no_account_is_said_when_a_user_is_made(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, answer: httpx.Response
) -> None:
    monkeypatch.setattr(lab, "_transport", httpx.MockTransport(lambda _: answer))
    with pytest.raises(PhoneError, match=f"answered {answer.status_code} .* that the phone can use"):
        lab.user(factors=["push"])


ANOTHER = "What answers at localhost:1 without TLS, for AUTH0_CA_FILE is not set is no served sandbox"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            httpx.Response(401, json={"message": "t0ken-t0ken"}),
            "The server at localhost:1 does not know this token. It draws a new one at each start: take "
            "AUTH0_LAB_TOKEN from the file that it wrote last (--env-file FILE).",
        ),
        (httpx.Response(502, text="<html>gateway t0ken-t0ken</html>"), f"{ANOTHER} (HTTP 502)."),
        (httpx.Response(404, json={"statusCode": 404}), f"{ANOTHER} (HTTP 404)."),
        (httpx.Response(403, content=b"\xff"), f"{ANOTHER} (HTTP 403)."),
    ],
)
def test_a_server_of_another_start_and_what_is_none_are_named(answer: httpx.Response, said: str) -> None:
    settings = Settings(tenant="served", domain="localhost:1", lab_token=Secret("t0ken-t0ken", "<lab_token>"))
    ask = Remote(settings, transport=httpx.MockTransport(lambda _: answer))
    with pytest.raises(ControlRefused) as refusal:
        ask("clock")
    assert str(refusal.value) == said
