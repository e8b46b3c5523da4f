"""An exchange as a curl command: it says the same when a shell runs it, and holds no secret."""

from __future__ import annotations

import base64
import itertools
import json
import subprocess

import pytest

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.exports.export import exported
from auth0_mfa_lab.wire.exchange import Request
from tests.mothers import MFA_TOKEN, OOB_CODE, a_journal, a_request, an_exchange

# Stands in for curl: one argument a line, each with its own end mark, for an argument may hold a newline.
_CURL = 'curl() { for word in "$@"; do printf "%s\\036" "$word"; done; }\n'
_HOSTILE = "a'b\"c $HOME `id` $(id) \\ ! & | ; < > * ? ~ # é\n{x}"
PERSON = {"username": "jane@example.com", "email": "jane@example.com", "phone_number": "+15550100"}


def command(request: Request, *secrets: tuple[str, str], **tenant: str) -> str:
    journal = a_journal()
    for kind, value in secrets:
        journal.aliases.learn(kind, value)
    journal.operations.tenant = tenant
    return exported("curl", journal, an_exchange(journal=journal, json={}, request=request))


def run(script: str, **variables: str) -> list[str]:
    """Let a shell read the command, and return the words that curl would be given."""
    environment = {"AUTH0_DOMAIN": "tenant.example", "HOME": "/nowhere", "PATH": "/usr/bin:/bin", **variables}
    ran = subprocess.run(["/bin/sh", "-eu", "-c", _CURL + script], env=environment, capture_output=True, check=True)
    assert not ran.stderr
    return ran.stdout.decode().split("\x1e")[:-1]


def test_a_json_request_as_a_command() -> None:
    request = a_request(
        url="https://tenant.example/mfa/associate?a=b",
        headers=[("authorization", f"Bearer {MFA_TOKEN}"), ("user-agent", "lab")],
        json={"authenticator_types": ["oob"]},
    )
    assert (
        command(request, ("mfa_token", MFA_TOKEN))
        == """\
curl --request POST \\
  ${AUTH0_CA_FILE:+--cacert "$AUTH0_CA_FILE"} \\
  --url "https://$AUTH0_DOMAIN/mfa/associate?a=b" \\
  --header "authorization: Bearer $MFA_TOKEN_1" \\
  --header 'content-type: application/json' \\
  --data '{"authenticator_types":["oob"]}'"""
    )


def test_a_form_as_a_command() -> None:
    request = a_request(form={"grant_type": "password", "password": "p w", "empty": ""})
    assert (
        command(request)
        == """\
curl --request POST \\
  ${AUTH0_CA_FILE:+--cacert "$AUTH0_CA_FILE"} \\
  --url "https://$AUTH0_DOMAIN/oauth/token" \\
  --header 'content-type: application/x-www-form-urlencoded' \\
  --data-urlencode grant_type=password \\
  --data-urlencode "password=$PASSWORD_1" \\
  --data-urlencode empty="""
    )


def test_a_request_without_a_body_has_no_data() -> None:
    assert (
        command(a_request("GET", "https://tenant.example/.well-known/jwks.json"))
        == """\
curl --request GET \\
  ${AUTH0_CA_FILE:+--cacert "$AUTH0_CA_FILE"} \\
  --url "https://$AUTH0_DOMAIN/.well-known/jwks.json\""""
    )


def test_a_certificate_is_named_where_there_is_one() -> None:
    script = command(a_request("GET"))
    assert run(script)[2] == "--url"
    assert run(script, AUTH0_CA_FILE="")[2] == "--url"
    assert run(script, AUTH0_CA_FILE="/my folder/ca.pem")[2:5] == ["--cacert", "/my folder/ca.pem", "--url"]


@pytest.mark.parametrize("secret", [None, _HOSTILE, "$HOME", "`id`", '"', "'"], ids=str)
def test_a_shell_gives_curl_the_request_that_was_sent(secret: str | None) -> None:
    fields = {"mfa_token": MFA_TOKEN, "oob_code": OOB_CODE, "note": _HOSTILE, "password": secret or "plain"}
    words = run(
        command(a_request(form=fields)), MFA_TOKEN_1=MFA_TOKEN, OOB_CODE_1=OOB_CODE, PASSWORD_1=fields["password"]
    )
    assert words[:4] == ["--request", "POST", "--url", "https://tenant.example/oauth/token"]
    assert [word for flag, word in itertools.pairwise(words) if flag == "--data-urlencode"] == [
        f"{name}={value}" for name, value in fields.items()
    ]


def test_a_shell_gives_curl_the_json_that_was_sent() -> None:
    request = a_request(json={"mfa_token": MFA_TOKEN, "note": _HOSTILE})
    words = run(command(request), MFA_TOKEN_1=MFA_TOKEN)
    assert (words[-2], json.loads(words[-1])) == ("--data", json.loads(request.body))


