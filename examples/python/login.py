"""A login with a second factor, in plain httpx: the password, then a push, a code by SMS, or a recovery code."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

GRANT = "http://auth0.com/oauth/grant-type/mfa-"
CHANNELS = {"push": "auth0", "sms": "sms"}


class LoginFailed(Exception):
    """Nobody is logged in; the text is Auth0's error code, `rejected`, or `timed out`."""


def log_in(
    http: httpx.Client,
    app: Mapping[str, str],
    username: str,
    password: str,
    *,
    second: str = "push",
    read: Callable[[str], str] = input,
    wait: Callable[[float], object] = time.sleep,
) -> dict[str, Any]:
    """Return the tokens. `app` is client_id and client_secret; `read` asks for a code, `wait` spends seconds."""

    def grant(kind: str, **fields: str) -> httpx.Response:
        return http.post("/oauth/token", data={"grant_type": kind, **app, **fields})

    login = grant("password", username=username, password=password, scope="openid")
    if login.is_success or login.json()["error"] != "mfa_required":
        return tokens(login)
    mfa_token = login.json()["mfa_token"]
    if second == "recovery":
        return tokens(grant(f"{GRANT}recovery-code", mfa_token=mfa_token, recovery_code=read("Recovery code: ")))
    listed = http.get("/mfa/authenticators", headers={"authorization": f"Bearer {mfa_token}"}).json()
    wanted = next(each["id"] for each in listed if each["active"] and each.get("oob_channel") == CHANNELS[second])
    challenge = {**app, "mfa_token": mfa_token, "challenge_type": "oob", "authenticator_id": wanted}
    sent = http.post("/mfa/challenge", json=challenge)
    proof = {"mfa_token": mfa_token, "oob_code": tokens(sent)["oob_code"]}
    if second == "sms":
        return tokens(grant(f"{GRANT}oob", **proof, binding_code=read("The code that you were sent: ")))
    return tokens(polled(lambda: grant(f"{GRANT}oob", **proof), wait))


def polled(ask: Callable[[], httpx.Response], wait: Callable[[float], object]) -> httpx.Response:
    """Ask until there is an answer: pending, too fast, a failing server and a lost connection are none."""
    gap, left = 5.0, 300.0  # an oob_code lives for 5 minutes
    while left > 0:
        pause = gap
        try:
            answer = ask()
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code < 500:
            error = None if answer.is_success else answer.json().get("error")
            if answer.status_code == 429 or error == "slow_down":
                gap += 5.0  # and never less again
                pause = max(gap, float(answer.headers.get("retry-after", 0)))
            elif error in ("invalid_grant", "access_denied"):  # which of the two, depends on the tenant
                raise LoginFailed("rejected")
            elif error != "authorization_pending":
                return answer
        wait(pause)
        left -= pause
    raise LoginFailed("timed out")


def tokens(answer: httpx.Response) -> dict[str, Any]:
    """Return what an answer brought, or raise with its error code."""
    body: dict[str, Any] = answer.json()
    if not answer.is_success:
        raise LoginFailed(body["error"])
    return body
