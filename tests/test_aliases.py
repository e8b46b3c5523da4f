"""No learned secret stays in a masked text or in a line of httpx's log, however it is spelled; nothing else changes."""

import base64
import json
import logging
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import httpcore
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth0_mfa_lab import Secret
from auth0_mfa_lab.secrets import aliases as module
from auth0_mfa_lab.secrets.aliases import Aliases, under_way, watch
from auth0_mfa_lab.wire.journal import RecordingTransport
from tests.mothers import MFA_TOKEN, OOB_CODE, a_journal
from tests.promise import ENCODINGS, encoded

# What passwords, tokens and ids are made of, with all that some encoding changes.
CHARACTERS = st.sampled_from("aZ09 éß漢😀%+&=#?/\\\"'<>!$*~.:@|_-`(){}[],;^\t\n")
VALUES = st.text(CHARACTERS, min_size=6, max_size=24).filter(lambda value: not value.isdigit())
WRAPPINGS = st.text(CHARACTERS, max_size=12)
SPELLINGS: dict[str, Callable[[str], str]] = {
    **ENCODINGS,
    "slashes kept": quote,
    "a path's": lambda value: quote(value, safe="@:"),
    "a browser's form": lambda value: quote_plus(value, safe="*-._"),
    "JSON's slashes": lambda value: json.dumps(value)[1:-1].replace("/", "\\/"),
    "JSON in JSON": lambda value: encoded(value, ["JSON", "JSON"]),
    "JSON in HTML": lambda value: encoded(value, ["JSON, letters kept", "HTML"]),
}


def learned(*values: str, kind: str = "password", people: bool = False) -> Aliases:
    aliases = Aliases(people=people)
    for value in values:
        aliases.learn(kind, value)
    return aliases


def masked(text: str, *values: str, kind: str = "password", people: bool = False) -> str:
    return learned(*values, kind=kind, people=people).mask(text)


# -- a secret


@settings(max_examples=200, derandomize=True)
@given(st.lists(VALUES, min_size=1, max_size=4, unique=True), st.data())
def test_no_learned_secret_stays_in_any_spelling_glued_to_anything_and_masking_twice_changes_nothing(
    values: list[str], data: st.DataObject
) -> None:
    aliases, pieces = learned(*values), [spell(value) for spell in SPELLINGS.values() for value in values]
    drawn = data.draw(st.lists(st.sampled_from(pieces) | WRAPPINGS, max_size=6))
    shown = aliases.mask("".join(drawn))
    bare = re.sub(r"<password [1-4]>", "\0", shown)
    assert not [each for each in values if each in bare]
    assert "\0" in bare or not {*drawn} & {*pieces}
    assert aliases.mask(shown) == shown


@settings(max_examples=60, derandomize=True)
@given(st.text(min_size=1, max_size=12))
def test_any_text_at_all_can_be_learned_and_blanks_hide_nothing(value: str) -> None:
    assert masked(f" {value} ", value) == (" <password 1> " if value.strip() else f" {value} ")


