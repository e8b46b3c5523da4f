"""Whether a tenant is ready for the lab: asks first things first, and stops at what makes the rest meaningless.

Each question is asked once, for nobody: a user who cannot exist (in `.invalid`, another one in each second), an
mfa_token that is none, an address to which no code was sent. Nothing is sent to anybody, and nothing is created. The
configured user is not asked for: brute-force protection counts wrong passwords of one user from one address. No
credentials are sent before the discovery document says that this is a tenant of Auth0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from itertools import chain
from typing import TYPE_CHECKING

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.live.doctor.checks import FEATURES, Check, Finding, Subject, checks_of, finding, in_words, told
from auth0_mfa_lab.live.doctor.findings import Diagnosis, one_line
from auth0_mfa_lab.live.doctor.settings import check_settings
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.settings import values_of
from auth0_mfa_lab.wire.exchange import Exchange, Json, NoAnswer

if TYPE_CHECKING:
    from auth0_mfa_lab.lab import Lab

MOST_SECONDS_APART = 30
"""A one-time code lives as long."""
_NO_TOKEN = (
    "not known without a Management token: set AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET, or AUTH0_MGMT_TOKEN"
)
_READ = ("read:guardian_factors", "read:mfa_policies", "read:clients", "read:tenant_settings", "read:connections")
_UPDATE = ("update:guardian_factors", "update:mfa_policies", "update:clients", "update:tenant_settings")
_DOMAIN = "Check AUTH0_DOMAIN: Applications > Applications > the application > Settings > Domain"
_CUSTOM = "a custom domain. The Management API is at the canonical one, which nothing here tells"
_GIVES_NONE = "The tenant gives no answer ({0}): "
# An answer of the token endpoint that says something about the application, or that bot detection gives.
_TELLS = r"4(?!29)\d\d (?!None |too_many)|500 server_error .*default connection"
# fmt: off
_LOST = (
    # what a lost connection says, with the exception's name before it; the finding's name, and what is found
    ("(?i)certificate", "TLS",
     "The certificate is refused: {1}. For a private CA set AUTH0_CA_FILE; otherwise check AUTH0_DOMAIN, and who stands between"),
    ("SSL", "TLS", "TLS fails: that port may not speak TLS. Check AUTH0_DOMAIN, and a port in it"),
    (r"^\w*[tT]imeout", "reach", f"{_GIVES_NONE}no answer in time: check the network, a proxy, a firewall"),
    ("Name or service|getaddrinfo|nodename|name resolution", "reach",
     f"{_GIVES_NONE}no such host: check the spelling of AUTH0_DOMAIN, and its region"),
    ("(?i)refused", "reach", f"{_GIVES_NONE}the connection is refused: check AUTH0_DOMAIN, and a port in it"),
    ("", "reach", f"{_GIVES_NONE}the connection fails: check AUTH0_DOMAIN and the network"),
)
_REFUSED = (
    # the status of an answer that is none of Auth0's, and what that says; the first row counts
    ("429", "asked too often. Run the doctor again in {wait} seconds"),
    ("404", "no tenant of Auth0 is at this domain"),
    ("3..", "the domain sends elsewhere, and nothing is sent after it"),
    ("5..", "something before the tenant answers in its place ({kind})"),
    ("...", "the answer is not what Auth0 sends ({kind})"),
)
_NO_MANAGEMENT = (
    # what the token endpoint answers in the place of a Management token; the finding's name, and what is found
    ("401 ", "Management credentials", "AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET are not let in"),
    (".* unauthorized_client ", "Management credentials", "no application of machine to machine"),
    (".* access_denied .*Service not found", "Management domain",
     "there is no such API here. Behind a custom domain set AUTH0_MGMT_DOMAIN to the canonical one"),
    (".* access_denied ", "Management grant", "the application may not use the Management API"),
)
# fmt: on


def examine(
    lab: Lab,
    *,
    wanted: Sequence[str] | None = None,
    management_token: str | None = None,
    settings: Iterable[Finding] | None = None,
    say: Callable[[Finding], None] = lambda _: None,
) -> Diagnosis:
    """Say whether the tenant of a lab is ready for what is wanted.

    `wanted` is some of FEATURES, all by default; `management_token` opens the Management API where the settings name no
    application for it. `settings` are findings about the settings that were made already. Each finding is masked, and
    told to `say` as it is found. Raises LabError for a wish that is not known, before anything is sent.
    """
    subject, mask, found = subject_of(lab, wanted, management_token), lab.aliases.mask, list[Finding]()
    before = lab.journal.title
    lab.step("Doctor")
    try:
        about = _about_settings(lab) if settings is None else settings
        for each in chain(about, _reached(subject), _heard(subject), _read(subject)):
            said = one_line(mask(each.said))
            found.append(replace(each, name=mask(each.name), said=said, curl=mask(each.curl), cli=mask(each.cli)))
            say(found[-1])
            if each.stops:
                break
    finally:
        lab.journal.title = before
    kind = "live" if lab.settings.tenant == "live" else "sandbox"
    return Diagnosis(mask(f"the {kind} tenant {lab.domain}"), found)


def subject_of(lab: Lab, wanted: Sequence[str] | None, management_token: str | None) -> Subject:
    """Return the tenant of a lab as the doctor looks at it. Raises LabError for a wish that is not known."""
    features = tuple(FEATURES if wanted is None else wanted)
    for each in features:
        if each not in FEATURES:
            raise LabError(f"The doctor knows no {each!r}. It looks at a list of: {', '.join(FEATURES)}.")
    given = management_token or lab.settings.mgmt_token
    token = lab.aliases.learn("mgmt_token", str(given)) if given else None
    wants = (*features, *(("audience",) if lab.audience else ()))
    checks = checks_of(lab.client.client_id, lab.settings.realm)
    return Subject(lab=lab, wanted=wants, token=token, checks=checks)


def _about_settings(lab: Lab) -> Iterator[Finding]:
    around = values_of(None, None)
    if lab.settings.tenant != "live":
        yield Finding("settings", "ok", "None is needed: this is no tenant of Auth0's")
    elif around.get("AUTH0_DOMAIN", "").lower() == lab.domain:
        yield from check_settings(around)
    else:
        yield Finding("settings", "ok", "They were passed, and not read of the environment")


def _kind(lost: NoAnswer) -> str:
    return lost.exchange.failure.kind if lost.exchange.failure else "no answer"


# -- whether the tenant is reached at all: name, TLS, HTTP, discovery, and whether both clocks agree


def _reached(subject: Subject) -> Iterator[Finding]:
    try:
        answer = subject.lab.client.openid_configuration()
    except NoAnswer as lost:
        kind, said = _kind(lost), lost.exchange.failure.said if lost.exchange.failure else ""
        name, found = next(row[1:] for row in _LOST if re.search(row[0], f"{kind}: {said}"))
        yield Finding(name, "missing", found.format(kind, said), f"Every call ends in {kind}", stops=True)
        return
    is_tls = answer.request.url.startswith("https:")
    yield Finding("reach", "ok", "The tenant answers over TLS" if is_tls else "It answers")
    document = answer.json if isinstance(answer.json, Mapping) else {}
    endpoint, issuer = document.get("token_endpoint"), document.get("issuer")
    if answer.status != 200 or not (isinstance(endpoint, str) and isinstance(issuer, str)):
        yield _refused("discovery", answer)
    elif not endpoint.endswith("/oauth/token"):
        said = "Its discovery document is not of Auth0: it has no /oauth/token"
        yield Finding("discovery", "missing", said, dashboard=_DOMAIN, stops=True)
    else:
        yield Finding("discovery", "ok", "The discovery document is there, and is of Auth0")
        yield _issuer(subject, issuer.partition("://")[2].rstrip("/").lower())
        yield _clock(subject, answer)


def _refused(name: str, answer: Exchange) -> Finding:
    """Return the finding for an answer that is none of Auth0's, or that comes too often: nothing more is asked."""
    said = next(said for status, said in _REFUSED if re.match(status, str(answer.status)))
    kind, wait = "", None
    if answer.response:
        kind, wait = answer.response.media_type, answer.response.header("retry-after")
    said = f"{answer.outcome}: {said.format(kind=kind or 'no type', wait=wait or 60)}"
    return Finding(name, "missing", said, dashboard=_DOMAIN, stops=True)


