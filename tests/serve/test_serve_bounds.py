"""What a server remembers is bounded: it forgets what has ended, and nothing that is under way."""

import httpx
import pytest

from auth0_mfa_lab.sandbox import tenant as tenants
from auth0_mfa_lab.sandbox.delivery import BOXES, Delivery, Message
from auth0_mfa_lab.sandbox.limits import FEW, Bounded
from auth0_mfa_lab.sandbox.mfa.api import begin_oob
from auth0_mfa_lab.sandbox.records import Authenticator, Request
from tests.sandbox.sandbox_mothers import App, new_sandbox, set_up


def test_what_has_ended_is_forgotten_and_what_has_not_is_kept() -> None:
    ended: set[int] = set()
    passing: Bounded[int] = Bounded(has_ended=ended.__contains__, few=10, bound=1_000)
    for number in range(500):
        passing[str(number)] = number
        if number % 5:
            ended.add(number)
    left = set(passing.values())
    assert {number for number in range(500) if number % 5 == 0} <= set(left)
    assert len(left) < 200


def test_what_never_ends_is_bounded_too() -> None:
    passing: Bounded[int] = Bounded(has_ended=lambda _: False, few=10, bound=100)
    for number in range(1_000):
        passing[str(number)] = number
    assert len(passing) <= 101
    assert passing.get("999") == 999


def test_the_last_that_ended_are_still_known() -> None:
    passing: Bounded[int] = Bounded(has_ended=lambda _: True, few=10)
    for number in range(100):
        passing[str(number)] = number
    assert set(passing.values()) == set(range(90, 100))


def test_many_logins_leave_a_bounded_number_of_transactions() -> None:
    box = new_sandbox()
    tenant = box.tenant
    request = Request(client_id=box.defaults.client_id, user_id=box.defaults.user_id, audience=None, scope=())
    open_login = tenant.begin_login(request)
    for _ in range(3_000):
        login = tenant.begin_login(request)
        transaction = begin_oob(tenant, login, "login", Authenticator(id="sms|dev_x", kind="sms", address="+15550100"))
        transaction.state = "used"
        login.done = True
    kept = tenant.transactions
    assert max(len(kept.logins), len(kept.oob_codes), len(kept.txids)) <= 1_002
    assert kept.logins.get(open_login.mfa_token) is open_login


def test_expired_transactions_are_forgotten_as_others_come() -> None:
    box = new_sandbox()
    request = Request(client_id=box.defaults.client_id, user_id=box.defaults.user_id, audience=None, scope=())
    for _ in range(1_500):
        box.tenant.begin_login(request)
    assert len(box.tenant.transactions.logins) == 1_500
    box.clock.advance(601)
    for _ in range(600):
        box.tenant.begin_login(request)
    assert len(box.tenant.transactions.logins) <= 1_002


def test_mailboxes_are_bounded_and_the_silent_ones_go_first() -> None:
    delivery = Delivery()
    for number in range(BOXES + 50):
        for address in ("kept@example.com", f"{number}@example.com"):
            delivery.message(Message(address=address, channel="email", purpose="mfa", text="x", sent_at=0.0))
        delivery.push(service="GCM", token=str(number), payload={})
    assert delivery.messages("kept@example.com")
    assert delivery.messages(f"{BOXES + 49}@example.com")
    assert not delivery.messages("0@example.com")
    assert not delivery.pushes("0")
    assert len(delivery.newest[:1_000]) <= 100


def test_whoever_came_without_a_password_first_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenants, "NEWCOMERS", 3)
    box = new_sandbox()
    first = box.tenant.passwordless_user("email", "0@example.com")
    for number in range(1, 4):
        box.tenant.passwordless_user("email", f"{number}@example.com")
    assert first.user_id not in box.tenant.users
    assert len(box.tenant.users) == 4
    assert box.tenant.passwordless_user("email", "3@example.com").user_id in box.tenant.users


def test_a_phone_remembers_a_bounded_number_of_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    from auth0_mfa_lab.sandbox.guardian import phone as phones

    monkeypatch.setattr(phones, "KEPT", 2)
    box = new_sandbox()
    phone = box.new_phone(httpx.Client(transport=box.transport, base_url="https://sandbox.example"))
    for _ in range(4):
        box.add_user(factors=["push"], phone=phone)
    assert len(phone.enrollments) == len(phone.accounts) == 2


def test_nothing_is_left_of_users_that_came_and_went() -> None:
    box = new_sandbox()
    for _ in range(20):
        user = box.add_user(factors=["sms", "otp"])
        box.tenant.forget_user(user)
    assert box.tenant.authenticators._of == {}
    assert set(box.tenant.users) == {box.defaults.user_id}


def test_a_reset_user_has_no_push_in_any_mailbox_and_others_keep_theirs() -> None:
    box = new_sandbox()
    http = httpx.Client(transport=box.transport, base_url="https://sandbox.example")
    app, phone = App(box, http), box.new_phone(http)
    users = [box.add_user(factors=["push"], phone=phone) for _ in range(2)]
    for user in users:
        assert app.challenge(app.login(user), challenge_type="oob").status_code == 200
    assert len(box.delivery.pushes(phone.push_token)) == 2
    box.tenant.reset_user(users[0])
    (left,) = box.delivery.pushes(phone.push_token)
    assert left.payload["dai"] == phone.enrollments[1].id
    box.tenant.reset_user(users[1])
    assert box.delivery.pushes(phone.push_token) == ()


def test_what_was_issued_to_a_user_who_is_gone_is_not_kept_for_long() -> None:
    box = new_sandbox()
    set_up(box, policy="never")
    http = httpx.Client(transport=box.transport, base_url="https://sandbox.example")
    for _ in range(2 * FEW):
        user = box.add_user()
        assert App(box, http).password(username=user.username, password=user.password).status_code == 200
        box.tenant.forget_user(user)
    assert len(box.tenant.access_tokens) <= FEW + 1
