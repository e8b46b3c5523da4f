"""The page for people at `/_lab/`: phone, exchanges, inbox, knobs; by mouse and by keyboard; hostile texts as texts."""

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from auth0_mfa_lab import Lab
from auth0_mfa_lab.pytest_plugin import Auth0Mfa, User
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.show.qr import qr_png
from auth0_mfa_lab.wire.exchange import Exchange
from tests.browser.evidence import Evidence
from tests.browser.looks import says, serious, tab_order
from tests.browser.notebook_page import until
from tests.browser.scenes import leaks

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
    assert shown.title() == "Phone, exchanges, inbox · Auth0 MFA lab"


# -- exchanges


def newest(page: Page, user: User) -> Locator:
    """Return the newest login of a user; those of other tests stand on the page as well."""
    return of_user(page, user).first


def of_user(page: Page, user: User) -> Locator:
    return page.locator("#logins > li", has_text=f"Login of {user.username}")


def rows(login: Locator) -> list[str]:
    """Return the rows of a login that one sees, their parts in one line; that another test was before is left out."""
    shown = [re.sub(r"\s+", " ", each).strip() for each in login.locator("ol > li:visible").all_inner_texts()]
    return [re.sub(r"^\d+(–\d+)? ", "", each) for each in shown if each != "The tenant was reset."]


def an_exchange(number: int, **parts: Any) -> dict[str, Any]:
    """Return an exchange as the server tells it."""
    return {
        "number": number, "login": None, "run": None, "user": None, "speaker": "app", "method": "GET", "path": "/x",
        "status": 200, "outcome": "200 OK", "arrived": 0.0, "written": 0.0, "delivered": True,
        "connection": "", "agent": "", "fault": None, "moved": 0.0, "reset": 0, "on_purpose": False, "text": "",
        "html": "", **parts,
    }  # fmt: skip


def tells(page: Page, *answers: object) -> list[str]:
    """Let the server tell these lists of exchanges, or statuses, and then nothing more; return what it was asked."""
    waiting, asked = list(answers), list[str]()

    def answer(route: Route) -> None:
        asked.append(route.request.url.partition("exchanges")[2])
        if not waiting:
            return  # it waits for news
        told: Any = waiting.pop(0)
        if isinstance(told, int):
            route.fulfill(status=told, json={})
        else:
            numbers = [each["number"] for each in told] or [0]
            route.fulfill(json={"exchanges": told, "newest": max(numbers), "first": min(numbers)})

    page.route(re.compile(r"/_lab/exchanges(\?.*)?$"), answer)
    return asked


def test_a_login_is_seen_while_it_happens_to_each_of_its_ends(lab: Lab, auth0_mfa: Auth0Mfa, shown: Page) -> None:
    user = auth0_mfa.user()
    token = lab.client.password_grant(username=user.username, password=user.password)["mfa_token"]
    says(newest(shown, user), "403 mfa_required")
    begun = lab.client.mfa_associate(token, authenticator_types=["oob"], oob_channels=["auth0"])
    says(newest(shown, user), "POST /mfa/associate")
    auth0_mfa.phone.scan(str(begun["barcode_uri"]))
    lab.client.mfa_oob_grant(mfa_token=token, oob_code=begun["oob_code"])
    exchanges = newest(shown, user).locator("li.exchange")
    expect(exchanges).to_have_count(4)
    says(exchanges.last, "200 OK")
    assert rows(newest(shown, user))[:3] == [
        "app POST /oauth/token 403 mfa_required",
        "app POST /mfa/associate 200 OK",
        "phone POST /appliance-mfa/api/enroll 201 Created",
    ]
    ends: dict[Callable[[], object], str] = {
        auth0_mfa.phone.allow: "200 OK",
        auth0_mfa.phone.reject: "403 invalid_grant",
        lambda: auth0_mfa.clock.advance(301): "401 expired_token",
    }
    for before, (act, outcome) in enumerate(ends.items(), 1):
        poll = challenge(lab, user)
        for _ in range(3):
            poll()
        act()
        assert poll().outcome == outcome
        expect(of_user(shown, user)).to_have_count(before + 1)
        expect(exchanges).to_have_count(6 if "expired" in outcome else 7)
        says(exchanges.last, outcome)
        seen = rows(newest(shown, user))
        assert seen[2] == "app POST /oauth/token 400 authorization_pending 3 equal polls"
        assert seen[3] == (
            "The clock was moved by 301 s." if "expired" in outcome
            else "phone POST /appliance-mfa/api/resolve-transaction 204 No Content"
        )  # fmt: skip
        run = newest(shown, user).get_by_role("button", name="3 equal polls")
        run.focus()
        shown.keyboard.press("Enter")
        assert len(rows(newest(shown, user))) == len(seen) + 3
        expect(run).to_have_attribute("aria-expanded", "true")
    shown.get_by_text("Is the application right?").click()
    shown.get_by_role("button", name="Judge").click()
    says(shown.locator("#judged"), re.compile(r"\d+ broken · \d+ not seen · \d+ kept"))


