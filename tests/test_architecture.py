"""Who may import whom (downward only), what only one room may do, and what an import of the package costs."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "auth0_mfa_lab"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / PACKAGE).rglob("*.py"))
}

# The layers of rooms, the highest first: a room imports what stands in its own line or below it, and never in a circle.
# The sandbox stands apart: it imports nothing of the package, and only the rooms named here import it.
LAYERS = (
    "cli pytest_plugin",
    "lab ",  # and the package's public face, whose name is ""
    "live",
    "tenants",
    "show exports",
    "client management polling tokens",
    "wire",
    "clock errors secrets settings show.sentences show.table",
)
LAYER = {room: len(LAYERS) - floor for floor, rooms in enumerate(LAYERS) for room in rooms.split(" ")}
KNOW_THE_SANDBOX = ("lab", "cli.serve", "pytest_plugin", "live.drift", "tenants")

# Which modules alone may import these libraries.
ONLY_IN: Mapping[str, tuple[str, ...]] = {
    "ipywidgets": ("show.panels",),
    "anywidget": ("show.panels",),
    "starlette": ("sandbox",),
    "click": ("cli",),
    "uvicorn": ("sandbox.server",),
    "trustme": ("sandbox.server",),
    "dotenv": ("settings",),
    "jinja2": ("exports.export",),
}
ENVIRONMENT = frozenset({"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"})
READS_THE_ENVIRONMENT = ("settings",)
SLEEPS = ("cli", "pytest_plugin")
SLEEPS_BY_DEFAULT = ("clock",)


class Import(NamedTuple):
    module: str
    line: int
    for_types: bool


def imports(tree: ast.Module, package: str = PACKAGE) -> Iterator[Import]:
    """Yield every import, inside functions too; `from a import b` also as `a.b`, since `b` may be a module.

    One under `if TYPE_CHECKING` is marked: it is no import at run time, so it makes nobody depend on anybody. Only the
    sandbox's two rules count it: there a type alone says that one side knows the other.
    """
    typed = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).removeprefix("typing.") == "TYPE_CHECKING"
        for each in node.body
        for inner in ast.walk(each)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(name.name, node.lineno, id(node) in typed)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, (package if node.level else "", node.module)))
            for name in node.names:
                yield Import(f"{base}.{name.name}", node.lineno, id(node) in typed)


def room_of(module: str) -> str:
    """Return the room of a module of the package, by its name below the package."""
    return module.split(".")[0]


def below(module: str) -> str:
    """Return a module's name below the package; "" for the package itself."""
    return module.removeprefix(PACKAGE).removeprefix(".")


def is_in(module: str, names: tuple[str, ...]) -> bool:
    """Say whether a module is one of `names`, within one of them, or (panels_qr) a part split off from one."""
    return any(module == name or module.startswith((f"{name}.", f"{name}_")) for name in names)


def violations(module: str, source: str) -> list[str]:
    """Return what a module of the package must not do, as sentences with the line."""
    tree = ast.parse(source)
    found = list(imports(tree))
    return [*_upward(module, found), *_misplaced(module, found), *_environment(module, tree), *_sleeps(module, tree)]


def _upward(module: str, found: list[Import]) -> Iterator[str]:
    me = below(module)
    if room_of(me) not in {*LAYER, "sandbox"}:
        yield f"{module} stands in no layer"
        return
    for each in found:
        if each.module != PACKAGE and not each.module.startswith(f"{PACKAGE}."):
            continue
        wanted = below(each.module)
        if wanted.split(".")[0] not in LAYER and not is_in(wanted, ("sandbox",)):
            wanted = ""  # `from auth0_mfa_lab import Lab`: the public face
        if is_in(me, ("sandbox",)) or is_in(wanted, ("sandbox",)):
            allowed = is_in(me, ("sandbox",)) == is_in(wanted, ("sandbox",)) or is_in(me, KNOW_THE_SANDBOX)
        else:
            allowed = each.for_types or layer_of(wanted) <= layer_of(me)
        if not allowed:
            yield f"{module}:{each.line} imports {each.module}: {me or 'the public face'} may not"


def layer_of(module: str) -> int:
    """Return how high a module of the package stands: `show.sentences` by its own name, others by their room's."""
    named = [name for name in LAYER if "." in name and is_in(module, (name,))]
    return LAYER[named[0] if named else room_of(module)]


def _misplaced(module: str, found: list[Import]) -> Iterator[str]:
    for each in found:
        library = each.module.split(".")[0]
        if not is_in(below(module), ONLY_IN.get(library, (below(module),))):
            yield f"{module}:{each.line} imports {library}: only {', '.join(ONLY_IN[library])} may"


def _environment(module: str, tree: ast.Module) -> Iterator[str]:
    if is_in(below(module), READS_THE_ENVIRONMENT):
        return
    for node in ast.walk(tree):
        named = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) and node.module == "os" else []
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            named = [node.attr]
        for name in ENVIRONMENT.intersection(named):
            yield f"{module}: os.{name}: only settings reads the environment"


