"""The user's files: only regular ones are read or replaced, and what the lab writes is whole at every moment."""

from __future__ import annotations

import errno
import os
import secrets
from functools import partial
from pathlib import Path


def regular(path: Path) -> Path:
    """Return the path of a regular file, or of no file yet.

    Raises OSError for anything else: a folder, a device, or a pipe, which a reader would wait for without end.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file")
    return path


def write_whole(path: Path, text: str, *, private: bool = True) -> None:
    """Put a text in the place of a file: written beside it first, so that a crash or a full disk leaves the old one.

    A `private` file is its owner's alone; another one has the permissions of the old file, or of any new one. Where
    `path` is a link, the file that it leads to is written. Raises OSError when it cannot be written; nothing is left
    beside the file then.
    """
    file = Path(os.path.realpath(path))
    part = file.with_name(f".{file.name[:40]}.{secrets.token_hex(4)}.part")
    opener = partial(os.open, mode=0o600 if private else 0o666)
    try:
        with open(part, "x", encoding="utf-8", newline="\n", opener=opener) as written:
            written.write(text)
            written.flush()
            os.fsync(written.fileno())
        if not private and file.exists():
            part.chmod(file.stat().st_mode)
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
