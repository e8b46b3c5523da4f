"""SMS: a code to a phone number, to confirm the number and then to log in with it; pure state."""

import re
from dataclasses import dataclass, field
from hmac import compare_digest

from auth0_mfa_lab.sandbox.delivery import Message
from auth0_mfa_lab.sandbox.records import Authenticator, Login, OobTransaction
from auth0_mfa_lab.sandbox.recovery import Recovery
from auth0_mfa_lab.sandbox.tenant import Tenant

E164 = re.compile(r"\+[1-9][0-9]{1,14}")
SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsAssociation:
    """What `/mfa/associate` tells of an SMS enrollment whose code was sent."""

    oob_code: str = field(repr=False)
    recovery_code: str | None = field(repr=False)


class Sms:
    """The SMS factor of one tenant; it keeps nothing of its own."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._recovery = Recovery(tenant)

    def associate(self, login: Login, phone_number: str, *, send: bool = True) -> SmsAssociation:
        """Begin an enrollment, and send its code at once (reference, section 3.2)."""
        device_id = self._tenant.chance.device_id()
        entry = Authenticator(
            id=f"sms|{device_id}", kind="sms", name=masked_number(phone_number), phone_number=phone_number
        )
        recovery_code = self._recovery.first(login, entry)
        code = self._tenant.codes.digits(6)
        transaction = self._tenant.transactions.begin_oob(
            login, purpose="enroll", device_id=device_id, channel="sms", code=code
        )
        if send:
            self._send(phone_number, code)
        return SmsAssociation(oob_code=transaction.oob_code, recovery_code=recovery_code)

    def challenge(self, login: Login, entry: Authenticator) -> OobTransaction:
        """Send a new code; an older one of this login is superseded."""
        code = self._tenant.codes.digits(6)
        transaction = self._tenant.transactions.begin_oob(
            login, purpose="login", device_id=entry.id.removeprefix("sms|"), channel="sms", code=code
        )
        self._tenant.transactions.supersede(transaction)
        self._send(entry.phone_number or "", code)
        return transaction

    def accept(self, transaction: OobTransaction, binding_code: str) -> bool:
        """Take the code of a transaction, and confirm the number that it enrolls."""
        if not compare_digest(transaction.code.encode(), binding_code.encode()):
            return False
        if transaction.purpose == "enroll":
            self._tenant.authenticators.confirm(transaction.login.request.user_id, transaction.authenticator_id)
        return True

    def _send(self, phone_number: str, code: str) -> None:
        self._tenant.delivery.message(
            Message(
                address=phone_number,
                channel="sms",
                purpose="mfa",
                code=code,
                text=f"{code} is your verification code for {self._tenant.settings.name}.",
                sent_at=self._tenant.clock.now(),
            )
        )


def masked_number(phone_number: str) -> str:
    """Return a number as the list shows it: the last four characters, the `+` masked too (reference, section 4.1)."""
    return "X" * (len(phone_number) - SHOWN) + phone_number[-SHOWN:]
