"""The poll's panel as somebody meets it in JupyterLab: its rows and bars, by keyboard, in both themes, at any width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from auth0_mfa_lab.show.html import card
from auth0_mfa_lab.show.poll import PollView
from tests.browser.jupyter import DARK, LIGHT, Jupyter, Notebook, notebook_of, until
from tests.browser.looks import NARROW, TASKS, WIDE, at_width, in_theme, serious, sticks_out, tab_order
from tests.browser.scenes import LIVE_CHALLENGE, PANEL, SANDBOX, button, is_ready, poll_status
from tests.mothers import GRANTED, PENDING, SLOW_DOWN, Standing, a_run

PHONE = 400
"""As narrow as JupyterLab can be: the panel itself is 280 pixels wide."""
POLLS = 'sum(b"mfa-oob" in each.request.body for each in lab.journal)'
THE_PANEL = ".jp-OutputArea-output > .widget-vbox:has(.poll-status)"
OTHER_PANEL = """
again = lab.client.password_grant(username=user.username, password=user.password, audience=lab.audience)
pushed = lab.client.mfa_challenge(mfa_token=again["mfa_token"], challenge_type="oob")
other = lab.poll_panel(mfa_token=again["mfa_token"], oob_code=pushed["oob_code"])
other
"""
MANY = "lab.phone.allow_after(polls=3)\npanel.poll_until_done();"
TOO_FAST = "[panel.poll_once() for _ in range(13)];"
BROKEN = "def broken():\n    raise RuntimeError('it broke')\npanel.run._ask = broken"
NEXT = "lab.clock.advance(5) and None"

_BARS = """panel => [...panel.querySelectorAll('[role=progressbar]')].map(track => {
  const colour = each => getComputedStyle(each).backgroundColor;
  const opaque = each => !each || /rgba\\(.*, 0(\\.\\d+)?\\)/.test(colour(each)) ? opaque(each.parentElement) : each;
  const [fill, whole] = [track.firstElementChild.getBoundingClientRect(), track.getBoundingClientRect()];
  return {
    label: track.getAttribute('aria-label'), now: Number(track.getAttribute('aria-valuenow')),
    said: track.getAttribute('aria-valuetext'), filled: 100 * fill.width / whole.width, width: whole.width,
    height: fill.height, fill: colour(track.firstElementChild), page: colour(opaque(track.parentElement)),
  };
})"""


def opened(page: Page, jupyter: Jupyter, *cells: str) -> Notebook:
    """Open a notebook of these cells and an empty one, and run it."""
    notebook = jupyter.open(page, jupyter.notebook(*cells, ""))
    notebook.run_all()
    return notebook


def rows(within: Page | Locator) -> Locator:
    """Return the rows of a panel: the first line of each fold of its own."""
    return within.locator(".panel-rows .widget-html-content > details > summary")


def bars(panel: Locator) -> list[dict[str, Any]]:
    """Return what stands for each bar, to the eye and to a screen reader."""
    found: list[dict[str, Any]] = panel.evaluate(_BARS)
    return found


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as CSS computes them, 1 to 21."""
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# -- the rows


def test_a_row_opens_its_exchange_and_stays_open_while_the_panel_polls_on(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, SANDBOX, PANEL)
    button(page, "Poll until done").click()
    expect(rows(page)).to_have_count(1)
    expect(page.locator(".panel-rows pre:visible")).to_have_count(0)
    rows(page).first.click()
    exchange = page.locator(".panel-rows pre").first
    expect(exchange).to_contain_text("grant_type=http://auth0.com/oauth/grant-type/mfa-oob")
    expect(exchange).to_contain_text("<oob_code 1>")
    for count in (2, 3):
        notebook.ask(NEXT)
        expect(rows(page)).to_have_count(count)
    expect(exchange).to_be_visible()
    expect(rows(page).last).to_have_text(re.compile(r"^1[0-9] s · 400 authorization_pending · not answered yet$"))
    expect(page.locator(".panel-rows details details[open] pre:visible")).to_have_count(2)


