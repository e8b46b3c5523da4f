"""What is done to a tenant apart from Auth0's own paths: operations with JSON in and out.

A lab in process runs them, the control plane offers each below `/_lab/`, and a lab on a served sandbox calls them there.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, get_args
from urllib.parse import unquote

from auth0_mfa_lab.sandbox import FACTORS, USER_GRANTS
from auth0_mfa_lab.sandbox.app import CALLER, KINDS, Fault
from auth0_mfa_lab.sandbox.delivery import in_form
from auth0_mfa_lab.sandbox.guardian.phone import Account, NotABarcode, Notification, Phone, names_of_a_phone
from auth0_mfa_lab.sandbox.limits import Bounded
from auth0_mfa_lab.sandbox.mfa.api import is_on
from auth0_mfa_lab.sandbox.mfa.authenticators import E164
from auth0_mfa_lab.sandbox.records import Client, User
from auth0_mfa_lab.sandbox.settings import (
    SWITCHES,
    Factor,
    MessageType,
    Policy,
    Profile,
    PushProvider,
    checked_switches,
)

if TYPE_CHECKING:
    import httpx

    from auth0_mfa_lab.sandbox import Sandbox

Json = Any
Answer: TypeAlias = "Callable[[Notification], httpx.Response]"
NEWEST = 50
"""How many messages of all addresses, and how many codes of a phone, are shown: the newest."""
LARGEST, LONGEST_NAME = 10 * 365 * 86_400, 128
"""The largest number of seconds, or of calls, that makes sense: ten years; the characters of a name or an address."""
GRANTS = (*sorted(USER_GRANTS), "client_credentials")
NO_PUSH = "No push waits on the phone. Send one with /mfa/challenge; it can be answered for 5 minutes."
STATUS = {"unauthorized": 401, "wrong_host": 403, "wrong_origin": 403, "wrong_method": 405}
STATUS |= {"not_found": 404, "nothing_to_answer": 404, "conflict": 409, "refused": 409}
"""The status for HTTP of each refusal; that of any other is 400."""


class Refused(Exception):
    """An operation that cannot be done: what is wrong in a sentence, its code, and the field."""

    def __init__(self, message: str, error: str = "bad_input", **fields: Json) -> None:
        super().__init__(message)
        self.status = STATUS.get(error, 400)
        self.body: dict[str, Json] = {"error": error, "message": message, **fields}


def members(thing: object, *names: str) -> dict[str, Json]:
    """Return some members of a record, by their names."""
    return {name: getattr(thing, name) for name in names}


class Argument(NamedTuple):
    """What one argument must be, in words and as a test of its value, and how the operation takes it."""

    wanted: str
    fits: Callable[[Json], object]
    taken: Callable[[Json], Json] = lambda value: value


def text(wanted: str = "a string", fits: Callable[[str], object] = lambda _: True) -> Argument:
    return Argument(wanted, lambda value: isinstance(value, str) and fits(value))


def choice(names: Collection[str]) -> Argument:
    return text(f"one of {', '.join(names)}", names.__contains__)


def texts(names: Collection[str]) -> Argument:
    wanted, fits = f"an array of {', '.join(names)}", choice(names).fits
    return Argument(wanted, lambda value: isinstance(value, list | tuple) and all(map(fits, value)), tuple)


def whole(least: int, most: int = LARGEST) -> Argument:
    """Return a whole number, as a number or as a query has it."""

    def fits(value: Json) -> bool:
        is_whole = type(value) is int or (isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value))
        return bool(is_whole) and least <= int(value) <= most

    return Argument(f"a whole number from {least} to {most}", fits, int)


# -- users and applications


def add_user(box: Sandbox, factors: tuple[str, ...] = (), phone: str = "server", **names: str) -> Json:
    """Add a user with these factors, confirmed; the server's phone scans what there is to scan.

    With the phone `own` the caller's phone does it: `barcodes` has what, and push is confirmed by that. `off` are those
    of the factors that the tenant has off: they cannot be challenged.
    """
    factors = tuple(dict.fromkeys(factors))
    try:
        user, barcodes = box.begin_user(factors, **names)
    except ValueError as problem:
        raise Refused(str(problem), "conflict") from None
    if phone == "server" and box.server_phone:
        box.enroll(barcodes, box.server_phone.phone)
    secrets = {"password": user.password, "recovery_code": user.recovery_code, "factors": list(factors)}
    secrets["off"] = [each for each in factors if not is_on(box.tenant, FACTORS[each])]
    return {**_user(box, user), **secrets, **({} if phone == "server" else {"barcodes": barcodes})}


def delete_user(box: Sandbox, user: str) -> None:
    """Delete a user, named by id, with everything of theirs."""
    found = box.tenant.users.get(user)
    if found is None:
        raise Refused("There is no user with this id.", "not_found")
    reset_user(box, found)
    box.tenant.forget_user(found)


def limits(box: Sandbox, user: str, ip: str = CALLER) -> Json:
    """Return what is left of each limit of a user, and of the IP address that asks."""
    # A passwordless user may have the same address, and has no password.
    found = sorted(box.tenant.users_called(user), key=lambda each: not each.password)
    if not found:
        raise Refused(f"There is no user {user}.", "not_found")
    return {"user_id": found[0].user_id, "limits": box.limits(found[0].user_id, ip=ip)}


def add_client(box: Sandbox, name: str = "", public: bool = False, grants: tuple[str, ...] = ()) -> Json:
    """Add an application; it has the grants of the default ones unless some are named."""
    chance, known = box.control_chance, box.tenant.clients
    client = Client(
        client_id=chance.alnum(32),
        client_secret=None if public else chance.base64url(64),
        name=name or ("Public application" if public else "Application"),
        grants=frozenset(grants or (USER_GRANTS if public else GRANTS)),
        apis={} if public else known[box.defaults.client_id].apis,
    )
    known[client.client_id] = client
    return {**_client(client), **({} if public else {"client_secret": client.client_secret})}


def reset(box: Sandbox, user: str | None = None, ip: str = CALLER) -> None:
    """Make a user as good as new, or the whole tenant; an unknown user is no error."""
    if user is None:
        return box.reset()
    for found in box.tenant.users_called(user):
        reset_user(box, found)
    # An address that never logged in may have been sent a code.
    box.tenant.forget_address(user)
    return box.tenant.limits.forget(ip)


def reset_user(box: Sandbox, user: User) -> None:
    """Make a user as good as new, on the phone beside the server too."""
    box.tenant.reset_user(user)
    if box.server_phone:
        box.server_phone.phone.forget(user.user_id, unquote(box.tenant.barcode_label(user)))


def _user(box: Sandbox, user: User) -> dict[str, Json]:
    kinds = dict.fromkeys(one.kind for one in box.tenant.authenticators.active_of(user.user_id))
    return {**members(user, "user_id", "username", "phone_number", "email", "connection"), "factors": list(kinds)}


def _client(client: Client) -> dict[str, Json]:
    known = members(client, "client_id", "name")
    return {**known, "public": client.client_secret is None, "grants": sorted(client.grants)}


# -- what was sent


def code(box: Sandbox, address: str, purpose: str | None = None) -> Json:
    """Return the newest code that was sent to an address."""
    for message in reversed(box.delivery.messages(address)):
        if message.code and purpose in (None, message.purpose):
            return members(message, "code", "channel", "purpose", "sent_at")
    raise Refused(f"No code was sent to {address}{f' for {purpose}' if purpose else ''}.", "not_found")


def messages(box: Sandbox, address: str | None = None) -> Json:
    """Return what was sent to an address, or to every address, newest first."""
    found = box.delivery.newest[:NEWEST] if address is None else reversed(box.delivery.messages(address))
    return {"messages": [asdict(each) for each in found]}


def newest_push(box: Sandbox, form: str = "apns") -> Json:
    """Return the newest payload that was sent to any phone, as APNS or FCM delivers it."""
    push = box.delivery.newest_push
    if push is None:
        raise Refused("No push was sent. One is sent by /mfa/challenge, to a user with an enrolled phone.", "not_found")
    return in_form(push.payload, form)


# -- clock, settings and faults


def clock(box: Sandbox) -> Json:
    """Return the time in epoch seconds: `now` is what expires goes by, `stamp` what stands in tokens."""
    return {"now": box.clock.now(), "stamp": box.clock.stamp(), "frozen": box.clock.stands_still}


def advance(box: Sandbox, advance: float) -> Json:
    """Move what expires forward by so many seconds."""
    try:
        box.clock.advance(advance)
    except ValueError as problem:
        raise Refused(str(problem), field="advance") from None
    return clock(box)


def restart_clock(box: Sandbox) -> Json:
    """Take every advance back, as between two tests."""
    box.clock.restart()
    return clock(box)


def settings(box: Sandbox) -> Json:
    """Return how the tenant is set."""
    shown = members(box.tenant.settings, *SETTINGS)
    lists = {"factors": sorted(shown["factors"]), "message_types": list(shown["message_types"])}
    return {**shown, **lists, "switches": dict(shown["switches"])}


def change_settings(box: Sandbox, switches: Mapping[str, str] | None = None, **changes: Json) -> Json:
    """Change what is named; a switch that is not named stays as it is."""
    before, switches, changes = box.tenant.settings, box.varied.wished(switches or {}), box.varied.wished(changes)
    if "factors" in changes:
        changes["factors"] = frozenset(changes["factors"])
    if changes.get("default_directory") == "":
        changes["default_directory"] = None
    try:
        changes["switches"] = checked_switches({**before.switches, **switches})
    except ValueError as problem:
        raise Refused(str(problem), field="switches") from None
    box.tenant.settings = replace(before, **changes)
    return settings(box)


def choices(_: Sandbox) -> Json:
    """Return what there is to choose from: a user's factors, faults with their fields, settings, and switches."""
    plain = {"policy": get_args(Policy), "profile": get_args(Profile), "push_provider": get_args(PushProvider)}
    switches = {name: each._asdict() for name, each in SWITCHES.items()}
    return {"factors": [*FACTORS], "faults": dict(KINDS), "settings": plain, "switches": switches}


