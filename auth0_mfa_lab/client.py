"""Your app's side of one tenant: a method per endpoint and per grant, and how a request is sent."""

from __future__ import annotations

import base64
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

import httpx

from auth0_mfa_lab.errors import LabError, SettingsError
from auth0_mfa_lab.interrupts import whole
from auth0_mfa_lab.secrets.aliases import SHOWN
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.wire.exchange import Exchange, Json, Speaker
from auth0_mfa_lab.wire.journal import EXCHANGE, Journal, RecordingTransport

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey

    from auth0_mfa_lab.live.guard import Guard

ClientAuthentication = Literal["client_secret_post", "client_secret_basic", "private_key_jwt", "none"]

_GRANT = "http://auth0.com/oauth/grant-type/"
# Pinned, so that no upgrade of a library changes what a notebook shows.
_HEADERS = {"user-agent": "auth0-mfa-lab", "accept": "application/json", "accept-encoding": "gzip, deflate"}
_TIMEOUT_SECONDS = 30.0


class Client:
    """Your app's side of the MFA API, for one application of one tenant. HTTP statuses never raise.

    A parameter has the wire's own name; None means that the field is not sent. A token comes first, by its place or by
    its name; every other parameter is named. Sections are those of the reference.
    """

    def __init__(
        self,
        http: httpx.Client,
        *,
        client_id: str = "",
        client_secret: str | None = None,
        authentication: ClientAuthentication = "client_secret_post",
        private_key: str | None = None,
        after_poll: Callable[[], None] = lambda: None,
        after_challenge: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Speak through `http`, whose transport records, for the application of this `client_id`.

        Without a `client_secret` the application is public and sends its id alone. With `private_key_jwt` it signs an
        assertion by its `private_key` (PEM), dated by `now`. `after_poll` is called after each `mfa_oob_grant`, and
        `after_challenge` after each `mfa_challenge`.
        """
        self.client_id, self._client_secret, self._private_key = client_id, client_secret, private_key
        has_secret = private_key is not None if authentication == "private_key_jwt" else bool(client_secret)
        self._authentication: ClientAuthentication = authentication if has_secret else "none"
        self._http, self._after_poll, self._after_challenge, self._now = http, after_poll, after_challenge, now

    def __repr__(self) -> str:
        tenant = self._http.base_url.netloc.decode()
        return f"Client of the application {self.client_id or '(no client_id)'} on {tenant}"

    def password_grant(
        self,
        *,
        username: str,
        password: str,
        realm: str | None = None,
        audience: str | None = None,
        scope: str | None = None,
    ) -> Exchange:
        """Ask for tokens with a password: the first factor. Reference, section 1.

        POST /oauth/token -> 403 mfa_required with an mfa_token, or 200 with tokens. With a `realm` (a connection's
        name) the grant is `password-realm`, without one it is `password`, which needs the tenant's default directory.
        """
        grant = f"{_GRANT}password-realm" if realm else "password"
        return self._token(grant, username=username, password=password, realm=realm, audience=audience, scope=scope)

    def passwordless_start(
        self,
        *,
        connection: str,
        phone_number: str | None = None,
        email: str | None = None,
        send: str | None = None,
        language: str | None = None,
    ) -> Exchange:
        """Send a code by SMS, or a code or a link by email: a first factor without a password. Reference, section 7.1.

        POST /passwordless/start -> 200 with the _id of the message's user. `connection` is `sms` or `email`; `send` is
        `code` or `link`, and None means a link for email. `language` goes into the header `x-request-language`.
        """
        body = {"connection": connection, "phone_number": phone_number, "email": email, "send": send}
        headers = {"x-request-language": language}
        return self.send("POST", "/passwordless/start", json=body, headers=headers, as_application=True)

    def passwordless_otp_grant(
        self, *, realm: str, username: str, otp: str, audience: str | None = None, scope: str | None = None
    ) -> Exchange:
        """Ask for tokens with the code of `passwordless_start`. Reference, section 7.2.

        POST /oauth/token -> 403 mfa_required with an mfa_token, or 200 with tokens. `realm` is `sms` or `email`,
        `username` the number or the address.
        """
        grant = f"{_GRANT}passwordless/otp"
        return self._token(grant, realm=realm, username=username, otp=otp, audience=audience, scope=scope)

    def mfa_associate(
        self,
        mfa_token: str,
        *,
        authenticator_types: Sequence[str],
        oob_channels: Sequence[str] | None = None,
        phone_number: str | None = None,
        email: str | None = None,
    ) -> Exchange:
        """Start the enrollment of an authenticator. Reference, section 3.

        POST /mfa/associate -> 200 with an oob_code, for a push with the barcode_uri. The Bearer is the mfa_token while
        the user has no active authenticator, then an access token with the scope `enroll`. `authenticator_types` is
        `["oob"]` or `["otp"]`; `oob_channels` for oob: `["auth0"]` is push. `phone_number` is in E.164 form.
        """
        body = {
            "authenticator_types": checked_list("authenticator_types", authenticator_types),
            "oob_channels": None if oob_channels is None else checked_list("oob_channels", oob_channels),
            "phone_number": phone_number,
            "email": email,
        }
        return self.send("POST", "/mfa/associate", bearer=mfa_token, json=body)

    @whole()
    def mfa_challenge(
        self, mfa_token: str, *, challenge_type: str | None = None, authenticator_id: str | None = None
    ) -> Exchange:
        """Ask an active authenticator for a proof; a push is sent to the phone. Reference, section 5.

        POST /mfa/challenge -> 200 with challenge_type, for oob with an oob_code. `challenge_type` is `oob`, `otp` or
        both with a space between.
        """
        body = {"mfa_token": mfa_token, "challenge_type": challenge_type, "authenticator_id": authenticator_id}
        exchange = self.send("POST", "/mfa/challenge", json=body, as_application=True)
        self._after_challenge()
        return exchange

    @whole()
    def mfa_oob_grant(self, mfa_token: str, *, oob_code: str, binding_code: str | None = None) -> Exchange:
        """Ask whether the second factor was given: for a push, this is the poll. Reference, section 6.

        POST /oauth/token -> 400 authorization_pending, 429 slow_down, or 200 with the tokens of the password.
        `binding_code` is the code that the person typed, where `binding_method` was `prompt`; a push has none.
        """
        grant = f"{_GRANT}mfa-oob"
        exchange = self._token(grant, mfa_token=mfa_token, oob_code=oob_code, binding_code=binding_code)
        self._after_poll()
        return exchange

    def mfa_otp_grant(self, mfa_token: str, *, otp: str) -> Exchange:
        """End a login, or confirm an enrollment, with the 6 digits of an authenticator app. Reference, section 6.

        POST /oauth/token -> 200 with the tokens of the password, or 403 invalid_grant Invalid otp_code.
        """
        return self._token(f"{_GRANT}mfa-otp", mfa_token=mfa_token, otp=otp)

    def mfa_recovery_code_grant(self, mfa_token: str, *, recovery_code: str) -> Exchange:
        """End a login with a recovery code of 24 characters. Reference, section 6.

        POST /oauth/token -> 200 with the tokens of the password and a new recovery_code, which nothing else ever has.
        """
        return self._token(f"{_GRANT}mfa-recovery-code", mfa_token=mfa_token, recovery_code=recovery_code)

    def mfa_authenticators(self, mfa_token: str) -> Exchange:
        """List the user's authenticators, unconfirmed ones with `active: false`. Reference, section 4.

        GET /mfa/authenticators -> 200 with an array. The Bearer is the mfa_token, or an access token with the scope
        `read:authenticators`.
        """
        return self.send("GET", "/mfa/authenticators", bearer=mfa_token)

    def mfa_delete_authenticator(self, access_token: str, authenticator_id: str) -> Exchange:
        """Remove an authenticator, and the other half of its pair. Reference, section 4.2.

        DELETE /mfa/authenticators/{id} -> 204. The Bearer is an access token with the scope `remove:authenticators`,
        never the mfa_token.
        """
        path = f"/mfa/authenticators/{quoted('authenticator_id', authenticator_id)}"
        return self.send("DELETE", path, bearer=access_token)

    def refresh_token_grant(self, refresh_token: str, *, scope: str | None = None) -> Exchange:
        """Ask for new tokens; with rotation the answer has a new refresh_token. Reference, section 8.1.

        POST /oauth/token -> 200 with tokens, or 403 invalid_grant. `scope` may only narrow.
        """
        return self._token("refresh_token", refresh_token=refresh_token, scope=scope)

    def revoke(self, token: str) -> Exchange:
        """Revoke a refresh token: POST /oauth/revoke -> 200, for an unknown one too. Reference, section 8.6."""
        return self.send("POST", "/oauth/revoke", json={"token": token}, as_application=True)

    def userinfo(self, access_token: str) -> Exchange:
        """Read the profile of the user that an access token with the scope `openid` stands for. Reference, section 8.2.

        GET /userinfo -> 200 with the profile, or 401 in plain text.
        """
        return self.send("GET", "/userinfo", bearer=access_token)

    def client_credentials_grant(self, *, audience: str, scope: str | None = None) -> Exchange:
        """Ask for an access token of the application's own. Reference, section 9.1.

        POST /oauth/token -> 200 with an access_token, or 403 access_denied without a client grant. `audience` is
        `https://{domain}/api/v2/` for the Management API. Dashboard > Applications > APIs > the API > Machine to
        Machine Applications authorizes the application.
        """
        return self._token("client_credentials", audience=audience, scope=scope)

    def openid_configuration(self) -> Exchange:
        """Read the discovery document: GET /.well-known/openid-configuration -> 200. Reference, section 8.3."""
        return self.send("GET", "/.well-known/openid-configuration")

    def jwks(self) -> Exchange:
        """Read the public keys of the tenant's JWTs: GET /.well-known/jwks.json -> 200. Reference, section 8.4."""
        return self.send("GET", "/.well-known/jwks.json")

    def _token(self, grant_type: str, **fields: str | None) -> Exchange:
        return self.send("POST", "/oauth/token", form={"grant_type": grant_type, **fields}, as_application=True)

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Json] | Sequence[Json] | None = None,
        form: Mapping[str, str | None] | None = None,
        bearer: str | None = None,
        headers: Mapping[str, str | None] | None = None,
        as_application: bool = False,
    ) -> Exchange:
        """Send any request to the tenant and return its Exchange: for what no method is made for.

        `json` or `form` is the body, and `headers` are further ones, without those that are None. `bearer` goes into
        the Authorization header; `as_application` adds the application's own authentication. Raises LabError for a
        value that cannot be sent, NoAnswer when the network gives none.
        """
        if json is not None and (isinstance(json, str | bytes) or not isinstance(json, Iterable)):
            raise LabError(
                f"json is the body as an object or a list, and a {type(json).__name__} is none: write json={{...}} or "
                "json=[...]."
            )
        own = {name: value for name, value in (headers or {}).items() if value is not None}
        if bearer is not None:
            own["authorization"] = Secret(f"Bearer {checked_text('the Bearer token', bearer)}", "<Bearer>")
        named = json if isinstance(json, Mapping) else form or {}
        fields = {name: value for name, value in named.items() if value is not None}
        for name, value in fields.items():
            if form is not None or isinstance(value, Exchange | str):
                checked_text(name, value)
        if as_application:
            self._authenticate(fields, own)
        body: dict[str, Json] = {}
        if form is not None:
            body["data"] = fields
        elif json is not None or fields:
            body["json"] = fields if json is None or isinstance(json, Mapping) else list(json)
        # An id may stand in it: a traceback that shows its frames' values shows none of it.
        path = Secret(quote(path, safe="/%?=&"), "<path>")
        answer = self._answer(method, path, headers=own, **body)
        if isinstance(answer, LabError):
            raise answer from None
        return answer

    @whole()
    def _authenticate(self, fields: dict[str, Json], headers: dict[str, str]) -> None:
        """Add the application's authentication to a body's fields, or to the headers: the reference, section 0.6."""
        if self._authentication == "client_secret_basic":
            pair = f"{quote(self.client_id, safe='')}:{quote(self._client_secret or '', safe='')}"
            headers["authorization"] = Secret(f"Basic {base64.b64encode(pair.encode()).decode()}", "<Basic>")
            return
        fields["client_id"] = self.client_id
        if self._authentication == "client_secret_post":
            fields["client_secret"] = self._client_secret
        if self._authentication == "private_key_jwt":
            # Imported here: they take longer than the rest of the package, and most applications have a secret.
            from secrets import token_urlsafe

            from joserfc import jwt

            now, issuer = int(self._now()), f"{str(self._http.base_url).rstrip('/')}/"
            claims: dict[str, Json] = {"iss": self.client_id, "sub": self.client_id, "aud": issuer, "iat": now}
            claims |= {"exp": now + 60, "jti": token_urlsafe(16)}
            assertion = jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, self._key)
            fields["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            fields["client_assertion"] = Secret(assertion, "<client_assertion>")

    @cached_property
    def _key(self) -> RSAKey:
        from joserfc.errors import JoseError
        from joserfc.jwk import RSAKey

        with suppress(JoseError, ValueError, TypeError):
            key = RSAKey.import_key(str(self._private_key))
            if key.is_private:
                return key
        # Raised here, so that no frame of a library's shows the key.
        raise LabError("private_key is no PEM of a private RSA key: pass the text of the file that openssl wrote.")

    @whole()
    def _answer(self, method: str, path: str, **parts: Json) -> Exchange | LabError:
        """Return what came of a request; an error is the caller's to raise, out of the frames that hold the body."""
        try:
            request = self._http.build_request(method, str(path), **parts)
        except (TypeError, ValueError, httpx.InvalidURL) as problem:
            kind = type(problem).__name__
            return LabError(f"The request cannot be written ({kind}): pass each value just as an answer gave it.")
        try:
            exchange: Exchange = self._http.send(request).extensions[EXCHANGE]
        except LabError as refusal:
            # The frames in which it was raised hold the body.
            refusal.__context__ = None
            return refusal.with_traceback(None)
        return exchange


def quoted(name: str, value: str) -> str:
    """Return an id as one part of a path, percent-encoded; nothing, or dots, would make another path of it."""
    text = checked_text(name, value)
    if not text.strip(". "):
        raise LabError(f"{name} is empty or only dots: pass an id just as an answer gave it.")
    # Half of a surrogate pair cannot be sent; a replacement for it would be no id either.
    return quote(text, safe="", errors="replace")


def checked_text(name: str, value: object) -> str:
    """Return a value that is text; LabError says what to pass in place of an exchange or of something else."""
    if isinstance(value, Exchange):
        # What an answer has under the name of the parameter that it goes into.
        field = name if name in ("access_token", "refresh_token", "oob_code", "recovery_code") else "mfa_token"
        raise LabError(f"{name} is a whole exchange: pass one of its fields, such as exchange[{field!r}].")
    if not isinstance(value, str):
        raise LabError(f"{name} is a {type(value).__name__} and no text: pass the value that an answer gave.")
    if SHOWN.fullmatch(text := str(value).strip()):
        raise LabError(
            f"{name} is {text}, the name under which the lab shows a secret: pass the secret itself, such as "
            "login['mfa_token']."
        )
    return value


def checked_list(name: str, value: object) -> list[Json]:
    """Return a list of what a parameter holds; LabError for a text or any other value."""
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        return list(value)
    written = f"write [{value!r}]" if isinstance(value, str) else f"a {type(value).__name__} is none"
    raise LabError(f"{name} is a list: {written}.")


def http_client(
    origin: str,
    transport: httpx.BaseTransport,
    journal: Journal,
    speaker: Speaker,
    guard: Callable[[], Guard | None] = lambda: None,
) -> httpx.Client:
    """Return an HTTP client to `origin` whose exchanges are this speaker's; the guard of the moment may refuse one."""
    recorder = RecordingTransport(transport, journal, speaker=speaker, guard=guard)
    return httpx.Client(transport=recorder, base_url=origin, headers=_HEADERS, timeout=_TIMEOUT_SECONDS)


def network(settings: Settings) -> httpx.BaseTransport:
    """Return the transport to the tenant of these settings, which trusts their CA file, or the usual roots."""
    with suppress(OSError):
        verify = True if settings.ca_file is None else ssl.create_default_context(cafile=settings.ca_file)
        # A served sandbox is reached through no proxy of the environment.
        return httpx.HTTPTransport(verify=verify, trust_env=settings.tenant != "served")
    raise SettingsError("AUTH0_CA_FILE is no file of PEM certificates that can be read. Check its path and content.")
