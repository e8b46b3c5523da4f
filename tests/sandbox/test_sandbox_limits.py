"""The limits of section 11: each bucket to its last drop, its refusal, its refill, and whom it leaves alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from starlette.responses import Response

from auth0_mfa_lab.sandbox import Phone, User
from auth0_mfa_lab.sandbox.app import in_process
from auth0_mfa_lab.sandbox.http import Request
from tests.sandbox.sandbox_mothers import App, error_of, with_every_channel

NOW = 1_800_000_000
NUMBER, EMAIL = "+15550123", "other@example.com"


app = pytest.fixture(with_every_channel)


@dataclass
class Person:
    """A user who tries the same thing again and again, each time as a limit's `begin` and `take` say."""

    app: App
    user: User
    phone: Phone
    mfa_token: str = field(default="", repr=False)
    oob_code: str = field(default="", repr=False)

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
    factor: str
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


def poll(person: Person) -> httpx.Response:
    return person.app.poll(person.mfa_token, person.oob_code)


def wrong_otp(person: Person) -> httpx.Response:
    return person.app.otp(person.mfa_token, "x")


def wrong_recovery(person: Person) -> httpx.Response:
    return person.app.recover(person.mfa_token, "x")


def start(person: Person) -> httpx.Response:
    return person.app.start()


BY_NUMBER, BY_EMAIL = {"phone_number": NUMBER}, {"email": EMAIL}
CODES = "failed_otp_codes"
# fmt: off
LIMITS: Mapping[str, Limit] = {
    "polls":             Limit("polls", 12, 5, SLOW, PENDING, "push", challenged("auth0"), poll, begins_again=False),
    "pushes":            Limit("pushes", 5, 12, PUSHES, SENT, "push", logged_in, challenge("auth0")),
    "sms challenges":    Limit("sms", 10, 3600, SMS, SENT, "sms", logged_in, challenge("sms")),
    "sms enrollments":   Limit("sms", 10, 3600, SMS, SENT, "", logged_in, enroll("sms", **BY_NUMBER)),
    "voice challenges":  Limit("voice", 10, 3600, VOICE, SENT, "voice", logged_in, challenge("voice")),
    "voice enrollments": Limit("voice", 10, 3600, VOICE, SENT, "", logged_in, enroll("voice", **BY_NUMBER)),
    "email challenges":  Limit("emails", 20, 60, MAIL, SENT, "email", logged_in, challenge("email")),
    "email enrollments": Limit("emails", 20, 60, MAIL, SENT, "", logged_in, enroll("email", **BY_EMAIL)),
    "totp codes":        Limit(CODES, 10, 360, FAILED, WRONG, "otp", logged_in, wrong_otp),
    "sms codes":         Limit(CODES, 10, 360, FAILED, WRONG, "sms", challenged("sms"), wrong_code, tells=False),
    "voice codes":       Limit(CODES, 10, 360, FAILED, WRONG, "voice", challenged("voice"), wrong_code, tells=False),
    "email codes":       Limit(CODES, 10, 360, FAILED, WRONG, "email", challenged("email"), wrong_code, tells=False),
    "recovery codes":    Limit("failed_recovery_codes", 10, 360, FAILED, WRONG, "otp", logged_in, wrong_recovery),
    "starts":            Limit("passwordless_starts", 50, 72, STARTS, SENT, "", lambda person: None, start),
}
# fmt: on
ALL = pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)


def person_of(app: App, limit: Limit) -> Person:
    phone = app.sandbox.new_phone(app.http)
    person = Person(app, app.sandbox.add_user(factors=limit.factor.split(), phone=phone), phone)
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


def seen(person: Person) -> tuple[object, ...]:
    """Return what a refused call may not change."""
    tenant = person.app.sandbox.tenant
    newest = tenant.transactions.newest_of.get(person.user.user_id)
    sent = [entry.type for entry in tenant.logs if entry.type.startswith(("gd_send", "gd_start"))]
    pushes, listed = len(person.phone.notifications), person.app.authenticators(person.mfa_token)
    return person.app.sandbox.delivery.newest, newest and (newest.oob_code, newest.state), listed, pushes, sent


