"""The folder that a demo lives in, and what demos that were killed have left."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

_PREFIX = "depin-demo-"
_LOCK = "in-use.lock"


@contextmanager
def own_folder() -> Iterator[tuple[Path, int]]:
    """Make a folder, gone at the end; its handle, while anybody has it open, says it is in use."""
    with TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder:
        handle = os.open(Path(folder) / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield Path(folder), handle
        finally:
            os.close(handle)


def sweep() -> None:
    """Remove the folders of demos of ours that no process uses any more."""
    for folder in Path(gettempdir()).glob(f"{_PREFIX}*"):
        # Another demo may take its folder away meanwhile.
        with suppress(OSError):
            if folder.stat().st_uid == os.getuid() and not _in_use(folder / _LOCK):
                shutil.rmtree(folder)


def _in_use(lock: Path) -> bool:
    handle = os.open(lock, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
