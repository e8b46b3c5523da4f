"""What the control plane does: codes and pushes, the phone, clock, reset, users, applications, settings, journal."""

import json
from urllib.parse import quote

import httpx
import pytest

from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.show.qr import qr_png
from tests.serve.serve_mothers import Application

ENDPOINTS = (
    *("GET state", "GET code", "GET messages", "GET push", "GET phone", "POST phone/scan", "POST phone/allow"),
    *("POST phone/reject", "POST phone/allow_after", "GET phone/code", "GET clock", "POST clock", "POST reset"),
    *("GET users", "POST users", "GET clients", "POST clients", "GET settings", "PATCH settings", "GET limits"),
    *("GET faults", "POST faults", "GET journal"),
)


def start(http: httpx.Client, server: Server, **address: str) -> httpx.Response:
    connection = "sms" if "phone_number" in address else "email"
    body = {"client_id": server.sandbox.defaults.public_client_id, "connection": connection, **address}
    return http.post("/passwordless/start", json=body)


def test_the_newest_code_sent_to_an_address(server: Server, http: httpx.Client, control: httpx.Client) -> None:
    app = Application(server, http, control, ("sms",))
    number = app.user["phone_number"]
    assert control.get("code", params={"address": number}).status_code == 404
    start(http, server, phone_number=number)
    passwordless = control.get("code", params={"address": number}).json()
    app.challenge()
    newest = control.get("code", params={"address": number}).json()
    assert (newest["channel"], newest["purpose"]) == ("sms", "mfa")
    assert app.poll(binding_code=newest["code"]).status_code == 200
    assert control.get("code", params={"address": number, "purpose": "passwordless"}).json() == passwordless
    # A plus sign that nobody encoded.
    assert control.get(f"code?address={number}").json() == newest


def test_a_code_is_found_in_any_case_of_the_address(server: Server, http: httpx.Client, control: httpx.Client) -> None:
    start(http, server, email="New.Person@Example.com", send="code")
    assert control.get("code", params={"address": "new.person@example.COM"}).json()["purpose"] == "passwordless"


def test_messages_are_listed_newest_first(server: Server, http: httpx.Client, control: httpx.Client) -> None:
    start(http, server, email="a@example.com", send="link")
    start(http, server, phone_number="+15550199")
    every = control.get("messages").json()["messages"]
    assert [each["address"] for each in every] == ["+15550199", "a@example.com"]
    assert every == control.get("state").json()["messages"]
    (mine,) = control.get("messages", params={"address": "a@example.com"}).json()["messages"]
    assert mine["code"] is None
    assert mine["link"].startswith(f"{server.url}/passwordless/verify_redirect?")


def test_the_newest_push_in_both_platforms_forms(server: Server, http: httpx.Client, control: httpx.Client) -> None:
    Application(server, http, control, ("push",)).challenge()
    fcm, apns = control.get("push?form=fcm").json(), control.get("push").json()
    assert set(fcm) == {"dai", "txtkn", "c", "sh", "d", "s", "l"}
    assert all(isinstance(value, str) for value in fcm.values())
    assert apns["aps"]["category"] == "com.auth0.notification.authentication"
    assert apns["mfa"] == {**fcm, "s": json.loads(fcm["s"]), "l": json.loads(fcm["l"])}
    assert control.get("push?form=smoke").status_code == 400


def test_the_phone_allows_and_rejects_the_newest_push(
    server: Server, http: httpx.Client, control: httpx.Client
) -> None:
    app = Application(server, http, control, ("push",))
    assert control.post("phone/allow", json={}).json()["error"] == "nothing_to_answer"
    app.challenge()
    assert control.post("phone/allow").json()["user"] == app.user["username"]
    assert app.poll().status_code == 200
    app.challenge()
    assert control.post("phone/reject", json={"reason": "not me"}).status_code == 200
    assert app.poll().json()["error"] == "invalid_grant"
    assert control.post("phone/allow", json={}).status_code == 404


def test_one_users_push_is_answered_among_many(server: Server, http: httpx.Client, control: httpx.Client) -> None:
    first, second = (Application(server, http, control, ("push",)) for _ in range(2))
    first.challenge()
    second.challenge()
    assert control.post("phone/allow", json={"user": first.user["phone_number"]}).status_code == 200
    (left,) = control.get("phone").json()["pushes"]
    assert left["user"] == second.user["username"]
    assert second.poll().json()["error"] == "authorization_pending"
    assert first.poll().status_code == 200
    assert control.post("phone/reject", json={"id": left["id"]}).status_code == 200
    assert second.poll().status_code == 403


