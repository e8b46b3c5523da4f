"""A Jupyter lab for Auth0's MFA API: see each request and each answer, with a tenant and a phone in the box."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auth0_mfa_lab.client import Client
    from auth0_mfa_lab.errors import LabError, SettingsError
    from auth0_mfa_lab.lab import Lab
    from auth0_mfa_lab.polling import State
    from auth0_mfa_lab.secrets.secret import Secret
    from auth0_mfa_lab.settings import Settings
    from auth0_mfa_lab.wire.exchange import Exchange, NoAnswer
    from auth0_mfa_lab.wire.journal import Journal

__version__ = "0.1.0"

# fmt: off
__all__ = [  # in the order in which a newcomer meets them
    "Lab", "Client", "Exchange", "Journal", "Secret", "State", "LabError", "NoAnswer", "SettingsError", "Settings",
]
_HOMES = {
    "Lab": "lab", "Client": "client", "Exchange": "wire.exchange", "Journal": "wire.journal",
    "Secret": "secrets.secret", "State": "polling", "LabError": "errors", "NoAnswer": "wire.exchange",
    "SettingsError": "errors", "Settings": "settings",
}
# fmt: on


def __getattr__(name: str) -> object:
    """Import one of the public names when it is first used: `serve`, and a suite with the plugin, start without."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
