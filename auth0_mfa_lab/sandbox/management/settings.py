"""`/connections`, `/tenants/settings` and `/logs`: the tenant itself (reference, sections 9.4, 10 and 11)."""

import re
from dataclasses import replace

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import (
    CHOICE,
    PAGING,
    Call,
    Property,
    Reply,
    iso_date,
    not_emulated,
    route,
    without_null,
)
from auth0_mfa_lab.sandbox.settings import CONNECTIONS
from auth0_mfa_lab.sandbox.tenant import Tenant

CHANGES = {
    "default_directory": Property(),
    "friendly_name": Property(),
    **not_emulated(
        "change_password guardian_mfa_page default_audience error_page device_flow flags picture_url support_email "
        "support_url allowed_logout_urls session_lifetime idle_session_lifetime mtls ephemeral_session_lifetime "
        "idle_ephemeral_session_lifetime sandbox_version legacy_sandbox_version default_redirection_uri "
        "enabled_locales session_cookie sessions oidc_logout acr_values_supported customize_mfa_in_postlogin_action "
        "allow_organization_name_in_authentication_api default_token_quota pushed_authorization_requests_supported "
        "authorization_response_iss_parameter_supported"
    ),
}
SEARCHED = ("type", "user_id", "client_id", "log_id", "description")
TERM = re.compile(rf'({"|".join(SEARCHED)}):(?:"([^"]+)"|([^"\s]+))')
ONE_TERM = f"write one term, such as type:gd_send_pn_failure, with one of {', '.join(SEARCHED)}"


@route("GET", "/connections", "read:connections")
def get_connections(call: Call) -> Reply:
    """List the connections, those with passwords first; `name` and `strategy` choose among them.

    Every application may use each [guess].
    """
    call.allow_query("name", "strategy", *PAGING, *CHOICE)
    with_passwords = [(name, "auth0") for name in sorted(call.tenant.connections)]
    passwordless = [(name, name) for name in CONNECTIONS if name in call.tenant.settings.passwordless]
    shown = [
        {
            "id": f"con_{call.tenant.chance.fork(f'connection/{name}').alnum(16)}",
            "name": name,
            "strategy": strategy,
            "is_domain_connection": False,
            "realms": [name],
            "enabled_clients": list(call.tenant.clients),
        }
        for name, strategy in (*with_passwords, *passwordless)
        if name == call.query.get("name", name) and strategy == call.query.get("strategy", strategy)
    ]
    return Reply(call.page_of([call.chosen(each) for each in shown], named="connections"), errors.API_CONNECTIONS)


@route("GET", "/tenants/settings", "read:tenant_settings")
def get_settings(call: Call) -> Reply:
    """Return the settings."""
    call.allow_query(*CHOICE)
    return Reply(call.chosen(_shown(call.tenant)), errors.API_SETTINGS)


@route("PATCH", "/tenants/settings", "update:tenant_settings")
def patch_settings(call: Call) -> Reply:
    """Change the settings; an empty `default_directory` is none.

    `friendly_name` is the name that stands in messages and beside codes in authenticator apps [guess].
    """
    changes, settings = call.fields(CHANGES), call.tenant.settings
    if "default_directory" in changes:
        name = str(changes["default_directory"])
        if name and name not in call.tenant.connections:
            raise errors.API_UNKNOWN_DIRECTORY(name=name)
        settings = replace(settings, default_directory=name or None)
    if "friendly_name" in changes:
        name = str(changes["friendly_name"]) or call.tenant.domains.home.partition(".")[0]
        settings = replace(settings, name=name)
    call.tenant.settings = settings
    return Reply(_shown(call.tenant), errors.API_SETTINGS)


def _shown(tenant: Tenant) -> dict[str, object]:
    return {"friendly_name": tenant.settings.name, "default_directory": tenant.settings.default_directory or ""}


@route("GET", "/logs", "read:logs")
def get_logs(call: Call) -> Reply:
    """Return the newest entries first; `q` is one term such as `type:gd_send_pn_failure`."""
    call.allow_query("page", "per_page", "take", "sort", "q", *CHOICE)
    per_page = call.number("per_page", 50, most=100)
    page, taken = call.number("page", 0), call.number("take", per_page, most=100)
    order, q = call.query.get("sort", "date:-1"), call.query.get("q", "").strip()
    if order not in ("date:-1", "date:1"):
        raise errors.NotEmulated(f"the order {order} of /api/v2/logs")
    term = TERM.fullmatch(q)
    if q and term is None:
        raise errors.NotEmulated(f"the search {q} of /api/v2/logs ({ONE_TERM})")
    entries = list(call.tenant.logs) if order == "date:1" else list(call.tenant.logs)[::-1]
    found = [one for one in entries if term is None or getattr(one, term[1]) == (term[2] or term[3])]
    shown = []
    for one in found[page * taken : (page + 1) * taken]:
        client = call.tenant.clients.get(one.client_id or "")
        entry = {
            "date": iso_date(one.date),
            "type": one.type,
            "description": one.description,
            "client_id": one.client_id,
            "client_name": client.name if client else None,
            "user_id": one.user_id,
            "log_id": one.log_id,
        }
        shown.append(call.chosen(without_null(entry)))
    return Reply(shown, errors.API_LOGS)


ENDPOINTS = (get_connections, get_settings, patch_settings, get_logs)