def test_an_exchange_opens_to_the_notebooks_view_and_shows_nothing_raw(
    lab: Lab, auth0_mfa: Auth0Mfa, shown: Page, tmp_path: Path
) -> None:
    shown.context.grant_permissions(["clipboard-read", "clipboard-write"])
    user = auth0_mfa.user(factors=["push"])
    poll = challenge(lab, user)
    poll()
    auth0_mfa.phone.allow()
    poll()
    login, said = newest(shown, user), shown.get_by_role("status")
    expect(login.locator("summary.line")).to_have_count(5)
    for row in login.locator("summary.line").all()[::-1]:
        row.click()
    granted = login.locator("li.exchange").last
    says(granted, "Request", "Answer", "<access_token", "auth0-mfa-lab")
    alias = granted.locator("[data-alias]").first
    alias.hover()
    name = alias.get_attribute("data-alias")
    lit = shown.locator(".lit").evaluate_all("all => [...new Set(all.map(each => each.dataset.alias))].join()")
    assert (lit, shown.locator(".lit").count() > 3) == (name, True)
    first = login.locator("li.exchange").first
    first.locator("summary").first.click()
    granted.locator("a").first.click()  # (from N)
    expect(first.locator("details").first).to_have_attribute("open", "")
    expect(first.locator("summary").first).to_be_focused()

    first.get_by_role("button", name="Copy as curl").click()
    says(said, "is copied as curl")
    curl = str(shown.evaluate("navigator.clipboard.readText()"))
    assert (curl.startswith("curl"), "/oauth/token" in curl) == (True, True)
    texts = [curl, shown.content(), str(shown.evaluate("document.body.innerText"))]
    for form in ("HAR", "mermaid", "bash"):
        shown.get_by_label("Export as").select_option(form)
        for button in (shown.get_by_role("button", name="Export all"), login.get_by_role("button", name="Export the")):
            with shown.expect_download() as download:
                button.click()
            download.value.save_as(tmp_path / "saved")
            texts.append((tmp_path / "saved").read_text("utf-8"))
            assert "/mfa/challenge" in texts[-1]
            says(said, f"Saved as {download.value.suggested_filename}")
    kinds = ("mfa_token", "oob_code", "access_token", "id_token", "refresh_token")
    values = {f"{kind} {each.number}": str(each[kind]) for each in lab.journal for kind in kinds if kind in each}
    values["password"] = user.password
    assert len(values) > 3
    assert [leaks(text, values) for text in texts] == [[]] * len(texts)


def test_news_stands_behind_what_was_said_of_ones_own_act(shown: Page) -> None:
    said = [["Saved."], ["A push waits.", True], ["Allowed."]]
    heard = shown.evaluate("""said => import("./showing.js").then(({ say, element }) =>
      said.map((each) => (say(...each), element("said").textContent)))""", said)  # fmt: skip
    assert heard == ["Saved.", "Saved. A push waits.", "Allowed."]


def test_news_leaves_what_is_open_focused_or_selected(lab: Lab, auth0_mfa: Auth0Mfa, shown: Page) -> None:
    user = auth0_mfa.user(factors=["push"])
    poll = challenge(lab, user)
    poll()
    login = newest(shown, user)
    only = login.locator("li.exchange").last
    says(only, "authorization_pending")
    only.locator("summary.line").click()
    only.locator("pre").first.evaluate("each => getSelection().selectAllChildren(each)")
    before = shown.evaluate("[getSelection().toString(), scrollY]")
    poll()  # what was a poll is a run now
    says(login, "2 equal polls")
    challenge(lab, auth0_mfa.user(factors=["push"]))
    expect(shown.locator("#logins > li").first).not_to_contain_text(user.username)
    assert shown.evaluate("[getSelection().toString(), scrollY]")[0] == before[0] != ""
    expect(login.locator("pre:visible").first).to_be_visible()
    expect(login.locator("summary.line").nth(2)).to_be_focused()
    says(shown.locator("#heard"), "new exchanges, the newest: ")


def test_a_filter_leaves_what_is_of_a_user_and_an_endpoint(lab: Lab, auth0_mfa: Auth0Mfa, shown: Page) -> None:
    one, other = (auth0_mfa.user(factors=["push"]) for _ in range(2))
    for user in (one, other):
        challenge(lab, user)()
    says(newest(shown, other), "authorization_pending")
    shown.get_by_role("combobox", name="User").select_option(one.username)
    expect(newest(shown, other)).to_be_hidden()
    assert len(rows(newest(shown, one))) == 3
    shown.get_by_role("combobox", name="Endpoint").select_option("POST /mfa/challenge")
    assert rows(newest(shown, one)) == ["app POST /mfa/challenge 200 OK"]
    challenge(lab, other)
    shown.get_by_role("combobox", name="Endpoint").select_option("all endpoints")
    shown.get_by_role("combobox", name="User").select_option(other.username)
    expect(newest(shown, one)).to_be_hidden()
    expect(newest(shown, other)).to_be_visible()


