"""The Management API's side of the tenant's factors: which are on, and how they reach a person (reference, 9.2)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import Call, Endpoint, Property, Reply, strings, type_name
from auth0_mfa_lab.sandbox.records import Factor, MessageType, PhoneProvider, Policy, PushProvider
from auth0_mfa_lab.sandbox.tenant import Tenant

FACTORS: tuple[Factor, ...] = get_args(Factor)
MESSAGE_TYPES: tuple[MessageType, ...] = get_args(MessageType)
PUSH_PROVIDERS: tuple[PushProvider, ...] = get_args(PushProvider)
PHONE_PROVIDERS: tuple[PhoneProvider, ...] = get_args(PhoneProvider)
POLICIES: Mapping[tuple[str, ...], Policy] = {
    (): "never",
    ("all-applications",): "all-applications",
    ("confidence-score",): "confidence-score",
}
READ, UPDATE = ("read:guardian_factors",), ("update:guardian_factors",)
ENABLED = {"enabled": Property(type="boolean", required=True)}
TYPES = {"message_types": Property(type="array", required=True, enum=MESSAGE_TYPES)}


class GuardianSettings:
    """The factors and the policy of one tenant, as an administrator reads and sets them."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def endpoints(self) -> tuple[Endpoint, ...]:
        factors, phone = "/guardian/factors", "/guardian/factors/phone"
        push, policies = f"{factors}/push-notification/selected-provider", "/guardian/policies"
        return (
            Endpoint(method="GET", path=factors, scopes=READ, answer=self.factors),
            Endpoint(method="PUT", path=f"{factors}/{{name}}", scopes=UPDATE, answer=self.put_factor),
            Endpoint(method="GET", path=policies, scopes=("read:mfa_policies",), answer=self.policies),
            Endpoint(method="PUT", path=policies, scopes=("update:mfa_policies",), answer=self.put_policies),
            Endpoint(method="GET", path=push, scopes=READ, answer=self.push_provider),
            Endpoint(method="PUT", path=push, scopes=UPDATE, answer=self.put_push_provider),
            Endpoint(method="GET", path=f"{phone}/message-types", scopes=READ, answer=self.message_types),
            Endpoint(method="PUT", path=f"{phone}/message-types", scopes=UPDATE, answer=self.put_message_types),
            Endpoint(method="GET", path=f"{phone}/selected-provider", scopes=READ, answer=self.phone_provider),
            Endpoint(method="PUT", path=f"{phone}/selected-provider", scopes=UPDATE, answer=self.put_phone_provider),
        )

    def factors(self, _: Call) -> Reply:
        """List every factor, on or off, in Auth0's order."""
        on = self._tenant.settings.factors
        return Reply(body=[{"name": name, "enabled": name in on, "trial_expired": False} for name in FACTORS])

    def put_factor(self, call: Call) -> Reply:
        """Switch a factor on or off; duo and webauthn can be, and change nothing for the MFA API."""
        name = next((each for each in FACTORS if each == call.path["name"]), None)
        if name is None:
            raise errors.API_INVALID_PATH(problem=f"No enum match for: {call.path['name']} on property name")
        enabled = call.fields(ENABLED)["enabled"] is True
        others = self._tenant.settings.factors - {name}
        self._set(factors=others | {name} if enabled else others)
        return Reply(body={"enabled": enabled})

    def policies(self, _: Call) -> Reply:
        """Say when a second factor is asked for: one policy in an array, or none."""
        policy = self._tenant.settings.policy
        return Reply(body=[] if policy == "never" else [policy])

    def put_policies(self, call: Call) -> Reply:
        """Set when a second factor is asked for; the body is an array of at most one of the two policies."""
        value = call.value()
        if not isinstance(value, list):
            raise errors.API_INVALID_BODY(problem=f"Expected type array but found type {type_name(value)}")
        policy = POLICIES.get(tuple(map(str, value)))
        if policy is None:
            raise errors.API_INVALID_BODY(problem=f"No enum match for: {','.join(map(str, value))}")
        self._set(policy=policy)
        return Reply(body=value)

    def push_provider(self, _: Call) -> Reply:
        return Reply(body={"provider": self._tenant.settings.push_provider})

    def put_push_provider(self, call: Call) -> Reply:
        return self._put_provider(call, "push_provider", PUSH_PROVIDERS)

    def phone_provider(self, _: Call) -> Reply:
        return Reply(body={"provider": self._tenant.settings.phone_provider})

    def put_phone_provider(self, call: Call) -> Reply:
        return self._put_provider(call, "phone_provider", PHONE_PROVIDERS)

    def message_types(self, _: Call) -> Reply:
        return Reply(body={"message_types": list(self._tenant.settings.message_types)})

    def put_message_types(self, call: Call) -> Reply:
        """Set how the phone factor may reach a number: by SMS, by voice, by both, or not at all."""
        types = strings(call.fields(TYPES)["message_types"])
        self._set(message_types=types)
        return Reply(body={"message_types": list(types)})

    def _put_provider(self, call: Call, setting: str, known: tuple[str, ...]) -> Reply:
        provider = call.fields({"provider": Property(required=True, enum=known)})["provider"]
        self._set(**{setting: provider})
        return Reply(body={"provider": provider})

    def _set(self, **changes: object) -> None:
        self._tenant.settings = replace(self._tenant.settings, **changes)  # type: ignore[arg-type]  # checked above
