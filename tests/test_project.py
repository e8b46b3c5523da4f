"""The project as a clone has it: set-up files in step with each other, and nothing real or local in any of them."""

import importlib.metadata
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
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


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# -- pyproject.toml, environment.yml, constraints.txt


def ranges(lines: Iterable[str]) -> dict[str, SpecifierSet]:
    """Return ranges by the packages' names."""
    return {canonicalize_name(each.name): each.specifier for each in map(Requirement, lines)}


EXTRAS = PROJECT["project"]["optional-dependencies"]
WANTED = ranges([*PROJECT["project"]["dependencies"], *EXTRAS["lab"], *EXTRAS["test"]])


def test_environment_yml_has_the_ranges_of_pyproject_and_installs_the_project() -> None:
    lines = yaml.safe_load(text_of("environment.yml"))["dependencies"]
    (by_pip,) = (line["pip"] for line in lines if isinstance(line, dict))
    assert by_pip.pop() == "-e ."
    conda = ranges([*by_pip, *(line for line in lines if isinstance(line, str))])
    assert conda.pop("python") == SpecifierSet(PROJECT["project"]["requires-python"])
    assert conda.pop("pip") == SpecifierSet()
    # conda knows no extras: qrcode[pil] is two packages there, with the range that qrcode's metadata has.
    assert conda.pop("pillow") == ranges(importlib.metadata.requires("qrcode") or [])["pillow"]
    assert conda == WANTED


def test_constraints_are_pins_alone_and_what_is_installed_which_is_within_its_range() -> None:
    lines = text_of("constraints.txt").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+!]*", line)] == []
    pins = {canonicalize_name(name): pin for name, pin in (line.split("==") for line in lines)}
    installed: dict[str, str] = {
        canonicalize_name(each.metadata["Name"]): each.version for each in importlib.metadata.distributions()
    }
    assert {name: installed.get(name, pin) for name, pin in pins.items()} == pins
    assert set(WANTED) <= set(pins)
    assert [name for name, range_ in WANTED.items() if not range_.contains(installed[name])] == []


def test_the_version_has_one_source() -> None:
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert importlib.metadata.version("auth0-mfa-lab") == __version__
    assert f"## [{__version__}]" in text_of("CHANGELOG.md")
    written = [name for name in TRACKED if name.endswith(".py") and re.search("^__version__ = ", text_of(name), re.M)]
    assert written == [PROJECT["tool"]["hatch"]["version"]["path"]]


def test_what_a_package_index_would_show_leads_to_nothing_that_is_not_there() -> None:
    project = PROJECT["project"]
    assert re.findall(r"\]\(|<\w|https?:", project["readme"]["text"]) == []
    assert "urls" not in project


# -- make and CI


def absolute_paths(makefile: str) -> list[str]:
    """Return the absolute paths in what a Makefile runs and in its variables, but for an example in a message."""
    recipes = "\n".join(line for line in makefile.splitlines() if re.match(r"\t|\w+ \??=", line))
    found = re.findall(r"(?:^|(?<=[@\s'\"=:(]))/\w[\w./-]*|\$[({](?:CURDIR|PWD|HOME|abspath)\b", recipes)
    return [each for each in found if each not in {"/dev/null", "/path/to/chromium"}]


def test_make_uses_relative_paths_only_and_ci_runs_it() -> None:
    assert absolute_paths(text_of("Makefile")) == []
    assert absolute_paths("lab:\n\t@/usr/bin/python3 x\n\t$(CURDIR)/y\n") == ["/usr/bin/python3", "$(CURDIR"]
    lines = text_of(".ci/run").split("\n")
    assert ("set -eu" in lines, "".join(lines[-2:])) == (True, "make test")


