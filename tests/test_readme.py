"""The claims of README and docs, run: code, tables, settings, links, pictures."""

import inspect
import json
import re
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from PIL import Image

from auth0_mfa_lab import Client, Settings, State
from auth0_mfa_lab.cli import HOMES, main
from auth0_mfa_lab.exports.export import KINDS
from auth0_mfa_lab.live.drift.drift import NAME, read_allowed
from auth0_mfa_lab.show.panels.phone import PhonePanel
from auth0_mfa_lab.show.panels.poll import PollPanel
from auth0_mfa_lab.show.panels.qr import QrPanel
from tests.browser.screenshots import PICTURES, TAKEN
from tests.readme_tables import PAGES, ROOT, SCREENS, TABLES, meaning, written

PAGE = {page.relative_to(ROOT).as_posix(): page.read_text("utf-8") for page in (*PAGES, ROOT / "tests/README.md")}
ALL = "".join(PAGE.values())


def code(language: str, name: str) -> list[str]:
    """Return the blocks of code in this language on a page."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE[name], re.MULTILINE | re.DOTALL)


BLOCKS = [(name, block) for name in PAGE for block in code("python", name)]


@pytest.mark.parametrize(("name", "block"), BLOCKS, ids=[name for name, _ in BLOCKS])
def test_each_python_block_runs(name: str, block: str) -> None:
    exec(compile(block, f"a block of {name}", "exec"), {})


def test_readme_is_short_and_each_page_of_docs_is_in_it_and_says_whom_it_serves() -> None:
    assert len(PAGE["README.md"].splitlines()) <= 220
    for name in (name for name in PAGE if name != "README.md"):
        assert f"[{name}]({name})" in PAGE["README.md"]
        assert re.match(r"# .+\n\n(For |`make test` )", PAGE[name]), name


def test_each_make_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", ALL, re.MULTILINE))
    assert {"lab", "test", "notebooks", "check", "readme"} <= named
    assert named <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def test_the_ports_of_make_lab_and_of_the_compose_file_are_those_that_the_commands_take() -> None:
    written = {"open": ("Makefile", r"PORT \?= "), "serve": ("examples/not_python/compose.yml", "TENANT: auth0:")}
    for name, (file, before) in written.items():
        command = main.get_command(click.Context(main), name)
        assert command
        [port] = [each.default for each in command.params if each.name == "port"]
        assert re.search(rf"^ *{before}{port}$", (ROOT / file).read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", PAGE)
def test_each_link_within_the_project_leads_to_a_file_and_to_a_title_in_it(name: str) -> None:
    for target in re.findall(r"\]\(([^):]+)\)", PAGE[name]):
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.+)", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles], target


def test_the_map_has_each_notebook_with_its_question() -> None:
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        title = json.loads(notebook.read_text(encoding="utf-8"))["cells"][0]["source"][0].strip().removeprefix("# ")
        assert f"[{notebook.stem}](notebooks/{notebook.name}) | {title} |" in PAGE["README.md"]


NAMED = {
    # What the pages name with this pattern, and all that there is
    r"^\| `client\.(\w+)\(": [name for name in vars(Client) if not name.startswith("_")],
    r'^\| `lab\.export\("(\w+)"\)`': KINDS[1:],  # lab.curl(exchange) is the first
    r"^\| `([a-z]+)` \| [^|]+ \| [a-z][^|]+ \|$": [state.value for state in State],
    r"auth0-mfa-lab ([a-z]+)": HOMES,
    r"^\| `auth0-mfa-lab ([a-z]+)": ["code", "push", "phone", "reset", "clock", "conduct", "fail", "journal", "page"],
}


@pytest.mark.parametrize(("pattern", "there"), NAMED.items())
def test_the_pages_name_all_that_there_is(pattern: str, there: Iterable[str]) -> None:
    assert set(re.findall(pattern, ALL, re.MULTILINE)) == set(there)


def test_each_command_that_is_named_exists_with_its_options() -> None:
    for line in set(re.findall(r"(?:`|^)auth0-mfa-lab ((?:[a-z-]+ ?)+)", ALL, re.MULTILINE)):
        words = [word for word in line.split() if word[0] != "-"]
        told = next(
            said for end in (2, 1) if not (said := CliRunner().invoke(main, [*words[:end], "--help"])).exit_code
        )
        assert all(option in told.output for option in re.findall(r"--[a-z-]+", line)), line


@pytest.mark.parametrize("panel", [PollPanel, PhonePanel, QrPanel])
def test_the_table_of_buttons_has_each_method_of_a_panel(panel: type) -> None:
    opens = re.sub(r"(?<!^)(?=[A-Z])", "_", panel.__name__).lower()
    (buttons,) = re.findall(rf"^\| `lab\.{opens}\(.* \| (.*)", ALL, re.MULTILINE)
    named = set(re.findall(r"`(\w+)\(", buttons))
    acts = {name for name, act in vars(panel).items() if inspect.isfunction(act) and name[0] != "_"}
    assert named <= acts <= named | {"done", "end", "refresh", "static_html"}


def test_the_list_of_accepted_differences_is_read_as_it_is_written(tmp_path: Path) -> None:
    (block,) = code("toml", "docs/tenant.md")
    (tmp_path / NAME).write_text(block, encoding="utf-8")
    (allowed,) = read_allowed(tmp_path / "push.har", None)
    assert allowed == {"call": "POST /mfa/associate", "field": "recovery_codes", "kind": "removed"}


def test_the_example_of_a_dotenv_file_has_each_setting_with_its_default() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    defaults = dict(re.findall(r"^(AUTH0_\w+)=(.*)$", example, re.MULTILINE))
    # Only our own tests set AUTH0_RAISE_FAILURES: it turns the error card of a panel into an exception.
    named = {each.name.upper().removeprefix("LAB_") for each in fields(Settings)} - {"NOTICE", "RAISE_FAILURES"}
    assert {re.sub("^AUTH0_(LAB_)?", "", name) for name in defaults} == named
    assert Settings.from_env(ROOT / "tests", environ=defaults) == Settings()
    assert defaults["AUTH0_REALM"] == Settings().realm


# -- the pictures


def test_each_picture_is_there_and_small_and_has_words_and_is_taken_by_the_script() -> None:
    shown = set()
    for name, text in PAGE.items():
        words = dict(re.findall(r'<img src="([^"]+)"(?: alt="([^"]*)")?', text))
        assert [path for path, alt in words.items() if len(alt) < 20] == []
        shown |= {(ROOT / name).parent / path for path in (*words, *re.findall(r'srcset="([^"]+)"', text))}
    assert "![" not in ALL
    for path in shown:
        assert path.stat().st_size <= 120_000
        with Image.open(path) as picture:
            assert picture.width <= 1100
    taken = {f"{name}{ending}.png" for name in TAKEN for ending in ("", "_dark")}
    assert {path.name for path in PICTURES.iterdir()} == taken
    assert taken >= {path.name for path in shown} != set()


# -- the tables that a script writes


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_each_table_is_what_the_sandbox_does_today(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert written(text) == text, "stale: run make readme"


def test_each_table_stands_once_and_a_stale_one_is_written_anew_and_nothing_else_is_touched() -> None:
    assert sorted(re.findall(r"^<!-- table: (\w+) -->\n\|", ALL, re.MULTILINE)) == sorted(TABLES)
    assert ALL.count("|\n<!-- end -->\n") == len(TABLES)
    assert len(SCREENS) == len({meaning(answer) for answer in SCREENS})
    page = PAGE["docs/sandbox.md"]
    stale = page.replace("| push | `oob`, channel `auth0` | push-notification | yes |", "| push | ... | no |")
    assert written(stale) == page != stale
