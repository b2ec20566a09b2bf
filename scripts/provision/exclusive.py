"""One setup at a time: a second one waits for the first."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from provision.commands import LOG, UnavailableError
from provision.places import CACHE


@contextmanager
def only_one() -> Iterator[None]:
    """Hold the cache's lock, with a fresh log; it is free again when all who hold it have ended."""
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        handle = os.open(CACHE / "setup.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise UnavailableError(
            f"The cache folder {CACHE} cannot be written ({error.strerror}): make it writable,"
            " or name another one in DEPIN_CACHE."
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another scripts/setup is running; waiting for it.", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        LOG.unlink(missing_ok=True)
        os.set_inheritable(handle, True)  # noqa: FBT003 - the standard library takes it so
        yield
    finally:
        os.close(handle)
