"""Each curl command of six flows, run unedited against a fresh `auth0-mfa-lab serve`: it gets the recorded status."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.wire.exchange import Exchange, plain_data
from tests.exports.conftest import recorded
from tests.exports.export_flows import FLOWS
from tests.exports.export_served import SECONDS, Served, must_be_there

ALIAS = re.compile(r"<(\w+) (\d+)>")


class Reader:
    """Somebody who pastes one command after the other, and sets the variables by what the answers have."""

    def __init__(self, served: Served, factors: tuple[str, ...]) -> None:
        self._served = served
        self.user = served.user(*factors)
        names = ("username", "password", "phone_number", "email")
        self.listed: list[dict[str, Any]] = []
        self.barcode = ""
        self.variables = {f"AUTH0_{name.upper()}": str(self.user[name]) for name in names}

    def paste(self, script: str) -> tuple[int, Any]:
        """Return the status and the JSON of a command."""
        self._read_codes(script)
        done = subprocess.run(
            ["sh", "-eu", "-c", f"{script} --silent --show-error --write-out '\\n%{{http_code}}'"],
            env=self._served.environment(**self.variables),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stderr}"
        body, _, status = done.stdout.rpartition("\n")
        return int(status), json.loads(body) if body.startswith(("{", "[")) else None

    def learn(self, recorded: Any, live: Any) -> None:
        """Set the variable of each alias of a recorded answer to what the live one has in its place."""
        for shown, value in beside(recorded, live):
            for kind, number in ALIAS.findall(shown):
                self.variables.setdefault(f"{kind.upper()}_{number}", value)

    def scan_or_press(self, exchange: Exchange) -> None:
        """Let the server's phone do what the recorded one did."""
        if exchange.request.target.endswith("/enroll"):
            answer = self._served.control.post("phone/scan", json={"barcode": self.barcode})
        else:
            said = claims_of(str(plain_data(exchange.request)["challenge_response"])) or {}
            verb = "allow" if said["auth0_guardian_accepted"] else "reject"
            answer = self._served.control.post(f"phone/{verb}", json={})
        assert answer.is_success == (exchange.status in (200, 201, 204)), answer.text

    def _read_codes(self, script: str) -> None:
        """Set the variables that no answer brings: a person reads them."""
        for variable in set(re.findall(r"\$\{?([A-Z_]+_\d+)", script)) - set(self.variables):
            if variable.startswith("BINDING_CODE"):
                address = {"address": self.variables["AUTH0_PHONE_NUMBER"]}
                self.variables[variable] = self._served.control.get("code", params=address).json()["code"]
            elif variable.startswith("OTP"):
                self._served.control.post("phone/scan", json={"barcode": self.barcode})
                self.variables[variable] = self._served.control.get("phone/code").json()["code"]
            elif variable.startswith("RECOVERY_CODE"):
                self.variables[variable] = self.user["recovery_code"]
            elif variable.startswith("AUTHENTICATOR_ID"):
                self.variables[variable] = next(
                    each["id"] for each in self.listed if each.get("oob_channel") == "auth0"
                )


def beside(recorded: Any, live: Any) -> Iterator[tuple[str, str]]:
    """Yield what a recorded answer shows, each with the live value in its place."""
    if isinstance(recorded, dict) and isinstance(live, dict):
        for name, value in recorded.items():
            yield from beside(value, live.get(name))
    elif isinstance(recorded, list) and isinstance(live, list):
        for one, other in zip(recorded, live, strict=False):
            yield from beside(one, other)
    elif isinstance(recorded, Secret) and isinstance(live, str):
        yield recorded.shown, live


@pytest.mark.parametrize("flow", FLOWS)
def test_each_command_gets_the_recorded_status(flow: str, served: Served) -> None:
    must_be_there("curl")
    lab = recorded(flow)
    (made,) = (each for each in lab.journal.operations if each.operation == "add_user")
    reader = Reader(served, tuple(made.result["factors"]))
    for exchange in lab.journal:
        if exchange.speaker == "phone":
            reader.scan_or_press(exchange)
            continue
        status, body = reader.paste(lab.export("curl", exchange).text)
        assert status == exchange.status, f"exchange {exchange.number}: {body}"
        reader.learn(exchange.json, body)
        if isinstance(body, list):
            reader.listed = body
        elif isinstance(body, dict):
            reader.barcode = body.get("barcode_uri", reader.barcode)
