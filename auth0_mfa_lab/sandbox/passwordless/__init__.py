"""Passwordless logins: the start, its codes, and the grant that takes one (reference, section 7)."""
