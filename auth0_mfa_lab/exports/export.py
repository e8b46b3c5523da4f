"""`lab.export(kind)`: a journal as a script or a test, or one request as curl; and its text as the value of a cell.

The text of a script is its template in `scripts/`. A dialect is what the template asks for: how the language writes a
name, a text, a request, and the way to a value of an answer.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.exports.mermaid import fenced, mermaid
from auth0_mfa_lab.exports.plan import HEADERS, Act, Call, Make, Pick, Plan, Planner, Ref, Send, Way, mark, pieces
from auth0_mfa_lab.files import regular, write_whole
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.show.sentences import Sentence
from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.har import har
from auth0_mfa_lab.wire.journal import Journal

if TYPE_CHECKING:
    from jinja2 import Environment

_KEY = re.compile(r"[A-Za-z_]\w*", re.ASCII)
# The certificate of a server of one's own, where there is one: the shell leaves both words out elsewhere.
_CA_FILE = '${AUTH0_CA_FILE:+--cacert "$AUTH0_CA_FILE"}'


def runnable(exchange: Exchange, ca_file: str | None) -> Secret:
    """Return the request as a command that a shell runs as it stands: the real host, the body byte for byte.

    `ca_file` is the certificate of a served tenant. Raises LabError for a request that no command line can hold.
    """
    request, body = exchange.request, str(exchange.request.text)
    if body.encode("utf-8", "surrogatepass") != bytes(request.body) or "\0" in body:
        raise LabError(f"The body of exchange {exchange.number} is no text, and no command line can hold it.")
    headers = {name: str(value) for name in HEADERS if (value := request.header(name))}
    kind, origin = "raw" if body else "", f"{str(request.url).partition('://')[0]}://{request.host!s}"
    call = Call(exchange.number, str(request.method), str(request.target), headers, None, kind, body, "")
    method, *others = _arguments(call, origin, data="--data-raw")
    # The shell may stand in another folder. Brackets and braces in a URL are a pattern to curl, and ../ a way up.
    where = [f"--cacert {shlex.quote(str(Path(ca_file).resolve()))}"] if ca_file else []
    command = _in_lines(f"curl {method}", *where, "--globoff --path-as-is", *others)
    return Secret(command, f"<runnable command of exchange {exchange.number}>")


def word(text: str) -> str:
    """Return a text as one word of a shell, with its variables."""
    parts = pieces(text)
    if not any(isinstance(each, Ref) for each in parts):
        return shlex.quote(text)
    # Double quotes inside double quotes would each need a backslash: there each variable has its own.
    quotes, written = '"' if '"' in text else "", ""
    for each, after in zip(parts, [*parts[1:], ""], strict=True):
        if isinstance(each, str):
            written += shlex.quote(each) if quotes else re.sub(r'([\\"$`])', r"\\\1", each)
        elif each.encoded:
            written += f"{quotes}$(jq -rn --arg value \"${each.name}\" '$value | @uri'){quotes}"
        elif isinstance(after, str) and not quotes and re.match(r"\w|\[", after):
            written += f"${{{each.name}}}"
        else:
            written += f"{quotes}${each.name}{quotes}"
    return written if quotes else f'"{written}"'


def _arguments(call: Call, origin: str = f"https://{mark('AUTH0_DOMAIN')}", data: str = "--data") -> Iterator[str]:
    """Yield the arguments of curl for a request, each with its option."""
    yield f"--request {shlex.quote(call.method)}"
    yield f"--url {word(origin + call.target)}"
    if call.basic is not None:
        yield f"--user {word(':'.join(call.basic))}"
    for name, value in call.headers.items():
        yield f"--header {word(f'{name}: {value}')}"
    if call.kind == "form":
        # curl percent-encodes the value itself, and so the variable's too.
        for name, value in call.body.items():
            yield f"--data-urlencode {word(f'{quote_plus(name)}={value}')}"
    elif call.kind:
        is_json = call.kind == "json"
        body = json.dumps(call.body, ensure_ascii=False, separators=(",", ":")) if is_json else call.body
        if "content-type" not in call.headers:
            yield "--header 'content-type:'"  # without one curl would name a form
        # curl reads a file where the body begins with @.
        yield f"{'--data-raw' if body.startswith('@') else data} {word(body)}"


def _in_lines(*words: str) -> str:
    return " \\\n  ".join(words)


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # only an export needs it

    loader = PackageLoader("auth0_mfa_lab.exports", "scripts")
    signs = ("«%", "%»", "«", "»")
    found = Environment(*signs, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined, loader=loader)
    found.filters |= {"quoted": shlex.quote, "said": lambda word, text: text(word)}
    found.tests["auth0"] = lambda name: name.startswith("AUTH0_")
    return found


class Bash:
    """A script for bash, which needs curl and jq; it says of each part of a plan what the others say otherwise."""

    answer = ""  # the JSON of an answer
    has_dots = True  # a key follows a dot
    picked = picked_first = "[{0}[] | select(.{1} == {2})][{3}]"  # one item of a list

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def write(self) -> str:
        """Return the plan in this language."""
        plan = self.plan
        kinds: dict[str, type[Any]] = {"makes": Make, "sends": Send, "acts": Act, "waits": int}
        steps: dict[str, list[Any]] = {
            name: [each for each in plan.steps if isinstance(each, kind)] for name, kind in kinds.items()
        }
        sends = steps["sends"]
        said = "1 request" if len(sends) == 1 else f"{len(sends)} requests"
        # Where seconds are said to pass, the server's clock moves only when it is told to.
        serve = f"auth0-mfa-lab serve {'--clock frozen ' if steps['waits'] else ''}--env-file lab.env"
        template = _templates().get_template(f"{type(self).__name__.lower()}.jinja")
        written = template.render(
            {each: getattr(self, each) for each in ("plan", "name", "text", "request", "found")},
            **steps,
            what=f"{said} to Auth0, recorded by auth0-mfa-lab and said again.",
            serve=serve,
            how=f"set it ({serve} writes those of AUTH0_)",
            needed=dict.fromkeys(["AUTH0_DOMAIN", *plan.given]),
            polls=any(step.is_poll for step in sends),
            asks=steps["acts"] or any("recovery_code" in step.fields.values() for step in steps["makes"]),
            encodes=any(isinstance(each, Ref) and each.encoded for step in sends for each in pieces(step.call.target)),
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
        return _in_lines("poll" if step.is_poll else "request", *_arguments(step.call))

    def constant(self, value: Any) -> str:
        """Return a string, a number, a truth value or nothing."""
        return json.dumps(value)

    def found(self, path: Way) -> str:
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
    # A text with variables, and a variable in it, which may have to be percent-encoded.
    template, inserted, encoded = 'f"%s"', "{%s}", "{quote(%s, safe='')}"
    braces = ("{", "}")
    width = 88

    def name(self, variable: str) -> str:
        return variable if variable.startswith("AUTH0_") else variable.lower()

    def text(self, text: str) -> str:
        parts = pieces(text)
        match parts:
            case [] | [str()]:
                return self.constant(text)
            case [Ref(name, False)]:
                return self.name(name)
        written = ""
        for each in parts:
            if isinstance(each, str):
                written += self.escaped(each)
            else:
                written += (self.encoded if each.encoded else self.inserted) % self.name(each.name)
        return self.template % written

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
        return name if self.has_dots and _KEY.fullmatch(name) else self.constant(name)

    def data(self, data: Any, indent: str = "") -> str:
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
        if len(indent) + len(line) <= self.width:
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
        makes = (step for step in self.plan.steps if isinstance(step, Make))
        brought = next((f"{step.user}.{step.fields[variable]}" for step in makes if variable in step.fields), None)
        return brought or variable.removeprefix("AUTH0_").lower()


class Node(Httpx):
    """A module for Node.js, which needs nothing beside it: an `.mjs` that uses fetch."""

    answer = "answer.json"
    has_dots = True
    picked = picked_first = "{0}.filter((each) => each.{1} === {2})[{3}]"
    template, inserted, encoded = "`%s`", "${%s}", "${encodeURIComponent(%s)}"
    braces = ("{ ", " }")
    constant = Bash.constant

    def name(self, variable: str) -> str:
        """Return what a variable is called: the settings' as they are, others in camel case."""
        first, *others = variable.lower().split("_")
        return variable if variable.startswith("AUTH0_") else first + "".join(map(str.capitalize, others))

    def escaped(self, literal: str) -> str:
        """Return a text in backquotes: there a double quote needs no backslash, a backquote and `${` do."""
        return json.dumps(literal)[1:-1].replace('\\"', '"').replace("`", "\\`").replace("${", "\\${")

    def request(self, step: Send) -> str:
        call = step.call
        headers = self.data(call.headers_but_type("form"), "    ")  # its type is said by what fetch is given
        options = [f"method: {json.dumps(call.method)}"]
        if call.basic is not None:
            basic = f"`Basic ${{Buffer.from({self.text(':'.join(call.basic))}).toString('base64')}}`"
            headers = f"{{ ...{headers}, authorization: {basic} }}"
        options += [f"headers: {headers}"] if headers != "{}" else []
        if call.kind:
            body = {"form": "new URLSearchParams(%s)", "json": "JSON.stringify(%s)", "raw": "%s"}[call.kind]
            options.append(f"body: {body % self.data(call.body, '    ')}")
        function = "poll" if step.is_poll else "request"
        return f"{function}({self.text(call.target)}, {self.laid_out(self.braces, options, '')})"


