"""Clean-up: what labs left on a tenant is removed, after it has been shown, and nothing else; a small file knows it."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyotp
import pytest
from click.testing import CliRunner, Result
from IPython.core.ultratb import VerboseTB

from auth0_mfa_lab import Lab
from auth0_mfa_lab.cli import main
from auth0_mfa_lab.errors import LabError, NotConfirmed
from auth0_mfa_lab.live.leftovers import Ledger, Left
from auth0_mfa_lab.management import Management
from auth0_mfa_lab.sandbox import User
from auth0_mfa_lab.secrets.kinds import personal_kind
from tests.live.live_world import Answer, LiveTenant

ROOT = Path(__file__).parent.parent.parent


def log_in(lab: Lab) -> str:
    known = lab.settings
    login = lab.client.password_grant(username=str(known.username), password=str(known.password), realm=known.realm)
    token: str = login["mfa_token"]
    return token


def enroll_otp(lab: Lab, *, confirmed: bool = True) -> str:
    """Enroll the configured user's authenticator app as a notebook does, and return its secret."""
    token = log_in(lab)
    enrollment = lab.client.mfa_associate(token, authenticator_types=["otp"])
    secret = str(enrollment["secret"])
    if confirmed:
        assert lab.client.mfa_otp_grant(mfa_token=token, otp=pyotp.TOTP(secret).at(int(lab.clock.now()))).status == 200
    return secret


def enroll_push(live_tenant: LiveTenant, lab: Lab) -> None:
    token = log_in(lab)
    enrollment = lab.client.mfa_associate(token, authenticator_types=["oob"], oob_channels=["auth0"])
    assert live_tenant.phone().scan(str(enrollment["barcode_uri"])) is not None
    assert lab.client.mfa_oob_grant(mfa_token=token, oob_code=enrollment["oob_code"]).status == 200


def enroll_sms(live_tenant: LiveTenant, lab: Lab) -> None:
    token = log_in(lab)
    fields: dict[str, Any] = {"oob_channels": ["sms"], "phone_number": "+15550123"}
    enrollment = lab.client.mfa_associate(token, authenticator_types=["oob"], **fields)
    code = live_tenant.sandbox.delivery.messages("+15550123")[-1].code
    granted = lab.client.mfa_oob_grant(mfa_token=token, oob_code=enrollment["oob_code"], binding_code=str(code))
    assert granted.status == 200


def administrator(lab: Lab) -> Management:
    answer = lab.management_application.client_credentials_grant(audience=lab.management_audience)
    return lab.management(answer["access_token"])


def file_of(lab: Lab) -> Ledger:
    assert lab._guard is not None
    return lab._guard


def entries(lab: Lab) -> list[Left]:
    return file_of(lab).entries()


def everything(live_tenant: LiveTenant) -> tuple[list[str], list[str]]:
    """Return who is in the tenant, and what the configured user has."""
    return sorted(live_tenant.sandbox.tenant.users), live_tenant.authenticators


# -- as it was before


ENROLLMENTS: dict[str, Callable[[LiveTenant, Lab], object]] = {
    "otp": lambda _, lab: enroll_otp(lab),
    "push": enroll_push,
    "sms": enroll_sms,
    "unconfirmed": lambda _, lab: enroll_otp(lab, confirmed=False),
}


