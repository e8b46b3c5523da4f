"""`/mfa/*`, and the factors: which are on, whose login a request is, how one is enrolled, challenged, used (2 to 6)."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from hmac import compare_digest, digest
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

import pyotp
from starlette.responses import JSONResponse, Response

from auth0_mfa_lab.sandbox import errors, records
from auth0_mfa_lab.sandbox.delivery import Message, in_form
from auth0_mfa_lab.sandbox.http import JSON, Fields, Request, Routes
from auth0_mfa_lab.sandbox.json_text import present
from auth0_mfa_lab.sandbox.mfa.authenticators import E164, EMAIL, masked
from auth0_mfa_lab.sandbox.oauth.clients import CLIENT_FIELDS, GRANTS, authenticate_client
from auth0_mfa_lab.sandbox.oauth.tokens import OOB_CODE_CIPHERTEXT, iso_date
from auth0_mfa_lab.sandbox.records import CHANNEL_OF, KIND_OF_CHANNEL, Authenticator, Kind, Login, OobTransaction
from auth0_mfa_lab.sandbox.settings import Factor
from auth0_mfa_lab.sandbox.tenant import MFA_PATH, Tenant


class Means(NamedTuple):
    """A kind's factor, `type` in Customizable MFA, `authenticator_type`, and `auth_method` in the Management API."""

    factor: Factor
    type: str
    authenticator_type: str
    auth_method: str


# fmt: off
KINDS: Mapping[Kind, Means] = {
    "push":          Means("push-notification", "push-notification", "oob",           "guardian"),
    "sms":           Means("sms",               "phone",             "oob",           "sms"),
    "voice":         Means("sms",               "phone",             "oob",           "sms"),
    "totp":          Means("otp",               "otp",               "otp",           "authenticator"),
    "email":         Means("email",             "email",             "oob",           "email"),
    "recovery-code": Means("recovery-code",     "recovery-code",     "recovery-code", ""),
}
"""In the order in which one is chosen among several that fit [guess] (reference, sections 1.3, 4.1 and 5)."""
SENT: Mapping[Kind, tuple[str, errors.EvidenceRow, str]] = {
    "push":  ("pushes", errors.TOO_MANY_PUSHES, ""),
    "sms":   ("sms",    errors.TOO_MANY_SMS,    "{code} is your verification code for {tenant}."),
    "voice": ("voice",  errors.TOO_MANY_CALLS,  "Hello. Your verification code for {tenant} is {code}. Again: {code}."),
    "email": ("emails", errors.TOO_MANY_EMAILS, "Your verification code for {tenant} is {code}."),
}
"""What bounds the sending of a kind, what refuses one more, and the text."""
# fmt: on
BESIDES = frozenset({"email", "recovery-code"})
"""What does not count as having a factor (reference, section 2): kinds, and factors of the same names."""
Purpose = Literal["enroll", "login"]
OOB_CODE_LIFETIME = 300
PERIOD = 30
"""Seconds per OTP (the guardian reference, section 9)."""
SOURCE = {"b": {"n": "Firefox", "v": "128.0"}, "os": {"n": "Linux", "v": "6.1"}}
LOCATION = {"n": "Oslo, Norway", "lat": "59.91273", "long": "10.74609"}
"""Where a login comes from is invented: an API client sends neither."""
ASSOCIATE_FIELDS = ("authenticator_types", "oob_channels", "phone_number", "email", *CLIENT_FIELDS)
CHALLENGE_FIELDS = ("mfa_token", "challenge_type", "authenticator_id", "oob_channel", *CLIENT_FIELDS)
RIGHT_ELSEWHERE = "sandbox: this code is the one of another factor"
AUTHENTICATOR_ID = re.compile(r"[a-z-]+\|dev_[A-Za-z0-9]+")


# -- the endpoints


