"""What an administrator does through the Management API, resource by resource, and what the MFA API makes of it."""

from typing import Any

import pyotp
import pytest

from auth0_mfa_lab.sandbox import Phone, Sandbox, User
from tests.sandbox.management_mothers import Admin, admin_of, methods_path, users_path
from tests.sandbox.sandbox_mothers import GRANT, App, error_of, kinds, set_up

ORDER = ["sms", "push-notification", "otp", "email", "duo", "webauthn-roaming", "webauthn-platform", "recovery-code"]
FACTORS, SETTINGS = "/guardian/factors", "/tenants/settings"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3D"  # 14 bytes  # auth0-mfa-lab: allow
NUMBER, ADDRESS = "+15550123", "chuck334@example.com"
PHONE, TOTP = {"type": "phone", "phone_number": NUMBER}, {"type": "totp", "totp_secret": SECRET}
EMAIL = {"type": "email", "email": ADDRESS}
MASKED_NUMBER, MASKED_ADDRESS = "XXXXX0123", "chuc****@exam*******"
EIGHT, NINE = "2027-01-15T08:00:00.000Z", "2027-01-15T09:00:00.000Z"


@pytest.fixture
def admin(app: App) -> Admin:
    return admin_of(app)


@pytest.fixture
def user(app: App) -> User:
    return app.sandbox.add_user()


# -- the tenant


def test_each_factor_is_switched_and_the_others_stay_in_auth0s_order(admin: Admin) -> None:
    on = {"sms", "push-notification", "otp", "recovery-code"}
    for name in (*ORDER, *ORDER):
        on ^= {name}
        wanted = {"enabled": name in on}
        assert admin("PUT", f"{FACTORS}/{name}", wanted).json() == wanted
        assert admin.get(FACTORS) == [{"name": one, "enabled": one in on, "trial_expired": False} for one in ORDER]


# By the path: the setting that a tenant begins with, and others that it takes.
KNOWN: dict[str, list[object]] = {
    "/guardian/policies": [["all-applications"], [], ["confidence-score"]],
    f"{FACTORS}/phone/message-types": [{"message_types": types} for types in (["sms"], ["voice", "sms"], [])],
    f"{FACTORS}/push-notification/selected-provider": [{"provider": each} for each in ("guardian", "sns", "direct")],
    f"{FACTORS}/phone/selected-provider": [{"provider": each} for each in ("auth0", "twilio", "phone-message-hook")],
}


@pytest.mark.parametrize("path", KNOWN)
def test_a_setting_is_echoed_read_back_and_kept_until_the_next(admin: Admin, path: str) -> None:
    assert admin.get(path) == KNOWN[path][0]
    for value in KNOWN[path][::-1]:
        assert admin("PUT", path, value).json() == admin.get(path) == value
    if path.endswith("message-types"):
        assert admin("PUT", path, {"message_types": ["sms", "sms"]}).json() == {"message_types": ["sms"]}


def test_the_tenants_settings_name_its_messages_and_its_default_directory(app: App, admin: Admin) -> None:
    directory = app.sandbox.defaults.realm
    assert admin.get(SETTINGS) == {"friendly_name": "sandbox", "default_directory": directory}
    assert admin.get(f"{SETTINGS}?fields=friendly_name") == {"friendly_name": "sandbox"}
    assert admin("PATCH", SETTINGS, {"friendly_name": "The Shop"}).json()["friendly_name"] == "The Shop"
    app.associate_sms(app.mfa_token())
    assert "The Shop" in app.inbox()[-1].text
    assert admin("PATCH", SETTINGS, {"friendly_name": ""}).json()["friendly_name"] == "sandbox"
    for named, error in (("", "server_error"), (directory, "mfa_required")):
        assert admin("PATCH", SETTINGS, {"default_directory": named}).json()["default_directory"] == named
        assert error_of(app.password())[1] == error


