"""The discovery document, `/.well-known/openid-configuration` (reference, section 8.3)."""

SCOPES = (
    "openid profile offline_access name given_name family_name nickname email email_verified picture created_at "
    "identities phone address"
)
CLAIMS = (
    "aud auth_time created_at email email_verified exp family_name given_name iat identities iss name nickname "
    "phone_number picture sub"
)
RESPONSE_TYPES = ("code", "token", "id_token", "code token", "code id_token", "token id_token")


def openid_configuration(issuer: str) -> dict[str, object]:
    """Return the discovery document; it names endpoints that Auth0 has, also those that are not emulated."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}authorize",
        "token_endpoint": f"{issuer}oauth/token",
        "device_authorization_endpoint": f"{issuer}oauth/device/code",
        "userinfo_endpoint": f"{issuer}userinfo",
        "mfa_challenge_endpoint": f"{issuer}mfa/challenge",
        "jwks_uri": f"{issuer}.well-known/jwks.json",
        "registration_endpoint": f"{issuer}oidc/register",
        "revocation_endpoint": f"{issuer}oauth/revoke",
        "scopes_supported": SCOPES.split(),
        "response_types_supported": [*RESPONSE_TYPES, "code token id_token"],
        "code_challenge_methods_supported": ["S256", "plain"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
            "none",
        ],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "PS256"],
        "claims_supported": CLAIMS.split(),
        "request_uri_parameter_supported": False,
        "request_parameter_supported": False,
        "id_token_signing_alg_values_supported": ["HS256", "RS256", "PS256"],
        "end_session_endpoint": f"{issuer}oidc/logout",
    }
