"""What somebody does on the own phone now, step by step: read off the last exchanges of a journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from auth0_mfa_lab.polling import OOB_CODE_SECONDS
from auth0_mfa_lab.show.cards import bar, card, line, spoken, status_line
from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.journal import Journal

_GRANTS = "http://auth0.com/oauth/grant-type/mfa-"
_OVER = frozenset({"invalid_grant", "access_denied", "expired_token"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """What to do on one's own phone: where it stands, the steps, and until when (epoch seconds) they can be done."""

    mark: str
    headline: str
    steps: tuple[str, ...] = ()
    ends_at: float | None = None

    def masked(self, mask: Callable[[str], str]) -> Guide:
        """Return it as the one door lets it out; its texts are the lab's own, and no field of a message is in them."""
        return replace(self, headline=mask(self.headline), steps=tuple(map(mask, self.steps)))

    def html(self) -> str:
        """Return where it stands and the steps, as HTML without widgets."""
        items = "".join(f'<li style="line-height:1.5">{line(each)}</li>' for each in self.steps)
        steps = f'<ol style="margin:4px 0;padding-left:24px">{items}</ol>' if self.steps else ""
        return card("Your own phone", status_line(self.mark, self.headline), steps, mark="▯")

    def time_html(self, now: float) -> str:
        """Return the time left at `now` (epoch seconds): apart, or the steps would be read aloud each second."""
        if self.ends_at is None:
            return ""
        left = self.ends_at - now
        said = spoken(left) if left > 0 else "its time is over: ask for a new one"
        return bar("Time left", left / OOB_CODE_SECONDS, said, tone="info" if left > 60 else "wait")


_NOTHING = Guide(
    mark="○",
    headline="Nothing to do on your phone yet",
    steps=(
        "Run the cells below: when one of them needs your phone, this list says what to do on it.",
        "Have it at hand, unlocked, with the Guardian app or an authenticator app.",
    ),
)
_PUSH_QR = (
    "Open the Guardian app and add an account: the + in its upper corner.",
    "Press Show in the QR's panel below, and scan what it draws.",
    "Wait until the app lists the account: that confirms the enrollment, and the poll is granted.",
)
_OTP_QR = (
    "Open an authenticator app (Guardian will do) and add an account by QR.",
    "Press Show in the QR's panel below, and scan what it draws.",
    "Type the 6 digits that it shows where the next cell asks for them: they confirm the enrollment.",
)
_PUSH = (
    "Unlock your phone and open the push of the Guardian app.",
    "Compare what it says of the login with what you do here.",
    "Press Allow to go on, or Deny to see a rejected push.",
)
_OTP = (
    "Open your authenticator app at this tenant's account.",
    "Type the 6 digits that it shows where the cell asks for them; a new code comes every 30 seconds.",
)
_CODE = (
    "{read}",
    "Type the code where the cell asks for it: the prompt hides what you type.",
)
_READ = {
    "sms": "Read the SMS that was sent to you.",
    "voice": "Answer the call, and remember the code that it says.",
    "email": "Open the email that was sent to you.",
    "": "Read what was sent to you: an SMS, a call or an email.",
}


def what_now(journal: Journal) -> Guide:
    """Return what to do on one's own phone, as the newest exchange of the application's that bears on it says."""
    for exchange in reversed(journal):
        guide = _guide(exchange) if exchange.speaker == "app" else None
        if guide is not None:
            return guide.masked(journal.aliases.mask)
    return _NOTHING


def _guide(exchange: Exchange) -> Guide | None:
    """Return what one exchange leaves to do; None when an earlier one decides."""
    path = str(exchange.request.target).partition("?")[0]
    data = exchange.request.raw_data()
    asked = data if isinstance(data, Mapping) else {}
    if path == "/oauth/token":
        return _after_token(exchange, asked)
    if exchange.status != 200:
        return None
    if path == "/mfa/associate":
        return _enrolling(exchange)
    if path == "/mfa/challenge":
        return _challenged(exchange, asked)
    if path == "/passwordless/start":
        return _sent(str(asked.get("connection", "")))
    return None


def _after_token(exchange: Exchange, asked: Mapping[str, Any]) -> Guide | None:
    grant = str(asked.get("grant_type", ""))
    if grant in ("client_credentials", "refresh_token"):
        return None
    if exchange.status == 200:
        return Guide(mark="✓", headline="The login is done: nothing is left to do on your phone")
    if exchange.error == "mfa_required":
        return Guide(mark="○", headline="A second factor is asked for", steps=_NOTHING.steps)
    is_push = grant.startswith(f"{_GRANTS}oob") and "binding_code" not in asked
    if is_push and exchange.error in _OVER:
        step = "Nothing on your phone helps any more: run the cell with mfa_challenge again for a new push."
        return Guide(mark="✗", headline="The push was rejected, or its time is over", steps=(step,))
    return None


def _enrolling(exchange: Exchange) -> Guide:
    if "barcode_uri" not in exchange:
        return _sent(str(exchange["oob_channel"]) if "oob_channel" in exchange else "", _end(exchange))
    if "oob_code" in exchange:
        ends_at = _end(exchange)
        return Guide(mark="▢", headline="A QR waits to be scanned", steps=_PUSH_QR, ends_at=ends_at)
    return Guide(mark="▢", headline="A QR waits to be scanned", steps=_OTP_QR)


def _challenged(exchange: Exchange, asked: Mapping[str, Any]) -> Guide:
    if "oob_code" not in exchange:
        return Guide(mark="#", headline="A code of your authenticator app is asked for", steps=_OTP)
    if "binding_method" in exchange:
        return _sent(str(asked.get("authenticator_id", "")).partition("|")[0], _end(exchange))
    return Guide(mark="◎", headline="A push was sent", steps=_PUSH, ends_at=_end(exchange))


def _sent(channel: str, ends_at: float | None = None) -> Guide:
    steps = tuple(each.format(read=_READ.get(channel, _READ[""])) for each in _CODE)
    return Guide(mark="✉", headline="A code was sent to you", steps=steps, ends_at=ends_at)


def _end(exchange: Exchange) -> float:
    return exchange.at + OOB_CODE_SECONDS
