"""Exchanges one can take away: as commands, as scripts in several languages, as a test, as a diagram."""
