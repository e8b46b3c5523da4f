"""The journal as a module for Node.js, which needs nothing beside it: an `.mjs` that uses fetch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.exports.calls import Call
from auth0_mfa_lab.wire.exports.names import Names
from auth0_mfa_lab.wire.exports.node_parts import ASK, HEAD, LAB, POLL, REFUSED, REQUEST
from auth0_mfa_lab.wire.exports.paths import Path, Pick
from auth0_mfa_lab.wire.exports.plan import Make, Pass, Press, ReadCode, Scan, Send, Step, Title
from auth0_mfa_lab.wire.exports.planning import plan_of
from auth0_mfa_lab.wire.exports.questions import ALLOW, REJECT, SCAN, asked_for, needs, serving, what_it_is
from auth0_mfa_lab.wire.exports.texts import Data, Ref, Text, joined, laid_out, plain, rendered, stacked

_KEY = re.compile(r"[A-Za-z_$][\w$]*")


def node(journal: Sequence[Exchange], names: Names) -> str:
    """Return the journal as a module that says the same again, and checks each answer's status."""
    plan = plan_of(journal, names)
    runs = plan.has(Scan, Press, ReadCode, Pass)
    imports = {
        'import { execFileSync } from "node:child_process";': runs,
        'import { createInterface } from "node:readline/promises";': plan.asks,
        'import { setTimeout as seconds } from "node:timers/promises";': plan.polls or plan.has(Pass),
    }
    needed = needs(plan)
    made = [variable for step in plan.makes() for variable, _ in step.fields]
    head = HEAD.replace("{what}", what_it_is(plan)).replace("{serve}", serving(plan))
    head = head.replace("{imports}", "".join(f"{line}\n" for line, is_used in imports.items() if is_used))
    head = head.replace("{needed}", ", ".join(json.dumps(name) for name in needed))
    declared = [f"const {_named(name)} = process.env.{name};\n" for name in needed]
    declared += [f"let {', '.join(_named(name) for name in made)};\n"] if made else []
    parts = ((POLL, plan.polls), (LAB, runs), (REFUSED, plan.is_refused), (ASK, plan.asks))
    functions = [REQUEST, *(part for part, is_used in parts if is_used)]
    begin = [head, "".join(declared), *functions, "let answer;"]
    steps = [("\n".join(_step(step)), isinstance(step, Title)) for step in plan.steps]
    return stacked([*((each.rstrip(), False) for each in begin), *steps])


def _named(variable: str) -> str:
    if variable.startswith("AUTH0_"):
        return variable
    first, *others = variable.lower().split("_")
    return first + "".join(other.capitalize() for other in others)


def text_of(text: Text) -> str:
    """Return a text as an expression: a literal, a variable, or a template."""
    literal = plain(text)
    if literal is not None:
        return json.dumps(literal)
    if len(text) == 1 and isinstance(text[0], Ref) and not text[0].encoded:
        return _named(text[0].name)
    return f"`{rendered(text, _escaped, _inserted)}`"


def _escaped(literal: str) -> str:
    # In a template a double quote needs no backslash, a backquote and `${` do.
    inside = json.dumps(literal)[1:-1].replace('\\"', '"')
    return inside.replace("`", "\\`").replace("${", "\\${")


def _inserted(ref: Ref) -> str:
    return f"${{encodeURIComponent({_named(ref.name)})}}" if ref.encoded else f"${{{_named(ref.name)}}}"


def data_of(data: Data, indent: str) -> str:
    """Return JSON as an expression, begun in a line of this indent."""
    deeper = f"{indent}    "
    if isinstance(data, tuple):
        return text_of(data)
    if isinstance(data, dict):
        items = [
            f"{key if _KEY.fullmatch(key) else json.dumps(key)}: {data_of(each, deeper)}" for key, each in data.items()
        ]
        return laid_out("{  }", items, indent)
    if isinstance(data, list):
        return laid_out("[]", [data_of(each, deeper) for each in data], indent)
    return json.dumps(data)


def _step(step: Step) -> Iterator[str]:
    if isinstance(step, Title):
        yield f"// {step.text}"
    elif isinstance(step, Make):
        yield from _made(step)
    elif isinstance(step, Send):
        yield from _sent(step)
    elif isinstance(step, ReadCode):
        yield from _read(step)
    elif isinstance(step, Pass):
        yield f'if (process.env.AUTH0_LAB_TOKEN) lab("clock", "advance", "{step.seconds}");'
        yield f"else await seconds({step.seconds * 1000});"
    else:
        yield from _phone(step)


