"""What labs left on a live tenant: a small file that outlives the kernel, and the clean-up that removes it.

The file names persons, since the clean-up must find them; it holds no password, no secret and no token. An id that a
tenant gave to a lab is certain. Where none is known the tenant is listed, and the person is asked about what is found.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpx
from filelock import FileLock

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.files import regular, write_whole
from auth0_mfa_lab.live.administrator import DOMAIN, administrator, answered, has_administrator, must_be, without_frames
from auth0_mfa_lab.live.doctor.checks import one_line
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.settings import project_folder
from auth0_mfa_lab.show.table import Column, html_table, text_table
from auth0_mfa_lab.tenants.users import authenticators_in
from auth0_mfa_lab.wire.exchange import Exchange, Json, Request, plain_data

if TYPE_CHECKING:
    from auth0_mfa_lab.lab import Lab
    from auth0_mfa_lab.management import Management

USER = "user"
_USERS = "/api/v2/users"
_METHODS = re.compile(rf"{_USERS}/([^/]+)/authentication-methods")
_LEAVES = re.compile(rf"/mfa/associate|{_USERS}|{_METHODS.pattern}")
_BRINGS = {"push": ("push", "totp"), "otp": ("totp",), "email": ("email",)}
_PHONE = ("sms", "voice", "phone")
_COLUMNS = (Column("what", 52), Column("of", 24), Column("what becomes of it", 38))
_NOTHING = "Nothing to clean up: the lab has left nothing on this tenant, as far as it knows."
_GONE, _REMOVED = "gone already", "removed"
_APPS = {"push": "Guardian", "otp": "authenticator"}
_NO_API = (
    "Without AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET the lab can remove nothing here: the MFA API wants a "
    "second factor for it (notebook 09)."
)
_OF_USER = "remove it yourself: Dashboard > User Management > Users > the user"
_BY_DASHBOARD, _USER_BY_DASHBOARD = f"{_OF_USER} > Multi-Factor > Reset", f"{_OF_USER} > Actions > Delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """One thing that was left: a user whom the lab made, or what one association or creation brought.

    `kind` is `user` or a factor; `user` and `authenticator` are ids, "" where none is known, and `name` is the login's.
    `begun` is in epoch seconds; a `recovery` code came along; `mark` tells it from others.
    """

    tenant: str
    kind: str
    user: str = ""
    name: str = ""
    authenticator: str = ""
    begun: float = 0.0
    confirmed: bool = False
    recovery: bool = False
    mark: str = field(default_factory=lambda: secrets.token_hex(6))

    def may_be(self, authenticator: str) -> bool:
        """Tell whether the authenticator with this id may be what it brought, by the prefix where no id is known."""
        prefix, _, device = authenticator.rpartition("|")
        if self.authenticator:
            return device == self.authenticator.rpartition("|")[2]
        return prefix in _BRINGS.get(self.kind, _PHONE) or (prefix == "recovery-code" and self.recovery)

    def __str__(self) -> str:
        if self.kind == USER:
            return "the user, with all that is theirs"
        unconfirmed = "" if self.confirmed else "unconfirmed: "
        return f"{unconfirmed}{self.kind}{self.authenticator and f': {self.authenticator}'}"


class Ledger:
    """The file, which several kernels may write: `.auth0-lab/left.json` in the project's folder.

    A lab notes there what is left by what passes; what is removed, the clean-up sees.
    """

    def __init__(self, tenant: str = "", start: Path | None = None) -> None:
        self.path = project_folder(start or Path.cwd()) / ".auth0-lab" / "left.json"
        self._left = partial(Left, tenant=tenant)
        self._names: dict[str, str] = {}  # of whose login a token is
        self._begun: dict[str, Left] = {}  # by what its end will name

    def entries(self) -> list[Left]:
        """Return what is in the file; LabError when it is no such file any more."""
        kinds = [type(value) for value in asdict(Left(tenant="", kind="")).values()]
        try:
            entries = [Left(**each) for each in json.loads(regular(self.path).read_bytes())["left"]]
            if all([type(value) for value in asdict(each).values()] == kinds for each in entries):
                return entries
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            pass
        raise LabError(
            f"{self.path} cannot be read, or is not what the lab wrote there. Mend it, or put it away: it says what to "
            "remove."
        )

    def change(self, change: Callable[[list[Left]], Iterable[Left]]) -> None:
        """Put what `change` makes of the entries in their place; LabError when that cannot be written."""
        folder = self.path.parent
        try:
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)
            if not (ignored := folder / ".gitignore").exists():
                write_whole(ignored, "*\n")
            with FileLock(folder / "lock", timeout=30):
                left = [asdict(each) for each in change(self.entries())]
                # In ASCII: half of a surrogate pair, which a tenant may say, could not be written otherwise.
                write_whole(self.path, f"{json.dumps({'left': left}, indent=2)}\n")
        except OSError as problem:
            why = problem.strerror or type(problem).__name__
            said = f"{self.path} cannot be written ({why}): it keeps what the lab leaves on the tenant."
            raise LabError(said) from None

    def before(self, request: httpx.Request) -> None:
        """Make sure that what a request leaves can be noted; a user is noted at once: the answer may be lost."""
        path, users = request.url.path.rstrip("/"), list[Left]()
        if request.method.upper() not in ("POST", "PUT") or not _LEAVES.fullmatch(path):
            return
        if path == _USERS and (name := str(fields_of(request).get("email") or "")):
            self._begun[name] = self._left(kind=USER, name=name, begun=time.time())
            users = [self._begun[name]]
        try:
            self.change(lambda entries: [*entries, *users])
        except LabError as problem:
            raise LabError(f"Nothing was sent, for what it leaves could not be noted. {problem}") from None

    def after(self, exchange: Exchange) -> None:
        """Note what an exchange has left."""
        request, status, at = exchange.request, exchange.status, exchange.at
        method, path = request.method.upper(), unquote(request.target.partition("?")[0]).rstrip("/")
        sent, body = (each if isinstance(each, dict) else {} for each in (request.raw_data(), exchange.json))
        if path == "/oauth/token":
            tokens = [str(body[name]) for name in ("id_token", "access_token", "mfa_token") if name in body]
            pending = str(sent.get("mfa_token"))
            if name := sent.get("username") or self._names.get(pending):
                self._names |= dict.fromkeys(tokens, str(name))
            if status == 200 and (entry := self._begun.pop(str(sent.get("oob_code") or f"otp {pending}"), None)):
                subjects = filter(None, ((claims_of(each) or {}).get("sub") for each in tokens))
                self._put(replace(entry, user=str(next(subjects, "")), confirmed=True))
        elif path == "/mfa/associate" and status == 200:
            token = (request.header("authorization") or "").partition(" ")[2]
            kind, name = str(body.get("oob_channel") or "otp").replace("auth0", "push"), self._names.get(token, "")
            entry = self._left(kind=kind, name=name, begun=at, recovery="recovery_codes" in body)
            self._begun[str(body.get("oob_code") or f"otp {token}")] = entry
            self._put(entry)
        elif path == _USERS and method == "POST":
            name = str(sent.get("email") or "")
            entry = self._begun.pop(name, self._left(kind=USER, name=name, begun=at))
            # Another answer may come from a gateway, and the tenant may have made the user.
            is_refused = status in range(400, 500) and status != 408
            if is_refused or (status == 201 and body):
                self._put(replace(entry, user=str(body.get("user_id") or "")), is_left=not is_refused)
        elif status in (200, 201) and method in ("POST", "PUT") and (found := _METHODS.fullmatch(path)):
            for each in exchange.json if isinstance(exchange.json, list) else [body]:
                if isinstance(each, dict) and "id" in each:
                    kind, device = str(each.get("type")).replace("totp", "otp"), str(each["id"])
                    self._put(self._left(kind=kind, user=found[1], authenticator=device, begun=at, confirmed=True))

    def _put(self, entry: Left, *, is_left: bool = True) -> None:
        left = [entry] if is_left else []
        self.change(lambda entries: [*(each for each in entries if each.mark != entry.mark), *left])


def fields_of(request: httpx.Request) -> Mapping[str, Json]:
    """Return the fields of a body, JSON or a form; {} for what has none, of which nothing is known then."""
    data = plain_data(Request.of(request))
    return data if isinstance(data, dict) else {}


# -- what is there still, and how each of it goes: found out by reading alone


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing: what it is, whose, and what will be or was done about it; it `stays` unless that is its removal."""

    what: str
    of: str
    fate: str
    stays: bool


