"""Views of exchanges and the journal, pieces of HTML, tables, meanings: laid out, masked, no foreign markup in them."""

import base64
import json
import re
from collections.abc import Iterable
from html import unescape
from itertools import product
from pathlib import Path
from urllib.parse import quote

import pytest

from auth0_mfa_lab import Exchange, LabError
from auth0_mfa_lab.exports.mermaid import LOOK, mermaid
from auth0_mfa_lab.sandbox.errors import ROWS
from auth0_mfa_lab.secrets.aliases import Alias, Aliases
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.show import phone, qr, table
from auth0_mfa_lab.show.exchange import PALETTE, coloured, escaped, style_of
from auth0_mfa_lab.show.html import COLOURS, bar, card, details, status_line, words
from auth0_mfa_lab.show.meanings import MEANINGS, meaning_of
from auth0_mfa_lab.show.table import Column, Table, wrap
from tests.mothers import GRANTED, LOST, MFA_TOKEN, NOW, OOB_CODE, PENDING, a_journal, a_request, an_exchange, rows

AT = int(NOW)


def a_jwt(**claims: object) -> str:
    parts = (json.dumps(each).encode() for each in ({"alg": "RS256", "kid": "k1"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in parts), "c2lnbmF0dXJl"])


def an_enrollment() -> tuple[Exchange, Exchange]:
    """Return a login, and the enrollment that uses its token."""
    journal = a_journal()
    sent = [("user-agent", "lab"), ("content-length", "51"), ("host", "tenant.example"), ("connection", "close")]
    got = [("retry-after", "5"), ("x-other", "1"), ("date", "x"), ("transfer-encoding", "x")]
    asked = a_request(form={"grant_type": "password", "username": "jane", "password": "p <w>&d 'x'"}, headers=sent)
    said, notes = {"error": "mfa_required", "mfa_token": MFA_TOKEN}, (f"sandbox: text rec, no {MFA_TOKEN}",)
    login = an_exchange(403, journal=journal, request=asked, json=said, headers=got, notes=notes)
    url, bearer = "https://tenant.example/mfa/associate", [("authorization", f"Bearer {MFA_TOKEN}")]
    asked = a_request(url=url, headers=bearer, json={"authenticator_types": ["oob"], "oob_channels": ["auth0"]})
    token = a_jwt(aud=["a"], iat=AT, exp=AT + 86400, auth_time=AT - 90, note=AT)
    body = {"oob_code": OOB_CODE, "recovery_codes": ["ABCD1234EFGH"], "nothing": [], "é": None, "id_token": token}
    return login, an_exchange(journal=journal, request=asked, json=body)


def tags_of(html: str) -> list[str]:
    """Return the tags of HTML with the names of their attributes."""
    return [re.sub(r'"[^"]*"', "", tag) for tag in re.findall(r"<[^>]*>", html)]


