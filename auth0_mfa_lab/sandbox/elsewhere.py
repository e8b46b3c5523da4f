"""What Auth0 has beside the MFA API and the sandbox has not: nobody may take its 404 for a path that does not exist."""

BROWSER = ("/authorize", "/login", "/u/", "/v2/logout", "/oidc/logout", "/samlp/", "/wsfed", "/continue")
APPLICATION = (
    *("/oauth/device/code", "/oauth/par", "/oauth/global-token-revocation", "/bc-authorize", "/oidc/register"),
    *("/otp/challenge", "/dbconnections/", "/passkey/", "/passwordless/verify"),
)


def is_elsewhere(path: str) -> bool:
    """Tell whether Auth0 has something at a path: one that ends in a slash stands for all below it."""
    known = (*BROWSER, *APPLICATION)
    return any(path == one or (one.endswith("/") and path.startswith(one)) for one in known)
