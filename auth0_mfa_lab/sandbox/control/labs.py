"""What the control plane has for a lab of its own: a phone's name, its pushes, and users who are enrolled with it."""

from collections.abc import Sequence

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.control.calls import Call, Endpoint, Reply, Unknown
from auth0_mfa_lab.sandbox.preparing import FACTORS, prepare_factor


class Labs:
    """A lab speaks for itself over the network: its phone is its own, and not the one beside the server.

    What is drawn here is what a sandbox in process draws: equal seeds give a lab equal ids, wherever its tenant is.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def endpoints(self) -> Sequence[Endpoint]:
        return (
            Endpoint(method="POST", path="phones", answer=self.add_phone),
            Endpoint(method="GET", path="pushes", answer=self.pushes),
            Endpoint(method="POST", path="users/{user}/factors", answer=self.enroll),
        )

    def add_phone(self, call: Call) -> Reply:
        """Name a phone that nobody has had."""
        call.fields()
        identifier, push_token = self._sandbox.name_a_phone()
        return Reply(status=201, body={"identifier": identifier, "push_token": push_token})

    def pushes(self, call: Call) -> Reply:
        """Return what was delivered to a push token, oldest first: whoever knows the token is the phone."""
        token = call.asked("token").required("token")
        pushes = self._sandbox.delivery.pushes(token)
        return Reply(body={"pushes": [{"service": push.service, "payload": dict(push.payload)} for push in pushes]})

    def enroll(self, call: Call) -> Reply:
        """Enroll one factor of a user, confirmed; push is as soon as a phone has scanned the barcode."""
        factor = call.fields("factor").required("factor", choices=FACTORS)
        user = self._sandbox.tenant.users.get(call.path["user"])
        if user is None:
            raise Unknown("There is no user with this id.")
        client_id = self._sandbox.defaults.client_id
        begun = prepare_factor(self._sandbox.tenant, user, factor, client_id=client_id)
        named = {"barcode_uri": begun.barcode_uri, "recovery_code": begun.recovery_code}
        return Reply(status=201, body={"factor": factor, **named})
