"""How a tenant is set: what an administrator chooses, and what the sandbox answers where the sources differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Profile = Literal["docs", "recorded"]
"""How a rejected push is answered: as documented (403 `invalid_grant`), or as recorded (400 `access_denied`)."""
Policy = Literal["all-applications", "confidence-score", "never"]
"""When a second factor is asked for."""
Factor = Literal[
    "sms", "push-notification", "otp", "email", "duo", "webauthn-roaming", "webauthn-platform", "recovery-code"
]
"""A factor of the tenant, as the Management API names it; `sms` is the phone factor, by SMS and by voice."""
MessageType = Literal["sms", "voice"]
PushProvider = Literal["guardian", "sns", "direct"]
PhoneProvider = Literal["auth0", "twilio", "phone-message-hook"]
PasswordlessConnection = Literal["sms", "email"]
CONNECTIONS: tuple[PasswordlessConnection, ...] = ("sms", "email")

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
    "too_many_failed_codes_status": ("400", "429"),
    # What an association answers while its factor is off: section 3.3 has 400 and 403, section 10 has 401 and 400.
    "disabled_factor_status": ("400", "401", "403"),
    # Customizable MFA, an early-access feature: `mfa_requirements`, and `type` in each authenticator.
    "customizable_mfa": ("off", "on"),
    # MFA that an Action demands while that feature is off: `mfa_required` may come without its mfa_token.
    "mfa_required_without_mfa_token": ("off", "on"),
    "second_factor_chained": ("off", "on"),
    # Of the default tenant; a new one of Auth0's has it off.
    "recovery_code_factor": ("on", "off"),
    # How adaptive MFA (policy confidence-score) judges each login; the sandbox knows nothing about risk.
    "confidence": ("high", "low"),
    # Every n-th answer is a gateway's HTML.
    "gateway_failure_every": ("never", "2", "3", "5", "10"),
}
"""The facts in dispute: what each switch may be set to, the trusted answer first (reference, section 13.3)."""


def checked_switches(wished: Mapping[str, str | int | bool]) -> dict[str, str]:
    """Return the value of every switch as text, those of `wished` as they are wished.

    A number stands for its text, True and False for `on` and `off`. Raises ValueError for a name or a value that there
    is not, naming those that there are.
    """
    if not isinstance(wished, Mapping):
        raise ValueError('switches is a dict of names and values, such as switches={"pending_status": "200"}.')
    checked = {name: values[0] for name, values in SWITCHES.items()}
    for name, value in wished.items():
        if name not in SWITCHES:
            raise ValueError(f"Unknown switch {name!r}; the sandbox has {', '.join(SWITCHES)}.")
        word = {True: "on", False: "off"}[value] if isinstance(value, bool) else value
        text = str(word) if isinstance(word, int) else word
        if text not in SWITCHES[name]:
            as_text = "" if isinstance(value, str) else " Write it as text."
            known = ", ".join(map(repr, SWITCHES[name]))
            raise ValueError(f"Unknown value {value!r} of the switch {name}; it has {known}.{as_text}")
        checked[name] = text
    return checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an administrator has set for the whole tenant; `switches` is what the sandbox does where sources differ.

    `factors` are those that are on, `message_types` how the phone factor may reach a number.
    """

    name: str
    profile: Profile = "docs"
    policy: Policy = "all-applications"
    default_directory: str | None = None
    factors: frozenset[Factor] = frozenset({"sms", "push-notification", "otp", "recovery-code"})
    message_types: tuple[MessageType, ...] = ("sms",)
    push_provider: PushProvider = "guardian"
    phone_provider: PhoneProvider = "auth0"
    passwordless: frozenset[str] = frozenset(CONNECTIONS)
    switches: Mapping[str, str] = field(default_factory=lambda: checked_switches({}))
