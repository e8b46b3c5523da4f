"""How an application proves who it is, as an administrator sets it (reference, section 0.6)."""

from dataclasses import dataclass, field, fields
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox.records import Client

AuthMethod = Literal["none", "client_secret_post", "client_secret_basic", "private_key_jwt"]
SECRET_METHODS: tuple[AuthMethod, ...] = ("none", "client_secret_post", "client_secret_basic")
"""Those that `token_endpoint_auth_method` sets."""
ALGORITHMS = ("RS256", "RS384", "PS256")
LEAST_BITS = 2048
MOST_CREDENTIALS = 2
"""How many keys an application may have, so that one can take the other's place: Auth0's settings page says so."""


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
class Application(Client):
    """An application with what the Management API has set of its authentication; `in_use` are ids of credentials."""

    auth_method: AuthMethod | None = None
    credentials: tuple[Credential, ...] = ()
    in_use: tuple[str, ...] = ()

    @classmethod
    def of(cls, client: Client) -> "Application":
        """Return an application as it is kept, with room for what an administrator sets."""
        if isinstance(client, cls):
            return client
        return cls(**{one.name: getattr(client, one.name) for one in fields(client)})

    @property
    def method(self) -> AuthMethod:
        """Return how it proves who it is: by its secret, unless it has none or something else was set."""
        return self.auth_method or ("client_secret_post" if self.client_secret else "none")


def public_key_of(pem: str) -> RSAKey | None:
    """Return the public RSA key that a PEM text holds; None for a private key, a short one, or no key at all."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_BITS:
        return None
    return RSAKey.import_key(pem)
