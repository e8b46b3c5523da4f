"""What the rules say of an application, as a view: broken musts first, and no secret in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from auth0_mfa_lab.conduct.calls import Call, Story, gap
from auth0_mfa_lab.conduct.rules import RULES, Level, Rule
from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.show.html import card, details, line, words
from auth0_mfa_lab.show.table import WIDTH, wrap
from auth0_mfa_lab.wire.exchange import Exchange

_SHOWN = "mfa_token bearer oob_code refresh_token otp binding_code recovery_code"
_MOST_LINES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is said of one rule: `said` are masked lines of a breach, `exchanges` the numbers of those that show it."""

    rule: Rule
    level: Level
    verdict: Literal["broken", "kept", "not seen"]
    said: tuple[str, ...] = ()
    exchanges: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """The verdicts on an application, broken musts first.

    `judged` calls of the application were, `left_out` exchanges were made on purpose; `allow` has the reasons of rules
    that may be broken.
    """

    verdicts: tuple[Verdict, ...]
    judged: int
    left_out: int
    allow: Mapping[str, str]

    @property
    def broken(self) -> list[Verdict]:
        """The verdicts on rules that are broken, and not allowed to be."""
        return [each for each in self.verdicts if each.verdict == "broken" and each.rule.id not in self.allow]

    def exit_code(self, *, strict: bool = False) -> int:
        """Return 1 for a broken must, with `strict` for a broken should as well; else 0."""
        return int(any(strict or each.level == "must" for each in self.broken))

    def as_json(self) -> dict[str, Any]:
        """Return the verdicts for a program; `allowed` is the reason of a rule that may be broken."""
        verdicts = [
            {"id": each.rule.id, "level": each.level, "verdict": each.verdict, "sentence": each.rule.sentence}
            | {"source": each.rule.source, "said": "\n".join(each.said), "exchanges": [*each.exchanges]}
            | {"allowed": self.allow.get(each.rule.id)}
            for each in self.verdicts
        ]
        return {"verdicts": verdicts, "left_out": self.left_out}

    def _title(self) -> str:
        levels, verdicts = [each.level for each in self.broken], [each.verdict for each in self.verdicts]
        counts = [f"{levels.count(level)} {level} broken" for level in ("must", "should") if level in levels]
        counts += [f"{verdicts.count(verdict)} {verdict}" for verdict in ("kept", "not seen")]
        return f"{self.judged} calls judged by {len(verdicts)} rules: {', '.join(counts)}"

    def _rest(self) -> Iterable[tuple[str, list[str]]]:
        """Yield what stands below the breaches: a title, and its lines."""
        kept = [each.rule.id for each in self.verdicts if each.verdict == "kept"]
        if self.allow:
            yield "Allowed", [f"{name}: {reason}" for name, reason in self.allow.items()]
        yield f"Kept: {len(kept)}", [", ".join(kept)]
        unseen = [f"{each.rule.id}: {each.rule.act}" for each in self.verdicts if each.verdict == "not seen"]
        yield "Not seen, and what would show it", unseen or ["none"]
        if self.left_out:
            yield "Left out, made on purpose", [f"{self.left_out} of the exchanges"]

    def text(self) -> str:
        """Return the report as text."""
        lines = [self._title()]
        for each in self.broken:
            lines += ["", *wrap(f"✗ {each.level} · {each.rule.id}: {each.rule.sentence}", WIDTH)]
            lines += [f"    {one}" for said in each.said for one in wrap(said, WIDTH - 4)]
            lines += [f"  Cost: {each.rule.cost}.", f"  Source: {each.rule.source}."]
        for title, under in self._rest():
            lines += ["", title, *(f"  {one}" for said in under for one in wrap(said, WIDTH - 2))]
        return "\n".join(lines)

    def html(self) -> str:
        """Return the report as HTML with inline styles alone."""
        blocks = [f"<p><b>{words(self._title())}</b></p>"]
        for each in self.broken:
            said, title = (line(one, small=True) for one in each.said), f"{each.level} · {each.rule.id}"
            under = line(f"Cost: {each.rule.cost}."), line(f"Source: {each.rule.source}.")
            tone: Literal["bad", "wait"] = "bad" if each.level == "must" else "wait"
            blocks += [card(title, line(each.rule.sentence), *said, *under, mark="✗", tone=tone)]
        return "".join([*blocks, *(details(words(title), "".join(map(line, under))) for title, under in self._rest())])

    __repr__ = text

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": self.text(), "text/html": self.html()}


def conduct(
    exchanges: Iterable[Exchange], *, allow: Mapping[str, str] = {}, on_purpose: Collection[int] = ()
) -> Conduct:
    """Judge an application by its exchanges, in the order of their numbers.

    `allow` are ids of rules that may be broken, each with its reason; `on_purpose` are numbers of exchanges that are
    left out. Raises LabError for an id that there is not.
    """
    known, told = [rule.id for rule in RULES], {each.number: each for each in exchanges}
    reasons = dict(allow)
    for name in allow:
        if name not in known:
            near = ", ".join(get_close_matches(name, known, n=1) or known)
            raise LabError(f"There is no such rule to allow. Near it: {near}.")
        for exchange in told.values():
            reasons[name] = exchange.masked(reasons[name])
    story = Story(told.values(), on_purpose)
    verdicts = [_verdict(rule, story, told) for rule in RULES]
    # "broken", "kept" and "not seen" come in the order of the alphabet, and so do "must" and "should".
    verdicts.sort(key=lambda each: (each.verdict, each.level if each.verdict == "broken" else ""))
    left_out = len(told) - len(story.calls)
    return Conduct(verdicts=tuple(verdicts), judged=len(story.of_app), left_out=left_out, allow=reasons)


def _verdict(rule: Rule, story: Story, told: Mapping[int, Exchange]) -> Verdict:
    findings = [*rule.judge(story)]
    broken = [each for each in findings if each.level]
    if not broken:
        return Verdict(rule=rule, level=rule.level, verdict="kept" if findings else "not seen")
    found = {call.number: call for each in broken for call in each.calls}
    shown = [found[number] for number in sorted(found)]
    said = [_line(call, told[call.number], before) for before, call in zip([None, *shown], shown, strict=False)]
    more = [f"and {len(said) - _MOST_LINES} more, up to {shown[-1].number}"] if len(said) > _MOST_LINES else []
    lines = (*said[:_MOST_LINES], *more, *dict.fromkeys(each.hint for each in broken if each.hint))
    level: Level = "must" if any(each.level == "must" for each in broken) else "should"
    return Verdict(rule=rule, level=level, verdict="broken", said=lines, exchanges=tuple(sorted(found)))


def _line(call: Call, exchange: Exchange, before: Call | None) -> str:
    """Return one call as a line; of what it sent only what has an alias."""
    masked, request = exchange.masked, exchange.request
    values = {text: masked(text) for text in map(call.text, _SHOWN.split()) if text}
    said = [f"{call.number}", request.method, request.target, call.text("grant_type").rpartition("/")[2]]
    said += [shown for text, shown in values.items() if shown != text]
    answer = exchange.outcome if call.status else "no answer"
    since = f" · {gap(before, call):+.1f} s" if before and before.passage.reset == call.passage.reset else ""
    return masked(f"{' '.join(filter(None, said))} · {answer}{since}")
