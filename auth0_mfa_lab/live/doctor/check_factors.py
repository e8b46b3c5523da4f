"""The factors that are wanted: on or off, and how they reach a person; and the policy that asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auth0_mfa_lab.live.doctor.finding import Finding, fine, unknown
from auth0_mfa_lab.live.doctor.read import Reader
from auth0_mfa_lab.live.doctor.remedies import missing
from auth0_mfa_lab.live.doctor.subject import Subject

_FACTORS = {
    "push": (("push",), "push-notification"),
    "otp": (("otp",), "otp"),
    "sms": (("sms", "voice"), "sms"),
    "email": (("email",), "email"),
    "recovery code": (("recovery",), "recovery-code"),
}
"""For each finding which features want it, and what the Management API calls the factor."""


def check_factors(subject: Subject, reader: Reader) -> Iterator[Finding]:
    """Yield the policy, and each factor that is wanted."""
    yield _policy(subject, reader)
    listed = reader.factors()
    on = (
        {each.get("name"): each.get("enabled") is True for each in listed if isinstance(each, Mapping)}
        if isinstance(listed, list)
        else None
    )
    for name, (features, factor) in _FACTORS.items():
        if not subject.wants(*features):
            continue
        if on is None:
            yield unknown(name, reader.why("factors"))
        elif on.get(factor):
            yield fine(name, "The factor is on")
        else:
            yield missing(subject, name, f"The factor {factor} is off")
    if subject.wants("push"):
        yield _push_provider(subject, reader)
    if subject.wants("sms", "voice"):
        yield from _phone(subject, reader)


def _policy(subject: Subject, reader: Reader) -> Finding:
    policies = reader.policies()
    if not isinstance(policies, list):
        return unknown("policy", reader.why("policies"))
    if "all-applications" in policies:
        return fine("policy", "A second factor is always asked for")
    if policies:
        return unknown("policy", f"{', '.join(map(str, policies))}: Auth0 decides at each login whether it asks")
    return missing(subject, "policy", "No policy: no login is asked for a second factor")


def _push_provider(subject: Subject, reader: Reader) -> Finding:
    answer = reader.push_provider()
    provider = answer.get("provider") if isinstance(answer, Mapping) else None
    if provider == "guardian":
        return fine("push provider", "The Guardian app gets the pushes")
    if provider is None:
        return unknown("push provider", reader.why("push_provider"))
    return missing(subject, "push provider", f"{provider}: pushes go to an app of one's own, not to the Guardian app")


def _phone(subject: Subject, reader: Reader) -> Iterator[Finding]:
    """Yield the message types, and who sends."""
    answer = reader.message_types()
    types = answer.get("message_types") if isinstance(answer, Mapping) else None
    for feature, name in (("sms", "SMS message type"), ("voice", "voice message type")):
        if not subject.wants(feature):
            continue
        if not isinstance(types, list):
            yield unknown(name, reader.why("message_types"))
        elif feature in types:
            yield fine(name, f"{feature} is ticked")
        else:
            yield missing(subject, name, f"The phone factor may use {', '.join(map(str, types)) or 'none'}")
    provided = reader.phone_provider()
    provider = provided.get("provider") if isinstance(provided, Mapping) else None
    if subject.wants("voice") and provider == "auth0":
        yield unknown("phone provider", "auth0: Auth0's own provider sends SMS only. A call needs one of your own")
    elif provider is None:
        yield unknown("phone provider", reader.why("phone_provider"))
    else:
        yield fine("phone provider", str(provider))
