"""An exchange as a curl command: masked for a file, or with its raw values for the clipboard of the person who asks."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote_plus

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.exports.plan import DOMAIN, HEADERS, Call, Ref, Values, mark, pieces
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.journal import Journal

CA_FILE = '${AUTH0_CA_FILE:+--cacert "$AUTH0_CA_FILE"}'
"""The certificate of a server of one's own, where there is one: the shell leaves both words out elsewhere."""


def curl(exchange: Exchange, journal: Journal) -> str:
    """Return the request as a curl command: the host is `$AUTH0_DOMAIN`, an alias is a shell variable.

    `<mfa_token 1>` becomes `$MFA_TOKEN_1`: set it to the value that your own answer had. What the settings have is a
    variable of theirs, such as `$AUTH0_CLIENT_ID`.
    """
    method, *others = arguments(Values(journal).calls[exchange.number])
    return in_lines([f"curl {method}", CA_FILE, *others])


def runnable(exchange: Exchange, ca_file: str | None) -> Secret:
    """Return the request as a command that a shell runs as it stands: the real host, the body byte for byte.

    `ca_file` is the certificate of a served tenant. Raises LabError for a request that no command line can hold.
    """
    request, body = exchange.request, exchange.request.text
    if bytes(body.encode("utf-8", "surrogatepass")) != bytes(request.body) or "\0" in body:
        raise LabError(f"The body of exchange {exchange.number} is no text, and no command line can hold it.")
    words = [f"curl --request {_quoted(request.method)}"]
    if ca_file:
        # The shell may stand in another folder.
        words.append(f"--cacert {_quoted(Path(ca_file).resolve())}")
    # Brackets and braces in a URL are a pattern to curl, and ../ a way up, unless it is told otherwise.
    words.append("--globoff --path-as-is")
    scheme = str(request.url).partition("://")[0]
    words.append(f"--url {_quoted(f'{scheme}://{request.host!s}{request.target!s}')}")
    words += [f"--header {_quoted(f'{name}: {value!s}')}" for name in HEADERS if (value := request.header(name))]
    if body:
        words += [] if request.header("content-type") else [_NO_TYPE]
        words.append(f"--data-raw {_quoted(body)}")
    return Secret(in_lines(words), f"<runnable command of exchange {exchange.number}>")


def word(text: str) -> str:
    """Return a text as one word of a shell, with its variables."""
    parts = pieces(text)
    if not any(isinstance(each, Ref) for each in parts):
        return shlex.quote(text)
    if '"' in text:
        # Double quotes inside double quotes would each need a backslash.
        return "".join(shlex.quote(each) if isinstance(each, str) else f'"{_variable(each)}"' for each in parts)
    written = (
        re.sub(r'([\\"$`])', r"\\\1", each) if isinstance(each, str) else _variable(each, after)
        for each, after in zip(parts, (*parts[1:], ""), strict=True)
    )
    return f'"{"".join(written)}"'


def arguments(call: Call) -> Iterator[str]:
    """Yield the arguments of curl for a request, each with its option."""
    yield f"--request {shlex.quote(call.method)}"
    yield f"--url {word(f'https://{mark(DOMAIN)}{call.target}')}"
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
            yield _NO_TYPE
        # curl reads a file where the body begins with @.
        yield f"--data{'-raw' if body.startswith('@') else ''} {word(body)}"


# Without one curl would name a form.
_NO_TYPE = "--header 'content-type:'"


def in_lines(words: Iterable[str]) -> str:
    """Return a command whose arguments stand each in a line of its own."""
    return " \\\n  ".join(words)


def _variable(ref: Ref, after: str | Ref = "") -> str:
    if ref.encoded:
        return f"$(jq -rn --arg value \"${ref.name}\" '$value | @uri')"
    return f"${{{ref.name}}}" if isinstance(after, str) and re.match(r"\w|\[", after) else f"${ref.name}"


def _quoted(text: object) -> str:
    return shlex.quote(str(text))
