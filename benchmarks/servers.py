"""Starts the two servers that are compared, each as the process that a user would start, and waits until it answers."""

from __future__ import annotations

import asyncio
import os
import platform
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import trustme
from dotenv import dotenv_values

from benchmarks.wire import Address, Connection

DISCOVERY = "/.well-known/openid-configuration"
SECONDS_TO_START = 60.0
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that answers: its process, where it is, and what its env file says.

    `seconds_to_start` went by until the first answer, `cpu_to_start` are the seconds of a processor in them: the second
    hardly depends on what else the machine does.
    """

    pid: int
    address: Address
    settings: Mapping[str, str]
    seconds_to_start: float
    cpu_to_start: float

    def resident(self) -> int:
        """Return the process's resident memory in KiB, as Linux accounts it."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))


def machine() -> dict[str, object]:
    """Return what a figure depends on."""
    names = ("uvicorn", "starlette", "joserfc", "cryptography")
    processors = sum(1 for line in _cpuinfo() if line.startswith("processor"))
    model = next((line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")), "unknown")
    versions = {name: version(name) for name in names}
    return {"processors": processors, "model": model, "python": platform.python_version(), **versions}


@contextmanager
def sandbox(folder: Path, *, tls: bool, journal: bool = True) -> Iterator[Running]:
    """Run `auth0-mfa-lab serve`, which makes its own certificate."""
    port = free_port()
    env_file = folder / f"lab-{port}.env"
    command = [str(Path(sys.executable).with_name("auth0-mfa-lab")), "serve", "--port", str(port)]
    ca_file = f"{env_file}.ca.pem" if tls else None
    command += ["--env-file", str(env_file), "--tls" if tls else "--no-tls"]
    command += [] if journal else ["--no-journal"]
    with _process(command, folder) as (process, begun):
        took, used = _wait(process, Address(port=port, ca_file=ca_file), begun)
        settings = {name: value or "" for name, value in dotenv_values(env_file).items()}
        yield Running(
            pid=process.pid,
            address=Address(port=port, ca_file=ca_file),
            settings=settings,
            seconds_to_start=took,
            cpu_to_start=used,
        )


@contextmanager
def bare(folder: Path, *, tls: bool) -> Iterator[Running]:
    """Run the bare route, with a certificate that was made before its start is timed."""
    port, certificate, ca_file = free_port(), folder / "bare.pem", folder / "bare-ca.pem"
    command = [sys.executable, "-m", "benchmarks.bare", "--port", str(port)]
    if tls:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(ca_file)
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
        command += ["--certificate", str(certificate)]
    address = Address(port=port, ca_file=str(ca_file) if tls else None)
    with _process(command, folder) as (process, begun):
        took, used = _wait(process, address, begun)
        yield Running(pid=process.pid, address=address, settings={}, seconds_to_start=took, cpu_to_start=used)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _process(command: Sequence[str], folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """Run a command, whose modules are compiled once for the whole run: as they are where they were installed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process, begun
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], address: Address, begun: float) -> tuple[float, float]:
    """Return how many seconds after its start a server answered 200 for the first time, and its processor's seconds."""
    while time.perf_counter() - begun < SECONDS_TO_START:
        if process.poll() is not None:
            raise RuntimeError(f"The server ended by itself, with exit code {process.returncode}.")
        try:
            return asyncio.run(_first_answer(address)) - begun, _cpu_of(process.pid)
        except (OSError, EOFError):
            time.sleep(0.002)
    raise RuntimeError("The server did not answer.")


def _cpu_of(pid: int) -> float:
    """Return the seconds that a process has had of the processors, in steps of a tick; 0 where there is no /proc."""
    file = Path(f"/proc/{pid}/stat")
    if not file.exists():
        return 0.0
    fields = file.read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _first_answer(address: Address) -> float:
    # Its CA is not known before it has started, and of no interest here.
    connection = await Connection.open(address, _unverified() if address.ca_file else None)
    try:
        status, _ = await connection.ask(address.request("GET", DISCOVERY))
        if status != 200:
            raise RuntimeError(f"The server answered {status}.")
        return time.perf_counter()
    finally:
        connection.close()


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _cpuinfo() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
