"""What every store of a co-op's rows can do."""

from collections.abc import Sequence
from typing import Protocol

from settlement_node.store.tables import Change, Row, Table


class StoreError(Exception):
    """The store can't do what was asked; the message says what to do."""


class Store(Protocol):
    """The rows of one co-op."""

    async def commit(self, changes: Sequence[Change]) -> None:
        """Make all changes or none; they are durable when this returns."""
        ...

    async def get(self, table: Table, key: Row) -> Row | None:
        """Return the row of this key, whole."""
        ...

    async def scan(  # noqa: PLR0913 - one way to read, with its bounds
        self,
        table: Table,
        prefix: Row = (),
        *,
        after: Row | None = None,
        until: Row | None = None,
        limit: int,
        reverse: bool = False,
    ) -> list[Row]:
        """Return whole rows whose key begins with `prefix`, in key order.

        `after` and `until` are keys: rows past the one, and up to and with the other.
        """
        ...

    async def close(self) -> None:
        """Let go of the store."""
        ...
