"""The control plane: who may use it, what each path answers, what is refused, and what its operations do."""

import json
import math
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from auth0_mfa_lab.sandbox import fictional_number
from auth0_mfa_lab.sandbox.operations import OPERATIONS, PHONE_OPERATIONS
from auth0_mfa_lab.sandbox.server import FILES, Server
from auth0_mfa_lab.show.qr import qr_png
from tests.sandbox.sandbox_mothers import App
from tests.serve.conftest import LogIn

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
TEN_YEARS = 10 * 365 * 86_400
TICKET = "otpauth://totp/x?enrollment_tx_id=abc&base_url="
BROKEN = f"{TICKET}https%3A%2F%2F%5B"
# fmt: off
PLANE: dict[str, dict[str, int]] = {
    # What the verbs of a path answer to a call without arguments. Every other verb is 405, every other path 404.
    "state":             {"GET": 200},
    "code":              {"GET": 400},
    "messages":          {"GET": 200},
    "push":              {"GET": 404},
    "phones":            {"POST": 201},
    "pushes":            {"GET": 400},
    "phone":             {"GET": 200},
    "phone/scan":        {"POST": 400},
    "phone/allow":       {"POST": 404},
    "phone/reject":      {"POST": 404},
    "phone/allow_after": {"POST": 400},
    "phone/code":        {"GET": 404},
    "clock":             {"GET": 200, "POST": 400, "DELETE": 200},
    "users":             {"GET": 200, "POST": 201},
    "users/nobody":      {"DELETE": 404},
    "clients":           {"GET": 200, "POST": 201},
    "settings":          {"GET": 200, "PATCH": 200},
    "limits":            {"GET": 400},
    "faults":            {"GET": 200, "POST": 400, "DELETE": 204},
    "journal":           {"GET": 200},
    "reset":             {"POST": 204},
    "nothing/here":      {},
    "../_lab/states":    {},
}
DENIED: list[tuple[str, dict[str, str], int, str]] = [
    ("no token, and another host", {"authorization": "", "host": "evil.example"},            401, "unauthorized"),
    ("an empty token",             {"authorization": "Bearer"},                              401, "unauthorized"),
    ("another token",              {"authorization": "Bearer wrong"},                        401, "unauthorized"),
    ("another scheme",             {"authorization": "Basic {token}"},                       401, "unauthorized"),
    ("no text",                    {"authorization": "Bearer \xff\xfe", "cookie": "\xff=\xff"}, 401, "unauthorized"),
    ("a cookie",                   {"authorization": "", "cookie": "auth0_lab={token}"},     401, "unauthorized"),
    ("another host",               {"host": "evil.example"},                                 403, "wrong_host"),
    ("a longer host",              {"host": "localhost.evil.example"},                       403, "wrong_host"),
    ("another origin",             {"origin": "https://evil.example"},                       403, "wrong_origin"),
    ("a null origin",              {"origin": "null"},                                       403, "wrong_origin"),
    ("an origin without TLS",      {"origin": "http://localhost"},                           403, "wrong_origin"),
    ("another port",               {"origin": "https://localhost:1"},                        403, "wrong_origin"),
    ("its own origin",             {"host": "Auth.Example", "origin": "https://auth.example"}, 200, ""),
]
REFUSED: list[tuple[str, dict[str, Any], str, list[Any]]] = [
    # a call, what else it says, and a field with values that are refused
    ("POST users",             {},               "factors",      [["webauthn"], "push"]),
    ("POST users",             {},               "phone_number", ["555"]),
    ("POST users",             {},               "email",        ["x", "@" * 129]),
    ("POST users",             {},               "username",     [5, "", "x" * 129]),
    ("POST users",             {},               "unknown",      [1]),
    ("POST clients",           {},               "grants",       [["implicit"]]),
    ("POST clients",           {},               "public",       [1]),
    ("POST clock",             {},               "advance",      [-1, "1", True, TEN_YEARS + 1, math.nan, math.inf]),
    ("PATCH settings",         {},               "policy",       ["x"]),
    ("PATCH settings",         {},               "factors",      [["x"]]),
    ("PATCH settings",         {},               "switches",     [{"x": "y"}, {"refresh": "y"}, {"refresh": 1}]),
    ("POST faults",            {},               "kind",         ["rain", None]),
    ("POST faults",            {"kind": "429"},  "times",        [0, True, 10_001]),
    ("POST faults",            {"kind": "429"},  "retry_after",  [-1]),
    ("POST faults",            {"kind": "5xx"},  "status",       [404, 600]),
    ("POST faults",            {"kind": "slow"}, "seconds",      [-1, "1"]),
    ("POST faults",            {"kind": "drop"}, "route",        ["oauth"]),
    ("POST phone/allow_after", {},               "polls",        [0, 1_001]),
    ("POST phone/scan",        {},               "barcode",      ["", "https://example.com/", f"{TICKET}evil", BROKEN]),
    ("GET push",               {},               "form",         ["smoke"]),
    ("GET limits",             {},               "user",         [""]),
    ("GET code",               {"address": "a"}, "purpose",      ["x"]),
    ("GET journal",            {},               "after",        [-1]),
]
# fmt: on


