"""The page for people at `/_lab/`: its phone and its inbox, by mouse and by keyboard, and hostile texts as texts."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from auth0_mfa_lab.pytest_plugin import Auth0Mfa, User
from auth0_mfa_lab.show.qr import qr_png
from tests.browser.evidence import Evidence

HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
TITLE = "Phone and inbox · Auth0 MFA lab"
OOB = "http://auth0.com/oauth/grant-type/mfa-oob"
PASTE = """picture => {
  const bytes = Uint8Array.from(atob(picture), each => each.charCodeAt(0));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], "qr.png", { type: "image/png" }));
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
}"""
INLINE = """() => {
  document.addEventListener("securitypolicyviolation", each => refused(each.effectiveDirective));
  const script = document.createElement("script");
  script.textContent = "document.title = 'taken'";
  document.body.append(script);
  document.body.setAttribute("style", "color: red");
}"""
IMPATIENT = "const real = AbortSignal.timeout; AbortSignal.timeout = (ms) => real.call(AbortSignal, ms / 10);"


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


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What Chromium complains of; at the end nothing, but that a request was lost: a test brings that about."""
    complaints: list[str] = []
    yield complaints
    assert [text for text in complaints if not text.startswith("Failed to load resource")] == []


@pytest.fixture
def page(chromium: Browser, auth0_mfa: Auth0Mfa, evidence: Evidence, complaints: list[str]) -> Iterator[Page]:
    """A page that has not asked for anything; whatever it asks during the test must stay at the server."""
    # The certificate is of the server's own CA, which the browser has not heard of.
    context = chromium.new_context(ignore_https_errors=True, reduced_motion="reduce")
    evidence.watch(context)
    page, asked = context.new_page(), set[str]()
    page.on("request", lambda each: asked.add(each.url))
    page.on("pageerror", lambda each: complaints.append(str(each)))
    page.on("console", lambda each: complaints.append(each.text) if each.type == "error" else None)
    yield page
    # An answer of a test's own that is under way when its page goes would fail the test after it.
    page.unroute_all(behavior="ignoreErrors")
    context.close()
    assert asked
    assert {url for url in asked if not url.startswith((f"https://{auth0_mfa.domain}/_lab/", "data:"))} == set()


@pytest.fixture
def shown(page: Page, auth0_mfa: Auth0Mfa) -> Page:
    return opened(page, auth0_mfa)


def opened(page: Page, tenant: Auth0Mfa) -> Page:
    """Show the tenant's page."""
    page.goto(tenant.page)
    expect(page.locator("#domain")).to_have_text(tenant.domain)
    return page


def looked_again(page: Page) -> None:
    """Wait until the page has asked the server anew, and again: the first question may have been on its way."""
    for _ in range(2):
        with page.expect_response("**/_lab/state"):
            pass


