"""Clock, chance, the default tenant, what is not emulated, and the in-process transport: one request at a time."""

import asyncio
import json
import re
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from functools import partial
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse, Response

import auth0_mfa_lab.sandbox
from auth0_mfa_lab.sandbox import Chance, Clock, Phone, Sandbox, WallClock
from auth0_mfa_lab.sandbox.errors import ROWS, TOKEN
from auth0_mfa_lab.sandbox.not_emulated import ANYWHERE, IGNORED, TABLE, Absent
from auth0_mfa_lab.sandbox.settings import SWITCHES
from tests.mothers import rows
from tests.sandbox.sandbox_mothers import App, app_of, error_of
from tests.sandbox.test_answers_management import Ground

START, YEAR = 1_800_000_000, 365 * 86_400
ROOM = Path(auth0_mfa_lab.sandbox.__file__).parent


@pytest.mark.parametrize("clock", [Clock(), WallClock(lambda: float(START))], ids=["frozen", "wall"])
def test_a_clock_moves_when_it_is_advanced_and_a_hundred_years_in_all(clock: Clock) -> None:
    assert clock.now() == clock.now() == START
    for seconds in (float("inf"), float("nan"), 10**400, 100 * YEAR + 1):
        with pytest.raises(ValueError, match="a hundred years"):
            clock.advance(seconds)
    with pytest.raises(ValueError, match="only moves forward"):
        clock.advance(-1)
    for _ in range(10):
        clock.advance(10 * YEAR)
    with pytest.raises(ValueError, match="a hundred years"):
        clock.advance(1)
    assert clock.now() == START + 100 * YEAR
    clock.restart()
    clock.advance(0.5)
    assert clock.now() == START + 0.5


def test_a_tenant_of_the_latest_day_still_answers(app: App) -> None:
    app.sandbox.clock.advance(100 * YEAR)
    assert app.password(scope="openid").status_code == 403


def test_the_same_seed_gives_the_same_run_and_a_fork_does_not_depend_on_what_others_drew(app: App) -> None:
    same, other = Sandbox(), Sandbox(seed=2)
    assert same.defaults == app.sandbox.defaults != other.defaults
    assert same.add_user() == app.sandbox.add_user()
    one, two = Chance(1), Chance(1)
    two.alnum(100)
    assert one.fork("phones").hex(16) == two.fork("phones").hex(16) != one.fork("people").hex(16)


def test_the_default_tenant_names_nobody_real(sandbox: Sandbox) -> None:
    known = sandbox.defaults
    assert known.username.endswith("@example.com")
    user = sandbox.add_user()
    for number in (known.phone_number, user.phone_number):
        assert re.fullmatch(r"\+155501\d\d", number)
    assert [*map(len, [*astuple(known)[:7], user.password])] == [32, 64, 32, 32, 64, 16, 30, 16]


def test_every_answer_that_is_no_plain_success_stands_once_and_its_switch_has_the_value() -> None:
    assert len({(row.endpoint, row.case, row.status) for row in ROWS}) == len(ROWS)
    for name, value in (row.switch for row in ROWS if row.switch):
        assert value in (("docs", "recorded") if name == "profile" else SWITCHES[name].values)


def test_the_state_of_the_tenant_imports_no_web() -> None:
    state = "tenant records errors settings clock limits delivery json_text oauth/tokens mfa/authenticators"
    for name in state.split():
        text = (ROOM / f"{name}.py").read_text("utf-8")
        assert not re.search(r"^\s*(from|import) (starlette|httpx|auth0_mfa_lab.sandbox.http)\b", text, re.M), name


ABSENT = """
501 GET /me/v1/factors, 501 POST /appliance-mfa/api/start-flow, 501 GET /rich-consents/x, 501 GET /activate
501 POST /oauth/global-token/revoke, 501 POST /api/v2/clients, 404 GET /nowhere, 404 POST /authorizer, 404 GET /me2
404 GET /mfa/authenticators/, 404 GET /api/v2/, 404 GET /api/v2/user/x, 404 GET /api/nowhere, 404 GET /api/v2/logstreams
"""


