"""The rules for an application: each a row, and a pure function that finds where it was kept and where broken.

A function yields a Finding for each occasion; without one the rule was not seen. What a client could not know, because
an answer was under way or never arrived, breaks nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Literal, NamedTuple
from urllib.parse import unquote

from auth0_mfa_lab.conduct.calls import (
    CODES,
    Call,
    Story,
    asked_wait,
    by_machine,
    follows,
    gap,
    grouped,
    knew,
    pause,
    tolerance,
)
from auth0_mfa_lab.polling import FIRST_GAP_SECONDS, OOB_CODE_SECONDS, SLOWER_BY_SECONDS
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.secrets.kinds import kind_of

Level = Literal["must", "should"]
MINUTE = 60.0
PASSWORDLESS_CODE_SECONDS = 180.0
RIGHT_ELSEWHERE = "sandbox: this code is the one of another factor"
PUBLIC = "sandbox: this application is public"
"""How the sandbox's notes begin: on a code in the wrong grant, and on a secret that is not needed."""


class Finding(NamedTuple):
    """One occasion of a rule: `level` is None where it was kept; `hint` is a further sentence about a breach."""

    level: Level | None
    calls: Sequence[Call]
    hint: str = ""


Findings = Iterator[Finding]


def _is(breach: object, level: Level = "must") -> Level | None:
    return level if breach else None


# -- polling


def _polls(story: Story) -> list[list[Call]]:
    return grouped(story.of("poll"), lambda call: (call.oob_code,))


def poll_interval(story: Story) -> Findings:
    for polls in _polls(story):
        pending = [each for each in polls if each.error == "authorization_pending"]
        # Of a clock that stands still no gap is known.
        gaps = [seconds for each in pairwise(pending) if (seconds := gap(*each)) > 0]
        if len(gaps) > 1:
            yield Finding(_is(median(gaps) < FIRST_GAP_SECONDS - tolerance(FIRST_GAP_SECONDS), "should"), pending)


def slow_down_obeyed(story: Story) -> Findings:
    for polls in _polls(story):
        for before, slow in pairwise(polls):
            moved = slow.passage.moved - before.passage.moved
            led = min((each for each in (gap(before, slow), gap(before, slow) - moved) if each > 0.001), default=0.0)
            later = [slow, *(each for each in polls if knew(each, slow))]
            gaps = [seconds for each in pairwise(later) if (seconds := gap(*each)) > 0]
            if slow.error == "slow_down" and slow.status and led and gaps:
                wait = asked_wait(slow)
                is_deaf = min(gaps) <= led or gaps[0] < wait - tolerance(wait)
                is_short = min(gaps) < led + SLOWER_BY_SECONDS - tolerance(led + SLOWER_BY_SECONDS)
                yield Finding(_is(is_deaf) or _is(is_short, "should"), [before, *later])


def pending_goes_on(story: Story) -> Findings:
    dropped: list[tuple[Sequence[Call], bool]] = []
    allowed = {
        (each.passage.reset, each.oob_code): each for each in reversed(story.of("scan", "answer")) if _allows(each)
    }
    for polls in _polls(story):
        allow = allowed.get((polls[0].passage.reset, polls[0].oob_code))
        pending = [each for each in polls if each.outcome == "pending" and allow and follows(allow, each)]
        if allow is None or not pending:
            continue
        shown = [pending[-1], allow]
        if later := [each for each in polls if each.number > allow.number]:
            yield Finding(None, [*shown, later[0]])
        elif story.silence(allow) > MINUTE:
            others = [each for each in story.calls if each.user == allow.user and follows(each, allow)]
            dropped.append((shown, any(each.exchange.speaker == "app" for each in others)))
    # One flow that ends so may be a process that ended, or a user who went away.
    if len(dropped) > 1 or any(goes_on for _, goes_on in dropped):
        yield from (Finding("must", shown) for shown, _ in dropped)


def _allows(call: Call) -> bool:
    claims = claims_of(call.text("challenge_response")) or {}
    return (
        call.status == 201
        if call.kind == "scan"
        else call.status == 204 and bool(claims.get("auth0_guardian_accepted"))
    )


