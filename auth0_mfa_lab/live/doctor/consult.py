"""The doctor of one lab: what it needs of the lab, and the settings that the lab was opened with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from auth0_mfa_lab.live.doctor.check_settings import KNOWN, check_settings, misspelled
from auth0_mfa_lab.live.doctor.doctor import checked_features, examine
from auth0_mfa_lab.live.doctor.finding import Finding, fine
from auth0_mfa_lab.live.doctor.subject import Subject
from auth0_mfa_lab.settings import Settings, values_of
from auth0_mfa_lab.show.doctor import Diagnosis

if TYPE_CHECKING:
    from auth0_mfa_lab.bench import Bench

STEP = "Doctor"


def consult(
    lab: Bench,
    *,
    wanted: Sequence[str] | None = None,
    management_token: str | None = None,
    settings: Sequence[Finding] | None = None,
    say: Callable[[Finding], None] = lambda _: None,
) -> Diagnosis:
    """Say whether the tenant of a lab is ready for what is wanted.

    `wanted` is some of FEATURES, all by default; `management_token` opens the Management API where the settings name no
    application for it. `settings` are findings about the settings that somebody has made already. Raises LabError for a
    wish that is not known, before anything is sent.
    """
    subject = subject_of(lab, wanted, management_token)
    about = list(settings) if settings is not None else list(_about_settings(lab))
    with _step(lab):
        return examine(subject, named=_named(lab), settings=about, mask=lab.aliases.mask, say=say)


def subject_of(lab: Bench, wanted: Sequence[str] | None, management_token: str | None) -> Subject:
    """Return the tenant of a lab as the doctor looks at it."""
    features = checked_features(wanted)
    given = management_token or lab.settings.mgmt_token
    token = lab.aliases.learn("mgmt_token", str(given)) if given else None
    return Subject(
        client=lab.client,
        machine=lab.management_application if all(lab._machine) else None,
        token=token,
        management=lab.management,
        management_audience=lab.management_audience,
        domain=lab.domain,
        realm=lab.settings.realm,
        audience=lab.audience,
        has_secret=bool(lab.client._client_secret),
        is_live=lab.settings.tenant == "live",
        now=lab.clock.now,
        wanted=features,
    )


def values_in(settings: Settings) -> dict[str, str]:
    """Return settings as the `AUTH0_` variables that they were read of."""
    names = {name: name.removeprefix("AUTH0_").lower() for name in KNOWN}
    found = {name: getattr(settings, field, None) for name, field in names.items()}
    return {name: str(value) for name, value in found.items() if value}


def _about_settings(lab: Bench) -> Iterator[Finding]:
    if lab.settings.tenant != "live":
        yield fine("settings", "None is needed: this is no tenant of Auth0's")
        return
    yield from check_settings(values_in(lab.settings))
    around: Mapping[str, str] = values_of(None, None)
    if around.get("AUTH0_DOMAIN", "").lower() == lab.domain:  # or they are another tenant's
        yield from misspelled(around)


def _named(lab: Bench) -> str:
    kind = "live" if lab.settings.tenant == "live" else "sandbox"
    return f"the {kind} tenant {lab.domain}"


@contextmanager
def _step(lab: Bench) -> Iterator[None]:
    """Put what is asked here under a title of its own, and what follows under the one before."""
    before = lab.journal.title
    lab.step(STEP)
    try:
        yield
    finally:
        lab.journal.title = before
