"""A throw-away user of a live tenant, in a known state: made by the Management API, and removed by the clean-up."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from auth0_mfa_lab.client import Client
from auth0_mfa_lab.errors import LabError, SettingsError, UserDoesNotFit
from auth0_mfa_lab.live.administrator import must_be
from auth0_mfa_lab.management import Management
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.tenants.phone import LabPhone
from auth0_mfa_lab.tenants.users import User, checked_factors, mfa_token_of
from auth0_mfa_lab.wire.aliases import Aliases

NAME, PASSWORD, SECRET = (
    f"{each} of a throw-away user" for each in ("The name", "The password", "The secret of the codes")
)
"""What is drawn for a user; a recording keeps each, so that a replay draws the same."""
_NEEDS = {"sms": "phone_number", "voice": "phone_number", "email": "email"}
_CREATE = "create:authentication_methods"
_TRIES = 3


def drawn(what: str) -> str:
    """Return what nobody foretells: a name of a domain that nobody has, a strong password, or a TOTP secret."""
    import pyotp

    if what == NAME:
        return f"lab-{secrets.token_hex(5)}@lab.example"
    return f"{secrets.token_urlsafe(18)}aA1!" if what == PASSWORD else pyotp.random_base32()


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Makes users at one tenant.

    `agreed` asks for all the calls of one user at once; `draw` draws what a user needs (NAME, ...); `know` keeps the
    TOTP secret for the lab's codes, where no virtual phone does.
    """

    management: Callable[[], Management]
    client: Client
    settings: Settings
    aliases: Aliases
    phone: LabPhone
    agreed: Callable[[Sequence[str], str], AbstractContextManager[None]]
    draw: Callable[[str], str]
    know: Callable[[str], None]

    def user(self, factors: Sequence[str]) -> User:
        """Return a fresh database user with just these factors, confirmed; nothing is sent to anybody.

        Raises UserDoesNotFit for a push without the virtual phone, SettingsError for a number or an address that is
        not set, NotConfirmed unless the person agrees: all before anything is sent. LabError when the tenant refuses;
        the user is removed again then.
        """
        wanted = checked_factors(factors)
        self._must_be_possible(wanted)
        kinds = ("new user", "authenticator") if wanted else ("new user",)
        enrolled = f"with {', '.join(wanted)}" if wanted else "without any factor"
        sentence = f"lab.user makes a throw-away user {enrolled}, by the Management API; lab.cleanup() removes them."
        with self.agreed(kinds, sentence):
            api = self.management()
            user_id, username, password = self._made(api)
            try:
                recovery_code = self._enrolled(api, user_id, username, password, wanted)
            except LabError:
                api.delete_user(user_id)
                raise
        return User(
            username=username,
            password=password,
            phone_number=self.settings.phone_number,
            email=self.settings.email,
            factors=wanted,
            recovery_code=recovery_code,
        )

    def _must_be_possible(self, wanted: Sequence[str]) -> None:
        if "push" in wanted and not self.settings.virtual_phone:
            raise UserDoesNotFit(
                "A throw-away user cannot have push: only a phone enrolls it. Enroll it by notebook 05, as the "
                "configured user and with your own phone (without AUTH0_MGMT_CLIENT_ID), or set "
                "AUTH0_LAB_VIRTUAL_PHONE=1. Nothing was sent to anybody."
            )
        for factor in wanted:
            if (name := _NEEDS.get(factor)) and not getattr(self.settings, name):
                raise SettingsError(
                    f"AUTH0_{name.upper()} is missing, and a user with {factor} needs it: yours. Add it to .env."
                )

    def _made(self, api: Management) -> tuple[str, str, str]:
        """Make the user, under a name that is free, and return id, name and password."""
        for _ in range(_TRIES):
            name, password = self.draw(NAME), self.aliases.learn("password", self.draw(PASSWORD))
            username = self.aliases.learn("username", name) if self.aliases.people else name
            answer = api.create_user(
                connection=self.settings.realm,
                email=username,
                password=password,
                # An address that is verified counts as a factor where email is on; nobody is to get a mail.
                email_verified=False,
                verify_email=False,
            )
            if answer.status != 409:
                break
        must_be(answer, 201, doing="Making a throw-away user", scope="create:users")
        return answer["user_id"], username, password

    def _enrolled(
        self, api: Management, user_id: str, username: str, password: str, wanted: Sequence[str]
    ) -> str | None:
        """Enroll the factors and return a recovery code, where the tenant gives one."""
        # First of all: an mfa_token enrolls only whoever has nothing.
        code = self._push(username, password) if "push" in wanted else None
        made: list[dict[str, Any]] = []
        if "otp" in wanted:
            secret = self.aliases.learn("totp_secret", self.draw(SECRET))
            made.append({"type": "totp", "totp_secret": secret})
            self._keep(secret)
        if {"sms", "voice"} & set(wanted):
            preferred = "sms" if "sms" in wanted else "voice"
            number = self.settings.phone_number
            made.append({"type": "phone", "phone_number": number, "preferred_authentication_method": preferred})
        if "email" in wanted:
            made.append({"type": "email", "email": self.settings.email})
        for method in made:
            answer = api.create_authentication_method(user_id, **method)
            must_be(answer, 201, doing=f"Enrolling {method['type']}", scope=_CREATE)
        if not made or code:
            return code
        brought = api.regenerate_recovery_code(user_id).json
        return brought.get("recovery_code") if isinstance(brought, dict) else None

    def _keep(self, secret: str) -> None:
        if self.settings.virtual_phone:
            self.phone.scan(f"otpauth://totp/lab?secret={secret!s}&algorithm=SHA1&digits=6&period=30")
        else:
            self.know(secret)

    def _push(self, username: str, password: str) -> str | None:
        """Enroll push with the virtual phone, as an application and a phone do; return the recovery code."""
        login = self.client.password_grant(username=username, password=password, realm=self.settings.realm)
        token = mfa_token_of(login, self.aliases)
        begun = self.client.mfa_associate(token, authenticator_types=["oob"], oob_channels=["auth0"])
        must_be(begun, 200, doing="Enrolling push", scope="")
        self.phone.scan(begun["barcode_uri"])
        ended = self.client.mfa_oob_grant(mfa_token=token, oob_code=begun["oob_code"])
        must_be(ended, 200, doing="Confirming push", scope="")
        codes: list[str] = begun.json.get("recovery_codes") or []
        return codes[0] if codes else None
