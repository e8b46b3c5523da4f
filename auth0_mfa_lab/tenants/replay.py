"""A recorded run as a tenant: what a lab keeps of its tenant, its time, and its operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from auth0_mfa_lab import errors
from auth0_mfa_lab.clock import LabClock, RealClock, SandboxClock
from auth0_mfa_lab.errors import ControlRefused, LabError, NothingWasSent
from auth0_mfa_lab.settings import Settings, TenantKind
from auth0_mfa_lab.tenants.operations import Ask, Json

if TYPE_CHECKING:
    from auth0_mfa_lab.lab import Lab
    from auth0_mfa_lab.tenants.tables import SandboxInfo
    from auth0_mfa_lab.wire.har import Recording
    from auth0_mfa_lab.wire.replay import Replay

BARS = "This is a recording: its phone does again what lab.phone did then, and nothing here can be pressed."
_APPLICATIONS = ("client_id", "client_secret", "mgmt_client_id", "mgmt_client_secret", "mgmt_domain", "audience")
_LIVE = ("username", "password", "phone_number", "email", "realm", "scope")
_SETTINGS = (*_APPLICATIONS, "public_client_id", *_LIVE)
"""What of a tenant's facts is a setting under the same name; a sandbox has no user of the settings'."""
IN_ORDER = frozenset({"add_user", "add_phone", "enroll"})
"""What each time gives something new: a replay gives it in the order of the recording, whatever the arguments."""
EMPTY: Mapping[str, Json] = {"messages": {"messages": []}, "pushes": {"pushes": []}}
"""What a replay says of these where the recorded run did not look."""
_LACKS = {
    "add_user": ("further user", "record the run again with lab.user(...) in it"),
    "limits": ("limits of this user here", "record the run again with lab.limits(...) in it"),
    "settings": ("settings of the tenant", "record the run again with lab.tenant in it"),
    "prompt": ("code that was typed here", "leave this step out"),
}


def facts_of(lab: Lab) -> Mapping[str, Json]:
    """Return whose tenant a lab is on, and who its applications are: all that a replay needs to begin."""
    settings, is_live = lab.settings, lab.settings.tenant == "live"
    given = {name: getattr(settings, name) for name in _SETTINGS if is_live or name not in _LIVE}
    facts = {
        "kind": settings.tenant,
        "domain": lab.domain,
        "origin": settings.origin,
        "people": lab.aliases.people,
        "begins": lab.clock.now(),
        "virtual_phone": settings.virtual_phone or None,
        **given,
    }
    # A Secret as its text.
    return {name: str(each) if isinstance(each, str) else each for name, each in facts.items() if each is not None}


def facts_in(recording: Recording) -> Mapping[str, Json]:
    """Return what another tool's recording tells of the tenant: whom the application asked, and as whom."""
    first = recording.exchanges[0]
    brought: dict[str, Json] = {}
    for each in recording.exchanges:
        data = each.request.raw_data() if each.speaker == "app" else None
        for name, value in data.items() if isinstance(data, dict) else ():
            if name in ("client_id", "client_secret") and isinstance(value, str):
                brought.setdefault(name, str(value))
    url = str(first.request.url)
    origin = url[: url.index("/", url.index("://") + 3)]
    known = {"domain": str(first.request.host), "origin": origin, "begins": first.at}
    return {"kind": "live", "people": True, **known, **brought}


def settings_of(facts: Mapping[str, Json]) -> Settings:
    """Return settings with which a lab is as it was when the run was recorded."""
    values = {f"AUTH0_{name.upper()}": facts[name] for name in ("domain", *_SETTINGS) if name in facts}
    values["AUTH0_LAB_SHOW_PEOPLE"] = "0" if facts["people"] else "1"
    values["AUTH0_LAB_VIRTUAL_PHONE"] = "1" if facts.get("virtual_phone") else "0"
    # A served sandbox without TLS is the one kind whose address is plain.
    plain: TenantKind = "served" if facts["origin"].startswith("http://") else "sandbox"
    return Settings.of_values(values, "live" if facts["kind"] == "live" else plain)


def first_line(recording: Recording, sandbox: SandboxInfo | None, domain: str) -> str:
    """Return the line by which a lab names its recording, and whose tenant it is of."""
    if not recording.is_ours:
        return (
            f"Lab on the recording {recording.name} of {domain}: nothing is sent anywhere. {recording.by} wrote it, so "
            f"it has the application's {len(recording.exchanges)} calls alone: the messages, the codes and the users "
            "beside them, and what was done on the phone, are not in it."
        )
    of = f"the sandbox tenant {domain}" if sandbox else f"the live tenant {domain}"
    if sandbox and any(each.operation == "settings" for each in recording.operations):
        of += f" (profile {sandbox.profile})"
    return f"Lab on the recording {recording.name} of {of}: nothing is sent anywhere."


class RecordedClock:
    """The time of a recording: each answer moves it to when it came, and in between it moves as it is told."""

    def __init__(self, begins: float) -> None:
        """Begin at this instant, in epoch seconds."""
        self._now = begins

    def now(self) -> float:
        """Return the time in epoch seconds."""
        return self._now

    def stamp(self) -> float:
        """Return the time that a phone writes into its answers."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the time forward."""
        self._now += seconds

    def reach(self, at: float) -> None:
        """Move to an instant, unless it is past."""
        self._now = max(self._now, at)


def lab_clock(time: RecordedClock, *, is_live: bool) -> LabClock:
    """Return a lab's clock on the time of a recording, of a live tenant or of a sandbox."""
    return RealClock(sleep=time.advance, now=time.now) if is_live else SandboxClock(time)


def of_recording(replay: Replay) -> Ask:
    """Return what answers operations from a recording: the one that was asked for here, or last before."""

    def ask(operation: str, /, **arguments: Json) -> Json:
        if operation == "add_user" and not replay.recording.is_ours:
            return _who_logged_in(replay, arguments["factors"])
        found = replay.operation(operation, arguments, in_order=operation in IN_ORDER)
        if found is not None and found.refused is not None:
            kind = getattr(errors, found.refused["error"], LabError)
            further = {"status": found.refused["status"]} if kind is ControlRefused else {}
            raise kind(found.refused["said"], **further)
        if found is not None:
            return found.result
        if "address" in arguments:
            raise NothingWasSent(
                f"{replay.recording.name} has no message to this address here: it has those that the recorded run read "
                "with lab.inbox.latest(...)."
            )
        if operation in EMPTY:
            return EMPTY[operation]
        # Another tool's recording has no question, but it has the code as it was sent afterwards.
        if operation == "prompt" and (code := replay.code_to_come()) is not None:
            return code
        raise missing(replay, *_LACKS.get(operation, (operation, "record the run again with it")))

    return ask


def _who_logged_in(replay: Replay, factors: Json) -> Json:
    """Return the user of another tool's recording: the one of its first login with a password."""
    for each in replay.recording.exchanges:
        data = each.request.raw_data()
        if isinstance(data, dict) and isinstance(data.get("password"), str) and "username" in data:
            names = {"username": str(data["username"]), "password": str(data["password"]), "factors": factors}
            return {**names, "phone_number": None, "email": None, "recovery_code": None, "barcodes": []}
    raise missing(replay, "login with a password", "pass the user's name yourself; any value is taken for it")


def missing(replay: Replay, what: str, instead: str) -> LabError:
    """Return the error for what a recording does not have, with what to do instead."""
    recording = replay.recording
    wrote = "" if recording.is_ours else f" (it was written by {recording.by}, which does not record such things)"
    return LabError(f"{recording.name} has no {what}{wrote}: {instead}.")
