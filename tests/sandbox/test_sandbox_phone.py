"""The virtual phone: what it scans, what it shows, what it sends, and what it says when it cannot."""

import io
import json
import re
from collections.abc import Sequence
from typing import Any

import httpx
import pyotp
import pytest
from PIL import Image

from auth0_mfa_lab.sandbox import Phone
from auth0_mfa_lab.sandbox.guardian.phone import (
    NotABarcode,
    NotEnrolled,
    NothingToAnswer,
    PhoneError,
    device_api,
)
from tests.mothers import rows
from tests.sandbox.sandbox_mothers import App, claims_of, pushed, scan

NOW = 1_800_000_000
NO_ACCOUNT = r"This phone has no account yet\. Let it scan the barcode_uri of /mfa/associate first\."
NO_CODE = r"This phone shows no codes: it has no account yet\. Let it scan a barcode_uri first\."
NO_PUSH = r"No push waits on this phone\. Send one with /mfa/challenge; it can be answered for 5 minutes\."
# RFC 6238, appendix B: the ASCII secret 12345678901234567890.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # auth0-mfa-lab: allow


def test_a_phone_enrolls_where_the_qr_says_or_at_its_tenant_with_a_ticket_four_members_and_a_five_member_key(
    app: App,
) -> None:
    sent: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(201, json=ENROLLED)

    phone = app.sandbox.new_phone(httpx.Client(transport=httpx.MockTransport(handle)))
    scan(phone, "otpauth://totp/t:u?enrollment_tx_id=Qm4T9vX2&base_url=https%3A%2F%2Ftenant.example%2Fappliance-mfa")
    # A classic QR has more in it, and another case.
    scan(phone, "otpauth://TOTP/t:u?secret=ABC&enrollment_tx_id=Qm4T&issuer=t&id=dev_1&algorithm=sha1&digits=6")
    assert [request.url.host for request in sent] == ["tenant.example", "sandbox.example"]
    for request, ticket in zip(sent, ("Qm4T9vX2", "Qm4T"), strict=True):
        assert request.url.path == "/appliance-mfa/api/enroll"
        assert request.headers["authorization"] == f'Ticket id="{ticket}"'
        body = json.loads(request.content)
        assert set(body) == {"identifier", "name", "push_credentials", "public_key"}
        assert set(body["public_key"]) == {"kty", "alg", "use", "e", "n"}
        assert (body["identifier"], len(body["identifier"])) == (phone.identifier, 16)
        assert body["push_credentials"] == {"service": "GCM", "token": phone.push_token}
    assert re.fullmatch(r"[\w-]{22}:APA91b[\w-]{134}", phone.push_token)
    with pytest.raises(NotEnrolled):
        phone.code()  # the tenant told it no secret


# fmt: off
ENROLLED = {"id": "dev_7hK2pQ9sVx4TzB1m", "issuer": "t", "user_id": "auth0|66b1f0c2", "token": "opaque"}
NO_NUMBER = {"secret": SECRET, "digits": float("inf")}
NOT_ENROLLED: dict[str, tuple[httpx.Response, str]] = {
    # An answer of the device API, and what of it the phone misses.
    "no body":             (httpx.Response(204), "id, user_id, issuer, token"),
    "no JSON":             (httpx.Response(200, html="<p>ok</p>"), "id, user_id, issuer, token"),
    "no text":             (httpx.Response(201, content=b"\xff\xfe\x00"), "id, user_id, issuer, token"),
    "no object":           (httpx.Response(201, json=["id", "token"]), "id, user_id, issuer, token"),
    "too deep":            (httpx.Response(201, content=b"[" * 100_000), "id, user_id, issuer, token"),
    "two members missing": (httpx.Response(201, json={"id": "dev_1", "issuer": "t"}), "user_id, token"),
    "no token":            (httpx.Response(201, json={**ENROLLED, "token": None}), "token"),
    "totp has no secret":  (httpx.Response(201, json={**ENROLLED, "totp": {"period": 30}}), "totp"),
    "its secret is none":  (httpx.Response(201, json={**ENROLLED, "totp": {"secret": 1}}), "totp"),
    "its digits are none": (httpx.Response(201, content=json.dumps({**ENROLLED, "totp": NO_NUMBER})), "totp"),
    "its algorithm":       (httpx.Response(201, json={**ENROLLED, "totp": {"secret": SECRET, "algorithm": 1}}), "totp"),
}
# fmt: on


