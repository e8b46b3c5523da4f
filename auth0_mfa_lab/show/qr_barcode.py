"""An enrollment's URI taken apart: what a QR holds, each field with what it is for, and nothing that is secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, unquote

from auth0_mfa_lab.errors import LabError

_WHAT: Mapping[str, str] = {
    "enrollment_tx_id": "the ticket: it lets one phone enroll, once, within 5 minutes",
    "base_url": "whom the phone calls: POST /api/enroll below it",
    "secret": "what the codes are made of, in base32: whoever has it shows the same codes",
    "issuer": "whose codes they are, as the app shows it",
    "algorithm": "the hash of the codes",
    "digits": "how long a code is",
    "period": "seconds that a code is shown",
    "id": "the authenticator that waits for its phone",
    "counter": "nothing: codes that follow the time have none",
}
_TENANT = "the label before its colon: whose account it is"
_ACCOUNT = "the label: the account, as the app shows it"
_OF_CODES: Mapping[str, str] = {"algorithm": "SHA1", "digits": "6", "period": "30"}
_FIRST = ("enrollment_tx_id", "base_url", "secret", "issuer")


class Holds(StrEnum):
    """What an enrollment's URI carries."""

    TICKET = "ticket"
    SECRET = "secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One field of a URI, as it may be shown, and what it is for."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode:
    """An enrollment's URI as it may be shown: whole, and taken apart."""

    holds: Holds
    shown: str
    label: str
    parts: tuple[Part, ...]

    @property
    def ticket(self) -> str:
        """The alias of the ticket, "" where there is none."""
        return next((part.value for part in self.parts if part.name == "enrollment_tx_id"), "")

    @classmethod
    def of(cls, uri: str, mask: Callable[[str], str]) -> Barcode:
        """Take a URI apart; `mask` puts its ticket, its secret and, on a live tenant, its person under aliases.

        A ticket beside a secret is Guardian's. Raises LabError for a URI that has neither. Source: the guardian
        reference, section 1.
        """
        # Not urlsplit: it raises for what is no URL, and anything may stand here.
        label, _, query = str(uri).partition("#")[0].partition("?")
        fields = parse_qsl(query, keep_blank_values=True)
        names = {name for name, value in fields if value}
        if names.isdisjoint(("enrollment_tx_id", "secret")):
            raise LabError(
                "This barcode_uri enrolls nothing: it has neither an enrollment_tx_id nor a secret. Pass "
                "enrollment['barcode_uri'] of a push or OTP enrollment."
            )
        holds = Holds.TICKET if "enrollment_tx_id" in names else Holds.SECRET
        named = mask(unquote(label.removeprefix("otpauth://").partition("/")[2]))
        found = [(mask(name), mask(value)) for name, value in fields]
        return cls(holds=holds, shown=mask(str(uri)), label=named, parts=tuple(_parts(holds, named, found)))


def _parts(holds: Holds, label: str, found: list[tuple[str, str]]) -> Iterator[Part]:
    """Yield the fields: first those that matter, then the label, then the rest as it stands in the URI."""
    first = sorted((each for each in found if each[0] in _FIRST), key=lambda each: _FIRST.index(each[0]))
    for name, value in first:
        yield Part(name=name, value=value, meaning=_WHAT[name])
    tenant, colon, account = label.partition(":")
    if colon:
        yield Part(name="tenant", value=tenant, meaning=_TENANT)
    if account or tenant:
        yield Part(name="account", value=account if colon else tenant, meaning=_ACCOUNT)
    for name, value in found:
        if name not in _FIRST:
            yield Part(name=name, value=value, meaning=_WHAT.get(name, "no field that the lab knows"))
    names = {name for name, _ in found}
    if holds is Holds.TICKET and "base_url" not in names:
        yield Part(name="base_url", value="(absent)", meaning="the phone calls the domain that its app was made for")
    for name, usual in _OF_CODES.items() if holds is Holds.SECRET else ():
        if name not in names:
            yield Part(name=name, value="(absent)", meaning=f"apps take {usual}")
