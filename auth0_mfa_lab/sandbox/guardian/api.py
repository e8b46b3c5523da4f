"""The Guardian device API, what a phone speaks, at both of its mounts (the guardian reference, section 7)."""

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from hmac import compare_digest
from typing import Any

from joserfc.jwk import RSAKey
from starlette.responses import JSONResponse, Response

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.http import Request, Routes, add_note, bearer_of
from auth0_mfa_lab.sandbox.json_text import json_object
from auth0_mfa_lab.sandbox.mfa.factors import may_enroll, state_of
from auth0_mfa_lab.sandbox.oauth.tokens import verified_claims
from auth0_mfa_lab.sandbox.records import Device, OobTransaction
from auth0_mfa_lab.sandbox.tenant import Tenant

MOUNTS = ("/appliance-mfa/api", "/api")
TICKET = re.compile(r"""\s*ticket\s+id\s*=\s*["']?(\w+)["']?\s*""", re.IGNORECASE)
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
LEEWAY = 5.0
"""Seconds by which a phone's clock may differ from ours (the guardian reference, section 5, says 5 to 10)."""
END_OF_TIME = 1e12
"""Epoch seconds: no date is as late."""


def enroll(tenant: Tenant, request: Request) -> JSONResponse:
    """Enroll the phone that scanned a ticket: that confirms the authenticators and ends the poll (section 2).

    An mfa_token enrolls the first factor only: once there is one, its tickets are dead [guess], else a password alone
    could get past a factor that was confirmed meanwhile.
    """
    shown = TICKET.fullmatch(request.headers.get("authorization", ""))
    if shown is None:
        raise errors.DEVICE_NO_TICKET()
    body = _json_object(request)
    ticket = tenant.transactions.tickets.get(shown[1])
    if ticket is None or tenant.clock.now() >= ticket.transaction.expires:
        raise errors.DEVICE_TICKET_NOT_FOUND()
    transaction = ticket.transaction
    if state_of(tenant, transaction) != "pending" or not may_enroll(tenant, transaction.login):
        raise errors.DEVICE_TICKET_NOT_FOUND()
    identifier, name = _text(body, "identifier"), _text(body, "name")
    push, key = _push_credentials(body.get("push_credentials")), public_key(body.get("public_key"))
    del tenant.transactions.tickets[ticket.id]
    device = tenant.devices[transaction.device_id] = Device(
        id=transaction.device_id,
        user_id=transaction.login.request.user_id,
        identifier=identifier,
        name=name,
        key=key,
        token=tenant.chance.base64url(64),
        **push,
    )
    tenant.confirm(device.user_id, transaction.authenticator_id, name=name)
    transaction.state = "approved"
    add_note(request, errors.DEVICE_ENROLLED.note)
    return JSONResponse(
        {
            "id": device.id,
            "url": tenant.guardian_url,
            "issuer": tenant.settings.name,
            "user_id": device.user_id,
            "token": device.token,
            "totp": {"secret": ticket.totp_secret, "algorithm": "sha1", "digits": 6, "period": 30},
        },
        status_code=errors.DEVICE_ENROLLED.status,
    )


def resolve(tenant: Tenant, request: Request) -> Response:
    """Take a phone's yes or no; the order of the checks is section 5's, and nothing changes before the last."""
    txid = tenant.tokens.transaction_of(bearer_of(request) or "")
    transaction = tenant.transactions.txids.get(txid) if txid else None
    if transaction is None:
        raise errors.DEVICE_INVALID_TOKEN()
    body = _json_object(request)
    device = tenant.devices.get(transaction.device_id)
    if device is None or state_of(tenant, transaction) != "pending":
        raise errors.DEVICE_LOGIN_TRANSACTION_NOT_FOUND()
    answer = body.get("challenge_response")
    if not isinstance(answer, str) or answer.count(".") != 2:
        raise errors.DEVICE_INVALID_BODY(problem="challenge_response must be a JWT")
    claims = _verified(tenant, answer, device, transaction)
    accepted, reason = claims["auth0_guardian_accepted"] is True, claims.get("auth0_guardian_reason")
    transaction.state = "approved" if accepted else "rejected"
    transaction.reason = reason if isinstance(reason, str) else None
    if not accepted:
        tenant.log("gd_auth_rejected", "The push was rejected.", user_id=device.user_id)
    add_note(request, errors.DEVICE_RESOLVED.note)
    return Response(status_code=errors.DEVICE_RESOLVED.status)


def _verified(tenant: Tenant, answer: str, device: Device, transaction: OobTransaction) -> Mapping[str, object]:
    """Return the claims of a signed answer, once every check of it has passed."""
    claims = verified_claims(answer, device.key)
    if claims is None:
        raise errors.DEVICE_CHALLENGE_REFUSED(problem="not signed by this device's key with RS256")
    checks = {
        "sub is not the challenge": claims.get("sub") == transaction.challenge,
        "iss is not the identifier sent at enroll": claims.get("iss") == device.identifier,
        "aud is not this endpoint": _is_addressed(tenant, claims, "resolve-transaction"),
        "expired, or not yet valid": _is_current(tenant, claims),
        "auth0_guardian_method is not push": claims.get("auth0_guardian_method") == "push",
        "auth0_guardian_accepted is no boolean": isinstance(claims.get("auth0_guardian_accepted"), bool),
    }
    if failed := [check for check, passed in checks.items() if not passed]:
        raise errors.DEVICE_CHALLENGE_REFUSED(problem=failed[0])
    return claims


