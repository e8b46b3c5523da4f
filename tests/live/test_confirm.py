"""Before a live call that costs or changes something the lab says what, and asks; after a no nothing was sent."""

from __future__ import annotations

import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from IPython.core.error import StdinNotImplementedError
from IPython.core.ultratb import VerboseTB

from auth0_mfa_lab import Exchange, Lab
from auth0_mfa_lab.errors import NotConfirmed
from auth0_mfa_lab.live.administrator import administrator
from auth0_mfa_lab.live.guard import SAID, cost_of
from tests.live.conftest import Person
from tests.live.live_world import NUMBER, LiveTenant, logged_in, mfa_token

USER = "auth0|0123456789abcdef01234567"
SMS: dict[str, Any] = {"authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": NUMBER}
CHALLENGE, USERS, TICKET = "POST /mfa/challenge", "/api/v2/users", "POST /api/v2/guardian/enrollments/ticket"
# fmt: off
COSTS: tuple[tuple[str, Any, str], ...] = (
    # a call, its body, and the kinds of what it costs; the first row of each kind is the one that is sent below
    (CHALLENGE, {"authenticator_id": "push|dev_1"}, "push"),
    (CHALLENGE, {"authenticator_id": "sms|dev_1"}, "sms"),
    (CHALLENGE, {"oob_channel": "voice"}, "voice"),
    (CHALLENGE, {"authenticator_id": "email|dev_1"}, "email"),
    (CHALLENGE, {"challenge_type": "oob"}, "message"),
    ("POST /mfa/associate", {"authenticator_types": ["otp"]}, "authenticator"),
    ("POST /mfa/associate", {"oob_channels": ["sms"]}, "authenticator, sms"),
    ("DELETE /mfa/authenticators/dev_1", None, "removal"),
    ("PUT /api/v2/guardian/factors/otp", {"enabled": False}, "setting"),
    (f"POST {USERS}", {"email": "a@example.com", "verify_email": False}, "new user"),
    (f"POST {USERS}", {"email": "a@example.com"}, "new user, email"),
    (f"DELETE {USERS}/{USER}", None, "user"),
    (f"DELETE {USERS}", None, "users"),
    ("PATCH /something/new", {}, "other"),
    (TICKET, {"user_id": USER}, "setting, email"),
    # -- whoever wrote it
    ("POST /mfa/challenge/", {"oob_channel": "auth0"}, "push"),
    ("POST //mfa//challenge", {"oob_channel": "voice"}, "voice"),
    ("POST /MFA/Challenge", {"authenticator_id": "push|dev_1"}, "push"),
    ("POST /mfa/ch%61llenge", {"authenticator_id": "push|dev_1"}, "push"),
    ("post /mfa/challenge", [1], "message"),
    (CHALLENGE, b"\xff{", "message"),
    (CHALLENGE, {"challenge_type": None}, "message"),
    (CHALLENGE, {"challenge_type": "otp oob"}, "message"),
    (CHALLENGE, {"authenticator_id": "other|dev_1"}, "message"),
    (CHALLENGE, {"challenge_type": "otp"}, ""),
    (CHALLENGE, {"authenticator_id": "totp|dev_1"}, ""),
    (CHALLENGE, b"authenticator_id=sms%7Cdev_1", "sms"),
    ("POST /mfa/associate", {"oob_channels": "email"}, "authenticator, email"),
    ("POST /mfa/associate", {"oob_channels": ["voice"]}, "authenticator, voice"),
    ("POST /mfa/associate", {"oob_channels": ["auth0"]}, "authenticator"),
    ("POST /passwordless/start", b"connection=sms", "sms"),
    ("POST /passwordless/start", {"connection": "email"}, "email"),
    ("POST /passwordless/start", {"connection": "sms", "delivery_method": "voice"}, "voice"),
    ("POST /API/v2/Users", {"verify_email": False}, "new user"),
    (f"POST {USERS}", {"email_verified": True}, "new user"),
    ("DELETE /api/v2/connections/con_1", None, "users"),
    ("DELETE /api/v2/connections/con_1/users", None, "users"),
    (f"DELETE {USERS}/a%0Ab", None, "user"),
    (f"PATCH {USERS}/{USER}", {"verify_email": True}, "setting, email"),
    (f"PATCH {USERS}/{USER}", {"name": "x"}, "setting"),
    (f"POST {USERS}/{USER}/authentication-methods", {"type": "phone"}, "authenticator"),
    (f"PUT {USERS}/{USER}/authentication-methods", [], "authenticator, removal"),
    (f"PATCH {USERS}/{USER}/authentication-methods/x", {"name": "x"}, "setting"),
    (f"DELETE {USERS}/{USER}/authentication-methods", None, "removal"),
    (f"DELETE {USERS}/{USER}/authenticators", None, "removal"),
    (f"DELETE {USERS}/{USER}/multifactor/duo", None, "removal"),
    (f"POST {USERS}/{USER}/multifactor/actions/invalidate-remember-browser", {}, "setting"),
    (f"POST {USERS}/{USER}/recovery-code-regeneration", None, "setting"),
    (TICKET, {"send_mail": False}, "setting"),
    ("POST /api/v2/jobs/verification-email", {}, "setting"),
    ("DELETE /api/v2/guardian/enrollments/dev_1", None, "removal"),
    ("DELETE /api/v2/something/new", None, "setting"),
    ("PATCH /api/v2/clients/c", None, "setting"),
    ("DELETE /appliance-mfa/api/device-accounts/dev_1", None, "removal"),
    ("POST /dbconnections/signup", {"email": "a@example.com"}, "other"),
    ("DELETE /me/v1/authentication-methods/x", None, "other"),
    (f"GET {USERS}", None, ""),
    ("HEAD /mfa/challenge", None, ""),
    ("OPTIONS /something/new", None, ""),
    ("POST /oauth/token", {"grant_type": "password"}, ""),
    ("POST /oauth/revoke", {}, ""),
    ("POST /appliance-mfa/api/enroll", {}, ""),
)
# fmt: on
CALLS = {kinds: (call, body) for call, body, kinds in reversed(COSTS) if kinds}
PUSH, BY_SMS, ENROLL, ENROLL_SMS = "push", "sms", "authenticator", "authenticator, sms"


