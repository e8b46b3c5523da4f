"""The virtual phone: what it scans, what it shows, what it sends, and what it says when it cannot."""

import io
import json
from collections.abc import Mapping

import httpx
import pyotp
import pytest
from joserfc.jwk import RSAKey
from PIL import Image

from auth0_mfa_lab.sandbox import Chance, Clock, Delivery, Phone, Sandbox
from auth0_mfa_lab.sandbox.guardian.phone import NotABarcode, NotEnrolled, NothingToAnswer, device_api
from tests.sandbox.sandbox_mothers import App, claims_of, pushed, scan

ENROLLED = {
    "id": "dev_7hK2pQ9sVx4TzB1m",
    "url": "https://tenant.example",
    "issuer": "tenant",
    "user_id": "auth0|66b1f0c2a9d3e4f5a6b7c8d9",
    "token": "opaque",
}


def recording_phone(sent: list[httpx.Request], body: Mapping[str, object]) -> Phone:
    """Return a phone in front of a stub tenant that keeps what it is sent."""

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(201, json=body)

    http = httpx.Client(transport=httpx.MockTransport(handle))
    return Phone(http, Delivery().pushes, Clock(), Chance(1), fallback_url="https://own.example")


def test_enrolling_sends_a_ticket_four_members_and_a_five_member_key() -> None:
    sent: list[httpx.Request] = []
    phone = recording_phone(sent, ENROLLED)
    uri = "otpauth://totp/t:u?enrollment_tx_id=Qm4T9vX2&base_url=https%3A%2F%2Ftenant.example%2Fappliance-mfa"
    assert scan(phone, uri).status_code == 201
    (request,) = sent
    assert str(request.url) == "https://tenant.example/appliance-mfa/api/enroll"
    assert request.headers["authorization"] == 'Ticket id="Qm4T9vX2"'
    body = json.loads(request.content)
    assert set(body) == {"identifier", "name", "push_credentials", "public_key"}
    assert set(body["public_key"]) == {"kty", "alg", "use", "e", "n"}
    assert len(body["identifier"]) == 16
    assert body["push_credentials"] == {"service": "GCM", "token": phone.push_token}


@pytest.mark.parametrize(
    ("base_url", "api"),
    [
        ("https://samples.guardian.auth0.com", "https://samples.guardian.auth0.com"),
        ("https://samples.guardian.en.auth0.com", "https://samples.guardian.en.auth0.com"),
        ("https://samples.auth0.com", "https://samples.auth0.com/appliance-mfa"),
        ("https://samples.auth0.com/appliance-mfa/", "https://samples.auth0.com/appliance-mfa"),
        (
            "https://samples.guardian.some.thing.auth0.com",
            "https://samples.guardian.some.thing.auth0.com/appliance-mfa",
        ),
        ("http://127.0.0.1:8443", "http://127.0.0.1:8443/appliance-mfa"),
    ],
)
def test_the_device_api_is_found_by_the_apps_own_rule(base_url: str, api: str) -> None:
    assert device_api(base_url) == api


def test_a_classic_qr_is_read_too_and_without_totp_there_are_no_codes() -> None:
    sent: list[httpx.Request] = []
    phone = recording_phone(sent, ENROLLED)
    scan(phone, "otpauth://TOTP/t:u?secret=ABC&enrollment_tx_id=Qm4T&issuer=t&id=dev_1&algorithm=sha1&digits=6")
    assert str(sent[0].url) == "https://own.example/appliance-mfa/api/enroll"
    with pytest.raises(NotEnrolled):
        phone.code()


def test_what_enrolls_nothing_is_told_with_a_sentence_and_no_secret(phone: Phone) -> None:
    blank = io.BytesIO()
    Image.new("L", (64, 64), 255).save(blank, "PNG")
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # auth0-mfa-lab: allow
    uri = f"otpauth://totp/a?secret={secret}"
    texts = ("", "https://x.example", "otpauth://totp/a", f"otpauth://hotp/a?secret={secret}", f"{uri}1")
    more = (
        f"{uri}&digits=x",
        f"{uri}&digits=99",
        f"{uri}&period=0",
        f"{uri}&algorithm=SHA256",
        uri.removesuffix(secret[16:]),
    )
    for barcode in (*texts, *more, b"no picture", blank.getvalue()):
        with pytest.raises(NotABarcode, match="Scan the barcode_uri") as told:
            phone.scan(barcode)
        assert secret not in str(told.value)