def final_answer_ends(story: Story) -> Findings:
    for polls in _polls(story):
        for final in [each for each in polls if each.outcome in ("given", "refused")][:1]:
            later = [each for each in polls if knew(each, final)]
            yield Finding(_is(later), [final, *later])


def poll_outlives_weather(story: Story) -> Findings:
    for polls in _polls(story):
        for lost in (each for each in polls if each.outcome == "lost"):
            begun = story.issuer(lost, "oob_code")
            ends = begun.passage.written + OOB_CODE_SECONDS if begun else lost.passage.written
            later = [each for each in polls if follows(each, lost)]
            others = [
                each for each in story.of("challenge", "grant") if each.login == lost.login and follows(each, lost)
            ]
            if later:
                wait, seconds = asked_wait(lost), pause(lost, later[0])
                is_hasty = 0 < seconds < 2 and not 0 < wait - tolerance(wait) <= seconds
                yield Finding(_is(is_hasty, "should"), [lost, later[0]])
            # Its oob_code must have been good for that minute, and the exchanges must tell of it.
            elif not others and lost.passage.written + MINUTE < ends and story.silence(lost) > MINUTE:
                yield Finding("should", [lost])


# -- codes


def _code(call: Call) -> tuple[str, str]:
    """Return the field and the value of the code in a call, both "" without one."""
    return next(((name, call.text(name)) for name in CODES if call.text(name)), ("", ""))


def refused_code_not_resent(story: Story) -> Findings:
    def same(call: Call) -> tuple[str, ...]:
        return call.text("grant_type"), *_code(call), call.text("mfa_token") or call.text("username")

    for sent in grouped(story.of("grant", "first factor"), same):
        refused = [each for each in sent if (each.outcome, each.error) == ("refused", "invalid_grant")][:1]
        for first in refused:
            resent = by_machine([first, *(each for each in sent if knew(each, first))])
            yield Finding(_is(resent), resent or [first])


def used_code_not_resent(story: Story) -> Findings:
    def whose(call: Call) -> tuple[str, ...]:
        return call.text("grant_type"), _code(call)[0], call.user or call.text("mfa_token")

    for sent in grouped(story.of("grant", "first factor"), whose):
        # A recovery code that was used is followed by a new one: newest-recovery-code tells of it.
        for used in (each for each in sent if each.is_passed and each.status and not each.gets("recovery_code")):
            later = [each for each in sent if knew(each, used)]
            again = [each for each in later if _code(each) == _code(used) and not each.is_passed]
            if later:
                yield Finding(
                    _is(again, "should"), [used, *again], "In a test, wait for the next step of 30 s." if again else ""
                )


def grant_fits_factor(story: Story) -> Findings:
    for call in story.of("grant"):
        is_elsewhere = any(str(note).startswith(RIGHT_ELSEWHERE) for note in call.exchange.notes)
        if is_elsewhere or call.is_passed:
            yield Finding(_is(is_elsewhere), [call])


def binding_code_as_told(story: Story) -> Findings:
    for call in story.of("poll", "grant"):
        begun = story.issuer(call, "oob_code") if call.oob_code else None
        if begun is not None:
            is_told = "binding_method" in begun.got
            yield Finding(_is(is_told != bool(call.text("binding_code")), "should"), [begun, call])


# -- sending and enrolling