def test_connections_are_listed_with_those_that_have_passwords_first(app: App, admin: Admin) -> None:
    known = [("Username-Password-Authentication", "auth0"), ("sms", "sms"), ("email", "email")]
    listed, clients = admin.get("/connections"), list(app.sandbox.tenant.clients)
    more = {"id": "con_", "is_domain_connection": False, "enabled_clients": clients}
    shown = [{**more, "name": name, "strategy": strategy, "realms": [name]} for name, strategy in known]
    assert [{**one, "id": one["id"][:-16]} for one in listed] == shown
    assert admin.get("/connections?strategy=email") == admin.get("/connections?name=email") == [listed[2]]
    assert admin.get("/connections?strategy=auth0&strategy=sms") == listed[:2]
    assert admin.get("/connections?fields=id&name=sms") == [{"id": listed[1]["id"], "is_domain_connection": False}]
    set_up(app.sandbox, passwordless=frozenset({"email"}))
    assert len(admin.get("/connections")) == 2


def test_the_log_is_newest_first_cut_sorted_searched_and_says_who_did_it(app: App, admin: Admin) -> None:
    app.sandbox.clock.advance(3600)
    for _ in range(3):
        app.password()
    listed, known = admin.get("/logs"), app.sandbox.defaults
    ids = [one["log_id"] for one in listed]
    assert listed[0] == {
        "date": NINE, "type": "mfar", "description": "MFA required.", "client_id": known.client_id,
        "client_name": "Lab (confidential)", "user_id": known.user_id, "log_id": ids[0], "_id": ids[0],
    }  # fmt: skip
    assert [one["type"] for one in listed] == ["mfar", "mfar", "mfar", "seccft"]
    assert listed[3]["date"] == EIGHT
    searched = {'q=type:"seccft"': ids[3:], f"q=client_id:{known.client_id}": ids[:3], f"q=log_id:{ids[1]}": [ids[1]]}
    searched |= {f'q=user_id:"{known.user_id}"': ids[:3], 'q=description:"MFA required."': ids[:3]}
    cut = {"take=2&page=0": ids[:2], "per_page=2&page=1": ids[2:], "sort=date:1&per_page=100": ids[::-1]}
    for query, expected in {**cut, **searched}.items():
        assert [one["log_id"] for one in admin.get(f"/logs?{query}")] == expected, query
    assert admin.get("/logs?take=1&fields=type") == [{"type": "mfar"}]
    assert admin.get("/logs?include_totals=true&per_page=1")["logs"] == listed[:1]


# -- applications


def test_applications_are_listed_in_pages_and_their_members_chosen(app: App, admin: Admin) -> None:
    known = app.sandbox.defaults
    ids = [known.client_id, known.public_client_id, known.mgmt_client_id]
    each = [{"tenant": "sandbox", "client_id": one} for one in ids]
    page = admin.get("/clients?per_page=1&page=1&include_totals=true&fields=client_id")
    assert page == {"clients": [each[1]], "total": 3, "start": 1, "limit": 1}
    for query, found in (
        ("is_global=false&is_first_party=true", each), ("is_global=true", []), ("is_first_party=false", []),
        ("app_type=native", [each[1]]), ("app_type=native,regular_web", each), ("app_type=spa", []), ("", each),
    ):  # fmt: skip
        assert admin.get(f"/clients?fields=client_id&{query}") == found, query
    path, public = f"/clients/{ids[0]}", admin.get(f"/clients/{ids[1]}")
    whole = admin.get(path)
    assert (whole["name"], whole["app_type"], whole["tenant"]) == ("Lab (confidential)", "regular_web", "sandbox")
    assert whole["is_first_party"] is whole["oidc_conformant"] is True
    # A secret is shown for a scope of its own; a public application has none.
    assert whole["client_secret"] == known.client_secret
    assert known.client_secret not in admin_of(app, "read:clients")("GET", path).text
    assert (public["app_type"], "client_secret" in public) == ("native", False)
    assert admin.get(f"{path}?fields=name,app_type") == {name: whole.pop(name) for name in ("name", "app_type")}
    assert admin.get(f"{path}?fields=name,app_type&include_fields=false") == whole


def test_grant_types_are_taken_away_and_given_back(app: App, admin: Admin) -> None:
    path = f"/clients/{app.sandbox.defaults.client_id}"
    extensions = ["password-realm", "passwordless/otp", "mfa-oob", "mfa-otp", "mfa-recovery-code"]
    every = ["refresh_token", "client_credentials", "password", *(f"{GRANT}/{name}" for name in extensions)]
    before = admin.get(path)
    assert before["grant_types"] == every
    for types, error in ((every[:3], "unauthorized_client"), (every, "invalid_grant")):
        changed = admin("PATCH", path, {"grant_types": types, "name": "Shop"}).json()
        assert changed == admin.get(path) == {**before, "grant_types": types, "name": "Shop"}
        assert error_of(app.otp("x", "x"))[1] == error
        assert admin("PATCH", path, {}).json() == changed


