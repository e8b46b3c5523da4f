"""The virtual phone: what it scans, what it shows, what it sends, and what it says when it cannot."""

import io
import json
from typing import Any

import httpx
import pyotp
import pytest
import qrcode
from joserfc.jwk import RSAKey
from PIL import Image

from auth0_mfa_lab.sandbox import Chance, Clock, Delivery, Phone
from auth0_mfa_lab.sandbox.guardian.phone import NotABarcode, NotEnrolled, NothingToAnswer, device_api
from tests.keys import KEYS
from tests.sandbox.sandbox_mothers import App, claims_of, pushed, scan

NOW = 1_800_000_000
# RFC 6238, appendix B: the ASCII secret 12345678901234567890.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # auth0-mfa-lab: allow
ENROLLED = {
    "id": "dev_7hK2pQ9sVx4TzB1m",
    "url": "https://tenant.example",
    "issuer": "tenant",
    "user_id": "auth0|66b1f0c2a9d3e4f5a6b7c8d9",
    "token": "opaque",
}


def stub_phone(sent: list[httpx.Request]) -> Phone:
    """Return a phone in front of a stub tenant that keeps what it is sent."""

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(201, json=ENROLLED)

    http = httpx.Client(transport=httpx.MockTransport(handle))
    return Phone(http, Delivery().pushes, Clock(NOW), Chance(1), fallback_url="https://own.example")


def test_enrolling_sends_a_ticket_four_members_and_a_five_member_key() -> None:
    sent: list[httpx.Request] = []
    phone = stub_phone(sent)
    uri = "otpauth://totp/t:u?enrollment_tx_id=Qm4T9vX2&base_url=https%3A%2F%2Ftenant.example%2Fappliance-mfa"
    assert scan(phone, uri).status_code == 201
    (request,) = sent
    assert str(request.url) == "https://tenant.example/appliance-mfa/api/enroll"
    assert request.headers["authorization"] == 'Ticket id="Qm4T9vX2"'
    body = json.loads(request.content)
    assert set(body) == {"identifier", "name", "push_credentials", "public_key"}
    assert set(body["public_key"]) == {"kty", "alg", "use", "e", "n"}
    assert (body["identifier"], len(body["identifier"])) == (phone.identifier, 16)
    assert body["push_credentials"] == {"service": "GCM", "token": phone.push_token}


# fmt: off
DEVICE_APIS = {
    "https://samples.guardian.auth0.com":            "https://samples.guardian.auth0.com",
    "https://samples.guardian.en.auth0.com":         "https://samples.guardian.en.auth0.com",
    "https://samples.auth0.com":                     "https://samples.auth0.com/appliance-mfa",
    "https://samples.auth0.com/appliance-mfa/":      "https://samples.auth0.com/appliance-mfa",
    "https://samples.guardian.some.thing.auth0.com": "https://samples.guardian.some.thing.auth0.com/appliance-mfa",
    "http://127.0.0.1:8443":                         "http://127.0.0.1:8443/appliance-mfa",
}
# fmt: on


@pytest.mark.parametrize("base_url", DEVICE_APIS)
def test_the_device_api_is_found_by_the_apps_own_rule(base_url: str) -> None:
    assert device_api(base_url) == DEVICE_APIS[base_url]


def test_a_classic_qr_is_read_too_and_without_totp_there_are_no_codes() -> None:
    sent: list[httpx.Request] = []
    phone = stub_phone(sent)
    scan(phone, "otpauth://TOTP/t:u?secret=ABC&enrollment_tx_id=Qm4T&issuer=t&id=dev_1&algorithm=sha1&digits=6")
    assert str(sent[0].url) == "https://own.example/appliance-mfa/api/enroll"
    with pytest.raises(NotEnrolled):
        phone.code()


def test_a_picture_of_a_qr_is_read(app: App, phone: Phone) -> None:
    picture = io.BytesIO()
    qrcode.make(app.associate(app.mfa_token()).json()["barcode_uri"], border=4).save(picture)
    assert scan(phone, picture.getvalue()).status_code == 201


