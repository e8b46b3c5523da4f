"""The limits of section 11: each bucket to its last drop, its refusal and its evidence, its refill, and whose it is."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import httpx
import pytest
from starlette.responses import Response

from auth0_mfa_lab.sandbox import User
from auth0_mfa_lab.sandbox.app import in_process
from auth0_mfa_lab.sandbox.http import Request
from tests.mothers import rows
from tests.sandbox.sandbox_mothers import App, error_of
from tests.sandbox.scenario import Said, Scenario, Scene, check

NOW = 1_800_000_000
# A limit, what it holds, the seconds of one refill, and whose it is
SECTION_11 = """
polls                 | 12 | 5    | oob_code
pushes                | 5  | 12   | user
sms                   | 10 | 3600 | user
voice                 | 10 | 3600 | user
emails                | 20 | 60   | user
failed_otp_codes      | 10 | 360  | user
failed_recovery_codes | 10 | 360  | user
passwordless_starts   | 50 | 72   | IP
"""
WORDS = {name: words for name, *words in rows(SECTION_11)}


@dataclass
class Person:
    """A user who does the same thing again and again, as a limit says."""

    scene: Scene
    user: User
    channel: str
    mfa_token: str = ""
    oob_code: str = ""

    @property
    def app(self) -> App:
        return self.scene.app

    def log_in(self, *, challenged: bool) -> "Person":
        self.mfa_token = self.app.login(self.user)
        if challenged:
            self.oob_code = challenge(self).json()["oob_code"]
        return self

    def left(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in self.scene.box.limits(self.user.user_id)}

    def seen(self) -> tuple[object, ...]:
        """Return what a refused call may not change."""
        box, phone = self.scene.box, self.scene.phone
        newest = box.tenant.transactions.newest_of.get(self.user.user_id)
        sent = [entry.type for entry in box.tenant.logs if entry.type.startswith(("gd_send", "gd_start"))]
        listed = self.app.authenticators(self.mfa_token)
        return box.delivery.newest, newest and (newest.oob_code, newest.state), listed, phone.notifications, sent


def challenge(person: Person) -> httpx.Response:
    return person.app.challenge(person.mfa_token, oob_channel=person.channel)


def enroll(person: Person) -> httpx.Response:
    to = {"phone_number": "+15550123", "email": "other@example.com"}
    return person.app.associate(person.mfa_token, oob_channels=[person.channel], **to)


def poll(person: Person) -> httpx.Response:
    """Poll with a wrong code, which a push does not read."""
    return person.app.poll(person.mfa_token, person.oob_code, binding_code="x")


def give_otp(person: Person) -> httpx.Response:
    return person.app.otp(person.mfa_token, "x")


def recover(person: Person) -> httpx.Response:
    return person.app.recover(person.mfa_token, "x")


def start(person: Person) -> httpx.Response:
    return person.app.start()


def with_every_channel(scene: Scene) -> Scene:
    factors = frozenset({"push-notification", "sms", "email", "otp", "recovery-code"})
    return scene.set(factors=factors, message_types=("sms", "voice"))


class Limit(NamedTuple):
    """A way to meet a limit: a user with this factor does `take` by this channel, which answers `passes` until then."""

    given: str
    row: str
    factor: str
    channel: str
    take: Callable[[Person], httpx.Response]
    passes: int
    refusal: Said

    @property
    def burst(self) -> int:
        return int(WORDS[self.row][0])

    def begin(self, person: Person) -> Person:
        return person.log_in(challenged=self.take is poll)

    def person(self, scene: Scene) -> Person:
        user = with_every_channel(scene).box.add_user(factors=self.factor.split(), phone=scene.phone)
        return self.begin(Person(scene, user, self.channel))

    def exhausted(self, scene: Scene) -> Person:
        person = self.person(scene)
        assert {self.take(person).status_code for _ in range(self.burst)} == {self.passes}
        return person

    def one_too_many(self, scene: Scene) -> httpx.Response:
        return self.take(self.exhausted(scene))

    def refuses(self, person: Person) -> httpx.Response:
        """Take one more, and assert that it is refused as the reference says."""
        return check(person.scene, Scenario(self.given, lambda _: self.take(person), self.refusal))


def too_many(what: str, evidence: str = "guess") -> Said:
    return 400, "invalid_request", f"Too many {what}. Wait for some minutes before retrying.", evidence


# fmt: off
TOO_MANY      = "Too many requests. Check the X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset headers."
STARTS        = 429, "too_many_requests", TOO_MANY, "doc"
SLOW_DOWN     = 429, "slow_down", "You are polling faster than the specified interval of 5 seconds.", "guess doc guess"
PUSHES, MAILS = too_many("push notifications sent by the user"), too_many("emails sent by the user")
SMS, CALLS    = too_many("SMS sent by the user", "guess forum forum"), too_many("calls made by the user")
FAILED        = too_many("failed codes", "guess forum forum")
RECOVERIES    = too_many("failed codes")
OTP, RECOVERY = "failed_otp_codes", "failed_recovery_codes"
LIMITS = {each.given: each for each in (
    Limit("6.3 too fast",             "polls",    "push",  "auth0", poll,      400, SLOW_DOWN),
    Limit("5 too many pushes",        "pushes",   "push",  "auth0", challenge, 200, PUSHES),
    Limit("5 too many SMS",           "sms",      "sms",   "sms",   challenge, 200, SMS),
    Limit("3.3 too many SMS",         "sms",      "",      "sms",   enroll,    200, SMS),
    Limit("5 too many calls",         "voice",    "voice", "voice", challenge, 200, CALLS),
    Limit("3.3 too many calls",       "voice",    "",      "voice", enroll,    200, CALLS),
    Limit("5 too many emails",        "emails",   "email", "email", challenge, 200, MAILS),
    Limit("3.3 too many emails",      "emails",   "",      "email", enroll,    200, MAILS),
    Limit("6.4 too many OTPs",        OTP,        "otp",   "",      give_otp,  403, FAILED),
    Limit("6.4 too many SMS codes",   OTP,        "sms",   "sms",   poll,      403, FAILED),
    Limit("6.4 too many voice codes", OTP,        "voice", "voice", poll,      403, FAILED),
    Limit("6.4 too many email codes", OTP,        "email", "email", poll,      403, FAILED),
    Limit("6.4 too many recoveries",  RECOVERY,   "otp",   "",      recover,   403, RECOVERIES),
    Limit("7.1 too many starts", "passwordless_starts", "", "",     start,     200, STARTS),
)}
# fmt: on
REFUSED = tuple(Scenario(limit.given, limit.one_too_many, limit.refusal) for limit in LIMITS.values())


def rates(answer: httpx.Response) -> tuple[str, ...]:
    return tuple(answer.headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining", "reset"))


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
def test_exactly_the_burst_passes_and_then_one_each_refill_and_the_lab_tells_the_same(
    scene: Scene, limit: Limit
) -> None:
    person, burst, seconds = limit.person(scene), limit.burst, int(WORDS[limit.row][1])
    before = person.left()
    assert (before[limit.row]["left"], before[limit.row]["full_again_in"]) == (burst, 0)
    for taken in range(1, burst + 1):
        answer, row = limit.take(person), person.left()[limit.row]
        assert answer.status_code == limit.passes
        assert (row["left"], row["full_again_in"]) == (burst - taken, pytest.approx(taken * seconds))
        # A wrong code shows the bucket of the polls.
        if limit.take is not poll or limit.row == "polls":
            assert rates(answer) == (str(burst), str(burst - taken), str(NOW + taken * seconds))
    kept = person.seen()
    for _ in range(2):
        assert rates(limit.refuses(person)) == (str(burst), "0", str(NOW + burst * seconds))
    assert person.seen() == kept
    # A code by SMS is a poll as well, and each challenge has polls of its own.
    after = person.left()
    assert {name for name in after if after[name]["left"] != before[name]["left"]} <= {limit.row, "polls"}
    if WORDS[limit.row][2] == "user":
        assert limit.take(limit.person(scene)).status_code == limit.passes, "another user's"
    scene.wait(seconds - 1)
    if limit.row != "polls":
        limit.begin(person)
    limit.refuses(person)
    scene.wait(1)
    assert limit.take(person).status_code == limit.passes
    limit.refuses(person)


def test_each_oob_code_has_polls_of_its_own_and_an_allowed_push_waits_for_them_too(scene: Scene) -> None:
    limit = LIMITS["6.3 too fast"]
    person = limit.exhausted(scene)
    scene.phone.allow()
    limit.refuses(person)
    old = replace(person)
    assert limit.take(limit.begin(person)).status_code == limit.passes
    limit.refuses(old)
    scene.wait(5)
    assert limit.take(old).status_code == 200


def test_another_ip_may_start_and_the_last_code_of_this_one_still_opens(scene: Scene) -> None:
    app = LIMITS["7.1 too many starts"].exhausted(scene).app
    assert error_of(app.passwordless("+15550123", app.newest_code()))[1] == "mfa_required"

    def elsewhere(request: Request) -> Response:
        request.scope["client"] = ("192.0.2.7", 1)
        return app.sandbox.answer(request)

    there = App(app.sandbox, httpx.Client(transport=in_process(elsewhere), base_url="https://sandbox.example"))
    assert (there.start().status_code, app.start().status_code) == (200, 429)
    named = {row["name"]: row["left"] for row in app.sandbox.limits("nobody", ip="192.0.2.7")}
    assert named["passwordless_starts"] == 49


@pytest.mark.parametrize("limit", [limit for limit in LIMITS.values() if limit.passes == 403], ids=lambda each: each[0])
def test_a_right_code_is_refused_too_while_the_bucket_is_empty_and_does_not_fill_it(scene: Scene, limit: Limit) -> None:
    person = limit.exhausted(scene)
    app, user = scene.app, person.user

    def right() -> httpx.Response:
        if limit.take is give_otp:
            return app.otp(person.mfa_token, scene.phone.code())
        if limit.take is recover:
            return app.recover(person.mfa_token, str(user.recovery_code))
        code = app.newest_code(user.email if limit.channel == "email" else user.phone_number)
        return app.poll(person.mfa_token, person.oob_code, binding_code=code)

    assert error_of(right()) == limit.refusal[:3]
    scene.wait(360)
    limit.begin(person)
    assert right().status_code == 200
    assert limit.take(limit.begin(person)).status_code == limit.passes
    limit.refuses(person)


def test_wrong_codes_of_every_kind_application_and_enrollment_share_one_bucket_and_recovery_codes_have_their_own(
    scene: Scene,
) -> None:
    app, phone, user = with_every_channel(scene).app, scene.phone, scene.box.add_user(factors=["sms", "voice", "email"])
    for channel in ("sms", "voice", "email"):
        person = Person(scene, user, channel).log_in(challenged=True)
        assert [poll(person).status_code for _ in range(3)] == [403] * 3
    phone.scan(app.associate_otp(access := app.mfa_access(user)).json()["barcode_uri"])
    public = {"client_id": scene.box.defaults.public_client_id, "client_secret": ""}
    by_another = app.login(user, **public)
    begun = app.associate_sms(access).json()["oob_code"]
    assert error_of(app.otp(access, "x"))[2] == "Invalid otp_code."
    another = app.challenge(by_another, **public).json()["oob_code"]
    for refused in (
        app.otp(access, phone.code()),
        app.poll(access, begun, binding_code=app.newest_code()),
        app.poll(by_another, another, binding_code="x", **public),
        poll(person),
    ):
        assert error_of(refused) == FAILED[:3]
    assert app.recover(person.mfa_token, str(user.recovery_code)).status_code == 200


def test_what_is_refused_for_another_reason_or_sends_nothing_takes_nothing(scene: Scene) -> None:
    person = LIMITS["5 too many SMS"].person(scene)
    app, mfa_token, newcomer = scene.app, person.mfa_token, scene.app.mfa_token()
    for _ in range(12):
        assert app.associate_sms(newcomer, "0155501").status_code == 400
        assert app.associate(newcomer, oob_channels=["email"], email="nobody").status_code == 400
        assert app.associate(newcomer).status_code == 200, "a ticket is no push"
        assert app.challenge(mfa_token, client_secret="wrong").status_code == 401
        assert app.challenge(mfa_token, authenticator_id="sms|dev_0").status_code == 404
        assert app.otp(mfa_token, "").status_code == 400
        assert app.otp(mfa_token, "123456").status_code == 401
        assert app.password(password="wrong").status_code == 403
    for user_id in (person.user.user_id, scene.box.defaults.user_id):
        assert all(row["left"] == row["burst"] for row in scene.box.limits(user_id))
