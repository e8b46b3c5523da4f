"""Settings come from the environment and the nearest .env, and only `live` goes live."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path

import pytest

from auth0_mfa_lab import Lab, Secret, Settings, SettingsError

LIVE = {
    "AUTH0_LAB_TENANT": "live",
    "AUTH0_DOMAIN": "tenant.example",
    "AUTH0_CLIENT_ID": "app",
    "AUTH0_USERNAME": "jane.roe@example.com",
    "AUTH0_PASSWORD": "pass-1234",
}
SERVED = {
    "AUTH0_LAB_TENANT": "served",
    "AUTH0_DOMAIN": "localhost:8443",
    "AUTH0_CLIENT_ID": "app",
    "AUTH0_LAB_TOKEN": "token-very-secret",
    "AUTH0_USERNAME": "jane.roe@example.com",
}
SECRETS = ("client_secret", "password", "mgmt_client_secret", "mgmt_token", "lab_token")
PEOPLE = ("username", "phone_number", "email")
HOST = "a host alone, with no https:// and no slash"
UNSET = {"AUTH0_DOMAIN": "a.b"}
# fmt: off
READ: tuple[tuple[dict[str, str], str, str], ...] = (
    # The other variables, one more, and what the settings have
    *((LIVE, f"AUTH0_{name.upper()}=some-thing", f"{name}=some-thing") for name in
        ("client_id", "username", "realm", "audience", "scope", "public_client_id", "mgmt_client_id", *SECRETS)),
    (LIVE, "AUTH0_DOMAIN=Other.eu.Auth0.com", "domain=other.eu.auth0.com; origin=https://other.eu.auth0.com"),
    (LIVE, "AUTH0_DOMAIN=localhost:8443", "domain=localhost:8443; origin=https://localhost:8443"),
    (LIVE, "AUTH0_MGMT_DOMAIN=t.eu.auth0.com", "mgmt_domain=t.eu.auth0.com"),
    (LIVE, "AUTH0_PHONE_NUMBER=+15550100", "phone_number=+15550100; tenant=live"),
    (LIVE, "AUTH0_EMAIL=someone@example.com", "email=someone@example.com"),
    (LIVE, "AUTH0_CA_FILE=ca.pem", "ca_file=ca.pem"),
    (LIVE, "AUTH0_AUDIENCE=  ", "audience=None; client_secret=None; phone_number=None; ca_file=None"),
    (LIVE, "AUTH0_AUDIENCE= urn:api ", "audience=urn:api; scope=openid profile"),
    *((LIVE, f"AUTH0_{name.upper()}= s$p ", f"{name}= s$p ") for name in
        ("password", "client_secret", "mgmt_client_secret")),
    *((LIVE, f"AUTH0_LAB_CONFIRM={value}", f"confirm={value}") for value in ("each", "once", "never")),
    (LIVE, "AUTH0_LAB_VIRTUAL_PHONE=1", "virtual_phone=True; raise_failures=False; show_people=False"),
    (LIVE, "AUTH0_LAB_RAISE=1", "raise_failures=True; virtual_phone=False; confirm=once"),
    (LIVE, "AUTH0_LAB_SHOW_PEOPLE=1", "show_people=True; realm=Username-Password-Authentication"),
    ({}, "AUTH0_LAB_RAISE=1", "raise_failures=True; tenant=sandbox; notice=None"),
    # Which tenant: a domain alone never goes live, and a sandbox that was asked for needs no notice.
    (UNSET, "AUTH0_CLIENT_ID=app",
        "tenant=sandbox; domain=None; notice=AUTH0_DOMAIN is set, AUTH0_LAB_TENANT is not: this is the sandbox"),
    (LIVE, "AUTH0_LAB_TENANT=sandbox", "tenant=sandbox; domain=None; notice=None"),
    # What says that this is no CI is believed; in one, nothing goes live unless that is said.
    *((LIVE, f"CI={value}", "tenant=live") for value in ("", "0", "false", "False")),
    (LIVE | {"CI": "true"}, "AUTH0_LAB_ALLOW_LIVE=1", "tenant=live"),
    # A served sandbox: this machine may do without TLS.
    (SERVED, "AUTH0_LAB_TOKEN=another", "lab_token=another; tenant=served"),
    *((SERVED, f"AUTH0_DOMAIN={domain}", f"origin=http://{domain.lower()}") for domain in
        ("localhost:8443", "127.0.0.1:8443", "[::1]:8443", "LOCALHOST:1")),
    (SERVED | {"AUTH0_CA_FILE": "ca.pem"}, "AUTH0_DOMAIN=sandbox:8443", "origin=https://sandbox:8443"),
)
REFUSED: tuple[tuple[dict[str, str], str, str], ...] = (
    # The other variables, the wrong one, and how the sentence begins or goes on
    *((LIVE, f"AUTH0_LAB_TENANT={kind}", "AUTH0_LAB_TENANT has a value that is not known. Use AUTH0_LAB_TENANT=sandbox")
        for kind in ("LIVE", "lives", "1", "replay", "tenant.example")),
    *((LIVE, f"AUTH0_{name.upper()}=", f"AUTH0_{name.upper()} is missing, and AUTH0_LAB_TENANT=live needs it. Add the "
        f"line AUTH0_{name.upper()}=") for name in ("domain", "client_id", "username", "password")),
    *((SERVED, f"AUTH0_{name}=", f"AUTH0_{name} is missing, and AUTH0_LAB_TENANT=served needs it. Add the line") for
        name in ("DOMAIN", "CLIENT_ID", "LAB_TOKEN")),
    *((LIVE, f"AUTH0_DOMAIN={value}", f"AUTH0_DOMAIN is not {HOST}. Write it like this: AUTH0_DOMAIN=") for value in
        ("https://tenant.example", "tenant.example/", "single", "tenant .example", "-tenant.example", "a:b@t.example")),
    (LIVE, "AUTH0_MGMT_DOMAIN=single", f"AUTH0_MGMT_DOMAIN is not {HOST}"),
    (SERVED, "AUTH0_DOMAIN=localhost/", f"AUTH0_DOMAIN is not {HOST}"),
    *((LIVE, f"AUTH0_PHONE_NUMBER={value}", "AUTH0_PHONE_NUMBER is not a number in E.164 form") for value in
        ("555 0100", "+1 555 0100", "0015550100")),
    *((LIVE, f"AUTH0_EMAIL={value}", "AUTH0_EMAIL is not an email address. Write it like this: AUTH0_EMAIL=") for
        value in ("nobody", "some one@example.com")),
    (LIVE, "AUTH0_CA_FILE=missing.pem", "AUTH0_CA_FILE is not the path of a PEM file that exists"),
    (LIVE, "AUTH0_LAB_CONFIRM=sometimes", "AUTH0_LAB_CONFIRM is not known. Use AUTH0_LAB_CONFIRM=each, once (the def"),
    *((LIVE, f"CI={value}", "AUTH0_LAB_TENANT=live, and CI is set: nothing was sent.") for value in ("true", "1")),
    *((SERVED, f"AUTH0_DOMAIN={domain}", "AUTH0_CA_FILE is missing, and a served sandbox on another machine is") for
        domain in ("sandbox:8443", "tenant.eu.auth0.com", "localhost.example:8443", "127.0.0.1.example")),
)
# fmt: on


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, below a project's root."""
    here = tmp_path / "project" / "notebooks" / "deep"
    here.mkdir(parents=True)
    (tmp_path / "project" / "pyproject.toml").touch()
    (here / "ca.pem").touch()
    monkeypatch.chdir(here)
    return here


