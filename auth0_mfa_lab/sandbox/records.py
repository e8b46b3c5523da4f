"""What the tenant keeps: the nouns, as values; the secrets in them stay out of every repr."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox.limits import Bucket

Kind = Literal["push", "totp", "sms", "voice", "email", "recovery-code"]
CodeChannel = Literal["sms", "voice", "email"]
Channel = Literal["auth0", CodeChannel]
KIND_OF_CHANNEL: Mapping[Channel, Kind] = {"auth0": "push", "sms": "sms", "voice": "voice", "email": "email"}
CHANNEL_OF: Mapping[Kind, Channel] = {kind: channel for channel, kind in KIND_OF_CHANNEL.items()}
State = Literal["pending", "approved", "rejected", "used", "superseded"]
PushService = Literal["GCM", "APNS"]
AuthMethod = Literal["none", "client_secret_post", "client_secret_basic", "private_key_jwt"]
"""How an application proves who it is, as an administrator sets it (reference, section 0.6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A public key of an application, for assertions signed with one algorithm."""

    id: str
    kid: str
    algorithm: str
    created_at: float
    key: RSAKey = field(repr=False, compare=False)
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An application; without a secret it is a public one.

    `apis` are its client grants: the scopes that it may have at each API by itself, by the API's identifier. The ids of
    the `credentials` that it signs with are `in_use`.
    """

    client_id: str
    name: str
    grants: frozenset[str]
    client_secret: str | None = field(default=None, repr=False)
    apis: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    auth_method: AuthMethod | None = None
    credentials: tuple[Credential, ...] = ()
    in_use: tuple[str, ...] = ()

    @property
    def method(self) -> AuthMethod:
        """How it proves who it is: by its secret, unless it has none or something else was set."""
        return self.auth_method or ("client_secret_post" if self.client_secret else "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """An API (resource server) that access tokens can be asked for."""

    identifier: str
    scopes: tuple[str, ...]
    token_lifetime: int = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user; whoever came by SMS has no email (""), whoever came by email no number, and neither has a password.

    `recovery_code` is the one that the first enrollment gave, where the sandbox did the enrolling. `life` is another
    one after a reset, and where somebody comes back who was deleted: what was issued in an earlier one is dead.
    """

    user_id: str
    username: str
    password: str = field(repr=False)
    phone_number: str
    email: str
    connection: str
    created_at: float
    email_verified: bool = True
    recovery_code: str | None = field(default=None, repr=False)
    life: int = field(default=0, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator:
    """One entry of a user's list; `partner` is the other half of a push and its TOTP twin, or of SMS and voice.

    `secret` is a TOTP secret or the recovery code, `address` the number or the email address of a code. Times are
    epoch seconds.
    """

    id: str
    kind: Kind
    active: bool = False
    name: str | None = None
    partner: str = ""
    secret: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    created_at: float = 0.0
    enrolled_at: float | None = None
    last_auth_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A phone that scanned a ticket: one enrollment, with the key that its answers must carry."""

    id: str
    user_id: str
    identifier: str
    name: str
    service: PushService
    push_token: str = field(repr=False)
    key: RSAKey = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the original login asked for: the tokens at its end are these, whatever grant ends it.

    `gty` is the claim of that name; that a passwordless login has none is a guess. `life` is that of its user.
    """

    client_id: str
    user_id: str
    audience: str | None
    scope: tuple[str, ...]
    gty: str | None = "password"
    life: int = 0


@dataclass(slots=True, kw_only=True)
class Login:
    """The transaction behind an mfa_token, or behind an MFA access token that enrolls a factor.

    An access token is never `done`: it may enroll as long as it lives. One that `is_prepared` is the sandbox's own, and
    enrolls what is off as well. `begun` are the ids of what it enrolled,
    `newest` the last challenge of each channel, `spent` the ids that already proved themselves, where one factor
    follows another.
    """

    mfa_token: str = field(repr=False)
    request: Request
    expires: float
    is_access_token: bool = False
    is_prepared: bool = False
    done: bool = False
    begun: list[str] = field(default_factory=list)
    newest: "dict[Channel, OobTransaction]" = field(default_factory=dict)
    spent: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class OobTransaction:
    """The transaction behind an oob_code: an enrollment to be confirmed, or a login to be allowed.

    A push is `approved` or `rejected` on the phone; SMS, voice and email stay `pending` until the `code` comes back
    that went to this `address`.
    """

    txid: str
    oob_code: str = field(repr=False)
    login: Login = field(repr=False)
    purpose: Literal["enroll", "login"]
    channel: Channel
    device_id: str
    started: float
    expires: float
    polls: Bucket
    state: State = "pending"
    challenge: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    reason: str | None = None

    @property
    def authenticator_id(self) -> str:
        return f"{KIND_OF_CHANNEL[self.channel]}|{self.device_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The `enrollment_tx_id` of a QR: good for one scan."""

    id: str = field(repr=False)
    transaction: OobTransaction
    totp_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of the tenant's log: `type` is Auth0's code, such as `gd_send_pn_failure`; `date` in epoch seconds."""

    log_id: str
    type: str
    date: float
    description: str
    user_id: str | None = None
    client_id: str | None = None
