"""Each rule: a client that breaks just that one, a client that keeps all, and what must not be taken for a breach."""

import base64
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from auth0_mfa_lab.conduct.report import conduct
from auth0_mfa_lab.conduct.rules import RULES
from auth0_mfa_lab.sandbox.variations import VARIATIONS
from tests.conduct.play import SLOW_DOWN, Play, broken
from tests.mothers import a_response, rows
from tests.sandbox.sandbox_mothers import switch_on

HTML: Mapping[str, Any] = {"status": 502, "text": "<html>"}
MINUTE = {"headers": [("retry-after", "60")]}
OFFLINE = "openid offline_access"
MINE = {"audience": "https://sandbox.example/mfa/", "scope": OFFLINE}
Script = Callable[[], Play]
BREACHES: dict[str, list[tuple[str, str, str, Script]]] = {}
TRAPS: dict[str, Script] = {}


def breaks(rule: str, shown: str, level: str = "must") -> Callable[[Script], Script]:
    """Say that a client breaks a rule, at a level, and no other; `shown` are the exchanges that show it."""

    def noting(script: Script) -> Script:
        BREACHES.setdefault(rule, []).append((script.__name__, level, shown, script))
        return script

    return noting


def right(script: Script) -> Script:
    """Say that a client breaks no rule."""
    TRAPS[script.__name__] = script
    return script


def pushed(*pauses: float, **options: str) -> tuple[Play, dict[str, str]]:
    """Return a play in which a push has been polled at once, and after each pause."""
    play = Play("push", **options)
    codes = play.challenge(play.login())
    play.poll(codes, *pauses)
    return play, codes


def with_tokens(**asked: Any) -> tuple[Play, str]:
    """Return a play in which a user has logged in with an OTP, and the token of its answer."""
    play = Play("otp")
    granted = play.client.mfa_otp_grant(mfa_token=play.login(**asked), otp=play.phone.code())
    return play, str(granted["refresh_token" if OFFLINE in asked.values() else "access_token"])


# -- polling


@right
def two_logins_poll_side_by_side() -> Play:
    play, codes = pushed()
    other = play.challenge(play.wait(0.1).login(play.lab.user(factors=["push"])))
    for _ in range(4):
        play.poll(codes)
        play.wait(2.5).poll(other)
        play.wait(2.5)
    return play


@right
def polls_while_the_clock_stands() -> Play:
    play, codes = pushed(0, 0, 0)
    play.last_is(**HTML).poll(codes)
    play.last_is(**SLOW_DOWN).wait(3).poll(codes)
    return play


def answered(answer: Mapping[str, Any], pause: float, *, again: bool = True, before: float = 5) -> Play:
    """Poll twice, the second with this answer, and after a pause again, or say something else."""
    play, codes = pushed(before)
    play.last_is(**answer).wait(pause)
    play.poll(codes) if again else play.client.jwks()
    return play


def slowed(*pauses: float, before: float = 5) -> Play:
    play, codes = pushed(before)
    play.last_is(**SLOW_DOWN).wait(pauses[0]).poll(codes, *pauses[1:])
    return play


@right
def slows_down_by_five_seconds_each_time() -> Play:
    play = slowed(9, 9)
    play.last_is(**SLOW_DOWN).wait(15).login()
    return play


@right
def a_move_of_the_clock_is_not_the_clients_gap() -> Play:
    play, codes = pushed(60)
    play.last(moved=55).last_is(**SLOW_DOWN).wait(10).poll(codes)
    return play.last(moved=55)


@right
def a_poll_under_way_knew_nothing_of_slow_down() -> Play:
    play, codes = pushed(5)
    slow = play.lab.clock.now()
    play.last_is(**SLOW_DOWN).last(written=slow + 2).wait(1).poll(codes, 10)
    return play


def allowed_late(after: float, *, begins_anew: bool = True) -> Play:
    """Poll, and say the next thing so long after the phone has allowed."""
    play, _ = pushed(5)
    play.phone.allow()
    play.wait(after).client.mfa_authenticators(play.login()) if begins_anew else play.wait(after).client.jwks()
    return play


@breaks("pending-goes-on", "5 6")
def gives_up_while_the_phone_answers_as_a_served_phone_does() -> Play:
    play = allowed_late(61)
    return play.last(back=3, written=play.lab.clock.now() - 60.5)


