"""What the rules say of an application, as a view: broken musts first, and no secret in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from auth0_mfa_lab.conduct.calls import Call, Story, gap
from auth0_mfa_lab.conduct.rules import RULES, Level, Rule
from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.show.html import card, details, line, words
from auth0_mfa_lab.wire.exchange import Recorded

_SHOWN = (
    "mfa_token",
    "bearer",
    "oob_code",
    "refresh_token",
    "otp",
    "binding_code",
    "recovery_code",
    "authenticator_id",
)
_MOST_LINES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is said of one rule: `said` are masked lines of a breach, `exchanges` the numbers of those that show it."""

    rule: Rule
    level: Level
    verdict: Literal["broken", "kept", "not seen"]
    said: tuple[str, ...] = ()
    exchanges: tuple[int, ...] = ()
    allowed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Conduct:
    """The verdicts on an application, broken musts first; `left_out` exchanges were made on purpose."""

    verdicts: tuple[Verdict, ...]
    judged: int
    left_out: int
    allow: Mapping[str, str]

    def broken(self, *levels: Level) -> list[Verdict]:
        """Return the verdicts on rules that are broken, at these levels (default: any), and not allowed to be."""
        found = [each for each in self.verdicts if each.verdict == "broken" and each.allowed is None]
        return [each for each in found if not levels or each.level in levels]

    def exit_code(self, *, strict: bool = False) -> int:
        """Return 1 for a broken must, with `strict` for a broken should as well; else 0."""
        return int(bool(self.broken() if strict else self.broken("must")))

    def as_json(self) -> dict[str, Any]:
        """Return the verdicts for a program."""
        return {
            "verdicts": [
                {
                    "id": each.rule.id,
                    "level": each.level,
                    "verdict": each.verdict,
                    "sentence": each.rule.sentence,
                    "source": each.rule.source,
                    "said": "\n".join(each.said),
                    "exchanges": list(each.exchanges),
                    "allowed": each.allowed,
                }
                for each in self.verdicts
            ],
            "left_out": self.left_out,
        }

    def _title(self) -> str:
        counts = [f"{len(self.broken(level))} {level} broken" for level in ("must", "should") if self.broken(level)]
        counts += [f"{len(self._ids(verdict))} {verdict}" for verdict in ("kept", "not seen")]
        return f"{self.judged} exchanges judged by {len(self.verdicts)} rules: {', '.join(counts)}"

    def _ids(self, verdict: str) -> list[str]:
        return [each.rule.id for each in self.verdicts if each.verdict == verdict]

    def _rest(self) -> list[tuple[str, list[str]]]:
        """Return what stands below the breaches: a title, and its lines."""
        unseen = [f"{each.rule.id}: {each.rule.act}" for each in self.verdicts if each.verdict == "not seen"]
        allowed = [f"{name} ({reason})" for name, reason in self.allow.items()]
        kept = self._ids("kept")
        rest = [
            ("Allowed", allowed),
            (f"Kept: {len(kept)}", [", ".join(kept)]),
            ("Not seen; this would show it", unseen),
        ]
        purpose = [("Left out: made on purpose", [f"{self.left_out} exchanges"])] if self.left_out else []
        return [(title, lines) for title, lines in (*rest, *purpose) if any(lines)]

    def text(self) -> str:
        """Return the report as text."""
        lines = [self._title()]
        for each in self.broken():
            rule = each.rule
            lines += ["", f"✗ {each.level} · {rule.id}: {rule.sentence}", *(f"    {one}" for one in each.said)]
            lines += [f"  Cost: {rule.cost}. Source: {rule.source}."]
        for title, under in self._rest():
            lines += ["", f"{title}:", *(f"  {one}" for one in under)]
        return "\n".join(lines)

    def html(self) -> str:
        """Return the report as HTML with inline styles alone."""
        blocks = [
            card(
                f"{each.level} · {each.rule.id}",
                line(each.rule.sentence),
                *(line(one, small=True) for one in each.said),
                line(f"Cost: {each.rule.cost}. Source: {each.rule.source}."),
                mark="✗",
                tone="bad" if each.level == "must" else "wait",
            )
            for each in self.broken()
        ]
        blocks += [details(words(title), "".join(map(line, lines))) for title, lines in self._rest()]
        return f"<p><b>{words(self._title())}</b></p>{''.join(blocks)}"

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": self.text(), "text/html": self.html()}


def conduct(
    exchanges: Iterable[Recorded], aliases: Aliases, *, allow: Mapping[str, str] = {}, on_purpose: Collection[int] = ()
) -> Conduct:
    """Judge an application by its exchanges, in the order of their numbers; `aliases` have learned their secrets.

    `allow` are ids of rules that may be broken, each with its reason; `on_purpose` are numbers of exchanges that are
    left out. Raises LabError for an id that there is not.
    """
    known = [rule.id for rule in RULES]
    for name in (name for name in allow if name not in known):
        near = get_close_matches(name, known, n=1) or known
        raise LabError(f"There is no rule {aliases.mask(name)!r} to allow. Near it: {', '.join(near)}.")
    story, allowed = Story(exchanges, on_purpose), {name: aliases.mask(reason) for name, reason in allow.items()}
    verdicts = sorted((_verdict(rule, story, aliases, allowed.get(rule.id)) for rule in RULES), key=_order)
    return Conduct(verdicts=tuple(verdicts), judged=len(story.calls), left_out=story.left_out, allow=allowed)


def _order(verdict: Verdict) -> tuple[int, bool]:
    return ("broken", "kept", "not seen").index(verdict.verdict), (verdict.verdict, verdict.level) == ("broken", "should")


def _verdict(rule: Rule, story: Story, aliases: Aliases, allowed: str | None) -> Verdict:
    findings = [*rule.judge(story)]
    broken = [each for each in findings if each.level]
    if not broken:
        return Verdict(rule=rule, level=rule.level, verdict="kept" if findings else "not seen")
    level: Level = "must" if any(each.level == "must" for each in broken) else "should"
    calls = {call.number: call for each in broken for call in each.calls}
    shown = [calls[number] for number in sorted(calls)]
    said = [_line(call, before, aliases) for before, call in zip([None, *shown], shown, strict=False)]
    more = [f"and {len(said) - _MOST_LINES} more, up to {shown[-1].number}"] if len(said) > _MOST_LINES else []
    hints = dict.fromkeys(each.hint for each in broken if each.hint)
    lines = (*said[:_MOST_LINES], *more, *hints)
    return Verdict(
        rule=rule, level=level, verdict="broken", said=lines, exchanges=tuple(sorted(calls)), allowed=allowed
    )


def _line(call: Call, before: Call | None, aliases: Aliases) -> str:
    """Return one call as a line; of what it sent only what has an alias."""
    grant = call.text("grant_type").rpartition("/")[2]
    known = [alias.shown for name in _SHOWN if (alias := aliases.known(call.text(name)))]
    response = call.exchange.response
    answer = f"{call.status} {call.error or (response.reason if response else '')}" if call.status else "no answer"
    since = [f"{gap(before, call):+.1f} s"] if before and before.passage.reset == call.passage.reset else []
    said = f"{call.method} {call.exchange.request.target}"
    return aliases.mask(" · ".join([" ".join(filter(None, [f"{call.number}", said, grant, *known])), answer, *since]))
