"""`lab.tenant` and `lab.limits`: how a sandbox is set, how well its answers are known, what is left of each limit."""

import json
import re
from urllib.parse import unquote

import pytest

from auth0_mfa_lab import Lab, LabError
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.app import ENDPOINTS, GENERAL, covered
from auth0_mfa_lab.sandbox.errors import ROWS
from auth0_mfa_lab.sandbox.settings import SWITCHES
from auth0_mfa_lab.tenants.tables import MARKS, counted, limits
from auth0_mfa_lab.tenants.users import User
from tests.flows.flows import challenged, log_in
from tests.mothers import a_live_lab, rows

STRANGER = User(username="nobody@example.com", password="x", phone_number=None, email=None, factors=())
GIVEN = {"pending_status": 200, "second_factor_chained": True, "recovery_code_factor": False}
NARROWED = """
/MFA/challenge |/mfa/challenge| any path, every POST, every POST with client_id, every endpoint that takes an mfa_token
/.well-known/jwks.json                         |                          | any path
GET /mfa/authenticators         | GET /mfa/authenticators  | any path, every endpoint that takes an mfa_token
/mfa/authenticators/push%7Cdev_1               | DELETE /mfa/authenticators/{id} | any path
https://sandbox.example/api/v2/logs?take=5     | /api/v2/logs             | any path, any path below /api/v2/
POST https://sandbox.example/oauth/revoke/     | /oauth/revoke | any path, every POST, every POST with client_id
GET /api/v2/clients/app_1                      | /api/v2/clients/{id}     | any path, any path below /api/v2/
"""
"""The endpoint that is asked for, what its own rows name, and what else holds there."""
REFUSED = """
{"mark": "sure"}            | the mark 'sure'. There are: rec, doc, test, forum, guess.
{"mark": ["guess"]}         | the mark ['guess']. There are:
{"endpoint": "/mfa/chal/x"} | no endpoint '/mfa/chal/x'. There are:
{"error": "nope"}           | the error 'nope'. There are: Bearer, access_denied,
{"status": 418}             | the status 418. There are: 200, 201,
{"profile": "doc"}          | Unknown profile 'doc'; the sandbox has docs, recorded
{"switches": ["refresh"]}   | switches is a dict of names and values, such as switches={"pending_status": "200"}.
{"switches": {"pending_status": true}}  | Unknown value True of the switch pending_status; it has '400', '200'.
{"switches": {"pending_status": 200.0}} | it has '400', '200'
{"switches": {"pending": "200"}}        | Unknown switch 'pending'; the sandbox has
"""


LIVE = "tenant.example is a live tenant. Take Lab.sandbox().tenant: it has .evidence() and .switches."


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab.sandbox()


@pytest.mark.parametrize(("wrong", "said"), rows(REFUSED))
def test_what_a_sandbox_has_not_is_refused_with_what_there_is(lab: Lab, wrong: str, said: str) -> None:
    given = json.loads(wrong)
    with pytest.raises(LabError, match=re.escape(said)):
        (Lab.sandbox if {"profile", "switches"} & given.keys() else lab.tenant.evidence)(**given)


def test_a_lab_shows_how_its_own_sandbox_is_set_and_no_secret() -> None:
    lab = Lab.sandbox(profile="recorded", policy="never", switches=GIVEN)
    first, second = repr(lab.tenant).splitlines()
    assert first == "Sandbox tenant sandbox.example · profile recorded · policy never"
    assert second == "  .evidence() says how well each answer is known, .switches what is answered where sources differ"
    assert (lab.tenant.profile, lab.tenant.policy) == ("recorded", "never")
    switches, user, box = lab.tenant.switches, lab.user(factors=["push"]), lab._sandbox
    named = {"pending_status": "200", "second_factor_chained": "on", "recovery_code_factor": "off"}
    assert dict(switches) == {name: switch.values[0] for name, switch in SWITCHES.items()} | named
    shown = repr(switches)
    assert shown.startswith(f"Switches · {len(SWITCHES)}, 3 changed\n")
    assert re.search(r"^switch +now +may also be +what it decides$", shown, re.MULTILINE)
    assert re.search(r"^pending_status +200 +400 \(default\) +the status", shown, re.MULTILINE)
    assert re.search(r"^disabled_factor_status +400 \(default\) +401 or 403 +the status", shown, re.MULTILINE)
    assert max(map(len, shown.splitlines())) <= 120
    with pytest.raises(LabError, match=r"no switch 'pending'\. There are: .*pending_status"):
        switches["pending"]
    assert repr(Lab.sandbox().tenant.switches).startswith(f"Switches · {len(SWITCHES)}, all at their defaults\n")
    assert box is not None
    shown += f"{lab.tenant._repr_mimebundle_()}{switches._repr_mimebundle_()}"
    secrets = (user.password, box.defaults.client_secret, box.defaults.mgmt_client_secret)
    assert [each for each in secrets if str(each) in shown] == []


