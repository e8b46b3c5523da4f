"""The control plane: who may use it, what each path answers, what is refused, and what its operations do."""

import json
import re

import httpx
import pytest

from auth0_mfa_lab.errors import ControlRefused, NothingWasSent, PhoneError
from auth0_mfa_lab.sandbox import fictional_number
from auth0_mfa_lab.sandbox.operations import OPERATIONS, PHONE_OPERATIONS
from auth0_mfa_lab.sandbox.server import FILES, Server
from auth0_mfa_lab.show.qr import qr_png
from auth0_mfa_lab.tenants.operations import Remote
from tests.mothers import rows
from tests.sandbox.sandbox_mothers import App
from tests.serve.conftest import LogIn

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
TEN_YEARS = 10 * 365 * 86_400
TICKET = "otpauth://totp/x?enrollment_tx_id=abc&base_url="
# What the verbs of a path answer to a call without arguments. Every other verb is 405, every other path 404.
PLANE = """
state             GET 200
code              GET 400
messages          GET 200
push              GET 404
phones            POST 201
pushes            GET 400
phone             GET 200
phone/scan        POST 400
phone/allow       POST 404
phone/reject      POST 404
phone/allow_after POST 400
phone/reject_after POST 400
phone/code        GET 404
clock             GET 200, POST 400, DELETE 200
users             GET 200, POST 201
users/john-roe    DELETE 404
clients           GET 200, POST 201
settings          GET 200, PATCH 200
choices           GET 200
limits            GET 400
faults            GET 200, POST 400, DELETE 204
journal           GET 200
reset             POST 204
nothing/here
../_lab/states
"""
NO_TOKEN = "Send the token: Authorization: Bearer $AUTH0_LAB_TOKEN."
NOTHING = r"There is nothing at /_lab/(nothing/here|states); there is: users, users/\{user\}, limits, .*, phone/code\."
# A caller | its headers | what it is answered
DENIED = r"""
no token, and another host | {"authorization": "", "host": "evil.example"}                        | 401 unauthorized
an empty token             | {"authorization": "Bearer"}                                          | 401 unauthorized
another token              | {"authorization": "Bearer wrong"}                                    | 401 unauthorized
another scheme             | {"authorization": "Basic {token}"}                                   | 401 unauthorized
no text                    | {"authorization": "Bearer \u00ff\u00fe", "cookie": "\u00ff=\u00ff"}  | 401 unauthorized
a cookie                   | {"authorization": "", "cookie": "auth0_lab={token}"}                 | 401 unauthorized
another host               | {"host": "evil.example"}                                             | 403 wrong_host
another origin             | {"origin": "https://evil.example"}                                   | 403 wrong_origin
a null origin              | {"origin": "null"}                                                   | 403 wrong_origin
no port                    | {"origin": "http://localhost"}                                       | 403 wrong_origin
another port               | {"origin": "http://localhost:1"}                                     | 403 wrong_origin
its own origin             | {"host": "Auth.Example", "origin": "http://auth.example"}            | 204
"""
# A call | what it says rightly | values of one field more that are refused (LONG: a letter more than there may be)
REFUSED = """
POST users             | {} | {"factors": [["webauthn"], "push"], "username": [5, "", "LONG"], "phone_number": ["555"]}
POST users             | {} | {"email": ["x", "@LONG"], "unknown": [1]}
POST clients           | {} | {"grants": [["implicit"]], "public": [1]}
POST clock             | {} | {"advance": [-1, "1", true, 315360001, NaN, Infinity]}
PATCH settings         | {} | {"policy": ["x"], "factors": [["x"]]}
PATCH settings         | {} | {"switches": [{"x": "y"}, {"refresh": "y"}, {"refresh": 1}]}
POST faults            | {} | {"kind": ["rain", null]}
POST faults            | {"kind": "429"}  | {"times": [0, true, 10001], "retry_after": [-1]}
POST faults            | {"kind": "5xx"}  | {"status": [404, 499, 600], "polls": [1]}
POST faults            | {"kind": "html"} | {"status": [399, 600], "retry_after": [1]}
POST faults            | {"kind": "drop"} | {"seconds": [1], "status": [502]}
POST faults            | {"kind": "lost_push"} | {"route": ["/"]}
POST faults            | {"kind": "slow"} | {"seconds": [-1, "1"], "route": ["oauth"]}
POST phone/allow_after | {} | {"polls": [0, 1001]}
POST phone/reject_after | {"polls": 1} | {"reason": [1]}
POST phone/scan        | {} | {"barcode": ["", "https://example.com/", "TICKETevil", "TICKEThttps%3A%2F%2F%5B"]}
GET push               | {} | {"form": ["smoke"], "unknown": ["1"]}
GET limits             | {} | {"user": [""]}
GET code               | {"address": "a"} | {"purpose": ["x"]}
GET journal            | {} | {"after": [-1]}
"""
# A call | what it says | why it cannot be done
TOLD = """
POST users  | {"factors": ["x"]}    | factors must be an array of push, otp, sms, voice, email.
POST users  | {"username": ""}      | username must be 1 to 128 characters long.
POST users  | {"phone_number": "5"} | phone_number must be in E.164 form, such as +15550100.
POST users  | {"email": "x"}        | email must be an email address.
POST users  | {"x": 1} | There is no field 'x' here; there is: factors, username, phone_number, email, phone.
POST clients | {"public": 1}        | public must be true or false.
POST clock  | {"advance": -1}       | advance must be a number of seconds, 0 or more.
PATCH settings | {"policy": "x"}    | policy must be one of all-applications, confidence-score, never.
PATCH settings | {"switches": 1}    | switches must be an object of strings.
POST faults | {"kind": "5xx", "times": 0}   | times must be a whole number from 1 to 10000.
POST faults | {"kind": "5xx", "route": ""}|route must be a path, with a method before it or without: POST /oauth/token.
POST faults|{"kind":"5xx","status":499}|status must be a whole number from 500 to 599; the kind html takes one from 400.
POST faults | {"kind": "5xx", "polls": 1}   | A fault of the kind 5xx reads no polls; it reads times, route, status.
POST phone/scan | {}                | barcode must be a string.
POST phone/allow | {}     | No push waits on the phone. Send one with /mfa/challenge; it can be answered for 5 minutes.
DELETE users/john-roe | {}            | There is no user with this id.
GET limits?user=john-roe | {}         | There is no user john-roe.
GET code?address=a | {}             | No code was sent to a.
GET code?address=a&purpose=mfa | {} | No code was sent to a for mfa.
GET push | {}             | No push was sent. One is sent by /mfa/challenge, to a user with an enrolled phone.
GET phone/code | {}                 | The phone shows no codes yet.
GET phone/code?user=a | {}          | The phone shows no codes of that user.
GET clock?at=1 | {}                 | There is no parameter 'at' here; there is: none.
"""


