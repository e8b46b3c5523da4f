"""Whose login it is: a fresh user of the sandbox's, or the configured user of a live tenant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from html import escape

from auth0_mfa_lab.client import Client
from auth0_mfa_lab.errors import LabError, SettingsError, UserDoesNotFit
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.wire.exchange import Exchange, Json

FACTORS = ("push", "otp", "sms", "voice", "email")
"""The factors that a user can be asked for with."""

# A push brings its OTP twin, a number may have voice as well, and the first factor a recovery code. A verified email is
# listed by itself.
_TWINS = {
    "push": ("otp", "recovery-code"),
    "otp": ("recovery-code",),
    "sms": ("voice", "recovery-code"),
    "voice": ("sms", "recovery-code"),
    "email": ("recovery-code",),
}
# What the Management API, the wire and the apps call them.
_MEANT = {"push-notification": "push", "auth0": "push", "guardian": "push", "totp": "otp", "phone": "sms"}
_NOTEBOOKS = {"push": "05", "otp": "02", "sms": "04", "voice": "04", "email": "04"}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class User:
    """The person who logs in; the password, and on a live tenant the addresses too, show under their aliases.

    `recovery_code` is the one that came with the first factor, as far as the lab was there.
    """

    username: str
    password: str
    phone_number: str | None
    email: str | None
    factors: tuple[str, ...]
    recovery_code: str | None = None

    def __repr__(self) -> str:
        return "\n".join(["User", *(f"  {name:13} {value}" for name, value in self._rows())])

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        left = 'style="text-align:left"'  # JupyterLab sets tables flush right
        rows = "".join(
            f"<tr><th {left}>{name}</th><td {left}>{escape(value)}</td></tr>" for name, value in self._rows()
        )
        return {"text/plain": repr(self), "text/html": f"<table>{rows}</table>"}

    def _rows(self) -> list[tuple[str, str]]:
        # repr, so that a Secret shows its alias; an ordinary address stands without quotes.
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        shown = {name: repr(value).strip("'") for name, value in values.items() if value is not None}
        return list((shown | {"factors": ", ".join(self.factors) or "none"}).items())


def checked_factors(factors: Sequence[str]) -> tuple[str, ...]:
    """Return the factors as a tuple, or raise LabError that names the known ones."""
    if isinstance(factors, str):
        raise LabError(f"factors is a list: write factors=[{factors!r}].")
    for factor in factors:
        if factor not in FACTORS:
            meant = f" Did you mean {_MEANT[factor]!r}?" if factor in _MEANT else ""
            raise LabError(f"There is no factor {factor!r} here.{meant} Known factors: {', '.join(FACTORS)}.")
    return tuple(factors)


def learn_settings(settings: Settings, aliases: Aliases) -> None:
    """Learn the secrets of the settings, and the person, so that they are masked before anything is sent."""
    people = ("username", "phone_number", "email") if aliases.people else ()
    for kind in ("client_secret", "password", "mgmt_client_secret", "mgmt_token", "lab_token", *people):
        if value := getattr(settings, kind):
            aliases.learn(kind, str(value))


def configured_user(settings: Settings, client: Client, aliases: Aliases, factors: Sequence[str]) -> User:
    """Return the configured user of a live tenant, if its active authenticators are just these factors.

    It logs in with the password and lists the authenticators; nothing is sent to the person. Raises UserDoesNotFit
    with what to remove and how, SettingsError when the password is wrong or the tenant asks for no second factor.
    """
    if settings.username is None or settings.password is None:
        raise SettingsError("AUTH0_USERNAME and AUTH0_PASSWORD are needed for a live tenant. Add both lines to .env.")
    wanted = checked_factors(factors)
    username, password = settings.username, aliases.learn("password", settings.password)
    login = client.password_grant(username=username, password=password, realm=settings.realm)
    listed = client.mfa_authenticators(mfa_token_of(login, aliases))
    if (authenticators := authenticators_in(listed)) is None:
        raise LabError(
            f"The authenticators could not be listed: {aliases.mask(listed.outcome)} (exchange {listed.number})."
        )
    active = [(str(each["id"]), _factor(each)) for each in authenticators if each.get("active")]
    found = {factor for _, factor in active}
    allowed = {*wanted, *(twin for factor in wanted for twin in _TWINS[factor]), "email"}
    missing, unwanted = set(wanted) - found, [name for name, factor in active if factor not in allowed]
    if missing or unwanted:
        remove = (
            f"Remove {', '.join(unwanted)}, what a lab left by lab.cleanup(): Dashboard > User Management > Users > "
            "the user > Multi-Factor > Reset. "
            if unwanted
            else ""
        )
        enroll = "".join(f"Enroll {factor} first: notebook {_NOTEBOOKS[factor]}. " for factor in sorted(missing))
        raise UserDoesNotFit(
            f"This notebook starts from a user with {', '.join(wanted) or 'no factor'}, and the configured user has "
            f"{', '.join(sorted(found)) or 'none'}. {remove}{enroll}Nothing was sent to anybody."
        )
    return User(
        username=username,
        password=password,
        phone_number=settings.phone_number,
        email=settings.email,
        factors=wanted,
    )


def authenticators_in(listed: Exchange) -> list[Json] | None:
    """Return the authenticators that an answer lists; None where it is not what Auth0 sends."""
    items = listed.json if listed.status == 200 else None
    if isinstance(items, list) and all(isinstance(each, dict) and "id" in each for each in items):
        return items if all("authenticator_type" in each for each in items) else None
    return None


def mfa_token_of(login: Exchange, aliases: Aliases) -> str:
    """Return the mfa_token that a live login brought; SettingsError says what to check when it brought none."""
    if login.status == 200:
        raise SettingsError(
            "The tenant gave tokens for the password alone (200). Turn the MFA policy on: Dashboard > Security > "
            "Multi-factor Auth > Require Multi-factor Auth: Always."
        )
    if "mfa_token" not in login:
        said = aliases.mask(f"{login.outcome} (exchange {login.number}): {login.error_description or 'no description'}")
        raise SettingsError(
            f"The login of AUTH0_USERNAME brought no mfa_token: {said}. Check AUTH0_USERNAME, AUTH0_PASSWORD, "
            "AUTH0_REALM, AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET and the application's grant types Password and MFA."
        )
    # As the Secret that it is: a traceback may show it.
    token: str = login["mfa_token"]
    return token


def _factor(authenticator: Json) -> str:
    """Return the name of an authenticator's factor: an out-of-band one has that of its channel."""
    if authenticator["authenticator_type"] != "oob":
        return str(authenticator["authenticator_type"])
    channel = str(authenticator.get("oob_channel"))
    return "push" if channel == "auth0" else channel
