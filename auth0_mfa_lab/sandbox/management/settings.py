"""What an administrator sets: factors and policy, applications, the tenant's settings; its connections and log (9)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import NEEDED, TEXT, Call, Property, checked
from auth0_mfa_lab.sandbox.oauth.clients import GRANTS
from auth0_mfa_lab.sandbox.oauth.tokens import iso_date
from auth0_mfa_lab.sandbox.records import AuthMethod, Client, Credential
from auth0_mfa_lab.sandbox.settings import CONNECTIONS, Factor, MessageType, PhoneProvider, PushProvider
from auth0_mfa_lab.sandbox.tenant import Tenant

FACTORS: tuple[Factor, ...] = get_args(Factor)
PUSH = Property(required=True, enum=get_args(PushProvider))
PHONE = Property(required=True, enum=get_args(PhoneProvider))
TYPES = Property("array", required=True, enum=get_args(MessageType))
REACHED_BY = (
    ("push-notification/selected-provider", "provider", "push_provider", PUSH),
    ("phone/message-types", "message_types", "message_types", TYPES),
    ("phone/selected-provider", "provider", "phone_provider", PHONE),
)
"""The path below `/guardian/factors`, the member of its body, the field of the settings, and what it may be."""
CHANGES = {"default_directory": TEXT, "friendly_name": TEXT}
LOG_QUERY = ("page", "per_page", "take", "sort", "q", "fields", "include_fields")
SEARCHED = ("type", "user_id", "client_id", "log_id", "description")
TERM = re.compile(rf'({"|".join(SEARCHED)}):(?:"([^"]+)"|([^"\s]+))')
ONE_TERM = f"write one term, such as type:gd_send_pn_failure, with one of {', '.join(SEARCHED)}"
SECRET_METHODS: tuple[AuthMethod, ...] = ("none", "client_secret_post", "client_secret_basic")
"""Those that `token_endpoint_auth_method` sets."""
ALGORITHMS = ("RS256", "RS384", "PS256")
LEAST_BITS = 2048
MOST_CREDENTIALS = 2
"""How many keys an application may have, so that one can take the other's place: Auth0's settings page says so."""
GRANT_TYPES = (
    *("authorization_code", "implicit", "refresh_token", "client_credentials", "password"),
    *(f"{GRANTS}/password-realm", f"{GRANTS}/passwordless/otp"),
    *(f"{GRANTS}/mfa-oob", f"{GRANTS}/mfa-otp", f"{GRANTS}/mfa-recovery-code"),
    *("urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba"),
    "urn:ietf:params:oauth:grant-type:token-exchange",
)
"""In the order in which an application's are shown: a guess."""
CLIENT_CHANGES = {
    "name": TEXT,
    "grant_types": Property("array", enum=GRANT_TYPES),
    "token_endpoint_auth_method": Property(enum=SECRET_METHODS, nullable=True),
    "client_authentication_methods": Property("object", nullable=True),
}
BY_KEYS = {"private_key_jwt": Property("object", required=True)}
CREDENTIALS = {"credentials": Property("array", items="object", required=True)}
CREDENTIAL = {
    "credential_type": Property(required=True, enum=("public_key",)),
    "pem": NEEDED,
    "name": TEXT,
    "alg": Property(enum=ALGORITHMS),
}


# -- the tenant's factors and settings


def get_factors(call: Call) -> object:
    """List every factor, on or off, in Auth0's order."""
    on = call.tenant.settings.factors
    return [{"name": name, "enabled": name in on, "trial_expired": False} for name in FACTORS]


def put_factor(call: Call) -> object:
    """Switch a factor on or off; duo and webauthn can be, and change nothing for the MFA API."""
    name = call.path["name"]
    if name not in FACTORS:
        raise errors.API_INVALID_PATH(problem=f"No enum match for: {name} on property name")
    body, others = call.body(), call.tenant.settings.factors - {name}
    _set(call.tenant, factors=others | {name} if body["enabled"] else others)
    return body


def get_policies(call: Call) -> object:
    """Return when a second factor is asked for; an empty array is never."""
    return [one for one in [call.tenant.settings.policy] if one != "never"]


