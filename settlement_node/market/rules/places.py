"""Where a member belongs in a market: its zone, its static weight, its share of a meter."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from depin_protocol.bounds import MAX_ENERGY
from depin_protocol.encoding import decode_json, encode_json
from depin_protocol.statements.fields import MARKET, Fields, array, integer, row, time

WHOLE: Final = 10_000
"""Basis points of a meter."""

_MOST: Final = 2**16


@dataclass(frozen=True, slots=True)
class Place:
    """A member's place; the same meter may take part in several markets, in parts."""

    zone: str
    pool_weight: int = 0
    participation: int = WHOLE
    """In basis points of what the meter shows."""

    def to_json(self) -> dict[str, object]:
        """Return the three."""
        return {
            "zone": self.zone,
            "pool_weight": self.pool_weight,
            "participation": self.participation,
        }

    @classmethod
    def take(cls, fields: Fields) -> Self:
        """Read the three."""
        return cls(
            fields.text("zone", MARKET),
            fields.integer("pool_weight", 0, MAX_ENERGY),
            fields.integer("participation", 0, WHOLE),
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
        return encode_json(
            [
                [start, place.zone, place.pool_weight, place.participation]
                for start, place in zip(self._starts, self._places, strict=True)
            ]
        )

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read what `data` wrote."""
        return cls(array(decode_json(data), "places", _MOST, _read_dated))


def _read_dated(value: object, path: str) -> tuple[int, Place]:
    start, zone, weight, participation = row(value, path, 4)
    fields = Fields({"zone": zone}, path)
    return time(start, f"{path}[0]"), Place(
        fields.text("zone", MARKET),
        integer(weight, f"{path}[2]", 0, MAX_ENERGY),
        integer(participation, f"{path}[3]", 0, WHOLE),
    )