def _sleeps(module: str, tree: ast.Module) -> Iterator[str]:
    if is_in(below(module), SLEEPS):
        return
    by_default: set[int] = set()
    if is_in(below(module), SLEEPS_BY_DEFAULT):
        functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
        by_default = {id(each) for node in functions for each in (*node.args.defaults, *node.args.kw_defaults)}
    for node in ast.walk(tree):
        imported = (
            isinstance(node, ast.ImportFrom) and node.module == "time" and "sleep" in {n.name for n in node.names}
        )
        called = isinstance(node, ast.Attribute) and ast.unparse(node) == "time.sleep" and id(node) not in by_default
        if imported or called:
            yield f"{module}: time.sleep: a wait is handed in"


def test_each_module_keeps_the_rules() -> None:
    assert [each for name, path in MODULES.items() for each in violations(name, path.read_text("utf-8"))] == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {
        module: {each.module for each in imports(ast.parse(path.read_text("utf-8"))) if not each.for_types} & {*MODULES}
        for module, path in MODULES.items()
    }
    assert list(TopologicalSorter({module: wanted - {PACKAGE} for module, wanted in graph.items()}).static_order())


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("wire.journal", "from auth0_mfa_lab.show.exchange import view_of"),
        ("wire.journal", "from auth0_mfa_lab.client import Client"),
        ("wire.journal", "def late():\n    from auth0_mfa_lab.lab import Lab"),
        ("wire.journal", "from auth0_mfa_lab import Lab"),
        ("wire.journal", "from ..client import Client"),
        ("settings", "from auth0_mfa_lab.wire.journal import Journal"),
        ("cli.control", "from auth0_mfa_lab.sandbox import Sandbox"),
        ("show.table", "if TYPE_CHECKING:\n    from auth0_mfa_lab.sandbox import EvidenceRow"),
        ("", "from auth0_mfa_lab.cli import main"),
        ("live.guard", "if TYPE_CHECKING:\n    from auth0_mfa_lab.sandbox import Sandbox"),
        ("sandbox.oauth", "from auth0_mfa_lab.errors import LabError"),
        ("sandbox.oauth", "if TYPE_CHECKING:\n    from auth0_mfa_lab.secrets.secret import Secret"),
        ("no_such_room", "import json"),
        ("show.exchange", "import ipywidgets"),
        ("show.panel", "from ipywidgets import Button"),
        ("lab", "def widget():\n    import anywidget"),
        ("client", "from starlette.requests import Request"),
        ("lab", "from dotenv import load_dotenv"),
        ("cli", "import os\nos.environ['AUTH0_DOMAIN']"),
        ("lab", "import os\nos.getenv('AUTH0_DOMAIN')"),
        ("sandbox.app", "from os import environ"),
        ("lab", "import time\ntime.sleep(1)"),
        ("clock", "import time\ndef wait():\n    time.sleep(1)"),
        ("polling", "from time import sleep"),
        ("polling", "import time\ndef wait(sleep=time.sleep): ..."),
    ],
)
def test_each_rule_can_be_broken(module: str, source: str) -> None:
    assert len(violations(f"{PACKAGE}.{module}".rstrip("."), source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("errors", "if TYPE_CHECKING:\n    from auth0_mfa_lab.wire.exchange import Exchange"),
        ("tenants.phone", "from auth0_mfa_lab.show.sentences import Sentence"),
        ("show.panels_qr", "import anywidget, ipywidgets"),
        ("clock", "import time\ndef wait(sleep=time.sleep): ..."),
        ("cli", "import os, time\nos.name\ntime.sleep(0.1)\nfrom auth0_mfa_lab import __version__"),
    ],
)
def test_what_is_allowed_is_allowed(module: str, source: str) -> None:
    assert violations(f"{PACKAGE}.{module}", source) == []


PROBE = """
import json, sys, threading
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
import auth0_mfa_lab
import os
package = os.path.dirname(auth0_mfa_lab.__file__)
print(json.dumps({
    "loaded": sorted(name for name in sys.modules if name.split(".")[0] in sys.argv[1:]),
    "threads": [each.name for each in threading.enumerate()],
    "dotenv": [name for name in opened if os.path.basename(name).startswith(".env")],
    "here": [name for name in opened if os.path.abspath(name).startswith(os.getcwd() + os.sep)],
    "data": [name for name in opened if name.startswith(package) and not name.endswith((".py", ".pyc"))
             and "__pycache__" not in name],
    "modules": sum(name.startswith(package) for name in opened),
}))
"""


@pytest.fixture
def imported(tmp_path: Path) -> Mapping[str, list[str]]:
    """What an import of the package leaves, in a project's folder with a `.env`."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / ".env").write_text("AUTH0_LAB_TENANT=live\nAUTH0_DOMAIN=tenant.example\n", "utf-8")
    heavy = ["starlette", "ipywidgets", "anywidget", "IPython", "qrcode", "PIL", "zxingcpp", f"{PACKAGE}.sandbox"]
    run = subprocess.run(
        [sys.executable, "-c", PROBE, *heavy],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: Mapping[str, list[str]] = json.loads(run.stdout)
    return found


def test_an_import_of_the_package_loads_no_server_starts_no_thread_and_reads_no_settings(
    imported: Mapping[str, list[str]],
) -> None:
    assert imported["modules"], "no module of the package was seen being opened: this test would see nothing"
    assert imported["loaded"] == imported["dotenv"] == imported["here"] == imported["data"] == []
    assert imported["threads"] == ["MainThread"]
