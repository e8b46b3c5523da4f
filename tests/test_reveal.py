"""`lab.reveal` and `lab.copy_runnable`: one raw value, sent to the page that asks for it, and left nowhere else."""

import itertools
import pickle
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from auth0_mfa_lab import Lab, LabError
from auth0_mfa_lab.exports.export import runnable
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.show.panels.panel import SHOWN_SECONDS
from auth0_mfa_lab.wire.exchange import Request
from tests.flows.flows import log_in
from tests.mothers import MFA_TOKEN, Leaping, a_live_lab, a_request, an_exchange
from tests.panel_stage import on_a_page, sent_to_pages

# Stands in for curl: one argument after the other, each with its own end mark, for an argument may hold a newline.
SHIM = '#!/bin/sh\nfor word in "$@"; do printf "%s\\036" "$word"; done\n'
HOSTILE = "a'b\"c $HOME `id` $(id) \\ ! & | ; < > * ? ~ # é {x} [y]\nlast"
FLAGS = ("--url", "--data-raw", "--header", "--cacert")
Sent = list[tuple[Any, Any]]
COPIES = (
    "Copy runnable copies this command with its raw secrets, on the page of a running notebook. No file, output or "
    "widget state has them."
)


@pytest.fixture
def lab() -> Lab:
    """A sandbox's lab whose first exchange has a password in its body, and the second a token in a header."""
    lab = Lab.sandbox()
    login = log_in(lab, lab.user(), audience=lab.audience)
    lab.client.mfa_authenticators(login["mfa_token"])
    return lab


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What is sent to a front end by message: the content, and the buffers."""
    return sent_to_pages(monkeypatch)


def test_a_revealed_value_is_sent_in_a_buffer_while_it_is_shown(lab: Lab, sent: Sent) -> None:
    token = lab.journal[0]["mfa_token"]
    panel = lab.reveal("<mfa_token 1>")
    assert repr(panel) == (
        "RevealPanel · <mfa_token 1> is shown only on the page of a running notebook, for two minutes at most. No "
        "file, output or widget state has it: not even this notebook, when it is saved."
    )
    assert repr(lab.reveal(token)) == repr(panel)
    panel.hide_button.click()
    on_a_page(panel)
    assert sent == []
    panel.show_button.click()
    on_a_page(panel)
    ((content, buffers),) = sent
    assert (content["kind"], content["alt"], buffers) == ("show", "mfa_token 1", [str(token).encode()])
    assert 0 < content["seconds"] <= SHOWN_SECONDS
    panel._place._now = Leaping(SHOWN_SECONDS + time.monotonic())
    on_a_page(panel)
    assert len(sent) == 1


def test_a_command_is_the_answer_to_a_press_alone_and_in_a_buffer(lab: Lab, sent: Sent) -> None:
    panel = lab.copy_runnable(lab.journal[0])
    alone = "This sandbox is in the kernel alone and answers no curl: `auth0-mfa-lab serve` opens one that does."
    assert repr(panel) == f"CopyPanel · exchange 1, POST /oauth/token · {COPIES} {alone}"
    for said in ({"kind": "ready"}, {"kind": "copy"}, {"kind": "copy", "press": 1}, {"press": "1"}, "copy", None):
        panel._place._handle_custom_msg(said, [])
    assert sent == []
    panel._place._handle_custom_msg({"kind": "copy", "press": "1-2-3"}, [])
    command = runnable(lab.journal[0], None)
    assert sent == [({"kind": "copy", "press": "1-2-3"}, [str(command).encode()])]
    assert str(lab.journal[0].request.text) in str(command)
    shown = panel.static_html()
    assert not [each for each in ("curl --request", "$AUTH0_PASSWORD", "answers no curl") if each not in shown]
    label = lab.copy_runnable(lab.journal[1])._place.label
    assert label == "Copy runnable: exchange 2, GET /mfa/authenticators as a curl command with its raw secrets"
    live = a_live_lab(Sandbox(domain="tenant.example", seed=5))
    live.client.password_grant(username=str(live.settings.username), password="x")
    said = repr(live.copy_runnable(live.journal[0]))
    assert said.endswith(f" · {COPIES} The tenant is live: people's data are in the command, too.")


def test_no_panel_is_pickled(lab: Lab) -> None:
    for panel in (lab.reveal("<mfa_token 1>"), lab.copy_runnable(lab.journal[0])):
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
            pickle.dumps(panel)


# -- the command, in a shell


def run(request: Request, folder: Path, ca_file: str | None = None) -> list[str]:
    """Let `sh -c` run a request's command, and return the words that curl is given."""
    (folder / "curl").write_text(SHIM, encoding="utf-8")
    (folder / "curl").chmod(0o755)
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": "/nowhere"}
    command = str(runnable(an_exchange(json={}, request=request), ca_file))
    ran = subprocess.run(["/bin/sh", "-eu", "-c", command], env=environment, capture_output=True, check=True)
    assert not ran.stderr
    return ran.stdout.decode().split("\x1e")[:-1]


@pytest.mark.parametrize("body", [HOSTILE, "@/etc/passwd", '{"note": "\\u0000", "a": "\'"}', " ", "-x", ""])
def test_a_shell_gives_curl_the_request_as_it_was_sent(
    body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = "https://tenant.example:8443/mfa/x?a=[1]&b={c}&d=$e"
    headers = [("Authorization", f"Bearer {MFA_TOKEN}"), ("user-agent", "lab")]
    words = run(a_request(url=url, headers=headers, body=body.encode()), tmp_path, "my certificates/it's.pem")
    assert (words[:2], words.count("--globoff"), words.count("--path-as-is")) == (["--request", "POST"], 1, 1)
    given = {flag: [word for each, word in itertools.pairwise(words) if each == flag] for flag in FLAGS}
    assert given == {
        "--url": [url],
        "--data-raw": [body] if body else [],
        "--header": [f"authorization: Bearer {MFA_TOKEN}", *(["content-type:"] if body else [])],
        "--cacert": [str(tmp_path.resolve() / "my certificates" / "it's.pem")],
    }
    assert "--cacert" not in run(a_request("GET"), tmp_path)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a\0b"])
def test_a_body_that_no_command_line_holds_is_refused(body: bytes) -> None:
    with pytest.raises(LabError, match="The body of exchange 1 is no text"):
        runnable(an_exchange(json={}, request=a_request(body=body)), None)