@pytest.mark.parametrize("path", PLANE)
def test_a_path_has_its_verbs_and_without_the_token_none(http: httpx.Client, control: httpx.Client, path: str) -> None:
    for method in METHODS:
        denied = http.request(method, f"/_lab/{path}")
        answer = control.request(method, path)
        wanted = PLANE[path].get(method, 405 if PLANE[path] else 404)
        assert (method, denied.status_code, answer.status_code) == (method, 401, wanted)
        for each in (denied, answer):
            assert (each.headers["cache-control"], each.headers["x-content-type-options"]) == ("no-store", "nosniff")
            assert "access-control-allow-origin" not in each.headers
            if each.is_error and method != "HEAD":
                assert each.json()["message"].endswith(".")


def test_the_table_of_paths_is_whole() -> None:
    known = {(each.path.replace("{user}", "nobody"), each.method) for each in (*OPERATIONS, *PHONE_OPERATIONS)}
    assert {(path, method) for path, verbs in PLANE.items() for method in verbs} == known


@pytest.mark.parametrize(("headers", "status", "error"), [row[1:] for row in DENIED], ids=[row[0] for row in DENIED])
def test_a_caller_needs_the_token_and_a_name_and_an_origin_of_the_servers(
    server: Server, control: httpx.Client, headers: dict[str, str], status: int, error: str
) -> None:
    sent = [(name.encode(), value.format(token=server.token).encode("latin-1")) for name, value in headers.items()]
    for method, path in (("GET", f"clock?token={server.token}"), ("DELETE", "faults")):
        answer = control.request(method, path, headers=sent)
        if error:
            assert (answer.status_code, answer.json()["error"]) == (status, error)
        else:
            assert answer.is_success or "token" in path


def test_the_page_needs_no_token_and_holds_nothing_of_the_tenant(server: Server, http: httpx.Client) -> None:
    for name, kind in {**FILES, "/": "text/html"}.items():
        page = http.get(f"/_lab/{name}".replace("//", "/"))
        assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (200, kind)
        assert page.headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        assert (page.headers["cache-control"], page.headers["x-frame-options"]) == ("no-store", "DENY")
        assert (page.headers["referrer-policy"], "set-cookie" in page.headers) == ("no-referrer", False)
        assert server.sandbox.defaults.client_id not in page.text
    assert http.get("/_lab").text == http.get("/_lab/").text
    assert http.post("/_lab/", params={"token": server.token}).status_code == 401


@pytest.mark.parametrize(("call", "given", "field", "values"), REFUSED)
def test_what_makes_no_sense_is_refused_by_its_field_and_changes_nothing(
    control: httpx.Client, call: str, given: dict[str, Any], field: str, values: list[Any]
) -> None:
    looks = ("users", "clients", "settings", "faults", "phone")
    before = [control.get(path).json() for path in looks]
    method, path = call.split()
    for value in values:
        said = {**given, field: value}
        query, body = (said, None) if method == "GET" else (None, json.dumps(said))
        answer = control.request(method, path, params=query, content=body)
        error = "not_a_barcode" if path == "phone/scan" and value else "bad_input"
        assert (value, answer.status_code, answer.json()["error"]) == (value, 400, error)
        assert answer.json()["field"] == field
    assert [control.get(path).json() for path in looks] == before


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b'"x"', b'{"a": "\\ud800"}'])
def test_a_body_that_is_no_object_is_refused(control: httpx.Client, body: bytes) -> None:
    assert control.post("reset", content=body).json()["message"] == "The body must be a JSON object."


