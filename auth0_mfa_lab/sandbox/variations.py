"""What Auth0 never promised, answered otherwise: 44 variations that a right client survives, a row for each.

Each row is fair: the user's wish can still be met, by a client that uses only what Auth0 or an RFC promises.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from email.utils import formatdate
from types import MappingProxyType
from typing import Any, NamedTuple, get_args

from starlette.responses import Response

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.app import Fault, fault_answer, is_a_phones, respond
from auth0_mfa_lab.sandbox.http import Passing, Request
from auth0_mfa_lab.sandbox.limits import Bounded
from auth0_mfa_lab.sandbox.management import MANAGEMENT_SCOPES
from auth0_mfa_lab.sandbox.oauth.api import OIDC_SCOPES
from auth0_mfa_lab.sandbox.received import fields_of
from auth0_mfa_lab.sandbox.records import CHANNEL_OF, Kind, OobTransaction
from auth0_mfa_lab.sandbox.settings import SWITCHES, Profile, Settings
from auth0_mfa_lab.sandbox.tenant import MFA_SCOPES, Tenant

ASSOCIATE, LIST, CHALLENGE, TOKEN = "/mfa/associate", "/mfa/authenticators", "/mfa/challenge", "/oauth/token"


@dataclass
class Said:
    """An answer that may be changed: `body` is the JSON value, or the bytes of what is no JSON."""

    status: int
    headers: dict[str, str]
    body: Any
    indent: int | None = None
    seconds: float = 0.0
    has_capitals: bool = False
    is_lost: bool = False

    @classmethod
    def of(cls, response: Response) -> Said:
        """Read an answer of the tenant's."""
        headers, body = dict(response.headers), bytes(response.body)
        headers.pop("content-length", None)
        is_json = "json" in headers.get("content-type", "") and body
        return cls(response.status_code, headers, json.loads(body) if is_json else body)

    @property
    def members(self) -> dict[str, Any]:
        """The members of an object; {} for another body."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def error(self) -> str:
        """The OAuth code; "" for none."""
        return str(self.members.get("error", ""))

    @property
    def content(self) -> bytes:
        """The bytes of the body."""
        if isinstance(self.body, bytes):
            return self.body
        separators = (",", ": " if self.indent else ":")
        return json.dumps(self.body, ensure_ascii=False, separators=separators, indent=self.indent).encode()

    def all(self) -> tuple[object, ...]:
        """Return what makes it another answer than before; a date alone does not."""
        headers = {name: value for name, value in self.headers.items() if name != "date"}
        return self.status, headers, self.content, self.seconds, self.has_capitals, self.is_lost

    def response(self) -> Passing:
        """Return what is sent."""
        made = Passing(self.content, self.status, self.headers)
        made.seconds, made.has_capitals, made.is_lost = self.seconds, self.has_capitals, self.is_lost
        return made


@dataclass
class Call:
    """One request of an application's, as a variation sees it; `memory` is that variation's own, since the reset.

    `met` is set where the request met the variation, though its answer looks as ever.
    """

    tenant: Tenant
    request: Request
    memory: Bounded[Any]
    fields: Mapping[str, Any]
    met: bool = False

    @property
    def path(self) -> str:
        return str(self.request.scope["path"])

    @property
    def grant(self) -> str:
        """The last part of the grant type; "" for another path."""
        return str(self.fields.get("grant_type", "")).rpartition("/")[2] if self.path == TOKEN else ""

    def entries(self, said: Said) -> list[dict[str, Any]]:
        """Return the entries of a list of authenticators; [] for another answer."""
        return said.body if self.path == LIST and isinstance(said.body, list) else []

    @property
    def user_id(self) -> str:
        """The user of an mfa_token, in the body or as the bearer, or of an MFA access token; "" for none."""
        logins = self.tenant.transactions.logins
        token = str(self.fields.get("mfa_token") or self.request.bearer)
        login = logins.get(token) or self.tenant.access_login(token)
        return login.request.user_id if login else ""


# -- texts and fields

# fmt: off
TEXTS = {
    "authorization_pending": "The user has not answered yet.", "slow_down": "Wait for longer between two requests.",
    "mfa_required": "One more factor is needed.", "expired_token": "Its time is over.", "access_denied": "This was not allowed.",
}
"""Another sentence for each code that speaks for itself; of `invalid_grant` only the text tells what is meant."""
LIVES: Mapping[str, object] = {"interval": 5, "expires_in": 300}
MORE: Mapping[str, Mapping[str, object]] = {
    CHALLENGE: LIVES, ASSOCIATE: {"id": "totp|dev_0000000000000000", **LIVES}, LIST: {"created_at": "2026-01-15T08:00:00.000Z"},
}
MORE_CLAIMS: Mapping[str, object] = {
    "sid": "s" * 32, "https://app.example/roles": ["reader", "editor"],
    "https://app.example/account": {"plan": {"name": "basic", "seats": 3}, "note": "n" * 800},
}
# fmt: on


def extra_fields(call: Call, said: Said) -> None:
    more = {**MORE.get(call.path, {}), "context": {"version": 2, "region": {"name": "eu"}}}
    for item in said.body if isinstance(said.body, list) else [said.body]:
        if isinstance(item, dict):
            item |= more


def reversed_json(value: Any) -> Any:
    """Return a JSON value with its members and entries in the reverse order."""
    if isinstance(value, dict):
        return {name: reversed_json(one) for name, one in reversed(value.items())}
    return [reversed_json(one) for one in reversed(value)] if isinstance(value, list) else value


def narrow(members: dict[str, Any]) -> None:
    """Turn the scopes round, and drop the last of an API that is not the tenant's own."""
    words = (members.get("scope") or "").split()
    spare = [word for word in words if word not in OIDC_SCOPES.union(MFA_SCOPES, MANAGEMENT_SCOPES)]
    if words:
        members["scope"] = " ".join(reversed([word for word in words if word not in spare[-1:]]))


