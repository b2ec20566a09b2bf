"""Energy that a car was charged with and the charger counted."""

from typing import Final

from settlement_node.oracle.evidence import MeteredDay
from settlement_node.oracle.kind import Kind
from settlement_node.oracle.layer import Layer
from settlement_node.oracle.layers import balance, chain, clock, paths, plausible
from settlement_node.oracle.scoring import metered

KIND: Final[Kind[MeteredDay]] = Kind(
    name="ev_charging",
    unit="Wh",
    evidence=MeteredDay,
    layers=(
        Layer("chain", chain.one_voice),
        Layer("clock", clock.right_time),
        Layer("nameplate", plausible.within_nameplate),
        Layer("counters", plausible.never_backwards),
        Layer("site-balance", balance.taken, balance.DAYS),
        Layer("second-path", paths.second_path),
    ),
    units=lambda day: day.energy,
    quality=metered,
    pool="charging",
)
