"""Whether a tenant is ready for the lab: asks first things first, and stops at what makes the rest meaningless.

Each question is asked once, for an invented user (in `.invalid`, a new one in each run), with an invalid mfa_token and
an address without a code. No message is sent, and nothing is created. The configured user is not asked for:
brute-force protection counts wrong passwords of one user from one address. No credentials are sent before the
discovery document says that this is a tenant of Auth0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from email.utils import parsedate_to_datetime
from html import escape
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.live.administrator import answered, has_administrator
from auth0_mfa_lab.live.doctor.checks import FEATURES, Check, Finding, Verdict, checks_of, faults, one_line, told, words
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.settings import values_of
from auth0_mfa_lab.show.html import details
from auth0_mfa_lab.show.table import WIDTH, Column, html_table, wrap
from auth0_mfa_lab.wire.exchange import Exchange

if TYPE_CHECKING:
    from auth0_mfa_lab.lab import Lab

MOST_SECONDS_APART = 30
"""A one-time code lives as long."""
_NO_TOKEN = (
    "not known without a Management token: set AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET, or AUTH0_MGMT_TOKEN"
)
_READ = ("read:guardian_factors", "read:mfa_policies", "read:clients", "read:tenant_settings", "read:connections")
_UPDATE = ("update:guardian_factors", "update:mfa_policies", "update:clients", "update:tenant_settings")
_RANK = ("missing", "ok", "not known")
_ORDER = {name: place for place, name in enumerate(checks_of("", ""))}
_COLUMNS = [Column(each) for each in ("", "setting", "found", "what one meets", "dashboard")]
_DOMAIN = "Check AUTH0_DOMAIN: Applications > Applications > the application > Settings > Domain"
_CUSTOM = "no *.auth0.com: a custom domain. The Management API is at the canonical one: AUTH0_MGMT_DOMAIN names it"
_GIVES_NONE = "The tenant gives no answer ({0}): "
# An answer of the token endpoint that says something about the application, or that bot detection gives.
_TELLS = r"4(?!29)\d\d (?!None |too_many)|500 server_error .*default connection"
# fmt: off
_LOST = (
    # what a lost connection says, with the exception's name before it; the finding's name, and what is found
    ("(?i)certificate", "TLS",
     "The certificate is refused: {1}. For a private CA set AUTH0_CA_FILE; otherwise check AUTH0_DOMAIN, and the proxies between"),
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
    (".* access_denied .*Service not ", "Management domain",
     "there is no such API here. Behind a custom domain set AUTH0_MGMT_DOMAIN to the canonical one"),
    (".* access_denied ", "Management grant", "the application may not use the Management API"),
)
# fmt: on


class Diagnosis:
    """The findings about one tenant, first things first: of several about one setting, that it is missing counts."""

    def __init__(self, tenant: str, findings: Iterable[Finding]) -> None:
        self.tenant = tenant
        best: dict[str, Finding] = {}
        for each in findings:
            best[each.name] = min(best.get(each.name, each), each, key=lambda finding: _RANK.index(finding.state))
        # What is asked before all settings, and a variable's own name, come before all others.
        self.findings = tuple(sorted(best.values(), key=lambda each: _ORDER.get(each.name, -1)))

    @property
    def missing(self) -> tuple[Finding, ...]:
        """The findings that name something missing, first things first."""
        return self._in("missing")

    @property
    def ok(self) -> bool:
        """Whether nothing is missing; what is not known is no fault."""
        return not self.missing

    @property
    def status(self) -> int:
        """The exit status of the command: 0 content, 1 something is missing, 2 the tenant could not be asked."""
        return 2 if any(each.stops for each in self.findings) else 0 if self.ok else 1

    def data(self) -> dict[str, object]:
        """Return it for JSON: tenant, ok, status, and the findings with name, state, said, symptom, and commands."""
        findings = [{key: value for key, value in asdict(each).items() if key != "stops"} for each in self.findings]
        return {"tenant": self.tenant, "ok": self.ok, "status": self.status, "findings": findings}

    def __repr__(self) -> str:
        blocks, unknown = [[self._title()]], dict[str, list[str]]()
        for each in self.missing:
            lines = _hanging("missing    ", f"{each.name}: {each.said}")
            for label, text in (("meets", each.symptom), ("dashboard", each.dashboard)):
                lines += _hanging(f"  {label:10} ", text) if text else []
            for label, command in (("curl", each.curl), ("auth0", each.cli)):
                # A command is copied as it is: no line of it is broken.
                lines += [f"  {'' if place else label:10} {line}" for place, line in enumerate(command.splitlines())]
            blocks.append(lines)
        for each in self._in("not known"):
            unknown.setdefault(each.said.removeprefix("not known: "), []).append(each.name)
        said = [f"{', '.join(names)}: {said}" for said, names in unknown.items()]
        blocks.append([line for each in said for line in _hanging("not known  ", each)])
        blocks.append([line for each in self._in("ok") for line in _hanging(f"ok         {each.name:28} ", each.said)])
        return "\n\n".join("\n".join(block) for block in blocks if block)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        ordered = [*self.missing, *self._in("not known"), *self._in("ok")]
        rows = [(each.state, each.name, each.said, each.symptom, each.dashboard) for each in ordered]
        html = f"<p><b>{escape(self._title())}</b></p>{html_table(_COLUMNS, rows)}"
        for each in self.missing:
            commands = escape(f"# curl\n{each.curl}\n# auth0\n{each.cli}")
            html += details(escape(f"{each.name}: {each.call}"), f"<pre>{commands}</pre>") if each.curl else ""
        return {"text/plain": repr(self), "text/html": html}

    def _in(self, state: str) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.state == state)

    def _title(self) -> str:
        counts = {"missing": self.missing, "not known": self._in("not known"), "fine": self._in("ok")}
        counted = ", ".join(f"{len(each)} {name}" for name, each in counts.items() if each)
        begins = "could not be asked" if self.status == 2 else "is ready" if self.ok else "is not ready"
        return f"Doctor · {self.tenant} {begins}: {counted}"


def _hanging(begin: str, text: str) -> list[str]:
    first, *rest = wrap(text, WIDTH - len(begin))
    return [f"{begin}{first}", *(f"{' ' * len(begin)}{line}" for line in rest)]


class Subject(NamedTuple):
    """What the doctor examines: the lab's tenant, the rows that are wanted, and the Management token, if known.

    `invented_user` is a username that the tenant cannot have, the same for the whole run.
    """

    lab: Lab
    checks: Mapping[str, Check]
    token: str | None
    invented_user: str


def examine(
    lab: Lab,
    *,
    wanted: Sequence[str] | None = None,
    management_token: str | None = None,
    say: Callable[[Finding], None] = lambda _: None,
) -> Diagnosis:
    """Say whether the tenant of a lab is ready for what is wanted; each finding is told to `say` as it is found.

    `wanted` is some of FEATURES, all by default: LabError for another one, before anything is sent. `management_token`
    opens the Management API where the settings name no application for it.
    """
    subject, mask, found = subject_of(lab, wanted, management_token), lab.aliases.mask, list[Finding]()
    before = lab.journal.title
    lab.step("Doctor")
    try:
        for each in chain(_about_settings(lab), _reached(subject), _heard(subject), _read(subject)):
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
    features = FEATURES if wanted is None else wanted
    for each in features:
        if each not in FEATURES:
            raise LabError(f"The doctor knows no {each!r}. It looks at a list of: {', '.join(FEATURES)}.")
    given = management_token or lab.settings.mgmt_token
    token = lab.aliases.learn("mgmt_token", str(given)) if given else None
    wants, every = {*features, lab.audience and "audience"}, checks_of(lab.client.client_id, lab.settings.realm)
    checks = {name: check for name, check in every.items() if not check.wanted_by or wants & {*check.wanted_by}}
    return Subject(lab, checks, token, f"invented-{int(lab.clock.now())}@doctor.invalid")


def finding(subject: Subject, name: str, verdict: Verdict) -> Finding:
    """Return the finding about a setting; that one is missing says all that is known about mending it."""
    if verdict[0] != "missing":
        return Finding(name, *verdict)
    check, host = subject.checks[name], subject.lab.management_audience.partition("://")[2].partition("/")[0]
    return Finding(name, *verdict, check.symptom, check.dashboard, *check.commands(host), check.call or None)


def _about_settings(lab: Lab) -> Iterator[Finding]:
    is_live, around = lab.settings.tenant == "live", values_of(None, None)
    if is_live and around.get("AUTH0_DOMAIN", "").lower() == lab.domain:
        yield from faults(around)
        return
    passed = "They were passed, and not read of the environment"
    yield Finding("settings", "ok", passed if is_live else "None is needed: this is no tenant of Auth0's")


def _reached(subject: Subject) -> Iterator[Finding]:
    """Yield whether the tenant is reached at all: name, TLS, HTTP, discovery, and whether both clocks agree."""
    lab = subject.lab
    answer = answered(lab.client.openid_configuration)
    if answer.failure:
        kind, said = answer.failure
        name, found = next(row[1:] for row in _LOST if re.search(row[0], f"{kind}: {said}"))
        yield Finding(name, "missing", found.format(kind, said), f"Every call ends in {kind}", stops=True)
        return
    is_tls = answer.request.url.startswith("https:")
    yield Finding("reach", "ok", "The tenant answers over TLS" if is_tls else "It answers")
    document = answer.json if isinstance(answer.json, Mapping) else {}
    endpoint, issuer = document.get("token_endpoint"), document.get("issuer")
    if answer.status != 200 or not (isinstance(endpoint, str) and isinstance(issuer, str)):
        yield _refused("discovery", answer)
        return
    if not endpoint.endswith("/oauth/token"):
        said = "Its discovery document is not of Auth0: it has no /oauth/token"
        yield Finding("discovery", "missing", said, dashboard=_DOMAIN, stops=True)
        return
    yield Finding("discovery", "ok", "The discovery document is there, and is of Auth0")
    host, is_own = issuer.partition("://")[2].rstrip("/").lower(), lab.settings.tenant != "live"
    verdict: Verdict = "missing", f"The tenant names itself {host}, and AUTH0_DOMAIN is {lab.domain}"
    if host == lab.domain.lower():
        verdict = "ok", f"{host}, {'the canonical domain' if is_own or host.endswith('.auth0.com') else _CUSTOM}"
    yield finding(subject, "issuer", verdict)
    date = answer.response.header("date") if answer.response else None
    try:
        apart = round(answer.at - parsedate_to_datetime(date or "").timestamp())
        way = "ahead" if apart > 0 else "behind"
        verdict = "missing", f"This machine's clock is {abs(apart)} seconds {way}"
        verdict = ("ok", "Both clocks agree") if abs(apart) <= MOST_SECONDS_APART else verdict
    except ValueError:
        verdict = "not known", "The answer has no Date: whether both clocks agree cannot be told"
    yield finding(subject, "clock", verdict)


def _refused(name: str, answer: Exchange) -> Finding:
    """Return the finding for an answer that is none of Auth0's, or that comes too often: nothing more is asked."""
    said = f"The token endpoint gives {_outcome(answer)}"
    if answer.response:
        kind, wait = answer.response.media_type, answer.response.header("retry-after")
        said = next(said for status, said in _REFUSED if re.match(status, str(answer.status)))
        said = f"{answer.outcome}: {said.format(kind=kind or 'no type', wait=wait or 60)}"
    return Finding(name, "missing", said, dashboard=_DOMAIN, stops=True)


