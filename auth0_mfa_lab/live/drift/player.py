"""A recorded run, played on a sandbox: each request in its turn and time, with what the person did in between.

A request is sent with the sandbox's applications, people, codes and values in the place of the live tenant's.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, urlencode

import httpx
import pyotp

from auth0_mfa_lab.live.drift.calls import CHALLENGE, LIST, LOGINS, MANAGEMENT, Call, member
from auth0_mfa_lab.live.drift.compare import Found, by_kind, compare
from auth0_mfa_lab.live.drift.scenario import Person, Scenario
from auth0_mfa_lab.sandbox import Sandbox, User, enroll_factors
from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.mfa.factors import PERIOD, otp_candidates, recovery_of, state_of, step_key
from auth0_mfa_lab.sandbox.records import Api, Login
from auth0_mfa_lab.sandbox.settings import CONNECTIONS
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.wire.exchange import Body, Json, Response, plain_data
from auth0_mfa_lab.wire.replay import secrets_by_kind

_KEPT = (
    *("content-type", "accept", "accept-language", "x-request-language", "auth0-forwarded-for", "auth0-client"),
    *("dpop", "mfa-dpop"),
)
_FORM = "application/x-www-form-urlencoded"
_NOT_EMULATED = re.compile(r"The sandbox does not emulate (.*) yet\. Auth0 does: this answer is not Auth0's\.")
_OF_PEOPLE = (
    *("username", "email", "phone_number", "name", "nickname", "picture", "sub", "user_id"),
    *("otp", "binding_code", "code"),
)
"""The kinds of values that a person has, or types."""
_LONG_ENOUGH = 6


class _NotGiven(Exception):
    """A request needs a value that the live tenant gave and the sandbox did not; carries it."""

    def __init__(self, value: str) -> None:
        super().__init__("not given")
        self.value = value


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One exchange, played again: where it differs, or why (`skipped`) it was not compared."""

    call: Call = field(repr=False)
    sandbox: Response | None = field(default=None, repr=False)
    found: tuple[Found, ...] = ()
    skipped: str = ""


