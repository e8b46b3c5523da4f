"""OTP: a secret that any authenticator app takes, and the codes of it, each good once; pure state."""

from dataclasses import dataclass, field
from hmac import compare_digest
from urllib.parse import quote

import pyotp

from auth0_mfa_lab.sandbox.mfa.factors import Factors
from auth0_mfa_lab.sandbox.mfa.recovery import Recovery
from auth0_mfa_lab.sandbox.records import Authenticator, Login
from auth0_mfa_lab.sandbox.tenant import Tenant

PERIOD = 30
"""Seconds per code (the guardian reference, section 9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtpAssociation:
    """What `/mfa/associate` tells of an OTP enrollment that waits for its first code."""

    secret: str = field(repr=False)
    barcode_uri: str = field(repr=False)
    recovery_code: str | None = field(repr=False)


class Otp:
    """The OTP factor of one tenant, which is also the twin of each push; it keeps nothing of its own."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._factors = Factors(tenant)
        self._recovery = Recovery(tenant)

    def associate(self, login: Login) -> OtpAssociation:
        """Begin an enrollment: it is listed, inactive, until one of its codes comes back."""
        tenant = self._tenant
        user = tenant.users[login.request.user_id]
        secret = tenant.chance.base32(32)
        entry = Authenticator(id=f"totp|{tenant.chance.device_id()}", kind="totp", secret=secret)
        recovery_code = self._recovery.first(login, entry)
        tenant.log("gd_start_enroll", "Enrollment started: otp.", user_id=user.user_id)
        issuer = quote(tenant.settings.name, safe="")
        uri = f"otpauth://totp/{tenant.barcode_label(user)}?secret={secret}&issuer={issuer}"
        return OtpAssociation(
            secret=secret,
            barcode_uri=f"{uri}&algorithm=SHA1&digits=6&period={PERIOD}",
            recovery_code=recovery_code,
        )

    def candidates(self, login: Login) -> tuple[Authenticator, ...]:
        """Return whose code this login may show: a confirmed one's, or one's that it has begun itself and may confirm.

        The twin of a push is never among the latter: the scan confirms it. Nor is anything while the factor is off.
        """
        authenticators, user_id = self._tenant.authenticators, login.request.user_id
        if not self._factors.may_enroll(login):
            usable = self._factors.usable(user_id, but=login.spent)
            return tuple(entry for entry in usable if entry.kind == "totp")
        if not self._factors.is_on("totp"):
            return ()
        begun = (authenticators.get(user_id, one) for one in login.begun)
        return tuple(
            entry for entry in begun if entry and entry.kind == "totp" and not entry.active and not entry.partner
        )

    def accept(self, login: Login, code: str) -> Authenticator | None:
        """Return whose code this is, its step used up and confirmed if it was not; None for a wrong one."""
        issued, user_id = self._tenant.issued, login.request.user_id
        for entry in self.candidates(login):
            secret = entry.secret or ""
            newest = issued.newest_step(user_id, secret)
            step = matching_step(secret, code, now=self._tenant.clock.now(), after=newest)
            if step is not None:
                issued.use_step(user_id, secret, step)
                if not entry.active:
                    self._tenant.confirm(user_id, entry.id)
                return entry
        return None


def matching_step(secret: str, code: str, *, now: float, after: int | None = None) -> int | None:
    """Return the step whose code this is: the current one or the previous one, and later than `after`.

    The step before counts as well, the next one does not (the guardian reference, section 9).
    """
    current = int(now) // PERIOD
    totp = pyotp.TOTP(secret)
    for step in (current, max(current - 1, 0)):
        if (after is None or step > after) and compare_digest(totp.generate_otp(step).encode(), code.encode()):
            return step
    return None