def request(call: str, body: Any) -> httpx.Request:
    method, _, path = call.partition(" ")
    if isinstance(body, bytes):
        headers = {"content-type": "application/x-www-form-urlencoded" if b"=" in body else "application/json"}
        return httpx.Request(method, f"https://tenant.example{path}", content=body, headers=headers)
    return httpx.Request(method, f"https://tenant.example{path}", json=body)


def does(lab: Lab, kinds: str) -> Exchange:
    """Send the call that has these costs."""
    call, body = CALLS[kinds]
    return lab.client.send(*call.split(), bearer="a token", json=body)


@pytest.mark.parametrize(("call", "body", "kinds"), COSTS)
def test_what_a_request_costs_and_its_name_without_an_id(call: str, body: Any, kinds: str) -> None:
    name, found = cost_of(request(call, body))
    assert ", ".join(found) == kinds
    assert [raw for raw in (USER, USER[6:], "dev_1", "con_1") if raw in name] == []


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (f"{USERS}/{USER}", f"{USERS}/{{id}}"),
        (f"{USERS}/jane", f"{USERS}/{{id}}"),
        ("/api/v2/roles/rol_abc1/users", "/api/v2/roles/{id}/users"),
        ("/x/+15550100", "/x/{id}"),
    ],
)
def test_an_id_is_no_part_of_a_calls_name(path: str, named: str) -> None:
    assert cost_of(request(f"DELETE {path}", None))[0] == f"DELETE {named}"


