"""What the journal tells of the user behind a token: who it is, and what they may be sent."""

from __future__ import annotations

from auth0_mfa_lab.wire.exchange import Exchange, Json
from auth0_mfa_lab.wire.journal import Journal

CHANNELS = {"auth0": "push", "sms": "sms", "voice": "voice", "email": "email"}
_TOKENS = ("mfa_token", "access_token")


def users_of(journal: Journal) -> dict[str, str]:
    """Return by which name the user logged in who got a token, for each mfa_token and access token that was seen."""
    users: dict[str, str] = {}
    for exchange in list(journal):
        body = exchange.json
        if exchange.speaker != "app" or not isinstance(body, dict):
            continue
        if tokens := [str(body[name]) for name in _TOKENS if isinstance(body.get(name), str)]:
            sent = exchange.request.raw_data()
            fields = sent if isinstance(sent, dict) else {}
            # The answer of an MFA grant: its user is that of the mfa_token.
            if name := fields.get("username") or users.get(str(fields.get("mfa_token"))):
                users |= dict.fromkeys(tokens, str(name))
    return users


def channels_of(journal: Journal, mfa_token: str) -> frozenset[str]:
    """Return what the user of a token may be sent, by their lists and their enrollments; {} when none was seen."""
    users = users_of(journal)
    user = users.get(mfa_token)
    found: set[str] = set()
    for exchange in list(journal) if user else ():
        if exchange.status != 200 or users.get(bearer_of(exchange)) != user:
            continue
        if target_of(exchange) == "/mfa/authenticators" and isinstance(exchange.json, list):
            found = {channel for each in exchange.json if (channel := _channel(each)) and each.get("active")}
        elif target_of(exchange) == "/mfa/associate" and (channel := _channel(exchange.json)):
            found.add(channel)
    return frozenset(found)


def bearer_of(exchange: Exchange) -> str:
    """Return the token that a request was authorized with; "" without one."""
    scheme, _, token = (exchange.request.header("authorization") or "").partition(" ")
    return str(token) if scheme.lower() == "bearer" else ""


def target_of(exchange: Exchange) -> str:
    """Return the path that a request went to, without a slash at its end."""
    return str(exchange.request.target).partition("?")[0].rstrip("/")


def _channel(authenticator: Json) -> str | None:
    return CHANNELS.get(str(authenticator.get("oob_channel"))) if isinstance(authenticator, dict) else None
