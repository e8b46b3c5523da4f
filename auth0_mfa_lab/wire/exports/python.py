"""Expressions of Python: texts, JSON, requests and the way to a value, for the scripts in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from auth0_mfa_lab.wire.exports.calls import Call
from auth0_mfa_lab.wire.exports.paths import Path, Pick
from auth0_mfa_lab.wire.exports.texts import Data, Ref, Text, laid_out, plain, rendered

Naming = Callable[[str], str]
"""Returns what Python calls a variable of a plan: an expression without quotes in it."""


def string(text: str) -> str:
    """Return a string as a literal, in double quotes wherever that needs no backslash."""
    literal = repr(text)
    return f'"{literal[1:-1]}"' if literal[0] == "'" and '"' not in text and "\\'" not in literal else literal


def text_of(text: Text, named: Naming) -> str:
    """Return a text as an expression: a literal, a variable, or an f-string."""
    literal = plain(text)
    if literal is not None:
        return string(literal)
    if len(text) == 1 and isinstance(text[0], Ref) and not text[0].encoded:
        return named(text[0].name)
    return f'f"{rendered(text, _escaped, lambda ref: _inserted(ref, named))}"'


def _escaped(literal: str) -> str:
    inside = repr(f'"{literal}')[2:-1].replace("\\'", "'")
    return re.sub(r'(?<!\\)"', '\\"', inside).replace("{", "{{").replace("}", "}}")


def _inserted(ref: Ref, named: Naming) -> str:
    return f"{{quote({named(ref.name)}, safe='')}}" if ref.encoded else f"{{{named(ref.name)}}}"


def data_of(data: Data, named: Naming, indent: str = "") -> str:
    """Return JSON as an expression, begun in a line of this indent."""
    deeper = f"{indent}    "
    if isinstance(data, tuple):
        return text_of(data, named)
    if isinstance(data, dict):
        items = [f"{string(key)}: {data_of(each, named, deeper)}" for key, each in data.items()]
        return laid_out("{}", items, indent)
    if isinstance(data, list):
        return laid_out("[]", [data_of(each, named, deeper) for each in data], indent)
    return repr(data)


def request_of(call: Call, named: Naming, indent: str = "") -> str:
    """Return the sending of a request, by the client `http`."""
    deeper = f"{indent}    "
    return f"http.request{laid_out('()', list(_arguments(call, named, deeper)), indent)}"


def _arguments(call: Call, named: Naming, indent: str) -> Iterator[str]:
    yield string(call.method)
    yield text_of(call.target, named)
    written = call.form is not None or call.data is not None
    headers = {name: value for name, value in call.headers if not (written and name == "content-type")}
    if headers:
        yield f"headers={data_of(headers, named, indent)}"
    if call.basic is not None:
        yield f"auth=({', '.join(text_of(each, named) for each in call.basic)})"
    if call.form is not None:
        fields = dict(call.form)
        if len(fields) == len(call.form):
            yield f"data={data_of(fields, named, indent)}"
        else:
            pairs = [f"({string(name)}, {text_of(value, named)})" for name, value in call.form]
            yield f"content=urlencode({laid_out('[]', pairs, indent)})"
            yield 'headers={"content-type": "application/x-www-form-urlencoded"}'
    elif call.data is not None:
        yield f"json={data_of(call.data, named, indent)}"
    elif call.raw:
        yield f"content={text_of(call.raw, named)}"


def found_in(body: str, path: Path) -> str:
    """Return the way from an answer's JSON to a value."""
    for each in path:
        if isinstance(each, Pick):
            chosen = " and ".join(_is(name, value) for name, value in each.fields)
            found = f"each for each in {body} if {chosen}"
            body = f"next({found})" if each.index == 0 else f"[{found}][{each.index}]"
        else:
            body = f"{body}[{string(each) if isinstance(each, str) else each}]"
    return body


def _is(name: str, value: str | bool) -> str:
    found = f"each.get({string(name)})"
    return f"{found} is {value}" if isinstance(value, bool) else f"{found} == {string(value)}"
