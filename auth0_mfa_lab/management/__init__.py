"""The Management API for one access token: one method per path and verb; each returns the Exchange."""

from auth0_mfa_lab.management.applications import Applications
from auth0_mfa_lab.management.factors import Factors
from auth0_mfa_lab.management.methods import Methods
from auth0_mfa_lab.management.users import Users

__all__ = ["Management"]


class Management(Factors, Applications, Users, Methods):
    """An administrator's side of one tenant, opened by an access token for `https://{domain}/api/v2/`.

    A parameter has the wire's own name; None means that the field is not sent. HTTP statuses never raise. Each method
    names the scope that its token needs, and the place in Auth0's dashboard that shows or sets the same.
    """
