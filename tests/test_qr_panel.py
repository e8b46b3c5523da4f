"""The QR's panel without a front end: its methods, its buttons, its time, and that a live QR is in no state of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from types import SimpleNamespace
from typing import Any

import ipywidgets
import pytest

from auth0_mfa_lab import Exchange, Lab, LabError
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.show.panels import panel as panels
from auth0_mfa_lab.show.panels.qr import QrPanel
from auth0_mfa_lab.show.qr import Barcode
from auth0_mfa_lab.show.sentences import Sentence
from tests.mothers import NOW, a_live_lab, a_real_clock, an_exchange
from tests.mothers import Standing as StandingClock
from tests.qr_pictures import drawn, svgs_in, texts_in

TICKET = "Qm4T9vX2kLr7Zp0sHc3NwYb8EdJa6UfG"  # auth0-mfa-lab: allow
URI = f"otpauth://totp/tenant:jane?enrollment_tx_id={TICKET}&base_url=https%3A%2F%2Ftenant.example"
SHOWN = URI.replace(TICKET, "<enrollment_tx_id 1>")
TEN_SECONDS = 10.0
READY = {"content": {"data": {"method": "custom", "content": {"kind": "ready"}}}, "buffers": []}
"""What a page says when it shows a place."""


@pytest.fixture(autouse=True)
def no_real_second_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a panel look at its clock again at once."""
    monkeypatch.setattr(panels, "TICK_SECONDS", 0.001)


def mask(text: str) -> str:
    return text.replace(TICKET, "<enrollment_tx_id 1>").replace("hunter-number-two", "<password 1>")


def enrolled(status: int = 201) -> Exchange:
    return an_exchange(status, json={"id": "dev_1"}, speaker="phone")


def a_panel(clock: StandingClock | None = None, *, saved: bool = True, **changes: Any) -> QrPanel:
    """Return a panel: by default the sandbox's, whose picture may be saved; else a live one."""
    arguments = {
        "barcode": Barcode.of(URI, mask, is_live=not saved),
        "received_at": NOW,
        "now": (clock or StandingClock()).now,
        "mask": mask,
        "scan": enrolled,
        "phone": "the sandbox's phone" if saved else None,
        "may_be_saved": saved,
        "journal": (),
    }
    return QrPanel(URI, **{**arguments, **changes})


def state_of(panel: ipywidgets.Widget) -> str:
    """Return all that the widgets of a panel hold, as a front end or a saved notebook would get it."""
    inner = getattr(panel, "children", ())
    return "\n".join([str(panel.get_state()), *(state_of(child) for child in inner)])


def off(panel: QrPanel) -> tuple[bool, bool, bool]:
    return panel.show_button.look == "off", panel.hide_button.look == "off", panel.scan_button.look == "off"


def names_of_buttons(panel: ipywidgets.Widget) -> list[str]:
    found = [panel.description] if isinstance(panel, ipywidgets.Button) else []
    return found + [name for child in getattr(panel, "children", ()) for name in names_of_buttons(child)]


