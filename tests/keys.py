"""One pool of RSA keys for the whole run: making one takes longer than a test."""

import threading
from collections.abc import Iterator

from joserfc.jwk import RSAKey


def _pool(size: int) -> Iterator[RSAKey]:
    """Yield keys, made as they are first drawn; there are more than one test draws, which may meet each once."""
    made: list[RSAKey] = []
    for _ in range(size):
        made.append(RSAKey.generate_key())
        yield made[-1]
    while True:
        yield from made


KEYS, LOCK = _pool(12), threading.Lock()


def next_key() -> RSAKey:
    with LOCK:  # of several servers at the same time
        return next(KEYS)
