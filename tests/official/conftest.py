"""The sandbox on a socket, with TLS of a private CA that the official clients trust as one tells them to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.official.served import Served, serve


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A fresh sandbox at https://localhost:<port>; requests and httpx know its CA by their usual variables."""
    with serve(tmp_path) as one:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(one.ca_file))
        monkeypatch.setenv("SSL_CERT_FILE", str(one.ca_file))
        yield one
        one.close()
