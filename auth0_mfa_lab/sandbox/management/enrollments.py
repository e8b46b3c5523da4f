"""The Management API's side of the enrollments: tickets, and what is enrolled (reference, section 9.3)."""

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import Call, Endpoint, Property, Reply
from auth0_mfa_lab.sandbox.management.items import Method, enrollment_item, enrollments_of
from auth0_mfa_lab.sandbox.management.users import user_of
from auth0_mfa_lab.sandbox.tenant import Tenant

TICKET_FACTORS = ("push-notification", "phone", "email", "otp", "webauthn-roaming", "webauthn-platform")
TICKET = {
    "user_id": Property(required=True),
    "email": Property(),
    "send_mail": Property(type="boolean"),
    "email_locale": Property(),
    "factor": Property(enum=TICKET_FACTORS),
    "allow_multiple_enrollments": Property(type="boolean"),
}
ONLY_IN_LISTS = ("type", "auth_method")


class Enrollments:
    """The enrollments of one tenant's users, as an administrator sees them."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def endpoints(self) -> tuple[Endpoint, ...]:
        guardian, ticket = "/guardian/enrollments/{id}", "/guardian/enrollments/ticket"
        make, users = ("create:guardian_enrollment_tickets",), ("read:users", "read:current_user")
        return (
            Endpoint(method="POST", path=ticket, scopes=make, answer=self.ticket),
            Endpoint(method="GET", path=guardian, scopes=("read:guardian_enrollments",), answer=self.one),
            Endpoint(method="DELETE", path=guardian, scopes=("delete:guardian_enrollments",), answer=self.delete),
            Endpoint(method="GET", path="/users/{id}/enrollments", scopes=users, answer=self.of_user),
        )

    def ticket(self, call: Call) -> Reply:
        """Make a link to the hosted enrollment page, which the sandbox does not have; no mail is sent with it."""
        body = call.fields(TICKET)
        if body["user_id"] not in self._tenant.users:
            raise errors.API_USER_NOT_FOUND()
        if body.get("send_mail") is True:
            raise errors.NotEmulated("the mail with an enrollment ticket (send_mail)")
        ticket_id = self._tenant.chance.alnum(32)
        url = f"{self._tenant.domains.origin}/mfa/enrollment?ticket={ticket_id}"
        return Reply(body={"ticket_id": ticket_id, "ticket_url": url})

    def one(self, call: Call) -> Reply:
        _, method = self._found(call.path["id"])
        item = enrollment_item(method, self._tenant.devices.get(method.device_id))
        shown = {name: value for name, value in item.items() if name not in ONLY_IN_LISTS}
        return Reply(body=shown, evidence=errors.API_ENROLLMENT)

    def delete(self, call: Call) -> Reply:
        user_id, method = self._found(call.path["id"])
        self._tenant.remove_authenticator(user_id, method.first.id)
        return Reply(status=204)

    def of_user(self, call: Call) -> Reply:
        user = user_of(self._tenant, call)
        listed = enrollments_of(self._tenant.authenticators.of(user.user_id))
        items = [enrollment_item(each, self._tenant.devices.get(each.device_id)) for each in listed]
        return Reply(body=items, evidence=errors.API_ENROLLMENT if items else None)

    def _found(self, device_id: str) -> tuple[str, Method]:
        """Return whose enrollment this is; only a push is found by key, the rest may take an administrator longer."""
        device = self._tenant.devices.get(device_id)
        for user_id in [device.user_id] if device else self._tenant.users:
            for method in enrollments_of(self._tenant.authenticators.of(user_id)):
                if method.device_id == device_id:
                    return user_id, method
        raise errors.API_ENROLLMENT_NOT_FOUND()
