"""Users, and their factors as an administrator reads and changes them: authentication methods, enrollments (9.3)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import FLAG, NEEDED, TEXT, Call, Property, checked
from auth0_mfa_lab.sandbox.mfa.api import KINDS, address_entries, address_kinds, recovery_entry
from auth0_mfa_lab.sandbox.mfa.authenticators import MOST
from auth0_mfa_lab.sandbox.oauth.tokens import iso_date
from auth0_mfa_lab.sandbox.records import Authenticator, User
from auth0_mfa_lab.sandbox.settings import CONNECTIONS
from auth0_mfa_lab.sandbox.tenant import Tenant

TICKET_FACTORS = ("push-notification", "phone", "email", "otp", "webauthn-roaming", "webauthn-platform")
TICKET = {
    "user_id": NEEDED,
    "email": TEXT,
    "send_mail": FLAG,
    "email_locale": TEXT,
    "factor": Property(enum=TICKET_FACTORS),
    "allow_multiple_enrollments": FLAG,
}
PROFILE = {"email": Property(form="email"), "email_verified": FLAG, "phone_number": Property(form="phone_number")}
CHANGES = {**PROFILE, "connection": TEXT, "client_id": TEXT}
NEW = {**PROFILE, "connection": NEEDED, "password": TEXT, "verify_email": FLAG}
LEAST_PASSWORD, LEAST_KINDS = 8, 3
"""What a new tenant's connection takes."""
AUTH_METHODS = {"push": "guardian", "totp": "authenticator", "sms": "sms", "voice": "sms", "email": "email"}
NEEDED_BY = {"phone": "phone_number", "email": "email", "totp": "totp_secret"}
"""The types of methods that can be made, and the property that each needs, which has the form of its name."""
NOT_MADE = ("webauthn-roaming", "passkey")
PREFERRED = "preferred_authentication_method"
LABEL = {"name": TEXT, PREFERRED: Property(enum=("sms", "voice"))}
TYPE = {"type": Property(required=True, enum=(*NEEDED_BY, *NOT_MADE))}
NEW_METHOD = {
    kind: {**TYPE, name: Property(required=True, form=name), **(LABEL if kind == "phone" else {"name": TEXT})}
    for kind, name in NEEDED_BY.items()
}


# -- users


def shown(tenant: Tenant, user: User) -> dict[str, Any]:
    """Return a user as the API writes one."""
    provider, _, identity = user.user_id.partition("|")
    return {
        "user_id": user.user_id,
        "email": user.email or None,
        "email_verified": user.email_verified if user.email else None,
        "phone_number": user.phone_number or None,
        "name": user.username,
        "nickname": user.username.partition("@")[0],
        "picture": f"{tenant.tokens.issuer}avatars/default.png",
        "identities": [{"connection": user.connection, "provider": provider, "user_id": identity, "isSocial": False}],
        "created_at": iso_date(user.created_at),
    }


def get_users_by_email(call: Call) -> object:
    """Return the users who have an address, in any case of letters [guess]."""
    email = call.query.get("email", "").lower()
    if not email:
        raise errors.API_INVALID_QUERY(problem="Missing required property: email")
    return [shown(call.tenant, user) for user in call.tenant.users.values() if user.email.lower() == email]


def post_user(call: Call) -> object:
    """Make a database user. A verification email, which Auth0 sends unless told otherwise, is never sent here."""
    body, tenant = call.body(), call.tenant
    if body.get("verify_email"):
        raise errors.NotEmulated("verify_email: true in this body")
    connection, password = body["connection"], body.get("password", "")
    if connection in CONNECTIONS:
        raise errors.NotEmulated(f"a new user of the connection {connection}")
    if connection not in tenant.connections:
        raise errors.API_UNKNOWN_CONNECTION()
    for name in ("email", "password"):
        if not body.get(name):
            raise errors.API_INVALID_BODY(problem=f"Missing required property: {name}")
    kinds = (str.islower, str.isupper, str.isdigit, lambda each: not each.isalnum())
    if len(password) < LEAST_PASSWORD or sum(any(map(kind, password)) for kind in kinds) < LEAST_KINDS:
        raise errors.API_WEAK_PASSWORD()
    if tenant.has_user(connection, body["email"]):
        raise errors.API_USER_EXISTS()
    user = User(
        user_id=tenant.user_ids.user_id(),
        username=body["email"],
        password=password,
        phone_number=body.get("phone_number", ""),
        email=body["email"],
        connection=connection,
        created_at=tenant.clock.now(),
        email_verified=body.get("email_verified", False),
    )
    tenant.add_user(user)
    return shown(tenant, user)


def patch_user(call: Call) -> object:
    """Change a user; another email is unverified unless the call says it is, and the login's name stays [guess]."""
    user, body = call.user(), call.body()
    changes = {name: body[name] for name in PROFILE if name in body}
    if changes.get("email", user.email) != user.email:
        changes.setdefault("email_verified", False)
    user = call.tenant.users[user.user_id] = replace(user, **changes)
    return shown(call.tenant, user)


