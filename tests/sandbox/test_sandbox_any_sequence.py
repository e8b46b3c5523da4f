"""The tenant under any sequence of calls, against a model that knows only what was really shown to it.

The model is written from the rules, not from the code: a factor is active when it was confirmed; tokens come of a
factor, or of an enrollment that was allowed; each code opens once.
"""

from dataclasses import dataclass, field
from typing import Any

import httpx
import pyotp
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from auth0_mfa_lab.sandbox import Phone, User
from tests.sandbox.sandbox_mothers import MFA_AUDIENCE, MFA_SCOPES, app_of, new_sandbox, set_up

NUMBER = "+15550121"
PREFIXES = {"sms": "sms|", "voice": "voice|", "auth0": "push|"}
MOSTLY = st.sampled_from([True, True, True, False])


@dataclass
class Person:
    """What the model knows of one user: what was confirmed, with its secrets, and the recovery code."""

    user: User
    phone: Phone
    active: dict[str, str] = field(default_factory=dict)
    pairs: list[frozenset[str]] = field(default_factory=list)
    steps: dict[str, int] = field(default_factory=dict)
    recovery: str = ""


@dataclass
class Key:
    """An mfa_token, or an MFA access token (`is_access`), of one user."""

    text: str
    person: Person
    born: float
    is_access: bool = False
    done: bool = False


@dataclass
class Attempt:
    """An enrollment or a challenge: with which key, for which authenticators, and what confirms it."""

    key: Key
    ids: frozenset[str]
    born: float
    enrolls: bool
    secret: str = ""
    oob_code: str = ""
    code: str = ""
    uri: str = ""
    allowed: bool = False
    spent: bool = False