def test_what_enrolls_nothing_is_told_with_a_sentence_and_no_secret(phone: Phone) -> None:
    blank = io.BytesIO()
    Image.new("L", (64, 64), 255).save(blank, "PNG")
    uri = f"otpauth://totp/a?secret={SECRET}"
    texts = ("", "https://x.example", "otpauth://totp/a", f"otpauth://hotp/a?secret={SECRET}", f"{uri}1")
    more = tuple(f"{uri}&{query}" for query in ("digits=x", "digits=99", "digits=0", "period=0", "algorithm=SHA256"))
    barcodes: list[str | bytes] = [*texts, *more, uri[:-16], b"no picture", blank.getvalue()]
    for barcode in barcodes:
        with pytest.raises(NotABarcode, match="Scan the barcode_uri") as told:
            phone.scan(barcode)
        assert SECRET not in str(told.value)


def test_a_refused_scan_is_the_answer_and_leaves_no_account(phone: Phone) -> None:
    answer = scan(phone, f"otpauth://totp/t:u?enrollment_tx_id={'x' * 32}")
    assert (answer.status_code, phone.enrollments, phone.accounts) == (404, (), ())


def test_a_phone_without_an_account_or_without_a_push_says_what_to_do(app: App, phone: Phone) -> None:
    for do in (phone.allow, phone.reject, phone.code):
        with pytest.raises(NotEnrolled, match="scan"):
            do()
    phone.scan(f"otpauth://totp/x:y?secret={SECRET.lower()}")
    with pytest.raises(NotEnrolled, match="scan"):
        phone.allow()
    older, newer = pushed(app, phone), pushed(app, phone)
    # The newest push is answered first.
    phone.reject()
    assert newer.poll().json()["error_description"] == "MFA Authorization rejected."
    phone.allow()
    for do in (phone.allow, phone.reject):
        with pytest.raises(NothingToAnswer, match="/mfa/challenge"):
            do()
    assert older.poll().status_code == 200


def test_a_push_is_shown_until_it_is_five_minutes_old_by_an_id_that_is_no_part_of_its_token(
    app: App, phone: Phone
) -> None:
    pushed(app, phone)
    app.sandbox.clock.advance(1)
    pushed(app, phone)
    older, newer = phone.notifications
    assert (older.host, older.location, older.source) == ("sandbox.example", "Oslo, Norway", "Firefox on Linux")
    assert older.transaction_token not in repr(older)
    assert older.id != newer.id
    assert not [push for push in (older, newer) if older.id in push.transaction_token]
    delivered = app.sandbox.delivery.pushes(phone.push_token)
    assert phone.waiting(older.started + 299.9, delivered) == (older, newer)
    assert phone.waiting(older.started + 300, delivered) == (newer,)
    app.sandbox.clock.advance(299)
    assert phone.notifications == (newer,)


def test_the_payload_is_a_flat_map_of_strings_with_exactly_seven_keys(app: App, phone: Phone) -> None:
    app.sandbox.clock.advance(0.25)
    pushed(app, phone)
    (push,) = app.sandbox.delivery.pushes(phone.push_token)
    assert push.service == "GCM"
    assert set(push.payload) == {"dai", "txtkn", "c", "sh", "d", "s", "l"}
    assert {type(value) for value in push.payload.values()} == {str}
    assert push.payload["d"] == "2027-01-15T08:00:00.250Z"
    assert set(json.loads(str(push.payload["l"]))) == {"n", "lat", "long"}
    token = claims_of(str(push.payload["txtkn"]))
    assert token["exp"] - token["iat"] == 300