def test_a_code_that_is_a_number_is_a_variable() -> None:
    script = command(a_request(json={"otp": 123456, "expires": 300, "nested": {"otp": "654321"}}))
    assert "123456" not in script
    assert run(script, OTP_1="111111", OTP_2="222222")[-1] == (
        '{"otp":"111111","expires":300,"nested":{"otp":"222222"}}'
    )


def test_what_is_no_json_is_sent_as_it_was() -> None:
    broken = f'{{"mfa_token": "{MFA_TOKEN}", "note": "\\q", '.encode()
    request = a_request(headers=[("content-type", "application/json")], body=broken)
    script = command(request, ("mfa_token", MFA_TOKEN))
    assert run(script, MFA_TOKEN_1=MFA_TOKEN)[-2:] == ["--data", broken.decode()]


def test_a_body_that_curl_would_take_for_a_file_is_a_body() -> None:
    words = run(command(a_request(headers=[("content-type", "text/plain")], body=b"@/etc/hosts")))
    assert words[-2:] == ["--data-raw", "@/etc/hosts"]


def test_a_body_without_a_type_gets_none() -> None:
    assert "content-type:" in run(command(a_request(body=b"x=y")))


def test_a_secret_in_the_path_is_a_variable() -> None:
    request = a_request("GET", f"https://tenant.example/x/{MFA_TOKEN}?y=$HOME")
    script = command(request, ("mfa_token", MFA_TOKEN))
    assert "/x/$MFA_TOKEN_1?y=\\$HOME" in script
    assert f"https://tenant.example/x/{MFA_TOKEN}?y=$HOME" in run(script, MFA_TOKEN_1=MFA_TOKEN)


def test_what_was_percent_encoded_is_so_again() -> None:
    request = a_request("GET", "https://tenant.example/x/pass%7Cw%2Frd")
    script = command(request, ("password", "pass|w/rd"))
    assert "https://tenant.example/x/pass%7Cw%2Frd" in run(script, PASSWORD_1="pass|w/rd")


def test_what_the_settings_bring_is_a_variable_of_theirs() -> None:
    tenant = {"domain": "tenant.example", "client_id": "abc", "client_secret": "very/secret", **PERSON}
    request = a_request(
        form={
            "client_id": "abc",
            "client_secret": "very/secret",
            "username": "jane@example.com",
            "email": "jane@example.com",
            "phone_number": "+15550100",
            "audience": "https://tenant.example/mfa/",
            "other": "https://tenant.example:8443/",
        }
    )
    script = command(request, **tenant)
    for line in (
        '"client_id=$AUTH0_CLIENT_ID"',
        '"client_secret=$AUTH0_CLIENT_SECRET"',
        '"username=$AUTH0_USERNAME"',
        '"email=$AUTH0_EMAIL"',
        '"phone_number=$AUTH0_PHONE_NUMBER"',
        '"audience=https://$AUTH0_DOMAIN/mfa/"',
        "other=https://tenant.example:8443/",
    ):
        assert f"--data-urlencode {line}" in script


def test_the_settings_stand_in_json_too() -> None:
    request = a_request(json={"client_id": "abc", "list": ["abc", "abcd"], "abc": 1})
    assert command(request, client_id="abc").endswith(
        """--data '{"client_id":"'"$AUTH0_CLIENT_ID"'","list":["'"$AUTH0_CLIENT_ID"'","abcd"],"abc":1}'"""
    )


def test_basic_authentication_is_the_two_halves_of_it() -> None:
    pair = base64.b64encode(b"abc:very%2Fsecret").decode()
    request = a_request(headers=[("authorization", f"Basic {pair}")], form={"a": "b"})
    script = command(request, client_id="abc", client_secret="very/secret")
    assert '--user "$AUTH0_CLIENT_ID:$AUTH0_CLIENT_SECRET"' in script
    assert pair not in script


def test_a_command_holds_no_secret() -> None:
    fields = {"mfa_token": MFA_TOKEN, "client_secret": "very/secret+secret", "otp": "123456"}
    for request in (a_request(form=fields), a_request(json=fields)):
        script = command(request)
        assert not [value for value in fields.values() if value in script]
        assert "very" not in script


def test_what_only_looks_like_an_alias_stays_as_it_is() -> None:
    words = run(command(a_request(form={"note": "<mfa_token 7> <b 1>"})))
    assert words[-1] == "note=<mfa_token 7> <b 1>"


def test_a_lost_request_can_be_exported_too() -> None:
    journal = a_journal()
    lost = an_exchange(failure="ConnectError", journal=journal, request=a_request("GET"))
    assert exported("curl", journal, lost).startswith("curl --request GET")


def test_an_exchange_of_another_lab_is_refused_for_its_secrets_are_not_known() -> None:
    with pytest.raises(LabError, match="another lab's journal"):
        exported("curl", a_journal(), an_exchange(json={}))
