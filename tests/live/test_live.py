"""Each verb of a lab on one's own tenant: the user, the phone and the codes, time, a lost network."""

import re
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from auth0_mfa_lab import Exchange, Lab, LabError, Secret, Settings, SettingsError
from auth0_mfa_lab.errors import NeedsAPerson, NotABarcode, NotConfirmed, NotEnrolled, UserDoesNotFit
from auth0_mfa_lab.live.administrator import SECRET, administrator, drawn
from auth0_mfa_lab.show.panels.phone import PhonePanel
from auth0_mfa_lab.show.sentences import Sentence
from auth0_mfa_lab.tenants.users import User
from tests.live.conftest import Person
from tests.live.live_world import PUSH, Answer, LiveTenant, mfa_token
from tests.panel_stage import states

NOTHING_SENT = "Nothing was sent."


def kinds(lab: Lab, user: User) -> str:
    listed = lab.client.mfa_authenticators(mfa_token(lab, user)).json
    assert all(each["active"] for each in listed)
    return " ".join(sorted(each["id"].partition("|")[0] for each in listed))


def test_opening_it_sends_nothing_and_it_says_where_every_request_goes(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab()
    assert repr(lab) == f"Lab on the live tenant {live_tenant.domain}: every request of yours is sent there."
    assert live_tenant.journal == []
    for settings in (None, Settings(tenant="live")):
        with pytest.raises(
            SettingsError, match=r"AUTH0_LAB_TENANT=live, and the AUTH0_ variables of \.env\.example\.$"
        ):
            Lab.live(settings)


def test_the_configured_user_fits_or_one_reads_what_to_do_and_nothing_is_sent_to_them(live_tenant: LiveTenant) -> None:
    lab, phone = live_tenant.lab(), live_tenant.own_phone()
    assert lab.user(factors=[]).username == live_tenant.person.username
    assert live_tenant.journal == [("POST", "/oauth/token"), ("GET", "/mfa/authenticators")]
    with pytest.raises(UserDoesNotFit) as misfit:
        lab.user(factors=["push", "otp", "sms", "voice", "email"])
    assert str(misfit.value) == (
        "This notebook starts from a user with push, otp, sms, voice, email, and the configured user has none. Enroll "
        "email first: notebook 04. Enroll otp first: notebook 02. Enroll push first: notebook 05. Enroll sms first: "
        f"notebook 04. Enroll voice first: notebook 04. {NOTHING_SENT}"
    )
    live_tenant.enroll("push", phone=phone)
    assert lab.user(factors=["push"]).factors == ("push",)
    with pytest.raises(UserDoesNotFit) as misfit:
        lab.user()
    active = live_tenant.sandbox.tenant.authenticators.active_of(live_tenant.person.user_id)
    assert str(misfit.value) == (
        "This notebook starts from a user with no factor, and the configured user has otp, push, recovery-code. Remove "
        f"{', '.join(each.id for each in active)}, what a lab left by lab.cleanup(): Dashboard > User Management > "
        f"Users > the user > Multi-Factor > Reset. {NOTHING_SENT}"
    )
    assert (live_tenant.sent, len(live_tenant.users)) == ([], 1)


# fmt: off
NO_TOKEN = "The login of AUTH0_USERNAME brought no mfa_token"
CHECK = ("Check AUTH0_USERNAME, AUTH0_PASSWORD, AUTH0_REALM, AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET and the "
         "application's grant types Password and MFA.")
REFUSED = (
    (200, {"access_token": "opaque-token-1"}, "The tenant gave tokens for the password alone (200). Turn the MFA "
     "policy on: Dashboard > Security > Multi-factor Auth > Require Multi-factor Auth: Always."),
    (403, {"error": "invalid_grant", "error_description": "Wrong email"},
     f"{NO_TOKEN}: 403 invalid_grant (exchange 1): Wrong email. {CHECK}"),
    (502, None, f"{NO_TOKEN}: 502 Bad Gateway (exchange 1): no description. {CHECK}"),
)
# fmt: on


@pytest.mark.parametrize(("status", "body", "said"), REFUSED)
def test_a_login_that_brings_no_mfa_token_says_what_to_check(
    live_tenant: LiveTenant, status: int, body: object, said: str
) -> None:
    live_tenant.alter("POST /oauth/token", lambda _: Answer(status=status).with_json(body))
    with pytest.raises(SettingsError) as refusal:
        live_tenant.lab().user()
    assert (str(refusal.value), len(live_tenant.journal)) == (said, 1)


@pytest.mark.parametrize(
    ("factors", "has"),
    [
        ([], ""),
        (["sms"], "recovery-code sms voice"),
        (["voice"], "recovery-code sms voice"),
        (["otp", "sms", "email"], "email recovery-code sms totp voice"),
        (["push"], "push recovery-code totp"),
        (["push", "otp", "sms"], "push recovery-code sms totp totp voice"),
    ],
)
def test_a_throw_away_user_has_just_these_factors(tenant: LiveTenant, factors: list[str], has: str) -> None:
    lab = tenant.lab(management=True, virtual_phone="push" in factors)
    user = lab.user(factors=factors)
    assert (user.factors, kinds(lab, user), tenant.sent, tenant.authenticators) == (tuple(factors), has, [], [])
    if "totp" in has:
        assert lab.client.mfa_otp_grant(mfa_token=mfa_token(lab, user), otp=lab.phone.code()).status == 200
    if factors == ["sms"]:
        lab.client.mfa_challenge(mfa_token=mfa_token(lab, user), challenge_type="oob")
        assert tenant.sent == [("sms", lab.settings.phone_number)]
    said = {name: value for each in lab.journal for name, value in (each.request.raw_data() or {}).items()}
    assert said["verify_email"] is False
    assert said.get("preferred_authentication_method") == next(filter({"sms", "voice"}.__contains__, factors), None)
    code = user.recovery_code
    assert bool(code) is bool(factors)
    if factors:
        assert lab.client.mfa_recovery_code_grant(mfa_token=mfa_token(lab, user), recovery_code=str(code)).status == 200


def test_two_are_two_are_named_nowhere_and_come_again_in_a_replay(tenant: LiveTenant, tmp_path: Path) -> None:
    lab = tenant.lab(management=True)
    made, raw = [lab.user(factors=["otp"]) for _ in range(2)], list[str]()
    for user in made:
        name, password, code = str(user.username), str(user.password), str(user.recovery_code)
        there = next(each for each in tenant.users.values() if each.username == name)
        (secret,) = {each.secret for each in tenant.sandbox.tenant.authenticators.of(there.user_id)} - {code}
        raw += [name, password, code, there.user_id, str(secret)]
        assert re.fullmatch(r"lab-[0-9a-f]{10}@lab\.example", name)
        drawn_as = (there.connection, len(str(secret)), len(password), password[-4:])
        assert drawn_as == (lab.settings.realm, 32, 28, "aA1!")
    lab.export("har").save(file := tmp_path / "run.har")
    replay = Lab.replay(file)
    assert repr([replay.user(factors=["otp"]) for _ in made]) == repr(made)
    shown = repr(made) + repr(lab.journal) + "".join(map(repr, lab.journal)) + file.read_text("utf-8")
    assert ([each for each in raw if each in shown or each[6:] in shown], len(set(raw))) == ([], 10)


# fmt: off
MISFITS: tuple[tuple[list[str], dict[str, Any], type[LabError], str], ...] = (
    # the factors, the settings, and what is said before anything is sent
    (["fax"], {}, LabError, "no factor 'fax'"),
    (["otp", "push"], {}, UserDoesNotFit, rf"notebook 05.*AUTH0_LAB_VIRTUAL_PHONE=1.*{NOTHING_SENT}$"),
    (["sms"], {"phone_number": None}, SettingsError, "AUTH0_PHONE_NUMBER is missing, and a user with sms needs it"),
    (["voice"], {"phone_number": None}, SettingsError, "AUTH0_PHONE_NUMBER is missing, and a user with voice"),
    (["email"], {"email": None}, SettingsError, "AUTH0_EMAIL is missing"),
)
# fmt: on


@pytest.mark.parametrize(("factors", "settings", "error", "said"), MISFITS)
def test_what_no_user_can_have_is_said_before_anything_is_sent(
    tenant: LiveTenant, factors: list[str], settings: dict[str, Any], error: type[LabError], said: str
) -> None:
    with pytest.raises(error, match=said):
        tenant.lab(management=True, **settings).user(factors=factors)
    assert tenant.journal == []


def test_a_tenant_that_refuses_is_told_and_the_user_is_removed_again(
    tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = tenant.lab(management=True)
    wrong = tenant.lab(management=True, mgmt_client_secret=Secret("wrong", "<mgmt_client_secret>"))
    with pytest.raises(SettingsError, match=r"no token: 401 access_denied .* AUTH0_MGMT_CLIENT_SECRET"):
        wrong.user()
    monkeypatch.setattr(machine, "_draw", lambda what: "AAAA" if what == SECRET else drawn(what))
    with pytest.raises(LabError, match=r"Enrolling totp failed: 400 invalid_body: (?!no message)"):
        machine.user(factors=["otp"])
    assert len(tenant.users) == 1
    assert {row.fate for row in machine.cleanup().rows} == {"gone already"}


def test_a_lab_gets_one_token_for_all_its_users_or_takes_the_one_that_was_passed(tenant: LiveTenant) -> None:
    lab = tenant.lab(management=True)
    for _ in range(3):
        lab.user()
    lab.cleanup()

    def tokens() -> int:
        return sum(path == "/oauth/token" for _, path in tenant.journal)

    assert tokens() == 1
    passed = tenant.lab(mgmt_token=Secret(str(administrator(lab)._access_token), "<mgmt_token>"))
    passed.user(factors=["otp"])
    assert (passed.cleanup().stays, tokens()) == (False, 1)
    tenant.sandbox.clock.advance(86_400)
    tenant.alter("POST /oauth/token", partial(Answer.with_fields, expires_in="soon"))  # how long is not said
    lab.user()
    assert tokens() == 2


def test_one_question_asks_for_all_of_a_users_calls(tenant: LiveTenant, person: Person) -> None:
    person.answer, lab = "n", tenant.lab(management=True, confirm="once")
    with pytest.raises(NotConfirmed, match=r"lab\.user makes a throw-away user without any factor, by"):
        lab.user()
    assert (tenant.journal, len(lab.journal)) == ([], 0)
    person.answer = "y"
    for factors in (["otp", "sms"], ["otp", "sms"], []):
        lab.user(factors=factors)
    assert "makes a throw-away user with otp, sms, by the Management API; lab.cleanup() removes" in person.asked[1]
    assert ("Multi-Factor > Reset" in person.asked[1], len(person.asked)) == (True, 2)


OWN_PHONE = """\
Your own phone: nothing is done on it from here.
  .scan(...), .allow() and .reject() say what to do on it, .code() asks you for the code that it shows
On your phone: add an account, and scan the QR that the panel shows: for a push in the Guardian app, \
for a one-time code in any authenticator app.
On your phone: open the push of the Guardian app and press Allow.
On your phone: open the push of the Guardian app and press Deny.
A live phone is not scripted: press Allow yourself (in the sandbox, after 2 polls).
A live phone is not scripted: press Deny yourself (in the sandbox, after 2 polls)."""


def test_ones_own_phone_says_what_to_press_and_its_codes_are_asked_for_in_a_hidden_prompt(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed, lab = Person(" 123456 \n"), live_tenant.lab()
    monkeypatch.setattr("getpass.getpass", typed)
    phone = lab.phone
    said = [phone, phone.scan("otpauth://totp/x"), phone.allow(), phone.reject()]
    said += [phone.allow_after(polls=2), phone.reject_after(polls=2)]
    assert "\n".join(map(repr, said)) == OWN_PHONE
    phone.after_poll()
    code = phone.code()
    assert (code, repr(code)) == ("123456", "<otp 1>")
    question = "The 6-digit code of the authenticator app"
    assert typed.asked == [f"{question}: "]
    for answer, none in (("  ", ""), (EOFError(), " is needed, and no answer came")):
        typed.answer = answer
        with pytest.raises(NeedsAPerson, match=f"{question}{none}"):
            phone.code()
    assert live_tenant.journal == []


# -- the virtual phone (AUTH0_LAB_VIRTUAL_PHONE=1): it enrolls, shows codes, and says what it cannot do

UNPROVEN = "unproven against real Auth0"
ENROLL = ("POST", "/appliance-mfa/api/enroll")


@pytest.fixture
def lab(live_tenant: LiveTenant) -> Lab:
    return live_tenant.lab(virtual_phone=True)


def begun(lab: Lab) -> tuple[str, Exchange]:
    """Begin the enrollment of a push; return the mfa_token and the answer."""
    return (token := mfa_token(lab)), lab.client.mfa_associate(token, **PUSH)


def enrolled(lab: Lab) -> Exchange:
    """Enroll push with the virtual phone, and return what the scan said."""
    token, enrollment = begun(lab)
    scanned = lab.phone.scan(enrollment["barcode_uri"])
    assert isinstance(scanned, Exchange)
    assert lab.client.mfa_oob_grant(mfa_token=token, oob_code=enrollment["oob_code"]).status == 200
    return scanned


def logged_in(lab: Lab) -> Exchange:
    return lab.client.mfa_otp_grant(mfa_token=mfa_token(lab), otp=lab.phone.code())


def test_it_enrolls_a_push_is_named_as_what_it_is_and_gives_each_code_once(
    live_tenant: LiveTenant, lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scanned = enrolled(lab)
    lab.export("har").save(file := tmp_path / "run.har")
    replayed = Lab.replay(file)
    assert (UNPROVEN in repr(replayed), repr(enrolled(replayed))) == (True, repr(scanned))
    assert (scanned.status, scanned.speaker) == (201, "phone")
    assert (live_tenant.journal[-2:], live_tenant.sent) == ([ENROLL, ("POST", "/oauth/token")], [])
    # It is marked wherever it is shown; the application's own answers bear no mark.
    marked = (repr(lab.phone).splitlines()[0], repr(lab).splitlines()[0], repr(scanned))
    assert [each for each in marked if UNPROVEN not in each] == []
    assert {each.speaker: bool(each.notes) for each in lab.journal} == {"app": False, "phone": True}
    listed = lab.client.mfa_authenticators(mfa_token(lab)).json
    assert "Virtual phone of auth0-mfa-lab" in {each.get("name") for each in listed}
    before = live_tenant.sandbox.clock.now()
    assert (logged_in(lab).status, capsys.readouterr().err) == (200, "")
    assert logged_in(lab).status == 200  # with the next code, which is waited for
    assert 0 < live_tenant.sandbox.clock.now() - before <= 31
    assert "before the next code (Interrupt stops it)" in capsys.readouterr().err
    # The codes of a newly scanned secret are not waited for, and its scan sends nothing.
    received = [*live_tenant.journal]
    said = lab.phone.scan("otpauth://totp/lab:somebody?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")  # auth0-mfa-lab: allow
    assert lab.phone.code().isdigit()
    assert isinstance(said, Sentence)
    assert (UNPROVEN in said.sentence, live_tenant.journal, capsys.readouterr().err) == (True, received, "")


def test_it_enrolls_where_the_qr_says_or_at_the_tenant_each_with_a_key_of_its_own(live_tenant: LiveTenant) -> None:
    said, labs = [], [live_tenant.lab(virtual_phone=True) for _ in range(2)]
    uris = [str(begun(each)[1]["barcode_uri"]) for each in labs]
    # The first scan spends both: no answer of the tenant's matters to where the phone speaks.
    uris[0] = uris[0].partition("&base_url")[0]
    for lab, uri, status in zip(labs, uris, (201, 404), strict=True):
        scanned = lab.phone.scan(uri)
        assert isinstance(scanned, Exchange)
        assert (scanned.request.url, scanned.status) == (f"https://{live_tenant.domain}{ENROLL[1]}", status)
        said.append(scanned.request.raw_data())
    assert [name for name in ("identifier", "push_credentials", "public_key") if said[0][name] == said[1][name]] == []


VIRTUAL_PHONE = f"""\
Virtual phone, {UNPROVEN}: it enrolls at your tenant as a Guardian app does.
  .scan(barcode_uri) enrolls it, .code() is its TOTP of now; no push can reach it"""
NO_PUSH = f"""
Virtual phone, {UNPROVEN}: no push can reach it on a live tenant, so there is none that it could {{}}. \
Answer the push on your own phone, if that is enrolled; or log in with this one's code: lab.phone.code() and \
client.mfa_otp_grant(...)."""


def test_no_push_can_be_answered_and_slips_are_sentences(lab: Lab) -> None:
    phone = lab.phone
    said = [phone, phone.allow(), phone.reject("no"), phone.allow_after(polls=2), phone.reject_after(polls=2)]
    assert "\n".join(map(repr, said)) == VIRTUAL_PHONE + "".join(map(NO_PUSH.format, ("allow", "reject") * 2))
    assert phone.notifications == ()
    with pytest.raises(NotEnrolled, match="no codes"):
        phone.code()
    with pytest.raises(NotABarcode, match="enrolls nothing"):
        phone.scan("https://tenant.example/")


def test_its_panel_asks_nothing_lies_nowhere_and_shows_no_code_and_no_person(live_tenant: LiveTenant, lab: Lab) -> None:
    panel = lab.phone_panel()
    assert isinstance(panel, PhonePanel)
    assert repr(panel).startswith("PhonePanel · Virtual phone · 0 accounts · 0 codes · Unproven")
    enrolled(lab)
    received, known = [*live_tenant.journal], live_tenant.person
    panel.refresh()
    assert " · 1 account · 1 code · " in repr(panel)
    assert "no push and no message can reach it" in panel.static_html()
    code = str(lab.phone.code())
    panel.show_code()
    lies = ("Pushes", "pushes and codes", "No push waits", "Messages", "Nothing was sent")
    raw = (code, known.username, str(known.email), str(known.phone_number), known.user_id)
    # All that a page or a file has of it.
    shown = unescape("\n".join([repr(panel), panel.static_html(), states(panel)]))
    assert ([each for each in (*lies, *raw) if each in shown], "<otp 1>" in shown) == ([], True)
    assert live_tenant.journal == received
