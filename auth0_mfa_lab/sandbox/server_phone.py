"""The phone beside a server, as the page, the command line and a test suite use it: scan, allow, reject, codes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import httpx

from auth0_mfa_lab.sandbox.bounded import Bounded
from auth0_mfa_lab.sandbox.forgetting import users_called
from auth0_mfa_lab.sandbox.guardian.phone import Account, NotABarcode, Notification, Phone
from auth0_mfa_lab.sandbox.oauth.grants import GRANTS
from auth0_mfa_lab.sandbox.operations import (
    NEWEST,
    TEXT,
    Argument,
    Json,
    Operation,
    Refused,
    messages,
    must,
    not_found,
    whole,
)

if TYPE_CHECKING:
    from auth0_mfa_lab.sandbox import Sandbox

NO_PUSH = "No push waits on the phone. Send one with /mfa/challenge; it can be answered for 5 minutes."


class ServerPhone:
    """One phone, and the approvals that it was told to give later: each after so many polls of its oob_code."""

    def __init__(self, box: Sandbox, phone: Phone) -> None:
        self.phone = phone
        self._box = box
        self._polls_before_next = 0
        self._later: Bounded[tuple[int, Notification]] = Bounded()

    def state(self) -> Json:
        """Return all that the page shows."""
        box = self._box
        head = {"now": box.clock.now(), "domain": box.tenant.domain, "profile": box.profile}
        return {**head, "phone": self.accounts_and_pushes(), **messages(box)}

    def accounts_and_pushes(self) -> Json:
        """Return the codes that the phone shows now, and the pushes that wait on it."""
        accounts = self.phone.accounts[-NEWEST:]
        return {
            "enrollments": [{"label": self._label(one), "code": self.phone.code(one)} for one in accounts],
            "pushes": [
                {
                    "id": push.id,
                    "user": self._name(self._user_id(push)),
                    "at": push.started,
                    "place": push.location,
                    "browser": push.source,
                }
                for push in self.phone.notifications
            ],
        }

    def scan(self, barcode: str | bytes) -> Json:
        """Scan a barcode_uri, or the picture (PNG) of its QR."""
        try:
            answer = self.phone.scan(barcode)
        except NotABarcode as problem:
            raise Refused(str(problem), error="not_a_barcode", field="barcode") from None
        except httpx.TransportError as problem:
            said = f"The phone could not enroll: {problem}."
            raise Refused(said, error="not_a_barcode", field="barcode") from None
        if answer is None:
            return {"kind": "otp", "label": self.phone.accounts[-1].label}
        _must_be_done(answer)
        enrollment = self.phone.enrollments[-1]
        return {"kind": "push", "label": self._name(enrollment.user_id), "id": enrollment.id}

    def allow(self, user: str | None = None, id: str | None = None) -> Json:
        """Allow the newest push, or the one that is named; with the fault `late_approval` only after its polls."""
        push = self._waiting(user, id)
        late = self._box.faults.of_kind("late_approval")
        return self._allow_later(push, late.polls) if late else self._answered(push, self.phone.allow(push))

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
        accounts = [one for one in self.phone.accounts if user is None or self._is_of(one, user)]
        if not accounts:
            raise not_found("The phone shows no codes of that user." if user else "The phone shows no codes yet.")
        return {"code": self.phone.code(accounts[-1]), "label": self._label(accounts[-1])}

    def after_call(self, path: str, fields: dict[str, object]) -> None:
        """Count one answered poll, and allow when it was the last to wait for: between two requests, never inside."""
        if path == "/mfa/challenge" and self._polls_before_next and self.phone.notifications:
            self._allow_later(self.phone.notifications[-1], self._polls_before_next)
            self._polls_before_next = 0
        if path != "/oauth/token" or fields.get("grant_type") != f"{GRANTS}/mfa-oob":
            return
        oob_code = str(fields.get("oob_code"))
        polls, push = self._later.get(oob_code) or (0, None)
        if push is not None and polls > 1:
            self._later[oob_code] = (polls - 1, push)
        elif push is not None:
            self._later.pop(oob_code, None)
            # A push that was answered or ran out in the meantime needs no answer.
            if push in self.phone.notifications:
                self.phone.allow(push)

    def _waiting(self, user: str | None, id: str | None) -> Notification:
        pushes = [push for push in self.phone.notifications if id in (None, push.id)]
        if user is not None:
            ids = {found.user_id for found in users_called(self._box.tenant, user)}
            pushes = [push for push in pushes if self._user_id(push) in ids]
        if not pushes:
            raise not_found(NO_PUSH, "nothing_to_answer")
        return pushes[-1]

    def _allow_later(self, push: Notification, polls: int) -> Json:
        tenant = self._box.tenant
        txid = tenant.tokens.transaction_of(push.transaction_token)
        transaction = tenant.transactions.by_txid(txid) if txid else None
        if transaction is None:
            raise not_found(NO_PUSH, "nothing_to_answer")
        self._later[transaction.oob_code] = (polls, push)
        return {"id": push.id, "user": self._name(self._user_id(push)), "after_polls": polls}

    def _answered(self, push: Notification, answer: httpx.Response) -> Json:
        _must_be_done(answer)
        return {"id": push.id, "user": self._name(self._user_id(push)), "status": answer.status_code}

    def _user_id(self, push: Notification) -> str:
        return next((one.user_id for one in self.phone.enrollments if one.id == push.enrollment_id), "")

    def _name(self, user_id: str) -> str:
        user = self._box.tenant.users.get(user_id)
        return user.username if user else user_id

    def _label(self, account: Account) -> str:
        return f"{account.label}:{self._name(account.user_id)}" if account.user_id else account.label

    def _is_of(self, account: Account, name: str) -> bool:
        tenant = self._box.tenant
        return any(
            account.user_id == user.user_id or account.label == unquote(tenant.barcode_label(user))
            for user in users_called(tenant, name)
        )


def _must_be_done(answer: httpx.Response) -> None:
    if not answer.is_success:
        said = f"The tenant refused what the phone said, with status {answer.status_code}."
        raise Refused(said, error="refused", status=409, tenant_status=answer.status_code)


BARCODE = Argument("a string", lambda value: must(value, isinstance(value, str | bytes)))
WHICH = {"user": TEXT, "id": TEXT}
# fmt: off
PHONE_OPERATIONS: tuple[Operation, ...] = (
    Operation(ServerPhone.state,               "GET",  "state"),
    Operation(ServerPhone.accounts_and_pushes, "GET",  "phone"),
    Operation(ServerPhone.scan,                "POST", "phone/scan",        {"barcode": BARCODE.needed}, 201),
    Operation(ServerPhone.allow,               "POST", "phone/allow",       WHICH),
    Operation(ServerPhone.reject,              "POST", "phone/reject",      {"reason": TEXT, **WHICH}),
    Operation(ServerPhone.allow_after,         "POST", "phone/allow_after", {"polls": whole(1, 1_000).needed, **WHICH}),
    Operation(ServerPhone.shown_code,          "GET",  "phone/code",        {"user": TEXT}),
)
# fmt: on
