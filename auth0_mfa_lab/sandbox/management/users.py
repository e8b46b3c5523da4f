"""`/users` and `/guardian/enrollments`: profiles, enrollments, and what takes a second factor away (reference, 9.3)."""

from dataclasses import replace

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import FLAG, NEEDED, TEXT, Call, Property, without_null
from auth0_mfa_lab.sandbox.mfa.enrollment import recovery_entry
from auth0_mfa_lab.sandbox.oauth.tokens import iso_date
from auth0_mfa_lab.sandbox.records import User
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
PROVIDERS = ("duo", "google-authenticator")
LEAST_PASSWORD, LEAST_KINDS = 8, 3


def post_ticket(call: Call) -> object:
    """Make a link to the hosted enrollment page, which the sandbox does not have; no mail is sent with it."""
    body = call.body()
    if body["user_id"] not in call.tenant.users:
        raise errors.API_USER_NOT_FOUND()
    if body.get("send_mail") is True:
        raise errors.NotEmulated("the mail with an enrollment ticket (send_mail)")
    ticket_id = call.tenant.chance.alnum(32)
    return {"ticket_id": ticket_id, "ticket_url": f"{call.tenant.domains.origin}/mfa/enrollment?ticket={ticket_id}"}


def shown(tenant: Tenant, user: User) -> dict[str, object]:
    """Return a user as the API writes one."""
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


def get_users_by_email(call: Call) -> object:
    """Return the users who have an address, in any case of letters [guess]."""
    email = call.query.get("email", "").lower()
    if not email:
        raise errors.API_INVALID_QUERY(problem="Missing required property: email")
    return [shown(call.tenant, user) for user in call.tenant.users.values() if user.email.lower() == email]


def post_user(call: Call) -> object:
    """Make a database user. A verification email, which Auth0 sends unless told otherwise, is never sent here."""
    fields, tenant = call.body(), call.tenant
    if fields.get("verify_email"):
        raise errors.NotEmulated("verify_email: true in this body")
    connection, email, password = (str(fields.get(name, "")) for name in ("connection", "email", "password"))
    if connection in CONNECTIONS:
        raise errors.NotEmulated(f"a new user of the connection {connection}")
    if connection not in tenant.connections:
        raise errors.API_UNKNOWN_CONNECTION()
    for name, value in (("email", email), ("password", password)):
        if not value:
            raise errors.API_INVALID_BODY(problem=f"Missing required property: {name}")
    # What a new tenant's connection takes: 8 characters of three kinds.
    kinds = (str.islower, str.isupper, str.isdigit, lambda each: not each.isalnum())
    if len(password) < LEAST_PASSWORD or sum(any(map(kind, password)) for kind in kinds) < LEAST_KINDS:
        raise errors.API_WEAK_PASSWORD()
    user = User(
        user_id=tenant.user_ids.user_id(),
        username=email,
        password=password,
        phone_number=str(fields.get("phone_number", "")),
        email=email,
        connection=connection,
        created_at=tenant.clock.now(),
        email_verified=fields.get("email_verified") is True,
    )
    if tenant.has_user(connection, email):
        raise errors.API_USER_EXISTS()
    tenant.add_user(user)
    return shown(tenant, user)


def patch_user(call: Call) -> object:
    """Change a user; another email is unverified unless the call says it is, and the login's name stays [guess]."""
    user, changes = call.user(), call.body()
    if "email" in changes:
        email = str(changes["email"])
        user = replace(user, email=email, email_verified=user.email_verified and email == user.email)
    if "phone_number" in changes:
        user = replace(user, phone_number=str(changes["phone_number"]))
    if "email_verified" in changes:
        user = replace(user, email_verified=changes["email_verified"] is True)
    call.tenant.users[user.user_id] = user
    return shown(call.tenant, user)


def delete_user(call: Call) -> None:
    """Remove a user; deleting an unknown user also returns 204."""
    user_id = call.path["id"]
    if "|" not in user_id:
        raise errors.API_INVALID_USER_ID(id=user_id)
    if user := call.tenant.users.get(user_id):
        call.tenant.forget_user(user)


def regenerate_recovery_code(call: Call) -> object:
    """Give a user a new recovery code, also one who had none: a recorded user had no factor at all."""
    tenant, user_id = call.tenant, call.user().user_id
    call.body()
    tenant.authenticators.forget_pending(user_id, now=tenant.clock.now())
    kept = next((one for one in tenant.authenticators.of(user_id) if one.kind == "recovery-code"), None)
    if kept is None and tenant.authenticators.is_full(user_id):
        raise errors.API_TOO_MANY_METHODS()
    code = tenant.codes.recovery_code()
    if kept is not None:
        tenant.authenticators.change(user_id, kept.id, secret=code)
    else:
        has_factor = tenant.authenticators.has_factor(user_id)
        tenant.authenticators.add(user_id, recovery_entry(tenant, code, active=has_factor))
    return {"recovery_code": code}


def delete_multifactor(call: Call) -> None:
    """Remove a legacy provider: google-authenticator takes the authenticator apps along [guess], duo nothing."""
    user_id, provider = call.user().user_id, call.path["provider"]
    if provider not in PROVIDERS:
        raise errors.API_INVALID_PATH(problem=f"No enum match for: {provider} on property provider")
    for entry in call.tenant.authenticators.of(user_id) if provider == "google-authenticator" else ():
        if entry.kind == "totp" and entry.partner is None:
            call.tenant.remove_authenticator(user_id, entry.id)


def invalidate_remember_browser(call: Call) -> None:
    """Forget the browsers that asked not to be asked again; the MFA API has none."""
    call.user()
    call.body()
