"""Who may import whom (downward only), what only one room may do, and what an import of the package costs."""

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

from tests.mothers import rows

ROOT = Path(__file__).parent.parent
PACKAGE = "auth0_mfa_lab"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / PACKAGE).rglob("*.py"))
}

# The layers of rooms, the highest first: a room imports what stands in its own line or below it, and never in a circle.
# The sandbox stands apart: it imports nothing of the package, and only the rooms named here import it.
LAYERS = (
    "cli pytest_plugin vary",
    "lab ",  # and the package's public face, whose name is ""
    "served live",
    "tenants conduct",
    "show exports",
    "client management polling tokens",
    "wire",
    "clock errors files interrupts secrets settings show.html show.sentences show.table",
)
LAYER = {room: len(LAYERS) - floor for floor, rooms in enumerate(LAYERS) for room in rooms.split(" ")}
KNOW_THE_SANDBOX = ("lab", "cli.serve", "cli.vary", "pytest_plugin", "served", "live.drift", "tenants", "vary")

# What only these modules may use: a library, or what an import or a line of their own names.
ONLY_IN: Mapping[str, tuple[str, ...]] = {
    "ipywidgets": ("show.panels",),
    "anywidget": ("show.panels",),
    "starlette": ("sandbox",),
    "click": ("cli",),
    "uvicorn": ("sandbox.server",),
    "trustme": ("sandbox.server",),
    "dotenv": ("settings",),
    "jinja2": ("exports.export",),
    **dict.fromkeys(
        ("os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv"), ("settings",)
    ),
    "time.sleep": ("cli", "pytest_plugin", "clock"),  # a wait is handed in; the clock has it as a default
    "time.sleep()": ("cli", "pytest_plugin"),
}


class Use(NamedTuple):
    name: str
    line: int
    is_import: bool = True
    for_types: bool = False


