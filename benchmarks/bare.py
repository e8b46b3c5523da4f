"""The least that could be measured against: starlette, uvicorn, and one route that signs an RS256 token for a form."""

from __future__ import annotations

import functools
import time
from urllib.parse import parse_qs

import click
import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

LIFETIME = 86_400
"""Seconds."""


@functools.cache
def key() -> RSAKey:
    """Return the key that signs, made when first needed and parsed once."""
    return RSAKey.generate_key(2048)


async def configuration(request: Request) -> JSONResponse:
    """Answer as a discovery document does: what a client waits for at the start."""
    issuer = str(request.base_url)
    return JSONResponse({"issuer": issuer, "token_endpoint": f"{issuer}oauth/token"})


async def token(request: Request) -> JSONResponse:
    """Sign an access token for whoever has the password."""
    fields = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
    if fields.get("password") != "correct":
        return JSONResponse({"error": "invalid_grant"}, status_code=403)
    now = int(time.time())
    claims = {
        "iss": str(request.base_url),
        "sub": fields["username"],
        "aud": fields["audience"],
        "scope": fields["scope"],
        "iat": now,
        "exp": now + LIFETIME,
    }
    signed = jwt.encode({"alg": "RS256", "typ": "JWT", "kid": "bare"}, claims, key())
    return JSONResponse({"access_token": signed, "expires_in": LIFETIME, "token_type": "Bearer"})


@click.command()
@click.option("--port", type=int, required=True)
@click.option("--certificate", help="A PEM file with a key and its chain: TLS.")
def main(port: int, certificate: str | None) -> None:
    """Serve both routes at 127.0.0.1 until a signal."""
    routes = [
        Route("/.well-known/openid-configuration", configuration),
        Route("/oauth/token", token, methods=["POST"]),
    ]
    uvicorn.run(
        Starlette(routes=routes),
        host="127.0.0.1",
        port=port,
        ssl_certfile=certificate,
        access_log=False,
        log_level="warning",
        lifespan="off",
        http="h11",
        loop="asyncio",
        ws="none",
        server_header=False,
        date_header=False,
    )


if __name__ == "__main__":
    main()
