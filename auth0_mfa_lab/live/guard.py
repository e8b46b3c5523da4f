"""Before a live call that costs or changes something: the lab says what, and asks."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

import httpx

from auth0_mfa_lab.errors import NeedsAPerson, NotConfirmed
from auth0_mfa_lab.settings import Confirm as HowOften
from auth0_mfa_lab.tenants.phone import typed
from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.journal import Journal

if TYPE_CHECKING:
    from auth0_mfa_lab.live.leftovers import Ledger

SAID: Mapping[str, str] = MappingProxyType(
    {
        "push": "sends a push (of a user's 5; 5 more come back in a minute)",
        "sms": "sends an SMS (of a user's 10, 1 more in an hour; it costs money, or one of a trial's 100 in all)",
        "voice": "makes a phone call (counted and paid for as an SMS is)",
        "email": "sends an email (of a user's 20, 1 more in a minute)",
        "message": "sends a push, an SMS, a phone call or an email, whichever the user has",
        "authenticator": "adds an authenticator that stays with the user until lab.cleanup() removes it",
        "removal": "removes an authenticator from a user",
        "setting": "changes a setting of the tenant or of a user",
        "new user": "makes a user, who stays until lab.cleanup() removes them",
        "user": "removes a user",
        "users": "removes many users at once, all those of a connection or of the tenant",
        "other": "is a call that the lab does not know: it may send or change something",
    }
)
"""What each kind of cost is; the numbers are those of the reference, section 11."""
CHANNELS = {"auth0": "push", "sms": "sms", "voice": "voice", "email": "email"}
"""What Auth0 calls each factor that sends a message."""

_TRIAL = "is a live tenant. Use one that is made for trying things out, never one in production."
_RESET = (
    "If the secret of the user's only factor is lost, the user can be reset: Dashboard > User Management > Users > the "
    "user > Multi-Factor > Reset; by the Management API: DELETE /api/v2/users/{id}/authenticators."
)
_NEVER = "set AUTH0_LAB_CONFIRM=never to be asked nothing"
_YES = frozenset({"y", "yes"})
_WORD = re.compile(r"[a-z]+(?:[-_][a-z]+)*|v2")
_COLLECTIONS = frozenset({"users", "clients", "authenticators", "authentication-methods", "credentials", "logs"})

Fields = Mapping[str, Any]


# -- what a request costs: told from its method, its path and its body, before it is sent


class Cost(NamedTuple):
    """What one call costs: its kinds; `call` is its method and its path, without any id."""

    call: str
    kinds: tuple[str, ...]


def _association(body: Fields) -> tuple[str, ...]:
    asked = body.get("oob_channels")
    named = [asked] if isinstance(asked, str) else asked if isinstance(asked, list) else []
    # A push is sent to nobody here: its QR is scanned.
    return ("authenticator", *(CHANNELS[each] for each in map(str, named) if each in CHANNELS and each != "auth0"))


def _challenge(body: Fields) -> tuple[str, ...]:
    """Tell what a challenge sends: the id of an authenticator says it, or a channel; else it is what the user has."""
    prefix, bar, _ = str(body.get("authenticator_id") or "").partition("|")
    if "oob" not in str(body.get("challenge_type") or "oob otp").split() or (bar and prefix == "totp"):
        return ()
    if bar and prefix in CHANNELS.values():
        return (prefix,)
    return (CHANNELS.get(str(body.get("oob_channel")), "message"),)


def _code(body: Fields) -> tuple[str, ...]:
    if body.get("connection") == "email":
        return ("email",)
    return ("voice" if body.get("delivery_method") == "voice" else "sms",)


def _unless(kind: str, **silent: bool) -> Callable[[Fields], tuple[str, ...]]:
    """Return what tells the kinds of a call that mails as well, unless one of these fields says otherwise."""
    return lambda body: (kind,) if any(body.get(name) is value for name, value in silent.items()) else (kind, "email")


# fmt: off
# A method, a path, and the kinds of such a call, by its body where that decides; the first row that fits counts.
# Source: the reference, sections 3, 5, 7 and 9. A call of none of our flows stands in no row of its own.
_ROWS: tuple[tuple[str, str, tuple[str, ...] | Callable[[Fields], tuple[str, ...]]], ...] = (
    ("GET|HEAD|OPTIONS", ".*", ()),
    ("POST", "/oauth/(token|revoke)", ()),
    ("POST", "/mfa/associate", _association),
    ("POST", "/mfa/challenge", _challenge),
    ("DELETE", "/mfa/authenticators/.*", ("removal",)),
    ("POST", "/passwordless/start", _code),
    ("POST|PUT|PATCH", "/appliance-mfa/.*", ()),  # the phone's side of an enrollment that was asked for
    ("DELETE", "/appliance-mfa/.*", ("removal",)),
    ("POST", "/api/v2/users", _unless("new user", verify_email=False, email_verified=True)),
    ("DELETE", "/api/v2/users|/api/v2/connections/[^/]+(/users)?", ("users",)),  # with a connection all its users go
    ("DELETE", "/api/v2/users/[^/]+", ("user",)),
    ("PATCH", "/api/v2/users/[^/]+", lambda body: ("setting", *["email"] * (body.get("verify_email") is True))),
    ("POST", "/api/v2/users/[^/]+/authentication-methods", ("authenticator",)),
    ("PUT", "/api/v2/users/[^/]+/authentication-methods", ("authenticator", "removal")),
    ("DELETE", "/api/v2/users/[^/]+/(authentication-methods|authenticators|multifactor)(/.*)?", ("removal",)),
    ("DELETE", "/api/v2/guardian/enrollments/[^/]+", ("removal",)),
    ("POST", "/api/v2/guardian/enrollments/ticket", _unless("setting", send_mail=False)),
    (".*", "/api/v2/.*", ("setting",)),
    (".*", ".*", ("other",)),
)
# fmt: on


def cost_of(request: httpx.Request) -> Cost | None:
    """Return what a request costs or changes; None for what only reads, asks for tokens, polls or checks a code."""
    method, path = request.method.upper(), re.sub("/+", "/", request.url.path).rstrip("/").lower()
    kinds = next(kinds for verb, where, kinds in _ROWS if re.fullmatch(verb, method) and re.fullmatch(where, path))
    found = kinds(fields_of(request)) if callable(kinds) else kinds
    return Cost(f"{method} {_shown(path)}", found) if found else None


def fields_of(request: httpx.Request) -> dict[str, Any]:
    """Return the fields of a body, JSON or a form; {} for what has none, of which nothing is known then."""
    text = request.read().decode("utf-8", "replace")
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        return dict(parse_qsl(text, keep_blank_values=True))
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _shown(path: str) -> str:
    """Return a path with `{id}` in the place of whatever may be somebody's."""
    parts = path.split("/")
    for place, part in enumerate(parts):
        if part and (not _WORD.fullmatch(part) or (place and parts[place - 1] in _COLLECTIONS)):
            parts[place] = "{id}"
    return "/".join(parts)


