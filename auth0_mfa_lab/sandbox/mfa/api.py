"""`/mfa/associate`, `/mfa/authenticators` and `/mfa/challenge` (reference, sections 3 to 5)."""

import re
from collections.abc import Collection, Mapping

from starlette.responses import JSONResponse, Response

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.http import JSON, JSON_TYPE, Fields, Request, Routes
from auth0_mfa_lab.sandbox.json_text import json_object, present
from auth0_mfa_lab.sandbox.mfa import factors
from auth0_mfa_lab.sandbox.mfa.authenticators import E164, EMAIL
from auth0_mfa_lab.sandbox.mfa.factors import TYPE_OF, listed, login_of_bearer, login_of_body, take_to_send
from auth0_mfa_lab.sandbox.oauth.clients import CLIENT_FIELDS, GRANTS, authenticate_client
from auth0_mfa_lab.sandbox.records import CHANNEL_OF, KIND_OF_CHANNEL, Authenticator, Kind, Login
from auth0_mfa_lab.sandbox.tenant import Tenant

ASSOCIATE_FIELDS = ("authenticator_types", "oob_channels", "phone_number", "email", *CLIENT_FIELDS)
CHALLENGE_FIELDS = ("mfa_token", "challenge_type", "authenticator_id", "oob_channel", *CLIENT_FIELDS)
AUTHENTICATOR_ID = re.compile(r"[a-z-]+\|dev_[A-Za-z0-9]+")
KINDS = {str(channel): kind for channel, kind in KIND_OF_CHANNEL.items()}
AUTHENTICATOR_TYPES: Mapping[Kind, str] = {"totp": "otp", "recovery-code": "recovery-code"}
"""The `authenticator_type` of a kind, which is the `challenge_type` as well; any other is `oob`."""
CHALLENGED_FIRST: tuple[Kind, ...] = ("push", "sms", "voice", "totp", "email")
"""What is chosen among several that fit [guess]; a recovery code cannot be challenged (reference, section 5)."""
JSON_CALLED_A_FORM = "sandbox: JSON without its content type, as in Auth0's push guide; that it is read is a guess"


def post_associate(tenant: Tenant, request: Request) -> JSONResponse:
    """Begin an enrollment; client fields are neither needed nor read."""
    login = login_of_bearer(tenant, request.bearer, scope="enroll")
    user_id = login.request.user_id
    fields = request.fields(*ASSOCIATE_FIELDS)
    kind: Kind = "totp"
    if _first_of(fields, "authenticator_types", "authenticator type", ("otp", "oob")) == "oob":
        kind = KINDS[_first_of(fields, "oob_channels", "oob channel", KINDS)]
    if not factors.is_on(tenant, kind):
        raise errors.FACTOR_IS_OFF(factor=CHANNEL_OF.get(kind, "otp"))
    if not factors.may_enroll(tenant, login):
        raise errors.ALREADY_ENROLLED()
    if not factors.has_room(tenant, user_id, kind):
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
    headers = take_to_send(tenant, kind, user_id) if address else {}
    return JSON(factors.associate(tenant, login, kind, address), headers=headers)


def _first_of(fields: Fields, name: str, what: str, known: Collection[str]) -> str:
    """Return the first of the names in a field, each of which must be known."""
    names = fields.strings(name)
    if names is None:
        raise errors.INVALID_ASSOCIATION(problem=f"Missing required parameter: {name}")
    if unknown := [one for one in names if one not in known]:
        raise errors.INVALID_ASSOCIATION(problem=f"Unknown {what}: {unknown[0]}")
    return names[0]


def get_authenticators(tenant: Tenant, request: Request) -> JSONResponse:
    """List the user's authenticators, confirmed or not; an unconfirmed push has no name yet (reference, 4.1)."""
    login, switches = login_of_bearer(tenant, request.bearer, scope="read:authenticators"), tenant.settings.switches
    entries = [
        {
            "id": item.id,
            "authenticator_type": AUTHENTICATOR_TYPES.get(item.kind, "oob"),
            "active": item.active,
            "type": TYPE_OF[item.kind] if switches["customizable_mfa"] == "on" else None,
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
    """Challenge one active authenticator (reference, section 5).

    JSON that is not called so is read as well, for the push guide's curl calls it a form.
    """
    body, kind = request.content, None
    is_called_json = request.headers.get("content-type", "").lower().startswith(JSON_TYPE)
    if not is_called_json and body.lstrip().startswith(b"{") and json_object(body) is not None:
        kind = JSON_TYPE
        request.notes.append(JSON_CALLED_A_FORM)
    fields = request.fields(*CHALLENGE_FIELDS, kind=kind)
    client = authenticate_client(tenant, request, fields)
    grant = f"{GRANTS}/mfa-{'otp' if fields.text('challenge_type') == 'otp' else 'oob'}"
    if grant not in client.grants:
        raise errors.CHALLENGE_NOT_ALLOWED(grant=grant)
    login = login_of_body(tenant, fields.required("mfa_token"), client)
    if login.done:
        raise errors.LOGIN_DONE()
    chosen = _choose(tenant, login, fields)
    if chosen.kind == "totp":
        return JSON({"challenge_type": "otp"})
    headers = take_to_send(tenant, chosen.kind, login.request.user_id)
    answer = {"challenge_type": "oob", "oob_code": factors.challenge(tenant, login, chosen).oob_code}
    return JSON(answer if chosen.kind == "push" else {**answer, "binding_method": "prompt"}, headers=headers)


def _choose(tenant: Tenant, login: Login, fields: Fields) -> Authenticator:
    """Return the authenticator to challenge: the one that is named, else the first that fits."""
    user_id, wished = login.request.user_id, fields.text("challenge_type")
    wanted, channel = fields.text("authenticator_id"), fields.text("oob_channel")
    active = {entry.id for entry in listed(tenant, user_id) if entry.active}
    if not active:
        raise errors.NOT_ENROLLED()
    if wanted is not None and wanted not in active:
        raise errors.UNKNOWN_AUTHENTICATOR()
    types = wished.split() if wished else ["oob", "otp"]
    fitting = [
        entry
        for entry in factors.usable(tenant, user_id, but=login.spent)
        if wanted in (None, entry.id)
        and entry.kind in CHALLENGED_FIRST
        and AUTHENTICATOR_TYPES.get(entry.kind, "oob") in types
        and channel in (None, CHANNEL_OF.get(entry.kind))
    ]
    if not fitting:
        raise errors.UNSUPPORTED_CHALLENGE(types=" ".join(types))
    return min(fitting, key=lambda entry: CHALLENGED_FIRST.index(entry.kind))


ROUTES: Routes = (
    ("POST", "/mfa/associate", post_associate),
    ("GET", "/mfa/authenticators", get_authenticators),
    ("DELETE", "/mfa/authenticators/{id}", delete_authenticator),
    ("POST", "/mfa/challenge", post_challenge),
)
