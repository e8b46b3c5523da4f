"""Plays an application against a sandbox, and gives its exchanges as a served tenant's journal has them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from auth0_mfa_lab import Lab
from auth0_mfa_lab.conduct.report import Conduct, conduct
from auth0_mfa_lab.tenants.users import User
from auth0_mfa_lab.wire.exchange import Exchange, Json, Passage
from tests.mothers import a_response

GRANT = "http://auth0.com/oauth/grant-type/"
SLOW_DOWN: Mapping[str, Any] = {"status": 400, "json": {"error": "slow_down"}}


class Play:
    """An application, its user and the tenant; every second between two calls is said in a script."""

    def __init__(self, *factors: str, **options: Any) -> None:
        self.lab = Lab.sandbox(**options)
        self.client, self.phone = self.lab.client, self.lab.phone
        self.user = self.lab.user(factors=factors)
        self._changes: dict[int, dict[str, Any]] = {}
        self._answers: dict[int, dict[str, Any]] = {}

    def wait(self, seconds: float) -> "Play":
        self.lab.clock.advance(seconds)
        return self

    def login(self, user: User | None = None, **fields: str) -> str:
        """Return the mfa_token of a login."""
        user = user or self.user
        return str(self.client.password_grant(username=user.username, password=user.password, **fields)["mfa_token"])

    def challenge(self, mfa_token: str, chosen: str | None = None) -> dict[str, str]:
        """Challenge out of band, and return what the application goes on with."""
        sent = self.client.mfa_challenge(mfa_token=mfa_token, challenge_type="oob", authenticator_id=chosen)
        return {"mfa_token": mfa_token, "oob_code": str(sent["oob_code"])}

    def entry(self, token: str, kind: str) -> str:
        """List the authenticators, and return the id of the first of a kind."""
        return str(
            next(each["id"] for each in self.client.mfa_authenticators(token).json if each["id"].startswith(kind))
        )

    def enroll(self, mfa_token: str, channel: str = "sms") -> Exchange:
        number = self.user.phone_number if channel == "sms" else None
        return self.client.mfa_associate(
            mfa_token, authenticator_types=["oob"], oob_channels=[channel], phone_number=number
        )

    def poll(self, codes: Mapping[str, str], *pauses: float) -> Exchange:
        """Poll at once, and again after each pause; return the last answer."""
        said = self.client.mfa_oob_grant(**codes)
        for pause in pauses:
            said = self.wait(pause).client.mfa_oob_grant(**codes)
        return said

    def sent(self) -> str:
        """Return the newest code that the user was sent."""
        return str(self.lab.inbox.latest(str(self.user.phone_number)).code)

    def token(self, grant: str, **fields: Json) -> Exchange:
        """Send a grant with any fields."""
        return self.client.send(
            "POST", "/oauth/token", form={"grant_type": GRANT + grant, **fields}, as_application=True
        )

    def last(self, *, back: int = 0, **passage: Any) -> "Play":
        """Change how the last exchange (or one further back) went over the port."""
        self._changes.setdefault(len(self.lab.journal) - back, {}).update(passage)
        return self

    def last_is(self, status: int = 502, **answer: Any) -> "Play":
        """Put another answer in the place of the last one, as a fault does."""
        self._answers[len(self.lab.journal)] = {"status": status, **answer}
        return self

    def exchanges(self) -> list[Exchange]:
        """Return the exchanges with their passages."""
        return [
            replace(
                each,
                passage=Passage(**{"arrived": each.at, "written": each.at, **self._changes.get(each.number, {})}),
                response=a_response(**self._answers[each.number]) if each.number in self._answers else each.response,
            )
            for each in self.lab.journal
        ]

    def judged(self, **how: Any) -> Conduct:
        return conduct(self.exchanges(), **how)


Script = Callable[[], Play]


def broken(judged: Conduct) -> dict[str, str]:
    """Return the level of each rule that is broken."""
    return {each.rule.id: each.level for each in judged.broken}
