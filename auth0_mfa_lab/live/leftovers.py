"""What labs left on a live tenant: a small file that outlives the kernel, and the clean-up that removes it.

The file names persons (a user's id, or the login's name), since the clean-up must find them; it holds no password, no
secret and no token. Only its owner can read it, and git ignores its folder. An id that a tenant gave to a lab is
certain. Where none is known the tenant is listed anew at the clean-up, and the person is asked about what is found.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from functools import partial
from html import escape
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpx
from filelock import FileLock

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.live.administrator import administrator_of, listed, must_be, out_of_its_frames
from auth0_mfa_lab.live.doctor.findings import one_line
from auth0_mfa_lab.live.files import must_be_regular, write_whole
from auth0_mfa_lab.live.guard import CHANNELS, Guard, fields_of
from auth0_mfa_lab.live.test_user import DOMAIN
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.settings import project_folder
from auth0_mfa_lab.show.table import Column, html_table, text_table
from auth0_mfa_lab.tenants.users import authenticators_in
from auth0_mfa_lab.wire.exchange import Exchange, NoAnswer

if TYPE_CHECKING:
    from auth0_mfa_lab.lab import Lab
    from auth0_mfa_lab.management import Management

USER = "user"
"""The kind of an entry that is a user; every other is the factor of an authenticator."""

_LOCK_SECONDS = 30.0
_GONE = (204, 404)
_USERS = "/api/v2/users"
_METHODS = re.compile(rf"{_USERS}/([^/]+)/authentication-methods")
_ALL = re.compile(rf"{_USERS}/([^/]+)/(?:authenticators|authentication-methods)")
_OF_TYPE = {"totp": "otp", "phone": "sms", "email": "email"}
_BELONGS = {"push": {"push", "totp"}, "otp": {"totp"}, "email": {"email"}}
_PHONE = {"sms", "voice", "phone"}
_COLUMNS = (Column(title="what", width=52), Column(title="of", width=24), Column(title="what becomes of it", width=38))
_NOTHING = "Nothing to clean up: the lab has left nothing on this tenant, as far as it knows."
_PHONES = {
    "push": "On the phone: remove the account in the Guardian app; no API can.",
    "otp": "On the phone: remove the account in the authenticator app; no API can.",
}
_NO_API = (
    "Without AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET the lab can remove nothing here: the MFA API wants a "
    "second factor for it (notebook 09)."
)
_OF_USER = "remove it yourself: Dashboard > User Management > Users > the user"
_BY_DASHBOARD, _USER_BY_DASHBOARD = f"{_OF_USER} > Multi-Factor > Reset", f"{_OF_USER} > Actions > Delete"
_INSTEAD = "lab.cleanup(yes=True), or auth0-mfa-lab cleanup --yes"


# -- the file


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """One thing that was left: a user whom the lab made, or what one association or creation brought.

    `kind` is `user`, or a factor as `lab.user` names it. `user` is the user's id, "" while it is not known, and `name`
    the login's. `authenticators` are ids, () while they are not known. `begun` and `confirmed` are epoch seconds
    (None: it is not confirmed). `recovery` says that a recovery code came along; `mark` tells it from others.
    """

    tenant: str
    kind: str
    user: str = ""
    name: str = ""
    authenticators: tuple[str, ...] = ()
    begun: float = 0.0
    confirmed: float | None = None
    recovery: bool = False
    mark: str = field(default_factory=lambda: secrets.token_hex(6))

    def is_of(self, *users: str) -> bool:
        """Tell whether it is of the user with one of these ids or names."""
        return any(user in (self.user, self.name) for user in users if user)

    def may_be(self, authenticator: str) -> bool:
        """Tell whether the authenticator with this id may be what it brought, by the prefix where no id is known."""
        if self.authenticators:
            return any(_device(authenticator) == _device(each) for each in self.authenticators)
        prefix = authenticator.partition("|")[0]
        return prefix in _BELONGS.get(self.kind, _PHONE) or (prefix == "recovery-code" and self.recovery)

    def __str__(self) -> str:
        ids = f": {', '.join(self.authenticators)}" if self.authenticators else ""
        return f"{self.kind}{'' if self.confirmed else ', unconfirmed'}{ids}"


Entries = list[Left]


class LeftFile:
    """The file, which several kernels may write: `.auth0-lab/left.json` in the project's folder."""

    def __init__(self, start: Path) -> None:
        """Keep it in the project's folder that `start` is in, or in `start` where it is in none."""
        self.folder = project_folder(start) / ".auth0-lab"
        self.path = self.folder / "left.json"

    def entries(self) -> Entries:
        """Return what is in it; LabError when it is no such file any more."""
        try:
            must_be_regular(self.path)
            text = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as problem:
            raise LabError(_problem(self.path, "cannot be read", problem)) from None
        try:
            return [_entry(each) for each in json.loads(text)["left"]]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            pass
        raise LabError(f"{self.path} is not what the lab wrote there. Mend it, or put it away: it says what to remove.")

    def change(self, change: Callable[[Entries], Iterable[Left]]) -> None:
        """Put what `change` makes of the entries in their place; LabError when that cannot be written."""
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self.folder.chmod(0o700)
            (ignored := self.folder / ".gitignore").exists() or ignored.write_text("*\n", "utf-8")
            must_be_regular(lock := self.folder / "lock")
            with FileLock(lock, timeout=_LOCK_SECONDS, mode=0o600):
                left = [asdict(each) for each in change(self.entries())]
                # In ASCII: half of a surrogate pair, which a tenant may say, could not be written otherwise.
                write_whole(self.path, f"{json.dumps({'left': left}, indent=2)}\n")
        except OSError as problem:
            raise LabError(_problem(self.path, "cannot be written", problem)) from None

    def must_be_writable(self) -> None:
        """Raise LabError unless the next entry can be kept: before something is left."""
        try:
            self.change(lambda entries: entries)
        except LabError as problem:
            raise LabError(f"Nothing was sent, for what it leaves could not be noted. {problem}") from None


