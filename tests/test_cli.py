"""The command, run for real: JupyterLab opens, answers, and is gone at Ctrl-C; what cannot work says so in one line."""

from __future__ import annotations

import contextlib
import os
import queue
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from auth0_mfa_lab import __version__

ROOT = Path(__file__).parent.parent
NOTEBOOK = "notebooks/00_start_here.ipynb"
COMMAND = (sys.executable, "-c", "from auth0_mfa_lab.cli import main; main(prog_name='auth0-mfa-lab')")
SECONDS = 90.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder with a space in its name, and one notebook in it."""
    folder = tmp_path / "my lab"
    (folder / "notebooks").mkdir(parents=True)
    shutil.copy(ROOT / NOTEBOOK, folder / NOTEBOOK)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return own_environment(tmp_path)


def own_environment(folder: Path) -> dict[str, str]:
    """Return an environment in which JupyterLab reads and writes nothing of the person's own."""
    folders = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    names = [f"JUPYTER_{name}" for name in folders]
    names += ["JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR"]
    own = {name: str(folder / name.lower()) for name in names}
    return {**os.environ, **own, "PYTHONPATH": str(ROOT)}


def free_port() -> int:
    """Return a port that nobody listens on, below those that a system gives to kernels and connections meanwhile."""
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def run(*arguments: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS
    )


