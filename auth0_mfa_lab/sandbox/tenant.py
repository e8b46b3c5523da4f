"""The tenant: who is in it, and what each may do now; pure state, with no web in it."""

from urllib.parse import quote

from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox.apis import MANAGEMENT_PATH, MFA_SCOPES, Apis
from auth0_mfa_lab.sandbox.chance import Chance
from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.delivery import Delivery
from auth0_mfa_lab.sandbox.directory import Directory
from auth0_mfa_lab.sandbox.domains import Domains
from auth0_mfa_lab.sandbox.limits import Limits
from auth0_mfa_lab.sandbox.mfa.authenticators import Authenticators
from auth0_mfa_lab.sandbox.mfa.transactions import Transactions
from auth0_mfa_lab.sandbox.oauth.issued import Issued
from auth0_mfa_lab.sandbox.oauth.keys import NewKey
from auth0_mfa_lab.sandbox.oauth.tokens import DEFAULT_LIFETIME, Tokens
from auth0_mfa_lab.sandbox.passwordless.codes import PasswordlessCodes
from auth0_mfa_lab.sandbox.records import (
    Api,
    Client,
    Device,
    LogEntry,
    Login,
    PasswordlessConnection,
    Request,
    Settings,
    User,
)
from auth0_mfa_lab.sandbox.tenant_log import TenantLog

NEWCOMERS = 10_000
"""How many users that came without a password are kept; the one who came first is forgotten first."""


