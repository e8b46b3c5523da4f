"""Measures what panels cost the other cells: `1+1` in a kernel, alone and while two panels poll.

One panel polls the sandbox, the other a tenant that takes seconds to answer. Run it with `python -m benchmarks.panels`:
it exits 1 when the median of `1+1` is not under 50 ms beside the panels.
"""

from __future__ import annotations

import ast
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median, quantiles

import click
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

SECONDS = 20.0
BETWEEN_SECONDS = 0.02
BOUND_MS = 50.0
ANSWER_SECONDS = 60.0

PANELS = """
import threading

import httpx

from auth0_mfa_lab import Lab
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.settings import Settings


class Slow(httpx.BaseTransport):
    def __init__(self, inner, seconds):
        self.inner, self.seconds = inner, seconds

    def handle_request(self, request):
        if b"mfa-oob" in request.read():
            threading.Event().wait(self.seconds)
        return self.inner.handle_request(request)


def polling(lab, username, password, audience):
    login = lab.client.password_grant(username=username, password=password, audience=audience)
    challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    panel = lab.poll_panel(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"])
    panel.until_button.click()
    return panel


quick = Lab.sandbox()
user = quick.user(factors=["push"])
box = Sandbox(domain="tenant.example", seed=7)
known = box.add_user(factors=["push"], phone=box.new_phone(httpx.Client(transport=box.transport)))
settings = Settings(
    tenant="live",
    domain="tenant.example",
    client_id=box.defaults.client_id,
    client_secret=Secret(box.defaults.client_secret, "<client_secret>"),
    username=known.username,
    password=Secret(known.password, "<password>"),
    confirm="never",
)
slow = Lab.live(settings, transport=Slow(box.transport, SLOW_SECONDS))
panels = [
    polling(quick, user.username, user.password, quick.audience),
    polling(slow, known.username, settings.password, box.defaults.audience),
]
"""
POLLS = """
import asyncio

for _ in range(1000):
    if all(panel.run.polls for panel in panels):
        break
    await asyncio.sleep(0.01)
[[panel.run.polls, panel.run.state.value, str(panel.last_error)] for panel in panels]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How long `1+1` took, in milliseconds."""

    times: int
    median: float
    p99: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Figures:
        """Sum up what was measured, at least two of it."""
        each = [second * 1000 for second in seconds]
        p99 = quantiles(each, n=100, method="inclusive")[98]
        return cls(times=len(each), median=median(each), p99=p99, most=max(each))

    def __str__(self) -> str:
        return f"median {self.median:.1f} ms, p99 {self.p99:.1f} ms, most {self.most:.1f} ms of {self.times}"


@contextmanager
def kernel() -> Iterator[BlockingKernelClient]:
    """Start a kernel, and end it afterwards."""
    manager, client = start_new_kernel(kernel_name="python3", extra_arguments=["--log-level=ERROR"])
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def answered(client: BlockingKernelClient, code: str) -> str | None:
    """Run a cell until the kernel is idle again, as its reader sees it; return its value's text."""
    asked, value = client.execute(code, allow_stdin=False), None
    while True:
        message = client.get_iopub_msg(timeout=ANSWER_SECONDS)
        if message["parent_header"].get("msg_id") != asked:
            continue
        content = message["content"]
        if message["msg_type"] == "error":
            raise RuntimeError(f"{content['ename']}: {content['evalue']}")
        if message["msg_type"] == "execute_result":
            value = str(content["data"]["text/plain"])
        if content.get("execution_state") == "idle":
            return value


def timed(client: BlockingKernelClient, seconds: float) -> Figures:
    """Run `1+1` again and again for so many seconds."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 2 or time.perf_counter() < end:
        begun = time.perf_counter()
        assert answered(client, "1+1") == "2"
        times.append(time.perf_counter() - begun)
        time.sleep(BETWEEN_SECONDS)
    return Figures.of(times)


def measured(
    seconds: float = SECONDS, slow_seconds: float = 3.0
) -> tuple[Figures, Figures, list[tuple[int, str, str]]]:
    """Return the figures alone and beside the panels; and of each panel its polls, state and error."""
    with kernel() as client:
        answered(client, "import auth0_mfa_lab, ipywidgets")
        alone = timed(client, seconds / 4)
        answered(client, PANELS.replace("SLOW_SECONDS", repr(slow_seconds)))
        beside = timed(client, seconds)
        polls = [tuple(each) for each in ast.literal_eval(answered(client, POLLS) or "")]
    return alone, beside, polls


def faults(beside: Figures, polls: Sequence[tuple[int, str, str]]) -> list[str]:
    """Return what is not as it should be: too slow, or panels that did not poll."""
    found = [f"1+1 took {beside.median:.0f} ms at the median"] if beside.median >= BOUND_MS else []
    wrong = [each for each in polls if each[0] == 0 or each[1:] != ("pending", "None")]
    return found + [f"a panel did not poll as it should: {each}" for each in wrong]


def main(arguments: Sequence[str] = ()) -> int:
    """Print the figures; return 1 when `1+1` is too slow beside the panels, or they do not poll."""
    alone, beside, polls = measured(*map(float, arguments))
    click.echo(f"1+1 alone: {alone}")
    click.echo(f"1+1 while two panels poll: {beside} (wanted: median under {BOUND_MS:.0f} ms)")
    click.echo(f"polls meanwhile: {', '.join(str(count) for count, *_ in polls)}")
    wrong = faults(beside, polls)
    for each in wrong:
        click.echo(each, err=True)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
