"""Whether a tenant is ready for the lab: asks first things first, and stops at what makes the rest meaningless."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.live.doctor.check_grants import check_grants
from auth0_mfa_lab.live.doctor.check_management import check_management, token_of
from auth0_mfa_lab.live.doctor.check_reach import check_reach
from auth0_mfa_lab.live.doctor.finding import Finding, merged
from auth0_mfa_lab.live.doctor.subject import FEATURES, Subject
from auth0_mfa_lab.show.doctor import Diagnosis

ORDER = (
    *("settings", "reach", "TLS", "discovery", "issuer", "clock", "token endpoint", "client secret"),
    *("Management credentials", "Management domain", "Management grant", "Management scopes"),
    *("password grant", "default directory", "connection", "audience", "MFA grant", "policy"),
    *("push", "push provider", "otp", "sms", "SMS message type", "voice message type", "phone provider", "email"),
    *("recovery code", "passwordless grant", "passwordless connections"),
)
"""First things first; a variable's own name comes before all of them."""


def examine(
    subject: Subject,
    *,
    named: str,
    settings: Iterable[Finding] = (),
    mask: Callable[[str], str],
    say: Callable[[Finding], None] = lambda _: None,
) -> Diagnosis:
    """Look at a tenant and return what was found.

    `named` is the tenant in words; `settings` are the findings about the settings, which come first. Each finding is
    masked by `mask`, and told to `say` as it is found. Nothing is sent to anybody, and nothing is created or changed.
    """
    found: list[Finding] = []
    for each in _asked(subject, settings):
        found.append(each.masked(mask))
        say(found[-1])
    return Diagnosis(mask(named), in_order(merged(found)))


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings, first things first."""
    rank = {name: place for place, name in enumerate(ORDER)}
    return sorted(findings, key=lambda each: rank.get(each.name, -1))


def checked_features(wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Return what is wanted of a tenant, all of it by default. Raises LabError that names what there is."""
    if wanted is None:
        return FEATURES
    if isinstance(wanted, str):
        raise LabError(f"wanted is a list: write wanted=[{wanted!r}].")
    for each in wanted:
        if each not in FEATURES:
            raise LabError(f"The doctor knows no {each!r}. It looks at: {', '.join(FEATURES)}.")
    return tuple(wanted)


def _asked(subject: Subject, settings: Iterable[Finding]) -> Iterator[Finding]:
    for finding in chain(settings, check_reach(subject), check_grants(subject)):
        yield finding
        if finding.stops:
            return
    token, about = token_of(subject)
    yield from about
    yield from check_management(subject, token)
