"""`/guardian/enrollments` and `/users`: enrollments, profiles, and what takes a second factor away (reference, 9.3)."""

from dataclasses import replace

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import (
    CHOICE,
    Call,
    Property,
    Reply,
    iso_date,
    not_emulated,
    route,
    without_null,
)
from auth0_mfa_lab.sandbox.management.items import Method, enrollment_item, enrollments_of
from auth0_mfa_lab.sandbox.mfa.authenticators import E164, EMAIL
from auth0_mfa_lab.sandbox.mfa.enrollment import recovery_entry
from auth0_mfa_lab.sandbox.records import User
from auth0_mfa_lab.sandbox.settings import CONNECTIONS
from auth0_mfa_lab.sandbox.tenant import Tenant

TICKET_FACTORS = ("push-notification", "phone", "email", "otp", "webauthn-roaming", "webauthn-platform")
TICKET = {
    "user_id": Property(required=True),
    "email": Property(),
    "send_mail": Property(type="boolean"),
    "email_locale": Property(),
    "factor": Property(enum=TICKET_FACTORS),
    "allow_multiple_enrollments": Property(type="boolean"),
}
ONLY_IN_LISTS = ("type", "auth_method")
CHANGES = {
    "email": Property(),
    "email_verified": Property(type="boolean"),
    "phone_number": Property(),
    "connection": Property(),
    "client_id": Property(),
    **not_emulated(
        "blocked phone_verified user_metadata app_metadata given_name family_name name nickname picture verify_email "
        "verify_phone_number verify_password password username"
    ),
}
NEW = {
    **CHANGES,
    "connection": Property(required=True),
    "password": Property(),
    "verify_email": Property(type="boolean"),
    **not_emulated("client_id user_id"),
}
PROVIDERS = ("duo", "google-authenticator")
LEAST_PASSWORD, LEAST_KINDS = 8, 3


@route("POST", "/guardian/enrollments/ticket", "create:guardian_enrollment_tickets")
def post_ticket(call: Call) -> Reply:
    """Make a link to the hosted enrollment page, which the sandbox does not have; no mail is sent with it."""
    body = call.fields(TICKET)
    if body["user_id"] not in call.tenant.users:
        raise errors.API_USER_NOT_FOUND()
    if body.get("send_mail") is True:
        raise errors.NotEmulated("the mail with an enrollment ticket (send_mail)")
    ticket_id = call.tenant.chance.alnum(32)
    url = f"{call.tenant.domains.origin}/mfa/enrollment?ticket={ticket_id}"
    return Reply({"ticket_id": ticket_id, "ticket_url": url})


@route("GET", "/guardian/enrollments/{id}", "read:guardian_enrollments")
def get_enrollment(call: Call) -> Reply:
    """Return one enrollment."""
    _, method = _enrollment(call)
    item = enrollment_item(method, call.tenant.devices.get(method.device_id))
    return Reply({name: value for name, value in item.items() if name not in ONLY_IN_LISTS}, errors.API_ENROLLMENT)


@route("DELETE", "/guardian/enrollments/{id}", "delete:guardian_enrollments")
def delete_enrollment(call: Call) -> Reply:
    """Remove one enrollment."""
    user_id, method = _enrollment(call)
    call.tenant.remove_authenticator(user_id, method.first.id)
    return Reply()


def _enrollment(call: Call) -> tuple[str, Method]:
    """Return an enrollment and its user's id; a push is found by key, for the rest every user is looked through."""
    tenant, device_id = call.tenant, call.path["id"]
    device = tenant.devices.get(device_id)
    for user_id in [device.user_id] if device else tenant.users:
        for method in enrollments_of(tenant.authenticators.of(user_id)):
            if method.device_id == device_id:
                return user_id, method
    raise errors.API_ENROLLMENT_NOT_FOUND()


