"""The tenant under any sequence of calls, against a model that knows only what was really shown to it.

The model is written from the rules, not from the code: a factor is active when it was confirmed; tokens come of a
factor, or of an enrollment that was allowed; each code opens once.
"""

from dataclasses import dataclass, field
from typing import Any

import pyotp
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from auth0_mfa_lab.sandbox import User
from tests.sandbox.sandbox_mothers import MFA_AUDIENCE, MFA_SCOPES, app_of, new_sandbox

MOSTLY = st.sampled_from([True, True, True, False])


@dataclass
class Person:
    """What the model knows of one user: how many factors were confirmed."""

    user: User
    factors: int = 0


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
    """An enrollment or a challenge: with which key, what confirms it, and which of its codes were taken."""

    key: Key
    born: float
    enrolls: bool
    oob_code: str = ""
    code: str = ""
    secret: str = ""
    taken: set[int] = field(default_factory=set)


class AnySequence(RuleBasedStateMachine):
    keys: Bundle[Key] = Bundle("keys")
    attempts: Bundle[Attempt] = Bundle("attempts")

    def __init__(self) -> None:
        super().__init__()
        self.app = app_of(new_sandbox())
        self.people = [Person(self.app.sandbox.add_user()) for _ in range(2)]

    @property
    def now(self) -> float:
        return self.app.sandbox.clock.now()

    def lives(self, key: Key) -> bool:
        return self.now < key.born + 600

    def may_enroll(self, key: Key) -> bool:
        return key.is_access or not key.person.factors

    @rule(seconds=st.sampled_from([1, 30, 60, 300, 600]))
    def time_passes(self, seconds: int) -> None:
        self.app.sandbox.clock.advance(seconds)

    @initialize(target=keys)
    def one_of_the_two_has_a_factor(self) -> Any:
        first = self.key_of(self.people[0], True)
        return multiple(first, *self.redeem(self.begin(first, "sms"), first, True))

    @rule(target=keys, who=st.integers(0, 1), mfa=st.booleans())
    def log_in(self, who: int, mfa: bool) -> Key:
        return self.key_of(self.people[who], mfa)

    def key_of(self, person: Person, mfa: bool) -> Key:
        asked = {"audience": MFA_AUDIENCE, "scope": MFA_SCOPES} if mfa else {}
        answer = self.app.password(username=person.user.username, password=person.user.password, **asked)
        assert answer.status_code == 403, "tokens without a second factor"
        return Key(answer.json()["mfa_token"], person, self.now)

    @rule(target=attempts, key=keys, factor=st.sampled_from(["otp", "sms"]))
    def associate(self, key: Key, factor: str) -> Any:
        return self.begin(key, factor) or multiple()

    def begin(self, key: Key, factor: str) -> Any:
        answer = (self.app.associate_sms if factor == "sms" else self.app.associate_otp)(key.text)
        body, may = answer.json(), self.lives(key) and self.may_enroll(key)
        assert answer.is_success is may or body["error_description"].startswith("Too many")
        if not answer.is_success:
            return None
        code = self.app.newest_code() if factor == "sms" else ""
        return Attempt(key, self.now, True, body.get("oob_code", ""), code, body.get("secret", ""))

    @rule(target=attempts, key=keys)
    def challenge(self, key: Key) -> Any:
        answer = self.app.challenge(key.text, oob_channel="sms")
        if answer.status_code != 200:
            return multiple()
        assert self.lives(key)
        assert key.person.factors
        assert not key.is_access
        assert not key.done
        code = str(self.app.sandbox.delivery.newest[0].code)
        return Attempt(key, self.now, False, answer.json()["oob_code"], code)

    @rule(target=keys, attempt=attempts, key=keys, own=MOSTLY, right=MOSTLY)
    def redeem_twice(self, attempt: Attempt, key: Key, own: bool, right: bool) -> Any:
        """Give what was sent, or a code of the secret, to some login; and once more."""
        key = attempt.key if own else key
        return multiple(*self.redeem(attempt, key, right), *self.redeem(attempt, key, right))

    def redeem(self, attempt: Attempt, key: Key, right: bool) -> list[Key]:
        step = int(self.now) // 30 if attempt.secret else 0
        if attempt.secret:
            answer = self.app.otp(key.text, pyotp.TOTP(attempt.secret).generate_otp(step) if right else "000000")
        else:
            answer = self.app.poll(key.text, attempt.oob_code, binding_code=attempt.code if right else "000000")
        if answer.status_code != 200:
            return []
        assert right
        assert self.lives(key)
        assert not key.done
        assert attempt.key.person is key.person
        assert step not in attempt.taken, "a code was taken twice"
        if attempt.oob_code or not attempt.taken:
            # Two MFA access tokens of one second are the same token.
            assert attempt.key.text == key.text, "another login's"
            assert self.now < attempt.born + 300 or not attempt.oob_code
        if attempt.enrolls and not attempt.taken:
            assert self.may_enroll(key), "a password alone got past a factor"
            key.person.factors += 1
        attempt.taken.add(step)
        key.done = not key.is_access
        body = answer.json()
        return [Key(body["access_token"], key.person, self.now, is_access=True)] if body["expires_in"] == 600 else []

    @invariant()
    def what_is_active_is_what_was_confirmed(self) -> None:
        assert not self.app.sandbox.failures
        for person in self.people:
            entries = self.app.sandbox.tenant.authenticators.active_of(person.user.user_id)
            assert sum(one.kind != "recovery-code" for one in entries) == person.factors
            assert person.factors or not entries, "a recovery code alone"


TestAnySequence = AnySequence.TestCase
TestAnySequence.settings = settings(max_examples=50, stateful_step_count=30, deadline=None, derandomize=True)
