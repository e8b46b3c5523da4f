"""The limits of section 11: each bucket to its last drop, its refusal, its refill, and whom it leaves alone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pyotp
import pytest
from starlette.responses import Response

from auth0_mfa_lab.sandbox import Phone, User
from auth0_mfa_lab.sandbox.app import in_process
from auth0_mfa_lab.sandbox.http import Request
from tests.sandbox.sandbox_mothers import App, app_of, error_of, kinds, new_sandbox, set_up, switch_on

NOW = 1_800_000_000
NUMBER, EMAIL = "+15550123", "other@example.com"


@pytest.fixture
def app() -> Iterator[App]:
    """An application of a tenant with every factor of this API, by SMS and by voice."""
    box = new_sandbox()
    switch_on(box, "email")
    set_up(box, message_types=("sms", "voice"))
    yield app_of(box)
    assert not box.failures, "the sandbox has a bug"


@dataclass
class Person:
    """A user who tries the same thing again and again, each time as a limit's `begin` and `take` say."""

    app: App
    user: User
    phone: Phone
    mfa_token: str = field(default="", repr=False)
    oob_code: str = field(default="", repr=False)

    @property
    def code(self) -> str:
        return self.app.newest_code(self.user.phone_number)

    def challenge(self, channel: str) -> httpx.Response:
        return self.app.challenge(self.mfa_token, oob_channel=channel)

    def left(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in self.app.sandbox.limits(self.user.user_id)}


def logged_in(person: Person) -> None:
    person.mfa_token = person.app.login(person.user)


def challenged(channel: str) -> Callable[[Person], None]:
    def begin(person: Person) -> None:
        logged_in(person)
        person.oob_code = person.challenge(channel).json()["oob_code"]

    return begin


def challenge(channel: str) -> Callable[[Person], httpx.Response]:
    return lambda person: person.challenge(channel)


def enroll(channel: str, **fields: str) -> Callable[[Person], httpx.Response]:
    return lambda person: person.app.associate(person.mfa_token, oob_channels=[channel], **fields)


def wrong_code(person: Person) -> httpx.Response:
    return person.app.poll(person.mfa_token, person.oob_code, binding_code="x")


SENT, WRONG, PENDING = (200, None), (403, "invalid_grant"), (400, "authorization_pending")
FAILED = (400, "invalid_request", "Too many failed codes. Wait for some minutes before retrying.")


def too_many(what: str) -> tuple[int, str, str]:
    return 400, "invalid_request", f"Too many {what} by the user. Wait for some minutes before retrying."


@dataclass(frozen=True)
class Limit:
    """A row of section 11, typed from there: `burst`, and one more each `seconds`; and one way to meet it."""

    row: str
    burst: int
    seconds: int
    refusal: tuple[int, str, str]
    passes: tuple[int, str | None]
    factors: tuple[str, ...]
    begin: Callable[[Person], None]
    take: Callable[[Person], httpx.Response]
    begins_again: bool = True
    """False where the bucket is that of what `begin` began."""
    tells: bool = True
    """Whether an answer that passes shows this bucket in its headers; a wrong binding code shows that of the polls."""


