"""The languages that a plan is written in: bash, Python with httpx, Node.js, and pytest on this package's plugin.

Each is a set of templates, and how it writes a value, a request and the way to a value. `«place»` in a template is
filled in once; what was filled in is not looked at again.
"""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from auth0_mfa_lab.exports.curl import arguments, in_lines, word
from auth0_mfa_lab.exports.plan import QUESTIONS, Act, Make, Plan, Send, Step, Title, Wait
from auth0_mfa_lab.exports.values import DOMAIN, Call, Json, Path, Pick, Ref, Text, joined, plain, refs

_PLACE = re.compile(r"^( *)«(\w+)»\n|«(\w+)»", re.MULTILINE)
_KEY = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def fill(template: str, **values: str | Iterable[str]) -> str:
    """Return a template with its places filled in; a list has one line for each item where its place is a line."""

    def put(match: re.Match[str]) -> str:
        value = values[match[2] or match[3]]
        lines = [value] if isinstance(value, str) else value
        return str(value) if match[3] else "".join(f"{match[1]}{line}\n" for line in lines)

    return _PLACE.sub(put, template)


class Dialect:
    """How one language says a plan: its templates, and what differs in how it writes names and values."""

    script = needed = make = brought = own = asked = send = capture = act = read = wait = ""
    comment = "#"
    between = ", "
    polled = "«request»"
    gap = "\n"
    prompt = ""
    refusal = ""
    width = 88
    imports: Sequence[tuple[str, str]] = ()
    functions: Sequence[tuple[str, str]] = ()

    def __init__(self, plan: Plan) -> None:
        """Write this plan."""
        self.plan = plan

    def write(self) -> str:
        """Return the plan in this language."""
        plan, uses = self.plan, self.uses()
        count = len(plan.of(Send))
        written = fill(
            self.script,
            what=f"{count} request{'' if count == 1 else 's'} to Auth0, recorded by auth0-mfa-lab and said again.",
            # Where seconds are said to pass, the server's clock moves only when it is told to.
            serve=f"auth0-mfa-lab serve {'--clock frozen ' if 'waits' in uses else ''}--env-file lab.env",
            imports=[text for use, text in self.imports if use in uses],
            needed=[fill(self.needed, **self.named(each)) for each in self.needs()],
            functions=[f"{text.rstrip()}{self.gap}" for use, text in self.functions if use in uses],
            steps=self.steps(),
        )
        return f"{written.rstrip()}\n"

    def uses(self) -> set[str]:
        """Return which of its parts a script needs."""
        plan = self.plan
        sends, acts, makes, waits = plan.of(Send), plan.of(Act), plan.of(Make), plan.of(Wait)
        polls = any(step.is_poll for step in sends)
        found = {
            "always": True,
            "captures": makes or any(step.captures for step in sends),
            "waits": waits,
            "polls": polls,
            "sleeps": polls or waits,
            "commands": acts or waits,
            "asks": acts or any("recovery_code" in step.fields.values() for step in makes),
            "refusals": any(step.refused for step in acts),
            "environment": any(not name.startswith("AUTH0_") for name in plan.given),
            "quote": any(each.encoded for step in sends for each in refs(step.call.target)),
        }
        return {name for name, is_used in found.items() if is_used}

    def needs(self) -> list[str]:
        """Return the variables that a script cannot do without; what a fresh user brings is not among them."""
        return list(dict.fromkeys([DOMAIN.name, *self.plan.given]))

    def steps(self) -> str:
        """Return all steps with an empty line between two; a title stands right above what it names."""
        ends = ["\n" if isinstance(step, Title) else "\n\n" for step in self.plan.steps]
        return "".join(f"{self.step(step).rstrip()}{end}" for step, end in zip(self.plan.steps, ends, strict=True))

    def step(self, step: Step) -> str:
        """Return one step."""
        match step:
            case Title():
                return f"{self.comment} {step.text}"
            case Make():
                return self.made(step)
            case Send():
                return self.sent(step)
            case Act():
                return self.acted(step)
        return fill(self.wait, seconds=str(step.seconds))

    def made(self, step: Make) -> str:
        """Return what makes a user, or takes one's own."""
        question = self.text((QUESTIONS["recovery_code"] + self.prompt,))
        own = {name: self.asked if field == "recovery_code" else self.own for name, field in step.fields.items()}
        return fill(
            self.make,
            user=step.user,
            names=", ".join(map(self.name, step.fields)),
            what=f"A fresh user{' with ' if step.factors else ''}{', '.join(step.factors)}, or one of your own.",
            factors=json.dumps(step.factors),
            brought=[fill(self.brought, field=field, **self.named(name)) for name, field in step.fields.items()],
            own=[fill(template, question=question, **self.named(name)) for name, template in own.items()],
        )

    def sent(self, step: Send) -> str:
        """Return what sends a request, expects its status and captures what its answer brings."""
        request = self.request(step.call, "    " if step.is_poll else "")
        captured = step.captures.items()
        return fill(
            self.send,
            request=fill(self.polled, request=request) if step.is_poll else request,
            title=self.text((f"{step.call.number} {step.call.line}",)),
            status=str(step.status),
            outcome=step.call.outcome,
            captures=[fill(self.capture, name=self.name(each), found=self.found(path)) for each, path in captured],
        )

    def acted(self, step: Act) -> str:
        """Return what lets the phone act, or reads a code."""
        return fill(
            self.read if step.variable else self.act,
            name=self.name(step.variable),
            words=self.between.join(map(self.text, step.words)),
            question=self.text(joined(step.question, (self.prompt,))),
            refused=self.refusal if step.refused else "",
        )

    def named(self, variable: str) -> dict[str, str]:
        """Return what a variable is called in the environment, and here."""
        return {"variable": variable, "name": self.name(variable)}

    def name(self, variable: str) -> str:
        """Return what a variable is called."""
        return variable

    def text(self, text: Text) -> str:
        """Return a text as an expression."""
        raise NotImplementedError

    def request(self, call: Call, indent: str) -> str:
        """Return what sends a request; that of a poll is indented."""
        raise NotImplementedError

    def found(self, path: Path) -> str:
        """Return the way from an answer's JSON to a value."""
        raise NotImplementedError


