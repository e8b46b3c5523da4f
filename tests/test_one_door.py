"""One door out: whatever reads the raw data of an exchange, and can be called from elsewhere, masks or wraps it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "auth0_mfa_lab"
ROOMS = ("show", "exports")
MODULES = "management lab polling tokens errors wire/journal tenants/phone tenants/users"
# What of a request or a response is as it was sent, and what makes plain text of a Secret.
RAW = frozenset({"raw_data", "body", "text", "target", "url", "host", "headers", "header", "reason", "said"})
MESSAGES = frozenset({"request", "response", "message", "said", "received", "sent", "answer", "first", "failure"})
DOORS = frozenset({"mask", "mask_each", "masked", "wrap", "stand_ins_of", "in_text", "shown_json"})
# What these return is looked at, compared or named, and shown by somebody else, who masks.
HARMLESS = {
    "show.phone: what_now": "a row of GUIDES, chosen by the kind of an exchange",
    "exports.export: runnable": "one Secret whole, which its panel sends to the page that asked",
    "exports.mermaid: said": "searched for secrets",
    "lab: Lab.poll": "the path of the request that brought an oob_code is compared",
    "lab: Lab.poll_panel": "the same, and the panel masks",
    "tokens: inspect": "a token is compared, and named by its alias",
    "wire.journal: Journal.runs": "targets are compared",
    "wire.journal: RecordingTransport.handle_request": "the caller gets the answer as it came",
}
NO_TEXT = frozenset({"None", "bool", "int", "float", "bool | None", "int | None", "float | None"})


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield each function and method with its name, as `Class.method`."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{each.name}", each) for each in node.body if isinstance(each, ast.FunctionDef))


def reads_raw(function: ast.FunctionDef) -> bool:
    """Say whether a function reads the raw data of a message: `request.url`, `message.raw_data()`."""
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == "plain_data":
            return True
        if isinstance(node, ast.Attribute) and node.attr in RAW:
            whose = node.value
            name = whose.attr if isinstance(whose, ast.Attribute) else whose.id if isinstance(whose, ast.Name) else ""
            if name in MESSAGES or node.attr == "raw_data":
                return True
    return False


def called(function: ast.FunctionDef) -> set[str]:
    """Return the last names of what a function calls or hands on: `aliases.mask(x)`, `map(mask, xs)`."""
    names = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
    return names | {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}


def ways_out(source: str) -> list[str]:
    """Name the functions that others can call and that reach raw data past no door."""
    found = dict(functions(ast.parse(source)))
    inner = {name.rpartition(".")[2]: name for name in found}
    uses = {name: {inner[each] for each in called(function) if each in inner} for name, function in found.items()}
    masks = {name for name, function in found.items() if called(function) & DOORS}

    def reaches(name: str, seen: frozenset[str]) -> bool:
        if name in masks or name in seen:
            return False
        return reads_raw(found[name]) or any(reaches(each, seen | {name}) for each in uses[name])

    return [name for name, function in found.items() if _may_give(name, function) and reaches(name, frozenset())]


def _may_give(name: str, function: ast.FunctionDef) -> bool:
    """Say whether others can call a function, and get something of text from it."""
    owner, _, last = name.rpartition(".")
    is_public = not last.startswith("_") or last.startswith("__") or last == "_repr_mimebundle_"
    returned = ast.unparse(function.returns) if function.returns else "Any"
    return is_public and not owner.startswith("_") and returned not in NO_TEXT


def modules() -> list[Path]:
    inside = [path for room in ROOMS for path in sorted((PACKAGE / room).rglob("*.py"))]
    return inside + [PACKAGE / f"{name}.py" for name in MODULES.split()]


def test_no_module_has_a_way_out_beside_the_door_and_nothing_is_excused_that_needs_no_excuse() -> None:
    sources = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path.read_text("utf-8") for path in modules()}
    read = [name for source in sources.values() for name, each in functions(ast.parse(source)) if reads_raw(each)]
    assert len(read) >= 8
    found = {f"{module}: {name}" for module, source in sources.items() for name in ways_out(source)}
    assert found == set(HARMLESS)


# fmt: off
SOURCES = [  # and how many ways out there are
    (1, "def show(exchange):\n    return _text(exchange)\ndef _text(exchange):\n    return exchange.response.text"),
    (1, "def show(message):\n    return [f'{name}' for name in message.raw_data()]"),
    (1, "class Shown:\n    def _repr_mimebundle_(self):\n        return self._all()\n"
        "    def _all(self):\n        return {'text/plain': self.exchange.response.body.decode()}"),
    (0, "def show(exchange, aliases):\n    return aliases.mask(_text(exchange))\n"
        "def _text(exchange):\n    return exchange.response.text"),
    (0, "def show(exchange):\n    return exchange.masked(exchange.request.host)"),
    (0, "def title(picture):\n    return picture.text"),
]
# fmt: on


@pytest.mark.parametrize(("ways", "source"), SOURCES)
def test_a_way_out_is_found_and_what_goes_through_the_door_is_none(ways: int, source: str) -> None:
    assert len(ways_out(source)) == ways
