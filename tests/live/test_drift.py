"""A recorded live run beside the sandbox: an unaltered one does not differ, and what was altered is one row each."""

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner, Result

from auth0_mfa_lab import Lab, LabError, Secret
from auth0_mfa_lab.cli import main
from auth0_mfa_lab.client import Client
from auth0_mfa_lab.live.administrator import administrator
from auth0_mfa_lab.live.drift.drift import Drift, Kind, compare, drift_of, numbers
from auth0_mfa_lab.live.drift.player import Call
from auth0_mfa_lab.sandbox.management import MANAGEMENT_SCOPES
from auth0_mfa_lab.sandbox.mfa.api import recovery_of
from auth0_mfa_lab.sandbox.records import Api
from auth0_mfa_lab.wire.exchange import Body, Response
from auth0_mfa_lab.wire.har import read_har
from tests.live.live_world import NUMBER, SMS, Answer, Change, Integrator, LiveTenant, mfa_token
from tests.promise import spellings
from tests.test_har import by_another_tool

WRONG, STRONG = "nobodys-password-1", "a-Password-of-its-own-9"  # auth0-mfa-lab: allow
TOKEN, ASSOCIATE, CHALLENGE = "POST /oauth/token", "POST /mfa/associate", "POST /mfa/challenge"
LIST, FACTORS = "GET /mfa/authenticators", "GET /api/v2/guardian/factors"
ENROLLMENT, USERINFO, POLL = "GET /api/v2/guardian/enrollments/{id}", "GET /userinfo", f"{TOKEN} (mfa-oob)"
WITHOUT_CODES = frozenset({"otp", "sms", "push-notification"})
LINE = '{ call = "POST /mfa/associate", field = "recovery_codes", kind = "removed" }'
SHOWN = """{"steps": [2], "call": "POST /mfa/associate", "field": "recovery_codes", "kind": "removed", "live": "—",
"sandbox": "array", "settles": "your tenant has it not: switch recovery_code_factor=off", "row": "", "mark": "",
"setting": "switch recovery_code_factor=off", "allowed": false}"""
OTHER = '{ call = "GET /mfa/authenticators", field = "[recovery-code]", kind = "removed" }'


@pytest.fixture
def one(live_tenant: LiveTenant, tmp_path: Path) -> Integrator:
    """An integrator whose lab is recorded in runs/run.har."""
    file = tmp_path / "runs" / "run.har"
    return Integrator(live_tenant, live_tenant.lab(management=True, record=file), live_tenant.own_phone(), file)


@pytest.fixture
def without_codes(one: Integrator) -> Integrator:
    """One whose tenant has no recovery codes, after a short run: two differences."""
    one.tenant.set_up(factors=WITHOUT_CODES)
    login = one.login()
    one.associate(login, authenticator_types=["otp"])
    one.look(login)
    one.ended()
    return one


def command(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["drift", *map(str, arguments)])


def found(drift: Drift) -> list[tuple[str, str, str]]:
    return [(each.call, each.field, each.kind) for each in drift.differences]


