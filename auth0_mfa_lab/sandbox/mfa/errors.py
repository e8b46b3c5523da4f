"""The errors of `/mfa/*`: the token that opens it, enrolling, listing, deleting, challenging.

The sections in the docstrings are those of the reference (the wire reference of the MFA API).
"""

from auth0_mfa_lab.sandbox.errors import TOKEN, GrantNotAllowed, Marks, OAuthError

ASSOCIATE = "POST /mfa/associate"
LIST = "GET /mfa/authenticators"
DELETE = "DELETE /mfa/authenticators/{id}"
CHALLENGE = "POST /mfa/challenge"
MFA_TOKEN_INVALID = "The mfa_token provided is invalid. Try getting a new token."

# The mfa_token and the MFA access token (sections 2, 3.3, 4.2, 5, 6.4)


class InvalidBearer(OAuthError):
    """The bearer is neither an mfa_token of this tenant nor a living MFA access token."""

    where = f"{ASSOCIATE}, {LIST}"
    status, code, text = 401, "invalid_grant", MFA_TOKEN_INVALID
    marks = Marks("test", "test", "test")


class InvalidBearerToDelete(OAuthError):
    """The bearer is no living MFA access token; an mfa_token does not do (section 4.2)."""

    where = DELETE
    status, code, text = 401, "invalid_grant", MFA_TOKEN_INVALID
    marks = Marks("doc", "forum", "forum")


class NoBearer(OAuthError):
    """There is no bearer at all."""

    where = f"{ASSOCIATE}, {LIST}, {DELETE}"
    status, code, text = 401, "invalid_grant", MFA_TOKEN_INVALID
    marks = Marks("guess", "guess", "guess")


class InsufficientScope(OAuthError):
    """An MFA access token lacks the scope for this."""

    where = f"{ASSOCIATE}, {LIST}, {DELETE}, {TOKEN}"
    status, code, text = 403, "insufficient_scope", "Insufficient scope, expected any of: {scope}"
    marks = Marks("guess", "guess", "guess")


class ExpiredMfaToken(OAuthError):
    """The mfa_token is older than 10 minutes."""

    where = "every endpoint that takes an mfa_token"
    status, code, text = 401, "expired_token", "mfa_token is expired"
    marks = Marks("test", "test", "test")


class MalformedMfaToken(OAuthError):
    """The mfa_token in a body is none of this tenant's, or an MFA access token where only an mfa_token does."""

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


class FactorIsOff(OAuthError):
    """The tenant's factor, or its phone message type, is switched off (sections 3.3 and 10)."""

    where = ASSOCIATE
    status, code, text = 400, "unsupported_challenge_type", "The factor is not enabled for this tenant: {factor}"
    marks = Marks("guess", "guess", "guess")


class TooManyAuthenticators(OAuthError):
    """The user has 51 authenticators, unconfirmed ones included; the text is that of the tenant's log (section 3.2)."""

    where = ASSOCIATE
    status, code, text = 400, "invalid_request", "User has created the maximum amount of authenticators"
    marks = Marks("guess", "guess", "forum")


class AlreadyEnrolled(OAuthError):
    """A second factor is asked for with an mfa_token (section 3.3)."""

    where = ASSOCIATE
    status, code, text = 403, "access_denied", "User is already enrolled."
    marks = Marks("test", "test", "doc")


class InvalidPhoneNumber(OAuthError):
    """`phone_number` is not in E.164, with its plus sign."""

    where = ASSOCIATE
    status, code, text = 400, "invalid_request", "The phone number is invalid."
    marks = Marks("guess", "guess", "forum")


class NotEnrolled(OAuthError):
    """The user has no active authenticator at all."""

    where = f"{CHALLENGE}, {TOKEN}"
    status, code = 401, "unsupported_challenge_type"
    text = "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator."
    marks = Marks("test", "test", "test")


class UnsupportedChallenge(OAuthError):
    """The challenge types leave out what the user, or the given authenticator, has."""

    where = CHALLENGE
    status, code = 401, "unsupported_challenge_type"
    text = "User does not have any enrolled authenticator with the supported challenge type ({types})"
    marks = Marks("forum", "forum", "forum")


class ChallengeNotAllowed(GrantNotAllowed):
    """The application lacks the MFA grant (section 5)."""

    where = CHALLENGE
    marks = Marks("guess", "guess", "guess")


class UnknownAuthenticator(OAuthError):
    """`authenticator_id` is none of the user's active authenticators."""

    where = CHALLENGE
    status, code, text = 404, "invalid_authenticator", "Authenticator not found."
    marks = Marks("guess", "guess", "guess")


# The allowances of section 11


class TooManySent(OAuthError):
    """What is sent to a person is limited; each channel has its own text."""

    where = f"{ASSOCIATE}, {CHALLENGE}"
    status, code = 400, "invalid_request"


class TooManySms(TooManySent):
    """More than 10 SMS to a user; one more each hour."""

    text = "Too many SMS sent by the user. Wait for some minutes before retrying."
    marks = Marks("guess", "forum", "forum")


class TooManyCalls(TooManySent):
    """More than 10 calls to a user; the limit and its text are formed after those of SMS."""

    text = "Too many calls made by the user. Wait for some minutes before retrying."
    marks = Marks("guess", "guess", "guess")


class TooManyEmails(TooManySent):
    """More than 20 emails to a user; one more each minute."""

    text = "Too many emails sent by the user. Wait for some minutes before retrying."
    marks = Marks("guess", "guess", "guess")


class TooManyPushes(TooManySent):
    """More than 5 pushes to a user; one more every 12 seconds."""

    where = CHALLENGE
    text = "Too many push notifications sent by the user. Wait for some minutes before retrying."
    marks = Marks("guess", "guess", "guess")


# Deleting (section 4.2)


class MalformedAuthenticatorId(OAuthError):
    """The id has not the shape `kind|dev_...`."""

    where = DELETE
    status, code, text = 400, "invalid_request", "Malformed authenticator id."
    marks = Marks("doc", "doc", "guess")


class ImplicitEmail(OAuthError):
    """The profile's own verified address: it is listed unasked, and cannot be removed (section 4.2)."""

    where = DELETE
    status, code, text = 400, "invalid_request", "The email of the user's profile cannot be deleted."
    marks = Marks("doc", "doc", "guess")


class NothingToDelete(OAuthError):
    """The id is none of the user's authenticators."""

    where = DELETE
    status, code, text = 404, "invalid_authenticator", "Authenticator not found."
    marks = Marks("doc", "guess", "guess")
