"""A recorded live run beside the sandbox: how the tenant answers otherwise, and what that settles."""
