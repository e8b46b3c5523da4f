"""The virtual phone: it scans a QR, shows codes, gets pushes, and answers them over HTTP with signed JWTs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import pyotp
from joserfc import jwt
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox.chance import Chance
from auth0_mfa_lab.sandbox.guardian.accounts import (
    Account,
    Delivered,
    Enrollment,
    Notification,
    five_members,
    read_enrollment,
    read_push,
)
from auth0_mfa_lab.sandbox.guardian.barcodes import Seed, UnreadableBarcode, device_api, read_barcode
from auth0_mfa_lab.sandbox.oauth.keys import NewKey

if TYPE_CHECKING:
    import httpx

__all__ = ["Enrollment", "NotABarcode", "NotEnrolled", "NothingToAnswer", "Notification", "Phone", "PhoneError"]

ANSWER_LIFETIME = 30
KEPT = 1_000
"""How many enrollments, codes and answers a phone remembers; the oldest are forgotten first."""
PUSH_LIFETIME = 300


class PhoneError(Exception):
    """What a phone cannot do, and what to do about it."""


class NotEnrolled(PhoneError):
    """The phone has scanned no ticket yet."""


class NothingToAnswer(PhoneError):
    """No push is waiting."""


class NotABarcode(PhoneError):
    """What was scanned enrolls nothing."""


class Time(Protocol):
    """The time of a phone: `now` is what its codes go by, `stamp` what it writes into its answers."""

    def now(self) -> float: ...
    def stamp(self) -> float: ...


class Mailbox(Protocol):
    """Where a phone's pushes are: a delivery, or what asks a tenant for them."""

    def pushes(self, token: str) -> Sequence[Delivered]:
        """Return what was delivered to a push token, oldest first."""


