"""What a lab on a live tenant takes care of: its guard, the users it makes, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.live.administrator import Administrator
from auth0_mfa_lab.live.cleanup import CleanUp
from auth0_mfa_lab.live.confirm import Confirm
from auth0_mfa_lab.live.left import LeftFile
from auth0_mfa_lab.live.made import Maker
from auth0_mfa_lab.live.noting import Noting
from auth0_mfa_lab.live.watch import Watch
from auth0_mfa_lab.management import Management
from auth0_mfa_lab.show.leftovers import Leftovers
from auth0_mfa_lab.tenants.users import User, authenticators_in, configured_user
from auth0_mfa_lab.wire.exchange import Json

if TYPE_CHECKING:
    from auth0_mfa_lab.lab import Lab

T = TypeVar("T")


def watch_over(lab: Lab) -> Watch:
    """Put a guard at the door of a live lab, and return it."""
    confirm = Confirm(lab.settings.confirm, domain=lab.domain, journal=lab.journal)
    watch = Watch(confirm, Noting(LeftFile(Path.cwd()), tenant=lab.domain, journal=lab.journal))
    lab._connection.guard = watch
    return watch


def own_user(lab: Lab, factors: Sequence[str]) -> User:
    """Return a user of a live tenant in a known state: a throw-away one where the Management API opens, or the own."""
    administrator = administrator_of(lab)
    if administrator is None:
        return _out_of_its_frames(lambda: configured_user(lab.settings, lab.client, lab.aliases, factors))
    maker = Maker(
        management=administrator,
        client=lab.client,
        settings=lab.settings,
        aliases=lab.aliases,
        phone=lab.phone,
        agreed=lab._watch.confirm.agreed if lab._watch else lambda *_: nullcontext(),
        draw=lab._draw,
        know=lab._codes.know,
    )
    return _out_of_its_frames(lambda: maker.user(factors))


def cleaned(lab: Lab, *, yes: bool, dry_run: bool) -> Leftovers:
    """Remove what a lab left on its tenant, after it has been shown; in a sandbox and in a replay there is nothing."""
    if lab._watch is None:
        return Leftovers(tenant=lab.domain, rows=())
    clean_up = CleanUp(
        file=lab._watch.noting.file,
        tenant=lab.domain,
        realm=lab.settings.realm,
        username=lab.settings.username,
        administrator=administrator_of(lab),
        listed=lambda: _listed(lab),
        confirm=lab._watch.confirm,
        aliases=lab.aliases,
    )
    return _out_of_its_frames(lambda: clean_up.run(yes=yes, dry_run=dry_run))


def _out_of_its_frames(act: Callable[[], T]) -> T:
    """Do something; a LabError of it is raised anew, for in the frames that it left are names and ids of people."""
    try:
        return act()
    except LabError as problem:
        error = problem
    raise error.with_traceback(None) from None


def administrator_of(lab: Lab) -> Callable[[], Management] | None:
    """Return what opens the Management API of a lab's tenant; None where the settings name nobody who may."""
    if lab.settings.mgmt_token:
        token = lab.aliases.learn("mgmt_token", str(lab.settings.mgmt_token))
        return lambda: lab.management(token)
    if not all(lab._machine):
        return None
    if lab._administrator is None:
        lab._administrator = Administrator(
            lambda: lab.management_application, lab.management, audience=lab.management_audience, now=lab.clock.now
        )
    return lab._administrator.api


def _listed(lab: Lab) -> Sequence[Json] | None:
    """List the authenticators of the configured user, by a login that sends nothing to anybody."""
    settings = lab.settings
    if settings.username is None or settings.password is None:
        return None
    login = lab.client.password_grant(username=settings.username, password=settings.password, realm=settings.realm)
    if "mfa_token" not in login:
        return None
    listed = lab.client.mfa_authenticators(login["mfa_token"])
    return authenticators_in(listed)