# -- bash


class Bash(Dialect):
    """A script for bash, which needs curl and jq."""

    between = " "
    script = """\
#!/usr/bin/env bash
# «what»
# It needs curl and jq, and the variables below. A served sandbox writes them:
#   «serve»
#   set -a; . ./lab.env; set +a
# With AUTH0_LAB_TOKEN the phone and the inbox are the sandbox's; without it you are asked.
set -eu
«needed»

# Sends one request, and keeps the answer's status and body.
request() {
    answer=$(curl --silent --show-error ${AUTH0_CA_FILE:+--cacert "$AUTH0_CA_FILE"} --write-out '\\n%{http_code}' "$@")
    status=${answer##*$'\\n'}
    body=${answer%$'\\n'*}
}

# The answer's error code; nothing where it has none.
error() {
    printf '%s' "$body" | jq --raw-output '.error? // empty' 2>/dev/null || :
}

# Ends the script unless the status is the recorded one.
expect() {
    if [ "$status" != "$2" ]; then
        printf '%s: %s was recorded, %s came (%s)\\n' "$1" "$2" "$status" "$(error)" >&2
        exit 1
    fi
    printf '%s: %s\\n' "$1" "$status"
}

«functions»
«steps»
"""
    field = """\
# Prints one value of the answer.
field() {
    printf '%s' "$body" | jq --raw-output --exit-status "$1" || {
        printf 'the answer has no %s\\n' "$1" >&2
        exit 1
    }
}
"""
    poll = """\
# Sends one request until it is answered: 5 seconds between two polls, and 5 more after each slow_down.
poll() {
    interval=5
    while :; do
        request "$@"
        case "$status $(error)" in
        *' authorization_pending') ;;
        429* | *' slow_down') interval=$((interval + 5)) ;;
        *) return ;;
        esac
        sleep "$interval"
    done
}
"""
    ask = """\
# Asks the person, and prints what is typed.
ask() {
    printf '%s: ' "$1" >&2
    read -r typed
    printf '%s' "$typed"
}
"""
    refused = """\
# Runs a command of the phone's that was refused when this was recorded.
refused() {
    if "$@"; then
        printf 'the phone was refused when this was recorded\\n' >&2
        exit 1
    fi
}
"""
    functions = (("captures", field), ("polls", poll), ("asks", ask), ("refusals", refused))
    needed = own = ': "${«variable»:?}"'
    make = """\
# «what»
if [ -n "${AUTH0_LAB_TOKEN:-}" ]; then
    request \\
      --request POST \\
      --url "https://$AUTH0_DOMAIN/_lab/users" \\
      --header "authorization: Bearer $AUTH0_LAB_TOKEN" \\
      --header 'content-type: application/json' \\
      --data '{"factors": «factors»}'
    expect 'the user' 201
    «brought»
else
    «own»
fi
"""
    brought = "«name»=$(field .«field»)"
    asked = "«name»=$(ask «question»)"
    send = """\
«request»
expect «title» «status»
«captures»
"""
    capture = "«name»=$(field «found»)"
    refusal = "refused "
    act = """\
if [ -n "${AUTH0_LAB_TOKEN:-}" ]; then
    «refused»auth0-mfa-lab «words»
else
    ask «question» >/dev/null
fi
"""
    read = """\
if [ -n "${AUTH0_LAB_TOKEN:-}" ]; then
    «name»=$(auth0-mfa-lab «words»)
else
    «name»=$(ask «question»)
fi
"""
    wait = """\
if [ -n "${AUTH0_LAB_TOKEN:-}" ]; then
    auth0-mfa-lab clock advance «seconds»
else
    sleep «seconds»
fi
"""

    def text(self, text: Text) -> str:
        """Return a text as one word."""
        return word(text)

    def request(self, call: Call, indent: str) -> str:
        """Return curl's arguments, after the function that is given them."""
        return in_lines(["poll" if indent else "request", *arguments(call)])

    def found(self, path: Path) -> str:
        """Return what jq finds a value by."""
        found = ""
        for each in path:
            if isinstance(each, Pick):
                chosen = " and ".join(f".{name} == {json.dumps(value)}" for name, value in each.fields)
                found = f"[{found or '.'}[] | select({chosen})][{each.nth}]"
            elif isinstance(each, int):
                found = f"{found or '.'}[{each}]"
            else:
                found += f".{each}" if _KEY.fullmatch(each) else f"{'' if found else '.'}[{json.dumps(each)}]"
        return shlex.quote(found)


