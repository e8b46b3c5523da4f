"""A recorded run, played on a sandbox: each request in its turn and time, with what the person did in between.

The sandbox has the live tenant's applications and people. What it draws itself (tokens, ids, codes) is sent in the
place of the live tenant's.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import httpx
import pyotp

from auth0_mfa_lab.sandbox import FACTORS, REALM, Sandbox
from auth0_mfa_lab.sandbox.app import ENDPOINTS
from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.guardian.phone import PhoneError
from auth0_mfa_lab.sandbox.management import MANAGEMENT_SCOPES
from auth0_mfa_lab.sandbox.mfa.api import otp_candidates, recovery_of, state_of
from auth0_mfa_lab.sandbox.oauth.api import OIDC_SCOPES
from auth0_mfa_lab.sandbox.operations import GRANTS
from auth0_mfa_lab.sandbox.records import Api, Client
from auth0_mfa_lab.sandbox.settings import CONNECTIONS
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.claims import claims_of, from_base64, mapped
from auth0_mfa_lab.secrets.kinds import secrets_of
from auth0_mfa_lab.tenants.replay import facts_in
from auth0_mfa_lab.wire.exchange import FORM, Body, Json, Recorded, Response, plain_data
from auth0_mfa_lab.wire.har import NO_BODY, Recording

MANAGEMENT, LIST, ASSOCIATE, CHALLENGE = "/api/v2/", "/mfa/authenticators", "/mfa/associate", "/mfa/challenge"
PASSWORDS, PASSWORDLESS = ("password", "password-realm"), "passwordless/otp"
"""The grants of a first factor, without their prefix."""
ABSENT = object()
_GRANT = "http://auth0.com/oauth/grant-type/"
_LONG_ENOUGH = 6
"""Characters of a value that is looked for inside a text."""


def member(data: Json, name: str) -> str:
    """Return a member of an object that is a text or a number; "" for any other."""
    value = data.get(name) if isinstance(data, dict) else None
    return str(value) if isinstance(value, str | int) else ""


def paired(live: Json, sandbox: Json, place: str = "") -> Iterator[tuple[str, Json, Json]]:
    """Yield what two bodies say at each place, down to where one of them ends."""
    if isinstance(live, dict) and isinstance(sandbox, dict):
        for name in live | sandbox:
            inside = f"{place}.{name}" if place else name
            yield from paired(live.get(name, ABSENT), sandbox.get(name, ABSENT), inside)
    elif isinstance(live, list) and isinstance(sandbox, list):
        ours, theirs = _by_kind(live), _by_kind(sandbox)
        for kind in ours | theirs:
            # How many entries without a kind there should be is not known.
            if kind and (kind not in ours or kind not in theirs):
                yield f"{place}[{kind}]", ours.get(kind, ABSENT), theirs.get(kind, ABSENT)
            for pair in zip(ours.get(kind, ()), theirs.get(kind, ()), strict=False):
                yield from paired(*pair, f"{place}[{kind}]")
    else:
        yield place or "body", live, sandbox


def _by_kind(entries: Sequence[Json]) -> dict[str, list[Json]]:
    """Return the entries of a list by their kind (`push`, `recovery-code`, or ""), the active ones of each first."""
    found: dict[str, list[Json]] = {}
    for each in sorted(entries, key=lambda each: member(each, "active") != "True"):
        prefix, _, rest = member(each, "id").partition("|")
        names = ("name",) if member(each, "enabled") else ("type", "authenticator_type", "auth_method")
        kind = prefix if rest.startswith("dev_") else next(filter(None, (member(each, name) for name in names)), "")
        found.setdefault("" if member(each, "log_id") else kind, []).append(each)
    return found


def _factor(name: str) -> str:
    """Return the factor of an authenticator's id, or of a channel."""
    name = name.partition("|")[0]
    return {"auth0": "push", "totp": "otp"}.get(name, name)


