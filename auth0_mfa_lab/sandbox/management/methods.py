"""`/users/{id}/authentication-methods`: a user's factors, read and changed by an administrator (reference, 9.3)."""

import base64
from collections.abc import Mapping
from dataclasses import replace

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import Call, Endpoint, Property, Reply, checked_object, type_name
from auth0_mfa_lab.sandbox.management.items import Label, Method, method_item, methods_of
from auth0_mfa_lab.sandbox.management.queries import PAGING, must_be_known, page_of
from auth0_mfa_lab.sandbox.management.users import EMAIL, checked_number, remove_all, user_of
from auth0_mfa_lab.sandbox.mfa.authenticators import MOST
from auth0_mfa_lab.sandbox.mfa.oob_codes import OobCodes
from auth0_mfa_lab.sandbox.oauth.issued import Bounded
from auth0_mfa_lab.sandbox.records import Authenticator
from auth0_mfa_lab.sandbox.tenant import Tenant

NEEDED = {"phone": "phone_number", "email": "email", "totp": "totp_secret"}
"""The types that can be made, and the property that each needs."""
NOT_MADE = ("webauthn-roaming", "passkey")
LEAST_SECRET_BYTES = 14
PREFERRED = "preferred_authentication_method"
NEW = {
    "type": Property(required=True, enum=(*NEEDED, *NOT_MADE)),
    "name": Property(),
    **{name: Property() for name in NEEDED.values()},
    PREFERRED: Property(enum=("sms", "voice")),
    **{name: Property(kept=False) for name in ("public_key", "key_id", "relying_party_identifier")},
}
CHANGES = {"name": Property(), PREFERRED: Property(enum=("sms", "voice"))}


