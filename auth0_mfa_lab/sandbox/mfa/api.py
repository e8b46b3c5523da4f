"""`/mfa/authenticators` and `/mfa/challenge`."""

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.fields import Fields, read_fields
from auth0_mfa_lab.sandbox.json_text import json_object
from auth0_mfa_lab.sandbox.mfa.factors import TYPE_OF, Factors
from auth0_mfa_lab.sandbox.mfa.mfa_tokens import access_of_bearer, login_of_bearer, login_of_body
from auth0_mfa_lab.sandbox.mfa.oob_codes import OobCodes
from auth0_mfa_lab.sandbox.mfa.push import Push
from auth0_mfa_lab.sandbox.notes import add_note, note_misspellings
from auth0_mfa_lab.sandbox.oauth.client_auth import authenticate_client
from auth0_mfa_lab.sandbox.oauth.grants import GRANTS
from auth0_mfa_lab.sandbox.records import CHANNEL_OF, Authenticator, Kind, Login
from auth0_mfa_lab.sandbox.sending import take_to_send
from auth0_mfa_lab.sandbox.tenant import Tenant

CLIENT_FIELDS = ("client_id", "client_secret", "client_assertion", "client_assertion_type")
CHALLENGE_FIELDS = ("mfa_token", "challenge_type", "authenticator_id", "oob_channel", *CLIENT_FIELDS)
AUTHENTICATOR_ID = re.compile(r"[a-z-]+\|dev_[A-Za-z0-9]+")
CHALLENGED_FIRST: tuple[Kind, ...] = ("push", "sms", "voice", "totp", "email")
"""What is chosen among several that fit [guess]; a recovery code cannot be challenged (reference, section 5)."""

JSON_CALLED_A_FORM = "sandbox: JSON without its content type, as in Auth0's push guide; that it is read is a guess"


class JSON(JSONResponse):
    """What `/mfa/*` answers with: the charset is named there, and not at `/oauth/token` (reference, section 0.2)."""

    media_type = "application/json; charset=utf-8"


class Mfa:
    """The MFA endpoints of one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._factors = Factors(tenant)
        self._push = Push(tenant)
        self._codes = OobCodes(tenant)

    def routes(self) -> list[Route]:
        return [
            Route("/mfa/authenticators", self.authenticators, methods=["GET"]),
            Route("/mfa/authenticators/{id}", self.delete, methods=["DELETE"]),
            Route("/mfa/challenge", self.challenge, methods=["POST"]),
        ]

    async def authenticators(self, request: Request) -> JSONResponse:
        """List the user's authenticators, confirmed or not (reference, section 4.1)."""
        login = login_of_bearer(self._tenant, request, scope="read:authenticators")
        switches = self._tenant.settings.switches
        listed = self._factors.listed(login.request.user_id)
        return JSON([_entry(item, switches) for item in listed])

    async def delete(self, request: Request) -> Response:
        """Remove an authenticator, and its partner with it (reference, section 4.2)."""
        user_id = access_of_bearer(self._tenant, request, scope="remove:authenticators").request.user_id
        authenticator_id = request.path_params["id"]
        if not AUTHENTICATOR_ID.fullmatch(authenticator_id):
            raise errors.MALFORMED_AUTHENTICATOR_ID()
        if authenticator_id not in {entry.id for entry in self._factors.listed(user_id)}:
            raise errors.NOTHING_TO_DELETE()
        if authenticator_id == self._tenant.implicit_email_id(user_id):
            raise errors.IMPLICIT_EMAIL()
        self._tenant.remove_authenticator(user_id, authenticator_id)
        return Response(status_code=204, headers={"content-type": "application/json"})

    async def challenge(self, request: Request) -> JSONResponse:
        """Challenge one active authenticator (reference, section 5)."""
        fields = await _challenge_fields(request)
        note_misspellings(request, fields, CHALLENGE_FIELDS)
        client = authenticate_client(self._tenant, request, fields)
        grant = f"{GRANTS}/mfa-{'otp' if fields.text('challenge_type') == 'otp' else 'oob'}"
        if grant not in client.grants:
            raise errors.CHALLENGE_NOT_ALLOWED(grant=grant)
        login = login_of_body(self._tenant, fields.required("mfa_token"), client)
        if login.done:
            raise errors.LOGIN_DONE()
        chosen = self._choose(login, fields)
        channel = CHANNEL_OF.get(chosen.kind)
        if channel is None:
            return JSON({"challenge_type": "otp"})
        headers = take_to_send(self._tenant, channel, login.request.user_id)
        if channel == "auth0":
            oob_code = self._push.challenge(login, chosen).oob_code
            return JSON({"challenge_type": "oob", "oob_code": oob_code}, headers=headers)
        oob_code = self._codes.challenge(login, chosen).oob_code
        return JSON({"challenge_type": "oob", "oob_code": oob_code, "binding_method": "prompt"}, headers=headers)

    def _choose(self, login: Login, fields: Fields) -> Authenticator:
        """Return the authenticator to challenge: the one that is named, else the first that fits."""
        user_id, wished = login.request.user_id, fields.text("challenge_type")
        wanted, channel = fields.text("authenticator_id"), fields.text("oob_channel")
        active = tuple(entry for entry in self._factors.listed(user_id) if entry.active)
        if not active:
            raise errors.NOT_ENROLLED()
        if wanted is not None and wanted not in {entry.id for entry in active}:
            raise errors.UNKNOWN_AUTHENTICATOR()
        types = wished.split() if wished else ["oob", "otp"]
        fitting = [
            entry
            for entry in self._factors.usable(user_id, but=login.spent)
            if wanted in (None, entry.id)
            and entry.kind in CHALLENGED_FIRST
            and _type_of(entry.kind) in types
            and channel in (None, CHANNEL_OF.get(entry.kind))
        ]
        if not fitting:
            raise errors.UNSUPPORTED_CHALLENGE(types=" ".join(types))
        return min(fitting, key=lambda entry: CHALLENGED_FIRST.index(entry.kind))


async def _challenge_fields(request: Request) -> Fields:
    """Read the body of a challenge: JSON that is not called so as well, for the push guide's curl calls it a form."""
    body = await request.body()
    is_called_json = request.headers.get("content-type", "").lower().startswith("application/json")
    if not is_called_json and body.lstrip().startswith(b"{") and (value := json_object(body)) is not None:
        add_note(request, JSON_CALLED_A_FORM)
        return Fields(value)
    return await read_fields(request)


def _type_of(kind: Kind) -> str:
    """Return the `authenticator_type`, which is the `challenge_type` as well."""
    if kind in CHANNEL_OF:
        return "oob"
    return "otp" if kind == "totp" else "recovery-code"


def _entry(item: Authenticator, switches: Mapping[str, str]) -> dict[str, object]:
    """Return one entry of the list; an unconfirmed push has no name yet (reference, section 4.1)."""
    entry: dict[str, object] = {"id": item.id, "authenticator_type": _type_of(item.kind), "active": item.active}
    if switches["customizable_mfa"] == "on":
        entry["type"] = TYPE_OF[item.kind]
    if item.kind in CHANNEL_OF:
        entry[switches["oob_channel_key"]] = CHANNEL_OF[item.kind]
    if item.name is not None:
        entry["name"] = item.name
    return entry
