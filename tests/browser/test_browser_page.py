"""The page for people at `/_lab/`: its phone and its inbox, by mouse and by keyboard, and hostile texts as texts."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from auth0_mfa_lab import Lab
from auth0_mfa_lab.pytest_plugin import Auth0Mfa, User
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.show.qr import qr_png
from auth0_mfa_lab.wire.exchange import Exchange
from tests.browser.evidence import Evidence
from tests.browser.looks import says, serious, tab_order

HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
PASTE = """picture => {
  const bytes = Uint8Array.from(atob(picture), each => each.charCodeAt(0));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], "qr.png", { type: "image/png" }));
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
}"""
IMPATIENT = "const real = AbortSignal.timeout; AbortSignal.timeout = (ms) => real.call(AbortSignal, ms / 10);"


@pytest.fixture
def lab(auth0_mfa: Auth0Mfa) -> Lab:
    """An application that logs people in, as far as the page has something to show of it."""
    return Lab.served(Settings.of_values(auth0_mfa.env, "served"))


def enrollment(lab: Lab, user: User) -> str:
    token = lab.client.password_grant(username=user.username, password=user.password)["mfa_token"]
    return str(lab.client.mfa_associate(token, authenticator_types=["oob"], oob_channels=["auth0"])["barcode_uri"])


def challenge(lab: Lab, user: User) -> Callable[[], Exchange]:
    """Challenge the user's only factor; what is returned polls."""
    token = lab.client.password_grant(username=user.username, password=user.password)["mfa_token"]
    sent = lab.client.mfa_challenge(mfa_token=token, challenge_type="oob")
    return lambda: lab.client.mfa_oob_grant(mfa_token=token, oob_code=sent["oob_code"])


@pytest.fixture
def page(chromium: Browser, auth0_mfa: Auth0Mfa, evidence: Evidence) -> Iterator[Page]:
    """A page that has not asked for anything; what it asks stays at the server, and Chromium complains of nothing."""
    # The certificate is of the server's own CA, which the browser has not heard of.
    context = chromium.new_context(ignore_https_errors=True, reduced_motion="reduce")
    evidence.watch(context)
    page, asked, complaints = context.new_page(), list[str](), list[str]()
    page.on("request", lambda each: asked.append(each.url))
    page.on("pageerror", lambda each: complaints.append(str(each)))
    page.on("console", lambda each: complaints.append(each.text) if each.type == "error" else None)
    yield page
    # An answer of a test's own that is under way when its page goes would fail the test after it.
    page.unroute_all(behavior="ignoreErrors")
    context.close()
    # That a request was lost, a test brings about.
    assert [text for text in complaints if not text.startswith("Failed to load resource")] == []
    assert [url for url in asked if not url.startswith((f"https://{auth0_mfa.domain}/_lab/", "data:"))] == []


@pytest.fixture
def shown(page: Page, auth0_mfa: Auth0Mfa) -> Page:
    page.goto(auth0_mfa.page)
    expect(page.locator("#domain")).to_have_text(auth0_mfa.domain)
    return page


def looked_again(page: Page) -> None:
    for _ in range(2):  # the first question may have been on its way
        with page.expect_response("**/_lab/state"):
            pass


def test_the_phone_scans_a_text_and_a_picture_and_its_code_ticks(lab: Lab, auth0_mfa: Auth0Mfa, shown: Page) -> None:
    field, accounts = shown.get_by_label("The QR’s text"), shown.locator("#accounts li")
    typed, pasted = auth0_mfa.user(), auth0_mfa.user()
    field.fill("no barcode")
    shown.get_by_role("button", name="Scan").click()
    says(shown.get_by_role("status"), "enrolls nothing")
    expect(field).to_have_value("no barcode")
    field.fill(enrollment(lab, typed))
    shown.keyboard.press("Enter")
    says(accounts, typed.email)
    expect(field).to_have_value("")
    shown.evaluate(PASTE, base64.b64encode(qr_png(enrollment(lab, pasted))).decode())
    expect(accounts.filter(has_text=pasted.email)).to_have_count(1)

    ticking = accounts.filter(has_text=auth0_mfa.user(factors=["otp"]).email)
    before = auth0_mfa.phone.code()
    auth0_mfa.clock.advance(60 - auth0_mfa.clock.now() % 30)  # the next code but one begins: no other comes meanwhile
    expect(ticking.locator(".code")).to_have_text(auth0_mfa.phone.code())
    assert auth0_mfa.phone.code() != before
    says(ticking, "s left")


