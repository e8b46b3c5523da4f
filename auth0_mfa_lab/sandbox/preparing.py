"""Enrolling the factors of a prepared user, confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from auth0_mfa_lab.sandbox.mfa.enrollment import associate
from auth0_mfa_lab.sandbox.records import Channel, Login, Request, User
from auth0_mfa_lab.sandbox.tenant import Tenant

CHANNELS: Mapping[str, Channel | None] = {
    "push": "auth0",
    "otp": None,
    "sms": "sms",
    "voice": "voice",
    "email": "email",
}
"""The channel of each factor that a user can be prepared with; an OTP has none."""
FACTORS = tuple(CHANNELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A factor that was begun for a user: what its phone has to scan, and the recovery code that came with it.

    `push` is not confirmed before it is scanned; every other factor is.
    """

    barcode_uri: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)
    login: Login = field(repr=False)


def begin_factor(tenant: Tenant, user: User, factor: str, *, client_id: str) -> Prepared:
    """Begin to enroll one factor of FACTORS, in a login of its own that may enroll beside what is enrolled."""
    login = tenant.begin_login(Request(client_id=client_id, user_id=user.user_id, audience=None, scope=()))
    login.is_access_token = login.is_prepared = True
    address = user.email if factor == "email" else user.phone_number
    begun = associate(tenant, login, CHANNELS[factor], address, send=False)
    uri, codes = begun.get("barcode_uri"), begun.get("recovery_codes")
    return Prepared(
        barcode_uri=str(uri) if uri else None, recovery_code=codes[0] if isinstance(codes, list) else None, login=login
    )


def prepare_factor(tenant: Tenant, user: User, factor: str, *, client_id: str) -> Prepared:
    """Enroll one factor of FACTORS; a push is confirmed by its scan."""
    prepared = begin_factor(tenant, user, factor, client_id=client_id)
    if factor != "push":
        tenant.confirm(user.user_id, prepared.login.begun[-1])
        prepared.login.done, prepared.login.is_access_token = True, False
    return prepared


def enroll_factors(
    tenant: Tenant, user: User, factors: Sequence[str], *, client_id: str
) -> tuple[str | None, list[str]]:
    """Enroll these factors, in this order; return the recovery code of the first one, and what a phone has to scan."""
    prepared = [prepare_factor(tenant, user, factor, client_id=client_id) for factor in factors]
    codes = (each.recovery_code for each in prepared if each.recovery_code is not None)
    return next(codes, None), [each.barcode_uri for each in prepared if each.barcode_uri is not None]
