"""How a tenant is set, what is answered where the sources differ, and the host names by which it is known."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

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
CONNECTIONS = ("sms", "email")
"""Those that are passwordless."""


class Switch(NamedTuple):
    """A fact in dispute: what it may be set to, the trusted answer first (reference, section 13.3), what it decides."""

    values: tuple[str, ...]
    decides: str


# fmt: off
SWITCHES: Mapping[str, Switch] = {
    # No policy asks for a second factor: the factor page, or the article.
    "mfa_audience_without_factor":       Switch(("tokens", "mfa_required"), "the MFA audience, asked for by a user without a factor while the policy is never"),
    "bad_client_secret":                 Switch(("access_denied", "invalid_client"), "the error code of a wrong client secret"),
    "expired_token_status":              Switch(("401", "403"), "the status of an expired mfa_token or oob_code"),
    "pending_status":                    Switch(("400", "200"), "the status of a push that is not answered yet"),
    "slow_down_status":                  Switch(("429", "400"), "the status of a poll that comes too fast"),
    "unsupported_challenge_type_status": Switch(("401", "400"), "the status when no factor fits the challenge types"),
    "challenge_without_authenticator":   Switch(("unsupported_challenge_type", "association_required"), "the error of a challenge while no authenticator is confirmed"),
    "no_client_grant_text":              Switch(("audience", "client_and_audience"), "what the text names when an application has no client grant for an API"),
    "oob_channel_key":                   Switch(("oob_channel", "oob_channels"), "the key of the channel in a list of authenticators"),
    "passwordless_tries":                Switch(("3", "2"), "how often the code of a passwordless login may be tried"),
    "refresh":                           Switch(("tokens", "mfa_required"), "whether the refresh grant asks for a second factor"),
    "too_many_failed_codes_status":      Switch(("400", "429"), "the status after too many wrong codes"),
    # Section 3.3 has 400 and 403, section 10 has 401 and 400.
    "disabled_factor_status":            Switch(("400", "401", "403"), "the status of an enrollment whose factor is off"),
    # An early-access feature; while it is off, MFA that an Action demands may come without its mfa_token.
    "customizable_mfa":                  Switch(("off", "on"), "whether mfa_requirements and the authenticators' type are there"),
    "mfa_required_without_mfa_token":    Switch(("off", "on"), "whether mfa_required may come without its mfa_token"),
    "second_factor_chained":             Switch(("off", "on"), "whether one second factor is followed by another"),
    "recovery_code_factor":              Switch(("on", "off"), "whether the tenant begins with recovery codes on; a new tenant has them off"),
    "confidence":                        Switch(("high", "low"), "how the policy confidence-score judges each login"),
    "gateway_failure_every":             Switch(("never", "2", "3", "5", "10"), "how often a gateway answers 502 with HTML"),
}
# fmt: on


def checked_switches(wished: Mapping[str, str | int | bool]) -> dict[str, str]:
    """Return the value of every switch as text, those of `wished` as they are wished.

    A number stands for its text, True and False for `on` and `off`. Raises ValueError for a name or a value that there
    is not, naming those that there are.
    """
    if not isinstance(wished, Mapping):
        raise ValueError('switches is a dict of names and values, such as switches={"pending_status": "200"}.')
    checked = {name: switch.values[0] for name, switch in SWITCHES.items()}
    for name, value in wished.items():
        if name not in SWITCHES:
            raise ValueError(f"Unknown switch {name!r}; the sandbox has {', '.join(SWITCHES)}.")
        checked[name] = ("off", "on")[value] if isinstance(value, bool) else str(value)
        if checked[name] not in SWITCHES[name].values:
            known = ", ".join(map(repr, SWITCHES[name].values))
            raise ValueError(f"Unknown value {value!r} of the switch {name}; it has {known}.")
    return checked


@dataclass(frozen=True)
class Settings:
    """What an administrator has set: the `factors` that are on, how the phone factor reaches a number, and the rest."""

    name: str
    profile: Profile
    policy: Policy
    default_directory: str | None
    switches: Mapping[str, str]
    factors: frozenset[Factor] = frozenset({"sms", "push-notification", "otp", "recovery-code"})
    message_types: tuple[MessageType, ...] = ("sms",)
    push_provider: PushProvider = "guardian"
    phone_provider: PhoneProvider = "auth0"
    passwordless: frozenset[str] = frozenset(CONNECTIONS)


class Domains:
    """The domains of one tenant: `home` alone in process, and on a socket every name that the server is known by.

    `current` is the domain of the request at hand, with its port: that is how the issuer is the one that the
    client expects, under either name.
    """

    def __init__(self, home: str) -> None:
        self.home = self.current = home
        self.scheme = "https"
        self._hosts: frozenset[str] = frozenset()

    def serve(self, hosts: Iterable[str], *, current: str, scheme: str) -> None:
        """Be known by these hosts, at any port (a container's may be another outside), and by nothing else."""
        self._hosts = frozenset(host.lower() for host in hosts)
        self.current, self.scheme = current, scheme

    def knows(self, domain: str) -> bool:
        """Tell whether a domain, with or without a port, is one of the tenant's names."""
        return host_of(domain) in self._hosts if self._hosts else domain == self.home

    @contextmanager
    def used(self, domain: str) -> Iterator[None]:
        """Be this domain for one request that nothing can interrupt: only the outermost layer does that."""
        before, self.current = self.current, domain.lower()
        try:
            yield
        finally:
            self.current = before

    @property
    def origin(self) -> str:
        """The tenant's address, without a slash at its end."""
        return f"{self.scheme}://{self.current}"

    def at_home(self, url: str) -> str:
        """Return the address of one of the tenant's own APIs as it would be at `home`; any other URL as it is."""
        begin, separator, rest = url.partition("://")
        domain, slash, path = rest.partition("/")
        if separator and begin == self.scheme and self.knows(domain):
            return f"https://{self.home}{slash}{path}"
        # On a socket no request uses `home`.
        return "" if domain == self.home else url

    def is_ours(self, url: object, path: str) -> bool:
        """Tell whether a URL, or one of a list, is `path` at any of the tenant's names."""
        urls = url if isinstance(url, list) else [url]
        return any(isinstance(one, str) and self.at_home(one) == f"https://{self.home}/{path}" for one in urls)


def host_of(domain: str) -> str | None:
    """Return the host of a `Host` header's value, in lower case and without brackets; None for what is none."""
    try:
        parts = urlsplit(f"//{domain}")
        _ = parts.port
    except ValueError:
        return None
    is_bare = not (parts.path or parts.query or parts.fragment) and "@" not in domain
    return parts.hostname if is_bare else None
