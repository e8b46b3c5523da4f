"""The journal as a test for pytest, on the fixture `auth0_mfa` of this package's plugin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.exports import python
from auth0_mfa_lab.wire.exports.names import Names
from auth0_mfa_lab.wire.exports.plan import Make, Pass, Plan, Press, ReadCode, Scan, Send, Step, Title
from auth0_mfa_lab.wire.exports.planning import plan_of
from auth0_mfa_lab.wire.exports.questions import what_it_is

_USER = re.compile(r"AUTH0_(USERNAME|PASSWORD|PHONE_NUMBER|EMAIL)(_\d+)?")
INDENT = "    "
POLL = '''

def poll(auth0_mfa, ask):
    """Ask until there is an answer, while the tenant's time passes: 5 seconds, and 5 more after each slow_down."""
    interval = 5
    while True:
        answer = ask()
        error = answer.json().get("error")
        if answer.status_code == 429 or error == "slow_down":
            interval += 5
        elif error != "authorization_pending":
            return answer
        auth0_mfa.clock.advance(interval)
'''
CLIENT = """\
    context = ssl.create_default_context(cafile=auth0_mfa.ca_file)
    with httpx.Client(base_url=f"https://{auth0_mfa.domain}", verify=context, trust_env=False) as http:
"""


def pytest_code(journal: Sequence[Exchange], names: Names) -> str:
    """Return the journal as a test that says the same again, and asserts each answer's status."""
    plan = plan_of(journal, names)
    before, inside = _parted(plan)
    users = {variable: f"{_user(step)}.recovery_code" for step in plan.makes() for variable, _ in step.fields}

    def named(variable: str) -> str:
        if match := _USER.fullmatch(variable):
            maker = next((_user(step) for step in plan.makes() if variable in dict(step.fields)), None)
            return f"{maker}.{match[1].lower()}" if maker else variable.removeprefix("AUTH0_").lower()
        return users.get(variable) or variable.removeprefix("AUTH0_").lower()

    head = [line for step in before for line in _step(step, named, INDENT)]
    given = [name for name in plan.given if name != "AUTH0_DOMAIN"]
    head += [f"{INDENT}domain = auth0_mfa.domain"] if "AUTH0_DOMAIN" in plan.given else []
    head += [f'{INDENT}{named(name)} = {_source(name)}["{name}"]' for name in given]
    body = [line for step in inside for line in _step(step, named, INDENT * 2)] or [f"{INDENT * 2}pass"]
    code = "\n".join(head) + "\n" * bool(head) + CLIENT + "\n".join(body) + "\n"
    return "".join([_head(plan, code), POLL if plan.polls else "", "\n\ndef test_the_flow(auth0_mfa):\n", code])


def _head(plan: Plan, code: str) -> str:
    """Return what stands before the test: what it is, and what it imports."""
    imports = [f"import {name}" for name in ("os", "ssl") if f"{name}." in code]
    names = [name for name in ("quote", "urlencode") if f"{name}(" in code]
    imports += [f"from urllib.parse import {', '.join(names)}"] if names else []
    others = ["import httpx"]
    if "pytest." in code:
        others += ["import pytest", "", "from auth0_mfa_lab import LabError"]
    what = what_it_is(plan)
    return "\n".join([f'"""{what}"""', "", *imports, "", *others, ""])


def _source(variable: str) -> str:
    return "auth0_mfa.env" if variable.startswith("AUTH0_") else "os.environ"


def _user(step: Make) -> str:
    return "user" if step.number == 1 else f"user_{step.number}"


def _parted(plan: Plan) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Return the first user, who is there before the first request, and the steps that follow."""
    is_user = bool(plan.steps) and isinstance(plan.steps[0], Make)
    return plan.steps[:is_user], plan.steps[is_user:]


def _step(step: Step, named: python.Naming, indent: str) -> Iterator[str]:
    if isinstance(step, Title):
        yield f"{indent}# {step.text}"
    elif isinstance(step, Make):
        factors = python.data_of([(each,) for each in step.factors], named)
        yield f"{indent}{_user(step)} = auth0_mfa.user(factors={factors})"
    elif isinstance(step, Send):
        yield from _sent(step, named, indent)
    elif isinstance(step, ReadCode):
        yield f"{indent}{named(step.variable)} = {_read(step, named)}"
    elif isinstance(step, Pass):
        yield f"{indent}auth0_mfa.clock.advance({step.seconds})"
    elif step.refused:
        yield f"{indent}with pytest.raises(LabError):"
        yield f"{indent}{INDENT}{_phone(step, named)}"
    else:
        yield f"{indent}{_phone(step, named)}"


def _sent(step: Send, named: python.Naming, indent: str) -> Iterator[str]:
    deeper = indent + INDENT
    sending = python.request_of(step.call, named, indent)
    if step.is_poll:
        asked = python.request_of(step.call, named, deeper)
        sending = f"poll(\n{deeper}auth0_mfa,\n{deeper}lambda: {asked},\n{indent})"
    yield f"{indent}answer = {sending}"
    yield f"{indent}assert answer.status_code == {step.status}  # {step.call.outcome}"
    for each in step.captures:
        yield f"{indent}{named(each.variable)} = {python.found_in('answer.json()', each.path)}"


def _phone(step: Scan | Press, named: python.Naming) -> str:
    if isinstance(step, Scan):
        return f"auth0_mfa.phone.scan({named(step.variable)})"
    if step.allow:
        return "auth0_mfa.phone.allow()"
    return f"auth0_mfa.phone.reject({python.string(step.reason) if step.reason is not None else ''})"


def _read(step: ReadCode, named: python.Naming) -> str:
    if step.address is None:
        return "auth0_mfa.phone.code()"
    return f'auth0_mfa.inbox.code({python.text_of(step.address, named)}, purpose="{step.purpose}")'