def recovery_code_kept(call: Call, said: Said) -> None:
    entry = call.tenant.authenticators.recovery_code_of(call.user_id)
    if call.grant == "mfa-recovery-code" and said.members.pop("recovery_code", None) and entry:
        call.tenant.authenticators.change(call.user_id, entry.id, secret=call.fields["recovery_code"])


def refresh_stays(call: Call, said: Said) -> None:
    if call.grant == "refresh_token" and "access_token" in said.members:
        kept = call.tenant.refresh_tokens
        kept[call.fields["refresh_token"]] = kept.pop(said.body.pop("refresh_token"))


def refresh_rotates(call: Call, said: Said) -> None:
    """Know the families of refresh tokens, and end that of one that is used a second time."""
    token, has_tokens = str(call.fields.get("refresh_token")), "access_token" in said.members
    if call.grant == "refresh_token" and has_tokens:
        call.memory[token], call.met = said.body["refresh_token"], True
    while not has_tokens and token in call.memory:
        token = call.memory[token]
        call.tenant.refresh_tokens.pop(token, None)


# -- what is issued, by its kind


def as_jwt(value: str, _: object) -> str:
    parts = ('{"alg":"HS256","typ":"JWT"}', json.dumps({"mfa": value[-64:]}), value[-32:])
    return ".".join(urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts)


def long_seal(value: str, _: object) -> str:
    """Return a sealed text of 2,048 characters: its longest part is repeated."""
    longest = max(value.split("*"), key=len)
    return value.replace(longest, (longest * 4)[: len(longest) + 2_048 - len(value)])


def day_or_less(value: Any, memory: Bounded[Any]) -> Any:
    """Return 120 seconds and 30 days in turn, in the place of a day."""
    memory["turn"] = memory.get("turn", 0) + (value == 86_400)
    return (2_592_000, 120)[memory["turn"] % 2] if value == 86_400 else value


