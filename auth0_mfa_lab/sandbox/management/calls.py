"""One call of the Management API as a value: what was asked for, how its body is checked, and what is answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.json_text import json_value

Type = Literal["string", "boolean", "array", "object"]
Items = Literal["string", "object"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """What one property of a body may be; `enum` is for a string, or for each of the `items` of an array.

    One that Auth0 has and the sandbox does not keep is not `kept`: naming it is a 501. A `nullable` one may be null.
    """

    type: Type = "string"
    required: bool = False
    enum: tuple[str, ...] = ()
    items: Items = "string"
    kept: bool = True
    nullable: bool = False


Shape = Mapping[str, Property]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request with a token that is good for its path."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes = field(repr=False)
    client_id: str
    scopes: frozenset[str]

    def fields(self, shape: Shape) -> dict[str, object]:
        """Return the body, an object of this shape; the Management API refuses what it does not know (decision 11)."""
        return checked_object(self.value(), shape)

    def value(self) -> object:
        """Return the body, whatever JSON it is; none at all counts as an empty object."""
        if not self.content.strip():
            return {}
        try:
            return json_value(self.content)
        except ValueError as problem:
            raise errors.API_NO_JSON() from problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A success; `evidence` is its row where its status or its shape is a guess."""

    body: object = None
    status: int = 200
    evidence: errors.EvidenceRow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One verb of one path below `/api/v2`; any one of its `scopes` opens it."""

    method: str
    path: str
    scopes: tuple[str, ...]
    answer: Callable[[Call], Reply]


def checked_object(value: object, shape: Shape) -> dict[str, object]:
    """Return an object of this shape. Raises API_INVALID_BODY, or NotEmulated for a property that is not kept."""
    if not isinstance(value, dict):
        raise errors.API_INVALID_BODY(problem=f"Expected type object but found type {type_name(value)}")
    if unknown := [name for name in value if name not in shape]:
        raise errors.API_INVALID_BODY(problem=f"Additional properties not allowed: {','.join(unknown)}")
    if missing := [name for name, wanted in shape.items() if wanted.required and name not in value]:
        raise errors.API_INVALID_BODY(problem=f"Missing required property: {missing[0]}")
    for name, each in value.items():
        if not shape[name].kept:
            raise errors.NotEmulated(f"the property {name} in this body")
        _check(name, each, shape[name])
    return value


def strings(value: object) -> tuple[str, ...]:
    """Return an array of strings, each once, in its order; whatever else is in it is left out."""
    return tuple(dict.fromkeys(each for each in value if isinstance(each, str))) if isinstance(value, list) else ()


def type_name(value: object) -> str:
    """Return what JSON calls the type of a value."""
    names = {bool: "boolean", str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _check(name: str, value: object, wanted: Property) -> None:
    if value is None and wanted.nullable:
        return
    if type_name(value) != wanted.type:
        raise errors.API_INVALID_BODY(
            problem=f"Expected type {wanted.type} but found type {type_name(value)} on property {name}"
        )
    for each in value if isinstance(value, list) else [value]:
        if wanted.type == "array" and type_name(each) != wanted.items:
            raise errors.API_INVALID_BODY(
                problem=f"Expected type {wanted.items} but found type {type_name(each)} in {name}"
            )
        if wanted.enum and each not in wanted.enum:
            raise errors.API_INVALID_BODY(problem=f"No enum match for: {each} on property {name}")
