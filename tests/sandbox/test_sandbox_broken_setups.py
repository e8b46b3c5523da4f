"""Twelve broken set-ups, each broken and mended through the Management API: its symptom wherever it is met.

Typed from the reference's section 10 and its error tables.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from auth0_mfa_lab.sandbox import Phone, User
from tests.sandbox.sandbox_mothers import GRANT, App, app_of, bearer, kinds, new_sandbox

API = "https://sandbox.example/api/v2/"
ERROR_URI = "https://auth0.com/docs/clients/client-grant-types"
NUMBER, EMAIL = "+15550123", "other@example.com"
FACTORS = ("sms", "push-notification", "otp", "email", "recovery-code")
MFA = tuple(f"{GRANT}/mfa-{name}" for name in ("oob", "otp", "recovery-code"))
PASSWORDS = ("password", f"{GRANT}/password-realm")
PASSWORDLESS = f"{GRANT}/passwordless/otp"
GRANTS = (*MFA, *PASSWORDS, PASSWORDLESS, "refresh_token", "client_credentials")
Call = tuple[str, str, object]
"""Method, path and body of a call of the Management API."""
Act = Callable[[], httpx.Response]
Answer = tuple[int, str | None, str | None]
"""Status, error and error_description; of a success the status alone."""


@dataclass
class Bench:
    """A tenant with everything on, an administrator, and the secret that the application sends."""

    app: App
    admin: str = field(repr=False)
    phone: Phone
    secret: str = field(default="", repr=False)

    def manage(self, *calls: Call) -> None:
        for method, path, body in calls:
            path = path.replace("{client}", self.app.sandbox.defaults.client_id)
            answer = self.app.http.request(method, f"/api/v2{path}", headers=bearer(self.admin), json=body)
            assert answer.status_code == 200, answer.text

    def user(self, *factors: str) -> User:
        return self.app.sandbox.add_user(factors=factors, phone=self.phone)

    def token(self, *factors: str) -> str:
        """Return the mfa_token of a fresh user who has these factors."""
        return self.app.login(self.user(*factors))


@pytest.fixture
def bench() -> Iterator[Bench]:
    box = new_sandbox(switches={"customizable_mfa": "on"})
    app, known = app_of(box), box.defaults
    asked = {"client_id": known.mgmt_client_id, "client_secret": known.mgmt_client_secret, "audience": API}
    granted = app.http.post("/oauth/token", json={"grant_type": "client_credentials", **asked})
    bench = Bench(app, granted.json()["access_token"], box.new_phone(app.http), known.client_secret)
    bench.manage(*ALL_ON)
    yield bench
    assert not box.failures, "the sandbox has a bug"


def factor(name: str, enabled: bool) -> Call:
    return "PUT", f"/guardian/factors/{name}", {"enabled": enabled}


def message_types(*types: str) -> Call:
    return "PUT", "/guardian/factors/phone/message-types", {"message_types": list(types)}


def grants(*without: str) -> Call:
    return "PATCH", "/clients/{client}", {"grant_types": [name for name in GRANTS if name not in without]}


def directory(name: str) -> Call:
    return "PATCH", "/tenants/settings", {"default_directory": name}


def policies(*names: str) -> Call:
    return "PUT", "/guardian/policies", list(names)


def provider(name: str) -> Call:
    return "PUT", "/guardian/factors/push-notification/selected-provider", {"provider": name}


ALL_ON = (*(factor(name, True) for name in FACTORS), message_types("sms", "voice"))

# What an application does: each is prepared while all is well, and done after that.


def password(*factors: str, **fields: str) -> Callable[[Bench], Act]:
    def prepare(bench: Bench) -> Act:
        user = bench.user(*factors)
        named = {"username": user.username, "password": user.password, **fields}
        return lambda: bench.app.password(**named, client_secret=bench.secret)

    return prepare


def by_realm(bench: Bench) -> Act:
    return password(grant_type=PASSWORDS[1], realm="Username-Password-Authentication")(bench)


def start(bench: Bench) -> Act:
    return lambda: bench.app.start(client_secret=bench.secret)


def passwordless(bench: Bench) -> Act:
    bench.app.start()
    code = bench.app.newest_code()
    return lambda: bench.app.passwordless(NUMBER, code, client_secret=bench.secret)


def whole_passwordless(bench: Bench) -> Act:
    return bench.app.log_in_passwordless


def associate(channel: str, **fields: str) -> Callable[[Bench], Act]:
    def prepare(bench: Bench) -> Act:
        mfa_token = bench.token()
        return lambda: bench.app.associate(mfa_token, oob_channels=[channel], **fields)

    return prepare


def challenge(name: str, *factors: str, **fields: str) -> Callable[[Bench], Act]:
    """Challenge by SMS, voice, email, push or OTP, of a user who has `factors`, by default just this one."""
    channel = {"push": "auth0"}.get(name, name)
    wish = {"challenge_type": "otp"} if name == "otp" else {"challenge_type": "oob", "oob_channel": channel}

    def prepare(bench: Bench) -> Act:
        mfa_token = bench.token(*(factors or (name,)))
        return lambda: bench.app.challenge(mfa_token, client_secret=bench.secret, **wish, **fields)

    return prepare


def challenge_nobody_by_email(bench: Bench) -> Act:
    mfa_token = bench.token()
    return lambda: bench.app.challenge(mfa_token, oob_channel="email")


def mfa_otp(bench: Bench) -> Act:
    mfa_token = bench.token("otp")
    return lambda: bench.app.otp(mfa_token, bench.phone.code(), client_secret=bench.secret)


def mfa_oob(bench: Bench) -> Act:
    user = bench.user("sms")
    mfa_token = bench.app.login(user)
    oob_code = bench.app.challenge(mfa_token, oob_channel="sms").json()["oob_code"]
    code = bench.app.newest_code(user.phone_number)
    return lambda: bench.app.poll(mfa_token, oob_code, binding_code=code, client_secret=bench.secret)


def mfa_recovery(bench: Bench) -> Act:
    user = bench.user("sms")
    mfa_token = bench.app.login(user)
    return lambda: bench.app.recover(mfa_token, str(user.recovery_code), client_secret=bench.secret)


def refresh(bench: Bench) -> Act:
    token = str(bench.app.tokens(bench.user("sms"), scope="offline_access")["refresh_token"])
    return lambda: bench.app.token(grant_type="refresh_token", refresh_token=token, client_secret=bench.secret)


def revoke(bench: Bench) -> Act:
    body = {"client_id": bench.app.sandbox.defaults.client_id, "token": "v1.x"}
    return lambda: bench.app.http.post("/oauth/revoke", json={**body, "client_secret": bench.secret})


def client_credentials(bench: Bench) -> Act:
    audience = bench.app.sandbox.defaults.audience
    return lambda: bench.app.token(grant_type="client_credentials", audience=audience, client_secret=bench.secret)


def listed(*factors: str) -> Callable[[Bench], Act]:
    def prepare(bench: Bench) -> Act:
        mfa_token = bench.token(*factors)
        return lambda: bench.app.http.get("/mfa/authenticators", headers=bearer(mfa_token))

    return prepare


# What is seen of an answer beside its status and error: there once it is mended, and missing before.


def has(name: str) -> Callable[[httpx.Response], bool]:
    return lambda answer: name in answer.json()


def requires(name: str) -> Callable[[httpx.Response], bool]:
    """Tell whether `mfa_requirements` has this type."""
    return lambda answer: (
        {"type": name} in [each for types in answer.json()["mfa_requirements"].values() for each in types]
    )


def lists_email(answer: httpx.Response) -> bool:
    return "email" in kinds(answer.json())


@dataclass(frozen=True)
class Symptom:
    """What one endpoint says while a set-up is broken (`says`) and once it is mended (`then`)."""

    endpoint: str
    prepare: Callable[[Bench], Act]
    says: Answer
    then: Answer = (200, None, None)
    shows: Callable[[httpx.Response], bool] | None = None
    missing: str = ""


TOKEN, CHALLENGE, ASSOCIATE = "POST /oauth/token", "POST /mfa/challenge", "POST /mfa/associate"
LIST, START = "GET /mfa/authenticators", "POST /passwordless/start"
REQUIRED: Answer = (403, "mfa_required", "Multifactor authentication required")
UNAUTHORIZED: Answer = (401, "access_denied", "Unauthorized")
NOT_ENROLLED: Answer = (
    401,
    "unsupported_challenge_type",
    "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator.",
)
UNSUPPORTED: Answer = (
    401,
    "unsupported_challenge_type",
    "User does not have any enrolled authenticator with the supported challenge type (oob)",
)
SUCCESS: Answer = (200, None, None)


def not_allowed(grant: str) -> Answer:
    return 403, "unauthorized_client", f"Grant type '{grant}' not allowed for the client."


def is_off(channel: str) -> Answer:
    return 400, "unsupported_challenge_type", f"The factor is not enabled for this tenant: {channel}"


def lacks(kind: str, *factors: str) -> Symptom:
    """Return the symptom that a factor is missing from `mfa_requirements`."""
    return Symptom(
        f"{TOKEN} password", password(*factors), REQUIRED, REQUIRED, requires(kind), f"{kind} in mfa_requirements"
    )


@dataclass(frozen=True)
class Setup:
    """One set-up: how it is broken, how it is mended, and what is met in between; None is a wrong secret sent."""

    broken: tuple[Call, ...] | None
    mended: tuple[Call, ...]
    symptoms: tuple[Symptom, ...]


SETUPS: dict[str, Setup] = {
    "MFA grant": Setup(
        (grants(*MFA),),
        (grants(),),
        (
            Symptom(f"{TOKEN} mfa-oob", mfa_oob, not_allowed(MFA[0])),
            Symptom(f"{TOKEN} mfa-otp", mfa_otp, not_allowed(MFA[1])),
            Symptom(f"{TOKEN} mfa-recovery-code", mfa_recovery, not_allowed(MFA[2])),
            Symptom(f"{CHALLENGE} oob", challenge("sms"), not_allowed(MFA[0])),
            Symptom(f"{CHALLENGE} otp", challenge("otp"), not_allowed(MFA[1])),
        ),
    ),
    "password grant": Setup(
        (grants(*PASSWORDS),),
        (grants(),),
        (
            Symptom(f"{TOKEN} password", password(), not_allowed(PASSWORDS[0]), REQUIRED),
            Symptom(f"{TOKEN} password-realm", by_realm, not_allowed(PASSWORDS[1]), REQUIRED),
        ),
    ),
    "passwordless grant": Setup(
        (grants(PASSWORDLESS),),
        (grants(),),
        (
            Symptom(START, start, not_allowed(PASSWORDLESS)),
            Symptom(f"{TOKEN} passwordless/otp", passwordless, not_allowed(PASSWORDLESS), REQUIRED),
        ),
    ),
    "default directory": Setup(
        (directory(""),),
        (directory("Username-Password-Authentication"),),
        (
            Symptom(
                f"{TOKEN} password",
                password(),
                (500, "server_error", "Authorization server not configured with default connection."),
                REQUIRED,
            ),
        ),
    ),
    "policy": Setup(
        (policies(),),
        (policies("all-applications"),),
        (
            Symptom(f"{TOKEN} password", password("sms"), SUCCESS, REQUIRED, has("mfa_token"), "mfa_token"),
            Symptom(f"{TOKEN} password-realm", by_realm, SUCCESS, REQUIRED, has("mfa_token"), "mfa_token"),
            Symptom(f"{TOKEN} passwordless/otp", whole_passwordless, SUCCESS, REQUIRED, has("mfa_token"), "mfa_token"),
        ),
    ),
    "push": Setup(
        (factor("push-notification", False),),
        (factor("push-notification", True),),
        (
            Symptom(ASSOCIATE, associate("auth0"), is_off("auth0")),
            Symptom(CHALLENGE, challenge("push"), UNSUPPORTED),
            lacks("push-notification"),
            lacks("push-notification", "push", "sms"),
        ),
    ),
    "sms": Setup(
        (factor("sms", False),),
        (factor("sms", True),),
        (
            Symptom(f"{ASSOCIATE} sms", associate("sms", phone_number=NUMBER), is_off("sms")),
            Symptom(f"{ASSOCIATE} voice", associate("voice", phone_number=NUMBER), is_off("voice")),
            Symptom(f"{CHALLENGE} sms", challenge("sms"), UNSUPPORTED),
            Symptom(f"{CHALLENGE} voice", challenge("voice"), UNSUPPORTED),
            lacks("phone"),
            lacks("phone", "sms", "otp"),
        ),
    ),
    "voice message type": Setup(
        (message_types("sms"),),
        (message_types("sms", "voice"),),
        (
            Symptom(ASSOCIATE, associate("voice", phone_number=NUMBER), is_off("voice")),
            Symptom(CHALLENGE, challenge("voice"), UNSUPPORTED),
            Symptom(f"{CHALLENGE} (a number by both)", challenge("voice", "sms"), UNSUPPORTED),
        ),
    ),
    "email": Setup(
        (factor("email", False),),
        (factor("email", True),),
        (
            Symptom(ASSOCIATE, associate("email", email=EMAIL), is_off("email")),
            Symptom(f"{CHALLENGE} (beside SMS)", challenge("email", "sms"), UNSUPPORTED),
            Symptom(f"{CHALLENGE} (no other factor)", challenge_nobody_by_email, NOT_ENROLLED),
            Symptom(LIST, listed(), SUCCESS, SUCCESS, lists_email, "the verified address"),
            lacks("email", "sms"),
        ),
    ),
    "recovery code": Setup(
        (factor("recovery-code", False),),
        (factor("recovery-code", True),),
        (
            Symptom(
                f"{TOKEN} mfa-recovery-code",
                mfa_recovery,
                (403, "unsupported_challenge_type", "User does not have a recovery-code."),
            ),
            Symptom(
                ASSOCIATE,
                associate("sms", phone_number=NUMBER),
                SUCCESS,
                SUCCESS,
                has("recovery_codes"),
                "recovery_codes",
            ),
            lacks("recovery-code", "sms"),
        ),
    ),
    "client secret": Setup(
        None,
        (),
        (
            Symptom(f"{TOKEN} password", password(), UNAUTHORIZED, REQUIRED),
            Symptom(f"{TOKEN} password-realm", by_realm, UNAUTHORIZED, REQUIRED),
            Symptom(f"{TOKEN} mfa-oob", mfa_oob, UNAUTHORIZED),
            Symptom(f"{TOKEN} mfa-otp", mfa_otp, UNAUTHORIZED),
            Symptom(f"{TOKEN} mfa-recovery-code", mfa_recovery, UNAUTHORIZED),
            Symptom(f"{TOKEN} passwordless/otp", passwordless, UNAUTHORIZED, REQUIRED),
            Symptom(f"{TOKEN} refresh_token", refresh, UNAUTHORIZED),
            Symptom(f"{TOKEN} client_credentials", client_credentials, UNAUTHORIZED),
            Symptom(CHALLENGE, challenge("sms"), UNAUTHORIZED),
            Symptom(START, start, UNAUTHORIZED),
            Symptom("POST /oauth/revoke", revoke, UNAUTHORIZED),
        ),
    ),
}
ROWS = [(setup, symptom) for setup in SETUPS.values() for symptom in setup.symptoms]
IDS = [f"{name}: {symptom.endpoint} {symptom.missing}" for name in SETUPS for symptom in SETUPS[name].symptoms]


def assert_answers(answer: httpx.Response, expected: Answer) -> None:
    if expected[1] is None:
        assert answer.status_code == expected[0], answer.text
        return
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_description"]) == expected
    assert body.get("error_uri") == (ERROR_URI if expected[1] == "unauthorized_client" else None)


@pytest.mark.parametrize(("setup", "symptom"), ROWS, ids=IDS)
def test_a_broken_setup_has_its_symptom_and_once_it_is_mended_the_same_call_works(
    bench: Bench, setup: Setup, symptom: Symptom
) -> None:
    right = bench.secret
    act = symptom.prepare(bench)
    if setup.broken is None:
        bench.secret = "a secret of yesterday"
    else:
        bench.manage(*setup.broken)
    broken = act()
    assert_answers(broken, symptom.says)
    assert symptom.shows is None or not symptom.shows(broken)
    bench.secret = right
    bench.manage(*setup.mended)
    mended = act()
    assert_answers(mended, symptom.then)
    assert symptom.shows is None or symptom.shows(mended)


# What each of them leaves alone.
SPARED: dict[str, tuple[str, Callable[[Bench], Act], Answer]] = {
    "MFA grant off, password": ("MFA grant", password(), REQUIRED),
    "MFA grant off, enrolling": ("MFA grant", associate("sms", phone_number=NUMBER), SUCCESS),
    "MFA grant off, the list": ("MFA grant", listed("sms"), SUCCESS),
    "password grant off, passwordless": ("password grant", passwordless, REQUIRED),
    "password grant off, refresh": ("password grant", refresh, SUCCESS),
    "passwordless grant off, password": ("passwordless grant", password(), REQUIRED),
    "no default directory, realm": ("default directory", by_realm, REQUIRED),
    "policy never, a second factor that was due": ("policy", mfa_oob, SUCCESS),
    "push off, sms": ("push", challenge("sms"), SUCCESS),
    "sms off, push": ("sms", challenge("push"), SUCCESS),
    "voice off, sms": ("voice message type", challenge("sms", "voice"), SUCCESS),
    "voice off, enrolling by sms": ("voice message type", associate("sms", phone_number=NUMBER), SUCCESS),
    "email off, sms": ("email", challenge("sms"), SUCCESS),
    "recovery code off, otp": ("recovery code", mfa_otp, SUCCESS),
    "wrong secret, enrolling": ("client secret", associate("sms", phone_number=NUMBER), SUCCESS),
    "wrong secret, the list": ("client secret", listed("sms"), SUCCESS),
}


@pytest.mark.parametrize(("name", "prepare", "says"), SPARED.values(), ids=SPARED)
def test_a_broken_setup_leaves_the_rest_alone(
    bench: Bench, name: str, prepare: Callable[[Bench], Act], says: Answer
) -> None:
    act = prepare(bench)
    broken = SETUPS[name].broken
    if broken is None:
        bench.secret = "a secret of yesterday"
    else:
        bench.manage(*broken)
    assert_answers(act(), says)


# The push provider: nothing is refused, and nothing arrives.


@pytest.mark.parametrize("other", ["sns", "direct"])
def test_through_another_push_provider_nothing_arrives_the_log_says_so_and_the_poll_stays_pending(
    bench: Bench, other: str
) -> None:
    app, user = bench.app, bench.user("push")
    bench.manage(provider(other))
    mfa_token = app.login(user)
    challenged = app.challenge(mfa_token, oob_channel="auth0")
    assert (challenged.status_code, set(challenged.json())) == (200, {"challenge_type", "oob_code"})
    assert bench.phone.notifications == ()
    newest = app.http.get("/api/v2/logs", headers=bearer(bench.admin), params={"q": "type:gd_send_pn_failure"}).json()
    assert [(one["type"], one["user_id"]) for one in newest] == [("gd_send_pn_failure", user.user_id)]
    assert not [entry for entry in app.sandbox.tenant.logs if entry.type == "gd_send_pn"]
    oob_code = challenged.json()["oob_code"]
    for _ in range(60):
        assert_answers(
            app.poll(mfa_token, oob_code),
            (
                400,
                "authorization_pending",
                "Authorization pending: please repeat the request in a few seconds.",
            ),
        )
        app.sandbox.clock.advance(5)
    assert_answers(app.poll(mfa_token, oob_code), (401, "expired_token", "oob_code is expired"))


def test_once_guardian_is_the_provider_again_the_next_push_arrives(bench: Bench) -> None:
    app, user = bench.app, bench.user("push")
    bench.manage(provider("sns"))
    mfa_token = app.login(user)
    lost = app.challenge(mfa_token, oob_channel="auth0").json()["oob_code"]
    bench.manage(provider("guardian"))
    oob_code = app.challenge(mfa_token, oob_channel="auth0").json()["oob_code"]
    assert len(bench.phone.notifications) == 1
    bench.phone.allow()
    assert app.poll(mfa_token, lost).json()["error_description"] == "Invalid oob_code."
    assert app.poll(mfa_token, oob_code).status_code == 200
    assert [entry.type for entry in app.sandbox.tenant.logs if entry.type.startswith("gd_send_pn")] == [
        "gd_send_pn_failure",
        "gd_send_pn",
    ]


def test_another_provider_lets_one_enroll_and_the_codes_of_the_app_still_open(bench: Bench) -> None:
    bench.manage(provider("direct"))
    user = bench.user("push")
    assert bench.app.otp(bench.app.login(user), bench.phone.code()).status_code == 200
    assert bench.app.recover(bench.app.login(user), str(user.recovery_code)).status_code == 200


def test_the_twelve_setups_are_all_here() -> None:
    assert [*SETUPS, "push provider"] == [
        *("MFA grant", "password grant", "passwordless grant", "default directory", "policy", "push", "sms"),
        *("voice message type", "email", "recovery code", "client secret", "push provider"),
    ]
