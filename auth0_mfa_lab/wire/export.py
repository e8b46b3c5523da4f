"""Exchanges one can take away, as pure functions; no export holds a secret."""

from __future__ import annotations

import re
import shlex
from urllib.parse import quote_plus

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.wire.aliases import Aliases
from auth0_mfa_lab.wire.exchange import Exchange

_ALIAS = re.compile(r"<([a-z][a-z0-9_]*) (\d+)(?:: \w+)?>")
_HEADERS = ("authorization", "content-type")


def curl(exchange: Exchange, aliases: Aliases) -> str:
    """Return the request as a curl command: the host is `$AUTH0_DOMAIN`, an alias is a shell variable.

    `<mfa_token 1>` becomes `$MFA_TOKEN_1`: set it to the value that your own answer had.
    """
    if not isinstance(exchange, Exchange):
        raise LabError("curl wants an exchange, such as the value of client.password_grant(...).")
    request = exchange.request
    url = f'"https://$AUTH0_DOMAIN{_in_double_quotes(aliases.mask(request.target))}"'
    lines = [f"curl --request {request.method}", f"--url {url}"]
    headers = {name: value for name in _HEADERS if (value := request.header(name))}
    lines += [f"--header {_quoted(f'{name}: {value}', aliases)}" for name, value in headers.items()]
    if request.body:
        lines += _data(exchange, aliases)
    return " \\\n  ".join(lines)


def _data(exchange: Exchange, aliases: Aliases) -> list[str]:
    request = exchange.request
    fields = request.raw_data()
    if request.media_type != "application/x-www-form-urlencoded" or not isinstance(fields, dict):
        return [f"--data {_quoted(request.text, aliases)}"]
    # curl percent-encodes the value itself, and so the variable's too.
    pairs = [(quote_plus(name), value) for name, value in fields.items()]
    return [f"--data-urlencode {_quoted(f'{name}={value}', aliases)}" for name, value in pairs]


def _quoted(text: str, aliases: Aliases) -> str:
    """Return masked text as one shell word, each alias in it as a variable."""
    masked = aliases.mask(text)
    if not _ALIAS.search(masked):
        return shlex.quote(masked)
    return f'"{_in_double_quotes(masked)}"'


def _in_double_quotes(masked: str) -> str:
    parts: list[str] = []
    end = 0
    for match in _ALIAS.finditer(masked):
        parts += [
            re.sub(r'([\\"$`])', r"\\\1", masked[end : match.start()]),
            f"${{{match[1].upper()}_{match[2]}}}",
        ]
        end = match.end()
    return "".join([*parts, re.sub(r'([\\"$`])', r"\\\1", masked[end:])])
