"""The transactions: a login behind each mfa_token, an out-of-band one behind each oob_code."""

from typing import Literal

from auth0_mfa_lab.sandbox.clock import Chance, Clock
from auth0_mfa_lab.sandbox.limits import Bounded, Limits
from auth0_mfa_lab.sandbox.oauth.tokens import MFA_TOKEN_CIPHERTEXT, OOB_CODE_CIPHERTEXT, Tokens
from auth0_mfa_lab.sandbox.records import Channel, Login, OobTransaction, Request, Ticket

MFA_TOKEN_LIFETIME = 600
OOB_CODE_LIFETIME = 300


class Transactions:
    """Every transaction, found by its own token, at the same cost however many there are."""

    def __init__(self, *, clock: Clock, chance: Chance, tokens: Tokens, limits: Limits) -> None:
        self._limits, self._clock, self._chance, self._tokens = limits, clock, chance, tokens
        self.logins: Bounded[Login] = Bounded(has_ended=self._is_over)
        """By the mfa_token."""
        self.access_logins: Bounded[Login] = Bounded(has_ended=self._is_over)
        """By the MFA access token."""
        self.oob_codes: Bounded[OobTransaction] = Bounded(has_ended=self._has_ended)
        self.txids: Bounded[OobTransaction] = Bounded(has_ended=self._has_ended)
        self.tickets: Bounded[Ticket] = Bounded(has_ended=lambda ticket: self._has_ended(ticket.transaction))
        """By the id in the QR; one that was scanned is gone: two phones on one QR, and the second finds nothing."""
        self.newest_of: Bounded[OobTransaction] = Bounded(has_ended=self._has_ended)
        """Each user's newest out-of-band transaction, whatever became of it."""

    def begin_login(self, request: Request) -> Login:
        """Remember a login whose second factor is due: 10 minutes (reference, section 0.3)."""
        expires = self._clock.now() + MFA_TOKEN_LIFETIME
        mfa_token = self._tokens.sealed(expires, MFA_TOKEN_CIPHERTEXT)
        login = self.logins[mfa_token] = Login(mfa_token=mfa_token, request=request, expires=expires)
        return login

    def access_login(self, token: str, request: Request, expires: float) -> Login:
        """Return the transaction of an MFA access token, the same one each time; the caller has verified it."""
        if token not in self.access_logins:
            fresh = Login(mfa_token=token, request=request, expires=expires, is_access_token=True)
            self.access_logins[token] = fresh
        return self.access_logins[token]

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
            oob_code=self._tokens.sealed(expires, OOB_CODE_CIPHERTEXT),
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
        self.oob_codes[transaction.oob_code] = self.txids[transaction.txid] = transaction
        self.newest_of[login.request.user_id] = transaction
        return transaction

    def end_all(self, user_id: str) -> None:
        """End whatever of a user's is under way: no login of theirs can be finished, and no code of it used."""
        for login in (*self.logins.values(), *self.access_logins.values()):
            if login.request.user_id == user_id:
                login.expires = min(login.expires, self._clock.now())
        for transaction in self.oob_codes.values():
            if transaction.login.request.user_id == user_id and transaction.state in ("pending", "approved"):
                transaction.state = "superseded"
        self.newest_of.pop(user_id, None)

    def _is_over(self, login: Login) -> bool:
        return login.done or self._clock.now() >= login.expires

    def _has_ended(self, transaction: OobTransaction) -> bool:
        return transaction.state in ("used", "rejected", "superseded") or self._clock.now() >= transaction.expires
