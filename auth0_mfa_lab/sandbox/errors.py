"""Every answer of the sandbox that is no plain success, one row each: what it says, when it comes, how well it is known.

A row is raised (`raise errors.EXPIRED_OOB_CODE()`), shown (the evidence table, the `sandbox:` lines) and counted. The
numbers in the comments are sections of the wire reference of the MFA API.
"""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from http import HTTPStatus
from typing import Any, Literal

Mark = Literal["rec", "doc", "test", "forum", "guess"]
"""Recorded from a real tenant; documented; a test of an official SDK; a forum or a third party; a guess."""
NO_CACHE = "private, no-store, no-cache, must-revalidate, post-check=0, pre-check=0, no-transform"
"""The cache-control header of every 4xx of `/oauth/token`, and of all of `/userinfo` (0.5) [rec]."""
PHRASES = {each.value: each.phrase for each in HTTPStatus}
NO_PHRASE = "Unknown Error"
"""What a status says that only gateways use, such as 520."""


@dataclass(eq=False)
class EvidenceRow:
    """One answer: its endpoints, what it says, `marks` (Mark or "" of status, code and text), and when it comes.

    `switch` names the setting that gives this answer, and its value; `instead_of` is the row that gives way to it then.
    """

    endpoint: str
    status: int
    error: str
    text: str
    marks: InitVar[str]
    case: str
    switch: tuple[str, str] | None = None
    instead_of: "EvidenceRow | None" = None
    status_mark: str = field(init=False)
    error_mark: str = field(init=False)
    text_mark: str = field(init=False)

    def __post_init__(self, marks: str) -> None:
        self.status_mark, self.error_mark, self.text_mark = marks.split("/")

    def __call__(self, **said: Any) -> "WireError":
        """Return what is raised: `headers`, further members of the body (`more`), and the values in the text."""
        return WireError(self, **said)

    @property
    def notes(self) -> list[str]:
        """The line under the answer; none when all of it is recorded or documented."""
        status, error, text = self.status_mark, self.error_mark, self.text_mark
        if {status, error, text} <= {"rec", "doc", ""}:
            return []
        members = f" · members {text}" if text and self.status < 400 else ""
        return [f"sandbox: status {status}" + (f" · code {error} · text {text}" if error else members)]


class WireError(Exception):
    """A row that is answered, with the values in its text."""

    def __init__(
        self, row: EvidenceRow, headers: Mapping[str, str] = {}, more: Mapping[str, Any] = {}, **values: str
    ) -> None:
        super().__init__(row.text.format(**values))
        self.row, self.headers, self.more, self.values = row, headers, more, values

    def answer(self, switches: Mapping[str, str]) -> tuple[EvidenceRow, dict[str, object]]:
        """Return the row that the switches (`profile` among them) put in the place of this one, or this, and its body."""
        others = (each for each in ROWS if each.instead_of is self.row)
        row = next((each for each in others if each.switch and switches[each.switch[0]] == each.switch[1]), self.row)
        text = row.text.format(**self.values)
        if "/api/" in row.endpoint:
            return row, general(row.status, text, row.error)
        return row, {"error": row.error, "error_description": text, **MORE.get(row.text, {}), **self.more}


def general(status: int, message: str, code: str = "") -> dict[str, object]:
    """Return the members of a failure of the device API or the Management API (0.2); no `errorCode` where none is seen."""
    body = {"statusCode": status, "error": PHRASES.get(status, NO_PHRASE), "message": message}
    return {**body, "errorCode": code} if code else body