@breaks("pending-goes-on", "5 6 11 12")
def two_logins_end_at_pending() -> Play:
    play = allowed_late(70, begins_anew=False)
    play.poll(play.challenge(play.login(play.lab.user(factors=["push"]))))
    play.phone.allow()
    play.wait(70).client.jwks()
    return play


@right
def the_phone_had_allowed_before_the_first_poll() -> Play:
    play = Play("push")
    codes = play.challenge(play.login())
    play.phone.allow()
    play.poll(codes)
    play.wait(70).client.mfa_authenticators(play.login())
    return play


def refused(*pauses: float, profile: str = "docs") -> Play:
    play, codes = pushed(profile=profile)
    play.phone.reject()
    play.wait(5).poll(codes, *pauses)
    return play


@right
def a_poll_was_under_way_when_the_answer_came() -> Play:
    play = refused(1)
    return play.last(back=1, written=play.lab.clock.now() + 1)


@breaks("poll-outlives-weather", "5 6", "should")
def asks_again_at_once_when_the_connection_was_dropped() -> Play:
    play, codes = pushed(5)
    play.last(delivered=False, written=math.inf).wait(1).poll(codes)
    return play


@right
def the_user_takes_another_way_after_a_502() -> Play:
    play, codes = pushed(5)
    play.last_is(**HTML).wait(10).client.mfa_recovery_code_grant(
        codes["mfa_token"], recovery_code=str(play.user.recovery_code)
    )
    play.wait(70).client.jwks()
    return play


# -- codes


def mistyped(*pauses: float) -> Play:
    play = Play("otp")
    token = play.login()
    for pause in (0, *pauses):
        play.wait(pause).client.mfa_otp_grant(mfa_token=token, otp="000000")
    return play


@breaks("refused-code-not-resent", "3 4")
def sends_a_refused_recovery_code_again() -> Play:
    play = Play("otp")
    token, wrong = play.login(), "ABCD" * 6
    play.client.mfa_recovery_code_grant(token, recovery_code="EFGH" * 6)
    for pause in (2, 1):
        play.wait(pause).client.mfa_recovery_code_grant(token, recovery_code=wrong)
    return play


@breaks("used-code-not-resent", "2 4", "should")
def logs_in_twice_with_one_code() -> Play:
    play, _ = with_tokens()
    play.client.mfa_otp_grant(mfa_token=play.wait(5).login(), otp=play.phone.code())
    return play


@right
def the_answer_to_a_right_code_was_lost() -> Play:
    play, _ = with_tokens()
    play.last(delivered=False).client.mfa_otp_grant(mfa_token=play.wait(5).login(), otp=play.phone.code())
    return play


@right
def a_code_was_sent_twice_before_the_first_answer_came() -> Play:
    play = logs_in_twice_with_one_code()
    return play.last(back=2, written=play.lab.clock.now() + 1)


@breaks("grant-fits-factor", "4")
def sends_an_sms_code_as_otp() -> Play:
    play = Play("sms", "otp")
    token = play.login()
    play.challenge(token, play.entry(token, "sms"))
    play.client.mfa_otp_grant(mfa_token=token, otp=play.sent())
    return play


@breaks("grant-fits-factor", "2")
def sends_a_recovery_code_as_otp() -> Play:
    play = Play("otp")
    play.client.mfa_otp_grant(mfa_token=play.login(), otp=str(play.user.recovery_code))
    return play


@breaks("grant-fits-factor", "2")
def sends_an_otp_as_recovery_code() -> Play:
    play = Play("otp")
    play.client.mfa_recovery_code_grant(play.login(), recovery_code=str(play.phone.code()))
    return play


@breaks("grant-fits-factor", "3")
def sends_an_otp_as_binding_code() -> Play:
    play = Play("otp", "sms")
    play.client.mfa_oob_grant(**play.challenge(play.login()), binding_code=str(play.phone.code()))
    return play


@right
def the_phones_code_does_after_a_push_enrollment() -> Play:
    play = Play("push")
    play.client.mfa_otp_grant(mfa_token=play.login(), otp=play.phone.code())
    return play


@breaks("binding-code-as-told", "2 5", "should")
def sends_a_binding_code_for_a_push() -> Play:
    play, codes = pushed()
    play.client.mfa_oob_grant(**codes, binding_code="123456")
    return play


