"""The rules for an application: each a row, and a pure function that finds where it was kept and where broken.

A function yields a Finding for each occasion; without one the rule was not seen. What a client could not know, because
an answer was under way or never arrived, breaks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, takewhile
from statistics import median
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, unquote

from auth0_mfa_lab.conduct.calls import CODES, Call, Story, by_machine, gap, grouped, least
from auth0_mfa_lab.polling import FIRST_GAP_SECONDS, OOB_CODE_SECONDS, SLOWER_BY_SECONDS
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.secrets.kinds import kind_of

Level = Literal["must", "should"]
MINUTE = 60.0
OWN_LINKS = ("/passwordless/verify_redirect", "/enroll")
DEAD = "expired|malformed|invalid"
RIGHT_ELSEWHERE = "sandbox: this code is the one of another factor"
PUBLIC = "sandbox: this application is public"
"""How the sandbox's notes begin: on a code in the wrong grant, and on a secret that is not needed."""


class Finding(NamedTuple):
    """One occasion of a rule: `level` is None where it was kept; `calls` and `hint`, a further sentence, tell a breach."""

    level: Level | None
    calls: Sequence[Call]
    hint: str = ""


Findings = Iterator[Finding]


def _if(breach: object, level: Level = "must") -> Level | None:
    return level if breach else None


# -- polling


def _polls(story: Story) -> list[list[Call]]:
    return grouped(story.of("poll"), lambda call: (call.oob_code,))


def poll_interval(story: Story) -> Findings:
    for polls in _polls(story):
        pending = [each for each in polls if each.outcome == "pending"]
        # Of a clock that stands still no gap is known.
        gaps = [seconds for each in pairwise(pending) if (seconds := gap(*each)) > 0]
        if len(gaps) > 1:
            yield Finding(_if(median(gaps) < least(FIRST_GAP_SECONDS), "should"), pending)


def slow_down_obeyed(story: Story) -> Findings:
    for polls in _polls(story):
        for before, slow in pairwise(polls):
            later = [slow, *(each for each in polls if each.knew(slow))]
            gaps = [seconds for each in pairwise(later) if (seconds := gap(*each)) > 0]
            # A move of the clock is a client's wait where a test waits so, and else no gap of the client's.
            is_real = later[-1].passage.moved == slow.passage.moved
            led = gap(before, slow) - (slow.passage.moved - before.passage.moved if is_real else 0)
            if slow.error == "slow_down" and gaps and led > 0.001:
                is_deaf = min(gaps) <= led or gaps[0] < least(slow.asked_wait)
                is_short = min(gaps) < least(led + SLOWER_BY_SECONDS)
                yield Finding(_if(is_deaf) or _if(is_short, "should"), [before, *later])


def pending_goes_on(story: Story) -> Findings:
    dropped: list[tuple[Sequence[Call], bool]] = []
    allows = {(each.passage.reset, each.oob_code): each for each in reversed(story.calls) if _is_allowed(each)}
    for polls in _polls(story):
        allow = allows.get((polls[0].passage.reset, polls[0].oob_code))
        pending = [each for each in polls if each.outcome == "pending" and allow and each.number < allow.number]
        if allow is None or not pending:
            continue
        if later := [each for each in polls if each.number > allow.number]:
            yield Finding(None, [allow, later[0]])
        elif story.silence(allow) > MINUTE:
            goes_on = any(each.user == allow.user and each.follows(allow) for each in story.of_app)
            dropped.append(([pending[-1], allow], goes_on))
    # One flow that ends so may be a process that ended, or a user who went away.
    if len(dropped) > 1 or any(goes_on for _, goes_on in dropped):
        yield from (Finding("must", shown) for shown, _ in dropped)


def _is_allowed(call: Call) -> bool:
    claims = claims_of(call.text("challenge_response")) or {}
    is_answer = call.kind == "answer" and bool(claims.get("auth0_guardian_accepted"))
    return call.outcome == "given" and (call.kind == "scan" or is_answer)


def _final(polls: Sequence[Call]) -> list[Call]:
    """Return the first answer that ends a poll, if any."""
    return [each for each in polls if each.outcome in ("given", "refused")][:1]


def final_answer_ends(story: Story) -> Findings:
    for polls in _polls(story):
        for final in _final(polls):
            later = [each for each in polls if each.knew(final)]
            yield Finding(_if(later), [final, *later])


