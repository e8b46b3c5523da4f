"""`POST /mfa/associate`: the beginning of an enrollment (reference, section 3)."""

import re

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.fields import Fields, read_fields
from auth0_mfa_lab.sandbox.mfa.api import CLIENT_FIELDS, JSON
from auth0_mfa_lab.sandbox.mfa.factors import Factors
from auth0_mfa_lab.sandbox.mfa.mfa_tokens import login_of_bearer
from auth0_mfa_lab.sandbox.mfa.oob_codes import E164, CodeChannel, OobCodes
from auth0_mfa_lab.sandbox.mfa.otp import Otp
from auth0_mfa_lab.sandbox.mfa.push import Push
from auth0_mfa_lab.sandbox.mfa.recovery import Recovery
from auth0_mfa_lab.sandbox.notes import note_misspellings
from auth0_mfa_lab.sandbox.records import KIND_OF_CHANNEL, Channel, Login
from auth0_mfa_lab.sandbox.sending import take_to_send
from auth0_mfa_lab.sandbox.tenant import Tenant

FIELDS = ("authenticator_types", "oob_channels", "phone_number", "email", *CLIENT_FIELDS)
TYPES = ("otp", "oob")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class Associate:
    """The enrollments that an app begins at one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._factors = Factors(tenant)
        self._push = Push(tenant)
        self._otp = Otp(tenant)
        self._codes = OobCodes(tenant)
        self._recovery = Recovery(tenant)

    def routes(self) -> list[Route]:
        return [Route("/mfa/associate", self.associate, methods=["POST"])]

    async def associate(self, request: Request) -> JSONResponse:
        """Begin an enrollment; client fields are neither needed nor read."""
        # Read first, judged second: nothing may happen between the look at the login and its enrollment.
        await request.body()
        login = login_of_bearer(self._tenant, request, scope="enroll")
        fields = await read_fields(request)
        note_misspellings(request, fields, FIELDS)
        channel = _channel_wished(fields)
        if not self._factors.is_on(KIND_OF_CHANNEL[channel] if channel else "totp"):
            raise errors.FACTOR_IS_OFF(factor=channel or "otp")
        if not self._factors.may_enroll(login):
            raise errors.ALREADY_ENROLLED()
        self._must_have_room(login, channel)
        if channel is None:
            return self._otp_answer(login)
        if channel == "auth0":
            return self._push_answer(login)
        return self._code_answer(login, channel, self._address(login, channel, fields))

    def _must_have_room(self, login: Login, channel: Channel | None) -> None:
        user_id, authenticators = login.request.user_id, self._tenant.authenticators
        authenticators.forget_pending(user_id, now=self._tenant.clock.now())
        size = 1 if channel is None else 2 if channel == "auth0" else self._codes.size(channel)
        if authenticators.is_full(user_id, room=size + self._recovery.comes_along(user_id)):
            raise errors.TOO_MANY_AUTHENTICATORS()

    def _push_answer(self, login: Login) -> JSONResponse:
        push = self._push.associate(login)
        return JSON(
            {
                "authenticator_type": "oob",
                **_recovery_codes(push.recovery_code),
                self._channel_key: "auth0",
                "oob_code": push.oob_code,
                "barcode_uri": push.barcode_uri,
            }
        )

    def _otp_answer(self, login: Login) -> JSONResponse:
        otp = self._otp.associate(login)
        return JSON(
            {
                "authenticator_type": "otp",
                "secret": otp.secret,
                "barcode_uri": otp.barcode_uri,
                **_recovery_codes(otp.recovery_code),
            }
        )

    def _code_answer(self, login: Login, channel: CodeChannel, address: str) -> JSONResponse:
        headers = take_to_send(self._tenant, channel, login.request.user_id)
        sent = self._codes.associate(login, channel, address)
        return JSON(
            {
                "authenticator_type": "oob",
                "binding_method": "prompt",
                **_recovery_codes(sent.recovery_code),
                self._channel_key: channel,
                "oob_code": sent.oob_code,
            },
            headers=headers,
        )

    def _address(self, login: Login, channel: CodeChannel, fields: Fields) -> str:
        """Return where the code goes: a number must be named, an email may be the profile's own."""
        if channel == "email":
            email = fields.text("email") or self._tenant.users[login.request.user_id].email
            if not EMAIL.fullmatch(email):
                raise errors.INVALID_ASSOCIATION(problem="email must be an email address")
            return email
        phone_number = fields.text("phone_number")
        if phone_number is None:
            raise errors.INVALID_ASSOCIATION(problem="Missing required parameter: phone_number")
        if not E164.fullmatch(phone_number):
            raise errors.INVALID_PHONE_NUMBER()
        return phone_number

    @property
    def _channel_key(self) -> str:
        return self._tenant.settings.switches["oob_channel_key"]


def _channel_wished(fields: Fields) -> Channel | None:
    """Return the out-of-band channel that a request names; None for an OTP."""
    types = fields.strings("authenticator_types")
    if types is None:
        raise errors.INVALID_ASSOCIATION(problem="Missing required parameter: authenticator_types")
    if unknown := [name for name in types if name not in TYPES]:
        raise errors.INVALID_ASSOCIATION(problem=f"Unknown authenticator type: {unknown[0]}")
    if types[0] == "otp":
        return None
    channels = fields.strings("oob_channels")
    if channels is None:
        raise errors.INVALID_ASSOCIATION(problem="Missing required parameter: oob_channels")
    if unknown := [name for name in channels if name not in KIND_OF_CHANNEL]:
        raise errors.INVALID_ASSOCIATION(problem=f"Unknown oob channel: {unknown[0]}")
    return next(channel for channel in KIND_OF_CHANNEL if channel == channels[0])


def _recovery_codes(code: str | None) -> dict[str, object]:
    """Return the field, or nothing: it stands in the answer to a user's first association only."""
    return {} if code is None else {"recovery_codes": [code]}
