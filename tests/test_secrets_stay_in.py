"""Nothing that the lab shows holds a secret: the push flow is walked, and whatever can be seen of it is searched.

What is secret is listed here anew, by field, from the raw bodies: a field that the lab forgot would be found.
"""

from __future__ import annotations

import copy
import logging
import pickle
import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpcore
import httpx
import ipywidgets
import pytest
from IPython.core.formatters import DisplayFormatter
from IPython.core.ultratb import VerboseTB
from ipywidgets.widgets import widget

from auth0_mfa_lab import Lab, LabError, NoAnswer
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.show.panels.qr import QrPanel
from auth0_mfa_lab.tenants.users import User
from auth0_mfa_lab.wire.exchange import Exchange
from tests.mothers import Scripted, a_live_lab, a_phone_of, a_real_clock, live_settings

SECRET_FIELDS = {
    *("password", "client_secret", "mfa_token", "oob_code", "recovery_codes", "access_token", "id_token"),
    *("refresh_token", "token", "secret", "challenge_response", "n", "identifier"),
}
FORMATTER = DisplayFormatter()


@dataclass
class Walk:
    """A walked flow: all that was seen of it, and what must not be in it."""

    lab: Lab
    seen: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    others: frozenset[str] = field(default_factory=lambda: frozenset(widget._instances))
    """The widgets of those who walked before."""

    def see(self, name: str, value: Any) -> None:
        """Show a value in each way that a notebook, a log or a person's print of a container would."""
        self.seen[f"{name} in a container"] = f"{({'x': value},)}"
        data, metadata = FORMATTER.format(value)
        self.seen[f"{name} in IPython"] = f"{data} {metadata}"

    def see_failure(self, name: str, act: Callable[[], Any]) -> None:
        """Let something fail, and show the failure in each way that Python and IPython have."""
        try:
            act()
        except Exception as failure:
            self.seen[f"{name}: message"] = f"{failure} {failure!r}"
            self.seen[f"{name}: traceback"] = "".join(traceback.format_exception(failure))
            if isinstance(failure, LabError):
                verbose = VerboseTB(include_vars=True).text(type(failure), failure, failure.__traceback__)
                self.seen[f"{name}: verbose traceback"] = re.sub(r"\x1b\[[\d;]*m", "", verbose)
        else:
            raise AssertionError(f"{name} did not fail")


def raw_secrets(lab: Lab) -> Iterator[str]:
    """Collect every secret of a journal from its raw bodies and headers."""
    for exchange in lab.journal:
        for message in (exchange.request, exchange.response):
            if message is None:
                continue
            yield from _in_json(message.raw_data(), "")
            if value := message.header("authorization"):
                yield str(value).rpartition(" ")[2].removeprefix('id="').removesuffix('"')