def _entry(value: Mapping[str, Any]) -> Left:
    """Return an entry as the file has it; TypeError or ValueError for a field that is none of the lab's."""
    known = {each.name: value[each.name] for each in fields(Left) if each.name in value}
    entry = Left(**{**known, "authenticators": tuple(value.get("authenticators", []))})
    texts = (entry.tenant, entry.kind, entry.user, entry.name, entry.mark, *entry.authenticators)
    if isinstance(value.get("authenticators"), str) or not all(isinstance(each, str) for each in texts):
        raise TypeError
    if not isfinite(entry.begun) or not isfinite(0.0 if entry.confirmed is None else entry.confirmed):
        raise ValueError
    return entry


def _problem(path: Path, what: str, problem: OSError) -> str:
    return f"{path} {what} ({problem.strerror or type(problem).__name__}): it keeps what the lab leaves on the tenant."


def _device(authenticator: str) -> str:
    return authenticator.rpartition("|")[2]


# -- what passes, read for what it leaves


class Ledger:
    """Keeps the file of what is left in step with what passes in one lab."""

    def __init__(self, file: LeftFile, *, tenant: str, now: Callable[[], float]) -> None:
        """Note for the tenant with this domain; `now` gives epoch seconds."""
        self.file = file
        self._tenant = tenant
        self._now = now
        self._names: dict[str, str] = {}
        self._awaited: dict[str, Left] = {}
        self._begun: dict[str, Left] = {}

    def before(self, request: httpx.Request) -> None:
        """Make sure that what a request leaves can be noted; a user is noted at once: the answer may be lost."""
        path, method = request.url.path.rstrip("/"), request.method.upper()
        makes_method = method in ("POST", "PUT") and _METHODS.fullmatch(path)
        if not (makes_method or (method == "POST" and path in (_USERS, "/mfa/associate"))):
            return
        self.file.must_be_writable()
        if path == _USERS and (name := fields_of(request).get("email")):
            self._awaited[str(name)] = Left(tenant=self._tenant, kind=USER, name=str(name), begun=self._now())
            self._put(self._awaited[str(name)])

    def after(self, exchange: Exchange) -> None:
        """Note what an exchange has left, or taken away."""
        method = str(exchange.request.method).upper()
        path = unquote(str(exchange.request.target).partition("?")[0]).rstrip("/")
        if path == "/mfa/associate":
            self._associated(exchange)
        elif path == "/oauth/token":
            self._granted(exchange)
        elif path == _USERS and method == "POST":
            self._user_made(exchange)
        elif method == "DELETE" and exchange.status in _GONE:
            self._removed(path)
        elif method in ("POST", "PUT") and (found := _METHODS.fullmatch(path)):
            made = exchange.json if isinstance(exchange.json, list) else [exchange.json]
            for each in made if exchange.status in (200, 201) else ():
                if isinstance(each, dict):
                    kind, ids, at = str(each.get("type")), (str(each.get("id")),), exchange.at
                    kind = _OF_TYPE.get(kind, kind)
                    self._put(self._left(kind, user=found[1], authenticators=ids, begun=at, confirmed=at))

    def _left(self, kind: str, **known: Any) -> Left:
        return Left(tenant=self._tenant, kind=kind, **known)

    def _associated(self, exchange: Exchange) -> None:
        body = exchange.json
        if exchange.status != 200 or not isinstance(body, dict):
            return
        token = str(exchange.request.header("authorization") or "").partition(" ")[2]
        entry = self._left(
            CHANNELS.get(str(body.get("oob_channel")), "otp"),
            user=str((claims_of(token) or {}).get("sub") or ""),
            name=self._names.get(token, ""),
            begun=exchange.at,
            recovery="recovery_codes" in body,
        )
        self._begun[str(body["oob_code"]) if "oob_code" in body else f"otp {token}"] = entry
        self._put(entry)

    def _granted(self, exchange: Exchange) -> None:
        """Remember who got a token, by the login or by the token that this one follows; and note a confirmation."""
        sent = exchange.request.raw_data()
        if not isinstance(sent, dict):
            return
        tokens = [str(exchange.json[name]) for name in ("mfa_token", "access_token", "id_token") if name in exchange]
        if name := sent.get("username") or self._names.get(str(sent.get("mfa_token"))):
            self._names |= dict.fromkeys(tokens, str(name))
        what = str(sent.get("oob_code") or f"otp {sent.get('mfa_token')}")
        if exchange.status == 200 and (entry := self._begun.pop(what, None)):
            claims = [claims_of(each) or {} for each in reversed(tokens)]
            user = next((str(each["sub"]) for each in claims if "sub" in each), entry.user)
            self._put(replace(entry, user=user, confirmed=exchange.at))

    def _user_made(self, exchange: Exchange) -> None:
        sent, body = exchange.request.raw_data(), exchange.json
        name = str(sent.get("email") or "") if isinstance(sent, dict) else ""
        entry = self._awaited.pop(name, self._left(USER, name=name))
        if exchange.status == 201 and isinstance(body, dict):
            self._put(replace(entry, user=str(body.get("user_id") or ""), begun=exchange.at))
        elif exchange.status in range(400, 500) and exchange.status != 408:
            # Any other answer may be that of whoever stands before the tenant, which has made the user.
            self._change(lambda each: None if each.mark == entry.mark else each)

    def _removed(self, path: str) -> None:
        """Forget what is gone: a user with all that was theirs, or one authenticator, or all of a user's."""
        last = path.rpartition("/")[2]
        if re.fullmatch(rf"{_USERS}/[^/]+", path):
            self._change(lambda each: None if each.is_of(last) else each)
        elif every := _ALL.fullmatch(path):
            self._change(lambda each: None if each.kind != USER and each.is_of(every[1]) else each)
        else:
            self._change(lambda each: _without(each, last))

    def _put(self, entry: Left) -> None:
        self.file.change(lambda entries: [*(each for each in entries if each.mark != entry.mark), entry])

    def _change(self, change: Callable[[Left], Left | None]) -> None:
        """Change each entry of this tenant, or take it out; those of others stay."""
        if self.file.path.exists():  # or nothing was left, and so there is nothing to forget
            self.file.change(
                lambda entries: [
                    left
                    for each in entries
                    if (left := change(each) if each.tenant == self._tenant else each) is not None
                ]
            )