@pytest.mark.parametrize("target", ["test", "lab"])
def test_an_old_python_is_one_line_that_says_what_to_do(tmp_path: Path, target: str) -> None:
    folder = tmp_path / "a clone"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    old = folder / "old python"
    program = "import sys; sys.version_info = (3, 10, 12); exec(sys.argv[1])"
    old.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{program}" "$2"\n')
    old.chmod(0o755)
    command = ["make", target, "PYTHON=./old\\ python"]
    made = subprocess.run(
        command, cwd=folder, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60
    )
    said = [line for line in (made.stdout + made.stderr).splitlines() if not line.startswith("make")]
    assert said == [f"needs Python 3.11 or newer, this is 3.10: make {target} PYTHON=python3.12"]
    assert (made.returncode != 0, (folder / ".venv").exists()) == (True, False)


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
BY_NAME = r"pip install (?:[^\n]*[\s'\"])?auth0-mfa-lab(?![\w./-])"  # no index has it
PHONE = r"(?<![\w+])\+[1-9](?:[ -]?\d){7,14}\b"
NOBODYS = r"\+15550\d{3}|\+15550123456"
# The reference's example of how Auth0 masks a number.
DOCUMENTED = "+4420718" + "3875044"


def is_nobodys(host: str) -> bool:
    """Say whether a host is an example, this machine, Auth0 itself, or a page that the project refers to."""
    host = host.lower().rstrip(".")
    ends = (".example", "example.com", ".example.com", "auth0.com", ".auth0.com", ".invalid", ".test")
    return is_here(host) or host in PAGES or host.endswith(ends) or "." not in host


def real_things(text: str) -> list[str]:
    """Return what a public file must not hold: somebody's hosts and numbers, a machine's paths, a name of no index."""
    hosts = re.findall(r"https?://([\w.-]+)", text) + re.findall(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)", text)
    hosts += re.findall(rf"(?<![\w./@-])((?:[a-z0-9-]+\.)+auth0\.(?:{TOP_LEVEL}))\b", text)
    numbers = [each for each in re.findall(PHONE, text) if each != DOCUMENTED]
    return [
        *(host for host in hosts if not is_nobodys(host)),
        *(number for number in numbers if not re.fullmatch(NOBODYS, re.sub(r"[ -]", "", number))),
        *re.findall(REGISTRIES, text, re.IGNORECASE),
        *re.findall(MACHINE, text),
        *re.findall(BY_NAME, text),
    ]


def test_no_tracked_file_holds_anything_real() -> None:
    texts = {name: (ROOT / name).read_bytes().decode("utf-8", "replace") for name in TRACKED}
    assert {name: found for name, text in texts.items() if (found := real_things(text))} == {}


REAL = (
    *("https://acme." + "io/x", "login.acme.auth0." + "dev", "jane@" + "gmail.com", "+49 30 " + "901820"),
    *("+1415" + "5550123", "files.pytho" + "nhosted.org", "pip install --inde" + "x-url x", "/ho" + "me/jane/lab"),
    *("C:" + "\\Users\\jane", "pip install -q 'auth0-mfa" + "-lab[lab]'"),
)


def test_something_real_is_found_and_what_is_nobodys_is_not() -> None:
    assert [text for text in REAL if len(real_things(f"before {text} after")) != 1] == []
    text = "https://sandbox.example/x tenant.eu.auth0.com jane@example.com http://127.0.0.1:1/ /users/1"
    assert real_things(text + " +15550100 +1 555 0100 pip install ./auth0-mfa-lab") == []


def test_no_settings_of_ones_own_are_tracked() -> None:
    assert [name for name in TRACKED if Path(name).name.startswith(".env") and name != ".env.example"] == []


# -- tests/conftest.py


def test_a_test_that_leaves_this_machine_is_refused_and_sees_no_tenant(refused_addresses: list[str]) -> None:
    with ThreadPoolExecutor() as threads, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        for leave, host in (
            ("socket.create_connection((host, 80), timeout=1)", "192.0.2.1"),
            ("datagrams.sendto(b'', (host, 53))", "192.0.2.2"),
            ("socket.getaddrinfo(host, 443)", "tenant.example"),
            ("socket.gethostbyname(host)", "named.example"),
            ("threads.submit(socket.getaddrinfo, host, 443).result()", "own.example"),
        ):
            with pytest.raises(Exception, match="refused by the tests"):
                eval(leave, {"socket": socket, "threads": threads, "datagrams": datagrams, "host": host})
            assert host in refused_addresses.pop()
    assert refused_addresses == []
    assert {name: value for name, value in os.environ.items() if name.startswith("AUTH0_")} == {
        "AUTH0_LAB_TENANT": "sandbox"
    }
