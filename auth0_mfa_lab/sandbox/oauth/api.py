"""`/oauth/token` with its grants, passwordless, `/userinfo`, discovery; the order of the checks is section 13.2's."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from hmac import compare_digest
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.responses import JSONResponse, PlainTextResponse, Response

from auth0_mfa_lab.sandbox import errors, not_emulated
from auth0_mfa_lab.sandbox.delivery import Message
from auth0_mfa_lab.sandbox.http import JSON, Fields, Request, Routes
from auth0_mfa_lab.sandbox.json_text import present, type_name
from auth0_mfa_lab.sandbox.limits import Bucket
from auth0_mfa_lab.sandbox.mfa import api as mfa
from auth0_mfa_lab.sandbox.mfa.api import login_of_body
from auth0_mfa_lab.sandbox.oauth.clients import CLIENT_FIELDS, GRANTS, authenticate_client
from auth0_mfa_lab.sandbox.records import Client, Login
from auth0_mfa_lab.sandbox.records import Request as TokenRequest
from auth0_mfa_lab.sandbox.settings import CONNECTIONS
from auth0_mfa_lab.sandbox.tenant import MFA_PATH, Tenant

CONFIGURATION: Mapping[str, Any] = json.loads(Path(__file__).with_name("configuration.json").read_text("utf-8"))
"""The discovery document (8.3), with what Auth0 has and is not emulated; its texts are paths below the issuer."""
OIDC_SCOPES = frozenset(CONFIGURATION["scopes_supported"])
REFUSED_CODES: Mapping[errors.EvidenceRow, str] = {
    **dict.fromkeys((errors.INVALID_OTP_CODE, errors.NO_OTP_ENROLLED, errors.NOT_ENROLLED), "otp"),
    errors.INVALID_BINDING_CODE: "binding_code",
    **dict.fromkeys((errors.WRONG_RECOVERY_CODE, errors.NO_RECOVERY_CODE), "recovery_code"),
}
"""What refuses a code of a second factor, and the field that it stands in."""
Answer = tuple[dict[str, object], dict[str, str]]
"""The body of a 200, and its headers."""
FIELDS = (
    *("grant_type", *CLIENT_FIELDS, "username", "password", "realm", "audience", "scope"),
    *("mfa_token", "oob_code", "binding_code", "otp", "recovery_code", "refresh_token", "redirect_uri"),
)
CODE_LIFETIME = 180
"""Seconds of a passwordless code (reference, section 7.3)."""
START_STRINGS = (*CLIENT_FIELDS, "connection", "send", "email", "phone_number")
SEND = "^(code|link)$"
ADDRESS = {
    "email": ("email", r"^[^@\s]+@[^@\s]+$", errors.MISSING_EMAIL, errors.BAD_EMAIL, "email_verified"),
    "sms": ("phone_number", r"^\+[0-9]{1,15}$", errors.MISSING_PHONE_NUMBER, errors.BAD_PHONE_NUMBER, "phone_verified"),
}
"""The property with the address, its pattern, what refuses none and another one, and a member of the answer."""
CHALLENGE = 'Bearer realm="Users", error="invalid_token", error_description="The access token is invalid."'
"""What a 401 of `/userinfo` says in its header; the description is a guess."""


def token(tenant: Tenant, request: Request) -> JSONResponse:
    """Exchange one grant."""
    fields = request.fields(FIELDS)
    client = authenticate_client(tenant, request, fields)
    name = fields.required("grant_type")
    if name not in GRANT and name not in not_emulated.names("grant", errors.TOKEN):
        raise errors.UNSUPPORTED_GRANT()
    if name not in client.grants:
        raise errors.GRANT_NOT_ALLOWED(grant=name)
    not_emulated.refuse("grant", errors.TOKEN, (name,))
    try:
        body, headers = GRANT[name](tenant, fields, client)
    except errors.WireError as problem:
        login = tenant.transactions.logins.get(fields.text("mfa_token") or "")
        if login is not None and problem.row in REFUSED_CODES:
            sent_as = REFUSED_CODES[problem.row]
            request.notes += mfa.right_elsewhere(tenant, login, sent_as, fields.text(sent_as) or "")
        raise
    return JSONResponse(body, headers={"cache-control": "no-store", "pragma": "no-cache", **headers})


# -- the first factor


def password(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Log in with a password, at the connection that `realm` names, or else at the default directory (section 1)."""
    username, secret = fields.required("username"), fields.required("password")
    if fields.required("grant_type") == "password":
        connection = tenant.settings.default_directory
        if connection is None:
            raise errors.NO_DEFAULT_CONNECTION()
    else:
        connection = fields.required("realm")
        if connection not in tenant.connections:
            raise errors.INVALID_CONNECTION()
    asked = _asked(tenant, fields, client, errors.INVALID_AUDIENCE)
    user = tenant.authenticate(connection, username, secret)
    if user is None:
        raise errors.WRONG_PASSWORD()
    return _finish_first_factor(tenant, replace(asked, user_id=user.user_id))


