"""A recorded run as a tenant: it answers step by step, and says what differs when a request is another one.

A request is the recorded one if it is the same but for its secrets. A secret that an answer, a message or the phone
gave must be that one. What the application brings itself (a password, an assertion) may be another, as long as it is
the same one each time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx

from auth0_mfa_lab import errors
from auth0_mfa_lab.clock import LabClock, RealClock, SandboxClock
from auth0_mfa_lab.errors import ControlRefused, LabError, NothingWasSent
from auth0_mfa_lab.secrets.aliases import Aliases, is_short
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.secrets.kinds import secrets_of
from auth0_mfa_lab.secrets.standins import texts_in
from auth0_mfa_lab.settings import Settings, TenantKind
from auth0_mfa_lab.wire.exchange import Failure, Json, Recorded, Request, Response, leaves, place_of, plain_data
from auth0_mfa_lab.wire.har import Recording
from auth0_mfa_lab.wire.journal import OperationCall
from auth0_mfa_lab.wire.received import NOTES

if TYPE_CHECKING:
    from auth0_mfa_lab.lab import Lab
    from auth0_mfa_lab.tenants.tables import SandboxInfo

BARS = "This is a recording: its phone does again what lab.phone did then, and nothing here can be pressed."
_APPLICATIONS = ("client_id", "client_secret", "mgmt_client_id", "mgmt_client_secret", "mgmt_domain", "audience")
_LIVE = ("username", "password", "phone_number", "email", "realm")
_SETTINGS = (*_APPLICATIONS, "public_client_id", *_LIVE)
"""What of a tenant's facts is a setting under the same name; a sandbox has no user of the settings'."""
_IN_ORDER = frozenset({"add_user", "add_phone", "enroll"})
"""What each time gives something new: a replay gives it in the order of the recording, wherever that was."""
_EMPTY: Mapping[str, Json] = {"messages": {"messages": []}, "pushes": {"pushes": []}}
"""What a replay says of these where the recorded run did not look."""
_LACKS = {
    "add_user": "further user with these factors",
    "limits": "limits of this user here",
    "settings": "settings of the tenant",
    "prompt": "code that was typed here",
}
_HEADERS = ("authorization", "dpop", "mfa-dpop", "x-request-language")
_LONGEST = 120


def facts_of(lab: Lab) -> Mapping[str, Json]:
    """Return the tenant of a lab, and its applications: all that a replay needs to begin."""
    settings, is_live = lab.settings, lab.settings.tenant == "live"
    facts = {
        "kind": settings.tenant,
        "domain": lab.domain,
        "origin": settings.origin,
        "people": lab.aliases.people,
        "begins": lab.clock.now(),
        "virtual_phone": settings.virtual_phone or None,
        **{name: getattr(settings, name) for name in _SETTINGS if is_live or name not in _LIVE},
    }
    # A Secret as its text.
    return {name: str(each) if isinstance(each, str) else each for name, each in facts.items() if each is not None}


def facts_in(recording: Recording) -> Mapping[str, Json]:
    """Return what another tool's recording tells: the tenant's host, the application and the user."""
    first = recording.exchanges[0]
    url = urlsplit(str(first.request.url))
    known = {"domain": url.netloc, "origin": f"{url.scheme}://{url.netloc}", "begins": first.at}
    for each in reversed(recording.exchanges):
        data = plain_data(each.request)
        if each.speaker == "app" and isinstance(data, dict):
            names = ("client_id", "client_secret", "username", "password")
            known |= {name: data[name] for name in names if isinstance(data.get(name), str)}
    return {"kind": "live", "people": True, **known}


def settings_of(facts: Mapping[str, Json]) -> Settings:
    """Return settings with which a lab is as it was when the run was recorded."""
    values = {f"AUTH0_{name.upper()}": facts[name] for name in ("domain", *_SETTINGS) if name in facts}
    values["AUTH0_LAB_SHOW_PEOPLE"] = str(int(not facts["people"]))
    values["AUTH0_LAB_VIRTUAL_PHONE"] = str(int(bool(facts.get("virtual_phone"))))
    # A served sandbox without TLS is the one kind whose address is plain.
    plain: TenantKind = "served" if facts["origin"].startswith("http://") else "sandbox"
    return Settings.of_values(values, "live" if facts["kind"] == "live" else plain)


def first_line(recording: Recording, sandbox: SandboxInfo | None, domain: str) -> str:
    """Return the line that names a lab's recording, and its tenant."""
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