def test_an_application_becomes_public_and_confidential_again(app: App, admin: Admin) -> None:
    known, method = app.sandbox.defaults, "token_endpoint_auth_method"
    path, public = f"/clients/{known.client_id}", {"client_id": known.public_client_id}
    assert admin.get(path)[method] == "client_secret_post"
    assert app.password(client_secret="wrong").status_code == 401
    admin("PATCH", path, {method: "none"})
    assert app.password(client_secret="").status_code == 403
    assert error_of(app.token(grant_type="client_credentials", audience="x"))[1:] == ("access_denied", "Unauthorized")
    admin("PATCH", path, {method: "client_secret_basic"})
    assert (app.password(client_secret="wrong").status_code, app.password().status_code) == (401, 403)
    assert admin.get(path)["client_secret"] == known.client_secret
    # One that never had a secret gets its own.
    secret = admin("PATCH", f"/clients/{known.public_client_id}", {method: "client_secret_post"}).json()[
        "client_secret"
    ]
    assert len(secret) == 64
    assert [app.password(**public, client_secret=each).status_code for each in ("", secret)] == [401, 403]


# -- users


def test_a_user_is_made_found_changed_and_deleted(app: App, admin: Admin) -> None:
    new = {"connection": "Username-Password-Authentication", "email": "new@example.com", "phone_number": "+15550188"}
    login = {"username": "New@example.com", "password": "Made-up-1"}  # auth0-mfa-lab: allow
    made = admin("POST", "/users", {**new, "password": login["password"], "verify_email": False}).json()
    path = f"/users/{made['user_id'].replace('|', '%7C')}"
    provider, identity = made["user_id"].split("|")
    of_auth0 = {"connection": new["connection"], "provider": provider, "user_id": identity, "isSocial": False}
    assert made == admin.get(path) == {
        "user_id": made["user_id"], "email": "new@example.com", "email_verified": False, "phone_number": "+15550188",
        "name": "new@example.com", "nickname": "new", "picture": "https://sandbox.example/avatars/default.png",
        "identities": [of_auth0], "created_at": EIGHT, "updated_at": EIGHT,
    }  # fmt: skip
    # Three kinds of letters are enough.
    assert admin("POST", "/users", {**new, "email": "other@example.com", "password": "aB-cdefg"}).status_code == 201
    assert app.authenticators(app.mfa_token(**login)) == []
    assert admin.get("/users-by-email?email=NEW@example.com") == [made]
    # Another address is unverified unless the call says it is; the name of the login stays.
    for change, verified in (
        ({"email_verified": True}, True),
        ({"email": "newer@example.com"}, False),
        ({"email": "newest@example.com", "email_verified": True}, True),
        ({"email": "newest@example.com", "phone_number": "+15550177"}, True),
    ):
        app.sandbox.clock.advance(3600)
        changed = admin("PATCH", path, change).json()
        assert (changed, changed["email_verified"]) == ({**admin.get(path), **change}, verified)
    assert (changed["created_at"], changed["updated_at"]) == (EIGHT, "2027-01-15T12:00:00.000Z")
    mfa_token = app.mfa_token(**login)
    for _ in range(2):
        assert admin("DELETE", path).status_code == 204, "an unknown user is answered alike"
    assert admin("GET", path).status_code == 404
    assert error_of(app.password(**login))[1] == error_of(app.challenge(mfa_token))[1] == "invalid_grant"
    # The ids of these users come from a chance of their own.
    assert app.sandbox.add_user().user_id == Sandbox().add_user().user_id


# -- enrollments


def enrollments(admin: Admin, user: User) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = admin.get(users_path(user, "/enrollments"))
    return listed


