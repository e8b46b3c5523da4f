"""What a lab left on a live tenant: a small file beside the notebooks that outlives the kernel.

It names persons (a user's id, or the login's name), since whoever cleans up must find them; it holds no password, no
secret and no token. Only its owner can read it, and git ignores its folder.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from math import isfinite
from pathlib import Path
from typing import Any

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.settings import project_folder

FOLDER, FILE = ".auth0-lab", "left.json"
USER = "user"
"""The kind of an entry that is a user; every other is the factor of an authenticator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """One thing that was left: a user whom the lab made, or what one association or creation brought.

    `kind` is `user`, or a factor as `lab.user` names it. `user` is the user's id, "" while nobody knows it, and `name`
    the login's. `authenticators` are ids, () while nobody knows them: then they are found by their factor and by the
    time, from `begun` to `confirmed` (epoch seconds by the tenant's clock; None: it is not confirmed). `recovery`
    says that a recovery code came along; `mark` tells it from others.
    """

    tenant: str
    kind: str
    user: str = ""
    name: str = ""
    authenticators: tuple[str, ...] = ()
    begun: float = 0.0
    confirmed: float | None = None
    recovery: bool = False
    mark: str = field(default_factory=lambda: secrets.token_hex(6))

    def is_of(self, user: str) -> bool:
        """Tell whether it is of the user with this id or this name."""
        return bool(user) and user in (self.user, self.name)


Entries = list[Left]


class LeftFile:
    """The file, which several kernels may write."""

    def __init__(self, start: Path) -> None:
        """Keep it in the project's folder that `start` is in, or in `start` where it is in none."""
        self.folder = project_folder(start) / FOLDER
        self.path = self.folder / FILE

    def entries(self) -> Entries:
        """Return what is in it; LabError when it is no such file any more."""
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as problem:
            raise LabError(_problem(self.path, "cannot be read", problem)) from None
        try:
            return [_entry(each) for each in json.loads(text)["left"]]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            pass
        raise LabError(f"{self.path} is not what the lab wrote there. Mend it, or put it away: it says what to remove.")

    def change(self, change: Callable[[Entries], Iterable[Left]]) -> None:
        """Put what `change` makes of the entries in their place; LabError when that cannot be written."""
        try:
            with self._locked():
                self._write(list(change(self.entries())))
        except OSError as problem:
            raise LabError(_problem(self.path, "cannot be written", problem)) from None

    def must_be_writable(self) -> None:
        """Raise LabError unless the next entry can be kept: for whoever is about to leave something."""
        try:
            self.change(lambda entries: entries)
        except LabError as problem:
            said = f"Nothing was sent, for what it leaves could not be noted. {problem}"
        else:
            return
        raise LabError(said)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.folder.chmod(0o700)
        (ignored := self.folder / ".gitignore").exists() or ignored.write_text("*\n", "utf-8")
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(lock)
            yield
        finally:
            os.close(lock)  # which lets go of it

    def _write(self, entries: Entries) -> None:
        """Write the whole file elsewhere, and let it take the place of this one: nobody finds half of it."""
        new = self.folder / f"{FILE}.{secrets.token_hex(8)}"
        # In ASCII: half of a surrogate pair, which a tenant may say, could not be written otherwise.
        text = json.dumps({"left": [asdict(each) for each in entries]}, indent=2)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
        new.replace(self.path)


def _entry(value: Mapping[str, Any]) -> Left:
    """Return an entry as the file has it; TypeError or ValueError for a field that is none of the lab's."""
    known = {each.name: value[each.name] for each in fields(Left) if each.name in value}
    entry = Left(**{**known, "authenticators": tuple(value.get("authenticators", []))})
    texts = (entry.tenant, entry.kind, entry.user, entry.name, entry.mark, *entry.authenticators)
    times = [entry.begun, *([] if entry.confirmed is None else [entry.confirmed])]
    if isinstance(value.get("authenticators"), str) or not all(isinstance(each, str) for each in texts):
        raise TypeError
    if not all(map(isfinite, times)):
        raise ValueError
    return entry


def _problem(path: Path, what: str, problem: OSError) -> str:
    return f"{path} {what} ({problem.strerror or type(problem).__name__}): it keeps what the lab leaves on the tenant."


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        """Wait until nobody else has the lock, up to 10 s."""
        msvcrt.locking(file, msvcrt.LK_LOCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        """Wait until nobody else has the lock."""
        fcntl.flock(file, fcntl.LOCK_EX)
