"""No learned secret stays in a masked text, however it is spelled; and nothing else is touched."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from auth0_mfa_lab import Secret
from auth0_mfa_lab.secrets.aliases import Aliases
from tests.mothers import MFA_TOKEN, OOB_CODE


def learned(*values: str, kind: str = "password") -> Aliases:
    aliases = Aliases()
    for value in values:
        aliases.learn(kind, value)
    return aliases


def lower_hex(text: str) -> str:
    parts = text.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda value: value,
    "percent-encoded": lambda value: quote(value, safe=""),
    "percent-encoded, lower case": lambda value: lower_hex(quote(value, safe="")),
    "percent-encoded, slashes kept": quote,
    "percent-encoded as a path segment": lambda value: quote(value, safe="@:"),
    "form-encoded, space as plus": quote_plus,
    "form-encoded, lower case": lambda value: lower_hex(quote_plus(value)),
    "form-encoded as a browser does": lambda value: quote_plus(value, safe="*-._"),
    "JSON": lambda value: json.dumps(value)[1:-1],
    "JSON with letters kept": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "JSON with slashes escaped": lambda value: json.dumps(value)[1:-1].replace("/", "\\/"),
    "JSON in JSON": lambda value: json.dumps(json.dumps(value)[1:-1])[1:-1],
    "HTML": lambda value: html.escape(value),
    "HTML with quotes kept": lambda value: html.escape(value, quote=False),
    "JSON in HTML": lambda value: html.escape(json.dumps(value, ensure_ascii=False)[1:-1]),
    "repr": lambda value: repr(value)[1:-1],
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 without padding": lambda value: base64.b64encode(value.encode()).decode().rstrip("="),
    "base64url": lambda value: base64.urlsafe_b64encode(value.encode()).decode().rstrip("="),
}
# What passwords, tokens and ids are made of, with all that some encoding changes.
CHARACTERS = st.sampled_from("aZ09 éß漢😀%+&=#?/\\\"'<>!$*~.:@|_-`(){}[],;^\t\n")
VALUES = st.text(CHARACTERS, min_size=6, max_size=24).filter(lambda value: not value.isdigit())
WRAPPINGS = st.text(CHARACTERS, max_size=12)


@pytest.mark.parametrize("spelling", SPELLINGS)
@settings(max_examples=40, deadline=None)  # a busy machine is no failure
@given(value=VALUES, before=WRAPPINGS, after=WRAPPINGS)
def test_a_secret_is_masked_in_each_spelling_glued_to_anything(
    spelling: str, value: str, before: str, after: str
) -> None:
    spelled = SPELLINGS[spelling](value)
    masked = learned(value).mask(f"{before}{spelled}{after}")
    left, found, right = masked.partition("<password 1>")
    assert found
    assert spelled not in left + right or spelled in before + after
    assert value not in masked.replace("<password 1>", "\0") or value in before + after


@settings(max_examples=150, deadline=None)
@given(
    values=st.lists(VALUES, min_size=1, max_size=4, unique=True),
    data=st.data(),
)
def test_no_learned_secret_stays_and_masking_twice_changes_nothing(values: list[str], data: st.DataObject) -> None:
    aliases = learned(*values)
    pieces = [*values, *(spell(value) for spell in SPELLINGS.values() for value in values)]
    part = st.sampled_from(pieces) | WRAPPINGS
    text = "".join(data.draw(st.lists(part, max_size=6)))
    masked = aliases.mask(text)
    bare = masked
    for number in range(1, len(values) + 1):
        bare = bare.replace(f"<password {number}>", "\0")
    assert not [value for value in values if value in bare]
    assert aliases.mask(masked) == masked


def test_base64_of_an_id_and_a_secret_is_masked_where_it_was_sent() -> None:
    aliases = Aliases()
    pair = base64.b64encode(b"client:very-secret-secret").decode()
    aliases.learn("basic_credentials", pair)
    aliases.learn("client_secret", "very-secret-secret")
    assert aliases.mask(f"authorization: Basic {pair}") == "authorization: Basic <basic_credentials 1>"


@pytest.mark.parametrize("inner", ["begin", "middle", "end"])
def test_a_secret_inside_a_longer_one_leaves_nothing_of_it(inner: str) -> None:
    part = "shared-part"
    whole = {"begin": f"{part}-rest", "middle": f"x-{part}-y", "end": f"begin-{part}"}[inner]
    aliases = learned(part, whole)
    assert aliases.mask(f"a {whole} b {part} c") == "a <password 2> b <password 1> c"


def test_overlapping_secrets_go_as_one_stretch() -> None:
    aliases = learned("alpha-beta", "beta-gamma")
    masked = aliases.mask("[alpha-beta-gamma]")
    assert masked in ("[<password 1>]", "[<password 2>]")


def test_adjacent_secrets_each_get_their_alias() -> None:
    aliases = learned("alpha-beta", "gamma-delta")
    assert aliases.mask("alpha-betagamma-deltaalpha-beta") == "<password 1><password 2><password 1>"


def test_secrets_that_begin_alike_are_told_apart() -> None:
    aliases = learned(MFA_TOKEN, f"{MFA_TOKEN}xyz", OOB_CODE)
    assert aliases.mask(f"{MFA_TOKEN}xyz {OOB_CODE} {MFA_TOKEN}") == "<password 2> <password 3> <password 1>"


# -- codes


@pytest.mark.parametrize(
    "text",
    [
        "123456",
        '"123456"',
        '{"otp": "123456"}',
        '{"otp":123456}',
        "otp=123456&x=1",
        "binding_code=123456",
        "Your code is 123456.",
        "Use 123456, please",
        "(123456)",
        "Your%20code%20is%20123456",
        "code: 123456\n",
        "Invalid otp_code: '123456'",
    ],
)
def test_a_code_is_masked_where_it_stands_alone(text: str) -> None:
    masked = learned("123456", kind="otp").mask(text)
    assert masked == text.replace("123456", "<otp 1>")


@pytest.mark.parametrize(
    "text",
    [
        "1234567",
        "0123456",
        "1234567890",
        "+123456",
        "+15550123456",
        "dev_123456",
        "123456_7",
        "abc123456",
        "123456abc",
        "auth0|123456",
        "123456|auth0",
        "0.123456",
        "123456.75",
    ],
)
def test_a_code_is_left_alone_inside_a_longer_number_or_id(text: str) -> None:
    assert learned("123456", kind="otp").mask(text) == text


@settings(max_examples=150)
@given(
    code=st.text("0123456789", min_size=4, max_size=8),
    before=st.text("0123456789abc _|+.", max_size=4),
    after=st.text("0123456789abc _|.", max_size=4),
)
def test_a_masked_code_never_was_a_part_of_a_longer_number(code: str, before: str, after: str) -> None:
    aliases = learned(code, kind="otp")
    text = f"{before}{code}{after}"
    masked = aliases.mask(text)
    assert masked.replace("<otp 1>", code) == text
    for left, right in zip(masked.split("<otp 1>"), masked.split("<otp 1>")[1:], strict=False):
        assert not left[-1:].isalnum()
        assert not right[:1].isalnum()
    assert aliases.mask(masked) == masked


def test_a_code_beside_a_secret_is_bounded_by_the_secrets_alias() -> None:
    aliases = learned("123456", kind="otp")
    aliases.learn("password", "hunter-number-two")
    masked = aliases.mask("123456hunter-number-two123456")
    assert masked == "<otp 1><password 1><otp 1>"
    assert aliases.mask(masked) == masked


@pytest.mark.parametrize("name", ["Jo", "Al", "李"])
def test_a_short_name_is_masked_only_as_a_word(name: str) -> None:
    aliases = learned(name, kind="given_name")
    assert aliases.mask(f"Dear {name}, x") == "Dear <given_name 1>, x"
    assert aliases.mask(f"x{name}x") == f"x{name}x"


# -- names


def test_the_same_value_has_one_alias_and_the_next_value_the_next_number() -> None:
    aliases = Aliases()
    first = aliases.learn("mfa_token", MFA_TOKEN, born=1, answered=True)
    assert repr(aliases.learn("token", MFA_TOKEN, born=2)) == repr(first) == "<mfa_token 1>"
    assert repr(aliases.learn("mfa_token", OOB_CODE)) == "<mfa_token 2>"
    assert isinstance(first, Secret)
    assert first == MFA_TOKEN


def test_the_same_value_has_one_alias_in_url_header_and_body() -> None:
    value = "a b/c+d&é"
    masked = learned(value).mask(
        f"GET /x?y={quote_plus(value)}\nauthorization: Bearer {value}\n{json.dumps({'y': value})}"
    )
    assert masked == 'GET /x?y=<password 1>\nauthorization: Bearer <password 1>\n{"y": "<password 1>"}'


def test_the_first_showing_in_its_own_exchange_says_the_shape() -> None:
    aliases = Aliases()
    aliases.learn("mfa_token", MFA_TOKEN, born=3)
    aliases.learn("id_token", "eyJh.eyJz.c2ln", born=3)
    aliases.learn("password", "hunter-number-two", born=3)
    text = f"{MFA_TOKEN} eyJh.eyJz.c2ln hunter-number-two {MFA_TOKEN}"
    assert aliases.mask(text, introducing=3) == "<mfa_token 1: sealed> <id_token 1: JWT> <password 1> <mfa_token 1>"
    assert aliases.mask(text, introducing=4) == "<mfa_token 1> <id_token 1> <password 1> <mfa_token 1>"


def test_masking_what_was_introduced_changes_nothing() -> None:
    aliases = Aliases()
    aliases.learn("mfa_token", MFA_TOKEN, born=3)
    introduced = aliases.mask(MFA_TOKEN, introducing=3)
    assert aliases.mask(introduced) == aliases.mask(introduced, introducing=3) == introduced


def test_a_secret_that_is_a_word_of_an_alias_spoils_no_alias() -> None:
    aliases = Aliases()
    aliases.learn("mfa_token", MFA_TOKEN)
    for word in ("token", "mfa_token", "sealed", "<mfa_t", "1>"):
        aliases.learn("password", word)
    assert aliases.mask(f"{MFA_TOKEN}") == "<mfa_token 1>"
    assert aliases.mask(aliases.mask(f"token {MFA_TOKEN}")) == "<password 1> <mfa_token 1>"


@pytest.mark.parametrize("value", ["<mfa_token 7>", "<password 2>", "<mfa_token 1>-and-more", "x<mfa_token 1>"])
def test_a_secret_that_looks_like_an_alias_is_masked(value: str) -> None:
    aliases = Aliases()
    aliases.learn("mfa_token", MFA_TOKEN)
    aliases.learn("password", value)
    assert aliases.mask(f"a {value} b {MFA_TOKEN}") == "a <password 1> b <mfa_token 1>"


def test_what_only_looks_like_an_alias_stays() -> None:
    assert learned("hunter-number-two").mask("<mfa_token 9> and <b>") == "<mfa_token 9> and <b>"


def test_a_value_that_holds_a_secret_is_wrapped_and_any_other_is_not() -> None:
    aliases = learned("hunter-number-two")
    assert repr(aliases.wrap("x=hunter-number-two;")) == "x=<password 1>;"
    plain = "nothing here"
    assert aliases.wrap(plain) is plain


def test_the_newest_answer_that_brought_a_secret_of_a_text_is_found() -> None:
    aliases = Aliases()
    aliases.learn("mfa_token", MFA_TOKEN, born=2, answered=True)
    aliases.learn("enrollment_tx_id", "ticket-ticket-ticket", born=5, answered=True)
    aliases.learn("password", "hunter-number-two", born=7, answered=False)
    assert aliases.born(MFA_TOKEN) == 2
    assert aliases.born("otpauth://x?enrollment_tx_id=ticket-ticket-ticket") == 5
    assert aliases.born("hunter-number-two") is None
    assert aliases.born("never seen") is None


@settings(max_examples=60)
@given(value=st.text(min_size=1, max_size=12))
def test_any_text_at_all_can_be_learned(value: str) -> None:
    assume(value.strip())
    aliases = Aliases()
    aliases.learn("password", value)
    assert aliases.mask(f" {value} ") == " <password 1> "


@pytest.mark.parametrize("value", [" ", "    ", "\t\n", "\u2003" * 6])
def test_blanks_are_no_secret_that_a_text_must_lose(value: str) -> None:
    aliases = Aliases()
    assert repr(aliases.learn("password", value)) == "<password 1>"
    assert aliases.mask(f"one{value}two") == f"one{value}two"


@pytest.mark.parametrize("value", ["half of a pair: \ud800", "\udfff\udfff\udfff\udfff"])
def test_a_secret_that_is_no_proper_text_is_masked_too(value: str) -> None:
    assert learned(value).mask(f"[{value}]") == "[<password 1>]"


# -- spelled by whatever wrote the text


@pytest.mark.parametrize(
    "text",
    [
        "Your code is\\n123456\\n",  # as JSON has a line's end
        "is%0A123456%0A",
        "is%2520123456",
        "is\\u0026123456\\u0026",
        "code%253D123456",
        "<b>123456</b>&nbsp;",
    ],
)
def test_a_code_behind_an_escaped_character_is_masked(text: str) -> None:
    assert learned("123456", kind="otp").mask(text) == text.replace("123456", "<otp 1>")


@pytest.mark.parametrize("text", ["%2B123456", "%2b123456", "dev%5F123456", "a%41123456"])
def test_a_code_behind_an_escaped_letter_or_sign_of_a_number_is_left_alone(text: str) -> None:
    assert learned("123456", kind="otp").mask(text) == text


@pytest.mark.parametrize("name", ["id:", "an-app:", "the-app:", ""])
def test_a_secret_in_the_base64_of_a_pair_that_nobody_learned_is_masked(name: str) -> None:
    secret = "hunter-number-two"
    masked = learned(secret).mask(base64.b64encode(f"{name}{secret}".encode()).decode())
    left = base64.b64decode(masked.partition("<password 1>")[0] + "AAAA"[: -len(masked.partition("<")[0]) % 4 or 0])
    assert "<password 1>" in masked
    assert b"unt" not in left


@pytest.mark.parametrize("end", ["\n", "\r\n", "\\n", "\\r\\n", "", " "])
def test_a_key_of_several_lines_is_masked_however_its_lines_end(end: str) -> None:
    lines = ["-----BEGIN PRIVATE KEY-----", "MIIEowIBAAKCAQEA", "abcdEFGH0123xyz1", "-----END PRIVATE KEY-----"]
    for learned_end in ("\n", "\r\n"):
        masked = learned(learned_end.join(lines), kind="private_key").mask(f"[{end.join(lines)}]")
        assert masked == "[<private_key 1>]"


@pytest.mark.parametrize("name", ["Mark", "free", "Jane"])
def test_a_persons_name_of_letters_is_masked_only_as_a_word(name: str) -> None:
    aliases = Aliases(people=True)
    aliases.learn("given_name", name)
    assert aliases.mask(f"Dear {name}, x{name}x {name}dom") == f"Dear <given_name 1>, x{name}x {name}dom"
    aliases = Aliases(people=True)
    aliases.learn("password", name)
    assert name not in aliases.mask(f"Dear {name}, x{name}x")


def test_nothing_in_aliases_shows_a_secret() -> None:
    aliases = learned("hunter-number-two", "123456", "Jo")
    seen = f"{aliases!r} {vars(aliases)!r} {[*vars(aliases).values()]!r} {aliases._alias_of.keys()!r}"
    for part in ("hunt", "123456", "Jo", "MTIz"):
        assert part not in seen


def test_texts_that_are_shown_one_after_the_other_introduce_a_secret_once() -> None:
    aliases = Aliases()
    aliases.learn("mfa_token", MFA_TOKEN, born=3)
    shown = aliases.mask_each([MFA_TOKEN, f"\x1e{MFA_TOKEN}"], introducing=3)
    assert shown == ["<mfa_token 1: sealed>", "\x1e<mfa_token 1>"]
