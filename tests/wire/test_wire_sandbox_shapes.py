"""The shapes of sealed strings, ids, codes and the QR's URI, typed from the reference's sections 0.4, 1e and 3.2."""

import re
from urllib.parse import parse_qsl, urlsplit

from auth0_mfa_lab.sandbox import Sandbox
from tests.sandbox.sandbox_mothers import App, scan

NOW = 1_800_000_000


def assert_sealed(text: str, *, expires: int) -> None:
    parts = text.split("*")
    assert len(parts) == 8
    prefix, password_id, salt, vector, ciphertext, ttl, mac_salt, mac = parts
    assert prefix == "Fe26.2"
    assert password_id == f"SERVER_{NOW}"
    assert ttl == str(expires * 1000)
    for value, shape in (
        (salt, r"[0-9a-f]{64}"),
        (vector, r"[\w-]{22}"),
        (ciphertext, r"[\w-]+"),
        (mac_salt, r"[0-9a-f]{64}"),
        (mac, r"[\w-]{43}"),
    ):
        assert re.fullmatch(shape, value, re.ASCII), value


def test_an_mfa_token_looks_sealed_and_names_its_ten_minutes(app: App) -> None:
    mfa_token = app.mfa_token()
    assert_sealed(mfa_token, expires=NOW + 600)
    assert 1000 < len(mfa_token) < 2048


def test_an_oob_code_looks_sealed_and_names_its_five_minutes(app: App) -> None:
    oob_code = app.associate(app.mfa_token()).json()["oob_code"]
    assert_sealed(oob_code, expires=NOW + 300)
    assert 700 <= len(oob_code) <= 900


def test_the_barcode_uri_has_two_parameters_in_the_modern_forms_order(app: App) -> None:
    uri = app.associate(app.mfa_token()).json()["barcode_uri"]
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parts.path == "/sandbox:jane.roe%40example.com"
    (tx_key, ticket), (url_key, base_url) = parse_qsl(parts.query, strict_parsing=True)
    assert (tx_key, url_key) == ("enrollment_tx_id", "base_url")
    assert re.fullmatch(r"[A-Za-z0-9]{32}", ticket)
    assert base_url == "https://sandbox.example/appliance-mfa"
    assert uri.endswith("&base_url=https%3A%2F%2Fsandbox.example%2Fappliance-mfa")
    assert "+" not in uri


def test_recovery_codes_and_authenticator_ids_have_auth0s_shapes(app: App) -> None:
    mfa_token = app.mfa_token()
    (code,) = app.associate(mfa_token).json()["recovery_codes"]
    assert re.fullmatch(r"[A-Z0-9]{24}", code)
    for entry in app.authenticators(mfa_token):
        assert re.fullmatch(r"(push|totp|recovery-code)\|dev_[A-Za-z0-9]{16}", entry["id"])


def test_the_enroll_answer_has_ids_and_secrets_of_the_right_shape(app: App) -> None:
    phone = app.sandbox.new_phone(app.http)
    body = scan(phone, app.associate(app.mfa_token()).json()["barcode_uri"]).json()
    assert re.fullmatch(r"dev_[A-Za-z0-9]{16}", body["id"])
    assert re.fullmatch(r"auth0\|[0-9a-f]{24}", body["user_id"])
    assert re.fullmatch(r"[A-Z2-7]{32}", body["totp"]["secret"])
    assert re.fullmatch(r"[0-9a-f]{16}", phone.identifier)


def test_another_domain_is_in_every_url_of_its_own() -> None:
    box = Sandbox(domain="acme-dev.eu.auth0.example")
    assert box.tenant.tokens.issuer == "https://acme-dev.eu.auth0.example/"
    assert box.tenant.guardian_url == "https://acme-dev.eu.auth0.example/appliance-mfa"
    assert box.tenant.settings.name == "acme-dev"
