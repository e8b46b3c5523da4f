"""From `AUTH0_` variables to frozen Settings, and what is wrong with them in one sentence.

The only reader of the environment, which wins over `.env`. The file is looked for from the notebook's folder up to the
project's root, and no further; it is never copied into the environment.
"""

from __future__ import annotations

import codecs
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from auth0_mfa_lab.errors import SettingsError
from auth0_mfa_lab.files import regular
from auth0_mfa_lab.secrets.secret import Secret

TenantKind = Literal["sandbox", "served", "live"]
Confirm = Literal["each", "once", "never"]
"""How often a live lab asks before a call that costs or changes something: each time, once for each kind, or never."""

# fmt: off
_TEXTS = ("domain", "client_id", "realm", "audience", "ca_file", "public_client_id", "mgmt_client_id",
    "mgmt_domain")
_SECRETS = ("client_secret", "password", "mgmt_client_secret", "mgmt_token", "lab_token")
_PEOPLE = ("username", "phone_number", "email")
_SWITCHES = {
    "show_people":    "AUTH0_LAB_SHOW_PEOPLE",
    "raise_failures": "AUTH0_LAB_RAISE",
    "virtual_phone":  "AUTH0_LAB_VIRTUAL_PHONE",
    "allow_live":     "AUTH0_LAB_ALLOW_LIVE",
}
# The shapes are texts: to compile them takes longer than the rest of this module.
_LABELS = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
_PORT = r"(:\d{1,5})?"
_IS_HOST = "a host alone, with no https:// and no slash"
# A single label is a tenant's name without its region; with a port it is a server of one's own.
_HOST = (rf"(?i)(?=.*[.:]){_LABELS}{_PORT}", _IS_HOST)
_SERVED_HOST = (rf"(?i)({_LABELS}|\[[0-9a-f:.]+\]){_PORT}", _IS_HOST)
_SHAPES = {
    "mgmt_domain":  _HOST,
    "phone_number": (r"\+[1-9][0-9]{1,14}", "a number in E.164 form: a plus sign and up to 15 digits"),
    "email":        (r"[^@\s]+@[^@\s]+", "an email address"),
    "ca_file":      ("", "the path of a PEM file that exists"),
}
_LOOPBACK = rf"(?i)(localhost|127(\.\d{{1,3}}){{3}}|\[::1\]){_PORT}"
_EXAMPLES = {
    "domain": "tenant.eu.auth0.com",
    "client_id": "the client id of your application",
    "username": "someone@example.com",
    "password": "that user's password",
    "phone_number": "+15550100",
    "email": "someone@example.com",
    "ca_file": "certificates/ca.pem",
    "mgmt_domain": "tenant.eu.auth0.com",
    "lab_token": "the token in the file that `auth0-mfa-lab serve --env-file FILE` wrote",
}
# fmt: on


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The kind of tenant, and what a live or a served one needs; a secret shows itself as its kind (`<password>`)."""

    tenant: TenantKind = "sandbox"
    domain: str | None = None
    client_id: str | None = None
    client_secret: Secret | None = None
    username: str | None = None
    password: Secret | None = None
    realm: str = "Username-Password-Authentication"
    audience: str | None = None
    phone_number: str | None = None
    email: str | None = None
    ca_file: str | None = None
    mgmt_client_id: str | None = None
    mgmt_client_secret: Secret | None = None
    mgmt_domain: str | None = None
    mgmt_token: Secret | None = None
    public_client_id: str | None = None
    lab_token: Secret | None = None
    show_people: bool = False
    raise_failures: bool = False
    confirm: Confirm = "once"
    virtual_phone: bool = False
    allow_live: bool = False
    notice: str | None = None

    @classmethod
    def from_env(cls, start: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings of the process's environment and of the nearest `.env`.

        `start` is the folder to look for `.env` from (default: the working directory); `environ` stands in for
        `os.environ`. Raises SettingsError, which names the variable and the line to add.
        """
        values = values_of(start, environ)
        kind = values.get("AUTH0_LAB_TENANT")
        if kind is None or kind == "sandbox":
            is_unchosen = kind is None and "AUTH0_DOMAIN" in values
            notice = "AUTH0_DOMAIN is set, AUTH0_LAB_TENANT is not: this is the sandbox" if is_unchosen else None
            return cls(notice=notice, raise_failures=values.get("AUTH0_LAB_RAISE") == "1")
        if kind == "served":
            return cls.of_values(values, "served").checked("domain", "client_id", "lab_token")
        if kind == "live":
            settings = cls.of_values(values, "live").must_be_allowed(environ)
            return settings.checked("domain", "client_id", "username", "password")
        raise SettingsError(
            "AUTH0_LAB_TENANT has a value that is not known. Use AUTH0_LAB_TENANT=sandbox (the default), "
            "AUTH0_LAB_TENANT=served (what `auth0-mfa-lab serve` runs) or AUTH0_LAB_TENANT=live (your own tenant)."
        )

    @classmethod
    def of_server(
        cls, env_file: Path | None = None, *, start: Path | None = None, environ: Mapping[str, str] | None = None
    ) -> Settings:
        """Read where a served sandbox is, and its token: from this file alone, or as `from_env` does.

        Raises SettingsError when that is missing, or names another machine without saying that it is a served sandbox.
        """
        if env_file is not None and not env_file.exists():
            raise SettingsError(f"There is no file {env_file}: `auth0-mfa-lab serve --env-file {env_file}` writes it.")
        values = values_of(start, environ, env_file)
        settings = cls.of_values(values, "served")
        for field in ("domain", "lab_token"):
            if not getattr(settings, field):
                raise SettingsError(
                    f"No server is known: AUTH0_{field.upper()} is not set. Name the file that `auth0-mfa-lab serve "
                    "--env-file FILE` wrote: --env-file FILE."
                )
        if values.get("AUTH0_LAB_TENANT") != "served" and not is_loopback(settings.domain or ""):
            raise SettingsError(
                "AUTH0_DOMAIN is not this machine, and AUTH0_LAB_TENANT is not served: the token of a served sandbox "
                "goes to no tenant. Name the file that the server wrote: --env-file FILE."
            )
        return settings.checked()

    @classmethod
    def of_values(cls, values: Mapping[str, str], tenant: TenantKind) -> Settings:
        """Return the settings of a tenant as these values of `AUTH0_` variables give them, unchecked."""
        fields: dict[str, Any] = {field: values.get(variable) == "1" for field, variable in _SWITCHES.items()}
        fields["confirm"] = values.get("AUTH0_LAB_CONFIRM", "once")
        if fields["confirm"] not in get_args(Confirm):
            raise SettingsError(
                "AUTH0_LAB_CONFIRM is not known. Use AUTH0_LAB_CONFIRM=each, once (the default) or never."
            )
        # The people of a served sandbox are invented: their data is shown.
        hidden = _SECRETS if fields["show_people"] or tenant == "served" else (*_SECRETS, *_PEOPLE)
        for name in (*_TEXTS, *_SECRETS, *_PEOPLE):
            if value := values.get(f"AUTH0_{name.upper()}"):
                fields[name] = Secret(value, f"<{name}>") if name in hidden else value
        return cls(tenant=tenant, **fields)

    def must_be_allowed(self, environ: Mapping[str, str] | None = None) -> Settings:
        """Return these settings; SettingsError where `CI` is set (here or in `environ`) and allows no live run."""
        ci = (os.environ if environ is None else environ).get("CI", "").strip().lower()
        if ci not in ("", "0", "false") and not self.allow_live:
            raise SettingsError(
                "AUTH0_LAB_TENANT=live, and CI is set: nothing was sent. A live run sends real messages and leaves "
                "authenticators behind. Set AUTH0_LAB_ALLOW_LIVE=1 in a job that is meant to reach a test tenant."
            )
        return self

    def checked(self, *needs: str) -> Settings:
        """Return these settings with a lower-case domain, or raise SettingsError for the first that is wrong."""
        for field in needs:
            if not getattr(self, field):
                raise SettingsError(
                    f"AUTH0_{field.upper()} is missing, and AUTH0_LAB_TENANT={self.tenant} needs it. "
                    f"Add the line AUTH0_{field.upper()}={_EXAMPLES[field]} to .env."
                )
        is_served = self.tenant == "served"
        for field, wanted in malformed(partial(getattr, self), is_served=is_served):
            name = f"AUTH0_{field.upper()}"
            raise SettingsError(f"{name} is not {wanted}. Write it like this: {name}={_EXAMPLES[field]}.")
        domain = str(self.domain).lower()
        if is_served and not self.ca_file and not is_loopback(domain):
            raise SettingsError(
                "AUTH0_CA_FILE is missing, and a served sandbox on another machine is reached over TLS alone. Take "
                "it over from the file that `auth0-mfa-lab serve --env-file FILE` wrote."
            )
        return replace(self, domain=domain)

    @property
    def origin(self) -> str:
        """The tenant's address, without a slash at its end; a served one without a certificate has no TLS."""
        return f"{'http' if self.tenant == 'served' and not self.ca_file else 'https'}://{self.domain}"


