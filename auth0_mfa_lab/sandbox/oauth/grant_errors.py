"""The errors of the MFA grants: the poll, the codes of OTP and SMS, the recovery code.

The sections in the docstrings are those of the reference (the wire reference of the MFA API).
"""

from auth0_mfa_lab.sandbox.errors import TOKEN, Marks, OAuthError

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


# The codes (section 6.4)


class InvalidOtpCode(OAuthError):
    """The OTP is wrong, too old, of the future, or used already."""

    where = TOKEN
    status, code, text = 403, "invalid_grant", "Invalid otp_code."
    marks = Marks("test", "test", "test")


class NoOtpEnrolled(OAuthError):
    """An OTP of a user whose factors are others; the text is that of `/mfa/challenge`."""

    where = TOKEN
    status, code = 401, "unsupported_challenge_type"
    text = "User does not have any enrolled authenticator with the supported challenge type (otp)"
    marks = Marks("guess", "guess", "guess")


class MissingBindingCode(OAuthError):
    """The transaction of an SMS, a call or an email without its code."""

    where = TOKEN
    status, code, text = 400, "invalid_request", "Missing required parameter: binding_code"
    marks = Marks("forum", "forum", "forum")


class InvalidBindingCode(OAuthError):
    """The code of an SMS, a call or an email is wrong: a passwordless login's code is, too."""

    where = TOKEN
    status, code, text = 403, "invalid_grant", "Invalid binding_code."
    marks = Marks("forum", "forum", "forum")


class EnrolledMeanwhile(OAuthError):
    """An enrollment that an mfa_token began would be confirmed, and the user has a factor by now."""

    where = TOKEN
    status, code, text = 403, "access_denied", "User is already enrolled."
    marks = Marks("guess", "guess", "guess")


class TooManyFailedCodes(OAuthError):
    """10 wrong codes of an app, an SMS, a call or an email; one more try every 6 minutes, whatever the code."""

    where = TOKEN
    status, code, text = 400, "invalid_request", "Too many failed codes. Wait for some minutes before retrying."
    marks = Marks("guess", "forum", "forum")


class TooManyFailedRecoveryCodes(OAuthError):
    """10 wrong recovery codes; one more try every 6 minutes. The answer is formed after that for other codes."""

    where = TOKEN
    status, code, text = 400, "invalid_request", "Too many failed codes. Wait for some minutes before retrying."
    marks = Marks("guess", "guess", "guess")


class NoRecoveryCode(OAuthError):
    """The user has no recovery code, or the tenant's factor is off."""

    where = TOKEN
    status, code, text = 403, "unsupported_challenge_type", "User does not have a recovery-code."
    marks = Marks("test", "test", "test")


class WrongRecoveryCode(OAuthError):
    """The recovery code is wrong, or used already."""

    where = TOKEN
    status, code, text = 403, "invalid_grant", "MFA Authorization rejected."
    marks = Marks("forum", "forum", "forum")
