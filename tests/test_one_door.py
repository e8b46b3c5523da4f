"""One door out: whatever reads the raw data of an exchange, and can be called from elsewhere, masks or wraps it."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "auth0_mfa_lab"
MODULES = "show/**/* exports/**/* management lab polling tokens errors wire/journal tenants/phone tenants/users"
# What of a message is as it was sent, under the names that messages have, and what makes plain text of a Secret.
RAW = (
    r"\b(request|response|message|said|received|sent|answer|first|failure)"
    r"\.(body|text|target|url|host|headers?|reason|said)\b|\.raw_data\b|\bplain_data\b"
)
DOORS = {"mask", "mask_each", "masked", "wrap", "stand_ins_of", "in_text", "shown_json"}
# What these return is looked at, compared or named, and shown by somebody else, who masks.
HARMLESS = {
    "show.phone: what_now": "a row of GUIDES, chosen by the kind of an exchange",
    "exports.export: runnable": "one Secret whole, which its panel sends to the page that asked",
    "exports.mermaid: said": "searched for secrets",
    "lab: Lab.poll": "the path of the request that brought an oob_code is compared",
    "lab: Lab.poll_panel": "the same, and the panel masks",
    "lab: Lab.push_panel": "the same",
    "tokens: inspect": "a token is compared, and named by its alias",
    "wire.journal: Journal.runs": "targets are compared",
}
NO_TEXT = re.compile(r"(None|bool|int|float)( \| None)?")


def functions(source: str) -> dict[str, ast.FunctionDef]:
    """Return each function and method by its name, as `Class.method`."""
    tree = ast.parse(source)
    owners = [("", tree.body), *((f"{each.name}.", each.body) for each in tree.body if isinstance(each, ast.ClassDef))]
    return {f"{own}{each.name}": each for own, body in owners for each in body if isinstance(each, ast.FunctionDef)}


def ways_out(source: str) -> list[str]:
    """Name the functions that others can call, that return text, and that reach raw data past no door."""
    found = functions(source)
    inner = {name.rpartition(".")[2]: name for name in found}
    called = {
        name: {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(function)}
        for name, function in found.items()
    }

    def reaches(name: str, seen: frozenset[str] = frozenset()) -> bool:
        if called[name] & DOORS or name in seen:
            return False
        is_raw = re.search(RAW, ast.unparse(found[name])) is not None
        return is_raw or any(reaches(inner[each], seen | {name}) for each in called[name] & {*inner})

    def may_give(name: str) -> bool:
        returned = found[name].returns
        is_inner = re.search(r"(^|\.)_(?!_|repr_mimebundle_)", name)
        return not is_inner and not (returned and NO_TEXT.fullmatch(ast.unparse(returned)))

    return [name for name in found if may_give(name) and reaches(name)]


def test_no_module_has_a_way_out_beside_the_door_and_nothing_is_excused_that_needs_no_excuse() -> None:
    paths = {path for module in MODULES.split() for path in PACKAGE.glob(f"{module}.py")}
    names = {path: ".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in paths}
    assert {f"{names[path]}: {way}" for path in paths for way in ways_out(path.read_text("utf-8"))} == {*HARMLESS}


SOURCES = [  # and how many ways out there are
    (1, "def show(exchange):\n    return _text(exchange)\ndef _text(exchange):\n    return exchange.response.text"),
    (1, "class Shown:\n    def _repr_mimebundle_(self):\n        return [each for each in self.message.raw_data()]"),
    (0, "def show(exchange, aliases):\n    return aliases.mask(exchange.response.text)"),
    (0, "def title(picture):\n    return picture.text"),
]


@pytest.mark.parametrize(("ways", "source"), SOURCES)
def test_a_way_out_is_found_and_what_goes_through_the_door_is_none(ways: int, source: str) -> None:
    assert len(ways_out(source)) == ways
