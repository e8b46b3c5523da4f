"""The control plane under `/_lab/`: the operations over HTTP for the holder of the token, a phone, and a page."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from joserfc.jwk import RSAKey
from starlette.responses import JSONResponse, Response

from auth0_mfa_lab.sandbox.app import in_process
from auth0_mfa_lab.sandbox.guardian.phone import Account, NotABarcode, Notification, Phone
from auth0_mfa_lab.sandbox.http import Request, bearer_of
from auth0_mfa_lab.sandbox.json_text import json_object
from auth0_mfa_lab.sandbox.limits import Bounded
from auth0_mfa_lab.sandbox.oauth.grants import GRANTS
from auth0_mfa_lab.sandbox.operations import (
    NEWEST,
    OPERATIONS,
    TEXT,
    Argument,
    Json,
    Operation,
    Refused,
    messages,
    not_found,
    whole,
)

if TYPE_CHECKING:
    import httpx

    from auth0_mfa_lab.sandbox import Sandbox

FILES = {"": "index.html", "page.css": "page.css", "page.js": "page.js"}
KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
ALWAYS = {"cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
OF_PAGE = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
}
MAKE_KEYS = ("users", "phone/scan")
"""Paths whose POST may enroll the phone, which then needs an RSA key."""
NO_PUSH = "No push waits on the phone. Send one with /mfa/challenge; it can be answered for 5 minutes."


class ServerPhone:
    """The phone beside a server, as its page, the command line and a test suite use it.

    It keeps the approvals that it was told to give later: each after so many polls of its oob_code.
    """

    def __init__(self, box: Sandbox, phone: Phone) -> None:
        self.phone = phone
        self._box = box
        self._polls_before_next = 0
        self._later: Bounded[tuple[int, Notification]] = Bounded()

    def state(self) -> Json:
        """Return all that the page shows."""
        tenant = self._box.tenant
        head = {"now": tenant.clock.now(), "domain": tenant.domain, "profile": tenant.settings.profile}
        return {**head, "phone": self.accounts_and_pushes(), **messages(self._box)}

    def accounts_and_pushes(self) -> Json:
        """Return the codes that the phone shows now, and the pushes that wait on it."""
        pushes = [
            {**self._named(push), "at": push.started, "place": push.location, "browser": push.source}
            for push in self.phone.notifications
        ]
        return {"enrollments": [self._shown(one) for one in self.phone.accounts[-NEWEST:]], "pushes": pushes}

    def scan(self, barcode: str | bytes) -> Json:
        """Scan a barcode_uri, or the picture (PNG) of its QR."""
        import httpx

        try:
            answer = self.phone.scan(barcode)
        except (NotABarcode, ValueError, httpx.InvalidURL) as problem:
            said = str(problem) if isinstance(problem, NotABarcode) else f"The phone could not enroll: {problem}."
            raise Refused(said, error="not_a_barcode", field="barcode") from None
        if answer is None:
            return {"kind": "otp", "label": self.phone.accounts[-1].label}
        _must_be_done(answer)
        enrollment = self.phone.enrollments[-1]
        return {"kind": "push", "label": self._name(enrollment.user_id), "id": enrollment.id}

    def allow(self, user: str | None = None, id: str | None = None) -> Json:
        """Allow the newest push, or the one that is named; with the fault `late_approval` only after its polls."""
        push = self._waiting(user, id)
        if late := self._box.faults.take("late_approval"):
            return self._allow_later(push, late.polls)
        return self._answered(push, self.phone.allow(push))

    def reject(self, reason: str | None = None, user: str | None = None, id: str | None = None) -> Json:
        """Reject the newest push, or the one that is named, with a reason if one is given."""
        push = self._waiting(user, id)
        return self._answered(push, self.phone.reject(reason, push))

    def allow_after(self, polls: int, user: str | None = None, id: str | None = None) -> Json:
        """Allow the push that waits, or else the next one, after so many more polls of its oob_code."""
        if not self.phone.notifications and user is None and id is None:
            self._polls_before_next = polls
            return {"id": None, "user": None, "after_polls": polls}
        return self._allow_later(self._waiting(user, id), polls)

    def shown_code(self, user: str | None = None) -> Json:
        """Return the code that the phone shows now, for a user or for what was scanned last."""
        found = self._box.tenant.users_called(user or "")
        ids = {each.user_id for each in found}
        labels = {unquote(self._box.tenant.barcode_label(each)) for each in found}
        accounts = [one for one in self.phone.accounts if user is None or one.user_id in ids or one.label in labels]
        if not accounts:
            raise not_found("The phone shows no codes of that user." if user else "The phone shows no codes yet.")
        return self._shown(accounts[-1])

    def after_call(self, path: str, fields: dict[str, object]) -> None:
        """Count one answered poll, and allow when it was the last to wait for: between two requests, never inside."""
        if path == "/mfa/challenge" and self._polls_before_next and self.phone.notifications:
            self._allow_later(self.phone.notifications[-1], self._polls_before_next)
            self._polls_before_next = 0
        oob_code = str(fields.get("oob_code"))
        is_poll = path == "/oauth/token" and fields.get("grant_type") == f"{GRANTS}/mfa-oob"
        if not is_poll or oob_code not in self._later:
            return
        polls, push = self._later.pop(oob_code)
        if polls > 1:
            self._later[oob_code] = (polls - 1, push)
        # A push that was answered or ran out in the meantime needs no answer.
        elif push in self.phone.notifications:
            self.phone.allow(push)

    def _waiting(self, user: str | None, id: str | None) -> Notification:
        pushes = [push for push in self.phone.notifications if id in (None, push.id)]
        if user is not None:
            ids = {found.user_id for found in self._box.tenant.users_called(user)}
            pushes = [push for push in pushes if self._user_id(push) in ids]
        if not pushes:
            raise not_found(NO_PUSH, "nothing_to_answer")
        return pushes[-1]

    def _allow_later(self, push: Notification, polls: int) -> Json:
        tenant = self._box.tenant
        transaction = tenant.transactions.txids.get(tenant.tokens.claims_of(push.transaction_token).get("txid", ""))
        if transaction is None:
            raise not_found(NO_PUSH, "nothing_to_answer")
        self._later[transaction.oob_code] = (polls, push)
        return {**self._named(push), "after_polls": polls}

    def _answered(self, push: Notification, answer: httpx.Response) -> Json:
        _must_be_done(answer)
        return {**self._named(push), "status": answer.status_code}

    def _named(self, push: Notification) -> dict[str, Json]:
        return {"id": push.id, "user": self._name(self._user_id(push))}

    def _user_id(self, push: Notification) -> str:
        return next((one.user_id for one in self.phone.enrollments if one.id == push.enrollment_id), "")

    def _name(self, user_id: str) -> str:
        user = self._box.tenant.users.get(user_id)
        return user.username if user else user_id

    def _shown(self, account: Account) -> dict[str, Json]:
        label = f"{account.label}:{self._name(account.user_id)}" if account.user_id else account.label
        return {"label": label, "code": self.phone.code(account)}


def _must_be_done(answer: httpx.Response) -> None:
    if not answer.is_success:
        said = f"The tenant refused what the phone said, with status {answer.status_code}."
        raise Refused(said, error="refused", status=409, tenant_status=answer.status_code)


BARCODE = Argument("a string", lambda value: isinstance(value, str | bytes))
WHICH = {"user": TEXT, "id": TEXT}
# fmt: off
PHONE_OPERATIONS: tuple[Operation, ...] = (
    Operation("state",               "GET",  "state",             ServerPhone.state),
    Operation("accounts_and_pushes", "GET",  "phone",             ServerPhone.accounts_and_pushes),
    Operation("scan",                "POST", "phone/scan",        ServerPhone.scan, {"barcode": BARCODE}, 201),
    Operation("allow",               "POST", "phone/allow",       ServerPhone.allow, WHICH),
    Operation("reject",              "POST", "phone/reject",      ServerPhone.reject, {"reason": TEXT, **WHICH}),
    Operation("allow_after",         "POST", "phone/allow_after", ServerPhone.allow_after, {"polls": whole(1, 1_000), **WHICH}),
    Operation("shown_code",          "GET",  "phone/code",        ServerPhone.shown_code, {"user": TEXT}),
)
# fmt: on
PATHS = tuple(
    (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", each.path)), each) for each in (*OPERATIONS, *PHONE_OPERATIONS)
)


class Control:
    """The control plane of one server, and the phone beside it; a call is as whole as a request."""

    def __init__(self, box: Sandbox, token: str, ask: Callable[[Request], Response]) -> None:
        """Let the holder of `token` in; the phone beside the server speaks through `ask`."""
        self._box = box
        self._token = token
        self._ask = ask
        self._spare_keys: list[RSAKey] = []
        self._phone: ServerPhone | None = None

    @property
    def phone(self) -> ServerPhone:
        """The phone beside the server: a new one for a tenant that has begun again. Made late, to start fast."""
        box = self._box
        if self._phone is None or not box.server_phones:
            import httpx

            # The phones in a row are the labs': theirs have the names that they have in process.
            chance = box.chance.fork("server's phone")
            http = httpx.Client(transport=in_process(self._ask), trust_env=False)
            phone = box.new_phone(http, new_key=self._key, chance=chance)
            self._phone = ServerPhone(box, phone)
            box.server_phones = [phone]
        return self._phone

    def after_call(self, path: str, fields: dict[str, object]) -> None:
        """Let the phone do what it was told to do after a poll."""
        if self._phone is not None and self._box.server_phones:
            self._phone.after_call(path, fields)

    def wants_key(self, request: Request) -> bool:
        """Tell whether a call may need an RSA key: it takes some 50 ms, so a server makes it beside its loop."""
        return request.method == "POST" and _below(request) in MAKE_KEYS and not self._spare_keys

    def make_key(self) -> None:
        """Make one key for the phone's next enrollment."""
        self._spare_keys.append(RSAKey.generate_key())

    def _key(self) -> RSAKey:
        return self._spare_keys.pop() if self._spare_keys else RSAKey.generate_key()

    def answer(self, request: Request) -> Response:
        """Answer one call, if its sender may make it."""
        path = _below(request)
        if request.method in ("GET", "HEAD") and path in FILES:
            # A file of the page holds nothing of the tenant, so it needs no token.
            file = resources.files("auth0_mfa_lab.sandbox").joinpath("page", FILES[path])
            kind = KINDS[FILES[path].rpartition(".")[2]]
            return Response(file.read_bytes(), media_type=kind, headers={**ALWAYS, **OF_PAGE})
        try:
            self._check(request)
            operation, body = self._done(request, path)
        except Refused as refusal:
            return JSONResponse(refusal.body, refusal.status, ALWAYS)
        if body is None:
            return Response(status_code=204, headers=ALWAYS)
        # 202 for what the phone will do later.
        return JSONResponse(body, 202 if "after_polls" in body else operation.status, ALWAYS)

    def _check(self, request: Request) -> None:
        """Look at the token first: without it nothing answers but 401, whatever else is wrong."""
        if not hmac.compare_digest((bearer_of(request) or "").encode(), self._token.encode()):
            said = "Send the token: Authorization: Bearer $AUTH0_LAB_TOKEN."
            raise Refused(said, error="unauthorized", status=401)
        domains, domain = self._box.domains, request.headers.get("host", "")
        if not domains.knows(domain):
            raise Refused("This server is not known by that host.", error="wrong_host", status=403)
        if request.headers.get("origin") not in (None, f"{domains.scheme}://{domain.lower()}"):
            said = "A page of another origin may not use the control plane."
            raise Refused(said, error="wrong_origin", status=403)

    def _done(self, request: Request, path: str) -> tuple[Operation, Json]:
        """Do the operation of a call, and return what it returns."""
        matches = [(each, found.groupdict()) for pattern, each in PATHS if (found := pattern.fullmatch(path))]
        if not matches:
            raise not_found(f"There is nothing at /_lab/{path}.")
        wanted = [match for match in matches if match[0].method == request.method]
        if not wanted:
            methods = ", ".join(each.method for each, _ in matches)
            raise Refused(f"/_lab/{path} takes {methods}.", error="wrong_method", status=405)
        operation, named = wanted[0]
        arguments = operation.read({**_given(operation, request), **named})
        if "ip" in operation.takes:
            arguments["ip"] = request.client.host if request.client else ""
        # The phone is there before a user is made or reset: its accounts go with the user.
        phone, domains = self.phone, self._box.domains
        with self._box.lock, domains.used(request.headers.get("host", "")):
            return operation, operation.run(self._box if operation in OPERATIONS else phone, **arguments)


def _given(operation: Operation, request: Request) -> dict[str, Any]:
    """Return the fields of a call: those of its query for a GET, of its JSON body for anything else."""
    if operation.method == "GET":
        # A plus sign that was not encoded arrives as a blank: +15550100.
        return {name: re.sub(r"^ (?=\d)", "+", value) for name, value in request.query_params.items()}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "image/png" and operation.path == "phone/scan":
        return {"barcode": request.content}
    fields = json_object(request.content) if request.content.strip() else {}
    if fields is None:
        raise Refused("The body must be a JSON object.")
    return fields


def _below(request: Request) -> str:
    path: str = request.scope["path"]
    return path.removeprefix("/_lab").removeprefix("/")
