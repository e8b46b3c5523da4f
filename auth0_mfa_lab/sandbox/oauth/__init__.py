"""Tokens: the application, the grant, and what is issued (reference, sections 1, 6 and 8)."""
