"""What a phone's panel looks at: the phone of a sandbox, noted as it is seen, or what a recording has seen of one."""

from __future__ import annotations

from collections.abc import Callable

from auth0_mfa_lab.show.phone import Seen, nothing_seen, secrets_in
from auth0_mfa_lab.wire.journal import Journal
from auth0_mfa_lab.wire.replay import Replay


class NotedScreen:
    """A screen whose looks are noted, so that a replay sees the same."""

    bars = ""

    def __init__(self, see: Callable[[], Seen], journal: Journal) -> None:
        """Look with `see`, and note it in `journal`."""
        self._see = see
        self._journal = journal

    def look(self) -> Seen:
        """Return what is on the screen; its codes have aliases from now on, and a recording has it."""
        seen = self._see()
        for kind, raw in secrets_in(seen):
            self._journal.aliases.learn(kind, raw)
        self._journal.beside.note(len(self._journal), "screen", seen)
        return seen

    def glance(self) -> Seen:
        """Return what is on the screen; nothing is learned and nothing noted."""
        return self._see()


class RecordedScreen(NotedScreen):
    """The screen of a recording: what was seen of it at each place, and nothing that could be pressed."""

    bars = "This is a recording: its phone does again what lab.phone did then, and nothing here can be pressed."

    def __init__(self, replay: Replay, journal: Journal, *, name: str = "Sandbox phone") -> None:
        """Look at what `replay` has, and note it in `journal` again; `name` is that of a phone which it has not."""
        super().__init__(self._seen, journal)
        self._replay = replay
        self._name = name
        self._last: Seen | None = None

    def glance(self) -> Seen:
        """Return what was seen last: a recording does not change while one looks."""
        return self._last or self.look()

    def _seen(self) -> Seen:
        found = self._replay.happened("screen")
        name = self._replay.recording.name
        lacks = f"{name} has no look at the phone here: record the run again with lab.phone_panel() in it."
        self._last = found.data if found else nothing_seen(self._name, lacks)
        return self._last