def _sent(step: Send) -> Iterator[str]:
    call = step.call
    options = [f"method: {json.dumps(call.method)}"]
    headers = _headers(call)
    options += [f"headers: {data_of(headers, '    ')}"] if headers or call.basic else []
    if call.basic is not None:
        pair = text_of(joined(call.basic[0], (":",), call.basic[1]))
        basic = f"Buffer.from({pair}).toString('base64')"
        options[-1] = f"headers: {{ ...{data_of(headers, '    ')}, authorization: `Basic ${{{basic}}}` }}"
    options += _body(call)
    function = "poll" if step.is_poll else "request"
    yield f"answer = await {function}({text_of(call.target)}, {laid_out('{  }', options, '')});"
    yield f"expect({json.dumps(f'{call.number} {call.line}')}, answer, {step.status});"
    for each in step.captures:
        yield f"const {_named(each.variable)} = {_found(each.path)};"


def _headers(call: Call) -> dict[str, Text]:
    """Return the headers; that of a form is set by what fetch is given."""
    return {name: value for name, value in call.headers if not (call.form is not None and name == "content-type")}


def _body(call: Call) -> Iterator[str]:
    if call.form is not None:
        fields = dict(call.form)
        pairs = [f"[{json.dumps(name)}, {text_of(value)}]" for name, value in call.form]
        many = len(fields) < len(call.form)
        form = laid_out("[]", pairs, "    ") if many else data_of(fields, "    ")
        yield f"body: new URLSearchParams({form})"
    elif call.data is not None:
        yield f"body: JSON.stringify({data_of(call.data, '    ')})"
    elif call.raw:
        yield f"body: {text_of(call.raw)}"


def _made(step: Make) -> Iterator[str]:
    yield f"// A fresh user{' with ' + ', '.join(step.factors) if step.factors else ''}, or one of your own."
    yield "if (process.env.AUTH0_LAB_TOKEN) {"
    yield '    answer = await request("/_lab/users", {'
    yield '        method: "POST",'
    yield "        headers: {"
    yield "            authorization: `Bearer ${process.env.AUTH0_LAB_TOKEN}`,"
    yield '            "content-type": "application/json",'
    yield "        },"
    yield f"        body: JSON.stringify({{ factors: {json.dumps(list(step.factors))} }}),"
    yield "    });"
    yield '    expect("the user", answer, 201);'
    for variable, field in step.fields:
        yield f"    {_named(variable)} = answer.json.{field};"
    yield "} else {"
    for variable, field in step.fields:
        asked = f"await ask({json.dumps(asked_for(field))})" if field == "recovery_code" else ""
        yield f"    {_named(variable)} = " + (asked or f"needed({json.dumps(variable)})") + ";"
    yield "}"


def _phone(step: Scan | Press) -> Iterator[str]:
    if isinstance(step, Scan):
        words, question = ['"scan"', _named(step.variable)], text_of((f"{SCAN}: ", Ref(step.variable)))
    elif step.allow:
        words, question = ['"allow"'], json.dumps(ALLOW)
    else:
        words, question = ['"reject"'], json.dumps(REJECT)
        words += [json.dumps(step.reason)] if step.reason is not None else []
    said = ", ".join(['"phone"', *words])
    yield f"if (process.env.AUTH0_LAB_TOKEN) {'labRefuses' if step.refused else 'lab'}({said});"
    yield f"else await ask({question});"


def _read(step: ReadCode) -> Iterator[str]:
    words = ['"phone"', '"code"']
    if step.address is not None:
        words = ['"code"', text_of(step.address), '"--purpose"', json.dumps(step.purpose), '"--wait"', '"5"']
    yield f"const {_named(step.variable)} = process.env.AUTH0_LAB_TOKEN"
    yield f"    ? lab({', '.join(words)})"
    yield f"    : await ask({json.dumps(asked_for(step.purpose))});"


def _found(path: Path) -> str:
    body = "answer.json"
    for each in path:
        if isinstance(each, Pick):
            chosen = " && ".join(f"each.{name} === {json.dumps(value)}" for name, value in each.fields)
            many = f"{body}.filter((each) => {chosen})[{each.index}]"
            body = f"{body}.find((each) => {chosen})" if each.index == 0 else many
        elif isinstance(each, int):
            body = f"{body}[{each}]"
        else:
            body = f"{body}.{each}" if _KEY.fullmatch(each) else f"{body}[{json.dumps(each)}]"
    return body
