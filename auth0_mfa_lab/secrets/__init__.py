"""Secrets: which values are secret, under which alias each is shown, and where one stands in a file."""