def delete_user(call: Call) -> None:
    """Remove a user; deleting an unknown user also returns 204."""
    user_id = call.path["id"]
    if "|" not in user_id:
        raise errors.API_INVALID_USER_ID(id=user_id)
    if user := call.tenant.users.get(user_id):
        call.tenant.forget_user(user)


def post_ticket(call: Call) -> object:
    """Make a link to the hosted enrollment page, which the sandbox does not have; no mail is sent with it."""
    body = call.body()
    if body["user_id"] not in call.tenant.users:
        raise errors.API_USER_NOT_FOUND()
    if body.get("send_mail"):
        raise errors.NotEmulated("the mail with an enrollment ticket (send_mail)")
    ticket_id = call.tenant.chance.alnum(32)
    return {"ticket_id": ticket_id, "ticket_url": f"{call.tenant.domains.origin}/mfa/enrollment?ticket={ticket_id}"}


def regenerate_recovery_code(call: Call) -> object:
    """Give a user a new recovery code, also one who had none: a recorded user had no factor at all."""
    tenant, user_id, every = call.tenant, call.user().user_id, call.tenant.authenticators
    call.body()
    has_room = every.has_room(user_id, 1, now=tenant.clock.now())
    kept = every.recovery_code_of(user_id)
    if kept is None and not has_room:
        raise errors.API_TOO_MANY_METHODS()
    code = tenant.codes.recovery_code()
    fresh = replace(kept, secret=code) if kept else recovery_entry(tenant, code, active=every.has_factor(user_id))
    every.add(user_id, fresh)
    return {"recovery_code": code}


def delete_multifactor(call: Call) -> None:
    """Remove a legacy provider: google-authenticator takes the authenticator apps along [guess], duo nothing."""
    user_id, provider = call.user().user_id, call.path["provider"]
    if provider not in ("duo", "google-authenticator"):
        raise errors.API_INVALID_PATH(problem=f"No enum match for: {provider} on property provider")
    for entry in call.tenant.authenticators.of(user_id) if provider != "duo" else ():
        if entry.kind == "totp" and not entry.partner:
            call.tenant.remove_authenticator(user_id, entry.id)


def invalidate_remember_browser(call: Call) -> None:
    """Forget the browsers that asked not to be asked again; the MFA API has none."""
    call.user()
    call.body()


# -- authentication methods


class Method(NamedTuple):
    """One method of a user: an authenticator, or the two of one number, for SMS and for voice."""

    type: str
    device_id: str
    entries: list[Authenticator]

    @property
    def id(self) -> str:
        return f"{self.type}|{self.device_id}"

    @property
    def last_auth(self) -> str | None:
        """When one of its authenticators last ended a login."""
        return iso_date(max(entry.last_auth_at or 0.0 for entry in self.entries) or None)


def methods_of(tenant: Tenant, user_id: str) -> list[Method]:
    """Return a user's methods; unconfirmed ones are not shown (reference, 9.3)."""
    grouped: dict[tuple[str, str], list[Authenticator]] = {}
    for entry in tenant.authenticators.active_of(user_id):
        kind = "phone" if entry.kind in ("sms", "voice") else entry.kind
        grouped.setdefault((kind, entry.id.rpartition("|")[2]), []).append(entry)
    return [Method(*key, entries) for key, entries in grouped.items()]


def shown_method(tenant: Tenant, method: Method, *, masked: bool = True) -> dict[str, Any]:
    """Return a method as the API writes it."""
    first, is_phone, label = method.entries[0], method.type == "phone", tenant.method_labels.get(method.id) or {}
    address = first.name if masked else first.address
    return {
        "id": method.id,
        "type": method.type,
        "confirmed": True,
        "name": label.get("name") or (first.name if method.type == "push" else None),
        "phone_number": address if is_phone else None,
        "email": address if method.type == "email" else None,
        PREFERRED: label.get(PREFERRED, "sms") if is_phone else None,
        "authentication_methods": [{"id": each.id, "type": each.kind} for each in method.entries] if is_phone else None,
        "created_at": iso_date(first.created_at),
        "enrolled_at": iso_date(first.enrolled_at),
        "last_auth_at": method.last_auth,
    }


def named_method(call: Call) -> Method:
    """Return the method that the path names. Raises API_METHOD_NOT_FOUND."""
    for method in methods_of(call.tenant, call.user().user_id):
        if method.id == call.path["method_id"]:
            return method
    raise errors.API_METHOD_NOT_FOUND()