def test_the_column_goes_on_after_a_loss_and_says_what_happened_between(page: Page, auth0_mfa: Auth0Mfa) -> None:
    under_way = an_exchange(1, status=None, outcome="no answer", written=None)
    later = [
        an_exchange(3, moved=300.0, fault="slow", on_purpose=True),
        an_exchange(4, written=None, outcome="no answer", fault="drop", delivered=False, moved=300.0),
        an_exchange(5, reset=1),
        an_exchange(6, moved=0.5, reset=1),
    ]
    asked = tells(page, [under_way], 500, [an_exchange(1), an_exchange(2)], 502, later)
    page.goto(auth0_mfa.page)
    logins = page.locator("#logins")
    says(logins, "The clock was moved by 5 min.", "fault: slow · on purpose", "The tenant was reset.")
    says(logins, "no answer fault: drop · not delivered")
    expect(logins).not_to_contain_text("under way")
    until(lambda: len(asked) > 5, "it asks for what comes after the newest", page)
    assert asked[:6] == ["", "?after=0", "?after=0", "?after=2", "?after=2", "?after=6"]


def test_the_column_holds_1000_and_begins_anew_with_its_server(page: Page, auth0_mfa: Auth0Mfa) -> None:
    many = [an_exchange(each, login=each - each % 5 or None) for each in range(1, 1202)]
    view = f"<details open><summary>its own</summary>{HOSTILE.partition('<img')[0]}the view</details>"
    again = [an_exchange(1, user=HOSTILE, path=HOSTILE, outcome=HOSTILE, html=view)]
    tells(page, many, 500, again, again)  # a second passes after a failure
    page.goto(auth0_mfa.page)
    rows = page.locator("#logins li.exchange")
    expect(rows).to_have_count(1000)
    assert page.locator("#exchange-201").count() == 0
    expect(rows).to_have_count(1)
    says(rows, HOSTILE)
    rows.locator("summary").click()
    says(rows, "the view")
    expect(rows).not_to_contain_text("its own")
    assert page.title().startswith("Phone, exchanges, inbox")


def test_a_server_without_a_journal_is_said_to_keep_none(page: Page, auth0_mfa: Auth0Mfa) -> None:
    tells(page, 404)
    page.goto(auth0_mfa.page)
    expect(page.get_by_text("keeps no exchanges: it was started with --no-journal")).to_be_visible()
    expect(page.locator("#of-journal")).to_be_hidden()


def test_the_card_of_conduct_leads_from_a_broken_rule_to_its_exchanges(page: Page, auth0_mfa: Auth0Mfa) -> None:
    verdict = {"sentence": "Wait 5 s.", "source": "RFC 8628", "said": HOSTILE, "exchanges": []}
    told = [
        {**verdict, "id": "kept-one", "level": "must", "verdict": "kept"},
        {**verdict, "id": "should-one", "level": "should", "verdict": "broken"},
        {**verdict, "id": "must-one", "level": "must", "verdict": "broken", "exchanges": [1, 2]},
    ]
    page.route("**/_lab/conduct", lambda route: route.fulfill(json={"verdicts": told, "left_out": 3}))
    tells(page, [an_exchange(1), an_exchange(2, path="/y")])
    page.goto(auth0_mfa.page)
    page.get_by_role("combobox", name="Endpoint").select_option("GET /x")
    page.get_by_text("Is the application right?").click()
    page.get_by_role("button", name="Judge").click()
    says(page.locator("#judged"), "2 broken · 0 not seen · 1 kept · 3 exchanges on purpose, left out")
    broken = page.locator("#broken > li")
    assert [text.split()[0:5] for text in broken.all_inner_texts()] == [
        ["broken", "·", "must", "·", "must-one"],
        ["broken", "·", "should", "·", "should-one"],
    ]
    says(broken.first, HOSTILE)
    broken.first.get_by_role("link", name="2").click()
    expect(page.locator("#exchange-2 > summary")).to_be_focused()
    told.pop()
    page.get_by_role("button", name="Judge").click()
    says(page.locator("#judged"), "1 broken")


