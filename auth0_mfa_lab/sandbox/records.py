"""What the tenant keeps: the nouns, as values. None has a repr, for most hold a secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox.limits import Bucket

Kind = Literal["push", "totp", "sms", "voice", "email", "recovery-code"]
Channel = Literal["auth0", "sms", "voice", "email"]
KIND_OF_CHANNEL: Mapping[Channel, Kind] = {"auth0": "push", "sms": "sms", "voice": "voice", "email": "email"}
CHANNEL_OF: Mapping[Kind, Channel] = {kind: channel for channel, kind in KIND_OF_CHANNEL.items()}
State = Literal["pending", "approved", "rejected", "used", "superseded"]
AuthMethod = Literal["none", "client_secret_post", "client_secret_basic", "private_key_jwt"]
"""How an application authenticates, as an administrator sets it (reference, section 0.6)."""


@dataclass(frozen=True, repr=False)
class Credential:
    """A public key of an application, for assertions signed with one algorithm."""

    id: str
    kid: str
    algorithm: str
    created_at: float
    key: RSAKey = field(compare=False)
    name: str | None = None


@dataclass(frozen=True, repr=False)
class Client:
    """An application: `apis` are the scopes of its client grants, `in_use` the ids of `credentials` it signs with."""

    client_id: str
    name: str
    grants: frozenset[str]
    client_secret: str | None = None
    apis: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    auth_method: AuthMethod | None = None
    credentials: tuple[Credential, ...] = ()
    in_use: tuple[str, ...] = ()

    @property
    def method(self) -> AuthMethod:
        """How it authenticates: by its secret, unless it has none or something else was set."""
        return self.auth_method or ("client_secret_post" if self.client_secret else "none")


@dataclass(frozen=True, repr=False)
class Api:
    """An API (resource server) that access tokens can be asked for."""

    identifier: str
    scopes: tuple[str, ...]
    token_lifetime: int = 86_400


@dataclass(frozen=True, repr=False)
class User:
    """A user; one of SMS has no email (""), one of email no number, and neither has a password.

    `recovery_code` is set for a user that the sandbox has enrolled. `changed_at` is the time of the last change of the
    profile by the Management API. `life` is another one after a reset, and for a user made again after a deletion:
    what was issued in an earlier one is dead.
    """

    user_id: str
    username: str
    password: str
    phone_number: str
    email: str
    connection: str
    created_at: float
    email_verified: bool = True
    recovery_code: str | None = None
    changed_at: float = 0.0
    life: int = field(default=0, compare=False)


@dataclass(frozen=True, repr=False)
class Authenticator:
    """One entry of a user's list; `partner` is the other half of a push and its TOTP twin, or of SMS and voice.

    `secret` is a TOTP secret or the recovery code, `address` the number or the email address of a code.
    """

    id: str
    kind: Kind
    created_at: float
    active: bool = False
    name: str | None = None
    partner: str = ""
    secret: str = ""
    address: str = ""
    enrolled_at: float | None = None
    last_auth_at: float | None = None


@dataclass(frozen=True, repr=False)
class Device:
    """A phone that scanned a ticket: one enrollment, with the key that its answers must carry."""

    id: str
    user_id: str
    identifier: str
    name: str
    service: Literal["GCM", "APNS"]
    push_token: str
    key: RSAKey
    token: str


@dataclass(frozen=True, repr=False)
class Request:
    """What the original login asked for, and the grant that ends it gives. Passwordless has no `gty` [guess]."""

    client_id: str
    user_id: str
    audience: str | None
    scope: tuple[str, ...]
    gty: str | None = "password"
    life: int = 0


@dataclass(repr=False)
class Login:
    """The transaction behind an mfa_token, or behind an MFA access token, which is never `done`.

    One that `is_prepared` is the sandbox's own, and enrolls what is off as well. `begun` are the ids of what it
    enrolled, `newest` the last challenge of each channel, `spent` the ids used, where one factor follows another.
    """

    mfa_token: str
    request: Request
    expires: float
    is_access_token: bool = False
    is_prepared: bool = False
    done: bool = False
    begun: list[str] = field(default_factory=list)
    newest: "dict[Channel, OobTransaction]" = field(default_factory=dict)
    spent: frozenset[str] = frozenset()


@dataclass(repr=False)
class OobTransaction:
    """The transaction behind an oob_code; a push is `approved` or `rejected`, any other waits for its `code`."""

    txid: str
    oob_code: str
    login: Login
    purpose: Literal["enroll", "login"]
    channel: Channel
    device_id: str
    started: float
    expires: float
    polls: Bucket
    state: State = "pending"
    challenge: str = ""
    code: str = ""
    address: str = ""

    @property
    def authenticator_id(self) -> str:
        return f"{KIND_OF_CHANNEL[self.channel]}|{self.device_id}"


@dataclass(frozen=True)
class LogEntry:
    """One entry of the tenant's log: `type` is Auth0's code, such as `gd_send_pn_failure`; `date` in epoch seconds."""

    log_id: str
    type: str
    date: float
    description: str
    user_id: str | None = None
    client_id: str | None = None
