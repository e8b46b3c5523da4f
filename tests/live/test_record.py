"""A live run is recorded as it passes: whole at every moment, for its owner alone, with nothing raw in it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from auth0_mfa_lab import Lab, LabError, SettingsError
from auth0_mfa_lab.live.record import SHARE, Record
from auth0_mfa_lab.secrets.scan import scan
from auth0_mfa_lab.wire.har import har, read_har
from auth0_mfa_lab.wire.journal import Journal
from tests.live.drift_runs import RUNS, Run, an_integrator, logged_in
from tests.live.live_world import LiveTenant
from tests.mothers import a_journal, an_exchange
from tests.promise import spellings

ROOT = Path(__file__).parents[2]


def numbers(file: Path) -> list[int]:
    return [each.number for each in read_har(file).exchanges]


class Slow:
    """A clock that a save moves: each takes as long as its journal is."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


# -- the file


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.__name__)
def test_the_file_is_the_export_and_holds_nothing_raw(live_tenant: LiveTenant, tmp_path: Path, run: Run) -> None:
    one = an_integrator(live_tenant, tmp_path / "new" / "folder" / "run.har")
    run(one)
    text = one.ended().read_text("utf-8")
    assert text == str(one.lab.export("har"))
    assert numbers(one.file) == list(range(1, len(one.lab.journal) + 1))
    raw = {each.shown: str(each.value) for each in one.lab.aliases.all() if len(each.value.strip()) > 6}
    assert len(raw) > 5
    assert [shown for shown, value in raw.items() if any(each in text for each in spellings(value))] == []
    assert scan("run.har", text.encode()).finds == ()


def test_only_its_owner_can_read_it(live_tenant: LiveTenant, tmp_path: Path) -> None:
    one = an_integrator(live_tenant, tmp_path / "runs" / "run.har")
    one.lab.client.jwks()
    assert stat.S_IMODE(one.file.stat().st_mode) == 0o600
    assert [each.name for each in one.file.parent.iterdir()] == ["run.har"]


def test_people_are_in_it_where_one_wants_them(live_tenant: LiveTenant, tmp_path: Path) -> None:
    name = live_tenant.sandbox.defaults.username
    shown = an_integrator(live_tenant, tmp_path / "shown.har", environ={"AUTH0_LAB_SHOW_PEOPLE": "1"})
    hidden = an_integrator(live_tenant, tmp_path / "hidden.har")
    for each in (shown, hidden):
        each.login()
    assert name.replace("@", "%40") in shown.ended().read_text("utf-8")
    assert not [each for each in spellings(name) if each in hidden.ended().read_text("utf-8")]


def test_a_recording_is_replayed(live_tenant: LiveTenant, tmp_path: Path) -> None:
    one = an_integrator(live_tenant, tmp_path / "run.har")
    answer = one.login()
    replay = Lab.replay(one.ended())
    assert repr(logged_in(replay)) == repr(answer)


def test_the_lab_says_where_it_records(live_tenant: LiveTenant, tmp_path: Path) -> None:
    one = an_integrator(live_tenant, tmp_path / "run.har")
    said = (
        f"Recorded in {one.file}: every exchange, with a stand-in for each secret; a recording that was there is kept"
    )
    assert f"{said} as run.before.har." in repr(one.lab)
    assert str(one.file) in one.lab._repr_mimebundle_()["text/html"]
    assert "ecorded" not in repr(live_tenant.lab())


def test_what_was_recorded_before_is_kept_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "run.har"
    file.write_text("of yesterday", "utf-8")
    lab = Lab.from_env(record=file)
    assert file.read_text("utf-8") == "of yesterday"
    lab.client.jwks()
    lab.client.jwks()
    assert (tmp_path / "run.before.har").read_text("utf-8") == "of yesterday"
    assert 1 in numbers(file)


# -- when it is written


def test_an_exchange_is_in_the_file_when_it_has_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, clock = a_journal(), Slow()
    monkeypatch.setattr("auth0_mfa_lab.live.record.monotonic", clock)
    journal.passed = Record(journal, tmp_path / "run.har").passed
    for number in range(1, 4):
        an_exchange(journal=journal)
        assert numbers(tmp_path / "run.har") == list(range(1, number + 1))