def passwordless_otp(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Take a code: it is used up, and at its first success the user is made. `redirect_uri` is not read."""
    address, code, connection = (fields.required(name) for name in ("username", "otp", "realm"))
    if connection not in CONNECTIONS:
        raise errors.UNKNOWN_REALM()
    asked = _asked(tenant, fields, client, errors.INVALID_AUDIENCE_ELSEWHERE)
    # An email address is the same in any case.
    key, codes = f"{connection}|{address.lower()}", tenant.passwordless_codes
    wrong, sent = errors.WRONG_EMAIL_CODE if connection == "email" else errors.WRONG_PHONE_CODE, codes.get(key)
    if sent is None or tenant.clock.now() >= sent[1]:
        raise wrong()
    newest, expires, failures = sent
    if failures >= int(tenant.settings.switches["passwordless_tries"]):
        raise errors.TOO_MANY_TRIES()
    if not compare_digest(newest.encode(), code.encode()):
        codes[key] = (newest, expires, failures + 1)
        raise wrong()
    del codes[key]
    user_id = tenant.passwordless_user(connection, address).user_id
    return _finish_first_factor(tenant, replace(asked, user_id=user_id, gty=None))


def _asked(tenant: Tenant, fields: Fields, client: Client, unknown: errors.EvidenceRow) -> TokenRequest:
    """Return the API that is asked for and the scopes that are granted, all or what exists of the named ones."""
    audience, api = _audience(tenant, fields, errors.TOKEN, not_emulated.OF_A_USER), None
    if audience is None or tenant.domains.is_ours(audience, "userinfo"):
        audience = None
    elif (api := tenant.api(audience)) is None:
        raise unknown()
    offered, scopes = api.scopes if api else (), _wished_scopes(fields)
    granted = tuple(scope for scope in scopes if scope in OIDC_SCOPES.union(offered))
    # Of the MFA audience only what is named [guess]: the guides ask for each of its scopes (section 2).
    if not scopes and not tenant.domains.is_ours(audience, MFA_PATH):
        granted = offered
    return TokenRequest(client_id=client.client_id, user_id="", audience=audience, scope=granted)


def _audience(tenant: Tenant, fields: Fields, *places: str) -> str | None:
    """Return the audience that a request names. Raises NotEmulated for one that the table has at these places."""
    audience = fields.text("audience")
    for path in (path for place in places for path in not_emulated.names("audience", place)):
        if tenant.domains.is_ours(audience, path):
            raise errors.NotEmulated(f"the audience {audience}")
    return audience


def _wished_scopes(fields: Fields) -> tuple[str, ...]:
    """Return the scopes that a request names, each once. Raises INVALID_SCOPE."""
    raw = fields.get("scope", "")
    if not isinstance(raw, str | list):
        raise errors.INVALID_SCOPE()
    return tuple(dict.fromkeys(raw.split() if isinstance(raw, str) else map(str, raw)))


def _finish_first_factor(tenant: Tenant, request: TokenRequest) -> Answer:
    row = mfa.demanded(tenant, request)
    if row is None:
        return tenant.token_set(request), {}
    raise _mfa_required(tenant, request, row)


def _mfa_required(
    tenant: Tenant, request: TokenRequest, row: errors.EvidenceRow, spent: frozenset[str] = frozenset()
) -> errors.WireError:
    """Begin a login, and return the answer that asks for its second factor, as the tenant's switches word it."""
    login, switches = tenant.begin_login(request), tenant.settings.switches
    login.spent = spent
    tenant.log("mfar", "MFA required.", user_id=request.user_id, client_id=request.client_id)
    wanted = mfa.requirements(tenant, login) if switches["customizable_mfa"] == "on" else None
    # The token is missing only where an Action demands MFA and that feature is off (reference, section 1.3).
    silent = switches["mfa_required_without_mfa_token"] == "on" and wanted is None
    return row(more=present({"mfa_token": None if silent else login.mfa_token, "mfa_requirements": wanted}))


# -- without a login


def refresh_token(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Take a refresh token, which is dead then; `scope` may only narrow this answer [guess] (reference, 8.1)."""
    token = fields.required("refresh_token")
    request = tenant.refresh_tokens.get(token)
    if request is None or request.client_id != client.client_id:
        raise errors.UNKNOWN_REFRESH_TOKEN()
    if request.user_id not in tenant.users:
        raise errors.USER_IS_GONE()
    if not tenant.is_current(request):
        raise errors.UNKNOWN_REFRESH_TOKEN()
    scopes = _wished_scopes(fields) or request.scope
    narrowed = replace(request, scope=tuple(one for one in scopes if one in request.scope))
    if tenant.settings.switches["refresh"] == "mfa_required":
        raise _mfa_required(tenant, narrowed, errors.MFA_REQUIRED_ON_REFRESH)
    tenant.refresh_tokens.pop(token)
    return tenant.token_set(narrowed, renewed=request), {}


def client_credentials(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Give an application, but no public one [guess], its client grant's scopes, or those that it names (9.1)."""
    if client.method == "none":
        raise errors.UNAUTHORIZED()
    audience = _audience(tenant, fields, errors.TOKEN)
    if audience is None:
        raise errors.NO_AUDIENCE()
    api = tenant.api(audience)
    if api is None:
        raise errors.UNKNOWN_SERVICE(audience=audience)
    granted = client.apis.get(tenant.domains.at_home(audience))
    if granted is None:
        raise errors.NO_CLIENT_GRANT(audience=audience, client_id=client.client_id)
    scope = tuple(one for one in _wished_scopes(fields) or granted if one in granted)
    tenant.log("seccft", "Access token for an application's own credentials.", client_id=client.client_id)
    machine, gty = f"{client.client_id}@clients", "client-credentials"
    asked = TokenRequest(client_id=client.client_id, user_id=machine, audience=audience, scope=scope, gty=gty)
    return tenant.tokens.token_set(asked, None, api), {}


# -- the second factor (section 6)


def mfa_oob(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Answer one poll, or take a code that was sent: the tokens of the original request, or why there are none."""
    mfa_token, oob_code = fields.required("mfa_token"), fields.required("oob_code")
    binding_code = fields.text("binding_code")
    login = login_of_body(tenant, mfa_token, client, confirms=True, done_does=True)
    transaction, now = tenant.transactions.oob_codes.get(oob_code), tenant.clock.now()
    if transaction is None:
        raise errors.MALFORMED_OOB_CODE()
    if now >= transaction.expires:
        raise errors.EXPIRED_OOB_CODE()
    if transaction.login is not login:
        raise errors.OOB_CODE_OF_ANOTHER_LOGIN()
    is_push = transaction.channel == "auth0"
    if not is_push and binding_code is None:
        raise errors.MISSING_BINDING_CODE()
    if mfa.state_of(tenant, transaction) in ("used", "superseded"):
        raise errors.INVALID_OOB_CODE()
    if login.done:
        raise errors.LOGIN_DONE()
    allowed = transaction.polls.take(now)
    headers = transaction.polls.headers()
    if not allowed:
        raise errors.SLOW_DOWN(headers=headers)
    if is_push and transaction.state == "pending":
        raise errors.AUTHORIZATION_PENDING(headers=headers)
    if is_push and transaction.state == "rejected":
        raise errors.REJECTED(headers=headers)
    if not is_push:
        user_id, enrolls = login.request.user_id, transaction.purpose == "enroll"
        failures = _failures(tenant, "failed_otp_codes", user_id)
        if enrolls and not mfa.may_enroll(tenant, login):
            raise errors.ENROLLED_MEANWHILE(headers=headers)
        if not compare_digest(transaction.code.encode(), (binding_code or "").encode()):
            _fail(tenant, failures, "gd_auth_failed", user_id)
            raise errors.INVALID_BINDING_CODE(headers=headers)
        if enrolls:
            tenant.confirm(user_id, transaction.authenticator_id)
    transaction.state = "used"
    return _finish(tenant, login, transaction.authenticator_id), headers


def mfa_otp(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Take a code of an authenticator app, or of the Guardian app; it confirms an enrollment, too."""
    mfa_token, code = fields.required("mfa_token"), fields.required("otp")
    login = login_of_body(tenant, mfa_token, client, confirms=True)
    user_id = login.request.user_id
    failures = _failures(tenant, "failed_otp_codes", user_id)
    candidates = mfa.otp_candidates(tenant, login)
    if not candidates:
        has_others = any(entry.active for entry in mfa.listed(tenant, user_id))
        raise errors.NO_OTP_ENROLLED() if has_others else errors.NOT_ENROLLED()
    entry = next((one for one in candidates if mfa.use_otp(tenant, user_id, one, code)), None)
    if entry is None:
        _fail(tenant, failures, "gd_auth_failed", user_id)
        raise errors.INVALID_OTP_CODE(headers=failures.headers())
    return _finish(tenant, login, entry.id), {}


def mfa_recovery_code(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Take a recovery code; the one that takes its place stands in this answer and nowhere else."""
    mfa_token, code = fields.required("mfa_token"), fields.required("recovery_code")
    login = login_of_body(tenant, mfa_token, client)
    user_id = login.request.user_id
    failures = _failures(tenant, "failed_recovery_codes", user_id)
    entry = mfa.recovery_of(tenant, user_id)
    if entry is None:
        raise errors.NO_RECOVERY_CODE()
    if not compare_digest(entry.secret.encode(), code.encode()):
        _fail(tenant, failures, "gd_recovery_failed", user_id)
        raise errors.WRONG_RECOVERY_CODE(headers=failures.headers())
    fresh = tenant.codes.recovery_code()
    tenant.authenticators.change(user_id, entry.id, secret=fresh)
    tenant.log("gd_recovery_succeed", "A recovery code was used.", user_id=user_id)
    # Never followed by another factor: the new code stands in this answer and nowhere else.
    return {**tenant.finish(login), "recovery_code": fresh}, {}


def _failures(tenant: Tenant, name: str, user_id: str) -> Bucket:
    """Return the bucket that wrong codes empty; an empty one refuses right codes too (reference, section 11)."""
    bucket = tenant.limits.bucket(name, user_id)
    if bucket.left(tenant.clock.now()) < 1:
        by_otp = name == "failed_otp_codes"
        log_type = f"gd_{'otp' if by_otp else 'recovery'}_rate_limit_exceed"
        tenant.log(log_type, "Too many failed codes.", user_id=user_id)
        row = errors.TOO_MANY_FAILED_CODES if by_otp else errors.TOO_MANY_FAILED_RECOVERY_CODES
        raise row(headers=bucket.headers())
    return bucket


def _fail(tenant: Tenant, failures: Bucket, log_type: str, user_id: str) -> None:
    failures.take(tenant.clock.now())
    tenant.log(log_type, "A wrong code.", user_id=user_id)


def _finish(tenant: Tenant, login: Login, authenticator_id: str) -> dict[str, object]:
    """Return the tokens that a factor was right for, unless one more is due; never after an enrollment [guess]."""
    user_id = login.request.user_id
    tenant.authenticators.change(user_id, authenticator_id, last_auth_at=tenant.clock.now())
    tenant.log("gd_auth_succeed", "Second factor given.", user_id=user_id)
    chained = tenant.settings.switches["second_factor_chained"] == "on"
    if chained and not login.spent and authenticator_id not in login.begun:
        entry = tenant.authenticators.get(user_id, authenticator_id)
        spent = frozenset({authenticator_id, entry.partner if entry else ""})
        if any(other.kind != "recovery-code" for other in mfa.usable(tenant, user_id, but=spent)):
            login.done = True
            raise _mfa_required(tenant, login.request, errors.ANOTHER_FACTOR_REQUIRED, spent)
    return tenant.finish(login)


GRANT: Mapping[str, Callable[[Tenant, Fields, Client], Answer]] = {
    "password": password,
    f"{GRANTS}/password-realm": password,
    f"{GRANTS}/mfa-oob": mfa_oob,
    f"{GRANTS}/mfa-otp": mfa_otp,
    f"{GRANTS}/mfa-recovery-code": mfa_recovery_code,
    f"{GRANTS}/passwordless/otp": passwordless_otp,
    "refresh_token": refresh_token,
    "client_credentials": client_credentials,
}


# -- around a login


def start(tenant: Tenant, request: Request) -> JSONResponse:
    """Send a passwordless code or a link; an unknown address is sent one, too (reference, section 7)."""
    starts = tenant.limits.bucket("passwordless_starts", request.client.host if request.client else "")
    if not starts.take(tenant.clock.now()):
        raise errors.TOO_MANY_STARTS(headers=starts.headers())
    fields = request.fields()
    if "client_id" not in fields and not request.headers.get("authorization", "").lower().startswith("basic "):
        raise errors.MISSING_CLIENT_ID()
    for name in START_STRINGS:
        if not isinstance(value := fields.get(name, ""), str):
            raise errors.WRONG_TYPE(name=name, type=type_name(value).replace("integer", "number"))
    grant = f"{GRANTS}/passwordless/otp"
    if grant not in authenticate_client(tenant, request, fields, unproven=errors.CLIENT_NOT_PROVEN).grants:
        raise errors.START_NOT_ALLOWED(grant=grant)
    if unknown := [name for name in fields if name not in (*START_STRINGS, "authParams")]:
        raise errors.NOT_ALLOWED(names=", ".join(unknown))
    auth_params = fields.get("authParams", {})
    if not isinstance(auth_params, dict):
        raise errors.BAD_AUTH_PARAMS(type=type_name(auth_params).replace("integer", "number"))
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
    key, now = f"{connection}|{address.lower()}", tenant.clock.now()
    code, link = tenant.passwordless_chance.code("passwordless"), None
    tenant.passwordless_codes[key] = (code, now + CODE_LIFETIME, 0)
    text = f"Your verification code for {tenant.settings.name} is: {code}"
    if connection == "email" and send != "code":
        ours = {"client_id": fields.text("client_id") or "", "email": address, "verification_code": code}
        sent = {name: str(value) for name, value in auth_params.items()} | {"connection": "email", **ours}
        link = f"{tenant.tokens.issuer}passwordless/verify_redirect?{urlencode(sent)}"
        text = f"Click here to log in to {tenant.settings.name}: {link}"
    message = Message(
        address=address,
        channel="email" if connection == "email" else "sms",
        purpose="passwordless",
        code=None if link else code,
        link=link,
        text=text,
        language=request.headers.get("x-request-language") or request.headers.get("accept-language"),
        sent_at=now,
    )
    tenant.delivery.message(message)
    user_id = tenant.passwordless_id(connection, address)
    # Verified by the first code that was used: then the user is there.
    answer = {"_id": user_id.partition("|")[2], name: address, verified: user_id in tenant.users}
    return JSON(answer, headers=starts.headers())


def userinfo(tenant: Tenant, request: Request) -> Response:
    """Return the profile of the bearer; all but a living access token with `openid` get a 401 in plain text (8.2)."""
    answers = tenant.openid_request(request.bearer)
    if answers is None:
        row, headers = errors.NOT_THE_USER, {"www-authenticate": CHALLENGE, "cache-control": errors.NO_CACHE}
        return PlainTextResponse(row.text, status_code=row.status, headers=headers)
    profile = tenant.tokens.profile(tenant.users[answers.user_id], answers.scope)
    return JSON({"sub": answers.user_id, **profile}, headers={"cache-control": errors.NO_CACHE})


def revoke(tenant: Tenant, request: Request) -> Response:
    """Revoke a refresh token; one that is unknown, or another application's, is a 200 as well [guess] (8.6)."""
    fields = request.fields(("token", *CLIENT_FIELDS))
    client = authenticate_client(tenant, request, fields)
    text = fields.text("token")
    if text is None:
        raise errors.MISSING_TOKEN()
    known = tenant.refresh_tokens.get(text)
    if known is not None and known.client_id == client.client_id:
        tenant.refresh_tokens.pop(text)
    return Response(status_code=200)


def configuration(tenant: Tenant, _: Request) -> JSONResponse:
    """Return the discovery document."""
    paths = {name: path for name, path in CONFIGURATION.items() if isinstance(path, str)}
    return JSON({**CONFIGURATION, **{name: f"{tenant.tokens.issuer}{path}" for name, path in paths.items()}})


def jwks(tenant: Tenant, _: Request) -> JSONResponse:
    """Return the public keys, the next one too, which is only announced (8.4)."""
    return JSON({"keys": [key.public_jwk for key in tenant.tokens.keys]})


ROUTES: Routes = (
    ("POST", "/passwordless/start", start),
    ("POST", "/oauth/token", token),
    ("GET POST", "/userinfo", userinfo),
    ("POST", "/oauth/revoke", revoke),
    ("GET", "/.well-known/openid-configuration", configuration),
    ("GET", "/.well-known/jwks.json", jwks),
)
