"""What the rest of the node sees of a store, whichever engine it stands on."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from settlement_node.store.errors import StoreError
from settlement_node.store.tables import Change, Key, Row, Table


class View(Protocol):
    """Reading rows."""

    async def get(self, table: Table, key: Key) -> Row | None:
        """Return the whole row of a key."""
        ...

    async def several(self, table: Table, keys: Iterable[Key]) -> list[Row]:
        """Return the whole rows of those of these keys that there are, in the order of keys."""
        ...

    async def scan(  # noqa: PLR0913 - each narrows what is read
        self,
        table: Table,
        prefix: Key = (),
        *,
        after: Key | None = None,
        until: Key | None = None,
        limit: int,
        reverse: bool = False,
    ) -> list[Row]:
        """Return the first rows whose key begins with `prefix`, in the order of keys.

        `after` leaves out all up to and including it, `until` all that come later than it, both
        in the order of reading; each begins with `prefix`, may be shorter than a key, and then
        speaks of all keys that begin with it.
        """
        ...

    async def tables(self) -> tuple[Table, ...]:
        """Return the tables that there really are, by name."""
        ...


class Store(View, Protocol):
    """One co-op's tables. Each read sees all commits that had returned when it was asked."""

    @property
    def coop(self) -> bytes:
        """Whose store it is."""
        ...

    @property
    def schema(self) -> int:
        """The number of the last migration."""
        ...

    @property
    def failure(self) -> StoreError | None:
        """Why it takes nothing more though nobody has closed it."""
        ...

    async def commit(self, changes: Sequence[Change]) -> None:
        """Do all changes or, when it raises, none; they are on disk when it returns.

        Commits take effect in the order in which they were called. CommitUnknownError alone
        leaves open whether they did.
        """
        ...

    def snapshot(self) -> AbstractAsyncContextManager[View]:
        """Give a view that stands still while commits go on."""
        ...

    async def check(self) -> None:
        """Raise StoreDamagedError unless every page is in order; reads the whole store."""
        ...

    async def scrub(self) -> None:
        """See to it that as little as the engine allows is left of rows that were deleted."""
        ...

    async def close(self) -> None:
        """Let what is waiting be committed, then close."""
        ...