@dataclass(slots=True)
class Step:
    """A thing with the entries that it settles: gone, unless it has a `fate` or is removed; `doubt` is asked about."""

    entries: Sequence[Left]
    what: str = ""
    fate: str = ""
    remove: Any = None
    doubt: str = ""

    def shown(self, said: Callable[[str], str]) -> Leftover:
        """Return what it is, and what becomes of it, as it is `said`."""
        doubt = f"stays unless you say that it is the lab's: {self.doubt}" if self.doubt else ""
        fate = self.fate or doubt or ("will be removed" if self.remove else _GONE)
        what, of = self.what or str(self.entries[0]), self.entries[0].name or self.entries[0].user
        return Leftover(said(what), said(of), said(fate), fate not in (_GONE, _REMOVED))


def _planned(entries: Iterable[Left], api: Management, realm: str) -> Iterator[Step]:
    """Yield a step for each thing that was left; `realm` is the connection of users of whom only the name is known."""

    @cache
    def id_of(name: str) -> str:
        for each in _listed(api.users_by_email(name), "Finding the user", {"user_id"}):
            if any(isinstance(one, dict) and one.get("connection") == realm for one in each.get("identities") or ()):
                return str(each["user_id"])
        return ""

    @cache
    def methods_of(user: str) -> list[Json] | None:
        answer = api.authentication_methods(user)
        is_gone = answer.status == 404
        return None if is_gone else _listed(answer, "Reading the user's authenticators", {"id", "type"})

    rest = list(entries)
    for made in [each for each in rest if each.kind == USER]:
        known = {made.user, made.name} - {""}
        theirs = [made, *(each for each in rest if each.kind != USER and known & {each.user, each.name})]
        rest = [each for each in rest if each not in theirs]
        yield _user_step(theirs, api, made.user or id_of(made.name))
    taken: dict[str, bool] = {}  # by id, and whether that is certain
    # What has an id comes first: it is no other's. What is unconfirmed comes last: a reset may take nothing else along.
    for entry in sorted(rest, key=lambda each: (not each.confirmed, not each.authenticator)):
        if not entry.user and "@" not in entry.name:
            # No API finds a user by anything but an id or an address.
            yield Step([entry], fate=_BY_DASHBOARD)
            continue
        user = entry.user or id_of(entry.name)
        methods = methods_of(user) if user else None
        if methods is not None and not entry.confirmed:
            # No API shows it by itself.
            if all(taken.get(each["id"]) or each["type"] == "recovery-code" for each in methods):
                yield Step([entry], remove=partial(api.delete_authenticators, user))
            else:
                yield Step([entry], fate="stays unconfirmed beside what is not the lab's")
            continue
        found = [each for each in methods or () if each["id"] not in taken and entry.may_be(each["id"])]
        for each in found:
            taken[each["id"]] = bool(entry.authenticator)
            begun = datetime.fromtimestamp(entry.begun, UTC).isoformat(timespec="seconds")
            enrolled = f"enrolled {each.get('created_at')}; the lab enrolled {entry.kind} {begun}"
            remove = partial(api.delete_authentication_method, user, each["id"])
            what, doubt = f"{each['type']}: {each['id']}", "" if entry.authenticator else enrolled
            yield Step([entry], what=what, remove=remove, doubt=doubt)
        if not found:
            yield Step([entry])


