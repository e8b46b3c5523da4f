"""Whether the settings are what a live tenant needs: each variable, its shape, and names that are misspelled.

No value is quoted: what was pasted into the wrong line may be a secret. Each fault is named instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path

from auth0_mfa_lab.errors import SettingsError
from auth0_mfa_lab.live.doctor.finding import Finding, fine, unasked
from auth0_mfa_lab.settings import Settings

_OF_THE_LAB = ("TENANT", "TOKEN", "SHOW_PEOPLE", "RAISE", "CONFIRM", "VIRTUAL_PHONE", "ALLOW_LIVE")
_NO_VARIABLE = frozenset(
    {"tenant", "notice", "show_people", "raise_failures", "confirm", "virtual_phone", "allow_live"}
)
KNOWN = frozenset(
    {f"AUTH0_{each.name.upper()}" for each in fields(Settings) if each.name not in _NO_VARIABLE}
    | {f"AUTH0_LAB_{each}" for each in _OF_THE_LAB}
)
"""The names of all variables that the lab reads."""
NEEDED = ("AUTH0_DOMAIN", "AUTH0_CLIENT_ID")
"""Without these nothing can be asked."""
_USER = ("AUTH0_USERNAME", "AUTH0_PASSWORD")
_MGMT = ("AUTH0_MGMT_CLIENT_ID", "AUTH0_MGMT_CLIENT_SECRET")
_HOSTS = ("AUTH0_DOMAIN", "AUTH0_MGMT_DOMAIN")
_SECRETS = ("AUTH0_CLIENT_SECRET", "AUTH0_MGMT_CLIENT_SECRET")
_ONE_WORD = ("AUTH0_CLIENT_ID", "AUTH0_MGMT_CLIENT_ID", *_SECRETS, "AUTH0_MGMT_TOKEN")
_CLOSE = 0.84
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:\d{1,5})?", re.IGNORECASE)
_E164 = re.compile(r"\+[1-9][0-9]{1,14}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_SYMPTOM = "Lab.from_env() raises SettingsError, or a call fails in a way that names something else"
_DOTENV = "None: it is a line of .env, or a variable of the environment"


def check_settings(values: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding for each variable that is wrong, those first without which nothing can be asked.

    `values` are the `AUTH0_` variables that are set, without blanks around them. With no fault there is one finding,
    that all is well.
    """
    found = list(_faults(values))
    yield from sorted(found, key=lambda each: not each.stops)
    if not found:
        yield fine("settings", f"{len([name for name in values if name in KNOWN])} variables are set, and well formed")


def mended(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values with which the tenant can be asked all the same: without those that are malformed.

    Of a domain that is written as an address the host is left: what was meant is plain.
    """
    wrong = {each.name for each in _faults(values)}
    kept = {name: value for name, value in values.items() if name not in wrong}
    for name in _HOSTS:
        if name in values and (host := _host(values[name])):
            kept[name] = host
    if len([name for name in _MGMT if name in kept]) == 1:
        kept = {name: value for name, value in kept.items() if name not in _MGMT}
    return kept


def misspelled(values: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding for each variable that is not read, and whose name is nearly that of one that is not set."""
    free = sorted(KNOWN - set(values))
    for name in sorted(set(values) - KNOWN):
        if close := get_close_matches(name.upper(), free, n=1, cutoff=_CLOSE):
            yield _fault(name, f"{name} is not read. Did you mean {close[0]}?")


def _faults(values: Mapping[str, str]) -> Iterator[Finding]:
    yield from misspelled(values)
    for name in NEEDED:
        if name not in values:
            yield unasked(name, f"{name} is missing", symptom=_SYMPTOM, dashboard=_DOTENV)
    for name in (each for each in _USER if each not in values):
        yield _fault(name, f"{name} is missing: the notebooks log in with it")
    for name in values:
        if said := _shape(name, values[name]):
            yield _shaped(name, said, values[name])
    half = [name for name in _MGMT if name in values]
    if len(half) == 1:
        other = next(name for name in _MGMT if name not in values)
        yield _fault(other, f"{half[0]} is set and {other} is not: set both, or neither")


def _shaped(name: str, said: str, value: str) -> Finding:
    if name not in NEEDED or (name in _HOSTS and _host(value)):
        return _fault(name, f"{name} {said}")
    return unasked(name, f"{name} {said}", symptom=_SYMPTOM, dashboard=_DOTENV)


def _fault(name: str, said: str) -> Finding:
    return Finding(name=name, state="missing", said=said, symptom=_SYMPTOM, dashboard=_DOTENV)


def _shape(name: str, value: str) -> str:
    """Return what is wrong with the shape of a value, without it; "" where nothing is."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return "has quotes that are a part of its value: take them away"
    if name in _HOSTS:
        return _host_fault(value)
    if name in _ONE_WORD and re.search(r"\s", value):
        return "has a blank in it, or at an end" if name in _SECRETS else "has a blank in it: it is one word"
    if name == "AUTH0_PHONE_NUMBER" and not _E164.fullmatch(value):
        return "is not in E.164 form: a plus sign and up to 15 digits, with nothing between"
    if name == "AUTH0_EMAIL" and not _EMAIL.fullmatch(value):
        return "is no email address"
    if name == "AUTH0_CA_FILE" and not Path(value).is_file():
        return "names no file that is there"
    if name == "AUTH0_AUDIENCE":
        return _audience_fault(value)
    if name == "AUTH0_LAB_CONFIRM" and value not in ("each", "once", "never"):
        return "is neither each nor once nor never"
    return ""


def _host_fault(value: str) -> str:
    if "://" in value:
        return "begins with a scheme (https://): it is the host alone"
    if value.endswith("/"):
        return "ends with a slash: it is the host alone"
    if "/" in value:
        return "has a path: it is the host alone"
    if not _HOST.fullmatch(value):
        return "is no host: letters, digits, hyphens and dots, such as tenant.eu.auth0.com"
    return "" if "." in value or ":" in value else "is a single label: it lacks its region, as in tenant.eu.auth0.com"


def _host(value: str) -> str:
    """Return the host of a domain or of an address; "" where none is plain."""
    host = re.sub(r"^[a-z]+://", "", value, flags=re.IGNORECASE).partition("/")[0]
    return host if not _host_fault(host) else ""


def _audience_fault(value: str) -> str:
    if re.search(r"\s", value):
        return "has a blank in it: it is one identifier"
    for path in ("/mfa", "/api/v2"):
        if "://" in value and value.endswith(path):
            return f"ends with {path}: the identifier has a slash at its end"
    return ""


def refusal(problem: SettingsError) -> Finding:
    """Return the finding for settings that no lab can be opened with."""
    return unasked("settings", str(problem), symptom=_SYMPTOM, dashboard=_DOTENV)
