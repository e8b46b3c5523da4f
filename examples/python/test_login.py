"""The login against the sandbox: no tenant, no phone, and no second spent waiting."""

import httpx
import pytest
from login import LoginFailed, log_in

from auth0_mfa_lab.pytest_plugin import Auth0Mfa

App = dict[str, str]


def test_a_push_that_is_allowed_logs_in(auth0_mfa: Auth0Mfa, http: httpx.Client, app: App) -> None:
    user = auth0_mfa.user(factors=["push"])
    auth0_mfa.phone.allow_after(polls=2)
    tokens = log_in(http, app, user.username, user.password, wait=auth0_mfa.clock.advance)
    assert tokens["token_type"] == "Bearer"


@pytest.mark.auth0_both_profiles
def test_a_push_that_is_rejected_ends_the_login(auth0_mfa: Auth0Mfa, http: httpx.Client, app: App) -> None:
    user = auth0_mfa.user(factors=["push"])

    def wait(seconds: float) -> None:
        auth0_mfa.clock.advance(seconds)
        auth0_mfa.phone.reject("It was not me")

    with pytest.raises(LoginFailed, match="rejected"):
        log_in(http, app, user.username, user.password, wait=wait)


def test_a_push_that_nobody_answers_times_out(auth0_mfa: Auth0Mfa, http: httpx.Client, app: App) -> None:
    user = auth0_mfa.user(factors=["push"])
    with pytest.raises(LoginFailed, match="timed out"):
        log_in(http, app, user.username, user.password, wait=auth0_mfa.clock.advance)


def test_a_poll_outlives_a_gateway_that_fails(auth0_mfa: Auth0Mfa, http: httpx.Client, app: App) -> None:
    user = auth0_mfa.user(factors=["push"])

    def wait(seconds: float) -> None:
        auth0_mfa.clock.advance(seconds)
        if auth0_mfa.phone.pushes:
            auth0_mfa.phone.allow()
            auth0_mfa.fail_next("html", route="/oauth/token", times=2, status=502)

    assert log_in(http, app, user.username, user.password, wait=wait)["access_token"]


def test_a_code_by_sms_logs_in(auth0_mfa: Auth0Mfa, http: httpx.Client, app: App) -> None:
    user = auth0_mfa.user(factors=["sms"])

    def read(_prompt: str) -> str:
        return auth0_mfa.inbox.code(user.phone_number)

    assert log_in(http, app, user.username, user.password, second="sms", read=read)["access_token"]


def test_a_recovery_code_logs_in_and_is_replaced(auth0_mfa: Auth0Mfa, http: httpx.Client, app: App) -> None:
    user = auth0_mfa.user(factors=["push"])
    assert user.recovery_code is not None
    tokens = log_in(http, app, user.username, user.password, second="recovery", read=lambda _: user.recovery_code or "")
    assert tokens["recovery_code"] != user.recovery_code
