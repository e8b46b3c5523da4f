"""The tenant that the doctor looks at, as the lab reaches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auth0_mfa_lab.client import Client
from auth0_mfa_lab.management import Management

FEATURES = ("push", "otp", "sms", "voice", "email", "recovery", "passwordless")
"""What one may want of a tenant beside the password and the policy."""
NO_TOKEN = (
    "not known without a Management token: set AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET, or AUTH0_MGMT_TOKEN"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One application on one tenant, and what is wanted there (of FEATURES).

    `machine` is the application that gets tokens for the Management API, None where there is none; `token` is such a
    token, where one was passed; `management` opens that API by a token. `now` gives epoch seconds.
    """

    client: Client
    machine: Client | None
    token: str | None
    management: Callable[[str], Management]
    management_audience: str
    domain: str
    realm: str
    audience: str | None
    has_secret: bool
    is_live: bool
    now: Callable[[], float]
    wanted: tuple[str, ...] = FEATURES

    @property
    def management_domain(self) -> str:
        """The host of the Management API."""
        return self.management_audience.partition("://")[2].partition("/")[0]

    def wants(self, *features: str) -> bool:
        """Tell whether one of these is wanted."""
        return any(each in self.wanted for each in features)
