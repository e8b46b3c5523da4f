"""The errors of the client credentials grant.

The sections in the docstrings are those of the reference (the wire reference of the MFA API).
"""

from auth0_mfa_lab.sandbox.errors import TOKEN, Marks, OAuthError


class NoClientGrant(OAuthError):
    """The application has no client grant for this API (section 0.6)."""

    where = TOKEN
    status, code = 403, "access_denied"
    text = (
        'Client is not authorized to access "{audience}". You might probably want to create a "client-grant" '
        "associated to this API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants"
    )
    marks = Marks("forum", "forum", "forum")


class NoAudience(OAuthError):
    """Client credentials without an audience."""

    where = TOKEN
    status, code = 403, "access_denied"
    text = "No audience parameter was provided, and no default audience has been configured"
    marks = Marks("guess", "guess", "guess")


class UnknownService(OAuthError):
    """Client credentials for an audience that is no API."""

    where = TOKEN
    status, code, text = 403, "access_denied", "Service not found: {audience}"
    marks = Marks("guess", "guess", "guess")
