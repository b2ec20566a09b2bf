"""All orders of one market, by who gave them, and which interval's turn is next."""

from typing import Final

from depin_protocol.durations import DAY
from depin_protocol.encoding import decode_json, encode_json
from depin_protocol.statements.fields import MAX_TIME
from depin_protocol.statements.week import Window, minute_of_week
from settlement_node.market.rules.market import Market
from settlement_node.market.trading.trader import Trader, is_inside
from settlement_node.store.tables import Row, Table, binary, text

TURN: Final = Table("market_turn", text("market"), binary("data"))

STANDING_AHEAD: Final = DAY
"""So long before it begins an interval opens to standing orders."""

_WEEK: Final = 7 * DAY


class MarketOrders:
    """A market's orders in effect.

    Before `gated` every interval had its gate, or nobody wanted anything in it. Standing orders
    have reserved for all intervals before `opened`. Between an interval's gate and its clearing it
    is `closing`.
    """

    def __init__(self, grid: Market) -> None:
        """Begin without orders."""
        self.grid = grid
        self.traders: dict[str, Trader] = {}
        self.reserved: dict[int, dict[str, bytes]] = {}
        """Each member's reservation for an interval."""
        self.gated = 0
        self.opened = 0
        self.closing: int | None = None
        self._lasting = 0
        self._speaking: dict[int, int] = {}
        self._steps: dict[int, int] = {}
        # Looked for among all traders, so kept until one's standing or flexible orders change.
        self._standing_from: dict[int, int | None] = {}
        self._flexible_from: dict[int, int | None] = {}

    def add(self, trader: Trader) -> None:
        """Take a trader in, or what has become of one."""
        before = self.traders.get(trader.member) or Trader(trader.member)
        self._count(before, -1)
        self.traders[trader.member] = trader
        self._count(trader, 1)
        self._look_anew(before, trader)

    def remove(self, member: str) -> None:
        """Take a member's orders out."""
        trader = self.traders.pop(member, None)
        if trader is not None:
            self._count(trader, -1)
            self._look_anew(trader, Trader(member))

    def pass_by(self, until: int) -> None:
        """Drop what was wanted before an interval, which then is the next that can have a gate."""
        self.gated = max(self.gated, until)
        self.opened = max(self.opened, until)
        for start in [start for start in self._speaking if start < until]:
            del self._speaking[start], self._steps[start]
            for trader in self.traders.values():
                trader.curves.pop(start, None)
        for start in [start for start in self.reserved if start < until]:
            del self.reserved[start]

    def steps_in(self, start: int) -> int:
        """Count the steps that an interval's book may come to: a flexible order has two."""
        return self._steps.get(start, 0) + self._lasting

    def next_gate(self) -> int | None:
        """Return the next interval in which anybody wants, or has reserved, anything."""
        firsts = (self._first_standing(self.gated), self._first_flexible(self.gated))
        found = [*self._speaking, *self.reserved, *(one for one in firsts if one is not None)]
        return min(found, default=None)

    def next_opening(self) -> int | None:
        """Return the next interval for which standing orders are to reserve."""
        return self._first_standing(self.opened)

    def row(self) -> Row:
        """Return the row of whose turn is next."""
        data = {"gated": self.gated, "opened": self.opened, "closing": self.closing}
        return self.grid.name, encode_json(data)

    def read(self, row: Row) -> None:
        """Read whose turn is next."""
        _, data = row
        if not isinstance(data, bytes):
            raise TypeError(f"not the row of a market's turn: {row!r}"[:200])
        said = decode_json(data)
        self.gated, self.opened = int(said["gated"]), int(said["opened"])
        self.closing = None if said["closing"] is None else int(said["closing"])

    def _look_anew(self, before: Trader, after: Trader) -> None:
        if before.standing != after.standing:
            self._standing_from.clear()
        if before.flexible != after.flexible:
            self._flexible_from.clear()

    def _count(self, trader: Trader, sign: int) -> None:
        standing = sum(len(one.steps) for told in trader.standing.values() for one in told)
        self._lasting += sign * (standing + 2 * len(trader.flexible))
        for start, curves in trader.curves.items():
            steps = sum(len(curve or ()) for curve in curves.values())
            self._steps[start] = self._steps.get(start, 0) + sign * steps
            self._speaking[start] = self._speaking.get(start, 0) + sign
            if not self._speaking[start]:
                del self._speaking[start], self._steps[start]

    def _first_standing(self, start: int) -> int | None:
        """Find the first interval from one on in which a standing order holds."""
        if start not in self._standing_from:
            self._standing_from[start] = self._first_inside(start)
        return self._standing_from[start]

    def _first_inside(self, start: int) -> int | None:
        spans = self._spans(start)
        if not spans:
            return None
        candidate = max(start, min(begin for begin, _, _ in spans))
        end = candidate + _WEEK
        while candidate <= end:
            minute = minute_of_week(candidate)
            for begin, until, windows in spans:
                if begin <= candidate < until and is_inside(minute, windows):
                    return candidate
            candidate = self.grid.next(candidate)
        return None

    def _spans(self, start: int) -> set[tuple[int, int, tuple[Window, ...]]]:
        """Say from when until when, in which windows, anybody's standing order holds."""
        spans = set()
        for trader in self.traders.values():
            for orders in trader.standing.values():
                ends = [*(one.since for one in orders[1:]), MAX_TIME]
                for one, end in zip(orders, ends, strict=True):
                    if one.steps and end > start:
                        spans.add((max(start, one.since), end, one.windows))
        return spans

    def _first_flexible(self, start: int) -> int | None:
        """Find the first interval from one on in which a flexible order is placed."""
        if start not in self._flexible_from:
            begins = (
                max(start, one.since)
                for trader in self.traders.values()
                for one in trader.flexible.values()
                if start < one.order.end
            )
            self._flexible_from[start] = min(begins, default=None)
        return self._flexible_from[start]
