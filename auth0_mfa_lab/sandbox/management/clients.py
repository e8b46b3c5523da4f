"""`/clients`: the applications, and how each proves who it is (reference, section 9.4)."""

from collections.abc import Mapping
from dataclasses import replace

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import NEEDED, TEXT, Call, Property, checked, strings, without_null
from auth0_mfa_lab.sandbox.oauth.tokens import iso_date
from auth0_mfa_lab.sandbox.records import AuthMethod, Client, Credential

SECRET_METHODS: tuple[AuthMethod, ...] = ("none", "client_secret_post", "client_secret_basic")
"""Those that `token_endpoint_auth_method` sets."""
ALGORITHMS = ("RS256", "RS384", "PS256")
LEAST_BITS = 2048
MOST_CREDENTIALS = 2
"""How many keys an application may have, so that one can take the other's place: Auth0's settings page says so."""
LEGACY = "http://auth0.com/oauth/grant-type"
GRANT_TYPES = (
    *("authorization_code", "implicit", "refresh_token", "client_credentials", "password"),
    *(f"{LEGACY}/password-realm", f"{LEGACY}/passwordless/otp"),
    *(f"{LEGACY}/mfa-oob", f"{LEGACY}/mfa-otp", f"{LEGACY}/mfa-recovery-code"),
    *("urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba"),
    "urn:ietf:params:oauth:grant-type:token-exchange",
)
"""In the order in which an application's are shown: a guess."""
CHANGES = {
    "name": TEXT,
    "grant_types": Property(type="array", enum=GRANT_TYPES),
    "token_endpoint_auth_method": Property(enum=SECRET_METHODS, nullable=True),
    "client_authentication_methods": Property(type="object", nullable=True),
}
CREDENTIAL = {
    "credential_type": Property(required=True, enum=("public_key",)),
    "pem": NEEDED,
    "name": TEXT,
    "alg": Property(enum=ALGORITHMS),
}


def shown(client: Client, call: Call) -> dict[str, object]:
    """Return an application as this caller may see it: its secret with `read:client_keys` only."""
    is_native = client.method == "none" and "client_credentials" not in client.grants
    keys = {"private_key_jwt": {"credentials": [{"id": one} for one in client.in_use]}}
    is_by_keys = client.method == "private_key_jwt"
    return without_null(
        {
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
    )


def patch_client(call: Call) -> object:
    """Change an application; `grant_types` replaces what it had (reference, section 9.4)."""
    client, changes = call.client(), call.body()
    if "name" in changes:
        if not str(changes["name"]).strip():
            raise errors.API_INVALID_BODY(problem="String is too short (0 chars), minimum 1 on property name")
        client = replace(client, name=str(changes["name"]))
    if "grant_types" in changes:
        client = replace(client, grants=frozenset(strings(changes["grant_types"])))
    client = _authenticating(call, client, changes)
    call.tenant.clients[client.client_id] = client
    return shown(client, call)


def _authenticating(call: Call, client: Client, changes: Mapping[str, object]) -> Client:
    """Return an application with its new way to prove who it is: a secret, nothing, or keys; never two ways."""
    method, methods = changes.get("token_endpoint_auth_method"), changes.get("client_authentication_methods")
    if method is not None and methods is not None:
        raise errors.API_INVALID_BODY(
            problem="token_endpoint_auth_method and client_authentication_methods exclude each other"
        )
    if methods is not None:
        return replace(client, auth_method="private_key_jwt", in_use=_named_credentials(client, methods))
    if "client_authentication_methods" in changes and method is None:
        client = replace(client, auth_method=None, in_use=())
    for known in SECRET_METHODS:
        if method == known:
            # Every application of Auth0's has a secret, used or not: a public one gets its own when it needs it.
            secret = client.client_secret or (None if known == "none" else call.tenant.chance.base64url(64))
            client = replace(client, auth_method=known, client_secret=secret, in_use=())
    return client


def _named_credentials(client: Client, methods: object) -> tuple[str, ...]:
    """Return the ids that `client_authentication_methods` names. Raises API_INVALID_BODY for an unknown one."""
    by_keys = checked(methods, {"private_key_jwt": Property(type="object", required=True)}, others=True)
    listed = {"credentials": Property(type="array", items="object", required=True)}
    named = checked(by_keys["private_key_jwt"], listed)["credentials"]
    assert isinstance(named, list)
    ids = tuple(dict.fromkeys(str(checked(each, {"id": NEEDED})["id"]) for each in named))
    if not ids or not set(ids) <= {one.id for one in client.credentials}:
        raise errors.API_INVALID_BODY(problem="credentials must name credentials of this application")
    return ids


def shown_credential(credential: Credential) -> dict[str, object]:
    """Return a public key as the API writes it."""
    return without_null(
        {
            "id": credential.id,
            "name": credential.name,
            "kid": credential.kid,
            "alg": credential.algorithm,
            "credential_type": "public_key",
            "created_at": iso_date(credential.created_at),
        }
    )


def post_credential(call: Call) -> object:
    """Keep a public key; it is of use once `client_authentication_methods` names it."""
    client, body, chance = call.client(), call.body(), call.tenant.chance
    key = public_key_of(str(body["pem"]))
    if key is None:
        raise errors.API_INVALID_BODY(problem="pem must be the PEM of a public RSA key of 2048 bits or more")
    if len(client.credentials) >= MOST_CREDENTIALS:
        raise errors.API_TOO_MANY_CREDENTIALS()
    credential = Credential(
        id=f"cred_{chance.alnum(22)}",
        name=str(body["name"]) if "name" in body else None,
        kid=chance.base64url(43),
        algorithm=str(body.get("alg", ALGORITHMS[0])),
        created_at=call.tenant.clock.now(),
        key=key,
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


def public_key_of(pem: str) -> RSAKey | None:
    """Return the public RSA key that a PEM text holds; None for a private key, a short one, or no key at all."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return RSAKey.import_key(pem) if isinstance(key, RSAPublicKey) and key.key_size >= LEAST_BITS else None