def poll_outlives_weather(story: Story) -> Findings:
    for polls in _polls(story):
        for lost in (each for each in polls if each.outcome == "lost"):
            begun = story.issuer(lost, "oob_code")
            later = [each for each in polls if each.follows(lost)]
            others = any(each.login == lost.login and each.follows(lost) for each in story.of("challenge", "grant"))
            if later:
                seconds, asked = later[0].since(lost), lost.asked_wait
                yield Finding(_if(0 < seconds < 2 and not 0 < least(asked) <= seconds, "should"), [lost, later[0]])
            # Its oob_code must have been good for that minute, and the exchanges must tell of it.
            elif begun and not others and min(story.silence(lost), OOB_CODE_SECONDS - lost.since(begun)) > MINUTE:
                yield Finding("should", [lost])


# -- codes


def _code(call: Call) -> tuple[str, str]:
    """Return the field and the value of the code in a call, both "" without one."""
    return next(((name, call.text(name)) for name in CODES if call.text(name)), ("", ""))


def refused_code_not_resent(story: Story) -> Findings:
    def same(call: Call) -> Sequence[object]:
        return call.text("grant_type"), *_code(call), call.token or call.text("username")

    for sent in grouped(story.of("grant", "first factor"), same):
        for first in [each for each in sent if (each.outcome, each.error) == ("refused", "invalid_grant")][:1]:
            resent = by_machine([first, *(each for each in sent if each.knew(first))])
            yield Finding(_if(resent), resent)


def used_code_not_resent(story: Story) -> Findings:
    def whose(call: Call) -> Sequence[object]:
        return call.text("grant_type"), _code(call)[0], call.user or call.token

    for sent in grouped(story.of("grant", "first factor"), whose):
        # A recovery code that was used is followed by a new one: newest-recovery-code tells of it.
        for used in (each for each in sent if each.is_passed and not each.gets("recovery_code")):
            if later := [each for each in sent if each.knew(used)]:
                again = [each for each in later if _code(each) == _code(used) and not each.is_passed]
                hint = "In a test, wait for the next step of 30 s." if again else ""
                yield Finding(_if(again, "should"), [used, *again], hint)


def grant_fits_factor(story: Story) -> Findings:
    for call in story.of("grant"):
        is_elsewhere = _is_noted(call, RIGHT_ELSEWHERE)
        if is_elsewhere or call.is_passed:
            yield Finding(_if(is_elsewhere), [call])


def _is_noted(call: Call, begins: str) -> bool:
    return any(str(note).startswith(begins) for note in call.exchange.notes)


def binding_code_as_told(story: Story) -> Findings:
    for call in story.of("poll", "grant"):
        if call.oob_code and (begun := story.issuer(call, "oob_code")):
            is_told = "binding_method" in begun.got
            yield Finding(_if(is_told != bool(call.text("binding_code")), "should"), [begun, call])


# -- sending and enrolling


def send_once(story: Story) -> Findings:
    def wish(call: Call) -> Sequence[object]:
        is_sent = call.kind == "start" or (call.gets("oob_code") and (call.kind == "challenge" or call.address))
        which = call.address or call.text("authenticator_id") or call.text("oob_channel") or "the first"
        return is_sent and call.outcome == "given" and call.kind, call.token or call.client, which

    def is_again(sent: Call, call: Call) -> bool:
        """Say whether the code that was sent before, which lives longer than a machine's repetition, was not tried."""
        code = sent.gets("oob_code")
        return not any(
            each.follows(sent) and each.number < call.number and each.outcome not in ("pending", "slow")
            for each in story.of("grant", "poll", "first factor")
            if (each.oob_code == code if code else each.text("username") == sent.address and each.text("otp"))
        )

    for sent in grouped(story.of("challenge", "association", "start"), wish):
        again = by_machine(sent, is_again)
        yield Finding(_if(len(again) > 2) or _if(again, "should"), again)


def no_login_loop(story: Story) -> Findings:
    finals = [final for polls in _polls(story) for final in _final(polls) if final.outcome == "refused"]
    ended = {(each.passage.reset, each.oob_code): each for each in finals}
    again: dict[Call, tuple[Call, Call]] = {}
    for end in finals:
        for first in (
            each for each in story.of("first factor") if each.user and each.user == end.user and each.knew(end)
        ):
            sent = [each for each in story.of("challenge") if each.login == first.login and each.since(first) <= 10]
            if sent and 0 < first.since(end) <= 10:
                again.setdefault(end, (first, sent[0]))
    for end in finals:
        following = ended.get((end.passage.reset, again[end][1].gets("oob_code"))) if end in again else None
        is_loop = following is not None and following in again
        shown = [end, *again[end], following, *again[following]] if following is not None and is_loop else [end]
        yield Finding(_if(is_loop), shown)


def _listed(story: Story, call: Call) -> dict[str, bool]:
    """Return which entries the newest list calls active, of those that a call's client knew in its login."""
    lists = [each for each in story.of("list") if each.login == call.login and call.knew(each)]
    got = lists[-1].got if lists else None
    entries = [each for each in got if isinstance(each, dict)] if isinstance(got, list) else []
    return {str(each.get("id")): each.get("active") is not False for each in entries}


