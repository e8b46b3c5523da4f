"""The virtual phone: it scans a QR, shows codes, gets pushes, and answers them over HTTP with signed JWTs."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
from joserfc import jwt
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox.chance import Chance
from auth0_mfa_lab.sandbox.oauth.keys import NewKey

if TYPE_CHECKING:
    import httpx

ANSWER_LIFETIME = 30
KEPT = 1_000
"""How many enrollments, codes and answers a phone remembers; the oldest are forgotten first."""
PUSH_LIFETIME = 300
MOUNT = "/appliance-mfa"
SHORTEST = 14
"""Bytes of a TOTP secret, below which it makes no codes: NIST SP 800-63B asks for 112 bits; Auth0's have 160."""
GUARDIAN_HOST = re.compile(r"(^|\.)guardian(\.[^.]+)?\.auth0\.com$")


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


class Delivered(Protocol):
    """What a phone reads of a push that was delivered to it."""

    @property
    def id(self) -> str: ...
    @property
    def payload(self) -> Mapping[str, Any]: ...


class Mailbox(Protocol):
    """Where a phone's pushes are: a delivery, or what asks a tenant for them."""

    def pushes(self, token: str) -> Sequence[Delivered]:
        """Return what was delivered to a push token, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrollment:
    """One account on the phone, with the key that signs its answers; `label` is whose it is, as the QR said."""

    id: str
    user_id: str
    issuer: str
    base_url: str
    label: str = ""
    token: str = field(repr=False)
    totp: pyotp.TOTP | None = field(repr=False)
    key: RSAKey = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What shows codes on the phone: whose they are, as the QR says or the enrollment does."""

    label: str
    totp: pyotp.TOTP = field(repr=False)
    user_id: str | None = None
    number: int = 0
    """How many scans brought codes to the phone, this one included: no other account of the phone has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One push on the phone's screen."""

    enrollment_id: str
    host: str
    started: float
    source: str
    location: str
    transaction_token: str = field(repr=False)
    challenge: str = field(repr=False)
    id: str
    """The push's public name: no secret, and the same in two runs of one seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode:
    """What a phone needs of a Guardian QR: the ticket, and the device API's base URL where the QR names one.

    `label` is what the app shows for the account.
    """

    ticket: str = field(repr=False)
    base_url: str | None
    label: str


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
        read = read_barcode(barcode)
        if isinstance(read, Account):
            self._show(read)
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


def read_barcode(barcode: str | bytes) -> Barcode | Account:
    """Read the URI of a QR, or its picture (PNG bytes): a Guardian ticket, or else the secret of an authenticator app.

    Both generations of Guardian's URI (the guardian reference, 1a, 1b); a ticket beside a secret is Guardian's.
    Raises NotABarcode.
    """
    text = _text_of_picture(barcode) if isinstance(barcode, bytes) else barcode.strip()
    parts = urlsplit(text)
    if parts.scheme != "otpauth" or parts.netloc.lower() != "totp":
        raise _unreadable("it is no otpauth://totp/... address")
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    label = unquote(parts.path).removeprefix("/")
    if "enrollment_tx_id" in query:
        base_url = query.get("base_url")
        base_url = device_api(base_url) if base_url else None
        return Barcode(ticket=query["enrollment_tx_id"], base_url=base_url, label=label)
    if "secret" in query:
        return _account(label, query)
    raise _unreadable("it has neither an enrollment_tx_id nor a secret")


def _unreadable(problem: str) -> NotABarcode:
    return NotABarcode(f"This QR enrolls nothing: {problem}. Scan the barcode_uri of a push or OTP enrollment.")


def _account(label: str, query: dict[str, str]) -> Account:
    try:
        secret = base64.b32decode(query["secret"] + "=" * (-len(query["secret"]) % 8), casefold=True)
        digits, period = int(query.get("digits", "6")), int(query.get("period", "30"))
    except ValueError:
        raise _unreadable("its secret, digits or period cannot be read") from None
    if (
        query.get("algorithm", "SHA1").upper() != "SHA1"
        or not 1 <= digits <= 10
        or period < 1
        or len(secret) < SHORTEST
    ):
        raise _unreadable("it asks for codes that this phone cannot make")
    return Account(label=label, totp=pyotp.TOTP(query["secret"], digits=digits, interval=period))


def device_api(base_url: str) -> str:
    """Return where the device API is for a base URL: `/appliance-mfa` is appended where Auth0's apps append it.

    That is, unless the path has it already or the host is a Guardian host (the guardian reference, section 7).
    """
    parts = urlsplit(base_url.rstrip("/"))
    if MOUNT in parts.path or GUARDIAN_HOST.search(parts.hostname or ""):
        return base_url.rstrip("/")
    return base_url.rstrip("/") + MOUNT


def _text_of_picture(picture: bytes) -> str:
    # Only here: most phones are given texts, and a server must start fast.
    import zxingcpp
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(picture)) as image:
            found = zxingcpp.read_barcodes(image.convert("L"))
    except (UnidentifiedImageError, OSError):
        raise _unreadable("it is no picture") from None
    if not found:
        raise _unreadable("there is no barcode in the picture")
    return str(found[0].text)


def five_members(key: RSAKey) -> dict[str, object]:
    """Return a public key as Guardian's apps send it (the guardian reference, section 6): no kid, nothing private."""
    public = key.as_dict(private=False)
    return {"kty": "RSA", "alg": "RS256", "use": "sig", "e": public["e"], "n": public["n"]}


def read_enrollment(body: Mapping[str, object], base_url: str, label: str, key: RSAKey) -> Enrollment:
    """Read what the tenant answered to the scan of a QR with this label (the guardian reference, section 2)."""
    totp = body.get("totp")
    return Enrollment(
        id=str(body["id"]),
        user_id=str(body["user_id"]),
        issuer=str(body["issuer"]),
        base_url=base_url,
        label=label,
        token=str(body["token"]),
        totp=pyotp.TOTP(totp["secret"], digits=totp["digits"], interval=totp["period"])
        if isinstance(totp, dict)
        else None,
        key=key,
    )


def read_push(push: Delivered) -> Notification | None:
    """Read FCM's flat map; a payload without a required key is no Guardian push (the guardian reference, section 4)."""
    payload = push.payload
    try:
        source, location = _parsed(payload.get("s")), _parsed(payload.get("l"))
        return Notification(
            enrollment_id=str(payload["dai"]),
            host=str(payload["sh"]),
            started=datetime.fromisoformat(str(payload["d"])).timestamp(),
            source=" on ".join(str(part["n"]) for part in source.values()),
            location=str(location.get("n", "")),
            transaction_token=str(payload["txtkn"]),
            challenge=str(payload["c"]),
            id=push.id,
        )
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def _parsed(value: object) -> dict[str, Any]:
    """Return one of the optional objects, which FCM carries as a JSON string."""
    parsed = json.loads(value) if isinstance(value, str) else {}
    return parsed if isinstance(parsed, dict) else {}
