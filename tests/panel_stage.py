"""A stage for panels without a front end: a loop, a page, work as slow as a test wants, what is shown."""

import asyncio
import gc
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from functools import wraps
from html import unescape
from typing import Any, ParamSpec

import ipywidgets
import pytest

from auth0_mfa_lab.show.panels.panel import Button, OnPage, Panel

P = ParamSpec("P")
TICKET = "Qm4T9vX2kLr7Zp0sHc3NwYb8EdJa6UfG"  # auth0-mfa-lab: allow
SECRET = "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U"  # auth0-mfa-lab: allow
PASSWORD = "hunter-number-two"
TEN_SECONDS = 10.0
_ALIASES = {TICKET: "<enrollment_tx_id 1>", SECRET: "<secret 1>", PASSWORD: "<password 1>"}
_BLOCKS = re.compile(r"</?(?:div|p|ol|li|tr|td|table|caption|summary|details|pre|br)\b[^>]*>|(?<=</b>)(?=<span)")


def sent_to_pages(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """Return what is sent to pages by message from now on: each content with its buffers."""
    sent: list[tuple[Any, Any]] = []
    monkeypatch.setattr(OnPage, "send", lambda _, content, buffers=None: sent.append((content, buffers)))
    return sent


def mask(text: str) -> str:
    for raw, alias in _ALIASES.items():
        text = text.replace(raw, alias)
    return text


def text_of(html: str) -> str:
    """Return what a reader sees of HTML, each block in a line of its own."""
    shown = (unescape(re.sub(r"<[^>]+>", "", part)).strip() for part in _BLOCKS.sub("\n", html).split("\n"))
    return "\n".join(filter(None, shown))


def inside(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    """Yield a widget, and all that are in it, in the order of the keyboard."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from inside(child)


def states(panel: ipywidgets.Widget) -> str:
    """Return all that the widgets of a panel hold, as a front end or a saved notebook gets it."""
    return "\n".join(str(each.get_state()) for each in inside(panel))


def seen(panel: Panel) -> str:
    return "\n".join(text_of(each.value) for each in inside(panel) if isinstance(each, ipywidgets.HTML))


def buttons(panel: Panel) -> list[Button]:
    return [each for each in inside(panel) if isinstance(each, Button)]


def button(panel: Panel, name: str) -> Button:
    return next(each for each in buttons(panel) if each.description == name)


def looks(panel: Panel) -> str:
    """Return how the buttons look, in their order; a disabled one would lose the focus."""
    assert not any(each.disabled for each in buttons(panel))
    return " ".join(each.look for each in buttons(panel))


def on_a_page(panel: ipywidgets.Widget) -> None:
    """Say what all places of a panel say once they are on a page."""
    for each in inside(panel):
        if isinstance(each, OnPage):
            each._handle_custom_msg({"kind": "ready"}, [])


class Slow:
    """Work that takes as long as a test wants; `threads` are those that did it."""

    def __init__(self, result: object) -> None:
        self.result, self.threads = result, list[int]()
        self._begun, self.release = threading.Event(), threading.Event()

    def __call__(self, *_: object) -> Any:
        self.threads.append(threading.get_ident())
        self._begun.set()
        assert self.release.wait(TEN_SECONDS)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    async def under_way(self) -> None:
        assert await asyncio.to_thread(self._begun.wait, TEN_SECONDS), "the work has not begun"


def done(result: object) -> Slow:
    work = Slow(result)
    work.release.set()
    return work


def in_a_loop(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run a test in a loop; no task is left when it ends, and none fails unheard."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        unheard: list[dict[str, Any]] = []

        async def told() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
            await test(*args, **kwargs)
            await until(lambda: asyncio.all_tasks() == {asyncio.current_task()}, "every task is done")

        asyncio.run(told(), debug=True)
        gc.collect(0)
        assert unheard == []

    return run


async def until(true: Callable[[], object], what: str) -> None:
    try:
        async with asyncio.timeout(TEN_SECONDS):
            while not true():
                await asyncio.sleep(0)
    except TimeoutError:
        raise AssertionError(f"waited in vain: {what}") from None
