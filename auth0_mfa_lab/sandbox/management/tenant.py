"""The Management API's side of the tenant itself: its settings and its log (reference, sections 9.4, 10 and 11)."""

import re
from collections.abc import Mapping
from dataclasses import replace

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import Call, Endpoint, Property, Reply
from auth0_mfa_lab.sandbox.management.queries import CHOICE, chosen, iso_date, must_be_known, number
from auth0_mfa_lab.sandbox.records import LogEntry
from auth0_mfa_lab.sandbox.tenant import Tenant

NOT_KEPT = (
    *("change_password", "guardian_mfa_page", "default_audience", "error_page", "device_flow", "flags", "picture_url"),
    *("support_email", "support_url", "allowed_logout_urls", "session_lifetime", "idle_session_lifetime", "mtls"),
    *("ephemeral_session_lifetime", "idle_ephemeral_session_lifetime", "sandbox_version", "legacy_sandbox_version"),
    *(
        "default_redirection_uri",
        "enabled_locales",
        "session_cookie",
        "sessions",
        "oidc_logout",
        "acr_values_supported",
    ),
    *("customize_mfa_in_postlogin_action", "allow_organization_name_in_authentication_api", "default_token_quota"),
    *("pushed_authorization_requests_supported", "authorization_response_iss_parameter_supported"),
)
CHANGES = {
    "default_directory": Property(),
    "friendly_name": Property(),
    **{name: Property(kept=False) for name in NOT_KEPT},
}
LOG_FIELDS = ("date", "type", "description", "client_id", "client_name", "user_id", "log_id")
LOG_QUERY = ("page", "per_page", "take", "sort", "q", *CHOICE)
SEARCHED = ("type", "user_id", "client_id", "log_id", "description")
TERM = re.compile(rf'({"|".join(SEARCHED)}):(?:"([^"]+)"|([^"\s]+))')
ONE_TERM = f"write one term, such as type:gd_send_pn_failure, with one of {', '.join(SEARCHED)}"


class TenantSettings:
    """The settings and the log of one tenant, as an administrator sees them."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def endpoints(self) -> tuple[Endpoint, ...]:
        settings = "/tenants/settings"
        return (
            Endpoint(method="GET", path=settings, scopes=("read:tenant_settings",), answer=self.settings),
            Endpoint(method="PATCH", path=settings, scopes=("update:tenant_settings",), answer=self.patch_settings),
            Endpoint(method="GET", path="/logs", scopes=("read:logs",), answer=self.logs),
        )

    def settings(self, call: Call) -> Reply:
        must_be_known(call.query, CHOICE)
        return Reply(body=chosen(call.query, self._shown()), evidence=errors.API_SETTINGS)

    def patch_settings(self, call: Call) -> Reply:
        """Change the settings; an empty `default_directory` is none.

        `friendly_name` is the name that stands in messages and beside codes in authenticator apps [guess].
        """
        changes = call.fields(CHANGES)
        settings = self._tenant.settings
        if "default_directory" in changes:
            name = str(changes["default_directory"])
            if name and not self._tenant.has_connection(name):
                raise errors.API_UNKNOWN_DIRECTORY(name=name)
            settings = replace(settings, default_directory=name or None)
        if "friendly_name" in changes:
            settings = replace(
                settings, name=str(changes["friendly_name"]) or self._tenant.domains.home.partition(".")[0]
            )
        self._tenant.settings = settings
        return Reply(body=self._shown(), evidence=errors.API_SETTINGS)

    def logs(self, call: Call) -> Reply:
        """Return the newest entries first; `q` is one term such as `type:gd_send_pn_failure`."""
        must_be_known(call.query, LOG_QUERY)
        per_page = number(call.query, "per_page", 50, most=100)
        page, taken = number(call.query, "page", 0), number(call.query, "take", per_page, most=100)
        order = call.query.get("sort", "date:-1")
        if order not in ("date:-1", "date:1"):
            raise errors.NotEmulated(f"the order {order} of /api/v2/logs")
        entries = [self._entry(one) for one in self._tenant.logs]
        ordered = entries if order == "date:1" else entries[::-1]
        found = [one for one in ordered if _matches(one, call.query.get("q", ""))]
        shown = found[page * taken : (page + 1) * taken]
        return Reply(body=[chosen(call.query, one) for one in shown], evidence=errors.API_LOGS)

    def _shown(self) -> dict[str, object]:
        settings = self._tenant.settings
        return {"friendly_name": settings.name, "default_directory": settings.default_directory or ""}

    def _entry(self, one: LogEntry) -> dict[str, object]:
        client = self._tenant.clients.get(one.client_id or "")
        entry = {
            "date": iso_date(one.date),
            "type": one.type,
            "description": one.description,
            "client_id": one.client_id,
            "client_name": client.name if client else None,
            "user_id": one.user_id,
            "log_id": one.log_id,
        }
        return {name: entry[name] for name in LOG_FIELDS if entry[name] is not None}


def _matches(entry: Mapping[str, object], q: str) -> bool:
    term = TERM.fullmatch(q.strip())
    if q.strip() and term is None:
        raise errors.NotEmulated(f"the search {q} of /api/v2/logs ({ONE_TERM})")
    return term is None or entry.get(term[1]) == (term[2] or term[3])
