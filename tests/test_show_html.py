"""The pieces of HTML that panels are made of: escaped, labelled, and with inline styles alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from auth0_mfa_lab.show.html import bar, card, details, facts, line, spoken, status_line
from tests.mothers import an_exchange

PACKAGE = Path(__file__).parent.parent / "auth0_mfa_lab"
HOSTILE = "<b>\"&' onclick=x"
PIECES: dict[str, Callable[[str], str]] = {
    "line": line,
    "small line": lambda text: line(text, small=True),
    "status": lambda text: status_line(text, text, text),
    "bar": lambda text: bar(text, 0.5, text, tone="wait"),
    "card": lambda text: card(text, line(text), mark=text, tone="good"),
    "facts": lambda text: facts([(text, line(text))]),
}


class Page(HTMLParser):
    """What a browser would make of a piece: its tags, which must be closed in order, its attributes, its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[dict[str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.append(dict(attrs))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_a_text_stays_a_text_and_every_tag_is_closed(piece: Callable[[str], str]) -> None:
    plain, hostile = Page(piece("plain")), Page(piece(HOSTILE))
    assert hostile.tags == plain.tags
    assert [set(each) for each in hostile.attributes] == [set(each) for each in plain.attributes]
    assert hostile.text == plain.text.replace("plain", HOSTILE)


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_styles_are_inline_and_need_nothing_of_the_page(piece: Callable[[str], str]) -> None:
    html = piece("plain")
    assert 'style="' in html
    for forbidden in ("<style", "var(", "<svg", "<script", "id=", "ch;", "onclick"):
        assert forbidden not in html


def test_a_bar_says_in_words_and_to_a_screen_reader_what_it_draws() -> None:
    html = bar("next poll", 0.4, "3 s of 5 s")
    (progress,) = [each for each in Page(html).attributes if each.get("role") == "progressbar"]
    assert progress | {"style": None} == {
        "role": "progressbar",
        "aria-label": "next poll",
        "aria-valuemin": "0",
        "aria-valuemax": "100",
        "aria-valuenow": "40",
        "aria-valuetext": "3 s of 5 s",
        "style": None,
    }
    assert Page(html).text == "next poll3 s of 5 s"
    assert "width:40%" in html


@pytest.mark.parametrize(
    ("fraction", "percent"), [(-1.0, 0), (0.0, 0), (0.004, 0), (0.996, 100), (1.0, 100), (7.5, 100)]
)
def test_a_bar_is_never_less_than_empty_or_more_than_full(fraction: float, percent: int) -> None:
    assert f'aria-valuenow="{percent}"' in bar("a", fraction, "b")
    assert f"width:{percent}%" in bar("a", fraction, "b")


def test_a_sign_is_for_the_eye_and_the_word_for_everybody() -> None:
    html = status_line("✓", "granted", "after 3 polls")
    assert 'role="status" aria-live="polite"' in html
    assert unescape(re.sub(r"<[^>]*>", "", html)) == "✓ granted · after 3 polls"
    assert '<span aria-hidden="true">✓</span>' in html
    assert "·" not in status_line("✓", "granted")


def test_a_fold_is_closed_unless_it_is_asked_to_be_open() -> None:
    assert details("more", "<p>x</p>").startswith("<details><summary ")
    assert details("more", "<p>x</p>", is_open=True).startswith("<details open><summary ")


def test_an_exchange_keeps_its_keys_in_an_output_and_in_a_fold() -> None:
    """Without the mark an x on a summary is JupyterLab's key, and cuts the cell."""
    exchange = an_exchange(400, json={f"field {number}": number for number in range(99)})
    html = details("1", details("2", exchange.show(exchange)[1]))
    assert html.count("<summary") == html.count('<summary data-lm-suppress-shortcuts="true"') == 5
    assert html.count("data-lm-suppress-shortcuts") == 5


def test_no_fold_of_ours_is_made_without_the_mark() -> None:
    made = [path for path in PACKAGE.rglob("*.py") if "<summary" in path.read_text(encoding="utf-8")]
    assert [path.name for path in made] == ["html.py"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "0 s"),
        (0, "0 s"),
        (0.4, "1 s"),
        (59.4, "1 min 0 s"),
        (60, "1 min 0 s"),
        (295, "4 min 55 s"),
    ],
)
def test_a_time_is_said_in_whole_seconds(seconds: float, said: str) -> None:
    assert spoken(seconds) == said