def _user_step(entries: Sequence[Left], api: Management, user: str) -> Step:
    """Return the step for a user whom a lab made: certain by the id that the tenant gave, or by a drawn name."""
    made, answer = entries[0], api.user(user) if user else None
    if answer is None or answer.status == 404:
        return Step(entries)
    found = must_be(answer, 200, "Reading the user").json
    email = str(found.get("email")) if isinstance(found, dict) else ""
    if email and email.lower() == (made.name or email).lower() and (made.user or email.endswith(DOMAIN)):
        return Step(entries, remove=partial(api.delete_user, user))
    return Step(entries, fate=f"may be a user that the lab did not make; if the lab made it, {_USER_BY_DASHBOARD}")


def _listed(answer: Exchange, doing: str, has: set[str]) -> list[Json]:
    """Return the objects of an answer that is a list of such, each with these members; LabError for any other."""
    items = must_be(answer, 200, doing).json
    if isinstance(items, list) and all(isinstance(each, dict) and has <= each.keys() for each in items):
        return items
    raise LabError(f"{doing} failed: {answer.outcome}: the answer is not the list that Auth0 gives.")


def _by_hand(entries: Iterable[Left], lab: Lab) -> Iterator[Step]:
    """Yield what a person must do where there is no Management API; a login tells what the configured user has."""
    known, there = lab.settings, None
    if known.username and known.password:
        login = lab.client.password_grant(username=known.username, password=known.password, realm=known.realm)
        if "mfa_token" in login:
            there = authenticators_in(lab.client.mfa_authenticators(login["mfa_token"]))
    for entry in entries:
        fate = _USER_BY_DASHBOARD if entry.kind == USER else _BY_DASHBOARD
        if there is not None and entry.kind != USER and known.username in (entry.user, entry.name):
            found = [each.get("active") for each in there if entry.may_be(str(each["id"]))]
            fate = fate if entry.confirmed in found else ""
        yield Step([entry], fate=fate)


