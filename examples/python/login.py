"""A login with a second factor, in plain httpx: the password, then a push, a code by SMS, or a recovery code."""

import time
from collections.abc import Callable

import httpx

GRANT = "http://auth0.com/oauth/grant-type/mfa-"
NO_ANSWER_YET = ("authorization_pending", "slow_down")


def log_in(
    http: httpx.Client,
    app: dict[str, str],  # client_id and client_secret
    username: str,
    password: str,
    second: str = "auth0",  # the channel of a push; or sms, or recovery
    read: Callable[[str], str] = input,
    wait: Callable[[float], object] = time.sleep,
) -> httpx.Response:
    """Return Auth0's last answer: the tokens, or the error that ended the login."""

    def grant(kind: str, **fields: str) -> httpx.Response:
        return http.post("/oauth/token", data={"grant_type": kind, **app, **fields})

    login = grant("password", username=username, password=password, scope="openid")
    if "mfa_token" not in login.json():
        return login
    mfa_token = login.json()["mfa_token"]
    if second == "recovery":
        return grant(f"{GRANT}recovery-code", mfa_token=mfa_token, recovery_code=read("Recovery code: "))
    listed = http.get("/mfa/authenticators", headers={"authorization": f"Bearer {mfa_token}"}).json()
    chosen = next(each["id"] for each in listed if each["active"] and each.get("oob_channel") == second)
    asked = {"mfa_token": mfa_token, "challenge_type": "oob", "authenticator_id": chosen}
    challenge = http.post("/mfa/challenge", json={**app, **asked}).json()
    proof = {"mfa_token": mfa_token, "oob_code": challenge["oob_code"]}
    if "binding_method" in challenge:
        proof["binding_code"] = read("The code that you were sent: ")

    def poll() -> httpx.Response:
        try:
            return grant(f"{GRANT}oob", **proof)
        except httpx.TransportError:
            return httpx.Response(503)  # lost on the way: as if a gateway had failed

    gap, left = 5.0, 300.0  # an oob_code lives for 5 minutes
    while is_pending(answer := poll()) and left > 0:
        # Too fast, or something fails: slower from now on.
        gap += 5.0 * (answer.status_code >= 429 or answer.json()["error"] == "slow_down")
        pause = max(gap, float(answer.headers.get("retry-after", 0)))
        wait(pause)
        left -= pause
    return answer


def is_pending(answer: httpx.Response) -> bool:
    """Tell whether to ask again: the phone has not answered, or a limit or a gateway is in the way for a moment."""
    return answer.status_code == 429 or answer.status_code >= 500 or answer.json().get("error") in NO_ANSWER_YET
