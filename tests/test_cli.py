"""The command, run for real: JupyterLab opens, answers, and is gone at Ctrl-C; what cannot work says so in one line."""

import contextlib
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZipFile

import httpx
import psutil  # type: ignore[import-untyped]  # ipykernel brings it, without types
import pytest
from click import Context
from click.testing import CliRunner, Result
from hatchling.build import build_wheel
from jupyter_client.blocking.client import BlockingKernelClient

from auth0_mfa_lab import __version__
from auth0_mfa_lab.cli import HOMES, main
from auth0_mfa_lab.cli.open import HASHES

ROOT = Path(__file__).parent.parent
NOTEBOOK, FIRST = "notebooks/00_start_here.ipynb", "auth0-mfa-lab/00_start_here.ipynb"
COMMAND = (sys.executable, "-c", "from auth0_mfa_lab.cli import HOMES, main; main(prog_name='auth0-mfa-lab')")
SECONDS = 90.0


def own_environment(folder: Path) -> dict[str, str]:
    """Return an environment in which JupyterLab reads and writes nothing of the person's own."""
    names = [f"JUPYTER_{name}_DIR" for name in ("CONFIG", "DATA", "RUNTIME")]
    names += ["JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR"]
    return {**os.environ, **{name: str(folder / name.lower()) for name in names}, "PYTHONPATH": str(ROOT)}


def free_port() -> int:
    """Return a port that nobody listens on, below those that a system gives to kernels and connections meanwhile."""
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def until_it_runs(kernel: str, environment: dict[str, str]) -> None:
    """Wait until a kernel answers: one that is interrupted while it starts says so with a traceback of its own."""
    file = Path(environment["JUPYTER_RUNTIME_DIR"], f"kernel-{kernel}.json")
    client = BlockingKernelClient(connection_file=str(file))
    client.load_connection_file()
    client.start_channels(hb=False)  # on a busy machine a slow heart counts as a dead one
    try:
        client.wait_for_ready(timeout=SECONDS)
    finally:
        client.stop_channels()