SMS, VOICE = too_many("SMS sent"), too_many("calls made")
MAIL, PUSHES = too_many("emails sent"), too_many("push notifications sent")
SLOW = (429, "slow_down", "You are polling faster than the specified interval of 5 seconds.")
STARTS = (
    429,
    "too_many_requests",
    "Too many requests. Check the X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset headers.",
)
LIMITS: Mapping[str, Limit] = {
    "polls": Limit(
        "polls",
        *(12, 5, SLOW, PENDING, ("push",), challenged("auth0")),
        lambda person: person.app.poll(person.mfa_token, person.oob_code),
        begins_again=False,
    ),
    "pushes": Limit("pushes", 5, 12, PUSHES, SENT, ("push",), logged_in, challenge("auth0")),
    "sms challenges": Limit("sms", 10, 3600, SMS, SENT, ("sms",), logged_in, challenge("sms")),
    "sms enrollments": Limit("sms", 10, 3600, SMS, SENT, (), logged_in, enroll("sms", phone_number=NUMBER)),
    "voice challenges": Limit("voice", 10, 3600, VOICE, SENT, ("voice",), logged_in, challenge("voice")),
    "voice enrollments": Limit("voice", 10, 3600, VOICE, SENT, (), logged_in, enroll("voice", phone_number=NUMBER)),
    "email challenges": Limit("emails", 20, 60, MAIL, SENT, ("email",), logged_in, challenge("email")),
    "email enrollments": Limit("emails", 20, 60, MAIL, SENT, (), logged_in, enroll("email", email=EMAIL)),
    "totp codes": Limit(
        "failed_otp_codes",
        *(10, 360, FAILED, WRONG, ("otp",), logged_in),
        lambda person: person.app.otp(person.mfa_token, "x"),
    ),
    "sms codes": Limit(
        "failed_otp_codes", 10, 360, FAILED, WRONG, ("sms",), challenged("sms"), wrong_code, tells=False
    ),
    "voice codes": Limit(
        "failed_otp_codes", 10, 360, FAILED, WRONG, ("voice",), challenged("voice"), wrong_code, tells=False
    ),
    "email codes": Limit(
        "failed_otp_codes", 10, 360, FAILED, WRONG, ("email",), challenged("email"), wrong_code, tells=False
    ),
    "recovery codes": Limit(
        "failed_recovery_codes",
        *(10, 360, FAILED, WRONG, ("otp",), logged_in),
        lambda person: person.app.recover(person.mfa_token, "x"),
    ),
    "starts": Limit(
        "passwordless_starts", 50, 72, STARTS, SENT, (), lambda person: None, lambda person: person.app.start()
    ),
}
ALL = pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
SENDS = [name for name, limit in LIMITS.items() if limit.passes == SENT and name != "starts"]


def person_of(app: App, limit: Limit) -> Person:
    phone = app.sandbox.new_phone(app.http)
    person = Person(app, app.sandbox.add_user(factors=list(limit.factors), phone=phone), phone)
    limit.begin(person)
    return person


def emptied(app: App, limit: Limit) -> Person:
    """Return a person whose bucket is empty."""
    person = person_of(app, limit)
    for _ in range(limit.burst):
        assert passed(limit, limit.take(person))
    return person


def passed(limit: Limit, answer: httpx.Response) -> bool:
    return (answer.status_code, answer.json().get("error")) == limit.passes