@pytest.mark.parametrize("row", re.findall(r"\d+ \w+ /[^,\n]*", ABSENT))
def test_a_path_that_the_sandbox_lacks_is_501_where_auth0_has_it(app: App, row: str) -> None:
    answer = app.http.request(*row[4:].split())
    assert answer.status_code == int(row[:3])
    assert not {"date", "server"} & set(answer.headers)
    if answer.status_code == 501:
        return
    # A note stands beside the answer, never on the wire.
    assert answer.json() == {"statusCode": 404, "error": "Not Found", "message": "Not Found"}
    assert answer.extensions["auth0_lab_notes"] == ("sandbox: status guess",)
    assert "guess" not in answer.text + str(answer.headers)


def sent(ground: Ground, kind: str, where: str, name: str) -> list[httpx.Response]:
    """Send a name of the table of what is not emulated, wherever it may stand."""
    app, call = ground.admin.app, where.replace("/api/v2", "").rpartition(" of ")[2]
    audience, own = f"https://sandbox.example/{name}", {"grant_type": "client_credentials"}
    if kind == "path":
        path = f"{name}x/y/z" if name.endswith("/") else name
        return [app.http.request(method, path) for method in (("GET", "POST") if where == ANYWHERE else (where,))]
    if kind == "header":
        return [app.http.post(path, headers={name: "x"}) for path in ("/oauth/token", "/userinfo", "/nowhere")]
    if kind == "grant":
        return [app.token(grant_type=name)]
    if kind == "audience":
        return [app.password(audience=audience), *([app.token(audience=audience, **own)] if where == TOKEN else ())]
    if kind == "parameter":
        return [app.password(**{name: "x"})]
    if kind == "query parameter":
        return [ground.call(ground.admin, f"{call}?{name}=x")]
    member, _, value = name.partition(":")
    body = json.loads(f'{{"{member}": {value or "null"}}}')
    body = {where.split()[0]: body} if " of " in where else [body] if call.startswith("PUT") else body
    return [ground.call(ground.admin, call, json.dumps(body))]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.kind} {row.where} {row.names.split()[0]}")
def test_each_name_that_is_not_emulated_is_a_501_that_names_it_and_changes_nothing(app: App, row: Absent) -> None:
    ground, grants = Ground(app), app.sandbox.tenant.clients[app.sandbox.defaults.client_id].grants
    granted = [*grants, *(name for each in TABLE if each.kind == "grant" for name in each.names.split())]
    assert ground.call(ground.admin, "PATCH /clients/{id}", json.dumps({"grant_types": granted})).status_code == 200
    before = ground.state
    for name in row.names.split():
        for answer in sent(ground, row.kind, row.where, name):
            assert (answer.status_code, answer.headers["content-type"]) == (501, "text/plain; charset=utf-8")
            assert name in answer.text
            assert "not Auth0's" in answer.text
    assert ground.state == before


def test_what_auth0_does_not_read_is_ignored(app: App) -> None:
    headers = {name: "x" for row in IGNORED if row.kind == "header" for name in row.names.split()}
    fields = {
        name: "x" for row in IGNORED if (row.kind, row.where) == ("parameter", TOKEN) for name in row.names.split()
    }
    app.http.headers.update(headers)
    assert error_of(app.password(**fields))[1] == "mfa_required"
    renewed = app.tokens(app.sandbox.add_user(factors=["sms"]), scope="offline_access")["refresh_token"]
    asked = {"grant_type": "refresh_token", "refresh_token": renewed, "audience": app.sandbox.defaults.audience}
    assert "." not in app.token(**asked).json()["access_token"], "no JWT of that API"


# -- the transport


def test_a_request_starts_no_thread_and_works_under_a_running_loop_and_after_another_clients_end() -> None:
    sandbox, before = Sandbox(), threading.enumerate()
    with app_of(sandbox).http as first:
        assert first.get("/nowhere").status_code == 404

    async def inside() -> int:
        return app_of(sandbox).http.get("/nowhere").status_code

    assert asyncio.run(inside()) == 404
    assert threading.enumerate() == before