def send_once(story: Story) -> Findings:
    tries = story.of("grant", "first factor", "poll")

    def wish(call: Call) -> tuple[str, ...]:
        is_sent = call.outcome == "given" and (call.kind == "start" or call.gets("oob_code"))
        address = call.text("phone_number") or call.text("email")
        if not is_sent or (call.kind == "association" and not address):
            return ("",)
        return (
            call.kind,
            call.text("mfa_token") or call.text("bearer") or call.client,
            address or "the chosen one",
            (call.text("authenticator_id") or call.text("oob_channel") or "any"),
        )

    def is_tried(sent: Call, before: Call) -> bool:
        code, address = sent.gets("oob_code"), sent.text("phone_number") or sent.text("email")
        between = [each for each in tries if follows(each, sent) and each.number < before.number]
        return any(
            each.oob_code == code and (each.kind == "grant" or each.outcome in ("given", "refused"))
            if code
            else each.text("username") == address and each.text("otp")
            for each in between
        )

    for sent in grouped(story.of("challenge", "association", "start"), wish):
        runs: list[list[Call]] = [sent[:1]]
        for before, call in pairwise(sent):
            life = PASSWORDLESS_CODE_SECONDS if call.kind == "start" else OOB_CODE_SECONDS
            if gap(before, call) < life and not is_tried(before, call):
                runs[-1].append(call)
            else:
                runs.append([call])
        for run in runs:
            again = by_machine(run)
            yield Finding(_is(len(again) > 2) or _is(again, "should"), again or run)


def no_login_loop(story: Story) -> Findings:
    ends = [each for each in story.of("poll") if each.outcome == "refused"]
    ended = {(each.passage.reset, each.oob_code): each for each in reversed(ends)}
    begun_again: dict[Call, tuple[Call, Call]] = {}
    for end in ended.values():
        for first in story.after(end, "first factor"):
            sent = [each for each in story.after(first, "challenge") if each.login == first.login]
            if first.user == end.user and 0 < pause(end, first) <= 10 and sent and pause(first, sent[0]) <= 10:
                begun_again.setdefault(end, (first, sent[0]))
    for end in ended.values():
        begun = begun_again.get(end)
        next_end = ended.get((end.passage.reset, begun[1].gets("oob_code"))) if begun else None
        is_loop = next_end is not None and next_end in begun_again
        shown = [end, *(begun or ()), *([next_end, *begun_again[next_end]] if next_end and is_loop else ())]
        yield Finding(_is(is_loop), shown)


def active_only(story: Story) -> Findings:
    for call in story.of("challenge"):
        wanted, entries = call.text("authenticator_id"), _listed(story, call)
        inactive = [each.get("id") for each in entries if each.get("active") is False]
        if wanted and inactive:
            yield Finding(_is(wanted in inactive and call.outcome == "refused"), [call])


def _listed(story: Story, call: Call) -> list[dict[str, object]]:
    """Return the entries of the newest list of a call's login that its client knew."""
    lists = [each for each in story.of("list") if each.login == call.login and knew(call, each)]
    got = lists[-1].got if lists else None
    return [each for each in got if isinstance(each, dict)] if isinstance(got, list) else []


def associate_needs_no_challenge(story: Story) -> Findings:
    for begun in story.of("association"):
        token, code = begun.text("bearer"), begun.gets("oob_code")
        tries = [each for each in story.of("grant", "poll") if each.oob_code == code and follows(each, begun)]
        for call in story.after(begun, "challenge", of=token)[:1] if code else ():
            active = [each.get("id") for each in _listed(story, call) if each.get("active")]
            is_chosen = call.text("authenticator_id") and (
                call.outcome == "given" or call.text("authenticator_id") in active
            )
            if not is_chosen and not any(each.number < call.number for each in tries):
                yield Finding("should", [begun, call])
                break
        else:
            if code and tries:
                yield Finding(None, [begun, tries[0]])


def enrollment_finished(story: Story) -> Findings:
    def whose(call: Call) -> tuple[str, ...]:
        channel = str(call.sent.get("oob_channels") or call.sent.get("authenticator_types") or "")
        return call.user or call.text("bearer"), channel if call.outcome == "given" else ""

    for begun in grouped(story.of("association"), whose):
        confirmed = [each for each in begun if _is_confirmed(story, each)]
        if confirmed:
            yield Finding(None, confirmed)
        open_ = [each for each in begun if each not in confirmed]
        for three in zip(open_, open_[1:], open_[2:], strict=False):
            # A QR that is drawn anew when the old one has expired is right.
            life = OOB_CODE_SECONDS - tolerance(OOB_CODE_SECONDS)
            if gap(three[0], three[2]) <= 600 and all(gap(*each) < life for each in pairwise(three)):
                yield Finding("should", three)
                break


