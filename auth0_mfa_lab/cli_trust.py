"""Lets Jupyter trust the notebooks that the lab ships, as long as no byte of them has changed.

JupyterLab shows no widget in a notebook that it does not trust, until each cell with an output has run. A clone's
notebooks have saved outputs: without trust, a panel is a picture again after a reload of the page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

HASHES = Path(__file__).with_name("notebooks.sha256")
"""The SHA-256 of each shipped notebook, as sha256sum writes it; `make notebooks` renews it."""


def trust_shipped(folders: Iterable[Path]) -> None:
    """Sign the shipped notebooks that lie in these folders, as `jupyter trust` does; no other file is signed.

    Raises OSError or sqlite3.Error where Jupyter's own folder cannot be written.
    """
    from jupyter_core.paths import jupyter_data_dir
    from nbformat import NO_CONVERT, reads
    from nbformat.sign import NotebookNotary

    data = Path(jupyter_data_dir())
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    notary = NotebookNotary(data_dir=str(data))
    try:
        for content in _unchanged(folders):
            # nbformat has no types for it.
            notary.sign(reads(content.decode(), NO_CONVERT))  # type: ignore[no-untyped-call]
    finally:
        notary.store.close()


def _unchanged(folders: Iterable[Path]) -> Iterator[bytes]:
    """Yield the bytes of each shipped notebook that is as it was shipped."""
    lines = HASHES.read_text(encoding="utf-8").splitlines()
    shipped = [(name, digest) for digest, name in (line.split("  ", 1) for line in lines)]
    for folder in dict.fromkeys(each.resolve() for each in folders):
        for name, digest in shipped:
            path = folder / name
            if path.is_file() and hashlib.sha256(content := path.read_bytes()).hexdigest() == digest:
                yield content