@pytest.mark.parametrize("row", PLANE.strip().splitlines())
def test_a_path_has_its_verbs_and_without_the_token_none(http: httpx.Client, control: httpx.Client, row: str) -> None:
    path, *said = row.replace(",", "").split()
    verbs = dict(zip(said[::2], map(int, said[1::2]), strict=True))
    for method in METHODS:
        denied = http.request(method, f"/_lab/{path}")
        answer = control.request(method, path)
        wanted = verbs.get(method, 405 if verbs else 404)
        assert (method, denied.status_code, answer.status_code) == (method, 401, wanted)
        for each in (denied, answer):
            assert (each.headers["cache-control"], each.headers["x-content-type-options"]) == ("no-store", "nosniff")
            assert "access-control-allow-origin" not in each.headers
        if method != "HEAD":
            assert denied.json()["message"] == NO_TOKEN
            assert wanted != 405 or answer.json()["message"] == f"/_lab/{path} takes {', '.join(verbs)}."
            assert wanted != 404 or verbs or re.fullmatch(NOTHING, answer.json()["message"])


def test_the_table_of_paths_is_whole() -> None:
    known = {(each.path.replace("{user}", "john-roe"), each.method) for each in (*OPERATIONS, *PHONE_OPERATIONS)}
    rows = PLANE.strip().splitlines()
    assert {(row.split()[0], method) for row in rows for method in METHODS if f" {method} " in row} == known


@pytest.mark.parametrize(("who", "headers", "said"), rows(DENIED))
def test_a_caller_needs_the_token_a_name_and_an_origin_of_the_servers(
    server: Server, control: httpx.Client, who: str, headers: str, said: str
) -> None:
    status, _, error = said.partition(" ")
    given = json.loads(headers.replace("{token}", server.token))
    sent = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
    answers = [control.request("DELETE", "faults", headers=sent)]
    if error:
        answers.append(control.request("GET", f"clock?token={server.token}", headers=sent))
    for answer in answers:
        assert (answer.status_code, answer.json()["error"] if error else "") == (int(status), error), who
        assert not error or answer.json()["message"].endswith(".")