def said_in(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


def html_of(exchange: Exchange) -> str:
    return exchange._repr_mimebundle_()["text/html"]


GET = a_request("GET", "https://tenant.example/a?b=c")
ENROLLMENT = """\
2 · app → tenant.example
  POST /mfa/associate
  authorization: Bearer <mfa_token 1>                      (from 1)
  content-type: application/json

  {"authenticator_types": ["oob"], "oob_channels": ["auth0"]}

  200 OK
  content-type: application/json

  {
    "oob_code": "<oob_code 1: sealed>",
    "recovery_codes": ["<recovery_code 1>"],
    "nothing": [],
    "é": null,
    "id_token": "<id_token 1: JWT>"
  }

  <id_token 1> says
    header
      alg  "RS256"
      kid  "k1"
    claims
      aud        ["a"]
      iat        issued
      exp        issued + 24 h
      auth_time  issued - 90 s
      note       1800000000"""
# fmt: off
ENDS = {  # an exchange, and how its text ends
    "an_enrollment()[0]":
        "\n  content-type: application/x-www-form-urlencoded\n\n  grant_type=password\n  username=jane\n"
        '  password=<password 1>\n\n  403 Forbidden\n  retry-after: 5\n  content-type: application/json\n\n  {\n'
        '    "error": "mfa_required",\n    "mfa_token": "<mfa_token 1: sealed>"\n  }\n\n  lab: the first factor was '
        "right; go on with the mfa_token, within 10 minutes: enroll, challenge or verify.\n"
        "  sandbox: text rec, no <mfa_token 1>",
    "an_exchange(json=[], request=GET)": "\n  content-type: application/json\n\n  []",
    "an_exchange(204, request=GET)": "\n  GET /a?b=c\n\n  204 No Content",
    "an_exchange(599, request=GET)": "\n  GET /a?b=c\n\n  599",
    "an_exchange(**LOST, request=GET)": "\n  GET /a?b=c\n\n  no answer: ConnectError: no route",
    "an_exchange(502, text='<html>\\n<b>bad</b></html>', request=GET)":
        "\n\n  502 Bad Gateway\n\n  <html>\n  <b>bad</b></html>\n\n  lab: a gateway before Auth0 answered, not Auth0, "
        "so this is no JSON; try again a little later.",
    "an_exchange(204, request=a_request(json={'a': 'b' * 90}))":
        '\n\n  {\n    "a": "' + "b" * 90 + '"\n  }\n\n  204 No Content',
    "an_exchange(text=MFA_TOKEN, request=a_request('GET', f'https://t.example?mfa_token={MFA_TOKEN}'))":
        "\n  GET ?mfa_token=<mfa_token 1: sealed>\n\n  200 OK\n\n  <mfa_token 1>",
    "an_exchange(json={'mfa_token': MFA_TOKEN, 'id_token': a_jwt(**{'a\\nb': MFA_TOKEN})})":
        '\n    claims\n      a\\nb  "<mfa_token 1>"',
    **{f"an_exchange(json={{'id_token': a_jwt(iat=AT, exp=AT + {seconds})}})": f"exp  issued{said}"
       for seconds, said in ((0, ""), (30, " + 30 s"), (600, " + 10 min"), (90, " + 90 s"), (7200, " + 2 h"),
                             (172800, " + 48 h"), (2592000, " + 30 d"), (-5, " - 5 s"))},
    **{f"an_exchange(json={{'id_token': a_jwt({claims}exp=AT)}})": "exp  1800000000"
       for claims in ("", "iat='x', ", "iat=1e300, ")},
}
# fmt: on


def test_an_exchange_as_text_and_its_html_has_the_same_lines() -> None:
    login, enrollment = an_enrollment()
    assert repr(enrollment) == ENROLLMENT
    # A page without styles, such as GitHub's, parts the two by these words alone.
    assert re.findall(r"<b [^>]*>(\w+)</b><pre [^>]*monospace", html_of(enrollment)) == ["Request", "Answer"] * 2
    for exchange in (login, enrollment):
        shown = re.sub(r"\s+", "", said_in(html_of(exchange)))
        assert [line for line in repr(exchange).splitlines() if re.sub(r"\s+", "", line) not in shown] == []


@pytest.mark.parametrize("exchange", ENDS)
def test_an_exchange_ends_so(exchange: str) -> None:
    assert repr(eval(exchange)).endswith(ENDS[exchange])


def test_a_header_that_matters_is_shown_others_are_folded_and_the_transports_own_are_left_out() -> None:
    for header in ("content-type", "retry-after", "www-authenticate", "x-ratelimit-remaining"):
        assert f"\n  {header}: 7 or so\n" in repr(an_exchange(text="x", headers=[(header, "7 or so")]))
    login, _ = an_enrollment()
    text, html = repr(login), said_in(html_of(login))
    folded = html.partition("other headers, and the bodies as sent")[2]
    for each in ("user-agent: lab", "x-other: 1", "grant_type=password&username=jane&password=<password 1>"):
        assert (each in folded, each in text) == (True, False)
    assert '{"error": "mfa_required", "mfa_token": "<mfa_token 1>"}' in folded.partition("user-agent: lab")[2]
    assert not re.search("content-length|host:|date:|connection:|transfer-encoding", text + html)


def test_the_rest_of_a_long_body_is_folded_in_html_and_whole_in_the_text() -> None:
    long, fits, does_not = (an_exchange(json=[f"item-{n}" for n in range(items)]) for items in (60, 40, 41))
    shown, rest = html_of(long).split("25 more lines</summary>")
    assert ("item-35" in shown, "item-36" in shown, "item-59" in rest, "item-59" in repr(long)) == (1, 0, 1, 1)
    assert ["more lines" in html_of(each) for each in (fits, does_not)] == [False, True]


def test_what_a_token_says_is_told_where_it_is_born_and_not_again() -> None:
    journal = a_journal()
    said = [html_of(an_exchange(journal=journal, json={"id_token": a_jwt(sub="x")})).count(" says") for _ in range(2)]
    assert said == [1, 0]


# fmt: off
GARBAGE = (
    '{"mfa_token": "\\ud800\\ud800\\ud800\\ud800"}', '{"barcode_uri": "otpauth://[::1"}', '{"id_token": "eyJ.eyJ.x"}',
    '{"mfa_token": "otpauth://[", "x": "otpauth://totp/x?secret=%zz"}', "[" * 5000, "9" * 5000, "\x00\x1e\n\x1e",
    *("[" * n + '{"password": "hunter-number-two"}' + "]" * n for n in (61, 700)),
    '{"password": "hunter-number-two", "password": "x-number-three"}',
)
# fmt: on


def test_garbage_is_kept_and_shown() -> None:
    for exchange in (an_exchange(text=text) for text in GARBAGE):
        assert "hunter" not in f"{exchange!r} {exchange.json!r} {html_of(exchange)}"


def colour_of(kind: str, number: int = 1) -> str:
    value = Secret("", "")
    return style_of(Alias(kind=kind, number=number, shown="", shape=None, born=1, answered=True, value=value))


def test_an_alias_has_one_colour_wherever_it_stands_in_every_process_and_those_that_meet_differ() -> None:
    kinds = ("mfa_token", "oob_code", "access_token", "recovery_code", "enrollment_tx_id", "password", "secret")
    assert len({colour_of(kind) for kind in kinds}) == len(kinds)
    assert len({colour_of("mfa_token", number) for number in range(1, 13)}) == len(PALETTE)
    style = "background:rgba(30,136,229,0.2);border-bottom:2px solid rgb(30,136,229);white-space:nowrap"
    assert (colour_of("mfa_token"), "rgb(150,130,20)" in colour_of("never_heard_of")) == (style, True)
    aliases = Aliases()
    aliases.learn("mfa_token", MFA_TOKEN, born=1)
    mark = f'<span style="{style}">&lt;mfa_token 1: sealed&gt;</span>'
    said = "a <b> <mfa_token 1: sealed> <mfa_token 2> &"  # the second only looks like one
    assert coloured(said, aliases) == f"a &lt;b&gt; {mark} &lt;mfa_token 2&gt; &amp;"
    whole = '<span style="white-space:nowrap">&lt;mfa_token 1: sealed&gt;</span>'
    assert words("<b> <mfa_token 1: sealed>") == f"&lt;b&gt; {whole}"
    for exchange in an_enrollment():
        assert f'<span style="{style}">&lt;mfa_token 1' in html_of(exchange)


def test_each_colour_stands_out_from_a_white_and_from_a_dark_page() -> None:
    def luminance(colour: Iterable[int]) -> float:
        parts = (each / 255 for each in colour)
        red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    colours = [*PALETTE, *([int(each) for each in re.findall(r"\d+", colour)] for colour in COLOURS.values())]
    for colour, ground in product(colours, ((255, 255, 255), (17, 17, 17))):
        dark, light = sorted(map(luminance, (colour, ground)))
        assert (light + 0.05) / (dark + 0.05) >= 3, colour


JOURNAL = """\
Journal · 4 exchanges, 1 push
1. ask | `it`
      1  Auth0  push                                          delivered
    2-3  app    POST /oauth/token                             400 authorization_pending (2 times)
      4  phone  POST /api/resolve-transaction                 204 No Content
2. get <b>
      5  app    POST /oauth/token                             200 OK"""
NAMES = f"""\
```mermaid
{LOOK}
sequenceDiagram
  participant app as your app
  participant auth0 as Auth0
  participant phone as the phone"""
MARKDOWN = f"""\
**Journal · 4 exchanges, 1 push**

{NAMES}
  rect rgb(255,255,255)
  Note over app,phone: 1. ask | `it`
  auth0->>phone: push<br/>#lt;challenge 1#gt;
  app->>auth0: POST /oauth/token<br/>#lt;mfa_token 1#gt;<br/>#lt;password 1#gt;
  auth0-->>app: 400 authorization_pending (2 times)
  phone->>auth0: POST /api<br/>/resolve-transaction
  auth0-->>phone: 204 No Content
  end
```

{NAMES}
  rect rgb(255,255,255)
  Note over app,phone: 2. get #lt;b#gt;
  app->>auth0: POST /oauth/token
  auth0-->>app: 200 OK<br/>#lt;access_token 1#gt;
  end
```

| number | step | who | call | answer |
| :-- | :-- | :-- | :-- | :-- |
| 1 | 1. ask &#124; &#96;it&#96; | Auth0 | <code>push</code> | <code>delivered</code> |
| 2-3 |  | app | <code>POST /oauth/token</code> | <code>400 authorization_pending (2 times)</code> |
| 4 |  | phone | <code>POST /api/resolve-transaction</code> | <code>204 No Content</code> |
| 5 | 2. get &#60;b&#62; | app | <code>POST /oauth/token</code> | <code>200 OK</code> |

| where it came from | alias |
| :-- | :-- |
| push 1 | <code><span>&#60;challenge 1&#62;</span></code> |
| answer 5 | <code><span>&#60;access_token 1&#62;</span></code> |
| no answer: you, the settings or the phone | <code><span>&#60;mfa_token 1: sealed&#62;</span></code> \
<code><span>&#60;password 1&#62;</span></code> |"""


def test_a_journal_as_text_and_as_markdown_each_step_in_its_cell() -> None:
    journal = a_journal()
    bundle = journal._repr_mimebundle_()
    assert bundle == {"text/plain": "Journal · 0 exchanges", "text/markdown": "**Journal · 0 exchanges**"}
    assert mermaid(journal) == f"{LOOK}\nsequenceDiagram\n  participant app as your app\n  participant auth0 as Auth0"
    journal.step("1. ask | `it`")
    for _ in range(2):
        journal.push("once", {"c": "a-challenge-of-a-push"})
    ask = a_request(form={"mfa_token": MFA_TOKEN, "password": "jane's own"})
    for _ in range(2):
        an_exchange(journal=journal, request=ask, **PENDING)
    answer = a_request(url="https://tenant.example/api/resolve-transaction")
    an_exchange(204, journal=journal, speaker="phone", request=answer)
    journal.step("2. get <b>")
    an_exchange(journal=journal, **GRANTED)
    bundle = journal._repr_mimebundle_()
    assert repr(journal) == bundle["text/plain"] == JOURNAL
    assert repr(journal[0]) == '1 · Auth0 → the phone\n  push, no HTTP request\n\n  {\n    "c": "<challenge 1>"\n  }'
    heads = ("1 · Auth0 → the phone · push → deliveredPush", "2 · app → tenant.example · POST /oauth/token → 400 auth")
    for exchange, head in zip(journal, heads, strict=False):
        assert said_in(html_of(exchange)).startswith(head)
    assert journal[0].status is None
    assert re.sub(r' style="[^"]*"', "", bundle["text/markdown"]) == MARKDOWN
    assert f'<span style="{colour_of("mfa_token")}">&#60;mfa_token 1' in bundle["text/markdown"]
    an_exchange(journal=(lost := a_journal()), **LOST)
    assert repr(lost) == f"Journal · 1 exchange\n      1  app    {'POST /oauth/token':44}  no answer"


def test_an_arrow_has_four_values_at_most_none_of_them_the_applications_own_and_a_long_path_below() -> None:
    journal = a_journal()
    own = "client_secret mgmt_client_secret client_assertion assertion identifier"
    some = "of-some-words", "Bearer of-one"
    for path, credentials, whose in (("of-two-words", "Basic YTpiLXBhc3N3b3Jk", "one"), (*some, "one"), (*some, "two")):
        form = {name: f"{name}-of-{whose}" for name in f"{own} otp password mfa_token".split()}
        headers = [("authorization", credentials), ("cookie", "a=cookie-of-one"), ("x-mine", "secret=elsewhere")]
        url = f"https://tenant.example/oauth/{path}"
        an_exchange(journal=journal, request=a_request(url=url, form=form, headers=headers), **GRANTED)
    shown = "<br/>#lt;cookie 1#gt;<br/>#lt;otp 1#gt;<br/>#lt;password 1#gt;"
    assert [line.partition(">>")[2] for line in mermaid(journal).splitlines() if ">>" in line] == [
        f"auth0: POST /oauth/of-two-words{shown}<br/>#lt;mfa_token 1#gt;",
        "app: 200 OK<br/>#lt;access_token 1#gt;",
        f"auth0: POST /oauth<br/>/of-some-words<br/>#lt;token 1#gt;{shown}<br/>…",
        "app: 200 OK",
        "auth0: POST /oauth<br/>/of-some-words<br/>#lt;token 1#gt;"
        "<br/>#lt;cookie 1#gt;<br/>#lt;otp 2#gt;<br/>#lt;password 2#gt;<br/>…",
        "app: 200 OK",
    ]


# fmt: off
OWN = {  # what markdown, and what mermaid reads as its own
    "a|b": "a&#124;b", "`x`": "&#96;x&#96;", "<b>": "&#60;b&#62;", "[a](b)": "&#91;a&#93;(b)", "a\nb\x1ec": "a b c",
    "*a* _b_ mfa_token": "&#42;a&#42; &#95;b&#95; mfa_token", "$x$ \\| &lt;": "&#36;x&#36; &#92;&#124; &#38;lt;",
    "https://a.example www.a.example a@b": "https&#58;//a.example www&#46;a.example a&#64;b",
}
MERMAIDS_OWN = {"a;b": "a#59;b", "a#b": "a#35;b", "a<b>": "a#lt;b#gt;", "a\nb": "a b"}
# fmt: on


def test_what_markdown_or_mermaid_would_read_as_its_own_is_escaped() -> None:
    assert {text: escaped(text) for text in OWN} == OWN
    for text, safe in MERMAIDS_OWN.items():
        journal = a_journal()
        journal.step(text)
        an_exchange(400, journal=journal, json={"error": text})
        assert f"Note over app,auth0: {safe}\n" in mermaid(journal)
        assert mermaid(journal).endswith(f"auth0-->>app: 400 {safe}\n  end")
    url = f"https://tenant.example/|`<b>/{MFA_TOKEN}"
    an_exchange(400, journal=journal, json={"mfa_token": MFA_TOKEN, "error": "|"}, request=a_request("GET", url))
    bundle = journal._repr_mimebundle_()
    (row,) = (line for line in bundle["text/markdown"].splitlines() if line.startswith("| 2 "))
    assert (row.count("|"), "<b>" in row, MFA_TOKEN in "".join(bundle.values())) == (6, False, False)


ERRORS = [row for row in ROWS if row.error]


def test_each_error_of_the_sandbox_says_what_it_means_in_both_shapes() -> None:
    assert len(ERRORS) > 100
    for row in ERRORS:
        managed = {"statusCode": row.status, "error": "Some Phrase", "message": row.text, "errorCode": row.error}
        # What is wrong stands in the text itself, and nothing else is known of it.
        says_it_itself = row.text.startswith("{problem}") and row.error == "invalid_request"
        for body in ({"error": row.error, "error_description": row.text}, managed):
            meaning = meaning_of(an_exchange(row.status, json=body))
            assert (meaning is None) is says_it_itself, row


SAID = """
403 {"error": "mfa_required"}          | the first factor was right; go on with the mfa_token
403 {"error": "invalid_grant", "error_description": "MFA Authorization rejected."}  | the person said no
401 {"error": "expired_token", "error_description": "mfa_token is expired"} | the mfa_token lives for 10 minutes
401 {"statusCode": 401, "error": "Unauthorized", "message": "x"}            | no token, or one
403 {"error": "password_leaked"}       | the password stood in a known leak
502 null                               | a gateway before Auth0 answered
429 {}                                 | a rate limit is used up
200 {"access_token": "opaque"}         |
403 {"error": "invalid_grant", "error_description": "never heard of"}       |
429 {"error": "never_heard_of", "error_description": "x"}                   |
400 {"error": ["a", "list"]}           |
400 {"error": "invalid_grant", "error_description": {"an": "object"}}       |
"""


@pytest.mark.parametrize(("answer", "said"), rows(SAID))
def test_an_error_says_what_it_means_and_what_is_unknown_is_left_alone(answer: str, said: str) -> None:
    status, body = answer.split(" ", 1)
    meaning = meaning_of(an_exchange(int(status), json=json.loads(body)))
    assert (meaning or "").startswith(f"lab: {said}") if said else meaning is None


def test_a_meaning_is_one_plain_line_and_no_row_hides_behind_an_earlier_one() -> None:
    for pattern, said in MEANINGS:
        assert re.fullmatch(r"[^\n]{1,125}\.", said)
        code, _, text = re.sub(r"\(([^|)]*)[^)]*\)", r"\1", pattern).partition(":")
        body = {"message": text} if code.isdigit() else {"error": code, "error_description": text.strip()}
        assert meaning_of(an_exchange(int(code) if code.isdigit() else 400, json=body)) == f"lab: {said}"


PACKAGE = Path(__file__).parent.parent / "auth0_mfa_lab"
HOSTILE = "<b>\"&' onclick=x"
COLUMNS = (Column("name", 12), Column("what it is", 20))
PIECES = """
line(text)
line(text, small=True)
status_line(text, text, text)
bar(text, 0.5, text, tone="wait")
card(text, line(text), mark=text, tone="good")
facts([(text, line(text))])
html_table((Column(text),), [(text,)])
PhoneView(name=text, time=text, remark=text).html()
Barcode.of(f"otpauth://totp/{quote(text)}?secret=x&{quote(text)}=x", unquote).html()
qr_img("x", text)
html_of(an_exchange(400, text=text, headers=[("retry-after", text), ("x", text)], request=GET, notes=(text,)))
"""


@pytest.mark.parametrize("piece", PIECES.strip().splitlines())
def test_a_text_stays_a_text_and_styles_are_inline_and_need_nothing_of_the_page(piece: str) -> None:
    names = {**vars(phone), **vars(qr), **vars(table), **globals(), "quote": quote}
    html, hostile = (eval(piece, {**names, "text": text}) for text in ("plain", HOSTILE))
    assert (tags_of(hostile), said_in(hostile)) == (tags_of(html), said_in(html).replace("plain", HOSTILE))
    assert 'style="' in html
    html = re.sub('base64,[^"]*', "", html)
    assert not [each for each in ("<style", "var(", "<svg", "<script", "id=", "ch;", "onclick") if each in html]


@pytest.mark.parametrize(("fraction", "percent"), [(-1.0, 0), (0.004, 0), (0.4, 40), (0.996, 100), (7.5, 100)])
def test_a_bar_says_in_words_and_to_a_screen_reader_what_it_draws(fraction: float, percent: int) -> None:
    html = bar("next poll", fraction, "3 s of 5 s")
    value = f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}" aria-valuetext="3 s of 5 s"'
    assert f'role="progressbar" aria-label="next poll" {value}' in html
    assert re.sub(r"<(?!/?t[rhd]\b)[^>]*>| \w+=\"[^\"]*\"", "", html) == (
        "<tr><th>next poll</th><td></td><td>3 s of 5 s</td></tr>"
    )
    assert (said_in(html), f'style="width:{percent}%' in html) == ("next poll3 s of 5 s", True)


