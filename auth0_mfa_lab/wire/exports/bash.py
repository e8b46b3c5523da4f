"""The journal as a script for bash, which needs curl and jq."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence

from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.exports.bash_parts import ASK, FIELD, POLL, REQUEST
from auth0_mfa_lab.wire.exports.names import Names
from auth0_mfa_lab.wire.exports.paths import Path, Pick
from auth0_mfa_lab.wire.exports.plan import Make, Pass, Plan, Press, ReadCode, Scan, Send, Step, Title
from auth0_mfa_lab.wire.exports.planning import plan_of
from auth0_mfa_lab.wire.exports.questions import ALLOW, REJECT, SCAN, asked_for, needs, serving, what_it_is
from auth0_mfa_lab.wire.exports.shell import CA_FILE, arguments, lines, word
from auth0_mfa_lab.wire.exports.texts import stacked

_KEY = re.compile(r"[A-Za-z_]\w*")
SERVED = 'if [ -n "${AUTH0_LAB_TOKEN:-}" ]; then'
HEAD = """\
#!/usr/bin/env bash
# {what}
# It needs curl and jq, and the variables below. A served sandbox writes them:
#   {serve}
#   set -a; . ./lab.env; set +a
# With AUTH0_LAB_TOKEN the phone and the inbox are the sandbox's; without it you are asked.
set -eu
"""


def bash(journal: Sequence[Exchange], names: Names) -> str:
    """Return the journal as a script that says the same again, and checks each answer's status."""
    plan = plan_of(journal, names)
    needed = needs(plan)
    head = HEAD.replace("{what}", what_it_is(plan)).replace("{serve}", serving(plan)) + "\n".join(
        f': "${{{name}:?}}"' for name in needed
    )
    functions = [part.rstrip() for part, is_used in _functions(plan) if is_used]
    begin = [head, REQUEST.replace("CA_FILE", CA_FILE).rstrip(), *functions]
    return stacked(
        [*((each, False) for each in begin), *((_step(step), isinstance(step, Title)) for step in plan.steps)]
    )


def _functions(plan: Plan) -> Iterator[tuple[str, bool]]:
    yield FIELD, plan.has(Make) or any(step.captures for step in plan.sends())
    yield POLL, plan.polls
    yield ASK, plan.asks


def _step(step: Step) -> str:
    if isinstance(step, Title):
        return f"# {step.text}"
    if isinstance(step, Make):
        return _made(step)
    if isinstance(step, Send):
        return _sent(step)
    if isinstance(step, Pass):
        return "\n".join(
            [SERVED, f"    auth0-mfa-lab clock advance {step.seconds}", "else", f"    sleep {step.seconds}", "fi"]
        )
    return _read(step) if isinstance(step, ReadCode) else _phone(step)


def _sent(step: Send) -> str:
    call = step.call
    written = [
        lines("poll" if step.is_poll else "request", arguments(call)),
        f"expect {shlex.quote(f'{call.number} {call.line}')} {step.status}",
        *(f"{each.variable}=$(field {shlex.quote(_jq(each.path))})" for each in step.captures),
    ]
    return "\n".join(written)


def _made(step: Make) -> str:
    body = json.dumps({"factors": list(step.factors)})
    words = (
        "--request POST",
        '--url "https://$AUTH0_DOMAIN/_lab/users"',
        '--header "authorization: Bearer $AUTH0_LAB_TOKEN"',
        "--header 'content-type: application/json'",
        f"--data {shlex.quote(body)}",
    )
    brought = [f"    {variable}=$(field .{field})" for variable, field in step.fields]
    asked = [f"    {line}" for variable, field in step.fields for line in _given(variable, field)]
    return "\n".join(
        [
            f"# A fresh user{' with ' + ', '.join(step.factors) if step.factors else ''}, or one of your own.",
            SERVED,
            lines("request", iter(words), "    "),
            "    expect 'the user' 201",
            *brought,
            "else",
            *asked,
            "fi",
        ]
    )


def _given(variable: str, field: str) -> Iterator[str]:
    if field == "recovery_code":
        yield f"{variable}=$(ask {shlex.quote(asked_for('recovery_code'))})"
    else:
        yield f': "${{{variable}:?}}"'


def _phone(step: Scan | Press) -> str:
    if isinstance(step, Scan):
        command, question = f'scan "${step.variable}"', f'"{SCAN}: ${step.variable}"'
    elif step.allow:
        command, question = "allow", shlex.quote(ALLOW)
    else:
        command = f"reject {shlex.quote(step.reason)}" if step.reason is not None else "reject"
        question = shlex.quote(REJECT)
    said = [f"    auth0-mfa-lab phone {command}"]
    if step.refused:
        said = [
            f"    if auth0-mfa-lab phone {command}; then",
            "        printf 'the phone was refused when this was recorded\\n' >&2",
            "        exit 1",
            "    fi",
        ]
    return "\n".join([SERVED, *said, "else", f"    ask {question} >/dev/null", "fi"])


def _read(step: ReadCode) -> str:
    if step.address is None:
        command, question = "phone code", shlex.quote(asked_for(step.purpose))
    else:
        command = f"code {word(step.address)} --purpose {step.purpose} --wait 5"
        question = shlex.quote(asked_for(step.purpose))
    return "\n".join(
        [
            SERVED,
            f"    {step.variable}=$(auth0-mfa-lab {command})",
            "else",
            f"    {step.variable}=$(ask {question})",
            "fi",
        ]
    )


def _jq(path: Path) -> str:
    """Return what jq finds a value by."""
    found = ""
    for each in path:
        if isinstance(each, Pick):
            chosen = " and ".join(f".{name} == {json.dumps(value)}" for name, value in each.fields)
            found = f"[{found or '.'}[] | select({chosen})][{each.index}]"
        elif isinstance(each, int):
            found = f"{found or '.'}[{each}]"
        else:
            found += f".{each}" if _KEY.fullmatch(each) else f"{'' if found else '.'}[{json.dumps(each)}]"
    return found