def test_the_page_needs_no_token_and_holds_nothing_of_the_tenant(server: Server, http: httpx.Client) -> None:
    for name, kind in {**FILES, "/": "text/html"}.items():
        page = http.get(f"/_lab/{name}".replace("//", "/"))
        assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (200, kind)
        assert page.headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
            "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        assert (page.headers["cache-control"], page.headers["x-frame-options"]) == ("no-store", "DENY")
        assert (page.headers["referrer-policy"], "set-cookie" in page.headers) == ("no-referrer", False)
        assert server.sandbox.defaults.client_id not in page.text
        assert http.head(page.url).status_code == 200
    assert http.get("/_lab").text == http.get("/_lab/").text


@pytest.mark.parametrize("row", REFUSED.replace("LONG", "x" * 129).replace("TICKET", TICKET).strip().splitlines())
def test_what_makes_no_sense_is_refused_by_its_field_and_changes_nothing(control: httpx.Client, row: str) -> None:
    call, *cells = row.split(" | ")
    right, wrong = map(json.loads, cells)
    looks = ("users", "clients", "settings", "faults", "phone")
    before = [control.get(path).json() for path in looks]
    method, path = call.split()
    for field, value in [(field, value) for field, values in wrong.items() for value in values]:
        said = {**right, field: value}
        query, body = (said, None) if method == "GET" else (None, json.dumps(said))
        answer = control.request(method, path, params=query, content=body)
        error = "not_a_barcode" if path == "phone/scan" and value else "bad_input"
        assert (value, answer.status_code, answer.json()["error"]) == (value, 400, error)
        assert answer.json()["field"] == field
    assert [control.get(path).json() for path in looks] == before
    for content in (b"[]", b"{", b"\xff", b'"x"', b'{"a": "\\ud800"}') if method == "POST" else ():
        assert control.post(path, content=content).json()["message"] == "The body must be a JSON object."


@pytest.mark.parametrize(("call", "body", "told"), rows(TOLD))
def test_what_cannot_be_done_is_told_with_a_sentence(control: httpx.Client, call: str, body: str, told: str) -> None:
    assert control.request(*call.split(), content=body).json()["message"] == told


def test_codes_and_messages_are_found_by_their_address(app: App, control: httpx.Client, ask: Remote) -> None:
    number = "+15550100"
    app.associate_sms(app.mfa_token(), number)
    app.http.headers["x-forwarded-for"] = "192.0.2.7"  # not believed
    app.start(number)
    app.start("New.Person@Example.com", send="link")
    starts = ask("limits", user=app.sandbox.defaults.username)["limits"][-1]
    assert (starts["name"], starts["left"]) == ("passwordless_starts", 48)
    code = ask("code", address=number, purpose="mfa")
    newest = control.get(f"code?address={number}").json()  # a plus sign that nobody encoded
    assert [(each["channel"], each["purpose"]) for each in (code, newest)] == [("sms", "mfa"), ("sms", "passwordless")]
    every = ask("messages")["messages"]
    assert [each["code"] for each in every] == [None, newest["code"], code["code"]]
    state = ask("state")
    assert ([*state], state["messages"]) == (["now", "domain", "profile", "phone", "messages"], every)
    assert [*ask("choices")] == ["factors", "faults", "settings", "switches"]
    assert ask("messages", address="new.person@example.COM")["messages"] == every[:1]
    app.sandbox.delivery.newest *= 20
    assert len(ask("messages")["messages"]) == 50


def test_the_phone_answers_the_push_that_is_named_or_the_newest_now_or_later(
    control: httpx.Client, ask: Remote, log_in: LogIn
) -> None:
    first, second = log_in("push"), log_in("push")
    names = [each.user["username"] for each in (first, second)]
    with pytest.raises(NothingWasSent):
        ask("newest_push")
    with pytest.raises(PhoneError, match="No push waits"):
        ask("allow_after", polls=1, user="nobody")
    said = control.post("phone/allow_after", json={"polls": 2})  # of the next push
    assert (said.status_code, said.json()) == (202, {"id": None, "user": None, "after_polls": 2})
    first.challenge()
    second.challenge()
    fcm, apns = ask("newest_push", form="fcm"), ask("newest_push")
    alert = {"title": f"{fcm['sh']}: authentication", "body": f"Allow the login to {fcm['sh']}?"}
    assert apns["aps"] == {"alert": alert, "category": "com.auth0.notification.authentication"}
    assert apns["mfa"] == {**fcm, "s": json.loads(fcm["s"]), "l": json.loads(fcm["l"])}
    pushes = ask("accounts_and_pushes")["pushes"]
    assert [each["user"] for each in pushes] == names
    shown = {"place": "Oslo, Norway", "browser": "Firefox on Linux", "user": names[0]}
    assert pushes[0] == {"id": pushes[0]["id"], "at": pushes[0]["at"], **shown}
    assert [each.poll().status_code for each in (first, second, first, first)] == [400, 400, 400, 200]
    assert ask("reject", id=pushes[1]["id"], reason="not me")["status"] == 204
    assert second.poll().json()["error"] == "invalid_grant"
    for login in (first, second):
        login.challenge()
    assert ask("allow", user=first.user["phone_number"])["user"] == names[0]
    first.challenge()
    assert ask("allow")["user"] == names[0]  # the newest


