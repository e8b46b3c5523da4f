"""What a panel sends to its page, counted: a tick sends the bars alone, and the n-th poll no more than the second."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import comm
import ipywidgets
import pytest

from auth0_mfa_lab.polling import PollRun
from auth0_mfa_lab.show import poll as shown_poll
from auth0_mfa_lab.show.panels.poll import PollPanel
from auth0_mfa_lab.wire.exchange import Exchange
from tests.mothers import GRANTED, PENDING, Standing, a_run, a_sandbox_clock

POLLS = 150
NAME = len('"IPY_MODEL_01234567890123456789012345678901", ')


class Wire:
    """All messages to the front end, with their sizes in bytes of JSON."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[dict[str, Any]] = []
        wire = self

        class Noted(comm.DummyComm):
            def publish_msg(
                self,
                msg_type: str,
                data: dict[str, Any] | None = None,
                metadata: dict[str, Any] | None = None,
                buffers: list[bytes] | None = None,
                **keys: Any,
            ) -> None:
                wire.sent.append({"kind": msg_type, **(data or {})})

        monkeypatch.setattr(comm, "create_comm", Noted)

    def taken(self) -> list[dict[str, Any]]:
        """Return what was sent since the last time."""
        sent, self.sent = self.sent, []
        return sent


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(monkeypatch)


@pytest.fixture(autouse=True)
def shown_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note the number of each exchange whose HTML is made for a row."""
    made: list[int] = []
    row_html = shown_poll.row_html

    def noted(run: PollRun, exchange: Exchange) -> tuple[str, bool]:
        made.append(exchange.number)
        return row_html(run, exchange)

    monkeypatch.setattr("auth0_mfa_lab.show.panels.poll.row_html", noted)
    return made


def a_panel(*answers: Any) -> PollPanel:
    clock = Standing()
    run = a_run(*answers, clock=clock)
    return PollPanel(run, clock=a_sandbox_clock(clock), mask=str)


def changed(messages: list[dict[str, Any]]) -> list[str]:
    """Return which traits were sent."""
    return sorted(name for message in messages for name in message.get("state", {}))


def test_the_wire_is_seen(wire: Wire) -> None:
    html = ipywidgets.HTML("a")
    assert "value" in changed(wire.taken())
    html.value = "b"
    assert changed(wire.taken()) == ["value"]
    html.value = "b"
    assert wire.taken() == []


def test_a_tick_sends_one_trait_and_the_bars_alone(wire: Wire) -> None:
    panel = a_panel(PENDING)
    for _ in range(40):
        panel.poll_once()
    wire.taken()
    panel._see(panel._now + 1)
    (message,) = wire.taken()
    assert list(message["state"]) == ["value"]
    assert message["state"]["value"] == panel._meters.value
    assert len(json.dumps(message)) < 3_000


def test_a_tick_in_which_nothing_has_changed_sends_nothing(wire: Wire) -> None:
    panel = a_panel(PENDING)
    panel.poll_once()
    wire.taken()
    panel._see(panel._now)
    panel._see(panel._now + 0.001)
    assert wire.taken() == []


def test_the_150th_poll_sends_no_more_than_the_second_and_makes_one_row(wire: Wire, shown_once: list[int]) -> None:
    panel = a_panel(PENDING)
    costs, counts = [], []
    for _ in range(POLLS):
        wire.taken()
        panel.poll_once()
        messages = wire.taken()
        costs.append(len(json.dumps(messages)))
        counts.append(len(messages))
    assert max(counts[1:]) <= counts[0] + 1
    # The same but for the digits of the numbers, and a list of names: an oob_code lives for some 60 polls.
    assert max(costs[:60]) - min(costs[1:]) < 60 * NAME
    assert max(costs) - min(costs[1:]) < POLLS * NAME
    assert shown_once == list(range(1, POLLS + 1))
    assert all(b == a + 1 for a, b in pairwise(shown_once))


def test_every_poll_can_be_opened_in_the_widget() -> None:
    panel = a_panel(*[PENDING] * 40, GRANTED)
    for _ in range(41):
        panel.poll_once()
    values = [each.value for each in widgets(panel) if isinstance(each, ipywidgets.HTML)]
    drawn = [value for value in values if "<details" in value]
    assert len(drawn) == 41
    assert drawn == sorted(drawn, key=lambda value: int(value.split(" · app →")[0].rpartition(">")[2]))
    assert panel.run.exchange
    assert html_of(panel.run.exchange) in panel._answer.value, "the last stands below the others, which scroll"
    for exchange in panel.run.exchanges:
        holders = [value for value in values if html_of(exchange) in value]
        assert len(holders) == 1
        assert ("<details" in holders[0][:10], " open>" in holders[0].split("<summary")[0]) == (
            True,
            exchange is panel.run.exchange,
        )


def html_of(exchange: Exchange) -> str:
    return exchange.show(exchange)[1]


def widgets(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from widgets(child)
