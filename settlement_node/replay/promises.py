"""Checks the receipts that a node gave: one for each statement, signed by its key of then."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from depin_protocol.log.entries import StatementEntry
from depin_protocol.receipts import group_holds
from settlement_node.coop.answers import MAX_PROMISE
from settlement_node.coop.replaying import Written
from settlement_node.governance.facts import Facts
from settlement_node.intake.receipts import RECEIPT_GROUP
from settlement_node.store.port import View
from settlement_node.store.tables import Row


class PromiseError(Exception):
    """A receipt is missing or does not hold; the message says of which entry."""

    def __init__(self, index: int, why: str) -> None:
        """Name the entry."""
        super().__init__(f"the receipt for entry {index}: {why}")
        self.index = index


@dataclass(slots=True)
class _Group:
    """A group of receipts, and its statements as far as they were read."""

    first: int
    count: int
    due: int
    signature: bytes
    hashes: list[str] = field(default_factory=list)

    def check(self, origin: str, keys: Sequence[bytes]) -> None:
        """Insist that one of these keys signed it."""
        told = origin, self.due, self.hashes, self.signature
        if not any(group_holds(*told, key) for key in keys):
            raise PromiseError(self.first, "no key of the node's that was in force signed it")


class Promises:
    """The groups of receipts, followed along the log: give it each entry after it was followed."""

    def __init__(self, view: View, regained: Sequence[range]) -> None:
        """Check the receipts of a log, in which some ranges were regained after a restore."""
        self._view = view
        self._origin = ""
        self._regained = regained
        self._beginning: dict[int, _Group] = {}
        self._open: _Group | None = None
        self._whole: list[tuple[_Group, bytes]] = []
        self._late: list[_Group] = []
        self._keys: list[bytes] = []
        self.without = 0
        """Statements that were regained, and for which no receipt was given anew."""

    async def begin(self, written: Sequence[Written]) -> None:
        """Read the groups that begin among these entries."""
        first, last = written[0].index, written[-1].index
        rows = await self._view.scan(
            RECEIPT_GROUP, after=(first - 1,), until=(last,), limit=len(written)
        )
        self._beginning = {group.first: group for group in map(_read, rows)}

    def follow(self, one: Written, facts: Facts) -> None:
        """Take an entry, and the facts that hold after it."""
        self._origin, key = facts.origin, facts.receipt_key
        if key not in self._keys:
            self._keys.append(key)
        if not isinstance(one.entry, StatementEntry):
            if self._open is not None:
                raise PromiseError(self._open.first, "its group goes on past the statements there")
            return
        group = self._open or self._beginning.pop(one.index, None)
        if group is not None:
            self._take(group, one.index, one.entry, key)
        elif self._is_regained(one.index):
            self.without += 1
        else:
            raise PromiseError(one.index, "there is none")

    def _take(self, group: _Group, index: int, entry: StatementEntry, key: bytes) -> None:
        group.hashes.append(entry.hash)
        self._open = group if len(group.hashes) < group.count else None
        if self._open is not None:
            return
        if self._is_regained(group.first):
            self._late.append(group)
        elif not entry.at < group.due <= entry.at + MAX_PROMISE:
            raise PromiseError(
                index, f"it promises inclusion by {group.due}, which is out of bounds"
            )
        else:
            self._whole.append((group, key))

    def _is_regained(self, index: int) -> bool:
        return any(index in stretch for stretch in self._regained)

    async def end(self) -> None:
        """Check the signatures of the groups that have become whole, and that each began."""
        whole, self._whole = self._whole, []
        half = len(whole) // 2
        await asyncio.gather(
            asyncio.to_thread(self._check, whole[:half]),
            asyncio.to_thread(self._check, whole[half:]),
        )
        if self._beginning:
            raise PromiseError(min(self._beginning), "it is for no statement, or for one twice")

    def _check(self, groups: Sequence[tuple[_Group, bytes]]) -> None:
        for group, key in groups:
            group.check(self._origin, (key,))

    async def finish(self, size: int) -> None:
        """Check what was given late, by whichever key, and that there are none past the log."""
        if self._open is not None:
            raise PromiseError(self._open.first, "its group goes on past the end of the log")
        for group in self._late:
            group.check(self._origin, self._keys)
        for row in await self._view.scan(RECEIPT_GROUP, after=(size - 1,), limit=1):
            raise PromiseError(_read(row).first, f"the log has {size} entries")


def _read(row: Row) -> _Group:
    match row:
        case (int(first), int(count), int(due), bytes(signature)):
            return _Group(first, count, due, signature)
    raise TypeError(f"not the row of a group of receipts: {row!r}")
