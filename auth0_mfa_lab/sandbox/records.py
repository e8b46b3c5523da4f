"""What the tenant keeps: the nouns, as values; the secrets in them stay out of every repr."""

from dataclasses import dataclass, field
from typing import Literal

from auth0_mfa_lab.sandbox.bucket import Bucket
from auth0_mfa_lab.sandbox.device_key import DeviceKey

Profile = Literal["docs", "recorded"]
Policy = Literal["never", "all-applications"]
Kind = Literal["push", "totp", "recovery-code"]
State = Literal["pending", "approved", "rejected", "used", "superseded"]
PushService = Literal["GCM", "APNS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an administrator has set for the whole tenant."""

    name: str
    profile: Profile = "docs"
    policy: Policy = "all-applications"
    default_directory: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An application; without a secret it is a public one."""

    client_id: str
    name: str
    grants: frozenset[str]
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """An API (resource server) that access tokens can be asked for."""

    identifier: str
    scopes: tuple[str, ...]
    token_lifetime: int = 86_400
    allow_offline_access: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A database user."""

    user_id: str
    username: str
    password: str = field(repr=False)
    phone_number: str
    email: str
    connection: str
    created_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator:
    """One entry of a user's list; `partner` is the other half of a push and its TOTP twin."""

    id: str
    kind: Kind
    active: bool = False
    name: str | None = None
    partner: str | None = None
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A phone that scanned a ticket: one enrollment, with the key that its answers must carry."""

    id: str
    user_id: str
    identifier: str
    name: str
    service: PushService
    push_token: str = field(repr=False)
    key: DeviceKey = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the original login asked for: the tokens at its end are these, whatever grant ends it."""

    client_id: str
    user_id: str
    audience: str | None
    scope: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Login:
    """The transaction behind an mfa_token."""

    mfa_token: str = field(repr=False)
    request: Request
    expires: float
    done: bool = False
    pushed: "OobTransaction | None" = None


@dataclass(slots=True, kw_only=True)
class OobTransaction:
    """The transaction behind an oob_code: an enrollment to be scanned, or a login to be allowed."""

    txid: str
    oob_code: str = field(repr=False)
    login: Login = field(repr=False)
    purpose: Literal["enroll", "login"]
    device_id: str
    started: float
    expires: float
    polls: Bucket
    state: State = "pending"
    challenge: str = field(default="", repr=False)
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The `enrollment_tx_id` of a QR: good for one scan."""

    id: str = field(repr=False)
    transaction: OobTransaction
    totp_secret: str = field(repr=False)
