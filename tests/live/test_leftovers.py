"""What a live run leaves: on the tenant, where the clean-up shows it and removes that alone, and in two files.

A small file knows what was left; a recording has what has passed. Each is its owner's alone, and whole at every moment.
"""

import json
import os
import re
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
from auth0_mfa_lab.live.record import SHARE, Record
from auth0_mfa_lab.secrets.kinds import personal_kind
from auth0_mfa_lab.wire.har import har, read_har
from auth0_mfa_lab.wire.journal import Journal
from tests.live.conftest import Person
from tests.live.live_world import NUMBER, PUSH, SMS, Answer, Integrator, LiveTenant, logged_in, mfa_token
from tests.mothers import Standing, a_journal, an_exchange

ROOT = Path(__file__).parents[2]
APP = {"authenticator_types": ["otp"]}
Leaves = Callable[[LiveTenant, Lab], object]


def ledger(lab: Lab) -> Ledger:
    assert lab._guard is not None
    return lab._guard


def amend(lab: Lab, **change: Any) -> None:
    ledger(lab).change(lambda entries: [replace(entries[0], **change)])


def everything(tenant: LiveTenant) -> tuple[list[str], list[str]]:
    return sorted(tenant.users), tenant.authenticators


def enrolls(fields: dict[str, Any], *, confirmed: bool = True) -> Leaves:
    """Return what enrolls this for the configured user as a notebook does."""

    def leaves(tenant: LiveTenant, lab: Lab) -> None:
        one = Integrator(tenant, lab, tenant.own_phone(), Path())
        begun = one.associate(login := one.login(scope="openid"), **fields)
        if "barcode_uri" in begun:
            one.phone.scan(str(begun["barcode_uri"]))
        if confirmed:
            code = tenant.code_for(NUMBER) if fields is SMS else None
            done = one.otp(login, one.phone.code()) if fields is APP else one.poll(login, begun, code)
            assert done.status == 200

    return leaves


def creates(tenant: LiveTenant, lab: Lab) -> None:
    """Create an authenticator of the configured user, as an administrator does: the tenant gives its id."""
    fields = {"type": "totp", "totp_secret": pyotp.random_base32()}
    assert administrator(lab).create_authentication_method(tenant.person.user_id, **fields).status == 201


def replaces(tenant: LiveTenant, lab: Lab) -> None:
    """Put an authenticator in the place of all of the configured user's, as an administrator does."""
    fields = {"type": "totp", "totp_secret": pyotp.random_base32()}
    assert administrator(lab).replace_authentication_methods(tenant.person.user_id, [fields]).status == 200


def users(*factors: list[str]) -> Leaves:
    """Return what makes throw-away users with these factors."""
    return lambda _, lab: [lab.user(factors=each) for each in factors]


def others(*factors: str) -> Leaves:
    """Return somebody else who enrolls these for the same user."""
    return lambda tenant, _: tenant.enroll(*factors)


def gone(tenant: LiveTenant, _: Lab) -> None:
    """Let somebody else remove all: the authenticators, and the users that are not theirs."""
    while there := tenant.authenticators:
        tenant.sandbox.tenant.remove_authenticator(tenant.person.user_id, there[0])
    for user in [each for each in tenant.users.values() if each.user_id != tenant.person.user_id]:
        tenant.sandbox.tenant.forget_user(user)


def twin(tenant: LiveTenant, _: Lab) -> None:
    """Have somebody of another connection under the same address, whom a list names first."""
    other = replace(tenant.person, user_id=f"email|{tenant.person.user_id[6:]}", connection="email")
    before = dict(tenant.users)
    tenant.users.clear()
    tenant.users.update({other.user_id: other, **before})


def noted(**entry: Any) -> Leaves:
    """Return what leaves an entry in the file."""
    return lambda tenant, lab: ledger(lab).change(
        lambda entries: [Left(**dict[str, Any](tenant=tenant.domain, kind="otp", begun=1.0) | entry), *entries]
    )


