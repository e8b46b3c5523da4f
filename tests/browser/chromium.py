"""Which Chromium the browser tests use, and how it is started so that it asks nobody by itself."""

import os
import shutil

from playwright.sync_api import Browser, Playwright

_QUIET = ("gpu", "background-networking", "component-update", "sync")


def launched(playwright: Playwright) -> Browser | None:
    """Start what CHROMIUM names, or the first Chromium that is installed; None without one."""
    installed = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    if (path := os.environ.get("CHROMIUM") or next(filter(None, installed), None)) is None:
        return None
    arguments = ["--no-first-run", *(f"--disable-{each}" for each in _QUIET)]
    # A sandbox of Chromium's own cannot be made by root in a container.
    return playwright.chromium.launch(executable_path=path, args=arguments, chromium_sandbox=False)
