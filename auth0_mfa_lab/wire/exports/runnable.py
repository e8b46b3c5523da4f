"""An exchange as a curl command with its raw values: one Secret whole, for the clipboard of whoever asks for it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.secret import Secret
from auth0_mfa_lab.wire.exchange import Exchange, Request
from auth0_mfa_lab.wire.exports.calls import HEADERS
from auth0_mfa_lab.wire.exports.shell import lines


def runnable(exchange: Exchange, ca_file: str | None) -> Secret:
    """Return the request as a command that a shell runs as it stands: the real host, the body byte for byte.

    `ca_file` is the certificate of a served tenant. Raises LabError for a request that no command line can hold.
    """
    request = exchange.request
    if bytes(request.text.encode("utf-8", "surrogatepass")) != bytes(request.body) or "\0" in request.text:
        raise LabError(f"The body of exchange {exchange.number} is no text, and no command line can hold it.")
    command = lines(f"curl --request {_quoted(request.method)}", _arguments(request, ca_file))
    return Secret(command, f"<runnable command of exchange {exchange.number}>")


def _arguments(request: Request, ca_file: str | None) -> Iterator[str]:
    scheme = str(request.url).partition("://")[0]
    if ca_file:
        # The shell may stand in another folder.
        yield f"--cacert {_quoted(str(Path(ca_file).resolve()))}"
    # Brackets and braces in a URL are a pattern to curl, and ../ a way up, unless it is told otherwise.
    yield "--globoff --path-as-is"
    yield f"--url {_quoted(f'{scheme}://{request.host!s}{request.target!s}')}"
    for name in HEADERS:
        if value := request.header(name):
            yield f"--header {_quoted(f'{name}: {value!s}')}"
    if request.body:
        if not request.header("content-type"):
            # Without one curl would name a form.
            yield "--header 'content-type:'"
        yield f"--data-raw {_quoted(str(request.text))}"


def _quoted(text: str) -> str:
    return shlex.quote(str(text))
