"""The README's claims, run: its code, its tables, its settings."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from auth0_mfa_lab import Client, Settings, State

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=[f"block {number}" for number, _ in enumerate(BLOCKS, 1)])
def test_each_python_block_runs(block: str) -> None:
    exec(compile(block, "README.md", "exec"), {})


def test_there_is_a_python_block() -> None:
    assert BLOCKS


def test_each_make_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`?make ([a-z]+)", README))
    assert {"lab", "test", "notebooks", "check"} <= named
    assert named <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


def test_each_link_within_the_project_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_map_has_each_notebook_with_its_question() -> None:
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        title = json.loads(notebook.read_text(encoding="utf-8"))["cells"][0]["source"][0].strip().removeprefix("# ")
        assert f"[{notebook.stem}](notebooks/{notebook.name}) | {title} |" in README


def test_the_table_of_calls_has_each_method_of_the_client() -> None:
    methods = {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")}
    assert set(re.findall(r"^\| `client\.(\w+)\(", README, re.MULTILINE)) == methods


def test_the_table_of_states_has_each_state_of_a_poll() -> None:
    assert re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", README, re.MULTILINE) == [state.value for state in State]


def test_the_example_of_a_dotenv_file_has_each_setting_with_its_default() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    defaults = dict(re.findall(r"^(AUTH0_\w+)=(.*)$", example, re.MULTILINE))
    named = {f"AUTH0_{each.name.upper()}" for each in fields(Settings) if each.name not in {"tenant", "notice"}}
    # Only our own tests set it: it turns the error card of a panel into an exception.
    named -= {"AUTH0_RAISE_FAILURES", "AUTH0_SHOW_PEOPLE"}
    assert set(defaults) == named | {"AUTH0_LAB_TENANT", "AUTH0_LAB_SHOW_PEOPLE"}
    assert Settings.from_env(ROOT / "tests", environ=defaults) == Settings()
    assert defaults["AUTH0_REALM"] == Settings().realm
    assert defaults["AUTH0_SCOPE"] == Settings().scope
