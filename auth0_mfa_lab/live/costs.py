"""What a request costs somebody, or changes: told from its method, its path and its body, before it is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

import httpx

READS = frozenset({"GET", "HEAD", "OPTIONS"})
SAID: Mapping[str, str] = MappingProxyType(
    {
        "push": "sends a push (of a user's 5; 5 more come back in a minute)",
        "sms": "sends an SMS (of a user's 10, 1 more in an hour; it costs money, or one of a trial's 100 in all)",
        "voice": "makes a phone call (counted and paid for as an SMS is)",
        "email": "sends an email (of a user's 20, 1 more in a minute)",
        "authenticator": "adds an authenticator that stays with the user until lab.cleanup() removes it",
        "removal": "removes an authenticator from a user",
        "setting": "changes a setting of the tenant or of a user",
        "new user": "makes a user, who stays until lab.cleanup() removes them",
        "user": "removes a user",
        "users": "removes many users at once, all those of a connection or of the tenant",
    }
)
"""What each kind of cost is; the numbers are those of the reference, section 11."""
MESSAGES = ("push", "sms", "voice", "email")
_SHORT = {"push": "a push", "sms": "an SMS", "voice": "a phone call", "email": "an email"}
_CHANNELS = {"auth0": "push", "sms": "sms", "voice": "voice", "email": "email"}
_PREFIXES = {"push": "push", "sms": "sms", "voice": "voice", "email": "email"}
_API = "/api/v2"
_METHODS = re.compile(rf"{_API}/users/[^/]+/(authentication-methods|authenticators|multifactor)(/.*)?")
_ENROLLMENT = re.compile(rf"{_API}/guardian/enrollments/[^/]+")
_USER = re.compile(rf"{_API}/users/[^/]+")
_HAVE_USERS = re.compile(rf"{_API}/users|{_API}/connections/[^/]+(/users)?")
"""With a connection all its users go."""
_WORD = re.compile(r"[a-z]+(?:[-_][a-z]+)*|v2")
_COLLECTIONS = frozenset({"users", "clients", "authenticators", "authentication-methods", "credentials", "logs"})

Channels = Callable[[str], frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one call costs: the kinds that are sure, and those of which it is one, nobody knows which.

    `call` is its method and its path, without any id.
    """

    call: str
    sure: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()

    @property
    def kinds(self) -> frozenset[str]:
        """Every kind that it may be."""
        return frozenset({*self.sure, *self.one_of})

    @property
    def said(self) -> str:
        """What it does, as the end of a sentence: `sends a push (...)`."""
        parts = [SAID[each] for each in self.sure]
        if len(self.one_of) == 1:
            parts.append(SAID[self.one_of[0]])
        elif self.one_of:
            *most, last = (_SHORT[each] for each in self.one_of)
            parts.append(f"sends {', '.join(most)} or {last}, whichever the user has")
        return ", and ".join(parts)


def cost_of(request: httpx.Request, channels: Channels) -> Cost | None:
    """Return what a request costs or changes; None for what only reads, asks for tokens, polls or checks a code.

    `channels` tells which messages the user behind an mfa_token may get (`push`, `sms`, ...), as far as that is known;
    an empty set is "nobody knows". Source: the reference, sections 3, 5, 7 and 9.
    """
    method, path = request.method.upper(), re.sub("/+", "/", request.url.path).rstrip("/").lower()
    if method in READS:
        return None
    body = _fields(request)
    sure, one_of = _management(method, path, body) if path.startswith(_API) else _app(method, path, body, channels)
    return Cost(call=f"{method} {_shown(path)}", sure=sure, one_of=one_of) if sure or one_of else None


Kinds = tuple[tuple[str, ...], tuple[str, ...]]
_FREE: Kinds = ((), ())


