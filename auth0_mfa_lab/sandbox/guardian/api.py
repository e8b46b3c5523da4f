"""The Guardian device API, what a phone speaks, at both of its mounts (the guardian reference, section 7)."""

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hmac import compare_digest
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from joserfc.jwk import RSAKey
from starlette.responses import JSONResponse, Response

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.http import Request, Routes
from auth0_mfa_lab.sandbox.json_text import json_object
from auth0_mfa_lab.sandbox.mfa.api import may_enroll, state_of
from auth0_mfa_lab.sandbox.oauth.tokens import seconds, verified_claims
from auth0_mfa_lab.sandbox.records import Device
from auth0_mfa_lab.sandbox.tenant import Tenant

MOUNTS = ("/appliance-mfa/api", "/api")
TICKET = re.compile(r"""\s*ticket\s+id\s*=\s*["']?(\w+)["']?\s*""", re.IGNORECASE)
TOLD = ("identifier", "name", "push_credentials")
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
    transaction = tenant.transactions.tickets.get(shown[1])
    if transaction is None or tenant.clock.now() >= transaction.expires:
        raise errors.DEVICE_TICKET_NOT_FOUND()
    if state_of(tenant, transaction) != "pending" or not may_enroll(tenant, transaction.login):
        raise errors.DEVICE_TICKET_NOT_FOUND()
    told, key = _told(body, TOLD), public_key(body.get("public_key"))
    del tenant.transactions.tickets[shown[1]]
    device_id, user_id, token = transaction.device_id, transaction.login.request.user_id, tenant.chance.base64url(64)
    device = tenant.devices[device_id] = Device(id=device_id, user_id=user_id, key=key, token=token, **told)
    secrets = {entry.partner: entry.secret for entry in tenant.authenticators.of(user_id)}
    tenant.confirm(user_id, transaction.authenticator_id, name=device.name)
    transaction.state = "approved"
    request.notes += errors.DEVICE_ENROLLED.notes
    answer = {
        "id": device_id,
        "url": tenant.guardian_url,
        "issuer": tenant.settings.name,
        "user_id": user_id,
        "token": token,
        "totp": {"secret": secrets[transaction.authenticator_id], "algorithm": "sha1", "digits": 6, "period": 30},
    }
    return JSONResponse(answer, status_code=errors.DEVICE_ENROLLED.status)


def resolve(tenant: Tenant, request: Request) -> Response:
    """Take a phone's yes or no; the order of the checks is section 5's, and nothing changes before the last."""
    txid = tenant.tokens.claims_of(request.bearer).get("txid")
    transaction = tenant.transactions.txids.get(str(txid))
    if transaction is None:
        raise errors.DEVICE_INVALID_TOKEN()
    body = _json_object(request)
    device = tenant.devices.get(transaction.device_id)
    if device is None or state_of(tenant, transaction) != "pending":
        raise errors.DEVICE_LOGIN_TRANSACTION_NOT_FOUND()
    answer = body.get("challenge_response")
    if not isinstance(answer, str) or answer.count(".") != 2:
        raise errors.DEVICE_INVALID_BODY(problem="challenge_response must be a JWT")
    claims = verified_claims(answer, device.key)
    accepted = claims.get("auth0_guardian_accepted")
    problems = {
        "not signed by this device's key with RS256": not claims,
        "sub is not the challenge": claims.get("sub") != transaction.challenge,
        "iss is not the identifier sent at enroll": claims.get("iss") != device.identifier,
        **_problems(tenant, claims, "resolve-transaction"),
        "auth0_guardian_method is not push": claims.get("auth0_guardian_method") != "push",
        "auth0_guardian_accepted is no boolean": not isinstance(accepted, bool),
    }
    if found := [problem for problem, is_there in problems.items() if is_there]:
        raise errors.DEVICE_CHALLENGE_REFUSED(problem=found[0])
    transaction.state = "approved" if accepted else "rejected"
    if not accepted:
        tenant.log("gd_auth_rejected", "The push was rejected.", user_id=device.user_id)
    request.notes += errors.DEVICE_RESOLVED.notes
    return Response(status_code=errors.DEVICE_RESOLVED.status)