DIALECTS = {"bash": Bash, "httpx": Httpx, "node": Node, "pytest": Pytest}
KINDS = ("curl", *DIALECTS, "har", "mermaid")


def exported(kind: str, journal: Journal, exchange: Exchange | None = None) -> str:
    """Return a journal, or for `curl` one exchange of it, as text of this kind; LabError where it cannot be."""
    if kind not in KINDS:
        raise LabError(f"There is no export {kind!r}. There are: {', '.join(KINDS)}.")
    if kind == "curl":
        if not isinstance(exchange, Exchange):
            raise LabError("curl wants an exchange, such as the value of client.password_grant(...).")
        if not any(each is exchange for each in journal):
            raise LabError("This exchange is in another lab's journal, which alone knows its secrets: take curl there.")
        if exchange.is_push:
            raise LabError(f"Exchange {exchange.number} is a push, no HTTP request: no curl sends it.")
        method, *others = _arguments(Planner(journal).calls[exchange.number])
        return _in_lines(f"curl {method}", _CA_FILE, *others)
    if exchange is not None:
        raise LabError(f"{kind} is of the whole journal: leave the exchange out.")
    if kind in DIALECTS:
        return DIALECTS[kind](Planner(journal).plan()).write()
    return har(journal) if kind == "har" else mermaid(journal)


@dataclass(frozen=True, slots=True, repr=False)
class Exported:
    """The text of an export of this kind; it holds no secret. `str()` of it is the text too."""

    text: str
    kind: str

    def save(self, path: Path | str) -> Sentence:
        """Write the text into a file, in place of one that is there; LabError where that fails. A script can be run."""
        file, text = Path(path), self.text if self.text.endswith("\n") else f"{self.text}\n"
        try:
            write_whole(regular(file), text, private=False)
            if self.text.startswith("#!"):
                file.chmod(file.stat().st_mode | 0o111)
        except (OSError, ValueError) as problem:
            reason = getattr(problem, "strerror", None) or "what is no text is in it or in its name"
            raise LabError(f"{file} cannot be written ({reason}). Name a file in a folder of yours.") from None
        return Sentence(f"Saved as {file}: {self.kind}, {len(self.text.splitlines())} lines, no secret in it.")

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        if self.kind == "mermaid":
            return {"text/plain": self.text, "text/markdown": fenced(self.text)}
        return {"text/plain": self.text, "text/html": f"<pre>{escape(self.text)}</pre>"}
