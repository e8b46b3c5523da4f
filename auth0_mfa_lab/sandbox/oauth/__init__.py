"""Tokens: who asks for one, by which grant, and what is issued (reference, sections 1, 6 and 8)."""
