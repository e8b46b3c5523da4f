"""The sandbox on a socket, with TLS of a private CA that the official clients trust as one tells them to."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.official.served import Served, serve

with warnings.catch_warnings():
    # At its import Authlib, which auth0-server-python brings, has its warnings shown whatever a project's filters say.
    import authlib.deprecate  # noqa: F401  (imported for this alone)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A fresh sandbox at https://localhost:<port>; requests and httpx know its CA as the env file tells them."""
    with serve(tmp_path) as one:
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, str(one.bundle))
        yield one
        one.close()