@pytest.fixture
def handled(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Response]], App]:
    """Return an application whose sandbox has one handler for every request."""

    def make(handler: Callable[[], Response]) -> App:
        monkeypatch.setattr("auth0_mfa_lab.sandbox.variations.respond", lambda *_: handler())
        return app_of(Sandbox())

    return make


def test_one_request_at_a_time_and_a_call_from_inside_one_raises_and_says_why(
    handled: Callable[..., App], request: pytest.FixtureRequest
) -> None:
    running, together = [0], []
    request.addfinalizer(partial(sys.setswitchinterval, sys.getswitchinterval()))
    sys.setswitchinterval(1e-6)  # lets another thread in at once

    def handler() -> Response:
        running[0] += 1
        with pytest.raises(RuntimeError, match="from inside one of its own requests"):
            http.get("/again")
        sum(number for number in range(10_000))
        together.append(running[0])
        running[0] -= 1
        return PlainTextResponse("outer")

    http: httpx.Client = handled(handler).http
    with ThreadPoolExecutor(4) as pool:
        assert {answer.text for answer in pool.map(http.get, ["/"] * 24)} == {"outer"}
    assert together == [1] * 24


def test_a_bug_is_a_plain_500_whose_text_is_not_told_and_an_interrupt_leaves_the_sandbox_answering(
    handled: Callable[..., App], caplog: pytest.LogCaptureFixture
) -> None:
    problems = [KeyboardInterrupt(), *(KeyError("secret") for _ in range(30))]

    def broken() -> Response:
        raise problems.pop(0)

    app = handled(broken)
    with pytest.raises(KeyboardInterrupt):
        app.http.get("/x")
    while problems:
        answer = app.http.get("/x")
        assert (answer.status_code, answer.headers["content-type"][:10]) == (500, "text/plain")
        assert "bug in the sandbox" in answer.text
        assert "secret" not in answer.text
    assert len(app.sandbox.failures) == 20, "the last ones are kept"
    assert isinstance(app.sandbox.failures[0], KeyError)
    assert ("a bug in the sandbox: KeyError" in caplog.text, "'secret'" in caplog.text) == (True, False)


STEPS = """
mfar                     | MFA required.
gd_start_enroll          | Enrollment started: otp.
gd_enrollment_complete   | Enrollment confirmed.
gd_auth_succeed          | Second factor given.
gd_start_auth            | Second factor started: push.
gd_send_pn               | A push was sent.
gd_auth_rejected         | The push was rejected.
gd_start_auth            | Second factor started: sms.
gd_send_sms              | A code was sent: sms.
gd_recovery_failed       | A wrong code.
gd_recovery_succeed      | A recovery code was used.
gd_auth_failed           | A wrong code.
gd_recovery_rate_limit_exceed | Too many failed codes.
gd_otp_rate_limit_exceed | Too many failed codes.
gd_unenroll              | Authenticator removed.
seccft                   | Access token for an application's own credentials.
"""


def test_the_log_tells_each_step_of_a_user(app: App, phone: Phone) -> None:
    box = app.sandbox
    new, user = box.add_user(), box.add_user(factors=["push", "sms"], phone=phone)
    box.tenant.logs.clear()
    phone.scan(app.associate_otp(mfa_token := app.login(new)).json()["barcode_uri"])
    app.otp(mfa_token, phone.code())
    app.challenge(mfa_token := app.login(user), oob_channel="auth0")
    phone.reject()
    app.challenge(mfa_token, oob_channel="sms")
    app.recover(mfa_token, "A" * 24)
    app.recover(mfa_token, str(user.recovery_code))
    for _ in range(11):
        app.otp(mfa_token := app.login(user), "000000")
        app.recover(mfa_token, "A" * 24)
    box.tenant.remove_authenticators(user)
    app.token(grant_type="client_credentials", audience=box.defaults.audience)
    steps = {(each.type, each.description): each.user_id for each in box.tenant.logs}
    assert [*map(list, steps)] == rows(STEPS)
    assert set(steps.values()) == {new.user_id, user.user_id, None}
    for _ in range(1_100):
        box.tenant.log("mfar", "MFA required.")
    assert [len(each.log_id) for each in box.tenant.logs] == [32] * 1_000
