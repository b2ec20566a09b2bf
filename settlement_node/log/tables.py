"""The log's rows."""

from typing import Final

from settlement_node.store.tables import Table, binary, integers

ENTRY: Final = Table("entry", integers("index"), binary("entry"))
BODY: Final = Table("body", integers("index"), binary("body"))

TILE: Final = Table("tile", integers("level", "number"), binary("hashes"))
"""From level 1 on: the leaves follow from the entries."""

CHECKPOINT: Final = Table(
    "checkpoint", integers("size"), (*binary("root", "note"), *integers("at"))
)