@pytest.mark.parametrize("answer", NOT_ENROLLED)
def test_a_success_that_brings_no_account_is_told_with_a_sentence_and_nothing_is_kept(app: App, answer: str) -> None:
    said, missing = NOT_ENROLLED[answer]
    phone = app.sandbox.new_phone(httpx.Client(transport=httpx.MockTransport(lambda _: said)))
    with pytest.raises(PhoneError) as told:
        phone.scan("otpauth://totp/t:u?enrollment_tx_id=Qm4T9vX2")
    assert str(told.value) == (
        f"The tenant answered {said.status_code} to the enrollment, and the phone kept nothing of it: "
        f"its JSON has no {missing} that the phone can use."
    )
    assert (phone.enrollments, phone.accounts) == ((), ())


DEVICE_APIS = """
https://samples.guardian.auth0.com            | https://samples.guardian.auth0.com
https://samples.guardian.en.auth0.com         | https://samples.guardian.en.auth0.com
https://samples.auth0.com                     | https://samples.auth0.com/appliance-mfa
https://samples.auth0.com/appliance-mfa/      | https://samples.auth0.com/appliance-mfa
https://samples.guardian.some.thing.auth0.com | https://samples.guardian.some.thing.auth0.com/appliance-mfa
http://127.0.0.1:8443                         | http://127.0.0.1:8443/appliance-mfa
"""


@pytest.mark.parametrize(("base_url", "found"), rows(DEVICE_APIS))
def test_the_device_api_is_found_by_the_apps_own_rule(base_url: str, found: str) -> None:
    assert device_api(base_url) == found


def test_what_enrolls_nothing_is_told_with_a_sentence_and_no_secret(phone: Phone) -> None:
    blank = io.BytesIO()
    Image.new("L", (64, 64), 255).save(blank, "PNG")
    uri = f"otpauth://totp/a?secret={SECRET}"
    barcodes: dict[str, Sequence[str | bytes]] = {
        "it is no otpauth://totp/... address": (
            *("", "https://x.example", f"otpauth://hotp/a?secret={SECRET}", "otpauth://[a"),
        ),
        "its enrollment_tx_id or base_url cannot be sent": (
            *("otpauth://totp/a?enrollment_tx_id=%C3%A9", "otpauth://totp/a?enrollment_tx_id=1&base_url=http://[::1"),
            "otpauth://totp/a?enrollment_tx_id=1&base_url=http://%00",
            "otpauth://totp/a?enrollment_tx_id=1&base_url=a",
        ),
        "it has neither an enrollment_tx_id nor a secret": ["otpauth://totp/a"],
        "its secret, digits or period cannot be read": (
            *(uri[:-16], f"{uri}1", f"{uri}&digits=x", f"{uri}&digits=99", f"{uri}&digits=0", f"{uri}&period=0"),
        ),
        "it asks for codes that this phone cannot make": [f"{uri}&algorithm=SHA256"],
        "it is no picture": [b"no picture"],
        "there is no barcode in the picture": [blank.getvalue()],
    }
    for problem, all_such in barcodes.items():
        for barcode in all_such:
            with pytest.raises(NotABarcode) as told:
                phone.scan(barcode)
            assert str(told.value) == (
                f"This QR enrolls nothing: {problem}. Scan the barcode_uri of a push or OTP enrollment."
            )


def test_a_phone_without_an_account_or_without_a_push_says_what_to_do(app: App, phone: Phone) -> None:
    refused = scan(phone, f"otpauth://totp/t:u?enrollment_tx_id={'x' * 32}")
    assert (refused.status_code, phone.enrollments, phone.accounts) == (404, (), ())
    for do, problem in ((phone.allow, NO_ACCOUNT), (phone.reject, NO_ACCOUNT), (phone.code, NO_CODE)):
        with pytest.raises(NotEnrolled, match=f"^{problem}$"):
            do()
    phone.scan(f"otpauth://totp/x:y?secret={SECRET.lower()}")
    assert phone.code() == pyotp.TOTP(SECRET).at(NOW)
    with pytest.raises(NotEnrolled, match=f"^{NO_ACCOUNT}$"):
        phone.allow()
    older, newer = pushed(app, phone), pushed(app, phone)
    # The newest push is answered first.
    phone.reject()
    assert newer.poll().json()["error_description"] == "MFA Authorization rejected."
    phone.allow()
    for do in (phone.allow, phone.reject):
        with pytest.raises(NothingToAnswer, match=f"^{NO_PUSH}$"):
            do()
    assert older.poll().status_code == 200
    assert repr(phone) == "Phone('Sandbox phone', accounts=2)"


def test_a_push_is_shown_until_it_is_five_minutes_old_by_an_id_that_is_no_part_of_its_token(
    app: App, phone: Phone
) -> None:
    pushed(app, phone)
    app.sandbox.clock.advance(1)
    pushed(app, phone)
    older, newer = phone.notifications
    assert (older.host, older.location, older.source) == ("sandbox.example", "Oslo, Norway", "Firefox on Linux")
    assert older.transaction_token not in repr(older)
    assert (older.id != newer.id, len(older.id)) == (True, 16)
    assert not [push for push in (older, newer) if older.id in push.transaction_token]
    app.sandbox.clock.advance(298.9)
    assert [*phone.notifications] == [older, newer]
    app.sandbox.clock.advance(0.1)
    assert [*phone.notifications] == [newer]


