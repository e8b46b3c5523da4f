"""Changes one line of the package at a time and runs the tests that touch it: `make mutants COUNT=150`.

A change is a literal, a comparison, `and` or `or`, a `not`, a dropped statement or a swapped argument, drawn over all
rooms with a seed. Which tests touch a line is measured once.
"""

import ast
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from queue import SimpleQueue

import click
import coverage

from tests.execute_notebooks import name_of, notebooks

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "auth0_mfa_lab"
MEASURED = ROOT / ".mutants"
SECONDS = 1200
"""A bound on one run; a change that makes it hang is caught."""
FIRST, SAYING = 120, 4
"""How many tests are run at first, the most specific ones of each file; how many files for a table's row."""
WORD = re.compile(r"[\w./@-]{5,}")
PYTEST = ("pytest", "-q", "-p", "no:cacheprovider", "-p", "no:nbval")
UNTIL_ONE_FAILS = (*PYTEST, "-x")
BESIDES = (
    (*UNTIL_ONE_FAILS, "tests/test_readme.py", "tests/test_promise.py", "tests/test_architecture.py"),
    ("mypy", "--strict"),
    ("tests.execute_notebooks", "--check"),
)
"""What judges every line, and is asked when no test of that line notices."""
NO_SUCH_TEST = 4
OTHER_SIGN = {"==": "!=", "<": "<=", ">": ">=", "in": "not in", "is": "is not", "and": "or"}
OTHER_SIGN |= {other: sign for sign, other in OTHER_SIGN.items()}


@dataclass(frozen=True)
class Mutant:
    """One change: where, what stands there, and what stands there instead."""

    file: Path
    line: int
    begin: int
    end: int
    text: str
    value: str = ""
    """What a literal says."""

    def __str__(self) -> str:
        """Return the place, and the line before and after."""
        before = self.file.read_text("utf-8").splitlines()[self.line - 1].strip()
        after = self.changed(self.file.read_text("utf-8")).splitlines()[self.line - 1].strip()
        return f"{self.file.relative_to(ROOT)}:{self.line}\n  - {before}\n  + {after}"

    @property
    def room(self) -> str:
        """The folder of the file, or the file of the root."""
        return str(self.file.relative_to(PACKAGE).parent)

    def changed(self, source: str) -> str:
        """Return the source with the change in it; offsets count bytes, as ast does."""
        lines = source.splitlines(keepends=True)
        raw = lines[self.line - 1].encode()
        lines[self.line - 1] = (raw[: self.begin] + self.text.encode() + raw[self.end :]).decode()
        return "".join(lines)


def mutants_of(file: Path) -> Iterator[Mutant]:
    """Yield each change of a file."""
    source = file.read_text("utf-8")
    tree, lines = ast.parse(source), source.encode().splitlines()
    skipped = set(_unjudged(tree))
    for node in ast.walk(tree):
        if id(node) not in skipped and getattr(node, "lineno", 0) == getattr(node, "end_lineno", 1):
            for begin, end, text in _changes(node, lines):
                value = str(node.value) if isinstance(node, ast.Constant) else ""
                yield Mutant(file, node.lineno, begin, end, text, value)  # type: ignore[attr-defined]  # checked above


def _unjudged(tree: ast.AST) -> Iterator[int]:
    """Yield the nodes that no run can judge: docstrings, annotations, what only types or memory need, `__all__`."""
    for node in ast.walk(tree):
        out: list[ast.AST | None] = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            out += [node, node.value]
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            out += [node]
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in {"__all__", "__slots__"}:
            out += [node]
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"cast", "TypeVar", "NewType"}:
            out += [node]
        if isinstance(node, ast.keyword) and node.arg in {"slots", "kw_only", "frozen"}:
            out += [node.value]
        yield from (id(each) for top in out if top for each in ast.walk(top))


def _changes(node: ast.AST, lines: Sequence[bytes]) -> Iterator[tuple[int, int, str]]:
    """Yield where on its line a node is changed, and to what."""
    begin, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0)
    if isinstance(node, ast.Constant):
        text = _other(node.value, _written(lines, node))
        if text:
            yield begin, end, text
    elif isinstance(node, ast.BoolOp) or (isinstance(node, ast.Compare) and len(node.ops) == 1):
        left, right = node.values[:2] if isinstance(node, ast.BoolOp) else (node.left, node.comparators[0])
        gap = left.end_col_offset or 0, right.col_offset
        if other := OTHER_SIGN.get(lines[node.lineno - 1][gap[0] : gap[1]].decode().strip()):
            yield *gap, f" {other} "
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield begin, node.operand.col_offset, ""
    elif isinstance(node, ast.Expr | ast.Assign | ast.AugAssign | ast.Raise | ast.Delete) and begin:
        yield begin, end, "pass"
    elif isinstance(node, ast.Call) and len(node.args) == 2 and not any(isinstance(a, ast.Starred) for a in node.args):
        one, two = (_written(lines, each) for each in node.args)
        if one != two:
            yield node.args[0].col_offset, node.args[1].end_col_offset or 0, f"{two}, {one}"