@breaks("binding-code-as-told", "2 3", "should")
def polls_for_an_sms() -> Play:
    play = Play("sms")
    play.poll(play.challenge(play.login()))
    return play


# -- sending and enrolling


def challenged(*pauses: float, factor: str = "sms") -> tuple[Play, str]:
    play = Play(factor)
    token = play.login()
    for pause in (0, *pauses):
        play.wait(pause).challenge(token)
    return play, token


@breaks("send-once", "1 2 3")
def starts_three_times() -> Play:
    play = Play()
    for _ in range(3):
        play.wait(1).client.passwordless_start(connection="email", email="jane.roe@example.com", send="code")
    return play


@right
def two_tabs_send_one_code_each() -> Play:
    play, _ = challenged()
    play.challenge(play.wait(1).login())
    return play


@right
def two_factors_are_challenged_one_after_the_other() -> Play:
    play = Play("sms", "push")
    token = play.login()
    for kind in ("sms", "push"):
        play.wait(1).challenge(token, play.entry(token, kind))
    return play


@right
def the_code_of_a_start_was_tried() -> Play:
    play, number = Play(), "+15550142"
    for otp in ("000000", "000001", "000002"):
        play.wait(15).client.passwordless_start(connection="sms", phone_number=number, send="code")
        play.client.passwordless_otp_grant(realm="sms", username=number, otp=otp)
    return play


@right
def the_code_before_was_tried() -> Play:
    play = Play("sms")
    token = play.login()
    for code in ("000000", "000001", "000002"):
        play.client.mfa_oob_grant(**play.wait(15).challenge(token), binding_code=code)
    return play


def rejected_again_and_again(pause: float, think: float = 10) -> Play:
    play = Play("push")
    for _ in range(3):
        token = play.login()
        codes = play.wait(think).challenge(token)
        play.poll(codes)
        play.phone.reject()
        play.wait(5).poll(codes)
        play.wait(pause)
    return play


@right
def a_wrong_tap_is_retried_once() -> Play:
    play = refused()
    play.poll(play.challenge(play.wait(2).login()))
    return play


@breaks("active-only", "4")
def challenges_the_first_of_the_list() -> Play:
    play = Play()
    token = play.login()
    play.client.mfa_associate(token, authenticator_types=["otp"])
    first = play.client.mfa_authenticators(token).json[0]["id"]
    play.client.mfa_challenge(mfa_token=token, challenge_type="otp", authenticator_id=first)
    return play


@right
def challenges_what_was_confirmed_in_another_tab_after_the_list() -> Play:
    play = Play()
    token = play.login()
    codes = {"mfa_token": token, "oob_code": str(play.enroll(token)["oob_code"])}
    other = play.wait(5).login()
    listed = play.client.mfa_authenticators(other).json
    play.client.mfa_oob_grant(**codes, binding_code=play.sent())
    play.wait(5).challenge(other, next(each["id"] for each in listed if "sms" in each["id"]))
    return play


@breaks("associate-needs-no-challenge", "2 3", "should")
def challenges_what_it_enrolls() -> Play:
    play = Play()
    token = play.login()
    play.enroll(token)
    play.client.mfa_challenge(mfa_token=token, challenge_type="oob")
    return play


@right
def the_user_takes_an_email_instead() -> Play:
    play = Play()
    box = play.lab._sandbox
    assert box
    switch_on(box, "email")
    token = play.login()
    play.enroll(token)
    play.challenge(token, play.entry(token, "email"))
    return play


def enrolled(*pauses: float) -> Play:
    play = Play()
    token = play.login()
    for pause in (0, *pauses):
        play.wait(pause).enroll(token, "auth0")
    return play


@right
def tries_one_factor_after_the_other() -> Play:
    play = Play()
    token = play.login()
    for channel in ("auth0", "sms", "sms"):
        play.wait(30).enroll(token, channel)
    return play


# -- tokens


@breaks("mfa-required-handled", "1 2")
def sends_the_password_again() -> Play:
    play = Play("otp")
    play.login()
    play.wait(60).login()
    return play


@right
def a_person_types_the_password_again_after_a_minute() -> Play:
    play = Play("otp")
    play.login()
    play.wait(60.5).login()
    return play


