"""Some of the real tables, of each shape that there is, for the store's own tests."""

from settlement_node.store.tables import Table, binary, integers, text

ENTRY = Table("entry", integers("index"), binary("entry"))
CHAIN = Table("chain", (*binary("member"), *integers("stream"), *binary("chain")), binary("data"))
PENDING = Table("pending", (*integers("expires"), *binary("id")))
META = Table("meta", text("name"), binary("value"))
EVENT = Table(
    "event",
    (*binary("member"), *integers("id")),
    (*text("kind"), *integers("at"), *binary("data")),
)
NOWHERE = Table("nowhere", integers("number"))
