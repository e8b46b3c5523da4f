"""What a page on this machine may do from another origin, as Auth0 lets the origins that an application allows.

The default applications allow localhost alone, at any port; how the headers look in detail is a guess.
"""

import re

LOCAL = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")
EXPOSED = "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After"
METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
SECONDS = "600"


def cors_headers(origin: str | None) -> dict[str, str]:
    """Return what every answer to this origin says of it; nothing to an origin that is not allowed."""
    if origin is None or not LOCAL.fullmatch(origin):
        return {}
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": EXPOSED,
        "vary": "Origin",
    }


def preflight_headers(origin: str, wanted: str | None) -> dict[str, str]:
    """Return what a preflight is told: each of our methods, and the headers that it asks for."""
    allowed = cors_headers(origin)
    if not allowed:
        return {}
    headers = {"access-control-allow-headers": wanted} if wanted else {}
    return {**allowed, **headers, "access-control-allow-methods": METHODS, "access-control-max-age": SECONDS}
