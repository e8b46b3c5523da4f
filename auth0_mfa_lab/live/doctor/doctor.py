"""Whether a tenant is ready for the lab: asks first things first, and stops at what makes the rest meaningless.

Each question is asked once, for nobody: a user who cannot exist (in `.invalid`, another one in each second), an
mfa_token that is none, an address to which no code was sent. Nothing is sent to anybody, and nothing is created. The
configured user is not asked for: brute-force protection counts wrong passwords of one user from one address. No
credentials are sent before the discovery document says that this is a tenant of Auth0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from auth0_mfa_lab.errors import LabError, NoAnswer
from auth0_mfa_lab.live.doctor.checks import CHECKS, FEATURES, Check, Subject, Verdict, meaning, missing
from auth0_mfa_lab.live.doctor.findings import Diagnosis, Finding, fine, merged, unasked, unknown
from auth0_mfa_lab.live.doctor.settings import KNOWN, check_settings, misspelled
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.settings import values_of
from auth0_mfa_lab.wire.exchange import Exchange, Failure, Json

if TYPE_CHECKING:
    from auth0_mfa_lab.bench import Bench

MOST_SECONDS_APART = 30
"""A one-time code lives as long."""
_STEP = "Doctor"
_NO_TOKEN = (
    "not known without a Management token: set AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET, or AUTH0_MGMT_TOKEN"
)
_READ = ("read:guardian_factors", "read:mfa_policies", "read:clients", "read:tenant_settings", "read:connections")
_UPDATE = ("update:guardian_factors", "update:mfa_policies", "update:clients", "update:tenant_settings")
_DOMAIN = "Check AUTH0_DOMAIN: Applications > Applications > the application > Settings > Domain"
_NO_ANSWER = (
    # what a lost connection says, with the exception's name before it, and what to check
    (r"^\w*[tT]imeout", "no answer in time: check the network, a proxy, a firewall"),
    (
        "Name or service|getaddrinfo|nodename|name resolution",
        "no such host: check the spelling of AUTH0_DOMAIN, and its region",
    ),
    ("(?i:refused)", "the connection is refused: check AUTH0_DOMAIN, and a port in it"),
    ("", "the connection fails: check AUTH0_DOMAIN and the network"),
)


class _Stopped(Exception):
    """The token endpoint does not answer such questions now; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.name)
        self.finding = finding