class Call:
    """One exchange: `sent` and `said` are its two bodies as objects ({} for any other), `data` is the whole answer.

    `endpoint` is the sandbox's, such as `DELETE /mfa/authenticators/{id}`, or "". `listed` are the factors of the
    confirmed authenticators in a list, `factor` is the one that is enrolled, challenged or proven, or "".
    """

    def __init__(self, recorded: Recorded) -> None:
        """Take an exchange apart."""
        self.number, self.at, self.is_phone = recorded.number, recorded.at, recorded.speaker == "phone"
        self.request, self.response, self.failure = recorded.request, recorded.response, recorded.failure
        self.is_cut = NO_BODY in recorded.notes
        self.data: Json = plain_data(self.response) if self.response else None
        bodies = plain_data(self.request), self.data
        self.sent, self.said = (each if isinstance(each, dict) else {} for each in bodies)
        url = urlsplit(str(self.request.url))
        self.method, self.path, self.query = self.request.method, url.path or "/", url.query
        called = f"{self.method} {self.path}"
        shaped = (each for each in ENDPOINTS if re.fullmatch(re.sub(r"{\w+}", "[^/]+", each), called))
        self.endpoint = called if called in ENDPOINTS else next(shaped, "")
        self.status = self.response.status if self.response else 0
        self.error, self.grant = member(self.said, "error"), member(self.sent, "grant_type").removeprefix(_GRANT)
        self.granted = 0 < self.status < 300 and "error" not in self.said
        self.was_right = self.granted or self.error == "mfa_required"  # its password, or its code
        scheme, _, credentials = str(self.request.header("authorization") or "").partition(" ")
        self.bearer = credentials.strip() if scheme.lower() == "bearer" else ""
        self.client_id, self.client_secret = member(self.sent, "client_id"), member(self.sent, "client_secret")
        if scheme.lower() == "basic":
            with suppress(ValueError):
                pair = from_base64(credentials).decode().partition(":")
                self.client_id, self.client_secret = unquote(pair[0]), unquote(pair[2])
        entries = self.data if self.path == LIST and isinstance(self.data, list) else []
        self.listed = [_factor(member(each, "id")) for each in entries if member(each, "active") == "True"]
        self.factor = ""
        if self.path == ASSOCIATE:
            channels = self.sent.get("oob_channels") or self.sent.get("authenticator_types")
            self.factor = _factor(str(channels[0] if isinstance(channels, list) and channels else channels))
        elif self.grant == "mfa-otp" or (self.path == CHALLENGE and self.said.get("challenge_type") != "oob"):
            self.factor = "otp"
        elif self.path == CHALLENGE:
            guessed = "sms" if "binding_method" in self.said else "push"
            self.factor = _factor(member(self.sent, "authenticator_id") or member(self.sent, "oob_channel") or guessed)

    @property
    def name(self) -> str:
        """The name in a report: the endpoint, with the grant where that is one of several; no id is in it."""
        if not self.endpoint:
            return f"{self.method} {re.sub(r'/(?!v[0-9]/)[^/]*(?:[0-9]|%|[|]|@)[^/]*', '/{id}', self.path)}"
        if self.path != "/oauth/token" or not self.grant:
            return self.endpoint
        return f"{self.endpoint} ({self.grant if re.fullmatch('[a-z/_-]{1,40}', self.grant) else 'another grant'})"


# -- what a recording tells of its tenant: its settings, its users and their factors


def settings_of(calls: Sequence[Call]) -> dict[str, Json]:
    """Return a sandbox's settings: as they were read before they were changed, or else as what worked tells."""
    first: dict[str, Call] = {}
    worked: set[str] = set()
    for call in calls:
        first.setdefault(call.path.removeprefix(f"{MANAGEMENT}guardian/"), call)
        worked.update(call.listed, [call.factor] if call.granted else ())
    read = {name: call for name, call in first.items() if call.method == "GET" and call.granted}
    factors = {"sms", "push-notification", "otp", "recovery-code", *worked.intersection({"email"})}
    types: Json = {"sms", *worked.intersection({"voice"})}
    if "factors" in read:
        factors = {member(each, "name") for each in read["factors"].data if member(each, "enabled") == "True"}
    if phone := read.get("factors/phone/message-types"):
        types = phone.said.get("message_types") or ()
    settings: dict[str, Json] = {"factors": frozenset(factors)}
    settings["message_types"] = tuple(each for each in ("sms", "voice") if each in types)
    if "policies" in read:
        settings["policy"] = next(iter(read["policies"].data), "never")
    return settings


def people_of(calls: Sequence[Call]) -> dict[tuple[str, str], list[Call]]:
    """Return each user of a login that was there before the run, by connection and name, with their calls."""
    theirs: defaultdict[tuple[str, str], list[Call]] = defaultdict(list)
    made: set[str] = set()
    person = None
    for call in calls:
        name = member(call.sent, "username")
        if call.granted and (call.method, call.path) == ("POST", f"{MANAGEMENT}users"):
            made |= {name, member(call.sent, "email")}
        if call.grant in PASSWORDS:
            person = (REALM, name) if call.error != "invalid_grant" else None
        elif call.grant == PASSWORDLESS:
            person = (member(call.sent, "realm"), name) if call.was_right else None
        if person and person[1] not in made:  # what follows a login is of its user
            theirs[person].append(call)
    return theirs


