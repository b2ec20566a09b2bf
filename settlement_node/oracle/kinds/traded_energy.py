"""Energy that was traded and delivered, netted over the day, so that wash trades earn nothing."""

from typing import Final

from settlement_node.oracle.evidence import TradedDay
from settlement_node.oracle.kind import Kind
from settlement_node.oracle.layer import Layer
from settlement_node.oracle.layers import chain
from settlement_node.oracle.scoring import traded

KIND: Final[Kind[TradedDay]] = Kind(
    name="traded_energy",
    unit="Wh",
    evidence=TradedDay,
    layers=(Layer("chain", chain.one_voice),),
    units=lambda day: abs(day.given - day.received),
    quality=traded,
    pool="trade",
)
