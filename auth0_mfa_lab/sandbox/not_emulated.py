"""What Auth0 documents and the sandbox does not have: one table by kind; each name in it is a 501 that names it.

What Auth0 does not have either is answered as Auth0 answers it: an unknown path is a 404, an unknown parameter of the
Authentication API is ignored, an unknown property or parameter of the Management API is refused.
"""

from collections.abc import Container
from typing import Literal, NamedTuple

from auth0_mfa_lab.sandbox.errors import TOKEN, NotEmulated

Kind = Literal["path", "header", "grant", "audience", "parameter", "query parameter", "property", "value"]


class Absent(NamedTuple):
    """Names of one kind, the place where they may stand, and what they are for.

    A `path` has a method as its place where its other methods are emulated, and stands for all below it where it ends
    in a slash; an `audience` is a path below the tenant's address; a `parameter` stands in a body of the Authentication
    API, a `property` in one of the Management API, and a `value` is a property with just this value, as JSON writes it.
    """

    kind: Kind
    where: str
    what: str
    names: str


ANYWHERE, OF_A_USER = "any path", f"{TOKEN} of a user"
CLIENTS, USERS, METHODS = "/api/v2/clients", "/api/v2/users", "/api/v2/users/{id}/authentication-methods"
# fmt: off
TABLE = (
    Absent("path", ANYWHERE, "My Account API: a user's own authentication methods", "/me/"),
    Absent("path", ANYWHERE, "one-time codes for database users, early access", "/otp/challenge"),
    Absent("path", ANYWHERE, "passkeys as a first factor", "/passkey/"),
    Absent("path", ANYWHERE, "what an enrollment ticket opens; it needs a browser", "/mfa/enrollment"),
    Absent("path", ANYWHERE, "what a magic link opens; it needs a browser", """
        /passwordless/verify_redirect /passwordless/verify
    """),
    Absent("path", "GET", "the start of a passwordless login as a link", "/passwordless/start"),
    Absent("path", ANYWHERE, "a login in the browser (Universal Login)", """
        /authorize /authorize/ /login /login/ /u/ /continue /activate /device /mf
    """),
    Absent("path", ANYWHERE, "a login form of one's own in the browser", "/co/ /usernamepassword/ /user/ssodata"),
    Absent("path", ANYWHERE, "logout in the browser", "/v2/logout /logout /oidc/logout"),
    Absent("path", ANYWHERE, "logins that begin on another device, or at the back end", """
        /oauth/device/code /oauth/par /bc-authorize /rich-consents/
    """),
    Absent("path", ANYWHERE, "ends all sessions of a user", """
        /oauth/global-token-revocation/ /oauth/global-token/revoke
    """),
    Absent("path", ANYWHERE, "sign-up, and change of a password", "/dbconnections/"),
    Absent("path", ANYWHERE, "registers an application", "/oidc/register"),
    Absent("path", ANYWHERE, "SAML and WS-Federation", "/samlp/ /wsfed /wsfed/"),
    Absent("path", ANYWHERE, "provisioning of users, and My Organization API", "/scim/ /my-org/"),
    Absent("path", ANYWHERE, "legacy endpoints", "/oauth/ro /oauth/access_token /tokeninfo /delegation /link /unlink"),
    Absent("path", ANYWHERE, "other metadata, and certificates", """
        /.well-known/oauth-authorization-server /.well-known/webfinger /pem /cer /rawpem /pb7
    """),
    Absent("path", ANYWHERE, "Guardian's calls from a browser", """
        /appliance-mfa/api/start-flow /appliance-mfa/api/transaction-state /appliance-mfa/api/send-push-notification
        /appliance-mfa/api/send-sms /appliance-mfa/api/send-email /appliance-mfa/api/verify-otp
        /appliance-mfa/api/recover-account /appliance-mfa/api/rich-consents/
    """),
    Absent("path", ANYWHERE, "the same, on a Guardian domain", """
        /api/start-flow /api/transaction-state /api/send-push-notification /api/send-sms /api/send-email /api/verify-otp
        /api/recover-account /api/rich-consents/
    """),
    Absent("path", ANYWHERE, "the other calls beside those that are emulated", """
        /api/v2/guardian/ /api/v2/users/ /api/v2/users-by-email/ /api/v2/clients/ /api/v2/connections/ /api/v2/tenants/
        /api/v2/logs/
    """),
    Absent("path", ANYWHERE, "what has nothing to do with these flows", """
        /api/v2/actions/ /api/v2/agents/ /api/v2/anomaly/ /api/v2/attack-protection/ /api/v2/branding/
        /api/v2/client-grants/ /api/v2/client-profiles/ /api/v2/connection-profiles/
        /api/v2/connections-directory-provisionings/ /api/v2/connections-scim-configurations/ /api/v2/custom-domains/
        /api/v2/device-credentials/ /api/v2/email-templates/ /api/v2/emails/ /api/v2/event-streams/ /api/v2/events/
        /api/v2/experimentation/ /api/v2/flows/ /api/v2/forms/ /api/v2/grants/ /api/v2/groups/ /api/v2/hooks/
        /api/v2/jobs/ /api/v2/keys/ /api/v2/log-streams/ /api/v2/network-acls/ /api/v2/organizations/ /api/v2/prompts/
        /api/v2/rate-limit-policies/ /api/v2/refresh-tokens/ /api/v2/resource-servers/ /api/v2/risk-assessments/
        /api/v2/roles/ /api/v2/rules/ /api/v2/rules-configs/ /api/v2/self-service-profiles/ /api/v2/sessions/
        /api/v2/stats/ /api/v2/supplemental-signals/ /api/v2/tickets/ /api/v2/token-exchange-profiles/
        /api/v2/user-attribute-profiles/ /api/v2/user-blocks/ /api/v2/user-grants/ /api/v2/verifiable-credentials/
    """),

    Absent("header", ANYWHERE, "a proof of possession, to which Auth0 binds the tokens", "DPoP"),
    Absent("header", ANYWHERE, "the certificate of an application that authenticates by mTLS", """
        client-certificate client-certificate-ca-verified
    """),

    Absent("grant", TOKEN, "the code of a login in the browser", "authorization_code"),
    Absent("grant", TOKEN, "a login on another device", "urn:ietf:params:oauth:grant-type:device_code"),
    Absent("grant", TOKEN, "a login that begins at the back end", "urn:openid:params:grant-type:ciba"),
    Absent("grant", TOKEN, "a token of another party", "urn:ietf:params:oauth:grant-type:token-exchange"),
    Absent("grant", TOKEN, "an assertion of another party", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
    Absent("grant", TOKEN, "a token of Token Vault", """
        urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token
    """),
    Absent("grant", TOKEN, "a passkey", "urn:okta:params:oauth:grant-type:webauthn"),

    Absent("audience", TOKEN, "My Account API and My Organization API", "me/ my-org/"),
    Absent("audience", OF_A_USER, "the Management API with a user's own token", "api/v2/"),

    Absent("parameter", TOKEN, "the organization that an application acts for", "organization"),
    Absent("parameter", TOKEN, "the API, where the tenant reads it in place of audience", "resource"),
    Absent("parameter", TOKEN, "the session of /otp/challenge or /passkey/challenge", "auth_session"),

    Absent("query parameter", f"GET {CLIENTS}", "other filters, checkpoints", "external_client_id q from take"),
    Absent("query parameter", "GET /api/v2/connections", "checkpoints", "from take"),
    Absent("query parameter", "GET /api/v2/logs", "checkpoints, another search", "from search"),

    Absent("property", f"PATCH {CLIENTS}/{{id}}", "other settings of an application", """
        description client_secret logo_uri callbacks oidc_logout oidc_backchannel_logout session_transfer
        allowed_origins web_origins client_aliases allowed_clients allowed_logout_urls jwt_configuration encryption_key
        sso cross_origin_authentication cross_origin_loc sso_disabled custom_login_page_on
        is_token_endpoint_ip_header_trusted app_type is_first_party oidc_conformant custom_login_page
        custom_login_page_preview token_quota identity_assertion_authorization_grant anonymous_sessions
        enforce_anon_session_transfer_network_binding form_template addons client_metadata mobile initiate_login_uri
        native_social_login fedcm_login refresh_token default_organization organization_usage
        organization_require_behavior organization_discovery_methods require_pushed_authorization_requests
        require_proof_of_possession signed_request_object token_vault_privileged_access compliance_level
        skip_non_verifiable_callback_uri_confirmation_prompt token_exchange par_request_expiry express_configuration
        b2b_integration_configuration my_organization_configuration async_approval_notification_channels
        third_party_security_mode redirection_policy oidc_support
    """),
    Absent("property", f"client_authentication_methods of PATCH {CLIENTS}/{{id}}", "mTLS", """
        tls_client_auth self_signed_tls_client_auth
    """),
    Absent("property", f"POST {CLIENTS}/{{id}}/credentials", "certificates, and keys that expire", """
        subject_dn parse_expiry_from_cert expires_at kid
    """),
    Absent("property", "PATCH /api/v2/tenants/settings", "other settings of the tenant", """
        change_password device_flow guardian_mfa_page default_audience error_page default_token_quota flags picture_url
        support_email support_url allowed_logout_urls session_lifetime session_lifetime_in_minutes idle_session_lifetime
        idle_session_lifetime_in_minutes ephemeral_session_lifetime idle_ephemeral_session_lifetime
        ephemeral_session_lifetime_in_minutes idle_ephemeral_session_lifetime_in_minutes sandbox_version
        legacy_sandbox_version default_redirection_uri enabled_locales access_token security_headers session_cookie
        sessions oidc_logout customize_mfa_in_postlogin_action allow_organization_name_in_authentication_api
        acr_values_supported mtls pushed_authorization_requests_supported authorization_response_iss_parameter_supported
        dpop_strict_refresh_token_binding skip_non_verifiable_callback_uri_confirmation_prompt
        resource_parameter_profile client_id_metadata_document_supported
        client_id_metadata_document_dynamic_registration_supported enable_ai_guide phone_consolidated_experience
        include_session_metadata_in_tenant_logs dynamic_client_registration_security_mode country_codes
    """),
    Absent("property", f"POST {USERS}", "other members of a user", """
        user_metadata blocked phone_verified app_metadata given_name family_name name nickname picture user_id username
    """),
    Absent("property", f"PATCH {USERS}/{{id}}", "other members of a user", """
        blocked phone_verified user_metadata app_metadata given_name family_name name nickname picture verify_email
        verify_phone_number password username
    """),

    Absent("value", f"POST {USERS}", "the mail that asks a new user to confirm the address", "verify_email:true"),
    Absent("value", f"POST {USERS}", "a new user without a password", 'connection:"sms" connection:"email"'),
    Absent("value", "POST /api/v2/guardian/enrollments/ticket", "the mail with an enrollment ticket", "send_mail:true"),
    Absent("value", f"POST {METHODS}", "authentication methods with a public key", """
        type:"webauthn-roaming" type:"passkey"
    """),
    Absent("value", f"PUT {METHODS}", "authentication methods with a public key", """
        type:"webauthn-roaming" type:"passkey"
    """),
)

IGNORED = (
    Absent("header", TOKEN, "the user's IP address, for applications that are trusted with it", "auth0-forwarded-for"),
    Absent("header", ANYWHERE, "what an SDK says of itself", "Auth0-Client"),
    Absent("parameter", TOKEN, "what Auth0 reads at other endpoints", "redirect_uri authorization_details invitation"),
    Absent("parameter", f"{TOKEN} of a refresh token", "an API for which the application has no policy", "audience"),
)
"""What Auth0 documents, and ignores in a tenant that is set as this one."""
# fmt: on
_NAMES = dict[tuple[Kind, str], tuple[str, ...]]()
for _row in TABLE:
    _NAMES[_row.kind, _row.where] = (*_NAMES.get((_row.kind, _row.where), ()), *_row.names.split())


def names(kind: Kind, where: str) -> tuple[str, ...]:
    """Return what of this kind is not emulated there."""
    return _NAMES.get((kind, where), ())


def refuse(kind: Kind, where: str, given: Container[str]) -> None:
    """Raise NotEmulated for the first name of the table that is among the given ones."""
    for name in names(kind, where):
        if name in given:
            raise NotEmulated(f"the {kind} {name}" if where == ANYWHERE else f"the {kind} {name} of {where}")


def refuse_path(method: str, path: str) -> None:
    """Raise NotEmulated for a path of the table."""
    for each in (*names("path", ANYWHERE), *names("path", method)):
        if path == each.rstrip("/") or (each[-1] == "/" and path.startswith(each)):
            raise NotEmulated(f"{method} {path}")
