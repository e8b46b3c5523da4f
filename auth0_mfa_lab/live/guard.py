"""Before a live call that costs or changes something: the lab says what, and asks."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import httpx

from auth0_mfa_lab.errors import NotConfirmed
from auth0_mfa_lab.settings import Confirm as HowOften
from auth0_mfa_lab.tenants.phone import typed
from auth0_mfa_lab.wire.exchange import Json, Request, plain_data

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
_COLLECTIONS = "users|clients|authenticators|authentication-methods|credentials|logs"

# -- what a request costs: told from its method, its path and its body, before it is sent


class Cost(NamedTuple):
    """What one call costs: its kinds; `call` is its method and its path, without any id."""

    call: str
    kinds: tuple[str, ...]


# fmt: off
# A call, the field of the body that decides (of an id the part before its bar), and the kinds of such a call; the first
# row that fits counts. Source: the reference, sections 3, 5, 7 and 9. A call of none of our flows has no own row.
_ROWS = (
    ("(GET|HEAD|OPTIONS) .*", "", ""),
    ("POST /oauth/(token|revoke)", "", ""),
    ("POST /mfa/associate", "oob_channels=sms", "authenticator, sms"),
    ("POST /mfa/associate", "oob_channels=voice", "authenticator, voice"),
    ("POST /mfa/associate", "oob_channels=email", "authenticator, email"),
    ("POST /mfa/associate", "", "authenticator"),  # it sends no push: its QR is scanned
    ("POST /mfa/challenge", "challenge_type=otp", ""),
    ("POST /mfa/challenge", "authenticator_id=totp", ""),
    ("POST /mfa/challenge", "(authenticator_id=push|oob_channel=auth0)", "push"),
    ("POST /mfa/challenge", "(authenticator_id|oob_channel)=sms", "sms"),
    ("POST /mfa/challenge", "(authenticator_id|oob_channel)=voice", "voice"),
    ("POST /mfa/challenge", "(authenticator_id|oob_channel)=email", "email"),
    ("POST /mfa/challenge", "", "message"),  # whichever the user has
    ("DELETE /mfa/authenticators/.*", "", "removal"),
    ("POST /passwordless/start", "connection=email", "email"),
    ("POST /passwordless/start", "delivery_method=voice", "voice"),
    ("POST /passwordless/start", "", "sms"),
    ("(POST|PUT|PATCH) /appliance-mfa/.*", "", ""),  # the phone's side of an enrollment that was asked for
    ("DELETE /appliance-mfa/.*", "", "removal"),
    ("POST /api/v2/users", "verify_email=False", "new user"),
    ("POST /api/v2/users", "email_verified=True", "new user"),
    ("POST /api/v2/users", "", "new user, email"),
    ("DELETE /api/v2/(users|connections/[^/]+(/users)?)", "", "users"),  # a connection takes its users along
    ("DELETE /api/v2/users/[^/]+", "", "user"),
    ("PATCH /api/v2/users/[^/]+", "verify_email=True", "setting, email"),
    ("POST /api/v2/users/[^/]+/authentication-methods", "", "authenticator"),
    ("PUT /api/v2/users/[^/]+/authentication-methods", "", "authenticator, removal"),
    ("DELETE /api/v2/users/[^/]+/(authentication-methods|authenticators|multifactor)(/.*)?", "", "removal"),
    ("DELETE /api/v2/guardian/enrollments/[^/]+", "", "removal"),
    ("POST /api/v2/guardian/enrollments/ticket", "send_mail=False", "setting"),
    ("POST /api/v2/guardian/enrollments/ticket", "", "setting, email"),
    (".* /api/v2/.*", "", "setting"),
    (".* .*", "", "other"),
)
# fmt: on


def cost_of(request: httpx.Request) -> Cost | None:
    """Return what a request costs or changes; None for what only reads, asks for tokens, polls or checks a code."""
    path = re.sub("/+", "/", request.url.path).rstrip("/").lower()
    said, method = [""], request.method.upper()
    for name, value in fields_of(request).items():
        said += [f"{name}={each}".partition("|")[0] for each in (value if isinstance(value, list) else [value])]
    kinds = next(
        kinds
        for call, field, kinds in _ROWS
        if re.fullmatch(call, f"{method} {path}", re.DOTALL) and any(re.fullmatch(field, each) for each in said)
    )
    # With `{id}` in the place of whatever may be somebody's.
    shown = re.sub(rf"/({_COLLECTIONS})/[^/]+", r"/\1/{id}", path)
    shown = re.sub(r"/(?!v2\b)[^/]*[^a-z/_{}-][^/]*", "/{id}", shown)
    return Cost(f"{method} {shown}", tuple(kinds.split(", "))) if kinds else None


def fields_of(request: httpx.Request) -> Mapping[str, Json]:
    """Return the fields of a body, JSON or a form; {} for what has none, of which nothing is known then."""
    data = plain_data(Request.of(request))
    return data if isinstance(data, dict) else {}


# -- who is asked


class _Here(threading.local):
    """Whether this thread is inside of something that was agreed to as a whole."""

    agreed = False


class Guard:
    """Asks the person of one lab before a call that costs something, and lets the ledger note what a call leaves.

    What was agreed to is remembered as long as the lab lives.
    """

    def __init__(self, how_often: HowOften, ledger: Ledger, *, domain: str, mask: Callable[[str], str]) -> None:
        """Ask in the notebook's prompt for calls to this domain; `mask` hides the persons in a question."""
        self.how_often = how_often
        self.ledger = ledger
        self.after = ledger.after
        self._domain = domain
        self._mask = mask
        self._agreed: set[str] = set()
        self._here = _Here()

    def before(self, request: httpx.Request) -> None:
        """Ask for a request that costs or changes something; NotConfirmed unless the person says yes.

        LabError when what it leaves could not be noted.
        """
        if cost := cost_of(request):
            said = ", and ".join(SAID[each] for each in cost.kinds)
            self._must_agree(cost.kinds, f"{cost.call} {said}.")
        self.ledger.before(request)

    @contextmanager
    def agreed(self, kinds: Collection[str] = (), sentence: str = "") -> Iterator[None]:
        """Ask for several calls at once, if there is a sentence that says what they do; then none of them is asked for.

        Without one the caller has asked already. Raises NotConfirmed.
        """
        if sentence:
            self._must_agree(kinds, sentence)
        before, self._here.agreed = self._here.agreed, True
        try:
            yield
        finally:
            self._here.agreed = before

    def asks(self, question: str, *, instead: str) -> bool:
        """Ask a question, and return whether the person says yes.

        NotConfirmed where there is no prompt: it names what to write `instead`.
        """
        is_yes = _answer(self._mask(question))
        if is_yes is None:
            raise NotConfirmed(f"Nothing was changed: there is no prompt to ask in. Write {instead}, or {_NEVER}.")
        return is_yes

    def _must_agree(self, kinds: Collection[str], sentence: str) -> None:
        once = self.how_often == "once"
        if self.how_often == "never" or self._here.agreed or (once and self._agreed.issuperset(kinds)):
            return
        what = self._mask(sentence)
        lines = [what] if self._agreed else [f"{self._domain} {_TRIAL}", what]
        lines += [_RESET] if "authenticator" in kinds and "authenticator" not in self._agreed else []
        once_each = " (asked once for each kind of call)" if once else ""
        is_yes = _answer("\n".join([*lines, f"Send it?{once_each} [y/n] "]))
        if is_yes is None:
            raise NotConfirmed(
                f"Nothing was sent: {what} Nobody can be asked here: there is no prompt, or this is outside of the "
                f"main thread. Make such a call in a cell first, or {_NEVER}."
            )
        if not is_yes:
            raise NotConfirmed(f"Nothing was sent: {what} You did not say yes. Run the cell again to be asked again.")
        self._agreed.update(kinds)


def _answer(question: str) -> bool | None:
    """Ask in a prompt that shows what is typed; None where there is none. *Interrupt* is a no."""
    if threading.current_thread() is not threading.main_thread():
        return None
    try:
        answer = typed(input, question)
    except KeyboardInterrupt:
        return False
    return None if answer is None else answer.strip().lower() in ("y", "yes")