def dotenv(folder: Path, *lines: str, **more: str) -> Path:
    """Write an env file for the live tenant."""
    file = folder / ".env"
    file.write_text("\n".join([*(f"{name}={value}" for name, value in (LIVE | more).items()), *lines]), "utf-8")
    return file


def settings_of(others: dict[str, str], line: str) -> Settings:
    name, _, value = line.partition("=")
    return Settings.from_env(environ={**others, name: value})


@pytest.mark.parametrize(("others", "line", "has"), READ)
def test_each_variable_is_read_and_a_secret_shows_as_its_kind(others: dict[str, str], line: str, has: str) -> None:
    settings = settings_of(others, line)
    for each in has.split("; "):
        assert f"{(name := each.partition('=')[0])}={getattr(settings, name)!s}" == each
    for name in (*SECRETS, *PEOPLE):
        is_shown = name in PEOPLE and (settings.show_people or settings.tenant == "served")
        if value := getattr(settings, name):
            assert isinstance(value, Secret) is not is_shown
            assert f"{name}={str(value)!r}" in repr(settings) if is_shown else f"{name}=<{name}>" in repr(settings)


@pytest.mark.parametrize(("others", "line", "said"), REFUSED)
def test_a_wrong_setting_is_named_and_its_value_never_quoted(others: dict[str, str], line: str, said: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        settings_of(others, line)
    assert str(refusal.value).startswith(said)
    assert not (value := line.partition("=")[2]) or len(value) < 6 or value not in str(refusal.value)


def test_settings_are_frozen_named_by_keyword_and_the_sandboxs_by_default() -> None:
    assert Settings.from_env(environ={}) == Settings()
    with pytest.raises(AttributeError):
        Settings().domain = "tenant.example"  # type: ignore[misc]  # what must fail
    assert all(field.kw_only for field in fields(Settings))


def test_a_ca_file_without_certificates_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="AUTH0_CA_FILE is no file of PEM certificates") as refusal:
        Lab.live(settings_of(LIVE, "AUTH0_CA_FILE=ca.pem"))
    assert refusal.value.__cause__ is refusal.value.__context__ is None