def post_associate(tenant: Tenant, request: Request) -> JSONResponse:
    """Begin an enrollment; client fields are neither needed nor read (reference, section 3)."""
    login = login_of_bearer(tenant, request.bearer, scope="enroll")
    user_id, by_channel = login.request.user_id, {str(channel): kind for channel, kind in KIND_OF_CHANNEL.items()}
    fields = request.fields(ASSOCIATE_FIELDS)
    kind: Kind = "totp"
    if _first_of(fields, "authenticator_types", ("otp", "oob")) == "oob":
        kind = by_channel[_first_of(fields, "oob_channels", by_channel)]
    if not is_on(tenant, kind):
        raise errors.FACTOR_IS_OFF(factor=CHANNEL_OF.get(kind, "otp"))
    if not may_enroll(tenant, login):
        raise errors.ALREADY_ENROLLED()
    size = _needs_recovery_code(tenant, user_id) + (2 if kind == "push" else len(address_kinds(tenant, kind)))
    if not tenant.authenticators.has_room(user_id, size):
        raise errors.TOO_MANY_AUTHENTICATORS()
    address = ""
    if kind == "email":
        # An email may be the profile's own, a number must be named.
        address = fields.text("email") or tenant.users[user_id].email
        if not EMAIL.fullmatch(address):
            raise errors.INVALID_ASSOCIATION(problem="email must be an email address")
    elif kind in ("sms", "voice"):
        address = fields.text("phone_number") or ""
        if not address:
            raise errors.INVALID_ASSOCIATION(problem="Missing required parameter: phone_number")
        if not E164.fullmatch(address):
            raise errors.INVALID_PHONE_NUMBER()
    headers = _take_to_send(tenant, kind, user_id) if address else {}
    return JSON(associate(tenant, login, kind, address), headers=headers)


def _first_of(fields: Fields, name: str, known: Collection[str]) -> str:
    """Return the first of the names in a field, each of which must be known."""
    names = fields.strings(name)
    if names is None:
        raise errors.INVALID_ASSOCIATION(problem=f"Missing required parameter: {name}")
    if unknown := [one for one in names if one not in known]:
        raise errors.INVALID_ASSOCIATION(problem=f"Unknown {name[:-1].replace('_', ' ')}: {unknown[0]}")
    return names[0]


def get_authenticators(tenant: Tenant, request: Request) -> JSONResponse:
    """List the user's authenticators, confirmed or not; an unconfirmed push has no name yet (reference, 4.1)."""
    login, switches = login_of_bearer(tenant, request.bearer, scope="read:authenticators"), tenant.settings.switches
    entries = [
        {
            "id": item.id,
            "authenticator_type": KINDS[item.kind].authenticator_type,
            "active": item.active,
            "type": KINDS[item.kind].type if switches["customizable_mfa"] == "on" else None,
            switches["oob_channel_key"]: CHANNEL_OF.get(item.kind),
            "name": item.name,
        }
        for item in listed(tenant, login.request.user_id)
    ]
    return JSON([present(entry) for entry in entries])


def delete_authenticator(tenant: Tenant, request: Request) -> Response:
    """Remove an authenticator, and its partner with it; an mfa_token does not do (reference, section 4.2)."""
    access = login_of_bearer(tenant, request.bearer, scope="remove:authenticators", mfa_token_does=False)
    user_id, authenticator_id = access.request.user_id, request.path_params["id"]
    if not AUTHENTICATOR_ID.fullmatch(authenticator_id):
        raise errors.MALFORMED_AUTHENTICATOR_ID()
    if authenticator_id not in {entry.id for entry in listed(tenant, user_id)}:
        raise errors.NOTHING_TO_DELETE()
    if authenticator_id == tenant.implicit_email_id(user_id):
        raise errors.IMPLICIT_EMAIL()
    tenant.remove_authenticator(user_id, authenticator_id)
    return Response(status_code=204, headers={"content-type": "application/json"})


