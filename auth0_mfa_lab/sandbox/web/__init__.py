"""How the tenant is reached: in process or on a socket, and what a request meets on its way."""
