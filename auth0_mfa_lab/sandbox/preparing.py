"""Preparing a user: the factors that `add_user` is asked for, enrolled and confirmed before anybody looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from auth0_mfa_lab.sandbox.mfa.oob_codes import CODE_CHANNELS, OobCodes
from auth0_mfa_lab.sandbox.mfa.otp import Otp
from auth0_mfa_lab.sandbox.mfa.push import Push
from auth0_mfa_lab.sandbox.records import Login, Request, User
from auth0_mfa_lab.sandbox.tenant import Tenant

FACTORS = ("push", "otp", *CODE_CHANNELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A factor that was begun for a user: what its phone has to scan, and the recovery code that came with it.

    `push` is not confirmed before it is scanned; every other factor is.
    """

    barcode_uri: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)
    login: Login = field(repr=False)


def prepare_factor(tenant: Tenant, user: User, factor: str, *, client_id: str) -> Prepared:
    """Enroll one factor of FACTORS, in a login of its own that may enroll whatever is enrolled already."""
    login = tenant.begin_login(Request(client_id=client_id, user_id=user.user_id, audience=None, scope=()))
    login.is_access_token = login.is_prepared = True
    if factor == "push":
        push = Push(tenant).associate(login)
        return Prepared(barcode_uri=push.barcode_uri, recovery_code=push.recovery_code, login=login)
    barcode_uri: str | None = None
    if factor == "otp":
        otp = Otp(tenant).associate(login)
        barcode_uri, recovery_code = otp.barcode_uri, otp.recovery_code
    else:
        channel = next(one for one in CODE_CHANNELS if one == factor)
        address = user.email if channel == "email" else user.phone_number
        recovery_code = OobCodes(tenant).associate(login, channel, address, send=False).recovery_code
    tenant.confirm(user.user_id, login.begun[-1])
    login.done, login.is_access_token = True, False
    return Prepared(barcode_uri=barcode_uri, recovery_code=recovery_code, login=login)


def enroll_factors(
    tenant: Tenant, user: User, factors: Sequence[str], *, client_id: str
) -> tuple[str | None, list[str]]:
    """Enroll these factors, in this order; return the recovery code of the first one, and what a phone has to scan."""
    prepared = [prepare_factor(tenant, user, factor, client_id=client_id) for factor in factors]
    codes = (each.recovery_code for each in prepared if each.recovery_code is not None)
    return next(codes, None), [each.barcode_uri for each in prepared if each.barcode_uri is not None]
