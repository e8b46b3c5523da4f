"""One class per error of the Guardian device API, with its four-key body and its evidence.

The sections in the docstrings are those of the guardian device reference.
"""

from http import HTTPStatus

from auth0_mfa_lab.sandbox.errors import Marks, WireError

ENROLL = "POST /appliance-mfa/api/enroll"
RESOLVE = "POST /appliance-mfa/api/resolve-transaction"
DEVICE = "PATCH, DELETE /appliance-mfa/api/device-accounts/{id}"


class GuardianError(WireError):
    """The four keys of section 2: Android shows `error` and reads `errorCode`, Swift reads `errorCode`."""

    def body(self) -> dict[str, object]:
        return {
            "statusCode": self.status,
            "error": HTTPStatus(self.status).phrase,
            "message": self.message,
            "errorCode": self.code,
        }


class InvalidBody(GuardianError):
    """The body fails validation: a member is missing, or the JWK is unfit (section 2)."""

    where = f"{ENROLL}, {RESOLVE}, {DEVICE}"
    status, code, text = 400, "invalid_body", "Invalid body: {problem}"
    marks = Marks("doc", "doc", "guess")


class NoTicket(GuardianError):
    """The Authorization header holds no `Ticket id="…"` (section 2)."""

    where = ENROLL
    status, code, text = 401, "invalid_token", 'The Authorization header must be: Ticket id="<enrollment_tx_id>"'
    marks = Marks("guess", "doc", "guess")


class TicketNotFound(GuardianError):
    """The ticket is unknown, older than 5 minutes, or was scanned already (section 2)."""

    where = ENROLL
    status, code = 404, "enrollment_transaction_not_found"
    text = "The enrollment transaction was not found or is not active any more."
    marks = Marks("test", "doc", "guess")


class InvalidToken(GuardianError):
    """The bearer is missing, unknown, expired, or not of this device (sections 3 and 5)."""

    where = f"{RESOLVE}, {DEVICE}"
    status, code, text = 401, "invalid_token", "Invalid or expired token."
    marks = Marks("guess", "doc", "guess")


class ChallengeRefused(GuardianError):
    """The signed answer fails a check: signature, sub, iss, aud, time, method or accepted (section 5)."""

    where = RESOLVE
    status, code, text = 401, "invalid_token", "Invalid challenge_response: {problem}"
    marks = Marks("test", "test", "guess")


class LoginTransactionNotFound(GuardianError):
    """The push was answered already, replaced by a newer one, or its enrollment is gone (section 5)."""

    where = RESOLVE
    status, code = 404, "login_transaction_not_found"
    text = "The login transaction was not found, is not active or already expired."
    marks = Marks("guess", "doc", "guess")


class EnrollmentNotFound(GuardianError):
    """No device has this id, or it was un-enrolled (section 3)."""

    where = DEVICE
    status, code, text = 404, "enrollment_not_found", "The enrollment was not found."
    marks = Marks("test", "test", "guess")