def serious(page: Page) -> list[str]:
    """Return what axe-core finds serious or critical."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in ("serious", "critical")]


def test_the_phone_scans_a_text_and_a_picture_and_its_code_ticks(app: App, auth0_mfa: Auth0Mfa, shown: Page) -> None:
    page, (typed, pasted) = shown, (auth0_mfa.user(), auth0_mfa.user())
    field, accounts = page.get_by_label("The QR’s text"), page.locator("#accounts li")
    field.fill("no barcode")
    page.get_by_role("button", name="Scan").click()
    expect(page.get_by_role("status")).to_contain_text("enrolls nothing")
    expect(field).to_have_value("no barcode")

    field.fill(app.enrollment(typed)["barcode_uri"])
    page.keyboard.press("Enter")
    expect(accounts).to_contain_text(typed.email)
    expect(field).to_have_value("")

    picture = base64.b64encode(qr_png(app.enrollment(pasted)["barcode_uri"])).decode()
    page.evaluate(PASTE, picture)
    expect(accounts.filter(has_text=pasted.email)).to_have_count(1)

    ticking = accounts.filter(has_text=auth0_mfa.user(factors=["otp"]).email)
    before = auth0_mfa.phone.code()
    for _ in range(2):
        auth0_mfa.clock.advance(30)
    expect(ticking.locator(".code")).to_have_text(auth0_mfa.phone.code())
    assert auth0_mfa.phone.code() != before
    expect(ticking).to_contain_text("s left")


def test_each_push_is_answered_by_its_own_buttons(app: App, auth0_mfa: Auth0Mfa, shown: Page) -> None:
    page, (older, newer) = shown, (auth0_mfa.user(factors=["push"]), auth0_mfa.user(factors=["push"]))
    polls, pushes, said = (
        [app.challenge(older), app.challenge(newer)],
        page.locator("#pushes li"),
        page.get_by_role("status"),
    )
    expect(pushes).to_have_count(2)
    of_older = pushes.filter(has_text=older.username)
    for text in (auth0_mfa.phone.pushes[0].place, auth0_mfa.phone.pushes[0].browser):
        expect(of_older).to_contain_text(str(text))
    expect(said).to_contain_text("A push waits")
    assert [poll().json()["error"] for poll in polls] == ["authorization_pending"] * 2
    of_older.get_by_role("button", name="Allow").click()
    expect(said).to_contain_text("Allowed")
    expect(pushes).to_have_count(1)
    expect(pushes).to_contain_text(newer.username)
    auth0_mfa.clock.advance(5)
    assert polls[0]().is_success

    # By keyboard alone, with a reason.
    page.locator("#phone-title").focus()
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
    assert polls[1]().json()["error"] == "invalid_grant"
    # The field that had the focus is gone; it has not fallen back to the top of the page.
    assert page.evaluate("document.activeElement.id") == "phone-title"


def test_a_code_is_announced_and_an_update_takes_no_focus_no_text_and_no_selection(
    app: App, auth0_mfa: Auth0Mfa, shown: Page
) -> None:
    page, user = shown, auth0_mfa.user(factors=["sms"])
    newest, said = page.locator("#messages li").first, page.get_by_role("status")
    expect(page.locator("#no-messages")).to_be_visible()
    app.challenge(user)
    code = auth0_mfa.inbox.code(user.phone_number)
    expect(newest.locator(".code")).to_have_text(code)
    for text in ("SMS · second factor", str(user.phone_number)):
        expect(newest).to_contain_text(text)
    expect(said).to_contain_text(code)

    app.challenge(auth0_mfa.user(factors=["push"]))
    reason = page.get_by_label("Reason")
    reason.fill("typed")
    newest.locator(".code").evaluate("each => getSelection().selectAllChildren(each)")
    reason.evaluate("each => each.focus()")
    app.send_code(user.email)
    expect(newest).to_contain_text("Email · passwordless login")
    expect(page.locator("#messages li")).to_have_count(2)
    looked_again(page)
    assert page.evaluate("[document.activeElement.name, getSelection().toString()]") == ["reason", code]
    expect(reason).to_have_value("typed")


def test_a_server_that_does_not_answer_is_said_to_be_gone_and_found_again(page: Page, auth0_mfa: Auth0Mfa) -> None:
    page.add_init_script(IMPATIENT)
    opened(page, auth0_mfa)
    alert = page.get_by_role("alert")
    troubles: list[tuple[Callable[[Route], object], tuple[str, ...]]] = [
        (lambda route: route.abort(), ("The server does not answer",)),
        (lambda route: None, ("The server does not answer",)),
        (lambda route: route.fulfill(status=500, json={"message": HOSTILE}), ("The server failed", HOSTILE)),
    ]
    for trouble, says in troubles:
        page.route("**/_lab/state", trouble)
        for text in says:
            expect(alert).to_contain_text(text)
        page.unroute("**/_lab/state")
        expect(alert).to_be_hidden()
    page.evaluate("sessionStorage.clear()")
    page.reload()
    expect(alert).to_contain_text("This page is not let in")


def hostile_state(page: Page) -> None:
    """Let the server tell of people and browsers that mean harm."""

    def answer(route: Route) -> None:
        state = route.fetch().json()
        push = {"id": "1", "user": HOSTILE, "at": state["now"], "place": HOSTILE, "browser": HOSTILE}
        texts = {"address": HOSTILE, "text": HOSTILE, "code": HOSTILE, "channel": HOSTILE, "purpose": HOSTILE}
        message = {**texts, "link": None, "language": HOSTILE, "sent_at": state["now"]}
        link = {**message, "link": "javascript:document.title='taken'"}
        state["phone"] = {"enrollments": [{"label": HOSTILE, "code": HOSTILE}], "pushes": [push]}
        route.fulfill(json={**state, "messages": [*state["messages"], message, link], "profile": HOSTILE})

    page.route("**/_lab/state", answer)


def test_hostile_texts_are_shown_as_texts(app: App, auth0_mfa: Auth0Mfa, page: Page) -> None:
    hostile_state(page)
    opened(page, auth0_mfa)
    address = "<script>document.title='taken'</script>@example.com"
    app.send_code(address)
    expect(page.locator("#messages")).to_contain_text(address)
    for where in ("#pushes", "#accounts", "#messages", "#profile"):
        expect(page.locator(where)).to_contain_text(HOSTILE)
    looked_again(page)
    assert page.title() == TITLE
    assert page.locator("main img, main script, main a, header script").count() == 0


def test_the_policy_lets_no_script_in_but_the_page_s_own(shown: Page, complaints: list[str]) -> None:
    page = shown
    policy = httpx.Response(200, headers=page.request.get(page.url).headers).headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    refused: list[str] = []
    page.expose_function("refused", lambda directive: refused.append(directive))
    page.evaluate(INLINE)
    looked_again(page)
    assert page.title() == TITLE
    assert set(refused) == {"script-src-elem", "style-src-attr"}
    assert [each.split(" ")[2] for each in complaints] == ["script", "style"]
    complaints.clear()


def test_it_reads_in_both_themes_narrow_and_wide_whatever_it_shows(app: App, auth0_mfa: Auth0Mfa, shown: Page) -> None:
    page, user = shown, auth0_mfa.user(factors=["push"])

    def reads() -> None:
        for theme, width, is_bright in (("light", 320, True), ("dark", 320, False), ("light", 1100, True)):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of its two words
            page.set_viewport_size({"width": width, "height": 900})
            assert serious(page) == [], (theme, width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            red = page.evaluate("Number(getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0])")
            assert red > 200 if is_bright else red < 60, (theme, red)

    reads()
    for _ in range(2):
        app.challenge(user)
    app.send_code(user.email)
    expect(page.locator("#messages li")).to_have_count(1)
    expect(page.locator("#pushes li")).not_to_have_count(0)
    reads()
    page.route("**/_lab/state", lambda route: route.abort())
    expect(page.get_by_role("alert")).to_be_visible()
    reads()
    # What axe would find: a field without its label.
    page.evaluate(
        "document.querySelector('label[for=barcode]').remove(); document.querySelector('#barcode').placeholder = ''"
    )
    assert [each.split(":")[0] for each in serious(page)] == ["label"]