def factors_at_first(calls: Sequence[Call]) -> tuple[str, ...]:
    """Return the factors that a person had before the run, as their first list says, or else as what worked tells."""
    enrolled: Counter[str] = Counter()
    used: dict[str, None] = {}
    for call in (each for each in calls if each.granted):
        if (call.method, call.path) == ("GET", LIST):
            # A push brings codes, a number may be called where SMS is on, and the profile's own address lists itself.
            there = Counter(call.listed)
            there = there - Counter({"otp": there["push"], "voice": there["sms"], "email": 1}) - enrolled
            return tuple(each for each in FACTORS for _ in range(there[each]))
        if call.path == ASSOCIATE:
            enrolled[call.factor] += 1
        elif call.factor and not (enrolled[call.factor] or (call.factor == "otp" and enrolled["push"])):
            used[call.factor] = None
    return tuple(used)


class _NotGiven(Exception):
    """A request needs a value that the live tenant gave and the sandbox did not; carries it."""


class Player:
    """Plays one recording on a fresh sandbox; `aliases` learn each secret of both."""

    def __init__(self, recording: Recording, aliases: Aliases) -> None:
        """Open a sandbox that is set as the tenant was, with its applications, its APIs and its people."""
        facts = recording.tenant or facts_in(recording)
        self.domain = str(facts["domain"])
        self._aliases, self._box = aliases, Sandbox(domain=self.domain, clock=Clock(float(facts["begins"])))
        self._tenant, self._own = self._box.tenant, self._box.defaults
        self._http = httpx.Client(transport=self._box.transport, base_url=f"https://{self.domain}")
        self._phone = self._box.new_phone(self._http)
        self._pairs: dict[str, str] = {}
        """What of the sandbox's stands for a value of the live tenant's."""
        self._given: set[str] = set()
        self._barcodes: dict[str, str] = {}
        """What the person may scan later, by its oob_code."""
        self._calls = [Call(each) for each in recording.exchanges]
        said = [each for each in self._calls if each.response and not each.is_phone]
        self._tenant.settings = replace(self._tenant.settings, **settings_of(said))
        self._add_applications(said)
        added = [each.result for each in recording.operations if each.operation == "add_user" and each.result]
        noted = {each["username"]: each for each in added}
        ids = [self._added(*who, calls, noted.get(who[1], {})) for who, calls in people_of(said).items()]
        self._somebody = [*ids, self._own.user_id][0]
        """Whose id it is that no answer has told: the last one to log in."""

    def _add_applications(self, calls: Sequence[Call]) -> None:
        """Add the applications that were let in, and the APIs that were asked for."""
        secrets: dict[str, str] = {}
        apis: defaultdict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
        for call in calls:
            audience = member(call.sent, "audience")
            own = next((each for each in (MANAGEMENT, "/mfa/") if audience.endswith(each)), "")
            if call.was_right and own:
                # The canonical domain, where the calls go to a custom one.
                self._pairs[audience] = f"https://{self.domain}{own}"
            elif call.was_right and audience and not self._tenant.api(audience):
                scopes = {*member(call.sent, "scope").split()} - OIDC_SCOPES
                self._tenant.add_api(Api(identifier=audience, scopes=tuple(sorted(scopes))))
            if call.was_right and call.grant in PASSWORDS and (realm := member(call.sent, "realm")):
                self._pairs[realm] = self._own.realm
            is_shut_out = call.status == 401 and call.error in ("access_denied", "invalid_client")
            # An association needs no application: what it names is not looked at.
            if call.client_id and call.path != ASSOCIATE and not is_shut_out:
                # The key that signed an assertion is not recorded: its application proves itself by this secret.
                shown = self._own.client_secret if "client_assertion" in call.sent else call.client_secret
                secrets[call.client_id] = secrets.get(call.client_id) or shown
            if call.grant == "client_credentials" and call.granted:
                api = self._pairs.get(audience, audience)
                granted = member(call.said, "scope").split() or MANAGEMENT_SCOPES
                # A later token may have been asked for less.
                apis[call.client_id][api] = tuple(dict.fromkeys([*apis[call.client_id].get(api, ()), *granted]))
        for each, secret in secrets.items():
            self._tenant.clients[each] = Client(
                client_id=each,
                client_secret=secret or None,
                name="Application",
                grants=frozenset(GRANTS),
                apis=apis[each],
            )

    def _added(self, realm: str, name: str, calls: Sequence[Call], noted: Mapping[str, Json]) -> str:
        """Add a person with the factors from before the run, `noted` by the lab or told by the calls; return the id."""
        if realm in CONNECTIONS:
            user = self._tenant.passwordless_user(realm, name)
        elif found := [each for each in self._tenant.users_called(name) if each.connection == realm]:
            user = found[0]
        else:
            user = self._box.add_user(username=name, phone_number=noted.get("phone_number"), email=noted.get("email"))
        user = self._tenant.users[user.user_id] = replace(user, password=member(calls[0].sent, "password"))
        factors = noted["factors"] if noted else factors_at_first(calls)
        _, barcodes = self._box.enroll_factors(user, factors)
        self._box.enroll(barcodes, self._phone)
        return user.user_id

    def steps(self) -> Iterator[tuple[Call, Response | str]]:
        """Yield each exchange with the sandbox's answer, or with why it is not compared."""
        for call in self._calls:
            self._box.clock.advance(max(call.at - self._box.clock.now(), 0.0))
            limited = call.status == 429 and "too_many_requests" in (call.error, call.said.get("errorCode"))
            if call.response is None:
                yield call, f"there was no answer ({call.failure.kind if call.failure else 'none recorded'})"
            elif call.status >= 500:
                yield call, f"a gateway failed ({call.status})"
            elif limited:
                yield call, "the tenant's own rate limit answered (429 too_many_requests)"
            else:
                there = {value for _, value in secrets_of(call.response) if len(value) >= _LONG_ENOUGH}
                answer = self._step(call, there)
                yield call, NO_BODY if call.is_cut else answer
                self._given |= there

    def _step(self, call: Call, secrets: set[str]) -> Response | str:
        """Return what the sandbox answers, or why it cannot, and note what of it stands for the live tenant's."""
        try:
            answer = self._by_phone(call) if call.is_phone else self._by_app(call)
        except _NotGiven as missing:
            return f"it needs {self._aliases.mask(str(missing))}, which the sandbox did not give"
        except PhoneError:
            return "it is the phone's, and the sandbox's phone had no such thing to do"
        body = Body(answer.read())
        if answer.status_code == 501:  # "The sandbox does not emulate ... yet."
            return self._aliases.mask(f"the{answer.text.partition(' yet')[0][3:]}")
        headers = tuple((name.lower(), value) for name, value in answer.headers.multi_items())
        sandbox = Response(status=answer.status_code, reason=answer.reason_phrase, headers=headers, body=body)
        for kind, value in secrets_of(sandbox, people=True):
            self._aliases.learn(kind, value)
        data = plain_data(sandbox)
        for place, live, ours in paired(call.data, data):
            is_drawn = re.search(r"(^|[._])id$", place) or (isinstance(live, str) and live in secrets)
            if is_drawn and isinstance(live, str) and isinstance(ours, str):
                self._pairs[live] = ours
        if barcode := member(data, "barcode_uri"):
            self._barcodes[member(data, "oob_code")] = barcode
        return sandbox

    def translated(self, text: str) -> str:
        """Return a text of the live tenant's with the sandbox's values in it."""
        for live in sorted((each for each in self._pairs if len(each) >= _LONG_ENOUGH), key=len, reverse=True):
            text = text.replace(live, self._pairs[live])
        return text

    def _value(self, live: str) -> str:
        """Return what stands for a value of a request; _NotGiven where the sandbox gave nothing for it."""
        if live in self._given and live not in self._pairs:
            raise _NotGiven(live)
        return self._pairs.get(live, live)

    def _by_app(self, call: Call) -> httpx.Response:
        """Send the sandbox a request of the recording, with its own values in the place of the live tenant's."""
        # Before it is written: what the person does may move what is right.
        self._let_the_person_act(call)
        path = "/".join(quote(self._value(unquote(part)), safe="") for part in call.path.split("/"))
        query = [(name, self._value(value)) for name, value in parse_qsl(call.query, keep_blank_values=True)]
        headers = {name: str(value) for name, value in call.request.headers if name not in ("host", "content-length")}
        if call.bearer:
            headers["authorization"] = f"Bearer {self._value(call.bearer)}"
        data = mapped(plain_data(call.request), self._value)
        if "client_assertion" in call.sent and (client := self._tenant.clients.get(call.client_id)):
            data = {name: value for name, value in data.items() if not name.startswith("client_assertion")}
            data["client_secret"] = client.client_secret
        body = {"data" if call.request.media_type == FORM else "json": data}
        if data is None:
            body = {"content": bytes(call.request.body)}
        url = f"https://{self.domain}{path}"
        request = httpx.Request(call.method, url, params=urlencode(query), headers=headers, **body)
        return self._box.transport.handle_request(request)

    def _let_the_person_act(self, call: Call) -> None:
        """Do what must have been done on the phone before this answer, and note what was typed: codes, ids, tokens."""
        tenant, pairs = self._tenant, self._pairs
        token = pairs.get(call.bearer or member(call.sent, "mfa_token"), "")
        login = tenant.transactions.logins.get(token) or tenant.access_login(token)
        transaction = tenant.transactions.oob_codes.get(pairs.get(member(call.sent, "oob_code"), ""))
        if login:
            self._somebody = login.request.user_id
        is_scanned = False
        if transaction and transaction.channel == "auth0" and state_of(tenant, transaction) == "pending":
            is_refused = call.error in ("access_denied", "invalid_grant") or "reject" in str(call.said).lower()
            is_scanned = transaction.purpose == "enroll" and call.granted
            if transaction.purpose == "login" and (call.granted or is_refused):
                transaction.state = "approved" if call.granted else "rejected"
        elif login and call.granted and call.path in (LIST, CHALLENGE):
            there = tenant.authenticators.active_of(login.request.user_id)
            is_scanned = [*call.listed, call.factor].count("push") > sum(entry.kind == "push" for entry in there)
        for barcode in self._unscanned() if is_scanned else ():
            self._phone.scan(barcode)
        codes: dict[str, str | None] = {"binding_code": transaction.code if transaction else None}
        if call.grant == PASSWORDLESS:
            sent = reversed(self._box.delivery.messages(member(call.sent, "username")))
            codes["otp"] = next((each.code for each in sent if each.purpose == "passwordless" and each.code), None)
        elif login:
            recovery, now = recovery_of(tenant, login.request.user_id), int(self._box.clock.now())
            codes["recovery_code"] = recovery.secret if recovery else None
            codes["otp"] = next((pyotp.TOTP(each.secret or "").at(now) for each in otp_candidates(tenant, login)), None)
        if login and call.was_right and "otp" in call.sent:
            tenant.otp_steps.clear()  # it was right there: no code that was shown before is spent
        for name, code in codes.items():
            if code and call.was_right and (typed := member(call.sent, name)):
                pairs.setdefault(typed, code)
        named = re.match(f"{MANAGEMENT}users/([^/]+)", call.path)
        if named and call.granted:
            pairs.setdefault(unquote(named[1]), self._somebody)
        is_new = call.path.startswith(MANAGEMENT) and call.bearer and call.bearer not in pairs
        audience, is_refused = f"https://{self.domain}{MANAGEMENT}", member(call.said, "errorCode") == "Bearer"
        if is_new and member(call.said, "message").startswith("Expired token"):
            pairs[call.bearer] = tenant.tokens.signed(0, aud=audience)
        elif is_new and not is_refused and call.status not in (401, 403):
            client = {"client_id": self._own.mgmt_client_id, "client_secret": self._own.mgmt_client_secret}
            asked = {"grant_type": "client_credentials", "audience": audience, **client}
            pairs[call.bearer] = self._http.post("/oauth/token", json=asked).json()["access_token"]

    def _by_phone(self, call: Call) -> httpx.Response:
        """Let the sandbox's phone do what a phone did in the recording, with what began last."""
        barcodes = self._unscanned() if call.path.endswith("/api/enroll") else []
        if barcodes and (answer := self._phone.scan(barcodes[-1])):
            return answer
        if call.path.endswith("/api/resolve-transaction"):
            claims = claims_of(member(call.sent, "challenge_response")) or {}
            return self._phone.allow() if claims.get("auth0_guardian_accepted") is True else self._phone.reject()
        raise PhoneError

    def _unscanned(self) -> list[str]:
        """Return the barcodes of the pushes that are being enrolled."""
        begun = ((self._tenant.transactions.oob_codes.get(each), barcode) for each, barcode in self._barcodes.items())
        return [barcode for one, barcode in begun if one and state_of(self._tenant, one) == "pending"]