JSON = {"content-type": "application/json; charset=utf-8"}
PUSHED = '{"id": "push|dev_a", "active": true, "authenticator_type": "oob", "oob_channel": "auth0"}'
IDLE, OTHERWISE = PUSHED.replace("true", "false"), PUSHED.replace("auth0", "push")
APP = '{"id": "totp|dev_b", "active": true, "authenticator_type": "otp"}'
CODE = '{"id": "recovery-code|dev_c", "active": false}'
COUNT = {
    "error": ("error", "errorCode"),
    "text": ("error_description", "message", "error_uri"),
    "value": (
        *("token_type", "authenticator_type", "oob_channel", "oob_channels", "challenge_type"),
        *("binding_method", "type"),
    ),
}
# fmt: off
DIFFERENCES = (
    # the tenant's body, the sandbox's, and the differences that are reported: nothing of what is drawn anew
    *((f'{{"{name}": "a"}}', f'{{"{name}": "b"}}', f"{name}: {kind}, a, b") for kind in COUNT for name in COUNT[kind]),
    ('{"active": true}',        '{"active": false}',       "active: value, true, false"),
    ('{"enabled": false}',      '{"enabled": true}',       "enabled: value, false, true"),
    ("<html>a",                 "<html>b",                 "body: text, <html>a, <html>b"),
    ('"a"',                     "{}",                      "body: type, string, object"),
    ('{"a": 1, "b": "x"}',      '{"b": "y"}',              "a: added, number, —"),
    ('{"b": []}',               '{"b": [], "a": {}}',      "a: removed, —, object"),
    ('{"a": null}',             '{"a": "x"}',              "a: type, null, string"),
    ('{"a": true}',             '{"a": 1}',                "a: type, boolean, number"),
    ('{"a": 1.5}',              '{"a": 1}',                ""),
    ('{"mfa_token": "x", "sub": "y"}', '{"mfa_token": "z", "sub": "y2"}', ""),
    ('{"error": "of live-1"}',  '{"error": "of sandbox-1"}', ""),
    ('{"error": "of live-1"}',  '{"error": "of sandbox-2"}', "error: error, of live-1, of sandbox-2"),
    # Lists: by the kinds of their entries, in any order; how many of a kind there are is not known.
    (f"[{PUSHED}, {APP}]",      f"[{APP}, {PUSHED}]",      ""),
    (f"[{PUSHED}, {APP}, {CODE}]", f"[{PUSHED}]", "[totp]: added, an entry, —; [recovery-code]: added, an entry, —"),
    (f"[{PUSHED}]",             f"[{PUSHED}, {CODE}]",     "[recovery-code]: removed, —, an entry"),
    (f"[{OTHERWISE}]",          f"[{PUSHED}]",             "[push].oob_channel: value, push, auth0"),
    (f"[{PUSHED}, {IDLE}]",     f"[{IDLE}, {PUSHED}]",     ""),
    ('[{"name": "sms", "enabled": true}]', '[{"name": "sms", "enabled": false}]', "[sms].enabled: value, true, false"),
    ('[{"type": "sms"}]',       '[{"type": "otp"}]',       "[sms]: added, an entry, —; [otp]: removed, —, an entry"),
    ('[{"log_id": "1", "type": "a"}, {"log_id": "2", "type": "b"}]', '[{"log_id": "3", "type": "a"}]', ""),
    ('{"oob_channels": ["a"]}', '{"oob_channels": ["b"]}', "oob_channels[]: value, a, b"),
    ('["a"]',                   '["b", "c"]',              ""),
    ('["a"]',                   "[1]",                     "[]: type, string, number"),
)
HEADERS = (
    # the header, the tenant's, the sandbox's, and whether that is a difference
    ("content-type",          "text/html",         "application/json", True),
    ("content-type",          "A/B;charset=utf-8", "a/b; charset=UTF-8", False),
    ("cache-control",         "b, a",              "a,b",              False),
    ("www-authenticate",      "Bearer",            None,               True),
    ("www-authenticate",      "Bearer a",          "Bearer b",         True),
    ("www-authenticate",      "Bearer live-1",     "Bearer sandbox-1", False),
    ("retry-after",           "1",                 None,               True),
    ("x-ratelimit-limit",     None,                "1",                True),
    ("x-ratelimit-remaining", "1",                 None,               True),
    ("x-ratelimit-reset",     "1",                 None,               True),
    ("x-ratelimit-reset",     "1",                 "2",                False),
)
# fmt: on


def an_answer(body: str, status: int = 200, headers: Mapping[str, str] = JSON) -> Response:
    return Response(status=status, reason="", headers=tuple(headers.items()), body=Body(body.encode()))


def compared(live: Response, sandbox: Response) -> str:
    differences = compare(live, sandbox, lambda text: text.replace("live-1", "sandbox-1"))
    return "; ".join(f"{place}: {', '.join(said)}" for place, *said in dict.fromkeys(differences))


@pytest.mark.parametrize(("live", "sandbox", "expected"), DIFFERENCES)
def test_two_bodies_differ_in_what_code_reads(live: str, sandbox: str, expected: str) -> None:
    assert compared(an_answer(live), an_answer(sandbox)) == expected
    assert compared(an_answer(live, 403), an_answer(sandbox)).startswith("status: status, 403, 200")


