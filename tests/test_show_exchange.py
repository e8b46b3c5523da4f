"""An exchange as text and as HTML: the same lines, laid out, masked, and stable."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth0_mfa_lab import Exchange
from tests.mothers import LOST, MFA_TOKEN, NOW, OOB_CODE, a_journal, a_request, an_exchange

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhdXRoMHwxIiwiYXVkIjpbImEiLCJiIl19.c2lnbmF0dXJl"  # auth0-mfa-lab: allow
AT = int(NOW)


def an_enrollment() -> tuple[Exchange, Exchange]:
    """Return a login, and the enrollment that uses its token."""
    journal = a_journal()
    login = an_exchange(
        403,
        journal=journal,
        request=a_request(
            form={"grant_type": "password", "username": "jane", "password": "p <w>&d 'x'"},
            headers=[("user-agent", "lab"), ("content-length", "51"), ("host", "tenant.example")],
        ),
        json={"error": "mfa_required", "mfa_token": MFA_TOKEN},
        headers=[("retry-after", "5"), ("x-other", "1"), ("date", "Fri, 15 Jan 2027 08:00:00 GMT")],
        notes=("sandbox: status guess · code doc · text rec",),
    )
    associated = an_exchange(
        journal=journal,
        request=a_request(
            url="https://tenant.example/mfa/associate",
            headers=[("authorization", f"Bearer {MFA_TOKEN}")],
            json={"authenticator_types": ["oob"], "oob_channels": ["auth0"]},
        ),
        json={"oob_code": OOB_CODE, "recovery_codes": ["ABCD1234EFGH"], "nothing": [], "é": None},
    )
    return login, associated


def test_a_login_as_text() -> None:
    assert (
        repr(an_enrollment()[0])
        == """\
1 · app → tenant.example
  POST /oauth/token
  content-type: application/x-www-form-urlencoded

  grant_type=password
  username=jane
  password=<password 1>

  403 Forbidden
  retry-after: 5
  content-type: application/json

  {
    "error": "mfa_required",
    "mfa_token": "<mfa_token 1: sealed>"
  }

  lab: the first factor was right; go on with the mfa_token, within 10 minutes: enroll, challenge or verify.
  sandbox: status guess · code doc · text rec"""
    )


def test_an_enrollment_as_text_says_where_its_token_came_from() -> None:
    assert (
        repr(an_enrollment()[1])
        == """\
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
    "é": null
  }"""
    )


def test_a_request_without_headers_and_body_is_one_line() -> None:
    exchange = an_exchange(json=[], request=a_request("GET", "https://tenant.example/.well-known/jwks.json?a=b"))
    assert (
        repr(exchange)
        == """\
1 · app → tenant.example
  GET /.well-known/jwks.json?a=b

  200 OK
  content-type: application/json

  []"""
    )


def test_an_answer_that_is_no_json_is_shown_line_by_line() -> None:
    exchange = an_exchange(502, text="<html>\n<b>bad</b></html>", request=a_request("GET"), speaker="phone")
    assert (
        repr(exchange)
        == """\
1 · phone → tenant.example
  GET /oauth/token

  502 Bad Gateway

  <html>
  <b>bad</b></html>

  lab: a gateway before Auth0 answered, not Auth0, so this is no JSON; try again a little later."""
    )


def test_an_answer_without_a_body_is_its_status() -> None:
    assert repr(an_exchange(204, request=a_request("DELETE"))).endswith("\n\n  204 No Content")


def test_a_status_without_a_phrase_stands_alone() -> None:
    assert repr(an_exchange(599, request=a_request("GET"))).endswith("\n\n  599")


def test_a_lost_request_says_why() -> None:
    assert (
        repr(an_exchange(**LOST, request=a_request("GET")))
        == """\