def test_in_ci_settings_of_ones_own_go_live_no_more_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.from_env(environ=LIVE)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(SettingsError, match=r"nothing was sent.*AUTH0_LAB_ALLOW_LIVE=1"):
        Lab.live(settings)
    assert Lab.live(replace(settings, allow_live=True)).domain == "tenant.example"


# -- .env


def test_the_nearest_dotenv_up_to_the_projects_root_is_read_and_the_environment_wins(folder: Path) -> None:
    notebooks, project = folder.parent, folder.parent.parent
    dotenv(project.parent)
    assert Settings.from_env(environ={}) == Settings()
    dotenv(project, AUTH0_AUDIENCE="root")
    assert Settings.from_env(environ={}).audience == "root"
    dotenv(notebooks, "UNRELATED_VARIABLE=1", AUTH0_AUDIENCE="nearer")
    before = dict(os.environ)
    assert Settings.from_env(environ={}).audience == "nearer"
    assert Settings.from_env(project, environ={}).audience == "root"
    settings = Settings.from_env(environ={"AUTH0_AUDIENCE": "environment"})
    assert (settings.audience, settings.domain) == ("environment", "tenant.example")
    assert Settings.from_env(environ={"AUTH0_LAB_TENANT": "sandbox"}).tenant == "sandbox"
    assert dict(os.environ) == before


@pytest.mark.parametrize("marker", ["pyproject.toml", "environment.yml", ".git", None])
def test_each_marker_ends_the_search_and_a_folder_without_one_too(tmp_path: Path, marker: str | None) -> None:
    (tmp_path / "inner").mkdir()
    if marker:
        (tmp_path / "inner" / marker).touch()
    dotenv(tmp_path)
    assert Settings.from_env(tmp_path / "inner", environ={}).tenant == "sandbox"
    assert Settings.from_env(tmp_path, environ={}).tenant == "live"


@pytest.mark.parametrize(
    ("line", "password"),
    [
        ("AUTH0_PASSWORD=pa$$word${HOME}$HOME", "pa$$word${HOME}$HOME"),
        ("AUTH0_PASSWORD='with # and \"quotes\" '", 'with # and "quotes" '),
        ("export AUTH0_PASSWORD=naïve-ünïcödé", "naïve-ünïcödé"),
    ],
)
def test_a_password_is_read_as_it_stands(folder: Path, line: str, password: str) -> None:
    dotenv(folder, line)
    assert Settings.from_env(environ={}).password == password


# -- the commands on a served sandbox


def test_the_commands_read_a_file_alone_or_the_environment_and_send_no_token_to_a_tenant(folder: Path) -> None:
    file, other = dotenv(folder, **SERVED), {**SERVED, "AUTH0_DOMAIN": "localhost:1"}
    assert Settings.of_server(file, environ=other).domain == "localhost:8443"
    file.unlink()
    assert Settings.of_server(environ=other).domain == "localhost:1"
    elsewhere = {**SERVED, "AUTH0_DOMAIN": "tenant.eu.auth0.com", "AUTH0_CA_FILE": "ca.pem"}
    for kind in ("live", ""):
        with pytest.raises(SettingsError, match="goes to no tenant"):
            Settings.of_server(environ=elsewhere | {"AUTH0_LAB_TENANT": kind})
    assert Settings.of_server(environ=elsewhere).origin == "https://tenant.eu.auth0.com"
    for missing in ("AUTH0_DOMAIN", "AUTH0_LAB_TOKEN"):
        with pytest.raises(SettingsError, match="--env-file FILE"):
            Settings.of_server(environ=SERVED | {missing: ""})
    with pytest.raises(SettingsError, match=r"There is no file no\.env: "):
        Settings.of_server(Path("no.env"))
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"\.env cannot be read"):
        Settings.of_server(file)