def test_a_sign_is_for_the_eye_and_the_word_for_everybody() -> None:
    html = status_line("✓", "granted", "after 3 polls")
    assert html.startswith('<div role="status" aria-live="polite" ')
    assert (said_in(html), said_in(status_line("✓", "granted"))) == ("✓ granted · after 3 polls", "✓ granted")
    assert all('<span aria-hidden="true">✓</span>' in each for each in (html, card("a title", mark="✓")))


def test_a_fold_is_closed_unless_it_is_asked_to_be_open_and_keeps_its_keys() -> None:
    assert details("more", "x").startswith('<details><summary data-lm-suppress-shortcuts="true">more</summary>')
    assert details("more", "x", is_open=True).startswith("<details open><summary ")
    # Without the mark an x on a summary is JupyterLab's key, and cuts the cell.
    html = an_exchange(400, json={f"field {number}": number for number in range(99)})._repr_mimebundle_()["text/html"]
    assert html.count("<summary") == html.count('<summary data-lm-suppress-shortcuts="true"') == 3
    assert [each.name for each in PACKAGE.rglob("*.py") if "<summary" in each.read_text("utf-8")] == ["html.py"]


def test_wrapping_loses_no_character_exceeds_no_line_and_cuts_a_word_only_when_it_is_longer_than_a_line() -> None:
    for text in ("ab_/,| " * 9, "a" * 40 + " b_" * 9, "unsupported_challenge_type,x|y / z", " _ ", "a  b"):
        for width in range(1, 30):
            lines = wrap(text, width)
            assert max(map(len, lines)) <= width
            assert "".join("".join(lines).split()) == "".join(text.split())
            assert all(line == line.strip() for line in lines)
    assert wrap("GET /mfa/authenticators", 19) == ["GET", "/mfa/authenticators"]
    assert wrap("unsupported_challenge_type", 17) == ["unsupported_", "challenge_type"]
    assert [wrap("x" * 5, 2), wrap("a bcd|efgh", 5), wrap("", 5)] == [["xx", "xx", "x"], ["a", "bcd|", "efgh"], [""]]


def test_a_table_has_columns_as_wide_as_what_is_in_them_rows_for_a_program_and_names() -> None:
    cells = [("a", "b"), ("longer", "two words and some more")]
    table = Table(title="Things", columns=COLUMNS, cells=cells, rows=(1, 2), named={"a": 1}, under=["x <y>"], note="n")
    assert repr(table) == (
        "Things\n  x <y>\n\nname    what it is\na       b\nlonger  two words and some\n        more\n\nn"
    )
    assert (len(table), list(table), table["a"], list(table.keys())) == (2, [1, 2], 1, ["a"])
    with pytest.raises(LabError, match=r"There is no name 'b'\. There are: a\."):
        table["b"]
    html = table._repr_mimebundle_()["text/html"]
    assert said_in(html) == "Thingsx <y>namewhat it isablongertwo words and some moren"
    assert len(re.findall(r'<t[hd] style="text-align:left;', html)) == len(re.findall(r"<t[hd]\b", html)) == 6
