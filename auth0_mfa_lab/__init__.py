"""A Jupyter lab for Auth0's MFA API: see each request and each answer, with a tenant and a phone in the box."""

from auth0_mfa_lab.client import Client
from auth0_mfa_lab.errors import LabError, NoAnswer, SettingsError
from auth0_mfa_lab.lab import Lab
from auth0_mfa_lab.polling import State
from auth0_mfa_lab.secret import Secret
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.journal import Journal

__version__ = "0.1.0"

# In the order in which a newcomer meets them.
__all__ = [
    "Lab",
    "Client",
    "Exchange",
    "Journal",
    "Secret",
    "State",
    "LabError",
    "NoAnswer",
    "SettingsError",
    "Settings",
]
