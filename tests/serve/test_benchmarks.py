"""The benchmarks and the load, each for a moment: that they run and see what is wrong, and not how fast anything is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks import imports, load, memory, panels, serve, servers
from benchmarks.servers import Running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The served sandbox as a process, over TLS."""
    with servers.sandbox(tmp_path_factory.mktemp("served"), tls=True) as running:
        yield running


def printed(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(serve.main, [*arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_benchmark_measures_both_and_prints_ratios() -> None:
    figures = printed("--rounds", "1", "--seconds", "0.2")["figures"]
    names = [figure["name"] for figure in figures]
    names = [name for name in names if name.strip() == name]  # without what only Linux can tell
    assert names == ["cold start", "tokens, 1 connection", "tokens, 8 connections", "tokens, 32 connections"]
    for figure in figures:
        assert figure["sandbox"] > 0
        assert figure["bare"] > 0
        assert figure["ratio"] == pytest.approx(figure["sandbox"] / figure["bare"])


def test_the_table_has_a_line_for_each_figure() -> None:
    figure = serve.Figure.of("cold start", "ms", "at most 1.5", [(300, 200), (400, 200), (330, 300)])
    assert (figure.sandbox, figure.bare, figure.least, figure.ratio, figure.most) == (330, 200, 1.1, 1.5, 2.0)
    header, line = serve.table([figure]).splitlines()
    assert header.split() == ["sandbox", "bare", "ratio", "min", "max", "wanted"]
    assert line.split() == ["cold", "start", "330", "200", "ms", "1.50", "1.10", "2.00", "at", "most", "1.5"]


def test_the_load_logs_in_and_finds_nothing_wrong(server: Running) -> None:
    result = asyncio.run(load.load(server, 2, 3.0))
    assert result.wrong == []
    assert result.logins > 0
    assert result.requests == sum(result.statuses.values())
    assert set(result.statuses) <= {"200", "201", "204", "400", "403"}
    assert "wrong       0" in str(result)


def test_the_load_would_see_a_token_of_another_user(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    check = load.Client._check

    def as_another(self: load.Client, tokens: Mapping[str, Any], user: Mapping[str, Any]) -> None:
        check(self, tokens, {**user, "user_id": "auth0|another"})

    monkeypatch.setattr(load.Client, "_check", as_another)
    result = asyncio.run(load.load(server, 1, 0.5))
    assert result.wrong == ["client 0: Wrong the access_token of another user"]
    assert result.logins == 0


def test_the_load_would_see_an_answer_that_is_not_due(server: Running) -> None:
    wrong = replace(server, settings={**server.settings, "AUTH0_CLIENT_SECRET": "wrong"})
    result = asyncio.run(load.load(wrong, 1, 0.5))
    assert result.wrong
    assert "POST /oauth/token answered 401" in result.wrong[0]


def test_the_load_ends_with_1_when_memory_grew(monkeypatch: pytest.MonkeyPatch) -> None:
    growing = iter(range(100_000, 10_000_000, 50_000))
    monkeypatch.setattr(Running, "resident", lambda self: next(growing))
    done = CliRunner().invoke(load.main, ["--clients", "1", "--seconds", "1", "--no-tls"], catch_exceptions=False)
    assert done.exit_code == 1


def test_the_benchmark_of_memory_sees_it_grow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert memory.main(["50", "100"]) == 0
    assert "MiB after 50 requests" in capsys.readouterr().out
    resident = iter((100_000, 120_000))
    monkeypatch.setattr(Running, "resident", lambda self: next(resident))
    assert memory.main(["10", "20"]) == 1
    assert "ratio 1.20 (at most 1.1)" in capsys.readouterr().out


def test_the_benchmark_of_imports_times_both(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(imports, "BAR", 100.0)
    assert imports.main(["1"]) == 0
    monkeypatch.setattr(imports, "BAR", 0.0)
    assert imports.main(["1"]) == 1
    assert capsys.readouterr().out.count("import httpx: ") == 2


def test_the_benchmark_of_the_panels_runs_cells_while_both_poll(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    # How fast it is does not matter here.
    monkeypatch.setattr(panels, "BOUND_MS", panels.ANSWER_SECONDS * 1000)
    assert panels.main(["0.4", "0.05"]) == 0
    said = capsys.readouterr().out
    assert said.count(" ms of ") == 2
    assert "polls meanwhile: 1, 1" in said


@pytest.mark.parametrize(
    ("milliseconds", "polls", "fault"),
    [
        (60.0, [(1, "pending", "None")], "1+1 took 60 ms at the median"),
        (1.0, [(0, "pending", "None")], "a panel did not poll as it should"),
        (1.0, [(1, "failed", "None")], "a panel did not poll as it should"),
        (1.0, [(1, "pending", "RuntimeError()")], "a panel did not poll as it should"),
    ],
)
def test_the_benchmark_of_the_panels_would_see(
    milliseconds: float, polls: list[tuple[int, str, str]], fault: str
) -> None:
    beside = panels.Figures.of([milliseconds / 1000] * 3)
    assert [each for each in panels.faults(beside, polls) if each.startswith(fault)]
    assert panels.faults(panels.Figures.of([0.001, 0.002]), [(1, "pending", "None")]) == []
