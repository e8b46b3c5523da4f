"""What all panels share, without a front end: presses, failures, ticks, their cell, their twin in plain HTML."""

import asyncio
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from auth0_mfa_lab import Lab, LabError, Secret
from auth0_mfa_lab.polling import Poll, PollRun
from auth0_mfa_lab.show.html import line
from auth0_mfa_lab.show.panels import panel as base
from auth0_mfa_lab.show.panels import poll as polls
from auth0_mfa_lab.show.panels.panel import Button, Panel, Place
from auth0_mfa_lab.show.panels.phone import OwnPhonePanel, PhonePanel
from auth0_mfa_lab.show.panels.poll import PollPanel
from auth0_mfa_lab.show.panels.qr import QrPanel
from auth0_mfa_lab.show.phone import Line, PhoneView
from auth0_mfa_lab.show.poll import show_poll
from auth0_mfa_lab.show.qr import Barcode
from tests import panel_stage as stage
from tests.mothers import NOW, PENDING, Standing, a_sandbox_clock, an_exchange, enrolling
from tests.panel_stage import PASSWORD, Slow, in_a_loop, looks, mask, on_a_page, until
from tests.test_phone_panel import furnished

Now = Callable[[], float]
PUSH = Line(id="1", said="Login as jane", whose="jane", html=line("Login as jane"))
URI = f"otpauth://totp/tenant:jane?enrollment_tx_id={stage.TICKET}&base_url=https%3A%2F%2Ftenant.example"


@pytest.fixture(autouse=True)
def no_real_second_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (base, polls):
        monkeypatch.setattr(module, "TICK_SECONDS", 0.0)


def a_poll(work: Slow, _: Now, **shared: Any) -> tuple[Panel, Button, Callable[[], object]]:
    clock = Standing()
    run = PollRun(Poll.begin(NOW), ask=work, now=clock.now, show=show_poll)
    panel = PollPanel(run, clock=a_sandbox_clock(clock, leap=1), mask=mask, **shared)
    return panel, panel.once_button, panel.poll_once


def a_phone(work: Slow, now: Now, **shared: Any) -> tuple[Panel, Button, Callable[[], object]]:
    phone, look = SimpleNamespace(allow=work), lambda _: PhoneView(name="", time=f"{now():.0f}", pushes=(PUSH,))
    panel = PhonePanel(look, phone, mask=mask, **shared)
    return panel, panel._rows["1"].buttons[0], panel.allow


def a_qr(work: Slow, now: Now, **shared: Any) -> tuple[Panel, Button, Callable[[], object]]:
    own: dict[str, Any] = {"received_at": NOW, "phone": "a phone", "may_be_saved": True, "journal": ()}
    panel = QrPanel(URI, barcode=Barcode.of(URI, mask), now=now, scan=work, mask=mask, **own, **shared)
    return panel, panel.scan_button, panel.scan


@dataclass(frozen=True)
class Kind:
    """A panel, what its work brings, the looks of its buttons before, during and after, and what is said of it."""

    made: Callable[..., tuple[Panel, Button, Callable[[], object]]]
    brings: object
    names: str
    looks: tuple[str, str, str]
    meanwhile: str
    after: str


# fmt: off
KINDS = {
    "poll": Kind(a_poll, an_exchange(**PENDING), "Poll once, Poll until done, Stop",
                 ("ready ready off", "busy off ready", "ready ready off"), "asked, no answer yet",
                 "… pending · 1 poll"),
    "phone": Kind(a_phone, an_exchange(204), "Allow, Reject, Refresh",
                  ("ready ready ready", "busy off off", "ready ready ready"), "… The phone answers",
                  "✓ Allowed: 204 No Content (exchange 1)"),
    "qr": Kind(a_qr, an_exchange(201), "Show, Hide, Scan with a phone",
               ("off ready ready", "off ready busy", "off off off"), "… QR scanning · the phone enrolls",
               "✓ QR scanned · the phone is enrolled (exchange 1)"),
}
# fmt: on
no_time = Standing().now
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def failing() -> Slow:
    return stage.done(ValueError(f"the password was {PASSWORD} <b>"))


