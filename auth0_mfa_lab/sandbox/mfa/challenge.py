"""Challenging a factor, what is sent for it, and the codes that come back; pure state."""

from base64 import b32decode
from collections.abc import Mapping
from hmac import compare_digest, digest

import pyotp

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.delivery import Message
from auth0_mfa_lab.sandbox.guardian.payloads import push_payload
from auth0_mfa_lab.sandbox.limits import LimitName
from auth0_mfa_lab.sandbox.mfa.factors import is_on, may_enroll, usable
from auth0_mfa_lab.sandbox.mfa.transactions import OOB_CODE_LIFETIME
from auth0_mfa_lab.sandbox.records import CHANNEL_OF, Authenticator, Channel, CodeChannel, Login, OobTransaction
from auth0_mfa_lab.sandbox.tenant import Tenant

PERIOD = 30
"""Seconds per OTP (the guardian reference, section 9)."""
TEXTS: Mapping[CodeChannel, str] = {
    "sms": "{code} is your verification code for {tenant}.",
    "voice": "Hello. Your verification code for {tenant} is {code}. Again: {code}.",
    "email": "Your verification code for {tenant} is {code}.",
}
ALLOWANCES: Mapping[Channel, tuple[LimitName, errors.EvidenceRow]] = {
    "auth0": ("pushes", errors.TOO_MANY_PUSHES),
    "sms": ("sms", errors.TOO_MANY_SMS),
    "voice": ("voice", errors.TOO_MANY_CALLS),
    "email": ("emails", errors.TOO_MANY_EMAILS),
}


def take_to_send(tenant: Tenant, channel: Channel, user_id: str) -> dict[str, str]:
    """Take one from the user's bucket, and return its headers; that `/mfa/*` sends them is a guess.

    Raises TOO_MANY_SMS and the like, before anything has changed (reference, sections 3.3 and 11).
    """
    name, refusal = ALLOWANCES[channel]
    bucket = tenant.limits.bucket(name, user_id)
    if not bucket.take(tenant.clock.now()):
        raise refusal(headers=bucket.headers())
    return bucket.headers()


def challenge(tenant: Tenant, login: Login, entry: Authenticator) -> OobTransaction:
    """Send a new push or code; the login's older one of that channel is superseded, if it is still pending [guess]."""
    channel = CHANNEL_OF[entry.kind]
    transaction = tenant.transactions.begin_oob(
        login,
        purpose="login",
        device_id=entry.id.partition("|")[2],
        channel=channel,
        code="" if channel == "auth0" else tenant.codes.digits(6),
        address=entry.address or "",
    )
    older = login.newest.get(channel)
    if older is not None and older.state == "pending":
        older.state = "superseded"
    login.newest[channel] = transaction
    tenant.log("gd_start_auth", f"Second factor started: {entry.kind}.", user_id=login.request.user_id)
    if channel == "auth0":
        _send_push(tenant, transaction)
    else:
        send_code(tenant, transaction, channel)
    return transaction


def send_code(tenant: Tenant, transaction: OobTransaction, channel: CodeChannel) -> None:
    """Send the code of a transaction to its address."""
    tenant.delivery.message(
        Message(
            address=transaction.address,
            channel=channel,
            purpose="mfa",
            code=transaction.code,
            text=TEXTS[channel].format(code=transaction.code, tenant=tenant.settings.name),
            sent_at=tenant.clock.now(),
        )
    )
    tenant.log(f"gd_send_{channel}", f"A code was sent: {channel}.", user_id=transaction.login.request.user_id)


def _send_push(tenant: Tenant, transaction: OobTransaction) -> None:
    """Send a push to the phone of a transaction.

    Through another provider than Guardian's nothing reaches Guardian's app: the log says so, and the poll stays
    pending [guess] (reference, section 10).
    """
    device, provider = tenant.devices[transaction.device_id], tenant.settings.push_provider
    if provider != "guardian":
        tenant.log("gd_send_pn_failure", f"The push could not be sent through {provider}.", user_id=device.user_id)
        return
    txtkn = tenant.tokens.transaction_token(user_id=device.user_id, txid=transaction.txid, lifetime=OOB_CODE_LIFETIME)
    payload = push_payload(device=device, transaction=transaction, txtkn=txtkn, host=tenant.domain)
    tenant.delivery.push(service=device.service, token=device.push_token, payload=payload)
    tenant.log("gd_send_pn", "A push was sent.", user_id=device.user_id)


def otp_candidates(tenant: Tenant, login: Login) -> tuple[Authenticator, ...]:
    """Return the entries whose code this login may show: confirmed ones, or those that it began and may confirm.

    The twin of a push is never among the latter: the scan confirms it. Nor is anything while the factor is off.
    """
    user_id = login.request.user_id
    if not may_enroll(tenant, login):
        return tuple(entry for entry in usable(tenant, user_id, but=login.spent) if entry.kind == "totp")
    begun = [tenant.authenticators.get(user_id, one) for one in login.begun if is_on(tenant, "totp")]
    return tuple(entry for entry in begun if entry and entry.kind == "totp" and not entry.active and not entry.partner)


def use_otp(tenant: Tenant, user_id: str, entry: Authenticator, code: str) -> bool:
    """Tell whether a code is an entry's: then its step is used up, and the entry confirmed if it was not.

    The step before counts as well, the next one does not (the guardian reference, section 9), nor what was used.
    """
    secret, current = entry.secret or "", int(tenant.clock.now()) // PERIOD
    key, totp = step_key(user_id, secret), pyotp.TOTP(secret)
    newest = tenant.otp_steps.get(key, -1)
    for step in (current, max(current - 1, 0)):
        if step > newest and compare_digest(totp.generate_otp(step).encode(), code.encode()):
            tenant.otp_steps[key] = step
            if not entry.active:
                tenant.confirm(user_id, entry.id)
            return True
    return False


def step_key(user_id: str, secret: str) -> str:
    """Return the key of a user's used steps, the same for all base32 spellings of a secret that make the same codes.

    A secret may stand in several entries of a user.
    """
    raw = b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    return f"{user_id} {digest(raw, b'', 'sha1').hex()}"


def recovery_of(tenant: Tenant, user_id: str) -> Authenticator | None:
    """Return the entry of a user's recovery code, once a factor is confirmed and while the tenant's is on."""
    active = tenant.authenticators.active_of(user_id) if is_on(tenant, "recovery-code") else ()
    return next((entry for entry in active if entry.kind == "recovery-code"), None)
