"""The virtual phone: it scans a QR, shows codes, gets pushes, and answers them over HTTP with signed JWTs."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
from joserfc import jwt
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox.clock import Chance
from auth0_mfa_lab.sandbox.delivery import Push
from auth0_mfa_lab.sandbox.json_text import json_object
from auth0_mfa_lab.sandbox.limits import Bounded
from auth0_mfa_lab.sandbox.oauth.tokens import NewKey

if TYPE_CHECKING:
    import httpx

ANSWER_LIFETIME, PUSH_LIFETIME = 30, 300
KEPT = 1_000
"""How many enrollments, codes and answers a phone remembers; the oldest are forgotten first."""
OF_AN_ACCOUNT = ("id", "user_id", "issuer", "token")
"""What the device API tells a phone that it enrolls."""
MOUNT = "/appliance-mfa"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrollment:
    """One account on the phone, with the key that signs its answers; `label` is whose it is, as the QR said."""

    id: str
    user_id: str
    issuer: str
    base_url: str
    label: str
    token: str = field(repr=False)
    key: RSAKey = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What shows codes on the phone: whose they are, by the QR or the enrollment; each has its own `number`."""

    label: str
    totp: pyotp.TOTP = field(repr=False)
    user_id: str | None
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One push on the phone's screen; `id` is its public name: no secret, and the same in two runs of one seed."""

    id: str
    enrollment_id: str
    host: str
    started: float
    source: str
    location: str
    transaction_token: str = field(repr=False)
    challenge: str = field(repr=False)


class Phone:
    """A phone with the Guardian app, which knows the tenant only through its mailbox and HTTP; no status raises."""

    def __init__(
        self,
        http: httpx.Client,
        pushes: Callable[[str], Sequence[Push]],
        clock: Time,
        chance: Chance,
        *,
        fallback_url: str,
        new_key: NewKey = RSAKey.generate_key,
    ) -> None:
        self.name = "Sandbox phone"
        self.identifier, self.push_token = names_of_a_phone(chance)
        self.enrollments: tuple[Enrollment, ...] = ()
        """The accounts on this phone, oldest first."""
        self.accounts: tuple[Account, ...] = ()
        """What shows codes, in the order of the scans."""
        self._http, self._pushes, self._clock = http, pushes, clock
        self._fallback_url, self._new_key = fallback_url, new_key
        self._answered: Bounded[bool] = Bounded(KEPT)
        self._scans = 0

    @property
    def notifications(self) -> tuple[Notification, ...]:
        """The pushes that wait: for an account of this phone, not answered, not past their 5 minutes; oldest first."""
        return self.waiting(self._clock.now(), self._pushes(self.push_token))

    def waiting(self, now: float, delivered: Sequence[Push]) -> tuple[Notification, ...]:
        """Return those of the pushes delivered to this phone that wait at an instant (epoch seconds)."""
        enrolled = {each.id for each in self.enrollments}
        return tuple(
            push
            for push in map(read_push, delivered)
            if push is not None
            and push.enrollment_id in enrolled
            and push.transaction_token not in self._answered
            and now < push.started + PUSH_LIFETIME
        )

    def scan(self, barcode: str | bytes, *, http: httpx.Client | None = None) -> httpx.Response | None:
        """Scan a QR, as its text or as PNG bytes. Raises NotABarcode.

        A Guardian ticket enrolls over HTTP (the guardian reference, section 2), by `http` where it is not to be
        recorded, and returns the answer of any status; PhoneError for a success that brings no account. The secret of
        an authenticator app is kept: None.
        """
        import httpx

        label, query = read_barcode(barcode)
        if "enrollment_tx_id" not in query:
            self._show(label, _totp(query))
            return None
        client, key = http or self._http, self._new_key()
        public = key.as_dict(private=False)
        body = {
            "identifier": self.identifier,
            "name": self.name,
            "push_credentials": {"service": "GCM", "token": self.push_token},
            # As Guardian's apps send it (the guardian reference, section 6): no kid, nothing private.
            "public_key": {"kty": "RSA", "alg": "RS256", "use": "sig", "e": public["e"], "n": public["n"]},
        }
        ticket = {"authorization": f'Ticket id="{query["enrollment_tx_id"]}"'}
        try:
            base_url = device_api(query.get("base_url", self._fallback_url))
            request = client.build_request("POST", f"{base_url}/api/enroll", headers=ticket, json=body)
            if not urlsplit(base_url).hostname:
                raise ValueError(base_url)
        except (ValueError, httpx.InvalidURL):
            raise _unreadable("its enrollment_tx_id or base_url cannot be sent") from None
        answer = client.send(request)
        if answer.is_success:
            self._keep(answer, base_url, label, key)
        return answer

    def _keep(self, answer: httpx.Response, base_url: str, label: str, key: RSAKey) -> None:
        """Keep the account that a successful enrollment brings; PhoneError where it brings none."""
        account = json_object(answer.content) or {}
        names = {name: each for name in OF_AN_ACCOUNT if isinstance(each := account.get(name), str)}
        missing, totp = [name for name in OF_AN_ACCOUNT if name not in names], None
        if isinstance(told := account.get("totp"), dict):
            try:
                totp = _totp(told)
            except NotABarcode:
                missing.append("totp")
        if missing:
            raise PhoneError(
                f"The tenant answered {answer.status_code} to the enrollment, and the phone kept nothing of it: "
                f"its JSON has no {', '.join(missing)} that the phone can use."
            )
        enrollment = Enrollment(**names, base_url=base_url, label=label, key=key)
        self.enrollments = (*self.enrollments, enrollment)[-KEPT:]
        if totp is not None:
            self._show(enrollment.issuer, totp, enrollment.user_id)

    def _show(self, label: str, totp: pyotp.TOTP, user_id: str | None = None) -> None:
        self._scans += 1
        account = Account(label=label, totp=totp, user_id=user_id, number=self._scans)
        self.accounts = (*self.accounts, account)[-KEPT:]

    def allow(self, push: Notification | None = None) -> httpx.Response:
        """Allow a push, the newest that waits unless one is named; raises NotEnrolled, NothingToAnswer."""
        return self._answer(push, accepted=True)

    def reject(self, reason: str | None = None, push: Notification | None = None) -> httpx.Response:
        """Reject a push like that, with a reason or without; raises NotEnrolled, NothingToAnswer."""
        return self._answer(push, accepted=False, reason=reason)

    def _answer(self, push: Notification | None, *, accepted: bool, reason: str | None = None) -> httpx.Response:
        """Post a signed answer; 2xx and 404 are final, after anything else the push still waits."""
        if push is None:
            if not self.enrollments:
                raise NotEnrolled("This phone has no account yet. Let it scan the barcode_uri of /mfa/associate first.")
            if not (waiting := self.notifications):
                raise NothingToAnswer(
                    "No push waits on this phone. Send one with /mfa/challenge; it can be answered for 5 minutes."
                )
            push = waiting[-1]
        enrollment = next(each for each in self.enrollments if each.id == push.enrollment_id)
        now, url = int(self._clock.stamp()), f"{enrollment.base_url}/api/resolve-transaction"
        claims = {"iss": self.identifier, "sub": push.challenge, "aud": url, "iat": now, "exp": now + ANSWER_LIFETIME}
        claims |= {"auth0_guardian_method": "push", "auth0_guardian_accepted": accepted}
        claims |= {} if reason is None else {"auth0_guardian_reason": reason}
        answer = self._http.post(
            url,
            headers={"authorization": f"Bearer {push.transaction_token}"},
            json={"challenge_response": jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, enrollment.key)},
        )
        if answer.is_success or answer.status_code == 404:
            self._answered[push.transaction_token] = True
        return answer

    def forget(self, user_id: str, label: str) -> None:
        """Take a user's enrollments and codes off the phone; an authenticator app's codes go by their label."""
        self.enrollments = tuple(each for each in self.enrollments if each.user_id != user_id)
        self.accounts = tuple(each for each in self.accounts if each.user_id != user_id and each.label != label)

    def code(self, account: Account | None = None) -> str:
        """Return the TOTP of an account, or of what was scanned last, at the sandbox's time; raises NotEnrolled."""
        if not self.accounts:
            raise NotEnrolled("This phone shows no codes: it has no account yet. Let it scan a barcode_uri first.")
        return (account or self.accounts[-1]).totp.at(int(self._clock.now()))

    def __repr__(self) -> str:
        return f"Phone({self.name!r}, accounts={len(self.enrollments)})"


