"""The languages that a plan is written in: bash, Python with httpx, Node.js, and pytest on this package's plugin.

The text of each is its template in `scripts/`. A dialect is what the template asks for: how the language writes a
name, a text, a request, and the way to a value of an answer.
"""

from __future__ import annotations

import json
import re
import shlex
from functools import cache
from typing import TYPE_CHECKING, Any

from auth0_mfa_lab.exports.curl import arguments, in_lines, word
from auth0_mfa_lab.exports.plan import DOMAIN, Act, Json, Make, Path, Pick, Plan, Ref, Send, Title, Wait, pieces, refs

if TYPE_CHECKING:
    from jinja2 import Environment

_KEY = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # only an export needs it

    found = Environment(
        variable_start_string="«",
        variable_end_string="»",
        block_start_string="«%",
        block_end_string="%»",
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        loader=PackageLoader("auth0_mfa_lab.exports", "scripts"),
    )
    found.filters["quoted"] = shlex.quote
    found.tests["auth0"] = lambda name: name.startswith("AUTH0_")
    for kind in (Title, Make, Send, Act, Wait):
        found.tests[kind.__name__.lower()] = lambda step, kind=kind: isinstance(step, kind)
    return found


class Bash:
    """A script for bash, which needs curl and jq; it says of each part of a plan what the others say otherwise."""

    answer = ""
    """The JSON of an answer; a key follows a dot where `has_dots`, and `picked` is one item of a list."""
    has_dots = True
    picked = picked_first = "[{0}[] | select(.{1} == {2})][{3}]"

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def write(self) -> str:
        """Return the plan in this language."""
        plan, count = self.plan, len(self.plan.of(Send))
        sends, acts, makes, waits = plan.of(Send), plan.of(Act), plan.of(Make), plan.of(Wait)
        written = (
            _templates()
            .get_template(f"{type(self).__name__.lower()}.jinja")
            .render(
                {each: getattr(self, each) for each in ("name", "text", "request", "found")},
                what=f"{count} request{'' if count == 1 else 's'} to Auth0, recorded by auth0-mfa-lab and said again.",
                # Where seconds are said to pass, the server's clock moves only when it is told to.
                serve=f"auth0-mfa-lab serve {'--clock frozen ' if waits else ''}--env-file lab.env",
                needed=dict.fromkeys([DOMAIN, *plan.given]),
                plan=plan,
                sends=sends,
                acts=acts,
                makes=makes,
                waits=waits,
                polls=any(step.is_poll for step in sends),
                asks=acts or any("recovery_code" in step.fields.values() for step in makes),
                encodes=any(each.encoded for step in sends for each in refs(step.call.target)),
            )
        )
        return f"{written.rstrip()}\n"

    def name(self, variable: str) -> str:
        """Return what a variable is called."""
        return variable

    def text(self, text: str) -> str:
        """Return a text as an expression: a literal, a variable, or a template."""
        return word(text)

    def request(self, step: Send) -> str:
        """Return what sends a request."""
        return in_lines(["poll" if step.is_poll else "request", *arguments(step.call)])

    def constant(self, value: Any) -> str:
        """Return a string, a number, a truth value or nothing."""
        return json.dumps(value)

    def found(self, path: Path) -> str:
        """Return the way from an answer's JSON to a value."""
        found = self.answer
        for each in path:
            if isinstance(each, Pick):
                picked = self.picked if each.nth else self.picked_first
                found = picked.format(found or ".", each.field, self.constant(each.value), each.nth)
            elif isinstance(each, str) and self.has_dots and _KEY.fullmatch(each):
                found += f".{each}"
            else:
                found = f"{found or '.'}[{self.constant(each)}]"
        return found


