"""What lies on a virtual phone at one instant, read and not yet shown: its codes are raw, so it shows none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from auth0_mfa_lab.wire.beside import Json

MOST = 6
"""So many accounts and codes, and so many messages, are looked at: the newest."""
PUSH_SECONDS = 300
MESSAGE_SECONDS = 120.0
"""So long the code of a message is drawn; how long it is good, the message does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAccount:
    """One account: whose it is (`label`), at which tenant, and whether pushes reach it and codes come of it."""

    label: str
    issuer: str
    pushes: bool
    codes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPush:
    """One push that waits; `started` and `ends_at` are in epoch seconds of the lab's time."""

    id: str
    started: float
    ends_at: float
    host: str
    source: str
    location: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCode:
    """The code (TOTP) that an account shows now, good until `ends_at`; `period` is in seconds."""

    id: str
    label: str
    code: str = field(repr=False)
    ends_at: float
    period: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMessage:
    """One SMS, call or email that the tenant sent; `sent_at` is in epoch seconds."""

    id: str
    channel: str
    purpose: str
    address: str
    text: str = field(repr=False)
    code: str | None = field(repr=False)
    link: str | None = field(repr=False)
    sent_at: float

    @property
    def kind(self) -> str:
        """The wire's own name of the code in it."""
        return "code" if self.purpose == "passwordless" else "binding_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """All that lies on the phone at `now` (epoch seconds); `older` counts the accounts that are not looked at.

    `lacks` says of a recording why nothing is seen; `remark` is of a phone that no push and no message can reach.
    """

    name: str
    now: float
    accounts: tuple[SeenAccount, ...] = ()
    pushes: tuple[SeenPush, ...] = ()
    codes: tuple[SeenCode, ...] = ()
    messages: tuple[SeenMessage, ...] = ()
    older: int = 0
    lacks: str = ""
    remark: str = ""

    def secrets(self) -> Iterable[tuple[str, str]]:
        """Yield every secret in it with the kind of its alias, as it lies there."""
        yield from (("otp", each.code) for each in self.codes)
        for message in self.messages:
            yield from ((kind, raw) for kind, raw in ((message.kind, message.code), ("link", message.link)) if raw)

    def code_of(self, name: str) -> tuple[str, float] | None:
        """Return the raw code of an account or a message by its id, and for how many seconds it may be drawn.

        None when it is not there any more, or holds no code.
        """
        for code in self.codes:
            if code.id == name:
                return code.code, code.ends_at - self.now
        found = (each.code for each in self.messages if each.id == name and each.code)
        return next(((raw, MESSAGE_SECONDS) for raw in found), None)

    def noted(self) -> dict[str, Json]:
        """Return it as JSON has it, raw: what is written of it has stand-ins."""
        return asdict(self)

    @classmethod
    def of_note(cls, data: Json) -> Sight:
        """Read what `noted` returned."""
        parts = (
            ("accounts", SeenAccount),
            ("pushes", SeenPush),
            ("codes", SeenCode),
            ("messages", SeenMessage),
        )
        return cls(**{**data, **{name: tuple(kind(**each) for each in data[name]) for name, kind in parts}})


class Sent(Protocol):
    """What is read of a message."""

    @property
    def channel(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def code(self) -> str | None: ...
    @property
    def link(self) -> str | None: ...
    @property
    def sent_at(self) -> float: ...


class Held(Protocol):
    """What is read of the sandbox's phone; whatever it holds is the sandbox's own."""

    @property
    def name(self) -> str: ...
    @property
    def enrollments(self) -> Sequence[Any]: ...
    @property
    def accounts(self) -> Sequence[Any]: ...
    def waiting(self, now: float) -> Sequence[Any]: ...


class Screen(Protocol):
    """A phone's screen: that of a sandbox's phone, or what a recording has seen of one."""

    @property
    def bars(self) -> str:
        """Why nothing on it can be pressed; "" where it can."""

    def look(self) -> Sight:
        """Return what is on it, because somebody asked: its codes are learned, and a recording has it."""

    def glance(self) -> Sight:
        """Return what is on it, and leave no trace of that."""


Look = Callable[[], Sight]


def sight_of(phone: Held, messages: Sequence[Sent], now: float) -> Sight:
    """Read a phone and the messages, newest first, as they are at `now`; it asks and moves nothing."""
    enrolled = {each.user_id: each for each in phone.enrollments}
    shown = list(phone.accounts[-MOST:])
    coded = {each.user_id for each in phone.accounts}
    kept = list(phone.enrollments)[-MOST:]
    apart = [each for each in shown if each.user_id not in enrolled]
    accounts = [
        *(_account(each.label, each.issuer, pushes=True, codes=each.user_id in coded) for each in kept),
        *(_account(each.label, "", pushes=False, codes=True) for each in apart),
    ]
    alone = sum(each.user_id not in enrolled for each in phone.accounts)
    labels = {each.id: _label(each.label, each.issuer) for each in phone.enrollments}
    return Sight(
        name=phone.name,
        now=now,
        accounts=tuple(accounts),
        pushes=tuple(_push(each, labels.get(each.enrollment_id, "")) for each in phone.waiting(now)),
        codes=tuple(_code(each, enrolled.get(each.user_id), now) for each in shown),
        messages=tuple(_messages(messages))[:MOST],
        older=len(phone.enrollments) + alone - len(accounts),
    )


def _account(label: str, issuer: str, *, pushes: bool, codes: bool) -> SeenAccount:
    issuer = issuer or label.rpartition(":")[0]
    return SeenAccount(label=_label(label, issuer), issuer=issuer, pushes=pushes, codes=codes)


def _label(label: str, issuer: str) -> str:
    """Return whose an account is: a QR's label begins with the issuer."""
    return label.removeprefix(f"{issuer}:") or issuer


def _push(push: Any, label: str) -> SeenPush:
    return SeenPush(
        id=push.id,
        started=push.started,
        ends_at=push.started + PUSH_SECONDS,
        host=push.host,
        source=push.source,
        location=push.location,
        label=label,
    )


def _code(account: Any, enrollment: Any, now: float) -> SeenCode:
    totp, label = account.totp, enrollment.label if enrollment else account.label
    return SeenCode(
        id=f"code {account.number}",
        label=_label(label, label.rpartition(":")[0]),
        code=totp.at(int(now)),
        ends_at=float((int(now) // totp.interval + 1) * totp.interval),
        period=totp.interval,
    )


def _messages(sent: Sequence[Sent]) -> Iterable[SeenMessage]:
    """Yield messages, newest first; each has an id that it keeps when further ones arrive."""
    seen: dict[str, int] = {}
    ids: list[str] = []
    for each in reversed(sent):
        what = f"message {each.channel} {each.purpose} {each.address} {each.sent_at}"
        seen[what] = seen.get(what, 0) + 1
        ids.append(f"{what} {seen[what]}")
    for each, name in zip(sent, reversed(ids), strict=True):
        yield SeenMessage(
            id=name,
            channel=each.channel,
            purpose=each.purpose,
            address=each.address,
            text=each.text,
            code=each.code,
            link=each.link,
            sent_at=each.sent_at,
        )