def rates(answer: httpx.Response) -> tuple[str, ...]:
    return tuple(answer.headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining", "reset"))


@ALL
def test_exactly_the_allowed_number_passes_and_one_more_is_refused(app: App, limit: Limit) -> None:
    person = person_of(app, limit)
    for taken in range(1, limit.burst + 1):
        answer = limit.take(person)
        assert passed(limit, answer)
        if limit.tells:
            full = NOW + taken * limit.seconds
            assert rates(answer) == (str(limit.burst), str(limit.burst - taken), str(full))
    for _ in range(2):
        refused = limit.take(person)
        assert error_of(refused) == limit.refusal
        assert rates(refused) == (str(limit.burst), "0", str(NOW + limit.burst * limit.seconds))


@ALL
def test_the_refill_restores_exactly_one_and_not_a_second_early(app: App, limit: Limit) -> None:
    person = emptied(app, limit)
    app.sandbox.clock.advance(limit.seconds - 1)
    if limit.begins_again:
        limit.begin(person)
    assert error_of(limit.take(person)) == limit.refusal
    app.sandbox.clock.advance(1)
    assert passed(limit, limit.take(person))
    assert error_of(limit.take(person)) == limit.refusal


@ALL
def test_after_a_long_time_there_is_the_burst_again_and_no_more(app: App, limit: Limit) -> None:
    # A poll's transaction ends after five minutes, and its bucket is full after one.
    person = emptied(app, limit)
    app.sandbox.clock.advance(10 * limit.burst * limit.seconds if limit.begins_again else 100)
    if limit.begins_again:
        limit.begin(person)
    for _ in range(limit.burst):
        assert passed(limit, limit.take(person))
    assert error_of(limit.take(person)) == limit.refusal


@ALL
def test_the_lab_tells_the_same_numbers(app: App, limit: Limit) -> None:
    person = person_of(app, limit)
    before = person.left()
    assert (before[limit.row]["left"], before[limit.row]["full_again_in"]) == (limit.burst, 0)
    for taken in range(1, limit.burst + 1):
        limit.take(person)
        row = person.left()[limit.row]
        assert (row["left"], row["burst"]) == (limit.burst - taken, limit.burst)
        assert row["full_again_in"] == pytest.approx(taken * limit.seconds)
    limit.take(person)
    after = person.left()
    assert after[limit.row]["full_again_in"] == pytest.approx(limit.burst * limit.seconds)
    # A code by SMS is a poll as well, and each challenge has polls of its own.
    assert {name for name in after if after[name]["left"] != before[name]["left"]} <= {limit.row, "polls"}


def test_every_row_of_section_11_has_its_words_and_its_mark(app: App) -> None:
    rows = app.sandbox.limits(app.sandbox.defaults.user_id)
    assert [(row["name"], row["burst"], row["per"], row["owner"], row["mark"]) for row in rows] == [
        ("polls", 12, "12 a minute", "oob_code", "doc"),
        ("pushes", 5, "5 a minute", "user", "doc"),
        ("sms", 10, "1 an hour", "user", "doc"),
        ("voice", 10, "1 an hour", "user", "guess"),
        ("emails", 20, "1 a minute", "user", "doc"),
        ("failed_otp_codes", 10, "10 an hour", "user", "doc"),
        ("failed_recovery_codes", 10, "10 an hour", "user", "doc"),
        ("passwordless_starts", 50, "50 an hour", "IP", "doc"),
    ]


@pytest.mark.parametrize("name", [name for name in LIMITS if name != "starts"])
def test_other_users_are_untouched(app: App, name: str) -> None:
    limit = LIMITS[name]
    emptied(app, limit)
    other = person_of(app, limit)
    assert other.left()[limit.row]["left"] == limit.burst
    assert passed(limit, limit.take(other))


def test_another_oob_code_of_the_same_user_has_polls_of_its_own(app: App) -> None:
    limit = LIMITS["polls"]
    person = emptied(app, limit)
    old = replace(person)
    limit.begin(person)
    assert passed(limit, limit.take(person))
    assert error_of(limit.take(old)) == limit.refusal


def test_another_ip_may_start(app: App) -> None:
    emptied(app, LIMITS["starts"])

    def elsewhere(request: Request) -> Response:
        request.scope["client"] = ("192.0.2.7", 1)
        return app.sandbox.answer(request)

    there = App(app.sandbox, httpx.Client(transport=in_process(elsewhere), base_url="https://sandbox.example"))
    assert there.start().status_code == 200
    assert app.start().status_code == 429
    named = {row["name"]: row["left"] for row in app.sandbox.limits("nobody", ip="192.0.2.7")}
    assert named["passwordless_starts"] == 49


@pytest.mark.parametrize("name", SENDS)
def test_a_refused_send_changes_nothing(app: App, name: str) -> None:
    limit = LIMITS[name]
    person = emptied(app, limit)
    tenant, user = app.sandbox.tenant, person.user

    def seen() -> tuple[object, ...]:
        inboxes = [app.inbox(address) for address in (user.phone_number, user.email, NUMBER, EMAIL)]
        newest = tenant.transactions.newest_of.get(user.user_id)
        return (
            inboxes,
            newest and (newest.oob_code, newest.state),
            app.authenticators(person.mfa_token),
            len(person.phone.notifications),
            [entry.type for entry in tenant.logs if entry.type.startswith(("gd_send", "gd_start"))],
        )

    before = seen()
    assert error_of(limit.take(person)) == limit.refusal
    assert seen() == before


@pytest.mark.parametrize("channel", ["sms", "voice", "email"])
def test_the_last_code_that_was_sent_opens_after_a_refusal(app: App, channel: str) -> None:
    limit = LIMITS[f"{channel} challenges"]
    person = emptied(app, limit)
    app.sandbox.clock.advance(limit.seconds)
    challenged(channel)(person)
    assert error_of(person.challenge(channel)) == limit.refusal
    code = app.newest_code(person.user.email if channel == "email" else person.user.phone_number)
    assert app.poll(person.mfa_token, person.oob_code, binding_code=code).status_code == 200


def test_a_refused_start_sends_nothing_and_the_last_code_still_opens(app: App) -> None:
    limit = LIMITS["starts"]
    emptied(app, limit)
    before = app.inbox()
    assert error_of(app.start()) == limit.refusal
    assert app.inbox() == before
    assert error_of(app.passwordless(NUMBER, app.newest_code()))[1] == "mfa_required"


@pytest.mark.parametrize("name", ["totp codes", "sms codes", "voice codes", "email codes", "recovery codes"])
def test_a_right_code_is_refused_too_while_the_bucket_is_empty(app: App, name: str) -> None:
    limit = LIMITS[name]
    phone = app.sandbox.new_phone(app.http)
    user = app.sandbox.add_user(factors=list(limit.factors), phone=phone)
    person = Person(app, user, phone)
    limit.begin(person)
    for _ in range(10):
        assert passed(limit, limit.take(person))

    def right() -> httpx.Response:
        if name == "totp codes":
            return app.otp(person.mfa_token, phone.code())
        if name == "recovery codes":
            return app.recover(person.mfa_token, str(user.recovery_code))
        code = app.newest_code(user.email if name == "email codes" else user.phone_number)
        return app.poll(person.mfa_token, person.oob_code, binding_code=code)

    assert error_of(right()) == limit.refusal
    app.sandbox.clock.advance(359)
    limit.begin(person)
    assert error_of(right()) == limit.refusal
    app.sandbox.clock.advance(1)
    assert right().status_code == 200


def test_an_allowed_push_is_told_to_slow_down_while_the_bucket_is_empty(app: App) -> None:
    person = emptied(app, LIMITS["polls"])
    person.phone.allow()
    assert error_of(LIMITS["polls"].take(person)) == SLOW
    app.sandbox.clock.advance(5)
    assert LIMITS["polls"].take(person).status_code == 200


def test_a_successful_login_does_not_refill_the_bucket_of_codes(app: App) -> None:
    user = app.sandbox.add_user(factors=["otp", "sms"], phone=(phone := app.sandbox.new_phone(app.http)))
    person = Person(app, user, phone)
    logged_in(person)
    for _ in range(9):
        assert error_of(app.otp(person.mfa_token, "x"))[2] == "Invalid otp_code."
    assert app.otp(person.mfa_token, phone.code()).status_code == 200
    assert person.left()["failed_otp_codes"]["left"] == 1
    challenged("sms")(person)
    assert app.poll(person.mfa_token, person.oob_code, binding_code=person.code).status_code == 200
    assert person.left()["failed_otp_codes"]["left"] == 1
    logged_in(person)
    assert error_of(app.otp(person.mfa_token, "x"))[2] == "Invalid otp_code."
    assert error_of(app.otp(person.mfa_token, "x")) == FAILED


def test_a_successful_login_does_not_refill_the_bucket_of_recovery_codes(app: App) -> None:
    user = app.sandbox.add_user(factors=["otp"])
    for _ in range(9):
        app.recover(app.login(user), "x")
    fresh = app.recover(app.login(user), str(user.recovery_code)).json()["recovery_code"]
    assert error_of(app.recover(app.login(user), "x"))[1] == "invalid_grant"
    assert error_of(app.recover(app.login(user), fresh)) == FAILED


def test_wrong_codes_of_every_kind_share_one_bucket_and_recovery_codes_have_their_own(app: App) -> None:
    user = app.sandbox.add_user(factors=["otp", "sms", "voice", "email"])
    person = Person(app, user, app.sandbox.new_phone(app.http))
    for channel in ("sms", "voice", "email"):
        challenged(channel)(person)
        for _ in range(3):
            assert error_of(wrong_code(person))[2] == "Invalid binding_code."
    assert error_of(app.otp(person.mfa_token, "x"))[2] == "Invalid otp_code."
    assert error_of(app.otp(person.mfa_token, "x")) == error_of(wrong_code(person)) == FAILED
    assert app.recover(person.mfa_token, str(user.recovery_code)).status_code == 200


def test_a_wrong_code_of_an_enrollment_counts_as_well(app: App) -> None:
    mfa_token = app.mfa_token()
    secret = app.associate_otp(mfa_token).json()["secret"]
    oob_code = app.associate_sms(mfa_token).json()["oob_code"]
    for _ in range(5):
        assert app.otp(mfa_token, "x").status_code == 403
        assert app.poll(mfa_token, oob_code, binding_code="x").status_code == 403
    assert error_of(app.otp(mfa_token, pyotp.TOTP(secret).at(NOW))) == FAILED
    assert error_of(app.poll(mfa_token, oob_code, binding_code=app.newest_code())) == FAILED
    # Nothing was confirmed; the verified address of the profile is listed unasked.
    assert kinds(app.authenticators(mfa_token), active=True) == ["email"]


def test_the_buckets_are_the_users_whatever_application_asks(app: App) -> None:
    person = emptied(app, LIMITS["totp codes"])
    public = {"client_id": app.sandbox.defaults.public_client_id, "client_secret": ""}
    mfa_token = app.login(person.user, **public)
    assert error_of(app.otp(mfa_token, "x", **public)) == FAILED


def test_enrollments_and_challenges_by_sms_share_one_bucket_and_calls_have_their_own(app: App) -> None:
    mfa_token = app.mfa_token()
    for _ in range(9):
        assert app.associate_sms(mfa_token).status_code == 200
    oob_code = app.associate_sms(mfa_token).json()["oob_code"]
    assert app.poll(mfa_token, oob_code, binding_code=app.newest_code()).status_code == 200
    again = app.mfa_token()
    assert error_of(app.challenge(again, oob_channel="sms")) == SMS
    assert app.challenge(again, oob_channel="voice").status_code == 200


def test_what_is_refused_for_another_reason_takes_nothing(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    mfa_token, newcomer = app.login(user), app.mfa_token()
    for _ in range(12):
        assert app.associate_sms(newcomer, "0155501").status_code == 400
        assert app.associate(newcomer, oob_channels=["email"], email="nobody").status_code == 400
        assert app.challenge(mfa_token, client_secret="wrong").status_code == 401
        assert app.challenge(mfa_token, authenticator_id="sms|dev_0").status_code == 404
        assert app.otp(mfa_token, "").status_code == 400
        assert app.otp(mfa_token, "123456").status_code == 401
    for user_id in (user.user_id, app.sandbox.defaults.user_id):
        assert all(row["left"] == row["burst"] for row in app.sandbox.limits(user_id))


def test_the_ticket_of_a_push_takes_no_push(app: App) -> None:
    mfa_token = app.mfa_token()
    for _ in range(7):
        assert app.associate(mfa_token).status_code == 200
    rows = {row["name"]: row["left"] for row in app.sandbox.limits(app.sandbox.defaults.user_id)}
    assert rows["pushes"] == 5


def test_a_login_by_password_or_by_a_code_of_a_number_meets_no_bucket_of_the_user(app: App) -> None:
    for _ in range(60):
        assert app.password().json()["error"] == "mfa_required"
        assert app.password(password="wrong").json()["error"] == "invalid_grant"
    assert all(row["left"] == row["burst"] for row in app.sandbox.limits(app.sandbox.defaults.user_id))
