"""The project as a clone has it: set-up files in step with each other, and nothing real or local in any of them."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from auth0_mfa_lab import __version__
from tests.network import is_here

ROOT = Path(__file__).parent.parent
PROJECT: Mapping[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
NEEDED = (
    *(".ci/run", ".env.example", ".gitignore", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "constraints.txt"),
    *("environment.yml", "pyproject.toml", "tests/README.md", "notebooks/conftest.py", "notebooks/00_start_here.ipynb"),
)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# -- pyproject.toml, environment.yml, constraints.txt


def wanted(*extras: str) -> dict[str, SpecifierSet]:
    """Return the ranges of pyproject.toml by name, those of the extras too."""
    lists = [
        PROJECT["project"]["dependencies"],
        *(PROJECT["project"]["optional-dependencies"][each] for each in extras),
    ]
    return {canonicalize_name(each.name): each.specifier for each in map(Requirement, chain(*lists))}


def of_conda(text: str) -> dict[str, SpecifierSet]:
    """Return the ranges of an environment.yml by name, those of its pip part too."""
    found: dict[str, SpecifierSet] = {}
    for line in yaml.safe_load(text)["dependencies"]:
        for each in line["pip"] if isinstance(line, dict) else [line]:
            if not each.startswith("-e "):
                requirement = Requirement(each)
                found[canonicalize_name(requirement.name)] = requirement.specifier
    return found


def test_environment_yml_has_the_ranges_of_pyproject() -> None:
    conda, python = of_conda(text_of("environment.yml")), wanted("lab", "test")
    assert conda.pop("python") == SpecifierSet(PROJECT["project"]["requires-python"])
    assert conda.pop("pip") == SpecifierSet()
    # conda knows no extras: qrcode[pil] is two packages there, with the range that qrcode's metadata has.
    pil = next(each for each in map(Requirement, importlib.metadata.requires("qrcode") or []) if each.name == "pillow")
    assert conda.pop("pillow") == pil.specifier
    assert conda == python
    assert (
        of_conda(text_of("environment.yml").replace("httpx >=0.27,<1", "httpx >=0.28,<1"))["httpx"] != python["httpx"]
    )


def test_environment_yml_installs_the_project_itself() -> None:
    lines = yaml.safe_load(text_of("environment.yml"))["dependencies"]
    assert [each for line in lines if isinstance(line, dict) for each in line["pip"]][-1] == "-e ."


def test_what_is_installed_is_within_its_range() -> None:
    installed = {name: importlib.metadata.version(name) for name in wanted("lab", "test")}
    assert [name for name, range_ in wanted("lab", "test").items() if not range_.contains(installed[name])] == []


def test_constraints_are_pins_alone_and_what_is_installed() -> None:
    lines = text_of("constraints.txt").splitlines()
    assert len(lines) > 50
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+!]*", line), line
    pins = dict(line.split("==") for line in lines)
    installed = {canonicalize_name(each.metadata["Name"]): each.version for each in importlib.metadata.distributions()}
    assert {name: installed.get(canonicalize_name(name), pin) for name, pin in pins.items()} == pins
    assert set(wanted("lab", "test")) <= {canonicalize_name(name) for name in pins}


def test_the_version_has_one_source() -> None:
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert "version" not in PROJECT["project"]
    assert importlib.metadata.version("auth0-mfa-lab") == __version__
    assert f"## [{__version__}]" in text_of("CHANGELOG.md")
    literal = re.compile(rf"""version["']?\s*[:=]\s*["']{re.escape(__version__)}""", re.IGNORECASE)
    sources = [name for name in tracked() if name.endswith((".py", ".toml", ".yml")) or name == "Makefile"]
    assert [name for name in sources if re.search("^__version__ = ", text_of(name), re.MULTILINE)] == [
        PROJECT["tool"]["hatch"]["version"]["path"]
    ]
    assert [name for name in sources if literal.search(text_of(name).replace("__version__", ""))] == []


# -- make and CI


def recipes(makefile: str) -> list[str]:
    """Return what a Makefile runs and what its variables hold, without comments."""
    return [line for line in makefile.splitlines() if line.startswith("\t") or re.match(r"\w+ \??=", line)]


def absolute_paths(makefile: str) -> list[str]:
    found = re.findall(
        r"(?:^|[@\s'\"=:(])(/\w[\w./-]*)|(\$[({](?:CURDIR|PWD|HOME|abspath)\b)", "\n".join(recipes(makefile))
    )
    # An example in a message.
    return [each for pair in found for each in pair if each and each not in {"/dev/null", "/path/to/chromium"}]


def test_the_recipes_of_make_use_relative_paths_only() -> None:
    assert len(recipes(text_of("Makefile"))) > 20
    assert absolute_paths(text_of("Makefile")) == []
    assert absolute_paths("lab:\n\t@/usr/bin/python3 x\n\t$(CURDIR)/y\n") == ["/usr/bin/python3", "$(CURDIR"]


def test_ci_runs_what_everybody_runs() -> None:
    lines = [line for line in text_of(".ci/run").splitlines() if line.strip()]
    assert lines[-1] == "make test"
    assert "set -eu" in lines


def test_an_old_python_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "a clone"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    old = folder / "old python"
    old.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -c "import sys; sys.version_info = (3, 10, 12); exec(sys.argv[1])" "$2"\n'
    )
    old.chmod(0o755)
    for target in ("test", "lab"):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        made = subprocess.run(
            ["make", target, "PYTHON=./old\\ python"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        said = [line for line in (made.stdout + made.stderr).splitlines() if not line.startswith("make")]
        assert said == [f"needs Python 3.11 or newer, this is 3.10: make {target} PYTHON=python3.12"]
        assert made.returncode != 0
        assert not (folder / ".venv").exists()


# -- every tracked file


def tracked() -> list[str]:
    """Return the names of all files that a clone has; of all files of an unpacked sdist, where git is not."""
    if not (ROOT / ".git").exists():
        return [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if path.is_file()]
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


TRACKED = tracked()
PAGES = {"keepachangelog.com", "semver.org", "www.apache.org", "www.w3.org"}
TOP_LEVEL = "com|org|net|io|dev|eu|de|uk|us|app|cloud"
# Each is written so that it does not find itself.
REGISTRIES = r"py[p]i\.|pyth[o]nhosted|anac[o]nda\.(?:com|org)|np[m]js|artif[a]ctory|inde[x]-url"
MACHINE = r"(?<![\w.])/(?:ho[m]e|ro[o]t|wo[r]k|Us[e]rs|t[m]p|mn[t]|op[t]|va[r])/\w|\b[A-Z]:[\\]+[UW]\w"
PHONE = r"(?<![\w+])\+[1-9](?:[ -]?\d){7,14}\b"
NOBODYS = r"\+15550\d{3}|\+15550123456"
# The reference's example of how Auth0 masks a number.
DOCUMENTED = "+4420718" + "3875044"


def is_nobodys(host: str) -> bool:
    """Say whether a host is an example, this machine, Auth0 itself, or a page that the project refers to."""
    host = host.lower().rstrip(".")
    ends = (".example", "example.com", ".example.com", "auth0.com", ".auth0.com", ".invalid", ".test")
    return is_here(host) or host in PAGES or host.endswith(ends) or "." not in host


def real_things(text: str) -> Iterator[str]:
    """Yield what a public file must not hold: hosts, addresses and numbers of somebody, paths of one machine."""
    for host in re.findall(r"https?://([\w.-]+)", text):
        if not is_nobodys(host):
            yield f"host {host}"
    for host in re.findall(rf"(?<![\w./@-])((?:[a-z0-9-]+\.)+auth0\.(?:{TOP_LEVEL}))\b", text):
        if not is_nobodys(host):
            yield f"tenant {host}"
    for address in re.findall(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)", text):
        if not is_nobodys(address):
            yield f"address at {address}"
    for number in re.findall(PHONE, text):
        if number != DOCUMENTED and not re.fullmatch(NOBODYS, re.sub(r"[ -]", "", number)):
            yield f"number {number}"
    yield from (f"registry {hit}" for hit in re.findall(REGISTRIES, text, re.IGNORECASE))
    yield from (f"path {hit}" for hit in re.findall(MACHINE, text))


def test_no_tracked_file_holds_anything_real() -> None:
    texts = {name: (ROOT / name).read_bytes().decode("utf-8", "replace") for name in TRACKED}
    assert {name: found for name, text in texts.items() if (found := list(real_things(text)))} == {}


@pytest.mark.parametrize(
    "text",
    [
        "https://acme." + "io/x",
        "login.acme.auth0." + "dev",
        "jane@" + "gmail.com",
        "+49 30 " + "901820",
        "+1415" + "5550123",
        "files.pytho" + "nhosted.org",
        "pip install --inde" + "x-url x",
        "/ho" + "me/jane/lab",
        "C:" + "\\Users\\jane",
    ],
)
def test_something_real_is_found(text: str) -> None:
    assert list(real_things(f"before {text} after"))


def test_what_is_nobodys_is_not_taken_for_real() -> None:
    text = "https://sandbox.example/x tenant.eu.auth0.com jane@example.com http://127.0.0.1:1/ /users/1"
    assert list(real_things(text + " +15550100 +1 555 0100")) == []


def test_what_a_clone_needs_is_tracked_and_no_settings_of_ones_own() -> None:
    assert set(TRACKED) >= {*NEEDED}
    assert [name for name in TRACKED if Path(name).name.startswith(".env") and name != ".env.example"] == []


def test_each_file_that_is_to_begin_first_is_there() -> None:
    named = set(re.findall(r'"(test_\w+\.py)"', text_of("tests/conftest.py")))
    assert named
    assert named <= {path.name for path in (ROOT / "tests").rglob("test_*.py")}


# -- tests/conftest.py


def test_a_test_that_leaves_this_machine_is_refused(refused_addresses: list[str]) -> None:
    for leave in (
        lambda: socket.create_connection(("192.0.2.1", 80), timeout=1),
        lambda: socket.getaddrinfo("tenant.example", 443),
        lambda: socket.gethostbyname("tenant.example"),
    ):
        with pytest.raises(Exception, match="refused by the tests"):
            leave()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        pytest.raises(Exception, match="refused by the tests"),
    ):
        datagrams.sendto(b"", ("192.0.2.2", 53))
    with ThreadPoolExecutor() as threads:
        assert isinstance(threads.submit(socket.getaddrinfo, "own.example", 443).exception(), Exception)
    said = " ".join(refused_addresses)
    assert all(host in said for host in ("192.0.2.1", "192.0.2.2", "tenant.example", "own.example"))
    refused_addresses.clear()


def test_a_test_sees_no_tenant_but_the_sandbox() -> None:
    assert {name: value for name, value in os.environ.items() if name.startswith("AUTH0_")} == {
        "AUTH0_LAB_TENANT": "sandbox"
    }