def test_the_phone_scans_texts_and_pictures_and_shows_codes(
    server: Server, http: httpx.Client, control: httpx.Client
) -> None:
    app = Application(server, http, control, ())
    bearer = {"authorization": f"Bearer {app.password().json()['mfa_token']}"}
    push = {"authenticator_types": ["oob"], "oob_channels": ["auth0"]}
    barcode = http.post("/mfa/associate", headers=bearer, json=push).json()["barcode_uri"]
    picture = {"content": qr_png(barcode), "headers": {"content-type": "image/png"}}
    scanned = control.post("phone/scan", **picture)  # type: ignore[arg-type]  # keywords of the call
    assert (scanned.status_code, scanned.json()["kind"]) == (201, "push")
    (shown,) = control.get("phone").json()["enrollments"]
    assert shown["label"].endswith(app.user["username"])
    code = control.get("phone/code", params={"user": app.user["email"]}).json()["code"]
    assert shown["code"] == code
    assert http.get("/mfa/authenticators", headers=bearer).json()[0]["active"] is True
    again = control.post("phone/scan", json={"barcode": barcode})
    assert (again.status_code, again.json()["error"]) == (409, "refused")


@pytest.mark.parametrize(
    "barcode",
    [
        "https://example.com/",
        *(
            f"otpauth://totp/x?enrollment_tx_id=abc&base_url={url}"
            for url in ("https%3A%2F%2Fevil.example", "evil", "https%3A%2F%2F%5B")
        ),
        "",
        None,
    ],
)
def test_what_is_no_barcode_of_this_server_is_refused(control: httpx.Client, barcode: str | None) -> None:
    assert control.post("phone/scan", json={"barcode": barcode}).status_code in (400, 409)


def test_an_approval_after_polls_waits_for_the_next_push(
    server: Server, http: httpx.Client, control: httpx.Client
) -> None:
    app = Application(server, http, control, ("push",))
    assert control.post("phone/allow_after", json={"polls": 1}).status_code == 202
    app.challenge()
    assert app.poll().json()["error"] == "authorization_pending"
    assert app.poll().status_code == 200


def test_the_clock_moves_what_expires_and_can_be_taken_back(server: Server, control: httpx.Client) -> None:
    assert control.get("clock").json()["frozen"] is False
    moved = control.post("clock", json={"advance": 90.5}).json()
    assert moved["now"] - moved["stamp"] == pytest.approx(90.5, abs=1)
    back = control.delete("clock").json()
    assert back["now"] == pytest.approx(back["stamp"], abs=1)
    for wrong in ({}, {"advance": -1}, {"advance": "1"}, {"advance": True}, {"advance": 1e12}):
        assert control.post("clock", json=wrong).status_code == 400
    assert server.sandbox.clock.ahead() == 0


def test_the_clock_is_not_moved_out_of_the_calendar_and_says_how_far_it_goes(control: httpx.Client) -> None:
    for _ in range(10):
        assert control.post("clock", json={"advance": 10 * 365 * 86_400}).status_code == 200
    answer = control.post("clock", json={"advance": 1})
    assert (answer.status_code, answer.json()["error"], answer.json()["field"]) == (400, "bad_input", "advance")
    assert "a hundred years" in answer.json()["message"]
    for text in ("NaN", "Infinity", "1e400"):
        assert control.post("clock", content=f'{{"advance": {text}}}').status_code == 400
    assert control.post("users", json={"factors": ["otp"]}).status_code == 201


@pytest.mark.parametrize("by", ["username", "phone_number", "email", "user_id"])
def test_a_reset_makes_a_user_as_good_as_new(
    server: Server, http: httpx.Client, control: httpx.Client, by: str
) -> None:
    app = Application(server, http, control, ("push", "sms"))
    start(http, server, phone_number=app.user["phone_number"])
    for _ in range(5):
        app.challenge(scope="openid")
    token, oob_code = app.mfa_token, app.oob_code
    assert control.post("reset", json={"user": app.user[by].upper()}).status_code == 204
    assert control.get("code", params={"address": app.user["phone_number"]}).status_code == 404
    assert control.get("phone").json() == {"enrollments": [], "pushes": []}
    limits = control.get("limits", params={"user": app.user[by]}).json()["limits"]
    assert all(each["left"] == each["burst"] for each in limits)
    app.mfa_token, app.oob_code = token, oob_code
    assert app.poll().status_code in (401, 403)
    old = http.get("/mfa/authenticators", headers={"authorization": f"Bearer {token}"})
    assert (old.status_code, old.json()["error"]) == (401, "expired_token")
    fresh = app.password().json()["mfa_token"]
    listed = http.get("/mfa/authenticators", headers={"authorization": f"Bearer {fresh}"})
    assert listed.json() == []