# -- the clean-up


@dataclass(frozen=True, slots=True, repr=False)
class Leftovers:
    """What was left on a tenant, row by row, masked; `notes` are sentences under the table."""

    tenant: str
    rows: Sequence[Leftover] = ()
    notes: Sequence[str] = ()

    @property
    def stays(self) -> bool:
        """Whether something of it is there still."""
        return any(each.stays for each in self.rows)

    def __repr__(self) -> str:
        return self._repr_mimebundle_()["text/plain"]

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        title, text, html = _NOTHING, list[str](), ""
        if self.rows:
            cells = [(each.what, each.of, each.fate) for each in self.rows]
            title, text, html = f"Left on {self.tenant}:", text_table(_COLUMNS, cells), html_table(_COLUMNS, cells)
        notes = "".join(f"<p>{escape(each)}</p>" for each in self.notes)
        text = [title, *text, *self.notes]
        return {"text/plain": "\n".join(text), "text/html": f"<p>{escape(title)}</p>{html}{notes}"}


@without_frames
def cleaned(lab: Lab, *, yes: bool, dry_run: bool) -> Leftovers:
    """Show what labs left on a tenant, ask (not with `yes`), and remove it (not in a `dry_run`)."""
    guard, may_remove, steps, notes = lab._guard, has_administrator(lab), list[Step](), list[str]()
    if guard is None:
        return Leftovers(lab.domain)

    def said(text: str) -> str:
        return one_line(lab.aliases.mask(text))

    def shown() -> Leftovers:
        return Leftovers(lab.domain, [each.shown(said) for each in steps], notes)

    def agrees(what: str) -> bool:
        instead = "Write lab.cleanup(yes=True), or auth0-mfa-lab cleanup --yes"
        return guard.asks(f"{what}\nRemove it? [y/n] ", nothing="Nothing was changed.", instead=instead)

    every = guard.entries()
    entries = [each for each in every if each.tenant == lab.domain]
    if others := len(every) - len(entries):
        notes.append(f"{others} more on another tenant: open that one, and clean up there.")
    if not entries:
        return shown()
    for entry in entries if lab.aliases.people else ():
        # A person of an earlier kernel: nothing that passed here has named them yet.
        for kind, value in (("username", entry.name), ("user_id", entry.user)):
            if value:
                lab.aliases.learn(kind, value)
    steps += _planned(entries, administrator(lab), lab.settings.realm) if may_remove else _by_hand(entries, lab)
    for kind, app in _APPS.items():
        if kind in [each.entries[0].kind for each in steps]:
            notes.append(f"On the phone: remove the account in the {app} app; no API can.")
    if not may_remove:
        notes.append(_NO_API)
    may_ask = not yes and guard.how_often != "never"
    planned, agreed = shown(), [each for each in steps if each.remove and not each.doubt]
    if dry_run or (agreed and may_ask and not agrees(str(planned))):
        return planned
    for step, row in zip(steps, planned.rows, strict=True):
        if may_ask and step.doubt and agrees(f"{row.what} of {row.of} may not be the lab's: {step.doubt}."):
            agreed.append(step)
    with guard.agreed():
        for step in agreed:
            answer = answered(step.remove)
            step.fate = {204: _REMOVED, 404: _GONE}.get(answer.status or 0, f"not removed: {answer.outcome}")
    done = shown()
    # Take out of the file what is gone, whole.
    kept = [entry for step, row in zip(steps, done.rows, strict=True) if row.stays for entry in step.entries]
    guard.change(lambda found: [each for each in found if each in kept or each not in entries])
    return done
