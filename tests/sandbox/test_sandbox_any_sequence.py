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
from tests.sandbox.sandbox_mothers import MFA_AUDIENCE, MFA_SCOPES, app_of, new_sandbox, set_up, switch_on

NUMBERS = ("+15550121", "+15550122")
ADDRESSES = st.sampled_from(["+15550131", "jane@example.com"])
WAYS = st.sampled_from(["sms", "voice", "email", "auth0", "otp", "recovery"])
FACTORS = st.sampled_from(["otp", "sms", "push", "voice", "email"])
MAIL = "other@example.com"
PREFIXES = {"sms": "sms|", "voice": "voice|", "email": "email|", "auth0": "push|"}


@dataclass
class Key:
    """An mfa_token, or an MFA access token (`is_access`), of one user."""

    text: str
    user: User
    born: float
    is_access: bool = False
    done: bool = False


@dataclass
class Enrollment:
    """What an association began: with which key, for which authenticators, and how it would be confirmed."""

    key: Key
    ids: frozenset[str]
    born: float
    secret: str = ""
    oob_code: str = ""
    code: str = ""
    uri: str = ""
    scanned: bool = False
    spent: bool = False


@dataclass
class Challenge:
    """A challenge by SMS or push: it is spent by its tokens, and by a newer one of its channel."""

    key: Key
    authenticator: str
    born: float
    oob_code: str
    code: str = ""
    allowed: bool = False
    spent: bool = False


@dataclass
class Person:
    """What the model knows of one user: what was confirmed, the secrets behind it, and the recovery code."""

    user: User
    phone: Phone
    active: dict[str, str] = field(default_factory=dict)
    pairs: list[frozenset[str]] = field(default_factory=list)
    steps: dict[str, int] = field(default_factory=dict)
    recovery: str | None = None

    @property
    def has_factor(self) -> bool:
        """Whether anything but email is confirmed."""
        return any(not one.startswith("email|") for one in self.active)