# -- what the token endpoint tells, without a Management token


def _heard(subject: Subject) -> Iterator[Finding]:
    """Yield what the token endpoint tells of the application; the rest is left out where it does not let it in."""
    lab, answers = subject.lab, dict[str, Exchange]()
    how = "secret" if lab.client._client_secret else "id alone"
    for check in (each for each in subject.checks.values() if each.heard):
        for grant in (each for each in check.asks if each not in answers):
            form = {"grant_type": grant, **_question(subject, grant.removeprefix("http://auth0.com/oauth/grant-type/"))}
            answers[grant] = answered(lab.client.send, "POST", "/oauth/token", form=form, as_application=True)
            if not re.match(_TELLS, told(answers[grant]), re.DOTALL):
                yield _refused("token endpoint", answers[grant])
                return
        verdict = check.hears(answers, how)
        yield finding(subject, check.name, verdict)
        if check.name == "client secret" and verdict[0] == "missing":
            return


def _question(subject: Subject, grant: str) -> dict[str, str]:
    """Return the fields of a request that the tenant must refuse."""
    login = {"username": subject.invented_user, "password": "no password"}
    audience = {"audience": subject.lab.audience} if subject.lab.audience else {}
    no_mfa_token = {"mfa_token": "no-mfa-token"}
    return {
        "password": login,
        "password-realm": {"realm": subject.lab.settings.realm, **login, **audience},
        "mfa-oob": {**no_mfa_token, "oob_code": "no-oob-code"},
        "mfa-otp": {**no_mfa_token, "otp": "000000"},
        "mfa-recovery-code": {**no_mfa_token, "recovery_code": "NO-RECOVERY-CODE"},
        "passwordless/otp": {"realm": "email", "username": subject.invented_user, "otp": "000000"},
    }[grant]