def is_loopback(domain: str) -> bool:
    """Tell whether a domain, with or without a port, is this machine itself."""
    return re.fullmatch(_LOOPBACK, domain) is not None


def malformed(value_of: Callable[[str], str | None], *, is_served: bool = False) -> Iterator[tuple[str, str]]:
    """Yield each malformed field, with what it should be; no value is told: what is in the wrong line may be secret."""
    for field, (shape, wanted) in {"domain": _SERVED_HOST if is_served else _HOST, **_SHAPES}.items():
        value = value_of(field) or ""
        fits = re.fullmatch(shape, value) if shape else Path(value).is_file()
        if not fits and (value or field == "domain"):
            yield field, wanted


def values_of(start: Path | None, environ: Mapping[str, str] | None, file: Path | None = None) -> dict[str, str]:
    """Return what is set: by the environment, or else by the nearest `.env` from `start`; or by this file alone."""
    nearest = (folder / ".env" for folder in _up_to_root((start or Path.cwd()).resolve()))
    # A folder of this name is a virtual environment.
    found = file or next((each for each in nearest if os.path.lexists(each) and not each.is_dir()), None)
    values = _read(found) if found else {}
    if file is None:
        values |= {k: v for k, v in (os.environ if environ is None else environ).items() if k.startswith("AUTH0_")}
    given = {name: value for name, value in values.items() if value and value.strip()}
    return {name: value if name.endswith(("_PASSWORD", "_SECRET")) else value.strip() for name, value in given.items()}


