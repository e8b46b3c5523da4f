"""The Guardian device API, what a phone speaks, at both of its mounts (the guardian reference, section 7)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from hmac import compare_digest

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.guardian.device_key import BadKey, BadSignature, DeviceKey, is_addressed_to, is_current
from auth0_mfa_lab.sandbox.http import Routes, add_note, bearer_of
from auth0_mfa_lab.sandbox.json_text import json_object
from auth0_mfa_lab.sandbox.mfa.challenge import answer_push
from auth0_mfa_lab.sandbox.mfa.enrollment import enroll_device, open_ticket
from auth0_mfa_lab.sandbox.mfa.factors import state_of
from auth0_mfa_lab.sandbox.records import Device, OobTransaction, PushService
from auth0_mfa_lab.sandbox.tenant import Tenant

MOUNTS = ("/appliance-mfa/api", "/api")
TICKET = re.compile(r"""\s*ticket\s+id\s*=\s*["']?(\w+)["']?\s*""", re.IGNORECASE)


async def enroll(tenant: Tenant, request: Request) -> JSONResponse:
    """Enroll the phone that scanned a ticket (section 2)."""
    shown = TICKET.fullmatch(request.headers.get("authorization", ""))
    if shown is None:
        raise errors.DEVICE_NO_TICKET()
    body = await _json_object(request)
    ticket = open_ticket(tenant, shown[1])
    if ticket is None:
        raise errors.DEVICE_TICKET_NOT_FOUND()
    identifier, name = _text(body, "identifier"), _text(body, "name")
    service, push_token = _push_credentials(body.get("push_credentials"))
    try:
        key = DeviceKey.from_jwk(body.get("public_key"))
    except BadKey as problem:
        raise errors.DEVICE_INVALID_BODY(problem=str(problem)) from problem
    device = enroll_device(
        tenant, ticket, identifier=identifier, name=name, service=service, push_token=push_token, key=key
    )
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


async def resolve(tenant: Tenant, request: Request) -> Response:
    """Take a phone's yes or no; the order of the checks is section 5's, and nothing changes before the last."""
    txid = tenant.tokens.transaction_of(_bearer(request))
    transaction = tenant.transactions.by_txid(txid) if txid else None
    if transaction is None:
        raise errors.DEVICE_INVALID_TOKEN()
    body = await _json_object(request)
    device = tenant.devices.get(transaction.device_id)
    if device is None or state_of(tenant, transaction) != "pending":
        raise errors.DEVICE_LOGIN_TRANSACTION_NOT_FOUND()
    answer = body.get("challenge_response")
    if not isinstance(answer, str) or answer.count(".") != 2:
        raise errors.DEVICE_INVALID_BODY(problem="challenge_response must be a JWT")
    accepted, reason = _verdict(tenant, answer, device, transaction)
    answer_push(tenant, transaction, accepted=accepted, reason=reason)
    add_note(request, errors.DEVICE_RESOLVED.note)
    return Response(status_code=errors.DEVICE_RESOLVED.status)


def _verdict(tenant: Tenant, answer: str, device: Device, transaction: OobTransaction) -> tuple[bool, str | None]:
    """Return what the signed answer says, once every check of it has passed."""
    try:
        claims = device.key.claims_of(answer)
    except BadSignature as problem:
        raise errors.DEVICE_CHALLENGE_REFUSED(problem=str(problem)) from problem
    accepted, reason = claims.get("auth0_guardian_accepted"), claims.get("auth0_guardian_reason")
    checks = {
        "sub is not the challenge": claims.get("sub") == transaction.challenge,
        "iss is not the identifier sent at enroll": claims.get("iss") == device.identifier,
        "aud is not this endpoint": is_addressed_to(claims, _urls(tenant, "resolve-transaction")),
        "expired, or not yet valid": is_current(claims, tenant.clock.stamp()),
        "auth0_guardian_method is not push": claims.get("auth0_guardian_method") == "push",
        "auth0_guardian_accepted is no boolean": isinstance(accepted, bool),
    }
    if failed := [check for check, passed in checks.items() if not passed]:
        raise errors.DEVICE_CHALLENGE_REFUSED(problem=failed[0])
    return accepted is True, reason if isinstance(reason, str) else None


async def update(tenant: Tenant, request: Request) -> JSONResponse:
    """Change a phone's identifier, name or push token; what is absent stays (section 3)."""
    # Read first, judged second: nothing may happen between the look at the device and its change.
    await request.body()
    device = _device_of(tenant, request)
    body = await _json_object(request)
    if "identifier" in body:
        device = replace(device, identifier=_text(body, "identifier"))
    if "name" in body:
        device = replace(device, name=_text(body, "name"))
    if "push_credentials" in body:
        service, push_token = _push_credentials(body["push_credentials"])
        device = replace(device, service=service, push_token=push_token)
    tenant.devices[device.id] = device
    tenant.authenticators.rename(device.user_id, f"push|{device.id}", device.name)
    credentials = {"service": device.service, "token": device.push_token}
    return JSONResponse(
        {
            "id": device.id,
            "identifier": device.identifier,
            "name": device.name,
            "push_credentials": credentials,
        }
    )


async def delete(tenant: Tenant, request: Request) -> Response:
    """Un-enroll a phone; a body, or a content type without one, does not matter (section 3)."""
    device = _device_of(tenant, request)
    tenant.remove_authenticator(device.user_id, f"push|{device.id}")
    return Response(status_code=204)


def _device_of(tenant: Tenant, request: Request) -> Device:
    """Return the device of the path, if the bearer is its opaque token or a JWT that its key signed."""
    bearer = _bearer(request)
    device = tenant.devices.get(request.path_params["id"])
    if device is None:
        raise errors.DEVICE_ENROLLMENT_NOT_FOUND()
    if not compare_digest(device.token.encode(), bearer.encode()) and not _is_own_jwt(tenant, bearer, device):
        raise errors.DEVICE_INVALID_TOKEN()
    return device


def _is_own_jwt(tenant: Tenant, bearer: str, device: Device) -> bool:
    try:
        claims = device.key.claims_of(bearer)
    except BadSignature:
        return False
    return (
        claims.get("iss") == device.id
        and claims.get("sub") == device.user_id
        and is_addressed_to(claims, _urls(tenant, "device-accounts"))
        and is_current(claims, tenant.clock.stamp())
    )


def _urls(tenant: Tenant, name: str) -> frozenset[str]:
    return frozenset(f"{tenant.domains.origin}{mount}/{name}" for mount in MOUNTS)


async def _json_object(request: Request) -> Mapping[str, object]:
    body = json_object(await request.body())
    if body is None:
        raise errors.DEVICE_INVALID_BODY(problem="it must be a JSON object")
    return body


def _bearer(request: Request) -> str:
    token = bearer_of(request)
    if token is None:
        raise errors.DEVICE_INVALID_TOKEN()
    return token


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise errors.DEVICE_INVALID_BODY(problem=f"{name} must be a string")
    return value


def _push_credentials(value: object) -> tuple[PushService, str]:
    if not isinstance(value, Mapping):
        raise errors.DEVICE_INVALID_BODY(problem="push_credentials must be an object")
    service = value.get("service")
    if service not in ("GCM", "APNS"):
        raise errors.DEVICE_INVALID_BODY(problem="push_credentials.service must be GCM or APNS")
    return ("GCM" if service == "GCM" else "APNS"), _text(value, "token")


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