@route("GET", "/users/{id}/enrollments", "read:users read:current_user")
def get_enrollments(call: Call) -> Reply:
    """List the enrollments of a user."""
    tenant = call.tenant
    listed = enrollments_of(tenant.authenticators.of(user_of(call).user_id))
    items = [enrollment_item(each, tenant.devices.get(each.device_id)) for each in listed]
    return Reply(items, errors.API_ENROLLMENT if items else None)


@route("GET", "/users-by-email", "read:users")
def get_users_by_email(call: Call) -> Reply:
    """Return the users who have an address, in any case of letters [guess]."""
    call.allow_query("email", *CHOICE)
    email = call.query.get("email", "")
    if not email:
        raise errors.API_INVALID_QUERY(problem="Missing required property: email")
    found = [user for user in call.tenant.users.values() if user.email.lower() == email.lower()]
    return Reply([call.chosen(_shown(call.tenant, user)) for user in found], errors.API_USER)


@route("POST", "/users", "create:users")
def post_user(call: Call) -> Reply:
    """Make a database user. A verification email, which Auth0 sends unless told otherwise, is never sent here."""
    fields = call.fields(NEW)
    if fields.get("verify_email"):
        raise errors.NotEmulated("verify_email: true in this body")
    connection, email, password = (str(fields.get(name, "")) for name in ("connection", "email", "password"))
    if connection in CONNECTIONS:
        raise errors.NotEmulated(f"a new user of the connection {connection}")
    if connection not in call.tenant.connections:
        raise errors.API_UNKNOWN_CONNECTION()
    for name, value in (("email", email), ("password", password)):
        if not value:
            raise errors.API_INVALID_BODY(problem=f"Missing required property: {name}")
    user = User(
        user_id=call.tenant.user_ids.user_id(),
        username=email,
        password=checked_password(password),
        phone_number=checked_number(str(fields["phone_number"])) if "phone_number" in fields else "",
        email=checked_email(email),
        connection=connection,
        created_at=call.tenant.clock.now(),
        email_verified=fields.get("email_verified") is True,
    )
    if call.tenant.has_user(connection, email):
        raise errors.API_USER_EXISTS()
    call.tenant.add_user(user)
    return Reply(_shown(call.tenant, user), errors.API_USER_MADE)


@route("GET", "/users/{id}", "read:users")
def get_user(call: Call) -> Reply:
    """Return one user."""
    user = user_of(call)
    call.allow_query(*CHOICE)
    return Reply(call.chosen(_shown(call.tenant, user)), errors.API_USER)


@route("DELETE", "/users/{id}", "delete:users")
def delete_user(call: Call) -> Reply:
    """Remove a user; deleting an unknown user also returns 204."""
    user_id = call.path["id"]
    if "|" not in user_id:
        raise errors.API_INVALID_USER_ID(id=user_id)
    if user := call.tenant.users.get(user_id):
        call.tenant.forget_user(user)
    return Reply(evidence=errors.API_USER_GONE)


@route("PATCH", "/users/{id}", "update:users")
def patch_user(call: Call) -> Reply:
    """Change a user; another email is unverified unless the call says it is, and the login's name stays [guess]."""
    user, changes = user_of(call), call.fields(CHANGES)
    if "email" in changes:
        email = checked_email(str(changes["email"]))
        user = replace(user, email=email, email_verified=user.email_verified and email == user.email)
    if "phone_number" in changes:
        user = replace(user, phone_number=checked_number(str(changes["phone_number"])))
    if "email_verified" in changes:
        user = replace(user, email_verified=changes["email_verified"] is True)
    call.tenant.change_user(user)
    return Reply(_shown(call.tenant, user), errors.API_USER)


@route("DELETE", "/users/{id}/authenticators", "delete:guardian_enrollments")
def delete_authenticators(call: Call) -> Reply:
    """Remove every authenticator of a user."""
    remove_all(call.tenant, user_of(call).user_id)
    return Reply()


