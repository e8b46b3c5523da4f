"""Measures the resident memory of `auth0-mfa-lab serve` after many requests beside its memory after few, as a ratio.

Run it with `python -m benchmarks.memory [FEW] [MANY]`: complete push logins of 8 clients at once, 20,000 requests and
then on to 200,000. It exits 1 when the ratio is over its bar, or an answer was not the one that was due.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks import servers
from benchmarks.load import Client, Tally
from benchmarks.servers import Running
from benchmarks.wire import Connection

CLIENTS = 8
FEW, MANY = 20_000, 200_000
BAR = 1.1


async def memory_after(server: Running, counts: Sequence[int]) -> tuple[list[int], list[str]]:
    """Return the server's resident memory in KiB when so many requests have been answered, and what was wrong."""
    connections = [await Connection.open(server.address, server.address.context()) for _ in range(CLIENTS)]
    tally = Tally()
    clients = [Client(number, server, each, tally) for number, each in enumerate(connections)]
    memory = []
    for count in counts:
        await asyncio.gather(*(each.work(lambda count=count: tally.requests < count) for each in clients))  # type: ignore[misc]  # now
        memory.append(server.resident())
    for each in connections:
        each.close()
    return memory, tally.wrong


def main(arguments: Sequence[str] = ()) -> int:
    """Print the memory after few and many requests, and their ratio."""
    few, many = [int(each) for each in arguments] or (FEW, MANY)
    with tempfile.TemporaryDirectory(prefix="auth0-mfa-lab-") as name, servers.sandbox(Path(name), tls=False) as server:
        (early, late), wrong = asyncio.run(memory_after(server, (few, many)))
    ratio = late / early
    click.echo(f"memory of serve: {early / 1024:.1f} MiB after {few} requests, {late / 1024:.1f} MiB after {many}")
    click.echo(f"ratio {ratio:.2f} (at most {BAR})")
    click.echo("\n".join(wrong[:10]), nl=bool(wrong))
    return int(ratio > BAR or bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