def _is_confirmed(story: Story, begun: Call) -> bool:
    code = begun.gets("oob_code")
    done = [each for each in story.of("grant", "poll", "scan") if follows(each, begun) and each.outcome == "given"]
    return any(each.oob_code == code if code else each.login == begun.login and each.text("otp") for each in done)


# -- tokens


def mfa_required_handled(story: Story) -> Findings:
    used = {value for each in story.calls for value in (each.text("mfa_token"), each.text("bearer"))}

    def whose(call: Call) -> tuple[str, ...]:
        return call.client, call.text("refresh_token") or call.user or "", call.error if call.gets("mfa_token") else ""

    for asked in grouped(story.of("first factor", "refresh"), whose):
        unused = [each.gets("mfa_token") not in used for each in asked]
        if not all(unused):
            yield Finding(None, [each for each, is_unused in zip(asked, unused, strict=True) if not is_unused])
        for (one, first), (other, second) in pairwise(zip(asked, unused, strict=True)):
            if first and second and knew(other, one) and 0 < gap(one, other) <= MINUTE:
                yield Finding("must", [one, other])


def token_kind(story: Story) -> Findings:
    for call in story.of("challenge", "deletion"):
        name, right = ("bearer", "access_token") if call.kind == "deletion" else ("mfa_token", "mfa_token")
        if known := call.knows.get(name):
            yield Finding(_is(known.name != right), [call])
    for call in story.of("association"):
        if call.error == "access_denied" and "already enrolled" in call.says.lower():
            again = story.after(call, "association", of=call.text("bearer"))
            yield Finding(_is(again), [call, *again])


def dead_value_dropped(story: Story) -> Findings:
    for call in story.of("grant", "challenge", "association", "list", "refresh"):
        said = call.says.lower().replace("refresh token", "refresh_token")
        name = next((each for each in ("oob_code", "mfa_token", "refresh_token") if each in said), "")
        field = "bearer" if name == "mfa_token" and call.kind in ("association", "list") else name
        value, known = call.text(field), call.knows.get(field)
        # A token of the other kind is misplaced, not dead.
        is_other = name == "mfa_token" and field == name and known is not None and known.name != name
        is_dead = call.error in ("expired_token", "invalid_grant") and re.search(
            "expired|malformed|invalid|unknown", said
        )
        if value and is_dead and not is_other:
            later = [each for each in story.calls if knew(each, call) and each.kind != "poll" and _sends(each, value)]
            yield Finding(_is(len(later) > 1), [call, *later] if len(later) > 1 else [call])


def _sends(call: Call, value: str) -> bool:
    return value in (call.text(name) for name in ("mfa_token", "oob_code", "refresh_token", "bearer"))


def refresh_once(story: Story) -> Findings:
    for call in story.of("refresh"):
        old, new = call.text("refresh_token"), call.gets("refresh_token")
        if call.outcome == "given" and new and new != old:
            later = [each for each in story.of("refresh") if knew(each, call)]
            again = [each for each in later if each.text("refresh_token") == old]
            if again:
                yield Finding(_is(pause(call, again[0]) > 5) or "should", [call, *again])
            elif renewed := [each for each in later if each.text("refresh_token") == new]:
                yield Finding(None, [call, renewed[0]])


def newest_recovery_code(story: Story) -> Findings:
    def whose(call: Call) -> tuple[str, ...]:
        return call.user or call.text("mfa_token"), "one" if call.text("recovery_code") else ""

    for sent in grouped(story.of("grant"), whose):
        older: set[str] = set()
        renewed: Call | None = None
        for call in sent:
            if renewed is not None and knew(call, renewed):
                is_old = call.text("recovery_code") in older
                if is_old or call.is_passed:
                    yield Finding(_is(is_old), [renewed, call])
            if call.gets("recovery_code"):
                older, renewed = older | {call.text("recovery_code")}, call


