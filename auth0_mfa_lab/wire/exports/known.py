"""What an export knows beside the exchanges: which variable brings a value, and which users were made for the lab."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from auth0_mfa_lab.wire.aliases import Aliases
from auth0_mfa_lab.wire.journal import Journal

VARIABLES = (
    *("client_id", "client_secret", "public_client_id", "mgmt_client_id", "mgmt_client_secret"),
    *("username", "password", "phone_number", "email", "audience"),
)
"""The fields of the settings that a script can bring; each is a variable of `auth0-mfa-lab serve --env-file`."""

OF_A_PERSON = ("username", "password", "phone_number", "email")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user that `lab.user(...)` made when `after` exchanges were there; the values of its fields, as they are."""

    after: int
    factors: tuple[str, ...]
    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The tenant's `domain`, the values of the settings by their fields, and the people in the order of their making.

    `has_own_time` says that the tenant's time moved only when somebody moved it. What is here holds secrets, as values
    to look for; no export shows one.
    """

    domain: str | None = None
    has_own_time: bool = False
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    people: tuple[Person, ...] = ()

    def variables(self, aliases: Aliases) -> dict[str, list[str]]:
        """Return the variables that bring a value, by the value and by the alias that it is shown under.

        The first person made has the variables of the settings' own user; the second has `AUTH0_USERNAME_2`, and so on.
        """
        found: dict[str, list[str]] = {}

        def add(value: str, variable: str) -> None:
            alias = aliases.known(value)
            for key in {value, alias.shown if alias else value}:
                if variable not in (variables := found.setdefault(key, [])):
                    variables.append(variable)

        for number, person in enumerate(self.people, 1):
            for name, value in person.values.items():
                if name in OF_A_PERSON:
                    add(value, person_variable(name, number))
        for name, value in self.settings.items():
            if value and name in VARIABLES and not (self.people and name in OF_A_PERSON):
                add(value, f"AUTH0_{name.upper()}")
        return found


def person_variable(field: str, number: int) -> str:
    """Return the variable of a field of the person of this number, which counts from 1."""
    return f"AUTH0_{field.upper()}" if number == 1 else f"AUTH0_{field.upper()}_{number}"


def known_of(journal: Journal) -> Known:
    """Return what a journal has noted beside its exchanges: the facts of its tenant, and who was made for the lab."""
    tenant = {name: value for name, value in journal.operations.tenant.items() if isinstance(value, str)}
    people = tuple(
        Person(
            after=each.after,
            factors=tuple(each.result["factors"]),
            values={name: value for name, value in each.result.items() if isinstance(value, str)},
        )
        for each in journal.operations
        if each.operation == "add_user" and each.result
    )
    has_own_time = tenant.get("kind") == "sandbox"
    return Known(domain=tenant.get("domain"), has_own_time=has_own_time, settings=tenant, people=people)


NOTHING = Known()
