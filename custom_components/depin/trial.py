"""Trading on paper: what was not ordered is filled at the published price, and only estimated."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, NamedTuple, Protocol, Self

from .books import Books, OwnInterval, Price, RowState
from .market import Curves, OpenInterval
from .market_calendar import MarketCalendar
from .protocol.durations import DAY
from .protocol.settlement.charges import Charges, Taken
from .protocol.statements.trading import Side, Slot, Step

GIVEN_UP: Final = 10 * DAY
"""What is not settled so long after its interval counts for nothing."""
_UNSOLD: Final = DAY
"""So long it is waited for the price of an interval; then there was none."""


class PaperOffer(NamedTuple):
    """What would have been ordered in one interval of a market."""

    market: str
    start: int
    gate: int
    cover: int
    """What a Wh costs at least that was sold and is not delivered."""
    back: int
    """What a Wh brings at most that was bought and is not used."""
    asks: tuple[Step, ...]
    bids: tuple[Step, ...]


class Tally(NamedTuple):
    """What offers would have come to: watt-hours delivered, and money after fees and VAT."""

    sold: int = 0
    bought: int = 0
    earned: int = 0

    def plus(self, other: Tally) -> Tally:
        """Add another."""
        return Tally(self.sold + other.sold, self.bought + other.bought, self.earned + other.earned)


def outcome(offer: PaperOffer, price: Price, row: OwnInterval, charges: Charges) -> Tally:
    """Estimate what an offer would have come to, by the published price and the real meter.

    It would have been filled whole, up to what all of the market traded, and have moved no price.
    """
    if price.sellers is None or price.buyers is None:
        return Tally()
    asked = sum(wh for limit, wh in offer.asks if limit <= price.sellers)
    bid = sum(wh for limit, wh in offer.bids if limit >= price.buyers)
    most = max(asked, bid) if price.volume is None else price.volume
    net = min(asked, most) - min(bid, most)
    if net > 0:
        exported = _known(row.delivered_out) + _known(row.pooled_out) + _known(row.grid_out)
        short = max(0, net - max(0, exported))
        cover = max(price.sellers, offer.cover)
        return Tally(sold=net - short, earned=net * price.sellers - short * cover)
    bought = -net
    imported = _known(row.delivered_in) + _known(row.pooled_in) + _known(row.grid_in)
    unused = max(0, bought - max(0, imported))
    taken = Taken(traded=bought - unused, traded_cost=(bought - unused) * price.buyers)
    cost = bought * price.buyers - unused * min(price.buyers, offer.back)
    return Tally(bought=taken.traded, earned=-cost - charges.on(taken).pays)


@dataclass(frozen=True, slots=True)
class Paper:
    """What is kept of a trial: the offers that wait for their prices, and sums by local day."""

    offers: tuple[PaperOffer, ...] = ()
    days: Mapping[str, Tally] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return what is written to disk."""
        return {
            "offers": [list(offer) for offer in self.offers],
            "days": {day: list(tally) for day, tally in self.days.items()},
        }

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> Self:
        """Take up what was written."""
        return cls(
            tuple(_read_offer(*one) for one in written["offers"]),
            {day: Tally(*tally) for day, tally in written["days"].items()},
        )


class PaperMemory(Protocol):
    """Where a trial outlasts a restart."""

    async def async_save(self, paper: Paper) -> None:
        """Have it on disk."""


class Trial:
    """Keeps a home's offers on paper, and counts what they would have come to."""

    def __init__(self, books: Books, memory: PaperMemory, paper: Paper) -> None:
        """Go on with what was on paper before."""
        self.paper = paper
        self._books = books
        self._memory = memory
        self._turn = asyncio.Lock()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def since(self, day: str) -> Tally:
        """Add up the days that begin so: one, those of a month, or all."""
        total = Tally()
        for each, tally in self.paper.days.items():
            if each.startswith(day):
                total = total.plus(tally)
        return total

    def planned(self, market: str) -> Curves:
        """Return what is on paper in a market, by interval and side."""
        planned: dict[Slot, tuple[Step, ...]] = {}
        for one in self.paper.offers:
            sides: tuple[tuple[Side, tuple[Step, ...]], ...] = ("ask", one.asks), ("bid", one.bids)
            for side, steps in sides:
                if one.market == market and steps:
                    planned[one.start, side] = steps
        return planned

    async def place(
        self, market: str, intervals: Iterable[OpenInterval], wanted: Curves, now: int
    ) -> None:
        """Put what is wanted in the place of all that could still be changed."""
        async with self._turn:
            closed = [one for one in self.paper.offers if one.market != market or one.gate <= now]
            offers = [
                PaperOffer(
                    *(market, one.start, one.gate, one.cover, one.back),
                    asks=wanted.get((one.start, "ask"), ()),
                    bids=wanted.get((one.start, "bid"), ()),
                )
                for one in intervals
                if one.gate > now
            ]
            await self._keep(
                (*closed, *(one for one in offers if one.asks or one.bids)), self.paper.days
            )

    async def count(self, calendars: Mapping[str, MarketCalendar], zone: tzinfo, now: int) -> None:
        """Count the offers whose intervals are cleared and settled by now."""
        async with self._turn:
            days = dict(self.paper.days)
            waiting = []
            for offer in self.paper.offers:
                calendar = calendars.get(offer.market)
                tally = None
                if calendar is not None and offer.gate <= now:
                    tally = await self._came_to(offer, calendar.at(offer.start).charges, now)
                if tally is not None:
                    day = datetime.fromtimestamp(offer.start / 1000, UTC).astimezone(zone)
                    name = day.date().isoformat()
                    days[name] = days.get(name, Tally()).plus(tally)
                elif now < offer.start + GIVEN_UP:
                    waiting.append(offer)
            await self._keep(tuple(waiting), days)

    async def _came_to(self, offer: PaperOffer, charges: Charges, now: int) -> Tally | None:
        """Estimate an offer's outcome; None as long as price or meter are not known."""
        span = offer.market, offer.start, offer.start + 1
        rows = [row for row in await self._books.own(*span) if row.state is not RowState.TRADED]
        if not rows:
            return None
        for price in await self._books.prices(*span):
            if price.voided is not None:
                return outcome(offer, price, rows[0], charges)
        return None if now < offer.start + _UNSOLD else Tally()

    async def _keep(self, offers: tuple[PaperOffer, ...], days: Mapping[str, Tally]) -> None:
        paper = Paper(offers, days)
        if paper != self.paper:
            await self._memory.async_save(paper)
            self.paper = paper
            for listener in tuple(self._listeners):
                listener()


def _known(wh: int | None) -> int:
    return 0 if wh is None else wh


def _read_offer(  # noqa: PLR0913, PLR0917 - in the order in which they are written
    market: str,
    start: int,
    gate: int,
    cover: int,
    back: int,
    asks: Iterable[Iterable[int]],
    bids: Iterable[Iterable[int]],
) -> PaperOffer:
    return PaperOffer(market, start, gate, cover, back, _steps(asks), _steps(bids))


def _steps(written: Iterable[Iterable[int]]) -> tuple[Step, ...]:
    return tuple((price, wh) for price, wh in written)
