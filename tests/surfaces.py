"""The registry of surfaces: whatever shows, exports, logs, raises or saves something, and what it shows of a scene."""

from __future__ import annotations

import asyncio
import copy
import importlib
import json
import logging
import pickle
import pkgutil
import re
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anywidget
import httpx
import pytest
from IPython.core.formatters import DisplayFormatter
from IPython.core.ultratb import VerboseTB
from ipywidgets.widgets import widget

import auth0_mfa_lab
from auth0_mfa_lab import Lab, pytest_plugin
from auth0_mfa_lab.cli import journal as command
from auth0_mfa_lab.exports.export import KINDS
from auth0_mfa_lab.exports.plan import Planner
from auth0_mfa_lab.live.drift.drift import drift_of
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.received import Heard
from auth0_mfa_lab.secrets.scan import scan
from auth0_mfa_lab.secrets.standins import texts_in
from auth0_mfa_lab.served.journal import ServedJournal
from auth0_mfa_lab.served.routes import exchanges
from auth0_mfa_lab.show.phone import what_now
from auth0_mfa_lab.show.poll import PollView
from auth0_mfa_lab.vary.matrix import Row, differs, junit
from auth0_mfa_lab.vary.met import NOTE, Met, asked
from auth0_mfa_lab.vary.suite import Run
from auth0_mfa_lab.wire.exchange import Exchange
from tests.mothers import Scripted, a_live_lab, a_phone_of, a_real_clock
from tests.promise import SECRET_FIELDS

FORMATTER = DisplayFormatter()  # to make one takes longer than what it does
SHOWS = ("__repr__", "__str__", "__format__", "_repr_mimebundle_", "_ipython_display_", "static_html")
SECRET = {*SECRET_FIELDS, "recovery_codes", "token", "challenge_response", "n", "identifier"}


class Scene:
    """A lab in which something has happened; `log` is what was logged, `sent` what was sent to a page, less buffers."""

    box: Sandbox
    user: Any
    phone: Any
    login: Exchange
    enrolled: Exchange
    polled: Any
    pushes: Any
    kinds: tuple[str, ...] = KINDS
    codes: tuple[str, ...] = ()

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.folder, self.is_live = lab, folder, lab.settings.tenant == "live"
        self.log: list[str] = []
        self.sent: list[Any] = []
        self.older = frozenset(widget._instances)

    def shown(self, surfaces: Mapping[str, Shows]) -> dict[str, list[str]]:
        """Return what some surfaces show of it."""
        return {name: [seen(each) for each in shows(self)] for name, shows in surfaces.items()}

    def widgets(self) -> list[Any]:
        """Return the widgets of this scene alone."""
        return [each for name, each in widget._instances.items() if name not in self.older]

    def secrets(self) -> Iterator[str]:
        """Yield every secret that passed, by its field in the raw bodies: one that the lab forgot is found too."""
        for exchange in self.lab.journal:
            for message in filter(None, (exchange.request, exchange.response)):
                texts = [*texts_in(message.raw_data())]
                yield from (text for name, text in texts if name in SECRET)
                yield from (re.findall("tx_id=([^&]*)", text)[0] for _, text in texts if text.startswith("otpauth:"))
                yield re.sub(r"^.* |id=|\"", "", str(message.header("authorization") or ""))
        yield from (self.box.defaults.password, self.box.defaults.client_secret, str(self.user.password))
        pushes = self.box.delivery.pushes(self.phone.push_token)
        yield from (self.phone.push_token, self.phone.identifier)
        yield from (str(push.payload[name]) for push in pushes for name in ("txtkn", "c"))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keep what is logged at any level, and what is sent to a page, in a block."""
        root, handler = logging.getLogger(), logging.Handler()
        handler.emit = lambda record: self.log.append(f"{record.getMessage()} {vars(record)!r}")  # type: ignore[method-assign]  # of this one alone
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(anywidget.AnyWidget, "send", lambda _, content, buffers=None: self.sent.append(content))
            patch.setattr(root, "handlers", [handler])
            patch.setattr(root, "level", logging.DEBUG)
            logging.Logger.manager._clear_cache()  # type: ignore[attr-defined]  # logging's own
            yield
        logging.Logger.manager._clear_cache()  # type: ignore[attr-defined]  # logging's own


def seen(value: Any) -> str:
    """Return a value as print of a container, a notebook, `vars()` and its methods show it; a plain text as it is."""
    if type(value) is str:
        return value
    displayed: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:  # where there is no cell, IPython would begin a shell to display it
        patch.setattr("IPython.display.publish_display_data", displayed.append)
        data, metadata = FORMATTER.format(value)
    static = value.static_html() if hasattr(value, "static_html") else ""
    return f"{({'x': value},)} {data} {metadata} {displayed} {getattr(value, '__dict__', '')!r} {static}"


def failure(act: Callable[[], object]) -> list[str]:
    """Return what Python, a cell, IPython's verbose mode and pytest show of what an act raises, with all locals."""
    try:
        act()
    except Exception as error:
        cell: list[str] = getattr(error, "_render_traceback_", list)()
        verbose = VerboseTB(theme_name="nocolor").text(type(error), error, error.__traceback__)
        long = str(pytest.ExceptionInfo.from_exception(error).getrepr(showlocals=True, funcargs=True))
        return [f"{error} {error!r}", "".join(traceback.format_exception(error)), *cell, verbose, long]
    raise AssertionError("this did not fail")


