"""The endpoints of the sandbox, as its routes have them, and which of them a row of the evidence speaks of."""

import re
from functools import cache

from auth0_mfa_lab.sandbox.app import ROUTES
from auth0_mfa_lab.sandbox.management.api import not_emulated

ENDPOINTS = tuple(
    dict.fromkeys(
        f"{method} {re.sub(r'{[a-z]+_id}', '{id}', path)}"
        for methods, path, handler in ROUTES
        # The device API is there a second time, for a host of its own.
        if handler is not not_emulated and not re.match("/api/(?!v2/)", path)
        for method in methods.split()
    )
)
"""Every endpoint, such as `POST /mfa/challenge`; the pages that a browser is sent to are none."""
PATHS = tuple(dict.fromkeys(each.partition(" ")[2] for each in ENDPOINTS))
"""Their paths, each once."""
GENERAL = {
    "any path": r".*",
    "any path below /api/v2/": r"\w+ /api/v2/.*",
    "every POST, PUT and PATCH below /api/v2/": r"(POST|PUT|PATCH) /api/v2/.*",
    "every POST, PUT and PATCH below /api/v2/ with a body": r"(POST|PUT|PATCH) /api/v2/.*",
    "every POST": r"POST /(oauth/\w+|mfa/\w+|passwordless/start)",
    "every POST with client_id": r"POST /(oauth/\w+|mfa/challenge|passwordless/start)",
    "every endpoint that takes an mfa_token": r"POST /(oauth/token|mfa/\w+)|GET /mfa/authenticators",
}
"""The kinds of endpoint that rows speak of. The device's and the Management API's bodies have rows of their own."""


def endpoints_of(text: str) -> tuple[str, frozenset[str]]:
    """Return a part of an endpoint's name, or a URL, in lower case without its query, and the endpoints that it means.

    They have it in their name; where none has, an id stands there in the place of `{id}`.
    """
    wanted = text.strip().lower()
    if sent := re.fullmatch(r"([a-z]+ )?(?:[a-z]+://[^/?]*)?([^?\s]*?)/?(\?\S*)?", wanted):
        wanted = f"{sent[1] or ''}{sent[2]}"
    named = frozenset(each for each in ENDPOINTS if wanted in each.lower())
    shaped = (each for each in ENDPOINTS if re.fullmatch(_shape(each.lower()), wanted))
    return wanted, named or frozenset(shaped)


def _shape(endpoint: str) -> str:
    method, _, path = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(endpoint)).partition(r"\ ")
    return f"({method} )?{path}"


@cache
def covered(row: str) -> frozenset[str]:
    """Return the endpoints that a row speaks of, by its name, such as `GET, POST /userinfo` or `every POST`."""
    pattern = GENERAL.get(row) or "|".join(map(_pattern, re.split(r"(?<=[^A-Z]), (?!and )", row)))
    return frozenset(each for each in ENDPOINTS if re.fullmatch(pattern, each))


def _pattern(name: str) -> str:
    methods, slash, rest = name.partition("/")
    path = re.escape(f"{slash}{rest}".removesuffix(", and below it"))
    # Without a method, what is below it is meant as well.
    return f"({methods.strip().replace(', ', '|')}) {path}" if methods else rf"\w+ {path}(/.*)?"