def post_method(call: Call) -> object:
    """Enroll a user without asking; the method is confirmed at once and can be challenged."""
    tenant, user_id, body = call.tenant, call.user().user_id, _checked(call.value())
    if not tenant.authenticators.has_room(user_id, _size(tenant, body), now=tenant.clock.now()):
        raise errors.API_TOO_MANY_METHODS()
    item = shown_method(tenant, _make(tenant, user_id, body))
    return {**item, "confirmed": None, "totp_secret": body.get("totp_secret")}


def put_methods(call: Call) -> object:
    """Put new methods in the place of all, once every one of them is fit; the answer is unmasked."""
    tenant, user = call.tenant, call.user()
    bodies = [_checked(each) for each in call.array()]
    if sum(_size(tenant, body) for body in bodies) > MOST:
        raise errors.API_TOO_MANY_METHODS()
    tenant.remove_authenticators(user)
    made = [_make(tenant, user.user_id, body) for body in bodies]
    return [shown_method(tenant, each, masked=False) for each in made]


def patch_method(call: Call) -> object:
    """Change the name of a method, or how a phone is preferably reached."""
    method, changes, labels = named_method(call), call.body(), call.tenant.method_labels
    if PREFERRED in changes and method.type != "phone":
        raise errors.API_INVALID_BODY(problem=f"Additional properties not allowed: {PREFERRED}")
    labels[method.id] = {**labels.get(method.id, {}), **changes}
    return shown_method(call.tenant, method)


def delete_method(call: Call) -> None:
    """Remove one method."""
    method = named_method(call)
    call.tenant.remove_authenticator(call.path["id"], method.entries[0].id)
    call.tenant.method_labels.pop(method.id, None)


def _checked(value: object) -> dict[str, Any]:
    """Return the body of a new method. Raises API_INVALID_BODY, or NotEmulated for what this API has no use for."""
    kind = str(value.get("type")) if isinstance(value, dict) else ""
    if kind in NOT_MADE:
        raise errors.NotEmulated(f"an authentication method of the type {kind}")
    return checked(value, NEW_METHOD.get(kind, TYPE))


def _size(tenant: Tenant, body: Mapping[str, Any]) -> int:
    """Return how many authenticators a new method is."""
    return len(address_kinds(tenant, "sms")) if body["type"] == "phone" else 1


def _make(tenant: Tenant, user_id: str, body: Mapping[str, Any]) -> Method:
    """Enroll a new method, and confirm it."""
    device_id, kind, now = tenant.chance.device_id(), body["type"], tenant.clock.now()
    value = body[NEEDED_BY[kind]]
    entries: tuple[Authenticator, ...] = (
        Authenticator(id=f"totp|{device_id}", kind="totp", secret=value, created_at=now),
    )
    if kind != "totp":
        entries = address_entries(tenant, "sms" if kind == "phone" else "email", value, device_id)
    tenant.authenticators.add(user_id, *entries)
    tenant.confirm(user_id, entries[0].id)
    method = next(one for one in methods_of(tenant, user_id) if one.device_id == device_id)
    tenant.method_labels[method.id] = {name: body[name] for name in LABEL if name in body}
    return method


# -- enrollments


def enrollments_of(tenant: Tenant, user_id: str) -> list[Method]:
    """Return what counts as an enrollment: the codes of a Guardian app belong to its push, a recovery code is none."""
    return [
        one
        for one in methods_of(tenant, user_id)
        if one.type != "recovery-code" and not (one.type == "totp" and one.entries[0].partner)
    ]


def shown_enrollment(tenant: Tenant, method: Method) -> dict[str, Any]:
    """Return one enrollment with all that any path tells of it."""
    first, device = method.entries[0], tenant.devices.get(method.device_id)
    return {
        "id": method.device_id,
        "status": "confirmed",
        "type": KINDS[first.kind].type,
        "name": device.name if device else first.name,
        "identifier": device.identifier if device else None,
        "phone_number": first.name if method.type == "phone" else None,
        "auth_method": AUTH_METHODS[first.kind],
        "enrolled_at": iso_date(first.enrolled_at),
        "last_auth": method.last_auth,
    }


def get_enrollment(call: Call) -> object:
    """Return one enrollment, without the two members that stand in lists only."""
    _, method = _enrollment(call)
    return {**shown_enrollment(call.tenant, method), "type": None, "auth_method": None}


def delete_enrollment(call: Call) -> None:
    """Remove one enrollment."""
    user_id, method = _enrollment(call)
    call.tenant.remove_authenticator(user_id, method.entries[0].id)


def _enrollment(call: Call) -> tuple[str, Method]:
    """Return an enrollment and its user's id; a push is found by key, for the rest every user is looked through."""
    tenant, device_id = call.tenant, call.path["id"]
    device = tenant.devices.get(device_id)
    for user_id in [device.user_id] if device else tenant.users:
        for method in enrollments_of(tenant, user_id):
            if method.device_id == device_id:
                return user_id, method
    raise errors.API_ENROLLMENT_NOT_FOUND()
