"""The errors that stand in for others when a switch is set to what the reference does not trust."""

from collections.abc import Mapping

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.errors import Marks, OAuthError
from auth0_mfa_lab.sandbox.mfa import errors as mfa_errors
from auth0_mfa_lab.sandbox.oauth import grant_errors


class InvalidClient(errors.Unauthorized):
    """Client authentication failed; switch bad_client_secret."""

    code, text = "invalid_client", "Client authentication failed"
    marks = Marks("doc", "doc", "doc")


class ExpiredMfaToken403(mfa_errors.ExpiredMfaToken):
    """The mfa_token is older than 10 minutes; switch expired_token_status."""

    status = 403
    marks = Marks("forum", "test", "test")


class ExpiredOobCode403(grant_errors.ExpiredOobCode):
    """The oob_code is older than 5 minutes; switch expired_token_status."""

    status = 403
    marks = Marks("forum", "forum", "forum")


class AuthorizationPending200(grant_errors.AuthorizationPending):
    """The phone has not answered yet; switch pending_status."""

    status = 200
    marks = Marks("doc", "rec", "rec")


class SlowDown400(grant_errors.SlowDown):
    """The poll's bucket of 12 is empty; switch slow_down_status."""

    status = 400


class NotEnrolled400(mfa_errors.NotEnrolled):
    """The user has no active authenticator at all; switch unsupported_challenge_type_status."""

    status = 400
    marks = Marks("doc", "test", "test")


class UnsupportedChallenge400(mfa_errors.UnsupportedChallenge):
    """The challenge types leave out what there is; switch unsupported_challenge_type_status."""

    status = 400
    marks = Marks("doc", "forum", "forum")


class FactorIsOff401(mfa_errors.FactorIsOff):
    """The tenant's factor is off; switch disabled_factor_status."""

    status = 401


class FactorIsOff403(mfa_errors.FactorIsOff):
    """The tenant's factor is off; switch disabled_factor_status."""

    status = 403


class TooManyFailedCodes429(grant_errors.TooManyFailedCodes):
    """10 wrong codes; switch too_many_failed_codes_status."""

    status, code = 429, "too_many_attempts"
    marks = Marks("forum", "forum", "guess")


class TooManyFailedRecoveryCodes429(grant_errors.TooManyFailedRecoveryCodes):
    """10 wrong recovery codes; switch too_many_failed_codes_status."""

    status, code = 429, "too_many_attempts"


INSTEAD: Mapping[tuple[str, str], Mapping[type[OAuthError], type[OAuthError]]] = {
    ("bad_client_secret", "invalid_client"): {errors.Unauthorized: InvalidClient},
    ("expired_token_status", "403"): {
        mfa_errors.ExpiredMfaToken: ExpiredMfaToken403,
        grant_errors.ExpiredOobCode: ExpiredOobCode403,
    },
    ("disabled_factor_status", "401"): {mfa_errors.FactorIsOff: FactorIsOff401},
    ("disabled_factor_status", "403"): {mfa_errors.FactorIsOff: FactorIsOff403},
    ("too_many_failed_codes_status", "429"): {
        grant_errors.TooManyFailedCodes: TooManyFailedCodes429,
        grant_errors.TooManyFailedRecoveryCodes: TooManyFailedRecoveryCodes429,
    },
    ("pending_status", "200"): {grant_errors.AuthorizationPending: AuthorizationPending200},
    ("slow_down_status", "400"): {grant_errors.SlowDown: SlowDown400},
    ("unsupported_challenge_type_status", "400"): {
        mfa_errors.NotEnrolled: NotEnrolled400,
        mfa_errors.UnsupportedChallenge: UnsupportedChallenge400,
    },
}


def as_switched(error: errors.WireError, switches: Mapping[str, str]) -> errors.WireError:
    """Return the error that the switches put in the place of this one, or this one."""
    for switch, instead in INSTEAD.items():
        name, value = switch
        other = instead.get(type(error)) if switches[name] == value and isinstance(error, OAuthError) else None
        if other is not None:
            return other(headers=error.headers, **error.values)
    return error
