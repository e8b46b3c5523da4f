"""The Management API's side of the users: their profiles, and what takes a second factor away (reference, 9.3)."""

import re
from collections.abc import Sequence
from dataclasses import replace

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import Call, Endpoint, Property, Reply
from auth0_mfa_lab.sandbox.management.queries import CHOICE, chosen, iso_date, must_be_known
from auth0_mfa_lab.sandbox.mfa.oob_codes import E164
from auth0_mfa_lab.sandbox.records import CONNECTIONS, Authenticator, User
from auth0_mfa_lab.sandbox.tenant import Tenant

EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
NOT_KEPT = (
    *("blocked", "phone_verified", "user_metadata", "app_metadata", "given_name", "family_name", "name", "nickname"),
    *("picture", "verify_email", "verify_phone_number", "verify_password", "password", "username"),
)
CHANGES = {
    "email": Property(),
    "email_verified": Property(type="boolean"),
    "phone_number": Property(),
    "connection": Property(),
    "client_id": Property(),
    **{name: Property(kept=False) for name in NOT_KEPT},
}
NEW = {
    **CHANGES,
    "connection": Property(required=True),
    "client_id": Property(kept=False),
    "user_id": Property(kept=False),
    "password": Property(),
    "verify_email": Property(type="boolean"),
}
PROVIDERS = ("duo", "google-authenticator")
LEAST_PASSWORD, LEAST_KINDS = 8, 3