def test_codes_and_messages_are_found_by_their_address(app: App, control: httpx.Client, log_in: LogIn) -> None:
    login = log_in("sms")
    number = login.user["phone_number"]
    nothing = {"error": "not_found", "message": f"No code was sent to {number}."}
    assert control.get("code", params={"address": number}).json() == nothing
    app.start(number)
    passwordless = control.get("code", params={"address": number}).json()
    login.challenge()
    newest = control.get(f"code?address={number}").json()  # a plus sign that nobody encoded
    assert (newest["channel"], newest["purpose"]) == ("sms", "mfa")
    assert login.poll(binding_code=newest["code"]).status_code == 200
    assert control.get("code", params={"address": number, "purpose": "passwordless"}).json() == passwordless
    app.start("New.Person@Example.com", send="link")
    every = control.get("messages").json()["messages"]
    assert [each["address"] for each in every] == ["New.Person@Example.com", number, number]
    assert every == control.get("state").json()["messages"]
    (mine,) = control.get("messages", params={"address": "new.person@example.COM"}).json()["messages"]
    assert (mine["code"], mine["link"].partition("?")[0]) == (None, f"{app.http.base_url}/passwordless/verify_redirect")


def test_the_phone_answers_the_newest_push_or_the_one_that_is_named(control: httpx.Client, log_in: LogIn) -> None:
    first, second = log_in("push"), log_in("push")
    assert control.post("phone/allow", json={}).json()["error"] == "nothing_to_answer"
    for login in (first, second):
        login.challenge()
    fcm, apns = control.get("push?form=fcm").json(), control.get("push").json()
    assert (set(fcm), {type(value) for value in fcm.values()}) == ({"dai", "txtkn", "c", "sh", "d", "s", "l"}, {str})
    assert apns["aps"]["category"] == "com.auth0.notification.authentication"
    assert apns["mfa"] == {**fcm, "s": json.loads(fcm["s"]), "l": json.loads(fcm["l"])}
    one, two = control.get("phone").json()["pushes"]
    assert [one["user"], two["user"]] == [first.user["username"], second.user["username"]]
    assert {"id", "at", "place", "browser"} <= one.keys()
    assert control.post("phone/allow", json={"user": first.user["phone_number"]}).json()["id"] == one["id"]
    assert [login.poll().status_code for login in (second, first)] == [400, 200]
    assert control.post("phone/reject", json={"id": two["id"], "reason": "not me"}).json()["status"] == 204
    assert second.poll().json()["error"] == "invalid_grant"
    for login in (first, second):
        login.challenge()
    assert control.post("phone/allow").json()["user"] == second.user["username"]
    assert control.post("phone/allow", json={"user": "nobody"}).status_code == 404


def test_an_approval_may_wait_for_polls_and_for_the_next_push(control: httpx.Client, log_in: LogIn) -> None:
    login, other = log_in("push"), log_in("push")
    said = control.post("phone/allow_after", json={"polls": 2})
    assert (said.status_code, said.json()) == (202, {"id": None, "user": None, "after_polls": 2})
    login.challenge()
    other.challenge()
    assert [each.poll().status_code for each in (login, other, login, login)] == [400, 400, 400, 200]
    late = control.post("phone/allow_after", json={"polls": 1, "user": other.user["username"]})
    assert (late.status_code, late.json()["user"]) == (202, other.user["username"])
    control.post("phone/reject", json={})
    assert other.poll().status_code == 403