# -- languages with objects


class Objects(Dialect):
    """A language that writes JSON as its own."""

    braces = "{}"

    def text(self, text: Text) -> str:
        """Return a text as an expression: a literal, a variable, or a template."""
        literal = plain(text)
        if literal is not None:
            return self.constant(literal)
        is_variable = len(text) == 1 and isinstance(text[0], Ref) and not text[0].encoded
        return self.name(next(refs(text)).name) if is_variable else self.template(text)

    def data(self, data: Json, indent: str = "") -> str:
        """Return JSON as an expression, begun in a line of this indent."""
        deeper = f"{indent}    "
        if isinstance(data, tuple):
            return self.text(data)
        if isinstance(data, dict):
            items = [f"{self.key(name)}: {self.data(each, deeper)}" for name, each in data.items()]
            return self.laid_out(self.braces, items, indent)
        if isinstance(data, list):
            return self.laid_out("[]", [self.data(each, deeper) for each in data], indent)
        return self.constant(data)

    def laid_out(self, brackets: str, items: Sequence[str], indent: str) -> str:
        """Return the items of a list or of an object: in one line, or each in its own where that is too long."""
        begin, end = brackets[0], brackets[-1]
        blank = " " if len(brackets) > 2 and items else ""
        line = f"{begin}{blank}{', '.join(items)}{blank}{end}"
        if len(indent) + len(line) <= self.width and "\n" not in line:
            return line
        return "\n".join([begin, *(f"{indent}    {item}," for item in items), f"{indent}{end}"])

    def key(self, name: str) -> str:
        """Return the name of a field."""
        return self.constant(name)

    def constant(self, value: Any) -> str:
        """Return a string, a number, a truth value or nothing."""
        return json.dumps(value)

    def template(self, text: Text) -> str:
        """Return a text with variables as an expression."""
        raise NotImplementedError