@pytest.mark.parametrize(("name", "live", "sandbox", "differs"), HEADERS)
def test_the_headers_that_matter_differ(name: str, live: str | None, sandbox: str | None, differs: bool) -> None:
    both = (an_answer("{}", headers={name: each} if each else {}) for each in (live, sandbox))
    assert compared(*both) == (f"header {name}: header, {live or '—'}, {sandbox or '—'}" if differs else "")


Run = Callable[[Integrator], None]


def push(one: Integrator) -> None:
    """Enroll a push, and challenge it three times: allowed, rejected, unanswered; then look around."""
    login, client = one.login(scope="openid offline_access"), one.lab.client
    one.look(login)
    begun = one.associate(login)
    one.poll(login, begun)
    one.phone.scan(str(begun["barcode_uri"]))
    one.wait(6)
    tokens = one.poll(login, begun)
    client.userinfo(tokens["access_token"])
    client.refresh_token_grant(refresh_token=tokens["refresh_token"])
    for polls, answer in ((1, one.phone.allow), (1, one.phone.reject), (13, lambda: one.wait(301))):
        login = one.login()
        one.look(login)
        challenge = one.challenge(login)
        for _ in range(polls):
            one.poll(login, challenge)
        one.wait(12)
        answer()
        one.poll(login, challenge)
    client.revoke(tokens["refresh_token"])
    client.userinfo("nobodys")
    api = administrator(one.lab)
    api.guardian_factors()
    api.enrollment("dev_AAAAAAAAAAAAAAAA")


def otp(one: Integrator) -> None:
    """Enroll an authenticator app, log in with it, and send a wrong code, a spent one and the recovery code."""
    login = one.login()
    begun = one.associate(login, authenticator_types=["otp"])
    one.phone.scan(str(begun["barcode_uri"]))
    one.otp(login, one.phone.code())
    one.wait(31)
    login, code = one.login(), one.phone.code()
    one.challenge(login, "otp")
    for each in ("000000" if code != "000000" else "111111", code):
        one.otp(login, each)
    login = one.login()
    one.otp(login, code)
    one.recover(login, "AAAABBBBCCCCDDDDEEEEFFFF")
    used = one.recover(login, begun["recovery_codes"][0])
    one.recover(one.login(), used["recovery_code"])


def sms(one: Integrator) -> None:
    """Enroll a number, log in with its code, and manage the authenticators with an MFA access token."""
    login, client = one.login(), one.lab.client
    begun = one.associate(login, **SMS)
    for _ in range(2):
        one.poll(login, begun, one.tenant.code_for(NUMBER))
    login = one.login(audience=one.lab.mfa_audience, scope="enroll read:authenticators remove:authenticators")
    challenge = one.challenge(login)
    one.poll(login, challenge, "000000")
    access = one.poll(login, challenge, one.tenant.code_for(NUMBER))["access_token"]
    listed = client.mfa_authenticators(access)
    client.mfa_associate(access, authenticator_types=["otp"])
    number = next(each["id"] for each in listed.json if str(each["id"]).startswith("sms|"))
    for _ in range(2):
        client.mfa_delete_authenticator(access, number)
    client.mfa_authenticators(access)


def passwordless(one: Integrator) -> None:
    """Log in with a code that was sent, wrong, right and spent, and meet the second factor."""
    client, again = one.lab.client, {"realm": "sms", "username": NUMBER, "audience": one.lab.mfa_audience}
    client.passwordless_start(connection="sms", phone_number=NUMBER, send="code")
    client.passwordless_otp_grant(otp="000000", **again)
    login = client.passwordless_otp_grant(otp=one.tenant.code_for(NUMBER), **again)
    client.passwordless_otp_grant(otp=one.tenant.code_for(NUMBER), **again)
    begun = one.associate(login, authenticator_types=["otp"])
    one.phone.scan(str(begun["barcode_uri"]))
    one.otp(login, one.phone.code())
    one.challenge(login, "otp")
    one.associate(one.login(), authenticator_types=[])


