"""`/guardian`: the factors that are on, how they reach a person, and when one is asked for (reference, 9.2)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import Call, Endpoint, Property, Reply, route, strings
from auth0_mfa_lab.sandbox.settings import Factor, MessageType, PhoneProvider, Policy, PushProvider
from auth0_mfa_lab.sandbox.tenant import Tenant

FACTORS: tuple[Factor, ...] = get_args(Factor)
POLICIES: Mapping[tuple[str, ...], Policy] = {
    (): "never",
    ("all-applications",): "all-applications",
    ("confidence-score",): "confidence-score",
}
SETTINGS: tuple[tuple[str, str, str, Property], ...] = (
    ("push-notification/selected-provider", "provider", "push_provider", Property(enum=get_args(PushProvider))),
    ("phone/message-types", "message_types", "message_types", Property(type="array", enum=get_args(MessageType))),
    ("phone/selected-provider", "provider", "phone_provider", Property(enum=get_args(PhoneProvider))),
)
"""The path below `/guardian/factors`, the member of its body, the field of the settings, and what it may be."""


@route("GET", "/guardian/factors", "read:guardian_factors")
def get_factors(call: Call) -> Reply:
    """List every factor, on or off, in Auth0's order."""
    on = call.tenant.settings.factors
    return Reply([{"name": name, "enabled": name in on, "trial_expired": False} for name in FACTORS])


@route("PUT", "/guardian/factors/{name}", "update:guardian_factors")
def put_factor(call: Call) -> Reply:
    """Switch a factor on or off; duo and webauthn can be, and change nothing for the MFA API."""
    name = next((each for each in FACTORS if each == call.path["name"]), None)
    if name is None:
        raise errors.API_INVALID_PATH(problem=f"No enum match for: {call.path['name']} on property name")
    enabled = call.fields({"enabled": Property(type="boolean", required=True)})["enabled"] is True
    others = call.tenant.settings.factors - {name}
    _set(call.tenant, factors=others | {name} if enabled else others)
    return Reply({"enabled": enabled})


@route("GET", "/guardian/policies", "read:mfa_policies")
def get_policies(call: Call) -> Reply:
    """Say when a second factor is asked for: one policy in an array, or none."""
    policy = call.tenant.settings.policy
    return Reply([] if policy == "never" else [policy])


@route("PUT", "/guardian/policies", "update:mfa_policies")
def put_policies(call: Call) -> Reply:
    """Set when a second factor is asked for; the body is an array of at most one of the two policies."""
    value = call.array()
    policy = POLICIES.get(tuple(map(str, value)))
    if policy is None:
        raise errors.API_INVALID_BODY(problem=f"No enum match for: {','.join(map(str, value))}")
    _set(call.tenant, policy=policy)
    return Reply(value)


def _endpoints_of(path: str, member: str, setting: str, wanted: Property) -> tuple[Endpoint, Endpoint]:
    """Return what reads and what sets one field of the settings."""

    @route("GET", f"/guardian/factors/{path}", "read:guardian_factors")
    def read(call: Call) -> Reply:
        value = getattr(call.tenant.settings, setting)
        return Reply({member: list(value) if wanted.type == "array" else value})

    @route("PUT", f"/guardian/factors/{path}", "update:guardian_factors")
    def put(call: Call) -> Reply:
        value = call.fields({member: replace(wanted, required=True)})[member]
        _set(call.tenant, **{setting: strings(value) if wanted.type == "array" else value})
        return read.answer(call)

    return read, put


def _set(tenant: Tenant, **changes: object) -> None:
    tenant.settings = replace(tenant.settings, **changes)  # type: ignore[arg-type]  # checked above


ENDPOINTS = (
    *(get_factors, put_factor, get_policies, put_policies),
    *(endpoint for row in SETTINGS for endpoint in _endpoints_of(*row)),
)
