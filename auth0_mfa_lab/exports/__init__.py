"""A journal to take away: as a script, as a test, as one command, as a diagram, as a recording."""
