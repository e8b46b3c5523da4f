"""Factors: which are on, whom a request belongs to, how one is enrolled, challenged and used (sections 2 to 6)."""

from collections.abc import Mapping
from dataclasses import replace
from hmac import compare_digest, digest
from typing import Any, Literal
from urllib.parse import quote

import pyotp

from auth0_mfa_lab.sandbox import errors, records
from auth0_mfa_lab.sandbox.delivery import Message, in_form
from auth0_mfa_lab.sandbox.limits import LimitName
from auth0_mfa_lab.sandbox.mfa.authenticators import masked_email, masked_number
from auth0_mfa_lab.sandbox.oauth.tokens import OOB_CODE_CIPHERTEXT, iso_date
from auth0_mfa_lab.sandbox.records import CHANNEL_OF, KIND_OF_CHANNEL, Authenticator, Kind, Login, OobTransaction
from auth0_mfa_lab.sandbox.settings import Factor
from auth0_mfa_lab.sandbox.tenant import MFA_PATH, Tenant

FACTOR_OF: Mapping[Kind, Factor] = {
    "push": "push-notification",
    "totp": "otp",
    "sms": "sms",
    "voice": "sms",
    "email": "email",
    "recovery-code": "recovery-code",
}
TYPE_OF: Mapping[Kind, str] = {**FACTOR_OF, "sms": "phone", "voice": "phone"}
"""What Customizable MFA calls each kind (reference, sections 1.3 and 4.1)."""
BESIDES: frozenset[Factor] = frozenset({"email", "recovery-code"})
"""What does not count as having a factor (reference, section 2)."""
ENROLL_TYPES = ("otp", "phone", "push-notification")
OOB_CODE_LIFETIME = 300
PERIOD = 30
"""Seconds per OTP (the guardian reference, section 9)."""
TEXTS: Mapping[records.Channel, str] = {
    "sms": "{code} is your verification code for {tenant}.",
    "voice": "Hello. Your verification code for {tenant} is {code}. Again: {code}.",
    "email": "Your verification code for {tenant} is {code}.",
}
SOURCE = {"b": {"n": "Firefox", "v": "128.0"}, "os": {"n": "Linux", "v": "6.1"}}
LOCATION = {"n": "Oslo, Norway", "lat": "59.91273", "long": "10.74609"}
"""Where a login comes from is invented: an API client sends neither."""
ALLOWANCES: Mapping[Kind, tuple[LimitName, errors.EvidenceRow]] = {
    "push": ("pushes", errors.TOO_MANY_PUSHES),
    "sms": ("sms", errors.TOO_MANY_SMS),
    "voice": ("voice", errors.TOO_MANY_CALLS),
    "email": ("emails", errors.TOO_MANY_EMAILS),
}


# -- whose login a request belongs to


def login_of_bearer(tenant: Tenant, token: str, *, scope: str, mfa_token_does: bool = True) -> Login:
    """Return the login of a bearer: an mfa_token, where that does, or a living MFA access token that has `scope`.

    Raises NO_BEARER, INVALID_BEARER, INVALID_BEARER_TO_DELETE, EXPIRED_MFA_TOKEN, INSUFFICIENT_SCOPE.
    """
    if not token:
        raise errors.NO_BEARER()
    login = _login_of_mfa_token(tenant, token) if mfa_token_does else None
    if login is not None:
        return login
    access = tenant.access_login(token)
    if access is None or tenant.clock.now() >= access.expires:
        raise errors.INVALID_BEARER() if mfa_token_does else errors.INVALID_BEARER_TO_DELETE()
    if scope not in access.request.scope:
        raise errors.INSUFFICIENT_SCOPE(scope=scope)
    return access


