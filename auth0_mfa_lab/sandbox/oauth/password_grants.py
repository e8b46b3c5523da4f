"""The two password grants: plain `password`, and the one that names its realm."""

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.fields import Fields
from auth0_mfa_lab.sandbox.oauth.grants import Answer, finish_first_factor, granted_scopes, wished_audience
from auth0_mfa_lab.sandbox.records import Client, Request
from auth0_mfa_lab.sandbox.tenant import Tenant


class PasswordGrants:
    """The password grants of one tenant (reference, section 1)."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def password(self, fields: Fields, client: Client) -> Answer:
        """Log in at the tenant's default directory."""
        username, password = fields.required("username"), fields.required("password")
        connection = self._tenant.settings.default_directory
        if connection is None:
            raise errors.NO_DEFAULT_CONNECTION()
        return self._first_factor(fields, client, connection, username, password)

    def password_realm(self, fields: Fields, client: Client) -> Answer:
        """Log in at the connection that `realm` names."""
        username, password = fields.required("username"), fields.required("password")
        realm = fields.required("realm")
        if not self._tenant.has_connection(realm):
            raise errors.INVALID_CONNECTION()
        return self._first_factor(fields, client, realm, username, password)

    def _first_factor(self, fields: Fields, client: Client, connection: str, username: str, password: str) -> Answer:
        audience = wished_audience(self._tenant, fields)
        scope = granted_scopes(self._tenant, fields, audience)
        user = self._tenant.authenticate(connection, username, password)
        if user is None:
            raise errors.WRONG_PASSWORD()
        request = Request(client_id=client.client_id, user_id=user.user_id, audience=audience, scope=scope)
        return finish_first_factor(self._tenant, request)
