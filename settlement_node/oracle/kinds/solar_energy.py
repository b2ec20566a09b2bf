"""Energy that solar panels produced and a meter counted."""

from typing import Final

from settlement_node.oracle.evidence import SolarDay
from settlement_node.oracle.kind import Kind
from settlement_node.oracle.layer import Layer
from settlement_node.oracle.layers import (
    balance,
    chain,
    clear_sky,
    clock,
    feeder,
    paths,
    peers,
    plausible,
)
from settlement_node.oracle.scoring import metered

KIND: Final[Kind[SolarDay]] = Kind(
    name="solar_energy",
    unit="Wh",
    evidence=SolarDay,
    layers=(
        Layer("chain", chain.one_voice),
        Layer("clock", clock.right_time),
        Layer("nameplate", plausible.within_nameplate),
        Layer("constancy", plausible.not_frozen),
        Layer("counters", plausible.never_backwards),
        Layer("night", clear_sky.no_sun),
        Layer("clear-sky", clear_sky.clear_sky),
        Layer("neighbours", peers.like_neighbours, peers.DAYS),
        Layer("copies", peers.no_copy, peers.DAYS),
        Layer("site-balance", balance.produced, balance.DAYS),
        Layer("feeder", feeder.in_the_feeder, balance.DAYS),
        Layer("second-path", paths.second_path),
    ),
    units=lambda day: day.energy,
    quality=metered,
    pool="energy",
)
