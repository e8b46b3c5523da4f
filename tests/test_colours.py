"""An alias has one colour, which kind and number decide, and which is seen in both themes."""

from __future__ import annotations

import pytest

from auth0_mfa_lab.secrets.aliases import Alias, Aliases
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.show.exchange import PALETTE, coloured, style_of
from tests.mothers import MFA_TOKEN

PAGES = {"light": (255, 255, 255), "dark": (17, 17, 17)}
ENOUGH = 3.0
"""The contrast that WCAG asks of what is no text."""


def luminance(colour: tuple[int, int, int]) -> float:
    """Return the relative luminance of a colour, as WCAG defines it."""
    parts = [each / 255 for each in colour]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def an_alias(kind: str, number: int = 1) -> Alias:
    shown = f"<{kind} {number}>"
    return Alias(kind=kind, number=number, shown=shown, shape=None, born=1, answered=True, value=Secret("", shown))


@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
@pytest.mark.parametrize("colour", PALETTE)
def test_each_colour_is_seen_on_a_light_and_on_a_dark_page(
    colour: tuple[int, int, int], page: tuple[int, int, int]
) -> None:
    assert contrast(colour, page) >= ENOUGH


def test_contrast_is_that_of_wcag() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((255, 255, 0), (255, 255, 255)) < ENOUGH


def test_kinds_that_often_meet_and_numbers_that_follow_each_other_differ() -> None:
    kinds = ("mfa_token", "oob_code", "access_token", "recovery_code", "enrollment_tx_id", "password", "secret")
    assert len({style_of(an_alias(kind)) for kind in kinds}) == len(kinds)
    assert len({style_of(an_alias("mfa_token", number)) for number in range(1, 13)}) == len(PALETTE)


def test_the_colour_is_the_same_in_every_process() -> None:
    assert "rgb(30,136,229)" in style_of(an_alias("mfa_token"))
    assert style_of(an_alias("never_heard_of")) == style_of(an_alias("never_heard_of"))
    assert "rgb(150,130,20)" in style_of(an_alias("never_heard_of"))


def test_an_alias_is_coloured_and_the_rest_is_escaped() -> None:
    aliases = Aliases()
    aliases.learn("mfa_token", MFA_TOKEN, born=1)
    html = coloured("a <b> <mfa_token 1: sealed> <mfa_token 2> &", aliases)
    assert html.startswith('a &lt;b&gt; <span style="background:')
    assert html.endswith('">&lt;mfa_token 1: sealed&gt;</span> &lt;mfa_token 2&gt; &amp;')