def update(tenant: Tenant, request: Request) -> JSONResponse:
    """Change a phone's identifier, name or push token; what is absent stays (section 3)."""
    device = _device_of(tenant, request)
    body = _json_object(request)
    device = tenant.devices[device.id] = replace(device, **_told(body, [name for name in TOLD if name in body]))
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
    bearer, device = request.bearer, tenant.devices.get(request.path_params["id"])
    if not bearer:
        raise errors.DEVICE_INVALID_TOKEN()
    if device is None:
        raise errors.DEVICE_ENROLLMENT_NOT_FOUND()
    if not compare_digest(device.token.encode(), bearer.encode()):
        claims = verified_claims(bearer, device.key)
        is_own = (claims.get("iss"), claims.get("sub")) == (device.id, device.user_id)
        if not is_own or any(_problems(tenant, claims, "device-accounts").values()):
            raise errors.DEVICE_INVALID_TOKEN()
    return device


def _problems(tenant: Tenant, claims: Mapping[str, object], name: str) -> dict[str, bool]:
    """Tell what may be wrong with a phone's JWT for the endpoint of this name; Swift sends fractions in its times."""
    audience, now = claims.get("aud"), tenant.clock.stamp()
    if isinstance(audience, list) and len(audience) == 1:
        (audience,) = audience
    is_ours = str(audience).rstrip("/") in [f"{tenant.domains.origin}{mount}/{name}" for mount in MOUNTS]
    is_current = now - LEEWAY < seconds(claims.get("exp")) < END_OF_TIME and seconds(claims.get("iat")) <= now + LEEWAY
    return {"aud is not this endpoint": not is_ours, "expired, or not yet valid": not is_current}


def _json_object(request: Request) -> Mapping[str, object]:
    body = json_object(request.content)
    if body is None:
        raise errors.DEVICE_INVALID_BODY(problem="it must be a JSON object")
    return body


def _told(body: Mapping[str, object], names: Iterable[str]) -> dict[str, Any]:
    """Return what a phone tells of itself, by the members of a Device."""
    told: dict[str, Any] = {}
    for name in names:
        member, value = name, body.get(name)
        if name == "push_credentials":
            if not isinstance(value, Mapping) or value.get("service") not in ("GCM", "APNS"):
                raise errors.DEVICE_INVALID_BODY(problem="push_credentials must hold the service GCM or APNS")
            told["service"], member, name, value = value["service"], "push_token", "token", value.get("token")
        if not isinstance(value, str) or not value:
            raise errors.DEVICE_INVALID_BODY(problem=f"{name} must be a string")
        told[member] = value
    return told


def public_key(jwk: object) -> RSAKey:
    """Read the JWK of an enroll request; a leading zero byte in `n` is accepted, for both SDKs send one (section 6)."""
    if not isinstance(jwk, Mapping):
        raise errors.DEVICE_INVALID_BODY(problem="public_key must be an object")
    n, e = _integer(jwk.get("n")), _integer(jwk.get("e"))
    use = (jwk.get("kty"), jwk.get("alg", "RS256"), jwk.get("use", "sig"))
    is_usable = 2048 <= n.bit_length() <= 8192 and 3 <= e < 1 << 64 and n % 2 == e % 2 == 1
    if use != ("RSA", "RS256", "sig") or PRIVATE_MEMBERS & jwk.keys() or not is_usable:
        wanted = "the public half of an RSA key of 2048 bits or more, for RS256 signatures"
        raise errors.DEVICE_INVALID_BODY(problem=f"public_key must be {wanted}")
    return RSAKey.import_key(RSAPublicNumbers(e, n).public_key())


def _integer(text: object) -> int:
    """Return the number that a member of a JWK holds, 0 for what is none."""
    try:
        return int.from_bytes(base64.b64decode(f"{text}===", altchars=b"-_"), "big") if isinstance(text, str) else 0
    except ValueError:
        return 0


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