PEM = ["-----BEGIN PRIVATE KEY-----", "MIIEowIBAAKCAQEA", "abcdEFGH0123xyz1", "-----END PRIVATE KEY-----"]
PAIR = base64.b64encode(b"client:very-secret-secret").decode()
# fmt: off
MASKED: list[tuple[tuple[str, ...], str, str]] = [  # what was learned, a text, and how it is shown
    (("part", "part-rest"),                        "a part-rest b part c",         "a <2> b <1> c"),
    (("part", "x-part-y"),                         "a x-part-y b part c",          "a <2> b <1> c"),
    (("alpha-beta", "beta-gamma"),                 "[alpha-beta-gamma]",           "[<1>]"),
    (("alpha-beta", "gamma-delta"),                "alpha-betagamma-deltaalpha-beta", "<1><2><1>"),
    ((MFA_TOKEN, f"{MFA_TOKEN}xyz", OOB_CODE),     f"{MFA_TOKEN}xyz {OOB_CODE} {MFA_TOKEN}", "<2> <3> <1>"),
    ((PAIR, "very-secret-secret"),                 f"authorization: Basic {PAIR}", "authorization: Basic <1>"),
    (("4a b/c+&é",), f"?y={quote_plus('4a b/c+&é')} 4a b/c+&é %{quote('4a b/c+&é')}", "?y=<1> <1> %<1>"),
    ((MFA_TOKEN, "token", "sword", "1>"),          f"token {MFA_TOKEN}",           "<2> <1>"),
    ((MFA_TOKEN, "<password 7>"),                  f"<password 7> b {MFA_TOKEN}",  "<2> b <1>"),
    ((MFA_TOKEN, "<password 1>-more"),             "<password 1>-more",            "<2>"),
    (("hunter-number-two",),                       "<mfa_token 9> and <b>",        "<mfa_token 9> and <b>"),
    (("half of a pair: \ud800",),                  "[half of a pair: \ud800]",     "[<1>]"),
    (("of no\ufffdlatin-1\ufffd",),                    "?y=of%20no%E9latin-1%e2%82",   "?y=<1>"),
    (("hunter-number-two",),                       "half of a pair: \ud800",       "half of a pair: ?"),
    (("123456", "hunter-number-two"),              "123456hunter-number-two123456", "<1><2><1>"),
    (("abcdef",),                                  "eA== YWJjZGVm",                "eA== <1>"),
    (("Jo!",),                                     "Dear Jo!, xJo!x",              "Dear <1>, xJo!x"),
    (("hush",),                                    "xhushx, aHVzaA==, aHVzaA",     "x<1>x, <1>, <1>"),
    (("李",),                                       "Dear 李, x李x",                 "Dear <1>, x李x"),
    (("\n".join(PEM),),                            "\r\n".join(PEM),               "<1>"),
    (("\r\n".join(PEM),),                          "\\n".join(PEM),                "<1>"),
    (("\n".join(PEM),),                            f"[{''.join(PEM)}]",            "[<1>]"),
    (("\n".join(PEM),),                            f"[{' '.join(PEM)}]",           "[<1>]"),
]
# fmt: on


@pytest.mark.parametrize(("values", "text", "shown"), MASKED)
def test_secrets_beside_and_inside_each_other_are_told_apart(values: tuple[str, ...], text: str, shown: str) -> None:
    once = masked(text, *values)
    assert once.replace("<password ", "<") == shown.replace("<password ", "<")
    if "<password 7>" not in values:
        assert masked(once, *values) == once


# -- a code, and a person's name

ALONE = r"""123456 | "123456" | {"otp": "123456"} | {"otp":123456} | otp=123456&x=1 | Your code is 123456. | Use 123456,
    (123456) | Your%20code%20is%20123456 | otp_code: '123456' | is\n123456\n | is%0A123456%0A | is%2520123456
    is\u0026123456\u0026 | code%253D123456 | <b>123456</b>&nbsp;"""
IN_A_LONGER = """1234567 | 0123456 | +123456 | +15550123456 | dev_123456 | 123456_7 | abc123456 | 123456abc
    auth0|123456 | 123456|auth0 | 0.123456 | 123456.75 | %2B123456 | %2b123456 | dev%5F123456 | a%41123456"""


def test_a_code_is_masked_where_it_stands_alone_and_in_no_longer_number_or_id() -> None:
    for text in ALONE.replace("\n    ", " | ").split(" | "):
        assert masked(text, "123456", kind="otp") == text.replace("123456", "<otp 1>")
    for text in IN_A_LONGER.replace("\n    ", " | ").split(" | "):
        assert masked(text, "123456", kind="otp") == text


def test_a_persons_name_of_letters_is_masked_only_as_a_word() -> None:
    text = "Dear Mark, xMarkx Markdom"
    assert masked(text, "Mark", kind="given_name", people=True) == "Dear <given_name 1>, xMarkx Markdom"
    assert "Mark" not in masked(text, "Mark", people=True)


# -- the names


