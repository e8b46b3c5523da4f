"""The tenant's host names, and the host of the current request."""

from collections.abc import Iterable
from urllib.parse import urlsplit


class Domains:
    """The domains of one tenant: `home` alone in process, and on a socket every name that the server is known by.

    `current` is the domain of the request at hand, with its port: that is how the issuer is the one that the
    client expects, whichever name it uses. Only the outermost layer sets it, around one request that nothing can
    interrupt.
    """

    def __init__(self, home: str) -> None:
        self.home = home
        self.current = home
        self.scheme = "https"
        self._hosts: frozenset[str] = frozenset()

    def serve(self, hosts: Iterable[str], *, current: str, scheme: str = "https") -> None:
        """Be known by these hosts, at any port (a container's may be another outside), and by nothing else."""
        self._hosts = frozenset(host.lower() for host in hosts)
        self.current, self.scheme = current, scheme

    def take_over(self, before: "Domains") -> None:
        """Be known as another was."""
        self.current, self.scheme, self._hosts = before.current, before.scheme, before._hosts

    def knows(self, domain: str) -> bool:
        """Tell whether a domain, with or without a port, is one of the tenant's names."""
        return host_of(domain) in self._hosts if self._hosts else domain == self.home

    @property
    def origin(self) -> str:
        """The tenant's address, without a slash at its end."""
        return f"{self.scheme}://{self.current}"

    def at_home(self, url: str) -> str:
        """Return the address of one of the tenant's own APIs as it would be at `home`; any other URL as it is."""
        begin, separator, rest = url.partition("://")
        domain, slash, path = rest.partition("/")
        if not separator or begin != self.scheme or not self.knows(domain):
            # On a socket `home` is nobody's name.
            return url if domain != self.home else ""
        return f"https://{self.home}{slash}{path}"

    def is_ours(self, url: object, path: str) -> bool:
        """Tell whether a URL, or one of a list, is `path` at any of the tenant's names."""
        own = f"https://{self.home}/{path}"
        return any(
            isinstance(one, str) and self.at_home(one) == own for one in (url if isinstance(url, list) else [url])
        )


def host_of(domain: str) -> str | None:
    """Return the host of a `Host` header's value, in lower case and without brackets; None for what is none."""
    try:
        parts = urlsplit(f"//{domain}")
        _ = parts.port
    except ValueError:
        return None
    is_bare = not (parts.path or parts.query or parts.fragment) and "@" not in domain
    return parts.hostname if is_bare else None
