"""One setup at a time: a second one waits for the first."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from provision.commands import LOG, UnavailableError
from provision.places import CACHE, REPOSITORY


@contextmanager
def only_one() -> Iterator[None]:
    """Hold the locks of the cache and of this clone, with a fresh log."""
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        cache_lock = os.open(CACHE / "setup.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise UnavailableError(
            f"The cache folder {CACHE} cannot be used ({error.filename}: {error.strerror}): make it"
            " a folder that you can write, or name another one in DEPIN_CACHE."
        ) from error
    # Two caches may serve one clone, and one cache many clones.
    with _held(cache_lock), _held(os.open(REPOSITORY, os.O_RDONLY)):
        with suppress(OSError):
            LOG.unlink()
        yield


@contextmanager
def _held(handle: int) -> Iterator[None]:
    """Hold a lock; it is free again when all programs that inherited it have ended."""
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another scripts/setup is running; waiting for it.", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        os.set_inheritable(handle, True)  # noqa: FBT003 - the standard library takes it so
        yield
    finally:
        os.close(handle)
