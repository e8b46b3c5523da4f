"""The facts in dispute: what each named switch may be set to, the trusted answer first (reference, section 13.3)."""

from collections.abc import Mapping

SWITCHES: Mapping[str, tuple[str, ...]] = {
    # A user without a factor asks for the MFA audience, and no policy asks for one: the factor page, or the article.
    "mfa_audience_without_factor": ("tokens", "mfa_required"),
    "bad_client_secret": ("access_denied", "invalid_client"),
    "expired_token_status": ("401", "403"),
    "pending_status": ("400", "200"),
    "slow_down_status": ("429", "400"),
    "unsupported_challenge_type_status": ("401", "400"),
    "oob_channel_key": ("oob_channel", "oob_channels"),
    "passwordless_tries": ("3", "2"),
    "refresh": ("tokens", "mfa_required"),
}


def checked_switches(wished: Mapping[str, str]) -> dict[str, str]:
    """Return the value of every switch, those of `wished` as they are wished.

    Raises ValueError for a name or a value that there is not, naming those that there are.
    """
    for name, value in wished.items():
        if name not in SWITCHES:
            raise ValueError(f"Unknown switch {name!r}; the sandbox has {', '.join(SWITCHES)}.")
        if value not in SWITCHES[name]:
            known = ", ".join(map(repr, SWITCHES[name]))
            raise ValueError(f"Unknown value {value!r} of the switch {name}; it has {known}.")
    return {name: wished.get(name, values[0]) for name, values in SWITCHES.items()}
