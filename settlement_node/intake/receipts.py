"""Receipts as they are kept: one signature a group, and the group's statements in the log."""

from typing import Final

from depin_protocol.encoding import from_text, to_text
from depin_protocol.identifiers import HASH_LENGTH
from depin_protocol.log.entries import StatementEntry, read_entry
from depin_protocol.log.merkle import inclusion_proof, leaf_hash
from depin_protocol.log.tree import MemoryTree
from depin_protocol.receipts import Receipt
from settlement_node.log.reading import entries
from settlement_node.store.port import Store
from settlement_node.store.tables import Change, Put, Table, binary, integers

RECEIPT_GROUP: Final = Table(
    "receipt_group",
    integers("first_index"),
    (*integers("count", "due"), *binary("signature")),
)
"""A group's statements stand in the log one after another."""


def group_row(first_index: int, receipts: list[Receipt]) -> Change:
    """Keep what the log does not hold of a group's receipts."""
    first = receipts[0]
    return Put(RECEIPT_GROUP, [(first_index, len(receipts), first.due, first.signature)])


async def receipt_at(store: Store, origin: str, index: int) -> Receipt | None:
    """Return the receipt that was given for the statement at this index of the log."""
    groups = await store.scan(RECEIPT_GROUP, after=(index + 1,), limit=1, reverse=True)
    for first, count, due, signature in groups:
        match first, count, due, signature:
            case int(), int(), int(), bytes() if first <= index < first + count:
                hashes = await _statements(store, first, count)
                return receipt_of(origin, due, hashes, index - first, signature)
    return None


async def _statements(store: Store, first: int, count: int) -> list[str]:
    read = [read_entry(entry) for entry in await entries(store, first, count)]
    return [entry.hash for entry in read if isinstance(entry, StatementEntry)]


def receipt_of(origin: str, due: int, hashes: list[str], at: int, signature: bytes) -> Receipt:
    """Write the receipt for one statement of a group."""
    tree = MemoryTree(leaf_hash(from_text(hash_, HASH_LENGTH)) for hash_ in hashes)
    path = inclusion_proof(at, len(hashes), tree.hash_at)
    written = tuple(to_text(part) for part in path)
    return Receipt(origin, due, hashes[at], at, len(hashes), written, signature)
