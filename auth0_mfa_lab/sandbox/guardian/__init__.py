"""The Guardian device API, and the virtual phone that speaks it."""
