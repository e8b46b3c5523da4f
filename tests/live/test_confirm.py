"""Before a live call that costs or changes something the lab says what, and asks; after a no nothing was sent."""

import json
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from IPython.core.error import StdinNotImplementedError
from IPython.core.ultratb import VerboseTB

from auth0_mfa_lab import Exchange, Lab
from auth0_mfa_lab.errors import NotConfirmed
from auth0_mfa_lab.live.guard import cost_of
from tests.live.conftest import Person
from tests.live.live_world import NUMBER, LiveTenant, mfa_token

USER = "auth0|0123456789abcdef01234567"
USERS = "/api/v2/users"
COSTS = {
    # a call with its body, and the kinds of what it costs; the first row of each kind is the one that is sent below
    'POST /mfa/challenge {"authenticator_id": "push|dev_1"}': "push",
    'POST /mfa/challenge {"authenticator_id": "sms|dev_1"}': "sms",
    'POST /mfa/challenge {"oob_channel": "voice"}': "voice",
    'POST /mfa/challenge {"authenticator_id": "email|dev_1"}': "email",
    'POST /mfa/challenge {"challenge_type": "oob"}': "message",
    'POST /mfa/associate {"authenticator_types": ["otp"]}': "authenticator",
    'POST /mfa/associate {"oob_channels": ["sms"]}': "authenticator, sms",
    "DELETE /mfa/authenticators/dev_1": "removal",
    'PUT /api/v2/guardian/factors/otp {"enabled": false}': "setting",
    'POST /api/v2/users {"email": "a@example.com", "verify_email": false}': "new user",
    'POST /api/v2/users {"email": "a@example.com"}': "new user, email",
    f"DELETE {USERS}/{USER}": "user",
    "DELETE /api/v2/users": "users",
    "PATCH /something/new {}": "other",
    'POST /api/v2/guardian/enrollments/ticket {"user_id": "auth0|0123456789abcdef01234567"}': "setting, email",
    # -- in whichever way it is written
    'POST //mfa//challenge/ {"oob_channel": "auth0"}': "push",
    'POST /MFA/Ch%61llenge {"authenticator_id": "push|dev_1"}': "push",
    "POST /mfa/challenge authenticator_id=sms%7Cdev_1": "sms",
    "post /mfa/challenge [1]": "message",
    "POST /mfa/challenge {": "message",
    'POST /mfa/challenge {"authenticator_id": "other|dev_1"}': "message",
    'POST /mfa/challenge {"challenge_type": "otp"}': "",
    'POST /mfa/challenge {"authenticator_id": "totp|dev_1"}': "",
    'POST /mfa/associate {"oob_channels": "email"}': "authenticator, email",
    'POST /mfa/associate {"oob_channels": ["auth0"]}': "authenticator",
    "POST /passwordless/start connection=sms": "sms",
    'POST /passwordless/start {"connection": "email"}': "email",
    'POST /passwordless/start {"connection": "sms", "delivery_method": "voice"}': "voice",
    'POST /api/v2/users {"email_verified": true}': "new user",
    "DELETE /api/v2/connections/con_1": "users",
    "DELETE /api/v2/connections/con_1/users": "users",
    f"DELETE {USERS}/jane%0A": "user",
    "DELETE /api/v2/roles/rol_1/users": "setting",
    f'PATCH {USERS}/{USER} {{"verify_email": true}}': "setting, email",
    f'POST {USERS}/{USER}/authentication-methods {{"type": "phone"}}': "authenticator",
    f"PUT {USERS}/{USER}/authentication-methods []": "authenticator, removal",
    f"DELETE {USERS}/{USER}/authentication-methods": "removal",
    f"DELETE {USERS}/{USER}/authenticators": "removal",
    f"DELETE {USERS}/{USER}/multifactor/duo": "removal",
    'POST /api/v2/guardian/enrollments/ticket {"send_mail": false}': "setting",
    "POST /api/v2/jobs/verification-email {}": "setting",
    "DELETE /api/v2/guardian/enrollments/dev_1": "removal",
    "DELETE /appliance-mfa/api/device-accounts/dev_1": "removal",
    "POST /dbconnections/+15550100 {}": "other",
    "GET /api/v2/users": "",
    "OPTIONS /something/new": "",
    'POST /oauth/token {"grant_type": "password"}': "",
    "POST /oauth/revoke {}": "",
    "POST /appliance-mfa/api/enroll {}": "",
}
ASKED = Path(__file__).with_name("asked.txt").read_text("utf-8").strip().split("\n\n")
"""What a person reads before the first call of each kind."""
CALLS = {kinds: call for call, kinds in reversed(COSTS.items()) if kinds}
PUSH, BY_SMS, ENROLL, ENROLL_SMS = "push", "sms", "authenticator", "authenticator, sms"


def request(call: str) -> httpx.Request:
    """Return the request of a row; its body is JSON or a form."""
    method, path, *body = call.split(" ", 2)
    kind = "application/json" if body and body[0][0] in "{[" else "application/x-www-form-urlencoded"
    return httpx.Request(method, f"https://tenant.example{path}", content="".join(body), headers={"content-type": kind})


def does(lab: Lab, kinds: str) -> Exchange:
    method, path, *body = CALLS[kinds].split(" ", 2)
    return lab.client.send(method, path, bearer="a token", json=json.loads(body[0]) if body else None)