def update(tenant: Tenant, request: Request) -> JSONResponse:
    """Change a phone's identifier, name or push token; what is absent stays (section 3)."""
    device = _device_of(tenant, request)
    body = _json_object(request)
    names: dict[str, Any] = {name: _text(body, name) for name in ("identifier", "name") if name in body}
    push = _push_credentials(body["push_credentials"]) if "push_credentials" in body else {}
    device = tenant.devices[device.id] = replace(device, **names, **push)
    tenant.authenticators.change(device.user_id, f"push|{device.id}", name=device.name)
    credentials = {"service": device.service, "token": device.push_token}
    shown = {"id": device.id, "identifier": device.identifier, "name": device.name}
    return JSONResponse({**shown, "push_credentials": credentials})


def delete(tenant: Tenant, request: Request) -> Response:
    """Un-enroll a phone; a body, or a content type without one, does not matter (section 3)."""
    device = _device_of(tenant, request)
    tenant.remove_authenticator(device.user_id, f"push|{device.id}")
    return Response(status_code=204)


def _device_of(tenant: Tenant, request: Request) -> Device:
    """Return the device of the path, if the bearer is its opaque token or a JWT that its key signed."""
    bearer, device = bearer_of(request), tenant.devices.get(request.path_params["id"])
    if bearer is None:
        raise errors.DEVICE_INVALID_TOKEN()
    if device is None:
        raise errors.DEVICE_ENROLLMENT_NOT_FOUND()
    if compare_digest(device.token.encode(), bearer.encode()):
        return device
    claims = verified_claims(bearer, device.key) or {}
    is_own = (claims.get("iss"), claims.get("sub")) == (device.id, device.user_id)
    if not is_own or not _is_addressed(tenant, claims, "device-accounts") or not _is_current(tenant, claims):
        raise errors.DEVICE_INVALID_TOKEN()
    return device


def _is_current(tenant: Tenant, claims: Mapping[str, object]) -> bool:
    """Tell whether `exp` is not past and `iat` not in the future; fractions are fine (Swift sends them)."""
    expires, issued, now = claims.get("exp"), claims.get("iat"), tenant.clock.stamp()
    # Compared, never subtracted: an int may be too large for a float, and not-a-number is below and above nothing.
    return (
        isinstance(expires, int | float)
        and isinstance(issued, int | float)
        and bool not in (type(expires), type(issued))
        and now - LEEWAY < expires < END_OF_TIME
        and -END_OF_TIME < issued <= now + LEEWAY
    )


def _is_addressed(tenant: Tenant, claims: Mapping[str, object], name: str) -> bool:
    """Tell whether `aud` is the URL of this name, at either mount, as a string or a list of one."""
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    urls = [f"{tenant.domains.origin}{mount}/{name}" for mount in MOUNTS]
    return isinstance(audience, str) and audience.rstrip("/") in urls


def _json_object(request: Request) -> Mapping[str, object]:
    body = json_object(request.content)
    if body is None:
        raise errors.DEVICE_INVALID_BODY(problem="it must be a JSON object")
    return body


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise errors.DEVICE_INVALID_BODY(problem=f"{name} must be a string")
    return value


def _push_credentials(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise errors.DEVICE_INVALID_BODY(problem="push_credentials must be an object")
    service = value.get("service")
    if service not in ("GCM", "APNS"):
        raise errors.DEVICE_INVALID_BODY(problem="push_credentials.service must be GCM or APNS")
    return {"service": service, "push_token": _text(value, "token")}


def public_key(jwk: object) -> RSAKey:
    """Read the five-member JWK of an enroll request (the guardian reference, section 6).

    A leading zero byte in `n` is accepted: both SDKs send one. Raises DEVICE_INVALID_BODY.
    """
    members = jwk if isinstance(jwk, Mapping) else {}
    n, e = (_integer(members.get(name)) for name in ("n", "e"))
    problems = {
        "public_key must be an object": not isinstance(jwk, Mapping),
        "public_key must not hold private members": PRIVATE_MEMBERS & members.keys(),
        "public_key.kty must be RSA": members.get("kty") != "RSA",
        "public_key must be for RS256 signatures": (members.get("alg", "RS256"), members.get("use", "sig"))
        != ("RS256", "sig"),
        "public_key.n must be a base64url string": n is None,
        "public_key.e must be a base64url string": e is None,
        "public_key.n must have at least 2048 bits": not 2048 <= (n or 0).bit_length() <= 8192 or (n or 0) % 2 == 0,
        "public_key.e is no usable exponent": not 3 <= (e or 0) < 1 << 64 or (e or 0) % 2 == 0,
    }
    if found := [problem for problem, holds in problems.items() if holds]:
        raise errors.DEVICE_INVALID_BODY(problem=found[0])
    return RSAKey.import_key({"kty": "RSA", "n": _base64url(n or 0), "e": _base64url(e or 0)})


def _integer(text: object) -> int | None:
    if not isinstance(text, str) or not 0 < len(text) <= 1500:
        return None
    try:
        return int.from_bytes(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True), "big")
    except ValueError:
        return None


def _base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


ROUTES: Routes = tuple(
    route
    for mount in MOUNTS
    for route in (
        ("POST", f"{mount}/enroll", enroll),
        ("POST", f"{mount}/resolve-transaction", resolve),
        ("PATCH", f"{mount}/device-accounts/{{id}}", update),
        ("DELETE", f"{mount}/device-accounts/{{id}}", delete),
    )
)
