"""One class per wire error: status, code, text, and how well each is known; here the base and the first factor.

The sections in the docstrings are those of the reference (the wire reference of the MFA API).
"""

from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple

Mark = Literal["rec", "doc", "test", "forum", "guess"]
"""Recorded from a real tenant; documented; a test of an official SDK; a forum or a third party; a guess."""

TOKEN = "POST /oauth/token"


class Marks(NamedTuple):
    """The evidence for the status, the code and the text of one answer."""

    status: Mark
    code: Mark
    text: Mark

    @property
    def note(self) -> str | None:
        """The line for the person, or None when all three are recorded or documented."""
        if {self.status, self.code, self.text} <= {"rec", "doc"}:
            return None
        return f"sandbox: status {self.status} · code {self.code} · text {self.text}"


class WireError(Exception):
    """An answer that is an error on the wire; the first line of a class's docstring says when it comes."""

    where: ClassVar[str]
    status: ClassVar[int]
    code: ClassVar[str]
    text: ClassVar[str]
    marks: ClassVar[Marks]

    def __init__(self, *, headers: Mapping[str, str] | None = None, **values: str) -> None:
        self.values = values
        self.message = self.text.format(**values)
        self.headers = dict(headers or {})
        super().__init__(self.message)

    def body(self) -> dict[str, object]:
        """Return the JSON body."""
        # Auth0 has two shapes of errors, and each family below has its own.
        raise NotImplementedError


class NotEmulated(Exception):
    """Something Auth0 has and the sandbox does not have yet: a 501 in plain text, never a plausible 4xx."""

    def __init__(self, what: str) -> None:
        self.message = f"The sandbox does not emulate {what} yet. Auth0 does: this answer is not Auth0's."
        super().__init__(self.message)


class OAuthError(WireError):
    """The shape `{"error", "error_description"}` (section 0.2)."""

    def body(self) -> dict[str, object]:
        return {"error": self.code, "error_description": self.message}


# The request and the application (sections 0.6, 1.4, 13.2)


class InvalidBody(OAuthError):
    """The body is no JSON object and no form, or a field has the wrong type."""

    where = "every POST"
    status, code, text = 400, "invalid_request", "{problem}"
    marks = Marks("guess", "guess", "guess")


class Unauthorized(OAuthError):
    """Unknown application, wrong secret, or no secret of an application that has one (section 0.6)."""

    where = "every POST with client_id"
    status, code, text = 401, "access_denied", "Unauthorized"
    marks = Marks("forum", "forum", "forum")


class UnsupportedGrant(OAuthError):
    """A grant type that Auth0 does not know (section 1.4)."""

    where = TOKEN
    status, code, text = 403, "unsupported_grant_type", "Unsupported grant type: {grant}"
    marks = Marks("guess", "doc", "guess")


class GrantNotAllowed(OAuthError):
    """A grant that this application lacks (sections 1.4 and 10)."""

    where = TOKEN
    status, code, text = 403, "unauthorized_client", "Grant type '{grant}' not allowed for the client."
    marks = Marks("forum", "forum", "doc")

    def body(self) -> dict[str, object]:
        return {**super().body(), "error_uri": "https://auth0.com/docs/clients/client-grant-types"}


class MissingParameter(OAuthError):
    """A required parameter is absent, null or empty (section 1.4)."""

    where = "POST /oauth/token, POST /mfa/challenge"
    status, code, text = 400, "invalid_request", "Missing required parameter: {name}"
    marks = Marks("forum", "forum", "doc")


class InvalidScope(OAuthError):
    """`scope` is neither a string nor an array (section 1.4)."""

    where = TOKEN
    status, code, text = 400, "invalid_scope", "Scope must be an array or a string"
    marks = Marks("doc", "doc", "doc")


# The first factor (sections 1.3 and 1.4)


class InvalidAudience(OAuthError):
    """No API has this identifier."""

    where = TOKEN
    status, code, text = 400, "invalid_request", "invalid audience specified for password grant exchange"
    marks = Marks("rec", "rec", "rec")


class InvalidAudienceElsewhere(InvalidAudience):
    """No API has this identifier, at a passwordless login."""

    marks = Marks("guess", "guess", "guess")


class InvalidConnection(OAuthError):
    """The realm is no connection that has passwords."""

    where = TOKEN
    status, code, text = 400, "invalid_request", "invalid connection specified for password grant"
    marks = Marks("guess", "guess", "forum")


class NoDefaultConnection(OAuthError):
    """Plain `password` in a tenant without a default directory."""

    where = TOKEN
    status, code = 500, "server_error"
    text = "Authorization server not configured with default connection."
    marks = Marks("forum", "forum", "forum")


class WrongPassword(OAuthError):
    """The password is wrong, or there is no such user."""

    where = TOKEN
    status, code, text = 403, "invalid_grant", "Wrong email or password."
    marks = Marks("rec", "rec", "rec")


class MfaRequired(OAuthError):
    """The first factor was right, and the policy asks for a second one: the success of step one."""

    where = TOKEN
    status, code, text = 403, "mfa_required", "Multifactor authentication required"
    marks = Marks("doc", "doc", "doc")

    def __init__(self, mfa_token: str | None, requirements: Mapping[str, object] | None = None) -> None:
        super().__init__()
        self.mfa_token = mfa_token
        self.requirements = requirements

    def body(self) -> dict[str, object]:
        """Return the body; where a feature is off, one or both of its last fields are missing."""
        extras = {"mfa_token": self.mfa_token, "mfa_requirements": self.requirements}
        return {**super().body(), **{name: value for name, value in extras.items() if value is not None}}


class MfaRequiredByPolicy(MfaRequired):
    """The MFA audience, asked for by a user without a factor where the policy is always: the policy wins."""

    marks = Marks("guess", "doc", "doc")


class AnotherFactorRequired(MfaRequired):
    """One factor was right, and a second one is demanded; switch second_factor_chained (section 6.4)."""

    marks = Marks("guess", "guess", "doc")


class MfaRequiredOnRefresh(MfaRequired):
    """A refresh token is not enough; switch refresh (section 8.1)."""

    marks = Marks("doc", "doc", "doc")