def post_challenge(tenant: Tenant, request: Request) -> JSONResponse:
    """Challenge the authenticator that is named, else the first that fits (reference, section 5)."""
    fields = request.fields(CHALLENGE_FIELDS, guesses_json=True)
    client = authenticate_client(tenant, request, fields)
    grant = f"{GRANTS}/mfa-{'otp' if fields.text('challenge_type') == 'otp' else 'oob'}"
    if grant not in client.grants:
        raise errors.CHALLENGE_NOT_ALLOWED(grant=grant)
    login = login_of_body(tenant, fields.required("mfa_token"), client)
    user_id, wished = login.request.user_id, fields.text("challenge_type")
    wanted, channel = fields.text("authenticator_id"), fields.text("oob_channel")
    active = {entry.id for entry in listed(tenant, user_id) if entry.active}
    if not active:
        is_other = tenant.settings.switches["challenge_without_authenticator"] == "association_required"
        raise errors.ASSOCIATION_REQUIRED() if is_other else errors.NOT_ENROLLED()
    if wanted is not None and wanted not in active:
        raise errors.UNKNOWN_AUTHENTICATOR()
    types = wished.split() if wished else ["oob", "otp"]
    fitting = [
        entry
        for entry in usable(tenant, user_id, but=login.spent)
        if wanted in (None, entry.id)
        and entry.kind != "recovery-code"
        and KINDS[entry.kind].authenticator_type in types
        and channel in (None, CHANNEL_OF.get(entry.kind))
    ]
    if not fitting:
        raise errors.UNSUPPORTED_CHALLENGE(types=" ".join(types))
    chosen = min(fitting, key=lambda entry: list(KINDS).index(entry.kind))
    if chosen.kind == "totp":
        return JSON({"challenge_type": "otp"})
    headers = _take_to_send(tenant, chosen.kind, user_id)
    tenant.log("gd_start_auth", f"Second factor started: {chosen.kind}.", user_id=user_id)
    transaction = begin_oob(tenant, login, "login", chosen)
    older = login.newest.get(transaction.channel)
    if older is not None and older.state == "pending":
        # That the login's older one of this channel cannot be used any more is a guess.
        older.state = "superseded"
    login.newest[transaction.channel] = transaction
    _send(tenant, transaction)
    answer = {"challenge_type": "oob", "oob_code": transaction.oob_code}
    return JSON(answer if chosen.kind == "push" else {**answer, "binding_method": "prompt"}, headers=headers)


ROUTES: Routes = (
    ("POST", "/mfa/associate", post_associate),
    ("GET", "/mfa/authenticators", get_authenticators),
    ("DELETE", "/mfa/authenticators/{id}", delete_authenticator),
    ("POST", "/mfa/challenge", post_challenge),
)


# -- whose login a request belongs to


def login_of_bearer(tenant: Tenant, token: str, *, scope: str, mfa_token_does: bool = True) -> Login:
    """Return the login of a bearer: an mfa_token, where that does, or a living MFA access token that has `scope`."""
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


def login_of_body(
    tenant: Tenant, mfa_token: str, client: records.Client, *, confirms: bool = False, done_does: bool = False
) -> Login:
    """Return the login of an mfa_token in a body; with `confirms`, an MFA access token with `enroll` does (13.2)."""
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
    if login.done and not done_does:
        raise errors.LOGIN_DONE()
    return login


def _login_of_mfa_token(tenant: Tenant, mfa_token: str) -> Login | None:
    """Return the login behind an mfa_token; for a user deleted meanwhile there is none [guess]."""
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
    if KINDS[kind].factor not in settings.factors:
        return False
    if kind == "sms" or kind == "voice":
        return kind in settings.message_types
    return kind != "email" or bool(settings.factors - BESIDES)


