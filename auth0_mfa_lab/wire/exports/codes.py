"""Where a code comes from that no answer brings: the inbox of an address, or what the phone shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from auth0_mfa_lab.wire.exchange import Exchange, plain_data
from auth0_mfa_lab.wire.exports.flow import answered
from auth0_mfa_lab.wire.exports.known import person_variable
from auth0_mfa_lab.wire.exports.names import Names
from auth0_mfa_lab.wire.exports.texts import Ref, Text

CODES = ("binding_code", "otp", "code")
"""The kinds of what a person reads somewhere and types."""


def source_of(exchange: Exchange, before: Sequence[Exchange], names: Names) -> tuple[str, Text | None]:
    """Return what a code in a request is for, and the address that it was sent to; `otp` has none: the phone shows it.

    `before` are the exchanges up to this one.
    """
    fields = _fields(exchange)
    if str(fields.get("grant_type")).endswith("/passwordless/otp"):
        address = str(fields.get("username", ""))
        return "passwordless", names.text(address, "email" if "@" in address else "phone_number")
    if "oob_code" not in fields:
        return "otp", None
    return "mfa", _address(fields["oob_code"], before, names)


def _address(oob_code: Any, before: Sequence[Exchange], names: Names) -> Text:
    """Return the address that an out-of-band code went to: the one that its user enrolled last, or the user's own."""
    sender = next((each for each in before if _brought(each, oob_code)), None)
    field = "email" if sender is not None and _goes_by_email(sender) else "phone_number"
    user = _user(sender, before) if sender is not None else None
    enrolling = [each for each in before if sender is not None and each.number <= sender.number]
    enrolled = [_fields(each).get(field) for each in enrolling if _user(each, before) == user]
    address = next((each for each in reversed(enrolled) if isinstance(each, str) and each), None)
    if address is not None:
        return names.text(address, field)
    people = enumerate(names.known.people, 1)
    number = next((number for number, person in people if person.values.get("username") == user), 1)
    return (Ref(person_variable(field, number)),)


def _brought(exchange: Exchange, value: Any) -> bool:
    return any(leaf.value == value for leaf in answered(exchange))


def _user(exchange: Exchange, before: Sequence[Exchange]) -> str | None:
    """Return the username of whoever a request is for: its own, or that of the login that brought its token."""
    fields = _fields(exchange)
    bearer = str(exchange.request.header("authorization") or "").partition(" ")[2]
    token = fields.get("mfa_token") or bearer
    if fields.get("username") or not token:
        return fields.get("username")
    earlier = [each for each in before if each.number < exchange.number]
    login = next((each for each in earlier if _brought(each, token)), None)
    return _user(login, earlier) if login is not None else None


def _goes_by_email(sender: Exchange) -> bool:
    return any(
        each == "email" or each.startswith("email|")
        for each in (*_strings(_fields(sender)), *(leaf.value for leaf in answered(sender)))
    )


def _strings(fields: dict[str, Any]) -> Iterator[str]:
    for name in ("oob_channels", "authenticator_id"):
        value = fields.get(name)
        yield from (str(each) for each in (value if isinstance(value, list) else [value]))


def _fields(exchange: Exchange) -> dict[str, Any]:
    data = plain_data(exchange.request)
    return data if isinstance(data, dict) else {}
