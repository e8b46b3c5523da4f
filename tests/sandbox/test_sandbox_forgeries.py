"""A push answered by anybody but its phone: refused, and the transaction still pending."""

import base64
import hashlib
import hmac
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox import Phone
from tests.sandbox.sandbox_mothers import GUARDIAN, App, Pushed, pushed, segment, sign


def hs256_with(secret: bytes, login: Pushed) -> str:
    """Return the classic confusion: an HMAC whose key is the public key that everybody knows."""
    text = f"{segment({'alg': 'HS256', 'typ': 'JWT'})}.{segment(login.claims())}"
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def public_pem(login: Pushed) -> bytes:
    public = login.phone.enrollments[-1].key.public_key
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def expired(login: Pushed) -> str:
    answer = login.sign(login.claims())
    login.app.sandbox.clock.advance(36)
    return answer


FORGERIES: dict[str, Callable[[Pushed], str]] = {
    "another key": lambda login: sign(login.claims(), RSAKey.generate_key()),
    "another challenge": lambda login: login.sign(login.claims(sub="p3Jt0bqS1r8mN5vXyZ2wA4dF6gH7kL9Q")),
    "no challenge": lambda login: login.sign({k: v for k, v in login.claims().items() if k != "sub"}),
    "an expired answer": expired,
    "an answer of tomorrow": lambda login: login.sign(login.claims(iat=1_800_086_400, exp=1_800_086_430)),
    "no exp": lambda login: login.sign({k: v for k, v in login.claims().items() if k != "exp"}),
    "a boolean exp": lambda login: login.sign(login.claims(exp=True)),
    "an endless exp": lambda login: login.sign(login.claims(exp=10**400)),
    "the enrollment id as iss": lambda login: login.sign(login.claims(iss=login.notification.enrollment_id)),
    "another aud": lambda login: login.sign(login.claims(aud="https://evil.example/api/resolve-transaction")),
    "another endpoint's aud": lambda login: login.sign(login.claims(aud=f"{GUARDIAN}/device-accounts")),
    "two auds": lambda login: login.sign(login.claims(aud=[f"{GUARDIAN}/resolve-transaction", "https://x.example"])),
    "another method": lambda login: login.sign(login.claims(auth0_guardian_method="sms")),
    "accepted as text": lambda login: login.sign(login.claims(auth0_guardian_accepted="true")),
    "accepted as a number": lambda login: login.sign(login.claims(auth0_guardian_accepted=1)),
    "alg none": lambda login: f"{segment({'alg': 'none', 'typ': 'JWT'})}.{segment(login.claims())}.",
    "alg none with a signature": lambda login: (
        f"{segment({'alg': 'none'})}.{segment(login.claims())}.{login.sign(login.claims()).rpartition('.')[2]}"
    ),
    "HS256 with the public key": lambda login: hs256_with(public_pem(login), login),
    "HS256 with the modulus": lambda login: hs256_with(
        login.phone.enrollments[-1].key.as_dict(private=False)["n"].encode(),  # type: ignore[union-attr]  # joserfc types a member loosely
        login,
    ),
    "a changed payload": lambda login: (
        lambda parts: f"{parts[0]}.{segment(login.claims(auth0_guardian_reason='x'))}.{parts[2]}"
    )(login.sign(login.claims()).split(".")),
    "a header that is a list": lambda login: f"{segment([])}.{segment(login.claims())}.AAAA",
    "no base64": lambda _: "%.%.%",
    "empty parts": lambda _: "..",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_answer_is_refused_and_the_push_still_waits(app: App, phone: Phone, forgery: str) -> None:
    login = pushed(app, phone)
    refused = login.answer(FORGERIES[forgery](login))
    assert (refused.status_code, refused.json()["errorCode"]) == (401, "invalid_token")
    assert login.poll().json()["error"] == "authorization_pending"
    assert phone.allow().status_code == 204
    assert login.poll().status_code == 200


@pytest.mark.parametrize("value", [None, "", 7, "a.b", "a.b.c.d", ["a.b.c"]])
def test_what_is_no_jwt_at_all_is_an_invalid_body(app: App, phone: Phone, value: object) -> None:
    login = pushed(app, phone)
    refused = login.answer(value)
    assert (refused.status_code, refused.json()["errorCode"]) == (400, "invalid_body")
    assert login.poll().json()["error"] == "authorization_pending"


def test_a_replayed_answer_finds_nothing_to_resolve(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    notification, answer = login.notification, login.sign(login.claims())
    assert login.answer(answer).status_code == 204
    replay = login.answer(answer)
    assert (replay.status_code, replay.json()["errorCode"]) == (404, "login_transaction_not_found")
    assert login.poll().status_code == 200
    assert notification in phone.notifications, "the phone itself did not answer"


def test_an_old_yes_does_not_answer_a_new_push(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    old = login.sign(login.claims())
    newer = app.challenge(login.mfa_token, challenge_type="oob").json()["oob_code"]
    assert login.answer(old).status_code == 401
    assert app.poll(login.mfa_token, newer).json()["error"] == "authorization_pending"


def test_one_phone_cannot_answer_anothers_push(app: App, phone: Phone) -> None:
    stranger = app.sandbox.new_phone(app.http)
    theirs, ours = pushed(app, stranger), pushed(app, phone)
    (key,) = [one.key for one in stranger.enrollments]
    for claims in (ours.claims(), ours.claims(iss=stranger.identifier)):
        assert ours.answer(sign(claims, key)).status_code == 401
    assert ours.poll().json()["error"] == "authorization_pending"
    assert theirs.poll().json()["error"] == "authorization_pending"


def test_the_other_account_of_the_same_phone_cannot_answer_either(app: App, phone: Phone) -> None:
    first, second = pushed(app, phone), pushed(app, phone)
    old_key, new_key = (one.key for one in phone.enrollments)
    assert old_key is not new_key
    assert second.answer(sign(second.claims(), old_key)).status_code == 401
    assert [login.poll().json()["error"] for login in (first, second)] == ["authorization_pending"] * 2


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer a.b.c", "Bearer garbage", "Basic YTpi", 'Ticket id="abc"'])
def test_resolving_needs_the_token_of_the_push(app: App, header: str) -> None:
    answer = app.http.post(f"{GUARDIAN}/resolve-transaction", headers={"authorization": header}, json={})
    assert (answer.status_code, answer.json()["errorCode"]) == (401, "invalid_token")
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": 1_800_000_000.482911, "exp": 1_800_000_030.482911},
        {"iat": 1_800_000_004},
        {"aud": ["https://sandbox.example/api/resolve-transaction"]},
        {"aud": f"{GUARDIAN}/resolve-transaction/"},
        {"auth0_consent_signature": "unknown claims are ignored"},
    ],
)
def test_what_the_real_apps_may_send_is_accepted(app: App, phone: Phone, changes: dict[str, object]) -> None:
    login = pushed(app, phone)
    answer = login.answer(login.sign(login.claims(**changes)), url="/api/resolve-transaction")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.extensions["auth0_lab_notes"] == ("sandbox: status guess",)
    assert login.poll().status_code == 200
