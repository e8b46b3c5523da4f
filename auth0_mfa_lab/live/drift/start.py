"""With which authenticators a person begins: as the first list of them says, or as what worked tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from auth0_mfa_lab.live.drift.calls import fields_of, is_granted, path_of, text_field
from auth0_mfa_lab.wire.exchange import Json, Recorded, plain_data

_GRANT = "http://auth0.com/oauth/grant-type/mfa-"
_FACTOR_OF = {"auth0": "push", "sms": "sms", "voice": "voice", "email": "email"}
_NO_LIST: Sequence[Json] = ()
_PREFIXES = {"push": "push", "totp": "otp", "sms": "sms", "voice": "voice", "email": "email"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The factors of a person: those that are confirmed, those that were only `begun`; number and address if known."""

    factors: tuple[str, ...]
    begun: tuple[str, ...] = ()
    phone_number: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)


def start_of(said: Sequence[Recorded], known: Mapping[str, Json] | None) -> Start:
    """Return with what a person began, of all that was said in their logins and what the lab noted (`known`)."""
    if known is not None:
        number, email = known.get("phone_number"), known.get("email")
        return Start(factors=tuple(known["factors"]), phone_number=number, email=email)
    listed = next((number for number, each in enumerate(said) if _is_list(each)), None)
    if listed is None:
        return Start(factors=tuple(dict.fromkeys(_used(said))))
    entries = [each for each in _listed(said[listed]) if isinstance(each, dict)]
    factors = {is_active: _factors(entries, active=is_active) for is_active in (True, False)}
    for each in said[:listed]:
        if (enrolled := _enrolled(each)) is not None:
            # What this run enrolled before it looked is not there at the beginning.
            counted = factors[factors[True][enrolled] > 0]
            counted[enrolled] = max(counted[enrolled] - 1, 0)
    begun = tuple(factors[False].elements())
    return Start(factors=tuple(factors[True].elements()), begun=begun)


def _is_list(each: Recorded) -> bool:
    is_asked = each.request.method == "GET" and path_of(each.request) == "/mfa/authenticators"
    return is_asked and is_granted(each.response) and _listed(each) is not _NO_LIST


def _listed(each: Recorded) -> Sequence[Json]:
    data = plain_data(each.response) if each.response is not None else None
    return data if isinstance(data, list) else _NO_LIST


def _factors(entries: Sequence[Mapping[str, Json]], *, active: bool) -> Counter[str]:
    """Count the factors that a list's entries come from: a push brings its codes, an SMS voice where that is on."""
    kinds = Counter(_factor(each) for each in entries if bool(each.get("active")) == active)
    kinds["otp"] = max(kinds["otp"] - kinds["push"], 0)
    if kinds["voice"] and kinds["sms"]:
        kinds["voice"] = max(kinds["voice"] - kinds["sms"], 0)
    # The profile's own address is listed by itself.
    kinds["email"] = max(kinds["email"] - active, 0)
    return Counter({each: kinds[each] for each in ("push", "otp", "sms", "voice", "email") if kinds[each]})


def _factor(entry: Mapping[str, Json]) -> str:
    prefix = str(entry.get("id", "")).partition("|")[0]
    if prefix in _PREFIXES:
        return _PREFIXES[prefix]
    channel = str(entry.get("oob_channel") or entry.get("oob_channels") or "")
    return _FACTOR_OF.get(channel, str(entry.get("authenticator_type")))


def _enrolled(each: Recorded) -> str | None:
    """Return the factor whose enrollment an exchange has begun."""
    if path_of(each.request) != "/mfa/associate" or not is_granted(each.response):
        return None
    fields = fields_of(each.request)
    if fields.get("authenticator_types") == ["otp"]:
        return "otp"
    channels = fields.get("oob_channels")
    first = channels[0] if isinstance(channels, list) and channels else channels
    return _FACTOR_OF.get(str(first))


def _used(said: Sequence[Recorded]) -> Iterator[str]:
    """Yield the factors that worked without having been enrolled before, in a run that lists none."""
    enrolled: set[str] = set()
    for each in said:
        if (factor := _enrolled(each)) is not None:
            enrolled.add(factor)
            continue
        used = (_challenged(each) or _proven(each)) if is_granted(each.response) else _refused(each)
        # A push brings codes, and any factor a recovery code.
        explained = used in enrolled or (used == "otp" and "push" in enrolled) or (used == "any" and enrolled)
        if used is not None and not explained:
            yield "otp" if used == "any" else used


def _challenged(each: Recorded) -> str | None:
    """Return the factor that an exchange has challenged: by the id, by the channel, or as its answer looks."""
    if path_of(each.request) != "/mfa/challenge":
        return None
    fields, answer = fields_of(each.request), fields_of(each.response)
    prefix = text_field(fields, "authenticator_id").partition("|")[0]
    if prefix in _PREFIXES:
        return _PREFIXES[prefix]
    if answer.get("challenge_type") != "oob":
        return "otp"
    channel = text_field(fields, "oob_channel") or ("sms" if "binding_method" in answer else "auth0")
    return _FACTOR_OF.get(channel)


def _proven(each: Recorded) -> str | None:
    grant = text_field(fields_of(each.request), "grant_type")
    return {f"{_GRANT}otp": "otp", f"{_GRANT}recovery-code": "any"}.get(grant)


def _refused(each: Recorded) -> str | None:
    """Return the factor of which a refusal tells that there is one."""
    path, answer = path_of(each.request), fields_of(each.response)
    text = text_field(answer, "error_description")
    if text.startswith("Invalid otp_code"):
        return "otp"
    of_recovery = text_field(fields_of(each.request), "grant_type") == f"{_GRANT}recovery-code"
    known = each.response is not None and each.response.status == 404 and path == "/mfa/challenge"
    known = known or (of_recovery and "rejected" in text) or text.startswith("User is already enrolled")
    return "any" if known else None
