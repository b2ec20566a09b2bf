"""Keeps the next four hours placed, as the owner wishes, and revises them before each gate."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, tzinfo
from random import SystemRandom
from typing import Final, Protocol

from .books import Books, BooksError
from .car_charging import CarCharging
from .charging import with_car
from .delivery import Delivery, pause_after
from .forecast import Forecast, History, forecast, likely_prices
from .market import Curves, OpenInterval, Strategy, strategic_curves
from .market_calendar import MarketCalendar
from .market_reading import MOST_INTERVALS, MarketReading, begin_reading
from .node import MemberNode, NodeError
from .placing import Placing
from .protocol.durations import DAY, HOUR, MINUTE
from .protocol.rules.market_rules import MarketRules
from .protocol.rules.netting import Netting
from .protocol.statements.trading import MAX_INTERVALS, Side, Step
from .trading_choices import Choices
from .trial import Trial
from .waiting_orders import WaitingOrders

_LOGGER: Final = logging.getLogger(__name__)

AHEAD: Final = 4 * HOUR
PRICES_BACK: Final = 28 * DAY

_RULES_READ_EVERY: Final = HOUR
_BEFORE_GATE: Final = MINUTE
"""The last revision comes so long before a gate, or a third of an interval if that is shorter."""


class HomeMeter(Protocol):
    """What is known of the home's grid meter, and of its sun."""

    @property
    def zone(self) -> tzinfo:
        """The time zone that the home lives in."""

    async def async_history(self, now: int) -> History:
        """Return what the grid meter counted."""

    async def async_sun(self) -> Mapping[date, float]:
        """Return the production that is forecast, in Wh by local day."""


class Memory(Protocol):
    """Where the owner's choices outlast a restart."""

    async def async_save(self, choices: Choices) -> None:
        """Have the choices on disk."""


