"""Who may use the control plane: whoever has its token, at one of the server's names, and no other site's page."""

import hashlib
import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from starlette.types import Scope

from auth0_mfa_lab.sandbox.control.calls import Refusal, query_of
from auth0_mfa_lab.sandbox.domains import Domains
from auth0_mfa_lab.sandbox.web.whole import header

PAGE = "/_lab/"
SAFE = ("GET", "HEAD")


class Guard:
    """Looks at the token first: without it nothing answers but 401, whatever else is wrong."""

    def __init__(self, token: str, domains: Domains) -> None:
        self._token = token
        self._domains = domains
        # Cookies are the same at every port of a host: so each server's has a name of its own, and is no token.
        self._name = f"auth0_lab_{self._seal('name')[:12]}"

    def follow(self, domains: Domains) -> None:
        """Go by the names of a tenant that was made anew."""
        self._domains = domains

    def check(self, scope: Scope) -> None:
        """Raise a Refusal for a call that may not be answered."""
        by_cookie = self._has_cookie(scope)
        if not (self._has_bearer(scope) or by_cookie or self.is_first_visit(scope)):
            raise Refusal(401, "unauthorized", "Send the token: Authorization: Bearer $AUTH0_LAB_TOKEN.")
        domain = header(scope, b"host") or ""
        if not self._domains.knows(domain):
            raise Refusal(403, "wrong_host", "This server is not known by that host.")
        origin = header(scope, b"origin")
        needs_origin = by_cookie and scope["method"] not in SAFE
        if (origin is not None or needs_origin) and origin != f"{self._domains.scheme}://{domain.lower()}":
            raise Refusal(403, "wrong_origin", "A page of another origin may not use the control plane.")
        if by_cookie and header(scope, b"sec-fetch-site") in ("cross-site", "same-site"):
            raise Refusal(403, "wrong_origin", "A page of another origin may not use the control plane.")

    def is_first_visit(self, scope: Scope) -> bool:
        """Tell whether this is the page, opened by the address that has the token in it."""
        is_page = scope["method"] == "GET" and scope["path"] in (PAGE, PAGE.rstrip("/"))
        return is_page and self._is_token(query_of(scope["query_string"]).get("token", ""))

    def welcome(self, scope: Scope) -> Mapping[str, str]:
        """Return the headers that put a cookie in the token's place, and take the token out of the address."""
        secure = "; Secure" if self._domains.scheme == "https" else ""
        value = self._seal((header(scope, b"host") or "").lower())
        cookie = f"{self._name}={value}; Path=/_lab/; HttpOnly; SameSite=Strict{secure}"
        return {"location": PAGE, "set-cookie": cookie}

    def _has_bearer(self, scope: Scope) -> bool:
        scheme, _, token = (header(scope, b"authorization") or "").partition(" ")
        return scheme.lower() == "bearer" and self._is_token(token.strip())

    def _has_cookie(self, scope: Scope) -> bool:
        try:
            morsel = SimpleCookie(header(scope, b"cookie") or "").get(self._name)
        except CookieError:
            return False
        sealed = self._seal((header(scope, b"host") or "").lower())
        return morsel is not None and hmac.compare_digest(morsel.value.encode(), sealed.encode())

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), self._token.encode())

    def _seal(self, text: str) -> str:
        return hmac.new(self._token.encode(), f"auth0-mfa-lab {text}".encode(), hashlib.sha256).hexdigest()
