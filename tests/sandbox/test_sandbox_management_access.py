"""Who may call the Management API, in which order it checks, and what it does not have."""

import re

import pytest

from auth0_mfa_lab.sandbox.management.api import ENDPOINTS
from tests.sandbox.management_mothers import admin_of, four_keys, machine_token, notes_of, users_path
from tests.sandbox.sandbox_mothers import App, bearer, claims_of, sign

BAD = (401, "Invalid token.", None)
FACTORS = "/api/v2/guardian/factors"
KEY_PATH = re.compile(r"\{\w+\}")


def calls() -> list[tuple[str, str, tuple[str, ...]]]:
    """Return verb, path and scopes of every call, typed from the reference's sections 9.2 to 9.4."""
    guardian, user = "/guardian", "/users/{id}"
    factors, methods = f"{guardian}/factors", f"{user}/authentication-methods"
    read, update = ("read:guardian_factors",), ("update:guardian_factors",)
    settings = [f"{factors}/push-notification/selected-provider", f"{factors}/phone/message-types"]
    settings += [f"{factors}/phone/selected-provider"]
    return [
        ("GET", factors, read),
        ("PUT", f"{factors}/{{name}}", update),
        ("GET", f"{guardian}/policies", ("read:mfa_policies",)),
        ("PUT", f"{guardian}/policies", ("update:mfa_policies",)),
        *[("GET", path, read) for path in settings],
        *[("PUT", path, update) for path in settings],
        ("POST", f"{guardian}/enrollments/ticket", ("create:guardian_enrollment_tickets",)),
        ("GET", f"{guardian}/enrollments/{{id}}", ("read:guardian_enrollments",)),
        ("DELETE", f"{guardian}/enrollments/{{id}}", ("delete:guardian_enrollments",)),
        ("GET", f"{user}/enrollments", ("read:users", "read:current_user")),
        ("GET", methods, ("read:authentication_methods",)),
        ("POST", methods, ("create:authentication_methods",)),
        ("PUT", methods, ("update:authentication_methods",)),
        ("DELETE", methods, ("delete:authentication_methods",)),
        ("GET", f"{methods}/{{method_id}}", ("read:authentication_methods",)),
        ("PATCH", f"{methods}/{{method_id}}", ("update:authentication_methods",)),
        ("DELETE", f"{methods}/{{method_id}}", ("delete:authentication_methods",)),
        ("DELETE", f"{user}/authenticators", ("delete:guardian_enrollments",)),
        ("POST", f"{user}/recovery-code-regeneration", ("update:users",)),
        ("DELETE", f"{user}/multifactor/{{provider}}", ("update:users",)),
        ("POST", f"{user}/multifactor/actions/invalidate-remember-browser", ("update:users",)),
        ("GET", user, ("read:users",)),
        ("PATCH", user, ("update:users",)),
        ("POST", "/users", ("create:users",)),
        ("DELETE", user, ("delete:users",)),
        ("GET", "/users-by-email", ("read:users",)),
        ("GET", "/clients", ("read:clients",)),
        ("GET", "/clients/{id}", ("read:clients",)),
        ("PATCH", "/clients/{id}", ("update:clients",)),
        ("GET", "/clients/{id}/credentials", ("read:client_credentials",)),
        ("POST", "/clients/{id}/credentials", ("create:client_credentials",)),
        ("DELETE", "/clients/{id}/credentials/{credential_id}", ("delete:client_credentials",)),
        ("GET", "/connections", ("read:connections",)),
        ("GET", "/tenants/settings", ("read:tenant_settings",)),
        ("PATCH", "/tenants/settings", ("update:tenant_settings",)),
        ("GET", "/logs", ("read:logs",)),
    ]


def test_this_table_has_every_call() -> None:
    known = {(one.method, one.path, tuple(one.scope.split())) for one in ENDPOINTS}
    assert known == set(calls())