def uses(tree: ast.Module, package: str = PACKAGE) -> Iterator[Use]:
    """Yield every import, inside functions too, and every `name.attribute` and its call, `name.attribute()`.

    `from a import b` is also `a.b`, since `b` may be a module. An import under `if TYPE_CHECKING` is none at run time,
    so it makes nobody depend on anybody; only the sandbox's two rules count it: there a type alone says that one side
    knows the other.
    """
    tests = ("TYPE_CHECKING", "typing.TYPE_CHECKING")
    blocks = [each for each in ast.walk(tree) if isinstance(each, ast.If) and ast.unparse(each.test) in tests]
    typed = {id(inner) for block in blocks for each in block.body for inner in ast.walk(each)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            base = [package if node.level else "", node.module] if isinstance(node, ast.ImportFrom) else []
            for name in node.names:
                yield Use(".".join(filter(None, (*base, name.name))), node.lineno, for_types=id(node) in typed)
        named = node.func if isinstance(node, ast.Call) else node
        if isinstance(named, ast.Attribute) and isinstance(named.value, ast.Name):
            yield Use(f"{named.value.id}.{named.attr}{'()' * (named is not node)}", named.lineno, is_import=False)


def below(module: str) -> str:
    """Return a module's name below the package; "" for the package itself."""
    return module.removeprefix(PACKAGE).removeprefix(".")


def is_in(module: str, names: tuple[str, ...]) -> bool:
    """Say whether a module is one of `names`, within one of them, or (panels_qr) a part split off from one."""
    return any(module == name or module.startswith((f"{name}.", f"{name}_")) for name in names)


def layer_of(module: str) -> int:
    """Return how high a module of the package stands: `show.sentences` by its own name, others by their room's."""
    named = [name for name in LAYER if "." in name and is_in(module, (name,))]
    return LAYER[named[0] if named else module.split(".")[0]]


def violations(module: str, source: str) -> Iterator[str]:
    """Yield what a module of the package must not do, with the line."""
    me = below(module)
    if me.split(".")[0] not in {*LAYER, "sandbox"}:
        yield f"{module} stands in no layer"
        return
    for each in uses(ast.parse(source)):
        library = each.name.split(".")[0]
        if not is_in(me, ONLY_IN.get(each.name) or (ONLY_IN.get(library) if each.is_import else None) or (me,)):
            yield f"{module}:{each.line} uses {each.name}: it may not"
        if library != PACKAGE or not each.is_import:
            continue
        wanted = below(each.name)
        if wanted.split(".")[0] not in {*LAYER, "sandbox"}:
            wanted = ""  # `from auth0_mfa_lab import Lab`: the public face
        sides = [is_in(one, ("sandbox",)) for one in (me, wanted)]
        allowed = each.for_types or any(sides) or layer_of(wanted) <= layer_of(me)
        if not allowed or (sides[0] != sides[1] and not is_in(me, KNOW_THE_SANDBOX)):
            yield f"{module}:{each.line} imports {each.name}: {me or 'the public face'} may not"


def test_each_module_keeps_the_rules() -> None:
    assert [each for name, path in MODULES.items() for each in violations(name, path.read_text("utf-8"))] == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {
        module: {each.name for each in uses(ast.parse(path.read_text("utf-8"))) if not each.for_types} & {*MODULES}
        for module, path in MODULES.items()
    }
    assert list(TopologicalSorter({module: wanted - {PACKAGE} for module, wanted in graph.items()}).static_order())


RULES = r"""
wire.journal   | may not | from auth0_mfa_lab.show.exchange import view_of
wire.journal   | may not | def late():\n    from auth0_mfa_lab.lab import Lab
wire.journal   | may not | from auth0_mfa_lab import Lab
wire.journal   | may not | from ..client import Client
settings       | may not | from auth0_mfa_lab.wire.journal import Journal
               | may not | from auth0_mfa_lab.cli import main
cli.control    | may not | from auth0_mfa_lab.sandbox import Sandbox
show.table     | may not | if TYPE_CHECKING:\n    from auth0_mfa_lab.sandbox import EvidenceRow
sandbox.oauth  | may not | from auth0_mfa_lab.errors import LabError
sandbox.oauth  | may not | if TYPE_CHECKING:\n    from auth0_mfa_lab.secrets.secret import Secret
no_such_room   | may not | import json
show.exchange  | may not | import ipywidgets
lab            | may not | def widget():\n    import anywidget
client         | may not | from starlette.requests import Request
lab            | may not | from dotenv import load_dotenv
lab            | may not | import os\nos.environ['AUTH0_DOMAIN']
sandbox.app    | may not | from os import environ
lab            | may not | import time\ntime.sleep
clock          | may not | import time\ndef wait():\n    time.sleep(1)
polling        | may not | from time import sleep
errors         | may     | if TYPE_CHECKING:\n    from auth0_mfa_lab.wire.exchange import Exchange
tenants.phone  | may     | from auth0_mfa_lab.show.sentences import Sentence
show.panels_qr | may     | import anywidget, ipywidgets
clock          | may     | import time\ndef wait(sleep=time.sleep): ...
cli            | may     | import os, time\nos.name\ntime.sleep(1)\nfrom auth0_mfa_lab import __version__
"""
"""A module, whether it may have this line, and the line."""


@pytest.mark.parametrize(("module", "word", "line"), rows(RULES))
def test_each_rule_can_be_broken_and_what_is_allowed_is_allowed(module: str, word: str, line: str) -> None:
    broken = list(violations(f"{PACKAGE}.{module}".rstrip("."), line.replace("\\n", "\n")))
    assert len(broken) == (word == "may not")


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


def test_an_import_of_the_package_loads_no_server_starts_no_thread_and_reads_no_settings(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / ".env").write_text("AUTH0_LAB_TENANT=live\nAUTH0_DOMAIN=tenant.example\n", "utf-8")
    heavy = ["starlette", "ipywidgets", "anywidget", "IPython", "qrcode", "PIL", "zxingcpp", f"{PACKAGE}.sandbox"]
    command, found = [sys.executable, "-c", PROBE, *heavy], {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=tmp_path, env=found, capture_output=True, text=True, timeout=60, check=True)
    imported = json.loads(run.stdout)
    assert imported["modules"], "no module of the package was seen being opened: this test would see nothing"
    assert imported["loaded"] == imported["dotenv"] == imported["here"] == imported["data"] == []
    assert imported["threads"] == ["MainThread"]
