"""The log's rows."""

from typing import Final

from depin_protocol.log.tiles import WIDTH
from settlement_node.store.tables import Table, binary, integers

ENTRY: Final = Table("entry", integers("index"), binary("entry"))
BODY: Final = Table("body", integers("index"), binary("body"))
"""Of the newest entries; the older ones lie in bundles and packs. Each lies in one place only."""

BUNDLE: Final = Table("bundle", integers("number"), binary("entries"))
BUNDLE_WIDTH: Final = WIDTH
"""A bundle holds as many entries as are served together."""

PACK: Final = Table("pack", integers("first"), (*integers("count"), *binary("bodies")))
"""Bodies from an index on; where they were erased, no pack need be."""

PACK_WIDTH: Final = 16 * BUNDLE_WIDTH
PACK_BYTES: Final = 2**23
"""A pack is of whole bundles, of so many entries, or fewer if their bodies are larger than this."""

TILE: Final = Table("tile", integers("level", "number"), binary("hashes"))
"""From level 1 on: the leaves follow from the entries."""

CHECKPOINT: Final = Table(
    "checkpoint", integers("size"), (*binary("root", "note"), *integers("at"))
)
