"""The client credentials grant: an application's own token for an API, such as the Management API (reference, 9.1)."""

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.fields import Fields
from auth0_mfa_lab.sandbox.oauth.applications import Application
from auth0_mfa_lab.sandbox.oauth.grants import Answer, wished_scopes
from auth0_mfa_lab.sandbox.records import Client
from auth0_mfa_lab.sandbox.tenant import Tenant


class ClientCredentials:
    """The client credentials grant of one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def grant(self, fields: Fields, client: Client) -> Answer:
        """Give an application the scopes of its client grant, or those of them that it names [guess].

        Raises UNAUTHORIZED for a public application [guess], and NO_CLIENT_GRANT.
        """
        if Application.of(client).method == "none":
            raise errors.UNAUTHORIZED()
        audience = fields.text("audience")
        if audience is None:
            raise errors.NO_AUDIENCE()
        api = self._tenant.apis.of(audience)
        if api is None:
            raise errors.UNKNOWN_SERVICE(audience=audience)
        granted = client.apis.get(self._tenant.domains.at_home(audience))
        if granted is None:
            raise errors.NO_CLIENT_GRANT(audience=audience)
        wished = wished_scopes(fields) or granted
        scope = tuple(one for one in wished if one in granted)
        self._tenant.log("seccft", "Access token for an application's own credentials.", client_id=client.client_id)
        return self._tenant.tokens.machine_token(client.client_id, api, scope), {}