def test_enrollments_are_listed_read_and_removed_by_their_bare_id(app: App, admin: Admin, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["push", "otp", "sms"], phone=phone)
    push, totp, sms = listed = enrollments(admin, user)
    assert [one["auth_method"] for one in listed] == ["guardian", "authenticator", "sms"]
    others = enrollments(admin, app.sandbox.add_user(factors=["voice", "email"]))
    assert [one["auth_method"] for one in others] == ["sms", "email"]
    assert {(one["status"], one["id"][:-16]) for one in listed} == {("confirmed", "dev_")}
    assert (push["name"], push["identifier"]) == (phone.name, phone.identifier)
    assert sms["phone_number"] == sms["name"] == f"XXXXX{user.phone_number[-4:]}"
    assert user.phone_number not in str(listed)
    for one in listed:
        shown = {name: value for name, value in one.items() if name not in ("type", "auth_method")}
        assert admin.get(f"/guardian/enrollments/{one['id']}") == shown
    # A legacy provider takes the authenticator apps along, or nothing; the codes of a Guardian app stay.
    for provider, left in (("duo", [push, totp, sms]), ("google-authenticator", [push, sms])):
        assert admin("DELETE", users_path(user, f"/multifactor/{provider}")).status_code == 204
        assert enrollments(admin, user) == left
    assert kinds(app.authenticators(app.login(user))) == ["push", "totp", "recovery-code", "sms"]
    assert admin("DELETE", f"/guardian/enrollments/{push['id']}").status_code == 204
    assert admin("DELETE", f"/guardian/enrollments/{push['id']}").status_code == 404
    assert kinds(app.authenticators(app.login(user))) == ["recovery-code", "sms"]
    # It says when it was used.
    app.sandbox.clock.advance(3600)
    app.tokens(user)
    assert enrollments(admin, user) == [{**sms, "enrolled_at": EIGHT, "last_auth": NINE}]
    assert "last_auth" not in sms


def test_a_ticket_is_a_link_and_makes_nothing_yet(admin: Admin, user: User) -> None:
    url = "https://sandbox.example/mfa/enrollment?ticket="
    for factor in ("push-notification", "phone", "email", "otp", "webauthn-roaming", "webauthn-platform"):
        body = {"user_id": user.user_id, "factor": factor, "send_mail": False}
        ticket = admin("POST", "/guardian/enrollments/ticket", body).json()
        ticket_id = ticket["ticket_id"]
        assert (ticket, len(ticket_id)) == ({"ticket_id": ticket_id, "ticket_url": url + ticket_id}, 32)
    assert enrollments(admin, user) == []


def test_nothing_that_waits_for_its_confirmation_is_shown_and_all_goes_at_once(
    app: App, admin: Admin, user: User
) -> None:
    mfa_token = app.login(user)
    for path in (users_path(user, "/authenticators"), methods_path(user)):
        for begin in (app.associate, app.associate_otp, app.associate_sms):
            assert begin(mfa_token).status_code == 200
        assert enrollments(admin, user) == admin.get(methods_path(user)) == []
        for one in app.authenticators(mfa_token):
            assert admin("GET", f"/guardian/enrollments/{one['id'].partition('|')[2]}").status_code == 404
            assert admin("GET", methods_path(user, one["id"])).status_code == 404
        assert admin("DELETE", path).status_code == 204
        assert app.authenticators(mfa_token) == []


@pytest.mark.parametrize("factors", [["sms"], []])
def test_a_new_recovery_code_works_once_there_is_a_factor_and_the_old_one_is_dead(
    app: App, admin: Admin, factors: list[str]
) -> None:
    user = app.sandbox.add_user(factors=factors)
    code = admin("POST", users_path(user, "/recovery-code-regeneration")).json()["recovery_code"]
    if not factors:
        assert admin.get(methods_path(user)) == []
        made(admin, user, PHONE)
    assert {one["type"] for one in admin.get(methods_path(user))} == {"recovery-code", "phone"}
    assert error_of(app.recover(app.login(user), str(user.recovery_code)))[1] == "invalid_grant"
    assert app.recover(app.login(user), code).is_success


# -- authentication methods


def made(admin: Admin, user: User, body: object) -> dict[str, Any]:
    answer = admin("POST", methods_path(user), body)
    assert answer.status_code == 201, answer.text
    item: dict[str, Any] = answer.json()
    return item


