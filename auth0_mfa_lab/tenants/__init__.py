"""What a lab asks of a tenant beside Auth0's own paths: of a sandbox in process, of a served one, of a recording."""
