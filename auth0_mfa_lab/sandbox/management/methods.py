"""`/users/{id}/authentication-methods`: a user's factors, read and changed by an administrator (reference, 9.3)."""

import base64
from collections.abc import Mapping
from dataclasses import replace

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import (
    PAGING,
    Call,
    Property,
    Reply,
    checked_object,
    not_emulated,
    route,
)
from auth0_mfa_lab.sandbox.management.items import Method, method_item, methods_of
from auth0_mfa_lab.sandbox.management.users import checked_email, checked_number, remove_all, user_of
from auth0_mfa_lab.sandbox.mfa.authenticators import MOST
from auth0_mfa_lab.sandbox.mfa.enrollment import address_entries, address_kinds
from auth0_mfa_lab.sandbox.records import Authenticator, MethodLabel
from auth0_mfa_lab.sandbox.tenant import Tenant

NEEDED = {"phone": "phone_number", "email": "email", "totp": "totp_secret"}
"""The types that can be made, and the property that each needs."""
NOT_MADE = ("webauthn-roaming", "passkey")
LEAST_SECRET_BYTES = 14
PREFERRED = "preferred_authentication_method"
EVERY, ONE = "/users/{id}/authentication-methods", "/users/{id}/authentication-methods/{method_id}"
CHANGES = {"name": Property(), PREFERRED: Property(enum=("sms", "voice"))}
NEW = {
    "type": Property(required=True, enum=(*NEEDED, *NOT_MADE)),
    **{name: Property() for name in NEEDED.values()},
    **CHANGES,
    **not_emulated("public_key key_id relying_party_identifier"),
}


@route("GET", EVERY, "read:authentication_methods")
def get_methods(call: Call) -> Reply:
    """List the confirmed methods; a verified address that was never enrolled is not among them [guess]."""
    user_id = user_of(call).user_id
    call.allow_query(*PAGING)
    methods = methods_of(call.tenant.authenticators.of(user_id))
    items = [method_item(each, _label(call.tenant, each)) for each in methods]
    return Reply(call.page_of(items, named="authenticators"))


@route("POST", EVERY, "create:authentication_methods")
def post_method(call: Call) -> Reply:
    """Enroll a user without asking; the method is confirmed at once and can be challenged."""
    tenant, user_id, body = call.tenant, user_of(call).user_id, _checked(call.value())
    tenant.authenticators.forget_pending(user_id, now=tenant.clock.now())
    if tenant.authenticators.is_full(user_id, room=_size(tenant, body)):
        raise errors.API_TOO_MANY_METHODS()
    method = _make(tenant, user_id, body)
    item = method_item(method, _label(tenant, method), confirmed=False)
    secret = {"totp_secret": body["totp_secret"]} if method.type == "totp" else {}
    return Reply({**item, **secret}, errors.API_METHOD_MADE)


@route("PUT", EVERY, "update:authentication_methods")
def put_methods(call: Call) -> Reply:
    """Put new methods in the place of all, once every one of them is fit; the answer is unmasked."""
    tenant, user_id = call.tenant, user_of(call).user_id
    bodies = [_checked(each) for each in call.array()]
    if sum(_size(tenant, body) for body in bodies) > MOST:
        raise errors.API_TOO_MANY_METHODS()
    remove_all(tenant, user_id)
    made = [_make(tenant, user_id, body) for body in bodies]
    return Reply([method_item(each, _label(tenant, each), masked=False) for each in made])


@route("DELETE", EVERY, "delete:authentication_methods")
def delete_methods(call: Call) -> Reply:
    """Remove every method of a user."""
    remove_all(call.tenant, user_of(call).user_id)
    return Reply()


@route("GET", ONE, "read:authentication_methods")
def get_method(call: Call) -> Reply:
    """Return one method."""
    method = _named(call)
    return Reply(method_item(method, _label(call.tenant, method)))