def put_policies(call: Call) -> object:
    """Set when a second factor is asked for; the body is an array of at most one of the two policies."""
    policies = call.array()
    if policies not in ([], ["all-applications"], ["confidence-score"]):
        raise errors.API_INVALID_BODY(problem=f"No enum match for: {','.join(map(str, policies))}")
    _set(call.tenant, policy=policies[0] if policies else "never")
    return policies


def get_reached_by(member: str, setting: str, call: Call) -> object:
    """Return one field of the settings."""
    return {member: getattr(call.tenant.settings, setting)}


def put_reached_by(member: str, setting: str, call: Call) -> object:
    """Set one field of the settings."""
    value = call.body()[member]
    _set(call.tenant, **{setting: tuple(dict.fromkeys(value)) if isinstance(value, list) else value})
    return get_reached_by(member, setting, call)


def _set(tenant: Tenant, **changes: Any) -> None:
    tenant.settings = replace(tenant.settings, **changes)


def get_settings(call: Call) -> object:
    """Return the settings."""
    settings = call.tenant.settings
    return {"friendly_name": settings.name, "default_directory": settings.default_directory or ""}


def patch_settings(call: Call) -> object:
    """Change the settings; an empty `default_directory` is none.

    `friendly_name` is the name that stands in messages and beside codes in authenticator apps [guess].
    """
    changes, tenant = call.body(), call.tenant
    directory = changes.get("default_directory")
    if directory and directory not in tenant.connections:
        raise errors.API_UNKNOWN_DIRECTORY(name=directory)
    if directory is not None:
        _set(tenant, default_directory=directory or None)
    if "friendly_name" in changes:
        _set(tenant, name=changes["friendly_name"] or tenant.domains.home.partition(".")[0])
    return get_settings(call)


def get_connections(call: Call) -> object:
    """List the connections, those with passwords first; `name` and `strategy` choose among them.

    Every application may use each [guess].
    """
    tenant = call.tenant
    with_passwords = [(name, "auth0") for name in sorted(tenant.connections)]
    passwordless = [(name, name) for name in CONNECTIONS if name in tenant.settings.passwordless]
    return [
        {
            "id": f"con_{tenant.chance.fork(f'connection/{name}').alnum(16)}",
            "name": name,
            "strategy": strategy,
            "is_domain_connection": False,
            "realms": [name],
            "enabled_clients": list(tenant.clients),
        }
        for name, strategy in (*with_passwords, *passwordless)
        if name == call.query.get("name", name) and strategy == call.query.get("strategy", strategy)
    ]


def get_logs(call: Call) -> object:
    """Return the newest entries first; `q` is one term such as `type:gd_send_pn_failure`."""
    tenant, per_page = call.tenant, call.number("per_page", 50, most=100)
    page, taken = call.number("page", 0), call.number("take", per_page, most=100)
    order, q = call.query.get("sort", "date:-1"), call.query.get("q", "").strip()
    if order not in ("date:-1", "date:1"):
        raise errors.NotEmulated(f"the order {order} of /api/v2/logs")
    term = TERM.fullmatch(q)
    if q and term is None:
        raise errors.NotEmulated(f"the search {q} of /api/v2/logs ({ONE_TERM})")
    entries = list(tenant.logs) if order == "date:1" else list(tenant.logs)[::-1]
    found = [one for one in entries if term is None or getattr(one, term[1]) == (term[2] or term[3])]
    return [
        {
            "date": iso_date(one.date),
            "type": one.type,
            "description": one.description,
            "client_id": one.client_id,
            "client_name": tenant.clients[one.client_id].name if one.client_id in tenant.clients else None,
            "user_id": one.user_id,
            "log_id": one.log_id,
        }
        for one in found[page * taken : (page + 1) * taken]
    ]


# -- applications, and how each proves who it is


