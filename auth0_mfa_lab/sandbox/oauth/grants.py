"""How an application authenticates (reference, section 0.6), and the grants of `/oauth/token` but the passwordless one.

The order of the checks is the reference's, section 13.2.
"""

import base64
from dataclasses import replace
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import unquote

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.http import Fields, Request
from auth0_mfa_lab.sandbox.json_text import present
from auth0_mfa_lab.sandbox.limits import Bucket, LimitName
from auth0_mfa_lab.sandbox.mfa import factors
from auth0_mfa_lab.sandbox.mfa.factors import login_of_body
from auth0_mfa_lab.sandbox.oauth.tokens import seconds, verified_claims
from auth0_mfa_lab.sandbox.records import Client, Login
from auth0_mfa_lab.sandbox.records import Request as TokenRequest
from auth0_mfa_lab.sandbox.tenant import MANAGEMENT_PATH, MFA_PATH, Tenant

GRANTS = "http://auth0.com/oauth/grant-type"
OIDC_SCOPES = frozenset(
    {
        *("openid", "profile", "email", "offline_access", "address", "phone"),
        *("name", "given_name", "family_name", "nickname", "email_verified", "picture", "created_at"),
    }
)
Answer = tuple[dict[str, object], dict[str, str]]
"""The body of a 200, and its headers."""
CLIENT_FIELDS = ("client_id", "client_secret", "client_assertion", "client_assertion_type")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_LIFE = 300
"""Seconds: Auth0's page on private_key_jwt says five minutes at most [doc]."""
LEEWAY = 10
"""By how many seconds an application's clock may be ahead: a guess."""


# -- who asks


def authenticate_client(tenant: Tenant, request: Request, fields: Fields) -> Client:
    """Return the application that sent this request.

    A confidential one may use either way to send its secret [guess]; a public one needs none, and a secret that it
    sends is not looked at [guess]. One with `private_key_jwt` needs an assertion, and its secret is no help. A header
    of another scheme than Basic (guides send a Bearer) is nothing. Raises UNAUTHORIZED.
    """
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            text = base64.b64decode(encoded.strip(), validate=True).decode()
        except ValueError as problem:
            raise errors.UNAUTHORIZED() from problem
        client_id, _, secret = (unquote(part) for part in text.partition(":"))
        if fields.text("client_id") not in (None, client_id):
            raise errors.UNAUTHORIZED()
    else:
        client_id, secret = fields.text("client_id") or "", fields.text("client_secret") or ""
    client = tenant.clients.get(client_id)
    if client is None:
        raise errors.UNAUTHORIZED()
    if client.method == "private_key_jwt":
        is_right = _is_proven(tenant, client, fields)
    else:
        known = client.client_secret or ""
        is_right = client.method == "none" or compare_digest(known.encode(), secret.encode())
    if not is_right:
        raise errors.UNAUTHORIZED()
    return client


def _is_proven(tenant: Tenant, client: Client, fields: Fields) -> bool:
    """Tell whether a body holds a current assertion of this application's, and use it up.

    Signed with a key that is in use and with that key's own algorithm; issuer and subject the application, audience
    the tenant or its token endpoint, neither past nor of the future nor for too long, and with a `jti` that was not
    used before.
    """
    if fields.text("client_assertion_type") != ASSERTION_TYPE:
        return False
    assertion, now, issuer = fields.text("client_assertion") or "", tenant.clock.stamp(), tenant.tokens.issuer
    in_use = [credential for credential in client.credentials if credential.id in client.in_use]
    signed = (verified_claims(assertion, credential.key, credential.algorithm) for credential in in_use)
    claims = next(filter(None, signed), {})
    audience, jti = claims.get("aud"), claims.get("jti")
    audiences = audience if isinstance(audience, list) else [audience]
    is_for_us = issuer in audiences or f"{issuer}oauth/token" in audiences
    is_ours = claims.get("iss") == claims.get("sub") == client.client_id
    # Without `iat` its life is what is left of it; that one of the future is refused is a guess.
    expires, issued, begins = (seconds(claims.get(name, now)) for name in ("exp", "iat", "nbf"))
    is_current = now < expires <= now + LONGEST_LIFE + LEEWAY and expires <= issued + LONGEST_LIFE
    is_begun = issued <= now + LEEWAY and begins <= now + LEEWAY
    if not (is_ours and is_for_us and is_current and is_begun and isinstance(jti, str) and jti):
        return False
    # A `jti` may be as long as a body: what is kept of it is not.
    used = sha256(f"{client.client_id} {jti}".encode()).hexdigest()
    if tenant.assertions.get(used, 0) > now:
        return False
    tenant.assertions[used] = float(expires)
    return True


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
    audience, scope = wished(tenant, fields)
    user = tenant.authenticate(connection, username, secret)
    if user is None:
        raise errors.WRONG_PASSWORD()
    asked = TokenRequest(client_id=client.client_id, user_id=user.user_id, audience=audience, scope=scope)
    return finish_first_factor(tenant, asked)


