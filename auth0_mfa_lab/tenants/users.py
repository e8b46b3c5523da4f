"""The user of a login: a new one of the sandbox, or the configured one of a live tenant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import httpx

from auth0_mfa_lab.client import Client
from auth0_mfa_lab.errors import LabError, NoServer, PhoneError, SettingsError, UserDoesNotFit
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.show.html import words
from auth0_mfa_lab.tenants.operations import Recorder
from auth0_mfa_lab.wire.exchange import Exchange, Json, plain_data
from auth0_mfa_lab.wire.received import received

if TYPE_CHECKING:
    from auth0_mfa_lab.sandbox import Phone

FACTORS = ("push", "otp", "sms", "voice", "email")
"""The factors that a user can be asked for with."""
_TWINS = {"push": "otp", "sms": "voice", "voice": "sms"}  # what a factor brings along
_NOTEBOOKS = {"push": "05", "otp": "02", "sms": "04", "voice": "04", "email": "04"}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class User:
    """The user of a login; the password, and on a live tenant the addresses too, show under their aliases.

    `recovery_code` is the one that came with the first factor, as far as the lab was there. `off` are the factors that
    the tenant has off.
    """

    username: str
    password: str
    phone_number: str | None
    email: str | None
    factors: tuple[str, ...]
    recovery_code: str | None = None
    off: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "\n".join(["User", *(f"  {name:13} {value}" for name, value in self._rows().items())])

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        left = 'style="text-align:left"'  # JupyterLab sets tables flush right
        shown = self._rows().items()
        rows = "".join(f"<tr><th {left}>{name}</th><td {left}>{words(value)}</td></tr>" for name, value in shown)
        return {"text/plain": repr(self), "text/html": f"<table>{rows}</table>"}

    def _rows(self) -> dict[str, str]:
        # repr, so that a Secret shows its alias; an ordinary address stands without quotes.
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        shown = {name: repr(value).strip("'") for name, value in values.items() if value is not None}
        shown |= {"factors": ", ".join(self.factors) or "none", "off": ", ".join(self.off)}
        if self.off:
            shown["off"] += " (the tenant has it off, so it cannot be challenged: notebook 11 turns factors on)"
        return {name: value for name, value in shown.items() if value}


def checked_factors(factors: Sequence[str]) -> tuple[str, ...]:
    """Return the factors as a tuple, or raise LabError that names the known ones."""
    if isinstance(factors, str):
        raise LabError(f"factors is a list: write factors=[{factors!r}].")
    for factor in factors:
        if factor not in FACTORS:
            raise LabError(f"There is no factor {factor!r} here. Known factors: {', '.join(FACTORS)}.")
    return tuple(factors)


def learn_settings(settings: Settings, aliases: Aliases) -> None:
    """Learn the secrets of the settings, and the person, so that they are masked before anything is sent."""
    people = ("username", "phone_number", "email") if aliases.people else ()
    for kind in ("client_secret", "password", "mgmt_client_secret", "mgmt_token", "lab_token", *people):
        if value := getattr(settings, kind):
            aliases.learn(kind, str(value))


def fresh_user(
    ask: Recorder, factors: Sequence[str], *, aliases: Aliases, phone: Phone | None, transport: httpx.BaseTransport
) -> User:
    """Return a fresh user of a sandbox with just these factors, confirmed; its secrets are learned.

    `phone` scans what there is to scan, over `transport`: each enrollment is an operation, and no exchange.
    """
    from auth0_mfa_lab.sandbox.guardian.phone import PhoneError as Failure

    wanted = checked_factors(factors)
    made = ask("add_user", factors=list(wanted), phone="own")

    def enroll(request: httpx.Request) -> httpx.Response:
        def sent() -> Json:
            answer, _, _ = received(transport, request)
            return {"status": answer.status, "body": plain_data(answer)}

        kept = ask("enroll", sent)
        return httpx.Response(kept["status"], json=kept["body"])

    for barcode in made["barcodes"]:
        if phone is None:
            break
        try:
            answer = phone.scan(barcode, http=httpx.Client(transport=httpx.MockTransport(enroll)))
        except httpx.TransportError as failure:
            raise NoServer(f"The phone could not enroll: no answer ({type(failure).__name__}).") from None
        except Failure as failure:
            raise PhoneError(str(failure)) from None
        if answer is not None and not answer.is_success:
            raise LabError(f"The phone could not enroll (HTTP {answer.status_code}): ask for the user again.")
    code = made["recovery_code"]
    return User(
        username=made["username"],
        password=aliases.learn("password", made["password"]),
        phone_number=made["phone_number"],
        email=made["email"],
        factors=wanted,
        recovery_code=code and aliases.learn("recovery_code", code),
        off=tuple(made.get("off", ())),
    )


def configured_user(settings: Settings, client: Client, aliases: Aliases, factors: Sequence[str]) -> User:
    """Return the configured user of a live tenant, if its active authenticators are just these factors.

    Nothing is sent to the person. Raises UserDoesNotFit with what to remove and how, SettingsError for a login that
    brings no mfa_token.
    """
    if settings.username is None or settings.password is None:
        raise SettingsError("AUTH0_USERNAME and AUTH0_PASSWORD are needed for a live tenant. Add both lines to .env.")
    wanted = checked_factors(factors)
    username, password = settings.username, aliases.learn("password", settings.password)
    login = client.password_grant(username=username, password=password, realm=settings.realm)
    listed = client.mfa_authenticators(mfa_token_of(login, aliases))
    if (authenticators := authenticators_in(listed)) is None:
        said = aliases.mask(listed.outcome)
        raise LabError(f"The authenticators could not be listed: {said} (exchange {listed.number}).")
    active = [(str(each["id"]), _factor(each)) for each in authenticators if each.get("active")]
    found = {factor for _, factor in active}
    # A push brings codes, a number may have voice as well, the first factor a recovery code, a verified email itself.
    allowed = {*wanted, *(_TWINS.get(factor, "") for factor in wanted), "email", "recovery-code" if wanted else ""}
    missing, unwanted = set(wanted) - found, [name for name, factor in active if factor not in allowed]
    if missing or unwanted:
        todo = [f"Enroll {factor} first: notebook {_NOTEBOOKS[factor]}." for factor in sorted(missing)]
        if unwanted:
            how = "Dashboard > User Management > Users > the user > Multi-Factor > Reset."
            todo.insert(0, f"Remove {', '.join(unwanted)}, what a lab left by lab.cleanup(): {how}")
        raise UserDoesNotFit(
            f"This notebook starts from a user with {', '.join(wanted) or 'no factor'}, and the configured user has "
            f"{', '.join(sorted(found)) or 'none'}. {' '.join(todo)} Nothing was sent."
        )
    number, email = settings.phone_number, settings.email
    return User(username=username, password=password, phone_number=number, email=email, factors=wanted)


def authenticators_in(listed: Exchange) -> list[Json] | None:
    """Return the authenticators that an answer lists; None where it is not what Auth0 sends."""
    items = listed.json if listed.status == 200 and isinstance(listed.json, list) else [None]
    named = [each for each in items if isinstance(each, dict) and "id" in each and "authenticator_type" in each]
    return named if len(named) == len(items) else None


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
    kind, channel = str(authenticator["authenticator_type"]), str(authenticator.get("oob_channel"))
    return kind if kind != "oob" else "push" if channel == "auth0" else channel