def _in_json(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _in_json(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from _in_json(each, name)
    elif isinstance(value, str) and name in SECRET_FIELDS:
        yield value
    elif isinstance(value, str) and value.startswith("otpauth:"):
        yield parse_qs(urlsplit(value).query)["enrollment_tx_id"][0]


def walk(lab: Lab, user: User, scan: Callable[[str], object], allow: Callable[[], object], seen: Walk) -> None:
    """Enroll, poll, list, challenge, poll by panel: and look at everything on the way."""
    lab.step("1. enroll")
    password = user.password
    realm = "Username-Password-Authentication"
    login = lab.client.password_grant(
        username=user.username, password=password, realm=realm, audience=lab.audience, scope="openid offline_access"
    )
    enrollment = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    picture = lab.qr(enrollment["barcode_uri"])
    if isinstance(picture, QrPanel):
        picture.show()
        seen.see("the live QR", picture)
    else:
        seen.seen["the QR"] = repr(picture)
    scan(enrollment["barcode_uri"])
    run = lab.poll(mfa_token=login["mfa_token"], oob_code=enrollment["oob_code"])
    seen.see("the poll", run)
    assert run.exchange is not None
    lab.step("2. challenge")
    login = lab.client.password_grant(username=user.username, password=password, audience=lab.audience, scope="openid")
    lab.client.mfa_authenticators(login["mfa_token"])
    pushed = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    panel = lab.poll_panel(mfa_token=login["mfa_token"], oob_code=pushed["oob_code"])
    seen.see("the panel, pending", panel)
    panel.poll_once()
    seen.see("the pushes", lab.phone.notifications)
    allow()
    panel.poll_until_done()
    assert panel.run.exchange is not None
    assert panel.run.exchange.status == 200
    seen.see("the panel", panel)
    seen.see("the user", user)
    seen.see("its password", password)
    for failure in ("spent", "malformed"):
        oob_code = pushed["oob_code"] if failure == "spent" else f"{pushed['oob_code']}x"
        refused = lab.poll(mfa_token=login["mfa_token"], oob_code=oob_code)
        seen.see(f"a {failure} oob_code", refused)
    _see_what_fails(lab, seen, login, pushed, enrollment)


def _see_what_fails(lab: Lab, seen: Walk, login: Exchange, pushed: Exchange, enrollment: Exchange) -> None:
    seen.see_failure("a missing field", lambda: login["access_token"])
    seen.see_failure("nonsense to scan", lambda: lab.phone.scan(b"nonsense").no_such_attribute)  # type: ignore[union-attr]
    seen.see_failure("a false claim", lambda: lab.claim("it does not hold", holds=False))
    for name, value in {"pickled": login["mfa_token"], "a pickled body": login.json}.items():
        seen.see_failure(name, lambda value=value: pickle.dumps(value))  # type: ignore[misc]  # bound now
        seen.see_failure(f"{name}, as a copy", lambda value=value: copy.deepcopy(value))  # type: ignore[misc]
    for name, value in {"a pickled exchange": login, "a pickled journal": lab.journal, "a pickled lab": lab}.items():
        seen.see_failure(name, lambda value=value: pickle.dumps(value))  # type: ignore[misc]
    client, token = lab.client, login["mfa_token"]
    lost: dict[str, Callable[[], Exchange]] = {
        "associate": lambda: client.mfa_associate(token, authenticator_types=["oob"], oob_channels=["auth0"]),
        "authenticators": lambda: client.mfa_authenticators(token),
        "challenge": lambda: client.mfa_challenge(mfa_token=token),
        "grant": lambda: client.mfa_oob_grant(mfa_token=token, oob_code=pushed["oob_code"]),
        "any": lambda: client.send("POST", "/x", json=enrollment.json, bearer=token, as_application=True),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab._transport, "handle_request", Scripted(httpx.ConnectError("lost")).handle_request)
        for name, act in lost.items():
            with pytest.raises(NoAnswer):
                act()
            seen.see_failure(f"no answer to {name}", act)


def look_back(seen: Walk) -> None:
    """Show what the lab keeps, once everything has passed."""
    lab = seen.lab
    for name, value in {
        "the lab": lab,
        "its settings": lab.settings,
        "its client": lab.client,
        "its phone": lab.phone,
        "its aliases": lab.aliases,
        "the journal": lab.journal,
        "a run": lab.journal.runs()[-1],
        "the diagram": lab.diagram(),
    }.items():
        seen.see(name, value)
    for exchange in lab.journal:
        name = f"exchange {exchange.number}"
        seen.see(name, exchange)
        seen.see(f"{name}: JSON", exchange.json)
        seen.see(f"{name}: curl", lab.curl(exchange))
        seen.see(f"{name}: URL", exchange.request.url)
        for message in (exchange.request, exchange.response):
            if message is not None:
                seen.see(f"{name}: {type(message).__name__}", message)
                seen.see(f"{name}: {type(message).__name__}, parts", [message.headers, message.body, message.text])
        for token in ("id_token", "access_token"):
            if token in exchange:
                seen.see(f"{name}: claims of {token}", exchange.claims(token))
    for each in [each for name, each in widget._instances.items() if name not in seen.others]:
        seen.seen[f"widget {each.model_id}"] = str(each.get_state())
    seen.secrets |= {str(secret) for secret in raw_secrets(lab)}


@pytest.fixture(scope="module")
def logged() -> Iterator[list[str]]:
    """Collect what anybody logs at DEBUG."""
    lines: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    handler, root = Handler(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture(scope="module")
def sandbox(logged: list[str]) -> Walk:
    """Walk in the sandbox, where the phone speaks too."""
    lab = Lab.sandbox(seed=3)
    seen = Walk(lab)
    user = lab.user()
    walk(lab, user, lab.phone.scan, lab.phone.allow, seen)
    code = lab.phone.code()
    seen.see("a code", code)
    look_back(seen)
    seen.codes.add(str(code))
    box, screen = lab._sandbox, lab._screen
    assert box is not None
    assert screen is not None
    phone = screen.phone
    pushes = box.delivery.pushes(phone.push_token)
    seen.secrets |= {str(push.payload[name]) for push in pushes for name in ("txtkn", "c")}
    seen.secrets |= {phone.push_token, phone.identifier, *(one.token for one in phone.enrollments)}
    seen.secrets |= {str(user.password), box.defaults.client_secret}
    seen.seen["the log"] = "\n".join(logged)
    return seen


def live(logged: list[str], *, show_people: bool) -> tuple[Walk, set[str]]:
    """Walk on a tenant of one's own; return what was seen, and who the person is."""
    box = Sandbox(domain="tenant.example", seed=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auth0_mfa_lab.lab.RealClock", lambda: a_real_clock(box))
        lab = a_live_lab(box, show_people=show_people)
    seen = Walk(lab)
    phone = a_phone_of(box)
    user = lab.user()
    walk(lab, user, lambda uri: phone.scan(str(uri)), phone.allow, seen)
    unreachable = Lab.live(live_settings(box, show_people=show_people), transport=Scripted(httpx.ConnectError("lost")))
    seen.see_failure("no answer to the user's login", unreachable.user)
    half = Scripted(httpx.Response(403, json={"mfa_token": "half-way-mfa-token"}), httpx.ConnectError("lost"))
    halfway = Lab.live(live_settings(box, show_people=show_people), transport=half)
    seen.see_failure("no answer to the user's list", halfway.user)
    seen.see_failure("a user that does not fit", lab.user)
    look_back(seen)
    seen.secrets |= {box.defaults.password, box.defaults.client_secret, "half-way-mfa-token"}
    seen.secrets |= {
        str(push.payload[name]) for push in box.delivery.pushes(phone.push_token) for name in ("txtkn", "c")
    }
    seen.seen["the log"] = "\n".join(logged)
    defaults = box.defaults
    return seen, {defaults.username, defaults.email, defaults.phone_number, defaults.user_id}


@pytest.fixture(scope="module")
def hidden(logged: list[str]) -> tuple[Walk, set[str]]:
    return live(logged, show_people=False)


@pytest.fixture(scope="module")
def open_about_people(logged: list[str]) -> tuple[Walk, set[str]]:
    return live(logged, show_people=True)


def leaks(seen: Walk, secrets: set[str]) -> list[str]:
    """Name each sight that holds a secret, as it is or percent-encoded; never the secret itself."""
    spelled = {spelling: secret for secret in secrets for spelling in (secret, quote(secret, safe=""))}
    found = [name for name, text in seen.seen.items() if any(spelling in text for spelling in spelled)]
    codes = [re.compile(rf"(?<!\w){code}(?!\w)") for code in seen.codes]
    return found + [name for name, text in seen.seen.items() if any(code.search(text) for code in codes)]


def test_the_walk_had_secrets_and_saw_much(sandbox: Walk, hidden: tuple[Walk, set[str]]) -> None:
    for seen in (sandbox, hidden[0]):
        assert len(seen.secrets) >= 15
        assert all(len(secret) >= 8 for secret in seen.secrets)
        assert len(seen.seen) > 100
        assert "<mfa_token 1>" in seen.seen["exchange 2 in IPython"] + seen.seen["exchange 3 in IPython"]


def test_no_secret_of_the_sandbox_is_seen(sandbox: Walk) -> None:
    assert leaks(sandbox, sandbox.secrets) == []


def test_no_secret_and_nobody_of_a_live_tenant_is_seen(hidden: tuple[Walk, set[str]]) -> None:
    seen, people = hidden
    assert leaks(seen, seen.secrets) == []
    assert leaks(seen, people) == []


def test_with_people_shown_they_are_seen_and_secrets_are_not(open_about_people: tuple[Walk, set[str]]) -> None:
    seen, people = open_about_people
    assert leaks(seen, seen.secrets) == []
    assert leaks(seen, people) != []


@pytest.mark.usefixtures("labs_of_this_test_only")
def test_the_log_of_a_real_connection_holds_no_secret(logged: list[str]) -> None:
    body = b'{"error": "mfa_required", "mfa_token": "a-token-over-the-network"}'
    head = b"HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    box = Sandbox(domain="tenant.example", seed=5)
    transport = httpx.HTTPTransport()
    transport._pool = httpcore.ConnectionPool(network_backend=httpcore.MockBackend([head, body]))
    lab = Lab.live(live_settings(box), transport=transport)
    begun = len(logged)
    login = lab.client.password_grant(username=box.defaults.username, password=box.defaults.password)
    assert login["mfa_token"] == "a-token-over-the-network"
    log = "\n".join(logged[begun:])
    assert "HTTP Request: POST https://tenant.example/oauth/token" in log
    for secret in ("a-token-over-the-network", box.defaults.password, box.defaults.client_secret, "jane.roe"):
        assert secret not in log
    transport.close()


def test_a_live_lab_remembers_no_person_in_a_widget(hidden: tuple[Walk, set[str]]) -> None:
    assert isinstance(widget._instances, dict)
    assert any(isinstance(each, ipywidgets.Button) for each in widget._instances.values())
    assert [name for name in leaks(hidden[0], hidden[1]) if name.startswith("widget")] == []


def test_what_the_lab_could_not_do_is_always_a_lab_error(hidden: tuple[Walk, set[str]]) -> None:
    assert issubclass(NoAnswer, LabError)
    assert "NoAnswer" in hidden[0].seen["no answer to the user's login: message"]
    assert "UserDoesNotFit" in hidden[0].seen["a user that does not fit: message"]


@pytest.mark.parametrize("broken", ["half of a pair", "no JSON", "no header"])
def test_a_request_that_cannot_be_written_shows_no_secret_in_any_frame(broken: str) -> None:
    lab = Lab.sandbox()
    user = lab.user(factors=[])
    token = lab.client.password_grant(username=user.username, password=user.password)["mfa_token"]
    acts: dict[str, Callable[[], object]] = {
        "half of a pair": lambda: lab.client.password_grant(username="\ud800", password=user.password),
        "no JSON": lambda: lab.client.send("POST", "/mfa/challenge", bearer=token, json={"a": object()}),
        "no header": lambda: lab.client.mfa_authenticators(token + "…"),
    }
    with pytest.raises(LabError, match="The request cannot be written") as raised:
        acts[broken]()
    verbose = VerboseTB(include_vars=True).text(type(raised.value), raised.value, raised.value.__traceback__)
    (client_secret,) = parse_qs(str(lab.journal[0].request.text))["client_secret"]
    assert not [secret for secret in (str(token)[:60], str(user.password), client_secret) if secret in verbose]
    assert len(lab.journal) == 1
