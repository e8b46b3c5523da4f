"""`POST /passwordless/start`, and the grant that takes its code (reference, section 7)."""

import re
from urllib.parse import urlencode

from starlette.responses import JSONResponse

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.delivery import Message
from auth0_mfa_lab.sandbox.http import JSON, Fields, Request, Routes
from auth0_mfa_lab.sandbox.json_text import type_name
from auth0_mfa_lab.sandbox.oauth.grants import (
    CLIENT_FIELDS,
    GRANTS,
    Answer,
    authenticate_client,
    finish_first_factor,
    wished,
)
from auth0_mfa_lab.sandbox.records import Client
from auth0_mfa_lab.sandbox.records import Request as TokenRequest
from auth0_mfa_lab.sandbox.settings import CONNECTIONS
from auth0_mfa_lab.sandbox.tenant import Tenant

GRANT = f"{GRANTS}/passwordless/otp"
STRINGS = (*CLIENT_FIELDS, "connection", "send", "email", "phone_number")
SEND = "^(code|link)$"
ADDRESS = {
    "email": ("email", r"^[^@\s]+@[^@\s]+$", errors.MISSING_EMAIL, errors.BAD_EMAIL, "email_verified"),
    "sms": ("phone_number", r"^\+[0-9]{1,15}$", errors.MISSING_PHONE_NUMBER, errors.BAD_PHONE_NUMBER, "phone_verified"),
}
"""The property with the address, its pattern, what refuses none and another one, and a member of the answer."""


def start(tenant: Tenant, request: Request) -> JSONResponse:
    """Send a code or a link; an unknown address is sent one, too."""
    starts = tenant.limits.bucket("passwordless_starts", request.client.host if request.client else "")
    if not starts.take(tenant.clock.now()):
        raise errors.TOO_MANY_STARTS(headers=starts.headers())
    fields = request.fields()
    client_id, auth_params = _check_application(tenant, request, fields)
    connection = fields.text("connection")
    if connection is None:
        raise errors.MISSING_CONNECTION()
    if connection not in ADDRESS:
        raise errors.PASSWORD_CONNECTION() if connection in tenant.connections else errors.UNKNOWN_CONNECTION()
    if connection not in tenant.settings.passwordless:
        raise errors.DISABLED_CONNECTION()
    name, pattern, missing, bad, verified = ADDRESS[connection]
    address, send = fields.text(name), fields.text("send")
    if address is None:
        raise missing()
    if not re.fullmatch(pattern, address):
        raise bad(pattern=pattern)
    if send is not None and not re.fullmatch(SEND, send):
        raise errors.BAD_SEND(pattern=SEND)
    code, link = tenant.passwordless.issue(connection, address), None
    text = f"Your verification code for {tenant.settings.name} is: {code}"
    if connection == "email" and send != "code":
        ours = {"connection": "email", "client_id": client_id, "email": address, "verification_code": code}
        link = f"{tenant.tokens.issuer}passwordless/verify_redirect?{urlencode({**auth_params, **ours})}"
        text = f"Click here to log in to {tenant.settings.name}: {link}"
    message = Message(
        address=address,
        channel="email" if connection == "email" else "sms",
        purpose="passwordless",
        code=None if link else code,
        link=link,
        text=text,
        language=request.headers.get("x-request-language") or request.headers.get("accept-language"),
        sent_at=tenant.clock.now(),
    )
    tenant.delivery.message(message)
    identity = tenant.passwordless.identity(connection, address)
    return JSON({"_id": identity, name: address, verified: True}, headers=starts.headers())


def _check_application(tenant: Tenant, request: Request, fields: Fields) -> tuple[str, dict[str, str]]:
    """Check the application, and the names and types of the properties; return the `client_id` and the `authParams`."""
    by_basic = request.headers.get("authorization", "").lower().startswith("basic ")
    if "client_id" not in fields and not by_basic:
        raise errors.MISSING_CLIENT_ID()
    for name in STRINGS:
        if not isinstance(value := fields.get(name, ""), str):
            raise errors.WRONG_TYPE(name=name, type=_json_type(value))
    client = authenticate_client(tenant, request, fields)
    if GRANT not in client.grants:
        raise errors.START_NOT_ALLOWED(grant=GRANT)
    if unknown := [name for name in fields if name not in (*STRINGS, "authParams")]:
        raise errors.NOT_ALLOWED(names=", ".join(unknown))
    auth_params = fields.get("authParams", {})
    if not isinstance(auth_params, dict):
        raise errors.BAD_AUTH_PARAMS(type=_json_type(auth_params))
    return fields.text("client_id") or "", {str(name): str(value) for name, value in auth_params.items()}


def _json_type(value: object) -> str:
    return type_name(value).replace("integer", "number")


def verify_redirect(_: Tenant, __: Request) -> JSONResponse:
    """Refuse, in the sandbox's own name, what a link opens: a browser's flow."""
    raise errors.NotEmulated("magic links (GET /passwordless/verify_redirect), which need a browser,")


def passwordless_otp(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Take a code: it is used up, and at its first success the user is made. `redirect_uri` is not read."""
    username, otp, realm = (fields.required(name) for name in ("username", "otp", "realm"))
    if realm not in CONNECTIONS:
        raise errors.UNKNOWN_REALM()
    audience, scope = wished(tenant, fields, unknown=errors.INVALID_AUDIENCE_ELSEWHERE)
    tenant.passwordless.use(realm, username, otp, tries=int(tenant.settings.switches["passwordless_tries"]))
    user_id = tenant.passwordless_user(realm, username).user_id
    asked = TokenRequest(client_id=client.client_id, user_id=user_id, audience=audience, scope=scope, gty=None)
    return finish_first_factor(tenant, asked)


ROUTES: Routes = (("POST", "/passwordless/start", start), ("GET", "/passwordless/verify_redirect", verify_redirect))