def login_of_body(tenant: Tenant, mfa_token: str, client: records.Client, *, confirms: bool = False) -> Login:
    """Return the login of an mfa_token in a body; with `confirms`, an MFA access token with `enroll` does, too.

    Raises MALFORMED_MFA_TOKEN, EXPIRED_MFA_TOKEN, WRONG_CLIENT, INSUFFICIENT_SCOPE, in this order (reference, 13.2).
    """
    login = _login_of_mfa_token(tenant, mfa_token)
    if login is None and confirms:
        login = tenant.access_login(mfa_token)
    if login is None:
        raise errors.MALFORMED_MFA_TOKEN()
    if login.is_access_token and tenant.clock.now() >= login.expires:
        raise errors.EXPIRED_MFA_TOKEN()
    if login.request.client_id != client.client_id:
        raise errors.WRONG_CLIENT()
    if login.is_access_token and "enroll" not in login.request.scope:
        raise errors.INSUFFICIENT_SCOPE(scope="enroll")
    return login


def _login_of_mfa_token(tenant: Tenant, mfa_token: str) -> Login | None:
    """Return the login behind an mfa_token; that of a user who was deleted meanwhile is none [guess]."""
    login = tenant.transactions.logins.get(mfa_token)
    if login is None or login.request.user_id not in tenant.users:
        return None
    if tenant.clock.now() >= login.expires or not tenant.is_current(login.request):
        raise errors.EXPIRED_MFA_TOKEN()
    return login


# -- what the tenant's settings mean


def is_on(tenant: Tenant, kind: Kind) -> bool:
    """Tell whether a kind can be enrolled and used (reference, section 10)."""
    settings = tenant.settings
    if FACTOR_OF[kind] not in settings.factors:
        return False
    if kind == "sms" or kind == "voice":
        return kind in settings.message_types
    return kind != "email" or bool(settings.factors - BESIDES)


def listed(tenant: Tenant, user_id: str) -> tuple[Authenticator, ...]:
    """Return what `/mfa/authenticators` lists: what was enrolled, and a verified email address unasked.

    What is of a factor that is off stays listed [guess].
    """
    tenant.authenticators.forget_pending(user_id, now=tenant.clock.now())
    enrolled = tenant.authenticators.of(user_id)
    email = _verified_email(tenant, user_id)
    taken = {entry.address for entry in enrolled if entry.kind == "email" and entry.active}
    return enrolled if email is None or email.address in taken else (*enrolled, email)


def _verified_email(tenant: Tenant, user_id: str) -> Authenticator | None:
    """Return the entry of a profile's own verified address, which nobody enrolled."""
    user = tenant.users[user_id]
    if not (user.email and user.email_verified and is_on(tenant, "email")):
        return None
    return Authenticator(
        id=tenant.implicit_email_id(user_id),
        kind="email",
        active=True,
        name=masked_email(user.email),
        address=user.email,
        created_at=user.created_at,
    )


def usable(tenant: Tenant, user_id: str, *, but: frozenset[str] = frozenset()) -> tuple[Authenticator, ...]:
    """Return the confirmed authenticators whose factor is on, without those of these ids.

    The codes of a Guardian app belong to both factors, push and OTP [guess].
    """
    is_push_on = is_on(tenant, "push")
    return tuple(
        entry
        for entry in listed(tenant, user_id)
        if entry.active
        and entry.id not in but
        and (is_on(tenant, entry.kind) or (is_push_on and entry.partner.startswith("push|")))
    )


def is_enrolled(tenant: Tenant, user_id: str) -> bool:
    """Tell whether the user has a factor; email is none, and a recovery code neither (reference, section 2)."""
    return any(FACTOR_OF[entry.kind] not in BESIDES for entry in usable(tenant, user_id))


def may_enroll(tenant: Tenant, login: Login) -> bool:
    """Tell whether this login may enroll: an MFA access token always, an mfa_token the first factor only."""
    return login.is_access_token or not is_enrolled(tenant, login.request.user_id)


