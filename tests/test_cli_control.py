"""The commands that speak to a served sandbox: what they print, where they look for the server, and how they fail."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest
import qrcode
from click.testing import CliRunner, Result

from auth0_mfa_lab.cli import main
from auth0_mfa_lab.cli.serve import certificate_files, environment, write_env_file
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.server import Server

Run = Callable[..., Result]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(Sandbox(seed=1)) as server:
        yield server


@pytest.fixture
def env_file(server: Server, tmp_path: Path) -> Path:
    """The file that `serve --env-file` writes."""
    file = tmp_path / "served.env"
    write_env_file(file, server)
    return file


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a folder of a project's, with no setting in the environment."""
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTH0_LAB_TENANT")

    def command(*words: str, given: bytes | None = None) -> Result:
        return CliRunner().invoke(main, words, input=given, catch_exceptions=False)

    return command


@pytest.fixture
def app(server: Server, env_file: Path) -> Iterator[httpx.Client]:
    """An application that trusts the server's CA."""
    context = ssl.create_default_context(cafile=str(certificate_files(env_file)[0]))
    with httpx.Client(base_url=server.url, verify=context, trust_env=False) as client:
        yield client


def log_in(server: Server, app: httpx.Client) -> str:
    """Send the default user's password, and return the mfa_token."""
    defaults = server.sandbox.defaults
    names = ("username", "password", "client_id", "client_secret")
    form = {"grant_type": "password", **{name: getattr(defaults, name) for name in names}}
    return str(app.post("/oauth/token", data=form).json()["mfa_token"])


def associate(app: httpx.Client, mfa_token: str, **body: object) -> dict[str, str]:
    answer = app.post("/mfa/associate", json=body, headers={"authorization": f"Bearer {mfa_token}"})
    assert answer.status_code == 200
    found: dict[str, str] = answer.json()
    return found


def enroll_push(server: Server, app: httpx.Client) -> str:
    """Begin to enroll a push, and return the barcode's text."""
    begun = associate(app, log_in(server, app), authenticator_types=["oob"], oob_channels=["auth0"])
    return begun["barcode_uri"]


def challenge(server: Server, app: httpx.Client) -> dict[str, str]:
    """Send a push, and return what the application polls with."""
    defaults, mfa_token = server.sandbox.defaults, log_in(server, app)
    application = {"client_id": defaults.client_id, "client_secret": defaults.client_secret, "mfa_token": mfa_token}
    sent = app.post("/mfa/challenge", json={**application, "challenge_type": "oob"}).json()
    grant = "http://auth0.com/oauth/grant-type/mfa-oob"
    return {**application, "grant_type": grant, "oob_code": sent["oob_code"]}


def refused(result: Result) -> str:
    """Return the one line in which a command failed."""
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


# -- what they print


def test_code_prints_the_newest_code_alone(run: Run, server: Server, app: httpx.Client, env_file: Path) -> None:
    associate(
        app,
        log_in(server, app),
        authenticator_types=["oob"],
        oob_channels=["sms"],
        phone_number="+15550100",
    )
    sent = server.sandbox.delivery.messages("+15550100")[-1].code
    result = run("code", "+15550100", "--env-file", str(env_file))
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{sent}\n", "")
    assert run("code", "+15550100", "--purpose", "mfa", "--env-file", str(env_file)).stdout == f"{sent}\n"
    assert "for passwordless" in refused(
        run("code", "+15550100", "--purpose", "passwordless", "--env-file", str(env_file))
    )


def test_code_with_nothing_sent_prints_nothing_and_fails(run: Run, env_file: Path) -> None:
    assert "No code was sent to +15550199" in refused(run("code", "+15550199", "--env-file", str(env_file)))


