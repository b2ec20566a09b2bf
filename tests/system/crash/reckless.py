"""The node as it is, on a store that is quick instead of safe: the control, which must lose.

`python -m tests.system.crash.reckless MODE serve ...`; the product has no such switch.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, get_args
from unittest.mock import patch

from settlement_node.cli import main
from settlement_node.store.postgres import PostgresStore
from settlement_node.store.sqlite import SqliteStore
from settlement_node.store.sqlite_file import Synchronous

POSTGRES: Final = "off"


@contextmanager
def reckless(mode: str) -> Iterator[None]:
    """Open every store so that it may lose what it has acknowledged."""
    if mode == POSTGRES:
        opening = partial(PostgresStore.open, may_lose=True)
        with patch.object(PostgresStore, "open", opening):
            yield
        return
    (synchronous,) = (word for word in get_args(Synchronous.__value__) if word == mode)
    with patch.object(SqliteStore, "open", partial(SqliteStore.open, synchronous=synchronous)):
        yield


if __name__ == "__main__":
    with reckless(sys.argv.pop(1)):
        main()
