"""The two shapes of a Guardian push: a flat map of strings for FCM, nested JSON for APNS."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from auth0_mfa_lab.sandbox.records import Device, OobTransaction

CATEGORY = "com.auth0.notification.authentication"
SOURCE = {"b": {"n": "Firefox", "v": "128.0"}, "os": {"n": "Linux", "v": "6.1"}}
LOCATION = {"n": "Oslo, Norway", "lat": "59.91273", "long": "10.74609"}


def push_payload(*, device: Device, transaction: OobTransaction, txtkn: str, host: str) -> dict[str, object]:
    """Return what the platform of this device delivers for one login (the guardian reference, section 4).

    `host` is the tenant's domain. Where the login comes from (`s`, `l`) is invented: an API client sends neither.
    """
    fields = {
        "dai": device.id,
        "txtkn": txtkn,
        "c": transaction.challenge,
        "sh": host,
        "d": _instant(transaction.started),
    }
    if device.service == "APNS":
        return _apns({**fields, "s": SOURCE, "l": LOCATION}, host)
    return {**fields, "s": _compact(SOURCE), "l": _compact(LOCATION)}


def _instant(seconds: float) -> str:
    """Return the time with exactly three fraction digits and a literal Z: the SDKs parse nothing else."""
    text = datetime.fromtimestamp(int(seconds * 1000) / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def in_form(payload: Mapping[str, object], form: str) -> dict[str, object]:
    """Return a payload as the app of the other platform would receive it: `apns` is nested, `fcm` is flat."""
    is_apns = "aps" in payload
    if is_apns == (form == "apns"):
        return dict(payload)
    if is_apns:
        mfa = payload["mfa"]
        assert isinstance(mfa, Mapping)
        return {**mfa, "s": _compact(mfa["s"]), "l": _compact(mfa["l"])}
    fields = {name: str(value) for name, value in payload.items()}
    return _apns({**fields, "s": json.loads(fields["s"]), "l": json.loads(fields["l"])}, fields["sh"])


def _apns(fields: Mapping[str, object], host: str) -> dict[str, object]:
    alert = {"title": f"{host}: authentication", "body": f"Allow the login to {host}?"}
    return {"aps": {"alert": alert, "category": CATEGORY}, "mfa": dict(fields)}
