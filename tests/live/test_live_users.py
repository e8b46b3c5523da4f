"""`lab.user` on a live tenant: a throw-away user in a known state where the Management API opens, or the own one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auth0_mfa_lab import Lab, Secret, SettingsError
from auth0_mfa_lab.errors import LabError, NotConfirmed, UserDoesNotFit
from auth0_mfa_lab.live.administrator import NAME, PASSWORD, SECRET, drawn
from auth0_mfa_lab.tenants.users import User
from tests.live.live_world import LiveTenant


@pytest.fixture
def open_tenant(live_tenant: LiveTenant) -> LiveTenant:
    """Return a tenant that has every factor that a user can be made with."""
    factors = live_tenant.sandbox.tenant.settings.factors | {"email"}
    live_tenant.set_up(factors=factors, message_types=("sms", "voice"))
    return live_tenant


def log_in(lab: Lab, user: User) -> str:
    login = lab.client.password_grant(username=user.username, password=user.password, realm=lab.settings.realm)
    token: str = login["mfa_token"]
    return token


def kinds(lab: Lab, user: User) -> list[str]:
    listed = lab.client.mfa_authenticators(log_in(lab, user)).json
    assert all(each["active"] for each in listed)
    return sorted(each["id"].partition("|")[0] for each in listed)


@pytest.mark.parametrize(
    ("factors", "has"),
    [
        ([], []),
        (["otp"], ["recovery-code", "totp"]),
        (["sms"], ["recovery-code", "sms", "voice"]),
        (["voice"], ["recovery-code", "sms", "voice"]),
        (["email"], ["email", "recovery-code"]),
        (["otp", "sms", "email"], ["email", "recovery-code", "sms", "totp", "voice"]),
    ],
)
def test_a_throw_away_user_has_just_these_factors(open_tenant: LiveTenant, factors: list[str], has: list[str]) -> None:
    lab = open_tenant.lab(management=True)
    user = lab.user(factors=factors)
    assert user.factors == tuple(factors)
    assert kinds(lab, user) == has
    assert (user.recovery_code is not None) is bool(factors)
    assert open_tenant.sent == ()
    assert open_tenant.authenticators == []


def test_two_are_two_and_nobody_can_get_a_mail_of_theirs(open_tenant: LiveTenant) -> None:
    lab = open_tenant.lab(management=True)
    first, second = lab.user(), lab.user()
    assert first.username != second.username
    assert first.password != second.password
    for user in (first, second):
        assert re.fullmatch(r"lab-[0-9a-f]{10}@lab\.example", str(user.username))
        made = next(each for each in open_tenant.sandbox.tenant.users.values() if each.username == user.username)
        assert made.email_verified is False
        assert made.connection == lab.settings.realm
    bodies = [each.request.raw_data() for each in lab.journal if each.request.target == "/api/v2/users"]
    assert [each["verify_email"] for each in bodies] == [False, False]


def test_the_labs_phone_shows_the_codes_of_the_secret_that_it_made(open_tenant: LiveTenant) -> None:
    lab = open_tenant.lab(management=True)
    user = lab.user(factors=["otp"])
    granted = lab.client.mfa_otp_grant(mfa_token=log_in(lab, user), otp=lab.phone.code())
    assert granted.status == 200


def test_a_recovery_code_of_a_throw_away_user_logs_in(open_tenant: LiveTenant) -> None:
    lab = open_tenant.lab(management=True)
    user = lab.user(factors=["sms"])
    assert user.recovery_code is not None
    granted = lab.client.mfa_recovery_code_grant(mfa_token=log_in(lab, user), recovery_code=user.recovery_code)
    assert granted.status == 200


def test_an_sms_goes_to_the_settings_number(open_tenant: LiveTenant) -> None:
    lab = open_tenant.lab(management=True)
    user = lab.user(factors=["sms"])
    lab.client.mfa_challenge(mfa_token=log_in(lab, user), challenge_type="oob")
    assert [(each.channel, each.address) for each in open_tenant.sent] == [("sms", lab.settings.phone_number)]


def test_push_needs_a_phone_and_nothing_is_sent_without(open_tenant: LiveTenant) -> None:
    lab = open_tenant.lab(management=True)
    with pytest.raises(UserDoesNotFit, match=r"notebook 05.*AUTH0_LAB_VIRTUAL_PHONE=1") as misfit:
        lab.user(factors=["otp", "push"])
    assert str(misfit.value).endswith("Nothing was sent to anybody.")
    assert open_tenant.journal == ()


@pytest.mark.parametrize("factors", [["push"], ["push", "otp"], ["push", "sms"]])
def test_the_virtual_phone_enrolls_push(open_tenant: LiveTenant, factors: list[str]) -> None:
    lab = open_tenant.lab(management=True, virtual_phone=True)
    user = lab.user(factors=factors)
    assert "push" in kinds(lab, user)
    assert user.recovery_code is not None
    assert lab.client.mfa_otp_grant(mfa_token=log_in(lab, user), otp=lab.phone.code()).status == 200
    lab.cleanup()
    assert len(open_tenant.sandbox.tenant.users) == 1


@pytest.mark.parametrize(
    ("factor", "missing", "variable"),
    [
        ("sms", "phone_number", "AUTH0_PHONE_NUMBER"),
        ("voice", "phone_number", "AUTH0_PHONE_NUMBER"),
        ("email", "email", "AUTH0_EMAIL"),
    ],
)
def test_a_factor_that_needs_an_address_says_which_variable(
    open_tenant: LiveTenant, factor: str, missing: str, variable: str
) -> None:
    lab = open_tenant.lab(management=True, **{missing: None})
    with pytest.raises(SettingsError, match=variable):
        lab.user(factors=[factor])
    assert open_tenant.journal == ()


def test_a_tenant_that_asks_for_no_second_factor_is_told_and_the_user_is_removed(open_tenant: LiveTenant) -> None:
    open_tenant.set_up(policy="never")
    with pytest.raises(SettingsError, match="Require Multi-factor Auth: Always"):
        open_tenant.lab(management=True, virtual_phone=True).user(factors=["push"])
    assert len(open_tenant.sandbox.tenant.users) == 1


def test_an_unknown_factor_is_refused_before_anything_is_sent(open_tenant: LiveTenant) -> None:
    with pytest.raises(LabError, match="no factor 'fax'"):
        open_tenant.lab(management=True).user(factors=["fax"])
    assert open_tenant.journal == ()


def test_without_a_management_token_it_is_the_configured_user(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab()
    assert lab.user().username == live_tenant.person.username
    live_tenant.enroll("otp")
    with pytest.raises(UserDoesNotFit):
        lab.user()
    assert len(live_tenant.sandbox.tenant.users) == 1


def test_a_token_that_was_passed_makes_them_as_well(open_tenant: LiveTenant) -> None:
    machine = open_tenant.lab(management=True)
    token = machine.management_application.client_credentials_grant(audience=machine.management_audience)
    lab = open_tenant.lab(mgmt_token=Secret(str(token["access_token"]), "<mgmt_token>"))
    assert kinds(lab, lab.user(factors=["otp"])) == ["recovery-code", "totp"]
    assert not lab.cleanup().stays


def test_a_lab_gets_one_token_for_all_its_users(open_tenant: LiveTenant) -> None:
    lab = open_tenant.lab(management=True)
    for _ in range(3):
        lab.user()
    lab.cleanup()
    assert [path for _, path in open_tenant.journal].count("/oauth/token") == 1
    open_tenant.sandbox.clock.advance(86_400)
    lab.user()
    assert [path for _, path in open_tenant.journal].count("/oauth/token") == 2


@pytest.mark.parametrize("lives", ["soon", None, [], {}])
def test_a_token_that_does_not_say_how_long_it_lives_serves_one_look(open_tenant: LiveTenant, lives: object) -> None:
    open_tenant.alter("POST /oauth/token", lambda answer: answer.with_fields(expires_in=lives))
    lab = open_tenant.lab(management=True)
    lab.user()
    assert not lab.cleanup().stays


# -- one question for all


def test_one_question_asks_for_all_of_a_users_calls(open_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def yes(question: str) -> str:
        asked.append(question)
        return "y"

    monkeypatch.setattr("builtins.input", yes)
    open_tenant.lab(management=True, confirm="each").user(factors=["otp", "sms"])
    (question,) = asked
    assert "lab.user makes a throw-away user with otp, sms, by the Management API; lab.cleanup() removes" in question
    lab = open_tenant.lab(management=True, confirm="once")
    for _ in range(2):
        lab.user(factors=["otp"])
    assert len(asked) == 2


def test_after_a_no_there_is_no_user_and_not_even_a_token(
    open_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "n")
    lab = open_tenant.lab(management=True, confirm="once")
    with pytest.raises(NotConfirmed, match=r"lab\.user makes a throw-away user without any factor"):
        lab.user()
    assert open_tenant.journal == ()
    assert len(lab.journal) == 0


# -- where the tenant refuses


def test_an_application_without_the_scope_is_told_which(open_tenant: LiveTenant) -> None:
    lab = open_tenant.lab(management=True)
    token = lab.management_application.client_credentials_grant(audience=lab.management_audience, scope="read:users")
    narrow = open_tenant.lab(mgmt_token=Secret(str(token["access_token"]), "<mgmt_token>"))
    with pytest.raises(LabError, match=r"failed: 403 insufficient_scope: .*: create:users"):
        narrow.user()


def test_wrong_credentials_of_the_machine_say_what_to_check(open_tenant: LiveTenant) -> None:
    lab = open_tenant.lab(management=True, mgmt_client_secret=Secret("wrong", "<mgmt_client_secret>"))
    with pytest.raises(SettingsError, match=r"no token: 401 access_denied .* AUTH0_MGMT_CLIENT_SECRET"):
        lab.user()


def test_a_user_whose_factor_is_refused_is_removed_again(
    open_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = open_tenant.lab(management=True)
    refused = "AAAA"
    monkeypatch.setattr(lab, "_draw", lambda what: refused if what == SECRET else drawn(what))
    with pytest.raises(LabError, match="Enrolling totp failed: 400 invalid_body"):
        lab.user(factors=["otp"])
    assert len(open_tenant.sandbox.tenant.users) == 1
    assert [row.fate for row in lab.cleanup().rows] == ["gone already"]


# -- nothing of them is shown


def test_nothing_that_is_shown_names_them(open_tenant: LiveTenant) -> None:
    lab = open_tenant.lab(management=True)
    user = lab.user(factors=["otp"])
    made = next(each for each in open_tenant.sandbox.tenant.users.values() if each.username == user.username)
    (entry,) = [each for each in open_tenant.sandbox.tenant.authenticators.of(made.user_id) if each.kind == "totp"]
    shown = repr(user) + repr(lab.journal) + "".join(map(repr, lab.journal))
    for raw in (str(user.username), str(user.password), str(user.recovery_code), made.user_id, str(entry.secret)):
        assert raw not in shown
        assert raw[6:] not in shown
    assert isinstance(user.password, Secret)
    assert isinstance(user.username, Secret)


def test_what_is_drawn_is_never_the_same_and_strong() -> None:
    for what in (NAME, PASSWORD, SECRET):
        assert len({drawn(what) for _ in range(50)}) == 50
    password = drawn(PASSWORD)
    assert len(password) >= 20
    for kind in (str.islower, str.isupper, str.isdigit):
        assert any(map(kind, password))
    assert not password.isalnum()
    assert len(drawn(SECRET)) == 32


# -- replayed


def test_a_recorded_run_with_a_throw_away_user_is_replayed(open_tenant: LiveTenant, tmp_path: Path) -> None:
    def run(lab: Lab) -> list[str]:
        user = lab.user(factors=["otp"])
        token = log_in(lab, user)
        lab.client.mfa_authenticators(token)
        lab.client.mfa_otp_grant(mfa_token=token, otp=lab.phone.code())
        return [repr(user), *map(repr, lab.journal)]

    lab = open_tenant.lab(management=True)
    first = run(lab)
    lab.export("har").save(tmp_path / "run.har")
    text = (tmp_path / "run.har").read_text("utf-8")
    assert "@lab.example" not in text
    assert run(Lab.replay(tmp_path / "run.har")) == first
