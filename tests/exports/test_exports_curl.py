"""An exchange as a curl command: it says the same when a shell runs it, and holds no secret."""

import base64
import json
import subprocess
from typing import Any

import pytest

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.exports.export import exported
from auth0_mfa_lab.wire.exchange import Request
from tests.mothers import MFA_TOKEN, OOB_CODE, a_journal, a_request, an_exchange

# Stands in for curl: one argument a line, each with its own end mark, for an argument may hold a newline.
CURL = 'curl() { for word in "$@"; do printf "%s\\036" "$word"; done; }\n'
HOSTILE = "a'b\"c $HOME `id` $(id) \\ ! & | ; < > * ? ~ # é\n{x}"
OWN = {"domain": "tenant.example", "client_id": "abc", "client_secret": "very/secret", "username": "jane@example.com"}
OWN |= {"email": "jane@example.com", "phone_number": "+15550100", "password": "very-very"}
OWN |= {"public_client_id": "pub", "mgmt_client_id": "mgmt", "mgmt_client_secret": "own", "audience": "of-mine"}
PAIR = base64.b64encode(b"abc:very%2Fsecret").decode()
JSON, TEXT = [("content-type", "application/json")], [("content-type", "text/plain")]
FORM = {"mfa_token": MFA_TOKEN, "oob_code": OOB_CODE, "note": HOSTILE, "password": HOSTILE}
BROKEN = f'{{"mfa_token": "{MFA_TOKEN}", "note": "\\q", '


def command(request: Request, **tenant: str) -> str:
    journal = a_journal()
    for kind, value in (("mfa_token", MFA_TOKEN), ("password", "pass|w/rd")):
        journal.aliases.learn(kind, value)
    journal.operations.tenant = tenant
    return exported("curl", journal, an_exchange(journal=journal, json={}, request=request))


def run(script: str, **variables: str) -> list[str]:
    """Let a shell read the command, and return the words that curl would be given."""
    environment = {"AUTH0_DOMAIN": "tenant.example", "HOME": "/nowhere", "MFA_TOKEN_1": MFA_TOKEN, **variables}
    ran = subprocess.run(["/bin/sh", "-eu", "-c", CURL + script], env=environment, capture_output=True, check=True)
    assert not ran.stderr
    return ran.stdout.decode().split("\x1e")[:-1]