def test_a_reset_of_nobody_is_quiet_and_of_nothing_but_its_user(
    server: Server, http: httpx.Client, control: httpx.Client
) -> None:
    app, other = (Application(server, http, control, ("push",)) for _ in range(2))
    other.challenge()
    assert control.post("reset", json={"user": "nobody@example.com"}).status_code == 204
    assert control.post("reset", json={"user": app.user["username"]}).status_code == 204
    assert control.post("phone/allow", json={}).json()["user"] == other.user["username"]
    assert other.poll().status_code == 200


def test_an_empty_name_is_nobodys(server: Server, http: httpx.Client, control: httpx.Client) -> None:
    start(http, server, phone_number="+15550177")
    code = control.get("code", params={"address": "+15550177"}).json()["code"]
    by_sms = {"grant_type": "http://auth0.com/oauth/grant-type/passwordless/otp", "realm": "sms", "otp": code}
    by_sms |= {"client_id": server.sandbox.defaults.public_client_id, "username": "+15550177"}
    assert http.post("/oauth/token", data=by_sms).json()["error"] == "mfa_required"
    assert control.get("limits", params={"user": ""}).status_code == 400
    control.post("reset", json={"user": ""})
    assert control.get("messages", params={"address": "+15550177"}).json()["messages"]


def test_a_reset_of_the_tenant_keeps_its_ids_and_keys(
    server: Server, http: httpx.Client, control: httpx.Client
) -> None:
    jwks, before = http.get("/.well-known/jwks.json").content, control.get("users").json()
    added = control.post("users", json={"factors": ["push"]}).json()
    control.patch("settings", json={"profile": "recorded"})
    control.post("faults", json={"kind": "drop"})
    control.post("clock", json={"advance": 60})
    assert control.post("reset", json={}).status_code == 204
    assert control.get("users").json() == before
    assert http.get("/.well-known/jwks.json").content == jwks
    assert control.get("settings").json()["profile"] == "docs"
    assert control.get("faults").json()["faults"] == []
    assert control.get("phone").json() == {"enrollments": [], "pushes": []}
    assert server.sandbox.clock.ahead() == 0
    again = control.post("users", json={"factors": ["push"]}).json()
    assert again["user_id"] == added["user_id"]


def test_users_are_added_listed_and_deleted(http: httpx.Client, control: httpx.Client, server: Server) -> None:
    wanted = {"username": "kim", "phone_number": "+15550142", "email": "kim@example.com", "factors": ["otp", "email"]}
    added = control.post("users", json=wanted)
    assert added.status_code == 201
    kim = added.json()
    assert {name: kim[name] for name in wanted} == wanted
    assert len(kim["recovery_code"]) == 24
    assert control.post("users", json=wanted).status_code == 409
    (listed,) = [each for each in control.get("users").json()["users"] if each["user_id"] == kim["user_id"]]
    assert "password" not in listed
    assert listed["factors"] == ["totp", "recovery-code", "email"]
    secrets = {"client_id": server.sandbox.defaults.public_client_id, "grant_type": "password"}
    login = {**secrets, "username": "kim", "password": kim["password"]}
    assert http.post("/oauth/token", data=login).json()["error"] == "mfa_required"
    path = f"users/{quote(kim['user_id'], safe='')}"
    assert control.delete(path).status_code == 204
    assert control.delete(path).status_code == 404
    assert http.post("/oauth/token", data=login).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "wrong",
    [
        {"factors": ["webauthn"]},
        {"factors": "push"},
        {"phone_number": "555"},
        {"email": "x"},
        {"username": 5},
        {"x": 1},
    ],
)
def test_a_user_that_makes_no_sense_is_refused(control: httpx.Client, wrong: dict[str, object]) -> None:
    answer = control.post("users", json=wrong)
    assert answer.status_code == 400
    assert answer.json()["field"] == next(iter(wrong))
    assert len(control.get("users").json()["users"]) == 1


