"""`lab.doctor()` and what it shows: as text, HTML and JSON; on a sandbox too; and the Management API's own faults."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner

from auth0_mfa_lab import Lab
from auth0_mfa_lab.cli import main
from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.live.doctor.checks import Check, Finding
from auth0_mfa_lab.live.doctor.doctor import Diagnosis
from tests.exports.export_served import must_be_there
from tests.live.doctor_mothers import SETUPS, names, run, told
from tests.live.live_world import LiveTenant

API = "/api/v2"
FIELDS = ["name", "state", "said", "symptom", "dashboard", "curl", "cli", "call"]


# -- what it shows


def test_it_shows_what_is_missing_first_then_what_is_not_known_then_the_rest(ready: LiveTenant) -> None:
    SETUPS["MFA grant"].breaks(ready)
    text = repr(ready.lab().doctor())
    lines = text.splitlines()
    assert lines[0] == f"Doctor · the live tenant {ready.domain} is not ready: 1 missing, 10 not known, 10 fine"
    begins = [line.split("  ")[0] for line in lines if line.startswith(("missing", "not known", "ok"))]
    assert begins == ["missing", "not known", *["ok"] * 10]
    for part in ("mfa_required", "Advanced Settings > Grant Types > MFA", "jq -c", "auth0 api patch"):
        assert part in text


def test_its_html_has_the_same_findings_and_the_commands(ready: LiveTenant) -> None:
    SETUPS["MFA grant"].breaks(ready)
    diagnosis = ready.lab().doctor()
    bundle = diagnosis._repr_mimebundle_()
    assert bundle["text/plain"] == repr(diagnosis)
    html = unescape(bundle["text/html"])
    for each in diagnosis.findings:
        assert f">{each.name}</td>" in html
        assert each.said in html
    (finding,) = diagnosis.missing
    assert f">MFA grant: {finding.call}</summary>" in html
    assert finding.curl in html
    assert finding.cli in html


def test_its_html_takes_nothing_of_the_tenants_for_html() -> None:
    finding = Finding(name="<b>", state="missing", said="<i>", symptom="<s>", curl="<u>", call="<a>")
    html = Diagnosis("<h1>", [finding])._repr_mimebundle_()["text/html"]
    for tag in ("<b>", "<i>", "<s>", "<u>", "<a>", "<h1>"):
        assert html.replace("<p><b>Doctor", "").count(tag) == 0


def test_lines_but_commands_stay_within_the_page(ready: LiveTenant) -> None:
    for name in SETUPS:
        SETUPS[name].breaks(ready)
    lines = repr(ready.lab(management=True).doctor()).splitlines()
    commands = ("curl -", "auth0 api", "jq -c")
    assert [line for line in lines if len(line) > 120 and not any(each in line for each in commands)] == []


def test_as_json_its_fields_are_these(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    data = told(run(monkeypatch, ready.environ, "--json"))
    assert list(data) == ["tenant", "ok", "status", "findings", "mended"]
    assert (data["tenant"], data["ok"], data["status"]) == (f"the live tenant {ready.domain}", True, 0)
    assert {tuple(each) for each in data["findings"]} == {tuple(FIELDS)}
    assert {each["state"] for each in data["findings"]} == {"ok", "not known"}


def test_json_stands_alone_on_stdout_and_progress_on_stderr(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, ready.environ, "--json")
    json.loads(result.stdout)
    lines = result.stderr.splitlines()
    assert all(line.startswith(("ok ", "missing ", "not known ")) for line in lines)
    assert [line.split(maxsplit=1)[1].partition(":")[0] for line in lines[:3]] == ["settings", "reach", "discovery"]


def test_nothing_that_is_shown_holds_a_secret_or_a_person(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    known = ready.sandbox.defaults
    for name in SETUPS:
        SETUPS[name].breaks(ready)
    environ = ready.environ | ready.management
    for words in ((), ("--json",), ("--fix", "--yes")):
        result = run(monkeypatch, environ, *words)
        for secret in (known.client_secret, known.mgmt_client_secret, known.password, known.username, "+15550100"):
            assert secret not in result.output


def test_what_a_tenant_echoes_is_masked(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    known = ready.sandbox.defaults
    echo = f"{known.client_secret} {known.username} {known.password}"
    ready.alter("POST /oauth/token", lambda answer: answer.with_fields(error_description=echo, error="invalid_request"))
    ready.alter(API, lambda answer: replace(answer, status=403).with_json({"message": echo, "error": echo}))
    output = run(monkeypatch, ready.environ | ready.management).output
    for secret in (known.client_secret, known.username, known.password):
        assert secret not in output
    assert "<client_secret 1>" in output


def test_what_a_tenant_says_is_one_line_that_no_terminal_obeys(ready: LiveTenant) -> None:
    said = "\x1b[2Jnothing\nmissing  policy: \x07" + "word " * 200
    ready.alter("POST /oauth/token", lambda answer: answer.with_fields(error="server_error", error_description=said))
    ready.alter(API, lambda answer: replace(answer, status=403).with_json({"message": said}))
    for each in ready.lab(management=True).doctor().findings:
        assert each.said.isprintable()
        assert len(each.said) <= 300


def test_an_error_that_says_nothing_about_the_grants_is_not_known_and_no_fault(ready: LiveTenant) -> None:
    ready.alter("POST /oauth/token", lambda answer: replace(answer, status=401).with_json({"error": "requires_check"}))
    diagnosis = ready.lab().doctor()
    assert (diagnosis.status, diagnosis.missing) == (0, ())
    about = {"client secret", "password grant", "default directory", "MFA grant", "passwordless grant"}
    assert about <= set(names(diagnosis, "not known"))
    assert "requires_check" in repr(diagnosis)


# -- on a sandbox


def test_a_sandbox_says_that_it_is_one_and_what_is_off_in_it() -> None:
    diagnosis = Lab.sandbox().doctor()
    assert repr(diagnosis).startswith("Doctor · the sandbox tenant sandbox.example is not ready: 2 missing")
    assert names(diagnosis, "missing") == ["voice message type", "email"]


def test_without_a_tenant_the_command_looks_at_the_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    result = run(monkeypatch, {}, "--for", "push", "--for", "recovery")
    assert (result.exit_code, "the sandbox tenant sandbox.example is ready" in result.stdout) == (0, True)


def served(tenant: LiveTenant) -> dict[str, str]:
    known = tenant.sandbox.defaults
    own = {"AUTH0_LAB_TENANT": "served", "AUTH0_LAB_TOKEN": tenant.server.token, "AUTH0_CA_FILE": str(tenant.ca_file)}
    application = {"AUTH0_CLIENT_ID": known.client_id, "AUTH0_CLIENT_SECRET": known.client_secret}
    return own | application | tenant.management | {"AUTH0_DOMAIN": tenant.domain}


def test_a_served_sandbox_is_looked_at_over_its_socket(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    SETUPS["policy"].breaks(ready)
    result = run(monkeypatch, served(ready), "--fix", "--yes", "--json")
    assert (result.exit_code, told(result)["tenant"]) == (0, f"the sandbox tenant {ready.domain}")
    assert [each["name"] for each in told(result)["mended"]] == ["policy"]
    assert "is a live tenant" not in result.stderr


def test_a_served_sandbox_that_is_not_there_is_a_line(live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    with live_tenant.nothing_there() as environ:
        result = run(monkeypatch, served(live_tenant) | {"AUTH0_DOMAIN": environ["AUTH0_DOMAIN"]})
    assert (result.exit_code, "Traceback" in result.output) == (2, False)


def test_a_replay_asks_the_recording_and_finds_the_same(tmp_path: Path) -> None:
    lab = Lab.sandbox()
    said = repr(lab.doctor())
    lab.export("har").save(tmp_path / "doctor.har")
    assert repr(Lab.replay(tmp_path / "doctor.har").doctor()) == said


@pytest.mark.parametrize(
    ("wanted", "said"),
    [(["fax"], "no 'fax'. It looks at a list of: push, otp"), ("push", "no 'p'. It looks at a list")],
)
def test_a_wish_that_is_not_known_is_refused_before_anything_is_sent(wanted: list[str], said: str) -> None:
    lab = Lab.sandbox()
    with pytest.raises(LabError, match=said):
        lab.doctor(wanted=wanted)
    assert len(lab.journal) == 0


def test_the_commands_help_names_its_exit_codes() -> None:
    said = " ".join(CliRunner().invoke(main, ["doctor", "--help"]).stdout.split())
    assert "Exit code 0: nothing is missing. 1: something is. 2: the tenant could not be asked." in said


# -- the commands that it gives


@pytest.mark.parametrize("name", [name for name in SETUPS if SETUPS[name].by_api])
def test_the_curl_command_mends_it_when_a_shell_runs_it(ready: LiveTenant, name: str) -> None:
    must_be_there("curl", "jq")
    lab = ready.lab(management=True)
    token = lab.management_application.client_credentials_grant(audience=lab.management_audience)["access_token"]
    SETUPS[name].breaks(ready)
    (finding,) = lab.doctor().missing
    ran = subprocess.run(
        ["sh", "-c", finding.curl],
        env={"PATH": "/usr/bin:/bin", "AUTH0_MGMT_TOKEN": str(token), "CURL_CA_BUNDLE": str(ready.ca_file)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert lab.doctor().missing == ()


def test_a_curl_command_that_may_not_read_writes_nothing(ready: LiveTenant) -> None:
    must_be_there("curl", "jq")
    SETUPS["MFA grant"].breaks(ready)
    management_client(ready, apis={f"https://{ready.sandbox.tenant.domains.home}{API}/": ("update:clients",)})
    lab = ready.lab(management=True)
    token = lab.management_application.client_credentials_grant(audience=lab.management_audience)["access_token"]
    clients, client_id = ready.sandbox.tenant.clients, ready.sandbox.defaults.client_id
    before = clients[client_id].grants
    (finding,) = ready.lab().doctor().missing
    env = {"PATH": "/usr/bin:/bin", "AUTH0_MGMT_TOKEN": str(token), "CURL_CA_BUNDLE": str(ready.ca_file)}
    ran = subprocess.run(["sh", "-c", finding.curl], env=env, capture_output=True, text=True, timeout=30, check=False)
    assert "jq: error" in ran.stderr
    assert clients[client_id].grants == before


def test_a_command_quotes_a_name_that_a_shell_would_read() -> None:
    check = Check("x", read="/x", change="PATCH /x", key="name", value="it's $HOME")
    curl, cli = map(shlex.split, check.commands("tenant.example"))
    assert curl[curl.index("-d") + 1] == cli[-1] == '{"name": "it\'s $HOME"}'


# -- what keeps a Management token away


def management_client(tenant: LiveTenant, **changes: object) -> None:
    clients, client_id = tenant.sandbox.tenant.clients, tenant.sandbox.defaults.mgmt_client_id
    clients[client_id] = replace(clients[client_id], **changes)  # type: ignore[arg-type]  # fields of a client


def test_management_credentials_that_are_wrong_are_found_and_the_rest_is_asked(ready: LiveTenant) -> None:
    management_client(ready, client_secret="another")
    diagnosis = ready.lab(management=True).doctor()
    assert names(diagnosis, "missing") == ["Management credentials"]
    assert {"policy", "push"} <= set(names(diagnosis, "not known"))
    assert "MFA grant" in names(diagnosis, "ok")


def test_an_application_that_may_not_use_the_management_api_is_found(ready: LiveTenant) -> None:
    management_client(ready, apis={})
    assert names(ready.lab(management=True).doctor(), "missing") == ["Management grant"]


def test_scopes_that_are_missing_are_named(ready: LiveTenant) -> None:
    audience = f"https://{ready.sandbox.tenant.domains.home}{API}/"
    management_client(ready, apis={audience: ("read:clients", "read:guardian_factors", "update:clients")})
    diagnosis = ready.lab(management=True).doctor()
    (finding,) = diagnosis.missing
    assert finding.said == "The token lacks read:mfa_policies, read:tenant_settings, read:connections"
    (policy,) = [each for each in diagnosis.findings if each.name == "policy"]
    assert policy.state == "not known"
    assert "Insufficient scope" in policy.said


def test_behind_a_custom_domain_the_canonical_one_must_be_named(ready: LiveTenant) -> None:
    port = ready.domain.partition(":")[2]
    wrong = ready.lab(management=True, mgmt_domain="tenant.eu.example").doctor()
    assert names(wrong, "missing") == ["Management domain"]
    custom = ready.lab(management=True, domain=f"127.0.0.1:{port}", mgmt_domain=ready.domain)
    assert custom.management_audience == f"https://{ready.domain}/api/v2/"
    assert custom.doctor().ok
    asked = {each.request.host for each in custom.journal if each.request.target.startswith(API)}
    assert asked == {ready.domain}


def test_a_replay_knows_the_canonical_domain_too(ready: LiveTenant, tmp_path: Path) -> None:
    port = ready.domain.partition(":")[2]
    lab = ready.lab(management=True, domain=f"127.0.0.1:{port}", mgmt_domain=ready.domain)
    assert lab.doctor().ok
    lab.export("har").save(tmp_path / "doctor.har")
    assert Lab.replay(tmp_path / "doctor.har").doctor().ok


@pytest.mark.parametrize("with_scope", [True, False])
def test_a_token_that_is_passed_opens_the_management_api_and_is_not_shown(ready: LiveTenant, with_scope: bool) -> None:
    machine = ready.lab(management=True)
    granted = machine.management_application.client_credentials_grant(audience=machine.management_audience)
    token = str(granted["access_token"]) if with_scope else "no-token-at-all-0123456789"
    lab = ready.lab()
    diagnosis = lab.doctor(management_token=token)
    assert token not in repr(diagnosis)
    assert token not in repr(list(lab.journal))
    assert (len(names(diagnosis, "not known")) == 0) == with_scope
    assert diagnosis.ok


# -- settings that are neither on nor off


def test_an_adaptive_policy_is_not_known_and_no_fault(ready: LiveTenant) -> None:
    ready.set_up(policy="confidence-score")
    diagnosis = ready.lab(management=True).doctor()
    (policy,) = [each for each in diagnosis.findings if each.name == "policy"]
    assert (policy.state, diagnosis.ok) == ("not known", True)
    assert "confidence-score: Auth0 decides at each login" in policy.said


def test_auth0s_own_phone_provider_makes_no_calls_which_is_said(ready: LiveTenant) -> None:
    ready.set_up(phone_provider="auth0")
    diagnosis = ready.lab(management=True).doctor()
    assert names(diagnosis, "not known") == ["phone provider"]
    assert names(ready.lab(management=True).doctor(wanted=["sms"]), "not known") == []


def test_sms_that_is_not_ticked_is_found_by_itself(ready: LiveTenant) -> None:
    ready.set_up(message_types=("voice",))
    assert names(ready.lab(management=True).doctor(), "missing") == ["SMS message type"]


@pytest.mark.parametrize("management", [True, False])
def test_a_realm_that_is_no_connection_is_found(ready: LiveTenant, management: bool) -> None:
    diagnosis = ready.lab(management=management, realm="Somewhere-Else").doctor()
    assert names(diagnosis, "missing") == ["connection"]


def test_a_connection_that_is_off_for_the_application_is_found(ready: LiveTenant) -> None:
    def off(answer: object) -> object:
        return answer.with_json([{**each, "enabled_clients": []} for each in answer.json])  # type: ignore[attr-defined]

    ready.alter("GET /api/v2/connections", off)  # type: ignore[arg-type]  # an Answer both
    assert names(ready.lab(management=True).doctor(), "missing") == ["connection", "passwordless connections"]


@pytest.mark.parametrize("off", ["email", "sms"])
def test_a_passwordless_connection_that_is_off_is_found(ready: LiveTenant, off: str) -> None:
    ready.set_up(passwordless=frozenset({"email", "sms"}) - {off})
    (finding,) = ready.lab(management=True).doctor().missing
    assert finding.name == "passwordless connections"
    assert finding.said.endswith(f": {off}")


def test_an_audience_that_is_no_api_is_found(ready: LiveTenant) -> None:
    diagnosis = ready.lab(audience="https://nobody.example/").doctor()
    assert names(diagnosis, "missing") == ["audience"]
    assert "audience" not in {each.name for each in ready.lab().doctor().findings}


def test_one_of_three_grants_that_is_missing_is_named_alone(ready: LiveTenant) -> None:
    SETUPS["MFA grant"].breaks(ready)
    clients, client_id = ready.sandbox.tenant.clients, ready.sandbox.defaults.client_id
    two = {f"http://auth0.com/oauth/grant-type/mfa-{each}" for each in ("oob", "otp")}
    clients[client_id] = replace(clients[client_id], grants=clients[client_id].grants | two)
    (finding,) = ready.lab().doctor().missing
    assert finding.said.endswith("not allowed: http://auth0.com/oauth/grant-type/mfa-recovery-code")


def test_a_public_application_is_let_in_by_its_id_alone(ready: LiveTenant) -> None:
    public = ready.sandbox.defaults.public_client_id
    diagnosis = ready.lab(client_id=public, client_secret=None).doctor()
    (finding,) = [each for each in diagnosis.findings if each.name == "client secret"]
    assert (finding.state, finding.said) == ("ok", "The application is let in, by its id alone")


def test_a_confidential_application_without_its_secret_is_told_so(ready: LiveTenant) -> None:
    (finding,) = ready.lab(client_secret=None).doctor().missing
    assert (finding.name, finding.said) == (
        "client secret",
        "401 access_denied: the application is not let in, by its id alone",
    )
