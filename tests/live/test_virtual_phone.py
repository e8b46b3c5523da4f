"""AUTH0_LAB_VIRTUAL_PHONE=1: the virtual phone enrolls at a live tenant, shows codes, and says what it cannot do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from auth0_mfa_lab import Exchange, Lab, LabError
from auth0_mfa_lab.errors import NotABarcode, NotEnrolled
from auth0_mfa_lab.show.panels.phone import PhonePanel
from auth0_mfa_lab.show.sentences import Sentence
from auth0_mfa_lab.tenants.phone import LabPhone, OwnPhone
from tests.live.live_world import LiveTenant

UNPROVEN = "unproven against real Auth0"
ENROLL = ("POST", "/appliance-mfa/api/enroll")


@pytest.fixture
def lab(live_tenant: LiveTenant) -> Lab:
    """A live lab with the virtual phone."""
    return live_tenant.lab(environ={"AUTH0_LAB_VIRTUAL_PHONE": "1"})


def begun(lab: Lab, **fields: Any) -> tuple[Exchange, Exchange]:
    """Log in and begin an enrollment; return both exchanges."""
    user = lab.user(factors=[])
    login = lab.client.password_grant(username=user.username, password=user.password)
    wanted: dict[str, Any] = fields or {"authenticator_types": ["oob"], "oob_channels": ["auth0"]}
    return login, lab.client.mfa_associate(login["mfa_token"], **wanted)


def enrolled(lab: Lab) -> Exchange:
    """Enroll push with the virtual phone, and return what the scan said."""
    login, enrollment = begun(lab)
    scanned = lab.phone.scan(enrollment["barcode_uri"])
    assert isinstance(scanned, Exchange)
    assert lab.client.mfa_oob_grant(mfa_token=login["mfa_token"], oob_code=enrollment["oob_code"]).status == 200
    return scanned


def walk(lab: Lab) -> Iterator[object]:
    """Everything that the phone does, and what the lab says of it."""
    yield lab.phone
    yield enrolled(lab)
    yield lab.phone.allow()
    login = lab.client.password_grant(username=str(lab.settings.username), password=str(lab.settings.password))
    yield lab.client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=lab.phone.code())


# -- what it does


def test_a_push_is_enrolled_unattended_and_sends_nothing_to_anybody(live_tenant: LiveTenant, lab: Lab) -> None:
    scanned = enrolled(lab)
    assert (scanned.status, scanned.speaker) == (201, "phone")
    assert live_tenant.journal[-2:] == (ENROLL, ("POST", "/oauth/token"))
    assert live_tenant.sent == ()
    kinds = {each.kind for each in live_tenant.sandbox.tenant.authenticators.active_of(live_tenant.person.user_id)}
    assert kinds == {"push", "totp", "recovery-code"}


def test_its_code_opens_the_next_login(lab: Lab) -> None:
    assert [each.status for each in walk(lab) if isinstance(each, Exchange)] == [201, 200]


def test_a_code_is_given_once_and_the_next_is_waited_for(
    live_tenant: LiveTenant, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    enrolled(lab)
    first, begun_at = lab.phone.code(), live_tenant.sandbox.clock.now()
    assert capsys.readouterr().err == ""
    second = lab.phone.code()
    assert first != second
    assert 0 < live_tenant.sandbox.clock.now() - begun_at <= 31
    assert "before the next code (Interrupt stops it)" in capsys.readouterr().err


def test_the_codes_of_a_newly_scanned_secret_are_not_waited_for(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    enrolled(lab)
    lab.phone.code()
    lab.phone.scan("otpauth://totp/lab:somebody?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")  # auth0-mfa-lab: allow
    lab.phone.code()
    assert capsys.readouterr().err == ""


def test_it_enrolls_where_the_qr_says_and_where_it_says_nothing_at_the_tenant(
    live_tenant: LiveTenant, lab: Lab
) -> None:
    for uri in (enrolling(lab), enrolling(lab).partition("&base_url")[0]):
        assert "enrollment_tx_id" in uri
        scanned = lab.phone.scan(uri)
        assert isinstance(scanned, Exchange)
        assert scanned.request.url == f"https://{live_tenant.domain}/appliance-mfa/api/enroll"


def enrolling(lab: Lab) -> str:
    """Begin an enrollment, and return what its QR says."""
    return str(begun(lab)[1]["barcode_uri"])


def test_the_tenant_knows_it_by_a_name_that_says_what_it_is(lab: Lab) -> None:
    enrolled(lab)
    login = lab.client.password_grant(username=str(lab.settings.username), password=str(lab.settings.password))
    listed = lab.client.mfa_authenticators(login["mfa_token"]).json
    assert "Virtual phone of auth0-mfa-lab" in {each.get("name") for each in listed}


def test_two_labs_have_two_phones_that_nobody_could_foretell(live_tenant: LiveTenant) -> None:
    labs = [live_tenant.lab(virtual_phone=True) for _ in range(2)]
    said = []
    for lab, uri in [(lab, enrolling(lab)) for lab in labs]:
        lab.phone.scan(uri)
        said.append(lab.journal[-1].request.raw_data())
    for name in ("identifier", "push_credentials", "public_key"):
        assert said[0][name] != said[1][name]


def test_the_secret_of_a_one_time_code_is_kept_and_confirms_the_enrollment(live_tenant: LiveTenant, lab: Lab) -> None:
    login, enrollment = begun(lab, authenticator_types=["otp"])
    before = live_tenant.journal
    said = lab.phone.scan(enrollment["barcode_uri"])
    assert isinstance(said, Sentence)
    assert UNPROVEN in said.sentence
    assert live_tenant.journal == before
    assert lab.client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=lab.phone.code()).status == 200


# -- what it says that it cannot


@pytest.mark.parametrize(
    ("act", "verb"),
    [
        (lambda phone: phone.allow(), "allow"),
        (lambda phone: phone.reject("no"), "reject"),
        (lambda phone: phone.allow_after(polls=2), "allow"),
    ],
    ids=["allow", "reject", "allow_after"],
)
def test_no_push_can_be_answered_and_it_says_what_to_do_instead(
    lab: Lab, act: Callable[[LabPhone], object], verb: str
) -> None:
    said = str(act(lab.phone))
    assert UNPROVEN in said.splitlines()[0]
    assert f"no push can reach it on a live tenant, so there is none that it could {verb}" in said
    assert "your own phone" in said
    assert lab.phone.notifications == ()


def test_it_is_marked_wherever_it_is_shown(lab: Lab) -> None:
    assert UNPROVEN in repr(lab.phone).splitlines()[0]
    assert UNPROVEN in repr(lab).splitlines()[0]
    assert any(UNPROVEN in note for note in enrolled(lab).notes)
    assert UNPROVEN in repr(lab.journal[-2])


def test_the_applications_own_answers_bear_no_mark(lab: Lab) -> None:
    enrolled(lab)
    assert {each.speaker: bool(each.notes) for each in lab.journal} == {"app": False, "phone": True}


def test_without_the_setting_the_phone_is_the_persons(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab()
    assert isinstance(lab.phone, OwnPhone)
    assert UNPROVEN not in repr(lab)


def test_slips_are_sentences(lab: Lab) -> None:
    with pytest.raises(NotEnrolled, match="no codes"):
        lab.phone.code()
    with pytest.raises(NotABarcode, match="enrolls nothing"):
        lab.phone.scan("https://tenant.example/")


def test_a_tenant_that_refuses_the_phone_is_an_exchange(lab: Lab) -> None:
    uri = enrolling(lab)
    lab.phone.scan(uri)
    again = lab.phone.scan(uri)
    assert isinstance(again, Exchange)
    assert again.status == 404


# -- its panel


def panel_of(lab: Lab) -> PhonePanel:
    panel = lab.phone_panel()
    assert isinstance(panel, PhonePanel)
    return panel


def seen_of(panel: PhonePanel) -> str:
    """All that a page or a file has of a panel: its text, its twin, and each trait of each widget in it."""

    def within(widget: Any) -> Iterator[str]:
        yield from (str(value) for value in widget.get_state().values())
        for each in getattr(widget, "children", ()):
            yield from within(each)

    return unescape("\n".join([repr(panel), panel.static_html(), *within(panel)]))


def test_the_panel_is_the_virtual_phone_and_says_what_cannot_reach_it(lab: Lab) -> None:
    panel = panel_of(lab)
    assert repr(panel).startswith("PhonePanel · Virtual phone · 0 accounts · 0 codes · Unproven")
    enrolled(lab)
    panel.refresh()
    assert " · 1 account · 1 code · " in repr(panel)
    assert "no push and no message can reach it" in panel.static_html()
    for lie in ("Pushes", "pushes and codes", "No push waits", "Messages", "Nothing was sent"):
        assert lie not in seen_of(panel)


def test_the_panel_asks_the_tenant_nothing(live_tenant: LiveTenant, lab: Lab) -> None:
    enrolled(lab)
    received = live_tenant.journal
    panel = panel_of(lab)
    panel.refresh()
    panel.show_code()
    assert live_tenant.journal == received


def test_the_panel_shows_no_code_and_no_person(live_tenant: LiveTenant, lab: Lab) -> None:
    enrolled(lab)
    panel = panel_of(lab)
    code = str(lab.phone.code())
    panel.show_code()
    seen = seen_of(panel)
    person = live_tenant.person
    assert "<otp 1>" in seen
    for raw in (code, person.username, person.email, person.phone_number, person.user_id):
        assert raw
        assert raw not in seen


def test_the_panel_of_a_recording_shows_what_was_seen(
    live_tenant: LiveTenant, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A live lab's time goes on; a recording's stands where its last answer was.
    now = live_tenant.sandbox.clock.now()
    monkeypatch.setattr(live_tenant.sandbox.clock, "_wall", lambda: now)

    def looked(lab: Lab) -> list[str]:
        first = repr(panel := panel_of(lab))
        enrolled(lab)
        panel.refresh()
        return [first, repr(panel), panel.static_html()]

    seen = looked(lab)
    lab.export("har").save(file := tmp_path / "run.har")
    assert looked(Lab.replay(file)) == seen


# -- its secrets, and its recording


def test_nothing_that_is_shown_holds_the_phones_secrets(lab: Lab) -> None:
    shown = "\n".join(map(repr, [*walk(lab), lab, lab.journal, *lab.journal]))
    (scanned,) = [each for each in lab.journal if each.speaker == "phone"]
    assert scanned.response is not None
    said, asked = scanned.response.raw_data(), scanned.request.raw_data()
    secrets = [said["token"], said["totp"]["secret"], said["user_id"], asked["push_credentials"]["token"]]
    assert all(str(each) not in shown for each in secrets)


def test_a_recorded_run_of_it_is_replayed_with_the_same_text(live_tenant: LiveTenant, lab: Lab, tmp_path: Path) -> None:
    before = [repr(each) for each in walk(lab)]
    lab.export("har").save(file := tmp_path / "run.har")
    received = live_tenant.journal
    replayed = Lab.replay(file)
    assert [repr(each) for each in walk(replayed)] == before
    assert UNPROVEN in repr(replayed)
    assert live_tenant.journal == received


def test_the_recording_of_a_persons_phone_has_no_virtual_one(live_tenant: LiveTenant, tmp_path: Path) -> None:
    lab = live_tenant.lab()
    lab.user(factors=[])
    lab.export("har").save(file := tmp_path / "run.har")
    assert isinstance(Lab.replay(file).phone, OwnPhone)


def test_a_tenant_without_an_answer_is_a_lab_error(live_tenant: LiveTenant, lab: Lab) -> None:
    uri = enrolling(lab)
    live_tenant.bad("drop", "POST /appliance-mfa/api/enroll")
    with pytest.raises(LabError):
        lab.phone.scan(uri)