def management(one: Integrator) -> None:
    """Read and set what an administrator can, of a tenant that is set otherwise, with a token from elsewhere too."""
    one.tenant.set_up(policy="never", factors=frozenset({"otp", "sms"}), message_types=("voice",), push_provider="sns")
    mgmt_client_id = one.tenant.sandbox.defaults.mgmt_client_id
    apis = one.tenant.sandbox.tenant.clients[mgmt_client_id].apis
    granted = tuple(each for each in MANAGEMENT_SCOPES if each != "read:guardian_enrollments")
    one.tenant.set_client(mgmt_client_id, apis=dict.fromkeys(apis, granted))
    api, user_id, name = administrator(one.lab), one.tenant.person.user_id, "lab-1@example.com"
    one.login()
    made = api.create_user(connection=one.lab.settings.realm, email=name, password=STRONG)
    for delete in (api.delete_user, api.user):
        one.lab.client.password_grant(username=name, password=STRONG)
        delete(made["user_id"])
    for read in (api.guardian_factors, api.guardian_policies, api.phone_message_types, api.push_notification_provider):
        read()
    api.update_guardian_factor("email", enabled=True)
    api.enrollment("dev_AAAAAAAAAAAAAAAA")
    box, passed = one.tenant.sandbox, str(administrator(one.tenant.lab(management=True))._access_token)
    for token in ("nobodys", box.tenant.tokens.signed(0, aud=f"https://{box.domains.home}/api/v2/"), passed):
        one.lab.management(token).guardian_factors()
    for each in (user_id, "auth0|000000000000000000000000"):
        api.authentication_methods(each)
        api.user(each)


def wrong(one: Integrator) -> None:
    """Get refused: for the application, the password, the grant, the body; and meet a gateway that failed."""
    client = one.lab.client
    client.password_grant(username="nobody@example.com", password=WRONG)
    for form in ({"grant_type": "urn:example:none"}, {"grant_type": "password", "client_id": "no-such-application"}):
        client.send("POST", "/oauth/token", form=form, as_application="client_id" not in form)
    client.send("POST", "/mfa/associate", bearer="nobodys", json={"authenticator_types": ["otp"]})
    client.mfa_challenge(mfa_token="nobodys", challenge_type="oob")
    client.openid_configuration()
    client.jwks()
    client.send("POST", "/oauth/device/code", form={}, as_application=True)
    one.tenant.bad("html", "POST /oauth/token", times=1)
    one.login()
    one.tenant.bad("429", "POST /mfa/challenge", times=1)
    one.challenge(one.login())


def has(*factors: str, looks: bool = True, **settings: Any) -> Run:
    """Return a run of somebody who has these factors, looks or does not, and is challenged."""

    def run(one: Integrator) -> None:
        one.tenant.set_up(**settings)
        one.tenant.enroll(*factors, phone=one.phone)
        login = one.login()
        if looks:
            one.look(login)
        one.lab.client.mfa_challenge(mfa_token=login["mfa_token"])

    return run


def scan_seen_in(answer: str) -> Run:
    """Return a run in which a push is enrolled, and the scan is seen in a list, in a challenge, or in a poll alone."""

    def run(one: Integrator) -> None:
        login = one.login()
        if answer == "list":
            one.look(login)
        begun = one.associate(login)
        one.look(login) if answer == "poll" else one.poll(login, begun)
        one.phone.scan(str(begun["barcode_uri"]))
        if answer == "challenge":
            one.challenge(one.login())
        elif answer == "list":
            one.look(login)
        one.poll(login, begun)

    return run


def two_pushes(one: Integrator) -> None:
    """Be asked twice at once; the first is rejected, the second allowed."""
    one.tenant.enroll("push", phone=one.phone)
    logins = [one.login(), one.login()]
    challenges = [one.challenge(each) for each in logins]
    first, second = one.phone.notifications
    one.phone.reject(push=first)
    one.phone.allow(second)
    for each in zip(logins, challenges, strict=True):
        one.poll(*each)


