"""The doctor and the settings: each variable, its shape, misspelled names; no value of them is ever quoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from auth0_mfa_lab.live.doctor.checks import KNOWN, faults, misspelled
from tests.live.doctor_mothers import run, told
from tests.live.live_world import LiveTenant

GOOD = {
    "AUTH0_LAB_TENANT": "live",
    "AUTH0_DOMAIN": "tenant.eu.auth0.com",
    "AUTH0_CLIENT_ID": "0123456789abcdefghijABCDEFGHIJ01",
    "AUTH0_CLIENT_SECRET": "s",
    "AUTH0_USERNAME": "jane.roe@example.com",
    "AUTH0_PASSWORD": "p",
}
MARKED = "MARKED-VALUE"

WRONG: dict[str, tuple[dict[str, str | None], str, str, bool]] = {
    # the changes, the finding's name, what it says, whether nothing can be asked then
    "no domain": ({"AUTH0_DOMAIN": None}, "AUTH0_DOMAIN", "is missing", True),
    "no client id": ({"AUTH0_CLIENT_ID": None}, "AUTH0_CLIENT_ID", "is missing", True),
    "no username": ({"AUTH0_USERNAME": None}, "AUTH0_USERNAME", "is missing", False),
    "no password": ({"AUTH0_PASSWORD": None}, "AUTH0_PASSWORD", "is missing", False),
    "a scheme": ({"AUTH0_DOMAIN": f"https://{MARKED}.example"}, "AUTH0_DOMAIN", "is not a host alone", True),
    "a slash": ({"AUTH0_DOMAIN": f"{MARKED}.example/"}, "AUTH0_DOMAIN", "is not a host alone", True),
    "no host": ({"AUTH0_DOMAIN": f"{MARKED}_{MARKED}"}, "AUTH0_DOMAIN", "is not a host alone", True),
    "no region": ({"AUTH0_DOMAIN": MARKED}, "AUTH0_DOMAIN", "is a single label: it lacks its region", True),
    "quotes": ({"AUTH0_CLIENT_SECRET": f'"{MARKED}"'}, "AUTH0_CLIENT_SECRET", "has quotes", False),
    "a blank in the id": ({"AUTH0_CLIENT_ID": f"{MARKED} {MARKED}"}, "AUTH0_CLIENT_ID", "has a blank", True),
    "a blank at the secret's end": (
        {"AUTH0_CLIENT_SECRET": f"{MARKED} "},
        "AUTH0_CLIENT_SECRET",
        "has a blank in it, or at an end",
        False,
    ),
    "a number with blanks": ({"AUTH0_PHONE_NUMBER": "+1 555 0100"}, "AUTH0_PHONE_NUMBER", "E.164", False),
    "no address": ({"AUTH0_EMAIL": MARKED}, "AUTH0_EMAIL", "is not an email address", False),
    "no file": ({"AUTH0_CA_FILE": f"/{MARKED}.pem"}, "AUTH0_CA_FILE", "is not the path of a PEM file", False),
    "an audience without its slash": (
        {"AUTH0_AUDIENCE": f"https://{MARKED}.example/mfa"},
        "AUTH0_AUDIENCE",
        "has no slash at its end",
        False,
    ),
    "an audience of two": ({"AUTH0_AUDIENCE": f"{MARKED} {MARKED}"}, "AUTH0_AUDIENCE", "has a blank in it", False),
    "half of the Management API": (
        {"AUTH0_MGMT_CLIENT_ID": MARKED},
        "AUTH0_MGMT_CLIENT_SECRET",
        "is missing, and AUTH0_MGMT_CLIENT_ID is set",
        False,
    ),
    "the other half": (
        {"AUTH0_MGMT_CLIENT_SECRET": MARKED},
        "AUTH0_MGMT_CLIENT_ID",
        "is missing, and AUTH0_MGMT_CLIENT_SECRET is set",
        False,
    ),
    "an address for the canonical domain": (
        {"AUTH0_MGMT_DOMAIN": f"https://{MARKED}.example/"},
        "AUTH0_MGMT_DOMAIN",
        "is not a host alone",
        False,
    ),
    "how often to ask": ({"AUTH0_LAB_CONFIRM": MARKED}, "AUTH0_LAB_CONFIRM", "neither each nor once nor never", False),
    "a name that is nearly one": (
        {"AUTH0_PHONENUMBER": MARKED},
        "AUTH0_PHONENUMBER",
        "is not read. Did you mean AUTH0_PHONE_NUMBER?",
        False,
    ),
}


def values(changes: dict[str, str | None]) -> dict[str, str]:
    merged = {**GOOD, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def test_what_is_well_formed_is_one_finding_that_is_fine() -> None:
    (finding,) = faults(GOOD)
    assert (finding.state, finding.name) == ("ok", "settings")


@pytest.mark.parametrize(("changes", "name", "said", "stops"), WRONG.values(), ids=WRONG)
def test_a_fault_is_named_and_the_value_is_not(
    changes: dict[str, str | None], name: str, said: str, stops: bool
) -> None:
    (finding,) = faults(values(changes))
    assert (finding.name, finding.state, finding.stops) == (name, "missing", stops)
    assert said in finding.said
    assert MARKED.lower() not in repr(finding).lower()
    assert "555" not in repr(finding)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("AUTH0_CLIENTID", "AUTH0_CLIENT_ID"),
        ("AUTH0_CLIENT_SECRETS", "AUTH0_CLIENT_SECRET"),
        ("AUTH0_LAB_TENNANT", "AUTH0_LAB_TENANT"),
        ("AUTH0_USER_NAME", "AUTH0_USERNAME"),
        ("AUTH0_DOMAINE", "AUTH0_DOMAIN"),
        ("AUTH0_MGNT_CLIENT_ID", "AUTH0_MGMT_CLIENT_ID"),
    ],
)
def test_a_misspelled_name_is_told_with_the_name_that_was_meant(name: str, meant: str) -> None:
    (finding,) = misspelled({name: MARKED})
    assert finding.said == f"{name} is not read. Did you mean {meant}?"


@pytest.mark.parametrize(
    "name", ["AUTH0_SECRET", "AUTH0_BASE_URL", "AUTH0_ISSUER_BASE_URL", "AUTH0_AGENT_MODE", "AUTH0_COOKIE_DOMAIN"]
)
def test_a_variable_of_another_tool_is_none_of_its_business(name: str) -> None:
    assert list(misspelled({name: MARKED})) == []


def test_a_name_is_not_meant_where_that_variable_is_set() -> None:
    assert list(misspelled({"AUTH0_CLIENTID": MARKED, "AUTH0_CLIENT_ID": MARKED})) == []


def test_each_variable_of_the_example_is_known() -> None:
    example = Path(__file__).parent.parent.parent / ".env.example"
    lines = example.read_text("utf-8").splitlines()
    named = {line.partition("=")[0] for line in lines if line.startswith("AUTH0_")}
    assert named == KNOWN - {"AUTH0_LAB_RAISE"}


# -- the command


def test_without_a_user_the_tenant_is_asked_all_the_same(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {name: value for name, value in live_tenant.environ.items() if "USERNAME" not in name}
    result = run(monkeypatch, environ, "--json")
    missing = [each["name"] for each in told(result)["findings"] if each["state"] == "missing"]
    assert (result.exit_code, missing) == (1, ["AUTH0_USERNAME"])
    assert ("POST", "/oauth/token") in live_tenant.journal


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({"AUTH0_CLIENT_ID": ""}, "AUTH0_CLIENT_ID"),
        ({"AUTH0_DOMAIN": "https://tenant.example/"}, "AUTH0_DOMAIN"),
        ({"AUTH0_LAB_TENANT": ""}, "AUTH0_LAB_TENANT"),
        ({"AUTH0_LAB_TENANT": "life"}, "settings"),
        ({"AUTH0_LAB_TENANT": "", "AUTH0_LAB_TENNANT": "live", "AUTH0_DOMAIN": ""}, "AUTH0_LAB_TENNANT"),
        ({"CI": "true"}, "settings"),
    ],
    ids=[
        "no client id",
        "an address",
        "no kind of tenant",
        "a kind that is not known",
        "a kind that is misspelled",
        "CI",
    ],
)
def test_where_nothing_can_be_asked_nothing_is_sent_and_the_exit_code_is_2(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], first: str
) -> None:
    result = run(monkeypatch, live_tenant.environ | live_tenant.management | changes, "--fix", "--yes", "--json")
    assert (result.exit_code, live_tenant.journal) == (2, ())
    assert told(result)["findings"][0]["name"] == first
    assert "Traceback" not in result.output


def test_in_ci_the_variable_that_allows_it_is_named_and_allows_it(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = live_tenant.environ | {"CI": "true"}
    assert "AUTH0_LAB_ALLOW_LIVE=1" in run(monkeypatch, environ).stdout
    assert live_tenant.journal == ()
    assert run(monkeypatch, environ | {"AUTH0_LAB_ALLOW_LIVE": "1"}).exit_code == 0


def test_a_ca_file_of_no_certificates_is_a_line_and_no_traceback(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file := live_tenant.folder / "no.pem").write_text("nothing\n", "utf-8")
    result = run(monkeypatch, live_tenant.environ | {"AUTH0_CA_FILE": str(file)}, "--json")
    (finding,) = told(result)["findings"]
    assert (result.exit_code, "AUTH0_CA_FILE" in finding["said"]) == (2, True)


def test_a_dotenv_file_that_cannot_be_read_is_a_line_and_no_traceback(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    (Path.cwd() / ".env").write_bytes(b"AUTH0_DOMAIN=\xff\xfe\n")
    result = run(monkeypatch, {}, "--json")
    assert (result.exit_code, told(result)["findings"][0]["name"]) == (2, ".env")
    assert live_tenant.journal == ()


def test_what_stands_in_dotenv_is_looked_at_too(live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "".join(f"{name}={value}\n" for name, value in live_tenant.environ.items())
    (Path.cwd() / ".env").write_text(lines.replace("AUTH0_USERNAME", "AUTH0_USER_NAME"), "utf-8")
    findings = {each["name"]: each["said"] for each in told(run(monkeypatch, {}, "--json"))["findings"]}
    assert findings["AUTH0_USER_NAME"] == "AUTH0_USER_NAME is not read. Did you mean AUTH0_USERNAME?"
    assert "MFA grant" in findings


def test_a_lab_tells_of_misspelled_names_where_the_environment_is_its_own(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = live_tenant.lab()
    for name, value in {**live_tenant.environ, "AUTH0_USER_NAMES": "x", "AUTH0_DOMAIN": "elsewhere.example"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AUTH0_USERNAME")
    assert lab.doctor().ok
    monkeypatch.setenv("AUTH0_DOMAIN", live_tenant.domain)
    assert [each.name for each in lab.doctor().missing] == ["AUTH0_USER_NAMES", "AUTH0_USERNAME"]