class AnySequence(RuleBasedStateMachine):
    keys: Bundle[Key] = Bundle("keys")
    attempts: Bundle[Attempt] = Bundle("attempts")

    def __init__(self) -> None:
        super().__init__()
        self.app = app_of(new_sandbox())
        self.box = self.app.sandbox
        set_up(self.box, message_types=("sms", "voice"))
        self.people = [Person(self.box.add_user(), self.box.new_phone(self.app.http)) for _ in range(2)]

    @property
    def now(self) -> float:
        return self.box.clock.now()

    def lives(self, key: Key) -> bool:
        return self.now < key.born + 600

    def may_enroll(self, key: Key) -> bool:
        return key.is_access or not key.person.active

    def listed(self, person: Person) -> Any:
        return self.box.tenant.authenticators.of(person.user.user_id)

    def granted(self, key: Key, answer: httpx.Response) -> list[Key]:
        """Take what a 200 of a grant gives: the key is done, and an MFA access token is a key of its own."""
        assert self.lives(key)
        assert not key.done
        key.done = not key.is_access
        body = answer.json()
        return [Key(body["access_token"], key.person, self.now, is_access=True)] if body["expires_in"] == 600 else []

    def confirm(self, attempt: Attempt) -> None:
        person = attempt.key.person
        assert attempt.ids <= {one.id for one in self.listed(person)}
        assert self.may_enroll(attempt.key), "a password alone got past a factor"
        person.active |= {one: attempt.secret if one.startswith("totp") else "" for one in attempt.ids}
        person.pairs.append(attempt.ids)

    @rule(seconds=st.sampled_from([1, 29, 30, 31, 60, 300, 600]))
    def time_passes(self, seconds: int) -> None:
        self.box.clock.advance(seconds)

    @initialize(target=keys)
    def enroll_one_of_the_two(self) -> Any:
        first = self.key_of(self.people[0], True)
        begun = self.begin(first, "sms")
        assert begun is not None
        return multiple(first, *self.redeem(begun, first, begun.code))

    @rule(target=keys, who=st.integers(0, 1), mfa=st.booleans())
    def log_in(self, who: int, mfa: bool) -> Key:
        return self.key_of(self.people[who], mfa)

    def key_of(self, person: Person, mfa: bool) -> Key:
        asked = {"audience": MFA_AUDIENCE, "scope": MFA_SCOPES} if mfa else {}
        answer = self.app.password(username=person.user.username, password=person.user.password, **asked)
        assert answer.status_code == 403, "tokens without a second factor"
        return Key(answer.json()["mfa_token"], person, self.now)

    @rule(target=attempts, key=keys, factor=st.sampled_from(["otp", *PREFIXES]))
    def associate(self, key: Key, factor: str) -> Any:
        return self.begin(key, factor) or multiple()

    def begin(self, key: Key, factor: str) -> Attempt | None:
        person = key.person
        before = {one.id for one in self.listed(person)}
        app, token = self.app, key.text
        way = {"oob_channels": [factor], "phone_number": NUMBER}
        answer = app.associate_otp(token) if factor == "otp" else app.associate(token, **way)
        body = answer.json()
        is_taken = self.lives(key) and self.may_enroll(key)
        assert answer.is_success is is_taken or body["error_description"].startswith("Too many")
        if not answer.is_success:
            return None
        if "recovery_codes" in body:
            assert not [one for one in before if one.startswith("recovery-code")]
            (person.recovery,) = body["recovery_codes"]
        begun = {one.id for one in self.listed(person)} - before
        return Attempt(
            key,
            frozenset(one for one in begun if not one.startswith("recovery-code")),
            self.now,
            enrolls=True,
            secret=body.get("secret", ""),
            oob_code=body.get("oob_code", ""),
            code=self.app.newest_code(NUMBER) if "binding_method" in body else "",
            uri=body.get("barcode_uri", ""),
        )

    @rule(target=attempts, key=keys, channel=st.sampled_from(list(PREFIXES)))
    def challenge(self, key: Key, channel: str) -> Any:
        fitting = [one for one in key.person.active if one.startswith(PREFIXES[channel])]
        answer = self.app.challenge(key.text, oob_channel=channel)
        if answer.status_code != 200:
            return multiple()
        assert fitting
        assert self.lives(key)
        assert not key.is_access
        assert not key.done
        code = "" if channel == "auth0" else self.app.newest_code(NUMBER)
        return Attempt(key, frozenset(fitting[:1]), self.now, False, oob_code=answer.json()["oob_code"], code=code)

    @rule(attempt=attempts)
    def use_the_phone(self, attempt: Attempt) -> None:
        """Scan a ticket, or allow the newest push."""
        person = attempt.key.person
        if attempt.uri and not attempt.secret:
            wanted = attempt.ids <= {one.id for one in self.listed(person)}
            answer = person.phone.scan(attempt.uri)
            assert answer is not None
            if answer.status_code == 201:
                assert wanted
                assert not attempt.allowed
                assert self.now < attempt.born + 300
                attempt.allowed, attempt.secret = True, answer.json()["totp"]["secret"]
                self.confirm(attempt)
        elif not attempt.enrolls and not attempt.code and person.phone.notifications:
            asked = self.box.tenant.transactions.oob_codes[attempt.oob_code].challenge
            if person.phone.notifications[-1].challenge == asked and person.phone.allow().status_code == 204:
                attempt.allowed = True

    @rule(target=keys, attempt=attempts, key=keys, own=MOSTLY, right=MOSTLY, ago=st.integers(-1, 2))
    def redeem_twice(self, attempt: Attempt, key: Key, own: bool, right: bool, ago: int) -> Any:
        """Give what was sent, or a code of the secret, to some login; and once more."""
        key = attempt.key if own else key
        if attempt.secret and (ago or not attempt.oob_code):
            return multiple(*self.show_otp(attempt, key, ago), *self.show_otp(attempt, key, ago))
        code = attempt.code if right else "000000"
        return multiple(*self.redeem(attempt, key, code), *self.redeem(attempt, key, code))

    def show_otp(self, attempt: Attempt, key: Key, ago: int) -> list[Key]:
        step, person = int(self.now) // 30 - ago, key.person
        answer = self.app.otp(key.text, pyotp.TOTP(attempt.secret).generate_otp(step))
        if answer.status_code != 200:
            return []
        assert ago in (0, 1)
        assert attempt.key.person is key.person
        assert step > person.steps.get(attempt.secret, 0), "a code was taken twice"
        person.steps[attempt.secret] = step
        if attempt.secret not in person.active.values():
            # Two MFA access tokens of one second are the same token.
            assert attempt.key.text == key.text, "a code of an enrollment of another login"
            self.confirm(attempt)
        return self.granted(key, answer)

    def redeem(self, attempt: Attempt, key: Key, code: str) -> list[Key]:
        answer, person = self.app.poll(key.text, attempt.oob_code, binding_code=code), key.person
        if answer.status_code != 200:
            return []
        assert key is attempt.key
        assert self.now < attempt.born + 300
        assert not attempt.spent, "a code was taken twice"
        assert code == attempt.code if attempt.code else attempt.allowed
        attempt.spent = True
        if not attempt.enrolls:
            assert attempt.ids <= set(person.active)
        elif attempt.code:
            self.confirm(attempt)
        return self.granted(key, answer)

    @rule(target=keys, key=keys, right=MOSTLY)
    def recover_twice(self, key: Key, right: bool) -> Any:
        code = (right and key.person.recovery) or "X" * 24
        return multiple(*self.recover(key, code), *self.recover(self.key_of(key.person, False), code))

    def recover(self, key: Key, code: str) -> list[Key]:
        person, answer = key.person, self.app.recover(key.text, code)
        if answer.status_code != 200:
            return []
        assert code == person.recovery
        assert person.active
        assert not key.is_access
        person.recovery = answer.json()["recovery_code"]
        assert person.recovery != code
        return self.granted(key, answer)

    @rule(key=keys, kind=st.integers(0, 5))
    def delete(self, key: Key, kind: int) -> None:
        person = key.person
        entries = [one.id for one in self.listed(person)]
        chosen = entries[kind % len(entries)] if entries else "sms|dev_0000000000000000"
        answer = self.app.delete(key.text, chosen)
        assert (answer.status_code == 204) is (key.is_access and self.lives(key) and bool(entries))
        if answer.status_code == 204:
            for gone in {chosen}.union(*(pair for pair in person.pairs if chosen in pair)):
                person.active.pop(gone, None)
            if not [one for one in self.listed(person) if one.kind == "recovery-code"]:
                person.recovery = ""

    @invariant()
    def what_is_active_is_what_was_confirmed(self) -> None:
        assert not self.box.failures
        for person in self.people:
            active = {one.id for one in self.listed(person) if one.active}
            assert {one for one in active if not one.startswith("recovery-code")} == set(person.active)
            assert person.active or not active, "a recovery code alone"


TestAnySequence = AnySequence.TestCase
TestAnySequence.settings = settings(max_examples=20, stateful_step_count=40, deadline=None, derandomize=True)
