"""Each notebook is built alike: a question, a story, short steps with prose before them, what goes wrong, exercises."""

from __future__ import annotations

import ast
import inspect
import json
import re
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from auth0_mfa_lab import Client
from tests.execute_notebooks import NOTEBOOKS, notebooks

Notebook = Mapping[str, Any]

MOST_LINES = 12
MOST_LINES_IN_THE_MEDIAN = 4
HEADINGS = ("The story", "When it goes wrong", "What just happened", "New words", "Exercises", "Next")
MAP = "00_start_here"
SOLUTIONS = NOTEBOOKS / "solutions"


def read(path: Path) -> Notebook:
    notebook: Notebook = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def source(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])


def code(notebook: Notebook) -> list[str]:
    return [source(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def prose(notebook: Notebook) -> str:
    return "\n\n".join(source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")


def lessons() -> list[Path]:
    """Return the paths of the notebooks that are no solutions."""
    return [path for path in notebooks() if path.parent == NOTEBOOKS]


def solutions() -> list[Path]:
    """Return the paths of the notebooks that work the exercises out."""
    return [path for path in notebooks() if path.parent == SOLUTIONS]


def exercises(notebook: Notebook) -> int:
    """Return how many exercises a notebook ends with."""
    part = re.search(r"^## Exercises\n(.*?)(?=<details>|^## |\Z)", prose(notebook), re.MULTILINE | re.DOTALL)
    return len(re.findall(r"^\d+\. ", part[1], re.MULTILINE)) if part else 0


def faults(notebook: Notebook, *, is_map: bool = False) -> list[str]:
    """Return what is wrong with a notebook, as sentences."""
    found = [*_code_faults(code(notebook)), *_order_faults(notebook)]
    return found if is_map else [*found, *_skeleton_faults(prose(notebook))]


def solution_faults(notebook: Notebook, lesson: Notebook) -> list[str]:
    """Return what is wrong with a notebook of solutions to the exercises of `lesson`, as sentences."""
    return [*_code_faults(code(notebook)), *_order_faults(notebook), *_exercise_faults(notebook, lesson)]


def _exercise_faults(notebook: Notebook, lesson: Notebook) -> Iterator[str]:
    title, question = (prose(each).splitlines()[0].removeprefix("# ") for each in (notebook, lesson))
    if title != f"Solutions: {question}":
        yield f"its title is not the lesson's: {title}"
    headings = re.findall(r"^## (.+)$", prose(notebook), re.MULTILINE)
    if headings != [f"Exercise {number}" for number in range(1, exercises(lesson) + 1)]:
        yield f"it is to have {exercises(lesson)} exercises: {', '.join(headings)}"
    whole = "\n\n".join(source(cell) for cell in notebook["cells"])
    for heading, part in zip(headings, re.split(r"^## .+$", whole, flags=re.MULTILINE)[1:], strict=True):
        if not re.search(r"^(?:assert |lab\.claim\()", part, re.MULTILINE):
            yield f"{heading} claims nothing"


def _code_faults(cells: Sequence[str]) -> Iterator[str]:
    lengths = [len(cell.splitlines()) for cell in cells]
    if max(lengths) > MOST_LINES:
        yield f"a cell of {max(lengths)} lines"
    if statistics.median(lengths) > MOST_LINES_IN_THE_MEDIAN:
        yield f"a median of {statistics.median(lengths)} lines"
    if not re.match(r"from auth0_mfa_lab import (\w+, )*Lab\b", cells[0]) or cells[0].splitlines()[-1] != "lab":
        yield "the first cell does not import Lab and end in lab"
    for cell in cells:
        if magic := re.search(r"^\s*[%!?].*|(?<==)\s*[%!].*", cell, re.MULTILINE):
            yield f"a magic: {magic[0].strip()}"
        else:
            yield from _tree_faults(ast.parse(cell))


def _tree_faults(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "display"}:
            yield f"{ast.unparse(node.func)}(: the last expression is the output"
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "."]
        for name in names:
            if name.split(".")[0] not in {"auth0_mfa_lab", *sys.stdlib_module_names}:
                yield f"it imports {name}"


def _order_faults(notebook: Notebook) -> Iterator[str]:
    title = source(notebook["cells"][0]).splitlines()[0]
    if not re.fullmatch(r"# .+\?", title):
        yield f"its title is no question: {title}"
    before = ""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and (before != "markdown"):
            yield f"no prose before {source(cell)!r}"
        before = cell["cell_type"]


def _skeleton_faults(text: str) -> Iterator[str]:
    outcomes = re.search(r"^By the end you can\n\n((?:- .+\n?)+)", text, re.MULTILINE)
    if outcomes is None or len(outcomes[1].splitlines()) != 3:
        yield "no three outcomes after: By the end you can"
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    steps = [heading for heading in headings if heading[0].isdigit()]
    if [heading for heading in headings if heading not in steps] != list(HEADINGS):
        yield f"its headings are not {', '.join(HEADINGS)}"
    if not steps or [step.split(". ")[0] for step in steps] != [str(number) for number in range(1, len(steps) + 1)]:
        yield f"its steps are not numbered from 1: {steps}"
    if headings[1 : 1 + len(steps)] != steps:
        yield "its steps do not follow the story"
    parts = dict(zip(headings, re.split(r"^## .+$", text, flags=re.MULTILINE)[1:], strict=True))
    if "```mermaid\n" not in parts.get("The story", ""):
        yield "the story has no sketch"
    if "Solutions" not in parts.get("Exercises", ""):
        yield "the exercises have no solutions"


def links(text: str) -> list[str]:
    """Return what a text links to within the project: neither an address nor a place on the same page."""
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"\w+:|#", target)]


