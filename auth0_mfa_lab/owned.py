"""The verbs of a lab that are for one's own tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import httpx

from auth0_mfa_lab.clock import RealClock
from auth0_mfa_lab.connection import live_domain
from auth0_mfa_lab.noted import remember_tenant
from auth0_mfa_lab.people import learn_settings
from auth0_mfa_lab.sender import network
from auth0_mfa_lab.settings import Settings

if TYPE_CHECKING:
    from auth0_mfa_lab.lab import Lab


class OwnTenant:
    """A lab's part that opens one's own tenant."""

    @classmethod
    def live(cls, settings: Settings, *, transport: httpx.BaseTransport | None = None) -> Lab:
        """Open one's own tenant; `transport` stands in for the network.

        Raises SettingsError unless `settings.tenant` is `live`, so that no tenant is reached by accident.
        """
        lab = cast("type[Lab]", cls)(settings, transport or network(settings), RealClock(), live_domain(settings))
        learn_settings(settings, lab.aliases)
        remember_tenant(lab)
        return lab
