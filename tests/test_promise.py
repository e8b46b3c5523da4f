"""The promise: wherever a secret stands, however it is spelled, nothing that the lab shows or gives away has it."""

from __future__ import annotations

import base64
import binascii
import io
import json
import os
import re
from pathlib import Path

import nbformat
import pytest
import zxingcpp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient
from PIL import Image

from auth0_mfa_lab.secrets.aliases import Aliases
from tests.promise import (
    BARE_BIRTHS,
    BIRTHS,
    ECHOES,
    ENCODING_ECHOES,
    ENCODINGS,
    HOST,
    SECRET_FIELDS,
    Planted,
    Scene,
    encoded,
    failures_of,
)

EXAMPLES = 2000 if os.environ.get("CI") else 300
MARK = "mArK"
NASTY = st.text(st.sampled_from(" é&=+%#?/\\\"'<>!$*~.:@|_-(){}[],;^"), max_size=4)
WORDS = st.text(st.sampled_from("aZ09"), min_size=5, max_size=10)
BARE = st.builds(lambda word, tail: f"{MARK}{word}{tail}", WORDS, st.sampled_from(["", ".x", "-x", "_x", "~x"]))
VALUES = st.builds(lambda before, bare, after: f"{before}{bare}{after}".strip(), NASTY, BARE, NASTY)
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}")