def rates(answer: httpx.Response) -> tuple[str, ...]:
    return tuple(answer.headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining", "reset"))


@ALL
def test_exactly_the_burst_passes_and_then_one_each_refill_and_the_lab_tells_the_same(app: App, limit: Limit) -> None:
    person = person_of(app, limit)
    before, burst, seconds = person.left(), limit.burst, limit.seconds
    assert (before[limit.row]["left"], before[limit.row]["full_again_in"]) == (burst, 0)
    for taken in range(1, burst + 1):
        answer, row = limit.take(person), person.left()[limit.row]
        assert passed(limit, answer)
        assert (row["left"], row["burst"], row["full_again_in"]) == (
            burst - taken,
            burst,
            pytest.approx(taken * seconds),
        )
        if limit.tells:
            assert rates(answer) == (str(burst), str(burst - taken), str(NOW + taken * seconds))
    kept = seen(person)
    for _ in range(2):
        refused = limit.take(person)
        assert error_of(refused) == limit.refusal
        assert rates(refused) == (str(burst), "0", str(NOW + burst * seconds))
    assert seen(person) == kept
    # A code by SMS is a poll as well, and each challenge has polls of its own.
    after = person.left()
    assert {name for name in after if after[name]["left"] != before[name]["left"]} <= {limit.row, "polls"}
    if limit.row != "passwordless_starts":
        other = person_of(app, limit)
        assert other.left()[limit.row]["left"] == burst
        assert passed(limit, limit.take(other)), "another user's"

    app.sandbox.clock.advance(seconds - 1)
    if limit.begins_again:
        limit.begin(person)
    assert error_of(limit.take(person)) == limit.refusal
    app.sandbox.clock.advance(1)
    assert passed(limit, limit.take(person))
    assert error_of(limit.take(person)) == limit.refusal

    # After a long time there is the burst again and no more. A poll's transaction ends after five minutes.
    app.sandbox.clock.advance(10 * burst * seconds if limit.begins_again else 100)
    if limit.begins_again:
        limit.begin(person)
    for _ in range(burst):
        assert passed(limit, limit.take(person))
    assert error_of(limit.take(person)) == limit.refusal


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


def test_each_oob_code_has_polls_of_its_own_and_an_allowed_push_waits_for_them_too(app: App) -> None:
    limit = LIMITS["polls"]
    person = emptied(app, limit)
    person.phone.allow()
    assert error_of(limit.take(person)) == SLOW
    old = replace(person)
    limit.begin(person)
    assert passed(limit, limit.take(person))
    assert error_of(limit.take(old)) == SLOW
    app.sandbox.clock.advance(5)
    assert limit.take(old).status_code == 200


def test_another_ip_may_start_and_the_last_code_of_this_one_still_opens(app: App) -> None:
    limit = LIMITS["starts"]
    emptied(app, limit)
    assert error_of(app.passwordless(NUMBER, app.newest_code()))[1] == "mfa_required"

    def elsewhere(request: Request) -> Response:
        request.scope["client"] = ("192.0.2.7", 1)
        return app.sandbox.answer(request)

    there = App(app.sandbox, httpx.Client(transport=in_process(elsewhere), base_url="https://sandbox.example"))
    assert there.start().status_code == 200
    assert app.start().status_code == 429
    named = {row["name"]: row["left"] for row in app.sandbox.limits("nobody", ip="192.0.2.7")}
    assert named["passwordless_starts"] == 49


@pytest.mark.parametrize("name", ["totp codes", "sms codes", "voice codes", "email codes", "recovery codes"])
def test_a_right_code_is_refused_too_while_the_bucket_is_empty_and_does_not_fill_it(app: App, name: str) -> None:
    limit = LIMITS[name]
    person = emptied(app, limit)
    user, phone = person.user, person.phone

    def right() -> httpx.Response:
        if name == "totp codes":
            return app.otp(person.mfa_token, phone.code())
        if name == "recovery codes":
            return app.recover(person.mfa_token, str(user.recovery_code))
        code = app.newest_code(user.email if name == "email codes" else user.phone_number)
        return app.poll(person.mfa_token, person.oob_code, binding_code=code)

    assert error_of(right()) == limit.refusal
    public = {"client_id": app.sandbox.defaults.public_client_id, "client_secret": ""}
    by_another = app.login(user, **public)
    take = app.recover if name == "recovery codes" else app.otp
    if name in ("totp codes", "recovery codes"):
        assert error_of(take(by_another, "x", **public)) == limit.refusal, "whatever application asks"
    app.sandbox.clock.advance(359)
    limit.begin(person)
    assert error_of(right()) == limit.refusal
    app.sandbox.clock.advance(1)
    assert right().status_code == 200
    assert person.left()[limit.row]["left"] == 1
    limit.begin(person)
    assert passed(limit, limit.take(person))
    assert error_of(limit.take(person)) == limit.refusal


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
    mfa_token, phone = app.mfa_token(), app.sandbox.new_phone(app.http)
    phone.scan(app.associate_otp(mfa_token).json()["barcode_uri"])
    oob_code = app.associate_sms(mfa_token).json()["oob_code"]
    for _ in range(5):
        assert app.otp(mfa_token, "x").status_code == 403
        assert app.poll(mfa_token, oob_code, binding_code="x").status_code == 403
    assert error_of(app.otp(mfa_token, phone.code())) == FAILED
    assert error_of(app.poll(mfa_token, oob_code, binding_code=app.newest_code())) == FAILED


def test_what_is_refused_for_another_reason_or_sends_nothing_takes_nothing(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    mfa_token, newcomer = app.login(user), app.mfa_token()
    for _ in range(12):
        assert app.associate_sms(newcomer, "0155501").status_code == 400
        assert app.associate(newcomer, oob_channels=["email"], email="nobody").status_code == 400
        assert app.associate(newcomer).status_code == 200, "a ticket is no push"
        assert app.challenge(mfa_token, client_secret="wrong").status_code == 401
        assert app.challenge(mfa_token, authenticator_id="sms|dev_0").status_code == 404
        assert app.otp(mfa_token, "").status_code == 400
        assert app.otp(mfa_token, "123456").status_code == 401
        assert app.password(password="wrong").status_code == 403
    for user_id in (user.user_id, app.sandbox.defaults.user_id):
        assert all(row["left"] == row["burst"] for row in app.sandbox.limits(user_id))
