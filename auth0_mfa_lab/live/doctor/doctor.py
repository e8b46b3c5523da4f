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
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.live.doctor.checks import CHECKS, FEATURES, Check, Subject, Verdict, in_words, meaning, missing
from auth0_mfa_lab.live.doctor.findings import Diagnosis, Finding, State, one_line
from auth0_mfa_lab.live.doctor.settings import KNOWN, check_settings, misspelled
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.settings import values_of
from auth0_mfa_lab.wire.exchange import Exchange, Json, NoAnswer

if TYPE_CHECKING:
    from auth0_mfa_lab.lab import Lab
    from auth0_mfa_lab.management import Management

MOST_SECONDS_APART = 30
"""A one-time code lives as long."""
_NO_TOKEN = (
    "not known without a Management token: set AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET, or AUTH0_MGMT_TOKEN"
)
_READ = ("read:guardian_factors", "read:mfa_policies", "read:clients", "read:tenant_settings", "read:connections")
_UPDATE = ("update:guardian_factors", "update:mfa_policies", "update:clients", "update:tenant_settings")
_DOMAIN = "Check AUTH0_DOMAIN: Applications > Applications > the application > Settings > Domain"
_CUSTOM = "a custom domain. The Management API is at the canonical one, which nothing here tells"
_RANK: tuple[State, ...] = ("missing", "ok", "not known")
_GIVES_NONE = "The tenant gives no answer ({0}): "
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
    # the statuses of an answer that is none of Auth0's, and what that says; the first row counts
    (range(404, 405), "no tenant of Auth0 is at this domain"),
    (range(300, 400), "the domain sends elsewhere, and nothing is sent after it"),
    (range(500, 600), "something before the tenant answers in its place ({})"),
    (range(1000), "the answer is not what Auth0 sends ({})"),
)
_NO_MANAGEMENT = (
    # what the token endpoint answers in the place of a Management token; the finding's name, and what is found
    ("401 .*", "Management credentials", "AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET are not let in"),
    (".* unauthorized_client .*", "Management credentials", "no application of machine to machine"),
    (".* access_denied .*Service not found.*", "Management domain",
     "there is no such API here. Behind a custom domain set AUTH0_MGMT_DOMAIN to the canonical one"),
    (".* access_denied .*", "Management grant", "the application may not use the Management API"),
)
# fmt: on


class _Stopped(Exception):
    """The token endpoint does not answer such questions now; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.name)
        self.finding = finding


def examine(
    lab: Lab,
    *,
    wanted: Sequence[str] | None = None,
    management_token: str | None = None,
    settings: Sequence[Finding] | None = None,
    say: Callable[[Finding], None] = lambda _: None,
) -> Diagnosis:
    """Say whether the tenant of a lab is ready for what is wanted.

    `wanted` is some of FEATURES, all by default; `management_token` opens the Management API where the settings name no
    application for it. `settings` are findings about the settings that were made already. Each finding is masked, and
    told to `say` as it is found. Raises LabError for a wish that is not known, before anything is sent.
    """
    subject, mask = subject_of(lab, wanted, management_token), lab.aliases.mask
    found: list[Finding] = []
    before = lab.journal.title
    lab.step("Doctor")
    try:
        for each in _found(subject, settings if settings is not None else list(_about_settings(lab))):
            said = one_line(mask(each.said))
            found.append(replace(each, name=mask(each.name), said=said, curl=mask(each.curl), cli=mask(each.cli)))
            say(found[-1])
    finally:
        lab.journal.title = before
    kind = "live" if lab.settings.tenant == "live" else "sandbox"
    # One finding for each name: what is missing before what is fine, and both before what is not known.
    best: dict[str, Finding] = {}
    for each in sorted(found, key=lambda each: _RANK.index(each.state)):
        best.setdefault(each.name, each)
    return Diagnosis(mask(f"the {kind} tenant {lab.domain}"), in_order(best.values()))


def subject_of(lab: Lab, wanted: Sequence[str] | None, management_token: str | None) -> Subject:
    """Return the tenant of a lab as the doctor looks at it. Raises LabError for a wish that is not known."""
    if isinstance(wanted, str):
        raise LabError(f"wanted is a list: write wanted=[{wanted!r}].")
    for each in wanted or ():
        if each not in FEATURES:
            raise LabError(f"The doctor knows no {each!r}. It looks at: {', '.join(FEATURES)}.")
    features = FEATURES if wanted is None else tuple(wanted)
    given = management_token or lab.settings.mgmt_token
    token = lab.aliases.learn("mgmt_token", str(given)) if given else None
    return Subject(lab=lab, wanted=(*features, *(("audience",) if lab.audience else ())), token=token)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings, first things first."""
    rank = {name: place for place, name in enumerate(CHECKS)}
    return sorted(findings, key=lambda each: rank.get(each.name, -1))


