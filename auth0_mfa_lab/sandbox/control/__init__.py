"""The control plane under `/_lab/`: what a test or a person does to the tenant, apart from Auth0's paths."""
