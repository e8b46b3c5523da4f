"""What a comparison derives: with whom the sandbox begins, what was done on the phone, which code was typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auth0_mfa_lab import Lab
from auth0_mfa_lab.client import Client
from auth0_mfa_lab.live.drift.drift import drift_of
from auth0_mfa_lab.live.drift.player import Call, factors_at_first, people_of
from auth0_mfa_lab.wire.har import read_har
from tests.live.drift_runs import NUMBER, Integrator, an_integrator, found
from tests.live.live_world import LiveTenant

REALM = "Username-Password-Authentication"


@pytest.fixture
def one(live_tenant: LiveTenant, tmp_path: Path) -> Integrator:
    """An integrator whose lab is recorded in runs/run.har."""
    return an_integrator(live_tenant, tmp_path / "runs" / "run.har")


def began_with(one: Integrator) -> list[tuple[str, ...]]:
    """Return with which factors each person of the recording began."""
    calls = [Call(each) for each in read_har(one.ended()).exchanges]
    return [factors_at_first(each) for each in people_of(calls).values()]


def differences(one: Integrator) -> list[Any]:
    """Return what differs, and what could not be compared."""
    drift = drift_of(one.ended())
    return [*found(drift), *drift.not_compared]


# -- with what a person begins


@pytest.mark.parametrize(
    ("factors", "derived"),
    [
        ((), ()),
        (("otp",), ("otp",)),
        (("push",), ("push",)),
        (("sms",), ("sms",)),
        (("push", "otp", "otp"), ("push", "otp", "otp")),
        (("otp", "sms"), ("otp", "sms")),
        (("email",), ()),
    ],
)
def test_a_list_says_with_which_factors_a_person_began(
    one: Integrator, factors: tuple[str, ...], derived: tuple[str, ...]
) -> None:
    if "email" in factors:
        one.tenant.set_up(factors=frozenset({"email", "otp", "recovery-code"}))
    else:
        one.tenant.enroll(*factors, phone=one.phone)
    login = one.login()
    one.lab.client.mfa_authenticators(login["mfa_token"])
    one.lab.client.mfa_challenge(mfa_token=login["mfa_token"])
    assert began_with(one) == [derived]
    assert differences(one) == []


def test_voice_beside_sms_is_one_number(one: Integrator) -> None:
    one.tenant.set_up(message_types=("sms", "voice"))
    one.tenant.enroll("sms")
    one.lab.client.mfa_authenticators(one.login()["mfa_token"])
    assert began_with(one) == [("sms",)]
    assert differences(one) == []


def test_what_a_run_enrolled_before_it_looked_was_not_there_at_first(one: Integrator) -> None:
    login, client = one.login(), one.lab.client
    begun = client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    client.mfa_authenticators(login["mfa_token"])
    one.phone.scan(str(begun["barcode_uri"]))
    one.poll(login, begun)
    assert began_with(one) == [()]
    assert differences(one) == []


@pytest.mark.parametrize("factor", ["push", "otp", "sms"])
def test_without_a_list_what_worked_says_it(one: Integrator, factor: str) -> None:
    one.tenant.enroll(factor, phone=one.phone)
    login, client = one.login(), one.lab.client
    if factor == "otp":
        client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=one.phone.code())
    else:
        client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    assert began_with(one) == [(factor,)]
    assert differences(one) == []


def test_one_address_may_be_two_people_and_a_request_may_be_nonsense(one: Integrator) -> None:
    login, client, address = one.login(), one.lab.client, one.tenant.person.username
    client.mfa_associate(login["mfa_token"], authenticator_types=[])
    client.passwordless_start(connection="email", email=address, send="code")
    client.passwordless_otp_grant(realm="email", username=address, otp=one.code_for(address))
    one.login()
    assert began_with(one) == [(), ()]
    assert differences(one) == []


def test_a_user_whom_the_run_makes_is_not_there_before(one: Integrator) -> None:
    grant = one.lab.management_application.client_credentials_grant(audience=one.lab.management_audience)
    api, password = one.lab.management(grant["access_token"]), "a-Password-of-its-own-9"  # auth0-mfa-lab: allow
    made = api.create_user(connection=REALM, email="lab-1@example.com", password=password)
    assert made.status == 201
    login = one.lab.client.password_grant(username="lab-1@example.com", password=password)
    one.lab.client.mfa_associate(login["mfa_token"], authenticator_types=["otp"])
    api.authentication_methods(made["user_id"])
    api.delete_user(made["user_id"])
    one.lab.client.password_grant(username="lab-1@example.com", password=password)
    assert began_with(one) == []
    assert differences(one) == []


# -- what was done on the phone


def test_a_scan_that_a_list_shows_was_before_it(one: Integrator) -> None:
    login, client = one.login(), one.lab.client
    client.mfa_authenticators(login["mfa_token"])
    begun = client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    one.poll(login, begun)
    one.phone.scan(str(begun["barcode_uri"]))
    client.mfa_authenticators(login["mfa_token"])
    one.poll(login, begun)
    assert differences(one) == []


def test_a_scan_that_a_challenge_shows_was_before_it(one: Integrator) -> None:
    login, client = one.login(), one.lab.client
    begun = client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    one.phone.scan(str(begun["barcode_uri"]))
    client.mfa_challenge(mfa_token=one.login()["mfa_token"], challenge_type="oob")
    assert differences(one) == []


def test_two_pushes_at_once_are_answered_each_as_it_was(one: Integrator) -> None:
    one.tenant.enroll("push", phone=one.phone)
    logins = [one.login(), one.login()]
    challenges = [one.lab.client.mfa_challenge(mfa_token=each["mfa_token"], challenge_type="oob") for each in logins]
    first, second = one.phone.notifications
    one.phone.reject(push=first)
    one.phone.allow(second)
    for login, challenge in zip(logins, challenges, strict=True):
        one.poll(login, challenge)
    assert [each.status for each in one.lab.journal][-2:] == [403, 200]
    assert differences(one) == []


def test_the_phone_of_a_recording_is_played_too(tmp_path: Path) -> None:
    lab = Lab.from_env(record=tmp_path / "run.har")
    user = lab.user(factors=[])
    login = lab.client.password_grant(username=user.username, password=user.password)
    begun = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    lab.phone.scan(begun["barcode_uri"])
    lab.poll(mfa_token=login["mfa_token"], oob_code=begun["oob_code"])
    for answer in (lab.phone.allow, lab.phone.reject):
        login = lab.client.password_grant(username=user.username, password=user.password)
        challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
        answer()
        lab.poll(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"])
    assert lab._record is not None
    lab._record.save()
    drift = drift_of(tmp_path / "run.har")
    assert [*found(drift), *drift.not_compared] == []
    assert drift.steps == 12


# -- which applications spoke, and with what


def test_each_way_to_authenticate_and_each_application_is_played(one: Integrator) -> None:
    known = one.tenant.sandbox.defaults
    basic = Client(
        one.lab._http("app"),
        client_id=known.client_id,
        client_secret=known.client_secret,
        authentication="client_secret_basic",
    )
    public = Client(one.lab._http("app"), client_id=known.public_client_id)
    wrong = Client(one.lab._http("app"), client_id=known.client_id, client_secret="not-it")
    name, password = str(known.username), known.password
    login = basic.password_grant(username=name, password=password)
    public.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    public.password_grant(username=name, password=password)
    wrong.password_grant(username=name, password=password)
    assert [each.status for each in one.lab.journal] == [403, 400, 403, 401]
    assert differences(one) == []


def test_a_management_token_from_elsewhere_and_a_typed_user_id_are_played(one: Integrator) -> None:
    api = one.lab.management(
        str(
            one.tenant.lab(management=True).management_application.client_credentials_grant(
                audience=f"https://{one.tenant.domain}/api/v2/"
            )["access_token"]
        )
    )
    one.tenant.enroll("otp")
    one.lab.client.mfa_authenticators(one.login()["mfa_token"])
    api.authentication_methods(one.tenant.person.user_id)
    api.user(one.tenant.person.user_id)
    api.user("auth0|000000000000000000000000")
    assert differences(one) == []


def test_an_api_of_the_tenants_own_is_there(one: Integrator) -> None:
    from auth0_mfa_lab.sandbox.records import Api

    one.tenant.sandbox.tenant.add_api(Api(identifier="https://orders.example/", scopes=("read:all",)))
    one.tenant.set_up(policy="never")
    one.login(audience="https://orders.example/", scope="openid read:all")
    one.login(audience="https://nothing.example/")
    drift = drift_of(one.ended())
    assert {each.setting for each in drift.differences if each.steps == (1,)} == {"policy never"}
    assert [each for each in drift.differences if 2 in each.steps] == []


def test_the_settings_that_the_management_api_tells_are_those_of_the_sandbox(one: Integrator) -> None:
    one.tenant.set_up(
        policy="never",
        factors=frozenset({"otp", "email"}),
        message_types=("voice",),
        push_provider="sns",
    )
    grant = one.lab.management_application.client_credentials_grant(audience=one.lab.management_audience)
    api = one.lab.management(grant["access_token"])
    one.login()
    for read in (api.guardian_factors, api.guardian_policies, api.phone_message_types, api.push_notification_provider):
        read()
    assert differences(one) == []


def test_a_code_that_was_sent_again_is_sent_again(one: Integrator) -> None:
    one.tenant.enroll("sms")
    login, client = one.login(), one.lab.client
    challenge = client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    code = one.code_for(one.tenant.person.phone_number)
    for _ in range(2):
        client.mfa_oob_grant(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"], binding_code=code)
    client.passwordless_start(connection="sms", phone_number=NUMBER, send="code")
    for _ in range(2):
        client.passwordless_otp_grant(realm="sms", username=NUMBER, otp=one.code_for(NUMBER))
    assert differences(one) == []
