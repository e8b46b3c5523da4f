"""One's own tenant: whether it is ready, what a run there costs and leaves, and how it differs from the sandbox."""
