"""The one default tenant (decision 12): what a fresh sandbox holds, in process and served alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from auth0_mfa_lab.sandbox.chance import Chance
from auth0_mfa_lab.sandbox.management.scopes import MANAGEMENT_SCOPES
from auth0_mfa_lab.sandbox.records import Api, Client, User
from auth0_mfa_lab.sandbox.settings import Policy, Profile, Settings

REALM = "Username-Password-Authentication"
AUDIENCE = "https://api.example.com/"
API_SCOPES = ("read:orders", "write:orders")
GRANTS = "http://auth0.com/oauth/grant-type"
USER_GRANTS = frozenset(
    {
        "password",
        f"{GRANTS}/password-realm",
        f"{GRANTS}/mfa-oob",
        f"{GRANTS}/mfa-otp",
        f"{GRANTS}/mfa-recovery-code",
        f"{GRANTS}/passwordless/otp",
        "refresh_token",
    }
)


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

    def clients(self, domain: str) -> tuple[Client, ...]:
        """Return the confidential application, the public one, and the one for the Management API of this domain."""
        return (
            Client(
                client_id=self.client_id,
                client_secret=self.client_secret,
                name="Lab (confidential)",
                grants=USER_GRANTS | {"client_credentials"},
                apis={self.audience: API_SCOPES},
            ),
            Client(client_id=self.public_client_id, name="Lab (public)", grants=USER_GRANTS),
            Client(
                client_id=self.mgmt_client_id,
                client_secret=self.mgmt_client_secret,
                name="Lab (management)",
                grants=frozenset({"client_credentials"}),
                apis={f"https://{domain}/api/v2/": MANAGEMENT_SCOPES},
            ),
        )

    def apis(self) -> tuple[Api, ...]:
        return (Api(identifier=self.audience, scopes=API_SCOPES),)

    def user(self, now: float) -> User:
        return User(
            user_id=self.user_id,
            username=self.username,
            password=self.password,
            phone_number=self.phone_number,
            email=self.email,
            connection=self.realm,
            created_at=now,
        )


def default_settings(*, domain: str, profile: Profile, policy: Policy, switches: Mapping[str, str]) -> Settings:
    """Return the settings of the default tenant, which is named by the first label of its domain."""
    settings = Settings(
        name=domain.partition(".")[0], profile=profile, policy=policy, default_directory=REALM, switches=switches
    )
    if switches["recovery_code_factor"] == "off":
        return replace(settings, factors=settings.factors - {"recovery-code"})
    return settings
