"""What a comparison says: what a difference settles, what is allowed, as a table, as JSON, by an exit code; masked."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from auth0_mfa_lab import LabError
from auth0_mfa_lab.cli import main
from auth0_mfa_lab.live.drift.drift import Difference, Drift, drift_of, is_allowed, numbers
from auth0_mfa_lab.secrets.scan import scan
from tests.live.drift_runs import Integrator, Run, an_integrator, found, logged_in, otp, push, tour, wrong
from tests.live.live_world import LiveTenant
from tests.promise import spellings
from tests.test_replay import by_another_tool

POLL, ASSOCIATE = "POST /oauth/token (mfa-oob)", "POST /mfa/associate"
WITHOUT_CODES = frozenset({"otp", "sms", "push-notification"})
LINE = '{ call = "POST /mfa/associate", field = "recovery_codes", kind = "removed" }'


@pytest.fixture
def one(live_tenant: LiveTenant, tmp_path: Path) -> Integrator:
    """An integrator whose lab is recorded in runs/run.har."""
    return an_integrator(live_tenant, tmp_path / "runs" / "run.har")


@pytest.fixture
def without_codes(one: Integrator) -> Integrator:
    """One whose tenant has no recovery codes, after a short run: two differences."""
    one.tenant.set_up(factors=WITHOUT_CODES)
    login = one.login()
    one.lab.client.mfa_associate(login["mfa_token"], authenticator_types=["otp"])
    one.lab.client.mfa_authenticators(login["mfa_token"])
    one.ended()
    return one


def command(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["drift", *map(str, arguments)])


def settled(drift: Drift) -> dict[tuple[str, str], str]:
    """Return what each difference settles, by its call and its field."""
    return {(each.call, each.field): each.settles for each in drift.differences}


# -- what a difference settles


def test_a_profile_and_three_switches_as_the_tenant_has_them_are_named(one: Integrator) -> None:
    one.tenant.set_up(
        profile="recorded",
        switches={"slow_down_status": "400", "oob_channel_key": "oob_channels", "expired_token_status": "403"},
    )
    push(one)
    drift = drift_of(one.ended())
    assert settled(drift) == {
        (ASSOCIATE, "oob_channels"): "your tenant has it: switch oob_channel_key=oob_channels",
        (ASSOCIATE, "oob_channel"): "your tenant has it not: switch oob_channel_key=oob_channels",
        ("GET /mfa/authenticators", "[push].oob_channels"): "your tenant has it: switch oob_channel_key=oob_channels",
        (
            "GET /mfa/authenticators",
            "[push].oob_channel",
        ): "your tenant has it not: switch oob_channel_key=oob_channels",
        (POLL, "status"): "your tenant says 403: switch expired_token_status=403",
        (POLL, "error"): "your tenant says access_denied: profile recorded",
    }
    statuses = {(each.live, each.sandbox): each.setting for each in drift.differences if each.field == "status"}
    assert statuses == {
        ("400", "429"): "switch slow_down_status=400",
        ("400", "403"): "profile recorded",
        ("403", "401"): "switch expired_token_status=403",
    }


@pytest.mark.parametrize(
    ("run", "switches", "also"),
    [
        (push, {"pending_status": "200"}, {}),
        (push, {"customizable_mfa": "on"}, {}),
        (push, {"refresh": "mfa_required"}, {}),
        (otp, {"recovery_code_factor": "off"}, {"factors": WITHOUT_CODES}),
        (wrong, {"bad_client_secret": "invalid_client"}, {}),
        (tour, {"mfa_required_without_mfa_token": "on"}, {}),
        (push, {"recovery_code_factor": "off", "customizable_mfa": "on"}, {"factors": WITHOUT_CODES}),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, dict) else "",
)
def test_a_switch_as_the_tenant_has_it_is_named(
    one: Integrator, run: Run, switches: Mapping[str, str], also: Mapping[str, Any]
) -> None:
    one.tenant.set_up(switches=switches, **also)
    # A run that an integrator could not go on with ends where they would.
    with contextlib.suppress(LabError):
        run(one)
    drift = drift_of(one.ended())
    wanted = {f"switch {name}={value}" for name, value in switches.items()}
    assert wanted <= {each.setting for each in drift.differences}


def test_a_guess_is_settled_by_what_the_tenant_answers(one: Integrator) -> None:
    one.tenant.enroll("otp")
    one.tenant.alter("POST /mfa/challenge", lambda answer: answer.with_fields(error="association_required"))
    login = one.login()
    one.lab.client.mfa_authenticators(login["mfa_token"])
    one.lab.client.mfa_challenge(mfa_token=login["mfa_token"], authenticator_id="push|dev_AAAAAAAAAAAAAAAA")
    (only,) = drift_of(one.ended()).differences
    assert (only.live, only.sandbox, only.mark) == ("association_required", "invalid_authenticator", "guess")
    assert only.row == "`authenticator_id` is none of the user's active authenticators."
    assert only.settles == (
        "your tenant says association_required: that settles what was a guess: `authenticator_id` is none of the "
        "user's active authenticators."
    )


def test_what_was_recorded_of_another_tenant_is_not_settled(one: Integrator) -> None:
    one.tenant.alter("POST /oauth/token", lambda answer: answer.with_fields(error_description="No."))
    one.lab.client.password_grant(username="nobody@example.com", password="wrong-1")  # auth0-mfa-lab: allow
    (only,) = drift_of(one.ended()).differences
    assert only.mark == "rec"
    assert only.settles.startswith("your tenant says No., another one was recorded otherwise: The password is wrong")


def test_what_follows_from_a_difference_is_not_compared(one: Integrator) -> None:
    one.tenant.alter("POST /oauth/token", lambda answer: answer.with_fields(error="mfa_needed"), times=1)
    one.tenant.alter("POST /mfa/associate", lambda answer: answer.with_fields(session="Fe26.2*x*aaaaaaaaaaaaaaaaaaaaa"))
    login = one.login()
    one.lab.client.mfa_authenticators(login["mfa_token"])
    one.lab.client.mfa_authenticators(logged_in(one.tenant.lab())["mfa_token"])
    begun = one.lab.client.mfa_associate(login["mfa_token"], authenticator_types=["otp"])
    one.lab.client.mfa_challenge(mfa_token=begun["session"])
    drift = drift_of(one.ended())
    assert ("POST /mfa/associate", "session", "added") in found(drift)
    assert [(each.step, each.why.partition(" <")[0]) for each in drift.not_compared] == [(5, "it needs")]
    assert drift.not_compared[0].why.endswith("which the sandbox did not give")


def test_what_the_sandbox_has_not_is_said_by_name(one: Integrator) -> None:
    one.tenant.alter("POST /oauth/device/code", lambda answer: replace(answer, status=200, body=b"{}"))
    wrong(one)
    reasons = {each.call: each.why for each in drift_of(one.ended()).not_compared}
    assert reasons == {
        "POST /oauth/device/code": "the sandbox does not emulate POST /oauth/device/code",
        "POST /oauth/token (password)": "a gateway failed (503)",
        "POST /mfa/challenge": "the tenant's own rate limit answered (429 too_many_requests)",
    }


# -- what is allowed


def test_an_allowed_difference_is_no_finding_and_is_said_to_be_allowed(without_codes: Integrator) -> None:
    file = without_codes.file
    assert command(file).exit_code == 1
    allow = file.with_name("drift-allow.toml")
    allow.write_text(f"# No recovery codes here.\nallow = [\n  {LINE},\n]\n", "utf-8")
    drift = drift_of(file)
    assert [(each.field, each.allowed) for each in drift.differences] == [
        ("recovery_codes", True),
        ("[recovery-code]", False),
    ]
    assert command(file).exit_code == 1
    allow.write_text(
        allow.read_text("utf-8").replace(
            "]\n", '{ call = "GET /mfa/authenticators", field = "[recovery-code]", kind = "removed" },\n]\n'
        ),
        "utf-8",
    )
    ran = command(file)
    assert ran.exit_code == 0
    assert "2 differences, 2 of them allowed" in ran.stdout
    assert "To accept" not in ran.stdout


def test_another_file_may_be_named(without_codes: Integrator, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(
        'allow = [{ call = "*", field = "*", kind = "removed", live = "—" },\n'
        '{ call = "GET /mfa/*", field = "gone", kind = "text" }]',
        "utf-8",
    )
    ran = command(without_codes.file, "--allow", tmp_path / "other.toml")
    assert ran.exit_code == 0
    assert "Allowed, and not there any more:" in ran.stdout
    assert '{ call = "GET /mfa/*", field = "gone", kind = "text" }' in ran.stdout


@pytest.mark.parametrize(
    ("call", "field", "kind", "live", "expected"),
    [
        ("GET /mfa/authenticators", "[push].name", "text", None, True),
        ("GET *", "*", "*", None, True),
        ("*", "[push].name", "text", "yes", True),
        ("*", "[push].name", "text", "no", False),
        ("*", "[push].name", "error", None, False),
        ("GET /mfa", "*", "*", None, False),
        ("*", "[push].NAME", "text", None, False),
        ("*", "[p].name", "text", None, False),
    ],
)
def test_a_line_allows_what_it_names(call: str, field: str, kind: str, live: str | None, expected: bool) -> None:
    difference = Difference(
        steps=(1,),
        call="GET /mfa/authenticators",
        field="[push].name",
        kind="text",
        live="yes",
        sandbox="no",
        settles="",
        row="",
        mark="",
        setting="",
    )
    line = {"call": call, "field": field, "kind": kind, **({"live": live} if live else {})}
    assert is_allowed(difference, line) is expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("allow = [", "is no TOML"),
        ("accept = []", "it has one list, `allow = [ ... ]`"),
        ('allow = "all"', "it has one list, `allow = [ ... ]`"),
        ("allow = [1]", "entry 1 of `allow` is not as it must be"),
        (f'allow = [{LINE}, {{ call = "*" }}]', "entry 2 of `allow` is not as it must be"),
        (
            'allow = [{ call = "*", field = "*", kind = "*", because = "I say so" }]',
            "entry 1 of `allow` is not as it must be",
        ),
        ("\udcff", "is no TOML"),
        (None, "cannot be read (no such file or directory)"),
    ],
)
def test_an_allow_list_that_is_wrong_says_where(
    without_codes: Integrator, tmp_path: Path, content: str | None, said: str
) -> None:
    file = tmp_path / "allow.toml"
    if content is not None:
        file.write_bytes(content.encode("utf-8", "surrogateescape"))
    ran = command(without_codes.file, "--allow", file)
    assert ran.exit_code == 2
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert ran.stdout == ""


# -- how it is shown


def test_a_table_says_where_the_tenant_differs_and_what_to_write_to_accept_it(without_codes: Integrator) -> None:
    drift = drift_of(without_codes.file)
    text = repr(drift)
    assert text.startswith(
        f"Drift of {without_codes.tenant.domain} from the sandbox · run.har · 3 of 3 steps compared · 2 differences\n"
    )
    assert max(map(len, text.splitlines())) <= 120
    assert f"\n{LINE}" in text
    html = drift._repr_mimebundle_()["text/html"]
    assert "recovery_codes" in html
    assert "<style" not in html
    assert command(without_codes.file).stdout == f"{text}\n"
    assert repr(without_codes.lab.drift(without_codes.file)) == text


def test_a_lab_compares_what_it_has_recorded_so_far(one: Integrator) -> None:
    one.login()
    one.lab.journal.passed = lambda: None  # what follows is not written as it passes
    one.login()
    assert (one.lab.drift().steps, one.lab.drift(one.file).steps) == (2, 2)
    with pytest.raises(LabError, match="records nothing"):
        one.tenant.lab().drift()


def test_the_json_has_the_fields_that_are_documented(without_codes: Integrator) -> None:
    ran = command(without_codes.file, "--json")
    assert ran.exit_code == 1
    assert json.loads(ran.stdout) == {
        "recording": "run.har",
        "tenant": without_codes.tenant.domain,
        "steps": 3,
        "compared": 3,
        "differences": [
            {
                "steps": [step],
                "call": call,
                "field": field,
                "kind": "removed",
                "live": "—",
                "sandbox": sandbox,
                "settles": "your tenant has it not: switch recovery_code_factor=off",
                "row": "",
                "mark": "",
                "setting": "switch recovery_code_factor=off",
                "allowed": False,
            }
            for step, call, field, sandbox in (
                (2, "POST /mfa/associate", "recovery_codes", "array"),
                (3, "GET /mfa/authenticators", "[recovery-code]", "an entry"),
            )
        ],
        "not_compared": [],
        "unused_allowances": [],
    }
    said = command("--help").stdout
    assert [name for name in json.loads(ran.stdout) if name not in said] == []
    assert [name for name in json.loads(ran.stdout)["differences"][0] if name not in said] == []


def test_one_difference_in_several_steps_is_one_row(one: Integrator) -> None:
    one.tenant.set_up(switches={"pending_status": "200"})
    push(one)
    rows = [each for each in drift_of(one.ended()).differences if each.field == "status"]
    assert len(rows) == 1
    assert len(rows[0].steps) > 10
    assert numbers([3, 5, 6, 7, 9]) == "3, 5-7, 9"


# -- what nobody may see


def seen(drift: Drift) -> str:
    return "\n".join(
        [repr(drift), drift._repr_mimebundle_()["text/html"], json.dumps(asdict(drift), ensure_ascii=False)]
    )


@pytest.mark.parametrize("show_people", ["0", "1"])
def test_nothing_raw_is_in_what_a_comparison_says(live_tenant: LiveTenant, tmp_path: Path, show_people: str) -> None:
    one = an_integrator(live_tenant, tmp_path / "run.har", environ={"AUTH0_LAB_SHOW_PEOPLE": show_people})
    person = live_tenant.person

    def telling(answer: Any) -> Any:
        """Say secrets and people where a text is compared."""
        fields = answer.json if answer.body[:1] == b"{" else {}
        token = fields.get("mfa_token", fields.get("oob_code", ""))
        told = f"{person.username} {person.phone_number} {person.user_id} {token} {person.password}"
        return answer.with_fields(error_description=told, note=told) if fields else answer

    live_tenant.alter(None, telling)
    tour(one)
    drift = drift_of(one.ended())
    assert len(drift.differences) > 5
    text = seen(drift)
    secrets = [
        *(str(each.value) for each in one.lab.aliases.all()),
        person.username,
        person.phone_number,
        person.user_id,
    ]
    raw = [each for each in secrets if len(each.strip()) > 6]
    assert len(raw) > 10
    assert [each for each in raw if any(one_spelling in text for one_spelling in spellings(each))] == []
    assert scan("drift.txt", text.encode()).finds == ()
    assert "\n".join(map(repr, drift.differences)).count(person.username) == 0


# -- recordings of other tools, and files that are none


def test_what_another_tool_recorded_is_compared_as_well(one: Integrator) -> None:
    tour(one)
    drift = drift_of(by_another_tool(one.ended()))
    assert [*found(drift), *drift.not_compared] == []
    assert drift.steps == len(one.lab.journal)


@pytest.mark.parametrize("content", [None, "", "{}", '{"log": {"entries": [1]}}', '{"log": {"entries": []}}'])
def test_a_file_that_is_no_recording_is_one_line(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "no.har"
    if content is not None:
        file.write_text(content, "utf-8")
    ran = command(file)
    assert ran.exit_code == 2
    assert ran.stderr.startswith("Error: ")
    assert ran.stderr.count("\n") == 1
    with pytest.raises(LabError):
        drift_of(file)
