"""An exchange as a curl command."""

from __future__ import annotations

from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.exports.calls import call_of
from auth0_mfa_lab.wire.exports.names import Names
from auth0_mfa_lab.wire.exports.shell import CA_FILE, arguments, lines


def curl(exchange: Exchange, names: Names) -> str:
    """Return the request as a curl command: the host is `$AUTH0_DOMAIN`, an alias is a shell variable.

    `<mfa_token 1>` becomes `$MFA_TOKEN_1`: set it to the value that your own answer had. What the settings have is a
    variable of theirs, such as `$AUTH0_CLIENT_ID`.
    """
    method, *others = arguments(call_of(exchange, names))
    return lines(f"curl {method}", iter([CA_FILE, *others]))