class Phone:
    """A phone with the Guardian app; it knows the tenant only through HTTP and its mailbox.

    HTTP statuses never raise: a refusal is the Response that is returned. `new_key` makes the RSA key of an enrollment,
    and `fallback_url` is where to enroll when a QR has no `base_url`.
    """

    def __init__(
        self,
        http: httpx.Client,
        mailbox: Mailbox,
        clock: Time,
        chance: Chance,
        *,
        name: str = "Sandbox phone",
        fallback_url: str | None = None,
        new_key: NewKey = RSAKey.generate_key,
    ) -> None:
        self.name = name
        self.identifier, self.push_token = names_of_a_phone(chance)
        self._http = http
        self._mailbox = mailbox
        self._clock = clock
        self._fallback_url = fallback_url
        self._new_key = new_key
        self._enrollments: dict[str, Enrollment] = {}
        self._accounts: list[Account] = []
        self._answered: dict[str, None] = {}
        self._shown = 0

    @property
    def enrollments(self) -> tuple[Enrollment, ...]:
        """The accounts on this phone, oldest first."""
        return tuple(self._enrollments.values())

    @property
    def accounts(self) -> tuple[Account, ...]:
        """What shows codes, in the order of the scans."""
        return tuple(self._accounts)

    @property
    def notifications(self) -> tuple[Notification, ...]:
        """The pushes that wait: for an account of this phone, not answered, not past their 5 minutes; oldest first."""
        return self.waiting(self._clock.now(), self._mailbox.pushes(self.push_token))

    def waiting(self, now: float, delivered: Sequence[Delivered]) -> tuple[Notification, ...]:
        """Return those of the pushes delivered to this phone that wait at an instant (epoch seconds)."""
        return tuple(
            notification
            for notification in map(read_push, delivered)
            if notification is not None
            and notification.enrollment_id in self._enrollments
            and notification.transaction_token not in self._answered
            and now < notification.started + PUSH_LIFETIME
        )

    def scan(self, barcode: str | bytes, *, http: httpx.Client | None = None) -> httpx.Response | None:
        """Scan a QR, as its text or as PNG bytes.

        A Guardian ticket enrolls over HTTP (the guardian reference, section 2) and returns the answer, whatever its
        status; `http` is used instead of the phone's own client, for a scan that nobody should record. The secret of
        an OTP enrollment is kept as any authenticator app keeps it, and nothing is sent: None. Raises NotABarcode.
        """
        try:
            read = read_barcode(barcode)
        except UnreadableBarcode as problem:
            raise NotABarcode(
                f"This QR enrolls nothing: {problem}. Scan the barcode_uri of a push or OTP enrollment."
            ) from None
        if isinstance(read, Seed):
            totp = pyotp.TOTP(read.secret, digits=read.digits, interval=read.period)
            self._show(Account(label=read.label, totp=totp))
            return None
        base_url = read.base_url or (device_api(self._fallback_url) if self._fallback_url else None)
        if base_url is None:
            raise NotABarcode("This QR names no base_url, and the phone has no domain of its own to turn to.")
        key = self._new_key()
        answer = (http or self._http).post(
            f"{base_url}/api/enroll",
            headers={"authorization": f'Ticket id="{read.ticket}"'},
            json={
                "identifier": self.identifier,
                "name": self.name,
                "push_credentials": {"service": "GCM", "token": self.push_token},
                "public_key": five_members(key),
            },
        )
        if answer.is_success:
            enrollment = read_enrollment(answer.json(), base_url, read.label, key)
            self._enrollments[enrollment.id] = enrollment
            _forget_oldest(self._enrollments)
            if enrollment.totp:
                self._show(Account(label=enrollment.issuer, totp=enrollment.totp, user_id=enrollment.user_id))
        return answer

    def allow(self, push: Notification | None = None) -> httpx.Response:
        """Allow a push, the newest that waits unless one is named; raises NotEnrolled, NothingToAnswer."""
        return self._answer(push or self._newest(), {"auth0_guardian_accepted": True})

    def reject(self, reason: str | None = None, push: Notification | None = None) -> httpx.Response:
        """Reject a push like that, with a reason or without; raises NotEnrolled, NothingToAnswer."""
        claims: dict[str, object] = {"auth0_guardian_accepted": False}
        if reason is not None:
            claims["auth0_guardian_reason"] = reason
        return self._answer(push or self._newest(), claims)

    def forget(self, user_id: str, label: str) -> None:
        """Take a user's enrollments and codes off the phone; an authenticator app's codes go by their label."""
        self._enrollments = {key: one for key, one in self._enrollments.items() if one.user_id != user_id}
        self._accounts = [one for one in self._accounts if one.user_id != user_id and one.label != label]

    def code(self, account: Account | None = None) -> str:
        """Return the TOTP of an account, or of what was scanned last, at the sandbox's time; raises NotEnrolled."""
        if not self._accounts:
            raise NotEnrolled("This phone shows no codes: it has no account yet. Let it scan a barcode_uri first.")
        return (account or self._accounts[-1]).totp.at(int(self._clock.now()))

    def _show(self, account: Account) -> None:
        self._shown += 1
        self._accounts.append(replace(account, number=self._shown))
        del self._accounts[:-KEPT]

    def _newest(self) -> Notification:
        if not self._enrollments:
            raise NotEnrolled("This phone has no account yet. Let it scan the barcode_uri of /mfa/associate first.")
        waiting = self.notifications
        if not waiting:
            raise NothingToAnswer(
                "No push waits on this phone. Send one with /mfa/challenge; it can be answered for 5 minutes."
            )
        return waiting[-1]

    def _answer(self, notification: Notification, verdict: Mapping[str, object]) -> httpx.Response:
        """Post a signed answer; 2xx and 404 are final, after anything else the push still waits."""
        enrollment = self._enrollments[notification.enrollment_id]
        url = f"{enrollment.base_url}/api/resolve-transaction"
        now = int(self._clock.stamp())
        claims = {
            "iss": self.identifier,
            "sub": notification.challenge,
            "aud": url,
            "iat": now,
            "exp": now + ANSWER_LIFETIME,
            "auth0_guardian_method": "push",
            **verdict,
        }
        answer = self._http.post(
            url,
            headers={"authorization": f"Bearer {notification.transaction_token}"},
            json={"challenge_response": jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, enrollment.key)},
        )
        if answer.is_success or answer.status_code == 404:
            self._answered[notification.transaction_token] = None
            _forget_oldest(self._answered)
        return answer

    def __repr__(self) -> str:
        return f"Phone({self.name!r}, accounts={len(self._enrollments)})"


def _forget_oldest(kept: dict[str, Any]) -> None:
    for oldest in list(kept)[:-KEPT] if len(kept) > KEPT else ():
        del kept[oldest]


def names_of_a_phone(chance: Chance) -> tuple[str, str]:
    """Draw what a phone is known by: its identifier, and the token that its pushes are sent to."""
    return chance.hex(16), f"{chance.base64url(22)}:APA91b{chance.base64url(134)}"
