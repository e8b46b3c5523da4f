"""Whether the settings are what a live tenant needs: each variable, its shape, and names that are misspelled.

No value is quoted: what was pasted into the wrong line may be a secret. Each fault is named instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path

from auth0_mfa_lab.live.doctor.checks import Finding
from auth0_mfa_lab.settings import Settings

_OF_THE_LAB = ("tenant", "token", "show_people", "raise", "confirm", "virtual_phone", "allow_live")
_OTHERS = {each.name for each in fields(Settings)} - {*_OF_THE_LAB, "notice", "raise_failures"}
KNOWN = frozenset(f"AUTH0_{each.upper()}" for each in (*_OTHERS, *(f"lab_{each}" for each in _OF_THE_LAB)))
"""The names of all variables that the lab reads."""

_NEEDED = ("AUTH0_DOMAIN", "AUTH0_CLIENT_ID")  # without these nothing can be asked
_USER = ("AUTH0_USERNAME", "AUTH0_PASSWORD")
_MGMT = ("AUTH0_MGMT_CLIENT_ID", "AUTH0_MGMT_CLIENT_SECRET")
_HOSTS = ("AUTH0_DOMAIN", "AUTH0_MGMT_DOMAIN")
_SECRETS = ("AUTH0_CLIENT_SECRET", "AUTH0_MGMT_CLIENT_SECRET")
_ONE_WORD = ("AUTH0_CLIENT_ID", "AUTH0_MGMT_CLIENT_ID", "AUTH0_MGMT_TOKEN")
_HOST = r"(?i:[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:\d{1,5})?)"
_CLOSE = 0.84
_SYMPTOM = "Lab.from_env() raises SettingsError, or a call fails in a way that names something else"
_DOTENV = "None: it is a line of .env, or a variable of the environment"

# fmt: off
# The variables, a pattern that is found in a wrong value of theirs, and what is wrong with it; the first row counts.
_SHAPES = (
    (tuple(KNOWN), r"^(['\"]).*\1\Z", "has quotes that are a part of its value: take them away"),
    (_HOSTS, r"://", "begins with a scheme (https://): it is the host alone"),
    (_HOSTS, r"/\Z", "ends with a slash: it is the host alone"),
    (_HOSTS, r"/", "has a path: it is the host alone"),
    (_HOSTS, rf"^(?!{_HOST}\Z)", "is no host: letters, digits, hyphens and dots, such as tenant.eu.auth0.com"),
    (_HOSTS, r"^[^.:]*\Z", "is a single label: it lacks its region, as in tenant.eu.auth0.com"),
    (_SECRETS, r"\s", "has a blank in it, or at an end"),
    (_ONE_WORD, r"\s", "has a blank in it: it is one word"),
    (("AUTH0_PHONE_NUMBER",), r"^(?!\+[1-9][0-9]{1,14}\Z)", "is not in E.164 form: a plus sign and up to 15 digits, with nothing between"),
    (("AUTH0_EMAIL",), r"^(?![^@\s]+@[^@\s]+\Z)", "is no email address"),
    (("AUTH0_AUDIENCE",), r"\s", "has a blank in it: it is one identifier"),
    (("AUTH0_AUDIENCE",), r"://.*/mfa\Z", "ends with /mfa: the identifier has a slash at its end"),
    (("AUTH0_AUDIENCE",), r"://.*/api/v2\Z", "ends with /api/v2: the identifier has a slash at its end"),
    (("AUTH0_LAB_CONFIRM",), r"^(?!(each|once|never)\Z)", "is neither each nor once nor never"),
)
# fmt: on


def check_settings(values: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding for each variable that is wrong; it stops where nothing can be asked without it.

    `values` are the `AUTH0_` variables that are set, without blanks around them. With no fault there is one finding,
    that all is well.
    """
    found = list(_faults(values))
    yield from found
    if not found:
        yield Finding("settings", "ok", f"{len(KNOWN & values.keys())} variables are set, and well formed")


def usable(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values with which the tenant can be asked all the same: without those that are malformed."""
    wrong = {each.name for each in _faults(values)}
    return {name: value for name, value in values.items() if name not in wrong}


def misspelled(values: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding for each variable that is not read, and whose name is nearly that of one that is not set."""
    free = sorted(KNOWN - set(values))
    for name in sorted(set(values) - KNOWN):
        if close := get_close_matches(name.upper(), free, n=1, cutoff=_CLOSE):
            yield fault(name, f"{name} is not read. Did you mean {close[0]}?")


def _faults(values: Mapping[str, str]) -> Iterator[Finding]:
    yield from misspelled(values)
    yield from (fault(name, f"{name} is missing", stops=True) for name in _NEEDED if name not in values)
    yield from (fault(name, f"{name} is missing: the notebooks log in with it") for name in _USER if name not in values)
    for name, value in values.items():
        said = next(
            (said for names, wrong, said in _SHAPES if name in names and re.search(wrong, value, re.DOTALL)), ""
        )
        if name == "AUTH0_CA_FILE" and not Path(value).is_file():
            said = said or "names no file that is there"
        if said:
            yield fault(name, f"{name} {said}", stops=name in _NEEDED)
    for name, other in (_MGMT, _MGMT[::-1]):
        if name in values and other not in values:
            yield fault(other, f"{name} is set and {other} is not: set both, or neither")


def fault(name: str, said: str, *, stops: bool = False) -> Finding:
    """Return the finding about a variable that is wrong, or about settings that no lab can be opened with."""
    return Finding(name, "missing", said, _SYMPTOM, _DOTENV, stops=stops)