def descendants(process: int) -> set[int]:
    """Return the living children of a process, and theirs, as Linux lists them."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text(encoding="latin-1").rpartition(")")[2].split()
        except OSError:  # it ended while we looked
            continue
        if fields[0] != "Z":
            parents[int(status.parent.name)] = int(fields[1])
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in found | {process}} - found:
        found |= more
    return found


def until_none_is_left(processes: set[int]) -> set[int]:
    """Wait for processes to end, and return those that did not."""
    deadline = time.monotonic() + 20
    while processes and time.monotonic() < deadline:
        processes = {each for each in processes if Path(f"/proc/{each}").exists()}
        select.select([], [], [], 0.05)
    return processes


def until_it_runs(kernel: str, environment: dict[str, str]) -> None:
    """Wait until a kernel answers: one that is interrupted while it starts says so with a traceback of its own."""
    file = Path(environment["JUPYTER_RUNTIME_DIR"], f"kernel-{kernel}.json")
    client = BlockingKernelClient(connection_file=str(file))
    client.load_connection_file()
    client.start_channels(hb=False)  # on a busy machine a slow heart counts as a dead one
    deadline = time.monotonic() + SECONDS
    try:
        while time.monotonic() < deadline:
            client.kernel_info()
            with contextlib.suppress(queue.Empty):
                client.get_shell_msg(timeout=2)
                return
    finally:
        client.stop_channels()
    raise AssertionError("the kernel did not answer")


class Opened:
    """A running `auth0-mfa-lab open`, and the line that it said."""

    def __init__(
        self, folder: Path, environment: dict[str, str], port: int, log: Path, notebook: str = NOTEBOOK
    ) -> None:
        self.log = log
        self.family: set[int] = set()
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                [*COMMAND, "open", notebook, "--port", str(port), "--no-browser"],
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )

    def members(self) -> set[int]:
        """Return the processes that it has started; they are known from then on, also when it is gone."""
        self.family |= descendants(self.process.pid)
        return self.family

    def line(self) -> str:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
        assert ready, f"it said nothing: {self.log.read_text()}"
        return self.process.stdout.readline()

    def rest(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def end(self) -> None:
        """Kill what is left of it, its children too."""
        left = self.members()
        if self.process.poll() is None:
            self.process.kill()
        for each in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self.process.communicate(timeout=SECONDS)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def opened(folder: Path, environment: dict[str, str], port: int, tmp_path: Path) -> Iterator[Opened]:
    opened = Opened(folder, environment, port, tmp_path / "errors.txt")
    yield opened
    opened.end()


def test_open_serves_the_notebook_until_ctrl_c_and_leaves_nothing_behind(
    opened: Opened, port: int, environment: dict[str, str]
) -> None:
    line = opened.line()
    said = re.fullmatch(r"JupyterLab: (\S+) \(Ctrl-C stops it\)\n", line)
    assert said, line + opened.log.read_text()
    url = said[1]
    parts = urlsplit(url)
    assert (parts.hostname, parts.port, parts.path) == ("127.0.0.1", port, f"/lab/tree/{NOTEBOOK}")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=SECONDS) as http:
        assert http.get("/api/contents", headers={"Authorization": "token wrong"}).status_code == 403
        page = http.get(url)
        assert page.status_code == 200
        assert "JupyterLab" in page.text
        token = {"Authorization": f"token {parts.query.removeprefix('token=')}"}
        assert http.get(f"/api/contents/{NOTEBOOK}", params={"content": 0}, headers=token).is_success
        until_it_runs(http.post("/api/kernels", headers=token).json()["id"], environment)

    family = opened.members()
    assert len(family) >= 2, "a server and a kernel should be running"
    opened.process.send_signal(signal.SIGINT)
    assert opened.process.wait(timeout=SECONDS) == 0
    assert until_none_is_left(family) == set()
    assert opened.rest() == "", "it said more than one line"
    assert "Traceback" not in opened.log.read_text()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


SHIPPED = ("notebooks/00_start_here.ipynb", "notebooks/01_mfa_required.ipynb", "notebooks/solutions/04_sms.ipynb")


@pytest.fixture
def with_others(folder: Path) -> None:
    """Shipped notebooks in the folder, one that somebody has edited by a letter, and one from elsewhere."""
    (folder / "notebooks/solutions").mkdir()
    for name in (*SHIPPED, "notebooks/05_push_enroll.ipynb"):
        shutil.copy(ROOT / name, folder / name)
    edited = folder / "notebooks/05_push_enroll.ipynb"
    edited.write_text(edited.read_text("utf-8").replace("import Lab", "import  Lab", 1), encoding="utf-8")
    shutil.copy(edited, folder / "notebooks/06_push_challenge.ipynb")
    shutil.copy(edited, folder / "notebooks/my_own.ipynb")


@pytest.mark.usefixtures("with_others")
def test_jupyter_trusts_the_shipped_notebooks_and_no_other(opened: Opened, port: int) -> None:
    token = opened.line().rpartition("token=")[2].split()[0]
    headers = {"Authorization": f"token {token}"}
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}/api/contents/", headers=headers, trust_env=False, timeout=SECONDS
    ) as http:

        def is_trusted(name: str) -> bool:
            cells = http.get(name).raise_for_status().json()["content"]["cells"]
            (said,) = {each["metadata"]["trusted"] for each in cells if each["cell_type"] == "code"}
            return bool(said)

        assert [name for name in SHIPPED if not is_trusted(name)] == []
        others = ("05_push_enroll", "06_push_challenge", "my_own")
        assert [name for name in others if is_trusted(f"notebooks/{name}.ipynb")] == []


def test_where_jupyter_keeps_nothing_it_opens_all_the_same(
    folder: Path, environment: dict[str, str], port: int, tmp_path: Path
) -> None:
    (tmp_path / "a file").touch()
    opened = Opened(
        folder, {**environment, "JUPYTER_DATA_DIR": str(tmp_path / "a file" / "data")}, port, tmp_path / "errors.txt"
    )
    try:
        assert opened.line().startswith("JupyterLab: http://127.0.0.1:")
    finally:
        opened.end()
    said = opened.log.read_text().splitlines()[0]
    assert said.startswith("Jupyter cannot note that it trusts the notebooks (")
    assert said.endswith("): run a panel's cell for its buttons.")


def test_a_port_that_is_taken_is_one_line_that_names_another(folder: Path, environment: dict[str, str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ended = run("open", NOTEBOOK, "--port", str(port), "--no-browser", folder=folder, environment=environment)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == f"Error: port {port} is taken: make lab PORT=8899\n"


def test_a_notebook_that_is_missing_is_one_line(folder: Path, environment: dict[str, str]) -> None:
    ended = run("open", "notebooks/no_such.ipynb", "--no-browser", folder=folder, environment=environment)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == "Error: there is no notebook notebooks/no_such.ipynb: run this in the project's folder\n"


def test_a_port_that_is_no_port_is_refused(folder: Path, environment: dict[str, str]) -> None:
    ended = run("open", NOTEBOOK, "--port", "70000", folder=folder, environment=environment)
    assert ended.returncode == 2
    assert "70000" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_it_tells_its_version(folder: Path, environment: dict[str, str]) -> None:
    ended = run("--version", folder=folder, environment=environment)
    assert (ended.returncode, ended.stdout) == (0, f"auth0-mfa-lab, version {__version__}\n")


def test_the_command_is_installed_under_its_name(folder: Path, environment: dict[str, str]) -> None:
    script = Path(sys.executable).with_name("auth0-mfa-lab")
    said = subprocess.run(
        [script, "--version"], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert said.stdout == f"auth0-mfa-lab, version {__version__}\n"
