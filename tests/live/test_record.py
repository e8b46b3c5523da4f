"""A live run is recorded as it passes: whole at every moment, for its owner alone, and kept where one was before."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from auth0_mfa_lab import Lab, LabError
from auth0_mfa_lab.live.record import SHARE, Record
from auth0_mfa_lab.wire.har import har, read_har
from auth0_mfa_lab.wire.journal import Journal
from tests.live.live_world import LiveTenant, logged_in
from tests.mothers import a_journal, an_exchange
from tests.promise import spellings

ROOT = Path(__file__).parents[2]


def numbers(file: Path) -> list[int]:
    return [each.number for each in read_har(file).exchanges]


class Slow:
    """A clock that stands until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Slow:
    monkeypatch.setattr("auth0_mfa_lab.live.record.monotonic", clock := Slow())
    return clock


def test_a_lab_says_where_it_records_for_its_owner_alone_and_the_file_is_replayed(
    live_tenant: LiveTenant, tmp_path: Path
) -> None:
    file, shown = tmp_path / "new" / "runs" / "run.har", tmp_path / "shown.har"
    lab = live_tenant.lab(record=file)
    said = f"Recorded in {file}: every exchange, with a stand-in for each secret; a recording that was there is kept as"
    assert f"{said} run.before.har." in repr(lab)
    assert str(file) in lab._repr_mimebundle_()["text/html"]
    assert "ecorded" not in repr(live_tenant.lab())
    answer = logged_in(lab)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["run.har"]
    assert repr(logged_in(Lab.replay(file))) == repr(answer)
    # People are in it where one wants them.
    name = live_tenant.sandbox.defaults.username
    logged_in(live_tenant.lab(record=shown, environ={"AUTH0_LAB_SHOW_PEOPLE": "1"}))
    assert name.replace("@", "%40") in shown.read_text("utf-8")
    assert not [each for each in spellings(name) if each in file.read_text("utf-8")]


def test_what_was_recorded_before_is_kept_beside_it(tmp_path: Path) -> None:
    (file := tmp_path / "run.har").write_text("of yesterday", "utf-8")
    lab = Lab.from_env(record=file)
    assert file.read_text("utf-8") == "of yesterday"
    for _ in range(2):
        lab.client.jwks()
    assert (tmp_path / "run.before.har").read_text("utf-8") == "of yesterday"
    assert 1 in numbers(file)


def test_saving_takes_a_twentieth_of_the_time_however_long_the_run_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Slow
) -> None:
    journal, spent = a_journal(), list[float]()

    def writing(written: Journal) -> str:
        if written is journal:  # the lab of a test before may end now, and save
            spent.append(len(written) / 100)
            clock.now += spent[-1]
        return "{}"

    monkeypatch.setattr("auth0_mfa_lab.live.record.har", writing)
    journal.passed = (record := Record(journal, tmp_path / "run.har")).passed
    for _ in range(1000):
        clock.now += 0.1
        an_exchange(journal=journal)
    assert sum(spent) <= clock.now / SHARE + spent[-1]
    assert 5 < len(spent) < 100
    for _ in range(2):
        record.save()  # the end of the lab writes the last ones, once
    assert (spent[-1], spent.count(10.0)) == (10.0, 1)


@pytest.mark.parametrize(("end", "code", "operations"), [("os._exit(9)", 9, 1), ("lab.user(factors=['otp'])", 0, 2)])
def test_a_kernel_that_dies_or_ends_leaves_what_has_passed(
    tmp_path: Path, end: str, code: int, operations: int
) -> None:
    begin = "import os\nfrom auth0_mfa_lab import Lab\nlab = Lab.from_env(record='run.har')\n"
    more = "lab.client.jwks()\n" * (1 if code else 9)
    done = subprocess.run(
        [sys.executable, "-c", f"{begin}{more}{end}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    recording = read_har(tmp_path / "run.har")
    assert (done.returncode, done.stderr) == (code, "")
    assert (len(recording.exchanges), len(recording.operations)) == (1 if code else 9, operations)


@pytest.mark.parametrize("path", ["taken", "taken/a/run.har", "file/run.har", "pipe", "\0.har", f"{'x' * 300}.har"])
def test_a_path_that_cannot_be_written_is_refused_before_anything_is_sent(
    live_tenant: LiveTenant, tmp_path: Path, path: str
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "a").touch()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LabError, match=r"cannot be written \(.*: nothing was sent") as refused:
        live_tenant.lab(record=tmp_path / path)
    assert refused.value.__suppress_context__
    assert ("it is no ordinary file" in str(refused.value)) is (path in ("taken", "pipe"))
    assert (live_tenant.journal, stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)) == ([], True)


def test_a_write_that_fails_leaves_the_file_whole_and_the_run_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], clock: Slow
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    journal, file = a_journal(), tmp_path / "run.har"
    journal.passed = (record := Record(journal, file)).passed
    an_exchange(journal=journal)
    whole = file.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("auth0_mfa_lab.live.files.os.fsync", full)
        for _ in range(3):
            assert an_exchange(journal=journal).status == 200
    assert (file.read_bytes(), [each.name for each in tmp_path.iterdir()], clock.now) == (whole, ["run.har"], 0)
    assert capsys.readouterr().err.count("cannot be written (no space left on device)") == 1
    assert record.line() == f"NOT recorded: {file} cannot be written (no space left on device)."
    an_exchange(journal=journal)
    assert file.read_text("utf-8") == har(journal)
    assert record.line().startswith("Recorded in")
