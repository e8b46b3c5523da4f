"""The tenant's factors: which are on, when a second one is asked for, and how they reach a person."""

from __future__ import annotations

from collections.abc import Sequence

from auth0_mfa_lab.management.call import ManagementCalls
from auth0_mfa_lab.sender import checked_list, quoted
from auth0_mfa_lab.wire.exchange import Exchange


class Factors(ManagementCalls):
    """The part of the Management API below `/guardian` that is the tenant's."""

    def guardian_factors(self) -> Exchange:
        """List every factor, on or off.

            GET /api/v2/guardian/factors   -> 200 with an array of name, enabled, trial_expired

        Scope: `read:guardian_factors`. Dashboard > Security > Multi-factor Auth. Source: the reference, section 9.2.
        """
        return self.send("GET", "/guardian/factors")

    def update_guardian_factor(self, name: str, *, enabled: bool) -> Exchange:
        """Switch a factor on or off.

            PUT /api/v2/guardian/factors/{name}   -> 200 with enabled

        `name` is `sms` (the phone factor, voice too), `push-notification`, `otp`, `email` or `recovery-code`.
        Scope: `update:guardian_factors`. Dashboard > Security > Multi-factor Auth > the factor's switch. Source: the
        reference, section 9.2.
        """
        return self.send("PUT", f"/guardian/factors/{quoted('name', name)}", json={"enabled": enabled})

    def guardian_policies(self) -> Exchange:
        """Read when a second factor is asked for.

            GET /api/v2/guardian/policies   -> 200 with an array, empty for never

        Scope: `read:mfa_policies`. Dashboard > Security > Multi-factor Auth > Define policies. Source: the reference,
        section 9.2.
        """
        return self.send("GET", "/guardian/policies")

    def update_guardian_policies(self, policies: Sequence[str]) -> Exchange:
        """Set when a second factor is asked for.

            PUT /api/v2/guardian/policies   -> 200 with the array

        `policies` is `["all-applications"]` for always, `["confidence-score"]` for adaptive, `[]` for never.
        Scope: `update:mfa_policies`. Dashboard > Security > Multi-factor Auth > Define policies. Source: the
        reference, section 9.2.
        """
        return self.send("PUT", "/guardian/policies", json=checked_list("policies", policies))

    def push_notification_provider(self) -> Exchange:
        """Read through whom a push is sent.

            GET /api/v2/guardian/factors/push-notification/selected-provider   -> 200 with provider

        Scope: `read:guardian_factors`. Dashboard > Security > Multi-factor Auth > Push Notification using Auth0
        Guardian. Source: the reference, section 9.2.
        """
        return self.send("GET", "/guardian/factors/push-notification/selected-provider")

    def update_push_notification_provider(self, provider: str) -> Exchange:
        """Set through whom a push is sent.

            PUT /api/v2/guardian/factors/push-notification/selected-provider   -> 200 with provider

        `provider` is `guardian` for Auth0's app, `sns` or `direct` for one's own. Scope: `update:guardian_factors`.
        Dashboard > Security > Multi-factor Auth > Push Notification using Auth0 Guardian. Source: the reference,
        section 9.2.
        """
        return self.send("PUT", "/guardian/factors/push-notification/selected-provider", json={"provider": provider})

    def phone_message_types(self) -> Exchange:
        """Read how the phone factor may reach a number.

            GET /api/v2/guardian/factors/phone/message-types   -> 200 with message_types, on a new tenant empty

        Scope: `read:guardian_factors`. Dashboard > Security > Multi-factor Auth > Phone Message > Delivery method.
        Source: the reference, section 9.2.
        """
        return self.send("GET", "/guardian/factors/phone/message-types")

    def update_phone_message_types(self, message_types: Sequence[str]) -> Exchange:
        """Set how the phone factor may reach a number.

            PUT /api/v2/guardian/factors/phone/message-types   -> 200 with message_types

        `message_types` holds `sms`, `voice` or both. Scope: `update:guardian_factors`. Dashboard > Security >
        Multi-factor Auth > Phone Message > Delivery method. Source: the reference, section 9.2.
        """
        types = {"message_types": checked_list("message_types", message_types)}
        return self.send("PUT", "/guardian/factors/phone/message-types", json=types)

    def phone_provider(self) -> Exchange:
        """Read through whom SMS and calls are sent.

            GET /api/v2/guardian/factors/phone/selected-provider   -> 200 with provider

        Scope: `read:guardian_factors`. Dashboard > Security > Multi-factor Auth > Phone Message. Source: the
        reference, section 9.2.
        """
        return self.send("GET", "/guardian/factors/phone/selected-provider")

    def update_phone_provider(self, provider: str) -> Exchange:
        """Set through whom SMS and calls are sent.

            PUT /api/v2/guardian/factors/phone/selected-provider   -> 200 with provider

        `provider` is `auth0`, `twilio` or `phone-message-hook`. Scope: `update:guardian_factors`. Dashboard >
        Security > Multi-factor Auth > Phone Message. Source: the reference, section 9.2.
        """
        return self.send("PUT", "/guardian/factors/phone/selected-provider", json={"provider": provider})