def shown_methods(cells: Sequence[str]) -> set[str]:
    """Return which of its methods the client is asked for, by name."""
    calls = (node.func for cell in cells for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Call))
    methods = [func for func in calls if isinstance(func, ast.Attribute)]
    return {func.attr for func in methods if ast.unparse(func.value).endswith(("client", "management_application"))}


@pytest.mark.parametrize("path", lessons(), ids=lambda path: path.stem)
def test_a_notebook_is_built_as_all_are(path: Path) -> None:
    assert faults(read(path), is_map=path.stem == MAP) == []


@pytest.mark.parametrize("path", solutions(), ids=lambda path: path.stem)
def test_each_exercise_of_a_notebook_is_worked_out(path: Path) -> None:
    notebook = read(path)
    assert solution_faults(notebook, read(NOTEBOOKS / path.name)) == []
    assert f"../{path.name}" in links(prose(notebook))


def test_each_notebook_with_exercises_has_its_solutions() -> None:
    with_exercises = {path.name for path in lessons() if exercises(read(path))}
    assert with_exercises, "no exercise was found: this test would see nothing"
    assert {path.name for path in solutions()} == with_exercises


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: str(path.relative_to(NOTEBOOKS)))
def test_each_link_of_a_notebook_leads_somewhere(path: Path) -> None:
    found = links(prose(read(path)))
    assert found, "a notebook links to the next one at least"
    for target in found:
        assert (path.parent / target.partition("#")[0]).is_file(), target


def test_the_map_links_every_notebook() -> None:
    found = links(prose(read(NOTEBOOKS / f"{MAP}.ipynb")))
    assert {path.name for path in lessons()} - {f"{MAP}.ipynb"} <= set(found)