def test_a_secret_has_one_alias_says_its_shape_once_and_knows_the_answer_that_brought_it() -> None:
    aliases = Aliases()
    first = aliases.learn("mfa_token", MFA_TOKEN, born=3, answered=True)
    assert (isinstance(first, Secret), first, repr(first)) == (True, MFA_TOKEN, "<mfa_token 1>")
    assert repr(aliases.learn("token", MFA_TOKEN, born=4)) == "<mfa_token 1>"
    aliases.learn("id_token", "eyJh.eyJz.c2ln", born=3)
    aliases.learn("enrollment_tx_id", "ticket-ticket-ticket", born=5, answered=True)
    aliases.learn("password", "hunter.number.two", born=7)
    text = f"{MFA_TOKEN} eyJh.eyJz.c2ln hunter.number.two {MFA_TOKEN}"
    introduced = aliases.mask(text, introducing=3)
    assert introduced == "<mfa_token 1: sealed> <id_token 1: JWT> <password 1> <mfa_token 1>"
    assert aliases.mask(introduced) == aliases.mask(introduced, introducing=3) == introduced
    for number in (4, 7):  # two dots make no JWT
        assert aliases.mask(text, introducing=number) == "<mfa_token 1> <id_token 1> <password 1> <mfa_token 1>"
    shown = aliases.mask_each([MFA_TOKEN, f"\x1e{MFA_TOKEN}"], introducing=3)
    assert shown == ["<mfa_token 1: sealed>", "\x1e<mfa_token 1>"]
    texts = (MFA_TOKEN, "otpauth://x?enrollment_tx_id=ticket-ticket-ticket", text, "hunter.number.two", "never seen")
    assert [aliases.born(each) for each in texts] == [3, 5, 3, None, None]
    plain = "nothing here"
    assert aliases.wrap(plain) is plain
    assert repr(aliases.wrap({"a": ["x=hunter.number.two;"]})) == "{'a': [x=<password 1>;]}"
    seen = f"{aliases!r} {vars(aliases)!r} {[*vars(aliases).values()]!r} {aliases._alias_of.keys()!r}"
    assert not [part for part in (MFA_TOKEN, "hunter", "ticket-ticket") if part in seen]


# -- what httpx and httpcore log

BODY = b'{"error": "mfa_required", "mfa_token": "a-token-of-the-body"}'
NEVER_SEEN = ("a-cookie-never-seen-before", "a-token-never-seen-before", "a-token-of-the-body")
HEAD = (
    b"HTTP/1.1 302 Found\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
    b"set-cookie: did=a-cookie-never-seen-before; Secure\r\n"
    b"location: https://app.example/cb?access_token=a-token-never-seen-before\r\n\r\n"
) % len(BODY)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """All that anybody logs."""
    caplog.set_level(logging.DEBUG)
    return caplog


def recording(inner: httpx.BaseTransport) -> tuple[httpx.Client, Aliases]:
    journal = a_journal()
    return httpx.Client(transport=RecordingTransport(inner, journal, speaker="app")), journal.aliases


@pytest.mark.parametrize("is_guarded", [True, False])
def test_no_line_of_a_real_connection_holds_a_secret_but_for_the_guard(
    log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    transport = httpx.HTTPTransport()
    transport._pool = httpcore.ConnectionPool(network_backend=httpcore.MockBackend([HEAD, BODY]))
    http, _ = recording(transport)
    for name in () if is_guarded else ("httpx", "httpcore.http11"):
        monkeypatch.setattr(logging.getLogger(name), "filters", [])
    with http:
        url = f"https://tenant.example/userinfo?mfa_token={MFA_TOKEN}"
        http.post(url, headers={"authorization": "Bearer opaque-token-1"})
    said = log.text + "".join(repr(vars(record)) for record in log.records)
    there = {each for each in (MFA_TOKEN, "opaque-token-1", *NEVER_SEEN) if each in said.replace("%2A", "*")}
    assert there == set() if is_guarded else {MFA_TOKEN, *NEVER_SEEN[:2]} <= there
    assert ("POST https://tenant.example/userinfo?mfa_token=<mfa_token 1>" in log.text) is is_guarded


def test_a_line_of_these_loggers_is_masked_for_every_lab_and_somebody_elses_is_as_ever(
    log: pytest.LogCaptureFixture,
) -> None:
    mine, other = (recording(httpx.MockTransport(lambda _: httpx.Response(200)))[1] for _ in range(2))
    watch(mine)
    assert len(logging.getLogger("httpx").filters) == 1
    assert {mine, other} <= set(module.KNOWN)
    mine.learn("mfa_token", "one-long-secret-of-mine")
    other.learn("password", "long-secret")  # a part of the other: it lays nothing of it bare
    logging.getLogger("httpx").info("see %s and %s", "one-long-secret-of-mine", "long-secret")
    logging.getLogger("httpcore.http11").debug("complete return_value=%r", "theirs")
    logging.getLogger("httpx").info("HTTP Request: %d", "hunter")
    with under_way():
        logging.getLogger("httpcore.http11").debug("x.failed exception=hunter", exc_info=ValueError("hunter"))
        logging.getLogger("hpack.table").debug("Adding hunter to the header table")
    assert log.messages == [
        "see <mfa_token 1> and <password 1>",
        "complete return_value='theirs'",
        "httpx: a line that cannot be formed",
    ]
