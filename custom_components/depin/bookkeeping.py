"""Keeps this home's books: hears the node's events, and asks for all that they could tell."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import SystemRandom
from typing import Final

from .books import Books, BooksError, SettledInterval, ZoneCleared
from .delivery import pause_after
from .event_stream import listening
from .market_answers import (
    Cleared,
    NodeBooks,
    Page,
    Purse,
    SettledRow,
    Traded,
    read_place,
    read_purse,
)
from .market_calendar import MarketCalendar, read_calendars
from .neighbourhood import Neighbourhood
from .node import LoggedOutError, MemberNode, NodeError, NodeRefusedError, StrangeAnswerError
from .protocol.durations import DAY, HOUR
from .protocol.encoding import decode_json, encode_json
from .protocol.events import Event, EventKind
from .protocol.settlement.charges import Taken
from .protocol.settlement.limits import SettlementError
from .protocol.statements.fields import MAX_COUNT, BodyError

_LOGGER: Final = logging.getLogger(__name__)

PRICES_KEPT: Final = 60 * DAY
"""So far back a home that begins asks what intervals were cleared to."""

_AHEAD: Final = 100
"""How many intervals ahead are asked for, with what their market announces of them."""

_BOOK_KEPT: Final = 2 * DAY
_MOST_BOOKS: Final = 8
_LAST_EVENT: Final = "last_event"
_MARKETS: Final = "markets"
_PURSE: Final = "purse"
_CLEARED: Final = "cleared"
_SETTLED: Final = "settled"
_REJOIN: Final = 5.0
_GO_ON: Final = 1.0
_NO_MARKET: Final = 30_000
_AFTER_GATE: Final = (2_000, 20_000)
"""Homes ask for what a gate decided at moments of their own, in milliseconds after it."""
_DRAWN: Final = SystemRandom()

type Clock = Callable[[], int]
type Listener = Callable[[Event | None], None]


class Bookkeeping:
    """Keeps books up with the node for as long as it runs; what was missed is asked for."""

    def __init__(
        self,
        books: Books,
        node: MemberNode,
        log_in: Callable[[], Awaitable[None]],
        clock: Clock,
    ) -> None:
        """Begin with what the books say of markets and money."""
        self.books = books
        self.markets: dict[str, MarketCalendar] = {}
        self.zones: dict[str, str] = {}
        self.purse: Purse | None = None
        self.is_reachable: bool | None = None
        """Whether the node did what it was last asked; None before it was asked."""
        self.is_listening = False
        """Whether events come in at once."""
        self._node = node
        self._theirs = NodeBooks(node)
        self._log_in = log_in
        self._clock = clock
        self._listeners: list[Listener] = []
        self._turn = asyncio.Lock()
        self._unsure = False

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have this called after each event, or with None after the books were brought up."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def load(self) -> None:
        """Read what the books know of the co-op, for a start without its node."""
        written = await self.books.note(_MARKETS)
        if written is not None:
            try:
                self.markets = read_calendars(decode_json(written.encode()))
            except BodyError:
                # Written by a version with other rules: the node is asked for them anyway.
                self.markets = {}
        purse = await self.books.note(_PURSE)
        if purse is not None:
            self.purse = read_purse(decode_json(purse.encode()))

    async def run(self) -> None:
        """Keep the books for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hear())
            group.create_task(self._ask_after_gates())

    async def neighbourhood(self, market: str) -> Neighbourhood | None:
        """Ask what all members did together in the newest interval that was settled."""
        newest = await self._cursor(_SETTLED, market, 0)
        return await self._theirs.neighbourhood(market, newest) if newest else None

    async def catch_up(self) -> None:
        """Ask for everything that is not in the books yet."""
        async with self._asking():
            await self._learn_markets()
            for calendar in self.markets.values():
                await self._learn_prices(calendar)
                await self._learn_settled(calendar)
            self._unsure = False
            await self._learn_purse()
        self._tell(None)

    async def take(self, event: Event) -> None:
        """Bring an event into the books, and tell of it."""
        async with self._asking():
            match event.known:
                case EventKind.CLEARED:
                    await self._take_cleared(event)
                case EventKind.SETTLED:
                    await self._take_settled(event)
                case EventKind.NOTICE:
                    await self._learn_markets()
            # A checkpoint has the number of the event before it, if there was any.
            if event.known is not EventKind.CHECKPOINT:
                await self.books.set_note(_LAST_EVENT, str(event.id))
        self._tell(event)

    async def _hear(self) -> None:
        """Catch up and listen, again and again; what goes wrong is tried less and less often."""
        failures = 0
        while True:
            pause = _REJOIN
            try:
                await self.catch_up()
                failures = 0
                await self._follow()
            except (NodeError, BooksError) as error:
                if isinstance(error, NodeRefusedError) and error.after is not None:
                    # What events before it told is asked for, with all that may be corrected.
                    self._unsure = True
                    await self.books.set_note(_LAST_EVENT, str(error.after))
                    pause = _GO_ON
                else:
                    failures += 1
                    pause = pause_after(failures, error)
                if not isinstance(error, LoggedOutError):
                    self._note_silent()
            await asyncio.sleep(pause)

    async def _follow(self) -> None:
        last = await self.books.note(_LAST_EVENT)
        # Who has seen none asks after the highest number, and is told the newest.
        after = MAX_COUNT if last is None else int(last)
        async with listening(self._node, after) as events:
            if not self.is_listening:
                self.is_listening = True
                self._tell(None)
            async for event in events:
                await self.take(event)

    async def _ask_after_gates(self) -> None:
        """Ask what each gate decided, and for all else that no event has brought."""
        while True:
            now = self._clock()
            gates = [
                calendar.gate_of(calendar.next_open(now)) for calendar in self.markets.values()
            ]
            after = _DRAWN.randint(*_AFTER_GATE)
            await asyncio.sleep((min(gates, default=now + _NO_MARKET) + after - now) / 1000)
            if gates:
                try:
                    await self.catch_up()
                except (NodeError, BooksError) as error:
                    _LOGGER.debug("What a gate decided is not known yet: %s", error)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """Ask as a member, one thing after the other, and note whether the node answers."""
        async with self._turn:
            try:
                if not self._node.is_logged_in:
                    await self._log_in()
                yield
            except LoggedOutError:
                raise
            except NodeError as error:
                if self.is_reachable is not False:
                    _LOGGER.info("The co-op's node does not answer as it should: %s", error)
                    self.is_reachable = False
                    self._tell(None)
                raise
            if self.is_reachable is False:
                _LOGGER.info("The co-op's node answers again")
            self.is_reachable = True

    def _note_silent(self) -> None:
        if self.is_listening:
            self.is_listening = False
            self._tell(None)

    def _tell(self, event: Event | None) -> None:
        for listener in tuple(self._listeners):
            listener(event)

    async def _learn_markets(self) -> None:
        self.markets = await self._theirs.calendars()
        written = encode_json(
            [
                {"market": name, "versions": calendar.to_json()}
                for name, calendar in self.markets.items()
            ]
        )
        await self.books.set_note(_MARKETS, written.decode())

    async def _learn_purse(self) -> None:
        self.purse = await self._theirs.purse()
        await self.books.set_note(_PURSE, encode_json(self.purse.to_json()).decode())

    async def _learn_prices(self, calendar: MarketCalendar) -> None:
        """Ask what the market announces from now on, and what was cleared since it was asked."""
        market, now = calendar.name, self._clock()
        zone = self.zones[market] = await self._theirs.zone(market)
        begin = max(calendar.versions[0].start, now - HOUR)
        await self.books.keep_published(market, await self._theirs.published(market, begin, _AHEAD))
        after = await self._cursor(_CLEARED, market, now - PRICES_KEPT)
        while True:
            page = await self._theirs.cleared(market, after)
            if page.after is None:
                return
            hidden = [one for one in page.rows[-_MOST_BOOKS:] if one.is_hidden]
            rows = {one.start: _in_zone(one, zone) for one in page.rows}
            for one in hidden:
                if one.start > now - _BOOK_KEPT:
                    rows[one.start] = _in_zone(await self._in_full(market, one), zone)
            await self.books.keep_cleared(market, rows.values())
            after = page.after
            await self._set_cursor(_CLEARED, market, after)

    async def _in_full(self, market: str, cleared: Cleared) -> Cleared:
        """Look up what is for members alone, if it is still there."""
        try:
            return await self._theirs.cleared_in_full(market, cleared.start)
        except (NodeRefusedError, StrangeAnswerError) as error:
            _LOGGER.debug("No book of %s: %s", cleared.start, error)
            return cleared

    async def _learn_settled(self, calendar: MarketCalendar) -> None:
        """Ask for what was settled since, and what of the rest became final or was corrected."""
        market = calendar.name
        cursor = await self._cursor(_SETTLED, market, 0)
        oldest = await self.books.first_provisional(market)
        if oldest is not None and (self._unsure or await self._theirs.is_final(market, oldest)):
            cursor = min(cursor, oldest - 1)
        while True:
            page = await self._theirs.settled(market, cursor)
            if page.after is None:
                return
            await self._keep_settled(calendar, page)
            cursor = page.after
            await self._set_cursor(_SETTLED, market, cursor)

    async def _keep_settled(self, calendar: MarketCalendar, page: Page[SettledRow]) -> None:
        await self.books.keep_settled(
            calendar.name,
            [
                SettledInterval(row, calendar.end_of(row.start), pool_fees(calendar, row))
                for row in page.rows
            ],
        )

    async def _take_cleared(self, event: Event) -> None:
        """Keep what a gate gave this home; with its own price, even where it is for members."""
        traded = self._read(event, Traded.read)
        calendar = None if traded is None else self.markets.get(traded.market)
        if traded is None or calendar is None:
            self._unsure = True
            return
        await self.books.keep_traded(traded, calendar.end_of(traded.start))
        row = ZoneCleared(traded.start, traded.voided, traded.buyers, traded.sellers)
        await self.books.keep_cleared(traded.market, [row])

    async def _take_settled(self, event: Event) -> None:
        """Ask for the interval that was settled or corrected."""
        place = self._read(event, read_place)
        calendar = None if place is None else self.markets.get(place.market)
        if place is None or calendar is None:
            self._unsure = True
            return
        page = await self._theirs.settled(place.market, place.start - 1, 1)
        await self._keep_settled(calendar, page)

    def _read[T](self, event: Event, read: Callable[[dict[str, object]], T]) -> T | None:
        """Read what an event says; what is not as agreed is asked for, rather than heard again."""
        try:
            return read(event.data)
        except BodyError as error:
            _LOGGER.warning("An event of the co-op's node is not as agreed: %s", error)
            return None

    async def _cursor(self, what: str, market: str, begin: int) -> int:
        """Return after which instant a list is not in the books yet."""
        noted = await self.books.note(f"{what}/{market}")
        return max(0, begin) if noted is None else int(noted)

    async def _set_cursor(self, what: str, market: str, after: int) -> None:
        await self.books.set_note(f"{what}/{market}", str(after))


def _in_zone(cleared: Cleared, zone: str) -> ZoneCleared:
    found = cleared.of(zone)
    if found is None:
        return ZoneCleared(cleared.start, cleared.voided)
    return ZoneCleared(cleared.start, cleared.voided, *found)


def pool_fees(calendar: MarketCalendar, row: SettledRow) -> int:
    """Work out what of an interval's fees and VAT fell on what came from the pool."""
    pooled = Taken(pooled=row.pooled_in, pooled_cost=row.pool_cost)
    try:
        return calendar.at(row.start).charges.on(pooled).pays
    except SettlementError as error:
        msg = f"what the pool gave at {row.start} cannot be charged for: {error}"
        raise StrangeAnswerError(msg) from error