def _issuer(subject: Subject, host: str) -> Finding:
    domain = subject.lab.domain
    if host != domain.lower():
        return finding(subject, "issuer", "missing", f"The tenant names itself {host}, and AUTH0_DOMAIN is {domain}")
    if host.endswith(".auth0.com") or subject.lab.settings.tenant != "live":
        return Finding("issuer", "ok", f"{host}, the canonical domain")
    return Finding("issuer", "ok", f"{host}, no *.auth0.com: {_CUSTOM}: AUTH0_MGMT_DOMAIN names it")


def _clock(subject: Subject, answer: Exchange) -> Finding:
    date = answer.response.header("date") if answer.response else None
    try:
        apart = round(answer.at - parsedate_to_datetime(date or "").timestamp())
    except ValueError:
        return Finding("clock", "not known", "The answer has no Date: whether both clocks agree cannot be told")
    if abs(apart) <= MOST_SECONDS_APART:
        return Finding("clock", "ok", "Both clocks agree")
    said = f"This machine's clock is {abs(apart)} seconds {'ahead' if apart > 0 else 'behind'}"
    return finding(subject, "clock", "missing", said)


# -- what the token endpoint tells, without a Management token


def _heard(subject: Subject) -> Iterator[Finding]:
    """Yield what the token endpoint tells of the application; the rest is left out where it does not let it in."""
    lab, answers = subject.lab, dict[str, Exchange]()
    how = "secret" if lab.client._client_secret else "id alone"
    for check in (each for each in _wanted(subject) if each.heard):
        for grant in (each for each in check.asks if each not in answers):
            form = {"grant_type": grant, **_question(subject, grant.removeprefix("http://auth0.com/oauth/grant-type/"))}
            try:
                answer = lab.client.send("POST", "/oauth/token", form=form, as_application=True)
            except NoAnswer as lost:
                said = f"The token endpoint gives no answer ({_kind(lost)})"
                yield Finding("token endpoint", "missing", said, stops=True)
                return
            answers[grant] = answer
            if not re.match(_TELLS, told(answer), re.DOTALL):
                yield _refused("token endpoint", answer)
                return
        state, said = check.hears(answers, how)
        yield finding(subject, check.name, state, said)
        if check.name == "client secret" and state == "missing":
            return