@right
def one_test_only_asserts_mfa_required() -> Play:
    play = Play("otp")
    play.login()
    return play


@right
def two_users_are_asked_for_a_second_factor() -> Play:
    play = Play("otp")
    play.login()
    play.wait(5).login(play.lab.user(factors=["otp"]))
    return play


@breaks("token-kind", "3")
def challenges_with_an_access_token_which_is_good_for_a_list() -> Play:
    play, token = with_tokens(audience="https://sandbox.example/mfa/", scope="read:authenticators")
    play.client.mfa_challenge(mfa_token=token, challenge_type="otp")
    play.client.mfa_authenticators(token)
    play.client.mfa_authenticators(token)
    return play


@breaks("token-kind", "4")
def challenges_with_the_access_token_that_has_enrolled() -> Play:
    play, token = with_tokens(audience="https://sandbox.example/mfa/", scope="enroll")
    play.enroll(token)
    play.client.mfa_challenge(mfa_token=token, challenge_type="oob")
    return play


@breaks("token-kind", "3")
def deletes_with_an_mfa_token() -> Play:
    play = Play("otp")
    token = play.login()
    play.client.mfa_delete_authenticator(token, play.entry(token, "totp"))
    return play


@breaks("token-kind", "2 3")
def enrolls_a_second_factor_with_an_mfa_token() -> Play:
    play = Play("otp")
    token = play.login()
    play.enroll(token)
    play.wait(5).enroll(token)
    return play


@right
def a_button_enrolls_twice_at_once() -> Play:
    play = enrolls_a_second_factor_with_an_mfa_token()
    return play.last(back=1, written=play.lab.clock.now() + 1)


@right
def deletes_and_enrolls_with_an_mfa_access_token() -> Play:
    play, token = with_tokens(audience="https://sandbox.example/mfa/", scope="enroll remove:authenticators")
    code = play.enroll(token)["oob_code"]
    play.client.mfa_oob_grant(token, oob_code=code, binding_code=play.sent())
    play.client.mfa_delete_authenticator(token, "sms|dev_0000000000000000")
    return play


def expired(*pauses: float) -> Play:
    play = Play("otp")
    token = play.login()
    play.wait(600).client.mfa_authenticators(token)
    for pause in pauses:
        play.wait(pause).client.mfa_authenticators(token)
    return play


@breaks("dead-value-dropped", "1 2 3")
def refreshes_with_a_dead_token_again_and_again() -> Play:
    play = Play()
    for _ in range(3):
        play.wait(40).client.refresh_token_grant("of yesterday")
    return play


@breaks("dead-value-dropped", "2 3 4")
def confirms_with_a_malformed_oob_code_again_and_again() -> Play:
    play = Play("sms")
    token = play.login()
    for _ in range(3):
        play.wait(40).client.mfa_oob_grant(token, oob_code="no code", binding_code="000000")
    return play


def refreshed_twice(pause: float, *, newest: bool = False) -> Play:
    play, token = with_tokens(scope=OFFLINE)
    new = str(play.wait(60).client.refresh_token_grant(token)["refresh_token"])
    play.wait(pause).client.refresh_token_grant(new if newest else token)
    return play


@right
def two_tabs_refresh_at_once() -> Play:
    play = refreshed_twice(1)
    return play.last(back=1, written=play.lab.clock.now() + 1)


def recovered(*, newest: bool) -> Play:
    play = Play("push")
    code, new = str(play.user.recovery_code), ""
    new = str(play.client.mfa_recovery_code_grant(play.login(), recovery_code=code)["recovery_code"])
    play.client.mfa_recovery_code_grant(play.wait(60).login(), recovery_code=new if newest else code)
    return play


def asking(at_first: dict[str, str], at_last: dict[str, str]) -> Play:
    play = Play("otp")
    play.token("mfa-otp", mfa_token=play.login(None, **at_first), otp=str(play.phone.code()), **at_last)
    return play


# -- transport and limits


def limited(*pauses: float, **headers: str) -> Play:
    """Ask for a list that is answered 429, and again after each pause."""
    play = Play("otp")
    token = play.login()
    for pause in (0, *pauses):
        play.wait(pause).client.mfa_authenticators(token)
        play.last_is(
            429, json={"error": "too_many_requests"}, headers=[(n.replace("_", "-"), v) for n, v in headers.items()]
        )
    return play