def listed(tenant: Tenant, user_id: str) -> tuple[Authenticator, ...]:
    """Return what was enrolled, of a factor that is off as well [guess], and unasked a verified email address."""
    tenant.authenticators.forget_pending(user_id)
    enrolled, user = tenant.authenticators.of(user_id), tenant.users.get(user_id)
    taken = {entry.address for entry in enrolled if entry.kind == "email" and entry.active}
    if not (user and user.email and user.email_verified and is_on(tenant, "email")) or user.email in taken:
        return enrolled
    own = Authenticator(id=tenant.implicit_email_id(user_id), kind="email", active=True, created_at=user.created_at)
    return (*enrolled, replace(own, name=masked(user.email), address=user.email))


def usable(tenant: Tenant, user_id: str, *, but: frozenset[str] = frozenset()) -> tuple[Authenticator, ...]:
    """Return the confirmed authenticators whose factor is on; a Guardian app's codes belong to push as well [guess]."""
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
    return any(entry.kind not in BESIDES for entry in usable(tenant, user_id))


def may_enroll(tenant: Tenant, login: Login) -> bool:
    """Tell whether this login may enroll: an MFA access token always, an mfa_token the first factor only."""
    return login.is_access_token or not is_enrolled(tenant, login.request.user_id)


def demanded(tenant: Tenant, request: records.Request) -> errors.EvidenceRow | None:
    """Return the answer that asks for a second factor, by the policy or the audience, or None (section 2)."""
    policy, switches = tenant.settings.policy, tenant.settings.switches
    by_policy = policy == "all-applications" or (policy == "confidence-score" and switches["confidence"] == "low")
    for_mfa = tenant.domains.is_ours(request.audience, MFA_PATH)
    article_holds = switches["mfa_audience_without_factor"] == "mfa_required"
    by_audience = for_mfa and (is_enrolled(tenant, request.user_id) or article_holds)
    if by_policy and for_mfa and not by_audience:
        # No source says that the policy wins.
        return errors.MFA_REQUIRED_BY_POLICY
    return errors.MFA_REQUIRED if by_policy or by_audience else None


def requirements(tenant: Tenant, login: Login) -> dict[str, object]:
    """Return `mfa_requirements`: what can be challenged, or enrolled where there is none (reference, 1.3)."""
    user_id = login.request.user_id
    if not is_enrolled(tenant, user_id):
        on = [means.type for kind, means in KINDS.items() if kind not in BESIDES and is_on(tenant, kind)]
        return {"enroll": [{"type": name} for name in dict.fromkeys(reversed(on))]}
    types = dict.fromkeys(KINDS[entry.kind].type for entry in usable(tenant, user_id, but=login.spent))
    return {"challenge": [{"type": name} for name in types]}


def state_of(tenant: Tenant, transaction: OobTransaction) -> records.State:
    """Return a transaction's state: "superseded" where it could not begin any more, unless it ended before [guess]."""
    if transaction.state in ("used", "rejected"):
        return transaction.state
    addresses = {entry.id: entry.address for entry in listed(tenant, transaction.login.request.user_id)}
    is_there = addresses.get(transaction.authenticator_id) == transaction.address
    counts = is_on(tenant, KIND_OF_CHANNEL[transaction.channel]) or transaction.login.is_prepared
    return transaction.state if is_there and counts else "superseded"


# -- enrolling


