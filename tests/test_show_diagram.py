"""The journal as a mermaid diagram: who said what to whom, and nothing of mermaid's own from outside."""

from __future__ import annotations

import pytest

from auth0_mfa_lab.exports.export import Exported
from auth0_mfa_lab.exports.mermaid import mermaid
from auth0_mfa_lab.wire.journal import Journal
from tests.mothers import GRANTED, MFA_TOKEN, PENDING, a_journal, a_request, an_exchange


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