def test_an_answer_is_a_jwt_of_thirty_seconds_addressed_to_where_it_is_posted(app: App) -> None:
    sent: list[httpx.Request] = []
    hooks: dict[str, list[Any]] = {"request": [sent.append]}
    box = app.sandbox
    http = httpx.Client(transport=box.transport, base_url="https://sandbox.example", event_hooks=hooks)
    phone = box.new_phone(http)
    pushed(App(box, http), phone)
    challenge = phone.notifications[-1].challenge
    phone.reject("hack")
    assert sent[-1].url.path == "/appliance-mfa/api/resolve-transaction"
    assert claims_of(json.loads(sent[-1].content)["challenge_response"]) == {
        "iss": phone.identifier,
        "sub": challenge,
        "aud": str(sent[-1].url),
        "iat": NOW,
        "exp": NOW + 30,
        "auth0_guardian_method": "push",
        "auth0_guardian_accepted": False,
        "auth0_guardian_reason": "hack",
    }
    pushed(App(box, http), phone)
    phone.allow()
    claims = claims_of(json.loads(sent[-1].content)["challenge_response"])
    assert (claims["auth0_guardian_accepted"], "auth0_guardian_reason" in claims) == (True, False)


def test_the_code_is_that_of_the_newest_account_at_the_sandboxs_time(app: App, phone: Phone) -> None:
    secret = scan(phone, app.associate(app.mfa_token()).json()["barcode_uri"]).json()["totp"]["secret"]
    for now in (NOW, NOW + 30):
        assert phone.code() == pyotp.TOTP(secret).at(now)
        app.sandbox.clock.advance(30)
    phone.scan(f"otpauth://totp/x:y?secret={SECRET}&digits=8&period=60")
    assert phone.code() == pyotp.TOTP(SECRET, digits=8, interval=60).at(NOW + 60)
    assert phone.code(phone.accounts[0]) == pyotp.TOTP(secret).at(NOW + 60)


def test_a_payload_that_is_no_guardian_push_is_not_shown(app: App, phone: Phone) -> None:
    pushed(app, phone)
    (good,) = app.sandbox.delivery.pushes(phone.push_token)
    without = {key: value for key, value in good.payload.items() if key != "c"}
    changes = ({"d": "yesterday"}, {"dai": "dev_0000000000000000"}, {"s": "{"}, {"s": '{"b": 1}'})
    for payload in ({}, without, *({**good.payload, **change} for change in changes)):
        app.sandbox.delivery.push(service="GCM", token=phone.push_token, payload=payload)
    assert len(phone.notifications) == 1
    bare = {key: value for key, value in good.payload.items() if key not in "sl"}
    app.sandbox.delivery.push(service="GCM", token=phone.push_token, payload={**bare, "txtkn": "other"})
    assert phone.notifications[-1].source == ""


def test_each_account_has_the_label_of_its_qr_a_number_and_a_key_of_its_own(app: App) -> None:
    made: list[RSAKey] = []

    def new_key() -> RSAKey:
        made.append(next(KEYS))
        return made[-1]

    box, url = app.sandbox, "https://sandbox.example"
    phone = Phone(app.http, box.delivery.pushes, box.clock, Chance(7), fallback_url=url, new_key=new_key)
    assert made == []
    for _ in range(2):
        scan(phone, app.associate(app.login(box.add_user())).json()["barcode_uri"])
    assert [one.key for one in phone.enrollments] == made
    assert [one.label for one in phone.enrollments] == ["sandbox:user1@example.com", "sandbox:user2@example.com"]
    phone.forget(phone.enrollments[0].user_id, "")
    phone.scan(f"otpauth://totp/sandbox:user3%40example.com?secret={SECRET}")
    assert [one.number for one in phone.accounts] == [2, 3]


def test_no_repr_shows_a_secret(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    user, tenant = app.sandbox.add_user(factors=["otp"]), app.sandbox.tenant
    transaction = tenant.transactions.oob_codes.get(login.oob_code)
    shown = repr([phone, phone.enrollments, phone.notifications, user, app.sandbox.defaults, transaction])
    shown += repr([tenant.clients, tenant.devices, app.sandbox.delivery.pushes("")])
    for secret in (
        *(login.mfa_token, login.oob_code, user.password, str(user.recovery_code), phone.enrollments[-1].token),
        *(app.sandbox.defaults.client_secret, app.sandbox.defaults.password, phone.notifications[-1].challenge),
        phone.push_token,
    ):
        assert secret not in shown
