"""The Management API, `/api/v2`: the table of its calls, and how one is answered (reference, section 9)."""

from functools import partial

from starlette.responses import Response

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.http import JSON, Request, Routes, not_emulated
from auth0_mfa_lab.sandbox.management import settings, users
from auth0_mfa_lab.sandbox.management.calls import CHOICE, PAGING, Call, Endpoint, Property
from auth0_mfa_lab.sandbox.tenant import MANAGEMENT_PATH, Tenant

BASE = "/api/v2"
CACHE = {"cache-control": "no-cache"}
"""What Auth0 sends with every answer of the Management API (reference, section 0.5) [rec]."""
ENABLED = {"enabled": Property("boolean", required=True)}
FACTORS, METHODS = "/guardian/factors", "/users/{id}/authentication-methods"
# fmt: off
ENDPOINTS = (
    Endpoint("GET",    FACTORS,                              "read:guardian_factors",              settings.get_factors),
    Endpoint("PUT",    f"{FACTORS}/{{name}}",                "update:guardian_factors",            settings.put_factor, ENABLED),
    Endpoint("GET",    "/guardian/policies",                 "read:mfa_policies",                  settings.get_policies),
    Endpoint("PUT",    "/guardian/policies",                 "update:mfa_policies",                settings.put_policies),
    *(row for path, member, setting, wanted in settings.REACHED_BY for row in (
    Endpoint("GET",    f"{FACTORS}/{path}",                  "read:guardian_factors",              partial(settings.get_reached_by, member, setting)),
    Endpoint("PUT",    f"{FACTORS}/{path}",                  "update:guardian_factors",            partial(settings.put_reached_by, member, setting), {member: wanted}),
    )),
    Endpoint("GET",    "/clients",                           "read:clients",                       lambda call: [settings.shown_client(one, call) for one in call.tenant.clients.values()], query=(*PAGING, *CHOICE), named="clients", evidence=errors.API_CLIENTS),
    Endpoint("GET",    "/clients/{id}",                      "read:clients",                       lambda call: settings.shown_client(call.client(), call), query=CHOICE, evidence=errors.API_CLIENT),
    Endpoint("PATCH",  "/clients/{id}",                      "update:clients",                     settings.patch_client, settings.CLIENT_CHANGES, others=True, evidence=errors.API_CLIENT),
    Endpoint("GET",    "/clients/{id}/credentials",          "read:client_credentials",            lambda call: [settings.shown_credential(one) for one in call.client().credentials], evidence=errors.API_CREDENTIALS),
    Endpoint("POST",   "/clients/{id}/credentials",          "create:client_credentials",          settings.post_credential, settings.CREDENTIAL, others=True, evidence=errors.API_CREDENTIAL_MADE),
    Endpoint("DELETE", "/clients/{id}/credentials/{credential_id}", "delete:client_credentials",   settings.delete_credential),
    Endpoint("GET",    "/connections",                       "read:connections",                   settings.get_connections, query=("name", "strategy", *PAGING, *CHOICE), named="connections", evidence=errors.API_CONNECTIONS),
    Endpoint("GET",    "/tenants/settings",                  "read:tenant_settings",               settings.get_settings, query=CHOICE, evidence=errors.API_SETTINGS),
    Endpoint("PATCH",  "/tenants/settings",                  "update:tenant_settings",             settings.patch_settings, settings.CHANGES, others=True, evidence=errors.API_SETTINGS),
    Endpoint("GET",    "/logs",                              "read:logs",                          settings.get_logs, query=settings.LOG_QUERY, evidence=errors.API_LOGS),
    Endpoint("POST",   "/guardian/enrollments/ticket",       "create:guardian_enrollment_tickets", users.post_ticket, users.TICKET),
    Endpoint("GET",    "/guardian/enrollments/{id}",         "read:guardian_enrollments",          users.get_enrollment, evidence=errors.API_ENROLLMENT),
    Endpoint("DELETE", "/guardian/enrollments/{id}",         "delete:guardian_enrollments",        users.delete_enrollment),
    Endpoint("GET",    "/users/{id}/enrollments",            "read:users read:current_user",       lambda call: [users.shown_enrollment(call.tenant, one) for one in users.enrollments_of(call.tenant, call.user().user_id)], evidence=errors.API_ENROLLMENT),
    Endpoint("GET",    "/users-by-email",                    "read:users",                         users.get_users_by_email, query=("email", *CHOICE), evidence=errors.API_USER),
    Endpoint("POST",   "/users",                             "create:users",                       users.post_user, users.NEW, others=True, evidence=errors.API_USER_MADE),
    Endpoint("GET",    "/users/{id}",                        "read:users",                         lambda call: users.shown(call.tenant, call.user()), query=CHOICE, evidence=errors.API_USER),
    Endpoint("DELETE", "/users/{id}",                        "delete:users",                       users.delete_user, evidence=errors.API_USER_GONE),
    Endpoint("PATCH",  "/users/{id}",                        "update:users",                       users.patch_user, users.CHANGES, others=True, evidence=errors.API_USER),
    Endpoint("DELETE", "/users/{id}/authenticators",         "delete:guardian_enrollments",        lambda call: call.tenant.remove_authenticators(call.user())),
    Endpoint("POST",   "/users/{id}/recovery-code-regeneration", "update:users",                   users.regenerate_recovery_code),
    Endpoint("DELETE", "/users/{id}/multifactor/{provider}", "update:users",                       users.delete_multifactor, evidence=errors.API_MULTIFACTOR),
    Endpoint("POST",   "/users/{id}/multifactor/actions/invalidate-remember-browser", "update:users", users.invalidate_remember_browser),
    Endpoint("GET",    METHODS,                              "read:authentication_methods",        lambda call: [users.shown_method(call.tenant, one) for one in users.methods_of(call.tenant, call.user().user_id)], query=PAGING, named="authenticators"),
    Endpoint("POST",   METHODS,                              "create:authentication_methods",      users.post_method, evidence=errors.API_METHOD_MADE),
    Endpoint("PUT",    METHODS,                              "update:authentication_methods",      users.put_methods),
    Endpoint("DELETE", METHODS,                              "delete:authentication_methods",      lambda call: call.tenant.remove_authenticators(call.user())),
    Endpoint("GET",    f"{METHODS}/{{method_id}}",           "read:authentication_methods",        lambda call: users.shown_method(call.tenant, users.named_method(call))),
    Endpoint("PATCH",  f"{METHODS}/{{method_id}}",           "update:authentication_methods",      users.patch_method, users.LABEL, evidence=errors.API_METHOD),
    Endpoint("DELETE", f"{METHODS}/{{method_id}}",           "delete:authentication_methods",      users.delete_method),
)
# fmt: on
"""Every call that is emulated."""


