"""The tenant's host names, and the host of the current request."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


class Domains:
    """The domains of one tenant: `home` alone in process, and on a socket every name that the server is known by.

    `current` is the domain of the request at hand, with its port: that is how the issuer is the one that the
    client expects, whichever name it uses.
    """

    def __init__(self, home: str) -> None:
        self.home = self.current = home
        self.scheme = "https"
        self._hosts: frozenset[str] = frozenset()

    def serve(self, hosts: Iterable[str], *, current: str, scheme: str = "https") -> None:
        """Be known by these hosts, at any port (a container's may be another outside), and by nothing else."""
        self._hosts = frozenset(host.lower() for host in hosts)
        self.current, self.scheme = current, scheme

    def knows(self, domain: str) -> bool:
        """Tell whether a domain, with or without a port, is one of the tenant's names."""
        return host_of(domain) in self._hosts if self._hosts else domain == self.home

    @contextmanager
    def used(self, domain: str) -> Iterator[None]:
        """Be this domain for one request that nothing can interrupt: only the outermost layer does that."""
        before, self.current = self.current, domain.lower()
        try:
            yield
        finally:
            self.current = before

    @property
    def origin(self) -> str:
        """The tenant's address, without a slash at its end."""
        return f"{self.scheme}://{self.current}"

    def at_home(self, url: str) -> str:
        """Return the address of one of the tenant's own APIs as it would be at `home`; any other URL as it is."""
        begin, separator, rest = url.partition("://")
        domain, slash, path = rest.partition("/")
        if separator and begin == self.scheme and self.knows(domain):
            return f"https://{self.home}{slash}{path}"
        # On a socket `home` is nobody's name.
        return "" if domain == self.home else url

    def is_ours(self, url: object, path: str) -> bool:
        """Tell whether a URL, or one of a list, is `path` at any of the tenant's names."""
        urls = url if isinstance(url, list) else [url]
        return any(isinstance(one, str) and self.at_home(one) == f"https://{self.home}/{path}" for one in urls)


def host_of(domain: str) -> str | None:
    """Return the host of a `Host` header's value, in lower case and without brackets; None for what is none."""
    try:
        parts = urlsplit(f"//{domain}")
        _ = parts.port
    except ValueError:
        return None
    is_bare = not (parts.path or parts.query or parts.fragment) and "@" not in domain
    return parts.hostname if is_bare else None
