"""The errors of the second factor: the mfa_token, enrolling, challenging, and the poll.

The sections in the docstrings are those of the reference (the wire reference of the MFA API).
"""

from auth0_mfa_lab.sandbox.errors import TOKEN, Marks, OAuthError

ASSOCIATE = "POST /mfa/associate"
LIST = "GET /mfa/authenticators"
CHALLENGE = "POST /mfa/challenge"
MFA_TOKEN_INVALID = "The mfa_token provided is invalid. Try getting a new token."

# The mfa_token (sections 3.3, 5, 6.4)


class InvalidBearer(OAuthError):
    """The bearer is no mfa_token of this tenant."""

    where = f"{ASSOCIATE}, {LIST}"
    status, code, text = 401, "invalid_grant", MFA_TOKEN_INVALID
    marks = Marks("test", "test", "test")


class NoBearer(OAuthError):
    """There is no bearer at all."""

    where = f"{ASSOCIATE}, {LIST}"
    status, code, text = 401, "invalid_grant", MFA_TOKEN_INVALID
    marks = Marks("guess", "guess", "guess")


class ExpiredMfaToken(OAuthError):
    """The mfa_token is older than 10 minutes."""

    where = "every endpoint that takes an mfa_token"
    status, code, text = 401, "expired_token", "mfa_token is expired"
    marks = Marks("test", "test", "test")


class MalformedMfaToken(OAuthError):
    """The mfa_token in a body is none of this tenant's."""

    where = f"{TOKEN}, {CHALLENGE}"
    status, code, text = 403, "invalid_grant", "Malformed mfa_token"
    marks = Marks("test", "test", "test")


class WrongClient(OAuthError):
    """Another application got this mfa_token."""

    where = f"{TOKEN}, {CHALLENGE}"
    status, code, text = 400, "invalid_request", "mfa_token not issued to this client"
    marks = Marks("guess", "forum", "forum")


class LoginDone(OAuthError):
    """The login behind this mfa_token has its tokens already (section 6.5)."""

    where = f"{TOKEN}, {CHALLENGE}"
    status, code, text = 403, "invalid_grant", MFA_TOKEN_INVALID
    marks = Marks("guess", "guess", "guess")


# Enrolling and challenging (sections 3.3 and 5)


class InvalidAssociation(OAuthError):
    """`authenticator_types` or `oob_channels` is absent or names nothing that Auth0 has."""

    where = ASSOCIATE
    status, code, text = 400, "invalid_request", "{problem}"
    marks = Marks("doc", "guess", "guess")


class AlreadyEnrolled(OAuthError):
    """A second factor is asked for with an mfa_token (section 3.3)."""

    where = ASSOCIATE
    status, code, text = 403, "access_denied", "User is already enrolled."
    marks = Marks("test", "test", "doc")


class NotEnrolled(OAuthError):
    """The user has no active authenticator at all."""

    where = CHALLENGE
    status, code = 401, "unsupported_challenge_type"
    text = "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator."
    marks = Marks("test", "test", "test")


class UnsupportedChallenge(OAuthError):
    """The challenge types leave out what the user, or the given authenticator, has."""

    where = CHALLENGE
    status, code = 401, "unsupported_challenge_type"
    text = "User does not have any enrolled authenticator with the supported challenge type ({types})"
    marks = Marks("forum", "forum", "forum")


class UnknownAuthenticator(OAuthError):
    """`authenticator_id` is none of the user's active authenticators."""

    where = CHALLENGE
    status, code, text = 404, "invalid_authenticator", "Authenticator not found."
    marks = Marks("guess", "guess", "guess")


# The poll (sections 6.3 and 6.4)


class MalformedOobCode(OAuthError):
    """The oob_code is none of this tenant's."""

    where = TOKEN
    status, code, text = 403, "invalid_grant", "Malformed oob_code"
    marks = Marks("test", "test", "test")


class ExpiredOobCode(OAuthError):
    """The oob_code is older than 5 minutes."""

    where = TOKEN
    status, code, text = 401, "expired_token", "oob_code is expired"
    marks = Marks("guess", "forum", "forum")


class OobCodeOfAnotherLogin(OAuthError):
    """The oob_code and the mfa_token belong to different logins."""

    where = TOKEN
    status, code, text = 400, "invalid_request", "The oob_code doesn't match the mfa_token"
    marks = Marks("forum", "forum", "forum")


class InvalidOobCode(OAuthError):
    """The oob_code has given its tokens already, or a newer challenge took its place (sections 5 and 6.5)."""

    where = TOKEN
    status, code, text = 403, "invalid_grant", "Invalid oob_code."
    marks = Marks("guess", "guess", "guess")


class AuthorizationPending(OAuthError):
    """The phone has not answered yet."""

    where = TOKEN
    status, code = 400, "authorization_pending"
    text = "Authorization pending: please repeat the request in a few seconds."
    marks = Marks("rec", "rec", "rec")


class SlowDown(OAuthError):
    """The poll's bucket of 12 is empty; it refills with 12 a minute."""

    where = TOKEN
    status, code = 429, "slow_down"
    text = "You are polling faster than the specified interval of 5 seconds."
    marks = Marks("guess", "doc", "guess")


class RejectedAsDocumented(OAuthError):
    """The push was rejected; profile `docs`."""

    where = TOKEN
    status, code, text = 403, "invalid_grant", "MFA Authorization rejected."
    marks = Marks("guess", "doc", "rec")


class RejectedAsRecorded(OAuthError):
    """The push was rejected; profile `recorded`."""

    where = TOKEN
    status, code, text = 400, "access_denied", "MFA Authorization rejected."
    marks = Marks("rec", "rec", "rec")
