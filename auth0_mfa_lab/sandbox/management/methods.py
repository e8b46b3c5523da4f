"""A user's factors as an administrator reads and changes them: authentication methods, enrollments (reference, 9.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import TEXT, Call, Property, checked, without_null
from auth0_mfa_lab.sandbox.mfa.authenticators import MOST
from auth0_mfa_lab.sandbox.mfa.factors import TYPE_OF, address_entries, address_kinds
from auth0_mfa_lab.sandbox.oauth.tokens import iso_date
from auth0_mfa_lab.sandbox.records import Authenticator, MethodLabel
from auth0_mfa_lab.sandbox.tenant import Tenant

AUTH_METHODS = {"push": "guardian", "totp": "authenticator", "sms": "sms", "voice": "sms", "email": "email"}
NEEDED_BY = {"phone": "phone_number", "email": "email", "totp": "totp_secret"}
"""The types that can be made, and the property that each needs, which has the form of its name."""
NOT_MADE = ("webauthn-roaming", "passkey")
PREFERRED = "preferred_authentication_method"
CHANGES = {"name": TEXT, PREFERRED: Property(enum=("sms", "voice"))}
TYPE = {"type": Property(required=True, enum=(*NEEDED_BY, *NOT_MADE))}
NEW = {
    kind: {**TYPE, name: Property(required=True, form=name), **(CHANGES if kind == "phone" else {"name": TEXT})}
    for kind, name in NEEDED_BY.items()
}


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a user: an authenticator, or the two of one number, for SMS and for voice."""

    id: str
    entries: tuple[Authenticator, ...]

    @property
    def type(self) -> str:
        return self.id.partition("|")[0]

    @property
    def first(self) -> Authenticator:
        return self.entries[0]


def methods_of(tenant: Tenant, user_id: str) -> list[Method]:
    """Return a user's methods; unconfirmed ones are not shown (reference, 9.3)."""
    grouped: dict[str, list[Authenticator]] = {}
    for entry in tenant.authenticators.active_of(user_id):
        kind = "phone" if entry.kind in ("sms", "voice") else entry.kind
        grouped.setdefault(f"{kind}|{entry.id.rpartition('|')[2]}", []).append(entry)
    return [Method(name, tuple(each)) for name, each in grouped.items()]


def shown(tenant: Tenant, method: Method, *, masked: bool = True, confirmed: bool = True) -> dict[str, object]:
    """Return a method as the API writes it, without what it does not have."""
    first, is_phone, label = method.first, method.type == "phone", _label(tenant, method)
    address = first.name if masked else first.address
    item = {
        "id": method.id,
        "type": method.type,
        "confirmed": True if confirmed else None,
        "name": label.name or (first.name if method.type == "push" else None),
        "phone_number": address if is_phone else None,
        "email": address if method.type == "email" else None,
        PREFERRED: label.preferred if is_phone else None,
        "authentication_methods": [{"id": each.id, "type": each.kind} for each in method.entries] if is_phone else None,
        "created_at": iso_date(first.created_at),
        **_dates(method, "last_auth_at"),
    }
    return without_null(item)


def _dates(method: Method, last: str) -> dict[str, object]:
    """Return when a method was enrolled, and when one of its authenticators last ended a login."""
    times = {
        "enrolled_at": method.first.enrolled_at,
        last: max((entry.last_auth_at for entry in method.entries if entry.last_auth_at is not None), default=None),
    }
    return {name: None if time is None else iso_date(time) for name, time in times.items()}


def _label(tenant: Tenant, method: Method) -> MethodLabel:
    return tenant.method_labels.get(method.id) or MethodLabel()


def enrollments_of(tenant: Tenant, user_id: str) -> list[Method]:
    """Return what counts as an enrollment: the codes of a Guardian app belong to its push, a recovery code is none."""
    methods = methods_of(tenant, user_id)
    return [one for one in methods if one.type != "recovery-code" and not (one.type == "totp" and one.first.partner)]


def shown_enrollment(tenant: Tenant, method: Method) -> dict[str, object]:
    """Return one enrollment with all that any path tells of it."""
    first, device_id = method.first, method.id.rpartition("|")[2]
    device = tenant.devices.get(device_id)
    item = {
        "id": device_id,
        "status": "confirmed",
        "type": TYPE_OF[first.kind],
        "name": device.name if device else first.name,
        "identifier": device.identifier if device else None,
        "phone_number": first.name if method.type == "phone" else None,
        "auth_method": AUTH_METHODS[first.kind],
        **_dates(method, "last_auth"),
    }
    return without_null(item)


