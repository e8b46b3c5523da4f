"""One JupyterLab, one Chromium, one page and one kernel for all browser tests, in one worker of pytest-xdist."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.evidence import Evidence
from tests.browser.jupyter import SECONDS, Jupyter, Notebook, launched

EVIDENCE = pytest.StashKey[Evidence]()
HAS_FAILED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[EVIDENCE] = Evidence()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    item.stash[HAS_FAILED] = True
    with kept_when_it_fails(item.config.stash[EVIDENCE], item.name):
        yield
    item.stash[HAS_FAILED] = False


@contextmanager
def kept_when_it_fails(evidence: Evidence, what: str) -> Iterator[None]:
    """Keep what there is to see while the page is there; the failure's message names the folder."""
    evidence.note(f"== {what}")
    try:
        yield
    except Exception as failure:
        failure.add_note(f"kept of this failure: {evidence.keep()}")
        raise


@pytest.fixture(scope="package")
def evidence(pytestconfig: pytest.Config) -> Evidence:
    return pytestconfig.stash[EVIDENCE]


@pytest.fixture(scope="package")
def chromium(evidence: Evidence) -> Iterator[Browser]:
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        evidence.browser = launched(playwright)
        if evidence.browser is None:
            # `make test` leaves these tests out, and says so.
            pytest.skip("no Chromium found: install chromium, or name one in CHROMIUM")
        yield evidence.browser
        evidence.browser.close()
        evidence.browser = None


@pytest.fixture(scope="package")
def jupyter(chromium: Browser, tmp_path_factory: pytest.TempPathFactory, evidence: Evidence) -> Iterator[Jupyter]:
    assert chromium.is_connected()
    evidence.jupyter = Jupyter(tmp_path_factory.mktemp("jupyter lab"))
    yield evidence.jupyter
    evidence.jupyter.close()
    evidence.jupyter = None


class Desk:
    """The page with the notebook that tests hand on; after a test that failed it is made anew, with its kernel."""

    def __init__(self, browser: Browser, jupyter: Jupyter, evidence: Evidence) -> None:
        self._browser, self._evidence, self.jupyter = browser, evidence, jupyter
        self._notebook: Notebook | None = None
        self.asked: set[str] = set()

    def notebook(self) -> Notebook:
        """Return the notebook; the next test writes its cells into it."""
        if self._notebook is None:
            context = self._browser.new_context(viewport={"width": 1200, "height": 1000}, reduced_motion="reduce")
            self._evidence.watch(context)
            context.set_default_timeout(SECONDS * 1000)
            context.grant_permissions(["clipboard-read", "clipboard-write"])
            context.on("request", lambda each: self.asked.add(each.url))
            page = context.new_page()
            page.on("websocket", lambda each: self.asked.add(each.url))
            self._notebook = self.jupyter.open(page)
        return self._notebook

    def drop(self) -> None:
        for context in self._browser.contexts:
            context.close()
        self._notebook = None
        self.jupyter.end_sessions()

    @contextmanager
    def guarded(self, what: str) -> Iterator[None]:
        """Do what the tests share; when it fails the next one begins anew."""
        try:
            with kept_when_it_fails(self._evidence, what):
                yield
        except Exception:
            self.drop()
            raise

    def assert_all_local(self) -> None:
        """Assert that what was asked since the last time was asked of JupyterLab."""
        asked, self.asked = {urlsplit(url) for url in self.asked}, set()
        hosts = {url.netloc for url in asked if url.scheme in ("http", "https", "ws", "wss")}
        assert hosts <= {self.jupyter.host}, sorted(url.geturl() for url in asked)


@pytest.fixture(scope="package")
def desk(chromium: Browser, jupyter: Jupyter, evidence: Evidence) -> Desk:
    return Desk(chromium, jupyter, evidence)


@pytest.fixture
def notebook(desk: Desk, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    """A notebook on a kernel that has no names; at the end nothing runs in it, and each request went to JupyterLab."""
    with desk.guarded("a notebook is opened"):
        notebook = desk.notebook()
    yield notebook
    if request.node.stash[HAS_FAILED]:
        desk.drop()
        return
    with desk.guarded("the notebook is cleared"):
        notebook.clear()
        desk.assert_all_local()


@pytest.fixture
def page(notebook: Notebook) -> Page:
    return notebook.page
