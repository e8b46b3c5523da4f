"""Before something is sent to a person: one of the user's allowance is taken, or the request is refused."""

from collections.abc import Mapping

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.limits import LimitName
from auth0_mfa_lab.sandbox.records import Channel
from auth0_mfa_lab.sandbox.tenant import Tenant

ALLOWANCES: Mapping[Channel, tuple[LimitName, errors.EvidenceRow]] = {
    "auth0": ("pushes", errors.TOO_MANY_PUSHES),
    "sms": ("sms", errors.TOO_MANY_SMS),
    "voice": ("voice", errors.TOO_MANY_CALLS),
    "email": ("emails", errors.TOO_MANY_EMAILS),
}


def take_to_send(tenant: Tenant, channel: Channel, user_id: str) -> dict[str, str]:
    """Take one from the user's bucket, and return its headers; that `/mfa/*` sends them is a guess.

    Raises TOO_MANY_SMS and the like, before anything has changed (reference, sections 3.3 and 11).
    """
    name, refusal = ALLOWANCES[channel]
    bucket = tenant.limits.bucket(name, user_id)
    taken = bucket.take(tenant.clock.now())
    if not taken:
        raise refusal(headers=bucket.headers())
    return bucket.headers()
