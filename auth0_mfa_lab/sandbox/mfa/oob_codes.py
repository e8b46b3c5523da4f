"""SMS, voice and email: a code to a number or an address, to confirm it and then to log in with it; pure state."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Literal

from auth0_mfa_lab.sandbox.delivery import Message
from auth0_mfa_lab.sandbox.mfa.factors import Factors
from auth0_mfa_lab.sandbox.mfa.masks import masked_email, masked_number
from auth0_mfa_lab.sandbox.mfa.recovery import Recovery
from auth0_mfa_lab.sandbox.records import Authenticator, Login, OobTransaction
from auth0_mfa_lab.sandbox.tenant import Tenant

E164 = re.compile(r"\+[1-9][0-9]{1,14}")
CodeChannel = Literal["sms", "voice", "email"]
CODE_CHANNELS: tuple[CodeChannel, ...] = ("sms", "voice", "email")
PHONE: tuple[CodeChannel, ...] = ("sms", "voice")
TEXTS: Mapping[CodeChannel, str] = {
    "sms": "{code} is your verification code for {tenant}.",
    "voice": "Hello. Your verification code for {tenant} is {code}. Again: {code}.",
    "email": "Your verification code for {tenant} is {code}.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeAssociation:
    """What `/mfa/associate` tells of an enrollment whose code was sent."""

    oob_code: str = field(repr=False)
    recovery_code: str | None = field(repr=False)


class OobCodes:
    """The factors of one tenant that send a code; it keeps nothing of its own."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._factors = Factors(tenant)
        self._recovery = Recovery(tenant)

    def associate(self, login: Login, channel: CodeChannel, address: str, *, send: bool = True) -> CodeAssociation:
        """Begin an enrollment, and send its code at once (reference, section 3.2)."""
        device_id = self._tenant.chance.device_id()
        recovery_code = self._recovery.first(login, *self.entries(channel, address, device_id))
        code = self._tenant.codes.digits(6)
        transaction = self._tenant.transactions.begin_oob(
            login, purpose="enroll", device_id=device_id, channel=channel, code=code, address=address
        )
        self._tenant.log("gd_start_enroll", f"Enrollment started: {channel}.", user_id=login.request.user_id)
        if send:
            self._send(login, channel, address, code)
        return CodeAssociation(oob_code=transaction.oob_code, recovery_code=recovery_code)

    def entries(self, channel: CodeChannel, address: str, device_id: str) -> tuple[Authenticator, ...]:
        """Return what enrolling an address lists: where both SMS and voice are on, both for one number."""
        if channel == "email":
            email = Authenticator(id=f"email|{device_id}", kind="email", name=masked_email(address), address=address)
            return (email,)
        kinds = self._kinds(channel)
        return tuple(
            Authenticator(
                id=f"{kind}|{device_id}",
                kind=kind,
                name=masked_number(address),
                address=address,
                partner=next((f"{other}|{device_id}" for other in kinds if other != kind), None),
            )
            for kind in kinds
        )

    def size(self, channel: CodeChannel) -> int:
        """Return how many authenticators enrolling an address lists now."""
        return 1 if channel == "email" else len(self._kinds(channel))

    def _kinds(self, channel: CodeChannel) -> list[CodeChannel]:
        """Return what a number is enrolled for: what was asked for, and whatever of a phone is on."""
        return [one for one in PHONE if one == channel or self._factors.is_on(one)]

    def challenge(self, login: Login, entry: Authenticator) -> OobTransaction:
        """Send a new code; an older one of this login is superseded."""
        channel = code_channel(entry)
        code = self._tenant.codes.digits(6)
        device_id, address = entry.id.partition("|")[2], entry.address or ""
        transaction = self._tenant.transactions.begin_oob(
            login, purpose="login", device_id=device_id, channel=channel, code=code, address=address
        )
        self._tenant.transactions.supersede(transaction)
        self._tenant.log("gd_start_auth", f"Second factor started: {channel}.", user_id=login.request.user_id)
        self._send(login, channel, address, code)
        return transaction

    def accept(self, transaction: OobTransaction, binding_code: str) -> bool:
        """Take the code of a transaction, and confirm the address that it enrolls."""
        if not compare_digest(transaction.code.encode(), binding_code.encode()):
            return False
        if transaction.purpose == "enroll":
            self._tenant.confirm(transaction.login.request.user_id, transaction.authenticator_id)
        return True

    def _send(self, login: Login, channel: CodeChannel, address: str, code: str) -> None:
        self._tenant.delivery.message(
            Message(
                address=address,
                channel=channel,
                purpose="mfa",
                code=code,
                text=TEXTS[channel].format(code=code, tenant=self._tenant.settings.name),
                sent_at=self._tenant.clock.now(),
            )
        )
        self._tenant.log(f"gd_send_{channel}", f"A code was sent: {channel}.", user_id=login.request.user_id)


def code_channel(entry: Authenticator) -> CodeChannel:
    """Return the channel of an authenticator that is sent codes."""
    return next(channel for channel in CODE_CHANNELS if channel == entry.kind)
