"""The inbox gives the newest message with its purpose, and shows no code."""

from __future__ import annotations

import pytest

from auth0_mfa_lab import Lab, Secret
from auth0_mfa_lab.errors import NothingWasSent
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.tenants.phone import Inbox, messages_of_a_person

NUMBER = "+15550142"


@pytest.fixture
def lab() -> Lab:
    return Lab.sandbox()


def start(lab: Lab) -> None:
    lab.client.passwordless_start(connection="sms", phone_number=NUMBER, send="code")


def enroll(lab: Lab) -> None:
    user = lab.user(factors=[])
    login = lab.client.password_grant(username=user.username, password=user.password)
    lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["sms"], phone_number=NUMBER)


def test_each_message_has_its_purpose(lab: Lab) -> None:
    start(lab)
    enroll(lab)
    passwordless, mfa = (lab.inbox.latest(NUMBER, purpose=purpose) for purpose in ("passwordless", "mfa"))
    assert (passwordless.purpose, mfa.purpose) == ("passwordless", "mfa")
    assert passwordless.code != mfa.code
    assert lab.inbox.latest(NUMBER).code == mfa.code


def test_the_newest_message_counts(lab: Lab) -> None:
    start(lab)
    first = lab.inbox.latest(NUMBER).code
    start(lab)
    assert lab.inbox.latest(NUMBER).code != first


def test_a_code_is_a_secret_and_shows_under_its_alias(lab: Lab) -> None:
    start(lab)
    message = lab.inbox.latest(NUMBER)
    assert isinstance(message.code, Secret)
    assert repr(message.code) == "<code 1>"
    for said in (repr(message), *message._repr_mimebundle_().values()):
        assert str(message.code) not in said
    assert "<code 1>" in repr(message)


def test_the_code_of_a_second_factor_is_a_binding_code(lab: Lab) -> None:
    enroll(lab)
    assert repr(lab.inbox.latest(NUMBER).code) == "<binding_code 1>"


def test_a_link_is_a_secret_too(lab: Lab) -> None:
    lab.client.passwordless_start(connection="email", email="jane@example.com", send="link", language="de")
    message = lab.inbox.latest("jane@example.com")
    assert isinstance(message.link, Secret)
    assert message.code is None
    assert message.language == "de"
    assert str(message.link) not in repr(message)


@pytest.mark.parametrize(("purpose", "said"), [("mfa", "to this address for mfa"), (None, "to this address.")])
def test_an_empty_inbox_says_what_would_fill_it(lab: Lab, purpose: str | None, said: str) -> None:
    with pytest.raises(NothingWasSent, match=f"Nothing was sent {said}") as raised:
        lab.inbox.latest(NUMBER, purpose=purpose)
    assert "client.passwordless_start" in str(raised.value)
    assert NUMBER not in str(raised.value)


def test_a_person_is_asked_for_the_code_of_a_live_message() -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "123456"

    message = Inbox(messages_of_a_person(ask), Aliases()).latest("jane@example.com", purpose="passwordless")
    assert (message.channel, message.code, repr(message.code)) == ("email", "123456", "<code 1>")
    assert asked == ["The code that you were sent for passwordless"]
