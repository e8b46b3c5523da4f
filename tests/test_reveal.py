"""`lab.reveal(alias)` shows one raw value where a person looks, and leaves nothing of it anywhere."""

from __future__ import annotations

import json
import pickle
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from auth0_mfa_lab import Lab, LabError
from auth0_mfa_lab.show.panels.panel import SHOWN_SECONDS, RevealPanel
from tests.mothers import MFA_TOKEN, Leaping


@pytest.fixture
def lab() -> Lab:
    """A sandbox's lab that has one mfa_token."""
    lab = Lab.sandbox()
    user = lab.user()
    lab.client.password_grant(username=user.username, password=user.password, audience=lab.audience)
    return lab


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """What is sent to a front end by message."""
    messages: list[tuple[Any, Any]] = []
    monkeypatch.setattr(
        "anywidget.AnyWidget.send", lambda _, content, buffers=None: messages.append((content, buffers)), raising=False
    )
    return messages


def token_of(lab: Lab) -> str:
    return str(next(each["mfa_token"] for each in lab.journal if "mfa_token" in each))


def there(panel: RevealPanel) -> None:
    """Say what the panel's place says once it is on a page with a value in it."""
    for drawn in panel._place.children:
        drawn._handle_custom_msg({"kind": "ready"}, [])


def test_a_panel_says_what_it_does_and_has_the_value_in_no_state(lab: Lab, sent: list[tuple[Any, Any]]) -> None:
    panel = lab.reveal("<mfa_token 1>")
    raw = token_of(lab)
    assert repr(panel).startswith("RevealPanel · <mfa_token 1> is shown only on the page of a running notebook")
    states = [each.get_state() for each in (panel, *panel.children)]
    seen = f"{states} {panel._repr_mimebundle_()} {panel.static_html()} {vars(panel)}"
    assert raw not in seen
    assert sent == []


def test_the_value_is_sent_when_its_place_is_on_a_page_and_only_in_the_buffer(
    lab: Lab, sent: list[tuple[Any, Any]]
) -> None:
    there(lab.reveal("<mfa_token 1>"))
    ((content, buffers),) = sent
    assert (content["kind"], content["alt"]) == ("show", "mfa_token 1")
    assert 0 < content["seconds"] <= SHOWN_SECONDS
    assert buffers == [token_of(lab).encode()]
    assert token_of(lab) not in json.dumps(content)


def test_hidden_or_too_late_nothing_is_sent_until_it_is_shown_again(lab: Lab, sent: list[tuple[Any, Any]]) -> None:
    panel = lab.reveal("<mfa_token 1>")
    panel.hide_button.click()
    there(panel)
    assert sent == []
    panel.show_button.click()
    there(panel)
    there(panel)
    assert [content["kind"] for content, _ in sent] == ["show", "show"]
    late = lab.reveal("<mfa_token 1>")
    late._place._now = Leaping(SHOWN_SECONDS + time.monotonic())
    there(late)
    assert len(sent) == 2


def test_a_secret_itself_can_be_revealed_too(lab: Lab) -> None:
    assert "<mfa_token 1>" in repr(lab.reveal(lab.journal[-1]["mfa_token"]))


@pytest.mark.parametrize(
    "wrong", ["", "<mfa_token 1> <password 1>", "mfa_token", MFA_TOKEN, "<mfa_token 9>", None, 1, []]
)
def test_what_is_not_exactly_one_alias_is_refused(lab: Lab, wrong: Any) -> None:
    with pytest.raises(LabError, match=r"alias|There is no secret <mfa_token 9>. Near it: <mfa_token 1>"):
        lab.reveal(wrong)


def test_a_panel_is_not_pickled_with_its_value(lab: Lab) -> None:
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(lab.reveal("<mfa_token 1>"))


CELLS = (
    "from auth0_mfa_lab import Lab\nlab = Lab.sandbox(seed=9)\nuser = lab.user()",
    "login = lab.client.password_grant(username=user.username, password=user.password, audience=lab.audience)\nlogin",
    'lab.reveal("<mfa_token 1>")',
    'panel = lab.reveal("<password 1>")\npanel.show()\npanel',
    "panel",
)
RAW = """\
import json
from pathlib import Path
_ = Path("raw.json").write_text(json.dumps([login["mfa_token"], user.password]))
"""


@pytest.mark.parametrize("store_widget_state", [True, False])
def test_nothing_of_a_value_is_in_a_notebook_that_nbclient_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store_widget_state: bool
) -> None:
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    notebook = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]  # nbformat types only some
        cells=[nbformat.v4.new_code_cell(each) for each in (*CELLS, RAW)]  # type: ignore[no-untyped-call]
    )
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources=resources, store_widget_state=store_widget_state
    ).execute()
    saved = json.dumps(notebook, ensure_ascii=False)
    secrets = json.loads((tmp_path / "raw.json").read_text("utf-8"))
    assert len(secrets) == 2
    assert "RevealPanel · <mfa_token 1> is shown only" in saved
    assert ("widget-state+json" in saved) == store_widget_state
    assert [each[:4] for each in secrets if each in saved] == []
    history = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "raw.json"]
    assert [path.name for path in history if any(each.encode() in path.read_bytes() for each in secrets)] == []