class Tenant:
    """One Auth0 tenant. Every look-up is by key: a login costs the same with one user as with many.

    What a factor does stands in a module of its own: push, otp, oob_codes, recovery; what its settings mean, factors.
    `codes` is the chance behind what is sent to people, apart from `chance`: a code that is drawn moves no id.
    """

    def __init__(
        self,
        *,
        domain: str,
        settings: Settings,
        clock: Clock,
        chance: Chance,
        delivery: Delivery,
        new_key: NewKey = RSAKey.generate_key,
        first_life: int = 0,
    ) -> None:
        self.domains = Domains(domain)
        self.settings = settings
        self.clock = clock
        self.chance = chance
        self.codes = chance.fork("codes")
        self.delivery = delivery
        self.tokens = Tokens(domains=self.domains, clock=clock, chance=chance, new_key=new_key)
        self.limits = Limits(clock)
        self.transactions = Transactions(clock=clock, chance=chance, tokens=self.tokens, limits=self.limits)
        self.authenticators = Authenticators()
        self.issued = Issued()
        self.passwordless = PasswordlessCodes(clock=clock, chance=chance.fork("passwordless"))
        self.clients: dict[str, Client] = {}
        self.apis = Apis(self.domains)
        self.directory = Directory(first_life=first_life)
        self.users = self.directory.users
        self.devices: dict[str, Device] = {}
        self._log = TenantLog(clock=clock, chance=chance.fork("logs"))

    @property
    def domain(self) -> str:
        """The domain by which the request at hand knows the tenant."""
        return self.domains.current

    @property
    def management_audience(self) -> str:
        """The identifier of the Management API (reference, section 9.1)."""
        return f"{self.domains.origin}/{MANAGEMENT_PATH}"

    @property
    def logs(self) -> tuple[LogEntry, ...]:
        """The tenant's log, oldest first; the oldest of many are forgotten."""
        return self._log.entries()

    def log(self, type_: str, description: str, *, user_id: str | None = None, client_id: str | None = None) -> None:
        """Write an entry to the tenant's log."""
        self._log.add(type_, description, user_id=user_id, client_id=client_id)

    @property
    def guardian_url(self) -> str:
        """The `base_url` of a QR (the guardian reference, section 1a)."""
        return f"{self.domains.origin}/appliance-mfa"

    def barcode_label(self, user: User) -> str:
        """Return what an app shows beside a code: the tenant and the user, percent-encoded."""
        return f"{quote(self.settings.name, safe='')}:{quote(user.email or user.phone_number, safe='')}"

    def add_client(self, client: Client) -> None:
        self.clients[client.client_id] = client

    def add_api(self, api: Api) -> None:
        self.apis.add(api)

    def add_user(self, user: User) -> None:
        self.directory.add(user)

    def has_user(self, connection: str, username: str) -> bool:
        """Tell whether a connection has a user of this name."""
        return self.directory.has(connection, username)

    def forget_user(self, user: User) -> None:
        """Let nobody find a user any more, or what they had; what was issued to them is dead, should they come back."""
        for entry in self.authenticators.of(user.user_id):
            # Its partner may have gone with one before it.
            if self.authenticators.get(user.user_id, entry.id):
                self.remove_authenticator(user.user_id, entry.id)
        self.directory.remove(user)

    def revoke_all(self, user_id: str) -> None:
        """End every login of a user, and every token: refresh tokens, opaque ones, JWTs wherever the tenant reads them.

        An API that verifies a JWT by itself takes it until it expires.
        """
        self.transactions.end_all(user_id)
        self.directory.begin_life(user_id)

    def has_connection(self, realm: str) -> bool:
        """Tell whether a realm is a connection that has passwords."""
        return realm in self.directory.connections

    def authenticate(self, connection: str, username: str, password: str) -> User | None:
        """Return the user of this connection with this name and this password."""
        return self.directory.authenticate(connection, username, password)

    def implicit_email_id(self, user_id: str) -> str:
        """Return under which id a user's own verified address is listed, the same each time."""
        return f"email|{self.chance.fork(f'email/{user_id}').device_id()}"

    def passwordless_user(self, connection: PasswordlessConnection, address: str) -> User:
        """Return the user of an address, who is made at the first login (reference, section 7.3)."""
        user_id = f"{connection}|{self.passwordless.identity(connection, address)}"
        if user_id not in self.users:
            newcomer = User(
                user_id=user_id,
                username=address,
                password="",
                phone_number=address if connection == "sms" else "",
                email=address if connection == "email" else "",
                connection=connection,
                created_at=self.clock.stamp(),
            )
            self.directory.add_newcomer(newcomer)
            if len(self.directory.newcomers) > NEWCOMERS:
                self.forget_user(self.directory.oldest_newcomer())
        return self.users[user_id]

    def begin_login(self, request: Request) -> Login:
        return self.transactions.begin_login(self.directory.of_now(request))

    def access_login(self, token: str) -> Login | None:
        """Return the transaction of an MFA access token that we signed, expired or not; None for any other token.

        One of an earlier life of its user is another token, too.
        """
        claims = self.tokens.claims_of(token) or {}
        audience, expires = claims.get("aud"), claims.get("exp")
        if not self.apis.is_mfa(audience) or not isinstance(expires, int):
            return None
        scope = tuple(one for one in str(claims.get("scope", "")).split() if one in MFA_SCOPES)
        request = Request(
            client_id=str(claims["azp"]),
            user_id=str(claims["sub"]),
            audience=self.tokens.mfa_audience,
            scope=scope,
            life=self.issued.life_of(token),
        )
        return self.transactions.access_login(token, request, expires) if self.directory.is_current(request) else None

    def token_set(self, request: Request) -> dict[str, object]:
        """Return the tokens that a request asked for, whatever grant ends it."""
        request = self.directory.of_now(request)
        api = self.apis.of(request.audience) if request.audience is not None else None
        body = self.tokens.token_set(request, self.users[request.user_id], api)
        if api is None:
            self.issued.keep_access(str(body["access_token"]), request, self.clock.now() + DEFAULT_LIFETIME)
        else:
            self.issued.keep_life(str(body["access_token"]), request.life)
        if "refresh_token" in body:
            self.issued.keep_refresh(str(body["refresh_token"]), request)
        return body

    def refreshed(self, request: Request, narrowed: Request) -> dict[str, object]:
        """Return the tokens of `narrowed`, and a new refresh token that stands for all of `request`."""
        body = self.token_set(narrowed)
        body.setdefault("refresh_token", self.tokens.refresh_token())
        self.issued.keep_refresh(str(body["refresh_token"]), request)
        return body

    def openid_request(self, access_token: str) -> Request | None:
        """Return what a living access token with `openid` was issued for; None for anything else."""
        request = self.issued.access(access_token, self.clock.now()) or self._request_of_jwt(access_token)
        return request if request and "openid" in request.scope and self.directory.is_current(request) else None

    def _request_of_jwt(self, token: str) -> Request | None:
        claims = self.tokens.claims_of(token) or {}
        audience, expires = claims.get("aud"), claims.get("exp")
        if (
            not isinstance(audience, list)
            or not self.apis.is_userinfo(audience)
            or not isinstance(expires, int)
            or self.clock.now() >= expires
        ):
            return None
        scope = tuple(str(claims.get("scope", "")).split())
        client_id, user_id = str(claims["azp"]), str(claims["sub"])
        life = self.issued.life_of(token)
        return Request(client_id=client_id, user_id=user_id, audience=None, scope=scope, life=life)

    def confirm(self, user_id: str, authenticator_id: str, *, name: str | None = None) -> None:
        """Make an authenticator active, and what belongs to it."""
        self.authenticators.confirm(user_id, authenticator_id, name=name, now=self.clock.now())
        self.log("gd_enrollment_complete", "Enrollment confirmed.", user_id=user_id)

    def remove_authenticator(self, user_id: str, authenticator_id: str) -> None:
        """Remove an authenticator with its partner, and the phone behind it; no transaction of it can be ended."""
        entry = self.authenticators.get(user_id, authenticator_id)
        for one in (authenticator_id, entry.partner if entry else None):
            self.devices.pop((one or "").removeprefix("push|"), None)
        self.authenticators.remove(user_id, authenticator_id)
        self.log("gd_unenroll", "Authenticator removed.", user_id=user_id)

    def finish(self, login: Login) -> dict[str, object]:
        """End a login by its second factor: its original request gets its tokens, once.

        An MFA access token gets another one like it, as often as it confirms a factor.
        """
        login.done = not login.is_access_token
        return self.token_set(login.request)
