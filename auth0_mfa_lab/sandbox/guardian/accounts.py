"""What a phone keeps and reads: its accounts, its enrollments, and the pushes that reach it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import pyotp
from joserfc.jwk import RSAKey


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


class Delivered(Protocol):
    """What a phone reads of a push that was delivered to it."""

    @property
    def id(self) -> str: ...
    @property
    def payload(self) -> Mapping[str, Any]: ...


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
