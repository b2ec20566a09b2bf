"""What was settled, as whoever may read it asks: by member and time, with its corrections."""

from collections.abc import AsyncIterator
from typing import Final, NamedTuple

from depin_protocol.encoding import decode_json, from_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.settlement.attribution import Roofs
from depin_protocol.settlement.settled_member import SettledMember
from settlement_node.market.billing.corrections import Roof
from settlement_node.market.settling.history import settled_in
from settlement_node.market.settling.tables import LATE, SETTLED, SETTLED_INTERVAL
from settlement_node.store.port import View
from settlement_node.store.tables import Key, Row, Table

_AT_ONCE: Final = 200


class Told(NamedTuple):
    """A member's interval as an entry of the log told it."""

    market: str
    start: int
    entry: int
    position: int
    """Of its line in the entry."""
    settled: SettledMember


class LateCorrection(NamedTuple):
    """A correction after an interval was final: what a statement may have told, what it became."""

    told: Told
    became: Told


async def intervals(
    view: View, market: str, first: int, end: int, limit: int = 2**20
) -> AsyncIterator[tuple[int, dict[str, object]]]:
    """Give the intervals that were settled and begin in a span: entry, and what is public."""
    after: Key = (market, first - 1, 2**62)
    while limit > 0:
        most = min(limit, _AT_ONCE)
        until = (market, end - 1)
        rows = await view.scan(SETTLED_INTERVAL, (market,), after=after, until=until, limit=most)
        for row in rows:
            match row:
                case (str(), int(), int(index), bytes(data)):
                    yield index, decode_json(data)
        if len(rows) < most:
            return
        limit -= len(rows)
        after = rows[-1][:3]


async def settled_at(
    view: View, market: str, start: int, member: str, before: int = 2**62
) -> Told | None:
    """Return a member's interval as the entries before an index left it."""
    prefix = (market, start, from_text(member, ID_LENGTH))
    rows = await view.scan(SETTLED, prefix, after=(*prefix, before), limit=1, reverse=True)
    return _told(rows[0]) if rows else None


async def course_of(view: View, market: str, start: int, member: str) -> list[Told]:
    """Return a member's interval as it was settled, and each correction of it."""
    prefix = (market, start, from_text(member, ID_LENGTH))
    return [_told(row) for row in await view.scan(SETTLED, prefix, limit=_AT_ONCE)]


async def late_corrections(
    view: View, member: str, first: int, end: int
) -> AsyncIterator[LateCorrection]:
    """Give the corrections of final intervals that stand in entries from `first` to before `end`.

    Nothing of them is booked: that is the statement's that tells them.
    """
    prefix = (from_text(member, ID_LENGTH),)
    async for row in _under(view, LATE, prefix):
        match row:
            case (bytes(), int(index), str(market), int(start)) if first <= index < end:
                told = await settled_at(view, market, start, member, index)
                became = await settled_at(view, market, start, member, index + 1)
                if told is not None and became is not None:
                    yield LateCorrection(told, became)


async def roofs_of(view: View, market: str, start: int, member: str) -> tuple[Roof, ...]:
    """Say whose energy a member received in an interval: its preferred homes', then the mix.

    It takes everybody's lines of the interval as it was settled at first: corrections move none.
    """
    lines = [_told(row) async for row in _under(view, SETTLED, (market, start))]
    first = min((told.entry for told in lines), default=0)
    lines.sort(key=lambda told: told.position)
    ordered = [told.settled for told in lines if told.entry == first]
    places = {one.member: place for place, one in enumerate(ordered)}
    if member not in places:
        return ()
    place = places[member]
    roofs = Roofs(
        (),
        tuple(one.into_mix for one in ordered),
        tuple(one.from_mix for one in ordered),
    )
    wh = dict(ordered[place].preferred)
    for part in roofs.of(place):
        home = ordered[part.producer].member
        wh[home] = wh.get(home, 0) + part.wh
    return tuple(Roof(home, wh[home]) for home in sorted(wh))


async def _under(view: View, table: Table, prefix: Key) -> AsyncIterator[Row]:
    after: Key | None = None
    while True:
        rows = await view.scan(table, prefix, after=after, limit=_AT_ONCE)
        for row in rows:
            yield row
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1][: len(table.key)]


def _told(row: Row) -> Told:
    match row:
        case (str(market), int(start), bytes(), int(index), int(position), bytes()):
            return Told(market, start, index, position, settled_in(row))
    raise TypeError(f"not the row of a settled interval: {row!r}"[:200])
