"""The journal as markdown and as a mermaid diagram: nothing from outside is read as either's own."""

from __future__ import annotations

import re

import pytest

from auth0_mfa_lab.exports.export import Exported
from auth0_mfa_lab.exports.mermaid import mermaid
from auth0_mfa_lab.show.exchange import escaped
from auth0_mfa_lab.wire.journal import Journal
from tests.mothers import GRANTED, MFA_TOKEN, PENDING, a_journal, a_request, an_exchange

STYLES = re.compile(r' style="[^"]*"')


def shown(journal: Journal) -> str:
    """Return the journal's markdown without its colours."""
    return STYLES.sub("", journal._repr_mimebundle_()["text/markdown"])


def test_a_journal_as_markdown() -> None:
    journal = a_journal()
    journal.step("1. ask")
    ask = a_request(form={"mfa_token": MFA_TOKEN, "password": "jane's own"})
    an_exchange(400, journal=journal, request=ask, json=PENDING["json"])
    an_exchange(400, journal=journal, request=ask, json=PENDING["json"])
    journal.step("2. get")
    an_exchange(journal=journal, **GRANTED)
    expected = """\
**Journal · 3 exchanges**

```mermaid
sequenceDiagram
  participant app as your app
  participant auth0 as Auth0
  Note over app,auth0: 1. ask
  app->>auth0: POST /oauth/token<br/>#lt;mfa_token 1#gt;, #lt;password 1#gt;
  auth0-->>app: 400 authorization_pending (2 times)
  Note over app,auth0: 2. get
  app->>auth0: POST /oauth/token
  auth0-->>app: 200 OK<br/>#lt;access_token 1#gt;
```

| number | step | who | call | answer |
| :-- | :-- | :-- | :-- | :-- |
| 1-2 | 1. ask | app | <code>POST /oauth/token</code> | <code>400 authorization_pending (2 times)</code> |
| 3 | 2. get | app | <code>POST /oauth/token</code> | <code>200 OK</code> |

| where it came from | alias |
| :-- | :-- |
| answer 3 | <code><span>&#60;access_token 1&#62;</span></code> |
| no answer: you, the settings or the phone | <code><span>&#60;mfa_token 1: sealed&#62;</span></code> \
<code><span>&#60;password 1&#62;</span></code> |"""
    assert shown(journal) == expected


def test_it_is_shown_as_markdown_and_as_text_and_nothing_else() -> None:
    assert set(a_journal()._repr_mimebundle_()) == {"text/plain", "text/markdown"}


def test_an_empty_journal_has_no_diagram() -> None:
    assert shown(a_journal()) == "**Journal · 0 exchanges**"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a|b", "a&#124;b"),
        ("`x`", "&#96;x&#96;"),
        ("<b>", "&#60;b&#62;"),
        ("*a* _b_ mfa_token", "&#42;a&#42; &#95;b&#95; mfa_token"),
        ("[a](b)", "&#91;a&#93;(b)"),
        ("$x$ \\| &lt;", "&#36;x&#36; &#92;&#124; &#38;lt;"),
        ("a\nb\x1ec", "a b c"),
        ("https://a.example www.a.example a@b.example", "https&#58;//a.example www&#46;a.example a&#64;b.example"),
    ],
)
def test_what_markdown_would_read_as_its_own_is_escaped(text: str, safe: str) -> None:
    assert escaped(text) == safe


def test_a_hostile_answer_stays_in_its_cell() -> None:
    journal = a_journal()
    journal.step("x | `y` <img src=x>\n| z |")
    hostile = "a | b\n```\n<script>alert(1)</script>"
    an_exchange(400, journal=journal, json={"error": hostile}, request=a_request("GET", "https://t.example/|`<b>"))
    text = shown(journal)
    rows = [line for line in text.splitlines() if line.startswith("| 1 ")]
    assert len(rows) == 1
    assert rows[0].count("|") == 6
    assert text.count("```") == 3  # the fence, and one inside it that begins no line
    assert sum(line.startswith("```") for line in text.splitlines()) == 2
    assert not re.search(r"<(?!/?(code|span)>|br/>)[a-z/]", text)


