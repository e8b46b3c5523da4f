"""Which token opens what: every cell of the reference's table, as the sandbox answers it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import get_args

import httpx
import pytest

from auth0_mfa_lab.sandbox import Phone, Sandbox, User
from tests.sandbox.sandbox_mothers import App, app_of, bearer, error_of, new_sandbox
from tests.wire.token_table import ENROLLED, ROWS, Endpoint, Kind, Row

SCOPE_OF: dict[Endpoint, str] = {
    "GET /mfa/authenticators": "read:authenticators",
    "DELETE /mfa/authenticators/{id}": "remove:authenticators",
}
"""The scope that an endpoint needs, `enroll` elsewhere; the token without it has the two others."""


@dataclass(frozen=True)
class Bench:
    """A user with OTP and SMS, one with nothing yet, and the endpoints as they are really used."""

    app: App
    phone: Phone
    user: User
    newcomer: User

    def token(self, kind: Kind, endpoint: Endpoint) -> str:
        """Return a token of this kind, fit for this endpoint but for its kind."""
        app, needed = self.app, SCOPE_OF.get(endpoint, "enroll")
        owner = self.newcomer if endpoint == "POST /mfa/associate" else self.user
        if kind == "expired mfa_token":
            token = app.login(owner)
            app.sandbox.clock.advance(600)
            return token
        if kind == "foreign mfa_token":
            other = new_sandbox(seed=2)
            return app_of(other).mfa_token()
        if kind == "mfa access token without scope":
            others = {"enroll", "read:authenticators", "remove:authenticators"} - {needed}
            return app.mfa_access(self.user, " ".join(sorted(others)))
        tokens: dict[Kind, Callable[[], str]] = {
            "mfa_token": lambda: app.login(owner),
            "mfa access token": lambda: app.mfa_access(self.user, needed),
            "api access token": lambda: app.tokens(self.user, audience=app.sandbox.defaults.audience)["access_token"],
            "opaque access token": lambda: app.tokens(self.user, scope="openid")["access_token"],
            "refresh token": lambda: app.tokens(self.user, scope="offline_access")["refresh_token"],
        }
        return tokens[kind]()

    def use(self, endpoint: Endpoint, token: str) -> httpx.Response:
        app = self.app
        uses: dict[Endpoint, Callable[[], httpx.Response]] = {
            "GET /mfa/authenticators": lambda: app.http.get("/mfa/authenticators", headers=bearer(token)),
            "POST /mfa/associate": lambda: app.associate_otp(token),
            "POST /mfa/challenge": lambda: app.challenge(token),
            "mfa-otp": lambda: self._otp(token),
            "mfa-oob": lambda: self._oob(token),
            "mfa-recovery-code": lambda: app.recover(token, str(self.user.recovery_code)),
            "DELETE /mfa/authenticators/{id}": lambda: app.delete(token, self._an_id()),
        }
        return uses[endpoint]()

    def _otp(self, token: str) -> httpx.Response:
        associated = self.app.associate_otp(token)
        if associated.status_code == 200:
            self.phone.scan(associated.json()["barcode_uri"])
        return self.app.otp(token, self.phone.code())

    def _oob(self, token: str) -> httpx.Response:
        begun = self.app.associate_sms(token, self.user.phone_number)
        if begun.status_code != 200:
            begun = self.app.challenge(token, oob_channel="sms")
        oob_code = begun.json().get("oob_code", "x")
        return self.app.poll(token, oob_code, binding_code=self.app.newest_code(self.user.phone_number))

    def _an_id(self) -> str:
        return self.app.sandbox.tenant.authenticators.active_of(self.user.user_id)[0].id


@pytest.fixture
def bench() -> Iterator[Bench]:
    box: Sandbox = new_sandbox()
    app = app_of(box)
    phone = box.new_phone(app.http)
    user = box.add_user(factors=["otp", "sms"], phone=phone)
    app.tokens(user)
    yield Bench(app, phone, user, box.add_user())
    assert not box.failures


def test_the_table_has_one_row_for_each_cell() -> None:
    cells = [(row.endpoint, row.kind) for row in ROWS]
    assert len(set(cells)) == len(cells) == len(get_args(Endpoint)) * len(get_args(Kind)) == 56


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.endpoint} by {row.kind}" for row in ROWS])
def test_each_endpoint_answers_each_kind_of_token_as_the_table_says(bench: Bench, row: Row) -> None:
    answer = bench.use(row.endpoint, bench.token(row.kind, row.endpoint))
    if row.expected == "takes":
        assert answer.is_success, answer.text
    else:
        assert error_of(answer) == row.expected


def test_an_mfa_token_enrolls_no_second_factor(bench: Bench) -> None:
    assert error_of(bench.app.associate_otp(bench.app.login(bench.user))) == ENROLLED
