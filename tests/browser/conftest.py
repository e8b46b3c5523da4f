"""One JupyterLab and one Chromium for all browser tests; a fresh page, and no kernels left, for each."""

from collections.abc import Generator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, chromium_path
from tests.browser.evidence import Evidence
from tests.browser.jupyter import SECONDS, Jupyter, close_all

REMOTE = ("http", "https", "ws", "wss")
EVIDENCE = pytest.StashKey[Evidence]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[EVIDENCE] = Evidence()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Note in what is said where a test begins; keep it where one cannot begin."""
    item.config.stash[EVIDENCE].note(f"== {item.name}")
    return (yield from kept_when_it_fails(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Keep what there is to see when a test fails, while its page is there."""
    return (yield from kept_when_it_fails(item))


def kept_when_it_fails(item: pytest.Item) -> Generator[None, None, None]:
    """Let a phase of a test run; its failure's message names the folder of what was kept."""
    try:
        return (yield)
    except Exception as failure:
        failure.add_note(f"kept of this failure: {item.config.stash[EVIDENCE].keep()}")
        raise


def found_chromium() -> str:
    """Return where a Chromium is; without one, skip the test."""
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium found: install chromium, or name one in CHROMIUM")
    return path


@pytest.fixture(scope="session")
def evidence(pytestconfig: pytest.Config) -> Evidence:
    return pytestconfig.stash[EVIDENCE]


@pytest.fixture(scope="session")
def chromium(evidence: Evidence) -> Iterator[Browser]:
    path = found_chromium()
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        # A sandbox of Chromium's own cannot be made by root in a container.
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, chromium_sandbox=False)
        evidence.browser = browser
        yield browser
        evidence.browser = None
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, evidence: Evidence) -> Iterator[Jupyter]:
    found_chromium()
    server = evidence.jupyter = Jupyter(tmp_path_factory.mktemp("jupyter lab"))
    yield server
    evidence.jupyter = None
    server.close()


@pytest.fixture
def jupyter(server: Jupyter) -> Iterator[Jupyter]:
    yield server
    server.reset()


class Tabs:
    """The pages of a browser, and whom they asked; a page that shows JupyterLab is handed on to the next test."""

    def __init__(self, browser: Browser, evidence: Evidence) -> None:
        self._browser = browser
        self._evidence = evidence
        self._kept: Page | None = None
        self.asked: list[str] = []

    def kept(self) -> Page:
        """Return the page of the tests before, or a new one."""
        page, self._kept = self._kept or self.new(), None
        return page

    def new(self) -> Page:
        """Return a page with an empty cache, whose requests are noted."""
        context = self._browser.new_context(viewport={"width": 1200, "height": 1000}, reduced_motion="reduce")
        self._evidence.watch(context)
        context.set_default_timeout(SECONDS * 1000)
        context.on("request", lambda each: self.asked.append(each.url))
        page = context.new_page()
        page.on("websocket", lambda each: self.asked.append(each.url))
        return page

    def keep(self, page: Page) -> None:
        """Hand a page on, unless it cannot be tidied up."""
        if close_all(page):
            self._kept = page
        else:
            page.context.close()


@pytest.fixture(scope="session")
def tabs(chromium: Browser, evidence: Evidence) -> Tabs:
    return Tabs(chromium, evidence)


@pytest.fixture
def page(tabs: Tabs, jupyter: Jupyter, tmp_path: Path) -> Iterator[Page]:
    """A page with nothing open in it; whatever it asked during the test must have stayed on this machine."""
    page = tabs.kept()
    yield page
    page.screenshot(path=tmp_path / "at_the_end.png")
    tabs.keep(page)
    assert_all_local(tabs, jupyter)


@pytest.fixture
def new_page(tabs: Tabs, jupyter: Jupyter, tmp_path: Path) -> Iterator[Page]:
    """A page that has not loaded JupyterLab yet: for tests that change settings, or count what is loaded."""
    page = tabs.new()
    yield page
    page.screenshot(path=tmp_path / "at_the_end.png")
    page.context.close()
    assert_all_local(tabs, jupyter)


def assert_all_local(tabs: Tabs, jupyter: Jupyter) -> None:
    """Assert that what was asked since the last time was asked of JupyterLab."""
    asked, tabs.asked = tabs.asked, []
    remote = {url for url in asked if urlsplit(url).scheme in REMOTE and urlsplit(url).netloc != jupyter.host}
    assert asked, "no request was seen: this check would see nothing"
    assert not remote, f"the page asked others than JupyterLab: {sorted(remote)}"