def drops(tenant: LiveTenant, _: Lab) -> None:
    tenant.bad("drop", "DELETE /api/v2/users")


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
OTP, PUSHED, USER = enrolls(APP), enrolls(PUSH), users([])
PENDING = enrolls(APP, confirmed=False)
JANE, ELSEWHERE = noted(kind="\ud800\x1b[2J", name="jane"), noted(tenant="other.example")
# fmt: off
ROWS = {
    # An id that a tenant gave is certain; what only fits in kind is asked about. The recovery code goes along.
    "an app":                  Row((OTP,), "y", 2, ["gone already", "removed"], notes=AUTHENTICATOR),
    "a push":                  Row((PUSHED,), "y", 3, ["gone already", "gone already", "removed"], notes=GUARDIAN),
    "an SMS":                  Row((enrolls(SMS),), "y", 2, ["gone already", "removed"]),
    "a replacement":           Row((replaces,), "y", 1, ["removed"], notes=AUTHENTICATOR),
    "an unconfirmed one":      Row((PENDING,), "y", 1, ["removed"]),
    "three users":             Row((users([], ["otp"], ["sms"]),), "y", 1, ["removed"] * 3),
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
    "a drop":                  Row((USER, drops), "y", 1, ["not removed"], noted=1, people=2),
    "of another tenant":       Row((USER, ELSEWHERE), "y", 1, ["removed"], 1, notes="1 more on another tenant"),
    "who is no address":       Row((USER, JANE), "y", 1, [RESET_MFA, "removed"], noted=1),
    # Without the Management API a person has to do it; a login tells what is gone.
    "an app, by hand":         Row((OTP,), "y", 0, [RESET_MFA], 1, remain=2, management=False, notes="AUTH0_MGMT_"),
    "gone, by hand":           Row((OTP, gone), "y", 0, ["gone already"], management=False),
    "a user, by hand":         Row((USER,), "y", 0, [DELETE], noted=1, people=2, management=False),
}
# fmt: on


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_was_left_is_shown_asked_about_and_removed_and_nothing_else(
    live_tenant: LiveTenant, person: Person, row: Row
) -> None:
    maker, person.answer = live_tenant.lab(management=True), row.answer
    for each in row.left:
        each(live_tenant, maker)
    before, entries, sent = everything(live_tenant), ledger(maker).entries(), live_tenant.sent
    lab = live_tenant.lab(management=row.management, confirm="once" if row.answer else "never")
    dry = lab.cleanup(dry_run=True)
    assert (everything(live_tenant), ledger(lab).entries(), person.asked) == (before, entries, [])
    left = lab.cleanup()
    kept, fates = ledger(lab).entries(), sorted(each.fate for each in left.rows)
    # What follows a colon is of this run.
    assert [fate.partition(": ")[0] if "Dashboard" not in fate else fate for fate in fates] == row.fates
    assert [each.endswith("Remove it? [y/n] ") for each in person.asked] == [True] * row.asked
    assert (len(live_tenant.authenticators), len(live_tenant.users), len(kept)) == (row.remain, row.people, row.noted)
    assert left.stays is any(each.tenant == live_tenant.domain for each in kept)
    assert (row.notes in " ".join(left.notes), live_tenant.sent) == (True, sent)
    assert ("On the phone" in repr(left)) is any(each in (OTP, PENDING, PUSHED, creates, replaces) for each in row.left)
    people = [live_tenant.person.username, live_tenant.person.user_id, *(each.user for each in entries if each.user)]
    shown = "".join(each for one in (dry, left) for each in one._repr_mimebundle_().values())
    assert [each for each in (*people, "\ud800", "\x1b") if each in shown] == []
    assert kept or repr(lab.cleanup()).startswith("Nothing to clean up")


@pytest.mark.parametrize("certain", [True, False])
def test_where_nobody_can_be_asked_nothing_is_removed(live_tenant: LiveTenant, person: Person, certain: bool) -> None:
    (USER if certain else OTP)(live_tenant, live_tenant.lab(management=True))
    before, person.answer = everything(live_tenant), EOFError()
    with pytest.raises(NotConfirmed, match=r"^Nothing was changed\. The lab cannot ask here.*cleanup\(yes=True\)"):
        live_tenant.lab(management=True, confirm="once").cleanup()
    assert everything(live_tenant) == before
    # With `yes` nobody is asked: only what is certain goes.
    assert live_tenant.lab(management=True, confirm="each").cleanup(yes=True).stays is not certain


