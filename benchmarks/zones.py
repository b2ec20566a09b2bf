"""Prints what clearing a market of zones costs, beside HiGHS on the same market.

HiGHS solves it as a linear program: one balance for each zone, one variable for each order and for
each way of an edge. It gives what the market is worth, so both must find the same; prices, fills
by the rule and proofs it does not give.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter

import highspy
import numpy as np

from depin_protocol.bounds import MAX_ENERGY
from depin_protocol.clearing.book import Book, Side
from depin_protocol.clearing.zone_tree import Way, Zone, ZoneTree
from depin_protocol.clearing.zones import MarketClearing, clear_market

SIZES = ((1, 100_000), (10, 1_000), (10, 10_000), (10, 100_000), (100, 10_000), (100, 100_000))
SHAPES: dict[str, Callable[[int], int]] = {
    "star": lambda _: 0,
    "binary": lambda child: (child - 1) // 2,
    "chain": lambda child: child - 1,
}
CAPACITIES = (20_000, MAX_ENERGY)
FEES = (0, 1_000, 5_000)
LEVELS, MOST_WH = 300_000, 5_000
ROUNDS = 5
SOLVER_LIMIT_S = 10.0
# HiGHS works in floats, so what it finds is compared to a part in so many.
PARTS = 10**7
AIM, MOST_SECONDS = (100, 100_000), 1.0


@dataclass(frozen=True)
class Market:
    """A tree and its books."""

    tree: ZoneTree
    books: Mapping[str, Book]


def draw(zones: int, orders: int, shape: str, capacity: int) -> Market:
    """Draw a market whose zones have equally many orders, half bids and half asks."""
    random = np.random.default_rng(zones + orders)
    half = orders // zones // 2

    def way() -> Way:
        return Way(int(random.choice(FEES)), capacity)

    def side() -> Side:
        return Side(
            price=random.integers(0, LEVELS, half, endpoint=True),
            wh=random.integers(1, MOST_WH, half, endpoint=True),
            member=np.arange(half),
        )

    tree = [Zone("0")]
    tree += [Zone(f"{at}", f"{SHAPES[shape](at)}", way(), way()) for at in range(1, zones)]
    return Market(ZoneTree(tuple(tree)), {zone.name: Book(side(), side()) for zone in tree})


def worth(market: Market, cleared: MarketClearing) -> int:
    """Add up what the filled orders are worth, less the fees."""
    total = -cleared.fees
    for name, book in market.books.items():
        zone = cleared.zones[name]
        total += int(book.bids.price @ zone.bid_fills) - int(book.asks.price @ zone.ask_fills)
    return total


def solve(market: Market) -> tuple[float, float] | None:
    """Take HiGHS's time, in seconds, and what it finds the market to be worth; None if too long."""
    program = _program(market)
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    solver.setOptionValue("time_limit", SOLVER_LIMIT_S)
    solver.passModel(program)
    begun = perf_counter()
    solver.run()
    seconds = perf_counter() - begun
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return seconds, solver.getInfo().objective_function_value


def _program(market: Market) -> highspy.HighsLp:
    row = {zone.name: number for number, zone in enumerate(market.tree.zones)}
    sides = [
        (row[name], side, sign)
        for name, book in market.books.items()
        for side, sign in ((book.bids, 1), (book.asks, -1))
    ]
    edges = market.tree.edges()
    costs = [side.price * sign for _, side, sign in sides]
    most = [side.wh for _, side, _ in sides]
    rows = [np.full(side.wh.size, zone) for zone, side, _ in sides]
    signs = [np.full(side.wh.size, sign) for _, side, sign in sides]
    orders = sum(side.wh.size for _, side, _ in sides)
    for zone, parent in edges:
        lower, upper = row[zone.name], row[parent]
        costs.append(np.array([-zone.up.fee, -zone.down.fee]))
        most.append(np.array([zone.up.capacity, zone.down.capacity]))
        rows.append(np.array([lower, upper, upper, lower]))
        signs.append(np.array([1, -1, 1, -1]))
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = orders + 2 * len(edges), len(row)
    program.sense_ = highspy.ObjSense.kMaximize
    program.col_cost_ = np.concatenate(costs).astype(np.float64)
    program.col_lower_ = np.zeros(program.num_col_)
    program.col_upper_ = np.concatenate(most).astype(np.float64)
    program.row_lower_ = program.row_upper_ = np.zeros(len(row))
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    entries = np.concatenate([np.ones(orders), np.full(2 * len(edges), 2)])
    program.a_matrix_.start_ = np.concatenate([[0], entries.cumsum()]).astype(np.int32)
    program.a_matrix_.index_ = np.concatenate(rows).astype(np.int32)
    program.a_matrix_.value_ = np.concatenate(signs).astype(np.float64)
    return program


@dataclass(frozen=True, slots=True)
class Row:
    """What one market took, in seconds; None where HiGHS was not measured."""

    zones: int
    orders: int
    shape: str
    capacity: int
    ours: float
    solver: float | None
    is_same: bool


def measure(zones: int, orders: int, shape: str, capacity: int, *, beside: bool) -> Row:
    """Clear one market a few times, and have HiGHS solve it too."""
    market = draw(zones, orders, shape, capacity)
    times = []
    for _ in range(ROUNDS):
        begun = perf_counter()
        cleared = clear_market(market.tree, market.books)
        times.append(perf_counter() - begun)
    solved = solve(market) if beside else None
    if solved is None:
        return Row(zones, orders, shape, capacity, min(times), None, is_same=True)
    seconds, found = solved
    ours = worth(market, cleared)
    is_same = abs(found - ours) * PARTS <= ours
    return Row(zones, orders, shape, capacity, min(times), seconds, is_same)


def main() -> None:
    """Print the table, and say what of it was aimed at."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    rows: list[Row] = []
    print(f"One clearing in milliseconds, with prices, flows and all fills; best of {ROUNDS}")
    print(f"{'zones':>6} {'orders':>9} {'tree':>7} {'Wh an edge':>13} {'ours':>9} {'HiGHS':>9}")
    for zones, orders in SIZES:
        for shape in SHAPES if zones > 1 else ("star",):
            for capacity in CAPACITIES if zones > 1 else CAPACITIES[:1]:
                beside = all(row.solver is not None for row in rows if row.orders < orders)
                row = measure(zones, orders, shape, capacity, beside=beside)
                rows.append(row)
                solver = "too long" if row.solver is None else f"{row.solver * 1e3:,.1f}"
                print(
                    f"{zones:>6} {orders:>9,} {shape:>7} {capacity:>13,}",
                    f"{row.ours * 1e3:>9,.1f} {solver:>9}",
                )
    print(f"HiGHS is not measured with more orders than took it {SOLVER_LIMIT_S:.0f} s.")
    same = all(row.is_same for row in rows)
    print("HiGHS finds the same worth" if same else "MISSED: HiGHS finds another worth")
    slowest = max(row.ours for row in rows if (row.zones, row.orders) == AIM)
    aim = f"{AIM[1]:,} orders in {AIM[0]} zones in less than {MOST_SECONDS:.0f} s, in any tree"
    print(f"{'holds' if slowest < MOST_SECONDS else 'MISSED'}: {aim}")


if __name__ == "__main__":
    main()
