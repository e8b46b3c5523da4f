"""`/mfa/associate`, `/mfa/authenticators` and `/mfa/challenge`."""

import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth0_mfa_lab.sandbox import mfa_errors as errors
from auth0_mfa_lab.sandbox.client_auth import authenticate_client
from auth0_mfa_lab.sandbox.errors import NotEmulated
from auth0_mfa_lab.sandbox.fields import Fields, read_fields
from auth0_mfa_lab.sandbox.mfa_tokens import access_of_bearer, login_of_bearer, login_of_body
from auth0_mfa_lab.sandbox.notes import note_misspellings
from auth0_mfa_lab.sandbox.otp import Otp
from auth0_mfa_lab.sandbox.push import Push
from auth0_mfa_lab.sandbox.records import Authenticator, Login
from auth0_mfa_lab.sandbox.sms import E164, Sms
from auth0_mfa_lab.sandbox.tenant import Tenant

CLIENT_FIELDS = ("client_id", "client_secret", "client_assertion", "client_assertion_type")
ASSOCIATE_FIELDS = ("authenticator_types", "oob_channels", "phone_number", "email", *CLIENT_FIELDS)
CHALLENGE_FIELDS = ("mfa_token", "challenge_type", "authenticator_id", "oob_channel", *CLIENT_FIELDS)
TYPES = ("otp", "oob", "email")
CHANNELS = ("auth0", "sms", "voice", "email")
AUTHENTICATOR_ID = re.compile(r"[a-z-]+\|dev_[A-Za-z0-9]+")
TYPE_OF = {"push": "oob", "sms": "oob", "totp": "otp", "recovery-code": "recovery-code"}
CHANNEL_OF = {"push": "auth0", "sms": "sms"}
CHALLENGED_FIRST = ("push", "sms", "totp")
"""What is chosen among several that fit [guess]; a recovery code cannot be challenged (reference, section 5)."""


class JSON(JSONResponse):
    """What `/mfa/*` answers with: the charset is named there, and not at `/oauth/token` (reference, section 0.2)."""

    media_type = "application/json; charset=utf-8"


