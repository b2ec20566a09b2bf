"""Where a member belongs in a market: its zone, its static weight, its share of a meter."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from depin_protocol.bounds import MAX_ENERGY
from depin_protocol.encoding import decode_json, encode_json
from depin_protocol.rules.member_terms import WHOLE
from depin_protocol.statements.fields import MARKET, Fields, array, row, time

_MOST: Final = 2**16


@dataclass(frozen=True, slots=True)
class Place:
    """A member's place in a market; the same meter may take part in several markets, in parts."""

    zone: str
    pool_weight: int = 0
    participation: int = WHOLE
    """In basis points of what the meter shows."""
    seller_rate: int = 0
    """VAT on what the member supplies, in basis points; 0 if it is not liable."""

    def to_json(self) -> dict[str, object]:
        """Return all of it."""
        return {
            "zone": self.zone,
            "pool_weight": self.pool_weight,
            "participation": self.participation,
            "seller_rate": self.seller_rate,
        }

    @classmethod
    def take(cls, fields: Fields) -> Self:
        """Read all of it."""
        return cls(
            fields.text("zone", MARKET),
            fields.integer("pool_weight", 0, MAX_ENERGY),
            fields.integer("participation", 0, WHOLE),
            fields.integer("seller_rate", 0, WHOLE),
        )


class MemberPlaces:
    """Which place a member has from when, in one market."""

    __slots__ = ("_places", "_starts")

    def __init__(self, dated: Iterable[tuple[int, Place]] = ()) -> None:
        """Begin with places in order."""
        self._starts: list[int] = []
        self._places: list[Place] = []
        for start, place in dated:
            self.add(start, place)

    def at(self, start: int) -> Place | None:
        """Return the place in an interval, None before the first."""
        found = bisect_right(self._starts, start)
        return self._places[found - 1] if found else None

    @property
    def starts(self) -> list[int]:
        """From when the places hold."""
        return self._starts

    def add(self, start: int, place: Place) -> None:
        """Let a place hold from a start on; the newest of those that begin together counts."""
        if self._starts and self._starts[-1] == start:
            self._places[-1] = place
        else:
            self._starts.append(start)
            self._places.append(place)

    def data(self) -> bytes:
        """Write them for their row."""
        dated = zip(self._starts, self._places, strict=True)
        return encode_json([[start, place.to_json()] for start, place in dated])

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read what `data` wrote."""
        return cls(array(decode_json(data), "places", _MOST, _read_dated))


def _read_dated(value: object, path: str) -> tuple[int, Place]:
    start, written = row(value, path, 2)
    return time(start, f"{path}[0]"), Place.take(Fields(written, f"{path}[1]"))
