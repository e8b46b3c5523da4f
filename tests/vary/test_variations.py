"""Each variation: what it changes on the wire, which nothing does without it; and a right client passes under each."""

from itertools import combinations
from typing import Any

import pytest

from auth0_mfa_lab import Lab
from auth0_mfa_lab.sandbox.variations import THE_TWELVE, VARIATIONS, named, together
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.wire.exchange import Exchange, plain_data
from tests.vary.right_client import a_lab, journey

MORE = {
    "https://app.example/roles": ["reader", "editor"],
    "https://app.example/account": {"plan": {"name": "basic", "seats": 3}, "note": "n" * 800},
}
# What is seen at an endpoint, in an answer that the variation changed: `said` is its JSON, `text` its bytes as text.
SEEN = r"""
rejected-access-denied    | /oauth/token | status == 400 and said["error"] == "access_denied" and "rejected" in text
slow-down-400             | /oauth/token | status == 400 and said["error"] == "slow_down" and "interval" not in said
expired-403               | /oauth/token | status == 403 and said["error"] == "expired_token"
error-statuses            | /mfa/challenge | status == 400 and said["error"] == "unsupported_challenge_type"
other-texts               | /oauth/token | said["error_description"] == "One more factor is needed."
other-texts               | /oauth/token | said["error_description"] == "The user has not answered yet."
other-texts               | /oauth/token | said["error_description"] == "Its time is over."
no-texts                  | /oauth/token | said["error"] == "authorization_pending" and "error_description" not in said
extra-fields              | /mfa/challenge | (said["interval"], said["expires_in"], said["context"]) == (5, 300, {"version": 2, "region": {"name": "eu"}})
extra-fields              | /mfa/associate | said["id"] == "totp|dev_0000000000000000"
extra-fields              | /mfa/authenticators | said[0]["created_at"] == "2026-01-15T08:00:00.000Z"
order                     | /mfa/authenticators | text.startswith("[\n  {\n") and [*said[0]][-1] == "id"
no-scope                  | /oauth/token | "access_token" in said and "scope" not in said
scope-narrowed            | /oauth/token | said["scope"] == "read:orders offline_access profile openid" == claims("access_token")["scope"]
recovery-codes-absent     | /mfa/associate | "oob_code" in said and "recovery_codes" not in said
recovery-code-kept        | /oauth/token | sent("recovery_code") and "access_token" in said and "recovery_code" not in said
requirements-on           | /oauth/token | said["mfa_requirements"]["challenge"][0]["type"] == "push-notification"
requirements-unknown-type | /oauth/token | [each["type"] for each in said["mfa_requirements"]["challenge"]][:2] == ["webauthn-roaming", "push-notification"]
refresh-stays             | /oauth/token | sent("refresh_token") and status == 200 and "refresh_token" not in said
id-token-more             | /oauth/token | claims("id_token").items() >= {"sid": "s" * 32, **MORE}.items()
content-type              | /oauth/token | kind == "application/json; charset=utf-8"
content-type              | /mfa/challenge | kind == "application/json"
no-rate-headers           | /oauth/token | said.get("error") == "authorization_pending" and "x-ratelimit-limit" not in headers
mfa-token-jwt             | /oauth/token | [*map(len, said["mfa_token"].split("."))] == [36, 100, 43] and claims("mfa_token", 0) == {"alg": "HS256", "typ": "JWT"}
mfa-token-2k              | /oauth/token | len(said["mfa_token"]) == 2048 and "*" in said["mfa_token"]
mfa-token-2k              | /mfa/challenge | len(said["oob_code"]) == 2048
long-ids                  | /mfa/authenticators | {len(each["id"].partition("|dev_")[2]) for each in said} == {32}
long-ids                  | /mfa/associate | len(said["recovery_codes"][0]) == 32
phone-prefix              | /mfa/authenticators | [each["oob_channel"] for each in said if each["id"].startswith("phone|dev_")] == ["sms"]
code-leading-zero         | /oauth/token | sent("binding_code").startswith("00")
code-8-digits             | /oauth/token | sent("realm") == "sms" and len(sent("otp")) == 8
access-token-profile      | /oauth/token | claims("access_token", 0)["typ"] == "at+jwt" and {"client_id", "jti"} <= {*claims("access_token")} and not {"azp", "gty"} & {*claims("access_token")}
client-clock-behind       | /oauth/token | claims("id_token")["iat"] - at == 45 and "date" in headers
lifetimes                 | /oauth/token | said["expires_in"] == 120 == claims("access_token")["exp"] - claims("access_token")["iat"]
lifetimes                 | /oauth/token | said["expires_in"] == 2592000
late-approval             | /oauth/token | said["error"] == "authorization_pending" and passed > 270
poll-429-retry-after      | /oauth/token | (status, headers["retry-after"], said) == (429, "7", {"error": "too_many_requests", "error_description": "Rate limit exceeded."})
poll-429-retry-after      | /oauth/token | [headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining", "reset")] == ["100", "90", str(at + 1)]
poll-429-past             | /oauth/token | status == 429 and "retry-after" not in headers and int(headers["x-ratelimit-reset"]) - at == -5
poll-502-html             | /oauth/token | status == 502 and kind.startswith("text/html") and "<html>" in text
poll-503-json             | /oauth/token | status == 503 and headers["retry-after"] == "6" and said == {"statusCode": 503, "message": "Service Unavailable"}
poll-empty                | /oauth/token | status == 504 and text == "" and "content-type" not in headers
poll-reset                | /oauth/token | failed and sent("oob_code")
refresh-503               | /oauth/token | status == 503 and sent("refresh_token")
inactive-first            | /mfa/authenticators | [each["active"] for each in said][:3] == [False] * 3 and said[-1]["active"]
unknown-authenticator     | /mfa/authenticators | len(said[-1]["id"].removeprefix("webauthn-roaming|dev_")) == 16 and "oob_channel" not in said[-1] and said[-1]["active"]
two-phones                | /mfa/authenticators | [each["active"] for each in said if each.get("oob_channel") == "sms"] == [True, True] and "XXXXXXXX0199" in text
email-implicit            | /mfa/authenticators | [each["active"] for each in said if each["id"].startswith("email|")] == [True]
keys-rotate               | /.well-known/jwks.json | len(said["keys"]) == 3
"""
ELSEWHERE = ("refresh-rotates", "header-case", "slow-answers", "other-domain")
"""Those that the table cannot show: a test of their own does."""