@each_kind
@in_a_loop
async def test_a_press_works_on_a_thread_and_is_shown_on_the_panels_own_loop_alone(kind: Kind) -> None:
    panel, button, method = kind.made(work := Slow(kind.brings), no_time)
    assert ", ".join(each.description for each in stage.buttons(panel) if each.tooltip) == kind.names
    assert looks(panel) == kind.looks[0]
    changed_on = set[int]()
    for each in stage.inside(panel):
        each.observe(lambda _: changed_on.add(threading.get_ident()))

    async def press() -> None:
        button.click()

    for _ in range(2):  # as ipykernel's subshells do: on another thread, in a loop of its own
        await asyncio.to_thread(asyncio.run, press())
    await work.under_way()
    button.click()  # on its way before the page knew of the first
    await until(lambda: kind.meanwhile in stage.seen(panel), kind.meanwhile)
    assert looks(panel) == kind.looks[1]
    with pytest.raises(LabError, match=r"^This panel is at work already: wait until it is done\.$"):
        method()
    work.release.set()
    await panel.done()
    assert (looks(panel), kind.after in stage.seen(panel)) == (kind.looks[2], True)
    assert (changed_on, changed_on & {*work.threads}) == ({threading.get_ident()}, set())
    assert (len(work.threads), panel.last_error, panel._failure.value) == (1, None, "")


@each_kind
def test_without_a_loop_a_press_is_done_when_it_returns_and_of_many_at_once_one_is_taken(kind: Kind) -> None:
    panel, button, method = kind.made(work := Slow(kind.brings), no_time)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(button.click)
        asyncio.run(work.under_way())
        for each in [pool.submit(button.click) for _ in range(5)]:
            each.result(stage.TEN_SECONDS)  # it does not wait for the answer
        with pytest.raises(LabError, match=r"^This panel is at work already: wait until it is done\.$"):
            method()
        work.release.set()
        first.result(stage.TEN_SECONDS)
    assert kind.after in stage.seen(panel)
    assert (len(work.threads), panel.last_error) == (1, None)


@each_kind
@in_a_loop
async def test_a_failure_is_a_masked_card_until_a_press_or_a_method_works(kind: Kind) -> None:
    panel, button, method = kind.made(work := failing(), no_time)
    button.click()
    await panel.done()
    card = panel._failure.value
    assert stage.text_of(card) == (
        "✗ This did not work. ValueError: the password was <password 1> <b>\n"
        "What to do: press the button again. If it fails again, panel.last_error is the exception."
    )
    assert card.startswith('<div role="alert">')
    assert ("&lt;b&gt;" in card, card in panel._repr_mimebundle_()["text/html"]) == (True, True)
    assert PASSWORD not in stage.states(panel)
    with pytest.raises(ValueError, match="the password was"):
        method()
    assert looks(panel) == kind.looks[0]
    work.result = kind.brings
    button.click()
    assert panel._failure.value == ""
    await panel.done()
    panel._failure.value = card
    method()
    assert (panel._failure.value, type(panel.last_error)) == ("", ValueError)


@each_kind
@in_a_loop
async def test_with_auth0_lab_raise_a_failure_is_raised_to_who_waits(kind: Kind) -> None:
    panel, button, _ = kind.made(failing(), no_time, raise_failures=True)
    button.click()
    with pytest.raises(ValueError, match="the password was"):
        await panel.done()
    assert ('role="alert"' in panel._failure.value, looks(panel)) == (True, kind.looks[0])


