"""The report: what it says, how it ends, what may be allowed, and what is left out."""

import pytest

from auth0_mfa_lab import Lab
from auth0_mfa_lab.conduct.rules import RULES
from auth0_mfa_lab.errors import LabError
from tests.conduct.play import Play, broken
from tests.panel_stage import text_of

REASON = "our test double answers at once"


def a_hasty_client() -> Play:
    """Return a client that polls each second, nine times, and once more after the rejection."""
    play = Play("push")
    codes = play.challenge(play.login())
    play.poll(codes, *[1] * 8)
    play.phone.reject()
    play.wait(5).poll(codes, 5)
    return play


def test_a_report_tells_broken_musts_first_each_with_its_exchanges_its_cost_and_its_source() -> None:
    told = a_hasty_client().judged().text()
    first, _, rest = told.partition("\n\nKept: ")
    assert first == (
        "13 calls judged by 25 rules: 1 must broken, 1 should broken, 7 kept, 16 not seen\n\n"
        "✗ must · final-answer-ends: Anything but pending, slow_down, 429, 5xx and a broken connection ends the poll.\n"
        "    14 POST /oauth/token mfa-oob <mfa_token 1> <oob_code 1> · 403 invalid_grant\n"
        "    15 POST /oauth/token mfa-oob <mfa_token 1> <oob_code 1> · 403 invalid_grant · +5.0 s\n"
        "  Cost: a poll that never ends (pensarai/apex#180).\n"
        "  Source: Auth0 docs, verify with out-of-band; RFC 8628.\n\n"
        "✗ should · poll-interval: Wait 5 s between two polls.\n"
        "    4 POST /oauth/token mfa-oob <mfa_token 1> <oob_code 1> · 400 authorization_pending\n"
        + "".join(
            f"    {number} POST /oauth/token mfa-oob <mfa_token 1> <oob_code 1> · 400 authorization_pending · +1.0 s\n"
            for number in range(5, 10)
        )
        + "    and 3 more, up to 12\n"
        "  Cost: the bucket is empty after a minute, then slow_down.\n"
        "  Source: RFC 8628 section 3.5; Auth0's rate limits: 12 polls, then 12 a minute."
    )
    kept, unseen = rest.split("\n\nNot seen, and what would show it\n")
    assert kept == (
        "7\n  binding-code-as-told, send-once, no-login-loop, mfa-required-handled, token-kind, secrets-not-in-url,\n"
        "  one-client-authentication"
    )
    assert "  refresh-once: two refreshes of one session: variation refresh-rotates\n" in unseen


def test_html_says_what_the_text_says() -> None:
    judged = a_hasty_client().judged(allow={"poll-interval": REASON})
    shown = judged._repr_mimebundle_()
    assert shown["text/plain"] == repr(judged) == judged.text()
    said = text_of(shown["text/html"]).split("\n")
    plain = judged.text().replace("final-answer-ends: A", "final-answer-ends\nA").replace(",\n ", ",")
    assert said == [line.strip() for line in plain.split("\n") if line]
    assert "✗ should" not in shown["text/plain"]


def test_a_program_reads_the_same_and_an_exit_code() -> None:
    judged = a_hasty_client().judged(allow={"final-answer-ends": REASON})
    first, second, *others = judged.as_json()["verdicts"]
    assert {*first} == {"id", "level", "verdict", "sentence", "source", "said", "exchanges", "allowed"}
    assert (first["id"], first["level"], first["verdict"]) == ("final-answer-ends", "must", "broken")
    assert (first["exchanges"], first["allowed"]) == ([14, 15], REASON)
    assert (second["id"], second["said"].count("\n"), second["allowed"]) == ("poll-interval", 6, None)
    assert {each["verdict"] for each in others} == {"kept", "not seen"}
    assert (judged.exit_code(), judged.exit_code(strict=True)) == (0, 1)
    assert a_hasty_client().judged().exit_code() == 1
    assert f"Allowed\n  final-answer-ends: {REASON}" in judged.text()


def test_a_rule_that_there_is_not_cannot_be_allowed() -> None:
    for name, near in (("poll-intervall", ["poll-interval"]), ("x", [rule.id for rule in RULES])):
        with pytest.raises(LabError, match=rf"no such rule to allow\. Near it: {', '.join(near)}\.$"):
            Lab.sandbox().conduct(allow={name: REASON})


def test_what_was_done_on_purpose_is_left_out_and_counted() -> None:
    play = a_hasty_client()
    token = str(play.lab.journal[0]["mfa_token"])
    assert (
        "Allowed\n  poll-interval: for <mfa_token 1>\n" in play.judged(allow={"poll-interval": f"for {token}"}).text()
    )
    judged = play.judged(on_purpose=[15])
    assert broken(judged) == {"poll-interval": "should"}
    assert "Left out, made on purpose\n  1 of the exchanges" in judged.text()
    play.last(on_purpose=True)
    assert play.judged().as_json()["left_out"] == 1


def test_a_lab_judges_its_journal() -> None:
    lab = a_hasty_client().lab
    assert broken(lab.conduct()) == {"final-answer-ends": "must", "poll-interval": "should"}
    assert broken(lab.conduct(on_purpose=[15], allow={"poll-interval": REASON})) == {}


def test_calls_after_a_reset_are_another_tenants() -> None:
    play = a_hasty_client()
    assert broken(play.last(reset=1).judged()) == {"poll-interval": "should"}
