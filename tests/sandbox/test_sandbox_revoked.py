"""What ends with a user who is deleted, evicted or reset: every login and every token, shown before or not."""

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from auth0_mfa_lab.sandbox import User
from auth0_mfa_lab.sandbox import tenant as tenants
from auth0_mfa_lab.sandbox.operations import delete_user
from tests.sandbox.management_mothers import admin_of, users_path
from tests.sandbox.sandbox_mothers import MFA_AUDIENCE, MFA_SCOPES, App, bearer, set_up

NUMBER = "+15550177"
GONE = {"mfa_token": 401, "challenge": 401, "refresh": 403, "opaque": 401, "jwt": 401, "mfa": 401, "enroll": 401}
ALIVE = dict.fromkeys(GONE, 200) | {"challenge": 401}
Statuses = Callable[[], dict[str, int]]


@pytest.fixture
def app(app: App) -> App:
    """An application of a tenant that asks for a second factor only where the MFA API is meant."""
    set_up(app.sandbox, policy="never")
    return app


def issued(app: App, log_in: Callable[..., httpx.Response]) -> Statuses:
    """Get a user an mfa_token and each kind of token, and return what tells how each is answered then."""
    http, bare = app.http, log_in(scope="openid offline_access").json()
    jwt = log_in(scope="openid", audience="https://api.example.com/").json()["access_token"]
    mfa = log_in(scope=MFA_SCOPES, audience=MFA_AUDIENCE).json()["access_token"]
    set_up(app.sandbox, policy="all-applications")
    mfa_token = log_in().json()["mfa_token"]
    set_up(app.sandbox, policy="never")

    def statuses() -> dict[str, int]:
        answers = {
            "mfa_token": http.get("/mfa/authenticators", headers=bearer(mfa_token)),
            "challenge": app.challenge(mfa_token),
            "refresh": app.token(grant_type="refresh_token", refresh_token=bare["refresh_token"]),
            "opaque": http.get("/userinfo", headers=bearer(bare["access_token"])),
            "jwt": http.get("/userinfo", headers=bearer(jwt)),
            "mfa": http.get("/mfa/authenticators", headers=bearer(mfa)),
            "enroll": app.associate_otp(mfa),
        }
        return {name: answer.status_code for name, answer in answers.items()}

    return statuses


def by_sms(app: App) -> Statuses:
    return issued(app, lambda **fields: app.log_in_passwordless(NUMBER, **fields))


def by_password(app: App, user: User) -> Statuses:
    return issued(app, lambda **fields: app.password(username=user.username, password=user.password, **fields))


def later(app: App) -> None:
    """Let a second pass: a JWT of the same second for the same request is the same text."""
    app.sandbox.clock.advance(1)


def newcomer(app: App) -> User:
    (user,) = [one for one in app.sandbox.tenant.users.values() if one.phone_number == NUMBER]
    return user


def evict(app: App, user: User) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tenants, "NEWCOMERS", 1)
        app.log_in_passwordless("somebody@example.com")
    assert user.user_id not in app.sandbox.tenant.users


ENDS: dict[str, Callable[[App, User], None]] = {
    "forget_user": lambda app, user: app.sandbox.tenant.forget_user(user),
    "remove_user": lambda app, user: delete_user(app.sandbox, user.user_id),
    "evicted": evict,
}


@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize("end", ENDS)
def test_nothing_of_a_user_who_was_deleted_comes_back_to_life_with_the_same_address(
    app: App, end: str, shown: bool
) -> None:
    old, before = by_sms(app), newcomer(app)
    assert not shown or old() == ALIVE
    ENDS[end](app, before)
    later(app)
    fresh = by_sms(app)
    assert newcomer(app).user_id == before.user_id
    assert (old(), fresh()) == (GONE, ALIVE)


def test_a_reset_user_has_no_login_and_no_token_left_twice_in_a_second_too(app: App) -> None:
    user, other = app.sandbox.add_user(), app.sandbox.add_user()
    theirs, mine = by_password(app, other), []
    for _ in range(3):
        mine.append(by_password(app, user))
        app.sandbox.tenant.reset_user(app.sandbox.tenant.users[user.user_id])
        assert mine[-1]() == GONE
    assert theirs() == ALIVE
    later(app)
    again = by_password(app, user)
    # A profile that is changed ends nothing.
    assert admin_of(app)("PATCH", users_path(user), {"email": "lee@example.com"}).status_code == 200
    assert again() == ALIVE
    assert [each() for each in mine] == [GONE] * 3


def test_a_tenant_that_begins_again_knows_no_token_of_before(app: App) -> None:
    box = app.sandbox
    known, before = box.defaults, [issued(app, app.password), by_password(app, box.add_user()), by_sms(app)]
    assert before[0]()["mfa"] == 200
    box.reset()
    assert box.defaults == known
    set_up(box, policy="never")
    # Another order of logins, so that no token is drawn again: the second begins again as well.
    later(app)
    added = box.add_user()
    app.log_in_passwordless(NUMBER)
    for old in before:
        assert {status for name, status in old().items() if name in ("mfa_token", "jwt", "mfa", "enroll")} == {401}
    assert by_password(app, added)() == ALIVE


def test_of_newcomers_the_oldest_is_forgotten_whoever_was_deleted_or_changed(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tenants, "NEWCOMERS", 3)
    tenant = app.sandbox.tenant

    def come(*names: str) -> list[User]:
        return [tenant.passwordless_user("email", f"{name}@example.com") for name in names]

    def here() -> str:
        return "".join(user.username[0] for user in tenant.users.values() if not user.password)

    (first,) = come("a")
    tenant.forget_user(first)
    come("b", "a", "c")
    assert here() == "bac"
    come("d")
    assert here() == "acd"
    for _ in range(5):
        tenant.forget_user(*come("e"))
    assert here() == "cd"
    (changed,) = come("c")
    tenant.users[changed.user_id] = replace(changed, email="kim@example.com")
    come("f", "g")
    assert here() == "dfg"


def test_a_token_that_enrolls_and_removes_for_a_day_remembers_what_is_there_alone(app: App) -> None:
    access = app.mfa_access(app.sandbox.add_user(factors=["sms"]))
    for _ in range(20):
        assert app.associate_otp(access).status_code == 200
        (begun,) = [one["id"] for one in app.authenticators(access) if not one["active"]]
        assert app.delete(access, begun).status_code == 204
    login = app.sandbox.tenant.access_login(access)
    assert login is not None
    assert len(login.begun) <= 1
