"""The three MFA grants: `mfa-oob`, `mfa-otp`, `mfa-recovery-code` (reference, section 6)."""

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.bucket import Bucket
from auth0_mfa_lab.sandbox.fields import Fields
from auth0_mfa_lab.sandbox.limits import LimitName
from auth0_mfa_lab.sandbox.mfa.factors import Factors
from auth0_mfa_lab.sandbox.mfa.mfa_tokens import login_of_body
from auth0_mfa_lab.sandbox.mfa.oob_codes import OobCodes
from auth0_mfa_lab.sandbox.mfa.otp import Otp
from auth0_mfa_lab.sandbox.mfa.recovery import Recovery
from auth0_mfa_lab.sandbox.oauth.grants import Answer, mfa_required
from auth0_mfa_lab.sandbox.records import Client, Login, OobTransaction
from auth0_mfa_lab.sandbox.tenant import Tenant


class MfaGrants:
    """The MFA grants of one tenant; the order of the checks is the reference's, section 13.2."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._otp = Otp(tenant)
        self._codes = OobCodes(tenant)
        self._factors = Factors(tenant)
        self._recovery = Recovery(tenant)

    def oob(self, fields: Fields, client: Client) -> Answer:
        """Answer one poll, or take a code that was sent: the tokens of the original request, or why there are none."""
        mfa_token, oob_code = fields.required("mfa_token"), fields.required("oob_code")
        binding_code = fields.text("binding_code")
        login = login_of_body(self._tenant, mfa_token, client, confirms=True)
        transaction = self._tenant.transactions.oob(oob_code)
        if transaction is None:
            raise errors.MALFORMED_OOB_CODE()
        now = self._tenant.clock.now()
        if now >= transaction.expires:
            raise errors.EXPIRED_OOB_CODE()
        if transaction.login is not login:
            raise errors.OOB_CODE_OF_ANOTHER_LOGIN()
        by_code = transaction.channel != "auth0"
        if by_code and binding_code is None:
            raise errors.MISSING_BINDING_CODE()
        if self._factors.state_of(transaction) in ("used", "superseded"):
            raise errors.INVALID_OOB_CODE()
        if login.done:
            raise errors.LOGIN_DONE()
        allowed = transaction.polls.take(now)
        headers = transaction.polls.headers()
        if not allowed:
            raise errors.SLOW_DOWN(headers=headers)
        if by_code:
            self._check_binding_code(transaction, binding_code or "", headers)
        else:
            self._check_push(transaction, headers)
        transaction.state = "used"
        return self._finish(login, transaction.authenticator_id), headers

    def _check_push(self, transaction: OobTransaction, headers: dict[str, str]) -> None:
        if transaction.state == "pending":
            raise errors.AUTHORIZATION_PENDING(headers=headers)
        if transaction.state == "rejected":
            raise errors.REJECTED(headers=headers)

    def _check_binding_code(self, transaction: OobTransaction, binding_code: str, headers: dict[str, str]) -> None:
        user_id = transaction.login.request.user_id
        failures = self._failures("failed_otp_codes", user_id, errors.TOO_MANY_FAILED_CODES)
        if transaction.purpose == "enroll" and not self._factors.may_enroll(transaction.login):
            raise errors.ENROLLED_MEANWHILE(headers=headers)
        if not self._codes.accept(transaction, binding_code):
            self._fail(failures, "gd_auth_failed", user_id)
            raise errors.INVALID_BINDING_CODE(headers=headers)

    def otp(self, fields: Fields, client: Client) -> Answer:
        """Take a code of an authenticator app, or of the Guardian app; it confirms an enrollment, too."""
        mfa_token, code = fields.required("mfa_token"), fields.required("otp")
        login = login_of_body(self._tenant, mfa_token, client, confirms=True)
        if login.done:
            raise errors.LOGIN_DONE()
        user_id = login.request.user_id
        failures = self._failures("failed_otp_codes", user_id, errors.TOO_MANY_FAILED_CODES)
        if not self._otp.candidates(login):
            self._refuse_without_otp(login)
        entry = self._otp.accept(login, code)
        if entry is None:
            self._fail(failures, "gd_auth_failed", user_id)
            raise errors.INVALID_OTP_CODE(headers=failures.headers())
        return self._finish(login, entry.id), {}

    def _refuse_without_otp(self, login: Login) -> None:
        if any(entry.active for entry in self._factors.listed(login.request.user_id)):
            raise errors.NO_OTP_ENROLLED()
        raise errors.NOT_ENROLLED()

    def recovery_code(self, fields: Fields, client: Client) -> Answer:
        """Take a recovery code; the one that takes its place stands in this answer and nowhere else."""
        mfa_token, code = fields.required("mfa_token"), fields.required("recovery_code")
        login = login_of_body(self._tenant, mfa_token, client)
        if login.done:
            raise errors.LOGIN_DONE()
        user_id = login.request.user_id
        failures = self._failures("failed_recovery_codes", user_id, errors.TOO_MANY_FAILED_RECOVERY_CODES)
        entry = self._recovery.of(user_id)
        if entry is None:
            raise errors.NO_RECOVERY_CODE()
        fresh = self._recovery.use(user_id, entry, code)
        if fresh is None:
            self._fail(failures, "gd_recovery_failed", user_id)
            raise errors.WRONG_RECOVERY_CODE(headers=failures.headers())
        self._tenant.log("gd_recovery_succeed", "A recovery code was used.", user_id=user_id)
        # Never followed by another factor: the new code stands in this answer and nowhere else.
        return {**self._tenant.finish(login), "recovery_code": fresh}, {}

    def _failures(self, name: LimitName, user_id: str, refusal: errors.EvidenceRow) -> Bucket:
        """Return the bucket that wrong codes empty; an empty one refuses right codes too (reference, section 11)."""
        bucket = self._tenant.limits.bucket(name, user_id)
        if bucket.left(self._tenant.clock.now()) < 1:
            by = "otp" if name == "failed_otp_codes" else "recovery"
            self._tenant.log(f"gd_{by}_rate_limit_exceed", "Too many failed codes.", user_id=user_id)
            raise refusal(headers=bucket.headers())
        return bucket

    def _fail(self, failures: Bucket, log_type: str, user_id: str) -> None:
        failures.take(self._tenant.clock.now())
        self._tenant.log(log_type, "A wrong code.", user_id=user_id)

    def _finish(self, login: Login, authenticator_id: str) -> dict[str, object]:
        """Return the tokens that a factor was right for; raises ANOTHER_FACTOR_REQUIRED where one more is demanded.

        Not after an enrollment, nor of a user without another factor [guess].
        """
        tenant, user_id = self._tenant, login.request.user_id
        tenant.authenticators.used(user_id, authenticator_id, now=tenant.clock.now())
        tenant.log("gd_auth_succeed", "Second factor given.", user_id=user_id)
        entry = tenant.authenticators.get(user_id, authenticator_id)
        spent = login.spent | {authenticator_id, (entry.partner if entry else None) or ""}
        chained = tenant.settings.switches["second_factor_chained"] == "on"
        if chained and not login.spent and authenticator_id not in login.begun and self._others(user_id, spent):
            login.done = True
            following = tenant.begin_login(login.request)
            following.spent = frozenset(spent)
            raise mfa_required(tenant, following, row=errors.ANOTHER_FACTOR_REQUIRED)
        return tenant.finish(login)

    def _others(self, user_id: str, spent: frozenset[str] | set[str]) -> bool:
        usable = self._factors.usable(user_id, but=frozenset(spent))
        return any(entry.kind != "recovery-code" for entry in usable)
