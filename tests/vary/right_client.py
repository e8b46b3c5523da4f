"""A right client: it uses what Auth0 or an RFC promises, and nothing else. Its journey passes under each variation."""

from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from auth0_mfa_lab import Lab
from auth0_mfa_lab.polling import State
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.tenants.users import User
from auth0_mfa_lab.wire.exchange import Exchange

LEEWAY = 60
SCOPE = "openid profile offline_access read:orders write:orders"


def a_lab(variation: str = "", **options: Any) -> Lab:
    """Return a lab whose tenant is varied so."""
    return Lab._boxed(Settings(), variation=variation, **options)


class RightClient:
    """An application on one lab's tenant; `keys` is what it keeps of the JWKS."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.client = lab, lab.client
        self.keys = self.fetched()

    def fetched(self) -> dict[str, RSAKey]:
        return {each["kid"]: RSAKey.import_key(dict(each)) for each in self.client.jwks().json["keys"]}

    def verified(self, token: str) -> Mapping[str, Any]:
        """Return the claims of a JWT for this tenant; an unknown kid has the keys fetched once again."""
        kid = str((claims_of(str(token), part=0) or {})["kid"])
        if kid not in self.keys:
            self.keys = self.fetched()
        claims = jwt.decode(str(token), self.keys[kid], algorithms=["RS256"]).claims
        assert claims["iss"] == f"https://{self.lab.settings.domain}/"
        assert claims["iat"] - LEEWAY <= self.lab.clock.now() <= claims["exp"] + LEEWAY
        return claims

    def login(self, user: User, **fields: str) -> str:
        """Return the mfa_token of a login of this user."""
        sent = {"audience": self.lab.audience, "scope": SCOPE, **fields}
        answer = self.client.password_grant(username=user.username, password=user.password, **sent)
        assert answer.error == "mfa_required"
        return str(answer["mfa_token"])

    def challenged(self, token: str, channel: str) -> dict[str, str]:
        """Challenge an active authenticator of a channel, and return what is polled with."""
        listed = self.client.mfa_authenticators(token).json
        chosen = next(each for each in listed if each["active"] and each.get("oob_channel") == channel)
        sent = self.client.mfa_challenge(token, challenge_type="oob", authenticator_id=chosen["id"])
        return {"mfa_token": token, "oob_code": sent["oob_code"]}

    def by_push(self, user: User, allows: bool = True) -> State:
        """Log in by a push that is answered after two polls, and return how it went."""
        proof = self.challenged(self.login(user), "auth0")
        (self.lab.phone.allow_after if allows else self.lab.phone.reject_after)(polls=2)
        return self.lab.poll(**proof).state

    def refreshed(self, tokens: Exchange, times: int) -> None:
        """Refresh so often, each time with the newest refresh_token; a 5xx is asked again."""
        kept = tokens["refresh_token"]
        for _ in range(times):
            answer = self.client.refresh_token_grant(kept)
            if (answer.status or 0) >= 500:
                answer = self.client.refresh_token_grant(kept)
            assert answer.status == 200
            if "refresh_token" in answer:
                kept = answer["refresh_token"]
            self.verified(answer["id_token"])

    def codes(self, number: str, purpose: Any = "mfa") -> str:
        code = self.lab.inbox.latest(number, purpose=purpose).code
        assert code
        assert code.isdigit()
        return code


def journey(lab: Lab) -> None:
    """Enroll, log in with each factor, refuse, expire, refresh, remove: whatever a variation may meet."""
    app, user = RightClient(lab), lab.user(factors=[])
    token = app.login(user)
    begun = lab.client.mfa_associate(token, authenticator_types=["oob"], oob_channels=["auth0"])
    lab.phone.scan(begun["barcode_uri"])
    tokens = lab.poll(token, oob_code=begun["oob_code"]).exchange
    assert tokens is not None
    app.verified(tokens["id_token"])
    app.refreshed(tokens, 3)
    assert [app.by_push(user), app.by_push(user, allows=False)] == [State.GRANTED, State.REJECTED]
    late = app.challenged(app.login(user), "auth0")
    lab.clock.advance(301)
    assert lab.client.mfa_oob_grant(**late).error == "expired_token"
    # A code by SMS; and a challenge for which there is no factor.
    sms = lab.user(factors=["sms"])
    proof = app.challenged(app.login(sms), "sms")
    assert lab.client.mfa_oob_grant(**proof, binding_code=app.codes(str(sms.phone_number))).status == 200
    assert lab.client.mfa_challenge(app.login(sms), challenge_type="otp").error == "unsupported_challenge_type"
    # An authenticator app, and a recovery code twice: the newest each time.
    otp, enrolling = lab.user(factors=[]), app.login(lab.user(factors=[]))
    enrolled = lab.client.mfa_associate(enrolling, authenticator_types=["otp"])
    lab.phone.scan(enrolled["barcode_uri"])
    assert lab.client.mfa_otp_grant(enrolling, otp=lab.phone.code()).status == 200
    pushed = lab.user(factors=["push"])
    code = pushed.recovery_code
    for _ in range(2):
        assert code is not None
        granted = lab.client.mfa_recovery_code_grant(app.login(pushed), recovery_code=code)
        assert granted.status == 200
        if "recovery_code" in granted:
            code = granted["recovery_code"]
    # Without a password, by SMS.
    number = str(otp.phone_number)
    lab.client.passwordless_start(connection="sms", phone_number=number, send="code")
    first = lab.client.passwordless_otp_grant(realm="sms", username=number, otp=app.codes(number, "passwordless"))
    assert first.error == "mfa_required"
    # All that is active is removed.
    scope = "enroll read:authenticators remove:authenticators"
    proof = app.challenged(app.login(sms, audience=lab.mfa_audience, scope=scope), "sms")
    access = lab.client.mfa_oob_grant(**proof, binding_code=app.codes(str(sms.phone_number)))["access_token"]
    for each in lab.client.mfa_authenticators(access).json:
        if each["active"] and each["authenticator_type"] != "recovery-code" and not each["id"].startswith("email|"):
            assert lab.client.mfa_delete_authenticator(access, each["id"]).status == 204
