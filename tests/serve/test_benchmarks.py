"""The benchmarks and the load, each for a moment: that they run and see what is wrong, and not how fast anything is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks import imports, load, memory, panels, serve, servers
from benchmarks.servers import Running


def test_the_benchmark_measures_both_and_prints_ratios() -> None:
    done = CliRunner().invoke(serve.main, ["--rounds", "1", "--seconds", "0.2", "--json"], catch_exceptions=False)
    figures = [each for each in json.loads(done.stdout)["figures"] if each["name"].strip() == each["name"]]
    names = ["cold start", "tokens, 1 connection", "tokens, 8 connections", "tokens, 32 connections"]
    assert (done.exit_code, [each["name"] for each in figures]) == (0, names)  # without what only Linux can tell
    for figure in figures:
        assert min(figure["sandbox"], figure["bare"]) > 0
        assert figure["ratio"] == pytest.approx(figure["sandbox"] / figure["bare"])
    figure = serve.Figure.of("cold start", "ms", "at most 1.5", [(300, 200), (400, 200), (330, 300)])
    assert [line.split() for line in serve.table([figure]).splitlines()] == [
        ["sandbox", "bare", "ratio", "min", "max", "wanted"],
        ["cold", "start", "330", "200", "ms", "1.50", "1.10", "2.00", "at", "most", "1.5"],
    ]


def test_the_load_logs_in_and_sees_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = load.Client._check

    def as_another(self: load.Client, tokens: Mapping[str, Any], user: Mapping[str, Any]) -> None:
        check(self, tokens, {**user, "user_id": "auth0|another"})

    with servers.sandbox(tmp_path, tls=True) as server:
        result = asyncio.run(load.load(server, 2, 1.0))
        assert (result.wrong, result.logins > 0) == ([], True)
        assert result.requests == sum(result.statuses.values())
        assert set(result.statuses) <= {"200", "201", "204", "400", "403"}
        assert "wrong       0" in str(result)
        unknown = replace(server, settings={**server.settings, "AUTH0_CLIENT_SECRET": "wrong"})
        assert "POST /oauth/token answered 401" in asyncio.run(load.load(unknown, 1, 0.2)).wrong[0]
        monkeypatch.setattr(load.Client, "_check", as_another)
        result = asyncio.run(load.load(server, 1, 0.2))
        assert (result.wrong, result.logins) == (["client 0: Wrong the access_token of another user"], 0)


def test_a_benchmark_ends_with_1_above_its_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert memory.main(["50", "100"]) == 0
    assert "MiB after 50 requests" in capsys.readouterr().out
    resident = iter((100_000, 120_000))
    monkeypatch.setattr(Running, "resident", lambda self: next(resident))
    assert memory.main(["10", "20"]) == 1
    assert "ratio 1.20 (at most 1.1)" in capsys.readouterr().out
    growing = iter(range(100_000, 10_000_000, 50_000))
    monkeypatch.setattr(Running, "resident", lambda self: next(growing))
    done = CliRunner().invoke(load.main, ["--clients", "1", "--seconds", "1", "--no-tls"], catch_exceptions=False)
    assert done.exit_code == 1
    for bar, code in ((100.0, 0), (0.0, 1)):
        monkeypatch.setattr(imports, "BAR", bar)
        assert imports.main(["1"]) == code
        assert "import httpx: " in capsys.readouterr().out


def test_cells_run_while_both_panels_poll(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    did_not_poll = ["a panel did not poll as it should"]
    for milliseconds, poll, fault in (
        (60.0, (1, "pending", "None"), ["1+1 took 60 ms at the median"]),
        (1.0, (0, "pending", "None"), did_not_poll),
        (1.0, (1, "failed", "None"), did_not_poll),
        (1.0, (1, "pending", "RuntimeError()"), did_not_poll),
        (1.0, (1, "pending", "None"), []),
    ):
        found = panels.faults(panels.Figures.of([milliseconds / 1000] * 3), [poll])
        assert [each.partition(":")[0] for each in found] == fault
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setattr(panels, "BOUND_MS", panels.ANSWER_SECONDS * 1000)  # how fast it is does not matter here
    assert panels.main(["0.4", "0.05"]) == 0
