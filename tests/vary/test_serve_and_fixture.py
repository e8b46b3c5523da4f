"""AUTH0_LAB_VARIATION: `serve` and the fixture obey it, say it, and report what was met; a marker varies one test."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from auth0_mfa_lab.cli import main
from auth0_mfa_lab.pytest_plugin import pytest_configure
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.settings import variation
from auth0_mfa_lab.vary.met import Met
from tests.test_pytest_plugin import suite

LOGIN = """
import ssl
import httpx
import pytest

def login(auth0_mfa, **fields):
    app = {name: auth0_mfa.env[f"AUTH0_{name.upper()}"] for name in ("client_id", "client_secret")}
    user = auth0_mfa.user(factors=["sms"])
    with httpx.Client(verify=ssl.create_default_context(cafile=auth0_mfa.ca_file), trust_env=False) as http:
        said = {"grant_type": "password", "username": user.username, "password": user.password, **app}
        return http.post(f"https://{auth0_mfa.domain}/oauth/token", data=said).json()
"""
MARKED = """
@pytest.mark.auth0_variations("other-texts, no-texts", "code-leading-zero")
def test_marked(auth0_mfa, auth0_mfa_variation):
    said = login(auth0_mfa).get("error_description")
    assert said != "Multifactor authentication required" or auth0_mfa_variation == "code-leading-zero"

@pytest.mark.auth0_variations
def test_twelve(auth0_mfa):
    assert login(auth0_mfa)["error"] == "mfa_required"

def test_plain(auth0_mfa):
    assert login(auth0_mfa)["error_description"] == "Multifactor authentication required"
"""
VARIED = """
def test_varied(auth0_mfa):
    assert login(auth0_mfa)["error_description"] == "One more factor is needed."
"""


def test_the_environment_says_what_is_varied_and_where_to_report(monkeypatch: pytest.MonkeyPatch) -> None:
    assert variation() == ("", None)
    monkeypatch.setenv("AUTH0_LAB_VARIATION", " order ")
    assert variation() == ("order", None)
    monkeypatch.setenv("AUTH0_LAB_VARIATION_REPORT", "met.jsonl")
    assert variation() == ("order", Path("met.jsonl"))


def test_serve_says_what_it_varies_and_reports_at_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, env_file = tmp_path / "met.jsonl", tmp_path / "lab.env"
    monkeypatch.setenv("AUTH0_LAB_VARIATION_REPORT", str(file))
    for varied, said in (
        ("other-texts,order", "is ready; it varies other-texts, order; its settings"),
        ("", "is ready; its"),
    ):
        monkeypatch.setenv("AUTH0_LAB_VARIATION", varied)
        monkeypatch.setattr(Server, "run", lambda _, ready: ready())
        ran = CliRunner().invoke(main, ["serve", "--port", "0", "--env-file", str(env_file)], catch_exceptions=False)
        assert said in ran.stdout
    assert file.read_text("utf-8") == '{"counts": {}, "asked": []}\n' * 2
    monkeypatch.setenv("AUTH0_LAB_VARIATION", "ordre")
    refused = CliRunner().invoke(main, ["serve", "--port", "0"])
    assert (refused.exit_code, "There is no variation 'ordre'; near it are order" in refused.stderr) == (1, True)


def test_a_marker_varies_one_test_and_what_is_not_met_is_no_pass(tmp_path: Path) -> None:
    said = suite(tmp_path, "-rs", test_marked=LOGIN + MARKED)
    assert "5 passed, 11 skipped" in said
    assert "not met: the test never asked for what code-leading-zero varies" in said


def test_the_fixture_obeys_the_environment_and_refuses_an_unknown_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    file = tmp_path / "met.jsonl"
    monkeypatch.setenv("AUTH0_LAB_VARIATION_REPORT", str(file))
    monkeypatch.setenv("AUTH0_LAB_VARIATION", "ordre")
    with pytest.raises(pytest.UsageError, match="There is no variation 'ordre'; near it are order"):
        pytest_configure(pytestconfig)
    monkeypatch.setenv("AUTH0_LAB_VARIATION", "other-texts")
    assert "1 passed" in suite(tmp_path, test_varied=LOGIN + VARIED)
    (met := Met()).add(file)
    assert met.counts == {"other-texts": 1}
    [asked] = met.asked
    assert str(asked) == "POST /oauth/token 403 mfa_required"
    assert asked.varied == ("other-texts",)
    assert "One more factor is needed." in asked.text
