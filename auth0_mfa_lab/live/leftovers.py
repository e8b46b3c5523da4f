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
from contextlib import contextmanager
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

from auth0_mfa_lab.errors import LabError, NoAnswer
from auth0_mfa_lab.live.administrator import administrator_of, listed, must_be, out_of_its_frames
from auth0_mfa_lab.live.doctor.findings import one_line
from auth0_mfa_lab.live.files import must_be_regular, write_whole
from auth0_mfa_lab.live.guard import CHANNELS, Guard
from auth0_mfa_lab.live.test_user import DOMAIN
from auth0_mfa_lab.people import authenticators_in
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.settings import project_folder
from auth0_mfa_lab.show.table import Column, html_table, text_table
from auth0_mfa_lab.wire.exchange import Exchange, Json

if TYPE_CHECKING:
    from auth0_mfa_lab.bench import Bench
    from auth0_mfa_lab.management import Management

FOLDER, FILE = ".auth0-lab", "left.json"
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
_OF_USER = "Dashboard > User Management > Users > the user"
_BY_DASHBOARD = f"remove it yourself: {_OF_USER} > Multi-Factor > Reset"
_USER_BY_DASHBOARD = f"remove it yourself: {_OF_USER} > Actions > Delete"
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

    def is_of(self, user: str) -> bool:
        """Tell whether it is of the user with this id or this name."""
        return bool(user) and user in (self.user, self.name)

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
    """The file, which several kernels may write."""

    def __init__(self, start: Path) -> None:
        """Keep it in the project's folder that `start` is in, or in `start` where it is in none."""
        self.folder = project_folder(start) / FOLDER
        self.path = self.folder / FILE

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
            with self._locked():
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
            said = f"Nothing was sent, for what it leaves could not be noted. {problem}"
        else:
            return
        raise LabError(said)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.folder.chmod(0o700)
        (ignored := self.folder / ".gitignore").exists() or ignored.write_text("*\n", "utf-8")
        must_be_regular(lock := self.folder / "lock")
        with FileLock(lock, timeout=_LOCK_SECONDS, mode=0o600):
            yield