def faults(box: Sandbox) -> Json:
    """Return the faults that wait, oldest first, each with the fields that its kind reads."""
    return {"faults": [members(each, "kind", "times", *KINDS[each.kind]) for each in box.faults]}


def add_fault(box: Sandbox, kind: str, **options: Json) -> Json:
    """Let something go wrong with the next calls. Raises Refused for what a fault of this kind does not read."""
    known = ("times", *KINDS[kind])
    if strange := [name for name in options if name not in known]:
        raise Refused(
            f"A fault of the kind {kind} reads no {strange[0]}; it reads {', '.join(known)}.", field=strange[0]
        )
    if kind == "5xx" and options.get("status", 503) < 500:
        raise Refused(
            "status must be a whole number from 500 to 599; the kind html takes one from 400.", field="status"
        )
    box.faults.append(Fault(kind=kind, **{"status": 502 if kind == "html" else 503, **options}))
    return faults(box)["faults"][-1]


# -- the phone beside a server


class ServerPhone:
    """The phone beside a server; it keeps the answers to give later, each after so many polls of its oob_code."""

    def __init__(self, box: Sandbox, phone: Phone) -> None:
        self.phone, self._box = phone, box
        self._of_next: tuple[int, Answer] | None = None
        self._later: Bounded[tuple[int, Answer, Notification]] = Bounded()

    def state(self) -> Json:
        """Return all that the page shows."""
        tenant = self._box.tenant
        head = {"now": tenant.clock.now(), "domain": tenant.domains.current, "profile": tenant.settings.profile}
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
        try:
            answer = self.phone.scan(barcode)
        except NotABarcode as problem:
            raise Refused(str(problem), "not_a_barcode", field="barcode") from None
        if answer is None:
            return {"kind": "otp", "label": self.phone.accounts[-1].label}
        _must_be_done(answer)
        newest = self.phone.enrollments[-1]
        return {"kind": "push", "label": self._name(newest.user_id), "id": newest.id}

    def allow(self, **which: str) -> Json:
        """Allow the newest push, or the one that is named; with the fault `late_approval` only after its polls."""
        push = self._waiting(**which)
        if late := self._box.faults.take("late_approval"):
            return self._answer_later(push, late.polls, self.phone.allow)
        return {**self._named(push), "status": _must_be_done(self.phone.allow(push))}

    def reject(self, reason: str | None = None, **which: str) -> Json:
        """Reject the newest push, or the one that is named, with a reason if one is given."""
        push = self._waiting(**which)
        return {**self._named(push), "status": _must_be_done(self.phone.reject(reason, push))}

    def allow_after(self, polls: int, **which: str) -> Json:
        """Allow the push that waits, or else the next one, after so many more polls of its oob_code."""
        return self._after(polls, self.phone.allow, **which)

    def reject_after(self, polls: int, reason: str | None = None, **which: str) -> Json:
        """Reject the push that waits, or else the next one, like that, with a reason if one is given."""
        return self._after(polls, partial(self.phone.reject, reason), **which)

    def shown_code(self, user: str | None = None) -> Json:
        """Return the code that the phone shows now, for a user or for what was scanned last."""
        tenant, known = self._box.tenant, set[str | None]()
        for each in tenant.users_called(user or ""):
            known |= {each.user_id, unquote(tenant.barcode_label(each))}
        accounts = [one for one in self.phone.accounts if user is None or known & {one.user_id, one.label}]
        if not accounts:
            raise Refused(f"The phone shows no codes {'of that user' if user else 'yet'}.", "not_found")
        return self._shown(accounts[-1])

    def after_call(self, path: str, fields: dict[str, object]) -> None:
        """Count one answered poll, and answer when it was the last to wait for: between two requests, never inside."""
        if path == "/mfa/challenge" and self._of_next and self.phone.notifications:
            self._answer_later(self.phone.notifications[-1], *self._of_next)
            self._of_next = None
        oob_code, grant = str(fields.get("oob_code")), str(fields.get("grant_type"))
        if path == "/oauth/token" and grant.endswith("/mfa-oob") and oob_code in self._later:
            polls, answer, push = self._later.pop(oob_code)
            if polls > 1:
                self._later[oob_code] = (polls - 1, answer, push)
            # A push that was answered or ran out in the meantime needs no answer.
            elif push in self.phone.notifications:
                answer(push)

    def _waiting(self, user: str | None = None, id: str | None = None) -> Notification:
        ids = {found.user_id for found in self._box.tenant.users_called(user or "")}
        mine = {one.id for one in self.phone.enrollments if user is None or one.user_id in ids}
        for push in reversed(self.phone.notifications):
            if id in (None, push.id) and push.enrollment_id in mine:
                return push
        raise Refused(NO_PUSH, "nothing_to_answer")

    def _after(self, polls: int, answer: Answer, **which: str) -> Json:
        if self.phone.notifications or which:
            return self._answer_later(self._waiting(**which), polls, answer)
        self._of_next = polls, answer
        return {"id": None, "user": None, "after_polls": polls}

    def _answer_later(self, push: Notification, polls: int, answer: Answer) -> Json:
        tenant = self._box.tenant
        transaction = tenant.transactions.txids.get(tenant.tokens.claims_of(push.transaction_token).get("txid", ""))
        if transaction is None:
            raise Refused(NO_PUSH, "nothing_to_answer")
        self._later[transaction.oob_code] = (polls, answer, push)
        return {**self._named(push), "after_polls": polls}

    def _named(self, push: Notification) -> dict[str, Json]:
        owner = next((one.user_id for one in self.phone.enrollments if one.id == push.enrollment_id), "")
        return {"id": push.id, "user": self._name(owner)}

    def _name(self, user_id: str) -> str:
        user = self._box.tenant.users.get(user_id)
        return user.username if user else user_id

    def _shown(self, account: Account) -> dict[str, Json]:
        label = f"{account.label}:{self._name(account.user_id)}" if account.user_id else account.label
        return {"label": label, "code": self.phone.code(account)}


