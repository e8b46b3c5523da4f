"""The curl commands of two pages of Auth0's, run by curl against a served sandbox with only the placeholders filled."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.exports.export_served import must_be_there
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
Run = Callable[..., Any]


@pytest.fixture
def run(served: Served) -> Run:
    """Copy a command into a shell with its placeholders filled and nothing else changed; curl knows the CA."""
    must_be_there("curl")
    known = served.sandbox.defaults
    filled = {"yourDomain": served.domain, "yourClientId": known.client_id, "yourClientSecret": known.client_secret}
    filled |= {"audience": known.audience, "number": NUMBER}
    environment = {"PATH": os.environ["PATH"], "CURL_CA_BUNDLE": str(served.ca_file)}

    def command(text: str, wanted: int, **placeholders: str) -> Any:
        given = {**filled, **placeholders}
        assert "'" not in "".join(given.values())
        text = re.sub(r"\{(\w+)\}", lambda found: given[found[1]], text.strip())
        words = ["sh", "-c", f"{text} --silent --show-error --write-out '\n%{{http_code}}'"]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=30, check=True)
        body, _, status = done.stdout.rpartition("\n")
        assert status == str(wanted), body
        return json.loads(body)

    return command


def test_the_push_guide_enrolls_challenges_and_polls(served: Served, run: Run) -> None:
    user, phone = served.user(), served.phone()
    token = run(LOGIN, 403, user=user.username, pwd=user.password)["mfa_token"]
    enrollment = run(ASSOCIATE, 200, mfaToken=token)
    assert (enrollment["oob_channel"], len(enrollment["recovery_codes"])) == ("auth0", 1)
    codes = {"mfaToken": token, "oobCode": enrollment["oob_code"]}
    assert run(CONFIRM, 400, **codes)["error"] == "authorization_pending"
    phone.scan(enrollment["barcode_uri"])
    tokens = run(CONFIRM, 200, **codes)
    assert (tokens["token_type"], "id_token" in tokens) == ("Bearer", True)
    for press, status, error in ((phone.allow, 200, None), (phone.reject, 403, "invalid_grant")):
        token = run(LOGIN, 403, user=user.username, pwd=user.password)["mfa_token"]
        (push,) = [one["id"] for one in run(LIST, 200, mfaToken=token) if one["id"].startswith("push|")]
        challenge = run(CHALLENGE, 200, mfaToken=token, authenticatorId=push)
        assert challenge["challenge_type"] == "oob"
        codes = {"mfaToken": token, "oobCode": challenge["oob_code"]}
        assert run(POLL, 400, **codes)["error"] == "authorization_pending"
        press()
        assert run(POLL, status, **codes).get("error") == error


def test_the_article_leads_from_a_number_to_tokens_of_the_mfa_api(served: Served, run: Run) -> None:
    run(START.replace("phone_number", "phone"), 400)  # a wrong field would be seen
    run(START, 200)
    token = run(EXCHANGE, 403, otp=served.newest_code(NUMBER))["mfa_token"]
    enrollment = run(ASSOCIATE_SMS, 200, mfaToken=token)
    assert enrollment["binding_method"] == "prompt"
    codes = {"oobCode": enrollment["oob_code"], "bindingCode": served.newest_code(NUMBER)}
    tokens = run(COMPLETE, 200, mfaToken=token, **codes)
    assert (tokens["expires_in"], tokens["scope"]) == (600, "openid profile email")
