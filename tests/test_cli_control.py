"""The commands that speak to a served sandbox: what they print, where they look for the server, and how they fail."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auth0_mfa_lab import Exchange, Lab, Settings
from auth0_mfa_lab.cli import main
from auth0_mfa_lab.cli.serve import environment, write_env_file
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.show.qr import qr_png
from auth0_mfa_lab.tenants.operations import Remote

HERE = ("--env-file", "served.env")
COMMANDS = (
    "code +15550100",
    "push",
    "phone scan otpauth://totp/x?enrollment_tx_id=SECRETTICKET",
    "phone allow",
    "phone reject",
    "phone code",
    "reset",
    "clock advance 1",
)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(Sandbox(seed=1)) as server:
        yield server


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: a project with no setting in the environment."""
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTH0_LAB_TENANT")
    return tmp_path


def run(*words: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(main, words, input=given, catch_exceptions=False)


def printed(*words: str, given: bytes | None = None) -> str:
    """Return what a command with the file of the server printed."""
    result = run(*words, *HERE, given=given)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def refused(*words: str) -> str:
    """Return the one line in which a command failed."""
    result = run(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.fixture
def lab(server: Server) -> Lab:
    """An application of the server's, whose file the commands read."""
    write_env_file(Path("served.env"), server)
    return Lab.served(Settings.of_server(Path("served.env")))


def log_in(lab: Lab, server: Server) -> str:
    known = server.sandbox.defaults
    return str(lab.client.password_grant(username=known.username, password=known.password)["mfa_token"])


def poll_of(lab: Lab, server: Server) -> Callable[[], Exchange]:
    """Send a push to the default user, and return what polls."""
    token = log_in(lab, server)
    sent = lab.client.mfa_challenge(mfa_token=token, challenge_type="oob")
    return lambda: lab.client.mfa_oob_grant(mfa_token=token, oob_code=sent["oob_code"])


# -- what they print


def test_code_prints_the_newest_code_alone_and_waits_for_a_first_one(
    server: Server, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.client.passwordless_start(connection="sms", phone_number="+15550100", send="code")
    sent = server.sandbox.delivery.messages("+15550100")[-1].code
    assert printed("code", "+15550100") == printed("code", "+15550100", "--purpose", "passwordless") == f"{sent}\n"
    assert "for mfa" in refused("code", "+15550100", "--purpose", "mfa", *HERE)
    assert "No code was sent to +15550199" in refused("code", "+15550199", *HERE)
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        lab.client.passwordless_start(connection="email", email="someone@example.com", send="code")

    monkeypatch.setattr("auth0_mfa_lab.cli.control.time.sleep", sleep)
    assert len(printed("code", "someone@example.com", "--wait", "60")) == 7
    assert looks == [0.2]


def test_a_push_is_scanned_printed_allowed_and_rejected_and_all_begins_again(server: Server, lab: Lab) -> None:
    for command, said in {
        "push": "No push was sent",
        "phone allow": "No push waits",
        "phone reject no": "No push waits",
        "phone code": "no codes yet",
        "phone scan https://example.com/": "enrolls nothing",
        "phone scan missing.png": "no file that can be read",
    }.items():
        assert said in refused(*command.split(), *HERE)
    token, known = log_in(lab, server), server.sandbox.defaults
    begun = lab.client.mfa_associate(token, authenticator_types=["oob"], oob_channels=["auth0"])
    uri = str(begun["barcode_uri"])
    assert printed("phone", "scan", "-", given=f" {uri}\n".encode()) == "scanned\n"
    assert "status 404" in refused("phone", "scan", uri, *HERE)
    poll = poll_of(lab, server)
    apns, fcm = json.loads(printed("push")), json.loads(printed("push", "--fcm"))
    assert apns["mfa"]["txtkn"] == fcm["txtkn"]
    assert isinstance(fcm["s"], str)
    assert poll().error == "authorization_pending"
    assert printed("phone", "allow") == "allowed\n"
    assert printed("clock", "advance", "90") == "2027-01-15T08:01:30+00:00\n"
    assert poll().status == 200
    poll = poll_of(lab, server)
    assert printed("phone", "reject", "not me") == "rejected\n"
    assert poll().error == "invalid_grant"
    poll_of(lab, server)
    with closing(Remote(lab.settings)) as ask:
        ask("add_fault", kind="late_approval", polls=3)
    assert printed("phone", "allow") == "late: allowed after 3 more polls\n"
    for name in ("nobody@example.com", known.phone_number):
        assert server.sandbox.tenant.authenticators.of(known.user_id)
        assert printed("reset", name) == ""
    assert server.sandbox.tenant.authenticators.of(known.user_id) == ()
    server.sandbox.add_user()
    assert printed("reset") == ""
    assert len(server.sandbox.tenant.users) == 1


def test_a_picture_of_a_qr_is_scanned_and_its_code_is_printed_alone(server: Server, lab: Lab) -> None:
    begun = lab.client.mfa_associate(log_in(lab, server), authenticator_types=["otp"])
    picture = qr_png(str(begun["barcode_uri"]))
    Path("qr.png").write_bytes(picture)
    assert printed("phone", "scan", "qr.png") == printed("phone", "scan", "-", given=picture) == "scanned\n"
    assert re.fullmatch(r"\d{6}\n", printed("phone", "code"))
    for size, said in ((10, "enrolls nothing"), (1024 * 1024 + 1, "too large: a server reads 1024 KiB")):
        Path("no.png").write_bytes(bytes(size))
        assert said in refused("phone", "scan", "no.png", *HERE)


# -- where they look for the server, and how they fail


def test_variables_or_a_dotenv_file_name_the_server(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_env_file(folder / ".env", server)
    assert run("reset").exit_code == 0
    names = ("AUTH0_DOMAIN", "AUTH0_CA_FILE", "AUTH0_LAB_TOKEN")
    values = {name: value for name, value in environment(server, folder / ".env").items() if name in names}
    (folder / ".env").unlink()
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    assert run("reset").exit_code == 0
    monkeypatch.delenv("AUTH0_CA_FILE")
    assert "without TLS, for AUTH0_CA_FILE is not set" in refused("reset")
    with Server(Sandbox(seed=1), tls=False) as plain:
        write_env_file(folder / "plain.env", plain)
        assert run("reset", "--env-file", "plain.env").exit_code == 0


def test_no_settings_a_wrong_token_another_certificate_and_no_server_are_one_line(server: Server, folder: Path) -> None:
    write_env_file(folder / "served.env", server)
    written = (folder / "served.env").read_text()
    (folder / "wrong.env").write_text(written.replace(server.token, "token-of-yesterday"))
    for command in COMMANDS:
        words = command.split()
        assert "AUTH0_DOMAIN is not set" in refused(*words)
        assert "There is no file" in refused(*words, "--env-file", "missing.env")
        said = refused(*words, "--env-file", "wrong.env")
        assert "does not know this token" in said
        assert "token-of-yesterday" not in said
    with Server(Sandbox(seed=1)) as other:
        (folder / "mixed.env").write_text(written.replace(server.domain, other.domain))
        assert "No served sandbox answers" in refused("reset", "--env-file", "mixed.env")
    for seconds in ("-1", "nan", "inf", "soon"):
        result = run("clock", "advance", *HERE, "--", seconds)
        assert result.exit_code in (1, 2)
        assert (result.stdout, "Traceback" in result.stderr) == ("", False)
    server.stop()
    for command in COMMANDS:
        said = refused(*command.split(), *HERE)
        assert "No served sandbox answers at localhost:" in said
        assert server.token not in said
        assert "SECRETTICKET" not in said
