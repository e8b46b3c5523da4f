"""The panels on a served sandbox: the lab's own phone; a wall clock; a server that goes."""

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
from tests.flows.flows import challenged, log_in
from tests.serve.test_served_lab import settings_of


def phone_panel(lab: Lab) -> PhonePanel:
    panel = lab.phone_panel()
    assert isinstance(panel, PhonePanel)
    return panel


def test_the_phones_panel_follows_a_wall_clock_in_three_calls_and_shows_the_labs_own_phone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, calls, works = [1_800_000_000.0], list[str](), Remote.__call__

    def counted(self: Remote, operation: str, /, **arguments: Any) -> Any:
        calls.append(operation)
        return works(self, operation, **arguments)

    monkeypatch.setattr(Remote, "__call__", counted)
    with Server(Sandbox(clock=WallClock(lambda: at[0])), tls=False) as server:
        somebody = Lab.served(settings_of(server, tmp_path))
        for _ in range(2):
            challenged(somebody, log_in(somebody, somebody.user(factors=["push"])))
        somebody.client.passwordless_start(connection="sms", phone_number="+15550142", send="code")
        panel, said = phone_panel(somebody), len(somebody.journal)
        assert repr(panel).endswith("2 accounts · 2 pushes wait · 2 codes · 1 message")
        for passes, left in ((0, ["5 min 0 s"] * 2 + ["30 s"] * 2), (31, ["4 min 29 s"] * 2 + ["29 s"] * 2)):
            at[0] += passes
            calls.clear()
            asyncio.run(panel._tick())
            assert (sorted(calls), len(somebody.journal)) == (["clock", "messages", "pushes"], said)
            assert re.findall(r'aria-valuetext="([^"]+)"', panel.static_html()) == left
        assert repr(panel.card.codes[0].code) == "not read yet"
        at[0] += 269
        asyncio.run(panel._tick())
        assert panel.card.pushes == ()
        lab = Lab.served(settings_of(server, tmp_path))
        assert repr(phone_panel(lab)).endswith("0 accounts · 0 pushes wait · 0 codes · 0 messages")


def test_a_server_that_goes_is_said_and_no_request_is_on_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "TICK_SECONDS", 0.0)
    (server := Server(Sandbox(seed=1), tls=False)).start()
    lab = Lab.served(settings_of(server, tmp_path))
    challenged(lab, log_in(lab, lab.user(factors=["push"])))
    screen = lab._screen
    assert screen is not None
    threads, see = set[int](), screen.look

    def look(learns: bool) -> PhoneView:
        if not learns:
            threads.add(threading.get_ident())
        return see(learns)

    monkeypatch.setattr(screen, "look", look)

    async def story() -> None:
        panel = phone_panel(lab)
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

    asyncio.run(story())
