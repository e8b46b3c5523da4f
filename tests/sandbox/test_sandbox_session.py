"""Around the login: the refresh grant, `/userinfo`, `/oauth/revoke`."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from auth0_mfa_lab.sandbox.limits import Bounded
from tests.sandbox.sandbox_mothers import App, app_of, bearer, claims_of, error_of, new_sandbox

UNKNOWN = (403, "invalid_grant", "Unknown or invalid refresh token.")


@pytest.fixture
def free() -> Iterator[App]:
    """An application of a tenant whose policy is never."""
    box = new_sandbox(policy="never")
    yield app_of(box)
    assert not box.failures


def refresh(app: App, refresh_token: str, **fields: str) -> httpx.Response:
    return app.token(grant_type="refresh_token", refresh_token=refresh_token, **fields)


def granted(app: App, scope: str = "openid profile offline_access", **fields: str) -> dict[str, Any]:
    body: dict[str, Any] = app.password(scope=scope, **fields).json()
    return body


def test_a_refresh_gives_a_new_token_of_each_kind_and_the_old_one_is_dead(free: App) -> None:
    audience = free.sandbox.defaults.audience
    first = granted(free, "openid offline_access read:orders", audience=audience)
    free.sandbox.clock.advance(60)
    second = refresh(free, first["refresh_token"])
    assert second.status_code == 200
    assert set(second.json()) == set(first)
    assert second.json()["scope"] == "openid offline_access read:orders"
    claims = claims_of(second.json()["access_token"])
    assert (claims["aud"][0], claims["iat"]) == (audience, 1_800_000_060)
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert error_of(refresh(free, first["refresh_token"])) == UNKNOWN
    assert refresh(free, second.json()["refresh_token"]).status_code == 200


def test_a_scope_only_narrows_and_for_that_answer_only(free: App) -> None:
    first = granted(free, "openid profile offline_access")
    second = refresh(free, first["refresh_token"], scope="openid email read:orders").json()
    assert second["scope"] == "openid"
    third = refresh(free, second["refresh_token"]).json()
    assert third["scope"] == "openid profile offline_access"


def test_what_is_no_living_refresh_token_of_this_application_is_unknown(free: App) -> None:
    first = granted(free)
    public = {"client_id": free.sandbox.defaults.public_client_id, "client_secret": ""}
    assert error_of(refresh(free, first["refresh_token"], **public)) == UNKNOWN
    for token in ("v1.x", first["access_token"], first["id_token"]):
        assert error_of(refresh(free, token)) == UNKNOWN
    assert refresh(free, first["refresh_token"]).status_code == 200


def test_a_user_who_is_gone_gets_nothing_more(free: App) -> None:
    user = free.sandbox.add_user()
    first = granted(free, username=user.username, password=user.password)
    del free.sandbox.tenant.users[user.user_id]
    assert error_of(refresh(free, first["refresh_token"])) == (
        403,
        "invalid_grant",
        "The refresh_token was generated for a user who doesn't exist anymore.",
    )
    assert free.http.get("/userinfo", headers=bearer(first["access_token"])).status_code == 401


def test_a_refresh_asks_for_no_second_factor(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    first = app.tokens(user, scope="openid offline_access")
    assert refresh(app, first["refresh_token"]).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_userinfo_says_what_the_scopes_allow(free: App, method: str) -> None:
    bare = granted(free, "openid")
    who = free.http.request(method, "/userinfo", headers=bearer(bare["access_token"]))
    assert (who.status_code, who.json()) == (200, {"sub": free.sandbox.defaults.user_id})
    assert who.headers["content-type"] == "application/json; charset=utf-8"
    assert who.headers["cache-control"].startswith("private, no-store")
    full = granted(free, "openid profile email", audience=free.sandbox.defaults.audience)
    who = free.http.request(method, "/userinfo", headers=bearer(full["access_token"]))
    in_id_token = claims_of(full["id_token"])
    assert who.json() == {name: in_id_token[name] for name in who.json()}
    assert set(who.json()) == {"sub", "nickname", "name", "picture", "updated_at", "email", "email_verified"}
    assert who.json()["updated_at"] == "2027-01-15T08:00:00.000Z"


@pytest.mark.parametrize(
    "what", ["nothing", "garbage", "no openid", "no userinfo", "id_token", "refresh", "basic", "old"]
)
def test_anything_else_is_a_401_in_plain_text(free: App, what: str) -> None:
    audience = free.sandbox.defaults.audience
    full = granted(free)
    headers = {
        "nothing": {},
        "garbage": bearer("x"),
        "no openid": bearer(granted(free, "profile")["access_token"]),
        "no userinfo": bearer(granted(free, "read:orders", audience=audience)["access_token"]),
        "id_token": bearer(full["id_token"]),
        "refresh": bearer(full["refresh_token"]),
        "basic": {"authorization": f"Basic {full['access_token']}"},
        "old": bearer(full["access_token"]),
    }[what]
    if what == "old":
        free.sandbox.clock.advance(86_400)
    answer = free.http.get("/userinfo", headers=headers)
    assert (answer.status_code, answer.text) == (401, "Unauthorized")
    assert answer.headers["content-type"].startswith("text/plain")
    shown = answer.headers["www-authenticate"]
    assert shown.startswith('Bearer realm="Users", error="invalid_token", error_description="')


def test_a_jwt_for_an_api_with_openid_is_good_for_userinfo_as_long_as_it_lives(free: App) -> None:
    token = granted(free, "openid", audience=free.sandbox.defaults.audience)["access_token"]
    free.sandbox.clock.advance(86_399)
    assert free.http.get("/userinfo", headers=bearer(token)).status_code == 200
    free.sandbox.clock.advance(1)
    assert free.http.get("/userinfo", headers=bearer(token)).status_code == 401


@pytest.mark.parametrize("encoding", ["json", "data"])
def test_a_revoked_refresh_token_is_dead_and_an_unknown_one_is_revoked_as_well(free: App, encoding: str) -> None:
    token = granted(free)["refresh_token"]
    for revoked in (token, token, "unknown"):
        answer = free.http.request(
            "POST",
            "/oauth/revoke",
            **{encoding: {**free.credentials, "token": revoked}},  # type: ignore[arg-type]  # one of two names
        )
        assert (answer.status_code, answer.content) == (200, b"")
    assert error_of(refresh(free, token)) == UNKNOWN


def test_only_the_application_that_got_a_token_revokes_it(free: App) -> None:
    token = granted(free)["refresh_token"]
    public = {"client_id": free.sandbox.defaults.public_client_id, "token": token}
    assert free.http.post("/oauth/revoke", json=public).status_code == 200
    wrong = free.http.post("/oauth/revoke", json={**free.credentials, "client_secret": "x", "token": token})
    assert error_of(wrong) == (401, "access_denied", "Unauthorized")
    missing = free.http.post("/oauth/revoke", json=free.credentials)
    assert error_of(missing) == (400, "invalid_request", "Missing required parameter: token")
    assert refresh(free, token).status_code == 200


def test_what_is_remembered_is_bounded_and_the_oldest_is_forgotten() -> None:
    kept: Bounded[int] = Bounded(3)
    for number in range(5):
        kept[str(number % 4)] = number
    assert [kept.get(str(number)) for number in range(4)] == [4, None, 2, 3]
    assert len(kept) == 3
    kept.pop("2", None)
    kept.pop("2", None)
    assert len(kept) == 2
