"""What one recorded exchange was: which call, what it asked for, and how its answer ended it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from auth0_mfa_lab.sandbox.endpoints import ENDPOINTS, PATHS, endpoints_of
from auth0_mfa_lab.wire.exchange import Message, Request, Response, plain_data
from auth0_mfa_lab.wire.har import Recorded
from auth0_mfa_lab.wire.operations import Json

TOKEN = "/oauth/token"
MANAGEMENT = "/api/v2/"
DATABASE = ("password", "http://auth0.com/oauth/grant-type/password-realm")
PASSWORDLESS = "http://auth0.com/oauth/grant-type/passwordless/otp"
_GATEWAYS = (502, 503, 504)
_BROUGHT_NOTHING = re.compile(r"Malformed|Invalid oob_code|expired", re.IGNORECASE)


def path_of(request: Request) -> str:
    """Return the path of a request, still percent-encoded."""
    return urlsplit(str(request.url)).path


def query_of(request: Request) -> list[tuple[str, str]]:
    """Return the pairs of a request's query."""
    return parse_qsl(urlsplit(str(request.url)).query, keep_blank_values=True)


def fields_of(message: Message | None) -> Mapping[str, Json]:
    """Return the fields of a body that is a form or a JSON object; none for any other."""
    data = plain_data(message) if message is not None else None
    return data if isinstance(data, dict) else {}


def text_field(fields: Mapping[str, Json], name: str) -> str:
    """Return a field that is a text; "" for any other."""
    value = fields.get(name)
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def bearer_of(request: Request) -> str:
    """Return the Bearer token of a request, or ""."""
    scheme, _, token = str(request.header("authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def endpoint_of(request: Request) -> str | None:
    """Return the endpoint that the sandbox has for a request, such as `DELETE /mfa/authenticators/{id}`, or None."""
    path = unquote(path_of(request))
    called = f"{request.method} {path}"
    if path in PATHS:
        return called if called in ENDPOINTS else None
    # An id has a `|`, and may have a slash: each part of the path is looked at alone.
    _, shaped = endpoints_of(f"{request.method} {path_of(request)}")
    return next((each for each in ENDPOINTS if each in shaped and "{" in each), None)


def call_of(request: Request) -> str:
    """Return what a call is called in a report: its endpoint, with the grant where that is one of several."""
    endpoint = endpoint_of(request)
    if endpoint is None:
        # An id in a path that nobody knows is not told.
        shown = re.sub(r"/(?!v\d/)[^/]*(?:\d|%|\||@)[^/]*", "/{id}", path_of(request))
        return f"{request.method} {shown}"
    grant = text_field(fields_of(request), "grant_type")
    if path_of(request) != TOKEN or not grant:
        return endpoint
    short = grant.removeprefix("http://auth0.com/oauth/grant-type/")
    return f"{endpoint} ({short})" if re.fullmatch(r"[a-z/_-]{1,40}", short) else f"{endpoint} (another grant)"


def is_granted(response: Response | None) -> bool:
    """Say whether an answer gave what was asked for, whatever its status."""
    data = plain_data(response) if response is not None else None
    if response is None or (isinstance(data, dict) and "error" in data):
        return False
    return response.status < 300 or (isinstance(data, dict) and "access_token" in data)


def was_right(response: Response | None) -> bool:
    """Say whether the password or the code of a request was right: it brought tokens, or the next factor's turn."""
    return is_granted(response) or text_field(fields_of(response), "error") == "mfa_required"


def is_wrong_password(response: Response | None) -> bool:
    """Say whether a login was refused for its name or its password."""
    return text_field(fields_of(response), "error") == "invalid_grant"


def is_refused_application(response: Response | None) -> bool:
    """Say whether the application itself was refused: its id, its secret."""
    error = text_field(fields_of(response), "error")
    return response is not None and response.status == 401 and error in ("access_denied", "invalid_client")


def is_rejection(response: Response | None) -> bool:
    """Say whether the answer of a poll is that the person rejected the push."""
    fields = fields_of(response)
    text = text_field(fields, "error_description")
    if "reject" in text.lower():
        return True
    return text_field(fields, "error") in ("access_denied", "invalid_grant") and not _BROUGHT_NOTHING.search(text)


def why_not_comparable(recorded: Recorded) -> str:
    """Return why an answer is not the tenant's own word on the call, or ""."""
    response = recorded.response
    if response is None:
        return f"there was no answer ({recorded.failure.kind if recorded.failure else 'none recorded'})"
    is_json = isinstance(plain_data(response), dict | list)
    if response.status in _GATEWAYS or (response.status >= 500 and not is_json):
        return f"a gateway failed ({response.status})"
    fields = fields_of(response)
    if response.status == 429 and "too_many_requests" in (fields.get("error"), fields.get("errorCode")):
        return "the tenant's own rate limit answered (429 too_many_requests)"
    return ""