def asked_at_first(story: Story) -> Findings:
    for call in story.of("grant", "poll"):
        first = story.issuer(call, "mfa_token")
        if first is not None and first.kind == "first factor" and call.is_passed:
            late = (
                "offline_access" in call.text("scope").split() and "offline_access" not in first.text("scope").split()
            )
            other = call.text("audience") and call.text("audience") != first.text("audience")
            yield Finding(_is(late or other, "should"), [first, call])


# -- transport and limits


def rate_limit_obeyed(story: Story) -> Findings:
    def endpoint(call: Call) -> tuple[str, ...]:
        return call.method, call.path, call.client or "none", call.user or "none"

    asked = [each for each in story.calls if each.exchange.speaker == "app"]
    for calls in grouped(asked, endpoint):
        limited = [each for each in calls if each.status == 429 and each.error != "slow_down"]
        for call in limited:
            later = [each for each in calls if knew(each, call) and pause(call, each) > 0]
            wait, reset = asked_wait(call), call.answered("x-ratelimit-reset")
            if call.answered("retry-after"):
                yield Finding(_is(later and pause(call, later[0]) < wait - tolerance(wait)), [call, *later[:1]])
                continue
            # To give up is right, and so are longer and longer waits: the reset may be far away.
            until = float(reset) if reset.isdecimal() else math.inf
            early = [each for each in later if each.passage.arrived < until - 0.5]
            waits = [gap(*each) for each in pairwise([call, *early])]
            is_stubborn = len(waits) >= (2 if reset else 3) and any(two <= one for one, two in pairwise(waits))
            yield Finding(_is(is_stubborn, "should"), [call, *early] if is_stubborn else [call])


def no_blind_resend(story: Story) -> Findings:
    def same(call: Call) -> tuple[str, ...]:
        return call.method, call.path, call.header("authorization") or "none", bytes(call.exchange.request.body).hex()

    for sent in grouped(story.of("grant", "refresh", "challenge", "association", "start"), same):
        for lost in (each for each in sent if each.outcome == "lost"):
            later, wait = [each for each in sent if follows(each, lost)], asked_wait(lost)
            is_asked = later and 0 < wait - tolerance(wait) <= pause(lost, later[0])
            resent = [] if is_asked else by_machine([lost, *later])
            hint = "Perhaps a proxy on the way has sent it again." if any(each.header("via") for each in resent) else ""
            yield Finding(_is(resent, "should"), resent or [lost], hint)


def secrets_not_in_url(story: Story) -> Findings:
    secrets = {value for call in story.known for _, value in call.issued()}
    for call in story.known:
        secrets |= {each for name, each in call.sent.items() if isinstance(each, str) and kind_of(name, each)}
    asked = [each for each in story.calls if each.exchange.speaker == "app"]
    for call in asked:
        named = [(name, value) for name, values in call.query.items() for value in values]
        found = [
            value for value in (*map(unquote, call.path.split("/")), *(each for _, each in named)) if value in secrets
        ]
        found += [value for name, value in named if kind_of(name, value, pair=False)]
        # The link of an email is Auth0's own, and has its code in it.
        if any(len(each) > 5 for each in found) and call.path != "/passwordless/verify_redirect":
            yield Finding("must", [call])
    if asked:
        yield Finding(None, asked[:1])


def one_client_authentication(story: Story) -> Findings:
    asked = story.of("first factor", "grant", "poll", "refresh", "machine", "challenge", "start")
    for call in asked:
        proofs = _proofs(call)
        is_needless = any(str(note).startswith(PUBLIC) for note in call.exchange.notes)
        hint = "This application is public: it has no secret to send." if is_needless else ""
        yield Finding(_is(is_needless or len(proofs) > 1), [call], hint)


def _proofs(call: Call) -> list[str]:
    found = [name for name in ("client_secret", "client_assertion") if call.text(name)]
    return [*found, *(["basic"] if call.text("basic").partition(":")[2] else [])]