def test_the_tenants_knobs_turn(lab: Lab, auth0_mfa: Auth0Mfa, shown: Page) -> None:
    def press(name: str) -> None:
        shown.get_by_role("button", name=name, exact=True).click()

    said, before = shown.get_by_role("status"), auth0_mfa.clock.now()
    shown.get_by_text("Tenant: clock").click()
    policy = shown.get_by_role("combobox", name="policy", exact=True)
    expect(policy).to_have_value("all-applications")
    press("+ 5 min")
    says(said, "moved by 300 s")
    shown.get_by_label("Seconds").first.fill("1000")
    shown.keyboard.press("Enter")
    says(said, "moved by 1000 s")
    assert auth0_mfa.clock.now() - before >= 1300
    press("Set back")
    says(said, "set back")

    shown.get_by_label("What goes wrong").select_option("5xx")
    expect(shown.get_by_label("Retry-After")).to_be_hidden()
    shown.get_by_label("With the call").fill("POST /oauth/token")
    shown.get_by_label("Status", exact=True).fill("507")
    shown.get_by_label("Times").fill("2")
    press("Set the fault")
    says(shown.locator("#faults"), "5xx · POST /oauth/token · 2 times · status 507")
    press("Set the fault")
    expect(shown.locator("#faults li")).to_have_count(2)
    assert lab.client.password_grant(username="jane.roe@example.com", password="x").status == 507
    says(shown.locator("#faults li").first, "once")
    press("Clear all")
    expect(shown.locator("#no-faults")).to_be_visible()

    for factor in ("push", "otp"):
        shown.get_by_label(factor, exact=True).check()
    with shown.expect_response("**/_lab/users") as answer:
        press("Add a user")
    user = answer.value.json()
    says(shown.locator("#user"), user["username"], "push, otp")
    assert user["password"] not in shown.content()
    press("Show the password")
    says(shown.locator("#user"), user["password"])
    press("Show the password")
    assert user["password"] not in shown.content()
    assert lab.client.password_grant(username=user["username"], password=user["password"]).error == "mfa_required"

    policy.select_option("never")
    says(said, "policy is never now")
    shown.get_by_text("Switches").click()
    shown.get_by_role("combobox", name=re.compile("^pending_status")).select_option("200")
    says(said, "pending_status is 200 now")
    settings = auth0_mfa.settings()
    assert (settings["policy"], settings["switches"]["pending_status"]) == ("never", "200")
    shown.once("dialog", lambda dialog: dialog.accept())
    press("Reset the tenant")
    says(said, "The tenant is reset")
    assert auth0_mfa.settings()["policy"] == "all-applications"
    expect(policy).to_have_value("all-applications")


def test_on_a_narrow_page_the_columns_are_tabs_that_arrows_turn(lab: Lab, auth0_mfa: Auth0Mfa, shown: Page) -> None:
    parts = [shown.locator(f"#{name}") for name in ("phone", "exchanges", "inbox")]
    for part in parts:
        expect(part).to_be_visible()
    expect(shown.get_by_role("tablist")).to_be_hidden()
    shown.set_viewport_size({"width": 360, "height": 800})
    shown.get_by_role("tab", name="Phone").focus()
    for key, at in (("ArrowRight", 1), ("End", 2), ("ArrowRight", 0), ("ArrowLeft", 2), ("Home", 0)):
        shown.keyboard.press(key)
        assert [part.is_visible() for part in parts] == [each == at for each in range(3)], key
        expect(shown.get_by_role("tab").nth(at)).to_be_focused()
    challenge(lab, auth0_mfa.user(factors=["push"]))
    says(shown.get_by_role("tab", name="Phone (1)"), "Phone (1)")
    shown.keyboard.press("ArrowRight")
    expect(shown.get_by_role("tabpanel", name=re.compile("Exchanges"))).to_be_visible()


def test_it_reads_in_both_themes_narrow_and_wide_whatever_it_shows(lab: Lab, auth0_mfa: Auth0Mfa, shown: Page) -> None:
    def reads() -> None:
        for theme, width, tab in (("light", 320, 0), ("dark", 360, 1), ("light", 800, 2), ("dark", 1100, 0)):
            is_bright = theme == "light"
            shown.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of its two words
            shown.set_viewport_size({"width": width, "height": 900})
            if width < 1100:
                shown.get_by_role("tab").nth(tab).click()
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
    shown.set_viewport_size({"width": 1200, "height": 900})
    for opened in ("#tenant > summary", "#settings summary", "#conduct > summary"):
        shown.locator(opened).click()
    newest(shown, user).locator("summary.line").first.click()
    says(newest(shown, user), "Answer")
    says(shown.locator("#policies"), "policy")
    shown.route("**/_lab/state", lambda route: route.abort())
    expect(shown.get_by_role("alert")).to_be_visible()
    reads()
    # What axe would find: a field without its label.
    shown.evaluate("document.querySelector('label[for=barcode]').remove(); barcode.placeholder = ''")
    assert [each.split(":")[0] for each in serious(shown, "html")] == ["label"]