1 · app → tenant.example
  GET /oauth/token

  no answer: ConnectError: no route"""
    )


def test_a_long_request_is_laid_out_and_a_short_one_stands_in_one_line() -> None:
    short = repr(an_exchange(request=a_request(json={"a": "b"})))
    long = repr(an_exchange(request=a_request(json={"a": "b" * 90})))
    assert '\n  {"a": "b"}\n' in short
    assert '\n  {\n    "a": "bb' in long


def test_a_secret_is_introduced_once_where_it_stands_first() -> None:
    url = f"https://tenant.example/x?mfa_token={MFA_TOKEN}"
    exchange = an_exchange(json={"mfa_token": MFA_TOKEN}, request=a_request("GET", url))
    assert repr(exchange).count("<mfa_token 1: sealed>") == 1
    assert repr(exchange).splitlines()[1] == "  GET /x?mfa_token=<mfa_token 1: sealed>"


def test_headers_that_do_not_matter_are_folded_and_the_transports_own_are_left_out() -> None:
    text, html = an_enrollment()[0].show(an_enrollment()[0])
    for folded in ("user-agent: lab", "x-other: 1"):
        assert folded not in text
        assert folded in html
    for dropped in ("content-length", "host:", "date:"):
        assert dropped not in text + html


@pytest.mark.parametrize("header", ["content-type", "retry-after", "www-authenticate", "x-ratelimit-remaining"])
def test_a_header_that_matters_is_shown(header: str) -> None:
    assert f"\n  {header}: 7 or so\n" in repr(an_exchange(text="x", headers=[(header, "7 or so")]))


# -- HTML


class Seen(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def a_long_answer(items: int = 60) -> Exchange:
    """Return an exchange whose answer has a line for each of so many items, and four more."""
    return an_exchange(json=[f"item-{number}" for number in range(items)], request=a_request("GET"))


def pages() -> Iterator[str]:
    login, associated = an_enrollment()
    journal = a_journal()
    hostile = an_exchange(
        400,
        journal=journal,
        text="<script>alert(1)</script><style>p{}</style>\x1e\n&amp;",
        headers=[("retry-after", '"><img src=x>')],
        request=a_request("GET", 'https://tenant.example/"><script>?<b>', headers=[("x-evil", "<style>*{}</style>")]),
        notes=("<b>note</b>",),
    )
    with_claims = an_exchange(journal=journal, json={"id_token": JWT})
    for exchange in (login, associated, hostile, with_claims, an_exchange(**LOST)):
        yield exchange._repr_mimebundle_()["text/html"]
    yield a_long_answer()._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("html", list(pages()))
def test_html_has_inline_styles_only_and_nothing_of_the_bodies_own(html: str) -> None:
    seen = Seen(html)
    assert seen.open == []
    assert {tag for tag, _ in seen.tags} <= {"details", "summary", "div", "pre", "code", "b", "span"}
    for _, attributes in seen.tags:
        assert set(attributes) <= {"style", "open", "data-lm-suppress-shortcuts"}
        assert "var(" not in (attributes.get("style") or "")
        assert "url(" not in (attributes.get("style") or "")


def test_html_shows_the_same_lines_as_the_text() -> None:
    for exchange in an_enrollment():
        text, html = exchange.show(exchange)
        shown = re.sub(r"\s+", "", "".join(Seen(html).texts))
        for line in text.splitlines()[1:]:
            assert re.sub(r"\s+", "", line) in shown


def test_html_folds_the_bodies_as_they_were_sent() -> None:
    html = an_enrollment()[0]._repr_mimebundle_()["text/html"]
    texts = "".join(Seen(html).texts)
    assert "grant_type=password&username=jane&password=<password 1>" in texts
    assert '{"error": "mfa_required", "mfa_token": "<mfa_token 1>"}' in texts


def test_html_says_what_a_jwt_that_is_born_here_says() -> None:
    journal = a_journal()
    first = an_exchange(journal=journal, json={"id_token": JWT})
    again = an_exchange(journal=journal, json={"id_token": JWT})
    assert "<id_token 1> says" in "".join(Seen(first._repr_mimebundle_()["text/html"]).texts)
    assert '"auth0|1"' in "".join(Seen(first._repr_mimebundle_()["text/html"]).texts)
    assert "says" not in again._repr_mimebundle_()["text/html"]


def a_jwt(**claims: object) -> str:
    """Return a JWT of these claims, unsigned."""

    def part(fields: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256', 'kid': 'k1'})}.{part(claims)}.c2lnbmF0dXJl"


def test_a_jwt_is_opened_beside_its_token_with_times_from_its_issue() -> None:
    token = a_jwt(iss="https://tenant.example/", aud=["a", "b"], iat=AT, exp=AT + 86400, auth_time=AT - 90, note=AT)
    exchange = an_exchange(json={"access_token": token}, request=a_request("GET"))
    expected = """\
  {
    "access_token": "<access_token 1: JWT>"
  }

  <access_token 1> says
    header
      alg  "RS256"
      kid  "k1"
    claims
      iss        "https://tenant.example/"
      aud        ["a", "b"]
      iat        issued
      exp        issued + 24 h
      auth_time  issued - 90 s
      note       1800000000"""
    assert repr(exchange).endswith(expected)
    seen = "".join(Seen(exchange._repr_mimebundle_()["text/html"]).texts)
    assert "exp        issued + 24 h" in seen
    assert token.split(".")[2] not in seen + repr(exchange)


def test_a_secret_in_a_claim_and_a_line_break_in_a_name_stay_in_their_line() -> None:
    journal = a_journal()
    journal.aliases.learn("mfa_token", MFA_TOKEN)
    shown = repr(an_exchange(journal=journal, json={"id_token": a_jwt(**{"a\nb": MFA_TOKEN})}))
    assert '      a\\nb  "<mfa_token 1>"' in shown
    assert MFA_TOKEN not in shown


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "issued"),
        (30, "issued + 30 s"),
        (600, "issued + 10 min"),
        (86400, "issued + 24 h"),
        (90, "issued + 90 s"),
        (2592000, "issued + 30 d"),
        (-5, "issued - 5 s"),
    ],
)
def test_a_time_is_told_in_the_largest_unit_that_fits(seconds: int, said: str) -> None:
    shown = repr(an_exchange(json={"id_token": a_jwt(iat=AT, exp=AT + seconds)}))
    assert shown.endswith(f"exp  {said}")


@pytest.mark.parametrize("claims", [{"exp": AT}, {"iat": "x", "exp": AT}, {"iat": 1e300, "exp": AT}])
def test_a_time_without_an_issue_stands_as_it_is(claims: dict[str, object]) -> None:
    assert "exp  1800000000" in repr(an_exchange(json={"id_token": a_jwt(**claims)}))


def test_the_rest_of_a_long_body_is_folded_in_html_and_whole_in_the_text() -> None:
    exchange = a_long_answer()
    html = exchange._repr_mimebundle_()["text/html"]
    shown, rest = html.split("25 more lines</summary>")
    assert "item-35" in shown
    assert "item-36" not in shown
    assert "item-59" in rest
    assert "item-59" in repr(exchange)


def test_a_body_that_is_hardly_longer_is_not_folded() -> None:
    assert "more lines" not in a_long_answer(39)._repr_mimebundle_()["text/html"]
    assert "more lines" in a_long_answer(42)._repr_mimebundle_()["text/html"]


def test_an_alias_has_one_colour_wherever_it_stands() -> None:
    login, associated = an_enrollment()
    tokens = [
        re.findall(r'<span style="([^"]+)">&lt;mfa_token 1', each._repr_mimebundle_()["text/html"])
        for each in (login, associated)
    ]
    assert all(tokens)
    assert len({style for styles in tokens for style in styles}) == 1
    assert '<span style="background' in associated._repr_mimebundle_()["text/html"].partition("&lt;oob_code 1")[0]


def test_what_only_looks_like_an_alias_has_no_colour() -> None:
    assert "<span" not in an_exchange(text="<mfa_token 7>", request=a_request("GET"))._repr_mimebundle_()["text/html"]


def test_no_length_of_a_secret_is_shown() -> None:
    def shown(secret: str) -> tuple[str, str]:
        body = {"mfa_token": secret}
        exchange = an_exchange(json=body, headers=[("content-length", str(len(secret)))])
        return exchange.show(exchange)

    assert shown("a" * 20) == shown("b" * 400)


@settings(max_examples=60)
@given(
    secret=st.text(min_size=4, max_size=30).filter(lambda text: not text.isdigit()),
    status=st.sampled_from([200, 400, 403]),
    where=st.sampled_from(["url", "form", "json", "header", "answer", "error", "html"]),
)
def test_no_secret_is_shown_wherever_it_stands(secret: str, status: int, where: str) -> None:
    journal = a_journal()
    journal.aliases.learn("password", secret)
    url = "https://tenant.example/x"
    request = {
        "form": a_request(form={"password": secret}),
        "json": a_request(json={"deep": [secret]}),
        "header": a_request(headers=[("authorization", f"Bearer {secret}")]),
    }.get(where, a_request(url=url))
    body = {"answer": {"x": [secret]}, "error": {"error_description": f"no {secret}"}}.get(where, {})
    text = f"<p>{secret}</p>" if where == "html" else None
    exchange = an_exchange(status, journal=journal, request=request, json=None if text else body, text=text)
    shown, html = exchange.show(exchange)
    without = [each.replace("<password 1>", "").replace("&lt;password 1&gt;", "") for each in (shown, html)]
    plain = an_exchange(status, request=a_request(url=url), json={})
    frame = [*plain.show(plain), "password deep x error_description no"]
    assert not any(secret in each for each in without) or any(secret in each for each in frame)