def test_the_phone_scans_texts_and_pictures_and_shows_codes(
    app: App, server: Server, control: httpx.Client, ask: Remote, log_in: LogIn
) -> None:
    login, otp = log_in(), log_in()
    mfa_token = login.password().json()["mfa_token"]
    barcode = app.associate(mfa_token).json()["barcode_uri"]
    elsewhere = barcode.replace(f"localhost%3A{app.http.base_url.port}", "evil.example")
    scanned = ask("scan", barcode=qr_png(barcode))
    enrolled = server.phone.phone.enrollments[-1]
    assert scanned == {"kind": "push", "label": login.user["username"], "id": enrolled.id}
    for wrong, status in ((barcode, 404), (elsewhere, 421)):
        with pytest.raises(PhoneError, match=f"The tenant refused what the phone said, with status {status}"):
            ask("scan", barcode=wrong)
        refused = control.post("phone/scan", json={"barcode": wrong})
        assert (refused.status_code, refused.json()["tenant_status"]) == (409, status)
    (shown,) = ask("accounts_and_pushes")["enrollments"]
    assert shown["label"].endswith(f":{login.user['username']}")
    assert ask("shown_code", user=login.user["email"]) == shown
    barcode = app.associate_otp(otp.password().json()["mfa_token"]).json()["barcode_uri"]
    assert ask("scan", barcode=barcode) == {"kind": "otp", "label": f"sandbox:{otp.user['email']}"}
    assert ask("shown_code") == ask("shown_code", user=otp.user["user_id"]) != shown
    phone = server.phone.phone
    phone.accounts *= 30
    assert len(ask("accounts_and_pushes")["enrollments"]) == 50


def test_the_clock_moves_what_expires_up_to_a_hundred_years_and_can_be_taken_back(ask: Remote) -> None:
    assert ask("clock")["frozen"] is False
    for moved, ahead in ((ask("advance", advance=90.5), 90.5), (ask("restart_clock"), 0)):
        assert moved["now"] - moved["stamp"] == pytest.approx(ahead, abs=1)
    for _ in range(10):
        ask("advance", advance=TEN_YEARS)
    with pytest.raises(ControlRefused, match="a hundred years"):
        ask("advance", advance=1)


@pytest.mark.parametrize("by", ["username", "phone_number", "email", "user_id"])
def test_a_reset_makes_one_user_as_good_as_new(app: App, ask: Remote, log_in: LogIn, by: str) -> None:
    login, other = log_in("push", "sms"), log_in("push")
    app.log_in_passwordless(login.user["phone_number"])
    app.start("+15550188")
    for _ in range(5):
        login.challenge(scope="openid")
    login.poll()
    other.challenge()
    app.log_in_passwordless("+15550177")  # an empty name is nobody's, also where a user has no email address
    for name in (login.user[by].upper(), "+15550188", "nobody@example.com", ""):
        ask("reset", user=name)
    addresses = ("+15550177", "+15550188", login.user["phone_number"])
    assert [bool(ask("messages", address=each)["messages"]) for each in addresses] == [True, False, False]
    limits = ask("limits", user=login.user[by])
    assert limits["user_id"] == login.user["user_id"]
    assert all(each["left"] == each["burst"] for each in limits["limits"])
    assert login.poll().status_code in (401, 403)
    assert app.associate(login.mfa_token).json()["error"] == "expired_token"
    assert app.authenticators(login.password().json()["mfa_token"]) == []
    (left,) = ask("accounts_and_pushes")["enrollments"]
    assert left["label"].endswith(other.user["username"])
    assert ask("allow")["user"] == other.user["username"]