def test_code_waits_for_a_first_one(run: Run, server: Server, env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    def sleep(_: float) -> None:
        nonlocal looks
        looks += 1
        transport = httpx.HTTPTransport(verify=False)  # the CA is not what this is about
        with httpx.Client(base_url=server.url, transport=transport) as client:
            defaults = server.sandbox.defaults
            body = {"client_id": defaults.client_id, "client_secret": defaults.client_secret, "connection": "email"}
            client.post("/passwordless/start", json={**body, "email": "someone@example.com", "send": "code"})

    monkeypatch.setattr("auth0_mfa_lab.cli.control.time.sleep", sleep)
    result = run("code", "someone@example.com", "--wait", "60", "--env-file", str(env_file))
    assert (result.exit_code, len(result.stdout), looks) == (0, 7, 1)


def test_a_push_is_scanned_allowed_and_the_login_ends(
    run: Run, server: Server, app: httpx.Client, env_file: Path
) -> None:
    here = ("--env-file", str(env_file))
    assert run("phone", "scan", enroll_push(server, app), *here).stdout == "scanned\n"
    poll = challenge(server, app)
    assert app.post("/oauth/token", data=poll).json()["error"] == "authorization_pending"
    assert run("phone", "allow", *here).stdout == "allowed\n"
    server.sandbox.clock.advance(5)
    assert app.post("/oauth/token", data=poll).status_code == 200


def test_an_approval_that_is_late_by_a_fault_says_so(
    run: Run, server: Server, app: httpx.Client, env_file: Path
) -> None:
    here = ("--env-file", str(env_file))
    run("phone", "scan", enroll_push(server, app), *here)
    challenge(server, app)
    fault = {"kind": "late_approval", "polls": 3}
    app.post("/_lab/faults", json=fault, headers={"authorization": f"Bearer {server.token}"}).raise_for_status()
    assert run("phone", "allow", *here).stdout == "late: allowed after 3 more polls\n"


def test_a_push_is_rejected_with_a_reason(run: Run, server: Server, app: httpx.Client, env_file: Path) -> None:
    here = ("--env-file", str(env_file))
    run("phone", "scan", enroll_push(server, app), *here)
    poll = challenge(server, app)
    assert run("phone", "reject", "not me", *here).stdout == "rejected\n"
    assert app.post("/oauth/token", data=poll).json()["error"] == "invalid_grant"


def test_a_push_is_printed_as_apns_or_fcm_delivers_it(
    run: Run, server: Server, app: httpx.Client, env_file: Path
) -> None:
    here = ("--env-file", str(env_file))
    assert "No push was sent" in refused(run("push", *here))
    run("phone", "scan", enroll_push(server, app), *here)
    challenge(server, app)
    apns, fcm = json.loads(run("push", *here).stdout), json.loads(run("push", "--fcm", *here).stdout)
    assert apns["mfa"]["txtkn"] == fcm["txtkn"]
    assert isinstance(fcm["s"], str)


@pytest.mark.parametrize("by_stdin", [False, True])
def test_a_picture_of_a_qr_is_scanned_and_its_code_is_printed_alone(
    run: Run, server: Server, app: httpx.Client, env_file: Path, by_stdin: bool
) -> None:
    uri = associate(app, log_in(server, app), authenticator_types=["otp"])["barcode_uri"]
    picture = BytesIO()
    qrcode.make(uri).save(picture)
    (env_file.parent / "qr.png").write_bytes(picture.getvalue())
    here = ("--env-file", str(env_file))
    given = {"given": picture.getvalue()} if by_stdin else {}
    assert run("phone", "scan", "-" if by_stdin else "qr.png", *here, **given).stdout == "scanned\n"
    code = run("phone", "code", *here).stdout
    assert len(code) == 7
    assert code.strip().isdigit()


@pytest.mark.parametrize("name", ["jane.roe@example.com", "+15550100", "nobody@example.com"])
def test_reset_of_one_user_is_quiet_whether_there_is_one_or_not(
    run: Run, server: Server, app: httpx.Client, env_file: Path, name: str
) -> None:
    run("phone", "scan", enroll_push(server, app), "--env-file", str(env_file))
    result = run("reset", name, "--env-file", str(env_file))
    assert (result.exit_code, result.output) == (0, "")
    left = server.sandbox.tenant.authenticators.of(server.sandbox.defaults.user_id)
    assert (left == ()) is (name != "nobody@example.com")


def test_reset_begins_the_whole_tenant_again(run: Run, server: Server, env_file: Path) -> None:
    server.sandbox.add_user()
    assert run("reset", "--env-file", str(env_file)).output == ""
    assert len(server.sandbox.tenant.users) == 1


def test_clock_advance_moves_the_servers_clock(run: Run, server: Server, env_file: Path) -> None:
    before = server.sandbox.clock.now()
    assert run("clock", "advance", "90", "--env-file", str(env_file)).stdout == "2027-01-15T08:01:30+00:00\n"
    assert server.sandbox.clock.now() == before + 90


# -- where they look for the server


def test_the_environment_names_the_server(
    run: Run, server: Server, env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(server, env_file).items():
        if name in ("AUTH0_DOMAIN", "AUTH0_CA_FILE", "AUTH0_LAB_TOKEN"):
            monkeypatch.setenv(name, value)
    assert run("reset").exit_code == 0
    monkeypatch.delenv("AUTH0_CA_FILE")
    assert "without TLS, for AUTH0_CA_FILE is not set" in refused(run("reset"))


def test_a_dotenv_file_of_the_project_names_the_server(run: Run, server: Server, tmp_path: Path) -> None:
    write_env_file(tmp_path / ".env", server)
    assert run("reset").exit_code == 0


def test_a_server_without_tls_is_found_too(run: Run, tmp_path: Path) -> None:
    with Server(Sandbox(seed=1), tls=False) as plain:
        write_env_file(tmp_path / "plain.env", plain)
        assert run("reset", "--env-file", "plain.env").exit_code == 0


# -- how they fail


COMMANDS = [
    ("code", "+15550100"),
    ("push",),
    ("phone", "scan", "otpauth://totp/x?enrollment_tx_id=SECRETTICKET"),
    ("phone", "allow"),
    ("phone", "reject"),
    ("phone", "code"),
    ("reset",),
    ("clock", "advance", "1"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_server_is_one_line(run: Run, server: Server, env_file: Path, command: tuple[str, ...]) -> None:
    server.stop()
    said = refused(run(*command, "--env-file", str(env_file)))
    assert "No served sandbox answers at localhost:" in said
    assert server.token not in said
    assert "SECRETTICKET" not in said


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_settings_are_one_line(run: Run, command: tuple[str, ...]) -> None:
    assert "AUTH0_DOMAIN is not set" in refused(run(*command))
    assert "There is no file" in refused(run(*command, "--env-file", "missing.env"))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_wrong_token_is_one_line(run: Run, server: Server, env_file: Path, command: tuple[str, ...]) -> None:
    env_file.write_text(env_file.read_text().replace(server.token, "token-of-yesterday"))
    said = refused(run(*command, "--env-file", str(env_file)))
    assert "does not know this token" in said
    assert "token-of-yesterday" not in said


def test_another_servers_certificate_is_not_trusted(run: Run, server: Server, env_file: Path, tmp_path: Path) -> None:
    with Server(Sandbox(seed=1)) as other:
        write_env_file(tmp_path / "other.env", other)
        mixed = env_file.read_text().replace(server.domain, other.domain)
        env_file.write_text(mixed)
        assert "No served sandbox answers" in refused(run("reset", "--env-file", str(env_file)))


def test_nothing_to_answer_and_nothing_to_scan_are_one_line(run: Run, env_file: Path) -> None:
    here = ("--env-file", str(env_file))
    assert "No push waits" in refused(run("phone", "allow", *here))
    assert "No push waits" in refused(run("phone", "reject", "no", *here))
    assert "no codes yet" in refused(run("phone", "code", *here))
    assert "enrolls nothing" in refused(run("phone", "scan", "https://example.com/", *here))
    assert "no file that can be read" in refused(run("phone", "scan", "missing.png", *here))
    (env_file.parent / "no.png").write_bytes(b"no picture")
    assert "enrolls nothing" in refused(run("phone", "scan", "no.png", *here))
    (env_file.parent / "large.png").write_bytes(bytes(1024 * 1024 + 1))
    assert "too large" in refused(run("phone", "scan", "large.png", *here))


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "soon"])
def test_the_clock_takes_seconds_alone(run: Run, env_file: Path, seconds: str) -> None:
    result = run("clock", "advance", "--env-file", str(env_file), "--", seconds)
    assert result.exit_code in (1, 2)
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_a_ticket_that_is_used_up_is_refused_in_one_line(
    run: Run, server: Server, app: httpx.Client, env_file: Path
) -> None:
    here, uri = ("--env-file", str(env_file)), enroll_push(server, app)
    run("phone", "scan", uri, *here)
    assert "status 404" in refused(run("phone", "scan", uri, *here))
