"""What paths of the Management API share: the parameters that each knows, pages, a choice of members, dates."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from auth0_mfa_lab.sandbox import errors

PAGING = ("page", "per_page", "include_totals")
CHOICE = ("fields", "include_fields")
MOST_PER_PAGE = 100
PER_PAGE = 50
"""How many items a page has when nobody says: a guess."""


def must_be_known(query: Mapping[str, str], known: Sequence[str]) -> None:
    """Refuse a parameter that the path does not have. Raises API_INVALID_QUERY."""
    if unknown := [name for name in query if name not in known]:
        raise errors.API_INVALID_QUERY(problem=f"Additional properties not allowed: {','.join(unknown)}")


def number(query: Mapping[str, str], name: str, otherwise: int, *, most: int | None = None) -> int:
    """Return a parameter that is a number from 0 on. Raises API_INVALID_QUERY."""
    text = query.get(name, str(otherwise))
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise errors.API_INVALID_QUERY(problem=f"Expected type integer but found {text} on property {name}")
    if most is not None and int(text) > most:
        raise errors.API_INVALID_QUERY(problem=f"Value {text} is greater than maximum {most} on property {name}")
    return int(text)


def is_true(query: Mapping[str, str], name: str, *, otherwise: bool) -> bool:
    """Return a parameter that is `true` or `false`. Raises API_INVALID_QUERY."""
    text = query.get(name, "true" if otherwise else "false")
    if text not in ("true", "false"):
        raise errors.API_INVALID_QUERY(problem=f"Expected type boolean but found {text} on property {name}")
    return text == "true"


def page_of(query: Mapping[str, str], items: Sequence[dict[str, object]], *, named: str) -> object:
    """Return one page: an array, or with `include_totals` an object that has it under this name (reference, 9.3).

    There `total` is missing when nothing is listed.
    """
    page, limit = number(query, "page", 0), number(query, "per_page", PER_PAGE, most=MOST_PER_PAGE)
    shown = list(items[page * limit : (page + 1) * limit])
    if not is_true(query, "include_totals", otherwise=False):
        return shown
    total = {"total": len(items)} if items else {}
    return {named: shown, **total, "start": page * limit, "limit": limit}


def chosen(query: Mapping[str, str], item: Mapping[str, object]) -> dict[str, object]:
    """Return the members that `fields` names, or with `include_fields=false` all others."""
    names = {name.strip() for name in query.get("fields", "").split(",") if name.strip()}
    included = is_true(query, "include_fields", otherwise=True)
    return {name: value for name, value in item.items() if not names or (name in names) == included}


def iso_date(seconds: float) -> str:
    """Return a time as the Management API writes it, such as `2027-01-15T08:00:00.000Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
