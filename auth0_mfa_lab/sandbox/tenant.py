"""The tenant: who is in it, and what happens to them; pure state, with no web in it."""

import hmac
from dataclasses import dataclass, field
from urllib.parse import quote

from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox.authenticators import Authenticators
from auth0_mfa_lab.sandbox.chance import Chance
from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.delivery import Delivery
from auth0_mfa_lab.sandbox.device_key import DeviceKey
from auth0_mfa_lab.sandbox.keys import NewKey
from auth0_mfa_lab.sandbox.payloads import push_payload
from auth0_mfa_lab.sandbox.records import (
    Api,
    Authenticator,
    Client,
    Device,
    Login,
    OobTransaction,
    PushService,
    Request,
    Settings,
    State,
    Ticket,
    User,
)
from auth0_mfa_lab.sandbox.tokens import Tokens
from auth0_mfa_lab.sandbox.transactions import OOB_CODE_LIFETIME, Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class PushAssociation:
    """What `/mfa/associate` tells of a push enrollment that waits for its phone."""

    oob_code: str = field(repr=False)
    barcode_uri: str = field(repr=False)
    recovery_code: str | None = field(repr=False)


class Tenant:
    """One Auth0 tenant. Every look-up is by key: a login costs the same with one user as with many."""

    def __init__(
        self,
        *,
        domain: str,
        settings: Settings,
        clock: Clock,
        chance: Chance,
        delivery: Delivery,
        new_key: NewKey = RSAKey.generate_key,
    ) -> None:
        self.domain = domain
        self.settings = settings
        self.clock = clock
        self.tokens = Tokens(domain=domain, clock=clock, chance=chance, new_key=new_key)
        self.transactions = Transactions(clock=clock, chance=chance, tokens=self.tokens)
        self.authenticators = Authenticators()
        self.clients: dict[str, Client] = {}
        self.apis: dict[str, Api] = {}
        self.connections: set[str] = set()
        self.users: dict[str, User] = {}
        self.devices: dict[str, Device] = {}
        self._chance = chance
        self._delivery = delivery
        self._by_name: dict[tuple[str, str], User] = {}

    @property
    def guardian_url(self) -> str:
        """The `base_url` of a QR (the guardian reference, section 1a)."""
        return f"https://{self.domain}/appliance-mfa"

    def add_client(self, client: Client) -> None:
        self.clients[client.client_id] = client

    def add_api(self, api: Api) -> None:
        self.apis[api.identifier] = api

    def add_user(self, user: User) -> None:
        self.connections.add(user.connection)
        self.users[user.user_id] = user
        self._by_name[user.connection, user.username.lower()] = user

    def has_connection(self, realm: str) -> bool:
        """Tell whether a realm is a connection that has passwords."""
        return realm in self.connections

    def authenticate(self, connection: str, username: str, password: str) -> User | None:
        """Return the user of this connection with this name and this password."""
        user = self._by_name.get((connection, username.lower()))
        if user is None or not hmac.compare_digest(user.password.encode(), password.encode()):
            return None
        return user

    def begin_login(self, request: Request) -> Login:
        return self.transactions.begin_login(request)

    def token_set(self, request: Request) -> dict[str, object]:
        """Return the tokens that a request asked for, whatever grant ends it."""
        api = self.apis.get(request.audience) if request.audience is not None else None
        return self.tokens.token_set(request, self.users[request.user_id], api)

    def associate_push(self, login: Login) -> PushAssociation:
        """Begin a push enrollment: `push` and its `totp` twin are listed, inactive, and a ticket is printed.

        A recovery code comes with the first association only (reference, section 3.2).
        """
        user = self.users[login.request.user_id]
        device_id, secret = self._chance.device_id(), self._chance.base32(32)
        push = Authenticator(id=f"push|{device_id}", kind="push", partner=f"totp|{self._chance.device_id()}")
        twin = Authenticator(id=push.partner or "", kind="totp", partner=push.id, secret=secret)
        first = self.authenticators.needs_recovery_code(user.user_id)
        self.authenticators.add(user.user_id, push, twin)
        recovery_code = self._give_recovery_code(user) if first else None
        transaction = self.transactions.begin_oob(login, purpose="enroll", device_id=device_id)
        ticket = self.transactions.print_ticket(transaction, totp_secret=secret)
        label = f"{quote(self.settings.name, safe='')}:{quote(user.email, safe='')}"
        base_url = quote(self.guardian_url, safe="")
        return PushAssociation(
            oob_code=transaction.oob_code,
            barcode_uri=f"otpauth://totp/{label}?enrollment_tx_id={ticket.id}&base_url={base_url}",
            recovery_code=recovery_code,
        )

    def _give_recovery_code(self, user: User) -> str:
        code = self._chance.recovery_code()
        entry = Authenticator(id=f"recovery-code|{self._chance.device_id()}", kind="recovery-code", secret=code)
        self.authenticators.add(user.user_id, entry)
        return code

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
        self.transactions.consume(ticket)
        device = Device(
            id=transaction.device_id,
            user_id=transaction.login.request.user_id,
            identifier=identifier,
            name=name,
            service=service,
            push_token=push_token,
            key=key,
            token=self._chance.base64url(64),
        )
        self.devices[device.id] = device
        self.authenticators.confirm(device.user_id, f"push|{device.id}", name=name)
        transaction.state = "approved"
        return device

    def update_device(self, device: Device) -> None:
        """Keep what a phone says of itself now: its identifier, its name, where its pushes go."""
        self.devices[device.id] = device
        self.authenticators.rename(device.user_id, f"push|{device.id}", device.name)

    def remove_device(self, device: Device) -> None:
        """Un-enroll a phone: its authenticators go, and no transaction of it can be ended any more."""
        del self.devices[device.id]
        self.authenticators.remove(device.user_id, f"push|{device.id}")

    def challenge_push(self, login: Login, push: Authenticator) -> OobTransaction:
        """Send a push to the phone behind `push`; an older pending one of this login is superseded."""
        device = self.devices[push.id.removeprefix("push|")]
        transaction = self.transactions.begin_oob(login, purpose="login", device_id=device.id)
        self.transactions.supersede(login, transaction)
        txtkn = self.tokens.transaction_token(user_id=device.user_id, txid=transaction.txid, lifetime=OOB_CODE_LIFETIME)
        payload = push_payload(device=device, transaction=transaction, txtkn=txtkn, host=self.domain)
        self._delivery.push(service=device.service, token=device.push_token, payload=payload)
        return transaction

    def state_of(self, transaction: OobTransaction) -> State:
        """Return a transaction's state; once its phone is un-enrolled it counts as superseded.

        A rejection stays one, and an enrollment that nobody scanned has no phone yet.
        """
        unscanned = transaction.purpose == "enroll" and transaction.state == "pending"
        if unscanned or transaction.state in ("used", "rejected") or transaction.device_id in self.devices:
            return transaction.state
        return "superseded"

    def answer(self, transaction: OobTransaction, *, accepted: bool, reason: str | None) -> None:
        """Take a phone's answer, once; the caller has checked that the transaction is pending."""
        transaction.state = "approved" if accepted else "rejected"
        transaction.reason = reason

    def redeem(self, transaction: OobTransaction) -> dict[str, object]:
        """End an approved transaction: the login is done, and its original request gets its tokens."""
        transaction.state = "used"
        transaction.login.done = True
        return self.token_set(transaction.login.request)

    def forget(self, login: Login) -> None:
        """Close a login that nobody will poll: the one by which the lab prepares a user."""
        login.done = True
