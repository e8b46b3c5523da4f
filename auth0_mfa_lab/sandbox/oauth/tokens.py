"""What the tenant issues: JWTs, opaque tokens, and strings that look sealed as Auth0's do."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from joserfc import jws, jwt
from joserfc.errors import JoseError

from auth0_mfa_lab.sandbox.bounded import Bounded
from auth0_mfa_lab.sandbox.chance import Chance
from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.domains import Domains
from auth0_mfa_lab.sandbox.json_text import json_object
from auth0_mfa_lab.sandbox.oauth.keys import KeyRing, NewKey
from auth0_mfa_lab.sandbox.records import Api, Request, User

ID_TOKEN_LIFETIME = 36_000
DEFAULT_LIFETIME = 86_400
# Ciphertexts as long as make the sizes that were seen (reference, section 0.4).
MFA_TOKEN_CIPHERTEXT = 1_150
OOB_CODE_CIPHERTEXT = 520
# Enough of a signature to know a token by.
SIGNATURE_TAIL = 32


class Tokens:
    """Makes every token of one tenant."""

    def __init__(self, *, domains: Domains, clock: Clock, chance: Chance, new_key: NewKey) -> None:
        self._domains = domains
        self._clock = clock
        self._chance = chance
        # By how much the sandbox was ahead of the wall when a token was issued: it expires in the sandbox's time.
        self._ahead: Bounded[float] = Bounded()
        self.keys = KeyRing(domain=domains.home, chance=chance.fork("keys"), now=clock.stamp(), new_key=new_key)

    @property
    def issuer(self) -> str:
        """The tenant's address as the request at hand spells it, slash included."""
        return f"{self._domains.origin}/"

    @property
    def mfa_audience(self) -> str:
        """The identifier of the MFA API (reference, section 2)."""
        return f"{self.issuer}mfa/"

    def mfa_token(self, expires: float) -> str:
        return self._sealed(expires, MFA_TOKEN_CIPHERTEXT)

    def oob_code(self, expires: float) -> str:
        return self._sealed(expires, OOB_CODE_CIPHERTEXT)

    def token_set(self, request: Request, user: User, api: Api | None) -> dict[str, object]:
        """Return the body of a 200 of `/oauth/token` (reference, section 1.2).

        `api` is the API of the request's audience, None without one. There is no `amr`, here or anywhere: tokens
        that come through the MFA API have none (section 8.5).
        """
        lifetime = api.token_lifetime if api else DEFAULT_LIFETIME
        body: dict[str, object] = {
            "access_token": self._access_token(request, api, lifetime) if api else self._chance.base64url(32)
        }
        if "offline_access" in request.scope:
            body["refresh_token"] = self.refresh_token()
        if "openid" in request.scope:
            body["id_token"] = self._id_token(request, user)
        if request.scope:
            body["scope"] = " ".join(request.scope)
        return {**body, "expires_in": lifetime, "token_type": "Bearer"}

    def machine_token(self, client_id: str, api: Api, scope: Sequence[str]) -> dict[str, object]:
        """Return what an application gets for itself: nobody's id_token, no refresh token (reference, section 9.1)."""
        claims: dict[str, object] = {"sub": f"{client_id}@clients", "aud": api.identifier, "azp": client_id}
        scopes = {"scope": " ".join(scope)} if scope else {}
        token = self._jwt({**claims, **scopes, "gty": "client-credentials"}, api.token_lifetime)
        return {"access_token": token, **scopes, "expires_in": api.token_lifetime, "token_type": "Bearer"}

    def refresh_token(self) -> str:
        return f"v1.{self._chance.base64url(51)}"

    def profile(self, user: User, scope: Sequence[str]) -> dict[str, object]:
        """Return what the scopes `profile` and `email` tell of a user, in an id_token and at `/userinfo`."""
        claims: dict[str, object] = {}
        if "profile" in scope:
            # Applications read it beside a clock of their own: no advance is in it.
            updated_at = min(user.created_at, self._clock.stamp())
            updated = datetime.fromtimestamp(updated_at, UTC).isoformat(timespec="milliseconds")
            claims |= {
                "nickname": user.username.partition("@")[0],
                "name": user.username,
                "picture": f"{self.issuer}avatars/default.png",
                "updated_at": updated.replace("+00:00", "Z"),
            }
        if "email" in scope and user.email:
            claims |= {"email": user.email, "email_verified": user.email_verified}
        return claims

    def transaction_token(self, *, user_id: str, txid: str, lifetime: int) -> str:
        """Return the `txtkn` of a push (the guardian reference, section 4; `azp` is a guess)."""
        return self._jwt(
            {"sub": user_id, "aud": f"{self.issuer}appliance-mfa", "azp": "device", "txid": txid}, lifetime
        )

    def transaction_of(self, token: str) -> str | None:
        """Return the `txid` of a `txtkn` that we signed and that has not expired; otherwise None."""
        claims = self.claims_of(token)
        expires, txid = (claims or {}).get("exp"), (claims or {}).get("txid")
        return txid if isinstance(txid, str) and isinstance(expires, int) and self._clock.now() < expires else None

    def claims_of(self, token: str) -> dict[str, object] | None:
        """Return the claims of a JWT that we signed, expired or not; None for anything else.

        Its `exp` is when it expires in the sandbox's time, which may be ahead of the wall's that stands in it.
        """
        try:
            verified = jws.deserialize_compact(token, self.keys.current.private, algorithms=["RS256"])
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
        claims = json_object(verified.payload)
        ahead = self._ahead.get(token[-SIGNATURE_TAIL:])
        if claims is not None and ahead is not None and isinstance(expires := claims.get("exp"), int):
            claims = {**claims, "exp": math.ceil(expires + ahead)}
        return claims

    def _access_token(self, request: Request, api: Api, lifetime: int) -> str:
        audience: str | list[str] = api.identifier
        if "openid" in request.scope:
            audience = [api.identifier, f"{self.issuer}userinfo"]
        claims: dict[str, object] = {"sub": request.user_id, "aud": audience, "azp": request.client_id}
        if request.scope:
            claims["scope"] = " ".join(request.scope)
        if request.gty is not None:
            claims["gty"] = request.gty
        return self._jwt(claims, lifetime)

    def _id_token(self, request: Request, user: User) -> str:
        claims = self.profile(user, request.scope)
        return self._jwt({**claims, "sub": request.user_id, "aud": request.client_id}, ID_TOKEN_LIFETIME)

    def _jwt(self, claims: Mapping[str, object], lifetime: int) -> str:
        now = int(self._clock.stamp())
        key = self.keys.current
        token = jwt.encode(
            {"alg": "RS256", "typ": "JWT", "kid": key.kid},
            {"iss": self.issuer, **claims, "iat": now, "exp": now + lifetime},
            key.private,
        )
        if ahead := self._clock.ahead():
            self._ahead[token[-SIGNATURE_TAIL:]] = ahead
        return token

    def _sealed(self, expires: float, ciphertext: int) -> str:
        """Return a string in the eight-part layout of the reference, section 0.4; nothing is in it."""
        chance = self._chance
        return "*".join(
            (
                "Fe26.2",
                f"SERVER_{int(self._clock.stamp())}",
                chance.hex(64),
                chance.base64url(22),
                chance.base64url(ciphertext),
                str(int(expires * 1000)),
                chance.hex(64),
                chance.base64url(43),
            )
        )
