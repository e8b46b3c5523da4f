"""Who stands at the door of a live lab: asks before what costs or changes something, and notes what is left."""

from __future__ import annotations

import httpx

from auth0_mfa_lab.live.confirm import Confirm
from auth0_mfa_lab.live.noting import Noting
from auth0_mfa_lab.wire.exchange import Exchange


class Watch:
    """The guard of a live lab's connection."""

    def __init__(self, confirm: Confirm, noting: Noting) -> None:
        """Let `confirm` ask, and `noting` keep what is left."""
        self.confirm = confirm
        self.noting = noting

    def before(self, request: httpx.Request) -> None:
        """Ask for a request, if it costs or changes something; NotConfirmed unless the person says yes.

        LabError when what it leaves could not be noted.
        """
        self.confirm.before(request)
        self.noting.before(request)

    def after(self, exchange: Exchange) -> None:
        """Note what an exchange left, or took away."""
        self.noting.after(exchange)
