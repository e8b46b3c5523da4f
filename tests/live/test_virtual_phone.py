"""AUTH0_LAB_VIRTUAL_PHONE=1: the virtual phone enrolls at a live tenant, shows codes, and says what it cannot do."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from auth0_mfa_lab import Exchange, Lab, LabError
from auth0_mfa_lab.errors import NotABarcode, NotEnrolled
from auth0_mfa_lab.show.panels.phone import PhonePanel
from auth0_mfa_lab.show.sentences import Sentence
from tests.live.live_world import LiveTenant

UNPROVEN = "unproven against real Auth0"
ENROLL = ("POST", "/appliance-mfa/api/enroll")


@pytest.fixture
def lab(live_tenant: LiveTenant) -> Lab:
    """A live lab with the virtual phone."""
    return live_tenant.lab(environ={"AUTH0_LAB_VIRTUAL_PHONE": "1"})


def log_in(lab: Lab) -> Any:
    user = lab.settings
    return lab.client.password_grant(username=str(user.username), password=str(user.password))["mfa_token"]


def begun(lab: Lab, **fields: Any) -> tuple[Any, Exchange]:
    """Begin an enrollment, of a push by default; return the mfa_token and the answer."""
    token, push = log_in(lab), {"authenticator_types": ["oob"], "oob_channels": ["auth0"]}
    return token, lab.client.mfa_associate(token, **(fields or push))


def enrolled(lab: Lab) -> Exchange:
    """Enroll push with the virtual phone, and return what the scan said."""
    token, enrollment = begun(lab)
    scanned = lab.phone.scan(enrollment["barcode_uri"])
    assert isinstance(scanned, Exchange)
    assert lab.client.mfa_oob_grant(mfa_token=token, oob_code=enrollment["oob_code"]).status == 200
    return scanned


def walk(lab: Lab) -> Iterator[object]:
    """Everything that the phone does, and what the lab says of it."""
    yield lab.phone
    yield enrolled(lab)
    yield lab.phone.allow()
    yield lab.client.mfa_otp_grant(mfa_token=log_in(lab), otp=lab.phone.code())


def test_it_enrolls_a_push_unattended_is_named_as_what_it_is_and_its_code_logs_in(
    live_tenant: LiveTenant, lab: Lab
) -> None:
    scanned = enrolled(lab)
    assert (scanned.status, scanned.speaker) == (201, "phone")
    assert (live_tenant.journal[-2:], live_tenant.sent) == ([ENROLL, ("POST", "/oauth/token")], [])
    active = live_tenant.sandbox.tenant.authenticators.active_of(live_tenant.person.user_id)
    assert {each.kind for each in active} == {"push", "totp", "recovery-code"}
    # It is marked wherever it is shown; the application's own answers bear no mark.
    assert UNPROVEN in repr(lab.phone).splitlines()[0]
    assert UNPROVEN in repr(lab).splitlines()[0]
    assert UNPROVEN in repr(scanned)
    assert {each.speaker: bool(each.notes) for each in lab.journal} == {"app": False, "phone": True}
    token = log_in(lab)
    listed = lab.client.mfa_authenticators(token).json
    assert "Virtual phone of auth0-mfa-lab" in {each.get("name") for each in listed}
    assert lab.client.mfa_otp_grant(mfa_token=token, otp=lab.phone.code()).status == 200


def test_a_code_is_given_once_and_the_next_is_waited_for(
    live_tenant: LiveTenant, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    enrolled(lab)
    first, before = lab.phone.code(), live_tenant.sandbox.clock.now()
    assert capsys.readouterr().err == ""
    assert lab.phone.code() != first
    assert 0 < live_tenant.sandbox.clock.now() - before <= 31
    assert "before the next code (Interrupt stops it)" in capsys.readouterr().err
    # The codes of a newly scanned secret are not waited for.
    lab.phone.scan("otpauth://totp/lab:somebody?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")  # auth0-mfa-lab: allow
    lab.phone.code()
    assert capsys.readouterr().err == ""


def test_it_enrolls_where_the_qr_says_or_at_the_tenant_each_with_a_key_of_its_own(live_tenant: LiveTenant) -> None:
    said, labs = [], [live_tenant.lab(virtual_phone=True) for _ in range(2)]
    uris = [str(begun(each)[1]["barcode_uri"]) for each in labs]
    # The first scan spends both: no answer of the tenant's matters to where the phone speaks.
    uris[0] = uris[0].partition("&base_url")[0]
    for lab, uri, status in ((labs[0], uris[0], 201), (labs[1], uris[1], 404)):
        scanned = lab.phone.scan(uri)
        assert isinstance(scanned, Exchange)
        assert scanned.request.url == f"https://{live_tenant.domain}/appliance-mfa/api/enroll"
        assert scanned.status == status
        said.append(scanned.request.raw_data())
    assert [name for name in ("identifier", "push_credentials", "public_key") if said[0][name] == said[1][name]] == []


def test_the_secret_of_a_one_time_code_is_kept_and_confirms_the_enrollment(live_tenant: LiveTenant, lab: Lab) -> None:
    token, enrollment = begun(lab, authenticator_types=["otp"])
    before = [*live_tenant.journal]
    said = lab.phone.scan(enrollment["barcode_uri"])
    assert isinstance(said, Sentence)
    assert (UNPROVEN in said.sentence, live_tenant.journal) == (True, before)
    assert lab.client.mfa_otp_grant(mfa_token=token, otp=lab.phone.code()).status == 200


def test_no_push_can_be_answered_and_slips_are_sentences(live_tenant: LiveTenant, lab: Lab) -> None:
    for said, verb in (
        (lab.phone.allow(), "allow"),
        (lab.phone.reject("no"), "reject"),
        (lab.phone.allow_after(polls=2), "allow"),
    ):
        assert UNPROVEN in str(said).splitlines()[0]
        assert f"no push can reach it on a live tenant, so there is none that it could {verb}" in str(said)
        assert "your own phone" in str(said)
    assert lab.phone.notifications == ()
    with pytest.raises(NotEnrolled, match="no codes"):
        lab.phone.code()
    with pytest.raises(NotABarcode, match="enrolls nothing"):
        lab.phone.scan("https://tenant.example/")
    uri = begun(lab)[1]["barcode_uri"]
    live_tenant.bad("drop", "POST /appliance-mfa/api/enroll")
    with pytest.raises(LabError):
        lab.phone.scan(uri)


def seen_of(panel: PhonePanel) -> str:
    """All that a page or a file has of a panel: its text, its twin, and each trait of each widget in it."""

    def within(widget: Any) -> Iterator[str]:
        yield from (str(value) for value in widget.get_state().values())
        for each in getattr(widget, "children", ()):
            yield from within(each)

    return unescape("\n".join([repr(panel), panel.static_html(), *within(panel)]))


def test_its_panel_asks_nothing_lies_nowhere_and_shows_no_code_and_no_person(live_tenant: LiveTenant, lab: Lab) -> None:
    panel = lab.phone_panel()
    assert isinstance(panel, PhonePanel)
    assert repr(panel).startswith("PhonePanel · Virtual phone · 0 accounts · 0 codes · Unproven")
    enrolled(lab)
    received = [*live_tenant.journal]
    panel.refresh()
    assert " · 1 account · 1 code · " in repr(panel)
    assert "no push and no message can reach it" in panel.static_html()
    lies = ("Pushes", "pushes and codes", "No push waits", "Messages", "Nothing was sent")
    assert [lie for lie in lies if lie in seen_of(panel)] == []
    code, known = str(lab.phone.code()), live_tenant.person
    panel.show_code()
    raw = [code, known.username, known.email, known.phone_number, known.user_id]
    assert ("<otp 1>" in seen_of(panel), [each for each in raw if not each or each in seen_of(panel)]) == (True, [])
    assert live_tenant.journal == received


def test_a_recorded_run_of_it_holds_no_secret_and_is_replayed_with_the_same_text(
    live_tenant: LiveTenant, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A live lab's time goes on; a recording's stands where its last answer was.
    now = live_tenant.sandbox.clock.now()
    monkeypatch.setattr(live_tenant.sandbox.clock, "_wall", lambda: now)

    def looked(lab: Lab) -> list[str]:
        panel = lab.phone_panel()
        assert isinstance(panel, PhonePanel)
        seen = [repr(panel), *map(repr, walk(lab))]
        panel.refresh()
        return [*seen, repr(panel), panel.static_html()]

    seen = looked(lab)
    (scanned,) = [each for each in lab.journal if each.speaker == "phone"]
    assert scanned.response is not None
    said, asked = scanned.response.raw_data(), scanned.request.raw_data()
    secrets = [said["token"], said["totp"]["secret"], said["user_id"], asked["push_credentials"]["token"]]
    shown = "\n".join([*seen, *map(repr, [lab, lab.journal, *lab.journal])])
    assert [each for each in secrets if str(each) in shown] == []
    lab.export("har").save(file := tmp_path / "run.har")
    received, replayed = [*live_tenant.journal], Lab.replay(file)
    assert looked(replayed) == seen
    assert (UNPROVEN in repr(replayed), live_tenant.journal) == (True, received)