class Sent:
    """What a panel sends to its picture in the browser."""

    def __init__(self, panel: QrPanel, monkeypatch: pytest.MonkeyPatch) -> None:
        self.messages: list[dict[str, Any]] = []
        self.pictures: list[str] = []
        self._panel = panel
        monkeypatch.setattr(
            "anywidget.AnyWidget.send", lambda _, *sent, **more: self.send(*sent, **more), raising=False
        )

    def send(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        assert content["kind"] == "show"
        self.messages.append(content)
        self.pictures += [each.decode() for each in buffers or []]

    def on_a_page(self) -> None:
        """Say what the picture's place says once it is on a page."""
        for each in self._panel._place.children:
            each._handle_msg(READY)

    @property
    def seconds(self) -> list[float]:
        return [each["seconds"] for each in self.messages]

    @property
    def is_drawn(self) -> bool:
        return bool(self._panel._place.children)


def in_a_loop(story: Callable[[], Any]) -> None:
    """Run a test's story in a loop; no task is left when it ends, and nothing fails unheard."""
    unheard: list[dict[str, Any]] = []

    async def told() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
        await story()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(told())
    assert unheard == []


async def until(true: Callable[[], bool]) -> None:
    """Let the loop go on until something is true; AssertionError after ten seconds."""

    async def looks() -> None:
        while not true():
            await asyncio.sleep(0)

    await asyncio.wait_for(looks(), TEN_SECONDS)


# -- in the sandbox


def test_in_the_sandbox_the_picture_is_there_at_once_and_its_twin_can_be_scanned() -> None:
    panel = a_panel()
    assert repr(panel) == f"QrPanel · shown: scan it with the sandbox's phone · 5 min 0 s left to scan · {SHOWN}"
    bundle = panel._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    (svg,) = svgs_in(bundle["text/html"])
    assert texts_in(drawn(svg)) == [URI]
    assert svgs_in(panel._instead.value) == [svg]
    for drops in ("var(", "<style", " id=", "<svg", "onclick"):  # what an untrusted notebook drops
        assert drops not in panel.static_html()
    assert bundle["text/plain"] == repr(panel)


def test_its_text_table_and_state_have_the_ticket_under_its_alias() -> None:
    panel = a_panel()
    for text in (repr(panel), panel.static_html(), state_of(panel), str(vars(panel))):
        assert TICKET not in text
    assert "<enrollment_tx_id 1>" in unescape(panel.static_html())


def test_hide_and_show_take_the_picture_off_and_bring_it_back() -> None:
    panel = a_panel()
    assert off(panel) == (True, False, False)
    panel.hide_button.click()
    assert svgs_in(panel.static_html()) == svgs_in(state_of(panel)) == []
    assert "The QR is hidden." in panel._instead.value
    assert off(panel) == (False, True, False)
    panel.show_button.click()
    assert len(svgs_in(panel.static_html())) == 1
    assert off(panel) == (True, False, False)


def test_after_five_minutes_of_the_labs_time_a_sentence_stands_in_the_pictures_place() -> None:
    clock = StandingClock()
    panel = a_panel(clock)
    clock.advance(299)
    panel.refresh()
    assert "1 s left to scan" in repr(panel)
    assert len(svgs_in(panel.static_html())) == 1
    clock.advance(1)
    panel.refresh()
    assert repr(panel) == f"QrPanel · expired: enroll again · {SHOWN}"
    assert svgs_in(panel.static_html()) == svgs_in(state_of(panel)) == []
    assert "Expired: enroll again." in panel._instead.value
    assert off(panel) == (True, True, True)
    panel.show()
    assert svgs_in(state_of(panel)) == []


def test_a_scan_enrolls_the_phone_and_spends_the_ticket() -> None:
    panel = a_panel()
    exchange = panel.scan()
    assert isinstance(exchange, Exchange)
    assert repr(panel) == f"QrPanel · scanned: the phone is enrolled (exchange 1) · {SHOWN}"
    assert "Scanned: this ticket is spent." in panel.static_html()
    assert svgs_in(panel.static_html()) == []
    assert off(panel) == (True, True, True)


def test_the_scan_button_does_what_the_method_does() -> None:
    panel = a_panel()
    panel.scan_button.click()
    assert panel.card.state == "scanned"
    assert names_of_buttons(panel) == ["Show", "Hide", "Scan with the sandbox's phone"]


def test_a_refused_scan_says_so_and_leaves_the_button() -> None:
    panel = a_panel(scan=lambda: enrolled(404))
    panel.scan()
    assert "refused: 404 Not Found (exchange 1): enroll again for another ticket" in repr(panel)
    assert off(panel) == (True, False, False)


def test_a_secret_stays_good_after_a_scan() -> None:
    uri = "otpauth://totp/a:b?secret=MFRGGZDFMZTWQ2LK"  # auth0-mfa-lab: allow
    panel = a_panel(barcode=Barcode.of(uri, mask), scan=lambda: Sentence("The phone has scanned the secret."))
    panel.scan()
    assert "scanned: the phone shows codes" in repr(panel)
    assert len(svgs_in(panel.static_html())) == 1
    assert off(panel) == (True, False, True)


def test_a_scan_in_another_cell_is_seen_with_the_next_look() -> None:
    lab = Lab.sandbox()
    user = lab.user(factors=[])
    login = lab.client.password_grant(username=user.username, password=user.password)
    enrollment = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    panel = lab.qr_panel(enrollment["barcode_uri"])
    panel.refresh()
    assert panel.card.state == "shown"
    lab.phone.scan(enrollment["barcode_uri"])
    panel.refresh()
    assert "scanned: the phone is enrolled (exchange 3)" in repr(panel)
    assert panel.scan_button.look == "off"


def test_a_widget_is_told_only_of_what_has_changed() -> None:
    clock = StandingClock()
    panel = a_panel(clock)
    changed: list[str] = []
    for name in ("_status", "_time", "_instead"):
        getattr(panel, name).observe(lambda _, name=name: changed.append(name), "value")
    panel.refresh()
    assert changed == []
    clock.advance(1)
    panel.refresh()
    assert changed == ["_time"]


# -- the lab's verb


def test_the_sandboxs_phone_scans_what_the_labs_panel_shows_and_the_journal_has_it() -> None:
    lab = Lab.sandbox()
    user = lab.user(factors=[])
    login = lab.client.password_grant(username=user.username, password=user.password)
    enrollment = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    panel = lab.qr_panel(enrollment["barcode_uri"])
    panel.scan_button.click()
    assert lab.journal[-1].speaker == "phone"
    assert lab.journal[-1].status == 201
    assert f"(exchange {lab.journal[-1].number})" in repr(panel)
    assert all(each["active"] for each in lab.client.mfa_authenticators(login["mfa_token"]).json)


def test_the_time_counts_from_the_exchange_that_brought_the_ticket() -> None:
    lab = Lab.sandbox()
    user = lab.user(factors=[])
    login = lab.client.password_grant(username=user.username, password=user.password)
    enrollment = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    lab.clock.advance(100)
    panel = lab.qr_panel(enrollment["barcode_uri"])
    assert "3 min 20 s left" in repr(panel)
    lab.clock.advance(200)
    panel.refresh()
    assert "expired: enroll again" in repr(panel)
    refusal = panel.scan()
    assert isinstance(refusal, Exchange)
    assert refusal.status == 404
    assert "expired: enroll again" in repr(panel)


@pytest.mark.parametrize("people", [False, True])
def test_a_uri_from_elsewhere_gets_its_aliases_before_it_is_shown(people: bool) -> None:
    lab = a_live_lab(Sandbox(domain="tenant.example")) if people else Lab.sandbox()
    uri = URI.replace("jane", "jane.roe%40example.com")
    for value in (lab.qr_panel(uri), lab.qr(uri)):
        text = repr(value) + (value.static_html() + state_of(value) if isinstance(value, QrPanel) else "")
        assert TICKET not in text
        assert ("jane.roe" in text) is not people


@pytest.mark.parametrize("wrong", ["nonsense", None, 7, "otpauth://totp/a:b?issuer=c"])
def test_what_is_no_enrollment_is_a_sentence(wrong: Any) -> None:
    with pytest.raises(LabError, match=r"enrollment\['barcode_uri'\]"):
        Lab.sandbox().qr_panel(wrong)


@pytest.mark.parametrize(
    ("tenant", "domain", "is_saved"),
    [
        ("sandbox", "sandbox.example", True),
        ("served", "localhost:8443", True),
        ("served", "127.0.0.1:8443", True),
        ("served", "[::1]:8443", True),
        ("served", "ci.example.com:8443", False),
        ("sandbox", "ci.example.com:8443", False),
        ("live", "tenant.example", False),
        ("live", "localhost:8443", False),
    ],
)
def test_a_picture_is_saved_only_where_a_finder_can_do_nothing_with_it(
    tenant: Any, domain: str, is_saved: bool
) -> None:
    lab = Lab.sandbox()
    lab.settings, lab.domain = replace(lab.settings, tenant=tenant), domain
    panel = lab.qr_panel(URI)
    assert (len(svgs_in(panel.static_html() + state_of(panel))) > 0) is is_saved
    assert isinstance(lab.qr(URI), QrPanel) is not is_saved
    assert ("Scan with the sandbox's phone" in names_of_buttons(panel)) is (tenant != "live")


# -- on a live tenant


def test_a_live_qr_is_hidden_until_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = a_panel(saved=False)
    sent = Sent(panel, monkeypatch)
    assert repr(panel) == f"QrPanel · hidden: press Show to draw it · 5 min 0 s left to scan · {SHOWN}"
    assert not sent.is_drawn
    panel.show_button.click()
    sent.on_a_page()
    assert sent.seconds == [300]
    assert sent.messages[0]["over"] == "Expired: enroll again."
    assert [texts_in(drawn(svg)) for svg in sent.pictures] == [[URI]]
    assert "shown: scan it with the Guardian app" in repr(panel)
    panel.hide_button.click()
    assert not sent.is_drawn
    assert "hidden" in repr(panel)


def test_no_state_text_or_twin_of_a_live_panel_ever_has_the_picture_or_its_ticket() -> None:
    panel = a_panel(saved=False)
    seen = []
    for act in (panel.refresh, panel.show, panel.refresh, panel.hide, panel.show):
        act()
        seen += [state_of(panel), repr(panel), str(panel._repr_mimebundle_())]
    for text in seen:
        assert TICKET not in text
        assert svgs_in(text) == []
        assert "data:image" not in text
        assert "<svg" not in text


def test_a_live_qr_stays_for_what_is_left_of_its_time_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StandingClock()
    panel = a_panel(clock, saved=False)
    sent = Sent(panel, monkeypatch)
    clock.advance(240)
    panel.show()
    sent.on_a_page()
    assert sent.seconds == [60]
    clock.advance(60)
    panel.refresh()
    assert not sent.is_drawn
    assert "expired: enroll again" in repr(panel)
    panel.show_button.click()
    assert not sent.is_drawn, "an expired QR is not drawn again"


def test_a_place_that_comes_onto_a_page_is_sent_what_is_shown_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StandingClock()
    panel = a_panel(clock, saved=False)
    sent = Sent(panel, monkeypatch)
    sent.on_a_page()
    panel.show()
    assert sent.messages == []
    sent.on_a_page()
    clock.advance(100)
    sent.on_a_page()
    assert sent.seconds == [300, 200]
    panel.hide()
    sent.on_a_page()
    assert len(sent.messages) == 2


def test_a_live_secret_is_on_the_page_for_five_minutes_and_can_be_shown_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StandingClock()
    uri = "otpauth://totp/a:b?secret=MFRGGZDFMZTWQ2LK"  # auth0-mfa-lab: allow
    panel = a_panel(clock, saved=False, barcode=Barcode.of(uri, mask, is_live=True))
    sent = Sent(panel, monkeypatch)
    panel.show()
    sent.on_a_page()
    assert (sent.messages[0]["seconds"], sent.messages[0]["over"]) == (300, "The QR is hidden.")
    clock.advance(300)
    panel.refresh()
    assert "hidden: press Show" in repr(panel)
    assert not sent.is_drawn
    panel.show()
    sent.on_a_page()
    assert sent.seconds == [300, 300]


def test_on_a_live_tenant_there_is_no_phone_to_scan_with_and_the_method_says_what_to_do() -> None:
    panel = a_panel(saved=False, scan=lambda: Sentence("On your phone: add an account."))
    assert names_of_buttons(panel) == ["Show", "Hide"]
    assert repr(panel.scan()) == "On your phone: add an account."
    assert "hidden" in repr(panel)


def test_a_virtual_phone_at_a_live_tenant_scans_and_the_picture_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = a_panel(saved=False, phone="the virtual phone")
    sent = Sent(panel, monkeypatch)
    panel.show()
    panel.scan_button.click()
    assert names_of_buttons(panel) == ["Show", "Hide", "Scan with the virtual phone"]
    assert "scanned: the phone is enrolled" in repr(panel)
    assert not sent.is_drawn


def test_the_labs_live_panel_names_nobody() -> None:
    box = Sandbox(domain="tenant.example")
    user = box.add_user(factors=[])
    lab = a_live_lab(box)
    lab.clock = a_real_clock(box)
    lab.journal.now = lab.clock.now
    login = lab.client.password_grant(username=user.username, password=user.password)
    uri = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["otp"])["barcode_uri"]
    panel = lab.qr_panel(uri)
    panel.show()
    for text in (repr(panel), panel.static_html(), state_of(panel)):
        assert user.username not in text
        assert "<username" in unescape(text)
        assert "<secret 1>" in unescape(text)


