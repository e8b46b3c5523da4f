"""The one default tenant (decision 12): what a fresh sandbox holds, in process and served alike."""

from dataclasses import dataclass, field

from auth0_mfa_lab.sandbox.clock import Chance
from auth0_mfa_lab.sandbox.management import MANAGEMENT_SCOPES
from auth0_mfa_lab.sandbox.oauth.api import GRANT
from auth0_mfa_lab.sandbox.records import Api, Client, User
from auth0_mfa_lab.sandbox.tenant import MANAGEMENT_PATH, Tenant

REALM = "Username-Password-Authentication"
AUDIENCE = "https://api.example.com/"
API_SCOPES = ("read:orders", "write:orders")
USER_GRANTS = frozenset(GRANT) - {"client_credentials"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What one needs to know of the default tenant to use it."""

    client_id: str
    client_secret: str = field(repr=False)
    public_client_id: str
    mgmt_client_id: str
    mgmt_client_secret: str = field(repr=False)
    username: str = "jane.roe@example.com"
    password: str = field(repr=False)
    realm: str = REALM
    audience: str = AUDIENCE
    phone_number: str = "+15550100"
    email: str = "jane.roe@example.com"
    user_id: str

    @classmethod
    def draw(cls, chance: Chance) -> "Defaults":
        """Draw the ids and secrets; the names are the same in every tenant."""
        return cls(
            client_id=chance.alnum(32),
            client_secret=chance.base64url(64),
            public_client_id=chance.alnum(32),
            mgmt_client_id=chance.alnum(32),
            mgmt_client_secret=chance.base64url(64),
            password=f"{chance.alnum(14)}!7",
            user_id=chance.user_id(),
        )

    def furnish(self, tenant: Tenant) -> None:
        """Give a tenant its user, its API, and its confidential, its public and its Management application."""
        machine = frozenset({"client_credentials"})
        own = {self.audience: API_SCOPES}
        management = {f"https://{tenant.domains.home}/{MANAGEMENT_PATH}": MANAGEMENT_SCOPES}
        for client_id, secret, name, grants, apis in (
            (self.client_id, self.client_secret, "Lab (confidential)", USER_GRANTS | machine, own),
            (self.public_client_id, None, "Lab (public)", USER_GRANTS, {}),
            (self.mgmt_client_id, self.mgmt_client_secret, "Lab (management)", machine, management),
        ):
            tenant.clients[client_id] = Client(
                client_id=client_id, client_secret=secret, name=name, grants=grants, apis=apis
            )
        tenant.add_api(Api(identifier=self.audience, scopes=API_SCOPES))
        tenant.add_user(
            User(
                user_id=self.user_id,
                username=self.username,
                password=self.password,
                phone_number=self.phone_number,
                email=self.email,
                connection=self.realm,
                created_at=tenant.clock.stamp(),
            )
        )
