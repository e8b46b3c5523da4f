"""The three MFA grants: `mfa-oob`, `mfa-otp`, `mfa-recovery-code` (reference, section 6).

The order of the checks is the reference's, section 13.2.
"""

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.http import Fields
from auth0_mfa_lab.sandbox.limits import Bucket, LimitName
from auth0_mfa_lab.sandbox.mfa.challenge import (
    accept_binding_code,
    accept_otp,
    otp_candidates,
    recovery_of,
    use_recovery_code,
)
from auth0_mfa_lab.sandbox.mfa.factors import listed, may_enroll, state_of, usable
from auth0_mfa_lab.sandbox.mfa.logins import login_of_body
from auth0_mfa_lab.sandbox.oauth.grants import Answer, mfa_required
from auth0_mfa_lab.sandbox.records import Client, Login
from auth0_mfa_lab.sandbox.tenant import Tenant


def mfa_oob(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Answer one poll, or take a code that was sent: the tokens of the original request, or why there are none."""
    mfa_token, oob_code = fields.required("mfa_token"), fields.required("oob_code")
    binding_code = fields.text("binding_code")
    login = login_of_body(tenant, mfa_token, client, confirms=True)
    transaction = tenant.transactions.oob(oob_code)
    if transaction is None:
        raise errors.MALFORMED_OOB_CODE()
    now = tenant.clock.now()
    if now >= transaction.expires:
        raise errors.EXPIRED_OOB_CODE()
    if transaction.login is not login:
        raise errors.OOB_CODE_OF_ANOTHER_LOGIN()
    is_push = transaction.channel == "auth0"
    if not is_push and binding_code is None:
        raise errors.MISSING_BINDING_CODE()
    if state_of(tenant, transaction) in ("used", "superseded"):
        raise errors.INVALID_OOB_CODE()
    if login.done:
        raise errors.LOGIN_DONE()
    allowed = transaction.polls.take(now)
    headers = transaction.polls.headers()
    if not allowed:
        raise errors.SLOW_DOWN(headers=headers)
    if is_push and transaction.state == "pending":
        raise errors.AUTHORIZATION_PENDING(headers=headers)
    if is_push and transaction.state == "rejected":
        raise errors.REJECTED(headers=headers)
    if not is_push:
        user_id = login.request.user_id
        failures = _failures(tenant, "failed_otp_codes", user_id, errors.TOO_MANY_FAILED_CODES)
        if transaction.purpose == "enroll" and not may_enroll(tenant, login):
            raise errors.ENROLLED_MEANWHILE(headers=headers)
        if not accept_binding_code(tenant, transaction, binding_code or ""):
            _fail(tenant, failures, "gd_auth_failed", user_id)
            raise errors.INVALID_BINDING_CODE(headers=headers)
    transaction.state = "used"
    return _finish(tenant, login, transaction.authenticator_id), headers


def mfa_otp(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Take a code of an authenticator app, or of the Guardian app; it confirms an enrollment, too."""
    mfa_token, code = fields.required("mfa_token"), fields.required("otp")
    login = login_of_body(tenant, mfa_token, client, confirms=True)
    if login.done:
        raise errors.LOGIN_DONE()
    user_id = login.request.user_id
    failures = _failures(tenant, "failed_otp_codes", user_id, errors.TOO_MANY_FAILED_CODES)
    if not otp_candidates(tenant, login):
        has_others = any(entry.active for entry in listed(tenant, user_id))
        raise errors.NO_OTP_ENROLLED() if has_others else errors.NOT_ENROLLED()
    entry = accept_otp(tenant, login, code)
    if entry is None:
        _fail(tenant, failures, "gd_auth_failed", user_id)
        raise errors.INVALID_OTP_CODE(headers=failures.headers())
    return _finish(tenant, login, entry.id), {}


def mfa_recovery_code(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Take a recovery code; the one that takes its place stands in this answer and nowhere else."""
    mfa_token, code = fields.required("mfa_token"), fields.required("recovery_code")
    login = login_of_body(tenant, mfa_token, client)
    if login.done:
        raise errors.LOGIN_DONE()
    user_id = login.request.user_id
    failures = _failures(tenant, "failed_recovery_codes", user_id, errors.TOO_MANY_FAILED_RECOVERY_CODES)
    entry = recovery_of(tenant, user_id)
    if entry is None:
        raise errors.NO_RECOVERY_CODE()
    fresh = use_recovery_code(tenant, user_id, entry, code)
    if fresh is None:
        _fail(tenant, failures, "gd_recovery_failed", user_id)
        raise errors.WRONG_RECOVERY_CODE(headers=failures.headers())
    tenant.log("gd_recovery_succeed", "A recovery code was used.", user_id=user_id)
    # Never followed by another factor: the new code stands in this answer and nowhere else.
    return {**tenant.finish(login), "recovery_code": fresh}, {}


def _failures(tenant: Tenant, name: LimitName, user_id: str, refusal: errors.EvidenceRow) -> Bucket:
    """Return the bucket that wrong codes empty; an empty one refuses right codes too (reference, section 11)."""
    bucket = tenant.limits.bucket(name, user_id)
    if bucket.left(tenant.clock.now()) < 1:
        by = "otp" if name == "failed_otp_codes" else "recovery"
        tenant.log(f"gd_{by}_rate_limit_exceed", "Too many failed codes.", user_id=user_id)
        raise refusal(headers=bucket.headers())
    return bucket


def _fail(tenant: Tenant, failures: Bucket, log_type: str, user_id: str) -> None:
    failures.take(tenant.clock.now())
    tenant.log(log_type, "A wrong code.", user_id=user_id)


def _finish(tenant: Tenant, login: Login, authenticator_id: str) -> dict[str, object]:
    """Return the tokens that a factor was right for; raises ANOTHER_FACTOR_REQUIRED where one more is demanded.

    Not after an enrollment, nor of a user without another factor [guess].
    """
    user_id = login.request.user_id
    tenant.authenticators.used(user_id, authenticator_id, now=tenant.clock.now())
    tenant.log("gd_auth_succeed", "Second factor given.", user_id=user_id)
    chained = tenant.settings.switches["second_factor_chained"] == "on"
    if chained and not login.spent and authenticator_id not in login.begun:
        entry = tenant.authenticators.get(user_id, authenticator_id)
        spent = frozenset({authenticator_id, (entry.partner if entry else None) or ""})
        if any(other.kind != "recovery-code" for other in usable(tenant, user_id, but=spent)):
            login.done = True
            following = tenant.begin_login(login.request)
            following.spent = spent
            raise mfa_required(tenant, following, row=errors.ANOTHER_FACTOR_REQUIRED)
    return tenant.finish(login)
