"""The tenant's applications, its settings, and its log."""

from __future__ import annotations

from collections.abc import Sequence

from auth0_mfa_lab.management.call import ManagementCalls
from auth0_mfa_lab.sender import quoted
from auth0_mfa_lab.wire.exchange import Exchange, Json


class Applications(ManagementCalls):
    """The parts `/clients`, `/tenants/settings` and `/logs` of the Management API."""

    def applications(
        self, *, fields: str | Sequence[str] | None = None, include_fields: bool | None = None
    ) -> Exchange:
        """List the applications.

            GET /api/v2/clients   -> 200 with an array

        `fields` names the wanted members, as a list or with commas between them. Scope: `read:clients`. Dashboard >
        Applications > Applications. Source: the reference, section 9.4.
        """
        return self.send("GET", "/clients", query={"fields": fields, "include_fields": include_fields})

    def application(
        self, client_id: str, *, fields: str | Sequence[str] | None = None, include_fields: bool | None = None
    ) -> Exchange:
        """Read one application, such as its `grant_types` before they are changed.

            GET /api/v2/clients/{id}   -> 200 with the application

        `fields` names the wanted members, as a list or with commas between them; with `include_fields=False` they are
        the unwanted ones. Scope: `read:clients`. Dashboard > Applications > Applications > the application. Source: the
        reference, section 9.4.
        """
        path = f"/clients/{quoted('client_id', client_id)}"
        return self.send("GET", path, query={"fields": fields, "include_fields": include_fields})

    def update_application(self, client_id: str, **changes: Json) -> Exchange:
        """Change one application; `grant_types` replaces the whole list, so read it first.

            PATCH /api/v2/clients/{id}   -> 200 with the application

        `changes` are the wire's members, such as `grant_types=[...]` or `token_endpoint_auth_method="none"`. Scope:
        `update:clients`. Dashboard > Applications > Applications > the application > Settings > Advanced Settings >
        Grant Types. Source: the reference, section 9.4.
        """
        return self.send("PATCH", f"/clients/{quoted('client_id', client_id)}", json=changes)

    def connections(
        self,
        *,
        name: str | None = None,
        strategy: str | None = None,
        fields: str | Sequence[str] | None = None,
        include_fields: bool | None = None,
    ) -> Exchange:
        """List the connections: where users are kept, and how passwordless codes are sent.

            GET /api/v2/connections   -> 200 with an array of id, name, strategy, enabled_clients, ...

        `strategy` is `auth0` for a database, `email` or `sms`; `fields` as with `applications`. Scope:
        `read:connections`. Dashboard > Authentication > Database, and Passwordless. Source: Management API v2, Get
        all connections.
        """
        query = {"name": name, "strategy": strategy, "fields": fields, "include_fields": include_fields}
        return self.send("GET", "/connections", query=query)

    def tenant_settings(self) -> Exchange:
        """Read the tenant's settings, the default directory among them.

            GET /api/v2/tenants/settings   -> 200 with the settings

        Scope: `read:tenant_settings`. Dashboard > Settings > General. Source: the reference, section 9.4.
        """
        return self.send("GET", "/tenants/settings")

    def update_tenant_settings(
        self, *, default_directory: str | None = None, friendly_name: str | None = None
    ) -> Exchange:
        """Change the tenant's settings: plain `password` grants need a default directory.

            PATCH /api/v2/tenants/settings   -> 200 with the settings

        `default_directory` is a connection's name, "" for none. Scope: `update:tenant_settings`. Dashboard >
        Settings > General > API Authorization Settings > Default Directory. Source: the reference, section 9.4.
        """
        changes = {"default_directory": default_directory, "friendly_name": friendly_name}
        return self.send("PATCH", "/tenants/settings", json=changes)

    def logs(
        self,
        *,
        per_page: int | None = None,
        page: int | None = None,
        take: int | None = None,
        sort: str | None = None,
        q: str | None = None,
    ) -> Exchange:
        """Read the tenant's log, newest entries first: what happened behind an answer.

            GET /api/v2/logs   -> 200 with an array of date, type, description, ...

        `q` searches, such as `type:gd_send_pn_failure` or `user_id:"auth0|..."`; `sort` is `date:-1` or `date:1`.
        Scope: `read:logs`. Dashboard > Monitoring > Logs. Source: the reference, section 11.
        """
        query = {"per_page": per_page, "page": page, "take": take, "sort": sort, "q": q}
        return self.send("GET", "/logs", query=query)