def test_the_phone_scans_texts_and_pictures_and_shows_codes(app: App, control: httpx.Client, log_in: LogIn) -> None:
    login, otp = log_in(), log_in()
    mfa_token = login.password().json()["mfa_token"]
    barcode = app.associate(mfa_token).json()["barcode_uri"]
    of_another = barcode.replace(f"localhost%3A{app.http.base_url.port}", "evil.example")
    assert control.post("phone/scan", json={"barcode": of_another}).json()["error"] == "refused"
    scanned = control.post("phone/scan", content=qr_png(barcode), headers={"content-type": "image/png"})
    assert (scanned.status_code, scanned.json()["kind"]) == (201, "push")
    assert scanned.json()["label"] == login.user["username"]
    (shown,) = control.get("phone").json()["enrollments"]
    assert shown["label"].endswith(f":{login.user['username']}")
    assert control.get("phone/code", params={"user": login.user["email"]}).json() == shown
    assert app.authenticators(mfa_token)[0]["active"] is True
    again = control.post("phone/scan", json={"barcode": barcode})
    assert (again.status_code, again.json()["error"], again.json()["tenant_status"]) == (409, "refused", 404)
    barcode = app.associate_otp(otp.password().json()["mfa_token"]).json()["barcode_uri"]
    assert control.post("phone/scan", json={"barcode": barcode}).json()["kind"] == "otp"
    code = control.get("phone/code").json()
    assert (code["label"].endswith(otp.user["email"]), code != shown) == (True, True)
    assert control.get("phone/code", params={"user": otp.user["user_id"]}).json() == code
    assert control.get("phone/code", params={"user": "jane.roe@example.com"}).status_code == 404


def test_the_clock_moves_what_expires_up_to_a_hundred_years_and_can_be_taken_back(control: httpx.Client) -> None:
    assert control.get("clock").json()["frozen"] is False
    for moved, ahead in ((control.post("clock", json={"advance": 90.5}), 90.5), (control.delete("clock"), 0)):
        assert moved.json()["now"] - moved.json()["stamp"] == pytest.approx(ahead, abs=1)
    for _ in range(10):
        assert control.post("clock", json={"advance": TEN_YEARS}).status_code == 200
    answer = control.post("clock", json={"advance": 1})
    assert (answer.status_code, answer.json()["field"]) == (400, "advance")
    assert "a hundred years" in answer.json()["message"]
    assert control.post("users", json={"factors": ["otp"]}).status_code == 201


@pytest.mark.parametrize("by", ["username", "phone_number", "email", "user_id"])
def test_a_reset_makes_one_user_as_good_as_new(app: App, control: httpx.Client, log_in: LogIn, by: str) -> None:
    login, other = log_in("push", "sms"), log_in("push")
    app.start(login.user["phone_number"])
    for _ in range(5):
        login.challenge(scope="openid")
    other.challenge()
    app.log_in_passwordless("+15550177")  # an empty name is nobody's, also where a user has no email address
    for name in (login.user[by].upper(), "nobody@example.com", ""):
        assert control.post("reset", json={"user": name}).status_code == 204
    assert control.get("code", params={"address": login.user["phone_number"]}).status_code == 404
    assert control.get("code", params={"address": "+15550177"}).status_code == 200
    limits = control.get("limits", params={"user": login.user[by]}).json()
    assert limits["user_id"] == login.user["user_id"]
    assert all(each["left"] == each["burst"] for each in limits["limits"])
    assert login.poll().status_code in (401, 403)
    old = app.http.get("/mfa/authenticators", headers={"authorization": f"Bearer {login.mfa_token}"})
    assert (old.status_code, old.json()["error"]) == (401, "expired_token")
    assert app.authenticators(login.password().json()["mfa_token"]) == []
    (left,) = control.get("phone").json()["enrollments"]
    assert left["label"].endswith(other.user["username"])
    assert control.post("phone/allow", json={}).json()["user"] == other.user["username"]
    assert other.poll().status_code == 200


