"""`journal.where(alias)` says where a secret was born and each place where it is used, and shows none."""

from __future__ import annotations

from typing import Any

import pytest

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.wire.journal import Journal
from tests.mothers import MFA_TOKEN, OOB_CODE, a_journal, a_request, an_exchange


@pytest.fixture
def journal() -> Journal:
    """A login, and an enrollment that uses its token in a header, in a body and in its path."""
    journal = a_journal()
    an_exchange(403, journal=journal, json={"error": "mfa_required", "mfa_token": MFA_TOKEN})
    an_exchange(
        journal=journal,
        request=a_request(
            url=f"https://tenant.example/mfa/{MFA_TOKEN}?again={MFA_TOKEN}",
            headers=[("authorization", f"Bearer {MFA_TOKEN}")],
            json={"deep": [{"mfa_token": MFA_TOKEN}]},
        ),
        json={"oob_code": OOB_CODE, "recovery_codes": ["ABCD1234EFGH"]},
    )
    return journal


def test_it_says_where_a_secret_was_born_and_where_it_is_used(journal: Journal) -> None:
    assert (
        repr(journal.where("<mfa_token 1>"))
        == """\
<mfa_token 1>, first seen in the answer of exchange 1

exchange  who  in the   at
1         app  answer   mfa_token             born here
2         app  request  path
2         app  request  query again
2         app  request  header authorization
2         app  request  deep[0].mfa_token"""
    )


@pytest.mark.parametrize("alias", ["<recovery_code 1>", " <recovery_code 1> "])
def test_an_alias_is_named_as_it_is_shown(journal: Journal, alias: str) -> None:
    (use,) = journal.where(alias)
    assert (use.exchange, use.place, use.born) == (2, "recovery_codes[0]", True)


def test_a_secret_itself_says_the_same(journal: Journal) -> None:
    token = journal[0]["mfa_token"]
    assert journal.where(token) == journal.where("<mfa_token 1>") == journal.where("<mfa_token 1: sealed>")


def test_a_secret_that_no_exchange_had_comes_from_elsewhere(journal: Journal) -> None:
    journal.aliases.learn("password", "hunter-number-two")
    uses = journal.where("<password 1>")
    assert len(uses) == 0
    assert repr(uses).startswith("<password 1>, known from elsewhere: the settings")
    assert "<table>" not in uses._repr_mimebundle_()["text/html"]


def test_an_unknown_alias_names_those_that_are_near(journal: Journal) -> None:
    with pytest.raises(LabError, match=r"There is no secret <mfa_token 7>. Near it: .*<mfa_token 1>"):
        journal.where("<mfa_token 7>")
    with pytest.raises(LabError, match="Nothing near it was learned"):
        journal.where("<zzz 1>")


@pytest.mark.parametrize(
    "wrong",
    [
        *("", MFA_TOKEN, "hunter-number-three", "<mfa_token 1> <oob_code 1>", "mfa_token 1"),
        *(None, 1, b"<mfa_token 1>", ["<mfa_token 1>"]),
    ],
)
def test_what_is_no_alias_is_refused_and_not_repeated(journal: Journal, wrong: Any) -> None:
    with pytest.raises(LabError, match="This is no alias of one secret") as refused:
        journal.where(wrong)
    assert "hunter" not in str(refused.value)
    assert MFA_TOKEN not in str(refused.value)


def test_the_table_shows_no_secret_even_where_a_field_is_named_like_one(journal: Journal) -> None:
    an_exchange(journal=journal, json={MFA_TOKEN: MFA_TOKEN, "<i>": OOB_CODE})
    for alias in ("<mfa_token 1>", "<oob_code 1>"):
        bundle = journal.where(alias)._repr_mimebundle_()
        assert MFA_TOKEN not in "".join(bundle.values())
        assert "<i>" not in bundle["text/html"]
