"""The command `auth0-mfa-lab doctor`: says whether the tenant is ready, and mends what an API can mend."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace

import click

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.lab import Lab
from auth0_mfa_lab.live.doctor.checks import FEATURES
from auth0_mfa_lab.live.doctor.doctor import Mended, examine, in_order, mend, subject_of, token_of
from auth0_mfa_lab.live.doctor.findings import Diagnosis, Finding, one_line
from auth0_mfa_lab.live.doctor.settings import check_settings, fault, misspelled, usable
from auth0_mfa_lab.settings import Settings, values_of

NO_TENANT = "your tenant"


def register(main: click.Group) -> None:
    """Add the command to the program's."""
    main.add_command(doctor)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: tenant, ok, status, findings, mended.")
@click.option("--for", "wanted", multiple=True, type=click.Choice(FEATURES), help="Look at this only; may be repeated.")
@click.option("--fix", is_flag=True, help="Mend what a call of the Management API can mend; asks before each call.")
@click.option("--yes", is_flag=True, help="With --fix: do not ask.")
@click.pass_context
def doctor(context: click.Context, as_json: bool, wanted: tuple[str, ...], fix: bool, yes: bool) -> None:
    """Say whether the tenant that the settings name is ready, and where each missing setting is mended.

    It looks at the settings, the way to the tenant, and what the token endpoint tells; with AUTH0_MGMT_CLIENT_ID and
    AUTH0_MGMT_CLIENT_SECRET, or AUTH0_MGMT_TOKEN, at the tenant's settings as well. Nothing is sent to anybody, and
    without --fix nothing is changed.

    Exit code 0: nothing is missing. 1: something is. 2: the tenant could not be asked.
    """
    if yes and not fix:
        raise click.UsageError("--yes goes with --fix.")
    lab, found = _opened()
    mendeds: list[Mended] = []
    if lab is None:
        diagnosis = Diagnosis(NO_TENANT, in_order(found))
        for each in diagnosis.findings:
            _say(each.line)
    else:
        context.call_on_close(lab._transport.close)
        settings, say = found or None, lambda each: _say(each.line)
        diagnosis = examine(lab, wanted=wanted or None, settings=settings, say=say)
        if fix and (mendeds := _mended(lab, wanted, diagnosis, lambda question: yes or _asked(question))):
            _say("Looking again.")
            diagnosis = examine(lab, wanted=wanted or None, settings=settings, say=say)
    if as_json:
        parts = {**diagnosis.data(), "mended": [asdict(each) for each in mendeds]}
        click.echo(json.dumps(parts, indent=2))
    else:
        click.echo(repr(diagnosis))
    context.exit(diagnosis.status)


def _opened() -> tuple[Lab | None, list[Finding]]:
    """Open the tenant that the settings name, with what is wrong with them; no lab where nothing can be asked."""
    try:
        return _chosen(values_of(None, None))
    except LabError as problem:
        return None, [fault("settings", str(problem), stops=True)]
    except (OSError, UnicodeError):
        return None, [Finding(".env", "missing", ".env cannot be read: it is a text file in UTF-8", stops=True)]


def _chosen(values: Mapping[str, str]) -> tuple[Lab | None, list[Finding]]:
    kind = values.get("AUTH0_LAB_TENANT")
    if kind is None and (unread := [*misspelled(values)] or "AUTH0_DOMAIN" in values):
        about = unread if isinstance(unread, list) else []
        said = "AUTH0_LAB_TENANT is not set: the lab would open the sandbox. For your own tenant: AUTH0_LAB_TENANT=live"
        return None, [*about, Finding("AUTH0_LAB_TENANT", "missing", said, stops=True)]
    if kind != "live":
        return Lab.from_env(), []
    settings = replace(Settings.unchecked(usable(values)), confirm="never")  # it only reads; --fix asks by itself
    found = list(check_settings(values))
    if any(each.stops for each in found):
        return None, found
    return Lab.live(settings), found


def _mended(lab: Lab, wanted: Sequence[str], diagnosis: Diagnosis, allow: Callable[[str], bool]) -> list[Mended]:
    """Mend what can be mended, say what came of it, and return that."""
    names = [each.name for each in diagnosis.missing if each.call]
    if not names:
        _say("Nothing is missing that a call of the Management API mends.")
        return []
    subject = subject_of(lab, wanted or None, None)
    token, _ = token_of(subject)
    if token is None:
        _say("Nothing was mended: that needs AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET, or AUTH0_MGMT_TOKEN.")
        return []
    if lab.settings.tenant == "live":
        _say(f"{lab.domain} is a live tenant, and its settings hold for everybody who uses it: take one for trials.")
    came = []
    for each in mend(subject, token, names, allow=allow):
        shown = replace(each, said=one_line(lab.aliases.mask(each.said)))
        _say(f"{'mended' if shown.done else 'not mended'}  {shown.name} ({shown.call}): {shown.said}")
        came.append(shown)
    return came


def _asked(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        _say("Nobody answers here: --yes mends without asking.")
        return False


def _say(line: str) -> None:
    click.echo(line, err=True)