class AuthenticationMethods:
    """The authentication methods of one tenant's users; it keeps what only administrators see of them."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._codes = OobCodes(tenant)
        self._labels: Bounded[Label] = Bounded()

    def endpoints(self) -> tuple[Endpoint, ...]:
        every, one = "/users/{id}/authentication-methods", "/users/{id}/authentication-methods/{method_id}"
        read, update, delete = (f"{verb}:authentication_methods" for verb in ("read", "update", "delete"))
        make = ("create:authentication_methods",)
        return (
            Endpoint(method="GET", path=every, scopes=(read,), answer=self.all),
            Endpoint(method="POST", path=every, scopes=make, answer=self.create),
            Endpoint(method="PUT", path=every, scopes=(update,), answer=self.replace),
            Endpoint(method="DELETE", path=every, scopes=(delete,), answer=self.delete_all),
            Endpoint(method="GET", path=one, scopes=(read,), answer=self.one),
            Endpoint(method="PATCH", path=one, scopes=(update,), answer=self.patch),
            Endpoint(method="DELETE", path=one, scopes=(delete,), answer=self.delete),
        )

    def all(self, call: Call) -> Reply:
        """List the confirmed methods; a verified address that nobody enrolled is not among them [guess]."""
        user_id = user_of(self._tenant, call).user_id
        must_be_known(call.query, PAGING)
        return Reply(body=page_of(call.query, [self._item(each) for each in self._of(user_id)], named="authenticators"))

    def create(self, call: Call) -> Reply:
        """Enroll a user without asking; the method is confirmed at once and can be challenged."""
        user_id, body = user_of(self._tenant, call).user_id, _checked(call.value())
        self._tenant.authenticators.forget_pending(user_id, now=self._tenant.clock.now())
        if self._tenant.authenticators.is_full(user_id, room=self._size(body)):
            raise errors.API_TOO_MANY_METHODS()
        method = self._make(user_id, body)
        item = method_item(method, self._label(method), confirmed=False)
        secret = {"totp_secret": body["totp_secret"]} if method.type == "totp" else {}
        return Reply(body={**item, **secret}, status=201, evidence=errors.API_METHOD_MADE)

    def replace(self, call: Call) -> Reply:
        """Put new methods in the place of all, once every one of them is fit; the answer is unmasked."""
        user_id, value = user_of(self._tenant, call).user_id, call.value()
        if not isinstance(value, list):
            raise errors.API_INVALID_BODY(problem=f"Expected type array but found type {type_name(value)}")
        bodies = [_checked(each) for each in value]
        if sum(self._size(body) for body in bodies) > MOST:
            raise errors.API_TOO_MANY_METHODS()
        remove_all(self._tenant, user_id)
        made = [self._make(user_id, body) for body in bodies]
        return Reply(body=[method_item(each, self._label(each), masked=False) for each in made])

    def delete_all(self, call: Call) -> Reply:
        remove_all(self._tenant, user_of(self._tenant, call).user_id)
        return Reply(status=204)

    def one(self, call: Call) -> Reply:
        return Reply(body=self._item(self._named(call)))

    def patch(self, call: Call) -> Reply:
        method, changes = self._named(call), call.fields(CHANGES)
        if PREFERRED in changes and method.type != "phone":
            raise errors.API_INVALID_BODY(problem=f"Additional properties not allowed: {PREFERRED}")
        label = self._label(method)
        name, preferred = changes.get("name", label.name), changes.get(PREFERRED, label.preferred)
        self._labels.put(method.id, Label(name=None if name is None else str(name), preferred=str(preferred)))
        return Reply(body=self._item(method), evidence=errors.API_METHOD)

    def delete(self, call: Call) -> Reply:
        method = self._named(call)
        self._tenant.remove_authenticator(call.path["id"], method.first.id)
        self._labels.drop(method.id)
        return Reply(status=204)

    def _of(self, user_id: str) -> tuple[Method, ...]:
        return methods_of(self._tenant.authenticators.of(user_id))

    def _named(self, call: Call) -> Method:
        user = user_of(self._tenant, call)
        for method in self._of(user.user_id):
            if method.id == call.path["method_id"]:
                return method
        raise errors.API_METHOD_NOT_FOUND()

    def _label(self, method: Method) -> Label:
        return self._labels.get(method.id) or Label()

    def _item(self, method: Method) -> dict[str, object]:
        return method_item(method, self._label(method))

    def _make(self, user_id: str, body: Mapping[str, object]) -> Method:
        tenant = self._tenant
        entries = [replace(each, created_at=tenant.clock.now()) for each in self._entries(body)]
        tenant.authenticators.add(user_id, *entries)
        tenant.confirm(user_id, entries[0].id)
        method = methods_of(tenant.authenticators.get(user_id, each.id) or each for each in entries)[0]
        name = body.get("name")
        label = Label(name=None if name is None else str(name), preferred=str(body.get(PREFERRED, "sms")))
        self._labels.put(method.id, label)
        return method

    def _size(self, body: Mapping[str, object]) -> int:
        """Return how many authenticators a new method is."""
        return self._codes.size("sms") if body["type"] == "phone" else 1

    def _entries(self, body: Mapping[str, object]) -> tuple[Authenticator, ...]:
        device_id, value = self._tenant.chance.device_id(), str(body[NEEDED[str(body["type"])]])
        if body["type"] == "phone":
            return self._codes.entries("sms", value, device_id)
        if body["type"] == "email":
            return self._codes.entries("email", value, device_id)
        return (Authenticator(id=f"totp|{device_id}", kind="totp", secret=value),)


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
    elif kind == "email" and not EMAIL.fullmatch(str(body[needed])):
        raise errors.API_INVALID_BODY(problem="Object didn't pass validation for format email on property email")
    elif kind == "totp" and not _is_secret(str(body[needed])):
        raise errors.API_INVALID_BODY(problem="String does not match pattern ^[A-Z2-7]{23,}$ on property totp_secret")
    return body


def _is_secret(text: str) -> bool:
    """Tell whether a text is base32 of 112 bits or more: codes of less are not made here, Auth0's bound is a guess."""
    try:
        return len(base64.b32decode(text + "=" * (-len(text) % 8))) >= LEAST_SECRET_BYTES
    except ValueError:
        return False