# -- what is shown


def of_exchanges(scene: Scene) -> Iterator[Any]:
    """Yield all that an exchange gives of itself; `str()`, the body and a buffer alone are raw."""
    for exchange in scene.lab.journal:
        yield from (exchange, exchange.json, exchange.failure, exchange.outcome, exchange.notes)
        yield [exchange.error, exchange.error_description]
        yield from (exchange.claims(name) for name in ("id_token", "access_token") if name in exchange)
        request = exchange.request
        yield [request.url, request.host, request.target, request.method, [*request.url]]
        for message in filter(None, (request, exchange.response)):
            yield [message, message.headers, message.body, str(message.body), message.text, message.raw_data()]


def of_aliases(scene: Scene) -> Iterator[Any]:
    aliases, journal = scene.lab.aliases, scene.lab.journal
    yield from (aliases, aliases.all(), aliases.finds([each.request.text for each in journal]))
    for alias in {each.kind: each for each in aliases.all()}.values():
        uses = journal.where(alias.shown)
        yield from (uses, [*uses], uses.columns)


def of_exports(scene: Scene) -> Iterator[Any]:
    for kind in scene.kinds:
        for exchange in scene.lab.journal.http if kind == "curl" else [None]:
            made = scene.lab.export(kind, exchange)
            yield from (made, made.save(scene.folder / "saved"), (scene.folder / "saved").read_text("utf-8"))


def of_panels(scene: Scene) -> Iterator[Any]:
    """Yield each panel, and what it draws, once a page has asked for what it shows."""
    lab, barcode = scene.lab, scene.enrolled["barcode_uri"]
    qr, phone, revealed = lab.qr_panel(barcode), lab.phone_panel(), lab.reveal("<mfa_token 1>")
    copied = lab.copy_runnable(lab.journal[0])
    poll = lab.push_panel(mfa_token=scene.login["mfa_token"], oob_code=scene.enrolled["oob_code"])
    qr.show()
    if not scene.is_live:
        phone.show_code()
        yield from (lab.qr(barcode), phone.card, *phone.card.codes)
    for drawn in (*qr._place.children, *revealed._place.children):
        drawn._handle_custom_msg({"kind": "ready"}, [])
    copied._place._handle_custom_msg({"kind": "copy", "press": "1"}, [])
    view = PollView.of(scene.polled, lab.clock.now())
    yield from (qr, qr.card, qr._barcode, phone, revealed, copied, copied._place.label)
    yield from (poll, view, view.html(scene.polled), what_now(lab.journal), what_now(lab.journal).html())


