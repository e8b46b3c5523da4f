"""The Management API's side of the applications: `/clients` (reference, section 9.4)."""

from dataclasses import replace

from auth0_mfa_lab.sandbox import management_errors as errors
from auth0_mfa_lab.sandbox import management_evidence as evidence
from auth0_mfa_lab.sandbox.applications import AUTH_METHODS, Application
from auth0_mfa_lab.sandbox.management_calls import Call, Endpoint, Property, Reply, strings
from auth0_mfa_lab.sandbox.management_queries import CHOICE, PAGING, chosen, must_be_known, page_of
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
    *("client_authentication_methods", "signed_request_object", "compliance_level", "token_exchange"),
)
CHANGES = {
    "name": Property(),
    "grant_types": Property(type="array", enum=GRANT_TYPES),
    "token_endpoint_auth_method": Property(enum=AUTH_METHODS),
    **{name: Property(type="string", kept=False) for name in NOT_KEPT},
}


class Clients:
    """The applications of one tenant, as an administrator sees them."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def endpoints(self) -> tuple[Endpoint, ...]:
        return (
            Endpoint(method="GET", path="/clients", scopes=("read:clients",), answer=self.all),
            Endpoint(method="GET", path="/clients/{id}", scopes=("read:clients",), answer=self.one),
            Endpoint(method="PATCH", path="/clients/{id}", scopes=("update:clients",), answer=self.patch),
        )

    def all(self, call: Call) -> Reply:
        must_be_known(call.query, (*PAGING, *CHOICE))
        shown = [chosen(call.query, self._shown(Application.of(each), call)) for each in self._tenant.clients.values()]
        return Reply(body=page_of(call.query, shown, named="clients"), evidence=evidence.CLIENTS)

    def one(self, call: Call) -> Reply:
        client = self._client(call)
        must_be_known(call.query, CHOICE)
        return Reply(body=chosen(call.query, self._shown(client, call)), evidence=evidence.CLIENT)

    def patch(self, call: Call) -> Reply:
        """Change an application; `grant_types` replaces what it had (reference, section 9.4)."""
        client, changes = self._client(call), call.fields(CHANGES)
        if "name" in changes:
            if not str(changes["name"]).strip():
                raise errors.InvalidBody(problem="String is too short (0 chars), minimum 1 on property name")
            client = replace(client, name=str(changes["name"]))
        if "grant_types" in changes:
            client = replace(client, grants=frozenset(strings(changes["grant_types"])))
        for method in AUTH_METHODS:
            if changes.get("token_endpoint_auth_method") == method:
                # Every application of Auth0's has a secret, used or not: a public one gets its own when it needs it.
                secret = client.client_secret or (None if method == "none" else self._tenant.chance.base64url(64))
                client = replace(client, auth_method=method, client_secret=secret)
        self._tenant.clients[client.client_id] = client
        return Reply(body=self._shown(client, call), evidence=evidence.CLIENT)

    def _client(self, call: Call) -> Application:
        client = self._tenant.clients.get(call.path["id"])
        if client is None:
            raise errors.ClientNotFound
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
            "token_endpoint_auth_method": client.method,
        }
