"""What can be told without a Management token: whether the application is let in, and which grants it may use.

Each question is asked once, for nobody: a user who cannot exist (in `.invalid`, another one in each second), an
mfa_token that is none, an address to which no code was sent. Nothing is sent to anybody, and nothing is created. The
configured user is not asked for: brute-force protection counts wrong passwords of one user from one address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from auth0_mfa_lab.errors import NoAnswer
from auth0_mfa_lab.live.doctor.check_reach import refused
from auth0_mfa_lab.live.doctor.finding import Finding, fine, spoken, unasked, unknown
from auth0_mfa_lab.live.doctor.remedies import MFA_GRANTS, PASSWORD_GRANTS, PASSWORDLESS_GRANTS, missing
from auth0_mfa_lab.live.doctor.subject import Subject
from auth0_mfa_lab.wire.exchange import Exchange

Verdict = Literal["stranger", "not allowed", "too often", "looked at", "unclear", "broken"]
_NO_MFA_TOKEN = {"mfa_token": "no-mfa-token"}
_CODES = (
    (MFA_GRANTS[0], {"oob_code": "no-oob-code"}),
    (MFA_GRANTS[1], {"otp": "000000"}),
    (MFA_GRANTS[2], {"recovery_code": "NO-RECOVERY-CODE"}),
)
_LOOKED_AT = frozenset({"invalid_grant", "invalid_request", "unsupported_challenge_type"})


class Stopped(Exception):
    """The token endpoint does not answer such questions now; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.name)
        self.finding = finding


def check_grants(subject: Subject) -> Iterator[Finding]:
    """Yield what the token endpoint tells of the application; the rest is left out where it does not let it in."""
    checks: list[Callable[[Subject], Iterator[Finding]]] = [_passwords, _mfa]
    if subject.wants("passwordless"):
        checks.append(_passwordless)
    try:
        for check in checks:
            yield from check(subject)
    except Stopped as stopped:
        yield stopped.finding


def _passwords(subject: Subject) -> Iterator[Finding]:
    nobody = {"username": f"nobody-{int(subject.now())}@doctor.invalid", "password": "nobody's password"}
    plain = _ask(subject, grant_type=PASSWORD_GRANTS[0], **nobody)
    yield _let_in(subject, plain)
    wished = {"audience": subject.audience} if subject.audience else {}
    named = _ask(subject, grant_type=PASSWORD_GRANTS[1], realm=subject.realm, **nobody, **wished)
    yield _grants(subject, "password grant", dict(zip(PASSWORD_GRANTS, (plain, named), strict=True)))
    yield _directory(subject, plain)
    yield from _names(subject, named)


def _let_in(subject: Subject, answer: Exchange) -> Finding:
    if _verdict(answer) == "unclear":
        return unknown("client secret", f"not known: {answer.outcome}")
    return fine("client secret", f"The application is let in, by its {'secret' if subject.has_secret else 'id alone'}")


def _directory(subject: Subject, plain: Exchange) -> Finding:
    if _verdict(plain) == "not allowed":
        return unknown("default directory", "not known while the password grant is missing")
    if _has_no_directory(plain):
        return missing(subject, "default directory", f"{plain.outcome}: {plain.error_description}")
    if plain.error == "invalid_grant":
        return fine("default directory", "Plain password is looked up in a directory")
    return unknown("default directory", f"not known: {plain.outcome}")


def _names(subject: Subject, named: Exchange) -> Iterator[Finding]:
    """Yield whether the connection and the audience that the settings name are there."""
    text = (named.error_description or "").lower()
    is_looked_at = _verdict(named) == "looked at"
    names = {"connection": "AUTH0_REALM", **({"audience": "AUTH0_AUDIENCE"} if subject.audience else {})}
    for name, variable in names.items():
        if is_looked_at and named.error == "invalid_grant":
            yield fine(name, f"{variable} is taken")
        elif is_looked_at and named.error == "invalid_request" and name in text:
            yield missing(subject, name, f"{variable} is refused: {named.outcome}: {named.error_description}")
        else:
            yield unknown(name, f"not known: {named.outcome}")


def _mfa(subject: Subject) -> Iterator[Finding]:
    asked = {grant: _ask(subject, grant_type=grant, **_NO_MFA_TOKEN, **code) for grant, code in _CODES}
    yield _grants(subject, "MFA grant", asked)


def _passwordless(subject: Subject) -> Iterator[Finding]:
    code = {"realm": "email", "username": f"nobody-{int(subject.now())}@doctor.invalid", "otp": "000000"}
    grant = PASSWORDLESS_GRANTS[0]
    yield _grants(subject, "passwordless grant", {grant: _ask(subject, grant_type=grant, **code)})


def _grants(subject: Subject, name: str, asked: dict[str, Exchange]) -> Finding:
    """Return whether the application may use all of these grants, by their answers."""
    refusals = {grant: answer for grant, answer in asked.items() if _verdict(answer) == "not allowed"}
    if refusals:
        answer = next(iter(refusals.values()))
        return missing(subject, name, f"{answer.outcome}: not allowed: {', '.join(refusals)}")
    if all(_verdict(answer) == "looked at" for answer in asked.values()):
        return fine(name, f"The application may use {spoken(len(asked))}")
    answer = next(each for each in asked.values() if _verdict(each) != "looked at")
    return unknown(name, f"not known: {answer.outcome}")


def _ask(subject: Subject, **form: str) -> Exchange:
    """Send one question. Raises Stopped where the application is not let in, or where nothing of use answers."""
    try:
        answer = subject.client.send("POST", "/oauth/token", form=form, as_application=True)
    except NoAnswer as lost:
        kind = lost.exchange.failure.kind if lost.exchange.failure else "no answer"
        raise Stopped(unasked("token endpoint", f"The token endpoint gives no answer ({kind})")) from None
    verdict = _verdict(answer)
    if verdict == "stranger":
        sent = "AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET are" if subject.has_secret else "AUTH0_CLIENT_ID alone is"
        raise Stopped(missing(subject, "client secret", f"{answer.outcome}: {sent} not let in"))
    if verdict in ("too often", "broken"):
        raise Stopped(refused("token endpoint", answer))
    return answer


def _verdict(answer: Exchange) -> Verdict:
    """Return what an answer says about the application and the grant."""
    if answer.status == 429 or (answer.error or "").startswith("too_many"):
        return "too often"
    if answer.status == 401 and answer.error in ("access_denied", "invalid_client"):
        return "stranger"
    if answer.error == "unauthorized_client":
        return "not allowed"
    if answer.error in _LOOKED_AT or _has_no_directory(answer):
        return "looked at"
    # Such as what bot detection answers: an error of Auth0's, which says nothing about the grant.
    return "unclear" if answer.error and answer.status is not None and 400 <= answer.status < 500 else "broken"


def _has_no_directory(answer: Exchange) -> bool:
    """Tell the one 500 that is a setting from all others."""
    return answer.error == "server_error" and "default connection" in (answer.error_description or "")
