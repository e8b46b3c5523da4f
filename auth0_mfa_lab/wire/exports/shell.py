"""Words of a shell: texts quoted so that it reads just them, and the arguments of a curl command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from urllib.parse import quote_plus

from auth0_mfa_lab.wire.exports.calls import Call
from auth0_mfa_lab.wire.exports.names import DOMAIN
from auth0_mfa_lab.wire.exports.texts import Ref, Text, joined, plain, rendered

ENCODED = "$(jq -rn --arg value \"${name}\" '$value | @uri')"
CA_FILE = '${AUTH0_CA_FILE:+--cacert "$AUTH0_CA_FILE"}'
"""The certificate of a server of one's own, where there is one: the shell leaves both words out elsewhere."""


def word(text: Text) -> str:
    """Return a text as one word of a shell, with its variables."""
    literal = plain(text)
    if literal is not None:
        return shlex.quote(literal)
    if any(isinstance(piece, str) and '"' in piece for piece in text):
        # Double quotes inside double quotes would each need a backslash.
        return rendered(text, shlex.quote, lambda ref: f'"{_variable(ref)}"')
    return f'"{_inside(text)}"'


def arguments(call: Call) -> Iterator[str]:
    """Yield the arguments of curl for a request, each with its option."""
    yield f"--request {shlex.quote(call.method)}"
    yield f"--url {word(joined(('https://', DOMAIN), call.target))}"
    if call.basic is not None:
        yield f"--user {word(joined(call.basic[0], (':',), call.basic[1]))}"
    for name, value in call.headers:
        yield f"--header {word(joined((f'{name}: ',), value))}"
    if call.form is not None:
        # curl percent-encodes the value itself, and so the variable's too.
        for name, value in call.form:
            yield f"--data-urlencode {word(joined((f'{quote_plus(name)}=',), value))}"
    elif call.raw:
        if "content-type" not in dict(call.headers):
            # Without one curl would name a form.
            yield "--header 'content-type:'"
        yield f"--data{'-raw' if _begins_with_at(call.raw) else ''} {word(call.raw)}"


def lines(command: str, words: Iterator[str], indent: str = "") -> str:
    """Return a command whose arguments stand each in a line of its own."""
    return f" \\\n{indent}  ".join([f"{indent}{command}", *words])


def _begins_with_at(text: Text) -> bool:
    # curl reads a file there.
    return isinstance(text[0], str) and text[0].startswith("@")


def _inside(text: Text) -> str:
    """Return a text as it stands between double quotes."""
    written: list[str] = []
    for piece, after in zip(text, (*text[1:], ""), strict=True):
        if isinstance(piece, str):
            written.append(re.sub(r'([\\"$`])', r"\\\1", piece))
        else:
            follows = after[:1] if isinstance(after, str) else "$"
            written.append(_variable(piece, braces=bool(re.match(r"\w|\[", follows))))
    return "".join(written)


def _variable(ref: Ref, *, braces: bool = False) -> str:
    name = f"${{{ref.name}}}" if braces else f"${ref.name}"
    return ENCODED.replace("${name}", f"${ref.name}") if ref.encoded else name