def _without(entry: Left, authenticator: str) -> Left | None:
    """Return an entry without one authenticator; None when that was its last."""
    left = tuple(each for each in entry.authenticators if _device(each) != _device(authenticator))
    return replace(entry, authenticators=left) if left or not entry.authenticators else None


# -- what is there still, and how each of it goes: found out by reading alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was left: what it is and whose, the entries that it settles, and the call that removes it.

    Without a `remove` it is gone already where `reason` is "", or else it stays, for this reason. Where there is a
    `doubt` the person is asked whether it is the lab's.
    """

    what: str
    of: str
    entries: tuple[Left, ...]
    remove: Callable[[], Exchange] | None = None
    reason: str = ""
    doubt: str = ""

    def planned(self) -> tuple[str, bool]:
        """Return what becomes of it, and whether it stays until then."""
        if self.remove and self.doubt:
            return f"stays unless you say that it is the lab's: {self.doubt}", True
        return ("will be removed", True) if self.remove else (self.reason or "gone already", bool(self.reason))

    def removed(self) -> tuple[str, bool]:
        """Remove it, and return what came of it, and whether it stays."""
        try:
            answer = self.remove() if self.remove else None
        except NoAnswer:
            answer = None
        if answer is None or answer.status not in _GONE:
            return f"not removed: {answer.outcome if answer else 'no answer'}", True
        return ("removed" if answer.status == 204 else "gone already"), False


def _planned(entries: Entries, api: Management, realm: str) -> Iterator[Step]:
    """Yield a step for each thing that was left; `realm` is the connection of users of whom only the name is known."""
    settled: Entries = []
    for made in (each for each in entries if each.kind == USER):
        with_them = tuple(each for each in entries if each is made or each.is_of(made.user, made.name))
        settled += with_them
        yield _user_step(made, with_them, api, realm)
    of_users: dict[str, Entries] = {}
    ids: dict[str, str] = {}
    for entry in (each for each in entries if each not in settled):
        if not entry.user and "@" not in entry.name:
            # No API finds a user by anything but an id or an address.
            yield Step(what=str(entry), of=entry.name, entries=(entry,), reason=_BY_DASHBOARD)
            continue
        if not entry.user and entry.name not in ids:
            ids[entry.name] = _id_of(entry.name, api, realm)
        of_users.setdefault(entry.user or ids[entry.name], []).append(entry)
    for user_id, theirs in of_users.items():
        yield from _authenticator_steps(user_id, theirs, api)


def _user_step(entry: Left, entries: tuple[Left, ...], api: Management, realm: str) -> Step:
    """Return the step for a user whom a lab made: certain by the id that the tenant gave, or by a drawn name."""
    user, reason, doubt = entry.user or _id_of(entry.name, api, realm), "", ""
    answer = api.user(user) if user else None
    if answer is None or answer.status == 404:
        user = ""
    else:
        found = must_be(answer, 200, doing="Reading the user", scope="read:users").json
        if not isinstance(found, dict) or (entry.name and str(found.get("email")).lower() != entry.name.lower()):
            reason = f"not the user whom the lab made; if it is the lab's, {_USER_BY_DASHBOARD}"
        elif not entry.user and not entry.name.endswith(DOMAIN):
            doubt = f"made {found.get('created_at')}; the lab asked for it {_written(entry.begun)}, and got no answer"
    remove = partial(api.delete_user, user) if user and not reason else None
    what, of = "the user, with all that is theirs", entry.name or entry.user
    return Step(what=what, of=of, entries=entries, remove=remove, reason=reason, doubt=doubt)


def _authenticator_steps(user_id: str, entries: Entries, api: Management) -> Iterator[Step]:
    """Yield the steps for the authenticators of one user ("": gone), one by one."""
    user = entries[0].user or entries[0].name
    answer = api.authentication_methods(user_id) if user_id else None
    if answer is None or answer.status == 404:
        yield from (Step(what=str(each), of=user, entries=(each,)) for each in entries)
        return
    doing = "Reading the user's authenticators"
    methods = listed(answer, "id", "type", doing=doing, scope="read:authentication_methods")
    taken: set[str] = set()
    certain: set[str] = set()
    # What has an id comes first: it is no other's.
    for entry in sorted((each for each in entries if each.confirmed), key=lambda each: not each.authenticators):
        found = [each for each in methods if each["id"] not in taken and entry.may_be(each["id"])]
        taken |= {each["id"] for each in found}
        certain |= {each["id"] for each in found if entry.authenticators}
        for each in found:
            enrolled = f"enrolled {each.get('created_at')}; the lab enrolled {entry.kind} {_written(entry.begun)}"
            yield Step(
                what=f"{each['type']}: {each['id']}",
                of=user,
                entries=(entry,),
                remove=partial(api.delete_authentication_method, user_id, each["id"]),
                doubt="" if entry.authenticators else enrolled,
            )
        if not found:
            yield Step(what=str(entry), of=user, entries=(entry,))
    if pending := tuple(each for each in entries if not each.confirmed):
        # No API shows them by themselves; a reset takes them along, and must take nothing else.
        is_all = all(each["id"] in certain or each["type"] == "recovery-code" for each in methods)
        yield Step(
            what=f"unconfirmed: {', '.join(each.kind for each in pending)}",
            of=user,
            entries=pending,
            remove=partial(api.delete_authenticators, user_id) if is_all else None,
            reason="stays unconfirmed beside what is not the lab's",
        )


def _by_hand(entries: Entries, lab: Lab) -> Iterator[Step]:
    """Yield a step for each thing that was left, where there is no Management API: what a person must do.

    What the configured user has, a login tells; it sends nothing to anybody.
    """
    settings, there = lab.settings, None
    if settings.username is not None and settings.password is not None:
        login = lab.client.password_grant(username=settings.username, password=settings.password, realm=settings.realm)
        has_token = "mfa_token" in login
        there = authenticators_in(lab.client.mfa_authenticators(login["mfa_token"])) if has_token else None
    for entry in entries:
        reason = _USER_BY_DASHBOARD if entry.kind == USER else _BY_DASHBOARD
        if there is not None and entry.kind != USER and entry.is_of(settings.username or ""):
            states = [each.get("active") for each in there if entry.may_be(str(each.get("id")))]
            reason = reason if (entry.confirmed is not None) in states else ""
        yield Step(what=str(entry), of=entry.name or entry.user, entries=(entry,), reason=reason)


def _id_of(name: str, api: Management, realm: str) -> str:
    """Return the id of the user with this email in a connection; "" when there is none."""
    for each in listed(api.users_by_email(name), "user_id", doing="Finding the user", scope="read:users"):
        identities = [one for one in each.get("identities") or () if isinstance(one, dict)]
        if any(one.get("connection") == realm for one in identities):
            return str(each["user_id"])
    return ""


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


# -- the clean-up


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """One thing: what it is, whose, and what will be or was done about it; it `stays` unless that is its removal."""

    what: str
    of: str
    fate: str
    stays: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Leftovers:
    """What was left on a tenant, row by row, masked; `notes` are sentences under the table."""

    tenant: str
    rows: tuple[Leftover, ...]
    notes: tuple[str, ...] = ()

    @property
    def stays(self) -> bool:
        """Whether something of it is there still."""
        return any(each.stays for each in self.rows)

    def __repr__(self) -> str:
        return "\n".join([self._title, *(text_table(_COLUMNS, self._cells) if self.rows else ()), *self.notes])

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        table = html_table(_COLUMNS, self._cells) if self.rows else ""
        notes = "".join(f"<p>{escape(each)}</p>" for each in self.notes)
        return {"text/plain": repr(self), "text/html": f"<p>{escape(self._title)}</p>{table}{notes}"}

    @property
    def _title(self) -> str:
        return f"Left on {self.tenant}:" if self.rows else _NOTHING

    @property
    def _cells(self) -> Sequence[Sequence[str]]:
        return [(each.what, each.of, each.fate) for each in self.rows]


def stand_guard(lab: Lab) -> Guard:
    """Put a guard at the door of a live lab, and return it."""
    ledger = Ledger(LeftFile(Path.cwd()), tenant=lab.domain, now=lab.clock.now)
    lab._connection.guard = guard = Guard(lab.settings.confirm, ledger, domain=lab.domain, journal=lab.journal)
    return guard


def cleaned(lab: Lab, *, yes: bool = False, dry_run: bool = False) -> Leftovers:
    """Show what labs left on a tenant, ask, and remove it; with `yes` nobody is asked, with `dry_run` nothing removed.

    In a sandbox and in a replay there is nothing. Raises NotConfirmed where nobody can be asked, LabError when the
    tenant does not let itself be read.
    """
    guard = lab._guard
    if guard is None:
        return Leftovers(tenant=lab.domain, rows=())
    return out_of_its_frames(lambda: _cleaned(lab, guard, yes=yes or guard.how_often == "never", dry_run=dry_run))


def _cleaned(lab: Lab, guard: Guard, *, yes: bool, dry_run: bool) -> Leftovers:
    every, administrator = guard.ledger.file.entries(), administrator_of(lab)
    entries = [each for each in every if each.tenant == lab.domain]
    others = len(every) - len(entries)
    notes = [f"{others} more on another tenant: open that one, and clean up there."] if others else []
    if not entries:
        return Leftovers(tenant=lab.domain, rows=(), notes=tuple(notes))
    for entry in entries if lab.aliases.people else ():
        # A person of an earlier kernel: nothing that passed here has named them yet.
        for kind, value in (("username", entry.name), ("user_id", entry.user)):
            if value:
                lab.aliases.learn(kind, value)
    steps = list(_planned(entries, administrator(), lab.settings.realm) if administrator else _by_hand(entries, lab))
    made = [each for each in entries if each.kind == USER]
    own = {each.kind for each in entries if not any(each.is_of(one.user, one.name) for one in made)}
    notes += [said for kind, said in _PHONES.items() if kind in own]
    notes += [] if administrator else [_NO_API]

    def shown(fates: Iterable[tuple[str, bool]]) -> Leftovers:
        rows = []
        for step, (fate, stays) in zip(steps, fates, strict=True):
            what, of, said = (one_line(lab.aliases.mask(each)) for each in (step.what, step.of, fate))
            rows.append(Leftover(what=what, of=of, fate=said, stays=stays))
        return Leftovers(tenant=lab.domain, rows=tuple(rows), notes=tuple(notes))

    planned = shown(each.planned() for each in steps)
    certain = [each for each in steps if each.remove and not each.doubt]
    if dry_run or (certain and not yes and not guard.asks(f"{planned}\nRemove it? [y/n] ", instead=_INSTEAD)):
        return planned
    doubtful: dict[tuple[Left, ...], list[Step]] = {}
    for each in steps:
        if each.doubt and not yes:
            doubtful.setdefault(each.entries, []).append(each)  # what one entry may have brought
    agreed = [*certain, *(step for steps_ in doubtful.values() if _are_the_labs(guard, steps_) for step in steps_)]
    with guard.agreed():
        done = shown([each.removed() if each in agreed else each.planned() for each in steps])
    # Take out of the file what is gone, whole.
    kept = {entry for step, row in zip(steps, done.rows, strict=True) if row.stays for entry in step.entries}
    gone = {entry.mark for step in steps for entry in step.entries if entry not in kept}
    try:
        guard.ledger.file.change(lambda entries: [each for each in entries if each.mark not in gone])
    except LabError as problem:
        raise LabError(f"What is gone was removed, but not forgotten. {problem}") from None
    return done


def _are_the_labs(guard: Guard, steps: Sequence[Step]) -> bool:
    what, of, doubt = ", ".join(each.what for each in steps), steps[0].of, steps[0].doubt
    return guard.asks(f"{what} of {of} may not be the lab's: {doubt}.\nRemove it? [y/n] ", instead=_INSTEAD)
