"""What is done to a tenant apart from Auth0's own paths: operations with JSON in and out.

A lab in process runs them by `Operations.run`, the control plane offers each below `/_lab/` (its row says where), and a
lab on a served sandbox calls them there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from auth0_mfa_lab.sandbox.asgi import CALLER
from auth0_mfa_lab.sandbox.defaults import USER_GRANTS
from auth0_mfa_lab.sandbox.delivery import Message
from auth0_mfa_lab.sandbox.faults import KINDS, Fault
from auth0_mfa_lab.sandbox.forgetting import remove_user, reset_user, users_called
from auth0_mfa_lab.sandbox.guardian.payloads import in_form
from auth0_mfa_lab.sandbox.mfa.authenticators import E164
from auth0_mfa_lab.sandbox.preparing import FACTORS
from auth0_mfa_lab.sandbox.records import Client, User
from auth0_mfa_lab.sandbox.settings import (
    CONNECTIONS,
    Factor,
    MessageType,
    Policy,
    Profile,
    PushProvider,
    Settings,
    checked_switches,
)

if TYPE_CHECKING:
    from auth0_mfa_lab.sandbox import Sandbox

Json = Any
Arguments = Mapping[str, Json]
NEWEST = 50
"""How many messages to anybody, and how many codes of a phone, are shown: the newest."""
LARGEST = 10 * 365 * 86_400
"""The largest number of seconds, or of calls, that makes sense: ten years."""
LONGEST_NAME = 128


class Refused(Exception):
    """An operation that cannot be done: what is wrong in a sentence, its code, the field, and the status for HTTP."""

    def __init__(self, message: str, *, error: str = "bad_input", status: int = 400, **fields: Json) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Json] = {"error": error, "message": message, **fields}


def not_found(message: str, error: str = "not_found") -> Refused:
    """Return the refusal of something that there is not."""
    return Refused(message, error=error, status=404)


# -- what an argument may be


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: what it must be, in words, and how it is read; `read` raises ValueError for anything else."""

    wanted: str
    read: Callable[[Json], Json]
    is_needed: bool = False

    @property
    def needed(self) -> Argument:
        """The same argument, that may not be absent, null or empty."""
        return replace(self, is_needed=True)

    def of(self, name: str, value: Json) -> Json:
        """Return the value as the operation takes it. Raises Refused, which names the argument."""
        try:
            if self.is_needed and value in (None, ""):
                raise ValueError
            return None if value is None else self.read(value)
        except ValueError:
            raise Refused(f"{name} must be {self.wanted}.", field=name) from None


def text(wanted: str = "a string", fits: Callable[[str], object] = lambda _: True) -> Argument:
    """Return a string that fits."""
    return Argument(wanted, lambda value: must(value, isinstance(value, str) and fits(value)))


def choice(names: tuple[str, ...]) -> Argument:
    """Return one of these names."""
    return text(f"one of {', '.join(names)}", lambda value: value in names)


def texts(names: tuple[str, ...] = ()) -> Argument:
    """Return an array of strings, each one of these names where there are any."""
    each = choice(names) if names else text()

    def read(value: Json) -> tuple[str, ...]:
        return tuple(map(each.read, must(value, isinstance(value, list | tuple))))

    return Argument(f"an array of {', '.join(names) or 'strings'}", read)


def whole(least: int, most: int = LARGEST) -> Argument:
    """Return a whole number, as a number or as a query has it."""

    def read(value: Json) -> int:
        number = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value) else value
        is_whole = isinstance(number, int) and not isinstance(number, bool)
        return int(must(number, is_whole and least <= number <= most))

    return Argument(f"a whole number from {least} to {most}", read)