def test_a_refused_scan_is_the_answer_and_leaves_no_account(app: App, phone: Phone) -> None:
    answer = scan(phone, f"otpauth://totp/t:u?enrollment_tx_id={'x' * 32}")
    assert (answer.status_code, answer.json()["errorCode"]) == (404, "enrollment_transaction_not_found")
    assert phone.enrollments == ()
    assert not app.sandbox.failures


def test_a_phone_without_an_account_or_without_a_push_says_what_to_do(app: App, phone: Phone) -> None:
    for do in (phone.allow, phone.reject, phone.code):
        with pytest.raises(NotEnrolled, match="scan"):
            do()
    login = pushed(app, phone)
    phone.allow()
    for do in (phone.allow, phone.reject):
        with pytest.raises(NothingToAnswer, match="/mfa/challenge"):
            do()
    assert login.poll().status_code == 200


def test_a_push_is_shown_until_it_is_answered_or_five_minutes_old(app: App, phone: Phone) -> None:
    pushed(app, phone)
    (notification,) = phone.notifications
    assert notification.host == "sandbox.example"
    assert notification.location
    assert notification.transaction_token not in repr(notification)
    app.sandbox.clock.advance(299)
    assert list(phone.notifications) == [notification]
    app.sandbox.clock.advance(1)
    assert not list(phone.notifications)


def test_the_newest_push_is_answered_first(app: App, phone: Phone) -> None:
    older, newer = pushed(app, phone), pushed(app, phone)
    phone.reject()
    assert newer.poll().json()["error_description"] == "MFA Authorization rejected."
    phone.allow()
    assert older.poll().status_code == 200


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


def test_an_answer_is_a_jwt_of_thirty_seconds_addressed_to_where_it_is_posted(sandbox: Sandbox) -> None:
    sent: list[httpx.Request] = []
    http = httpx.Client(
        transport=sandbox.transport,
        base_url="https://sandbox.example",
        event_hooks={"request": [sent.append]},
    )
    phone = sandbox.new_phone(http)
    pushed(App(sandbox, http), phone)
    challenge = phone.notifications[-1].challenge
    phone.reject("hack")
    claims = claims_of(json.loads(sent[-1].content)["challenge_response"])
    assert claims == {
        "iss": phone.identifier,
        "sub": challenge,
        "aud": str(sent[-1].url),
        "iat": 1_800_000_000,
        "exp": 1_800_000_030,
        "auth0_guardian_method": "push",
        "auth0_guardian_accepted": False,
        "auth0_guardian_reason": "hack",
    }
    assert sent[-1].url.path == "/appliance-mfa/api/resolve-transaction"


def test_no_reason_is_no_claim(sandbox: Sandbox) -> None:
    sent: list[httpx.Request] = []
    http = httpx.Client(
        transport=sandbox.transport, base_url="https://sandbox.example", event_hooks={"request": [sent.append]}
    )
    pushed(App(sandbox, http), phone := sandbox.new_phone(http))
    phone.reject()
    assert "auth0_guardian_reason" not in claims_of(json.loads(sent[-1].content)["challenge_response"])


def test_the_code_is_the_totp_of_the_newest_account_at_the_sandboxs_time(app: App, phone: Phone) -> None:
    associated = app.associate(app.mfa_token()).json()
    secret = scan(phone, associated["barcode_uri"]).json()["totp"]["secret"]
    assert phone.code() == pyotp.TOTP(secret).at(1_800_000_000)
    app.sandbox.clock.advance(30)
    assert phone.code() == pyotp.TOTP(secret).at(1_800_000_030)


def test_the_rfc_vector_gives_the_rfc_code() -> None:
    # RFC 6238, appendix B: the ASCII secret 12345678901234567890 at 1111111109 seconds.
    # auth0-mfa-lab: allow
    totp = {"secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "algorithm": "sha1", "digits": 6, "period": 30}
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={**ENROLLED, "totp": totp})))
    phone = Phone(http, Delivery().pushes, Clock(1_111_111_109), Chance(1), fallback_url="https://x.example")
    scan(phone, "otpauth://totp/t:u?enrollment_tx_id=Qm4T")
    assert phone.code() == "081804"


