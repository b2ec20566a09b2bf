"""Our own vectors of the clearing, in tests/vectors/clearing.json; run to write them."""

from base64 import urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from depin_protocol.bounds import MAX_ENERGY, MAX_ORDERS, MAX_PRICE
from depin_protocol.clearing.book import Book, Order
from depin_protocol.clearing.book_tree import BookTree, Context, Leaf, Summary, book_root, join
from depin_protocol.clearing.mcafee import clear_by_reduction
from depin_protocol.clearing.proof import ClearingProof, Place, check, prove
from depin_protocol.clearing.pruned_tree import Node, ProofError, PrunedTree, Split, prune
from depin_protocol.clearing.pseudonym import pseudonym, salt_commitment
from depin_protocol.clearing.uniform import EVEN_SHARE, clear, price_within
from depin_protocol.encoding import from_text, to_text
from tests.protocol.own_vectors import as_json, committed, write

CONTEXT = Context("street", 1_790_000_000_000, "north")
SALTS = [bytes(range(first, first + 16)) for first in range(8)]
NAMES = sorted(pseudonym(salt, CONTEXT.market, CONTEXT.interval_start) for salt in SALTS)

NONE = (None, None)

type Rows = list[list[int]]

UNIFORM: list[tuple[str, Rows, Rows, tuple[int, int]]] = [
    ("empty", [], [], (1, 2)),
    ("only bids", [[5, 9, 0]], [], (1, 2)),
    ("apart", [[5, 3, 0]], [[5, 4, 1]], (1, 2)),
    ("equal prices meet", [[1, 6, 0], [1, 5, 1]], [[1, 4, 2], [1, 5, 3]], (1, 2)),
    ("next orders bound the band", [[25, 100, 0], [25, 97, 1]], [[25, 98, 2], [25, 95, 3]], (1, 2)),
    ("all to the sellers", [[4, 11, 0]], [[4, -2, 1]], (1, 1)),
    ("a third, rounded down", [[4, 11, 0]], [[4, -2, 1]], (1, 3)),
    ("margin shared in tie order", [[3, 5, 2], [3, 5, 0], [3, 5, 1]], [[4, 1, 3]], (1, 2)),
    (
        "a member's orders are added up, then shared by position",
        [[5, 5, 1], [2, 5, 0], [1, 5, 1], [7, 5, 1], [4, 5, 2]],
        [[11, 1, 3]],
        (1, 2),
    ),
    (
        "at the bounds",
        [[MAX_ENERGY, MAX_PRICE, 0], [MAX_ENERGY - 1, -MAX_PRICE, 1]],
        [[MAX_ENERGY, -MAX_PRICE, 2], [MAX_ENERGY, -MAX_PRICE, 3]],
        (1, 2),
    ),
]

MCAFEE: list[tuple[str, int, Rows, Rows]] = [
    ("empty", 5, [], []),
    ("one pair is given up", 5, [[5, 9, 0]], [[5, 2, 1]]),
    (
        "one price, rounded down",
        5,
        [[5, 100, 0], [5, 90, 1], [5, 80, 2]],
        [[5, 80, 3], [5, 85, 4], [5, 95, 5]],
    ),
    ("no next order", 2, [[2, 9, 0], [2, 8, 1]], [[2, 2, 2], [2, 4, 3]]),
    (
        "the next orders' middle is outside",
        1,
        [[1, 9, 0], [1, 8, 1], [1, 1, 2]],
        [[1, -2, 3], [1, 7, 4], [1, 9, 5]],
    ),
]


def vectors() -> dict[str, Any]:
    """Make every vector anew."""
    drawn = Random(7)
    uniform = [*UNIFORM, *(drawn_case(drawn, number) for number in range(12))]
    return {
        "pseudonyms": [
            {
                "salt": to_text(salt),
                "commitment": to_text(salt_commitment(salt)),
                "market": CONTEXT.market,
                "interval_start": CONTEXT.interval_start,
                "pseudonym": to_text(pseudonym(salt, CONTEXT.market, CONTEXT.interval_start)),
            }
            for salt in SALTS
        ],
        "tie_order": [to_text(name) for name in NAMES],
        "uniform": [uniform_case(*case) for case in uniform],
        "mcafee": [mcafee_case(*case) for case in MCAFEE],
        "refused": refused_cases(),
        "context": {
            "market": CONTEXT.market,
            "interval_start": CONTEXT.interval_start,
            "zone": CONTEXT.zone,
        },
    }