# -- what a Management token tells


def token_of(subject: Subject) -> tuple[str | None, list[Finding]]:
    """Return a Management token, and what was found out on the way to it; None where there is none."""
    name, lab = "Management credentials", subject.lab
    token, said = subject.token, "A token was passed"
    if token is None:
        if not has_administrator(lab):
            return None, []
        answer = answered(lab.management_application.client_credentials_grant, audience=lab.management_audience)
        if answer.status != 200 or "access_token" not in answer:
            for pattern, found, said in _NO_MANAGEMENT:
                if re.match(pattern, told(answer), re.DOTALL):
                    return None, [finding(subject, found, ("missing", f"{answer.outcome}: {said}"))]
            return None, [Finding(name, "not known", f"not known: {_outcome(answer)}")]
        token, said = answer["access_token"], "They bring a Management token"
    scope = (claims_of(str(token)) or {}).get("scope")
    held = str(scope).split()
    lacking, unchanged = (", ".join(each for each in every if each not in held) for every in (_READ, _UPDATE))
    verdict: Verdict = "ok", f"It may read all; to mend it lacks {unchanged}" if unchanged else "It may read and mend"
    if not isinstance(scope, str):
        verdict = "not known", "not known: the token does not say"
    elif lacking:
        verdict = "missing", f"The token lacks {lacking}"
    return token, [Finding(name, "ok", said), finding(subject, "Management scopes", verdict)]


