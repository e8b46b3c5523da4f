"""From the environment and `.env` to frozen Settings; the only reader of the environment.

A variable of the environment wins over the same one in `.env`. The file is looked for from the notebook's folder up
to the project's root, and no further; it is read, never copied into the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from dotenv import dotenv_values

from auth0_mfa_lab.errors import SettingsError
from auth0_mfa_lab.secret import Secret

TenantKind = Literal["sandbox", "live"]

ROOT_MARKERS = ("pyproject.toml", "environment.yml", ".git")
DEFAULT_REALM = "Username-Password-Authentication"
DEFAULT_SCOPE = "openid profile"

_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:\d{1,5})?", re.IGNORECASE)
_E164 = re.compile(r"\+[1-9][0-9]{1,14}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_EXAMPLES = {
    "domain": "AUTH0_DOMAIN=tenant.eu.auth0.com",
    "client_id": "AUTH0_CLIENT_ID=the client id of your application",
    "username": "AUTH0_USERNAME=someone@example.com",
    "password": "AUTH0_PASSWORD=that user's password",
    "phone_number": "AUTH0_PHONE_NUMBER=+15550100",
    "email": "AUTH0_EMAIL=someone@example.com",
    "ca_file": "AUTH0_CA_FILE=certificates/ca.pem",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says: the kind of tenant, and what a live one needs.

    A secret among them shows itself as its kind (`<password>`). A field is None when its variable is absent or empty.
    """

    tenant: TenantKind = "sandbox"
    domain: str | None = None
    client_id: str | None = None
    client_secret: Secret | None = None
    username: str | None = None
    password: Secret | None = None
    realm: str = DEFAULT_REALM
    audience: str | None = None
    scope: str = DEFAULT_SCOPE
    phone_number: str | None = None
    email: str | None = None
    ca_file: str | None = None
    mgmt_client_id: str | None = None
    mgmt_client_secret: Secret | None = None
    show_people: bool = False
    raise_failures: bool = False
    notice: str | None = None

    @classmethod
    def from_env(cls, start: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings of the process's environment and of the nearest `.env`.

        `start` is the folder to look for `.env` from (default: the working directory, which is the notebook's
        folder in Jupyter); `environ` stands in for `os.environ`. Raises SettingsError, which names the variable
        and the line to add.
        """
        values = _dotenv(start or Path.cwd())
        values |= {k: v for k, v in (os.environ if environ is None else environ).items() if k.startswith("AUTH0_")}
        # A password may begin or end with a blank.
        kept = ("AUTH0_PASSWORD", "AUTH0_CLIENT_SECRET", "AUTH0_MGMT_CLIENT_SECRET")
        values = {name: value if name in kept else value.strip() for name, value in values.items() if value.strip()}
        kind = values.get("AUTH0_LAB_TENANT")
        if kind is None or kind == "sandbox":
            return cls(notice=_notice(kind, values), raise_failures=values.get("AUTH0_LAB_RAISE") == "1")
        if kind == "live":
            return cls._of(values).checked()
        # Not emulated yet: the sandbox behind a socket.
        raise SettingsError(
            "AUTH0_LAB_TENANT has a value that is not known. Use AUTH0_LAB_TENANT=sandbox (the default) or "
            "AUTH0_LAB_TENANT=live (your own tenant)."
        )

    @classmethod
    def _of(cls, values: Mapping[str, str]) -> Settings:
        """Build live settings of `AUTH0_*` values."""

        def text(name: str) -> str | None:
            return values.get(f"AUTH0_{name.upper()}")

        def secret(name: str) -> Secret | None:
            return Secret(value, f"<{name}>") if (value := text(name)) else None

        show_people = values.get("AUTH0_LAB_SHOW_PEOPLE") == "1"
        person = text if show_people else secret
        return cls(
            tenant="live",
            domain=text("domain"),
            client_id=text("client_id"),
            client_secret=secret("client_secret"),
            username=person("username"),
            password=secret("password"),
            realm=text("realm") or DEFAULT_REALM,
            audience=text("audience"),
            scope=text("scope") or DEFAULT_SCOPE,
            phone_number=person("phone_number"),
            email=person("email"),
            ca_file=text("ca_file"),
            mgmt_client_id=text("mgmt_client_id"),
            mgmt_client_secret=secret("mgmt_client_secret"),
            show_people=show_people,
            raise_failures=values.get("AUTH0_LAB_RAISE") == "1",
        )

    def checked(self) -> Settings:
        """Return these live settings with a lower-case domain, or raise SettingsError for the first that is wrong."""
        for field in ("domain", "client_id", "username", "password"):
            if not getattr(self, field):
                raise SettingsError(
                    f"AUTH0_{field.upper()} is missing, and AUTH0_LAB_TENANT=live needs it. "
                    f"Add the line {_EXAMPLES[field]} to .env."
                )
        domain = self.domain or ""
        # A single label is a tenant's name without its region; with a port it is a server of one's own.
        if not _HOST.fullmatch(domain) or not ("." in domain or ":" in domain):
            raise SettingsError(_malformed("domain", "a host alone, with no https:// and no slash"))
        if self.phone_number and not _E164.fullmatch(self.phone_number):
            raise SettingsError(_malformed("phone_number", "a number in E.164 form: a plus sign and up to 15 digits"))
        if self.email and not _EMAIL.fullmatch(self.email):
            raise SettingsError(_malformed("email", "an email address"))
        if self.ca_file and not Path(self.ca_file).is_file():
            raise SettingsError(_malformed("ca_file", "the path of a PEM file that exists"))
        return replace(self, domain=domain.lower())


def _malformed(field: str, wanted: str) -> str:
    # The value itself is not quoted: what was pasted into the wrong line may be a secret.
    return f"AUTH0_{field.upper()} is not {wanted}. Write it like this: {_EXAMPLES[field]}."


def _notice(kind: str | None, values: Mapping[str, str]) -> str | None:
    if kind is None and "AUTH0_DOMAIN" in values:
        return "AUTH0_DOMAIN is set, AUTH0_LAB_TENANT is not: this is the sandbox"
    return None


def _dotenv(start: Path) -> dict[str, str]:
    """Read the nearest `.env` from `start` up to the project's root; {} when there is none."""
    start = start.resolve()
    for folder in _up_to_root(start):
        file = folder / ".env"
        if file.is_file():
            # No interpolation: a password may hold a dollar sign.
            return {k: v for k, v in dotenv_values(file, interpolate=False).items() if v is not None}
    return {}


def _up_to_root(start: Path) -> list[Path]:
    """List the folders from `start` to the project's root; `start` alone where no project encloses it."""
    folders = [start, *start.parents]
    for depth, folder in enumerate(folders):
        if any((folder / marker).exists() for marker in ROOT_MARKERS):
            return folders[: depth + 1]
    return [start]