NEWS = "@jupyterlab/apputils-extension:notification"
OF_THEIR_OWN = {
    "ServerApp": {"ip": "127.0.0.2", "port": 1, "base_url": "/own/", "root_dir": "/", "allow_root": False},
    "LabApp": {"default_url": "/tree"},
    "IdentityProvider": {"token": "own"},
}
SHIPPED = (FIRST, "auth0-mfa-lab/01_mfa_required.ipynb", "auth0-mfa-lab/solutions/04_sms.ipynb")
OTHERS = ("auth0-mfa-lab/05_push_enroll.ipynb", "auth0-mfa-lab/my_own.ipynb", "05_push_enroll.ipynb")
EDITED = (ROOT / "notebooks/05_push_enroll.ipynb").read_text("utf-8").replace("import Lab", "import  Lab", 1)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a space in its name, and in it a notebook of the lab that is edited by a letter, and its like."""
    folder = tmp_path / "my lab"
    (folder / "auth0-mfa-lab").mkdir(parents=True)
    for name in OTHERS:
        (folder / name).write_text(EDITED, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the wheel of this project is unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    with contextlib.chdir(ROOT), ZipFile(folder / build_wheel(str(folder))) as wheel:
        wheel.extractall(folder)
    return folder


def test_the_package_alone_copies_its_notebooks_and_keeps_what_is_there(folder: Path, installed: Path) -> None:
    def notebooks(*words: str) -> tuple[int, Counter[str]]:
        """Run the command with the unpacked wheel; count what it says by the words before a file's name."""
        command, environment = [*COMMAND, "notebooks", *words], {**os.environ, "PYTHONPATH": str(installed)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
        return done.returncode, Counter(line.partition("  ")[0] for line in (done.stdout + done.stderr).splitlines())

    (folder / "auth0-mfa-lab/.env.example").symlink_to("nowhere")
    (folder / "a file").touch()
    count = len(HASHES.read_text("utf-8").splitlines())
    assert notebooks() == (0, {"copied": count, "changed, kept": 2})
    assert notebooks() == (0, {"unchanged": count, "changed, kept": 2})
    assert notebooks("others") == (0, {"copied": count + 2})
    said = f"Error: 00_start_here.ipynb cannot be copied to {Path('a file', '00_start_here.ipynb')} (File exists)"
    assert notebooks("a file") == (1, {said: 1})
    assert {(folder / name).read_text("utf-8") for name in OTHERS} == {EDITED}
    for copy in (folder / "others").rglob("*"):
        name = copy.relative_to(folder / "others")
        of = ROOT / ("notebooks" if copy.suffix == ".ipynb" else "") / name
        assert copy.is_dir() or copy.read_bytes() == of.read_bytes(), name


def test_open_brings_the_notebooks_trusts_the_shipped_and_leaves_nothing_behind_at_ctrl_c(
    folder: Path, installed: Path, tmp_path: Path
) -> None:
    environment, port = own_environment(tmp_path) | {"PYTHONPATH": str(installed), "TMPDIR": str(tmp_path)}, free_port()
    environment |= {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}  # it is asked past a proxy
    # What a person has set for Jupyter changes neither where it is nor what it opens.
    (own := Path(environment["JUPYTER_CONFIG_DIR"])).mkdir()
    (own / "jupyter_config.json").write_text(json.dumps(OF_THEIR_OWN), "utf-8")
    command, log = [*COMMAND, "open", "--port", str(port), "--no-browser"], tmp_path / "errors.txt"
    with log.open("w") as errors:
        opened = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    try:
        assert opened.stdout is not None
        assert select.select([opened.stdout], [], [], SECONDS)[0], log.read_text()
        copied, line = opened.stdout.readline(), opened.stdout.readline()
        notebooks = [*(ROOT / "notebooks").rglob("*.ipynb")]  # and their conftest.py
        assert copied == f"{len(notebooks) + 1} files copied into auth0-mfa-lab\n"
        said = re.fullmatch(r"JupyterLab: (\S+) \(Ctrl-C stops it\)\n", line)
        assert said, line + log.read_text()
        parts = urlsplit(said[1])
        assert (parts.hostname, parts.port, parts.path) == ("127.0.0.1", port, f"/lab/tree/{FIRST}")
        token = {"Authorization": f"token {parts.query.removeprefix('token=')}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=SECONDS) as http:

            def is_trusted(name: str) -> bool:
                cells = http.get(f"/api/contents/{name}", headers=token).raise_for_status().json()["content"]["cells"]
                (trusted,) = {each["metadata"]["trusted"] for each in cells if each["cell_type"] == "code"}
                return bool(trusted)

            assert http.get("/api/contents", headers={"Authorization": "token wrong"}).status_code == 403
            assert http.get("/", headers=token).headers["location"] == f"{parts.path}?"
            news = http.get(f"/lab/api/settings/{NEWS}", headers=token).json()["schema"]["properties"]
            assert (news["fetchNews"]["default"], news["checkForUpdates"]["default"]) == ("false", False)
            assert [*tmp_path.glob("*/jupyter_config.json")] == [own / "jupyter_config.json"]
            assert "JupyterLab" in http.get(said[1]).raise_for_status().text
            assert [name for name in (*SHIPPED, *OTHERS) if is_trusted(name)] == list(SHIPPED)
            until_it_runs(http.post("/api/kernels", headers=token).json()["id"], environment)
        family = psutil.Process(opened.pid).children(recursive=True)
        assert len(family) >= 2, "a server and a kernel should be running"
        opened.send_signal(signal.SIGINT)
        assert opened.wait(timeout=SECONDS) == 0
        assert psutil.wait_procs(family, timeout=20)[1] == []
        assert opened.stdout.read() == "", "it said more than two lines"
        assert "Traceback" not in log.read_text()
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    finally:
        if opened.poll() is None:
            for each in psutil.Process(opened.pid).children(recursive=True):
                each.kill()
            opened.kill()
        opened.communicate(timeout=SECONDS)


def test_where_jupyter_keeps_nothing_it_opens_and_an_end_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def running(config: Path, _: object) -> contextlib.AbstractContextManager[object]:
        asked.append(json.loads(config.read_text("utf-8"))["ServerApp"]["open_browser"])
        return contextlib.nullcontext(SimpleNamespace(wait=lambda: 3))

    def open_it(*words: str) -> Result:
        return CliRunner().invoke(main, ["open", *words, "--port", str(free_port())])

    monkeypatch.setattr("auth0_mfa_lab.cli.open.signal.signal", lambda *_: None)
    with monkeypatch.context() as patch:
        patch.setenv("JUPYTER_DATA_DIR", str(folder))
        patch.setattr("sys.executable", "false")
        assert open_it(OTHERS[2]).stderr == "Error: JupyterLab did not start (exit code 1)\n"
        patch.setattr("importlib.util.find_spec", lambda _: None)
        assert open_it().stderr == "Error: JupyterLab is not installed: pip install jupyterlab ipykernel\n"
    monkeypatch.setattr("auth0_mfa_lab.cli.open._running", running)
    # Without a name it is the copy that it makes, then the one of this folder, then a checkout's; else the named one.
    for words, opened in (((), FIRST), ((), Path(FIRST).name), ((), NOTEBOOK), (OTHERS[2:], OTHERS[2])):
        if opened != FIRST:
            (folder / opened).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / "notebooks/05_push_enroll.ipynb", folder / opened)
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(folder / opened / "data"))
        result = open_it(*words)
        assert urlsplit(result.stdout.split()[-4]).path == f"/lab/tree/{opened}"
        first, last = result.stderr.splitlines()
        assert re.fullmatch(
            r"Jupyter cannot note that it trusts the notebooks \(.+\): run a panel's cell for its .*", first
        )
        assert (result.exit_code, last) == (1, "Error: JupyterLab ended by itself, with exit code 3")
    for name in ("firefox", "www-browser", "links", "elinks", "lynx", "w3m"):  # those of a terminal show no notebook
        monkeypatch.setattr("webbrowser.get", lambda name=name: SimpleNamespace(name=name))
        open_it(OTHERS[2])
    assert asked[-6:] == [True, *[False] * 5]