# -- who is asked


class Guard:
    """Asks the person of one lab before a call that costs something, and lets the ledger note what a call leaves.

    What was agreed to is remembered as long as the lab lives.
    """

    def __init__(
        self,
        how_often: HowOften,
        ledger: Ledger,
        *,
        domain: str,
        journal: Journal,
        ask: Callable[[str], str] | None = None,
        is_main: Callable[[], bool] = lambda: threading.current_thread() is threading.main_thread(),
    ) -> None:
        """Ask with `ask` (the notebook's prompt), and on the main thread alone, which `is_main` tells."""
        self.how_often = how_often
        self.ledger = ledger
        self._domain = domain
        self._journal = journal
        self._ask = ask or _ask_visibly
        self._is_main = is_main
        self._agreed: set[str] = set()
        self._has_asked = self._has_told_of_reset = False
        self._here = threading.local()

    def before(self, request: httpx.Request) -> None:
        """Ask for a request that costs or changes something; NotConfirmed unless the person says yes.

        LabError when what it leaves could not be noted.
        """
        if self.how_often != "never" and not self._is_agreed:
            cost = cost_of(request)
            if cost is not None and not self._knows(cost.kinds):
                enrolls = cost.call == "POST /mfa/associate"
                said = ", and ".join(SAID[each] for each in cost.kinds)
                self._must_agree(cost.kinds, f"{cost.call} {said}.", tells_of_reset=enrolls)
        self.ledger.before(request)

    def after(self, exchange: Exchange) -> None:
        """Note what an exchange left, or took away."""
        self.ledger.after(exchange)

    @contextmanager
    def agreed(self, kinds: Sequence[str] = (), sentence: str = "") -> Iterator[None]:
        """Ask for several calls at once, if there is a sentence that says what they do; then none of them is asked for.

        Without one the caller has asked already. Raises NotConfirmed.
        """
        if sentence and self.how_often != "never" and not self._is_agreed and not self._knows(kinds):
            self._must_agree(kinds, sentence)
        before, self._here.agreed = self._is_agreed, True
        try:
            yield
        finally:
            self._here.agreed = before

    def asks(self, question: str, *, instead: str) -> bool:
        """Ask a question, and return whether the person says yes.

        NotConfirmed where nobody can be asked: it names what to write `instead`.
        """
        try:
            return self._is_main() and self._ask(self._journal.aliases.mask(question)).strip().lower() in _YES
        except NeedsAPerson:
            pass
        raise NotConfirmed(f"Nothing was changed: nobody can be asked here. Write {instead}, or {_NEVER}.")

    @property
    def _is_agreed(self) -> bool:
        """Whether this thread is inside of something that was agreed to as a whole."""
        return bool(getattr(self._here, "agreed", False))

    def _knows(self, kinds: Iterable[str]) -> bool:
        return self.how_often == "once" and self._agreed.issuperset(kinds)

    def _must_agree(self, kinds: Iterable[str], sentence: str, *, tells_of_reset: bool = False) -> None:
        what = self._journal.aliases.mask(sentence)
        if not self._is_main():
            raise NotConfirmed(
                f"Nothing was sent: {what} Nobody is asked outside of the main thread. Make such a call in a cell "
                f"first, or {_NEVER}."
            )
        lines = [what] if self._has_asked else [f"{self._domain} {_TRIAL}", what]
        lines += [_RESET] if tells_of_reset and not self._has_told_of_reset else []
        once = " (asked once for each kind of call)" if self.how_often == "once" else ""
        try:
            answer = self._ask("\n".join([*lines, f"Send it?{once} [y/n] "]))
        except NeedsAPerson:
            answer = None
        if answer is None:
            raise NotConfirmed(
                f"Nothing was sent: {what} Nobody can be asked here. Run it where somebody can answer, or {_NEVER}."
            ) from None
        self._has_asked = True
        self._has_told_of_reset |= tells_of_reset
        if answer.strip().lower() not in _YES:
            raise NotConfirmed(f"Nothing was sent: {what} You did not say yes. Run the cell again to be asked again.")
        self._agreed.update(kinds)


def _ask_visibly(question: str) -> str:
    """Ask in a prompt that shows what is typed; NeedsAPerson where there is none. *Interrupt* is no answer."""
    try:
        answer = typed(input, question)
    except KeyboardInterrupt:
        return ""
    if answer is None:
        raise NeedsAPerson("Somebody has to answer, and nobody can be asked here.")
    return answer