def associate(tenant: Tenant, login: Login, kind: Kind, address: str = "", *, send: bool = True) -> dict[str, Any]:
    """Begin an enrollment, and return what `/mfa/associate` answers; its code is sent unless `send` is False (3.2)."""
    user_id, chance, now = login.request.user_id, tenant.chance, tenant.clock.now()
    tenant.log("gd_start_enroll", f"Enrollment started: {'otp' if kind == 'totp' else kind}.", user_id=user_id)
    device_id = "" if kind == "totp" else chance.device_id()
    secret = chance.base32(32) if kind in ("totp", "push") else ""
    if kind == "push":
        push, twin_id = Authenticator(id=f"push|{device_id}", kind="push", created_at=now), f"totp|{chance.device_id()}"
        twin = Authenticator(id=twin_id, kind="totp", secret=secret, partner=push.id, created_at=now)
        entries: tuple[Authenticator, ...] = (replace(push, partner=twin_id), twin)
    else:
        entries = new_entries(tenant, kind, secret or address, device_id or chance.device_id())
    codes = {"recovery_codes": [chance.recovery_code()]} if _needs_recovery_code(tenant, user_id) else {}
    tenant.authenticators.add(user_id, *entries)
    kept = (one for one in login.begun if tenant.authenticators.get(user_id, one))
    login.begun = [*kept, *(entry.id for entry in entries)]
    for code in codes.get("recovery_codes", ()):
        tenant.authenticators.add(user_id, recovery_entry(tenant, code))
    uri = f"otpauth://totp/{tenant.barcode_label(tenant.users[user_id])}"
    if kind == "totp":
        issuer = quote(tenant.settings.name, safe="")
        uri = f"{uri}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={PERIOD}"
        return {"authenticator_type": "otp", "secret": secret, "barcode_uri": uri, **codes}
    transaction = begin_oob(tenant, login, "enroll", next(entry for entry in entries if entry.kind == kind))
    oob = {**codes, tenant.settings.switches["oob_channel_key"]: transaction.channel, "oob_code": transaction.oob_code}
    if kind == "push":
        ticket = chance.alnum(32)
        tenant.transactions.tickets[ticket] = transaction
        uri = f"{uri}?enrollment_tx_id={ticket}&base_url={quote(tenant.guardian_url, safe='')}"
        return {"authenticator_type": "oob", **oob, "barcode_uri": uri}
    if send:
        _send(tenant, transaction)
    return {"authenticator_type": "oob", "binding_method": "prompt", **oob}


def _needs_recovery_code(tenant: Tenant, user_id: str) -> bool:
    """Tell whether this user has none yet: it comes with the first association only (reference, 3.2)."""
    return is_on(tenant, "recovery-code") and tenant.authenticators.recovery_code_of(user_id) is None


def new_entries(tenant: Tenant, kind: Kind, value: str, device_id: str) -> tuple[Authenticator, ...]:
    """Return what enrolling an address or a TOTP secret lists: where both SMS and voice are on, both for one number."""
    kinds, now = address_kinds(tenant, kind), tenant.clock.now()
    ids = {one: f"{one}|{device_id}" for one in kinds}
    partners = {one: ids[other] for one in kinds for other in kinds if one != other}
    told: dict[str, Any] = {"secret": value} if kind == "totp" else {"address": value, "name": masked(value)}
    return tuple(
        Authenticator(id=ids[one], kind=one, partner=partners.get(one, ""), created_at=now, **told) for one in kinds
    )


def address_kinds(tenant: Tenant, kind: Kind) -> tuple[Kind, ...]:
    """Return the kinds that are enrolled along with one: itself, and what else of a phone is on."""
    by_phone: tuple[Kind, ...] = ("sms", "voice")
    return tuple(one for one in by_phone if one == kind or is_on(tenant, one)) if kind in by_phone else (kind,)


def recovery_entry(tenant: Tenant, code: str, *, active: bool = False) -> Authenticator:
    """Return the entry of a new recovery code."""
    now, name = tenant.clock.now(), f"recovery-code|{tenant.chance.device_id()}"
    at = now if active else None
    return Authenticator(id=name, kind="recovery-code", active=active, secret=code, created_at=now, enrolled_at=at)


# -- what is sent


def _take_to_send(tenant: Tenant, kind: Kind, user_id: str) -> dict[str, str]:
    """Take one from the user's bucket, before anything has changed; sending its headers is a guess (3.3)."""
    limit, refusal, _ = SENT[kind]
    bucket = tenant.limits.bucket(limit, user_id)
    if not bucket.take(tenant.clock.now()):
        raise refusal(headers=bucket.headers())
    return bucket.headers()