@right
def calls_that_succeed_later_are_no_retries() -> Play:
    play = limited(5)
    play.last_is(200, json=[])
    for _ in range(3):
        play.client.mfa_authenticators(play.wait(5).login())
    return play


def lost_refresh(pause: float, *headers: tuple[str, str]) -> Play:
    play, token = with_tokens(scope=OFFLINE)
    play.client.refresh_token_grant(token)
    play.last_is(503, json={"error": "server_error"}, headers=headers).wait(pause).client.refresh_token_grant(token)
    return play


@breaks("no-blind-resend", "2 3", "should")
def sends_a_challenge_again_when_the_answer_was_lost() -> Play:
    play, token = challenged()
    play.last(delivered=False).wait(1).challenge(token)
    return play


@breaks("no-blind-resend", "1 2", "should")
def a_proxy_sends_a_start_again() -> Play:
    play, form = Play(), {"connection": "sms", "phone_number": "+15550142", "send": "code"}
    for pause in (0, 1):
        headers = {"via": "1.1 a-proxy"}
        play.wait(pause).client.send("POST", "/passwordless/start", form=form, headers=headers, as_application=True)
        play.last_is(**HTML)
    return play


@breaks("secrets-not-in-url", "2")
def lists_with_the_token_in_the_query() -> Play:
    play = Play("otp")
    token = play.login()
    play.client.send("GET", f"/mfa/authenticators?mfa_token={token}", bearer=token)
    return play


@breaks("secrets-not-in-url", "3")
def puts_a_token_into_the_path() -> Play:
    play, token = with_tokens()
    play.client.send("GET", f"/api/v2/users/{token}")
    return play


@breaks("secrets-not-in-url", "2")
def puts_a_password_into_the_path() -> Play:
    play = Play("otp")
    play.login()
    play.client.send("GET", f"/dbconnections/{play.user.password!s}")
    return play


@breaks("secrets-not-in-url", "1")
def sends_its_secret_in_the_query() -> Play:
    play = Play()
    play.client.send("GET", "/authorize?client_secret=never-sent-otherwise")
    return play


@right
def the_links_of_an_email_and_of_an_enrollment_have_their_codes() -> Play:
    play = Play()
    for link in ("/passwordless/verify_redirect?verification_code=123456&connection=email", "/enroll?ticket=1234567"):
        play.client.send("GET", link)
    return play


@right
def logs_out_with_an_id_token_hint() -> Play:
    play = Play("otp")
    granted = play.client.mfa_otp_grant(mfa_token=play.login(scope="openid"), otp=play.phone.code())
    play.client.send("GET", f"/oidc/logout?id_token_hint={granted['id_token']}")
    return play


def authenticated(client_id: str = "", **fields: str) -> Play:
    play = Play("otp")
    known = play.lab.settings
    basic = base64.b64encode(f"{known.client_id}:{known.client_secret!s}".encode()).decode()
    form = {"grant_type": "password", "username": play.user.username, "password": str(play.user.password), **fields}
    headers = {} if client_id else {"authorization": f"Basic {basic}"}
    play.client.send(
        "POST", "/oauth/token", form=form | ({"client_id": client_id} if client_id else {}), headers=headers
    )
    return play


@breaks("one-client-authentication", "1")
def a_public_application_sends_a_secret() -> Play:
    public = Play().lab._sandbox
    assert public
    return authenticated(public.defaults.public_client_id, client_secret="a secret")


def six_tokens(pause: float) -> Play:
    play = Play()
    for _ in range(6):
        play.wait(pause).lab.management_application.client_credentials_grant(audience=play.lab.management_audience)
    return play


@breaks("tokens-and-keys-reused", "1 2 3 4 5", "should")
def asks_for_a_token_each_time() -> Play:
    return six_tokens(15)


@right
def asks_for_the_profile_with_a_dead_token() -> Play:
    play = Play()
    for _ in range(5):
        play.wait(2).client.userinfo("an-access-token-of-yesterday")
    return play


@right
def each_process_asks_for_its_own_token() -> Play:
    play = six_tokens(2)
    for at in range(6):
        play.last(back=at, connection=f"127.0.0.1:{50_000 + at}")
    return play


