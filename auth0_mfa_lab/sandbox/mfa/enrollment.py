"""Enrolling a factor: what an association lists and gives; pure state."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from auth0_mfa_lab.sandbox.mfa.authenticators import masked_email, masked_number
from auth0_mfa_lab.sandbox.mfa.challenge import PERIOD, send_code
from auth0_mfa_lab.sandbox.mfa.factors import is_on
from auth0_mfa_lab.sandbox.records import KIND_OF_CHANNEL, Authenticator, Channel, CodeChannel, Login, Ticket
from auth0_mfa_lab.sandbox.tenant import Tenant


def associate(
    tenant: Tenant, login: Login, channel: Channel | None, address: str = "", *, send: bool = True
) -> dict[str, Any]:
    """Begin an enrollment: it is listed, inactive, until it is confirmed (reference, section 3.2).

    `channel` is None for an OTP, `address` where a code goes; it is sent at once unless `send` is False. Returns what
    `/mfa/associate` answers; `recovery_codes` stands in that to a user's first one only.
    """
    user_id, now, chance = login.request.user_id, tenant.clock.now(), tenant.chance
    name = "otp" if channel is None else KIND_OF_CHANNEL[channel]
    tenant.log("gd_start_enroll", f"Enrollment started: {name}.", user_id=user_id)
    device_id = chance.device_id() if channel else ""
    secret = "" if channel and channel != "auth0" else chance.base32(32)
    if channel is None:
        entries: tuple[Authenticator, ...] = (
            Authenticator(id=f"totp|{chance.device_id()}", kind="totp", secret=secret),
        )
    elif channel == "auth0":
        push, twin = f"push|{device_id}", f"totp|{chance.device_id()}"
        entries = (
            Authenticator(id=push, kind="push", partner=twin),
            Authenticator(id=twin, kind="totp", partner=push, secret=secret),
        )
    else:
        entries = address_entries(tenant, channel, address, device_id)
    needs_code = _needs_recovery_code(tenant, user_id)
    tenant.authenticators.add(user_id, *(replace(entry, created_at=now) for entry in entries))
    kept = (one for one in login.begun if tenant.authenticators.get(user_id, one))
    login.begun = [*kept, *(entry.id for entry in entries)]
    codes = {}
    if needs_code:
        codes = {"recovery_codes": [chance.recovery_code()]}
        tenant.authenticators.add(user_id, recovery_entry(tenant, codes["recovery_codes"][0]))
    uri = f"otpauth://totp/{tenant.barcode_label(tenant.users[user_id])}"
    if channel is None:
        issuer = quote(tenant.settings.name, safe="")
        uri = f"{uri}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={PERIOD}"
        return {"authenticator_type": "otp", "secret": secret, "barcode_uri": uri, **codes}
    code = "" if channel == "auth0" else tenant.codes.digits(6)
    transaction = tenant.transactions.begin_oob(
        login, purpose="enroll", device_id=device_id, channel=channel, code=code, address=address
    )
    oob = {**codes, tenant.settings.switches["oob_channel_key"]: channel, "oob_code": transaction.oob_code}
    if channel == "auth0":
        ticket = Ticket(id=chance.alnum(32), transaction=transaction, totp_secret=secret)
        tenant.transactions.tickets[ticket.id] = ticket
        uri = f"{uri}?enrollment_tx_id={ticket.id}&base_url={quote(tenant.guardian_url, safe='')}"
        return {"authenticator_type": "oob", **oob, "barcode_uri": uri}
    if send:
        send_code(tenant, transaction, channel)
    return {"authenticator_type": "oob", "binding_method": "prompt", **oob}


def has_room(tenant: Tenant, user_id: str, channel: Channel | None) -> bool:
    """Tell whether a user has room for what an association lists, the recovery code that comes along included."""
    tenant.authenticators.forget_pending(user_id, now=tenant.clock.now())
    size = 1 if channel is None else 2 if channel == "auth0" else len(address_kinds(tenant, channel))
    return not tenant.authenticators.is_full(user_id, room=size + _needs_recovery_code(tenant, user_id))


def _needs_recovery_code(tenant: Tenant, user_id: str) -> bool:
    """Tell whether this user has none yet: it comes with the first association only (reference, 3.2)."""
    entries = tenant.authenticators.of(user_id)
    return is_on(tenant, "recovery-code") and all(entry.kind != "recovery-code" for entry in entries)


def address_entries(tenant: Tenant, channel: CodeChannel, address: str, device_id: str) -> tuple[Authenticator, ...]:
    """Return what enrolling an address lists: where both SMS and voice are on, both for one number."""
    kinds = address_kinds(tenant, channel)
    return tuple(
        Authenticator(
            id=f"{kind}|{device_id}",
            kind=kind,
            name=masked_email(address) if kind == "email" else masked_number(address),
            address=address,
            partner=next((f"{other}|{device_id}" for other in kinds if other != kind), None),
        )
        for kind in kinds
    )


def address_kinds(tenant: Tenant, channel: CodeChannel) -> tuple[CodeChannel, ...]:
    """Return the kinds that an address is enrolled for: what was asked for, and what of a phone is on beside it."""
    by_phone: tuple[CodeChannel, ...] = ("sms", "voice")
    return ("email",) if channel == "email" else tuple(one for one in by_phone if one == channel or is_on(tenant, one))


def recovery_entry(tenant: Tenant, code: str, *, active: bool = False) -> Authenticator:
    """Return the entry of a new recovery code."""
    now = tenant.clock.now()
    return Authenticator(
        id=f"recovery-code|{tenant.chance.device_id()}",
        kind="recovery-code",
        active=active,
        secret=code,
        created_at=now,
        enrolled_at=now if active else None,
    )
