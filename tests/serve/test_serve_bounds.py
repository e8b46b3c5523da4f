"""What a server remembers is bounded: it forgets what has ended, and nothing under way; and the two clocks it has."""

from collections.abc import Callable

import pytest

from auth0_mfa_lab.sandbox import WallClock
from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.delivery import Delivery, Message
from auth0_mfa_lab.sandbox.guardian import phone as phones
from auth0_mfa_lab.sandbox.limits import Bounded, Limits
from auth0_mfa_lab.sandbox.mfa.api import begin_oob
from auth0_mfa_lab.sandbox.records import Authenticator, Request, State
from tests.sandbox.sandbox_mothers import app_of, bearer, claims_of, new_sandbox, pushed

WALL = 1_790_000_000.0


@pytest.mark.parametrize(
    ("ends", "bound", "left"),
    [
        (lambda number: True, 1_000, {*range(490, 500)}),  # the last that ended are known a while
        (lambda number: False, 100, {499}),  # what never ends is bounded too
        (lambda number: number % 5, 1_000, {*range(0, 500, 5)}),  # what has not ended is kept
    ],
    ids=["all end", "none ends", "most end"],
)
def test_what_has_ended_is_forgotten_and_the_rest_is_kept(
    ends: Callable[[int], object], bound: int, left: set[int]
) -> None:
    ended: set[int] = set()
    passing: Bounded[int] = Bounded(has_ended=ended.__contains__, few=10, bound=bound)
    for number in range(500):
        passing[str(number)] = number
        ended |= {number} if ends(number) else set()
    assert left <= set(passing.values())
    assert len(passing) <= max(101, len(left) + 100)
    kept = Bounded[int]()
    for number in range(10_001):
        kept[str(number)] = number
    assert (len(kept), min(kept.values())) == (10_000, 1)


def test_logins_that_have_ended_or_expired_are_forgotten_as_others_come() -> None:
    box = new_sandbox()
    tenant, kept = box.tenant, box.tenant.transactions
    request = Request(client_id=box.defaults.client_id, user_id=box.defaults.user_id, audience=None, scope=())
    open_login = tenant.begin_login(request)
    states: tuple[State, ...] = ("used", "rejected", "superseded")
    for number in range(1_100):
        login = tenant.begin_login(request)
        entry = Authenticator(id="sms|dev_x", kind="sms", created_at=0.0, address="+15550100")
        transaction = begin_oob(tenant, login, "login", entry)
        transaction.state, login.done = states[number % 3], True
    assert max(len(kept.logins), len(kept.oob_codes), len(kept.txids)) <= 102
    assert kept.logins.get(open_login.mfa_token) is open_login
    for _ in range(1_100):
        tenant.begin_login(request)
    assert len(kept.logins) >= 1_100
    box.clock.advance(601)
    for _ in range(300):
        tenant.begin_login(request)
    assert len(kept.logins) <= 1_002


def test_mailboxes_are_bounded_and_the_silent_ones_go_first() -> None:
    delivery = Delivery()
    for number in range(1_050):
        for address in ("kept@example.com", f"{number}@example.com"):
            delivery.message(Message(address=address, channel="email", purpose="mfa", text="x", sent_at=0.0))
        for token in ("kept", str(number)):
            delivery.push(service="GCM", token=token, payload={"n": number})
    known = ["kept@example.com", "51@example.com", "50@example.com"]
    assert [bool(delivery.messages(each)) for each in known] == [True, True, False]
    assert (len(delivery.messages("kept@example.com")), len(delivery.newest), delivery.pushes("50")) == (64, 100, ())
    assert [push.payload["n"] for push in delivery.pushes("kept")] == [*range(986, 1_050)]
    assert len(delivery.pushes("51")) == 1


def test_nothing_is_left_for_long_of_users_that_came_and_went(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phones, "KEPT", 2)
    app = app_of(box := new_sandbox(policy="never"))
    phone = box.new_phone(app.http)
    for _ in range(120):
        user = box.add_user(factors=["sms", "otp"])
        app.password(username=user.username, password=user.password)
        box.tenant.forget_user(user)
    assert (box.tenant.authenticators._of, set(box.tenant.users)) == ({}, {box.defaults.user_id})
    assert len(box.tenant.access_tokens) == 100
    for _ in range(4):
        box.add_user(factors=["push"], phone=phone)
    assert len(phone.enrollments) == len(phone.accounts) == 2


def test_a_reset_user_has_no_push_in_any_mailbox_and_others_keep_theirs() -> None:
    app = app_of(box := new_sandbox())
    phone = box.new_phone(app.http)
    for _ in range(2):
        pushed(app, phone)
    (first, second), token = phone.enrollments, phone.push_token
    older, newer = box.delivery.pushes(token)
    assert box.delivery.pushes(token, older.id) == (newer,)
    box.tenant.reset_user(box.tenant.users[first.user_id])
    assert [each.payload["dai"] for each in box.delivery.pushes(token)] == [second.id]


def test_an_advance_moves_what_expires_and_no_stamp_of_a_wall_clock() -> None:
    clock = WallClock(lambda: WALL)
    clock.advance(30)
    assert (clock.now(), clock.stamp(), clock.ahead(), Clock().ahead()) == (WALL + 30, WALL, 30, 0)
    bucket = Limits(clock).bucket("sms", "somebody")
    assert bucket.take(clock.now())
    clock.restart()
    assert bucket.left(clock.now()) == 9, "a clock that is set back takes no allowance away"


def test_tokens_are_stamped_with_the_walls_time_and_expire_in_the_sandboxs() -> None:
    app = app_of(box := new_sandbox(clock=WallClock(lambda: WALL), policy="never"))
    box.clock.advance(3_600)
    token = app.password(scope="openid", audience=box.defaults.audience).json()["access_token"]
    assert claims_of(token)["iat"] == WALL
    for seconds, status in ((0, 200), (86_399, 200), (1, 401)):
        box.clock.advance(seconds)
        assert app.http.get("/userinfo", headers=bearer(token)).status_code == status