# -- in a loop


def on_a_page(panel: QrPanel) -> QrPanel:
    panel._presence._handle_msg(READY)
    return panel


def test_on_a_page_its_time_goes_by_itself_until_it_is_over() -> None:
    async def story() -> None:
        clock = StandingClock()
        panel = on_a_page(a_panel(clock))
        clock.advance(120)
        await until(lambda: "3 min 0 s left" in repr(panel))
        clock.advance(180)
        await until(lambda: "expired" in repr(panel))
        await until(lambda: panel._ticker is not None and panel._ticker.done())

    in_a_loop(story)


def test_the_time_is_read_on_a_thread_of_its_own() -> None:
    async def story() -> None:
        threads: set[int] = set()

        def now() -> float:
            threads.add(threading.get_ident())
            return NOW

        panel = on_a_page(a_panel(now=now))
        threads.clear()
        await until(lambda: len(threads) > 0)
        assert threading.get_ident() not in threads
        await ended(panel)

    in_a_loop(story)


async def ended(panel: QrPanel) -> None:
    """Close a panel, and wait until nothing of it is left on the loop."""
    panel.close()
    await until(lambda: panel._ticker is not None and panel._ticker.done())


def test_it_looks_no_more_when_its_own_cell_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers: list[Callable[[Any], None]] = []
    events = SimpleNamespace(register=lambda _, each: handlers.append(each), unregister=lambda *_: handlers.clear())
    shell = SimpleNamespace(events=events, get_parent=lambda: {"metadata": {"cellId": "cell-1"}})
    monkeypatch.setattr(panels, "get_ipython", lambda: shell)

    async def story() -> None:
        panel = on_a_page(a_panel())
        handlers[0](SimpleNamespace(cell_id="cell-2"))
        await asyncio.sleep(0)
        assert panel._ticker is not None
        assert not panel._ticker.done()
        handlers[0](SimpleNamespace(cell_id="cell-1"))
        await until(panel._ticker.done)

    in_a_loop(story)


