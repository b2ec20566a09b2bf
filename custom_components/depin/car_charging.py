"""Charges a car at a charger of the home's, as its owner wishes and the market allows."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Any, Final, Protocol, Self

from .books import Books, BooksError, RowState
from .charging import (
    Bid,
    Mode,
    Moment,
    Tariff,
    Wish,
    bids,
    charges_now,
    horizon,
    ready_at,
)
from .forecast import Distribution
from .market import OpenInterval
from .protocol.statements.trading import Step

_LOGGER: Final = logging.getLogger(__name__)

USUAL_POWER: Final = 3_680
"""What a charger gives whose owner did not say: 16 A of one phase."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What is kept of a car: what is wanted, the counter as it was seen, and what was bid."""

    wish: Wish = field(default_factory=Wish)
    counter: int | None = None
    bid: Mapping[int, Bid] = field(default_factory=dict)
    tariffs: Mapping[int, Tariff] = field(default_factory=dict)
    unlimited: float | None = None
    """The current that the charger was limited to before the home lowered it."""

    def to_json(self) -> dict[str, Any]:
        """Return what is written to disk."""
        wish = self.wish
        return {
            "mode": wish.mode.value,
            "needed": wish.needed,
            "ready": wish.ready,
            "maximum": wish.maximum,
            "until": wish.until,
            "counter": self.counter,
            "bid": [[start, *bid] for start, bid in self.bid.items()],
            "tariffs": [[start, *tariff] for start, tariff in self.tariffs.items()],
            "unlimited": self.unlimited,
        }

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> Self:
        """Take up what was written."""
        wish = Wish(
            Mode(written["mode"]),
            *(written[name] for name in ("needed", "ready", "maximum", "until")),
        )
        return cls(
            wish,
            written["counter"],
            {start: Bid(*bid) for start, *bid in written["bid"]},
            {start: Tariff(*tariff) for start, *tariff in written["tariffs"]},
            written["unlimited"],
        )


class CarMemory(Protocol):
    """Where what is kept of a car outlasts a restart."""

    async def async_save(self, charge: Charge) -> None:
        """Have it on disk."""


class CarCharging:
    """The car at one charger."""

    def __init__(
        self, memory: CarMemory, charge: Charge, power: int, counter: Callable[[], int | None]
    ) -> None:
        """Go on as before; `counter` says how many Wh the charger has given, ever."""
        self.charge = charge
        self.power = power
        self.charges: bool | None = None
        """Whether the car is to be charged now; None while it is charged as it likes."""
        self._memory = memory
        self._counter = counter
        self._listeners: list[Callable[[], None]] = []

    @property
    def wish(self) -> Wish:
        """What its owner wants."""
        return self.charge.wish

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def async_wish(self, wish: Wish, now: int, zone: tzinfo) -> None:
        """Take what the owner wants from now on."""
        is_timed = wish.mode is Mode.CHEAPEST and wish.needed > 0
        until = ready_at(wish.ready, now, zone) if is_timed else None
        await self._keep(replace(self.charge, wish=replace(wish, until=until)))

    def horizon(self, now: int) -> int | None:
        """Return until when bids are wanted; None where none are."""
        return horizon(self.wish, now)

    async def bids(
        self,
        books: Books,
        market: str,
        intervals: Iterable[OpenInterval],
        prices: Mapping[int, Distribution],
        now: int,
    ) -> dict[int, Step]:
        """Say what is bid for the car."""
        won = 0
        for start, bid in self.charge.bid.items():
            if bid.end > now:
                won += await self._won(books, market, start)
        return bids(self.wish, self.power, intervals, prices, won)

    async def placed(
        self,
        bid: Mapping[int, Step],
        others: Mapping[int, int],
        intervals: Iterable[OpenInterval],
        now: int,
    ) -> None:
        """Remember what was bid, and what the grid costs where nothing is won."""
        open_now = {one.start: one for one in intervals}
        kept = {
            start: one
            for start, one in self.charge.bid.items()
            if one.end > now and start not in open_now
        }
        new = {
            start: Bid(open_now[start].end, wh, others.get(start, 0))
            for start, (_, wh) in bid.items()
        }
        tariffs = {start: one for start, one in self.charge.tariffs.items() if one.end > now}
        tariffs |= {start: Tariff(one.end, one.grid.retail) for start, one in open_now.items()}
        await self._keep(replace(self.charge, bid={**kept, **new}, tariffs=tariffs))

    async def look(self, books: Books, market: str | None, now: int) -> None:
        """Count what was charged, and decide whether to charge now."""
        charge = self._counted(now)
        start = max((at for at, one in charge.tariffs.items() if at <= now < one.end), default=now)
        won = 0
        if market is not None and start in charge.bid:
            won = await self._won(books, market, start)
        charges: bool | None = None
        if charge.wish.mode is not Mode.OFF:
            charges = charges_now(charge.wish, self.power, Moment(now, start, won), charge.tariffs)
        is_changed = charges != self.charges
        self.charges = charges
        await self._keep(charge, is_changed=is_changed)

    async def async_lowered(self, unlimited: float | None) -> None:
        """Remember what the current was limited to before it was lowered, or that it is not."""
        await self._keep(replace(self.charge, unlimited=unlimited))

    def _counted(self, now: int) -> Charge:
        """Take off what the charger has given since it was last looked at."""
        charge, wish, counter = self.charge, self.wish, self._counter()
        if wish.until is not None and now >= wish.until:
            wish = replace(wish, needed=0, until=None)
        if counter is None:
            return replace(charge, wish=wish)
        given = 0 if charge.counter is None else max(0, counter - charge.counter)
        left = max(0, wish.needed - given)
        wish = replace(wish, needed=left, until=wish.until if left else None)
        return replace(charge, wish=wish, counter=counter)

    async def _won(self, books: Books, market: str, start: int) -> int:
        """Return what a cleared interval gives the car; the rest of the home comes first."""
        bid = self.charge.bid[start]
        try:
            rows = await books.own(market, start, start + 1)
        except BooksError as error:
            _LOGGER.debug("What was won for a car is not known for now: %s", error)
            return 0
        bought = sum(row.bought for row in rows if row.state is RowState.TRADED)
        return max(0, min(bid.wh, bought - bid.others))

    async def _keep(self, charge: Charge, *, is_changed: bool = False) -> None:
        if charge != self.charge:
            await self._memory.async_save(charge)
            self.charge = charge
            is_changed = True
        if is_changed:
            for listener in tuple(self._listeners):
                listener()
