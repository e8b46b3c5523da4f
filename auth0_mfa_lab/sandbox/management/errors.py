"""One class per error of the Management API, in its four-key shape, with its evidence.

The sections in the docstrings are those of the reference (the wire reference of the MFA API).
"""

from http import HTTPStatus

from auth0_mfa_lab.sandbox.errors import Marks, WireError

ANY = "any path below /api/v2/"
USERS = "/api/v2/users"
USER = f"{USERS}/{{id}}"
METHODS = f"{USER}/authentication-methods"


class ManagementError(WireError):
    """The four keys of section 0.2; an error whose code nobody has seen has three."""

    def body(self) -> dict[str, object]:
        body: dict[str, object] = {
            "statusCode": self.status,
            "error": HTTPStatus(self.status).phrase,
            "message": self.message,
        }
        return {**body, "errorCode": self.code} if self.code else body


# Before the path is looked at (section 9.5)


class InvalidToken(ManagementError):
    """The bearer is no token of this tenant's for the Management API, or it has expired (section 9.5)."""

    where = ANY
    status, code, text = 401, "", "Invalid token."
    marks = Marks("forum", "forum", "forum")


class NoToken(ManagementError):
    """There is no bearer."""

    where = ANY
    status, code, text = 401, "", "Missing authentication"
    marks = Marks("guess", "guess", "guess")


class InsufficientScope(ManagementError):
    """The token lacks every scope that the path asks for (section 9.5)."""

    where = ANY
    status, code, text = 403, "insufficient_scope", "Insufficient scope, expected any of: {scopes}"
    marks = Marks("test", "test", "test")


# What the path and the query name


class InvalidPath(ManagementError):
    """A part of the path that is none of its known values: a factor, a provider."""

    where = "/api/v2/guardian/factors/{name}, /api/v2/users/{id}/multifactor/{provider}"
    status, code, text = 400, "invalid_uri", "Path validation error: '{problem}'"
    marks = Marks("guess", "guess", "guess")


class InvalidQuery(ManagementError):
    """A query parameter that the path does not have, or a value that it cannot have."""

    where = ANY
    status, code, text = 400, "invalid_query_string", "Query validation error: '{problem}'"
    marks = Marks("guess", "guess", "guess")


class EnrollmentNotFound(ManagementError):
    """No confirmed enrollment has this id (section 9.5)."""

    where = "GET, DELETE /api/v2/guardian/enrollments/{id}"
    status, code, text = 404, "enrollment_not_found", "Enrollment not found"
    marks = Marks("rec", "rec", "rec")


class UserNotFound(ManagementError):
    """No user has this id."""

    where = f"{USER}, and below it"
    status, code, text = 404, "inexistent_user", "The user does not exist."
    marks = Marks("guess", "guess", "guess")


class InvalidUserId(ManagementError):
    """What stands for the user's id is none: it has no bar."""

    where = f"DELETE {USER}"
    status, code, text = 400, "invalid_uri", "Object didn't pass validation for format user-id: {id}"
    marks = Marks("forum", "forum", "forum")


class ClientNotFound(ManagementError):
    """No application has this id."""

    where = "/api/v2/clients/{id}"
    status, code, text = 404, "inexistent_client", "The client does not exist"
    marks = Marks("guess", "guess", "guess")


class CredentialNotFound(ManagementError):
    """The application has no credential of this id."""

    where = "DELETE /api/v2/clients/{id}/credentials/{id}"
    status, code, text = 404, "client_credential_not_found", "Client credential not found"
    marks = Marks("guess", "guess", "guess")


class MethodNotFound(ManagementError):
    """No confirmed authentication method of this user has this id."""

    where = f"GET, PATCH, DELETE {METHODS}/{{id}}"
    status, code, text = 404, "authentication_method_not_found", "Authentication method not found"
    marks = Marks("guess", "guess", "guess")


# The body (section 9.5)


class InvalidBody(ManagementError):
    """A property is unknown, missing, or of the wrong type (section 9.5); what stands in the quotes is a guess."""

    where = "every POST, PUT and PATCH below /api/v2/"
    status, code, text = 400, "invalid_body", "Payload validation error: '{problem}'"
    marks = Marks("forum", "forum", "guess")


class NoJson(ManagementError):
    """The body is no JSON."""

    where = "every POST, PUT and PATCH below /api/v2/ with a body"
    status, code, text = 400, "invalid_body", "Invalid request payload JSON format"
    marks = Marks("guess", "guess", "guess")


class UserExists(ManagementError):
    """The connection has a user of this name."""

    where = f"POST {USERS}"
    status, code, text = 409, "auth0_idp_error", "The user already exists."
    marks = Marks("doc", "forum", "forum")


class UnknownConnection(ManagementError):
    """There is no connection of this name that has passwords."""

    where = f"POST {USERS}"
    status, code, text = 400, "inexistent_connection", "The connection does not exist."
    marks = Marks("forum", "forum", "forum")


class WeakPassword(ManagementError):
    """The password is none that the connection takes; whether the answer has an errorCode is a guess."""

    where = f"POST {USERS}"
    status, code, text = 400, "", "PasswordStrengthError: Password is too weak"
    marks = Marks("forum", "guess", "forum")


class UnknownDirectory(ManagementError):
    """`default_directory` is no connection that has passwords."""

    where = "PATCH /api/v2/tenants/settings"
    status, code, text = 400, "invalid_body", "Unknown default_directory: {name}"
    marks = Marks("guess", "guess", "guess")


class TooManyMethods(ManagementError):
    """The user has as many authenticators as one may have."""

    where = f"POST, PUT {METHODS}, POST {USER}/recovery-code-regeneration"
    status, code, text = 400, "invalid_body", "The user has too many authentication methods"
    marks = Marks("guess", "guess", "guess")


class TooManyCredentials(ManagementError):
    """The application has as many credentials as one may have."""

    where = "POST /api/v2/clients/{id}/credentials"
    status, code, text = 400, "invalid_body", "The application has as many credentials as it may have"
    marks = Marks("guess", "guess", "guess")