def test_saving_takes_a_twentieth_of_the_time_however_long_the_run_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, clock, spent = a_journal(), Slow(), list[float]()

    def writing(written: Journal) -> str:
        if written is journal:  # the lab of a test before may end now, and save
            spent.append(len(written) / 100)
            clock.now += spent[-1]
        return "{}"

    monkeypatch.setattr("auth0_mfa_lab.live.record.har", writing)
    monkeypatch.setattr("auth0_mfa_lab.live.record.monotonic", clock)
    record = Record(journal, tmp_path / "run.har")
    journal.passed = record.passed
    for _ in range(1000):
        clock.now += 0.1
        an_exchange(journal=journal)
    assert sum(spent) <= clock.now / SHARE + spent[-1]
    assert 5 < len(spent) < 100
    # The end of the lab writes the last ones.
    record.save()
    assert spent[-1] == 10.0


def test_a_kernel_that_dies_leaves_what_has_passed(tmp_path: Path) -> None:
    dies = "import os\nfrom auth0_mfa_lab import Lab\nlab = Lab.from_env(record='run.har')\n"
    dies += "lab.client.jwks()\nos._exit(9)\n"
    assert _process(dies, tmp_path).returncode == 9
    assert numbers(tmp_path / "run.har") == [1]


def test_a_kernel_that_ends_has_written_all(tmp_path: Path) -> None:
    ends = "from auth0_mfa_lab import Lab\nlab = Lab.from_env(record='run.har')\n"
    ends += "[lab.client.jwks() for _ in range(9)]\nlab.user(factors=['otp'])\n"
    assert _process(ends, tmp_path).stderr == ""
    recording = read_har(tmp_path / "run.har")
    assert len(recording.exchanges) == 9
    assert [each.operation for each in recording.operations] == ["add_phone", "add_user"]


def _process(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )


# -- what goes wrong


def test_a_pipe_is_refused_and_stays(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "run.har")
    with pytest.raises(LabError, match=r"cannot be written \(it is no ordinary file\)"):
        Lab.from_env(record=tmp_path / "run.har")
    assert [each.name for each in tmp_path.iterdir()] == ["run.har"]
    assert stat.S_ISFIFO((tmp_path / "run.har").stat().st_mode)


@pytest.mark.parametrize("path", ["taken", "taken/run.har/run.har", "file/run.har", "\0.har", f"{'x' * 300}.har"])
def test_a_path_that_cannot_be_written_is_refused_before_anything_is_sent(
    live_tenant: LiveTenant, tmp_path: Path, path: str
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "run.har").touch()
    (tmp_path / "file").touch()
    with pytest.raises(LabError, match="nothing was sent") as refused:
        an_integrator(live_tenant, tmp_path / path)
    assert refused.value.__suppress_context__
    assert live_tenant.journal == ()


def test_a_write_that_fails_leaves_the_file_whole_and_the_run_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    journal, clock, file = a_journal(), Slow(), tmp_path / "run.har"
    monkeypatch.setattr("auth0_mfa_lab.live.record.monotonic", clock)
    record = Record(journal, file)
    journal.passed = record.passed
    an_exchange(journal=journal)
    whole = file.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("auth0_mfa_lab.live.files.os.fsync", _full)
        for _ in range(3):
            assert an_exchange(journal=journal).status == 200
    assert file.read_bytes() == whole
    assert [each.name for each in tmp_path.iterdir()] == ["run.har"]
    assert capsys.readouterr().err.count("cannot be written (no space left on device)") == 1
    assert record.line() == f"NOT recorded: {file} cannot be written (no space left on device)."
    an_exchange(journal=journal)
    assert file.read_text("utf-8") == har(journal)
    assert record.line().startswith("Recorded in")


def _full(_: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_live_lab_needs_the_settings_of_a_live_tenant() -> None:
    with pytest.raises(SettingsError, match=r"Lab\.live needs AUTH0_LAB_TENANT=live"):
        Lab.live()


def test_a_live_lab_reads_its_settings_by_itself(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in live_tenant.environ.items():
        monkeypatch.setenv(name, value)
    lab = Lab.from_env(record=tmp_path / "from_env.har")
    live_tenant.opened.append(lab._transport)
    lab.client.jwks()
    assert json.loads((tmp_path / "from_env.har").read_text("utf-8"))["log"]["entries"]
    second = Lab.live(record=tmp_path / "live.har")
    live_tenant.opened.append(second._transport)
    assert second.domain == live_tenant.domain
