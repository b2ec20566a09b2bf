"""Proofs of a clearing: each that is made holds, and no change of one does."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.bounds import MAX_ENERGY, MAX_ORDERS, MAX_PRICE
from depin_protocol.clearing.book import Book, Order
from depin_protocol.clearing.book_tree import BookTree, Context, Leaf, Summary
from depin_protocol.clearing.proof import ClearingProof, ProvenClearing, check, prove
from depin_protocol.clearing.pruned_tree import Node, ProofError, PrunedTree, Split, prune
from depin_protocol.clearing.uniform import clear
from tests.protocol.drawn_books import (
    HIGHEST,
    LOWEST,
    Sides,
    fills_by_member,
    shares,
    sides,
)
from tests.protocol.flipped_bits import with_a_bit_flipped

CONTEXT = Context("street", 1_790_000_000_000, "")
NAMES = [bytes([number]) * 32 for number in range(5)]
EVERYWHERE = [(price, name) for price in range(LOWEST - 1, HIGHEST + 2) for name in NAMES]
NO_LEAVES = PrunedTree(0, None)
NO_LIMITS = (None, None)

SMALL_BOOKS: list[Sides] = [
    ([], []),
    ([Order(3, 2, 0)], []),
    ([Order(3, 2, 0)], [Order(3, 2, 1)]),
    ([Order(3, 2, 0)], [Order(4, 3, 1)]),
    ([Order(5, 4, 0), Order(2, 4, 1), Order(4, 4, 2)], [Order(3, 1, 3), Order(4, 4, 4)]),
    (
        [Order(9, 5, 0), Order(1, 3, 1), Order(2, 3, 2), Order(3, 3, 3), Order(1, -6, 4)],
        [Order(2, -5, 0), Order(4, -5, 1), Order(7, 3, 2), Order(1, 6, 3)],
    ),
]


def tree_of(drawn: Sides) -> BookTree:
    """Build the tree of a drawn book."""
    return BookTree.of(CONTEXT, Book.of(*drawn), NAMES)


def proven(data: bytes, root: bytes, share: tuple[int, int] = (1, 2)) -> ProvenClearing:
    """Check a proof as a home does, from its bytes."""
    return check(ClearingProof.decode(data), root, CONTEXT, share)


@given(sides, shares)
def test_a_proof_shows_the_clearing_and_every_fill(drawn: Sides, share: tuple[int, int]) -> None:
    book = Book.of(*drawn)
    tree, clearing = tree_of(drawn), clear(book, share)
    result = proven(prove(tree, clearing).encode(), tree.root, share)
    assert (result.price, result.band) == (clearing.price, clearing.band)
    assert result.volume == clearing.volume
    bid_fills = fills_by_member(book.bids, clearing.bid_fills.tolist())
    ask_fills = fills_by_member(book.asks, clearing.ask_fills.tolist())
    for price, name in EVERYWHERE:
        member = NAMES.index(name)
        place = [(price, name)]
        result = proven(prove(tree, clearing, place, place).encode(), tree.root, share)
        for side, orders, fills in (
            (result.bids, drawn[0], bid_fills),
            (result.asks, drawn[1], ask_fills),
        ):
            sent = sum(o.wh for o in orders if (o.price, o.member) == (price, member))
            assert side.wh(price, name) == sent
            assert side.fill(price, name) == fills[price, member]


@pytest.mark.parametrize("drawn", SMALL_BOOKS)
def test_no_bit_of_a_proof_can_change(drawn: Sides) -> None:
    tree, clearing = tree_of(drawn), clear(Book.of(*drawn))
    own = (3, NAMES[2])
    encoded = prove(tree, clearing, [own], [own]).encode()
    assert proven(encoded, tree.root).volume == clearing.volume
    for changed in with_a_bit_flipped(encoded):
        with pytest.raises(ProofError):
            proven(changed, tree.root)


@given(sides, st.data())
def test_no_bit_of_a_drawn_books_proof_can_change(drawn: Sides, data: st.DataObject) -> None:
    tree, clearing = tree_of(drawn), clear(Book.of(*drawn))
    places = st.lists(st.sampled_from(EVERYWHERE), max_size=3)
    encoded = prove(tree, clearing, data.draw(places), data.draw(places)).encode()
    bits = st.integers(0, 8 * len(encoded) - 1)
    for bit in data.draw(st.lists(bits, min_size=1, max_size=40, unique=True)):
        changed = bytearray(encoded)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ProofError):
            proven(bytes(changed), tree.root)


def test_limits_without_any_trade_give_no_price() -> None:
    """Every price from the bid to the ask clears by definition, with a volume of 0."""
    tree = tree_of(([Order(5, 10, 0)], [Order(5, 20, 1)]))
    both = [prune(side, (), (0,)) for side in (tree.bids, tree.asks)]
    result = check(ClearingProof((10, 20), *both), tree.root, CONTEXT)
    assert (result.price, result.band, result.volume) == (None, None, 0)
    assert result.bids.wh(10, NAMES[0]) == 5
    assert result.bids.fill(10, NAMES[0]) == 0
    with pytest.raises(ProofError, match="None is not the lowest price that clears"):
        check(ClearingProof(NO_LIMITS, *both), tree.root, CONTEXT)


@pytest.mark.parametrize("drawn", SMALL_BOOKS)
def test_a_proof_holds_for_its_own_root_and_context_alone(drawn: Sides) -> None:
    tree = tree_of(drawn)
    proof = prove(tree, clear(Book.of(*drawn)))
    for root in with_a_bit_flipped(tree.root):
        with pytest.raises(ProofError, match="belongs to another book"):
            check(proof, root, CONTEXT)
    with pytest.raises(ProofError, match="belongs to another book"):
        check(proof, tree.root, replace(CONTEXT, zone="south"))


@pytest.mark.parametrize("drawn", SMALL_BOOKS)
def test_a_cut_or_lengthened_proof_is_refused(drawn: Sides) -> None:
    tree = tree_of(drawn)
    encoded = prove(tree, clear(Book.of(*drawn))).encode()
    for length in range(len(encoded)):
        with pytest.raises(ProofError, match="cut short"):
            ClearingProof.decode(encoded[:length])
    with pytest.raises(ProofError, match="after the end"):
        ClearingProof.decode(encoded + b"\0")


@given(st.binary(max_size=300), st.sampled_from([b"", b"\1\0", b"\1\0\0\0\0\2\1", b"\1\3"]))
def test_hostile_bytes_are_refused(data: bytes, start: bytes) -> None:
    with pytest.raises(ProofError):
        proven(start + data, b"\0" * 32)


@pytest.mark.long
@given(sides, shares)
def test_no_other_limits_can_be_proven_with_every_order_open(
    drawn: Sides, share: tuple[int, int]
) -> None:
    tree, clearing = tree_of(drawn), clear(Book.of(*drawn))
    everything = [prune(side, (), range(len(side.leaves))) for side in (tree.bids, tree.asks)]
    reach = (None, *range(LOWEST - 1, HIGHEST + 2))
    for limits in product(reach, reach):
        proof = ClearingProof(limits, *everything)
        if limits == clearing.limits:
            assert check(proof, tree.root, CONTEXT, share).volume == clearing.volume
        else:
            with pytest.raises(ProofError):
                check(proof, tree.root, CONTEXT, share)


@given(sides)
def test_a_proof_shows_no_other_members_name(drawn: Sides) -> None:
    tree, clearing = tree_of(drawn), clear(Book.of(*drawn))
    market = prove(tree, clearing).encode()
    assert not any(name in market for name in NAMES)
    for leaf in tree.bids.leaves:
        own = prove(tree, clearing, bids=[(leaf.price, leaf.pseudonym)]).encode()
        assert not any(name in own for name in NAMES if name != leaf.pseudonym)


def test_what_a_proof_does_not_show_it_does_not_tell() -> None:
    bids = [Order(9, 5, 0), Order(9, 3, 1), Order(9, 3, 2)]
    asks = [Order(2, -5, 0), Order(4, -4, 1), Order(7, 3, 2), Order(1, 6, 3)]
    tree = tree_of((bids, asks))
    result = proven(prove(tree, clear(Book.of(bids, asks))).encode(), tree.root)
    with pytest.raises(ProofError, match="does not show whether the member has an order at 3"):
        result.bids.wh(3, NAMES[2])
    with pytest.raises(ProofError, match="does not tell the orders at -4 from the others"):
        result.asks.wh(-4, NAMES[1])


def test_a_proof_grows_with_the_logarithm_of_the_book() -> None:
    lengths = []
    for size in (64, 4096):
        names = [number.to_bytes(32, "big") for number in range(2 * size)]
        book = Book.of(
            [Order(5, price, price) for price in range(size)],
            [Order(5, price, size + price) for price in range(size)],
        )
        tree = BookTree.of(CONTEXT, book, names)
        own = [(size // 4, names[size // 4])]
        encoded = prove(tree, clear(book), own).encode()
        assert proven(encoded, tree.root).bids.wh(*own[0]) == 5
        lengths.append(len(encoded))
    assert lengths[1] < 2.5 * lengths[0]


GOOD = Leaf(5, NAMES[1], 9)
WIDE = Summary(b"\0" * 32, 9, 5, 9)
FOLDED = Leaf(5, NAMES[2], 9).summary()
OUT_OF_ORDER = "leaves that are out of order"


@pytest.mark.parametrize(
    ("count", "top", "problem"),
    [
        (2, Split(GOOD, Leaf(4, NAMES[0], 9)), "a node whose prices are out of order"),
        (4, Split(replace(WIDE, last=7), replace(WIDE, first=6)), OUT_OF_ORDER),
        (2, Split(GOOD, Leaf(5, NAMES[0], 9)), OUT_OF_ORDER),
        (2, Split(GOOD, GOOD), OUT_OF_ORDER),
        (
            3,
            Split(Split(GOOD, Leaf(7, NAMES[0], 9)), Leaf(6, NAMES[0], 9)),
            OUT_OF_ORDER,
        ),
        (4, Split(Split(GOOD, replace(GOOD, price=9)), replace(WIDE, first=7)), OUT_OF_ORDER),
        (3, Split(Split(Leaf(4, NAMES[0], 9), GOOD), Leaf(5, NAMES[0], 9)), OUT_OF_ORDER),
        (4, Split(Split(GOOD, FOLDED), Split(GOOD, Leaf(5, NAMES[3], 9))), OUT_OF_ORDER),
        (4, Split(Split(GOOD, FOLDED), Split(Leaf(5, NAMES[0], 9), FOLDED)), OUT_OF_ORDER),
        (1, Leaf(MAX_PRICE + 1, NAMES[1], 9), f"a price beyond {MAX_PRICE}"),
        (2, replace(WIDE, first=9, last=-MAX_PRICE - 1), f"a price beyond {MAX_PRICE}"),
        (1, Leaf(5, NAMES[1], MAX_ORDERS * MAX_ENERGY + 1), "shows 1 leaves with 2251799813685249"),
        (1, Leaf(5, NAMES[1], 0), "shows 1 leaves with 0 Wh"),
        (2, Split(GOOD, replace(GOOD.summary(), wh=2**64 - 1)), "shows 1 leaves with 184"),
        (3, replace(GOOD.summary(), wh=2), "shows 3 leaves with 2 Wh"),
        (1, replace(GOOD.summary(), last=6), "a node whose prices are out of order"),
        (2, replace(GOOD.summary(), last=4), "a node whose prices are out of order"),
    ],
)
def test_what_a_dishonest_operator_might_commit_to_is_refused(
    count: int, top: Node, problem: str
) -> None:
    proof = ClearingProof(NO_LIMITS, NO_LEAVES, PrunedTree(count, top))
    with pytest.raises(ProofError, match=problem):
        check(ClearingProof.decode(proof.encode()), b"", CONTEXT)


def test_sums_beyond_any_book_are_refused() -> None:
    # Each leaf takes at least one of the orders, so one of two may have all but one of them.
    full = replace(GOOD.summary(), wh=(MAX_ORDERS - 1) * MAX_ENERGY)
    more = replace(full, wh=full.wh + 1)
    for asks, problem in (
        (Split(full, full), f"shows 2 leaves with {2 * full.wh} Wh"),
        (Split(GOOD, more), f"shows 1 leaves with {more.wh} Wh"),
        (Split(GOOD, full), "belongs to another book"),
    ):
        with pytest.raises(ProofError, match=problem):
            check(ClearingProof(NO_LIMITS, NO_LEAVES, PrunedTree(2, asks)), b"", CONTEXT)


def test_more_leaves_than_orders_of_a_book_are_refused() -> None:
    half = replace(GOOD.summary(), wh=MAX_ORDERS)
    most, more = PrunedTree(MAX_ORDERS // 2, half), PrunedTree(MAX_ORDERS // 2 + 1, half)
    with pytest.raises(ProofError, match="belongs to another book"):
        check(ClearingProof(NO_LIMITS, most, most), b"", CONTEXT)
    with pytest.raises(ProofError, match="a book of more than 1048576 leaves"):
        check(ClearingProof(NO_LIMITS, most, more), b"", CONTEXT)


@pytest.mark.parametrize(
    ("count", "top"),
    [
        (0, GOOD),
        (3, None),
        (1, Split(GOOD, GOOD)),
        (2, GOOD),
        (3, Split(GOOD, Split(GOOD, GOOD))),
        (0, GOOD.summary()),
        (-1, None),
        (MAX_ORDERS + 1, GOOD.summary()),
    ],
)
def test_nodes_that_are_no_tree_over_so_many_leaves_are_refused(
    count: int, top: Node | None
) -> None:
    with pytest.raises(ProofError, match=r"shape of a tree|of no book"):
        PrunedTree(count, top)


@pytest.mark.parametrize(("count", "kind"), [(2, 2), (1, 1), (1, 3), (2, 255)])
def test_a_node_of_a_kind_that_cannot_stand_there_is_refused(count: int, kind: int) -> None:
    data = b"\1\0" + bytes(4) + count.to_bytes(4, "big") + bytes([kind]) + GOOD.encode()
    with pytest.raises(ProofError, match="of no kind that can stand there"):
        ClearingProof.decode(data)


def test_a_side_larger_than_any_book_is_refused() -> None:
    data = b"\1\0" + (MAX_ORDERS + 1).to_bytes(4, "big")
    with pytest.raises(ProofError, match="a side of 1048577 leaves is that of no book"):
        ClearingProof.decode(data)