def demanded(tenant: Tenant, request: records.Request) -> errors.EvidenceRow | None:
    """Return the answer that asks for a second factor; None where none is due: by the policy or the audience (2).

    The MFA audience forces one of every user who has one. A user without is asked where the policy is always, and
    where the switch `mfa_audience_without_factor` says so. No source says that the policy wins: a row of its own.
    """
    policy, switches = tenant.settings.policy, tenant.settings.switches
    by_policy = policy == "all-applications" or (policy == "confidence-score" and switches["confidence"] == "low")
    for_mfa = tenant.domains.is_ours(request.audience, MFA_PATH)
    article_holds = switches["mfa_audience_without_factor"] == "mfa_required"
    by_audience = for_mfa and (is_enrolled(tenant, request.user_id) or article_holds)
    if by_policy and for_mfa and not by_audience:
        return errors.MFA_REQUIRED_BY_POLICY
    return errors.MFA_REQUIRED if by_policy or by_audience else None


def requirements(tenant: Tenant, login: Login) -> dict[str, object]:
    """Return `mfa_requirements`: what can be challenged, or enrolled where there is none (reference, 1.3)."""
    user_id = login.request.user_id
    if not is_enrolled(tenant, user_id):
        on = {TYPE_OF[kind] for kind in TYPE_OF if is_on(tenant, kind)}
        return {"enroll": [{"type": name} for name in ENROLL_TYPES if name in on]}
    types = dict.fromkeys(TYPE_OF[entry.kind] for entry in usable(tenant, user_id, but=login.spent))
    return {"challenge": [{"type": name} for name in types]}


def state_of(tenant: Tenant, transaction: OobTransaction) -> records.State:
    """Return a transaction's state: "superseded" once it could not be begun any more [guess].

    That is so where its authenticator is removed or its factor is off, and where a code went to an address that is not
    the profile's verified one any longer. What ended before stays as it ended.
    """
    user_id, authenticator_id = transaction.login.request.user_id, transaction.authenticator_id
    if transaction.state in ("used", "rejected"):
        return transaction.state
    entry = tenant.authenticators.get(user_id, authenticator_id)
    if entry is None and authenticator_id == tenant.implicit_email_id(user_id):
        profile = _verified_email(tenant, user_id)
        entry = profile if profile and profile.address == transaction.address else None
    counts = is_on(tenant, KIND_OF_CHANNEL[transaction.channel]) or transaction.login.is_prepared
    return transaction.state if entry and counts else "superseded"


# -- enrolling


def associate(tenant: Tenant, login: Login, kind: Kind, address: str = "", *, send: bool = True) -> dict[str, Any]:
    """Begin an enrollment: it is listed, inactive, until it is confirmed (reference, section 3.2).

    `address` is where a code goes; it is sent at once unless `send` is False. Returns what `/mfa/associate` answers;
    `recovery_codes` stands in that to a user's first one only.
    """
    user_id, chance, now = login.request.user_id, tenant.chance, tenant.clock.now()
    tenant.log("gd_start_enroll", f"Enrollment started: {'otp' if kind == 'totp' else kind}.", user_id=user_id)
    device_id = "" if kind == "totp" else chance.device_id()
    secret = chance.base32(32) if kind in ("totp", "push") else ""
    entries: tuple[Authenticator, ...]
    if secret:
        twin = Authenticator(id=f"totp|{chance.device_id()}", kind="totp", secret=secret, created_at=now)
        push = Authenticator(id=f"push|{device_id}", kind="push", partner=twin.id, created_at=now)
        entries = (twin,) if kind == "totp" else (push, replace(twin, partner=push.id))
    else:
        entries = address_entries(tenant, kind, address, device_id)
    needs_code = _needs_recovery_code(tenant, user_id)
    tenant.authenticators.add(user_id, *entries)
    kept = (one for one in login.begun if tenant.authenticators.get(user_id, one))
    login.begun = [*kept, *(entry.id for entry in entries)]
    codes = {}
    if needs_code:
        codes = {"recovery_codes": [chance.recovery_code()]}
        tenant.authenticators.add(user_id, recovery_entry(tenant, codes["recovery_codes"][0]))
    uri = f"otpauth://totp/{tenant.barcode_label(tenant.users[user_id])}"
    if kind == "totp":
        issuer = quote(tenant.settings.name, safe="")
        uri = f"{uri}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={PERIOD}"
        return {"authenticator_type": "otp", "secret": secret, "barcode_uri": uri, **codes}
    transaction = begin_oob(tenant, login, "enroll", kind, device_id, address)
    channel_key, oob_code = tenant.settings.switches["oob_channel_key"], transaction.oob_code
    oob = {**codes, channel_key: transaction.channel, "oob_code": oob_code}
    if kind == "push":
        ticket = records.Ticket(id=chance.alnum(32), transaction=transaction, totp_secret=secret)
        tenant.transactions.tickets[ticket.id] = ticket
        uri = f"{uri}?enrollment_tx_id={ticket.id}&base_url={quote(tenant.guardian_url, safe='')}"
        return {"authenticator_type": "oob", **oob, "barcode_uri": uri}
    if send:
        _send(tenant, transaction)
    return {"authenticator_type": "oob", "binding_method": "prompt", **oob}