def drawn_case(random: Random, number: int) -> tuple[str, Rows, Rows, tuple[int, int]]:
    def side() -> Rows:
        return [
            [random.randint(1, 20), random.randint(-6, 6), random.randint(0, 7)]
            for _ in range(random.randint(1, 9))
        ]

    return f"drawn {number}", side(), side(), (random.randint(0, 4), 4)


def orders(rows: Rows) -> list[Order]:
    return [Order(*row) for row in rows]


def uniform_case(name: str, bids: Rows, asks: Rows, share: tuple[int, int]) -> dict[str, Any]:
    book = Book.of(orders(bids), orders(asks))
    clearing = clear(book, share)
    tree = BookTree.of(CONTEXT, book, NAMES)
    case: dict[str, Any] = {
        "name": name,
        "bids": bids,
        "asks": asks,
        "seller_share": share,
        "price": clearing.price,
        "band": clearing.band,
        "limits": clearing.limits,
        "volume": clearing.volume,
        "bid_fills": clearing.bid_fills.tolist(),
        "ask_fills": clearing.ask_fills.tolist(),
        "root": to_text(tree.root),
        "proof": to_text(prove(tree, clearing).encode()),
    }
    places = {side: places_of(rows) for side, rows in (("bids", bids), ("asks", asks))}
    proof = prove(tree, clearing, **places)
    proven = check(proof, tree.root, CONTEXT, share)
    case["members_proof"] = to_text(proof.encode())
    case["members"] = {
        side: [
            {
                "price": price,
                "member": NAMES.index(own),
                "wh": getattr(proven, side).wh(price, own),
                "fill": getattr(proven, side).fill(price, own),
            }
            for price, own in places[side]
        ]
        for side in places
    }
    return case


def places_of(rows: Rows) -> list[Place]:
    """Name the first order's place, and one beside it that may be empty."""
    return [(row[1], NAMES[(row[2] + beside) % 8]) for row in rows[:1] for beside in (0, 3)]


