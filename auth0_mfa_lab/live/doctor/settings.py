"""Whether the settings are what a live tenant needs: each variable, its shape, and names that are misspelled.

No value is quoted: what was pasted into the wrong line may be a secret. Each fault is named instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path

from auth0_mfa_lab.live.doctor.findings import Finding
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
_SHAPES = tuple((names, re.compile(pattern, re.DOTALL), said) for names, pattern, said in (
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
))
# fmt: on


def check_settings(values: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding for each variable that is wrong, those first without which nothing can be asked.

    `values` are the `AUTH0_` variables that are set, without blanks around them. With no fault there is one finding,
    that all is well.
    """
    found = list(_faults(values))
    yield from sorted(found, key=lambda each: not each.stops)
    if not found:
        yield Finding("settings", "ok", f"{len(KNOWN & values.keys())} variables are set, and well formed")


def usable(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values with which the tenant can be asked all the same: without those that are malformed.

    Of a domain that is written as an address the host is left: what was meant is plain.
    """
    wrong = {each.name for each in _faults(values)}
    kept = {name: value for name, value in values.items() if name not in wrong}
    kept |= {name: host for name in _HOSTS if name in values and (host := _host(values[name]))}
    if len([name for name in _MGMT if name in kept]) == 1:
        kept = {name: value for name, value in kept.items() if name not in _MGMT}
    return kept


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
        if said := _shape(name, value):
            yield fault(name, f"{name} {said}", stops=name in _NEEDED and not (name in _HOSTS and _host(value)))
    there, absent = ([name for name in _MGMT if (name in values) == is_set] for is_set in (True, False))
    if there and absent:
        yield fault(absent[0], f"{there[0]} is set and {absent[0]} is not: set both, or neither")


def fault(name: str, said: str, *, stops: bool = False) -> Finding:
    """Return the finding about a variable that is wrong, or about settings that no lab can be opened with."""
    return Finding(name, "missing", said, _SYMPTOM, _DOTENV, stops=stops)


def _shape(name: str, value: str) -> str:
    """Return what is wrong with the shape of a value, without it; "" where nothing is."""
    no_file = "names no file that is there" if name == "AUTH0_CA_FILE" and not Path(value).is_file() else ""
    return next((said for names, wrong, said in _SHAPES if name in names and wrong.search(value)), no_file)


def _host(value: str) -> str:
    """Return the host of a domain or of an address; "" where none is plain."""
    host = re.sub(r"^[a-z]+://", "", value, flags=re.IGNORECASE).partition("/")[0]
    return "" if _shape(_HOSTS[0], host) else host
