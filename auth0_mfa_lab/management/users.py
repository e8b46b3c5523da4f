"""A user as an administrator sees one: the profile, the enrollments, and what takes a second factor away."""

from __future__ import annotations

from auth0_mfa_lab.management.call import ManagementCalls
from auth0_mfa_lab.sender import quoted
from auth0_mfa_lab.wire.exchange import Exchange


class Users(ManagementCalls):
    """The parts `/users` and `/guardian/enrollments` of the Management API, without the authentication methods."""

    def user(self, user_id: str) -> Exchange:
        """Read a user.

            GET /api/v2/users/{id}   -> 200 with the user

        Scope: `read:users`. Dashboard > User Management > Users > the user. Source: the reference, section 9.3.
        """
        return self.send("GET", _user(user_id))

    def update_user(
        self,
        user_id: str,
        *,
        email: str | None = None,
        email_verified: bool | None = None,
        phone_number: str | None = None,
        name: str | None = None,
        connection: str | None = None,
    ) -> Exchange:
        """Change a user: whose address is verified can be challenged by email.

            PATCH /api/v2/users/{id}   -> 200 with the user

        Scope: `update:users`. Dashboard > User Management > Users > the user > Details. Source: the reference,
        sections 9.3 and 10.
        """
        changes = {"email": email, "email_verified": email_verified, "phone_number": phone_number, "name": name}
        return self.send("PATCH", _user(user_id), json={**changes, "connection": connection})

    def create_user(
        self,
        *,
        connection: str,
        email: str | None = None,
        password: str | None = None,
        email_verified: bool | None = None,
        verify_email: bool | None = None,
        phone_number: str | None = None,
    ) -> Exchange:
        """Make a user; unless `verify_email` is False or `email_verified` True, Auth0 sends an email to the address.

            POST /api/v2/users   -> 201 with the user

        `connection` is the name of a database, such as `Username-Password-Authentication`. Scope: `create:users`.
        Dashboard > User Management > Users > Create User. Source: the reference, section 9.5, for its errors; for the
        rest Auth0's page Create a User.
        """
        body = {"connection": connection, "email": email, "password": password, "phone_number": phone_number}
        verified = {"email_verified": email_verified, "verify_email": verify_email}
        return self.send("POST", "/users", json={**body, **verified})

    def delete_user(self, user_id: str) -> Exchange:
        """Remove a user, whose authenticators and tokens go along.

            DELETE /api/v2/users/{id}   -> 204

        Scope: `delete:users`. Dashboard > User Management > Users > the user > Actions > Delete. Source: the
        reference, section 9.5, for its errors; for the rest Auth0's page Delete a User.
        """
        return self.send("DELETE", _user(user_id))

    def users_by_email(self, email: str) -> Exchange:
        """Find the users who have an address.

            GET /api/v2/users-by-email   -> 200 with an array

        Scope: `read:users`. Dashboard > User Management > Users. Source: the reference, section 9.3.
        """
        return self.send("GET", "/users-by-email", query={"email": email})

    def enrollment_ticket(
        self,
        *,
        user_id: str,
        email: str | None = None,
        send_mail: bool | None = None,
        email_locale: str | None = None,
        factor: str | None = None,
        allow_multiple_enrollments: bool | None = None,
    ) -> Exchange:
        """Make a link under which a user enrolls in a browser, without the MFA API.

            POST /api/v2/guardian/enrollments/ticket   -> 200 with ticket_id and ticket_url

        `factor` is `push-notification`, `phone`, `email`, `otp` or a webauthn. Scope:
        `create:guardian_enrollment_tickets`. Dashboard > User Management > Users > the user > Details > Multi-Factor
        Authentication > Send an enrollment invitation. Source: the reference, section 9.3.
        """
        body = {"user_id": user_id, "email": email, "send_mail": send_mail, "email_locale": email_locale}
        more = {"factor": factor, "allow_multiple_enrollments": allow_multiple_enrollments}
        return self.send("POST", "/guardian/enrollments/ticket", json={**body, **more})

    def enrollment(self, id: str) -> Exchange:  # noqa: A002 - the wire's own name
        """Read one enrollment, by its `dev_...` id without a prefix.

            GET /api/v2/guardian/enrollments/{id}   -> 200 with the enrollment

        Scope: `read:guardian_enrollments`. Source: the reference, section 9.3.
        """
        return self.send("GET", f"/guardian/enrollments/{quoted('id', id)}")

    def delete_enrollment(self, id: str) -> Exchange:  # noqa: A002 - the wire's own name
        """Remove one enrollment, by its `dev_...` id without a prefix.

            DELETE /api/v2/guardian/enrollments/{id}   -> 204

        Scope: `delete:guardian_enrollments`. Dashboard > User Management > Users > the user > Details > Multi-Factor
        Authentication. Source: the reference, section 9.3.
        """
        return self.send("DELETE", f"/guardian/enrollments/{quoted('id', id)}")

    def user_enrollments(self, user_id: str) -> Exchange:
        """List a user's confirmed enrollments.

            GET /api/v2/users/{id}/enrollments   -> 200 with an array

        Scope: `read:users`. Dashboard > User Management > Users > the user > Details > Multi-Factor Authentication.
        Source: the reference, section 9.3.
        """
        return self.send("GET", f"{_user(user_id)}/enrollments")

    def delete_authenticators(self, user_id: str) -> Exchange:
        """Remove every authenticator of a user, who can then enroll anew.

            DELETE /api/v2/users/{id}/authenticators   -> 204

        Scope: `delete:guardian_enrollments`. Dashboard > User Management > Users > the user > Actions > Reset
        Multi-factor. Source: the reference, section 9.3.
        """
        return self.send("DELETE", f"{_user(user_id)}/authenticators")

    def regenerate_recovery_code(self, user_id: str) -> Exchange:
        """Give a user a new recovery code; the old one is dead.

            POST /api/v2/users/{id}/recovery-code-regeneration   -> 200 with recovery_code

        Scope: `update:users`. Source: the reference, section 9.3.
        """
        return self.send("POST", f"{_user(user_id)}/recovery-code-regeneration")

    def delete_multifactor(self, user_id: str, provider: str) -> Exchange:
        """Remove a legacy provider's enrollments from a user.

            DELETE /api/v2/users/{id}/multifactor/{provider}   -> 204

        `provider` is `duo` or `google-authenticator`. Scope: `update:users`. Source: the reference, section 9.3.
        """
        return self.send("DELETE", f"{_user(user_id)}/multifactor/{quoted('provider', provider)}")

    def invalidate_remember_browser(self, user_id: str) -> Exchange:
        """Make every browser of a user ask for a second factor again.

            POST /api/v2/users/{id}/multifactor/actions/invalidate-remember-browser   -> 204

        Scope: `update:users`. Source: the reference, section 9.3.
        """
        return self.send("POST", f"{_user(user_id)}/multifactor/actions/invalidate-remember-browser")


def _user(user_id: str) -> str:
    return f"/users/{quoted('user_id', user_id)}"