@route("POST", "/users/{id}/recovery-code-regeneration", "update:users")
def regenerate_recovery_code(call: Call) -> Reply:
    """Give a user a new recovery code, also one who had none: a recorded user had no factor at all."""
    tenant, user_id = call.tenant, user_of(call).user_id
    call.fields({})
    tenant.authenticators.forget_pending(user_id, now=tenant.clock.now())
    kept = next((one for one in tenant.authenticators.of(user_id) if one.kind == "recovery-code"), None)
    if kept is None and tenant.authenticators.is_full(user_id):
        raise errors.API_TOO_MANY_METHODS()
    code = tenant.codes.recovery_code()
    if kept is not None:
        tenant.authenticators.rotate(user_id, kept.id, code)
    else:
        has_factor = tenant.authenticators.has_factor(user_id)
        tenant.authenticators.add(user_id, recovery_entry(tenant, code, active=has_factor))
    return Reply({"recovery_code": code})


@route("DELETE", "/users/{id}/multifactor/{provider}", "update:users")
def delete_multifactor(call: Call) -> Reply:
    """Remove a legacy provider: google-authenticator takes the authenticator apps along [guess], duo nothing."""
    user, provider = user_of(call), call.path["provider"]
    if provider not in PROVIDERS:
        raise errors.API_INVALID_PATH(problem=f"No enum match for: {provider} on property provider")
    for entry in call.tenant.authenticators.of(user.user_id) if provider == "google-authenticator" else ():
        if entry.kind == "totp" and entry.partner is None:
            call.tenant.remove_authenticator(user.user_id, entry.id)
    return Reply(evidence=errors.API_MULTIFACTOR)


@route("POST", "/users/{id}/multifactor/actions/invalidate-remember-browser", "update:users")
def invalidate_remember_browser(call: Call) -> Reply:
    """Forget the browsers that asked not to be asked again; the MFA API has none."""
    user_of(call)
    call.fields({})
    return Reply()


def _shown(tenant: Tenant, user: User) -> dict[str, object]:
    provider, _, identity = user.user_id.partition("|")
    item = {
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
    return without_null(item)


def user_of(call: Call) -> User:
    """Return the user whose id stands in the path. Raises API_USER_NOT_FOUND."""
    user = call.tenant.users.get(call.path["id"])
    if user is None:
        raise errors.API_USER_NOT_FOUND()
    return user


def checked_email(email: str) -> str:
    """Return an address that has the form of one. Raises API_INVALID_BODY."""
    if not EMAIL.fullmatch(email):
        raise errors.API_INVALID_BODY(problem="Object didn't pass validation for format email on property email")
    return email


def checked_password(password: str) -> str:
    """Return a password that a new tenant's connection takes: 8 characters of three kinds. Raises API_WEAK_PASSWORD."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda each: not each.isalnum())
    if len(password) < LEAST_PASSWORD or sum(any(map(kind, password)) for kind in kinds) < LEAST_KINDS:
        raise errors.API_WEAK_PASSWORD()
    return password


def checked_number(phone_number: str) -> str:
    """Return a phone number in E.164 form. Raises API_INVALID_BODY."""
    if not E164.fullmatch(phone_number):
        raise errors.API_INVALID_BODY(
            problem="String does not match pattern ^\\+[1-9][0-9]{1,14}$ on property phone_number"
        )
    return phone_number


def remove_all(tenant: Tenant, user_id: str) -> None:
    """Remove every authenticator of a user, unconfirmed ones too."""
    for entry in tenant.authenticators.of(user_id):
        # Its partner, and with the last factor the recovery code, went along with another.
        if tenant.authenticators.get(user_id, entry.id) is not None:
            tenant.remove_authenticator(user_id, entry.id)


ENDPOINTS = (
    *(post_ticket, get_enrollment, delete_enrollment, get_enrollments),
    *(get_users_by_email, post_user, get_user, delete_user, patch_user, delete_authenticators),
    *(regenerate_recovery_code, delete_multifactor, invalidate_remember_browser),
)
