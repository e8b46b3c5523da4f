"""One call of the Management API: its row of the table, what was asked for, how body and query are checked."""

from __future__ import annotations

import re
from base64 import b32decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.json_text import json_value, present, type_name
from auth0_mfa_lab.sandbox.mfa.authenticators import E164, EMAIL
from auth0_mfa_lab.sandbox.records import Client, User
from auth0_mfa_lab.sandbox.tenant import Tenant

PAGING = ("page", "per_page", "include_totals")
CHOICE = ("fields", "include_fields")
MOST_PER_PAGE, PER_PAGE = 100, 50
"""How many items a page may have, and how many it has unless the call says, which is a guess."""
LEAST_SECRET_BYTES = 14


def _is_secret(text: str) -> bool:
    """Tell whether a text is base32 of 112 bits or more: codes of less are not made here, Auth0's bound is a guess."""
    try:
        return len(b32decode(text + "=" * (-len(text) % 8))) >= LEAST_SECRET_BYTES
    except ValueError:
        return False


FORMS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "email": (EMAIL.fullmatch, "Object didn't pass validation for format email"),
    "phone_number": (E164.fullmatch, r"String does not match pattern ^\+[1-9][0-9]{1,14}$"),
    "totp_secret": (_is_secret, "String does not match pattern ^[A-Z2-7]{23,}$"),
}
"""What a string must be, and what is said of one that is not."""


class Property(NamedTuple):
    """What a property of a body may be: a string with a form of FORMS, or an array of `items`, of an `enum` both."""

    type: str = "string"
    required: bool = False
    enum: tuple[str, ...] = ()
    items: str = "string"
    nullable: bool = False
    form: str = ""


Shape = Mapping[str, Property]
TEXT, NEEDED, FLAG = Property(), Property(required=True), Property("boolean")


class Endpoint(NamedTuple):
    """One method of one path below `/api/v2`; any one of the scopes in `scope` opens it.

    `answer` returns the body, or None for a 204. Auth0 has `others` beside the properties of `body`. Without a `query`
    no parameter is looked at. `named` is the member that has the items of a page with totals, `evidence` the row of a
    success whose status or shape is a guess.
    """

    method: str
    path: str
    scope: str
    answer: Callable[[Call], object]
    body: Shape | None = None
    others: bool = False
    query: tuple[str, ...] = ()
    named: str = ""
    evidence: errors.EvidenceRow | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """One request with a token that is good for its path."""

    endpoint: Endpoint
    tenant: Tenant
    path: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes
    scopes: frozenset[str]

    def user(self) -> User:
        """Return the user whose id stands in the path. Raises API_USER_NOT_FOUND."""
        if user := self.tenant.users.get(self.path["id"]):
            return user
        raise errors.API_USER_NOT_FOUND()

    def client(self) -> Client:
        """Return the application whose id stands in the path. Raises API_CLIENT_NOT_FOUND."""
        if client := self.tenant.clients.get(self.path["id"]):
            return client
        raise errors.API_CLIENT_NOT_FOUND()

    def value(self) -> object:
        """Return the body, whatever JSON it is; none at all counts as an empty object. Raises API_NO_JSON."""
        try:
            return json_value(self.content) if self.content.strip() else {}
        except ValueError as problem:
            raise errors.API_NO_JSON() from problem

    def body(self) -> dict[str, Any]:
        """Return the body, an object of the endpoint's shape; that of a GET is not read. Raises API_INVALID_BODY."""
        value = {} if self.endpoint.method == "GET" else self.value()
        return checked(value, self.endpoint.body or {}, others=self.endpoint.others)

    def array(self) -> list[Any]:
        """Return the body, an array. Raises API_INVALID_BODY."""
        if isinstance(value := self.value(), list):
            return value
        raise errors.API_INVALID_BODY(problem=f"Expected type array but found type {type_name(value)}")

    def asked(self) -> object:
        """Return of the answer what the query asks for: some members, one page (9.3). Raises API_INVALID_QUERY."""
        body, allowed, is_included = self.endpoint.answer(self), self.endpoint.query, True
        if allowed and (unknown := [name for name in self.query if name not in allowed]):
            raise errors.API_INVALID_QUERY(problem=f"Additional properties not allowed: {','.join(unknown)}")
        names: set[str] = set()
        if "fields" in allowed:
            names = {name.strip() for name in self.query.get("fields", "").split(",") if name.strip()}
            is_included = self._is_true("include_fields", otherwise=True)
        items: list[Any] = []
        for item in body if isinstance(body, list) else [body]:
            known: Any = present(item) if isinstance(item, dict) else item
            if names:
                known = {name: value for name, value in known.items() if (name in names) == is_included}
            items.append(known)
        if not isinstance(body, list):
            return items[0]
        if "page" not in allowed:
            return items
        page, per_page = self._number("page", 0), self._number("per_page", PER_PAGE, most=MOST_PER_PAGE)
        limit = self._number("take", per_page, most=MOST_PER_PAGE)
        items = items[page * limit : (page + 1) * limit]
        if not self.endpoint.named or not self._is_true("include_totals", otherwise=False):
            return items
        total = {"total": len(body)} if body else {}
        return {self.endpoint.named: items, **total, "start": page * limit, "limit": limit}

    def _number(self, name: str, otherwise: int, *, most: int = 10**9) -> int:
        text = self.query.get(name, str(otherwise))
        if not re.fullmatch("[0-9]{1,9}", text):
            raise errors.API_INVALID_QUERY(problem=f"Expected type integer but found {text} on property {name}")
        if int(text) > most:
            raise errors.API_INVALID_QUERY(problem=f"Value {text} is greater than maximum {most} on property {name}")
        return int(text)

    def _is_true(self, name: str, *, otherwise: bool) -> bool:
        text = self.query.get(name, "true" if otherwise else "false")
        if text not in ("true", "false"):
            raise errors.API_INVALID_QUERY(problem=f"Expected type boolean but found {text} on property {name}")
        return text == "true"


def checked(value: object, shape: Shape, *, others: bool = False) -> dict[str, Any]:
    """Return an object of this shape. Raises API_INVALID_BODY, or NotEmulated for one of Auth0's `others`."""
    if not isinstance(value, dict):
        raise errors.API_INVALID_BODY(problem=f"Expected type object but found type {type_name(value)}")
    if not others and (unknown := [name for name in value if name not in shape]):
        raise errors.API_INVALID_BODY(problem=f"Additional properties not allowed: {','.join(unknown)}")
    if missing := [name for name, wanted in shape.items() if wanted.required and name not in value]:
        raise errors.API_INVALID_BODY(problem=f"Missing required property: {missing[0]}")
    for name, each in value.items():
        if name not in shape:
            raise errors.NotEmulated(f"the property {name} in this body")
        if problem := _problem(name, each, shape[name]):
            raise errors.API_INVALID_BODY(problem=problem)
    return value


def _problem(name: str, value: object, wanted: Property) -> str | None:
    """Return what is wrong with the value of a property, in Auth0's words."""
    if value is None and wanted.nullable:
        return None
    if (found := type_name(value)) != wanted.type:
        return f"Expected type {wanted.type} but found type {found} on property {name}"
    for each in value if isinstance(value, list) else [value]:
        if wanted.type == "array" and (found := type_name(each)) != wanted.items:
            return f"Expected type {wanted.items} but found type {found} in {name}"
        if wanted.enum and each not in wanted.enum:
            return f"No enum match for: {each} on property {name}"
    if wanted.form and not FORMS[wanted.form][0](str(value)):
        return f"{FORMS[wanted.form][1]} on property {name}"
    return None
