"""One demo starts at a time: two would choose the same port."""

import asyncio
import fcntl
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from provision.places import CACHE

_POLL = 0.1


@asynccontextmanager
async def own_turn() -> AsyncIterator[None]:
    """Wait until no other demo is starting, and hold the others up until this block ends."""
    CACHE.mkdir(parents=True, exist_ok=True)
    handle = os.open(CACHE / "demo.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        told = False
        while not _taken(handle):
            if not told:
                print("Another scripts/demo is starting; waiting for it.", file=sys.stderr)
                told = True
            await asyncio.sleep(_POLL)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
