"""The virtual phone: it scans a QR, shows codes, gets pushes, and answers them over HTTP with signed JWTs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import pyotp
from joserfc import jwt
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox.barcodes import Seed, UnreadableBarcode, device_api, read_barcode
from auth0_mfa_lab.sandbox.chance import Chance
from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.delivery import Delivery, Push
from auth0_mfa_lab.sandbox.keys import NewKey

ANSWER_LIFETIME = 30
PUSH_LIFETIME = 300


class PhoneError(Exception):
    """What a phone cannot do, and what to do about it."""


class NotEnrolled(PhoneError):
    """The phone has scanned no ticket yet."""


class NothingToAnswer(PhoneError):
    """No push is waiting."""


class NotABarcode(PhoneError):
    """What was scanned enrolls nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrollment:
    """One account on the phone, with the key that signs its answers."""

    id: str
    user_id: str
    issuer: str
    base_url: str
    token: str = field(repr=False)
    totp: pyotp.TOTP | None = field(repr=False)
    key: RSAKey = field(repr=False)


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


class Phone:
    """A phone with the Guardian app; it knows the tenant only through HTTP and its mailbox.

    HTTP statuses never raise: a refusal is the Response that is returned. `new_key` makes the RSA key of an enrollment,
    and `fallback_url` is where to enroll when a QR has no `base_url`.
    """

    def __init__(
        self,
        http: httpx.Client,
        mailbox: Delivery,
        clock: Clock,
        chance: Chance,
        *,
        name: str = "Sandbox phone",
        fallback_url: str | None = None,
        new_key: NewKey = RSAKey.generate_key,
    ) -> None:
        self.name = name
        self.identifier = chance.hex(16)
        self.push_token = f"{chance.base64url(22)}:APA91b{chance.base64url(134)}"
        self._http = http
        self._mailbox = mailbox
        self._clock = clock
        self._fallback_url = fallback_url
        self._new_key = new_key
        self._enrollments: dict[str, Enrollment] = {}
        self._codes: list[pyotp.TOTP] = []
        self._answered: set[str] = set()

    @property
    def enrollments(self) -> tuple[Enrollment, ...]:
        """The accounts on this phone, oldest first."""
        return tuple(self._enrollments.values())

    @property
    def notifications(self) -> tuple[Notification, ...]:
        """The pushes that wait: for an account of this phone, not answered, not past their 5 minutes; oldest first."""
        return tuple(
            notification
            for notification in map(_read_push, self._mailbox.pushes(self.push_token))
            if notification is not None
            and notification.enrollment_id in self._enrollments
            and notification.transaction_token not in self._answered
            and self._clock.now() < notification.started + PUSH_LIFETIME
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
            self._codes.append(pyotp.TOTP(read.secret, digits=read.digits, interval=read.period))
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
                "public_key": _five_members(key),
            },
        )
        if answer.is_success:
            enrollment = _enrollment(answer.json(), base_url, key)
            self._enrollments[enrollment.id] = enrollment
            self._codes += [enrollment.totp] if enrollment.totp else []
        return answer

    def allow(self) -> httpx.Response:
        """Allow the newest push that waits; raises NotEnrolled, NothingToAnswer."""
        return self._answer(self._newest(), {"auth0_guardian_accepted": True})

    def reject(self, reason: str | None = None) -> httpx.Response:
        """Reject the newest push that waits, with a reason or without; raises NotEnrolled, NothingToAnswer."""
        claims: dict[str, object] = {"auth0_guardian_accepted": False}
        if reason is not None:
            claims["auth0_guardian_reason"] = reason
        return self._answer(self._newest(), claims)

    def code(self) -> str:
        """Return the TOTP of what was scanned last, at the sandbox's time; raises NotEnrolled."""
        if not self._codes:
            raise NotEnrolled("This phone shows no codes: it has no account yet. Let it scan a barcode_uri first.")
        return self._codes[-1].at(int(self._clock.now()))

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
            self._answered.add(notification.transaction_token)
        return answer

    def __repr__(self) -> str:
        accounts, waiting = len(self._enrollments), len(self.notifications)
        return f"Phone({self.name!r}, accounts={accounts}, waiting={waiting})"


def _five_members(key: RSAKey) -> dict[str, object]:
    """Return a public key as Guardian's apps send it (the guardian reference, section 6): no kid, nothing private."""
    public = key.as_dict(private=False)
    return {"kty": "RSA", "alg": "RS256", "use": "sig", "e": public["e"], "n": public["n"]}


def _enrollment(body: Mapping[str, object], base_url: str, key: RSAKey) -> Enrollment:
    totp = body.get("totp")
    return Enrollment(
        id=str(body["id"]),
        user_id=str(body["user_id"]),
        issuer=str(body["issuer"]),
        base_url=base_url,
        token=str(body["token"]),
        totp=pyotp.TOTP(totp["secret"], digits=totp["digits"], interval=totp["period"])
        if isinstance(totp, dict)
        else None,
        key=key,
    )


def _read_push(push: Push) -> Notification | None:
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
        )
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def _parsed(value: object) -> dict[str, Any]:
    """Return one of the optional objects, which FCM carries as a JSON string."""
    parsed = json.loads(value) if isinstance(value, str) else {}
    return parsed if isinstance(parsed, dict) else {}
