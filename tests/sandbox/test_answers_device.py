"""What the Guardian device API answers: to a phone, to a forger, and to a body of another shape.

Typed from the device reference, whose sections the rows name.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auth0_mfa_lab.sandbox.guardian.phone import Enrollment
from tests.keys import KEYS
from tests.mothers import rows
from tests.sandbox.sandbox_mothers import GUARDIAN, App, Pushed, bearer, pushed, segment, sign
from tests.sandbox.scenario import Said, Scene, marks_of

KEY = next(KEYS)
N = str(KEY.as_dict(private=False)["n"])
JWK = {"kty": "RSA", "alg": "RS256", "use": "sig", "e": "AQAB", "n": N}
ENROLL = {
    "identifier": "9b1d3c5e7f902a4c",
    "name": "Pixel of Jane",
    "push_credentials": {"service": "GCM", "token": "fT3k:APA91b"},
    "public_key": JWK,
}
MOUNTS = ("/appliance-mfa/api", "/api")
TICKET = 401, "invalid_token", 'The Authorization header must be: Ticket id="<enrollment_tx_id>"', "guess doc guess"
DEAD_TICKET = "The enrollment transaction was not found or is not active any more."
NO_TICKET = 404, "enrollment_transaction_not_found", DEAD_TICKET, "test doc guess"
DEAD_LOGIN = "The login transaction was not found, is not active or already expired."
NO_LOGIN = 404, "login_transaction_not_found", DEAD_LOGIN, "guess doc guess"
TOKEN = 401, "invalid_token", "Invalid or expired token.", "guess doc guess"
NO_DEVICE = 404, "enrollment_not_found", "The enrollment was not found.", "test test guess"


def unfit(problem: str) -> Said:
    return 400, "invalid_body", f"Invalid body: {problem}", "doc doc guess"


def forged(problem: str) -> Said:
    return 401, "invalid_token", f"Invalid challenge_response: {problem}", "test test guess"


def assert_refused(answer: httpx.Response, scene: Scene, refusal: Said) -> None:
    """Assert a refusal in its four members, which both apps can read, and the evidence of its row."""
    status, code, text, evidence = refusal
    phrase = httpx.codes.get_reason_phrase(status)
    members = {"statusCode": status, "error": phrase, "message": text, "errorCode": code}
    assert (answer.status_code, [*answer.json().items()]) == (status, [*members.items()])
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert "www-authenticate" not in answer.headers
    assert marks_of(scene.answered[-1]) == evidence


# Enrolling (2)


def ticket_of(app: App, mfa_token: str = "") -> str:
    uri: str = app.associate(mfa_token or app.mfa_token()).json()["barcode_uri"]
    return uri.partition("enrollment_tx_id=")[2][:32]


def enroll(app: App, ticket: str, body: object = ENROLL, form: str = 'Ticket id="{}"', mount: str = MOUNTS[0]) -> Any:
    return app.http.post(f"{mount}/enroll", headers={"authorization": form.format(ticket)}, json=body)


@pytest.mark.parametrize("form", ['ticket id="{}"', "Ticket id={}", "Ticket  id = '{}'", 'TICKET id="{}"'])
@pytest.mark.parametrize("mount", MOUNTS)
def test_a_ticket_is_read_leniently_at_both_mounts_and_is_good_once(scene: Scene, form: str, mount: str) -> None:
    ticket = ticket_of(scene.app)
    answer = enroll(scene.app, ticket, form=form, mount=mount)
    assert answer.status_code == 201
    assert answer.extensions["auth0_lab_notes"] == ("sandbox: status test",)
    body, totp = answer.json(), answer.json()["totp"]
    assert list(body) == ["id", "url", "issuer", "user_id", "token", "totp"]
    assert (body["url"], body["issuer"]) == ("https://sandbox.example/appliance-mfa", "sandbox")
    assert body["user_id"] == scene.box.defaults.user_id
    assert totp == {"secret": totp["secret"], "algorithm": "sha1", "digits": 6, "period": 30}
    (entry,) = [one for one in scene.box.tenant.authenticators.of(body["user_id"]) if one.kind == "push"]
    assert (entry.id, entry.name, entry.active) == (f"push|{body['id']}", "Pixel of Jane", True)
    assert_refused(enroll(scene.app, ticket), scene, NO_TICKET)


def test_a_ticket_lives_five_minutes_and_as_long_as_its_user_has_no_factor(scene: Scene) -> None:
    app = scene.app
    for form in ("", "Bearer abc", "Ticket", 'Ticket key="abc"'):
        assert_refused(enroll(app, "x", form=form), scene, TICKET)
    other, late, early = ticket_of(app, app.login(scene.box.add_user())), ticket_of(app), ticket_of(app)
    scene.wait(299.5)
    assert enroll(app, early).status_code == 201
    assert_refused(enroll(app, late), scene, NO_TICKET)
    scene.wait(0.5)
    for ticket in ("x", other):
        assert_refused(enroll(app, ticket), scene, NO_TICKET)


# A change of a right body, and what is said of it
UNFIT = """
{"identifier": 7}                                       | identifier must be a string
{"name": null}                                          | name must be a string
{"push_credentials": null}                              | push_credentials must hold the service GCM or APNS
{"push_credentials": {"service": "FCM", "token": "t"}}  | push_credentials must hold the service GCM or APNS
{"push_credentials": {"service": "GCM"}}                | token must be a string
{"public_key": "key"}                                   | public_key must be an object
"""
BAD_KEY = unfit("public_key must be the public half of an RSA key of 2048 bits or more, for RS256 signatures")
# fmt: off
BAD_KEYS: tuple[Mapping[str, object], ...] = (
    *({"kty": "EC"}, {"alg": "HS256"}, {"use": "enc"}),
    *({name: "AQAB"} for name in ("d", "p", "q", "dp", "dq", "qi", "oth", "k")),
    *({"n": None}, {"n": "no base64 §"}, {"n": "_" * 340}, {"n": "Af" + "_" * 1365}, {"n": "_" * 341 + "g"}),
    *({"e": "AQ"}, {"e": "BA"}, {"e": "AQAAAAAAAAAB"}),
)
ENROLL_BODIES: tuple[tuple[object, Said], ...] = (
    ([],            unfit("it must be a JSON object")),
    ({"name": "x"}, unfit("identifier must be a string")),
    *(({**ENROLL, **json.loads(changes)}, unfit(problem)) for changes, problem in rows(UNFIT)),
    *(({**ENROLL, "public_key": {**JWK, **changes}}, BAD_KEY) for changes in BAD_KEYS),
)
# fmt: on


@pytest.mark.parametrize(
    ("body", "refusal"), ENROLL_BODIES, ids=[str(body).replace(N, "n")[-60:] for body, _ in ENROLL_BODIES]
)
def test_each_member_of_the_enroll_body_is_validated_and_the_ticket_is_not_used_up(
    scene: Scene, body: object, refusal: Said
) -> None:
    ticket = ticket_of(scene.app)
    assert_refused(enroll(scene.app, ticket, body), scene, refusal)
    assert enroll(scene.app, ticket).status_code == 201


def test_a_modulus_with_a_leading_zero_is_the_same_key_whose_exponent_may_be_three(scene: Scene) -> None:
    raw = b"\x00" + base64.urlsafe_b64decode(N + "==")
    jwk = {**JWK, "e": "Aw", "n": base64.urlsafe_b64encode(raw).rstrip(b"=").decode()}
    device_id = enroll(scene.app, ticket_of(scene.app), {**ENROLL, "public_key": jwk}).json()["id"]
    assert scene.box.tenant.devices[device_id].key.as_dict()["n"] == N


# Answering a push (5)


def hs256(push: Pushed) -> str:
    """Return the classic confusion: an HMAC whose key is the public key that everybody knows."""
    text = f"{segment({'alg': 'HS256', 'typ': 'JWT'})}.{segment(push.claims())}"
    public = push.phone.enrollments[-1].key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mac = hmac.new(public, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def signed(**changes: object) -> Callable[[Pushed], str]:
    return lambda push: push.sign(push.claims(**changes))


def unsigned(header: object, tail: str) -> Callable[[Pushed], str]:
    return lambda push: f"{segment(header)}.{segment(push.claims())}.{tail}"


SIGNATURE, SUB = forged("not signed by this device's key with RS256"), forged("sub is not the challenge")
TIME, AUD = forged("expired, or not yet valid"), forged("aud is not this endpoint")
ISS = forged("iss is not the identifier sent at enroll")
METHOD, ACCEPTED = forged("auth0_guardian_method is not push"), forged("auth0_guardian_accepted is no boolean")
JWT = unfit("challenge_response must be a JWT")
RESOLVE = f"{GUARDIAN}/resolve-transaction"
# fmt: off
FORGERIES: dict[str, tuple[Callable[[Pushed], object], Said]] = {
    "another key":               (lambda push: sign(push.claims(), next(KEYS)),                      SIGNATURE),
    "another challenge":         (signed(sub="p3Jt0bqS1r8mN5vXyZ2wA4dF6gH7kL9Q"),                    SUB),
    "five seconds late":         (signed(exp=1_799_999_995),                                         TIME),
    "six seconds ahead":         (signed(iat=1_800_000_006),                                         TIME),
    "no exp":                    (signed(exp=None),                                                  TIME),
    "a boolean exp":             (signed(exp=True),                                                  TIME),
    "an endless exp":            (signed(exp=10**400),                                               TIME),
    "another iss":               (signed(iss="dev_0000000000000000"),                                ISS),
    "another aud":               (signed(aud="https://evil.example/api/resolve-transaction"),        AUD),
    "two auds":                  (signed(aud=[RESOLVE, "https://x.example"]),                        AUD),
    "another method":            (signed(auth0_guardian_method="sms"),                               METHOD),
    "accepted as text":          (signed(auth0_guardian_accepted="true"),                            ACCEPTED),
    "alg none":                  (unsigned({"alg": "none", "typ": "JWT"}, ""),                       SIGNATURE),
    "HS256, the public key":     (hs256,                                                             SIGNATURE),
    "a header that is a list":   (unsigned([], "AAAA"),                                              SIGNATURE),
    "nothing":                   (lambda _: None,                                                    JWT),
    "two parts":                 (lambda _: "a.b",                                                   JWT),
    "no base64":                 (lambda _: "§.§.§",                                                 SIGNATURE),
}
# fmt: on


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_answer_is_refused_and_the_push_still_waits(scene: Scene, forgery: str) -> None:
    push, (forge, refusal) = pushed(scene.app, scene.phone), FORGERIES[forgery]
    assert_refused(push.answer(forge(push)), scene, refusal)
    assert push.poll().json()["error"] == "authorization_pending"
    assert scene.phone.allow().status_code == 204
    assert push.poll().status_code == 200


# fmt: off
@pytest.mark.parametrize("changes", [
    {"iat": 1_800_000_000.482911, "exp": 1_800_000_030.482911}, {"iat": 1_800_000_005}, {"exp": 1_799_999_996},
    {"aud": f"{RESOLVE}/"}, {"aud": ["https://sandbox.example/api/resolve-transaction"]}, {"auth0_consent": "x"},
], ids=str)
def test_what_the_real_apps_may_send_is_accepted(scene: Scene, changes: dict[str, object]) -> None:
    # fmt: on
    push = pushed(scene.app, scene.phone)
    answer = push.answer(push.sign(push.claims(**changes)), url="/api/resolve-transaction")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.extensions["auth0_lab_notes"] == ("sandbox: status test",)
    assert push.poll().status_code == 200


def test_an_answer_is_good_once_for_its_own_push_from_its_own_account(scene: Scene) -> None:
    app, first, second = scene.app, pushed(scene.app, scene.phone), pushed(scene.app, scene.phone)
    assert_refused(second.answer(sign(second.claims(), scene.phone.enrollments[0].key)), scene, SIGNATURE)
    assert [push.poll().json()["error"] for push in (first, second)] == ["authorization_pending"] * 2
    old, answer = second.notification, second.sign(second.claims())
    newer = app.challenge(second.mfa_token, challenge_type="oob").json()["oob_code"]
    assert_refused(second.answer(answer), scene, SUB)
    stale = app.http.post(RESOLVE, headers=bearer(old.transaction_token), json={"challenge_response": answer})
    assert_refused(stale, scene, NO_LOGIN)
    answer = second.sign(second.claims())
    assert second.answer(answer).status_code == 204
    assert_refused(second.answer(answer), scene, NO_LOGIN)
    assert app.poll(second.mfa_token, newer).status_code == 200


def test_resolving_needs_the_living_token_of_the_push(scene: Scene) -> None:
    push = pushed(scene.app, scene.phone)
    token, answer = push.notification.transaction_token, push.sign(push.claims(exp=scene.box.clock.now() + 900))
    scene.wait(300)
    for header in ("", "Bearer", "Bearer a.b.c", "Basic YTpi", 'Ticket id="abc"', f"Bearer {token}"):
        headers = {"authorization": header}
        refused = scene.http("POST", RESOLVE, headers=headers, json={"challenge_response": answer})
        assert_refused(refused, scene, TOKEN)


# A device account (3)


def device_jwt(scene: Scene, **changes: object) -> str:
    enrollment, now = scene.phone.enrollments[-1], int(scene.box.clock.now())
    times = {"iat": now, "exp": now + 7200}
    claims = {"iss": enrollment.id, "sub": enrollment.user_id, "aud": f"{GUARDIAN}/device-accounts", **times}
    return sign({**claims, **changes}, enrollment.key)


def account(enrollment: Enrollment, mount: str = MOUNTS[0]) -> str:
    return f"{mount}/device-accounts/{enrollment.id}"


@pytest.mark.parametrize("mount", MOUNTS)
def test_a_phone_changes_its_name_its_identifier_and_where_its_pushes_go(scene: Scene, mount: str) -> None:
    push, enrollment = pushed(scene.app, scene.phone), scene.phone.enrollments[-1]
    jwt = device_jwt(scene, aud=f"https://sandbox.example{mount}/device-accounts")

    def update(bearer_token: str, **body: object) -> Any:
        return scene.http("PATCH", account(enrollment, mount), headers=bearer(bearer_token), json=body).json()

    shown = {"id": enrollment.id, "identifier": scene.phone.identifier, "name": "Jane's new phone"}
    credentials = {"service": "GCM", "token": scene.phone.push_token}
    assert update(enrollment.token, name="Jane's new phone") == {**shown, "push_credentials": credentials}
    assert "Jane's new phone" in [one.get("name") for one in scene.app.authenticators(push.mfa_token)]
    update(jwt, identifier="new")
    assert_refused(push.answer(push.sign(push.claims())), scene, ISS)
    assert push.answer(push.sign(push.claims(iss="new"))).status_code == 204
    update(jwt, push_credentials={"service": "APNS", "token": "9F0C"})
    scene.app.challenge(push.mfa_token, challenge_type="oob")
    (sent,) = scene.box.delivery.pushes("9F0C")
    mfa: Any = sent.payload["mfa"]
    assert (sent.service, sent.payload["aps"]["category"]) == ("APNS", "com.auth0.notification.authentication")
    assert set(mfa) == {"dai", "txtkn", "c", "sh", "d", "s", "l"}
    assert mfa["s"]["b"]["n"]


# fmt: off
STRANGERS: dict[str, Callable[[Scene], str]] = {
    "nobody":          lambda _: "",
    "another device":  lambda scene: pushed(scene.app, scene.box.new_phone(scene.app.http)).phone.enrollments[0].token,
    "another iss":     lambda scene: device_jwt(scene, iss="dev_0000000000000000"),
    "another sub":     lambda scene: device_jwt(scene, sub="auth0|someone"),
    "another aud":     lambda scene: device_jwt(scene, aud="https://evil.example/api/device-accounts"),
    "expired":         lambda scene: device_jwt(scene, exp=1_799_999_990),
    "of tomorrow":     lambda scene: device_jwt(scene, iat=1_800_000_060),
}
# fmt: on


@pytest.mark.parametrize("who", STRANGERS)
def test_a_device_account_is_its_own_phones(scene: Scene, who: str) -> None:
    pushed(scene.app, scene.phone)
    answer = scene.http("DELETE", account(scene.phone.enrollments[-1]), headers=bearer(STRANGERS[who](scene)))
    assert_refused(answer, scene, TOKEN)
    assert scene.phone.allow().status_code == 204


def test_an_unknown_device_is_not_found_and_a_bad_update_changes_nothing(scene: Scene) -> None:
    for method in ("PATCH", "DELETE"):
        answer = scene.http(method, f"{GUARDIAN}/device-accounts/dev_0000000000000000", headers=bearer("x"))
        assert_refused(answer, scene, NO_DEVICE)
    pushed(scene.app, scene.phone)
    enrollment = scene.phone.enrollments[-1]
    for body, problem in (b"", "it must be a JSON object"), (b'{"name": ""}', "name must be a string"):
        answer = scene.http("PATCH", account(enrollment), headers=bearer(enrollment.token), content=body)
        assert_refused(answer, scene, unfit(problem))
    assert scene.phone.allow().status_code == 204


def test_a_deleted_device_takes_its_authenticators_along_and_no_rejection(scene: Scene) -> None:
    app, push = scene.app, pushed(scene.app, scene.phone)
    scene.phone.reject()
    app.challenge(push.mfa_token)
    (enrollment,) = scene.phone.enrollments
    headers = {**bearer(enrollment.token), "content-type": "application/json"}
    gone = app.http.delete(account(enrollment), headers=headers)
    assert (gone.status_code, gone.content) == (204, b"")
    assert_refused(app.http.delete(account(enrollment), headers=headers), scene, NO_DEVICE)
    assert app.authenticators(push.mfa_token) == []
    assert_refused(scene.phone.allow(), scene, NO_LOGIN)
    assert scene.phone.notifications == (), "a 404 is final"
    assert push.poll().json()["error_description"] == "MFA Authorization rejected."
