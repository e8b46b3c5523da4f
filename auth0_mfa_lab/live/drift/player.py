"""A recorded run, played on a sandbox: each request in its turn and time, with what the person did in between.

The sandbox has the live tenant's applications and people. What it draws itself (tokens, ids, codes) is sent in the
place of the live tenant's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote, unquote, urlencode

import httpx
import pyotp

from auth0_mfa_lab.live.drift.compare import paired
from auth0_mfa_lab.live.drift.scenario import (
    CHALLENGE,
    LIST,
    MANAGEMENT,
    PASSWORDLESS,
    PASSWORDS,
    Call,
    clients_of,
    member,
    people_of,
    settings_of,
)
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.guardian.phone import PhoneError
from auth0_mfa_lab.sandbox.mfa.api import otp_candidates, recovery_of, state_of
from auth0_mfa_lab.sandbox.oauth.api import OIDC_SCOPES
from auth0_mfa_lab.sandbox.records import Api, Login, OobTransaction
from auth0_mfa_lab.sandbox.settings import CONNECTIONS
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.claims import claims_of, mapped
from auth0_mfa_lab.secrets.kinds import secrets_of
from auth0_mfa_lab.wire.exchange import Body, Response, plain_data
from auth0_mfa_lab.wire.har import Recording

_LONG_ENOUGH = 6
"""Characters of a value that is looked for inside a text."""


class _NotGiven(Exception):
    """A request needs a value that the live tenant gave and the sandbox did not; carries it."""


class Player:
    """Plays one recording on a fresh sandbox; `aliases` learn each secret of it as it passes."""

    def __init__(self, recording: Recording, aliases: Aliases) -> None:
        """Open a sandbox that is set as the tenant was, with its applications, its APIs and its people."""
        self._calls = calls = [Call(each) for each in recording.exchanges]
        said = [each for each in calls if each.response and not each.is_phone]
        self.domain = str(recording.tenant.get("domain") or (calls[0].request.host if calls else "tenant.example"))
        begins = float(recording.tenant.get("begins") or (calls[0].at if calls else 0.0))
        self._aliases, self._box = aliases, Sandbox(domain=self.domain, clock=Clock(begins))
        self._tenant, self._own = self._box.tenant, self._box.defaults
        self._tenant.settings = replace(self._tenant.settings, **settings_of(said))
        self._http = httpx.Client(transport=self._box.transport, base_url=f"https://{self.domain}")
        self._phone = self._box.new_phone(self._http)
        self._pairs: dict[str, str] = {}
        """What of the sandbox's stands for a value of the live tenant's."""
        self._given: set[str] = set()
        self._barcodes: dict[str, str] = {}
        """What the person may scan later, by its oob_code."""
        for call in (each for each in said if each.was_right):
            audience, realm = member(call.sent, "audience"), member(call.sent, "realm")
            if own := next((each for each in (MANAGEMENT, "/mfa/") if audience.endswith(each)), ""):
                # The canonical domain, where the calls go to a custom one.
                self._pairs[audience] = f"https://{self.domain}{own}"
            elif audience and not self._tenant.api(audience):
                scopes = {*member(call.sent, "scope").split()} - OIDC_SCOPES
                self._tenant.add_api(Api(identifier=audience, scopes=tuple(sorted(scopes))))
            if realm and call.grant in PASSWORDS:
                self._pairs[realm] = self._own.realm
        for client in clients_of(said, self._own.client_secret).values():
            apis = {self._pairs.get(each, each): scopes for each, scopes in client.apis.items()}
            self._tenant.clients[client.client_id] = replace(client, apis=apis)
        ids: list[str] = []
        for (realm, name), person in people_of(recording, said).items():
            if connection := next((each for each in CONNECTIONS if each == realm), None):
                user = self._tenant.passwordless_user(connection, name)
            elif found := [each for each in self._tenant.users_called(name) if each.connection == realm]:
                user = found[0]
            else:
                user = self._box.add_user(username=name, phone_number=person.phone_number, email=person.email)
            user = self._tenant.users[user.user_id] = replace(user, password=person.password)
            _, barcodes = self._box.enroll_factors(user, person.factors)
            self._box.enroll(barcodes, self._phone)
            ids.append(user.user_id)
        self._somebody = [*ids, self._own.user_id][0]
        """Whose id it is that no answer has told."""

    def steps(self) -> Iterator[tuple[Call, Response | str]]:
        """Yield each exchange with the sandbox's answer, or with why it is not compared."""
        for call in self._calls:
            self._box.clock.advance(max(call.at - self._box.clock.now(), 0.0))
            yield call, call.why_not_comparable or self._step(call)

    def _step(self, call: Call) -> Response | str:
        there = secrets_of(call.response) if call.response else ()
        secrets = {str(value) for _, value in there if len(value) >= _LONG_ENOUGH}
        try:
            answer = self._by_phone(call) if call.is_phone else self._by_app(call)
        except _NotGiven as missing:
            return f"it needs {self._aliases.mask(str(missing))}, which the sandbox did not give"
        except PhoneError:
            return "it is the phone's, and the sandbox's phone had no such thing to do"
        finally:
            self._given |= secrets
        content = answer.read()
        if answer.status_code == 501:  # "The sandbox does not emulate ... yet."
            return self._aliases.mask(f"the{answer.text.partition(' yet')[0][3:]}")
        sandbox = Response(
            status=answer.status_code,
            reason=answer.reason_phrase,
            headers=tuple((name.lower(), value) for name, value in answer.headers.multi_items()),
            body=Body(content),
        )
        for kind, value in secrets_of(sandbox, people=True):
            self._aliases.learn(kind, str(value))
        data = plain_data(sandbox)
        for place, live, ours in paired(call.data, data):
            if (
                isinstance(live, str)
                and isinstance(ours, str)
                and (live in secrets or re.search(r"(^|[._])id$", place))
            ):
                self._pairs[live] = ours
                # Whose token it is comes back in paths of the Management API.
                one, other = (member(claims_of(each), "sub") for each in (live, ours))
                if one and other:
                    self._pairs.setdefault(one, other)
        if barcode := member(data, "barcode_uri"):
            self._barcodes[member(data, "oob_code")] = barcode
        return sandbox

    def translated(self, text: str) -> str:
        """Return a text of the live tenant's with the sandbox's values in it."""
        there = (each for each in self._pairs if len(each) >= _LONG_ENOUGH and each in text)
        for live in sorted(there, key=len, reverse=True):
            text = text.replace(live, self._pairs[live])
        return text

    def _value(self, live: str) -> str:
        """Return what stands for a value of a request; _NotGiven where the sandbox gave nothing for it."""
        if live in self._given and live not in self._pairs:
            raise _NotGiven(live)
        return self._pairs.get(live, live)

    # -- a request, as it is sent to the sandbox

    def _by_app(self, call: Call) -> httpx.Response:
        login = self._login(call.bearer or member(call.sent, "mfa_token"))
        # Before it is written: what the person does may move what is right.
        self._let_the_person_act(call, login)
        self._pair_what_was_typed(call, login)
        path = "/".join(quote(self._value(unquote(part)), safe="") for part in call.path.split("/"))
        query = urlencode([(name, self._value(value)) for name, value in call.query])
        left_out = ("host", "content-length", "authorization") if call.bearer else ("host", "content-length")
        headers = [(name, str(value)) for name, value in call.request.headers if name not in left_out]
        if call.bearer:
            headers.append(("authorization", f"Bearer {self._value(call.bearer)}"))
        body, data = bytes(call.request.body), mapped(plain_data(call.request), self._value)
        if "client_assertion" in call.sent and (client := self._tenant.clients.get(call.client_id)):
            # Nobody has the key that signed it: the sandbox's application proves itself by its secret.
            data = {name: value for name, value in data.items() if not name.startswith("client_assertion")}
            data["client_secret"] = client.client_secret
        if isinstance(data, dict | list):
            is_form = call.request.media_type == "application/x-www-form-urlencoded"
            body = (urlencode(data) if is_form else json.dumps(data)).encode()
        url = f"https://{self.domain}{path}{'?' if query else ''}{query}"
        return self._box.transport.handle_request(httpx.Request(call.method, url, headers=headers, content=body))

    def _pair_what_was_typed(self, call: Call, login: Login | None) -> None:
        """Note what stands for values that no answer gave: an id, a token from elsewhere, a code that was read."""
        users, _, rest = call.path.partition(f"{MANAGEMENT}users/")
        user_id = unquote(rest.partition("/")[0])
        if call.granted and user_id and not users:
            self._pairs.setdefault(user_id, self._somebody)
        is_management = call.path.startswith(MANAGEMENT) and call.status not in (401, 403)
        if is_management and call.bearer and call.bearer not in self._pairs:
            client = {"client_id": self._own.mgmt_client_id, "client_secret": self._own.mgmt_client_secret}
            asked = {"grant_type": "client_credentials", "audience": f"https://{self.domain}{MANAGEMENT}", **client}
            self._pairs[call.bearer] = self._http.post("/oauth/token", json=asked).json()["access_token"]
        if not call.was_right:
            return
        for name in ("otp", "binding_code", "recovery_code"):
            typed = member(call.sent, name)
            if typed and typed not in self._pairs and (code := self._code(name, call, login)):
                self._pairs[typed] = code

    def _code(self, name: str, call: Call, login: Login | None) -> str | None:
        """Return the code that the person would read in this sandbox."""
        if name == "binding_code":
            transaction = self._transaction(call)
            return transaction.code if transaction else None
        if call.grant == PASSWORDLESS:
            messages = reversed(self._box.delivery.messages(member(call.sent, "username")))
            return next((each.code for each in messages if each.purpose == "passwordless" and each.code), None)
        if login is None:
            return None
        if name == "recovery_code":
            entry = recovery_of(self._tenant, login.request.user_id)
            return entry.secret if entry else None
        # It was right there: no code that was shown before is spent.
        self._tenant.otp_steps.clear()
        secrets = (each.secret or "" for each in otp_candidates(self._tenant, login))
        return next((pyotp.TOTP(each).at(int(self._box.clock.now())) for each in secrets), None)

    def _login(self, live: str) -> Login | None:
        """Return the login behind the live tenant's mfa_token or MFA access token."""
        token = self._pairs.get(live, "")
        return self._tenant.transactions.logins.get(token) or self._tenant.access_login(token)

    def _transaction(self, call: Call) -> OobTransaction | None:
        return self._tenant.transactions.oob_codes.get(self._pairs.get(member(call.sent, "oob_code"), ""))

    # -- the person, and the phone

    def _let_the_person_act(self, call: Call, login: Login | None) -> None:
        """Do on the phone what must have been done there before this answer."""
        transaction, is_scanned = self._transaction(call), False
        if transaction and transaction.channel == "auth0" and state_of(self._tenant, transaction) == "pending":
            is_refused = call.error in ("access_denied", "invalid_grant") or "reject" in str(call.said).lower()
            is_scanned = transaction.purpose == "enroll" and call.granted
            if transaction.purpose == "login" and (call.granted or is_refused):
                transaction.state = "approved" if call.granted else "rejected"
        elif login and call.granted and call.path in (LIST, CHALLENGE):
            there = self._tenant.authenticators.active_of(login.request.user_id)
            is_scanned = [*call.listed, call.factor].count("push") > sum(entry.kind == "push" for entry in there)
        for barcode in self._unscanned() if is_scanned else ():
            self._phone.scan(barcode)

    def _unscanned(self) -> list[str]:
        """Return the barcodes of the pushes that are being enrolled."""
        begun = ((self._tenant.transactions.oob_codes.get(each), barcode) for each, barcode in self._barcodes.items())
        return [barcode for one, barcode in begun if one and state_of(self._tenant, one) == "pending"]

    def _by_phone(self, call: Call) -> httpx.Response:
        """Let the sandbox's phone do what a phone did in the recording, with what began last."""
        barcodes = self._unscanned() if call.path.endswith("/api/enroll") else []
        if barcodes and (answer := self._phone.scan(barcodes[-1])):
            return answer
        if call.path.endswith("/api/resolve-transaction"):
            claims = claims_of(member(call.sent, "challenge_response")) or {}
            accepted = claims.get("auth0_guardian_accepted") is True
            return self._phone.allow() if accepted else self._phone.reject()
        raise PhoneError