def active_only(story: Story) -> Findings:
    for call in story.of("challenge"):
        listed, wanted = _listed(story, call), call.text("authenticator_id")
        if wanted and not all(listed.values()):
            yield Finding(_if(listed.get(wanted) is False and call.outcome == "refused"), [call])


def associate_needs_no_challenge(story: Story) -> Findings:
    for begun in (each for each in story.of("association") if each.gets("oob_code")):
        tries = [each for each in story.of("grant", "poll") if each.oob_code == begun.gets("oob_code")]
        sent = [each for each in story.of("challenge") if each.token == begun.token and each.knew(begun)]
        # An access token does for no challenge at all: token-kind tells of it.
        for call in [each for each in sent if each.is_with("mfa_token")][:1]:
            wanted = call.text("authenticator_id")
            is_chosen = wanted and (call.outcome == "given" or _listed(story, call).get(wanted))
            if not is_chosen and not any(each.number < call.number for each in tries):
                yield Finding("should", [begun, call])
        if tries:
            yield Finding(None, [begun, tries[0]])


def enrollment_finished(story: Story) -> Findings:
    def whose(call: Call) -> Sequence[object]:
        channel = call.sent.get("oob_channels") or call.sent.get("authenticator_types")
        return call.outcome == "given", call.user or call.token, str(channel)

    def is_confirmed(begun: Call) -> bool:
        code, login = begun.gets("oob_code"), begun.login
        done = (each for each in story.of("grant", "poll", "scan") if each.follows(begun) and each.outcome == "given")
        return any(each.oob_code == code if code else each.login == login and each.text("otp") for each in done)

    for begun in grouped(story.of("association"), whose):
        confirmed = [each for each in begun if is_confirmed(each)]
        left = [each for each in begun if each not in confirmed]
        if confirmed:
            yield Finding(None, confirmed)
        for three in zip(left, left[1:], left[2:], strict=False):
            # A QR that is drawn anew when the old one has expired is right.
            if all(gap(*each) < least(OOB_CODE_SECONDS) for each in pairwise(three)):
                yield Finding("should", three)


# -- tokens


def mfa_required_handled(story: Story) -> Findings:
    used = {each.token for each in story.calls}
    asked = (each for each in story.of("first factor", "refresh") if each.gets("mfa_token"))
    for calls in grouped(asked, lambda call: (call.client, call.text("refresh_token") or call.user)):
        handled = [each for each in calls if each.gets("mfa_token") in used]
        for one, other in pairwise(calls):
            if not {one, other} & {*handled} and other.knew(one) and 0 < gap(one, other) <= MINUTE:
                yield Finding("must", [one, other])
        if handled:
            yield Finding(None, handled)


def token_kind(story: Story) -> Findings:
    for call in story.of("challenge", "deletion"):
        field, name = ("bearer", "access_token") if call.kind == "deletion" else ("mfa_token", "mfa_token")
        if field in call.knows:
            yield Finding(_if(not call.is_with(name, field=field)), [call])
    for call in story.of("association"):
        again = [each for each in story.of("association") if each.token == call.token and each.knew(call)]
        if again and call.error == "access_denied" and "already enrolled" in call.says.lower():
            yield Finding("must", [call, *again])


def dead_value_dropped(story: Story) -> Findings:
    for call in story.of("grant", "challenge", "association", "list", "refresh"):
        said = call.says.lower().replace("refresh token", "refresh_token")
        name = next((each for each in ("oob_code", "mfa_token", "refresh_token") if each in said), "")
        value = call.token if name == "mfa_token" else call.text(name)
        is_dead = call.error in ("expired_token", "invalid_grant") and re.search(DEAD, said)
        # An access token in the place of an mfa_token is misplaced, not dead.
        if value and is_dead and (name != "mfa_token" or call.is_with(name)):
            sent = [each for each in story.calls if value in (each.token, each.oob_code, each.text("refresh_token"))]
            later = [each for each in sent if each.knew(call) and each.kind != "poll"]
            yield Finding(_if(len(later) > 1), [call, *later])


def refresh_once(story: Story) -> Findings:
    for call in story.of("refresh"):
        old, new = call.text("refresh_token"), call.gets("refresh_token")
        later = [each for each in story.of("refresh") if new not in ("", old) and each.knew(call)]
        if again := [each for each in later if each.text("refresh_token") == old]:
            yield Finding(_if(again[0].since(call) > 5) or "should", [call, *again])
        elif renewed := [each for each in later if each.text("refresh_token") == new]:
            yield Finding(None, [call, renewed[0]])


