"""The two shapes of a Guardian push: a flat map of strings for FCM, nested JSON for APNS."""

import json
from collections.abc import Mapping
from typing import Any

SOURCE = {"b": {"n": "Firefox", "v": "128.0"}, "os": {"n": "Linux", "v": "6.1"}}
LOCATION = {"n": "Oslo, Norway", "lat": "59.91273", "long": "10.74609"}
"""Where a login comes from is invented: an API client sends neither."""


def in_form(payload: Mapping[str, Any], form: str) -> dict[str, object]:
    """Return a payload as an app of either platform would receive it: `apns` is nested, `fcm` is flat."""
    fields = payload.get("mfa", payload)
    parts = {name: json.loads(fields[name]) if isinstance(fields[name], str) else fields[name] for name in ("s", "l")}
    if form == "fcm":
        return {**fields, **{name: json.dumps(part, separators=(",", ":")) for name, part in parts.items()}}
    alert = {"title": f"{fields['sh']}: authentication", "body": f"Allow the login to {fields['sh']}?"}
    category = "com.auth0.notification.authentication"
    return {"aps": {"alert": alert, "category": category}, "mfa": {**fields, **parts}}