def _entry(value: Mapping[str, Any]) -> Left:
    """Return an entry as the file has it; TypeError or ValueError for a field that is none of the lab's."""
    known = {each.name: value[each.name] for each in fields(Left) if each.name in value}
    entry = Left(**{**known, "authenticators": tuple(value.get("authenticators", []))})
    texts = (entry.tenant, entry.kind, entry.user, entry.name, entry.mark, *entry.authenticators)
    times = [entry.begun, *([] if entry.confirmed is None else [entry.confirmed])]
    if isinstance(value.get("authenticators"), str) or not all(isinstance(each, str) for each in texts):
        raise TypeError
    if not all(map(isfinite, times)):
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
        makes_user = method == "POST" and path == _USERS
        makes_method = method in ("POST", "PUT") and _METHODS.fullmatch(path)
        if not (makes_user or makes_method or (method == "POST" and path == "/mfa/associate")):
            return
        self.file.must_be_writable()
        if makes_user and (name := _name_in(request)):
            self._awaited[name] = Left(tenant=self._tenant, kind=USER, name=name, begun=self._now())
            self._put(self._awaited[name])

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
            self._methods_made(exchange, found[1])

    def _associated(self, exchange: Exchange) -> None:
        body = exchange.json
        if exchange.status != 200 or not isinstance(body, dict):
            return
        token = str(exchange.request.header("authorization") or "").partition(" ")[2]
        entry = Left(
            tenant=self._tenant,
            kind=CHANNELS.get(str(body.get("oob_channel")), "otp"),
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
        entry = self._awaited.pop(name, Left(tenant=self._tenant, kind=USER, name=name))
        if exchange.status == 201 and isinstance(body, dict):
            self._put(replace(entry, user=str(body.get("user_id") or ""), begun=exchange.at))
        elif exchange.status in range(400, 500) and exchange.status != 408:
            # Any other answer may be that of whoever stands before the tenant, which has made the user.
            self._change(lambda entries: [each for each in entries if each.mark != entry.mark])

    def _methods_made(self, exchange: Exchange, user: str) -> None:
        made = exchange.json if isinstance(exchange.json, list) else [exchange.json]
        for each in made if exchange.status in (200, 201) else ():
            if isinstance(each, dict):
                kind, ids, at = str(each.get("type")), (str(each.get("id")),), exchange.at
                kind = _OF_TYPE.get(kind, kind)
                self._put(Left(tenant=self._tenant, kind=kind, user=user, authenticators=ids, begun=at, confirmed=at))

    def _removed(self, path: str) -> None:
        """Forget what is gone: a user with all that was theirs, or one authenticator, or all of a user's."""
        last = path.rpartition("/")[2]
        if re.fullmatch(rf"{_USERS}/[^/]+", path):
            self._change(lambda entries: [each for each in entries if not each.is_of(last)])
        elif every := _ALL.fullmatch(path):
            self._change(lambda entries: [each for each in entries if each.kind == USER or not each.is_of(every[1])])
        else:
            self._change(lambda entries: [left for each in entries if (left := _without(each, last))])

    def _put(self, entry: Left) -> None:
        self._change(lambda entries: [*(each for each in entries if each.mark != entry.mark), entry])

    def _change(self, change: Callable[[Entries], Entries]) -> None:
        """Change the entries of this tenant; those of others stay."""
        if not self.file.path.exists():
            return  # nothing was left, and so there is nothing to forget
        self.file.change(
            lambda entries: [
                *(each for each in entries if each.tenant != self._tenant),
                *change([each for each in entries if each.tenant == self._tenant]),
            ]
        )


def _without(entry: Left, authenticator: str) -> Left | None:
    """Return an entry without one authenticator; None when that was its last."""
    left = tuple(each for each in entry.authenticators if _device(each) != _device(authenticator))
    return replace(entry, authenticators=left) if left or not entry.authenticators else None


def _name_in(request: httpx.Request) -> str:
    try:
        body: Json = json.loads(request.read())
    except ValueError:
        return ""
    return str(body.get("email") or "") if isinstance(body, dict) else ""


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


def _planned(entries: Entries, api: Management, realm: str) -> Iterator[Step]:
    """Yield a step for each thing that was left; `realm` is the connection of users of whom only the name is known."""
    settled: set[str] = set()
    for made in (each for each in entries if each.kind == USER):
        with_them = tuple(each for each in entries if each is made or each.is_of(made.user) or each.is_of(made.name))
        settled |= {each.mark for each in with_them}
        yield _user_step(made, with_them, api, realm)
    of_users: dict[str, Entries] = {}
    for entry in (each for each in entries if each.mark not in settled):
        if not entry.user and "@" not in entry.name:
            # No API finds a user by anything but an id or an address.
            yield Step(what=str(entry), of=entry.name, entries=(entry,), reason=_BY_DASHBOARD)
        else:
            of_users.setdefault(entry.user or entry.name, []).append(entry)
    by_id: dict[str, Entries] = {}
    for user, theirs in of_users.items():
        by_id.setdefault(user if theirs[0].user else _id_of(user, api, realm), []).extend(theirs)
    for user_id, theirs in by_id.items():
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
    certain: set[str] = set()
    # What has an id comes first: it is no other's.
    confirmed = sorted((each for each in entries if each.confirmed), key=lambda each: not each.authenticators)
    taken: set[str] = set()
    for entry in confirmed:
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


def _by_hand(entries: Entries, username: str | None, there: Sequence[Json] | None) -> Iterator[Step]:
    """Yield a step for each thing that was left, where there is no Management API: what a person must do.

    `there` are the authenticators of the user with this name, as the MFA API lists them, None where it does not.
    """
    for entry in entries:
        reason = _USER_BY_DASHBOARD if entry.kind == USER else _BY_DASHBOARD
        if there is not None and entry.kind != USER and username and entry.is_of(username):
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


def stand_guard(lab: Bench) -> Guard:
    """Put a guard at the door of a live lab, and return it."""
    ledger = Ledger(LeftFile(Path.cwd()), tenant=lab.domain, now=lab.clock.now)
    lab._connection.guard = guard = Guard(lab.settings.confirm, ledger, domain=lab.domain, journal=lab.journal)
    return guard


def cleaned(lab: Bench, *, yes: bool = False, dry_run: bool = False) -> Leftovers:
    """Show what labs left on a tenant, ask, and remove it; with `yes` nobody is asked, with `dry_run` nothing removed.

    In a sandbox and in a replay there is nothing. Raises NotConfirmed where nobody can be asked, LabError when the
    tenant does not let itself be read.
    """
    guard = lab._guard
    if guard is None:
        return Leftovers(tenant=lab.domain, rows=())
    return out_of_its_frames(lambda: _cleaned(lab, guard, yes=yes or guard.how_often == "never", dry_run=dry_run))


def _cleaned(lab: Bench, guard: Guard, *, yes: bool, dry_run: bool) -> Leftovers:
    every = guard.ledger.file.entries()
    entries = [each for each in every if each.tenant == lab.domain]
    others = len(every) - len(entries)
    notes = [f"{others} more on another tenant: open that one, and clean up there."] if others else []
    if not entries:
        return Leftovers(tenant=lab.domain, rows=(), notes=tuple(notes))
    steps = _steps(lab, entries)
    made = [each for each in entries if each.kind == USER]
    own = {each.kind for each in entries if not any(each.is_of(one.user) or each.is_of(one.name) for one in made)}
    notes += [said for kind, said in _PHONES.items() if kind in own]
    notes += [] if administrator_of(lab) else [_NO_API]

    def shown(fates: Iterable[tuple[str, bool]]) -> Leftovers:
        rows = (_row(lab, step, *fate) for step, fate in zip(steps, fates, strict=True))
        return Leftovers(tenant=lab.domain, rows=tuple(rows), notes=tuple(notes))

    planned = shown(map(_planned_fate, steps))
    removes = any(each.remove and not each.doubt for each in steps)
    if dry_run or (removes and not yes and not guard.asks(f"{planned}\nRemove it? [y/n] ", instead=_INSTEAD)):
        return planned
    agreed = [each for each in steps if each.remove and not each.doubt]
    doubtful = [each for each in steps if each.doubt]
    for entries_ in dict.fromkeys(each.entries for each in doubtful if not yes):
        together = [each for each in doubtful if each.entries == entries_]
        agreed += together if _are_the_labs(guard, together) else []
    with guard.agreed():
        done = shown([_removed(each) if each in agreed else _planned_fate(each) for each in steps])
    _forget(guard.ledger.file, zip(steps, done.rows, strict=True))
    return done


def _steps(lab: Bench, entries: Entries) -> list[Step]:
    for entry in entries if lab.aliases.people else ():
        # A person of an earlier kernel: nothing that passed here has named them yet.
        for kind, value in (("username", entry.name), ("user_id", entry.user)):
            if value:
                lab.aliases.learn(kind, value)
    if administrator := administrator_of(lab):
        return list(_planned(entries, administrator(), lab.settings.realm))
    return list(_by_hand(entries, lab.settings.username, _authenticators(lab)))


def _authenticators(lab: Bench) -> Sequence[Json] | None:
    """List the authenticators of the configured user, by a login that sends nothing to anybody."""
    settings = lab.settings
    if settings.username is None or settings.password is None:
        return None
    login = lab.client.password_grant(username=settings.username, password=settings.password, realm=settings.realm)
    return authenticators_in(lab.client.mfa_authenticators(login["mfa_token"])) if "mfa_token" in login else None


def _are_the_labs(guard: Guard, steps: Sequence[Step]) -> bool:
    """Ask about what one entry may have brought."""
    what, of, doubt = ", ".join(each.what for each in steps), steps[0].of, steps[0].doubt
    return guard.asks(f"{what} of {of} may not be the lab's: {doubt}.\nRemove it? [y/n] ", instead=_INSTEAD)


def _planned_fate(step: Step) -> tuple[str, bool]:
    """Return what becomes of it, and whether it stays until then."""
    if step.remove and step.doubt:
        return f"stays unless you say that it is the lab's: {step.doubt}", True
    return ("will be removed", True) if step.remove else (step.reason or "gone already", bool(step.reason))


def _removed(step: Step) -> tuple[str, bool]:
    try:
        answer = step.remove() if step.remove else None
    except NoAnswer:
        answer = None
    if answer is None:
        return "not removed: no answer", True
    if answer.status not in _GONE:
        return f"not removed: {answer.outcome}", True
    return ("removed" if answer.status == 204 else "gone already"), False


def _row(lab: Bench, step: Step, fate: str, stays: bool) -> Leftover:
    what, of, said = (one_line(lab.aliases.mask(each)) for each in (step.what, step.of, fate))
    return Leftover(what=what, of=of, fate=said, stays=stays)


def _forget(file: LeftFile, done: Iterable[tuple[Step, Leftover]]) -> None:
    """Take out of the file what is gone, whole."""
    pairs = list(done)
    kept = {entry.mark for step, row in pairs if row.stays for entry in step.entries}
    gone = {entry.mark for step, _ in pairs for entry in step.entries} - kept
    try:
        file.change(lambda entries: [each for each in entries if each.mark not in gone])
    except LabError as problem:
        raise LabError(f"What is gone was removed, but not forgotten. {problem}") from None