def test_a_reset_of_the_tenant_keeps_its_ids_and_keys(http: httpx.Client, control: httpx.Client) -> None:
    looks = ("users", "clients", "settings", "faults", "phone", "messages")
    jwks, before = http.get("/.well-known/jwks.json").content, [control.get(path).json() for path in looks]
    added = control.post("users", json={"factors": ["push"]}).json()
    changes = {"clients": {}, "faults": {"kind": "drop"}, "clock": {"advance": 60}}
    assert [control.post(path, json=body).is_success for path, body in changes.items()] == [True] * 3
    switches = {**before[2]["switches"], "pending_status": "200"}
    changed = {"policy": "never", "factors": ["email", "sms"], "default_directory": None, "switches": switches}
    given = {"policy": "never", "factors": ["sms", "email"], "default_directory": ""}
    patched = control.patch("settings", json={**given, "switches": {"pending_status": "200"}}).json()
    assert patched == control.get("settings").json() == {**before[2], **changed}
    assert control.post("reset", json={}).status_code == 204
    assert [control.get(path).json() for path in looks] == before
    assert http.get("/.well-known/jwks.json").content == jwks
    clock = control.get("clock").json()
    assert clock["now"] == pytest.approx(clock["stamp"], abs=1)
    assert control.post("users", json={"factors": ["push"]}).json()["user_id"] == added["user_id"]


def test_users_are_added_listed_and_deleted(app: App, control: httpx.Client) -> None:
    wanted = {"username": "kim", "phone_number": "+15550142", "email": "kim@example.com", "factors": ["otp", "email"]}
    kim = control.post("users", json=wanted).json()
    assert ({name: kim[name] for name in wanted}, len(kim["recovery_code"])) == (wanted, 24)
    again = control.post("users", json=wanted)
    assert (again.status_code, again.json()["error"]) == (409, "conflict")
    (listed,) = [each for each in control.get("users").json()["users"] if each["user_id"] == kim["user_id"]]
    assert ("password" in listed, listed["factors"]) == (False, ["totp", "recovery-code", "email"])
    login = {"username": "kim", "password": kim["password"]}
    assert app.password(**login).json()["error"] == "mfa_required"
    path = f"users/{quote(kim['user_id'], safe='')}"
    assert [control.delete(path).status_code for _ in range(2)] == [204, 404]
    assert app.password(**login).json()["error"] == "invalid_grant"
    assert control.get("phone").json()["enrollments"] == []
    for name, email in (("lee", "user3@example.com"), ("sam@example.com", "sam@example.com")):
        assert control.post("users", json={"username": name}).json()["email"] == email
    assert len({fictional_number(number) for number in range(120)}) == 120


def test_applications_are_added(app: App, control: httpx.Client, log_in: LogIn) -> None:
    public = control.post("clients", json={"name": "SPA", "public": True}).json()
    machine = control.post("clients", json={"grants": ["client_credentials"]}).json()
    assert (public["name"], "client_secret" in public) == ("SPA", False)
    login, both = log_in(), {name: machine[name] for name in ("client_id", "client_secret")}
    assert login.password(client_id=public["client_id"], client_secret="").json()["error"] == "mfa_required"
    audience = app.sandbox.defaults.audience
    assert app.token(grant_type="client_credentials", audience=audience, **both).status_code == 200
    assert login.password(**both).json()["error"] == "unauthorized_client"
    assert "client_secret" not in control.get("clients").text


def test_the_journal_names_fields_and_holds_no_value(app: App, control: httpx.Client, log_in: LogIn) -> None:
    login = log_in("sms")
    app.http.get("/")
    (last,) = control.get("journal").json()["entries"]
    login.challenge()
    app.http.get("/userinfo?access_token=abc", headers={"authorization": "Bearer abc"})
    text = control.get(f"journal?after={last['number']}").text
    password, challenge, userinfo = json.loads(text)["entries"]
    assert (password["path"], password["status"], password["error"]) == ("/oauth/token", 403, "mfa_required")
    assert {"username", "password", "grant_type"} <= set(password["fields"])
    assert (challenge["method"], challenge["error"], "mfa_token" in challenge["fields"]) == ("POST", None, True)
    assert (userinfo["path"], userinfo["status"]) == ("/userinfo", 401)
    for secret in (login.user["password"], login.mfa_token, login.oob_code, app.credentials["client_secret"], "abc"):
        assert secret not in text
    app.http.post(f"/{'x' * 300}", data={"y" * 300: "", **{str(number): "" for number in range(40)}})
    newest = control.get("journal").json()["entries"][-1]
    assert (len(newest["path"]), len(newest["fields"][0]), len(newest["fields"])) == (200, 200, 30)
    assert app.sandbox.received.maxlen == 500
