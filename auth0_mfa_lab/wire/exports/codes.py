"""Where a code comes from that no answer brings: the inbox of an address, or what the phone shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from auth0_mfa_lab.wire.exchange import Exchange, plain_data
from auth0_mfa_lab.wire.exports.flow import answered
from auth0_mfa_lab.wire.exports.names import Names
from auth0_mfa_lab.wire.exports.texts import Ref, Text

CODES = ("binding_code", "otp", "code")
"""The kinds of what a person reads somewhere and types."""

_BY_PHONE = Ref("AUTH0_PHONE_NUMBER")
_BY_EMAIL = Ref("AUTH0_EMAIL")


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
    """Return the address that an out-of-band code went to: the one that was enrolled last, for such a channel."""
    sender = next((each for each in before if oob_code in (leaf.value for leaf in answered(each))), None)
    if sender is None:
        return (_BY_PHONE,)
    field = "email" if _goes_by_email(sender) else "phone_number"
    enrolled = [_fields(each).get(field) for each in before if each.number <= sender.number]
    address = next((each for each in reversed(enrolled) if isinstance(each, str) and each), None)
    if address is not None:
        return names.text(address, field)
    return (_BY_EMAIL if field == "email" else _BY_PHONE,)


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
