"""The commands on one's own tenant: `doctor`, `cleanup`, and `drift` on a recording of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import click

from auth0_mfa_lab.cli import json_of
from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.lab import Lab
from auth0_mfa_lab.live.doctor.checks import FEATURES, Finding, fault, faults, misspelled
from auth0_mfa_lab.live.doctor.doctor import Diagnosis, Mended, examine, mend, subject_of, token_of
from auth0_mfa_lab.live.drift.drift import NAME, drift_of
from auth0_mfa_lab.live.leftovers import Ledger, Leftovers
from auth0_mfa_lab.settings import Settings, values_of

ALLOW = f"The differences that are accepted, as TOML. [default: {NAME} beside RECORDING, if there is one]"
_say = partial(click.echo, err=True)


class Failed(click.ClickException):
    exit_code = 2  # the tenant could not be asked, or a file cannot be read


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: tenant, ok, status, findings, mended.")
@click.option(
    "--for", "wanted", multiple=True, type=click.Choice(FEATURES), help="Only what this factor needs; may be repeated."
)
@click.option("--fix", is_flag=True, help="Mend what the Management API can; ask before each call.")
@click.option("--yes", is_flag=True, help="With --fix: do not ask.")
@click.pass_context
def doctor(context: click.Context, as_json: bool, wanted: tuple[str, ...], fix: bool, yes: bool) -> None:
    """Check your tenant, and say where to mend each missing setting.

    It checks the settings, the way to the tenant, and the token endpoint. With AUTH0_MGMT_CLIENT_ID and
    AUTH0_MGMT_CLIENT_SECRET, or AUTH0_MGMT_TOKEN, it also reads the tenant's settings. It sends no message, and changes
    nothing without --fix.

    Exit code 0: nothing is missing. 1: something is. 2: the tenant could not be asked.
    """
    if yes and not fix:
        raise click.UsageError("--yes goes with --fix.")
    lab, found = _opened()
    mendeds: list[Mended] = []
    if lab is None:
        diagnosis = Diagnosis("your tenant", found)
        for each in diagnosis.findings:
            _say(each.line)
    else:
        context.call_on_close(lab._transport.close)
        look = partial(examine, lab, wanted=wanted or None, say=lambda each: _say(each.line))
        diagnosis = look()
        if fix and (mendeds := _mended(lab, wanted, diagnosis, yes)):
            _say("Looking again.")
            diagnosis = look()
    parts = {**diagnosis.data(), "mended": [asdict(each) for each in mendeds]}
    click.echo(json_of(parts) if as_json else repr(diagnosis))
    context.exit(diagnosis.status)


def _opened() -> tuple[Lab | None, list[Finding]]:
    """Open the tenant that the settings name, with what is wrong with them; no lab where nothing can be asked."""
    try:
        values = values_of(None, None)
    except LabError as problem:
        return None, [Finding(".env", "missing", str(problem), stops=True)]
    try:
        kind, unread = values.get("AUTH0_LAB_TENANT"), list(misspelled(values))
        if kind is None and (unread or "AUTH0_DOMAIN" in values):
            said = "is not set: the lab would open the sandbox. For your own tenant: AUTH0_LAB_TENANT=live"
            finding = Finding("AUTH0_LAB_TENANT", "missing", f"AUTH0_LAB_TENANT {said}", stops=True)
            return None, [*unread, finding]
        if kind != "live":
            return Lab.from_env(), []
        found = faults(values)
        usable = {name: value for name, value in values.items() if name not in {each.name for each in found}}
        # It only reads; --fix asks by itself.
        settings = replace(Settings.of_values(usable, "live").must_be_allowed(), confirm="never")
        return None if any(each.stops for each in found) else Lab.live(settings), found
    except LabError as problem:
        return None, [fault("settings", str(problem), stops=True)]


def _mended(lab: Lab, wanted: Sequence[str], diagnosis: Diagnosis, yes: bool) -> list[Mended]:
    def allow(question: str) -> bool:
        try:
            return yes or click.confirm(question, err=True)
        except click.Abort:
            _say("No question can be answered here: --yes mends without asking.")
            return False

    names = [each.name for each in diagnosis.missing if each.call]
    subject = subject_of(lab, wanted or None, None)
    token = token_of(subject)[0] if names else None
    if token is None:
        needed = "AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET, or AUTH0_MGMT_TOKEN"
        nothing = "Nothing is missing that a call of the Management API mends."
        _say(f"Nothing was mended: that needs {needed}." if names else nothing)
        return []
    if lab.settings.tenant == "live":
        _say(f"{lab.domain} is a live tenant, and its settings change for all its users: take one for trials.")
    came = []
    for each in mend(subject, token, names, allow=allow):
        _say(f"{'mended' if each.done else 'not mended'}  {each.name} ({each.call}): {each.said}")
        came.append(each)
    return came


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: tenant, rows, notes.")
@click.pass_context
def cleanup(context: click.Context, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Remove users and authenticators that labs left on your tenant.

    The list is in .auth0-lab/left.json, beside the notebooks. With AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET
    the Management API removes each entry, and nothing else. Without them this command says what a person has to remove.
    It shows what it will remove, and asks; --yes or AUTH0_LAB_CONFIRM=never leaves the question out.

    Exit code 0: nothing is left. 1: something is. 2: the tenant could not be asked.
    """
    if as_json and not (yes or dry_run):
        raise click.UsageError("--json goes with --yes or --dry-run: it asks nothing.")
    try:
        settings = Settings.from_env()
        if settings.tenant == "live":
            lab = Lab.live(settings)
            context.call_on_close(lab._transport.close)
            left = lab.cleanup(yes=yes, dry_run=dry_run)
        else:
            # There is nothing to clean up, but the file may know a tenant that has something.
            tenants = ", ".join(sorted({each.tenant for each in Ledger().entries()}))
            known = (f"Labs have left something on {tenants}: set AUTH0_LAB_TENANT=live.",) if tenants else ()
            left = Leftovers(tenant=f"the {settings.tenant}", notes=known)
    except LabError as problem:
        raise Failed(str(problem)) from None
    click.echo(json_of(asdict(left)) if as_json else repr(left))
    context.exit(int(bool(left.stays)))


@click.command()
@click.argument("recording", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option("--allow", type=click.Path(path_type=Path), metavar="FILE", help=ALLOW)
@click.pass_context
def drift(context: click.Context, recording: Path, as_json: bool, allow: Path | None) -> None:
    """Compare RECORDING, a HAR of a live run, with the sandbox.

    Each request goes to a new sandbox, in its turn and at its time, and to no network. Compared are status, error code,
    field names and types, the headers that matter, and texts. An accepted difference is a line of the list `allow`:
    { call = "POST /mfa/associate", field = "recovery_codes", kind = "removed" }.

    The JSON has recording, tenant, steps, compared, differences (steps, call, field, kind, live, sandbox, settles, row,
    mark, setting, allowed), not_compared (step, call, why) and unused_allowances. kind is status, error, text, value,
    added, removed, type or header.

    Exit code 0: every difference is allowed. 1: at least one is not. 2: a file cannot be read.
    """
    try:
        found = drift_of(recording, allow=allow)
    except LabError as problem:
        raise Failed(str(problem)) from None
    click.echo(json_of(asdict(found)) if as_json else repr(found))
    context.exit(int(found.is_found))
