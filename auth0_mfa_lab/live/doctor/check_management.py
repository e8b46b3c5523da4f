"""What a Management token tells: its scopes, the factors, the policy, the providers, the grants, the connections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auth0_mfa_lab.errors import NoAnswer
from auth0_mfa_lab.live.doctor.check_factors import check_factors
from auth0_mfa_lab.live.doctor.finding import Finding, fine, spoken, unknown
from auth0_mfa_lab.live.doctor.read import Reader
from auth0_mfa_lab.live.doctor.remedies import MFA_GRANTS, PASSWORD_GRANTS, PASSWORDLESS_GRANTS, missing
from auth0_mfa_lab.live.doctor.subject import NO_TOKEN, Subject
from auth0_mfa_lab.wire.claims import claims_of
from auth0_mfa_lab.wire.exchange import Exchange

READ = ("read:guardian_factors", "read:mfa_policies", "read:clients", "read:tenant_settings", "read:connections")
UPDATE = ("update:guardian_factors", "update:mfa_policies", "update:clients", "update:tenant_settings")


def token_of(subject: Subject) -> tuple[str | None, list[Finding]]:
    """Return a Management token, and what was found out on the way to it; None where there is none."""
    if subject.token is not None:
        return subject.token, [fine("Management credentials", "A token was passed"), _scopes(subject, None)]
    if subject.machine is None:
        return None, []
    try:
        answer = subject.machine.client_credentials_grant(audience=subject.management_audience)
    except NoAnswer as lost:
        kind = lost.exchange.failure.kind if lost.exchange.failure else "no answer"
        return None, [unknown("Management credentials", f"not known: the token endpoint gives no answer ({kind})")]
    if answer.status == 200 and isinstance(answer.json, Mapping) and answer.json.get("access_token"):
        token: str = answer["access_token"]
        return token, [fine("Management credentials", "They bring a Management token"), _scopes(subject, answer)]
    return None, [_refused(subject, answer)]


def check_management(subject: Subject, token: str | None) -> Iterator[Finding]:
    """Yield what the Management API tells, or that it cannot be told."""
    if token is None:
        yield from (unknown(name, NO_TOKEN) for name in _told_only_there(subject))
        return
    reader = Reader(subject.management(token))
    yield from _grants(subject, reader)
    yield _directory(subject, reader)
    yield from _connections(subject, reader)
    yield from check_factors(subject, reader)


def _told_only_there(subject: Subject) -> Iterator[str]:
    yield "policy"
    names = {
        "push": ("push", "push provider"),
        "otp": ("otp",),
        "sms": ("sms", "SMS message type"),
        "voice": ("sms", "voice message type"),
        "email": ("email",),
        "recovery": ("recovery code",),
        "passwordless": ("passwordless connections",),
    }
    yield from dict.fromkeys(name for each in subject.wanted for name in names[each])


def _refused(subject: Subject, answer: Exchange) -> Finding:
    text = answer.error_description or ""
    if answer.status == 401:
        said = "AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET are not let in"
        return missing(subject, "Management credentials", f"{answer.outcome}: {said}")
    if answer.error == "unauthorized_client":
        return missing(subject, "Management credentials", f"{answer.outcome}: no application of machine to machine")
    if answer.error == "access_denied" and "Service not found" in text:
        said = "there is no such API here. Behind a custom domain set AUTH0_MGMT_DOMAIN to the canonical one"
        return missing(subject, "Management domain", f"{answer.outcome}: {said}")
    if answer.error == "access_denied":
        return missing(subject, "Management grant", f"{answer.outcome}: the application may not use the Management API")
    return unknown("Management credentials", f"not known: {answer.outcome}")


def _scopes(subject: Subject, answer: Exchange | None) -> Finding:
    """Return whether the token may read what is looked at, by its own `scope`; and what `--fix` will lack."""
    name = "Management scopes"
    claims = (answer.claims("access_token") if answer else claims_of(str(subject.token))) or {}
    scope = (answer.json.get("scope") if answer else None) or claims.get("scope")
    if not isinstance(scope, str):
        return unknown(name, "not known: the token does not say")
    there = set(scope.split())
    if lacking := [each for each in READ if each not in there]:
        return missing(subject, name, f"The token lacks {', '.join(lacking)}")
    unchanged = [each for each in UPDATE if each not in there]
    return fine(
        name, f"It may read all; to mend it lacks {', '.join(unchanged)}" if unchanged else "It may read and mend"
    )


def _grants(subject: Subject, reader: Reader) -> Iterator[Finding]:
    answer = reader.application(subject.client.client_id)
    there = answer.get("grant_types") if isinstance(answer, Mapping) else None
    wanted = {"password grant": PASSWORD_GRANTS, "MFA grant": MFA_GRANTS}
    if subject.wants("passwordless"):
        wanted["passwordless grant"] = PASSWORDLESS_GRANTS
    for name, grants in wanted.items():
        if not isinstance(there, list):
            yield unknown(name, reader.why("application"))
        elif lacking := [each for each in grants if each not in there]:
            yield missing(subject, name, f"The application lacks {', '.join(lacking)}")
        else:
            yield fine(name, f"The application has {spoken(len(grants))}")


def _directory(subject: Subject, reader: Reader) -> Finding:
    settings, name = reader.tenant_settings(), "default directory"
    if not isinstance(settings, Mapping):
        return unknown(name, reader.why("tenant_settings"))
    directory = settings.get("default_directory")
    if not directory:
        return missing(subject, name, "The tenant has none")
    same = directory == subject.realm
    return fine(name, str(directory) if same else f"{directory}; AUTH0_REALM is another connection")


def _connections(subject: Subject, reader: Reader) -> Iterator[Finding]:
    listed = reader.connections()
    if not isinstance(listed, list):
        yield unknown("connection", reader.why("connections"))
        if subject.wants("passwordless"):
            yield unknown("passwordless connections", reader.why("connections"))
        return
    items = [each for each in listed if isinstance(each, Mapping)]
    database = next((each for each in items if each.get("name") == subject.realm), None)
    if database is None:
        yield missing(subject, "connection", "The tenant has no connection of the name in AUTH0_REALM")
    elif _is_off(database, subject.client.client_id):
        yield missing(subject, "connection", "The connection of AUTH0_REALM is not enabled for the application")
    else:
        yield fine("connection", f"{subject.realm} is there")
    if subject.wants("passwordless"):
        on = {each.get("strategy") for each in items if not _is_off(each, subject.client.client_id)}
        if lacking := [each for each in ("email", "sms") if each not in on]:
            yield missing(
                subject, "passwordless connections", f"Not there, or off for the application: {', '.join(lacking)}"
            )
        else:
            yield fine("passwordless connections", "email and sms are there")


def _is_off(connection: Mapping[str, object], client_id: str) -> bool:
    enabled = connection.get("enabled_clients")
    return isinstance(enabled, list) and client_id not in enabled