def _written(lines: Sequence[bytes], node: ast.expr) -> str:
    return lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode()


def _other(value: object, written: str) -> str:
    """Return another literal in the place of one, or nothing where there is none to judge."""
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, int | float):
        return repr(value + 1)
    if isinstance(value, str) and value and written[:1] in "\"'":
        return repr(value[:-1] + ("y" if value[-1] == "x" else "x") if len(value) > 1 else value + "x")
    return ""


def _is_a_program(mutant: Mutant) -> bool:
    try:
        compile(mutant.changed(mutant.file.read_text("utf-8")), "", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def drawn(count: int, seed: str, wanted: Callable[[Mutant], bool]) -> list[Mutant]:
    """Return so many of the wanted changes, each room with its share by size, in the order of the seed."""
    rooms: dict[str, list[Mutant]] = defaultdict(list)
    for file in sorted(PACKAGE.rglob("*.py")):
        for each in mutants_of(file):
            if wanted(each):
                rooms[each.room].append(each)
    total = sum(map(len, rooms.values()))
    chance = random.Random(seed)
    found: list[Mutant] = []
    for some in rooms.values():
        chance.shuffle(some)
        found += islice(filter(_is_a_program, some), -(-count * len(some) // total))
    chance.shuffle(found)
    return found[:count]


# -- which tests touch a line


def measure() -> None:
    """Run the tests once, and keep which of them runs which line of the package."""
    MEASURED.mkdir(exist_ok=True)
    asked = ["--cov=auth0_mfa_lab", "--cov-context=test", "--cov-report=", "--ignore=tests/browser", "tests"]
    beside = ["-n", str((os.cpu_count() or 1) + 1), "--dist", "loadfile"]
    subprocess.run(
        [sys.executable, "-m", *PYTEST, *beside, *asked],
        cwd=ROOT,
        env=os.environ | {"COVERAGE_FILE": str(MEASURED / "coverage"), "COVERAGE_CORE": "ctrace"},
        check=False,
    )


class Touching:
    """Which tests run a line, the most specific ones first."""

    def __init__(self, data: coverage.CoverageData) -> None:
        """Read what was measured, and which words stand in which file of tests."""
        self._contexts: dict[str, Mapping[int, list[str]]] = {}
        self._size: Counter[str] = Counter()
        for file in (file for file in data.measured_files() if file.endswith(".py")):  # a template is measured too
            contexts: Mapping[int, Sequence[str]] = data.contexts_by_lineno(file)
            self._contexts[file] = {
                line: [each.rpartition("|")[0] for each in tests if each] for line, tests in contexts.items()
            }
            self._size.update(test for tests in self._contexts[file].values() for test in tests)
        self._words = {
            path: set(WORD.findall((ROOT / path).read_text("utf-8")))
            for path in (path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py"))
            if not path.startswith("tests/browser")
        }
        self._files = Counter(word for words in self._words.values() for word in words)

    def saying(self, mutant: Mutant) -> list[str]:
        """Return the files of tests that say most of what a line says, by the rarity of its words."""
        line = set(WORD.findall(mutant.file.read_text("utf-8").splitlines()[mutant.line - 1]))
        told = {path: sum(1 / self._files[word] for word in line & words) for path, words in self._words.items()}
        return [path for path, score in Counter(told).most_common(SAYING) if score]

    def tests(self, mutant: Mutant) -> list[str]:
        """Return the tests that a change is run against."""
        lines = self._contexts.get(str(mutant.file), {})
        inner = (
            node for node in ast.walk(ast.parse(mutant.file.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)
        )
        is_called = any(node.body[0].lineno <= mutant.line <= (node.end_lineno or 0) for node in inner)
        found = set(lines.get(mutant.line, ())) if is_called else set()
        first = [] if found else self.saying(mutant)  # a table's row, that runs as its module is imported
        found = found or {test for tests in lines.values() for test in tests}
        rank, seen = dict[str, int](), Counter[str]()
        for test in sorted(found, key=lambda test: (self._size[test], test)):
            file = test.partition("::")[0]
            rank[test] = seen[file]
            seen[file] += 1
        return first + sorted(rank, key=lambda test: (rank[test], self._size[test]))  # of every file in turn


# -- the runs


def copied(folder: Path) -> Path:
    """Return a copy of what is tracked, to be changed; a repository too, for the tests that ask which files are."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in tracked.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def fails(command: Sequence[str], copy: Path) -> tuple[int, list[str]]:
    """Return what a command returns in a copy, and which tests it names as failed; one that hangs has failed."""
    settings = os.environ | {"PYTHONPATH": str(copy)}
    try:
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=copy, env=settings, timeout=SECONDS, capture_output=True, text=True
        )
    except subprocess.TimeoutExpired:
        return 1, []
    return done.returncode, re.findall(r"^(?:FAILED|ERROR) (tests/\S+(?:\[.*?\])?)(?= - |$)", done.stdout, re.MULTILINE)


def tests_notice(tests: Sequence[str], copy: Path) -> list[str]:
    """Return the command that notices the change; nothing where none does."""
    for some in filter(None, (tests[:FIRST], tests[FIRST:])):
        command = [*UNTIL_ONE_FAILS, *some]
        code, failed = fails(command, copy)
        if code == NO_SUCH_TEST:  # the change has renamed a row: its whole file judges
            command = [*UNTIL_ONE_FAILS, *sorted({test.partition("::")[0] for test in some})]
            code, failed = fails(command, copy)
        if code:
            return [*UNTIL_ONE_FAILS, *failed] if failed else command
    return next((list(command) for command in BESIDES if fails(command, copy)[0]), [])


def notebooks_notice(mutant: Mutant, copy: Path) -> list[str]:
    """Return the command by which a notebook with the value in its outputs gives something else."""
    names = [name_of(path) for path in notebooks() if mutant.value in outputs_of(path)]
    command = ["tests.execute_notebooks", "--check", *names]
    return command if fails(command, copy)[0] else []


@cache
def outputs_of(path: Path) -> str:
    """Return the outputs of a notebook's cells, as they are shown."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    return "\n".join("".join(text) for output in outputs for text in output.get("data", {}).values())


def judged(mutants: Sequence[Mutant], notices: Callable[[Mutant, Path], list[str]]) -> list[Mutant]:
    """Run each change, one on each core; return those that were not noticed: what fails without one does not judge."""
    copies: SimpleQueue[Path] = SimpleQueue()
    begun = time.monotonic()

    def judge(mutant: Mutant) -> Mutant | None:
        copy = copies.get()
        path = copy / mutant.file.relative_to(ROOT)
        source = path.read_text("utf-8")
        path.write_text(mutant.changed(source), "utf-8")
        try:
            command = notices(mutant, copy)
            path.write_text(source, "utf-8")
            # A test that is not there without the change is one that the change has renamed.
            is_judged = not command or fails(command, copy)[0] in {0, NO_SUCH_TEST}
        finally:
            path.write_text(source, "utf-8")
            copies.put(copy)
        word = ("caught" if is_judged else f"fails without it: {shlex.join(command)};") if command else "SURVIVED"
        click.echo(f"{time.monotonic() - begun:5.0f} s  {word}  {mutant}")
        return None if command and is_judged else mutant

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        for number in range(os.cpu_count() or 1):
            (Path(folder) / str(number)).mkdir()
            copies.put(copied(Path(folder) / str(number)))
        return [each for each in threads.map(judge, mutants) if each]


@click.command()
@click.argument("count", type=int, default=150)
@click.option("--seed", default="985a33a", show_default=True, help="What the changes are drawn with.")
@click.option("--again", is_flag=True, help="Take what was measured before.")
@click.option("--by-notebooks", is_flag=True, help="Literals in the notebooks' outputs, which the notebooks judge.")
def main(count: int, seed: str, again: bool, by_notebooks: bool) -> None:
    """Change the package COUNT times; list what was not noticed, and return 1 when that is more than 5 per cent."""
    said = "".join(path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py")))

    def is_shown(mutant: Mutant) -> bool:
        """Tell whether outputs have the value of one place alone: one of several may be another's."""
        has_it = any(mutant.value in outputs_of(path) for path in notebooks())
        return len(mutant.value) > 7 and has_it and said.count(mutant.value) == 1

    mutants = drawn(count, seed, is_shown if by_notebooks else lambda _: True)
    if by_notebooks:
        survived = judged(mutants, notebooks_notice)
    else:
        if not again:
            measure()
        data = coverage.CoverageData(str(MEASURED / "coverage"))
        data.read()
        touching = Touching(data)
        survived = judged(mutants, lambda mutant, copy: tests_notice(touching.tests(mutant), copy))
    click.echo(f"{len(mutants) - len(survived)} of {len(mutants)} changes were noticed; the others:")
    click.echo("\n".join(map(str, survived)))
    sys.exit(len(survived) > 0.05 * len(mutants))


if __name__ == "__main__":
    main()
