"""An exchange as a curl command: it says the same when a shell runs it, and holds no secret."""

from __future__ import annotations

import itertools
import subprocess

import pytest

from auth0_mfa_lab.wire.exchange import Request
from auth0_mfa_lab.wire.export import curl
from tests.mothers import MFA_TOKEN, OOB_CODE, a_journal, a_request, an_exchange

# Stands in for curl: one argument a line, each with its own end mark, for an argument may hold a newline.
_CURL = 'curl() { for word in "$@"; do printf "%s\\036" "$word"; done; }\n'
_HOSTILE = "a'b\"c $HOME `id` $(id) \\ ! & | ; < > * ? ~ # é\n{x}"


def command(request: Request, *secrets: tuple[str, str]) -> str:
    journal = a_journal()
    for kind, value in secrets:
        journal.aliases.learn(kind, value)
    return curl(an_exchange(journal=journal, json={}, request=request), journal.aliases)


def run(script: str, **variables: str) -> list[str]:
    """Let a shell read the command, and return the words that curl would be given."""
    environment = {"AUTH0_DOMAIN": "tenant.example", "HOME": "/nowhere", **variables}
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
  --url "https://$AUTH0_DOMAIN/mfa/associate?a=b" \\
  --header "authorization: Bearer ${MFA_TOKEN_1}" \\
  --header 'content-type: application/json' \\
  --data '{"authenticator_types": ["oob"]}'"""
    )


def test_a_form_as_a_command() -> None:
    request = a_request(form={"grant_type": "password", "password": "p w", "empty": ""})
    assert (
        command(request)
        == """\
curl --request POST \\
  --url "https://$AUTH0_DOMAIN/oauth/token" \\
  --header 'content-type: application/x-www-form-urlencoded' \\
  --data-urlencode grant_type=password \\
  --data-urlencode "password=${PASSWORD_1}" \\
  --data-urlencode empty="""
    )


def test_a_request_without_a_body_has_no_data() -> None:
    assert (
        command(a_request("GET", "https://tenant.example/.well-known/jwks.json"))
        == """\
curl --request GET \\
  --url "https://$AUTH0_DOMAIN/.well-known/jwks.json\""""
    )


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
    assert words[-2:] == ["--data", request.body.decode()]


def test_a_secret_in_the_path_is_a_variable() -> None:
    request = a_request("GET", f"https://tenant.example/x/{MFA_TOKEN}?y=$HOME")
    script = command(request, ("mfa_token", MFA_TOKEN))
    assert "/x/${MFA_TOKEN_1}?y=\\$HOME" in script
    assert f"https://tenant.example/x/{MFA_TOKEN}?y=$HOME" in run(script, MFA_TOKEN_1=MFA_TOKEN)


def test_a_command_holds_no_secret() -> None:
    fields = {"mfa_token": MFA_TOKEN, "client_secret": "very/secret+secret", "otp": "123456"}
    for request in (a_request(form=fields), a_request(json=fields)):
        script = command(request)
        assert not [value for value in fields.values() if value in script]
        assert "very" not in script


def test_a_lost_request_can_be_exported_too() -> None:
    journal = a_journal()
    lost = an_exchange(failure="ConnectError", journal=journal, request=a_request("GET"))
    assert curl(lost, journal.aliases).startswith("curl --request GET")