class Replay(httpx.BaseTransport):
    """Where a replay stands: it answers each request and each operation, and is the time, which answers move."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.facts = recording.tenant or facts_in(recording)
        self.aliases = Aliases()  # the lab's, once there is one
        self._now = float(self.facts["begins"])
        is_live = self.facts["kind"] == "live"
        self.clock: LabClock = RealClock(sleep=self.advance, now=self.now) if is_live else SandboxClock(self)
        self._played = 0
        self._used: set[int] = set()
        # What the recording gave: a request that sends it back must send this.
        self._given: set[str] = set()
        # What the application brought: the recorded value, and the one that stands for it.
        self._brought: dict[str, str] = {}

    def now(self) -> float:
        """Return the time in epoch seconds."""
        return self._now

    stamp = now

    def advance(self, seconds: float) -> None:
        """Move the time forward."""
        self._now += seconds

    # -- the requests

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the recorded answer, or fail as was recorded; LabError for a request that was not recorded there."""
        sent, exchanges = Request.of(request), self.recording.exchanges
        if self._played == len(exchanges):
            after = f"exchange {self._played}" if self._played else "no exchange at all"
            raise LabError(
                f"{self.recording.name} ends after {after}, and {self._call(sent)} was sent after that: record the run "
                'again with it, and save it with lab.export("har").'
            )
        following = exchanges[self._played]
        differing, pairs = self._compared(following.request, sent)
        if differing:
            raise self._other(following, sent)
        self._brought |= pairs
        self._played += 1
        self._given.update(self._secrets_of(following.response))
        self._now = max(self._now, following.at)
        response, failure = following.response, following.failure or Failure("ConnectError", "")
        if response is None:
            kind = getattr(httpx, failure.kind, None)
            error = kind if isinstance(kind, type) and issubclass(kind, httpx.RequestError) else httpx.ConnectError
            raise error(failure.said, request=request)
        body = bytes(response.body)
        for old, new in self._brought.items():
            body = body if is_short(old) else body.replace(old.encode(), new.encode())
        answer = httpx.Response(response.status, content=body, request=request)
        # Set when the body has been read: one of them may say how it was packed on its way.
        answer.headers = httpx.Headers([(name, str(value)) for name, value in response.headers])
        answer.extensions |= {"reason_phrase": response.reason.encode("ascii", "replace"), NOTES: following.notes}
        return answer

    def _other(self, following: Recorded, sent: Request) -> LabError:
        """Return the error for a request that does not come next; it names the recorded one that differs least."""
        name, place = self.recording.name, f"exchange {following.number}"
        asked, next_call = self._call(sent), self._call(following.request)
        if following.speaker == "phone" and asked != next_call:
            return LabError(
                f"{asked} was sent, and {place} of {name} is the phone's ({next_call}): let lab.phone do what it did "
                "there first."
            )
        spoken = [each for each in self.recording.exchanges if each.speaker == "app" or each is following]
        nearest, differing = min(
            ((each, self._compared(each.request, sent)[0]) for each in spoken),
            key=lambda pair: ("the path" in pair[1], len(pair[1]), abs(pair[0].number - following.number)),
        )
        why = "; ".join([*differing.values()][:3]) or "they are equal, but it is not its turn"
        if nearest is following:
            return LabError(f"{asked} is not {place} of {name} ({next_call}), which comes next: {why}.")
        when = "has been answered already" if nearest.number <= self._played else "comes later"
        return LabError(
            f"{asked} was sent, and {place} of {name}, which comes next, is {next_call}. Nearest to it is exchange "
            f"{nearest.number}, which {when}: {why}."
        )

    def _call(self, request: Request) -> str:
        return f"{request.method} {self.aliases.mask(str(request.target))}"

    def _compared(self, recorded: Request, sent: Request) -> tuple[dict[str, str], dict[str, str]]:
        """Return the parts in which a request differs, each with a sentence; and which secrets stand for which."""
        ours, theirs = parts_of(recorded), parts_of(sent)
        pairs: dict[str, str] = {}
        differing = [part for part in {**ours, **theirs} if not self._same(ours.get(part), theirs.get(part), pairs)]
        kinds = self._secrets_of(sent) if differing else {}
        sentences: dict[str, str] = {}
        for part in differing:
            now = self._shown(theirs[part], kinds, "another ") if part in theirs else "missing"
            then = self._shown(ours[part], self._secrets, "a recorded ") if part in ours else ""
            sentences[part] = f"{part} is {now}, and was {then or 'not sent when it was recorded'}"
        return sentences, pairs

    def _same(self, recorded: str | None, sent: str | None, pairs: dict[str, str]) -> bool:
        """Say whether a part is as recorded; only a secret that the recording did not give may have a stand-in."""
        if recorded is None or sent is None or recorded == sent:
            return recorded == sent
        cut = _cut(recorded, self._secrets)
        found = re.fullmatch("".join("(.+)" if kind else re.escape(piece) for piece, kind in cut), sent, re.DOTALL)
        for one, other in zip([piece for piece, kind in cut if kind], found.groups() if found else (), strict=False):
            known = {**self._brought, **pairs}
            is_taken = other in known.values() and one not in known
            if other != one and (self._given & {one, other} or is_taken or known.setdefault(one, other) != other):
                return False
            if other != one:
                pairs[one] = other
        return found is not None

    def _shown(self, text: str, secrets: Mapping[str, str], unknown: str) -> str:
        """Return a part masked; a secret that no exchange of the lab has had is `unknown`, with its kind."""
        shown = ""
        for piece, kind in _cut(text, secrets):
            alias = self.aliases.known(self._brought.get(piece, piece))
            shown += alias.shown if alias else self.aliases.mask(piece) if kind is None else f"<{unknown}{kind}>"
        return (shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…") or '""'

    @cached_property
    def _secrets(self) -> Mapping[str, str]:
        """The secrets of the recording, each with its kind."""
        messages = [message for each in self.recording.exchanges for message in (each.request, each.response)]
        return {value: kind for message in messages for value, kind in self._secrets_of(message).items()}

    def _secrets_of(self, message: Request | Response | None) -> dict[str, str]:
        url = message.url if isinstance(message, Request) else ""
        found = secrets_of(message, url=url, people=self.aliases.people) if message else ()
        return {str(value): kind for kind, value in found if str(value).strip()}

    # -- the operations

    def ask(self, operation: str, /, **arguments: Json) -> Json:
        """Return what an operation returned when it was asked for here, or last before; raises what it raised."""
        if operation == "add_user" and not self.recording.is_ours:
            # The user of another tool's recording is the one of its first login.
            if not {"username", "password"} <= self.facts.keys():
                raise self._missing("login with a password")
            user = {name: self.facts.get(name) for name in ("username", "password", "phone_number", "email")}
            return {**user, "recovery_code": None, "barcodes": []}
        found = self._operation(operation, arguments)
        if found is not None:
            if (refused := found.refused) is None:
                return found.result
            kind = getattr(errors, refused["error"], LabError)
            raise kind(refused["said"], refused["status"]) if kind is ControlRefused else kind(refused["said"])
        if "address" in arguments:
            raise NothingWasSent(
                f"{self.recording.name} has no message to this address here: it has those that the recorded run read "
                "with lab.inbox.latest(...)."
            )
        if operation in _EMPTY:
            return _EMPTY[operation]
        # Another tool's recording has no question, but the first code that the application sends from here on.
        for each in self.recording.exchanges[self._played :] if operation == "prompt" else ():
            data = plain_data(each.request) if each.speaker == "app" else None
            for code in (data.get("otp"), data.get("binding_code")) if isinstance(data, dict) else ():
                if isinstance(code, str):
                    return code
        raise self._missing(_LACKS.get(operation, operation))

    def _operation(self, name: str, arguments: Mapping[str, Json]) -> OperationCall | None:
        """Return the next operation of a name, or the one that had these arguments here, or else last before."""
        named = ((number, each) for number, each in enumerate(self.recording.operations) if each.operation == name)
        alike = [pair for pair in named if pair[1].arguments == arguments]
        found = [pair for pair in alike if pair[0] not in self._used]
        if name not in _IN_ORDER:
            here = [pair for pair in found if pair[1].after == self._played]
            found = here or [pair for pair in alike if pair[1].after <= self._played][-1:]
        for number, each in found[:1]:
            self._used.add(number)
            self._given.update(text for _, text in texts_in(each.result) if text.strip())
            return each
        return None

    def _missing(self, what: str) -> LabError:
        """Return the error for what the recording does not have, with what to do instead."""
        by, instead = self.recording.by, "record the run again with this step in it"
        if not self.recording.is_ours:
            what, instead = f"{what} (it was written by {by}, which does not record such things)", "leave this step out"
        return LabError(f"{self.recording.name} has no {what}: {instead}.")


def parts_of(request: Request) -> dict[str, str]:
    """Return the parts of a request that count, by what a reader calls them: its path, its fields, some headers."""
    url = urlsplit(str(request.url))
    parts = {"the method": request.method, "the host": url.netloc, "the path": unquote(url.path)}
    parts |= {f"the query's {name}": value for name, value in parse_qsl(url.query, keep_blank_values=True)}
    parts |= {f"the header {name}": str(value) for name in _HEADERS if (value := request.header(name))}
    if request.body:
        parts["the content-type"] = request.media_type
        data = plain_data(request)
        is_apart = isinstance(data, dict | list)
        ends = {place_of(path): each for path, each in leaves(data)} if is_apart else {"the body": str(request.text)}
        parts |= {place: each if isinstance(each, str) else json.dumps(each) for place, each in ends.items()}
        # The signed answer of a phone is another at each signing; what it says must be the same.
        verdict = claims_of(parts.get("challenge_response", "")) or {}
        named = {"accepted": "auth0_guardian_accepted", "the reason": "auth0_guardian_reason"}
        parts |= {part: json.dumps(verdict[claim]) for part, claim in named.items() if claim in verdict}
    return parts


def _cut(text: str, secrets: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """Cut a text into its secrets, each with its kind, and what stands between them, which has none."""
    if text in secrets:
        return [(text, secrets[text])]
    for secret in sorted((each for each in secrets if len(each) > 3 and each in text), key=len, reverse=True):
        before, _, after = text.partition(secret)
        return [*_cut(before, secrets), (secret, secrets[secret]), *_cut(after, secrets)]
    return [(text, None)]
