"""What a home says to the market: orders, and what to know of them."""

from dataclasses import dataclass
from typing import ClassVar, Final, Literal, NamedTuple, Self

from ..bounds import MAX_ENERGY, MAX_PRICE
from .bodies import Stream
from .fields import (
    MARKET,
    BodyError,
    Fields,
    ascending,
    hash_text,
    identifier,
    integer,
    row,
    time,
)
from .week import MAX_WINDOWS, Window, apart, span

MAX_INTERVALS: Final = 96
MAX_STEPS: Final = 16
MAX_PREFERRED: Final = 16
MAX_WITHDRAWN: Final = 64
type Side = Literal["bid", "ask"]
type Step = tuple[int, int]
"""A limit price and a quantity of Wh."""
type Slot = tuple[int, Side]
"""The start of an interval and a side of its book."""

COLUMNS: Final[dict[Side, str]] = {"bid": "bids", "ask": "asks"}


class Curve(NamedTuple):
    """What a member would trade on one side of one interval: each step at its limit or better."""

    start: int
    side: Side
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """Curves for up to 96 intervals of one market; each replaces the one before it.

    A curve without steps holds back the standing order too.
    """

    KIND: ClassVar[str] = "order"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("trading",)

    market: str
    curves: tuple[Curve, ...]
    """By start, bid before ask."""

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        starts = sorted({curve.start for curve in self.curves})
        body: dict[str, object] = {"market": self.market, "starts": starts}
        for side, column in COLUMNS.items():
            flat = {c.start: _flat(c.steps) for c in self.curves if c.side == side}
            if flat:
                body[column] = [flat.get(start) for start in starts]
        return body

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read the columns: a curve, or None, for each start and side."""
        market = fields.text("market", MARKET)
        starts = fields.array("starts", MAX_INTERVALS, time, least=1)
        ascending(starts, int, "body.starts")
        curves: list[Curve] = []
        for side, column in COLUMNS.items():
            if column in fields:
                curves += _column(fields.take(column), f"body.{column}", side, starts)
        if len({curve.start for curve in curves}) < len(starts):
            msg = "body.starts has an interval with neither bids nor asks"
            raise BodyError(msg)
        return cls(market, tuple(sorted(curves, key=_place)))


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Takes orders back, so that the standing order holds again; flexible orders by their hash."""

    KIND: ClassVar[str] = "cancellation"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("trading",)

    market: str
    slots: tuple[Slot, ...] = ()
    flexible: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        return {"market": self.market, "slots": self.slots, "flexible": self.flexible}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read what is taken back: something."""
        market = fields.text("market", MARKET)
        slots = fields.array("slots", 2 * MAX_INTERVALS, _slot)
        ascending(slots, _place, "body.slots")
        flexible = fields.array("flexible", MAX_WITHDRAWN, hash_text)
        if not slots and not flexible:
            msg = "body takes nothing back: slots and flexible are both empty"
            raise BodyError(msg)
        return cls(market, slots, flexible)


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """What holds where there is no order, until replaced; without steps it is withdrawn.

    It holds in intervals that begin inside one of the weekly windows, or in all if it has none.
    """

    KIND: ClassVar[str] = "standing_order"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("trading",)

    market: str
    side: Side
    steps: tuple[Step, ...]
    windows: tuple[Window, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        return {
            "market": self.market,
            "side": self.side,
            "steps": _flat(self.steps),
            "windows": self.windows,
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read one side's rule."""
        market = fields.text("market", MARKET)
        side = _side(fields.take("side"), "body.side")
        steps = _steps(fields.take("steps"), "body.steps", side)
        windows = fields.array("windows", MAX_WINDOWS, _window)
        apart(windows, "body.windows")
        return cls(market, side, steps, windows)