def of_a_person(scene: Scene) -> Iterator[Any]:
    lab = scene.lab
    yield from (scene.user, [scene.user.password])
    if scene.is_live:
        found = lab.doctor()
        yield from (found, found.findings, lab.cleanup(dry_run=True))
    else:
        yield from (scene.pushes, lab.limits(scene.user).rows, lab.inbox.latest(str(scene.user.phone_number)))
        lab.export("har").save(scene.folder / "run.har")
        yield drift_of(scene.folder / "run.har")


def of_the_plugin(scene: Scene) -> Iterator[Any]:
    token = scene.login["mfa_token"]
    named: dict[str, Any] = {"user_id": "auth0|1", "username": "", "phone_number": "", "email": "", "factors": ()}
    yield pytest_plugin.User(**named, password=str(token), recovery_code=str(token))
    yield pytest_plugin.Message(address="", channel="sms", purpose="mfa", code=str(token), link=token, text=token)
    yield "\n".join(pytest_plugin.pytest_assertrepr_compare("==", token, "x") or ["nothing"])


def of_a_server(scene: Scene) -> Iterator[str]:
    """Yield what a served tenant's journal tells of these exchanges, to its page, a command and a report."""
    journal = ServedJournal()
    for each in () if scene.is_live else scene.lab.journal.http:  # a served tenant has no people
        request, response = each.request, each.response
        asked, answered = (
            [(name.encode(), str(value).encode()) for name, value in message.headers] if message else []
            for message in (request, response)
        )
        heard = Heard(
            number=each.number,
            method=str(request.method),
            path=str(request.target).partition("?")[0],
            url=str(request.url),
            headers=asked,
            content=bytes(request.body),
            is_a_phones=each.speaker == "phone",
            connection="127.0.0.1:1",
            at=each.at,
            arrived=each.at,
            moved=0.0,
            status=each.status,
            answered=answered,
            body=bytes(response.body) if response else b"",
        )
        journal.heard(heard)
    told = asyncio.run(exchanges(journal))["exchanges"]
    yield from (json.dumps(told), json.dumps(journal.entries()), *map(str, journal.read()))
    yield from (command._text({**each, "run": None}) + command._json(each) for each in told)


def of_vary(scene: Scene) -> Iterator[str]:
    """Yield what `vary` tells of these exchanges, as if each had been varied: text, JSON, JUnit, a server's report."""
    varied = [replace(each, notes=(f"{NOTE}order",)) for each in scene.lab.journal.http]
    met = Met(Counter(order=1), [*asked(varied)])
    run = Run(name="order", ids=("order",), status=1, seconds=1.0, met=met, output=scene.folder / "output.txt")
    row = Row(run, Met(), ["pytest"])
    yield from (
        *row.lines(),
        json.dumps(row.json()),
        junit([row]).decode(),
        json.dumps(vars(met)),
        f"{row} {differs([], met.asked)}",
    )


def of_errors(scene: Scene) -> Iterator[str]:
    """Yield how errors are shown: of a wrong call, of what cannot be carried away, of a request without an answer."""
    lab, login, token = scene.lab, scene.login, scene.login["mfa_token"]
    acts: list[Callable[[], object]] = [
        lambda: login["no_such_field"],
        lambda: lab.claim("this does not hold", holds=False),
        lambda: lab.reveal("<mfa_token 99>"),
        lambda: lab.export(token),
        lambda: lab.client.password_grant(username="\ud800", password=token),
        lambda: lab.client.send("POST", "/mfa/challenge", bearer=token, json={"a": object()}),
        lambda: lab.client.mfa_authenticators(token + "…"),
    ]
    if scene.is_live:
        acts += [lambda: lab.user(factors=["email"])]
    else:
        acts += [lambda: lab.phone.scan(b"nonsense"), lambda: lab.inbox.latest("nobody@example.com"), lab.phone.allow]
        acts += [lambda: lab.clock.advance(-1)]
    for held in (login, login.request, login.request.text, lab.journal, lab, lab.journal.operations):
        for carry in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError) as refused:
                carry(held)
            yield str(refused.value)
    for act in acts:
        yield from failure(act)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab._transport, "handle_request", Scripted(httpx.ConnectError("lost")).handle_request)
        sent = {"json": scene.enrolled.json, "bearer": token, "as_application": True}
        yield from failure(lambda: lab.client.send("POST", "/x", **sent))


