"""Measures what a lab's record costs: a password grant that is recorded, and shown too, beside the bare call.

Run it with `python -m benchmarks.record`: it exits 1 when recording takes more than 3 times the bare call, or recording
and showing more than 5 times.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

import click
import httpx

from auth0_mfa_lab import Lab

ROUNDS = 5
CALLS = 40
MOST = {"recorded": 3.0, "recorded and shown": 5.0}


def measured(rounds: int = ROUNDS, calls: int = CALLS) -> dict[str, float]:
    """Return the seconds of one password grant: bare, recorded, and recorded and shown as text and HTML.

    All three go through one transport in process, in turn. The least of some rounds: a busy machine only adds to it.
    """
    lab = Lab.sandbox()
    user = lab.user(factors=["push"])
    fields = {"username": user.username, "password": user.password, "audience": str(lab.audience)}
    body = {
        **{name: str(value) for name, value in fields.items()},
        "grant_type": "password",
        "client_id": lab.client.client_id,
        "client_secret": str(lab.aliases.alias_of("<client_secret 1>").value),
    }
    with httpx.Client(transport=lab._transport, base_url=f"https://{lab.domain}") as bare:
        acts: dict[str, Callable[[], object]] = {
            "bare": lambda: bare.post("/oauth/token", data=body).read(),
            "recorded": lambda: lab.client.password_grant(**fields),
            "recorded and shown": lambda: lab.client.password_grant(**fields)._repr_mimebundle_(),
        }
        times: dict[str, list[float]] = {name: [] for name in acts}
        for number in range(rounds + 1):
            for name, act in acts.items():
                seconds = _timed(act, calls)
                times[name] += [seconds] if number else []  # the first round makes keys and patterns
    return {name: min(seconds) for name, seconds in times.items()}


def _timed(act: Callable[[], object], calls: int) -> float:
    begun = time.process_time()
    for _ in range(calls):
        act()
    return (time.process_time() - begun) / calls


def main(arguments: Sequence[str] = ()) -> int:
    """Print each time with its ratio to the bare call; return 1 when one is too large."""
    found = measured(*map(int, arguments))
    bare = found.pop("bare")
    click.echo(f"a password grant in process, bare: {bare * 1000:.2f} ms")
    for name, seconds in found.items():
        click.echo(f"{name}: {seconds * 1000:.2f} ms, {seconds / bare:.1f} times (wanted: at most {MOST[name]:.0f})")
    return int(any(seconds > MOST[name] * bare for name, seconds in found.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
