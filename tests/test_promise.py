"""A secret that passes in any place and spelling, and who logs in: no surface of the lab shows it; none is left out."""

import base64
import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import product
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
from auth0_mfa_lab.wire.exchange import FORM, MissingField
from tests.mothers import a_request, an_exchange
from tests.promise import ENCODINGS, SECRET_FIELDS, encoded, spellings
from tests.surfaces import COMMANDS, NOT_SHOWN, OF_A_JOURNAL, SURFACES, Scene, noting, played, public

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

    planted: Planted

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if "fails" in self.planted:
            raise httpx.ConnectError(self.planted["fails"])
        answer = self.planted.get("answer", b"")
        kind = "application/json" if answer[:1] in (b"{", b"[") else "text/html"
        headers = {"content-type": kind, **self.planted.get("answered", {})}
        return httpx.Response(400, headers=headers, content=answer)


def _in_base64(marks: set[str]) -> set[str]:
    """Return what of each mark's base64 is the same whatever stands around it."""
    return {
        base64.b64encode(bytes(before) + mark.encode()).decode()[-(-before * 4 // 3) : (before + len(mark)) * 4 // 3]
        for mark in marks
        for before in range(3)
    }


_ONCE = _in_base64({MARK})
_TWICE = _in_base64(_ONCE)
_HIDDEN = _ONCE | _TWICE | _in_base64(_TWICE)
"""By these a mark is seen that base64 hides: decoding all that looks like base64 takes long."""


def marks(text: str) -> list[str]:
    """Return what of a mark stands in a text, in any case, or in what base64 hides in it, three times at the most."""
    found = re.findall(rf"(?i){MARK}[aZ09]{{5,10}}", text)
    standard = text.translate(str.maketrans("-_", "+/"))
    for run in re.findall(r"[A-Za-z0-9+/]{8,}", standard) if any(each in standard for each in _HIDDEN) else ():
        pieces = (run[start : start + (len(run) - start) // 4 * 4] for start in range(4))
        found += [mark for piece in pieces for mark in marks(base64.b64decode(piece).decode("latin-1"))]
    return found


def planted_in(folder: Path, *plantings: Planted, people: bool = False) -> Scene:
    """Return a live lab whose journal has these exchanges, as a real client had them; `people` are hidden, or shown."""
    named: dict[str, Any] = {"domain": "tenant.example", "client_id": "app", "confirm": "never"}
    saying = Saying()
    lab = Lab.live(Settings(tenant="live", show_people=not people, **named), transport=saying)
    scene = Scene(lab, folder)
    with scene.watched(), lab._http("app") as http:
        for saying.planted in plantings:
            body, url = saying.planted.get("body", b""), saying.planted.get("url", "/oauth/token")
            kind = FORM if isinstance(body, str) else "application/json"
            headers = {**({"content-type": kind} if body else {}), **saying.planted.get("headers", {})}
            with suppress(NoAnswer):
                http.post(HOST + url, headers=headers, content=body)
    assert len(lab.journal) == len(plantings)
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


def test_no_surface_and_no_error_shows_a_secret_wherever_it_is_born(tmp_path: Path) -> None:
    values = (f"{MARK}{''.join(word)}" for word in product("aZ09", repeat=5))
    births = [birth("mfa_token", next(values), 2) for birth in ALL_BIRTHS.values()]
    scene = planted_in(tmp_path, *births, {"url": f"/v/Fe26.2*{next(values)}*aZ09aZ09aZ09aZ09"})
    errors = [f"{MissingField('x', each)} {NoAnswer(each)}" for each in scene.lab.journal]
    assert (leaks(scene), [each for each in errors if marks(each)]) == ([], [])


def test_no_path_no_name_and_no_title_shows_a_secret_that_stands_there(tmp_path: Path) -> None:
    scene = planted_in(tmp_path, BIRTHS["a form"]("password", SEEDED, 0))
    journal = scene.lab.journal
    journal.step(f"with {SEEDED}")
    request = a_request(url=f"{HOST}/{SEEDED}?{SEEDED}={SEEDED}", json={SEEDED: {SEEDED: [SEEDED]}})
    an_exchange(400, journal=journal, request=request, json={"error": SEEDED, SEEDED: "x", "id": SEEDED})
    an_exchange(journal=journal, request=a_request(form={SEEDED: f"a {SEEDED} b"}), speaker="phone", notes=(SEEDED,))
    assert leaks(scene) == []


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
Scenes = tuple[list[tuple[Scene, Shown]], set[str]]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Scenes:
    """The sandbox and a live tenant, each with what every surface shows of it; and the classes that showed any."""
    found = []
    with noting() as classes:
        for scene in played(tmp_path_factory.mktemp("scenes")):
            with scene.watched():
                found.append((scene, scene.shown(SURFACES)))
    return found, classes


def there(shown: Shown, values: set[str]) -> list[str]:
    """Name the surfaces that have one of some values, spelled in any way."""
    spelled = {each for value in values for each in spellings(value)}
    return [name for name, texts in shown.items() if any(each in "\n".join(texts) for each in spelled)]


def test_no_secret_that_passed_and_no_person_of_a_live_tenant_is_on_any_surface(scenes: Scenes) -> None:
    for scene, shown in scenes[0]:
        secrets, who = {each for each in scene.secrets() if len(each) >= 8}, scene.box.defaults
        people = {who.username, who.email, who.phone_number, who.user_id} if scene.is_live else set()
        raw = [str(each.request.text) for each in scene.lab.journal]
        assert len(secrets) >= 15
        assert [name for name, texts in shown.items() if not texts] == []
        assert there(shown, secrets | people) == []
        assert [(code, name) for code in scene.codes for name, texts in shown.items() if _alone(code, texts)] == []
        for values in filter(None, (secrets, people)):
            assert there({"raw": raw}, values) == ["raw"], "this search would see nothing"


def _alone(code: str, texts: list[str]) -> bool:
    return re.search(rf"(?<!\w){code}(?!\w)", "\n".join(texts)) is not None


def test_every_class_that_shows_itself_every_error_and_every_command_is_on_a_surface(scenes: Scenes) -> None:
    names, shown = {name for name, _ in public()}, scenes[1]
    left = names - shown
    excused = {name for name in left for known in NOT_SHOWN if name == known or name.startswith(f"{known}.")}
    assert sorted(left - excused) == [], "show it in a scene of tests/surfaces.py"
    assert [known for known in NOT_SHOWN if not any(f"{name}.".startswith(f"{known}.") for name in left)] == []
    assert set(COMMANDS) == set(HOMES)
    assert {each for each in COMMANDS.values() if each} <= shown
