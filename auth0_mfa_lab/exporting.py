"""The verbs by which a lab gives away what it has seen: as code, as a diagram, as one command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auth0_mfa_lab.bench import Bench
from auth0_mfa_lab.show.exported import Exported
from auth0_mfa_lab.wire.exports.table import exported

if TYPE_CHECKING:
    from auth0_mfa_lab.show.panels.copy import CopyPanel
    from auth0_mfa_lab.wire.exchange import Exchange


class Exports(Bench):
    """A lab's part that exports its journal."""

    def export(self, kind: str, exchange: Exchange | None = None) -> Exported:
        """Return the journal as something to take away, with no secret in it; `.save(path)` writes it.

        `bash`, `httpx` and `node` are scripts that say the same again, `pytest` a test on this package's plugin, `har`
        what `Lab.replay` answers from, `mermaid` a diagram; `curl` is a command of one `exchange`. What an answer
        brings is a variable there, and what the settings bring one of theirs, such as `$AUTH0_CLIENT_ID`. Raises
        LabError, with the list, for a kind that there is not.
        """
        return Exported(exported(kind, self.journal, exchange), kind)

    def curl(self, exchange: Exchange) -> Exported:
        """Return an exchange's request as a curl command; a secret in it is a shell variable."""
        return self.export("curl", exchange)

    def copy_runnable(self, exchange: Exchange) -> CopyPanel:
        """Show `lab.curl(exchange)` in a panel whose button copies it with its raw values, which no file has."""
        from auth0_mfa_lab.show.panels.copy import CopyPanel
        from auth0_mfa_lab.wire.exports.runnable import runnable

        masked, settings = self.curl(exchange).text, self.settings
        request = exchange.request
        return CopyPanel(
            runnable(exchange, settings.ca_file),
            masked=masked,
            name=exchange.masked(f"exchange {exchange.number}, {request.method} {request.target}"),
            tenant=settings.tenant,
            mask=self.journal.aliases.mask,
            raise_failures=settings.raise_failures,
        )