# The clients of one line: their name, the rule that they break, its level, and the exchanges that show it.
BROKEN = """
polls a little too fast | poll-interval | should | 4 5 6 | pushed(4.4, 4.4)[0]
two pollers share one oob code | poll-interval | should | 4 5 6 7 8 | pushed(0.1, 4.9, 0.1, 4.9)[0]
polls on at the same pace after slow down | slow-down-obeyed | must | 4 5 6 | slowed(1, before=1)
keeps its pace by moves of the clock | slow-down-obeyed | must | 4 5 6 | slowed(5).last(back=1, moved=5).last(moved=10)
falls back to the old pace | slow-down-obeyed | must | 4 5 6 7 8 | slowed(10, 10, 5)
slows down and does not wait for retry after | slow-down-obeyed | must | 4 5 6 | answered({**SLOW_DOWN, **MINUTE}, 10)
gives up at pending and begins anew | pending-goes-on | must | 5 6 | allowed_late(61)
asks again at once after a 502 | poll-outlives-weather | should | 5 6 | answered(HTML, 1)
a 502 ends the poll | poll-outlives-weather | should | 5 | answered(HTML, 61, again=False)
slows down by two seconds | slow-down-obeyed | should | 4 5 6 7 | slowed(7, 7)
polls on after a rejection | final-answer-ends | must | 6 7 | refused(5)
takes each 400 for pending | final-answer-ends | must | 6 7 8 | refused(5, 5, profile="recorded")
sends a refused code again | refused-code-not-resent | must | 2 3 | mistyped(1)
sends a refused code three times | refused-code-not-resent | must | 2 3 4 | mistyped(30, 30)
a button sends twice | send-once | should | 2 3 | challenged(0.2)[0]
pushes three times | send-once | must | 2 4 6 | challenged(30, 30, factor="push")[0]
a rejection begins the next login | no-login-loop | must | 6 7 8 12 13 14 | rejected_again_and_again(10)
begins three enrollments | enrollment-finished | should | 2 3 4 | enrolled(260, 260)
lists with an expired token again and again | dead-value-dropped | must | 2 3 4 | expired(5, 5)
keeps the old refresh token | refresh-once | must | 3 4 | refreshed_twice(5.5)
two tabs refresh one after the other | refresh-once | should | 3 4 | refreshed_twice(5)
keeps the old recovery code | newest-recovery-code | must | 2 4 | recovered(newest=False)
asks for a refresh token at the end | asked-at-first | should | 1 2 | asking({"scope": "openid"}, {"scope": OFFLINE})
asks for another API at the end | asked-at-first | should | 1 2 | asking(MINE, {"audience": "https://an.example"})
does not wait for retry after | rate-limit-obeyed | must | 2 3 | limited(26.5, retry_after="30")
hammers until the reset | rate-limit-obeyed | should | 2 3 4 | limited(5, 5, x_ratelimit_reset="4000000000")
hammers without a hint | rate-limit-obeyed | should | 2 3 4 5 | limited(5, 5, 5)
sends a refresh again after a 503 | no-blind-resend | should | 3 4 | lost_refresh(1)
sends its secret twice | one-client-authentication | must | 1 | authenticated(client_secret="the same secret")
sends an assertion beside its secret | one-client-authentication | must | 1 | authenticated(client_assertion="x.y.z")
"""
KEPT = """
polls each five seconds or nearly | pushed(4.5, 5.2, 4.5)[0]
two quick polls are no pace | pushed(1)[0]
the journal ends soon after the phone allowed | allowed_late(60)
the process has ended while it polled | allowed_late(70, begins_anew=False)
asks again two seconds after a 502 | answered(HTML, 2)
retries when retry after says so | answered({"status": 503, "headers": [("retry-after", "1")]}, 0.5)
the journal ends soon after a 502 | answered(HTML, 60, again=False)
a 502 comes when the oob code is about to expire | answered(HTML, 70, again=False, before=240)
the final answer never arrived | refused(6).last(back=1, delivered=False)
a person types the same wrong code twice | mistyped(2, 58.5)
the tenant takes a code twice | logs_in_twice_with_one_code().last_is(200, json={"access_token": "another"})
a person asks for the code again | challenged(2, 58.5)[0]
challenges three times while the clock stands | challenged(0, 0)[0]
a person begins the next login | rejected_again_and_again(10.5)
a person is asked before the next push | rejected_again_and_again(2, think=10.5)
logs in again and again while the clock stands | rejected_again_and_again(0)
draws a qr anew when it has expired | enrolled(270, 270)
a page still lists once | expired(5)
keeps the new recovery code | recovered(newest=True)
repeats its scope | asking(MINE, MINE)
waits for retry after | limited(27, retry_after="30")
waits longer and longer | limited(5, 10, 20, x_ratelimit_reset="4000000000")
sends a refresh again when retry after says so | lost_refresh(0.5, ("retry-after", "1"))
a person tries again | lost_refresh(2)
sends its client id and null beside basic | authenticated(client_id_="", client_secret="")
asks for a token every sixteen seconds | six_tokens(16)
"""
for name, rule, level, shown, client in rows(BROKEN):
    BREACHES.setdefault(rule, []).append((name, level, shown, partial(eval, client, globals())))
