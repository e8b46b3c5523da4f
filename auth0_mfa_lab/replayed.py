"""A lab on a recorded run: whose tenant it was, and where its phone, its inbox and its time come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from auth0_mfa_lab.bench import Bench
from auth0_mfa_lab.boxed import Host, headline
from auth0_mfa_lab.clock import LabClock, RealClock, SandboxClock
from auth0_mfa_lab.furnishing import equip
from auth0_mfa_lab.inbox import OwnInbox
from auth0_mfa_lab.noted import NotedHost, noted_answers
from auth0_mfa_lab.people import learn_settings
from auth0_mfa_lab.phone import OwnPhone
from auth0_mfa_lab.recorded import (
    RecordedClock,
    RecordedFailure,
    RecordedHost,
    RecordedInbox,
    RecordedPhone,
    missing,
)
from auth0_mfa_lab.screens import RecordedScreen
from auth0_mfa_lab.secret import Secret
from auth0_mfa_lab.settings import DEFAULT_REALM, DEFAULT_SCOPE, Settings
from auth0_mfa_lab.wire.beside import Json
from auth0_mfa_lab.wire.har import Recording, read_har
from auth0_mfa_lab.wire.replay import RecordedTransport, Replay

_SECRETS = ("client_secret", "mgmt_client_secret", "password")
_PERSON = ("username", "phone_number", "email")


class Replays(Bench):
    """The part of a lab that opens one on a recording."""

    def _first_line(self) -> str:
        """Return the line by which a lab names its tenant; a recording is no tenant, and says whose it is."""
        if self._recording is None:
            return headline(self._box, self.domain)
        return _named(self._recording, self._box, self.domain)

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
        lab.journal.beside.tenant, lab.journal.beside.is_replayed = recording.tenant, True
        learn_settings(lab.settings, lab.aliases)
        lab._machine = (tenant.get("mgmt_client_id"), lab.settings.mgmt_client_secret)
        lab.audience = tenant.get("audience")
        transport.replay = replay = Replay(recording, lab.aliases, people=bool(tenant["people"]))
        _furnish(lab, replay, is_live)
        return lab


def _furnish(lab: Bench, replay: Replay, is_live: bool) -> None:
    lab._recording = recording = replay.recording
    host = RecordedHost(replay, lab.domain)
    if recording.is_ours and not is_live:
        phone = RecordedPhone(replay, lab._connection.http("phone"))
        equip(lab, host, phone, RecordedInbox(replay, lab.aliases), failures=RecordedFailure)
        lab._screen = RecordedScreen(replay, lab.journal)
        return
    ask = noted_answers(_Answers(replay), lab.journal)
    lab._draw = ask
    lab.phone, lab.inbox = OwnPhone(lab.aliases, ask), OwnInbox(lab.aliases, ask)
    if lab.settings.virtual_phone:
        from auth0_mfa_lab.virtual_phone import replay_virtual_phone

        replay_virtual_phone(lab, replay)
    if not recording.is_ours:
        lab._box = NotedHost(host, lab.journal)


def _named(recording: Recording, host: Host | None, domain: str) -> str:
    if not recording.is_ours:
        return (
            f"Lab on the recording {recording.name} of {domain}: nothing is sent anywhere. {recording.by} wrote it, so "
            f"it has the application's {len(recording.exchanges)} calls alone: the messages, the codes and the users "
            "beside them, and what was done on the phone, are not in it."
        )
    of = f"the live tenant {domain}"
    if host is not None:
        seen = any(each.kind == "settings" for each in recording.happenings)
        of = f"the sandbox tenant {domain}" + (f" (profile {host.inside().profile})" if seen else "")
    return f"Lab on the recording {recording.name} of {of}: nothing is sent anywhere."


class _Answers:
    """What the person typed when the run was recorded."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay

    def __call__(self, question: str) -> str:
        found = self._replay.happened("asked", lambda data: data["question"] == question)
        # Another tool's recording has no question, but it has the code as it was sent afterwards.
        answer = str(found.data["answer"]) if found else self._replay.code_to_come()
        if answer is None:
            raise missing(self._replay, "code that was typed here", "leave this step out")
        return answer


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
