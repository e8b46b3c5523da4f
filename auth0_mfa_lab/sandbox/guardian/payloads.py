"""The two shapes of a Guardian push: a flat map of strings for FCM, nested JSON for APNS."""

import json
from collections.abc import Mapping
from typing import Any

from auth0_mfa_lab.sandbox.oauth.tokens import iso_date
from auth0_mfa_lab.sandbox.records import Device, OobTransaction

CATEGORY = "com.auth0.notification.authentication"
SOURCE = {"b": {"n": "Firefox", "v": "128.0"}, "os": {"n": "Linux", "v": "6.1"}}
LOCATION = {"n": "Oslo, Norway", "lat": "59.91273", "long": "10.74609"}


def push_payload(*, device: Device, transaction: OobTransaction, txtkn: str, host: str) -> dict[str, object]:
    """Return what the platform of this device delivers for one login (the guardian reference, section 4).

    `host` is the tenant's domain. Where the login comes from (`s`, `l`) is invented: an API client sends neither. The
    SDKs parse no other form of the time than three fraction digits and a literal Z.
    """
    fields = {
        "dai": device.id,
        "txtkn": txtkn,
        "c": transaction.challenge,
        "sh": host,
        "d": iso_date(transaction.started),
        "s": SOURCE,
        "l": LOCATION,
    }
    return in_form({"mfa": fields}, "apns" if device.service == "APNS" else "fcm")


def in_form(payload: Mapping[str, Any], form: str) -> dict[str, object]:
    """Return a payload as an app of either platform would receive it: `apns` is nested, `fcm` is flat."""
    fields = payload.get("mfa", payload)
    source, location = (json.loads(each) if isinstance(each, str) else each for each in (fields["s"], fields["l"]))
    if form == "apns":
        host = fields["sh"]
        alert = {"title": f"{host}: authentication", "body": f"Allow the login to {host}?"}
        return {"aps": {"alert": alert, "category": CATEGORY}, "mfa": {**fields, "s": source, "l": location}}
    texts = {name: json.dumps(value, separators=(",", ":")) for name, value in (("s", source), ("l", location))}
    return {**fields, **texts}
