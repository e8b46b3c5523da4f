"""What was said: exchanges, the journal that keeps them, and the aliases under which their secrets are shown."""
