"""The server's certificate, of a private CA that lives as long as the server does; its keys are in no file."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

OWN_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificates:
    """A CA, and what it has signed for the server's names."""

    ca_pem: bytes
    context: ssl.SSLContext = field(repr=False)

    @classmethod
    def make(cls, names: Sequence[str] = ()) -> "Certificates":
        """Make both for this machine's own names and these, hosts or IP addresses. Raises ValueError for no name."""
        # Only here: a server without TLS must start fast.
        import trustme

        authority = trustme.CA(organization_name="auth0-mfa-lab")
        identities = dict.fromkeys((*OWN_NAMES, *names))
        certificate = authority.issue_cert(*identities, organization_name="auth0-mfa-lab")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        certificate.configure_cert(context)
        return cls(authority.cert_pem.bytes(), context)

    def bundle(self) -> bytes:
        """Return the roots that everybody trusts and this CA: for clients that take one file in place of theirs."""
        import certifi

        return self.ca_pem + b"\n" + Path(certifi.where()).read_bytes()