def test_each_method_of_the_client_is_shown_in_a_notebook() -> None:
    methods = {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")}
    shown = shown_methods([cell for path in lessons() for cell in code(read(path))])
    assert shown, "no call was found: this test would see nothing"
    assert shown == methods


# -- each rule can be broken

FIRST = "from auth0_mfa_lab import Lab\n\nlab = Lab.from_env()\nlab"
TEXT = """# Does it work?

By the end you can

- do one thing,
- do another,
- do a third.

## The story

```mermaid
sequenceDiagram
```

## 1. A step

## 2. Another

## When it goes wrong

## What just happened

## New words

## Exercises

1. Try it.
2. Try another.

<details><summary>Solutions</summary></details>

## Next
"""


SOLVED = """# Solutions: Does it work?

## Exercise 1

assert True

## Exercise 2

lab.claim("it works", True)
"""


def a_notebook(text: str = TEXT, *cells: str, first: str = FIRST) -> Notebook:
    made = [{"cell_type": "markdown", "source": text}, {"cell_type": "code", "source": first}]
    for each in cells:
        made += [{"cell_type": "markdown", "source": "Prose."}, {"cell_type": "code", "source": each}]
    return {"cells": made}


@pytest.mark.parametrize(
    ("notebook", "fault"),
    [
        (a_notebook(TEXT, "\n".join("1" * 13), "1", "1"), "a cell of 13 lines"),
        (a_notebook(TEXT, "1\n2\n3\n4\n5", "1\n2\n3\n4\n5"), "a median of 5 lines"),
        (a_notebook(TEXT, "print(lab)"), "print("),
        (a_notebook(TEXT, "if lab:\n    display(lab)"), "display("),
        (a_notebook(TEXT, "%matplotlib inline"), "a magic"),
        (a_notebook(TEXT, "!ls"), "a magic"),
        (a_notebook(TEXT, "import httpx"), "it imports httpx"),
        (a_notebook(TEXT, "from requests import get"), "it imports requests"),
        (a_notebook(first="import json\nlab"), "the first cell"),
        (a_notebook(TEXT.replace("work?", "work.")), "its title"),
        (a_notebook(TEXT.replace("- do a third.\n", "")), "no three outcomes"),
        (a_notebook(TEXT.replace("## New words\n", "")), "its headings"),
        (a_notebook(TEXT.replace("## 2.", "## 3.")), "its steps are not numbered"),
        (a_notebook(TEXT.replace("## 2. Another\n", "") + "\n## 2. Late"), "its steps do not follow"),
        (a_notebook(TEXT.replace("mermaid", "text")), "the story has no sketch"),
        (a_notebook(TEXT.replace("Solutions", "Later")), "the exercises have no solutions"),
        ({"cells": [*a_notebook()["cells"], {"cell_type": "code", "source": "lab"}]}, "no prose before 'lab'"),
    ],
)
def test_each_fault_is_found_and_no_other(notebook: Notebook, fault: str) -> None:
    assert faults(a_notebook(TEXT, "import json\n7 % 2", "from datetime import UTC\nlab.journal")) == []
    assert any(each.startswith(fault) for each in faults(notebook))


@pytest.mark.parametrize(
    ("notebook", "fault"),
    [
        (a_notebook(SOLVED, "print(lab)"), "print("),
        (a_notebook(SOLVED.replace("Does it", "Did it")), "its title is not the lesson's"),
        (a_notebook(SOLVED + "\n## Exercise 3\n\nassert True"), "it is to have 2 exercises"),
        (a_notebook(SOLVED.replace("assert True", "lab")), "Exercise 1 claims nothing"),
        (a_notebook(SOLVED.replace("lab.claim", "claim")), "Exercise 2 claims nothing"),
    ],
)
def test_each_fault_of_solutions_is_found_and_no_other(notebook: Notebook, fault: str) -> None:
    assert solution_faults(a_notebook(SOLVED, "import json\n7 % 2", "lab.journal"), a_notebook()) == []
    assert any(each.startswith(fault) for each in solution_faults(notebook, a_notebook()))


def test_only_numbered_exercises_are_counted() -> None:
    text = TEXT.replace("Solutions</summary>", "Solutions</summary>\n\n1. Yes.\n2. No.\n3. What?\n")
    assert exercises(a_notebook(text)) == 2
    assert exercises(a_notebook(TEXT.replace("## Exercises", "## Tasks"))) == 0
