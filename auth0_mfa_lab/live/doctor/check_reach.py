"""Whether the tenant is reached at all: name, TLS, HTTP, discovery, and whether both clocks agree.

No credentials are sent before the discovery document says that this is a tenant of Auth0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime

from auth0_mfa_lab.errors import NoAnswer
from auth0_mfa_lab.live.doctor.finding import Finding, fine, unasked, unknown
from auth0_mfa_lab.live.doctor.subject import Subject
from auth0_mfa_lab.wire.exchange import Exchange, Failure

MOST_SECONDS_APART = 30
"""A one-time code lives as long."""
_ENDPOINTS = ("token_endpoint", "issuer")
_DOMAIN = "Check AUTH0_DOMAIN: Applications > Applications > the application > Settings > Domain"


def check_reach(subject: Subject) -> Iterator[Finding]:
    """Yield what can be told without any credentials; the last one `stops` where the tenant cannot be asked."""
    try:
        answer = subject.client.openid_configuration()
    except NoAnswer as lost:
        yield _lost(lost.exchange.failure)
        return
    yield fine("reach", "The tenant answers over TLS" if answer.request.url.startswith("https:") else "It answers")
    document = answer.json if isinstance(answer.json, Mapping) else {}
    if answer.status != 200 or not all(isinstance(document.get(each), str) for each in _ENDPOINTS):
        yield refused("discovery", answer)
        return
    if not str(document["token_endpoint"]).endswith("/oauth/token"):
        yield unasked("discovery", "Its discovery document is not of Auth0: it has no /oauth/token", dashboard=_DOMAIN)
        return
    yield fine("discovery", "The discovery document is there, and is of Auth0")
    yield _issuer(subject, str(document["issuer"]))
    yield _clock(answer)


def refused(name: str, answer: Exchange) -> Finding:
    """Return the finding for an answer that is none of Auth0's, or that comes too often: nothing more is asked."""
    kind = answer.response.media_type if answer.response else ""
    if answer.status == 429:
        wait = answer.response.header("retry-after") if answer.response else None
        when = f"in {int(wait)} seconds" if wait and wait.isdigit() else "in a minute"
        return unasked(name, f"{answer.outcome}: asked too often. Run the doctor again {when}")
    if answer.status == 404:
        said = f"{answer.outcome}: no tenant of Auth0 is at this domain"
    elif answer.status is not None and 300 <= answer.status < 400:
        said = f"{answer.outcome}: the domain sends elsewhere, and nothing is sent after it"
    elif answer.status is not None and answer.status >= 500:
        said = f"{answer.outcome}: something before the tenant answers in its place ({kind or 'no type'})"
    else:
        said = f"{answer.outcome}: the answer is not what Auth0 sends ({kind or 'no type'})"
    return unasked(name, said, dashboard=_DOMAIN)


def _lost(failure: Failure | None) -> Finding:
    kind, said = (failure.kind, failure.said) if failure else ("", "")
    if "CERTIFICATE_VERIFY_FAILED" in said or "certificate" in said.lower():
        reason = said.partition("certificate verify failed: ")[2].partition(" (_ssl")[0] or "it is not trusted"
        return unasked(
            "TLS",
            f"The certificate is refused: {reason}. For a private CA set AUTH0_CA_FILE; otherwise check AUTH0_DOMAIN, "
            "and who stands between",
            symptom=f"Every call ends in {kind}",
        )
    if "SSL" in said:
        return unasked("TLS", "TLS fails: that port may not speak TLS. Check AUTH0_DOMAIN, and a port in it")
    if "imeout" in kind:
        reason = "no answer in time: check the network, a proxy, a firewall"
    elif any(word in said for word in ("Name or service", "getaddrinfo", "nodename", "name resolution")):
        reason = "no such host: check the spelling of AUTH0_DOMAIN, and its region"
    elif "refused" in said.lower():
        reason = "the connection is refused: check AUTH0_DOMAIN, and a port in it"
    else:
        reason = "the connection fails: check AUTH0_DOMAIN and the network"
    return unasked("reach", f"The tenant gives no answer ({kind}): {reason}", symptom=f"Every call ends in {kind}")


def _issuer(subject: Subject, issuer: str) -> Finding:
    host = issuer.partition("://")[2].rstrip("/").lower()
    if host != subject.domain.lower():
        return Finding(
            name="issuer",
            state="missing",
            said=f"The tenant names itself {host}, and AUTH0_DOMAIN is {subject.domain}",
            symptom="Tokens have another iss, and the MFA audience is another one",
            dashboard="Settings > Custom Domains, and Applications > the application > Settings > Domain",
        )
    if host.endswith(".auth0.com") or not subject.is_live:
        return fine("issuer", f"{host}, the canonical domain")
    return fine(
        "issuer",
        f"{host}, no *.auth0.com: a custom domain. The Management API is at the canonical one, which nothing here "
        "tells: AUTH0_MGMT_DOMAIN names it",
    )


def _clock(answer: Exchange) -> Finding:
    date = answer.response.header("date") if answer.response else None
    try:
        there = parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return unknown("clock", "The answer has no Date: whether both clocks agree cannot be told")
    apart = round(answer.at - there)
    if abs(apart) <= MOST_SECONDS_APART:
        return fine("clock", "Both clocks agree")
    return Finding(
        name="clock",
        state="missing",
        said=f"This machine's clock is {abs(apart)} seconds {'ahead' if apart > 0 else 'behind'}",
        symptom="Right codes answer 403 invalid_grant: Invalid otp_code., signed assertions 401",
        dashboard="None: let this machine take its time from the network",
    )