class Users:
    """The users of one tenant, as an administrator sees them."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._chance = tenant.chance.fork("management/users")

    def endpoints(self) -> Sequence[Endpoint]:
        user, update, factor = "/users/{id}", ("update:users",), "/users/{id}/multifactor"
        delete = ("delete:guardian_enrollments",)
        regenerate, forget = f"{user}/recovery-code-regeneration", f"{factor}/actions/invalidate-remember-browser"
        return (
            Endpoint(method="GET", path="/users-by-email", scopes=("read:users",), answer=self.by_email),
            Endpoint(method="POST", path="/users", scopes=("create:users",), answer=self.create),
            Endpoint(method="GET", path=user, scopes=("read:users",), answer=self.one),
            Endpoint(method="DELETE", path=user, scopes=("delete:users",), answer=self.delete),
            Endpoint(method="PATCH", path=user, scopes=update, answer=self.patch),
            Endpoint(method="DELETE", path=f"{user}/authenticators", scopes=delete, answer=self.delete_authenticators),
            Endpoint(method="POST", path=regenerate, scopes=update, answer=self.regenerate_recovery_code),
            Endpoint(method="DELETE", path=f"{factor}/{{provider}}", scopes=update, answer=self.delete_multifactor),
            Endpoint(method="POST", path=forget, scopes=update, answer=self.invalidate_remember_browser),
        )

    def one(self, call: Call) -> Reply:
        user = user_of(self._tenant, call)
        must_be_known(call.query, CHOICE)
        return Reply(body=chosen(call.query, self._shown(user)), evidence=errors.API_USER)

    def by_email(self, call: Call) -> Reply:
        """Return the users who have an address, in any case of letters [guess]."""
        must_be_known(call.query, ("email", *CHOICE))
        email = call.query.get("email", "")
        if not email:
            raise errors.API_INVALID_QUERY(problem="Missing required property: email")
        found = [user for user in self._tenant.users.values() if user.email.lower() == email.lower()]
        return Reply(body=[chosen(call.query, self._shown(user)) for user in found], evidence=errors.API_USER)

    def create(self, call: Call) -> Reply:
        """Make a database user. A verification email, which Auth0 sends unless told otherwise, is never sent here."""
        fields = call.fields(NEW)
        if fields.get("verify_email"):
            raise errors.NotEmulated("verify_email: true in this body")
        connection, email, password = (str(fields.get(name, "")) for name in ("connection", "email", "password"))
        if connection in CONNECTIONS:
            raise errors.NotEmulated(f"a new user of the connection {connection}")
        if not self._tenant.has_connection(connection):
            raise errors.API_UNKNOWN_CONNECTION()
        for name, value in (("email", email), ("password", password)):
            if not value:
                raise errors.API_INVALID_BODY(problem=f"Missing required property: {name}")
        user = User(
            user_id=self._chance.user_id(),
            username=email,
            password=checked_password(password),
            phone_number=checked_number(str(fields["phone_number"])) if "phone_number" in fields else "",
            email=checked_email(email),
            connection=connection,
            created_at=self._tenant.clock.now(),
            email_verified=fields.get("email_verified") is True,
        )
        if self._tenant.has_user(connection, email):
            raise errors.API_USER_EXISTS()
        self._tenant.add_user(user)
        return Reply(status=201, body=self._shown(user), evidence=errors.API_USER_MADE)

    def delete(self, call: Call) -> Reply:
        """Remove a user; one who is not there is as gone as one who was."""
        user_id = call.path["id"]
        if "|" not in user_id:
            raise errors.API_INVALID_USER_ID(id=user_id)
        if user := self._tenant.users.get(user_id):
            self._tenant.forget_user(user)
        return Reply(status=204, evidence=errors.API_USER_GONE)

    def patch(self, call: Call) -> Reply:
        """Change a user; another email is unverified unless the call says it is, and the login's name stays [guess]."""
        user, changes = user_of(self._tenant, call), call.fields(CHANGES)
        if "email" in changes:
            email = checked_email(str(changes["email"]))
            user = replace(user, email=email, email_verified=user.email_verified and email == user.email)
        if "phone_number" in changes:
            user = replace(user, phone_number=checked_number(str(changes["phone_number"])))
        if "email_verified" in changes:
            user = replace(user, email_verified=changes["email_verified"] is True)
        self._tenant.directory.change(user)
        return Reply(body=self._shown(user), evidence=errors.API_USER)

    def delete_authenticators(self, call: Call) -> Reply:
        remove_all(self._tenant, user_of(self._tenant, call).user_id)
        return Reply(status=204)

    def regenerate_recovery_code(self, call: Call) -> Reply:
        """Give a user a new recovery code, who may have had none: a recorded user had no factor at all."""
        tenant, user_id = self._tenant, user_of(self._tenant, call).user_id
        call.fields({})
        now = tenant.clock.now()
        tenant.authenticators.forget_pending(user_id, now=now)
        kept = next((one for one in tenant.authenticators.of(user_id) if one.kind == "recovery-code"), None)
        if kept is None and tenant.authenticators.is_full(user_id):
            raise errors.API_TOO_MANY_METHODS()
        code = tenant.codes.recovery_code()
        if kept is not None:
            tenant.authenticators.rotate(user_id, kept.id, code)
            return Reply(body={"recovery_code": code})
        has_factor = tenant.authenticators.has_factor(user_id)
        entry = Authenticator(
            id=f"recovery-code|{tenant.chance.device_id()}",
            kind="recovery-code",
            active=has_factor,
            secret=code,
            created_at=now,
            enrolled_at=now if has_factor else None,
        )
        tenant.authenticators.add(user_id, entry)
        return Reply(body={"recovery_code": code})

    def delete_multifactor(self, call: Call) -> Reply:
        """Remove a legacy provider: google-authenticator takes the authenticator apps along [guess], duo nothing."""
        user, provider = user_of(self._tenant, call), call.path["provider"]
        if provider not in PROVIDERS:
            raise errors.API_INVALID_PATH(problem=f"No enum match for: {provider} on property provider")
        for entry in self._tenant.authenticators.of(user.user_id) if provider == "google-authenticator" else ():
            if entry.kind == "totp" and entry.partner is None:
                self._tenant.remove_authenticator(user.user_id, entry.id)
        return Reply(status=204, evidence=errors.API_MULTIFACTOR)

    def invalidate_remember_browser(self, call: Call) -> Reply:
        """Forget the browsers that asked not to be asked again; the MFA API has none."""
        user_of(self._tenant, call)
        call.fields({})
        return Reply(status=204)

    def _shown(self, user: User) -> dict[str, object]:
        provider, _, identity = user.user_id.partition("|")
        item = {
            "user_id": user.user_id,
            "email": user.email or None,
            "email_verified": user.email_verified if user.email else None,
            "phone_number": user.phone_number or None,
            "name": user.username,
            "nickname": user.username.partition("@")[0],
            "picture": f"{self._tenant.tokens.issuer}avatars/default.png",
            "identities": [
                {"connection": user.connection, "provider": provider, "user_id": identity, "isSocial": False}
            ],
            "created_at": iso_date(user.created_at),
        }
        return {name: value for name, value in item.items() if value is not None}


def user_of(tenant: Tenant, call: Call) -> User:
    """Return the user whose id stands in the path. Raises API_USER_NOT_FOUND."""
    user = tenant.users.get(call.path["id"])
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