def test_a_row_is_opened_by_keyboard_and_jupyterlab_takes_no_key_of_it(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, SANDBOX, PANEL, TOO_FAST)
    before = notebook.cells
    rows(page).nth(1).focus()
    visible = page.locator(".panel-rows pre:visible")
    for key in ("Enter", "Space"):
        page.keyboard.press(key)
        expect(visible).to_have_count(2)
        expect(rows(page).nth(1)).to_be_focused()
        page.keyboard.press(key)
        expect(visible).to_have_count(0)
    page.keyboard.press("Tab")
    expect(rows(page).nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # the exchange's own fold, which is open
    page.keyboard.press("Enter")
    expect(visible).to_have_count(0)
    # These two would cut a cell and make one, if JupyterLab took them; so would they at the row.
    for _ in range(2):
        page.keyboard.press("x")
        page.keyboard.press("b")
        page.keyboard.press("Shift+Tab")
    assert notebook.cells == before
    expect(visible).to_have_count(0)


def test_the_newest_of_many_rows_is_in_sight(page: Page, jupyter: Jupyter) -> None:
    opened(page, jupyter, SANDBOX, PANEL, "[panel.poll_once() for _ in range(40)];")
    expect(rows(page)).to_have_count(40)
    box = page.locator(".panel-rows").bounding_box()
    last = rows(page).last.bounding_box()
    assert box is not None
    assert last is not None
    assert box["height"] <= 400
    assert box["y"] <= last["y"] < last["y"] + last["height"] <= box["y"] + box["height"]


def test_the_answer_that_ends_the_poll_stands_open_below_its_rows(page: Page, jupyter: Jupyter) -> None:
    opened(page, jupyter, SANDBOX, PANEL, MANY)
    expect(rows(page)).to_have_count(3)
    answer = page.locator(".poll-answer")
    expect(answer.locator("pre").first).to_be_visible()
    expect(answer).to_contain_text("15 s · 200 OK · granted")
    expect(page.locator(".poll-next")).to_contain_text("refresh_token")
    expect(page.locator(".poll-next")).to_contain_text("lab.client.refresh_token_grant gets new tokens for it")


# -- running, stopping, running again


def test_stop_leaves_nothing_running_and_nothing_asks_any_more(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, SANDBOX, PANEL)
    button(page, "Poll until done").click()
    expect(poll_status(page)).to_contain_text("1 poll ·")
    assert "panel" in notebook.ask(TASKS)
    button(page, "Stop").click()
    expect(poll_status(page)).to_contain_text("stopped")
    expect(page.locator(".poll-next")).to_contain_text("Poll once or Poll until done goes on.")
    assert notebook.ask(f"[{TASKS}, {POLLS}]") == [[], 1]
    notebook.ask("lab.clock.advance(100) and None")
    assert notebook.ask(f"[{TASKS}, {POLLS}]") == [[], 1]


def test_two_panels_poll_at_once_and_one_of_them_is_stopped(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, SANDBOX, PANEL, OTHER_PANEL)
    first, second = (notebook.cell(index) for index in (1, 2))
    for cell in (first, second):
        cell.get_by_role("button", name="Poll until done").click()
        expect(cell.get_by_role("status")).to_contain_text("1 poll ·")
    first.get_by_role("button", name="Stop").click()
    expect(first.get_by_role("status")).to_contain_text("stopped · 1 poll")
    notebook.ask(NEXT)
    expect(second.get_by_role("status")).to_contain_text("pending · 2 polls")
    assert notebook.ask("[panel.run.poll.polls, other.run.poll.polls]") == [1, 2]
    second.get_by_role("button", name="Stop").click()
    expect(second.get_by_role("status")).to_contain_text("stopped · 2 polls")
    assert notebook.ask(TASKS) == []


def test_running_all_cells_twice_during_a_poll_leaves_one_new_panel_and_no_task(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, SANDBOX, PANEL)
    button(page, "Poll until done").click()
    expect(poll_status(page)).to_contain_text("1 poll ·")
    notebook.run_all()
    expect(poll_status(page)).to_contain_text("not asked yet")
    expect(page.locator(".poll-status")).to_have_count(1)
    assert notebook.ask(f"[{TASKS}, {POLLS}]") == [[], 0]
    button(page, "Poll once").click()
    expect(poll_status(page)).to_contain_text("1 poll ·")


def test_after_a_restart_during_a_poll_nothing_runs_and_the_cells_run_anew(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, SANDBOX, PANEL)
    button(page, "Poll until done").click()
    expect(poll_status(page)).to_contain_text("1 poll ·")
    notebook.restart()
    assert notebook.ask("[name for name in ('panel', 'lab') if name in globals()]") == []
    assert notebook.ask(TASKS) == []
    notebook.run(0)
    notebook.run(1)
    expect(poll_status(page)).to_contain_text("not asked yet")
    assert notebook.ask(POLLS) == 0


def test_a_tenant_that_answers_late_stops_neither_the_clock_nor_the_other_cells(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, LIVE_CHALLENGE, PANEL)
    button(page, "Poll until done").click()
    expect(page.locator(".poll-meters")).to_contain_text("asked, no answer yet")
    left = page.locator(".poll-meters").get_by_role("progressbar", name="oob_code")
    before = left.get_attribute("aria-valuetext")
    assert before
    expect(left).not_to_have_attribute("aria-valuetext", before)  # ten seconds, or one: it goes on
    assert notebook.ask("[1 + 1, gate.answered]") == [2, 0]
    button(page, "Stop").click()
    expect(poll_status(page)).to_contain_text("stopped")
    expect(page.locator(".poll-next")).to_contain_text("The last request is under way still")
    notebook.ask("gate.opened.set()")
    is_ready(page, "Poll once")
    assert notebook.ask(TASKS) == []


def test_the_card_of_a_failure_stands_with_its_panel_and_says_what_to_do(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, SANDBOX, PANEL, BROKEN)
    button(page, "Poll until done").click()
    card = notebook.cell(1).get_by_role("alert")
    expect(card).to_contain_text("This did not work. RuntimeError: it broke")
    expect(card).to_contain_text("What to do: press the button again.")
    is_ready(page, "Poll once")
    assert notebook.ask(TASKS) == []


# -- the looks


def test_the_keyboard_goes_from_button_to_button_to_row(page: Page, jupyter: Jupyter) -> None:
    opened(page, jupyter, SANDBOX, PANEL, "[panel.poll_once() for _ in range(2)];")
    button(page, "Poll once").focus()
    row = "0 s · 400 authorization_pending · not answered yet"
    assert tab_order(page, 3) == ["Poll until done", row, row]  # Stop may not be pressed: it is passed by
    button(page, "Poll until done").focus()
    page.keyboard.press("Space")
    expect(button(page, "Stop")).to_be_enabled()
    until(lambda: tab_order(page, 1) == ["Stop"], "Tab reaches Stop", page)
    page.keyboard.press("Space")
    expect(poll_status(page)).to_contain_text("stopped")


def test_each_bar_says_to_the_ear_what_it_says_to_the_eye(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, SANDBOX, PANEL, f"{TOO_FAST}\nlab.clock.advance(60); panel.stop()")
    notebook.ask("panel.poll_once() and None")
    panel = page.locator(THE_PANEL)
    found = {each["label"]: each for each in bars(panel)}
    assert {label: each["said"] for label, each in found.items()} == {
        "next poll": "in 10 s",
        "oob_code": "4 min 0 s left · ends first",
        "mfa_token": "9 min 0 s left",
    }
    assert [found[label]["now"] for label in ("next poll", "oob_code", "mfa_token")] == [0, 80, 90]
    for each in found.values():
        assert each["filled"] == pytest.approx(each["now"], abs=2)
        expect(panel).to_contain_text(each["said"])
    expect(panel).to_contain_text("Interval: 5 s → 10 s: Auth0 asked to poll more slowly (slow_down)")


def states(jupyter: Jupyter, page: Page) -> Iterator[Locator]:
    """Yield the panel as it polls too fast, with the card of a failure, and with the tokens."""
    notebook = opened(page, jupyter, SANDBOX, PANEL, TOO_FAST, BROKEN, "")
    rows(page).first.click()
    button(page, "Poll once").click()
    expect(notebook.cell(1).get_by_role("alert")).to_be_visible()
    yield page.locator(THE_PANEL).first
    notebook.ask(
        "delattr(panel.run, '_ask') or panel.run.__dict__.update(_ask=lambda: lab.client.mfa_oob_grant("
        "mfa_token=login['mfa_token'], oob_code=challenge['oob_code'])) or lab.phone.allow() and None"
    )
    notebook.ask("lab.clock.advance(20) and panel.poll_once() and None")
    expect(poll_status(page)).to_contain_text("granted")
    yield page.locator(THE_PANEL).first


def test_it_reads_in_both_themes_narrow_and_wide(page: Page, jupyter: Jupyter) -> None:
    notebook: Notebook | None = None
    for panel in states(jupyter, page):
        notebook = notebook or Notebook(page, jupyter, "")
        for theme in (LIGHT, DARK):
            with in_theme(notebook, theme):
                for width in (PHONE, NARROW, WIDE):
                    with at_width(notebook, width):
                        assert sticks_out(panel) == [], (theme, width)
                        assert serious(page, THE_PANEL) == [], (theme, width)
                        for bar in bars(panel):
                            assert contrast(bar["fill"], bar["page"]) >= 3, (theme, bar)
                            assert (bar["height"] >= 6, bar["width"] >= 100) == (True, True), (width, bar)


def test_bars_stand_below_each_other_and_begin_in_one_line(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, SANDBOX, PANEL)
    for width in (WIDE, NARROW, PHONE):
        with at_width(notebook, width):
            boxes = [each.bounding_box() for each in page.locator(THE_PANEL).get_by_role("progressbar").all()]
            assert len(boxes) == 3
            lefts, tops = ([box[side] for box in boxes if box] for side in ("x", "y"))
            assert max(lefts) - min(lefts) < 1
            assert all(below - above >= 16 for above, below in pairwise(tops))


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_page_without_widgets_reads_in_a_notebook_that_nobody_trusts(
    page: Page, jupyter: Jupyter, theme: str
) -> None:
    pending = a_run(SLOW_DOWN)
    pending.once()
    clock = Standing()
    granted = a_run(PENDING, PENDING, GRANTED, clock=clock).until_done(clock.advance)
    html = "".join(PollView.of(run, run.now() + 5).html(run) for run in (pending, granted))
    html += card("No.", "It broke.", mark="✗", tone="bad")
    content: dict[str, Any] = notebook_of(["panel"])
    data = {"text/html": html, "text/plain": "PollPanel"}
    output = {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": data}
    content["cells"][0] |= {"outputs": [output], "execution_count": 1}
    name = f"untrusted-{theme.split()[-1]}.ipynb"
    jupyter.add(name, content)
    notebook = jupyter.open(page, name)
    shown = notebook.cell(0).locator(".jp-RenderedHTMLCommon").last
    with in_theme(notebook, theme):
        expect(shown).to_contain_text("Auth0 asked to poll more slowly (slow_down)")
        assert not page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[0].model.trusted")
        shown.get_by_text("0 s to 5 s · 400 authorization_pending · not answered yet (2 times)").click()
        shown.get_by_text("5 s · 400 authorization_pending · not answered yet", exact=True).click()
        expect(shown.locator("pre:visible").first).to_contain_text("POST /oauth/token")
        filled = [round(each["filled"], -1) for each in bars_without_roles(shown)]
        assert filled == [50, 100, 100]
        assert serious(page, ".jp-RenderedHTMLCommon") == []


def bars_without_roles(shown: Locator) -> list[dict[str, float]]:
    """Return how far each bar is filled, also where a sanitiser has taken its role away."""
    found: list[dict[str, float]] = shown.evaluate(
        """shown => [...shown.querySelectorAll('div')].filter(each => each.style.overflow === 'hidden').map(track => (
        {filled: 100 * track.firstElementChild.getBoundingClientRect().width / track.getBoundingClientRect().width}))"""
    )
    return found
