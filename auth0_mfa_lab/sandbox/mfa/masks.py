"""What a list shows of a number or an address (reference, section 4.1)."""

SHOWN = 4


def masked_number(phone_number: str) -> str:
    """Return a number's last four characters, the rest as X, the `+` included."""
    return "X" * (len(phone_number) - SHOWN) + phone_number[-SHOWN:]


def masked_email(email: str) -> str:
    """Return the first four of an address's local part and of its domain, the rest as `*`.

    A local part of four or fewer is `****` whatever its length.
    """
    local, _, domain = email.rpartition("@")
    hidden = "****" if len(local) <= SHOWN else _begin(local)
    return f"{hidden}@{_begin(domain)}"


def _begin(text: str) -> str:
    return text[:SHOWN] + "*" * (len(text) - SHOWN)
