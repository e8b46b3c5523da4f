"""Preparing a user: the factors that `add_user` is asked for, enrolled and confirmed before anybody looks."""

from collections.abc import Sequence

import httpx

from auth0_mfa_lab.sandbox.oob_codes import CODE_CHANNELS, OobCodes
from auth0_mfa_lab.sandbox.otp import Otp
from auth0_mfa_lab.sandbox.phone import Phone
from auth0_mfa_lab.sandbox.push import Push
from auth0_mfa_lab.sandbox.records import Login, Request, User
from auth0_mfa_lab.sandbox.tenant import Tenant

FACTORS = ("push", "otp", *CODE_CHANNELS)


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

    `phone` scans what there is to scan, over `transport`; no code of it is used up. Each factor has a login of its own,
    which may enroll whatever is enrolled already and is closed at the end.
    """
    codes: list[str | None] = []
    for factor in factors:
        request = Request(client_id=client_id, user_id=user.user_id, audience=None, scope=())
        login = tenant.begin_login(request)
        login.is_access_token = True
        if factor == "push" and phone is not None:
            codes.append(_push(Push(tenant), login, phone, transport))
        elif factor == "otp":
            codes.append(_otp(tenant, login, phone))
        else:
            channel = next(one for one in CODE_CHANNELS if one == factor)
            address = user.email if channel == "email" else user.phone_number
            codes.append(OobCodes(tenant).associate(login, channel, address, send=False).recovery_code)
            tenant.confirm(user.user_id, login.begun[-1])
        login.done, login.is_access_token = True, False
    return next((code for code in codes if code is not None), None)


def _push(push: Push, login: Login, phone: Phone, transport: httpx.BaseTransport) -> str | None:
    association = push.associate(login)
    # Not closed: closing the client would close the transport, which is everybody's.
    answer = phone.scan(association.barcode_uri, http=httpx.Client(transport=transport))
    if answer is None or not answer.is_success:
        raise RuntimeError(f"The phone could not enroll: {answer.status_code if answer else 'nothing was sent'}")
    return association.recovery_code


def _otp(tenant: Tenant, login: Login, phone: Phone | None) -> str | None:
    association = Otp(tenant).associate(login)
    if phone is not None:
        phone.scan(association.barcode_uri)
    tenant.confirm(login.request.user_id, login.begun[-1])
    return association.recovery_code
