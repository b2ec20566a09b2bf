"""What an interval was cleared to: what settling it takes, kept until it is settled."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from depin_protocol.encoding import decode_json, encode_json, from_text, to_text
from depin_protocol.identifiers import ID_LENGTH
from settlement_node.store.tables import Row, Table, binary, integers, text

CLEARED: Final = Table("cleared_interval", (*text("market"), *integers("start")), binary("data"))

_HEAD: Final = struct.Struct(">I")
_MEMBER: Final = struct.Struct(f">{ID_LENGTH}sHQQQ")


class ZonePrices(NamedTuple):
    """What a zone's buyers pay and its sellers get for a Wh; None where nothing has a price."""

    buyers: int | None
    sellers: int | None


class Traded(NamedTuple):
    """What a member bought and sold, each as it was filled: own trades are not yet taken off.

    `held` is what was moved at the gate from the member's money to the account RESERVATIONS.
    """

    zone: str
    bought: int
    sold: int
    held: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """An interval that has its prices and fills; members stand by their names."""

    market: str
    start: int
    prices: Mapping[str, ZonePrices]
    """Of each zone."""
    crossing_fees: int
    rent: int
    members: Mapping[str, Traded]
    """Who bought or sold."""

    def row(self) -> Row:
        """Return the row that is kept until the interval is settled."""
        zones = {zone: number for number, zone in enumerate(self.prices)}
        head = encode_json(
            {
                "zones": [[zone, *prices] for zone, prices in self.prices.items()],
                "fees": self.crossing_fees,
                "rent": self.rent,
            }
        )
        lines = [
            _MEMBER.pack(from_text(name, ID_LENGTH), zones[one.zone], *one[1:])
            for name, one in self.members.items()
        ]
        return self.market, self.start, _HEAD.pack(len(head)) + head + b"".join(lines)

    @classmethod
    def read(cls, row: Row) -> Self:
        """Read the row."""
        market, start, data = row
        if not (isinstance(market, str) and isinstance(start, int) and isinstance(data, bytes)):
            raise TypeError(f"not the row of a cleared interval: {row!r}"[:200])
        (length,) = _HEAD.unpack_from(data)
        begin = _HEAD.size + length
        head = decode_json(data[_HEAD.size : begin])
        prices = {zone: ZonePrices(*two) for zone, *two in head["zones"]}
        zones = list(prices)
        members = {
            to_text(name): Traded(zones[zone], bought, sold, held)
            for name, zone, bought, sold, held in _MEMBER.iter_unpack(data[begin:])
        }
        return cls(market, start, prices, head["fees"], head["rent"], members)
