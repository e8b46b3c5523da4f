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


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the folder of notebooks in a project."""
    (tmp_path / "project" / "notebooks" / "deep").mkdir(parents=True)
    (tmp_path / "project" / "pyproject.toml").touch()
    return tmp_path / "project" / "notebooks"


def dotenv(folder: Path, *lines: str) -> None:
    (folder / ".env").write_text("\n".join([*lines, ""]), "utf-8")


def as_lines(values: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in values.items()]


SERVED = {
    "AUTH0_LAB_TENANT": "served",
    "AUTH0_DOMAIN": "localhost:8443",
    "AUTH0_CLIENT_ID": "app",
    "AUTH0_CLIENT_SECRET": "shh-very-secret",
    "AUTH0_LAB_TOKEN": "token-very-secret",
}
# fmt: off
READ = (
    # The other variables, the variable, its value, the field, and what it is then.
    *((LIVE, f"AUTH0_{field.upper()}", value, field, value) for field, value in (
        ("domain", "other.eu.auth0.com"), ("domain", "login.example.com"), ("domain", "localhost:8443"),
        ("domain", "tenant.example:443"), ("client_id", "abc123"), ("client_secret", "shh-very-secret"),
        ("username", "somebody"), ("password", "pa$$word"), ("realm", "employees"),
        ("audience", "https://api.example.com/"), ("scope", "openid email offline_access"),
        ("phone_number", "+15550100"), ("email", "someone@example.com"), ("mgmt_client_id", "m2m"),
        ("mgmt_client_secret", "m2m-secret"),
    )),
    (LIVE, "AUTH0_DOMAIN", "Tenant.Example", "domain", "tenant.example"),
    (LIVE, "AUTH0_AUDIENCE", "  ", "audience", None),
    (LIVE, "AUTH0_AUDIENCE", " urn:api ", "audience", "urn:api"),
    *((LIVE, f"AUTH0_{field.upper()}", " s p ", field, " s p ") for field in
        ("password", "client_secret", "mgmt_client_secret")),
    *((LIVE, "AUTH0_LAB_CONFIRM", value, "confirm", value) for value in ("each", "once", "never")),
    (LIVE, "AUTH0_LAB_VIRTUAL_PHONE", "", "virtual_phone", False),
    (LIVE, "AUTH0_LAB_VIRTUAL_PHONE", "1", "virtual_phone", True),
    (LIVE, "AUTH0_LAB_RAISE", "1", "raise_failures", True),
    ({}, "AUTH0_LAB_RAISE", "1", "raise_failures", True),
    (SERVED, "AUTH0_LAB_TOKEN", "another-token", "lab_token", "another-token"),
    (SERVED, "AUTH0_PUBLIC_CLIENT_ID", "spa", "public_client_id", "spa"),
    (SERVED, "AUTH0_MGMT_CLIENT_ID", "m2m", "mgmt_client_id", "m2m"),
    (SERVED, "AUTH0_EMAIL", "jane.roe@example.com", "email", "jane.roe@example.com"),
)
# fmt: on


@pytest.mark.parametrize(("others", "variable", "value", "field", "read"), READ)
def test_each_variable_is_read(
    tmp_path: Path, others: dict[str, str], variable: str, value: str, field: str, read: object
) -> None:
    settings = Settings.from_env(tmp_path, environ={**others, variable: value})
    assert settings.tenant == others.get("AUTH0_LAB_TENANT", "sandbox")
    assert getattr(settings, field) == read


def test_the_ca_file_is_read_and_must_exist(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.touch()
    assert Settings.from_env(tmp_path, environ={**LIVE, "AUTH0_CA_FILE": str(file)}).ca_file == str(file)
    with pytest.raises(SettingsError, match="AUTH0_CA_FILE is not the path of a PEM file that exists"):
        Settings.from_env(tmp_path, environ={**LIVE, "AUTH0_CA_FILE": str(tmp_path / "other.pem")})


def test_a_ca_file_without_certificates_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    with pytest.raises(SettingsError, match="AUTH0_CA_FILE is no file of PEM certificates") as refusal:
        Lab.live(Settings.from_env(tmp_path, environ={**LIVE, "AUTH0_CA_FILE": str(file)}))
    assert refusal.value.__cause__ is refusal.value.__context__ is None


def test_what_is_not_set_has_its_default(tmp_path: Path) -> None:
    settings = Settings.from_env(tmp_path, environ=LIVE)
    assert settings.realm == "Username-Password-Authentication"
    assert settings.scope == "openid profile"
    assert settings.client_secret is settings.audience is settings.phone_number is settings.ca_file is None
    assert not settings.show_people
    assert not settings.raise_failures


def test_secrets_and_people_show_as_their_kind(tmp_path: Path) -> None:
    values = LIVE | {"AUTH0_CLIENT_SECRET": "shh-very-secret", "AUTH0_MGMT_CLIENT_SECRET": "m2m-secret"}
    values |= {"AUTH0_PHONE_NUMBER": "+15550100", "AUTH0_EMAIL": "someone@example.com"}
    settings = Settings.from_env(tmp_path, environ=values)
    hidden = ("client_secret", "username", "password", "phone_number", "email", "mgmt_client_secret")
    for field in hidden:
        assert isinstance(getattr(settings, field), Secret)
        assert f"{field}=<{field}>" in repr(settings)
        assert values[f"AUTH0_{field.upper()}"] not in repr(settings)


def test_people_are_shown_when_that_is_asked_for_and_secrets_are_not(tmp_path: Path) -> None:
    settings = Settings.from_env(tmp_path, environ={**LIVE, "AUTH0_LAB_SHOW_PEOPLE": "1"})
    assert settings.show_people
    assert "jane.roe@example.com" in repr(settings)
    assert "pass-1234" not in repr(settings)


# -- which tenant


def test_nothing_set_is_the_sandbox_without_a_notice(tmp_path: Path) -> None:
    assert Settings.from_env(tmp_path, environ={}) == Settings()
    assert Settings().tenant == "sandbox"
    assert Settings().notice is None


def test_a_domain_alone_never_goes_live_and_is_named_in_a_notice(tmp_path: Path) -> None:
    environ = {name: value for name, value in LIVE.items() if name != "AUTH0_LAB_TENANT"}
    settings = Settings.from_env(tmp_path, environ=environ)
    assert settings.tenant == "sandbox"
    assert settings.domain is None
    assert settings.notice == "AUTH0_DOMAIN is set, AUTH0_LAB_TENANT is not: this is the sandbox"


def test_a_sandbox_that_was_asked_for_needs_no_notice(tmp_path: Path) -> None:
    settings = Settings.from_env(tmp_path, environ={**LIVE, "AUTH0_LAB_TENANT": "sandbox"})
    assert (settings.tenant, settings.notice) == ("sandbox", None)


def test_the_notice_is_the_first_line_of_the_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTH0_LAB_TENANT", raising=False)
    monkeypatch.setenv("AUTH0_DOMAIN", "tenant.example")
    first, second = repr(Lab.from_env(tmp_path)).splitlines()
    assert first == "AUTH0_DOMAIN is set, AUTH0_LAB_TENANT is not: this is the sandbox"
    assert second.startswith("Lab on the sandbox tenant sandbox.example")


def test_from_env_goes_live_only_when_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LIVE.items():
        monkeypatch.setenv(name, value)
    assert Lab.from_env(tmp_path).domain == "tenant.example"


@pytest.mark.parametrize("kind", ["LIVE", "Live", "lives", "1", "true", "prod", "replay", "tenant.example"])
def test_an_unknown_kind_of_tenant_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(SettingsError, match="AUTH0_LAB_TENANT has a value that is not known") as refusal:
        Settings.from_env(tmp_path, environ={**LIVE, "AUTH0_LAB_TENANT": kind})
    assert "AUTH0_LAB_TENANT=sandbox" in str(refusal.value)
    assert "AUTH0_LAB_TENANT=live" in str(refusal.value)


# -- .env


def test_the_nearest_dotenv_up_to_the_projects_root_is_read(project: Path) -> None:
    dotenv(project.parent, *as_lines(LIVE), "AUTH0_AUDIENCE=root")
    assert Settings.from_env(project / "deep", environ={}).audience == "root"
    dotenv(project, *as_lines(LIVE), "AUTH0_AUDIENCE=nearer")
    assert Settings.from_env(project / "deep", environ={}).audience == "nearer"


def test_a_dotenv_above_the_projects_root_is_not_read(project: Path) -> None:
    dotenv(project.parent.parent, *as_lines(LIVE))
    assert Settings.from_env(project / "deep", environ={}) == Settings()


@pytest.mark.parametrize("marker", ["pyproject.toml", "environment.yml", ".git"])
def test_each_marker_ends_the_search(tmp_path: Path, marker: str) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / marker).touch()
    dotenv(tmp_path, *as_lines(LIVE))
    assert Settings.from_env(tmp_path / "inner", environ={}).tenant == "sandbox"


def test_outside_of_a_project_only_the_folder_itself_is_searched(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    dotenv(tmp_path, *as_lines(LIVE))
    assert Settings.from_env(tmp_path / "inner", environ={}).tenant == "sandbox"
    assert Settings.from_env(tmp_path, environ={}).tenant == "live"


def test_the_working_directory_is_where_the_search_begins(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dotenv(project.parent, *as_lines(LIVE))
    monkeypatch.chdir(project)
    assert Settings.from_env(environ={}).domain == "tenant.example"


def test_the_environment_wins(project: Path) -> None:
    dotenv(project, *as_lines(LIVE), "AUTH0_AUDIENCE=file")
    settings = Settings.from_env(project, environ={"AUTH0_AUDIENCE": "environment"})
    assert (settings.audience, settings.domain) == ("environment", "tenant.example")
    assert Settings.from_env(project, environ={"AUTH0_LAB_TENANT": "sandbox"}).tenant == "sandbox"


def test_nothing_is_copied_into_the_environment(project: Path) -> None:
    before = dict(os.environ)
    dotenv(project, *as_lines(LIVE), "UNRELATED_VARIABLE=1")
    Settings.from_env(project)
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("line", "password"),
    [
        ("AUTH0_PASSWORD=pa$$word${HOME}$HOME", "pa$$word${HOME}$HOME"),
        ("AUTH0_PASSWORD='with # and \"quotes\"'", 'with # and "quotes"'),
        ("export AUTH0_PASSWORD=exported", "exported"),
        ("AUTH0_PASSWORD=naïve-ünïcödé", "naïve-ünïcödé"),
    ],
)
def test_a_password_is_read_as_it_stands(project: Path, line: str, password: str) -> None:
    dotenv(project, *as_lines(LIVE), line)
    assert Settings.from_env(project, environ={}).password == password


# -- bad values


@pytest.mark.parametrize("field", ["domain", "client_id", "username", "password"])
def test_a_missing_setting_names_the_variable_and_the_line_to_add(tmp_path: Path, field: str) -> None:
    variable = f"AUTH0_{field.upper()}"
    with pytest.raises(SettingsError) as refusal:
        Settings.from_env(tmp_path, environ={name: value for name, value in LIVE.items() if name != variable})
    assert str(refusal.value).startswith(f"{variable} is missing")
    assert f"Add the line {variable}=" in str(refusal.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("domain", "https://tenant.example"),
        ("domain", "tenant.example/"),
        ("domain", "single"),
        ("domain", "tenant .example"),
        ("domain", "-tenant.example"),
        ("domain", "user:hunter2@tenant.example"),
        ("phone_number", "555 0100"),
        ("phone_number", "+1 555 0100"),
        ("phone_number", "0015550100"),
        ("email", "nobody"),
        ("email", "some one@example.com"),
        ("ca_file", "missing.pem"),
    ],
)
def test_a_malformed_setting_names_the_variable_and_never_quotes_the_value(
    tmp_path: Path, field: str, value: str
) -> None:
    variable = f"AUTH0_{field.upper()}"
    with pytest.raises(SettingsError) as refusal:
        Settings.from_env(tmp_path, environ={**LIVE, variable: value})
    message = str(refusal.value)
    assert message.startswith(f"{variable} is not ")
    assert f"Write it like this: {variable}=" in message
    assert value not in message


def test_settings_are_frozen_and_name_every_field_by_keyword() -> None:
    with pytest.raises(AttributeError):
        Settings().domain = "tenant.example"  # type: ignore[misc]  # what must fail
    assert all(field.kw_only for field in fields(Settings))


# -- served


def test_the_token_of_a_served_sandbox_is_a_secret_and_its_people_are_none(tmp_path: Path) -> None:
    settings = Settings.from_env(tmp_path, environ={**SERVED, "AUTH0_USERNAME": "jane.roe@example.com"})
    assert "token-very-secret" not in repr(settings)
    assert "jane.roe@example.com" in repr(settings)


@pytest.mark.parametrize("variable", ["AUTH0_DOMAIN", "AUTH0_CLIENT_ID", "AUTH0_LAB_TOKEN"])
def test_a_served_sandbox_needs_its_variables(tmp_path: Path, variable: str) -> None:
    environ = {name: value for name, value in SERVED.items() if name != variable}
    with pytest.raises(SettingsError, match=f"^{variable} is missing, and AUTH0_LAB_TENANT=served needs it"):
        Settings.from_env(tmp_path, environ=environ)


@pytest.mark.parametrize("domain", ["localhost:8443", "127.0.0.1:8443", "[::1]:8443", "LOCALHOST:1"])
def test_a_served_sandbox_on_this_machine_may_do_without_tls(tmp_path: Path, domain: str) -> None:
    settings = Settings.from_env(tmp_path, environ={**SERVED, "AUTH0_DOMAIN": domain})
    assert settings.origin == f"http://{domain.lower()}"


def test_a_served_sandbox_with_a_ca_is_reached_over_tls(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.touch()
    environ = {**SERVED, "AUTH0_DOMAIN": "sandbox:8443", "AUTH0_CA_FILE": str(file)}
    assert Settings.from_env(tmp_path, environ=environ).origin == "https://sandbox:8443"


@pytest.mark.parametrize(
    "domain", ["sandbox:8443", "tenant.eu.auth0.com", "localhost.example:8443", "127.0.0.1.example"]
)
def test_a_served_sandbox_elsewhere_is_never_reached_without_its_ca(tmp_path: Path, domain: str) -> None:
    with pytest.raises(SettingsError, match="AUTH0_CA_FILE is missing"):
        Settings.from_env(tmp_path, environ={**SERVED, "AUTH0_DOMAIN": domain})


def test_the_commands_read_a_file_alone_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "served.env"
    file.write_text("\n".join(as_lines(SERVED)), "utf-8")
    of_file = Settings.of_server(file, start=tmp_path, environ={**SERVED, "AUTH0_DOMAIN": "localhost:1"})
    of_environment = Settings.of_server(start=tmp_path, environ={**SERVED, "AUTH0_DOMAIN": "localhost:1"})
    assert (of_file.domain, of_environment.domain) == ("localhost:8443", "localhost:1")


@pytest.mark.parametrize("kind", ["live", None])
def test_the_token_of_a_served_sandbox_goes_to_no_live_tenant(tmp_path: Path, kind: str | None) -> None:
    file = tmp_path / "ca.pem"
    file.touch()
    environ = {**SERVED, "AUTH0_DOMAIN": "tenant.eu.auth0.com", "AUTH0_CA_FILE": str(file)}
    environ = {name: value for name, value in environ.items() if name != "AUTH0_LAB_TENANT"}
    with pytest.raises(SettingsError, match="goes to no tenant"):
        Settings.of_server(start=tmp_path, environ=environ | ({"AUTH0_LAB_TENANT": kind} if kind else {}))


def test_commands_without_a_server_say_how_to_name_one(tmp_path: Path) -> None:
    for missing in ("AUTH0_DOMAIN", "AUTH0_LAB_TOKEN"):
        environ = {name: value for name, value in SERVED.items() if name != missing}
        with pytest.raises(SettingsError, match="--env-file FILE"):
            Settings.of_server(start=tmp_path, environ=environ)
    with pytest.raises(SettingsError, match="There is no file"):
        Settings.of_server(tmp_path / "no.env")
    (tmp_path / "bytes.env").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="cannot be read"):
        Settings.of_server(tmp_path / "bytes.env")


# -- what a live run may do


@pytest.mark.parametrize("value", ["true", "1", "yes"])
def test_in_ci_nothing_goes_live_unless_that_is_said(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsError, match=r"nothing was sent.*AUTH0_LAB_ALLOW_LIVE=1"):
        Settings.from_env(tmp_path, environ={**LIVE, "CI": value})
    allowed = {**LIVE, "CI": value, "AUTH0_LAB_ALLOW_LIVE": "1"}
    assert Settings.from_env(tmp_path, environ=allowed).tenant == "live"


def test_in_ci_settings_that_somebody_made_go_live_no_more_than_those_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.from_env(tmp_path, environ=LIVE)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(SettingsError, match=r"nothing was sent.*AUTH0_LAB_ALLOW_LIVE=1"):
        Lab.live(settings)
    assert Lab.live(replace(settings, allow_live=True)).domain == "tenant.example"


@pytest.mark.parametrize("value", ["", "0", "false", "False"])
def test_what_says_that_this_is_no_ci_is_believed(tmp_path: Path, value: str) -> None:
    assert Settings.from_env(tmp_path, environ={**LIVE, "CI": value}).tenant == "live"


def test_another_way_to_ask_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"AUTH0_LAB_CONFIRM=each, once .the default. or never"):
        Settings.from_env(tmp_path, environ={**LIVE, "AUTH0_LAB_CONFIRM": "sometimes"})
