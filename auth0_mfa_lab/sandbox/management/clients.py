"""The Management API's side of the applications: `/clients` (reference, section 9.4)."""

from collections.abc import Mapping
from dataclasses import replace

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import Call, Endpoint, Property, Reply, checked_object, strings
from auth0_mfa_lab.sandbox.management.queries import CHOICE, PAGING, chosen, iso_date, must_be_known, page_of
from auth0_mfa_lab.sandbox.oauth.applications import (
    ALGORITHMS,
    MOST_CREDENTIALS,
    SECRET_METHODS,
    Application,
    Credential,
    public_key_of,
)
from auth0_mfa_lab.sandbox.tenant import Tenant

LEGACY = "http://auth0.com/oauth/grant-type"
GRANT_TYPES = (
    *("authorization_code", "implicit", "refresh_token", "client_credentials", "password"),
    *(f"{LEGACY}/password-realm", f"{LEGACY}/passwordless/otp"),
    *(f"{LEGACY}/mfa-oob", f"{LEGACY}/mfa-otp", f"{LEGACY}/mfa-recovery-code"),
    *("urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba"),
    "urn:ietf:params:oauth:grant-type:token-exchange",
)
"""In the order in which an application's are shown: a guess."""
NOT_KEPT = (
    *("description", "client_secret", "logo_uri", "callbacks", "allowed_origins", "web_origins", "allowed_logout_urls"),
    *("client_aliases", "allowed_clients", "jwt_configuration", "encryption_key", "sso", "sso_disabled", "app_type"),
    *("cross_origin_authentication", "cross_origin_loc", "custom_login_page", "custom_login_page_on", "form_template"),
    *("addons", "client_metadata", "mobile", "initiate_login_uri", "native_social_login", "refresh_token"),
    *("oidc_conformant", "oidc_logout", "is_first_party", "organization_usage", "organization_require_behavior"),
    *("default_organization", "require_pushed_authorization_requests", "require_proof_of_possession"),
    *("signed_request_object", "compliance_level", "token_exchange"),
)
CHANGES = {
    "name": Property(),
    "grant_types": Property(type="array", enum=GRANT_TYPES),
    "token_endpoint_auth_method": Property(enum=SECRET_METHODS, nullable=True),
    "client_authentication_methods": Property(type="object", nullable=True),
    **{name: Property(type="string", kept=False) for name in NOT_KEPT},
}
CREDENTIAL = {
    "credential_type": Property(required=True, enum=("public_key",)),
    "pem": Property(required=True),
    "name": Property(),
    "alg": Property(enum=ALGORITHMS),
    **{name: Property(kept=False) for name in ("kid", "expires_at", "parse_expiry_from_cert", "subject_dn")},
}
METHODS = {
    "private_key_jwt": Property(type="object", required=True),
    **{name: Property(type="object", kept=False) for name in ("tls_client_auth", "self_signed_tls_client_auth")},
}


