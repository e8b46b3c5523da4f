"""Where the sources differ (section 13.3): each switch gives the answer that is not trusted; no error lacks a row."""

import httpx

from auth0_mfa_lab.sandbox import Sandbox, errors
from auth0_mfa_lab.sandbox.settings import SWITCHES
from tests.mothers import rows
from tests.sandbox.sandbox_mothers import MFA_AUDIENCE
from tests.sandbox.scenario import MFA_REQUIRED, Scenario, Scene, check, each_of, marks_of
from tests.sandbox.test_answers_limits import REFUSED
from tests.sandbox.test_answers_mfa import MFA
from tests.sandbox.test_answers_passwordless import PASSWORDLESS, STARTS
from tests.sandbox.test_answers_token import TOKEN

UNCONFIRMED = (
    "User does not have any confirmed authenticator associated. You can associate a new authenticator calling "
    "/mfa/associate endpoint. If you have one authenticator ready for confirmation, you can confirm it just using it "
    "in /oauth/token"
)
NO_GRANT = (
    f'Client "{Sandbox().defaults.client_id}" is not authorized to access resource server "{MFA_AUDIENCE}". '
    'You need to create a "client-grant" associated to this API.'
)
SAID = {
    "no client": ("invalid_client", "Client authentication failed"),
    "none": ("association_required", UNCONFIRMED),
    "no grant": ("access_denied", NO_GRANT),
    "failed": ("too_many_attempts", "Too many failed codes. Wait for some minutes before retrying."),
    "required": MFA_REQUIRED[1:3],
}


def refreshed(scene: Scene) -> httpx.Response:
    token = scene.app.tokens(scene.box.add_user(factors=["sms"]), scope="offline_access")["refresh_token"]
    return scene.app.token(grant_type="refresh_token", refresh_token=token)


def first_of_two(scene: Scene) -> httpx.Response:
    user = scene.box.add_user(factors=["otp", "sms"], phone=scene.phone)
    return scene.app.otp(scene.app.login(user), scene.phone.code())


TRUSTED = {scenario.given: scenario for scenario in (*TOKEN, *MFA, *REFUSED)}
HAPPENINGS = {name: trusted.when for name, trusted in TRUSTED.items()} | {
    "a refresh": refreshed,
    "one of two factors": first_of_two,
}


def other(switch: str, value: str, name: str, status: str, evidence: str, said: str) -> Scenario:
    """Return what a switch makes of a trusted scenario, or of something else that happens, by its name."""
    error, text = SAID[said] if said else TRUSTED[name].said[1:3]
    happens = HAPPENINGS[name]
    given = f"13.3 {switch} {value}: {name}"
    return Scenario(given, lambda scene: happens(scene.switch(switch, value)), (int(status), error, text, evidence))


# A switch, its other value, what happens, status and evidence of the answer, and what else it says
DISPUTED_TABLE = """
bad_client_secret                 | invalid_client       | 0.6 wrong secret        | 401 | doc               | no client
expired_token_status              | 403                  | 5 expired mfa_token     | 403 | forum test test   |
expired_token_status              | 403                  | 4.1 expired bearer      | 403 | forum test test   |
expired_token_status              | 403                  | 6.4 expired oob_code    | 403 | forum             |
pending_status                    | 200                  | 6.3 pending             | 200 | doc rec rec       |
slow_down_status                  | 400                  | 6.3 too fast            | 400 | guess doc guess   |
unsupported_challenge_type_status | 400                  | 5 unfit type            | 400 | doc forum forum   |
unsupported_challenge_type_status | 400                  | 5 nothing enrolled      | 400 | doc test test     |
challenge_without_authenticator   | association_required | 5 nothing enrolled      | 403 | guess doc forum   | none
no_client_grant_text              | client_and_audience  | 9.1 no client grant     | 403 | forum             | no grant
disabled_factor_status            | 401                  | 3.3 voice is off        | 401 | guess             |
disabled_factor_status            | 403                  | 3.3 voice is off        | 403 | guess             |
too_many_failed_codes_status      | 429                  | 6.4 too many OTPs       | 429 | forum forum guess | failed
too_many_failed_codes_status      | 429                  | 6.4 too many SMS codes  | 429 | forum forum guess | failed
too_many_failed_codes_status      | 429                  | 6.4 too many recoveries | 429 | guess             | failed
refresh                           | mfa_required         | a refresh               | 403 | doc               | required
second_factor_chained             | on                   | one of two factors      | 403 | test test doc     | required
"""
DISPUTED = [other(*row) for row in rows(DISPUTED_TABLE)]
# A switch that is tried elsewhere, the section, and what it does; the last three are tried below.
ELSEWHERE = """
customizable_mfa               | 1.3: the names of the types in mfa_requirements
mfa_required_without_mfa_token | 1.3: where an Action demands MFA and Customizable MFA is off
recovery_code_factor           | 3.2: a new tenant has it off
confidence                     | 10: what adaptive MFA makes of a login, which no request shows
gateway_failure_every          | 0.2: a gateway's HTML in the place of JSON
mfa_audience_without_factor    | 2: a user without a factor at the MFA audience
oob_channel_key                | 4.1: oob_channel in the plural
passwordless_tries             | 7.2: two tries or three
"""


@each_of(DISPUTED)
def test_a_switch_gives_the_other_answer(scene: Scene, scenario: Scenario) -> None:
    check(scene, scenario)


def test_every_switch_is_tried_or_has_its_place_in_the_reference() -> None:
    assert {scenario.given.split()[1] for scenario in DISPUTED} | {name for name, _ in rows(ELSEWHERE)} == set(SWITCHES)


def test_every_error_of_the_authentication_api_has_a_scenario() -> None:
    every = [*TRUSTED.values(), *STARTS, *PASSWORDLESS, *DISPUTED]
    assert len({row.given for row in every}) == len(every)
    for row in errors.ROWS:
        if row.error and "api/" not in row.endpoint:
            start, known = row.text.partition("{")[0], (row.status, row.error, marks_of(row))
            same = [
                (status, error, evidence) for _, _, (status, error, text, evidence) in every if text.startswith(start)
            ]
            assert known in same, row


def test_the_channel_can_be_named_in_the_plural(scene: Scene) -> None:
    app = scene.switch("oob_channel_key", "oob_channels").app
    mfa_token = app.mfa_token()
    assert app.associate(mfa_token).json()["oob_channels"] == "auth0"
    assert app.associate_sms(mfa_token).json()["oob_channels"] == "sms"
    listed = [one["oob_channels"] for one in app.authenticators(mfa_token) if one["authenticator_type"] == "oob"]
    assert listed == ["auth0", "sms"]


def test_a_passwordless_code_may_allow_two_tries_and_the_mfa_audience_may_want_a_factor_of_a_newcomer(
    scene: Scene,
) -> None:
    app = scene.set(policy="never").switch("passwordless_tries", "2").app
    app.start()
    answers = [app.passwordless("+15550123", "x").json()["error_description"][:14] for _ in range(3)]
    assert answers == ["Wrong phone nu", "Wrong phone nu", "You've reached"]
    scene.switch("mfa_audience_without_factor", "mfa_required")
    assert app.password(audience=MFA_AUDIENCE).status_code == 403


def test_client_fields_beside_the_bearer_are_not_refused_and_a_bare_channel_is_a_list_of_one(scene: Scene) -> None:
    client = {"client_id": "anything", "client_secret": "wrong"}
    answer = scene.app.associate(scene.app.mfa_token(), oob_channels="auth0", **client)
    assert (answer.status_code, "id" in answer.json()) == (200, False)