def recovered(one: Integrator) -> None:
    """Log in with a recovery code of before the run, and with the one that follows it."""
    one.tenant.enroll("otp")
    login, code = one.login(), recovery_of(one.tenant.sandbox.tenant, one.tenant.person.user_id)
    one.look(login)
    assert code
    one.recover(one.login(), one.recover(login, code.secret)["recovery_code"])


def applications(one: Integrator) -> None:
    """Speak as each application, in each way, with a wrong secret, for an API of one's own, and in plain text."""
    known, http = one.tenant.sandbox.defaults, one.lab._http("app")
    secret = {"client_id": known.client_id, "client_secret": known.client_secret}
    basic = Client(http, authentication="client_secret_basic", **secret)  # type: ignore[arg-type]  # a literal of three
    login = basic.password_grant(username=known.username, password=known.password)
    public = Client(http, client_id=known.public_client_id)
    public.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    for each in (public, Client(http, client_id=known.client_id, client_secret="not-it")):
        each.password_grant(username=known.username, password=known.password)
    one.tenant.sandbox.tenant.add_api(Api(identifier="https://orders.example/", scopes=("read:all",)))
    one.login(audience="https://orders.example/", scope="openid read:all")
    one.login(audience="https://nothing.example/")
    http.post("/oauth/token", content=b"grant_type=password", headers={"content-type": "text/plain"})


RUNS = {
    "push": push,
    "otp": otp,
    "sms": sms,
    "passwordless": passwordless,
    "management": management,
    "push is there": has("push"),
    "otp and SMS are there": has("otp", "sms"),
    "one's own address": has(factors=frozenset({"email", "otp", "recovery-code"})),
    "a number that is called": has("sms", message_types=("sms", "voice")),
    "push without a list": has("push", looks=False),
    "SMS without a list": has("sms", looks=False),
    "otp without a list": has("otp", looks=False),
    "a scan in a poll alone": scan_seen_in("poll"),
    "a scan in a list": scan_seen_in("list"),
    "a scan in a challenge": scan_seen_in("challenge"),
    "two pushes at once": two_pushes,
    "a recovery code of before": recovered,
    "each application": applications,
}


@pytest.mark.parametrize("name", RUNS)
def test_an_unaltered_run_does_not_differ_and_its_recording_has_all(one: Integrator, name: str) -> None:
    RUNS[name](one)
    drift = drift_of(one.ended())
    assert (found(drift), drift.not_compared, drift.is_found) == ([], (), False)
    steps = len(one.lab.journal)
    assert repr(drift).endswith(f" · {steps} of {steps} steps compared · no difference")
    if name == "push":
        other = drift_of(by_another_tool(one.file))
        assert ([*found(other), *other.not_compared], other.steps) == ([], steps)


def test_the_phone_of_a_recording_is_played_too(live_tenant: LiveTenant, tmp_path: Path) -> None:
    lab = Lab.from_env(record=tmp_path / "run.har")
    user = lab.user(factors=[])
    lab.settings = replace(lab.settings, username=user.username, password=Secret(user.password, "<password>"))
    push(Integrator(live_tenant, lab, lab.phone, tmp_path / "run.har"))
    # Of what never worked the run tells nothing but who has it.
    lab.client.mfa_otp_grant(mfa_token=mfa_token(lab, lab.user(factors=["otp"])), otp="000000")
    drift = lab.drift()
    assert ([*found(drift), *drift.not_compared], drift.steps) == ([], len(lab.journal.http))
    assert [each.speaker for each in lab.journal].count("phone") == 3


def when(said: str, change: Change) -> Change:
    return lambda answer: change(answer) if said.encode() in answer.body else answer


def fields(**changed: object) -> Change:
    return lambda answer: answer.with_fields(**changed)


def entry(index: int, **changed: object) -> Change:
    return lambda answer: answer.with_json(
        [{**each, **changed} if place == index else each for place, each in enumerate(answer.json)]
    )


