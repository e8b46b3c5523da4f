"""Enrolling a factor: what an association lists and gives, and the phone that scans a push's ticket; pure state."""

from dataclasses import dataclass, field, replace
from urllib.parse import quote

from auth0_mfa_lab.sandbox.guardian.device_key import DeviceKey
from auth0_mfa_lab.sandbox.mfa.authenticators import masked_email, masked_number
from auth0_mfa_lab.sandbox.mfa.challenge import PERIOD, send_code
from auth0_mfa_lab.sandbox.mfa.factors import is_on, may_enroll, state_of
from auth0_mfa_lab.sandbox.records import (
    KIND_OF_CHANNEL,
    Authenticator,
    Channel,
    CodeChannel,
    Device,
    Login,
    PushService,
    Ticket,
)
from auth0_mfa_lab.sandbox.tenant import Tenant

PHONE: tuple[CodeChannel, ...] = ("sms", "voice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """What `/mfa/associate` tells of an enrollment; None where the factor has no such thing."""

    oob_code: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    barcode_uri: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)


def associate(
    tenant: Tenant, login: Login, channel: Channel | None, address: str = "", *, send: bool = True
) -> Association:
    """Begin an enrollment: it is listed, inactive, until it is confirmed (reference, section 3.2).

    `channel` is None for an OTP, `address` where a code goes; it is sent at once unless `send` is False.
    """
    name = "otp" if channel is None else KIND_OF_CHANNEL[channel]
    tenant.log("gd_start_enroll", f"Enrollment started: {name}.", user_id=login.request.user_id)
    label = tenant.barcode_label(tenant.users[login.request.user_id])
    if channel is None:
        secret = tenant.chance.base32(32)
        entry = Authenticator(id=f"totp|{tenant.chance.device_id()}", kind="totp", secret=secret)
        recovery_code = _begin(tenant, login, entry)
        issuer = quote(tenant.settings.name, safe="")
        uri = f"otpauth://totp/{label}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={PERIOD}"
        return Association(secret=secret, barcode_uri=uri, recovery_code=recovery_code)
    device_id = tenant.chance.device_id()
    if channel != "auth0":
        recovery_code = _begin(tenant, login, *address_entries(tenant, channel, address, device_id))
        transaction = tenant.transactions.begin_oob(
            login,
            purpose="enroll",
            device_id=device_id,
            channel=channel,
            code=tenant.codes.digits(6),
            address=address,
        )
        if send:
            send_code(tenant, transaction, channel)
        return Association(oob_code=transaction.oob_code, recovery_code=recovery_code)
    secret = tenant.chance.base32(32)
    push = Authenticator(id=f"push|{device_id}", kind="push", partner=f"totp|{tenant.chance.device_id()}")
    twin = Authenticator(id=push.partner or "", kind="totp", partner=push.id, secret=secret)
    recovery_code = _begin(tenant, login, push, twin)
    transaction = tenant.transactions.begin_oob(login, purpose="enroll", device_id=device_id)
    ticket = tenant.transactions.print_ticket(transaction, totp_secret=secret)
    uri = f"otpauth://totp/{label}?enrollment_tx_id={ticket.id}&base_url={quote(tenant.guardian_url, safe='')}"
    return Association(oob_code=transaction.oob_code, barcode_uri=uri, recovery_code=recovery_code)


def has_room(tenant: Tenant, user_id: str, channel: Channel | None) -> bool:
    """Tell whether a user has room for what an association lists, the recovery code that comes along included."""
    tenant.authenticators.forget_pending(user_id, now=tenant.clock.now())
    size = 1 if channel is None else 2 if channel == "auth0" else len(address_kinds(tenant, channel))
    return not tenant.authenticators.is_full(user_id, room=size + _brings_recovery_code(tenant, user_id))


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
    return ("email",) if channel == "email" else tuple(one for one in PHONE if one == channel or is_on(tenant, one))


def open_ticket(tenant: Tenant, ticket_id: str) -> Ticket | None:
    """Return a ticket that can still be scanned: not used, not expired, its factor on, its enrollment wanted.

    An mfa_token enrolls the first factor only: once there is one, its tickets are dead [guess], else a password alone
    could get past a factor that was confirmed meanwhile.
    """
    ticket = tenant.transactions.ticket(ticket_id)
    if ticket is None or state_of(tenant, ticket.transaction) != "pending":
        return None
    return ticket if may_enroll(tenant, ticket.transaction.login) else None


def enroll_device(
    tenant: Tenant,
    ticket: Ticket,
    *,
    identifier: str,
    name: str,
    service: PushService,
    push_token: str,
    key: DeviceKey,
) -> Device:
    """Enroll the phone that scanned this ticket: that confirms the authenticators and ends the poll."""
    transaction = ticket.transaction
    tenant.transactions.consume(ticket)
    device = Device(
        id=transaction.device_id,
        user_id=transaction.login.request.user_id,
        identifier=identifier,
        name=name,
        service=service,
        push_token=push_token,
        key=key,
        token=tenant.chance.base64url(64),
    )
    tenant.devices[device.id] = device
    tenant.confirm(device.user_id, transaction.authenticator_id, name=name)
    transaction.state = "approved"
    return device


def _begin(tenant: Tenant, login: Login, *entries: Authenticator) -> str | None:
    """List what an association begins, and give the code that comes with a user's first one (reference, 3.2)."""
    user_id, now = login.request.user_id, tenant.clock.now()
    needed = _brings_recovery_code(tenant, user_id)
    tenant.authenticators.add(user_id, *(replace(entry, created_at=now) for entry in entries))
    kept = (one for one in login.begun if tenant.authenticators.get(user_id, one))
    login.begun = [*kept, *(entry.id for entry in entries)]
    if not needed:
        return None
    code = tenant.chance.recovery_code()
    tenant.authenticators.add(user_id, recovery_entry(tenant, code))
    return code


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


def _brings_recovery_code(tenant: Tenant, user_id: str) -> bool:
    return is_on(tenant, "recovery-code") and tenant.authenticators.needs_recovery_code(user_id)
