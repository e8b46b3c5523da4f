"""Before a live call that costs or changes something the lab says what, and asks; after a no nothing was sent."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from IPython.core.ultratb import VerboseTB

from auth0_mfa_lab import Exchange, Lab
from auth0_mfa_lab.errors import NotConfirmed
from auth0_mfa_lab.live.guard import SAID, cost_of
from tests.live.live_world import LiveTenant

USER = "auth0|0123456789abcdef01234567"


@dataclass
class Person:
    """Somebody at the prompt, who answers each question alike and remembers what was asked."""

    answer: str | BaseException = "y"
    asked: list[str] = field(default_factory=list)

    def __call__(self, question: str = "") -> str:
        self.asked.append(question)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setattr("builtins.input", person := Person())
    return person


def logged_in(lab: Lab) -> str:
    known = lab.settings
    login = lab.client.password_grant(username=str(known.username), password=str(known.password), realm=known.realm)
    token: str = login["mfa_token"]
    return token


def api(lab: Lab) -> Any:
    token = lab.management_application.client_credentials_grant(audience=lab.management_audience)
    return lab.management(token["access_token"])


def challenge(**fields: str) -> Callable[[Lab], Exchange]:
    return lambda lab: lab.client.mfa_challenge(mfa_token=logged_in(lab), **fields)


def associate(**fields: Any) -> Callable[[Lab], Exchange]:
    return lambda lab: lab.client.mfa_associate(logged_in(lab), **fields)


SMS: dict[str, Any] = {"authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": "+15550123"}
# What is done, the request that it is, and the kinds of cost that it has.
CALLS: dict[str, tuple[Callable[[Lab], Exchange], str, tuple[str, ...]]] = {
    "a push": (challenge(authenticator_id="push|dev_1"), "POST /mfa/challenge", ("push",)),
    "an SMS": (challenge(authenticator_id="sms|dev_1"), "POST /mfa/challenge", ("sms",)),
    "an authenticator": (associate(authenticator_types=["otp"]), "POST /mfa/associate", ("authenticator",)),
    "an authenticator and an SMS": (associate(**SMS), "POST /mfa/associate", ("authenticator", "sms")),
    "an authenticator that is removed": (
        lambda lab: lab.client.mfa_delete_authenticator("a token", authenticator_id="sms|dev_1"),
        "DELETE /mfa/authenticators/{id}",
        ("removal",),
    ),
    "a passwordless SMS": (
        lambda lab: lab.client.passwordless_start(connection="sms", phone_number="+15550123", send="code"),
        "POST /passwordless/start",
        ("sms",),
    ),
    "a factor": (
        lambda lab: api(lab).update_guardian_factor("otp", enabled=False),
        "PUT /api/v2/guardian/factors/otp",
        ("setting",),
    ),
    "a user": (
        lambda lab: api(lab).create_user(connection=lab.settings.realm, email="a@example.com", verify_email=False),
        "POST /api/v2/users",
        ("new user",),
    ),
    "a user and an email": (
        lambda lab: api(lab).create_user(connection=lab.settings.realm, email="a@example.com"),
        "POST /api/v2/users",
        ("new user", "email"),
    ),
    "a user who is removed": (lambda lab: api(lab).delete_user(USER), "DELETE /api/v2/users/{id}", ("user",)),
    "a method": (
        lambda lab: api(lab).create_authentication_method(USER, type="phone", phone_number="+15550123"),
        "POST /api/v2/users/{id}/authentication-methods",
        ("authenticator",),
    ),
    "an invitation": (
        lambda lab: api(lab).enrollment_ticket(user_id=USER),
        "POST /api/v2/guardian/enrollments/ticket",
        ("setting", "email"),
    ),
}


def of_cost(live_tenant: LiveTenant, call: str) -> list[tuple[str, str]]:
    """Return the requests of a call that reached the tenant."""
    method, _, path = call.partition(" ")
    begin = path.partition("{id}")[0]
    return [(verb, where) for verb, where in live_tenant.journal if verb == method and where.startswith(begin)]


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_costs_says_what_and_after_a_no_it_is_neither_recorded_nor_sent(
    live_tenant: LiveTenant, person: Person, name: str
) -> None:
    call, line, kinds = CALLS[name]
    lab = live_tenant.lab(management=True, confirm="once")
    person.answer = "n"
    with pytest.raises(NotConfirmed) as refusal:
        call(lab)
    (question,) = person.asked
    for kind in kinds:
        assert SAID[kind] in question
    assert f"\n{line} " in question
    assert str(refusal.value).startswith(f"Nothing was sent: {line} ")
    assert of_cost(live_tenant, line) == []
    assert [each for each in lab.journal if line.startswith(f"{each.request.method} {each.request.target}")] == []
    assert live_tenant.sent == ()


@pytest.mark.parametrize("name", CALLS)
def test_after_a_yes_it_is_sent_once(live_tenant: LiveTenant, person: Person, name: str) -> None:
    call, line, _ = CALLS[name]
    call(live_tenant.lab(management=True, confirm="once"))
    assert len(person.asked) == 1
    assert len(of_cost(live_tenant, line)) == 1


def test_once_asks_once_for_each_kind(live_tenant: LiveTenant, person: Person) -> None:
    lab = live_tenant.lab(confirm="once")
    for name in ("a push", "a push", "an SMS", "an SMS", "a push", "an authenticator", "an authenticator and an SMS"):
        CALLS[name][0](lab)
    assert [question.splitlines()[-2][:25] for question in person.asked[:2]] == ["POST /mfa/challenge sends"] * 2
    assert len(person.asked) == 3
    assert all("asked once for each kind" in question for question in person.asked)


def test_a_call_of_two_kinds_is_asked_for_while_one_of_them_is_new(live_tenant: LiveTenant, person: Person) -> None:
    lab = live_tenant.lab(confirm="once")
    CALLS["an authenticator"][0](lab)
    CALLS["an authenticator and an SMS"][0](lab)
    assert len(person.asked) == 2
    CALLS["an SMS"][0](lab)
    assert len(person.asked) == 2


def test_a_no_is_asked_again_the_next_time(live_tenant: LiveTenant, person: Person) -> None:
    lab = live_tenant.lab(confirm="once")
    for answer in ("n", "", "no", "perhaps", "yes please"):
        person.answer = answer
        with pytest.raises(NotConfirmed):
            CALLS["a push"][0](lab)
    for answer in (" Y ", "YES"):
        person.answer = answer
        CALLS["a push"][0](lab)
    assert len(person.asked) == 6


def test_each_asks_each_time(live_tenant: LiveTenant, person: Person) -> None:
    lab = live_tenant.lab(confirm="each")
    for _ in range(3):
        CALLS["a push"][0](lab)
    assert len(person.asked) == 3
    assert "asked once" not in person.asked[0]


def test_never_asks_nobody(live_tenant: LiveTenant, person: Person) -> None:
    lab = live_tenant.lab(management=True, confirm="never")
    for call, line, _ in CALLS.values():
        call(lab)
        assert of_cost(live_tenant, line)
    assert person.asked == []


def test_another_lab_is_another_session(live_tenant: LiveTenant, person: Person) -> None:
    for _ in range(2):
        CALLS["a push"][0](live_tenant.lab(confirm="once"))
    assert len(person.asked) == 2


# -- what the first questions say


def test_the_first_question_names_the_tenant_and_says_not_in_production(
    live_tenant: LiveTenant, person: Person
) -> None:
    lab = live_tenant.lab(confirm="each")
    CALLS["a push"][0](lab)
    CALLS["an SMS"][0](lab)
    first, second = person.asked
    assert first.startswith(f"{live_tenant.domain} is a live tenant. Use one that is made for trying things out, never")
    assert "never one in production" in first
    assert "production" not in second


def test_the_first_enrollment_says_how_a_user_is_reset(live_tenant: LiveTenant, person: Person) -> None:
    lab = live_tenant.lab(confirm="each")
    CALLS["a push"][0](lab)
    CALLS["an authenticator"][0](lab)
    CALLS["an authenticator"][0](lab)
    told = ["Dashboard > User Management > Users > the user > Multi-Factor > Reset" in each for each in person.asked]
    assert told == [False, True, False]
    assert "DELETE /api/v2/users/{id}/authenticators" in person.asked[1]


def test_a_question_names_no_person_and_no_secret(live_tenant: LiveTenant, person: Person) -> None:
    lab = live_tenant.lab(management=True, confirm="each")
    for call, _, _ in CALLS.values():
        call(lab)
    questions = "\n".join(person.asked)
    known = live_tenant.sandbox.defaults
    for raw in (USER, USER[6:], "+15550123", "a@example.com", known.password, known.client_id, known.username, "dev_1"):
        assert raw not in questions


# -- which message a challenge sends


def sends(live_tenant: LiveTenant, person: Person, call: Callable[[Lab], object]) -> str:
    """Return the line of the last question that says what a challenge sends."""
    call(live_tenant.lab(confirm="each"))
    return person.asked[-1].splitlines()[-2]


def test_a_challenge_that_names_no_authenticator_may_be_any_message(live_tenant: LiveTenant, person: Person) -> None:
    for fields in ({}, {"challenge_type": "oob"}, {"challenge_type": "otp oob"}, {"authenticator_id": "other|dev_1"}):
        said = sends(live_tenant, person, challenge(**fields))
        assert "sends a push, an SMS, a phone call or an email, whichever the user has" in said


@pytest.mark.parametrize("fields", [{"challenge_type": "otp"}, {"authenticator_id": "totp|dev_1"}])
def test_a_challenge_that_sends_nothing_is_not_asked_for(
    live_tenant: LiveTenant, person: Person, fields: dict[str, str]
) -> None:
    challenge(**fields)(live_tenant.lab(confirm="each"))
    assert person.asked == []


# -- what is never asked for


def test_reads_logins_polls_and_codes_are_never_asked_for(live_tenant: LiveTenant, person: Person) -> None:
    person.answer = "n"
    lab = live_tenant.lab(management=True, confirm="each")
    token = logged_in(lab)
    lab.client.mfa_authenticators(token)
    lab.client.mfa_otp_grant(mfa_token=token, otp="123456")
    lab.client.mfa_oob_grant(mfa_token=token, oob_code="x", binding_code="123456")
    lab.client.mfa_recovery_code_grant(mfa_token=token, recovery_code="x")
    lab.client.passwordless_otp_grant(realm="sms", username="+15550123", otp="123456")
    lab.client.refresh_token_grant(refresh_token="x")
    lab.client.userinfo("x")
    lab.client.revoke("x")
    lab.client.jwks()
    lab.poll(mfa_token=token, oob_code="x")
    management = api(lab)
    management.guardian_factors(), management.applications(), management.user(USER), management.logs()
    assert person.asked == []
    assert len(live_tenant.journal) == len(lab.journal)


def test_a_panel_polls_without_a_question(live_tenant: LiveTenant, person: Person) -> None:
    person.answer = "n"
    lab = live_tenant.lab(confirm="each")
    panel = lab.poll_panel(mfa_token=logged_in(lab), oob_code="x")
    with ThreadPoolExecutor() as threads:
        threads.submit(panel.poll_once).result()
    assert person.asked == []


def test_a_sandbox_and_a_replay_ask_nobody(tmp_path: Path, person: Person) -> None:
    lab = Lab.sandbox()
    user = lab.user()
    login = lab.client.password_grant(username=user.username, password=user.password, realm=lab.settings.realm)
    lab.client.mfa_associate(login["mfa_token"], **SMS)
    lab.export("har").save(tmp_path / "run.har")
    replay = Lab.replay(tmp_path / "run.har")
    user = replay.user()
    login = replay.client.password_grant(username=user.username, password=user.password, realm=lab.settings.realm)
    assert replay.client.mfa_associate(login["mfa_token"], **SMS).status == 200
    assert person.asked == []


# -- where nobody can be asked


def absences() -> list[BaseException]:
    from IPython.core.error import StdinNotImplementedError

    return [EOFError(), OSError("no terminal"), RuntimeError("lost sys.stdin"), StdinNotImplementedError("no stdin")]


@pytest.mark.parametrize("absence", absences(), ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("confirm", ["once", "each"])
def test_where_nobody_can_be_asked_the_error_names_the_setting(
    live_tenant: LiveTenant, person: Person, confirm: Any, absence: BaseException
) -> None:
    person.answer = absence
    lab = live_tenant.lab(confirm=confirm)
    with pytest.raises(NotConfirmed, match=r"The lab cannot ask here.*AUTH0_LAB_CONFIRM=never"):
        CALLS["a push"][0](lab)
    assert of_cost(live_tenant, "POST /mfa/challenge") == []


def test_an_interrupt_at_the_prompt_is_a_no(live_tenant: LiveTenant, person: Person) -> None:
    person.answer = KeyboardInterrupt()
    with pytest.raises(NotConfirmed, match="You did not say yes"):
        CALLS["a push"][0](live_tenant.lab(confirm="once"))


def test_a_thread_asks_nobody_and_is_refused_until_a_cell_was_asked(live_tenant: LiveTenant, person: Person) -> None:
    lab = live_tenant.lab(confirm="once")
    with ThreadPoolExecutor() as threads:
        with pytest.raises(NotConfirmed, match="outside of the main thread"):
            threads.submit(CALLS["a push"][0], lab).result()
        assert person.asked == []
        assert of_cost(live_tenant, "POST /mfa/challenge") == []
        CALLS["a push"][0](lab)
        threads.submit(CALLS["a push"][0], lab).result()
    assert len(person.asked) == 1
    assert len(of_cost(live_tenant, "POST /mfa/challenge")) == 2


# -- what is agreed to at once


def test_several_calls_are_agreed_to_by_one_question(live_tenant: LiveTenant, person: Person) -> None:
    lab = live_tenant.lab(confirm="each")
    assert lab._guard is not None
    with lab._guard.agreed(["push", "sms"], "This sends a push and an SMS."):
        CALLS["a push"][0](lab)
        CALLS["an SMS"][0](lab)
        CALLS["an authenticator"][0](lab)
    assert len(person.asked) == 1
    assert "This sends a push and an SMS." in person.asked[0]
    CALLS["a push"][0](lab)
    assert len(person.asked) == 2


def test_what_is_agreed_to_at_once_is_agreed_to_here_alone(live_tenant: LiveTenant, person: Person) -> None:
    lab = live_tenant.lab(confirm="each")
    assert lab._guard is not None
    with lab._guard.agreed(), ThreadPoolExecutor() as threads:
        CALLS["a push"][0](lab)
        with lab._guard.agreed():
            CALLS["a push"][0](lab)
        CALLS["a push"][0](lab)
        with pytest.raises(NotConfirmed):
            threads.submit(CALLS["a push"][0], lab).result()
    assert person.asked == []


def test_what_is_not_agreed_to_at_once_is_not_begun(live_tenant: LiveTenant, person: Person) -> None:
    person.answer = "n"
    lab = live_tenant.lab(confirm="once")
    assert lab._guard is not None
    with pytest.raises(NotConfirmed), lab._guard.agreed(["push"], "This sends a push."):
        pytest.fail("it was begun")


# -- no body in the traceback


def test_the_traceback_of_a_refusal_shows_no_body_and_no_frame_that_had_it(
    live_tenant: LiveTenant, person: Person
) -> None:
    person.answer = "n"
    lab = live_tenant.lab(confirm="once")
    token = logged_in(lab)
    with pytest.raises(NotConfirmed) as refusal:
        lab.client.mfa_challenge(mfa_token=token, authenticator_id="push|dev_1")
    error = refusal.value
    assert error.__cause__ is error.__context__ is None
    shown = VerboseTB(theme_name="nocolor").text(type(error), error, error.__traceback__)
    assert "mfa_challenge" in shown
    for raw in (str(token), live_tenant.sandbox.defaults.client_secret):
        assert raw not in shown
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    assert not [file for file in files if "httpx" in file or file.endswith(("wire/journal.py", "live/guard.py"))]


# -- what a request costs, whoever wrote it


def request(method: str, path: str, body: Any = None, *, form: bool = False) -> httpx.Request:
    url = f"https://tenant.example{path}"
    return httpx.Request(method, url, data=body) if form else httpx.Request(method, url, json=body)


@pytest.mark.parametrize(
    ("written", "kinds"),
    [
        (request("POST", "/mfa/challenge/", {"authenticator_id": "push|dev_1"}), {"push"}),
        (request("POST", "//mfa//challenge", {"oob_channel": "voice"}), {"voice"}),
        (request("POST", "/mfa/challenge", {"authenticator_id": "sms|dev_1"}, form=True), {"sms"}),
        (request("post", "/mfa/challenge", [1]), {"message"}),
        (httpx.Request("POST", "https://tenant.example/mfa/challenge", content=b"\xff{"), {"message"}),
        (request("POST", "/mfa/challenge", {"challenge_type": None}), {"message"}),
        (request("POST", "/mfa/associate", {"oob_channels": "email"}), {"authenticator", "email"}),
        (request("POST", "/mfa/associate", {"oob_channels": ["auth0"]}), {"authenticator"}),
        (request("POST", "/mfa/associate", {"oob_channels": ["voice"]}), {"authenticator", "voice"}),
        (request("POST", "/passwordless/start", {"connection": "sms"}, form=True), {"sms"}),
        (request("POST", "/MFA/Challenge", {"authenticator_id": "push|dev_1"}), {"push"}),
        (request("POST", "/mfa/ch%61llenge", {"authenticator_id": "push|dev_1"}), {"push"}),
        (request("POST", "/API/v2/Users", {"verify_email": False}), {"new user"}),
        (request("DELETE", "/api/v2/connections/con_1"), {"users"}),
        (request("DELETE", "/api/v2/connections/con_1/users"), {"users"}),
        (request("DELETE", "/api/v2/users"), {"users"}),
        (request("DELETE", "/api/v2/users/a%0Ab"), {"user"}),
        (request("POST", "/api/v2/guardian/enrollments/ticket", {"send_mail": False}), {"setting"}),
        (request("POST", "/api/v2/jobs/verification-email", {}), {"setting"}),
        (request("PATCH", f"/api/v2/users/{USER}", {"verify_email": True}), {"setting", "email"}),
        (request("PATCH", f"/api/v2/users/{USER}", {"name": "x"}), {"setting"}),
        (request("PATCH", f"/api/v2/users/{USER}/authentication-methods/x", {"name": "x"}), {"setting"}),
        (request("DELETE", f"/api/v2/users/{USER}/multifactor/duo"), {"removal"}),
        (
            request("POST", f"/api/v2/users/{USER}/multifactor/actions/invalidate-remember-browser", {}),
            {"setting"},
        ),
        (request("POST", f"/api/v2/users/{USER}/recovery-code-regeneration"), {"setting"}),
        (request("DELETE", "/api/v2/something/new"), {"setting"}),
        (request("PATCH", "/api/v2/clients/c"), {"setting"}),
        (request("POST", "/mfa/challenge", {"authenticator_id": "email|dev_1"}), {"email"}),
        (request("POST", "/passwordless/start", {"connection": "email"}), {"email"}),
        (request("POST", "/passwordless/start", {"connection": "sms", "delivery_method": "voice"}), {"voice"}),
        (request("PUT", f"/api/v2/users/{USER}/authentication-methods", []), {"authenticator", "removal"}),
        (request("DELETE", f"/api/v2/users/{USER}/authentication-methods"), {"removal"}),
        (request("DELETE", f"/api/v2/users/{USER}/authenticators"), {"removal"}),
        (request("DELETE", "/api/v2/guardian/enrollments/dev_1"), {"removal"}),
        (request("DELETE", "/appliance-mfa/api/device-accounts/dev_1"), {"removal"}),
        (request("POST", "/dbconnections/signup", {"email": "a@example.com"}), {"other"}),
        (request("DELETE", "/me/v1/authentication-methods/x"), {"other"}),
        (request("PATCH", "/something/new"), {"other"}),
        (request("GET", "/api/v2/users"), set()),
        (request("HEAD", "/mfa/challenge"), set()),
        (request("POST", "/oauth/token", {"grant_type": "password"}), set()),
        (request("POST", "/oauth/revoke", {}), set()),
        (request("POST", "/appliance-mfa/api/enroll", {}), set()),
    ],
)
def test_what_a_request_costs(written: httpx.Request, kinds: set[str]) -> None:
    assert {*cost_of(written)[1]} == kinds


@pytest.mark.parametrize("path", [f"/api/v2/users/{USER}", "/api/v2/users/jane", "/api/v2/roles/rol_abc1/users"])
def test_a_call_is_named_without_an_id(path: str) -> None:
    call, _ = cost_of(request("DELETE", path))
    for raw in (USER, "jane", "rol_abc1"):
        assert raw not in call
    assert "{id}" in call