class Python(Objects):
    """Python's expressions, and its requests by a client `http`."""

    prompt = ": "
    capture = "«name» = «found»"

    def constant(self, value: Any) -> str:
        """Return a literal; a string in double quotes wherever that needs no backslash."""
        literal = repr(value)
        is_plain = literal[0] == "'" and '"' not in value and "\\'" not in literal
        return f'"{literal[1:-1]}"' if is_plain else literal

    def template(self, text: Text) -> str:
        """Return an f-string."""
        return f'f"{"".join(_escaped(each) if isinstance(each, str) else self._inserted(each) for each in text)}"'

    def _inserted(self, ref: Ref) -> str:
        return f"{{quote({self.name(ref.name)}, safe='')}}" if ref.encoded else f"{{{self.name(ref.name)}}}"

    def request(self, call: Call, indent: str) -> str:
        """Return the sending of a request."""
        deeper = f"{indent}    "
        given = [self.constant(call.method), self.text(call.target)]
        headers = dict(call.headers)
        if call.form is not None or call.data is not None:
            headers.pop("content-type", None)  # httpx says it
        given += [f"headers={self.data(headers, deeper)}"] if headers else []
        given += [f"auth=({', '.join(map(self.text, call.basic))})"] if call.basic else []
        if call.form is not None:
            given.append(f"data={self.data(call.form, deeper)}")
        elif call.data is not None:
            given.append(f"json={self.data(call.data, deeper)}")
        elif call.raw:
            given.append(f"content={self.text(call.raw)}")
        return f"http.request{self.laid_out('()', given, indent)}"

    def found(self, path: Path) -> str:
        """Return the way from an answer's JSON to a value."""
        body = "answer.json()"
        for each in path:
            if isinstance(each, Pick):
                signs = {True: "is", False: "=="}
                chosen = " and ".join(
                    f"each.get({self.constant(name)}) {signs[isinstance(value, bool)]} {self.constant(value)}"
                    for name, value in each.fields
                )
                found = f"each for each in {body} if {chosen}"
                body = f"next({found})" if each.nth == 0 else f"[{found}][{each.nth}]"
            else:
                body = f"{body}[{self.constant(each)}]"
        return body


def _escaped(literal: str) -> str:
    inside = repr(f'"{literal}')[2:-1].replace("\\'", "'")
    return re.sub(r'(?<!\\)"', '\\"', inside).replace("{", "{{").replace("}", "}}")


class Httpx(Python):
    """A script in Python, which needs httpx alone."""

    gap = "\n\n"
    script = '''\
"""«what»

It needs httpx, and the variables that are read below. A served sandbox writes them:

    «serve»
    set -a; . ./lab.env; set +a

With AUTH0_LAB_TOKEN the phone and the inbox are the sandbox's; without it you are asked.
"""

«imports»

import httpx

«needed»
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


«functions»
«steps»
'''
    imports = (
        *(
            ("always", "import os"),
            ("always", "import ssl"),
            ("commands", "import subprocess"),
            ("always", "import sys"),
        ),
        *(("sleeps", "import time"), ("quote", "from urllib.parse import quote")),
    )
    poll = '''\
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
    lab = '''\
def lab(*words, refused=False):
    """Return what the served sandbox's command line prints."""
    done = subprocess.run(["auth0-mfa-lab", *words], stdout=subprocess.PIPE, text=True)
    if (done.returncode != 0) != refused:
        sys.exit(f"auth0-mfa-lab {' '.join(words[:2])}: this went otherwise when it was recorded")
    return done.stdout.strip()
'''
    functions = (("polls", poll), ("commands", lab))
    needed = own = '«name» = os.environ["«variable»"]'
    make = """\
# «what»
if LAB_TOKEN:
    token = {"authorization": f"Bearer {LAB_TOKEN}"}
    answer = http.post("/_lab/users", headers=token, json={"factors": «factors»})
    expect("the user", answer, 201)
    «brought»
else:
    «own»
"""
    brought = '«name» = answer.json()["«field»"]'
    asked = "«name» = input(«question»)"
    send = """\
answer = «request»
expect(«title», answer, «status»)
«captures»
"""
    polled = "poll(\n    lambda: «request»\n)"
    refusal = ", refused=True"
    act = """\
if LAB_TOKEN:
    lab(«words»«refused»)
else:
    input(«question»)
"""
    read = """\
if LAB_TOKEN:
    «name» = lab(«words»)
else:
    «name» = input(«question»)
"""
    wait = """\
if LAB_TOKEN:
    lab("clock", "advance", "«seconds»")
else:
    time.sleep(«seconds»)
"""

    def name(self, variable: str) -> str:
        """Return what a variable is called."""
        return variable if variable.startswith("AUTH0_") else variable.lower()


class Pytest(Python):
    """A test for pytest, on the fixture `auth0_mfa` of this package's plugin."""

    gap = ""
    width = Python.width - 8
    script = '''\
"""«what»"""

«imports»

import httpx
«functions»


def test_the_flow(auth0_mfa):
    «needed»
    context = ssl.create_default_context(cafile=auth0_mfa.ca_file)
    with httpx.Client(base_url=f"https://{auth0_mfa.domain}", verify=context, trust_env=False) as http:
