"""The lab's time: the sandbox's moves when told to, the real one does not."""

from contextlib import suppress

import pytest

from auth0_mfa_lab.clock import RealClock, SandboxClock
from tests.mothers import NOW, Standing

MOVES = "lab.clock.advance(300) moves it 5 min forward."
SPOKEN = {0: "0 s", 5: "5 s", 0.5: "0.5 s", 60: "1 min", 300: "5 min", 615: "10 min 15 s"}


def test_the_sandboxs_time_moves_by_advance_and_by_wait() -> None:
    standing = Standing()
    clock = SandboxClock(standing)
    for seconds, spoken in SPOKEN.items():
        assert repr(clock.advance(seconds)) == f"The sandbox's clock moved {spoken} forward."
    clock.wait(5)
    assert clock.now() == standing.now() == NOW + sum(SPOKEN) + 5
    assert clock.owes() == 0
    assert repr(clock) == f"The sandbox's clock: it stands still until the lab waits, and {MOVES}"


def test_only_what_polls_wait_together_moves_the_sandboxs_time_and_others_up_to_their_limit() -> None:
    real = Standing()
    clock = SandboxClock(Standing(), monotonic=real.now)
    clock.sync(5)
    real.advance(50)
    assert clock.now() == NOW  # no poll came before
    with clock.running():
        real.advance(2)
        clock.sync()
        assert clock.now() == NOW + 2
        with clock.running():
            real.advance(3)
        real.advance(6)
        clock.sync(5)
        assert clock.now() == NOW + 11  # it runs: another panel's limit is none of its own
        assert clock.pace == "The sandbox's clock runs while a panel polls."
    assert clock.pace == "The sandbox's clock stands still until you poll."
    real.advance(3)
    clock.sync(5)
    clock.sync(5)
    assert clock.now() == NOW + 14
    real.advance(600)
    clock.sync(5)
    assert clock.now() == NOW + 19
    with suppress(RuntimeError), clock.running():
        real.advance(2)
        raise RuntimeError
    real.advance(50)
    with clock.running():
        pass
    assert clock.now() == NOW + 21


def test_a_clock_that_runs_by_itself_catches_nothing_up() -> None:
    real = Standing()
    clock = SandboxClock(Standing(), monotonic=real.now, runs_by_itself=True)
    with clock.running():
        real.advance(9)
    assert (clock.now(), clock.pace) == (NOW, "")
    assert repr(clock) == f"The sandbox's clock: it follows this machine's, and {MOVES}"


def test_a_live_tenants_time_is_owed_and_a_wait_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    standing = Standing()
    clock = RealClock(sleep=standing.advance, now=standing.now)
    assert clock.owes() == 0
    assert repr(clock) == (
        "A live tenant's clock: it cannot be moved, and lab.clock.advance(300) says how long to wait."
    )
    assert repr(clock.advance(300)) == (
        "A live tenant's clock cannot be moved: wait 5 min, then run the cells below. "
        "Until then the claims behind this cell are skipped."
    )
    clock.advance(5)
    assert (clock.now(), clock.owes()) == (NOW, 305)
    standing.advance(304)
    assert clock.owes() == 1
    standing.advance(2)
    assert clock.owes() == 0
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)
    clock.wait(0)
    clock.wait(5)
    with clock.running():
        clock.sync()
    assert clock.now() == NOW + 311
    assert tuple(capsys.readouterr()) == ("", "waiting 5 s before the next poll (Interrupt stops it)\n")
