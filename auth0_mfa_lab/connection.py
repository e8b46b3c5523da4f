"""How a lab reaches its tenant: HTTP clients that record, and the applications that speak through them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import httpx

from auth0_mfa_lab.client import Client
from auth0_mfa_lab.errors import SettingsError
from auth0_mfa_lab.management import Management
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.wire.exchange import Exchange, Speaker
from auth0_mfa_lab.wire.journal import Journal
from auth0_mfa_lab.wire.recorder import EXCHANGE, RecordingTransport

_HEADERS = {
    # Pinned, so that no upgrade of a library changes what a notebook shows.
    "user-agent": "auth0-mfa-lab",
    "accept": "application/json",
    "accept-encoding": "gzip, deflate",
}
_TIMEOUT_SECONDS = 30.0


class Guard(Protocol):
    """Who looks at each request before it is recorded and sent, and at each exchange afterwards."""

    def before(self, request: httpx.Request) -> None: ...
    def after(self, exchange: Exchange) -> None: ...


class Connection:
    """The way to one tenant; whatever goes through it stands in the journal.

    `guard` may refuse a request by a LabError: it is neither recorded nor sent then.
    """

    guard: Guard | None = None

    def __init__(self, origin: str, transport: httpx.BaseTransport, journal: Journal) -> None:
        """Reach the tenant at `origin` (`https://tenant.example`) through `transport`."""
        self._base_url = origin
        self._transport = transport
        self._journal = journal

    def http(self, speaker: Speaker, origin: str | None = None) -> httpx.Client:
        """Return an HTTP client whose exchanges are this speaker's; `origin` is another address of the tenant's."""
        transport = _Guarded(self, RecordingTransport(self._transport, self._journal, speaker=speaker))
        return httpx.Client(
            transport=transport, base_url=origin or self._base_url, headers=_HEADERS, timeout=_TIMEOUT_SECONDS
        )

    def application(
        self, client_id: str, client_secret: str | None, after_poll: Callable[[], None] = lambda: None
    ) -> Client:
        """Return the client of an application; without a secret it is public. `after_poll` follows each poll of it."""
        return Client(self.http("app"), client_id=client_id, client_secret=client_secret, after_poll=after_poll)

    def machine(self, client_id: str | None, client_secret: str | None) -> Client:
        """Return the client of the machine-to-machine application; SettingsError when there is none."""
        if client_id is None or client_secret is None:
            raise SettingsError(
                "The Management API needs an application of its own, and AUTH0_MGMT_CLIENT_ID and "
                "AUTH0_MGMT_CLIENT_SECRET are not both set. Make one: Dashboard > Applications > Create Application > "
                "Machine to Machine, authorized for the Auth0 Management API. Then add both lines to .env."
            )
        return self.application(client_id, client_secret)

    def management(self, access_token: str, audience: str) -> Management:
        """Return the Management API of this audience, `https://{domain}/api/v2/`, opened by this access token."""
        return Management(self.http("app", audience.partition("/api/v2")[0]), access_token)


class _Guarded(httpx.BaseTransport):
    """Stands before the recorder of one speaker, with whatever guard the connection has at that moment."""

    def __init__(self, connection: Connection, recorder: RecordingTransport) -> None:
        self._connection = connection
        self._recorder = recorder

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if (guard := self._connection.guard) is None:
            return self._recorder.handle_request(request)
        guard.before(request)
        answer = self._recorder.handle_request(request)
        guard.after(answer.extensions[EXCHANGE])
        return answer

    def close(self) -> None:
        self._recorder.close()


def live_domain(settings: Settings) -> str:
    """Return the domain of a live tenant; SettingsError for any other, so that none is reached by accident."""
    if settings.tenant != "live" or settings.domain is None:
        raise SettingsError(
            "Lab.live needs the settings of a live tenant. Set AUTH0_LAB_TENANT=live and the AUTH0_ variables of "
            ".env.example, and open it with Lab.from_env()."
        )
    return settings.domain
