"""The command `vary`: a right client passes the twelve; what an application assumes is found, and named."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from auth0_mfa_lab.cli import main
from auth0_mfa_lab.sandbox.variations import THE_TWELVE, VARIATIONS
from auth0_mfa_lab.vary.matrix import Row, alike, differs, junit
from auth0_mfa_lab.vary.met import Asked, Met
from auth0_mfa_lab.vary.suite import Run
from tests.mothers import rows
from tests.serve.serving import MAIN

APP = [sys.executable, str(Path(__file__).with_name("app.py"))]
ASSUMED = {
    "rejected-access-denied": (
        "POST /oauth/token 400 access_denied",
        "POST /oauth/token 403 invalid_grant",
        "Assertion",
    ),
    "other-texts": ("POST /oauth/token 403 mfa_required", "", "Assertion"),
    "poll-502-html": ("POST /oauth/token 502 Bad Gateway", "POST /oauth/token 400 authorization_pending", "JSONDecode"),
    "inactive-first": ("GET /mfa/authenticators 200 OK", "", "Key"),
}
"""The variation that finds each of the four, the exchange that it changed, what that was, and how the test ends."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a run keeps what it keeps."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def varied(*arguments: str, command: Sequence[str] = ()) -> Result:
    return CliRunner().invoke(main, ["vary", *arguments, *(("--", *command) if command else ())])


def test_a_right_client_passes_the_twelve_and_all_of_them_together(here: Path) -> None:
    result = varied("--json", command=APP)
    told = json.loads(result.stdout)
    assert {each["id"]: each["verdict"] for each in told["rows"]} == dict.fromkeys((*THE_TWELVE, "together"), "passed")
    assert (result.exit_code, told["exit"], [*here.iterdir()]) == (0, 0, [])
    assert told["rows"][-1]["met"] > 50
    last = r"12 of 12: [\w-]+ passed in \d+\.\d s\n"
    assert re.fullmatch(rf"1 of 2: .+\n2 of 2: .+\n1 of 12: .+\n(.+\n){{10}}{last}", result.stderr)


