"""Gives a lab what its kind of tenant has: a phone, an inbox, users; and notes what a replay needs of it."""

from __future__ import annotations

from typing import TypeVar

from auth0_mfa_lab.bench import Bench
from auth0_mfa_lab.boxed import Box, Host
from auth0_mfa_lab.inbox import LabInbox, SandboxInbox
from auth0_mfa_lab.noted import NotedHost, NotedInbox, NotedPhone, plain
from auth0_mfa_lab.phone import SandboxPhone, VirtualPhone
from auth0_mfa_lab.screens import NotedScreen

B = TypeVar("B", bound=Bench)


def furnished(lab: B, box: Box) -> B:
    """Give a lab the phone, the inbox and the users of its sandbox, and return it; all of them are noted."""
    lab._virtual = box.new_phone(lab._connection.http("phone"))
    equip(lab, box, lab._virtual, SandboxInbox(box.messages, lab.aliases), failures=box.failures)
    lab._screen = NotedScreen(box.sight, lab.journal)
    remember_tenant(lab)
    return lab


def equip(lab: Bench, host: Host, phone: VirtualPhone, inbox: LabInbox, *, failures: type[Exception]) -> None:
    """Give a lab a host, a phone that raises `failures`, and an inbox, each of them noted."""
    lab._box = NotedHost(host, lab.journal)
    lab.phone = SandboxPhone(NotedPhone(phone, lab.journal, failures), lab.aliases, failures=failures)
    lab.inbox = NotedInbox(inbox, lab.journal)


def remember_tenant(lab: Bench) -> None:
    """Note whose tenant a lab is on, and who its applications are: all that a replay needs to begin."""
    settings, secret = lab.settings, lab.client._client_secret
    facts = {
        "kind": settings.tenant,
        "domain": lab.domain,
        "origin": lab.mfa_audience.removesuffix("/mfa/"),
        "people": lab.aliases.people,
        "client_id": lab.client.client_id,
        "client_secret": secret,
        "mgmt_client_id": lab._machine[0],
        "mgmt_client_secret": lab._machine[1],
        "mgmt_domain": settings.mgmt_domain,
        "audience": lab.audience,
        "public_client_id": settings.public_client_id,
        "begins": lab.clock.now(),
        "virtual_phone": settings.virtual_phone or None,
    }
    if settings.tenant == "live":
        names = ("username", "password", "phone_number", "email", "realm", "scope")
        facts |= {name: getattr(settings, name) for name in names}
    lab.journal.beside.tenant = {name: plain(value) for name, value in facts.items() if value is not None}
