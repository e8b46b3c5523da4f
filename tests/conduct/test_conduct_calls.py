"""What each exchange is: its kind, its login, its user, and the run of equal polls that it is in."""

import base64

import pytest

from auth0_mfa_lab.conduct.calls import KEPT, Call, Reader, call_of
from tests.conduct.play import Play
from tests.mothers import a_request, an_exchange, rows

NUMBER = "+15550101"
OUTCOMES = """
200 | {}                                 | given
299 | {}                                 | given
201 |                                    | given
204 |                                    | given
202 |                                    | lost
200 | <html>                             | lost
200 | {"error": "x"}                     | refused
300 | {}                                 | refused
499 | {}                                 | refused
500 | {}                                 | lost
400 | {"error": "authorization_pending"} | pending
429 | {"error": "authorization_pending"} | pending
400 | {"error": "slow_down"}             | slow
429 | {}                                 | slow
"""


def read(play: Play) -> list[Call]:
    reader = Reader()
    return [reader.read(each) for each in play.exchanges()]


def table(play: Play) -> list[list[str]]:
    return [[str(each.number), each.kind, str(each.login), str(each.user), str(each.run)] for each in read(play)]


def test_two_pushes_side_by_side_are_two_logins_and_equal_polls_one_run() -> None:
    play = Play("push")
    other = play.lab.user(factors=["push"])
    mine, theirs = play.challenge(play.login()), play.challenge(play.login(other))
    for codes in (mine, theirs, mine):
        play.poll(codes)
    play.phone.allow(play.phone.notifications[0])
    play.poll(mine)
    play.client.mfa_authenticators(mine["mfa_token"])
    play.lab.management_application.client_credentials_grant(audience=play.lab.management_audience)
    assert table(play) == rows("""
        1  | first factor | 1    | user1@example.com | None
        2  | challenge    | 1    | user1@example.com | None
        3  | push         | 1    | user1@example.com | None
        4  | first factor | 4    | user2@example.com | None
        5  | challenge    | 4    | user2@example.com | None
        6  | push         | 4    | user2@example.com | None
        7  | poll         | 1    | user1@example.com | 7
        8  | poll         | 4    | user2@example.com | 8
        9  | poll         | 1    | user1@example.com | 7
        10 | answer       | 1    | user1@example.com | None
        11 | poll         | 1    | user1@example.com | 11
        12 | list         | 1    | user1@example.com | None
        13 | machine      | None | None              | None
    """)
    assert {each.client for each in read(play) if each.kind != "machine"} == {play.lab.settings.client_id}


def test_a_start_begins_a_login_which_its_right_code_ends() -> None:
    play = Play()
    for code in ("000000", ""):
        play.client.passwordless_start(connection="sms", phone_number=NUMBER, send="code")
        for otp in filter(None, (code, play.sent())):
            play.client.passwordless_otp_grant(realm="sms", username=NUMBER, otp=otp)
    assert [(each.kind, each.login, each.user) for each in read(play)] == [
        ("start", 1, NUMBER),
        *[("first factor", 1, NUMBER)] * 2,
        ("start", 4, NUMBER),
        ("first factor", 4, NUMBER),
    ]


def test_a_login_is_followed_by_each_value_that_the_tenant_issued() -> None:
    play = Play()
    token = play.login(scope="openid offline_access")
    code = play.client.mfa_associate(token, authenticator_types=["otp"])["recovery_codes"][0]
    begun = play.enroll(token, "auth0")
    play.phone.scan(begun["barcode_uri"])
    granted = play.poll({"mfa_token": token, "oob_code": str(begun["oob_code"])})
    play.client.refresh_token_grant(granted["refresh_token"])
    play.client.userinfo(granted["access_token"])
    play.client.send("POST", "/userinfo", bearer=granted["access_token"])
    play.client.revoke(granted["refresh_token"])
    play.client.mfa_delete_authenticator(token, "totp|dev_1")
    play.client.jwks()
    user, realm = play.user, "Username-Password-Authentication"
    again = play.client.password_grant(username=user.username, password=user.password, realm=realm)
    play.client.mfa_recovery_code_grant(again["mfa_token"], recovery_code=code)
    first = ["first factor", *["association"] * 2, "scan", "poll", "refresh", *["profile"] * 2, "other", "deletion"]
    calls, then = read(play), [("keys", None), ("first factor", 12), ("grant", 12)]
    assert [(each.kind, each.login) for each in calls] == [*((kind, 1) for kind in first), *then]
    tokens = {"mfa_token", "access_token", "refresh_token", "oob_code", "enrollment_tx_id"}
    codes = {"secret", "recovery_code", "recovery_codes"}
    assert {name for each in calls for name, _ in each.issued()} == tokens | codes


def test_whose_push_a_phone_has_answered_is_known_where_one_waits() -> None:
    play = Play("push")
    play.challenge(play.login())
    play.phone.allow()
    play.challenge(play.login())
    play.wait(300).challenge(token := play.login())
    play.challenge(token)
    play.phone.allow()
    play.challenge(play.login())
    play.challenge(play.login())
    play.phone.allow()
    # A served tenant's journal has no pushes: the first was answered, the second is over, the third was replaced.
    reader = Reader()
    calls = [reader.read(each) for each in play.exchanges() if not each.is_push]
    begun = [each.number for each in calls if each.kind == "first factor"]
    assert [each.login for each in calls if each.kind == "answer"] == [begun[0], begun[2], None]


@pytest.mark.parametrize(("status", "text", "outcome"), rows(OUTCOMES))
def test_an_answer_is_final_or_not_by_its_status_and_its_error(status: str, text: str, outcome: str) -> None:
    assert call_of(an_exchange(int(status), text=text)).outcome == outcome


def test_an_application_is_known_by_each_way_in_which_it_says_its_name() -> None:
    assertion = "e30." + base64.urlsafe_b64encode(b'{"sub":"app"}').decode().rstrip("=") + ".e30"
    basic = [("authorization", "Basic " + base64.b64encode(b"app%20one\xff:a secret").decode())]
    asked = (a_request(form={"client_id": "app"}), a_request(form={"client_assertion": assertion}), a_request())
    assert [call_of(an_exchange(request=each)).client for each in asked] == ["app", "app", ""]
    assert call_of(an_exchange(request=a_request(headers=basic))).client == "app one\ufffd"


def test_no_more_values_are_remembered_than_a_full_journal_has() -> None:
    reader = Reader()
    for number in range(KEPT // 500 + 1):
        codes = [f"{number}-{code}" for code in range(500)]
        reader.read(an_exchange(json={"recovery_codes": codes}))
    assert len(reader._issued) == KEPT
    assert (0, hash(codes[-1])) in reader._issued