@each_kind
def test_without_a_loop_a_raised_failure_is_told_to_who_clicked(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    panel, button, _ = kind.made(failing(), no_time, raise_failures=True)
    # ipywidgets catches what a handler raises: it shows the traceback in a kernel, and logs it elsewhere.
    button.click()
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [panel.last_error]


def test_each_part_that_the_page_has_a_style_or_a_role_for_is_on_a_panel() -> None:
    folder = Path(str(base.__file__)).parent
    css, js = ((folder / f"panel.{kind}").read_text("utf-8") for kind in ("css", "js"))
    python = "\n".join(each.read_text("utf-8") for each in folder.parent.rglob("*.py"))
    styled = set(re.findall(r"\.((?!jp-|jupyter-|widget-)[a-z][a-z0-9-]+)", css))
    pages = "".join(each.read_text("utf-8") for each in Path(__file__).parent.glob("browser/*.py"))
    styled |= set(re.findall(r"\.((?:phone|poll|qr)-[a-z]+)", pages))
    assert styled <= set(re.findall(r"[a-z][a-z0-9-]+", python + js))
    roles = re.findall(r"\w+", js.splitlines()[-1].partition("({ ")[2].partition(" })")[0])
    assert sorted(re.findall(r'OnPage\(role="(\w+)"', python)) == sorted(roles) == ["copy", "panel", "place"]


TICKING = {name: KINDS[name] for name in ("phone", "qr")}
each_that_ticks = pytest.mark.parametrize("kind", TICKING.values(), ids=TICKING)


@each_that_ticks
@in_a_loop
async def test_on_a_page_it_looks_again_on_a_thread_and_shows_a_failure_of_that_until_the_next_look(kind: Kind) -> None:
    threads, failure = set[int](), list[Exception]()

    def now() -> float:
        threads.add(threading.get_ident())
        if failure:
            raise failure[0]
        return NOW + len(threads)

    panel, _, _ = kind.made(failing(), now, raise_failures=True)
    late, _, _ = kind.made(failing(), no_time)
    late.end()
    threads.clear()
    await asyncio.sleep(0)
    assert (panel._ticker, threads) == (None, set()), "no page shows it"
    for each in (panel, panel, late):  # a second page looks at the same panel, and one at a panel that has ended
        on_a_page(each)
    assert [each.get_name() for each in asyncio.all_tasks()].count("tick") == 1
    await until(lambda: threads, "it looks")
    failure.append(LabError("No served sandbox answers."))
    await until(lambda: "No served sandbox answers." in panel._failure.value, "the failure is shown")
    failure.clear()
    await until(lambda: panel._failure.value == "", "the failure is gone")
    assert threading.get_ident() not in threads
    panel.close()


@each_that_ticks
def test_a_look_sets_what_has_changed_alone_and_wipes_no_card_of_a_press_away(kind: Kind) -> None:
    clock, changed = Standing(), list[str]()
    panel, button, _ = kind.made(failing(), clock.now)
    button.click()
    asyncio.run(panel._tick())
    for each in stage.inside(panel):
        each.observe(lambda change: changed.append(change["name"]))
    for seconds, expected in ((0, []), (1, ["value"])):
        clock.advance(seconds)
        asyncio.run(panel._tick())
        assert changed == expected
    assert 'role="alert"' in panel._failure.value


@each_kind
@in_a_loop
async def test_it_ends_when_its_own_cell_is_run_again(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, Callable[[Any], None]]] = []
    events = SimpleNamespace(register=lambda *each: heard.append(each), unregister=lambda *each: heard.remove(each))
    shell = SimpleNamespace(events=events, get_parent=lambda: {"metadata": {"cellId": "cell-1"}})
    monkeypatch.setattr(base, "get_ipython", lambda: shell)

    panel, _, _ = kind.made(stage.done(kind.brings), no_time)
    on_a_page(panel)
    if isinstance(panel, PollPanel):
        panel.until_button.click()
    ((event, begins),) = heard
    begins(SimpleNamespace(cell_id="cell-2"))
    await asyncio.sleep(0)
    running = panel._task or panel._ticker
    assert (event, running is not None and running.done()) == ("pre_run_cell", False)
    begins(SimpleNamespace(cell_id="cell-1"))
    await until(lambda: running is None or running.done(), "it has ended")
    assert heard == []
    shell.get_parent = lambda: {"metadata": {}}  # without a front end
    kind.made(stage.done(kind.brings), no_time)
    assert heard == []


