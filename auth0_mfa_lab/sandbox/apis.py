"""The APIs that access tokens can be asked for: the tenant's own, at each of its names, and those that were added."""

from dataclasses import replace

from auth0_mfa_lab.sandbox.domains import Domains
from auth0_mfa_lab.sandbox.management.scopes import MANAGEMENT_SCOPES
from auth0_mfa_lab.sandbox.records import Api

MFA_PATH = "mfa/"
MANAGEMENT_PATH = "api/v2/"
MFA_SCOPES = ("enroll", "read:authenticators", "remove:authenticators")
MFA_TOKEN_LIFETIME = 600
"""Seconds that an MFA access token lives (reference, section 2)."""


class Apis:
    """Every API of one tenant, by its identifier; a token for its own got by one name is good at the others."""

    def __init__(self, domains: Domains) -> None:
        self._domains = domains
        self._apis: dict[str, Api] = {}
        home = f"https://{domains.home}/"
        self.add(Api(identifier=f"{home}{MFA_PATH}", scopes=MFA_SCOPES, token_lifetime=MFA_TOKEN_LIFETIME))
        self.add(Api(identifier=f"{home}{MANAGEMENT_PATH}", scopes=MANAGEMENT_SCOPES))

    def add(self, api: Api) -> None:
        self._apis[api.identifier] = api

    def of(self, audience: str) -> Api | None:
        """Return the API of an audience, with this very audience as its identifier."""
        api = self._apis.get(self._domains.at_home(audience))
        return replace(api, identifier=audience) if api else None

    def is_mfa(self, audience: object) -> bool:
        """Tell whether an audience, or one of a list, is the MFA API's."""
        return self._domains.is_ours(audience, MFA_PATH)

    def is_management(self, audience: object) -> bool:
        """Tell whether an audience, or one of a list, is the Management API's (reference, section 9.1)."""
        return self._domains.is_ours(audience, MANAGEMENT_PATH)

    def is_userinfo(self, audience: object) -> bool:
        """Tell whether an audience, or one of a list, is the userinfo URL, which is no API."""
        return self._domains.is_ours(audience, "userinfo")
