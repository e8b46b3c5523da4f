"""The live world: a tenant of one's own for each test, which a second sandbox plays, and who sits at its prompt."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from auth0_mfa_lab.clock import RealClock
from tests.live.live_world import LiveTenant


@dataclass
class Person:
    """Somebody at the prompt, who answers each question alike and remembers what was asked."""

    answer: str | BaseException = "y"
    asked: list[str] = field(default_factory=list)

    def __call__(self, question: str = "") -> str:
        self.asked.append(question)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setattr("builtins.input", person := Person())
    return person


@pytest.fixture
def live_tenant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveTenant]:
    """A live tenant at https://localhost:<port>; what this process waits for passes at once."""
    # The search for .env, and for what a lab left, ends where a project begins.
    (folder := tmp_path / "project").mkdir()
    (folder / "pyproject.toml").touch()
    monkeypatch.chdir(folder)
    with LiveTenant(folder) as tenant:
        clock = tenant.sandbox.clock
        monkeypatch.setattr("auth0_mfa_lab.lab.RealClock", lambda: RealClock(sleep=clock.advance, now=clock.now))
        yield tenant


@pytest.fixture
def tenant(live_tenant: LiveTenant) -> LiveTenant:
    """A live tenant where everything that the doctor looks at is on."""
    factors = frozenset({"sms", "push-notification", "otp", "email", "recovery-code"})
    live_tenant.set_up(factors=factors, message_types=("sms", "voice"), phone_provider="twilio")
    return live_tenant