def in_a_jwt(change: Callable[[dict[str, Any], dict[str, Any]], object]) -> Issue:
    """Return what changes header and claims of each JWT that an application gets."""

    def issue(value: Any, _: Bounded[Any]) -> Any:
        header, claims = map(dict, value)
        if claims.get("azp") != "device":  # the token of a push is for a phone
            change(header, claims)
        return header, claims

    return {"JWT": issue}


def rfc9068(header: dict[str, Any], claims: dict[str, Any]) -> None:
    if "gty" in claims:  # an access token
        unique = hashlib.sha256(json.dumps(claims).encode()).hexdigest()[:24]
        header["typ"], claims["client_id"], claims["jti"] = "at+jwt", claims.pop("azp"), unique
        del claims["gty"]


def as_sms(call: Call) -> None:
    """Read the id `phone|dev_…` as what it is here."""
    request = call.request
    request.content = re.sub(rb"phone(\||%7[Cc])dev_", rb"sms\1dev_", request.content)
    request.scope["path"] = request.scope["path"].replace("/phone|dev_", "/sms|dev_")


LATE, STEP = 280, 14
"""Seconds of the tenant's from a push to its approval, and by how many each of the twenty polls moves the clock."""


def hold_back(call: Call) -> None:
    """Let an approved push wait for as long as one poll of it is answered."""
    push = _push_of(call)
    if push and push.state == "approved" and call.tenant.clock.now() < push.started + LATE:
        push.state, call.memory["held"], call.met = "pending", push, True


def late_approval(call: Call, said: Said) -> None:
    if held := call.memory.pop("held", None):
        held.state = "approved"
    push, clock = _push_of(call), call.tenant.clock
    if push and said.error == "authorization_pending":
        polls = call.memory[push.oob_code] = call.memory.get(push.oob_code, 0) + 1
        clock.advance(max(0.0, push.started + min(LATE, polls * STEP) - clock.now()))


def _push_of(call: Call) -> OobTransaction | None:
    """Return the push, of a login and not of an enrollment, that a call polls for."""
    found = call.tenant.transactions.oob_codes.get(str(call.fields.get("oob_code")))
    is_push = found is not None and (found.channel, found.purpose) == ("auth0", "login")
    return found if is_push and call.grant == "mfa-oob" else None


# -- in a poll, while the user has not answered; later it could eat the tokens


def in_poll(number: int, status: int, body: Any, **headers: object) -> Rewrite:
    """Return what takes the place of the first or second pending poll of each oob_code; a header's time is from now."""

    def rewrite(call: Call, said: Said) -> None:
        if said.error != "authorization_pending":
            return
        code, now = call.fields["oob_code"], int(call.tenant.clock.now())
        call.memory[code] = polls = call.memory.get(code, 0) + 1
        if polls == number:
            said.status, said.body, said.is_lost = status, body, not status
            given = {name.replace("_", "-"): str(value) for name, value in headers.items()}
            if "x-ratelimit-reset" in given:
                given["x-ratelimit-reset"] = str(now + int(given["x-ratelimit-reset"]))
            of_json = {} if isinstance(body, bytes) else {"content-type": "application/json; charset=utf-8"}
            said.headers = {**of_json, **given}

    return rewrite


HTML = bytes(fault_answer(Fault(kind="html", status=502), TOKEN, 0).body)
TOO_MANY = {"error": "too_many_requests", "error_description": "Rate limit exceeded."}
OF_RATE: Mapping[str, object] = {"x_ratelimit_limit": 100, "x_ratelimit_remaining": 90, "x_ratelimit_reset": 1}
UNAVAILABLE = {"statusCode": 503, "message": "Service Unavailable"}


def refresh_503(call: Call) -> Said | None:
    if call.grant == "refresh_token" and "failed" not in call.memory:
        call.memory["failed"] = True
        return Said(503, {"content-type": "application/json; charset=utf-8"}, UNAVAILABLE)
    return None


# -- lists


