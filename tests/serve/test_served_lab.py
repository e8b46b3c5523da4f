"""A lab on a served sandbox: the verbs, the answers and the text of the one in process, over the network."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import httpx
import pytest

from auth0_mfa_lab import Lab, LabError, NoAnswer, Settings, SettingsError, State
from auth0_mfa_lab.cli.serve import write_env_file
from auth0_mfa_lab.clock import SandboxClock
from auth0_mfa_lab.errors import ControlRefused, NoServer, NothingToAnswer, NothingWasSent
from auth0_mfa_lab.sandbox import Sandbox, WallClock
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.show.panels.phone import PhonePanel
from auth0_mfa_lab.tenants.operations import Remote
from auth0_mfa_lab.tenants.users import User
from tests.serve.served_notebooks import as_served

Walk = Callable[[Lab], Iterator[object]]


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


def push(lab: Lab) -> Iterator[object]:
    user = lab.user(factors=["push"])
    yield user
    for answer in ("allow", "reject", "late", "nobody"):
        login = lab.client.password_grant(username=user.username, password=user.password, scope="openid")
        yield login
        challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
        yield challenge
        yield lab.phone.notifications
        if answer == "allow":
            yield lab.phone.allow()
        if answer == "reject":
            yield lab.phone.reject("not me")
        if answer == "late":
            yield lab.phone.allow_after(polls=2)
        yield lab.poll(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"])
    yield lab.limits(user)


def enrolled_by_hand(lab: Lab) -> Iterator[object]:
    user = lab.user(factors=[])
    login = lab.client.password_grant(username=user.username, password=user.password)
    begun = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    yield begun
    yield lab.phone.scan(begun["barcode_uri"])
    yield lab.poll_panel(mfa_token=login["mfa_token"], oob_code=begun["oob_code"]).poll_once()
    yield lab.client.mfa_authenticators(login["mfa_token"])


def codes(lab: Lab) -> Iterator[object]:
    user = lab.user(factors=["otp", "sms", "email"])
    yield user
    login = lab.client.password_grant(username=user.username, password=user.password)
    yield lab.client.mfa_authenticators(login["mfa_token"])
    yield lab.client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=lab.phone.code())
    yield lab.clock.advance(30)
    yield lab.phone.code()
    sms = lab.user(factors=["sms"])
    login = lab.client.password_grant(username=sms.username, password=sms.password)
    challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    message = lab.inbox.latest(str(sms.phone_number), purpose="mfa")
    yield message
    tokens = lab.client.mfa_oob_grant(
        mfa_token=login["mfa_token"], oob_code=challenge["oob_code"], binding_code=message.code
    )
    yield tokens
    yield lab.client.mfa_recovery_code_grant(mfa_token=login["mfa_token"], recovery_code=str(sms.recovery_code))


def phone_panel(lab: Lab) -> Iterator[object]:
    for _ in range(2):
        user = lab.user(factors=["push"])
        login = lab.client.password_grant(username=user.username, password=user.password)
        lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    lab.client.passwordless_start(connection="sms", phone_number="+15550177", send="code")
    panel = lab.phone_panel()
    assert isinstance(panel, PhonePanel)
    yield panel.static_html()
    yield panel.reject("not me", panel.card.pushes[0])
    lab.clock.advance(45)
    yield panel.allow()
    yield panel.static_html()
    yield panel.card


def passwordless(lab: Lab) -> Iterator[object]:
    yield lab.client.passwordless_start(connection="email", email="someone@example.com", send="link")
    yield lab.inbox.latest("someone@example.com")
    yield lab.client.passwordless_start(connection="sms", phone_number="+15550177", send="code")
    code = lab.inbox.latest("+15550177", purpose="passwordless").code
    yield lab.client.passwordless_otp_grant(realm="sms", username="+15550177", otp=str(code), audience=lab.mfa_audience)


def management(lab: Lab) -> Iterator[object]:
    grant = lab.management_application.client_credentials_grant(audience=lab.management_audience)
    yield grant
    yield lab.inspect(grant["access_token"])
    api = lab.management(grant["access_token"])
    yield api.guardian_factors()
    yield api.update_guardian_policies([])
    yield lab.tenant
    yield lab.tenant.switches
    yield lab.tenant.evidence("/mfa/challenge")


def wrong(lab: Lab) -> Iterator[object]:
    yield lab.client.send("POST", "/oauth/token", form={"grant_type": "urn:example:none"}, as_application=True)
    yield lab.client.send("POST", "/mfa/associate", bearer="none", json={"authentication_types": ["otp"]})
    yield lab.client.userinfo("none")
    yield lab.client.openid_configuration()


def shown(value: object) -> str:
    """Return all that a notebook would save of a value."""
    bundle = getattr(value, "_repr_mimebundle_", None)
    return "\n".join([repr(value), *(str(text) for text in (bundle() if bundle else {}).values() if bundle)])


def told(lab: Lab, walk: Walk) -> list[str]:
    return [shown(each) for each in (lab, *walk(lab), lab.journal, lab.diagram(), lab.curl(lab.journal[-1]))]


WALKS = [push, enrolled_by_hand, codes, phone_panel, passwordless, management, wrong]


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__)
def test_a_walk_prints_what_it_prints_in_process_but_for_the_domain(frozen: Server, tmp_path: Path, walk: Walk) -> None:
    in_process = [as_served(text, frozen.domain) for text in told(Lab.sandbox(seed=1), walk)]
    assert told(Lab.served(settings_of(frozen, tmp_path)), walk) == in_process
    if walk is not push:  # a second lab finds what the first one found
        assert told(Lab.served(settings_of(frozen, tmp_path)), walk) == in_process


def test_labs_share_a_server_that_follows_the_wall_and_move_its_clock_by_waiting_alone(tmp_path: Path) -> None:
    with Server(Sandbox(clock=WallClock(lambda: 1_800_000_000.0)), tls=False) as server:
        somebody, lab = (Lab.served(settings_of(server, tmp_path)) for _ in range(2))
        other, user = somebody.user(factors=["otp"]), lab.user(factors=["push"])
        assert {user.username, other.username} < {each.username for each in server.sandbox.tenant.users.values()}
        with lab.clock.running():
            lab.clock.sync()
        assert lab.clock.now() == 1_800_000_000.0, "a button does not move a clock that moves by itself"
        login = lab.client.password_grant(username=user.username, password=user.password)
        challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
        lab.phone.allow_after(polls=1)
        assert lab.poll(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"]).state is State.GRANTED
        assert server.sandbox.clock.now() == 1_800_000_005.0
        assert (lab.mfa_audience, lab.journal[0].request.url) == (f"{server.url}/mfa/", f"{server.url}/oauth/token")


def test_the_journal_has_the_labs_own_phone_and_no_header_of_ours(lab: Lab, frozen: Server) -> None:
    list(islice(push(lab), 5))
    (by_phone,) = [each for each in lab.journal if each.speaker == "phone"]
    assert by_phone.request.target == "/appliance-mfa/api/resolve-transaction"
    assert all(each.request.host == frozen.domain for each in lab.journal)
    answer = lab.client.send("POST", "/mfa/associate", bearer="none", json={})
    assert answer.notes
    assert answer.response is not None
    assert not [name for name, _ in (*answer.request.headers, *answer.response.headers) if "notes" in name]
    assert frozen.ca_pem is not None
    trust = ssl.create_default_context(cadata=frozen.ca_pem.decode())
    plain = httpx.post(f"{frozen.url}/mfa/associate", json={}, verify=trust, trust_env=False)
    assert "x-auth0-lab-notes" not in plain.headers


def test_nothing_shows_the_token_or_the_secrets_of_the_settings(lab: Lab, frozen: Server) -> None:
    texts = "\n".join(told(lab, management)) + repr(vars(lab)) + repr(lab.settings)
    defaults = frozen.sandbox.defaults
    for secret in (frozen.token, defaults.client_secret, defaults.mgmt_client_secret, defaults.password):
        assert secret not in texts
    assert lab.aliases.mask(f"the token {frozen.token}") == "the token <lab_token 1>"
    assert isinstance(lab.user(factors=[]).password, Secret)


# -- what the lab cannot do


def test_a_server_that_has_gone_is_named_and_the_clock_stays(lab: Lab, frozen: Server, tmp_path: Path) -> None:
    user, settings = lab.user(factors=["push"]), settings_of(frozen, tmp_path)
    running = lab.clock.running()
    running.__enter__()
    frozen.stop()
    with pytest.raises(NoAnswer) as failure:
        lab.client.password_grant(username=user.username, password=user.password)
    assert lab.journal[-1] is failure.value.exchange
    said = f"No served sandbox answers at {frozen.domain}.*auth0-mfa-lab serve"
    for verb in (
        lambda: lab.user(),
        lambda: lab.inbox.latest("+15550100"),
        lambda: lab.phone.allow(),
        lambda: running.__exit__(None, None, None),
        lambda: Lab.served(settings),
    ):
        with pytest.raises(NoServer, match=said) as none:
            verb()
        assert frozen.token not in str(none.value)
    assert isinstance(lab.clock, SandboxClock)
    assert lab.clock._runners == 0


def test_settings_of_another_start_or_of_no_served_sandbox_are_refused(frozen: Server, tmp_path: Path) -> None:
    settings = replace(settings_of(frozen, tmp_path), lab_token=Secret("token-of-yesterday", "<lab_token>"))
    with pytest.raises(ControlRefused, match="does not know this token") as refusal:
        Lab.served(settings)
    assert "yesterday" not in str(refusal.value)
    with pytest.raises(SettingsError, match="AUTH0_LAB_TENANT=served"):
        Lab.served(Settings())


def test_a_wrong_word_of_the_lab_is_named_before_anything_is_done(lab: Lab, frozen: Server) -> None:
    stranger = User(username="x", password="x", phone_number=None, email=None, factors=())
    lab.user(factors=["push"])
    for wrong, error, said in (
        (lambda: lab.user(factors=["sim"]), LabError, "There is no factor 'sim'"),
        (lambda: lab.limits(stranger), LabError, "no user x"),
        (lambda: lab.inbox.latest("+15550199"), NothingWasSent, "Nothing was sent"),
        (lambda: lab.phone.allow(), NothingToAnswer, "No push waits"),
        (lambda: lab.clock.advance(-1), ValueError, "only moves forward"),
    ):
        with pytest.raises(error, match=said):
            wrong()
    assert len(frozen.sandbox.tenant.users) == 2


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, text="<html>gateway</html>"),
        httpx.Response(404, json={"statusCode": 404}),
        httpx.Response(403, content=b"\xff"),
    ],
)
def test_what_is_no_served_sandbox_is_said_so(answer: httpx.Response) -> None:
    settings = Settings(tenant="served", domain="localhost:1", lab_token=Secret("t0ken-t0ken", "<lab_token>"))
    ask = Remote(settings, transport=httpx.MockTransport(lambda _: answer))
    with pytest.raises(ControlRefused, match="is no served sandbox") as refusal:
        ask("clock")
    assert "gateway" not in str(refusal.value)