def every_panel() -> dict[str, Panel]:
    lab = Lab.sandbox()
    token, enrolled = enrolling(lab)
    return {
        "poll": lab.poll_panel(mfa_token=token, oob_code=enrolled["oob_code"]),
        "push": lab.push_panel(mfa_token=token, oob_code=enrolled["oob_code"]),
        "qr": lab.qr_panel(enrolled["barcode_uri"]),
        "phone": furnished(Lab.sandbox()),
        "own phone": OwnPhonePanel(lab.journal, mask=mask),
        "reveal": lab.reveal("<mfa_token 1>"),
        "copy": lab.copy_runnable(enrolled),
    }


BUTTONS = """\
poll | Poll once | Ask Auth0 once whether the phone answered
poll | Poll until done | Ask again and again, until it is over
poll | Stop | Stop asking
qr | Show | Draw the QR: any phone that scans it is enrolled
qr | Hide | Take the QR off the page
qr | Scan with the sandbox's phone | Let it read this QR and enroll
phone | Allow | Allow: Login at sandbox.example as user1@example.com, 08:00:00: Firefox on Linux, Oslo, Norway
phone | Reject | Reject: Login at sandbox.example as user1@example.com, 08:00:00: Firefox on Linux, Oslo, Norway
phone | Show code | Show or hide the code of user1@example.com, on this page alone
phone | Show code | Show or hide the code of user2@example.com, on this page alone
phone | Show code | Show or hide the code of the SMS to +15550103, on this page alone
phone | Refresh | Look at the phone again
reveal | Show | Show the value again
reveal | Hide | Take the value off the page"""


def test_each_button_says_what_it_does() -> None:
    named = [(name, each) for name, panel in every_panel().items() for each in stage.buttons(panel) if name != "push"]
    assert "\n".join(f"{name} | {each.description} | {each.tooltip}" for name, each in named) == BUTTONS


def test_each_panel_says_in_plain_html_what_its_widgets_say(capsys: pytest.CaptureFixture[str]) -> None:
    panels = every_panel()
    poll, phone = (
        "pending after 0 polls: not asked yet",
        "Sandbox phone · 0 accounts · 0 pushes wait · 0 codes · 0 messages",
    )
    assert repr(panels["push"]) == f"PushPanel · {poll} · {phone}"
    for name, panel in panels.items():
        bundle = panel._repr_mimebundle_()
        assert bundle.keys() == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
        assert (bundle["text/plain"], "\n" in repr(panel)) == (repr(panel), False)
        lines = stage.text_of(bundle["text/html"]).split("\n")
        if name != "own phone":
            assert lines.pop() == "Saved picture: run this cell for the buttons."
        assert [said for said in lines if said not in stage.seen(panel).split("\n")] == []
        for drops in ("<style", "<script", "<svg", "var(", " id=", "onclick"):  # what an untrusted notebook drops
            assert drops not in bundle["text/html"]
    assert capsys.readouterr() == ("", ""), "nbval would compare it"


def test_a_page_that_comes_later_is_sent_the_secret_for_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, sent = Standing(), stage.sent_to_pages(monkeypatch)
    place = Place(a_qr(failing(), no_time)[0], clock.now)
    place.show(Secret("it is forgotten", "<otp 1>"), 30)
    (first,) = place.children
    place.show(Secret("never in a state", "<otp 2>"), 30, alt="a picture", over="It is over.")
    first._handle_custom_msg({"kind": "ready"}, [])
    assert (sent, place.shows, "never in a state" in stage.states(place)) == ([], True, False)
    for _ in range(4):  # the page is reloaded, and at last the time is over
        on_a_page(place)
        clock.advance(10)
    how = {"kind": "show", "alt": "a picture", "over": "It is over."}
    assert sent == [({**how, "seconds": left}, [b"never in a state"]) for left in (30, 20, 10)]
    assert not place.shows
