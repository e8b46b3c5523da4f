"""The promise: wherever a secret stands, however it is spelled, no surface of the lab has it; and none is left out."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from auth0_mfa_lab import Lab, NoAnswer, Settings
from auth0_mfa_lab.cli import HOMES
from auth0_mfa_lab.exports.export import KINDS
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.wire.exchange import FORM
from auth0_mfa_lab.wire.journal import RecordingTransport
from tests.mothers import a_journal, a_request, an_exchange
from tests.promise import ENCODINGS, SECRET_FIELDS, encoded, spellings
from tests.surfaces import COMMANDS, NOT_SHOWN, OF_A_JOURNAL, SURFACES, Scene, failure, noting, played, public

HOST, MARK = "https://tenant.example", "mArK"
EXAMPLES = int(os.environ.get("PROMISE_EXAMPLES", "300"))  # `make promise` draws 2,000, and others each time
SEEDED = f"{MARK}aZ09aZ-x"
NASTY = st.text(st.sampled_from(" é&=+%#?/\\\"'<>!$*~.:@|_-(){}[],;^"), max_size=4)
WORDS = st.text(st.sampled_from("aZ09"), min_size=5, max_size=10)
BARE = st.builds(lambda word, tail: f"{MARK}{word}{tail}", WORDS, st.sampled_from(["", ".x", "-x", "_x", "~x"]))
VALUES = st.builds(lambda before, bare, after: f"{before}{bare}{after}".strip(), NASTY, BARE, NASTY)


# -- of any journal

Planted = Mapping[str, Any]
"""One exchange as it will be said: `url`, `headers`, `body`; `answer`, `answered` (headers); or why it `fails`."""


def _json(value: Any, **how: Any) -> bytes:
    return json.dumps(value, **how).encode()


def _deep(name: str, value: Any, depth: int) -> Any:
    nested: Any = {name: value}
    for level in range(depth):
        nested = {"items": [nested]} if level % 2 else [{"more": nested}]
    return nested


def _basic(value: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'app:{quote(value)}'.encode()).decode()}"}


# fmt: off
# Where a secret stands so that it is learned, by its name or its place: from the name, the value and a depth.
BIRTHS: Mapping[str, Callable[[str, str, int], Planted]] = {
    "a form":                     lambda n, v, _: {"body": urlencode({"x": "1", n: v})},
    "JSON that is sent":          lambda n, v, d: {"body": _json(_deep(n, v, d))},
    "JSON that is answered":      lambda n, v, d: {"answer": _json(_deep(n, v, d))},
    "JSON with its letters kept": lambda n, v, d: {"answer": _json(_deep(n, v, d), ensure_ascii=False)},
    "the first of two members":   lambda n, v, _: {"answer": b"{%s, %s" % (_json({n: v})[1:-1], _json({n: 1})[1:])},
    "JSON in a text of JSON":     lambda n, v, _: {"answer": _json({"said": json.dumps({n: v})})},
    "a query":                    lambda n, v, _: {"url": f"/x?a=b&{urlencode({n: v})}"},
    "Location":                   lambda n, v, _: {"answered": {"location": f"https://a.example/?{urlencode({n: v})}"}},
    "the fragment of Location":   lambda n, v, _: {"answered": {"location": f"/#{urlencode({n: v}, quote_via=quote)}"}},
    "a Basic header":             lambda _, v, __: {"headers": _basic(v)},
}
# Only what a header, or a text, can hold as it is.
BARE_BIRTHS: Mapping[str, Callable[[str, str, int], Planted]] = {
    "a Bearer header":            lambda _, v, __: {"headers": {"authorization": f"Bearer {v}"}},
    "a ticket":                   lambda _, v, __: {"headers": {"authorization": f'Ticket id="{v}"'}},
    "a cookie":                   lambda _, v, __: {"answered": {"set-cookie": f"did={v}; Path=/"}},
    "a header of one's own":      lambda _, v, __: {"headers": {"x-api-key": v}},
    "an error's text":            lambda n, v, _: {"answer": f"Bad request: {n}={v} is wrong".encode()},
    "what a lost connection said": lambda n, v, _: {"fails": f"cannot reach {HOST}/x?{n}={v}"},
    "a barcode":                  lambda _, v, __: {"answer": _json({"x": f"otpauth://totp/t?enrollment_tx_id={v}&x=1"})},
}
# Where a secret that is known stands again, spelled in any way.
ECHOES: Mapping[str, Callable[[str], Planted]] = {
    "a header":                   lambda text: {"headers": {"x-note": f"see {text} there"}},
    "an error's text":            lambda text: {"answer": f"<p>Invalid value '{text}' given</p>".encode()},
    "what a lost connection said": lambda text: {"fails": f"[Errno 1] {text}"},
    "a body of any kind":         lambda text: {"body": f"see {text} there".encode()},
}
# These encode what they hold: the last of the encodings is theirs.
ENCODING_ECHOES: Mapping[str, Callable[[str], Planted]] = {
    "the path":                   lambda text: {"url": f"/v/{quote(text, safe=_PATH)}/w"},
    "a query":                    lambda text: {"url": f"/v?state={quote(text, safe='')}"},
    "an error":                   lambda text: {"answer": _json({"error": text, "error_description": f"no {text}."})},
    "a name":                     lambda text: {"answer": _json({text: [text]})},
    "a form":                     lambda text: {"body": urlencode({"note": text})},
    "Location":                   lambda text: {"answered": {"location": f"/login?hint={quote(text, safe='/')}"}},
}
# fmt: on
_PATH = "!$&'()*+,;=:@"  # what httpx leaves as it is
ALL_BIRTHS, ALL_ECHOES = {**BIRTHS, **BARE_BIRTHS}, {**ECHOES, **ENCODING_ECHOES}


class Saying(httpx.BaseTransport):
    """Answers, or fails, as it was planted."""

    def __init__(self) -> None:
        self.planted: Planted = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if "fails" in self.planted:
            raise httpx.ConnectError(self.planted["fails"])
        answer = self.planted.get("answer", b"")
        kind = "application/json" if answer[:1] in (b"{", b"[") else "text/html"
        headers = {"content-type": kind, **self.planted.get("answered", {})}
        return httpx.Response(400, headers=headers, content=answer)


def _in_base64(mark: str) -> set[str]:
    """Return what of a mark's base64 is the same whatever stands around it."""
    return {
        base64.b64encode(bytes(before) + mark.encode()).decode()[-(-before * 4 // 3) : (before + len(mark)) * 4 // 3]
        for before in range(3)
    }


_ONCE = _in_base64(MARK)
_TWICE = {each for once in _ONCE for each in _in_base64(once)}
_HIDDEN = {*_ONCE, *_TWICE, *(each for twice in _TWICE for each in _in_base64(twice))}
"""By these a mark is seen that base64 hides: decoding all that looks like base64 takes long."""


def marks(text: str) -> list[str]:
    """Return what of a mark stands in a text, in any case, or in what base64 hides in it, three times at the most."""
    found = re.findall(rf"(?i){MARK}[aZ09]{{5,10}}", text)
    standard = text.translate(str.maketrans("-_", "+/"))
    for run in re.findall(r"[A-Za-z0-9+/]{8,}", standard) if any(each in standard for each in _HIDDEN) else ():
        for start in range(4) if len(run) < 400 else (0,):
            piece = run[start:]
            try:
                found += marks(base64.b64decode(piece[: len(piece) // 4 * 4]).decode("latin-1"))
            except binascii.Error:
                continue
    return found


def planted_in(folder: Path, *plantings: Planted, people: bool = False) -> Scene:
    """Return a lab whose journal has these exchanges, as a real client had them."""
    saying = Saying()
    lab = Lab.live(Settings(tenant="live", domain="tenant.example", client_id="app", confirm="never"), transport=saying)
    lab.journal = a_journal(people=people)
    lab.aliases = lab.journal.aliases
    scene = Scene(lab, folder)
    with scene.watched(), httpx.Client(transport=RecordingTransport(saying, lab.journal, speaker="app")) as http:
        for saying.planted in plantings:
            body, url = saying.planted.get("body", b""), saying.planted.get("url", "/oauth/token")
            kind = FORM if isinstance(body, str) else "application/json"
            headers = {**({"content-type": kind} if body else {}), **saying.planted.get("headers", {})}
            with suppress(NoAnswer):
                http.post(HOST + url, headers=headers, content=body)
    assert lab.aliases.all(), "nothing was learned: this test would see nothing"
    return scene


def leaks(scene: Scene) -> list[str]:
    """Name the surfaces of a planted scene that have its mark."""
    return [name for name, texts in scene.shown(OF_A_JOURNAL).items() if any(map(marks, texts))]


@st.composite
def plantings(draw: st.DrawFn) -> tuple[Planted, Planted]:
    """Draw an exchange in which a secret is born, and one that says it again, spelled in some way."""
    birth, echo = draw(st.sampled_from(sorted(ALL_BIRTHS))), draw(st.sampled_from(sorted(ALL_ECHOES)))
    value = draw(BARE if birth in BARE_BIRTHS else VALUES)
    # What encodes by itself does so once more.
    encodings = draw(st.lists(st.sampled_from(sorted(ENCODINGS)), max_size=3 if echo in ECHOES else 2))
    text = encoded(value, encodings)
    assume(text.isascii() or echo != "a header")
    name, depth = draw(st.sampled_from(SECRET_FIELDS)), draw(st.integers(0, 5))
    return ALL_BIRTHS[birth](name, value, depth), ALL_ECHOES[echo](text)


@pytest.mark.parametrize("people", [False, True], ids=["sandbox", "live"])
@settings(max_examples=EXAMPLES // 2, derandomize=EXAMPLES <= 300, deadline=None, database=None)
@given(planted=plantings(), kind=st.sampled_from(KINDS))
def test_no_secret_is_seen_anywhere(
    people: bool, planted: tuple[Planted, Planted], kind: str, tmp_path_factory: Any
) -> None:
    scene = planted_in(tmp_path_factory.getbasetemp(), *planted, people=people)
    scene.kinds = (kind,)
    assert leaks(scene) == []


@pytest.mark.parametrize("birth", sorted(ALL_BIRTHS))
def test_no_surface_and_no_failure_shows_a_secret_that_is_born_there(birth: str, tmp_path: Path) -> None:
    scene = planted_in(tmp_path, ALL_BIRTHS[birth]("mfa_token", SEEDED, 2))
    assert leaks(scene) == []
    exchange = scene.lab.journal[0]

    def lost() -> None:
        raise NoAnswer(exchange)

    for act in (lambda: exchange["no_such_field"], lost):
        assert [each for each in failure(act) if marks(each)] == []


def test_no_path_no_name_and_no_title_shows_a_secret_that_stands_there(tmp_path: Path) -> None:
    assert leaks(planted_in(tmp_path, {"url": f"/v/Fe26.2*{SEEDED}*aZ09aZ09aZ09aZ09"})) == []
    scene = planted_in(tmp_path, BIRTHS["a form"]("password", SEEDED, 0))
    journal = scene.lab.journal
    journal.step(f"with {SEEDED}")
    request = a_request(url=f"{HOST}/{SEEDED}?{SEEDED}={SEEDED}", json={SEEDED: {SEEDED: [SEEDED]}})
    an_exchange(400, journal=journal, request=request, json={"error": SEEDED, SEEDED: "x", "id": SEEDED})
    an_exchange(journal=journal, request=a_request(form={SEEDED: f"a {SEEDED} b"}), speaker="phone", notes=(SEEDED,))
    assert leaks(scene) == []


# Encodings, and a depth of search that does not find what they hide.
DEPTHS = [(["repr"], 0), (["base64 behind id:"], 0), (["JSON", "JSON"], 1), (["HTML", "percent, lower"], 1)]
DEPTHS += [(["base64", "base64", "base64url"], 2), (["HTML", "JSON", "percent"], 2)]


@pytest.mark.parametrize(("encodings", "deepest"), DEPTHS)
def test_each_encoding_that_is_not_looked_into_is_missed(
    encodings: list[str], deepest: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = f'{SEEDED}<&"é \\>'
    born, echo = BIRTHS["JSON that is answered"]("mfa_token", value, 0), ECHOES["an error's text"]
    for depth, is_seen in ((3, False), (deepest, True)):
        monkeypatch.setattr("auth0_mfa_lab.secrets.aliases.DEEPEST", depth)
        journal = planted_in(tmp_path, born, echo(encoded(value, encodings))).lab.journal
        assert bool(marks(f"{journal[1]!r} {journal!r}")) is is_seen


def test_the_search_sees_a_mark_on_every_surface_once_nothing_is_masked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    births = [BIRTHS[each]("mfa_token", SEEDED, 3) for each in ("a form", "JSON that is answered", "a query")]
    scene = planted_in(tmp_path, *births, ECHOES["what a lost connection said"](SEEDED))
    scene.log.append(f"POST {SEEDED}")
    monkeypatch.setattr(Aliases, "mask_each", lambda _, texts, **__: [str(text) for text in texts])
    assert {*OF_A_JOURNAL} - {*leaks(scene)} == {"aliases"}


# -- of whole labs

Shown = dict[str, list[str]]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[tuple[Scene, Shown]], set[str]]:
    """The sandbox and a live tenant, each with what every surface shows of it; and the classes that showed any."""
    folder = tmp_path_factory.mktemp("scenes")
    with noting() as classes:
        found = []
        for scene in played(folder):
            with scene.watched():
                found.append((scene, scene.shown(SURFACES)))
    return found, classes


Scenes = tuple[list[tuple[Scene, Shown]], set[str]]


def there(shown: Shown, values: set[str], *, alone: bool = False) -> list[str]:
    """Name the surfaces that have one of some values, spelled in any way; `alone`: in no longer word."""
    spelled = "|".join(re.escape(each) for value in values for each in spellings(value))
    found = re.compile(rf"(?<!\w)(?:{spelled})(?!\w)" if alone else spelled)
    return [name for name, texts in shown.items() if any(found.search(text) for text in texts)]


def test_no_secret_that_passed_and_no_person_of_a_live_tenant_is_on_any_surface(scenes: Scenes) -> None:
    for scene, shown in scenes[0]:
        secrets = {each for each in scene.secrets() if len(each) >= 8}
        assert len(secrets) >= 15
        assert [name for name, texts in shown.items() if not texts] == []
        assert there(shown, secrets) == []
        assert there(shown, set(scene.codes), alone=True) == [] or scene.is_live
        who = scene.box.defaults
        people = {who.username, who.email, who.phone_number, who.user_id}
        assert not scene.is_live or there(shown, people) == []
        raw = {"raw": [str(each.request.text) for each in scene.lab.journal]}
        assert there(raw, secrets) == ["raw"], "this search would see nothing"
        assert not scene.is_live or there(raw, people) == ["raw"]


def test_every_class_that_shows_itself_every_error_and_every_command_is_on_a_surface(scenes: Scenes) -> None:
    names, shown = {name for name, _ in public()}, scenes[1]
    left = names - shown
    excused = {name for name in left for known in NOT_SHOWN if name == known or name.startswith(f"{known}.")}
    assert sorted(left - excused) == [], "show it in a scene of tests/surfaces.py"
    assert [known for known in NOT_SHOWN if not any(f"{name}.".startswith(f"{known}.") for name in left)] == []
    assert set(COMMANDS) == set(HOMES)
    assert {each for each in COMMANDS.values() if each} <= shown
