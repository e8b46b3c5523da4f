"""A lab on a recorded run: whose tenant it was, and where its phone, its inbox and its time come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from auth0_mfa_lab.bench import Bench
from auth0_mfa_lab.clock import LabClock, RealClock, SandboxClock
from auth0_mfa_lab.people import learn_settings
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.settings import DEFAULT_REALM, DEFAULT_SCOPE, Settings
from auth0_mfa_lab.tenants.operations import Replayer, of_recording
from auth0_mfa_lab.tenants.sandbox import furnish
from auth0_mfa_lab.virtual_phone import give_virtual_phone
from auth0_mfa_lab.wire.exchange import Json
from auth0_mfa_lab.wire.har import Recording, read_har
from auth0_mfa_lab.wire.replay import RecordedTransport, Replay

_SECRETS = ("client_secret", "mgmt_client_secret", "password")
_PERSON = ("username", "phone_number", "email")
BARS = "This is a recording: its phone does again what lab.phone did then, and nothing here can be pressed."


class Replays(Bench):
    """The part of a lab that opens one on a recording."""

    def _first_line(self) -> str:
        """Return the line by which a lab names its tenant; a recording is no tenant, and says whose it is."""
        if self._recording is not None:
            return _named(self._recording, self)
        if self._is_sandbox:
            return f"Lab on the sandbox tenant {self.domain} (profile {self._profile()}): nothing is sent to Auth0."
        return f"Lab on the live tenant {self.domain}: every request of yours is sent there."

    def _profile(self) -> str:
        return str(self._operations("settings")["profile"])

    @classmethod
    def replay(cls, path: str | Path) -> Self:
        """Open a recorded run, which `lab.export("har").save(path)` wrote: nothing is sent anywhere.

        Each request must be the one that was recorded in its place; LabError says which part of it is not. A HAR that
        another tool wrote has the application's calls alone: no messages, no phone, no time but that of the answers.
        """
        recording = read_har(path)
        tenant = recording.tenant or _tenant_of(recording)
        time = RecordedClock(float(tenant["begins"]))
        transport = RecordedTransport(time.reach)
        is_live = tenant["kind"] == "live"
        clock: LabClock = RealClock(sleep=time.advance, now=time.now) if is_live else SandboxClock(time)
        lab = cls(_settings_of(tenant), transport, clock, tenant["domain"])
        lab.aliases.people = bool(tenant["people"])
        lab.journal.operations.tenant, lab.journal.operations.is_replayed = recording.tenant, True
        learn_settings(lab.settings, lab.aliases)
        lab._machine = (tenant.get("mgmt_client_id"), lab.settings.mgmt_client_secret)
        lab.audience = tenant.get("audience")
        transport.replay = replay = Replay(recording, lab.aliases, people=bool(tenant["people"]))
        lab._recording = recording
        lab._operations = ask = Replayer(of_recording(replay), lab.journal)
        if recording.is_ours and not is_live:
            furnish(lab, ask, time, bars=BARS)
        elif lab.settings.virtual_phone:
            give_virtual_phone(lab, bars=BARS)
        # Another tool's recording has nothing but who logged in.
        lab._is_sandbox = not (recording.is_ours and is_live)
        return lab


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
        """Move the time forward; ValueError for a step backwards."""
        if seconds < 0:
            raise ValueError(f"The clock only moves forward; it cannot advance by {seconds} seconds.")
        self._now += seconds

    def reach(self, at: float) -> None:
        """Move to an instant, unless it is past."""
        self._now = max(self._now, at)


def _named(recording: Recording, lab: Replays) -> str:
    domain = lab.domain
    if not recording.is_ours:
        return (
            f"Lab on the recording {recording.name} of {domain}: nothing is sent anywhere. {recording.by} wrote it, so "
            f"it has the application's {len(recording.exchanges)} calls alone: the messages, the codes and the users "
            "beside them, and what was done on the phone, are not in it."
        )
    of = f"the live tenant {domain}"
    if lab._is_sandbox:
        seen = any(each.operation == "settings" for each in recording.operations)
        of = f"the sandbox tenant {domain}" + (f" (profile {lab._profile()})" if seen else "")
    return f"Lab on the recording {recording.name} of {of}: nothing is sent anywhere."


def _tenant_of(recording: Recording) -> Mapping[str, Json]:
    """Return what another tool's recording tells of the tenant: whom the application asked, and as whom."""
    first = recording.exchanges[0]
    brought: dict[str, Any] = {}
    for each in recording.exchanges:
        data = each.request.raw_data() if each.speaker == "app" else None
        fields = data if isinstance(data, dict) else {}
        for name in ("client_id", "client_secret"):
            if isinstance(fields.get(name), str):
                brought.setdefault(name, str(fields[name]))
    url = str(first.request.url)
    origin = url[: url.index("/", url.index("://") + 3)]
    known = {"domain": str(first.request.host), "origin": origin, "begins": first.at}
    return {"kind": "live", "people": True, **known, **brought}


def _settings_of(tenant: Mapping[str, Json]) -> Settings:
    """Return settings with which a lab is as it was when the run was recorded."""
    plain = tenant["origin"].startswith("http://")
    hidden: dict[str, Any] = {}
    for name in (*_SECRETS, *_PERSON):
        if (value := tenant.get(name)) is not None:
            hidden[name] = Secret(value, f"<{name}>") if name in _SECRETS or tenant["people"] else value
    return Settings(
        # A served sandbox without TLS is the one kind whose address is plain.
        tenant="live" if tenant["kind"] == "live" else "served" if plain else "sandbox",
        domain=tenant["domain"],
        client_id=tenant.get("client_id"),
        mgmt_client_id=tenant.get("mgmt_client_id"),
        mgmt_domain=tenant.get("mgmt_domain"),
        public_client_id=tenant.get("public_client_id"),
        audience=tenant.get("audience"),
        realm=tenant.get("realm", DEFAULT_REALM),
        scope=tenant.get("scope", DEFAULT_SCOPE),
        virtual_phone=bool(tenant.get("virtual_phone")),
        show_people=not tenant["people"],
        **hidden,
    )