class Player:
    """Plays one scenario on a fresh sandbox; `aliases` learn each secret of it as it passes."""

    def __init__(self, scenario: Scenario, aliases: Aliases) -> None:
        """Open a sandbox that is set as the tenant was, with its APIs and its people."""
        self._scenario, self._aliases = scenario, aliases
        self._box = box = Sandbox(domain=scenario.domain, clock=Clock(scenario.begins))
        self._tenant, self._own = box.tenant, box.defaults
        self._tenant.settings = replace(self._tenant.settings, **scenario.settings)
        self._http = httpx.Client(transport=box.transport, base_url=f"https://{scenario.domain}")
        self._phone = box.new_phone(self._http)
        self._pairs: dict[str, str] = {}
        """What of the sandbox's stands for a value of the live tenant's: both answers had them in the same place."""
        self._given: set[str] = set()
        self._codes: dict[str, str] = {}
        self._barcodes: dict[str, str] = {}
        """What the person may scan later, "" for a challenge, by its oob_code."""
        for identifier, scopes in scenario.apis.items():
            if self._tenant.api(identifier) is None:
                self._tenant.add_api(Api(identifier=identifier, scopes=tuple(sorted(scopes))))
        for person, start in scenario.people.items():
            user, connection = self._user(person), next((each for each in CONNECTIONS if each == person.realm), None)
            if user is None and connection:
                user = self._tenant.passwordless_user(connection, person.name)
            elif user is None:
                user = box.add_user(username=person.name, phone_number=start.phone_number, email=start.email)
            _, barcodes = enroll_factors(self._tenant, user, start.factors, client_id=self._own.client_id)
            box.enroll(barcodes, self._phone)

    def steps(self) -> Iterator[Step]:
        """Yield what came of each exchange."""
        now = self._scenario.begins
        for call in self._scenario.calls:
            self._box.clock.advance(max(call.at - now, 0.0))
            now = max(call.at, now)
            yield self._step(call)

    def _step(self, call: Call) -> Step:
        if why := call.why_not_comparable:
            return Step(call=call, skipped=why)
        kinds = secrets_by_kind(call.response, people=True) if call.response else {}
        try:
            answer = self._by_phone(call) if call.is_phone else self._by_app(call)
        except _NotGiven as missing:
            answer, why = None, f"it needs {self._aliases.mask(missing.value)}, which the sandbox did not give"
        else:
            why = "" if answer else "it is the phone's, and the sandbox's phone had no such thing to do"
        if answer and answer.status_code == 501 and (named := _NOT_EMULATED.search(answer.text)):
            why = f"the sandbox does not emulate {self._aliases.mask(named[1])}"
        # A value of a person's need not have come from an answer.
        self._given |= {each for each, kind in kinds.items() if len(each) >= _LONG_ENOUGH and kind not in _OF_PEOPLE}
        if why or answer is None or call.response is None:
            return Step(call=call, skipped=why)
        sandbox = Response(
            status=answer.status_code,
            reason=answer.reason_phrase,
            headers=tuple((name.lower(), value) for name, value in answer.headers.multi_items()),
            body=Body(answer.content),
        )
        theirs = secrets_by_kind(sandbox, people=True)
        for value, kind in theirs.items():
            self._aliases.learn(kind, value)
        self._pair(call.data, plain_data(sandbox), kinds)
        if oob_code := member(plain_data(sandbox), "oob_code"):
            self._barcodes[oob_code] = member(plain_data(sandbox), "barcode_uri")
        found = compare(call.response, sandbox, people=kinds.keys() | theirs.keys(), translate=self._translated)
        return Step(call=call, sandbox=sandbox, found=found)

    # -- which value of the sandbox's stands for which of the live tenant's

    def _pair(self, live: Json, sandbox: Json, secrets: Mapping[str, str], name: str = "") -> None:
        if isinstance(live, dict) and isinstance(sandbox, dict):
            for each in live.keys() & sandbox.keys():
                self._pair(live[each], sandbox[each], secrets, each)
        elif isinstance(live, list) and isinstance(sandbox, list):
            theirs = by_kind(sandbox)
            for kind, entries in by_kind(live).items():
                for one, other in zip(entries, theirs.get(kind, ()), strict=False):
                    self._pair(one, other, secrets, name)
        elif isinstance(live, str) and isinstance(sandbox, str) and (live in secrets or re.fullmatch("(.*_)?id", name)):
            self._pairs[live] = sandbox
            # Whose token it is comes back in paths of the Management API.
            one, other = (member(claims_of(each), "sub") for each in (live, sandbox))
            if one and other:
                self._pairs.setdefault(one, other)

    def _value(self, live: Json) -> Json:
        """Return JSON with what stands for each text in it; _NotGiven for one that has nothing."""
        if isinstance(live, Mapping):
            return {name: self._value(each) for name, each in live.items()}
        if isinstance(live, list):
            return [self._value(each) for each in live]
        if live in self._given and live not in self._pairs:
            raise _NotGiven(live)
        return self._pairs.get(live, live) if isinstance(live, str) else live

    def _translated(self, text: str) -> str:
        there = (each for each in self._pairs if len(each) >= _LONG_ENOUGH and each in text)
        for live in sorted(there, key=len, reverse=True):
            text = text.replace(live, self._pairs[live])
        return text

    # -- the request, as it is sent to the sandbox

    def _by_app(self, call: Call) -> httpx.Response:
        # Before it is written: what the person does may move what is right.
        self._let_the_person_act(call)
        path = "/".join(quote(self._part(unquote(part), call), safe="") for part in call.path.split("/"))
        query = urlencode([(name, self._value(value)) for name, value in call.query])
        headers = [(name, str(value)) for name, value in call.request.headers if name in _KEPT]
        if authorization := self._authorization(call):
            headers.append(("authorization", authorization))
        url = f"https://{self._scenario.domain}{path}{'?' if query else ''}{query}"
        request = httpx.Request(call.method, url, headers=headers, content=self._body(call))
        answer = self._box.transport.handle_request(request)
        answer.read()
        return answer

    def _part(self, part: str, call: Call) -> str:
        """Return one part of a path."""
        if part in self._scenario.applications:
            return self._application(part, None)[0]
        is_user = f"{MANAGEMENT}users/{quote(part, safe='')}" in call.path
        if is_user and part and part not in self._pairs and call.granted:
            # Somebody has typed an id that no answer has told: it is the person's who logs in, or anybody's.
            user = next((self._user(each) for each in self._scenario.people), None)
            self._pairs[part] = user.user_id if user else self._own.user_id
        return str(self._value(part))

    def _authorization(self, call: Call) -> str:
        if call.is_basic:
            client_id, secret = self._application(call.client_id, call.client_secret)
            return "Basic " + base64.b64encode(f"{quote(client_id)}:{quote(secret or '')}".encode()).decode()
        if not call.bearer:
            return str(call.request.header("authorization") or "")
        is_management = call.path.startswith(MANAGEMENT) and call.bearer not in self._pairs
        if is_management and call.status not in (401, 403):
            # The run's own token came from elsewhere.
            self._pairs[call.bearer] = self._management_token()
        return f"Bearer {self._value(call.bearer)}"

    def _management_token(self) -> str:
        machine = {"client_id": self._own.mgmt_client_id, "client_secret": self._own.mgmt_client_secret}
        audience = f"https://{self._scenario.domain}{MANAGEMENT}"
        asked = {"grant_type": "client_credentials", "audience": audience, **machine}
        return str(self._http.post("/oauth/token", json=asked).json()["access_token"])

    def _body(self, call: Call) -> bytes:
        if not call.sent:
            data = call.request.raw_data()
            return json.dumps(self._value(data)).encode() if isinstance(data, list) else bytes(call.request.body)
        fields = {name: self._field(name, value, call) for name, value in call.sent.items()}
        if "client_assertion" in fields and call.client_id in self._scenario.applications:
            # Nobody has the key that signed it: the sandbox's application proves itself by its secret.
            fields = {name: value for name, value in fields.items() if not name.startswith("client_assertion")}
            fields["client_secret"] = self._own.client_secret
        return (urlencode(fields) if call.request.media_type == _FORM else json.dumps(fields)).encode()

    def _field(self, name: str, value: Json, call: Call) -> Json:
        """Return what stands for one field of a body."""
        text = member(call.sent, name)
        if name in ("client_id", "client_secret") and call.client_id:
            return self._application(call.client_id, call.client_secret)[name == "client_secret"]
        if name in ("otp", "binding_code", "recovery_code") and text:
            return self._code(name, text, call)
        if call.grant in LOGINS[:2] and name == "password" and call.error != "invalid_grant":
            user = self._user(Person(realm="", name=member(call.sent, "username")))
            return user.password if user else value
        if call.grant in LOGINS[:2] and name == "realm" and call.was_right:
            return self._own.realm
        if name == "audience" and text.endswith((MANAGEMENT, "/mfa/")) and call.was_right:
            # The canonical domain, where the calls go to a custom one.
            return f"https://{self._scenario.domain}{'/mfa/' if text.endswith('/mfa/') else MANAGEMENT}"
        return self._value(value)

    def _application(self, client_id: str, secret: str | None) -> tuple[str, str | None]:
        """Return the sandbox's application for one of the live tenant's; a wrong secret stays wrong."""
        own, (role, right) = self._own, self._scenario.applications.get(client_id, ("", None))
        known = {
            "app": (own.client_id, own.client_secret),
            "machine": (own.mgmt_client_id, own.mgmt_client_secret),
            "public": (own.public_client_id, None),
        }.get(role, (client_id, secret))
        return known if secret is not None and secret == right else (known[0], secret)

    def _code(self, name: str, live: str, call: Call) -> str:
        """Return the code to send: what the person would read in this sandbox, where the live one was right."""
        if live in self._pairs:
            return self._pairs[live]
        login = self._login(member(call.sent, "mfa_token"))
        if name == "binding_code":
            transaction = self._tenant.transactions.oob_codes.get(self._pairs.get(member(call.sent, "oob_code"), ""))
            code = transaction.code if transaction else None
        elif name == "recovery_code":
            entry = recovery_of(self._tenant, login.request.user_id) if login else None
            code = entry.secret if entry else None
        elif call.grant == LOGINS[-1]:
            messages = reversed(self._box.delivery.messages(member(call.sent, "username")))
            code = next((each.code for each in messages if each.purpose == "passwordless" and each.code), None)
        else:
            code = self._otp(login)
        if call.was_right and code:
            self._codes[live] = code  # a code that is sent again later is the same one again
        return self._codes.get(live) or (live if live != code else live[:-1] + ("1" if live[-1] == "0" else "0"))

    def _otp(self, login: Login | None) -> str | None:
        """Return the oldest code of an authenticator app that is still good."""
        current = int(self._box.clock.now()) // PERIOD
        for entry in otp_candidates(self._tenant, login) if login else ():
            newest = self._tenant.otp_steps.get(step_key(login.request.user_id, entry.secret or "")) if login else None
            for step in (current - 1, current):
                if newest is None or step > newest:
                    return pyotp.TOTP(entry.secret or "").generate_otp(step)
        return None

    def _login(self, live: str) -> Login | None:
        """Return the login behind the live tenant's mfa_token or MFA access token."""
        token = self._pairs.get(live, "")
        return self._tenant.transactions.logins.get(token) or self._tenant.access_login(token)

    def _user(self, person: Person) -> User | None:
        wanted = person.realm if person.realm in CONNECTIONS else self._own.realm
        users = (each for each in self._tenant.users.values() if each.connection == wanted)
        return next((each for each in users if each.username.lower() == person.name.lower()), None)

    # -- the person, and the phone

    def _let_the_person_act(self, call: Call) -> None:
        """Do on the phone what must have been done there before this answer."""
        oob_code = self._pairs.get(member(call.sent, "oob_code"), "")
        waits = self._awaits(oob_code)
        if waits == "scan" and call.granted:
            self._scan(oob_code)
        elif waits == "answer" and (call.granted or call.was_rejected):
            self._answer(oob_code, accepted=call.granted)
        elif not oob_code and call.granted and call.path in (LIST, CHALLENGE) and self._shows_a_scan(call):
            for begun in self._that_await("scan"):
                self._scan(begun)

    def _shows_a_scan(self, call: Call) -> bool:
        """Tell whether an answer has a confirmed push that the sandbox has not."""
        login = self._login(call.bearer or member(call.sent, "mfa_token"))
        active = [each for each in call.entries if each.get("active")]
        pushes = sum("auth0" in (each.get("oob_channel"), each.get("oob_channels")) for each in active)
        if call.path == CHALLENGE:
            pushes = int(call.said.get("challenge_type") == "oob" and "binding_method" not in call.said)
        there = self._tenant.authenticators.active_of(login.request.user_id) if login else ()
        return login is not None and pushes > sum(entry.kind == "push" for entry in there)

    def _by_phone(self, call: Call) -> httpx.Response | None:
        """Let the sandbox's phone do what a phone did in the recording: with what began last."""
        if call.path.endswith("/api/enroll") and (begun := self._that_await("scan")):
            return self._scan(begun[-1])
        if call.path.endswith("/api/resolve-transaction") and (waiting := self._that_await("answer")):
            claims = claims_of(member(call.sent, "challenge_response")) or {}
            return self._answer(waiting[-1], accepted=claims.get("auth0_guardian_accepted") is True)
        return None

    def _that_await(self, what: str) -> list[str]:
        return [each for each in self._barcodes if self._awaits(each) == what]

    def _awaits(self, oob_code: str) -> str | None:
        """Return what a push transaction still waits for: `scan` or `answer`; None for any other."""
        transaction = self._tenant.transactions.oob_codes.get(oob_code)
        is_push = transaction is not None and transaction.channel == "auth0"
        if transaction is None or not is_push or state_of(self._tenant, transaction) != "pending":
            return None
        return "scan" if transaction.purpose == "enroll" else "answer"

    def _scan(self, oob_code: str) -> httpx.Response | None:
        barcode = self._barcodes.get(oob_code)
        return self._phone.scan(barcode) if barcode else None

    def _answer(self, oob_code: str, *, accepted: bool) -> httpx.Response | None:
        transaction = self._tenant.transactions.oob_codes.get(oob_code)
        for push in self._phone.notifications:
            if transaction is not None and push.challenge == transaction.challenge:
                return self._phone.allow(push) if accepted else self._phone.reject(push=push)
        return None
