"""The curl commands of two pages of Auth0's, run by curl against a served sandbox with only the placeholders filled."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from auth0_mfa_lab.sandbox import Phone, User
from tests.official.served import Served, serve

NUMBER = "+15550151"

# "Enroll and Challenge Push Authenticators", of the guide to the password flow with MFA; the first command is the
# guide's own page. The challenge has no content type there, and a brace too few: that one is a placeholder as well.
LOGIN = """
curl --request POST \\
  --url 'https://{yourDomain}/oauth/token' \\
  --header 'content-type: application/x-www-form-urlencoded' \\
  --data grant_type=password \\
  --data username={user} \\
  --data password={pwd} \\
  --data 'client_id={yourClientId}' \\
  --data 'client_secret={yourClientSecret}' \\
  --data audience={audience} \\
  --data 'scope=openid profile read:sample'
"""
ASSOCIATE = """
curl --request POST \\
  --url 'https://{yourDomain}/mfa/associate' \\
  --header 'authorization: Bearer {mfaToken}' \\
  --header 'content-type: application/json' \\
  --data '{ "authenticator_types": ["oob"], "oob_channels": ["auth0"] }'
"""
CONFIRM = """
curl --request POST \\
  --url 'https://{yourDomain}/oauth/token' \\
  --header 'authorization: Bearer {mfaToken}' \\
  --header 'content-type: application/x-www-form-urlencoded' \\
  --data grant_type=http://auth0.com/oauth/grant-type/mfa-oob \\
  --data 'client_id={yourClientId}' \\
  --data 'client_secret={yourClientSecret}' \\
  --data 'mfa_token={mfaToken}' \\
  --data 'oob_code={oobCode}'
"""
LIST = """
curl --request GET \\
  --url 'https://{yourDomain}/mfa/authenticators' \\
  --header 'authorization: Bearer {mfaToken}' \\
  --header 'content-type: application/json'
"""
CHALLENGE = """
curl --request POST \\
  --url 'https://{yourDomain}/mfa/challenge' \\
  --data '{ "client_id": "{yourClientId}", "client_secret": "{yourClientSecret}", "challenge_type": "oob",
            "authenticator_id": "{authenticatorId}", "mfa_token": "{mfaToken}" }'
"""
POLL = CONFIRM.replace("  --header 'authorization: Bearer {mfaToken}' \\\n", "")

# "Combine Passwordless Authentication with the Multi-Factor Authentication API", an article of Auth0's support.
START = """
curl -L -g 'https://{yourDomain}/passwordless/start' \\
-H 'Content-Type: application/json' \\
-d '{"client_id":"{yourClientId}","client_secret":"{yourClientSecret}",
     "connection":"sms","phone_number":"{number}","send":"code"}'
"""
EXCHANGE = """
curl -L -g 'https://{yourDomain}/oauth/token' \\
-H 'Content-Type: application/json' \\
-d '{"grant_type":"http://auth0.com/oauth/grant-type/passwordless/otp",
     "client_id":"{yourClientId}","client_secret":"{yourClientSecret}","otp":"{otp}","realm":"sms","username":"{number}",
     "audience":"https://{yourDomain}/mfa/","scope":"openid profile email",
     "redirect_uri":"https://app.example.com/callback"}'
