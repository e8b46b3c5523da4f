"""Measures `auth0-mfa-lab serve` beside a bare starlette route in the same run: cold start, and tokens a second.

What its journal costs is measured beside the same server with --no-journal.

    python -m benchmarks.serve [--rounds 7] [--seconds 2] [--tls] [--json]

Both answer a password grant with an access token that RS256 signed. They take turns, round by round, and each round
gives one ratio: what the machine does beside it slows both. The ratio to quote is the median.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from benchmarks import servers
from benchmarks.servers import Running
from benchmarks.wire import Connection

CONNECTIONS = (1, 8, 32)
LEAST_TOKENS, MOST_COLD_START, LEAST_WITH_JOURNAL = 0.8, 1.3, 0.85
"""What is wanted of the medians: of the tokens of the bare route, of its time to start, of those without a journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing that was measured of both, and the ratio of the two in each round."""

    name: str
    unit: str
    wanted: str
    sandbox: float
    bare: float
    least: float
    ratio: float
    most: float

    @classmethod
    def of(cls, name: str, unit: str, wanted: str, pairs: Sequence[tuple[float, float]]) -> Figure:
        """Return the medians of what was measured in turns, the sandbox first in each pair."""
        ratios = [ours / theirs for ours, theirs in pairs]
        return cls(
            name=name,
            unit=unit,
            wanted=wanted,
            sandbox=statistics.median(ours for ours, _ in pairs),
            bare=statistics.median(theirs for _, theirs in pairs),
            least=min(ratios),
            ratio=statistics.median(ratios),
            most=max(ratios),
        )


def cold_starts(folder: Path, rounds: int, *, tls: bool) -> list[Figure]:
    """Time both from the start of the process to the first 200, after one start of each that does not count."""
    pairs: list[tuple[Running, Running]] = []
    for _ in range(rounds + 1):
        with servers.sandbox(folder, tls=tls) as ours:
            pass
        with servers.bare(folder, tls=tls) as theirs:
            pass
        pairs.append((ours, theirs))
    wall = [(ours.seconds_to_start * 1000, theirs.seconds_to_start * 1000) for ours, theirs in pairs[1:]]
    cpu = [(ours.cpu_to_start * 1000, theirs.cpu_to_start * 1000) for ours, theirs in pairs[1:] if theirs.cpu_to_start]
    figures = [Figure.of("cold start", "ms", f"at most {MOST_COLD_START}", wall)]
    return [*figures, Figure.of("  of a processor", "ms", "", cpu)] if cpu else figures


def tokens_a_second(folder: Path, rounds: int, seconds: float, *, tls: bool) -> list[Figure]:
    """Count the tokens of both, in turns, for each number of connections."""
    with ExitStack() as stack:
        ours = stack.enter_context(servers.sandbox(folder, tls=tls))
        quiet = stack.enter_context(servers.sandbox(folder, tls=tls, journal=False))
        theirs = stack.enter_context(servers.bare(folder, tls=tls))
        for each in (ours, quiet):
            asyncio.run(_ask_for_no_second_factor(each))
        requests = {each.pid: _grant_of_sandbox(each) for each in (ours, quiet)} | {theirs.pid: _grant_of_bare(theirs)}

        def count(server: Running, connections: int, seconds: float = seconds) -> float:
            return asyncio.run(_count(server, requests[server.pid], connections, seconds))

        for server in (ours, quiet, theirs):
            count(server, 1, 0.2)
        figures = []
        for connections in CONNECTIONS:
            counts = [[count(each, connections) for each in (ours, quiet, theirs)] for _ in range(rounds)]
            name = f"{connections} connection{'s' if connections > 1 else ''}"
            pairs = [(all_kept, bare) for all_kept, _, bare in counts]
            figures.append(Figure.of(f"tokens, {name}", "a second", f"at least {LEAST_TOKENS}", pairs))
            pairs = [(all_kept, nothing_kept) for all_kept, nothing_kept, _ in counts]
            wanted = f"at least {LEAST_WITH_JOURNAL} of --no-journal"
            figures.append(Figure.of(f"  journal, {name}", "a second", wanted, pairs))
        return figures


async def _ask_for_no_second_factor(ours: Running) -> None:
    connection = await Connection.open(ours.address, ours.address.context())
    bearer = {"authorization": f"Bearer {ours.settings['AUTH0_LAB_TOKEN']}"}
    request = ours.address.json("/_lab/settings", {"policy": "never"}, method="PATCH", headers=bearer)
    status, body = await connection.ask(request)
    connection.close()
    if status != 200:
        raise RuntimeError(f"The control plane answered {status}: {body.decode()}")


def _grant_of_sandbox(ours: Running) -> bytes:
    settings = ours.settings
    fields = {
        "grant_type": "password",
        "username": settings["AUTH0_USERNAME"],
        "password": settings["AUTH0_PASSWORD"],
        "client_id": settings["AUTH0_CLIENT_ID"],
        "client_secret": settings["AUTH0_CLIENT_SECRET"],
        "audience": settings["AUTH0_AUDIENCE"],
        "scope": "read:orders",
    }
    return ours.address.form("/oauth/token", fields)


def _grant_of_bare(theirs: Running) -> bytes:
    fields = {
        "grant_type": "password",
        "username": "jane.roe@example.com",
        "password": "correct",
        "client_id": "0123456789abcdefghijABCDEFGHIJ01",
        "client_secret": "0123456789abcdefghijABCDEFGHIJ010123456789abcdefghijABCDEFGHIJ01",
        "audience": "https://api.example.com/",
        "scope": "read:orders",
    }
    return theirs.address.form("/oauth/token", fields)


async def _count(server: Running, request: bytes, connections: int, seconds: float) -> float:
    """Return how many tokens a second so many kept-alive connections get, each asking as soon as it has its answer."""
    context = server.address.context()
    opened = [await Connection.open(server.address, context) for _ in range(connections)]
    begun = time.perf_counter()

    async def ask(connection: Connection) -> int:
        tokens = 0
        while time.perf_counter() - begun < seconds:
            status, body = await connection.ask(request)
            if status != 200 or b'"access_token":"ey' not in body.replace(b" ", b""):
                raise RuntimeError(f"No token, but {status}: {body[:200].decode()}")
            tokens += 1
        return tokens

    counts = await asyncio.gather(*map(ask, opened))
    took = time.perf_counter() - begun
    for connection in opened:
        connection.close()
    return sum(counts) / took


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as text."""
    lines = [f"{'':24}{'sandbox':>10}{'bare':>10}{'':12}{'ratio':>8}{'min':>8}{'max':>8}   wanted"]
    lines += [
        f"{one.name:24}{one.sandbox:10.0f}{one.bare:10.0f} {one.unit:11}"
        f"{one.ratio:8.2f}{one.least:8.2f}{one.most:8.2f}   {one.wanted}".rstrip()
        for one in figures
    ]
    return "\n".join(lines)


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.05), default=2.0, show_default=True, help="Of each count.")
@click.option("--only-start", is_flag=True, help="Measure the cold start alone.")
@click.option("--tls", is_flag=True, help="Measure both over TLS; the sandbox makes a CA at each start.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(rounds: int, seconds: float, only_start: bool, tls: bool, as_json: bool) -> None:
    """Measure the served sandbox beside a bare starlette route with an RS256 signature."""
    with tempfile.TemporaryDirectory(prefix="auth0-mfa-lab-") as name:
        folder = Path(name)
        figures = cold_starts(folder, rounds, tls=tls)
        if not only_start:
            figures += tokens_a_second(folder, rounds, seconds, tls=tls)
    found = {"machine": servers.machine(), "tls": tls, "rounds": rounds, "seconds": seconds}
    if as_json:
        click.echo(json.dumps({**found, "figures": [asdict(one) for one in figures]}, indent=2))
    else:
        click.echo(", ".join(f"{name} {value}" for name, value in servers.machine().items()))
        click.echo(f"{'TLS' if tls else 'plain HTTP'}, medians of {rounds} rounds, {seconds:g} s for each count\n")
        click.echo(table(figures))


if __name__ == "__main__":
    main()