def variation() -> tuple[str, Path | None]:
    """Return what a sandbox is to vary (AUTH0_LAB_VARIATION), and the file to say in what that met."""
    ids, file = (os.environ.get(f"AUTH0_LAB_VARIATION{end}", "").strip() for end in ("", "_REPORT"))
    return ids, Path(file) if file else None


def child_environment(values: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of this process with other values, for a process that it starts."""
    return {**os.environ, **values}


def _read(file: Path) -> dict[str, str | None]:
    """Return what an env file sets; SettingsError names the file, and the line that cannot be read."""
    from dotenv.parser import parse_stream  # an import of the package needs none

    def unreadable(line: int, why: str) -> SettingsError:
        return SettingsError(f"{file}, line {line}, cannot be read: {why}.")

    try:
        content = regular(file).read_bytes().removeprefix(codecs.BOM_UTF8)
        text = content.decode()
    except OSError as problem:
        raise SettingsError(f"{file} cannot be read ({(problem.strerror or '').lower()}).") from None
    except UnicodeDecodeError as problem:
        raise unreadable(content[: problem.start].count(b"\n") + 1, "save the file as text in UTF-8") from None
    if "\0" in text:
        line = text.partition("\0")[0].count("\n") + 1
        raise unreadable(line, "it has a NUL character, so save the file as text in UTF-8")
    values: dict[str, str | None] = {}
    # No interpolation: a password may hold a dollar sign, and begin or end with a blank.
    for each in parse_stream(io.StringIO(text)):
        written, key, value = each.original.string, each.key or "", each.value or ""
        # What other programs have in this file is not for the lab to judge.
        # `export NAME` is of the shell, NAME alone of no program.
        has_no_value = bool(key) and each.value is None and not written.lstrip().startswith("export")
        if "AUTH0_" in written and (each.error or has_no_value or ":" in key or "\nAUTH0_" in value):
            line = each.original.line + written[: len(written) - len(written.lstrip())].count("\n")
            raise unreadable(line, "write NAME=value, and close each quote")
        values[key] = each.value
    return values


def past_a_proxy(hosts: Iterable[str]) -> str:
    """Return the value of NO_PROXY with which these hosts, and those that it names now, are reached directly."""
    known = [each.strip() for name in ("NO_PROXY", "no_proxy") for each in os.environ.get(name, "").split(",")]
    return "*" if "*" in known else ",".join(filter(None, dict.fromkeys([*known, *hosts])))


def project_folder(start: Path) -> Path:
    """Return the root of the project that a folder is in; the folder itself where it is in none."""
    return _up_to_root(start.resolve())[-1]


def _up_to_root(start: Path) -> list[Path]:
    """List the folders from `start` to the project's root; `start` alone where no project encloses it."""
    folders = [start, *start.parents]
    for depth, folder in enumerate(folders):
        if any((folder / marker).exists() for marker in ("pyproject.toml", "environment.yml", ".git")):
            return folders[: depth + 1]
    return [start]