# fmt: off
ALTERATIONS: tuple[tuple[str, Change, str, str], ...] = (
    # the call, what of its answer is altered, and the row that is reported: field and kind
    (CHALLENGE,  lambda answer: replace(answer, status=201), "status", "status"),
    (POLL,       when("rejected", fields(error="denied")), "error", "error"),
    (POLL,       when("authorization_pending", fields(error_description="Wait.")), "error_description", "text"),
    (ENROLLMENT, fields(errorCode="no_enrollment"), "errorCode", "error"),
    (ASSOCIATE,  fields(recovery_codes=None), "recovery_codes", "removed"),
    (ASSOCIATE,  fields(recoveryCodes=[]), "recoveryCodes", "added"),
    (FACTORS,    entry(2, trial_expired="no"), "[otp].trial_expired", "type"),
    (LIST,       entry(0, oob_channel="push"), "[push].oob_channel", "value"),
    (USERINFO,   when("Unauthorized", lambda answer: answer.with_header("www-authenticate", None)),
                 "header www-authenticate", "header"),
)
SWITCHES: dict[str, tuple[Run, str, dict[str, Any]]] = {
    # a run, the switches that a tenant has otherwise than the sandbox does at first, and its other settings
    "a poll that waits":      (push, "pending_status=200", {}),
    "requirements":           (push, "customizable_mfa=on", {}),
    "a refresh that asks":    (push, "refresh=mfa_required", {}),
    "no recovery code":       (otp, "recovery_code_factor=off", {"factors": WITHOUT_CODES}),
    "another code":           (wrong, "bad_client_secret=invalid_client", {}),
    "no mfa_token":           (otp, "mfa_required_without_mfa_token=on", {}),
    "a profile and switches": (push, "slow_down_status=400 oob_channel_key=oob_channels expired_token_status=403",
                               {"profile": "recorded"}),
    "no policy":              (push, "", {"policy": "never"}),
}
# fmt: on


def test_each_alteration_is_a_row_by_itself(one: Integrator) -> None:
    for call, change, _, _ in ALTERATIONS:
        one.tenant.alter(call.partition(" (")[0].replace("{id}", ""), change)
    push(one)
    drift = drift_of(one.ended())
    assert sorted(found(drift)) == sorted((call, field, kind) for call, _, field, kind in ALTERATIONS)
    assert {kind for _, _, kind in found(drift)} == set(get_args(Kind))
    assert (drift.is_found, drift.not_compared) == (True, ())
    settings = {each.field: each.setting for each in drift.differences if each.setting}
    assert settings == {"recovery_codes": "switch recovery_code_factor=off"}


@pytest.mark.parametrize(("run", "switches", "also"), SWITCHES.values(), ids=SWITCHES)
def test_what_a_tenant_has_otherwise_is_named_and_nothing_else(
    one: Integrator, run: Run, switches: str, also: dict[str, Any]
) -> None:
    one.tenant.set_up(switches=dict(each.split("=") for each in switches.split()), **also)
    # A run that an integrator could not go on with ends where they would.
    with contextlib.suppress(LabError):
        run(one)
    named = {each.setting: each for each in drift_of(one.ended()).differences if each.setting}
    others = {f"{name} {value}" for name, value in also.items() if name != "factors"}
    assert named.keys() == {f"switch {each}" for each in switches.split()} | others
    for setting, each in named.items():
        told = {"added": "has it", "removed": "has it not"}.get(each.kind, f"says {each.live}")
        assert each.settles == f"your tenant {told}: {setting}"


SETTLED = (
    "says association_required: that settles what was a guess: `authenticator_id` is none of the user's active "
    "authenticators.",
    "says 401, another one was recorded otherwise: The password is wrong, or there is no such user.",
    "says No., another one was recorded otherwise: The password is wrong, or there is no such user.",
    # An answer of the Management API may have no code of its own: its `error` is the status's phrase.
    "says Bad, another one was recorded otherwise: There is no bearer; the header WWW-Authenticate says Bearer.",
    "says Bad: that settles what was seen in an SDK's test: A query parameter that the path does not have, or a value "
    "that it cannot have.",
    "says Bad: that settles what was seen in a forum: There is no connection of this name that has passwords.",
    "has it as number, another one was recorded otherwise: The user; of the many members some.",
)