TRAPS.update({name: partial(eval, client, globals()) for name, client in rows(KEPT)})


# -- the judge


def keeps_every_rule(**options: Any) -> Play:
    """A day of an application that does all as it should, under faults too."""
    play = Play(**options)
    me: dict[str, Any] = {"audience": "https://sandbox.example/mfa/", "scope": "enroll read:authenticators"}
    weather: list[Mapping[str, Any]] = [HTML, {"status": 429, "headers": [("retry-after", "9")]}, SLOW_DOWN]
    # It enrolls a push; the phone scans while it polls. Meanwhile an inactive entry is listed.
    token = play.login()
    begun = play.enroll(token, "auth0")
    codes, code = {"mfa_token": token, "oob_code": str(begun["oob_code"])}, str(begun["recovery_codes"][0])
    play.poll(codes, 5, 5)
    play.phone.scan(begun["barcode_uri"])
    play.wait(5).poll(codes)
    # It adds a second factor, whose code is mistyped once, and challenges what is active.
    tokens = play.client.mfa_otp_grant(mfa_token=play.wait(60).login(**me), otp=play.phone.code())
    begun = play.enroll(tokens["access_token"])
    sms = {"mfa_token": str(tokens["access_token"]), "oob_code": str(begun["oob_code"])}
    token = play.wait(60).login(scope=OFFLINE)
    listed = play.client.mfa_authenticators(token).json
    codes = play.challenge(token, next(each["id"] for each in listed if each["active"] and "push" in each["id"]))
    play.poll(codes, 5)
    for answer, pause in zip(weather, (10, 10, 15), strict=True):
        play.last_is(**answer).wait(pause).poll(codes)
    play.phone.allow()
    refresh = str(play.wait(15).poll(codes)["refresh_token"])
    play.client.mfa_oob_grant(**sms, binding_code="000000")
    play.wait(9).client.mfa_oob_grant(**sms, binding_code=play.sent())
    # It refreshes, once without an answer that a person sees, and asks for the profile and the keys.
    refresh = str(play.wait(60).client.refresh_token_grant(refresh)["refresh_token"])
    fresh = play.wait(60).client.refresh_token_grant(refresh)
    play.client.userinfo(fresh["access_token"])
    play.client.jwks()
    play.wait(60).challenge(play.login())
    play.last(back=1, delivered=False)
    # A rejection is final, an expired token dropped; codes are used once, and each recovery code is the newest.
    codes = play.challenge(play.wait(60).login())
    play.phone.reject()
    play.poll(codes)
    play.wait(600).client.mfa_authenticators(codes["mfa_token"])
    play.client.mfa_otp_grant(mfa_token=play.login(), otp=play.phone.code())
    play.client.mfa_otp_grant(mfa_token=play.wait(60).login(), otp=play.phone.code())
    for _ in range(2):
        used = play.client.mfa_recovery_code_grant(play.wait(60).login(), recovery_code=code)
        code = str(used["recovery_code"])
    return play


@pytest.mark.parametrize(
    ("rule", "level", "shown", "script"),
    [pytest.param(rule, *each, id=name) for rule, scripts in BREACHES.items() for name, *each in scripts],
)
def test_a_client_that_breaks_one_rule_is_found_and_only_that(
    rule: str, level: str, shown: str, script: Script
) -> None:
    judged = script().judged()
    assert broken(judged) == {rule: level}
    said = next(each for each in judged.verdicts if each.rule.id == rule)
    assert " ".join(map(str, said.exchanges)) == shown
    assert "".join(each for each in said.said if not each[0].isdigit()) == HINTS.get(script, "")


