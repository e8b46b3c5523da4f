"""The control plane's levers: clock, settings, switches, faults, reset, and the journal of what was received."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import get_args

from auth0_mfa_lab.sandbox import Phone, Sandbox
from auth0_mfa_lab.sandbox.control.calls import LARGEST, BadField, Call, Endpoint, Given, Refusal, Reply
from auth0_mfa_lab.sandbox.forgetting import reset_user, users_called
from auth0_mfa_lab.sandbox.records import CONNECTIONS, Factor, MessageType, Policy, Profile, PushProvider, Settings
from auth0_mfa_lab.sandbox.switches import checked_switches
from auth0_mfa_lab.sandbox.web.faults import KINDS, Fault, Faults
from auth0_mfa_lab.sandbox.web.received import Journal

ROUTE = re.compile(r"([A-Z]+ )?/\S*")
CHOICES: dict[str, tuple[str, ...]] = {
    "profile": get_args(Profile),
    "policy": get_args(Policy),
    "push_provider": get_args(PushProvider),
}
LISTS: dict[str, tuple[str, ...]] = {"factors": get_args(Factor), "message_types": get_args(MessageType)}


class Levers:
    """What moves the tenant as a whole."""

    def __init__(
        self,
        sandbox: Sandbox,
        phone: Phone,
        faults: Faults,
        journal: Journal,
        *,
        begin_again: Callable[[], None],
    ) -> None:
        self._sandbox = sandbox
        self._phone = phone
        self._faults = faults
        self._journal = journal
        self._begin_again = begin_again

    def endpoints(self) -> Sequence[Endpoint]:
        return (
            Endpoint(method="GET", path="clock", answer=self.clock),
            Endpoint(method="POST", path="clock", answer=self.advance),
            Endpoint(method="DELETE", path="clock", answer=self.restart_clock),
            Endpoint(method="POST", path="reset", answer=self.reset),
            Endpoint(method="GET", path="settings", answer=self.settings),
            Endpoint(method="PATCH", path="settings", answer=self.change_settings),
            Endpoint(method="GET", path="faults", answer=self.faults),
            Endpoint(method="POST", path="faults", answer=self.add_fault),
            Endpoint(method="DELETE", path="faults", answer=self.clear_faults),
            Endpoint(method="GET", path="journal", answer=self.journal),
        )

    def clock(self, _: Call) -> Reply:
        clock = self._sandbox.clock
        return Reply(body={"now": clock.now(), "stamp": clock.stamp(), "frozen": clock.stands_still})

    def advance(self, call: Call) -> Reply:
        """Move what expires forward; tokens keep being stamped with the wall's time."""
        seconds = call.fields("advance").seconds("advance")
        if seconds is None:
            raise BadField("advance", "a number of seconds, 0 or more")
        try:
            self._sandbox.clock.advance(seconds)
        except ValueError as problem:
            raise Refusal(400, "bad_input", str(problem), field="advance") from None
        return self.clock(call)

    def restart_clock(self, call: Call) -> Reply:
        """Take every advance back, as between two tests."""
        self._sandbox.clock.restart()
        return self.clock(call)

    def reset(self, call: Call) -> Reply:
        """Make a user as good as new, or the whole tenant; nobody has to be there."""
        name = call.fields("user").text("user")
        if name is None:
            self._begin_again()
            return Reply(status=204)
        tenant = self._sandbox.tenant
        for user in users_called(tenant, name):
            reset_user(tenant, user, self._phone)
        # An address that never logged in may have been sent a code.
        for connection in CONNECTIONS:
            tenant.passwordless.forget(connection, name)
        tenant.delivery.forget(name)
        tenant.limits.forget(call.caller)
        return Reply(status=204)

    def settings(self, call: Call) -> Reply:
        call.asked()
        return Reply(body=_shown(self._sandbox.tenant.settings))

    def change_settings(self, call: Call) -> Reply:
        """Change what is named; a switch that is not named stays as it is."""
        given = call.fields(*CHOICES, *LISTS, "default_directory", "switches")
        settings = self._sandbox.tenant.settings
        changes: dict[str, object] = {
            name: given.text(name, choices=CHOICES[name]) for name in CHOICES if name in given
        }
        changes |= {name: given.texts(name, choices=LISTS[name]) for name in LISTS if name in given}
        if "factors" in changes:
            changes["factors"] = frozenset(given.texts("factors") or ())
        if "default_directory" in given:
            # An empty one is none.
            changes["default_directory"] = given.text("default_directory") or None
        try:
            changes["switches"] = checked_switches({**settings.switches, **given.texts_by_name("switches")})
        except ValueError as problem:
            raise Refusal(400, "bad_input", str(problem), field="switches") from None
        self._sandbox.tenant.settings = replace(settings, **changes)  # type: ignore[arg-type]  # checked by name above
        return Reply(body=_shown(self._sandbox.tenant.settings))

    def faults(self, call: Call) -> Reply:
        call.asked()
        return Reply(body={"faults": [fault.shown() for fault in self._faults]})

    def add_fault(self, call: Call) -> Reply:
        """Let something go wrong with the next calls."""
        given = call.fields("kind", "route", "times", "status", "retry_after", "seconds", "polls")
        kind = next(one for one in KINDS if one == given.required("kind", choices=KINDS))
        status = given.whole("status", least=500, most=599)
        wanted: dict[str, object] = {
            "route": _route(given),
            "times": given.whole("times", least=1, most=10_000),
            "status": status if status is not None else 502 if kind == "html" else None,
            "retry_after": given.whole("retry_after", least=0, most=LARGEST),
            "seconds": given.seconds("seconds"),
            "polls": given.whole("polls", least=1, most=1_000),
        }
        named = {name: value for name, value in wanted.items() if value is not None}
        fault = self._faults.add(Fault(number=0, kind=kind, **named))  # type: ignore[arg-type]  # checked by name above
        return Reply(status=201, body=fault.shown())

    def clear_faults(self, call: Call) -> Reply:
        call.asked()
        self._faults.clear()
        return Reply(status=204)

    def journal(self, call: Call) -> Reply:
        """Return what the tenant received, oldest first, after the number `after`."""
        after = call.asked("after").whole("after", least=0)
        return Reply(body={"entries": [entry.shown() for entry in self._journal.after(after or 0)]})


def _route(given: Given) -> str | None:
    route = given.text("route")
    if route is not None and not ROUTE.fullmatch(route):
        raise BadField("route", "a path, with a method before it or without: POST /oauth/token")
    return route


def _shown(settings: Settings) -> dict[str, object]:
    return {
        "profile": settings.profile,
        "policy": settings.policy,
        "default_directory": settings.default_directory,
        "factors": sorted(settings.factors),
        "message_types": list(settings.message_types),
        "push_provider": settings.push_provider,
        "switches": dict(settings.switches),
    }