@pytest.fixture
def says_yes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions that a person has answered with yes."""
    asked: list[str] = []

    def yes(question: str) -> str:
        asked.append(question)
        return "y"

    monkeypatch.setattr("builtins.input", yes)
    return asked


@pytest.mark.parametrize("name", ENROLLMENTS)
def test_after_a_clean_up_in_another_kernel_the_user_has_what_they_had_before(
    live_tenant: LiveTenant, says_yes: list[str], name: str
) -> None:
    before = everything(live_tenant)
    ENROLLMENTS[name](live_tenant, live_tenant.lab())
    assert everything(live_tenant) != before
    lab = live_tenant.lab(management=True, confirm="once")
    left = lab.cleanup()
    assert everything(live_tenant) == before
    assert not left.stays
    assert entries(lab) == []
    # Each is asked about by itself, the app's codes and the recovery code too.
    assert len(says_yes) == {"push": 3, "unconfirmed": 1}.get(name, 2)


def test_throw_away_users_are_removed_with_all_that_is_theirs(live_tenant: LiveTenant) -> None:
    before = everything(live_tenant)
    lab = live_tenant.lab(management=True)
    for factors in ([], ["otp"], ["sms"]):
        lab.user(factors=factors)
    assert len(everything(live_tenant)[0]) == len(before[0]) + 3
    left = lab.cleanup()
    assert [row.fate for row in left.rows] == ["removed"] * 3
    assert everything(live_tenant) == before
    assert repr(lab.cleanup()).startswith("Nothing to clean up")


def test_what_somebody_else_enrolled_stays(live_tenant: LiveTenant) -> None:
    live_tenant.enroll("sms")
    live_tenant.sandbox.clock.advance(3600)
    before = everything(live_tenant)
    lab = live_tenant.lab(management=True)
    api = administrator(lab)
    user_id = live_tenant.person.user_id
    secret = pyotp.random_base32()
    assert api.create_authentication_method(user_id, type="totp", totp_secret=secret).status == 201
    left = lab.cleanup()
    assert everything(live_tenant) == before
    assert [(row.what.partition(":")[0], row.fate) for row in left.rows] == [("totp", "removed")]


@pytest.mark.parametrize("confirm", ["once", "never"])
def test_what_may_be_somebody_elses_is_asked_about_and_stays_without_a_yes(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch, confirm: str
) -> None:
    enroll_otp(live_tenant.lab())
    live_tenant.enroll("otp")
    before, asked = everything(live_tenant), list[str]()

    def no(question: str) -> str:
        asked.append(question)
        return "n"

    monkeypatch.setattr("builtins.input", no)
    lab = live_tenant.lab(management=True, confirm=confirm)
    left = lab.cleanup()
    assert everything(live_tenant) == before
    assert {row.fate.partition(":")[0] for row in left.rows} == {"stays unless you say that it is the lab's"}
    assert lab.cleanup(yes=True).stays
    assert everything(live_tenant) == before
    assert len(entries(lab)) == 1
    assert [re.sub(r".*may not be", "may not be", each)[:30] for each in asked] == (
        ["may not be the lab's: enrolled"] * 3 if confirm == "once" else []
    )


@pytest.mark.usefixtures("says_yes")
def test_push_and_a_one_time_code_of_the_labs_at_the_same_time_are_both_removed(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True, confirm="once")
    enroll_push(live_tenant, lab)
    api, secret = administrator(lab), pyotp.random_base32()
    api.create_authentication_method(live_tenant.person.user_id, type="totp", totp_secret=secret)
    assert not lab.cleanup().stays
    assert live_tenant.authenticators == []


def test_an_unconfirmed_one_beside_somebody_elses_stays_and_is_told(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True)
    enroll_otp(lab, confirmed=False)
    live_tenant.sandbox.clock.advance(3600)
    live_tenant.enroll("sms")
    before = everything(live_tenant)
    left = lab.cleanup()
    assert everything(live_tenant) == before
    assert [row.fate for row in left.rows] == ["stays unconfirmed beside what is not the lab's"]
    assert len(entries(lab)) == 1


# -- what it says, and whom it asks


def test_it_shows_what_it_will_remove_before_it_asks(live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = live_tenant.lab(management=True)
    lab.user(factors=["otp"])
    enroll_otp(lab)
    before, asked = everything(live_tenant), list[str]()

    def no(question: str) -> str:
        asked.append(question)
        assert everything(live_tenant) == before
        return "n"

    monkeypatch.setattr("builtins.input", no)
    careful = live_tenant.lab(management=True, confirm="once")
    left = careful.cleanup()
    assert everything(live_tenant) == before
    (question,) = asked
    assert question.endswith("Remove it? [y/n] ")
    for words in ("the user, with all that is theirs", "totp: totp|dev_", "will be removed", "authenticator app"):
        assert words in question
    assert [row.fate.partition(":")[0] for row in left.rows] == [
        "will be removed",
        *["stays unless you say that it is the lab's"] * 2,
    ]
    assert left.stays
    monkeypatch.setattr("builtins.input", lambda _: "y")
    assert not careful.cleanup().stays
    assert live_tenant.authenticators == []


@pytest.mark.parametrize("left", [lambda lab: lab.user(), enroll_otp], ids=["a user", "an authenticator"])
def test_where_nobody_can_be_asked_nothing_is_removed(live_tenant: LiveTenant, left: Callable[[Lab], object]) -> None:
    left(live_tenant.lab(management=True))
    before = everything(live_tenant)
    with pytest.raises(NotConfirmed, match=r"cleanup\(yes=True\)"):
        live_tenant.lab(management=True, confirm="once").cleanup()
    assert everything(live_tenant) == before
    is_certain = len(before[0]) == 2
    assert live_tenant.lab(management=True, confirm="each").cleanup(yes=True).stays is not is_certain


def test_a_dry_run_changes_nothing(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True)
    enroll_otp(lab)
    lab.user()
    before, known, calls = everything(live_tenant), entries(lab), len(live_tenant.journal)
    assert lab.cleanup(dry_run=True).stays
    assert (everything(live_tenant), entries(lab)) == (before, known)
    assert {method for method, path in live_tenant.journal[calls:] if path != "/oauth/token"} == {"GET"}


def test_it_shows_no_person(live_tenant: LiveTenant) -> None:
    enroll_otp(live_tenant.lab())
    live_tenant.lab(management=True).user()
    made = next(each for each in live_tenant.sandbox.tenant.users.values() if each.username.endswith("@lab.example"))
    fresh = live_tenant.lab(management=True)
    for left in (fresh.cleanup(dry_run=True), fresh.cleanup()):
        shown = repr(left) + left._repr_mimebundle_()["text/html"]
        for raw in (live_tenant.person.username, live_tenant.person.user_id, made.username, made.user_id):
            assert raw not in shown
        assert "username" in shown


@pytest.mark.usefixtures("says_yes")
def test_what_only_a_phone_can_remove_is_told(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True, confirm="once")
    enroll_push(live_tenant, lab)
    assert "remove the account in the Guardian app" in repr(lab.cleanup())
    lab.user(factors=["otp"])
    assert "On the phone" not in repr(lab.cleanup())


# -- without a Management token


def test_without_a_management_token_it_says_what_a_person_must_do(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab()
    enroll_otp(lab)
    before = everything(live_tenant)
    left = lab.cleanup()
    assert everything(live_tenant) == before
    assert "Multi-Factor > Reset" in left.rows[0].fate
    assert "AUTH0_MGMT_CLIENT_ID" in repr(left)
    assert left.stays
    assert len(entries(lab)) == 1
    assert live_tenant.sent == ()


def test_without_a_management_token_what_is_gone_is_forgotten(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab()
    enroll_otp(lab)
    for each in live_tenant.authenticators:
        if live_tenant.sandbox.tenant.authenticators.get(live_tenant.person.user_id, each):
            live_tenant.sandbox.tenant.remove_authenticator(live_tenant.person.user_id, each)
    left = live_tenant.lab().cleanup()
    assert [row.fate for row in left.rows] == ["gone already"]
    assert entries(lab) == []


def test_a_user_whom_no_token_can_delete_is_told_and_kept(live_tenant: LiveTenant) -> None:
    live_tenant.lab(management=True).user()
    left = live_tenant.lab().cleanup()
    assert [row.fate.partition(":")[0] for row in left.rows] == ["remove it yourself"]
    assert "Actions > Delete" in left.rows[0].fate
    assert len(entries(live_tenant.lab())) == 1


# -- what is gone already, and what cannot be removed


def test_what_others_removed_is_forgotten(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True)
    lab.user()
    enroll_otp(lab)
    for user in list(live_tenant.sandbox.tenant.users.values()):
        live_tenant.sandbox.tenant.forget_user(user)
    left = live_tenant.lab(management=True).cleanup()
    assert not left.stays
    assert entries(lab) == []


def test_what_the_lab_removed_itself_is_gone_already(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True)
    api = administrator(lab)
    user_id = live_tenant.person.user_id
    made = api.create_authentication_method(user_id, type="phone", phone_number="+15550123")
    api.delete_authentication_method(user_id, made["id"])
    left = lab.cleanup()
    assert [row.fate for row in left.rows] == ["gone already"]
    assert entries(lab) == []


def test_what_cannot_be_removed_is_kept_and_told(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True)
    lab.user()
    live_tenant.bad("5xx", "DELETE /api/v2/users")
    left = lab.cleanup()
    assert left.rows[0].fate.startswith("not removed: 50")
    assert left.stays
    assert len(entries(lab)) == 1
    live_tenant.well()
    live_tenant.bad("drop", "DELETE /api/v2/users")
    assert [row.fate for row in lab.cleanup().rows] == ["not removed: no answer"]
    live_tenant.well()
    assert not lab.cleanup().stays


@pytest.mark.parametrize(
    ("status", "body"), [(201, b"<html>"), (201, b"[null]"), (302, b""), (408, b""), (502, b"<html>")]
)
def test_a_user_whose_making_got_an_answer_of_somebody_else_is_found_by_name(
    live_tenant: LiveTenant, status: int, body: bytes
) -> None:
    before = everything(live_tenant)
    lab = live_tenant.lab(management=True)
    live_tenant.alter("POST /api/v2/users", lambda _: Answer(status=status, headers=(), body=body), times=1)
    with pytest.raises(LabError):
        lab.user()
    assert len(everything(live_tenant)[0]) == len(before[0]) + 1
    assert not lab.cleanup().stays
    assert everything(live_tenant) == before


@pytest.mark.parametrize("body", [b'["a", 1, null]', b"5", b"<html>", b"[{}]"])
def test_a_method_that_garbage_answers_for_is_no_traceback(live_tenant: LiveTenant, body: bytes) -> None:
    lab = live_tenant.lab(management=True)
    live_tenant.alter("POST /api/v2/users", lambda answer: replace(answer, status=201, body=body), times=1)
    api, secret = administrator(lab), pyotp.random_base32()
    made = api.create_authentication_method(live_tenant.person.user_id, type="totp", totp_secret=secret)
    assert made.status == 201


def test_somebody_who_was_there_before_is_never_taken_for_a_user_of_the_labs(live_tenant: LiveTenant) -> None:
    before = everything(live_tenant)
    live_tenant.sandbox.clock.advance(3600)
    lab = live_tenant.lab(management=True)
    live_tenant.alter("POST /api/v2/users", lambda _: Answer(status=502, headers=(), body=b"<html>"), times=1)
    known = live_tenant.person
    password = "Made-up-1"  # auth0-mfa-lab: allow
    administrator(lab).create_user(connection=known.connection, email=known.email, password=password)
    assert len(entries(lab)) == 1
    (row,) = lab.cleanup().rows
    assert row.fate.startswith(
        "may be a user that the lab did not make; if the lab made it, remove it yourself: Dashboard > "
    )
    assert everything(live_tenant) == before
    assert len(entries(lab)) == 1


def test_an_entry_that_names_somebody_else_removes_nobody(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True)
    live_tenant.sandbox.clock.advance(3600)
    lab.user()
    somebody = live_tenant.person.user_id
    file_of(lab).change(lambda found: [replace(each, user=somebody) for each in found])
    assert lab.cleanup(yes=True).stays
    live_tenant.alter("GET /api/v2/users", lambda answer: replace(answer, body=b"[]"))
    file_of(lab).change(lambda found: [replace(each, name="") for each in found])
    assert lab.cleanup(yes=True).stays
    assert somebody in live_tenant.sandbox.tenant.users


@pytest.mark.parametrize("name", ["", "jane"])
def test_whom_no_api_finds_is_told_and_keeps_nobody_from_the_rest(live_tenant: LiveTenant, name: str) -> None:
    lab = live_tenant.lab(management=True)
    unknown = Left(tenant=live_tenant.domain, kind="otp", name=name, begun=1.0)
    lab.user()
    file_of(lab).change(lambda found: [unknown, *found])
    left = lab.cleanup()
    assert [row.fate.partition(":")[0] for row in left.rows if row.stays] == ["remove it yourself"]
    assert len(live_tenant.sandbox.tenant.users) == 1
    assert entries(lab) == [unknown]


GARBAGE = [b"null", b'["a", 1]', b"[{}]", b"<html>"]


@pytest.mark.parametrize("body", GARBAGE)
def test_a_list_that_is_none_is_told_and_nothing_is_forgotten(live_tenant: LiveTenant, body: bytes) -> None:
    enroll_otp(live_tenant.lab())
    lab = live_tenant.lab(management=True)
    live_tenant.alter("GET /api/v2/users", lambda answer: replace(answer, status=200, body=body))
    with pytest.raises(LabError, match="failed: 200 OK: the answer is not the list that Auth0 gives"):
        lab.cleanup(yes=True)
    live_tenant.well()
    live_tenant.alter("GET /api/v2/users-by-email", lambda answer: replace(answer, status=200, body=body))
    file_of(lab).change(lambda found: [replace(each, user="") for each in found])
    with pytest.raises(LabError, match="failed: 200 OK: the answer is not the list that Auth0 gives"):
        lab.cleanup(yes=True)
    live_tenant.alter("GET /mfa/authenticators", lambda answer: replace(answer, status=200, body=body))
    assert live_tenant.lab().cleanup(yes=True).stays
    with pytest.raises(LabError, match="The authenticators could not be listed: 200 OK"):
        live_tenant.lab().user()
    assert len(entries(lab)) == 1


def test_a_refused_user_is_not_noted(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True)
    api = administrator(lab)
    assert api.create_user(connection="nowhere", email="a@example.com", verify_email=False).status == 400
    assert entries(lab) == []


# -- the file


def test_the_traceback_of_what_fails_names_nobody(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True, confirm="never")
    lab.user(factors=["otp"])
    known = entries(lab)[0]
    live_tenant.bad("5xx", "GET /api/v2/users-by-email")
    live_tenant.bad("5xx", "GET /api/v2/users")
    with pytest.raises(LabError, match="failed: 50") as refusal:
        lab.cleanup(yes=True)
    error = refusal.value
    shown = VerboseTB(theme_name="nocolor").text(type(error), error, error.__traceback__)
    assert "cleanup" in shown
    assert not [raw for raw in (known.user, known.name) if raw and raw in shown]


def test_the_file_is_its_owners_alone_and_git_ignores_it(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab()
    enroll_otp(lab)
    path = file_of(lab).path
    assert path == live_tenant.folder.resolve() / ".auth0-lab" / "left.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (path.parent / ".gitignore").read_text("utf-8") == "*\n"
    assert ".auth0-lab/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert sorted(each.name for each in path.parent.iterdir()) == [".gitignore", "left.json", "lock"]


def test_a_notebooks_folder_shares_the_projects_file(live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    (notebooks := live_tenant.folder / "notebooks").mkdir()
    monkeypatch.chdir(notebooks)
    assert file_of(live_tenant.lab()).path.parent.parent == live_tenant.folder.resolve()


def test_the_file_names_the_user_and_holds_no_secret(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True)
    made = lab.user(factors=["otp", "sms"])
    secret = enroll_otp(lab)
    text = file_of(lab).path.read_text("utf-8")
    for entry in json.loads(text)["left"]:
        assert set(entry) == {
            *("tenant", "kind", "user", "name", "authenticator", "begun", "confirmed", "recovery", "mark")
        }
    assert str(made.username) in text
    values = [str(alias.value) for alias in lab.aliases.all() if not personal_kind(alias.kind)]
    assert secret in values
    assert str(made.password) in values
    for value in values:
        assert value not in text


def test_other_tenants_entries_stay(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True)
    lab.user()
    file_of(lab).change(lambda each: [*each, replace(each[0], tenant="other.example", mark="of another tenant")])
    left = lab.cleanup()
    assert "1 more on another tenant" in repr(left)
    assert [each.tenant for each in entries(lab)] == ["other.example"]
    assert "other.example" not in {row.of for row in left.rows}


def test_two_kernels_write_it_and_nothing_is_lost(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from auth0_mfa_lab.live.leftovers import Left, Ledger\n"
        "file = Ledger('', Path(sys.argv[1]))\n"
        "for n in range(40):\n"
        "    file.change(lambda each: [*each, Left(tenant='t.example', kind='otp', name=f'{sys.argv[2]}{n}')])\n"
    )
    (tmp_path / "pyproject.toml").touch()
    kernels = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), name], cwd=ROOT, env=dict(os.environ))
        for name in "ab"
    ]
    assert [each.wait(timeout=60) for each in kernels] == [0, 0]
    names = {each.name for each in Ledger(start=tmp_path).entries()}
    assert names == {f"{kernel}{n}" for kernel in "ab" for n in range(40)}


def test_a_full_disk_leaves_the_file_whole_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Ledger(start=tmp_path)
    file.change(lambda _: [Left(tenant="t", kind="otp")])
    before, beside = file.path.read_bytes(), sorted(file.path.parent.iterdir())

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("auth0_mfa_lab.live.files.os.fsync", full)
    with pytest.raises(LabError, match=r"cannot be written \(No space left on device\)"):
        file.change(lambda _: [])
    assert (file.path.read_bytes(), sorted(file.path.parent.iterdir())) == (before, beside)


def test_what_cannot_be_noted_is_not_sent(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True)
    (live_tenant.folder / ".auth0-lab").write_text("no folder", "utf-8")
    token = log_in(lab)
    calls = len(live_tenant.journal)
    with pytest.raises(LabError, match=r"Nothing was sent, for what it leaves could not be noted.*left\.json"):
        lab.client.mfa_associate(token, authenticator_types=["otp"])
    assert len(live_tenant.journal) == calls
    assert lab.client.mfa_authenticators(token).status == 200


SPOILED = [
    b"",
    b"[]",
    b'{"left": [{"kind": "otp"}]}',
    b'{"left": [7]}',
    b'{"left": {"a": 1}}',
    b"\xff\xfe\x00",
    b"[" * 200_000,
]
FIELDS: list[tuple[str, object]] = [
    *(("user", 5), ("user", ["a"]), ("name", {"a": 1}), ("kind", None), ("tenant", 5), ("mark", ["x"])),
    *(("authenticator", ["totp"]), ("begun", "1"), ("begun", None), ("confirmed", [1])),
]


@pytest.mark.parametrize(
    "content",
    [
        *SPOILED,
        *(json.dumps({"left": [{"tenant": "t", "kind": "otp", name: value}]}).encode() for name, value in FIELDS),
    ],
    ids=lambda content: content[:60].decode("ascii", "replace"),
)
def test_a_file_that_somebody_spoiled_is_told(tmp_path: Path, content: bytes) -> None:
    file = Ledger(start=tmp_path)
    file.change(lambda each: each)
    file.path.write_bytes(content)
    with pytest.raises(LabError, match="is not what the lab wrote there"):
        file.entries()
    with pytest.raises(LabError, match="is not what the lab wrote there"):
        file.change(lambda each: each)
    assert file.path.read_bytes() == content


def test_what_a_tenant_says_is_kept_and_shown_whatever_it_is(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True, show_people=True)
    file_of(lab).change(lambda _: [Left(tenant=live_tenant.domain, kind="user", user="auth0|\ud800\x1b[2J\n")])
    left = lab.cleanup(dry_run=True)
    assert repr(left).encode()
    assert "\x1b" not in repr(left)


# -- elsewhere


def test_a_sandbox_has_nothing_to_clean_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lab = Lab.sandbox()
    lab.user(factors=["otp"])
    assert repr(lab.cleanup()).startswith("Nothing to clean up")
    assert list(tmp_path.iterdir()) == []


# -- the command


@pytest.fixture
def command(live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    def run(*arguments: str, typed: str = "", management: bool = True, **changes: str) -> Result:
        environ = {**live_tenant.environ, **(live_tenant.management if management else {})}
        for name, value in {**environ, "AUTH0_LAB_CONFIRM": "once", **changes}.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(main, ["cleanup", *arguments], input=typed)

    return run


def test_the_command_shows_asks_and_removes(live_tenant: LiveTenant, command: Callable[..., Result]) -> None:
    before = everything(live_tenant)
    enroll_otp(live_tenant.lab())
    refused = command(typed="n\nn\n")
    assert refused.exit_code == 1
    assert "Remove it? [y/n]" in refused.output
    assert everything(live_tenant) != before
    done = command(typed="y\ny\n")
    assert done.exit_code == 0
    assert "removed" in done.output
    assert everything(live_tenant) == before
    assert command().output.startswith("Nothing to clean up")


def test_the_command_asks_nobody_with_yes_and_can_print_json(
    live_tenant: LiveTenant, command: Callable[..., Result]
) -> None:
    live_tenant.lab(management=True).user()
    planned = command("--dry-run", "--json")
    assert (planned.exit_code, json.loads(planned.stdout)["rows"][0]["fate"]) == (1, "will be removed")
    done = command("--yes", "--json")
    assert (done.exit_code, json.loads(done.stdout)["rows"][0]["fate"]) == (0, "removed")
    assert len(live_tenant.sandbox.tenant.users) == 1


def test_the_command_without_a_terminal_removes_nothing(
    live_tenant: LiveTenant, command: Callable[..., Result]
) -> None:
    enroll_otp(live_tenant.lab())
    asked = command()
    assert asked.exit_code == 2
    assert "--yes" in asked.stderr
    assert live_tenant.authenticators != []
    assert command("--json").exit_code == 2


def test_the_command_in_a_sandbox_names_the_tenant_that_the_file_knows(
    live_tenant: LiveTenant, command: Callable[..., Result]
) -> None:
    enroll_otp(live_tenant.lab())
    said = command(AUTH0_LAB_TENANT="sandbox")
    assert said.exit_code == 0
    assert f"Labs have left something on {live_tenant.domain}" in said.output


@pytest.mark.usefixtures("says_yes")
def test_a_user_of_another_connection_is_not_mistaken(live_tenant: LiveTenant) -> None:
    enroll_otp(live_tenant.lab())
    person = live_tenant.person
    twin: User = replace(person, user_id=f"email|{person.user_id[6:]}", connection="email")
    users = live_tenant.sandbox.tenant.users
    others = dict(users)
    users.clear()
    users.update({twin.user_id: twin, **others})
    assert not live_tenant.lab(management=True, confirm="once").cleanup().stays
    assert live_tenant.authenticators == []
