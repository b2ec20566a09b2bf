"""The worked examples: a calculator reaches every figure, and so does the code, to the nano."""

from pathlib import Path
from typing import Final

import pytest

from depin_protocol.clearing.book import Book, Order
from depin_protocol.clearing.flexible import Delivery, flexible_bid
from depin_protocol.clearing.zone_tree import Way, Zone, ZoneTree
from depin_protocol.clearing.zones import clear_market
from depin_protocol.rules.member_terms import WHOLE, MemberTerms
from depin_protocol.settlement.correcting import corrected
from depin_protocol.settlement.metered import NOTHING_TOLD, Metered
from depin_protocol.settlement.settled_member import Prices, SettledMember, Traded
from depin_protocol.statements.trading import FlexibleOrder
from tests.node.examples.page import HERE, Table, read
from tests.node.examples.settled_page import OF_A_MEMBER, OF_ALL, settled_page

HOUR: Final = 3_600_000
PRICES: Final = ("price", "reference retail price", "reference feed-in price", "pool price")
"""What a Wh cost that was traded, not delivered, not used, pooled."""
PAGES: Final = sorted(page for page in HERE.glob("*.md") if page.name != "README.md")


def named(page: Path) -> str:
    return page.stem


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_calculator_reaches_every_figure(page: Path) -> None:
    rows = [row for table in read(page).values() for row in table.rows.values()]
    worked = [cell for row in rows for cell in row.values() if cell.steps]
    for cell in worked:
        assert cell.reached() == [cell.figure] * len(cell.steps), cell
    assert worked


@pytest.mark.parametrize("page", [page for page in PAGES if "comes to" in read(page)], ids=named)
def test_the_code_settles_it_to_the_nano(page: Path) -> None:
    tables = read(page)
    settled = settled_page(tables)
    lines = dict(zip(tables["given"].columns, settled.members, strict=True))
    for name, row in tables["comes to"].rows.items():
        for home, cell in row.items():
            assert OF_A_MEMBER[name](lines[home]) == cell.figure, (name, home)
    for name, row in tables["accounts"].rows.items():
        assert OF_ALL[name](settled) == row["figure"].figure, name


@pytest.mark.parametrize("page", [page for page in PAGES if "order" in read(page)], ids=named)
def test_the_code_clears_it(page: Path) -> None:
    tables = read(page)
    orders = tables["order"]
    tree = tree_of(tables.get("zone"))
    homes = list(orders.rows)
    books = {}
    for zone in tree.zones:
        here = {
            home: row
            for home, row in orders.rows.items()
            if "zone" not in row or row["zone"].text == zone.name
        }
        sides = {
            side: [
                Order(row["Wh"].figure, row["limit"].figure, homes.index(home))
                for home, row in here.items()
                if row["side"].text == side
            ]
            for side in ("bid", "ask")
        }
        books[zone.name] = Book.of(sides["bid"], sides["ask"])
    cleared = clear_market(tree, books)
    for zone in tree.zones:
        found = cleared.zones[zone.name]
        for side, members, fills in (
            ("bid", books[zone.name].bids.member, found.bid_fills),
            ("ask", books[zone.name].asks.member, found.ask_fills),
        ):
            for member, filled in zip(members.tolist(), fills.tolist(), strict=True):
                row = orders.rows[homes[member]]
                assert (row["side"].text, row["filled"].figure) == (side, filled), homes[member]
    comes_to = {name: row["figure"].figure for name, row in tables["clearing"].rows.items()}
    if "zone" in tables:
        prices = {name: row["figure"].figure for name, row in tables["price"].rows.items()}
        assert {name: zone.price for name, zone in cleared.zones.items()} == prices
        assert comes_to == {
            "crosses up": cleared.outcome.flows["hill"],
            "fees": cleared.fees,
            "rent": cleared.rent,
        }
    else:
        (only,) = cleared.zones.values()
        assert only.band is not None
        assert comes_to == {
            "lowest price": only.band[0],
            "highest price": only.band[1],
            "price": only.price,
            "volume": only.volume,
        }


def test_the_code_corrects_it_to_the_nano() -> None:
    tables = read(HERE / "correction.md")
    given, told, market = tables["given"], tables["told later"], tables["market"]
    first = settled_page(tables)
    prices = Prices(*(market.row(name)["figure"].figure for name in PRICES))
    booked = 0
    for home, lines in zip(given.columns, first.members, strict=True):

        def metered(table: Table, home: str = home) -> Metered:
            return Metered(table.row("imported")[home].figure, table.row("exported")[home].figure)

        retail, feed_in = (given.row(name)[home].figure for name in ("retail", "feed-in"))
        terms = MemberTerms(retail, feed_in, "", 0, WHOLE, 0)
        before = SettledMember(
            home, terms, Traded(), (), NOTHING_TOLD, metered(given), 0, prices, lines
        )
        after = corrected(before, (), NOTHING_TOLD, metered(told))
        for name, row in tables["corrected"].rows.items():
            assert OF_A_MEMBER[name](after.lines) == row[home].figure, (name, home)
        booked += after.owes - before.owes
    assert booked == tables["booked"].row("from Ada to balancing")["figure"].figure


def test_a_car_bids_what_its_page_says() -> None:
    tables = read(HERE / "flexible_night.md")
    wish = {name: row["figure"].figure for name, row in tables["wish"].rows.items()}
    order = FlexibleOrder(
        "street", wish["energy"], wish["power"], wish["limit"], 0, wish["intervals"] * HOUR
    )

    def bids(hour: int, taken: int) -> tuple[tuple[int, int], ...]:
        delivery = Delivery(hour * HOUR, HOUR, wish["lowest price"], 2**40, wish["tick"])
        return flexible_bid(order, taken, delivery)

    taken = 0
    for hour, row in enumerate(tables["hour"].rows.values()):
        assert row["left"].figure == order.energy - taken
        assert bids(hour, taken) == ((row["bid"].figure, row["Wh"].figure),)
        is_filled = row["bid"].figure >= row["price of the hour"].figure
        assert row["filled"].figure == is_filled * row["Wh"].figure
        taken += row["filled"].figure
    assert taken == order.energy
    late = tables["late"].rows
    left = late["can wait"]["left"].figure
    assert bids(wish["intervals"] - 2, order.energy - left) == tuple(
        (row["bid"].figure, row["Wh"].figure) for row in late.values()
    )


def tree_of(table: Table | None) -> ZoneTree:
    """Read the zones of a page."""
    if table is None:
        return ZoneTree.single("")
    return ZoneTree(
        tuple(
            Zone(
                name,
                row["above it"].text,
                Way(row["fee up"].figure, row["most up"].figure),
                Way(row["fee down"].figure, row["most down"].figure),
            )
            if row
            else Zone(name)
            for name, row in table.rows.items()
        )
    )


def test_the_list_of_pages_names_each() -> None:
    listed = (HERE / "README.md").read_text()
    assert all(f"({page.name})" in listed for page in PAGES)