def test_every_secret_is_under_its_alias_and_one_alias_has_one_colour() -> None:
    journal = a_journal()
    journal.step(f"with {MFA_TOKEN}")
    url = f"https://tenant.example/{MFA_TOKEN}"
    an_exchange(400, journal=journal, json={"mfa_token": MFA_TOKEN, "error": MFA_TOKEN}, request=a_request("GET", url))
    text = journal._repr_mimebundle_()["text/markdown"]
    assert MFA_TOKEN not in text
    styles = re.findall(r'<span style="([^"]*)">&#60;mfa_token 1', text)
    assert len(styles) == 4
    assert len(set(styles)) == 1


# -- the diagram


def a_story(*, phone: bool) -> Journal:
    journal = a_journal()
    journal.step("1. challenge")
    an_exchange(journal=journal, **PENDING)
    an_exchange(journal=journal, **PENDING)
    if phone:
        answer = a_request(url="https://tenant.example/api/resolve-transaction")
        an_exchange(204, journal=journal, speaker="phone", request=answer)
    journal.step("2. tokens")
    an_exchange(journal=journal, **GRANTED)
    return journal


def test_a_story_with_a_phone_as_mermaid() -> None:
    assert (
        mermaid(a_story(phone=True))
        == """\
sequenceDiagram
  participant app as your app
  participant auth0 as Auth0
  participant phone as the phone
  Note over app,phone: 1. challenge
  app->>auth0: POST /oauth/token
  auth0-->>app: 400 authorization_pending (2 times)
  phone->>auth0: POST /api/resolve-transaction
  auth0-->>phone: 204 No Content
  Note over app,phone: 2. tokens
  app->>auth0: POST /oauth/token
  auth0-->>app: 200 OK<br/>#lt;access_token 1#gt;"""
    )


def test_without_a_phone_there_is_none_in_the_diagram() -> None:
    diagram = mermaid(a_story(phone=False))
    assert "phone" not in diagram
    assert "  Note over app,auth0: 1. challenge" in diagram


def test_an_empty_journal_is_a_diagram_too() -> None:
    assert mermaid(a_journal()) == ("sequenceDiagram\n  participant app as your app\n  participant auth0 as Auth0")


@pytest.mark.parametrize(
    ("text", "escaped"), [("a;b", "a#59;b"), ("a#b", "a#35;b"), ("a<b>", "a#lt;b#gt;"), ("a\nb", "a b")]
)
def test_what_mermaid_would_read_as_its_own_is_escaped(text: str, escaped: str) -> None:
    journal = a_journal()
    journal.step(text)
    an_exchange(400, journal=journal, json={"error": text})
    diagram = mermaid(journal)
    assert f"Note over app,auth0: {escaped}\n" in diagram
    assert diagram.endswith(f"auth0-->>app: 400 {escaped}")


def test_a_secret_is_under_its_alias() -> None:
    journal = a_journal()
    journal.step(f"with {MFA_TOKEN}")
    request = a_request("GET", f"https://tenant.example/{MFA_TOKEN}")
    an_exchange(400, journal=journal, request=request, json={"mfa_token": MFA_TOKEN, "error": f"no {MFA_TOKEN}"})
    bundle = Exported(mermaid(journal), "mermaid")._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/vnd.mermaid"}
    assert MFA_TOKEN not in "".join(bundle.values())
    assert "auth0-->>app: 400 no #lt;mfa_token 1#gt;" in bundle["text/vnd.mermaid"]


def test_it_is_a_picture_of_its_moment() -> None:
    journal = a_story(phone=False)
    diagram = Exported(mermaid(journal), "mermaid")
    before = repr(diagram)
    an_exchange(journal=journal)
    assert repr(diagram) == before
