"""A user's authentication methods: the factors that an administrator can read, make, change and remove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.management.call import ManagementCalls
from auth0_mfa_lab.sender import checked_list, quoted
from auth0_mfa_lab.wire.exchange import Exchange, Json


class Methods(ManagementCalls):
    """The part `/users/{id}/authentication-methods` of the Management API."""

    def authentication_methods(
        self,
        user_id: str,
        *,
        page: int | None = None,
        per_page: int | None = None,
        include_totals: bool | None = None,
    ) -> Exchange:
        """List a user's confirmed methods.

            GET /api/v2/users/{id}/authentication-methods   -> 200 with an array, or authenticators with the total

        Scope: `read:authentication_methods`. Dashboard > User Management > Users > the user > Details > Multi-Factor
        Authentication. Source: the reference, section 9.3.
        """
        query = {"page": page, "per_page": per_page, "include_totals": include_totals}
        return self.send("GET", _methods(user_id), query=query)

    def create_authentication_method(
        self,
        user_id: str,
        *,
        type: str,  # noqa: A002 - the wire's own name
        name: str | None = None,
        phone_number: str | None = None,
        email: str | None = None,
        totp_secret: str | None = None,
        preferred_authentication_method: str | None = None,
    ) -> Exchange:
        """Enroll a user without asking: the method is confirmed at once.

            POST /api/v2/users/{id}/authentication-methods   -> 201 with the method

        `type` is `phone` (`phone_number` in E.164 form, `preferred_authentication_method` `sms` or `voice`), `email`
        or `totp` (`totp_secret` in base32). Scope: `create:authentication_methods`. Source: the reference, section
        9.3.
        """
        body = {"type": type, "name": name, "phone_number": phone_number, "email": email, "totp_secret": totp_secret}
        preferred = {"preferred_authentication_method": preferred_authentication_method}
        return self.send("POST", _methods(user_id), json={**body, **preferred})

    def replace_authentication_methods(self, user_id: str, methods: Sequence[Mapping[str, Json]]) -> Exchange:
        """Put these methods in the place of all that a user has.

            PUT /api/v2/users/{id}/authentication-methods   -> 200 with the new array, unmasked

        `methods` are objects with the fields of `create_authentication_method`; LabError for what is no list of
        objects. Scope: `update:authentication_methods`. Source: the reference, section 9.3.
        """
        return self.send("PUT", _methods(user_id), json=_objects(methods))

    def delete_authentication_methods(self, user_id: str) -> Exchange:
        """Remove every method of a user.

            DELETE /api/v2/users/{id}/authentication-methods   -> 204

        Scope: `delete:authentication_methods`. Dashboard > User Management > Users > the user > Actions > Reset
        Multi-factor. Source: the reference, section 9.3.
        """
        return self.send("DELETE", _methods(user_id))

    def authentication_method(self, user_id: str, id: str) -> Exchange:  # noqa: A002 - the wire's own name
        """Read one method.

            GET /api/v2/users/{id}/authentication-methods/{id}   -> 200 with the method

        `id` is such as `phone|dev_...`. Scope: `read:authentication_methods`. Source: the reference, section 9.3.
        """
        return self.send("GET", _method(user_id, id))

    def update_authentication_method(
        self,
        user_id: str,
        id: str,  # noqa: A002 - the wire's own name
        *,
        name: str | None = None,
        preferred_authentication_method: str | None = None,
    ) -> Exchange:
        """Change what one method is called, or how a phone is preferably reached.

            PATCH /api/v2/users/{id}/authentication-methods/{id}   -> 200 with the method

        `preferred_authentication_method` is `sms` or `voice`. Scope: `update:authentication_methods`. Source: the
        reference, section 9.3.
        """
        changes = {"name": name, "preferred_authentication_method": preferred_authentication_method}
        return self.send("PATCH", _method(user_id, id), json=changes)

    def delete_authentication_method(self, user_id: str, id: str) -> Exchange:  # noqa: A002 - the wire's own name
        """Remove one method.

            DELETE /api/v2/users/{id}/authentication-methods/{id}   -> 204

        Scope: `delete:authentication_methods`. Dashboard > User Management > Users > the user > Details > Multi-Factor
        Authentication. Source: the reference, section 9.3.
        """
        return self.send("DELETE", _method(user_id, id))


def _objects(methods: object) -> list[Json]:
    such_as = "methods is a list of objects, such as [{'type': 'phone', 'phone_number': '+15550100'}]."
    if isinstance(methods, str | Mapping):
        raise LabError(such_as)
    each = checked_list("methods", methods)
    if not all(isinstance(one, Mapping) for one in each):
        raise LabError(such_as)
    return [dict(one) for one in each]


def _methods(user_id: str) -> str:
    return f"/users/{quoted('user_id', user_id)}/authentication-methods"


def _method(user_id: str, method_id: str) -> str:
    return f"{_methods(user_id)}/{quoted('id', method_id)}"
