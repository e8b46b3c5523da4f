"""The errors of passwordless logins: `/passwordless/start` and its grant.

The sections in the docstrings are those of the reference (the wire reference of the MFA API).
"""

from auth0_mfa_lab.sandbox.errors import TOKEN, GrantNotAllowed, Marks, OAuthError

START = "POST /passwordless/start"
DOCUMENTED = Marks("doc", "doc", "doc")

# The start (section 7.1)


class MissingClientId(OAuthError):
    """No `client_id` at all."""

    where = START
    status, code, text = 400, "bad.client_id", "Missing required property: client_id"
    marks = DOCUMENTED


class TooManyStarts(OAuthError):
    """More than 50 starts from one IP; 50 more each hour (section 11)."""

    where = START
    status, code = 429, "too_many_requests"
    text = "Too many requests. Check the X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset headers."
    marks = DOCUMENTED


class StartNotAllowed(GrantNotAllowed):
    """The application lacks the passwordless grant."""

    where = START
    marks = Marks("guess", "guess", "guess")


class NotAllowed(OAuthError):
    """Properties that nobody knows."""

    where = START
    status, code, text = 400, "bad.request", "the following properties are not allowed: {names}"
    marks = DOCUMENTED


class WrongType(OAuthError):
    """A property that is no string; the text is formed after that of `authParams`."""

    where = START
    status, code, text = 400, "bad.request", "error in {name} - invalid type: {type} (expected string)"
    marks = Marks("doc", "guess", "guess")


class MissingConnection(OAuthError):
    """No `connection`."""

    where = START
    status, code, text = 400, "bad.connection", "Missing required property: connection"
    marks = DOCUMENTED


class UnknownConnection(OAuthError):
    """No connection of this name."""

    where = START
    status, code, text = 400, "bad.connection", "Connection does not exist"
    marks = DOCUMENTED


class DisabledConnection(OAuthError):
    """A passwordless connection that the tenant has switched off."""

    where = START
    status, code, text = 400, "bad.connection", "Connection is disabled"
    marks = DOCUMENTED


class PasswordConnection(OAuthError):
    """A connection that has passwords."""

    where = START
    status, code = 400, "bad.connection"
    text = "Invalid connection strategy. It must either be a passwordless connection"
    marks = DOCUMENTED


class BadAuthParams(OAuthError):
    """`authParams` is no object."""

    where = START
    status, code, text = 400, "bad.authParams", "error in authParams - invalid type: {type} (expected object)"
    marks = DOCUMENTED


class MissingPhoneNumber(OAuthError):
    """Connection `sms` without a number."""

    where = START
    status, code, text = 400, "bad.phone_number", "Missing required property: phone_number"
    marks = DOCUMENTED


class BadPhoneNumber(OAuthError):
    """A number without its plus sign, or with more than digits."""

    where = START
    status, code, text = 400, "bad.phone_number", "String does not match pattern: {pattern}"
    marks = DOCUMENTED


class MissingEmail(OAuthError):
    """Connection `email` without an address."""

    where = START
    status, code, text = 400, "bad.email", "Missing required property: email"
    marks = Marks("doc", "guess", "guess")


class BadEmail(OAuthError):
    """What is no email address."""

    where = START
    status, code, text = 400, "bad.email", "String does not match pattern: {pattern}"
    marks = Marks("doc", "guess", "guess")


class BadSend(OAuthError):
    """`send` is neither `code` nor `link`."""

    where = START
    status, code, text = 400, "bad.send", "String does not match pattern: {pattern}"
    marks = Marks("guess", "guess", "guess")


# The grant (section 7.2)


class WrongEmailCode(OAuthError):
    """The code is wrong, used, older than three minutes or not the newest; or there is none for this address."""

    where = TOKEN
    status, code, text = 403, "invalid_grant", "Wrong email or verification code."
    marks = Marks("forum", "forum", "forum")


class WrongPhoneCode(OAuthError):
    """The code is wrong, used, older than three minutes or not the newest; or there is none for this number."""

    where = TOKEN
    status, code, text = 403, "invalid_grant", "Wrong phone number or verification code."
    marks = Marks("test", "test", "test")


class TooManyTries(OAuthError):
    """A code that was tried three times; not even the right one does any more."""

    where = TOKEN
    status, code = 403, "invalid_grant"
    text = "You've reached the maximum number of attempts. Please try to login again."
    marks = Marks("forum", "forum", "forum")


class UnknownRealm(OAuthError):
    """A `realm` that is neither sms nor email."""

    where = TOKEN
    status, code, text = 400, "invalid_request", "invalid connection specified for passwordless grant"
    marks = Marks("guess", "guess", "guess")
