"""No export holds a secret, whatever flow it is of: each is searched for every raw value that passed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from auth0_mfa_lab import Lab
from auth0_mfa_lab.exports.export import KINDS
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.wire.exchange import plain_data
from tests.mothers import a_journal, a_live_lab, a_request, an_exchange

SECRET = frozenset(
    {
        *("mfa_token", "oob_code", "binding_code", "otp", "recovery_code", "recovery_codes", "barcode_uri", "secret"),
        *("access_token", "id_token", "refresh_token", "client_secret", "password", "challenge_response", "token"),
    }
)
LEAST = 6
"""The length of the shortest secrets, which are codes."""


def every_export(lab: Lab) -> Iterator[tuple[str, str]]:
    """Yield each export of a lab, with its kind."""
    for kind in KINDS:
        for exchange in lab.journal if kind == "curl" else [None]:
            yield kind, lab.export(kind, exchange).text


def passed(lab: Lab) -> set[str]:
    """Return every secret that passed, found without the lab's own knowledge of them."""
    found: set[str] = set()
    for exchange in lab.journal:
        for message in filter(None, (exchange.request, exchange.response)):
            found.update(of_fields(plain_data(message), ""))
            scheme, _, token = str(message.header("authorization") or "").partition(" ")
            found.add(token)
            assert scheme in ("", "Bearer", "Ticket")
    for made in (each.result for each in lab.journal.operations if each.operation == "add_user"):
        found |= {str(made[name]) for name in ("password", "recovery_code") if made[name]}
    return {each for each in found if len(each) >= LEAST}


def stands(secret: str, text: str) -> bool:
    """Say whether a secret is in a text; a code counts only where it is no part of a longer number."""
    return (
        re.search(rf"(?<![0-9.]){re.escape(secret)}(?!\d)" if secret.isdigit() else re.escape(secret), text) is not None
    )


def of_fields(value: Any, field: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from of_fields(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from of_fields(each, field)
    elif isinstance(value, str) and field in SECRET:
        yield value
        yield from (each for name, each in parse_qsl(urlsplit(value).query) if name in ("enrollment_tx_id", "secret"))


def test_no_export_holds_what_passed(lab: Lab) -> None:
    secrets = passed(lab)
    assert len(secrets) > 5, "this test would see nothing"
    for kind, text in every_export(lab):
        shown = [each for each in secrets if stands(each, text) or stands(quote(each, safe=""), text)]
        assert shown == [], f"{len(shown)} secrets stand in {kind}"


def test_the_search_finds_one(lab: Lab) -> None:
    assert {str(plain_data(lab.journal[0].request)["client_secret"])} & passed(lab)


def test_no_export_names_a_person_of_a_live_tenant() -> None:
    box = Sandbox()
    lab = a_live_lab(box)
    known = box.defaults
    login = lab.client.password_grant(username=str(lab.settings.username), password=str(lab.settings.password))
    lab.client.mfa_associate(
        login["mfa_token"], authenticator_types=["oob"], oob_channels=["sms"], phone_number=known.phone_number
    )
    assert len(lab.journal) == 2
    for kind, text in every_export(lab):
        people = [each for each in (known.username, known.phone_number, known.email) if each in text]
        assert people == [], kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_in_a_name_a_title_or_a_text_is_none_either(kind: str, tmp_path: Path) -> None:
    secret = "sup3r-secret-value-of-somebody"
    journal = a_journal()
    journal.aliases.learn("password", secret)
    journal.step(f"with {secret}")
    request = a_request("POST", f"https://tenant.example/{secret}?{secret}={secret}", json={secret: {secret: [secret]}})
    an_exchange(400, journal=journal, request=request, json={"error": secret, secret: "x", "id": secret})
    an_exchange(journal=journal, request=a_request(form={secret: f"a {secret} b", "id": secret}))
    an_exchange(204, journal=journal, speaker="phone", request=a_request(url=f"https://tenant.example/api/{secret}"))
    lab = Lab.sandbox()
    lab.journal, lab.aliases = journal, journal.aliases
    for _, text in every_export(lab):
        assert secret not in text
    lab.export(kind, journal[0] if kind == "curl" else None).save(tmp_path / "saved")
    assert secret.encode() not in (tmp_path / "saved").read_bytes()