def tokens_and_keys_reused(story: Story) -> Findings:
    def process(call: Call) -> tuple[str, ...]:
        keys = (
            sorted(str(each.get("kid")) for each in call.got["keys"])
            if call.kind == "keys" and call.status == 200
            else []
        )
        what = {"machine": call.text("audience"), "profile": call.user or "", "keys": " ".join(keys)}[call.kind]
        return (
            call.kind,
            what,
            call.client or "none",
            call.header("user-agent") or "none",
            call.passage.connection or "one",
        )

    for calls in grouped(story.of("machine", "keys", "profile"), process):
        fives = [calls[at : at + 5] for at in range(len(calls) - 4)]
        often = next((five for five in fives if 0 < gap(five[0], five[4]) <= MINUTE), [])
        hint = "Under a test runner this is a hint only: each of its processes starts afresh." if often else ""
        yield Finding(_is(often, "should"), often or calls[:1], hint)


class Rule(NamedTuple):
    """A rule: `cost` is what a breach costs, `act` what would show the rule where it was not seen."""

    id: str
    level: Level
    sentence: str
    source: str
    judge: Callable[[Story], Findings]
    cost: str
    act: str


# fmt: off
RULES = (
    Rule("poll-interval", "should", "Wait 5 s between two polls.", "RFC 8628 section 3.5; Auth0's rate limits: 12 polls, then 12 a minute", poll_interval, "the bucket is empty after a minute, then slow_down", "three polls of a push that the phone does not answer"),
    Rule("slow-down-obeyed", "must", "After slow_down each later gap is longer: by 5 s, and no less than Retry-After.", "RFC 8628 section 3.5; Auth0's page on CIBA", slow_down_obeyed, "the login ends (cli/oauth#107, alpacax/alpacon-cli#244)", "a poll that is answered slow_down, and one more: variation slow-down-400"),
    Rule("pending-goes-on", "must", "authorization_pending means: ask again.", "Auth0 docs, verify with out-of-band", pending_goes_on, "no push can log in", "a push that the phone allows after a poll: phone.allow_after(polls=1)"),
    Rule("final-answer-ends", "must", "Anything but pending, slow_down, 429, 5xx and a broken connection ends the poll.", "Auth0 docs, verify with out-of-band; RFC 8628", final_answer_ends, "a poll that never ends (pensarai/apex#180)", "a push that the phone allows or rejects: variation rejected-access-denied"),
    Rule("poll-outlives-weather", "should", "A 5xx, an answer that is no JSON, or a lost one slows a poll, no more.", "RFC 8628 section 3.5; that a 5xx is not final is our reading", poll_outlives_weather, "the login is lost although the user allowed it (hermes-agent#114610, kilocode#14056)", "a fault during a poll: variations poll-502-html and poll-reset"),
    Rule("refused-code-not-resent", "must", "A refused code is not sent again by machine.", "Auth0's limits: 10 failures, then 10 an hour", refused_code_not_resent, "the user is locked out (homebridge-wyze-smart-home#75)", "a wrong code"),
    Rule("used-code-not-resent", "should", "An accepted code is spent.", "RFC 6238 section 5.2; NIST SP 800-63B", used_code_not_resent, "a double submit fails after it has worked (keycloak#36012)", "two logins of one user with codes of one factor"),
    Rule("grant-fits-factor", "must", "A code goes to the grant of its factor.", "Auth0 docs, a page on each factor's verification", grant_fits_factor, "the right code is refused, and counts as a failure (Auth0.swift#1262)", "a login with a code"),
    Rule("binding-code-as-told", "should", "Send a binding_code exactly when the answer had binding_method.", "Auth0 docs, verify with out-of-band", binding_code_as_told, "a push asks for a code that there is not, and cannot finish", "a login or an enrollment by push, SMS, voice or email"),
    Rule("send-once", "must", "One message or push for each wish of a person.", "Auth0's limits; CISA on MFA fatigue (2022); NIST SP 800-63B-4", send_once, "users tap Allow to end it; effects run twice (mozilla/fxa#21131, auth0-spa-js#850)", "a challenge, or a message"),
    Rule("no-login-loop", "must", "After a rejection or an expiry no new login begins without a person.", "RFC 8628 section 3.5; CISA on MFA fatigue", no_login_loop, "users tap Allow to end it (snowflake-connector-nodejs#838)", "a push that the phone rejects"),
    Rule("active-only", "must", "Challenge only what the list calls active.", "Auth0 docs, manage authenticator factors", active_only, "a 401 (gravitee-access-management#7785)", "a list with an inactive entry, then a challenge of an id: variation inactive-first"),
    Rule("associate-needs-no-challenge", "should", "An enrollment sends its code itself, and its oob_code confirms it.", "Auth0 docs, the guides for SMS and email", associate_needs_no_challenge, "a 401, or a second message", "an enrollment by push, SMS, voice or email"),
    Rule("enrollment-finished", "should", "Do not pile up unconfirmed enrollments.", "Auth0's limit of 50 authenticators", enrollment_finished, "at 51 authenticators enrolling ends (Auth0 community 95815)", "an enrollment that is confirmed"),
    Rule("mfa-required-handled", "must", "mfa_required leads to the MFA API, not to the password again.", "Auth0 docs, the password grant with MFA", mfa_required_handled, "no user with MFA can log in (auth0-java#119, nextjs-auth0#2702)", "a login that is answered mfa_required"),
    Rule("token-kind", "must", "The mfa_token goes to the challenge, the MFA access token to DELETE and to a second enrollment.", "Auth0 docs, manage authenticator factors", token_kind, "a 401 or a 403 (Auth0 community 64112, 90893)", "a challenge, or an authenticator that is removed"),
    Rule("dead-value-dropped", "must", "A token or oob_code that is called expired, malformed or invalid is not sent again.", "RFC 6749 section 5.2; our reading", dead_value_dropped, "an endless loop until the user reloads", "a value that has expired: move the clock by 600 s"),
    Rule("refresh-once", "must", "With rotation each refresh token is used once.", "Auth0 docs, refresh token rotation; RFC 9700 section 4.14", refresh_once, "reuse ends the family: everybody is logged out (react-native-auth0#1374, auth0-spa-js#1684)", "two refreshes of one session: variation refresh-rotates"),
    Rule("newest-recovery-code", "must", "After a login with a recovery code only the new one counts. (That the user saw it cannot be seen.)", "Auth0 docs, verify with a recovery code", newest_recovery_code, "the user is locked out", "two logins of one user with recovery codes"),
    Rule("asked-at-first", "should", "Scope and audience belong to the first factor; the MFA grant inherits them.", "Auth0 docs, the password grant with MFA", asked_at_first, "the refresh token is missing, and nothing says so", "a login with a second factor"),
    Rule("rate-limit-obeyed", "must", "After a 429 wait for Retry-After, or longer and longer.", "Auth0 docs, custom rate limit policies, rate limit use cases", rate_limit_obeyed, "each try prolongs it (go-auth0#258, #501)", "a 429: variations poll-429-retry-after and poll-429-past"),
    Rule("no-blind-resend", "should", "After a lost answer or a 5xx no machine sends a code, a refresh or a challenge again.", "RFC 9110 section 9.2.2", no_blind_resend, "a burnt code, a lost recovery code, a second SMS (okhttp#2394)", "a fault during such a call: variation refresh-503"),
    Rule("secrets-not-in-url", "must", "No token, password, code or client_secret in a URL.", "RFC 6749 section 2.3.1; RFC 9700 section 4.3.2", secrets_not_in_url, "access logs keep it", "any call"),
    Rule("one-client-authentication", "must", "One way of client authentication in a request, and none for a public application.", "RFC 6749 section 2.3", one_client_authentication, "a secret in an app is public", "a call with a client_id"),
    Rule("tokens-and-keys-reused", "should", "Keep a machine's token, the keys and the profile, and ask again when they are old.", "Auth0 docs, token best practices, JSON web key sets", tokens_and_keys_reused, "quotas and rate limits are used up (rai-sdk-python#41, mozilla/normandy#1416)", "client credentials, the keys, or /userinfo: variation keys-rotate"),
)
# fmt: on
"""The rules, in the order in which they are told."""