Shows = Callable[[Scene], Iterable[Any]]
"""What a surface shows of a scene: values, each shown in every way that Python and a notebook have, or plain texts."""
# fmt: off
OF_A_JOURNAL: Mapping[str, Shows] = {  # of any journal, whatever was planted in it
    "exchanges":         of_exchanges,
    "the journal":       lambda s: [j := s.lab.journal, j.runs(), repr(j.operations), [*j.operations]],
    "exports":           of_exports,
    "aliases":           of_aliases,
    "conduct":           lambda s: [j := s.lab.conduct(allow={"poll-interval": s.lab.domain}), j.as_json(), j.verdicts],
    "the log":           lambda s: s.log,
}
SURFACES: Mapping[str, Shows] = {
    "errors":            of_errors,
    **OF_A_JOURNAL,
    "the lab":           lambda s: [s.lab, s.lab.settings, s.lab.client, s.lab.management("t"), s.lab.claim("", True)],
    "the plan":          lambda s: [Planner(s.lab.journal).plan()],
    "a poll":            lambda s: [s.polled, s.polled.poll],
    "a token":           lambda s: [made := s.lab.inspect(s.login["mfa_token"]), made.verdicts],
    "a user":            of_a_person,
    "a served journal":  of_a_server,
    "the plugin":        of_the_plugin,
    "vary":              of_vary,
    "a scan":            lambda s: [scan(".env", b"mfa_token=" + s.login["mfa_token"].encode())],
    "panels":            of_panels,
    "messages to pages": lambda s: map(str, s.sent),
    "widget state":      lambda s: [str(each.get_state()) for each in s.widgets()],
}
NOT_SHOWN: Mapping[str, str] = {  # a class, or all in a module, and why no scene shows it
    "sandbox":                       "what the server is made of",
    "conduct.rules.Finding":         "a value on its way to a Verdict",
    "cli.tenant.Failed":             "has the text of a LabError",
    "errors":                        "no sentence of the others has a value in it",
    "exports.plan":                  "not every plan has each of its parts",
    "live.doctor":                   "rows of a Diagnosis: tests/live",
    "live.drift":                    "rows of a Drift: tests/live",
    "live.leftovers":                "rows of Leftovers: tests/live",
    "polling.Answer":                "a sentence about a status",
    "pytest_plugin.Push":            "a place and a browser",
    "secrets.kinds._Search":         "a switch",
    "secrets.reading.Value":         "a value of a document on its way to a Find",
    "secrets.scan._Leak":            "a value on its way to a Find",
    "secrets.scan._Text":            "a text on its way to a Find",
    "wire.har._Unlike":              "the name of a field on its way to a LabError",
}
COMMANDS: Mapping[str, str | None] = {  # a command, and what of a lab it prints; the others print no journal
    "doctor": "live.doctor.doctor.Diagnosis", "drift": "live.drift.drift.Drift", "cleanup": "live.leftovers.Leftovers",
    "scan": "secrets.scan.Find",
    "journal": "wire.exchange.Exchange", "vary": "wire.exchange.Exchange",
    "conduct": "conduct.report.Conduct",
    **dict.fromkeys(("clock", "code", "fail", "notebooks", "open", "page", "phone", "push", "reset", "serve")),
}
# fmt: on