def test_what_cannot_be_opened_is_one_line() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        for words, code, said in (
            (["open", NOTEBOOK, "--port", port], 1, f"port {port} is taken: add --port 8899 (make lab PORT=8899)\n"),
            (["open", "no.ipynb"], 1, "there is no notebook no.ipynb: without a name, `open` opens the lab's first\n"),
            (["open", NOTEBOOK, "--port", "70000"], 2, "Error: Invalid value for '--port': 70000 is not in the range"),
            (["opne"], 2, "Error: No such command 'opne'."),
        ):
            result = CliRunner().invoke(main, words)
            assert (result.exit_code, result.stdout) == (code, "")
            assert said in result.stderr


def test_the_command_is_installed_under_its_name_and_lists_its_commands() -> None:
    script = Path(sys.executable).with_name("auth0-mfa-lab")
    said = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=60)
    assert said.stdout == f"auth0-mfa-lab, version {__version__}\n"
    listed = CliRunner().invoke(main, ["--help"]).stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == sorted(HOMES)
    assert [line for line in listed if line.endswith("...")] == []  # cut off by click


def test_each_help_is_sentences_and_each_value_has_a_name_in_capitals() -> None:
    every: list[Any] = [main.get_command(Context(main), name) for name in HOMES]
    for command in every:
        every += getattr(command, "commands", {}).values()
        for each in (command, *command.params):
            assert (getattr(each, "help", None) or ".").rstrip()[-1] in ".]"
            assert (getattr(each, "metavar", None) or "NAME").isupper()