@dataclass(frozen=True, slots=True)
class FlexibleOrder:
    """Energy wanted at any time of a span, at no more than a power and a price: a car's charge."""

    KIND: ClassVar[str] = "flexible_order"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("trading",)

    market: str
    energy: int
    power: int
    price: int
    begin: int
    end: int

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        return {
            "market": self.market,
            "energy": self.energy,
            "power": self.power,
            "price": self.price,
            "begin": self.begin,
            "end": self.end,
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read the wish."""
        order = cls(
            fields.text("market", MARKET),
            fields.integer("energy", 1, MAX_ENERGY),
            fields.integer("power", 1, MAX_ENERGY),
            fields.integer("price", -MAX_PRICE, MAX_PRICE),
            fields.time("begin"),
            fields.time("end"),
        )
        if order.begin >= order.end:
            msg = "body.end must be later than body.begin"
            raise BodyError(msg)
        return order


@dataclass(frozen=True, slots=True)
class Preference:
    """The homes whose energy a member would have first, best first; replaces the one before."""

    KIND: ClassVar[str] = "preference"
    STREAMS: ClassVar[tuple[Stream, ...]] = ("trading",)

    market: str
    members: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        return {"market": self.market, "members": self.members}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read the members, each once."""
        market = fields.text("market", MARKET)
        members = fields.array("members", MAX_PREFERRED, identifier)
        if len(set(members)) < len(members):
            msg = "body.members names a member twice"
            raise BodyError(msg)
        return cls(market, members)


def _window(value: object, path: str) -> Window:
    begin, end = row(value, path, 2)
    return span(begin, end, path)


def _place(slot: tuple[int, Side, *tuple[object, ...]]) -> int:
    """Order by time, bid before ask."""
    return 2 * slot[0] + (slot[1] == "ask")


def _column(value: object, path: str, side: Side, starts: tuple[int, ...]) -> list[Curve]:
    if not isinstance(value, list) or len(value) != len(starts):
        msg = f"{path} is not an array of {len(starts)} values, as body.starts is"
        raise BodyError(msg)
    return [
        Curve(start, side, _steps(steps, f"{path}[{at}]", side))
        for at, (start, steps) in enumerate(zip(starts, value, strict=True))
        if steps is not None
    ]


def _slot(value: object, path: str) -> Slot:
    start, side = row(value, path, 2)
    return time(start, f"{path}[0]"), _side(side, f"{path}[1]")


def _side(value: object, path: str) -> Side:
    if not isinstance(value, str) or value not in COLUMNS:
        msg = f"{path} is neither bid nor ask"
        raise BodyError(msg)
    return value


def _flat(steps: tuple[Step, ...]) -> list[int]:
    return [number for step in steps for number in step]


def _steps(value: object, path: str, side: Side) -> tuple[Step, ...]:
    """Read price, Wh, price, Wh ... from the best price on: bids fall, asks rise."""
    if not isinstance(value, list) or len(value) % 2 or len(value) > 2 * MAX_STEPS:
        msg = f"{path} is not an array of price, Wh, price, Wh ... of up to {MAX_STEPS} steps"
        raise BodyError(msg)
    prices, quantities = value[::2], value[1::2]
    if value and not _within_bounds(value, prices, quantities):
        for at, price in enumerate(prices):
            integer(price, f"{path}[{2 * at}]", -MAX_PRICE, MAX_PRICE)
        for at, quantity in enumerate(quantities):
            integer(quantity, f"{path}[{2 * at + 1}]", 1, MAX_ENERGY)
    if sorted(set(prices), reverse=side == "bid") != prices:
        msg = f"{path} has prices that do not {'fall' if side == 'bid' else 'rise'} step by step"
        raise BodyError(msg)
    if sum(quantities) > MAX_ENERGY:
        msg = f"{path} has more than {MAX_ENERGY} Wh in all"
        raise BodyError(msg)
    return tuple(zip(prices, quantities, strict=True))


def _within_bounds(value: list[object], prices: list[int], quantities: list[int]) -> bool:
    """Check all numbers at once, since an order has hundreds."""
    return (
        set(map(type, value)) == {int}
        and min(prices) >= -MAX_PRICE
        and max(prices) <= MAX_PRICE
        and min(quantities) >= 1
        and max(quantities) <= MAX_ENERGY
    )