def test_the_evidence_is_what_the_sandbox_says_of_every_endpoint_and_is_counted_by_marks(lab: Lab) -> None:
    evidence = lab.tenant.evidence
    table = evidence()
    assert table.rows == ROWS
    assert {row.endpoint for row in table if not covered(row.endpoint)} == {"any other path"}
    assert [each for each in ENDPOINTS if re.match(r"\w+ /api/(?!v2/)", each)] == []  # the device API, once more
    counts = counted(table)
    assert counts["status"]["guess"] == sum(row.status_mark == "guess" for row in table)
    said = f"Evidence · {len(ROWS)} answers\n  status  {counts['status']['rec']} rec · "
    assert repr(table).startswith(said)
    assert re.search(r"^endpoint +case +status +mark +error +mark +text +mark$", repr(table), re.MULTILINE)
    assert max(map(len, repr(table).splitlines())) <= 120
    assert table._repr_mimebundle_()["text/html"].count("<tr>") == len(table) + 1
    for mark in MARKS:
        marked = [row for row in ROWS if mark in (row.status_mark, row.error_mark, row.text_mark)]
        assert list(evidence(mark=mark)) == marked
        assert 0 < len(marked) < len(ROWS)
    (one,) = evidence("/oauth/token", mark="rec", error="access_denied", status=400)
    assert one.text == "MFA Authorization rejected."
    assert evidence(mark=" GUESS ", status="403").rows == evidence(mark="guess", status=403).rows != ()
    nothing = evidence("/mfa/challenge", error="authorization_pending")
    assert repr(nothing) == "Evidence · no answer of the sandbox fits all of this"
    assert "<table" not in nothing._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(("endpoint", "own", "general"), rows(NARROWED))
def test_evidence_is_narrowed_to_an_endpoint_its_own_first(lab: Lab, endpoint: str, own: str, general: str) -> None:
    named = [row.endpoint for row in lab.tenant.evidence(unquote(endpoint))]
    first = next(number for number, name in enumerate(named) if name in GENERAL)
    assert set(named[first:]) == set(general.split(", "))
    assert bool(first) == bool(own)
    assert all(own in name for name in named[:first])


def test_what_a_user_does_is_counted_for_that_user_and_comes_back(lab: Lab) -> None:
    user, other = lab.user(factors=["push"]), lab.user(factors=["push"])
    login, before = log_in(lab, user), lab.limits(user)
    lab.client.mfa_oob_grant(**challenged(lab, login))
    after, requests = lab.limits(user), len(lab.journal.http)
    columns = "limit +left +of +comes back +full again in +one for each +mark"
    assert re.match(f"Limits of {user.username}, now\n\n{columns}\n", repr(after))
    assert re.search(r"^pushes +4 +5 +5 a minute +12 s +user +doc$", repr(after), re.MULTILINE)
    assert re.search(r"^polls +11 +12 .* oob_code \(the newest\) +doc$", repr(after), re.MULTILINE)
    assert [table["pushes"].left for table in (before, after, lab.limits(other))] == [5, 4, 5]
    challenged(lab, login)
    assert lab.limits(user)["polls"].left == 12
    lab.clock.advance(24)
    assert re.search(r"^pushes +5 +5 +5 a minute +full ", repr(lab.limits(user)), re.MULTILINE)
    assert (lab.limits(user)["pushes"].full_again_in, len(lab.journal.http)) == (0, requests + 1)
    with pytest.raises(LabError, match=r"no limit 'push'\. There are: polls, pushes"):
        after["push"]
    for wrong, said in ((STRANGER, r"no user nobody@example\.com"), ("user1@example.com", r"lab\.limits wants a user")):
        with pytest.raises(LabError, match=said):
            lab.limits(wrong)  # type: ignore[arg-type]  # what must fail


def test_a_live_tenant_has_no_sandbox_and_tells_the_limits_that_are_documented_and_not_what_is_left() -> None:
    lab = a_live_lab(Sandbox(domain="tenant.example"))
    with pytest.raises(LabError, match=re.escape(LIVE)):
        lab.tenant.evidence()
    table = lab.limits(STRANGER)
    text = repr(table)
    assert (len(lab.journal), "nobody" in text) == (0, False)
    assert {(row.left, row.full_again_in) for row in table} == {(None, None)}
    assert re.match("Limits, as Auth0 documents them\n\nlimit +at once +comes back +one for each +mark\n", text)
    assert re.search(r"^pushes +5 +5 a minute +user +doc$", text, re.MULTILINE)
    assert re.search(r"^polls +12 +12 a minute +oob_code +doc$", text, re.MULTILINE)
    assert " ".join(text.split()).endswith(
        "This is what Auth0 documents for its paid plans; the free plan's page lists none of these. What is left, only "
        "the x-ratelimit-* headers of its answers tell."
    )
    assert "x-ratelimit-*" in table._repr_mimebundle_()["text/html"]


def test_a_time_is_said_as_a_person_would() -> None:
    polls = {"name": "polls", "burst": 12, "per": "12 a minute", "owner": "user", "mark": "doc", "left": 0}
    for seconds, said in {0.0: "full", 0.2: "1 s", 359.5: "6 min", 3600: "1 h", 5431.0: "1 h 30 min 31 s"}.items():
        answer = {"limits": [polls | {"full_again_in": seconds}]}
        shown = repr(limits(lambda *_, answer=answer, **__: answer, STRANGER))
        assert re.search(rf"12 a minute +{said} +user +doc$", shown)