@pytest.mark.parametrize(("method", "path", "scopes"), calls())
def test_each_call_needs_a_token_and_one_of_its_scopes(
    app: App, method: str, path: str, scopes: tuple[str, ...]
) -> None:
    address = KEY_PATH.sub("x", path)
    assert four_keys(app.http.request(method, f"/api/v2{address}"))[0] == 401
    without = admin_of(app, "read:connections_of_others read:logs" if scopes != ("read:logs",) else "read:users")
    text = f"Insufficient scope, expected any of: {','.join(scopes)}"
    assert four_keys(without(method, address)) == (403, text, "insufficient_scope")
    for scope in scopes:
        assert admin_of(app, scope)(method, address).status_code != 403


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "Token abc"])
def test_without_a_bearer_nothing_is_authenticated(app: App, header: str) -> None:
    answer = app.http.get(FACTORS, headers={"authorization": header})
    assert four_keys(answer) == (401, "Missing authentication", None)


def test_a_token_of_another_kind_is_invalid(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    tokens = app.tokens(user, scope="openid", audience="https://api.example.com/")
    shop = app.token(grant_type="client_credentials", audience="https://api.example.com/").json()["access_token"]
    for token in ["nonsense", "a.b.c", tokens["access_token"], tokens["id_token"], app.mfa_access(user), shop]:
        assert four_keys(app.http.get(FACTORS, headers=bearer(token))) == BAD


def test_a_token_that_somebody_else_signed_is_invalid(app: App) -> None:
    claims = claims_of(machine_token(app).json()["access_token"])
    forged = sign(claims, app.sandbox.tenant.tokens.keys[1].private)
    assert four_keys(app.http.get(FACTORS, headers=bearer(forged))) == BAD


def test_a_token_is_good_for_a_day_to_the_second(app: App) -> None:
    admin = admin_of(app)
    app.sandbox.clock.advance(86_399)
    assert admin("GET", "/guardian/factors").status_code == 200
    app.sandbox.clock.advance(1)
    assert four_keys(admin("GET", "/guardian/factors")) == BAD


def test_the_checks_come_in_an_order_and_the_first_one_that_fails_answers(app: App) -> None:
    """The token, the scope, what the path names, the body: each step repairs one."""
    path, body = users_path(app.sandbox.add_user()).replace("auth0", "nobody"), b"{"
    wrong = app.http.patch(f"/api/v2{path}", content=body, headers=bearer("x"))
    assert four_keys(wrong) == BAD
    assert four_keys(admin_of(app, "read:users")("PATCH", path, content=body))[0] == 403
    assert four_keys(admin_of(app)("PATCH", path, content=body))[2] == "inexistent_user"
    path = users_path(app.sandbox.add_user())
    assert four_keys(admin_of(app)("PATCH", path, content=body)) == (
        400,
        "Invalid request payload JSON format",
        "invalid_body",
    )
    assert admin_of(app)("PATCH", path, content=b"{}").status_code == 200


@pytest.mark.parametrize("body", ['{"a": "\\ud800"}', "[" * 100_000, "nonsense", "\xff"])
def test_a_body_that_is_no_json_is_refused_and_breaks_nothing(app: App, body: str) -> None:
    answer = admin_of(app)("PUT", "/guardian/policies", content=body.encode("latin-1"))
    assert four_keys(answer)[::2] == (400, "invalid_body")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/connections"), ("GET", "/users"), ("DELETE", "/clients/x"), ("POST", "/clients"), ("GET", "/")],
)
def test_what_auth0_has_and_the_sandbox_lacks_is_a_501_in_plain_text(app: App, method: str, path: str) -> None:
    answer = admin_of(app)(method, path)
    assert answer.status_code == 501
    assert answer.headers["content-type"].startswith("text/plain")
    assert f"{method} /api/v2{path}" in answer.text


def test_the_hosted_page_of_a_ticket_is_a_501_too(app: App) -> None:
    assert app.http.get("/mfa/enrollment?ticket=x").status_code == 501


def test_no_answer_may_be_cached(app: App) -> None:
    admin = admin_of(app)
    assert admin("GET", "/guardian/factors").headers["cache-control"] == "no-cache"
    user = app.sandbox.add_user()
    assert admin("DELETE", users_path(user, "/authenticators")).headers["cache-control"] == "no-cache"


def test_a_success_whose_members_are_a_guess_says_so_and_a_recorded_one_does_not(app: App) -> None:
    admin = admin_of(app)
    assert notes_of(admin("GET", "/clients")) == ("sandbox: status doc · members guess",)
    assert notes_of(admin("GET", "/guardian/factors")) == ()