def enroll_more(times: int, kinds: Collection[Kind], **changes: Any) -> Before:
    """Return what enrolls, at a user's first list, so many more like each active one of these kinds, with changes."""

    def before(call: Call) -> None:
        tenant, user_id = call.tenant, call.user_id if call.path == LIST else ""
        like = [entry for entry in tenant.authenticators.active_of(user_id) if entry.kind in kinds]
        if not like or user_id in call.memory:
            return
        call.memory[user_id] = added = set[str]()
        for entry in like * times:
            device_id = tenant.chance.device_id()
            if entry.kind == "push":  # on the same phone
                tenant.devices[device_id] = tenant.devices[entry.id.removeprefix("push|")]
            made = replace(entry, id=f"{entry.kind}|{device_id}", partner="", **changes)
            tenant.authenticators.add(user_id, made)
            added.add(made.id)

    return before


def added_first(call: Call, said: Said) -> None:
    """Let what was enrolled so stand first, in the order of enrollment."""
    added = call.memory.get(call.user_id, ())
    call.entries(said).sort(key=lambda entry: entry["id"] not in added)
    call.met = any(entry["id"] in added for entry in call.entries(said))


def remove_key(call: Call) -> Said | None:
    if call.request.method == "DELETE" and call.path == f"{LIST}/{key_of(call)}":
        call.memory[key_of(call)] = True
        return Said(204, {"content-type": "application/json"}, b"")
    return None


def key_of(call: Call) -> str:
    """Return the id of a user's security key, the same each time."""
    return f"webauthn-roaming|dev_{hashlib.sha256(call.user_id.encode()).hexdigest()[:16]}"


# -- keys and issuer


def rotate_keys(call: Call) -> None:
    """Have three keys, and sign with a new one from the first refresh on."""
    tokens, is_first_refresh = call.tenant.tokens, call.grant == "refresh_token" and "rotated" not in call.memory
    if len(tokens.keys) < 3 or is_first_refresh:
        tokens.rotate()
    if is_first_refresh:
        call.memory["rotated"] = True


Rewrite = Callable[[Call, Said], object]
Before = Callable[[Call], Said | None]
Issue = Mapping[str, Callable[[Any, Bounded[Any]], Any]]


class Variation(NamedTuple):
    """One row; members of one of its `groups` (words) exclude one another.

    `before` sees a request first, and may answer it; `rewrite` changes the tenant's answer; `issue` changes what is
    drawn or signed, by its kind; of `switches` (`profile` among them) the tenant has the other value; `factors` are on;
    `seen` tells of an answer of the tenant's that it met the variation; `host` is a server's name. Where a right client
    `may_stop`, what it says tells nothing: `conduct` judges.
    """

    star: str
    changes: str
    evidence: str
    finds: str
    groups: str = ""
    before: Before | None = None
    rewrite: Rewrite | None = None
    issue: Issue = MappingProxyType({})
    switches: tuple[str, ...] = ()
    factors: frozenset[str] = frozenset()
    seen: Callable[[Call, Said], bool] = lambda *_: False
    host: str = ""
    may_stop: bool = False


