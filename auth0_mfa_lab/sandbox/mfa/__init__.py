"""The MFA API, `/mfa/*`, with its factors, authenticators and transactions (reference, sections 2 to 5)."""
