"""The control plane under `/_lab/`: what a test or a person does to the tenant, apart from Auth0's paths."""

import asyncio
from collections.abc import Mapping
from importlib import resources

from joserfc.jwk import RSAKey
from starlette.types import Scope

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.control.calls import Call, Endpoint, Refusal, Reply, as_text, query_of
from auth0_mfa_lab.sandbox.control.guard import PAGE, Guard
from auth0_mfa_lab.sandbox.web.exchange import Exchange
from auth0_mfa_lab.sandbox.web.faults import Faults
from auth0_mfa_lab.sandbox.web.hosts import Front
from auth0_mfa_lab.sandbox.web.received import Journal
from auth0_mfa_lab.sandbox.web.whole import header

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


class Control:
    """The control plane of one server, and the phone that lies beside it.

    `front` is the app of the whole server. Handlers run on its loop, from their first step to their last: what they
    do to the tenant is as whole as a request.
    """

    def __init__(self, sandbox: Sandbox, token: str) -> None:
        self.sandbox = sandbox
        self.faults = Faults()
        self.journal = Journal()
        self.front = Front(sandbox, faults=self.faults, journal=self.journal)
        self.front.control = self.answer
        self._endpoints: tuple[Endpoint, ...] = ()
        self._spare_keys: list[RSAKey] = []
        self._guard = Guard(token, sandbox.tenant.domains)
        self.begin()

    def begin(self) -> None:
        """Have a new phone, and none of the faults and entries of before."""
        self.faults.clear()
        self.journal.clear()
        self.sandbox.delivery.loses = self.faults.loses_push
        self.front.after_call = lambda path, fields: None
        self._endpoints = ()

    def _furnish(self) -> tuple[Endpoint, ...]:
        """Return what the control plane does. It is made when first asked for: a server must start fast."""
        import httpx

        from auth0_mfa_lab.sandbox.control.labs import Labs
        from auth0_mfa_lab.sandbox.control.people import People
        from auth0_mfa_lab.sandbox.control.phone import Phones
        from auth0_mfa_lab.sandbox.control.tenant import Levers
        from auth0_mfa_lab.sandbox.guardian.inside import InsideTransport

        transport = InsideTransport(self.front)
        http = httpx.Client(transport=transport, trust_env=False)
        # The phones in a row are the labs': theirs have the names that they have in process.
        phone = self.sandbox.new_phone(http, new_key=self._key, chance=self.sandbox.chance.fork("server's phone"))
        phones = Phones(self.sandbox, phone, self.faults)
        self.front.after_call = phones.after_call
        people = People(self.sandbox, phone, transport)
        levers = Levers(self.sandbox, phone, self.faults, self.journal, begin_again=self._reset)
        nouns = (phones, people, levers, Labs(self.sandbox))
        return tuple(each for noun in nouns for each in noun.endpoints())

    async def answer(self, scope: Scope, content: bytes) -> Exchange:
        """Answer one call, if its sender may make it."""
        try:
            self._guard.check(scope)
            if self._guard.is_first_visit(scope):
                return _exchange(303, b"", "text/plain", self._guard.welcome(scope))
            if (found := _file(scope)) is not None:
                return found
            endpoint, call = self._found(scope, content)
            if endpoint.makes_keys and not self._spare_keys:
                # An RSA key takes some 50 ms: others are answered meanwhile.
                self._spare_keys.append(await asyncio.to_thread(RSAKey.generate_key))
                # They may have begun the tenant again.
                endpoint, call = self._found(scope, content)
            reply = self._as_one(endpoint, call, (header(scope, b"host") or "").lower())
        except Refusal as refusal:
            reply = Reply(status=refusal.status, body=refusal.body)
        if reply.body is None:
            return _exchange(204, b"", "", {})
        return _exchange(reply.status, as_text(reply.body), "application/json", {})

    def _as_one(self, endpoint: Endpoint, call: Call, domain: str) -> Reply:
        domains = self.sandbox.tenant.domains
        before, domains.current = domains.current, domain
        try:
            return endpoint.answer(call)
        finally:
            domains.current = before

    def _found(self, scope: Scope, content: bytes) -> tuple[Endpoint, Call]:
        """Return who answers a call."""
        self._endpoints = self._endpoints or self._furnish()
        others: list[str] = []
        path = scope["path"].removeprefix("/_lab").removeprefix("/")
        for endpoint in self._endpoints:
            named = endpoint.match(path)
            if named is not None and endpoint.method == scope["method"]:
                call = Call(
                    path=named,
                    query=query_of(scope["query_string"]),
                    content=content,
                    kind=(header(scope, b"content-type") or "").partition(";")[0].strip().lower(),
                    caller=scope["client"][0] if scope.get("client") else "",
                )
                return endpoint, call
            others += [endpoint.method] if named is not None else []
        if others:
            raise Refusal(405, "wrong_method", f"/_lab/{path} takes {', '.join(others)}.")
        raise Refusal(404, "not_found", f"There is nothing at /_lab/{path}.")

    def _reset(self) -> None:
        self.sandbox.reset()
        self.begin()
        self._guard.follow(self.sandbox.tenant.domains)

    def _key(self) -> RSAKey:
        return self._spare_keys.pop() if self._spare_keys else RSAKey.generate_key()


def _file(scope: Scope) -> Exchange | None:
    """Return a file of the page, or None for a path that is none."""
    name = scope["path"].removeprefix(PAGE)
    if scope["method"] != "GET" or name not in FILES or scope["path"] == "/_lab":
        return None
    file, kind = FILES[name]
    found = resources.files("auth0_mfa_lab.sandbox.control").joinpath("page", file)
    if not found.is_file():
        return None
    headers = {"content-security-policy": POLICY, "x-frame-options": "DENY"}
    return _exchange(200, found.read_bytes(), f"{kind}; charset=utf-8", headers)


def _exchange(status: int, content: bytes, kind: str, headers: Mapping[str, str]) -> Exchange:
    exchange = Exchange(b"")
    of_content = {"content-type": kind, "content-length": str(len(content))} if kind else {}
    exchange.answer(status, content, {**of_content, **ALWAYS, **headers})
    return exchange
