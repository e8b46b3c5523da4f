"""What belongs to the tenant itself: its factors and policy, its settings, connections and log (9.2, 9.4, 10, 11)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import TEXT, Call, Property, strings, without_null
from auth0_mfa_lab.sandbox.oauth.tokens import iso_date
from auth0_mfa_lab.sandbox.settings import CONNECTIONS, Factor, MessageType, PhoneProvider, Policy, PushProvider
from auth0_mfa_lab.sandbox.tenant import Tenant

FACTORS: tuple[Factor, ...] = get_args(Factor)
POLICIES: Mapping[tuple[str, ...], Policy] = {
    (): "never",
    ("all-applications",): "all-applications",
    ("confidence-score",): "confidence-score",
}
_PUSH = Property(required=True, enum=get_args(PushProvider))
_PHONE = Property(required=True, enum=get_args(PhoneProvider))
_TYPES = Property(required=True, type="array", enum=get_args(MessageType))
REACHED_BY = (
    ("push-notification/selected-provider", "provider", "push_provider", _PUSH),
    ("phone/message-types", "message_types", "message_types", _TYPES),
    ("phone/selected-provider", "provider", "phone_provider", _PHONE),
)
"""The path below `/guardian/factors`, the member of its body, the field of the settings, and what it may be."""
CHANGES = {"default_directory": TEXT, "friendly_name": TEXT}
LOG_QUERY = ("page", "per_page", "take", "sort", "q", "fields", "include_fields")
SEARCHED = ("type", "user_id", "client_id", "log_id", "description")
TERM = re.compile(rf'({"|".join(SEARCHED)}):(?:"([^"]+)"|([^"\s]+))')
ONE_TERM = f"write one term, such as type:gd_send_pn_failure, with one of {', '.join(SEARCHED)}"


def get_factors(call: Call) -> object:
    """List every factor, on or off, in Auth0's order."""
    on = call.tenant.settings.factors
    return [{"name": name, "enabled": name in on, "trial_expired": False} for name in FACTORS]


def put_factor(call: Call) -> object:
    """Switch a factor on or off; duo and webauthn can be, and change nothing for the MFA API."""
    name = call.path["name"]
    if name not in FACTORS:
        raise errors.API_INVALID_PATH(problem=f"No enum match for: {name} on property name")
    enabled = call.body()["enabled"] is True
    others = call.tenant.settings.factors - {name}
    _set(call.tenant, factors=others | {name} if enabled else others)
    return {"enabled": enabled}


def put_policies(call: Call) -> object:
    """Set when a second factor is asked for; the body is an array of at most one of the two policies."""
    value = call.array()
    policy = POLICIES.get(tuple(map(str, value)))
    if policy is None:
        raise errors.API_INVALID_BODY(problem=f"No enum match for: {','.join(map(str, value))}")
    _set(call.tenant, policy=policy)
    return value


def get_reached_by(member: str, setting: str, call: Call) -> object:
    """Return one field of the settings."""
    value = getattr(call.tenant.settings, setting)
    return {member: list(value) if isinstance(value, tuple) else value}


def put_reached_by(member: str, setting: str, call: Call) -> object:
    """Set one field of the settings."""
    value = call.body()[member]
    _set(call.tenant, **{setting: strings(value) if isinstance(value, list) else value})
    return get_reached_by(member, setting, call)


def _set(tenant: Tenant, **changes: object) -> None:
    tenant.settings = replace(tenant.settings, **changes)  # type: ignore[arg-type]  # the shapes say what each may be


def get_settings(call: Call) -> object:
    """Return the settings."""
    settings = call.tenant.settings
    return {"friendly_name": settings.name, "default_directory": settings.default_directory or ""}


def patch_settings(call: Call) -> object:
    """Change the settings; an empty `default_directory` is none.

    `friendly_name` is the name that stands in messages and beside codes in authenticator apps [guess].
    """
    changes, tenant = call.body(), call.tenant
    directory = str(changes.get("default_directory", ""))
    if directory and directory not in tenant.connections:
        raise errors.API_UNKNOWN_DIRECTORY(name=directory)
    if "default_directory" in changes:
        _set(tenant, default_directory=directory or None)
    if "friendly_name" in changes:
        _set(tenant, name=changes["friendly_name"] or tenant.domains.home.partition(".")[0])
    return get_settings(call)


def get_connections(call: Call) -> object:
    """List the connections, those with passwords first; `name` and `strategy` choose among them.

    Every application may use each [guess].
    """
    tenant = call.tenant
    with_passwords = [(name, "auth0") for name in sorted(tenant.connections)]
    passwordless = [(name, name) for name in CONNECTIONS if name in tenant.settings.passwordless]
    return [
        {
            "id": f"con_{tenant.chance.fork(f'connection/{name}').alnum(16)}",
            "name": name,
            "strategy": strategy,
            "is_domain_connection": False,
            "realms": [name],
            "enabled_clients": list(tenant.clients),
        }
        for name, strategy in (*with_passwords, *passwordless)
        if name == call.query.get("name", name) and strategy == call.query.get("strategy", strategy)
    ]


def get_logs(call: Call) -> object:
    """Return the newest entries first; `q` is one term such as `type:gd_send_pn_failure`."""
    tenant, per_page = call.tenant, call.number("per_page", 50, most=100)
    page, taken = call.number("page", 0), call.number("take", per_page, most=100)
    order, q = call.query.get("sort", "date:-1"), call.query.get("q", "").strip()
    if order not in ("date:-1", "date:1"):
        raise errors.NotEmulated(f"the order {order} of /api/v2/logs")
    term = TERM.fullmatch(q)
    if q and term is None:
        raise errors.NotEmulated(f"the search {q} of /api/v2/logs ({ONE_TERM})")
    entries = list(tenant.logs) if order == "date:1" else list(tenant.logs)[::-1]
    found = [one for one in entries if term is None or getattr(one, term[1]) == (term[2] or term[3])]
    return [
        without_null(
            {
                "date": iso_date(one.date),
                "type": one.type,
                "description": one.description,
                "client_id": one.client_id,
                "client_name": tenant.clients[one.client_id].name if one.client_id in tenant.clients else None,
                "user_id": one.user_id,
                "log_id": one.log_id,
            }
        )
        for one in found[page * taken : (page + 1) * taken]
    ]