def _wanted(subject: Subject) -> list[Check]:
    """Return the rows that are looked at: they belong to a wanted feature, or to none."""
    every = subject.checks.values()
    return [each for each in every if not each.wanted_by or not {*each.wanted_by}.isdisjoint(subject.wanted)]


def _question(subject: Subject, grant: str) -> dict[str, str]:
    """Return the fields of a request for a grant that nothing and nobody can be granted."""
    nobody = f"nobody-{int(subject.lab.clock.now())}@doctor.invalid"
    login = {"username": nobody, "password": "nobody's password"}
    audience = {"audience": subject.lab.audience} if subject.lab.audience else {}
    no_mfa_token = {"mfa_token": "no-mfa-token"}
    return {
        "password": login,
        "password-realm": {"realm": subject.lab.settings.realm, **login, **audience},
        "mfa-oob": {**no_mfa_token, "oob_code": "no-oob-code"},
        "mfa-otp": {**no_mfa_token, "otp": "000000"},
        "mfa-recovery-code": {**no_mfa_token, "recovery_code": "NO-RECOVERY-CODE"},
        "passwordless/otp": {"realm": "email", "username": nobody, "otp": "000000"},
    }[grant]


# -- what a Management token tells


def token_of(subject: Subject) -> tuple[str | None, list[Finding]]:
    """Return a Management token, and what was found out on the way to it; None where there is none."""
    name, lab = "Management credentials", subject.lab
    if subject.token is not None:
        claims = claims_of(str(subject.token)) or {}
        return subject.token, [Finding(name, "ok", "A token was passed"), _scopes(subject, claims.get("scope"))]
    if not all((lab.settings.mgmt_client_id, lab.settings.mgmt_client_secret)):
        return None, []
    try:
        answer = lab.management_application.client_credentials_grant(audience=lab.management_audience)
    except NoAnswer as lost:
        said = f"not known: the token endpoint gives no answer ({_kind(lost)})"
        return None, [Finding(name, "not known", said)]
    if answer.status == 200 and "access_token" in answer:
        token: str = answer["access_token"]
        scope = answer.json.get("scope") or (claims_of(str(token)) or {}).get("scope")
        return token, [Finding(name, "ok", "They bring a Management token"), _scopes(subject, scope)]
    for pattern, found, said in _NO_MANAGEMENT:
        if re.match(pattern, told(answer), re.DOTALL):
            return None, [finding(subject, found, "missing", f"{answer.outcome}: {said}")]
    return None, [Finding(name, "not known", f"not known: {answer.outcome}")]