def answer(endpoint: Endpoint, tenant: Tenant, request: Request) -> Response:
    """Answer one call; the order of the checks is a guess: the token, its scope, what the path names, the body."""
    if not request.bearer:
        raise errors.API_NO_TOKEN()
    claims = tenant.tokens.claims_of(request.bearer)
    if not tenant.domains.is_ours(claims.get("aud"), MANAGEMENT_PATH):
        raise errors.API_INVALID_TOKEN()
    scopes, needed = frozenset(str(claims.get("scope", "")).split()), endpoint.scope.split()
    if scopes.isdisjoint(needed):
        raise errors.API_INSUFFICIENT_SCOPE(scopes=",".join(needed))
    call = Call(endpoint, tenant, request.path_params, dict(request.query_params), request.content, scopes)
    body, row = call.asked(), endpoint.evidence
    if row:
        request.notes += row.notes
    if body is None:
        return Response(status_code=204, headers=CACHE)
    return JSON(body, status_code=row.status if row else 200, headers=CACHE)


ROUTES: Routes = (
    *((each.method, f"{BASE}{each.path}", partial(answer, each)) for each in ENDPOINTS),
    ("GET POST PUT PATCH DELETE", f"{BASE}/{{rest:path}}", not_emulated),
    ("GET", "/mfa/enrollment", not_emulated),
)
