"""`/mfa/associate`, `/mfa/authenticators` and `/mfa/challenge`."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from auth0_mfa_lab.sandbox import mfa_errors as errors
from auth0_mfa_lab.sandbox.client_auth import authenticate_client
from auth0_mfa_lab.sandbox.errors import NotEmulated
from auth0_mfa_lab.sandbox.fields import Fields, read_fields
from auth0_mfa_lab.sandbox.mfa_tokens import login_of_bearer, login_of_body
from auth0_mfa_lab.sandbox.notes import note_misspellings
from auth0_mfa_lab.sandbox.records import Authenticator, Login
from auth0_mfa_lab.sandbox.tenant import Tenant

CLIENT_FIELDS = ("client_id", "client_secret", "client_assertion", "client_assertion_type")
ASSOCIATE_FIELDS = ("authenticator_types", "oob_channels", "phone_number", "email", *CLIENT_FIELDS)
CHALLENGE_FIELDS = ("mfa_token", "challenge_type", "authenticator_id", "oob_channel", *CLIENT_FIELDS)
TYPES = ("otp", "oob", "email")
CHANNELS = ("auth0", "sms", "voice", "email")
CHALLENGE_OF = {"push": "oob", "totp": "otp"}
"""What can be challenged, and how; a recovery code cannot (reference, section 5)."""


class JSON(JSONResponse):
    """What `/mfa/*` answers with: the charset is named there, and not at `/oauth/token` (reference, section 0.2)."""

    media_type = "application/json; charset=utf-8"


class Mfa:
    """The MFA endpoints of one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def routes(self) -> list[Route]:
        return [
            Route("/mfa/associate", self.associate, methods=["POST"]),
            Route("/mfa/authenticators", self.authenticators, methods=["GET"]),
            Route("/mfa/challenge", self.challenge, methods=["POST"]),
        ]

    async def associate(self, request: Request) -> JSONResponse:
        """Begin an enrollment (reference, section 3); client fields are neither needed nor read."""
        login = login_of_bearer(self._tenant, request)
        fields = await read_fields(request)
        note_misspellings(request, fields, ASSOCIATE_FIELDS)
        factor = _factor_wished(fields)
        if self._tenant.authenticators.active_of(login.request.user_id):
            raise errors.AlreadyEnrolled
        if factor != "auth0":
            raise NotEmulated(f"the factor {factor}")
        push = self._tenant.associate_push(login)
        body: dict[str, object] = {"authenticator_type": "oob"}
        if push.recovery_code is not None:
            body["recovery_codes"] = [push.recovery_code]
        return JSON({**body, "oob_channel": "auth0", "oob_code": push.oob_code, "barcode_uri": push.barcode_uri})

    async def authenticators(self, request: Request) -> JSONResponse:
        """List the user's authenticators, confirmed or not (reference, section 4.1)."""
        login = login_of_bearer(self._tenant, request)
        return JSON([_entry(item) for item in self._tenant.authenticators.of(login.request.user_id)])

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
        transaction = self._tenant.challenge_push(login, chosen)
        return JSON({"challenge_type": "oob", "oob_code": transaction.oob_code})

    def _choose(self, login: Login, fields: Fields) -> Authenticator:
        """Return the authenticator to challenge: the one that is named, else the first that fits, push before otp."""
        user_id, wished = login.request.user_id, fields.text("challenge_type")
        wanted = fields.text("authenticator_id")
        active = self._tenant.authenticators.active_of(user_id)
        if not active:
            raise errors.NotEnrolled
        if wanted is not None:
            named = self._tenant.authenticators.active(user_id, wanted)
            if named is None:
                raise errors.UnknownAuthenticator
            active = (named,)
        types = wished.split() if wished else ["oob", "otp"]
        fitting = [entry for entry in active if CHALLENGE_OF.get(entry.kind) in types]
        if not fitting:
            raise errors.UnsupportedChallenge(types=" ".join(types))
        return min(fitting, key=lambda entry: entry.kind != "push")


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


def _entry(item: Authenticator) -> dict[str, object]:
    """Return one entry of the list; an unconfirmed push has no name yet (reference, section 4.1)."""
    kind = {"push": "oob", "totp": "otp", "recovery-code": "recovery-code"}[item.kind]
    entry: dict[str, object] = {"id": item.id, "authenticator_type": kind, "active": item.active}
    if item.kind == "push":
        entry["oob_channel"] = "auth0"
    if item.name is not None:
        entry["name"] = item.name
    return entry