def refused_cases() -> list[dict[str, Any]]:
    """Make proofs that a home must refuse, some from a dishonest operator's root."""
    book = Book.of(orders([[9, 5, 0], [4, 2, 1]]), orders([[6, 1, 2], [2, 4, 3], [5, 8, 4]]))
    tree, clearing = BookTree.of(CONTEXT, book, NAMES), clear(book)
    low, high = clearing.band or (0, 0)
    good = prove(tree, clearing)
    folded = [prune(side, (), ()) for side in (tree.bids, tree.asks)]

    def claim(low: int, high: int) -> ClearingProof:
        cuts = {low, high, price_within((low, high), EVEN_SHARE)}
        return ClearingProof((low, high), prune(tree.bids, cuts, ()), prune(tree.asks, cuts, ()))

    apart = BookTree.of(CONTEXT, Book.of(orders([[5, 10, 0]]), orders([[5, 20, 1]])), NAMES)
    opened = [prune(side, (), (0,)) for side in (apart.bids, apart.asks)]
    folded_leaf = Leaf(5, NAMES[4], 3).summary()
    many = replace(folded_leaf, wh=MAX_ORDERS)
    rising: list[tuple[str, tuple[Leaf | Summary, ...]]] = [
        ("bids that rise", (Leaf(4, NAMES[0], 3), Leaf(5, NAMES[1], 3))),
        (
            "bids that rise later",
            (Leaf(7, NAMES[0], 3), Leaf(4, NAMES[0], 3), Leaf(5, NAMES[1], 3)),
        ),
        (
            "one member twice at a price, another folded between",
            (Leaf(5, NAMES[0], 3), folded_leaf, Leaf(5, NAMES[0], 3)),
        ),
        (
            "pseudonyms that fall, another folded between",
            (Leaf(5, NAMES[2], 3), folded_leaf, Leaf(5, NAMES[0], 3)),
        ),
        ("a price beyond the bounds", (Leaf(MAX_PRICE + 1, NAMES[0], 3),)),
        (
            "a leaf with more than a book's other orders leave it",
            (Leaf(5, NAMES[0], (MAX_ORDERS - 1) * MAX_ENERGY + 1), Leaf(4, NAMES[0], 3)),
        ),
    ]
    cases = [
        ("the band begins below its true beginning", tree.root, claim(low - 1, high).encode()),
        ("the band begins above its true beginning", tree.root, claim(low + 1, high).encode()),
        ("the band ends below its true end", tree.root, claim(low, high - 1).encode()),
        ("the band ends above its true end", tree.root, claim(low, high + 1).encode()),
        ("nothing bounds the price, it says", tree.root, ClearingProof(NONE, *folded).encode()),
        ("folded too far to tell", tree.root, ClearingProof((low, high), *folded).encode()),
        ("a byte too many", tree.root, good.encode() + b"\0"),
        ("a byte too few", tree.root, good.encode()[:-1]),
        ("another book's root", BookTree.of(CONTEXT, Book.of([], []), NAMES).root, good.encode()),
        ("apart, and no lowest limit", apart.root, ClearingProof((None, 20), *opened).encode()),
        ("apart, and no highest limit", apart.root, ClearingProof((10, None), *opened).encode()),
        ("unknown limits", tree.root, b"\x01\x04" + good.encode()[2:]),
        *((name, *committed_to(nodes)) for name, nodes in rising),
        (
            "more leaves than a book has orders",
            book_root(CONTEXT, (MAX_ORDERS, many), (1, folded_leaf)),
            ClearingProof(NONE, PrunedTree(MAX_ORDERS, many), PrunedTree(1, folded_leaf)).encode(),
        ),
    ]
    return [
        {"name": name, "root": to_text(root), "proof": to_text(proof)}
        for name, root, proof in cases
    ]


def shown(node: Leaf | Summary) -> Summary:
    return node.summary() if isinstance(node, Leaf) else node


def committed_to(bids: Sequence[Leaf | Summary]) -> tuple[bytes, bytes]:
    """Make a dishonest operator's root over one to three bids, and the proof that shows them."""
    node: Node = bids[0]
    top = shown(bids[0])
    for bid in bids[1:]:
        node, top = Split(node, bid), join(top, shown(bid))
    tree = PrunedTree(len(bids), node)
    return book_root(CONTEXT, (len(bids), top), (0, None)), (
        ClearingProof(NONE, tree, PrunedTree(0, None)).encode()
    )


def mcafee_case(name: str, lot_wh: int, bids: Rows, asks: Rows) -> dict[str, Any]:
    clearing = clear_by_reduction(Book.of(orders(bids), orders(asks)), lot_wh)
    return {
        "name": name,
        "lot_wh": lot_wh,
        "bids": bids,
        "asks": asks,
        "buyer_price": clearing.buyer_price,
        "seller_price": clearing.seller_price,
        "volume": clearing.volume,
        "surplus": clearing.surplus,
        "bid_fills": clearing.bid_fills.tolist(),
        "ask_fills": clearing.ask_fills.tolist(),
    }


def read(text: str) -> ClearingProof:
    """Decode a proof of the file."""
    return ClearingProof.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def test_the_committed_vectors_are_what_the_code_makes() -> None:
    assert committed("clearing") == as_json(vectors())


def test_the_committed_proofs_hold() -> None:
    for case in committed("clearing")["uniform"]:
        root, share = from_text(case["root"], 32), tuple(case["seller_share"])
        for proof in ("proof", "members_proof"):
            proven = check(read(case[proof]), root, CONTEXT, share)
            assert [proven.price, proven.volume] == [case["price"], case["volume"]]
            assert proven.band == (tuple(case["band"]) if case["band"] else None)


def test_the_committed_refusals_are_refused() -> None:
    for case in committed("clearing")["refused"]:
        with pytest.raises(ProofError):
            check(read(case["proof"]), from_text(case["root"], 32), CONTEXT)


if __name__ == "__main__":
    write("clearing", vectors())
