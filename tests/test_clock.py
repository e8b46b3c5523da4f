"""The lab's time: the sandbox's moves when told to, the real one does not."""

from __future__ import annotations

import pytest

from auth0_mfa_lab.clock import RealClock, SandboxClock
from tests.mothers import NOW, Standing


class Ticking:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def real() -> Ticking:
    return Ticking()


@pytest.fixture
def standing() -> Standing:
    return Standing()


def test_the_sandboxs_time_moves_by_advance_and_by_wait(standing: Standing) -> None:
    clock = SandboxClock(standing)
    told = clock.advance(90)
    clock.wait(5)
    assert clock.now() == standing.now() == NOW + 95
    assert repr(told) == "The sandbox's clock moved 1 min 30 s forward."
    assert clock.owes() == 0


@pytest.mark.parametrize(
    ("seconds", "spoken"), [(0, "0 s"), (5, "5 s"), (0.5, "0.5 s"), (60, "1 min"), (300, "5 min"), (615, "10 min 15 s")]
)
def test_seconds_are_spoken_in_minutes(standing: Standing, seconds: float, spoken: str) -> None:
    assert f"moved {spoken} forward" in repr(SandboxClock(standing).advance(seconds))


def test_while_it_runs_the_sandboxs_time_follows_the_real_one(standing: Standing, real: Ticking) -> None:
    clock = SandboxClock(standing, monotonic=real)
    real.at += 50
    with clock.running():
        real.at += 3
        clock.sync()
        assert clock.now() == NOW + 3
        real.at += 4
    assert clock.now() == NOW + 7
    real.at += 50
    assert clock.now() == NOW + 7


def test_what_somebody_waited_for_is_taken_over_once_and_up_to_a_limit(standing: Standing, real: Ticking) -> None:
    clock = SandboxClock(standing, monotonic=real)
    clock.sync(5)
    assert clock.now() == NOW  # no poll came before
    with clock.running():
        pass
    real.at += 3
    clock.sync(5)
    clock.sync(5)
    assert clock.now() == NOW + 3
    real.at += 600
    clock.sync(5)
    assert clock.now() == NOW + 8
    with clock.running():
        real.at += 2
        clock.sync(5)
        assert clock.now() == NOW + 10  # it runs: another panel's limit is none of its own
    assert clock.now() == NOW + 10


def test_a_clock_that_runs_by_itself_catches_nothing_up(standing: Standing, real: Ticking) -> None:
    clock = SandboxClock(standing, monotonic=real, runs_by_itself=True)
    with clock.running():
        pass
    real.at += 9
    clock.sync(5)
    assert clock.now() == NOW


def test_two_polls_that_wait_together_move_it_once(standing: Standing, real: Ticking) -> None:
    clock = SandboxClock(standing, monotonic=real)
    with clock.running():
        real.at += 2
        with clock.running():
            real.at += 3
        real.at += 5
    assert clock.now() == NOW + 10


def test_a_poll_that_fails_ends_its_running(standing: Standing, real: Ticking) -> None:
    clock = SandboxClock(standing, monotonic=real)

    def fail() -> None:
        with clock.running():
            real.at += 2
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with clock.running():
        pass
    assert clock.now() == NOW + 2


def a_real_clock(standing: Standing) -> RealClock:
    return RealClock(sleep=standing.advance, now=standing.now)


def test_a_live_tenants_time_cannot_be_moved_and_is_owed(standing: Standing) -> None:
    clock = a_real_clock(standing)
    assert clock.owes() == 0
    told = clock.advance(300)
    assert "wait 5 min" in repr(told)
    assert clock.now() == NOW
    assert clock.owes() == 300
    standing.advance(299)
    assert clock.owes() == 1
    standing.advance(2)
    assert clock.owes() == 0


def test_two_advances_owe_the_sum_of_both(standing: Standing) -> None:
    clock = a_real_clock(standing)
    clock.advance(300)
    clock.advance(5)
    assert clock.owes() == 305


def test_a_step_backwards_is_refused_everywhere(standing: Standing) -> None:
    with pytest.raises(ValueError, match="forward"):
        a_real_clock(standing).advance(-1)


def test_a_live_wait_waits_and_shows_that_it_does(standing: Standing, capsys: pytest.CaptureFixture[str]) -> None:
    clock = a_real_clock(standing)
    clock.wait(0)
    clock.wait(5)
    assert standing.now() == NOW + 5
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "waiting 5 s before the next poll (Interrupt stops it)\n"


def test_real_time_runs_by_itself(standing: Standing) -> None:
    clock = a_real_clock(standing)
    with clock.running():
        clock.sync()
    assert clock.now() == NOW