def test_what_a_guess_was_and_what_another_tenant_said_is_told(one: Integrator) -> None:
    one.tenant.enroll("otp")
    one.tenant.alter(CHALLENGE, fields(error="association_required"))
    one.tenant.alter(
        TOKEN, when("invalid_grant", lambda a: replace(a.with_fields(error_description="No."), status=401))
    )
    login, api = one.login(), administrator(one.lab)
    one.look(login)
    one.challenge(login, authenticator_id="push|dev_AAAAAAAAAAAAAAAA")
    one.lab.client.password_grant(username="nobody@example.com", password=WRONG)
    one.tenant.alter(".* /api/v2", when("message", fields(message="Bad")))
    one.lab.client.send(*FACTORS.split())
    api.send("GET", "/clients", query={"field": "name"})
    api.create_user(connection="nowhere", email="x@example.com", password=STRONG)
    one.tenant.alter("GET /api/v2/users/", lambda a: a.with_fields(name=7).with_header("cache-control", None))
    api.user(one.tenant.person.user_id)
    found = drift_of(one.ended()).differences
    assert [each.mark for each in found] == ["guess", "rec", "rec", "rec", "test", "forum", "", "rec"]
    assert (found[0].live, found[0].sandbox) == ("association_required", "invalid_authenticator")
    assert [each.settles.endswith(each.row) for each in found] == [True] * 8
    assert [each.settles for each in found if each.settles] == [f"your tenant {said}" for said in SETTLED]


def test_what_cannot_be_compared_says_why(one: Integrator) -> None:
    one.tenant.alter("POST /oauth/device/code", lambda answer: replace(answer, status=200, body=b"{}"))
    wrong(one)
    one.tenant.alter(ASSOCIATE, fields(session="Fe26.2*x*aaaaaaaaaaaaaaaaaaaaa"))
    login = one.login()
    one.look(login)
    begun = one.associate(login, authenticator_types=["otp"])
    one.lab.client.mfa_challenge(mfa_token=begun["session"])
    # The tokens of another lab's login are known to neither: the sandbox lists nothing.
    one.lab.client.mfa_authenticators(mfa_token(one.tenant.lab()))
    drift = drift_of(one.ended())
    assert found(drift) == [(ASSOCIATE, "session", "added"), (LIST, "status", "status"), (LIST, "body", "type")]
    reasons = [(each.call, each.why) for each in drift.not_compared]
    assert reasons[:3] == [
        ("POST /oauth/device/code", "the sandbox does not emulate POST /oauth/device/code"),
        ("POST /oauth/token (password)", "a gateway failed (503)"),
        (CHALLENGE, "the tenant's own rate limit answered (429 too_many_requests)"),
    ]
    ((call, why),) = reasons[3:]
    assert (call, why[:10], why[-32:]) == (CHALLENGE, "it needs <", ", which the sandbox did not give")
    exchange = read_har(one.file).exchanges[0]
    assert Call(replace(exchange, request=replace(exchange.request, url="https://tenant.example"))).name == "POST /"


def test_nothing_raw_is_in_what_a_comparison_says(one: Integrator) -> None:
    person = one.tenant.person
    one.lab = one.tenant.lab(management=True, record=one.file, environ={"AUTH0_LAB_SHOW_PEOPLE": "1"})
    people = [person.username, str(person.phone_number), person.user_id]

    def telling(answer: Answer) -> Answer:
        """Say secrets and people where a text is compared."""
        fields = answer.json if answer.body[:1] == b"{" else {}
        token = fields.get("mfa_token", fields.get("oob_code", ""))
        told = " ".join([*people, token, person.password])
        return answer.with_fields(error_description=told, note=told) if fields else answer

    one.tenant.alter("", telling)
    push(one)
    drift = drift_of(one.ended())
    assert len(drift.differences) > 5
    seen = "\n".join([*drift._repr_mimebundle_().values(), json.dumps(asdict(drift), ensure_ascii=False)])
    raw = [*people, *(str(each.value) for each in one.lab.aliases.all() if len(each.value.strip()) > 6)]
    assert [each for each in raw if any(spelling in seen for spelling in spellings(each))] == []