@pytest.mark.parametrize("kinds", CALLS)
def test_after_a_no_a_call_is_neither_recorded_nor_sent_and_after_a_yes_it_is_sent_once(
    live_tenant: LiveTenant, person: Person, kinds: str
) -> None:
    lab, (call, _), each_of = live_tenant.lab(confirm="once"), CALLS[kinds], kinds.split(", ")
    named, sent = cost_of(request(*CALLS[kinds]))[0], tuple(call.split())
    for person.answer in ("n", "", "no", "perhaps", "yes please"):
        with pytest.raises(NotConfirmed) as refusal:
            does(lab, kinds)
    assert str(refusal.value).startswith(f"Nothing was sent: {named} {SAID[each_of[0]]}")
    assert "You did not say yes. Run the cell again to be asked again." in str(refusal.value)
    assert (live_tenant.journal, len(lab.journal)) == ([], 0)
    person.answer, first = " YES ", person.asked[0]
    assert first.startswith(f"{live_tenant.domain} is a live tenant. Use one that is made for trying things out, never")
    assert ("Multi-Factor > Reset" in first) is ("authenticator" in each_of)
    assert [kind for kind in each_of if SAID[kind] not in first] == []
    assert first.endswith("\nSend it? (asked once for each kind of call) [y/n] ")
    known = live_tenant.sandbox.defaults
    for raw in (USER, NUMBER, "a@example.com", "dev_1", known.password, known.client_id, known.username):
        assert raw not in "\n".join(person.asked)
    for _ in range(2):
        does(lab, kinds)
    assert (live_tenant.journal, len(person.asked)) == ([sent, sent], 6)
    does(live_tenant.lab(confirm="never"), kinds)
    assert len(person.asked) == 6
    does(live_tenant.lab(confirm="once"), kinds)  # another lab is another session
    assert len(person.asked) == 7


@pytest.mark.parametrize(
    ("confirm", "kinds", "asked"),
    [
        ("once", (PUSH, PUSH, BY_SMS, PUSH, ENROLL, ENROLL_SMS), 3),
        ("once", (ENROLL, ENROLL_SMS, BY_SMS), 2),
        ("each", (PUSH, PUSH, PUSH), 3),
        ("each", (PUSH, ENROLL, ENROLL), 3),
    ],
)
def test_once_asks_once_for_each_kind_and_each_each_time(
    live_tenant: LiveTenant, person: Person, confirm: str, kinds: tuple[str, ...], asked: int
) -> None:
    lab = live_tenant.lab(confirm=confirm)
    for each in kinds:
        does(lab, each)
    assert len(person.asked) == asked
    assert [("asked once" in each, "production" in each) for each in person.asked] == [
        (confirm == "once", place == 0) for place in range(asked)
    ]
    resets = ["DELETE /api/v2/users/{id}/authenticators" in each for each in person.asked]
    assert sum(resets) == (ENROLL in kinds)  # the first enrollment says how a user is reset


def test_reads_logins_polls_and_codes_are_never_asked_for(live_tenant: LiveTenant, person: Person) -> None:
    person.answer, lab = "n", live_tenant.lab(management=True, confirm="each")
    token, client = mfa_token(lab), lab.client
    client.mfa_authenticators(token)
    client.mfa_otp_grant(mfa_token=token, otp="123456")
    client.mfa_oob_grant(mfa_token=token, oob_code="x", binding_code="123456")
    client.mfa_recovery_code_grant(mfa_token=token, recovery_code="x")
    client.passwordless_otp_grant(realm="sms", username=NUMBER, otp="123456")
    client.refresh_token_grant(refresh_token="x")
    client.userinfo("x"), client.revoke("x"), client.jwks()
    lab.poll(mfa_token=token, oob_code="x")
    with ThreadPoolExecutor() as threads:
        threads.submit(lab.poll_panel(mfa_token=token, oob_code="x").poll_once).result()
    api = administrator(lab)
    api.guardian_factors(), api.applications(), api.user(USER), api.logs()
    assert (person.asked, len(live_tenant.journal)) == ([], len(lab.journal))


