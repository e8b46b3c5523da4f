"""Which parts of a message are secret: by the name of a field, by shape, and by the place in the message."""

import base64
import json
from typing import Any

import pytest

from auth0_mfa_lab.secrets.kinds import secrets_of
from auth0_mfa_lab.wire.exchange import Message
from tests.mothers import MFA_TOKEN, a_request, a_response

TENANT = "https://tenant.example"
Sent = tuple[Message, str]
"""A message, and the URL that it was sent to."""


def found(sent: Sent, *, people: bool = True) -> list[str]:
    return [f"{kind}={value}" for kind, value in secrets_of(sent[0], url=sent[1], people=people)]


def said(body: Any) -> Sent:
    return a_response(json=body), ""


def text(body: str) -> Sent:
    return a_response(text=body), ""


def form(**fields: str) -> Sent:
    return a_request(form=fields), ""


def raw(body: bytes, kind: str = "application/json") -> Sent:
    return a_request(body=body, headers=[("content-type", kind)]), ""


def asked(target: str) -> Sent:
    return a_request("GET", TENANT + target), TENANT + target


def header(name: str, value: str, path: str = "/x") -> Sent:
    return a_request("GET", TENANT + path, headers=[(name, value)]), TENANT + path


def b64(value: Any) -> str:
    plain = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def a_jwt(head: Any = None, **claims: Any) -> str:
    return f"{b64({'alg': 'RS256', **(head or {})})}.{b64(claims)}.c2lnbmF0dXJl"


# -- by the name of the field

WIRE = """
    mfa_token oob_code binding_code otp recovery_code secret enrollment_tx_id access_token id_token refresh_token
    auth_session ticket_id password client_secret client_assertion assertion challenge_response transaction_token
    device_account_token totp_secret device_code code_verifier user_code verification_code passcode challenge
    identifier x5c x5t ticket:ticket_id c:challenge txtkn:transaction_token pem:private_key
"""
OF_ONES_OWN = """
    twilio_auth_token authToken:auth_token aws_secret_access_key api_key apiKeys:api_keys signing_key
    privateKey:private_key smtp_password provider_credentials signing_secret server_key user_passphrase
"""
SOUNDS_SO = """
    token_type public_key kid key key_id primary_key partition_key grant_types passkey token_endpoint
    token_endpoint_auth_method response_types secrets_of error_code oob_channel
"""


@pytest.mark.parametrize("name", f"{WIRE}{OF_ONES_OWN}".split())
def test_a_field_of_this_name_is_secret_in_json_a_form_and_a_query_alike(name: str) -> None:
    field, _, kind = name.partition(":")
    for sent in (said({"deep": [{field: "some-value-of-it"}]}), form(**{field: "some-value-of-it"})):
        assert found(sent) == found(sent, people=False) == [f"{kind or field}=some-value-of-it"]
    assert found(asked(f"/x?{field}=some-value-of-it")) == [f"{kind or field}=some-value-of-it"]


# -- by place and by shape

