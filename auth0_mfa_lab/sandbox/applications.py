"""How an application proves who it is, as an administrator sets it (reference, section 0.6)."""

from dataclasses import dataclass, fields
from typing import Literal

from auth0_mfa_lab.sandbox.records import Client

AuthMethod = Literal["none", "client_secret_post", "client_secret_basic"]
AUTH_METHODS: tuple[AuthMethod, ...] = ("none", "client_secret_post", "client_secret_basic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Application(Client):
    """An application with what the Management API has set of its authentication."""

    auth_method: AuthMethod | None = None

    @classmethod
    def of(cls, client: Client) -> "Application":
        """Return an application as it is kept, with room for what an administrator sets."""
        return (
            client
            if isinstance(client, cls)
            else cls(**{one.name: getattr(client, one.name) for one in fields(client)})
        )

    @property
    def method(self) -> AuthMethod:
        """Return how it proves who it is: by its secret, unless it has none or something else was set."""
        return self.auth_method or ("client_secret_post" if self.client_secret else "none")
