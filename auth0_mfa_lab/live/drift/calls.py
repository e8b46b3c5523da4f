"""One exchange of a recording, taken apart once: which call it was, what it sent, and how its answer ended it."""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from functools import cached_property
from urllib.parse import parse_qsl, unquote, urlsplit

from auth0_mfa_lab.sandbox.app import ENDPOINTS, PATHS, endpoints_of
from auth0_mfa_lab.wire.exchange import Json, Recorded, plain_data

MANAGEMENT, LIST, ASSOCIATE, CHALLENGE = "/api/v2/", "/mfa/authenticators", "/mfa/associate", "/mfa/challenge"
LOGINS = ("password", "password-realm", "passwordless/otp")
"""The grants of a first factor, without their prefix; the last one is passwordless."""
_TOKEN, _GRANT = "/oauth/token", "http://auth0.com/oauth/grant-type/"
_BROUGHT_NOTHING = re.compile(r"Malformed|Invalid oob_code|expired", re.IGNORECASE)


def member(data: Json, name: str) -> str:
    """Return a member of an object that is a text or a number; "" for any other."""
    value = data.get(name) if isinstance(data, dict) else None
    return str(value) if isinstance(value, str | int) else ""


class Call:
    """One exchange: `sent` and `said` are its two bodies as objects ({} for any other), `data` is the whole answer."""

    def __init__(self, recorded: Recorded) -> None:
        """Take an exchange apart."""
        self.request, self.response, self.failure = recorded.request, recorded.response, recorded.failure
        self.number, self.at, self.is_phone = recorded.number, recorded.at, recorded.speaker == "phone"
        url, sent = urlsplit(str(self.request.url)), plain_data(self.request)
        self.method, self.path = self.request.method, url.path
        self.query = parse_qsl(url.query, keep_blank_values=True)
        self.data: Json = plain_data(self.response) if self.response else None
        self.sent: dict[str, Json] = sent if isinstance(sent, dict) else {}
        self.said: dict[str, Json] = self.data if isinstance(self.data, dict) else {}
        self.status = self.response.status if self.response else 0
        self.error, self.grant = member(self.said, "error"), member(self.sent, "grant_type").removeprefix(_GRANT)
        self.granted = "error" not in self.said and (0 < self.status < 300 or "access_token" in self.said)
        self.was_right = self.granted or self.error == "mfa_required"  # its password, or its code
        scheme, _, rest = str(self.request.header("authorization") or "").partition(" ")
        self.bearer = rest.strip() if scheme.lower() == "bearer" else ""
        self.client_id = member(self.sent, "client_id")
        self.client_secret = member(self.sent, "client_secret") or None
        self.is_basic = scheme.lower() == "basic"
        if self.is_basic:
            with suppress(ValueError):
                pair = base64.b64decode(rest + "=" * (-len(rest) % 4)).decode().partition(":")
                self.client_id, self.client_secret = unquote(pair[0]), unquote(pair[2])

    @property
    def entries(self) -> list[dict[str, Json]]:
        """The objects of an answer that is a list."""
        return [each for each in self.data if isinstance(each, dict)] if isinstance(self.data, list) else []

    @property
    def channels(self) -> list[str]:
        """The channels for which an association asks."""
        asked = self.sent.get("oob_channels") or []
        return list(map(str, asked)) if isinstance(asked, list) else [str(asked)]

    @cached_property
    def endpoint(self) -> str | None:
        """The sandbox's endpoint of this call, such as `DELETE /mfa/authenticators/{id}`, or None."""
        called = f"{self.method} {unquote(self.path)}"
        if unquote(self.path) in PATHS:
            return called if called in ENDPOINTS else None
        # An id has a `|`, and may have a slash: each part of the path is looked at alone.
        _, shaped = endpoints_of(f"{self.method} {self.path}")
        return next((each for each in ENDPOINTS if each in shaped and "{" in each), None)

    @property
    def name(self) -> str:
        """The name in a report: the endpoint, with the grant where that is one of several; no id is in it."""
        if self.endpoint is None:
            return f"{self.method} {re.sub(r'/(?!v[0-9]/)[^/]*(?:[0-9]|%|[|]|@)[^/]*', '/{id}', self.path)}"
        if self.path != _TOKEN or not self.grant:
            return self.endpoint
        return f"{self.endpoint} ({self.grant if re.fullmatch('[a-z/_-]{1,40}', self.grant) else 'another grant'})"

    @property
    def was_rejected(self) -> bool:
        """Whether the answer of a poll is that the person rejected the push."""
        text = member(self.said, "error_description")
        is_refused = self.error in ("access_denied", "invalid_grant") and not _BROUGHT_NOTHING.search(text)
        return is_refused or "reject" in text.lower()

    @property
    def why_not_comparable(self) -> str:
        """Why the answer is not the tenant's own word on the call, or ""."""
        if self.response is None:
            return f"there was no answer ({self.failure.kind if self.failure else 'none recorded'})"
        if self.status in (502, 503, 504) or (self.status >= 500 and not isinstance(self.data, dict | list)):
            return f"a gateway failed ({self.status})"
        is_limited = self.status == 429 and "too_many_requests" in (self.error, self.said.get("errorCode"))
        return "the tenant's own rate limit answered (429 too_many_requests)" if is_limited else ""