def _found(subject: Subject, settings: Iterable[Finding]) -> Iterator[Finding]:
    for finding in chain(settings, _reached(subject), _heard(subject)):
        yield finding
        if finding.stops:
            return
    token, about = token_of(subject)
    yield from about
    yield from _read(subject, token)


def _about_settings(lab: Lab) -> Iterator[Finding]:
    if lab.settings.tenant != "live":
        yield Finding("settings", "ok", "None is needed: this is no tenant of Auth0's")
        return
    fields = {name: getattr(lab.settings, name.removeprefix("AUTH0_").lower(), None) for name in KNOWN}
    yield from check_settings({name: str(value) for name, value in fields.items() if value})
    around = values_of(None, None)
    if around.get("AUTH0_DOMAIN", "").lower() == lab.domain:  # or they are another tenant's
        yield from misspelled(around)


def _kind(lost: NoAnswer) -> str:
    return lost.exchange.failure.kind if lost.exchange.failure else "no answer"


# -- whether the tenant is reached at all: name, TLS, HTTP, discovery, and whether both clocks agree


def _reached(subject: Subject) -> Iterator[Finding]:
    try:
        answer = subject.lab.client.openid_configuration()
    except NoAnswer as lost:
        kind, said = _kind(lost), lost.exchange.failure.said if lost.exchange.failure else ""
        pattern, name, found = next(row for row in _LOST if re.search(row[0], f"{kind}: {said}"))
        why = said.partition("certificate verify failed: ")[2].partition(" (_ssl")[0] or "it is not trusted"
        symptom = "" if pattern == "SSL" else f"Every call ends in {kind}"
        yield Finding(name, "missing", found.format(kind, why), symptom, stops=True)
        return
    yield Finding(
        "reach", "ok", "The tenant answers over TLS" if answer.request.url.startswith("https:") else "It answers"
    )
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
    if answer.status == 429:
        wait = answer.response.header("retry-after") if answer.response else None
        when = f"in {int(wait)} seconds" if wait and wait.isdigit() else "in a minute"
        said = f"{answer.outcome}: asked too often. Run the doctor again {when}"
        return Finding(name, "missing", said, stops=True)
    said = next(said for statuses, said in _REFUSED if (answer.status or 0) in statuses)
    kind = (answer.response.media_type if answer.response else "") or "no type"
    return Finding(name, "missing", f"{answer.outcome}: {said.format(kind)}", dashboard=_DOMAIN, stops=True)


def _issuer(subject: Subject, host: str) -> Finding:
    domain = subject.lab.domain
    if host != domain.lower():
        return missing(subject, "issuer", f"The tenant names itself {host}, and AUTH0_DOMAIN is {domain}")
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
    return missing(subject, "clock", said)


# -- what the token endpoint tells, without a Management token


def _heard(subject: Subject) -> Iterator[Finding]:
    """Yield what the token endpoint tells of the application; the rest is left out where it does not let it in."""
    ask = cache(lambda grant: _ask(subject, grant))
    try:
        for check in _wanted(subject):
            if check.heard:
                answers = [ask(each) for each in check.asks]
                unclear: Verdict = "not known", f"not known: {answers[0].outcome}"
                yield _finding(subject, check, check.heard(subject, check, answers) or unclear)
    except _Stopped as stopped:
        yield stopped.finding


def _wanted(subject: Subject) -> list[Check]:
    """Return the rows that are looked at: they belong to a wanted feature, or to none."""
    every = (each.of(subject) for each in CHECKS.values())
    return [each for each in every if not each.wanted_by or not {*each.wanted_by}.isdisjoint(subject.wanted)]


def _finding(subject: Subject, check: Check, verdict: Verdict) -> Finding:
    state, said = verdict
    return missing(subject, check.name, said) if state == "missing" else Finding(check.name, state, said)