def public() -> Iterator[tuple[str, type]]:
    """Yield every class of the package that shows itself in a way of its own, and every error, by its name."""
    for found in pkgutil.walk_packages(auth0_mfa_lab.__path__, "auth0_mfa_lab."):
        for each in vars(importlib.import_module(found.name)).values():
            is_here = isinstance(each, type) and each.__module__ == found.name
            if is_here and (issubclass(each, BaseException) or any(name in vars(each) for name in SHOWS)):
                yield f"{found.name.partition('.')[2]}.{each.__qualname__}", each


@contextmanager
def noting() -> Iterator[set[str]]:
    """Note the name of every public class of which something is shown in a block."""
    shown: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        for name, each in public():
            if issubclass(each, BaseException):
                patch.setattr(each, "__init__", _noting(each.__init__, name, shown))
            for method in {*SHOWS} & {*vars(each)}:
                patch.setattr(each, method, _noting(vars(each)[method], name, shown))
        yield shown


def _noting(method: Any, name: str, shown: set[str]) -> Any:
    def noting(self: Any, *arguments: Any, **named: Any) -> Any:
        shown.add(name)
        return method(self, *arguments, **named)

    return property(lambda self: noting(self)) if isinstance(method, property) else noting


# -- scenes


def _walk(scene: Scene, read: Callable[[str], object], allow: Callable[[], object]) -> None:
    """Enroll, poll, challenge, poll again in a panel, and try what is spent or malformed."""
    lab, user = scene.lab, scene.user
    lab.step("1. enroll")
    who: dict[str, Any] = {"username": user.username, "password": user.password, "audience": lab.audience}
    login = lab.client.password_grant(**who, realm="Username-Password-Authentication", scope="openid offline_access")
    begun = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    scene.login, scene.enrolled = login, begun
    read(begun["barcode_uri"])
    scene.polled = lab.poll(mfa_token=login["mfa_token"], oob_code=begun["oob_code"])
    lab.step("2. challenge")
    again = lab.client.password_grant(**who, scope="openid")
    lab.client.mfa_authenticators(again["mfa_token"])
    pushed = lab.client.mfa_challenge(mfa_token=again["mfa_token"], challenge_type="oob")
    panel = lab.poll_panel(mfa_token=again["mfa_token"], oob_code=pushed["oob_code"])
    panel.poll_once()
    scene.pushes = () if scene.is_live else lab.phone.notifications
    allow()
    assert "access_token" in (panel.poll_until_done().exchange or ())
    for oob_code in (pushed["oob_code"], pushed["oob_code"] + "x"):
        lab.poll(mfa_token=again["mfa_token"], oob_code=oob_code)


def _in_the_sandbox(folder: Path) -> Scene:
    lab = Lab.sandbox(seed=3)
    scene = Scene(lab, folder)
    with scene.watched():
        scene.user = lab.user(factors=[])
        _walk(scene, lab.phone.scan, lab.phone.allow)
        user = scene.user = lab.user(factors=["otp", "sms"])
        login = lab.client.password_grant(username=user.username, password=user.password)
        sms = next(each for each in lab.client.mfa_authenticators(login["mfa_token"]).json if "oob_channel" in each)
        lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob", authenticator_id=sms["id"])
        scene.codes = (str(lab.phone.code()), str(lab.inbox.latest(str(user.phone_number)).code))
    assert lab._sandbox
    assert lab._screen
    scene.box, scene.phone = lab._sandbox, lab._screen.phone
    return scene


def _on_a_live_tenant(folder: Path) -> Scene:
    box = Sandbox(domain="tenant.example", seed=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auth0_mfa_lab.lab.RealClock", lambda: a_real_clock(box))
        scene = Scene(a_live_lab(box), folder)
    scene.box, scene.phone = box, a_phone_of(box)
    with scene.watched():
        scene.user = scene.lab.user()
        _walk(scene, lambda uri: scene.phone.scan(str(uri)), scene.phone.allow)
    return scene


def played(folder: Path) -> list[Scene]:
    """Return the scenes: in the sandbox, and on a live tenant whose people are hidden."""
    return [_in_the_sandbox(folder), _on_a_live_tenant(folder)]