class Slow:
    """A scan that takes as long as a test wants."""

    def __init__(self, result: Exchange | Exception) -> None:
        self.asked, self.release = threading.Event(), threading.Event()
        self.result = result
        self.threads: set[int] = set()

    def __call__(self) -> Exchange:
        self.threads.add(threading.get_ident())
        self.asked.set()
        assert self.release.wait(TEN_SECONDS)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.fixture
def slow() -> Iterator[Slow]:
    scan = Slow(enrolled())
    yield scan
    scan.release.set()


def test_a_scan_by_its_button_runs_on_a_thread_and_the_loop_goes_on(slow: Slow) -> None:
    async def story() -> None:
        panel = a_panel(scan=slow)
        panel.scan_button.click()
        assert await asyncio.to_thread(slow.asked.wait, TEN_SECONDS)
        assert threading.get_ident() not in slow.threads
        assert "scanning: the phone enrolls" in repr(panel)
        assert (panel.scan_button.look, off(panel)) == ("busy", (True, False, False))
        with pytest.raises(LabError, match="at work already"):
            panel.scan()
        slow.release.set()
        await panel.done()
        assert panel.card.state == "scanned"
        assert repr(panel).startswith("QrPanel · scanned: the phone is enrolled")

    in_a_loop(story)


def test_a_click_from_another_thread_and_loop_finds_its_way_home(slow: Slow) -> None:
    async def story() -> None:
        slow.release.set()
        panel = a_panel(scan=slow)
        home, changed_on = threading.get_ident(), set[int]()
        for widget in (panel._status, panel.scan_button):
            widget.observe(lambda _: changed_on.add(threading.get_ident()))

        async def press() -> None:
            panel.scan_button.click()

        await asyncio.to_thread(lambda: asyncio.run(press()))
        await until(lambda: panel.card.state == "scanned")
        await panel.done()
        assert changed_on == {home}

    in_a_loop(story)


def test_a_scan_that_fails_becomes_a_masked_card_that_time_does_not_wipe_away() -> None:
    async def story() -> None:
        clock = StandingClock()
        scan = Slow(ValueError("the password was hunter-number-two <b>"))
        scan.release.set()
        panel = on_a_page(a_panel(clock, scan=scan))
        panel.scan_button.click()
        await panel.done()
        assert isinstance(panel.last_error, ValueError)
        clock.advance(60)
        await until(lambda: "4 min 0 s left" in repr(panel))
        card = panel._failure.value
        assert 'role="alert"' in card
        assert "ValueError: the password was <password 1> <b>" in unescape(card)
        assert "hunter" not in state_of(panel)
        assert panel.scan_button.look == "ready"
        await ended(panel)

    in_a_loop(story)


def test_with_raise_failures_a_scan_that_fails_is_raised_where_one_waits_for_it() -> None:
    async def story() -> None:
        scan = Slow(ValueError("once"))
        scan.release.set()
        panel = a_panel(scan=scan, raise_failures=True)
        panel.scan_button.click()
        with pytest.raises(ValueError, match="once"):
            await panel.done()
        assert panel.scan_button.look == "ready"

    in_a_loop(story)