# fmt: off
VARIATIONS: Mapping[str, Variation] = {
    # Disputed statuses and codes
    "rejected-access-denied":    Variation("★", "A rejected push is 400 access_denied in the place of 403 invalid_grant, with the same text.", "rec against doc", "A refusal is invalid_grant alone, or 403 alone; polling goes on after another one.", switches=("profile",)),
    "slow-down-400":             Variation("★", "The second pending poll gets slow_down with 400, and no interval.", "undoc; doc has 429 for siblings, RFC 8628 means 400", "The status is read before the code; slow_down ends the login, or each 400 is pending.", "poll", rewrite=in_poll(2, 400, {"error": "slow_down", "error_description": errors.SLOW_DOWN.text}), switches=("slow_down_status",)),
    "expired-403":               Variation("", "expired_token comes with 403 in the place of 401.", "forum against test", "403 is taken for mfa_required, 401 for bad credentials.", switches=("expired_token_status",)),
    "error-statuses":            Variation("", "unsupported_challenge_type is 400, too many codes are 429.", "doc, forum", "What is tried again depends on the status.", switches=("unsupported_challenge_type_status", "too_many_failed_codes_status"), may_stop=True),
    # Texts
    "other-texts":               Variation("★", "Other sentences for authorization_pending, slow_down, mfa_required, expired_token and access_denied.", "undoc; RFC 6749 5.2: for developers", "A text is compared, or the code is looked for in it.", "text", rewrite=lambda _, said: said.error in TEXTS and said.body.update(error_description=TEXTS[said.error])),
    "no-texts":                  Variation("", "The same codes without error_description.", "RFC 6749 5.2: optional", "Each error has a text.", "text", rewrite=lambda _, said: said.error in TEXTS and said.body.pop("error_description")),
    # Fields
    "extra-fields":              Variation("", "Unknown members in every JSON object: interval, expires_in, id, created_at, a nested one.", "test; RFC 6749 5.1: ignore them", "A strict decoder refuses what it does not know.", rewrite=extra_fields),
    "order":                     Variation("", "Members and entries of lists in the reverse order, the JSON indented.", "undoc", "A regular expression reads a body; [0] of a list.", rewrite=lambda _, said: vars(said).update(body=reversed_json(said.body), indent=2)),
    "no-scope":                  Variation("", "Answers with tokens have no scope.", "doc: may be absent", "scope is always there to be split.", "scope", rewrite=lambda call, said: call.path == TOKEN and said.members.pop("scope", None)),
    "scope-narrowed":            Variation("", "scope in another order, without one scope of an API that was asked for.", "doc: named where it differs", "What was asked for is what was given, in this order.", "scope", rewrite=lambda _, said: narrow(said.members), issue=in_a_jwt(lambda _, claims: narrow(claims))),
    "recovery-codes-absent":     Variation("", "/mfa/associate answers without recovery_codes.", "doc: off by default", "recovery_codes[0] is there at the first enrollment.", rewrite=lambda call, said: call.path == ASSOCIATE and said.members.pop("recovery_codes", None)),
    "recovery-code-kept":        Variation("", "A recovery code is answered without a new recovery_code; the old one stays good.", "doc: might also include", "The stored code is overwritten by nothing.", rewrite=recovery_code_kept),
    "requirements-on":           Variation("★", "mfa_requirements in mfa_required, and type in lists; where the tenant has them, they are gone.", "doc: early access", "Factors are read from mfa_requirements, or a new member ends the login.", "requirements", switches=("customizable_mfa",), seen=lambda call, said: said.error == "mfa_required" or bool(call.entries(said))),
    "requirements-unknown-type": Variation("", "mfa_requirements.challenge begins with webauthn-roaming; the usual types follow.", "test", "challenge[0] is a factor of the application's; the types are a closed list.", "requirements", rewrite=lambda _, said: said.members.get("mfa_requirements", {}).get("challenge", []).insert(0, {"type": "webauthn-roaming"}), switches=("customizable_mfa",)),
    "refresh-stays":             Variation("★", "A refresh is answered without refresh_token: the old one stays good.", "doc: rotation off; RFC 6749 6", "The stored refresh_token is overwritten by nothing.", "refresh", rewrite=refresh_stays),
    "refresh-rotates":           Variation("", "A new refresh_token each time; the old one is dead at once, and its reuse ends the family.", "doc: rotation on, no leeway", "The old one is kept; two refreshes run at once.", "refresh", rewrite=refresh_rotates),
    "id-token-more":             Variation("", "The id_token has sid, claims named by a URL, a nested object: 1 KB more.", "doc: custom claims", "A strict model of claims; a cookie that grows too long.", issue=in_a_jwt(lambda _, claims: "azp" in claims or claims.update(MORE_CLAIMS))  ),  # an id_token has no azp
    # Headers
    "header-case":               Variation("", "Names of headers with capitals: Content-Type, X-RateLimit-Limit.", "doc against rec; RFC 9110 5.1", "A header is looked up by its exact name.", rewrite=lambda _, said: setattr(said, "has_capitals", True)),
    "no-rate-headers":           Variation("", "No x-ratelimit-* headers.", "rec at three paths only", "The rate headers are always there to be read as numbers.", "rate", rewrite=lambda _, said: [said.headers.pop(name) for name in [*said.headers] if name.startswith("x-ratelimit-")]),
    "content-type":              Variation("", "application/json; charset=utf-8 at /oauth/token, without its charset at /mfa/*.", "rec, each at the other place", "A content type is compared as a whole.", rewrite=lambda call, said: isinstance(said.body, bytes) or said.headers.update({"content-type": "application/json" + "; charset=utf-8" * (call.path == TOKEN)})),
    # Ids, tokens, codes
    "mfa-token-jwt":             Variation("", "The mfa_token has three parts, and begins with eyJ.", "forum; doc: early access", "The kind of a token is told by its shape.", "mfa_token", issue={"mfa_token": as_jwt}),
    "mfa-token-2k":              Variation("", "mfa_token and oob_code have 2,048 characters, * among them.", "rec: some 2 KB; undoc", "A column, a cookie or a form that is too small, or does not encode *.", "mfa_token", issue={"mfa_token": long_seal, "oob_code": long_seal}),
    "long-ids":                  Variation("", "32 characters after dev_; a recovery code of 32.", "rec: 16 and 24; undoc", "Ids and codes are checked by their length.", issue={"device_id": lambda drawn, _: f"{drawn}{drawn[4:]}", "recovery_code": lambda drawn, _: f"{drawn}{drawn[:8]}"}, seen=lambda _, said: bool(re.search(rb'dev_\w{32}"|"[0-9A-Z]{32}"', said.content))),
    "phone-prefix":              Variation("", "The id of an SMS is phone|dev_... in the place of sms|dev_...; oob_channel is as ever.", "rec at the Management API, test", "The channel is cut out of the id.", before=as_sms, rewrite=lambda _, said: isinstance(said.body, bytes) or vars(said).update(body=json.loads(json.dumps(said.body).replace('"sms|dev_', '"phone|dev_')))),
    "code-leading-zero":         Variation("★", "Every code that is sent begins with 00.", "doc: six digits", "A code is kept as a number.", "code", issue=dict.fromkeys(("code", "passwordless"), lambda code, _: f"00{code[2:]}")),
    "code-8-digits":             Variation("", "Codes of a passwordless login have eight digits.", "doc: the length is a setting", "Six boxes, or a check for six digits.", "code", issue={"passwordless": lambda code, _: f"{code}{code[1:3]}"}),
    "access-token-profile":      Variation("", "Access tokens that are JWTs have typ at+jwt, client_id for azp, a jti, and no gty.", "doc: a setting of the API", "The application reads its access token.", issue=in_a_jwt(rfc9068)),
    # Time
    "slow-answers":              Variation("", "Each answer comes 4 seconds late.", "undoc", "A timeout that is shorter, and sends again.", rewrite=lambda _, said: setattr(said, "seconds", 4.0)),
    "late-approval":             Variation("★", "An allowed push stays pending until 4:40 of its five minutes: twenty polls, each of which moves the tenant's clock.", "doc: five minutes", "Polling ends after a minute, or after a number of polls.", before=hold_back, rewrite=late_approval),
    "client-clock-behind":       Variation("★", "iat and exp of each token, and Date, are 45 seconds ahead.", "undoc; Auth0's SDKs allow 60", "iat is checked without a leeway.", rewrite=lambda call, said: said.headers.update(date=formatdate(call.tenant.clock.stamp() + 45, usegmt=True)), issue=in_a_jwt(lambda _, claims: claims.update(iat=claims["iat"] + 45, exp=claims["exp"] + 45))),
    "lifetimes":                 Variation("", "expires_in and exp are 120 seconds and 30 days in turn.", "doc: a setting", "86400 by heart; a refresh at each call where a margin exceeds the lifetime.", issue={"lifetime": day_or_less}),
    # Limits and gateway, in a poll that is pending
    "poll-429-retry-after":      Variation("", "One pending poll gets 429 too_many_requests with Retry-After 7; x-ratelimit-remaining is 90.", "doc: rate limit policies", "429 ends the login; the wrong header is believed; the wait is too short.", "poll", rewrite=in_poll(1, 429, TOO_MANY, retry_after=7, **OF_RATE)),
    "poll-429-past":             Variation("", "One pending poll gets 429 without Retry-After; x-ratelimit-reset was 5 seconds ago.", "undoc", "A negative wait, or a loop that does not wait.", "poll rate", rewrite=in_poll(1, 429, TOO_MANY, **{**OF_RATE, "x_ratelimit_remaining": 0, "x_ratelimit_reset": -5})),
    "poll-502-html":             Variation("★", "One pending poll gets 502 and a page in HTML.", "test", "Every answer is JSON; a parse error ends the login.", "poll", rewrite=in_poll(1, 502, HTML, content_type="text/html; charset=utf-8")),
    "poll-503-json":             Variation("", "One pending poll gets 503, JSON without error, Retry-After 6.", "undoc; RFC 9110", "The body is read as a refusal; Retry-After is not read.", "poll", rewrite=in_poll(1, 503, UNAVAILABLE, retry_after=6)),
    "poll-empty":                Variation("", "One pending poll gets 504, no body, no content type.", "undoc", "An error is looked for in nothing.", "poll", rewrite=in_poll(1, 504, b"")),
    "poll-reset":                Variation("★", "The connection of one pending poll is reset.", "RFC 8628 3.5: slower, then again", "One lost connection ends the login.", "poll", rewrite=in_poll(1, 0, b"")),
    "refresh-503":               Variation("", "One refresh gets 503 with JSON; the refresh_token stays good.", "undoc; RFC 9110", "The session is thrown away, and the password asked for.", before=refresh_503, may_stop=True),
    # Lists
    "inactive-first":            Variation("★", "Two unconfirmed entries of each factor of the user's stand first.", "rec; doc: ignore them", "[0] of the list, or the first of a type.", before=enroll_more(2, ("totp", *CHANNEL_OF), active=False, enrolled_at=None, name=None), rewrite=added_first),
    "unknown-authenticator":     Variation("", "One more entry, active: a security key, webauthn-roaming, without a channel.", "test; in lists undoc", "A closed list of types refuses the whole list.", before=remove_key, rewrite=lambda call, said: call.entries(said).extend([{"id": key_of(call), "authenticator_type": "webauthn-roaming", "active": True}] * (key_of(call) not in call.memory))),
    "two-phones":                Variation("", "Two active entries of each channel of the user's, with another name and id.", "doc: several enrollments are allowed", "A map by channel; no choice is offered.", before=enroll_more(1, (*CHANNEL_OF,), name="XXXXXXXX0199"), rewrite=added_first),
    "email-implicit":            Variation("", "A verified email address stands active in the list.", "doc", "The first active one is not email; one entry means that the user has enrolled.", factors=frozenset({"email"}), seen=lambda call, said: any(entry["active"] and entry["id"].startswith("email|") for entry in call.entries(said))),
    # Keys and issuer
    "keys-rotate":               Variation("★", "Three keys, the signing one last; a new one from the first refresh on, the old one stays.", "doc: current, next, perhaps previous", "keys[0]; keys are kept for long, and an unknown kid is an error.", before=rotate_keys, rewrite=lambda call, said: call.path.endswith("jwks.json") and said.body.update(keys=[call.tenant.tokens.keys[each].public_jwk for each in (1, 2, 0)])),
    "other-domain":              Variation("", "The tenant is 127.0.0.1 and not localhost, in the environment and as the issuer.", "doc", "Host or issuer by heart.", host="127.0.0.1", seen=lambda call, _: call.request.headers.get("host", "").startswith("127.0.0.1")),
}
# fmt: on
THE_TWELVE = tuple(name for name, row in VARIATIONS.items() if row.star)
"""Those that find most."""


