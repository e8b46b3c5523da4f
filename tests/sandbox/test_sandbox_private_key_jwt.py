"""`private_key_jwt`: an application proves who it is by a JWT of its own key, once, and no secret helps it any more."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey

from auth0_mfa_lab.sandbox import Sandbox, WallClock
from tests.keys import KEYS
from tests.sandbox.management_mothers import Admin, admin_of, four_keys, notes_of
from tests.sandbox.sandbox_mothers import App, app_of, error_of, new_sandbox, segment

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ISSUER = "https://sandbox.example/"
NOW = 1_800_000_000
REFUSED = (401, "access_denied", "Unauthorized")
SHORT = rsa.generate_private_key(public_exponent=65537, key_size=1024)
KEY_SET = jws.JWSRegistry(algorithms=["RS256", "RS384", "RS512", "PS256", "HS256"])


def pem(key: RSAKey | ECKey, *, private: bool = False) -> str:
    return key.as_pem(private=private).decode()


@dataclass(frozen=True)
class Signer:
    """The application with a key of its own; it makes assertions, right ones and others."""

    app: App
    key: RSAKey

    def claims(self, **changes: object) -> dict[str, object]:
        client_id, now = self.app.sandbox.defaults.client_id, int(self.app.sandbox.clock.now())
        claims = {"iss": client_id, "sub": client_id, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": "first"}
        return {name: value for name, value in {**claims, **changes}.items() if value is not None}

    def assertion(self, *, alg: str = "RS256", key: RSAKey | None = None, **changes: object) -> str:
        return jwt.encode({"alg": alg}, self.claims(**changes), key or self.key, registry=KEY_SET)

    def ask(self, assertion: str, **fields: str) -> httpx.Response:
        """Ask for a login with an assertion in place of the secret."""
        proof = {"client_assertion": assertion, "client_assertion_type": TYPE, "client_secret": ""}
        return self.app.password(**{**proof, **fields})


def clients_path(box: Sandbox) -> str:
    return f"/clients/{box.defaults.client_id}"


def keep(admin: Admin, key: RSAKey, **fields: str) -> Mapping[str, Any]:
    body = {"credential_type": "public_key", "pem": pem(key), **fields}
    answer = admin("POST", f"{clients_path(admin.app.sandbox)}/credentials", body)
    assert answer.status_code == 201, answer.text
    item: Mapping[str, Any] = answer.json()
    return item


def use(admin: Admin, *credential_ids: str) -> httpx.Response:
    methods = {"private_key_jwt": {"credentials": [{"id": one} for one in credential_ids]}}
    return admin("PATCH", clients_path(admin.app.sandbox), {"client_authentication_methods": methods})


@pytest.fixture
def admin(app: App) -> Admin:
    return admin_of(app)


@pytest.fixture
def signer(app: App, admin: Admin) -> Signer:
    key = next(KEYS)
    assert use(admin, keep(admin, key)["id"]).status_code == 200
    return Signer(app, key)


def test_an_assertion_takes_the_place_of_the_secret(signer: Signer) -> None:
    assert error_of(signer.ask(signer.assertion()))[1] == "mfa_required"


def test_an_assertion_is_good_once(signer: Signer) -> None:
    assertion = signer.assertion()
    assert signer.ask(assertion).status_code == 403
    assert error_of(signer.ask(assertion)) == REFUSED
    assert error_of(signer.ask(signer.assertion(exp=int(signer.app.sandbox.clock.now()) + 90))) == REFUSED
    assert signer.ask(signer.assertion(jti="second")).status_code == 403


def test_one_that_was_refused_is_not_used_up(signer: Signer) -> None:
    assert error_of(signer.ask(signer.assertion(aud="https://other.example/"))) == REFUSED
    assert signer.ask(signer.assertion()).status_code == 403


@pytest.mark.parametrize("audience", [ISSUER, f"{ISSUER}oauth/token", [ISSUER], ["https://other.example/", ISSUER]])
def test_the_audience_is_the_tenant_or_its_token_endpoint(signer: Signer, audience: object) -> None:
    assert signer.ask(signer.assertion(aud=audience)).status_code == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody"},
        {"sub": "somebody"},
        {"iss": "somebody", "sub": "somebody"},
        {"iss": None, "sub": None},
        {"aud": "https://other.example/"},
        {"aud": ISSUER.rstrip("/")},
        {"aud": None},
        {"aud": []},
        {"exp": 1},
        {"exp": None},
        {"exp": str(NOW + 60)},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": 10**300},
        {"exp": 10**300, "iat": 10**300},
        {"exp": NOW + 60, "iat": -(10**400)},
        {"exp": NOW + 301},
        {"exp": NOW + 301, "iat": None},
        {"exp": NOW + 200, "iat": NOW - 101},
        {"iat": NOW + 11},
        {"iat": str(NOW)},
        {"iat": True},
        {"nbf": NOW + 11},
        {"nbf": 10**400},
        {"nbf": float("nan")},
        {"nbf": "soon"},
        {"exp": True},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
    ],
)
def test_an_assertion_that_says_something_else_is_refused(signer: Signer, changes: dict[str, object]) -> None:
    token = jws.serialize_compact({"alg": "RS256"}, json.dumps(signer.claims(**changes)).encode(), signer.key)
    assert error_of(signer.ask(token)) == REFUSED


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW + 300},
        {"exp": NOW + 300, "iat": None},
        {"exp": NOW + 200, "iat": NOW - 100},
        {"exp": NOW + 60.5, "iat": NOW + 0.5},
        {"exp": NOW + 310, "iat": NOW + 10},
        {"nbf": NOW},
        {"nbf": NOW + 10},
        {"nbf": -(10**400)},
    ],
)
def test_an_assertion_lives_five_minutes_at_most_and_a_clock_may_be_ten_seconds_ahead(
    signer: Signer, changes: dict[str, object]
) -> None:
    token = jws.serialize_compact({"alg": "RS256"}, json.dumps(signer.claims(**changes)).encode(), signer.key)
    assert signer.ask(token).status_code == 403


def test_a_number_that_no_float_holds_is_refused(signer: Signer) -> None:
    for text in ("1e400", "-1e400", "9" * 5_000):
        claims = json.dumps(signer.claims(exp=0)).replace('"exp": 0', f'"exp": {text}')
        assert error_of(signer.ask(jws.serialize_compact({"alg": "RS256"}, claims.encode(), signer.key))) == REFUSED


def test_a_used_assertion_is_remembered_until_it_ends_however_many_come_after_it(signer: Signer) -> None:
    assertions, now = signer.app.sandbox.tenant.assertions, signer.app.sandbox.clock.now()
    first = signer.assertion()
    assert signer.ask(first).status_code == 403
    for number in range(20_000):
        assertions[f"other {number}"] = now + 30
    assert error_of(signer.ask(first)) == REFUSED
    assert len(assertions) == 20_001
    signer.app.sandbox.clock.advance(60)
    assert signer.ask(signer.assertion(jti="second")).status_code == 403
    for number in range(20_000):
        assertions[f"later {number}"] = now + 30
    assert len(assertions) <= 1_002


def test_an_advance_of_what_expires_ages_no_assertion_since_applications_stamp_them_by_the_wall() -> None:
    box = new_sandbox(clock=WallClock(lambda: float(NOW)))
    app = app_of(box)
    signer = Signer(app, next(KEYS))
    admin = admin_of(app)
    use(admin, keep(admin, signer.key)["id"])
    box.clock.advance(3_600)
    assert signer.ask(signer.assertion(iat=NOW, exp=NOW + 60)).status_code == 403
    assert error_of(signer.ask(signer.assertion(iat=NOW, exp=NOW + 60))) == REFUSED


def test_an_assertion_is_past_at_its_very_second(signer: Signer) -> None:
    assertion, later = signer.assertion(), signer.assertion(jti="later")
    signer.app.sandbox.clock.advance(59)
    assert signer.ask(assertion).status_code == 403
    signer.app.sandbox.clock.advance(1)
    assert error_of(signer.ask(later)) == REFUSED


FORGERIES: list[Callable[[Signer], str]] = [
    lambda signer: "",
    lambda signer: "a.b.c",
    lambda signer: signer.assertion(key=next(KEYS)),
    lambda signer: signer.assertion(alg="RS384"),
    lambda signer: signer.assertion(alg="RS512"),
    lambda signer: f"{segment({'alg': 'none'})}.{segment(signer.claims())}.",
    lambda signer: f"{segment({'alg': 'RS256', 'crit': ['x']})}.{segment(signer.claims())}.x",
    lambda signer: f"{segment([])}.{segment(signer.claims())}.x",
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_forged_assertion_is_refused(signer: Signer, forge: Callable[[Signer], str]) -> None:
    assert error_of(signer.ask(forge(signer))) == REFUSED


def test_the_kind_of_assertion_must_be_named(signer: Signer) -> None:
    assert error_of(signer.ask(signer.assertion(), client_assertion_type="")) == REFUSED
    assert error_of(signer.ask(signer.assertion(), client_assertion_type="jwt")) == REFUSED
    assert signer.ask(signer.assertion()).status_code == 403


def test_the_secret_is_no_help_any_more(signer: Signer) -> None:
    assert error_of(signer.app.password()) == REFUSED


def test_an_application_without_keys_cannot_assert(app: App) -> None:
    signer = Signer(app, next(KEYS))
    assert error_of(signer.ask(signer.assertion())) == REFUSED


@pytest.mark.parametrize("alg", ["RS256", "RS384", "PS256"])
def test_a_key_signs_with_its_own_algorithm_alone(app: App, admin: Admin, alg: str) -> None:
    signer = Signer(app, next(KEYS))
    item = keep(admin, signer.key, alg=alg)
    assert (item["alg"], item["credential_type"]) == (alg, "public_key")
    use(admin, item["id"])
    other = "RS256" if alg != "RS256" else "PS256"
    assert error_of(signer.ask(signer.assertion(alg=other))) == REFUSED
    assert signer.ask(signer.assertion(alg=alg)).status_code == 403


def test_a_key_counts_once_it_is_in_use_and_two_may_be_for_a_change_of_keys(app: App, admin: Admin) -> None:
    old, new = Signer(app, next(KEYS)), Signer(app, next(KEYS))
    first, second = keep(admin, old.key, name="old"), keep(admin, new.key, name="new")
    assert [one["name"] for one in admin.get(f"{clients_path(app.sandbox)}/credentials")] == ["old", "new"]
    use(admin, first["id"])
    assert error_of(new.ask(new.assertion(jti="1"))) == REFUSED
    use(admin, first["id"], second["id"])
    assert old.ask(old.assertion(jti="2")).status_code == new.ask(new.assertion(jti="3")).status_code == 403
    use(admin, second["id"])
    assert error_of(old.ask(old.assertion(jti="4"))) == REFUSED


def test_an_application_keeps_two_keys_at_most_and_a_third_takes_the_place_of_one_that_is_deleted(
    app: App, admin: Admin
) -> None:
    path = f"{clients_path(app.sandbox)}/credentials"
    first, second = keep(admin, next(KEYS)), keep(admin, next(KEYS))
    body = {"credential_type": "public_key", "pem": pem(next(KEYS))}
    refused = (400, "The application has as many credentials as it may have", "invalid_body")
    assert four_keys(admin("POST", path, body)) == refused
    assert [one["id"] for one in admin.get(path)] == [first["id"], second["id"]]
    answer = admin("DELETE", f"{path}/{first['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    third = keep(admin, next(KEYS))
    assert [one["id"] for one in admin.get(path)] == [second["id"], third["id"]]


def test_a_key_that_is_deleted_proves_nothing_any_more_and_the_secret_neither(app: App, admin: Admin) -> None:
    path = f"{clients_path(app.sandbox)}/credentials"
    signer, other = Signer(app, next(KEYS)), Signer(app, next(KEYS))
    ids = [str(keep(admin, one.key)["id"]) for one in (signer, other)]
    use(admin, *ids)
    assert admin("DELETE", f"{path}/{ids[0]}").status_code == 204
    assert error_of(signer.ask(signer.assertion())) == REFUSED
    assert other.ask(other.assertion(jti="other")).status_code == 403
    assert four_keys(admin("DELETE", f"{path}/{ids[0]}"))[::2] == (404, "client_credential_not_found")
    assert admin("DELETE", f"{path}/{ids[1]}").status_code == 204
    assert error_of(other.ask(other.assertion(jti="last"))) == REFUSED
    assert error_of(app.password()) == REFUSED


def test_the_way_back_to_the_secret(app: App, admin: Admin, signer: Signer) -> None:
    path = clients_path(app.sandbox)
    shown = admin.get(path)
    assert "token_endpoint_auth_method" not in shown
    assert list(shown["client_authentication_methods"]) == ["private_key_jwt"]
    back = {"client_authentication_methods": None, "token_endpoint_auth_method": "client_secret_post"}
    assert admin("PATCH", path, back).json()["token_endpoint_auth_method"] == "client_secret_post"
    assert error_of(signer.ask(signer.assertion())) == REFUSED
    assert app.password().status_code == 403


@pytest.mark.parametrize("method", ["/mfa/challenge", "/oauth/revoke"])
def test_the_other_endpoints_take_an_assertion_too(signer: Signer, method: str) -> None:
    body = {
        "client_id": signer.app.sandbox.defaults.client_id,
        "client_assertion": signer.assertion(),
        "client_assertion_type": TYPE,
    }
    first = signer.app.http.post(method, json=body)
    assert first.status_code == 400
    assert "Missing required parameter" in first.json()["error_description"]
    assert error_of(signer.app.http.post(method, json=body)) == REFUSED


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "",
        pem(RSAKey.generate_key(2048), private=True),
        SHORT.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        pem(ECKey.generate_key("P-256")),
    ],
    ids=["nonsense", "nothing", "private", "short", "elliptic"],
)
def test_only_a_public_rsa_key_is_kept(app: App, admin: Admin, text: str) -> None:
    path = f"{clients_path(app.sandbox)}/credentials"
    assert four_keys(admin("POST", path, {"credential_type": "public_key", "pem": text}))[2] == "invalid_body"
    assert admin.get(path) == []


def test_keys_that_are_not_the_applications_cannot_be_put_to_use(app: App, admin: Admin) -> None:
    path = clients_path(app.sandbox)
    before = admin.get(path)
    for methods in [
        {"private_key_jwt": {"credentials": [{"id": "cred_x"}]}},
        {"private_key_jwt": {"credentials": []}},
        {"private_key_jwt": {"credentials": ["cred_x"]}},
        {"private_key_jwt": {}},
        {},
        7,
    ]:
        answer = admin("PATCH", path, {"client_authentication_methods": methods})
        assert four_keys(answer)[::2] == (400, "invalid_body")
    mine = keep(admin, next(KEYS))["id"]
    both = {
        "token_endpoint_auth_method": "none",
        "client_authentication_methods": {"private_key_jwt": {"credentials": [{"id": mine}]}},
    }
    assert four_keys(admin("PATCH", path, both))[2] == "invalid_body"
    assert admin.get(path) == before


def test_the_answer_to_a_new_key_is_marked_and_holds_no_key(app: App, admin: Admin) -> None:
    body = {"credential_type": "public_key", "pem": pem(next(KEYS)), "name": "first"}
    answer = admin("POST", f"{clients_path(app.sandbox)}/credentials", body)
    assert answer.json()["id"].startswith("cred_")
    assert "PEM" not in answer.text.upper()
    assert "BEGIN" not in answer.text
    assert notes_of(answer) == ("sandbox: status doc · members guess",)
