"""The control plane under `/_lab/`: the operations over HTTP, for the holder of the token, and a page for people."""

from __future__ import annotations

import hmac
import inspect
import re
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from joserfc.jwk import RSAKey
from starlette.types import Scope

from auth0_mfa_lab.sandbox.asgi import Answer, answer_of, as_json, header
from auth0_mfa_lab.sandbox.json_text import json_object
from auth0_mfa_lab.sandbox.operations import OPERATIONS, Operation, Refused, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from auth0_mfa_lab.sandbox import Sandbox
    from auth0_mfa_lab.sandbox.server_phone import ServerPhone

FILES = {
    "": ("index.html", "text/html"),
    "page.css": ("page.css", "text/css"),
    "page.js": ("page.js", "text/javascript"),
}
ALWAYS = {"cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
MAKE_KEYS = ("users", "phone/scan")
"""Paths whose POST may enroll the phone, which then needs an RSA key."""


class Control:
    """The control plane of one server, and the phone beside it; a call is as whole as a request."""

    def __init__(self, box: Sandbox, token: str, ask: Callable[[Scope, bytes], Answer]) -> None:
        """Let the holder of `token` in; the phone beside the server speaks through `ask`."""
        self._box = box
        self._token = token
        self._ask = ask
        self._spare_keys: list[RSAKey] = []
        self._phone: ServerPhone | None = None
        self._tenant = box.tenant

    @property
    def phone(self) -> ServerPhone:
        """The phone beside the server: a new one for a tenant that has begun again. Made late, to start fast."""
        if self._phone is None or self._tenant is not self._box.tenant:
            import httpx

            from auth0_mfa_lab.sandbox.server_phone import ServerPhone
            from auth0_mfa_lab.sandbox.transport import SandboxTransport

            box = self._box
            # The phones in a row are the labs': theirs have the names that they have in process.
            chance = box.chance.fork("server's phone")
            http = httpx.Client(transport=SandboxTransport(self._ask), trust_env=False)
            phone = box.new_phone(http, new_key=self._key, chance=chance)
            self._tenant, self._phone = box.tenant, ServerPhone(box, phone)
            box.server_phones = [phone]
        return self._phone

    def after_call(self, path: str, fields: dict[str, object]) -> None:
        """Let the phone do what it was told to do after a poll."""
        if self._phone is not None and self._tenant is self._box.tenant:
            self._phone.after_call(path, fields)

    def wants_key(self, scope: Scope) -> bool:
        """Tell whether a call may need an RSA key: it takes some 50 ms, so a server makes it beside its loop."""
        return scope["method"] == "POST" and _below(scope["path"]) in MAKE_KEYS and not self._spare_keys

    def make_key(self) -> None:
        """Make one key for the phone's next enrollment."""
        self._spare_keys.append(RSAKey.generate_key())

    def answer(self, scope: Scope, content: bytes) -> Answer:
        """Answer one call, if its sender may make it."""
        path = _below(scope["path"])
        try:
            if scope["method"] in ("GET", "HEAD") and path in FILES:
                return _file(path)
            self._check(scope)
            operation, named = self._found(scope["method"], path)
            domains = self._box.tenant.domains
            before, domains.current = domains.current, (header(scope, b"host") or "").lower()
            try:
                body = self._run(operation, {**_given(operation, scope, content), **named}, scope)
            finally:
                domains.current = before
        except Refused as refusal:
            return as_json(refusal.status, refusal.body, ALWAYS)
        if body is None:
            return answer_of(204, b"", ALWAYS)
        # 202 for what the phone will do later.
        return as_json(202 if "after_polls" in body else operation.status, body, ALWAYS)

    def _check(self, scope: Scope) -> None:
        """Look at the token first: without it nothing answers but 401, whatever else is wrong."""
        scheme, _, token = (header(scope, b"authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), self._token.encode()):
            said = "Send the token: Authorization: Bearer $AUTH0_LAB_TOKEN."
            raise Refused(said, error="unauthorized", status=401)
        domains, domain = self._box.tenant.domains, header(scope, b"host") or ""
        if not domains.knows(domain):
            raise Refused("This server is not known by that host.", error="wrong_host", status=403)
        origin = header(scope, b"origin")
        if origin is not None and origin != f"{domains.scheme}://{domain.lower()}":
            said = "A page of another origin may not use the control plane."
            raise Refused(said, error="wrong_origin", status=403)

    def _found(self, method: str, path: str) -> tuple[Operation, dict[str, str]]:
        """Return the operation of a call, and what its path names."""
        matches = [(each, found.groupdict()) for each in _all() if (found := _pattern(each).fullmatch(path))]
        for operation, named in matches:
            if operation.method == method:
                return operation, named
        if matches:
            methods = ", ".join(each.method for each, _ in matches)
            raise Refused(f"/_lab/{path} takes {methods}.", error="wrong_method", status=405)
        raise not_found(f"There is nothing at /_lab/{path}.")

    def _run(self, operation: Operation, given: dict[str, Any], scope: Scope) -> Any:
        arguments = operation.read(given)
        if "ip" in inspect.signature(operation.run).parameters:
            arguments["ip"] = scope["client"][0] if scope.get("client") else ""
        # The phone is there before a user is made or reset: its accounts go with the user.
        phone = self.phone
        with self._box.answer.lock:
            return operation.run(self._box if operation in OPERATIONS else phone, **arguments)

    def _key(self) -> RSAKey:
        return self._spare_keys.pop() if self._spare_keys else RSAKey.generate_key()


def _all() -> Iterable[Operation]:
    from auth0_mfa_lab.sandbox.server_phone import PHONE_OPERATIONS

    return (*OPERATIONS, *PHONE_OPERATIONS)


def _pattern(operation: Operation) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", operation.path))


def _given(operation: Operation, scope: Scope, content: bytes) -> dict[str, Any]:
    """Return the fields of a call: those of its query for a GET, of its JSON body for anything else."""
    if operation.method == "GET":
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        # A plus sign that was not encoded arrives as a blank: +15550100.
        return {name: re.sub(r"^ (?=\d)", "+", value) for name, value in query}
    kind = (header(scope, b"content-type") or "").partition(";")[0].strip().lower()
    if kind == "image/png" and operation.path == "phone/scan":
        return {"barcode": content}
    fields = json_object(content) if content.strip() else {}
    if fields is None:
        raise Refused("The body must be a JSON object.")
    return fields


def _below(path: str) -> str:
    return path.removeprefix("/_lab").removeprefix("/")


def _file(name: str) -> Answer:
    """Return a file of the page; it holds nothing of the tenant, so it needs no token."""
    file, kind = FILES[name]
    content = resources.files("auth0_mfa_lab.sandbox").joinpath("page", file).read_bytes()
    headers = {"content-security-policy": POLICY, "x-frame-options": "DENY"}
    return answer_of(200, content, {"content-type": f"{kind}; charset=utf-8", **ALWAYS, **headers})
