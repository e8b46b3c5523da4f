"""Clean-up: what labs left on a tenant is removed, after it has been shown, and nothing else; a small file knows it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pyotp
import pytest
from click.testing import CliRunner, Result
from IPython.core.ultratb import VerboseTB

from auth0_mfa_lab import Lab
from auth0_mfa_lab.cli import main
from auth0_mfa_lab.errors import LabError, NotConfirmed
from auth0_mfa_lab.live.administrator import administrator
from auth0_mfa_lab.live.leftovers import Ledger, Left
from auth0_mfa_lab.secrets.kinds import personal_kind
from tests.live.conftest import Person
from tests.live.drift_runs import PUSH, SMS
from tests.live.live_world import NUMBER, Answer, LiveTenant, mfa_token

ROOT = Path(__file__).parents[2]
Leaves = Callable[[LiveTenant, Lab], object]


def ledger(lab: Lab) -> Ledger:
    assert lab._guard is not None
    return lab._guard


def amend(lab: Lab, **change: Any) -> None:
    """Let the one entry of the file say something else."""
    ledger(lab).change(lambda entries: [replace(entries[0], **change)])


def everything(tenant: LiveTenant) -> tuple[list[str], list[str]]:
    """Return who is in the tenant, and what the configured user has."""
    return sorted(tenant.users), tenant.authenticators


def enrolls(kind: str, *, confirmed: bool = True) -> Leaves:
    """Return what enrolls this for the configured user as a notebook does."""

    def leaves(tenant: LiveTenant, lab: Lab) -> None:
        wanted: dict[str, Any] = {"push": PUSH, "sms": SMS, "otp": {"authenticator_types": ["otp"]}}
        token = mfa_token(lab)
        begun = lab.client.mfa_associate(token, **wanted[kind])
        if kind == "push":
            tenant.phone().scan(str(begun["barcode_uri"]))
        code = tenant.code_for(NUMBER) if kind == "sms" else None
        if kind != "otp":
            lab.client.mfa_oob_grant(mfa_token=token, oob_code=begun["oob_code"], binding_code=code)
        elif confirmed:
            otp = pyotp.TOTP(str(begun["secret"])).at(int(lab.clock.now()))
            lab.client.mfa_otp_grant(mfa_token=token, otp=otp)
        assert lab.journal[-1].status == 200

    return leaves


def creates(tenant: LiveTenant, lab: Lab) -> None:
    """Create an authenticator of the configured user, as an administrator does: the tenant gives its id."""
    fields = {"type": "totp", "totp_secret": pyotp.random_base32()}
    assert administrator(lab).create_authentication_method(tenant.person.user_id, **fields).status == 201


def users(*factors: list[str]) -> Leaves:
    """Return what makes throw-away users with these factors."""
    return lambda _, lab: [lab.user(factors=each) for each in factors]


def others(*factors: str) -> Leaves:
    """Return somebody else who enrolls these for the same user, at another time."""

    def leaves(tenant: LiveTenant, _: Lab) -> None:
        tenant.sandbox.clock.advance(3600)
        tenant.enroll(*factors)
        tenant.sandbox.clock.advance(3600)

    return leaves


def gone(tenant: LiveTenant, _: Lab) -> None:
    """Let somebody else remove all: the authenticators, and the users that are not theirs."""
    for each in tenant.authenticators:
        if each in tenant.authenticators:
            tenant.sandbox.tenant.remove_authenticator(tenant.person.user_id, each)
    for user in [each for each in tenant.users.values() if each.user_id != tenant.person.user_id]:
        tenant.sandbox.tenant.forget_user(user)


def twin(tenant: LiveTenant, _: Lab) -> None:
    """Have somebody of another connection under the same address, whom a list names first."""
    other = replace(tenant.person, user_id=f"email|{tenant.person.user_id[6:]}", connection="email")
    before = dict(tenant.users)
    tenant.users.clear()
    tenant.users.update({other.user_id: other, **before})


def refuses(kind: str) -> Leaves:
    return lambda tenant, _: tenant.bad(kind, "DELETE /api/v2/users")


def of_another(_: LiveTenant, lab: Lab) -> None:
    another = Left(tenant="other.example", kind="otp", name="a@example.com")
    ledger(lab).change(lambda entries: [*entries, another])


def nameless(name: str) -> Leaves:
    """Return what leaves an entry about somebody whom no API finds."""
    return lambda tenant, lab: ledger(lab).change(
        lambda entries: [Left(tenant=tenant.domain, kind="otp", name=name, begun=1.0), *entries]
    )


def removes(_: LiveTenant, lab: Lab) -> None:
    """Remove by the lab itself what it has created."""
    (entry,) = ledger(lab).entries()
    administrator(lab).delete_authentication_method(entry.user, entry.authenticator)


class Row(NamedTuple):
    """What was left, what a person answers ("": they are not asked), how often, what becomes of each, what stays."""

    left: tuple[Leaves, ...]
    answer: str
    asked: int
    fates: list[str]
    noted: int = 0
    remain: int = 0  # authenticators that the configured user has at the end
    people: int = 1  # users that the tenant has at the end
    management: bool = True
    notes: str = ""


ASKS, RESET = "stays unless you say that it is the lab's", "remove it yourself: Dashboard > User Management > Users > "
RESET_MFA, DELETE = f"{RESET}the user > Multi-Factor > Reset", f"{RESET}the user > Actions > Delete"
AUTHENTICATOR, GUARDIAN = "remove the account in the authenticator app", "remove the account in the Guardian app"
OTP, PUSHED = enrolls("otp"), enrolls("push")
PENDING, USER = enrolls("otp", confirmed=False), users([])
JANE = nameless("jane")
# fmt: off
ROWS: dict[str, Row] = {
    # An id that a tenant gave is certain; what only fits in kind is asked about. The recovery code goes along.
    "an app":                  Row((OTP,), "y", 2, ["gone already", "removed"], notes=AUTHENTICATOR),
    "a push":                  Row((PUSHED,), "y", 3, ["gone already", "gone already", "removed"], notes=GUARDIAN),
    "a number":                Row((enrolls("sms"),), "y", 2, ["gone already", "removed"]),
    "an unconfirmed one":      Row((PENDING,), "y", 1, ["removed"]),
    "three users":             Row((users([], ["otp"], ["sms"]),), "y", 1, ["removed"] * 3),
    "a created one":           Row((creates,), "y", 1, ["removed"]),
    "a push and a created one": Row((PUSHED, creates), "y", 4, ["gone already", "gone already", "removed", "removed"]),
    "an app and a user":       Row((OTP, users(["otp"])), "y", 3, ["gone already", "removed", "removed"]),
    "beside a namesake":       Row((OTP, twin), "y", 2, ["gone already", "removed"], people=2),
    # What is not the lab's, or may be not, stays.
    "somebody else's as well": Row((others("sms"), creates), "y", 1, ["removed"], remain=2),
    "unconfirmed, beside somebody else's": Row(
        (PENDING, others("sms")), "y", 0, ["stays unconfirmed beside what is not the lab's"], noted=1, remain=3),
    "a no":                    Row((OTP,), "n", 2, [ASKS] * 2, noted=1, remain=2),
    "a no to a user":          Row((OTP, USER), "n", 1, [ASKS, ASKS, "will be removed"], 2, remain=2, people=2),
    "never":                   Row((OTP, creates), "", 0, ["removed", ASKS, ASKS], noted=1, remain=2),
    # What is gone is forgotten, what cannot be removed is kept.
    "gone":                    Row((OTP, USER, gone), "y", 0, ["gone already"] * 2, notes=AUTHENTICATOR),
    "removed by the lab":      Row((creates, removes), "y", 0, ["gone already"]),
    "an error":                Row((USER, refuses("5xx")), "y", 1, ["not removed"], noted=1, people=2),
    "a drop":                  Row((USER, refuses("drop")), "y", 1, ["not removed"], noted=1, people=2),
    "of another tenant":       Row((USER, of_another), "y", 1, ["removed"], 1, notes="1 more on another tenant"),
    "who is no address":       Row((USER, JANE), "y", 1, [RESET_MFA, "removed"], noted=1),
    # Without the Management API a person has to do it; a login tells what is gone.
    "an app, by hand":         Row((OTP,), "y", 0, [RESET_MFA], 1, remain=2, management=False, notes="AUTH0_MGMT_"),
    "unconfirmed, by hand":    Row((PENDING,), "y", 0, [RESET_MFA], noted=1, remain=2, management=False),
    "gone, by hand":           Row((OTP, gone), "y", 0, ["gone already"], management=False),
    "a user, by hand":         Row((USER,), "y", 0, [DELETE], noted=1, people=2, management=False),
}
# fmt: on


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_was_left_is_shown_asked_about_and_removed_and_nothing_else(
    live_tenant: LiveTenant, person: Person, row: Row
) -> None:
    maker = live_tenant.lab(management=True)
    for each in row.left:
        each(live_tenant, maker)
    before, noted, sent = everything(live_tenant), ledger(maker).entries(), live_tenant.sent
    lab = live_tenant.lab(management=row.management, confirm="once" if row.answer else "never")
    dry = lab.cleanup(dry_run=True)
    assert (everything(live_tenant), ledger(lab).entries(), person.asked) == (before, noted, [])
    person.answer = row.answer
    left = lab.cleanup()
    kept, fates = ledger(lab).entries(), sorted(each.fate for each in left.rows)
    assert [fate.startswith(begin) for fate, begin in zip(fates, row.fates, strict=True)] == [True] * len(fates), fates
    assert (len(person.asked), all(each.endswith("Remove it? [y/n] ") for each in person.asked)) == (row.asked, True)
    assert (len(live_tenant.authenticators), len(live_tenant.users), len(kept)) == (row.remain, row.people, row.noted)
    assert left.stays is any(each.tenant == live_tenant.domain for each in kept)
    assert (row.notes in " ".join(left.notes), live_tenant.sent) == (True, sent)
    assert ("On the phone" in repr(left)) is any(each in (OTP, PENDING, PUSHED, creates, JANE) for each in row.left)
    people = [live_tenant.person.username, live_tenant.person.user_id, *(each.user for each in noted if each.user)]
    shown = "".join(each for one in (dry, left) for each in one._repr_mimebundle_().values())
    assert [each for each in people if each in shown] == []
    assert kept or repr(lab.cleanup()).startswith("Nothing to clean up")


@pytest.mark.parametrize("certain", [True, False])
def test_where_nobody_can_be_asked_nothing_is_removed(live_tenant: LiveTenant, person: Person, certain: bool) -> None:
    (USER if certain else OTP)(live_tenant, live_tenant.lab(management=True))
    before, person.answer = everything(live_tenant), EOFError()
    with pytest.raises(NotConfirmed, match=r"Nothing was changed.*cleanup\(yes=True\)"):
        live_tenant.lab(management=True, confirm="once").cleanup()
    assert everything(live_tenant) == before
    # With `yes` nobody is asked: only what is certain goes.
    assert live_tenant.lab(management=True, confirm="each").cleanup(yes=True).stays is not certain


@pytest.mark.parametrize(
    ("status", "body"), [(201, b"<html>"), (201, b"[null]"), (302, b""), (408, b""), (502, b"<html>")]
)
def test_a_user_whose_making_got_an_answer_of_somebody_else_is_found_by_name(
    live_tenant: LiveTenant, status: int, body: bytes
) -> None:
    before, lab = everything(live_tenant), live_tenant.lab(management=True)
    live_tenant.alter("POST /api/v2/users$", lambda _: Answer(status=status, body=body), times=1)
    with pytest.raises(LabError):
        lab.user()
    assert len(live_tenant.users) == 2
    assert not lab.cleanup().stays
    assert everything(live_tenant) == before


def test_somebody_who_was_there_before_is_never_taken_for_a_user_of_the_labs(live_tenant: LiveTenant) -> None:
    lab, known = live_tenant.lab(management=True), live_tenant.person
    api, user = administrator(lab), {"connection": known.connection, "email": known.email, "password": "Made-up-1"}
    assert api.create_user(**user | {"connection": "nowhere"}).status == 400
    assert ledger(lab).entries() == []  # a refused one is not noted
    live_tenant.alter("POST /api/v2/users$", lambda _: Answer(status=502, body=b"<html>"), times=1)
    api.create_user(**user)
    (row,) = lab.cleanup(yes=True).rows
    assert row.fate.startswith("may be a user that the lab did not make; if the lab made it, remove it yourself: Dash")
    # Nor where an entry has come to name them.
    for change in ({"user": known.user_id, "name": "lab-1@lab.example"}, {"user": known.user_id, "name": ""}):
        amend(lab, **change)
        if not change["name"]:
            live_tenant.alter("GET /api/v2/users/", lambda answer: replace(answer, body=b"[]"))
        assert lab.cleanup(yes=True).stays
        assert known.user_id in live_tenant.users
    assert len(ledger(lab).entries()) == 1


@pytest.mark.parametrize("body", [b"null", b'["a", 1]', b"[{}]", b"<html>"])
def test_a_list_that_is_none_is_told_and_nothing_is_forgotten(live_tenant: LiveTenant, body: bytes) -> None:
    lab, refused = live_tenant.lab(management=True), "failed: 200 OK: the answer is not the list that Auth0 gives"
    OTP(live_tenant, lab)
    for route, change in (("users/", {}), ("users-by-email", {"user": ""})):
        live_tenant.well()
        live_tenant.alter(f"GET /api/v2/{route}", lambda answer: replace(answer, status=200, body=body))
        amend(lab, **change)
        with pytest.raises(LabError, match=refused):
            lab.cleanup(yes=True)
    live_tenant.alter("GET /mfa/authenticators", lambda answer: replace(answer, status=200, body=body))
    assert live_tenant.lab().cleanup(yes=True).stays
    with pytest.raises(LabError, match="The authenticators could not be listed: 200 OK"):
        live_tenant.lab().user()
    assert len(ledger(lab).entries()) == 1
    # An answer about a method that is garbage is no traceback.
    live_tenant.alter("POST /api/v2/users", lambda answer: replace(answer, status=201, body=body), times=1)
    creates(live_tenant, lab)


def test_the_traceback_of_what_fails_names_nobody(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True)
    lab.user(factors=["otp"])
    (known,) = [each for each in ledger(lab).entries() if each.kind == "user"]
    live_tenant.bad("5xx", "GET /api/v2/users")
    with pytest.raises(LabError, match="failed: 50") as refusal:
        lab.cleanup(yes=True)
    error = refusal.value
    shown = VerboseTB(theme_name="nocolor").text(type(error), error, error.__traceback__)
    assert "cleanup" in shown
    assert not [raw for raw in (known.user, known.name) if not raw or raw in shown]


def test_the_file_is_its_owners_alone_names_the_user_and_holds_no_secret(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    (notebooks := live_tenant.folder / "notebooks").mkdir()
    monkeypatch.chdir(notebooks)  # a notebook's folder shares the project's file
    lab = live_tenant.lab(management=True)
    made = lab.user(factors=["otp", "sms"])
    OTP(live_tenant, lab)
    path = ledger(lab).path
    assert path == live_tenant.folder.resolve() / ".auth0-lab" / "left.json"
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)] == [0o600, 0o700]
    assert (path.parent / ".gitignore").read_text("utf-8") == "*\n"
    assert ".auth0-lab/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert sorted(each.name for each in path.parent.iterdir()) == [".gitignore", "left.json", "lock"]
    text = path.read_text("utf-8")
    names = {"tenant", "kind", "user", "name", "authenticator", "begun", "confirmed", "recovery", "mark"}
    assert {frozenset(each) for each in json.loads(text)["left"]} == {frozenset(names)}
    assert str(made.username) in text
    values = [str(alias.value) for alias in lab.aliases.all() if not personal_kind(alias.kind)]
    assert str(made.password) in values
    assert [each for each in values if each in text] == []


def test_two_kernels_write_it_and_nothing_is_lost(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from auth0_mfa_lab.live.leftovers import Left, Ledger\n"
        "file = Ledger('', Path(sys.argv[1]))\n"
        "for n in range(40):\n"
        "    file.change(lambda each: [*each, Left(tenant='t.example', kind='otp', name=f'{sys.argv[2]}{n}')])\n"
    )
    (tmp_path / "pyproject.toml").touch()
    command = [sys.executable, "-c", program, str(tmp_path)]
    kernels = [subprocess.Popen([*command, name], cwd=ROOT, env=dict(os.environ)) for name in "ab"]
    assert [each.wait(timeout=60) for each in kernels] == [0, 0]
    names = {each.name for each in Ledger(start=tmp_path).entries()}
    assert names == {f"{kernel}{n}" for kernel in "ab" for n in range(40)}


def test_what_cannot_be_written_leaves_the_file_whole_and_what_cannot_be_noted_is_not_sent(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = live_tenant.lab(management=True)
    file, token = ledger(lab), mfa_token(lab)
    file.change(lambda _: [Left(tenant="t", kind="otp")])
    before, beside = file.path.read_bytes(), sorted(file.path.parent.iterdir())

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("auth0_mfa_lab.live.files.os.fsync", full)
    with pytest.raises(LabError, match=r"cannot be written \(No space left on device\)"):
        file.change(lambda _: [])
    calls = len(live_tenant.journal)
    with pytest.raises(LabError, match=r"Nothing was sent, for what it leaves could not be noted.*left\.json"):
        lab.client.mfa_associate(token, authenticator_types=["otp"])
    assert (file.path.read_bytes(), sorted(file.path.parent.iterdir())) == (before, beside)
    assert len(live_tenant.journal) == calls
    assert lab.client.mfa_authenticators(token).status == 200


SPOILED = (
    b"",
    b"[]",
    b'{"left": [{"kind": "otp"}]}',
    b'{"left": [7]}',
    b'{"left": {"a": 1}}',
    b"\xff\xfe\0",
    b"[" * 200_000,
)
FIELDS: tuple[tuple[str, object], ...] = (
    *(("user", 5), ("user", ["a"]), ("name", {"a": 1}), ("kind", None), ("tenant", 5), ("mark", ["x"])),
    *(("authenticator", ["totp"]), ("begun", "1"), ("begun", None), ("confirmed", [1]), ("recovery", 1)),
)


def test_a_file_that_somebody_spoiled_is_told_and_stays(tmp_path: Path) -> None:
    file = Ledger(start=tmp_path)
    file.change(lambda each: each)
    entries = [{"tenant": "t", "kind": "otp", name: value} for name, value in FIELDS]
    for content in (*SPOILED, *(json.dumps({"left": [each]}).encode() for each in entries)):
        file.path.write_bytes(content)
        for act in (file.entries, lambda: file.change(lambda found: found)):
            with pytest.raises(LabError, match="is not what the lab wrote there"):
                act()
        assert file.path.read_bytes() == content


def test_what_a_tenant_says_is_kept_and_shown_whatever_it_is(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True, show_people=True)
    ledger(lab).change(lambda _: [Left(tenant=live_tenant.domain, kind="user", user="auth0|\ud800\x1b[2J\n")])
    shown = repr(lab.cleanup(dry_run=True))
    assert (bool(shown.encode()), "\x1b" in shown) == (True, False)


def test_the_command_shows_asks_and_removes(live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    def command(*words: str, typed: str = "", **changes: str) -> Result:
        variables = {**live_tenant.environ, **live_tenant.management, "AUTH0_LAB_CONFIRM": "once", **changes}
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(main, ["cleanup", *words], input=typed)

    def fates(result: Result) -> tuple[int, list[Any]]:
        return result.exit_code, [each["fate"] for each in json.loads(result.stdout)["rows"]]

    before = everything(live_tenant)
    OTP(live_tenant, live_tenant.lab())
    assert f"Labs have left something on {live_tenant.domain}" in command(AUTH0_LAB_TENANT="sandbox").output
    for words in ((), ("--json",)):
        asked = command(*words)
        assert (asked.exit_code, "--yes" in asked.stderr) == (2, True)
    refused = command(typed="n\nn\n")
    assert (refused.exit_code, "Remove it? [y/n]" in refused.output) == (1, True)
    assert everything(live_tenant) != before
    done = command(typed="y\ny\n")
    assert (done.exit_code, "removed" in done.output, everything(live_tenant)) == (0, True, before)
    assert command().output.startswith("Nothing to clean up")
    live_tenant.lab(management=True).user()
    assert fates(command("--dry-run", "--json")) == (1, ["will be removed"])
    assert fates(command("--yes", "--json")) == (0, ["removed"])
    assert everything(live_tenant) == before
