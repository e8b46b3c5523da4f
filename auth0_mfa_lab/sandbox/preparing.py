"""Enrolling the factors of a prepared user, confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auth0_mfa_lab.sandbox.guardian.phone import Phone
from auth0_mfa_lab.sandbox.mfa.enrollment import associate
from auth0_mfa_lab.sandbox.records import Channel, Login, Request, User
from auth0_mfa_lab.sandbox.tenant import Tenant

if TYPE_CHECKING:
    import httpx

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
    return Prepared(barcode_uri=begun.barcode_uri, recovery_code=begun.recovery_code, login=login)


def prepare_factor(tenant: Tenant, user: User, factor: str, *, client_id: str) -> Prepared:
    """Enroll one factor of FACTORS; a push is confirmed by its scan."""
    prepared = begin_factor(tenant, user, factor, client_id=client_id)
    if factor != "push":
        tenant.confirm(user.user_id, prepared.login.begun[-1])
        prepared.login.done, prepared.login.is_access_token = True, False
    return prepared


def enroll_factors(
    tenant: Tenant,
    user: User,
    factors: Sequence[str],
    *,
    client_id: str,
    phone: Phone | None,
    transport: httpx.BaseTransport,
) -> str | None:
    """Enroll these factors, in this order, and return the recovery code that the first one gave.

    `phone` scans what there is to scan, over `transport`; no code of it is used up.
    """
    import httpx

    codes: list[str | None] = []
    for factor in factors:
        prepared = prepare_factor(tenant, user, factor, client_id=client_id)
        codes.append(prepared.recovery_code)
        if prepared.barcode_uri is not None and phone is not None:
            # Not closed: closing the client would close the transport, which is everybody's.
            answer = phone.scan(prepared.barcode_uri, http=httpx.Client(transport=transport))
            if factor == "push" and (answer is None or not answer.is_success):
                raise RuntimeError(f"The phone could not enroll: {answer.status_code if answer else 'nothing sent'}")
        prepared.login.done, prepared.login.is_access_token = True, False
    return next((code for code in codes if code is not None), None)
