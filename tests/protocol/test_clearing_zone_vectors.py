"""Our own vectors of markets of zones, in tests/vectors/zones.json; run to write them."""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from depin_protocol.bounds import MAX_ENERGY, MAX_PRICE
from depin_protocol.clearing.book import Book, Order
from depin_protocol.clearing.book_tree import BookTree, Context
from depin_protocol.clearing.proof import ClearingProof, check_zone, prove
from depin_protocol.clearing.pruned_tree import ProofError
from depin_protocol.clearing.pseudonym import pseudonym
from depin_protocol.clearing.zone_prices import Outcome
from depin_protocol.clearing.zone_tree import Way, Zone, ZoneError, ZoneTree
from depin_protocol.clearing.zones import MarketClearing, clear_market
from depin_protocol.encoding import from_text, to_text
from tests.protocol.drawn_zones import drawn_market, drawn_parents
from tests.protocol.own_vectors import as_json, committed, write

STREET, START = "street", 1_790_000_000_000
SALTS = [bytes(range(first, first + 16)) for first in range(8)]
NAMES = sorted(pseudonym(salt, STREET, START) for salt in SALTS)
OPEN = Way(0, 1000)

type Rows = list[list[int]]
type Books = dict[str, tuple[Rows, Rows]]
type Case = tuple[str, list[Zone], Books, tuple[int, int]]

CASES: list[Case] = [
    ("one zone", [Zone("town")], {"town": ([[5, 9, 0], [3, 7, 1]], [[6, 2, 2]])}, (1, 3)),
    (
        "a full edge earns a rent",
        [Zone("town"), Zone("street", "town", Way(2, 5), OPEN)],
        {"town": ([[8, 10, 0]], []), "street": ([], [[9, 3, 1]])},
        (1, 2),
    ),
    (
        "a fee as large as the spread",
        [Zone("town"), Zone("street", "town", Way(7, 99), Way(7, 99))],
        {"town": ([[4, 10, 0]], []), "street": ([], [[4, 3, 1]])},
        (1, 2),
    ),
    (
        "a fee larger than the spread",
        [Zone("town"), Zone("street", "town", Way(8, 99), Way(8, 99))],
        {"town": ([[4, 10, 0]], []), "street": ([], [[4, 3, 1]])},
        (1, 2),
    ),
    (
        "no capacity",
        [Zone("town"), Zone("street", "town")],
        {"town": ([[4, 10, 0]], []), "street": ([[2, 9, 2]], [[4, 3, 1]])},
        (1, 2),
    ),
    (
        "fees and capacities differ by direction",
        [Zone("town"), Zone("street", "town", Way(9, 9), Way(1, 3))],
        {"town": ([], [[9, 2, 0]]), "street": ([[5, 8, 1]], [])},
        (1, 2),
    ),
    (
        "what is left is shared by what the zones offer at the price",
        [Zone("town"), Zone("east", "town", OPEN, OPEN), Zone("west", "town", OPEN, OPEN)],
        {"town": ([[20, 9, 0]], []), "east": ([], [[30, 5, 1]]), "west": ([], [[10, 5, 2]])},
        (1, 2),
    ),
    (
        "an odd Wh goes by the book's place, then by name",
        [Zone("town"), Zone("b", "town", OPEN, OPEN), Zone("a", "town", OPEN, OPEN)],
        {"town": ([[2, 9, 0]], [[1, 5, 1]]), "a": ([], [[1, 5, 2]]), "b": ([], [[1, 5, 3]])},
        (1, 2),
    ),
    (
        "a capacity cuts what a zone offers at the price",
        [Zone("town"), Zone("east", "town", Way(0, 5), OPEN), Zone("west", "town", OPEN, OPEN)],
        {"town": ([[9, 9, 0]], []), "east": ([], [[30, 5, 1]]), "west": ([], [[10, 5, 2]])},
        (1, 2),
    ),
    (
        "bids at the price of asks, in another zone",
        [Zone("town"), Zone("street", "town", OPEN, OPEN)],
        {"town": ([[7, 5, 0], [2, 5, 1]], []), "street": ([[3, 5, 2]], [[6, 5, 3]])},
        (1, 2),
    ),
    (
        "past a zone without orders, and one that is left aside",
        [
            Zone("town"),
            Zone("street", "town", Way(1, 9), Way(1, 9)),
            Zone("farm", "street", Way(2, 9), Way(2, 9)),
            Zone("hamlet", "street", Way(50, 9), Way(50, 9)),
        ],
        {
            "town": ([[6, 10, 0]], []),
            "street": ([], []),
            "farm": ([], [[6, 1, 1]]),
            "hamlet": ([[5, 20, 2]], []),
        },
        (1, 2),
    ),
    (
        "below zero",
        [Zone("town"), Zone("street", "town", Way(1, 9), Way(1, 9))],
        {"town": ([[4, -2, 0]], []), "street": ([], [[6, -9, 1]])},
        (1, 2),
    ),
    (
        "at the bounds",
        [Zone("town"), Zone("street", "town", Way(MAX_PRICE, MAX_ENERGY), OPEN)],
        {
            "town": ([[MAX_ENERGY, MAX_PRICE, 0], [MAX_ENERGY, MAX_PRICE, 1]], []),
            "street": ([], [[MAX_ENERGY, -MAX_PRICE, 2], [MAX_ENERGY, -MAX_PRICE, 3]]),
        },
        (1, 2),
    ),
]


def vectors() -> dict[str, Any]:
    """Make every vector anew."""
    cases = [*CASES, *(drawn_case(seed) for seed in range(25))]
    return {
        "market": STREET,
        "interval_start": START,
        "tie_order": [to_text(name) for name in NAMES],
        "cleared": [cleared_case(*case) for case in cases],
        "refused": refused_cases(),
    }