ALLOWS: dict[str, list[int]] = {
    # a line of the allow-list, and the steps whose differences it allows
    LINE: [2],
    OTHER: [3],
    '{ call = "*", field = "*", kind = "removed", live = "—" }': [2, 3],
    '{ call = "GET *", field = "*", kind = "*" }': [3],
    '{ call = "*", field = "*", kind = "*", live = "no" }': [],
    '{ call = "GET /mfa", field = "*", kind = "*" }': [],
    '{ call = "*", field = "Recovery_codes", kind = "*" }': [],
    '{ call = "*", field = "[r]ecovery_codes", kind = "*" }': [],
}
NO_LIST = (
    # what an allow-list says (None: there is none), and the one line about it
    ("allow = [", f". A line of its list `allow` is {LINE}."),
    ("\udcff", f". A line of its list `allow` is {LINE}."),
    ("allowed = []", f"is not as it must be: it has one list, `allow = [ ... ]`, of lines like {LINE}."),
    ("allow = [1]", f"entry 1 of `allow` is not as it must be. Write a line like this: {LINE}."),
    (
        f'allow = [{LINE}, {{ call = "*" }}]',
        f"entry 2 of `allow` is not as it must be. Write a line like this: {LINE}.",
    ),
    ('allow = [{ call = "*", field = "*", kind = "*", because = "x" }]', f"Write a line like this: {LINE}."),
    (None, "cannot be read (no such file or directory)."),
)


def test_a_line_allows_the_differences_that_it_names_and_one_that_nothing_needs_is_told(
    without_codes: Integrator,
) -> None:
    file = without_codes.file
    allow = file.with_name("drift-allow.toml")
    for line, steps in ALLOWS.items():
        allow.write_text(f"# As it is here.\nallow = [\n  {line},\n]\n", "utf-8")
        drift = drift_of(file)
        assert [each.steps[0] for each in drift.differences if each.allowed] == steps, line
        assert (drift.unused_allowances, drift.is_found) == (() if steps else (line,), len(steps) < 2)
    ran = command(file)
    assert (ran.exit_code, f"Allowed, and not there any more:\n{line}" in ran.stdout) == (1, True)
    (other := file.with_name("other.toml")).write_text(f"allow = [{LINE}, {OTHER}]", "utf-8")
    ran = command(file, "--allow", other)
    assert (ran.exit_code, "To accept" in ran.stdout, "2 of them allowed" in ran.stdout) == (0, False, True)


def test_a_file_that_is_wrong_is_one_line(without_codes: Integrator, tmp_path: Path) -> None:
    file = tmp_path / "a file"
    os.mkfifo(tmp_path / "pipe")
    for words in ((tmp_path / "pipe",), (without_codes.file, "--allow", tmp_path / "pipe")):
        assert "pipe cannot be read (it is no regular file)" in command(*words).stderr
    for content, said in NO_LIST:
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_bytes(content.encode("utf-8", "surrogateescape"))
        ran = command(without_codes.file, "--allow", file)
        assert (ran.exit_code, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
        assert ran.stderr.endswith(f"{said}\n")


def test_it_shows_where_the_tenant_differs_and_what_to_write_to_accept_it(without_codes: Integrator) -> None:
    one, domain = without_codes, without_codes.tenant.domain
    one.tenant.bad("html", "POST /oauth/token", times=1)
    one.login()
    drift, ran = drift_of(one.ended()), command(one.file, "--json")
    text, html = drift._repr_mimebundle_().values()
    assert f"{text}\n" == Path(__file__).with_name("drift.txt").read_text("utf-8").replace("{domain}", domain)
    assert numbers([3, 5, 6, 7, 9]) == "3, 5-7, 9"
    assert ("recovery_codes" in html, "<style" in html) == (True, False)
    assert command(one.file).stdout == f"{text}\n"
    assert (ran.exit_code, json.loads(ran.stdout)["differences"][0]) == (1, json.loads(SHOWN))
    one.lab.journal.passed = lambda: None  # what follows is not written as it passes
    one.login()
    assert one.lab.drift().steps == 5
    names, said = json.loads(ran.stdout), command("--help").stdout
    assert [name for name in [*names, *names["differences"][0]] if name not in said] == []
