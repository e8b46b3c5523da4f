"""Push: enrolled by a phone that scans a ticket, and allowed or rejected on that phone; pure state."""

from dataclasses import dataclass, field
from urllib.parse import quote

from auth0_mfa_lab.sandbox.guardian.device_key import DeviceKey
from auth0_mfa_lab.sandbox.guardian.payloads import push_payload
from auth0_mfa_lab.sandbox.mfa.factors import Factors
from auth0_mfa_lab.sandbox.mfa.recovery import Recovery
from auth0_mfa_lab.sandbox.mfa.transactions import OOB_CODE_LIFETIME
from auth0_mfa_lab.sandbox.records import Authenticator, Device, Login, OobTransaction, PushService, Ticket
from auth0_mfa_lab.sandbox.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class PushAssociation:
    """What `/mfa/associate` tells of a push enrollment that waits for its phone."""

    oob_code: str = field(repr=False)
    barcode_uri: str = field(repr=False)
    recovery_code: str | None = field(repr=False)


class Push:
    """The push factor of one tenant; it keeps nothing of its own."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._factors = Factors(tenant)
        self._recovery = Recovery(tenant)

    def associate(self, login: Login) -> PushAssociation:
        """Begin an enrollment: `push` and its `totp` twin are listed, inactive, and a ticket is printed."""
        tenant = self._tenant
        user = tenant.users[login.request.user_id]
        device_id, secret = tenant.chance.device_id(), tenant.chance.base32(32)
        push = Authenticator(id=f"push|{device_id}", kind="push", partner=f"totp|{tenant.chance.device_id()}")
        twin = Authenticator(id=push.partner or "", kind="totp", partner=push.id, secret=secret)
        recovery_code = self._recovery.first(login, push, twin)
        transaction = tenant.transactions.begin_oob(login, purpose="enroll", device_id=device_id)
        ticket = tenant.transactions.print_ticket(transaction, totp_secret=secret)
        tenant.log("gd_start_enroll", "Enrollment started: push.", user_id=user.user_id)
        base_url = quote(tenant.guardian_url, safe="")
        label = tenant.barcode_label(user)
        return PushAssociation(
            oob_code=transaction.oob_code,
            barcode_uri=f"otpauth://totp/{label}?enrollment_tx_id={ticket.id}&base_url={base_url}",
            recovery_code=recovery_code,
        )

    def open_ticket(self, ticket_id: str) -> Ticket | None:
        """Return a ticket that can still be scanned: not used, not expired, its factor on, its enrollment wanted.

        An mfa_token enrolls the first factor only: once there is one, its tickets are dead [guess], else a password
        alone could get past a factor that was confirmed meanwhile.
        """
        ticket = self._tenant.transactions.ticket(ticket_id)
        if ticket is None or self._factors.state_of(ticket.transaction) != "pending":
            return None
        return ticket if self._factors.may_enroll(ticket.transaction.login) else None

    def enroll(
        self,
        ticket: Ticket,
        *,
        identifier: str,
        name: str,
        service: PushService,
        push_token: str,
        key: DeviceKey,
    ) -> Device:
        """Enroll the phone that scanned this ticket: that confirms the authenticators and ends the poll."""
        transaction = ticket.transaction
        self._tenant.transactions.consume(ticket)
        device = Device(
            id=transaction.device_id,
            user_id=transaction.login.request.user_id,
            identifier=identifier,
            name=name,
            service=service,
            push_token=push_token,
            key=key,
            token=self._tenant.chance.base64url(64),
        )
        self._tenant.devices[device.id] = device
        self._tenant.confirm(device.user_id, transaction.authenticator_id, name=name)
        transaction.state = "approved"
        return device

    def update_device(self, device: Device) -> None:
        """Keep what a phone says of itself now: its identifier, its name, where its pushes go."""
        self._tenant.devices[device.id] = device
        self._tenant.authenticators.rename(device.user_id, f"push|{device.id}", device.name)

    def challenge(self, login: Login, push: Authenticator) -> OobTransaction:
        """Send a push to the phone behind `push`; an older pending one of this login is superseded.

        Through another provider than Guardian's nothing reaches Guardian's app: the log says so, and the poll stays
        pending [guess] (reference, section 10).
        """
        tenant = self._tenant
        device = tenant.devices[push.id.removeprefix("push|")]
        transaction = tenant.transactions.begin_oob(login, purpose="login", device_id=device.id)
        tenant.transactions.supersede(transaction)
        txtkn = tenant.tokens.transaction_token(
            user_id=device.user_id, txid=transaction.txid, lifetime=OOB_CODE_LIFETIME
        )
        payload = push_payload(device=device, transaction=transaction, txtkn=txtkn, host=tenant.domain)
        tenant.log("gd_start_auth", "Second factor started: push.", user_id=device.user_id)
        if tenant.settings.push_provider == "guardian":
            tenant.delivery.push(service=device.service, token=device.push_token, payload=payload)
            tenant.log("gd_send_pn", "A push was sent.", user_id=device.user_id)
        else:
            provider = tenant.settings.push_provider
            tenant.log("gd_send_pn_failure", f"The push could not be sent through {provider}.", user_id=device.user_id)
        return transaction

    def answer(self, transaction: OobTransaction, *, accepted: bool, reason: str | None) -> None:
        """Take a phone's answer, once; the caller has checked that the transaction is pending."""
        transaction.state = "approved" if accepted else "rejected"
        transaction.reason = reason
        if not accepted:
            self._tenant.log("gd_auth_rejected", "The push was rejected.", user_id=transaction.login.request.user_id)
