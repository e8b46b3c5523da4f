"""The commands that speak to a served sandbox: what they print, where they look for the server, and how they fail."""

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auth0_mfa_lab import Exchange, Lab, Settings
from auth0_mfa_lab.cli import main
from auth0_mfa_lab.cli.serve import environment, write_env_file
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.app import Fault
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.show.qr import qr_png
from tests.mothers import rows

HERE = ("--env-file", "served.env")
REFUSED = """
push                            | One is sent by /mfa/challenge, to a user with an enrolled phone.
phone allow                     | on the phone. Send one with /mfa/challenge; it can be answered for 5 minutes.
phone reject                    | on the phone. Send one with /mfa/challenge; it can be answered for 5 minutes.
phone reject no                 | on the phone. Send one with /mfa/challenge; it can be answered for 5 minutes.
phone code                      | Error: The phone shows no codes yet.
phone scan https://example.com/ | Scan the barcode_uri of a push or OTP enrollment.
phone scan missing.png | Error: This is no URI and no file that can be read: give the barcode_uri, or a PNG.
phone scan pipe        | Error: This is no URI and no file that can be read: give the barcode_uri, or a PNG.
phone scan text.png    | it is no picture. Scan the barcode_uri of a push or OTP enrollment.
phone scan large.png   | Error: This picture is too large: a server reads 1024 KiB.
phone allow-after 0    | Error: polls must be a whole number from 1 to 1000.
fail 429 --times 0     | Error: times must be a whole number from 1 to 10000.
fail 429 --retry-after -1    | Error: retry_after must be a whole number from 0 to 315360000.
fail 5xx --status 99         | Error: status must be a whole number from 400 to 599.
fail slow --seconds -1       | Error: seconds must be a number of seconds, 0 or more.
fail late_approval --polls 0 | Error: polls must be a whole number from 1 to 1000.
code +15550199                  | Error: No code was sent to +15550199.
code +15550100 --purpose mfa    | Error: No code was sent to +15550100 for mfa.
clock advance nan               | Error: This cannot be sent to the server: it holds what is no text.
reset --env-file missing.env | no file missing.env: `auth0-mfa-lab serve --env-file missing.env` writes it.
reset --env-file wrong.env   | at each start: take AUTH0_LAB_TOKEN from the file that it wrote last (--env-file FILE).
reset --env-file mixed.env   | Start one: auth0-mfa-lab serve --env-file FILE; then name that file here.
"""
"""The words of a command, of a phone without an account, and what its one line says."""


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
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        lab.client.passwordless_start(connection="email", email="someone@example.com", send="code")

    monkeypatch.setattr("auth0_mfa_lab.cli.control.time.sleep", sleep)
    assert len(printed("code", "someone@example.com", "--wait", "60")) == 7
    assert looks == [0.2]


def test_a_push_is_scanned_printed_allowed_and_rejected_and_all_begins_again(server: Server, lab: Lab) -> None:
    token, known, box = log_in(lab, server), server.sandbox.defaults, server.sandbox
    begun = lab.client.mfa_associate(token, authenticator_types=["oob"], oob_channels=["auth0"])
    uri = str(begun["barcode_uri"])
    assert printed("phone", "scan", "-", given=f" {uri}\n".encode()) == "scanned\n"
    assert "status 404" in refused("phone", "scan", uri, *HERE)
    poll = poll_of(lab, server)
    apns, fcm = json.loads(printed("push")), json.loads(printed("push", "--fcm"))
    assert apns["mfa"]["txtkn"] == fcm["txtkn"]
    assert poll().error == "authorization_pending"
    assert printed("phone", "allow") == "allowed\n"
    assert printed("clock", "advance", "90") == "2027-01-15T08:01:30+00:00\n"
    assert poll().status == 200
    after = "rejected after 1 more polls"
    for words, said in (("reject", "rejected"), ("reject-after 1", after), ("reject-after 1 no", after)):
        poll = poll_of(lab, server)
        assert printed("phone", *words.split()) == f"{said}\n"
        assert [poll().error for _ in range(2)][-1] == "invalid_grant"
    assert printed("phone", "allow-after", "2") == "allowed after 2 more polls\n"
    poll_of(lab, server)
    box.faults.append(Fault(kind="late_approval", polls=3))
    assert printed("phone", "allow") == "late: allowed after 3 more polls\n"
    for name, left in (("nobody@example.com", True), (known.phone_number, False)):
        assert printed("reset", name) == ""
        assert bool(box.tenant.authenticators.of(known.user_id)) is left
    box.add_user()
    assert printed("reset") == ""
    assert len(box.tenant.users) == 1


def test_a_picture_of_a_qr_is_scanned_and_its_code_is_printed_alone(server: Server, lab: Lab) -> None:
    begun = lab.client.mfa_associate(log_in(lab, server), authenticator_types=["otp"])
    picture = qr_png(str(begun["barcode_uri"]))
    Path("qr.png").write_bytes(picture)
    assert printed("phone", "scan", "qr.png") == printed("phone", "scan", "-", given=picture) == "scanned\n"
    assert re.fullmatch(r"\d{6}\n", printed("phone", "code"))


# -- where they look for the server, and how they fail


def test_variables_or_a_dotenv_file_name_the_server(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "AUTH0_DOMAIN is not set" in refused("reset")
    write_env_file(Path(".env"), server)
    assert run("reset").exit_code == 0
    Path(".env").unlink()
    for name in ("AUTH0_DOMAIN", "AUTH0_LAB_TOKEN"):
        monkeypatch.setenv(name, environment(server, Path(".env"))[name])
    assert "without TLS, for AUTH0_CA_FILE is not set" in refused("reset")


def test_what_cannot_be_done_is_one_line_without_a_secret(
    server: Server, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.client.passwordless_start(connection="sms", phone_number="+15550100", send="code")
    os.mkfifo("pipe")
    # Only stdin may be a text; and without --wait nothing is waited for.
    for name, content in (("text", b"otpauth://totp/x?secret=JBSWY3DPEHPK3PXP"), ("large", bytes(1024 * 1024 + 1))):
        Path(f"{name}.png").write_bytes(content)
    monkeypatch.setattr("auth0_mfa_lab.cli.control.time.sleep", pytest.fail)
    written = Path("served.env").read_text()
    Path("wrong.env").write_text(written.replace(server.token, "token-of-yesterday"))
    with Server(Sandbox(seed=1)) as other:
        Path("mixed.env").write_text(written.replace(server.domain, other.domain))
        for command, said in rows(REFUSED):
            line = refused(*command.split(), *(() if "--env-file" in command else HERE))
            assert (line.endswith(f"{said}\n"), "token-of-yesterday" in line) == (True, False), line
    server.stop()
    line = refused("phone", "scan", "otpauth://totp/x?enrollment_tx_id=SECRETTICKET", *HERE)
    assert "No served sandbox answers at localhost:" in line
    assert not [each for each in (server.token, "SECRETTICKET") if each in line]
