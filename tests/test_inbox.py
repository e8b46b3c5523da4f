"""The inbox gives the newest message with its purpose, and shows no code."""

import pytest

from auth0_mfa_lab import Lab, Secret
from auth0_mfa_lab.errors import NothingWasSent
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.tenants.phone import Inbox, messages_of_a_person

NUMBER, EMAIL = "+15550142", "jane@example.com"


def test_the_newest_message_counts_each_with_its_purpose_and_its_code_under_its_alias() -> None:
    lab = Lab.sandbox()
    user = lab.user(factors=["sms"])
    number = str(user.phone_number)
    login = lab.client.password_grant(username=user.username, password=user.password)
    lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    codes = [lab.inbox.latest(number).code]
    for _ in range(2):
        lab.client.passwordless_start(connection="sms", phone_number=number, send="code")
        codes.append(lab.inbox.latest(number).code)
    assert [(type(code), repr(code)) for code in codes] == [
        *((Secret, "<binding_code 1>"), (Secret, "<code 1>"), (Secret, "<code 2>")),
    ]
    assert len(set(map(str, codes))) == 3
    lab.client.passwordless_start(connection="email", email=EMAIL, send="link", language="de")
    mail = lab.inbox.latest(EMAIL)
    assert (repr(mail.link), mail.code, mail.language, str(mail.link) in repr(mail)) == ("<link 1>", None, "de", False)
    for purpose, code in (("passwordless", codes[2]), ("mfa", codes[0])):
        message = lab.inbox.latest(number, purpose=purpose)
        assert (message.channel, message.purpose, message.code, repr(code) in repr(message)) == (
            "sms",
            purpose,
            code,
            True,
        )
        assert str(code) not in repr(message) + str(message._repr_mimebundle_())


@pytest.mark.parametrize(("purpose", "said"), [("mfa", "to this address for mfa"), (None, "to this address.")])
def test_an_empty_inbox_says_what_would_fill_it_and_names_nobody(purpose: str | None, said: str) -> None:
    with pytest.raises(NothingWasSent, match=f"Nothing was sent {said}") as raised:
        Lab.sandbox().inbox.latest(NUMBER, purpose=purpose)
    assert ("client.passwordless_start" in str(raised.value), NUMBER in str(raised.value)) == (True, False)


def test_a_person_is_asked_for_the_code_of_a_live_message() -> None:
    questions: list[str] = []

    def ask(question: str) -> str:
        questions.append(question)
        return "123456"

    inbox = Inbox(messages_of_a_person(ask), Aliases())
    sent, called = inbox.latest(EMAIL, purpose="passwordless"), inbox.latest(NUMBER)
    assert (sent.channel, sent.code, repr(sent.code)) == ("email", "123456", "<code 1>")
    assert (called.channel, called.purpose) == ("sms", "mfa")
    assert questions == [f"The code that you were sent for {purpose}" for purpose in ("passwordless", "mfa")]
