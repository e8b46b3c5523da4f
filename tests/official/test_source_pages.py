"""The curl commands of two pages of Auth0's, run by curl against a served sandbox with only the placeholders filled."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.official.conftest import Served

NUMBER = "+15550151"

# "Enroll and Challenge Push Authenticators", of the guide to the password flow with MFA; the first command is the
# guide's own page. The challenge has no content type there, and a brace too few: that one is a placeholder as well.
LOGIN = r"""
curl --request POST --url 'https://{yourDomain}/oauth/token' \
  --header 'content-type: application/x-www-form-urlencoded' --data grant_type=password --data username={user} \
  --data password={pwd} --data 'client_id={yourClientId}' --data 'client_secret={yourClientSecret}' \
  --data audience={audience} --data 'scope=openid profile read:sample'"""
ASSOCIATE = r"""
curl --request POST --url 'https://{yourDomain}/mfa/associate' --header 'authorization: Bearer {mfaToken}' \
  --header 'content-type: application/json' \
  --data '{ "authenticator_types": ["oob"], "oob_channels": ["auth0"] }'"""
CONFIRM = r"""
curl --request POST --url 'https://{yourDomain}/oauth/token' --header 'authorization: Bearer {mfaToken}' \
  --header 'content-type: application/x-www-form-urlencoded' \
  --data grant_type=http://auth0.com/oauth/grant-type/mfa-oob --data 'client_id={yourClientId}' \
  --data 'client_secret={yourClientSecret}' --data 'mfa_token={mfaToken}' --data 'oob_code={oobCode}'"""
LIST = r"""
curl --request GET --url 'https://{yourDomain}/mfa/authenticators' --header 'authorization: Bearer {mfaToken}' \
  --header 'content-type: application/json'"""
CHALLENGE = r"""
curl --request POST --url 'https://{yourDomain}/mfa/challenge' \
  --data '{ "client_id": "{yourClientId}", "client_secret": "{yourClientSecret}", "challenge_type": "oob",
            "authenticator_id": "{authenticatorId}", "mfa_token": "{mfaToken}" }'"""
POLL = CONFIRM.replace(" --header 'authorization: Bearer {mfaToken}'", "")

# "Combine Passwordless Authentication with the Multi-Factor Authentication API", an article of Auth0's support.
START = r"""
curl -L -g 'https://{yourDomain}/passwordless/start' -H 'Content-Type: application/json' \
-d '{"client_id":"{yourClientId}","client_secret":"{yourClientSecret}",
     "connection":"sms","phone_number":"{number}","send":"code"}'"""
EXCHANGE = r"""
curl -L -g 'https://{yourDomain}/oauth/token' -H 'Content-Type: application/json' \
-d '{"grant_type":"http://auth0.com/oauth/grant-type/passwordless/otp","client_id":"{yourClientId}",
     "client_secret":"{yourClientSecret}","otp":"{otp}","realm":"sms","username":"{number}",
     "audience":"https://{yourDomain}/mfa/","scope":"openid profile email",
     "redirect_uri":"https://app.example.com/callback"}'"""
ASSOCIATE_SMS = r"""
curl -L -g 'https://{yourDomain}/mfa/associate' -H 'Content-Type: application/json' \
-H 'Authorization: Bearer {mfaToken}' \
-d '{"authenticator_types":["oob"],"oob_channels":["sms"],"phone_number":"{number}"}'"""
COMPLETE = r"""
curl -L -g 'https://{yourDomain}/oauth/token' -H 'Content-Type: application/x-www-form-urlencoded' \
-H 'Authorization: Bearer {mfaToken}' -d 'grant_type=http://auth0.com/oauth/grant-type/mfa-oob' \
-d 'client_id={yourClientId}' -d 'client_secret={yourClientSecret}' -d 'mfa_token={mfaToken}' \
-d 'oob_code={oobCode}' -d 'binding_code={bindingCode}'"""
Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def run(served: Served) -> Run:
    """Copy a command into a shell with its placeholders filled and nothing else changed; curl knows the CA."""
    known, curl = served.sandbox.defaults, shutil.which("curl")
    if curl is None:
        pytest.fail("curl is not installed: these tests run the commands of Auth0's pages with it")
    filled = {"yourDomain": served.domain, "yourClientId": known.client_id, "yourClientSecret": known.client_secret}
    filled |= {"audience": known.audience, "number": NUMBER}
    environment = {"PATH": str(Path(curl).parent), "CURL_CA_BUNDLE": str(served.ca_file)}

    def command(text: str, **placeholders: str) -> tuple[int, Any]:
        given = {**filled, **placeholders}
        assert "'" not in "".join(given.values())
        text = re.sub(r"\{(\w+)\}", lambda found: given[found[1]], text.strip())
        words = ["sh", "-c", f"{text} --silent --show-error --write-out '\n%{{http_code}}'"]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=30, check=True)
        body, _, status = done.stdout.rpartition("\n")
        return int(status), json.loads(body)

    return command


def test_the_push_guide_enrolls_challenges_and_polls(served: Served, run: Run) -> None:
    user, phone = served.user(), served.phone()

    def mfa_token() -> str:
        status, body = run(LOGIN, user=user.username, pwd=user.password)
        assert (status, body["error"]) == (403, "mfa_required")
        return str(body["mfa_token"])

    token = mfa_token()
    status, enrollment = run(ASSOCIATE, mfaToken=token)
    assert (status, enrollment["oob_channel"], len(enrollment["recovery_codes"])) == (200, "auth0", 1)
    assert run(CONFIRM, mfaToken=token, oobCode=enrollment["oob_code"])[1]["error"] == "authorization_pending"
    phone.scan(enrollment["barcode_uri"])
    status, tokens = run(CONFIRM, mfaToken=token, oobCode=enrollment["oob_code"])
    assert (status, tokens["token_type"], "id_token" in tokens) == (200, "Bearer", True)
    for press, outcome in ((phone.allow, (200, None)), (phone.reject, (403, "invalid_grant"))):
        token = mfa_token()
        (push,) = [one["id"] for one in run(LIST, mfaToken=token)[1] if one["id"].startswith("push|")]
        status, challenge = run(CHALLENGE, mfaToken=token, authenticatorId=push)
        assert (status, challenge["challenge_type"]) == (200, "oob")
        status, body = run(POLL, mfaToken=token, oobCode=challenge["oob_code"])
        assert (status, body["error"]) == (400, "authorization_pending")
        press()
        status, body = run(POLL, mfaToken=token, oobCode=challenge["oob_code"])
        assert (status, body.get("error")) == outcome


def test_the_article_leads_from_a_number_to_tokens_of_the_mfa_api(served: Served, run: Run) -> None:
    assert run(START.replace("phone_number", "phone"))[0] == 400, "a wrong field would be seen"
    assert run(START)[0] == 200
    status, body = run(EXCHANGE, otp=served.newest_code(NUMBER))
    assert (status, body["error"]) == (403, "mfa_required")
    token = body["mfa_token"]
    status, enrollment = run(ASSOCIATE_SMS, mfaToken=token)
    assert (status, enrollment["binding_method"]) == (200, "prompt")
    codes = {"oobCode": enrollment["oob_code"], "bindingCode": served.newest_code(NUMBER)}
    status, tokens = run(COMPLETE, mfaToken=token, **codes)
    assert (status, tokens["expires_in"], tokens["scope"]) == (200, 600, "openid profile email")
