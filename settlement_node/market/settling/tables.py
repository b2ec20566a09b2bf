"""The tables of what is metered and settled."""

from typing import Final

from settlement_node.store.tables import Table, binary, integers, text

METER: Final = Table("meter", binary("member", "device"), binary("data"))
"""Each device that settles, with the samples that its next intervals need."""

PREFERRED: Final = Table("preferred", (*binary("member"), *text("market")), binary("data"))
"""Whose energy a member wants first."""

TOLD: Final = Table(
    "told_quarter",
    (*binary("member"), *integers("direction", "start")),
    integers("wh", "quality"),
)
"""The grid operator's quarter hours of intervals that are not settled yet."""

BEGUN: Final = Table(
    "begun_import",
    (*binary("operator"), *integers("part")),
    (*integers("at"), *binary("data")),
)
"""Parts of imports of quarter hours that wait for the rest."""

PROGRESS: Final = Table("settling_progress", text("market"), integers("settled", "final"))
"""Up to where each market's intervals are settled, and up to where that is final."""

HEARD: Final = Table(
    "settling_heard",
    text("of"),
    integers("last", "stopped", "silent_from", "silent_until"),
)
"""When anything was logged last, whether the node was away after that, and the last silence."""

AWAY: Final = Table("settling_away", integers("since"), integers("until"))
"""When the node was away."""

SETTLED_INTERVAL: Final = Table(
    "settled_interval", (*text("market"), *integers("start", "index")), binary("data")
)
"""What everybody may know of a settled interval."""

SETTLED: Final = Table(
    "settled_member",
    (*text("market"), *integers("start"), *binary("member"), *integers("index")),
    (*integers("position"), *binary("data")),
)
"""A member's settled interval, and each correction of it, by the entry that decided it."""

LATE: Final = Table(
    "late_correction",
    (*binary("member"), *integers("index"), *text("market"), *integers("start")),
)
"""Corrections that came after an interval was final: for the next statement of account."""

TABLES: Final = (
    METER,
    PREFERRED,
    TOLD,
    BEGUN,
    PROGRESS,
    HEARD,
    AWAY,
    SETTLED_INTERVAL,
    SETTLED,
    LATE,
)
