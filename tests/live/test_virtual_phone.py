"""AUTH0_LAB_VIRTUAL_PHONE=1: the virtual phone enrolls at a live tenant, shows codes, and says what it cannot do."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest

from auth0_mfa_lab import Exchange, Lab, LabError
from auth0_mfa_lab.errors import NotABarcode, NotEnrolled
from auth0_mfa_lab.show.panels.phone import PhonePanel
from auth0_mfa_lab.show.sentences import Sentence
from tests.live.drift_runs import PUSH
from tests.live.live_world import LiveTenant, mfa_token
from tests.panel_stage import states

UNPROVEN = "unproven against real Auth0"
ENROLL = ("POST", "/appliance-mfa/api/enroll")


@pytest.fixture
def lab(live_tenant: LiveTenant) -> Lab:
    """A live lab with the virtual phone."""
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
    """Log in with the phone's code."""
    return lab.client.mfa_otp_grant(mfa_token=mfa_token(lab), otp=lab.phone.code())


def shown(panel: object) -> str:
    """Return all that a page or a file has of a panel: its text, its twin, and each trait of each widget in it."""
    assert isinstance(panel, PhonePanel)
    return unescape("\n".join([repr(panel), panel.static_html(), states(panel)]))


def test_it_enrolls_a_push_is_named_as_what_it_is_and_gives_each_code_once(
    live_tenant: LiveTenant, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    scanned = enrolled(lab)
    assert (scanned.status, scanned.speaker) == (201, "phone")
    assert (live_tenant.journal[-2:], live_tenant.sent) == ([ENROLL, ("POST", "/oauth/token")], [])
    active = live_tenant.sandbox.tenant.authenticators.active_of(live_tenant.person.user_id)
    assert {each.kind for each in active} == {"push", "totp", "recovery-code"}
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


def test_no_push_can_be_answered_and_slips_are_sentences(live_tenant: LiveTenant, lab: Lab) -> None:
    phone, verbs = lab.phone, ("allow", "reject", "allow")
    for verb, said in zip(verbs, (phone.allow(), phone.reject("no"), phone.allow_after(polls=2)), strict=True):
        mark, rest = str(said).split(":", 1)
        assert (UNPROVEN in mark, "your own phone" in rest.replace("\n", " ")) == (True, True)
        assert f"no push can reach it on a live tenant, so there is none that it could {verb}" in rest
    assert phone.notifications == ()
    with pytest.raises(NotEnrolled, match="no codes"):
        phone.code()
    with pytest.raises(NotABarcode, match="enrolls nothing"):
        phone.scan("https://tenant.example/")
    uri = begun(lab)[1]["barcode_uri"]
    live_tenant.bad("drop", " ".join(ENROLL))
    with pytest.raises(LabError):
        phone.scan(uri)


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
    assert [each for each in (*lies, *raw) if each in shown(panel)] == []
    assert ("<otp 1>" in shown(panel), live_tenant.journal) == (True, received)


def test_a_recorded_run_of_it_holds_no_secret_and_is_replayed_with_the_same_text(
    live_tenant: LiveTenant, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A live lab's time goes on; a recording's stands where its last answer was.
    now = live_tenant.sandbox.clock.now()
    monkeypatch.setattr(live_tenant.sandbox.clock, "_wall", lambda: now)

    def looked(lab: Lab) -> list[str]:
        panel = lab.phone_panel()
        seen = [repr(panel), *map(repr, (lab.phone, enrolled(lab), lab.phone.allow(), logged_in(lab)))]
        panel.refresh()
        return [*seen, repr(panel), str(panel.static_html())]

    seen = looked(lab)
    (scanned,) = [each for each in lab.journal if each.speaker == "phone"]
    assert scanned.response is not None
    said, asked = scanned.response.raw_data(), scanned.request.raw_data()
    secrets = [said["token"], said["totp"]["secret"], said["user_id"], asked["push_credentials"]["token"]]
    printed = "\n".join([*seen, *map(repr, [lab, lab.journal, *lab.journal])])
    assert [each for each in secrets if str(each) in printed] == []
    lab.export("har").save(file := tmp_path / "run.har")
    received, replayed = [*live_tenant.journal], Lab.replay(file)
    assert looked(replayed) == seen
    assert (UNPROVEN in repr(replayed), live_tenant.journal) == (True, received)
