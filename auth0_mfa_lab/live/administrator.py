"""What the lab does on a live tenant by itself, through the Management API: its one token, and its throw-away users."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from auth0_mfa_lab.errors import LabError, SettingsError, UserDoesNotFit
from auth0_mfa_lab.tenants.users import User, checked_factors, configured_user, mfa_token_of
from auth0_mfa_lab.wire.exchange import Exchange, NoAnswer

if TYPE_CHECKING:
    from auth0_mfa_lab.lab import Lab
    from auth0_mfa_lab.management import Management

P = ParamSpec("P")
T = TypeVar("T")
NAME = "The name of a throw-away user"
PASSWORD = "The password of a throw-away user"  # auth0-mfa-lab: allow
SECRET = "The secret of the codes of a throw-away user"
"""What is drawn for a user; a recording keeps each, so that a replay draws the same."""
DOMAIN = "@lab.example"
"""The domain of the addresses of throw-away users: it does not exist."""
_NEEDS = {"sms": "phone_number", "voice": "phone_number", "email": "email"}


def has_administrator(lab: Lab) -> bool:
    """Tell whether the settings have credentials for the Management API of a lab's tenant."""
    known = lab.settings
    return bool(known.mgmt_token or (known.mgmt_client_id and known.mgmt_client_secret))


def administrator(lab: Lab) -> Management:
    """Return the Management API of a lab's tenant; SettingsError when its application gets no token."""
    if lab.settings.mgmt_token:
        return lab.management(lab.settings.mgmt_token)
    api, ends_at = lab._administrator or (None, 0.0)
    if api is None or lab.clock.now() >= ends_at:
        answer = lab.management_application.client_credentials_grant(audience=lab.management_audience)
        if answer.status != 200 or "access_token" not in answer:
            raise SettingsError(
                f"The Management API gave no token: {answer.outcome} (exchange {answer.number}). Check "
                "AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET, and Dashboard > Applications > APIs > Auth0 "
                "Management API > Machine to Machine Applications."
            )
        # A tenant counts the tokens that machines get.
        api, lives = lab.management(answer["access_token"]), answer.json.get("expires_in")
        ends_at = lab.clock.now() - 60 + (lives if isinstance(lives, int | float) else 0)
        lab._administrator = api, ends_at
    return api


def answered(ask: Callable[..., Exchange], *args: Any, **fields: Any) -> Exchange:
    """Return the exchange of a call, also where the network gave no answer."""
    try:
        return ask(*args, **fields)
    except NoAnswer as lost:
        return lost.exchange


def must_be(answer: Exchange, status: int, doing: str) -> Exchange:
    """Return an answer that has this status; LabError says what could not be done, and why: such as a scope."""
    if answer.status == status:
        return answer
    body = answer.json if isinstance(answer.json, dict) else {}
    code = body.get("errorCode") or answer.outcome.partition(" ")[2]
    raise LabError(f"{doing} failed: {answer.status} {code}: {answer.masked(str(body.get('message', 'no message')))}.")


