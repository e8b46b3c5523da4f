"""The lab composes a tenant, its client, the journal, the phone and the clock; its verbs say what they did."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest

from auth0_mfa_lab import Exchange, Lab, LabError, NoAnswer, Secret, SettingsError
from auth0_mfa_lab.errors import ClaimFailed
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.tenants.phone import Inbox, messages_of_a_person
from tests.flows import flows
from tests.mothers import MFA_TOKEN, OOB_CODE, a_journal, a_request, an_exchange, enrolling, live_settings, rows


@pytest.fixture
def lab() -> Lab:
    return Lab.sandbox()


def log_in(lab: Lab, *factors: str) -> Exchange:
    return flows.log_in(lab, lab.user(factors=factors))


# -- what it is


def test_a_sandbox_says_that_nothing_leaves_the_process_and_what_it_sends_is_pinned(lab: Lab) -> None:
    assert repr(lab) == "Lab on the sandbox tenant sandbox.example (profile docs): nothing is sent to Auth0."
    assert lab._repr_mimebundle_() == {"text/plain": repr(lab), "text/html": f"<p>{lab!r}</p>"}
    keys = lab.client.jwks()
    named = {"host": "sandbox.example", "user-agent": "auth0-mfa-lab", "accept": "application/json"}
    assert dict(keys.request.headers) == {**named, "accept-encoding": "gzip, deflate", "connection": "keep-alive"}
    assert repr(lab.claim("one is one", 1 == 1)) == "✓ one is one"
    with pytest.raises(ClaimFailed, match="This does not hold: one is two"):
        lab.claim("one is two", holds=False)


def test_only_live_in_the_environment_goes_live(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AUTH0_LAB_TENANT")
    assert repr(Lab.from_env(tmp_path)) == repr(Lab.sandbox())
    for name in ("DOMAIN", "CLIENT_ID", "USERNAME", "PASSWORD"):
        monkeypatch.setenv(f"AUTH0_{name}", "tenant.example")
    said = "AUTH0_DOMAIN is set, AUTH0_LAB_TENANT is not: this is the sandbox\n"
    assert repr(Lab.from_env(tmp_path)) == said + repr(Lab.sandbox())
    monkeypatch.setenv("AUTH0_LAB_TENANT", "live")
    assert Lab.from_env(tmp_path).domain == "tenant.example"


def test_a_user_is_fresh_secret_and_in_no_journal_and_equal_seeds_give_equal_ones() -> None:
    def made(seed: int) -> tuple[str, str]:
        lab = Lab.sandbox(seed=seed)
        return str(log_in(lab)["mfa_token"]), str(lab.user().password)

    assert made(5) == made(5) != made(6)
    lab = Lab.sandbox()
    first, second = lab.user(factors=["push"]), lab.user()
    assert (len(lab.journal), lab.phone.notifications) == (0, ())
    assert first.username != second.username
    assert (repr(first.password), repr(second.password)) == ("<password 1>", "<password 2>")
    said = repr(second) + str(second._repr_mimebundle_())
    assert (str(second.password) in said, "factors       none" in said) == (False, True)
    assert "off " not in said
    assert "off           voice (the tenant has it off, so" in repr(lab.user(factors=["voice", "sms"]))


# -- the phone


CELLS = """
inbox = 'The inbox of every number and address: .latest(address, purpose=...) is the newest message.' |
assert repr(lab.inbox) == inbox |
head, verbs = repr(phone).splitlines() |
assert head == "The sandbox's phone, with its Guardian app and its authenticator app." |
assert verbs == '  .scan(barcode_uri) enrolls, .allow() and .reject() answer a push, .code() is its TOTP of now' |
phone.allow() | This phone has no account yet. Let it scan the barcode_uri of /mfa/associate first.
phone.reject() | This phone has no account yet. Let it scan the barcode_uri of /mfa/associate first.
phone.code() | This phone shows no codes: it has no account yet. Let it scan a barcode_uri first.
login = log_in(lab, 'push'); push = {'mfa_token': login['mfa_token'], 'challenge_type': 'oob'} |
phone.allow() | No push waits on this phone. Send one with /mfa/challenge; it can be answered for 5 minutes.
phone.reject() | No push waits on this phone. Send one with /mfa/challenge; it can be answered for 5 minutes.
phone.allow_after(polls=1) | No push waits on the phone: send one with client.mfa_challenge(...) first.
phone.allow_after(polls=0) | allow_after(polls=0) would never allow: polls is a whole number from 1 up.
phone.reject_after(polls=1, reason=1) | reason is a int: write a text, such as reject('not me').
assert (str(phone.code()).isdigit(), len(phone.code()), repr(phone.code())[:5]) == (True, 6, '<otp ') |
lab.client.mfa_challenge(**push); (waiting,) = phone.notifications |
assert repr(phone.allow_after(polls=2)) == 'The phone will allow the push after 2 more polls.' |
assert repr(phone.allow_after(polls=1)) == 'The phone will allow the push after 1 more poll.' |
assert (waiting.host, waiting.started) == ('sandbox.example', '2027-01-15T08:00:00+00:00') |
assert set(waiting.__slots__) == {'started', 'host', 'source', 'location', 'payload', 'id'} |
assert 'id=' not in repr(waiting) |
assert "'txtkn': <transaction_token 1>, 'c': <challenge 1>, 'sh': 'sandbox.example'" in repr(waiting) |
assert '(from 3)' in repr(phone.allow(waiting)); lab.client.mfa_challenge(**push) |
waiting = phone.notifications[-1] |
assert 'first seen in the push of exchange 3' in repr(lab.journal.where('<challenge 1>')) |
lab.curl(lab.journal[2]) | Exchange 3 is a push, no HTTP request: no curl sends it.
phone.reject(1) | reason is a int: write a text, such as reject('not me').
assert phone.reject('inappropriate', waiting).speaker == 'phone' |
assert 'has rejected a push already (exchange 7), and' in repr(phone.allow_after(polls=1)) |
lab.client.mfa_challenge(**push); phone.allow() |
assert 'has allowed a push already (exchange 10), and' in repr(phone.reject_after(polls=1)) |
phone.allow(waiting) | This push does not wait on the phone: it was answered, or its 5 minutes are over. Name one of \
lab.phone.notifications, or none for the newest.
phone.reject(push=waiting) | This push does not wait on the phone: it was answered, or its 5 minutes are over. Name \
one of lab.phone.notifications, or none for the newest.
token = log_in(lab, 'sms')['mfa_token']; sent = lab.client.mfa_challenge(mfa_token=token) |
lab.poll(mfa_token=token, oob_code=sent['oob_code']) | This oob_code waits for a code (binding_method), and no poll \
answers it: client.mfa_oob_grant takes it with the binding_code=... that lab.inbox.latest(address) has.
lab.poll_panel(mfa_token=token, oob_code=sent['oob_code']) | This oob_code waits for a code (binding_method), and no \
poll answers it: client.mfa_oob_grant takes it with the binding_code=... that lab.inbox.latest(address) has.
lab.push_panel(token, oob_code=sent['oob_code']) | This oob_code waits for a code (binding_method), and no poll \
answers it: client.mfa_oob_grant takes it with the binding_code=... that lab.inbox.latest(address) has.
new = log_in(lab)['mfa_token']; sms = {'oob_channels': ['sms'], 'phone_number': '+15550100'} |
sent = lab.client.mfa_associate(new, authenticator_types=['oob'], **sms) |
lab.poll(mfa_token=new, oob_code=sent['oob_code']) | This oob_code waits for a code (binding_method), and no poll \
answers it: client.mfa_oob_grant takes it with the binding_code=... that lab.inbox.latest(address) has.
"""
"""A notebook's cells, one after the other, and what is said where one is refused."""


