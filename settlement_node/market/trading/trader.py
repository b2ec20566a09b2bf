"""What one member wants in a market: its curves, its standing orders, its flexible orders."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Self

from depin_protocol.bounds import MAX_ENERGY
from depin_protocol.encoding import decode_json, encode_json, from_text, to_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.statements.fields import HASH, MAX_TIME, BodyError, Fields
from depin_protocol.statements.trading import COLUMNS, FlexibleOrder, Side, Step
from depin_protocol.statements.week import Window, minute_of_week
from settlement_node.store.tables import Row, Table, binary, text

TRADER: Final = Table("trader", (*text("market"), *binary("member")), binary("data"))

SIDES: Final[tuple[Side, ...]] = tuple(COLUMNS)

type Steps = tuple[Step, ...]
type Curves = dict[Side, Steps | None]
"""None where the money, or the band, kept a curve or the standing order out of the interval."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A standing order, from an interval on; without steps there is none from then on."""

    since: int
    steps: Steps
    windows: tuple[Window, ...] = ()

    def holds_in(self, start: int) -> bool:
        """Tell whether it speaks of an interval that begins then."""
        return bool(self.steps) and is_inside(minute_of_week(start), self.windows)


def is_inside(minute: int, windows: tuple[Window, ...]) -> bool:
    """Tell whether a minute of the week is in one of these windows; without any, each is."""
    return not windows or any(begin <= minute < end for begin, end in windows)


@dataclass(frozen=True, slots=True)
class Flexible:
    """A flexible order, the first interval that it is placed in, and what it was given so far."""

    name: str
    order: FlexibleOrder
    since: int
    said: tuple[int, int]
    """When, and as which entry: flexible orders are placed in this order."""
    taken: int = 0

    @property
    def left(self) -> int:
        """What it still wants."""
        return self.order.energy - self.taken


@dataclass(slots=True)
class Trader:
    """A member in a market; `row` is what was written of it last.

    Curves of intervals whose gate has passed are dropped from memory, and from the row when it is
    written again: else each gate would write every trader.
    """

    member: str
    curves: dict[int, Curves] = field(default_factory=dict)
    standing: dict[Side, tuple[Standing, ...]] = field(default_factory=dict)
    flexible: dict[str, Flexible] = field(default_factory=dict)
    row: Row | None = None

    def copy(self) -> Self:
        """Return another that can be altered."""
        return replace(
            self,
            curves={start: dict(curves) for start, curves in self.curves.items()},
            standing=dict(self.standing),
            flexible=dict(self.flexible),
        )

    @property
    def wants_nothing(self) -> bool:
        """Tell whether there is nothing to keep."""
        return not (self.curves or self.standing or self.flexible)

    def steps(self, start: int, side: Side) -> Steps:
        """Return the curve that is in effect: the order's, else the standing order's."""
        told = self.curves.get(start)
        if told is not None and side in told:
            return told[side] or ()
        return self.standing_steps(start, side)

    def standing_steps(self, start: int, side: Side) -> Steps:
        """Return what the standing order says of an interval."""
        for one in reversed(self.standing.get(side, ())):
            if start >= one.since:
                return one.steps if one.holds_in(start) else ()
        return ()

    def hold_back(self, start: int, sides: Iterable[Side]) -> None:
        """Keep these sides' curves out of an interval."""
        self.curves.setdefault(start, {}).update(dict.fromkeys(sides))

    def stand(self, side: Side, order: Standing, gated: int) -> None:
        """Let a standing order hold from its first interval on; forget those long replaced."""
        kept = [one for one in self.standing.get(side, ()) if one.since < order.since]
        # Of those before the next gate only the last still says anything.
        while len(kept) > 1 and kept[1].since <= gated:
            del kept[0]
        if order.since <= gated:
            kept = []
        if order.steps or kept:
            self.standing[side] = (*kept, order)
        else:
            self.standing.pop(side, None)

    def written(self, market: str) -> Row:
        """Return the row of what is wanted from now on."""
        data = {
            "curves": [
                [
                    start,
                    {
                        side: None if steps is None else flat(steps)
                        for side, steps in sorted(curves.items())
                    },
                ]
                for start, curves in sorted(self.curves.items())
            ],
            "standing": {
                side: [[one.since, flat(one.steps), one.windows] for one in orders]
                for side, orders in sorted(self.standing.items())
            },
            "flexible": [
                [one.name, one.since, *one.said, one.taken, one.order.to_json()]
                for one in sorted(self.flexible.values(), key=lambda one: one.said)
            ],
        }
        return market, from_text(self.member, ID_LENGTH), encode_json(data)

    @classmethod
    def read(cls, row: Row, gated: int) -> Self:
        """Read a row, without the curves of intervals before the next gate."""
        _, member, data = row
        if not isinstance(member, bytes) or not isinstance(data, bytes):
            raise TypeError(f"not the row of a trader: {row!r}"[:200])
        said = decode_json(data)
        trader = cls(to_text(member), row=row)
        for start, curves in said["curves"]:
            if start >= gated:
                trader.curves[start] = {_side(side): _steps(flat) for side, flat in curves.items()}
        for side, orders in said["standing"].items():
            trader.standing[_side(side)] = tuple(
                Standing(since, _steps(flat) or (), tuple(map(tuple, windows)))
                for since, flat, windows in orders
            )
        for one in map(_flexible, said["flexible"]):
            trader.flexible[one.name] = one
        return trader


def flat(steps: Steps) -> list[int]:
    """Write a curve as price, Wh, price, Wh ..."""
    return [number for step in steps for number in step]


def _steps(flat: list[int] | None) -> Steps | None:
    return None if flat is None else tuple(zip(flat[::2], flat[1::2], strict=True))


def _side(name: str) -> Side:
    for side in SIDES:
        if side == name:
            return side
    raise BodyError(f"{name[:20]!r} is neither bid nor ask")


def _flexible(value: list[object]) -> Flexible:
    name, since, at, index, taken, order = value
    fields = Fields(
        {"name": name, "since": since, "at": at, "index": index, "taken": taken}, "flexible"
    )
    return Flexible(
        fields.text("name", HASH),
        FlexibleOrder.read(Fields(order, "flexible.order")),
        fields.integer("since", 0, MAX_TIME),
        (fields.integer("at", 0, MAX_TIME), fields.integer("index", 0, MAX_TIME)),
        fields.integer("taken", 0, MAX_ENERGY),
    )
