"""How the phone beside a server reaches the tenant: without a socket, and nobody else."""

import httpx

from auth0_mfa_lab.sandbox.web.exchange import asgi_scope
from auth0_mfa_lab.sandbox.web.hosts import Front


class InsideTransport(httpx.BaseTransport):
    """How the server's own phone reaches the tenant: the front alone, on the server's loop, and no other host."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._front.ask(asgi_scope(request, []), request.read())
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body, request=request)