"""
ASSOCIATE_SMS = """
curl -L -g 'https://{yourDomain}/mfa/associate' \\
-H 'Content-Type: application/json' \\
-H 'Authorization: Bearer {mfaToken}' \\
-d '{"authenticator_types":["oob"],"oob_channels":["sms"],"phone_number":"{number}"}'
"""
COMPLETE = """
curl -L -g 'https://{yourDomain}/oauth/token' \\
-H 'Content-Type: application/x-www-form-urlencoded' \\
-H 'Authorization: Bearer {mfaToken}' \\
-d 'grant_type=http://auth0.com/oauth/grant-type/mfa-oob' \\
-d 'client_id={yourClientId}' \\
-d 'client_secret={yourClientSecret}' \\
-d 'mfa_token={mfaToken}' \\
-d 'oob_code={oobCode}' \\
-d 'binding_code={bindingCode}'
"""


class Reader:
    """Somebody who copies commands into a shell; curl knows the CA by CURL_CA_BUNDLE."""

    def __init__(self, served: Served) -> None:
        self.served = served
        known = served.sandbox.defaults
        self._known = {
            "yourDomain": served.domain,
            "yourClientId": known.client_id,
            "yourClientSecret": known.client_secret,
            "audience": known.audience,
            "number": NUMBER,
        }

    def run(self, command: str, **placeholders: str) -> tuple[int, Any]:
        """Return the status and the JSON that a command printed, its placeholders filled and nothing else changed."""
        filled = _filled(command.strip(), {**self._known, **placeholders})
        done = subprocess.run(
            ["sh", "-c", f"{filled} --silent --show-error --write-out '\\n%{{http_code}}'"],
            env={"PATH": _folder_of("curl"), "CURL_CA_BUNDLE": str(self.served.ca_file)},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        body, _, status = done.stdout.rpartition("\n")
        return int(status), json.loads(body)

    def mfa_token(self, user: User) -> str:
        status, body = self.run(LOGIN, user=user.username, pwd=user.password)
        assert (status, body["error"]) == (403, "mfa_required")
        return str(body["mfa_token"])


def _filled(command: str, placeholders: Mapping[str, str]) -> str:
    filled = re.sub(r"\{(\w+)\}", lambda found: placeholders[found[1]], command)
    assert "'" not in "".join(placeholders.values())
    return filled


def _folder_of(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.fail(f"{program} is not installed: these tests run the commands of Auth0's pages with it")
    return str(Path(found).parent)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with serve(tmp_path) as served:
        yield Reader(served)
        served.close()


def test_the_push_guide_enrolls_and_confirms(reader: Reader) -> None:
    phone, token = reader.served.phone(), reader.mfa_token(reader.served.user())
    status, enrollment = reader.run(ASSOCIATE, mfaToken=token)
    assert (status, enrollment["oob_channel"], len(enrollment["recovery_codes"])) == (200, "auth0", 1)
    status, body = reader.run(CONFIRM, mfaToken=token, oobCode=enrollment["oob_code"])
    assert (status, body["error"]) == (400, "authorization_pending")
    phone.scan(enrollment["barcode_uri"])
    status, tokens = reader.run(CONFIRM, mfaToken=token, oobCode=enrollment["oob_code"])
    assert (status, tokens["token_type"]) == (200, "Bearer")
    assert tokens["id_token"]


@pytest.mark.parametrize(("press", "outcome"), [("allow", (200, None)), ("reject", (403, "invalid_grant"))])
def test_the_push_guide_challenges_and_polls(reader: Reader, press: str, outcome: tuple[int, str | None]) -> None:
    phone = reader.served.phone()
    token = reader.mfa_token(reader.served.user("push", phone=phone))
    _, listed = reader.run(LIST, mfaToken=token)
    (push,) = [one for one in listed if one["id"].startswith("push|")]
    status, challenge = reader.run(CHALLENGE, mfaToken=token, authenticatorId=push["id"])
    assert (status, challenge["challenge_type"]) == (200, "oob")
    status, body = reader.run(POLL, mfaToken=token, oobCode=challenge["oob_code"])
    assert (status, body["error"]) == (400, "authorization_pending")
    pressed(phone, press)
    status, body = reader.run(POLL, mfaToken=token, oobCode=challenge["oob_code"])
    assert (status, body.get("error")) == outcome


def pressed(phone: Phone, button: str) -> None:
    answer = phone.allow() if button == "allow" else phone.reject()
    assert answer.is_success


def test_the_article_leads_from_a_number_to_tokens_of_the_mfa_api(reader: Reader) -> None:
    status, _ = reader.run(START)
    assert status == 200
    status, body = reader.run(EXCHANGE, otp=reader.served.code(NUMBER))
    assert (status, body["error"]) == (403, "mfa_required")
    token = body["mfa_token"]
    status, enrollment = reader.run(ASSOCIATE_SMS, mfaToken=token)
    assert (status, enrollment["binding_method"]) == (200, "prompt")
    codes = {"oobCode": enrollment["oob_code"], "bindingCode": reader.served.code(NUMBER)}
    status, tokens = reader.run(COMPLETE, mfaToken=token, **codes)
    assert (status, tokens["expires_in"]) == (200, 600)
    assert tokens["scope"] == "openid profile email"


def test_a_command_with_a_wrong_field_would_be_seen(reader: Reader) -> None:
    token = reader.mfa_token(reader.served.user())
    assert reader.run(ASSOCIATE.replace("authenticator_types", "authentication_types"), mfaToken=token)[0] == 400
    assert reader.run(START.replace("phone_number", "phone"))[0] == 400
