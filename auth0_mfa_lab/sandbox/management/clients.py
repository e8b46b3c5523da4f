"""`/clients`: the applications, and how each proves who it is (reference, section 9.4)."""

from collections.abc import Mapping
from dataclasses import replace

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import (
    CHOICE,
    PAGING,
    Call,
    Property,
    Reply,
    checked_object,
    iso_date,
    not_emulated,
    route,
    strings,
    without_null,
)
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
    "name": Property(),
    "grant_types": Property(type="array", enum=GRANT_TYPES),
    "token_endpoint_auth_method": Property(enum=SECRET_METHODS, nullable=True),
    "client_authentication_methods": Property(type="object", nullable=True),
    **not_emulated(
        "description client_secret logo_uri callbacks allowed_origins web_origins allowed_logout_urls client_aliases "
        "allowed_clients jwt_configuration encryption_key sso sso_disabled app_type cross_origin_authentication "
        "cross_origin_loc custom_login_page custom_login_page_on form_template addons client_metadata mobile "
        "initiate_login_uri native_social_login refresh_token oidc_conformant oidc_logout is_first_party "
        "organization_usage organization_require_behavior default_organization require_pushed_authorization_requests "
        "require_proof_of_possession signed_request_object compliance_level token_exchange"
    ),
}
CREDENTIAL = {
    "credential_type": Property(required=True, enum=("public_key",)),
    "pem": Property(required=True),
    "name": Property(),
    "alg": Property(enum=ALGORITHMS),
    **not_emulated("kid expires_at parse_expiry_from_cert subject_dn"),
}
METHODS = {
    "private_key_jwt": Property(type="object", required=True),
    **not_emulated("tls_client_auth self_signed_tls_client_auth"),
}


@route("GET", "/clients", "read:clients")
def get_clients(call: Call) -> Reply:
    """List the applications."""
    call.allow_query(*PAGING, *CHOICE)
    shown = [call.chosen(_shown(client, call)) for client in call.tenant.clients.values()]
    return Reply(call.page_of(shown, named="clients"), errors.API_CLIENTS)


@route("GET", "/clients/{id}", "read:clients")
def get_client(call: Call) -> Reply:
    """Return one application."""
    client = _client(call)
    call.allow_query(*CHOICE)
    return Reply(call.chosen(_shown(client, call)), errors.API_CLIENT)


@route("PATCH", "/clients/{id}", "update:clients")
def patch_client(call: Call) -> Reply:
    """Change an application; `grant_types` replaces what it had (reference, section 9.4)."""
    client, changes = _client(call), call.fields(CHANGES)
    if "name" in changes:
        if not str(changes["name"]).strip():
            raise errors.API_INVALID_BODY(problem="String is too short (0 chars), minimum 1 on property name")
        client = replace(client, name=str(changes["name"]))
    if "grant_types" in changes:
        client = replace(client, grants=frozenset(strings(changes["grant_types"])))
    client = _authenticating(call, client, changes)
    call.tenant.clients[client.client_id] = client
    return Reply(_shown(client, call), errors.API_CLIENT)


@route("GET", "/clients/{id}/credentials", "read:client_credentials")
def get_credentials(call: Call) -> Reply:
    """List the public keys of an application."""
    return Reply([_credential(each) for each in _client(call).credentials], errors.API_CREDENTIALS)


@route("POST", "/clients/{id}/credentials", "create:client_credentials")
def post_credential(call: Call) -> Reply:
    """Keep a public key; it is of use once `client_authentication_methods` names it."""
    client, body = _client(call), call.fields(CREDENTIAL)
    key = public_key_of(str(body["pem"]))
    if key is None:
        raise errors.API_INVALID_BODY(problem="pem must be the PEM of a public RSA key of 2048 bits or more")
    if len(client.credentials) >= MOST_CREDENTIALS:
        raise errors.API_TOO_MANY_CREDENTIALS()
    credential = Credential(
        id=f"cred_{call.tenant.chance.alnum(22)}",
        name=str(body["name"]) if "name" in body else None,
        kid=call.tenant.chance.base64url(43),
        algorithm=str(body.get("alg", ALGORITHMS[0])),
        created_at=call.tenant.clock.now(),
        key=key,
    )
    call.tenant.clients[client.client_id] = replace(client, credentials=(*client.credentials, credential))
    return Reply(_credential(credential), errors.API_CREDENTIAL_MADE)


@route("DELETE", "/clients/{id}/credentials/{credential_id}", "delete:client_credentials")
def delete_credential(call: Call) -> Reply:
    """Forget a public key, in use or not; an application whose last one it was cannot prove anything [guess]."""
    client, gone = _client(call), call.path["credential_id"]
    if gone not in {each.id for each in client.credentials}:
        raise errors.API_CREDENTIAL_NOT_FOUND()
    call.tenant.clients[client.client_id] = replace(
        client,
        credentials=tuple(each for each in client.credentials if each.id != gone),
        in_use=tuple(each for each in client.in_use if each != gone),
    )
    return Reply()


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


def _client(call: Call) -> Client:
    client = call.tenant.clients.get(call.path["id"])
    if client is None:
        raise errors.API_CLIENT_NOT_FOUND()
    return client


def _shown(client: Client, call: Call) -> dict[str, object]:
    """Return an application as this caller may see it: its secret with `read:client_keys` only."""
    types = {"none": "native"} if "client_credentials" not in client.grants else {}
    item = {
        "tenant": call.tenant.settings.name,
        "client_id": client.client_id,
        "name": client.name,
        "client_secret": client.client_secret if "read:client_keys" in call.scopes else None,
        "app_type": types.get(client.method, "regular_web"),
        "is_first_party": True,
        "oidc_conformant": True,
        "grant_types": [each for each in GRANT_TYPES if each in client.grants],
        **_authentication(client),
    }
    return without_null(item)


def _authentication(client: Client) -> dict[str, object]:
    if client.method != "private_key_jwt":
        return {"token_endpoint_auth_method": client.method}
    return {
        "client_authentication_methods": {"private_key_jwt": {"credentials": [{"id": one} for one in client.in_use]}}
    }


def _named_credentials(client: Client, methods: object) -> tuple[str, ...]:
    """Return the ids that `client_authentication_methods` names. Raises API_INVALID_BODY for an unknown one."""
    chosen_method = checked_object(methods, METHODS)["private_key_jwt"]
    listed = checked_object(chosen_method, {"credentials": Property(type="array", items="object", required=True)})[
        "credentials"
    ]
    each_one = listed if isinstance(listed, list) else []
    ids = [str(checked_object(each, {"id": Property(required=True)})["id"]) for each in each_one]
    if not ids or not set(ids) <= {one.id for one in client.credentials}:
        raise errors.API_INVALID_BODY(problem="credentials must name credentials of this application")
    return tuple(dict.fromkeys(ids))


def _credential(credential: Credential) -> dict[str, object]:
    item = {
        "id": credential.id,
        "name": credential.name,
        "kid": credential.kid,
        "alg": credential.algorithm,
        "credential_type": "public_key",
        "created_at": iso_date(credential.created_at),
    }
    return without_null(item)


def public_key_of(pem: str) -> RSAKey | None:
    """Return the public RSA key that a PEM text holds; None for a private key, a short one, or no key at all."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_BITS:
        return None
    return RSAKey.import_key(pem)


ENDPOINTS = (get_clients, get_client, patch_client, get_credentials, post_credential, delete_credential)