def _must_be_done(answer: httpx.Response) -> int:
    if not answer.is_success:
        status = answer.status_code
        raise Refused(f"The tenant refused what the phone said, with status {status}.", "refused", tenant_status=status)
    return answer.status_code


@dataclass(frozen=True)
class Operation:
    """One operation: its name, its place below `/_lab/`, what it does, its arguments, and the status of what it returns.

    An argument without a default in `run` may not be absent, null or empty; an `ip` is the caller's address.
    """

    name: str
    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    run: Callable[..., Json]
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    status: int = 200

    @property
    def takes(self) -> Mapping[str, inspect.Parameter]:
        """The parameters of the function, by name."""
        return inspect.signature(self.run).parameters

    def read(self, given: Mapping[str, Json]) -> dict[str, Json]:
        """Return the arguments as the function takes them. Raises Refused for one that is unknown, missing or wrong."""
        if strange := [name for name in given if name not in self.arguments]:
            known, kind = ", ".join(self.arguments) or "none", "parameter" if self.method == "GET" else "field"
            raise Refused(f"There is no {kind} {strange[0]!r} here; there is: {known}.", field=strange[0])
        read = {}
        for name, argument in self.arguments.items():
            value = given.get(name)
            is_needed = name in self.takes and self.takes[name].default is inspect.Parameter.empty
            if value is not None or is_needed:
                if (value == "" and is_needed) or not argument.fits(value):
                    raise Refused(f"{name} must be {argument.wanted}.", field=name)
                read[name] = argument.taken(value)
        return read