def _read(subject: Subject) -> Iterator[Finding]:
    """Yield what the Management API tells, each path read once, or that it cannot be told."""
    token, about = token_of(subject)
    yield from about
    answers = dict[str, Exchange]()
    for check in (each for each in subject.checks.values() if each.read):
        if token is None:
            # The token endpoint has told of the others already; and what no symptom has is no fault.
            if not check.asks and check.symptom:
                yield Finding(check.name, "not known", _NO_TOKEN)
            continue
        if check.read not in answers:
            answers[check.read] = answered(subject.lab.management(token).send, "GET", check.read)
        answer, verdict = answers[check.read], None
        why = "the answer has it not" if answer.status == 200 else _outcome(answer)
        for now in check.now(answer.json) if answer.status == 200 else ():
            verdict = check.sees(now)
        yield finding(subject, check.name, verdict or ("not known", f"not known: {why}"))


# -- mending what is missing: reads first, asks, then writes what was read and more


@dataclass(frozen=True, slots=True)
class Mended:
    """What came of mending one setting: whether it is as it should be now, and what happened."""

    name: str
    call: str
    done: bool
    said: str


def mend(subject: Subject, token: str, names: Iterable[str], *, allow: Callable[[str], bool]) -> Iterator[Mended]:
    """Mend each setting of these names, which a call can mend, and yield what came of it.

    Each setting is read first; what is a list keeps what it has. Before each call that changes something `allow` is
    asked a question, with what is there now and what will be.
    """
    api = subject.lab.management(token)
    for check in (subject.checks[name] for name in names):
        read = answered(api.send, "GET", check.read)
        done, said = False, f"not touched, since it could not be read: {_outcome(read)}"
        for now in check.now(read.json) if read.status == 200 else ():
            then = check.then(now)
            before, after = (one_line(read.masked(words(value))) for value in (now, then))
            if then == now:
                done, said = True, "it is so already"
            elif allow(f"{check.name}: {check.call}\n  now   {before}\n  then  {after}\nSend it?"):
                written = answered(api.send, *check.change.split(), json=check.body(then))
                done = written.status == 200
                said = f"{before} -> {after}" if done else f"refused: {_outcome(written)}"
            else:
                said = "left as it was"
        yield Mended(check.name, check.call, done, one_line(read.masked(said)))


def _outcome(answer: Exchange) -> str:
    """Return an answer of the Management API in words: it says `message`, and its `error` is the status's phrase."""
    if answer.failure:
        return f"{answer.outcome} ({answer.failure.kind})"
    said = answer.json.get("message") if isinstance(answer.json, dict) else None
    return f"{answer.outcome}{f': {answer.masked(said)}' if isinstance(said, str) else ''}"