def newest_recovery_code(story: Story) -> Findings:
    sent_codes = (each for each in story.of("grant") if each.text("recovery_code"))
    for sent in grouped(sent_codes, lambda call: (call.user or call.token,)):
        for renewed in (each for each in sent if each.gets("recovery_code")):
            for call in (each for each in sent if each.knew(renewed)):
                is_old = call.text("recovery_code") == renewed.text("recovery_code")
                if is_old or call.is_passed:
                    yield Finding(_if(is_old), [renewed, call])


def asked_at_first(story: Story) -> Findings:
    for call in story.of("grant", "poll"):
        first = story.issuer(call, "mfa_token")
        if first is not None and first.kind == "first factor" and call.is_passed:
            offline = ["offline_access" in each.text("scope").split() for each in (first, call)]
            other = call.text("audience") not in ("", first.text("audience"))
            yield Finding(_if(offline == [False, True] or other, "should"), [first, call])


# -- transport and limits


def rate_limit_obeyed(story: Story) -> Findings:
    for calls in grouped(story.of_app, lambda call: (call.path, (call.client, call.user))):
        for limited in (each for each in calls if each.status == 429 and each.error != "slow_down"):
            later = [each for each in calls if each.knew(limited) and each.since(limited) > 0]
            if limited.header("retry-after", of_answer=True):
                is_early = later and later[0].since(limited) < least(limited.asked_wait)
                yield Finding(_if(is_early), [limited, *later[:1]])
                continue
            # To give up is right, and so are longer and longer waits: the reset may be far away.
            reset = limited.header("x-ratelimit-reset", of_answer=True)
            early = [each for each in later if not reset.isdecimal() or each.passage.arrived < float(reset) - 0.5]
            tries = [limited, *takewhile(lambda each: each.status == 429, early)]
            waits = [gap(*each) for each in pairwise(tries)]
            is_stubborn = len(waits) > (1 if reset else 2) and any(two <= one for one, two in pairwise(waits))
            yield Finding(_if(is_stubborn, "should"), tries)


def no_blind_resend(story: Story) -> Findings:
    def same(call: Call) -> Sequence[object]:
        return call.path, call.header("authorization") or "none", bytes(call.exchange.request.body)

    for sent in grouped(story.of("grant", "refresh", "challenge", "association", "start"), same):
        for lost in (each for each in sent if each.outcome == "lost"):
            later, wait = [each for each in sent if each.follows(lost)], least(lost.asked_wait)
            resent = by_machine([lost, *later]) if not later or not 0 < wait <= later[0].since(lost) else []
            hint = "Perhaps a proxy on the way has sent it again." if any(each.header("via") for each in resent) else ""
            yield Finding(_if(resent, "should"), resent, hint)


def secrets_not_in_url(story: Story) -> Findings:
    secrets = {value for call in story.known for _, value in call.issued()}
    sent = [each for call in story.known for each in call.sent.items() if isinstance(each[1], str)]
    secrets |= {value for name, value in sent if kind_of(name, value)}
    for call in story.of_app:
        pairs = parse_qsl(str(call.exchange.request.target).partition("?")[2])
        found = [each for each in (*map(unquote, call.path.split("/")), *dict(pairs).values()) if each in secrets]
        found += [value for name, value in pairs if kind_of(name, value, pair=False)]
        # The links of an email and of an enrollment are Auth0's own, and have a code or a ticket in them.
        is_leak = any(len(each) > 5 for each in found) and call.path not in OWN_LINKS
        yield Finding(_if(is_leak), [call])


def one_client_authentication(story: Story) -> Findings:
    for call in story.of("first factor", "grant", "poll", "refresh", "machine", "challenge", "start"):
        proofs = [call.text("client_secret"), call.text("client_assertion"), call.text("basic").partition(":")[2]]
        hint = "This application is public: it has no secret to send." if _is_noted(call, PUBLIC) else ""
        yield Finding(_if(hint or len(list(filter(None, proofs))) > 1), [call], hint)


def tokens_and_keys_reused(story: Story) -> Findings:
    def what(call: Call) -> Sequence[object]:
        text = str(call.exchange.response.text) if call.exchange.response else ""
        keys = sorted(re.findall(r'"kid": ?"(.*?)"', text))
        process = call.header("user-agent"), call.passage.connection
        return call.kind, (call.client, call.text("audience"), call.user, *keys, process)

    given = [each for each in story.of("machine", "keys", "profile") if each.outcome == "given"]
    for calls in grouped(given, what):
        fives = [calls[at : at + 5] for at in range(len(calls) - 4)]
        often = next((five for five in fives if 0 < gap(five[0], five[4]) <= MINUTE), [])
        hint = "Under a test runner this is a hint only: each of its processes starts afresh." if often else ""
        yield Finding(_if(often, "should"), often, hint)


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
