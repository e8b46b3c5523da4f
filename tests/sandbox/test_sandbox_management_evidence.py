"""The successes in the evidence table: each call of each row is made, and answered as its row says."""

import re
from collections.abc import Callable

import httpx
import pytest

from auth0_mfa_lab.sandbox import Phone
from auth0_mfa_lab.sandbox.errors import ROWS, EvidenceRow
from tests.keys import KEYS
from tests.sandbox.management_mothers import Admin, admin_of, methods_path, notes_of, users_path
from tests.sandbox.sandbox_mothers import App, pushed, scan

Asked = Callable[[Admin, Phone], httpx.Response]


def with_user(method: str, below: str, body: object = None) -> Asked:
    return lambda admin, _: admin(method, users_path(admin.app.sandbox.add_user(), below), body)


def of_client(method: str, below: str = "", body: object = None) -> Asked:
    return lambda admin, _: admin(method, f"/clients/{admin.app.sandbox.defaults.client_id}{below}", body)


def of_enrolled(admin: Admin, path: Callable[[str, str], str]) -> httpx.Response:
    user = admin.app.sandbox.add_user(factors=["sms"])
    (sms, _) = admin.app.sandbox.tenant.authenticators.of(user.user_id)
    return admin("GET", path(users_path(user), sms.id.partition("|")[2]))


def renamed(admin: Admin, _: Phone) -> httpx.Response:
    user = admin.app.sandbox.add_user(factors=["sms"])
    (method, _) = admin.get(methods_path(user))
    return admin("PATCH", methods_path(user, method["id"]), {"name": "work"})


def enrolled(admin: Admin, phone: Phone) -> httpx.Response:
    return scan(phone, admin.app.associate(admin.app.mfa_token()).json()["barcode_uri"])


def answered(admin: Admin, phone: Phone) -> httpx.Response:
    login = pushed(admin.app, phone)
    return login.answer(login.sign(login.claims()))


def key() -> dict[str, str]:
    return {"credential_type": "public_key", "pem": next(KEYS).as_pem(private=False).decode()}


NEW_USER = {
    "connection": "Username-Password-Authentication",
    "email": "new@example.com",
    "password": "Made-up-1",  # auth0-mfa-lab: allow
}
CALLS: dict[str, Asked] = {
    "GET /api/v2/clients": lambda admin, _: admin("GET", "/clients"),
    "GET /api/v2/clients/{id}": of_client("GET"),
    "PATCH /api/v2/clients/{id}": of_client("PATCH", body={"name": "Shop"}),
    "GET /api/v2/clients/{id}/credentials": of_client("GET", "/credentials"),
    "POST /api/v2/clients/{id}/credentials": of_client("POST", "/credentials", key()),
    "GET /api/v2/connections": lambda admin, _: admin("GET", "/connections"),
    "GET /api/v2/tenants/settings": lambda admin, _: admin("GET", "/tenants/settings"),
    "PATCH /api/v2/tenants/settings": lambda admin, _: admin("PATCH", "/tenants/settings", {}),
    "GET /api/v2/logs": lambda admin, _: admin("GET", "/logs"),
    "GET /api/v2/users/{id}": with_user("GET", ""),
    "POST /api/v2/users": lambda admin, _: admin("POST", "/users", NEW_USER),
    "DELETE /api/v2/users/{id}": with_user("DELETE", ""),
    "PATCH /api/v2/users/{id}": with_user("PATCH", "", {"email_verified": True}),
    "GET /api/v2/users-by-email": lambda admin, _: admin("GET", "/users-by-email?email=jane.roe@example.com"),
    "GET /api/v2/guardian/enrollments/{id}": lambda admin, _: of_enrolled(
        admin, lambda user, enrollment: f"/guardian/enrollments/{enrollment}"
    ),
    "GET /api/v2/users/{id}/enrollments": lambda admin, _: of_enrolled(
        admin, lambda user, enrollment: f"{user}/enrollments"
    ),
    "PATCH /api/v2/users/{id}/authentication-methods/{id}": renamed,
    "POST /api/v2/users/{id}/authentication-methods": with_user(
        "POST", "/authentication-methods", {"type": "phone", "phone_number": "+15550123"}
    ),
    "DELETE /api/v2/users/{id}/multifactor/{provider}": with_user("DELETE", "/multifactor/duo"),
    "POST /appliance-mfa/api/enroll": enrolled,
    "POST /appliance-mfa/api/resolve-transaction": answered,
}
"""Each call that a row of a success names, made so that it succeeds."""

# A pending poll is an error of the grant's, by a switch with the status 200.
SUCCESSES = [row for row in ROWS if row.status < 400 and not row.error]


def calls_of(row: EvidenceRow) -> list[str]:
    """Return the calls of a row, whose endpoint may name several methods of a path and several paths."""
    every: list[str] = []
    for methods, path in re.findall(r"((?:[A-Z]+(?:, )?)+) (/[^,]+)", row.endpoint):
        every += [f"{method} {path}" for method in methods.split(", ")]
    return every


def successes() -> list[tuple[EvidenceRow, str]]:
    return [(row, call) for row in SUCCESSES for call in calls_of(row)]


def test_every_call_of_a_success_is_made_here() -> None:
    assert {call for _, call in successes()} == set(CALLS)
    assert all(calls_of(row) for row in SUCCESSES)


@pytest.mark.parametrize(("row", "call"), successes(), ids=[call for _, call in successes()])
def test_a_success_has_the_status_and_the_marks_of_its_row(app: App, phone: Phone, row: EvidenceRow, call: str) -> None:
    answer = CALLS[call](admin_of(app), phone)
    assert answer.status_code == row.status
    if "/api/v2" in call:
        assert notes_of(answer) == (f"sandbox: status {row.status_mark} · members {row.text_mark}",)