@pytest.mark.parametrize(("status", "body"), [(201, b"<html>"), (201, b"[null]"), (302, b""), (408, b"")])
def test_a_user_whose_making_got_an_answer_of_somebody_else_is_found_by_name(
    live_tenant: LiveTenant, status: int, body: bytes
) -> None:
    before, lab = everything(live_tenant), live_tenant.lab(management=True)
    live_tenant.alter("POST /api/v2/users$", lambda _: Answer(status=status, body=body), times=1)
    said = "has no user_id" if status == 201 else rf"^Making a throw-away user failed: {status} .*: no message\.$"
    with pytest.raises(LabError, match=said):
        lab.user()
    assert len(live_tenant.users) == 2
    assert not lab.cleanup().stays
    assert everything(live_tenant) == before


def test_somebody_who_was_there_before_is_never_taken_for_a_user_of_the_labs(live_tenant: LiveTenant) -> None:
    lab, known = live_tenant.lab(management=True), live_tenant.person
    api, user = administrator(lab), {"connection": known.connection, "email": known.email, "password": "Made-up-1"}
    assert api.create_user(**user | {"connection": "nowhere"}).status == 400
    assert ledger(lab).entries() == []  # a refused one is not noted
    live_tenant.alter("POST /api/v2/users$", lambda _: Answer(status=500, body=b"<html>"), times=1)
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
    live_tenant.alter("GET /api/v2/users/", lambda answer: replace(answer, status=500))
    with pytest.raises(LabError, match=r"^Reading the user failed: 500 "):
        lab.cleanup(yes=True)
    assert len(ledger(lab).entries()) == 1


def traceback_of(lab: Lab, refused: str) -> str:
    """Return the traceback of a clean-up that fails, with the values in its frames."""
    with pytest.raises(LabError, match=refused) as refusal:
        lab.cleanup(yes=True)
    return str(VerboseTB(theme_name="nocolor").text(LabError, refusal.value, refusal.tb))


@pytest.mark.parametrize("body", [b"null", b'["a", 1]', b"[{}]", b"<html>"])
def test_a_list_that_is_none_is_told_without_a_name_and_nothing_is_forgotten(
    live_tenant: LiveTenant, body: bytes
) -> None:
    lab, refused = live_tenant.lab(management=True), "failed: 200 OK: the answer is not the list that Auth0 gives.$"
    OTP(live_tenant, lab)
    known = live_tenant.person
    reading = "Reading the user's authenticators"
    for doing, route, change in ((reading, "users/", {}), ("Finding the user", "users-by-email", {"user": ""})):
        live_tenant.alter(f"GET /api/v2/{route}", lambda answer: replace(answer, status=200, body=body))
        amend(lab, **change)
        shown = traceback_of(lab, f"^{doing} {refused}")
        assert ("cleanup" in shown, known.user_id in shown, known.username in shown) == (True, False, False)
    live_tenant.alter("GET /mfa/authenticators", lambda answer: replace(answer, status=200, body=body))
    assert live_tenant.lab().cleanup(yes=True).stays
    with pytest.raises(LabError, match="The authenticators could not be listed: 200 OK"):
        live_tenant.lab().user()
    assert len(ledger(lab).entries()) == 1


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
    assert sorted(each.name for each in path.parent.iterdir()) == [".gitignore", "left.json", "lock"]
    text = path.read_text("utf-8")
    values = [str(alias.value) for alias in lab.aliases.all() if not personal_kind(alias.kind)]
    assert (str(made.username) in text, str(made.password) in values) == (True, True)
    assert live_tenant.person.user_id in text
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


