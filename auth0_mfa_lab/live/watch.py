"""Who stands at the door of a live lab: asks before what costs or changes something."""

from __future__ import annotations

import httpx

from auth0_mfa_lab.live.confirm import Confirm
from auth0_mfa_lab.wire.exchange import Exchange


class Watch:
    """The guard of a live lab's connection."""

    def __init__(self, confirm: Confirm) -> None:
        """Let `confirm` ask."""
        self.confirm = confirm

    def before(self, request: httpx.Request) -> None:
        """Ask for a request, if it costs or changes something; NotConfirmed unless the person says yes."""
        self.confirm.before(request)

    def after(self, exchange: Exchange) -> None:
        """Do nothing yet."""