def wished(
    tenant: Tenant, fields: Fields, *, unknown: errors.EvidenceRow = errors.INVALID_AUDIENCE
) -> tuple[str | None, tuple[str, ...]]:
    """Return the identifier of the API that is asked for, and the scopes that are granted.

    The userinfo URL is no API, and asks for none. Without a wish all scopes of the API are granted (reference, 1.1),
    else what exists of it; of the MFA audience only what is named: the guides ask for each of its scopes (section 2)
    [guess]. Raises `unknown` when there is no such API, and INVALID_SCOPE.
    """
    audience = fields.text("audience")
    if tenant.domains.is_ours(audience, MANAGEMENT_PATH):
        raise errors.NotEmulated(f"the audience {audience}")
    if audience is None or tenant.domains.is_ours(audience, "userinfo"):
        audience, api = None, None
    elif (api := tenant.api(audience)) is None:
        raise unknown()
    offered, scopes = api.scopes if api else (), wished_scopes(fields)
    if not scopes:
        return audience, () if tenant.domains.is_ours(audience, MFA_PATH) else offered
    return audience, tuple(scope for scope in scopes if scope in OIDC_SCOPES.union(offered))


def wished_scopes(fields: Fields) -> tuple[str, ...]:
    """Return the scopes that a request names, each once. Raises INVALID_SCOPE."""
    raw = fields.get("scope", "")
    if not isinstance(raw, str | list):
        raise errors.INVALID_SCOPE()
    return tuple(dict.fromkeys(raw.split() if isinstance(raw, str) else map(str, raw)))


def finish_first_factor(tenant: Tenant, request: TokenRequest) -> Answer:
    """Return the tokens of a request whose first factor was right. Raises MFA_REQUIRED when a second one is due."""
    row = factors.demanded(tenant, request)
    if row is None:
        return tenant.token_set(request), {}
    raise mfa_required(tenant, tenant.begin_login(request), row=row)


def mfa_required(tenant: Tenant, login: Login, *, row: errors.EvidenceRow) -> errors.WireError:
    """Return the answer that asks for a login's second factor, as the tenant's switches word it."""
    tenant.log("mfar", "MFA required.", user_id=login.request.user_id, client_id=login.request.client_id)
    switches = tenant.settings.switches
    wanted = factors.requirements(tenant, login) if switches["customizable_mfa"] == "on" else None
    # The token is missing only where an Action demands MFA and that feature is off (reference, section 1.3).
    silent = switches["mfa_required_without_mfa_token"] == "on" and wanted is None
    return row(more=present({"mfa_token": None if silent else login.mfa_token, "mfa_requirements": wanted}))


# -- without a login