def number_of_seconds(value: Json) -> float:
    """Read a number of seconds, never a negative one."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(must(value, is_number and 0 <= value <= LARGEST))


def must(value: Json, holds: object) -> Json:
    """Return the value, if it is as it must be."""
    if not holds:
        raise ValueError
    return value


TEXT = text()
NAME = text(f"1 to {LONGEST_NAME} characters long", lambda value: 0 < len(value) <= LONGEST_NAME)
NUMBER = text("in E.164 form, such as +15550100", lambda value: E164.fullmatch(value) and len(value) <= LONGEST_NAME)
EMAIL = text("an email address", lambda value: "@" in value and len(value) <= LONGEST_NAME)
ROUTE = text("a path, with a method before it or without: POST /oauth/token", re.compile(r"([A-Z]+ )?/\S*").fullmatch)
FLAG = Argument("true or false", lambda value: must(value, isinstance(value, bool)))
SECONDS = Argument("a number of seconds, 0 or more", number_of_seconds)
STRINGS_BY_NAME = Argument(
    "an object of strings",
    lambda value: must(value, isinstance(value, dict) and all(isinstance(one, str) for one in value.values())),
)
GRANTS = (*sorted(USER_GRANTS), "client_credentials")


# -- users and applications


def users(box: Sandbox) -> Json:
    """Return every user, without a secret."""
    return {"users": [_user(box, user) for user in box.tenant.users.values()]}


def add_user(
    box: Sandbox,
    factors: tuple[str, ...] = (),
    username: str | None = None,
    phone_number: str | None = None,
    email: str | None = None,
    phone: str = "server",
) -> Json:
    """Add a user with these factors, confirmed; the server's phone scans what there is to scan.

    With the phone `own` the caller's phone does it: `barcodes` has what, and push is confirmed by that.
    """
    factors = tuple(dict.fromkeys(factors))
    try:
        user, barcodes = box.begin_user(factors, username=username, phone_number=phone_number, email=email)
    except ValueError as problem:
        raise Refused(str(problem), error="conflict", status=409) from None
    secrets = {"password": user.password, "recovery_code": user.recovery_code}
    if phone == "server":
        box.enroll(barcodes, *box.server_phones)
    own = {"barcodes": barcodes} if phone == "own" else {}
    return {**_user(box, user), **secrets, "factors": list(factors), **own}


def delete_user(box: Sandbox, user: str) -> None:
    """Delete a user, named by id, with everything of theirs."""
    found = box.tenant.users.get(user)
    if found is None:
        raise not_found("There is no user with this id.")
    remove_user(box.tenant, found, *box.server_phones)


def limits(box: Sandbox, user: str, ip: str = CALLER) -> Json:
    """Return what is left of each limit of a user, and of the IP address that asks."""
    # A passwordless user may have the same address, and has no password.
    found = sorted(users_called(box.tenant, user), key=lambda each: not each.password)
    if not found:
        raise not_found(f"There is no user {user}.")
    rows = box.limits(found[0].user_id, ip=ip)
    return {"user_id": found[0].user_id, "limits": [asdict(row) for row in rows]}


def clients(box: Sandbox) -> Json:
    """Return every application, without a secret."""
    return {"clients": [_client(one) for one in box.tenant.clients.values()]}


def add_client(
    box: Sandbox, name: str | None = None, public: bool = False, grants: tuple[str, ...] | None = None
) -> Json:
    """Add an application; it has the grants of the default ones unless some are named."""
    default = box.tenant.clients[box.defaults.client_id]
    chance = box.control_chance
    client = Client(
        client_id=chance.alnum(32),
        client_secret=None if public else chance.base64url(64),
        name=name or ("Public application" if public else "Application"),
        grants=frozenset(grants or (USER_GRANTS if public else GRANTS)),
        apis={} if public else default.apis,
    )
    box.tenant.add_client(client)
    return {**_client(client), **({} if public else {"client_secret": client.client_secret})}


def reset(box: Sandbox, user: str | None = None, ip: str = CALLER) -> None:
    """Make a user as good as new, or the whole tenant; an unknown user is no error."""
    if user is None:
        box.reset()
        return
    tenant = box.tenant
    for found in users_called(tenant, user):
        reset_user(tenant, found, *box.server_phones)
    # An address that never logged in may have been sent a code.
    for connection in CONNECTIONS:
        tenant.passwordless.forget(connection, user)
    tenant.delivery.forget(user)
    tenant.limits.forget(ip)


def _user(box: Sandbox, user: User) -> dict[str, Json]:
    kinds = dict.fromkeys(one.kind for one in box.tenant.authenticators.active_of(user.user_id))
    names = ("user_id", "username", "phone_number", "email", "connection")
    return {**{name: getattr(user, name) for name in names}, "factors": list(kinds)}


def _client(client: Client) -> dict[str, Json]:
    return {
        "client_id": client.client_id,
        "name": client.name,
        "public": client.client_secret is None,
        "grants": sorted(client.grants),
    }


# -- what was sent


def code(box: Sandbox, address: str, purpose: str | None = None) -> Json:
    """Return the newest code that was sent to an address."""
    for message in reversed(box.delivery.messages(address)):
        if message.code and purpose in (None, message.purpose):
            return {name: getattr(message, name) for name in ("code", "channel", "purpose", "sent_at")}
    raise not_found(f"No code was sent to {address}{f' for {purpose}' if purpose else ''}.")


def messages(box: Sandbox, address: str | None = None) -> Json:
    """Return what was sent to an address, or to anybody, newest first."""
    found = box.delivery.newest(NEWEST) if address is None else reversed(box.delivery.messages(address))
    return {"messages": [_message(each) for each in found]}


def newest_push(box: Sandbox, form: str = "apns") -> Json:
    """Return the newest payload that was sent to any phone, as APNS or FCM delivers it."""
    push = box.delivery.newest_push()
    if push is None:
        raise not_found("No push was sent. One is sent by /mfa/challenge, to a user who has enrolled a phone.")
    return in_form(push.payload, form)


def add_phone(box: Sandbox) -> Json:
    """Name a phone that is in another process."""
    identifier, push_token = box.name_a_phone()
    return {"identifier": identifier, "push_token": push_token}


def pushes(box: Sandbox, token: str) -> Json:
    """Return what was delivered to a push token, oldest first: the token is the phone's own secret."""
    return {
        "pushes": [
            {"id": push.id, "service": push.service, "payload": dict(push.payload)}
            for push in box.delivery.pushes(token)
        ]
    }


def _message(message: Message) -> dict[str, Json]:
    return asdict(message)


