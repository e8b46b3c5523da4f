"""The commands on one's own tenant: `doctor`, `cleanup`, and `drift` on a recording of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import click

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.lab import Lab
from auth0_mfa_lab.live.doctor.checks import FEATURES, Finding
from auth0_mfa_lab.live.doctor.doctor import Mended, examine, mend, subject_of, token_of
from auth0_mfa_lab.live.doctor.findings import Diagnosis, one_line
from auth0_mfa_lab.live.doctor.settings import check_settings, fault, misspelled, usable
from auth0_mfa_lab.live.drift.drift import NAME, drift_of
from auth0_mfa_lab.live.leftovers import LeftFile, Leftovers
from auth0_mfa_lab.settings import Settings, values_of

_say = partial(click.echo, err=True)
STAYS, UNREACHED = 1, 2
FOUND, UNREADABLE = 1, 2


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
        diagnosis = Diagnosis("your tenant", found)
        for each in diagnosis.findings:
            _say(each.line)
    else:
        context.call_on_close(lab._transport.close)
        look = partial(examine, lab, wanted=wanted or None, settings=found or None, say=lambda each: _say(each.line))
        diagnosis = look()
        if fix and (mendeds := _mended(lab, wanted, diagnosis, lambda question: yes or _asked(question))):
            _say("Looking again.")
            diagnosis = look()
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
        _say("No question can be answered here: --yes mends without asking.")
        return False


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: tenant, rows, notes.")
@click.pass_context
def cleanup(context: click.Context, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Remove the users and the authenticators that labs left on the tenant that the settings name.

    The list is in .auth0-lab/left.json, beside the notebooks. With AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET
    each of them is removed by the Management API, and nothing else; without, it says what a person has to remove. It
    shows what it will remove, and asks, unless --yes or AUTH0_LAB_CONFIRM=never says that it need not.

    Exit code 0: nothing is left. 1: something is. 2: the tenant could not be asked.
    """
    if as_json and not (yes or dry_run):
        raise click.UsageError("--json goes with --yes or --dry-run: it asks nothing.")
    try:
        settings = Settings.from_env()
        if settings.tenant != "live":
            left = _elsewhere(settings.tenant)
        else:
            lab = Lab.live(settings)
            context.call_on_close(lab._transport.close)
            left = lab.cleanup(yes=yes, dry_run=dry_run)
    except LabError as problem:
        click.echo(f"Error: {problem}", err=True)
        context.exit(UNREACHED)
    click.echo(json.dumps(asdict(left), indent=2) if as_json else repr(left))
    context.exit(STAYS if left.stays else 0)


def _elsewhere(kind: str) -> Leftovers:
    """Return what there is to clean up where no live tenant is chosen: nothing, but the file may know one."""
    tenants = sorted({each.tenant for each in LeftFile(Path.cwd()).entries()})
    known = f"Labs have left something on {', '.join(tenants)}: set AUTH0_LAB_TENANT=live." if tenants else ""
    return Leftovers(tenant=f"the {kind}", rows=(), notes=(known,) if known else ())


@click.command()
@click.argument("recording", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option(
    "--allow",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"The differences that are accepted, as TOML. [default: {NAME} beside RECORDING, if there is one]",
)
@click.pass_context
def drift(context: click.Context, recording: Path, as_json: bool, allow: Path | None) -> None:
    """Compare RECORDING, a HAR of a live run, with what the sandbox answers to the same steps.

    Each request is sent to a fresh sandbox, in its turn and at its time, and the answers are compared: status, error
    code, field names and types, the headers that matter, texts. Nothing is sent anywhere else. An accepted difference
    is a line of the list `allow`: { call = "POST /mfa/associate", field = "recovery_codes", kind = "removed" }.

    The JSON has recording, tenant, steps, compared, differences (steps, call, field, kind, live, sandbox, settles, row,
    mark, setting, allowed), not_compared (step, call, why) and unused_allowances. kind is status, error, text, value,
    added, removed, type or header.

    Exit code 0: no difference that is not allowed. 1: at least one. 2: a file cannot be read.
    """
    try:
        found = drift_of(recording, allow=allow)
    except LabError as problem:
        click.echo(f"Error: {problem}", err=True)
        context.exit(UNREADABLE)
    click.echo(json.dumps(found.data(), indent=2, ensure_ascii=False) if as_json else repr(found))
    context.exit(FOUND if found.is_found else 0)


COMMANDS = {each.name: each for each in (cleanup, doctor, drift)}
