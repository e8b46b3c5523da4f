"""The user's files: only regular ones are read or replaced, and what the lab keeps is whole at every moment."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path


def regular(path: Path) -> Path:
    """Return the path of a regular file, or of no file yet.

    Raises OSError for anything else: a folder, a device, or a pipe, which a reader would wait for without end.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file")
    return path


def write_whole(path: Path, text: str) -> None:
    """Put a text in the place of a file: written beside it first, so that a crash or a full disk leaves the old one.

    Raises OSError when it cannot be written; nothing is left beside the file then.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink()
        raise