def _ask(subject: Subject, grant: str) -> Exchange:
    """Ask for one grant. Raises _Stopped where the application is not let in, or where nothing of use answers."""
    try:
        form = {"grant_type": grant, **_question(subject, grant.removeprefix("http://auth0.com/oauth/grant-type/"))}
        answer = subject.lab.client.send("POST", "/oauth/token", form=form, as_application=True)
    except NoAnswer as lost:
        said = f"The token endpoint gives no answer ({_kind(lost)})"
        raise _Stopped(Finding("token endpoint", "missing", said, stops=True)) from None
    means = meaning(answer)
    if means == "stranger":
        sent = "AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET are" if subject.has_secret else "AUTH0_CLIENT_ID alone is"
        raise _Stopped(missing(subject, "client secret", f"{answer.outcome}: {sent} not let in"))
    if means in ("too often", "broken"):
        raise _Stopped(_refused("token endpoint", answer))
    return answer


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
    name = "Management credentials"
    if subject.token is not None:
        claims = claims_of(str(subject.token)) or {}
        return subject.token, [Finding(name, "ok", "A token was passed"), _scopes(subject, claims.get("scope"))]
    if not all((subject.lab.settings.mgmt_client_id, subject.lab.settings.mgmt_client_secret)):
        return None, []
    try:
        machine = subject.lab.management_application
        answer = machine.client_credentials_grant(audience=subject.lab.management_audience)
    except NoAnswer as lost:
        said = f"not known: the token endpoint gives no answer ({_kind(lost)})"
        return None, [Finding(name, "not known", said)]
    if answer.status == 200 and isinstance(answer.json, Mapping) and answer.json.get("access_token"):
        token: str = answer["access_token"]
        scope = answer.json.get("scope") or (claims_of(str(token)) or {}).get("scope")
        return token, [Finding(name, "ok", "They bring a Management token"), _scopes(subject, scope)]
    told = f"{answer.status} {answer.error} {answer.error_description}"
    for pattern, found, said in _NO_MANAGEMENT:
        if re.fullmatch(pattern, told, re.DOTALL):
            return None, [missing(subject, found, f"{answer.outcome}: {said}")]
    return None, [Finding(name, "not known", f"not known: {answer.outcome}")]


def _read(subject: Subject, token: str | None) -> Iterator[Finding]:
    """Yield what the Management API tells, each path read once, or that it cannot be told."""
    checks = [each for each in _wanted(subject) if each.is_so]
    if token is None:
        # The token endpoint has told of the others already; and what no symptom has is no fault.
        yield from (Finding(each.name, "not known", _NO_TOKEN) for each in checks if not each.asks and each.symptom)
        return
    read = cache(lambda path: _answer(subject, token, path))
    for check in checks:
        body, why = read(check.read)
        is_told = check.is_so is not None and check.is_told(body)
        verdict = check.is_so(subject, check, check.now(body)) if check.is_so and is_told else None
        yield _finding(subject, check, verdict or ("not known", f"not known: {why}"))


def _answer(subject: Subject, token: str, path: str) -> tuple[Json, str]:
    """Return what a path answers with 200, or else None; and why it does not tell."""
    try:
        answer = subject.lab.management(token).send("GET", path)
    except NoAnswer as lost:
        return None, f"no answer ({_kind(lost)})"
    return (answer.json, "the answer has it not") if answer.status == 200 else (None, _outcome(answer))


def _scopes(subject: Subject, scope: Json) -> Finding:
    """Return whether a token of this scope may read what is looked at; and what `--fix` will lack."""
    name = "Management scopes"
    if not isinstance(scope, str):
        return Finding(name, "not known", "not known: the token does not say")
    if lacking := [each for each in _READ if each not in scope.split()]:
        return missing(subject, name, f"The token lacks {', '.join(lacking)}")
    unchanged = [each for each in _UPDATE if each not in scope.split()]
    may = f"It may read all; to mend it lacks {', '.join(unchanged)}" if unchanged else "It may read and mend"
    return Finding(name, "ok", may)


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
    for check in (CHECKS[name].of(subject) for name in names if CHECKS[name].call):
        done, said = _mended(api, check, allow)
        yield Mended(name=check.name, call=check.call, done=done, said=said)


def _mended(api: Management, check: Check, allow: Callable[[str], bool]) -> tuple[bool, str]:
    read = api.send("GET", check.read)
    if read.status != 200 or not check.is_told(read.json):
        return False, f"not touched, since it could not be read: {_outcome(read)}"
    now = check.now(read.json)
    then = check.then(now)
    if then == now:
        return True, "it is so already"
    before, after = (one_line(read.masked(in_words(value))) for value in (now, then))
    if not allow(f"{check.name}: {check.call}\n  now   {before}\n  then  {after}\nSend it?"):
        return False, "left as it was"
    written = api.send(check.method, check.path, json=check.body(then))
    return (True, f"{before} -> {after}") if written.status == 200 else (False, f"refused: {_outcome(written)}")


def _outcome(answer: Exchange) -> str:
    """Return an answer of the Management API in words: it says `message`, and its `error` is the status's phrase."""
    said = answer.json.get("message") if isinstance(answer.json, dict) else None
    return f"{answer.outcome}{f': {answer.masked(said)}' if isinstance(said, str) else ''}"
