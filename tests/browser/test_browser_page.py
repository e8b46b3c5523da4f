"""The page for people at `/_lab/`: its phone and its inbox, by mouse and by keyboard, and hostile texts as texts."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from auth0_mfa_lab.pytest_plugin import Auth0Mfa, User
from auth0_mfa_lab.show.qr import qr_png
from tests.browser.evidence import Evidence

HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
TITLE = "Phone and inbox · Auth0 MFA lab"
WIDE, NARROW = 1100, 320
OOB = "http://auth0.com/oauth/grant-type/mfa-oob"


class App:
    """An application that logs people in, as far as the page has something to show of it."""

    def __init__(self, tenant: Auth0Mfa, http: httpx.Client) -> None:
        self._http = http
        self._own = {
            "client_id": tenant.env["AUTH0_CLIENT_ID"],
            "client_secret": tenant.env["AUTH0_CLIENT_SECRET"],
        }

    def login(self, user: User) -> str:
        """Send the password; return the mfa_token."""
        form = {"grant_type": "password", "username": user.username, "password": user.password, **self._own}
        return str(self._http.post("/oauth/token", data=form).json()["mfa_token"])

    def enrollment(self, user: User) -> dict[str, Any]:
        """Begin to enroll a phone."""
        answer = self._http.post(
            "/mfa/associate",
            headers={"authorization": f"Bearer {self.login(user)}"},
            json={"authenticator_types": ["oob"], "oob_channels": ["auth0"]},
        )
        return dict(answer.json())

    def challenge(self, user: User) -> Callable[[], httpx.Response]:
        """Challenge the user's only factor; what is returned polls."""
        proof = {"mfa_token": self.login(user), **self._own}
        sent = self._http.post("/mfa/challenge", json={**proof, "challenge_type": "oob"}).json()
        return lambda: self._http.post("/oauth/token", data={"grant_type": OOB, "oob_code": sent["oob_code"], **proof})

    def send_code(self, email: str) -> None:
        """Start a passwordless login by a code to an email address."""
        wanted = {"connection": "email", "email": email, "send": "code", **self._own}
        assert self._http.post("/passwordless/start", json=wanted).is_success


@pytest.fixture
def app(auth0_mfa: Auth0Mfa) -> Iterator[App]:
    trusted = ssl.create_default_context(cafile=auth0_mfa.ca_file)
    with httpx.Client(base_url=f"https://{auth0_mfa.domain}", verify=trusted) as http:
        yield App(auth0_mfa, http)


Open = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, auth0_mfa: Auth0Mfa, evidence: Evidence, tmp_path: Path) -> Iterator[Open]:
    """Opens the page; whatever it asked during the test must have stayed at the server, with no complaint."""
    contexts: list[BrowserContext] = []
    asked: list[str] = []
    complaints: list[str] = []

    # Chromium says when a request was lost or refused. Tests bring that about, and look at what the page makes of it.
    expected = ["Failed to load resource"]

    def opened(
        *,
        width: int = WIDE,
        theme: Any = "light",
        before: Callable[[Page], None] = lambda page: None,
        expects: tuple[str, ...] = (),
    ) -> Page:
        expected.extend(expects)
        # The certificate is of the server's own CA, which the browser has not heard of.
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            ignore_https_errors=True,
            reduced_motion="reduce",
        )
        contexts.append(context)
        evidence.watch(context)
        page = context.new_page()
        page.on("request", lambda each: asked.append(each.url))
        page.on("pageerror", lambda each: complaints.append(str(each)))
        page.on("console", lambda each: complaints.append(each.text) if each.type == "error" else None)
        before(page)
        page.goto(auth0_mfa.page)
        expect(page.locator("#domain")).to_have_text(auth0_mfa.domain)
        return page

    yield opened
    for number, context in enumerate(contexts):
        # An answer of a test's own that is under way when its page goes would fail the test after it.
        context.pages[0].unroute_all(behavior="ignoreErrors")
        context.pages[0].screenshot(path=tmp_path / f"page {number}.png", full_page=True)
        context.close()
    strangers = {url for url in asked if not url.startswith((f"https://{auth0_mfa.domain}/_lab/", "data:"))}
    assert asked
    assert not strangers
    assert [text for text in complaints if not text.startswith(tuple(expected))] == []


def looked_again(page: Page, times: int = 2) -> None:
    """Wait until the page has asked the server anew."""
    for _ in range(times):
        with page.expect_response("**/_lab/state"):
            pass


# -- the phone


def test_a_pasted_uri_is_scanned(app: App, auth0_mfa: Auth0Mfa, open_page: Open) -> None:
    page, user = open_page(), auth0_mfa.user()
    page.get_by_label("The QR’s text").fill(app.enrollment(user)["barcode_uri"])
    page.keyboard.press("Enter")
    expect(page.locator("#accounts li")).to_contain_text(user.email)
    expect(page.get_by_label("The QR’s text")).to_have_value("")


