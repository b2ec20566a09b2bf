"""A day of a weather station, as good as its minutes."""

from typing import Final

from settlement_node.oracle.evidence import ObservedDay
from settlement_node.oracle.kind import Kind
from settlement_node.oracle.layer import Layer
from settlement_node.oracle.layers import chain, clock, station
from settlement_node.oracle.scoring import observed

KIND: Final[Kind[ObservedDay]] = Kind(
    name="weather",
    unit="thousandths of a station's day",
    evidence=ObservedDay,
    layers=(
        Layer("chain", chain.one_voice),
        Layer("clock", clock.right_time),
        Layer("constancy", station.alive, 1),
        Layer("outdoors", station.outdoors, station.DAYS),
        Layer("light", station.in_the_light, station.DAYS),
        Layer("neighbours", station.like_stations),
    ),
    units=lambda _: station.WHOLE,
    quality=observed,
    pool="weather",
)
