"""A table as text stays within the page and loses nothing; as HTML it has inline styles only."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from auth0_mfa_lab.show.table import Column, html_table, text_table, wrap

COLUMNS = (Column(title="name", width=12), Column(title="what it is", width=20))


@given(st.text(alphabet="ab_/,| ", max_size=80), st.integers(min_value=1, max_value=12))
def test_wrapping_loses_no_character_and_exceeds_no_line(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert max(map(len, lines)) <= width
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(line == line.strip() for line in lines)


def test_a_word_is_cut_only_when_it_is_longer_than_a_line() -> None:
    assert wrap("GET /mfa/authenticators", 19) == ["GET", "/mfa/authenticators"]
    assert wrap("unsupported_challenge_type", 17) == ["unsupported_", "challenge_type"]
    assert wrap("x" * 5, 2) == ["xx", "xx", "x"]
    assert wrap("", 5) == [""]


def test_columns_are_as_wide_as_what_is_in_them() -> None:
    assert text_table(COLUMNS, [("a", "b"), ("longer", "two words and some more")]) == [
        "name    what it is",
        "a       b",
        "longer  two words and some",
        "        more",
    ]


def test_the_html_is_escaped_and_flush_left_with_no_style_element() -> None:
    html = html_table(COLUMNS, [("<b>", "a & b")])
    assert "&lt;b&gt;" in html
    assert "a &amp; b" in html
    assert "<style" not in html
    assert "var(" not in html
    assert all("text-align:left" in cell for cell in re.findall(r"<t[hd] [^>]*>", html))
    assert len(re.findall(r"<t[hd]\b", html)) == 4
