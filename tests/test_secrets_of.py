"""Which parts of a message are secret: by their field, and by their shape wherever they stand."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from auth0_mfa_lab.secrets.kinds import secrets_of
from tests.mothers import MFA_TOKEN, a_request, a_response


def jwt_of(claims: dict[str, Any]) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256'})}.{part(claims)}.c2lnbmF0dXJl"


def of_json(body: Any, *, people: bool = False) -> list[tuple[str, str]]:
    return list(secrets_of(a_response(json=body), people=people))


def of_header(name: str, value: str, url: str = "https://tenant.example/x") -> list[tuple[str, str]]:
    return list(secrets_of(a_request("GET", url, headers=[(name, value)]), url=url))


@pytest.mark.parametrize(
    "field",
    [
        *("mfa_token", "oob_code", "binding_code", "otp", "recovery_code", "secret", "enrollment_tx_id"),
        *("access_token", "id_token", "refresh_token", "auth_session", "ticket_id", "password", "client_secret"),
        *("client_assertion", "assertion", "challenge_response", "transaction_token", "device_account_token", "n"),
        "totp_secret",
    ],
)
def test_a_secret_field_is_found_in_json_form_and_query_alike(field: str) -> None:
    value = "some-value-of-it"
    assert of_json({"deep": [{field: value}]}) == [(field, value)]
    assert list(secrets_of(a_request(form={field: value}))) == [(field, value)]
    url = f"https://tenant.example/x?{field}=some-value-of-it"
    assert list(secrets_of(a_request("GET", url), url=url)) == [(field, value)]


def test_each_recovery_code_is_found() -> None:
    assert of_json({"recovery_codes": ["ABCD1234", "EFGH5678"]}) == [
        ("recovery_code", "ABCD1234"),
        ("recovery_code", "EFGH5678"),
    ]


def test_a_token_is_named_by_where_it_stands() -> None:
    assert of_json({"token": "device-token-1", "push_credentials": {"token": "push-token-1"}}) == [
        ("device_token", "device-token-1"),
        ("push_token", "push-token-1"),
    ]


def test_a_code_is_secret_and_the_name_of_an_error_is_not() -> None:
    assert of_json({"code": "123456"}) == [("code", "123456")]
    assert of_json({"code": "invalid_body"}) == []


def test_a_code_that_is_a_number_is_found() -> None:
    assert of_json({"otp": 123456, "active": True, "digits": 6}) == [("otp", "123456")]


@pytest.mark.parametrize("value", ["", None, [], {}, 0, True])
def test_an_empty_or_odd_value_is_no_secret_and_no_error(value: Any) -> None:
    assert of_json({"mfa_token": value}) == []


def test_the_ticket_of_a_barcode_is_found_and_not_the_whole_uri() -> None:
    uri = "otpauth://totp/tenant:jane?enrollment_tx_id=ticket-1&base_url=https%3A%2F%2Fx&secret=JBSWY3DP"
    assert of_json({"barcode_uri": uri}) == [("enrollment_tx_id", "ticket-1"), ("secret", "JBSWY3DP")]


def test_the_account_in_a_barcode_is_a_person() -> None:
    uri = "otpauth://totp/tenant:jane.roe%40example.com?enrollment_tx_id=ticket-1"
    assert ("username", "jane.roe@example.com") in of_json({"barcode_uri": uri}, people=True)
    assert ("username", "jane.roe@example.com") not in of_json({"barcode_uri": uri})


@pytest.mark.parametrize(
    ("name", "value", "finds"),
    [
        ("authorization", "Bearer opaque-token", [("token", "opaque-token")]),
        ("authorization", 'Ticket id="ticket-1"', [("enrollment_tx_id", "ticket-1")]),
        ("authorization", "Ticket id='ticket-1'", [("enrollment_tx_id", "ticket-1")]),
        ("authorization", "just-a-token", [("token", "just-a-token")]),
        ("cookie", "did=s%3Av0%3Aabcdef; x=1", [("cookie", "s%3Av0%3Aabcdef")]),
        ("set-cookie", "did=s%3Av0%3Aabcdef; Path=/; Secure", [("cookie", "s%3Av0%3Aabcdef")]),
        ("x-custom", f"sealed {MFA_TOKEN} here", [("token", MFA_TOKEN)]),
        ("www-authenticate", 'Bearer error="invalid_token"', []),
    ],
)
def test_a_header_gives_away_its_credentials(name: str, value: str, finds: list[tuple[str, str]]) -> None:
    assert of_header(name, value) == finds


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/appliance-mfa/api/resolve-transaction", "transaction_token"),
        ("/appliance-mfa/api/device-accounts/dev_1", "device_token"),
        ("/mfa/associate", "token"),
    ],
)
def test_a_bearer_is_named_by_the_path_that_it_was_sent_to(path: str, kind: str) -> None:
    assert of_header("Authorization", "Bearer abcdefgh", f"https://tenant.example{path}") == [(kind, "abcdefgh")]


def test_basic_authentication_gives_the_secret_and_the_pair() -> None:
    pair = base64.b64encode(b"client:very-secret").decode()
    assert of_header("authorization", f"Basic {pair}") == [
        ("client_secret", "very-secret"),
        ("basic_credentials", pair),
    ]


def test_a_secret_that_was_encoded_for_basic_authentication_is_the_one_of_the_body() -> None:
    pair = base64.b64encode(b"client:very%2Fsecret%21").decode()
    assert ("client_secret", "very/secret!") in of_header("authorization", f"Basic {pair}")


@pytest.mark.parametrize("rest", ["!!!", "=", "A", "bm9jb2xvbg=="])
def test_broken_basic_authentication_is_no_error(rest: str) -> None:
    assert of_header("authorization", f"Basic {rest}") == [("basic_credentials", rest)]


def test_sealed_strings_and_jwts_are_found_in_any_field_and_in_any_text() -> None:
    token = jwt_of({"sub": "x"})
    assert of_json({"state": f"a {MFA_TOKEN} b", "hint": token}) == [("state", MFA_TOKEN), ("hint", token)]
    assert list(secrets_of(a_response(text=f"<p>{token}</p>"))) == [("token", token)]


def test_a_secret_inside_a_jwt_is_found() -> None:
    token = jwt_of({"mfa_token": "inner-secret"})
    assert of_json({"access_token": token}) == [("access_token", token), ("mfa_token", "inner-secret")]


def test_a_secret_in_the_header_of_a_jwt_is_found() -> None:
    header = (
        base64.urlsafe_b64encode(b'{"alg": "RS256", "kid": "a-kid", "api_key": "inner-secret"}').decode().rstrip("=")
    )
    token = f"{header}.{jwt_of({'sub': 'x'}).partition('.')[2]}"
    assert of_json({"access_token": token}) == [("access_token", token), ("api_key", "inner-secret")]


def test_the_challenge_and_the_device_are_read_out_of_the_phones_answer() -> None:
    token = jwt_of({"iss": "device-1", "sub": "challenge-1", "aud": "https://tenant.example/x"})
    request = a_request(json={"challenge_response": token})
    assert list(secrets_of(request)) == [
        ("challenge_response", token),
        ("identifier", "device-1"),
        ("challenge", "challenge-1"),
    ]


def test_people_are_found_only_when_that_is_asked_for() -> None:
    body = {"user_id": "auth0|123", "email": "jane@example.com", "name": "Jane Roe", "phone_number": "+15550100"}
    assert of_json(body) == []
    assert of_json(body, people=True) == [
        ("user_id", "auth0|123"),
        ("email", "jane@example.com"),
        ("name", "Jane Roe"),
        ("phone_number", "+15550100"),
    ]


def test_the_person_in_an_id_token_is_found() -> None:
    token = jwt_of({"sub": "auth0|123", "nickname": "jane", "iss": "https://tenant.example/"})
    assert of_json({"id_token": token}, people=True) == [
        ("id_token", token),
        ("sub", "auth0|123"),
        ("nickname", "jane"),
    ]


def test_the_name_of_a_thing_is_no_persons() -> None:
    assert of_json({"name": "sms", "enabled": True}, people=True) == []


def test_every_kind_can_stand_in_an_alias() -> None:
    assert all(kind[0].isalpha() for kind, _ in of_json({"_id": "auth0|123456"}, people=True))


# -- what the Management API answers


def test_the_ticket_of_an_enrollment_link_is_found_and_not_the_whole_link() -> None:
    link = "https://tenant.example/mfa/enrollment?ticket=ticket-0001"
    assert of_json({"ticket_url": link}) == [("ticket_id", "ticket-0001")]
    assert list(secrets_of(a_request("GET", link), url=link)) == [("ticket_id", "ticket-0001")]


@pytest.mark.parametrize("link", ["", "no link", "https://[", "?", "?ticket", "?ticket="])
def test_a_link_without_a_ticket_holds_no_secret(link: str) -> None:
    assert of_json({"ticket_url": link}) == []


def test_an_applications_secret_is_found_among_its_members() -> None:
    listed = [{"client_id": "app", "name": "Shop", "client_secret": "very-secret", "grant_types": ["password"]}]
    assert of_json(listed, people=True) == [("client_secret", "very-secret")]


def test_the_people_of_an_authentication_method_are_found() -> None:
    phone = {"id": "phone|dev_1", "confirmed": True, "name": "Jane's phone", "phone_number": "XXXXX0100"}
    assert of_json([phone], people=True) == [("name", "Jane's phone"), ("phone_number", "XXXXX0100")]
    push = {"id": "push|dev_2", "type": "push", "confirmed": True, "name": "Jane's tablet"}
    assert of_json(push, people=True) == [("name", "Jane's tablet")]
    made = {"type": "totp", "name": "Jane's app", "totp_secret": "JBSWY3DPEHPK3PXP"}  # auth0-mfa-lab: allow
    # auth0-mfa-lab: allow
    assert of_json(made, people=True) == [("name", "Jane's app"), ("totp_secret", "JBSWY3DPEHPK3PXP")]
    enrolled = {"id": "dev_1", "auth_method": "guardian", "name": "Jane's tablet"}
    assert of_json(enrolled, people=True) == [("name", "Jane's tablet")]


def test_the_person_of_a_log_entry_is_found() -> None:
    entry = {"type": "mfar", "client_name": "Shop", "user_id": "auth0|123", "user_name": "jane", "ip": "192.0.2.7"}
    assert of_json([entry], people=True) == [("user_id", "auth0|123"), ("username", "jane"), ("ip", "192.0.2.7")]
    assert of_json([entry]) == []


@pytest.mark.parametrize("path", ["/api/v2/users/auth0%7C123", "/api/v2/users/auth0%7C123/enrollments?page=1"])
def test_the_user_in_a_path_of_the_management_api_is_found(path: str) -> None:
    url = f"https://tenant.example{path}"
    assert list(secrets_of(a_request("GET", url), url=url, people=True)) == [("user_id", "auth0|123")]
    assert list(secrets_of(a_request("GET", url), url=url)) == []


# -- what a name says that is not the wire's own


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("twilio_auth_token", "twilio_auth_token"),
        ("authToken", "auth_token"),
        ("aws_secret_access_key", "aws_secret_access_key"),
        ("api_key", "api_key"),
        ("apiKeys", "api_keys"),
        ("signing_key", "signing_key"),
        ("privateKey", "private_key"),
        ("smtp_password", "smtp_password"),
        ("provider_credentials", "provider_credentials"),
        ("signing_secret", "signing_secret"),
        ("device_code", "device_code"),
        ("code_verifier", "code_verifier"),
    ],
)
@pytest.mark.parametrize("people", [True, False])
def test_a_name_that_ends_like_a_secrets_gives_its_value_away(name: str, kind: str, people: bool) -> None:
    assert of_json({"credentials": {name: "some-value-of-it"}}, people=people) == [(kind, "some-value-of-it")]
    assert list(secrets_of(a_request(form={name: "some-value-of-it"}))) == [(kind, "some-value-of-it")]


@pytest.mark.parametrize(
    "name",
    [
        *("token_type", "public_key", "kid", "key", "key_id", "primary_key", "partition_key", "grant_types", "passkey"),
        *("token_endpoint", "token_endpoint_auth_method", "response_types", "secrets_of", "error_code", "oob_channel"),
    ],
)
def test_a_name_that_only_sounds_so_does_not(name: str) -> None:
    assert of_json({name: "some-value-of-it"}) == []


@pytest.mark.parametrize("value", ["true", "none", "https://tenant.example/reset", "abc", ""])
def test_a_value_that_can_be_no_secret_is_none_under_a_name_of_ones_own(value: str) -> None:
    assert of_json({"change_password": value, "reset_token": value}) == []


def test_a_header_that_is_named_so_gives_its_value_away() -> None:
    assert of_header("x-api-key", "some-value-of-it") == [("x_api_key", "some-value-of-it")]
    assert of_header("X-Auth-Token", "some-value-of-it") == [("x_auth_token", "some-value-of-it")]
    assert of_header("proxy-authorization", "Bearer abcdefgh") == [("token", "abcdefgh")]


BASE64 = f"{'MIIEowIBAAKCAQEA' * 4}\n{'abcdEFGH0123+/xy' * 4}"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{BASE64}\n-----END RSA PRIVATE KEY-----"


def test_a_private_key_is_found_by_its_shape_and_a_public_one_is_none() -> None:
    assert of_json({"whatever": f"text {PEM} text"}) == [("private_key", PEM)]
    assert list(secrets_of(a_response(text=f"<p>{PEM}</p>"))) == [("private_key", PEM)]
    assert of_json({"pem": PEM.replace("RSA PRIVATE", "PUBLIC")}) != []  # its name is that of a private one
    assert of_json({"cert": PEM.replace("RSA PRIVATE KEY", "CERTIFICATE")}) == []


def test_the_private_part_of_a_json_web_key_is_found() -> None:
    key = {"kty": "RSA", "e": "AQAB", "kid": "a-kid", "d": "private-exponent"}
    assert of_json({"keys": [key]}) == [("private_key", "private-exponent")]
    assert of_json({"d": "no key at all"}) == []


@pytest.mark.parametrize(
    "body", [b'{"password": "first-of-two", "password": "second"}', b'[{"a": {"password": "first-of-two"}, "a": 1}]']
)
def test_the_first_of_two_members_of_one_name_is_found_too(body: bytes) -> None:
    request = a_request(body=body, headers=[("content-type", "application/json")])
    assert ("password", "first-of-two") in list(secrets_of(request))


def test_the_first_of_two_fields_of_one_name_is_found_too() -> None:
    form = [("content-type", "application/x-www-form-urlencoded")]
    request = a_request(body=b"password=first-of-two&password=second", headers=form)
    assert list(secrets_of(request)) == [("password", "first-of-two"), ("password", "second")]


def test_json_in_a_text_is_taken_apart_too() -> None:
    assert of_json({"details": json.dumps({"deep": [{"client_secret": "very-secret"}]})}) == [
        ("client_secret", "very-secret")
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Invalid login: password=hunter-two, try again", [("password", "hunter-two")]),
        ('Cannot read {"client_secret": "very-secret"', [("client_secret", "very-secret")]),
        ("postgres://app:hunter-two@db.example/x", [("password", "hunter-two")]),
        ("https://app.example/cb#access_token=opaque-token-1&token_type=Bearer", [("access_token", "opaque-token-1")]),
        ("https://app.example/cb?code=abcdefgh12345678&state=x", [("code", "abcdefgh12345678")]),
        ("The password is wrong. Reset your password: here", []),
        ("status=pending; error_code=invalid_body", []),
    ],
)
def test_a_secret_that_a_text_names_is_found(text: str, found: list[tuple[str, str]]) -> None:
    assert of_json({"message": text}) == found
    assert list(secrets_of(a_response(text=text))) == found
    assert of_header("location", text) == found


def test_an_authorization_code_is_a_secret_where_it_is_sent() -> None:
    assert list(secrets_of(a_request(form={"code": "abcdefgh12345678"}))) == [("code", "abcdefgh12345678")]
    assert list(secrets_of(a_request(form={"code": "invalid_body"}))) == []


def test_a_number_is_a_secret_in_any_secret_field() -> None:
    assert of_json({"password": 12345678, "client_secret": 1}) == [("password", "12345678")]


def test_what_an_application_keeps_for_itself_is_a_secret_if_it_looks_so() -> None:
    metadata = {
        "stripe": "sk0live0ABCDEFGH12",
        "theme": "dark",
        "note": "a long note with 12 words",
        "api_key": "abcdef",
    }
    assert of_json({"client_metadata": metadata}) == [("stripe", "sk0live0ABCDEFGH12"), ("api_key", "abcdef")]


@pytest.mark.parametrize("depth", [61, 400, 900])
def test_a_secret_in_json_that_is_too_deep_to_walk_is_found_by_its_name(depth: int) -> None:
    text = "[" * depth + '{"password": "hunter-number-two"}' + "]" * depth
    headers = [("content-type", "application/json")]
    assert list(secrets_of(a_response(text=text, headers=headers))) == [("password", "hunter-number-two")]


# -- persons, on a live tenant


def test_what_a_profile_keeps_is_a_persons() -> None:
    profile = {
        "user_metadata": {"plan": "gold", "pets": ["Rex the dog"], "ssn": 123456789, "ok": "true", "lang": "en"},
        "app_metadata": {"deep": {"account": "A-100"}},
        "middle_name": "Quinn",
        "preferred_username": "jroe",
        "address": {"street_address": "1 Main Street", "country": "Sweden"},
        "https://shop.example/email": "jane@shop.example",
        "https://shop.example/note": "write to jane.roe@example.com or +15550100",
    }
    assert {value: kind for kind, value in of_json(profile, people=True)} == {
        "gold": "plan",
        "Rex the dog": "pets",
        "123456789": "ssn",
        "A-100": "account",
        "Quinn": "middle_name",
        "jroe": "preferred_username",
        "1 Main Street": "street_address",
        "Sweden": "country",
        "jane@shop.example": "email",
        "jane.roe@example.com": "email",
        "+15550100": "phone_number",
    }
    assert of_json(profile) == []


def test_the_details_of_a_log_entry_name_a_person_and_no_browser() -> None:
    details = {
        "request": {"ip": "192.0.2.7", "user_agent": "jane@example.com"},
        "fullname": "Jane Roe",
        "client_ip": "::1",
    }
    assert of_json([{"details": details}], people=True) == [
        ("ip", "192.0.2.7"),
        ("fullname", "Jane Roe"),
        ("ip", "::1"),
    ]


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ('/api/v2/logs?q=user_id:"auth0%7C123456"', [("user_id", "auth0|123456")]),
        ("/api/v2/logs?q=user_id%3A%22of-my-own%22", [("user_id", "of-my-own")]),
        ("/api/v2/users?q=email:jane@example.com", [("email", "jane@example.com")]),
        ("/api/v2/users-by-email?email=jane%40example.com", [("email", "jane@example.com")]),
        ("/api/v2/user-blocks/auth0%7C123456", [("user_id", "auth0|123456")]),
        ("/api/v2/user-blocks?identifier=%2B15550100", [("identifier", "+15550100")]),
        ("/api/v2/user-blocks/of-my-own", [("user_id", "of-my-own")]),
    ],
)
def test_the_person_in_a_query_or_a_path_is_found(target: str, found: list[tuple[str, str]]) -> None:
    url = f"https://tenant.example{target}"
    assert set(found) <= set(secrets_of(a_request("GET", url), url=url, people=True))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The user auth0|5f00000000 has no MFA.", [("user_id", "auth0|5f00000000")]),
        (
            "Sent to +15550100, not to jane.roe@example.com.",
            [("email", "jane.roe@example.com"), ("phone_number", "+15550100")],
        ),
        ("sms|dev_0000000000000000 and 1+1234567 and a@b and x | y", []),
        ("the machine abc@clients, version +1", []),
    ],
)
def test_the_person_in_a_sentence_is_found(text: str, found: list[tuple[str, str]]) -> None:
    assert of_json({"message": text}, people=True) == found
    assert list(secrets_of(a_response(text=text), people=True)) == found
    assert of_json({"message": text}) == []