def refresh_token(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Take a refresh token: it is dead, and the new one in the answer reaches as far as it did (reference, 8.1).

    `scope` may only narrow; what was not granted before is left out [guess], and the narrowing is for this answer.
    """
    token = fields.required("refresh_token")
    request = tenant.refresh_tokens.get(token)
    if request is None or request.client_id != client.client_id:
        raise errors.UNKNOWN_REFRESH_TOKEN()
    if request.user_id not in tenant.users:
        raise errors.USER_IS_GONE()
    if not tenant.is_current(request):
        raise errors.UNKNOWN_REFRESH_TOKEN()
    scopes = wished_scopes(fields) or request.scope
    narrowed = replace(request, scope=tuple(one for one in scopes if one in request.scope))
    if tenant.settings.switches["refresh"] == "mfa_required":
        raise mfa_required(tenant, tenant.begin_login(narrowed), row=errors.MFA_REQUIRED_ON_REFRESH)
    tenant.refresh_tokens.pop(token)
    return tenant.refreshed(request, narrowed), {}


def client_credentials(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Give an application the scopes of its client grant, or those of them that it names [guess] (reference, 9.1).

    Raises UNAUTHORIZED for a public application [guess], and NO_CLIENT_GRANT.
    """
    if client.method == "none":
        raise errors.UNAUTHORIZED()
    audience = fields.text("audience")
    if audience is None:
        raise errors.NO_AUDIENCE()
    api = tenant.api(audience)
    if api is None:
        raise errors.UNKNOWN_SERVICE(audience=audience)
    granted = client.apis.get(tenant.domains.at_home(audience))
    if granted is None:
        raise errors.NO_CLIENT_GRANT(audience=audience)
    scope = tuple(one for one in wished_scopes(fields) or granted if one in granted)
    tenant.log("seccft", "Access token for an application's own credentials.", client_id=client.client_id)
    return tenant.tokens.machine_token(client.client_id, api, scope), {}


# -- the second factor (section 6)


def mfa_oob(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Answer one poll, or take a code that was sent: the tokens of the original request, or why there are none."""
    mfa_token, oob_code = fields.required("mfa_token"), fields.required("oob_code")
    binding_code = fields.text("binding_code")
    login = login_of_body(tenant, mfa_token, client, confirms=True)
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
    if factors.state_of(tenant, transaction) in ("used", "superseded"):
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
        if enrolls and not factors.may_enroll(tenant, login):
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
    if login.done:
        raise errors.LOGIN_DONE()
    user_id = login.request.user_id
    failures = _failures(tenant, "failed_otp_codes", user_id)
    candidates = factors.otp_candidates(tenant, login)
    if not candidates:
        has_others = any(entry.active for entry in factors.listed(tenant, user_id))
        raise errors.NO_OTP_ENROLLED() if has_others else errors.NOT_ENROLLED()
    entry = next((one for one in candidates if factors.use_otp(tenant, user_id, one, code)), None)
    if entry is None:
        _fail(tenant, failures, "gd_auth_failed", user_id)
        raise errors.INVALID_OTP_CODE(headers=failures.headers())
    return _finish(tenant, login, entry.id), {}


def mfa_recovery_code(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Take a recovery code; the one that takes its place stands in this answer and nowhere else."""
    mfa_token, code = fields.required("mfa_token"), fields.required("recovery_code")
    login = login_of_body(tenant, mfa_token, client)
    if login.done:
        raise errors.LOGIN_DONE()
    user_id = login.request.user_id
    failures = _failures(tenant, "failed_recovery_codes", user_id)
    entry = factors.recovery_of(tenant, user_id)
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


def _failures(tenant: Tenant, name: LimitName, user_id: str) -> Bucket:
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
    """Return the tokens that a factor was right for; raises ANOTHER_FACTOR_REQUIRED where one more is demanded.

    Not after an enrollment, nor of a user without another factor [guess].
    """
    user_id = login.request.user_id
    tenant.authenticators.change(user_id, authenticator_id, last_auth_at=tenant.clock.now())
    tenant.log("gd_auth_succeed", "Second factor given.", user_id=user_id)
    chained = tenant.settings.switches["second_factor_chained"] == "on"
    if chained and not login.spent and authenticator_id not in login.begun:
        entry = tenant.authenticators.get(user_id, authenticator_id)
        spent = frozenset({authenticator_id, entry.partner if entry else ""})
        if any(other.kind != "recovery-code" for other in factors.usable(tenant, user_id, but=spent)):
            login.done = True
            following = tenant.begin_login(login.request)
            following.spent = spent
            raise mfa_required(tenant, following, row=errors.ANOTHER_FACTOR_REQUIRED)
    return tenant.finish(login)
