"""The Management API's side of the connections: where users are kept, and how passwordless codes are sent."""

from collections.abc import Iterator

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import Call, Endpoint, Reply
from auth0_mfa_lab.sandbox.management.queries import CHOICE, PAGING, chosen, must_be_known, page_of
from auth0_mfa_lab.sandbox.records import CONNECTIONS
from auth0_mfa_lab.sandbox.tenant import Tenant

QUERY = ("name", "strategy", *PAGING, *CHOICE)


class Connections:
    """The connections of one tenant, as an administrator sees them; every application may use each [guess]."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def endpoints(self) -> tuple[Endpoint, ...]:
        return (Endpoint(method="GET", path="/connections", scopes=("read:connections",), answer=self.all),)

    def all(self, call: Call) -> Reply:
        """List the connections, those with passwords first; `name` and `strategy` choose among them."""
        must_be_known(call.query, QUERY)
        wanted = {name: call.query[name] for name in ("name", "strategy") if name in call.query}
        found = [each for each in self._all() if all(each[name] == value for name, value in wanted.items())]
        shown = [chosen(call.query, each) for each in found]
        return Reply(body=page_of(call.query, shown, named="connections"), evidence=errors.API_CONNECTIONS)

    def _all(self) -> Iterator[dict[str, object]]:
        for name in sorted(self._tenant.directory.connections):
            yield self._shown(name, "auth0")
        for name in CONNECTIONS:
            if name in self._tenant.settings.passwordless:
                yield self._shown(name, name)

    def _shown(self, name: str, strategy: str) -> dict[str, object]:
        return {
            "id": f"con_{self._tenant.chance.fork(f'connection/{name}').alnum(16)}",
            "name": name,
            "strategy": strategy,
            "is_domain_connection": False,
            "realms": [name],
            "enabled_clients": list(self._tenant.clients),
        }