def begin_oob(tenant: Tenant, login: Login, purpose: Purpose, entry: Authenticator) -> OobTransaction:
    """Begin an out-of-band transaction: 5 minutes, with a poll bucket of its own (reference, section 6.3)."""
    now, kept, is_push = tenant.clock.now(), tenant.transactions, entry.kind == "push"
    expires = now + OOB_CODE_LIFETIME
    transaction = OobTransaction(
        txid=f"txn_{tenant.chance.alnum(32)}",
        oob_code=tenant.tokens.sealed("oob_code", expires, OOB_CODE_CIPHERTEXT),
        login=login,
        purpose=purpose,
        channel=CHANNEL_OF[entry.kind],
        device_id=entry.id.partition("|")[2],
        started=now,
        expires=expires,
        polls=tenant.limits.new("polls"),
        challenge=tenant.chance.base64url(32) if purpose == "login" and is_push else "",
        code="" if is_push else tenant.codes.code("code"),
        address=entry.address,
    )
    kept.oob_codes[transaction.oob_code] = kept.txids[transaction.txid] = transaction
    kept.newest_of[login.request.user_id] = transaction
    return transaction


def _send(tenant: Tenant, transaction: OobTransaction) -> None:
    """Send the code of a transaction to its address, or its push to its phone (the guardian reference, section 4)."""
    user_id, channel, provider = transaction.login.request.user_id, transaction.channel, tenant.settings.push_provider
    if channel != "auth0":
        code, now, to = transaction.code, tenant.clock.now(), transaction.address
        text = SENT[channel][2].format(code=code, tenant=tenant.settings.name)
        message = Message(address=to, channel=channel, purpose="mfa", code=code, text=text, sent_at=now)
        tenant.delivery.message(message)
        tenant.log(f"gd_send_{channel}", f"A code was sent: {channel}.", user_id=user_id)
    elif provider != "guardian":
        # Nothing reaches Guardian's app: the poll stays pending [guess] (reference, section 10).
        tenant.log("gd_send_pn_failure", f"The push could not be sent through {provider}.", user_id=user_id)
    else:
        device = tenant.devices[transaction.device_id]
        # That the token of the transaction has this `azp` is a guess.
        claims = {"aud": f"{tenant.tokens.issuer}appliance-mfa", "azp": "device", "txid": transaction.txid}
        fields = {
            "dai": device.id,
            "txtkn": tenant.tokens.signed(OOB_CODE_LIFETIME, sub=user_id, **claims),
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
    """Return the entries whose code this login may show: confirmed ones, or those that it began, but no push's twin."""
    user_id = login.request.user_id
    if not may_enroll(tenant, login):
        return tuple(entry for entry in usable(tenant, user_id, but=login.spent) if entry.kind == "totp")
    begun = [tenant.authenticators.get(user_id, one) for one in login.begun if is_on(tenant, "totp")]
    return tuple(entry for entry in begun if entry and entry.kind == "totp" and not entry.active and not entry.partner)


def use_otp(tenant: Tenant, user_id: str, entry: Authenticator, code: str) -> bool:
    """Tell whether a code is an entry's, of this step or the one before; then it is used up, the entry confirmed."""
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


def right_elsewhere(tenant: Tenant, login: Login, sent_as: str, code: str) -> list[str]:
    """Return a note where a refused code is right at this moment, for this user, in the grant of another factor."""
    user_id, now = login.request.user_id, tenant.clock.now()
    newest = (*login.newest.values(), *filter(None, [tenant.transactions.newest_of.get(user_id)]))
    secrets = [entry.secret for entry in usable(tenant, user_id) if entry.kind == "totp"]
    recovery = recovery_of(tenant, user_id)
    right = {
        "otp": any(pyotp.TOTP(each).verify(code, for_time=int(now), valid_window=1) for each in secrets),
        "binding_code": any(each.code == code and each.state == "pending" and now < each.expires for each in newest),
        "recovery_code": recovery is not None and recovery.secret == code,
    }
    return [
        f"{RIGHT_ELSEWHERE}: send it as `{name}`" for name, is_right in right.items() if is_right and name != sent_as
    ]