class AnySequence(RuleBasedStateMachine):
    keys: Bundle[Key] = Bundle("keys")
    enrollments: Bundle[Enrollment] = Bundle("enrollments")
    challenges: Bundle[Challenge] = Bundle("challenges")

    def __init__(self) -> None:
        super().__init__()
        self.app = app_of(new_sandbox())
        self.box = self.app.sandbox
        switch_on(self.box, "email")
        set_up(self.box, message_types=("sms", "voice"))
        self.people = [Person(self.box.add_user(), self.box.new_phone(self.app.http)) for _ in range(2)]
        self.begun: list[Enrollment] = []
        self.alive: set[str] = set()
        self.dead: set[str] = set()
        self.sent: dict[str, str] = {}

    @property
    def now(self) -> float:
        return self.box.clock.now()

    def person(self, key: Key) -> Person:
        return next(one for one in self.people if one.user is key.user)

    def lives(self, key: Key) -> bool:
        return self.now < key.born + 600

    def may_enroll(self, key: Key) -> bool:
        return self.lives(key) and (key.is_access or not self.person(key).has_factor)

    def granted(self, key: Key, answer: httpx.Response) -> list[Any]:
        """Take what a 200 of a grant gives: the key is done, and an MFA access token is a key of its own."""
        assert self.lives(key)
        assert not key.done
        key.done = not key.is_access
        body = answer.json()
        if "refresh_token" in body:
            self.alive.add(body["refresh_token"])
        if body["expires_in"] != 600:
            return []
        return [Key(body["access_token"], key.user, self.now, is_access=True)]

    def confirm(self, enrollment: Enrollment) -> None:
        person = self.person(enrollment.key)
        assert enrollment.ids <= {one.id for one in self.listed(person)}
        for authenticator in enrollment.ids:
            person.active[authenticator] = enrollment.secret if authenticator.startswith("totp") else ""
        person.pairs.append(enrollment.ids)

    def unasked(self, person: Person) -> str:
        """Return under which id the person's own verified address is listed."""
        return self.box.tenant.implicit_email_id(person.user.user_id)

    def listed(self, person: Person) -> Any:
        return self.box.tenant.authenticators.of(person.user.user_id)

    # Time and first factors

    @rule(seconds=st.sampled_from([1, 29, 30, 31, 60, 300, 600]))
    def time_passes(self, seconds: int) -> None:
        self.box.clock.advance(seconds)

    @initialize(target=keys)
    def enroll_one_of_the_two(self) -> Any:
        first = self.begin_login(self.people[0], mfa=True)
        enrollment = self.begin(first, "sms", NUMBERS[0])
        assert enrollment is not None
        return multiple(first, *self.redeem_enrollment(enrollment, enrollment.code))

    @rule(target=keys, who=st.integers(0, 1), mfa=st.booleans())
    def log_in(self, who: int, mfa: bool) -> Key:
        return self.begin_login(self.people[who], mfa=mfa)

    def begin_login(self, person: Person, *, mfa: bool) -> Key:
        audience = {"audience": MFA_AUDIENCE, "scope": MFA_SCOPES} if mfa else {"scope": "openid offline_access"}
        answer = self.app.password(username=person.user.username, password=person.user.password, **audience)
        assert answer.status_code == 403, "tokens without a second factor"
        return Key(answer.json()["mfa_token"], person.user, self.now)

    @rule(address=ADDRESSES, right=st.booleans(), starts=st.booleans())
    def log_in_without_a_password(self, address: str, right: bool, starts: bool) -> None:
        if starts:
            assert self.app.start(address).status_code == 200
            self.sent[address] = self.app.newest_code(address)
        code = self.sent.get(address, "x") if right else "000000"
        error = self.app.passwordless(address, code).json()["error"]
        assert error in ("mfa_required", "invalid_grant"), "tokens without a second factor"
        if error == "mfa_required":
            assert self.sent.pop(address, None) == code, "a code was taken twice, or a wrong one"
            assert self.app.passwordless(address, code).json()["error"] == "invalid_grant", "a code was taken twice"

    # Enrolling

    def begin(self, key: Key, factor: str, number: str) -> Enrollment | None:
        person = self.person(key)
        before = {one.id for one in self.listed(person)}
        calls = {
            "otp": lambda: self.app.associate_otp(key.text),
            "sms": lambda: self.app.associate_sms(key.text, number),
            "voice": lambda: self.app.associate(key.text, oob_channels=["voice"], phone_number=number),
            "email": lambda: self.app.associate(key.text, oob_channels=["email"], email=MAIL),
            "push": lambda: self.app.associate(key.text),
        }
        answer = calls[factor]()
        if answer.status_code == 400:
            assert answer.json()["error_description"].startswith("Too many")
            return None
        assert (answer.status_code == 200) is self.may_enroll(key)
        if answer.status_code != 200:
            return None
        body = answer.json()
        if "recovery_codes" in body:
            assert not [one for one in before if one.startswith("recovery-code")]
            (person.recovery,) = body["recovery_codes"]
        begun = {one.id for one in self.listed(person)} - before
        enrollment = Enrollment(
            key=key,
            ids=frozenset(one for one in begun if not one.startswith("recovery-code")),
            born=self.now,
            secret=body.get("secret", ""),
            oob_code=body.get("oob_code", ""),
            code=self.app.newest_code(MAIL if factor == "email" else number) if "binding_method" in body else "",
            uri=body.get("barcode_uri", ""),
        )
        self.begun.append(enrollment)
        return enrollment

    @rule(target=enrollments, key=keys, factor=FACTORS, number=st.sampled_from(NUMBERS))
    def associate(self, key: Key, factor: str, number: str) -> Any:
        return self.begin(key, factor, number) or multiple()

    @rule(target=keys, key=keys, factor=FACTORS)
    def enroll_at_once(self, key: Key, factor: str) -> Any:
        """Begin and end with one key, and try to end once more."""
        enrollment = self.begin(key, factor, NUMBERS[0])
        return multiple(*self.end(enrollment), *self.end(enrollment)) if enrollment else multiple()

    @rule(target=keys, who=st.integers(0, 1), first=FACTORS, second=FACTORS)
    def enroll_in_two_windows(self, who: int, first: str, second: str) -> Any:
        """Begin with one login, begin and end with another, and then try to end with the first one."""
        one, two = (self.begin_login(self.people[who], mfa=False) for _ in range(2))
        early, late = self.begin(one, first, NUMBERS[0]), self.begin(two, second, NUMBERS[1])
        if early is None or late is None:
            return multiple()
        return multiple(*self.end(late), *self.end(early))

    def end(self, enrollment: Enrollment) -> list[Key]:
        """Do what a person does to end an enrollment: give a code, or scan and poll."""
        if enrollment.uri and enrollment.secret and not enrollment.oob_code:
            return self.show_otp(enrollment.key, enrollment, 0)
        if enrollment.uri:
            self.scan_ticket(enrollment)
        return self.redeem_enrollment(enrollment, enrollment.code)

    @rule(enrollment=enrollments)
    def scan(self, enrollment: Enrollment) -> None:
        if enrollment.uri and not enrollment.secret:
            self.scan_ticket(enrollment)

    def scan_ticket(self, enrollment: Enrollment) -> None:
        person = self.person(enrollment.key)
        wanted = enrollment.ids <= {one.id for one in self.listed(person)}
        answer = person.phone.scan(enrollment.uri)
        assert answer is not None
        if answer.status_code == 201:
            assert wanted
            assert not enrollment.scanned
            assert self.now < enrollment.born + 300
            assert enrollment.key.is_access or not person.has_factor, "a password alone got past a factor"
            enrollment.scanned, enrollment.secret = True, answer.json()["totp"]["secret"]
            self.confirm(enrollment)

    @rule(target=keys, enrollment=enrollments, binding_code=st.sampled_from(["right", "000000", ""]))
    def redeem_an_enrollment(self, enrollment: Enrollment, binding_code: str) -> Any:
        if not enrollment.oob_code:
            return multiple()
        code = enrollment.code if binding_code == "right" else binding_code
        return multiple(*self.redeem_enrollment(enrollment, code))

    def redeem_enrollment(self, enrollment: Enrollment, code: str) -> list[Key]:
        key, person = enrollment.key, self.person(enrollment.key)
        allowed = key.is_access or not person.has_factor
        answer = self.app.poll(key.text, enrollment.oob_code, binding_code=code)
        if answer.status_code != 200:
            return []
        assert self.now < enrollment.born + 300
        assert not enrollment.spent
        enrollment.spent = True
        if enrollment.code:
            assert code == enrollment.code
            assert allowed, "a password alone got past a factor"
            self.confirm(enrollment)
        else:
            assert enrollment.scanned, "tokens of a push that nobody scanned"
        return self.granted(key, answer)

    # Second factors

    @rule(target=keys, key=keys, enrollment=enrollments, ago=st.integers(-1, 2))
    def give_an_otp(self, key: Key, enrollment: Enrollment, ago: int) -> Any:
        """Give the code of some secret, of the next step, this one, or an earlier one, to some login."""
        return multiple(*self.show_otp(key, enrollment, ago)) if enrollment.secret else multiple()

    def show_otp(self, key: Key, enrollment: Enrollment, ago: int) -> list[Key]:
        step = int(self.now) // 30 - ago
        person = self.person(key)
        answer = self.app.otp(key.text, pyotp.TOTP(enrollment.secret).generate_otp(step))
        if answer.status_code != 200:
            return []
        assert ago in (0, 1)
        assert enrollment.key.user is key.user
        assert step > person.steps.get(enrollment.secret, 0), "a code was taken twice"
        person.steps[enrollment.secret] = step
        if enrollment.secret not in person.active.values():
            # Two MFA access tokens of one second are the same token.
            assert enrollment.key.text == key.text, "a code of an enrollment of another login"
            assert key.is_access or not person.has_factor, "a password alone got past a factor"
            self.confirm(enrollment)
        return self.granted(key, answer)

    @rule(target=challenges, key=keys, channel=st.sampled_from(sorted(PREFIXES)))
    def challenge(self, key: Key, channel: str) -> Any:
        return self.challenge_by(key, channel) or multiple()

    def challenge_by(self, key: Key, channel: str) -> Challenge | None:
        person = self.person(key)
        fitting = [one for one in person.active if one.startswith(PREFIXES[channel])]
        if channel == "email":
            fitting.append(self.unasked(person))
        answer = self.app.challenge(key.text, oob_channel=channel)
        if answer.status_code != 200:
            return None
        assert fitting
        assert not key.is_access
        assert not key.done
        assert self.lives(key)
        entries = {one.id: one for one in self.listed(person)}
        number = person.user.email if fitting[0] == self.unasked(person) else entries[fitting[0]].address
        return Challenge(
            key=key,
            authenticator=fitting[0],
            born=self.now,
            oob_code=answer.json()["oob_code"],
            code=self.app.newest_code(number) if number else "",
        )

    @rule(challenge=challenges, accepted=st.booleans())
    def answer_the_newest_push(self, challenge: Challenge, accepted: bool) -> None:
        self.answer_push(challenge, accepted=accepted)

    def answer_push(self, challenge: Challenge, *, accepted: bool) -> None:
        phone = self.person(challenge.key).phone
        if challenge.code or not phone.notifications:
            return
        transaction = self.box.tenant.transactions.oob_codes.get(challenge.oob_code)
        assert transaction is not None
        is_ours = phone.notifications[-1].challenge == transaction.challenge
        answer = phone.allow() if accepted else phone.reject()
        if is_ours and answer.status_code == 204:
            challenge.allowed = accepted

    @rule(target=keys, challenge=challenges, key=keys, own=st.booleans(), right=st.booleans())
    def redeem_a_challenge(self, challenge: Challenge, key: Key, own: bool, right: bool) -> Any:
        key = challenge.key if own else key
        return multiple(*self.redeem(challenge, key, challenge.code if right else "000000"))

    @rule(target=keys, who=st.integers(0, 1), way=WAYS, ago=st.integers(-1, 1), mfa=st.booleans())
    def get_in_twice(self, who: int, way: str, ago: int, mfa: bool) -> Any:
        """Use a factor, and use the same code once more with another login."""
        person = self.people[who]
        one, two = (self.begin_login(person, mfa=mfa) for _ in range(2))
        if way == "recovery":
            code = person.recovery or "X" * 24
            return multiple(*(key for login in (one, two) for key in self.use_recovery_code(login, code)))
        if way == "otp":
            known = [begun for begun in self.begun if begun.secret and begun.secret in person.active.values()]
            return multiple(*(key for login in (one, two) for key in self.show_otps(login, known[-1:], ago)))
        challenge = self.challenge_by(one, way)
        if challenge is None:
            return multiple(one)
        if not challenge.code:
            self.answer_push(challenge, accepted=True)
        return multiple(*(key for login in (one, one, two) for key in self.redeem(challenge, login, challenge.code)))

    def show_otps(self, key: Key, enrollments: list[Enrollment], ago: int) -> list[Key]:
        return [fresh for enrollment in enrollments for fresh in self.show_otp(key, enrollment, ago)]

    def redeem(self, challenge: Challenge, key: Key, code: str) -> list[Key]:
        answer = self.app.poll(key.text, challenge.oob_code, binding_code=code)
        if answer.status_code != 200:
            return []
        assert key is challenge.key
        assert self.now < challenge.born + 300
        assert not challenge.spent, "a code was taken twice"
        person = self.person(key)
        assert challenge.authenticator in person.active or challenge.authenticator == self.unasked(person)
        assert code == challenge.code if challenge.code else challenge.allowed
        challenge.spent = True
        return self.granted(key, answer)

    @rule(target=keys, key=keys, right=st.booleans())
    def recover(self, key: Key, right: bool) -> Any:
        return multiple(*self.use_recovery_code(key, (right and self.person(key).recovery) or "X" * 24))

    def use_recovery_code(self, key: Key, code: str) -> list[Key]:
        person = self.person(key)
        answer = self.app.recover(key.text, code)
        if answer.status_code != 200:
            return []
        assert code == person.recovery
        assert person.active
        assert not key.is_access
        assert answer.json()["recovery_code"] != code
        person.recovery = answer.json()["recovery_code"]
        return self.granted(key, answer)

    # Around

    @rule(key=keys, kind=st.integers(0, 5))
    def delete(self, key: Key, kind: int) -> None:
        person = self.person(key)
        entries = [one.id for one in self.listed(person)]
        if not entries:
            return
        chosen = entries[kind % len(entries)]
        answer = self.app.delete(key.text, chosen)
        assert (answer.status_code == 204) is (key.is_access and self.lives(key))
        if answer.status_code == 204:
            for gone in {chosen}.union(*(pair for pair in person.pairs if chosen in pair)):
                person.active.pop(gone, None)
            if not [one for one in self.listed(person) if one.kind == "recovery-code"]:
                person.recovery = None

    @rule(lives=st.booleans())
    def refresh(self, lives: bool) -> None:
        tokens = sorted(self.alive if lives else self.dead)
        if not tokens:
            return
        answer = self.app.token(grant_type="refresh_token", refresh_token=tokens[0])
        assert (answer.status_code == 200) is lives, "a refresh token was taken twice"
        if lives:
            self.alive.remove(tokens[0])
            self.dead.add(tokens[0])
            self.alive.add(answer.json()["refresh_token"])

    @rule(key=keys)
    def list_what_there_is(self, key: Key) -> None:
        answer = self.app.http.get("/mfa/authenticators", headers={"authorization": f"Bearer {key.text}"})
        assert (answer.status_code == 200) is self.lives(key)
        if answer.status_code == 200:
            shown = {
                one["id"] for one in answer.json() if one["active"] and one["authenticator_type"] != "recovery-code"
            }
            person = self.person(key)
            assert shown == {*person.active, self.unasked(person)}

    @invariant()
    def what_is_active_is_what_was_confirmed(self) -> None:
        assert not self.box.failures
        for person in self.people:
            active = {one.id for one in self.listed(person) if one.active}
            assert {one for one in active if not one.startswith("recovery-code")} == set(person.active)
            assert person.active or not active, "a recovery code alone"


TestAnySequence = AnySequence.TestCase
TestAnySequence.settings = settings(max_examples=80, stateful_step_count=40, deadline=None, derandomize=True)
