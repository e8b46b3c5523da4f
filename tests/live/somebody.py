"""Somebody at the live tenant of the tests: a person with a phone of their own; and time that passes at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import pytest

from auth0_mfa_lab import Settings
from auth0_mfa_lab import lab as lab_module
from auth0_mfa_lab.clock import RealClock
from auth0_mfa_lab.tenants.operations import Remote, ServedClock
from auth0_mfa_lab.tenants.phone import OwnPhone
from tests.live.live_world import Answer, LiveTenant

LAPSE = "LIVE_LAPSE"
"""The variable that names the file which says where the live tenant's control plane is."""
SITE = """
import os
from tests.network import guard
guard([])
if os.environ.get("LIVE_LAPSE"):
    from tests.live.somebody import lapse
    lapse()
"""


class Somebody:
    """A person at a tenant, who has the Guardian app.

    One who is told of the tenant's answers scans a QR, and allows a push, once a poll has found nothing yet. The wire
    tells them the QR: a real one is on the screen.
    """

    def __init__(self, tenant: LiveTenant) -> None:
        self.phone = tenant.phone()
        self._tenant = tenant
        self._seen: str | None = None

    def does_as_told(self, monkeypatch: pytest.MonkeyPatch) -> Self:
        """Do, in the labs of this process, what they say has to be done on one's own phone; return this person."""
        phone = self.phone
        acts: Mapping[str, Callable[..., object]] = {
            "scan": lambda barcode: phone.scan(str(barcode)),
            "allow": lambda *which: phone.allow(),
            "allow_after": lambda polls: phone.allow(),
            "reject": lambda *why: phone.reject(),
        }
        for verb, act in acts.items():
            monkeypatch.setattr(OwnPhone, verb, _and_done(getattr(OwnPhone, verb), act))
        monkeypatch.setattr("auth0_mfa_lab.tenants.phone.ask_hidden", self.typed)
        return self

    def typed(self, question: str) -> str:
        """Return what the person types: the code that their phone shows, or that they were sent last."""
        if "authenticator" in question:
            return self.phone.code()
        return str(self._tenant.sandbox.delivery.newest[0].code)

    def __call__(self, method: str, path: str, answer: Answer) -> None:
        """Take notice of an answer on its way, which waits for it."""
        if path == "/mfa/associate" and answer.status == 200:
            self._seen = answer.json.get("barcode_uri")
        if path == "/oauth/token" and answer.status == 400 and answer.json["error"] == "authorization_pending":
            seen, self._seen = self._seen, None
            if seen is not None:
                self.phone.scan(seen)
            elif self.phone.notifications:
                self.phone.allow()


def _and_done(said: Callable[..., object], act: Callable[..., object]) -> Callable[..., object]:
    """Return a verb of the phone that says what to do, and does it."""
    return lambda phone, *given, **named: (act(*given, **named), said(phone, *given, **named))[1]


def environment(tenant: LiveTenant, folder: Path, **variables: str) -> dict[str, str]:
    """Return the environment of a process that sees this tenant, and this machine alone.

    In it whatever the lab waits for passes at once: the tenant's clock is advanced instead. `variables` are added;
    `folder` is where what starts the process finds its guard.
    """
    (site := folder / "site").mkdir(exist_ok=True)
    (site / "sitecustomize.py").write_text(SITE, "utf-8")
    (reached := folder / "control.env").write_text(
        f"AUTH0_DOMAIN={tenant.domain}\nAUTH0_CLIENT_ID=nobody\nAUTH0_CA_FILE={tenant.ca_file}\n"
        f"AUTH0_LAB_TENANT=served\nAUTH0_LAB_TOKEN={tenant.server.token}\n",
        "utf-8",
    )
    root = Path(__file__).resolve().parent.parent.parent
    paths = {"PYTHONPATH": os.pathsep.join([str(site), str(root)]), LAPSE: str(reached)}
    here = {name: value for name, value in os.environ.items() if not name.startswith("AUTH0_") and name != "CI"}
    return {**here, **tenant.environ, **paths, **variables}


def lapse() -> None:
    """Let this process's live labs go by the tenant's clock, and advance it where they would wait."""
    clock = ServedClock(Remote(Settings.of_server(Path(os.environ[LAPSE]))))
    vars(lab_module)["RealClock"] = lambda: RealClock(sleep=clock.advance, now=clock.now)
