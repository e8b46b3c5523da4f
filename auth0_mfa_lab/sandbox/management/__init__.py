"""The Management API, `/api/v2` (reference, section 9), and the scopes that its endpoints ask for."""

MANAGEMENT_SCOPES: tuple[str, ...] = (
    *("read:guardian_factors", "update:guardian_factors"),
    *("read:mfa_policies", "update:mfa_policies"),
    *("read:guardian_enrollments", "delete:guardian_enrollments", "create:guardian_enrollment_tickets"),
    *("read:users", "update:users", "create:users", "delete:users", "read:current_user"),
    *("read:authentication_methods", "create:authentication_methods"),
    *("update:authentication_methods", "delete:authentication_methods"),
    *("read:clients", "update:clients", "read:client_keys"),
    *("read:client_credentials", "create:client_credentials", "delete:client_credentials"),
    "read:connections",
    *("read:tenant_settings", "update:tenant_settings"),
    "read:logs",
)
"""In the order of the reference; that `client_secret` is shown for `read:client_keys` only is a guess."""