class Mfa:
    """The MFA endpoints of one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._push = Push(tenant)
        self._otp = Otp(tenant)
        self._sms = Sms(tenant)

    def routes(self) -> list[Route]:
        return [
            Route("/mfa/associate", self.associate, methods=["POST"]),
            Route("/mfa/authenticators", self.authenticators, methods=["GET"]),
            Route("/mfa/authenticators/{id}", self.delete, methods=["DELETE"]),
            Route("/mfa/challenge", self.challenge, methods=["POST"]),
        ]

    @property
    def _channel_key(self) -> str:
        """The name of the field `oob_channel` in answers, which some sources have in the plural."""
        return self._tenant.settings.switches["oob_channel_key"]

    async def associate(self, request: Request) -> JSONResponse:
        """Begin an enrollment (reference, section 3); client fields are neither needed nor read."""
        # Read first, judged second: nothing may happen between the look at the login and its enrollment.
        await request.body()
        login = login_of_bearer(self._tenant, request, scope="enroll")
        fields = await read_fields(request)
        note_misspellings(request, fields, ASSOCIATE_FIELDS)
        factor = _factor_wished(fields)
        if not self._tenant.may_enroll(login):
            raise errors.AlreadyEnrolled
        if factor == "auth0":
            return self._associate_push(login)
        if factor == "otp":
            return self._associate_otp(login)
        if factor == "sms":
            return self._associate_sms(login, fields)
        raise NotEmulated(f"the factor {factor}")

    def _associate_push(self, login: Login) -> JSONResponse:
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

    def _associate_otp(self, login: Login) -> JSONResponse:
        otp = self._otp.associate(login)
        return JSON(
            {
                "authenticator_type": "otp",
                "secret": otp.secret,
                "barcode_uri": otp.barcode_uri,
                **_recovery_codes(otp.recovery_code),
            }
        )

    def _associate_sms(self, login: Login, fields: Fields) -> JSONResponse:
        phone_number = fields.text("phone_number")
        if phone_number is None:
            raise errors.InvalidAssociation(problem="Missing required parameter: phone_number")
        if not E164.fullmatch(phone_number):
            raise errors.InvalidPhoneNumber
        sms = self._sms.associate(login, phone_number)
        return JSON(
            {
                "authenticator_type": "oob",
                "binding_method": "prompt",
                **_recovery_codes(sms.recovery_code),
                self._channel_key: "sms",
                "oob_code": sms.oob_code,
            }
        )

    async def authenticators(self, request: Request) -> JSONResponse:
        """List the user's authenticators, confirmed or not (reference, section 4.1)."""
        login = login_of_bearer(self._tenant, request, scope="read:authenticators")
        listed = self._tenant.authenticators.of(login.request.user_id)
        return JSON([_entry(item, self._channel_key) for item in listed])

    async def delete(self, request: Request) -> Response:
        """Remove an authenticator, and its partner with it (reference, section 4.2)."""
        user_id = access_of_bearer(self._tenant, request, scope="remove:authenticators").request.user_id
        authenticator_id = request.path_params["id"]
        if not AUTHENTICATOR_ID.fullmatch(authenticator_id):
            raise errors.MalformedAuthenticatorId
        if self._tenant.authenticators.get(user_id, authenticator_id) is None:
            raise errors.NothingToDelete
        self._tenant.remove_authenticator(user_id, authenticator_id)
        return Response(status_code=204, headers={"content-type": "application/json"})

    async def challenge(self, request: Request) -> JSONResponse:
        """Challenge one active authenticator (reference, section 5)."""
        fields = await read_fields(request)
        note_misspellings(request, fields, CHALLENGE_FIELDS)
        client = authenticate_client(self._tenant, request, fields)
        login = login_of_body(self._tenant, fields.required("mfa_token"), client)
        if login.done:
            raise errors.LoginDone
        chosen = self._choose(login, fields)
        if chosen.kind == "totp":
            return JSON({"challenge_type": "otp"})
        if chosen.kind == "sms":
            oob_code = self._sms.challenge(login, chosen).oob_code
            return JSON({"challenge_type": "oob", "oob_code": oob_code, "binding_method": "prompt"})
        return JSON({"challenge_type": "oob", "oob_code": self._push.challenge(login, chosen).oob_code})

    def _choose(self, login: Login, fields: Fields) -> Authenticator:
        """Return the authenticator to challenge: the one that is named, else the first that fits: push, sms, otp."""
        user_id, wished = login.request.user_id, fields.text("challenge_type")
        wanted, channel = fields.text("authenticator_id"), fields.text("oob_channel")
        active = self._tenant.authenticators.active_of(user_id)
        if not active:
            raise errors.NotEnrolled
        if wanted is not None:
            named = self._tenant.authenticators.active(user_id, wanted)
            if named is None:
                raise errors.UnknownAuthenticator
            active = (named,)
        types = wished.split() if wished else ["oob", "otp"]
        fitting = [
            entry
            for entry in active
            if entry.kind in CHALLENGED_FIRST
            and TYPE_OF[entry.kind] in types
            and channel in (None, CHANNEL_OF.get(entry.kind))
        ]
        if not fitting:
            raise errors.UnsupportedChallenge(types=" ".join(types))
        return min(fitting, key=lambda entry: CHALLENGED_FIRST.index(entry.kind))


def _factor_wished(fields: Fields) -> str:
    """Return the one factor that an associate request names: `otp`, or its out-of-band channel."""
    types = fields.strings("authenticator_types")
    if types is None:
        raise errors.InvalidAssociation(problem="Missing required parameter: authenticator_types")
    if unknown := [name for name in types if name not in TYPES]:
        raise errors.InvalidAssociation(problem=f"Unknown authenticator type: {unknown[0]}")
    if types[0] != "oob":
        return types[0]
    channels = fields.strings("oob_channels")
    if channels is None:
        raise errors.InvalidAssociation(problem="Missing required parameter: oob_channels")
    if unknown := [name for name in channels if name not in CHANNELS]:
        raise errors.InvalidAssociation(problem=f"Unknown oob channel: {unknown[0]}")
    return channels[0]


def _recovery_codes(code: str | None) -> dict[str, object]:
    """Return the field, or nothing: it stands in the answer to a user's first association only."""
    return {} if code is None else {"recovery_codes": [code]}


def _entry(item: Authenticator, channel_key: str) -> dict[str, object]:
    """Return one entry of the list; an unconfirmed push has no name yet (reference, section 4.1)."""
    entry: dict[str, object] = {"id": item.id, "authenticator_type": TYPE_OF[item.kind], "active": item.active}
    if item.kind in CHANNEL_OF:
        entry[channel_key] = CHANNEL_OF[item.kind]
    if item.name is not None:
        entry["name"] = item.name
    return entry