def without_frames(act: Callable[P, T]) -> Callable[P, T]:
    """Raise a LabError of this function anew, for in the frames that it left are names and ids of people."""

    @wraps(act)
    def acted(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return act(*args, **kwargs)
        except LabError as problem:
            error = problem
        raise error.with_traceback(None) from None

    return acted


def totp_of(secret: str, now: float) -> str:
    """Return the code of a TOTP secret (base32; 6 digits, 30 s) at `now` (epoch seconds)."""
    import pyotp

    return pyotp.TOTP(str(secret)).at(int(now))


def drawn(what: str) -> str:
    """Return a random value: a name of a domain that does not exist, a strong password, or a TOTP secret."""
    import pyotp

    if what == NAME:
        return f"lab-{secrets.token_hex(5)}{DOMAIN}"
    return f"{secrets.token_urlsafe(18)}aA1!" if what == PASSWORD else pyotp.random_base32()


@without_frames
def own_user(lab: Lab, factors: Sequence[str]) -> User:
    """Return a user of a live tenant with just these factors, confirmed; no message is sent.

    With the Management API it is a new database user, removed again when the tenant refuses a factor; without, the
    configured user. Raises what `Lab.user` does.
    """
    settings = lab.settings
    if not has_administrator(lab):
        return configured_user(settings, lab.client, lab.aliases, factors)
    wanted = checked_factors(factors)
    if "push" in wanted and not settings.virtual_phone:
        raise UserDoesNotFit(
            "A throw-away user cannot have push: only a phone enrolls it. Enroll it by notebook 05, as the configured "
            "user and with your own phone (without AUTH0_MGMT_CLIENT_ID), or set AUTH0_LAB_VIRTUAL_PHONE=1. Nothing "
            "was sent."
        )
    for factor, needs in _NEEDS.items():
        if factor in wanted and not getattr(settings, needs):
            missing = f"AUTH0_{needs.upper()} is missing, and a user with {factor} needs it"
            raise SettingsError(f"{missing}: yours. Add it to .env.")
    kinds = ("new user", "authenticator") if wanted else ("new user",)
    enrolled = f"with {', '.join(wanted)}" if wanted else "without any factor"
    sentence = f"lab.user makes a throw-away user {enrolled}, by the Management API; lab.cleanup() removes them."
    with lab._guard.agreed(kinds, sentence) if lab._guard else nullcontext():
        api, name, number, email = administrator(lab), lab._draw(NAME), settings.phone_number, settings.email
        password = lab.aliases.learn("password", lab._draw(PASSWORD))
        name = lab.aliases.learn("username", name) if lab.aliases.people else name
        # A verified address counts as a factor where email is on. Send no mail.
        account = {"connection": settings.realm, "email": name, "password": password}
        made = api.create_user(**account, email_verified=False, verify_email=False)
        user_id = must_be(made, 201, "Making a throw-away user")["user_id"]
        user = User(username=name, password=password, phone_number=number, email=email, factors=wanted)
        try:
            return replace(user, recovery_code=_enrolled(lab, api, user_id, user))
        except LabError:
            api.delete_user(user_id)
            raise


def _enrolled(lab: Lab, api: Management, user_id: str, user: User) -> str | None:
    """Enroll the factors and return a recovery code, where the tenant gives one."""
    code, made = None, dict[str, dict[str, Any]]()
    if "push" in user.factors:
        # First of all: an mfa_token enrolls only a user without an authenticator.
        login = lab.client.password_grant(username=user.username, password=user.password, realm=lab.settings.realm)
        token = mfa_token_of(login, lab.aliases)
        begun = lab.client.mfa_associate(token, authenticator_types=["oob"], oob_channels=["auth0"])
        lab.phone.scan(must_be(begun, 200, "Enrolling push")["barcode_uri"])
        must_be(lab.client.mfa_oob_grant(mfa_token=token, oob_code=begun["oob_code"]), 200, "Confirming push")
        code = next(iter(begun.json.get("recovery_codes") or ()), None)
    if "otp" in user.factors:
        secret = lab.aliases.learn("totp_secret", lab._draw(SECRET))
        made["totp"] = {"totp_secret": secret}
        if lab.settings.virtual_phone:
            lab.phone.scan(f"otpauth://totp/lab?secret={secret!s}&algorithm=SHA1&digits=6&period=30")
        else:
            lab._totp_secret = secret
    if {"sms", "voice"} & set(user.factors):
        preferred = "sms" if "sms" in user.factors else "voice"
        made["phone"] = {"phone_number": user.phone_number, "preferred_authentication_method": preferred}
    if "email" in user.factors:
        made["email"] = {"email": user.email}
    for kind, fields in made.items():
        must_be(api.create_authentication_method(user_id, type=kind, **fields), 201, f"Enrolling {kind}")
    if made and not code:
        brought = api.regenerate_recovery_code(user_id).json
        code = brought.get("recovery_code") if isinstance(brought, dict) else None
    return code
