"""Resetting and removing a user."""

from urllib.parse import unquote

from auth0_mfa_lab.sandbox.guardian.phone import Phone
from auth0_mfa_lab.sandbox.records import User
from auth0_mfa_lab.sandbox.settings import CONNECTIONS
from auth0_mfa_lab.sandbox.tenant import Tenant


def users_called(tenant: Tenant, name: str) -> tuple[User, ...]:
    """Return whoever has this id, username, phone number or email address, in any case of letters."""
    wanted = name.lower()
    # Whoever came by SMS has no email, and whoever came by email no number: "" is nobody.
    return tuple(
        user
        for user in tenant.users.values()
        if wanted
        and wanted in (user.user_id.lower(), user.username.lower(), user.phone_number.lower(), user.email.lower())
    )


def reset_user(tenant: Tenant, user: User, *phones: Phone) -> None:
    """Make a user as good as new: no authenticator, recovery code, login, token, code or message, and full limits."""
    label = unquote(tenant.barcode_label(user))
    for entry in tenant.authenticators.of(user.user_id):
        if device := tenant.devices.get(entry.id.removeprefix("push|")):
            tenant.delivery.forget_pushes(device.push_token, device.id)
        # Its partner may have gone with one before it.
        if tenant.authenticators.get(user.user_id, entry.id):
            tenant.remove_authenticator(user.user_id, entry.id)
    tenant.revoke_all(user.user_id)
    tenant.limits.forget(user.user_id)
    addresses = [address for address in (user.phone_number, user.email) if address]
    for address in addresses:
        for connection in CONNECTIONS:
            tenant.passwordless.forget(connection, address)
    tenant.delivery.forget(*addresses)
    for phone in phones:
        phone.forget(user.user_id, label)


def remove_user(tenant: Tenant, user: User, *phones: Phone) -> None:
    """Remove a user with everything of theirs."""
    reset_user(tenant, user, *phones)
    tenant.forget_user(user)
