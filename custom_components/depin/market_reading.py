"""What the co-op's node says of its market to this home, for as far ahead as the home trades."""

from typing import Final, NamedTuple

from .market import WHOLE, Curves, GridTariff, OpenInterval
from .market_calendar import MarketCalendar, read_calendars
from .node import MemberNode, StrangeAnswerError, agreed
from .protocol.bounds import MAX_ENERGY, MAX_PRICE
from .protocol.rules.market_rules import MarketRules
from .protocol.statements.fields import MARKET, BodyError, Fields, integer
from .protocol.statements.trading import MAX_STEPS, Side, Slot, Step

MOST_INTERVALS: Final = 200
"""More intervals than this are not told at once."""

_SIDES: Final[tuple[Side, ...]] = ("bid", "ask")
_MOST_CURVES: Final = 2**16


class Part(NamedTuple):
    """How this home takes part in an interval."""

    grid: GridTariff
    participation: int


class MarketReading:
    """The co-op's first market as it is for one member; terms are asked for once an interval."""

    def __init__(self, node: MemberNode, calendar: MarketCalendar) -> None:
        """Begin with no interval known."""
        self.calendar = calendar
        self.node = node
        self._parts: dict[int, Part] = {}

    async def intervals(self, start: int | None, count: int) -> list[OpenInterval]:
        """Ask for intervals from one on, or from the first that can be ordered in."""
        path = f"{self.node.node.path}/markets/{self.calendar.name}/intervals?limit={count}"
        answered = await self.node.ask(path if start is None else f"{path}&start={start}")
        if not isinstance(answered, list) or len(answered) > MOST_INTERVALS:
            raise StrangeAnswerError("the market's intervals are no list of as many as asked for")
        return [await self._interval(one) for one in answered]

    async def orders(self) -> Curves:
        """Ask which orders of this home's are in effect."""
        answered = await self.node.ask(f"{self.node.path}/orders/{self.calendar.name}")

        def read() -> Curves:
            placed: dict[Slot, tuple[Step, ...]] = {}
            for curves in Fields(answered, "orders").array("curves", _MOST_CURVES, _curves):
                placed |= curves
            return placed

        return agreed(read)

    async def _interval(self, value: object) -> OpenInterval:
        start = agreed(lambda: Fields(value, "interval").time("start"))
        part = await self._part(start)
        return agreed(lambda: _open(value, self.calendar.at(start), part))

    async def _part(self, start: int) -> Part:
        if start not in self._parts:
            path = f"{self.node.path}/terms/{self.calendar.name}?start={start}"
            answered = await self.node.ask(path)
            self._parts[start] = agreed(lambda: _part(answered))
        return self._parts[start]


async def begin_reading(node: MemberNode) -> MarketReading:
    """Ask which the co-op's first market is, and for its rules."""
    facts = await node.ask(node.node.path)
    name = agreed(lambda: Fields(facts, "co-op").text("market", MARKET))
    answered = await node.ask(f"{node.node.path}/markets")
    calendars = agreed(lambda: read_calendars(answered))
    if name not in calendars:
        raise StrangeAnswerError(f"the co-op's first market {name} is none of its markets")
    return MarketReading(node, calendars[name])


def _part(value: object) -> Part:
    fields = Fields(value, "terms")
    retail = fields.integer("retail", -MAX_PRICE, MAX_PRICE)
    feed_in = fields.integer("feed_in", -MAX_PRICE, MAX_PRICE)
    return Part(GridTariff(retail, feed_in), fields.integer("participation", 0, WHOLE))


def _open(value: object, rules: MarketRules, part: Part) -> OpenInterval:
    fields = Fields(value, "interval")
    low, high = fields.array("band", 2, _price, least=2)
    return OpenInterval(
        start=fields.time("start"),
        end=fields.time("end"),
        gate=fields.time("gate"),
        low=low,
        high=high,
        tick=rules.tick,
        lot=rules.lot_wh,
        most=rules.most_wh,
        cover=fields.integer("retail", -MAX_PRICE, MAX_PRICE),
        back=fields.integer("feed_in", -MAX_PRICE, MAX_PRICE),
        fees=rules.charges.traded,
        vat=rules.charges.vat,
        grid=part.grid,
        participation=part.participation,
    )


def _price(value: object, path: str) -> int:
    return integer(value, path, -MAX_PRICE, MAX_PRICE)


def _curves(value: object, path: str) -> dict[Slot, tuple[Step, ...]]:
    fields = Fields(value, path)
    start = fields.time("start")
    found: dict[Slot, tuple[Step, ...]] = {}
    for side in _SIDES:
        steps = fields.take(side) if side in fields else None
        if steps:
            found[start, side] = _steps(steps, fields.path(side))
    return found


def _steps(value: object, path: str) -> tuple[Step, ...]:
    if not isinstance(value, list) or len(value) % 2 or len(value) > 2 * MAX_STEPS:
        raise BodyError(f"{path} is no curve")
    return tuple(
        (_price(price, path), integer(wh, path, 1, MAX_ENERGY))
        for price, wh in zip(value[::2], value[1::2], strict=True)
    )
