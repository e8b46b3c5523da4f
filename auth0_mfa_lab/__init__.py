"""A Jupyter lab for Auth0's MFA API, with a sandbox tenant in a box."""

__version__ = "0.1.0"
