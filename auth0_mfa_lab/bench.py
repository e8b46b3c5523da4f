"""What every part of a lab works with: a tenant, its clients, the journal, the phone and the clock."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import httpx

from auth0_mfa_lab.client import Client, Connection
from auth0_mfa_lab.clock import LabClock
from auth0_mfa_lab.errors import SettingsError
from auth0_mfa_lab.inbox import LabInbox, OwnInbox
from auth0_mfa_lab.live.test_user import Codes, drawn
from auth0_mfa_lab.phone import LabPhone, OwnPhone, ask_hidden
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.show.exchange import show
from auth0_mfa_lab.show.journal import show_all
from auth0_mfa_lab.show.sentences import Lines
from auth0_mfa_lab.tenants.operations import Recorder, person_alone
from auth0_mfa_lab.wire.journal import Journal

if TYPE_CHECKING:
    from auth0_mfa_lab.live.administrator import Administrator
    from auth0_mfa_lab.live.guard import Guard
    from auth0_mfa_lab.live.record import Record
    from auth0_mfa_lab.management import Management
    from auth0_mfa_lab.sandbox import Phone, Sandbox
    from auth0_mfa_lab.show.phone import Screen
    from auth0_mfa_lab.wire.har import Recording


class Bench(Lines):
    """What the verbs of a lab have in common; those of one purpose are a class on top of it, and `Lab` is all of them.

    A name that begins with an underscore is for the package alone.
    """

    def __init__(self, settings: Settings, transport: httpx.BaseTransport, clock: LabClock, domain: str) -> None:
        """Compose what every kind of tenant shares; the named constructors of `Lab` do the rest."""
        self.settings = settings
        self.domain = domain
        self.clock = clock
        self.aliases = Aliases(people=settings.tenant == "live" and not settings.show_people)
        self.journal = Journal(aliases=self.aliases, now=clock.now, show=show, show_all=show_all)
        self._transport = transport
        origin = settings.origin if settings.domain else f"https://{domain}"
        self._connection = Connection(origin, transport, self.journal)
        self._sandbox: Sandbox | None = None
        self._operations = Recorder(person_alone, self.journal)
        self._is_sandbox = False
        self._virtual: Phone | None = None
        self._screen: Screen | None = None
        self._record: Record | None = None
        self._recording: Recording | None = None
        self._guard: Guard | None = None
        self._administrator: Administrator | None = None
        self._codes = Codes(ask_hidden, now=clock.now)
        self.phone: LabPhone = OwnPhone(self.aliases, self._prompt)
        self.inbox: LabInbox = OwnInbox(self.aliases, self._prompt)
        self.audience: str | None = settings.audience
        self.mfa_audience = f"{origin}/mfa/"
        self.client = self._client(settings.client_id or "", settings.client_secret)
        # Behind a custom domain the Management API has the canonical one.
        managed = f"https://{settings.mgmt_domain}" if settings.mgmt_domain else origin
        self.management_audience = f"{managed}/api/v2/"
        self._machine = (settings.mgmt_client_id, settings.mgmt_client_secret)

    @cached_property
    def management_application(self) -> Client:
        """The machine-to-machine application that gets tokens for the Management API.

        Its `client_credentials_grant(audience=lab.management_audience)` brings one. On a live tenant it is that of
        AUTH0_MGMT_CLIENT_ID; SettingsError names both variables when one is missing.
        """
        client_id, client_secret = self._machine
        if client_id is None or client_secret is None:
            raise SettingsError(
                "The Management API needs an application of its own, and AUTH0_MGMT_CLIENT_ID and "
                "AUTH0_MGMT_CLIENT_SECRET are not both set. Make one: Dashboard > Applications > Create Application > "
                "Machine to Machine, authorized for the Auth0 Management API. Then add both lines to .env."
            )
        return Client(self._connection.http("app"), client_id=client_id, client_secret=client_secret)

    def management(self, access_token: str) -> Management:
        """Return the Management API, one method per path, opened by an access token for it."""
        from auth0_mfa_lab.management import Management

        return Management(self._connection.http("app", self.management_audience.partition("/api/v2")[0]), access_token)

    def step(self, title: str) -> None:
        """Put the exchanges that follow under this title in the journal."""
        self.journal.step(title)

    def _prompt(self, question: str) -> str:
        """Ask the person; a recording has the answer."""
        return str(self._operations.keep("prompt", {"question": question}, lambda: str(self._codes(question))))

    def _draw(self, what: str) -> str:
        """Draw what is not to be foretold; a recording has it."""
        return str(self._operations.keep("prompt", {"question": what}, lambda: str(drawn(what))))

    def _client(self, client_id: str, client_secret: str | None) -> Client:
        # The phone is asked for at each poll: a boxed lab gets its own only after this.
        return Client(
            self._connection.http("app"),
            client_id=client_id,
            client_secret=client_secret,
            after_poll=lambda: self.phone.after_poll(),
        )
