"""The tables that hold what holds when."""

from typing import Final

from settlement_node.store.tables import Table, binary, integers, text

MARKET_RULES: Final = Table("market_rules", (*text("market"), *integers("start")), binary("data"))
PRICE_SERIES: Final = Table("price_series", text("market", "series"), binary("data"))
MEMBER_TARIFF: Final = Table("member_tariff", (*text("market"), *binary("member")), binary("data"))
MEMBER_PLACE: Final = Table("member_place", (*text("market"), *binary("member")), binary("data"))

TABLES: Final = (MARKET_RULES, PRICE_SERIES, MEMBER_TARIFF, MEMBER_PLACE)