def shown_client(client: Client, call: Call) -> dict[str, Any]:
    """Return an application as this caller may see it: its secret with `read:client_keys` only."""
    is_native = client.method == "none" and "client_credentials" not in client.grants
    keys = {"private_key_jwt": {"credentials": [{"id": one} for one in client.in_use]}}
    is_by_keys = client.method == "private_key_jwt"
    return {
        "tenant": call.tenant.settings.name,
        "client_id": client.client_id,
        "name": client.name,
        "client_secret": client.client_secret if "read:client_keys" in call.scopes else None,
        "app_type": "native" if is_native else "regular_web",
        "is_first_party": True,
        "oidc_conformant": True,
        "grant_types": [each for each in GRANT_TYPES if each in client.grants],
        "token_endpoint_auth_method": None if is_by_keys else client.method,
        "client_authentication_methods": keys if is_by_keys else None,
    }


def patch_client(call: Call) -> object:
    """Change an application; `grant_types` replaces what it had (reference, section 9.4).

    It proves who it is by a secret, by nothing or by keys, never by two of these.
    """
    client, body = call.client(), call.body()
    method, methods = body.get("token_endpoint_auth_method"), body.get("client_authentication_methods")
    changes: dict[str, Any] = {}
    if "name" in body:
        if not body["name"].strip():
            raise errors.API_INVALID_BODY(problem="String is too short (0 chars), minimum 1 on property name")
        changes["name"] = body["name"]
    if "grant_types" in body:
        changes["grants"] = frozenset(body["grant_types"])
    if method is not None and methods is not None:
        raise errors.API_INVALID_BODY(
            problem="token_endpoint_auth_method and client_authentication_methods exclude each other"
        )
    if methods is not None:
        changes |= {"auth_method": "private_key_jwt", "in_use": _named_credentials(client, methods)}
    elif method is not None or "client_authentication_methods" in body:
        changes |= {"auth_method": method, "in_use": ()}
        # Every application of Auth0's has a secret, used or not: a public one gets its own when it needs it.
        if method not in (None, "none") and not client.client_secret:
            changes["client_secret"] = call.tenant.chance.base64url(64)
    client = call.tenant.clients[client.client_id] = replace(client, **changes)
    return shown_client(client, call)


def _named_credentials(client: Client, methods: object) -> tuple[str, ...]:
    """Return the ids that `client_authentication_methods` names. Raises API_INVALID_BODY for an unknown one."""
    by_keys = checked(methods, BY_KEYS, others=True)["private_key_jwt"]
    named = checked(by_keys, CREDENTIALS)["credentials"]
    ids = tuple(dict.fromkeys(checked(each, {"id": NEEDED})["id"] for each in named))
    if not ids or not set(ids) <= {one.id for one in client.credentials}:
        raise errors.API_INVALID_BODY(problem="credentials must name credentials of this application")
    return ids


def shown_credential(credential: Credential) -> Mapping[str, object]:
    """Return a public key as the API writes it."""
    return {
        "id": credential.id,
        "name": credential.name,
        "kid": credential.kid,
        "alg": credential.algorithm,
        "credential_type": "public_key",
        "created_at": iso_date(credential.created_at),
    }


def post_credential(call: Call) -> object:
    """Keep a public key; it is of use once `client_authentication_methods` names it."""
    client, body, chance = call.client(), call.body(), call.tenant.chance
    try:
        key = load_pem_public_key(body["pem"].encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_BITS:
        raise errors.API_INVALID_BODY(problem="pem must be the PEM of a public RSA key of 2048 bits or more")
    if len(client.credentials) >= MOST_CREDENTIALS:
        raise errors.API_TOO_MANY_CREDENTIALS()
    credential = Credential(
        id=f"cred_{chance.alnum(22)}",
        name=body.get("name"),
        kid=chance.base64url(43),
        algorithm=body.get("alg", ALGORITHMS[0]),
        created_at=call.tenant.clock.now(),
        key=RSAKey.import_key(key),
    )
    call.tenant.clients[client.client_id] = replace(client, credentials=(*client.credentials, credential))
    return shown_credential(credential)


def delete_credential(call: Call) -> None:
    """Forget a public key, in use or not; an application whose last one it was cannot prove anything [guess]."""
    client, gone = call.client(), call.path["credential_id"]
    if gone not in {each.id for each in client.credentials}:
        raise errors.API_CREDENTIAL_NOT_FOUND()
    call.tenant.clients[client.client_id] = replace(
        client,
        credentials=tuple(each for each in client.credentials if each.id != gone),
        in_use=tuple(each for each in client.in_use if each != gone),
    )
