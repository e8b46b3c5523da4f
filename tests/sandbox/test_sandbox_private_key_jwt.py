"""`private_key_jwt`: an application proves who it is by a JWT of its own key, once, and no secret helps it any more."""

import json
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from auth0_mfa_lab.sandbox import WallClock
from tests.keys import next_key
from tests.sandbox.management_mothers import Admin, admin_of, four_keys
from tests.sandbox.sandbox_mothers import App, app_of, claims_of, error_of, new_sandbox, segment, set_up

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ISSUER, NOW = "https://sandbox.example/", 1_800_000_000
UNAUTHORIZED = (401, "access_denied", "Unauthorized")
ALGORITHMS = jws.JWSRegistry(algorithms=["RS256", "RS384", "PS256"])


@dataclass(frozen=True)
class Signer:
    """The application with a key of its own; it makes assertions, right ones and others."""

    admin: Admin
    key: RSAKey

    @property
    def app(self) -> App:
        return self.admin.app

    @property
    def path(self) -> str:
        return f"/clients/{self.app.sandbox.defaults.client_id}"

    def keep(self, **fields: str) -> dict[str, Any]:
        """Let the tenant keep this key."""
        body = {"credential_type": "public_key", "pem": self.key.as_pem(private=False).decode(), **fields}
        answer = self.admin("POST", f"{self.path}/credentials", body)
        assert answer.status_code == 201, answer.text
        item: dict[str, Any] = answer.json()
        return item

    def use(self, *ids: str) -> httpx.Response:
        methods = {"private_key_jwt": {"credentials": [{"id": one} for one in ids]}}
        return self.admin("PATCH", self.path, {"client_authentication_methods": methods})

    def sign(self, text: str = "", *, alg: str = "RS256", **changes: Any) -> str:
        """Return an assertion of this text, or of the right claims with changes."""
        client_id, now = self.app.sandbox.defaults.client_id, int(self.app.sandbox.clock.now())
        claims = {"iss": client_id, "sub": client_id, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": "first"}
        said = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return jws.serialize_compact({"alg": alg}, (text or json.dumps(said)).encode(), self.key, registry=ALGORITHMS)

    def ask(self, assertion: str, **fields: str) -> tuple[int, str, str]:
        """Ask for a login with an assertion in place of the secret."""
        proof = {"client_assertion": assertion, "client_assertion_type": TYPE, "client_secret": ""}
        return error_of(self.app.password(**{**proof, **fields}))

    def proves(self, **changes: Any) -> bool:
        """Tell whether an assertion with these changes proves the application: then the login goes on."""
        said = self.ask(self.sign(**changes))
        assert said in (UNAUTHORIZED, (403, "mfa_required", "Multifactor authentication required"))
        return said != UNAUTHORIZED


@pytest.fixture
def stranger(app: App) -> Signer:
    """One whose key the tenant does not know."""
    return Signer(admin_of(app), next_key())


@pytest.fixture
def signer(stranger: Signer) -> Signer:
    assert stranger.use(stranger.keep()["id"]).status_code == 200
    return stranger


# Changes of the right claims, of which time is 1,800,000,000; LARGE and HUGE have 300 and 400 zeros.
TAKEN = """
{"aud": "https://sandbox.example/oauth/token"}
{"aud": ["https://other.example/", "https://sandbox.example/"]}
{"exp": 1800000300, "iat": null}
{"exp": 1800000200, "iat": 1799999900}
{"exp": 1800000060.5, "iat": 1800000000.5}
{"exp": 1800000310, "iat": 1800000010}
{"nbf": 1800000010}
{"nbf": -HUGE}
"""  # It lives five minutes at most, and the application's clock may be ten seconds ahead.
REFUSED = """
{"iss": "x"}
{"sub": "x"}
{"iss": "x", "sub": "x"}
{"aud": "https://other.example/"}
{"aud": "https://sandbox.example"}
{"aud": []}
{"exp": 1800000000}
{"exp": null}
{"exp": "1800000060"}
{"nbf": true}
{"exp": Infinity}
{"exp": NaN}
{"exp": LARGE, "iat": LARGE}
{"exp": 1800000060, "iat": -HUGE}
{"exp": 1800000200, "iat": 1799999899}
{"exp": 1800000301, "iat": null}
{"exp": 1800000310, "iat": 1800000011}
{"iat": 1800000011}
{"iat": "1800000000"}
{"nbf": 1800000011}
{"nbf": HUGE}
{"jti": ""}
{"jti": 7}
"""


def changes_in(table: str) -> list[dict[str, object]]:
    written = table.replace("LARGE", f"{10**300}").replace("HUGE", f"{10**400}")
    return [json.loads(row) for row in written.strip().splitlines()]


def test_an_assertion_of_the_right_claims_proves_the_application_once_and_no_other_does(signer: Signer) -> None:
    assert [changes for changes in changes_in(TAKEN) if not signer.proves(**{"jti": str(changes), **changes})] == []
    assert [changes for changes in changes_in(REFUSED) if signer.proves(**changes)] == []
    payload = signer.sign().split(".")[1]
    for forged in (
        *("", "a.b.c", f"{segment([])}.{payload}.x", f"{segment({'alg': 'none'})}.{payload}."),
        f"{segment({'alg': 'RS256', 'crit': ['x']})}.{payload}.x",
        *(Signer(signer.admin, next_key()).sign(), signer.sign(alg="RS384")),
        # No object; a number that no float holds; one of 5,000 digits.
        *(signer.sign("[]"), signer.sign('{"exp": 1e400}'), signer.sign(f'{{"exp": {"9" * 5_000}}}')),
    ):
        assert signer.ask(forged) == UNAUTHORIZED
    assert signer.proves(), "none of these has used it up"
    assert not signer.proves(exp=NOW + 90), "the same jti"
    assert error_of(signer.app.password()) == UNAUTHORIZED, "the secret is no help any more"


def test_a_used_assertion_is_remembered_until_it_ends_however_many_come_after_it(signer: Signer) -> None:
    assertions, now = signer.app.sandbox.tenant.assertions, signer.app.sandbox.clock.now()
    for kept in (2_001, 102):
        assert signer.proves(), "the first time, and once it has ended"
        for number in range(2_000):
            assertions[f"{kept} {number}"] = now + 30
        assert len(assertions) <= kept
        assert not signer.proves()
        signer.app.sandbox.clock.advance(60)


def test_an_advance_of_what_expires_moves_no_stamp_since_applications_go_by_the_wall() -> None:
    app = app_of(box := new_sandbox(clock=WallClock(lambda: float(NOW)), policy="never"))
    box.clock.advance(3_600)
    # A user may be as old as the tenant says, and their tokens tell wall time.
    user = box.tenant.users[box.defaults.user_id]
    box.tenant.users[user.user_id] = replace(user, created_at=box.clock.now())
    token = app.password(scope="openid profile").json()["id_token"]
    assert claims_of(token)["updated_at"] == "2027-01-15T08:00:00.000Z"
    set_up(box, policy="all-applications")
    signer = Signer(admin_of(app), next_key())
    signer.use(signer.keep()["id"])
    assert [signer.proves(iat=NOW, exp=NOW + 60) for _ in range(2)] == [True, False]


def test_the_kind_of_assertion_must_be_named_at_every_endpoint_that_asks_for_an_application(signer: Signer) -> None:
    for kind in ("", "jwt"):
        assert signer.ask(signer.sign(), client_assertion_type=kind) == UNAUTHORIZED
    for path in ("/mfa/challenge", "/oauth/revoke"):
        proof = {"client_assertion": signer.sign(jti=path), "client_assertion_type": TYPE}
        body = {"client_id": signer.app.sandbox.defaults.client_id, **proof}
        first, second = (signer.app.http.post(path, json=body) for _ in range(2))
        assert error_of(first)[2].startswith("Missing required parameter")
        assert error_of(second) == UNAUTHORIZED


@pytest.mark.parametrize(("alg", "other"), [("RS256", "PS256"), ("RS384", "RS256"), ("PS256", "RS256")])
def test_a_key_signs_with_its_own_algorithm_alone(stranger: Signer, alg: str, other: str) -> None:
    item = stranger.keep(alg=alg, name="first")
    shown = {"alg": alg, "name": "first", "credential_type": "public_key"}
    shown |= dict.fromkeys(("created_at", "updated_at"), "2027-01-15T08:00:00.000Z")
    assert item == {"id": item["id"], "kid": item["kid"], **shown}
    listed = stranger.admin.get(f"{stranger.path}/credentials?include_totals=true")
    assert listed == [{**item, "expires_at": None}]
    assert (item["id"][:-22], len(item["kid"])) == ("cred_", 43)
    stranger.use(item["id"])
    assert [stranger.proves(alg=each) for each in (other, alg)] == [False, True]


def test_two_keys_are_kept_and_used_for_a_change_of_keys_and_the_way_back_to_the_secret(stranger: Signer) -> None:
    old, new, admin, path = stranger, Signer(stranger.admin, next_key()), stranger.admin, stranger.path
    credentials = f"{path}/credentials"
    first, second = old.keep(name="old")["id"], new.keep(name="new")["id"]
    assert [one["name"] for one in admin.get(credentials)] == ["old", "new"]
    assert not old.proves(), "kept is not in use"
    body = {"credential_type": "public_key", "pem": next_key().as_pem(private=False).decode()}
    refused = (400, "The application has as many credentials as it may have", "invalid_body")
    assert four_keys(admin("POST", credentials, body)) == refused
    old.use(first)
    assert [old.proves(jti="1"), new.proves(jti="2")] == [True, False]
    shown = old.use(first, second, first).json()
    in_use = {"private_key_jwt": {"credentials": [{"id": first}, {"id": second}]}}
    assert (shown["client_authentication_methods"], shown) == (in_use, admin.get(path))
    assert [old.proves(jti="3"), new.proves(jti="4")] == [True, True]
    # One that is deleted proves nothing any more, and gives its place to a third.
    for _ in range(2):
        assert admin("DELETE", f"{credentials}/{first}").status_code == 204, "an unknown key is answered alike"
    assert [old.proves(jti="5"), new.proves(jti="6")] == [False, True]
    assert old.keep()["id"] != first
    admin("DELETE", f"{credentials}/{second}")
    assert not new.proves(jti="7")
    assert error_of(new.app.password()) == UNAUTHORIZED
    back = {"client_authentication_methods": None}
    for more in ({}, {"token_endpoint_auth_method": "client_secret_post"}):
        assert admin("PATCH", path, back | more).json()["token_endpoint_auth_method"] == "client_secret_post"
    assert new.app.password().status_code == 403


def test_only_a_public_rsa_key_of_2048_bits_is_kept(stranger: Signer) -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    pem = short.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for text in (pem, stranger.key.as_pem(private=True), ECKey.generate_key("P-256").as_pem(private=False)):
        body = {"credential_type": "public_key", "pem": text.decode()}
        assert stranger.admin("POST", f"{stranger.path}/credentials", body).status_code == 400
    assert stranger.admin.get(f"{stranger.path}/credentials") == []
