"""An integrator's own tests, run against what Auth0 never promised."""