# fmt: off
COMMANDS: dict[str, tuple[dict[str, Any], str]] = {
    # A request, and the arguments of its command below the certificate.
    "json": (
        {"url": "https://tenant.example/mfa/associate?a=b", "json": {"authenticator_types": ["oob"]},
         "headers": [("authorization", f"Bearer {MFA_TOKEN}"), ("user-agent", "x"), ("x-request-language", "de")]}, """
--url "https://$AUTH0_DOMAIN/mfa/associate?a=b"
--header "authorization: Bearer $MFA_TOKEN_1"
--header 'content-type: application/json'
--header 'x-request-language: de'
--data '{"authenticator_types":["oob"]}'
""",
    ),
    "form": (
        {"form": {"grant_type": "password", "password": "p w", "empty": ""}}, """
--url "https://$AUTH0_DOMAIN/oauth/token"
--header 'content-type: application/x-www-form-urlencoded'
--data-urlencode grant_type=password
--data-urlencode "password=$PASSWORD_2"
--data-urlencode empty=
""",
    ),
    "the settings in a form": (
        {"form": {**OWN, "domain": "https://tenant.example/mfa/", "other": "https://tenant.example:8443/",
                  "a b&": "x very/secret y"}}, """
--url "https://$AUTH0_DOMAIN/oauth/token"
--header 'content-type: application/x-www-form-urlencoded'
--data-urlencode "domain=https://$AUTH0_DOMAIN/mfa/"
--data-urlencode "client_id=$AUTH0_CLIENT_ID"
--data-urlencode "client_secret=$AUTH0_CLIENT_SECRET"
--data-urlencode "username=$AUTH0_USERNAME"
--data-urlencode "email=$AUTH0_EMAIL"
--data-urlencode "phone_number=$AUTH0_PHONE_NUMBER"
--data-urlencode "password=$AUTH0_PASSWORD"
--data-urlencode "public_client_id=$AUTH0_PUBLIC_CLIENT_ID"
--data-urlencode "mgmt_client_id=$AUTH0_MGMT_CLIENT_ID"
--data-urlencode "mgmt_client_secret=$AUTH0_MGMT_CLIENT_SECRET"
--data-urlencode "audience=$AUTH0_AUDIENCE"
--data-urlencode other=https://tenant.example:8443/
--data-urlencode "a+b%26=x $AUTH0_CLIENT_SECRET y"
""",
    ),
    "the settings in JSON": (
        {"json": {"client_id": "abc", "list": ["abc", "abcd"], "abc": 1}}, """
--url "https://$AUTH0_DOMAIN/oauth/token"
--header 'content-type: application/json'
--data '{"client_id":"'"$AUTH0_CLIENT_ID"'","list":["'"$AUTH0_CLIENT_ID"'","abcd"],"abc":1}'
""",
    ),
    "HTTP Basic": (
        {"headers": [("authorization", f"Basic {PAIR}")]}, """
--url "https://$AUTH0_DOMAIN/oauth/token"
--user "$AUTH0_CLIENT_ID:$AUTH0_CLIENT_SECRET"
""",
    ),
}
SENT: dict[str, tuple[dict[str, Any], list[str], dict[str, str]]] = {
    # A request, the last words that a shell gives to curl, and the variables that somebody has set.
    "a code that is a number": (
        {"json": {"otp": 123456, "expires": 300, "nested": {"otp": "654321"}}},
        ["--data", '{"otp":"111111","expires":300,"nested":{"otp":"222222"}}'], {"OTP_1": "111111", "OTP_2": "222222"},
    ),
    "hostile JSON": ({"json": {"mfa_token": MFA_TOKEN, "note": HOSTILE}},
        ["--data", f'{{"mfa_token":"{MFA_TOKEN}","note":{json.dumps(HOSTILE, ensure_ascii=False)}}}'], {}),
    "each field of a form": ({"form": FORM}, [
        "--url", "https://tenant.example/oauth/token", "--header", "content-type: application/x-www-form-urlencoded",
        *(word for name, value in FORM.items() for word in ("--data-urlencode", f"{name}={value}"))],
        {"OOB_CODE_1": OOB_CODE, "PASSWORD_2": HOSTILE}),
    "what is no JSON": ({"headers": JSON, "body": BROKEN.encode()}, ["--data", BROKEN], {}),
    "what curl would take for a file": ({"headers": TEXT, "body": b"@/etc/hosts"}, ["--data-raw", "@/etc/hosts"], {}),
    "a body without a type": ({"body": b"x=y"}, ["--header", "content-type:", "--data", "x=y"], {}),
    "what looks like an alias": ({"form": {"note": "<mfa_token 7> <b 1>"}}, ["note=<mfa_token 7> <b 1>"], {}),
    "a secret in a path": (
        {"url": f"https://tenant.example/x/{MFA_TOKEN}?y=$HOME"}, [f"https://tenant.example/x/{MFA_TOKEN}?y=$HOME"], {},
    ),
    "a secret that is encoded": (
        {"url": "https://tenant.example/x/pass%7Cw%2Frd"}, ["https://tenant.example/x/pass%7Cw%2Frd"],
        {"PASSWORD_1": "pass|w/rd"},
    ),
}
# fmt: on


@pytest.mark.parametrize("name", COMMANDS)
def test_a_request_is_a_command_whose_values_are_variables(name: str) -> None:
    request, arguments = COMMANDS[name]
    certificate = '${AUTH0_CA_FILE:+--cacert "$AUTH0_CA_FILE"}'
    lines = ["curl --request POST", certificate, *arguments.strip().splitlines()]
    assert command(a_request(**request), **OWN) == " \\\n  ".join(lines)


@pytest.mark.parametrize("name", SENT)
def test_a_shell_gives_curl_what_was_sent(name: str) -> None:
    request, words, variables = SENT[name]
    script = command(a_request(**request))
    assert run(script, **variables)[-len(words) :] == words
    for secret in (MFA_TOKEN, "123456", "654321"):
        assert secret not in script


def test_a_certificate_is_named_where_there_is_one() -> None:
    script = command(a_request("GET"))
    assert run(script)[2] == run(script, AUTH0_CA_FILE="")[2] == "--url"
    assert run(script, AUTH0_CA_FILE="/my folder/ca.pem")[2:5] == ["--cacert", "/my folder/ca.pem", "--url"]


def test_a_lost_request_can_be_exported_and_that_of_another_lab_cannot() -> None:
    journal = a_journal()
    lost = an_exchange(failure="ConnectError", journal=journal, request=a_request("GET"))
    assert exported("curl", journal, lost).startswith("curl --request GET")
    with pytest.raises(LabError, match=r"another lab's journal, which alone knows its secrets: take curl there\."):
        exported("curl", a_journal(), lost)