# fmt: off
TEXT = text()
NAME = text(f"1 to {LONGEST_NAME} characters long", lambda value: 0 < len(value) <= LONGEST_NAME)
NUMBER = text("in E.164 form, such as +15550100", E164.fullmatch)
EMAIL = text("an email address", lambda value: "@" in value and len(value) <= LONGEST_NAME)
ROUTE = text("a path, with a method before it or without: POST /oauth/token", re.compile(r"([A-Z]+ )?/\S*").fullmatch)
FLAG = Argument("true or false", lambda value: isinstance(value, bool))
SECONDS = Argument("a number of seconds, 0 or more", lambda value: type(value) in (int, float) and 0 <= value <= LARGEST, float)
STRINGS_BY_NAME = Argument("an object of strings", lambda value: isinstance(value, dict) and all(isinstance(one, str) for one in value.values()))
USER = {"factors": texts(FACTORS), "username": NAME, "phone_number": NUMBER, "email": EMAIL, "phone": choice(("server", "own"))}
SETTINGS = {
    "profile": choice(get_args(Profile)), "policy": choice(get_args(Policy)), "default_directory": TEXT,
    "push_provider": choice(get_args(PushProvider)), "factors": texts(get_args(Factor)),
    "message_types": texts(get_args(MessageType)), "switches": STRINGS_BY_NAME,
}
BARCODE, WHICH = Argument("a string", lambda value: isinstance(value, str | bytes)), {"user": TEXT, "id": TEXT}
FAULT = {
    "kind": choice(KINDS), "route": ROUTE, "times": whole(1, 10_000), "status": whole(400, 599),
    "retry_after": whole(0), "seconds": SECONDS, "polls": whole(1, 1_000),
}
OPERATIONS: tuple[Operation, ...] = (
    # Users and applications, without a secret: only what is added shows its own, once.
    Operation("users",           "GET",    "users",        lambda box: {"users": [_user(box, each) for each in box.tenant.users.values()]}),
    Operation("add_user",        "POST",   "users",        add_user, USER, 201),
    Operation("delete_user",     "DELETE", "users/{user}", delete_user, {"user": TEXT}),
    Operation("limits",          "GET",    "limits",       limits, {"user": TEXT}),
    Operation("clients",         "GET",    "clients",      lambda box: {"clients": [_client(each) for each in box.tenant.clients.values()]}),
    Operation("add_client",      "POST",   "clients",      add_client, {"name": TEXT, "public": FLAG, "grants": texts(GRANTS)}, 201),
    Operation("reset",           "POST",   "reset",        reset, {"user": TEXT}),
    # What was sent; a push token is its phone's own secret, and names a phone that is in another process.
    Operation("code",            "GET",    "code",         code, {"address": TEXT, "purpose": choice(("mfa", "passwordless"))}),
    Operation("messages",        "GET",    "messages",     messages, {"address": TEXT}),
    Operation("newest_push",     "GET",    "push",         newest_push, {"form": choice(("apns", "fcm"))}),
    Operation("add_phone",       "POST",   "phones",       lambda box: dict(zip(("identifier", "push_token"), names_of_a_phone(box.phones_chance), strict=True)), {}, 201),
    Operation("pushes",          "GET",    "pushes",       lambda box, token, after="": {"pushes": [asdict(push) for push in box.delivery.pushes(token, after)]}, {"token": TEXT, "after": TEXT}),
    # The clock: `now` is what expires goes by, `stamp` what stands in tokens.
    Operation("clock",           "GET",    "clock",        clock),
    Operation("advance",         "POST",   "clock",        advance, {"advance": SECONDS}),
    Operation("restart_clock",   "DELETE", "clock",        restart_clock),
    Operation("settings",        "GET",    "settings",     settings),
    Operation("choices",         "GET",    "choices",      choices),
    Operation("change_settings", "PATCH",  "settings",     change_settings, SETTINGS),
    # Faults, and what was received, after an entry's number.
    Operation("faults",          "GET",    "faults",       faults),
    Operation("add_fault",       "POST",   "faults",       add_fault, FAULT, 201),
    Operation("clear_faults",    "DELETE", "faults",       lambda box: box.faults.clear()),
    Operation("received",        "GET",    "journal",      lambda box, after=0: {"entries": [each for each in box.received.entries() if each["number"] > after]}, {"after": whole(0)}),
)
PHONE_OPERATIONS: tuple[Operation, ...] = (
    Operation("state",               "GET",  "state",             ServerPhone.state),
    Operation("accounts_and_pushes", "GET",  "phone",             ServerPhone.accounts_and_pushes),
    Operation("scan",                "POST", "phone/scan",        ServerPhone.scan, {"barcode": BARCODE}, 201),
    Operation("allow",               "POST", "phone/allow",       ServerPhone.allow, WHICH),
    Operation("reject",              "POST", "phone/reject",      ServerPhone.reject, {"reason": TEXT, **WHICH}),
    Operation("allow_after",         "POST", "phone/allow_after", ServerPhone.allow_after, {"polls": whole(1, 1_000), **WHICH}),
    Operation("reject_after",        "POST", "phone/reject_after", ServerPhone.reject_after, {"polls": whole(1, 1_000), "reason": TEXT, **WHICH}),
    Operation("shown_code",          "GET",  "phone/code",        ServerPhone.shown_code, {"user": TEXT}),
)
# fmt: on
