"""The transactions: a login behind each mfa_token, an out-of-band one behind each oob_code."""

from typing import Literal

from auth0_mfa_lab.sandbox.bounded import Bounded
from auth0_mfa_lab.sandbox.chance import Chance
from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.limits import Limits
from auth0_mfa_lab.sandbox.oauth.tokens import Tokens
from auth0_mfa_lab.sandbox.records import Channel, Login, OobTransaction, Request, Ticket

MFA_TOKEN_LIFETIME = 600
OOB_CODE_LIFETIME = 300


class Transactions:
    """Every transaction, found by its own token, at the same cost however many there are."""

    def __init__(self, *, clock: Clock, chance: Chance, tokens: Tokens, limits: Limits) -> None:
        self._limits = limits
        self._clock = clock
        self._chance = chance
        self._tokens = tokens
        self._logins: Bounded[Login] = Bounded(has_ended=self._is_over)
        self._access_tokens: Bounded[Login] = Bounded(has_ended=self._is_over)
        self._by_code: Bounded[OobTransaction] = Bounded(has_ended=self._has_ended)
        self._by_txid: Bounded[OobTransaction] = Bounded(has_ended=self._has_ended)
        self._tickets: Bounded[Ticket] = Bounded(has_ended=lambda ticket: self._has_ended(ticket.transaction))
        self._newest_of: Bounded[OobTransaction] = Bounded(has_ended=self._has_ended)

    def begin_login(self, request: Request) -> Login:
        """Remember a login whose second factor is due: 10 minutes (reference, section 0.3)."""
        expires = self._clock.now() + MFA_TOKEN_LIFETIME
        login = Login(mfa_token=self._tokens.mfa_token(expires), request=request, expires=expires)
        self._logins[login.mfa_token] = login
        return login

    def login(self, mfa_token: str) -> Login | None:
        return self._logins.get(mfa_token)

    def access_login(self, token: str, request: Request, expires: float) -> Login:
        """Return the transaction of an MFA access token, the same one each time; the caller has verified it."""
        fresh = Login(mfa_token=token, request=request, expires=expires, is_access_token=True)
        known = self._access_tokens.get(token)
        if known is None:
            self._access_tokens[token] = fresh
        return known or fresh

    def begin_oob(
        self,
        login: Login,
        *,
        purpose: Literal["enroll", "login"],
        device_id: str,
        channel: Channel = "auth0",
        code: str = "",
        address: str = "",
    ) -> OobTransaction:
        """Begin an out-of-band transaction: 5 minutes, with a poll bucket of its own (reference, section 6.3)."""
        now = self._clock.now()
        expires = now + OOB_CODE_LIFETIME
        transaction = OobTransaction(
            txid=f"txn_{self._chance.alnum(32)}",
            oob_code=self._tokens.oob_code(expires),
            login=login,
            purpose=purpose,
            channel=channel,
            device_id=device_id,
            started=now,
            expires=expires,
            polls=self._limits.new("polls"),
            challenge=self._chance.base64url(32) if purpose == "login" and channel == "auth0" else "",
            code=code,
            address=address,
        )
        self._by_code[transaction.oob_code] = transaction
        self._by_txid[transaction.txid] = transaction
        self._newest_of[login.request.user_id] = transaction
        return transaction

    def supersede(self, newer: OobTransaction) -> None:
        """Let a newer challenge take the place of its login's older one of that channel, if still pending [guess]."""
        login, channel = newer.login, newer.channel
        older = login.newest.get(channel)
        if older is not None and older.state == "pending":
            older.state = "superseded"
        login.newest[channel] = newer

    def oob(self, oob_code: str) -> OobTransaction | None:
        return self._by_code.get(oob_code)

    def newest_of(self, user_id: str) -> OobTransaction | None:
        """Return a user's newest out-of-band transaction, whatever became of it."""
        return self._newest_of.get(user_id)

    def by_txid(self, txid: str) -> OobTransaction | None:
        return self._by_txid.get(txid)

    def print_ticket(self, transaction: OobTransaction, *, totp_secret: str) -> Ticket:
        """Make the ticket of a QR; it lives as long as its transaction."""
        ticket = Ticket(id=self._chance.alnum(32), transaction=transaction, totp_secret=totp_secret)
        self._tickets[ticket.id] = ticket
        return ticket

    def ticket(self, ticket_id: str) -> Ticket | None:
        """Return a ticket that can still be scanned."""
        ticket = self._tickets.get(ticket_id)
        return ticket if ticket and self._clock.now() < ticket.transaction.expires else None

    def consume(self, ticket: Ticket) -> None:
        """Use a ticket up: two phones on one QR, and the second finds nothing."""
        self._tickets.pop(ticket.id, None)

    def end_all(self, user_id: str) -> None:
        """End whatever of a user's is under way: no login of theirs can be finished, and no code of it used."""
        for login in (*self._logins.values(), *self._access_tokens.values()):
            if login.request.user_id == user_id:
                login.expires = min(login.expires, self._clock.now())
        for transaction in self._by_code.values():
            if transaction.login.request.user_id == user_id and transaction.state in ("pending", "approved"):
                transaction.state = "superseded"
        self._newest_of.pop(user_id, None)

    def _is_over(self, login: Login) -> bool:
        return login.done or self._clock.now() >= login.expires

    def _has_ended(self, transaction: OobTransaction) -> bool:
        return transaction.state in ("used", "rejected", "superseded") or self._clock.now() >= transaction.expires
