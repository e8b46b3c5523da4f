"""`journal.where(alias)` says where a secret was born and each place where it is used, and shows none."""

from __future__ import annotations

import pytest

from auth0_mfa_lab.wire.journal import Journal
from tests.mothers import MFA_TOKEN, OOB_CODE, a_journal, a_request, an_exchange


@pytest.fixture
def journal() -> Journal:
    """A login, and an enrollment that uses its token in a header, in a body and in its path."""
    journal = a_journal()
    an_exchange(403, journal=journal, json={"mfa_token": MFA_TOKEN, "again": MFA_TOKEN})
    request = a_request(
        url=f"https://tenant.example/mfa/{MFA_TOKEN}?again={MFA_TOKEN}",
        headers=[("authorization", f"Bearer {MFA_TOKEN}")],
        json={"deep": [{"mfa_token": MFA_TOKEN}]},
    )
    an_exchange(journal=journal, request=request, json={"oob_code": OOB_CODE, "recovery_codes": ["ABCD1234EFGH"]})
    return journal


def test_it_says_where_a_secret_was_born_and_where_it_is_used(journal: Journal) -> None:
    assert (
        repr(journal.where("<mfa_token 1>"))
        == """\
<mfa_token 1>, first seen in the answer of exchange 1

exchange  who  in the   at
1         app  answer   mfa_token             born here
1         app  answer   again
2         app  request  path
2         app  request  query again
2         app  request  header authorization
2         app  request  deep[0].mfa_token"""
    )
    (use,) = journal.where(" <recovery_code 1> ")
    assert (use.exchange, use.place, use.born) == (2, "recovery_codes[0]", True)
    token = journal[0]["mfa_token"]
    assert journal.where(token) == journal.where("<mfa_token 1>") == journal.where("<mfa_token 1: sealed>")
    journal.aliases.learn("password", "hunter-number-two")
    elsewhere = journal.where("<password 1>")
    assert len(elsewhere) == 0
    assert repr(elsewhere).startswith("<password 1>, known from elsewhere: the settings")
    assert "<table>" not in elsewhere._repr_mimebundle_()["text/html"]
