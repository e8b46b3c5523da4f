"""Which factors are on, which of them a user can use, and when one must: what the tenant's settings mean."""

from collections.abc import Mapping

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.mfa.authenticators import masked_email
from auth0_mfa_lab.sandbox.records import KIND_OF_CHANNEL, Authenticator, Kind, Login, OobTransaction, Request, State
from auth0_mfa_lab.sandbox.settings import Factor
from auth0_mfa_lab.sandbox.tenant import MFA_PATH, Tenant

FACTOR_OF: Mapping[Kind, Factor] = {
    "push": "push-notification",
    "totp": "otp",
    "sms": "sms",
    "voice": "sms",
    "email": "email",
    "recovery-code": "recovery-code",
}
TYPE_OF: Mapping[Kind, str] = {**FACTOR_OF, "sms": "phone", "voice": "phone"}
"""What Customizable MFA calls each kind (reference, sections 1.3 and 4.1)."""
BESIDES: frozenset[Factor] = frozenset({"email", "recovery-code"})
"""What does not count as having a factor (reference, section 2)."""
ENROLL_TYPES = ("otp", "phone", "push-notification")


def is_on(tenant: Tenant, kind: Kind) -> bool:
    """Tell whether a kind can be enrolled and used (reference, section 10)."""
    settings = tenant.settings
    if FACTOR_OF[kind] not in settings.factors:
        return False
    if kind == "sms" or kind == "voice":
        return kind in settings.message_types
    return kind != "email" or bool(settings.factors - BESIDES)


def listed(tenant: Tenant, user_id: str) -> tuple[Authenticator, ...]:
    """Return what `/mfa/authenticators` lists: what was enrolled, and a verified email address unasked.

    What is of a factor that is off stays listed [guess].
    """
    tenant.authenticators.forget_pending(user_id, now=tenant.clock.now())
    enrolled = tenant.authenticators.of(user_id)
    email = _verified_email(tenant, user_id)
    taken = {entry.address for entry in enrolled if entry.kind == "email" and entry.active}
    return enrolled if email is None or email.address in taken else (*enrolled, email)


def _verified_email(tenant: Tenant, user_id: str) -> Authenticator | None:
    """Return the entry of a profile's own verified address, which nobody enrolled."""
    user = tenant.users[user_id]
    if not (user.email and user.email_verified and is_on(tenant, "email")):
        return None
    return Authenticator(
        id=tenant.implicit_email_id(user_id),
        kind="email",
        active=True,
        name=masked_email(user.email),
        address=user.email,
        created_at=user.created_at,
    )


def usable(tenant: Tenant, user_id: str, *, but: frozenset[str] = frozenset()) -> tuple[Authenticator, ...]:
    """Return the confirmed authenticators whose factor is on, without those of these ids.

    The codes of a Guardian app belong to both factors, push and OTP [guess].
    """
    is_push_on = is_on(tenant, "push")
    return tuple(
        entry
        for entry in listed(tenant, user_id)
        if entry.active
        and entry.id not in but
        and (is_on(tenant, entry.kind) or (is_push_on and (entry.partner or "").startswith("push|")))
    )


def is_enrolled(tenant: Tenant, user_id: str) -> bool:
    """Tell whether the user has a factor; email is none, and a recovery code neither (reference, section 2)."""
    return any(FACTOR_OF[entry.kind] not in BESIDES for entry in usable(tenant, user_id))


def may_enroll(tenant: Tenant, login: Login) -> bool:
    """Tell whether this login may enroll: an MFA access token always, an mfa_token the first factor only."""
    return login.is_access_token or not is_enrolled(tenant, login.request.user_id)


def demanded(tenant: Tenant, request: Request) -> errors.EvidenceRow | None:
    """Return the answer that asks for a second factor; None where none is due: by the policy or the audience (2).

    The MFA audience forces one of every user who has one. A user without is asked where the policy is always, and
    where the switch `mfa_audience_without_factor` says so. No source says that the policy wins: a row of its own.
    """
    policy, switches = tenant.settings.policy, tenant.settings.switches
    by_policy = policy == "all-applications" or (policy == "confidence-score" and switches["confidence"] == "low")
    for_mfa = tenant.domains.is_ours(request.audience, MFA_PATH)
    article_holds = switches["mfa_audience_without_factor"] == "mfa_required"
    by_audience = for_mfa and (is_enrolled(tenant, request.user_id) or article_holds)
    if by_policy and for_mfa and not by_audience:
        return errors.MFA_REQUIRED_BY_POLICY
    return errors.MFA_REQUIRED if by_policy or by_audience else None


def requirements(tenant: Tenant, login: Login) -> dict[str, object]:
    """Return `mfa_requirements`: what can be challenged, or enrolled where there is none (reference, 1.3)."""
    user_id = login.request.user_id
    if not is_enrolled(tenant, user_id):
        on = {TYPE_OF[kind] for kind in TYPE_OF if is_on(tenant, kind)}
        return {"enroll": [{"type": name} for name in ENROLL_TYPES if name in on]}
    types = dict.fromkeys(TYPE_OF[entry.kind] for entry in usable(tenant, user_id, but=login.spent))
    return {"challenge": [{"type": name} for name in types]}


def state_of(tenant: Tenant, transaction: OobTransaction) -> State:
    """Return a transaction's state: "superseded" once it could not be begun any more [guess].

    That is so where its authenticator is removed or its factor is off, and where a code went to an address that is not
    the profile's verified one any longer. What ended before stays as it ended.
    """
    user_id, authenticator_id = transaction.login.request.user_id, transaction.authenticator_id
    if transaction.state in ("used", "rejected"):
        return transaction.state
    entry = tenant.authenticators.get(user_id, authenticator_id)
    if entry is None and authenticator_id == tenant.implicit_email_id(user_id):
        profile = _verified_email(tenant, user_id)
        entry = profile if profile and profile.address == transaction.address else None
    counts = is_on(tenant, KIND_OF_CHANNEL[transaction.channel]) or transaction.login.is_prepared
    return transaction.state if entry and counts else "superseded"