«steps»
'''
    imports = (*(("environment", "import os"), ("always", "import ssl"), ("quote", "from urllib.parse import quote")),)
    poll = '''

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
    functions = (("refusals", "import pytest\n\nfrom auth0_mfa_lab import LabError"), ("polls", poll))
    needed = "«name» = «source»"
    make = "«user» = auth0_mfa.user(factors=«factors»)"
    send = """\
answer = «request»
assert answer.status_code == «status»  # «outcome»
«captures»
"""
    polled = "poll(\n    auth0_mfa,\n    lambda: «request»,\n)"
    refusal = "with pytest.raises(LabError):\n    "
    act = "«refused»auth0_mfa.«verb»(«given»)"
    read = "«name» = auth0_mfa.«verb»(«given»)"
    wait = "auth0_mfa.clock.advance(«seconds»)"

    def needs(self) -> list[str]:
        """Return the variables that stand in a request; the fixture has the domain."""
        return list(self.plan.given)

    def steps(self) -> str:
        """Return the steps in the test's block."""
        # No literal of Python holds the end of a line.
        steps = "\n".join(self.step(step).rstrip() for step in self.plan.steps)
        return textwrap.indent(steps or "pass", " " * 8)

    def acted(self, step: Act) -> str:
        """Return what lets the phone act, or reads a code."""
        given = "" if step.given is None else self.text(step.given)
        is_message = step.verb == "message"
        return fill(
            self.read if step.variable else self.act,
            name=self.name(step.variable),
            verb="inbox.code" if is_message else f"phone.{step.verb}",
            given=f"{given}, purpose={self.constant(step.purpose)}" if is_message else given,
            refused=self.refusal if step.refused else "",
        )

    def named(self, variable: str) -> dict[str, str]:
        """Return what a variable is called here, and where its value comes from."""
        source = "auth0_mfa.env" if variable.startswith("AUTH0_") else "os.environ"
        value = "auth0_mfa.domain" if variable == DOMAIN.name else f'{source}["{variable}"]'
        return {**super().named(variable), "source": value}

    def name(self, variable: str) -> str:
        """Return what a variable is called; what a user brings is an attribute of that user."""
        for step in self.plan.of(Make):
            if field := step.fields.get(variable):
                return f"{step.user}.{field}"
        return variable.removeprefix("AUTH0_").lower()


# -- Node.js