# -- clock, settings, faults, and what was received


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
    return _settings(box.tenant.settings)


def change_settings(box: Sandbox, switches: Mapping[str, str] | None = None, **changes: Json) -> Json:
    """Change what is named; a switch that is not named stays as it is."""
    before = box.tenant.settings
    if "factors" in changes:
        changes["factors"] = frozenset(changes["factors"])
    if changes.get("default_directory") == "":
        changes["default_directory"] = None
    try:
        changes["switches"] = checked_switches({**before.switches, **(switches or {})})
    except ValueError as problem:
        raise Refused(str(problem), field="switches") from None
    box.tenant.settings = replace(before, **changes)
    return _settings(box.tenant.settings)


def _settings(shown: Settings) -> Json:
    names = ("profile", "policy", "default_directory", "push_provider")
    return {
        **{name: getattr(shown, name) for name in names},
        "factors": sorted(shown.factors),
        "message_types": list(shown.message_types),
        "switches": dict(shown.switches),
    }


def faults(box: Sandbox) -> Json:
    """Return the faults that wait for their calls."""
    return {"faults": [fault.shown() for fault in box.faults.waiting]}


def add_fault(box: Sandbox, kind: str, **options: Json) -> Json:
    """Let something go wrong with the next calls."""
    if kind == "html":
        options.setdefault("status", 502)
    return box.faults.add(Fault(kind=kind, **options)).shown()


def clear_faults(box: Sandbox) -> None:
    """Let nothing go wrong any more."""
    box.faults.waiting.clear()


def received(box: Sandbox, after: int = 0) -> Json:
    """Return what the tenant received, oldest first, after the entry of this number; no value of any field."""
    return {"entries": [entry.shown() for entry in box.received.after(after)]}


# -- the table


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its function, where it is below `/_lab/`, and its arguments.

    An argument `ip` of the function is the caller's address. `status` is that of a success over HTTP.
    """

    run: Callable[..., Json]
    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    status: int = 200

    @property
    def name(self) -> str:
        """The name of the operation: its function's."""
        return self.run.__name__

    def read(self, given: Arguments) -> dict[str, Json]:
        """Return the arguments as the function takes them. Raises Refused for one that is unknown, missing or wrong."""
        if strange := [name for name in given if name not in self.arguments]:
            known, kind = ", ".join(self.arguments) or "none", "parameter" if self.method == "GET" else "field"
            raise Refused(f"There is no {kind} {strange[0]!r} here; there is: {known}.", field=strange[0])
        read = {name: argument.of(name, given.get(name)) for name, argument in self.arguments.items()}
        return {name: value for name, value in read.items() if value is not None}


USER = {
    "factors": texts(FACTORS),
    "username": NAME,
    "phone_number": NUMBER,
    "email": EMAIL,
    "phone": choice(("server", "own")),
}
SETTINGS = {
    "profile": choice(get_args(Profile)),
    "policy": choice(get_args(Policy)),
    "push_provider": choice(get_args(PushProvider)),
    "factors": texts(get_args(Factor)),
    "message_types": texts(get_args(MessageType)),
    "default_directory": TEXT,
    "switches": STRINGS_BY_NAME,
}
FAULT = {
    "kind": choice(tuple(KINDS)).needed,
    "route": ROUTE,
    "times": whole(1, 10_000),
    "status": whole(500, 599),
    "retry_after": whole(0),
    "seconds": SECONDS,
    "polls": whole(1, 1_000),
}
# fmt: off
OPERATIONS: tuple[Operation, ...] = (
    Operation(users,           "GET",    "users"),
    Operation(add_user,        "POST",   "users",        USER, 201),
    Operation(delete_user,     "DELETE", "users/{user}", {"user": TEXT}, 204),
    Operation(limits,          "GET",    "limits",       {"user": TEXT.needed}),
    Operation(clients,         "GET",    "clients"),
    Operation(add_client,      "POST",   "clients",      {"name": TEXT, "public": FLAG, "grants": texts(GRANTS)}, 201),
    Operation(reset,           "POST",   "reset",        {"user": TEXT}, 204),
    Operation(code,            "GET",    "code",         {"address": TEXT.needed, "purpose": choice(("mfa", "passwordless"))}),
    Operation(messages,        "GET",    "messages",     {"address": TEXT}),
    Operation(newest_push,     "GET",    "push",         {"form": choice(("apns", "fcm"))}),
    Operation(add_phone,       "POST",   "phones",       {}, 201),
    Operation(pushes,          "GET",    "pushes",       {"token": TEXT.needed}),
    Operation(clock,           "GET",    "clock"),
    Operation(advance,         "POST",   "clock",        {"advance": SECONDS.needed}),
    Operation(restart_clock,   "DELETE", "clock"),
    Operation(settings,        "GET",    "settings"),
    Operation(change_settings, "PATCH",  "settings",     SETTINGS),
    Operation(faults,          "GET",    "faults"),
    Operation(add_fault,       "POST",   "faults",       FAULT, 201),
    Operation(clear_faults,    "DELETE", "faults",       {}, 204),
    Operation(received,        "GET",    "journal",      {"after": whole(0)}),
)
# fmt: on