def named(text: str) -> tuple[str, ...]:
    """Return the ids in a text, parted by commas. Raises ValueError for an unknown one, naming those near."""
    ids = tuple(filter(None, re.split(r"[\s,]+", text)))
    for name in ids:
        if name not in VARIATIONS:
            near = get_close_matches(name, VARIATIONS, n=3, cutoff=0.4) or THE_TWELVE[:3]
            raise ValueError(f"There is no variation {name!r}; near it are {', '.join(near)}.")
    return tuple(name for name in VARIATIONS if name in ids)


def together(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return those that do not exclude one another: of each group the first."""
    taken, kept = set[str](), []
    for name in ids:
        if taken.isdisjoint(groups := VARIATIONS[name].groups.split()):
            taken.update(groups)
            kept.append(name)
    return tuple(kept)


class Varied:
    """The variations of one sandbox, and how often each was met: the answers that it changed have a note."""

    def __init__(self, ids: str = "") -> None:
        self.ids, self.met = named(ids), Counter[str]()
        self.rows = {name: VARIATIONS[name] for name in self.ids}
        self.host = next((row.host for row in self.rows.values() if row.host), "")
        self._switches = {name for row in self.rows.values() for name in row.switches}
        self._changed = set[str]()
        self.begin()

    def begin(self) -> None:
        """Begin the programs anew, for a tenant that has begun anew; what was met stays counted."""
        self._memories = {name: Bounded[Any]() for name in self.ids}

    def wished(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings or switches as they are set where these are wished: a disputed one has its other value."""
        made = dict(changes)
        for name in self._switches & made.keys():
            values = get_args(Profile) if name == "profile" else SWITCHES[name].values
            made[name] = values[made[name] == values[0]]
        if "factors" in made:
            made["factors"] = frozenset(made["factors"]).union(*(row.factors for row in self.rows.values()))
        return made

    def settings(self, wished: Settings) -> Settings:
        """Return the settings that a tenant begins with."""
        own = self.wished({"profile": wished.profile, "factors": wished.factors})
        return replace(wished, **own, switches=self.wished(wished.switches))

    def issued(self, kind: str, value: Any) -> Any:
        """Return what is issued in the place of a value of this kind."""
        for name, row in self.rows.items():
            if kind in row.issue and (made := row.issue[kind](value, self._memories[name])) != value:
                value = made
                self._changed.add(name)
        return value

    def answer(self, tenant: Tenant, request: Request, fault: Fault | None = None) -> Response:
        """Return the tenant's answer, or what becomes of it; a fault's stays, and that to a phone."""
        path = request.scope["path"]
        if not self.ids or fault or is_a_phones(path) or path.startswith("/api/"):
            return respond(tenant, request, fault)
        self._changed, fields = set[str](), fields_of(request.content)
        calls = {name: Call(tenant, request, self._memories[name], fields) for name in self.ids}
        instead = None
        for name, call in calls.items():
            if (before := self.rows[name].before) and (answer := before(call)):
                instead = answer
                self._changed.add(name)
        response = respond(tenant, request) if instead is None else instead.response()
        said = Said.of(response)
        disputed = {each.switch[0] for each in errors.ROWS if each.switch and request.row in (each, each.instead_of)}
        first = said.all()
        for name, call in calls.items():
            row, was = self.rows[name], said.all()
            if row.seen(call, said) or disputed.intersection(row.switches):
                self._changed.add(name)
            if row.rewrite:
                row.rewrite(call, said)
            if call.met or said.all() != was:
                self._changed.add(name)
        varied = tuple(name for name in calls if name in self._changed)
        self.met.update(varied)
        request.notes += [f"sandbox: varied, {name}" for name in varied]
        return response if said.all() == first and "date" not in said.headers else said.response()
