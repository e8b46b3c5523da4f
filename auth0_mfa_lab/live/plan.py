"""What of that which a lab left is there still, and how each of it goes: found out by reading alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from auth0_mfa_lab.live.administrator import must_be
from auth0_mfa_lab.live.left import USER, Entries, Left
from auth0_mfa_lab.live.noting import belongs
from auth0_mfa_lab.management import Management
from auth0_mfa_lab.wire.exchange import Exchange, Json

_SLACK_SECONDS = 60.0
_OF_USER = "Dashboard > User Management > Users > the user"
BY_DASHBOARD = f"remove it yourself: {_OF_USER} > Multi-Factor > Reset"
USER_BY_DASHBOARD = f"remove it yourself: {_OF_USER} > Actions > Delete"
UNCONFIRMED = "stays unconfirmed beside what is not the lab's"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was left: what it is and whose, the entries that it settles, and the call that removes it.

    Without a `remove` it is gone already where `reason` is "", or else it stays, for this reason.
    """

    what: str
    of: str
    entries: tuple[Left, ...]
    remove: Callable[[], Exchange] | None = None
    reason: str = ""


def planned(entries: Entries, api: Management, *, realm: str) -> Iterator[Step]:
    """Yield a step for each thing that was left on a tenant, by its Management API.

    `realm` is the connection of users of whom only the name is known. Raises LabError when it cannot be read.
    """
    made = [each for each in entries if each.kind == USER]
    for entry in made:
        # Whoever was there before the lab asked for one of this name is somebody.
        user = entry.user or _id_of(entry.name, api, realm, since=entry.begun - _SLACK_SECONDS)
        of = entry.name or user
        remove = partial(api.delete_user, user) if user else None
        yield Step(what="the user, with all that is theirs", of=of, entries=_of(entry, entries), remove=remove)
    settled = {each.mark for entry in made for each in _of(entry, entries)}
    rest = [each for each in entries if each.mark not in settled]
    for user in dict.fromkeys(each.user or each.name for each in rest):
        yield from _of_user(user, [each for each in rest if user == (each.user or each.name)], api, realm)


def _of_user(user: str, entries: Entries, api: Management, realm: str) -> Iterator[Step]:
    """Yield the steps for the authenticators of one user: the lab's own, one by one, and no other."""
    user_id = user if "|" in user else _id_of(user, api, realm)
    answer = api.authentication_methods(user_id) if user_id else None
    if answer is None or answer.status == 404:
        yield from (Step(what=named(each), of=user, entries=(each,)) for each in entries)
        return
    must_be(answer, 200, doing="Reading the user's authenticators", scope="read:authentication_methods")
    taken: set[str] = set()
    for entry in (each for each in entries if each.confirmed is not None):
        found = [each for each in answer.json if each["id"] not in taken and _is_of(each, entry)]
        taken |= {str(each["id"]) for each in found}
        if not found:
            yield Step(what=named(entry), of=user, entries=(entry,))
        for each in found:
            yield Step(
                what=f"{each['type']}: {each['id']}",
                of=user,
                entries=(entry,),
                remove=partial(api.delete_authentication_method, user_id, str(each["id"])),
            )
    if pending := tuple(each for each in entries if each.confirmed is None):
        # No API shows them by themselves; a reset takes them along, and must take nothing else.
        is_all = all(each["id"] in taken or each["type"] == "recovery-code" for each in answer.json)
        yield Step(
            what=f"unconfirmed: {', '.join(each.kind for each in pending)}",
            of=user,
            entries=pending,
            remove=partial(api.delete_authenticators, user_id) if is_all else None,
            reason=UNCONFIRMED,
        )


def by_hand(entries: Entries, *, username: str | None, listed: Sequence[Json] | None) -> Iterator[Step]:
    """Yield a step for each thing that was left, where there is no Management API: what a person must do.

    `listed` are the authenticators of the user with this name, as the MFA API tells them, None where it does not.
    """
    for entry in entries:
        reason = USER_BY_DASHBOARD if entry.kind == USER else BY_DASHBOARD
        if listed is not None and entry.kind != USER and username and entry.is_of(username):
            ids = [str(each.get("id")) for each in listed if each.get("active") is (entry.confirmed is not None)]
            is_there = set(entry.authenticators) & set(ids) or (
                not entry.authenticators and any(belongs(each, entry) for each in ids)
            )
            reason = reason if is_there else ""
        yield Step(what=named(entry), of=entry.name or entry.user, entries=(entry,), reason=reason)


def named(entry: Left) -> str:
    """Return what an entry is, in words."""
    ids = f": {', '.join(entry.authenticators)}" if entry.authenticators else ""
    return f"{entry.kind}{'' if entry.confirmed else ', unconfirmed'}{ids}"


def _is_of(method: Json, entry: Left) -> bool:
    """Tell whether a method of the user's is what an entry brought: by its id, or by its factor and its time."""
    if entry.confirmed is None:
        return False
    if entry.authenticators:
        return any(_device(str(method["id"])) == _device(each) for each in entry.authenticators)
    made = _seconds(method.get("created_at"))
    if made is None or not entry.begun - _SLACK_SECONDS <= made <= entry.confirmed + _SLACK_SECONDS:
        return False
    return belongs(str(method["id"]), entry)


def _of(user: Left, entries: Entries) -> tuple[Left, ...]:
    """Return what goes with a user: the entry itself, and all that is theirs."""
    return tuple(each for each in entries if each is user or each.is_of(user.user) or each.is_of(user.name))


def _id_of(name: str, api: Management, realm: str, *, since: float = 0.0) -> str:
    """Return the id of the user with this email in a connection, made `since` then; "" when there is none."""
    answer = must_be(api.users_by_email(name), 200, doing="Finding the user", scope="read:users")
    for each in answer.json:
        made = _seconds(each.get("created_at")) or 0.0
        if made >= since and any(one.get("connection") == realm for one in each.get("identities", ())):
            return str(each["user_id"])
    return ""


def _device(authenticator: str) -> str:
    return authenticator.rpartition("|")[2]


def _seconds(date: object) -> float | None:
    try:
        return datetime.fromisoformat(str(date)).timestamp()
    except ValueError:
        return None