@pytest.mark.parametrize("script", TRAPS.values(), ids=TRAPS)
def test_what_only_looks_like_a_breach_is_none(script: Script) -> None:
    assert broken(script().judged()) == {}


HINTS = {
    logs_in_twice_with_one_code: "In a test, wait for the next step of 30 s.",
    a_proxy_sends_a_start_again: "Perhaps a proxy on the way has sent it again.",
    a_public_application_sends_a_secret: "This application is public: it has no secret to send.",
    asks_for_a_token_each_time: "Under a test runner this is a hint only: each of its processes starts afresh.",
}
SWITCHES = (
    *("bad_client_secret=invalid_client", "expired_token_status=403", "pending_status=200", "slow_down_status=400"),
    *("oob_channel_key=oob_channels", "customizable_mfa=on", "too_many_failed_codes_status=429"),
)


@pytest.mark.parametrize("switch", SWITCHES)
def test_what_auth0_never_promised_breaks_no_rule(switch: str) -> None:
    assert broken(keeps_every_rule(profile="recorded", switches=dict([switch.split("=")])).judged()) == {}


def test_a_client_that_does_all_rightly_breaks_nothing_and_is_told_what_it_kept() -> None:
    judged = keeps_every_rule().judged()
    assert broken(judged) == {}
    assert {each.rule.id for each in judged.verdicts if each.verdict != "kept"} == set()
    assert judged.exit_code(strict=True) == 0
    assert judged.text().endswith("\n\nNot seen, and what would show it\n  none")


def test_a_reset_tenant_issues_the_same_values_and_they_are_others() -> None:
    first, again = keeps_every_rule().exchanges(), keeps_every_rule().exchanges()
    for each in again:
        assert each.passage
        each.passage.reset = 1
    again = [replace(each, number=each.number + len(first)) for each in again]
    assert broken(conduct([*first, *again])) == {}


def test_a_phones_answer_is_left_open_where_two_pushes_wait() -> None:
    play, codes = pushed(5)
    play.poll(play.challenge(play.login(other := play.lab.user(factors=["push"]))))
    play.phone.allow(play.phone.notifications[0])
    play.wait(5).poll(codes)
    play.wait(70).client.mfa_authenticators(play.login(other))
    # A served tenant's journal has no pushes, so no value tells whose answer it is.
    served = [each for each in play.exchanges() if not each.is_push]
    for exchanges, verdict in (play.exchanges(), "kept"), (served, "not seen"):
        judged = conduct(exchanges)
        assert broken(judged) == {}
        assert verdict in {each.verdict for each in judged.verdicts if each.rule.id == "pending-goes-on"}


ODD = (
    "null",
    "[]",
    "5",
    '"oob_code"',
    "<html>",
    '{"oob_code": 5, "recovery_codes": 5, "barcode_uri": "otpauth://[", "error": []}',
)


@pytest.mark.parametrize("body", ODD)
def test_no_answer_is_too_odd_to_be_judged(body: str) -> None:
    play = keeps_every_rule()
    answer = a_response(text=body, headers=[("retry-after", "soon"), ("x-ratelimit-reset", "²")])
    for status in (200, 429):
        odd = [replace(each, response=replace(answer, status=status)) for each in play.exchanges()]
        assert len(conduct(odd).verdicts) == len(RULES)
    assert conduct([]).exit_code(strict=True) == 0


def test_each_rule_has_a_client_that_breaks_it() -> None:
    assert sorted(BREACHES) == sorted(rule.id for rule in RULES)


def test_each_rule_is_a_sentence_and_names_variations_that_there_are() -> None:
    assert [rule.id for rule in RULES if not re.fullmatch(r"[^.]+\.( \(.+\.\))?", rule.sentence)] == []
    acts = "\n".join(rule.act for rule in RULES)
    named = re.findall(r"(?<=variation )(\S+)|(?<=variations )(\S+) and (\S+)", acts)
    assert {name for names in named for name in names if name} <= {*VARIATIONS}
