"""The benchmarks and the load run, and end with 1 for what is wrong; how fast anything is does not matter here."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks import imports, load, memory, panels, serve, servers
from benchmarks.servers import Running


def test_a_load_and_a_benchmark_of_two_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = itertools.count(0.0, 0.02)
    for module in (load, serve):  # each look at the clock finds 20 ms gone: no machine is too slow
        clock = SimpleNamespace(monotonic=looks.__next__, perf_counter=looks.__next__, time=time.time)
        monkeypatch.setattr(module, "time", clock)
    with servers.sandbox(tmp_path, tls=True) as ours, servers.bare(tmp_path, tls=False) as theirs:
        result = asyncio.run(load.load(ours, 2, 0.2))
        assert (result.wrong, result.logins > 0) == ([], True)
        assert result.requests == sum(result.statuses.values())
        assert set(result.statuses) <= {"200", "201", "204", "400", "403"}
        assert "wrong       0" in str(result)
        unknown = replace(ours, settings={**ours.settings, "AUTH0_CLIENT_SECRET": "wrong"})
        assert "POST /oauth/token answered 401" in asyncio.run(load.load(unknown, 1, 0.2)).wrong[0]
        with monkeypatch.context() as patch:
            check = load.Client._check

            def as_another(self: load.Client, tokens: Mapping[str, Any], user: Mapping[str, Any]) -> None:
                check(self, tokens, {**user, "user_id": "auth0|another"})

            patch.setattr(load.Client, "_check", as_another)
            result = asyncio.run(load.load(ours, 1, 0.2))
        assert (result.wrong, result.logins) == (["client 0: Wrong the access_token of another user"], 0)

        monkeypatch.setattr(servers, "sandbox", lambda *_, **__: nullcontext(ours))
        monkeypatch.setattr(servers, "bare", lambda *_, **__: nullcontext(theirs))
        monkeypatch.setattr(memory, "CLIENTS", 1)
        for late, code in ((100_000, 0), (120_000, 1)):
            resident = iter((100_000, late))
            monkeypatch.setattr(Running, "resident", lambda self, left=resident: next(left))
            assert memory.main(["10", "20"]) == code
        for step, code in ((0, 0), (50_000, 1)):
            growing = itertools.count(100_000, step)
            monkeypatch.setattr(Running, "resident", lambda self, left=growing: next(left))
            assert CliRunner().invoke(load.main, ["--clients", "1", "--seconds", "0.2"]).exit_code == code
        done = CliRunner().invoke(serve.main, ["--rounds", "1", "--seconds", "0.06", "--json"], catch_exceptions=False)
    figures = [each for each in json.loads(done.stdout)["figures"] if each["name"].strip() == each["name"]]
    names = ["cold start", "tokens, 1 connection", "tokens, 8 connections", "tokens, 32 connections"]
    assert (done.exit_code, [each["name"] for each in figures]) == (0, names)  # without what only Linux can tell
    for figure in figures:
        assert min(figure["sandbox"], figure["bare"]) > 0
        assert figure["ratio"] == pytest.approx(figure["sandbox"] / figure["bare"])


def test_a_table_has_the_medians_and_the_ratios_of_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = serve.Figure.of("cold start", "ms", "at most 1.5", [(300, 200), (400, 200), (330, 300)])
    assert [line.split() for line in serve.table([figure]).splitlines()] == [
        ["sandbox", "bare", "ratio", "min", "max", "wanted"],
        ["cold", "start", "330", "200", "ms", "1.50", "1.10", "2.00", "at", "most", "1.5"],
    ]
    assert imports.seconds("pass") >= 0
    for ratio, code in ((1.3, 0), (1.5, 1)):
        monkeypatch.setattr(imports, "seconds", {imports.PACKAGE: ratio, imports.LIBRARY: 1.0}.__getitem__)
        assert imports.main(["1"]) == code


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
    monkeypatch.setattr(panels, "BOUND_MS", panels.ANSWER_SECONDS * 1000)
    assert panels.main(["0.2", "0.05"]) == 0