def _in_base64(mark: str) -> set[str]:
    """Return what of a mark's base64 is the same whatever stands around it."""
    return {
        base64.b64encode(bytes(before) + mark.encode()).decode()[-(-before * 4 // 3) : (before + len(mark)) * 4 // 3]
        for before in range(3)
    }


ONCE = _in_base64(MARK)
TWICE = {each for once in ONCE for each in _in_base64(once)}
IN_BASE64 = {*ONCE, *TWICE, *(each for twice in TWICE for each in _in_base64(twice))}
"""By these a mark is seen that base64 hides: decoding all that looks like base64 takes long."""


def marks(text: str) -> list[str]:
    """Return what of a mark stands in a text, or in what base64 hides in it, three times at the most."""
    found = re.findall(rf"{MARK}[aZ09]{{5,10}}", text)
    for run in BASE64.findall(text):
        standard = run.translate(str.maketrans("-_", "+/"))
        if not any(each in standard for each in IN_BASE64):
            continue
        for start in range(4) if len(run) < 400 else (0,):
            piece = standard[start:]
            try:
                found += marks(base64.b64decode(piece[: len(piece) // 4 * 4]).decode("latin-1"))
            except binascii.Error:
                continue
    return found


def leaks(scene: Scene) -> list[str]:
    """Name each sight that has a mark."""
    return [name for name, text in scene.sights() if marks(text)]


@st.composite
def plantings(draw: st.DrawFn) -> tuple[Planted, Planted]:
    """Draw an exchange in which a secret is born, and one that says it again, spelled in some way."""
    births = {**BIRTHS, **BARE_BIRTHS}
    birth = draw(st.sampled_from(sorted(births)))
    value = draw(BARE if birth in BARE_BIRTHS else VALUES)
    name, depth = draw(st.sampled_from(SECRET_FIELDS)), draw(st.integers(0, 5))
    echo = draw(st.sampled_from(sorted({**ECHOES, **ENCODING_ECHOES})))
    # What encodes by itself does so once more.
    encodings = draw(st.lists(st.sampled_from(sorted(ENCODINGS)), max_size=3 if echo in ECHOES else 2))
    text = encoded(value, encodings)
    assume(text.isascii() or echo != "a header")
    return births[birth](name, value, depth), {**ECHOES, **ENCODING_ECHOES}[echo](text)


@pytest.mark.parametrize("people", [False, True], ids=["sandbox", "live"])
@settings(max_examples=EXAMPLES // 2, deadline=None, database=None)
@given(planted=plantings())
def test_no_secret_is_seen_anywhere(people: bool, planted: tuple[Planted, Planted]) -> None:
    scene = Scene(people=people)
    try:
        for each in planted:
            scene.say(each)
        assert scene.journal.aliases.all(), "nothing was learned: this test would see nothing"
        assert leaks(scene) == []
    finally:
        scene.close()


@pytest.mark.parametrize("birth", sorted({**BIRTHS, **BARE_BIRTHS}))
def test_no_failure_about_an_exchange_shows_its_secret(birth: str) -> None:
    scene = Scene()
    scene.say({**BIRTHS, **BARE_BIRTHS}[birth]("mfa_token", SEEDED, 2))
    assert scene.journal.aliases.all()
    seen = dict(failures_of(scene.journal[0]))
    assert len(seen) == 6
    assert [name for name, text in seen.items() if marks(text)] == []
    scene.close()


@settings(max_examples=EXAMPLES // 4, deadline=None, database=None)
@given(code=st.text("0123456789", min_size=4, max_size=8), beside=st.text("0123456789", min_size=1, max_size=3))
def test_a_code_is_masked_where_it_stands_and_equal_digits_elsewhere_stay(code: str, beside: str) -> None:
    scene = Scene()
    longer = f"{beside}{code}"
    assume(code not in beside)
    said = f"Your code is {code}.\nUse {code}, not {longer} or id_{code} or 9.{code}"
    scene.say(Planted(content=f"otp={code}&x=1".encode(), form=True, answer=json.dumps({"said": said}).encode()))
    scene.say(Planted(url=f"{HOST}/a?note=is%20{code}%20", answer=f"<b>{code}</b>".encode()))
    shown = re.sub(r"\s+", " ", repr(scene.journal[0]))
    assert f"Your code is <otp 1>.\\nUse <otp 1>, not {longer} or id_{code} or 9.{code}" in shown
    assert repr(scene.journal[1]).splitlines()[1] == "  POST /a?note=is%20<otp 1>%20"
    assert "<b><otp 1></b>" in repr(scene.journal[1])
    assert scene.journal[0].show(scene.journal[0])[1].count(longer) == 2  # laid out, and as it was sent
    scene.close()


SEEDED = f"{MARK}aZ09aZ-x"


def a_planted_scene() -> Scene:
    scene = Scene()
    for birth in (BIRTHS["a form"], BIRTHS["JSON that is answered"], BIRTHS["a query"], BARE_BIRTHS["a Bearer header"]):
        scene.say(birth("mfa_token", SEEDED, 3))
    for echo, spelling in (("an error's text", "base64 of a pair"), ("the path", "percent"), ("a name", "JSON")):
        scene.say({**ECHOES, **ENCODING_ECHOES}[echo](ENCODINGS[spelling](SEEDED)))
    return scene


def test_the_search_sees_a_mark_in_every_sight_once_nothing_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = a_planted_scene()
    assert leaks(scene) == []
    monkeypatch.setattr(Aliases, "mask_each", lambda _, texts, **__: [str(text) for text in texts])
    found = leaks(scene)
    for name in (
        "the journal",
        "export bash",
        "export curl",
        "export httpx",
        "export mermaid",
        "exchange 1",
        "exchange 5",
    ):
        assert name in found or name == "export curl", name
    assert any(name.endswith(": curl") for name in found)
    scene.close()


@pytest.mark.parametrize(
    ("encodings", "deepest"),
    [
        (["base64"], 0),
        (["base64 of a pair"], 0),
        (["base64 of another pair"], 0),
        (["JSON"], 0),
        (["HTML"], 0),
        (["repr"], 0),
        (["plus"], 0),
        (["HTML", "percent, lower"], 1),
        (["JSON", "JSON"], 1),
        (["base64", "base64", "base64url"], 2),
        (["percent", "base64"], 1),
        (["HTML", "JSON", "percent"], 2),
        (["JSON", "percent", "base64"], 2),
    ],
)
def test_each_encoding_that_is_not_looked_into_is_missed(
    encodings: list[str], deepest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = f'{SEEDED}<&"é \\>'

    def shown() -> list[str]:
        scene = Scene()
        scene.say(BIRTHS["JSON that is answered"]("mfa_token", value, 0))
        scene.say(ECHOES["an error's text"](encoded(value, encodings)))
        seen = leaks(scene)
        scene.close()
        return seen

    assert shown() == []
    monkeypatch.setattr("auth0_mfa_lab.secrets.aliases.DEEPEST", deepest)
    assert "exchange 2" in shown()


CELLS = (
    "import json, logging\nfrom pathlib import Path\nlogging.basicConfig(level='DEBUG')\n"
    "from auth0_mfa_lab import Lab\nlab = Lab.sandbox(seed=11)\nuser = lab.user(factors=[])\nuser",
    "login = lab.client.password_grant(username=user.username, password=user.password, audience=lab.audience)\nlogin",
    'token = login["mfa_token"]\ntoken, [token], {"a": token}, token[:20], token.upper(), token.encode(), vars(token)',
    'enrolled = lab.client.mfa_associate(token, authenticator_types=["oob"], oob_channels=["auth0"])\nenrolled',
    "lab.qr(enrolled['barcode_uri'])",
    "_, __, _2, Out, In",
    "%history -o",
    "%whos",
    "%xmode Verbose",
    "lab.client.mfa_challenge(mfa_token=enrolled, challenge_type='oob')",
    "login['access_token']",
    "lab.poll_panel(mfa_token=token, oob_code=enrolled['oob_code'])",
    "lab.reveal('<mfa_token 1>')",
    "lab.copy_runnable(lab.journal[-1])",
    "vars(_), _.copy()",
    "lab, lab.journal, lab.aliases, vars(lab.aliases), vars(lab), vars(login), lab.diagram()",
    "[lab.export(kind) for kind in ('bash', 'httpx', 'node', 'pytest', 'har', 'mermaid')], lab.curl(login)",
    "login.response, login.response.raw_data(), login.response.body.decode(), login.response.text.split(':')",
)
RAW = (
    "_ = Path('raw.json').write_text(json.dumps([token, user.password, enrolled['oob_code'], "
    "enrolled['recovery_codes'][0], lab.aliases.alias_of('<client_secret 1>').value]))"
)


@pytest.mark.parametrize("store_widget_state", [True, False])
def test_no_byte_and_no_picture_of_a_saved_notebook_has_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store_widget_state: bool
) -> None:
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    notebook = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]  # nbformat types only some
        cells=[nbformat.v4.new_code_cell(each) for each in (*CELLS, RAW)]  # type: ignore[no-untyped-call]
    )
    NotebookClient(
        notebook,
        timeout=60,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
        store_widget_state=store_widget_state,
        allow_errors=True,
    ).execute()
    saved = json.dumps(notebook, ensure_ascii=False)
    secrets = json.loads((tmp_path / "raw.json").read_text("utf-8"))
    assert len(secrets) == 5
    assert "LabError" in saved
    assert "MissingField" in saved
    assert [each[:4] for each in secrets if each in saved] == []
    pictures = re.findall(r'"image/png": "([^"]+)"', saved)
    assert pictures
    for picture in pictures:
        codes = zxingcpp.read_barcodes(
            Image.open(io.BytesIO(base64.b64decode(picture.replace("\\n", "")))).convert("L")
        )
        assert [code.text for code in codes if any(each in code.text for each in secrets)] == []
