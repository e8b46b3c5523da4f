"""Which endpoints the sandbox emulates, and which of them a row of the evidence speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_PATHS = {
    "/oauth/token": "POST",
    "/oauth/revoke": "POST",
    "/mfa/associate": "POST",
    "/mfa/authenticators": "GET",
    "/mfa/authenticators/{id}": "DELETE",
    "/mfa/challenge": "POST",
    "/passwordless/start": "POST",
    "/passwordless/verify_redirect": "GET",
    "/userinfo": "GET POST",
    "/.well-known/openid-configuration": "GET",
    "/.well-known/jwks.json": "GET",
    "/appliance-mfa/api/enroll": "POST",
    "/appliance-mfa/api/resolve-transaction": "POST",
    "/appliance-mfa/api/device-accounts/{id}": "PATCH DELETE",
    "/api/v2/guardian/factors": "GET",
    "/api/v2/guardian/factors/{name}": "PUT",
    "/api/v2/guardian/policies": "GET PUT",
    "/api/v2/guardian/factors/push-notification/selected-provider": "GET PUT",
    "/api/v2/guardian/factors/phone/message-types": "GET PUT",
    "/api/v2/guardian/factors/phone/selected-provider": "GET PUT",
    "/api/v2/guardian/enrollments/ticket": "POST",
    "/api/v2/guardian/enrollments/{id}": "GET DELETE",
    "/api/v2/clients": "GET",
    "/api/v2/clients/{id}": "GET PATCH",
    "/api/v2/clients/{id}/credentials": "GET POST",
    "/api/v2/clients/{id}/credentials/{id}": "DELETE",
    "/api/v2/connections": "GET",
    "/api/v2/tenants/settings": "GET PATCH",
    "/api/v2/logs": "GET",
    "/api/v2/users-by-email": "GET",
    "/api/v2/users": "POST",
    "/api/v2/users/{id}": "GET PATCH DELETE",
    "/api/v2/users/{id}/enrollments": "GET",
    "/api/v2/users/{id}/authenticators": "DELETE",
    "/api/v2/users/{id}/recovery-code-regeneration": "POST",
    "/api/v2/users/{id}/multifactor/{provider}": "DELETE",
    "/api/v2/users/{id}/multifactor/actions/invalidate-remember-browser": "POST",
    "/api/v2/users/{id}/authentication-methods": "GET POST PUT DELETE",
    "/api/v2/users/{id}/authentication-methods/{id}": "GET PATCH DELETE",
}
ENDPOINTS = tuple(f"{method} {path}" for path, methods in _PATHS.items() for method in methods.split())
"""Every endpoint, such as `POST /mfa/challenge`; the pages that a browser is sent to are none."""
PATHS = tuple(_PATHS)
"""Their paths, each once."""
_MANAGEMENT = "/api/v2/"
_GENERAL = ("every ", "any ")
_SENT = re.compile(r"(?P<method>[a-z]+ )?(?P<where>\S*)", re.IGNORECASE)


def wanted_endpoint(text: str) -> str:
    """Return what a person wrote as an endpoint in lower case; of a whole URL its path, and no query."""
    stripped = text.strip()
    written = _SENT.fullmatch(stripped)
    if written is None:
        return stripped.lower()
    where = urlsplit(written["where"]).path if "://" in written["where"] else written["where"].partition("?")[0]
    method = (written["method"] or "").lower()
    return f"{method}{where.rstrip('/') or where[:1]}".lower()


def endpoints_of(wanted: str) -> frozenset[str]:
    """Return the endpoints that have this in their name, or whose path is this with an id in the place of `{id}`."""
    named = frozenset(each for each in ENDPOINTS if wanted in each.lower())
    return named or frozenset(each for each in ENDPOINTS if _shape(each).fullmatch(wanted))


def is_general(row: str) -> bool:
    """Say whether a row speaks of a kind of endpoint (`every POST`), not of some that it names."""
    return row.startswith(_GENERAL)


def covered(row: str) -> frozenset[str]:
    """Return the endpoints that a row speaks of, by its name, such as `GET, POST /userinfo` or `every POST`."""
    return frozenset(each for each in ENDPOINTS if _covers(row, *each.split()))


def named_in(row: str) -> list[str]:
    """Return the endpoints that a row names, one by one: `PATCH, DELETE /path` is one of two methods."""
    return re.split(r"(?<=[^A-Z]), (?!and )", row)


def _covers(row: str, method: str, path: str) -> bool:
    if not is_general(row):
        return any(_names(each, method, path) for each in named_in(row))
    if row == "any path":
        return True
    if _MANAGEMENT in row:
        return path.startswith(_MANAGEMENT) and (row.startswith("any ") or method in ("POST", "PUT", "PATCH"))
    return f"{method} {path}" in _KINDS.get(row, ())


def _names(name: str, method: str, path: str) -> bool:
    methods, slash, rest = name.partition("/")
    own = f"{slash}{rest}".removesuffix(", and below it")
    if not methods:  # then what is below it is meant as well
        return path == own or path.startswith(f"{own}/")
    return path == own and method in methods.replace(",", " ").split()


def _shape(endpoint: str) -> re.Pattern[str]:
    method, _, path = endpoint.lower().partition(" ")
    return re.compile(f"(?:{method} )?" + re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))


def _posts(paths: Iterable[str]) -> frozenset[str]:
    return frozenset(f"POST {path}" for path in paths)


_AS_APPLICATION = ("/oauth/token", "/oauth/revoke", "/mfa/challenge", "/passwordless/start")
_KINDS = {
    "every POST": _posts((*_AS_APPLICATION, "/mfa/associate")),
    "every POST with client_id": _posts(_AS_APPLICATION),
    "every endpoint that takes an mfa_token": _posts(("/oauth/token", "/mfa/associate", "/mfa/challenge"))
    | {"GET /mfa/authenticators"},
}
"""The other kinds that rows speak of. The device's and the Management API's bodies have rows of their own."""