@route("PATCH", ONE, "update:authentication_methods")
def patch_method(call: Call) -> Reply:
    """Change the name of a method, or how a phone is preferably reached."""
    method, changes = _named(call), call.fields(CHANGES)
    if PREFERRED in changes and method.type != "phone":
        raise errors.API_INVALID_BODY(problem=f"Additional properties not allowed: {PREFERRED}")
    label = _label(call.tenant, method)
    name, preferred = changes.get("name", label.name), changes.get(PREFERRED, label.preferred)
    label = MethodLabel(name=None if name is None else str(name), preferred=str(preferred))
    call.tenant.method_labels[method.id] = label
    return Reply(method_item(method, label), errors.API_METHOD)


@route("DELETE", ONE, "delete:authentication_methods")
def delete_method(call: Call) -> Reply:
    """Remove one method."""
    method = _named(call)
    call.tenant.remove_authenticator(call.path["id"], method.first.id)
    call.tenant.method_labels.pop(method.id, None)
    return Reply()


def _named(call: Call) -> Method:
    """Return the method that the path names. Raises API_METHOD_NOT_FOUND."""
    for method in methods_of(call.tenant.authenticators.of(user_of(call).user_id)):
        if method.id == call.path["method_id"]:
            return method
    raise errors.API_METHOD_NOT_FOUND()


def _label(tenant: Tenant, method: Method) -> MethodLabel:
    return tenant.method_labels.get(method.id) or MethodLabel()


def _size(tenant: Tenant, body: Mapping[str, object]) -> int:
    """Return how many authenticators a new method is."""
    return len(address_kinds(tenant, "sms")) if body["type"] == "phone" else 1


def _make(tenant: Tenant, user_id: str, body: Mapping[str, object]) -> Method:
    """Enroll a new method, and confirm it."""
    device_id, value = tenant.chance.device_id(), str(body[NEEDED[str(body["type"])]])
    if body["type"] == "totp":
        entries: tuple[Authenticator, ...] = (Authenticator(id=f"totp|{device_id}", kind="totp", secret=value),)
    else:
        entries = address_entries(tenant, "sms" if body["type"] == "phone" else "email", value, device_id)
    tenant.authenticators.add(user_id, *(replace(each, created_at=tenant.clock.now()) for each in entries))
    tenant.confirm(user_id, entries[0].id)
    method = methods_of(tenant.authenticators.get(user_id, each.id) or each for each in entries)[0]
    label = MethodLabel(name=str(body["name"]) if "name" in body else None, preferred=str(body.get(PREFERRED, "sms")))
    tenant.method_labels[method.id] = label
    return method


def _checked(value: object) -> dict[str, object]:
    """Return the body of a new method. Raises API_INVALID_BODY, or NotEmulated for what this API has no use for."""
    body = checked_object(value, NEW)
    kind = str(body["type"])
    if kind in NOT_MADE:
        raise errors.NotEmulated(f"an authentication method of the type {kind}")
    needed = NEEDED[kind]
    if needed not in body:
        raise errors.API_INVALID_BODY(problem=f"Missing required property: {needed}")
    allowed = {"type", "name", needed, PREFERRED if kind == "phone" else "type"}
    if foreign := [name for name in body if name not in allowed]:
        raise errors.API_INVALID_BODY(problem=f"Additional properties not allowed: {','.join(foreign)}")
    if kind == "phone":
        checked_number(str(body[needed]))
    elif kind == "email":
        checked_email(str(body[needed]))
    elif kind == "totp" and not _is_secret(str(body[needed])):
        raise errors.API_INVALID_BODY(problem="String does not match pattern ^[A-Z2-7]{23,}$ on property totp_secret")
    return body


def _is_secret(text: str) -> bool:
    """Tell whether a text is base32 of 112 bits or more: codes of less are not made here, Auth0's bound is a guess."""
    try:
        return len(base64.b32decode(text + "=" * (-len(text) % 8))) >= LEAST_SECRET_BYTES
    except ValueError:
        return False


ENDPOINTS = (get_methods, post_method, put_methods, delete_methods, get_method, patch_method, delete_method)
