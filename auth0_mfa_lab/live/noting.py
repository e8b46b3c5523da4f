"""What passes on a live tenant, read for what it leaves there and for what it takes away again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

import httpx

from auth0_mfa_lab.live.known import CHANNELS, bearer_of, target_of, users_of
from auth0_mfa_lab.live.left import USER, Entries, Left, LeftFile
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.wire.exchange import Exchange, Json
from auth0_mfa_lab.wire.journal import Journal

_GONE = (204, 404)
_USERS = "/api/v2/users"
_METHODS = re.compile(rf"{_USERS}/([^/]+)/authentication-methods(?:/([^/]+))?")
_ALL = re.compile(rf"{_USERS}/([^/]+)/(?:authenticators|authentication-methods)")
_OF_TYPE = {"totp": "otp", "phone": "sms", "email": "email"}
_BELONGS = {"push": {"push", "totp"}, "otp": {"totp"}, "email": {"email"}}
_PHONE = {"sms", "voice", "phone"}


class Noting:
    """Keeps the file of what is left in step with what passes in one lab."""

    def __init__(self, file: LeftFile, *, tenant: str, journal: Journal) -> None:
        """Note for the tenant with this domain, whose journal tells who a token is of."""
        self.file = file
        self._tenant = tenant
        self._journal = journal
        self._awaited: dict[str, Left] = {}
        self._begun: dict[str, Left] = {}
        self._seen: dict[str, frozenset[str]] = {}
        self._before: dict[str, frozenset[str]] = {}

    def before(self, request: httpx.Request) -> None:
        """Make sure that what a request leaves can be noted; a user is noted at once: the answer may be lost."""
        path, method = request.url.path.rstrip("/"), request.method.upper()
        makes_user = method == "POST" and path == _USERS
        makes_method = method in ("POST", "PUT") and _METHODS.fullmatch(path)
        if not (makes_user or makes_method or (method == "POST" and path == "/mfa/associate")):
            return
        self.file.must_be_writable()
        if makes_user and (name := _name_in(request)):
            self._awaited[name] = entry = Left(tenant=self._tenant, kind=USER, name=name, begun=self._journal.now())
            self._add(entry)

    def after(self, exchange: Exchange) -> None:
        """Note what an exchange has left, or taken away."""
        method, path = str(exchange.request.method).upper(), unquote(target_of(exchange))
        if path == "/mfa/associate":
            self._associated(exchange)
        elif path == "/oauth/token":
            self._confirmed(exchange)
        elif path == "/mfa/authenticators" and method == "GET":
            self._listed(exchange)
        elif path == _USERS and method == "POST":
            self._user_made(exchange)
        elif method == "DELETE" and exchange.status in _GONE:
            self._removed(path)
        elif found := _METHODS.fullmatch(path):
            self._methods_made(exchange, method, found[1])

    def _associated(self, exchange: Exchange) -> None:
        body, token = exchange.json, bearer_of(exchange)
        if exchange.status != 200 or not isinstance(body, dict):
            return
        kind = CHANNELS.get(str(body.get("oob_channel")), "otp")
        name = users_of(self._journal).get(token, "")
        user = str((claims_of(token) or {}).get("sub") or "")
        entry = Left(
            tenant=self._tenant,
            kind=kind,
            user=user,
            name=name,
            begun=_time(exchange),
            recovery="recovery_codes" in body,
        )
        self._begun[str(body["oob_code"]) if "oob_code" in body else f"otp {token}"] = entry
        if (seen := self._seen.get(name or user)) is not None:
            self._before[entry.mark] = seen
        self._add(entry)

    def _confirmed(self, exchange: Exchange) -> None:
        if exchange.status != 200 or not self._begun:
            return
        if not isinstance(sent := exchange.request.raw_data(), dict):
            return
        of_otp = f"otp {sent.get('mfa_token')}" if "otp" in sent else ""
        entry = self._begun.pop(str(sent.get("oob_code") or of_otp), None)
        if entry is None:
            return
        claims = [
            claims_of(str(exchange.json[name])) or {} for name in ("id_token", "access_token") if name in exchange
        ]
        user = next((str(each["sub"]) for each in claims if "sub" in each), entry.user)
        self._put(entry, replace(entry, user=user, confirmed=_time(exchange)))

    def _listed(self, exchange: Exchange) -> None:
        """Find the ids of what was confirmed: those that the user did not have before, of its factor."""
        if exchange.status != 200 or not isinstance(exchange.json, list):
            return
        token = bearer_of(exchange)
        user = users_of(self._journal).get(token) or str((claims_of(token) or {}).get("sub") or "")
        active = frozenset(
            str(each.get("id")) for each in exchange.json if isinstance(each, dict) and each.get("active")
        )
        self._seen[user] = active
        for entry in self.file.entries() if self._before else ():
            before = self._before.get(entry.mark)
            if before is not None and entry.is_of(user) and entry.confirmed and not entry.authenticators:
                found = tuple(sorted(each for each in active - before if belongs(each, entry)))
                # Of two of a kind one may be somebody's who enrolled at the same time.
                if len({each.partition("|")[0] for each in found}) == len(found):
                    self._put(entry, replace(entry, authenticators=found))

    def _user_made(self, exchange: Exchange) -> None:
        sent, body = exchange.request.raw_data(), exchange.json
        name = str(sent.get("email") or "") if isinstance(sent, dict) else ""
        entry = self._awaited.pop(name, Left(tenant=self._tenant, kind=USER, name=name))
        if exchange.status == 201 and isinstance(body, dict):
            self._put(entry, replace(entry, user=str(body.get("user_id") or ""), begun=_time(exchange)))
        elif exchange.status in range(400, 500) and exchange.status != 408:
            # Any other answer may be that of whoever stands before the tenant, which has made the user.
            self._change(lambda entries: [each for each in entries if each.mark != entry.mark])

    def _methods_made(self, exchange: Exchange, method: str, user: str) -> None:
        body = exchange.json
        made = [each for each in (body if isinstance(body, list) else [body]) if isinstance(each, dict)]
        if method not in ("POST", "PUT") or exchange.status not in (200, 201):
            return
        for each in made:
            at, type_ = _time(exchange), str(each.get("type"))
            self._add(
                Left(
                    tenant=self._tenant,
                    kind=_OF_TYPE.get(type_, type_),
                    user=user,
                    authenticators=(str(each.get("id")),),
                    begun=at,
                    confirmed=at,
                )
            )

    def _removed(self, path: str) -> None:
        """Forget what is gone: a user with all that was theirs, or one authenticator, or all of a user's."""
        last = path.rpartition("/")[2]
        if re.fullmatch(rf"{_USERS}/[^/]+", path):
            self._change(lambda entries: [each for each in entries if not each.is_of(last)])
        elif every := _ALL.fullmatch(path):
            user = every[1]
            self._change(lambda entries: [each for each in entries if each.kind == USER or not each.is_of(user)])
        else:
            self._change(lambda entries: [left for each in entries if (left := without(each, last))])

    def _add(self, entry: Left) -> None:
        self._change(lambda entries: [*(each for each in entries if each.mark != entry.mark), entry])

    def _put(self, old: Left, new: Left) -> None:
        self._change(lambda entries: [*(each for each in entries if each.mark != old.mark), new])

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


def belongs(authenticator: str, entry: Left) -> bool:
    """Tell whether an authenticator with this id, by its prefix, may be what an entry brought."""
    prefix = authenticator.partition("|")[0]
    return prefix in _BELONGS.get(entry.kind, _PHONE) or (prefix == "recovery-code" and entry.recovery)


def without(entry: Left, authenticator: str) -> Left | None:
    """Return an entry without one authenticator; None when that was its last."""
    device = authenticator.rpartition("|")[2]
    left = tuple(each for each in entry.authenticators if each.rpartition("|")[2] != device)
    return replace(entry, authenticators=left) if left or not entry.authenticators else None


def _time(exchange: Exchange) -> float:
    """Return when an answer was given, by the tenant's clock where it tells the time."""
    said = exchange.response.header("date") if exchange.response else None
    try:
        return parsedate_to_datetime(said).timestamp() if said else exchange.at
    except ValueError:
        return exchange.at


def _name_in(request: httpx.Request) -> str:
    try:
        body: Json = json.loads(request.read())
    except ValueError:
        return ""
    return str(body.get("email") or "") if isinstance(body, dict) else ""