def test_a_payload_that_is_no_guardian_push_is_not_shown(app: App, phone: Phone) -> None:
    pushed(app, phone)
    (good,) = app.sandbox.delivery.pushes(phone.push_token)
    without = {key: value for key, value in good.payload.items() if key != "c"}
    strange = {**good.payload, "d": "yesterday"}
    foreign = {**good.payload, "dai": "dev_0000000000000000"}
    for payload in ({}, without, strange, foreign, {**good.payload, "s": "{"}, {**good.payload, "s": '{"b": 1}'}):
        app.sandbox.delivery.push(service="GCM", token=phone.push_token, payload=payload)
    assert len(phone.notifications) == 1
    bare = {key: value for key, value in good.payload.items() if key not in "sl"}
    app.sandbox.delivery.push(service="GCM", token=phone.push_token, payload={**bare, "txtkn": "other"})
    assert phone.notifications[-1].source == ""


def test_a_push_is_called_by_an_id_that_is_no_part_of_its_token(app: App, phone: Phone) -> None:
    pushed(app, phone)
    pushed(app, phone)
    older, newer = phone.notifications
    assert older.id != newer.id
    assert older.id == phone.notifications[0].id
    assert older.id not in older.transaction_token
    assert older.id not in newer.transaction_token


def test_what_waits_can_be_asked_for_any_instant(app: App, phone: Phone, sandbox: Sandbox) -> None:
    pushed(app, phone)
    (push,) = phone.notifications
    delivered = sandbox.delivery.pushes(phone.push_token)
    assert phone.waiting(push.started + 299.9, delivered) == (push,)
    assert phone.waiting(push.started + 300, delivered) == ()
    assert sandbox.clock.now() == push.started


def test_accounts_have_the_label_of_their_qr_and_a_number_of_their_own(app: App, phone: Phone) -> None:
    scan(phone, app.associate(app.mfa_token(**fresh(app.sandbox))).json()["barcode_uri"])
    scan(phone, app.associate(app.mfa_token(**fresh(app.sandbox))).json()["barcode_uri"])
    assert [one.label for one in phone.enrollments] == ["sandbox:user1@example.com", "sandbox:user2@example.com"]
    user_id = phone.enrollments[0].user_id
    phone.forget(user_id, "")
    seed = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # auth0-mfa-lab: allow
    phone.scan(f"otpauth://totp/sandbox:user3%40example.com?secret={seed}")
    assert [one.number for one in phone.accounts] == [2, 3]


def test_the_key_is_made_at_the_scan_one_for_each_account(sandbox: Sandbox, app: App) -> None:
    made: list[RSAKey] = []

    def new_key() -> RSAKey:
        made.append(RSAKey.generate_key())
        return made[-1]

    phone = Phone(
        app.http,
        sandbox.delivery.pushes,
        sandbox.clock,
        Chance(7),
        fallback_url="https://sandbox.example",
        new_key=new_key,
    )
    assert made == []
    for _ in range(2):
        scan(phone, app.associate(app.mfa_token(**fresh(sandbox))).json()["barcode_uri"])
    assert [one.key for one in phone.enrollments] == made


def fresh(sandbox: Sandbox) -> dict[str, str]:
    user = sandbox.add_user()
    return {"username": user.username, "password": user.password}


def test_no_repr_shows_a_secret(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    user = app.sandbox.add_user()
    transaction = app.sandbox.tenant.transactions.oob_codes.get(login.oob_code)
    shown = repr([phone, phone.enrollments, phone.notifications, user, app.sandbox.defaults, transaction])
    shown += repr([app.sandbox.tenant.clients, app.sandbox.tenant.devices, app.sandbox.delivery.pushes("")])
    for secret in (
        *(login.mfa_token, login.oob_code, user.password, phone.enrollments[-1].token, phone.push_token),
        *(app.sandbox.defaults.client_secret, app.sandbox.defaults.password, phone.notifications[-1].challenge),
    ):
        assert secret not in shown
