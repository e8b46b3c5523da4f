"""Settings come from the environment and the nearest .env, and only `live` goes live."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
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
BASES = {"live": LIVE, "served": SERVED, "unset": {"AUTH0_DOMAIN": "a.b"}, "sandbox": {}}
BASES |= {"in-ci": LIVE | {"CI": "true"}, "with-ca": SERVED | {"AUTH0_CA_FILE": "ca.pem"}}
PLAIN = ("client_id", "username", "realm", "audience", "public_client_id", "mgmt_client_id", *SECRETS)
# The other variables; one more with each of its values, after commas; and what the settings have, {} being the value.
READ = r"""
live AUTH0_DOMAIN=Other.eu.Auth0.com | domain=other.eu.auth0.com; origin=https://other.eu.auth0.com
live AUTH0_DOMAIN=localhost:8443 | domain={}; origin=https://{}
live AUTH0_MGMT_DOMAIN=t.eu.auth0.com | mgmt_domain={}
live AUTH0_PHONE_NUMBER=+15550100 | phone_number={}; tenant=live
live AUTH0_EMAIL=someone@example.com | email={}
live AUTH0_CA_FILE=ca.pem | ca_file={}
live AUTH0_AUDIENCE=   | audience=None; client_secret=None; phone_number=None; ca_file=None
live AUTH0_AUDIENCE= urn:api  | audience=urn:api
live AUTH0_PASSWORD= s$p  | password={}
live AUTH0_CLIENT_SECRET= s$p  | client_secret={}
live AUTH0_LAB_CONFIRM=each,once,never | confirm={}
live AUTH0_LAB_VIRTUAL_PHONE=1 | virtual_phone=True; raise_failures=False; show_people=False
live AUTH0_LAB_RAISE=1 | raise_failures=True; virtual_phone=False; confirm=once
live AUTH0_LAB_SHOW_PEOPLE=1 | show_people=True; realm=Username-Password-Authentication
sandbox AUTH0_LAB_RAISE=1 | raise_failures=True; tenant=sandbox; notice=None
unset AUTH0_CLIENT_ID=app | tenant=sandbox; notice=AUTH0_DOMAIN is set, AUTH0_LAB_TENANT is not: this is the sandbox
live AUTH0_LAB_TENANT=sandbox | tenant=sandbox; domain=None; notice=None
live CI=,0,false,False | tenant=live
in-ci AUTH0_LAB_ALLOW_LIVE=1 | tenant=live
served AUTH0_LAB_TOKEN=another | lab_token={}; tenant=served
served AUTH0_DOMAIN=localhost:8443,127.0.0.1:8443,[::1]:8443 | origin=http://{}
served AUTH0_DOMAIN=LOCALHOST:1 | origin=http://localhost:1
with-ca AUTH0_DOMAIN=sandbox:8443 | origin=https://{}
"""
# The same, and the sentence; two points stand for a part of it.
REFUSED = """
live AUTH0_LAB_TENANT=LIVE,lives,1,replay,tenant.example | AUTH0_LAB_TENANT has a value that is not known. .. tenant).
live AUTH0_DOMAIN=https://tenant.example,tenant.example/,single,tenant .example,-tenant.example,a:b@t.example | \
AUTH0_DOMAIN is not a host alone, with no https:// and no slash. Write it like this: AUTH0_DOMAIN=tenant.eu.auth0.com.
live AUTH0_MGMT_DOMAIN=single | \
AUTH0_MGMT_DOMAIN is not a host alone, .. and no slash. Write it like this: AUTH0_MGMT_DOMAIN=tenant.eu.auth0.com.
served AUTH0_DOMAIN=localhost/ | \
AUTH0_DOMAIN is not a host alone, with no https:// and no slash. Write it like this: AUTH0_DOMAIN=tenant.eu.auth0.com.
live AUTH0_PHONE_NUMBER=555 0100,+1 555 0100,0015550100 | AUTH0_PHONE_NUMBER is not a number in E.164 form: \
a plus sign and up to 15 digits. Write it like this: AUTH0_PHONE_NUMBER=+15550100.
live AUTH0_EMAIL=john-roe,some one@example.com | \
AUTH0_EMAIL is not an email address. Write it like this: AUTH0_EMAIL=someone@example.com.
live AUTH0_CA_FILE=missing.pem | \
AUTH0_CA_FILE is not the path of a PEM file that exists. Write it like this: AUTH0_CA_FILE=certificates/ca.pem.
live AUTH0_LAB_CONFIRM=sometimes | \
AUTH0_LAB_CONFIRM is not known. Use AUTH0_LAB_CONFIRM=each, once (the default) or never.
live CI=true,1 | AUTH0_LAB_TENANT=live, and CI is set: nothing was sent. .. to reach a test tenant.
served AUTH0_DOMAIN=sandbox:8443,tenant.eu.auth0.com,localhost.example:8443,127.0.0.1.example | \
AUTH0_CA_FILE is missing, and a served sandbox on another machine is .. --env-file FILE` wrote.
"""
NEEDED = """
live DOMAIN tenant.eu.auth0.com
live CLIENT_ID the client id of your application
live USERNAME someone@example.com
live PASSWORD that user's password
served DOMAIN tenant.eu.auth0.com
served CLIENT_ID the client id of your application
served LAB_TOKEN the token in the file that `auth0-mfa-lab serve --env-file FILE` wrote
"""
MISSING = (
    "{0} AUTH0_{1}= | AUTH0_{1} is missing, and AUTH0_LAB_TENANT={0} needs it. Add the line AUTH0_{1}={2} to .env."
)
REFUSED += "\n".join(MISSING.format(*row.split(" ", 2)) for row in NEEDED.strip().splitlines())


def cases(table: str) -> Iterator[tuple[dict[str, str], str]]:
    """Yield the variables of each row, for each value, and what is said of it."""
    for row in table.strip().splitlines():
        setting, _, said = row.partition(" | ")
        base, name, values = re.split("[ =]", setting, maxsplit=2)
        for value in values.split(","):
            yield BASES[base] | {name: value}, said.replace("{}", value)


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


@pytest.mark.parametrize(
    ("environ", "has"),
    [*cases(READ), *cases("\n".join(f"live AUTH0_{each.upper()}=some | {each}={{}}" for each in PLAIN))],
)
def test_each_variable_is_read_and_a_secret_shows_as_its_kind(environ: dict[str, str], has: str) -> None:
    settings = Settings.from_env(environ=environ)
    for each in has.split("; "):
        assert f"{(name := each.partition('=')[0])}={getattr(settings, name)!s}" == each
    for name in (*SECRETS, *PEOPLE):
        is_shown = name in PEOPLE and (settings.show_people or settings.tenant == "served")
        if value := getattr(settings, name):
            assert isinstance(value, Secret) is not is_shown
            assert f"{name}={str(value)!r}" in repr(settings) if is_shown else f"{name}=<{name}>" in repr(settings)


@pytest.mark.parametrize(("environ", "said"), [*cases(REFUSED)])
def test_a_wrong_setting_is_named_and_its_value_never_quoted(environ: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings.from_env(environ=environ)
    begin, _, end = said.partition(" .. ")
    assert str(refusal.value).startswith(begin)
    assert str(refusal.value).endswith(end or begin)
    assert not [each for each in {*environ.values()} - {"served"} if len(each) > 5 and each in str(refusal.value)]


def test_a_ca_file_without_certificates_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match=r"that can be read\. Check its path and content\.$") as refusal:
        Lab.live(Settings.from_env(environ=LIVE | {"AUTH0_CA_FILE": "ca.pem"}))
    assert refusal.value.__cause__ is refusal.value.__context__ is None


def test_in_ci_settings_of_ones_own_go_live_no_more_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(
        tenant="live", domain="tenant.example", client_id="app", username="jane", password=Secret("x", "<y>")
    )
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


UNREADABLE = "(it has a NUL character, so )?save the file as text in UTF-8|write NAME=value, and close each quote"
BROKEN = {
    # What a .env has after two lines, and the line of it that cannot be read; 0: it is read
    "a = é".encode("latin-1"): 3,
    "AUTH0_DOMAIN=a.b\n".encode("utf-16"): 3,
    "AUTH0_DOMAIN=a.b\n".encode("utf-16-le"): 3,
    b"\nAUTH0_AUDIENCE=\0": 4,
    b"\n\nAUTH0_DOMAIN: tenant.example": 5,
    b"AUTH0_DOMAIN:tenant.example": 3,
    b"\nAUTH0_PASSWORD='it's": 4,
    b'\nAUTH0_PASSWORD="s\nAUTH0_AUDIENCE="openid"': 4,
    b'\nAUTH0_PASSWORD="s\nAUTH0_AUDIENCE="': 4,
    b"AUTH0_LAB_TENANT": 3,
    b"AUTH0_LAB_TENANT live": 3,
    b"OTHER: x\nOTHER\nOTHER='\n# AUTH0_DOMAIN: x\nexport AUTH0_LAB_TENANT": 0,
}


@pytest.mark.parametrize("content", BROKEN)
def test_a_line_of_dotenv_that_cannot_be_read_is_named_and_a_line_of_others_is_let_be(
    folder: Path, content: bytes
) -> None:
    dotenv(folder).write_bytes(b"\xef\xbb\xbfAUTH0_LAB_TENANT=sandbox\nAUTH0_LAB_RAISE=1\n" + content)
    if not (line := BROKEN[content]):
        assert Settings.from_env(environ={}).raise_failures
        return
    with pytest.raises(SettingsError, match=rf"deep/\.env, line {line}, cannot be read: ({UNREADABLE})\.$") as refusal:
        Settings.from_env(environ={})
    assert refusal.value.__suppress_context__ or not refusal.value.__context__


def test_a_dotenv_that_is_a_pipe_is_refused_and_a_folder_is_a_virtual_environment(folder: Path) -> None:
    (folder / ".env").mkdir()
    assert Settings.from_env(environ={}) == Settings()
    os.mkfifo(folder.parent / ".env")
    with pytest.raises(SettingsError, match=r"\.env cannot be read \(it is no regular file\)"):
        Settings.from_env(environ={})


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
