"""Authenticators as the Management API shows them: SMS and voice of a number are one method (reference, 9.3); pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from auth0_mfa_lab.sandbox.management.calls import iso_date, without_null
from auth0_mfa_lab.sandbox.mfa.authenticators import masked_email, masked_number
from auth0_mfa_lab.sandbox.mfa.factors import TYPE_OF
from auth0_mfa_lab.sandbox.records import Authenticator, Device, MethodLabel

METHOD_TYPES = {"sms": "phone", "voice": "phone"}
AUTH_METHODS = {"push": "guardian", "totp": "authenticator", "sms": "sms", "voice": "sms", "email": "email"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method of a user: an authenticator, or the two of one number."""

    id: str
    type: str
    entries: tuple[Authenticator, ...]

    @property
    def first(self) -> Authenticator:
        return self.entries[0]

    @property
    def device_id(self) -> str:
        """The id of the enrollment: that of the method, bare."""
        return self.id.rpartition("|")[2]

    @property
    def last_auth_at(self) -> float | None:
        """When one of its authenticators last ended a login, in epoch seconds."""
        return max((entry.last_auth_at for entry in self.entries if entry.last_auth_at is not None), default=None)


def methods_of(entries: Iterable[Authenticator]) -> tuple[Method, ...]:
    """Return the methods that a list of authenticators makes; unconfirmed ones are not shown (reference, 9.3)."""
    grouped: dict[str, list[Authenticator]] = {}
    for entry in entries:
        if entry.active:
            method_type = METHOD_TYPES.get(entry.kind, entry.kind)
            grouped.setdefault(f"{method_type}|{entry.id.rpartition('|')[2]}", []).append(entry)
    return tuple(Method(id=name, type=name.partition("|")[0], entries=tuple(each)) for name, each in grouped.items())


def enrollments_of(entries: Iterable[Authenticator]) -> tuple[Method, ...]:
    """Return what counts as an enrollment: the codes of a Guardian app belong to its push, a recovery code is none."""
    return tuple(
        one
        for one in methods_of(entries)
        if one.type != "recovery-code" and not (one.type == "totp" and one.first.partner is not None)
    )


def method_item(
    method: Method, label: MethodLabel, *, masked: bool = True, confirmed: bool = True
) -> dict[str, object]:
    """Return a method as the API writes it, without what it does not have."""
    first, is_phone = method.first, method.type == "phone"
    item = {
        "id": method.id,
        "type": method.type,
        "confirmed": True if confirmed else None,
        "name": label.name or (first.name if method.type == "push" else None),
        "phone_number": _address(first, masked) if is_phone else None,
        "email": _address(first, masked) if method.type == "email" else None,
        "preferred_authentication_method": label.preferred if is_phone else None,
        "authentication_methods": [{"id": each.id, "type": each.kind} for each in method.entries] if is_phone else None,
        "created_at": iso_date(first.created_at),
        "enrolled_at": _date(first.enrolled_at),
        "last_auth_at": _date(method.last_auth_at),
    }
    return without_null(item)


def enrollment_item(method: Method, device: Device | None) -> dict[str, object]:
    """Return one enrollment with all that any path tells of it; `device` is the phone of a push."""
    first = method.first
    item = {
        "id": method.device_id,
        "status": "confirmed",
        "type": TYPE_OF[first.kind],
        "name": device.name if device else first.name,
        "identifier": device.identifier if device else None,
        "phone_number": _address(first, True) if method.type == "phone" else None,
        "auth_method": AUTH_METHODS[first.kind],
        "enrolled_at": _date(first.enrolled_at),
        "last_auth": _date(method.last_auth_at),
    }
    return without_null(item)


def _address(entry: Authenticator, masked: bool) -> str:
    address = entry.address or ""
    if not masked:
        return address
    return masked_email(address) if entry.kind == "email" else masked_number(address)


def _date(seconds: float | None) -> str | None:
    return None if seconds is None else iso_date(seconds)
