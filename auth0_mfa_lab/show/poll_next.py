"""What to do next, for each way in which a poll can stand; and what takes each of the tokens that it brought."""

from __future__ import annotations

from typing import Literal

from auth0_mfa_lab.polling import Life, Poll, PollRun, State
from auth0_mfa_lab.show.meanings import meaning_of
from auth0_mfa_lab.wire.exchange import Exchange

Doing = Literal["idle", "waiting", "asking"]
"""What a panel does: nothing, or it waits for the next poll, or for an answer."""
_TAKEN_BY = {
    "access_token": "your API takes it as Bearer, and lab.client.userinfo does if its scope has openid",
    "id_token": "your app reads who it is: lab.inspect(...) takes it apart",
    "refresh_token": "lab.client.refresh_token_grant gets new tokens for it",
    "recovery_code": "show it to the person, once: it is the new one",
}
_LACKS = {"refresh_token": "not here: the login asks for it with the scope offline_access"}
_ON_THE_PHONE = {
    "mfa_challenge": "Allow or reject the push on the phone",
    "mfa_associate": "Scan the QR with the phone",
}


def tokens_here(granted: Exchange) -> tuple[tuple[str, str], ...]:
    """Return which tokens an answer has, and what takes each; and how to get those that it lacks."""
    here = [(name, taken) for name, taken in _TAKEN_BY.items() if name in granted]
    return (*here, *((name, how) for name, how in _LACKS.items() if name not in granted))


def next_step(run: PollRun, poll: Poll, now: float, *, doing: Doing) -> str:
    """Return what to do next, in a sentence; `poll` is how the run stands at `now`."""
    if poll.state is State.PENDING:
        return _pending(run, idle=doing == "idle")
    if poll.state is State.STOPPED:
        if doing == "asking":
            return "The last request is under way still: its answer is taken if it is final."
        return "Poll once or Poll until done goes on."
    if poll.state is State.GRANTED:
        return "The tokens are in panel.run.exchange, each for a use of its own:"
    if poll.state is State.FAILED:
        meaning = meaning_of(run.exchange) if run.exchange else None
        said = (meaning or "no poll goes on after this answer: look at it below.").removeprefix("lab: ")
        return f"{said[0].upper()}{said[1:]}"
    return _anew(run, poll, now)


def _pending(run: PollRun, *, idle: bool) -> str:
    do = _ON_THE_PHONE.get(run.begun_by, _ON_THE_PHONE["mfa_challenge"])
    if idle:
        return f"{do}. Poll once asks whether it is done, Poll until done asks until it is."
    return f"{do}: the panel goes on asking."


def _anew(run: PollRun, poll: Poll, now: float) -> str:
    """Return how to begin again after a refusal, or when time is over: what still lives is used again."""
    begin = f"lab.client.{run.begun_by}"
    if poll.spent is Life.MFA_TOKEN or poll.mfa_token_ends_at <= now:
        return f"The 10 minutes of the mfa_token are over: log in again for a new one, then {begin}."
    if poll.state is State.EXPIRED and run.begun_by == "mfa_associate":
        begin = f"{begin}, or lab.client.mfa_challenge where the phone has enrolled already,"
    return f"{begin} with the same mfa_token, while that lives; then a panel for the new oob_code."
