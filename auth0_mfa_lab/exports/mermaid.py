"""The journal as a mermaid sequence diagram, with the values that go out and come back on its arrows."""

from __future__ import annotations

import re
from itertools import groupby

from auth0_mfa_lab.secrets.aliases import Alias
from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.journal import Journal, Run

# Every request of an application has these, and they come from no answer.
_ALWAYS = ("client_secret", "mgmt_client_secret", "client_assertion", "assertion", "basic_credentials", "identifier")
_MOST = 4
_WIDEST = 24  # characters of a call in one line: the wider the words, the smaller a picture is drawn
# Colours of its own on a ground of its own: drawn in any theme, it is legible on a light and on a dark page.
LOOK = (
    '%%{init: {"theme": "base", "themeVariables": {"primaryColor": "#dbe9f9", "primaryTextColor": "#1b2733", '
    '"primaryBorderColor": "#4a78a8", "lineColor": "#7b8794", "noteBkgColor": "#fff3cd", "noteTextColor": "#1b2733", '
    '"noteBorderColor": "#b08d2f"}, "sequence": {"mirrorActors": false}}}%%'
)
"""The first line of every diagram."""
GROUND = "  rect rgb(255,255,255)"
"""Begins what lies on a white ground: the arrows of a sequence, for their words have none."""


def mermaid(journal: Journal) -> str:
    """Return a journal as a mermaid sequence diagram, every secret under its alias."""
    aliases = journal.aliases
    lines = [LOOK, "sequenceDiagram", "  participant app as your app", "  participant auth0 as Auth0"]
    has_phone = any(exchange.speaker != "app" for exchange in journal)
    lines += ["  participant phone as the phone"] if has_phone else []
    # Neighbours of a run that sent the same values, too, are one arrow.
    same = (
        group for run in journal.runs() for _, group in groupby(run.exchanges, lambda each: bytes(each.request.body))
    )
    begun = len(lines)
    step: str | None = None
    for run in (Run(exchanges=tuple(group)) for group in same):
        first = run.exchanges[0]
        if len(lines) == begun or (first.step and first.step != step):
            lines += [*["  end"] * (len(lines) > begun), GROUND]
        if first.step and first.step != step:
            lines.append(f"  Note over app,{'phone' if has_phone else 'auth0'}: {_escaped(aliases.mask(first.step))}")
        step = first.step
        # What an answer of the run brought, or a push, that was not said before.
        numbers = {each.number for each in run.exchanges}
        bodies = [str(each.response.text) for each in run.exchanges if each.response]
        found = dict.fromkeys(alias for body in bodies for alias in aliases.in_text(body))
        brought = _values([each for each in found if each.answered and each.born in numbers])
        if first.is_push:
            lines.append(f"  auth0->>phone: push{brought}")
            continue
        in_the_path = aliases.in_text(str(first.request.target))
        sent = [each for each in aliases.in_text(said(first)) if each not in in_the_path]
        call = aliases.mask(f"{first.request.method} {first.request.target}")
        lines.append(f"  {first.speaker}->>auth0: {_call(call)}{_values(sent)}")
        lines.append(f"  auth0-->>{first.speaker}: {_escaped(aliases.mask(run.outcome))}{brought}")
    return "\n".join([*lines, *["  end"] * (len(lines) > begun)])


def fenced(diagram: str) -> str:
    """Return a diagram as markdown, which is drawn and never saved: a picture for each step, under the names."""
    names, *steps = re.split(rf"\n(?={re.escape(GROUND)})", diagram)
    return "\n\n".join(f"```mermaid\n{names}\n{step}\n```" for step in steps or [""])


def said(exchange: Exchange) -> str:
    """Return all that a request says in which a secret may stand, as one text."""
    request = exchange.request
    headers = [str(value) for name, value in request.headers if name in ("authorization", "cookie")]
    return "\n".join([str(request.target), *headers, str(request.text)])


def _call(call: str) -> str:
    """Return method and path, a long path in two lines."""
    head, _, last = call.rpartition("/")
    return _escaped(call) if len(call) <= _WIDEST or head.endswith(" ") else f"{_escaped(head)}<br/>/{_escaped(last)}"


def _values(aliases: list[Alias]) -> str:
    """Return the aliases below what was said, each in a line of its own."""
    shown = [each.shown for each in aliases if each.kind not in _ALWAYS]
    more = ["…"] if len(shown) > _MOST else []
    return "".join(f"<br/>{_escaped(each)}" for each in [*shown[:_MOST], *more])


def _escaped(text: str) -> str:
    """Return text in which nothing is mermaid's own: `#` and `;` begin and end its entities and statements."""
    codes = str.maketrans({"#": "#35;", ";": "#59;", "<": "#lt;", ">": "#gt;"})
    return " ".join(text.splitlines()).translate(codes)
