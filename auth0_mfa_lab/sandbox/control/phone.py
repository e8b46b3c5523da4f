"""The control plane's phone, and what was sent: pushes to allow or reject, codes to read, QRs to scan."""

from collections.abc import Sequence
from urllib.parse import unquote

import httpx

from auth0_mfa_lab.sandbox import Phone, Sandbox
from auth0_mfa_lab.sandbox.bounded import Bounded
from auth0_mfa_lab.sandbox.control.calls import BadField, Call, Endpoint, Given, Refusal, Reply, Unknown
from auth0_mfa_lab.sandbox.delivery import Message
from auth0_mfa_lab.sandbox.forgetting import users_called
from auth0_mfa_lab.sandbox.guardian.payloads import in_form
from auth0_mfa_lab.sandbox.guardian.phone import Account, NotABarcode, Notification
from auth0_mfa_lab.sandbox.oauth.grants import GRANTS
from auth0_mfa_lab.sandbox.web.faults import Faults

NEWEST = 50
FORMS = ("apns", "fcm")
PURPOSES = ("mfa", "passwordless")
WHICH = ("user", "id")
NO_PUSH = "No push waits on the phone. Send one with /mfa/challenge; it can be answered for 5 minutes."


class Phones:
    """The phone beside the server, and the mailboxes."""

    def __init__(self, sandbox: Sandbox, phone: Phone, faults: Faults) -> None:
        self._sandbox = sandbox
        self._phone = phone
        self._faults = faults
        self._of_the_next = 0
        self._late: Bounded[tuple[int, Notification]] = Bounded()

    def endpoints(self) -> Sequence[Endpoint]:
        return (
            Endpoint(method="GET", path="state", answer=self.state),
            Endpoint(method="GET", path="code", answer=self.code),
            Endpoint(method="GET", path="messages", answer=self.messages),
            Endpoint(method="GET", path="push", answer=self.push),
            Endpoint(method="GET", path="phone", answer=self.phone),
            Endpoint(method="POST", path="phone/scan", answer=self.scan, makes_keys=True),
            Endpoint(method="POST", path="phone/allow", answer=self.allow),
            Endpoint(method="POST", path="phone/reject", answer=self.reject),
            Endpoint(method="POST", path="phone/allow_after", answer=self.allow_after),
            Endpoint(method="GET", path="phone/code", answer=self.phone_code),
        )

    def state(self, call: Call) -> Reply:
        """Return all that the page shows."""
        call.asked()
        tenant, clock = self._sandbox.tenant, self._sandbox.clock
        messages = [_shown(message) for message in self._sandbox.delivery.newest(NEWEST)]
        head = {"now": clock.now(), "domain": tenant.domain, "profile": self._sandbox.profile}
        return Reply(body={**head, "phone": self._shown_phone(), "messages": messages})

    def code(self, call: Call) -> Reply:
        """Return the newest code that was sent to an address."""
        asked = call.asked("address", "purpose")
        address, purpose = asked.required("address"), asked.text("purpose", choices=PURPOSES)
        for message in reversed(self._sandbox.delivery.messages(address)):
            if message.code and purpose in (None, message.purpose):
                fields = {"code": message.code, "channel": message.channel, "purpose": message.purpose}
                return Reply(body={**fields, "sent_at": message.sent_at})
        raise Unknown(f"No code was sent to {address}.")

    def messages(self, call: Call) -> Reply:
        """Return what was sent to an address, or to anybody, newest first."""
        asked = call.asked("address")
        address = asked.text("address")
        delivery = self._sandbox.delivery
        found = delivery.newest(NEWEST) if address is None else tuple(reversed(delivery.messages(address)))
        return Reply(body={"messages": [_shown(message) for message in found]})

    def push(self, call: Call) -> Reply:
        """Return the newest payload that was sent to whichever phone, as APNS or FCM delivers it."""
        form = call.asked("form").text("form", choices=FORMS) or "apns"
        push = self._sandbox.delivery.newest_push()
        if push is None:
            raise Unknown("No push was sent yet.")
        return Reply(body=in_form(push.payload, form))

    def phone(self, call: Call) -> Reply:
        call.asked()
        return Reply(body=self._shown_phone())

    def scan(self, call: Call) -> Reply:
        """Let the phone scan a barcode's text, or its picture."""
        barcode: str | bytes = call.content
        if call.kind != "image/png":
            barcode = call.fields("barcode").required("barcode")
        try:
            answer = self._phone.scan(barcode)
        except NotABarcode as problem:
            raise Refusal(400, "not_a_barcode", str(problem), field="barcode") from None
        except httpx.TransportError as problem:
            raise Refusal(400, "not_a_barcode", f"The phone could not enroll: {problem}.", field="barcode") from None
        if answer is None:
            return Reply(status=201, body={"kind": "otp", "label": self._phone.accounts[-1].label})
        _must_be_done(answer)
        enrollment = self._phone.enrollments[-1]
        return Reply(status=201, body={"kind": "push", "label": self._name(enrollment.user_id), "id": enrollment.id})

    def allow(self, call: Call) -> Reply:
        """Allow the newest push, or that of a user; where the fault is waiting, only after some more polls."""
        push = self._waiting(call.fields(*WHICH))
        late = self._faults.of_kind("late_approval")
        if late is not None:
            return self._later(push, late.polls)
        return self._answered(push, self._phone.allow(push))

    def reject(self, call: Call) -> Reply:
        given = call.fields("reason", *WHICH)
        reason, push = given.text("reason"), self._waiting(given)
        return self._answered(push, self._phone.reject(reason, push))

    def allow_after(self, call: Call) -> Reply:
        """Allow the push that waits, or else the next one, after so many more polls of its login."""
        given = call.fields("polls", *WHICH)
        polls = given.whole("polls", least=1, most=1_000)
        if polls is None:
            raise BadField("polls", "a whole number from 1 to 1000")
        if not self._phone.notifications and not any(which in given for which in WHICH):
            self._of_the_next = polls
            return Reply(status=202, body={"id": None, "user": None, "after_polls": polls})
        return self._later(self._waiting(given), polls)

    def phone_code(self, call: Call) -> Reply:
        """Return the code that the phone shows now, for a user or for what was scanned last."""
        name = call.asked("user").text("user")
        accounts = [one for one in self._phone.accounts if name is None or self._is_of(one, name)]
        if not accounts:
            raise Unknown("The phone shows no codes of that user." if name else "The phone shows no codes yet.")
        return Reply(body={"code": self._phone.code(accounts[-1]), "label": self._label(accounts[-1])})

    def after_call(self, path: str, fields: dict[str, object]) -> None:
        """Count one answered poll, and allow when it was the last to wait for."""
        if path == "/mfa/challenge" and self._of_the_next and self._phone.notifications:
            self._later(self._phone.notifications[-1], self._of_the_next)
            self._of_the_next = 0
        if path != "/oauth/token" or fields.get("grant_type") != f"{GRANTS}/mfa-oob":
            return None
        oob_code = str(fields.get("oob_code"))
        waiting = self._late.get(oob_code)
        if waiting is None:
            return None
        polls, push = waiting
        if polls > 1:
            return self._late.put(oob_code, (polls - 1, push))
        self._late.drop(oob_code)
        # A push that was answered or ran out in the meantime needs no answer.
        if push in self._phone.notifications:
            self._phone.allow(push)
        return None

    def _waiting(self, given: Given) -> Notification:
        """Return the push that is meant: by its id, of a user, or the newest."""
        wanted, name = given.text("id"), given.text("user")
        pushes = [push for push in self._phone.notifications if wanted in (None, push.id)]
        if name is not None:
            ids = {user.user_id for user in users_called(self._sandbox.tenant, name)}
            pushes = [push for push in pushes if self._user_id(push) in ids]
        if not pushes:
            raise Refusal(404, "nothing_to_answer", NO_PUSH)
        return pushes[-1]

    def _later(self, push: Notification, polls: int) -> Reply:
        tenant = self._sandbox.tenant
        txid = tenant.tokens.transaction_of(push.transaction_token)
        transaction = tenant.transactions.by_txid(txid) if txid else None
        if transaction is None:
            raise Refusal(404, "nothing_to_answer", NO_PUSH)
        self._late.put(transaction.oob_code, (polls, push))
        return Reply(status=202, body={"id": push.id, "user": self._name(self._user_id(push)), "after_polls": polls})

    def _answered(self, push: Notification, answer: httpx.Response) -> Reply:
        _must_be_done(answer)
        return Reply(body={"id": push.id, "user": self._name(self._user_id(push)), "status": answer.status_code})

    def _shown_phone(self) -> dict[str, object]:
        phone = self._phone
        codes = [{"label": self._label(one), "code": phone.code(one)} for one in phone.accounts[-NEWEST:]]
        pushes = [
            {
                "id": push.id,
                "user": self._name(self._user_id(push)),
                "at": push.started,
                "place": push.location,
                "browser": push.source,
            }
            for push in phone.notifications
        ]
        return {"enrollments": codes, "pushes": pushes}

    def _user_id(self, push: Notification) -> str:
        found = (one.user_id for one in self._phone.enrollments if one.id == push.enrollment_id)
        return next(found, "")

    def _name(self, user_id: str) -> str:
        user = self._sandbox.tenant.users.get(user_id)
        return user.username if user else user_id

    def _label(self, account: Account) -> str:
        return f"{account.label}:{self._name(account.user_id)}" if account.user_id else account.label

    def _is_of(self, account: Account, name: str) -> bool:
        tenant = self._sandbox.tenant
        return any(
            account.user_id == user.user_id or account.label == unquote(tenant.barcode_label(user))
            for user in users_called(tenant, name)
        )


def _must_be_done(answer: httpx.Response) -> None:
    if not answer.is_success:
        message = f"The tenant refused what the phone said, with status {answer.status_code}."
        raise Refusal(409, "refused", message, tenant_status=answer.status_code)


def _shown(message: Message) -> dict[str, object]:
    return {
        "address": message.address,
        "channel": message.channel,
        "purpose": message.purpose,
        "code": message.code,
        "link": message.link,
        "text": message.text,
        "language": message.language,
        "sent_at": message.sent_at,
    }