class Httpx(Bash):
    """A script in Python, which needs httpx alone."""

    answer = "answer.json()"
    has_dots = False
    picked = '[each for each in {0} if each.get("{1}") == {2}][{3}]'
    picked_first = 'next(each for each in {0} if each.get("{1}") == {2})'
    template, inserted, encoded = 'f"%s"', "{%s}", "{quote(%s, safe='')}"
    """A text with variables, and a variable in it, which may have to be percent-encoded."""
    braces = ("{", "}")
    width = 88

    def name(self, variable: str) -> str:
        return variable if variable.startswith("AUTH0_") else variable.lower()

    def text(self, text: str) -> str:
        parts = pieces(text)
        if not any(isinstance(each, Ref) for each in parts):
            return self.constant(text)
        if len(parts) == 1 and isinstance(parts[0], Ref) and not parts[0].encoded:
            return self.name(parts[0].name)
        written = (
            self.escaped(each)
            if isinstance(each, str)
            else (self.encoded if each.encoded else self.inserted) % self.name(each.name)
            for each in parts
        )
        return self.template % "".join(written)

    def escaped(self, literal: str) -> str:
        """Return what stands for a text in a template."""
        inside = repr(f'"{literal}')[2:-1].replace("\\'", "'")
        return re.sub(r'(?<!\\)"', '\\"', inside).replace("{", "{{").replace("}", "}}")

    def constant(self, value: Any) -> str:
        """Return a literal; a string in double quotes wherever that needs no backslash."""
        literal = repr(value)
        is_plain = literal[0] == "'" and '"' not in value and "\\'" not in literal
        return f'"{literal[1:-1]}"' if is_plain else literal

    def key(self, name: str) -> str:
        """Return the name of a field."""
        return self.constant(name)

    def data(self, data: Json, indent: str = "") -> str:
        """Return JSON as an expression, begun in a line of this indent."""
        deeper = f"{indent}    "
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, dict):
            items = [f"{self.key(name)}: {self.data(each, deeper)}" for name, each in data.items()]
            return self.laid_out(self.braces, items, indent)
        if isinstance(data, list):
            return self.laid_out(("[", "]"), [self.data(each, deeper) for each in data], indent)
        return self.constant(data)

    def laid_out(self, brackets: tuple[str, str], items: list[str], indent: str) -> str:
        """Return the items of a list or of an object: in one line, or each in its own where that is too long."""
        begin, end = brackets if items else map(str.strip, brackets)
        line = f"{begin}{', '.join(items)}{end}"
        if len(indent) + len(line) <= self.width and "\n" not in line:
            return line
        return "\n".join([begin.strip(), *(f"{indent}    {item}," for item in items), f"{indent}{end.strip()}"])

    def request(self, step: Send) -> str:
        call, indent = step.call, "    " if step.is_poll else ""
        given = [self.constant(call.method), self.text(call.target)]
        headers = call.headers_but_type("form", "json")  # httpx says the type of these itself
        given += [f"headers={self.data(headers, f'{indent}    ')}"] if headers else []
        given += [f"auth=({', '.join(map(self.text, call.basic))})"] if call.basic else []
        if call.kind:
            argument = {"form": "data", "json": "json", "raw": "content"}[call.kind]
            given.append(f"{argument}={self.data(call.body, f'{indent}    ')}")
        return f"http.request{self.laid_out(('(', ')'), given, indent)}"


class Pytest(Httpx):
    """A test for pytest, on the fixture `auth0_mfa` of this package's plugin."""

    width = Httpx.width - 8

    def name(self, variable: str) -> str:
        """Return what a variable is called; what a user brings is an attribute of that user."""
        for step in self.plan.of(Make):
            if field := step.fields.get(variable):
                return f"{step.user}.{field}"
        return variable.removeprefix("AUTH0_").lower()


class Node(Httpx):
    """A module for Node.js, which needs nothing beside it: an `.mjs` that uses fetch."""

    answer = "answer.json"
    has_dots = True
    picked = picked_first = "{0}.filter((each) => each.{1} === {2})[{3}]"
    template, inserted, encoded = "`%s`", "${%s}", "${encodeURIComponent(%s)}"
    braces = ("{ ", " }")

    def name(self, variable: str) -> str:
        """Return what a variable is called: the settings' as they are, others in camel case."""
        first, *others = variable.lower().split("_")
        return variable if variable.startswith("AUTH0_") else first + "".join(map(str.capitalize, others))

    def escaped(self, literal: str) -> str:
        """Return a text in backquotes: there a double quote needs no backslash, a backquote and `${` do."""
        return json.dumps(literal)[1:-1].replace('\\"', '"').replace("`", "\\`").replace("${", "\\${")

    def constant(self, value: Any) -> str:
        return json.dumps(value)

    def key(self, name: str) -> str:
        return name if _KEY.fullmatch(name) else json.dumps(name)

    def request(self, step: Send) -> str:
        call = step.call
        headers = call.headers_but_type("form")  # its type is said by what fetch is given
        written = self.data(headers, "    ")
        options = [f"method: {json.dumps(call.method)}"]
        if call.basic is not None:
            basic = f"`Basic ${{Buffer.from({self.text(':'.join(call.basic))}).toString('base64')}}`"
            options.append(f"headers: {{ ...{written}, authorization: {basic} }}")
        elif headers:
            options.append(f"headers: {written}")
        if call.kind:
            body = {"form": "new URLSearchParams(%s)", "json": "JSON.stringify(%s)", "raw": "%s"}[call.kind]
            options.append(f"body: {body % self.data(call.body, '    ')}")
        function = "poll" if step.is_poll else "request"
        return f"{function}({self.text(call.target)}, {self.laid_out(self.braces, options, '')})"


DIALECTS = {"bash": Bash, "httpx": Httpx, "node": Node, "pytest": Pytest}
