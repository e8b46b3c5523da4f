"""The three MFA grants: `mfa-oob`, `mfa-otp`, `mfa-recovery-code` (reference, section 6)."""

from auth0_mfa_lab.sandbox import grant_errors as errors
from auth0_mfa_lab.sandbox.fields import Fields
from auth0_mfa_lab.sandbox.grants import Answer
from auth0_mfa_lab.sandbox.mfa_errors import LoginDone, NotEnrolled
from auth0_mfa_lab.sandbox.mfa_tokens import login_of_body
from auth0_mfa_lab.sandbox.otp import Otp
from auth0_mfa_lab.sandbox.records import Client, Login, OobTransaction
from auth0_mfa_lab.sandbox.recovery import Recovery
from auth0_mfa_lab.sandbox.sms import Sms
from auth0_mfa_lab.sandbox.tenant import Tenant


class MfaGrants:
    """The MFA grants of one tenant; the order of the checks is the reference's, section 13.2."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._otp = Otp(tenant)
        self._sms = Sms(tenant)
        self._recovery = Recovery(tenant)

    def oob(self, fields: Fields, client: Client) -> Answer:
        """Answer one poll, or take the code of an SMS: the tokens of the original request, or why there are none."""
        mfa_token, oob_code = fields.required("mfa_token"), fields.required("oob_code")
        binding_code = fields.text("binding_code")
        login = login_of_body(self._tenant, mfa_token, client, confirms=True)
        transaction = self._tenant.transactions.oob(oob_code)
        if transaction is None:
            raise errors.MalformedOobCode
        now = self._tenant.clock.now()
        if now >= transaction.expires:
            raise errors.ExpiredOobCode
        if transaction.login is not login:
            raise errors.OobCodeOfAnotherLogin
        if transaction.channel == "sms" and binding_code is None:
            raise errors.MissingBindingCode
        if self._tenant.state_of(transaction) in ("used", "superseded"):
            raise errors.InvalidOobCode
        if login.done:
            raise LoginDone
        allowed = transaction.polls.take(now)
        headers = transaction.polls.headers()
        if not allowed:
            raise errors.SlowDown(headers=headers)
        if transaction.channel == "sms":
            self._check_binding_code(transaction, binding_code or "", headers)
        else:
            self._check_push(transaction, headers)
        transaction.state = "used"
        return self._tenant.finish(login), headers

    def _check_push(self, transaction: OobTransaction, headers: dict[str, str]) -> None:
        if transaction.state == "pending":
            raise errors.AuthorizationPending(headers=headers)
        if transaction.state == "rejected":
            if self._tenant.settings.profile == "recorded":
                raise errors.RejectedAsRecorded(headers=headers)
            raise errors.RejectedAsDocumented(headers=headers)

    def _check_binding_code(self, transaction: OobTransaction, binding_code: str, headers: dict[str, str]) -> None:
        if transaction.purpose == "enroll" and not self._tenant.may_enroll(transaction.login):
            raise errors.EnrolledMeanwhile(headers=headers)
        if not self._sms.accept(transaction, binding_code):
            raise errors.InvalidBindingCode(headers=headers)

    def otp(self, fields: Fields, client: Client) -> Answer:
        """Take a code of an authenticator app, or of the Guardian app; it confirms an enrollment, too."""
        mfa_token, code = fields.required("mfa_token"), fields.required("otp")
        login = login_of_body(self._tenant, mfa_token, client, confirms=True)
        if login.done:
            raise LoginDone
        if not self._otp.candidates(login):
            self._refuse_without_otp(login)
        if not self._otp.accept(login, code):
            raise errors.InvalidOtpCode
        return self._tenant.finish(login), {}

    def _refuse_without_otp(self, login: Login) -> None:
        if self._tenant.authenticators.active_of(login.request.user_id):
            raise errors.NoOtpEnrolled
        raise NotEnrolled

    def recovery_code(self, fields: Fields, client: Client) -> Answer:
        """Take a recovery code; the one that takes its place stands in this answer and nowhere else."""
        mfa_token, code = fields.required("mfa_token"), fields.required("recovery_code")
        login = login_of_body(self._tenant, mfa_token, client)
        if login.done:
            raise LoginDone
        entry = self._recovery.of(login.request.user_id)
        if entry is None:
            raise errors.NoRecoveryCode
        fresh = self._recovery.use(login.request.user_id, entry, code)
        if fresh is None:
            raise errors.WrongRecoveryCode
        return {**self._tenant.finish(login), "recovery_code": fresh}, {}