BASIC, ENCODED = (base64.b64encode(pair).decode() for pair in (b"app:very-secret", b"app:very%2Fsecret%21"))
BARCODE = (
    "otpauth://totp/tenant:jane.roe%40example.com?enrollment_tx_id=ticket-1&base_url=https%3A%2F%2Fx&secret=JBSWY3DP"
)
KEY = f"{'MIIEowIBAAKCAQEA' * 4}\n{'abcdEFGH0123+/xy' * 4}"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY}\n-----END RSA PRIVATE KEY-----"
CERTIFICATE = PEM.replace("RSA PRIVATE KEY", "CERTIFICATE")
PLAIN, INNER = a_jwt(sub="x"), a_jwt(mfa_token="inner-secret", note="a?~?~?")
HEADED = a_jwt({"api_key": "inner-secret"}, scope="x")
RESPONSE, PERSONAL = a_jwt(iss="device-1", sub="challenge-1", aud="x"), a_jwt(sub="auth0|12345", nickname="jane")
APP = {"name": "Shop", "client_metadata": {"stripe": "sk0live0ABCDEFGH12", "theme": "dark", "note": "with 12 words"}}
CODES = {"recovery_codes": ["ABCD1234", "EFGH5678"], "token": "device-1", "push_credentials": {"token": "push-1"}}
PARTS = [
    b'Content-Disposition: form-data; name="password"\r\n\r\nhunter & two\r\n',
    b'Content-Disposition: form-data; name="otp"\r\nContent-Type: text/plain\r\n\r\n123456\r\n',
]
OF_A_KEY = ("d", "p", "q", "dp", "dq", "qi", "k")
BESIDE = "sub email user_id authenticator_type identifier confirmed auth_method phone_number totp_secret"
LOG = {
    "client_name": "Shop",
    "user_id": "auth0|123",
    "user_name": "jane",
    "ip": "192.0.2.7",
    "user_agent": "j@a.example",
    "user_email": "j@b.example",
    "full_name": "Jane",
}
PROFILE = {
    "name": "Jane Roe",
    "email": "jane@example.com",
    "user_metadata": {"ssn": 123456, "size": 12345, "ok": "true", "lang": "en"},
}
PROFILE |= {"app_metadata": {"deep": {"account": "A-100"}}, "https://shop.example/nickname": "jane"}
PROFILE |= {"address": {"street_address": "1 Main Street"}, "birthdate": "2001-02-03", "note": "call +15550100"}
NO_VALUES = ("true", "false", "null", "none", "abc", f"{TENANT}/x", "http://x.example")
ODD: list[Any] = ["", None, [], {}, 0, True]
# fmt: off
FINDS: dict[str, tuple[Sent, str]] = {  # what is found; one with @ is a person's: on a live tenant alone
    "names that only sound so": (said(dict.fromkeys(SOUNDS_SO.split(), "some-value-of-it")), ""),
    "empty and odd values": (said([{"mfa_token": each} for each in ODD]), ""),
    "values that can be none": (said([{"reset_token": each} for each in NO_VALUES]), ""),
    "a value of four letters":  (said({"reset_token": "abcd"}), "reset_token=abcd"),
    "a name that is too long for an alias": (said({"a" * 34 + "_token": "of-40", "a" * 35 + "_token": "of-41"}),
        f"{'a' * 34}_token=of-40, token=of-41"),
    "each of a list, a token by its place": (said(CODES),
        "recovery_code=ABCD1234, recovery_code=EFGH5678, device_token=device-1, push_token=push-1"),
    "a code of digits":         (said({"code": "123456", "otp": 654321, "digits": 6}), "code=123456, otp=654321"),
    "the name of an error":     (said({"code": "invalid_body"}), ""),
    "an authorization code":    (form(code="abcdefgh12345678"), "code=abcdefgh12345678"),
    "an error's name in a form": (form(code="invalid_body"), ""),
    "a number":                 (said({"password": 1234, "client_secret": 123, "otp": 7}), "password=1234, otp=7"),
    "a barcode, its label and ticket": (said({"barcode_uri": BARCODE}),
        "enrollment_tx_id=ticket-1, secret=JBSWY3DP, @username=jane.roe@example.com"),
    "an enrollment link":       (said({"ticket_url": f"{TENANT}/mfa/enrollment?ticket=t-0001"}), "ticket_id=t-0001"),
    "links without a ticket":   (said({"ticket_url": ["no link", "https://[", "?", "?ticket", "?ticket="]}), ""),
    "an application's own": (said([APP | {"client_secret": "hush"}]), "stripe=sk0live0ABCDEFGH12, client_secret=hush"),
    "two fields of one name": (raw(b"otp=first&otp=second", "application/x-www-form-urlencoded"),
        "otp=first, otp=second"),
    "a form in parts":          (raw(b"--b\r\n".join([b"", *PARTS, b""]), "multipart/form-data; boundary=b"),
        "password=hunter & two, otp=123456"),
    "a form without its type":  (raw(b"x=1&password=hunter;two<3", "text/plain"), "password=hunter;two<3"),
    "JSON in UTF-16":           (raw('{"pass\\u0077ord": "hunter-two"}'.encode("utf-16")), "password=hunter-two"),
    "JSON too deep to walk":    (raw(b"[" * 400 + b'{"password": "hunter-two"}' + b"]" * 400), "password=hunter-two"),
    "sealed in a text":         (said({"state": f"a {MFA_TOKEN} b"}), f"state={MFA_TOKEN}"),
    "a token under a number":   (said({"1": f"a {MFA_TOKEN} b"}), f"token={MFA_TOKEN}"),
    "a token as a field's name": (said({MFA_TOKEN: 1}), f"token={MFA_TOKEN}"),
    "a JWT in a text":          (text(f"<p>{PLAIN}</p>"), f"token={PLAIN}"),
    "a secret in a JWT":        (said({"access_token": INNER}), f"access_token={INNER}, mfa_token=inner-secret"),
    "a secret in a JWT's header": (said({"hint": HEADED}), f"hint={HEADED}, api_key=inner-secret"),
    "the phone's answer":       (said({"challenge_response": RESPONSE}),
        f"challenge_response={RESPONSE}, identifier=device-1, challenge=challenge-1"),
    "a private key":            (text(f"<p>{PEM}</p>"), f"private_key={PEM}"),
    "a certificate":            (said({"cert": CERTIFICATE}), ""),
    "a private JSON web key":   (said({"kty": "RSA", "e": "AQAB"} | {each: f"{each}-number" for each in OF_A_KEY}),
        ", ".join(f"private_key={each}-number" for each in OF_A_KEY)),
    "a public JSON web key":    (said({"kty": "RSA", "e": "AQAB", "n": "modulus"}), "n=modulus"),
    "a push's browser":         (said({"s": json.dumps({"b": {"n": "Firefox"}})}), ""),
    "a d that is no key":       (said({"d": "no key at all"}), ""),
    "a Bearer of a proxy":      (header("Proxy-Authorization", "Bearer opaque"), "token=opaque"),
    "a Bearer of a transaction": (header("authorization", "Bearer x", "/api/resolve-transaction"),
        "transaction_token=x"),
    "a Bearer of a device":     (header("authorization", "Bearer x", "/api/device-accounts/dev_1"), "device_token=x"),
    "a bare token":             (header("authorization", "just-a-token"), "token=just-a-token"),
    "a Ticket":                 (header("authorization", 'Ticket id="t-1"'), "enrollment_tx_id=t-1"),
    "Basic":                    (header("authorization", f"Basic {BASIC}"),
        f"client_secret=very-secret, basic_credentials={BASIC}"),
    "Basic, behind two blanks": (header("authorization", f"Basic  {b64('app:very-secret-01')}"),
        f"client_secret=very-secret-01, basic_credentials= {b64('app:very-secret-01')}"),
    "Basic, encoded before":    (header("authorization", f"Basic {ENCODED}"),
        f"client_secret=very/secret!, basic_credentials={ENCODED}"),
    "Basic that is no base64":  (header("authorization", "Basic A"), "basic_credentials=A"),
    "a cookie that is sent":    (header("cookie", "did=s%3Av0%3Aabcdef; x=1"), "cookie=s%3Av0%3Aabcdef"),
    "a proof":                  (header("DPoP", "opaque-proof"), "token=opaque-proof"),
    "sealed in a header":       (header("x-custom", f"sealed {MFA_TOKEN} here"), f"token={MFA_TOKEN}"),
    "an error in a header":     (header("www-authenticate", 'Bearer error="invalid_token"'), ""),
    "quoted in broken JSON":    (raw(b"""{"password": "hunter; <two>", 'otp':'123456',}"""),
        "password=hunter; <two>, otp=123456"),
    "a pair in broken JSON":    (said({"message": 'Cannot read {"client_secret": "hush"'}), "client_secret=hush"),
    "a password in a URL":      (text("postgres://app:hunter-two@db/x"), "password=hunter-two"),
    "words about passwords":    (text("The password is wrong. Reset your password: here; status=pending"), ""),
    "a user, and the phone's number": (said({"user_id": "auth0|123", "phone_number": "+15550100"}),
        "@user_id=auth0|123, @phone_number=+15550100"),
    "an ID token's person": (said({"id_token": PERSONAL}), f"id_token={PERSONAL}, @sub=auth0|12345, @nickname=jane"),
    "the name of a thing":      (said({"name": "sms", "enabled": True}), ""),
    "a name beside each of these": (said([{"name": f"Jane's {each}", each: True} for each in BESIDE.split()]),
        ", ".join(f"@name=Jane's {each}" for each in BESIDE.split())),
    "a log entry, and no browser": (said([LOG]), "@user_id=auth0|123, @username=jane, @ip=192.0.2.7, "
        "@email=j@b.example, @fullname=Jane"),
    "an address of another name": (said({"details": {"client_ip": "::1"}}), "@ip=::1"),
    "a profile":                (said(PROFILE),
        "@name=Jane Roe, @email=jane@example.com, @ssn=123456, @account=A-100, @nickname=jane, "
        "@street_address=1 Main Street, @birthdate=2001-02-03, @phone_number=+15550100"),
    "a kind that is a word":    (said({"_id": "of-my-own"}), "@user_id=of-my-own"),
    "a claim of one's own namespace": (said({"https://shop.example/api_key": "some-value"}), "api_key=some-value"),
    "a user in a path":         (asked("/api/v2/users/auth0%7C123/enrollments?page=1"), "@user_id=auth0|123"),
    "a blocked user in a path": (asked("/api/v2/user-blocks/of-my-own"), "@user_id=of-my-own"),
    "a user in a search":       (asked("/api/v2/logs?q=user_id%3A%22of-my-own%22"), "@user_id=of-my-own"),
    "an email in a query":      (asked("/api/v2/users-by-email?email=jane%40example.com"), "@email=jane@example.com"),
    "an id in a sentence":      (text("The user auth0|5f00000000 has no MFA."), "@user_id=auth0|5f00000000"),
    "a person in a sentence":   (said({"message": "Sent to +15550100, not to jane.roe@example.com."}),
        "@email=jane.roe@example.com, @phone_number=+15550100"),
    "what is no person":        (text("sms|dev_0000000000000000 and 1+1234567 and a@b, abc@clients, version +1"), ""),
}
# fmt: on


@pytest.mark.parametrize("row", FINDS)
def test_what_a_message_gives_away_is_found_and_nothing_else(row: str) -> None:
    sent, finds_of_it = FINDS[row]
    finds = finds_of_it.split(", ") if finds_of_it else []
    assert found(sent) == [each.removeprefix("@") for each in finds]
    assert found(sent, people=False) == [each for each in finds if each[0] != "@"]