def names_of_a_phone(chance: Chance) -> tuple[str, str]:
    """Draw what a phone is known by: its identifier, and the token that its pushes are sent to."""
    return chance.hex(16), f"{chance.base64url(22)}:APA91b{chance.base64url(134)}"


def read_barcode(barcode: str | bytes) -> tuple[str, dict[str, str]]:
    """Return the label in a QR, its text or its picture (PNG bytes), and its query. Raises NotABarcode."""
    if isinstance(barcode, bytes):
        # Only here: most phones are given texts, and a server must start fast.
        import zxingcpp
        from PIL import Image, UnidentifiedImageError

        try:
            with Image.open(io.BytesIO(barcode)) as image:
                found = zxingcpp.read_barcodes(image.convert("L"))
        except (UnidentifiedImageError, OSError):
            raise _unreadable("it is no picture") from None
        if not found:
            raise _unreadable("there is no barcode in the picture")
        barcode = str(found[0].text)
    try:
        parts = urlsplit(barcode.strip())
    except ValueError:  # a bracket in it
        parts = urlsplit("")
    if parts.scheme != "otpauth" or parts.netloc.lower() != "totp":
        raise _unreadable("it is no otpauth://totp/... address")
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if query.keys().isdisjoint(("enrollment_tx_id", "secret")):
        raise _unreadable("it has neither an enrollment_tx_id nor a secret")
    return unquote(parts.path).removeprefix("/"), query


def _unreadable(problem: str) -> NotABarcode:
    return NotABarcode(f"This QR enrolls nothing: {problem}. Scan the barcode_uri of a push or OTP enrollment.")


def _totp(query: Mapping[str, Any]) -> pyotp.TOTP:
    try:
        digits, period = int(query.get("digits", 6)), int(query.get("period", 30))
        totp = pyotp.TOTP(query["secret"], digits=digits, interval=period)
        totp.byte_secret()
    except (KeyError, TypeError, ValueError, OverflowError):
        raise _unreadable("its secret, digits or period cannot be read") from None
    if str(query.get("algorithm", "SHA1")).upper() != "SHA1":
        raise _unreadable("it asks for codes that this phone cannot make")
    return totp


def device_api(base_url: str) -> str:
    """Return where the device API is for a base URL: below `/appliance-mfa`, but at a Guardian host (section 7)."""
    base_url = base_url.rstrip("/")
    parts = urlsplit(base_url)
    return base_url + ("" if MOUNT in parts.path or GUARDIAN_HOST.search(parts.hostname or "") else MOUNT)


def read_push(push: Push) -> Notification | None:
    """Read FCM's flat map; a payload without a required key is no Guardian push (the guardian reference, section 4)."""
    payload = push.payload
    try:
        source, location = (json.loads(str(payload.get(name) or "{}")) for name in ("s", "l"))
        return Notification(
            id=push.id,
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
