"""The command `auth0-mfa-lab serve` as a process, as anybody starts it."""

import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from dotenv import dotenv_values

MAIN = "from auth0_mfa_lab.cli import main; main()"


@contextmanager
def serving(
    env_file: Path, *options: str, port: str = "0", env: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Serve until the block ends; give the process, and the variables of its env file, when it is ready."""
    command = [sys.executable, "-c", MAIN, "serve", "--port", port, "--env-file", str(env_file), *options]
    pipe, folder = subprocess.PIPE, env_file.parent
    with subprocess.Popen(command, cwd=folder, env=env, text=True, stdout=pipe, stderr=pipe) as running:
        try:
            assert running.stdout is not None
            assert "is ready" in running.stdout.readline(), "the server did not start"
            yield running, {name: str(value) for name, value in dotenv_values(env_file, interpolate=False).items()}
        finally:
            running.terminate()


def client_of(variables: Mapping[str, str], path: str = "") -> httpx.Client:
    """Return a client that trusts the server of an env file, and has its token."""
    trusted = ssl.create_default_context(cafile=variables["AUTH0_CA_FILE"])
    bearer, url = {"authorization": f"Bearer {variables['AUTH0_LAB_TOKEN']}"}, f"https://{variables['AUTH0_DOMAIN']}"
    return httpx.Client(verify=trusted, base_url=url + path, headers=bearer, trust_env=False)
