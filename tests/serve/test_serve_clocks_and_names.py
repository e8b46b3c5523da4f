"""The two clocks, and the names of a tenant: what an advance expires, what is stamped, what each name is good for."""

import httpx
import pytest

from auth0_mfa_lab.sandbox import Sandbox, WallClock
from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.settings import Domains, host_of
from tests.sandbox.sandbox_mothers import App, bearer, claims_of, new_sandbox, pushed

WALL = 1_790_000_000.0


@pytest.fixture
def app() -> App:
    """An application before a sandbox that follows a wall clock, which a test moves."""
    box = new_sandbox(clock=WallClock(lambda: WALL))
    return App(box, httpx.Client(transport=box.transport, base_url="https://sandbox.example"))


def test_an_advance_moves_what_expires_and_no_stamp() -> None:
    clock = WallClock(lambda: WALL)
    clock.advance(30)
    assert (clock.now(), clock.stamp(), clock.ahead()) == (WALL + 30, WALL, 30)
    clock.restart()
    assert clock.now() == clock.stamp() == WALL
    still = Clock()
    still.advance(30)
    assert still.now() == still.stamp()
    assert still.ahead() == 0


def test_tokens_are_stamped_with_the_walls_time_and_expire_in_the_sandboxs(app: App) -> None:
    app.sandbox.clock.advance(3_600)
    phone = app.sandbox.new_phone(app.http)
    scene = pushed(app, phone, scope="openid", audience=app.sandbox.defaults.audience)
    assert phone.allow().status_code == 204
    token = scene.poll().json()["access_token"]
    assert claims_of(token)["iat"] == WALL
    assert app.http.get("/userinfo", headers=bearer(token)).status_code == 200
    app.sandbox.clock.advance(86_399)
    assert app.http.get("/userinfo", headers=bearer(token)).status_code == 200
    app.sandbox.clock.advance(1)
    assert app.http.get("/userinfo", headers=bearer(token)).status_code == 401


def test_a_token_from_before_an_advance_expires_by_it(app: App) -> None:
    scene = pushed(
        app, phone := app.sandbox.new_phone(app.http), scope="openid", audience=app.sandbox.defaults.audience
    )
    phone.allow()
    token = scene.poll().json()["access_token"]
    app.sandbox.clock.advance(86_400)
    assert app.http.get("/userinfo", headers=bearer(token)).status_code == 401


def test_a_clock_that_is_set_back_takes_no_allowance_away() -> None:
    box = new_sandbox()
    limits = box.tenant.limits
    box.clock.advance(3_600)
    bucket = limits.bucket("sms", "somebody")
    assert bucket.take(box.clock.now())
    box.clock.restart()
    assert bucket.left(box.clock.now()) == 9


def test_a_name_is_a_host_and_any_port_once_the_tenant_is_served() -> None:
    domains = Domains("sandbox.example")
    assert domains.knows("sandbox.example")
    assert not domains.knows("sandbox.example:8443")
    domains.serve(["localhost", "127.0.0.1", "::1", "Auth.Example"], current="localhost:8443")
    assert all(map(domains.knows, ["localhost", "LOCALHOST:1", "127.0.0.1:8443", "[::1]:8443", "auth.example"]))
    assert not any(map(domains.knows, ["sandbox.example", "localhost.evil.example", "", "a@localhost", "localhost:x"]))


@pytest.mark.parametrize("text", ["", "a/b", "a?b", "user@a", "a:b", "[::1", "a:99999"])
def test_what_is_no_host_is_none(text: str) -> None:
    assert host_of(text) is None


def test_a_token_for_the_tenants_own_apis_is_good_at_each_of_its_names() -> None:
    box = new_sandbox()
    domains, defaults = box.tenant.domains, box.defaults
    domains.serve(["localhost", "127.0.0.1"], current="localhost:8443")
    http = httpx.Client(transport=box.transport, base_url="https://localhost:8443")
    fields = {"client_id": defaults.mgmt_client_id, "client_secret": defaults.mgmt_client_secret}
    fields |= {"grant_type": "client_credentials", "audience": "https://127.0.0.1:8443/api/v2/"}
    token = http.post("/oauth/token", data=fields).json()["access_token"]
    assert claims_of(token)["aud"] == "https://127.0.0.1:8443/api/v2/"
    assert claims_of(token)["iss"] == "https://localhost:8443/"
    assert http.get("/api/v2/guardian/factors", headers=bearer(token)).status_code == 200
    refused = http.post("/oauth/token", data=fields | {"audience": "https://sandbox.example/api/v2/"})
    assert refused.status_code == 403


def test_a_reset_gives_the_default_tenant_back_with_its_ids_its_keys_and_its_names() -> None:
    box = new_sandbox()
    box.tenant.domains.serve(["localhost"], current="localhost:8443")
    http = httpx.Client(transport=box.transport, base_url="https://localhost:8443")
    first, keys = box.add_user(factors=["otp"]), http.get("/.well-known/jwks.json").content
    box.clock.advance(100)
    box.reset()
    assert box.clock.now() == 1_800_000_000
    assert set(box.tenant.users) == {box.defaults.user_id}
    assert http.get("/.well-known/jwks.json").content == keys
    assert http.get("/.well-known/openid-configuration").json()["issuer"] == "https://localhost:8443/"
    assert box.add_user(factors=["otp"]) == first


def test_a_seed_may_be_a_text() -> None:
    assert Sandbox(seed="a").defaults == Sandbox(seed="a").defaults != Sandbox(seed="b").defaults
