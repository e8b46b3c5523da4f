"""The journal as a script in Python, which needs httpx alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.exports import python
from auth0_mfa_lab.wire.exports.names import Names
from auth0_mfa_lab.wire.exports.plan import Make, Pass, Press, ReadCode, Scan, Send, Step, Title
from auth0_mfa_lab.wire.exports.planning import plan_of
from auth0_mfa_lab.wire.exports.questions import ALLOW, REJECT, SCAN, asked_for, needs, serving, what_it_is
from auth0_mfa_lab.wire.exports.texts import Ref, stacked

HEAD = '''\
"""WHAT

It needs httpx, and the variables that are read below. A served sandbox writes them:

    SERVE
    set -a; . ./lab.env; set +a

With AUTH0_LAB_TOKEN the phone and the inbox are the sandbox's; without it you are asked.
"""

IMPORTS

import httpx

VARIABLES
CA_FILE = os.environ.get("AUTH0_CA_FILE")
LAB_TOKEN = os.environ.get("AUTH0_LAB_TOKEN")

http = httpx.Client(
    base_url=f"https://{AUTH0_DOMAIN}",
    verify=ssl.create_default_context(cafile=CA_FILE) if CA_FILE else True,
    timeout=30,
)


def error(answer):
    """Return the answer's error code; None where it has none."""
    try:
        return answer.json().get("error")
    except (ValueError, AttributeError):
        return None


def expect(what, answer, status):
    """End the script unless the status is the recorded one."""
    if answer.status_code != status:
        sys.exit(f"{what}: {status} was recorded, {answer.status_code} came ({error(answer)})")
    print(f"{what}: {status}")
'''
POLL = '''

def poll(ask):
    """Ask until there is an answer: 5 seconds between two polls, and 5 more after each slow_down."""
    interval = 5
    while True:
        answer = ask()
        if answer.status_code == 429 or error(answer) == "slow_down":
            interval += 5
        elif error(answer) != "authorization_pending":
            return answer
        time.sleep(interval)
'''
LAB = '''

def lab(*words, refused=False):
    """Return what the served sandbox's command line prints."""
    done = subprocess.run(["auth0-mfa-lab", *words], stdout=subprocess.PIPE, text=True)
    if (done.returncode != 0) != refused:
        sys.exit(f"auth0-mfa-lab {' '.join(words[:2])}: this went otherwise when it was recorded")
    return done.stdout.strip()
'''


def httpx_code(journal: Sequence[Exchange], names: Names) -> str:
    """Return the journal as a script that says the same again, and checks each answer's status."""
    plan = plan_of(journal, names)
    steps = [("\n".join(_step(step)), isinstance(step, Title)) for step in plan.steps]
    imports = {
        "os": True,
        "ssl": True,
        "subprocess": plan.has(Scan, Press, ReadCode, Pass),
        "sys": True,
        "time": plan.polls or plan.has(Pass),
    }
    written = [f"import {name}" for name, is_used in imports.items() if is_used]
    code = stacked(steps)
    quoting = [name for name in ("quote", "urlencode") if f"{name}(" in code]
    written += [f"from urllib.parse import {', '.join(quoting)}"] if quoting else []
    head = HEAD.replace("WHAT", what_it_is(plan)).replace("SERVE", serving(plan)).replace("IMPORTS", "\n".join(written))
    head = head.replace("VARIABLES", "\n".join(f'{_named(name)} = os.environ["{name}"]' for name in needs(plan)))
    functions = [part for part, is_used in ((POLL, plan.polls), (LAB, imports["subprocess"])) if is_used]
    return "".join([head, *functions, "\n\n", code])


def _named(variable: str) -> str:
    return variable if variable.startswith("AUTH0_") else variable.lower()


def _step(step: Step) -> Iterator[str]:
    if isinstance(step, Title):
        yield f"# {step.text}"
    elif isinstance(step, Make):
        yield from _made(step)
    elif isinstance(step, Send):
        yield from _sent(step)
    elif isinstance(step, ReadCode):
        yield from _read(step)
    elif isinstance(step, Pass):
        yield "if LAB_TOKEN:"
        yield f'    lab("clock", "advance", "{step.seconds}")'
        yield "else:"
        yield f"    time.sleep({step.seconds})"
    else:
        yield from _phone(step)


def _sent(step: Send) -> Iterator[str]:
    sending = python.request_of(step.call, _named)
    if step.is_poll:
        sending = f"poll(\n    lambda: {python.request_of(step.call, _named, '    ')}\n)"
    yield f"answer = {sending}"
    yield f"expect({python.string(f'{step.call.number} {step.call.line}')}, answer, {step.status})"
    for each in step.captures:
        yield f"{_named(each.variable)} = {python.found_in('answer.json()', each.path)}"


def _made(step: Make) -> Iterator[str]:
    yield f"# A fresh user{' with ' + ', '.join(step.factors) if step.factors else ''}, or one of your own."
    yield "if LAB_TOKEN:"
    factors = python.data_of([(each,) for each in step.factors], _named)
    yield '    token = {"authorization": f"Bearer {LAB_TOKEN}"}'
    yield f'    answer = http.post("/_lab/users", headers=token, json={{"factors": {factors}}})'
    yield '    expect("the user", answer, 201)'
    for variable, field in step.fields:
        yield f'    {_named(variable)} = answer.json()["{field}"]'
    yield "else:"
    for variable, field in step.fields:
        asked = f"input({python.string(asked_for(field) + ': ')})" if field == "recovery_code" else None
        yield f"    {_named(variable)} = " + (asked or f'os.environ["{variable}"]')


def _phone(step: Scan | Press) -> Iterator[str]:
    words = {True: ["allow"], False: ["reject"]}[isinstance(step, Press) and step.allow]
    arguments = [python.string(each) for each in ("phone", *words)]
    question = python.string(f"{ALLOW if words == ['allow'] else REJECT}: ")
    if isinstance(step, Scan):
        arguments = ['"phone"', '"scan"', _named(step.variable)]
        question = python.text_of((f"{SCAN}: ", Ref(step.variable), " "), _named)
    elif step.reason is not None:
        arguments.append(python.string(step.reason))
    arguments += ["refused=True"] if step.refused else []
    yield "if LAB_TOKEN:"
    yield f"    lab({', '.join(arguments)})"
    yield "else:"
    yield f"    input({question})"


def _read(step: ReadCode) -> Iterator[str]:
    name = _named(step.variable)
    arguments = '"phone", "code"'
    if step.address is not None:
        address = python.text_of(step.address, _named)
        arguments = f'"code", {address}, "--purpose", "{step.purpose}", "--wait", "5"'
    yield "if LAB_TOKEN:"
    yield f"    {name} = lab({arguments})"
    yield "else:"
    yield f"    {name} = input({python.string(asked_for(step.purpose) + ': ')})"
