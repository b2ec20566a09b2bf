"""Members' settled intervals that a correction may be about: just decided, or looked up."""

from collections.abc import Iterable
from typing import NamedTuple

from depin_protocol.encoding import decode_json, encode_json, from_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.settlement.settled_member import SettledMember
from settlement_node.market.settling.tables import SETTLED
from settlement_node.store.port import View
from settlement_node.store.tables import Key, Put, Row


class Place(NamedTuple):
    """A member's interval of a market."""

    market: str
    start: int
    member: str

    @property
    def prefix(self) -> Key:
        """What the keys of its rows begin with."""
        return self.market, self.start, from_text(self.member, ID_LENGTH)


class Course(NamedTuple):
    """What an interval was settled to at first, and what it came to."""

    first: SettledMember
    latest: SettledMember


class History:
    """What deciding on corrections takes of what only the store has."""

    def __init__(self) -> None:
        """Begin with nothing at hand."""
        self._decided: dict[Place, tuple[SettledMember, SettledMember]] = {}
        self._near: dict[Place, Course] = {}

    def note(self, place: Place, settled: SettledMember) -> None:
        """Have at hand what was just decided, until it is stored."""
        before = self._decided.get(place)
        self._decided[place] = (settled if before is None else before[0], settled)

    def find(self, place: Place) -> Course | None:
        """Return an interval's course, None where it is not settled."""
        near, decided = self._near.get(place), self._decided.get(place)
        if decided is None:
            return near
        return Course(decided[0] if near is None else near.first, decided[1])

    async def recall(self, places: Iterable[Place], view: View, size: int) -> None:
        """Look up what the first `size` entries made of these intervals."""
        for place in places:
            if place in self._near:
                continue
            until = (*place.prefix, size - 1)
            rows = await view.scan(SETTLED, place.prefix, until=until, limit=2)
            if rows:
                first = latest = settled_in(rows[0])
                if len(rows) > 1:
                    bound = (*place.prefix, size)
                    (last,) = await view.scan(
                        SETTLED, place.prefix, after=bound, limit=1, reverse=True
                    )
                    latest = settled_in(last)
                self._near[place] = Course(first, latest)

    def forget(self) -> None:
        """Let go of all: what was decided is stored."""
        self._decided.clear()
        self._near.clear()


def settled_in(row: Row) -> SettledMember:
    """Read a row of `SETTLED`."""
    data = row[5]
    if not isinstance(data, bytes):
        raise TypeError(f"not the row of a settled interval: {row!r}"[:200])
    return SettledMember.read(decode_json(data))


def settled_rows(
    market: str, index: int, lines: Iterable[tuple[int, str, dict[str, object]]]
) -> Put:
    """Write rows for the lines of an entry, each with its interval's start and its member."""
    rows: list[Row] = [
        (market, start, from_text(member, ID_LENGTH), index, position, encode_json(line))
        for position, (start, member, line) in enumerate(lines)
    ]
    return Put(SETTLED, rows)