def run_cells(cells: Iterable[Sequence[str]], **names: Any) -> dict[str, Any]:
    """Run cells in a notebook of these names, which it returns; one with a sentence is refused, and sends nothing."""
    for cell, said in cells:
        count = len(names["lab"].journal)
        if not said:
            exec(cell, names)
            continue
        with pytest.raises(LabError, match=re.escape(said)) as refusal:
            exec(cell, names)
        assert "wrong-one" not in str(refusal.value)
        assert len(names["lab"].journal) == count
    return names


def test_the_phone_says_what_it_lacks_and_shows_no_token(lab: Lab) -> None:
    run_cells(rows(CELLS), lab=lab, phone=lab.phone, log_in=log_in)


def test_a_phone_that_gets_no_answer_raises_no_answer(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    _, enrollment = enrolling(lab)
    monkeypatch.setattr(lab._transport, "handle_request", Mock(side_effect=httpx.ConnectError("refused")))
    with pytest.raises(NoAnswer, match=r"sandbox\.example gave no answer"):
        lab.phone.scan(enrollment["barcode_uri"])
    assert (lab.journal[-1].speaker, lab.journal[-1].outcome) == ("phone", "no answer")


# -- a poll's time


def test_the_lifetimes_of_a_poll_count_from_when_each_value_came(lab: Lab) -> None:
    begun = lab.clock.now()
    login = log_in(lab, "push")
    lab.clock.advance(100)
    values = flows.challenged(lab, login)
    lab.clock.advance(50)
    poll = lab.poll_panel(**values).run.poll
    assert (poll.oob_code_ends_at - begun, poll.mfa_token_ends_at - begun) == (400, 600)
    lab.clock.advance(250)
    run = lab.poll(**values)
    assert (run.state.value, run.poll.polls, run.begun_by) == ("expired", 0, "mfa_challenge")
    unknown = lab.poll_panel(mfa_token="of elsewhere", oob_code="of elsewhere too").run.poll
    assert unknown.deadline == lab.clock.now() + 300


# -- the inbox, the journal, the administrator's side


def test_the_newest_message_counts_each_with_its_purpose_and_its_code_under_its_alias(lab: Lab) -> None:
    user, inbox = lab.user(factors=["sms"]), lab.inbox
    number = str(user.phone_number)
    flows.challenged(lab, flows.log_in(lab, user))
    codes = [inbox.latest(number).code]
    for _ in range(2):
        lab.client.passwordless_start(connection="sms", phone_number=number, send="code")
        codes.append(inbox.latest(number).code)
    assert list(map(repr, codes)) == ["<binding_code 1>", "<code 1>", "<code 2>"]
    assert len(set(map(str, codes))) == 3
    for purpose, code in (("passwordless", codes[2]), ("mfa", codes[0])):
        message = inbox.latest(number, purpose=purpose)
        assert (message.channel, message.purpose, message.code) == ("sms", purpose, code)
        said = repr(message) + str(message._repr_mimebundle_())
        assert (repr(code) in said, str(code) in said) == (True, False)
    lab.client.passwordless_start(connection="email", email="jane@example.com", send="link", language="de")
    mail = inbox.latest("jane@example.com")
    assert (repr(mail.link), mail.code, mail.language, str(mail.link) in repr(mail)) == ("<link 1>", None, "de", False)


def test_a_person_is_asked_for_the_code_of_a_live_message() -> None:
    ask = Mock(return_value="123456")
    inbox = Inbox(messages_of_a_person(ask), Aliases())
    sent, called = inbox.latest("jane@example.com", purpose="passwordless"), inbox.latest("+15550142")
    assert (sent.channel, sent.code, repr(sent.code)) == ("email", "123456", "<code 1>")
    assert (called.channel, called.purpose) == ("sms", "mfa")
    asked = [f"The code that you were sent for {purpose}" for purpose in ("passwordless", "mfa")]
    assert [each.args for each in ask.call_args_list] == [(each,) for each in asked]


def test_the_journal_says_where_a_secret_was_born_and_each_place_where_it_is_used() -> None:
    journal = a_journal()
    an_exchange(403, journal=journal, json={"mfa_token": MFA_TOKEN, "again": MFA_TOKEN})
    bearer = [("authorization", f"Bearer {MFA_TOKEN}")]
    url = f"https://tenant.example/mfa/{MFA_TOKEN}/{OOB_CODE}?again={MFA_TOKEN}"
    request = a_request(url=url, headers=bearer, json={"deep": [{"mfa_token": MFA_TOKEN}]})
    an_exchange(journal=journal, request=request, json={"recovery_codes": ["ABCD1234EFGH"]})
    an_exchange(400, journal=journal, text=f"no such token: {MFA_TOKEN}")
    expected = """\
<mfa_token 1>, first seen in the answer of exchange 1

exchange  who  in the   at
1         app  answer   mfa_token             born here
1         app  answer   again
2         app  request  path
2         app  request  query again
2         app  request  header authorization
2         app  request  deep[0].mfa_token
3         app  answer   body"""
    for named in ("<mfa_token 1>", "<mfa_token 1: sealed>", journal[0]["mfa_token"]):
        assert repr(journal.where(named)) == expected
    assert "first seen in the request of exchange 2" in repr(journal.where("<token 1>"))
    (use,) = journal.where(" <recovery_code 1> ")
    assert (use.exchange, use.place, use.born) == (2, "recovery_codes[0]", True)
    journal.aliases.learn("password", "hunter-number-two")
    elsewhere = journal.where("<password 1>")
    assert (len(elsewhere), "<table>" in elsewhere._repr_mimebundle_()["text/html"]) == (0, False)
    come = "<password 1>, known from elsewhere: the settings, a user, the phone or the inbox"
    assert repr(elsewhere).splitlines()[0] == come


def test_a_live_lab_without_a_management_application_names_both_variables() -> None:
    box = Sandbox(domain="tenant.example")
    for name in ("mgmt_client_id", "mgmt_client_secret"):
        values: dict[str, Any] = {name: Secret("of-the-machine", "<of a machine>"), "mgmt_domain": "t.eu.auth0.com"}
        lab = Lab.live(replace(live_settings(box), **values), transport=box.transport)
        assert lab.management_audience == "https://t.eu.auth0.com/api/v2/"
        with pytest.raises(SettingsError, match="AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET are not both set"):
            _ = lab.management_application


# -- a slip gets a sentence; nothing is sent, and nothing is lost

SLIPS = """
lab.client.mfa_authenticators(login) | the Bearer token is a whole exchange: pass one of its fields, such as \
exchange['mfa_token'].
lab.poll(mfa_token='x', oob_code=login) | oob_code is a whole exchange: pass one of its fields, such as \
exchange['oob_code'].
lab.client.refresh_token_grant(login) | refresh_token is a whole exchange: pass one of its fields, such as \
exchange['refresh_token'].
lab.client.mfa_recovery_code_grant('x', recovery_code=login) | recovery_code is a whole exchange: pass one of its \
fields, such as exchange['recovery_code'].
lab.management(login) | access_token is a whole exchange: pass one of its fields, such as exchange['access_token'].
lab.inspect(login) | token is a whole exchange: pass one of its fields, such as exchange['mfa_token'].
lab.client.mfa_otp_grant(mfa_token='x', otp=123456) | otp is a int and no text: pass the value that an answer gave.
lab.poll(mfa_token=login['mfa_token'], oob_code=None) | oob_code is a NoneType and no text: pass the value that an \
answer gave.
lab.poll(mfa_token='', oob_code='x') | mfa_token is empty: pass the one that an answer gave.
lab.management(' ') | access_token is empty. Pass an access token for the Management API: the field access_token of a \
client_credentials_grant for it.
lab.management(login['mfa_token']) | access_token is <mfa_token 1>, which opens the MFA API alone. Pass an access \
token for the Management API: the field access_token of a client_credentials_grant for it.
lab.poll_panel(mfa_token=repr(login['mfa_token']), oob_code='x') | mfa_token is <mfa_token 1>, the name under which \
the lab shows a secret: pass the secret itself, such as login['mfa_token'].
lab.client.mfa_challenge(mfa_token=' <mfa_token 1: sealed>') | mfa_token is <mfa_token 1: sealed>, the name under \
which the lab shows a secret: pass the secret itself, such as login['mfa_token'].
lab.client.mfa_authenticators(login['mfa_token'] + '…') | The request cannot be written (UnicodeEncodeError): pass \
each value just as an answer gave it.
lab.management('a').send('POST', '/clients', json={'a': float('nan')}) | The request cannot be written (ValueError): \
pass each value just as an answer gave it.
lab.management('a').user('x' * 70_000) | The request cannot be written (InvalidURL): pass each value just as an \
answer gave it.
lab.client.mfa_associate('t', authenticator_types='oob') | authenticator_types is a list: write ['oob'].
lab.client.mfa_associate('t', authenticator_types=[], oob_channels='a') | oob_channels is a list: write ['a'].
lab.user(factors='push') | factors is a list: write factors=['push'].
lab.user(factors=['fax']) | There is no factor 'fax' here. Known factors: push, otp, sms, voice, email.
lab.qr('nonsense') | This is no barcode_uri: pass enrollment['barcode_uri'], which begins with otpauth://.
lab.phone.scan(lab) | This is no barcode: pass enrollment['barcode_uri'], or what lab.qr(...) drew of it.
lab.phone.scan(b'no picture') | This QR enrolls nothing: it is no picture. Scan the barcode_uri of a push or OTP \
enrollment.
lab.phone.scan('https://tenant.example/') | This QR enrolls nothing: it is no otpauth://totp/... address. Scan the \
barcode_uri of a push or OTP enrollment.
lab.phone.scan('otpauth://x/y?secret=' + login['mfa_token']) | This QR enrolls nothing: it is no otpauth://totp/... \
address. Scan the barcode_uri of a push or OTP enrollment.
lab.phone.scan('otpauth://totp/a?enrollment_tx_id=1&base_url=http://[::1') | This QR enrolls nothing: its \
enrollment_tx_id or base_url cannot be sent. Scan the barcode_uri of a push or OTP enrollment.
lab.curl('POST') | curl wants an exchange, such as the value of client.password_grant(...).
lab.export('curl') | curl wants an exchange, such as the value of client.password_grant(...).
lab.export('bash', login) | bash is of the whole journal: leave the exchange out.
lab.export('postman') | There is no export 'postman'. There are: curl, bash, httpx, node, pytest, har, mermaid.
lab.inbox.latest('+15550142', purpose='mfa') | Nothing was sent to this address for mfa. A code is sent by \
client.mfa_associate, client.mfa_challenge (purpose mfa) and client.passwordless_start (purpose passwordless).
lab.inbox.latest('+15550142') | Nothing was sent to this address. A code is sent by client.mfa_associate, \
client.mfa_challenge (purpose mfa) and client.passwordless_start (purpose passwordless).
login[login['mfa_token']] | The answer of exchange 1 (403 mfa_required) has no <mfa_token 1>. It has: error, \
error_description, mfa_token.
lab.claim(str(login['mfa_token']), False) | This does not hold: <mfa_token 1>
lab.replay(str(login['mfa_token'])) | <mfa_token 1> cannot be read (
lab.export('bash').save('/' + login['mfa_token']) | <mfa_token 1> cannot be written (
lab.export('bash').save(chr(0)) | cannot be written (what is no text is in it or in its name). Name a file in a folder
lab.export(str(login['mfa_token'])) | There is no export '<mfa_token 1>'. There are: curl, bash, httpx, node, pytest, \
har, mermaid.
lab.reveal('') | This is no alias of one secret: write one as it is shown, such as '<mfa_token 1>'.
lab.reveal('<mfa_token 1> <password 1>') | This is no alias of one secret: write one as it is shown, such as \
'<mfa_token 1>'.
lab.reveal(str(login['mfa_token'])) | This is no alias of one secret: write one as it is shown, such as \
'<mfa_token 1>'.
lab.reveal(1) | This is no alias of one secret: write one as it is shown, such as '<mfa_token 1>'.
lab.reveal(b'<mfa_token 1>') | This is no alias of one secret: write one as it is shown, such as '<mfa_token 1>'.
lab.reveal('<zzz 1>') | There is no secret <zzz 1>. Nothing near it was learned.
lab.journal.where('mfa_token 1') | This is no alias of one secret: write one as it is shown, such as '<mfa_token 1>'.
lab.journal.where(None) | This is no alias of one secret: write one as it is shown, such as '<mfa_token 1>'.
lab.journal.where([]) | This is no alias of one secret: write one as it is shown, such as '<mfa_token 1>'.
lab.journal.where('<mfa_token 9>') | There is no secret <mfa_token 9>. Near it: <mfa_token 1>.
lab.copy_runnable(None) | curl wants an exchange, such as the value of client.password_grant(...).
lab.copy_runnable('x') | curl wants an exchange, such as the value of client.password_grant(...).
lab.copy_runnable(lab.sandbox().client.jwks()) | This exchange is in another lab's journal, which alone knows its \
secrets: take curl there.
lab.drift() | This lab records nothing: open it with record=..., or pass the file of a recorded run.
lab.clock.advance('5') | seconds is a str: write a number, such as clock.advance(300).
lab.clock.advance(True) | seconds is a bool: write a number, such as clock.advance(300).
lab.clock.advance(-1) | The clock only moves forward; it cannot advance by -1 seconds.
lab.clock.advance(float('nan')) | The clock moves by 3153600000 seconds at most, a hundred years, in all.
lab.client.send('POST', '/mfa/challenge', json='{}') | json is the body as an object or a list, and a str is none: \
write json={...} or json=[...].
lab.management('a').send('PUT', '/x', json=1) | json is the body as an object or a list, and a int is none: write \
json={...} or json=[...].
lab.management('a').update_guardian_policies('never') | policies is a list: write ['never'].
lab.management('a').update_guardian_policies(None) | policies is a list: a NoneType is none.
lab.management('a').replace_authentication_methods('auth0_1', {'type': 'phone'}) | methods is a list: a dict is none.
lab.management('a').application('app', fields=['name', 1]) | each of fields is a int and no text: pass the value that \
an answer gave.
lab.management('a').send('GET', 'logs') | path is what follows /api/v2 and begins with a slash, such as \
/guardian/factors.
lab.management('a').send('GET', '/api/v2') | path is what follows /api/v2 and begins with a slash, such as \
/guardian/factors.
lab.management('a').send('GET', '//sandbox.example') | path is what follows /api/v2 and begins with a slash, such as \
/guardian/factors.
lab.client.mfa_delete_authenticator('token', ' ') | authenticator_id is empty or only dots: pass an id just as an \
answer gave it.
lab.management('a').delete_authentication_method('auth0_1', '..') | id is empty or only dots: pass an id just as an \
answer gave it.
lab.management('a').delete_authenticators('') | user_id is empty or only dots: pass an id just as an answer gave it.
"""
"""What a person writes in a cell, and what the sentence has."""


@pytest.mark.parametrize(("slip", "said"), rows(SLIPS))
def test_a_slip_gets_a_sentence_and_loses_nothing(lab: Lab, slip: str, said: str) -> None:
    login = log_in(lab)
    with pytest.raises(LabError, match=re.escape(said)) as raised:
        eval(slip, {"lab": lab, "login": login})
    assert not [each for each in (str(login["mfa_token"]), "+1555") if each in str(raised.value)]
    assert len(lab.journal) == 1
    if "scan" in slip:
        assert raised.value.__cause__ is raised.value.__context__ is None
