"""Each notebook is built alike: a question, a story, short steps with prose before them, what goes wrong, exercises."""

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
from auth0_mfa_lab.exports.mermaid import LOOK
from tests.execute_notebooks import NOTEBOOKS, notebooks

Notebook = Mapping[str, Any]

MOST_LINES = 12
MOST_LINES_IN_THE_MEDIAN = 4
HEADINGS = ("The story", "When it goes wrong", "What just happened", "New words", "Exercises", "Next")
MAP = "00_start_here"
LESSONS = [path for path in notebooks() if path.parent == NOTEBOOKS]


def read(path: Path) -> Notebook:
    notebook: Notebook = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def source(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])


def code(notebook: Notebook) -> list[str]:
    return [source(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def prose(notebook: Notebook) -> str:
    return "\n\n".join(source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")


def exercises(notebook: Notebook) -> int:
    """Return how many exercises a notebook ends with."""
    part = re.search(r"^## Exercises\n(.*?)(?=<details>|^## |\Z)", prose(notebook), re.MULTILINE | re.DOTALL)
    return len(re.findall(r"^\d+\. ", part[1], re.MULTILINE)) if part else 0


def faults(notebook: Notebook, *, is_map: bool = False) -> list[str]:
    """Return what is wrong with a notebook, as sentences."""
    found = [*_code_faults(code(notebook)), *_order_faults(notebook)]
    return found if is_map else [*found, *_skeleton_faults(prose(notebook))]


def solution_faults(notebook: Notebook, lesson: Notebook) -> Iterator[str]:
    """Yield what is wrong with a notebook of solutions to the exercises of `lesson`, as sentences."""
    yield from (*_code_faults(code(notebook)), *_order_faults(notebook))
    title, question = (prose(each).splitlines()[0].removeprefix("# ") for each in (notebook, lesson))
    if title != f"Solutions: {question}":
        yield f"its title is not the lesson's: {title}"
    _, *parts = re.split("^## ", "\n\n".join(map(source, notebook["cells"])), flags=re.MULTILINE)
    headings = [part.splitlines()[0] for part in parts]
    if headings != [f"Exercise {number}" for number in range(1, exercises(lesson) + 1)]:
        yield f"it is to have {exercises(lesson)} exercises: {', '.join(headings)}"
    claims = re.compile(r"^(?:assert |lab\.claim\()", re.MULTILINE)
    yield from (f"{part.splitlines()[0]} claims nothing" for part in parts if not claims.search(part))


def _code_faults(cells: Sequence[str]) -> Iterator[str]:
    lengths, text = [len(cell.splitlines()) for cell in cells], "\n".join(cells)
    if max(lengths) > MOST_LINES:
        yield f"a cell of {max(lengths)} lines"
    if statistics.median(lengths) > MOST_LINES_IN_THE_MEDIAN:
        yield f"a median of {statistics.median(lengths)} lines"
    if not re.match(r"from auth0_mfa_lab import (\w+, )*Lab\b", cells[0]) or cells[0].splitlines()[-1] != "lab":
        yield "the first cell does not import Lab and end in lab"
    yield from (f"a magic: {each}" for each in re.findall(r"^\s*[%!?].*|(?<==)\s*[%!].*", text, re.MULTILINE))
    yield from (f"{each}: the last expression is the output" for each in re.findall(r"\b(?:print|display)\(", text))
    for name in re.findall(r"^\s*(?:import|from) +(\w+)", text, re.MULTILINE):
        if name not in {"auth0_mfa_lab", *sys.stdlib_module_names}:
            yield f"it imports {name}"


def _order_faults(notebook: Notebook) -> Iterator[str]:
    cells = notebook["cells"]
    title = source(cells[0]).splitlines()[0]
    if not re.fullmatch(r"# .+\?", title):
        yield f"its title is no question: {title}"
    for before, cell in zip([{}, *cells], cells, strict=False):
        if cell["cell_type"] == "code" and before.get("cell_type") != "markdown":
            yield f"no prose before {source(cell)!r}"


def _skeleton_faults(text: str) -> Iterator[str]:
    if not re.search(r"^By the end you can\n\n(- .+\n){3}(?!- )", text, re.MULTILINE):
        yield "no three outcomes after: By the end you can"
    _, *found = re.split("^## ", text, flags=re.MULTILINE)
    headings = [part.splitlines()[0] for part in found]
    parts, steps = dict(zip(headings, found, strict=True)), [each for each in headings if each[0].isdigit()]
    numbered = [f"{number}. {step.partition('. ')[2]}" for number, step in enumerate(steps, 1)]
    if not steps or headings != [HEADINGS[0], *numbered, *HEADINGS[1:]]:
        yield f"its headings are not {HEADINGS[0]}, the steps from 1, {', '.join(HEADINGS[1:])}: {', '.join(headings)}"
    if f"```mermaid\n{LOOK}\n" not in parts.get("The story", ""):
        yield "the story has no sketch in the lab's colours"
    if "Solutions" not in parts.get("Exercises", ""):
        yield "the exercises have no solutions"


def links(text: str) -> list[str]:
    """Return what a text links to within the project: neither an address nor a place on the same page."""
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"\w+:|#", target)]


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: str(path.relative_to(NOTEBOOKS)))
def test_a_notebook_is_built_as_all_are_and_its_links_lead_somewhere(path: Path) -> None:
    notebook, lesson = read(path), NOTEBOOKS / path.name
    found = links(prose(notebook))
    assert [target for target in found if not (path.parent / target.partition("#")[0]).is_file()] == []
    if path == lesson:
        assert faults(notebook, is_map=path.stem == MAP) == []
        assert found, "a notebook links to the next one at least"
    else:
        assert list(solution_faults(notebook, read(lesson))) == []
        assert f"../{path.name}" in found