def has_room(tenant: Tenant, user_id: str, kind: Kind) -> bool:
    """Tell whether a user has room for what an association lists, the recovery code that comes along included."""
    size = 2 if kind == "push" else len(address_kinds(tenant, kind))
    now = tenant.clock.now()
    return tenant.authenticators.has_room(user_id, size + _needs_recovery_code(tenant, user_id), now=now)


def _needs_recovery_code(tenant: Tenant, user_id: str) -> bool:
    """Tell whether this user has none yet: it comes with the first association only (reference, 3.2)."""
    return is_on(tenant, "recovery-code") and tenant.authenticators.recovery_code_of(user_id) is None


def address_entries(tenant: Tenant, kind: Kind, address: str, device_id: str) -> tuple[Authenticator, ...]:
    """Return what enrolling an address lists: where both SMS and voice are on, both for one number."""
    kinds, name = address_kinds(tenant, kind), masked_email(address) if kind == "email" else masked_number(address)
    partners = {one: f"{other}|{device_id}" for one in kinds for other in kinds if one != other}
    return tuple(
        Authenticator(
            id=f"{one}|{device_id}",
            kind=one,
            name=name,
            partner=partners.get(one, ""),
            address=address,
            created_at=tenant.clock.now(),
        )
        for one in kinds
    )


def address_kinds(tenant: Tenant, kind: Kind) -> tuple[Kind, ...]:
    """Return the kinds that are enrolled along with one: itself, and what else of a phone is on."""
    by_phone: tuple[Kind, ...] = ("sms", "voice")
    return tuple(one for one in by_phone if one == kind or is_on(tenant, one)) if kind in by_phone else (kind,)


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


# -- challenging, and what is sent


def take_to_send(tenant: Tenant, kind: Kind, user_id: str) -> dict[str, str]:
    """Take one from the user's bucket, and return its headers; that `/mfa/*` sends them is a guess.

    Raises TOO_MANY_SMS and the like, before anything has changed (reference, sections 3.3 and 11).
    """
    name, refusal = ALLOWANCES[kind]
    bucket = tenant.limits.bucket(name, user_id)
    if not bucket.take(tenant.clock.now()):
        raise refusal(headers=bucket.headers())
    return bucket.headers()


def challenge(tenant: Tenant, login: Login, entry: Authenticator) -> OobTransaction:
    """Send a new push or code; the login's older one of that channel is superseded, if it is still pending [guess]."""
    tenant.log("gd_start_auth", f"Second factor started: {entry.kind}.", user_id=login.request.user_id)
    device_id = entry.id.partition("|")[2]
    transaction = begin_oob(tenant, login, "login", entry.kind, device_id, entry.address)
    older = login.newest.get(transaction.channel)
    if older is not None and older.state == "pending":
        older.state = "superseded"
    login.newest[transaction.channel] = transaction
    _send(tenant, transaction)
    return transaction


