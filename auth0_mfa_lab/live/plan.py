"""What of that which a lab left is there still, and how each of it goes: found out by reading alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from auth0_mfa_lab.live.administrator import listed as listed_in
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
ANOTHER = f"made at another time than the lab's; if it is the lab's, {USER_BY_DASHBOARD}"
SEVERAL = f"not the only one of its time; {BY_DASHBOARD}"


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
        yield _made(entry, _of(entry, entries), api, realm)
    settled = {each.mark for entry in made for each in _of(entry, entries)}
    ids, of_users = dict[str, str](), dict[str, Entries]()
    for entry in (each for each in entries if each.mark not in settled):
        if not entry.user and "@" not in entry.name:
            # No API finds a user by anything but an id or an address.
            yield Step(what=named(entry), of=entry.name, entries=(entry,), reason=BY_DASHBOARD)
            continue
        if (user := entry.user or entry.name) not in ids:
            ids[user] = entry.user or _id_of(user, api, realm)
        of_users.setdefault(ids[user], []).append(entry)
    for user_id, found in of_users.items():
        yield from _of_user(user_id, found, api)


def _made(entry: Left, entries: tuple[Left, ...], api: Management, realm: str) -> Step:
    """Return the step for a user whom a lab made, and nobody else: others may have their id, or their name, by now."""
    user, reason = entry.user or _id_of(entry.name, api, realm, since=entry.begun - _SLACK_SECONDS), ""
    answer = api.user(user) if user else None
    if answer is None or answer.status == 404:
        user = ""
    else:
        found = must_be(answer, 200, doing="Reading the user", scope="read:users").json
        made = _seconds(found.get("created_at")) if isinstance(found, dict) else None
        reason = "" if made is not None and abs(made - entry.begun) <= _SLACK_SECONDS else ANOTHER
    return Step(
        what="the user, with all that is theirs",
        of=entry.name or entry.user,
        entries=entries,
        remove=partial(api.delete_user, user) if user and not reason else None,
        reason=reason,
    )


def _of_user(user_id: str, entries: Entries, api: Management) -> Iterator[Step]:
    """Yield the steps for the authenticators of one user ("": gone): the lab's own, one by one, and no other."""
    user = entries[0].user or entries[0].name
    answer = api.authentication_methods(user_id) if user_id else None
    if answer is None or answer.status == 404:
        yield from (Step(what=named(each), of=user, entries=(each,)) for each in entries)
        return
    methods = listed_in(
        answer, "id", "type", doing="Reading the user's authenticators", scope="read:authentication_methods"
    )
    taken: set[str] = set()
    # Whose ids are known come first: what they brought is no other's.
    confirmed = sorted(
        (each for each in entries if each.confirmed is not None), key=lambda each: not each.authenticators
    )
    for entry in confirmed:
        others = [each for each in methods if each["id"] not in taken]
        found = [each for each in others if _is_of(each, entry)]
        if not found or _is_somebodys(entry, confirmed, others):
            yield Step(what=named(entry), of=user, entries=(entry,), reason=SEVERAL if found else "")
            continue
        taken |= {str(each["id"]) for each in found}
        for each in found:
            yield Step(
                what=f"{each['type']}: {each['id']}",
                of=user,
                entries=(entry,),
                remove=partial(api.delete_authentication_method, user_id, str(each["id"])),
            )
    if pending := tuple(each for each in entries if each.confirmed is None):
        # No API shows them by themselves; a reset takes them along, and must take nothing else.
        is_all = all(each["id"] in taken or each["type"] == "recovery-code" for each in methods)
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


def _is_somebodys(entry: Left, entries: Entries, methods: Sequence[Json]) -> bool:
    """Tell whether a method that an entry may have brought is somebody's: of its type there are more than entries."""

    def types(of: Left) -> Counter[str]:
        return Counter(str(each["type"]) for each in methods if each["type"] != "recovery-code" and _is_of(each, of))

    if entry.authenticators:
        return False
    return any(count > sum(1 for each in entries if types(each)[kind]) for kind, count in types(entry).items())


def _of(user: Left, entries: Entries) -> tuple[Left, ...]:
    """Return what goes with a user: the entry itself, and all that is theirs."""
    return tuple(each for each in entries if each is user or each.is_of(user.user) or each.is_of(user.name))


def _id_of(name: str, api: Management, realm: str, *, since: float = 0.0) -> str:
    """Return the id of the user with this email in a connection, made `since` then; "" when there is none."""
    users = listed_in(api.users_by_email(name), "user_id", doing="Finding the user", scope="read:users")
    for each in users:
        made = _seconds(each.get("created_at")) or 0.0
        identities = [one for one in each.get("identities") or () if isinstance(one, dict)]
        if made >= since and any(one.get("connection") == realm for one in identities):
            return str(each["user_id"])
    return ""


def _device(authenticator: str) -> str:
    return authenticator.rpartition("|")[2]


def _seconds(date: object) -> float | None:
    try:
        return datetime.fromisoformat(str(date)).timestamp()
    except ValueError:
        return None