def test_each_push_is_answered_by_its_own_buttons(lab: Lab, auth0_mfa: Auth0Mfa, shown: Page) -> None:
    users = [auth0_mfa.user(factors=["push"]) for _ in range(2)]
    polls = [challenge(lab, user) for user in users]
    pushes, said = shown.locator("#pushes li"), shown.get_by_role("status")
    expect(pushes).to_have_count(2)
    older = pushes.filter(has_text=users[0].username)
    says(older, str(auth0_mfa.phone.pushes[0].place), str(auth0_mfa.phone.pushes[0].browser))
    says(said, "A push waits")
    older.get_by_role("button", name="Allow").click()
    says(said, "Allowed")
    expect(pushes).to_have_count(1)
    says(pushes, users[1].username)
    assert polls[0]().status == 200

    shown.locator("#phone-title").focus()
    assert tab_order(shown, 3) == ["Allow", "input", "Reject"]
    shown.keyboard.press("Shift+Tab")
    shown.keyboard.type("It was not me")
    with shown.expect_request("**/_lab/phone/reject") as rejected:
        shown.keyboard.press("Enter")
    assert (rejected.value.post_data_json or {})["reason"] == "It was not me"
    expect(shown.locator("#no-pushes")).to_be_visible()
    assert polls[1]()["error"] == "invalid_grant"
    # The field that had the focus is gone; it has not fallen back to the top of the page.
    assert shown.evaluate("document.activeElement.id") == "phone-title"


def test_a_code_is_announced_and_takes_no_focus_away(lab: Lab, auth0_mfa: Auth0Mfa, shown: Page) -> None:
    user, newest = auth0_mfa.user(factors=["sms"]), shown.locator("#messages li").first
    expect(shown.locator("#no-messages")).to_be_visible()
    challenge(lab, user)
    code = auth0_mfa.inbox.code(user.phone_number)
    says(newest, code, "SMS · second factor", str(user.phone_number))
    says(shown.get_by_role("status"), code)
    challenge(lab, auth0_mfa.user(factors=["push"]))
    reason = shown.get_by_label("Reason")
    reason.fill("typed")
    newest.locator(".code").evaluate("each => getSelection().selectAllChildren(each)")
    reason.evaluate("each => each.focus()")
    lab.client.passwordless_start(connection="email", email=user.email, send="code")
    says(newest, "Email · passwordless login")
    looked_again(shown)
    assert shown.evaluate("[document.activeElement.name, getSelection().toString()]") == ["reason", code]
    expect(reason).to_have_value("typed")


def test_a_server_that_does_not_answer_is_said_to_be_gone_and_found_again(page: Page, auth0_mfa: Auth0Mfa) -> None:
    page.add_init_script(IMPATIENT)
    page.goto(auth0_mfa.page)
    alert = page.get_by_role("alert")
    troubles: dict[Callable[[Route], object], str] = {
        lambda route: route.abort(): "The server does not answer",
        lambda _: None: "The server does not answer",
        lambda route: route.fulfill(status=500, json={"message": HOSTILE}): HOSTILE,
    }
    for trouble, text in troubles.items():
        page.route("**/_lab/state", trouble)
        says(alert, text)
        page.unroute("**/_lab/state")
        expect(alert).to_be_hidden()
    page.evaluate("sessionStorage.clear()")
    page.reload()
    says(alert, "This page is not let in")


def test_hostile_texts_are_shown_as_texts(lab: Lab, shown: Page) -> None:
    def answer(route: Route) -> None:
        state = route.fetch().json()
        push = {"id": "1", "user": HOSTILE, "at": state["now"], "place": HOSTILE, "browser": HOSTILE}
        message: dict[str, Any] = dict.fromkeys(("address", "text", "code", "channel", "purpose"), HOSTILE)
        messages = [message | {"link": link, "sent_at": state["now"]} for link in (None, "javascript:alert(1)")]
        state["phone"] = {"enrollments": [{"label": HOSTILE, "code": HOSTILE}], "pushes": [push]}
        route.fulfill(json={**state, "messages": [*state["messages"], *messages], "profile": HOSTILE})

    address = "<script>document.title='taken'</script>@example.com"
    lab.client.passwordless_start(connection="email", email=address, send="code")
    shown.route("**/_lab/state", answer)
    for where in ("#pushes", "#accounts", "#messages", "#profile"):
        says(shown.locator(where), HOSTILE)
    says(shown.locator("#messages"), address)
    looked_again(shown)
    assert shown.locator("main img, main script, main a, header script").count() == 0
    assert shown.title() == "Phone and inbox · Auth0 MFA lab"


def test_it_reads_in_both_themes_narrow_and_wide_whatever_it_shows(lab: Lab, auth0_mfa: Auth0Mfa, shown: Page) -> None:
    def reads() -> None:
        for theme, width, is_bright in (("light", 320, True), ("dark", 320, False), ("light", 1100, True)):
            shown.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of its two words
            shown.set_viewport_size({"width": width, "height": 900})
            assert serious(shown, "html") == [], (theme, width)
            assert shown.evaluate("document.documentElement.scrollWidth") <= width
            red = shown.evaluate("Number(getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0])")
            assert red > 200 if is_bright else red < 60, (theme, red)

    reads()
    user = auth0_mfa.user(factors=["push"])
    challenge(lab, user)
    lab.client.passwordless_start(connection="email", email=user.email, send="code")
    for filled in ("#messages li", "#pushes li"):
        expect(shown.locator(filled)).to_have_count(1)
    shown.route("**/_lab/state", lambda route: route.abort())
    expect(shown.get_by_role("alert")).to_be_visible()
    reads()
    # What axe would find: a field without its label.
    shown.evaluate("document.querySelector('label[for=barcode]').remove(); barcode.placeholder = ''")
    assert [each.split(":")[0] for each in serious(shown, "html")] == ["label"]
