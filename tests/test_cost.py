"""Cost grows with the work: the 1,000th exchange costs what the 10th did, counted in steps and not in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from auth0_mfa_lab import Exchange
from auth0_mfa_lab.wire.journal import Journal
from tests.mothers import a_journal, a_request, an_exchange

MANY = 1000
OFTEN_ENOUGH = 1.5


class Work:
    """Counts the lines of Python that run, and the calls into C."""

    def __init__(self) -> None:
        self.steps = 0

    def of(self, act: Callable[[], object]) -> int:
        self.steps = 0
        tracing, profiling = sys.gettrace(), sys.getprofile()
        sys.settrace(self._trace)
        sys.setprofile(self._profile)
        try:
            act()
        finally:
            sys.setprofile(profiling)
            sys.settrace(tracing)
        return self.steps

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        self.steps += event == "line"
        return self._trace

    def _profile(self, frame: FrameType, event: str, _: Any) -> None:
        self.steps += event in ("call", "c_call")


def sealed(number: int, kind: str) -> str:
    """Return a value that begins like all others of its kind, as sealed strings do."""
    return f"Fe26.2*lab*{kind}*{number:012d}*{number * 7919 % 10**12:012d}*c2VhbGVk"


def a_login(journal: Journal, number: int) -> Exchange:
    """Record an exchange that brings two new secrets, and sends two."""
    return an_exchange(
        403,
        journal=journal,
        request=a_request(form={"mfa_token": sealed(number, "request"), "password": f"pass-{number:06d}-word"}),
        json={"error": "mfa_required", "mfa_token": sealed(number, "answer"), "otp": f"{number * 7919 % 10**6:06d}"},
    )


def of_the_tenth_and_of_the_thousandth(record: Callable[[Journal, int], Exchange]) -> tuple[int, int]:
    work, journal = Work(), a_journal()
    costs = {}
    for number in range(1, MANY + 1):
        if number in (10, MANY):
            costs[number] = work.of(lambda number=number: _shown(record(journal, number)))  # type: ignore[misc]  # now
        else:
            record(journal, number)
    return costs[10], costs[MANY]


def _shown(exchange: Exchange) -> None:
    exchange.show(exchange)


def test_the_count_sees_work() -> None:
    work = Work()
    little, much = work.of(lambda: sorted("ab")), work.of(lambda: [str(n) for n in range(500)])
    assert little < 10
    assert much > 500


def test_recording_aliasing_and_showing_costs_the_same_for_the_thousandth() -> None:
    tenth, thousandth = of_the_tenth_and_of_the_thousandth(a_login)
    assert tenth > 1000
    assert thousandth <= OFTEN_ENOUGH * tenth


def test_so_it_does_when_every_secret_has_a_length_of_its_own() -> None:
    def record(journal: Journal, number: int) -> Exchange:
        return an_exchange(journal=journal, json={"mfa_token": sealed(number, "x" * (number % 97))})

    tenth, thousandth = of_the_tenth_and_of_the_thousandth(record)
    # Their beginnings are one and the same; only lengths that were seen are tried, at that one place.
    assert thousandth <= 2 * tenth


def test_a_poll_that_brings_nothing_new_costs_the_same_for_the_thousandth() -> None:
    def record(journal: Journal, _: int) -> Exchange:
        form = {"mfa_token": sealed(1, "request"), "oob_code": sealed(2, "request")}
        return an_exchange(400, journal=journal, request=a_request(form=form), json={"error": "slow_down"})

    tenth, thousandth = of_the_tenth_and_of_the_thousandth(record)
    assert thousandth <= OFTEN_ENOUGH * tenth


def test_masking_a_text_costs_the_same_with_few_and_many_secrets() -> None:
    text = "a page of ordinary text, " * 40 + sealed(3, "token")

    def cost(secrets: int) -> int:
        journal = a_journal()
        for number in range(secrets):
            journal.aliases.learn("mfa_token", sealed(number, "token"))
        return Work().of(lambda: journal.aliases.mask(text))

    assert cost(500) <= 1.1 * cost(5)