class Node(Objects):
    """A module for Node.js, which needs nothing beside it: an `.mjs` that uses fetch."""

    comment = "//"
    braces = "{  }"
    script = """\
// «what»
// It needs Node.js 18 or newer, and the variables below. A served sandbox writes them:
//   «serve»
//   set -a; . ./lab.env; set +a; node this-file.mjs
// With AUTH0_LAB_TOKEN the phone and the inbox are the sandbox's; without it you are asked.
«imports»

function end(message) {
    console.error(message);
    process.exit(1);
}

function needed(name) {
    return process.env[name] || end(`${name} is not set`);
}

«needed»
if (process.env.AUTH0_CA_FILE && !process.env.NODE_EXTRA_CA_CERTS)
    end("set NODE_EXTRA_CA_CERTS to the file of AUTH0_CA_FILE: Node.js reads it when it starts");

// Sends one request, and returns the answer's status and its JSON, null where it has none.
async function request(path, options) {
    const answer = await fetch(`https://${AUTH0_DOMAIN}${path}`, options).catch((problem) =>
        end(`${AUTH0_DOMAIN} gave no answer: ${problem.cause?.code ?? problem.message}`),
    );
    const text = await answer.text();
    try {
        return { status: answer.status, json: JSON.parse(text) };
    } catch {
        return { status: answer.status, json: null };
    }
}

// Ends the script unless the status is the recorded one.
function expect(what, answer, status) {
    if (answer.status !== status)
        end(`${what}: ${status} was recorded, ${answer.status} came (${answer.json?.error})`);
    console.log(`${what}: ${status}`);
}

«functions»
let answer;

«steps»
"""
    imports = (
        ("commands", 'import { spawnSync } from "node:child_process";'),
        ("asks", 'import { createInterface } from "node:readline/promises";'),
        ("sleeps", 'import { setTimeout as seconds } from "node:timers/promises";'),
    )
    poll = """\
// Sends one request until it is answered: 5 seconds between two polls, and 5 more after each slow_down.
async function poll(path, options) {
    for (let interval = 5; ; await seconds(interval * 1000)) {
        const answer = await request(path, options);
        if (answer.status === 429 || answer.json?.error === "slow_down") interval += 5;
        else if (answer.json?.error !== "authorization_pending") return answer;
    }
}
"""
    lab = """\
// Returns what the served sandbox's command line prints.
function lab(words, refused = false) {
    const done = spawnSync("auth0-mfa-lab", words, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
    if ((done.status !== 0) !== refused)
        end(`auth0-mfa-lab ${words.slice(0, 2).join(" ")}: this went otherwise when it was recorded`);
    return done.stdout?.trim();
}
"""
    ask = """\
// Asks the person, and returns what is typed.
async function ask(question) {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const typed = await terminal.question(`${question}: `);
    terminal.close();
    return typed.trim();
}
"""
    functions = (("polls", poll), ("commands", lab), ("asks", ask))
    needed = 'const «name» = needed("«variable»");'
    make = """\
// «what»
let «names»;
if (process.env.AUTH0_LAB_TOKEN) {
    answer = await request("/_lab/users", {
        method: "POST",
        headers: {
            authorization: `Bearer ${process.env.AUTH0_LAB_TOKEN}`,
            "content-type": "application/json",
        },
        body: JSON.stringify({ factors: «factors» }),
    });
    expect("the user", answer, 201);
    «brought»
} else {
    «own»
}
"""
    brought = "«name» = answer.json.«field»;"
    own = '«name» = needed("«variable»");'
    asked = "«name» = await ask(«question»);"
    send = """\
answer = await «request»;
expect(«title», answer, «status»);
«captures»
"""
    capture = "const «name» = «found»;"
    refusal = ", true"
    act = """\
if (process.env.AUTH0_LAB_TOKEN) lab([«words»]«refused»);
else await ask(«question»);
"""
    read = """\
const «name» = process.env.AUTH0_LAB_TOKEN
    ? lab([«words»])
    : await ask(«question»);
"""
    wait = """\
if (process.env.AUTH0_LAB_TOKEN) lab(["clock", "advance", "«seconds»"]);
else await seconds(«seconds»000);
"""

    def name(self, variable: str) -> str:
        """Return what a variable is called: the settings' as they are, others in camel case."""
        first, *others = variable.lower().split("_")
        return variable if variable.startswith("AUTH0_") else first + "".join(map(str.capitalize, others))

    def template(self, text: Text) -> str:
        """Return a template: a double quote needs no backslash there, a backquote and `${` do."""
        return f"`{''.join(_in_backquotes(each) if isinstance(each, str) else self._inserted(each) for each in text)}`"

    def _inserted(self, ref: Ref) -> str:
        name = self.name(ref.name)
        return f"${{encodeURIComponent({name})}}" if ref.encoded else f"${{{name}}}"

    def key(self, name: str) -> str:
        """Return the name of a field."""
        return name if _KEY.fullmatch(name) else json.dumps(name)

    def request(self, call: Call, indent: str) -> str:
        """Return the sending of a request; a poll has the same arguments."""
        # The type of a form is said by what fetch is given.
        headers = {name: text for name, text in call.headers.items() if call.form is None or name != "content-type"}
        written = self.data(headers, "    ")
        options = [f"method: {json.dumps(call.method)}"]
        if call.basic is not None:
            pair = self.text(joined(call.basic[0], (":",), call.basic[1]))
            basic = f"`Basic ${{Buffer.from({pair}).toString('base64')}}`"
            options.append(f"headers: {{ ...{written}, authorization: {basic} }}")
        elif headers:
            options.append(f"headers: {written}")
        if call.form is not None:
            options.append(f"body: new URLSearchParams({self.data(call.form, '    ')})")
        elif call.data is not None:
            options.append(f"body: JSON.stringify({self.data(call.data, '    ')})")
        elif call.raw:
            options.append(f"body: {self.text(call.raw)}")
        function = "poll" if indent else "request"
        return f"{function}({self.text(call.target)}, {self.laid_out('{  }', options, '')})"

    def found(self, path: Path) -> str:
        """Return the way from an answer's JSON to a value."""
        body = "answer.json"
        for each in path:
            if isinstance(each, Pick):
                chosen = " && ".join(f"each.{name} === {json.dumps(value)}" for name, value in each.fields)
                body = f"{body}.filter((each) => {chosen})[{each.nth}]"
            elif isinstance(each, int):
                body = f"{body}[{each}]"
            else:
                body = f"{body}.{each}" if _KEY.fullmatch(each) else f"{body}[{json.dumps(each)}]"
        return body


def _in_backquotes(literal: str) -> str:
    return json.dumps(literal)[1:-1].replace('\\"', '"').replace("`", "\\`").replace("${", "\\${")
