"""A recorded live run beside the sandbox: an unaltered one does not differ, and what was altered is one row each."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner, Result

from auth0_mfa_lab import Lab, LabError
from auth0_mfa_lab.cli import main
from auth0_mfa_lab.live.drift.drift import Difference, Drift, Kind, compare, drift_of, is_allowed, numbers
from auth0_mfa_lab.live.drift.player import Call, factors_at_first, people_of
from auth0_mfa_lab.secrets.scan import scan
from auth0_mfa_lab.wire.exchange import Body, Response
from auth0_mfa_lab.wire.har import read_har
from tests.live.drift_runs import PUSH, RUNS, WRONG, Integrator, Run, an_integrator, otp, push, tour, wrong
from tests.live.live_world import Answer, Change, LiveTenant, mfa_token
from tests.promise import spellings
from tests.test_har import by_another_tool

TOKEN, ASSOCIATE, CHALLENGE = "POST /oauth/token", "POST /mfa/associate", "POST /mfa/challenge"
LIST, START, FACTORS = "GET /mfa/authenticators", "POST /passwordless/start", "GET /api/v2/guardian/factors"
ENROLLMENT, USERINFO, POLL = "GET /api/v2/guardian/enrollments/{id}", "GET /userinfo", f"{TOKEN} (mfa-oob)"
WITHOUT_CODES = frozenset({"otp", "sms", "push-notification"})
LINE = '{ call = "POST /mfa/associate", field = "recovery_codes", kind = "removed" }'
OTHER = '{ call = "GET /mfa/authenticators", field = "[recovery-code]", kind = "removed" }'


@pytest.fixture
def one(live_tenant: LiveTenant, tmp_path: Path) -> Integrator:
    """An integrator whose lab is recorded in runs/run.har."""
    return an_integrator(live_tenant, tmp_path / "runs" / "run.har")


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
    """Return the differences by call, field and kind."""
    return [(each.call, each.field, each.kind) for each in drift.differences]


def seen(drift: Drift) -> str:
    """Return all that a comparison shows."""
    return "\n".join([*drift._repr_mimebundle_().values(), json.dumps(asdict(drift), ensure_ascii=False)])


def nothing_raw(text: str, one: Integrator) -> None:
    raw = {each.shown: str(each.value) for each in one.lab.aliases.all() if len(each.value.strip()) > 6}
    assert len(raw) > 5
    assert [shown for shown, value in raw.items() if any(each in text for each in spellings(value))] == []
    assert scan("run.har", text.encode()).finds == ()


JSON = {"content-type": "application/json; charset=utf-8"}
PUSHED = {"id": "push|dev_a", "active": True, "authenticator_type": "oob", "oob_channel": "auth0"}
APP = {"id": "totp|dev_b", "active": True, "authenticator_type": "otp"}
CODE = {"id": "recovery-code|dev_c", "active": False}
IDLE, ON, OFF = PUSHED | {"active": False}, {"name": "sms", "enabled": True}, {"name": "sms", "enabled": False}
WORDS = ("token_type", "authenticator_type", "oob_channel", "oob_channels", "challenge_type", "binding_method", "type")
# fmt: off
DIFFERENCES: tuple[tuple[Any, Any, list[str]], ...] = (
    # the tenant's body, the sandbox's, and the rows that are reported: nothing of what is drawn anew
    *(({name: "a"}, {name: "b"}, [f"{name}: error, a, b"]) for name in ("error", "errorCode")),
    *(({name: "a"}, {name: "b"}, [f"{name}: text, a, b"]) for name in ("error_description", "message", "error_uri")),
    *(({name: "a"}, {name: "b"}, [f"{name}: value, a, b"]) for name in WORDS),
    ({"active": True}, {"active": False}, ["active: value, true, false"]),
    ({"enabled": False}, {"enabled": True}, ["enabled: value, false, true"]),
    ("<html>a", "<html>b", ["body: text, <html>a, <html>b"]),
    ("a", {}, ["body: type, string, object"]),
    ({"a": 1, "b": "x"}, {"b": "y"}, ["a: added, number, —"]),
    ({"b": []}, {"b": [], "a": {}}, ["a: removed, —, object"]),
    ({"a": None}, {"a": "x"}, ["a: type, null, string"]),
    ({"a": True}, {"a": 1}, ["a: type, boolean, number"]),
    ({"a": 1}, {"a": 1.5}, []),
    ({"a": {"b": [1]}}, {"a": {"b": {}}}, ["a.b: type, array, object"]),
    ({"mfa_token": "x", "sub": "y"}, {"mfa_token": "z", "sub": "y2"}, []),
    ({"error": "of live-1"}, {"error": "of sandbox-1"}, []),
    ({"error": "of live-1"}, {"error": "of sandbox-2"}, ["error: error, of live-1, of sandbox-2"]),
    # Lists: by the kinds of their entries, in any order; how many of a kind there are is not known.
    ([PUSHED, APP], [APP, PUSHED], []),
    ([PUSHED, APP, CODE], [PUSHED], ["[totp]: added, an entry, —", "[recovery-code]: added, an entry, —"]),
    ([PUSHED], [PUSHED, CODE], ["[recovery-code]: removed, —, an entry"]),
    ([PUSHED | {"oob_channel": "push"}], [PUSHED], ["[push].oob_channel: value, push, auth0"]),
    ([PUSHED | {"x": 1}, PUSHED | {"x": 1}], [PUSHED, PUSHED], ["[push].x: added, number, —"]),
    ([PUSHED, IDLE], [IDLE, PUSHED], []),
    ([PUSHED, PUSHED], [PUSHED], []),
    ([ON], [OFF], ["[sms].enabled: value, true, false"]),
    ([{"type": "sms"}], [{"type": "otp"}], ["[sms]: added, an entry, —", "[otp]: removed, —, an entry"]),
    ([{"log_id": "1", "type": "a"}, {"log_id": "2", "type": "b"}], [{"log_id": "3", "type": "a"}], []),
    ({"oob_channels": ["a"]}, {"oob_channels": ["b"]}, ["oob_channels[]: value, a, b"]),
    (["a"], ["b", "c"], []),
    (["a"], [1], ["[]: type, string, number"]),
)
HEADERS: tuple[tuple[str, str | None, str | None, bool], ...] = (
    # the header, the tenant's, the sandbox's, and whether that is a difference
    ("content-type",          "text/html",         "application/json", True),
    ("content-type",          "A/B;charset=utf-8", "a/b; charset=UTF-8", False),
    ("cache-control",         "no-store",          "no-cache",         True),
    ("cache-control",         "b, a",              "a,b",              False),
    ("www-authenticate",      "Bearer",            None,               True),
    ("www-authenticate",      "Bearer a",          "Bearer b",         True),
    ("www-authenticate",      "Bearer live-1",     "Bearer sandbox-1", False),
    ("retry-after",           "1",                 None,               True),
    ("retry-after",           "1",                 "2",                False),
    ("x-ratelimit-limit",     None,                "1",                True),
    ("x-ratelimit-remaining", "1",                 None,               True),
    ("x-ratelimit-reset",     "1",                 None,               True),
    ("x-ratelimit-reset",     "1",                 "2",                False),
    ("date",                  "1",                 None,               False),
)
# fmt: on


def an_answer(body: object, status: int = 200, headers: Mapping[str, str] = JSON) -> Response:
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Response(status=status, reason="", headers=tuple(headers.items()), body=Body(content))


def compared(live: Response, sandbox: Response) -> list[str]:
    differences = compare(live, sandbox, lambda text: text.replace("live-1", "sandbox-1"))
    return [f"{place}: {', '.join(said)}" for place, *said in dict.fromkeys(differences)]


@pytest.mark.parametrize(("live", "sandbox", "expected"), DIFFERENCES)
def test_two_bodies_differ_in_what_code_reads(live: Any, sandbox: Any, expected: list[str]) -> None:
    assert sorted(compared(an_answer(live), an_answer(sandbox))) == sorted(expected)
    status = "status: status, 403, 200"
    assert compared(an_answer(live, 403), an_answer(sandbox))[0] == status


@pytest.mark.parametrize(("name", "live", "sandbox", "differs"), HEADERS)
def test_the_headers_that_matter_differ(name: str, live: str | None, sandbox: str | None, differs: bool) -> None:
    both = (an_answer({}, headers={name: each} if each else {}) for each in (live, sandbox))
    assert compared(*both) == ([f"header {name}: header, {live or '—'}, {sandbox or '—'}"] if differs else [])


@pytest.mark.parametrize("name", RUNS)
def test_an_unaltered_run_does_not_differ_and_its_recording_has_all_and_nothing_raw(one: Integrator, name: str) -> None:
    run, began_with = RUNS[name]
    run(one)
    text = one.ended().read_text("utf-8")
    assert text == str(one.lab.export("har"))
    nothing_raw(text, one)
    drift = drift_of(one.file)
    assert (found(drift), drift.is_found, drift.steps) == ([], False, len(one.lab.journal))
    assert len(drift.not_compared) == (3 if name == "wrong" else 0), drift.not_compared
    if name == "tour":
        other = drift_of(by_another_tool(one.file))
        assert ([*found(other), *other.not_compared], other.steps) == ([], drift.steps)
    people = people_of([Call(each) for each in read_har(one.file).exchanges])
    assert tuple(factors_at_first(each) for each in people.values()) == began_with


def test_the_phone_of_a_recording_is_played_too(tmp_path: Path) -> None:
    lab = Lab.from_env(record=tmp_path / "run.har")
    user = lab.user(factors=[])
    login = lab.client.password_grant(username=user.username, password=user.password)
    begun = lab.client.mfa_associate(login["mfa_token"], **PUSH)
    lab.phone.scan(begun["barcode_uri"])
    lab.poll(mfa_token=login["mfa_token"], oob_code=begun["oob_code"])
    for act in (lab.phone.allow, lab.phone.reject):
        login = lab.client.password_grant(username=user.username, password=user.password)
        challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
        act()
        lab.poll(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"])
    drift = lab.drift()
    assert ([*found(drift), *drift.not_compared], drift.steps) == ([], 12)


def when(said: str, change: Change) -> Change:
    """Return a change of those answers alone that say something."""
    return lambda answer: change(answer) if said.encode() in answer.body else answer


def fields(**changed: object) -> Change:
    return lambda answer: answer.with_fields(**changed)


def header(name: str, value: str | None) -> Change:
    return lambda answer: answer.with_header(name, value)


def entry(index: int, **changed: object) -> Change:
    """Return a change of one entry of a list."""
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
    (START,      fields(extra=True), "extra", "added"),
    (FACTORS,    entry(2, trial_expired="no"), "[otp].trial_expired", "type"),
    (LIST,       entry(0, oob_channel="push"), "[push].oob_channel", "value"),
    (USERINFO,   when("Unauthorized", header("www-authenticate", None)), "header www-authenticate", "header"),
)
SWITCHES: dict[str, tuple[Run, dict[str, str], dict[str, Any]]] = {
    # what a tenant has otherwise than the sandbox does at first, in which run: the setting is named
    "a poll that waits":      (push, {"pending_status": "200"}, {}),
    "requirements":           (push, {"customizable_mfa": "on"}, {}),
    "a refresh that asks":    (push, {"refresh": "mfa_required"}, {}),
    "no recovery code":       (otp, {"recovery_code_factor": "off"}, {"factors": WITHOUT_CODES}),
    "another code":           (wrong, {"bad_client_secret": "invalid_client"}, {}),
    "no mfa_token":           (tour, {"mfa_required_without_mfa_token": "on"}, {}),
    "two":  (push, {"recovery_code_factor": "off", "customizable_mfa": "on"}, {"factors": WITHOUT_CODES}),
}
# fmt: on


def test_each_alteration_is_a_row_by_itself_and_nothing_raw_is_shown(live_tenant: LiveTenant, tmp_path: Path) -> None:
    one = an_integrator(live_tenant, tmp_path / "run.har")
    for call, change, _, _ in ALTERATIONS:
        live_tenant.alter(call.partition(" (")[0].replace("{id}", ""), change)
    tour(one)
    drift = drift_of(one.ended())
    assert sorted(found(drift)) == sorted((call, field, kind) for call, _, field, kind in ALTERATIONS)
    assert {kind for _, _, kind in found(drift)} == set(get_args(Kind))
    assert (drift.is_found, drift.not_compared) == (True, ())
    settings = {each.field: each.setting for each in drift.differences if each.setting}
    assert settings == {"recovery_codes": "switch recovery_code_factor=off"}


@pytest.mark.parametrize(("run", "switches", "also"), SWITCHES.values(), ids=SWITCHES)
def test_the_switch_as_the_tenant_has_it_is_named(
    one: Integrator, run: Run, switches: dict[str, str], also: dict[str, Any]
) -> None:
    one.tenant.set_up(switches=switches, **also)
    # A run that an integrator could not go on with ends where they would.
    with contextlib.suppress(LabError):
        run(one)
    drift = drift_of(one.ended())
    assert {f"switch {name}={value}" for name, value in switches.items()} <= {e.setting for e in drift.differences}
    if "pending_status" in switches:
        (row,) = [each for each in drift.differences if each.field == "status"]
        assert len(row.steps) > 10
        assert numbers([3, 5, 6, 7, 9]) == "3, 5-7, 9"


def test_a_profile_three_switches_and_the_policy_as_the_tenant_has_them_are_named(one: Integrator) -> None:
    switches = {"slow_down_status": "400", "oob_channel_key": "oob_channels", "expired_token_status": "403"}
    one.tenant.set_up(profile="recorded", switches=switches)
    push(one)
    drift = drift_of(one.ended())
    has_it, has_it_not = (f"your tenant has it{no}: switch oob_channel_key=oob_channels" for no in ("", " not"))
    assert {(each.call, each.field): each.settles for each in drift.differences} == {
        (ASSOCIATE, "oob_channels"): has_it,
        (ASSOCIATE, "oob_channel"): has_it_not,
        (LIST, "[push].oob_channels"): has_it,
        (LIST, "[push].oob_channel"): has_it_not,
        (POLL, "status"): "your tenant says 403: switch expired_token_status=403",
        (POLL, "error"): "your tenant says access_denied: profile recorded",
    }
    assert {(each.live, each.sandbox): each.setting for each in drift.differences if each.field == "status"} == {
        ("400", "429"): "switch slow_down_status=400",
        ("400", "403"): "profile recorded",
        ("403", "401"): "switch expired_token_status=403",
    }
    one.tenant.set_up(policy="never")
    one.login()
    last = len(one.lab.journal)
    assert {each.setting for each in drift_of(one.ended()).differences if each.steps == (last,)} == {"policy never"}


def test_what_a_guess_was_and_what_another_tenant_said_is_told(one: Integrator) -> None:
    one.tenant.enroll("otp")
    one.tenant.alter(CHALLENGE, fields(error="association_required"))
    one.tenant.alter(TOKEN, when("invalid_grant", fields(error_description="No.")))
    login = one.login()
    one.look(login)
    one.challenge(login, authenticator_id="push|dev_AAAAAAAAAAAAAAAA")
    one.lab.client.password_grant(username="nobody@example.com", password=WRONG)
    guess, recorded = drift_of(one.ended()).differences
    assert (guess.live, guess.sandbox, guess.mark) == ("association_required", "invalid_authenticator", "guess")
    assert guess.row == "`authenticator_id` is none of the user's active authenticators."
    assert guess.settles == f"your tenant says association_required: that settles what was a guess: {guess.row}"
    assert recorded.mark == "rec"
    assert recorded.settles.startswith("your tenant says No., another one was recorded otherwise: The password is wr")


def test_what_cannot_be_compared_says_why(one: Integrator) -> None:
    one.tenant.alter("POST /oauth/device/code", lambda answer: replace(answer, status=200, body=b"{}"))
    wrong(one)
    one.tenant.alter(ASSOCIATE, fields(session="Fe26.2*x*aaaaaaaaaaaaaaaaaaaaa"))
    login = one.login()
    one.look(login)
    begun = one.associate(login, authenticator_types=["otp"])
    one.lab.client.mfa_challenge(mfa_token=begun["session"])
    # The tokens of another lab's login are known to neither.
    one.lab.client.mfa_authenticators(mfa_token(one.tenant.lab()))
    drift = drift_of(one.ended())
    assert (ASSOCIATE, "session", "added") in found(drift)
    reasons = [(each.call, each.why) for each in drift.not_compared]
    assert reasons[:3] == [
        ("POST /oauth/device/code", "the sandbox does not emulate POST /oauth/device/code"),
        ("POST /oauth/token (password)", "a gateway failed (503)"),
        (CHALLENGE, "the tenant's own rate limit answered (429 too_many_requests)"),
    ]
    ((call, why),) = reasons[3:]
    assert (call, why[:10], why[-32:]) == (CHALLENGE, "it needs <", ", which the sandbox did not give")


@pytest.mark.parametrize("show_people", ["0", "1"])
def test_nothing_raw_is_in_what_a_comparison_says(live_tenant: LiveTenant, tmp_path: Path, show_people: str) -> None:
    one = an_integrator(live_tenant, tmp_path / "run.har", environ={"AUTH0_LAB_SHOW_PEOPLE": show_people})
    person = live_tenant.person
    people = [person.username, str(person.phone_number), person.user_id]

    def telling(answer: Answer) -> Answer:
        """Say secrets and people where a text is compared."""
        fields = answer.json if answer.body[:1] == b"{" else {}
        token = fields.get("mfa_token", fields.get("oob_code", ""))
        told = " ".join([*people, token, person.password])
        return answer.with_fields(error_description=told, note=told) if fields else answer

    live_tenant.alter("", telling)
    tour(one)
    drift = drift_of(one.ended())
    assert len(drift.differences) > 5
    nothing_raw(seen(drift), one)
    assert [each for each in people if any(spelling in seen(drift) for spelling in spellings(each))] == []


# fmt: off
LINES: tuple[tuple[dict[str, str], bool], ...] = (
    ({"call": LIST, "field": "[push].name", "kind": "text"}, True),
    ({"call": "GET *", "field": "*", "kind": "*"}, True),
    ({"call": "*", "field": "[push].name", "kind": "text", "live": "yes"}, True),
    ({"call": "*", "field": "[push].name", "kind": "text", "live": "no"}, False),
    ({"call": "*", "field": "[push].name", "kind": "error"}, False),
    ({"call": "GET /mfa", "field": "*", "kind": "*"}, False),
    ({"call": "*", "field": "[push].NAME", "kind": "text"}, False),
    ({"call": "*", "field": "[p].name", "kind": "text"}, False),
)
NO_LIST: tuple[tuple[str | None, str], ...] = (
    # what an allow-list says (None: there is none), and the one line about it
    ("allow = [", "is no TOML"),
    ("\udcff", "is no TOML"),
    ("accept = []", "it has one list, `allow = [ ... ]`"),
    ('allow = "all"', "it has one list, `allow = [ ... ]`"),
    ("allow = [1]", "entry 1 of `allow` is not as it must be"),
    (f'allow = [{LINE}, {{ call = "*" }}]', "entry 2 of `allow` is not as it must be"),
    ('allow = [{ call = "*", field = "*", kind = "*", because = "x" }]', "entry 1 of `allow` is not as it must be"),
    (None, "cannot be read (no such file or directory)"),
)
# fmt: on


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_a_line_allows_what_it_names(line: dict[str, str], expected: bool) -> None:
    no: Any = dict.fromkeys(("sandbox", "settles", "row", "mark", "setting"), "")
    difference = Difference(steps=(1,), call=LIST, field="[push].name", kind="text", live="yes", **no)
    assert is_allowed(difference, line) is expected


def test_an_allowed_difference_is_no_finding_and_a_line_that_nothing_needs_is_told(without_codes: Integrator) -> None:
    file = without_codes.file
    allow = file.with_name("drift-allow.toml")
    allow.write_text(f"# No recovery codes here.\nallow = [\n  {LINE},\n]\n", "utf-8")
    assert [each.allowed for each in drift_of(file).differences] == [True, False]
    assert command(file).exit_code == 1
    allow.write_text(f"allow = [{LINE}, {OTHER}]", "utf-8")
    ran = command(file)
    assert (ran.exit_code, "To accept" in ran.stdout) == (0, False)
    assert "2 differences, 2 of them allowed" in ran.stdout
    (other := file.with_name("other.toml")).write_text(
        'allow = [{ call = "*", field = "*", kind = "removed", live = "—" }, '
        '{ call = "GET /mfa/*", field = "gone", kind = "text" }]', "utf-8"
    )  # fmt: skip
    ran = command(file, "--allow", other)
    assert ran.exit_code == 0
    assert 'Allowed, and not there any more:\n{ call = "GET /mfa/*", field = "gone", kind = "text" }' in ran.stdout


def test_a_file_that_is_wrong_is_one_line(without_codes: Integrator, tmp_path: Path) -> None:
    file = tmp_path / "allow.toml"
    for content, said in NO_LIST:
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_bytes(content.encode("utf-8", "surrogateescape"))
        ran = command(without_codes.file, "--allow", file)
        assert (ran.exit_code, ran.stdout, said in ran.stderr, ran.stderr.count("\n")) == (2, "", True, 1)
    for content in (None, "", "{}", '{"log": {"entries": [1]}}', '{"log": {"entries": []}}'):
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_text(content, "utf-8")
        ran = command(file)
        assert (ran.exit_code, ran.stderr[:7], ran.stderr.count("\n")) == (2, "Error: ", 1)


def test_it_shows_where_the_tenant_differs_and_what_to_write_to_accept_it(without_codes: Integrator) -> None:
    one, domain = without_codes, without_codes.tenant.domain
    drift, ran = drift_of(one.file), command(one.file, "--json")
    text, html = drift._repr_mimebundle_().values()
    assert text.startswith(f"Drift of {domain} from the sandbox · run.har · 3 of 3 steps compared · 2 differences\n")
    accept = "To accept a difference, put its line into the list `allow` of drift-allow.toml:"
    assert text.endswith(f"\n\n{accept}\n{LINE}\n{OTHER}")
    assert max(map(len, text.splitlines())) <= 120
    assert ("recovery_codes" in html, "<style" in html) == (True, False)
    assert command(one.file).stdout == f"{text}\n"
    common: dict[str, Any] = {"kind": "removed", "live": "—", "row": "", "mark": "", "allowed": False}
    common["setting"] = "switch recovery_code_factor=off"
    common["settles"] = f"your tenant has it not: {common['setting']}"
    rows = ((2, ASSOCIATE, "recovery_codes", "array"), (3, LIST, "[recovery-code]", "an entry"))
    assert (ran.exit_code, json.loads(ran.stdout)) == (1, {
        "recording": "run.har", "tenant": domain, "steps": 3, "compared": 3,
        "differences": [{"steps": [n], "call": c, "field": f, "sandbox": s, **common} for n, c, f, s in rows],
        "not_compared": [], "unused_allowances": [],
    })  # fmt: skip
    one.lab.journal.passed = lambda: None  # what follows is not written as it passes
    one.login()
    assert one.lab.drift().steps == 4
    names, said = json.loads(ran.stdout), command("--help").stdout
    assert [name for name in [*names, *names["differences"][0]] if name not in said] == []
