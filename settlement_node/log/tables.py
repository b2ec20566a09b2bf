"""The log's rows."""

from typing import Final

from settlement_node.store.tables import Table, columns

ENTRY: Final = Table("entry", columns(index="int"), columns(entry="bytes"))
BODY: Final = Table("body", columns(index="int"), columns(body="bytes"))

TILE: Final = Table("tile", columns(level="int", number="int"), columns(hashes="bytes"))
"""Level 0 holds full tiles only, since its last one follows from the entries."""

CHECKPOINT: Final = Table(
    "checkpoint", columns(size="int"), columns(root="bytes", note="bytes", at="int")
)
