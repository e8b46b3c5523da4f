"""Auth0 paths that are not emulated: 501, not 404."""

BROWSER = ("/authorize", "/login", "/u/", "/v2/logout", "/oidc/logout", "/samlp/", "/wsfed", "/continue")
APPLICATION = (
    *("/oauth/device/code", "/oauth/par", "/oauth/global-token-revocation", "/bc-authorize", "/oidc/register"),
    *("/otp/challenge", "/dbconnections/", "/passkey/", "/passwordless/verify"),
)


def is_elsewhere(path: str) -> bool:
    """Tell whether Auth0 has something at a path: one that ends in a slash stands for all below it."""
    known = (*BROWSER, *APPLICATION)
    return any(path == one or (one.endswith("/") and path.startswith(one)) for one in known)