def test_the_map_links_every_notebook_and_each_with_exercises_has_its_solutions() -> None:
    found = links(prose(read(NOTEBOOKS / f"{MAP}.ipynb")))
    assert {path.name for path in LESSONS} - {f"{MAP}.ipynb"} <= set(found)
    with_exercises = {path.name for path in LESSONS if exercises(read(path))}
    assert {path.name for path in (NOTEBOOKS / "solutions").glob("*.ipynb")} == with_exercises != set()


def test_each_method_of_the_client_is_shown_in_a_notebook() -> None:
    text = "\n".join(cell for path in LESSONS for cell in code(read(path)))
    shown = set(re.findall(r"(?:client|management_application)\.(\w+)\(", text))
    assert shown == {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")}


# -- each rule can be broken

LESSON = """# Does it work?

By the end you can

- do one thing,
- do another,
- do a third.

## The story

```mermaid
LOOK
```

>>> from auth0_mfa_lab import Lab
>>> from datetime import UTC
>>> lab = Lab.from_env()
>>> lab

## 1. A step

>>> import json
>>> 7 % 2

## 2. Another

## When it goes wrong

## What just happened

## New words

## Exercises

1. Try it.
2. Try another.

<details><summary>Solutions</summary>

1. Yes.
2. No.
3. These are not counted.

</details>

## Next
""".replace("LOOK", LOOK)
SOLVED = """# Solutions: Does it work?

## Exercise 1

>>> from auth0_mfa_lab import Lab
>>> lab = Lab.from_env()
>>> lab

Prose.

>>> assert True

## Exercise 2

>>> lab.claim("it works", True)
"""
# fmt: off
FAULTS = (
    # What of a notebook becomes what, and the fault that is found
    ("7 % 2",                "1\n" + ">>> 2\n" * 11,         "a cell of 13 lines"),
    ("7 % 2",                "1\n" + ">>> 2\n" * 4,          "a median of 5.0 lines"),
    ("7 % 2",                "print(lab)",                   "print("),
    ("7 % 2",                "if lab:\n>>>     display(lab)", "display("),
    ("7 % 2",                "%matplotlib inline",           "a magic"),
    ("7 % 2",                "files = !ls",                  "a magic"),
    ("import json",          "import httpx",                 "it imports httpx"),
    ("import json",          "from requests import get",     "it imports requests"),
    ("from auth0_mfa_lab",   "from auth0",                   "the first cell"),
    (">>> import",           ">>> 1\n\n>>> import",          "no prose before 'import json"),
    ("# Does it work?",      "# It works.",                  "its title is no question"),
    ("- do a third.\n",      "",                             "no three outcomes"),
    ("- do a third.\n",      "- do it\n- do a fourth.\n",    "no three outcomes"),
    ("## New words\n",       "",                             "its headings"),
    ("## 2.",                "## 3.",                        "its headings"),
    ("## When",              "## 3. Late\n\n## What\n\n## When", "its headings"),
    ("mermaid",              "text",                         "the story has no sketch"),
    ("%%{init",              "%%{x",                         "the story has no sketch"),
    ("Solutions</",          "Later</",                      "the exercises have no solutions"),
    ("Solutions: Does",      "Solutions: Did",               "its title is not the lesson's"),
    ("## Exercise 2",        "## Exercise 3",                "it is to have 2 exercises"),
    ("assert True",          "lab",                          "Exercise 1 claims nothing"),
    ("lab.claim",            "claim",                        "Exercise 2 claims nothing"),
)
# fmt: on


def a_notebook(text: str) -> Notebook:
    """Return the notebook of a text whose cells of code have `>>>` before each line."""
    parts = [part for part in re.split(r"((?:^>>> .*\n)+)", text, flags=re.MULTILINE) if part.strip()]
    kinds = ["code" if part.startswith(">>> ") else "markdown" for part in parts]
    return {
        "cells": [
            {"source": part.replace(">>> ", ""), "cell_type": each} for part, each in zip(parts, kinds, strict=True)
        ]
    }


def faults_with(old: str, new: str) -> list[str]:
    lesson, solved = (a_notebook(text.replace(old, new, 1)) for text in (LESSON, SOLVED))
    return [*faults(lesson), *solution_faults(solved, a_notebook(LESSON))]


@pytest.mark.parametrize(("old", "new", "fault"), FAULTS)
def test_each_fault_is_found_and_no_other(old: str, new: str, fault: str) -> None:
    assert faults_with("", "") == []
    assert [each for each in faults_with(old, new) if each.startswith(fault)]