class NotEmulated(Exception):
    """Something Auth0 has and the sandbox does not have yet: a 501 in plain text, never a plausible 4xx."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The sandbox does not emulate {what} yet. Auth0 does: this answer is not Auth0's.")


def _success(endpoint: str, status: int, marks: str, case: str) -> EvidenceRow:
    return EvidenceRow(endpoint, status, "", "", marks, case)


def _instead(row: EvidenceRow, switch: str, value: str, marks: str, **changes: Any) -> EvidenceRow:
    """Return the row that takes the place of another one while a switch has this value."""
    said = {"status": row.status, "error": row.error, "text": row.text, **changes}
    case = f"{row.case.removesuffix('.')}; {'' if switch == 'profile' else 'switch '}{switch} `{value}`."
    return EvidenceRow(row.endpoint, **said, marks=marks, case=case, switch=(switch, value), instead_of=row)


TOKEN = "POST /oauth/token"
ASSOCIATE = "POST /mfa/associate"
LIST = "GET /mfa/authenticators"
DELETE = "DELETE /mfa/authenticators/{id}"
CHALLENGE = "POST /mfa/challenge"
START = "POST /passwordless/start"
ENROLL = "POST /appliance-mfa/api/enroll"
RESOLVE = "POST /appliance-mfa/api/resolve-transaction"
DEVICE = "PATCH, DELETE /appliance-mfa/api/device-accounts/{id}"
ANY_API = "any path below /api/v2/"
MFA_TOKEN_INVALID = "The mfa_token provided is invalid. Try getting a new token."
GRANT_NOT_ALLOWED_TEXT = "Grant type '{grant}' not allowed for the client."
MORE = {GRANT_NOT_ALLOWED_TEXT: {"error_uri": "https://auth0.com/docs/clients/client-grant-types"}}
"""The further members of a body, by its text."""

# fmt: off
# The request and the application (0.6, 1.4, 13.2)
INVALID_BODY = EvidenceRow("every POST", 400, "invalid_request", "{problem}", "guess/guess/guess", "The body is no JSON object and no form, or a field has the wrong type.")
UNAUTHORIZED = EvidenceRow("every POST with client_id", 401, "access_denied", "Unauthorized", "forum/forum/forum", "Unknown application, wrong secret, or no secret of an application that has one.")  # 0.6
UNSUPPORTED_GRANT = EvidenceRow(TOKEN, 400, "unsupported_grant_type", "Grant type not supported", "doc/doc/doc", "A grant type that Auth0 does not know.")  # OpenAPI
GRANT_NOT_ALLOWED = EvidenceRow(TOKEN, 403, "unauthorized_client", GRANT_NOT_ALLOWED_TEXT, "forum/forum/doc", "A grant that this application lacks.")  # 1.4, 10
MISSING_PARAMETER = EvidenceRow(f"{TOKEN}, {CHALLENGE}", 400, "invalid_request", "Missing required parameter: {name}", "forum/forum/doc", "A required parameter is absent, null or empty.")  # 1.4
INVALID_SCOPE = EvidenceRow(TOKEN, 400, "invalid_scope", "Scope must be an array or a string", "doc/doc/doc", "`scope` is neither a string nor an array.")  # 1.4
# The first factor (1.3, 1.4)
INVALID_AUDIENCE = EvidenceRow(TOKEN, 400, "invalid_request", "invalid audience specified for password grant exchange", "rec/rec/rec", "No API has this identifier.")
INVALID_AUDIENCE_ELSEWHERE = EvidenceRow(TOKEN, 400, "invalid_request", "invalid audience specified for password grant exchange", "guess/guess/guess", "No API has this identifier, at a passwordless login.")
INVALID_CONNECTION = EvidenceRow(TOKEN, 400, "invalid_request", "invalid connection specified for password grant", "guess/guess/forum", "The realm is no connection that has passwords.")
NO_DEFAULT_CONNECTION = EvidenceRow(TOKEN, 500, "server_error", "Authorization server not configured with default connection.", "forum/forum/forum", "Plain `password` in a tenant without a default directory.")
WRONG_PASSWORD = EvidenceRow(TOKEN, 403, "invalid_grant", "Wrong email or password.", "rec/rec/rec", "The password is wrong, or there is no such user.")
MFA_REQUIRED = EvidenceRow(TOKEN, 403, "mfa_required", "Multifactor authentication required", "doc/doc/doc", "The first factor was right, and the policy asks for a second one: the success of step one.")
MFA_REQUIRED_BY_POLICY = EvidenceRow(TOKEN, 403, "mfa_required", "Multifactor authentication required", "guess/doc/doc", "The MFA audience, asked for by a user without a factor where the policy is always: the policy wins.")
ANOTHER_FACTOR_REQUIRED = EvidenceRow(TOKEN, 403, "mfa_required", "Multifactor authentication required", "test/test/doc", "One factor was right, and a second one is demanded; switch second_factor_chained.", switch=("second_factor_chained", "on"))  # auth0-server-python
MFA_REQUIRED_ON_REFRESH = EvidenceRow(TOKEN, 403, "mfa_required", "Multifactor authentication required", "doc/doc/doc", "A refresh token is not enough; switch refresh.", switch=("refresh", "mfa_required"))  # 8.1
# The mfa_token and the MFA access token (2, 3.3, 4.2, 5, 6.4)
INVALID_BEARER = EvidenceRow(f"{ASSOCIATE}, {LIST}", 401, "invalid_grant", MFA_TOKEN_INVALID, "test/test/test", "The bearer is neither an mfa_token of this tenant nor a living MFA access token.")
INVALID_BEARER_TO_DELETE = EvidenceRow(DELETE, 401, "invalid_grant", MFA_TOKEN_INVALID, "doc/forum/forum", "The bearer is no living MFA access token; an mfa_token does not do.")  # 4.2
NO_BEARER = EvidenceRow(f"{ASSOCIATE}, {LIST}, {DELETE}", 401, "invalid_grant", MFA_TOKEN_INVALID, "doc/guess/guess", "There is no bearer at all.")  # OpenAPI
INSUFFICIENT_SCOPE = EvidenceRow(f"{ASSOCIATE}, {LIST}, {DELETE}, {TOKEN}", 403, "insufficient_scope", "Insufficient scope, expected any of: {scope}", "guess/guess/guess", "An MFA access token lacks the scope for this.")
EXPIRED_MFA_TOKEN = EvidenceRow("every endpoint that takes an mfa_token", 401, "expired_token", "mfa_token is expired", "test/test/test", "The mfa_token is older than 10 minutes.")
MALFORMED_MFA_TOKEN = EvidenceRow(f"{TOKEN}, {CHALLENGE}", 403, "invalid_grant", "Malformed mfa_token", "test/test/test", "The mfa_token in a body is none of this tenant's, or an MFA access token where only an mfa_token does.")
WRONG_CLIENT = EvidenceRow(f"{TOKEN}, {CHALLENGE}", 400, "invalid_request", "mfa_token not issued to this client", "guess/forum/forum", "Another application got this mfa_token.")
LOGIN_DONE = EvidenceRow(f"{TOKEN}, {CHALLENGE}", 403, "invalid_grant", MFA_TOKEN_INVALID, "guess/guess/guess", "The login behind this mfa_token has its tokens already.")  # 6.5
# Enrolling and challenging (3.3, 5)
INVALID_ASSOCIATION = EvidenceRow(ASSOCIATE, 400, "invalid_request", "{problem}", "doc/guess/guess", "`authenticator_types` or `oob_channels` is absent or names nothing that Auth0 has.")
FACTOR_IS_OFF = EvidenceRow(ASSOCIATE, 400, "unsupported_challenge_type", "The factor is not enabled for this tenant: {factor}", "guess/guess/guess", "The tenant's factor, or its phone message type, is switched off.")  # 3.3, 10
TOO_MANY_AUTHENTICATORS = EvidenceRow(ASSOCIATE, 400, "invalid_request", "User has created the maximum amount of authenticators", "guess/guess/forum", "The user has 51 authenticators, unconfirmed ones included; the text is that of the tenant's log.")  # 3.2
ALREADY_ENROLLED = EvidenceRow(ASSOCIATE, 403, "access_denied", "User is already enrolled.", "test/test/doc", "A second factor is asked for with an mfa_token.")  # 3.3
INVALID_PHONE_NUMBER = EvidenceRow(ASSOCIATE, 400, "invalid_request", "The phone number is invalid.", "guess/guess/forum", "`phone_number` is not in E.164, with its plus sign.")
NOT_ENROLLED = EvidenceRow(f"{CHALLENGE}, {TOKEN}", 401, "unsupported_challenge_type", "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator.", "test/test/test", "The user has no active authenticator at all.")
ASSOCIATION_REQUIRED = EvidenceRow(CHALLENGE, 403, "association_required", "User does not have any confirmed authenticator associated. You can associate a new authenticator calling /mfa/associate endpoint. If you have one authenticator ready for confirmation, you can confirm it just using it in /oauth/token", "guess/doc/forum", "The user has no active authenticator at all; switch challenge_without_authenticator.", switch=("challenge_without_authenticator", "association_required"))  # two clients
UNSUPPORTED_CHALLENGE = EvidenceRow(CHALLENGE, 401, "unsupported_challenge_type", "User does not have any enrolled authenticator with the supported challenge type ({types})", "forum/forum/forum", "The challenge types leave out what the user, or the given authenticator, has.")
CHALLENGE_NOT_ALLOWED = EvidenceRow(CHALLENGE, 403, "unauthorized_client", GRANT_NOT_ALLOWED_TEXT, "guess/guess/guess", "The application lacks the MFA grant.")  # 5
UNKNOWN_AUTHENTICATOR = EvidenceRow(CHALLENGE, 404, "invalid_authenticator", "Authenticator not found.", "guess/guess/guess", "`authenticator_id` is none of the user's active authenticators.")
# What is sent to a person is limited; each channel has its own text (11)
TOO_MANY_SMS = EvidenceRow(f"{ASSOCIATE}, {CHALLENGE}", 400, "invalid_request", "Too many SMS sent by the user. Wait for some minutes before retrying.", "guess/forum/forum", "More than 10 SMS to a user; one more each hour.")
TOO_MANY_CALLS = EvidenceRow(f"{ASSOCIATE}, {CHALLENGE}", 400, "invalid_request", "Too many calls made by the user. Wait for some minutes before retrying.", "guess/guess/guess", "More than 10 calls to a user; the limit and its text are formed after those of SMS.")
TOO_MANY_EMAILS = EvidenceRow(f"{ASSOCIATE}, {CHALLENGE}", 400, "invalid_request", "Too many emails sent by the user. Wait for some minutes before retrying.", "guess/guess/guess", "More than 20 emails to a user; one more each minute.")
TOO_MANY_PUSHES = EvidenceRow(CHALLENGE, 400, "invalid_request", "Too many push notifications sent by the user. Wait for some minutes before retrying.", "guess/guess/guess", "More than 5 pushes to a user; one more every 12 seconds.")
# Deleting an authenticator (4.2)
MALFORMED_AUTHENTICATOR_ID = EvidenceRow(DELETE, 400, "invalid_request", "Malformed authenticator id.", "doc/doc/guess", "The id has not the shape `kind|dev_...`.")
IMPLICIT_EMAIL = EvidenceRow(DELETE, 400, "invalid_request", "The email of the user's profile cannot be deleted.", "doc/doc/guess", "The profile's own verified address: it is listed unasked, and cannot be removed.")  # 4.2
NOTHING_TO_DELETE = EvidenceRow(DELETE, 404, "invalid_authenticator", "Authenticator not found.", "doc/guess/guess", "The id is none of the user's authenticators.")
# The poll (6.3, 6.4)
MALFORMED_OOB_CODE = EvidenceRow(TOKEN, 403, "invalid_grant", "Malformed oob_code", "test/test/test", "The oob_code is none of this tenant's.")
EXPIRED_OOB_CODE = EvidenceRow(TOKEN, 401, "expired_token", "oob_code is expired", "doc/forum/forum", "The oob_code is older than 5 minutes.")  # reference of the mfa-oob grant
OOB_CODE_OF_ANOTHER_LOGIN = EvidenceRow(TOKEN, 400, "invalid_request", "The oob_code doesn't match the mfa_token", "forum/forum/forum", "The oob_code and the mfa_token belong to different logins.")
INVALID_OOB_CODE = EvidenceRow(TOKEN, 403, "invalid_grant", "Invalid oob_code.", "guess/guess/guess", "The oob_code has given its tokens already, or a newer challenge took its place.")  # 5, 6.5
AUTHORIZATION_PENDING = EvidenceRow(TOKEN, 400, "authorization_pending", "Authorization pending: please repeat the request in a few seconds.", "rec/rec/rec", "The phone has not answered yet.")
SLOW_DOWN = EvidenceRow(TOKEN, 429, "slow_down", "You are polling faster than the specified interval of 5 seconds.", "guess/doc/guess", "The poll's bucket of 12 is empty; it refills with 12 a minute.")
REJECTED = EvidenceRow(TOKEN, 403, "invalid_grant", "MFA Authorization rejected.", "guess/doc/rec", "The push was rejected.")
REJECTED_AS_RECORDED = _instead(REJECTED, "profile", "recorded", "rec/rec/rec", status=400, error="access_denied")
# The codes (6.4)
INVALID_OTP_CODE = EvidenceRow(TOKEN, 403, "invalid_grant", "Invalid otp_code.", "test/test/test", "The OTP is wrong, too old, of the future, or used already.")
NO_OTP_ENROLLED = EvidenceRow(TOKEN, 401, "unsupported_challenge_type", "User does not have any enrolled authenticator with the supported challenge type (otp)", "guess/guess/guess", "An OTP of a user whose factors are others; the text is that of `/mfa/challenge`.")
MISSING_BINDING_CODE = EvidenceRow(TOKEN, 400, "invalid_request", "Missing required parameter: binding_code", "forum/forum/forum", "The transaction of an SMS, a call or an email without its code.")
INVALID_BINDING_CODE = EvidenceRow(TOKEN, 403, "invalid_grant", "Invalid binding_code.", "forum/forum/forum", "The code of an SMS, a call or an email is wrong: a passwordless login's code is, too.")
ENROLLED_MEANWHILE = EvidenceRow(TOKEN, 403, "access_denied", "User is already enrolled.", "guess/guess/guess", "An enrollment that an mfa_token began would be confirmed, and the user has a factor by now.")
TOO_MANY_FAILED_CODES = EvidenceRow(TOKEN, 400, "invalid_request", "Too many failed codes. Wait for some minutes before retrying.", "guess/forum/forum", "10 wrong codes of an app, an SMS, a call or an email; one more try every 6 minutes, for a right code too.")
TOO_MANY_FAILED_RECOVERY_CODES = EvidenceRow(TOKEN, 400, "invalid_request", "Too many failed codes. Wait for some minutes before retrying.", "guess/guess/guess", "10 wrong recovery codes; one more try every 6 minutes. The answer is formed after that for other codes.")
NO_RECOVERY_CODE = EvidenceRow(TOKEN, 403, "unsupported_challenge_type", "User does not have a recovery-code.", "test/test/test", "The user has no recovery code, or the tenant's factor is off.")
WRONG_RECOVERY_CODE = EvidenceRow(TOKEN, 403, "invalid_grant", "MFA Authorization rejected.", "forum/forum/forum", "The recovery code is wrong, or used already.")
# The start of a passwordless login (7.1)
MISSING_CLIENT_ID = EvidenceRow(START, 400, "bad.client_id", "Missing required property: client_id", "doc/doc/doc", "No `client_id` at all.")
TOO_MANY_STARTS = EvidenceRow(START, 429, "too_many_requests", "Too many requests. Check the X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset headers.", "doc/doc/doc", "More than 50 starts from one IP; 50 more each hour.")  # 11
CLIENT_NOT_PROVEN = EvidenceRow(START, 403, "unauthorized_client", "Client authentication is required", "forum/forum/forum", "An application that has a secret or a key, without either.")  # auth0-PHP
START_NOT_ALLOWED = EvidenceRow(START, 403, "unauthorized_client", GRANT_NOT_ALLOWED_TEXT, "guess/guess/guess", "The application lacks the passwordless grant.")
NOT_ALLOWED = EvidenceRow(START, 400, "bad.request", "the following properties are not allowed: {names}", "doc/doc/doc", "Unknown properties.")
WRONG_TYPE = EvidenceRow(START, 400, "bad.request", "error in {name} - invalid type: {type} (expected string)", "doc/guess/guess", "A property that is no string; the text is formed after that of `authParams`.")
MISSING_CONNECTION = EvidenceRow(START, 400, "bad.connection", "Missing required property: connection", "doc/doc/doc", "No `connection`.")
UNKNOWN_CONNECTION = EvidenceRow(START, 400, "bad.connection", "Connection does not exist", "doc/doc/doc", "No connection of this name.")
DISABLED_CONNECTION = EvidenceRow(START, 400, "bad.connection", "Connection is disabled", "doc/doc/doc", "A passwordless connection that the tenant has switched off.")
PASSWORD_CONNECTION = EvidenceRow(START, 400, "bad.connection", "Invalid connection strategy. It must either be a passwordless connection", "doc/doc/doc", "A connection that has passwords.")
BAD_AUTH_PARAMS = EvidenceRow(START, 400, "bad.authParams", "error in authParams - invalid type: {type} (expected object)", "doc/doc/doc", "`authParams` is no object.")
MISSING_PHONE_NUMBER = EvidenceRow(START, 400, "bad.phone_number", "Missing required property: phone_number", "doc/doc/doc", "Connection `sms` without a number.")
BAD_PHONE_NUMBER = EvidenceRow(START, 400, "bad.phone_number", "String does not match pattern: {pattern}", "doc/doc/doc", "A number without its plus sign, or with more than digits.")
MISSING_EMAIL = EvidenceRow(START, 400, "bad.email", "Missing required property: email", "doc/test/guess", "Connection `email` without an address.")  # Lock's dictionaries
BAD_EMAIL = EvidenceRow(START, 400, "bad.email", "String does not match pattern: {pattern}", "doc/test/guess", "What is no email address.")  # Lock's dictionaries
BAD_SEND = EvidenceRow(START, 400, "bad.send", "String does not match pattern: {pattern}", "guess/guess/guess", "`send` is neither `code` nor `link`.")
# The passwordless grant (7.2)
WRONG_EMAIL_CODE = EvidenceRow(TOKEN, 403, "invalid_grant", "Wrong email or verification code.", "forum/forum/forum", "The code is wrong, used, older than three minutes or not the newest; or there is none for this address.")
WRONG_PHONE_CODE = EvidenceRow(TOKEN, 403, "invalid_grant", "Wrong phone number or verification code.", "test/test/test", "The code is wrong, used, older than three minutes or not the newest; or there is none for this number.")
TOO_MANY_TRIES = EvidenceRow(TOKEN, 403, "invalid_grant", "You've reached the maximum number of attempts. Please try to login again.", "forum/forum/forum", "A code that was tried three times; not even the right one does any more.")
UNKNOWN_REALM = EvidenceRow(TOKEN, 400, "invalid_request", "invalid connection specified for passwordless grant", "guess/guess/guess", "A `realm` that is neither sms nor email.")
# The refresh grant and /oauth/revoke (8.1, 8.6)
UNKNOWN_REFRESH_TOKEN = EvidenceRow(TOKEN, 403, "invalid_grant", "Unknown or invalid refresh token.", "forum/forum/forum", "The refresh token is unknown, used, revoked, or another application's.")  # 8.1
USER_IS_GONE = EvidenceRow(TOKEN, 403, "invalid_grant", "The refresh_token was generated for a user who doesn't exist anymore.", "guess/test/test", "The user behind the refresh token was deleted.")  # 8.1
MISSING_TOKEN = EvidenceRow("POST /oauth/revoke", 400, "invalid_request", "Missing required parameter: token", "doc/doc/guess", "Nothing to revoke.")  # error reference
# What takes the place of another row while a switch has a value that the reference does not trust (13.3)
INVALID_CLIENT = _instead(UNAUTHORIZED, "bad_client_secret", "invalid_client", "doc/doc/doc", error="invalid_client", text="Client authentication failed")
EXPIRED_MFA_TOKEN_403 = _instead(EXPIRED_MFA_TOKEN, "expired_token_status", "403", "forum/test/test", status=403)
EXPIRED_OOB_CODE_403 = _instead(EXPIRED_OOB_CODE, "expired_token_status", "403", "forum/forum/forum", status=403)
AUTHORIZATION_PENDING_200 = _instead(AUTHORIZATION_PENDING, "pending_status", "200", "doc/rec/rec", status=200)
SLOW_DOWN_400 = _instead(SLOW_DOWN, "slow_down_status", "400", "guess/doc/guess", status=400)
NOT_ENROLLED_400 = _instead(NOT_ENROLLED, "unsupported_challenge_type_status", "400", "doc/test/test", status=400)
UNSUPPORTED_CHALLENGE_400 = _instead(UNSUPPORTED_CHALLENGE, "unsupported_challenge_type_status", "400", "doc/forum/forum", status=400)
FACTOR_IS_OFF_401 = _instead(FACTOR_IS_OFF, "disabled_factor_status", "401", "guess/guess/guess", status=401)
FACTOR_IS_OFF_403 = _instead(FACTOR_IS_OFF, "disabled_factor_status", "403", "guess/guess/guess", status=403)
TOO_MANY_FAILED_CODES_429 = _instead(TOO_MANY_FAILED_CODES, "too_many_failed_codes_status", "429", "forum/forum/guess", status=429, error="too_many_attempts")
TOO_MANY_FAILED_RECOVERY_CODES_429 = _instead(TOO_MANY_FAILED_RECOVERY_CODES, "too_many_failed_codes_status", "429", "guess/guess/guess", status=429, error="too_many_attempts")
# The device API of Guardian (sections of the device reference)
DEVICE_INVALID_BODY = EvidenceRow(f"{ENROLL}, {RESOLVE}, {DEVICE}", 400, "invalid_body", "Invalid body: {problem}", "doc/doc/guess", "The body fails validation: a member is missing, or the JWK is unfit.")  # 2
DEVICE_NO_TICKET = EvidenceRow(ENROLL, 401, "invalid_token", 'The Authorization header must be: Ticket id="<enrollment_tx_id>"', "guess/doc/guess", 'The Authorization header holds no `Ticket id="…"`.')  # 2
DEVICE_TICKET_NOT_FOUND = EvidenceRow(ENROLL, 404, "enrollment_transaction_not_found", "The enrollment transaction was not found or is not active any more.", "test/doc/guess", "The ticket is unknown, older than 5 minutes, or was scanned already.")  # 2
DEVICE_INVALID_TOKEN = EvidenceRow(f"{RESOLVE}, {DEVICE}", 401, "invalid_token", "Invalid or expired token.", "guess/doc/guess", "The bearer is missing, unknown, expired, or not of this device.")  # 3, 5
DEVICE_CHALLENGE_REFUSED = EvidenceRow(RESOLVE, 401, "invalid_token", "Invalid challenge_response: {problem}", "test/test/guess", "The signed answer fails a check: signature, sub, iss, aud, time, method or accepted.")  # 5
DEVICE_LOGIN_TRANSACTION_NOT_FOUND = EvidenceRow(RESOLVE, 404, "login_transaction_not_found", "The login transaction was not found, is not active or already expired.", "guess/doc/guess", "The push was answered already, replaced by a newer one, or its enrollment is gone.")  # 5
DEVICE_ENROLLMENT_NOT_FOUND = EvidenceRow(DEVICE, 404, "enrollment_not_found", "The enrollment was not found.", "test/test/guess", "No device has this id, or it was un-enrolled.")  # 3
# The client credentials grant (0.6)
NO_CLIENT_GRANT = EvidenceRow(TOKEN, 403, "access_denied", 'Client is not authorized to access "{audience}". You might probably want to create a "client-grant" associated to this API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants', "forum/forum/forum", "The application has no client grant for this API.")  # 0.6
NO_CLIENT_GRANT_OF_2025 = _instead(NO_CLIENT_GRANT, "no_client_grant_text", "client_and_audience", "forum/forum/forum", text='Client "{client_id}" is not authorized to access resource server "{audience}". You need to create a "client-grant" associated to this API.')
NO_AUDIENCE = EvidenceRow(TOKEN, 403, "access_denied", "No audience parameter was provided, and no default audience has been configured", "guess/forum/forum", "Client credentials without an audience.")  # two set-up guides
UNKNOWN_SERVICE = EvidenceRow(TOKEN, 403, "access_denied", "Service not enabled within domain: {audience}", "forum/forum/forum", "Client credentials for an audience that is no API.")  # node-auth0
# The Management API: the token, the path, the query (9.5)
API_NO_TOKEN = EvidenceRow(ANY_API, 401, "", "Missing authentication", "rec/rec/rec", "There is no bearer; the header WWW-Authenticate says Bearer.")  # ruby-auth0
API_NO_JWT = EvidenceRow(ANY_API, 400, "Bearer", "Bad HTTP authentication header format", "rec/rec/rec", "The bearer is empty or has no three parts, as the opaque token that comes without an audience.")  # terraform-provider-auth0, node-auth0
API_INVALID_TOKEN = EvidenceRow(ANY_API, 401, "", "Invalid token.", "doc/doc/doc", "The bearer has three parts, and is no JWT.")  # 9.5
API_BAD_AUDIENCE = EvidenceRow(ANY_API, 401, "", "Bad audience: {audience}", "forum/forum/forum", "The bearer is a JWT for another API, or for another tenant's.")  # node-auth0, WordPress
API_INVALID_SIGNATURE = EvidenceRow(ANY_API, 401, "", "Invalid signature received for JSON Web Token validation", "doc/doc/doc", "The bearer is a JWT for this API that this tenant did not sign.")  # Auth0's pages on organizations
API_EXPIRED_TOKEN = EvidenceRow(ANY_API, 401, "", "Expired token received for JSON Web Token validation", "forum/forum/forum", "The bearer was good, and has expired.")  # four third parties
API_INSUFFICIENT_SCOPE = EvidenceRow(ANY_API, 403, "insufficient_scope", "Insufficient scope, expected any of: {scopes}", "rec/rec/rec", "The token lacks every scope that the path asks for.")  # 9.5
API_INVALID_PATH = EvidenceRow("/api/v2/guardian/factors/{name}, /api/v2/users/{id}/multifactor/{provider}", 400, "invalid_uri", "Path validation error: '{problem}'{place}.", "rec/rec/rec", "A part of the path that is none of its known values: a factor, a provider; what stands in the quotes is a guess.")
API_INVALID_QUERY = EvidenceRow(ANY_API, 400, "invalid_query_string", "Query validation error: '{problem}'{place}.", "doc/doc/test", "A query parameter that the path does not have, or a value that it cannot have.")
API_ENROLLMENT_NOT_FOUND = EvidenceRow("GET, DELETE /api/v2/guardian/enrollments/{id}", 404, "enrollment_not_found", "Enrollment not found", "rec/rec/rec", "No confirmed enrollment has this id.")  # 9.5
API_USER_NOT_FOUND = EvidenceRow("/api/v2/users/{id}, and below it", 404, "inexistent_user", "The user does not exist.", "rec/rec/rec", "No user has this id.")
API_INVALID_USER_ID = EvidenceRow("/api/v2/users/{id}, and below it", 400, "invalid_uri", "Object didn't pass validation for format user-id: {id}", "forum/forum/forum", "What stands for the user's id is none: it has no bar.")
API_CLIENT_NOT_FOUND = EvidenceRow("/api/v2/clients/{id}", 404, "inexistent_client", "The client does not exist", "rec/rec/rec", "No application has this id.")
API_METHOD_NOT_FOUND = EvidenceRow("GET, PATCH, DELETE /api/v2/users/{id}/authentication-methods/{id}", 404, "authentication_method_not_found", "Authentication method not found", "doc/guess/guess", "No confirmed authentication method of this user has this id.")
# The Management API: the body (9.5)
API_INVALID_BODY = EvidenceRow("every POST, PUT and PATCH below /api/v2/", 400, "invalid_body", "Payload validation error: '{problem}'{place}.", "rec/rec/rec", "A property is unknown, missing, or of the wrong type or form.")  # 9.5
API_NO_JSON = EvidenceRow("every POST, PUT and PATCH below /api/v2/ with a body", 400, "invalid_body", "Invalid request payload JSON format", "guess/guess/guess", "The body is no JSON.")
API_USER_EXISTS = EvidenceRow("POST /api/v2/users", 409, "auth0_idp_error", "The user already exists.", "doc/forum/forum", "The connection has a user of this name.")
API_UNKNOWN_CONNECTION = EvidenceRow("POST /api/v2/users", 400, "inexistent_connection", "The connection does not exist.", "forum/forum/forum", "There is no connection of this name that has passwords.")
API_WEAK_PASSWORD = EvidenceRow("POST /api/v2/users", 400, "", "PasswordStrengthError: Password is too weak", "forum/guess/forum", "The password is none that the connection takes; whether the answer has an errorCode is a guess.")
API_UNKNOWN_DIRECTORY = EvidenceRow("PATCH /api/v2/tenants/settings", 400, "invalid_body", "Unknown default_directory: {name}", "guess/guess/guess", "`default_directory` is no connection that has passwords.")
API_TOO_MANY_METHODS = EvidenceRow("POST, PUT /api/v2/users/{id}/authentication-methods, POST /api/v2/users/{id}/recovery-code-regeneration", 400, "invalid_body", "The user has too many authentication methods", "guess/guess/guess", "The user has as many authenticators as one may have.")
API_TOO_MANY_CREDENTIALS = EvidenceRow("POST /api/v2/clients/{id}/credentials", 400, "invalid_body", "The application has as many credentials as it may have", "guess/guess/guess", "The application has as many credentials as one may have.")
# The successes of the Management API whose status, members or effect need a word (9.2 to 9.4)
API_CLIENT = _success("GET, PATCH /api/v2/clients/{id}", 200, "rec//rec", "The application; of its many members some.")
API_CLIENTS = _success("GET /api/v2/clients", 200, "rec//guess", "The applications; that they come in the order in which they were made is a guess.")
API_CREDENTIALS = _success("GET /api/v2/clients/{id}/credentials", 200, "rec//rec", "The public keys that are kept: an array, with include_totals too.")
API_CREDENTIAL_MADE = _success("POST /api/v2/clients/{id}/credentials", 201, "rec//rec", "A public key is kept; the answer has no expires_at.")
API_CREDENTIAL_GONE = _success("DELETE /api/v2/clients/{id}/credentials/{id}", 204, "rec//rec", "The key is gone; an unknown key is answered alike.")
API_CONNECTIONS = _success("GET /api/v2/connections", 200, "rec//rec", "The connections, those with passwords first: that order is the sandbox's own, and every application may use each.")
API_SETTINGS = _success("GET, PATCH /api/v2/tenants/settings", 200, "rec//rec", "The settings, after a change too; of their many members two.")
API_LOGS = _success("GET /api/v2/logs", 200, "rec//rec", "The newest entries first; what their descriptions say is the sandbox's own.")
API_USER = _success("GET, PATCH /api/v2/users/{id}, GET /api/v2/users-by-email", 200, "rec//rec", "The user; of the many members some.")
API_USER_MADE = _success("POST /api/v2/users", 201, "rec//rec", "The user is made; updated_at is created_at at first.")
API_USER_GONE = _success("DELETE /api/v2/users/{id}", 204, "rec//rec", "The user is gone; an unknown user is answered alike.")
API_ENROLLMENT = _success("GET /api/v2/guardian/enrollments/{id}, GET /api/v2/users/{id}/enrollments", 200, "doc//guess", "An enrollment; what `type` and `identifier` say, and that a push and its codes are one.")
API_METHOD = _success("PATCH /api/v2/users/{id}/authentication-methods/{id}", 200, "rec//rec", "The method is changed; the answer is masked, and has no `confirmed`.")
API_METHOD_MADE = _success("POST /api/v2/users/{id}/authentication-methods", 201, "rec//guess", "The method is made, and confirmed; that a number is masked as an email is.")
API_MULTIFACTOR = _success("DELETE /api/v2/users/{id}/multifactor/{provider}", 204, "doc//guess", "A legacy provider is removed: google-authenticator takes the authenticator apps along, duo nothing.")
# The other answers that are no plain success
DEVICE_ENROLLED = _success(ENROLL, 201, "test//", "The phone is enrolled.")  # Guardian.Android; Guardian.swift: 200
DEVICE_RESOLVED = _success(RESOLVE, 204, "test//", "The answer is taken, be it yes or no.")  # Guardian.Android; Guardian.swift: 200
NOT_THE_USER = EvidenceRow("GET, POST /userinfo", 401, "", "Unauthorized", "rec//rec", "No living access token with the scope openid; the body is plain text.")
NO_ROUTE = EvidenceRow("any other path", 404, "", "", "guess//guess", "No such route.")
NO_METHOD = EvidenceRow("any path", 405, "method_not_allowed", "The method {method} is not allowed here.", "doc/doc/guess", "A method that the path does not have.")  # error reference
# fmt: on

ROWS = tuple(each for each in list(globals().values()) if isinstance(each, EvidenceRow))
"""The table, in the order in which it is shown."""
