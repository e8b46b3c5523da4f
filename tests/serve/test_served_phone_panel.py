"""The phone's panel on a served sandbox: its own phone and messages, its clock, and a server that goes."""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from auth0_mfa_lab import Lab
from auth0_mfa_lab.errors import NoServer
from auth0_mfa_lab.sandbox import Sandbox, WallClock
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.show.panels import panel as panels
from auth0_mfa_lab.show.panels.phone import PhonePanel
from auth0_mfa_lab.show.phone import PhoneView
from auth0_mfa_lab.tenants.operations import Remote
from auth0_mfa_lab.tenants.users import User
from tests.serve.test_served_lab import settings_of


def panel_of(lab: Lab) -> PhonePanel:
    panel = lab.phone_panel()
    assert isinstance(panel, PhonePanel)
    return panel


def left(panel: PhonePanel) -> list[str]:
    """Return what the panel's bars say in words."""
    return re.findall(r'aria-valuetext="([^"]+)"', panel.static_html())


def push_to(lab: Lab, user: User) -> None:
    login = lab.client.password_grant(username=user.username, password=user.password)
    lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")


def test_the_time_of_a_wall_clock_passes_by_itself(tmp_path: Path) -> None:
    at = [1_800_000_000.0]
    with Server(Sandbox(clock=WallClock(lambda: at[0]))) as server:
        lab = Lab.served(settings_of(server, tmp_path))
        push_to(lab, lab.user(factors=["push"]))
        panel = panel_of(lab)
        assert left(panel) == ["5 min 0 s", "30 s"]
        at[0] += 31
        asyncio.run(panel._tick())
        assert left(panel) == ["4 min 29 s", "29 s"]
        assert repr(panel.card.codes[0].code) == "not read yet"
        at[0] += 269
        asyncio.run(panel._tick())
        assert panel.card.pushes == ()


def test_a_lab_sees_its_own_phone_and_what_was_sent_since_it_was_opened(tmp_path: Path) -> None:
    at = [1_800_000_000.0]
    with Server(Sandbox(clock=WallClock(lambda: at[0]))) as server:
        somebody = Lab.served(settings_of(server, tmp_path))
        push_to(somebody, somebody.user(factors=["push"]))
        somebody.client.passwordless_start(connection="sms", phone_number="+15550142", send="code")
        at[0] += 1
        lab = Lab.served(settings_of(server, tmp_path))
        assert repr(panel_of(lab)).endswith("0 accounts · 0 pushes wait · 0 codes · 0 messages")
        lab.client.passwordless_start(connection="sms", phone_number="+15550143", send="code")
        assert [each.whose for each in panel_of(lab).card.messages] == ["the SMS to +15550143"]
        assert repr(panel_of(somebody)).endswith("1 account · 1 push waits · 1 code · 2 messages")


def test_a_look_costs_three_calls_however_much_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(Sandbox(seed=1)) as server:
        lab = Lab.served(settings_of(server, tmp_path))
        for _ in range(3):
            push_to(lab, lab.user(factors=["push"]))
        panel = panel_of(lab)
        calls: list[str] = []
        works = Remote.__call__

        def counted(self: Remote, operation: str, /, **arguments: Any) -> Any:
            calls.append(operation)
            return works(self, operation, **arguments)

        monkeypatch.setattr(Remote, "__call__", counted)
        said = len(lab.journal)
        asyncio.run(panel._tick())
        assert sorted(calls) == ["clock", "messages", "pushes"]
        assert len(lab.journal) == said
        assert len(panel.card.pushes) == 3


def test_a_server_that_goes_is_said_in_a_card_and_no_request_is_made_on_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "TICK_SECONDS", 0.0)
    server = Server(Sandbox(seed=1))
    server.start()
    lab = Lab.served(settings_of(server, tmp_path))
    push_to(lab, lab.user(factors=["push"]))
    screen = lab._screen
    assert screen is not None
    threads: set[int] = set()
    see = screen.look

    def look(learns: bool) -> PhoneView:
        if not learns:
            threads.add(threading.get_ident())
        return see(learns)

    monkeypatch.setattr(screen, "look", look)

    async def story() -> None:
        panel = panel_of(lab)
        panel._presence._handle_custom_msg({"kind": "ready"}, [])
        server.stop()
        async with asyncio.timeout(60):
            while not panel._failure.value:
                await asyncio.sleep(0.01)
        assert "No served sandbox answers" in panel._failure.value
        assert server.token not in panel._failure.value
        assert isinstance(panel.last_error, NoServer)
        assert threads
        assert threading.get_ident() not in threads
        panel.end()
        row = next(row for row in panel._rows.values() if row.reason)
        row.buttons[0].click()
        await panel.done()
        assert "This did not work." in panel._failure.value
        assert row.buttons[0].look == "ready"

    asyncio.run(story())
