"""The tenant: its users and applications, and what each may do now; pure state, with no web in it."""

import hmac
from collections import deque
from dataclasses import replace
from itertools import count
from urllib.parse import quote

from auth0_mfa_lab.sandbox.clock import Chance, Clock
from auth0_mfa_lab.sandbox.delivery import Delivery
from auth0_mfa_lab.sandbox.limits import Bounded, Limits
from auth0_mfa_lab.sandbox.management import MANAGEMENT_SCOPES
from auth0_mfa_lab.sandbox.mfa.authenticators import Authenticators, Transactions
from auth0_mfa_lab.sandbox.oauth.tokens import MFA_TOKEN_CIPHERTEXT, NewKey, Tokens
from auth0_mfa_lab.sandbox.records import Api, Client, Device, LogEntry, Login, Request, User
from auth0_mfa_lab.sandbox.settings import CONNECTIONS, Domains, Settings

NEWCOMERS, MANY, LOGGED = 10_000, 1_000_000, 1_000
"""How many are kept: users without a password (the oldest is forgotten first), used assertions, entries of the log."""
MFA_PATH = "mfa/"
MANAGEMENT_PATH = "api/v2/"
MFA_SCOPES = ("enroll", "read:authenticators", "remove:authenticators")
MFA_ACCESS_LIFETIME = MFA_TOKEN_LIFETIME = 600
"""Seconds that an MFA access token lives (reference, section 2), and an mfa_token (section 0.3)."""