def get_enrollment(call: Call) -> object:
    """Return one enrollment, without the two members that stand in lists only."""
    item = shown_enrollment(call.tenant, _enrollment(call)[1])
    return {name: value for name, value in item.items() if name not in ("type", "auth_method")}


def delete_enrollment(call: Call) -> None:
    """Remove one enrollment."""
    user_id, method = _enrollment(call)
    call.tenant.remove_authenticator(user_id, method.first.id)


def _enrollment(call: Call) -> tuple[str, Method]:
    """Return an enrollment and its user's id; a push is found by key, for the rest every user is looked through."""
    tenant, device_id = call.tenant, call.path["id"]
    device = tenant.devices.get(device_id)
    for user_id in [device.user_id] if device else tenant.users:
        for method in enrollments_of(tenant, user_id):
            if method.id.rpartition("|")[2] == device_id:
                return user_id, method
    raise errors.API_ENROLLMENT_NOT_FOUND()


def post_method(call: Call) -> object:
    """Enroll a user without asking; the method is confirmed at once and can be challenged."""
    tenant, user_id, body = call.tenant, call.user().user_id, _checked(call.value())
    if not tenant.authenticators.has_room(user_id, _size(tenant, body), now=tenant.clock.now()):
        raise errors.API_TOO_MANY_METHODS()
    method = _make(tenant, user_id, body)
    secret = {"totp_secret": body["totp_secret"]} if method.type == "totp" else {}
    return {**shown(tenant, method, confirmed=False), **secret}


def put_methods(call: Call) -> object:
    """Put new methods in the place of all, once every one of them is fit; the answer is unmasked."""
    tenant, user = call.tenant, call.user()
    bodies = [_checked(each) for each in call.array()]
    if sum(_size(tenant, body) for body in bodies) > MOST:
        raise errors.API_TOO_MANY_METHODS()
    tenant.remove_authenticators(user)
    made = [_make(tenant, user.user_id, body) for body in bodies]
    return [shown(tenant, each, masked=False) for each in made]


def patch_method(call: Call) -> object:
    """Change the name of a method, or how a phone is preferably reached."""
    method, changes = named(call), call.body()
    if PREFERRED in changes and method.type != "phone":
        raise errors.API_INVALID_BODY(problem=f"Additional properties not allowed: {PREFERRED}")
    label = _label(call.tenant, method)
    name, preferred = changes.get("name", label.name), changes.get(PREFERRED, label.preferred)
    label = MethodLabel(name=None if name is None else str(name), preferred=str(preferred))
    call.tenant.method_labels[method.id] = label
    return shown(call.tenant, method)


def delete_method(call: Call) -> None:
    """Remove one method."""
    method = named(call)
    call.tenant.remove_authenticator(call.path["id"], method.first.id)
    call.tenant.method_labels.pop(method.id, None)


def named(call: Call) -> Method:
    """Return the method that the path names. Raises API_METHOD_NOT_FOUND."""
    for method in methods_of(call.tenant, call.user().user_id):
        if method.id == call.path["method_id"]:
            return method
    raise errors.API_METHOD_NOT_FOUND()


def _checked(value: object) -> dict[str, object]:
    """Return the body of a new method. Raises API_INVALID_BODY, or NotEmulated for what this API has no use for."""
    kind = str(value.get("type")) if isinstance(value, dict) else ""
    if kind in NOT_MADE:
        raise errors.NotEmulated(f"an authentication method of the type {kind}")
    return checked(value, NEW.get(kind, TYPE))


def _size(tenant: Tenant, body: Mapping[str, object]) -> int:
    """Return how many authenticators a new method is."""
    return len(address_kinds(tenant, "sms")) if body["type"] == "phone" else 1


def _make(tenant: Tenant, user_id: str, body: Mapping[str, object]) -> Method:
    """Enroll a new method, and confirm it."""
    device_id, value = tenant.chance.device_id(), str(body[NEEDED_BY[str(body["type"])]])
    entries: tuple[Authenticator, ...] = (Authenticator(id=f"totp|{device_id}", kind="totp", secret=value),)
    if body["type"] != "totp":
        entries = address_entries(tenant, "sms" if body["type"] == "phone" else "email", value, device_id)
    tenant.authenticators.add(user_id, *(replace(each, created_at=tenant.clock.now()) for each in entries))
    tenant.confirm(user_id, entries[0].id)
    method = next(one for one in methods_of(tenant, user_id) if one.first.id == entries[0].id)
    label = MethodLabel(name=str(body["name"]) if "name" in body else None, preferred=str(body.get(PREFERRED, "sms")))
    tenant.method_labels[method.id] = label
    return method