def seen(exchange: Exchange, begun: float) -> dict[str, Any]:
    """Return what an expression of the table may name of an exchange."""
    answer, sent = exchange.response, plain_data(exchange.request) or {}
    names: dict[str, Any] = {"failed": answer is None, "at": int(exchange.at), "passed": exchange.at - begun}
    names |= {"MORE": MORE, "sent": lambda name: sent.get(name, "")}
    if answer is not None:
        headers = {name.lower(): str(value) for name, value in answer.headers}
        names |= {"status": answer.status, "text": str(answer.text), "headers": headers, "said": plain_data(answer)}
        names |= {"kind": headers.get("content-type", "")}
        names |= {"claims": lambda name, part=1: claims_of(names["said"][name], part=part)}
    return names


def holds(expression: str, exchange: Exchange, begun: float) -> bool:
    """Tell whether an exchange is as an expression says; what has nothing of the kind is not."""
    try:
        return bool(eval(expression, seen(exchange, begun)))
    except (NameError, KeyError, TypeError, IndexError, ValueError):
        return False


def found(lab: Lab, endpoint: str, expression: str) -> bool:
    """Tell whether one exchange of an endpoint is as an expression says; `passed` is since the last challenge."""
    begun, is_so = 0.0, False
    for exchange in lab.journal.http:
        begun = exchange.at if exchange.request.target == "/mfa/challenge" else begun
        is_so |= exchange.request.target == endpoint and holds(expression, exchange, begun)
    return is_so


@pytest.fixture(scope="module")
def unvaried() -> Lab:
    lab = a_lab()
    journey(lab)
    return lab


@pytest.mark.parametrize("name", VARIATIONS)
def test_a_right_client_passes_and_meets_what_the_row_says_and_nothing_else_has(name: str, unvaried: Lab) -> None:
    lab = a_lab(name)
    journey(lab)
    box = lab._sandbox
    assert box is not None
    assert not box.failures
    said = [row[1:] for row in (line.split(" | ") for line in SEEN.strip().splitlines()) if row[0].strip() == name]
    assert said or name in ELSEWHERE
    for endpoint, expression in said:
        assert (found(lab, endpoint, expression), found(unvaried, endpoint, expression)) == (True, False), expression
    assert bool(box.varied.met[name]) == (name != "other-domain")
    assert {*box.varied.met} <= {name}


def test_all_that_do_not_exclude_one_another_pass_together() -> None:
    chosen = together((*VARIATIONS,))
    lab = a_lab(",".join(chosen))
    journey(lab)
    assert lab._sandbox is not None
    assert {*chosen} - {*lab._sandbox.varied.met} == {"other-domain"}
    for one, other in combinations(chosen, 2):
        assert not {*VARIATIONS[one].groups.split()} & {*VARIATIONS[other].groups.split()}
    assert len(THE_TWELVE) == 12
    assert len(VARIATIONS) == 44
    assert {*THE_TWELVE} - {*together(THE_TWELVE)} == {"poll-502-html", "poll-reset"}


def test_an_unknown_id_is_refused_with_those_near() -> None:
    near = {"poll-502": "poll-502-html, poll-503-json, poll-429-past", "keys": "keys-rotate"}
    for text, said in (near | {"zzz": "rejected-access-denied, slow-down-400, other-texts"}).items():
        with pytest.raises(ValueError, match=rf"^There is no variation '{text}'; near it are {said}\.$"):
            named(f"order, {text}")
    assert named("order keys-rotate,order") == ("order", "keys-rotate")