def _scopes(subject: Subject, scope: Json) -> Finding:
    """Return whether a token of this scope may read what is looked at; and what `--fix` will lack."""
    name, held = "Management scopes", str(scope).split()
    if not isinstance(scope, str):
        return Finding(name, "not known", "not known: the token does not say")
    if lacking := ", ".join(each for each in _READ if each not in held):
        return finding(subject, name, "missing", f"The token lacks {lacking}")
    unchanged = ", ".join(each for each in _UPDATE if each not in held)
    return Finding(
        name, "ok", f"It may read all; to mend it lacks {unchanged}" if unchanged else "It may read and mend"
    )


def _read(subject: Subject) -> Iterator[Finding]:
    """Yield what the Management API tells, each path read once, or that it cannot be told."""
    token, about = token_of(subject)
    yield from about
    answers: dict[str, tuple[Json, str]] = {}
    for check in (each for each in _wanted(subject) if each.read):
        if token is None:
            # The token endpoint has told of the others already; and what no symptom has is no fault.
            if not check.asks and check.symptom:
                yield Finding(check.name, "not known", _NO_TOKEN)
            continue
        if check.read not in answers:
            try:
                answer = subject.lab.management(token).send("GET", check.read)
                is_read = answer.status == 200
                answers[check.read] = (answer.json, "the answer has it not") if is_read else (None, _outcome(answer))
            except NoAnswer as lost:
                answers[check.read] = None, f"no answer ({_kind(lost)})"
        body, why = answers[check.read]
        verdict = next((check.verdict(subject, now) for now in check.now(body)), None)
        yield finding(subject, check.name, *(verdict or ("not known", f"not known: {why}")))


# -- mending what is missing: reads first, asks, then writes what was read and more


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What came of mending one setting: whether it is as it should be now, and what happened."""

    name: str
    call: str
    done: bool
    said: str


def mend(subject: Subject, token: str, names: Iterable[str], *, allow: Callable[[str], bool]) -> Iterator[Mended]:
    """Mend each setting of these names that a call can mend, and yield what came of it.

    Each setting is read first; what is a list keeps what it has. Before each call that changes something `allow` is
    asked a question, with what is there now and what will be.
    """
    api = subject.lab.management(token)
    for check in (subject.checks[name] for name in names if subject.checks[name].call):
        read = api.send("GET", check.read)
        done, said = False, f"not touched, since it could not be read: {_outcome(read)}"
        for now in check.now(read.json) if read.status == 200 else ():
            then = check.then(now)
            before, after = (one_line(read.masked(in_words(value))) for value in (now, then))
            if then == now:
                done, said = True, "it is so already"
            elif allow(f"{check.name}: {check.call}\n  now   {before}\n  then  {after}\nSend it?"):
                written = api.send(*check.change.split(), json=check.body(then))
                done = written.status == 200
                said = f"{before} -> {after}" if done else f"refused: {_outcome(written)}"
            else:
                said = "left as it was"
        yield Mended(name=check.name, call=check.call, done=done, said=said)


def _outcome(answer: Exchange) -> str:
    """Return an answer of the Management API in words: it says `message`, and its `error` is the status's phrase."""
    said = answer.json.get("message") if isinstance(answer.json, dict) else None
    return f"{answer.outcome}{f': {answer.masked(said)}' if isinstance(said, str) else ''}"
