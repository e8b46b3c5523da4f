"""`lab.copy_runnable(exchange)` gives a shell the raw request at a press, and leaves nothing of it anywhere."""

from __future__ import annotations

import itertools
import json
import pickle
import subprocess
from pathlib import Path
from typing import Any

import pytest

from auth0_mfa_lab import Lab, LabError
from auth0_mfa_lab.exports.export import runnable
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.show.panels.panel import CopyPanel
from auth0_mfa_lab.wire.exchange import Exchange, Request
from tests.mothers import MFA_TOKEN, a_live_lab, a_request, an_exchange

# Stands in for curl: one argument after the other, each with its own end mark, for an argument may hold a newline.
SHIM = '#!/bin/sh\nfor word in "$@"; do printf "%s\\036" "$word"; done\n'
HOSTILE = "a'b\"c $HOME `id` $(id) \\ ! & | ; < > * ? ~ # é {x} [y]\nlast"


@pytest.fixture
def lab() -> Lab:
    """A sandbox's lab whose last exchange has a password in its body, and one with a token in a header before it."""
    lab = Lab.sandbox()
    user = lab.user()
    login = lab.client.password_grant(username=user.username, password=user.password, audience=lab.audience)
    lab.client.mfa_authenticators(login["mfa_token"])
    return lab


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """What is sent to a front end by message."""
    messages: list[tuple[Any, Any]] = []
    monkeypatch.setattr(
        "anywidget.AnyWidget.send", lambda _, content, buffers=None: messages.append((content, buffers)), raising=False
    )
    return messages


def tell(panel: CopyPanel, message: Any) -> None:
    """Say something to the panel as its place on a page does."""
    panel._place._handle_custom_msg(message, [])


def raw_of(exchange: Exchange) -> list[str]:
    """Return what of a request is raw: its body, and its token."""
    body, header = bytes(exchange.request.body).decode(), exchange.request.header("authorization")
    return [*filter(None, [body, str(header or "").removeprefix("Bearer ")])]


def run(command: str, folder: Path) -> list[str]:
    """Let `sh -c` run the command, and return the words that curl is given."""
    (folder / "curl").write_text(SHIM, encoding="utf-8")
    (folder / "curl").chmod(0o755)
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": "/nowhere"}
    ran = subprocess.run(["/bin/sh", "-eu", "-c", command], env=environment, capture_output=True, check=True)
    assert not ran.stderr
    return ran.stdout.decode().split("\x1e")[:-1]


def after(flag: str, words: list[str]) -> list[str]:
    return [word for each, word in itertools.pairwise(words) if each == flag]


def a_command(request: Request, ca_file: str | None = None) -> str:
    return str(runnable(an_exchange(json={}, request=request), ca_file))


@pytest.mark.parametrize("number", [0, 1])
def test_a_panel_shows_the_masked_command_and_has_the_raw_one_nowhere(
    lab: Lab, sent: list[tuple[Any, Any]], number: int, capfd: pytest.CaptureFixture[str]
) -> None:
    exchange = lab.journal[number]
    panel = lab.copy_runnable(exchange)
    tell(panel, {"kind": "ready"})
    assert sent == []
    tell(panel, {"kind": "copy", "press": "1-2"})
    states = [each.get_state() for each in (panel, *panel.children)]
    out = "".join(capfd.readouterr())
    seen = f"{states} {panel._repr_mimebundle_()} {panel.static_html()} {vars(panel)} {panel!r} {out}"
    raw = raw_of(exchange)
    assert [each[:4] for each in (*raw, *(json.dumps(each)[1:-1] for each in raw)) if each in seen] == []
    assert raw
    assert all(len(each) >= 8 for each in raw)
    assert "curl --request" in panel.static_html()
    assert ("$AUTH0_PASSWORD" if number == 0 else "$MFA_TOKEN_1") in panel.static_html()
    assert repr(panel).startswith(f"CopyPanel · exchange {number + 1}, ")
    assert "\n" not in repr(panel)


