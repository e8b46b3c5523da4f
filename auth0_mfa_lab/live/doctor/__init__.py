"""Whether a tenant is ready for the lab, and how it is made so."""
