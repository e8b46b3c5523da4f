"""An application's test as a script, of the standard library alone: a right client, or with `wrong` one that assumes.

What it assumes: the exact text of `mfa_required`, `[0]` of the list, JSON alone, `invalid_grant` alone as a refusal.
"""

import base64
import http.client
import json
import os
import ssl
import sys
import urllib.error
import urllib.request
from typing import Any

WRONG = "wrong" in sys.argv
CONTEXT = ssl.create_default_context(cafile=os.environ["AUTH0_CA_FILE"])
APP = {name: os.environ[f"AUTH0_{name.upper()}"] for name in ("client_id", "client_secret")}
GRANT = "http://auth0.com/oauth/grant-type/mfa-"


def ask(path: str, body: Any = None, bearer: str = "") -> tuple[int, Any]:
    """Return the status and the JSON of an answer; a lost connection and what is no JSON are like a 503."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {bearer}"} if bearer else {})}
    request = urllib.request.Request(f"https://{os.environ['AUTH0_DOMAIN']}{path}", data, headers)
    try:
        with urllib.request.urlopen(request, context=CONTEXT) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refusal:
        text = refusal.read()
        if WRONG or text[:1] == b"{":
            return refusal.code, json.loads(text)
        return refusal.code, {}
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError):
        return 503, {}


def lab(path: str, body: Any) -> Any:
    status, said = ask(f"/_lab/{path}", body, os.environ["AUTH0_LAB_TOKEN"])
    assert status < 300, said
    return said


def token(**fields: str) -> tuple[int, Any]:
    return ask("/oauth/token", {**APP, **fields})


def login(user: dict[str, str]) -> str:
    """Return the mfa_token of a login of this user."""
    who = {"username": user["username"], "password": user["password"]}
    _, said = token(grant_type="password", scope="openid offline_access", **who)
    if WRONG:
        sys.stdout.write(f"{APP['client_secret']} {said['mfa_token']} {user['password']}\n")  # as a log may
        assert said["error_description"] == "Multifactor authentication required"
    assert said["error"] == "mfa_required"
    return str(said["mfa_token"])


def challenged(mfa_token: str, channel: str) -> dict[str, str]:
    _, listed = ask("/mfa/authenticators", bearer=mfa_token)
    fits = [each for each in listed if each["active"] and each.get("oob_channel") == channel]
    chosen = (listed if WRONG else fits)[0]["id"]
    asked = {**APP, "mfa_token": mfa_token, "challenge_type": "oob", "authenticator_id": chosen}
    return {"mfa_token": mfa_token, "oob_code": ask("/mfa/challenge", asked)[1]["oob_code"]}


def polled(proof: dict[str, str]) -> Any:
    """Poll until there is an answer, in the tenant's time."""
    while True:
        status, said = token(grant_type=f"{GRANT}oob", **proof)
        if status < 429 and said["error" if status >= 400 else "token_type"] not in (
            "authorization_pending",
            "slow_down",
        ):
            return said
        lab("clock", {"advance": 5})


user = lab("users", {"factors": ["push", "sms"]})
lab("phone/allow_after", {"polls": 2})
tokens = polled(challenged(login(user), "auth0"))
kept = tokens["refresh_token"]
for _ in range(2):
    refreshed = token(grant_type="refresh_token", refresh_token=kept)[1]
    kept = refreshed.get("refresh_token", kept)
    head = refreshed["id_token"].partition(".")[0]
    kid = json.loads(base64.urlsafe_b64decode(head + "=="))["kid"]
    assert kid in [each["kid"] for each in ask("/.well-known/jwks.json")[1]["keys"]]
lab("phone/reject_after", {"polls": 1})
refused = polled(challenged(login(user), "auth0"))["error"]
assert refused in (("invalid_grant",) if WRONG else ("invalid_grant", "access_denied"))
if not WRONG:
    proof = challenged(login(user), "sms")
    code = ask(f"/_lab/code?address=%2B{user['phone_number'][1:]}", None, os.environ["AUTH0_LAB_TOKEN"])[1]["code"]
    assert polled({**proof, "binding_code": code})["token_type"] == "Bearer"