def test_a_push_is_a_flat_map_of_seven_strings_and_its_answer_a_jwt_of_thirty_seconds_for_where_it_is_posted(
    app: App,
) -> None:
    sent: list[httpx.Request] = []
    hooks: dict[str, list[Any]] = {"request": [sent.append]}
    http = httpx.Client(transport=app.sandbox.transport, base_url="https://sandbox.example", event_hooks=hooks)
    phone = app.sandbox.new_phone(http)
    app.sandbox.clock.advance(0.25)
    pushed(app, phone)
    (push,) = app.sandbox.delivery.pushes(phone.push_token)
    assert (push.service, set(push.payload)) == ("GCM", {"dai", "txtkn", "c", "sh", "d", "s", "l"})
    assert {type(value) for value in push.payload.values()} == {str}
    assert push.payload["d"] == "2027-01-15T08:00:00.250Z"
    source, place = (json.loads(str(push.payload[name])) for name in ("s", "l"))
    assert source == {"b": {"n": "Firefox", "v": "128.0"}, "os": {"n": "Linux", "v": "6.1"}}
    assert place == {"n": "Oslo, Norway", "lat": "59.91273", "long": "10.74609"}
    token = claims_of(str(push.payload["txtkn"]))
    assert token["exp"] - token["iat"] == 300
    assert (re.fullmatch(r"txn_\w{32}", token["txid"]) is not None, len(str(push.payload["c"]))) == (True, 32)

    phone.reject("hack")
    assert sent[-1].url.path == "/appliance-mfa/api/resolve-transaction"
    answer = {"iss": phone.identifier, "sub": push.payload["c"], "aud": str(sent[-1].url), "iat": NOW, "exp": NOW + 30}
    answer |= {"auth0_guardian_method": "push", "auth0_guardian_accepted": False}
    given = claims_of(json.loads(sent[-1].content)["challenge_response"])
    assert given == {**answer, "auth0_guardian_reason": "hack"}
    pushed(app, phone)
    phone.allow()
    given = claims_of(json.loads(sent[-1].content)["challenge_response"])
    assert given == {**answer, "sub": given["sub"], "auth0_guardian_accepted": True}


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
    changes = ({"d": "yesterday"}, {"dai": "dev_0000000000000000"}, {"s": "{"}, {"s": '{"b": 1}'})
    bare = {key: value for key, value in good.payload.items() if key not in "sl"}
    incomplete = {key: value for key, value in good.payload.items() if key != "c"}
    for payload in (incomplete, *({**good.payload, **change} for change in changes), {**bare, "txtkn": "other"}):
        app.sandbox.delivery.push(service="GCM", token=phone.push_token, payload=payload)
    assert [push.source for push in phone.notifications] == ["Firefox on Linux", ""]


def test_each_account_has_the_label_of_its_qr_a_number_and_a_key_of_its_own(app: App, phone: Phone) -> None:
    for _ in range(2):
        scan(phone, app.associate(app.login(app.sandbox.add_user())).json()["barcode_uri"])
    assert len({str(one.key.as_dict()["n"]) for one in phone.enrollments}) == 2
    assert [one.label for one in phone.enrollments] == ["sandbox:user1@example.com", "sandbox:user2@example.com"]
    phone.forget(phone.enrollments[0].user_id, "")
    assert len(phone.enrollments) == 1
    phone.scan(f"otpauth://totp/sandbox:user3%40example.com?secret={SECRET}")
    assert [one.number for one in phone.accounts] == [2, 3]


def test_no_repr_shows_a_secret(app: App, phone: Phone) -> None:
    login, user, box = pushed(app, phone), app.sandbox.add_user(factors=["otp"]), app.sandbox
    known, tenant, (push,) = box.defaults, box.tenant, phone.notifications
    transaction, pushes = tenant.transactions.oob_codes[login.oob_code], box.delivery.pushes(phone.push_token)
    authenticators, begun = tenant.authenticators.of(user.user_id), transaction.login
    shown = repr([phone, phone.enrollments, push, user, known, transaction, tenant.clients, tenant.devices, pushes])
    app.start()
    shown += repr([authenticators, begun, app.inbox()])
    secrets = [login.mfa_token, login.oob_code, user.password, str(user.recovery_code), phone.enrollments[0].token]
    secrets += [app.newest_code(), *(each.secret for each in authenticators)]
    secrets += [known.client_secret, known.password, push.challenge, push.transaction_token, phone.push_token]
    assert [secret for secret in secrets if secret in shown] == []