def opens(app: App, user: User, authenticator_id: str, address: str = NUMBER) -> bool:
    """Tell whether the code that a challenge sends to an address gets in."""
    mfa_token = app.login(user)
    return app.bind(mfa_token, app.challenge(mfa_token, authenticator_id=authenticator_id), address).is_success


def test_a_phone_that_was_made_gets_a_code_at_the_next_login(app: App, admin: Admin, user: User) -> None:
    set_up(app.sandbox, message_types=("sms", "voice"))
    item = made(admin, user, {**PHONE, "name": "work", "preferred_authentication_method": "voice"})
    device_id = item["id"].removeprefix("phone|")
    ways = [{"id": f"{way}|{device_id}", "type": way} for way in ("sms", "voice")]
    assert item == {
        "id": f"phone|{device_id}", "type": "phone", "name": "work", "phone_number": MASKED_NUMBER,
        "preferred_authentication_method": "voice", "authentication_methods": ways,
        "created_at": EIGHT,
    }  # fmt: skip
    assert kinds(app.authenticators(app.login(user)), active=True) == ["sms", "voice"]
    assert all(opens(app, user, way["id"]) for way in ways)
    (listed,) = admin.get(methods_path(user))
    assert listed == {**item, "confirmed": True, "last_auth_at": EIGHT}
    path = methods_path(user, item["id"])
    for change in ({"name": "home"}, {"preferred_authentication_method": "sms"}):
        listed |= change
        assert {**admin("PATCH", path, change).json(), "confirmed": True} == admin.get(path) == listed
    assert admin("DELETE", path).status_code == 204
    assert app.authenticators(app.login(user)) == []
    # Where voice is off, a phone is one authenticator, which SMS reaches by default.
    set_up(app.sandbox, message_types=("sms",))
    item = made(admin, user, PHONE)
    assert [one["type"] for one in item["authentication_methods"]] == ["sms"]
    assert (item["preferred_authentication_method"], item.get("name")) == ("sms", None)
    assert admin("DELETE", methods_path(app.sandbox.add_user(), item["id"])).status_code == 404, "another user's"


def test_an_app_and_an_address_that_were_made_take_codes_at_once(app: App, admin: Admin, user: User) -> None:
    admin("PUT", f"{FACTORS}/email", {"enabled": True})
    totp, email = made(admin, user, {**TOTP, "name": "app"}), made(admin, user, EMAIL)
    assert (totp["name"], totp["totp_secret"], email["email"]) == ("app", SECRET, MASKED_ADDRESS)
    assert ("confirmed" in email, SECRET in admin("GET", methods_path(user)).text) == (False, False)
    assert admin.get(methods_path(user, email["id"])) == {**email, "confirmed": True}
    code = pyotp.TOTP(SECRET).at(int(app.sandbox.clock.now()))
    assert app.otp(app.login(user), code).is_success
    assert opens(app, user, email["id"], ADDRESS)
    refused = admin("PATCH", methods_path(user, totp["id"]), {"preferred_authentication_method": "sms"})
    assert refused.status_code == 400, "only a phone is preferably reached by one of two ways"
    counted = admin.get(f"{methods_path(user)}?include_totals=true&per_page=1&page=1")
    assert [one["id"] for one in counted.pop("authenticators")] == [email["id"]]
    assert counted == {"total": 2, "start": 1, "limit": 1}
    nothing = admin.get(f"{methods_path(app.sandbox.add_user())}?include_totals=true")
    assert nothing == {"authenticators": [], "start": 0, "limit": 50}


def test_a_set_takes_the_place_of_another_and_is_shown_unmasked_once(app: App, admin: Admin, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["push", "sms"], phone=phone)
    path = methods_path(user)
    before = {one["type"]: one.get("name") for one in admin.get(path)}
    assert before == {"push": phone.name, "totp": None, "recovery-code": None, "phone": None}
    email, number, totp = admin("PUT", path, [EMAIL, PHONE, TOTP]).json()
    assert (email["email"], number["phone_number"], totp["type"]) == (ADDRESS, NUMBER, "totp")
    shown = [email | {"email": MASKED_ADDRESS}, number | {"phone_number": MASKED_NUMBER}, totp]
    assert admin.get(path) == [one | {"confirmed": True} for one in shown]
    assert app.sandbox.tenant.devices == {}
    assert admin("PUT", path, []).json() == admin.get(path) == []