def test_a_sandbox_and_a_replay_ask_nobody(tmp_path: Path, person: Person) -> None:
    lab = Lab.sandbox()
    for each in (lab, None):
        if each is None:
            lab.export("har").save(tmp_path / "run.har")
            each = Lab.replay(tmp_path / "run.har")
        user = each.user()
        login = each.client.password_grant(username=user.username, password=user.password)
        assert each.client.mfa_associate(login["mfa_token"], **SMS).status == 200
    assert person.asked == []


ABSENT = (EOFError(), OSError("no terminal"), RuntimeError("lost sys.stdin"), StdinNotImplementedError("no stdin"))


@pytest.mark.parametrize("absence", [*ABSENT, KeyboardInterrupt()], ids=lambda each: type(each).__name__)
def test_where_no_question_can_be_asked_the_error_names_the_setting_and_an_interrupt_is_a_no(
    live_tenant: LiveTenant, person: Person, absence: BaseException
) -> None:
    person.answer = absence
    setting = r"The lab cannot ask here.*Make such a call in a cell first, or set AUTH0_LAB_CONFIRM=never"
    said = "You did not say yes" if isinstance(absence, KeyboardInterrupt) else setting
    for confirm in ("once", "each"):
        with pytest.raises(NotConfirmed, match=said):
            does(live_tenant.lab(confirm=confirm), PUSH)
    assert live_tenant.journal == []


def test_a_thread_asks_nobody_and_is_refused_until_a_cell_was_asked(live_tenant: LiveTenant, person: Person) -> None:
    lab = live_tenant.lab(confirm="once")
    with ThreadPoolExecutor() as threads:
        with pytest.raises(NotConfirmed, match="outside of the main thread"):
            threads.submit(does, lab, PUSH).result()
        assert (person.asked, live_tenant.journal) == ([], [])
        does(lab, PUSH)
        threads.submit(does, lab, PUSH).result()
    assert (len(person.asked), len(live_tenant.journal)) == (1, 2)


def test_several_calls_are_agreed_to_by_one_question_here_alone(live_tenant: LiveTenant, person: Person) -> None:
    lab = live_tenant.lab(confirm="each")
    assert lab._guard is not None
    person.answer = "n"
    with pytest.raises(NotConfirmed), lab._guard.agreed([PUSH], "This sends a push."):
        pytest.fail("it was begun")
    person.answer = "y"
    with lab._guard.agreed([PUSH, BY_SMS], "This sends a push and an SMS."), ThreadPoolExecutor() as threads:
        does(lab, PUSH)
        with lab._guard.agreed():
            does(lab, BY_SMS)
        does(lab, ENROLL)
        with pytest.raises(NotConfirmed):
            threads.submit(does, lab, PUSH).result()
    assert "This sends a push and an SMS." in person.asked[1]
    assert len(person.asked) == 2
    does(lab, PUSH)
    assert len(person.asked) == 3


def test_the_traceback_of_a_refusal_shows_no_body_and_no_frame_that_had_it(
    live_tenant: LiveTenant, person: Person
) -> None:
    person.answer, lab = "n", live_tenant.lab(confirm="once")
    token = logged_in(lab)["mfa_token"]
    with pytest.raises(NotConfirmed) as refusal:
        lab.client.mfa_challenge(mfa_token=token, authenticator_id="push|dev_1")
    error = refusal.value
    assert error.__cause__ is error.__context__ is None
    shown = VerboseTB(theme_name="nocolor").text(type(error), error, error.__traceback__)
    assert "mfa_challenge" in shown
    assert [each for each in (str(token), live_tenant.sandbox.defaults.client_secret) if each in shown] == []
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    assert not [file for file in files if "httpx" in file or file.endswith(("wire/journal.py", "live/guard.py"))]
