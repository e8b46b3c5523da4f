"""`POST /passwordless/start`, and the grant that takes its code (reference, section 7)."""

import re
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.delivery import Message
from auth0_mfa_lab.sandbox.http import JSON, Fields, Routes, read_fields
from auth0_mfa_lab.sandbox.oauth.client_auth import CLIENT_FIELDS, authenticate_client
from auth0_mfa_lab.sandbox.oauth.grants import GRANTS, Answer, finish_first_factor, granted_scopes, wished_audience
from auth0_mfa_lab.sandbox.records import Client
from auth0_mfa_lab.sandbox.records import Request as TokenRequest
from auth0_mfa_lab.sandbox.settings import CONNECTIONS, PasswordlessConnection
from auth0_mfa_lab.sandbox.tenant import Tenant

GRANT = f"{GRANTS}/passwordless/otp"
STRINGS = (*CLIENT_FIELDS, "connection", "send", "email", "phone_number")
PROPERTIES = (*STRINGS, "authParams")
PHONE_NUMBER = r"^\+[0-9]{1,15}$"
EMAIL = r"^[^@\s]+@[^@\s]+$"
SEND = "^(code|link)$"
JSON_TYPES = ((bool, "boolean"), (int | float, "number"), (str, "string"), (list, "array"), (dict, "object"))


async def start(tenant: Tenant, request: Request) -> JSONResponse:
    """Send a code or a link; an unknown address is sent one, too."""
    starts = tenant.limits.bucket("passwordless_starts", request.client.host if request.client else "")
    if not starts.take(tenant.clock.now()):
        raise errors.TOO_MANY_STARTS(headers=starts.headers())
    fields = await read_fields(request)
    _check_application(tenant, request, fields)
    connection = _connection(tenant, fields)
    address = _address(fields, connection)
    send = fields.text("send")
    if send is not None and not re.fullmatch(SEND, send):
        raise errors.BAD_SEND(pattern=SEND)
    code: str | None = tenant.passwordless.issue(connection, address)
    name, link = tenant.settings.name, None
    text = f"Your verification code for {name} is: {code}"
    if connection == "email" and send != "code":
        link, code = _link(tenant, fields, address, code or ""), None
        text = f"Click here to log in to {name}: {link}"
    tenant.delivery.message(
        Message(
            address=address,
            channel=connection,
            purpose="passwordless",
            code=code,
            link=link,
            text=text,
            language=request.headers.get("x-request-language") or request.headers.get("accept-language"),
            sent_at=tenant.clock.now(),
        )
    )
    identity = {"_id": tenant.passwordless.identity(connection, address)}
    if connection == "email":
        return JSON({**identity, "email": address, "email_verified": True}, headers=starts.headers())
    return JSON({**identity, "phone_number": address, "phone_verified": True}, headers=starts.headers())


def _check_application(tenant: Tenant, request: Request, fields: Fields) -> None:
    """Check the application and the names and types of the properties."""
    by_basic = request.headers.get("authorization", "").lower().startswith("basic ")
    if "client_id" not in fields and not by_basic:
        raise errors.MISSING_CLIENT_ID()
    for name in STRINGS:
        value = fields.get(name)
        if value is not None and not isinstance(value, str):
            raise errors.WRONG_TYPE(name=name, type=_json_type(value))
    client = authenticate_client(tenant, request, fields)
    if GRANT not in client.grants:
        raise errors.START_NOT_ALLOWED(grant=GRANT)
    if unknown := [name for name in fields if name not in PROPERTIES]:
        raise errors.NOT_ALLOWED(names=", ".join(unknown))
    auth_params = fields.get("authParams")
    if auth_params is not None and not isinstance(auth_params, dict):
        raise errors.BAD_AUTH_PARAMS(type=_json_type(auth_params))


def _json_type(value: object) -> str:
    """Return what JSON calls the type of a value."""
    return next(name for kind, name in JSON_TYPES if isinstance(value, kind))


def _connection(tenant: Tenant, fields: Fields) -> PasswordlessConnection:
    name = fields.text("connection")
    if name is None:
        raise errors.MISSING_CONNECTION()
    connection = next((one for one in CONNECTIONS if one == name), None)
    if connection is None:
        raise errors.PASSWORD_CONNECTION() if name in tenant.connections else errors.UNKNOWN_CONNECTION()
    if connection not in tenant.settings.passwordless:
        raise errors.DISABLED_CONNECTION()
    return connection


def _address(fields: Fields, connection: PasswordlessConnection) -> str:
    """Return the email address or the phone number that a start names."""
    if connection == "email":
        email = fields.text("email")
        if email is None:
            raise errors.MISSING_EMAIL()
        if not re.fullmatch(EMAIL, email):
            raise errors.BAD_EMAIL(pattern=EMAIL)
        return email
    phone_number = fields.text("phone_number")
    if phone_number is None:
        raise errors.MISSING_PHONE_NUMBER()
    if not re.fullmatch(PHONE_NUMBER, phone_number):
        raise errors.BAD_PHONE_NUMBER(pattern=PHONE_NUMBER)
    return phone_number


def _link(tenant: Tenant, fields: Fields, address: str, code: str) -> str:
    auth_params = fields.get("authParams")
    query = {
        **{str(name): str(value) for name, value in (auth_params if isinstance(auth_params, dict) else {}).items()},
        "connection": "email",
        "client_id": fields.text("client_id") or "",
        "email": address,
        "verification_code": code,
    }
    return f"{tenant.tokens.issuer}passwordless/verify_redirect?{urlencode(query)}"


async def verify_redirect(_: Tenant, __: Request) -> JSONResponse:
    """Refuse, in the sandbox's own name, what a link opens: a browser's flow."""
    raise errors.NotEmulated("magic links (GET /passwordless/verify_redirect), which need a browser,")


def passwordless_otp(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Take a code: it is used up, and at its first success the user is made. `redirect_uri` is not read."""
    username, otp = fields.required("username"), fields.required("otp")
    realm = fields.required("realm")
    connection = next((one for one in CONNECTIONS if one == realm), None)
    if connection is None:
        raise errors.UNKNOWN_REALM()
    audience = wished_audience(tenant, fields, unknown=errors.INVALID_AUDIENCE_ELSEWHERE)
    scope = granted_scopes(tenant, fields, audience)
    tries = int(tenant.settings.switches["passwordless_tries"])
    outcome = tenant.passwordless.use(connection, username, otp, tries=tries)
    if outcome == "exhausted":
        raise errors.TOO_MANY_TRIES()
    if outcome == "wrong":
        raise errors.WRONG_EMAIL_CODE() if connection == "email" else errors.WRONG_PHONE_CODE()
    user_id = tenant.passwordless_user(connection, username).user_id
    asked = TokenRequest(client_id=client.client_id, user_id=user_id, audience=audience, scope=scope, gty=None)
    return finish_first_factor(tenant, asked)


ROUTES: Routes = (
    ("POST", "/passwordless/start", start),
    ("GET", "/passwordless/verify_redirect", verify_redirect),
)
