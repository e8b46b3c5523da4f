"""What each exchange is: its kind, its login, its user, and the run of equal polls that it is in."""

from auth0_mfa_lab.conduct.calls import KEPT, Call, Reader
from tests.conduct.play import Play
from tests.mothers import an_exchange, rows

NUMBER = "+15550101"


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


def test_no_more_values_are_remembered_than_a_full_journal_has() -> None:
    reader = Reader()
    for number in range(KEPT // 500 + 1):
        codes = [f"{number}-{code}" for code in range(500)]
        reader.read(an_exchange(json={"recovery_codes": codes}))
    assert len(reader._issued) == KEPT
    assert (0, hash(codes[-1])) in reader._issued
