"""The grants of `/oauth/token`: one method for each, named by it; each returns the Exchange."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auth0_mfa_lab.sender import Sender
from auth0_mfa_lab.wire.exchange import Exchange

GRANTS = "http://auth0.com/oauth/grant-type/"


class TokenGrants:
    """The token endpoint's part of a client, for one application of one tenant."""

    def __init__(self, sender: Sender, after_poll: Callable[[], None]) -> None:
        """Send by `sender`; `after_poll` is called when an answer to `mfa_oob_grant` is there."""
        self._sender = sender
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

    def mfa_otp_grant(self, *, mfa_token: str, otp: str) -> Exchange:
        """End a login, or confirm an enrollment, with the code of an authenticator app.

            POST /oauth/token   -> 200 with the tokens of the password, or 403 invalid_grant Invalid otp_code.

        `otp` is 6 digits. Source: Verify with One-Time Password; the reference, section 6.
        """
        return self._token({"grant_type": f"{GRANTS}mfa-otp", "mfa_token": mfa_token, "otp": otp})

    def mfa_recovery_code_grant(self, *, mfa_token: str, recovery_code: str) -> Exchange:
        """End a login with a recovery code; the answer has the new one, and nothing else ever has.

            POST /oauth/token   -> 200 with the tokens of the password and a new recovery_code

        `recovery_code` is 24 characters. Source: Verify with Recovery Code; the reference, section 6.
        """
        code = {"mfa_token": mfa_token, "recovery_code": recovery_code}
        return self._token({"grant_type": f"{GRANTS}mfa-recovery-code", **code})

    def passwordless_otp_grant(
        self, *, realm: str, username: str, otp: str, audience: str | None = None, scope: str | None = None
    ) -> Exchange:
        """Ask for tokens with the code of `passwordless_start`.

            POST /oauth/token   -> 403 mfa_required with an mfa_token, or 200 with tokens

        `realm` is `sms` or `email`, `username` the number or the address. Source: Authenticate User; the reference,
        section 7.2.
        """
        code = {"realm": realm, "username": username, "otp": otp}
        return self._token({"grant_type": f"{GRANTS}passwordless/otp", **code, "audience": audience, "scope": scope})

    def refresh_token_grant(self, *, refresh_token: str, scope: str | None = None) -> Exchange:
        """Ask for new tokens; with rotation the answer has a new refresh_token, and the old one is dead.

            POST /oauth/token   -> 200 with tokens, or 403 invalid_grant

        `scope` may only narrow. Source: Refresh Token; the reference, section 8.1.
        """
        return self._token({"grant_type": "refresh_token", "refresh_token": refresh_token, "scope": scope})

    def client_credentials_grant(self, *, audience: str, scope: str | None = None) -> Exchange:
        """Ask for an access token of the application's own, such as one for the Management API.

            POST /oauth/token   -> 200 with an access_token, or 403 access_denied without a client grant

        `audience` is `https://{domain}/api/v2/` for the Management API. Dashboard > Applications > APIs > the API >
        Machine to Machine Applications authorizes the application. Source: Client Credentials Flow, Get Token; the
        reference, section 9.1.
        """
        return self._token({"grant_type": "client_credentials", "audience": audience, "scope": scope})

    def _token(self, form: Mapping[str, str | None]) -> Exchange:
        return self._sender.send("POST", "/oauth/token", form=form, as_application=True)
