"""Markets of zones for the clearing's tests, and the same as a linear program."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

import highspy
import numpy as np
from hypothesis import strategies as st

from depin_protocol.clearing.book import Book, Order
from depin_protocol.clearing.zone_tree import Way, Zone, ZoneTree
from depin_protocol.clearing.zones import MarketClearing
from tests.protocol.drawn_books import HIGHEST, LOWEST

MEMBERS: Final = 5


@dataclass(frozen=True)
class Market:
    """A tree, and a book for each of its zones."""

    tree: ZoneTree
    books: Mapping[str, Book]


def drawn_market(random: Random, parents: list[int]) -> Market:
    """Draw a market whose zone i + 1 lies below zone `parents[i]`."""
    names = random.sample("abcdefghijklmnopqrstuvwxyz", len(parents) + 1)
    zones = [Zone(names[0])]
    for child, parent in enumerate(parents, 1):
        zones.append(Zone(names[child], names[parent], drawn_way(random), drawn_way(random)))
    span = random.choice([1, 3, HIGHEST])
    books = {name: Book.of(drawn_side(random, span), drawn_side(random, span)) for name in names}
    return Market(ZoneTree(tuple(random.sample(zones, len(zones)))), books)


def drawn_way(random: Random) -> Way:
    fee = random.choice([0, 0, 0, 1, 2, 3, 2 * (HIGHEST - LOWEST)])
    return Way(fee, random.choice([0, 1, 5, random.randint(0, 30), 1000]))


def drawn_side(random: Random, span: int) -> list[Order]:
    count = random.choice([0, 1, 2, 2, 3, 5])
    return [
        Order(random.randint(1, 9), random.randint(-span, span), random.randrange(MEMBERS))
        for _ in range(count)
    ]


def drawn_parents(random: Random, most: int = 7) -> list[int]:
    """Draw the shape of a tree: now and then a chain or a star."""
    size = random.randint(1, most)
    shape = random.randrange(4)
    if shape == 0:
        return list(range(size - 1))
    if shape == 1:
        return [0] * (size - 1)
    return [random.randint(0, child) for child in range(size - 1)]


@st.composite
def markets(draw: st.DrawFn, most: int = 7) -> Market:
    """Draw a market of a few zones."""
    random = draw(st.randoms(use_true_random=False))
    return drawn_market(random, drawn_parents(random, most))


def welfare(market: Market, cleared: MarketClearing) -> int:
    """Add up what the filled orders are worth, less the fees."""
    worth = -cleared.fees
    for name, book in market.books.items():
        zone = cleared.zones[name]
        worth += int((book.bids.price * zone.bid_fills).sum())
        worth -= int((book.asks.price * zone.ask_fills).sum())
    return worth


def best(market: Market, *, quarters: int = 1, lean: int = 0) -> int:
    """Solve a market by HiGHS: what the best flows are worth, each trade leaning into being made.

    Prices count `quarters` times; bids count `lean` more then, and asks as much less.
    """
    costs: list[int] = []
    most: list[int] = []
    rows: dict[str, list[tuple[int, int]]] = {zone.name: [] for zone in market.tree.zones}

    def variable(cost: int, limit: int) -> int:
        costs.append(cost)
        most.append(limit)
        return len(costs) - 1

    for name, book in market.books.items():
        for side, sign in ((book.bids, 1), (book.asks, -1)):
            for price, wh in zip(side.price.tolist(), side.wh.tolist(), strict=True):
                rows[name].append((variable(sign * price * quarters + lean, wh), sign))
    for zone, parent in market.tree.edges():
        for way, source, sink in ((zone.up, zone.name, parent), (zone.down, parent, zone.name)):
            flow = variable(-way.fee * quarters, way.capacity)
            rows[source].append((flow, 1))
            rows[sink].append((flow, -1))
    return solved(costs, most, list(rows.values()))


def price_range(market: Market, cleared: MarketClearing, name: str) -> tuple[int, int]:
    """Find a zone's lowest and highest price, by what each fill and each flow alone demands."""
    # (one, other, rise): the price of the other is at least that of the one and the rise.
    # The zone "" has the price 0, from which limits are measured.
    rules: list[tuple[str, str, int]] = []
    for zone, orders in market.books.items():
        result = cleared.zones[zone]
        for side, fills, sign in (
            (orders.bids, result.bid_fills, 1),
            (orders.asks, result.ask_fills, -1),
        ):
            rows = zip(side.price.tolist(), side.wh.tolist(), fills.tolist(), strict=True)
            for price, wh, fill in rows:
                if fill * sign > 0 or (sign < 0 and fill < wh):
                    rules.append((zone, "", -price))
                if fill * sign < 0 or (sign > 0 and fill < wh):
                    rules.append(("", zone, price))
    for lower, parent in market.tree.edges():
        flow = cleared.outcome.flows[lower.name]
        for way, used, source, sink in (
            (lower.up, max(flow, 0), lower.name, parent),
            (lower.down, max(-flow, 0), parent, lower.name),
        ):
            if used > 0:
                rules.append((source, sink, way.fee))
            if used < way.capacity:
                rules.append((sink, source, -way.fee))
    return farthest(rules, "", name), -farthest(rules, name, "")


def farthest(rules: list[tuple[str, str, int]], start: str, end: str) -> int:
    """Add up the largest rise from one place to another, over any rules between."""
    most = {start: 0}
    while True:
        before = dict(most)
        for one, other, rise in rules:
            if one in most:
                most[other] = max(most.get(other, most[one] + rise), most[one] + rise)
        if most == before:
            return most[end]


def solved(costs: list[int], most: list[int], rows: list[list[tuple[int, int]]]) -> int:
    if not costs:
        return 0
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(costs), len(rows)
    program.sense_ = highspy.ObjSense.kMaximize
    program.col_cost_ = np.array(costs, dtype=np.float64)
    program.col_lower_ = np.zeros(len(costs))
    program.col_upper_ = np.array(most, dtype=np.float64)
    program.row_lower_ = program.row_upper_ = np.zeros(len(rows))
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = np.cumsum([0, *map(len, rows)])
    program.a_matrix_.index_ = np.array([column for row in rows for column, _ in row])
    program.a_matrix_.value_ = np.array([sign for row in rows for _, sign in row], dtype=np.float64)
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    solver.passModel(program)
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return round(solver.getInfo().objective_function_value)
