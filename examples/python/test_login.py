"""The login against the sandbox: no tenant, no phone, and no second spent waiting."""

import httpx
import pytest
from login import log_in

from auth0_mfa_lab.pytest_plugin import Auth0Mfa

App = dict[str, str]


def test_a_push_that_is_allowed_logs_in(auth0_mfa: Auth0Mfa, http: httpx.Client, app: App) -> None:
    user = auth0_mfa.user(factors=["push"])
    auth0_mfa.phone.allow_after(polls=2)
    answer = log_in(http, app, user.username, user.password, wait=auth0_mfa.clock.advance)
    assert answer.json()["token_type"] == "Bearer"


@pytest.mark.auth0_both_profiles
def test_a_push_that_is_rejected_ends_the_login(auth0_mfa: Auth0Mfa, http: httpx.Client, app: App) -> None:
    user = auth0_mfa.user(factors=["push"])

    def wait(seconds: float) -> None:
        auth0_mfa.clock.advance(seconds)
        auth0_mfa.phone.reject("It was not me")

    answer = log_in(http, app, user.username, user.password, wait=wait)
    # Which status and which code, depends on the tenant.
    assert answer.json()["error"] in ("invalid_grant", "access_denied")


def test_a_push_that_nobody_answers_times_out(auth0_mfa: Auth0Mfa, http: httpx.Client, app: App) -> None:
    user = auth0_mfa.user(factors=["push"])
    answer = log_in(http, app, user.username, user.password, wait=auth0_mfa.clock.advance)
    assert answer.json()["error"] == "expired_token"


def test_a_poll_outlives_a_gateway_that_fails(auth0_mfa: Auth0Mfa, http: httpx.Client, app: App) -> None:
    user = auth0_mfa.user(factors=["push"])

    def wait(seconds: float) -> None:
        auth0_mfa.clock.advance(seconds)
        if auth0_mfa.phone.pushes:
            auth0_mfa.phone.allow()
            auth0_mfa.fail_next("html", route="/oauth/token", times=2, status=502)

    assert log_in(http, app, user.username, user.password, wait=wait).is_success


def test_a_code_by_sms_logs_in(auth0_mfa: Auth0Mfa, http: httpx.Client, app: App) -> None:
    user = auth0_mfa.user(factors=["sms"])

    def read(_prompt: str) -> str:
        return auth0_mfa.inbox.code(user.phone_number)

    assert log_in(http, app, user.username, user.password, second="sms", read=read).is_success


def test_a_recovery_code_logs_in_and_is_replaced(auth0_mfa: Auth0Mfa, http: httpx.Client, app: App) -> None:
    user = auth0_mfa.user(factors=["push"])
    assert user.recovery_code is not None
    answer = log_in(http, app, user.username, user.password, second="recovery", read=lambda _: user.recovery_code or "")
    assert answer.json()["recovery_code"] != user.recovery_code
