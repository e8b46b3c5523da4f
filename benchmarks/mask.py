"""Measures what masking costs: 1,000 exchanges with 500 aliases, the last ones beside the first, as a ratio.

Run it with `python -m benchmarks.mask`: it exits 1 when an exchange costs more than 1.5 times what the early ones did.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from statistics import median

import click

from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.show.exchange import show, show_all
from auth0_mfa_lab.wire.exchange import Body, Request, Response
from auth0_mfa_lab.wire.journal import Journal

EXCHANGES = 1000
ALIASES = 500
FLAT = 1.5
_JSON = (("content-type", "application/json"),)


def sealed(number: int) -> str:
    """Return a value that begins like all others, as sealed strings do, and is as long."""
    return f"Fe26.2*lab*{number:012d}*{number * 7919 % 10**12:012d}*{'c2VhbGVk' * 30}"


def measured(exchanges: int = EXCHANGES, aliases: int = ALIASES) -> tuple[float, float, float]:
    """Return the seconds to record and show an exchange, early and late, and to mask a shown one again.

    Half of the exchanges bring a new secret, until there are so many aliases; all of them say two that are known.
    """
    journal = Journal(aliases=Aliases(), now=time.time, show=show, show_all=show_all)
    costs = [_timed(lambda number=number: _said(journal, number, aliases)) for number in range(exchanges)]  # type: ignore[misc]  # now
    tenth = max(5, exchanges // 10)
    text = repr(journal[-1])
    again = median(_timed(lambda: journal.aliases.mask(text)) for _ in range(20))
    return median(costs[tenth : 2 * tenth]), median(costs[-tenth:]), again


def _said(journal: Journal, number: int, aliases: int) -> None:
    newest = min(number // 2 * 2, 2 * aliases)
    body = f'{{"mfa_token": "{sealed(newest)}", "error": "mfa_required", "note": "{"ordinary text, " * 20}"}}'
    request = Request(
        method="POST",
        url="https://tenant.example/mfa/challenge?page=1",
        headers=(*_JSON, ("authorization", f"Bearer {sealed(newest // 4 * 2)}")),
        body=Body(f'{{"mfa_token": "{sealed(newest // 4 * 2)}", "client_secret": "a-client-secret-1"}}'.encode()),
    )
    response = Response(status=403, reason="Forbidden", headers=_JSON, body=Body(body.encode()))
    exchange = journal.append("app", request, response)
    exchange.show(exchange)


def _timed(act: Callable[[], object]) -> float:
    begun = time.process_time()
    act()
    return time.process_time() - begun


def main(arguments: Sequence[str] = ()) -> int:
    """Print the three times and the ratio; return 1 when it is too large."""
    numbers = [int(each) for each in arguments]
    # The flattest of three: what grows with the journal grows in each, what the machine does besides does not.
    early, late, again = min((measured(*numbers) for _ in range(3)), key=lambda each: each[1] / each[0])
    ratio = late / early
    click.echo(f"an exchange, recorded and shown: early {early * 1000:.2f} ms, late {late * 1000:.2f} ms")
    click.echo(f"masking a shown one again: {again * 1000:.2f} ms")
    click.echo(f"ratio {ratio:.2f} (at most {FLAT})")
    return int(ratio > FLAT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
