"""A path to the node's socket that the system takes, however deep its folder lies."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

_LONGEST: Final = 103
"""Bytes in a socket's path, before the end that C puts there: 103 on macOS, 107 on Linux."""


@contextmanager
def short_path(socket: Path) -> Iterator[Path]:
    """Give the socket's own path, or one through a link where it is too long for the system."""
    if len(os.fsencode(socket)) <= _LONGEST:
        yield socket
        return
    with TemporaryDirectory(prefix="node-") as beside:
        link = Path(beside) / "to"
        link.symlink_to(socket.parent, target_is_directory=True)
        yield link / socket.name
