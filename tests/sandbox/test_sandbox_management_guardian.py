"""The tenant's factors through the Management API: read, set, and felt at the MFA API at once."""

from typing import Any

import pytest

from tests.sandbox.management_mothers import admin_of, four_keys
from tests.sandbox.sandbox_mothers import App

ORDER = ["sms", "push-notification", "otp", "email", "duo", "webauthn-roaming", "webauthn-platform", "recovery-code"]
PUSH = "/guardian/factors/push-notification/selected-provider"
TYPES = "/guardian/factors/phone/message-types"
PHONE = "/guardian/factors/phone/selected-provider"


def enabled(listed: list[dict[str, Any]]) -> set[str]:
    return {one["name"] for one in listed if one["enabled"]}


def test_every_factor_is_listed_in_auth0s_order(app: App) -> None:
    listed = admin_of(app).get("/guardian/factors")
    assert [one["name"] for one in listed] == ORDER
    assert {tuple(one) for one in listed} == {("name", "enabled", "trial_expired")}
    assert enabled(listed) == {"sms", "push-notification", "otp", "recovery-code"}
    assert not any(one["trial_expired"] for one in listed)


@pytest.mark.parametrize("name", ORDER)
@pytest.mark.parametrize("on", [True, False])
def test_a_factor_is_switched_and_the_others_stay(app: App, name: str, on: bool) -> None:
    admin = admin_of(app)
    before = enabled(admin.get("/guardian/factors"))
    answer = admin("PUT", f"/guardian/factors/{name}", {"enabled": on})
    assert (answer.status_code, answer.json()) == (200, {"enabled": on})
    assert enabled(admin.get("/guardian/factors")) == (before | {name} if on else before - {name})


def test_a_factor_that_is_off_cannot_be_enrolled_until_it_is_on_again(app: App) -> None:
    admin = admin_of(app)
    admin("PUT", "/guardian/factors/push-notification", {"enabled": False})
    mfa_token = app.mfa_token()
    assert app.associate(mfa_token).status_code == 400
    admin("PUT", "/guardian/factors/push-notification", {"enabled": True})
    assert app.associate(mfa_token).status_code == 200


@pytest.mark.parametrize("name", ["phone", "push", "voice", "SMS", "tea"])
def test_a_factor_that_does_not_exist_is_no_path(app: App, name: str) -> None:
    answer = admin_of(app)("PUT", f"/guardian/factors/{name}", {"enabled": True})
    assert four_keys(answer)[::2] == (400, "invalid_uri")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, "Missing required property: enabled"),
        ({"enabled": "true"}, "Expected type boolean but found type string on property enabled"),
        ({"enabled": None}, "Expected type boolean but found type null on property enabled"),
        ({"enabled": True, "name": "otp"}, "Additional properties not allowed: name"),
        ([True], "Expected type object but found type array"),
    ],
)
def test_a_body_that_is_not_of_its_shape_is_refused_and_changes_nothing(app: App, body: object, problem: str) -> None:
    admin = admin_of(app)
    before = admin.get("/guardian/factors")
    answer = admin("PUT", "/guardian/factors/email", body)
    assert four_keys(answer) == (400, f"Payload validation error: '{problem}'", "invalid_body")
    assert admin.get("/guardian/factors") == before


@pytest.mark.parametrize("policies", [[], ["all-applications"], ["confidence-score"]])
def test_a_policy_is_an_array_of_at_most_one(app: App, policies: list[str]) -> None:
    admin = admin_of(app)
    answer = admin("PUT", "/guardian/policies", policies)
    assert (answer.status_code, answer.json()) == (200, policies)
    assert admin.get("/guardian/policies") == policies


def test_without_a_policy_a_password_brings_the_tokens_straight_away(app: App) -> None:
    admin = admin_of(app)
    assert admin.get("/guardian/policies") == ["all-applications"]
    assert app.password().status_code == 403
    admin("PUT", "/guardian/policies", [])
    assert app.password().status_code == 200
    admin("PUT", "/guardian/policies", ["all-applications"])
    assert app.password().status_code == 403


@pytest.mark.parametrize("body", ["all-applications", {"policies": []}, ["never"], ["all-applications"] * 2, [1], [[]]])
def test_another_policy_is_refused_and_the_old_one_stays(app: App, body: object) -> None:
    admin = admin_of(app)
    assert four_keys(admin("PUT", "/guardian/policies", body))[::2] == (400, "invalid_body")
    assert admin.get("/guardian/policies") == ["all-applications"]


@pytest.mark.parametrize(
    ("path", "first", "known"),
    [(PUSH, "guardian", ["sns", "direct", "guardian"]), (PHONE, "auth0", ["twilio", "phone-message-hook", "auth0"])],
)
def test_a_provider_is_set_echoed_and_read(app: App, path: str, first: str, known: list[str]) -> None:
    admin = admin_of(app)
    assert admin.get(path) == {"provider": first}
    for provider in known:
        answer = admin("PUT", path, {"provider": provider})
        assert (answer.status_code, answer.json()) == (200, {"provider": provider})
        assert admin.get(path) == {"provider": provider}
    other = next(iter({"sns", "twilio"} - set(known)))
    assert four_keys(admin("PUT", path, {"provider": other}))[2] == "invalid_body"
    assert admin.get(path) == {"provider": first}


@pytest.mark.parametrize("types", [["sms", "voice"], ["voice"], []])
def test_message_types_are_set_echoed_and_read(app: App, types: list[str]) -> None:
    admin = admin_of(app)
    assert admin.get(TYPES) == {"message_types": ["sms"]}
    answer = admin("PUT", TYPES, {"message_types": types})
    assert (answer.status_code, answer.json()) == (200, {"message_types": types})
    assert admin.get(TYPES) == {"message_types": types}


@pytest.mark.parametrize("types", ["sms", ["carrier pigeon"], [1], [["sms"]], None])
def test_other_message_types_are_refused(app: App, types: object) -> None:
    answer = admin_of(app)("PUT", TYPES, {"message_types": types})
    assert four_keys(answer)[::2] == (400, "invalid_body")


def test_voice_can_be_enrolled_once_its_message_type_is_on(app: App) -> None:
    admin = admin_of(app)
    call = {"oob_channels": ["voice"], "phone_number": "+15550123"}
    assert app.associate(app.mfa_token(), **call).status_code == 400
    admin("PUT", TYPES, {"message_types": ["sms", "voice"]})
    assert app.associate(app.mfa_token(), **call).status_code == 200
