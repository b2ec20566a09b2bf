"""A day of any sensor: as much as it was fresh; its feeder section's budget is shared."""

from typing import Final

from settlement_node.oracle.evidence import ObservedDay
from settlement_node.oracle.kind import Kind
from settlement_node.oracle.layer import Layer
from settlement_node.oracle.layers import chain, clock, station
from settlement_node.oracle.scoring import fresh, observed

KIND: Final[Kind[ObservedDay]] = Kind(
    name="sensor",
    unit="thousandths of a sensor's day",
    evidence=ObservedDay,
    layers=(
        Layer("chain", chain.one_voice),
        Layer("clock", clock.right_time),
        Layer("constancy", station.alive, 1),
    ),
    units=fresh,
    quality=observed,
    pool="sensors",
)
