"""The errors around the login: the refresh grant and `/oauth/revoke`.

The sections in the docstrings are those of the reference (the wire reference of the MFA API).
"""

from auth0_mfa_lab.sandbox.errors import TOKEN, Marks, OAuthError


class UnknownRefreshToken(OAuthError):
    """The refresh token is unknown, used, revoked, or another application's (section 8.1)."""

    where = TOKEN
    status, code, text = 403, "invalid_grant", "Unknown or invalid refresh token."
    marks = Marks("forum", "forum", "forum")


class UserIsGone(OAuthError):
    """The user behind the refresh token was deleted (section 8.1)."""

    where = TOKEN
    status, code = 403, "invalid_grant"
    text = "The refresh_token was generated for a user who doesn't exist anymore."
    marks = Marks("guess", "test", "test")


class MissingToken(OAuthError):
    """Nothing to revoke (section 8.6)."""

    where = "POST /oauth/revoke"
    status, code, text = 400, "invalid_request", "Missing required parameter: token"
    marks = Marks("doc", "guess", "guess")
