"""The Management API, `/api/v2` (reference, section 9)."""