def drawn_case(seed: int) -> Case:
    random = Random(seed)
    market = drawn_market(random, drawn_parents(random))
    books = {
        name: (
            rows(orders.bids.wh, orders.bids.price, orders.bids.member),
            rows(orders.asks.wh, orders.asks.price, orders.asks.member),
        )
        for name, orders in market.books.items()
    }
    return f"drawn {seed}", list(market.tree.zones), books, (random.randint(0, 4), 4)


def rows(*columns: Any) -> Rows:  # noqa: ANN401 - numpy's arrays
    return [list(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def book_of(sides: tuple[Rows, Rows]) -> Book:
    return Book.of(*([Order(*row) for row in side] for side in sides))


def tree_of(zone: str, book: Book) -> BookTree:
    return BookTree.of(Context(STREET, START, zone), book, NAMES)


def cleared_case(name: str, zones: list[Zone], given: Books, share: tuple[int, int]) -> Any:  # noqa: ANN401 - JSON
    books = {zone: book_of(sides) for zone, sides in given.items()}
    market = clear_market(ZoneTree(tuple(zones)), books, share)
    return {
        "name": name,
        "zones": [as_row(zone) for zone in zones],
        "seller_share": share,
        "books": {zone: {"bids": bids, "asks": asks} for zone, (bids, asks) in given.items()},
        "flows": market.outcome.flows,
        "fees": market.fees,
        "rent": market.rent,
        "cleared": {zone: zone_case(market, zone, books[zone]) for zone in given},
    }


def as_row(zone: Zone) -> dict[str, Any]:
    ways = {name: [way.fee, way.capacity] for name, way in (("up", zone.up), ("down", zone.down))}
    return {"name": zone.name, "parent": zone.parent, **(ways if zone.parent else {})}


def zone_case(market: MarketClearing, zone: str, book: Book) -> dict[str, Any]:
    clearing, tree = market.zones[zone], tree_of(zone, book)
    return {
        "price": clearing.price,
        "band": clearing.band,
        "limits": clearing.limits,
        "bought": clearing.bought,
        "sold": clearing.sold,
        "bid_fills": clearing.bid_fills.tolist(),
        "ask_fills": clearing.ask_fills.tolist(),
        "root": to_text(tree.root),
        "proof": to_text(prove(tree, clearing).encode()),
    }


def refused_cases() -> list[dict[str, Any]]:
    """Forge what a decision states of the market with a full edge; the homes named refuse it."""
    _, zones, given, _ = CASES[1]
    books = {zone: book_of(sides) for zone, sides in given.items()}
    market = clear_market(ZoneTree(tuple(zones)), books)
    true = market.outcome
    forged: list[tuple[str, str, dict[str, Any]]] = [
        ("a higher price in the town", "town", {"limits": {**true.limits, "town": (11, 11)}}),
        ("a lower price in the street", "street", {"limits": {**true.limits, "street": (2, 2)}}),
        ("less flows, says the street", "street", {"flows": {"street": 0}}),
        ("more flows than the edge lets pass", "town", {"flows": {"street": 6}}),
        ("the other way", "town", {"flows": {"street": -1}}),
        (
            "a price that falls along the flow",
            "town",
            {"limits": {**true.limits, "street": (9, 9)}},
        ),
    ]
    return [
        {
            "name": name,
            "zones": [as_row(zone) for zone in zones],
            "zone": zone,
            "limits": outcome.limits,
            "flows": outcome.flows,
            "root": to_text((tree := tree_of(zone, books[zone])).root),
            "proof": to_text(
                prove(tree, replace(market.zones[zone], limits=outcome.limits[zone])).encode()
            ),
        }
        for name, zone, change in forged
        for outcome in [replace(true, **change)]
    ]


def read_outcome(
    zones: list[dict[str, Any]], limits: Mapping[str, list[int | None]], flows: Mapping[str, int]
) -> Outcome:
    """Read what a decision of the file states."""
    tree = ZoneTree(
        tuple(
            Zone(
                zone["name"],
                zone["parent"],
                *(Way(*zone[way]) for way in ("up", "down") if way in zone),
            )
            for zone in zones
        )
    )
    return Outcome(tree, {name: (low, high) for name, (low, high) in limits.items()}, flows)


def read_proof(text: str) -> ClearingProof:
    """Decode a proof of the file."""
    return ClearingProof.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def test_the_committed_vectors_are_what_the_code_makes() -> None:
    assert committed("zones") == as_json(vectors())


def test_the_committed_proofs_hold() -> None:
    for case in committed("zones")["cleared"]:
        limits = {name: zone["limits"] for name, zone in case["cleared"].items()}
        outcome = read_outcome(case["zones"], limits, case["flows"])
        for name, zone in case["cleared"].items():
            root, context = from_text(zone["root"], 32), Context(STREET, START, name)
            share = tuple(case["seller_share"])
            proven = check_zone(read_proof(zone["proof"]), root, context, outcome, share)
            assert [proven.price, proven.bought, proven.sold] == [
                zone[figure] for figure in ("price", "bought", "sold")
            ]


def test_the_committed_forgeries_are_refused() -> None:
    for case in committed("zones")["refused"]:
        outcome = read_outcome(case["zones"], case["limits"], case["flows"])
        context = Context(STREET, START, case["zone"])
        with pytest.raises((ProofError, ZoneError)):
            check_zone(read_proof(case["proof"]), from_text(case["root"], 32), context, outcome)


if __name__ == "__main__":
    write("zones", vectors())
