"""Before something is sent to a person: one of the user's allowance is taken, or the request is refused."""

from collections.abc import Mapping

from auth0_mfa_lab.sandbox.limits import LimitName
from auth0_mfa_lab.sandbox.mfa import errors
from auth0_mfa_lab.sandbox.records import Channel
from auth0_mfa_lab.sandbox.tenant import Tenant

ALLOWANCES: Mapping[Channel, tuple[LimitName, type[errors.TooManySent]]] = {
    "auth0": ("pushes", errors.TooManyPushes),
    "sms": ("sms", errors.TooManySms),
    "voice": ("voice", errors.TooManyCalls),
    "email": ("emails", errors.TooManyEmails),
}


def take_to_send(tenant: Tenant, channel: Channel, user_id: str) -> dict[str, str]:
    """Take one from the user's bucket, and return its headers; that `/mfa/*` sends them is a guess.

    Raises TooManySent, before anything has changed (reference, sections 3.3 and 11).
    """
    name, refusal = ALLOWANCES[channel]
    bucket = tenant.limits.bucket(name, user_id)
    taken = bucket.take(tenant.clock.now())
    if not taken:
        raise refusal(headers=bucket.headers())
    return bucket.headers()