def test_a_pasted_picture_is_scanned(app: App, auth0_mfa: Auth0Mfa, open_page: Open) -> None:
    page, user = open_page(), auth0_mfa.user()
    uri = app.enrollment(user)["barcode_uri"]
    picture = base64.b64encode(qr_png(uri)).decode()
    page.get_by_label("The QR’s text").focus()
    page.evaluate(
        """picture => {
            const bytes = Uint8Array.from(atob(picture), each => each.charCodeAt(0));
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([bytes], "qr.png", { type: "image/png" }));
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }""",
        picture,
    )
    expect(page.locator("#accounts li")).to_contain_text(user.email)


def test_what_is_no_barcode_is_said_to_be_none_and_stays_in_the_field(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("The QR’s text").fill("no barcode")
    page.get_by_role("button", name="Scan").click()
    expect(page.get_by_role("status")).to_contain_text("enrolls nothing")
    expect(page.get_by_label("The QR’s text")).to_have_value("no barcode")


def test_a_push_is_allowed(app: App, auth0_mfa: Auth0Mfa, open_page: Open) -> None:
    page, user = open_page(), auth0_mfa.user(factors=["push"])
    poll = app.challenge(user)
    push = page.locator("#pushes li")
    expect(push).to_contain_text(auth0_mfa.phone.pushes[0].place)
    expect(push).to_contain_text(auth0_mfa.phone.pushes[0].browser)
    expect(push).to_contain_text(user.username)
    expect(page.get_by_role("status")).to_contain_text("A push waits")
    assert poll().json()["error"] == "authorization_pending"
    page.get_by_role("button", name="Allow").click()
    expect(page.locator("#no-pushes")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("Allowed")
    auth0_mfa.clock.advance(5)
    assert poll().is_success


def test_a_push_is_rejected_with_a_reason_by_keyboard_alone(app: App, auth0_mfa: Auth0Mfa, open_page: Open) -> None:
    page, user = open_page(), auth0_mfa.user(factors=["push"])
    poll = app.challenge(user)
    expect(page.get_by_role("button", name="Allow")).to_be_visible()
    seen = []
    for _ in range(3):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.name || document.activeElement.textContent"))
    assert seen == ["Allow", "reason", "Reject"]
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("It was not me")
    with page.expect_request("**/_lab/phone/reject") as rejected:
        page.keyboard.press("Enter")
    assert (rejected.value.post_data_json or {})["reason"] == "It was not me"
    expect(page.locator("#no-pushes")).to_be_visible()
    assert poll().json()["error"] == "invalid_grant"
    # The button that had the focus is gone; it has not fallen back to the top of the page.
    assert page.evaluate("document.activeElement.id") == "phone-title"


def test_of_two_pushes_each_button_answers_its_own(app: App, auth0_mfa: Auth0Mfa, open_page: Open) -> None:
    page = open_page()
    older, newer = auth0_mfa.user(factors=["push"]), auth0_mfa.user(factors=["push"])
    polls = [app.challenge(older), app.challenge(newer)]
    expect(page.locator("#pushes li")).to_have_count(2)
    page.locator("#pushes li", has_text=older.username).get_by_role("button", name="Allow").click()
    expect(page.locator("#pushes li")).to_have_count(1)
    expect(page.locator("#pushes li")).to_contain_text(newer.username)
    assert [poll().is_success for poll in polls] == [True, False]


def test_codes_tick(auth0_mfa: Auth0Mfa, open_page: Open) -> None:
    auth0_mfa.user(factors=["otp"])
    page, before = open_page(), auth0_mfa.phone.code()
    for _ in range(2):
        auth0_mfa.clock.advance(30)
    expect(page.locator("#accounts .code")).to_have_text(auth0_mfa.phone.code())
    assert auth0_mfa.phone.code() != before
    expect(page.locator("#accounts")).to_contain_text("s left")


# -- the inbox


def test_a_code_arrives_and_is_announced(app: App, auth0_mfa: Auth0Mfa, open_page: Open) -> None:
    page, user = open_page(), auth0_mfa.user(factors=["sms"])
    expect(page.locator("#no-messages")).to_be_visible()
    app.challenge(user)
    newest = page.locator("#messages li").first
    expect(newest.locator(".code")).to_have_text(auth0_mfa.inbox.code(user.phone_number))
    expect(newest).to_contain_text("SMS · second factor")
    expect(newest).to_contain_text(user.phone_number)
    expect(page.get_by_role("status")).to_contain_text(auth0_mfa.inbox.code(user.phone_number))
    app.send_code(user.email)
    expect(newest).to_contain_text("Email · passwordless login")
    expect(page.locator("#messages li")).to_have_count(2)


# -- updating


def test_an_update_takes_no_focus_no_text_and_no_selection(app: App, auth0_mfa: Auth0Mfa, open_page: Open) -> None:
    page, user = open_page(), auth0_mfa.user(factors=["push", "sms"])
    app.send_code(user.email)
    app.challenge(user)
    page.get_by_label("Reason").fill("typed")
    page.locator("#messages .code").first.evaluate("each => getSelection().selectAllChildren(each)")
    page.get_by_label("Reason").evaluate("each => each.focus()")
    app.send_code("another@example.com")
    expect(page.locator("#messages li")).to_have_count(2)
    looked_again(page)
    assert page.evaluate("document.activeElement.name") == "reason"
    expect(page.get_by_label("Reason")).to_have_value("typed")


def test_a_server_that_is_gone_is_said_to_be_and_found_again(open_page: Open) -> None:
    page = open_page()
    page.route("**/_lab/state", lambda route: route.abort())
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
    page.unroute("**/_lab/state")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_server_that_hangs_is_said_not_to_answer(open_page: Open) -> None:
    page = open_page()
    page.route("**/_lab/state", lambda route: None)
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer")


def test_a_server_that_fails_is_quoted(open_page: Open) -> None:
    page = open_page()
    page.route("**/_lab/state", lambda route: route.fulfill(status=500, json={"message": HOSTILE}))
    expect(page.get_by_role("alert")).to_contain_text("The server failed")
    expect(page.get_by_role("alert")).to_contain_text(HOSTILE)


def test_a_page_of_an_earlier_server_says_what_to_open(open_page: Open) -> None:
    page = open_page()
    page.evaluate("sessionStorage.clear()")
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("This page is not let in")


# -- what comes from outside


def hostile_state(page: Page) -> None:
    """Let the server tell of people and browsers that mean harm."""

    def answer(route: Any) -> None:
        state = route.fetch().json()
        push = {"id": "1", "user": HOSTILE, "at": state["now"], "place": HOSTILE, "browser": HOSTILE}
        texts = {"address": HOSTILE, "text": HOSTILE, "code": HOSTILE, "channel": HOSTILE, "purpose": HOSTILE}
        message = {**texts, "link": None, "language": HOSTILE, "sent_at": state["now"]}
        link = {**message, "link": "javascript:document.title='taken'"}
        state["phone"] = {"enrollments": [{"label": HOSTILE, "code": HOSTILE}], "pushes": [push]}
        route.fulfill(json={**state, "messages": [message, link], "profile": HOSTILE})

    page.route("**/_lab/state", answer)


def test_hostile_texts_are_shown_as_texts(open_page: Open) -> None:
    page = open_page(before=hostile_state)
    for where in ("#pushes", "#accounts", "#messages", "#profile"):
        expect(page.locator(where)).to_contain_text(HOSTILE)
    looked_again(page)
    assert page.title() == TITLE
    assert page.locator("main img, main script, main a, header script").count() == 0


def test_a_hostile_address_that_the_tenant_took_is_shown_as_text(app: App, open_page: Open) -> None:
    page, address = open_page(), "<script>document.title='taken'</script>@example.com"
    app.send_code(address)
    expect(page.locator("#messages")).to_contain_text(address)
    assert page.title() == TITLE


def test_the_policy_lets_no_script_in_but_the_page_s_own(open_page: Open) -> None:
    page = open_page(expects=("Executing inline script violates", "Applying inline style violates"))
    policy = httpx.Response(200, headers=page.request.get(page.url).headers).headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    refused: list[str] = []
    page.expose_function("refused", lambda directive: refused.append(directive))
    page.evaluate(
        """() => {
            document.addEventListener("securitypolicyviolation", each => refused(each.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "document.title = 'taken'";
            document.body.append(script);
            document.body.setAttribute("style", "color: red");
        }"""
    )
    looked_again(page)
    assert page.title() == TITLE
    assert set(refused) == {"script-src-elem", "style-src-attr"}


# -- for everybody


def serious(page: Page) -> list[str]:
    """Return what axe-core finds serious or critical."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(app: App, auth0_mfa: Auth0Mfa, open_page: Open, theme: str, width: int) -> None:
    page = open_page(width=width, theme=theme)
    assert serious(page) == []
    user = auth0_mfa.user(factors=["push"])
    app.challenge(user)
    app.challenge(user)
    app.send_code(user.email)
    expect(page.locator("#messages li")).to_have_count(1)
    expect(page.locator("#pushes li")).not_to_have_count(0)
    assert serious(page) == []
    page.route("**/_lab/state", lambda route: route.abort())
    expect(page.get_by_role("alert")).to_be_visible()
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_axe_would_find_a_field_without_its_label(open_page: Open) -> None:
    page = open_page()
    page.evaluate("document.querySelector('label[for=barcode]').remove()")
    page.evaluate("document.querySelector('#barcode').placeholder = ''")
    assert [each for each in serious(page) if each.startswith("label:")]


def test_the_page_follows_the_theme(open_page: Open) -> None:
    def brightness(page: Page) -> int:
        red = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0]")
        return int(red)

    assert brightness(open_page(theme="light")) > 200
    assert brightness(open_page(theme="dark")) < 60
