"""Before a live call that costs or changes something: the lab says what, and asks."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from auth0_mfa_lab.errors import NotConfirmed
from auth0_mfa_lab.live.leftovers import Ledger, fields_of
from auth0_mfa_lab.tenants.phone import typed

if TYPE_CHECKING:
    from auth0_mfa_lab.lab import Lab

SAID = {
    "push": "sends a push (of a user's 5; 5 more come back in a minute)",
    "sms": "sends an SMS (of a user's 10, 1 more in an hour; it costs money, or one of a trial's 100 in all)",
    "voice": "makes a phone call (counted and paid for as an SMS is)",
    "email": "sends an email (of a user's 20, 1 more in a minute)",
    "message": "sends a push, an SMS, a phone call or an email, as the user has enrolled",
    "authenticator": "adds an authenticator that stays with the user until lab.cleanup() removes it",
    "removal": "removes an authenticator from a user",
    "setting": "changes a setting of the tenant or of a user",
    "new user": "makes a user, until lab.cleanup() removes it",
    "user": "removes a user",
    "users": "removes many users at once, all those of a connection or of the tenant",
    "other": "is a call that the lab does not know: it may send or change something",
}
"""What each kind of cost is; the numbers are those of the reference, section 11."""
_TRIAL = "is a live tenant. Use one that is made for trying things out, never one in production."
_RESET = (
    "If the secret of the user's only factor is lost, the user can be reset: Dashboard > User Management > Users > the "
    "user > Multi-Factor > Reset; by the Management API: DELETE /api/v2/users/{id}/authenticators."
)

# fmt: off
# A call, the field of the body that decides (of an id the part before its bar), and the kinds of such a call; the first
# row that fits counts. Source: the reference, sections 3, 5, 7 and 9. A call of none of our flows has no own row.
_ROWS = (
    ("(GET|HEAD|OPTIONS) .*", "", ""),
    ("(POST|PUT|PATCH) /(oauth/(token|revoke)|appliance-mfa/.*)", "", ""),  # and the phone's side of an enrollment
    ("POST /mfa/associate", "oob_channels=(sms|voice|email)", r"authenticator, \1"),
    ("POST /mfa/associate", "", "authenticator"),  # it sends no push: its QR is scanned
    ("POST /mfa/challenge", "challenge_type=otp|authenticator_id=totp", ""),
    ("POST /mfa/challenge", "authenticator_id=push|oob_channel=auth0", "push"),
    ("POST /mfa/challenge", "(?:authenticator_id|oob_channel)=(sms|voice|email)", r"\1"),
    ("POST /mfa/challenge", "", "message"),  # the factor that the user has
    ("POST /passwordless/start", "(?:connection|delivery_method)=(email|voice)", r"\1"),
    ("POST /passwordless/start", "", "sms"),
    ("DELETE /(mfa/authenticators|appliance-mfa|api/v2/guardian/enrollments)/.*", "", "removal"),
    ("POST /api/v2/users", "verify_email=False|email_verified=True", "new user"),
    ("POST /api/v2/users", "", "new user, email"),
    ("DELETE /api/v2/(users|connections/[^/]+(/users)?)", "", "users"),  # a connection takes its users along
    ("DELETE /api/v2/users/[^/]+", "", "user"),
    ("PATCH /api/v2/users/[^/]+", "verify_email=True", "setting, email"),
    ("POST /api/v2/users/[^/]+/authentication-methods", "", "authenticator"),
    ("PUT /api/v2/users/[^/]+/authentication-methods", "", "authenticator, removal"),
    ("DELETE /api/v2/users/[^/]+/(authentication-methods|authenticators|multifactor)(/.*)?", "", "removal"),
    ("POST /api/v2/guardian/enrollments/ticket", "send_mail=False", "setting"),
    ("POST /api/v2/guardian/enrollments/ticket", "", "setting, email"),
    (".* /api/v2/.*", "", "setting"),
    (".* .*", "", "other"),
)
# fmt: on


def cost_of(request: httpx.Request) -> tuple[str, tuple[str, ...]]:
    """Return a call without any id, and the kinds of what it costs: none of a read, a login, a poll or a code."""
    path, said = re.sub("/+", "/", request.url.path).rstrip("/").lower() or "/", [""]
    call = f"{request.method.upper()} {path}"
    for name, value in fields_of(request).items():
        said += [f"{name}={each}".partition("|")[0] for each in (value if isinstance(value, list) else [value])]
    rows = [(field, kinds) for pattern, field, kinds in _ROWS if re.fullmatch(pattern, call, re.DOTALL)]
    kinds = next(fits.expand(kinds) for field, kinds in rows for each in said if (fits := re.fullmatch(field, each)))
    # With `{id}` in the place of every id.
    call = re.sub("/(users|clients|authenticators|authentication-methods|credentials|logs)/[^/]+", r"/\1/{id}", call)
    call = re.sub(r"/(?!v2\b)[^/]*[^a-z/_{}-][^/]*", "/{id}", call)
    return call, tuple(filter(None, kinds.split(", ")))


class Guard(Ledger):
    """The ledger of one lab, which asks the person before a call that costs something."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab.domain)
        self.how_often = lab.settings.confirm
        self._domain, self._mask = lab.domain, lab.aliases.mask
        self._agreed: set[str] = set()
        self._here = threading.local()  # whether this thread is inside of what was agreed to as a whole

    def before(self, request: httpx.Request) -> None:
        """Ask for a request that costs, or raise NotConfirmed; LabError when what it leaves could not be noted."""
        call, kinds = cost_of(request)
        if kinds:
            self._must_agree(kinds, f"{call} {', and '.join(SAID[each] for each in kinds)}.")
        super().before(request)

    @contextmanager
    def agreed(self, kinds: Collection[str] = (), sentence: str = "") -> Iterator[None]:
        """Ask once for several calls, or raise NotConfirmed; without a sentence the caller has asked already."""
        if sentence:
            self._must_agree(kinds, sentence)
        before, self._here.agreed = getattr(self._here, "agreed", False), True
        try:
            yield
        finally:
            self._here.agreed = before

    def asks(self, question: str, *, nothing: str, instead: str) -> bool:
        """Ask a question, and return whether the person says yes; *Interrupt* is a no.

        NotConfirmed where there is no prompt: it says that `nothing` was done, and what to do `instead`.
        """
        if threading.current_thread() is threading.main_thread():
            try:
                answer = typed(input, self._mask(question))
            except KeyboardInterrupt:
                return False
            if answer is not None:
                return answer.strip().lower() in ("y", "yes")
        raise NotConfirmed(
            f"{nothing} The lab cannot ask here: there is no prompt, or this is outside of the main thread. "
            f"{instead}, or set AUTH0_LAB_CONFIRM=never to be asked nothing."
        )

    def _must_agree(self, kinds: Collection[str], sentence: str) -> None:
        once, is_within = self.how_often == "once", getattr(self._here, "agreed", False)
        if self.how_often == "never" or is_within or (once and self._agreed.issuperset(kinds)):
            return
        what = self._mask(sentence)
        lines = [what] if self._agreed else [f"{self._domain} {_TRIAL}", what]
        if "authenticator" in {*kinds} - self._agreed:
            lines.append(_RESET)
        lines += [f"Send it?{' (asked once for each kind of call)' if once else ''} [y/n] "]
        nothing = f"Nothing was sent: {what}"
        if not self.asks("\n".join(lines), nothing=nothing, instead="Make such a call in a cell first"):
            raise NotConfirmed(f"{nothing} You did not say yes. Run the cell again to be asked again.")
        self._agreed.update(kinds)