def test_the_command_is_the_answer_to_a_press_alone_and_in_the_buffer(
    lab: Lab, sent: list[tuple[Any, Any]], tmp_path: Path
) -> None:
    panel = lab.copy_runnable(lab.journal[0])
    said: tuple[Any, ...] = (
        {"kind": "ready"},
        {"kind": "copy"},
        {"kind": "copy", "press": 1},
        {"press": "1"},
        "copy",
        None,
    )
    for wrong in said:
        tell(panel, wrong)
    assert sent == []
    tell(panel, {"kind": "copy", "press": "1-2-3"})
    ((content, buffers),) = sent
    assert content == {"kind": "copy", "press": "1-2-3"}
    (body,) = after("--data-raw", run(buffers[0].decode(), tmp_path))
    assert body.encode() == bytes(lab.journal[0].request.body)
    assert "password=" in body


def test_a_screen_reader_hears_what_the_button_copies(lab: Lab) -> None:
    label = lab.copy_runnable(lab.journal[1])._place.label
    assert label == "Copy runnable: exchange 2, GET /mfa/authenticators as a curl command with its raw secrets"


def test_a_live_tenant_is_said_to_have_people_in_it_and_the_sandbox_to_answer_no_curl(lab: Lab) -> None:
    box = Sandbox(domain="tenant.example", seed=5)
    live = a_live_lab(box)
    live.client.password_grant(username=str(live.settings.username), password=box.defaults.password)
    panel = live.copy_runnable(live.journal[0])
    assert "people's data are in the command, too" in repr(panel)
    assert box.defaults.username not in f"{panel.static_html()} {panel!r} {panel._place.label} {vars(panel)}"
    assert "people's data" not in repr(lab.copy_runnable(lab.journal[0]))
    assert "answers no curl" in lab.copy_runnable(lab.journal[0]).static_html()


@pytest.mark.parametrize("wrong", [None, "x", 1])
def test_what_is_no_exchange_of_this_lab_is_refused(lab: Lab, wrong: Any) -> None:
    with pytest.raises(LabError, match="wants an exchange"):
        lab.copy_runnable(wrong)
    with pytest.raises(LabError, match="another lab's journal"):
        lab.copy_runnable(an_exchange(json={}))


def test_a_panel_is_not_pickled_with_its_command(lab: Lab) -> None:
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(lab.copy_runnable(lab.journal[0]))


@pytest.mark.parametrize("body", [HOSTILE, "@/etc/passwd", '{"note": "\\u0000", "a": "\'"}', " ", "-x"])
def test_a_shell_gives_curl_the_body_as_it_was_sent(body: str, tmp_path: Path) -> None:
    request = a_request(url="https://tenant.example:8443/mfa/x?a=[1]&b={c}&d=$e", body=body.encode())
    words = run(a_command(request), tmp_path)
    assert words[:2] == ["--request", "POST"]
    assert words.count("--globoff") == 1
    assert after("--url", words) == ["https://tenant.example:8443/mfa/x?a=[1]&b={c}&d=$e"]
    assert after("--header", words) == ["content-type:"]
    assert after("--data-raw", words) == [body]


def test_a_token_is_in_its_header_and_no_body_means_no_data(tmp_path: Path) -> None:
    headers = [("Authorization", f"Bearer {MFA_TOKEN}"), ("user-agent", "lab")]
    words = run(a_command(a_request("GET", headers=headers)), tmp_path)
    assert after("--header", words) == [f"authorization: Bearer {MFA_TOKEN}"]
    assert "--data-raw" not in words


def test_the_certificate_of_a_served_tenant_is_named_wherever_the_shell_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = run(a_command(a_request("GET"), "my certificates/it's.pem"), tmp_path)
    assert after("--cacert", words) == [str(tmp_path.resolve() / "my certificates" / "it's.pem")]
    assert "--cacert" not in run(a_command(a_request("GET")), tmp_path)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a\0b"])
def test_a_body_that_no_command_line_holds_is_refused(body: bytes) -> None:
    with pytest.raises(LabError, match="The body of exchange 1 is no text"):
        a_command(a_request(body=body))