class Clients:
    """The applications of one tenant, as an administrator sees them."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def endpoints(self) -> tuple[Endpoint, ...]:
        keys, read, make = "/clients/{id}/credentials", ("read:client_credentials",), ("create:client_credentials",)
        key, delete = f"{keys}/{{credential_id}}", ("delete:client_credentials",)
        return (
            Endpoint(method="GET", path="/clients", scopes=("read:clients",), answer=self.all),
            Endpoint(method="GET", path="/clients/{id}", scopes=("read:clients",), answer=self.one),
            Endpoint(method="PATCH", path="/clients/{id}", scopes=("update:clients",), answer=self.patch),
            Endpoint(method="GET", path=keys, scopes=read, answer=self.credentials),
            Endpoint(method="POST", path=keys, scopes=make, answer=self.add_credential),
            Endpoint(method="DELETE", path=key, scopes=delete, answer=self.delete_credential),
        )

    def all(self, call: Call) -> Reply:
        must_be_known(call.query, (*PAGING, *CHOICE))
        shown = [chosen(call.query, self._shown(Application.of(each), call)) for each in self._tenant.clients.values()]
        return Reply(body=page_of(call.query, shown, named="clients"), evidence=errors.API_CLIENTS)

    def one(self, call: Call) -> Reply:
        client = self._client(call)
        must_be_known(call.query, CHOICE)
        return Reply(body=chosen(call.query, self._shown(client, call)), evidence=errors.API_CLIENT)

    def patch(self, call: Call) -> Reply:
        """Change an application; `grant_types` replaces what it had (reference, section 9.4)."""
        client, changes = self._client(call), call.fields(CHANGES)
        if "name" in changes:
            if not str(changes["name"]).strip():
                raise errors.API_INVALID_BODY(problem="String is too short (0 chars), minimum 1 on property name")
            client = replace(client, name=str(changes["name"]))
        if "grant_types" in changes:
            client = replace(client, grants=frozenset(strings(changes["grant_types"])))
        client = self._authenticating(client, changes)
        self._tenant.clients[client.client_id] = client
        return Reply(body=self._shown(client, call), evidence=errors.API_CLIENT)

    def credentials(self, call: Call) -> Reply:
        kept = self._client(call).credentials
        return Reply(body=[_credential(each) for each in kept], evidence=errors.API_CREDENTIALS)

    def add_credential(self, call: Call) -> Reply:
        """Keep a public key; it is of use once `client_authentication_methods` names it."""
        client, body = self._client(call), call.fields(CREDENTIAL)
        key = public_key_of(str(body["pem"]))
        if key is None:
            raise errors.API_INVALID_BODY(problem="pem must be the PEM of a public RSA key of 2048 bits or more")
        if len(client.credentials) >= MOST_CREDENTIALS:
            raise errors.API_TOO_MANY_CREDENTIALS()
        credential = Credential(
            id=f"cred_{self._tenant.chance.alnum(22)}",
            name=str(body["name"]) if "name" in body else None,
            kid=self._tenant.chance.base64url(43),
            algorithm=str(body.get("alg", ALGORITHMS[0])),
            created_at=self._tenant.clock.now(),
            key=key,
        )
        kept = replace(client, credentials=(*client.credentials, credential))
        self._tenant.clients[client.client_id] = kept
        return Reply(body=_credential(credential), status=201, evidence=errors.API_CREDENTIAL_MADE)

    def delete_credential(self, call: Call) -> Reply:
        """Forget a public key, in use or not; an application whose last one it was cannot prove anything [guess]."""
        client, gone = self._client(call), call.path["credential_id"]
        if gone not in {each.id for each in client.credentials}:
            raise errors.API_CREDENTIAL_NOT_FOUND()
        self._tenant.clients[client.client_id] = replace(
            client,
            credentials=tuple(each for each in client.credentials if each.id != gone),
            in_use=tuple(each for each in client.in_use if each != gone),
        )
        return Reply(status=204)

    def _authenticating(self, client: Application, changes: Mapping[str, object]) -> Application:
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
                secret = client.client_secret or (None if known == "none" else self._tenant.chance.base64url(64))
                client = replace(client, auth_method=known, client_secret=secret, in_use=())
        return client

    def _client(self, call: Call) -> Application:
        client = self._tenant.clients.get(call.path["id"])
        if client is None:
            raise errors.API_CLIENT_NOT_FOUND()
        return Application.of(client)

    def _shown(self, client: Application, call: Call) -> dict[str, object]:
        """Return an application as this caller may see it: its secret with `read:client_keys` only."""
        secret = {"client_secret": client.client_secret} if "read:client_keys" in call.scopes else {}
        types = {"none": "native"} if "client_credentials" not in client.grants else {}
        return {
            "tenant": self._tenant.settings.name,
            "client_id": client.client_id,
            "name": client.name,
            **{name: value for name, value in secret.items() if value is not None},
            "app_type": types.get(client.method, "regular_web"),
            "is_first_party": True,
            "oidc_conformant": True,
            "grant_types": [each for each in GRANT_TYPES if each in client.grants],
            **_authentication(client),
        }


def _authentication(client: Application) -> dict[str, object]:
    if client.method != "private_key_jwt":
        return {"token_endpoint_auth_method": client.method}
    return {
        "client_authentication_methods": {"private_key_jwt": {"credentials": [{"id": one} for one in client.in_use]}}
    }


def _named_credentials(client: Application, methods: object) -> tuple[str, ...]:
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
    return {name: value for name, value in item.items() if value is not None}
