"""The benchmarks and the load run, and end with 1 for what is wrong; how fast anything is does not matter here."""

import asyncio
import itertools
import json
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from click.testing import CliRunner

from benchmarks import imports, load, memory, panels, serve, servers
from benchmarks.servers import Running
from tests.sandbox.sandbox_mothers import segment


def test_a_load_and_a_benchmark_of_two_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = itertools.count(0.0, 0.02)
    for module in (load, serve):  # each look at the clock finds 20 ms gone: no machine is too slow
        clock = SimpleNamespace(monotonic=looks.__next__, perf_counter=looks.__next__, time=time.time)
        monkeypatch.setattr(module, "time", clock)
    with servers.sandbox(tmp_path, tls=True) as ours, servers.bare(tmp_path, tls=False) as theirs:
        result = asyncio.run(load.load(ours, 2, 0.2))
        assert (result.wrong, result.logins > 0) == ([], True)
        unknown = replace(ours, settings={**ours.settings, "AUTH0_CLIENT_SECRET": "wrong"})
        assert "POST /oauth/token answered 401" in asyncio.run(load.load(unknown, 1, 0.2)).wrong[0]
        monkeypatch.setattr(servers, "sandbox", lambda *_, **__: nullcontext(ours))
        monkeypatch.setattr(servers, "bare", lambda *_, **__: nullcontext(theirs))
        monkeypatch.setattr(memory, "CLIENTS", 1)
        for step, code in ((0, 0), (50_000, 1)):
            growing = itertools.count(100_000, step)
            monkeypatch.setattr(Running, "resident", lambda self, left=growing: next(left))
            assert memory.main(["10", "20"]) == code
            assert CliRunner().invoke(load.main, ["--clients", "1", "--seconds", "0.2"]).exit_code == code
        done = CliRunner().invoke(serve.main, ["--rounds", "1", "--seconds", "0.06", "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    figures = {each["name"]: each for each in json.loads(done.stdout)["figures"]}
    for name in ("cold start", "tokens, 1 connection", "tokens, 8 connections", "tokens, 32 connections"):
        assert figures[name]["ratio"] == pytest.approx(figures[name]["sandbox"] / figures[name]["bare"])


def test_tokens_of_another_user_and_an_import_that_takes_too_long_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = dict.fromkeys(("access_token", "id_token"), f"x.{segment({'sub': 'somebody'})}.x")
    with pytest.raises(load.Wrong, match="the access_token of another user"):
        load.Client._check(Mock(), tokens, {"user_id": "another"})
    for ratio, code in ((1.3, 0), (1.5, 1)):
        monkeypatch.setattr(imports, "seconds", {imports.PACKAGE: ratio, imports.LIBRARY: 1.0}.__getitem__)
        assert imports.main(["1"]) == code


def test_cells_run_while_both_panels_poll(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = panels.Figures.of([0.06] * 3)
    assert [each.split(":")[0] for each in panels.faults(slow, [(0, "pending", "None")])] == [
        "1+1 took 60 ms at the median",
        "a panel did not poll as it should",
    ]
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setattr(panels, "BOUND_MS", panels.ANSWER_SECONDS * 1000)
    assert panels.main(["0.2", "0.05"]) == 0