def _app(method: str, path: str, body: Mapping[str, Any], channels: Channels) -> Kinds:
    if method == "DELETE" and not path.startswith(("/me/", "/scim/")):
        return (("removal",), ()) if path.startswith(("/mfa/authenticators/", "/appliance-mfa/")) else _FREE
    if path == "/mfa/associate":
        asked = body.get("oob_channels")
        named = [asked] if isinstance(asked, str) else asked if isinstance(asked, list) else []
        # A push is sent to nobody here: its QR is scanned.
        sent = tuple(kind for each in named if (kind := _CHANNELS.get(str(each))) and kind != "push")
        return ("authenticator", *sent), ()
    if path == "/mfa/challenge":
        return _challenge(body, channels)
    if path in ("/passwordless/start", "/otp/challenge"):
        if body.get("connection") == "email" or body.get("email"):
            return ("email",), ()
        return ("voice" if body.get("delivery_method") == "voice" else "sms",), ()
    if path.startswith("/me/"):
        return _own_account(method, body)
    if path.startswith(("/oidc/register", "/scim/")):
        return ("setting",), ()
    if path == "/dbconnections/signup":
        return ("new user", "email"), ()
    if path == "/dbconnections/change_password":
        return ("email",), ()
    return (("push",), ()) if path == "/bc-authorize" else _FREE


def _own_account(method: str, body: Mapping[str, Any]) -> Kinds:
    """Tell what a call of the My Account API does: there users add and remove authenticators of their own."""
    if method == "DELETE":
        return ("removal",), ()
    kind = {"phone": "voice" if body.get("preferred_authentication_method") == "voice" else "sms", "email": "email"}
    sent = kind.get(str(body.get("type")))
    return ("authenticator" if method == "POST" else "setting", *((sent,) if sent else ())), ()


def _challenge(body: Mapping[str, Any], channels: Channels) -> Kinds:
    """Tell what a challenge sends: the id of an authenticator says it, a channel, or what the user has."""
    types = str(body.get("challenge_type") or "oob otp").split()
    if "oob" not in types:
        return _FREE
    prefix, bar, _ = str(body.get("authenticator_id") or "").partition("|")
    if bar and prefix in _PREFIXES:
        return (_PREFIXES[prefix],), ()
    if bar and prefix == "totp":
        return _FREE
    if kind := _CHANNELS.get(str(body.get("oob_channel"))):
        return (kind,), ()
    known = channels(str(body.get("mfa_token") or ""))
    return (), tuple(each for each in MESSAGES if each in known) or MESSAGES


def _management(method: str, path: str, body: Mapping[str, Any]) -> Kinds:
    if path == f"{_API}/users" and method == "POST":
        is_silent = body.get("verify_email") is False or body.get("email_verified") is True
        return ("new user", *(() if is_silent else ("email",))), ()
    if _HAVE_USERS.fullmatch(path) and method == "DELETE":
        return ("users",), ()
    if _USER.fullmatch(path) and method == "DELETE":
        return ("user",), ()
    if path == f"{_API}/guardian/enrollments/ticket":
        return ("setting", *(() if body.get("send_mail") is False else ("email",))), ()
    if path == f"{_API}/jobs/verification-email" or (_USER.fullmatch(path) and body.get("verify_email") is True):
        return ("setting", "email"), ()
    if _METHODS.fullmatch(path) or _ENROLLMENT.fullmatch(path):
        kinds = {"POST": ("authenticator",), "PUT": ("authenticator", "removal"), "DELETE": ("removal",)}
        return kinds.get(method, ("setting",)) if "/actions/" not in path else ("setting",), ()
    return ("setting",), ()


def _fields(request: httpx.Request) -> dict[str, Any]:
    """Return the fields of a body, JSON or a form; {} for what has none, of which nothing is known then."""
    text = request.read().decode("utf-8", "replace")
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        return dict(parse_qsl(text, keep_blank_values=True))
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _shown(path: str) -> str:
    """Return a path with `{id}` in the place of whatever may be somebody's."""
    parts = path.split("/")
    for place, part in enumerate(parts):
        if part and (not _WORD.fullmatch(part) or (place and parts[place - 1] in _COLLECTIONS)):
            parts[place] = "{id}"
    return "/".join(parts)
