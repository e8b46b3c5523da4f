"""A poll as text and HTML: where it stands, what each request brought, and the last exchange."""

from __future__ import annotations

from html import escape
from itertools import groupby

from auth0_mfa_lab.polling import PollRun
from auth0_mfa_lab.show.exchange import pre


def headline(run: PollRun) -> str:
    """Return a poll in one line: `granted after 3 polls: …`."""
    count = run.poll.polls
    return f"{run.state.value} after {count} poll{'' if count == 1 else 's'}: {run.poll.reason}"


def timeline(run: PollRun) -> list[str]:
    """Return one line for each row of equal answers, with the seconds since the first of all."""
    begin = run.exchanges[0].at if run.exchanges else 0.0
    lines: list[str] = []
    for outcome, group in groupby(run.exchanges, lambda exchange: exchange.outcome):
        same = list(group)
        first, last = f"{same[0].at - begin:.0f} s", f"{same[-1].at - begin:.0f} s"
        when = first if len(same) == 1 else f"{first} to {last}"
        times = "" if len(same) == 1 else f" ({len(same)} times)"
        lines.append(f"  {when:>14}  {outcome}{times}")
    return lines


def show_poll(run: PollRun) -> dict[str, str]:
    """Return the mimebundle of a poll."""
    lines = [f"Poll · {headline(run)}", *timeline(run)]
    if run.exchange is None:
        return {"text/plain": "\n".join(lines), "text/html": pre(escape("\n".join(lines)))}
    text, html = run.exchange.show(run.exchange)
    return {
        "text/plain": "\n".join([*lines, "", text]),
        "text/html": f"<p><b>{escape(lines[0])}</b></p>{pre(escape(chr(10).join(lines[1:])))}{html}",
    }