def begin_oob(
    tenant: Tenant, login: Login, purpose: Literal["enroll", "login"], kind: Kind, device_id: str, address: str
) -> OobTransaction:
    """Begin an out-of-band transaction: 5 minutes, with a poll bucket of its own (reference, section 6.3)."""
    now, kept = tenant.clock.now(), tenant.transactions
    expires = now + OOB_CODE_LIFETIME
    transaction = OobTransaction(
        txid=f"txn_{tenant.chance.alnum(32)}",
        oob_code=tenant.tokens.sealed(expires, OOB_CODE_CIPHERTEXT),
        login=login,
        purpose=purpose,
        channel=CHANNEL_OF[kind],
        device_id=device_id,
        started=now,
        expires=expires,
        polls=tenant.limits.new("polls"),
        challenge=tenant.chance.base64url(32) if purpose == "login" and kind == "push" else "",
        code="" if kind == "push" else tenant.codes.digits(6),
        address=address,
    )
    kept.oob_codes[transaction.oob_code] = kept.txids[transaction.txid] = transaction
    kept.newest_of[login.request.user_id] = transaction
    return transaction


def _send(tenant: Tenant, transaction: OobTransaction) -> None:
    """Send the code of a transaction to its address, or its push to its phone (the guardian reference, section 4).

    Through another provider than Guardian's nothing reaches Guardian's app: the log says so, and the poll stays
    pending [guess] (reference, section 10).
    """
    user_id, channel, provider = transaction.login.request.user_id, transaction.channel, tenant.settings.push_provider
    if channel != "auth0":
        code, now = transaction.code, tenant.clock.now()
        text = TEXTS[channel].format(code=code, tenant=tenant.settings.name)
        message = Message(
            address=transaction.address, channel=channel, purpose="mfa", code=code, text=text, sent_at=now
        )
        tenant.delivery.message(message)
        tenant.log(f"gd_send_{channel}", f"A code was sent: {channel}.", user_id=user_id)
    elif provider != "guardian":
        tenant.log("gd_send_pn_failure", f"The push could not be sent through {provider}.", user_id=user_id)
    else:
        device = tenant.devices[transaction.device_id]
        fields = {
            "dai": device.id,
            "txtkn": tenant.tokens.transaction_token(user_id, transaction.txid, OOB_CODE_LIFETIME),
            "c": transaction.challenge,
            "sh": tenant.domains.current,
            # The SDKs parse no other form of the time than three fraction digits and a literal Z.
            "d": iso_date(transaction.started),
            "s": SOURCE,
            "l": LOCATION,
        }
        payload = in_form(fields, "apns" if device.service == "APNS" else "fcm")
        tenant.delivery.push(service=device.service, token=device.push_token, payload=payload)
        tenant.log("gd_send_pn", "A push was sent.", user_id=user_id)


# -- the codes that come back


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
    current, totp = int(tenant.clock.now()) // PERIOD, pyotp.TOTP(entry.secret)
    # A secret may stand in several entries of a user, and has several spellings that make the same codes.
    key = f"{user_id} {digest(totp.byte_secret(), b'', 'sha1').hex()}"
    newest = tenant.otp_steps.get(key, -1)
    for step in (current, max(current - 1, 0)):
        if step > newest and compare_digest(totp.generate_otp(step).encode(), code.encode()):
            tenant.otp_steps[key] = step
            if not entry.active:
                tenant.confirm(user_id, entry.id)
            return True
    return False


def recovery_of(tenant: Tenant, user_id: str) -> Authenticator | None:
    """Return the entry of a user's recovery code, once a factor is confirmed and while the tenant's is on."""
    return next((entry for entry in usable(tenant, user_id) if entry.kind == "recovery-code"), None)
