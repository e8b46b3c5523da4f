"""One call of the Management API: its row, what was asked for, how query and body are checked, what is answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.json_text import json_value
from auth0_mfa_lab.sandbox.tenant import Tenant

PAGING = ("page", "per_page", "include_totals")
CHOICE = ("fields", "include_fields")
MOST_PER_PAGE = 100
PER_PAGE = 50
"""How many items a page has unless the call says: a guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """What one property of a body may be; `enum` is for a string, or for each of the `items` of an array.

    One that Auth0 has and the sandbox has not is not `emulated`: naming it is a 501. A `nullable` one may be null.
    """

    type: Literal["string", "boolean", "array", "object"] = "string"
    required: bool = False
    enum: tuple[str, ...] = ()
    items: Literal["string", "object"] = "string"
    emulated: bool = True
    nullable: bool = False


Shape = Mapping[str, Property]


def not_emulated(names: str) -> Shape:
    """Return the properties that Auth0 documents and the sandbox does not emulate."""
    return dict.fromkeys(names.split(), Property(emulated=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request with a token that is good for its path."""

    tenant: Tenant = field(repr=False)
    path: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes = field(repr=False)
    client_id: str
    scopes: frozenset[str]

    def value(self) -> object:
        """Return the body, whatever JSON it is; none at all counts as an empty object. Raises API_NO_JSON."""
        if not self.content.strip():
            return {}
        try:
            return json_value(self.content)
        except ValueError as problem:
            raise errors.API_NO_JSON() from problem

    def fields(self, shape: Shape) -> dict[str, object]:
        """Return the body, an object of this shape; the Management API refuses what it does not know (decision 11)."""
        return checked_object(self.value(), shape)

    def array(self) -> list[object]:
        """Return the body, an array. Raises API_INVALID_BODY."""
        value = self.value()
        if not isinstance(value, list):
            raise errors.API_INVALID_BODY(problem=f"Expected type array but found type {type_name(value)}")
        return value

    def allow_query(self, *names: str) -> None:
        """Refuse a parameter that the path does not have. Raises API_INVALID_QUERY."""
        if unknown := [name for name in self.query if name not in names]:
            raise errors.API_INVALID_QUERY(problem=f"Additional properties not allowed: {','.join(unknown)}")

    def number(self, name: str, otherwise: int, *, most: int | None = None) -> int:
        """Return a parameter that is a number from 0 on. Raises API_INVALID_QUERY."""
        text = self.query.get(name, str(otherwise))
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise errors.API_INVALID_QUERY(problem=f"Expected type integer but found {text} on property {name}")
        if most is not None and int(text) > most:
            raise errors.API_INVALID_QUERY(problem=f"Value {text} is greater than maximum {most} on property {name}")
        return int(text)

    def is_true(self, name: str, *, otherwise: bool) -> bool:
        """Return a parameter that is `true` or `false`. Raises API_INVALID_QUERY."""
        text = self.query.get(name, "true" if otherwise else "false")
        if text not in ("true", "false"):
            raise errors.API_INVALID_QUERY(problem=f"Expected type boolean but found {text} on property {name}")
        return text == "true"

    def page_of(self, items: Sequence[dict[str, object]], *, named: str) -> object:
        """Return one page: an array, or with `include_totals` an object that has it under this name (reference, 9.3).

        There `total` is missing when nothing is listed.
        """
        page, limit = self.number("page", 0), self.number("per_page", PER_PAGE, most=MOST_PER_PAGE)
        shown = list(items[page * limit : (page + 1) * limit])
        if not self.is_true("include_totals", otherwise=False):
            return shown
        total = {"total": len(items)} if items else {}
        return {named: shown, **total, "start": page * limit, "limit": limit}

    def chosen(self, item: Mapping[str, object]) -> dict[str, object]:
        """Return the members that `fields` names, or with `include_fields=false` all others."""
        names = {name.strip() for name in self.query.get("fields", "").split(",") if name.strip()}
        included = self.is_true("include_fields", otherwise=True)
        return {name: value for name, value in item.items() if not names or (name in names) == included}


@dataclass(frozen=True, slots=True)
class Reply:
    """A success; `evidence` is its row where its status or its shape is a guess. Without a body it is a 204."""

    body: object = None
    evidence: errors.EvidenceRow | None = None

    @property
    def status(self) -> int:
        if self.evidence is not None:
            return self.evidence.status
        return 204 if self.body is None else 200


Answer = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path below `/api/v2`; any one of its `scopes` opens it."""

    method: str
    path: str
    scopes: tuple[str, ...]
    answer: Answer


def route(method: str, path: str, scopes: str) -> Callable[[Answer], Endpoint]:
    """Make an endpoint of the function below; one of the `scopes`, separated by blanks, opens it."""
    return lambda answer: Endpoint(method, path, tuple(scopes.split()), answer)


def checked_object(value: object, shape: Shape) -> dict[str, object]:
    """Return an object of this shape. Raises API_INVALID_BODY, or NotEmulated for a property that is not emulated."""
    if not isinstance(value, dict):
        raise errors.API_INVALID_BODY(problem=f"Expected type object but found type {type_name(value)}")
    if unknown := [name for name in value if name not in shape]:
        raise errors.API_INVALID_BODY(problem=f"Additional properties not allowed: {','.join(unknown)}")
    if missing := [name for name, wanted in shape.items() if wanted.required and name not in value]:
        raise errors.API_INVALID_BODY(problem=f"Missing required property: {missing[0]}")
    for name, each in value.items():
        if not shape[name].emulated:
            raise errors.NotEmulated(f"the property {name} in this body")
        _check(name, each, shape[name])
    return value


def _check(name: str, value: object, wanted: Property) -> None:
    if value is None and wanted.nullable:
        return
    found = type_name(value)
    if found != wanted.type:
        raise errors.API_INVALID_BODY(problem=f"Expected type {wanted.type} but found type {found} on property {name}")
    for each in value if isinstance(value, list) else [value]:
        found = type_name(each)
        if wanted.type == "array" and found != wanted.items:
            raise errors.API_INVALID_BODY(problem=f"Expected type {wanted.items} but found type {found} in {name}")
        if wanted.enum and each not in wanted.enum:
            raise errors.API_INVALID_BODY(problem=f"No enum match for: {each} on property {name}")


def strings(value: object) -> tuple[str, ...]:
    """Return an array of strings, each once, in its order; whatever else is in it is left out."""
    return tuple(dict.fromkeys(each for each in value if isinstance(each, str))) if isinstance(value, list) else ()


def type_name(value: object) -> str:
    """Return what JSON calls the type of a value."""
    names = {bool: "boolean", str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "null")


def without_null(item: Mapping[str, object]) -> dict[str, object]:
    """Return the members that there are: the Management API writes no null."""
    return {name: value for name, value in item.items() if value is not None}


def iso_date(seconds: float) -> str:
    """Return a time as the Management API writes it, such as `2027-01-15T08:00:00.000Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
