"""The README's claims, run: its code, its tables, its settings, its pictures."""

import inspect
import json
import re
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

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
from tests.readme_tables import TABLES, between, written

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=[f"block {number}" for number, _ in enumerate(BLOCKS, 1)])
def test_each_python_block_runs(block: str) -> None:
    exec(compile(block, "README.md", "exec"), {})


def test_each_make_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`?make ([a-z]+)", README))
    assert {"lab", "test", "notebooks", "check", "readme"} <= named
    assert named <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


def test_each_link_within_the_project_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_map_has_each_notebook_with_its_question() -> None:
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        title = json.loads(notebook.read_text(encoding="utf-8"))["cells"][0]["source"][0].strip().removeprefix("# ")
        assert f"[{notebook.stem}](notebooks/{notebook.name}) | {title} |" in README


NAMED = {
    # What the README names with this pattern, and all that there is
    r"^\| `client\.(\w+)\(": [name for name in vars(Client) if not name.startswith("_")],
    r'^\| `lab\.export\("(\w+)"\)`': KINDS[1:],  # lab.curl(exchange) is the first
    r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$": [state.value for state in State],
    r"auth0-mfa-lab ([a-z]+)": HOMES,
    r"^\| `auth0-mfa-lab ([a-z]+)": ["code", "push", "phone", "reset", "clock"],
}


@pytest.mark.parametrize(("pattern", "there"), NAMED.items())
def test_the_readme_names_all_that_there_is(pattern: str, there: Iterable[str]) -> None:
    assert set(re.findall(pattern, README, re.MULTILINE)) == set(there)


def test_each_command_of_the_table_of_commands_exists() -> None:
    for row in re.findall(r"^\| `auth0-mfa-lab (.+?)` \| ", README, re.MULTILINE):
        words = [word for word in row.split() if word.islower()]
        assert CliRunner().invoke(main, [*words, "--help"]).exit_code == 0, row


@pytest.mark.parametrize("panel", [PollPanel, PhonePanel, QrPanel])
def test_the_table_of_buttons_has_each_method_of_a_panel(panel: type) -> None:
    opens = re.sub(r"(?<!^)(?=[A-Z])", "_", panel.__name__).lower()
    (buttons,) = re.findall(rf"^\| `lab\.{opens}\(.* \| (.*)", README, re.MULTILINE)
    named = set(re.findall(r"`(\w+)\(", buttons))
    acts = {name for name, act in vars(panel).items() if inspect.isfunction(act) and name[0] != "_"}
    assert named <= acts <= named | {"done", "end", "refresh", "static_html"}


def test_the_list_of_accepted_differences_is_read_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(README.split("```toml\n")[1].split("```")[0], encoding="utf-8")
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
    assert defaults["AUTH0_SCOPE"] == Settings().scope


# -- the pictures


def test_each_picture_is_there_and_small_and_has_words_and_is_taken_by_the_script() -> None:
    words = {path: alt for alt, path in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", README)}
    words |= dict(re.findall(r'<img src="([^"]+)"(?: alt="([^"]*)")?', README))
    shown = {*words, *re.findall(r'srcset="([^"]+)"', README)}
    assert [path for path, alt in words.items() if len(alt) < 20] == []
    for path in shown:
        assert (ROOT / path).stat().st_size <= 120_000
        with Image.open(ROOT / path) as picture:
            assert picture.width <= 1100
    taken = {f"{name}{ending}.png" for name in TAKEN for ending in ("", "_dark")}
    assert {path.name for path in PICTURES.iterdir()} == taken
    assert taken >= {Path(path).name for path in shown} != set()


# -- the tables that a script writes


@pytest.mark.parametrize("name", TABLES)
def test_a_written_table_is_what_the_sandbox_does_today(name: str) -> None:
    assert between(name, README) == TABLES[name](), "stale: run make readme"


def test_a_stale_table_is_written_anew_and_nothing_else_is_touched() -> None:
    stale = README.replace("| push | `oob`, channel `auth0` | push-notification | yes |", "| push | ... | no |")
    assert written(stale) == README != stale
    with pytest.raises(ValueError, match="no markers <!-- table: factors -->"):
        written(README.replace("<!-- table: factors -->", ""))