def test_a_user_who_is_named_alone_has_an_address_too(control: httpx.Client) -> None:
    assert control.post("users", json={"username": "lee"}).json()["email"] == "user1@example.com"
    assert control.post("users", json={"username": "sam@example.com"}).json()["email"] == "sam@example.com"


def test_each_user_has_a_number_of_their_own(control: httpx.Client) -> None:
    numbers = [control.post("users", json={}).json()["phone_number"] for _ in range(120)]
    assert len(set(numbers)) == 120


def test_applications_are_added(http: httpx.Client, control: httpx.Client, server: Server) -> None:
    public = control.post("clients", json={"name": "SPA", "public": True}).json()
    assert "client_secret" not in public
    user = control.post("users", json={}).json()
    login = {"grant_type": "password", "username": user["username"], "password": user["password"]}
    assert http.post("/oauth/token", data={**login, "client_id": public["client_id"]}).status_code == 403
    machine = control.post("clients", json={"grants": ["client_credentials"]}).json()
    both = {"client_id": machine["client_id"], "client_secret": machine["client_secret"]}
    asked = {"grant_type": "client_credentials", "audience": server.sandbox.defaults.audience}
    assert http.post("/oauth/token", data={**asked, **both}).status_code == 200
    assert http.post("/oauth/token", data={**login, **both}).json()["error"] == "unauthorized_client"
    assert "client_secret" not in control.get("clients").text
    assert control.post("clients", json={"grants": ["implicit"]}).status_code == 400


def test_settings_are_changed_one_by_one(control: httpx.Client) -> None:
    before = control.get("settings").json()
    changes = {"policy": "never", "factors": ["sms", "email"], "switches": {"pending_status": "200"}}
    after = control.patch("settings", json=changes).json()
    assert after == {
        **before,
        "policy": "never",
        "factors": ["email", "sms"],
        "switches": {**before["switches"], "pending_status": "200"},
    }
    assert control.get("settings").json() == after
    for wrong in (
        {"policy": "x"},
        {"factors": ["x"]},
        {"switches": {"x": "y"}},
        {"switches": {"refresh": "y"}},
        {"x": 1},
    ):
        assert control.patch("settings", json=wrong).status_code == 400
    assert control.get("settings").json() == after


def test_the_journal_names_fields_and_holds_no_value(server: Server, http: httpx.Client, control: httpx.Client) -> None:
    app = Application(server, http, control, ("sms",))
    last = control.get("journal").json()["entries"]
    app.challenge()
    http.get("/userinfo?access_token=abc", headers={"authorization": "Bearer abc"})
    text = control.get(f"journal?after={last[-1]['number'] if last else 0}").text
    password, challenge, userinfo = json.loads(text)["entries"]
    assert (password["path"], password["status"], password["error"]) == ("/oauth/token", 403, "mfa_required")
    assert {"username", "password", "grant_type"} <= set(password["fields"])
    assert (challenge["method"], challenge["error"]) == ("POST", None)
    assert (userinfo["path"], userinfo["status"]) == ("/userinfo", 401)
    for secret in (app.user["password"], app.mfa_token, app.oob_code, app.secrets["client_secret"], "abc"):
        assert secret not in text


def test_the_journal_forgets_the_oldest(http: httpx.Client, control: httpx.Client) -> None:
    for _ in range(510):
        http.get("/.well-known/jwks.json")
    numbers = [each["number"] for each in control.get("journal").json()["entries"]]
    assert numbers == list(range(11, 511))


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b'"x"', b'{"a": "\\ud800"}'])
def test_a_body_that_is_no_object_is_refused(control: httpx.Client, body: bytes) -> None:
    for path in ("reset", "clock", "users", "clients", "faults", "phone/allow", "phone/scan"):
        assert control.post(path, content=body).status_code == 400


def test_no_call_of_the_control_plane_finds_a_bug(control: httpx.Client) -> None:
    """Whatever is asked with nothing in it is answered, or refused with a sentence."""
    for endpoint in ENDPOINTS:
        method, path = endpoint.split()
        answer = control.request(method, path)
        assert answer.status_code < 500
        if answer.status_code >= 400:
            assert answer.json()["message"].endswith(".")
    assert control.request("PUT", "clock").status_code == 405
    assert control.get("nothing/here").status_code == 404
