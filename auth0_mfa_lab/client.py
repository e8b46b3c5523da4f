"""One method per endpoint, named by its path; each returns the Exchange."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import httpx

from auth0_mfa_lab.sender import ClientAuthentication, Sender, checked_list, quoted
from auth0_mfa_lab.token_grants import TokenGrants
from auth0_mfa_lab.wire.exchange import Exchange, Json


class Client(TokenGrants):
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
        private_key: str | None = None,
        after_poll: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Speak through `http`, whose transport records, for the application of this `client_id`.

        Without a `client_secret` the application is public and sends its id alone. With `private_key_jwt` it signs an
        assertion by its `private_key` (PEM) instead, dated by `now` in epoch seconds: the sandbox's clock is not the
        wall's. `after_poll` is called when an answer to `mfa_oob_grant` is there.
        """
        self.client_id = client_id
        self._tenant = http.base_url.netloc.decode()
        sender = Sender(
            http,
            client_id=client_id,
            client_secret=client_secret,
            authentication=authentication,
            private_key=private_key,
            now=now,
        )
        super().__init__(sender, after_poll)

    def __repr__(self) -> str:
        return f"Client of the application {self.client_id or '(no client_id)'} on {self._tenant}"

    def passwordless_start(
        self,
        *,
        connection: str,
        phone_number: str | None = None,
        email: str | None = None,
        send: str | None = None,
        language: str | None = None,
    ) -> Exchange:
        """Send a code by SMS, or a code or a link by email: the first factor without a password.

            POST /passwordless/start   -> 200 with the _id of the message's user

        `connection` is `sms` or `email`; `send` is `code` or `link`, and None means a link for email. `language` goes
        into the header `x-request-language`. Source: Get Code or Link; the reference, section 7.1.
        """
        body = {"connection": connection, "phone_number": phone_number, "email": email, "send": send}
        headers = {"x-request-language": language}
        return self._sender.send("POST", "/passwordless/start", json=body, headers=headers, as_application=True)

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
            "authenticator_types": checked_list("authenticator_types", authenticator_types),
            "oob_channels": None if oob_channels is None else checked_list("oob_channels", oob_channels),
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

    def mfa_delete_authenticator(self, token: str, authenticator_id: str) -> Exchange:
        """Remove an authenticator, and the other half of its pair.

            DELETE /mfa/authenticators/{id}   -> 204

        `token` is the Bearer: an access token with the scope `remove:authenticators`, never the mfa_token.
        Source: Delete an Authenticator; the reference, section 4.2.
        """
        return self.send("DELETE", f"/mfa/authenticators/{quoted('authenticator_id', authenticator_id)}", bearer=token)

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

    def userinfo(self, access_token: str) -> Exchange:
        """Read the profile of the user that an access token stands for.

            GET /userinfo   -> 200 with the profile, or 401 in plain text

        `access_token` must carry the scope `openid`. Source: Get User Info; the reference, section 8.2.
        """
        return self.send("GET", "/userinfo", bearer=access_token)

    def revoke(self, token: str) -> Exchange:
        """Revoke a refresh token.

            POST /oauth/revoke   -> 200 with an empty body, for an unknown token too

        Source: Revoke Refresh Token; the reference, section 8.6.
        """
        return self.send("POST", "/oauth/revoke", json={"token": token}, as_application=True)

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
        return self._sender.send(method, path, json=json, form=form, bearer=bearer, as_application=as_application)