@pytest.mark.parametrize("call", COSTS)
def test_what_a_request_costs_and_its_name_without_an_id(call: str) -> None:
    name, found = cost_of(request(call))
    assert ", ".join(found) == COSTS[call]
    assert [raw for raw in (USER, USER[6:], "jane", "dev_1", "rol_1", "+15550100") if raw in name] == []


@pytest.mark.parametrize("kinds", CALLS)
def test_after_a_no_a_call_is_neither_recorded_nor_sent_and_after_a_yes_it_is_sent_once(
    live_tenant: LiveTenant, person: Person, kinds: str
) -> None:
    lab, sent = live_tenant.lab(confirm="once"), tuple(CALLS[kinds].split(" ")[:2])
    for person.answer in ("n", "", "no", "perhaps", "yes please"):
        with pytest.raises(NotConfirmed) as refusal:
            does(lab, kinds)
    assert (live_tenant.journal, len(lab.journal)) == ([], 0)
    person.answer, first = " YES ", person.asked[0]
    assert first.replace(live_tenant.domain, "{domain}").rstrip() in ASKED
    said = f"Nothing was sent: {first.splitlines()[1]} You did not say yes. Run the cell again to be asked again."
    assert str(refusal.value) == said
    known = live_tenant.sandbox.defaults
    for raw in (USER, NUMBER, "a@example.com", "dev_1", known.password, known.client_id, known.username):
        assert raw not in "\n".join(person.asked)
    for _ in range(2):
        does(lab, kinds)
    assert (live_tenant.journal, len(person.asked)) == ([sent, sent], 6)
    does(live_tenant.lab(confirm="once"), kinds)
    assert len(person.asked) == 7  # another lab is another session


@pytest.mark.parametrize(("confirm", "places"), [("once", [0, 2, 4]), ("each", [0, 1, 2, 3, 4, 5])])
def test_once_asks_once_for_each_kind_and_each_each_time(
    live_tenant: LiveTenant, person: Person, confirm: str, places: list[int]
) -> None:
    lab, asked = live_tenant.lab(confirm=confirm), list[int]()
    for place, kinds in enumerate((PUSH, PUSH, BY_SMS, PUSH, ENROLL, ENROLL_SMS)):
        does(lab, kinds)
        asked += [place] * (len(person.asked) - len(asked))
    assert asked == places
    # The first enrollment says how a user is reset.
    parts = ("asked once", "production", "DELETE /api/v2/users/{id}/authenticators")
    assert [tuple(part in each for part in parts) for each in person.asked] == [
        (confirm == "once", place == 0, place == 4) for place in places
    ]


ABSENT = (EOFError(), OSError("no terminal"), RuntimeError("lost sys.stdin"), StdinNotImplementedError("no stdin"))


@pytest.mark.parametrize("absence", [*ABSENT, KeyboardInterrupt()], ids=lambda each: type(each).__name__)
def test_where_no_question_can_be_asked_the_error_names_the_setting_and_an_interrupt_is_a_no(
    live_tenant: LiveTenant, person: Person, absence: BaseException
) -> None:
    person.answer = absence
    setting = r"The lab cannot ask here.*Make such a call in a cell first, or set \S+=never to be asked nothing\.$"
    said = "You did not say yes" if isinstance(absence, KeyboardInterrupt) else setting
    with pytest.raises(NotConfirmed, match=said):
        does(live_tenant.lab(confirm="once"), PUSH)
    assert live_tenant.journal == []


def test_a_thread_asks_nobody_and_several_calls_are_agreed_to_by_one_question_here_alone(
    live_tenant: LiveTenant, person: Person
) -> None:
    once, each = live_tenant.lab(confirm="once"), live_tenant.lab(confirm="each")
    assert each._guard is not None
    with ThreadPoolExecutor() as threads:
        with pytest.raises(NotConfirmed, match="outside of the main thread"):
            threads.submit(does, once, PUSH).result()
        assert (person.asked, live_tenant.journal) == ([], [])
        does(once, PUSH)
        threads.submit(does, once, PUSH).result()  # a cell was asked
        person.answer = "n"
        with pytest.raises(NotConfirmed), each._guard.agreed([PUSH], "This sends a push."):
            pytest.fail("it was begun")
        person.answer = "y"
        with each._guard.agreed([PUSH, BY_SMS], "This sends a push and an SMS."):
            does(each, PUSH)
            with each._guard.agreed():
                does(each, BY_SMS)
            does(each, ENROLL)
            with pytest.raises(NotConfirmed):
                threads.submit(does, each, PUSH).result()
    assert ("This sends a push and an SMS." in person.asked[2], len(person.asked)) == (True, 3)
    does(each, PUSH)
    assert (len(person.asked), len(live_tenant.journal)) == (4, 6)


def test_the_traceback_of_a_refusal_shows_no_body_and_no_frame_that_had_it(
    live_tenant: LiveTenant, person: Person
) -> None:
    person.answer, lab = "n", live_tenant.lab(confirm="once")
    token = mfa_token(lab)
    with pytest.raises(NotConfirmed) as refusal:
        lab.client.mfa_challenge(mfa_token=token, authenticator_id="push|dev_1")
    error = refusal.value
    assert error.__cause__ is error.__context__ is None
    shown = VerboseTB(theme_name="nocolor").text(type(error), error, error.__traceback__)
    assert "mfa_challenge" in shown
    assert [each for each in (token, live_tenant.sandbox.defaults.client_secret) if each in shown] == []
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    assert not [file for file in files if "httpx" in file or file.endswith(("wire/journal.py", "live/guard.py"))]