def fill_the_disk(patch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    patch.setattr("auth0_mfa_lab.files.os.fsync", full)


def test_what_cannot_be_written_leaves_the_file_whole_and_what_cannot_be_noted_is_not_sent(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = live_tenant.lab(management=True)
    file, token, export = ledger(lab), mfa_token(lab), lab.export("bash")
    file.change(lambda _: [Left(tenant="t", kind="otp")])
    (saved := file.path.with_name("run.sh")).write_text("mine", "utf-8")
    before = {each: each.read_bytes() for each in sorted(saved.parent.iterdir())}
    fill_the_disk(monkeypatch)
    for write in (lambda: file.change(lambda _: []), lambda: export.save(saved)):
        with pytest.raises(LabError, match=r"cannot be written \(No space left on device\)"):
            write()
    calls = len(live_tenant.journal)
    with pytest.raises(LabError, match=r"Nothing was sent, for what it leaves could not be noted.*left\.json"):
        lab.client.mfa_associate(token, authenticator_types=["otp"])
    assert {each: each.read_bytes() for each in sorted(saved.parent.iterdir())} == before
    assert len(live_tenant.journal) == calls
    assert lab.client.mfa_authenticators(token).status == 200


ENTRY = {"tenant": "t", "kind": "otp"}
SPOILED = (
    *(b"", b"[]", b'{"left": [7]}', b'{"left": {"a": 1}}', b"\xff\xfe\0", b"[" * 200_000),
    *(json.dumps({"left": [each]}).encode() for each in ({"kind": "otp"}, ENTRY | {"user": 5}, ENTRY | {"begun": "1"})),
)


def test_a_file_that_somebody_spoiled_is_told_and_stays(tmp_path: Path) -> None:
    file = Ledger(start=tmp_path)
    file.change(lambda each: each)
    for content in SPOILED:
        file.path.write_bytes(content)
        with pytest.raises(LabError, match="is not what the lab wrote there"):
            file.change(lambda found: found)
        assert file.path.read_bytes() == content


def test_the_command_shows_asks_and_removes(live_tenant: LiveTenant) -> None:
    def command(*words: str, typed: str = "", **changes: str) -> Result:
        variables = {**live_tenant.environ, **live_tenant.management, "AUTH0_LAB_CONFIRM": "once", **changes}
        return CliRunner().invoke(main, ["cleanup", *words], input=typed, env=variables)

    before = everything(live_tenant)
    OTP(live_tenant, live_tenant.lab())
    left = f"Labs have left something on {live_tenant.domain}: set AUTH0_LAB_TENANT=live."
    assert left in command(AUTH0_LAB_TENANT="sandbox").output
    asked = ((), "cleanup --yes"), (("--json",), "--json goes with --yes or --dry-run: it asks nothing.\n")
    assert [(result := command(*words)).exit_code == 2 and said in result.stderr for words, said in asked] == [True] * 2
    refused = command(typed="n\nn\n")
    assert (refused.exit_code, "Remove it? [y/n]" in refused.output) == (1, True)
    doubt = r"may not be the lab's: enrolled 2\S+Z; the lab enrolled otp 2\S+:\d\d\.\nRemove it\? \[y/n\] "
    assert re.search(rf"{doubt}Left on {live_tenant.domain}:\nwhat +of +what becomes of it\n", refused.output)
    assert everything(live_tenant) != before
    done = command(typed="y\ny\n")
    assert (done.exit_code, "removed" in done.output, everything(live_tenant)) == (0, True, before)
    live_tenant.lab(management=True).user()
    for word, fate, code in (("--dry-run", "will be removed", 1), ("--yes", "removed", 0)):
        result = command(word, "--json")
        row = {"what": "the user, with all that is theirs", "of": "<username 2>", "fate": fate, "stays": bool(code)}
        assert (json.loads(result.stdout)["rows"], result.exit_code) == ([row], code)
    assert everything(live_tenant) == before


# -- the recording


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Standing:
    monkeypatch.setattr("auth0_mfa_lab.live.record.monotonic", (clock := Standing(0.0)).now)
    return clock


@pytest.mark.usefixtures("clock")  # no writing takes time, so each exchange is written
def test_a_lab_says_where_it_records_for_its_owner_alone_and_the_file_is_replayed(
    live_tenant: LiveTenant, tmp_path: Path
) -> None:
    (file := tmp_path / "run.har").write_text("of yesterday", "utf-8")
    lab = live_tenant.lab(record=file, environ={"AUTH0_LAB_SHOW_PEOPLE": "1"})
    said = f"Recorded in {file}: every exchange, with a stand-in for each secret; a recording that was there is kept as"
    assert (f"{said} run.before.har." in repr(lab), "ecorded" in repr(live_tenant.lab())) == (True, False)
    assert file.read_text("utf-8") == "of yesterday"
    answers = [logged_in(lab) for _ in range(2)]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert live_tenant.person.username.replace("@", "%40") in file.read_text("utf-8")
    assert (tmp_path / "run.before.har").read_text("utf-8") == "of yesterday"
    replay = Lab.replay(file)
    assert repr([logged_in(replay) for _ in answers]) == repr(answers)


def test_saving_takes_a_twentieth_of_the_time_however_long_the_run_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Standing
) -> None:
    journal, spent = a_journal(), list[float]()

    def writing(written: Journal) -> str:
        if written is journal:  # the lab of a test before may end now, and save
            spent.append(len(written) / 100)
            clock.advance(spent[-1])
        return "{}"

    monkeypatch.setattr("auth0_mfa_lab.live.record.har", writing)
    journal.passed = (record := Record(journal, tmp_path / "run.har")).passed
    for _ in range(1000):
        clock.advance(0.1)
        an_exchange(journal=journal)
    assert sum(spent) <= clock.now() / SHARE + spent[-1]
    assert 5 < len(spent) < 100
    record.save()  # the end of the lab writes the last ones
    assert spent[-1] == 10.0


@pytest.mark.parametrize(("end", "code", "operations"), [("os._exit(9)", 9, 1), ("lab.user(factors=['otp'])", 0, 2)])
def test_a_kernel_that_dies_or_ends_leaves_what_has_passed(
    tmp_path: Path, end: str, code: int, operations: int
) -> None:
    begin = "import os\nfrom auth0_mfa_lab import Lab\nlab = Lab.from_env(record='run.har')\n"
    calls, environ = 1 if code else 9, {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", f"{begin}{'lab.client.jwks();' * calls}{end}"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, timeout=60, check=False)
    recording = read_har(tmp_path / "run.har")
    assert (done.returncode, done.stderr) == (code, b"")
    assert (len(recording.exchanges), len(recording.operations)) == (calls, operations)


@pytest.mark.parametrize("path", ["taken", "taken/a/run.har", "pipe", "\0.har", f"{'x' * 300}.har"])
def test_a_path_that_cannot_be_written_is_refused_before_anything_is_sent(
    live_tenant: LiveTenant, tmp_path: Path, path: str
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "a").touch()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LabError, match=r"cannot be written \(.*: nothing was sent") as refused:
        live_tenant.lab(record=tmp_path / path)
    assert refused.value.__suppress_context__
    assert ("it is no regular file" in str(refused.value)) is (path in ("taken", "pipe"))
    assert (live_tenant.journal, stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)) == ([], True)


def test_a_write_that_fails_leaves_the_file_whole_and_the_run_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], clock: Standing
) -> None:
    journal, file = a_journal(), tmp_path / "run.har"
    journal.passed = (record := Record(journal, file)).passed
    an_exchange(journal=journal)
    whole = file.read_bytes()
    with monkeypatch.context() as patch:
        fill_the_disk(patch)
        for _ in range(3):
            assert an_exchange(journal=journal).status == 200
    assert (file.read_bytes(), [each.name for each in tmp_path.iterdir()], clock.now()) == (whole, ["run.har"], 0)
    assert capsys.readouterr().err.count("cannot be written (no space left on device)") == 1
    assert record.line() == f"NOT recorded: {file} cannot be written (no space left on device)."
    an_exchange(journal=journal)
    assert file.read_text("utf-8") == har(journal)
    assert record.line().startswith("Recorded in")