def test_each_of_four_assumptions_is_found_and_named(here: Path) -> None:
    only, junit = [f"--only={name}" for name in ASSUMED], here / "junit.xml"
    command = [sys.executable, "-c", MAIN, "vary", *only, "--only=order", "--junit", str(junit), "--", *APP, "wrong"]
    run = subprocess.run(command, env={**os.environ, "TMPDIR": str(here)}, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stdout + run.stderr
    for name, (first, was, error) in ASSUMED.items():
        said = run.stdout.partition(f"FAILED    {name} ")[2].partition("    output")[0]
        assert f"    first     {first}\n" in said
        assert (f"    unchanged {was}\n" in said) == bool(was)
        assert f"sandbox: varied, {name}\n" in said
        (output,) = (each.read_text("utf-8") for each in here.glob(f"auth0-mfa-lab-vary-*/{name}/output.txt"))
        assert f"{error}Error" in output
        assert re.match(r"<client_secret 1> <mfa_token \d> <password \d>\n", output)
    assert run.stdout.endswith("0 passed, 5 failed, 0 not met\n")
    assert junit.read_bytes().count(b"<failure ") == 5


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise SystemExit(3)", "Unchanged, the command failed: nothing was varied."),
        ("import os; os.mkdir('once')", "Unchanged, the command flakes: its two runs were not alike"),
    ],
)
def test_nothing_is_varied_where_the_unchanged_runs_fail_or_differ(
    here: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    monkeypatch.chdir(here)
    result = varied("--jobs=1", command=[sys.executable, "-c", code])
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_two_runs_are_alike_where_they_ask_for_the_same_however_often_they_wait(tmp_path: Path) -> None:
    poll, pending, list_ = (Asked("POST /oauth/token", said) for said in ("200 OK", "400 authorization_pending", "x"))
    runs = [
        Run(name="", ids=(), status=status, seconds=1.0, met=Met(asked=[*asked]), output=tmp_path)
        for status, asked in ((0, (poll,)), (0, (pending, pending, poll)), (0, (poll, list_)), (1, (poll,)))
    ]
    assert [alike(runs[0], each) for each in runs] == [True, True, False, False]


@pytest.mark.usefixtures("here")
def test_what_is_never_asked_is_no_pass_and_where_a_right_client_may_stop_conduct_judges() -> None:
    slow_first = ["slow-answers", "late-approval", "order"]
    only = [f"--only={name}" for name in slow_first]
    result = varied(*only, "--jobs=1", "--json", command=[sys.executable, "-c", "pass"])
    assert [(each["verdict"], each["met"]) for each in json.loads(result.stdout)["rows"]] == [("not met", 0)] * 3
    assert re.findall(r"of 3: (\S+)", result.stderr) == slow_first
    assert result.exit_code == 0
    fails = "import os, sys; sys.exit(os.environ['AUTH0_LAB_VARIATION'] != '')"
    result = varied("--only=refresh-503", command=[sys.executable, "-c", fails])
    assert (result.exit_code, "may stop  refresh-503" in result.stdout) == (0, True)
    assert "`auth0-mfa-lab conduct` judges" in result.stdout


def test_the_list_has_each_with_what_it_finds_and_what_is_wrong_is_a_sentence(here: Path) -> None:
    listed = varied("--list")
    lines = listed.stdout.splitlines()
    assert lines[1::2] == [f"{'':28}finds: {row.finds}" for row in VARIATIONS.values()]
    assert [(line[:2], line[2:28].rstrip()) for line in lines[::2]] == [
        (f"{row.star or ' '} ", name) for name, row in VARIATIONS.items()
    ]
    for arguments, command, said in (
        (["--only=orders"], ["true"], "There is no variation 'orders'; near it are order"),
        ([], [], "Name the command that runs your tests"),
        ([], ["no-such-command-of-anybody"], "no-such-command-of-anybody cannot be run"),
    ):
        result = varied(*arguments, command=command)
        assert (result.exit_code > 0, said in result.stderr) == (True, True), result.stderr
    assert [*here.iterdir()] == []


# Windows has no os.mkfifo: no path there is a pipe that --junit could replace.
@pytest.mark.skipif(os.name != "posix", reason="pipes that are files")
def test_an_output_is_masked_and_bounded_and_a_pipe_is_no_file_to_write(here: Path) -> None:
    os.mkfifo(pipe := here / "pipe")
    code = (
        "import os, sys\n"
        "print('x' * 4_000_000)\n"
        "print({'password': 'of-another-tenant'}, 'again of-another-tenant')\n"
        "open(os.environ['AUTH0_LAB_VARIATION_REPORT'], 'a').write('{\"counts\":')\n"
        "sys.exit(os.environ['AUTH0_LAB_VARIATION'] != '')\n"
    )
    result = varied("--only=order", "--junit", str(pipe), command=[sys.executable, "-c", code])
    assert (result.exit_code, pipe.is_fifo()) == (1, True)
    assert f"Error: {pipe} cannot be run or written (it is no regular file)" in result.stderr
    (output,) = here.glob("*/order/output.txt")
    assert output.read_text("utf-8") == "{'password': '<password 2>'} again <password 2>\n"


ORDER, REFRESH = VARIATIONS["order"], VARIATIONS["refresh-503"]
WENT = """\
first     POST /oauth/token 403 a??[2J
    text      1 ?[2J
              2 ?
    varied    POST /oauth/token 403 a??[2J
    output    out
    again     auth0-mfa-lab vary"""
MATRIX = f"""\
<?xml version='1.0' encoding='utf-8'?>
<testsuite name="auth0-mfa-lab vary" tests="4" failures="1">
<testcase classname="vary" name="order" time="1.25">
<failure message="failed">FAILED    order                        1.2 s  met 2 times
    changes   {ORDER.changes}
    evidence  {ORDER.evidence}
    finds     {ORDER.finds}
    ended     with status 1
    {WENT} --only=order -- true 'a b'</failure>
</testcase>
<testcase classname="vary" name="refresh-503" time="1.25">
<skipped message="may stop">may stop  refresh-503                  1.2 s  never asked for what is varied
    changes   {REFRESH.changes}
    evidence  {REFRESH.evidence}
    finds     {REFRESH.finds}
    but       a right client may tell the user and stop here: `auth0-mfa-lab conduct` judges what it did
    ended     not in time
    {WENT} --only=refresh-503 -- true 'a b'</skipped>
</testcase>
<testcase classname="vary" name="order" time="1.25">
<skipped message="not met">not met   order                        1.2 s  never asked for what is varied</skipped>
</testcase>
<testcase classname="vary" name="order" time="1.25" />
</testsuite>"""


def test_a_matrix_has_all_that_one_needs_and_no_character_that_a_terminal_obeys_or_xml_forbids() -> None:
    said = Asked("POST /oauth/token", "403 a\0\x1b[2J", ("order",), "1 \x1b[2J\n2 \ud800")
    met = ("order", 1, 2), ("refresh-503", None, 0), ("order", 0, 0), ("order", 0, 1)
    how: dict[str, Any] = {"seconds": 1.246, "output": Path("out")}
    runs = [Run(name=n, ids=(n,), status=s, met=Met(Counter({n: times}), [said]), **how) for n, s, times in met]
    told = junit([Row(each, Met(), ["true", "a b"]) for each in runs])
    assert told.decode().replace("><", ">\n<") == MATRIX


# The unchanged run, another (what was varied has a star), and what is told of the difference.
DIFFERENCES = """
a:1 b:1         | a:1 b:1              |
a:1 p:1 p:1 b:1 | a:1 p:1 b:1          |
a:1 b:1         | a:1* b:1             | first=a 1 varied=a 1
a:1 b:1         | a:1* b:1*            | first=a 1 varied=a 1, b 1
a:1 b:1         | a:1* b:2*            | first=b 2 unchanged=b 1 varied=a 1, b 2
a:1 b:1         | a:2* b:1             | first=a 2 unchanged=a 1 varied=a 2
b:1             | a:2* b:1             | first=a 2 varied=a 2
a:1 b:1 c:1     | a:2* b:1 d:1         | first=a 2 then=d 1; unchanged: c 1
a:1 b:1 c:1     | a:1* b:2* d:1        | first=b 2 unchanged=b 1 then=d 1; unchanged: c 1
a:1 b:1 c:1     | a:2* d:1             | first=a 2 unchanged=a 1 then=d 1; unchanged: b 1
a:1 b:1 c:1     | a:2* c:1             | first=a 2 unchanged=a 1 then=nothing more; unchanged: b 1
a:1 b:1 c:1     | a:1 b:2* c:2* d:1    | first=b 2 unchanged=b 1 then=d 1; unchanged: nothing more
a:1 b:1         | a:1 b:2* a:1 b:1     | first=b 2 then=a 1; unchanged: nothing more
a:1 b:1         | a:1* b:1* c:1        | first=b 1 then=c 1; unchanged: nothing more
a:1             | a:1 b:1              | then=b 1; unchanged: nothing more
"""


@pytest.mark.parametrize(("unchanged", "varied", "told"), rows(DIFFERENCES))
def test_it_is_told_where_an_application_went_another_way(unchanged: str, varied: str, told: str) -> None:
    was, now = ([Asked(each[0], each[2:]) for each in run.split()] for run in (unchanged, varied))
    now = [each._replace(outcome=each.outcome[0], varied=("order",) * (len(each.outcome) - 1)) for each in now]
    assert "".join(f"{title}={text} " for title, text in differs(was, now).items()).strip() == told


# Windows has no process groups and no SIGTERM to send: the test ends the command by both.
@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_an_interrupt_ends_the_command_with_its_children_and_leaves_nothing(tmp_path: Path) -> None:
    pids, child = tmp_path / "pids", "import time; time.sleep(600)"
    code = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        f"open({str(pids)!r}, 'a').write(f'{{os.getpid()}} {{child.pid}}\\n')\n"
        "child.wait()\n"
    )
    command = [sys.executable, "-c", MAIN, "vary", "--jobs=1", "--", sys.executable, "-c", code]
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        while not (pids.exists() and pids.read_text().endswith("\n")):
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
        assert running.stderr is not None
        assert running.stderr.read().endswith(b"Stopped: all that ran has ended, and nothing is kept.\n")
    assert [pid for pid in pids.read_text().split() if lives(int(pid))] == []
    assert [*tmp_path.iterdir()] == [pids]


def lives(pid: int) -> bool:
    """Tell whether a process runs; one that waits for its parent to look does not."""
    stat = Path(f"/proc/{pid}/stat")
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return not stat.exists() or stat.read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    return False