def examine(
    lab: Bench,
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
    subject = subject_of(lab, wanted, management_token)
    found: list[Finding] = []
    with _step(lab):
        for each in _found(subject, settings if settings is not None else list(_about_settings(lab))):
            found.append(each.masked(lab.aliases.mask))
            say(found[-1])
    kind = "live" if lab.settings.tenant == "live" else "sandbox"
    return Diagnosis(lab.aliases.mask(f"the {kind} tenant {lab.domain}"), in_order(merged(found)))


def subject_of(lab: Bench, wanted: Sequence[str] | None, management_token: str | None) -> Subject:
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


def token_of(subject: Subject) -> tuple[str | None, list[Finding]]:
    """Return a Management token, and what was found out on the way to it; None where there is none."""
    name = "Management credentials"
    if subject.token is not None:
        return subject.token, [fine(name, "A token was passed"), _scopes(subject, None)]
    if not all(subject.lab._machine):
        return None, []
    try:
        machine = subject.lab.management_application
        answer = machine.client_credentials_grant(audience=subject.lab.management_audience)
    except NoAnswer as lost:
        return None, [unknown(name, f"not known: the token endpoint gives no answer ({_kind(lost)})")]
    if answer.status == 200 and isinstance(answer.json, Mapping) and answer.json.get("access_token"):
        token: str = answer["access_token"]
        return token, [fine(name, "They bring a Management token"), _scopes(subject, answer)]
    return None, [_no_token(subject, answer)]


def _found(subject: Subject, settings: Iterable[Finding]) -> Iterator[Finding]:
    for finding in chain(settings, _reached(subject), _heard(subject)):
        yield finding
        if finding.stops:
            return
    token, about = token_of(subject)
    yield from about
    yield from _read(subject, token)


def _about_settings(lab: Bench) -> Iterator[Finding]:
    if lab.settings.tenant != "live":
        yield fine("settings", "None is needed: this is no tenant of Auth0's")
        return
    fields = {name: getattr(lab.settings, name.removeprefix("AUTH0_").lower(), None) for name in KNOWN}
    yield from check_settings({name: str(value) for name, value in fields.items() if value})
    around = values_of(None, None)
    if around.get("AUTH0_DOMAIN", "").lower() == lab.domain:  # or they are another tenant's
        yield from misspelled(around)


@contextmanager
def _step(lab: Bench) -> Iterator[None]:
    """Put what is asked here under a title of its own, and what follows under the one before."""
    before = lab.journal.title
    lab.step(_STEP)
    try:
        yield
    finally:
        lab.journal.title = before


def _kind(lost: NoAnswer) -> str:
    return lost.exchange.failure.kind if lost.exchange.failure else "no answer"


# -- whether the tenant is reached at all: name, TLS, HTTP, discovery, and whether both clocks agree


def _reached(subject: Subject) -> Iterator[Finding]:
    try:
        answer = subject.lab.client.openid_configuration()
    except NoAnswer as lost:
        yield _lost(lost.exchange.failure)
        return
    yield fine("reach", "The tenant answers over TLS" if answer.request.url.startswith("https:") else "It answers")
    document = answer.json if isinstance(answer.json, Mapping) else {}
    endpoint, issuer = document.get("token_endpoint"), document.get("issuer")
    if answer.status != 200 or not (isinstance(endpoint, str) and isinstance(issuer, str)):
        yield _refused("discovery", answer)
    elif not endpoint.endswith("/oauth/token"):
        yield unasked("discovery", "Its discovery document is not of Auth0: it has no /oauth/token", dashboard=_DOMAIN)
    else:
        yield fine("discovery", "The discovery document is there, and is of Auth0")
        yield _issuer(subject, issuer.partition("://")[2].rstrip("/").lower())
        yield _clock(subject, answer)


def _refused(name: str, answer: Exchange) -> Finding:
    """Return the finding for an answer that is none of Auth0's, or that comes too often: nothing more is asked."""
    kind = (answer.response.media_type if answer.response else "") or "no type"
    status = answer.status or 0
    if status == 429:
        wait = answer.response.header("retry-after") if answer.response else None
        when = f"in {int(wait)} seconds" if wait and wait.isdigit() else "in a minute"
        return unasked(name, f"{answer.outcome}: asked too often. Run the doctor again {when}")
    if status == 404:
        said = "no tenant of Auth0 is at this domain"
    elif 300 <= status < 400:
        said = "the domain sends elsewhere, and nothing is sent after it"
    elif status >= 500:
        said = f"something before the tenant answers in its place ({kind})"
    else:
        said = f"the answer is not what Auth0 sends ({kind})"
    return unasked(name, f"{answer.outcome}: {said}", dashboard=_DOMAIN)


def _lost(failure: Failure | None) -> Finding:
    kind, said = (failure.kind, failure.said) if failure else ("", "")
    symptom = f"Every call ends in {kind}"
    if "certificate" in said.lower():
        reason = said.partition("certificate verify failed: ")[2].partition(" (_ssl")[0] or "it is not trusted"
        check = "For a private CA set AUTH0_CA_FILE; otherwise check AUTH0_DOMAIN, and who stands between"
        return unasked("TLS", f"The certificate is refused: {reason}. {check}", symptom=symptom)
    if "SSL" in said:
        return unasked("TLS", "TLS fails: that port may not speak TLS. Check AUTH0_DOMAIN, and a port in it")
    reason = next(reason for pattern, reason in _NO_ANSWER if re.search(pattern, f"{kind}: {said}"))
    return unasked("reach", f"The tenant gives no answer ({kind}): {reason}", symptom=symptom)


def _issuer(subject: Subject, host: str) -> Finding:
    domain = subject.lab.domain
    if host != domain.lower():
        return missing(subject, "issuer", f"The tenant names itself {host}, and AUTH0_DOMAIN is {domain}")
    if host.endswith(".auth0.com") or subject.lab.settings.tenant != "live":
        return fine("issuer", f"{host}, the canonical domain")
    custom = "a custom domain. The Management API is at the canonical one, which nothing here tells"
    return fine("issuer", f"{host}, no *.auth0.com: {custom}: AUTH0_MGMT_DOMAIN names it")


def _clock(subject: Subject, answer: Exchange) -> Finding:
    date = answer.response.header("date") if answer.response else None
    try:
        apart = round(answer.at - parsedate_to_datetime(date or "").timestamp())
    except ValueError:
        return unknown("clock", "The answer has no Date: whether both clocks agree cannot be told")
    if abs(apart) <= MOST_SECONDS_APART:
        return fine("clock", "Both clocks agree")
    way = "ahead" if apart > 0 else "behind"
    return missing(subject, "clock", f"This machine's clock is {abs(apart)} seconds {way}")


# -- what the token endpoint tells, without a Management token


def _heard(subject: Subject) -> Iterator[Finding]:
    """Yield what the token endpoint tells of the application; the rest is left out where it does not let it in."""
    ask = cache(lambda grant: _ask(subject, grant))
    try:
        for check in CHECKS.values():
            if check.heard and check.is_wanted(subject):
                yield _finding(subject, check, check.heard(subject, check, [ask(each) for each in check.asks]))
    except _Stopped as stopped:
        yield stopped.finding


def _finding(subject: Subject, check: Check, verdict: Verdict) -> Finding:
    state, said = verdict
    return (
        missing(subject, check.name, said) if state == "missing" else Finding(name=check.name, state=state, said=said)
    )


def _ask(subject: Subject, grant: str) -> Exchange:
    """Ask for one grant. Raises _Stopped where the application is not let in, or where nothing of use answers."""
    try:
        form = {"grant_type": grant, **_question(subject, grant.removeprefix("http://auth0.com/oauth/grant-type/"))}
        answer = subject.lab.client.send("POST", "/oauth/token", form=form, as_application=True)
    except NoAnswer as lost:
        raise _Stopped(unasked("token endpoint", f"The token endpoint gives no answer ({_kind(lost)})")) from None
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


def _read(subject: Subject, token: str | None) -> Iterator[Finding]:
    """Yield what the Management API tells, each path read once, or that it cannot be told."""
    checks = [each for each in CHECKS.values() if each.is_so and each.is_wanted(subject)]
    if token is None:
        # The token endpoint has told of the others already; and what no symptom has is no fault.
        yield from (unknown(each.name, _NO_TOKEN) for each in checks if not each.asks and each.symptom)
        return
    read = cache(lambda path: _answer(subject, token, path))
    for check in checks:
        body, why = read(check.path(subject))
        verdict = check.is_so(subject, check, body) if check.is_so else None
        yield _finding(subject, check, verdict or ("not known", f"not known: {why}"))


def _answer(subject: Subject, token: str, path: str) -> tuple[Json, str]:
    """Return what a path answers with 200, or else None; and why it does not tell."""
    try:
        answer = subject.lab.management(token).send("GET", path)
    except NoAnswer as lost:
        return None, f"no answer ({_kind(lost)})"
    if answer.status == 200:
        return answer.json, "the answer has it not"
    # The Management API says `message`, and `error` is the status's phrase.
    said = answer.json.get("message") if isinstance(answer.json, dict) else None
    return None, f"{answer.outcome}{f': {said}' if isinstance(said, str) else ''}"


def _no_token(subject: Subject, answer: Exchange) -> Finding:
    """Return why the token endpoint gave no Management token."""
    name, said = "Management credentials", ""
    if answer.status == 401:
        said = "AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET are not let in"
    elif answer.error == "unauthorized_client":
        said = "no application of machine to machine"
    elif answer.error == "access_denied" and "Service not found" in (answer.error_description or ""):
        name = "Management domain"
        said = "there is no such API here. Behind a custom domain set AUTH0_MGMT_DOMAIN to the canonical one"
    elif answer.error == "access_denied":
        name, said = "Management grant", "the application may not use the Management API"
    return (
        missing(subject, name, f"{answer.outcome}: {said}") if said else unknown(name, f"not known: {answer.outcome}")
    )


def _scopes(subject: Subject, answer: Exchange | None) -> Finding:
    """Return whether the token may read what is looked at, by its own `scope`; and what `--fix` will lack."""
    name = "Management scopes"
    claims = (answer.claims("access_token") if answer else claims_of(str(subject.token))) or {}
    scope = (answer.json.get("scope") if answer else None) or claims.get("scope")
    if not isinstance(scope, str):
        return unknown(name, "not known: the token does not say")
    if lacking := [each for each in _READ if each not in scope.split()]:
        return missing(subject, name, f"The token lacks {', '.join(lacking)}")
    unchanged = [each for each in _UPDATE if each not in scope.split()]
    may = f"It may read all; to mend it lacks {', '.join(unchanged)}" if unchanged else "It may read and mend"
    return fine(name, may)
