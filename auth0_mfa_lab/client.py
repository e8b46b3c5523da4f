"""One method per endpoint, named by its path; each returns the Exchange."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Literal
from urllib.parse import quote

import httpx

from auth0_mfa_lab.errors import NoAnswer
from auth0_mfa_lab.wire.exchange import Exchange, Json
from auth0_mfa_lab.wire.recorder import EXCHANGE, Unanswered

ClientAuthentication = Literal["client_secret_post", "client_secret_basic", "none"]
GRANTS = "http://auth0.com/oauth/grant-type/"


class Client:
    """Your app's side of the MFA API, for one application of one tenant.

    A parameter has the wire's own name; None means that the field is not sent. HTTP statuses never raise.
    """

    def __init__(
        self,
        http: httpx.Client,
        *,
        client_id: str,
        client_secret: str | None = None,
        authentication: ClientAuthentication = "client_secret_post",
        after_poll: Callable[[], None] = lambda: None,
    ) -> None:
        """Speak through `http`, whose transport records, for the application of this `client_id`.

        Without a `client_secret` the application is public and sends its id alone. `after_poll` is called when an
        answer to `mfa_oob_grant` is there.
        """
        self._http = http
        self._client_id = client_id
        self._client_secret = client_secret
        self._authentication: ClientAuthentication = authentication if client_secret else "none"
        self._after_poll = after_poll

    def password_grant(
        self,
        *,
        username: str,
        password: str,
        realm: str | None = None,
        audience: str | None = None,
        scope: str | None = None,
    ) -> Exchange:
        """Ask for tokens with a password: the first factor.

            POST /oauth/token   -> 403 mfa_required with an mfa_token, or 200 with tokens

        With a `realm` (a connection's name) the grant is `password-realm`, without one it is `password`, which needs
        the tenant's default directory. `scope` is separated by spaces. Source: Resource Owner Password Flow, Get
        Token; the reference, section 1.
        """
        grant = f"{GRANTS}password-realm" if realm else "password"
        credentials = {"username": username, "password": password, "realm": realm}
        return self._token({"grant_type": grant, **credentials, "audience": audience, "scope": scope})

    def mfa_oob_grant(self, *, mfa_token: str, oob_code: str, binding_code: str | None = None) -> Exchange:
        """Ask whether the second factor was given: for a push, this is the poll.

            POST /oauth/token   -> 400 authorization_pending, 429 slow_down, or 200 with the tokens of the password

        `binding_code` is the code that the person typed, where `binding_method` was `prompt`; a push has none.
        Source: Verify with Out-of-Band; the reference, section 6.
        """
        codes = {"mfa_token": mfa_token, "oob_code": oob_code, "binding_code": binding_code}
        exchange = self._token({"grant_type": f"{GRANTS}mfa-oob", **codes})
        self._after_poll()
        return exchange

    def mfa_associate(
        self,
        token: str,
        *,
        authenticator_types: Sequence[str],
        oob_channels: Sequence[str] | None = None,
        phone_number: str | None = None,
        email: str | None = None,
    ) -> Exchange:
        """Start the enrollment of an authenticator.

            POST /mfa/associate   -> 200 with an oob_code, for a push with the barcode_uri

        `token` is the Bearer: the mfa_token while the user has no active authenticator. `authenticator_types` is
        `["oob"]` or `["otp"]`; `oob_channels` for oob: `["auth0"]` is push. `phone_number` is in E.164 form.
        Source: Add an Authenticator; the reference, section 3.
        """
        body = {
            "authenticator_types": list(authenticator_types),
            "oob_channels": oob_channels and list(oob_channels),
        }
        return self.send(
            "POST", "/mfa/associate", bearer=token, json=body | {"phone_number": phone_number, "email": email}
        )

    def mfa_authenticators(self, token: str) -> Exchange:
        """List the user's authenticators, unconfirmed ones with `active: false`.

            GET /mfa/authenticators   -> 200 with an array

        `token` is the Bearer: the mfa_token, or an access token with the scope `read:authenticators`. Source: List
        Authenticators; the reference, section 4.
        """
        return self.send("GET", "/mfa/authenticators", bearer=token)

    def mfa_challenge(
        self, *, mfa_token: str, challenge_type: str | None = None, authenticator_id: str | None = None
    ) -> Exchange:
        """Ask an active authenticator for a proof; a push is sent to the phone.

            POST /mfa/challenge   -> 200 with challenge_type, for oob with an oob_code

        `challenge_type` is `oob`, `otp` or both, separated by a space. Source: Request MFA Challenge; the reference,
        section 5.
        """
        chosen = {"challenge_type": challenge_type, "authenticator_id": authenticator_id}
        return self.send("POST", "/mfa/challenge", json={"mfa_token": mfa_token, **chosen}, as_application=True)

    def openid_configuration(self) -> Exchange:
        """Read the tenant's discovery document.

            GET /.well-known/openid-configuration   -> 200 with the endpoints and what they support

        Source: OpenID Connect Discovery; the reference, section 8.3.
        """
        return self.send("GET", "/.well-known/openid-configuration")

    def jwks(self) -> Exchange:
        """Read the public keys that the tenant's JWTs are signed with.

            GET /.well-known/jwks.json   -> 200 with the keys, each under its kid

        Source: JSON Web Key Sets; the reference, section 8.4.
        """
        return self.send("GET", "/.well-known/jwks.json")

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Json] | None = None,
        form: Mapping[str, str | None] | None = None,
        bearer: str | None = None,
        as_application: bool = False,
    ) -> Exchange:
        """Send any request to the tenant and return its Exchange: for what no method is made for.

        `json` or `form` is the body, without the fields that are None; `bearer` goes into the Authorization header;
        `as_application` adds the application's own authentication, to a JSON body unless there is a form. Raises
        NoAnswer when the network gives none.
        """
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        fields = {name: value for name, value in (json or form or {}).items() if value is not None}
        if as_application:
            fields, authorization = self._authenticated(fields)
            headers |= authorization
        has_json = json is not None or (form is None and bool(fields))
        try:
            return _recorded(
                self._http.request(
                    method,
                    quote(path, safe="/%?=&"),
                    headers=headers,
                    json=fields if has_json else None,
                    data=fields if form is not None else None,
                )
            )
        except Unanswered as failure:
            error = NoAnswer.to(failure.exchange)
        raise error from None

    def _token(self, form: Mapping[str, str | None]) -> Exchange:
        return self.send("POST", "/oauth/token", form=form, as_application=True)

    def _authenticated(self, fields: dict[str, Json]) -> tuple[dict[str, Json], dict[str, str]]:
        """Return a body's fields with the application's authentication, and the headers for it."""
        if self._authentication == "client_secret_basic":
            pair = f"{quote(self._client_id, safe='')}:{quote(self._client_secret or '', safe='')}"
            return fields, {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        secret = {"client_secret": self._client_secret} if self._authentication == "client_secret_post" else {}
        return {**fields, "client_id": self._client_id, **secret}, {}


def _recorded(response: httpx.Response) -> Exchange:
    exchange: Exchange = response.extensions[EXCHANGE]
    return exchange