def test_a_reset_of_the_tenant_keeps_its_ids_and_keys(http: httpx.Client, ask: Remote) -> None:
    looks = ("users", "clients", "faults", "accounts_and_pushes", "messages", "settings")
    jwks, before = http.get("/.well-known/jwks.json").content, [ask(name) for name in looks]
    added = ask("add_user", factors=["push"])
    ask("add_client")
    ask("add_fault", kind="drop")
    ask("advance", advance=60)
    ask("change_settings", policy="never", factors=["sms", "email"], default_directory="")
    changed = {**before[-1], "policy": "never", "factors": ["email", "sms"], "default_directory": None}
    changed["switches"] = {**changed["switches"], "pending_status": "200"}
    assert ask("change_settings", switches={"pending_status": "200"}) == ask("settings") == changed
    ask("reset")
    assert [ask(name) for name in looks] == before
    assert http.get("/.well-known/jwks.json").content == jwks
    assert ask("clock")["now"] == pytest.approx(ask("clock")["stamp"], abs=1)
    assert ask("add_user", factors=["push"])["user_id"] == added["user_id"]


def test_users_and_applications_are_added_listed_and_deleted(app: App, control: httpx.Client, ask: Remote) -> None:
    wanted = {"username": "kim", "phone_number": "+15550142", "email": "kim@example.com", "factors": ["otp", "email"]}
    kim = ask("add_user", **wanted)
    assert ({name: kim[name] for name in wanted}, len(kim["recovery_code"]), kim["off"]) == (wanted, 24, ["email"])
    refused = control.post("users", json=wanted)
    assert (refused.status_code, refused.json()["error"]) == (409, "conflict")
    assert refused.json()["message"].startswith("There is a user 'kim' already")
    listed = ask("users")["users"][-1]
    assert (listed["username"], "password" in listed) == ("kim", False)
    assert listed["factors"] == ["totp", "recovery-code", "email"]
    public, machine = ask("add_client", name="SPA", public=True), ask("add_client", grants=["client_credentials"])
    assert (public["name"], [each for each in ("client_secret", "client_credentials") if each in str(public)]) == (
        "SPA",
        [],
    )
    assert ask("add_client", public=True)["name"] == "Public application"
    by, login = (
        {"client_id": public["client_id"], "client_secret": ""},
        {"username": "kim", "password": kim["password"]},
    )
    assert app.password(**login, **by).json()["error"] == "mfa_required"
    by, audience = {name: machine[name] for name in by}, app.sandbox.defaults.audience
    assert app.token(grant_type="client_credentials", audience=audience, **by).status_code == 200
    assert app.password(**login, **by).json()["error"] == "unauthorized_client"
    names = [each["name"] for each in ask("clients")["clients"]]
    assert names == [
        "Lab (confidential)",
        "Lab (public)",
        "Lab (management)",
        "SPA",
        "Application",
        "Public application",
    ]
    assert "client_secret" not in str(ask("clients"))
    ask("delete_user", user=kim["user_id"])
    assert app.password(**login).json()["error"] == "invalid_grant"
    assert ask("accounts_and_pushes")["enrollments"] == []
    for name, email in (("lee", "user3@example.com"), ("sam@example.com", "sam@example.com")):
        assert ask("add_user", username=name)["email"] == email
    assert len({fictional_number(number) for number in range(120)}) == 120


def test_the_journal_names_fields_and_holds_no_value(app: App, ask: Remote, log_in: LogIn) -> None:
    login = log_in("sms")
    app.http.get("/")
    (last,) = ask("received")["entries"]
    login.challenge()
    app.http.get("/userinfo?access_token=abc", headers={"authorization": "Bearer abc"})
    entries = ask("received", after=last["number"])["entries"]
    assert [[each[name] for name in ("method", "path", "status", "error")] for each in entries] == [
        ["POST", "/oauth/token", 403, "mfa_required"],
        ["POST", "/mfa/challenge", 200, None],
        ["GET", "/userinfo", 401, None],
    ]
    assert entries[0]["at"] == pytest.approx(ask("clock")["stamp"], abs=60)
    assert {"password", "mfa_token"} < {field for each in entries for field in each["fields"]}
    for secret in (login.user["password"], login.mfa_token, login.oob_code, app.credentials["client_secret"], "abc"):
        assert secret not in str(entries)
    app.http.post(f"/{'x' * 300}", data={"y" * 300: "", "no name": "", **{str(number): "" for number in range(40)}})
    newest = ask("received")["entries"][-1]
    app.http.post("/x", content=b"a=\xff")
    assert ask("received")["entries"][-1]["fields"] == []  # no text
    assert (len(newest["path"]), len(newest["fields"][0]), len(newest["fields"])) == (200, 200, 29)
    for _ in range(510):
        app.http.get("/")
    assert len(ask("received")["entries"]) == 500