class Trading:
    """Trades for a member in the co-op's first market."""

    def __init__(  # noqa: PLR0913 - what it stands between
        self,
        *,
        delivery: Delivery,
        node: MemberNode,
        orders: WaitingOrders,
        meter: HomeMeter,
        books: Books,
        memory: Memory,
        choices: Choices,
        trial: Trial,
    ) -> None:
        """Begin with what the owner had decided before."""
        self.choices = choices
        self.trial = trial
        self.halted = False
        """Whether nothing may be ordered until the owner has answered something."""
        self.intervals: list[OpenInterval] = []
        """What can be ordered in now, as the node last said."""
        self.forecasts: Mapping[int, Forecast] = {}
        self.cars: tuple[CarCharging, ...] = ()
        """The cars that need energy of the market's."""
        self._delivery = delivery
        self._node = node
        self._orders = orders
        self._meter = meter
        self._books = books
        self._memory = memory
        self._reading: MarketReading | None = None
        self._read_at = 0
        self._placing: Placing | None = None
        self._one_at_a_time = asyncio.Lock()
        self._drawn = SystemRandom().uniform(1, 1.25)
        """Homes of a street do not come all at the same moment."""
        self._changed = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def async_decide(self, choices: Choices) -> None:
        """Take what the owner has decided; it is on disk when this returns, and acted on soon."""
        await self._memory.async_save(choices)
        self.choices = choices
        self._changed.set()
        self._tell()

    def halt(self, *, halted: bool) -> None:
        """Take back what is placed and order nothing while halted, whatever the owner's choices."""
        self.halted = halted
        self._changed.set()

    def wake(self) -> None:
        """Revise soon what is placed."""
        self._changed.set()

    @property
    def market(self) -> str | None:
        """The market that is traded in, once it is known."""
        return None if self._reading is None else self._reading.calendar.name

    @property
    def placed(self) -> Curves:
        """What has been ordered for the intervals that are open, as far as it is known."""
        return {} if self._placing is None else self._placing.placed

    @property
    def planned(self) -> Curves:
        """What lies in the market's book for this home, or in a trial on paper."""
        if not self.choices.on_paper:
            return self.placed
        return {} if self.market is None else self.trial.planned(self.market)

    async def async_reading(self) -> MarketReading:
        """Return what the node says of the market, its rules not older than an hour."""
        now = _now()
        if self._reading is None or now - self._read_at >= _RULES_READ_EVERY:
            await self._delivery.log_in()
            self._reading = await begin_reading(self._node)
            self._read_at = now
        return self._reading

    async def async_cleared_prices(self) -> Mapping[int, int]:
        """Return what intervals of the market cleared at, as far as it is known here."""
        reading = await self.async_reading()
        now = _now()
        try:
            found = await self._books.prices(reading.calendar.name, now - PRICES_BACK, now + DAY)
        except BooksError as error:
            _LOGGER.debug("Nothing is known of prices for now: %s", error)
            return {}
        return {price.start: price.sellers for price in found if price.sellers is not None}

    async def async_by_hand(self, start: int, sides: Mapping[Side, tuple[Step, ...]]) -> None:
        """Order this, and nothing else, in an interval, whatever the strategy would."""
        now = _now()
        by_hand = {
            at: curves for at, curves in self.choices.by_hand.items() if at >= now and at != start
        }
        await self.async_decide(replace(self.choices, by_hand={**by_hand, start: sides}))

    async def run(self) -> None:
        """Trade for ever; what goes wrong is tried again, less and less often."""
        failures = 0
        while True:
            self._changed.clear()
            try:
                await self.trade()
            except NodeError as error:
                failures += 1
                _LOGGER.debug("What is placed cannot be revised for now: %s", error)
                pause: float | None = pause_after(failures, error)
            else:
                failures = 0
                pause = self._pause()
            self._tell()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._changed.wait()

    async def trade(self) -> None:
        """Have in the market's book what is wanted now."""
        async with self._one_at_a_time:
            reading = await self.async_reading()
            await self._delivery.log_in()
            interval = _rules(reading.calendar).interval
            count = min(AHEAD // interval, MAX_INTERVALS, MOST_INTERVALS)
            ahead = await reading.intervals(None, max(count, self._for_cars(interval)))
            if self._placing is None:
                self._placing = Placing(reading.calendar.name, await reading.orders())
            choices = self.choices
            wanted = await self._wanted(reading, ahead[:count])
            wanted = await self._with_cars(reading, ahead, wanted)
            last = max((one.start for one in ahead), default=0)
            later = [
                one
                for start in sorted(choices.by_hand)
                if start > last
                for one in await reading.intervals(start, 1)
            ]
            if choices is not self.choices:
                # Decided anew meanwhile: what a trial wanted must never be ordered.
                return
            self.intervals = ahead
            on_paper = wanted if choices.on_paper else {}
            await self.trial.place(reading.calendar.name, [*ahead, *later], on_paper, _now())
            ordered = {} if choices.on_paper else wanted
            said = self._placing.revise(ordered, [*ahead, *later], choices.by_hand.keys())
            for order, gate in said:
                self._orders.add(order, gate)
            if said:
                self._orders.drop_late(_now())
                self._delivery.wake()

    async def _wanted(self, reading: MarketReading, ahead: list[OpenInterval]) -> Curves:
        """Return the owner's own orders, and the strategy's where there is none."""
        choices = self.choices
        self.forecasts = {}
        if self.halted or not choices.trading:
            return {}
        if choices.wishes.strategy is Strategy.OFF:
            return choices.curves()
        now, zone = _now(), self._meter.zone
        rules = _rules(reading.calendar)
        history = await self._meter.async_history(now)
        if rules.netting is not Netting.NONE:
            history = history.netted()
        sun = await self._meter.async_sun()
        starts = [one.start for one in ahead]
        told = await asyncio.to_thread(forecast, history, starts, rules.interval, zone, sun)
        self.forecasts = {one.start: one for one in told}
        prices = await self.async_cleared_prices()
        wanted: Curves = {}
        for one in ahead:
            if one.start in self.forecasts and one.start not in choices.by_hand:
                likely = likely_prices(prices, one.start, zone)
                expected = self.forecasts[one.start]
                wanted = {**wanted, **strategic_curves(choices.wishes, one, expected, likely)}
        return {**wanted, **choices.curves()}

    def _for_cars(self, interval: int) -> int:
        """Return of how many intervals ahead the cars need to know."""
        now = _now()
        lasts = max((until - now for car in self.cars if (until := car.horizon(now))), default=0)
        return min(-(-lasts // interval), MOST_INTERVALS)

    async def _with_cars(
        self, reading: MarketReading, ahead: list[OpenInterval], wanted: Curves
    ) -> Curves:
        """Add what the cars need; where the owner ordered, nothing is added."""
        now, choices = _now(), self.choices
        trades = choices.trading and not self.halted
        free = [one for one in ahead if trades and one.start not in choices.by_hand]
        needy = [car for car in self.cars if car.horizon(now) is not None]
        prices = await self.async_cleared_prices() if needy else {}
        likely = {
            one.start: likely_prices(prices, one.start, self._meter.zone)
            for one in (free if needy else ())
        }
        most = {one.start: one.most for one in free}
        for car in needy:
            bid = await car.bids(self._books, reading.calendar.name, free, likely, now)
            others = {start: sum(wh for _, wh in wanted.get((start, "bid"), ())) for start in bid}
            wanted = with_car(wanted, bid, most)
            await car.placed(bid, others, ahead, now)
        return wanted

    def _pause(self) -> float | None:
        """Return how long nothing has to be revised; with nothing to do, until a change."""
        now, choices = _now(), self.choices
        by_hand = any(start > now for start in choices.by_hand)
        needy = any(car.horizon(now) is not None for car in self.cars)
        idle = choices.wishes.strategy is Strategy.OFF and not by_hand and not needy
        if idle or self.halted or not choices.trading:
            return None
        waits = []
        for one in self.intervals:
            before = min(_BEFORE_GATE, (one.end - one.start) // 3) * self._drawn
            waits.append(one.gate - before - now)
        return min((wait for wait in waits if wait > 0), default=HOUR) / 1000

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def _rules(calendar: MarketCalendar) -> MarketRules:
    """Return the rules that hold now, or the first ones of a market that has still to begin."""
    return calendar.at(max(_now(), calendar.versions[0].start))


def _now() -> int:
    return time.time_ns() // 1_000_000