class Tenant:
    """One Auth0 tenant, every look-up by key; what `codes` draws for people moves no id, which `chance` draws."""

    def __init__(
        self,
        *,
        domains: Domains,
        settings: Settings,
        clock: Clock,
        chance: Chance,
        delivery: Delivery,
        new_key: NewKey,
    ) -> None:
        self.domains, self.settings, self.clock, self.delivery = domains, settings, clock, delivery
        self.chance, self.codes, self.requests = chance, chance.fork("codes"), count(1)
        self.tokens = Tokens(domains=domains, clock=clock, chance=chance, new_key=new_key)
        self.limits, self.transactions, self.authenticators = Limits(clock), Transactions(clock), Authenticators(clock)
        self.passwordless_chance = chance.fork("passwordless")
        self.passwordless_codes = Bounded[tuple[str, float, int]]()
        """The newest code of each address, when it expires, and how many tries were wrong."""
        self.clients, self.devices, self.users = dict[str, Client](), dict[str, Device](), dict[str, User]()
        self.user_ids = chance.fork("management/users")
        """The chance behind the ids of users that the Management API makes."""
        self.connections = set[str]()
        """The connections that have passwords."""
        self._ids = dict[tuple[str, str], str]()
        """The id of each user with a password, by connection and name."""
        self._newcomers = dict[str, None]()
        self._lives = count(1)
        self.access_tokens = Bounded[tuple[Request, int]](has_ended=lambda entry: not self.is_current(entry[0]))
        """The request behind each access token of a user, and when it expires."""
        self.refresh_tokens = Bounded[Request]()
        """The original request behind each refresh token that is neither used nor revoked."""
        self.assertions = Bounded[float](MANY, has_ended=lambda until: until <= clock.stamp())
        """When each assertion ends that an application has used up, by the digest of its id."""
        self.otp_steps = Bounded[int]()
        """The newest TOTP step that was used, by user and secret."""
        self.method_labels = Bounded[dict[str, str]]()
        """What the Management API set of each authentication method, by the method's id."""
        self.logs, self._log_ids = deque[LogEntry](maxlen=LOGGED), chance.fork("logs")
        self._apis = dict[str, Api]()
        home = f"https://{domains.home}/"
        self.add_api(Api(identifier=f"{home}{MFA_PATH}", scopes=MFA_SCOPES, token_lifetime=MFA_ACCESS_LIFETIME))
        self.add_api(Api(identifier=f"{home}{MANAGEMENT_PATH}", scopes=MANAGEMENT_SCOPES))

    @property
    def guardian_url(self) -> str:
        """The `base_url` of a QR (the guardian reference, section 1a)."""
        return f"{self.domains.origin}/appliance-mfa"

    def barcode_label(self, user: User) -> str:
        """Return what an app shows beside a code: the tenant and the user, percent-encoded."""
        return ":".join(quote(one, safe="") for one in (self.settings.name, user.email or user.phone_number))

    def log(self, type_: str, description: str, *, user_id: str | None = None, client_id: str | None = None) -> None:
        """Write an entry to the log; the types are Auth0's codes (reference, section 11), the descriptions ours."""
        log_id, now = self._log_ids.digits(32), self.clock.stamp()
        self.logs.append(LogEntry(log_id, type_, now, description, user_id, client_id))

    def add_api(self, api: Api) -> None:
        self._apis[api.identifier] = api

    def api(self, audience: str) -> Api | None:
        """Return the API of an audience, with this very audience as its identifier; the tenant's own by any name."""
        api = self._apis.get(self.domains.at_home(audience))
        return replace(api, identifier=audience) if api else None

    # -- users, by id and by name, and the life in which each one is

    def add_user(self, user: User) -> None:
        """Add a user with a password; that makes the connection one with passwords."""
        self.connections.add(user.connection)
        self.users[user.user_id] = user
        self._ids[user.connection, user.username.lower()] = user.user_id

    def has_user(self, connection: str, username: str) -> bool:
        """Tell whether a connection with passwords has a user of this name."""
        return (connection, username.lower()) in self._ids

    def authenticate(self, connection: str, username: str, password: str) -> User | None:
        """Return the user of this connection with this name and this password."""
        user = self.users.get(self._ids.get((connection, username.lower()), ""))
        return user if user and hmac.compare_digest(user.password.encode(), password.encode()) else None

    def users_called(self, name: str) -> tuple[User, ...]:
        """Return each user with this id, username, phone number or email address, in any case of letters."""
        # A user of SMS has no email, one of email no number: "" finds no user.
        names = ((each, (each.user_id, each.username, each.phone_number, each.email)) for each in self.users.values())
        return tuple(each for each, known in names if name and name.lower() in map(str.lower, known))

    def passwordless_id(self, connection: str, address: str) -> str:
        """Return the id that the user of an address has, or will have."""
        return f"{connection}|{self.passwordless_chance.fork(f'{connection}|{address.lower()}').hex(24)}"

    def passwordless_user(self, connection: str, address: str) -> User:
        """Return the user of an address; the first login makes the user (reference, section 7.3)."""
        user_id = self.passwordless_id(connection, address)
        if user_id not in self.users:
            self.users[user_id] = User(
                user_id=user_id,
                username=address,
                password="",
                phone_number=address if connection == "sms" else "",
                email=address if connection == "email" else "",
                connection=connection,
                created_at=self.clock.stamp(),
                # The address may have had a user before, whose tokens stay dead.
                life=next(self._lives),
            )
            self._newcomers[user_id] = None
            if len(self._newcomers) > NEWCOMERS:
                self.forget_user(self.users[next(iter(self._newcomers))])
        return self.users[user_id]

    def reset_user(self, user: User) -> None:
        """Make a user as good as new: no authenticator, recovery code, login, token, code or message, full limits."""
        for entry in self.authenticators.of(user.user_id):
            if device := self.devices.get(entry.id.removeprefix("push|")):
                self.delivery.forget_pushes(device.push_token, device.id)
        self.remove_authenticators(user)
        self.transactions.end_all(user.user_id)
        self.users[user.user_id] = replace(self.users[user.user_id], life=next(self._lives))
        self.limits.forget(user.user_id)
        for address in filter(None, (user.phone_number, user.email)):
            self.forget_address(address)

    def forget_address(self, address: str) -> None:
        """Forget what was sent to a phone number or an email address, and the code that is good for it."""
        for connection in CONNECTIONS:
            self.passwordless_codes.pop(f"{connection}|{address.lower()}", None)
        self.delivery.forget(address)

    def forget_user(self, user: User) -> None:
        """Remove a user with their authenticators; what was issued to them stays dead, should they come back."""
        self.remove_authenticators(user)
        self.users.pop(user.user_id, None)
        self._newcomers.pop(user.user_id, None)
        self._ids.pop((user.connection, user.username.lower()), None)

    def implicit_email_id(self, user_id: str) -> str:
        """Return under which id a user's own verified address is listed, the same each time."""
        return f"email|{self.chance.fork(f'email/{user_id}').device_id()}"

    def is_current(self, request: Request) -> bool:
        """Tell whether what was issued for this request is its user's still: there, and in the same life."""
        user = self.users.get(request.user_id)
        return user is not None and user.life == request.life

    # -- authenticators

    def confirm(self, user_id: str, authenticator_id: str, *, name: str | None = None) -> None:
        """Make an authenticator active, and what belongs to it."""
        self.authenticators.confirm(user_id, authenticator_id, name=name)
        self.log("gd_enrollment_complete", "Enrollment confirmed.", user_id=user_id)

    def remove_authenticator(self, user_id: str, authenticator_id: str) -> None:
        """Remove an authenticator with its partner, and the phone behind it; no transaction of it can be ended."""
        entry = self.authenticators.get(user_id, authenticator_id)
        for one in (authenticator_id, entry.partner if entry else ""):
            self.devices.pop(one.removeprefix("push|"), None)
        self.authenticators.remove(user_id, authenticator_id)
        self.log("gd_unenroll", "Authenticator removed.", user_id=user_id)

    def remove_authenticators(self, user: User) -> None:
        """Remove every authenticator of a user, unconfirmed ones too."""
        while entries := self.authenticators.of(user.user_id):
            self.remove_authenticator(user.user_id, entries[0].id)

    # -- logins and their tokens

    def begin_login(self, request: Request) -> Login:
        """Begin a login of a user as they are now, whose second factor is due: 10 minutes (reference, section 0.3)."""
        request = replace(request, life=self.users[request.user_id].life)
        expires = self.clock.now() + MFA_TOKEN_LIFETIME
        mfa_token = self.tokens.sealed("mfa_token", expires, MFA_TOKEN_CIPHERTEXT)
        login = self.transactions.logins[mfa_token] = Login(mfa_token=mfa_token, request=request, expires=expires)
        return login

    def finish(self, login: Login) -> dict[str, object]:
        """End a login by its second factor: its request gets its tokens, that of an MFA access token each time."""
        login.done = not login.is_access_token
        return self.token_set(login.request)

    def token_set(self, request: Request, *, renewed: Request | None = None) -> dict[str, object]:
        """Return the tokens that a request asked for; with `renewed`, a refresh token that stands for all of that."""
        user = self.users[request.user_id]
        request = replace(request, life=user.life)
        api = self.api(request.audience) if request.audience is not None else None
        body = self.tokens.token_set(request, user, api)
        expires = int(self.clock.now()) + int(str(body["expires_in"]))
        self.access_tokens[str(body["access_token"])] = (request, expires)
        if renewed:
            body.setdefault("refresh_token", self.tokens.refresh_token())
        if "refresh_token" in body:
            self.refresh_tokens[str(body["refresh_token"])] = renewed or request
        return body

    def access_login(self, token: str) -> Login | None:
        """Return the login of an MFA access token that we issued, expired or not, in this life of its user."""
        (request, expires), logins = self.access_tokens.get(token, (None, 0)), self.transactions.access_logins
        if request is None or not self.domains.is_ours(request.audience, MFA_PATH) or not self.is_current(request):
            return None
        if token not in logins:
            scope = tuple(one for one in request.scope if one in MFA_SCOPES)
            asked = replace(request, audience=f"{self.tokens.issuer}{MFA_PATH}", scope=scope)
            logins[token] = Login(mfa_token=token, request=asked, expires=expires, is_access_token=True)
        return logins[token]

    def openid_request(self, token: str) -> Request | None:
        """Return what a living access token with `openid` was issued for; None for anything else."""
        request, expires = self.access_tokens.get(token, (None, 0))
        if request is None or self.clock.now() >= expires or "openid" not in request.scope:
            return None
        return request if self.is_current(request) else None
