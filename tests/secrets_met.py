"""What the labs of a kernel met of secrets: run within it, so it imports nothing that a notebook has not."""

import gc
import json
from collections.abc import Iterator
from pathlib import Path

from auth0_mfa_lab import Exchange, Lab

SECRET_FIELDS = (
    *("mfa_token", "oob_code", "recovery_codes", "access_token", "id_token", "refresh_token", "password"),
    *("client_secret", "secret"),
)


def keep_secrets(path: str) -> None:
    """Write what the labs of this kernel said and heard in the fields of secrets, raw."""
    labs = [each for each in gc.get_objects() if isinstance(each, Lab)]
    found = {each for lab in labs for exchange in lab.journal for each in _secret_values(exchange)}
    Path(path).write_text(json.dumps(sorted(found)), "utf-8")


def _secret_values(exchange: Exchange) -> Iterator[str]:
    for message in filter(None, (exchange.request, exchange.response)):
        data = message.raw_data()
        for name in SECRET_FIELDS:
            value = data.get(name) if isinstance(data, dict) else None
            yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str))
